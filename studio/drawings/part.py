"""The part of a sheet that a reader looks at: one drawing, as ink, as tones, and as the mass of its building."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studio.drawings.facade_levels import mass_of, tinted
from studio.drawings.paper import flatten, ink, without_border
from studio.drawings.reading import Box, Rectified
from studio.drawings.rectify import rectified


@dataclass(frozen=True, eq=False)
class Part:
    """One drawing of a sheet.

    Attributes:
        sheet: the whole of it, rectified.
        corner: x, y of the part on the sheet.
        picture: uint8 [h, w, 3]; gray: uint8 [h, w], 255 = paper; tone: the same with washes left in.
        ink: uint8 [h, w], 255 on 0, without a ruled border; mass: the building as one filled shape, 255 on 0.
    """

    sheet: Rectified
    corner: tuple[int, int]
    picture: np.ndarray
    gray: np.ndarray
    tone: np.ndarray
    ink: np.ndarray
    mass: np.ndarray


def part_of(sheet: np.ndarray | Rectified, box: Box | None = None) -> Part:
    """What a reader sees of a sheet, which is rectified first where it is an array.

    Raises: NoDrawingError when no ink stands together that could be a building.
    """
    upright = sheet if isinstance(sheet, Rectified) else rectified(sheet)
    x0, y0, x1, y1 = (0, 0, *upright.gray.shape[::-1]) if box is None else box
    gray, tone = upright.gray[y0:y1, x0:x1], tone_of(upright)[y0:y1, x0:x1]
    mask = without_border(ink(gray)) if box is None else ink(gray)
    mass = mass_of(np.maximum(mask, tinted(tone)))
    return Part(upright, (x0, y0), upright.picture[y0:y1, x0:x1], gray, tone, mask, mass)


def tone_of(sheet: Rectified) -> np.ndarray:
    """The sheet in grey, uint8 [H, W], with a paper estimate so wide that tinted walls keep their tone."""
    tone = flatten(sheet.picture, 0.5)
    if sheet.removed is not None:
        tone[sheet.removed] = 255
    return tone


def angle_of(sheet: Rectified) -> float:
    """Degrees by which the sheet was turned, against the clock positive as in `cv2.getRotationMatrix2D`."""
    m = sheet.to_sheet / sheet.to_sheet[2, 2]
    return round(float(np.degrees(np.arctan2(m[1, 0], m[0, 0]))), 3) + 0.0
