"""From opened sheets to views that can be fused: each is read, and what a person said outweighs what was read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from studio.drawings.reading import Box
from studio.drawings.reading_json import fineness
from studio.drawings.titles import side_of_file
from studio.drawings.views import SIDES, View
from studio.errors import DrawingError
from studio.sources import Source

READ_KINDS = ("plan", "elevation", "section")


class UnknownSheetError(DrawingError):
    """Something was said about a sheet that was not given."""


@dataclass(frozen=True)
class Said:
    """What a person said about sheets, by file name.

    Attributes:
        kinds: "plan", "elevation" or "section".
        scales: pixels of the file per metre.
        sides: "south", "north", "east" or "west".
        north: degrees clockwise from the top of the plan's sheet, or None.
    """

    kinds: Mapping[str, str] = field(default_factory=dict)
    scales: Mapping[str, float] = field(default_factory=dict)
    sides: Mapping[str, str] = field(default_factory=dict)
    north: float | None = None

    def check(self, names: Sequence[str]) -> None:
        """Raises: UnknownSheetError, DrawingError naming what is allowed."""
        known = set(names) | {PurePath(name).stem for name in names}
        for said in (self.kinds, self.scales, self.sides):
            for name in said:
                if name not in known:
                    raise UnknownSheetError(f"{name} is none of the sheets: they are {', '.join(names)}.")
        for allowed, said in ((READ_KINDS, self.kinds), (SIDES, self.sides)):
            for name, value in said.items():
                if value not in allowed:
                    raise DrawingError(f"{name}={value}: choose one of {', '.join(allowed)}.")

    @staticmethod
    def of(said: Mapping[str, Any], name: str) -> Any:
        """What was said about a file, by its name or by its name without the ending."""
        return said.get(name, said.get(PurePath(name).stem))


def views_of(sources: Iterable[Source], said: Said) -> tuple[list[View], list[str]]:
    """Read every sheet.

    Args:
        sources: the opened files.
        said: what is known of them; it outweighs what is read.
    Returns: the views, and what was assumed, one sentence each.
    Raises: NoDrawingError and its kin for what is no drawing.
    """
    sources = list(sources)
    said.check([source.name for source in sources])
    views: list[View] = []
    notes: list[str] = []
    for source in sources:
        found, told = _views(source, said)
        views += found
        notes += told
    return views, list(dict.fromkeys(notes))


def _views(source: Source, said: Said) -> tuple[list[View], list[str]]:
    from studio.read import Given, read_sheet

    name = source.name
    kind, scale, side = (said.of(one, name) for one in (said.kinds, said.scales, said.sides))
    read = read_sheet(source.pixels, name, Given(px_per_m=scale, north=said.north), kind)
    notes = [f"{name}: {note}" for note in read.notes]
    for drawing in read.drawings:
        if drawing.kind not in READ_KINDS:
            notes.append(f"{name}: a {drawing.kind} was left aside.")
        elif kind is None:
            notes.append(f"{name} is read as {_article(drawing.kind)} (confidence {drawing.confidence:.2f}).")
    settled = read.settled
    fine = fineness(read.sheet)  # a small sheet is read enlarged; people measure on the file
    if settled.source not in ("person", "none") and settled.px_per_m:
        notes.append(
            f"{name}: the scale was read from the sheet ({settled.source}), {settled.px_per_m * fine:.2f} px per metre."
        )
    views = []
    for drawing, part in read.parts:
        shown = side
        if shown is None and drawing.kind in ("elevation", "section"):
            shown, how = _side(read.sides.get(read.drawings.index(drawing)), name, drawing.kind)
            if shown:
                notes.append(f"{name} is taken for the {shown} side, as {how} says.")
        box = None if kind is not None or drawing.box == _whole(read.sheet.gray.shape) else drawing.box
        views.append(View(
            name, source.sha256, drawing.kind, part, read.sheet, settled.px_per_m, settled.source, shown, box, read.north
        ))  # fmt: skip
    return views, notes


def _side(titled: str | None, name: str, kind: str) -> tuple[str | None, str]:
    """The side that a title names, else the one in an elevation's file name; and which of the two it was."""
    if titled:
        return titled, "its title"
    return (side_of_file(PurePath(name).stem) if kind == "elevation" else None), "its file's name"


def _whole(shape: tuple[int, ...]) -> Box:
    return 0, 0, shape[1], shape[0]


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"
