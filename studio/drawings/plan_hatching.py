"""Hatched masonry in a plan: bodies of close parallel strokes, told from steps and lettering by the way they lean."""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.plan_faces import flooded, inland, opened
from studio.drawings.plan_ink import PlanInk

UPRIGHT = 0.12  # of a piece's edges oblique: ends of steps have 0.04 to 0.07, hatched walls, the thinnest too, 0.15 and more


def hatched(ink: PlanInk) -> np.ndarray:
    """Bodies of parallel strokes: gaps as narrow as a hatching's are filled, faces laid on the middle of the outline."""
    none = np.zeros_like(ink.mask)
    gap = hatch_gap(ink)
    if gap is None:
        return none
    k = max(5, int(np.ceil(gap * 1.5)) | 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k))
    closed = cv2.morphologyEx(ink.faint, cv2.MORPH_CLOSE, disc)
    body = _striped(inland(opened(closed, k + 1)), ink, gap, k + 1)
    if not body.any():
        return none
    inside = cv2.erode(body, np.ones((2 * round(ink.pen) + 1,) * 2, np.uint8)) > 0
    # Strokes as dense as the outline hide it: then the ends of the strokes are the face.
    body = body if inside.any() and ink.dark[inside].mean() > 0.42 else on_the_line(body, ink)
    return _without_spurs(body, ink, gap)


def hatch_gap(ink: PlanInk) -> float | None:
    """Width of the paper between the strokes of a hatching, pixels: the commonest narrow gap beside oblique edges."""
    distance = cv2.distanceTransform(255 - ink.faint, cv2.DIST_L2, 5)
    ridge = (distance > 0.9) & (distance >= cv2.dilate(distance, np.ones((3, 3))))
    leaning, energy = oblique(ink, 2.0)
    ridge &= leaning > 0.5 * energy + 0.025  # stains have edges too, a hundred times softer than a stroke's
    gaps = 2 * distance[ridge]
    limit = max(8.0, 0.012 * min(ink.mask.shape))
    gaps = gaps[gaps < limit]
    if gaps.size < 0.0006 * ink.mask.size:
        return None
    return float(np.clip(np.percentile(gaps, 80), 2.0, limit))


def oblique(ink: PlanInk, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Edge energy that leans at 25…65° to the sheet, and all edge energy, both blurred by sigma: float32 [H, W].

    These are the parts of a structure tensor (Bigün and Granlund 1987) that tell a hatching from level and upright lines.
    """
    soft = cv2.GaussianBlur(np.minimum(ink.dark, 1), (0, 0), 0.8)
    gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    energy = gx * gx + gy * gy
    leaning = np.abs(gx * gy) > 0.38 * energy  # sin·cos of 25° and of 65°
    return cv2.GaussianBlur(np.where(leaning, energy, 0), (0, 0), sigma), cv2.GaussianBlur(energy, (0, 0), sigma)


def _striped(body: np.ndarray, ink: PlanInk, gap: float, width: float) -> np.ndarray:
    """Keep bodies whose inside is really striped, oblique strokes with paper between them, and of those what lies near stripes.

    Steps and double lines that touch a wall are close-set as well, but they run level or upright.
    """
    leaning, energy = oblique(ink, 1.5 * gap + 2)
    certain = (body > 0) & (leaning > 0.3 * energy + 0.02)
    if not certain.any():
        return np.zeros_like(body)
    # In a thin wall the outlines outweigh the strokes between them, so compare with the strokes of the thick ones.
    usual = float(np.median(leaning[certain]))
    reach = 2 * round(0.5 * (gap + ink.pen)) + 1
    close, _ = oblique(ink, 0.6 * gap)  # a step of a stair that touches the wall must not borrow its stripes
    near = cv2.dilate(((close > 0.12 * usual) & (body > 0)).astype(np.uint8), np.ones((reach, reach), np.uint8))
    body = opened(cv2.bitwise_and(body, 255 * near), width)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(body)
    core = cv2.erode(body, np.ones((3, 3), np.uint8)) > 0
    inside = np.maximum(np.bincount(labels.ravel(), weights=core.ravel(), minlength=n), 1)
    lean = np.bincount(labels.ravel(), weights=(leaning * core).ravel(), minlength=n) / inside
    paper = np.bincount(labels.ravel(), weights=((ink.faint == 0) & core).ravel(), minlength=n) / inside
    pale = np.bincount(labels.ravel(), weights=((ink.dark < 0.5) & core).ravel(), minlength=n) / inside
    keep = (lean > 0.25 * usual) & ((paper > 0.12) | (pale > 0.4)) & (stats[:, 4] > 6 * gap * gap)
    keep[0] = False
    return np.where(keep[labels], body, 0).astype(np.uint8)


def _without_spurs(body: np.ndarray, ink: PlanInk, gap: float) -> np.ndarray:
    """Without narrow pieces that stick out of walls and hold no oblique stroke: ends of steps and sills that touch a wall."""
    distance = cv2.distanceTransform(body, cv2.DIST_L2, 5)
    ridge = distance[(distance > 1.5) & (distance >= cv2.dilate(distance, np.ones((3, 3))))]
    if not ridge.size:
        return body
    usual = 2 * float(np.percentile(ridge, 70))
    broad = cv2.dilate(opened(body, 0.7 * usual), np.ones((5, 5), np.uint8))
    narrow = cv2.morphologyEx(cv2.subtract(body, broad), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(narrow)
    leaning, energy = (np.bincount(labels.ravel(), weights=of.ravel(), minlength=n) for of in oblique(ink, 0.6 * gap))
    is_spur = (leaning < UPRIGHT * energy) & (np.maximum(stats[:, 2], stats[:, 3]) < usual)
    is_spur[0] = False
    spurs = cv2.dilate(is_spur[labels].astype(np.uint8), np.ones((7, 7), np.uint8)) > 0
    return np.where(spurs & (opened(body, 0.7 * usual) == 0), 0, body).astype(np.uint8)


def on_the_line(body: np.ndarray, ink: PlanInk) -> np.ndarray:
    """Move a body's faces onto the middle of the line that outlines it: the ridge of the ink between inside and outside.

    Where no line was drawn the faces stay within a pen's width.
    """
    reach = max(2, round(0.75 * ink.pen + 1.5))
    distance = cv2.distanceTransform(body, cv2.DIST_L2, 5)
    # A wall thinner than the pen is wide has no inside: its middle line stands for it.
    inside = (distance > reach) | ((distance > 1) & (distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8))))
    ring = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return flooded(inside, cv2.dilate(body, ring) == 0, ink)
