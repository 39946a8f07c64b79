"""The keyed spectrum of the watermark's tile: which frequencies it uses, and what each of them says."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np

from provenance import convolutional_code

TILE = 128  # cells on a side
SLOWEST, FASTEST = 6, 28  # cycles per tile: below lies visible blotching, above what JPEG and half-size copies keep
HANDLE_BITS, CHECK_BITS = 48, 24
SYNCHRONISING = 0.3  # share of the points whose phase the key alone decides


class Lattice:
    """Points of the tile's spectrum, each with a keyed phase; the first `synchronising` of them carry no bits.

    Attributes:
        points: int [P, 2], (v, u) cycles per tile down and across, v ≥ 0, off the axes.
        phases: complex [P], unit length.
        amplitudes: float [P], r^−½: pictures have more to hide behind at low frequencies.
    """

    def __init__(self, key: bytes):
        self._key = key
        v, u = np.mgrid[0 : FASTEST + 1, -FASTEST : FASTEST + 1]
        r = np.hypot(u, v)
        # block edges, frames and scan lines of the host lie on the axes
        keep = (r >= SLOWEST) & (r <= FASTEST) & (abs(u) > 1) & (v > 1)
        points = np.stack([v[keep], u[keep]], 1)
        count = len(points)
        self.points = points[np.argsort(self._numbers(b"points", count), kind="stable")]
        self.phases = np.exp(2j * np.pi * self._numbers(b"phases", count))
        self.amplitudes = np.hypot(self.points[:, 0], self.points[:, 1]) ** -0.5
        self.synchronising = int(SYNCHRONISING * count)
        dimensions = 2 * (count - self.synchronising)  # real and imaginary part carry one coded bit each
        order = np.argsort(self._numbers(b"slots", dimensions), kind="stable")
        self._slots = order % convolutional_code.coded_length(HANDLE_BITS + CHECK_BITS)

    def _numbers(self, label: bytes, count: int) -> np.ndarray:
        """Keyed numbers in 0…1. From SHAKE-256 and not from numpy's generators, whose streams may change between versions."""
        data = hashlib.shake_256(hmac.digest(self._key, b"anastylosis mark " + label, "sha256")).digest(8 * count)
        return (np.frombuffer(data, "<u8") >> 11) * 2.0**-53

    def _check(self, handle: int) -> int:
        # keyed, or anyone could write a handle of his choice
        return int.from_bytes(hmac.digest(self._key, b"check" + handle.to_bytes(6, "big"), "sha256")[:3], "big")

    def values(self, handle: int) -> np.ndarray:
        """What each point carries for a handle below 2^48: complex [P], unit length."""
        coded = convolutional_code.encode(handle << CHECK_BITS | self._check(handle), HANDLE_BITS + CHECK_BITS)
        dimensions = coded[self._slots].reshape(-1, 2)
        carried = (dimensions[:, 0] + 1j * dimensions[:, 1]) / np.sqrt(2)
        return np.concatenate([np.ones(self.synchronising), carried]) * self.phases

    def tile(self, handle: int, gains: np.ndarray | None = None) -> np.ndarray:
        """The tile, float32 [TILE, TILE], deviation 1. `gains` (complex or real [P]) weigh the points; equal when left out."""
        values = self.values(handle) * self.amplitudes * (1.0 if gains is None else gains)
        spectrum = np.zeros((TILE, TILE), complex)
        v, u = self.points.T
        spectrum[v, u] = values
        spectrum[-v, -u] = values.conj()
        tile = np.fft.ifft2(spectrum).real
        return (tile / tile.std()).astype(np.float32)

    def read(self, coefficients: np.ndarray) -> int | None:
        """The handle in a tile's coefficients, complex [P], or None when its keyed check does not hold."""
        aligned = (coefficients * self.phases.conj() * self.amplitudes)[self.synchronising :]
        soft = np.zeros(convolutional_code.coded_length(HANDLE_BITS + CHECK_BITS))
        np.add.at(soft, self._slots, np.stack([aligned.real, aligned.imag], 1).ravel())
        word = convolutional_code.decode(soft, HANDLE_BITS + CHECK_BITS)
        handle, check = word >> CHECK_BITS, word & (1 << CHECK_BITS) - 1
        return handle if hmac.compare_digest(check.to_bytes(3, "big"), self._check(handle).to_bytes(3, "big")) else None

    def shifted(self, coefficients: np.ndarray, shift: tuple[float, float]) -> np.ndarray:
        """Coefficients of a tile that lies `shift` cells (down, across) further on, as if it lay at the origin."""
        return coefficients * np.exp(2j * np.pi * (self.points @ np.array(shift)) / TILE)
