"""Openings of a plan: where a wall ends and, across a gap that a person could walk or look through, goes on.

Walls are taken as polygons. An edge as long as a wall is thick, between two outward corners, is the end of a wall; a beam as
wide as the end is sent out of it. What the beam meets first, another end or the flank of a wall, is the other jamb. So
straight, oblique and curved walls and openings that reach a corner are all read alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.plan_faces import opened
from studio.drawings.plan_ink import PlanInk
from studio.drawings.plan_jambs import End, jambs
from studio.drawings.reading import ReadOpening

RAYS = 9
WIDEST, WIDEST_AT_FLANK = 9.0, 4.6  # of the walls' thickness: a gate in a thin wall, a door in a corner


@dataclass(frozen=True, eq=False)
class Gap:
    """A candidate.

    Attributes:
        corners: two of this jamb, two of the other; wide: from jamb to jamb; thick: of the wall; pixels.
        fit: how alike the jambs are, 0…1; is_mutual: the other jamb is the end of a wall too.
        is_shallow: the jambs may be mere pilasters or columns: something must be drawn between them.
        is_askew: found by a rule for bays and apses that stumps of walls, stairs and letters meet as well: it must be glazed.
        has_column: a jamb is a column; the edge of a step that runs from column to column is no pane.
    """

    corners: np.ndarray
    wide: float
    thick: float
    fit: float
    is_mutual: bool
    is_shallow: bool
    is_askew: bool
    has_column: bool


def openings(walls: np.ndarray, ink: PlanInk, thickness: float) -> tuple[ReadOpening, ...]:
    """Doors, windows and other gaps.

    Args:
        walls: uint8 [H, W] 0/255; ink: of the plan; thickness: of the walls, pixels.
    Returns: from top to bottom; `corners` is set where the wall is not level or upright.
    """
    walls = opened(walls, max(3.0, min(1.3 * ink.pen, 0.3 * thickness)))  # lines that meet a jamb leave spikes on it
    ends, bodies = jambs(walls, thickness)
    gaps = [gap for end in ends if (gap := _gap(end, ends, walls, bodies, thickness)) is not None]
    gaps = [gap for gap in gaps if not gap.is_shallow or _kind(gap, ink) == "window"]
    gaps = [gap for gap in gaps if not (gap.is_askew or gap.has_column) or _is_glazed(gap, ink)]
    gaps.sort(key=lambda g: (not g.is_mutual, -g.fit, g.wide))
    chosen: list[Gap] = []
    taken = np.zeros(walls.shape, np.uint8)
    usual = float(np.median([g.wide for g in gaps if g.is_mutual])) if any(g.is_mutual for g in gaps) else None
    for gap in gaps:
        if not gap.is_mutual and usual is not None and gap.wide > 2.0 * usual:
            continue  # a wall that stops before another far off is a wall that stops
        if usual is not None and gap.wide > 3.5 * usual:
            continue
        x0, y0, x1, y1 = _box(gap.corners, walls.shape)
        part = np.zeros((y1 - y0, x1 - x0), np.uint8)
        cv2.fillConvexPoly(part, np.rint(gap.corners - (x0, y0)).astype(np.int32), 1)
        view = taken[y0:y1, x0:x1]
        if (view & part).sum() > 0.25 * max(1, part.sum()):
            continue
        view |= part
        chosen.append(gap)
    found = [_opening(gap, walls.shape, ink) for gap in chosen]
    return tuple(sorted(found, key=lambda o: (o.box[1], o.box[0])))


# ---- across the gap
def _gap(end: End, ends: list[End], walls: np.ndarray, bodies: np.ndarray, thickness: float) -> Gap | None:
    """The opening that begins at this end, or None: straight ahead, or towards an end that is splayed as this one is."""
    ways = [end.out, *_splayed(end, ends, WIDEST * max(thickness, end.wide))]
    found = (_beam(end, way, ends, walls, bodies, thickness) for way in ways)
    return next((gap for gap in found if gap is not None), None)


def _splayed(end: End, ends: list[End], reach: float) -> list[np.ndarray]:
    """Directions to ends that mirror this one: jambs of a window in a curved wall lie on its radii and look past each other."""
    ways = []
    for other in ends:
        across = (other.a + other.b - end.a - end.b) / 2
        wide = float(np.hypot(*across))
        if other is end or not 1 < wide < reach or not 0.7 < other.wide / end.wide < 1.4:
            continue
        way = across / wide
        turned, turned_back = float(end.out @ way), float(-other.out @ way)
        if min(turned, turned_back) > 0.86 and abs(turned - turned_back) < 0.08:  # both by the same angle, 30° at most
            ways.append(way)
    return ways


def _beam(end: End, way: np.ndarray, ends: list[End], walls: np.ndarray, bodies: np.ndarray, thickness: float) -> Gap | None:
    """What a beam as wide as the end meets first: the other jamb, or None."""
    reach = WIDEST * max(thickness, end.wide)
    share = np.linspace(0.12, 0.88, RAYS)[:, None]
    far = _first_hits(end.a + share * (end.b - end.a), way, walls, reach)
    hit = far < reach
    if hit.mean() < 0.75:
        return None
    wide = float(np.median(far[hit]))
    even = np.abs(far - wide) < (0.25 if way is end.out else 0.6) * end.wide + 2
    if wide < max(4.0, 0.4 * end.wide) or even.mean() < 0.65:
        return None
    middle = (end.a + end.b) / 2 + wide * way
    other = _facing(end, middle, ends, wide)
    if other is not None:
        gap = _between_ends(end, other, way, wide, thickness)
    else:
        x, y = np.rint(middle + 2 * way).astype(int)
        met = int(bodies[np.clip(y, 0, walls.shape[0] - 1), np.clip(x, 0, walls.shape[1] - 1)])
        # A flank that is met askew is another wall's, not this one's continuation.
        is_square = met != 0 and np.abs(far - wide).max() <= 0.2 * end.wide + 2.5
        gap = _at_flank(end, way, wide, thickness) if is_square else None
    return gap if gap is not None and _is_clear(gap.corners, walls, gap.thick) else None


def _between_ends(end: End, other: End, way: np.ndarray, wide: float, thickness: float) -> Gap:
    """The gap between two ends of walls."""
    thick, thickest = min(end.wide, other.wide), max(end.wide, other.wide)
    # No room is so narrow; ends as thick as each other are jambs further apart too. A rebated jamb is less than its wall.
    near = (3.2 if thick > 0.9 * thickest else 2.5) * max(thick, 0.9 * thickness)
    # Two pilasters that face each other across a room, and no long wall that only stops before one: then something is drawn.
    runs_on = max(end.back / end.wide, other.back / other.wide) >= 1.5 and wide <= WIDEST_AT_FLANK * thickness
    shallow = min(end.back / end.wide, other.back / other.wide) < 0.6 and wide > near and not runs_on
    # Between columns one may pass, yet there is no door: they stand further apart than two of their diameters.
    apart = wide > 2.0 * thickest
    shallow |= (end.is_pier or other.is_pier) and apart
    is_plain = end.back >= 1.5 * end.wide and not end.is_mitred and way is end.out  # whatever it meets is its continuation
    askew = (end.is_mitred or other.is_mitred or way is not end.out) and not is_plain
    askew |= end.is_crumb or other.is_crumb or (thickest < 0.6 * thickness and wide > 3 * thickness)
    c, d = (other.a, other.b) if _straight(end.b, other.a, end.a, other.b) else (other.b, other.a)
    corners = np.array([end.a, end.b, c, d])
    return Gap(corners, wide, thick, thick / thickest, True, shallow, askew, (end.is_column or other.is_column) and apart)


def _at_flank(end: End, way: np.ndarray, wide: float, thickness: float) -> Gap | None:
    """The gap between the end of a wall and another wall's flank; None where it is too wide, or the end a mere step."""
    if wide > WIDEST_AT_FLANK * max(thickness, end.wide) or end.back < 0.4 * end.wide:
        return None
    corners = np.array([end.a, end.b, end.b + wide * way, end.a + wide * way])
    is_short = end.back < 1.5 * end.wide  # as a pier of a bay is
    return Gap(corners, wide, end.wide, 0.75, False, False, is_short or end.is_mitred or end.is_crumb, end.is_column)


def _first_hits(starts: np.ndarray, out: np.ndarray, walls: np.ndarray, reach: float) -> np.ndarray:
    """How far each ray runs before it meets a wall, pixels; `reach` where it meets none."""
    steps = np.arange(2.0, reach)
    points = np.rint(starts[:, None] + steps[None, :, None] * out).astype(int)
    h, w = walls.shape
    inside = (points[..., 0] >= 0) & (points[..., 0] < w) & (points[..., 1] >= 0) & (points[..., 1] < h)
    x, y = np.clip(points[..., 0], 0, w - 1), np.clip(points[..., 1], 0, h - 1)
    blocked = (walls[y, x] > 0) & inside
    return np.where(blocked.any(1), steps[blocked.argmax(1)], reach)


def _facing(end: End, middle: np.ndarray, ends: list[End], wide: float) -> End | None:
    """The end that the beam meets: it looks back within 35°, is as thick, and lies where the beam arrives."""
    best, nearest = None, np.inf
    for other in ends:
        if other is end or float(other.out @ end.out) > -0.82 or not 0.5 < other.wide / end.wide < 2.0:
            continue
        away = float(np.hypot(*((other.a + other.b) / 2 - middle)))
        if away < min(nearest, 0.35 * max(end.wide, other.wide) + 0.12 * wide + 2):
            best, nearest = other, away
    return best


def _straight(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> bool:
    """Whether a–b and c–d do not cross: joined so, the four corners make a simple outline."""
    return float(np.hypot(*(a - b)) + np.hypot(*(c - d))) <= float(np.hypot(*(a - d)) + np.hypot(*(c - b))) + 1e-6


def _is_clear(corners: np.ndarray, walls: np.ndarray, thick: float) -> bool:
    """No wall within the gap, and none along either of its open sides: a niche or the corner of a room has one."""
    a, b, c, d = corners
    u, v = np.meshgrid(np.linspace(0.08, 0.92, 15), np.linspace(0.08, 0.92, 9))
    inner = _at(walls, (1 - v)[..., None] * ((1 - u)[..., None] * a + u[..., None] * d)
                + v[..., None] * ((1 - u)[..., None] * b + u[..., None] * c))  # fmt: skip
    if inner.mean() > 0.06 * 255:
        return False
    along = (d + c - a - b) / max(float(np.hypot(*(d + c - a - b))), 1e-6)
    side = np.array([along[1], -along[0]])
    side = side if float(side @ (a - b)) > 0 else -side
    off = max(3.0, 0.2 * thick)
    t = np.linspace(0.15, 0.85, 15)[:, None]
    return max(_at(walls, a + t * (d - a) + off * side).mean(), _at(walls, b + t * (c - b) - off * side).mean()) < 0.35 * 255


def _at(image: np.ndarray, points: np.ndarray) -> np.ndarray:
    h, w = image.shape
    x = np.clip(np.rint(points[..., 0]).astype(int), 0, w - 1)
    y = np.clip(np.rint(points[..., 1]).astype(int), 0, h - 1)
    return image[y, x]


# ---- what is drawn in it
def _box(corners: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    x0, y0 = np.floor(corners.min(0) + 0.5).astype(int)
    x1, y1 = np.floor(corners.max(0) + 0.5).astype(int) + 1
    return max(0, int(x0)), max(0, int(y0)), min(shape[1], int(x1)), min(shape[0], int(y1))


def _opening(gap: Gap, shape: tuple[int, ...], ink: PlanInk) -> ReadOpening:
    box = _box(gap.corners, shape)
    area = cv2.contourArea(gap.corners.astype(np.float32))
    is_level = area > 0.84 * (box[2] - box[0] - 1) * (box[3] - box[1] - 1)
    corners = None if is_level else tuple((float(x), float(y)) for x, y in gap.corners)
    confidence = float(np.clip((0.6 + 0.4 * gap.fit) * (1.0 if gap.is_mutual else 0.7), 0, 1))
    return ReadOpening(box, _kind(gap, ink), confidence, corners=corners)


def _kind(gap: Gap, ink: PlanInk) -> str:
    """A window when a line or a hatching runs through the middle of the gap from jamb to jamb, else a door."""
    patch = _between(gap, ink, 0, 1)
    rows = len(patch)
    inner = slice(round(0.2 * rows), round(0.8 * rows) + 1)
    is_hatched = 0.25 < patch[inner].mean() < 0.9
    return "window" if (patch.mean(1) > 0.6)[inner].any() or is_hatched else "door"


def _is_glazed(gap: Gap, ink: PlanInk) -> bool:
    """Whether lines run from jamb to jamb and end at the wall's faces: stairs, gardens and gutters go on beyond them.

    Two lines at least, sills or a sill and a pane; in a wall of a few pens they run together.
    """
    lines = _between(gap, ink, 0, 1).mean(1) > 0.85
    groups = np.count_nonzero(np.diff(lines.astype(np.int8), prepend=0) == 1)
    beyond = max(_between(gap, ink, low, high).mean() for low, high in ((-0.7, -0.3), (1.3, 1.7)))
    needed = 2 if gap.has_column or gap.thick > 6 * ink.pen else 1
    return bool(groups >= needed and not lines.all() and beyond < 0.2)


def _between(gap: Gap, ink: PlanInk, low: float, high: float) -> np.ndarray:
    """Ink between the jambs, bool: columns from jamb to jamb, rows across the wall, 0 = one face, 1 = the other."""
    a, b, c, d = gap.corners
    rows, columns = max(7, round(gap.thick * (high - low))), max(9, round(gap.wide))
    v, u = np.meshgrid(np.linspace(low, high, rows), np.linspace(0.1, 0.9, columns), indexing="ij")
    points = (1 - v)[..., None] * ((1 - u)[..., None] * a + u[..., None] * d) + v[..., None] * (
        (1 - u)[..., None] * b + u[..., None] * c
    )
    return _at(ink.faint, points) > 0
