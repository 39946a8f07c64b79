"""The keyed spectrum of the watermark's tile: which frequencies it uses, and what each of them says."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
from scipy import fft

from provenance import convolutional_code

TILE = 48  # cells on a side
SLOWEST, FASTEST = 4.5, 14  # cycles per tile: below lies visible blotching, above what JPEG and half-size copies lose
HANDLE_BITS, CHECK_BITS = 48, 28  # see watermark.py for what follows from 28
WORD_BITS = HANDLE_BITS + CHECK_BITS
LIST = 4  # words that are tried against the check in one reading
SYNCHRONISING = 0.17  # share of the points whose phase the key alone decides


class Lattice:
    """Points of the tile's spectrum, each with a keyed phase; the first `synchronising` of them carry no bits.

    Attributes:
        points: int [P, 2], (v, u) cycles per tile down and across, v > 0, off the axes.
        phases: complex [P], unit length.
        amplitudes: float [P], r^−1½: the fast half says more, the slow half outlives halving and JPEG; this balances them.
        synchronising: S.
        slots: int [2(P − S)], the coded bit that the real and the imaginary part of each other point carries.
        gathering: float32 [2(P − S), bits], sums what carries the same coded bit.
    """

    def __init__(self, key: bytes):
        self._key = key
        v, u = np.mgrid[0 : FASTEST + 1, -FASTEST : FASTEST + 1]
        r = np.hypot(u, v)
        # block edges, frames and scan lines of the host lie on the axes
        keep = (r >= SLOWEST) & (r <= FASTEST) & (u != 0) & (v != 0)
        points = np.stack([v[keep], u[keep]], 1)
        count = len(points)
        self.points = points[np.argsort(self._numbers(b"points", count), kind="stable")]
        self.phases = np.exp(2j * np.pi * self._numbers(b"phases", count))
        self.amplitudes = np.hypot(self.points[:, 0], self.points[:, 1]) ** -1.5
        self.synchronising = int(SYNCHRONISING * count)
        dimensions = 2 * (count - self.synchronising)
        order = np.argsort(self._numbers(b"slots", dimensions), kind="stable")
        self.slots = order % convolutional_code.coded_length(WORD_BITS)
        self.gathering = np.zeros((dimensions, convolutional_code.coded_length(WORD_BITS)), np.float32)
        self.gathering[np.arange(dimensions), self.slots] = 1.0

    def _numbers(self, label: bytes, count: int) -> np.ndarray:
        """Keyed numbers in 0…1. From SHAKE-256 and not from numpy's generators, whose streams may change between versions."""
        data = hashlib.shake_256(hmac.digest(self._key, b"anastylosis mark 2 " + label, "sha256")).digest(8 * count)
        return (np.frombuffer(data, "<u8") >> 11) * 2.0**-53

    def _check(self, handle: int) -> int:
        # keyed, or anyone could write a handle of his choice
        digest = hmac.digest(self._key, b"check 2" + handle.to_bytes(6, "big"), "sha256")
        return int.from_bytes(digest[:4], "big") >> 32 - CHECK_BITS

    def _veil(self, check: int) -> int:
        # so that the words of two handles that differ in one bit have nothing in common, and each map shows its own region
        return int.from_bytes(hmac.digest(self._key, b"veil 2" + check.to_bytes(4, "big"), "sha256")[:6], "big")

    def coded(self, handle: int) -> np.ndarray:
        """The coded bits of a handle below 2^48: float [coded_length], ±1."""
        check = self._check(handle)
        return convolutional_code.encode(check << HANDLE_BITS | handle ^ self._veil(check), WORD_BITS)

    def values(self, handle: int) -> np.ndarray:
        """What each point carries: complex [P], unit length."""
        dimensions = self.coded(handle)[self.slots].reshape(-1, 2)
        carried = (dimensions[:, 0] + 1j * dimensions[:, 1]) / np.sqrt(2)
        return np.concatenate([np.ones(self.synchronising), carried]) * self.phases

    def tiles(self, values: np.ndarray) -> np.ndarray:
        """Tiles float32 [..., TILE, TILE] whose points have the values complex [..., P]; unit values give deviation 1."""
        spectrum = np.zeros((*values.shape[:-1], TILE, TILE // 2 + 1), np.complex64)
        weighed = (values * self.amplitudes).astype(np.complex64)
        right, (v, u) = self.points[:, 1] > 0, self.points.T
        spectrum[..., v[right], u[right]] = weighed[..., right]
        spectrum[..., -v[~right], -u[~right]] = weighed[..., ~right].conj()
        scale = TILE * TILE / np.sqrt(2 * (self.amplitudes**2).sum())
        return np.asarray(fft.irfft2(spectrum, (TILE, TILE))) * np.float32(scale)

    def dimensions(self, aligned: np.ndarray) -> np.ndarray:
        """Real [..., 2(P − S)] behind the bit-carrying points of complex [..., P]."""
        carried = aligned[..., self.synchronising :]
        return np.stack([np.real(carried), np.imag(carried)], -1).reshape(*carried.shape[:-1], -1)

    def read(self, aligned: np.ndarray) -> int | None:
        """The handle in a tile's coefficients, complex [P], keyed phases removed; None when no word passes the keyed check."""
        soft = self.dimensions(aligned) @ self.gathering
        for word in convolutional_code.decode(soft, WORD_BITS, LIST):
            check = word >> HANDLE_BITS
            handle = word & (1 << HANDLE_BITS) - 1 ^ self._veil(check)
            if check == self._check(handle):
                return handle
        return None
