"""Drawing like an engraver: lines of a given weight, hatching that swells, and lettering, in metres on a sheet of paper."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

OVER = 3  # supersampling
INK = (38, 32, 29)


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The typeface that Pillow carries within itself, so that no font file is shipped."""
    return ImageFont.load_default(size=size)


class Pen:
    """A white sheet and the map from metres to its pixels.

    `tone` is the share of ink, float32 [H·OVER, W·OVER], 0…1; points are metres, x to the right and z up, unless `_px`.
    """

    def __init__(self, width_m: float, height_m: float, px_per_m: float, margins_px: tuple[int, int, int, int]):
        """Margins left, top, right, bottom in pixels around a drawing of width_m × height_m."""
        left, top, right, bottom = margins_px
        self.size = (round(width_m * px_per_m) + left + right, round(height_m * px_per_m) + top + bottom)
        self.px_per_m, self.left, self.base = px_per_m, left, self.size[1] - bottom
        self.tone = np.zeros((self.size[1] * OVER, self.size[0] * OVER), np.uint8)
        self.unit = px_per_m / 50  # line weights are given for 50 px/m

    def at(self, x: float, z: float) -> tuple[float, float]:
        """Metres → pixels of the finished sheet."""
        return self.left + x * self.px_per_m, self.base - z * self.px_per_m

    def box(self, box) -> tuple[int, int, int, int]:
        """A box in metres → x0, y0, x1, y1 in whole pixels."""
        (x0, y1), (x1, y0) = self.at(box[0], box[1]), self.at(box[2], box[3])
        return round(x0), round(y0), round(x1), round(y1)

    def _points(self, points) -> np.ndarray:
        return np.asarray([[(px + 0.5) * OVER * 16 for px in self.at(*p)] for p in points], np.int32)

    def line(self, points, weight: float = 1.0, closed: bool = False) -> None:
        """A polyline; weight in pixels at 50 px/m."""
        thick = max(1, round(weight * self.unit * OVER))
        cv2.polylines(self.tone, [self._points(points)], closed, 255, thick, cv2.LINE_AA, 4)

    def rectangle(self, x0: float, z0: float, x1: float, z1: float, weight: float = 1.0, fill: int | None = None) -> None:
        """A rectangle, first filled with `fill` (0 = paper, 255 = ink) where that is given."""
        corners = [(x0, z0), (x1, z0), (x1, z1), (x0, z1)]
        if fill is not None:
            self.fill(corners, fill)
        if weight:
            self.line(corners, weight, True)

    def fill(self, points, value: int = 255) -> None:
        """A polygon of one tone."""
        cv2.fillPoly(self.tone, [self._points(points)], value, cv2.LINE_AA, 4)

    def hatch(self, points, spacing: float, weight: float, degrees: float = 45.0, swell: float = 0.0) -> None:
        """Parallel strokes inside a polygon.

        Args:
            spacing, weight: in pixels at 50 px/m.
            degrees: direction of the strokes, 0 = level, counted against the clock.
            swell: 0…1, how much the strokes thicken towards the polygon's upper edge.
        """
        mask = np.zeros_like(self.tone)
        cv2.fillPoly(mask, [self._points(points)], 1, cv2.LINE_8, 4)
        self.hatch_mask(mask, spacing, weight, degrees, swell)

    def hatch_mask(self, mask: np.ndarray, spacing: float, weight: float, degrees: float = 45.0, swell: float = 0.0) -> None:
        """As `hatch`, inside a mask of the supersampled sheet."""
        x0, y0, w, h = cv2.boundingRect(mask)
        if not w or not h:
            return
        yy, xx = np.mgrid[y0 : y0 + h, x0 : x0 + w].astype(np.float32)
        a, step = np.deg2rad(degrees), max(3.0, spacing * self.unit * OVER)
        across = xx * np.sin(a) + yy * np.cos(a) + 0.10 * step * np.sin(xx * 0.011 + yy * 0.017)  # a hand, not a ruler
        wide = np.maximum(weight * self.unit * OVER * (1 + swell * (1 - 2 * (yy - y0) / h)), 1.0)
        stroke = np.abs((across % step) - step / 2) < wide / 2
        view = self.tone[y0 : y0 + h, x0 : x0 + w]
        view[stroke & (mask[y0 : y0 + h, x0 : x0 + w] > 0)] = 255

    def text(
        self, words: str, x_px: float, y_px: float, size_px: float, spaced: float = 0.0, anchor: str = "mm", bold: float = 0.0
    ) -> None:
        """Lettering at a place of the finished sheet, in pixels.

        `spaced` adds that share of its size between letters, `bold` that share to its strokes.
        """
        face = font(max(6, round(size_px * OVER)))
        gap = spaced * size_px * OVER
        width = sum(face.getlength(c) + gap for c in words) - gap
        ascent = round(1.4 * size_px * OVER)
        plate = Image.new("L", (int(width) + 8, ascent + 8), 0)
        pen, at = ImageDraw.Draw(plate), 4.0
        for c in words:
            pen.text((at, 4 + ascent / 2), c, 255, face, anchor="lm", stroke_width=round(bold * size_px * OVER))
            at += face.getlength(c) + gap
        letters = np.asarray(plate)
        left = round(x_px * OVER - {"l": 0, "m": letters.shape[1] / 2, "r": letters.shape[1]}[anchor[0]])
        top = round(y_px * OVER - letters.shape[0] / 2)
        view = self.tone[max(0, top) : top + letters.shape[0], max(0, left) : left + letters.shape[1]]
        np.maximum(view, letters[: view.shape[0], : view.shape[1]], out=view)

    def sheet(self) -> np.ndarray:
        """The finished drawing on white, uint8 [H, W, 3]."""
        ink = cv2.resize(self.tone, self.size, interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
        return np.rint(255 + (np.asarray(INK, np.float32) - 255) * ink).astype(np.uint8)
