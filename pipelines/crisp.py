"""The fine part of a fill: what a blur of it, and of what is known around it, leaves.

The mean of all that a loss may have held is right about where an edge or a stroke runs and too timid about how strong it is. To
take its own fine part further (unsharp masking) costs far less likeness than to add grain that knows nothing of the picture.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipelines.composite import floats
from pipelines.tiles import HoleValues, Window

BLUR_PX = 3.0  # standard deviation: the best by HaarPSI of 1.5, 3 and 6 px in cracks and small losses (training crops)
REACH_PX = 9  # three standard deviations
LEVELS, WEIGHTS = 4096, 4096  # of values and of the kernel: sums of whole numbers are the same whatever tile they stand in


def fine_part(window: Window, pixels: np.ndarray, hole: np.ndarray, fill: HoleValues) -> np.ndarray:
    """What a fill has beyond its blur, float32 [h, w, 3], about −1…1; the same at a pixel whatever the window.

    Args:
        window: lies on the picture.
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4] (alpha is left out).
        hole: bool [H, W], where the fill has values.
        fill: three values per pixel of the hole.
    """
    wide = window.grown(REACH_PX)
    whole = np.where(wide.cut(hole)[..., None], fill.read(wide), floats(wide.cut(pixels)))
    levels = np.rint(whole.astype(np.float64) * LEVELS)
    kernel = np.rint(cv2.getGaussianKernel(2 * REACH_PX + 1, BLUR_PX)[:, 0] * WEIGHTS)
    blurred = cv2.sepFilter2D(levels, cv2.CV_64F, kernel, kernel)[window.within(wide)] / kernel.sum() ** 2
    return ((levels[window.within(wide)] - blurred) / LEVELS).astype(np.float32)
