"""A sheet's reading as plain values in the pixels of the sheet as it was scanned: what `reading.json` holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from studio.drawings.north import carried
from studio.drawings.plan_edges import fill, outlines
from studio.drawings.reading import (
    Box,
    Drawing,
    FacadeReading,
    LevelLine,
    PlanReading,
    ReadOpening,
    Rectified,
    ScaleBar,
    SectionReading,
)

if TYPE_CHECKING:
    from studio.drawings.dimensions import Dimension
    from studio.read import SheetReading


def as_json(read: SheetReading, name: str) -> dict:
    """All values: file, size, drawings, scale, scales, walls, openings, lines, dims, north, columns, rooms, stairs, notes.

    All coordinates are pixels of the scanned sheet, x to the right, y down; `confidence` 0…1 says how well the ink was read.
    """
    sheet = read.sheet
    plans = [part for _, part in read.parts if isinstance(part, PlanReading)]
    openings, lines = [], []
    for drawing, part in read.parts:
        k = read.drawings.index(drawing)
        openings += [opening_json(sheet, one, k) for one in part.openings]
        if not isinstance(part, PlanReading):
            level = [*part.lines, *(part.floors if isinstance(part, SectionReading) else ())]
            lines += [_line(sheet, one, k) for one in sorted(level, key=lambda line: -line.y)]
    masonry = [part for _, part in read.parts if isinstance(part, PlanReading | SectionReading)]
    return {
        "file": name,
        "size": list(read.size),
        "drawings": [_drawing(read, one) for one in read.drawings],
        "scale": _scale(read),
        "scales": [_bar(sheet, bar) for bar in read.bars],
        "walls": {
            "mask": "walls.png",
            "meaning": "cut masonry of plans and sections, 255 = wall",
            "styles": [part.style if isinstance(part, PlanReading) else "section" for part in masonry],
            "confidence": _round(min((part.confidence for part in masonry), default=0.0)),
        },
        "openings": openings,
        "lines": lines,
        "dims": [_dimension(sheet, one) for one in read.dimensions],
        "north": _north(read),
        "columns": [
            {
                "center": _point(sheet, one.center),
                "radius": _round(one.radius * _ratio(sheet, one.center)),
                "shape": one.shape,
                "confidence": _round(one.confidence),
            }
            for part in plans
            for one in part.columns
        ],
        "rooms": [
            {"outline": [_point(sheet, p) for p in one.outline], "confidence": _round(one.confidence)}
            for part in plans
            for one in part.rooms
        ],
        "stairs": [
            {"box": _box(sheet, one.box), "treads": one.treads, "confidence": _round(one.confidence)}
            for part in plans
            for one in part.stairs
        ],
        "notes": list(read.notes),
        "author": "drawing",
    }


def on_sheet_mask(mask: np.ndarray, sheet: Rectified, size: tuple[int, int]) -> np.ndarray:
    """A mask of the rectified sheet as a picture of the scanned one.

    Args:
        mask: of the rectified sheet, bool [H, W], or uint8 [H, W], how much of each pixel it covers, 0…255.
        size: width and height of the scanned sheet.
    Returns: uint8 [size[1], size[0]], 255 where more than half of a pixel lies inside the mask. Outlines are carried over, so
        that a curled page is followed.
    """
    width, height = size
    covered = mask if mask.dtype == np.uint8 else mask.astype(np.uint8) * np.uint8(255)
    if mask.shape == (height, width) and np.allclose(sheet.to_sheet, np.eye(3)):
        return np.where(covered > 127, 255, 0).astype(np.uint8)
    return np.where(fill([sheet.on_sheet(ring) for ring in outlines(covered)], size) > 127, 255, 0).astype(np.uint8)


def fineness(sheet: Rectified) -> float:
    """Pixels of the scanned sheet per pixel of the rectified one, in the middle of the sheet."""
    h, w = sheet.gray.shape
    x, y = w / 2, h / 2
    a, b, c = sheet.on_sheet(np.array([(x, y), (x + 1, y), (x, y + 1)]))
    return float(np.sqrt(abs((b - a)[0] * (c - a)[1] - (b - a)[1] * (c - a)[0])))


def _drawing(read: SheetReading, one: Drawing) -> dict:
    values: dict = {"kind": one.kind, "box": _box(read.sheet, one.box), "confidence": _round(one.confidence)}
    part = next((part for drawing, part in read.parts if drawing is one), None)
    outline: list | None = None
    if isinstance(part, FacadeReading) and part.silhouette is not None:
        outline = [*part.silhouette, part.silhouette[0]]
    elif isinstance(part, SectionReading) and part.roof:
        outline = list(part.roof)
    if outline:
        values["outline"] = [_point(read.sheet, p) for p in outline]
    if isinstance(part, FacadeReading) and part.facade is not None:
        values["wall"] = _box(read.sheet, part.facade)
    return values


def opening_json(sheet: Rectified, one: ReadOpening, drawing: int) -> dict:
    """One opening as reading.json has it; `drawing` is the number of the drawing that it belongs to."""
    values: dict = {
        "kind": one.kind,
        "box": _box(sheet, one.box),
        "confidence": _round(one.confidence),
        "inferred": one.inferred,
        "head": one.head,
        "drawing": drawing,
        "author": "person" if one.by_person else "rule" if one.inferred else "drawing",
    }
    if one.surround is not None:
        values["surround"] = _box(sheet, one.surround)
    if one.corners is not None:
        values["corners"] = [_point(sheet, p) for p in one.corners]
    return values


def _line(sheet: Rectified, one: LevelLine, drawing: int) -> dict:
    (x0, y0), (x1, y1) = sheet.on_sheet(np.array([(one.x0, one.y), (one.x1, one.y)]))
    return {
        "name": one.name,
        "x": [_round(x0), _round(x1)],
        "y": _round((y0 + y1) / 2),
        "p0": [_round(x0), _round(y0)],
        "p1": [_round(x1), _round(y1)],
        "confidence": _round(one.confidence),
        "drawing": drawing,
    }


def _bar(sheet: Rectified, bar: ScaleBar) -> dict:
    p0, p1 = sheet.on_sheet(np.array([bar.p0, bar.p1]))
    length = float(np.hypot(*(p1 - p0)))
    return {
        "p0": [_round(v) for v in p0],
        "p1": [_round(v) for v in p1],
        "value": bar.value,
        "unit": bar.unit,
        "metres": None if bar.metres is None else round(bar.metres, 5),
        "px_per_m": None if bar.metres is None else round(length / bar.metres, 4),
        "uncertainty_px": _round(bar.uncertainty_px),
        "fields": bar.fields,
        "figures": list(bar.figures),
        "confidence": _round(bar.confidence),
    }


def _scale(read: SheetReading) -> dict:
    """What came of all statements about the scale; px_per_m is None and `finding` says why when it is not certain."""
    settled = read.settled
    value = None
    if settled.bar is not None:
        value = _bar(read.sheet, settled.bar)["px_per_m"]
    elif settled.px_per_m is not None:
        value = round(settled.px_per_m * fineness(read.sheet), 4)
    return {
        "px_per_m": value,
        "source": settled.source,
        "confidence": _round(settled.confidence),
        "finding": settled.finding,
    }


def _north(read: SheetReading) -> dict | None:
    """Degrees clockwise from the top of the scanned sheet, and the symbol from its tail to its tip."""
    north = read.north
    if north is None:
        return None
    values = {"degrees": _round(carried(north.degrees, read.sheet)), "confidence": _round(north.confidence)}
    values |= {"source": north.source, "author": "person" if north.source == "person" else "drawing"}
    if north.tail is not None and north.tip is not None:
        values |= {"p0": _point(read.sheet, north.tail), "p1": _point(read.sheet, north.tip)}
    return values


def _dimension(sheet: Rectified, one: Dimension) -> dict:
    values = {"what": one.what, "text": one.text, "metres": round(one.metres, 4), "confidence": _round(one.confidence)}
    if one.p0 is not None and one.p1 is not None:
        values |= {"p0": _point(sheet, one.p0), "p1": _point(sheet, one.p1)}
    return values


def _point(sheet: Rectified, point) -> list[float]:
    return [_round(v) for v in sheet.on_sheet(np.array([point]))[0]]


def _box(sheet: Rectified, box: Box) -> list[int]:
    """The upright box around a box's four corners on the scanned sheet."""
    x0, y0, x1, y1 = box
    corners = sheet.on_sheet(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64))
    # the mean of the two corners on each side: a slight turn must not make every box larger
    xs, ys = np.sort(corners[:, 0]), np.sort(corners[:, 1])
    return [round(float(v)) for v in (xs[:2].mean(), ys[:2].mean(), xs[2:].mean(), ys[2:].mean())]


def _ratio(sheet: Rectified, point) -> float:
    x, y = point
    a, b = sheet.on_sheet(np.array([(x - 0.5, y), (x + 0.5, y)]))
    return float(np.hypot(*(b - a)))


def _round(value: float) -> float:
    return round(float(value), 2)
