"""From a scanned sheet to clean ink: paper, stains and uneven light divided out, skew measured, border taken away."""

from __future__ import annotations

import cv2
import numpy as np


def as_rgb(pixels: np.ndarray) -> np.ndarray:
    """Any Source's pixels as uint8 [H, W, 3]; alpha is laid on white paper."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], 3, axis=2)
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:].astype(np.float32) / 255
        return np.rint(pixels[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return pixels


def flatten(rgb: np.ndarray, window: float = 1 / 12) -> np.ndarray:
    """Ink on even paper: uint8 [H, W], 255 = paper.

    The brightest channel is used, in which brown stains fade and black ink stays; the paper is estimated by closing.
    `window` is the closing's share of the sheet: areas darker and larger than it are taken for paper.
    """
    bright = rgb.max(axis=2) if rgb.ndim == 3 else rgb
    k = max(31, int(min(bright.shape) * window) | 1)
    small = cv2.resize(bright, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((k // 4 | 1,) * 2, np.uint8))
    paper = cv2.resize(cv2.GaussianBlur(paper, (0, 0), k / 8), bright.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.clip(bright.astype(np.float32) / np.maximum(paper, 1) * 255, 0, 255).astype(np.uint8)


def ink(gray: np.ndarray) -> np.ndarray:
    """Ink as 255 on 0: Otsu's threshold, kept within what ink on paper can be."""
    threshold, _ = cv2.threshold(cv2.GaussianBlur(gray, (0, 0), 0.8), 0, 255, cv2.THRESH_OTSU)
    return ((gray < min(max(threshold, 110), 205)) * 255).astype(np.uint8)


def skew(mask: np.ndarray) -> float:
    """Angle of the long lines in degrees, within ±10°: where most of their length agrees; 0 when less than a quarter does."""
    lines = cv2.HoughLinesP(mask, 1, np.pi / 1440, 80, minLineLength=min(mask.shape) // 8, maxLineGap=6)
    if lines is None:
        return 0.0
    d = lines.reshape(-1, 4)[:, 2:] - lines.reshape(-1, 4)[:, :2]
    angle = (np.degrees(np.arctan2(d[:, 1], d[:, 0])) + 45) % 90 - 45
    length = np.hypot(d[:, 0], d[:, 1])
    keep = np.abs(angle) < 10
    if not keep.any():
        return 0.0
    angle, length = angle[keep], length[keep]
    agreeing = np.array([length[np.abs(angle - a) < 0.35].sum() for a in angle])
    agreeing *= np.where(np.abs(angle) < 2.5, 1.0, 0.4)  # a scan leans little; a building on an old street may lean a lot
    if agreeing.max() < 0.25 * length.sum():
        return 0.0  # buildings with leaning walls have no one direction
    near = np.abs(angle - angle[agreeing.argmax()]) < 0.35
    return float(np.average(angle[near], weights=length[near]))


def turned(image: np.ndarray, degrees: float) -> np.ndarray:
    """The image turned about its middle, the corners filled with its own edge pixels; size unchanged."""
    h, w = image.shape[:2]
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), degrees, 1)
    return cv2.warpAffine(image, matrix, (w, h), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def without_border(mask: np.ndarray) -> np.ndarray:
    """Ink without the ruled border of the sheet and without dark scan edges.

    A border is a thin component that reaches around almost everything; a scan edge touches the picture's own edge.
    """
    h, w = mask.shape
    n, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    drop = np.zeros(n, bool)
    for i in range(1, n):
        x, y, bw, bh, area = stats[i]
        around = bw > 0.82 * w and bh > 0.82 * h and area < 0.06 * bw * bh
        at_edge = (x == 0 or y == 0 or x + bw == w or y + bh == h) and (bw < 0.05 * w or bh < 0.05 * h)
        drop[i] = around or at_edge
    return np.where(drop[labels], 0, mask).astype(np.uint8)


def runs(row: np.ndarray) -> list[tuple[int, int]]:
    """Start and end (exclusive) of every stretch of True."""
    step = np.diff(np.concatenate([[0], row.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(step == 1).tolist(), np.flatnonzero(step == -1).tolist(), strict=True))


def highest(values: np.ndarray, labels: np.ndarray, count: int) -> np.ndarray:
    """The highest value in each labelled part, float64 [count]; 0 for the background.

    Args:
        values: [H, W], not negative; labels: int32 [H, W] of `count` parts, 0 = background.
    """
    inside = np.flatnonzero(labels)
    found = np.zeros(count)
    np.maximum.at(found, labels.ravel()[inside], values.ravel()[inside])
    return found
