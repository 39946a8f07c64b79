"""Finding the mark in a copy that was cropped, turned or resized: where does its period show, and at which shift?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from provenance.lattice import TILE, Lattice

_F = np.fft.fftfreq(TILE) * TILE
_RINGS = np.hypot(_F[:, None], _F[None]).astype(int)
_NEIGHBOURS = ((1, 0), (0, 1), (1, 1), (1, -1), (2, 0), (0, 2), (2, 1), (1, 2), (2, -1), (1, -2))
HOPELESS = 5.2  # standard deviations that chance alone reaches when climbing
SYMMETRIES = range(8)  # four quarter turns, and the same mirrored


@dataclass(frozen=True)
class Peak:
    """Where the synchronising part fits best: `score` in standard deviations, `coefficients` complex [P] laid at the origin."""

    score: float
    symmetry: int
    coefficients: np.ndarray


def turned(image: np.ndarray, symmetry: int) -> np.ndarray:
    """`image` under one of the eight symmetries of the square."""
    return np.ascontiguousarray(np.rot90(image[:, ::-1] if symmetry >= 4 else image, symmetry % 4))


def fold(whitened: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Sum of all periods, float [TILE, TILE]. `matrix` (2, 2) maps (across, down) cells to pixels of the view."""
    h, w = whitened.shape
    corners = np.linalg.inv(matrix) @ np.array([[0, w, 0, w], [0, 0, h, h]], float)
    low = corners.min(1)
    columns, rows = np.ceil((corners.max(1) - low) / TILE).astype(int) * TILE
    m = np.hstack([matrix, (matrix @ low)[:, None]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cells = cv2.warpAffine(whitened, m, (int(columns), int(rows)), flags=flags)
    return cells.reshape(rows // TILE, TILE, columns // TILE, TILE).sum((0, 2))


def synchronise(lattice: Lattice, tile: np.ndarray, symmetries: Sequence[int] = SYMMETRIES) -> Peak:
    """The best shift of a folded tile over the given symmetries."""
    n = lattice.synchronising
    v, u = lattice.points[:n].T
    expected = (lattice.phases.conj() * lattice.amplitudes)[:n]
    right, left = u > 0, u < 0
    found = []
    for symmetry in symmetries:
        spectrum = _ring_normalised(np.fft.fft2(turned(tile, symmetry)))
        cross = np.zeros((TILE, TILE // 2 + 1), complex)
        products = spectrum[v, u] * expected
        cross[v[right], u[right]] = products[right]
        cross[-v[left], -u[left]] = products[left].conj()
        correlation = np.fft.irfft2(cross, (TILE, TILE))
        found.append((float(correlation.max() / (correlation.std() + 1e-12)), symmetry, spectrum, correlation))
    score, symmetry, spectrum, correlation = max(found, key=lambda f: f[0])
    v, u = lattice.points.T
    return Peak(score, symmetry, lattice.shifted(spectrum[v, u], _sub_cell_peak(correlation)))


def refine(lattice: Lattice, whitened: np.ndarray, matrix: np.ndarray, peak: Peak) -> tuple[np.ndarray, Peak]:
    """Climb to the scale, angle and stretch at which the key shows best; gives up early where nothing rises."""
    moves = (np.eye(2), np.array([[0, -1], [1, 0]]), np.diag([1, -1]), np.array([[0, 1], [1, 0]]))
    step = 0.002
    while step > 0.0003 and (step > 0.001 or peak.score > HOPELESS):
        improved = False
        for move in moves:
            for sign in (1, -1):
                trial = matrix @ (np.eye(2) + sign * step * move)
                found = synchronise(lattice, fold(whitened, trial), (peak.symmetry,))
                if found.score > peak.score:
                    matrix, peak, improved = trial, found, True
                    break
        if not improved:
            step /= 2
    return matrix, peak


def periods(whitened: np.ndarray, upright: int = 10, turned_: int = 14, scales=(0.3, 3.2)) -> list[np.ndarray]:
    """Likely matrices for `fold`, from lattice peaks of the autocorrelation: first some without rotation, then any."""
    correlation = _Autocorrelation.of(whitened)
    sizes = np.exp(np.arange(np.log(scales[0]), np.log(scales[1]), 0.006))
    angles = np.radians(np.arange(0, 90, 0.4))
    s, a = (g.astype(np.float32) for g in np.meshgrid(sizes, angles, indexing="ij"))
    score = correlation.score(s, a)
    near_upright = np.zeros(len(angles), bool)
    near_upright[[0, 1, 2, -2, -1]] = True
    first = _peaks(np.where(near_upright, score, -np.inf), upright)
    chosen = first + [p for p in _peaks(score, turned_) if p not in first]
    return [_matrix(*correlation.finer(sizes[i], angles[j])) for i, j in chosen]


def _matrix(scale: float, angle: float) -> np.ndarray:
    return scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@dataclass(frozen=True)
class _Autocorrelation:
    """`values` float32 [n, n] around `centre`, in deviations, of a view of `shape`."""

    values: np.ndarray
    centre: int
    shape: tuple[int, int]

    @classmethod
    def of(cls, whitened: np.ndarray) -> _Autocorrelation:
        h, w = whitened.shape
        n = cv2.getOptimalDFTSize(max(h, w) + min(h, w) // 2)
        window = np.outer(np.hanning(h), np.hanning(w)).astype(np.float32)
        power = (abs(np.fft.rfft2(whitened * window, (n, n))) ** 2).astype(np.float32)
        power = np.minimum(power / (cv2.blur(power, (31, 31)) + 1e-9), 6.0)
        fy, fx = np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None]
        radius = np.hypot(fy, fx)
        power = (power - 1) * ((radius > 0.012) & (radius < 0.45) & (abs(fy) > 0.004) & (fx > 0.004))
        values = np.fft.fftshift(np.fft.irfft2(power, (n, n)))
        centre = n // 2
        reach = int(min(0.62 * max(h, w), centre - 2))
        near = values[centre - reach : centre + reach, centre - reach : centre + reach]
        return cls((values / near.std()).astype(np.float32), centre, (h, w))

    def score(self, s: np.ndarray, a: np.ndarray) -> np.ndarray:
        """How strongly the neighbours of a tile of scale `s` and angle `a` (float32 [N, M]) stand out."""
        h, w = self.shape
        total, used = np.zeros_like(s), np.zeros_like(s)
        for i, j in _NEIGHBOURS:
            dx = s * TILE * (i * np.cos(a) - j * np.sin(a))
            dy = s * TILE * (i * np.sin(a) + j * np.cos(a))
            inside = (abs(dx) < 0.62 * w) & (abs(dy) < 0.62 * h)
            value = cv2.remap(self.values, self.centre + dx, self.centre + dy, cv2.INTER_LINEAR)
            weight = np.maximum(1 - abs(dx) / w, 0) * np.maximum(1 - abs(dy) / h, 0) * inside
            total += weight * np.minimum(value, 8.0)
            used += weight**2
        return total / np.sqrt(used + 0.3)

    def finer(self, scale: float, angle: float) -> tuple[float, float]:
        """The best scale and angle near those of a coarse grid."""
        factors, turns = 1 + np.arange(-5, 6) * 0.0012, np.radians(np.arange(-5, 6) * 0.08)
        s, a = (g.astype(np.float32) for g in np.meshgrid(scale * factors, angle + turns, indexing="ij"))
        i, j = np.unravel_index(self.score(s, a).argmax(), s.shape)
        return float(s[i, j]), float(a[i, j])


def _peaks(score: np.ndarray, count: int) -> list[tuple[int, int]]:
    score, found = score.copy(), []
    for _ in range(count):
        i, j = (int(n) for n in np.unravel_index(score.argmax(), score.shape))
        found.append((i, j))
        score[max(0, i - 3) : i + 4, max(0, j - 3) : j + 4] = -np.inf
    return found


def _ring_normalised(spectrum: np.ndarray) -> np.ndarray:
    power = np.bincount(_RINGS.ravel(), (abs(spectrum) ** 2).ravel()) / np.bincount(_RINGS.ravel())
    spectrum = spectrum / np.sqrt(power + 1e-9)[_RINGS]
    return spectrum / np.maximum(1.0, abs(spectrum) / 2.0)  # one strong host line must not outvote the rest


def _sub_cell_peak(c: np.ndarray) -> tuple[float, float]:
    i, j = (int(n) for n in np.unravel_index(c.argmax(), c.shape))

    def vertex(before: float, at: float, after: float) -> float:
        return 0.5 * (before - after) / (before - 2 * at + after - 1e-12)

    down = vertex(c[i - 1, j], c[i, j], c[(i + 1) % TILE, j])
    return i + down, j + vertex(c[i, j - 1], c[i, j], c[i, (j + 1) % TILE])


