"""What a model from elsewhere is shown: a picture, its lines, its depths, each at the size at which the model works."""

from __future__ import annotations

import numpy as np
from PIL import Image

GRID_PX = 16  # sides that every latent grid and packing divides
LONGEST_PX = 1024  # larger crops and sheets are painted at this size
INK = 40  # of 255: a thinned line that covers a sixth of a pixel is still a line


def working_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height, multiples of 16, the longer at most 1024."""
    scale = min(1.0, LONGEST_PX / max(shape[:2]))
    height, width = (max(1, round(side * scale / GRID_PX)) * GRID_PX for side in shape[:2])
    return width, height


def picture(image: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """RGB of a picture, float32 [H, W, 3], 0…1, or uint8 [H, W, 3]."""
    if image.dtype != np.uint8:
        image = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    shown = Image.fromarray(image)
    return shown if shown.size == size else shown.resize(size, Image.Resampling.LANCZOS)


def line_picture(lines: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """White contours on black, RGB, as ControlNets for canny edges and line art expect them."""
    shown = Image.fromarray(lines.astype(np.uint8) * 255)
    if shown.size != size:
        shown = shown.resize(size, Image.Resampling.BOX).point(lambda value: 255 if value > INK else 0)
    return shown.convert("RGB")


def depth_picture(depth: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """Near is white, far is black, RGB, evenly in 1/depth, as the depth maps are that ControlNets learn from.

    Args:
        depth: float32 [H, W], metres; what is not finite or not in front of the eye is infinitely far.
    """
    near = np.zeros(depth.shape, np.float32)
    is_seen = np.isfinite(depth) & (depth > 0)
    if is_seen.any():
        near[is_seen] = 1 / depth[is_seen]
        least, most = (0.0 if not is_seen.all() else float(near.min())), float(near.max())
        near = np.ones_like(near) if most == least else (near - least) / (most - least)
    shown = Image.fromarray(np.rint(near * 255).astype(np.uint8))
    if shown.size != size:
        shown = shown.resize(size, Image.Resampling.BILINEAR)
    return shown.convert("RGB")
