"""What a century in a drawer does to a sheet: paper tone, uneven light, stains, foxing, a fold, faded ink, a slight skew.

A drawing on the back that shows through, a printer's screen and the curl of a bound page are added when asked for.
"""

from __future__ import annotations

import cv2
import numpy as np

from pipelines.training.damage import apply_veil, fbm, veil_foxing, veil_stain

PAPER = (0.945, 0.905, 0.815)


def age(image: np.ndarray, seed: int, strength: float = 0.6, skewed: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Age a clean sheet.

    Args:
        image: uint8 [H, W, 3], ink on white.
        strength: 0 = fresh paper, 1 = badly kept.
        skewed: turn and distort the sheet as a careless scan does.
    Returns: the aged sheet, uint8 [H, W, 3], and the 3 × 3 matrix that takes clean pixels to aged ones.
    """
    rng = np.random.default_rng([seed, 4])
    h, w = image.shape[:2]
    ink = 1 - image.astype(np.float32) / 255
    fade = 1 - 0.38 * strength * np.clip(0.5 + 0.5 * fbm((h, w), max(h, w) / 2, rng, 3), 0, 1)
    fibre = 0.010 * fbm((h, w), 5, rng, 2) + 0.012 * fbm((h, w), 160, rng, 4)
    page = np.asarray(PAPER, np.float32) * (1 + fibre[..., None] * np.asarray((1, 1.1, 1.5), np.float32))
    page *= (1 - 0.10 * strength * np.clip(fbm((h, w), max(h, w), rng, 2), -1, 1.5))[..., None]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    edge = np.minimum(np.minimum(x, w - x), np.minimum(y, h - y)) / (0.05 * max(h, w))
    page *= 1 - strength * np.exp(-edge * (1.4 + 0.4 * fbm((h, w), 90, rng, 3)))[..., None] * np.asarray(
        (0.16, 0.22, 0.32), np.float32
    )
    for _ in range(round(2 * strength)):
        page = apply_veil(page, 0.55 * strength * veil_stain((h, w), rng))
    page = apply_veil(page, 0.7 * strength * veil_foxing((h, w), rng, n=int(46 * strength) + 1))
    if strength > 0.3:
        _fold(page, rng, strength)
    out = page * (1 - ink * fade[..., None] * np.asarray((0.97, 0.97, 0.94), np.float32))  # iron ink turns brown, not grey
    out += 0.012 * strength * rng.standard_normal((h, w, 1), dtype=np.float32)
    out = cv2.GaussianBlur(out, (0, 0), 0.35 + 0.35 * strength)
    matrix = np.eye(3)
    if skewed and strength > 0:
        matrix = _skew(w, h, rng, strength)
        out = cv2.warpPerspective(out, matrix, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.rint(np.clip(out, 0, 1) * 255).astype(np.uint8), matrix


def _fold(page: np.ndarray, rng, strength: float) -> None:
    """A fold down the middle: a worn pale ridge beside a soft shadow."""
    h, w = page.shape[:2]
    place = w * rng.uniform(0.47, 0.53) + 1.2 * fbm((h, 8), 200, rng, 3)[:, :1]
    distance = np.arange(w, dtype=np.float32)[None] - place
    page *= (1 - 0.16 * strength * np.exp(-np.abs(distance - 3) / 7) * (distance > 0))[..., None]
    page *= (1 + 0.05 * strength * np.exp(-np.abs(distance) / 1.3))[..., None]


def _skew(w: int, h: int, rng, strength: float) -> np.ndarray:
    corners = np.asarray([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    a = np.deg2rad(rng.uniform(-1.6, 1.6) * strength)
    turned = (corners - (w / 2, h / 2)) @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + (w / 2, h / 2)
    moved = turned + rng.uniform(-0.004, 0.004, (4, 2)) * w * strength
    return cv2.getPerspectiveTransform(corners, moved.astype(np.float32))


def show_through(image: np.ndarray, verso: np.ndarray, strength: float = 0.12) -> np.ndarray:
    """A clean sheet through whose paper the drawing on its back is seen, mirrored and soft.

    Args:
        image, verso: uint8 [H, W, 3] of one size, ink on white.
        strength: share of the verso's ink that comes through.
    """
    behind = 1 - cv2.GaussianBlur(verso[:, ::-1].astype(np.float32) / 255, (0, 0), 2.2)
    return np.rint(np.clip(image.astype(np.float32) * (1 - strength * behind), 0, 255)).astype(np.uint8)


def halftoned(image: np.ndarray, pitch: float = 5.0) -> np.ndarray:
    """The sheet as a line screen at 45° prints it: middle tones become dots of ink on white.

    Args:
        image: uint8 [H, W, 3].
        pitch: distance of the dots in pixels.
    """
    gray = image.astype(np.float32).mean(axis=2) / 255
    y, x = np.mgrid[: gray.shape[0], : gray.shape[1]].astype(np.float32)
    u, v = (x + y) * np.float32(np.pi / (pitch * np.sqrt(2))), (x - y) * np.float32(np.pi / (pitch * np.sqrt(2)))
    screen = 0.5 + 0.25 * (np.cos(2 * u) + np.cos(2 * v))
    ink = np.clip((screen - gray) * 4 + 0.5, 0, 1)
    ink = np.where(gray < 0.12, 1, np.where(gray > 0.97, 0, ink))
    return np.rint(255 * (1 - ink[..., None] * np.ones(3, np.float32) * 0.9)).astype(np.uint8)


def curled(image: np.ndarray, seed: int, amount: float = 0.006) -> tuple[np.ndarray, np.ndarray]:
    """A sheet whose upper and lower edges bow, as a bound page does before a lens.

    Args:
        image: uint8 [H, W, 3].
        amount: greatest displacement as a share of the height.
    Returns: the curled sheet, and float32 [H, W]: how far down each of its pixels was moved.
    """
    rng = np.random.default_rng([seed, 5])
    h, w = image.shape[:2]
    y, x = np.mgrid[:h, :w].astype(np.float32)
    u, v = x / w, y / h
    top, bottom = rng.uniform(0.5, 1.0, 2) * amount * h * rng.choice([-1, 1])
    bow = (4 * u * (1 - u)) * (1 + 0.5 * rng.uniform(-1, 1) * (2 * u - 1))
    down = ((1 - v) * top + v * bottom) * bow
    moved = cv2.remap(image, x, (y - down).astype(np.float32), cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return moved, down.astype(np.float32)
