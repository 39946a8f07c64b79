"""Translucent damage: stains, foxing, yellowed varnish. It darkened the picture and is divided out, not filled.

A layer of optical density D lets exp(−D) of the light through, in linear light (Beer–Lambert), so the paint beneath is not
lost: it is the picture divided by exp(−D).

How dense a veil is, its edge tells: on both sides of it lies the same paint, so the step in the logarithm of the light is the
density there. Inside, it is continued from all edges, with the profile that the veil has on average from its edge inwards;
tonal forms that the painter made are left as they are. What varies inside in another way must be marked as a veil of its own.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

from pipelines.composite import floats
from pipelines.prefill import harmonic_fill

LEAST_VEIL = 0.02  # thinner layers are no damage: 2 % of the light
EDGE_PX = 9  # how far from a pixel of the edge the two sides are averaged: wider than brush marks, narrower than forms
SOFT_PX = 2  # half the width of a veil's soft edge
PROFILE_PX = 32  # depth from the edge to which the mean profile is followed
MOST_UNEVEN = 1.6  # times thinner or denser than usual a veil may be along its edge
LEAST_RING = 40  # pixels at one depth; fewer say more of the picture than of the veil
DARKEST = 0.002  # of full light; below it sensor noise would be taken for density


def to_linear(image: np.ndarray) -> np.ndarray:
    """SRGB-encoded 0…1 → linear light 0…1 (IEC 61966-2-1)."""
    return np.where(image <= 0.04045, image / 12.92, ((np.maximum(image, 0) + 0.055) / 1.055) ** 2.4).astype(np.float32)


def from_linear(image_linear: np.ndarray) -> np.ndarray:
    """Linear light 0…1 → sRGB-encoded 0…1."""
    image_linear = np.clip(image_linear, 0, 1)
    bent = 1.055 * np.maximum(image_linear, 1e-8) ** (1 / 2.4) - 0.055
    return np.where(image_linear <= 0.0031308, image_linear * 12.92, bent).astype(np.float32)


def divided(image: np.ndarray, density: np.ndarray) -> np.ndarray:
    """Take a veil away.

    Args:
        image: float32 [H, W, 3], 0…1, sRGB-encoded.
        density: float32 [H, W, 3], ≥ 0, natural-log units.

    Returns:
        float32 [H, W, 3], 0…1; equal to `image` where the density is 0, up to rounding of the transfer curve.
    """
    return from_linear(to_linear(image) * np.exp(density))


def estimated(pixels: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Estimate how dense a veil is from the steps at its edge.

    Args:
        pixels: uint8 or uint16 picture, [H, W], [H, W, 3] or [H, W, 4].
        region: bool [H, W], where the veil lies; its edge should follow the veil's to within about 3 px.

    Returns:
        float32 [H, W, 3], ≥ 0, natural-log units; 0 outside the region, and where there is no step or a step to lighter.
    """
    density = np.zeros((*region.shape, 3), np.float32)
    count, labels, boxes, _ = cv2.connectedComponentsWithStats(region.astype(np.uint8), connectivity=8)
    for label in range(1, count):
        left, top, width, height = boxes[label, :4]
        rows = slice(max(0, top - 2 * EDGE_PX), top + height + 2 * EDGE_PX)
        columns = slice(max(0, left - 2 * EDGE_PX), left + width + 2 * EDGE_PX)
        inside = labels[rows, columns] == label
        light = np.log(to_linear(floats(pixels[rows, columns])) + DARKEST)
        found = _from_edge(light, inside, ~region[rows, columns])
        density[rows, columns][inside] = found[inside]
    return density


def _from_edge(light: np.ndarray, inside: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """Density of one veil: the step of the log light [h, w, 3] across its edge, continued inwards with the mean profile.

    A stain is often densest at its rim. Averaged along the whole edge the picture's own tones cancel, so what changes with
    the depth from the edge is the veil; deeper than `PROFILE_PX` too little is left to average, and the profile stays level.
    """
    shape = np.ones((3, 3), np.uint8)
    # the edge itself is soft, so the two sides are looked at a few pixels away from it
    core = cv2.erode(inside.astype(np.uint8), shape, iterations=SOFT_PX) > 0
    rim = cv2.erode(clear.astype(np.uint8), shape, iterations=SOFT_PX, borderValue=1) > 0
    depth = np.minimum(np.asarray(distance_transform_edt(inside)), PROFILE_PX).astype(int)
    ring = core & (depth <= 2 * SOFT_PX + 1) & (cv2.blur(rim.astype(np.float32), (2 * EDGE_PX + 1,) * 2) > 0)
    if not ring.any():
        return np.zeros_like(light)
    step = _mean_near(light, rim) - _mean_near(light, ring)
    usual = np.maximum(np.median(step[ring], axis=0), 0)
    step = np.clip(step, usual / MOST_UNEVEN, usual * MOST_UNEVEN)  # a step far from the usual one is the picture's own
    profile = _profile(light, depth, inside)
    edge_depth = int(np.median(depth[ring]))
    density = harmonic_fill(np.where(ring[..., None], step, 0).astype(np.float32), ~ring)
    density = density + profile[edge_depth] - profile[depth]
    soft = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), SOFT_PX / 2)[..., None]
    return np.maximum(density, 0) * soft


def _profile(light: np.ndarray, depth: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Mean log light at each depth from the edge, float32 [PROFILE_PX + 1, 3], smoothed; level where little is known."""
    area = np.bincount(depth[inside], minlength=PROFILE_PX + 1)[: PROFILE_PX + 1].astype(np.float32)
    sums = [np.bincount(depth[inside], light[..., c][inside], PROFILE_PX + 1)[: PROFILE_PX + 1] for c in range(3)]
    mean = np.stack(sums, 1) / np.maximum(area, 1)[:, None]
    known = np.flatnonzero(area >= LEAST_RING)
    if len(known) == 0:
        return np.zeros((PROFILE_PX + 1, 3), np.float32)
    mean = mean[np.clip(np.arange(PROFILE_PX + 1), known[0], known[-1])]
    return cv2.blur(mean.astype(np.float32), (1, 3), borderType=cv2.BORDER_REPLICATE)


def _mean_near(light: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Mean of the light [h, w, 3] over the pixels of `where` within `EDGE_PX`."""
    box, weight = (2 * EDGE_PX + 1,) * 2, where.astype(np.float32)
    return cv2.blur(light * weight[..., None], box) / (cv2.blur(weight, box)[..., None] + 1e-6)
