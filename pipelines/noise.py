"""Noise that belongs to a place in the picture: any window, in any order, gets the same values."""

from __future__ import annotations

import numpy as np

BLOCK_PX = 64
GREY_SHARE = 0.92  # of the noise's variance is common to the three channels, about as it is for paint; else grain is confetti


def noise(seed: int, hypothesis: int, top: int, left: int, height: int, width: int) -> np.ndarray:
    """A window of the noise field of one hypothesis.

    Each block of 64 × 64 pixels has a counter-based generator of its own, keyed on the seed and the hypothesis and started
    at the block's place, so that the field has no beginning and no order.

    Args:
        seed: 0…2⁵³ − 1.
        hypothesis: 0, 1, ….
        top, left: first row and column in the picture, ≥ 0.
        height, width: of the window.

    Returns:
        float32 [H, W, 3], standard normal in each channel, correlated between channels (see `mixed`).

    Source: Salmon et al. 2011 (Philox).
    """
    window = np.empty((height, width, 3), np.float32)
    for row in range(top // BLOCK_PX, -(-(top + height) // BLOCK_PX)):
        for column in range(left // BLOCK_PX, -(-(left + width) // BLOCK_PX)):
            block = _block(seed, hypothesis, row, column)
            y, x = row * BLOCK_PX, column * BLOCK_PX
            y0, y1 = max(y, top), min(y + BLOCK_PX, top + height)
            x0, x1 = max(x, left), min(x + BLOCK_PX, left + width)
            window[y0 - top : y1 - top, x0 - left : x1 - left] = block[y0 - y : y1 - y, x0 - x : x1 - x]
    return window


def _block(seed: int, hypothesis: int, row: int, column: int) -> np.ndarray:
    # the lowest counter word is left to the generator, which counts it up while it draws
    generator = np.random.Philox(key=[seed, hypothesis], counter=[0, 0, column, row])
    return mixed(np.random.Generator(generator).standard_normal((BLOCK_PX, BLOCK_PX, 4), np.float32))


def mixed(independent: np.ndarray) -> np.ndarray:
    """Four independent normal values [..., 4] → three of unit variance, `GREY_SHARE` of which they have in common."""
    grey, own = independent[..., :1], independent[..., 1:]
    return np.float32(np.sqrt(GREY_SHARE)) * grey + np.float32(np.sqrt(1 - GREY_SHARE)) * own
