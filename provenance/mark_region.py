"""Where a mark may go, and the adding itself: nothing outside the region changes, and nothing is seen at its edge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from provenance.mark_view import luma

EDGE_PX = 2  # pixels inside the mask that stay untouched
TAPER_PX = 5  # pixels over which the mark then rises to its strength
BLOCK = 1024  # pixels on a side that are worked on at once
JPEG_UNIT = 16  # 4:2:0 JPEG codes blocks of this size independently


@dataclass(frozen=True)
class Region:
    """The mask's bounding box and what lies in it.

    Attributes:
        shape: (H, W) of the picture.
        mask: bool [h, w] inside the box, or None where the whole picture may change.
        top, left: corner of the box.
        square_px: side of the largest square inside the mask.
    """

    shape: tuple[int, int]
    mask: np.ndarray | None
    top: int
    left: int
    square_px: int

    @classmethod
    def of(cls, mask: np.ndarray | None, shape: tuple[int, ...]) -> Region:
        """The region of a mask, bool [H, W]; None for the whole picture."""
        size = (shape[0], shape[1])
        if mask is None or mask.all():
            return cls(size, None, 0, 0, min(size))
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        if not len(rows):
            return cls(size, np.zeros((0, 0), bool), 0, 0, 0)
        top, left = int(rows[0]), int(columns[0])
        inside = mask[top : rows[-1] + 1, left : columns[-1] + 1]
        # chessboard distance to the nearest pixel outside: half of the largest square
        walled = cv2.copyMakeBorder(inside.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
        distance = cv2.distanceTransform(walled, cv2.DIST_C, 3)
        return cls(size, inside, top, left, int(2 * distance.max() - 1))

    @property
    def is_whole(self) -> bool:
        """Whether every pixel may change."""
        return self.mask is None

    @property
    def is_empty(self) -> bool:
        """Whether no pixel may change."""
        return self.mask is not None and not self.mask.size

    @property
    def bottom(self) -> int:
        """First row below the box."""
        return self.shape[0] if self.mask is None else self.top + self.mask.shape[0]

    @property
    def right(self) -> int:
        """First column right of the box."""
        return self.shape[1] if self.mask is None else self.left + self.mask.shape[1]

    def too_small(self, least_px: float) -> str:
        """A sentence for the record."""
        return (
            f"The region is too small for a mark: its largest square is {self.square_px} px on a side, "
            f"and this picture needs {round(least_px)} px."
        )

    def room_share(self, pixels: np.ndarray) -> float:
        """Share of the region where a grey level can be added and taken away without clipping."""
        step = max(1, int(np.sqrt((self.bottom - self.top) * (self.right - self.left)) / 1000))
        sample = pixels[self.top : self.bottom : step, self.left : self.right : step]
        room = _room(sample, np.iinfo(pixels.dtype).max) >= 1.0
        if self.mask is not None:
            inside = self.mask[::step, ::step]
            return float(room[inside].mean()) if inside.any() else 1.0
        return float(room.mean())

    def add(self, pixels: np.ndarray, delta: np.ndarray) -> np.ndarray:
        """`pixels` with `delta` (grey levels of 255, float [h, w] over the whole picture at any size) added in the region."""
        out, weight, top_value = pixels.copy(), self._weight(), np.iinfo(pixels.dtype).max
        for rows, columns in self._blocks():
            inside = None if weight is None else weight[_moved(rows, self.top), _moved(columns, self.left)]
            if inside is not None and not inside.any():
                continue
            block = pixels[rows, columns]
            change = _enlarged(delta, self.shape, rows, columns)
            if inside is not None:
                change = change * inside
            # keep away from clipping, or the mark would shift the hue of highlights
            room = _room(block, top_value)
            change = np.clip(change, -room, room) * (top_value / 255.0)
            colour = block[..., :3] if block.ndim == 3 else block
            moved = colour.astype(np.float32) + (change[..., None] if block.ndim == 3 else change)
            target = out[rows, columns]
            new = np.clip(np.rint(moved), 0, top_value).astype(pixels.dtype)
            if block.ndim == 3:
                target[..., :3] = new
            else:
                target[...] = new
        return out

    def luma_after(self, grey: np.ndarray, changed: np.ndarray) -> np.ndarray:
        """Grey levels of the picture with the box replaced by `changed`, which has the picture's size or is from `as_jpeg`."""
        if changed.shape[:2] == self.shape:
            top, bottom, left, right = self.top, self.bottom, self.left, self.right
            changed = changed[top:bottom, left:right]
        else:
            top, bottom, left, right = self._coded_box()
        out = grey.copy()
        out[top:bottom, left:right] = luma(changed)
        return out

    def as_jpeg(self, pixels: np.ndarray) -> np.ndarray:
        """The region's box, widened to whole JPEG units, as a copy of quality 75 shows it: uint8."""
        top, bottom, left, right = self._coded_box()
        box = pixels[top:bottom, left:right]
        if box.dtype != np.uint8:
            box = cv2.convertScaleAbs(np.ascontiguousarray(box), alpha=1 / 257)
        colour = box[..., 2::-1] if box.ndim == 3 else box  # OpenCV codes blue, green, red
        coded = cv2.imencode(".jpg", np.ascontiguousarray(colour), [cv2.IMWRITE_JPEG_QUALITY, 75])[1]
        copy = cv2.imdecode(coded, cv2.IMREAD_UNCHANGED)
        return copy[..., ::-1] if copy.ndim == 3 else copy

    def _coded_box(self) -> tuple[int, int, int, int]:
        top, left = self.top // JPEG_UNIT * JPEG_UNIT, self.left // JPEG_UNIT * JPEG_UNIT
        bottom, right = (-(-n // JPEG_UNIT) * JPEG_UNIT for n in (self.bottom, self.right))
        return top, min(bottom, self.shape[0]), left, min(right, self.shape[1])

    def in_view(self, shape: tuple[int, int]) -> np.ndarray | None:
        """How much of the mark each cell of a view of `shape` takes, float32 0…1; None for all of it."""
        weight = self._weight()
        if weight is None:
            return None
        down, across = shape[0] / self.shape[0], shape[1] / self.shape[1]
        side = max(1, round(1 / max(down, across)))
        matrix = np.array([[1 / across, 0, 0.5 / across - 0.5 - self.left], [0, 1 / down, 0.5 / down - 0.5 - self.top]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        return cv2.warpAffine(cv2.blur(weight, (side, side)), matrix, (shape[1], shape[0]), flags=flags)

    def cells(self, shape: tuple[int, int], tile: int) -> tuple[slice, slice]:
        """The part of a view of `shape` that holds the region, in whole tiles."""
        down, across = shape[0] / self.shape[0], shape[1] / self.shape[1]
        top, left = (int(n) // tile * tile for n in (self.top * down, self.left * across))
        bottom, right = (-(-int(np.ceil(n)) // tile) * tile for n in (self.bottom * down, self.right * across))
        return slice(top, min(bottom, shape[0])), slice(left, min(right, shape[1]))

    def _weight(self) -> np.ndarray | None:
        """0 at the mask's edge, 1 well inside; the picture's own border is no edge."""
        if self.mask is None:
            return None
        sides = [self.top > 0, self.bottom < self.shape[0], self.left > 0, self.right < self.shape[1]]
        pad = [int(s) for s in sides]
        walled = cv2.copyMakeBorder(self.mask.astype(np.uint8), *pad, cv2.BORDER_CONSTANT, value=0)
        distance = cv2.distanceTransform(walled, cv2.DIST_L2, 5)
        distance = distance[pad[0] : pad[0] + self.mask.shape[0], pad[2] : pad[2] + self.mask.shape[1]]
        t = np.clip((distance - EDGE_PX) / TAPER_PX, 0.0, 1.0)
        return t * t * (3 - 2 * t)

    def _blocks(self) -> Iterator[tuple[slice, slice]]:
        for top in range(self.top, self.bottom, BLOCK):
            for left in range(self.left, self.right, BLOCK):
                yield slice(top, min(top + BLOCK, self.bottom)), slice(left, min(left + BLOCK, self.right))


def _moved(part: slice, by: int) -> slice:
    return slice(part.start - by, part.stop - by)


def _room(pixels: np.ndarray, top_value: int) -> np.ndarray:
    """How many grey levels of 255 the brightest and the darkest channel leave."""
    channels = [pixels[..., i] for i in range(3)] if pixels.ndim == 3 else [pixels]
    darkest, brightest = channels[0], channels[0]
    for channel in channels[1:]:
        darkest, brightest = np.minimum(darkest, channel), np.maximum(brightest, channel)
    room = np.minimum(darkest, top_value - brightest)
    return room.astype(np.float32) * np.float32(255.0 / top_value)


def _enlarged(delta: np.ndarray, shape: tuple[int, int], rows: slice, columns: slice) -> np.ndarray:
    """The part of `delta`, stretched over the whole picture, that covers rows × columns."""
    down, across = delta.shape[0] / shape[0], delta.shape[1] / shape[1]
    # pixel centres: picture (x + ½)·across − ½ = delta
    matrix = np.array(
        [[across, 0, (columns.start + 0.5) * across - 0.5], [0, down, (rows.start + 0.5) * down - 0.5]],
    )
    size = (columns.stop - columns.start, rows.stop - rows.start)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(delta, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
