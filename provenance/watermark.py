"""An invisible, keyed mark of 48 bits in the pixels that a model made, found again without the original.

A keyed tile of 128 × 128 cells repeats over the picture; its period is a fixed part of the long side, so that a resized copy
needs no search. The tile's spectrum carries convolutionally coded bits and a keyed part to find it by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from provenance.lattice import HANDLE_BITS, TILE, Lattice
from provenance.mark_region import Region
from provenance.mark_search import SYMMETRIES, fold, periods, refine, synchronise, turned
from provenance.mark_view import HALF, HalfTiles, luma, view, visibility, whiten

DENSITIES = (8, 4, 16, 32)  # tiles along the long side, in the order in which they are looked for
SMALL_PX = 760  # long side below which a whole picture is marked with 4 tiles instead of 8
FINEST_CELL_PX = 0.7  # a finer mark does not outlive JPEG
LOUDNESS = (1.0, 1.4)  # the second is for what drowns the first: rough texture, which also hides it
LOUDEST = 2.4  # grey levels, root mean square: no picture falls below 40.5 dB, however rough
LEAST_SCORE = 3.6  # standard deviations; below, a window is not even decoded
CLIMBS = 6  # candidates that are refined
LEAST_PEAK = 4.5  # the same where the shift is unknown, and the best of 16,384 counts


@dataclass(frozen=True)
class Marked:
    """A picture after marking. `handle` is None when it could not be marked: `pixels` are then the given ones, unchanged."""

    pixels: np.ndarray
    handle: int | None
    reason: str | None = None


@dataclass(frozen=True)
class Detection:
    """A mark whose keyed check holds.

    Attributes:
        handle: the 48 bits.
        score: how clearly the key's part shows, in standard deviations.
        scale: size of the tile, relative to what the picture's long side asks for; 1 for an uncropped copy.
        angle: degrees by which the copy was turned.
        box: (left, top, right, bottom) in pixels of the copy: where it was read.
    """

    handle: int
    score: float
    scale: float
    angle: float
    box: tuple[int, int, int, int]


class Watermark:
    """Marks pictures with one key, and finds its own marks again.

    Args:
        key: secret bytes of the installation; without it the mark can neither be read nor written.
        strength: amplitude, relative to what texture hides fully at 1.
    """

    def __init__(self, key: bytes, strength: float = 0.75):
        self.strength = strength
        self._lattice = Lattice(key)

    # Writing.

    def embed(self, pixels: np.ndarray, handle: int, mask: np.ndarray | None) -> Marked:
        """Mark `pixels` inside `mask`, and read the mark back, from the pixels and from a JPEG copy of quality 75.

        Args:
            pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]; alpha stays as it is.
            handle: 0 … 2^48 − 1.
            mask: bool [H, W], True where pixels may change; None for everywhere.
        Returns: Marked. Outside the mask every pixel equals the given one exactly. When the region is too small, too flat or
            too near to white to carry a readable mark, the pixels are the given ones and `reason` says why.
        """
        if not 0 <= handle < 1 << HANDLE_BITS:
            raise ValueError(f"handle {handle} does not fit {HANDLE_BITS} bits")
        if mask is not None and mask.shape != pixels.shape[:2]:
            raise ValueError(f"the mask is {mask.shape} but the picture is {pixels.shape[:2]}")
        region = Region.of(mask, pixels.shape[:2])
        long = max(pixels.shape[:2])
        densities = _densities(long, region.is_whole)
        # 1. Refuse quickly what no density can carry.
        if region.is_empty:
            return Marked(pixels, None, "No pixel may be marked.")
        finest_px = long / max(densities, default=1)
        if not densities or region.square_px < finest_px:
            return Marked(pixels, None, region.too_small(finest_px if densities else TILE * FINEST_CELL_PX))
        grey = luma(pixels)
        if region.room_share(pixels) < 0.25:
            return Marked(pixels, None, "The region is almost pure white or black, where a mark would show.")
        # 2. The coarsest density that can be read back: the coarser, the smaller a copy may be.
        for tiles in densities:
            for loudness in LOUDNESS if region.square_px >= long / tiles else ():
                marked = self._write(pixels, grey, handle, region, tiles, loudness)
                if self._reads_back(marked, grey, handle, region, tiles):
                    return Marked(marked, handle)
        return Marked(pixels, None, "The region is too small or its texture too strong: the mark could not be read back.")

    def _write(
        self, pixels: np.ndarray, grey: np.ndarray, handle: int, region: Region, tiles: int, loudness: float
    ) -> np.ndarray:
        small = view(grey, tiles)
        rows, columns = (-(-n // TILE) for n in small.shape)
        pattern = np.tile(self._lattice.tile(handle), (rows, columns))[: small.shape[0], : small.shape[1]]
        # what texture hides is judged at the size of the mark, which is then enlarged with the picture
        delta = self.strength * visibility(small) * pattern
        deviation = float(np.sqrt((delta * delta).mean()))
        return region.add(pixels, delta * np.float32(loudness * min(1.0, LOUDEST / deviation)))

    def _reads_back(self, marked: np.ndarray, grey: np.ndarray, handle: int, region: Region, tiles: int) -> bool:
        for copy in (marked, region.as_jpeg(marked)):
            found = self._read_upright(whiten(view(region.luma_after(grey, copy), tiles)), marked.shape[:2])
            if found is None or found.handle != handle:
                return False
        return True

    # Reading.

    def detect(self, pixels: np.ndarray, search: bool = True) -> Detection | None:
        """The mark in `pixels` (as for `embed`), or None. A handle is reported only when its keyed check holds.

        Copies of any uniform size are read directly; `search` also tries mirrored, turned and cropped ones (seconds).
        """
        grey, long = luma(pixels), max(pixels.shape[:2])
        if min(pixels.shape[:2]) < 16:
            return None
        whitened = {t: whiten(view(grey, t)) for t in DENSITIES if long >= _least_long_side(t)}
        for each in whitened.values():
            if found := self._read_upright(each, grey.shape):
                return found
        if not search:
            return None
        for each in whitened.values():
            for symmetry in SYMMETRIES[1:]:
                if found := self._read_upright(turned(each, symmetry), grey.shape):
                    return _in_whole(found, grey.shape)
        return self._search(whitened.get(8, whiten(view(grey, 8))), grey.shape)

    def _read_upright(self, whitened: np.ndarray, shape: tuple[int, ...]) -> Detection | None:
        """Windows of a picture whose corner is still the corner of the marked one: scale and shift are known."""
        half_tiles = HalfTiles(self._lattice, whitened)
        for window in half_tiles.best_windows(LEAST_SCORE, 8):
            handle = self._lattice.read(half_tiles.total(window))
            if handle is not None:
                y, x = HALF * shape[0] / whitened.shape[0], HALF * shape[1] / whitened.shape[1]
                right, bottom = min(shape[1], round(window.right * x)), min(shape[0], round(window.bottom * y))
                box = round(window.left * x), round(window.top * y), right, bottom
                return Detection(handle, window.score, 1.0, 0.0, box)
        return None

    def _search(self, whitened: np.ndarray, shape: tuple[int, ...]) -> Detection | None:
        """Any scale, angle and shift."""
        matrices = [np.eye(2), *periods(whitened)]
        tries = [(synchronise(self._lattice, fold(whitened, m)), m) for m in matrices]
        tries.sort(key=lambda t: -t[0].score)
        for is_climbing in (False, True):
            for peak, matrix in tries[:CLIMBS] if is_climbing else tries:
                if is_climbing:
                    matrix, peak = refine(self._lattice, whitened, matrix, peak)
                handle = self._lattice.read(peak.coefficients) if peak.score > LEAST_PEAK else None
                if handle is not None:
                    scale = float(np.sqrt(abs(np.linalg.det(matrix))))
                    angle = float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
                    return Detection(handle, peak.score, scale, angle, (0, 0, shape[1], shape[0]))
        return None


def _densities(long: int, is_whole: bool) -> list[int]:
    """Tiles along the long side that may be tried for a picture, coarsest first."""
    possible = [t for t in sorted(DENSITIES) if long / (t * TILE) >= FINEST_CELL_PX]
    if is_whole:
        return [t for t in possible if t == (4 if long < SMALL_PX else 8)]
    return [t for t in possible if t >= 8 or long < SMALL_PX]


def _least_long_side(tiles: int) -> float:
    """Below this many pixels a copy has lost the fast half of the mark."""
    return tiles * TILE * {4: 0.25, 8: 0.3, 16: 0.45, 32: 0.6}[tiles]


def _in_whole(found: Detection, shape: tuple[int, ...]) -> Detection:
    return Detection(found.handle, found.score, found.scale, found.angle, (0, 0, shape[1], shape[0]))
