"""The datasheet of the training pictures: what is in them, from where, and whose art is not (after Gebru et al. 2021)."""

from __future__ import annotations

from collections import Counter

SCARCE = 0.02  # of the pictures: a region with less is named as missing
MOSTLY_GREY = 0.7  # of a region's pictures: its colours were hardly seen
WORLD = (  # the regions that a picture could have come from, in the words of the index
    "Europe",
    "North America",
    "Latin America",
    "Near East and Islamic lands",
    "Africa (Egypt)",
    "sub-Saharan Africa",
    "South and Southeast Asia",
    "East Asia",
    "Oceania",
)
SOURCES = 12  # so many are listed by name; the rest stands in training-images.csv


def datasheet(trained: list[dict[str, str]]) -> str:
    """The text of DATASHEET.md.

    Args:
        trained: rows of the index that training read, masks of damage included.
    """
    pictures = [row for row in trained if row["kind"] != "damage"]
    lines = [
        "# Datasheet",
        "",
        f"{len(pictures)} public-domain or openly licensed pictures and {len(trained) - len(pictures)} masks of film damage.",
        "Each is listed in `training-images.csv` with its title, artist, source and the reason why it may be used, as its",
        "source states it; these reasons were not checked again. Artists of the held-out pictures occur nowhere among them,",
        "as far as captions tell. Longest side at most 512 px. No photograph of real craquelure, flaking or stains is among",
        "them: all damage is synthetic, but for the film masks.",
        "",
    ]
    for title, column in (("Kind", "kind"), ("Century of the work or plate", "century"), ("Region", "region_group")):
        lines += table(title, [row.get(column) or "undated" for row in pictures], [row.get("grey") == "1" for row in pictures])
    sources = Counter(row["source_repository"] for row in pictures)
    listed = dict(sources.most_common(SOURCES))
    named = [row["source_repository"] if row["source_repository"] in listed else "others" for row in pictures]
    lines += table(f"Source ({len(sources)} in all)", named, [row.get("grey") == "1" for row in pictures])
    lines += ["## Whose art is missing", "", *missing(pictures), ""]
    return "\n".join(lines)


def table(title: str, values: list[str], are_grey: list[bool]) -> list[str]:
    """How many pictures have each value, and how many of those have no colour."""
    counts, grey = Counter(values), Counter(value for value, is_grey in zip(values, are_grey, strict=True) if is_grey)
    lines = [f"| {title} | pictures | share | without colour |", "| --- | ---: | ---: | ---: |"]
    for name, count in sorted(counts.items(), key=lambda item: (item[0] == "others", -item[1])):
        lines.append(f"| {name} | {count} | {count / len(values):.1%} | {grey[name] / count:.0%} |")
    return [*lines, ""]


def missing(pictures: list[dict[str, str]]) -> list[str]:
    """Sentences on the regions of the world that hardly occur, or occur without colour."""
    counts = Counter(row["region_group"] for row in pictures)
    grey = Counter(row["region_group"] for row in pictures if row.get("grey") == "1")
    none = [region for region in WORLD if not counts[region]]
    few = [f"{region} ({counts[region]})" for region in WORLD if 0 < counts[region] < SCARCE * len(pictures)]
    pale = [region for region in WORLD if counts[region] and grey[region] >= MOSTLY_GREY * counts[region]]
    modern = sum(row.get("century") in ("19", "20") for row in pictures) / max(len(pictures), 1)
    sentences = [
        f"- No picture from: {', '.join(none)}." if none else "- Every region of the list occurs.",
        f"- Fewer than {SCARCE:.0%} of the pictures each: {', '.join(few)}." if few else "",
        f"- Mostly without colour, so that the model hardly saw their palettes: {', '.join(pale)}." if pale else "",
        f"- {modern:.0%} of the pictures are of the 19th and early 20th century.",
        "- Many of the older books show other peoples as their authors saw them.",
        "",
        "Expect less on works unlike these, and compare hypotheses first.",
    ]
    return [line for index, line in enumerate(sentences) if line or index == len(sentences) - 2]
