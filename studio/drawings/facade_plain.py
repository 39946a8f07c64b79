"""Openings that need no network: a dark hole in a bare wall, and blank ones, all alike, in a wall full of strokes.

Real sheets show these two far more plainly than any synthetic one does, so they are taken by rule.
"""

from __future__ import annotations

import numpy as np

from studio.drawings.facade_candidates import Candidates
from studio.drawings.facade_features import company_features, intersection

MOST = 400  # boxes compared with one another
DARK, BLANK = 0.35, 0.75  # scores from which a box counts; a blank box in a rubble wall may be a stone, so it must prove more


def plain_openings(found: Candidates, alone: np.ndarray, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of such boxes, the surest first, and their scores, 0.5…1.

    Args:
        found: N boxes; alone: float32 [N, LOCAL] and pictures: [N, GRID] as from `local_features`.
    """
    dark, blank = _dark_holes(alone), _blank_holes(alone)
    best = np.maximum(dark, blank)
    boxes = found.boxes.astype(np.float64)
    order = np.flatnonzero(best > 0.3)
    order = order[np.argsort(-best[order], kind="stable")][: 3 * MOST]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    for i in order:
        if kept:
            inter = intersection(boxes[i : i + 1], boxes[kept])[0]
            if (inter > 0.8 * (area[i] + area[kept] - inter)).any():
                continue
        kept.append(int(i))
        if len(kept) == MOST:
            break
    if not kept:
        return np.zeros(0, int), np.zeros(0)
    index = np.array(kept)
    company = company_features(boxes[index], best[index].astype(np.float32), pictures[index])
    in_row, in_column, alike = np.expm1(company[:, 2]), company[:, 3], np.expm1(company[:, 4])
    many = _ramp(alike, 0.8, 2.0) * np.maximum(_ramp(in_row, 0.5, 1.0), _ramp(in_column, 0.4, 0.8))
    as_dark = dark[index] * (0.6 + 0.4 * _ramp(alike, 0, 1))
    as_blank = blank[index] * many
    score = np.maximum(np.where(as_dark > DARK, as_dark, 0), np.where(as_blank > BLANK, as_blank, 0))
    good = np.flatnonzero(score > 0)
    good = good[np.argsort(-score[good], kind="stable")]
    return index[good], 0.5 + 0.5 * score[good]


def _dark_holes(alone: np.ndarray) -> np.ndarray:
    """Darker than an even, bright wall on all four sides, and nothing drawn right above or below."""
    least, inside, around, uneven = alone[:, 23], alone[:, 25], alone[:, 26], alone[:, 29]
    return (_ramp(alone[:, 3], 0.82, 0.92) * _ramp(least, 0.15, 0.35) * _ramp(-around, -0.25, -0.15)
            * _ramp(-uneven, -0.25, -0.15) * _ramp(inside, 0.35, 0.55)
            * _ramp(-np.maximum(alone[:, 38], alone[:, 39]), -0.2, -0.1))  # fmt: skip


def _blank_holes(alone: np.ndarray) -> np.ndarray:
    """Free of ink in a wall that is covered with it; wider and taller than stones."""
    least, inside, around = alone[:, 23], alone[:, 25], alone[:, 26]
    large = (np.exp(alone[:, 0]) > 0.016) & (np.exp(alone[:, 1]) > 0.02)
    covered = _ramp(alone[:, 32] + alone[:, 33], 1.10, 1.22)  # edges both ways all around: bricks, rubble, not two mullions
    tone = _ramp(-inside, -0.10, -0.05) * _ramp(around, 0.12, 0.2) * _ramp(-least, -0.04, 0.02)
    return _ramp(alone[:, 3], 0.82, 0.92) * tone * covered * large


def _ramp(value: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip((value - low) / (high - low), 0, 1)
