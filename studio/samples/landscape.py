"""The composition of the sample panel: a wide valley, a river and a walled town, after the first landscape painters.

Blue distance, green middle, brown foreground; the ground is a true plane seen in perspective, so that river, fields and
trees shrink together. What comes out is a sharp cartoon, which `brush.paint` turns into paint.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.training.damage import fbm
from studio.samples.staffage import foreground, grove
from studio.samples.town import town


@dataclass(frozen=True)
class Cartoon:
    """What is to be painted.

    Attributes:
        image: float32 [H, W, 3], 0…1, display-encoded.
        angle: float32 [H, W], radians, along which a brush would be drawn.
        detail: float32 [H, W], 0…1: 1 where small forms must stay legible.
    """

    image: np.ndarray
    angle: np.ndarray
    detail: np.ndarray


@dataclass(frozen=True)
class Hour:
    """Colours of one time of day, RGB 0…1."""

    zenith: tuple[float, float, float]
    middle: tuple[float, float, float]
    horizon: tuple[float, float, float]
    far: tuple[float, float, float]
    meadow: tuple[float, float, float]
    field: tuple[float, float, float]
    leaf: tuple[float, float, float]


HOURS = (
    Hour((0.20, 0.37, 0.58), (0.56, 0.70, 0.77), (0.96, 0.90, 0.73), (0.40, 0.54, 0.65), (0.43, 0.52, 0.24), (0.74, 0.65, 0.33),
         (0.36, 0.44, 0.15)),  # a clear morning
    Hour((0.27, 0.34, 0.52), (0.72, 0.64, 0.60), (1.00, 0.79, 0.47), (0.47, 0.49, 0.60), (0.47, 0.44, 0.20), (0.80, 0.59, 0.28),
         (0.55, 0.34, 0.11)),  # an autumn evening
    Hour((0.30, 0.46, 0.60), (0.65, 0.74, 0.74), (0.93, 0.91, 0.79), (0.42, 0.55, 0.60), (0.36, 0.50, 0.26), (0.66, 0.66, 0.38),
         (0.27, 0.42, 0.18)),  # noon in early summer
)  # fmt: skip


def landscape(shape: tuple[int, int], rng: np.random.Generator, hour: Hour) -> Cartoon:
    """Compose one landscape; the light falls from the left.

    Args:
        shape: height and width in pixels; looks best near 1000 × 800.
        rng: decides the lie of the land.
    """
    h, w = shape
    horizon = int(rng.uniform(0.33, 0.38) * h)
    image = _sky(shape, horizon, rng, hour)
    angle = 0.12 * fbm(shape, 220, rng, 2)
    top = _mountains(image, horizon, rng, hour)
    plane = _plane(shape, horizon)
    water = _valley(image, plane, horizon, rng, hour)
    detail = np.zeros(shape, np.float32)
    canvas = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    grove(canvas, plane, water, rng, hour.leaf, horizon)
    place = _dry_place(water, horizon, rng)
    town(canvas, detail, place, 0.34 * w, rng, np.asarray(hour.meadow, np.float32) * 255)
    ground = foreground(canvas, detail, rng, hour.leaf, 0.16 if place[0] > w / 2 else 0.84)
    image = canvas.astype(np.float32) / 255
    slope = np.gradient(cv2.GaussianBlur(image.mean(2), (0, 0), 5))
    flow = np.arctan2(slope[0], slope[1]) + np.pi / 2  # strokes follow the forms where there are forms …
    strength = np.hypot(*slope)
    below = np.arange(h)[:, None] > top[None]
    lively = np.clip(strength / 0.012, 0, 1) * below * (1 - water)
    angle = angle * (1 - lively) + np.arctan(np.tan(flow)) * lively  # … and lie flat in sky and water
    angle = np.where(ground > 0.5, 0.5 * fbm(shape, 60, rng, 2) + angle, angle)
    return Cartoon(image, angle.astype(np.float32), cv2.GaussianBlur(detail, (0, 0), 1.2))


def _dry_place(water: np.ndarray, horizon: int, rng) -> tuple[int, int]:
    """Where the town stands: the driest of a dozen places in the middle distance, (x, y) in pixels."""
    h, w = water.shape
    places = [
        (int(x * w), horizon + int(y * h))
        for x in rng.choice((0.29, 0.71)) + rng.uniform(-0.08, 0.08, 12)
        for y in (0.125, 0.15)
    ]
    flooded = [float(water[y - h // 40 : y + h // 28, max(0, x - w // 5) : x + w // 5].mean()) for x, y in places]
    return places[int(np.argmin(flooded))]


def _sky(shape, horizon: int, rng, hour: Hour) -> np.ndarray:
    """Three tones down to the horizon, and clouds that flatten and thin out towards it."""
    h, w = shape
    v = np.clip(np.arange(h, dtype=np.float32) / horizon, 0, 1)[:, None, None]
    zenith, middle, low = (np.asarray(c, np.float32) for c in (hour.zenith, hour.middle, hour.horizon))
    sky = np.where(
        v < 0.55, zenith + (middle - zenith) * (v / 0.55), middle + (low - middle) * np.clip((v - 0.55) / 0.45, 0, 1) ** 1.3
    )
    sky = np.broadcast_to(sky, (h, w, 3)).copy()
    wide = max(64, w // 2)
    noise = cv2.resize(fbm((h, wide), 0.17 * h, rng, 6, 0.52), (w, h), interpolation=cv2.INTER_CUBIC)
    rows = np.clip((np.arange(h, dtype=np.float32) / horizon), 0, 1)
    rows = (rows**0.6 * 0.9 * h).astype(np.float32)[:, None].repeat(w, 1)  # the same noise, squeezed where the sky recedes
    columns = np.broadcast_to(np.arange(w, dtype=np.float32), (h, w)).copy()
    noise = cv2.remap(noise, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    body = np.clip((noise - rng.uniform(0.2, 0.45)) / 0.9, 0, 1) ** 0.8
    lit = np.clip(0.55 + 2.2 * (noise - np.roll(cv2.GaussianBlur(noise, (0, 0), 6), (7, 9), (0, 1))) / 2.4, 0, 1)[..., None]
    warm, cool = (
        np.asarray((0.99, 0.95, 0.86), np.float32),
        0.55 * np.asarray(hour.middle, np.float32) + 0.45 * np.asarray((0.56, 0.56, 0.64), np.float32),
    )
    cloud = cool + (0.75 * warm + 0.25 * low - cool) * lit
    fade = np.clip(1.25 - v[..., 0], 0, 1)[..., None]
    return sky + (cloud - sky) * (0.85 * body[..., None] * fade)


def _ridge(w: int, rng, roughness: float, scale: float) -> np.ndarray:
    """A skyline, 0…1: folded noise, sharp at its tops."""
    line = fbm((8, w), scale, rng, 5, roughness)[4]
    line = 1 - np.abs(line) / (np.abs(line).max() + 1e-6)
    return line - line.min()


def _mountains(image: np.ndarray, horizon: int, rng, hour: Hour) -> np.ndarray:
    """Four ranges, each nearer, greener and darker, paler at its foot; returns the skyline, rows [W]."""
    h, w = image.shape[:2]
    rows, top = np.arange(h, dtype=np.float32)[:, None], np.full(w, float(h), np.float32)
    far, near = (
        np.asarray(hour.far, np.float32),
        0.75 * np.asarray(hour.meadow, np.float32) + 0.15 * np.asarray(hour.far, np.float32),
    )
    crag = rng.uniform(0.12, 0.34) if rng.random() < 0.5 else rng.uniform(0.72, 0.9)
    for k in range(4):
        t = k / 3
        height = (0.080 - 0.025 * t) * h
        line = _ridge(w, rng, 0.50 - 0.12 * t, (0.42 - 0.08 * t) * w) * height
        if k == 1:  # a needle of rock, as every valley of this family has one
            x = (np.arange(w) / w - crag) * (1 + 0.5 * np.sign(np.arange(w) / w - crag))
            line = line * 0.6 + 0.085 * h * np.exp(-(np.abs(x / 0.05) ** 1.1)) * (1 + 0.12 * fbm((8, w), 26, rng, 4)[4])
        edge = horizon + 0.022 * h * k - line
        relief = fbm((h, w), (0.10 - 0.03 * t) * w, rng, 6, 0.62)
        light = np.clip(0.5 + 0.55 * (relief - np.roll(relief, (-3, 6), (0, 1))), 0, 1)
        depth = np.clip((rows - edge) / (0.11 * h), 0, 1)
        tone = far + (near - far) * (t**1.1)
        body = tone * (0.72 + 0.10 * (1 - t) + 0.5 * light[..., None])
        body = body + (np.asarray(hour.horizon, np.float32) * 0.92 - body) * ((0.62 - 0.42 * t) * depth**0.8)[..., None]
        cover = np.clip(rows - edge + 0.5, 0, 1)[..., None]
        image += (body - image) * cover
        top = np.minimum(top, edge)
    return top


def _plane(shape, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """Ground coordinates of every pixel: distance Z (1 at the lower edge, large at the horizon) and position X."""
    h, w = shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    z = (h - horizon) / np.maximum(y - horizon, 1.5)
    return z, (x / w - 0.5) * z


def _valley(image: np.ndarray, plane, horizon: int, rng, hour: Hour) -> np.ndarray:
    """Meadows and ploughed fields in perspective, and the river that winds through them; returns the water, 0…1."""
    h, w = image.shape[:2]
    z, x = plane
    start = horizon + 0.052 * h
    far = np.clip((z - 1.2) / 7, 0, 1)[..., None]
    patches = _on_plane(fbm((512, 512), 90, rng, 3), x * 46, z * 30)
    rows = np.sin(_on_plane(fbm((512, 512), 160, rng, 2), x * 30, z * 22) * 2 + (x * 3 + z) * 9)
    meadow, field = np.asarray(hour.meadow, np.float32), np.asarray(hour.field, np.float32)
    mix = np.clip(0.45 + 1.6 * patches, 0, 1)[..., None]
    land = meadow + (field - meadow) * mix * 0.8
    land = land * (1 + 0.05 * rows + 0.10 * _on_plane(fbm((512, 512), 14, rng, 4), x * 70, z * 60))[..., None]
    hedge = np.exp(-((np.abs(patches - 0.1) / 0.05) ** 2))[..., None]
    land = land * (1 - 0.45 * hedge)
    haze = 0.5 * np.asarray(hour.far, np.float32) + 0.42 * np.asarray(hour.horizon, np.float32)
    land = land + (haze - land) * (far**1.1 * 0.85)
    shade = _on_plane(fbm((512, 512), 120, rng, 2), x * 60, z * 50)  # shadows of clouds on the fields
    land = land * (0.93 + 0.15 * np.clip(shade, -1.2, 1))[..., None]
    bend, phase = rng.uniform(0.42, 0.6), rng.uniform(0, 6.28)
    course = bend * np.sin(z * 0.95 + phase) + 0.16 * np.sin(z * 2.3 + 2 * phase) - 0.10 * z + rng.uniform(-0.06, 0.12)
    edge = np.abs(x - course) - (0.23 + 0.02 * np.sin(z * 5 + phase))
    pixel = z / w  # one pixel on the ground
    water = np.clip(0.5 - edge / pixel, 0, 1)
    bank = np.exp(-np.clip(edge, 0, None) / (0.035 + 2 * pixel)) * (edge > -pixel)
    land = land * (1 - 0.55 * bank[..., None]) + 0.30 * bank[..., None] * np.asarray((0.78, 0.70, 0.48), np.float32) * 0.5
    mirror = np.clip(2 * horizon - np.arange(h) + int(0.02 * h), 0, h - 1)
    reflected = cv2.GaussianBlur(image[mirror], (0, 0), sigmaX=3, sigmaY=9)
    ripple = fbm((h, max(32, w // 10)), 7, rng, 3)
    ripple = cv2.resize(ripple, (w, h), interpolation=cv2.INTER_CUBIC)
    river = reflected * (0.86 + 0.045 * ripple)[..., None] * np.asarray((0.86, 0.95, 0.98), np.float32)
    river = river * (0.72 + 0.28 * np.clip(-edge / 0.12, 0, 1))[..., None]
    valley = land + (river - land) * water[..., None]
    cover = np.clip((np.arange(h) - start) / (0.03 * h), 0, 1)[:, None, None]
    image += (valley - image) * cover
    return water * cover[..., 0]


def _on_plane(noise: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """Noise laid on the ground: sampled at ground coordinates, repeated by mirroring."""
    n = noise.shape[0]
    fold = lambda a: np.abs((a + 1000 * n) % (2 * n) - n).clip(0, n - 1).astype(np.float32)  # noqa: E731
    return cv2.remap(noise, fold(u), fold(v), cv2.INTER_LINEAR)
