"""Stamps and foxing: what lies on a sheet in a colour of its own and is not part of the drawing."""

from __future__ import annotations

import cv2
import numpy as np

STAMP_CHROMA = 28.0  # a* b* distance from the paper; iron ink and foxing stay below 22, library stamps reach 35 and more
FOXING_CHROMA = 9.0
LARGEST_STAMP = 0.22  # of the shorter side: larger coloured fields are washes and belong to the drawing


def blemishes(picture: np.ndarray, gray: np.ndarray) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Where a stamp or foxing stands on the sheet.

    Args:
        picture: uint8 [H, W, 3]; gray: uint8 [H, W], flattened.
    Returns: bool [H, W] (None when there is nothing), and one sentence for each kind. Ink that runs under a stamp is dark in
        every channel and is not in the mask; large or many coloured fields are a wash, not a stamp, and are left alone.
    """
    factor = max(1.0, max(picture.shape[:2]) / 1200)
    size = (round(picture.shape[1] / factor), round(picture.shape[0] / factor))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    paper = np.stack([cv2.resize(cv2.medianBlur(cv2.resize(_shift(lab[..., k]), None, fx=0.25, fy=0.25), 31), size)
                      for k in (1, 2)], axis=2).astype(np.float32) - 128  # fmt: skip
    chroma = np.hypot(*np.moveaxis(lab[..., 1:] - paper, 2, 0))
    even = cv2.resize(gray, size, interpolation=cv2.INTER_AREA)
    stamps = _stamps(chroma, size)
    spots = _spots(chroma, even, lab, size)
    if not stamps.any() and not spots.any():
        return None, ()
    notes = []
    if stamps.any():
        notes.append("A stamp in a colour of its own was taken out before reading; the mask of what was taken out is kept.")
    if spots.any():
        notes.append("Foxing was taken out before reading; the mask of what was taken out is kept.")
    wide = cv2.resize((stamps | spots).astype(np.uint8), picture.shape[1::-1], interpolation=cv2.INTER_NEAREST) > 0
    ink = picture.max(axis=2) < 105  # true ink is dark in all channels, even where a stamp lies over it
    removed = wide & ~ink
    return (removed, tuple(notes)) if removed.any() else (None, ())


def _shift(channel: np.ndarray) -> np.ndarray:
    return np.clip(channel + 128, 0, 255).astype(np.uint8)


def _stamps(chroma: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Few, small, compact groups of strongly coloured strokes."""
    strong = (chroma > STAMP_CHROMA).astype(np.uint8)
    none = np.zeros(strong.shape, bool)
    share = strong.mean()
    if share < 2e-4 or share > 0.03:
        return none
    reach = max(3, round(0.012 * min(size))) | 1
    grouped = cv2.morphologyEx(strong, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(grouped)
    w, h = stats[:, 2], stats[:, 3]
    largest = LARGEST_STAMP * min(size)
    is_stamp = (np.maximum(w, h) < largest) & (np.maximum(w, h) > 0.02 * min(size)) & (np.maximum(w, h) < 3 * np.minimum(w, h))
    is_stamp[0] = False
    if not 0 < is_stamp[1:].sum() <= 4 or n - 1 - is_stamp.sum() > 12:
        return none  # many coloured things are the draughtsman's wash
    return is_stamp[labels] & (cv2.dilate((chroma > 0.5 * STAMP_CHROMA).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)


def _spots(chroma: np.ndarray, even: np.ndarray, lab: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Small round brown blots without a sharp edge that darken the even picture."""
    warm = (chroma > FOXING_CHROMA) & (lab[..., 2] > lab[..., 1]) & (even < 225) & (even > 90)
    opened = cv2.morphologyEx(warm.astype(np.uint8), cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(opened)
    w, h, area = stats[:, 2], stats[:, 3], stats[:, 4]
    is_round = (np.maximum(w, h) < 1.7 * np.minimum(w, h)) & (area > 0.55 * w * h) & (np.maximum(w, h) < 0.035 * min(size))
    is_round[0] = False
    if is_round.sum() > 400 or n > 4000:
        return np.zeros(warm.shape, bool)
    edges = cv2.morphologyEx(even, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    sharp = np.bincount(labels.ravel(), weights=(edges > 90).ravel(), minlength=n) / np.maximum(area, 1)
    is_round &= sharp < 0.15
    return cv2.dilate(is_round[labels].astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
