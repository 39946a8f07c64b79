"""Walls and roofs full of strokes: a piece of such a field is no opening, however well its joints draw a box.

A field is made of courses, tiles or hatching and covers far more than one opening.
"""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.facade_candidates import Edges
from studio.drawings.facade_features import Sums

COURSES = 0.012  # of the longer side: two courses of brick or tiles in a front of a dozen metres
DENSE = 0.33  # share of edges: strokes no further apart than six times their own width
FIELD = 0.01  # of the drawing's area: far more than one opening
BESIDE = 2.5  # widths: beyond a window and its surround the wall goes on
SAME = (0.1, 0.15, 0.15)  # darkness, upright and level edges: hatched by one hand, and faded alike


def fields(gray: np.ndarray, edges: Edges) -> list[np.ndarray]:
    """The fields of level and of upright strokes of a drawing, uint8 [H, W], 255 = paper: bool [H, W] each."""
    k = round(COURSES * max(gray.shape)) | 1
    found = []
    for strokes in (edges.level, edges.upright):
        dense = (cv2.blur(strokes.astype(np.float32), (k, k)) > DENSE).astype(np.uint8)
        dense = cv2.morphologyEx(dense, cv2.MORPH_OPEN, np.ones((k, k), np.uint8))
        _, labels, stats, _ = cv2.connectedComponentsWithStats(dense)
        for i in range(1, len(stats)):
            if stats[i, 4] > FIELD * gray.size:
                found.append(labels == i)
    return found


def pieces(boxes: np.ndarray, gray: np.ndarray, edges: Edges, found: list[np.ndarray]) -> np.ndarray:
    """Which boxes, [N, 4], are but a part of a field, bool [N]: covered by it, and like it in tone and in strokes."""
    x0, y0, x1, y1 = boxes.astype(np.float64).T
    wide = x1 - x0
    inner = (x0, y0, x1, y1)
    outer = (x0 - BESIDE * wide, y0, x1 + BESIDE * wide, y1)  # a field goes on along its courses
    looks = [1 - gray.astype(np.float32) / 255, edges.upright.astype(np.float32), edges.level.astype(np.float32)]
    within_all = [Sums(look).mean(*inner) for look in looks]
    out = np.zeros(len(boxes), bool)
    for mask in found:
        strokes = Sums(mask)
        within, area = strokes.total(*inner)
        beside = strokes.total(*outer)[0] - within
        same = (within > 0.65 * area) & (beside > 0.5 * area) & _goes_on(strokes, boxes)
        for look, inside, most in zip(looks, within_all, SAME, strict=True):
            sums = Sums(np.where(mask, look, 0))
            there = (sums.total(*outer)[0] - sums.total(*inner)[0]) / np.maximum(beside, 1)
            same &= np.abs(inside - there) < most
        out |= same
    return out


def _goes_on(strokes: Sums, boxes: np.ndarray) -> np.ndarray:
    """Whether a field goes on right and left of a box, or above and below: windows of a row meet only along a course."""
    x0, y0, x1, y1 = boxes.astype(np.float64).T
    off = 0.5 * COURSES * max(strokes.shape)  # so far a field seems to reach beyond its last stroke
    aside, along = off + 0.2 * (x1 - x0), off + 0.2 * (y1 - y0)
    left, right = strokes.mean(x0 - aside, y0, x0 - off, y1), strokes.mean(x1 + off, y0, x1 + aside, y1)
    above, below = strokes.mean(x0, y0 - along, x1, y0 - off), strokes.mean(x0, y1 + off, x1, y1 + along)
    return np.maximum(np.minimum(left, right), np.minimum(above, below)) > 0.6
