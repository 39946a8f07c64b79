"""Washes and half-tones: how far each place of a sheet is from bare paper, in darkness or in colour."""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.plan_faces import inland, opened
from studio.drawings.plan_ink import PlanInk

COLOUR = 55.0  # distance in a* b* that counts as full tone: a strong carmine wash on cream paper


def tone(picture: np.ndarray, gray: np.ndarray, ink: PlanInk) -> np.ndarray:
    """Tone of a sheet, float32 [H, W], 0 = paper … 1.

    Args:
        picture: uint8 [H, W, 3]; gray: uint8 [H, W], flattened; ink: of the same sheet, to leave out what is no plan.
    """
    dark = (255 - gray.astype(np.float32)) / 255
    small = cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 1:]
    bright = cv2.resize(gray, small.shape[1::-1], interpolation=cv2.INTER_AREA) > 235
    paper = np.median(lab[bright], axis=0) if bright.any() else np.zeros(2)
    colour = np.hypot(*np.moveaxis(lab - paper, 2, 0)) / COLOUR
    colour[colour < 0.2] = 0  # paper browns unevenly
    colour = cv2.resize(colour, gray.shape[::-1], interpolation=cv2.INTER_LINEAR)
    both = np.maximum(dark, colour)
    both[ink.dark == 0] *= colour[ink.dark == 0] > 0
    return np.clip(both, 0, 1)


def washed(ink: PlanInk, tone: np.ndarray) -> np.ndarray:
    """Even fields of a middle tone or a colour: washes, half-tone screens and speckles, wider than lines and letters."""
    size = max(5, round(2.2 * ink.pen)) | 1
    even = cv2.medianBlur(np.clip(tone * 255, 0, 255).astype(np.uint8), min(size, 31))
    level = even[even > 28]
    if level.size < 0.004 * even.size:
        return np.zeros_like(ink.mask)
    usual = float(np.median(level))
    body = ((even > max(20.0, 0.5 * usual)) * 255).astype(np.uint8)
    # A field a quarter of the sheet wide is tinted ground or a stain, no wall.
    wide = cv2.morphologyEx(body, cv2.MORPH_OPEN, np.ones((max(9, round(0.11 * min(body.shape))) | 1,) * 2, np.uint8))
    if wide.any():
        body = cv2.subtract(body, cv2.dilate(wide, np.ones((9, 9), np.uint8)))
    return inland(opened(body, size + 2))
