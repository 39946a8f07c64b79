"""Half-tone screens: tones that a printer broke into dots, found by the dots' even distances and melted into tones again."""

from __future__ import annotations

import cv2
import numpy as np

LEAST_DOTS = 300  # fewer are specks, stipples of a lawn, or the dots of dotted lines
FINEST, COARSEST = 2.5, 12.0  # pixels from dot to dot: finer screens are melted by the scan, coarser dots are drawn
EVEN = 0.22  # spread of the distances of nearest dots: a screen stays below a sixth, foxing and rubble lie above a third
MELT = 0.42  # of the distance of the dots, as a blur: a screen's first harmonic is damped to a thirtieth


def screen_pitch(gray: np.ndarray) -> float | None:
    """Distance of the dots of a half-tone screen, pixels; None where there is no screen.

    Args:
        gray: uint8 [H, W], 255 = paper.
    """
    best: tuple[int, float] | None = None
    darks = [(gray < level).astype(np.uint8) for level in (80, 128, 190)]  # dots that touch come apart at another level
    for mask in (darks[0], darks[1], 1 - darks[1], 1 - darks[2]):  # dots of ink in light tones, specks of paper in dark ones
        _, _, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=4)
        small = (np.maximum(stats[:, 2], stats[:, 3]) < COARSEST) & (stats[:, 4] < 0.5 * COARSEST**2)
        small[0] = False
        points = centres[small]
        if len(points) < LEAST_DOTS:
            continue
        distance = _nearest(points, gray.shape)
        near = distance[(distance > FINEST) & (distance < COARSEST)]
        if len(near) < max(LEAST_DOTS, 0.5 * len(points)):
            continue
        pitch = float(np.median(near))
        spread = float(np.median(np.abs(near - pitch))) * 1.4826 / pitch
        if spread < EVEN and (best is None or len(near) > best[0]):
            best = len(near), pitch
    return best[1] if best else None


def melted(gray: np.ndarray, pitch: float) -> np.ndarray:
    """A screened sheet with its tones as tones, uint8; lines keep their place and lose their edge.

    Args:
        gray: uint8 [H, W] or [H, W, 3].
    """
    return cv2.GaussianBlur(gray, (0, 0), MELT * pitch)


def dotted(gray: np.ndarray, pitch: float) -> np.ndarray:
    """Where the dots themselves lie, uint8 0/255, with the paper between them: what melting smeared beyond is no wall."""
    k = int(np.ceil(pitch)) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k))
    return cv2.morphologyEx(((gray < 128) * 255).astype(np.uint8), cv2.MORPH_CLOSE, ellipse)


def _nearest(points: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Distance of each point to the nearest other one, pixels; exact up to COARSEST, larger beyond."""
    cell = COARSEST
    across = int(shape[1] / cell) + 3
    key = (np.floor(points[:, 1] / cell).astype(int) + 1) * across + np.floor(points[:, 0] / cell).astype(int) + 1
    order = np.argsort(key, kind="stable")
    key, points = key[order], points[order]
    best = np.full(len(points), np.inf)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            first = np.searchsorted(key, key + dy * across + dx)
            count = np.searchsorted(key, key + dy * across + dx, side="right") - first
            for k in range(int(count.max(initial=0))):
                use = np.flatnonzero(count > k)
                other = first[use] + k
                away = np.hypot(*(points[use] - points[other]).T)
                away[other == use] = np.inf
                best[use] = np.minimum(best[use], away)
    return best[np.argsort(order)]
