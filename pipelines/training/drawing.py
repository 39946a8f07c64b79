"""Examples of drawing from lines: the whole window is lost; flat colours and the contours of what stood there are given.

What a massing render or a washed elevation gives at work is imitated: right lines, colours that are roughly right, and no
surface. Three kinds of flatness, so that the network learns the surface and not how to undo one filter.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

FLATNESS = {"soft": 0.35, "flat": 0.4, "smooth": 0.25}  # shares; "flat" is nearest to a massing render
TINTED = 0.8  # of the grey pictures: colours must be kept, and most pictures of buildings are grey
LEAST_REGION_PX = 24  # smaller islands between lines are texture and take their neighbour's colour
_GREY = 0.02  # spread of the channels about their mean, below which a window has no colour


def drawn(image: np.ndarray, lines: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One example.

    Args:
        image: float32 [S, S, 3], 0…1.
        lines: float32 [S, S], 1 on a contour.
        rng: decides everything else.

    Returns:
        The picture to learn, float32 [S, S, 3], tinted where it was grey; its flat colours, the same shape; the lines that
        are told, float32 [S, S].
    """
    if float(np.ptp(image, axis=2).mean()) < _GREY and rng.random() < TINTED:
        image = tinted(image, rng)
    kind = str(rng.choice(list(FLATNESS), p=list(FLATNESS.values())))
    if kind == "soft":
        flat = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(2.0, 8.0)), borderType=cv2.BORDER_REFLECT)
    elif kind == "smooth":
        flat = cv2.bilateralFilter(image, 0, float(rng.uniform(0.1, 0.3)), float(rng.uniform(2.0, 5.0)))
    else:
        flat = regions(image, lines > 0, float(rng.uniform(0.0, 0.7)))
    contrast, offset = rng.uniform(0.85, 1.15), rng.normal(0, 0.02, 3).astype(np.float32)
    middle = flat.mean((0, 1))
    flat = np.clip((flat - middle) * np.float32(contrast) + middle + offset, 0, 1).astype(np.float32)
    return image, flat, told_lines(lines, rng)


def regions(image: np.ndarray, lines: np.ndarray, shading: float) -> np.ndarray:
    """Every region between lines in its mean colour.

    Args:
        image: float32 [S, S, 3].
        lines: bool [S, S].
        shading: 0…1, how much of the picture's slow light stays.

    Returns:
        float32 [S, S, 3].
    """
    closed = cv2.dilate(lines.astype(np.uint8), np.ones((3, 3), np.uint8))  # contours have gaps of a pixel or two
    _, labels, facts, _ = cv2.connectedComponentsWithStats(1 - closed, connectivity=4)
    large = facts[:, cv2.CC_STAT_AREA] >= LEAST_REGION_PX
    large[0] = False  # the lines themselves
    if not large.any():
        return np.broadcast_to(image.mean((0, 1)), image.shape).astype(np.float32)
    nearest = np.asarray(distance_transform_edt(~large[labels], return_distances=False, return_indices=True))
    labels = labels[nearest[0], nearest[1]]
    slow = cv2.GaussianBlur(image, (0, 0), 12.0, borderType=cv2.BORDER_REFLECT) * np.float32(shading)
    counts = np.maximum(np.bincount(labels.ravel()), 1)
    rest = image - slow
    means = np.stack([np.bincount(labels.ravel(), rest[..., channel].ravel()) / counts for channel in range(3)], -1)
    return (means[labels] + slow).astype(np.float32)


def tinted(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A grey picture in a scale of two hues, its lightness kept: float32 [S, S, 3] → the same."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB)
    dark, light = rng.normal(0, 9, 2), rng.normal((2, 10), (6, 10), 2)  # most building stone is warm
    share = lab[..., :1] / 100
    lab[..., 1:] = dark * (1 - share) + light * share
    return np.clip(cv2.cvtColor(lab.astype(np.float32), cv2.COLOR_LAB2RGB), 0, 1)


def told_lines(lines: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Lines as another hand would give them: some left out, some a pixel off, some broad; float32 [S, S] → the same."""
    told = lines
    if rng.random() < 0.5:
        told = np.roll(told, tuple(rng.integers(-1, 2, 2)), (0, 1))
    if rng.random() < 0.25:
        told = cv2.dilate(told, np.ones((2, 2), np.uint8))
    if rng.random() < 0.5:  # half of the fine contours missing, in patches
        small = rng.random((max(2, lines.shape[0] // 16), max(2, lines.shape[1] // 16))).astype(np.float32)
        told = told * (cv2.resize(small, lines.shape[::-1], interpolation=cv2.INTER_LINEAR) > rng.uniform(0.1, 0.5))
    return np.ascontiguousarray(told, np.float32)
