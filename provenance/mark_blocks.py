"""The spectrum of every half tile of a whitened view, and how clearly the key shows in any rectangle of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft

from provenance.lattice import FASTEST, TILE, Lattice
from provenance.mark_view import passed

HALF = TILE // 2
OUTLIER = 2.5  # deviations beyond which one coefficient says no more

_CELLS = np.arange(HALF)
_TURNS = -2 * np.pi * np.outer(np.arange(FASTEST + 1), _CELLS) / TILE  # [FASTEST + 1, HALF]
_DOWN = np.cos(_TURNS).astype(np.float32), np.sin(_TURNS).astype(np.float32)
_ANGLES = -2 * np.pi * np.outer(_CELLS, np.arange(-FASTEST, FASTEST + 1)) / TILE  # [HALF, 2·FASTEST + 1]
_ACROSS = np.concatenate([np.cos(_ANGLES), np.sin(_ANGLES)], 1).astype(np.float32)


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


def spectra(points: np.ndarray, whitened: np.ndarray) -> np.ndarray:
    """Coefficients of each half tile at points [P, 2], complex64 [rows, columns, P], phases counted from the view's corner."""
    rows, columns = (max(1, -(-n // HALF)) for n in whitened.shape)
    padded = np.zeros((rows * HALF, columns * HALF), np.float32)
    padded[: whitened.shape[0], : whitened.shape[1]] = whitened
    v, u = points.T
    across = (padded.reshape(-1, HALF) @ _ACROSS).reshape(rows, HALF, columns, 2, -1)
    out = np.empty((rows, columns, len(v)), np.complex64)
    for row in range(rows):
        # [FASTEST + 1, columns, 2, 2·FASTEST + 1], the cosine and the sine part of the rows apart
        real, imaginary = ((part @ across[row].reshape(HALF, -1)).reshape(len(part), *across.shape[2:]) for part in _DOWN)
        out[row].real = (real[:, :, 0] - imaginary[:, :, 1])[v, :, u + FASTEST].T
        out[row].imag = (real[:, :, 1] + imaginary[:, :, 0])[v, :, u + FASTEST].T
    # the second half of a tile starts half a period later
    out[1::2] *= np.where(v % 2, -1.0, 1.0).astype(np.float32)
    out[:, 1::2] *= np.where(u % 2, -1.0, 1.0).astype(np.float32)
    return out


@dataclass(frozen=True)
class Blocks:
    """Half tiles with their phases laid at the origin: the mark's values add up over them.

    Attributes:
        lattice: whose points.
        coefficients: complex64 [rows, columns, P], keyed phases removed, noise at unit power, outliers clipped.
        weights: float32 [P], how strongly the mark shows at each point against the noise there.
    """

    lattice: Lattice
    coefficients: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, lattice: Lattice, whitened: np.ndarray) -> Blocks:
        """The blocks of a whitened view whose corner is a tile's corner."""
        return cls.normalised(lattice, spectra(lattice.points, whitened))

    @classmethod
    def normalised(cls, lattice: Lattice, raw: np.ndarray) -> Blocks:
        """The blocks of the coefficients that `spectra` gives for all points, or for the synchronising ones alone."""
        r = np.hypot(*lattice.points[: raw.shape[2]].T)
        power = _power(raw).mean((0, 1))
        rings = r.astype(int)
        ring_power = (np.bincount(rings, power) / np.maximum(np.bincount(rings), 1))[rings]
        # one picture has few blocks: half of the estimate comes from the other points of the ring
        noise = np.sqrt(0.5 * power + 0.5 * ring_power) + 1e-6
        signal = lattice.amplitudes[: len(r)] * passed(r)
        # an enlarged copy has no noise left at its highest frequencies, but no mark either
        weights = signal / np.maximum(noise, 0.35 * np.median(noise))
        out = raw * (lattice.phases[: len(r)].conj() / noise).astype(np.complex64)
        size = np.sqrt(_power(out))
        out /= np.maximum(1.0, size / OUTLIER)
        return cls(lattice, out, (weights / np.sqrt((weights**2).mean())).astype(np.float32))

    def moved(self, shift: tuple[float, float], bend: np.ndarray) -> Blocks:
        """The blocks of a mark that lies `shift` cells (down, across) further on, as if it lay at the origin.

        `bend` (2, 2) adds a shift of its own to each block: bend @ its (down, across) distance from the middle, in cells.
        """
        points = self.lattice.points
        down, across = (w[..., 0].T for w in self._waves(points, bend[None]))  # [rows, P], [columns, P]
        phases = down[:, None] * across[None] * np.exp(2j * np.pi * (points @ np.asarray(shift)) / TILE).astype(np.complex64)
        return Blocks(self.lattice, self.coefficients * phases, self.weights)

    def _waves(self, points: np.ndarray, bends: np.ndarray) -> list[np.ndarray]:
        """Phases of K bends, complex64 [P, rows, K] and [P, columns, K]."""
        per_cell = np.einsum("pi,kij->jpk", points, bends) * (2 * np.pi / TILE)
        waves = []
        for count, angles in zip(self.coefficients.shape[:2], per_cell, strict=True):
            distances = HALF * (np.arange(count) - (count - 1) / 2)
            turns = (distances[:, None] * angles[:, None]).astype(np.float32)
            wave = np.empty(turns.shape, np.complex64)
            wave.real, wave.imag = np.cos(turns), np.sin(turns)
            waves.append(wave)
        return waves

    # How clearly the key shows.

    def sync(self) -> tuple[np.ndarray, np.ndarray]:
        """Per block: the sum that the key alone predicts, and its variance in a picture without a mark."""
        n = self.lattice.synchronising
        first, weights = self.coefficients[..., :n], self.weights[:n]
        return np.real(first) @ weights, _power(first) @ (weights**2) / 2

    def best_shifts(self, bends: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """For K bends [K, 2, 2] as for `moved`: the best score of any shift, [K], and that shift (down, across), [K, 2]."""
        n = self.lattice.synchronising
        points = self.lattice.points[:n]
        down, across = self._waves(points, bends)
        totals = (np.matmul(self.coefficients[..., :n].transpose(2, 0, 1), across) * down).sum(1)  # [S, K]
        return synchronised(points, totals.T * self.weights[:n])

    def best_windows(self, least_score: float, count: int) -> list[Window]:
        """Up to `count` windows, at least 1½ tiles on a side, in which the key shows best; best first."""
        sums, variances = self.sync()
        total, noise = _integral(sums), _integral(variances)
        rows, columns = sums.shape
        found = [Window(float(sums.sum() / np.sqrt(variances.sum() + 1e-9)), 0, rows, 0, columns)]
        for h in _sides(rows):
            for w in _sides(columns):
                score = _sums(total, h, w) / np.sqrt(_sums(noise, h, w) + 1e-9)
                at = int(score.argmax())
                i, j = divmod(at, score.shape[1])
                found.append(Window(float(score[i, j]), i, i + h, j, j + w))
        chosen: list[Window] = []
        for window in sorted(found, key=lambda f: -f.score):
            if window.score < least_score or len(chosen) == count:
                break
            if all(window.overlap(c) < 0.6 for c in chosen):
                chosen.append(window)
        return chosen

    def read(self, window: Window) -> int | None:
        """The handle in a window, or None when no keyed check holds."""
        part = self.coefficients[window.top : window.bottom, window.left : window.right]
        return self.lattice.read(part.sum((0, 1)) * self.weights)

    def without(self, blocks: np.ndarray) -> Blocks:
        """The same with some blocks silenced, bool [rows, columns]."""
        return Blocks(self.lattice, self.coefficients * ~blocks[..., None], self.weights)

    def presence(self, handle: int) -> np.ndarray:
        """How clearly a handle's mark shows in each block, float32 [rows, columns], in standard deviations.

        By the points that carry bits: the key's own look alike under all handles.
        """
        n = self.lattice.synchronising
        expected = (self.lattice.values(handle) * self.lattice.phases.conj()).conj() * self.weights
        carried = self.coefficients[..., n:]
        sums = (carried @ expected[n:].astype(np.complex64)).real
        return sums / np.sqrt(_power(carried) @ (self.weights[n:] ** 2) / 2 + 1e-9)


def synchronised(points: np.ndarray, products: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Scores [K] and shifts (down, across, in cells) [K, 2] at which K products of coefficients and key, [K, S], fit best."""
    cross = np.zeros((len(products), TILE, TILE // 2 + 1), np.complex64)
    right, (v, u) = points[:, 1] > 0, points.T
    cross[:, v[right], u[right]] = products[:, right]
    cross[:, -v[~right], -u[~right]] = products[:, ~right].conj()
    correlation = np.asarray(fft.irfft2(cross, (TILE, TILE)))
    k = np.arange(len(products))
    i, j = np.divmod(correlation.reshape(len(k), -1).argmax(1), TILE)
    peak = correlation[k, i, j]

    def vertex(before: np.ndarray, after: np.ndarray) -> np.ndarray:
        return 0.5 * (before - after) / (before - 2 * peak + after - 1e-12)

    down = i + vertex(correlation[k, i - 1, j], correlation[k, (i + 1) % TILE, j])
    across = j + vertex(correlation[k, i, j - 1], correlation[k, i, (j + 1) % TILE])
    # the mean is zero, so the spectrum's energy is the variance
    deviation = np.sqrt(2.0 * (abs(products) ** 2).sum(1)) / TILE**2
    return peak / (deviation + 1e-12), np.stack([down, across], 1)


def _power(values: np.ndarray) -> np.ndarray:
    return np.square(np.real(values)) + np.square(np.imag(values))


def _sides(length: int) -> list[int]:
    return sorted({n for n in (3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64, 96) if n < length} | {length})


def _integral(values: np.ndarray) -> np.ndarray:
    return np.pad(values.astype(np.float64), ((1, 0), (1, 0))).cumsum(0).cumsum(1)


def _sums(integral: np.ndarray, h: int, w: int) -> np.ndarray:
    return integral[h:, w:] - integral[:-h, w:] - integral[h:, :-w] + integral[:-h, :-w]
