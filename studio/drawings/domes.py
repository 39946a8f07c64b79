"""Domes: where the outline of an elevation or of a section ends in a round head, and where on the plan such a head stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

# The thresholds were set while looking at the sheets of St. Irene, of Mirzapore, and of the houses of Epidius and of the Faun.
CELLS = 20.0  # per metre: finer than a line of a drawing of this size is drawn
REACH = 0.012  # of an outline's length: readings straighten outlines by up to eight thousandths
Heights = tuple[np.ndarray, float]
FINIAL = 0.02  # of the outline's length: what is narrower is a finial, a chimney or a turret's spike
STEP_M, LOOSE_M = 0.05, 0.3  # an outline is measured at levels so far apart, and its middle wavers so much at a finial
SMALLEST = 0.03  # of the outline's length: a smaller round head is a turret or an ornament, and 1 m in any building
FLATTEST, STEEPEST = 0.3, 4.0  # square of width over height: a circle has 1, whatever part of it is seen; a gable has none
EVEN = 0.07  # of a head's half width: how far its outline may lie from a round one
ASKEW = 0.12  # of its half width: how far the middle of a level may lie beside the axis
BOTH = 2.2  # a flank is followed alone out to so many times the half width at which both were last seen
UPRIGHT, SPAN = 0.02, 0.15  # what widens by less over so much height, both of the half width, stands upright
SHELF = 1.2  # a level so much wider than the one above lies on the roof, and no more on the head
NARROW, AWAY = 0.6, 0.1  # of the half width: the highest level; of its height: a crown above all that is drawn
LOWEST = 0.3  # of the crown's height: nothing that springs lower is a dome upon a building
LOW, HIGH = 0.25, 1.6  # of the half width: how high a head rises above its springing


@dataclass(frozen=True)
class RoundHead:
    """A round head on an outline, metres.

    Attributes:
        middle: u of its axis. radius: half its width at the springing. crown, spring: heights.
        foot: height down to which it goes on upright as a drum; the springing where there is none.
        drum: half the width of that drum.
    """

    middle: float
    radius: float
    crown: float
    spring: float
    foot: float
    drum: float


def round_heads(heights: np.ndarray) -> list[RoundHead]:
    """Round heads of an outline, from left to right; `middle` counts from its first cell.

    A level of a circle has half the width w with w² = R² − (z − z₀)²: a parabola in z that bends down. A gable's bends up, and
    a hipped roof's, too: that is how domes are told from roofs. The crown is where the parabola ends, not where a finial does.

    Args:
        heights: float64 [N], metres, CELLS to a metre along the outline.
    """
    z = _without_finials(heights)
    found: list[RoundHead] = []
    free = np.ones(len(z), bool)
    for top in _tops(z):
        head = _head(z, top) if free[top] else None
        if head is not None:
            low, high = (round((head.middle + s * head.radius) * CELLS) for s in (-1, 1))
            free[max(0, low) : high] = False
            found.append(head)
    return sorted(found, key=lambda h: h.middle)


def drawn_heights(points: np.ndarray, picture: np.ndarray, metres: Callable[[float, float], tuple[float, float]]) -> Heights:
    """Height of an outline in each cell, as drawn: a reading keeps its corners, and a dome is nothing but small corners.

    In each column the first ink within reach of the line that was read; where there is none, the line itself.

    Args:
        points: float64 [N, 2], the outline in pixels of `picture` (uint8 [H, W] or [H, W, 3]); from left to right, or around.
        metres: u and z of a pixel.
    Returns: float64 [N], metres, CELLS to a metre; and u of the first.
    """
    tops = _column_tops(np.asarray(points, np.float64))
    gray = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    ink = gray < cv2.threshold(gray, 0, 255, cv2.THRESH_OTSU)[0]
    first = int(np.ceil(points[:, 0].min()))
    reach = max(3, round(REACH * max(np.ptp(points[:, 0]), np.ptp(points[:, 1]))))
    z = np.empty(len(tops))
    for i, row in enumerate(tops):
        low, high = max(0, round(row) - reach), min(len(ink), round(row) + reach)
        column = ink[low:high, min(first + i, ink.shape[1] - 1)]
        z[i] = metres(0, low + int(column.argmax()) if column.any() else row)[1]
    u0, u1 = metres(first, 0)[0], metres(first + len(z) - 1, 0)[0]
    count = max(2, round((u1 - u0) * CELLS))
    return np.interp(np.linspace(0, len(z) - 1, count), np.arange(len(z)), np.maximum(z, 0.0)), u0


def _column_tops(points: np.ndarray) -> np.ndarray:
    """Highest row of an outline in every column from its first to its last, float64 [N], pixels."""
    first, last = int(np.ceil(points[:, 0].min())), int(points[:, 0].max())
    tops = np.full(last - first + 1, np.inf)
    for (x0, y0), (x1, y1) in pairwise(points):
        a, b = sorted(((x0, y0), (x1, y1)))
        columns = np.arange(max(first, int(np.ceil(a[0]))), min(last, int(b[0])) + 1)
        if len(columns):
            rows = np.interp(columns, (a[0], b[0]), (a[1], b[1])) if b[0] > a[0] else np.full(len(columns), min(a[1], b[1]))
            tops[columns - first] = np.minimum(tops[columns - first], rows)
    known = np.flatnonzero(np.isfinite(tops))
    return np.interp(np.arange(len(tops)), known, tops[known])


def _without_finials(z: np.ndarray) -> np.ndarray:
    """Heights less what is narrower than a finial, gaps of the outline first."""
    wide = max(3, round(FINIAL * len(z))) | 1
    row = cv2.copyMakeBorder(z.astype(np.float32)[None], 0, 0, wide, wide, cv2.BORDER_REPLICATE)
    for step in (cv2.MORPH_CLOSE, cv2.MORPH_OPEN):
        row = cv2.morphologyEx(row, step, np.ones((1, wide), np.uint8))
    return row[0, wide:-wide].astype(np.float64)


def _tops(z: np.ndarray) -> list[int]:
    """Cells in the middle of each level stretch that falls to both sides, the highest first."""
    edges = np.flatnonzero(np.diff(z)) + 1
    starts, ends = np.r_[0, edges], np.r_[edges, len(z)]
    level = z[starts]
    before, after = np.r_[-1.0, level[:-1]], np.r_[level[1:], -1.0]
    peaks = np.flatnonzero((level > before) & (level > after))
    return [int((starts[i] + ends[i] - 1) // 2) for i in peaks[np.argsort(-level[peaks])]]


def _head(z: np.ndarray, top: int) -> RoundHead | None:
    """The largest round head around one top of an outline, or None."""
    levels, halves, middles, even = _levels(z, top)
    smallest = max(1.0, SMALLEST * len(z) / CELLS)
    best: tuple[int, np.ndarray] | None = None
    for last in range(8, len(levels)):
        wide = halves[last]
        if wide < smallest:
            continue
        seen = (halves[: last + 1] > 0.3 * wide) & (np.arange(last + 1) <= last)
        if seen.sum() < 6:
            continue
        a, b, m = (each[: last + 1][seen] for each in (levels, halves, middles))
        if np.abs(m - np.median(m)).max() > ASKEW * wide:
            continue
        curve = np.polyfit(a, b**2, 2)
        if not FLATTEST < -curve[0] < STEEPEST:
            continue
        off = np.abs(np.sqrt(np.clip(np.polyval(curve, a), 0, None)) - b).max()
        crown = float(np.max(np.roots(curve).real))
        rise = crown - a[-1]
        # a level top is a roof's ridge, and no crown is where the drawing has nothing
        if b.min() > NARROW * wide or crown > z[top] + AWAY * rise + STEP_M or a[-1] < LOWEST * crown:
            continue
        if off < EVEN * wide and LOW * wide < rise < HIGH * wide:
            best = (last, curve)
    if best is None:
        return None
    last, curve = best
    span = max(6, round(SPAN * halves[last] / STEP_M))
    while last > span + 6 and halves[last] - halves[last - span] < UPRIGHT * halves[last]:
        last -= 1  # upright already: the drum
    foot, usual = last, float(halves[last])
    while foot + 1 < max(even, last) and halves[foot + 1] < SHELF * usual:
        foot += 1
        usual = max(usual, float(np.median(halves[last : foot + 1])))  # a drum may be as wide as the eaves of its dome
    drum = float(np.median(halves[last : foot + 1]))
    middle = float(np.median(middles[: last + 1][halves[: last + 1] > 0.5 * halves[last]]))
    return RoundHead(
        middle, float(halves[last]), float(np.max(np.roots(curve).real)), float(levels[last]), float(levels[foot]), drum
    )


def _levels(z: np.ndarray, top: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Heights from one top downwards, with half the width of the outline there and its middle, metres; how many are even.

    Where one flank comes to a taller part of the building the other one alone counts, measured from the axis so far.
    """
    levels, halves, middles = [], [], []
    is_even, even, count = True, 0.0, 0
    for level in np.arange(z[top] - STEP_M / 2, 0.0, -STEP_M):
        over = z >= level
        left = top - int(np.argmin(over[top::-1])) + 0.5 if not over[: top + 1].all() else 0.0
        right = top + int(np.argmin(over[top:])) - 0.5 if not over[top:].all() else float(len(z))
        half, middle = (right - left) / 2 / CELLS, (left + right) / 2 / CELLS
        if is_even and halves and abs(middle - middles[-1]) > ASKEW * half + LOOSE_M:
            is_even = False
        if not is_even:
            middle = float(np.median(middles))
            half = min(middle - left / CELLS, right / CELLS - middle)
            if half > BOTH * even:
                break
        else:
            even, count = half, count + 1
        levels.append(float(level))
        halves.append(half)
        middles.append(middle)
    return np.array(levels), np.array(halves), np.array(middles), count
