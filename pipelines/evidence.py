"""What classical filters see of damage, as planes that a network reads: lines, spots and how calm their surroundings are.

Every plane is put in proportion to its surroundings, so that a faint print and a varnished panel look alike. All sums are of
whole numbers: a window gives the same bits as the whole picture, away from its rim.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipelines.line_marks import along, top_hats

HATS_PX = (5, 9, 21)  # fine cracks; those of enlarged scans; flakes
LINE_HAT_PX = 9
AROUND_PX = 65  # square of the surroundings
PLANES = 16
RADIUS_PX = 48  # half the square, and a hat
QUIET = 1.5  # levels of 255 that even a flat surface is granted, as noise
DEEPEST = 4.0  # deviations


def evidence(pixels: np.ndarray) -> np.ndarray:
    """The planes of a picture.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]; H and W even.

    Returns:
        float32 [16, H, W]: L*, a*, b* and the local contrast of L* (4); dark and pale top-hats of three sizes (6); dark and
        pale lines at full and half size (4); calmness (1); difference of the middle hats (1). Most lie in −4…4, with a
        spread of about 1.
    """
    lab = _lab(pixels)
    plain = cv2.GaussianBlur(lab[..., 0], (0, 0), 0.7)
    hats = [hat for size in HATS_PX for hat in top_hats(plain, size)]
    busy = _around(hats[2].astype(np.float64) + hats[3]) + QUIET
    scale = (1 / busy).astype(np.float32)
    half = cv2.resize(plain, (plain.shape[1] // 2, plain.shape[0] // 2), interpolation=cv2.INTER_AREA)
    lines = [along(hat) for hat in hats[2:4]]
    broad = [np.repeat(np.repeat(along(hat), 2, 0), 2, 1) for hat in top_hats(half, LINE_HAT_PX)]
    light = lab[..., 0].astype(np.float64)
    mean = _around(light)
    spread = np.sqrt(np.maximum(_around(light * light) - mean * mean, 0)) + 2 * QUIET
    planes: list[np.ndarray] = [
        (lab[..., 0].astype(np.float32) - 128) / 64,
        *((lab[..., c].astype(np.float32) - 128) / 12 for c in (1, 2)),
    ]
    planes.append(np.clip((light - mean) / spread, -DEEPEST, DEEPEST))
    planes += [np.log1p(hat * scale) * 3 - 1 for hat in hats]
    planes += [np.log1p(np.maximum(line, 0) * scale) * 4 - 1 for line in (*lines, *broad)]
    planes.append((np.log(busy) - 1.5) * 1.5)
    planes.append(np.clip((hats[2].astype(np.float32) - hats[3]) * scale, -DEEPEST, DEEPEST))
    return np.stack([np.asarray(plane, np.float32) for plane in planes])


def _lab(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3], each 0…255."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, 2)
    return cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2LAB)


def _around(levels: np.ndarray) -> np.ndarray:
    """Mean of the surroundings, float64 [H, W]; whole numbers add up exactly in 64 bits."""
    square = (AROUND_PX, AROUND_PX)
    return cv2.boxFilter(levels, cv2.CV_64F, square, normalize=False, borderType=cv2.BORDER_REFLECT) / AROUND_PX**2
