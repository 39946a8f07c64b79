"""A panel painting of our own: composed, painted, framed in gold, and then damaged by time, with the truth kept.

panel(0).painting, panel(0).damaged, panel(0).mask
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

from pipelines.training.damage import blob, craquelure, fbm, hard, render_cracks, render_loss, small_losses
from studio.samples.brush import paint
from studio.samples.landscape import HOURS, landscape

WIDTH, HEIGHT, FRAME = 900, 1100, 46  # pixels
DPI = 150.0  # so the panel measures 15 × 19 cm, a small devotional format
GOLD, BOLE = (0.70, 0.53, 0.25), (0.46, 0.21, 0.13)


@dataclass(frozen=True)
class Panel:
    """A painting before and after its damage.

    Attributes:
        painting: uint8 [H, W, 3], as the painter left it.
        damaged: uint8 [H, W, 3]; equals `painting` outside `mask`.
        mask: bool [H, W], True where paint is lost or cracked.
        dpi: resolution; the size in metres is pixels / dpi · 0.0254.
    """

    painting: np.ndarray
    damaged: np.ndarray
    mask: np.ndarray
    dpi: tuple[float, float] = (DPI, DPI)


def panel(seed: int, width: int = WIDTH, height: int = HEIGHT) -> Panel:
    """Paint panel number `seed` and damage it; the same seed gives the same pixels."""
    rng = np.random.default_rng([seed, 1])
    frame = max(8, round(FRAME * width / WIDTH))
    cartoon = landscape((height - 2 * frame, width - 2 * frame), rng, HOURS[seed % len(HOURS)])
    field = glaze(paint(cartoon, rng), rng)
    if rng.random() < 0.5:
        field = field[:, ::-1]
    image = gilded((height, width), frame, rng)
    image[frame:-frame, frame:-frame] = field
    _shadow_of_frame(image, frame)
    painting = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    damaged, mask = damage(painting, np.random.default_rng([seed, 2]))
    return Panel(painting, damaged, mask)


def glaze(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grain of the panel under thin paint, a warm varnish, and the depth that glazes give to shadows."""
    h, w = image.shape[:2]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    grain = np.sin((x + 26 * fbm((h, w), 700, rng, 2) + 2.5 * fbm((h, w), 60, rng, 2)) * 0.55 + y * 0.004)
    image = image * (1 + 0.010 * grain[..., None] + 0.008 * fbm((h, w), 3, rng, 1)[..., None])
    light = image.mean(2, keepdims=True)
    image = image * (0.93 + 0.12 * light) * np.asarray((1.015, 0.985, 0.91), np.float32)
    return np.clip(image, 0, 1) ** 1.04


def gilded(shape: tuple[int, int], frame: int, rng: np.random.Generator) -> np.ndarray:
    """An engaged frame in water gilding: mouldings lit from the upper left, seams of leaf, bole where hands have worn it."""
    h, w = shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    sides = np.stack([y, w - 1 - x, h - 1 - y, x])  # distance to top, right, bottom, left
    nearest = sides.argmin(0)
    t = np.clip(sides.min(0) / frame, 0, 1)
    profile = (
        0.9 * np.exp(-(((t - 0.14) / 0.10) ** 2))
        - 0.55 * np.exp(-(((t - 0.48) / 0.20) ** 2))
        + 0.8 * np.exp(-(((t - 0.86) / 0.07) ** 2))
    )  # outer torus, cove, inner bead
    slope = np.gradient(np.interp(np.linspace(0, 1, 512), np.linspace(0, 1, 512), _along(profile, t)))
    facing = np.asarray([1.0, -0.75, -1.0, 0.75], np.float32)[nearest]  # top and left faces turn outwards into the light
    light = 0.5 * np.interp(t.ravel(), np.linspace(0, 1, 512), slope / (np.abs(slope).max() + 1e-9)).reshape(h, w) * facing
    grain = 0.05 * fbm(shape, 50, rng, 4) + 0.03 * fbm(shape, 4, rng, 2)
    seam = np.zeros(shape, np.float32)
    leaf = max(24, int(1.5 * frame))
    along = np.where(nearest % 2 == 0, x, y)
    seam[np.abs((along + 0.15 * np.where(nearest % 2 == 0, y, x)) % leaf - leaf / 2) > leaf / 2 - 0.9] = 1
    image = np.asarray(GOLD, np.float32) * (1 + light + grain - 0.09 * seam)[..., None]
    image += np.clip(light - 0.16, 0, 1)[..., None] * np.asarray((0.55, 0.52, 0.36), np.float32)
    worn = np.clip((profile - 0.62) * 2 + 0.6 * fbm(shape, 9, rng, 3) + 0.5 * fbm(shape, 160, rng, 2) - 0.85, 0, 1)[..., None]
    image += (np.asarray(BOLE, np.float32) * (1 + light[..., None]) - image) * 0.8 * worn
    _punch(image, frame)
    return image


def _along(profile: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The profile as a curve of 512 steps over t."""
    row = t.shape[0] // 2
    half = t.shape[1] // 2
    return np.interp(np.linspace(0, 1, 512), t[row, :half], profile[row, :half])


def _punch(image: np.ndarray, frame: int) -> None:
    """A row of punched dots in the cove, evenly spaced on each side: a dark hollow with a lit lower rim."""
    h, w = image.shape[:2]
    middle, radius = 0.48 * frame, max(1, round(0.075 * frame))
    points = []
    for length, other in ((w, h), (h, w)):
        for s in np.linspace(middle, length - middle, int((length - 2 * middle) / (0.36 * frame))):
            points += [(s, m) if length == w else (m, s) for m in (middle, other - 1 - middle)]
    for x, y in points:
        _dot(image, x + 0.35 * radius, y + 0.35 * radius, radius, 1.5)
        _dot(image, x, y, radius, 0.52)


def _dot(image: np.ndarray, x: float, y: float, radius: int, tone: float) -> None:
    top, left = max(0, int(y) - radius - 2), max(0, int(x) - radius - 2)
    view = image[top : int(y) + radius + 3, left : int(x) + radius + 3]
    yy, xx = np.mgrid[top : top + view.shape[0], left : left + view.shape[1]]
    cover = np.clip(radius + 0.5 - np.hypot(yy - y, xx - x), 0, 1)[..., None].astype(np.float32)
    view += (np.asarray(GOLD, np.float32) * tone - view) * cover * 0.75


def _shadow_of_frame(image: np.ndarray, frame: int) -> None:
    """The frame stands above the paint and shades it along its upper and left edge."""
    h, w = image.shape[:2]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    inside = (y >= frame) & (y < h - frame) & (x >= frame) & (x < w - frame)
    shade = np.maximum(np.exp(-(y - frame) / (0.20 * frame)), np.exp(-(x - frame) / (0.16 * frame)))
    image *= np.where(inside, 1 - 0.5 * np.clip(shade, 0, 1), 1)[..., None]


def damage(painting: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Age the panel: craquelure, flaking in clusters, and losses down to gesso and wood; outside the mask nothing changes.

    Returns the damaged picture, uint8 [H, W, 3], and the mask, bool [H, W].
    """
    shape = painting.shape[:2]
    image = painting.astype(np.float32) / 255
    scale = shape[1] / WIDTH
    cracks = craquelure(shape, rng, cell=max(12.0, 60 * scale), width=0.95, kind="age")
    cracks *= np.clip(1.2 + fbm(shape, 380 * scale, rng, 2), 0, 1)
    image = render_cracks(image, cracks, rng, dark=True, cupping=0.2)
    losses = np.zeros(shape, np.float32)
    for _ in range(int(rng.integers(4, 6))):  # each loss grew together from a few
        cy, cx, radius = rng.uniform(0.1, 0.95) * shape[0], rng.uniform(0.05, 0.95) * shape[1], rng.uniform(20, 52) * scale
        for _ in range(4):
            dy, dx = rng.normal(0, 0.75 * radius, 2)
            losses = np.maximum(losses, blob(shape, rng, cy + dy, cx + dx, radius * rng.uniform(0.35, 0.9), 0.75))
    flakes = small_losses(shape, rng, density=0.05)
    near = np.exp(-np.asarray(distance_transform_edt(losses < 0.5)) / (38 * scale))
    flakes *= np.maximum(near > 0.35, fbm(shape, 240 * scale, rng, 3) > 1.25)
    lost = np.maximum(flakes, losses)
    image, _ = render_loss(image, lost, rng, ground="gesso", depth=0.45)
    dirt = np.clip(0.55 + 0.45 * fbm(shape, 34 * scale, rng, 5), 0, 1) * lost
    image *= 1 - dirt[..., None] * np.asarray((0.26, 0.33, 0.46), np.float32)  # the gesso is old and touched
    deep = np.asarray(distance_transform_edt(losses > 0.5)) / (26 * scale) + 0.45 * fbm(shape, 60 * scale, rng, 5)
    bare = np.clip((deep - 0.75) * 8, 0, 1)
    image += (_wood(shape, rng) - image) * (bare * (losses > 0.5))[..., None]
    touched = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    rim = cv2.dilate((lost > 0.06).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0  # the lit rim of a loss is damage too
    mask = hard(cracks, 0.12) | rim
    return np.where(mask[..., None], touched, painting), mask


def _wood(shape, rng) -> np.ndarray:
    """The bare panel: upright grain, worm holes left out."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    rings = np.sin((x + 14 * fbm(shape, 260, rng, 2)) * 0.62 + 0.01 * y) + 0.6 * fbm(shape, 5, rng, 2)
    return np.asarray((0.43, 0.30, 0.19), np.float32) * (1 + 0.10 * rings + 0.10 * fbm(shape, 90, rng, 3))[..., None]
