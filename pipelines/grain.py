"""The grain of a textured fill, measured against that of its surroundings: no brushwork where the paint around a loss has none.

Grain is told by gradients: the mean square of the steps to the right and downwards, three pixels apart, of what is grey in a
picture (the mean of its channels) and of what is colour, each by itself: a print has grain and no colour. What a mean fill
lacks comes first from its own fine part, taken further (`crisp.py`), and the rest from what the flow adds, which is taken as
independent of that mean, so that their energies add.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.crisp import fine_part
from pipelines.prefill import COARSE
from pipelines.tiles import HoleValues, Window, tiles

STEPS_OF_ONE = 4096  # gradients are summed as whole numbers, so no order of tiles can round a sum otherwise
STEP_PX = 3  # a stroke is wider than a pixel: between neighbours a smooth scan has no grain, and a sharp one has noise
OUTLINE = 0.12  # for each pixel of a step: beyond it is the outline of a form, which counts as that much: forms are no grain
REACH_CELLS = 2  # of 8 px: the surroundings that a loss is compared with
WIDENINGS, LESS = 4, 0.01  # each twice as wide and for a hundredth: only the middle of a wide loss asks farther away
# Of the surroundings' energy, where all around is known, and where nothing is: grain that is not the lost one costs likeness,
# most of it where the lost one goes on beside it. These and the next three were chosen on 76 training crops, for half of the
# energy at less than 1.5 dB and then for HaarPSI; the figures of eight museum works were in view.
NARROW, WIDE = 0.52, 0.9
CRISPEST = 1.25  # times its fine part are added to the mean at most: twice as much rings beside outlines
CREDIT = 0.7  # of what crispness gains counts as grain: in full, a smear between crisp strokes would stay one
FAINTEST = 0.33  # times what the flow made: hypotheses must differ on a smooth ground as well
STRONGEST = 2.5  # likewise: in wide losses it is timid, and a fourfold never made a difference


@dataclass(frozen=True, eq=False)
class Energy:
    """Squared steps summed over cells of 8 × 8 px, and how many steps there were; int64 [⌈H/8⌉, ⌈W/8⌉]."""

    total: np.ndarray
    count: np.ndarray

    @classmethod
    def none(cls, size: tuple[int, int]) -> Energy:
        """Of a picture of `size`, height and width, of which nothing was looked at."""
        cells = -(-size[0] // COARSE), -(-size[1] // COARSE)
        return cls(np.zeros(cells, np.int64), np.zeros(cells, np.int64))

    def add(self, tile: Window, values: np.ndarray, where: np.ndarray, most: float = OUTLINE) -> None:
        """Take in the steps that start in a tile.

        Args:
            tile: starts on a multiple of 8.
            values: float32 [h, w, C], about −1…1, of the tile and of what of the next three rows and columns the picture has;
                the squares of all channels are added.
            where: bool [h, w]; a step counts where both its ends do.
            most: what a larger step counts as, for each of its pixels.
        """
        low, high = -1.0, 2.0  # a fill may leave 0…1 a little, what was added to it may be negative
        planes = np.rint(np.clip(values, low, high) * STEPS_OF_ONE).astype(np.int64)
        largest = round(min(most * STEP_PX, high - low) * STEPS_OF_ONE) ** 2
        height, width = tile.bottom - tile.top, tile.right - tile.left
        for here, there in ((np.s_[:-STEP_PX, :], np.s_[STEP_PX:, :]), (np.s_[:, :-STEP_PX], np.s_[:, STEP_PX:])):
            both = (where[here] & where[there])[:height, :width]
            squares = np.minimum((planes[there] - planes[here]) ** 2, largest).sum(-1)[:height, :width] * both
            rows, columns = tile.top // COARSE, tile.left // COARSE
            for kept, new in ((self.total, squares), (self.count, both)):
                cells = _cells(new)
                kept[rows : rows + cells.shape[0], columns : columns + cells.shape[1]] += cells

    def around(self) -> np.ndarray:
        """Mean squared slope around each cell, float64 [⌈H/8⌉, ⌈W/8⌉], 0…1; 0 where none was seen at all."""
        total, count = self.total.astype(np.float64), self.count.astype(np.float64)
        above, below = np.zeros_like(total), np.zeros_like(total)
        for widening in range(WIDENINGS):
            reach, share = REACH_CELLS * 2.0**widening, LESS**widening
            above += share * cv2.GaussianBlur(total, (0, 0), reach, borderType=cv2.BORDER_CONSTANT)
            below += share * cv2.GaussianBlur(count, (0, 0), reach, borderType=cv2.BORDER_CONSTANT)
        return np.where(below > 0, above / np.maximum(below, 1e-12), 0) / (STEP_PX * STEPS_OF_ONE) ** 2


@dataclass(frozen=True, eq=False)
class Grain:
    """Energy of what is grey and of what is colour."""

    grey: Energy
    colour: Energy

    @classmethod
    def none(cls, size: tuple[int, int]) -> Grain:
        """Of a picture of which nothing was looked at."""
        return cls(Energy.none(size), Energy.none(size))

    def add(self, tile: Window, values: np.ndarray, where: np.ndarray, most: float = OUTLINE) -> None:
        """As `Energy.add`, of values float32 [h, w, 3] or [h, w, 1]."""
        grey, colour = _apart(values)
        self.grey.add(tile, grey, where, most)
        self.colour.add(tile, colour, where, most)


def known_grain(pixels: np.ndarray, hole: np.ndarray) -> Grain:
    """The grain of what is known of a picture.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]; read in strips.
        hole: bool [H, W], True where nothing is known.
    """
    height, width = hole.shape
    found, most = Grain.none((height, width)), np.float32(np.iinfo(pixels.dtype).max)
    for top in range(0, height, 32 * COARSE):
        strip = Window(top, top + 32 * COARSE, 0, width).clipped(height, width)
        seen = _seen(strip, height, width)
        values = pixels[seen.slices()]
        values = values[..., None] if values.ndim == 2 else values[..., :3]
        found.add(strip, values.astype(np.float32) / most, ~hole[seen.slices()])
    return found


def matched(
    known: Grain,
    pixels: np.ndarray,
    hole: np.ndarray,
    tile_px: int,
    mean: HoleValues,
    textured: HoleValues,
    texture: float,
) -> HoleValues:
    """The mean fill, so crisp and with so much of the textured one that fill and surroundings have grain alike.

    Args:
        known: `known_grain` of the picture.
        pixels: uint8 or uint16 picture.
        hole: bool [H, W], where both fills have values; tile_px: side of their tiles.
        mean, textured: the fill without texture, and with it.
        texture: 0…1, what was asked.
    """
    smooth, crisp, added = (Grain.none(hole.shape) for _ in range(3))
    for tile in tiles(hole, tile_px):
        seen = _seen(tile, *hole.shape)
        base, where = mean.read(seen), hole[seen.slices()]
        smooth.add(tile, base, where)
        crisp.add(tile, base + CRISPEST * fine_part(seen, pixels, hole, mean), where)
        added.add(tile, textured.read(seen) - base, where, most=np.inf)
    share = texture * (WIDE + (NARROW - WIDE) * _known_share(hole))
    wanted = share * known.grey.around()
    crispness, gained = _crispness(wanted, smooth.grey, crisp.grey)
    grey = _factor(wanted - CREDIT * gained, smooth.grey, added.grey, FAINTEST)
    colour = _factor(share * known.colour.around(), smooth.colour, added.colour, 0.0)
    answer = HoleValues(hole, tile_px)
    for tile in tiles(hole, tile_px):
        base = mean.read(tile)
        more = textured.read(tile) - base
        alike = more.mean(-1, keepdims=True)
        more = _between(grey, tile)[..., None] * alike + _between(colour, tile)[..., None] * (more - alike)
        fine = _between(crispness, tile)[..., None] * fine_part(tile, pixels, hole, mean)
        answer.write(tile, tile, base + fine + more)
    return answer


def _apart(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What is grey, float32 [h, w, 1], and what is colour, [h, w, C]."""
    grey = values.mean(-1, keepdims=True)
    return grey, values - grey


def _crispness(wanted: np.ndarray, smooth: Energy, crisp: Energy) -> tuple[np.ndarray, np.ndarray]:
    """How many times its fine part each cell gets for the wanted energy, float32, and the energy that it gains by it.

    Between none and the most, the root of the energy is taken as a straight line.
    """
    least, most = np.sqrt(smooth.around()), np.sqrt(crisp.around())
    part = np.clip((np.sqrt(wanted) - least) / np.maximum(most - least, 1e-6), 0, 1) * (most > least)
    return (CRISPEST * part).astype(np.float32), (least + part * (most - least)) ** 2 - least**2


def _factor(wanted: np.ndarray, smooth: Energy, added: Energy, least: float) -> np.ndarray:
    """By how much to multiply what the flow added around each cell, float32 [⌈H/8⌉, ⌈W/8⌉]."""
    lacking = np.maximum(wanted - smooth.around(), 0)
    return np.clip(np.sqrt(lacking / np.maximum(added.around(), 1e-12)), least, STRONGEST).astype(np.float32)


def _known_share(hole: np.ndarray) -> np.ndarray:
    """How much is known around each cell, float64 [⌈H/8⌉, ⌈W/8⌉], 0…1."""
    known, whole = (cv2.GaussianBlur(_cells(one).astype(np.float64), (0, 0), REACH_CELLS) for one in (~hole, hole | True))
    return known / whole


def _seen(tile: Window, height: int, width: int) -> Window:
    return Window(tile.top, tile.bottom + STEP_PX, tile.left, tile.right + STEP_PX).clipped(height, width)


def _cells(values: np.ndarray) -> np.ndarray:
    """Sums over blocks of 8 × 8, the last ones cut off by the edge; int64."""
    down, right = (-side % COARSE for side in values.shape)
    whole = np.pad(values.astype(np.int64), ((0, down), (0, right)))
    return whole.reshape(whole.shape[0] // COARSE, COARSE, whole.shape[1] // COARSE, COARSE).sum((1, 3))


def _between(cells: np.ndarray, tile: Window) -> np.ndarray:
    """Values of cells, float32, at each pixel of a tile, linearly between the cells' middles; the same whatever the tile."""
    y, x = ((np.arange(first, last) + 0.5) / COARSE - 0.5 for first, last in ((tile.top, tile.bottom), (tile.left, tile.right)))
    parts = []
    for place, count in ((y, cells.shape[0]), (x, cells.shape[1])):
        low = np.clip(np.floor(place).astype(int), 0, count - 1)
        parts.append((low, np.minimum(low + 1, count - 1), np.clip(place - low, 0, 1).astype(np.float32)))
    (top, bottom, down), (left, right, across) = parts
    upper = cells[top][:, left] * (1 - across) + cells[top][:, right] * across
    lower = cells[bottom][:, left] * (1 - across) + cells[bottom][:, right] * across
    return upper * (1 - down)[:, None] + lower * down[:, None]
