"""Outlined masonry: narrow cells between two lines, drawn with the heavier pen where a sheet has two."""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.plan_faces import flooded
from studio.drawings.plan_ink import PlanInk

WIDEST = 0.045  # of the drawing's width and height in the mean: half of a thick wall; a room is wider


def hollow(ink: PlanInk) -> np.ndarray | None:
    """Walls as cells of paper enclosed by ink, uint8 [H, W] 0/255, their faces on the middle of the lines; None without any."""
    lines = cv2.morphologyEx(ink.faint, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))  # a pen skips
    n, labels, stats, _ = cv2.connectedComponentsWithStats(255 - lines, connectivity=4)
    if n > 60_000:
        return None  # a screened picture, not lines
    distance = cv2.distanceTransform(255 - lines, cv2.DIST_L2, 5)
    inscribed = np.zeros(n)
    np.maximum.at(inscribed, labels.ravel(), distance.ravel())
    h, w = lines.shape
    pen = ink.pen
    inner = (stats[:, 0] > 0) & (stats[:, 1] > 0) & (stats[:, 0] + stats[:, 2] < w) & (stats[:, 1] + stats[:, 3] < h)
    length = stats[:, 4] / np.maximum(2 * inscribed, 1)
    is_cell = inner & (inscribed > 0.9 * pen) & (inscribed < WIDEST * _across(lines)) & (stats[:, 4] > 6 * pen * pen)
    is_cell &= length > 2.2 * inscribed  # letters have eyes: a wall's cell is longer than it is thick
    is_cell[0] = False
    candidates = np.flatnonzero(is_cell)
    if not candidates.size:
        return None
    weight = _line_weight(labels, candidates, ink)
    keep = candidates[weight > _parting(weight, stats[candidates, 4])]
    fill = np.isin(labels, keep).astype(np.uint8) * 255
    if not fill.any():
        return None
    return _to_the_lines(labels, keep, ink)


def _across(lines: np.ndarray) -> float:
    """Geometric mean of the width and height of what is drawn, pixels."""
    return float(np.sqrt(np.prod([np.ptp(np.flatnonzero(lines.any(axis))) for axis in (0, 1)]))) if lines.any() else 1.0


def _line_weight(labels: np.ndarray, cells: np.ndarray, ink: PlanInk) -> np.ndarray:
    """How heavy the line around each cell is: the lower quartile along its rim of ink summed across the line, pixels."""
    soft = cv2.GaussianBlur(np.minimum(ink.dark, 1), (0, 0), max(1.2, 0.7 * ink.pen))
    heavy = cv2.dilate(soft, np.ones((2 * round(ink.pen) + 1,) * 2, np.uint8))
    chosen = np.isin(labels, cells)
    near = cv2.dilate(np.where(chosen, labels, 0).astype(np.float32), np.ones((3, 3), np.uint8)).astype(np.int32)
    rim = (near > 0) & (labels == 0)
    which, value = near[rim], heavy[rim]
    order = np.argsort(which, kind="stable")
    which, value = which[order], value[order]
    start = np.searchsorted(which, cells)
    stop = np.searchsorted(which, cells, side="right")
    return np.array([np.percentile(value[a:b], 30) if b > a else 0.0 for a, b in zip(start, stop, strict=True)])


def _parting(weight: np.ndarray, area: np.ndarray) -> float:
    """The weight that parts cut walls from what lies below the cut; 0 when the sheet was drawn with one pen.

    Otsu's criterion over cells, each counting by its area; believed only when the two classes lie half as far again apart.
    """
    order = np.argsort(weight)
    w, a = weight[order], np.sqrt(area[order].astype(float))
    if len(w) < 4:
        return 0.0
    left, right = np.cumsum(a)[:-1], a.sum() - np.cumsum(a)[:-1]
    mean_left = np.cumsum(a * w)[:-1] / left
    mean_right = ((a * w).sum() - np.cumsum(a * w)[:-1]) / right
    best = int((left * right * (mean_right - mean_left) ** 2).argmax())
    if mean_right[best] < 1.45 * mean_left[best]:
        return 0.0
    return float((w[best] + w[best + 1]) / 2)


def _to_the_lines(labels: np.ndarray, keep: np.ndarray, ink: PlanInk) -> np.ndarray:
    """Cells grown to the ridge of the lines between them and their neighbours; lines between two kept cells are filled."""
    wall = np.isin(labels, keep)
    found = flooded(wall, (labels > 0) & ~wall, ink)
    # The ends of a cut line belong to no cell; close the seams that they leave.
    return cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
