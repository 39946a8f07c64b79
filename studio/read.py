"""From scanned sheets to sealed readings: `reading.json`, `walls.png`, `overlay.png`, what was taken out, and a page each."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from provenance.draft import Document, Draft, Picture
from provenance.home import Home
from studio.drawings.dimensions import Dimension
from studio.drawings.figures import Written
from studio.drawings.north import North, carried, north, sentence
from studio.drawings.north import given as given_north
from studio.drawings.reading import (
    Drawing,
    FacadeReading,
    PlanReading,
    Point,
    Rectified,
    ScaleBar,
    SectionReading,
)
from studio.drawings.scale import Settled, between, by_person, settle
from studio.errors import NoDrawingError, ScaleError
from studio.sources import Source, open_source

KINDS = ("plan", "elevation", "section")
Part = PlanReading | FacadeReading | SectionReading


@dataclass(frozen=True, eq=False)
class SheetReading:
    """Everything that was read from one sheet, in pixels of the rectified sheet.

    Attributes:
        sheet: the rectified sheet; size: width and height of the sheet as it was scanned.
        drawings: what stands where; parts: (drawing, its reading) of those that have a reader.
        bars, dimensions, settled: what the sheet says of its scale, and what came of it.
        notes: what was assumed or could not be done, one sentence each.
        sides: the façade that a drawing's title names, by the drawing's number.
        north: of the sheet's plans, clockwise from the top of the rectified sheet; None when nothing says it.
    """

    sheet: Rectified
    size: tuple[int, int]
    drawings: tuple[Drawing, ...]
    parts: tuple[tuple[Drawing, Part], ...]
    bars: tuple[ScaleBar, ...]
    dimensions: tuple[Dimension, ...]
    settled: Settled
    notes: tuple[str, ...] = ()
    sides: Mapping[int, str] = field(default_factory=dict)
    north: North | None = None

    @property
    def walls(self) -> np.ndarray:
        """Bool [H, W] of the rectified sheet: cut masonry of all its plans and sections."""
        walls = np.zeros(self.sheet.gray.shape, bool)
        for _, part in self.parts:
            if isinstance(part, PlanReading | SectionReading):
                walls |= part.walls
        return walls

    @property
    def covered(self) -> np.ndarray:
        """As `walls`, uint8 [H, W], 0…255: how much of each pixel is masonry; faces of black plans lie where their ink ends."""
        from studio.drawings.plan_edges import covered

        shares = self.walls * np.uint8(255)
        for _, part in self.parts:
            if isinstance(part, PlanReading):
                measured = covered(part)
                shares = np.where(measured != part.walls * np.uint8(255), measured, shares)
        return shares

    @property
    def closed_walls(self) -> np.ndarray:
        """As `walls`, the openings of plans filled: rooms end there too."""
        walls = self.walls
        for _, part in self.parts:
            if isinstance(part, PlanReading):
                for opening in part.openings:
                    x0, y0, x1, y1 = opening.box
                    walls[max(0, y0) : y1, max(0, x0) : x1] = True
        return walls


@dataclass(frozen=True)
class Given:
    """What a person said: pixels of the scanned sheet per metre, or two points on it and their distance; and where north is.

    `north` is in degrees clockwise from the top of the scanned sheet.
    """

    px_per_m: float | None = None
    points: tuple[Point, Point, float] | None = None
    north: float | None = None

    def on_sheet(self) -> float | None:
        """Pixels of the scanned sheet per metre, or None when nothing was said."""
        return between(*self.points) if self.points is not None else self.px_per_m


def two_points(text: str) -> tuple[Point, Point, float]:
    """Two points and their distance in metres, written as x0,y0,x1,y1=METRES. Raises: ScaleError."""
    try:
        places, _, metres = text.partition("=")
        x0, y0, x1, y1 = (float(one) for one in places.split(","))
        points = ((x0, y0), (x1, y1), float(metres.lower().removesuffix("m")))
    except ValueError as error:
        raise ScaleError(f"“{text}” does not give two points and their distance: write x0,y0,x1,y1=METRES, "
                         "such as 539,634,1009,634=10.") from error  # fmt: skip
    if not all(np.isfinite((x0, y0, x1, y1, points[2]))) or points[2] <= 0 or np.hypot(x1 - x0, y1 - y0) < 2:
        raise ScaleError(f"“{text}” measures nothing: the points must lie apart, and their distance must be above 0 m.")
    return points


def read_sheets(
    paths: Sequence[Path],
    out: Path,
    *,
    home: Home,
    given: Given | None = None,
    kind: str | None = None,
    rights: str | None = None,
    strict_rights: bool = False,
):
    """Read sheets and seal the readings: one sheet into `out` itself, several into one folder each, named after their files.

    Args:
        paths: scans of drawings.
        out: folder of the Release, or of the Releases; must not exist yet, or be empty.
        given: the scale, where a person knows it.
        kind: "plan", "elevation" or "section", when the whole sheet is one drawing of that kind.
    Returns: list of provenance.release.Release, in the order of `paths`.
    Raises: a DrawingError for a sheet that shows no drawing; a SourceError for a file that cannot be opened. Every sheet is
        read before the first is sealed.
    """
    from provenance.release import check_folder, check_rights, release

    check_folder(out)
    sources = [open_source(path, rights=rights) for path in paths]
    for source in sources:
        check_rights(source.rights, strict_rights)
    drafts = [draft_of(source, given or Given(), kind) for source in sources]
    folders = [out] if len(paths) == 1 else [out / name for name in _names(paths)]
    return [release(draft, folder, home, strict_rights=strict_rights) for draft, folder in zip(drafts, folders, strict=True)]


def read_sheet(pixels: np.ndarray, name: str, given: Given | None = None, kind: str | None = None) -> SheetReading:
    """Read one sheet.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4].
        name: the file's name, for sentences.
    """
    from studio.drawings.dimensions import dimensions, ratio
    from studio.drawings.figures import can_read_words
    from studio.drawings.scale_bar import scales
    from studio.drawings.sheet_kinds import DOUBTFUL
    from studio.drawings.standing import standing
    from studio.speculate import eight_bit_rgb

    # 1. Upright, and split into its drawings.
    rgb = eight_bit_rgb(pixels)
    upright = standing(rgb)
    sheet, lettering = upright.sheet, upright.lettering
    notes = list(sheet.notes)
    drawings = _drawings(sheet, kind, name, notes)
    if upright.is_doubtful and kind is None:
        drawings = tuple(replace(one, confidence=min(one.confidence, DOUBTFUL)) for one in drawings)
        notes.append("The little lettering that was found lies on its side: if the sheet does too, give it upright.")
    drawings, sides = _by_title(drawings, kind, lettering, notes)

    # 2. Each drawing by its own reader.
    drawings, parts = _parts(sheet, drawings, lettering, notes, is_told=kind is not None)
    if drawings and not parts and any(one.kind in KINDS for one in drawings):
        raise NoDrawingError(f"{name}: nothing on it could be read as a plan, an elevation or a section. {' '.join(notes)}")

    # 3. The scale of the whole sheet.
    if not can_read_words():
        notes.append("Lettering was not read, only figures beside bars: rapidocr is not installed.")
    bars = scales(sheet, lettering)
    read = SheetReading(
        sheet, (rgb.shape[1], rgb.shape[0]), drawings, tuple(parts), bars, (), Settled(None, "none", 0.0), (), sides
    )
    has_walls = any(isinstance(part, PlanReading) for _, part in parts)
    if has_walls:
        read = replace(read, north=_north(read, lettering, given or Given()))
        if read.north is not None:
            degrees = carried(read.north.degrees, sheet)
            notes.append(sentence(degrees, read.north.confidence, read.north.source))
    written = dimensions(sheet.gray, read.closed_walls if has_walls else None, lettering)
    settled = _settled(read, written, given or Given(), ratio(lettering))
    said = (settled.finding,) if settled.finding else ()
    return replace(read, dimensions=written, settled=settled, notes=tuple(dict.fromkeys((*notes, *settled.notes, *said))))


def _drawings(sheet: Rectified, kind: str | None, name: str, notes: list[str]) -> tuple[Drawing, ...]:
    """What stands on the sheet; what a person says outweighs its looks. Raises: NoDrawingError with the file's name."""
    from studio.drawings.sheet import split

    height, width = sheet.gray.shape
    whole = (Drawing(kind or "plan", (0, 0, width, height), 1.0),)
    try:
        found = split(sheet)
    except NoDrawingError as error:
        if kind is None:
            raise type(error)(f"{name}: {error}") from error
        notes.append(f"{error} It was read as {_article(kind)} all the same, because that was said.")
        return whole
    return found if kind is None else whole


def _north(read: SheetReading, lettering: Sequence[Written], said: Given) -> North | None:
    """North as a person says it, else as the sheet's north point does."""
    if said.north is not None:
        return given_north(said.north, read.sheet)
    return north(read.sheet.gray, lettering, read.closed_walls)


def _by_title(
    drawings: tuple[Drawing, ...], kind: str | None, lettering: Sequence[Written], notes: list[str]
) -> tuple[tuple[Drawing, ...], dict[int, str]]:
    """Kinds as titles name them, façades that titles name, and a sentence for each kind that stays uncertain."""
    from studio.drawings.sheet_kinds import UNSURE
    from studio.drawings.titles import titled, titles

    named, found = titled(drawings, titles(lettering))
    if kind is not None:
        named = drawings
    for k, title in found.items() if kind is None else ():
        if drawings[k].kind != title.kind:
            notes.append(f"Its title, “{title.text}”, says that this is {_article(title.kind)}, and so it was read.")
    for one in named:
        if one.confidence < UNSURE:
            notes.append(
                f"Not certain: the drawing at {one.box} was taken for {_article(one.kind)} "
                f"(confidence {one.confidence:.2f}); say what it is if that is wrong."
            )
    return named, {k: title.side for k, title in found.items() if title.side and title.kind == named[k].kind}


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _parts(
    sheet: Rectified, drawings: tuple[Drawing, ...], lettering: Sequence[Written], notes: list[str], is_told: bool
) -> tuple[tuple[Drawing, ...], list[tuple[Drawing, Part]]]:
    """What was read of each drawing; the drawings, with what their reading says against their kinds."""
    from studio.drawings.plan_lettering import without_lettering
    from studio.drawings.sheet_kinds import DOUBTFUL, UNSURE
    from studio.drawings.titles import TITLED

    seen, parts = [], []
    for drawing in drawings:
        try:
            part = _read(sheet, drawing, alone=len(drawings) == 1)
        except NoDrawingError as error:
            notes.append(f"The {drawing.kind} at {drawing.box} could not be read: {error}")
            seen.append(drawing)
            continue
        if isinstance(part, PlanReading):
            part = without_lettering(part, lettering)  # what is written on a plan is no part of it
        if isinstance(part, FacadeReading) and not part.openings and drawing.confidence < TITLED and not is_told:
            if drawing.confidence >= UNSURE:
                notes.append("No door and no window was found in what was taken for an elevation: it may be something else.")
            drawing = replace(drawing, confidence=min(drawing.confidence, DOUBTFUL))
        seen.append(drawing)
        if part is not None:
            parts.append((drawing, part))
            notes += part.notes
    return tuple(seen), parts


def _read(sheet: Rectified, drawing: Drawing, alone: bool) -> Part | None:
    """The reader of the drawing's kind; None for a detail or a perspective, which are only named."""
    from studio.drawings.facade import read_facade
    from studio.drawings.plan import read_plan
    from studio.drawings.section import read_section

    box = None if alone else drawing.box
    if drawing.kind == "plan":
        return read_plan(sheet, box)
    if drawing.kind == "elevation":
        return read_facade(sheet, box)
    if drawing.kind == "section":
        return read_section(sheet, box)
    return None


def _settled(read: SheetReading, written: Sequence[Dimension], given: Given, printed: int | None) -> Settled:
    from studio.drawings.reading_json import fineness

    on_sheet = given.on_sheet()
    if on_sheet is not None:
        return by_person(on_sheet / fineness(read.sheet), read.bars)
    doors, storeys = [], []
    for _, part in read.parts:
        floors = sorted(line.y for line in part.floors) if isinstance(part, SectionReading) else []
        storeys += [b - a for a, b in pairwise(floors)]
        for opening in part.openings:
            x0, y0, x1, y1 = opening.box
            if opening.kind == "door":
                doors.append(float(max(x1 - x0, y1 - y0) if isinstance(part, PlanReading) else x1 - x0))
    height, width = read.sheet.gray.shape
    return settle(read.bars, written, doors_px=doors, storeys_px=storeys, size=(width, height), ratio=printed)


def _names(paths: Sequence[Path]) -> list[str]:
    """One folder name for each file; a number tells apart two files of one name."""
    names: list[str] = []
    for path in paths:
        stem, k = path.stem or "sheet", 2
        name = stem
        while name in names:
            name, k = f"{stem}-{k}", k + 1
        names.append(name)
    return names


def draft_of(source: Source, given: Given, kind: str | None = None) -> Draft:
    """A sheet's reading as a Draft."""
    return draft_from(source, read_sheet(source.pixels, source.name, given, kind), request_of(source, given, kind))


def draft_from(source: Source, read: SheetReading, request: dict, values: dict | None = None) -> Draft:
    """The Draft of a reading; no model makes any of it.

    Args:
        values: what reading.json will hold, where a person corrected it; left out, the reading as it is.
    """
    from studio.drawings.overlay import sheet_overlay
    from studio.drawings.reading_json import as_json, on_sheet_mask
    from studio.report.reading import reading_page
    from studio.speculate import eight_bit_rgb

    walls = on_sheet_mask(read.covered, read.sheet, read.size)
    values = as_json(read, source.name) if values is None else values
    shown = sheet_overlay(eight_bit_rgb(source.pixels), walls, values)
    data = (json.dumps(values, ensure_ascii=False, indent=1) + "\n").encode()
    files = [
        Document("reading.json", "application/json", "reading", contains_ai=False, data=data),
        Picture("walls.png", walls, "mask", may_mark=False),
        Picture("overlay.png", shown, "overlay", may_mark=False),
    ]
    if read.sheet.removed is not None and read.sheet.removed.any():
        taken = on_sheet_mask(read.sheet.removed, read.sheet, read.size)
        files.append(Picture("removed.png", taken, "mask", may_mark=False))
    draft = Draft(
        operation="read",
        request=request,
        files=tuple(files),
        sources=(source.note("input"),),
        assumptions=tuple(dict.fromkeys((*source.notes, *values["notes"]))),
        findings={
            "scale": values["scale"],
            "north": values["north"],
            "openings": len(values["openings"]),
            "drawings": len(values["drawings"]),
        },
    )
    html = reading_page(draft, values, shown, title=source.name)
    return replace(draft, files=(*files, Document("index.html", "text/html", "page", contains_ai=False, data=html.encode())))


def request_of(source: Source, given: Given, kind: str | None) -> dict:
    """What decides a reading, as plain values."""
    return {
        "operation": "read",
        "source_sha256": source.sha256,
        "px_per_m": given.px_per_m,
        "scale_points": None if given.points is None else [list(given.points[0]), list(given.points[1]), given.points[2]],
        "kind": kind,
        **({} if given.north is None else {"north": given.north}),
    }
