"""Dark and pale marks beside which a picture is otherwise: top-hats, and how far they go on along a line.

A line answers along two arms that leave a pixel in opposite directions, and answers more than its surroundings do: spots,
edges and even texture do not.
"""

from __future__ import annotations

import cv2
import numpy as np

HAT_PX = 7  # element of the top-hats: what is wider is no crack
ARM_PX = 9  # shorter arms answer to grains, longer ones miss the bends of a net
DIRECTIONS = 16


def lightness(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W] of pixels uint8 or uint16 [H, W], [H, W, 3] or [H, W, 4]; L* in 255 levels, or the grey value."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        return np.ascontiguousarray(pixels)
    return cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2LAB)[..., 0]


def top_hats(light: np.ndarray, size: int = HAT_PX) -> tuple[np.ndarray, np.ndarray]:
    """How much darker, and how much paler, each pixel is than what lies beside it; uint8 [H, W] each."""
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    dark = cv2.morphologyEx(light, cv2.MORPH_BLACKHAT, element, borderType=cv2.BORDER_REFLECT)
    return dark, cv2.morphologyEx(light, cv2.MORPH_TOPHAT, element, borderType=cv2.BORDER_REFLECT)


def along(hat: np.ndarray) -> np.ndarray:
    """Response of a line through each pixel: its weaker arm, less the mean over all directions; float32 [H, W]."""
    height, width = hat.shape
    wide = cv2.copyMakeBorder(hat, *(ARM_PX,) * 4, cv2.BORDER_REFLECT).astype(np.uint16)
    arms = []
    for angle in 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS:
        arm = np.zeros(hat.shape, np.uint16)
        for step in range(ARM_PX):
            y, x = ARM_PX + round(step * np.sin(angle)), ARM_PX + round(step * np.cos(angle))
            arm += wide[y : y + height, x : x + width]
        arms.append(arm)
    best, total = np.zeros(hat.shape, np.uint16), np.zeros(hat.shape, np.uint16)
    for index, arm in enumerate(arms):
        total += arm
        back = index + DIRECTIONS // 2  # a line may bend by one direction
        opposite = np.maximum(arms[back % DIRECTIONS], arms[(back - 1) % DIRECTIONS])
        np.maximum(opposite, arms[(back + 1) % DIRECTIONS], out=opposite)
        np.maximum(best, np.minimum(arm, opposite), out=best)
    return (best - total.astype(np.float32) / DIRECTIONS) / ARM_PX
