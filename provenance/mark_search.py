"""Finding the mark in a copy that was cropped, turned, mirrored or resized: which period shows, and under which shift?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import fft

from provenance.lattice import FASTEST, TILE, Lattice
from provenance.mark_blocks import HALF, OUTLIER, Blocks, spectra, synchronised

UPRIGHT_PX = (31.0, 104.0)  # of the period: small pictures at ⅔ of their size … large ones of which 40 % are left
TILT = np.radians(6.2)  # how far a whole copy may be turned to be found without its autocorrelation
BEND = 0.036  # scale and turn that the half tiles themselves put up with; then the copy is laid anew
BEND_STEP = 0.006
MIDDLE = 24  # half tiles on a side that are enough to compare poses
PERIODS_PX = (28.0, 0.4)  # of the autocorrelation: the shortest in pixels; the longest as a share of the short side
NEAR_UPRIGHT, TURNED = 6, 12  # how many of its periods are tried without rotation, and how many at any angle
REFINED = 6  # of all poses, so many are refined
LEAST_PEAK = 5.0  # deviations that the best of 2,304 shifts and of all bends reaches by chance
SYMMETRIES = [np.array(m, float) for m in ([[1, 0], [0, 1]], [[0, -1], [1, 0]], [[-1, 0], [0, -1]], [[0, 1], [-1, 0]])]
TURN = np.array([[0.0, -1], [1, 0]])
MOVES = np.array([np.eye(2), TURN, np.diag([1.0, -1]), [[0.0, 1], [1, 0]]])
MOVES = np.concatenate([MOVES, -MOVES])
SYMMETRIES += [m @ np.diag([1.0, -1.0]) for m in SYMMETRIES]


@dataclass(frozen=True)
class Posed:
    """A copy laid on the tile's grid.

    Attributes:
        score: how clearly the key shows, in standard deviations.
        matrix: float [2, 2], from (across, down) cells to pixels of the view.
        origin: (across, down) pixels of the view at which the cells begin.
        blocks: the half tiles, aligned.
    """

    score: float
    matrix: np.ndarray
    origin: np.ndarray
    blocks: Blocks


def poses(lattice: Lattice, whitened: np.ndarray, whole: Sequence[float]) -> Iterator[Posed]:
    """Likely poses of a mark in a whitened view, likeliest first; `whole` are the periods in pixels of an uncropped copy."""
    yield from _refined(lattice, whitened, list(_swept(lattice, whitened, whole)))
    found = []
    for matrix in [_matrix(size / TILE, 0.0) for size in whole] + periods(whitened):
        score, symmetry = _best_symmetry(lattice, _laid(lattice.points, whitened, matrix, MIDDLE)[0])
        found.append((score, matrix @ SYMMETRIES[symmetry]))
    yield from _refined(lattice, whitened, found)


def _swept(lattice: Lattice, whitened: np.ndarray, whole: Sequence[float]) -> Iterator[tuple[float, np.ndarray]]:
    """Every scale without rotation, every small turn of a whole copy: the best score and matrix of each neighbourhood."""
    steps = np.arange(-BEND, BEND + 1e-9, BEND_STEP)
    scales = steps[:, None, None] * np.eye(2)
    both = (scales[:, None] + steps[:, None, None] * TURN).reshape(-1, 2, 2)
    first, last = np.log(UPRIGHT_PX[0]), np.log(min(UPRIGHT_PX[1], PERIODS_PX[1] * min(whitened.shape)))
    upright = [(_matrix(np.exp(size) / TILE, 0.0), scales) for size in np.arange(first, last, 2 * BEND + BEND_STEP)]
    angles = np.arange(-TILT + BEND, TILT, 2 * BEND)
    turned = [(_matrix(size / TILE, angle), both) for size in whole for angle in angles]
    for matrix, bends in upright + turned:
        blocks = Blocks.normalised(lattice, _laid(lattice.points[: lattice.synchronising], whitened, matrix, MIDDLE)[0])
        scores = blocks.best_shifts(bends)[0]
        best = int(scores.argmax())
        yield float(scores[best]), _bent(matrix, bends[best])


def _refined(lattice: Lattice, whitened: np.ndarray, found: list[tuple[float, np.ndarray]]) -> Iterator[Posed]:
    climbed = []
    for score, matrix in sorted(found, key=lambda f: -f[0])[:REFINED]:
        if score > LEAST_PEAK - 0.7:
            raw, _ = _laid(lattice.points[: lattice.synchronising], whitened, matrix)
            bend, score = _climbed(Blocks.normalised(lattice, raw))
            climbed.append((score, _bent(matrix, bend)))
    for score, matrix in sorted(climbed, key=lambda c: -c[0]):
        if score > LEAST_PEAK:
            raw, origin = _laid(lattice.points, whitened, matrix)
            blocks = Blocks.normalised(lattice, raw)
            scores, shifts = blocks.best_shifts(np.zeros((1, 2, 2)))
            yield Posed(float(scores[0]), matrix, origin, blocks.moved(shifts[0], np.zeros((2, 2))))


def _bent(matrix: np.ndarray, bend: np.ndarray) -> np.ndarray:
    """The matrix under which no bend is left; a bend counts down before across."""
    return matrix @ np.linalg.inv(np.eye(2) - bend[::-1, ::-1])


def _laid(
    points: np.ndarray, whitened: np.ndarray, matrix: np.ndarray, at_most: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of a view (or of `at_most` half tiles a side in its middle) resampled to the grid of `matrix`.

    Returns: complex64 [rows, columns, P] as from `spectra`, and the view's point (across, down) at which that grid begins.
    """
    h, w = whitened.shape
    corners = np.linalg.inv(matrix) @ np.array([[0, w, 0, w], [0, 0, h, h]], float)
    low = corners.min(1)
    size = corners.max(1) - low
    if at_most is not None:
        less = np.maximum(size - at_most * HALF, 0)
        low, size = low + less / 2, size - less
    columns, rows = np.maximum(np.ceil(size).astype(int), 1)
    origin = matrix @ low
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    cells = cv2.warpAffine(whitened, np.hstack([matrix, origin[:, None]]), (int(columns), int(rows)), flags=flags)
    return spectra(points, cells), origin


def _best_symmetry(lattice: Lattice, raw: np.ndarray) -> tuple[float, int]:
    """Score and number of the best of the eight symmetries; the lattice of periods looks alike under all of them."""
    points, n = lattice.points, lattice.synchronising
    r = np.hypot(*points.T)
    power = (abs(raw) ** 2).mean((0, 1))
    total = raw.sum((0, 1)) / np.sqrt(power + power.mean() * 0.1 + 1e-9)
    total /= np.maximum(1.0, abs(total) / (OUTLIER * np.sqrt(raw.shape[0] * raw.shape[1])))
    plane = np.zeros((2 * FASTEST + 1, 2 * FASTEST + 1), complex)
    plane[points[:, 0], points[:, 1]] = total
    plane[-points[:, 0], -points[:, 1]] = total.conj()
    expected = lattice.phases[:n].conj() * (lattice.amplitudes * r**0.5)[:n]
    products = []
    for symmetry in SYMMETRIES:
        # a picture f(Mx) has the spectrum F(Mp), with M orthogonal
        turned = (points[:n, ::-1] @ symmetry.T).astype(int)
        products.append(plane[turned[:, 1], turned[:, 0]] * expected)
    scores = synchronised(points[:n], np.array(products))[0]
    best = int(scores.argmax())
    return float(scores[best]), best


def _climbed(blocks: Blocks) -> tuple[np.ndarray, float]:
    """Climb to the small stretch and turn at which the key shows best: bend and score."""
    near = np.arange(-2, 3) * 0.0016
    tries = (near[:, None, None, None] * np.eye(2) + near[:, None, None] * TURN).reshape(-1, 2, 2)
    scores = blocks.best_shifts(tries)[0]
    bend, score = tries[scores.argmax()], float(scores.max())
    step = 0.001
    while step > 0.0003:
        trials = bend + step * MOVES
        scores = blocks.best_shifts(trials)[0]
        if scores.max() > score:
            bend, score = trials[scores.argmax()], float(scores.max())
        else:
            step /= 2
    return bend, score


# Which periods show.


def periods(whitened: np.ndarray) -> list[np.ndarray]:
    """Likely matrices from (across, down) cells to pixels: lattices on which the autocorrelation stands out, best first."""
    correlation = _Autocorrelation.of(whitened)
    shortest, longest = PERIODS_PX[0], max(PERIODS_PX[1] * min(whitened.shape), 2 * PERIODS_PX[0])
    sizes = np.exp(np.arange(np.log(shortest), np.log(longest), 0.006))
    angles = np.radians(np.arange(0, 90, 0.35))
    s, a = (g.astype(np.float32) for g in np.meshgrid(sizes, angles, indexing="ij"))
    score = correlation.score(s, a, 2)
    near_upright = np.zeros(len(angles), bool)
    near_upright[[0, 1, -1]] = True
    first = _peaks(np.where(near_upright, score, -np.inf), 2 * NEAR_UPRIGHT)
    second = [p for p in _peaks(score, 4 * TURNED) if p not in first]
    chosen = []
    for peaks, count in ((first, NEAR_UPRIGHT), (second, TURNED)):
        finer = sorted((correlation.finer(sizes[i], angles[j]) for i, j in peaks), reverse=True)
        chosen += finer[:count]
    return [_matrix(size / TILE, angle) for _, size, angle in chosen]


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
        n = 2 * cv2.getOptimalDFTSize(int(0.825 * max(h, w)) + 1)
        # a flat-topped window: the periods near the border count as well
        window = np.outer(_flat_top(h), _flat_top(w)).astype(np.float32)
        spectrum = np.asarray(fft.rfft2(whitened * window, (n, n)))
        power = abs(spectrum) ** 2
        power = np.minimum(power / (cv2.blur(power, (31, 31)) + 1e-9), 6.0)
        fy, fx = np.fft.fftfreq(n)[:, None], np.fft.rfftfreq(n)[None]
        radius = np.hypot(fy, fx)
        power = (power - 1) * ((radius > 0.012) & (radius < 0.45) & (abs(fy) > 0.004) & (fx > 0.004))
        values = np.fft.fftshift(np.asarray(fft.irfft2(power.astype(np.float32), (n, n))))
        reach = int(min(0.62 * max(h, w), n // 2 - 2))
        near = values[n // 2 - reach : n // 2 + reach, n // 2 - reach : n // 2 + reach]
        return cls((values / near.std()).astype(np.float32), n // 2, (h, w))

    def score(self, s: np.ndarray, a: np.ndarray, reach: int) -> np.ndarray:
        """How strongly the tiles up to `reach` away stand out, for periods `s` in pixels and angles `a` (float32 [N, M])."""
        h, w = self.shape
        total, used = np.zeros_like(s), np.zeros_like(s)
        cos, sin = np.cos(a) * s, np.sin(a) * s
        for i in range(reach + 1):
            for j in range(-reach, reach + 1):
                if i == 0 and j <= 0:
                    continue
                dx, dy = i * cos - j * sin, i * sin + j * cos
                value = cv2.remap(self.values, self.centre + dx, self.centre + dy, cv2.INTER_LINEAR)
                weight = np.maximum(1 - abs(dx) / w, 0) * np.maximum(1 - abs(dy) / h, 0)
                weight *= (abs(dx) < 0.62 * w) & (abs(dy) < 0.62 * h)
                total += weight * np.minimum(value, 8.0)
                used += weight * weight
        return total / np.sqrt(used + 0.3)

    def finer(self, size: float, angle: float) -> tuple[float, float, float]:
        """The best score, period and angle near those of a coarse grid."""
        reach = int(np.clip(0.62 * max(self.shape) / size, 2, 5))
        for step in (0.0012, 0.0004):
            near = np.arange(-3, 4) * step
            s, a = (g.astype(np.float32) for g in np.meshgrid(size * (1 + near), angle + near, indexing="ij"))
            score = self.score(s, a, reach)
            i, j = divmod(int(score.argmax()), len(near))
            size, angle = float(s[i, j]), float(a[i, j])
        return float(score[i, j]), size, angle


def _flat_top(length: int) -> np.ndarray:
    ramp = np.clip(np.minimum(np.arange(length) + 0.5, length - np.arange(length) - 0.5) / (0.15 * length), 0, 1)
    return ramp * ramp * (3 - 2 * ramp)


def _peaks(score: np.ndarray, count: int) -> list[tuple[int, int]]:
    score, found = score.copy(), []
    for _ in range(count):
        i, j = divmod(int(score.argmax()), score.shape[1])
        found.append((i, j))
        score[max(0, i - 2) : i + 3, max(0, j - 2) : j + 3] = -np.inf
    return found
