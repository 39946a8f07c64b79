"""What lies under the tab Speculate: a drawing as it was read, the board to correct it on, and the variants that came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from studio.drawings.facade_corrected import facade_values
from studio.drawings.reading import Drawing
from studio.errors import DrawingError, NoDrawingError
from studio.report.preview import preview
from studio.sources import Source, open_source
from studio.speculate import SURE, eight_bit_rgb, read_elevation
from studio.web.errors import NothingToDoError
from studio.web.painter import painter, read_painted
from studio.web.painting import full_size, proxy
from studio.web.sentences import unbraced
from studio.web.tracer import tracer

if TYPE_CHECKING:
    from provenance.release import Release

TRACE, KEPT = "elevation-data", "kept-data"  # ids of the fields that the board and the brush write into
SHOWN_PX = 2000
DRAWN_AFTER = ("elevation", "perspective")  # kinds that variants can be drawn after
_TONES = "variants start from its flattened tones, in the colours of the reference or of stone, slate and sky."


@dataclass(eq=False)
class Laid:
    """A drawing in one tab.

    Attributes:
        path: the file. source: the same, opened.
        values: of its elevation, as `facade_corrected.facade_values` makes them; None where none was read.
        said: what was understood of it, for people.
        release: the variants that were drawn last; None before.
        chosen: the variant that is gone on from, its number; None where they start from the drawing.
    """

    path: Path
    source: Source
    values: dict | None
    said: str
    release: Release | None = None
    chosen: int | None = None


def laid(path: Path, is_elevation: bool) -> Laid:
    """Open a drawing and read its elevation.

    Args:
        is_elevation: a person says so, whatever the sheet looks like.

    Raises:
        NoDrawingError: for a photograph, a blank sheet, a page of text, and for a sheet that shows only plans or sections.
    """
    from studio.drawings.rectify import rectified
    from studio.drawings.sheet import split

    source = open_source(path)
    rgb = eight_bit_rgb(source.pixels)
    said = [f"{source.name}: {source.size[0]}×{source.size[1]} pixels."]
    if not is_elevation:
        said += _kinds(split(rectified(rgb)), source.name)
    try:
        reading, upright = read_elevation(rgb)
    except DrawingError as error:
        return Laid(path, source, None, " ".join([*said, f"It could not be read, so {_TONES} {error}"]))
    values = facade_values(reading, upright, source.size)
    count, sure = len(reading.openings), reading.confidence
    said.append(f"{count} openings were read, with a confidence of {sure:.0%}.")
    px_per_m = values["scale"]["px_per_m"]
    if px_per_m:
        said.append(f"By its scale bar {px_per_m:.2f} pixels are one metre.")
    else:
        said.append("It says no scale that could be read: the usual window decides, unless you set two points.")
    if sure < SURE:
        said.append(f"That is too unsure to build on ({SURE:.0%} is needed): correct the openings, or {_TONES}")
    return Laid(path, source, values, " ".join(said))


def _kinds(drawings: Sequence[Drawing], name: str) -> list[str]:
    """A sentence where what the sheet shows is not plainly one elevation. Raises: NoDrawingError for plans and sections."""
    from studio.drawings.sheet_kinds import UNSURE

    largest = drawings[0]
    kinds = sorted({one.kind for one in drawings})
    is_sure = largest.kind in ("plan", "section") and largest.confidence >= UNSURE
    if is_sure and not any(one.kind in DRAWN_AFTER for one in drawings):
        what = " and ".join(f"a {kind}" for kind in kinds)
        raise NoDrawingError(
            f"{name} shows {what}, and variants are drawn after an elevation or a view: give another sheet, or tick "
            "“It is an elevation” if that is wrong. Nothing was drawn."
        )
    if len(drawings) > 1:
        many = f"The sheet carries {len(drawings)} drawings ({', '.join(kinds)})"
        return [f"{many}, and the largest body on it is read as the elevation: cut the sheet apart if that is another."]
    if largest.kind != "elevation":
        return [f"It is not certain that this is an elevation: it may be a {largest.kind}."]
    return []


def board_of(drawing: Laid) -> str:
    """The board to correct the openings on; nothing where none could be read."""
    if drawing.values is None:
        return ""
    shown = preview(eight_bit_rgb(drawing.source.pixels), SHOWN_PX)
    return unbraced(tracer(shown, drawing.source.size, drawing.values["openings"], TRACE, "The drawing"))


def variant_path(release: Release, number: int) -> Path:
    """The file of a variant, the first is 1. Raises: NothingToDoError when the Release has none of that number."""
    path = release.folder / f"variant-{number}.png"
    if not path.is_file():
        raise NothingToDoError("Choose one of the variants first.")
    return path


def brush_of(path: Path) -> str:
    """The painter over a variant: what is painted stays."""
    said = "Paint what must stay as it is, pixel for pixel. Everything else is drawn again."
    return unbraced(painter(proxy(open_source(path).pixels), field=KEPT, alt="The variant, to mark what stays", said=said))


def locked(path: Path, sent: str | None) -> np.ndarray:
    """What a person painted on a variant, bool [H, W] of its size. Raises: NothingToDoError when that is nothing, or all."""
    pixels = open_source(path).pixels
    mask = full_size(read_painted(sent, proxy(pixels).shape[:2]), pixels.shape[:2])
    if not mask.any():
        raise NothingToDoError("Nothing is painted yet: paint over what must stay, then draw again.")
    if mask.all():
        raise NothingToDoError("Everything is painted, so there is nothing left to draw: erase what may change.")
    return mask
