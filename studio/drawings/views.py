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
from studio.drawings.paper import runs
from studio.drawings.reading import Box, FacadeReading, PlanReading, ReadOpening, Rectified, SectionReading

SIDES = ("south", "east", "north", "west")
ACROSS = {"south": "x", "north": "x", "east": "y", "west": "y"}
Region = tuple[float, float, float, float]
OF_DRAWN = 0.5  # of the outline's width: a section whose outer walls lie nearer together has lost one
# Of an outer wall's thickness: a gap that a beam or an arch spans. Narrower ones are found as openings, wider ones are courts.
GAP, GAP_SURE = (1.0, 7.0), 0.5
LEAN_TO = 0.15  # of a section's width: a roof that goes on so far beyond a wall has another one at its end
STANDING = 0.3  # of the lower half of a section: less than an outer wall with a door and a window in it
# Of a side of the plan: what stands out before its wall takes less, and the wall at least the other; of its depth: how far.
SPUR, STRAIGHT, SPUR_DEEP = 0.12, 0.4, 0.04
SUDDEN = 0.3  # and by how much more of that side is built within five rows: what runs askew widens slowly
FREE = 0.3  # of the building's length: two columns with the gap between them reach less far, a wing more


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
    x0, y0 = int(kept[:, 0].min()), int(kept[:, 1].min())
    x1, y1 = int((kept[:, 0] + kept[:, 2]).max()), int((kept[:, 1] + kept[:, 3]).max())
    part = walls[y0:y1, x0:x1]
    left, right, top, bottom = (_spur(rows) for rows in (part.T, part.T[::-1], part, part[::-1]))
    return float(x0 + left), float(y0 + top), float(x1 - right), float(y1 - bottom)


def _spur(rows: np.ndarray) -> int:
    """How many of the outermost rows of a plan, bool [N, W], hold only what stands out before a straight wall; 0 without one.

    The cheeks of steps and the posts of a porch are no wall of the building. An apse or a wall that runs askew grows slowly
    and is one.
    """
    share = rows.mean(axis=1)
    if not (share > STRAIGHT).any():
        return 0
    first, reach = int((share > STRAIGHT).argmax()), max(3, len(rows) // 80)  # sills are drawn before a wall's face
    if not reach + 2 < first <= SPUR_DEEP * len(rows):
        return 0
    is_thin = float(share[: first - reach].max()) <= SPUR
    return first if is_thin and float(share[first + 2] - share[first - 3]) > SUDDEN else 0


def closed(reading: PlanReading) -> np.ndarray:
    """The walls of a plan with every opening filled, bool [H, W]: one cannot look out through two doors in a row."""
    filled = reading.walls.copy()
    for one in reading.openings:
        x0, y0, x1, y1 = one.box
        filled[max(0, y0) : y1, max(0, x0) : x1] = True
    return filled


def standing(reading: PlanReading) -> list[ReadOpening]:
    """The openings that lie in a wall of the building; a gap between two free columns or piers is none."""
    near = 2 * max(1, round(0.15 * reading.thickness_px)) + 1  # a box that was read ends a little before its jambs
    filled = cv2.dilate(closed(reading).astype(np.uint8), np.ones((near, near), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(filled, connectivity=8)
    if count < 2:
        return list(reading.openings)
    area = stats[:, cv2.CC_STAT_AREA].astype(np.float64)
    reach = np.maximum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    free = (area < 0.05 * area[1:].sum()) & (reach < FREE * reach[1:].max())
    return [one for one in reading.openings if not free[labels[_middle(one.box)]]]


def _middle(box: Box) -> tuple[int, int]:
    return (box[1] + box[3]) // 2, (box[0] + box[2]) // 2


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
    inside, (filled, gaps) = extent(reading.walls), fronted(reading)
    found = []
    named = [one for one in standing(reading) if side_of(one, reading.walls, filled, inside) == side]
    for one in (*named, *gaps[side]):
        low, high = along(side, one.box)
        found.append((Span(low, high, _kind(one.kind), one.confidence), one))
    return sorted(found, key=lambda pair: pair[0].middle)


def _from_outside(filled: np.ndarray, side: str, inside: Region) -> np.ndarray:
    """What is built, bool [depth, length], the façade above; columns in the plan's own sense."""
    x0, y0, x1, y1 = (round(v) for v in inside)
    part = filled[y0:y1, x0:x1]
    return {"south": part[::-1], "north": part, "west": part.T, "east": part.T[::-1]}[side]


def front_ends(reading: PlanReading, side: str, inside: Region) -> tuple[float, float] | None:
    """Where the front itself begins and ends along its façade, pixels, for a plan that reaches further beside it behind.

    None where it reaches as far as the whole plan within a twentieth.
    """
    seen = _from_outside(reading.walls, side, inside)
    built = np.flatnonzero(seen[: max(1, len(seen) // 4)].any(axis=0))
    if not len(built) or built[-1] + 1 - built[0] > 0.95 * seen.shape[1]:
        return None
    x0, y0 = inside[0], inside[1]
    low, high = float(built[0]), float(built[-1] + 1)
    box = (x0 + low, y0, x0 + high, y0) if side in ("south", "north") else (x0, y0 + low, x0, y0 + high)
    return along(side, box)


def fronted(reading: PlanReading) -> tuple[np.ndarray, dict[str, list[ReadOpening]]]:
    """`closed`, with the portals of every front filled too: what lies behind one is no façade; and these by side."""
    filled, inside, gaps = closed(reading), extent(reading.walls), {}
    for side in SIDES:
        gaps[side] = front_gaps(filled, side, inside, reading.thickness_px)
    for one in (one for found in gaps.values() for one in found):
        x0, y0, x1, y1 = one.box
        filled[max(0, y0) : y1, max(0, x0) : x1] = True
    return filled, gaps


def front_gaps(filled: np.ndarray, side: str, inside: Region, thick: float) -> list[ReadOpening]:
    """Gaps of a front between two pieces of its wall that stand in line: portals that a plan leaves open, without jambs.

    Args:
        filled: `closed` of the plan. side: a façade. inside: `extent` of the plan.
        thick: usual thickness of its outer walls, pixels.
    """
    x0, y0, x1, y1 = (round(v) for v in inside)
    seen = _from_outside(filled, side, inside)
    deep = np.where(seen.any(axis=0), seen.argmax(axis=0), len(seen))
    near = deep[deep < 0.25 * len(seen)]
    if thick < 2 or len(near) < 0.3 * len(deep):
        return []
    line = int(np.median(near))
    is_open = deep > line + thick
    found = []
    for first, last in runs(is_open):
        if first == 0 or last == len(is_open) or not GAP[0] * thick < last - first < GAP[1] * thick:
            continue
        low, high = line, line + round(thick)
        box = {
            "south": (x0 + first, y1 - high, x0 + last, y1 - low), "north": (x0 + first, y0 + low, x0 + last, y0 + high),
            "west": (x0 + low, y0 + first, x0 + high, y0 + last), "east": (x1 - high, y0 + first, x1 - low, y0 + last),
        }[side]  # fmt: skip
        found.append(ReadOpening(box, "gap", GAP_SURE))
    return found


def elevation_span(one: ReadOpening) -> Span:
    """An opening of an elevation along its façade, in pixels."""
    return Span(float(one.box[0]), float(one.box[2]), _kind(one.kind), one.confidence)


def _kind(kind: str) -> str:
    return "door" if kind in ("door", "shop", "gap") else "window"


def section_edges(reading: SectionReading) -> tuple[float, float] | None:
    """Outer faces of the two outer walls of a section, in pixels; None when it cuts no walls on either side.

    The median over the rows between the ground and the eaves: foundations stand out below, cornices above. Where no wall
    was read as cut down to the ground, only a roof, the end of the outline.
    """
    walls = reading.walls
    if not walls.any():
        return None
    rows = np.flatnonzero(walls.any(axis=1))
    bottom = reading.ground_y if reading.ground_y is not None else int(rows[-1])
    eaves = [line.y for line in reading.lines if line.name == "eaves"]
    top = int(eaves[0]) if eaves else int(rows[0])
    high = bottom - top
    whole = walls[max(0, round(top + 0.1 * high)) : max(1, round(bottom - 0.05 * high))]
    band = whole[whole.any(axis=1)]
    if not len(band):
        return None
    left = float(np.median(band.argmax(axis=1)))
    right = float(np.median(band.shape[1] - band[:, ::-1].argmax(axis=1)))
    if reading.roof and len(reading.roof) > 1:
        drawn = min(x for x, _ in reading.roof), max(x for x, _ in reading.roof)
        low, reach = whole[len(whole) // 2 :], max(2, round(0.02 * (right - left)))
        stands = _stands(low, left, reach), _stands(low, right, reach)
        if not all(stands) and right - left < OF_DRAWN * (drawn[1] - drawn[0]):
            return drawn
        left, right = left if stands[0] else drawn[0], right if stands[1] else drawn[1]
    over = np.flatnonzero(walls[int(rows[0]) : (int(rows[0]) + bottom) // 2].any(axis=0))
    if len(over):  # a lean-to roof is cut, and the low wall at its end is not
        beside = LEAN_TO * (right - left)
        left = float(over[0]) if left - over[0] > beside else left
        right = float(over[-1] + 1) if over[-1] + 1 - right > beside else right
    return left, right


def _stands(low: np.ndarray, edge: float, reach: int) -> bool:
    """Whether a wall reaches down at one end of a section, bool [h, W] its lower half; else only a roof was read as cut."""
    part = low[:, max(0, round(edge) - reach) : round(edge) + reach]
    return bool(part.size) and float(part.any(axis=1).mean()) > STANDING
