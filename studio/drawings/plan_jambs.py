"""Jambs of a plan: edges of walls, as long as a wall is thick, between two outward corners or at a mitre."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.paper import highest
from studio.drawings.plan_columns import columns


@dataclass(frozen=True, eq=False)
class End:
    """The end of a wall.

    Attributes:
        a, b: its two corners; out: the direction out of the wall; back: how far the wall runs back, pixels.
        body: label of the body it belongs to; is_pier: that body is no longer than it is thick.
        is_mitred: one of the wall's faces turns right behind the end, as at the corner of a canted bay.
        is_column: that body stands alone and is as wide as it is long.
        is_crumb: that body is smaller than a piece of wall half as long as it is thick, or thin and ragged: mullions, letters,
            tufts of a garden.
    """

    a: np.ndarray
    b: np.ndarray
    out: np.ndarray
    back: float
    body: int
    is_pier: bool
    is_column: bool
    is_crumb: bool
    is_mitred: bool

    @property
    def wide(self) -> float:
        """Thickness of the wall here, pixels."""
        return float(np.hypot(*(self.b - self.a)))


def jambs(walls: np.ndarray, thickness: float) -> tuple[list[End], np.ndarray]:
    """Every edge that could be a jamb, and the bodies' labels."""
    _, bodies, stats, _ = cv2.connectedComponentsWithStats(walls)
    is_column = np.zeros(len(stats), bool)
    for column in columns(walls, thickness):
        x, y = (round(v) for v in column.center)
        is_column[bodies[y, x]] = True
    is_pier = np.maximum(stats[:, 2], stats[:, 3]) < 1.7 * np.minimum(np.minimum(stats[:, 2], stats[:, 3]), 1.5 * thickness)
    inscribed = highest(cv2.distanceTransform(walls, cv2.DIST_L2, 5), bodies, len(stats))
    ragged = (2 * inscribed < 0.55 * thickness) & (stats[:, 4] < 0.6 * stats[:, 2] * stats[:, 3])  # an oblique partition too
    is_crumb = (stats[:, 4] < 0.5 * thickness * thickness) | ragged
    contours, _ = cv2.findContours(walls, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    epsilon = float(np.clip(0.08 * thickness, 1.6, 3.2))
    ends = []
    for contour in contours:
        if len(contour) < 8:
            continue
        corners = _without_chamfers(_sharp(contour, epsilon), 0.28 * thickness)
        if len(corners) < 4:
            continue
        found = _ends_of(corners, walls, bodies, thickness, (is_pier, is_column, is_crumb))
        ends += [end for end in found if not (end.is_mitred and end.is_column)]  # a disc turns behind every side
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


def _ends_of(
    corners: np.ndarray, walls: np.ndarray, bodies: np.ndarray, thickness: float, kinds: tuple[np.ndarray, ...]
) -> list[End]:
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
        # Both neighbours run back into the wall, within 40°: an outward corner on either side; one, within 65°, at a mitre.
        if max(leaning) < 0.75 or min(leaning) < 0.42:
            continue
        is_mitred = min(leaning) < 0.75
        runs = [length * lean for length, lean in zip(lengths, leaning, strict=True)]
        back = max(runs) if is_mitred else min(runs)
        if back < max(2.0, 0.12 * wide):
            continue
        body = int(bodies[y, x])
        is_pier, is_column, is_crumb = (bool(kind[body]) for kind in kinds)
        ends.append(End(a, b, _out(normal, wide, sides, lengths), back, body, is_pier, is_column, is_crumb, is_mitred))
    return ends


def _out(normal: np.ndarray, wide: float, sides: tuple[np.ndarray, ...], lengths: list[float]) -> np.ndarray:
    """The direction out of a wall: that of its long faces, which a pixel tilts less than it tilts the short end."""
    direction = wide * normal
    for side, length in zip(sides, lengths, strict=True):
        if length > wide and float(side @ -normal) > 0.97 * length:  # within 14°: beyond, the jamb is splayed, not tilted
            direction = direction - 3 * side
    return direction / np.hypot(*direction)
