"""From which side a section is seen, when nobody says it: it is laid over the other sheets as drawn and mirrored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.domes import drawn_heights
from studio.drawings.reading import SectionReading
from studio.drawings.views import ACROSS, Placed, closed, extent

PLACES = 300  # along the building: 20 cm in a house of 60 m
FINE, COARSE = 2.0, 25.0  # places: walls are told from what surrounds them between the thickness of one and a room's width
SHIFTS = range(-9, 10, 3)  # places by which two sheets may be drawn beside each other
LINES = 40  # of a plan along which it may be cut, between its outer sevenths
# An agreement to rely on, and by how much the better way has to agree better. Of six sections of houses in Pompeii (looked at
# for this) the one that is mirrored agrees better by 0.29, and rooms alike pretend up to 0.17 where none is.
SURE, BETTER = 0.5, 0.22
OUTLINES_BETTER = 0.1  # outlines have no rooms that look alike
ASKEW = 0.85  # of a plan's extent: a wall at the end of a house that runs askew takes less than the rest from its lines
PART = 0.8  # of the building's length: a section of less cannot be laid over the whole


@dataclass(frozen=True)
class Way:
    """How a section lies on the other sheets.

    Attributes:
        is_mirrored: whether its left end is the building's right one.
        straight, mirrored: agreement as drawn and mirrored, -1…1 (correlation); 0 when nothing could be laid below it.
        by: what decided it, in words; "" when neither way agrees clearly better.
    """

    is_mirrored: bool
    straight: float
    mirrored: float
    by: str

    @property
    def is_tried(self) -> bool:
        """Whether there was anything to lay it over."""
        return bool(self.straight or self.mirrored)


def lie(
    placed: Placed, axis: str, edges: tuple[float, float], size: tuple[float, float], plan: Placed | None,
    elevations: Mapping[str, Placed],
) -> Way:  # fmt: skip
    """Lay a section along `axis` over an elevation's outline along it, else over the walls that a plan has along some line.

    Args:
        placed: the section as drawn. edges: its outer faces, pixels. size: of the building, metres.
    """
    length = size["xy".index(axis)]
    if (edges[1] - edges[0]) / placed.px_per_m[0] < PART * length:
        return Way(False, 0.0, 0.0, "")
    best = Way(False, 0.0, 0.0, "")
    for side, front in elevations.items():
        if ACROSS[side] == axis and (way := _over_outline(placed, front, side, length)) is not None:
            best = _decided(*way, OUTLINES_BETTER, front.view.name)
            if best.by:
                return best
    if plan is not None:
        way = _over_plan(placed.view.cut, edges, plan, axis)
        if way is not None:
            return _decided(*way, BETTER, plan.view.name)
    return best


def _decided(straight: float, mirrored: float, better: float, by: str) -> Way:
    is_clear = max(straight, mirrored) > SURE and abs(straight - mirrored) > better
    return Way(mirrored > straight, straight, mirrored, by if is_clear else "")


def _over_outline(
    placed: Placed, front: Placed, side: str, length: float
) -> tuple[float, float] | None:
    """How well both outlines agree, as drawn and mirrored; None where one of them was not read."""
    roof, outline = placed.view.cut.roof, front.view.front.silhouette
    if roof is None or len(roof) < 3 or outline is None or len(outline) < 3:
        return None
    at = np.linspace(0, length, PLACES)
    z, low = drawn_heights(np.asarray(outline, np.float64), front.view.reading.picture, front.metres)
    seen = np.interp(at, low + np.arange(len(z)) / max(len(z) - 1, 1) * _reach(front, outline), z)
    if side in ("north", "west"):
        seen = seen[::-1]
    roof = np.asarray(roof, np.float64)
    z, low = drawn_heights(roof, placed.view.reading.picture, placed.metres)
    cut = np.interp(at, low + np.arange(len(z)) / max(len(z) - 1, 1) * _reach(placed, roof), z)
    if seen.std() < 0.1 or cut.std() < 0.1:
        return None
    return tuple(_best(_normed(seen), _normed(each)) for each in (cut, cut[::-1]))  # type: ignore[return-value]


def _reach(placed: Placed, points) -> float:
    """Length of an outline, metres."""
    return float(np.ptp(np.asarray(points, np.float64)[:, 0])) / placed.px_per_m[0]


def _normed(row: np.ndarray) -> np.ndarray:
    row = row - row.mean()
    return row / max(float(np.linalg.norm(row)), 1e-9)


def _best(fixed: np.ndarray, moved: np.ndarray) -> float:
    return max(float(np.roll(moved, shift) @ fixed) for shift in SHIFTS)


def _over_plan(
    reading: SectionReading, edges: tuple[float, float], plan: Placed, axis: str
) -> tuple[float, float] | None:
    """How well the upright masonry of a section agrees with the best line of a plan, as drawn and mirrored."""
    ground = reading.ground_y if reading.ground_y is not None else len(reading.walls)
    part = reading.walls[:ground, max(0, round(edges[0])) : round(edges[1])]
    if not part.any():
        return None
    cut = _walls(part.mean(axis=0))
    lines = [_walls(line) for line in _lines(plan, axis)]
    if not lines:
        return None
    return tuple(max(_best(line, each) for line in lines) for each in (cut, cut[::-1]))  # type: ignore[return-value]


def _walls(row: np.ndarray) -> np.ndarray:
    """What stands upright along a line: float64 [PLACES], without the level of what surrounds it, of length 1."""
    small = cv2.resize(row[None].astype(np.float32), (PLACES, 1), interpolation=cv2.INTER_AREA)
    near, around = cv2.GaussianBlur(small, (0, 0), FINE), cv2.GaussianBlur(small, (0, 0), COARSE)
    return _normed((near - around)[0].astype(np.float64))


def usual_line(plan: Placed, axis: str) -> tuple[float, float]:
    """Where lines through the middle of a plan begin and end along an axis, metres: less than its extent where it is askew."""
    x0, y0, x1, y1 = (round(v) for v in extent(plan.view.plan.walls))
    whole = closed(plan.view.plan)[y0:y1, x0:x1]
    if axis == "y":
        whole = whole.T[:, ::-1]
    middle = whole[round(0.3 * len(whole)) : round(0.7 * len(whole)) + 1]
    middle = middle[middle.any(axis=1)]
    if not len(middle):
        return 0.0, whole.shape[1] / plan.px_per_m[0]
    first, last = np.median(middle.argmax(axis=1)), np.median(middle.shape[1] - middle[:, ::-1].argmax(axis=1))
    if last - first < ASKEW * whole.shape[1]:  # a wing or a torn sheet, and no wall that runs askew
        first, last = 0, whole.shape[1]
    return float(first) / plan.px_per_m[0], float(last) / plan.px_per_m[0]


def _lines(plan: Placed, axis: str) -> Iterator[np.ndarray]:
    """Share of masonry along strips of a plan, each from its first wall to its last; doors count as walls."""
    reading = plan.view.plan
    x0, y0, x1, y1 = (round(v) for v in extent(reading.walls))
    whole = closed(reading)[y0:y1, x0:x1]
    if axis == "y":
        whole = whole.T[:, ::-1]  # from south to north
    deep = max(3, len(whole) // LINES)
    for start in np.linspace(0.15 * len(whole), 0.85 * len(whole) - deep, LINES):
        line = whole[round(start) : round(start) + deep].mean(axis=0)
        built = np.flatnonzero(line > 0.3)
        if len(built) > 1 and built[0] < 0.25 * len(line) and built[-1] > 0.75 * len(line):
            yield line
            yield line[built[0] : built[-1] + 1]
