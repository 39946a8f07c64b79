"""Whether a picture is damaged at all, and how: a judgement over the whole picture, before any pixel is proposed.

A network that looks some 200 px around itself mistakes twigs, rigging and hatching for cracks now and then; over a whole
picture real damage is surer of itself and there is more of it. The gate sees how sure the surest shares of the picture are, of
every class at once, and knows nothing of single pixels.
"""

from __future__ import annotations

import numpy as np

LEAST, MOST = -12.0, 8.0  # logits that are told apart …
STEP = (MOST - LEAST) / 255  # … in 256 levels, a fifth of what one could see of them
SHARES = (0.5, 0.9, 0.97, 0.99, 0.997, 0.999)  # of a picture's pixels that are no surer than the quantile


def levelled(logits: np.ndarray) -> np.ndarray:
    """Logits of any shape as levels, uint8."""
    return np.rint((np.clip(logits, LEAST, MOST) - LEAST) / STEP).astype(np.uint8)


def counted(levels: np.ndarray) -> np.ndarray:
    """How often each level occurs, int64 [5, 256], of uint8 [5, H, W]; counts of several tiles may be added."""
    return np.stack([np.bincount(plane.ravel(), minlength=256) for plane in levels])


def vector_of(counts: np.ndarray) -> np.ndarray:
    """What the gate sees: quantiles of the logits of each class, a quarter of them each, float64 [30], about −3…2.

    Args:
        counts: int64 [5, 256], as `counted` gives them.
    """
    below = np.cumsum(counts, 1) / np.maximum(counts.sum(1, keepdims=True), 1)
    levels = np.stack([np.searchsorted(line, SHARES) for line in below])
    return (LEAST + STEP * levels).ravel() / 4


def odds_of(gate: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Log-odds that damage of each class is there (logistic regression, Cox 1958).

    Args:
        gate: float64 [5, 31], the constant last.
        vectors: float64 [30] or [N, 30].

    Returns:
        float64 [5] or [N, 5].
    """
    return vectors @ gate[:, :-1].T + gate[:, -1]
