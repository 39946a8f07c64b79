"""Pictures and holes for the tests of this folder."""

import numpy as np


def weave(height, width, dtype=np.uint8, seed=0):
    """Crossed waves with colours, uint8 or uint16 [H, W, 3]: what a harmonic prefill must lose."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = np.stack([np.sin(x * a + y * b + p) for a, b, p in rng.uniform(0.4, 0.9, (3, 3))], -1)
    slow = np.stack([np.sin(x * a - y * b) for a, b in rng.uniform(0.005, 0.02, (3, 2))], -1)
    return np.rint((0.5 + 0.25 * waves + 0.2 * slow) * np.iinfo(dtype).max).astype(dtype)


def cracks(height, width, seed=0, count=12, width_px=5):
    """Straight lost bands, bool [H, W]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    mask = np.zeros((height, width), bool)
    for _ in range(count):
        angle, cy, cx, length = rng.uniform(0, np.pi), rng.uniform(0, height), rng.uniform(0, width), rng.uniform(20, 90)
        along = (x - cx) * np.cos(angle) + (y - cy) * np.sin(angle)
        across = (y - cy) * np.cos(angle) - (x - cx) * np.sin(angle)
        mask |= (np.abs(across) < width_px / 2) & (np.abs(along) < length)
    return mask


def house(height=240, width=320):
    """An elevation in ink on toned paper, uint8 [H, W, 3]: walls, roof, door, hatched windows."""
    import cv2

    sheet = np.full((height, width, 3), (236, 228, 208), np.uint8)
    ink = (40, 36, 30)
    left, right, top, foot = width // 5, 4 * width // 5, height // 3, 5 * height // 6
    cv2.rectangle(sheet, (left, top), (right, foot), ink, 2)
    cv2.polylines(sheet, [np.array([[left - 8, top], [width // 2, height // 8], [right + 8, top]])], True, ink, 2)
    cv2.line(sheet, (4, foot), (width - 4, foot), ink, 2)
    for x in range(left + 20, right - 30, 50):
        cv2.rectangle(sheet, (x, top + 25), (x + 24, top + 60), ink, 1)
        for y in range(top + 27, top + 60, 3):
            cv2.line(sheet, (x, y), (x + 24, y), ink, 1)
    cv2.rectangle(sheet, (width // 2 - 12, foot - 45), (width // 2 + 12, foot), ink, -1)
    return sheet
