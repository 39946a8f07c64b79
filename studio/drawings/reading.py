"""What was understood from a sheet. Coordinates are pixels of `picture`, the rectified sheet, x to the right, y down.

`Rectified.on_sheet` takes them back to the sheet as it was scanned. `confidence` says how well the ink was read, 0…1; it says
nothing about how good the sheet is as a source (that is a Level).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from studio.drawings.units import metres

Box = tuple[int, int, int, int]
Point = tuple[float, float]
KINDS = ("plan", "elevation", "section", "detail", "perspective")


@dataclass(frozen=True, eq=False)
class Rectified:
    """A sheet turned upright and made square, its paper divided out.

    Attributes:
        picture: uint8 [H, W, 3]; nothing is taken out of it.
        gray: uint8 [H, W], ink on even paper, 255 = paper; stamps and foxing are taken out of it.
        to_sheet: float64 [3, 3], homography from pixels of `picture` to pixels of the sheet as it was scanned.
        removed: bool [H, W], True where a stamp or a stain was taken out of `gray`; None when nothing was.
        notes: what was done, one sentence each.
    """

    picture: np.ndarray
    gray: np.ndarray
    to_sheet: np.ndarray
    removed: np.ndarray | None = None
    notes: tuple[str, ...] = ()

    def on_sheet(self, points: np.ndarray) -> np.ndarray:
        """Points [N, 2] of `picture` as points of the scanned sheet, float64 [N, 2]."""
        return _through(self.to_sheet, points)

    def from_sheet(self, points: np.ndarray) -> np.ndarray:
        """Points [N, 2] of the scanned sheet as points of `picture`, float64 [N, 2]."""
        return _through(np.linalg.inv(self.to_sheet), points)


def _through(homography: np.ndarray, points: np.ndarray) -> np.ndarray:
    points = np.asarray(points, np.float64).reshape(-1, 2)
    x, y, w = homography @ np.column_stack([points, np.ones(len(points))]).T
    return np.column_stack([x / w, y / w])


@dataclass(frozen=True)
class Drawing:
    """One drawing of those that a sheet carries: kind (one of KINDS), box in pixels, confidence of the kind."""

    kind: str
    box: Box
    confidence: float


@dataclass(frozen=True)
class LevelLine:
    """A level of an elevation or a section.

    Attributes:
        name: "ground", "floor", "string course", "cornice", "eaves", "ridge" …
        y: row in pixels; x0, x1: how far it runs.
        confidence: 0…1.
    """

    name: str
    y: float
    x0: float
    x1: float
    confidence: float


@dataclass(frozen=True)
class ScaleBar:
    """A graphic scale, or one of the two scales that share a bar. It may lean or run up the sheet.

    Attributes:
        p0, p1: the ends between two printed ticks, in pixels; figures grow from p0 to p1.
        fields: number of equal parts between the ends.
        value: figure printed at p1 minus figure at p0, or None when the figures could not be read.
        unit: "m", "foot", "toise" … when it was read beside the figures (a key of `units.UNITS` or
            `units.REGIONAL`), else None.
        confidence: 0…1.
        figures: what was read, from p0 to p1; "?" where a figure stayed unread.
        uncertainty_px: how far the ticks stray from equal distances: root mean square, in pixels.
        by_person: True when it is no bar but two points whose distance a person gave.
    """

    p0: Point
    p1: Point
    fields: int
    value: float | None
    unit: str | None
    confidence: float
    figures: tuple[str, ...] = ()
    uncertainty_px: float = 0.0
    by_person: bool = False

    @property
    def x0(self) -> float:
        """The end further left."""
        return min(self.p0[0], self.p1[0])

    @property
    def x1(self) -> float:
        """The end further right."""
        return max(self.p0[0], self.p1[0])

    @property
    def y(self) -> float:
        """Height of its middle on the sheet."""
        return (self.p0[1] + self.p1[1]) / 2

    @property
    def length_px(self) -> float:
        """Distance of the ends in pixels."""
        return math.hypot(self.p1[0] - self.p0[0], self.p1[1] - self.p0[1])

    @property
    def metres(self) -> float | None:
        """What the bar stands for; None unless both the figures and a unit of known length were read."""
        length = metres(self.unit)
        return self.value * length if self.value and length else None

    @property
    def px_per_m(self) -> float | None:
        """Pixels per metre; None unless both the figures and a unit of known length were read."""
        return self.length_px / self.metres if self.metres else None

    def px_per_m_if(self, metres: float) -> float:
        """Pixels per metre when a person says how long the whole bar is."""
        return self.length_px / metres


@dataclass(frozen=True)
class ReadOpening:
    """A door or window as read.

    Attributes:
        box: x0, y0, x1, y1 in pixels: the clear opening of an elevation, the gap in a plan's wall.
        kind: "door", "window" or "opening".
        confidence: 0…1.
        inferred: True when it was not seen but completed on the grid of its neighbours.
        head: "flat", "round" or "pointed": how the opening of an elevation ends at the top.
        surround: box of its drawn frame, or None.
        corners: four corners [(x, y), …] of an opening in an oblique or curved wall; None when `box` says it all.
        by_person: True when a person set it: its place, its size or its kind.
    """

    box: Box
    kind: str
    confidence: float
    inferred: bool = False
    head: str = "flat"
    surround: Box | None = None
    corners: tuple[Point, ...] | None = None
    by_person: bool = False


@dataclass(frozen=True)
class Column:
    """A free support: its middle, its radius (of the inscribed circle), "round" or "square"; pixels."""

    center: Point
    radius: float
    shape: str
    confidence: float


@dataclass(frozen=True)
class Room:
    """A room of a plan: its outline in pixels, along the inner faces of its walls and across its openings."""

    outline: tuple[Point, ...]
    confidence: float


@dataclass(frozen=True)
class Stairs:
    """A flight in a plan: its box in pixels and how many treads are drawn."""

    box: Box
    treads: int
    confidence: float


@dataclass(frozen=True)
class FacadeReading:
    """A façade.

    Attributes:
        picture: uint8 [H, W, 3], the sheet turned upright: use it as texture.
        openings: from top to bottom, left to right.
        facade: box of the wall from ground to eaves, or None.
        silhouette: float32 [N, 2], outline of the building above the ground, or None.
        ground_y: row of the ground line.
        angle: degrees by which the sheet was turned.
        scale: the scale bar, or None.
        confidence: 0…1.
        notes: what was assumed, one sentence each.
        lines: ground, courses, cornices, eaves, ridge.
        columns: boxes of columns and pilasters.
    """

    picture: np.ndarray
    openings: tuple[ReadOpening, ...]
    facade: Box | None
    silhouette: np.ndarray | None
    ground_y: int | None
    angle: float
    scale: ScaleBar | None
    confidence: float
    notes: tuple[str, ...] = ()
    lines: tuple[LevelLine, ...] = ()
    columns: tuple[Box, ...] = ()


@dataclass(frozen=True)
class PlanReading:
    """A ground plan.

    Attributes:
        picture: uint8 [H, W, 3], the sheet turned upright.
        walls: bool [H, W], True in cut masonry, without openings.
        openings: gaps in straight walls.
        thickness_px: of the outer walls.
        style: "solid", "hollow" or "hatched".
        angle, scale, confidence, notes: as in FacadeReading.
        columns, rooms, stairs: what stands between the walls.
    """

    picture: np.ndarray
    walls: np.ndarray
    openings: tuple[ReadOpening, ...]
    thickness_px: float
    style: str
    angle: float
    scale: ScaleBar | None
    confidence: float
    notes: tuple[str, ...] = field(default=())
    columns: tuple[Column, ...] = ()
    rooms: tuple[Room, ...] = ()
    stairs: tuple[Stairs, ...] = ()


@dataclass(frozen=True)
class SectionReading:
    """A section.

    Attributes:
        picture: uint8 [H, W, 3], the rectified sheet.
        walls: bool [H, W], True in what the section cuts: walls, floors, vaults.
        is_inverted: the cut is white and what lies behind it dark, as on many printed restorations.
        floors: top faces of the floors, from below to above; `lines` has ground, eaves and ridge.
        thickness_px: of the outer walls, left and right; 0 where one was not found.
        roof: outline of the roof, left to right, or None.
        openings: of the wall behind the cut.
        ground_y, angle, scale, confidence, notes: as in FacadeReading.
    """

    picture: np.ndarray
    walls: np.ndarray
    is_inverted: bool
    floors: tuple[LevelLine, ...]
    lines: tuple[LevelLine, ...]
    thickness_px: tuple[float, float]
    roof: tuple[Point, ...] | None
    openings: tuple[ReadOpening, ...]
    ground_y: int | None
    angle: float
    scale: ScaleBar | None
    confidence: float
    notes: tuple[str, ...] = ()
