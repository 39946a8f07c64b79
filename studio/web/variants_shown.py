"""Variants as the page shows them: all beside the drawing, and one at a time with what it kept and what it began from.

The sealed `contact.png` has its captions in its pixels, too small to read in a narrow window; so the page lays a sheet itself.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from pipelines.grid import Cell, laid_out
from studio.report.facts import plural
from studio.report.fidelity_map import COLOURS, WORDS
from studio.report.preview import data_uri, preview
from studio.sources import open_source
from studio.variants import asked
from studio.web.sentences import unbraced

if TYPE_CHECKING:
    from provenance.release import Release

SHOWN_PX, SHOWN_BYTES = 1400, 1_500_000
CELL_PX, CELL_BYTES = 640, 200_000
MOST_COLUMNS = 4  # of a grid beside each other
LARGER = 3  # times its own size is as large as a small picture is shown
VARIANT, FATES, MASSING = "The variant", "Kept, moved, lost, invented", "The massing it began from"


def count_of(release: Release) -> int:
    """How many variants a Release holds."""
    return len(release.record["findings"]["fidelity"])


def views_of(release: Release) -> list[str]:
    """What can be looked at of each variant; no massing where the drawing's tones were the beginning."""
    return [VARIANT, FATES, MASSING] if (release.folder / "massing-1.png").is_file() else [VARIANT, FATES]


def contact(release: Release, drawing: np.ndarray) -> str:
    """The drawing and all variants side by side, each with what has to be known of it, and how many keep to the drawing.

    Args:
        drawing: the sheet as it came in, uint8 [H, W, 3].
    """
    fits = release.record["findings"]["fidelity"]
    free = sum(fit["interpretation"] != "reconstruction" for fit in fits)
    said = f"{plural(len(fits), 'variant')} of something that is not there. {_how_many(free, len(fits))}{_beginning(release)}"
    cells = [_cell(drawing, "The drawing as it came in", "<strong>The drawing</strong>")]
    for number, fit in enumerate(fits, 1):
        pixels = open_source(release.folder / f"variant-{number}.png").pixels
        text = f"<strong>Variant {number}</strong> {_built(release, number)}<br>F {fit['f']:.2f} {_mark(fit)}"
        cells.append(_cell(pixels, f"Variant {number}", text))
    columns, across, down = laid_out(_cells(release))
    is_grid = bool(down) and columns <= MOST_COLUMNS  # more would be too small to compare; then they wrap
    style = f'class="contact grid" style="--columns:{columns}"' if is_grid else 'class="contact"'
    said += f" Across: {', then '.join(across)}. Down: {', then '.join(down)}." if is_grid else ""
    return unbraced(f"<p>{escape(said)}</p><ul {style}>{''.join(cells)}</ul>")


def large(release: Release, number: int, view: str) -> str:
    """One variant, or what belongs to it, with its caption.

    Args:
        number: of the variant, the first is 1.
        view: one of VARIANT, FATES and MASSING.
    """
    stem, alt = {
        FATES: ("fidelity", f"Variant {number}, paled, with what it kept, moved, lost and invented"),
        MASSING: ("massing", f"The massing that variant {number} began from"),
    }.get(view, ("variant", f"Variant {number}"))
    which = release.record["findings"]["massing_of"][number - 1] if view == MASSING else number
    pixels = preview(open_source(release.folder / f"{stem}-{which}.png").pixels, SHOWN_PX)
    more = {FATES: _legend(), MASSING: f"<p class='soft'>{_MASSING}</p>"}.get(view, "")
    return unbraced(_figure(pixels, alt, caption(release, number)) + more)


_MASSING = (
    "What was read, as a body: the outline and the openings are the drawing's or yours, depths and materials are rules. "
    "No model made any of it."
)


def caption(release: Release, number: int) -> str:
    """What has to be known of a variant: what it is, what it was built of, and its scores, in words first."""
    record = release.record
    fit = record["findings"]["fidelity"][number - 1]
    why = (
        "It keeps to the drawing closely enough to be called a reconstruction; what a model added is conjecture all the same."
        if fit["interpretation"] == "reconstruction"
        else "It departs from the drawing: a free interpretation, and no reconstruction of what was meant."
    )
    scores = (
        f"Agreement of lines F {fit['f']:.2f} (recall {fit['recall']:.2f}, precision {fit['precision']:.2f}), "
        f"worst field {fit['worst_tile']:.2f}."
    )
    return (
        f"<strong>Variant {number} of {count_of(release)}: {_built(release, number)}</strong> {_mark(fit)}<br>{escape(why)}<br>"
        f"<small>{escape(scores)}{_openings(fit)} {escape(_drawn(release, number))}</small>"
    )


def _built(release: Release, number: int) -> str:
    """What the variant was asked for, and its strength where that tells it from others."""
    cells = _cells(release)
    cell, names = cells[number - 1], {one["sha256"]: one["name"] for one in release.record["sources"]}
    strength = (f"strength {cell.strength:g}",) if len({one.strength for one in cells}) > 1 else ()
    return escape(" · ".join((*asked(cell, names), *strength)))


def _drawn(release: Release, number: int) -> str:
    cell = _cells(release)[number - 1]
    return f"Seed {release.record['request']['seed']}, draw {cell.draw + 1}, strength {cell.strength:g}."


def _cells(release: Release) -> list[Cell]:
    return [Cell(**cell) for cell in release.record["request"]["cells"]]


def _mark(fit: dict) -> str:
    kind = "keeps" if fit["interpretation"] == "reconstruction" else "free"
    return f'<span class="{kind}">{escape(fit["interpretation"])}</span>'


def _openings(fit: dict) -> str:
    openings = fit.get("openings")
    if not openings:
        return " No doors or windows were known, so none was looked for."
    said = ", ".join(f"{openings[fate]} {fate}" for fate in ("kept", "moved", "lost", "invented"))
    return f" Doors and windows: {said}."


def _how_many(free: int, count: int) -> str:
    if free == 0:
        return "It keeps to the drawing." if count == 1 else "All keep to the drawing."
    if free == count:
        return "It is a free interpretation." if count == 1 else "All are free interpretations."
    return f"{free} of {count} are free interpretations; the others keep to the drawing."


def _beginning(release: Release) -> str:
    """A word where they keep part of an earlier one, and where they did not start from a massing, and why."""
    record = release.record
    wanted = [" was locked ("] if record["request"].get("ancestor_sha256") else []
    wanted += ["flattened tones"] if record["findings"].get("prefill") != "massing" else []
    return "".join(f" {note}" for note in record["assumptions"] if any(word in note for word in wanted))


def _legend() -> str:
    items = "".join(
        f'<li><i style="background:rgb{COLOURS[fate]}" aria-hidden="true"></i>{escape(words)}</li>'
        for fate, words in WORDS.items()
    )
    return f'<ul class="fates">{items}</ul>'


def _cell(pixels: np.ndarray, alt: str, text: str) -> str:
    small = preview(pixels, CELL_PX)
    size = f'width="{small.shape[1]}" height="{small.shape[0]}"'
    return f'<li><img src="{data_uri(small, CELL_BYTES)}" {size} alt="{escape(alt)}"><p>{text}</p></li>'


def _figure(pixels: np.ndarray, alt: str, text: str) -> str:
    """A picture as wide as the page lets it, small ones enlarged as far as the boards enlarge them, and what is said of it."""
    height, width = pixels.shape[:2]
    room = f"min(100%,{max(LARGER * width, 320)}px,{76 * width / height:.1f}vh)"
    return (
        f'<figure class="shown"><img src="{data_uri(pixels, SHOWN_BYTES)}" width="{width}" height="{height}" '
        f'style="max-width:{room}" alt="{escape(alt)}"><figcaption>{text}</figcaption></figure>'
    )
