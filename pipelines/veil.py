"""Translucent damage: stains, foxing, yellowed varnish. It darkened the picture and is divided out, not filled.

A layer of optical density D lets exp(−D) of the light through, in linear light (Beer–Lambert), so the paint beneath is not
lost: it is the picture divided by exp(−D).
"""

from __future__ import annotations

import numpy as np

LEAST_VEIL = 0.02  # thinner layers are no damage: 2 % of the light


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
