"""Several answers to one question: how much texture each gets, and how far they lie apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

OTHERS_TEXTURE = 0.35  # of hypotheses 2, 3, … when none was asked for: enough to differ, little enough to keep the form
_STRIP_ROWS = 256


def texture_of(hypothesis: int, texture: float) -> float:
    """The texture τ of hypothesis 0, 1, …: the first is what was asked; at texture 0 the others need some to differ."""
    return texture if texture > 0 or hypothesis == 0 else OTHERS_TEXTURE


def spread(hypotheses: Sequence[np.ndarray], mask: np.ndarray) -> np.ndarray:
    """Where the hypotheses disagree.

    Args:
        hypotheses: two or more pictures, uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4] (alpha is left out).
        mask: bool [H, W], the hole.

    Returns:
        float32 [H, W], 0…0.5: standard deviation among the hypotheses, root mean square over the channels, as a share of
        the full range; exactly zero outside the mask. It says how undecided the model is, not how wrong it may be.
    """
    most = np.float32(np.iinfo(hypotheses[0].dtype).max)
    field = np.zeros(mask.shape, np.float32)
    for top in range(0, mask.shape[0], _STRIP_ROWS):  # in strips: K float copies of a large scan would not fit
        rows = slice(top, top + _STRIP_ROWS)
        hole = mask[rows]
        if hole.any():
            values = np.stack([_colours(hypothesis[rows][hole]) for hypothesis in hypotheses]) / most  # [K, N, C]
            field[rows][hole] = np.sqrt(values.var(0).mean(-1))
    return field


def distance(one: np.ndarray, other: np.ndarray, mask: np.ndarray) -> float:
    """Root mean square difference of two hypotheses inside the hole, 0…1."""
    most = np.iinfo(one.dtype).max
    difference = _colours(one[mask]) - _colours(other[mask])
    return float(np.sqrt(np.mean(np.square(difference, dtype=np.float64))) / most)


def _colours(samples: np.ndarray) -> np.ndarray:
    """[N] or [N, C] → float32 [N, 1 or 3]."""
    return (samples[:, None] if samples.ndim == 1 else samples[:, :3]).astype(np.float32)
