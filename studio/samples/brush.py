"""Turning a cartoon into paint: layers of bristle strokes along a direction field, from broad to fine.

Source: Hertzmann 1998, "Painterly rendering with curved brush strokes of multiple sizes"; Litwinowicz 1997 for the direction
field. Strokes here are straight stamps with bristles, and every stroke leaves relief, which the light then finds.
"""

from __future__ import annotations

import cv2
import numpy as np

from studio.samples.landscape import Cartoon

LAYERS = ((30, 0.0), (15, 0.020), (8, 0.034), (4, 0.045))  # width of the brush in pixels; repaint where the error is larger
ANGLES, VARIANTS = 36, 4
GROUND = (0.55, 0.42, 0.29)  # the warm tone under everything, seen between strokes


def paint(cartoon: Cartoon, rng: np.random.Generator) -> np.ndarray:
    """Paint the cartoon: float32 [H, W, 3], 0…1."""
    h, w = cartoon.image.shape[:2]
    canvas = np.broadcast_to(np.asarray(GROUND, np.float32), (h, w, 3)).copy()
    relief = np.zeros((h, w), np.float32)
    for size, patience in LAYERS:
        wanted = cv2.GaussianBlur(cartoon.image, (0, 0), 0.28 * size)
        missing = cv2.GaussianBlur(np.abs(canvas - wanted).mean(2), (0, 0), 0.4 * size)
        for y, x in _places(h, w, size, rng):
            if missing[y, x] < patience * (0.6 + 0.8 * rng.random()):
                continue
            colour = wanted[y, x] * (1 + 0.045 * rng.standard_normal()) + 0.010 * rng.standard_normal(3).astype(np.float32)
            turn = cartoon.angle[y, x] + 0.16 * rng.standard_normal()
            stamp = _stamps(size)[round(float(turn) / np.pi * ANGLES) % ANGLES][int(rng.integers(VARIANTS))]
            _press(canvas, relief, stamp, y, x, colour.astype(np.float32), 0.92 if size > 8 else 0.85)
    # Small forms are finished with the point of the brush: the cartoon itself, a little softened.
    keep = (0.80 * cartoon.detail)[..., None]
    canvas += (cv2.GaussianBlur(cartoon.image, (0, 0), 0.55) - canvas) * keep
    relief *= 1 - 0.6 * cartoon.detail
    slope = relief - np.roll(relief, (1, 1), (0, 1))  # raking light from the upper left
    return np.clip(canvas * (1 + 0.055 * slope[..., None]), 0, 1)


def _places(h: int, w: int, size: int, rng) -> np.ndarray:
    """A jittered grid of stroke centres in random order, int [N, 2] (row, column)."""
    step = max(2.5, 0.5 * size)
    y, x = np.mgrid[0 : h / step, 0 : w / step] * step
    points = np.stack([y, x], -1).reshape(-1, 2) + rng.uniform(-0.5, 0.5, (y.size, 2)) * step
    points = np.clip(points, 0, (h - 1, w - 1)).astype(int)
    return points[rng.permutation(len(points))]


def _press(canvas, relief, stamp, y: int, x: int, colour, load: float) -> None:
    """Lay one stamp centred on (y, x), cut at the edges of the canvas."""
    n = stamp.shape[1] // 2
    top, left, bottom, right = max(0, y - n), max(0, x - n), min(canvas.shape[0], y + n + 1), min(canvas.shape[1], x + n + 1)
    part = stamp[:, top - y + n : bottom - y + n, left - x + n : right - x + n]
    cover = (part[0] * load)[..., None]
    view = canvas[top:bottom, left:right]
    view += (colour * (1 + 0.075 * part[1])[..., None] - view) * cover
    hill = relief[top:bottom, left:right]
    hill += (part[1] - hill) * cover[..., 0]


_BANK: dict[int, list[list[np.ndarray]]] = {}


def _stamps(size: int) -> list[list[np.ndarray]]:
    """Stamps of one brush, [angle][variant] → float32 [2, n, n]: cover 0…1 and bristle height around 0.

    Made once per size from a seed of its own, so the bank is a constant and not a state.
    """
    if size not in _BANK:
        rng = np.random.default_rng(size)
        half = int(1.9 * size) + 1
        u = np.linspace(-1, 1, 2 * half + 1, dtype=np.float32) * 1.9
        along, across = np.meshgrid(u, u)
        bank = []
        for turn in range(ANGLES):
            a = np.pi * turn / ANGLES
            s, t = along * np.cos(a) + across * np.sin(a), -along * np.sin(a) + across * np.cos(a)
            bank.append([_bristles(s, t, rng) for _ in range(VARIANTS)])
        _BANK[size] = bank
    return _BANK[size]


def _bristles(s: np.ndarray, t: np.ndarray, rng) -> np.ndarray:
    """One stamp: s runs along the stroke (−1.5…1.5 brush widths), t across it (−0.5…0.5)."""
    hairs = np.convolve(rng.standard_normal(64), np.ones(3) / 1.7, "same").astype(np.float32)
    position = np.clip((t + 0.6) / 1.2 * 63, 0, 63)
    hair = np.interp(position.ravel(), np.arange(64), hairs).reshape(t.shape).astype(np.float32)
    body = np.clip((0.5 - np.abs(t)) * 5, 0, 1)
    start = np.clip((s + 1.35 + 0.1 * hair) * 4, 0, 1)
    end = np.clip((1.35 - s + 0.28 * hair) * 1.6, 0, 1)  # the brush runs dry hair by hair
    cover = body * start * end * np.clip(0.85 + 0.25 * hair, 0.25, 1)
    return np.stack([cover, hair * body]).astype(np.float32)
