"""The shapes of walls: what is wider than a line, what stands clear of the sheet's edge, and exact faces of outlined walls."""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.plan_ink import PlanInk


def flooded(inside: np.ndarray, outside: np.ndarray, ink: PlanInk) -> np.ndarray:
    """What lies on the inside's side of the ridges of ink, uint8 [H, W] 0/255.

    Ink is taken for a mountain range and flooded from both sides; the waters meet on the ridge (Meyer 1994).

    Args:
        inside, outside: bool [H, W], where a wall surely is and surely is not.
    """
    from skimage.segmentation import watershed  # takes a third of a second to import; only outlined walls need it

    markers = inside.astype(np.int32) + 2 * (outside & ~inside).astype(np.int32)
    near = cv2.dilate((markers == 0).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    ridge = cv2.GaussianBlur(ink.dark, (0, 0), max(0.7, 0.25 * ink.pen))  # a flat-topped line gets one highest row
    labels = watershed(np.rint(ridge * 1000).astype(np.int32), np.where(near, markers, 0), mask=near, watershed_line=True)
    wall = np.where(near, labels, markers) == 1
    # The ridge itself is a pixel wide; its middle is the face. A hand draws a line on the wall, so the pixel is the wall's.
    wall |= (labels == 0) & near & (cv2.dilate(wall.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
    return (wall * 255).astype(np.uint8)


def opened(mask: np.ndarray, width: float) -> np.ndarray:
    """Ink that a square or a disc of this width fits into: level walls keep their corners, oblique ones their faces."""
    k = max(3, round(width) | 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k))
    square = np.ones((k, k), np.uint8)
    return cv2.bitwise_or(cv2.morphologyEx(mask, cv2.MORPH_OPEN, disc), cv2.morphologyEx(mask, cv2.MORPH_OPEN, square))


def inland(body: np.ndarray) -> np.ndarray:
    """Without what lies along the edges of the sheet: browned rims and scan edges."""
    h, w = body.shape
    rim = round(0.05 * min(h, w))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(body)
    x, y, right, low = stats[:, 0], stats[:, 1], stats[:, 0] + stats[:, 2], stats[:, 1] + stats[:, 3]
    at_edge = (x < 3) | (y < 3) | (right > w - 3) | (low > h - 3)
    inner = np.bincount(labels[rim:-rim, rim:-rim].ravel(), minlength=n)
    drop = at_edge & (inner < 0.4 * stats[:, 4])
    return np.where(drop[labels], 0, body).astype(np.uint8)
