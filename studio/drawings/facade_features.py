"""What tells an opening from a panel, a stone or a piece of sky: numbers about each box and its rim.

All are free of the sheet's size and blackness: shares, ratios, coverages; `facade_company` adds what stands around a box.
"""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.facade_candidates import HEADS, Candidates, Edges

GRID = (12, 9)  # rows and columns of the small picture by which boxes are compared
LOCAL = 43  # numbers per box


class Sums:
    """A picture summed up, so that the mean of any box costs four look-ups."""

    def __init__(self, picture: np.ndarray):
        self.table = cv2.integral(picture.astype(np.float32), sdepth=cv2.CV_64F)
        self.shape = picture.shape

    def total(self, x0, y0, x1, y1) -> tuple[np.ndarray, np.ndarray]:
        """Sum and area of boxes, clipped to the picture."""
        h, w = self.shape
        x0, x1 = np.clip(np.rint(x0), 0, w).astype(int), np.clip(np.rint(x1), 0, w).astype(int)
        y0, y1 = np.clip(np.rint(y0), 0, h).astype(int), np.clip(np.rint(y1), 0, h).astype(int)
        t = self.table
        area = np.maximum(x1 - x0, 0) * np.maximum(y1 - y0, 0)
        return np.where(area > 0, t[y1, x1] - t[y0, x1] - t[y1, x0] + t[y0, x0], 0.0), area

    def mean(self, x0, y0, x1, y1) -> np.ndarray:
        """Mean of boxes; 0 where nothing is left of one."""
        total, area = self.total(x0, y0, x1, y1)
        return total / np.maximum(area, 1)


def local_features(gray: np.ndarray, edges: Edges, c: Candidates) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What a box and its rim show.

    Args:
        gray: uint8 [H, W], 255 = paper.
        edges: of `gray`.
        c: N boxes.
    Returns: float32 [N, LOCAL]; the head that the edges draw, int [N], an index of HEADS; pictures float32 [N, GRID].
    """
    dark = 1 - cv2.GaussianBlur(gray, (0, 0), 1.0).astype(np.float32) / 255
    tone, square = Sums(dark), Sums(dark**2)
    upright, level = Sums(edges.upright), Sums(edges.level)
    x0, y0, x1, y1 = c.boxes.astype(np.float64).T
    w, h = x1 - x0, y1 - y0
    h_px, w_px = gray.shape
    side = max(h_px, w_px)
    rim = np.clip(0.18 * w, 4, 24)
    heads = _head_coverage(edges, c.boxes)
    head = heads.argmax(1)
    spring = y0 + np.array([0, 0.5, 0.18, 0.85])[head] * np.minimum(w, h)
    reach = np.clip(0.25 * h, 6, 40)
    columns = [
        np.log(w / side), np.log(h / side), np.log(h / w), c.shape, c.edges,
        heads[:, 0], heads[:, 1:].max(1),
        _side(upright, x0, spring, y1), _side(upright, x1 - 1, spring, y1), _flat(level, y1 - 1, x0, x1),
        _flat(level, y0, x0, x1),
        # how far the four lines run on beyond the corners: an opening's stop, a panel's belong to the wall
        _side(upright, x0, y0 - reach, y0 - 3), _side(upright, x1 - 1, y0 - reach, y0 - 3),
        _side(upright, x0, y1 + 3, y1 + reach), _side(upright, x1 - 1, y1 + 3, y1 + reach),
        _flat(level, y0, x0 - reach, x0 - 3), _flat(level, y0, x1 + 3, x1 + reach),
        _flat(level, y1 - 1, x0 - reach, x0 - 3), _flat(level, y1 - 1, x1 + 3, x1 + reach),
    ]  # fmt: skip
    inner = (x0 + 2, y0 + 2, x1 - 2, y1 - 2)
    strips = [((x0 + 2, y0, x0 + 2 + rim, y1), (x0 - 2 - rim, y0, x0 - 2, y1)),
              ((x1 - 2 - rim, y0, x1 - 2, y1), (x1 + 2, y0, x1 + 2 + rim, y1)),
              ((x0, y0 + 2, x1, y0 + 2 + rim), (x0, y0 - 2 - rim, x1, y0 - 2)),
              ((x0, y1 - 2 - rim, x1, y1 - 2), (x0, y1 + 2, x1, y1 + 2 + rim))]  # fmt: skip
    contrast = [tone.mean(*a) - tone.mean(*b) for a, b in strips]
    inside, around = tone.mean(*inner), _rim_mean(tone, c.boxes, rim)
    columns += [
        *contrast, np.min(contrast, axis=0), np.max(contrast, axis=0), inside, around, inside - around,
        np.sqrt(np.maximum(square.mean(*inner) - inside**2, 0)),
        np.sqrt(np.maximum(_rim_mean(square, c.boxes, rim) - around**2, 0)),
        upright.mean(*inner), level.mean(*inner), _rim_mean(upright, c.boxes, rim), _rim_mean(level, c.boxes, rim),
    ]  # fmt: skip
    pictures = _pictures(tone, c.boxes)
    middle = pictures.reshape(len(pictures), *GRID)
    columns += [
        _agreement(middle, middle[:, :, ::-1]), middle[:, 3:, 2:-2].min((1, 2)), middle[:, 3:, 2:-2].max((1, 2)),
        middle.mean((1, 2)) - middle[:, :, [0, -1]].mean((1, 2)),
        # what lies above the head and below the sill, and where the box stands on the drawing
        tone.mean(x0, y0 - 0.3 * h, x1, y0 - 3), tone.mean(x0, y1 + 3, x1, y1 + 0.3 * h),
        y0 / h_px, 1 - y1 / h_px, np.abs((x0 + x1) / w_px - 1),
    ]  # fmt: skip
    return np.nan_to_num(np.stack(columns, 1)).astype(np.float32), head, pictures


def intersection(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Common area of every box of a, [N, 4], with every box of b, [M, 4]: [N, M]."""
    wide = np.minimum(a[:, None, 2], b[:, 2]) - np.maximum(a[:, None, 0], b[:, 0])
    tall = np.minimum(a[:, None, 3], b[:, 3]) - np.maximum(a[:, None, 1], b[:, 1])
    return np.maximum(wide, 0) * np.maximum(tall, 0)


# ---- parts
def _side(upright: Sums, x, y0, y1) -> np.ndarray:
    """Share of an upright line that is drawn, within two pixels."""
    return np.minimum(1.0, 5 * upright.mean(x - 2, y0, x + 3, y1) / 3)


def _flat(level: Sums, y, x0, x1) -> np.ndarray:
    return np.minimum(1.0, 5 * level.mean(x0, y - 2, x1, y + 3) / 3)


def _rim_mean(sums: Sums, boxes: np.ndarray, rim: np.ndarray) -> np.ndarray:
    x0, y0, x1, y1 = boxes.astype(np.float64).T
    outer, outer_area = sums.total(x0 - 2 - rim, y0 - 2 - rim, x1 + 2 + rim, y1 + 2 + rim)
    inner, inner_area = sums.total(x0 - 2, y0 - 2, x1 + 2, y1 + 2)
    return (outer - inner) / np.maximum(outer_area - inner_area, 1)


def _head_coverage(edges: Edges, boxes: np.ndarray) -> np.ndarray:
    """How much of each head's curve is drawn, float64 [N, 4], in the order of HEADS."""
    drawn = cv2.dilate(np.maximum(edges.upright, edges.level), np.ones((3, 3), np.uint8))
    h_px, w_px = drawn.shape
    x0, y0, x1, y1 = boxes.astype(np.float64).T
    half, tall = (x1 - x0) / 2, y1 - y0
    across = np.linspace(-0.93, 0.93, 21)
    out = np.zeros((len(boxes), len(HEADS)))
    for k, rise in enumerate((0.0, 1.0, 0.35, 1.6)):
        if k == 3:
            drop = 1.732 - np.sqrt(np.maximum(4 - (1 + np.abs(across)) ** 2, 0))
        else:
            drop = rise * (1 - np.sqrt(1 - across**2))
        y = y0[:, None] + np.minimum(drop * half[:, None], 0.9 * tall[:, None])
        x = (x0 + half)[:, None] + across * half[:, None]
        yi, xi = np.clip(np.rint(y), 0, h_px - 1).astype(int), np.clip(np.rint(x), 0, w_px - 1).astype(int)
        out[:, k] = drawn[yi, xi].mean(1)
    out[:, 1:] -= 0.05  # a lintel needs less proof than an arch
    return out


def _pictures(tone: Sums, boxes: np.ndarray) -> np.ndarray:
    """Each box as a small picture, float32 [N, rows · columns], darkness 0…1."""
    rows, cols = GRID
    x0, y0, x1, y1 = boxes.astype(np.float64).T
    u, v = np.linspace(0, 1, cols + 1), np.linspace(0, 1, rows + 1)
    xs, ys = x0[:, None] + (x1 - x0)[:, None] * u, y0[:, None] + (y1 - y0)[:, None] * v
    cells = [tone.mean(xs[:, c], ys[:, r], np.maximum(xs[:, c + 1], xs[:, c] + 1), np.maximum(ys[:, r + 1], ys[:, r] + 1))
             for r in range(rows) for c in range(cols)]  # fmt: skip
    return np.stack(cells, 1).astype(np.float32)


def _agreement(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlation of small pictures [N, r, c], row by row of N."""
    a, b = (p.reshape(len(p), -1) - p.reshape(len(p), -1).mean(1, keepdims=True) for p in (a, b))
    return (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1) + 1e-3)
