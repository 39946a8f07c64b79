"""From one row per picture, family and method to the tables that the model card prints."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict

import numpy as np
from restoration_cases import Case
from restoration_peers import Answer
from scipy.stats import wilcoxon

from pipelines.quality import quality

SINGLES = ("telea", "navier_stokes", "biharmonic", "fsr_fast", "pyramid_harmonic")
FIGURES = ("psnr", "ssim", "gradient_energy", "haarpsi", "haarpsi_whole")
ENOUGH = 6  # pairs, below which a test of ranks says nothing


def row(case: Case, method: str, answer: Answer, **more) -> dict:
    """The figures of one answer."""
    figures = asdict(quality(case.truth, answer.pixels, case.hole))
    timing = {"seconds_per_megapixel": answer.seconds / case.hole.size * 1e6, "was_cached": answer.was_cached}
    return {
        "picture": case.name,
        "family": case.family,
        "lost": float(case.hole.mean()),
        "method": method,
        **figures,
        **timing,
        **more,
    }


def tables(rows: list[dict]) -> dict:
    """Per family: means of every method, and what is said of the model. See `against` for the latter."""
    found = {}
    for family in dict.fromkeys(one["family"] for one in rows):
        by_method = grouped(one for one in rows if one["family"] == family)
        lost = [one["lost"] for one in next(iter(by_method.values())).values()]
        found[family] = {
            "pictures": len(lost),
            "lost": round(float(np.mean(lost)), 4),
            "methods": {method: means(list(of.values())) for method, of in by_method.items()},
            "model": against(by_method) if "model_mean" in by_method else None,
        }
    return found


def grouped(rows) -> dict[str, dict[str, dict]]:
    """Method → picture → row."""
    by_method: dict[str, dict[str, dict]] = defaultdict(dict)
    for one in rows:
        by_method[one["method"]][one["picture"]] = one
    return dict(by_method)


def means(rows: list[dict]) -> dict:
    """Means over pictures; gradient energy over those whose truth is not flat."""
    values = {name: [one[name] for one in rows if not np.isnan(one[name])] for name in FIGURES}
    shown = {name: round(float(np.mean(of)), 4) if of else None for name, of in values.items()}
    cached = sum(one["was_cached"] for one in rows)
    seconds = round(float(np.mean([one["seconds_per_megapixel"] for one in rows])), 3)
    return {**shown, "pictures": len(rows), "seconds_per_megapixel": seconds, "cached": cached}


def against(by_method: dict[str, dict[str, dict]]) -> dict:
    """The model beside the best single fill of this family, that is the one with the best mean over the family.

    `p` are of Wilcoxon's signed-rank test over pictures, one-sided: the model's mean mode is better. `gain_over_oracle_db` is
    over whichever of the five was best on each picture, which nobody can know beforehand.
    """
    ours = by_method["model_mean"]
    singles = [name for name in SINGLES if name in by_method]
    found: dict = {"kept_prefill": sum(one["filled_by"] == "prefill" for one in ours.values())}
    for figure in ("psnr", "ssim", "haarpsi"):
        best = max(singles, key=lambda name: means(list(by_method[name].values()))[figure])
        names = [name for name in ours if name in by_method[best]]
        gains = np.array([ours[name][figure] - by_method[best][name][figure] for name in names])
        worst = int(gains.argmin())
        found[figure] = {
            "best_single": best,
            "gain": round(float(gains.mean()), 4),
            "median_gain": round(float(np.median(gains)), 4),
            "worst_gain": round(float(gains[worst]), 4),
            "worst_picture": names[worst],
            "wins": int((gains > 0).sum()),
            "pictures": len(names),
            "p": p_better(gains),
        }
    oracle = [
        ours[n]["psnr"] - max(by_method[m][n]["psnr"] for m in singles) for n in ours if all(n in by_method[m] for m in singles)
    ]
    found["gain_over_oracle_db"] = round(float(np.mean(oracle)), 4)
    if "mean_of_three" in by_method:
        blend = [
            ours[name]["psnr"] - by_method["mean_of_three"][name]["psnr"] for name in ours if name in by_method["mean_of_three"]
        ]
        found["gain_over_mean_of_three_db"] = round(float(np.mean(blend)), 4)
    if "prefill" in by_method:
        over = np.array([ours[name]["psnr"] - by_method["prefill"][name]["psnr"] for name in ours])
        worst = int(over.argmin())
        found["over_prefill"] = {
            "gain_db": round(float(over.mean()), 4),
            "share_below": round(float((over < 0).mean()), 4),
            "share_below_by_0.05_db": round(float((over < -0.05).mean()), 4),
            "worst_db": round(float(over[worst]), 4),
            "worst_picture": list(ours)[worst],
        }
    if "model_flow" in by_method:
        found["flow"] = rank_of_flow(by_method)
    return found


def rank_of_flow(by_method: dict[str, dict[str, dict]]) -> dict:
    """The flow's place by HaarPSI among all methods, on the pictures that it filled; 1 is best."""
    names = set(by_method["model_flow"])
    # the prefill is the pyramid harmonic once more
    whole = {method: of for method, of in by_method.items() if names <= set(of) and method != "prefill"}
    scores = {method: float(np.mean([of[name]["haarpsi"] for name in names])) for method, of in whole.items()}
    order = sorted(scores, key=lambda method: -scores[method])
    flow, mean = (by_method[method] for method in ("model_flow", "model_mean"))
    return {
        "rank_by_haarpsi": order.index("model_flow") + 1,
        "order_by_haarpsi": order,
        "psnr_against_mean_db": round(float(np.mean([flow[name]["psnr"] - mean[name]["psnr"] for name in names])), 4),
    }


def p_better(gains: np.ndarray) -> float | None:
    """One-sided p of Wilcoxon's signed-rank test; None when there are too few pairs."""
    if len(gains) < ENOUGH or not np.any(gains):
        return None
    return float(np.asarray(wilcoxon(gains, alternative="greater"))[1])
