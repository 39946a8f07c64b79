"""Seeing what was added: the evidence map drawn over a preview, in colours and hatching or as fine retouching lines."""

from __future__ import annotations

import cv2
import numpy as np

from blender_addon.scenes.levels import hatch, level, palette
from studio.report.evidence import UNTOUCHED

PERIOD_PX = 8
_COLOUR_ALPHA, _HATCH_ALPHA, _LINE_ALPHA = 140, 235, 60
_LEAST_COVER = 8  # of 255: a preview pixel takes a level that covers at least 3 % of it, so that a hair crack stays visible


def shrunk_levels(indices: np.ndarray, width: int, height: int) -> np.ndarray:
    """The evidence map at the size of a preview; uint8 [height, width]. The least certain level within a pixel wins."""
    levels = np.full((height, width), UNTOUCHED, np.uint8)
    for number in np.unique(indices):  # rises, so a less certain level covers a more certain one
        if number == UNTOUCHED:
            continue
        cover = cv2.resize((indices == number).astype(np.uint8) * 255, (width, height), interpolation=cv2.INTER_AREA)
        levels[cover >= (_LEAST_COVER if number else 128)] = number
    return levels


def evidence_overlay(levels: np.ndarray) -> np.ndarray:
    """Colours and hatching over everything that is not the untouched original; uint8 RGBA [H, W, 4] from uint8 [H, W]."""
    overlay = np.zeros((*levels.shape, 4), np.uint8)
    for number in np.unique(levels):
        if number == UNTOUCHED:
            continue
        here, colour = levels == number, palette()[number]
        overlay[here] = (*colour, _COLOUR_ALPHA)
        overlay[here & hatch(level(int(number)), levels.shape, PERIOD_PX)] = (*_ink_on(colour), _HATCH_ALPHA)
    return overlay


def retouching_lines(levels: np.ndarray) -> np.ndarray:
    """Fine vertical lines, alternately lighter and darker, over all that was added; uint8 RGBA [H, W, 4].

    After the rigatino of the Istituto Centrale per il Restauro: seen from near the addition shows itself, from afar it joins.
    """
    overlay = np.zeros((*levels.shape, 4), np.uint8)
    added = levels != UNTOUCHED
    column = np.broadcast_to(np.arange(levels.shape[1]) % 4, levels.shape)
    overlay[added & (column == 0)] = (255, 255, 255, _LINE_ALPHA)
    overlay[added & (column == 2)] = (0, 0, 0, _LINE_ALPHA)
    return overlay


def swatch(number: int, size_px: int = 24) -> np.ndarray:
    """A square of the legend in the level's colour and hatching; uint8 RGB [size, size, 3]."""
    colour = palette()[number]
    square = np.broadcast_to(colour, (size_px, size_px, 3)).copy()
    square[hatch(level(number), (size_px, size_px), PERIOD_PX)] = _ink_on(colour)
    return square


def _ink_on(colour: np.ndarray) -> tuple[int, int, int]:
    """Black or white, whichever stands out against an sRGB colour (Rec. 709 weights)."""
    light = float(np.dot(np.asarray(colour, float) / 255, (0.2126, 0.7152, 0.0722)))
    return (20, 20, 20) if light > 0.45 else (255, 255, 255)
