"""Turn a run of `segment.py` into the bundled segmenter: honest probabilities, thresholds, and the gate of the whole picture.

    python -m pipelines.training.calibrate --data SHARDS --run RUN [--out FOLDER]

All of it is fitted on artists and books of the training split that the network never saw, on pictures with and without damage.
What the gate reaches is told by cross-validation: each third of them is judged by what the other two taught.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from scipy.optimize import minimize

from pipelines.bundled import segmenter_folder
from pipelines.damage_gate import Evidence, judged
from pipelines.evidence import evidence
from pipelines.line_marks import lightness
from pipelines.segmentation import damage_of, is_page, looked
from pipelines.segmenter import CLASSES, SegmenterNetwork
from pipelines.training.blemishes import Blemishes, Sample
from pipelines.training.segment import example, pictures

SIDE_PX = 384  # of a calibration picture
WHOLE = 0.5  # of them have no damage
TOLD_APART = 4000  # pixels of a picture that the calibration reads
PRESENT = 2e-3  # share of a picture that makes a class present
STIFF = 0.003  # weight of the penalty on the gate's coefficients
FALSE_ALARMS = 0.005  # of the whole pictures may be proposed a class: one of two hundred
VETOES = 0.03  # of the pictures whose damage the filters saw, too, may have it vetoed …
MOST_VETOED = 0.5  # … and never from a chance above this one: what is more likely cracked than not stays cracked
THRESHOLDS = (0.08, 0.12, 0.16, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6)  # lower ones draw more than a person wants to erase
WORTH_IT = 0.2  # mean F1 below which the network may not propose a class at all
CLOSED = 1.1  # more than any chance
TOLERANCE = np.ones((5, 5), np.uint8)


@dataclass
class Judged:
    """One calibration picture that is no page: logits float16 [5, S, S], its truth, and what is seen in it."""

    logits: np.ndarray
    sample: Sample
    seen: Evidence


def judged_pictures(network: SegmenterNetwork, data: Path, count: int, at_most: int | None) -> Iterator[Judged]:
    """Damage pictures that were kept apart and let the network judge them; pages are left out."""
    known, bank, rng = pictures(data, at_most, apart=True), Blemishes.drawn(77, 8), np.random.default_rng(21)
    for _ in range(count):
        made = example(known, bank, rng, SIDE_PX, whole=WHOLE)
        if is_page(lightness(made.pixels)):
            continue  # it is answered before anybody asks the gate
        planes = torch.from_numpy(evidence(made.pixels))[None].contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            logits = network(planes)[0].numpy().astype(np.float16)
        yield Judged(logits, made, looked(made.pixels)[0])


def platt(found: list[Judged], index: int, rng: np.random.Generator) -> tuple[float, float]:
    """Slope and shift of a class's logits by likelihood (Platt 1999)."""
    logits, truth = [], []
    for one in found:
        counts = np.flatnonzero(~one.sample.unsure[index])
        chosen = rng.choice(counts, min(len(counts), TOLD_APART), replace=False)
        logits.append(one.logits[index].ravel()[chosen].astype(np.float64))
        truth.append(one.sample.truth[index].ravel()[chosen])
    x, y = np.concatenate(logits), np.concatenate(truth).astype(float)
    if y.sum() < 50:
        return 1.0, 0.0

    def cost(line: np.ndarray) -> float:
        z = line[0] * x + line[1]
        return float(np.mean(np.logaddexp(0, z) - y * z))

    slope, shift = minimize(cost, [1.0, 0.0], method="Nelder-Mead", options={"maxiter": 200}).x
    return float(slope), float(shift)


def gate_weights(vectors: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Logistic regression per class; vectors [N, 5, F], present bool [N, 5] → [5, F + 1]."""
    return np.array([_logistic(vectors[:, index], present[:, index].astype(float)) for index in range(present.shape[1])])


def _logistic(vectors: np.ndarray, y: np.ndarray) -> np.ndarray:
    x = np.concatenate([vectors, np.ones((len(vectors), 1))], 1)

    def cost(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ w
        p = 1 / (1 + np.exp(-np.clip(z, -30, 30)))
        penalty = STIFF * np.append(w[:-1], 0)
        return float(np.mean(np.logaddexp(0, z) - y * z) + penalty @ w / 2), x.T @ (p - y) / len(y) + penalty

    return minimize(cost, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x


def threshold(found: list[Judged], probabilities: list[np.ndarray], index: int) -> tuple[float, float]:
    """The probability that gives the best F1 within 2 px, averaged over the pictures that have the class, and that F1."""
    scores = {at: [] for at in THRESHOLDS}
    for one, planes in zip(found, probabilities, strict=True):
        truth = one.sample.truth[index]
        if truth.mean() < PRESENT:
            continue
        near_truth = cv2.dilate(truth.view(np.uint8), TOLERANCE) > 0
        for at in THRESHOLDS:
            mask = (planes[index] > at) & ~one.sample.unsure[index]
            near = cv2.dilate(mask.view(np.uint8), TOLERANCE) > 0
            precision, recall = (mask & near_truth).sum() / max(mask.sum(), 1), (truth & near).sum() / truth.sum()
            scores[at].append(2 * precision * recall / max(precision + recall, 1e-9))
    means = {at: float(np.mean(values)) for at, values in scores.items() if values}
    best = max(means, key=lambda at: means[at]) if means else THRESHOLDS[0]
    return best, means.get(best, 0.0)


def alarms(
    chances: np.ndarray, present: np.ndarray, whole: np.ndarray, filtered: np.ndarray
) -> tuple[list[float], list[float]]:
    """From which chance the network may propose a class, and below which the filters may not; two lists of five.

    Args:
        chances: the gate's, [N, 5], on pictures that it was not fitted on.
        present: bool [N, 5].
        whole: bool [N]: nothing is damaged.
        filtered: bool [N, 5]: the filters would propose the class.
    """
    open_from, vetoed_below = [], []
    for column, has, seen in zip(chances.T, present.T, filtered.T, strict=True):
        right = has & seen if (has & seen).any() else has
        quiet = np.sort(column[whole])
        most = quiet[max(0, int(np.ceil(len(quiet) * (1 - FALSE_ALARMS))) - 1)] if len(quiet) else 0.5
        open_from.append(float(np.clip(most + 1e-3, 0.3, 0.95)))
        least = np.quantile(column[right], VETOES) if right.any() else 0.0
        vetoed_below.append(float(min(least, MOST_VETOED, open_from[-1])))
    return open_from, vetoed_below


def fitted(found: list[Judged]) -> tuple[dict, dict]:
    """All that is fitted, as `config.json` says it, and what the gate reached by cross-validation."""
    rng = np.random.default_rng(5)
    lines = [platt(found, index, rng) for index in range(len(CLASSES))]
    slope, shift = np.array(lines, np.float32).T
    probabilities = [1 / (1 + np.exp(-(one.logits * slope[:, None, None] + shift[:, None, None]))) for one in found]
    for one, planes in zip(found, probabilities, strict=True):
        one.seen.add(planes)
    vectors = np.stack([one.seen.vectors() for one in found])
    present = np.stack([one.sample.truth.mean((1, 2)) >= PRESENT for one in found])
    whole = np.array([not one.sample.truth.any() for one in found])
    chances = np.zeros(present.shape)
    for part in range(3):  # each third is judged by what the other two taught
        apart = np.arange(len(found)) % 3 == part
        chances[apart] = judged(gate_weights(vectors[~apart], present[~apart]), vectors[apart])
    open_from, vetoed_below = alarms(chances, present, whole, np.array([_filtered(one.seen) for one in found]))
    best = [threshold(found, probabilities, index) for index in range(len(CLASSES))]
    open_from = [at if f1 >= WORTH_IT else CLOSED for at, (_, f1) in zip(open_from, best, strict=True)]
    config = {
        "slope": slope.round(4).tolist(),
        "shift": shift.round(4).tolist(),
        "thresholds": [at for at, _ in best],
        "gate": gate_weights(vectors, present).round(4).tolist(),
        "open_from": np.round(open_from, 4).tolist(),
        "vetoed_below": np.round(vetoed_below, 4).tolist(),
    }
    opened = chances >= np.array(open_from)
    reached = {
        "pictures": len(found),
        "whole": int(whole.sum()),
        "f1": {name: round(f1, 3) for name, (_, f1) in zip(CLASSES, best, strict=True)},
        "whole_opened": round(float(opened[whole, :4].any(1).mean()), 4),
        "damaged_opened": {
            name: round(float(opened[present[:, c], c].mean()), 3) for c, name in enumerate(CLASSES) if present[:, c].any()
        },
    }
    return config, reached


def _filtered(seen: Evidence) -> list[bool]:
    """Which classes the filters would propose."""
    damage = damage_of(seen)
    kinds = {f"{sign} {kind}" for sign, kind in damage.items()} | ({"scratch"} if "scratch" in damage.values() else set())
    return [name in kinds or (name == "loss" and seen.grounds > 0) for name in CLASSES]


def main() -> None:
    """Parse the command line, fit, and write the model folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of shards with index.csv")
    parser.add_argument("--run", type=Path, required=True, help="folder of a run of segment.py")
    parser.add_argument("--out", type=Path, default=segmenter_folder())
    parser.add_argument("--pictures", type=int, help="to calibrate with, instead of the plan's number")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    run = json.loads((options.run / "config.json").read_text())
    weights = {name: value.half() for name, value in load_file(options.run / "average.safetensors").items()}
    network = SegmenterNetwork(tuple(run["widths"]), tuple(run["blocks"]))
    network.load_state_dict({name: value.float() for name, value in weights.items()})
    network.eval().to(memory_format=torch.channels_last)
    count = options.pictures or run["calibrated_on"]
    config, reached = fitted(list(judged_pictures(network, options.data, count, run["works"])))
    options.out.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in weights.items()}, options.out / "segmenter.safetensors")
    log = [json.loads(line) for line in (options.run / "log.jsonl").read_text().splitlines()]
    trained = {"steps": log[-1]["step"], "seconds": log[-1]["seconds"], "examples": log[-1]["step"] * run["size"]}
    told = {"classes": CLASSES, "widths": run["widths"], "blocks": run["blocks"], "trained": trained, "calibrated": reached}
    (options.out / "config.json").write_text(json.dumps(told | config, indent=1))
    print(json.dumps(reached, indent=1))


if __name__ == "__main__":
    main()
