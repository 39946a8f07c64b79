"""Which of the bodies of ink are the building: not letters, legend boxes, titles or details that stand apart."""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.paper import highest


def of_the_building(body: np.ndarray, thickness: float, thinnest: float) -> np.ndarray:
    """Cut masonry without what is too small to be any, and without what lies far from the largest cluster.

    Args:
        body: uint8 [H, W] 0/255.
        thickness, thinnest: of the walls, in pixels.
    Returns: uint8 [H, W] 0/255; columns (small, compact, as thick as they are wide) are kept.
    """
    n, labels, stats, _ = cv2.connectedComponentsWithStats(body)
    if n < 2:
        return body
    distance = cv2.distanceTransform(body, cv2.DIST_L2, 5)
    inscribed = highest(distance, labels, n)
    w, h, area = stats[:, 2], stats[:, 3], stats[:, 4]
    long = (np.maximum(w, h) >= 1.6 * thickness) & (2 * inscribed >= 0.7 * thinnest)
    # A column is a filled blob: its inscribed circle is nearly as large as itself.
    blob = (np.maximum(w, h) < 1.35 * np.minimum(w, h) + 1) & (4 * inscribed * inscribed > 0.62 * area)
    blob &= 2 * inscribed >= max(0.8 * thinnest, 0.35 * thickness)
    stub = (area >= 0.35 * thickness * thickness) & (2 * inscribed >= 0.62 * thickness)
    keep_component = long | blob | stub
    keep_component[0] = False
    keep = np.where(keep_component[labels], 255, 0).astype(np.uint8)
    return _together(keep, thickness)


def _together(keep: np.ndarray, thickness: float) -> np.ndarray:
    """Only what lies near the largest cluster: bars, titles and swatches stand apart and weigh little.

    A cluster of a tenth of the main one's weight is a wing of the building; a smaller one is kept inside the main one's hull.
    """
    reach = int(4.5 * thickness) | 1  # a wide door, a narrow room
    step = max(1, reach // 24)  # the answer needs no finer grid than that
    small = cv2.resize(keep, None, fx=1 / step, fy=1 / step, interpolation=cv2.INTER_AREA)
    near = cv2.dilate((small > 0).astype(np.uint8), np.ones((max(3, reach // step) | 1,) * 2, np.uint8))
    n, labels, _, _ = cv2.connectedComponentsWithStats(near)
    if n < 2:
        return keep
    mass = np.bincount(labels.ravel(), weights=small.ravel().astype(float), minlength=n)
    mass[0] = 0
    large = mass > 0.1 * mass.max()
    hull = np.zeros_like(near)
    outlines = cv2.findContours((large[labels] & (small > 0)).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outlines)), 1)
    inside = np.bincount(labels.ravel(), weights=(hull * (small > 0)).ravel(), minlength=n)
    inside = inside > 0.6 * np.bincount(labels.ravel(), weights=(small > 0).ravel(), minlength=n)
    wanted = large | (inside & (mass > 0))
    wanted[0] = False
    chosen = cv2.resize(wanted[labels].astype(np.uint8), keep.shape[::-1], interpolation=cv2.INTER_NEAREST)
    keep = np.where(chosen > 0, keep, 0).astype(np.uint8)
    return _without_strips(keep, thickness)


def _without_strips(keep: np.ndarray, thickness: float) -> np.ndarray:
    """Without thin bodies outside the hull of the walls proper: a scale bar's fields, a title's flourish."""
    n, labels, stats, _ = cv2.connectedComponentsWithStats(keep)
    distance = cv2.distanceTransform(keep, cv2.DIST_L2, 5)
    inscribed = highest(distance, labels, n)
    thin = 2 * inscribed < 0.5 * thickness
    thin &= stats[:, 4] < 0.1 * stats[1:, 4].max(initial=1)
    thin[0] = False
    if not thin.any() or thin[1:].all():
        return keep
    hull = np.zeros_like(keep)
    outlines = cv2.findContours(np.where(thin[labels], 0, keep), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    cv2.fillConvexPoly(hull, cv2.convexHull(np.concatenate(outlines)), 1)
    within = np.bincount(labels.ravel(), weights=hull.ravel(), minlength=n) > 0.5 * stats[:, 4]
    return np.where((thin & ~within)[labels], 0, keep).astype(np.uint8)
