"""An invisible, keyed mark of 48 bits in the pixels that a model made, found again without the original.

A keyed tile of 48 × 48 cells repeats over the picture. Cells are a fixed part of the long side, so that a resized copy needs
no search. The tile's spectrum carries convolutionally coded bits and a keyed part to find it by; it is written against what
the detector hears of the picture itself. Version 2: version 1 had coarser, slower tiles and is not read any more.

A false reading needs a word that passes its keyed check of 28 bits by chance. `detect` makes at most 54 readings of 4 words
each in a picture (`FALSE_READINGS`): below 10⁻⁶ a picture, and most are not even tried where the key does not show.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from provenance.lattice import CHECK_BITS, HANDLE_BITS, LIST, TILE, Lattice
from provenance.mark_blocks import HALF, Blocks
from provenance.mark_informed import Canvas, informed, plain
from provenance.mark_region import Region
from provenance.mark_search import REFINED, poses
from provenance.mark_view import luma, resized, view, visibility, whiten

SCHEME = "anastylosis.watermark/2"
ACROSS = (768, 512, 1024, 2048, 4096)  # cells along the long side, in the order in which they are looked for
LEAST_LONG_PX = {512: 200, 768: 300, 1024: 600, 2048: 1200, 4096: 2400}  # below, a copy has lost the fast half of such a mark
SMALL_PX = 1000  # long side below which a whole picture is marked with 512 cells instead of 768
FINEST_CELL_PX = 0.9  # a finer mark does not outlive JPEG
LEAST_TILES = 2  # side of the smallest region
LOUDNESS = (1.0, 2.0)  # the second where the first could not be read back
LOUDEST = 2.5  # grey levels, root mean square: no region falls below 40.1 dB, however rough
LEAST_SCORE = 3.8  # standard deviations; below, a window is not even decoded
WINDOWS, POSED_WINDOWS = 6, 2  # how many windows of a picture, and of each pose, are decoded at most
# at most this share of unmarked pictures gives a handle: windows of every view and of every pose, times the list
FALSE_READINGS = (len(ACROSS) * WINDOWS + 2 * REFINED * POSED_WINDOWS) * LIST * 2.0**-CHECK_BITS
SEARCHED_PX = 1024  # long side at which a turned or cropped copy is searched
MAP_CELLS = 64  # along the long side of a localisation map
PRESENT = 2.0  # standard deviations above which a cell of that map counts as marked
MOST_MARKS = 8  # handles that are told apart in one picture


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
        scale: size of the tile, relative to what the copy's long side asks for; 1 for an uncropped copy.
        angle: degrees by which the copy was turned.
        box: (left, top, right, bottom) in pixels of the copy: around the largest part where the mark shows.
        where: float32 [h, w], long side 64, stretched over the copy: how clearly this handle's mark shows there, in standard
            deviations; unmarked parts lie near 0.
    """

    handle: int
    score: float
    scale: float
    angle: float
    box: tuple[int, int, int, int]
    where: np.ndarray = field(repr=False, compare=False)


class Watermark:
    """Marks pictures with one key, and finds its own marks again.

    Args:
        key: secret bytes of the installation; without it the mark can neither be read nor written.
        strength: amplitude, relative to what texture hides.
        is_informed: whether marks are written against the picture's interference; without, four times as fast, and weaker.
    """

    def __init__(self, key: bytes, strength: float = 1.0, is_informed: bool = True):
        self.strength, self.is_informed = strength, is_informed
        self._lattice = Lattice(key)

    # Writing.

    def embed(self, pixels: np.ndarray, handle: int, mask: np.ndarray | None) -> Marked:
        """Mark `pixels` inside `mask`, and read the mark back; an informed one also from a JPEG copy of quality 75.

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
        if not densities:
            least_long = math.ceil(FINEST_CELL_PX * min(ACROSS))
            said = f"The picture is too small for a mark: its longer side has {long} px, and {least_long} px are needed."
            return Marked(pixels, None, said)
        least_px = LEAST_TILES * TILE * max(FINEST_CELL_PX, long / max(densities))
        if region.square_px < least_px:
            return Marked(pixels, None, region.too_small(least_px))
        if region.room_share(pixels) < 0.25:
            return Marked(pixels, None, "The region is almost pure white or black, where a mark would show.")
        # 2. The coarsest density that can be read back: the coarser, the smaller a copy may be.
        grey = luma(pixels)
        write = informed if self.is_informed else plain
        for cells in densities:
            if region.square_px < LEAST_TILES * TILE * long / cells:
                continue
            small = view(grey, cells)
            delta, box = np.zeros_like(small), region.cells(small.shape, TILE)
            weight = region.in_view(small.shape)
            canvas = Canvas(small[box], self.strength * visibility(small[box]), None if weight is None else weight[box])
            for loudness in LOUDNESS:
                delta[box] = write(self._lattice, canvas, handle, loudness, LOUDEST)
                marked = region.add(pixels, delta)
                if self._reads_back(marked, grey, handle, region, cells):
                    return Marked(marked, handle)
        return Marked(pixels, None, "The region is too small or its texture too strong: the mark could not be read back.")

    def _reads_back(self, marked: np.ndarray, grey: np.ndarray, handle: int, region: Region, cells: int) -> bool:
        for copy in (marked, region.as_jpeg(marked)) if self.is_informed else (marked,):
            blocks = Blocks.of(self._lattice, whiten(view(region.luma_after(grey, copy), cells)))
            if handle != next((found for found, _ in _readings(blocks, WINDOWS)), None):
                return False
        return True

    # Reading.

    def detect(self, pixels: np.ndarray, search: bool = True) -> Detection | None:
        """The clearest mark in `pixels` (as for `embed`), or None. A handle is reported only when its keyed check holds.

        Copies of any uniform size are read directly; `search` also tries mirrored, turned and cropped ones (seconds).
        """
        return next(self._detections(pixels, search), None)

    def detect_all(self, pixels: np.ndarray, search: bool = True) -> list[Detection]:
        """Every mark that can be told apart, each handle once: regions of a picture may carry marks of their own."""
        found: dict[int, Detection] = {}
        for detection in self._detections(pixels, search):
            found.setdefault(detection.handle, detection)
        return list(found.values())

    def _detections(self, pixels: np.ndarray, search: bool) -> Iterator[Detection]:
        grey, long, is_found = luma(pixels), max(pixels.shape[:2]), False
        if min(pixels.shape[:2]) < TILE:
            return
        for cells in ACROSS:
            if long >= LEAST_LONG_PX[cells]:
                small = view(grey, cells)
                blocks = Blocks.of(self._lattice, whiten(small))
                for handle, score in _readings(blocks, WINDOWS):
                    is_found = True
                    yield _detection(blocks, handle, score, np.eye(2) * long / cells, np.zeros(2), grey.shape)
        if search and not is_found:
            yield from self._searched(grey)

    def _searched(self, grey: np.ndarray) -> Iterator[Detection]:
        """Any scale, angle and shift; the first pose that can be read is the copy's."""
        h, w = grey.shape
        scale = max(1.0, max(h, w) / SEARCHED_PX)
        small = resized(grey, (round(h / scale), round(w / scale)))
        whole = [TILE * max(small.shape) / cells for cells in ACROSS[:2]]
        for pose in poses(self._lattice, whiten(small), [px for px in whole if 0.6 < px / TILE < 2.5]):
            is_read = False
            for handle, score in _readings(pose.blocks, POSED_WINDOWS):
                is_read = True
                yield _detection(pose.blocks, handle, score, scale * pose.matrix, scale * pose.origin, grey.shape)
            if is_read:
                return


def _readings(blocks: Blocks, windows: int) -> Iterator[tuple[int, float]]:
    """Handle and score of each mark in aligned blocks; what carries one is left out when the next is looked for."""
    for _ in range(MOST_MARKS):
        for window in blocks.best_windows(LEAST_SCORE, windows):
            handle = blocks.read(window)
            if handle is not None:
                yield handle, window.score
                blocks = blocks.without(_smooth(blocks.presence(handle)) > PRESENT)
                break
        else:
            return


def _detection(
    blocks: Blocks, handle: int, score: float, matrix: np.ndarray, origin: np.ndarray, shape: tuple[int, ...]
) -> Detection:
    """What is reported of a handle; `matrix` and `origin` lead from (across, down) cells to pixels of the copy."""
    h, w = shape
    step = max(h, w) / MAP_CELLS
    size = max(1, round(w / step)), max(1, round(h / step))
    # map → pixel → cell → half tile, whose middle has the whole number
    to_cells = np.linalg.inv(matrix)
    offset = (to_cells @ (np.array([0.5 * w / size[0], 0.5 * h / size[1]]) - origin)) / HALF - 0.5
    linear = to_cells @ np.diag([w / size[0], h / size[1]]) / HALF
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    where = cv2.warpAffine(_smooth(blocks.presence(handle)), np.hstack([linear, offset[:, None]]), size, flags=flags)
    # period over the one that the long side asks for; of the possible ones the least that a crop can explain
    period = float(np.sqrt(abs(np.linalg.det(matrix))))
    scales = sorted(round(period * cells / max(h, w), 4) for cells in ACROSS)
    angle = float(np.degrees(np.arctan2(matrix[1, 0], matrix[0, 0])))
    return Detection(handle, score, next((s for s in scales if s > 0.97), scales[-1]), angle, _box(where, shape), where)


def _box(where: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    parts = cv2.connectedComponentsWithStats((where > PRESENT).astype(np.uint8))[2][1:]
    if not len(parts):
        return 0, 0, shape[1], shape[0]
    left, top, width, height, _ = (int(n) for n in parts[parts[:, cv2.CC_STAT_AREA].argmax()])
    x, y = shape[1] / where.shape[1], shape[0] / where.shape[0]
    return round(left * x), round(top * y), round((left + width) * x), round((top + height) * y)


def _smooth(presence: np.ndarray) -> np.ndarray:
    """Deviations summed over 3 × 3 half tiles, still in standard deviations."""
    return 3 * cv2.blur(presence.astype(np.float32), (3, 3))


def _densities(long: int, is_whole: bool) -> list[int]:
    """Cells along the long side that may be tried for a picture, coarsest first."""
    possible = [cells for cells in sorted(ACROSS) if long / cells >= FINEST_CELL_PX]
    if is_whole:
        return [cells for cells in possible if cells == (512 if long < SMALL_PX else 768)]
    return [cells for cells in possible if cells >= 1024 or long < SMALL_PX]
