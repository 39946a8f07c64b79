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
from studio.drawings.reading import ReadOpening

RAYS = 9
WIDEST, WIDEST_AT_FLANK = 9.0, 4.6  # of the walls' thickness: a gate in a thin wall, a door in a corner


@dataclass(frozen=True, eq=False)
class End:
    """The end of a wall.

    Attributes:
        a, b: its two corners; out: the direction out of the wall; back: how far the wall runs back, pixels.
        body: label of the body it belongs to; is_pier: that body is no longer than it is thick.
    """

    a: np.ndarray
    b: np.ndarray
    out: np.ndarray
    back: float
    body: int
    is_pier: bool

    @property
    def wide(self) -> float:
        """Thickness of the wall here, pixels."""
        return float(np.hypot(*(self.b - self.a)))


@dataclass(frozen=True, eq=False)
class Gap:
    """A candidate.

    Attributes:
        corners: two of this jamb, two of the other; wide: from jamb to jamb; thick: of the wall; pixels.
        fit: how alike the jambs are, 0…1; is_mutual: the other jamb is the end of a wall too.
        is_shallow: the jambs may be mere pilasters or columns: something must be drawn between them.
    """

    corners: np.ndarray
    wide: float
    thick: float
    fit: float
    is_mutual: bool
    is_shallow: bool


def openings(walls: np.ndarray, ink: PlanInk, thickness: float) -> tuple[ReadOpening, ...]:
    """Doors, windows and other gaps.

    Args:
        walls: uint8 [H, W] 0/255; ink: of the plan; thickness: of the walls, pixels.
    Returns: from top to bottom; `corners` is set where the wall is not level or upright.
    """
    walls = opened(walls, max(3.0, min(1.3 * ink.pen, 0.3 * thickness)))  # lines that meet a jamb leave spikes on it
    ends, bodies = _ends(walls, thickness)
    gaps = [gap for end in ends if (gap := _gap(end, ends, walls, bodies, thickness)) is not None]
    gaps = [gap for gap in gaps if not gap.is_shallow or _kind(gap, ink) == "window"]
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


# ---- ends of walls
def _ends(walls: np.ndarray, thickness: float) -> tuple[list[End], np.ndarray]:
    """Every edge that could be a jamb, and the bodies' labels."""
    _, bodies, stats, _ = cv2.connectedComponentsWithStats(walls)
    is_pier = np.maximum(stats[:, 2], stats[:, 3]) < 1.7 * np.minimum(np.minimum(stats[:, 2], stats[:, 3]), 1.5 * thickness)
    contours, _ = cv2.findContours(walls, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    epsilon = float(np.clip(0.08 * thickness, 1.6, 3.2))
    ends = []
    for contour in contours:
        if len(contour) < 8:
            continue
        corners = _without_chamfers(_sharp(contour, epsilon), 0.28 * thickness)
        if len(corners) < 4:
            continue
        ends += _ends_of(corners, walls, bodies, thickness, is_pier)
    return ends, bodies


def _sharp(contour: np.ndarray, epsilon: float) -> np.ndarray:
    """Corners of a contour, float64 [N, 2], where straight lines laid through the middle parts of its sides meet."""
    points = contour.reshape(-1, 2).astype(np.float64)
    rough = cv2.approxPolyDP(contour, epsilon, True).reshape(-1, 2)
    if len(rough) < 4:
        return rough.astype(np.float64)
    at = np.sort([int(np.abs(points - corner).sum(1).argmin()) for corner in rough])
    n = len(at)
    lines = []
    for k in range(n):
        a, b = int(at[k]), int(at[(k + 1) % n]) + (len(points) if k == n - 1 else 0)
        part = points[np.arange(a, b + 1) % len(points)]
        trim = round(0.15 * len(part))
        part = part[trim : len(part) - trim] if len(part) > 6 else part
        middle = np.median(part, axis=0) if len(part) > 6 else part.mean(0)
        across = np.linalg.svd(part - part.mean(0))[2][-1] if len(part) > 2 else None
        lines.append((middle, across))
    corners = points[at].copy()
    for k in range(n):
        (p, u), (q, v) = lines[k - 1], lines[k]
        if u is None or v is None or abs(u[0] * v[1] - u[1] * v[0]) < 0.35:
            continue  # sides that run on almost straight meet anywhere
        meet = np.linalg.solve(np.array([u, v]), np.array([u @ p, v @ q]))
        if np.hypot(*(meet - corners[k])) < 2.5 * epsilon + 2:
            corners[k] = meet
    return corners


def _without_chamfers(corners: np.ndarray, short: float) -> np.ndarray:
    """Corners that blur has cut off, put back where the long edges beside them meet."""
    points = list(corners)
    k = 0
    while len(points) > 4 and k < len(points):
        a, b, c, d = (points[(k + i) % len(points)] for i in range(4))
        before, cut, after = b - a, c - b, d - c
        lengths = [float(np.hypot(*v)) for v in (before, cut, after)]
        turn = float(before[0] * after[1] - before[1] * after[0])
        if lengths[1] < min(short, 0.6 * lengths[0], 0.6 * lengths[2]) and abs(turn) > 0.7 * lengths[0] * lengths[2]:
            t = float(cut[0] * after[1] - cut[1] * after[0]) / turn
            meet = b + t * before
            if t >= 0 and np.hypot(*(meet - b)) < 1.2 * lengths[1]:
                i, j = (k + 1) % len(points), (k + 2) % len(points)
                points[i] = meet
                del points[j]
                k = max(0, k - 2)
                continue
        k += 1
    return np.array(points)


def _ends_of(corners: np.ndarray, walls: np.ndarray, bodies: np.ndarray, thickness: float, is_pier: np.ndarray) -> list[End]:
    ends, n = [], len(corners)
    h, w = walls.shape
    for i in range(n):
        a, b = corners[i], corners[(i + 1) % n]
        along = b - a
        wide = float(np.hypot(*along))
        if not max(3.0, 0.25 * thickness) < wide < 2.1 * thickness:
            continue
        normal = np.array([along[1], -along[0]]) / wide
        x, y = np.rint((a + b) / 2 - 2.5 * normal).astype(int)
        if not (0 <= x < w and 0 <= y < h):
            continue
        if not walls[y, x]:
            normal = -normal
            x, y = np.rint((a + b) / 2 - 2.5 * normal).astype(int)
            if not (0 <= x < w and 0 <= y < h and walls[y, x]):
                continue
        sides = (corners[i - 1] - a, corners[(i + 2) % n] - b)
        lengths = [float(np.hypot(*s)) for s in sides]
        leaning = [float(s @ -normal) / max(length, 1e-6) for s, length in zip(sides, lengths, strict=True)]
        if min(leaning) < 0.75:  # both neighbours run back into the wall, within 40°: an outward corner on either side
            continue
        back = min(s_len * lean for s_len, lean in zip(lengths, leaning, strict=True))
        if back < max(2.0, 0.12 * wide):
            continue
        body = int(bodies[y, x])
        ends.append(End(a, b, _out(normal, wide, sides, lengths), back, body, bool(is_pier[body])))
    return ends


def _out(normal: np.ndarray, wide: float, sides: tuple[np.ndarray, ...], lengths: list[float]) -> np.ndarray:
    """The direction out of a wall: that of its long faces, which a pixel tilts less than it tilts the short end."""
    direction = wide * normal
    for side, length in zip(sides, lengths, strict=True):
        if length > wide and float(side @ -normal) > 0.97 * length:  # within 14°: beyond, the jamb is splayed, not tilted
            direction = direction - 3 * side
    return direction / np.hypot(*direction)


# ---- across the gap
def _gap(end: End, ends: list[End], walls: np.ndarray, bodies: np.ndarray, thickness: float) -> Gap | None:
    """The opening that begins at this end, or None."""
    reach = WIDEST * max(thickness, end.wide)
    share = np.linspace(0.12, 0.88, RAYS)[:, None]
    starts = end.a + share * (end.b - end.a)
    far = _first_hits(starts, end.out, walls, reach)
    hit = far < reach
    if hit.mean() < 0.75:
        return None
    wide = float(np.median(far[hit]))
    even = np.abs(far - wide) < 0.25 * end.wide + 2
    if wide < max(4.0, 0.4 * end.wide) or even.mean() < 0.65:
        return None
    middle = (end.a + end.b) / 2 + wide * end.out
    other = _facing(end, middle, ends, wide)
    if other is not None:
        # Two pilasters that face each other across a room; between two jambs so far apart something is drawn.
        shallow = min(end.back / end.wide, other.back / other.wide) < 0.6 and wide > 2.5 * min(end.wide, other.wide)
        # Between columns one may pass, yet there is no door: they stand further apart than two of their diameters.
        shallow |= (end.is_pier or other.is_pier) and wide > 2.0 * max(end.wide, other.wide)
        c, d = (other.a, other.b) if _straight(end.b, other.a, end.a, other.b) else (other.b, other.a)
        corners = np.array([end.a, end.b, c, d])
        thick = min(end.wide, other.wide)
        fit = thick / max(end.wide, other.wide)
    else:
        if wide > WIDEST_AT_FLANK * max(thickness, end.wide) or end.back < 1.5 * end.wide:
            return None
        corners = np.array([end.a, end.b, end.b + wide * end.out, end.a + wide * end.out])
        thick, fit, shallow = end.wide, 0.75, False
        x, y = np.rint(middle + 2 * end.out).astype(int)
        if int(bodies[np.clip(y, 0, walls.shape[0] - 1), np.clip(x, 0, walls.shape[1] - 1)]) == 0:
            return None
        if np.abs(far - wide).max() > 0.2 * end.wide + 2.5:
            return None  # a flank that is met askew is another wall's, not this one's continuation
    return Gap(corners, wide, thick, fit, other is not None, shallow) if _is_clear(corners, walls, thick) else None


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
    a, b, c, d = gap.corners
    rows, columns = max(7, round(gap.thick)), max(9, round(gap.wide))
    v, u = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0.1, 0.9, columns), indexing="ij")
    points = (1 - v)[..., None] * ((1 - u)[..., None] * a + u[..., None] * d) + v[..., None] * (
        (1 - u)[..., None] * b + u[..., None] * c
    )
    patch = _at(ink.faint, points) > 0
    lines = patch.mean(1) > 0.6
    inner = lines[round(0.2 * rows) : round(0.8 * rows) + 1]
    is_hatched = 0.25 < patch[round(0.2 * rows) : round(0.8 * rows) + 1].mean() < 0.9
    return "window" if inner.any() or is_hatched else "door"
