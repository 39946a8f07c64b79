"""Tiles and windows: how a picture of any size is cut, and what lies beyond its edges.

Tiles stand on an absolute grid that starts at the picture's corner. A window is a tile plus a margin, as far as the picture
goes; where it must leave the picture it sees it mirrored. Every window therefore has its full margin or ends where all
windows end, and a pixel's answer never depends on the tile that computed it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

GRAIN_PX = 32  # windows are rounded to it: fewer shapes for the convolution library to prepare for


@dataclass(frozen=True)
class Window:
    """A rectangle of the picture's plane, [top, bottom) × [left, right); may reach beyond the picture."""

    top: int
    bottom: int
    left: int
    right: int

    def grown(self, margin: int) -> Window:
        """The window with `margin` px more on each side."""
        return Window(self.top - margin, self.bottom + margin, self.left - margin, self.right + margin)

    def cut(self, plane: np.ndarray) -> np.ndarray:
        """The window of an array [H, W, …], mirrored beyond its edges; a view where it does not leave the picture."""
        return self.seen((plane.shape[0], plane.shape[1]), lambda source: plane[source.slices()])

    def seen(self, size: tuple[int, int], source_of: Callable[[Window], np.ndarray]) -> np.ndarray:
        """What the window sees of a picture of `size` that is made window by window.

        Args:
            size: height and width of the picture.
            source_of: gives the array [h, w, …] of a window that lies on the picture.
        """
        height, width = size
        if self == self.clipped(height, width):
            return source_of(self)
        rows, columns = mirrored(self.top, self.bottom, height), mirrored(self.left, self.right, width)
        source = Window(int(rows.min()), int(rows.max()) + 1, int(columns.min()), int(columns.max()) + 1)
        return source_of(source)[rows - source.top][:, columns - source.left]

    def clipped(self, height: int, width: int) -> Window:
        """The part that lies on the picture."""
        return self.common(Window(0, height, 0, width))

    def on_grid(self, height: int, width: int, stride: int) -> Window:
        """The part that lies on the picture or within the last stride beyond it."""
        return self.clipped(-(-height // stride) * stride, -(-width // stride) * stride)

    def common(self, other: Window) -> Window:
        """What both cover."""
        return Window(
            max(self.top, other.top), min(self.bottom, other.bottom), max(self.left, other.left), min(self.right, other.right)
        )

    def within(self, other: Window) -> tuple[slice, slice]:
        """Index of this window in an array that holds `other`."""
        return (
            slice(self.top - other.top, self.bottom - other.top),
            slice(self.left - other.left, self.right - other.left),
        )

    def place(self) -> tuple[int, int, int, int]:
        """Top, left, height, width."""
        return self.top, self.left, self.bottom - self.top, self.right - self.left

    def slices(self) -> tuple[slice, slice]:
        """Index of the window in an array; only for windows that lie on the picture."""
        return slice(self.top, self.bottom), slice(self.left, self.right)


def mirrored(start: int, stop: int, size: int) -> np.ndarray:
    """Positions start … stop − 1 of an endless row, as indices into its `size` pixels, mirrored, edge pixel repeated."""
    index = np.arange(start, stop) % (2 * size)
    return np.where(index < size, index, 2 * size - 1 - index)


def tiles(hole: np.ndarray, tile_px: int) -> list[Window]:
    """Tiles that touch the hole, row by row, clipped to the picture; sides are `tile_px` before clipping."""
    height, width = hole.shape
    grid = (
        Window(y, y + tile_px, x, x + tile_px).clipped(height, width)
        for y in range(0, height, tile_px)
        for x in range(0, width, tile_px)
    )
    return [tile for tile in grid if hole[tile.slices()].any()]


def tight(tile: Window, hole: np.ndarray) -> Window:
    """The smallest window on the 32-px grid that covers the hole's pixels in a tile; may reach beyond the tile."""
    inside = hole[tile.slices()]
    rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
    return Window(
        (tile.top + int(rows[0])) // GRAIN_PX * GRAIN_PX,
        -(-(tile.top + int(rows[-1]) + 1) // GRAIN_PX) * GRAIN_PX,
        (tile.left + int(columns[0])) // GRAIN_PX * GRAIN_PX,
        -(-(tile.left + int(columns[-1]) + 1) // GRAIN_PX) * GRAIN_PX,
    )


class HoleValues:
    """A few float32 values for each pixel of the hole and none for the others, kept tile by tile.

    A scan of 400 megapixels with cracks all over must not become a float copy of itself: memory follows the hole.
    """

    def __init__(self, hole: np.ndarray, tile_px: int, channels: int = 3):
        self._hole, self._tile_px, self._channels = hole, tile_px, channels
        self._values: dict[tuple[int, int], np.ndarray] = {}

    def write(self, tile: Window, window: Window, values: np.ndarray) -> None:
        """Keep the hole's pixels of a tile; `values`, float32 [H, W, C], are those of a window that covers them."""
        whole, part = self._zeros(tile), tile.common(window)
        whole[part.within(tile)] = values[part.within(window)]
        self._values[tile.top, tile.left] = whole[self._hole[tile.slices()]]

    def read(self, window: Window) -> np.ndarray:
        """float32 [H, W, C] of any window, zero outside the hole, mirrored beyond the picture."""
        return window.seen(self._hole.shape, self._read)

    def _read(self, window: Window) -> np.ndarray:
        dense = self._zeros(window)
        height, width, side = *self._hole.shape, self._tile_px
        for y in range(window.top // side * side, window.bottom, side):
            for x in range(window.left // side * side, window.right, side):
                if (y, x) in self._values:
                    tile = Window(y, y + side, x, x + side).clipped(height, width)
                    whole, part = self._zeros(tile), tile.common(window)
                    whole[self._hole[tile.slices()]] = self._values[y, x]
                    dense[part.within(window)] = whole[part.within(tile)]
        return dense

    def _zeros(self, window: Window) -> np.ndarray:
        return np.zeros((window.bottom - window.top, window.right - window.left, self._channels), np.float32)
