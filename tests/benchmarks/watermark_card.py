"""The robustness card of the mark, written from what `watermark.py` and `watermark_redrawn.py` measured."""

from __future__ import annotations

REDRAWN_HEADING, FALSE_READINGS_HEADING = "## Drawn anew by a model", "## False readings"


def card(result: dict, targets: dict[str, float]) -> str:
    """The robustness card, Markdown.

    Args:
        result: as `watermark.run` gives it.
        targets: share of copies that should be read, by row.
    """
    sets = [(name, result[key]) for key, name in (("as_given", "as given"), ("long_side_1024", "1,024 px")) if key in result]
    sides = result["as_given"]["long_sides_px"]
    rivals = [(name, row) for name, row in result["peers_as_given"].items() if isinstance(row, dict)]
    lines = [
        "# How much the watermark stands",
        "",
        f"Scheme `{result['scheme']}`. Written by `tests/benchmarks/watermark.py --card`; do not edit by hand. A copy counts",
        "only when all 48 bits and the keyed check are right; readers know nothing of the original. Figures are counts, not",
        f"estimates: 40 of 40 does not prove 99 %. As given, long sides are {sides[0]} to {sides[1]} px; the peers saw these.",
        "",
        f"| copy | target | {' | '.join(f'long side {n}' for n, _ in sets)} | {' | '.join(n for n, _ in rivals)} |",
        "| --- | --- |" + " --- |" * (len(sets) + len(rivals)),
    ]
    for row, target in targets.items():
        counts = [f"{s['read'][row][0]} of {s['read'][row][1]}" for _, s in sets]
        counts += [f"{r['read'][row][0]} of {r['read'][row][1]}" for _, r in rivals]
        lines.append(f"| {row} | {target:.0%} | {' | '.join(counts)} |")
    costs = [f"{s['psnr_db']['mean']} ({s['psnr_db']['least']})" for _, s in sets + rivals]
    lines += [f"| PSNR in dB, mean (least) | 42 (40) | {' | '.join(costs)} |", ""]
    refused = ", ".join(f"{len(s['refused'])} of {s['pictures']} with the long side {n}" for n, s in sets)
    reasons = sorted({one["reason"] for _, s in sets for one in s["refused"]})
    lines += [f"Pictures that were refused a mark, and are not in the counts above: {refused}.", ""]
    lines += ["What their Records say:", "", *(f"- {reason}" for reason in reasons), ""] if reasons else []
    if "masked" in result:
        lines += ["## Only a square of a picture of 1024 × 1024, JPEG 75", ""]
        lines += ["| area | read | target | left unmarked, and said so | PSNR inside, mean (least) | changed outside |"]
        lines += ["| --- | --- | --- | --- | --- | --- |"]
        for m in result["masked"]:
            inside = f"{m['psnr_in_region_db']['mean']} ({m['psnr_in_region_db']['least']})"
            goal = f"{m['read'][2]:.0%}" if m["read"][2] else "none"
            lines.append(
                f"| {m['share']:.0%} | {m['read'][0]} of {m['read'][1]} | {goal} | {m['unmarked_for_want_of_room']} "
                f"| {inside} | {m['pixels_changed_outside']} |"
            )
        lines.append("")
    lines += ["## What it does not promise", "", f"| copy | {' | '.join(f'long side {n}' for n, _ in sets)} |"]
    lines += ["| --- |" + " --- |" * len(sets)]
    for row in sets[0][1]["beyond"]:
        counts = [f"{s['beyond'][row][0]} of {s['beyond'][row][1]}" for _, s in sets]
        lines.append(f"| {row} | {' | '.join(counts)} |")
    false = result["false_readings"]
    lines += [
        "",
        "A picture that was drawn anew from little of it, that was printed and photographed, or that somebody attacks who",
        "knows the key is lost to the mark; the fingerprint and the log remain. *No mark found* never means *no AI*.",
        "",
        f"{FALSE_READINGS_HEADING}: {false['found']} in {false['windows']:,} unmarked windows, {false['with_full_search']}",
        "of them with the full search. By design: below 10⁻⁶ a picture, from the keyed check of 28 bits and a bounded number",
        "of tries.",
        "",
        "## Speed, megapixels a second on one thread",
        "",
        "| picture | embed | embed plain | read an uncropped copy | search an unmarked one |",
        "| --- | --- | --- | --- | --- |",
    ]
    for size, v in result["megapixels_per_second"].items():
        lines.append(f"| {size} | {' | '.join(str(v[k]) for k in v)} |")
    return "\n".join(lines) + "\n"


def with_section(text: str, section: str) -> str:
    """A card with the rows that `watermark_redrawn.py` measured, before the false readings; those of before give way."""
    if not section:
        return text
    before, after = text.split(FALSE_READINGS_HEADING)
    return before.partition(REDRAWN_HEADING)[0] + section.rstrip("\n") + "\n\n" + FALSE_READINGS_HEADING + after


def redrawn_of(text: str) -> str:
    """The rows of `watermark_redrawn.py` in a card; empty when it has none."""
    return text[text.index(REDRAWN_HEADING) : text.index(FALSE_READINGS_HEADING)] if REDRAWN_HEADING in text else ""
