"""Free supports of a plan: columns and pillars that stand clear of every wall."""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.reading import Column


def columns(walls: np.ndarray, thickness: float) -> tuple[Column, ...]:
    """Compact bodies that stand alone, from top to bottom.

    Args:
        walls: uint8 [H, W] 0/255, cut masonry; thickness: of the walls, pixels.
    """
    # Outer outlines of all bodies, those that stand within a closed ring of walls too.
    contours, tree = cv2.findContours(walls, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    found = []
    for k, contour in enumerate(contours):
        if tree[0][k][3] >= 0:  # the outline of a hole
            continue
        area = cv2.contourArea(contour)
        (x, y), (w, h), _ = cv2.minAreaRect(contour)
        if min(w, h) < max(3.0, 0.3 * thickness) or max(w, h) > max(3.0 * thickness, 8) or max(w, h) > 1.45 * min(w, h) + 1:
            continue
        (cx, cy), outer = cv2.minEnclosingCircle(contour)
        disc = area / (np.pi * outer * outer)  # 1 for a circle, 0.64 for a square
        rectangle = area / (w * h)  # 1 for a square, 0.79 for a circle
        if disc < 0.7 and rectangle < 0.86:
            continue
        shape = "round" if disc > 0.82 or rectangle < 0.86 else "square"
        center = (cx, cy) if shape == "round" else (x, y)
        radius = float(np.sqrt(area / np.pi)) if shape == "round" else min(w, h) / 2
        sure = float(np.clip(max(disc, rectangle), 0, 1))
        found.append(Column((float(center[0]), float(center[1])), radius, shape, sure))
    return tuple(sorted(found, key=lambda c: (round(c.center[1] / 8), c.center[0])))
