"""Reading a ground plan: cut masonry in every manner, openings, columns, rooms and stairs."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from studio.drawings.plan_building import of_the_building
from studio.drawings.plan_columns import columns
from studio.drawings.plan_hatching import hatched
from studio.drawings.plan_ink import plan_ink
from studio.drawings.plan_masonry import WASHED, masonry, solid, thin_walls
from studio.drawings.plan_openings import openings
from studio.drawings.plan_rooms import rooms, stairs
from studio.drawings.plan_screen import dotted, melted, screen_pitch
from studio.drawings.reading import Box, PlanReading, Rectified, ScaleBar
from studio.drawings.rectify import rectified
from studio.drawings.scale_bar import scale_bar
from studio.errors import NoDrawingError

LARGEST_PX = 3600  # a sheet larger than this is read on a reduced copy: its thinnest walls are still ten pixels thick
# A smaller one is read on a larger copy, where inner walls, panes and hatchings are wider than a pixel or two.
# Less than a quarter more is not worth the blur of it.
SMALL_PX, LARGER, WORTH = 1200, 2.5, 1.25
SCREENED = 0.25  # a face is certain to half a dot only
# Width of the widest circle within walls, of the plan's size: 0.03 to 0.10 in real plans, 0.16 to 0.30 where rooms were taken.
DEEPEST = 0.14
BLURRED = 0.5  # confidence of washed walls on a small sheet
UNLIKELY = 0.3  # confidence of walls with such a place
SURE = {"solid": 0.95, "hatched": 0.85, "hollow": 0.8}


def read_plan(sheet: np.ndarray | Rectified, box: Box | None = None) -> PlanReading:
    """Read one plan from a sheet.

    Args:
        sheet: a rectified sheet, or its pixels as scanned (uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]). The scale is read
            only with the latter; who brings a rectified sheet reads the scales of the whole sheet once (`scale_bar.scales`).
        box: where on the rectified picture the plan stands; the whole sheet when left out.
    Returns: a PlanReading whose coordinates belong to its `picture`.
    Raises: NoDrawingError when no walls are found.
    """
    bar = None
    if not isinstance(sheet, Rectified):
        sheet = rectified(sheet)
        bar = scale_bar(sheet.gray)
        if bar is None or bar.px_per_m is None:
            sheet = replace(sheet, notes=(*sheet.notes, "The scale was not read from the sheet."))
    read = _read_in_size(sheet, box, bar)
    is_small = max(sheet.gray.shape) * _scanned(sheet) < SMALL_PX / WORTH
    if not (is_small and WASHED in read.notes):
        return read
    note = "On so small a sheet outlined or hatched walls may look washed as well: hold the walls against the sheet."
    return replace(read, confidence=min(read.confidence, BLURRED), notes=(*read.notes, note))


def _read_in_size(sheet: Rectified, box: Box | None, bar: ScaleBar | None) -> PlanReading:
    """Read on a copy of a size at which walls are neither a pixel nor a hundred wide."""
    factor = _factor(sheet.gray)
    if factor == 1.0 or (factor < 1 and _is_thin_walled(sheet, box, bar)):
        return _read(sheet, box, bar)
    size = (round(sheet.gray.shape[1] / factor), round(sheet.gray.shape[0] / factor))
    how = cv2.INTER_AREA if factor > 1 else cv2.INTER_CUBIC
    copy = replace(sheet, picture=cv2.resize(sheet.picture, size, interpolation=how),
                   gray=cv2.resize(sheet.gray, size, interpolation=how))  # fmt: skip
    box_there = None if box is None else tuple(round(v / factor) for v in box)
    read = _read(copy, box_there, _scaled_bar(bar, 1 / factor), is_enlarged=factor < 1)  # type: ignore[arg-type]
    return _resized(read, sheet, bar, factor)


def _factor(gray: np.ndarray) -> float:
    """How many pixels of the picture one pixel of the copy is that is read; dots of a screen stay as they were printed."""
    side = max(gray.shape)
    if side > LARGEST_PX:
        return side / LARGEST_PX
    larger = min(SMALL_PX / side, LARGER)
    return 1 / larger if larger > WORTH and screen_pitch(gray) is None else 1.0


def _is_thin_walled(sheet: Rectified, box: Box | None, bar: ScaleBar | None) -> bool:
    """Whether the walls are two lines a pixel or two apart: those are parted on the sheet as it is."""
    ink = plan_ink(sheet.gray, _kept(sheet.gray.shape, box, bar))
    return not solid(ink).any() and thin_walls(ink, hatched(ink), sheet.picture, sheet.gray) is not None


def _read(sheet: Rectified, box: Box | None, bar: ScaleBar | None, is_enlarged: bool = False) -> PlanReading:
    keep = _kept(sheet.gray.shape, box, bar)
    # only a sheet without a screen is enlarged, and the strokes of its hatchings stand as far apart there as dots do elsewhere
    pitch = None if is_enlarged else screen_pitch(np.where(keep, sheet.gray, 255).astype(np.uint8))
    gray, picture = (sheet.gray, sheet.picture) if pitch is None else (melted(sheet.gray, pitch), melted(sheet.picture, pitch))
    ink = plan_ink(gray, keep)
    found = masonry(ink, picture, gray, is_screened=pitch is not None)
    walls = None if found is None else of_the_building(found.body, found.thickness, found.thinnest)
    if found is None or walls is None or not walls.any():
        raise NoDrawingError(
            "No walls were found on the sheet: there is no ink thicker than a pen, no hatching, no double line."
        )
    notes = [*sheet.notes, *found.notes]
    if pitch is not None:
        walls &= dotted(sheet.gray, pitch)
        notes.append(
            f"Tones are printed in half-tone dots {pitch:.1f} px apart; they were melted into tones, so walls and openings are "
            "less certain."
        )
    sure = SURE[found.style] - (0.0 if pitch is None else SCREENED)
    if _deepest(walls) > DEEPEST:
        sure = min(sure, UNLIKELY)
        notes.append("Walls are as thick as rooms: rooms may have been taken for masonry; what is built on it will be wrong.")
    gaps = openings(walls, ink, found.thickness)
    return PlanReading(
        picture=sheet.picture, walls=walls > 0, openings=gaps, thickness_px=_outer_thickness(walls), style=found.style,
        angle=_turn(sheet), scale=bar, confidence=sure, notes=tuple(notes),
        columns=columns(walls, found.thickness),
        rooms=rooms(walls, gaps, found.thickness), stairs=stairs(ink, walls, found.thickness),
    )  # fmt: skip


def _kept(shape: tuple[int, ...], box: Box | None, bar: ScaleBar | None) -> np.ndarray:
    """Where the plan can stand: inside its box and not on the scale bar."""
    keep = np.zeros(shape, bool)
    x0, y0, x1, y1 = box or (0, 0, shape[1], shape[0])
    keep[max(0, y0) : y1, max(0, x0) : x1] = True
    if bar is not None:
        half = min(max(6, round(0.35 * bar.length_px / max(1, bar.fields))), round(0.02 * shape[0]) + 4)
        line = np.zeros(shape, np.uint8)
        ends = [tuple(round(v) for v in p) for p in (bar.p0, bar.p1)]
        cv2.line(line, ends[0], ends[1], 1, 2 * half)
        keep &= line == 0
    return keep


def _scanned(sheet: Rectified) -> float:
    """Pixels of the scan for each of the rectified picture."""
    return float(np.hypot(*(sheet.to_sheet[:2, 0] / sheet.to_sheet[2, 2])))


def _turn(sheet: Rectified) -> float:
    """Degrees by which the sheet was turned: how its level direction lies on the scan."""
    x, y = sheet.to_sheet[:2, 0] / sheet.to_sheet[2, 2]
    return float(np.degrees(np.arctan2(y, x)))


def _deepest(walls: np.ndarray) -> float:
    """The widest circle within walls, its width as a share of the plan's size (the root of its convex hull's area)."""
    hull = cv2.contourArea(cv2.convexHull(cv2.findNonZero(walls)))
    return float(2 * cv2.distanceTransform(walls, cv2.DIST_L2, 5).max() / np.sqrt(max(1.0, hull)))


def _outer_thickness(walls: np.ndarray) -> float:
    """Thickness of the outer walls in pixels: the upper part of what walls measure across."""
    distance = cv2.distanceTransform(walls, cv2.DIST_L2, 5)
    ridge = distance[(distance > 1.5) & (distance >= cv2.dilate(distance, np.ones((3, 3))))]
    return float(2 * np.percentile(ridge, 70)) if ridge.size else 0.0


# ---- sheets read on a copy of another size
def _scaled_bar(bar: ScaleBar | None, k: float) -> ScaleBar | None:
    return None if bar is None else replace(bar, p0=_times(bar.p0, k), p1=_times(bar.p1, k))


def _times(point: tuple[float, float], k: float) -> tuple[float, float]:
    return (point[0] + 0.5) * k - 0.5, (point[1] + 0.5) * k - 0.5


def _resized(small: PlanReading, sheet: Rectified, bar: ScaleBar | None, k: float) -> PlanReading:
    """A reading of a copy in pixels of the picture itself."""
    size = sheet.gray.shape[::-1]
    how = cv2.INTER_LINEAR if k > 1 else cv2.INTER_AREA
    walls = cv2.resize(small.walls.astype(np.uint8) * 255, size, interpolation=how) > 127
    gaps = [
        replace(o, box=tuple(round(v * k) for v in o.box), corners=o.corners and tuple(_times(p, k) for p in o.corners))
        for o in small.openings
    ]
    return replace(
        small, picture=sheet.picture, walls=walls, openings=tuple(gaps), thickness_px=small.thickness_px * k, scale=bar,
        columns=tuple(replace(c, center=_times(c.center, k), radius=c.radius * k) for c in small.columns),
        rooms=tuple(replace(r, outline=tuple(_times(p, k) for p in r.outline)) for r in small.rooms),
        stairs=tuple(replace(s, box=tuple(round(v * k) for v in s.box)) for s in small.stairs),  # type: ignore[arg-type]
    )  # fmt: skip
