"""Writing against the picture's own interference: bits that the picture drowns are raised, bits that it helps are lowered.

Informed embedding after Malvar and Florêncio 2003 (improved spread spectrum), with the whole detector in the loop: what a
JPEG copy says of each coded bit is measured over the whole region and over every window of half its area, and each tile's
gains are moved towards equal words. The energy stays what it was, so the same reliability costs fewer decibels.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from provenance.lattice import TILE, Lattice
from provenance.mark_blocks import Blocks
from provenance.mark_view import resized, whiten

# loudness is raised until the mean of a coded bit is so many times its deviation in half of the area; 0.8 can be read
WANTED, WANTED_REDUCED, WANTED_IN_REGION = 1.15, 0.8, 1.8
REDUCED = 0.67  # of the cells: long side, in pixels, of the smallest copy that is listened to
QUALITY = 80  # of the copy in the loop: at 50 the mark fits that one copy and loses in all others
STEP = 0.5
REACH = 0.35  # half the side of the windows, as a share of the region's: half its area
GAINS = (-1.0, 4.0)  # beyond, one bit would be heard above all others
MOST_RAISED = 2.2  # times the amplitude that texture hides
KEY_SCORE = 8.0  # deviations to which the key's part is raised where it is weaker


@dataclass(frozen=True)
class Canvas:
    """The picture at the mark's size, all float32 [h, w].

    Attributes:
        grey: 0…255.
        amplitude: grey levels that a mark may have here.
        weight: 0…1, how much of it the region takes; None for everywhere.
    """

    grey: np.ndarray
    amplitude: np.ndarray
    weight: np.ndarray | None = None

    def limited(self, pattern: np.ndarray, loudness: float, loudest: float) -> np.ndarray:
        """Grey levels to add for a pattern of deviation 1, at most `loudest` root mean square over the region."""
        delta = self.amplitude * pattern
        inside = delta if self.weight is None else delta * self.weight
        area = inside.size if self.weight is None else max(float((self.weight**2).sum()), 1.0)
        deviation = float(np.linalg.norm(inside)) / area**0.5
        return delta * np.float32(min(loudness, loudest / max(deviation, 1e-6)))

    def copied(self, delta: np.ndarray, long: int) -> np.ndarray:
        """The marked picture as a JPEG copy of a long side of `long` pixels shows it, float32 [h, w]."""
        room = np.minimum(self.grey, 255 - self.grey)
        marked = self.grey + np.clip(delta if self.weight is None else delta * self.weight, -room, room)
        h, w = marked.shape
        scale = long / max(h, w)
        small = resized(marked, (round(h * scale), round(w * scale)))
        coded = cv2.imencode(".jpg", np.clip(np.rint(small), 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
        return resized(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE).astype(np.float32), (h, w))

    def areas(self) -> np.ndarray:
        """How much of each tile the region takes, float32 [rows, columns, 1], 0…1."""
        h, w = self.grey.shape
        weight = np.ones((h, w), np.float32) if self.weight is None else self.weight
        padded = np.pad(weight, ((0, -h % TILE), (0, -w % TILE)))
        return padded.reshape(padded.shape[0] // TILE, TILE, -1, TILE).mean((1, 3))[..., None]


def plain(lattice: Lattice, canvas: Canvas, handle: int, loudness: float, loudest: float) -> np.ndarray:
    """Grey levels to add, float32 [h, w], when the picture is not listened to."""
    h, w = canvas.grey.shape
    tile = lattice.tiles(lattice.values(handle))
    return canvas.limited(np.tile(tile, (-(-h // TILE), -(-w // TILE)))[:h, :w], loudness, loudest)


def informed(lattice: Lattice, canvas: Canvas, handle: int, loudness: float, loudest: float) -> np.ndarray:
    """Grey levels to add, float32 [h, w], against the picture's interference."""
    areas, full = canvas.areas(), max(canvas.grey.shape)
    if canvas.weight is not None:
        # nobody cuts a piece out of a filled hole, and a small one needs all its words
        copies = [(full, (1.0,), WANTED_IN_REGION)] * 6
    else:
        copies = [
            (full, (1.0, REACH), WANTED),
            (round(REDUCED * full), (1.0,), WANTED_REDUCED * full / 512),
            (full, (1.0, REACH), WANTED),
        ]
    signs = np.append(lattice.coded(handle), 1.0).astype(np.float32)
    gains = np.ones((*areas.shape[:2], len(signs)), np.float32)
    delta, needed = plain(lattice, canvas, handle, loudness, loudest), {0: 0.9 * loudness}
    for long, reaches, wanted in copies:
        heard = _heard(Blocks.of(lattice, whiten(canvas.copied(delta, long)))) * signs
        moves, margin = _correction(heard, areas, lattice, reaches)
        gains = np.clip(gains + STEP * moves, *GAINS)
        needed[long] = min(loudness * wanted / max(margin, 0.1), MOST_RAISED)
        loudness = max(needed.values())
        delta = canvas.limited(_pattern(lattice, handle, gains)[: len(delta), : delta.shape[1]], loudness, loudest)
    return delta


def _heard(blocks: Blocks) -> np.ndarray:
    """What each tile says of each coded bit and of the key, float32 [rows, columns, bits + 1]."""
    lattice = blocks.lattice
    rows, columns, points = blocks.coefficients.shape
    halves = np.pad(blocks.coefficients, ((0, rows % 2), (0, columns % 2), (0, 0)))
    weighed = halves.reshape(-(-rows // 2), 2, -(-columns // 2), 2, points).sum((1, 3)) * blocks.weights
    key = weighed[..., : lattice.synchronising].real.sum(-1, keepdims=True)
    return np.concatenate([lattice.dimensions(weighed) @ lattice.gathering, key], -1)


def _correction(heard: np.ndarray, areas: np.ndarray, lattice: Lattice, reaches: tuple[float, ...]) -> tuple[np.ndarray, float]:
    """What to add to the gains, float32 [rows, columns, bits + 1], and how clearly the worse windows are heard.

    The second is the mean of a coded bit over its deviation, at half the region's area; 0.8 can be read.
    """
    heard = heard * (areas > 0)
    rows, columns = (np.flatnonzero(areas.any(axis)) for axis in ((1, 2), (0, 2)))
    sides = rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1
    moves, margin = np.zeros_like(heard), 0.0
    for reach in reaches:
        down, across = (_near(n, max(reach * side, 0.5)) for n, side in zip(heard.shape[:2], sides, strict=True))
        pooled, cells = _pooled(heard, down, across), _pooled(areas, down, across)
        mean = np.maximum(pooled[..., :-1].mean(-1, keepdims=True), 1e-3)
        spread = np.maximum(pooled[..., :-1].std(-1, keepdims=True), 1e-3)
        # where the picture drowns the mark altogether, cancelling costs more than it brings
        share = mean**2 / (mean**2 + spread**2)
        wanted = share * (1 - pooled / mean)
        dimensions = lattice.synchronising * len(lattice.gathering[0]) / len(lattice.gathering)
        score = pooled[..., -1:] / (spread * np.sqrt(dimensions))
        wanted[..., -1:] = np.clip(KEY_SCORE / np.maximum(score, 1.0) - 1, 0, 0.5)
        inside = (cells > 0).astype(np.float32)
        moves += _pooled(wanted * inside, down, across) / np.maximum(_pooled(inside, down, across), 1e-6)
        # windows at the border are cut, so each counts as if it had half of the region
        half = np.sqrt(0.5 * areas.sum() / np.maximum(cells, 1e-3))
        margin = float(np.percentile((mean / spread * half)[inside > 0], 20))
    return moves / len(reaches), margin


def _near(count: int, reach: float) -> np.ndarray:
    at = np.arange(count)
    return (abs(at[:, None] - at) <= reach).astype(np.float32)


def _pooled(values: np.ndarray, down: np.ndarray, across: np.ndarray) -> np.ndarray:
    """Sums over windows around each tile; `values` float32 [rows, columns, N]."""
    rows, columns, n = values.shape
    summed = (down @ values.reshape(rows, -1)).reshape(rows, columns, n)
    return np.matmul(across, summed)


def _pattern(lattice: Lattice, handle: int, gains: np.ndarray) -> np.ndarray:
    """Tiles with gains of their own, blended bilinearly from tile to tile: float32 [rows · TILE, columns · TILE]."""
    values, n = lattice.values(handle).astype(np.complex64), lattice.synchronising
    phases = lattice.phases.astype(np.complex64)
    carried = (values * phases.conj())[n:]
    dimensions = gains[..., lattice.slots]
    bits = (carried.real * dimensions[..., 0::2] + 1j * carried.imag * dimensions[..., 1::2]) * phases[n:]
    tiles = lattice.tiles(np.concatenate([gains[..., -1:] * values[:n], bits], -1))
    rows, columns = gains.shape[:2]
    padded = np.pad(tiles, ((1, 1), (1, 1), (0, 0), (0, 0)), mode="edge")
    t = (np.arange(TILE, dtype=np.float32) + 0.5) / TILE - 0.5
    parts = np.maximum(-t, 0), 1 - abs(t), np.maximum(t, 0)
    wide = padded[:, :-2] * parts[0] + padded[:, 1:-1] * parts[1] + padded[:, 2:] * parts[2]
    down = [part[:, None] for part in parts]
    out = wide[:-2] * down[0] + wide[1:-1] * down[1] + wide[2:] * down[2]
    return out.transpose(0, 2, 1, 3).reshape(rows * TILE, columns * TILE)
