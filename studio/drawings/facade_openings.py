"""Choosing the openings among thousands of boxes: two small networks, then one box per place.

The first network looks at each box alone, the second at the best few hundred and their company. Both were trained on
synthetic sheets only (`facade_training.py`); their weights are `facade_openings.npz`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from studio.drawings.facade_candidates import HEADS, Candidates, candidates, edges_of
from studio.drawings.facade_features import company_features, intersection, local_features
from studio.drawings.facade_plain import plain_openings

WEIGHTS = Path(__file__).with_name("facade_openings.npz")
LONG_PX = (1400, 2000)  # a drawing is read at this size: slits are 8 px wide then, and 2 cores read it in seconds
SHORT_LIST = 700  # boxes that the second network sees
LEAST = 0.3  # what the second network gives to a box that is an opening more often than not


@dataclass(frozen=True, eq=False)
class Seen:
    """The short list of one drawing, in its own pixels.

    Attributes:
        boxes: float64 [N, 4]; scores: float32 [N], 0…1, an opening from 0.5; heads: N names; pictures: float32 [N, GRID].
    """

    boxes: np.ndarray
    scores: np.ndarray
    heads: tuple[str, ...]
    pictures: np.ndarray


def look(gray: np.ndarray) -> Seen:
    """The boxes of a drawing with their scores, the best first.

    Args:
        gray: uint8 [H, W], one elevation, 255 = paper; washes must have kept their tone.
    """
    factor = reading_scale(gray.shape)
    work = resized(gray, factor)
    edges = edges_of(work)
    found = candidates(work, edges)
    if not len(found):
        nothing = np.zeros((0, 4))
        return Seen(nothing, np.zeros(0, np.float32), (), nothing)
    numbers, head, pictures = local_features(work, edges, found)
    first = score("alone", numbers)
    short = short_list(found, first)
    company = company_features(found.boxes[short], first[short], pictures[short])
    second = score("company", np.hstack([numbers[short], company]))
    second = np.clip(second / LEAST * 0.5, 0, 1)
    plain, sure = plain_openings(found, numbers, pictures)
    index, scores = np.concatenate([short, plain]), np.concatenate([second, sure.astype(np.float32)])
    order = np.argsort(-scores, kind="stable")
    index, scores = index[order], scores[order]
    return Seen(found.boxes[index] / factor, scores, tuple(HEADS[k] for k in head[index]), pictures[index])


def chosen(seen: Seen) -> list[int]:
    """Indices into the short list: one box per opening, best first; a box within an opening is part of it."""
    kept: list[int] = []
    for i in np.flatnonzero(seen.scores >= 0.5):
        box = seen.boxes[i : i + 1]
        if kept:
            others = seen.boxes[kept]
            inter = intersection(box, others)[0]
            smaller = np.minimum(_areas(box), _areas(others))
            if (inter > 0.25 * smaller).any():
                continue
        kept.append(int(i))
    return kept


def reading_scale(shape: tuple[int, ...]) -> float:
    """By how much a drawing of this height and width is enlarged for reading; never more than three times."""
    side = max(shape[:2])
    return float(np.clip(1.0, LONG_PX[0] / side, LONG_PX[1] / side)) if side > LONG_PX[0] / 3 else 3.0


def resized(gray: np.ndarray, factor: float) -> np.ndarray:
    """The drawing at its reading size."""
    if factor == 1.0:
        return gray
    return cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)


def short_list(found: Candidates, first: np.ndarray) -> np.ndarray:
    """Indices of the boxes that deserve a second look, best first: near doubles are left out."""
    order = np.argsort(-first, kind="stable")[: 12 * SHORT_LIST]
    boxes = found.boxes.astype(np.float64)
    area = _areas(boxes)
    kept: list[int] = []
    for i in order:
        if len(kept) == SHORT_LIST:
            break
        if kept:
            inter = intersection(boxes[i : i + 1], boxes[kept])[0]
            if (inter > 0.86 * (area[i] + area[kept] - inter)).any():
                continue
        kept.append(int(i))
    return np.array(kept, int)


def score(name: str, numbers: np.ndarray) -> np.ndarray:
    """What the network `name` says of each row of numbers, float32 [N], 0…1."""
    layers = weights()
    x = (numbers - layers[f"{name}_mean"]) / layers[f"{name}_deviation"]
    x = np.clip(x, -6, 6)
    for k in range(3):
        x = x @ layers[f"{name}_w{k}"] + layers[f"{name}_b{k}"]
        if k < 2:
            x = np.maximum(x, 0)
    return (1 / (1 + np.exp(-np.clip(x[:, 0], -30, 30)))).astype(np.float32)


@lru_cache(maxsize=1)
def weights() -> dict[str, np.ndarray]:
    """The networks' numbers, read once."""
    with np.load(WEIGHTS) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}


def _areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
