"""The line map: where a picture or a drawing has its contours."""

from __future__ import annotations

import cv2
import numpy as np

SMOOTHING_PX = 1.2  # below it grain and paper fibre become lines
STRONGEST = 160.0  # a hysteresis threshold above it would lose pencil


def extract_lines(image: np.ndarray) -> np.ndarray:
    """Contours of a picture, one pixel wide.

    Args:
        image: uint8 [H, W, 3] or [H, W].

    Returns:
        bool [H, W], True on a line.

    Source: Canny 1986, with thresholds taken from the picture's own contrast.
    """
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
    grey = cv2.GaussianBlur(grey, (0, 0), SMOOTHING_PX)
    contrast = float(np.percentile(np.abs(cv2.Laplacian(grey, cv2.CV_32F)), 99)) * 6
    high = min(max(40.0, contrast), STRONGEST)
    return cv2.Canny(grey, 0.4 * high, high) > 0
