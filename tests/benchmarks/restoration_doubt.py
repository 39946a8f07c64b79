"""Does the model know where it is wrong? Its expected error against the true one, with distance to the edge as the baseline."""

from __future__ import annotations

import numpy as np
from restoration_cases import Case, generator
from scipy.ndimage import distance_transform_edt
from scipy.stats import spearmanr

ABSTAINED = 0.2  # share of the hole's area on which nothing would be shown


def doubt_row(case: Case, filled: np.ndarray, error: np.ndarray) -> dict | None:
    """Figures of one picture, per guess of where the error lies; None for holes too small to rank anything.

    Args:
        case: the hole.
        filled: uint8 [H, W, 3], mean mode.
        error: float32 [H, W], 0…1: what the model expects.
    """
    off = np.abs(filled[case.hole].astype(np.float64) - case.truth[case.hole]).mean(1) / 255
    squared = ((filled[case.hole].astype(np.float64) - case.truth[case.hole]) ** 2).mean(1)
    if len(off) < 50 or squared.sum() == 0:
        return None
    jitter = generator(case.name, case.family, "ties").random(len(off)) * 1e-6  # distances are often equal
    guesses = {
        "model": error[case.hole].astype(np.float64) + jitter,
        "distance": np.asarray(distance_transform_edt(case.hole))[case.hole] + jitter,
        "best_possible": squared + jitter,
    }
    found: dict = {"picture": case.name, "family": case.family}
    for name, guess in guesses.items():
        found[name] = {"spearman": _rank_correlation(guess, off), "removed": _removed(squared, guess)}
    found["expected"], found["true"] = float(error[case.hole].mean()), float(off.mean())
    return found


def doubt_table(rows: list[dict]) -> dict:
    """Per family, means over pictures.

    `spearman`: rank correlation of guess and absolute error within a hole. `removed`: share of the squared error that lies in
    the fifth of the hole's area where the guess is highest; 0.2 is chance. `expected_to_true`: mean expected ÷ mean true error;
    `spearman_of_pictures`: whether pictures with more expected error have more of it.
    """
    found = {}
    for family in dict.fromkeys(row["family"] for row in rows):
        of = [row for row in rows if row["family"] == family]
        means = {
            name: {figure: round(float(np.nanmean([row[name][figure] for row in of])), 4) for figure in ("spearman", "removed")}
            for name in ("model", "distance", "best_possible")
        }
        expected, true = (np.array([row[name] for row in of]) for name in ("expected", "true"))
        found[family] = means | {
            "pictures": len(of),
            "expected_to_true": round(float(expected.mean() / true.mean()), 4),
            "spearman_of_pictures": round(_rank_correlation(expected, true), 4) if len(of) > 2 else None,
        }
    return found


def _rank_correlation(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.asarray(spearmanr(one, other))[0])


def _removed(squared: np.ndarray, guess: np.ndarray) -> float:
    worst = np.argsort(-guess)[: round(ABSTAINED * len(guess))]
    return float(squared[worst].sum() / squared.sum())
