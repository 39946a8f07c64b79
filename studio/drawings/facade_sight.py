"""Looking at a box as a picture: what is in it and close around it, and, coarser, what stands beside it.

`views` cuts both pictures out of the drawing, in steps of the box's own size, so that a loophole and a portal look alike;
`sight` is the small convolutional network that judges them. It runs on numpy: a drawing's few hundred boxes take a second.
"""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.facade_candidates import Edges

NEAR, FAR = (24, 14), (16, 4)  # cells along a side of the view, and how many of them the box takes, in the middle
CHANNELS = 3  # darkness, upright edges, level edges
BATCH = 400  # boxes at a time: some 60 MB


def views(gray: np.ndarray, edges: Edges, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The near and the far view of each box.

    Args:
        gray: uint8 [H, W], 255 = paper; edges: of it; boxes: [N, 4].
    Returns: uint8 [N, CHANNELS, 24, 24] and [N, CHANNELS, 16, 16], 255 = black, or all edge; paper beyond the drawing.
    """
    h, w = gray.shape
    pad = 1
    layers = [255 - gray, edges.upright * np.uint8(255), edges.level * np.uint8(255)]
    tables = [cv2.integral(cv2.copyMakeBorder(la, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0), sdepth=cv2.CV_64F)
              for la in layers]  # fmt: skip
    out = []
    for cells, inner in (NEAR, FAR):
        steps = (np.arange(cells + 1) - (cells - inner) / 2) / inner
        x0, y0, x1, y1 = boxes.astype(np.float64).T
        xs, ys = x0[:, None] + (x1 - x0)[:, None] * steps, y0[:, None] + (y1 - y0)[:, None] * steps
        area = ((x1 - x0) * (y1 - y0))[:, None, None] / inner**2
        xs, ys = np.clip(xs, 0, w) + pad, np.clip(ys, 0, h) + pad
        means = [np.diff(np.diff(_summed(table, xs, ys), axis=1), axis=2) / area for table in tables]
        out.append(np.clip(np.rint(np.stack(means, 1)), 0, 255).astype(np.uint8))
    return out[0], out[1]


def _summed(table: np.ndarray, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """A summed table at places between its pixels, [N, rows, columns]: the exact sum of fractions of pixels."""
    xi, yi = np.floor(xs).astype(int), np.floor(ys).astype(int)
    xi, yi = np.minimum(xi, table.shape[1] - 2), np.minimum(yi, table.shape[0] - 2)
    fx, fy = (xs - xi)[:, None, :], (ys - yi)[:, :, None]
    row, col = yi[:, :, None], xi[:, None, :]
    upper = table[row, col] * (1 - fx) + table[row, col + 1] * fx
    lower = table[row + 1, col] * (1 - fx) + table[row + 1, col + 1] * fx
    return upper * (1 - fy) + lower * fy


def sight(layers: dict[str, np.ndarray], near: np.ndarray, far: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """What the network says of each box, float32 [N], 0…1.

    Args:
        layers: its numbers, as `facade_training` writes them; near, far: as from `views`.
        numbers: float32 [N, LOCAL] as from `local_features`.
    """
    out = [np.zeros(0, np.float32)]
    for start in range(0, len(near), BATCH):
        rows = slice(start, start + BATCH)
        flat = [_tower(layers, "near", near[rows]), _tower(layers, "far", far[rows])]
        known = np.clip((numbers[rows] - layers["sight_mean"]) / layers["sight_deviation"], -6, 6)
        x = np.hstack([*flat, known.astype(np.float32)])
        x = np.maximum(x @ layers["sight_w0"] + layers["sight_b0"], 0)
        x = x @ layers["sight_w1"] + layers["sight_b1"]
        out.append((1 / (1 + np.exp(-np.clip(x[:, 0], -30, 30)))).astype(np.float32))
    return np.concatenate(out)


def _tower(layers: dict[str, np.ndarray], name: str, view: np.ndarray) -> np.ndarray:
    """Three convolutions of 3 × 3 that halve the picture each; float32 [N, features], channel by channel."""
    x = view.astype(np.float32) / 255
    for k in range(3):
        x = _halved(x, layers[f"{name}_w{k}"], layers[f"{name}_b{k}"])
    return x.reshape(len(x), -1)


def _halved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Convolution [out, in, 3, 3] of [N, in, h, w] with a margin of one and a stride of two, and what is negative cut off."""
    n, _, h, w = x.shape
    x = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    patches = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3))[:, :, ::2, ::2]  # [N, in, h/2, w/2, 3, 3]
    rows, cols = (h + 1) // 2, (w + 1) // 2
    table = patches.transpose(0, 2, 3, 1, 4, 5).reshape(n * rows * cols, -1)
    y = np.maximum(table @ kernel.reshape(len(kernel), -1).T + bias, 0)
    return y.reshape(n, rows, cols, -1).transpose(0, 3, 1, 2)
