"""From brightness to height: averaged down, light evened out, noise smoothed within even areas and kept at edges."""

from __future__ import annotations

import numpy as np


def heights(brightness: np.ndarray, *, invert: bool = False, noise: float = 0.05) -> np.ndarray:
    """Heights 0…1 from brightness.

    Args:
        brightness: float [R, C], 0…1.
        invert: dark becomes high.
        noise: differences below this count as grain of paper and sensor and are smoothed away.
    Returns: float64 [R, C], 0 at the lowest half per cent, 1 at the highest; all 0 for an even picture.
    """
    even = brightness - _illumination(brightness)
    if invert:
        even = -even
    radius = max(1, round(max(even.shape) / 160))
    smooth = _guided(_guided(even, radius, noise), max(1, radius // 2), noise / 2)
    low, high = np.percentile(smooth, (0.5, 99.5))
    if high - low < 2 * noise / 5:
        return np.zeros_like(smooth)
    return np.clip((smooth - low) / (high - low), 0.0, 1.0)


def resampled(image: np.ndarray, rows: int, cols: int) -> np.ndarray:
    """float64 [rows, cols, …]: exact area means of `image` [H, W, …] over a grid of equal cells."""
    return _along(np.swapaxes(_along(np.swapaxes(image, 0, 1), cols), 0, 1), rows)


def worst_in_cells(levels: np.ndarray, rows: int, cols: int) -> np.ndarray:
    """uint8 [rows, cols]: the highest value of `levels` [H, W] in each cell, so that no small patch is averaged away."""
    starts = [np.arange(n) * size // n for n, size in ((rows, levels.shape[0]), (cols, levels.shape[1]))]
    return np.maximum.reduceat(np.maximum.reduceat(levels, starts[0], axis=0), starts[1], axis=1)


def _along(image: np.ndarray, count: int) -> np.ndarray:
    """Means over `count` equal stretches of the first axis, in strips of the second: a large scan needs no large copy."""
    size = len(image)
    if count == size:
        return np.asarray(image, np.float64)
    edges = np.linspace(0, size, count + 1)
    whole = np.minimum(edges.astype(int), size - 1)
    part = (edges - whole).reshape(-1, *[1] * (image.ndim - 1))
    means = np.empty((count, *image.shape[1:]))
    for at in range(0, image.shape[1], 256):
        strip = image[:, at : at + 256]
        total = np.concatenate([np.zeros((1, *strip.shape[1:])), np.cumsum(strip, axis=0, dtype=np.float64)])
        reached = total[whole] * (1 - part) + total[whole + 1] * part
        means[:, at : at + 256] = np.diff(reached, axis=0) * (count / size)
    return means


def _illumination(brightness: np.ndarray) -> np.ndarray:
    """The quadratic surface that the ground lies on, less its constant: uneven light and yellowed margins, no figure's form.

    Least squares alone would bend around whatever stands in the middle, so what lies far from the surface loses its say.
    """
    y, x = np.linspace(-1, 1, brightness.shape[0])[:, None], np.linspace(-1, 1, brightness.shape[1])[None, :]
    step = max(1, round((brightness.size / 20_000) ** 0.5))
    told = brightness[::step, ::step].ravel()
    terms = (1.0, x, y, x * x, x * y, y * y)
    seen = np.stack([np.broadcast_to(term, brightness.shape)[::step, ::step].ravel() for term in terms])
    surface = np.array([np.median(told), 0, 0, 0, 0, 0])
    for _ in range(12):
        # einsum and not @: a matrix this thin gains nothing from BLAS, whose threads get in each other's way on a busy machine.
        away = told - np.einsum("in,i->n", seen, surface)
        spread = max(float(np.median(np.abs(away))), 0.02)
        heard = seen / (1 + (away / spread) ** 2) ** 2
        surface = np.linalg.lstsq(np.einsum("in,jn->ij", heard, seen), np.einsum("in,n->i", heard, told), rcond=None)[0]
    _, a, b, c, d, e = surface
    return a * x + b * y + c * x * x + d * x * y + e * y * y


def _guided(image: np.ndarray, radius: int, noise: float) -> np.ndarray:
    """Guided filter with the image as its own guide. Source: He, Sun, Tang 2013."""
    mean = _box_mean(image, radius)
    variance = np.maximum(_box_mean(image * image, radius) - mean * mean, 0.0)
    gain = variance / (variance + noise * noise)
    return _box_mean(gain, radius) * image + _box_mean((1 - gain) * mean, radius)


def _box_mean(image: np.ndarray, radius: int) -> np.ndarray:
    """Mean over a square of side 2 · radius + 1; the border repeats its last pixel."""
    for axis in (0, 1):
        widths = [(0, 0), (0, 0)]
        widths[axis] = (radius + 1, radius)
        total = np.cumsum(np.pad(image, widths, mode="edge"), axis=axis)
        ahead, behind = [slice(None)] * 2, [slice(None)] * 2
        ahead[axis], behind[axis] = slice(2 * radius + 1, None), slice(None, -2 * radius - 1)
        image = (total[tuple(ahead)] - total[tuple(behind)]) / (2 * radius + 1)
    return image
