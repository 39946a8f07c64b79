"""A glance at a whole elevation: where a network sees openings that has looked at nothing but the picture, cell by cell.

The other networks judge boxes that someone proposed. This one proposes: for every cell of 4 × 4 pixels it says whether that
lies in an opening, how far that opening's sides are, and how well it thinks it knows them. It halves the picture five
times and comes back up, adding what it saw on its way down (Ronneberger et al. 2015); sides are told as distances from the cell
(Tian et al. 2019). It was trained by `facade_glance_training.py` on drawn sheets only, and runs on numpy within two seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from studio.drawings.facade_features import intersection

WEIGHTS = Path(__file__).with_name("facade_glance.npz")
LONG_PX = (1152, 1728)  # the drawing's longer side: slits are seen at the greater, how a front is ordered at the smaller
CELL = 4  # pixels along the side of a cell
BLOCK = 32  # pixels: the coarsest cells; sides are filled up to whole ones
UNIT_PX = 16.0  # a distance to a side is told as its natural logarithm, of this
FURTHEST = (-4.0, 5.0)  # of that logarithm
LIKELY = 0.15  # of a cell's likelihood times certainty, from which its box is proposed
SAME = 0.6  # overlap (IoU) of boxes that are one
MOST = 400  # proposals; a front of 150 openings has half as many again that are none
PLACES = (0.1, 0.3, 0.5, 0.7, 0.9)  # shares of a box's sides at which it is asked about
BEYOND = 0.12  # of a box's side: what is asked about around it
UNSEEN = 0.1  # likelihood in the mean over a box; of eight real sheets' openings the least likely had 0.24, at Epidius
ASKED = 9  # numbers per box and glance
OPINION = 2 + ASKED * len(LONG_PX)  # numbers per box


@dataclass(frozen=True, eq=False)
class Glance:
    """What is seen of a drawing, cell by cell.

    Attributes:
        inside: float32 [h, w], 0…1, how likely a cell lies in an opening.
        boxes: float32 [h, w, 4], x0, y0, x1, y1 of that opening, in the drawing's pixels.
        sure: float32 [h, w], 0…1, the overlap (IoU) that the network expects of that box with the true one.
        cell: the drawing's pixels along a cell's side, across and down.
    """

    inside: np.ndarray
    boxes: np.ndarray
    sure: np.ndarray
    cell: tuple[float, float]


def glances(gray: np.ndarray, layers: dict[str, np.ndarray] | None = None) -> tuple[Glance, ...]:
    """Look at a drawing, uint8 [H, W], 255 = paper, at each of LONG_PX; layers: as from `weights`, taken when left out."""
    return tuple(glance(gray, side, weights() if layers is None else layers) for side in LONG_PX)


def glance(gray: np.ndarray, long_px: int, layers: dict[str, np.ndarray]) -> Glance:
    """Look at a drawing, uint8 [H, W], 255 = paper, that is brought to `long_px` on its longer side."""
    high, wide = gray.shape
    k = long_px / max(high, wide)
    size = max(8, round(wide * k)), max(8, round(high * k))
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA if k < 1 else cv2.INTER_CUBIC)
    full = [-(-side // BLOCK) * BLOCK for side in small.shape]
    ink = np.zeros(full, np.float32)  # paper beyond the drawing
    ink[: small.shape[0], : small.shape[1]] = 1 - small.astype(np.float32) / 255
    said = _network(layers, ink)
    said = said[:, : -(-small.shape[0] // CELL), : -(-small.shape[1] // CELL)]
    y, x = ((np.arange(n) + 0.5) * CELL for n in said.shape[1:])
    left, top, right, bottom = np.exp(np.clip(said[1:5], *FURTHEST)) * UNIT_PX
    scale = np.array((wide / size[0], high / size[1]) * 2, np.float32)
    boxes = np.stack([x - left, y[:, None] - top, x + right, y[:, None] + bottom], -1) * scale
    return Glance(_share(said[0]), boxes.astype(np.float32), _share(said[5]), (CELL * float(scale[0]), CELL * float(scale[1])))


def proposals(seen: Sequence[Glance]) -> np.ndarray:
    """The boxes that glances see openings in, float64 [N, 4], the likeliest first; each is the mean of those that agree."""
    worth = np.concatenate([(one.inside * one.sure).ravel() for one in seen]).astype(np.float64)
    boxes = np.concatenate([one.boxes.reshape(-1, 4) for one in seen]).astype(np.float64)
    cells = np.flatnonzero(worth > LIKELY)
    cells = cells[np.argsort(-worth[cells], kind="stable")]
    boxes, weight = boxes[cells], worth[cells]
    kept = []
    while len(boxes) and len(kept) < MOST:
        same = overlaps(boxes[:1], boxes)[0] > SAME
        kept.append(np.average(boxes[same], axis=0, weights=weight[same]))
        boxes, weight = boxes[~same], weight[~same]
    high, wide = (max(one.inside.shape[k] * one.cell[1 - k] for one in seen) for k in (0, 1))
    return np.clip(np.array(kept).reshape(-1, 4), 0, (wide, high, wide, high))


def opinion(seen: Sequence[Glance], boxes: np.ndarray) -> np.ndarray:
    """What the glances say of each of N boxes, [N, 4], float32 [N, OPINION]; how large it is comes first."""
    b = boxes.astype(np.float64)
    side = max(max(one.inside.shape[k] * one.cell[1 - k] for one in seen) for k in (0, 1))
    size = np.log(np.maximum(b[:, 2:] - b[:, :2], 1) / side)
    return np.hstack([size, *(_opinion(one, b) for one in seen)]).astype(np.float32)


def _opinion(seen: Glance, b: np.ndarray) -> np.ndarray:
    """What one glance says, [N, ASKED].

    Asked at places spread over the box: how likely they lie in an opening, in the mean and the least likely row and column; how
    far the opening that they tell of is this box, in the mean, at its best and in the middle; how certain they are; and how
    likely the places around the box lie in an opening, in the mean and on the likelier side.
    """
    u = np.array(PLACES)
    xs, ys = b[:, 0, None] + (b[:, 2] - b[:, 0])[:, None] * u, b[:, 1, None] + (b[:, 3] - b[:, 1])[:, None] * u
    inside, told, sure = _asked(seen, *np.broadcast_arrays(xs[:, None], ys[:, :, None]))
    here = agreement(told, b[:, None, None])
    reach = np.maximum(BEYOND * (b[:, 2:] - b[:, :2]), np.array(seen.cell))
    before, after = b[:, :2] - reach, b[:, 2:] + reach
    left, above, right, below = before[:, :1], before[:, 1:], after[:, :1], after[:, 1:]
    beside = [np.broadcast_arrays(x, y) for x, y in ((left, ys), (right, ys), (xs, above), (xs, below))]
    around = np.stack([_asked(seen, x, y)[0].mean(1) for x, y in beside], 1)
    vote = inside * here
    columns = [inside.mean((1, 2)), np.minimum(inside.mean(1).min(1), inside.mean(2).min(1)), vote.mean((1, 2)),
               (vote * sure).max((1, 2)), vote[:, 1:4, 1:4].mean((1, 2)), here.mean((1, 2)), (inside * sure).mean((1, 2)),
               around.mean(1), around.max(1)]  # fmt: skip
    return np.stack(columns, 1)


def is_unseen(said: np.ndarray) -> np.ndarray:
    """Whether next to nothing of a box lies in an opening at any glance: a pier, a stone, a chimney; bool [N].

    Args:
        said: [N, OPINION], of `opinion`.
    """
    return said[:, 2::ASKED].max(1) < UNSEEN


def _asked(seen: Glance, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Likelihood, box and certainty at places, pixels of the drawing; outside of it nothing is likely."""
    high, wide = seen.inside.shape
    j, i = np.floor(x / seen.cell[0]).astype(int), np.floor(y / seen.cell[1]).astype(int)
    out = (i < 0) | (j < 0) | (i >= high) | (j >= wide)
    i, j = np.clip(i, 0, high - 1), np.clip(j, 0, wide - 1)
    return np.where(out, 0, seen.inside[i, j]), seen.boxes[i, j], seen.sure[i, j]


def agreement(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Overlap (IoU) of boxes [..., 4] with boxes, one with one."""
    side = np.maximum(np.minimum(a[..., 2:], b[..., 2:]) - np.maximum(a[..., :2], b[..., :2]), 0)
    inter = side[..., 0] * side[..., 1]
    areas = [(c[..., 2] - c[..., 0]) * (c[..., 3] - c[..., 1]) for c in (a, b)]
    return inter / np.maximum(areas[0] + areas[1] - inter, 1e-6)


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Overlap of every box of one set with every one of another, [N, M]."""
    inter = intersection(a, b)
    areas = [(c[:, 2] - c[:, 0]) * (c[:, 3] - c[:, 1]) for c in (a, b)]
    return inter / np.maximum(areas[0][:, None] + areas[1] - inter, 1e-6)


def _network(layers: dict[str, np.ndarray], ink: np.ndarray) -> np.ndarray:
    """Logit, four distances and certainty of each cell, float32 [6, H/4, W/4], of darkness 0…1, [H, W]."""

    def conv(name: str, x: np.ndarray, stride: int = 1, apart: int = 1) -> np.ndarray:
        return np.maximum(_convolved(x, layers[f"{name}_w"], layers[f"{name}_b"], stride, apart), 0)

    a = conv("a", np.stack([ink[::2, ::2], ink[::2, 1::2], ink[1::2, ::2], ink[1::2, 1::2]]))
    b = conv("b2", conv("b", a, 2))
    c = conv("c2", conv("c", b, 2))
    d = conv("d2", conv("d", c, 2))
    e = conv("e", d, 2)
    e = e + conv("e2", e, apart=2)
    e = e + conv("e3", e, apart=4)
    d = conv("d3", d + _doubled(conv("ud", e)))
    c = conv("c3", c + _doubled(conv("uc", d)))
    b = conv("b4", conv("b3", b + _doubled(conv("ub", c))))
    return _convolved(b, layers["out_w"], layers["out_b"])


def _convolved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray, stride: int = 1, apart: int = 1) -> np.ndarray:
    """Convolution [out, in, k, k] of [in, h, w] with a margin that keeps its size; of that every stride-th row and column.

    Each of the kernel's k² places is one product of matrices, over the picture as one long row with its margin, so that a step
    to the side or down is a step along that row.
    """
    many, _, side, _ = kernel.shape
    pad = apart * (side // 2)
    channels, h, w = x.shape
    if stride == 2:
        return _halved(x, kernel, bias)
    margin = np.zeros((channels, h + 2 * pad + (pad > 0), w + 2 * pad), np.float32)
    margin[:, pad : pad + h, pad : pad + w] = x
    flat, across = margin.reshape(channels, -1), w + 2 * pad
    out = np.zeros((many, h * across), np.float32)
    for i in range(side):
        for j in range(side):
            start = i * apart * across + j * apart
            out += np.ascontiguousarray(kernel[:, :, i, j]) @ flat[:, start : start + h * across]
    return out.reshape(many, h, across)[:, :, :w] + bias[:, None, None]


def _halved(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Convolution [out, in, 3, 3] of [in, h, w], h and w even, in steps of two."""
    channels, h, w = x.shape
    margin = np.zeros((channels, h + 2, w + 2), np.float32)
    margin[:, 1 : h + 1, 1 : w + 1] = x
    out = np.zeros((len(kernel), h // 2 * (w // 2)), np.float32)
    for i in range(3):
        for j in range(3):
            part = np.ascontiguousarray(margin[:, i : i + h : 2, j : j + w : 2])
            out += np.ascontiguousarray(kernel[:, :, i, j]) @ part.reshape(channels, -1)
    return out.reshape(len(kernel), h // 2, w // 2) + bias[:, None, None]


def _doubled(x: np.ndarray) -> np.ndarray:
    """Every cell four times."""
    return x.repeat(2, 1).repeat(2, 2)


def _share(logit: np.ndarray) -> np.ndarray:
    return (1 / (1 + np.exp(-np.clip(logit, -30, 30)))).astype(np.float32)


@lru_cache(maxsize=1)
def weights() -> dict[str, np.ndarray]:
    """The network's numbers, read once."""
    return stored(WEIGHTS)


def stored(path: Path) -> dict[str, np.ndarray]:
    """The network of a file."""
    with np.load(path) as file:
        return {name: file[name].astype(np.float32) for name in file.files}
