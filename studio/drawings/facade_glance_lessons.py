"""Pieces of drawn sheets that the network of `facade_glance` learns from, each drawn, printed and kept in one more way.

`facade_lessons` draws a sheet; four to six pieces are cut out of it, at scales from 0.6 to 1.6 of what the network will see.
What other hands do to openings and walls is added to each by lot: panes darker or fainter than the wall, washes that leave
openings blank, hatching, plants and stains, shadows, thick pens and worn plates.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np

from studio.drawings.facade_glance import LONG_PX
from studio.drawings.facade_lessons import sheet

SIDE = 512  # pixels along the side of a piece: half a front, or all of a small one
SCALES = (0.6, 1.6)  # of the smaller of LONG_PX; the greater is within
PIECES = (4, 6)  # of a sheet under 500 px, and of a larger one
ONTO_OPENINGS = 0.85  # of the pieces lie about an opening; the others anywhere
FAINT = 4.0  # of 255, the spread of tone under which nothing is left of a drawing


def pieces(seed: int, with_oriels: float = 0.0) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pieces of one sheet: gray uint8 [SIDE, SIDE], 255 = paper, and true boxes float32 [N, 4], which may reach beyond it.

    Args:
        with_oriels: share of sheets that are fronts with oriels.
    """
    gray, boxes = sheet(seed, with_oriels)
    if not len(boxes):
        return
    rng = np.random.default_rng([seed, 8])
    for _ in range(PIECES[0] if max(gray.shape) < 500 else PIECES[1]):
        piece, there = _cut(gray, boxes, rng)
        piece = _kept(_printed(_drawn(1 - piece.astype(np.float32) / 255, there, rng), rng), rng)
        if piece.std() >= FAINT:
            yield piece, there.astype(np.float32)


def _cut(gray: np.ndarray, boxes: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A piece at a scale by lot, a little stretched, one in two mirrored."""
    h, w = gray.shape
    k = LONG_PX[0] / max(h, w) * float(np.exp(rng.uniform(*np.log(SCALES))))
    stretch = float(np.exp(rng.normal(0, 0.06)))
    size = max(8, round(w * k * stretch)), max(8, round(h * k / stretch))
    gray = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if k < 1 else cv2.INTER_CUBIC)
    boxes = boxes * (size[0] / w, size[1] / h, size[0] / w, size[1] / h)
    around = rng.random() < ONTO_OPENINGS
    x, y = rng.uniform(0, size)
    if around:
        b = boxes[rng.integers(len(boxes))]
        x, y = (b[:2] + b[2:]) / 2 + rng.uniform(-0.45, 0.45, 2) * SIDE
    x0, y0 = (int(np.clip(at - SIDE / 2, 0, n - SIDE)) if n > SIDE else -int(rng.integers(0, SIDE - n + 1))
              for at, n in ((x, size[0]), (y, size[1])))  # fmt: skip
    piece = np.full((SIDE, SIDE), 255, np.uint8)
    left, top, right, foot = max(0, x0), max(0, y0), min(size[0], x0 + SIDE), min(size[1], y0 + SIDE)
    piece[top - y0 : foot - y0, left - x0 : right - x0] = gray[top:foot, left:right]
    boxes = boxes - (x0, y0, x0, y0)
    boxes = boxes[((boxes[:, 2:] > 0) & (boxes[:, :2] < SIDE)).all(1)]
    if rng.random() < 0.5:
        piece, boxes = piece[:, ::-1], np.stack([SIDE - boxes[:, 2], boxes[:, 1], SIDE - boxes[:, 0], boxes[:, 3]], 1)
    return piece, boxes


# ---- what other hands would have drawn
def _drawn(ink: np.ndarray, boxes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Darkness, float32 [SIDE, SIDE], 0…1, after a few changes by lot to openings, walls and the whole."""
    shape = ink.shape
    if rng.random() < 0.25:  # what is drawn within openings is fainter or stronger
        ink = ink * (1 + _within(shape, boxes, rng.uniform(0, 0.1)) * (rng.uniform(0.1, 1.8) - 1))
    if rng.random() < 0.15:  # panes are tinted or dark
        ink = _washed(ink, _soft(_within(shape, boxes, rng.uniform(0.02, 0.12)), rng.uniform(0.5, 2)) * rng.uniform(0.1, 0.9))
    if rng.random() < 0.15:  # the wall is washed, openings are blank
        ink = _washed(ink, (1 - _soft(_within(shape, boxes, 0), rng.uniform(0.5, 2))) * rng.uniform(0.05, 0.5))
    if rng.random() < 0.15:
        ink = np.maximum(ink, _within(shape, boxes, rng.uniform(0, 0.08)) * _hatching(rng, shape) * rng.uniform(0.25, 0.95))
    if rng.random() < 0.15:
        ink = np.maximum(ink, (1 - _within(shape, boxes, 0)) * _hatching(rng, shape) * rng.uniform(0.2, 0.8))
    if rng.random() < 0.07:
        ink = np.maximum(ink, _hatching(rng, shape) * rng.uniform(0.15, 0.6))
    if rng.random() < 0.25:  # plants and stains
        where = np.clip((_clouds(rng, shape, rng.uniform(6, 40)) - rng.uniform(1.3, 2.2)) * 6, 0, 1)
        leaves = np.clip(_clouds(rng, shape, rng.uniform(0.6, 3)) * 0.5 + 0.5, 0, 1)
        ink = ink * (1 - where * rng.uniform(0.3, 1)) + where * leaves * rng.uniform(0.2, 0.9)
    if rng.random() < 0.2:  # a cloudy wash
        ink = _washed(ink, np.clip(_clouds(rng, shape, rng.uniform(20, 90)) * 0.1 + 0.05, 0, 0.45) * rng.uniform(0.3, 1.5))
    if rng.random() < 0.15:  # a shadow with straight sides
        (x, y), (w, h), lean = rng.uniform(0, SIDE, 2), rng.uniform(20, 250, 2), rng.uniform(-60, 60)
        shadow = np.zeros(shape, np.float32)
        cv2.fillConvexPoly(shadow, np.array([[x, y], [x + w, y], [x + w + lean, y + h], [x + lean, y + h]], np.int32), 1.0)
        ink = _washed(ink, shadow * rng.uniform(0.1, 0.5))
    return np.clip(ink, 0, 1).astype(np.float32)


def _within(shape: tuple[int, int], boxes: np.ndarray, inset: float) -> np.ndarray:
    """1 within the boxes, which are smaller by a share of their size on each side; 0 elsewhere."""
    out = np.zeros(shape, np.float32)
    for x0, y0, x1, y1 in boxes:
        dx, dy = inset * (x1 - x0), inset * (y1 - y0)
        a, b, c, d = (max(0, round(float(v))) for v in (x0 + dx, y0 + dy, x1 - dx, y1 - dy))
        out[b:d, a:c] = 1
    return out


def _hatching(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Parallel strokes at any angle, more or less straight; 1 = ink."""
    angle = np.radians(rng.choice([0, 90, 45, -45, rng.uniform(-90, 90)]))
    apart, share = rng.uniform(3, 12), rng.uniform(0.15, 0.5)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    turns = (x * np.sin(angle) + y * np.cos(angle)) / apart + rng.uniform(0, 0.3) * _clouds(rng, shape, 8)
    off = np.abs(turns - np.floor(turns) - 0.5)
    return np.clip((share - off) * apart * 0.8 + 0.5, 0, 1).astype(np.float32)


def _clouds(rng: np.random.Generator, shape: tuple[int, int], size: float) -> np.ndarray:
    """Noise of a given size in pixels, deviation one."""
    noise = _soft(rng.standard_normal(shape, dtype=np.float32), size)
    return noise / (noise.std() + 1e-6)


def _soft(x: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(x, (0, 0), float(sigma))


def _washed(ink: np.ndarray, wash: np.ndarray) -> np.ndarray:
    """What is left of the paper under a wash, 0…1, that lies over the drawing."""
    return 1 - (1 - ink) * (1 - wash)


# ---- pen, plate, and paper
def _printed(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Thicker or thinner lines, soft or sharp ones."""
    way = rng.random()
    if way < 0.15:
        kernel = np.ones((2, 2) if rng.random() < 0.6 else (3, 3), np.uint8)
        ink = ink + (cv2.dilate(ink, kernel) - ink) * float(rng.uniform(0.3, 1))
    elif way < 0.27:
        ink = ink + (cv2.erode(ink, np.ones((2, 2), np.uint8)) - ink) * float(rng.uniform(0.2, 0.8))
    if rng.random() < 0.3:
        ink = _soft(ink, rng.uniform(0.4, 1.8))
    if rng.random() < 0.15:
        ink = ink + float(rng.uniform(0.5, 2)) * (ink - _soft(ink, rng.uniform(1, 2.5)))
    return np.clip(ink, 0, 1)


def _kept(ink: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Faded, of two tones, or grained; uint8, 255 = paper."""
    ink = ink ** float(np.exp(rng.normal(0, 0.3))) * float(rng.uniform(0.45, 1.1))
    if rng.random() < 0.1:
        ink = 1 / (1 + np.exp(-(ink - rng.uniform(0.2, 0.5)) * rng.uniform(8, 30)))
    if rng.random() < 0.4:
        grain = rng.standard_normal(ink.shape, dtype=np.float32)
        ink = ink + float(rng.uniform(0.005, 0.08)) * (grain if rng.random() < 0.5 else 3 * _soft(grain, 1))
    return np.rint(255 * (1 - np.clip(ink, 0, 1))).astype(np.uint8)
