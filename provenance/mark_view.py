"""The picture as the watermark sees it: grey, at a size tied to its own long side, judged by what the eye bears, flattened."""

from __future__ import annotations

import cv2
import numpy as np

from provenance.lattice import TILE

STRIP = 1024  # rows that are converted at once, to keep big pictures out of float
FLAT, SLOPE, LOUDEST = 0.8, 0.08, 3.0  # grey levels where nothing hides the mark; per level of texture; at most
SEEN = 13  # cells across which the quietest place decides: as far as the two blurs carry an edge
NARROW, NEAR = 1.5, 3.5  # deviations in cells: of the blur that is taken away, of the neighbourhood that is judged
FLOOR = 1.5  # grey levels: what counts as flat when the picture is flattened


def luma(pixels: np.ndarray) -> np.ndarray:
    """Grey levels float32 [H, W], 0…255, of uint8 or uint16 pixels [H, W], [H, W, 3] or [H, W, 4]."""
    scale = np.float32(255.0 / np.iinfo(pixels.dtype).max)
    if pixels.ndim == 2:
        return pixels.astype(np.float32) * scale
    out = np.empty(pixels.shape[:2], np.float32)
    weights = np.array([[0.299, 0.587, 0.114]], np.float32) * scale
    for top in range(0, len(pixels), STRIP):
        strip = pixels[top : top + STRIP, :, :3]
        out[top : top + STRIP] = cv2.transform(strip.astype(np.float32), weights)
    return out


def view(grey: np.ndarray, cells: int) -> np.ndarray:
    """`grey` resized so that its long side holds `cells` cells: any uniformly resized copy gives the same view."""
    h, w = grey.shape
    scale = cells / max(h, w)
    return resized(grey, (max(1, round(h * scale)), max(1, round(w * scale))))


def resized(grey: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """`grey` at another size, float32 [h, w]."""
    if grey.shape == shape:
        return grey
    # without an antialiased reduction the mark is silently lost in it
    is_smaller = shape[0] < grey.shape[0]
    return cv2.resize(grey, shape[::-1], interpolation=cv2.INTER_AREA if is_smaller else cv2.INTER_CUBIC)


def visibility(grey: np.ndarray) -> np.ndarray:
    """Amplitude in grey levels that texture hides at each cell, float32 [h, w].

    Texture counts only where it lies all around: beside an edge the quieter side decides, or ink would carry a halo on paper.
    """
    fine = grey - soft(grey, 2.0)
    texture = np.sqrt(np.maximum(soft(fine * fine, 2.0), 0.0))
    around = cv2.erode(texture, np.ones((SEEN, SEEN), np.uint8))
    return np.clip(FLAT + SLOPE * soft(around, 2.0), FLAT, LOUDEST)


def whiten(grey: np.ndarray) -> np.ndarray:
    """What is finer than the surroundings, each cell weighed by how little its neighbourhood hides: float32 [h, w].

    A matched filter divides by the local variance; the power of 1.5 read most copies of rough pictures.
    """
    fine = grey - soft(grey, NARROW)
    spread = np.sqrt(np.maximum(soft(fine * fine, NEAR), 0.0)) + np.float32(FLOOR)
    return np.clip(fine / spread, -2.5, 2.5) / np.sqrt(spread)


def passed(cycles: np.ndarray) -> np.ndarray:
    """What `whiten` leaves of a wave of so many cycles per tile, before it weighs: 0…1."""
    return 1 - np.exp(-((2 * np.pi * NARROW * cycles / TILE) ** 2) / 2)


def soft(image: np.ndarray, deviation: float) -> np.ndarray:
    """A blur near to Gaussian, by three box filters: five times as fast at the deviations needed here (Kovesi 2010)."""
    if deviation < 2:
        return cv2.GaussianBlur(image, (0, 0), deviation)
    side = np.sqrt(12 * deviation**2 / 3 + 1)
    odd = int(side) // 2 * 2 + 1 if side % 2 >= 1 else int(side) // 2 * 2 - 1
    smaller = round((12 * deviation**2 - 3 * odd**2 - 12 * odd - 9) / (-4 * odd - 4))
    for i in range(3):
        width = odd if i < smaller else odd + 2
        image = cv2.blur(image, (width, width), borderType=cv2.BORDER_REFLECT_101)
    return image
