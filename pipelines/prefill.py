"""The harmonic prefill: the smoothest continuation of the known pixels into a hole, and what else the network is told.

A pyramid of masked averages gives a start at every scale; a few Jacobi sweeps per level bring it close to the solution of
Laplace's equation. Cheap, seamless and never wrong by much: the network only adds a residual to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

SWEEPS = 6  # 12 gain 0.02 dB and cost twice as much
COARSE = 8  # the factor at which wide holes are solved for the whole picture; also the network's stride
WINDOW_MARGIN_PX = 64  # beyond it a change of known pixels moves a window's fill by nothing: sweeps × (4 + 2 + 1) + resampling
MEAN_PX = 15  # side of the box in which the local mean is taken
DISTANCE_PX = 32  # distances to the edge of the hole are told up to here
_CROSS = np.array([[0, 0.25, 0], [0.25, 0, 0.25], [0, 0.25, 0]], np.float32)


@dataclass(frozen=True)
class Conditions:
    """What the network is told of one window.

    Attributes:
        fill: float32 [H, W, 3], 0…1: known pixels, and the prefill in the hole.
        mean: float32 [H, W, 3], 0…1: local mean of the known pixels.
        distance: float32 [H, W], 0…1: distance to the edge of the hole ÷ 32 px, 0 on known pixels.
    """

    fill: np.ndarray
    mean: np.ndarray
    distance: np.ndarray


def harmonic_fill(image: np.ndarray, hole: np.ndarray, sweeps: int = SWEEPS) -> np.ndarray:
    """Fill the hole of a whole (small) picture.

    Args:
        image: float32 [H, W, 3]; what stands in the hole is ignored.
        hole: bool [H, W], True where pixels are unknown; not everywhere.
        sweeps: Jacobi sweeps per level.

    Returns:
        float32 [H, W, 3], equal to `image` outside the hole.
    """
    if hole.all():
        raise ValueError("a hole as large as the picture leaves nothing to continue")
    levels = [(image * ~hole[..., None], (~hole).astype(np.float32))]
    while min(levels[-1][1].shape) > 4 or (levels[-1][1].min() == 0 and max(levels[-1][1].shape) > 1):
        levels.append(_halved(*levels[-1]))
    values, known = levels.pop()
    filled = _refined(values, known < 0.5, None, sweeps)
    for values, known in reversed(levels):
        filled = _refined(values, known < 0.5, filled, sweeps)
    return filled


def coarse_fill(pixels: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Solve the whole picture at 1/8 of its size, so that windows agree on what stands in the middle of wide holes.

    Args:
        pixels: uint8 or uint16 [H, W, 3]; read in strips, so that no float copy of a large scan is made.
        hole: bool [H, W].

    Returns:
        float32 [⌈H/8⌉, ⌈W/8⌉, 3], 0…1.
    """
    height, width = hole.shape
    rows, columns = -(-height // COARSE), -(-width // COARSE)
    values, known = np.zeros((rows, columns, 3), np.float32), np.zeros((rows, columns), np.float32)
    for row in range(rows):
        strip = slice(row * COARSE, min(height, (row + 1) * COARSE))
        sure = np.zeros((COARSE, columns * COARSE), np.float32)
        sure[: strip.stop - strip.start, :width] = ~hole[strip]
        ink = np.zeros((COARSE, columns * COARSE, 3), np.float32)
        ink[: strip.stop - strip.start, :width] = pixels[strip]
        weight = sure.reshape(COARSE, columns, COARSE).sum((0, 2))
        total = (ink * sure[..., None]).reshape(COARSE, columns, COARSE, 3).sum((0, 2))
        values[row] = total / np.maximum(weight, 1)[:, None] / np.iinfo(pixels.dtype).max
        known[row] = weight
    return harmonic_fill(values, known == 0)


def window_fill(image: np.ndarray, hole: np.ndarray, coarse: np.ndarray, sweeps: int = SWEEPS) -> np.ndarray:
    """Fill the hole of a window from the coarse solution of the whole picture.

    The answer at a pixel does not depend on the window, once the window reaches `WINDOW_MARGIN_PX` beyond it and starts on
    a multiple of 8.

    Args:
        image: float32 [H, W, 3], H and W multiples of 8.
        hole: bool [H, W].
        coarse: float32 [H/8, W/8, 3], the same window of `coarse_fill`.
        sweeps: Jacobi sweeps per level.

    Returns:
        float32 [H, W, 3], equal to `image` outside the hole.
    """
    levels = [(image * ~hole[..., None], (~hole).astype(np.float32))]
    for _ in range(2):
        levels.append(_halved(*levels[-1]))
    filled = coarse
    for values, known in reversed(levels):
        filled = _refined(values, known < 0.5, filled, sweeps)
    return filled


def conditions(image: np.ndarray, hole: np.ndarray, coarse: np.ndarray | None = None) -> Conditions:
    """Prefill, local mean and distance of a window. The hole is destroyed first: nothing under it can leak.

    Args:
        image: float32 [H, W, 3], 0…1.
        hole: bool [H, W].
        coarse: the window of `coarse_fill`; None solves the window as a picture of its own.
    """
    damaged = np.where(hole[..., None], np.float32(0.5), image).astype(np.float32)
    fill = harmonic_fill(damaged, hole) if coarse is None else window_fill(damaged, hole, coarse)
    return given_fill(damaged, hole, np.clip(fill, 0, 1))


def given_fill(image: np.ndarray, hole: np.ndarray, fill: np.ndarray) -> Conditions:
    """The conditions for a prefill that is already there, such as the flattened tones of a drawing.

    Args:
        image: float32 [H, W, 3], 0…1.
        hole: bool [H, W]; may be True everywhere.
        fill: float32 [H, W, 3], 0…1.
    """
    known, box = (~hole).astype(np.float32), (MEAN_PX, MEAN_PX)
    weight = cv2.blur(known, box)[..., None]
    mean = cv2.blur(image * known[..., None], box) / (weight + 1e-3)
    mean = np.where(weight < 0.05, cv2.blur(fill, box), mean).astype(np.float32)
    if hole.all():
        distance = np.ones(hole.shape, np.float32)
    else:
        distance = (np.minimum(np.asarray(distance_transform_edt(hole)), DISTANCE_PX) / DISTANCE_PX).astype(np.float32)
    return Conditions(fill.astype(np.float32), mean, distance)


def _halved(values: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average of the known pixels in blocks of 2 × 2, and where there was one."""
    odd = ((0, known.shape[0] % 2), (0, known.shape[1] % 2))
    size = ((known.shape[1] + 1) // 2, (known.shape[0] + 1) // 2)
    weight = cv2.resize(np.pad(known, odd), size, interpolation=cv2.INTER_AREA)
    half = cv2.resize(np.pad(values * known[..., None], (*odd, (0, 0))), size, interpolation=cv2.INTER_AREA)
    return half / np.maximum(weight, 1e-6)[..., None], (weight > 0).astype(np.float32)


def _refined(values: np.ndarray, lost: np.ndarray, coarser: np.ndarray | None, sweeps: int) -> np.ndarray:
    """One level: start from the coarser level (or the mean), keep what is known, relax what is lost."""
    size = lost.shape[::-1]
    start = values[~lost].mean(0) if coarser is None else cv2.resize(coarser, size, interpolation=cv2.INTER_LINEAR)
    lost = lost[..., None]
    filled = np.where(lost, start, values).astype(np.float32)
    for _ in range(sweeps if lost.any() else 0):
        filled += lost * (cv2.filter2D(filled, -1, _CROSS, borderType=cv2.BORDER_REPLICATE) - filled)
    return filled
