"""The picture as the watermark sees it: grey, at a size tied to its own long side, flattened, and cut into half tiles."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from provenance.lattice import FASTEST, TILE, Lattice

HALF = TILE // 2
STRIP = 1024  # rows that are converted at once, to keep big pictures out of float

_CELLS = np.arange(HALF)
_DOWN = np.exp(-2j * np.pi * np.outer(np.arange(FASTEST + 1), _CELLS) / TILE).astype(np.complex64)  # [FASTEST + 1, HALF]
_ANGLES = -2 * np.pi * np.outer(_CELLS, np.arange(-FASTEST, FASTEST + 1)) / TILE  # [HALF, 2·FASTEST + 1]
_ACROSS_PARTS = np.concatenate([np.cos(_ANGLES), np.sin(_ANGLES)], 1).astype(np.float32)


def luma(pixels: np.ndarray) -> np.ndarray:
    """Grey levels float32 [H, W], 0…255, of uint8 or uint16 pixels [H, W], [H, W, 3] or [H, W, 4]."""
    scale = np.float32(255.0 / np.iinfo(pixels.dtype).max)
    out = np.zeros(pixels.shape[:2], np.float32)
    weights = np.array([[0.299, 0.587, 0.114]], np.float32) * scale
    for top in range(0, len(pixels), STRIP):
        strip = pixels[top : top + STRIP]
        if strip.ndim == 2:
            out[top : top + STRIP] = strip.astype(np.float32) * scale
        else:
            out[top : top + STRIP] = cv2.transform(strip[..., :3].astype(np.float32), weights)
    return out


def view(grey: np.ndarray, tiles: int) -> np.ndarray:
    """`grey` resized so that its long side holds `tiles` tiles: any uniformly resized copy gives the same view."""
    h, w = grey.shape
    scale = TILE * tiles / max(h, w)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    # without an antialiased reduction the mark is silently lost in it
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)


def visibility(grey: np.ndarray) -> np.ndarray:
    """Amplitude in grey levels that texture hides; the smaller of two windows, so that edges do not ring into flats."""
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 2.5)
    energy = fine * fine
    near = cv2.GaussianBlur(energy, (0, 0), 3.0)
    wide = cv2.GaussianBlur(energy, (0, 0), 9.0)
    return np.clip(1.1 + 0.16 * np.sqrt(np.maximum(np.minimum(near, wide), 0.0)), 1.1, 5.0)


def whiten(grey: np.ndarray) -> np.ndarray:
    """Fine structure divided by its local deviation, clipped: strong edges must not outvote the mark."""
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 4.0)
    fine -= 0.5 * cv2.GaussianBlur(fine, (0, 0), 1.5)
    spread = np.sqrt(np.maximum(cv2.GaussianBlur(fine * fine, (0, 0), 8.0), 0.0))
    return np.clip(fine / (spread + 1.0), -2.5, 2.5)


@dataclass(frozen=True)
class Window:
    """A rectangle of half tiles, [top, bottom) × [left, right), and how clearly the mark's key shows in it."""

    score: float
    top: int
    bottom: int
    left: int
    right: int

    def overlap(self, other: Window) -> float:
        """Shared area as a share of the joint area."""
        h = max(0, min(self.bottom, other.bottom) - max(self.top, other.top))
        w = max(0, min(self.right, other.right) - max(self.left, other.left))
        joint = sum((a.bottom - a.top) * (a.right - a.left) for a in (self, other)) - h * w
        return h * w / joint


class HalfTiles:
    """The spectrum of every half tile of a whitened view at the lattice's points.

    The spectrum of a window that lies on the half-tile grid is the sum over its half tiles, so that thousands of windows cost
    one addition each.

    Attributes:
        coefficients: complex64 [rows, columns, P], scaled to unit power ring by ring, outliers clipped.
    """

    def __init__(self, lattice: Lattice, whitened: np.ndarray):
        rows, columns = (max(2, -(-n // HALF)) for n in whitened.shape)
        padded = np.zeros((rows * HALF, columns * HALF), np.float32)
        padded[: whitened.shape[0], : whitened.shape[1]] = whitened
        v, u = lattice.points.T
        self.coefficients = np.zeros((rows, columns, len(v)), np.complex64)
        for row in range(rows):
            blocks = padded[row * HALF : (row + 1) * HALF].reshape(HALF, columns, HALF).transpose(1, 0, 2)
            across = blocks @ _ACROSS_PARTS
            width = across.shape[2] // 2
            spectrum = _DOWN @ (across[..., :width] + 1j * across[..., width:])  # [columns, v, u]
            self.coefficients[row] = spectrum[:, v, u + FASTEST]
        # the second half of a tile starts half a period later
        self.coefficients[1::2] *= np.where(v % 2, -1.0, 1.0).astype(np.float32)
        self.coefficients[:, 1::2] *= np.where(u % 2, -1.0, 1.0).astype(np.float32)
        self._normalise(np.hypot(u, v).astype(int))
        n = lattice.synchronising
        expected = (lattice.phases.conj() * lattice.amplitudes)[:n].astype(np.complex64)
        self._sync = (self.coefficients[..., :n] @ expected).real
        self._noise = (abs(self.coefficients[..., :n]) ** 2 @ (lattice.amplitudes[:n] ** 2).astype(np.float32)) / 2

    def _normalise(self, rings: np.ndarray) -> None:
        power = (abs(self.coefficients) ** 2).mean((0, 1))
        ring_power = np.bincount(rings, power) / np.maximum(np.bincount(rings), 1)
        self.coefficients /= np.sqrt(ring_power + 1e-9)[rings].astype(np.float32)
        self.coefficients /= np.maximum(1.0, abs(self.coefficients) / 2.5)

    def total(self, window: Window) -> np.ndarray:
        """Coefficients of a window, complex [P]."""
        return self.coefficients[window.top : window.bottom, window.left : window.right].sum((0, 1))

    def whole(self) -> Window:
        """The window of the whole view."""
        rows, columns = self._sync.shape
        score = float(self._sync.sum() / np.sqrt(self._noise.sum() + 1e-9))
        return Window(score, 0, rows, 0, columns)

    def best_windows(self, least_score: float, count: int) -> list[Window]:
        """Up to `count` windows, at least one tile on a side, in which the synchronising part shows best; best first.

        The tile grid is taken to begin at the picture's corner. Scores are in standard deviations.
        """
        sync, noise = _integral(self._sync), _integral(self._noise)
        rows, columns = self._sync.shape
        found = [self.whole()]
        for h in _sides(rows):
            for w in _sides(columns):
                score = _sums(sync, h, w) / np.sqrt(_sums(noise, h, w) + 1e-9)
                for at in np.argsort(score, axis=None)[-3:]:
                    i, j = np.unravel_index(at, score.shape)
                    found.append(Window(float(score[i, j]), int(i), int(i) + h, int(j), int(j) + w))
        chosen: list[Window] = []
        for window in sorted(found, key=lambda f: -f.score):
            if window.score < least_score or len(chosen) == count:
                break
            if all(window.overlap(c) < 0.7 for c in chosen):
                chosen.append(window)
        return chosen


def _sides(length: int) -> list[int]:
    return sorted({n for n in (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48) if n < length} | {length})


def _integral(values: np.ndarray) -> np.ndarray:
    return np.pad(values.astype(np.float64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)


def _sums(integral: np.ndarray, h: int, w: int) -> np.ndarray:
    return integral[h:, w:] - integral[:-h, w:] - integral[h:, :-w] + integral[:-h, :-w]
