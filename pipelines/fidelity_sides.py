"""An opening told by its four sides alone, for variants that fill it otherwise than the drawing: other bars, other surrounds.

Each side is a run of steep pixels across it. The pair of upright sides and the pair of level ones are looked for apart, near
where they were drawn; what lies inside and around is not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

Box = tuple[float, float, float, float]

SMOOTHING_PX = 1.0
MIDDLE = (0.2, 0.8)  # of a side: its ends meet heads, sills and corners
HEAD = (0.3, 0.7)  # of the upper and lower side: a round head is level in its middle only
USUAL = 0.6  # quantile over the drawn sides of how steep they are: what counts as fully there
THERE = 0.45  # of that, the mean of a pair of sides below which there is no opening
AS_GOOD = (0.8, 0.55)  # of the best place nearby, what the drawn place must reach: heads may lie in a cornice's shadow
STRETCHES = tuple(0.85 + 0.025 * step for step in range(13))  # of a size; beyond 15 % it is another opening


@dataclass(frozen=True, eq=False)
class Slopes:
    """How steep a picture is across upright edges (`x`) and level ones (`y`), float32 [H, W]; each the greatest within 1 px."""

    x: np.ndarray
    y: np.ndarray

    @classmethod
    def of(cls, image: np.ndarray) -> Slopes:
        """Measure uint8 [H, W, 3]; the steepest of the three channels of CIELAB counts."""
        lab = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32), (0, 0), SMOOTHING_PX)
        x, y = (np.abs(cv2.Sobel(lab, cv2.CV_32F, *way)).max(-1) for way in ((1, 0), (0, 1)))
        return cls(cv2.dilate(x, np.ones((1, 3), np.uint8)), cv2.dilate(y, np.ones((3, 1), np.uint8)))


@dataclass(frozen=True)
class Sides:
    """Where an opening's sides are: `box`, how much of them is there (0…1), and whether the drawn place is as good as any."""

    box: Box
    there: float
    is_kept: bool


def sides_of(image: np.ndarray, boxes: Sequence[Box], reaches: Sequence[tuple[int, int]], tolerance_px: float) -> list[Sides]:
    """Look for the sides of each box.

    Args:
        image: uint8 [H, W, 3].
        boxes: as drawn, x0, y0, x1, y1 in pixels.
        reaches: how far to look, x and y, for each.
        tolerance_px: how far a centre may be off, and half of it a side, to count as kept.
    """
    slopes = Slopes.of(image)
    profiles = [(_profile(slopes.x, box, 0), _profile(slopes.y, box, 1)) for box in boxes]
    usual = [_usual([pair[axis] for pair in profiles], [(box[axis], box[axis + 2]) for box in boxes]) for axis in (0, 1)]
    return [
        _looked_for(box, [pair[axis] / usual[axis] for axis in (0, 1)], reach, tolerance_px)
        for box, pair, reach in zip(boxes, profiles, reaches, strict=True)
    ]


def _profile(slope: np.ndarray, box: Box, axis: int) -> np.ndarray:
    """Mean slope over the middle of the sides at every column (axis 0) or row (axis 1)."""
    low, high = MIDDLE if axis == 0 else HEAD
    start, end = box[1 - axis], box[3 - axis]
    first, last = round(start + low * (end - start)), round(start + high * (end - start)) + 1
    strip = slope[max(0, first) : max(1, last)] if axis == 0 else slope[:, max(0, first) : max(1, last)]
    return strip.mean(axis)


def _usual(profiles: list[np.ndarray], pairs: list[tuple[float, float]]) -> float:
    """How steep the sides are where they were drawn, over all openings: most of them are kept."""
    found = [float(_at(one, np.array([side + step for step in (-1, 0, 1)])).max())
             for one, pair in zip(profiles, pairs, strict=True) for side in pair]  # fmt: skip
    return max(float(np.quantile(found, USUAL)), 1e-6)


def _looked_for(box: Box, profiles: list[np.ndarray], reach: tuple[int, int], tolerance_px: float) -> Sides:
    found, strengths, kept = list(box), [], []
    for axis, profile in enumerate(profiles):
        first, last = box[axis], box[axis + 2]
        middle, half = (first + last) / 2, (last - first) / 2
        shifts = np.arange(-reach[axis], reach[axis] + 0.5, 0.5)[:, None]
        factors = np.array(STRETCHES)[None]
        low, high = middle + shifts - half * factors, middle + shifts + half * factors
        pair = np.minimum(_at(profile, low), 1), np.minimum(_at(profile, high), 1)
        # both sides must be there: one strong edge, such as a quoin, is no opening
        score = 0.5 * (pair[0] + pair[1]) * np.sqrt(np.minimum(pair[0], pair[1]) / np.maximum(np.maximum(*pair), 1e-6))
        score = score - 1e-3 * np.abs(shifts) / max(reach[axis], 1)  # of equals, the nearest
        row, column = np.unravel_index(int(score.argmax()), score.shape)
        is_size = np.abs(factors - 1) * 2 * half <= max(3.0, 0.05 * 2 * half)
        plain = score if axis == 0 else 0.5 * (pair[0] + pair[1])
        near = plain[(np.abs(shifts) <= max(tolerance_px, 0.5)) & is_size]
        strengths.append(float(score[row, column]))
        kept.append(float(near.max()) >= max(THERE, AS_GOOD[axis] * strengths[-1]))
        if not kept[-1]:
            found[axis], found[axis + 2] = float(low[row, column]), float(high[row, column])
    return Sides((found[0], found[1], found[2], found[3]), min(strengths), all(kept))


def _at(profile: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The profile at places between its samples; 0 beyond its ends."""
    return np.interp(place, np.arange(len(profile)), profile, left=0.0, right=0.0)
