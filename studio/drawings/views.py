"""Drawings that are to become one building: what each is, its scale, and where it lies in the building's frame.

Frame: x east, y north, z up, metres; the origin is the south-west outer corner of the ground floor. A façade has a frame of
its own: u runs along it from its left end as seen from outside, v is the height z.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from studio.drawings.matching import Span
from studio.drawings.north import North
from studio.drawings.reading import Box, FacadeReading, PlanReading, ReadOpening, Rectified, SectionReading

SIDES = ("south", "east", "north", "west")
ACROSS = {"south": "x", "north": "x", "east": "y", "west": "y"}
Region = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class View:
    """One drawing of one sheet, read.

    Attributes:
        name: file name. sha256: digest of the file.
        kind: "plan", "elevation" or "section".
        reading: what was read, in pixels of `rectified.picture`.
        rectified: the sheet.
        px_per_m: of the sheet, or None when neither a person nor the sheet says it.
        scale_said: where the scale comes from, for people.
        side: the façade that an elevation shows, or from where a section is seen; None when nobody said it.
        box: of the drawing on the sheet, in pixels of the picture; None when it has the sheet to itself.
        north: of a plan's sheet, or None.
    """

    name: str
    sha256: str
    kind: str
    reading: PlanReading | FacadeReading | SectionReading
    rectified: Rectified
    px_per_m: float | None = None
    scale_said: str = ""
    side: str | None = None
    box: Box | None = None
    north: North | None = None

    @property
    def plan(self) -> PlanReading:
        """The reading of a plan."""
        return cast(PlanReading, self.reading)

    @property
    def front(self) -> FacadeReading:
        """The reading of an elevation."""
        return cast(FacadeReading, self.reading)

    @property
    def wall(self) -> Box:
        """The wall of an elevation from ground to eaves; the whole picture where none was found."""
        height, width = self.reading.picture.shape[:2]
        return self.front.facade or (0, 0, width, height)

    @property
    def cut(self) -> SectionReading:
        """The reading of a section."""
        return cast(SectionReading, self.reading)

    def region(self, box: Box | Region) -> Region:
        """A box of the rectified picture as a box of the sheet as it was scanned, a tenth of a pixel exact."""
        x0, y0, x1, y1 = box
        corners = self.rectified.on_sheet(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64))
        low, high = corners.min(axis=0), corners.max(axis=0)
        return tuple(round(float(v), 1) for v in (*low, *high))  # type: ignore[return-value]


@dataclass(frozen=True, eq=False)
class Placed:
    """A view in the building's frame.

    Attributes:
        view: the drawing.
        side: "plan", or the façade that it shows, or (a section) the side from which it is seen.
        origin: pixel of its picture where u = 0 and v = 0.
        px_per_m: pixels per metre along u and along v; they differ when paper shrank unevenly or sheets disagree.
    """

    view: View
    side: str
    origin: tuple[float, float]
    px_per_m: tuple[float, float]

    def metres(self, x: float, y: float) -> tuple[float, float]:
        """A pixel of the picture as u and v."""
        return (x - self.origin[0]) / self.px_per_m[0], (self.origin[1] - y) / self.px_per_m[1]

    def pixels(self, u: float, v: float) -> tuple[float, float]:
        """Pixel of the picture at u and v."""
        return self.origin[0] + u * self.px_per_m[0], self.origin[1] - v * self.px_per_m[1]

    @property
    def to_sheet(self) -> np.ndarray:
        """float64 [3, 3], homography from (u, v) in metres to pixels of the sheet as it was scanned."""
        (ox, oy), (sx, sy) = self.origin, self.px_per_m
        return self.view.rectified.to_sheet @ np.array([[sx, 0, ox], [0, -sy, oy], [0, 0, 1.0]])


def extent(walls: np.ndarray) -> Region:
    """x0, y0, x1, y1 in pixels of everything that is built in a plan; specks do not count.

    A piece counts when it is a hundredth of the whole: letters, stains and plants are smaller, detached columns too, and
    those stand within the walls.
    """
    count, _, stats, _ = cv2.connectedComponentsWithStats(walls.astype(np.uint8), connectivity=8)
    if count < 2:
        return 0.0, 0.0, float(walls.shape[1]), float(walls.shape[0])
    boxes = stats[1:]
    kept = boxes[boxes[:, cv2.CC_STAT_AREA] >= 0.01 * boxes[:, cv2.CC_STAT_AREA].sum()]
    x0, y0 = kept[:, 0].min(), kept[:, 1].min()
    return float(x0), float(y0), float((kept[:, 0] + kept[:, 2]).max()), float((kept[:, 1] + kept[:, 3]).max())


def closed(reading: PlanReading) -> np.ndarray:
    """The walls of a plan with every opening filled, bool [H, W]: one cannot look out through two doors in a row."""
    filled = reading.walls.copy()
    for one in reading.openings:
        x0, y0, x1, y1 = one.box
        filled[max(0, y0) : y1, max(0, x0) : x1] = True
    return filled


def side_of(opening: ReadOpening, walls: np.ndarray, filled: np.ndarray, inside: Region) -> str | None:
    """The façade on which an opening of a plan lies; None for one between two rooms.

    An opening belongs to a façade when its wall runs along that façade and nothing built lies further out.

    Args:
        opening: in pixels of the plan.
        walls: bool [H, W], without openings. filled: `closed` of the same plan. inside: `extent` of it.
    """
    x0, y0, x1, y1 = opening.box
    w, h = x1 - x0, y1 - y0
    pad = max(2, round(0.25 * min(w, h)))
    jambs_x = _ink(walls, x0 - pad, y0, x0, y1) + _ink(walls, x1, y0, x1 + pad, y1)
    jambs_y = _ink(walls, x0, y0 - pad, x1, y0) + _ink(walls, x0, y1, x1, y1 + pad)
    along_x = jambs_x > jambs_y or (jambs_x == jambs_y and w >= h)
    left, top, right, bottom = (round(v) for v in inside)
    third_x, third_y = max(1, w // 3), max(1, h // 3)
    if along_x:
        beyond = {"south": (x0 + third_x, y1 + 2, x1 - third_x, bottom), "north": (x0 + third_x, top, x1 - third_x, y0 - 2)}
    else:
        beyond = {"east": (x1 + 2, y0 + third_y, right, y1 - third_y), "west": (left, y0 + third_y, x0 - 2, y1 - third_y)}
    for side, box in beyond.items():
        if _ink(filled, *box) < 0.02:
            return side
    return None


def _ink(walls: np.ndarray, x0: int, y0: int, x1: int, y1: int) -> float:
    part = walls[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)]
    return float(part.mean()) if part.size else 0.0


def along(side: str, box: Box | Region) -> tuple[float, float]:
    """Where a box of a plan (pixels) begins and ends along a façade; grows from its left end as seen from outside."""
    x0, y0, x1, y1 = map(float, box)
    return {"south": (x0, x1), "north": (-x1, -x0), "east": (-y1, -y0), "west": (y0, y1)}[side]


def plan_spans(reading: PlanReading, side: str) -> list[tuple[Span, ReadOpening]]:
    """The openings of one façade in a plan, in order, with what was read."""
    inside, filled = extent(reading.walls), closed(reading)
    found = []
    for one in reading.openings:
        if side_of(one, reading.walls, filled, inside) == side:
            low, high = along(side, one.box)
            found.append((Span(low, high, _kind(one.kind), one.confidence), one))
    return sorted(found, key=lambda pair: pair[0].middle)


def elevation_span(one: ReadOpening) -> Span:
    """An opening of an elevation along its façade, in pixels."""
    return Span(float(one.box[0]), float(one.box[2]), _kind(one.kind), one.confidence)


def _kind(kind: str) -> str:
    return "door" if kind in ("door", "shop", "gap") else "window"


def section_edges(reading: SectionReading) -> tuple[float, float] | None:
    """Outer faces of the two outer walls of a section, in pixels; None when it cuts no walls on either side.

    The median over the rows between the ground and the eaves: foundations stand out below, cornices above.
    """
    walls = reading.walls
    if not walls.any():
        return None
    rows = np.flatnonzero(walls.any(axis=1))
    bottom = reading.ground_y if reading.ground_y is not None else int(rows[-1])
    eaves = [line.y for line in reading.lines if line.name == "eaves"]
    top = int(eaves[0]) if eaves else int(rows[0])
    high = bottom - top
    band = walls[max(0, round(top + 0.1 * high)) : max(1, round(bottom - 0.05 * high))]
    band = band[band.any(axis=1)]
    if not len(band):
        return None
    left = band.argmax(axis=1)
    right = band.shape[1] - band[:, ::-1].argmax(axis=1)
    return float(np.median(left)), float(np.median(right))
