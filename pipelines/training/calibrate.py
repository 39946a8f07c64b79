"""Turn a run of `segment.py` into the bundled segmenter: honest probabilities, thresholds, and the gate of the whole picture.

    python -m pipelines.training.calibrate --data SHARDS --run RUN [--out FOLDER]

The gate is fitted on pictures that the network learnt from, damaged and whole; everything else on those of artists and books
that neither of them ever saw, so that what is told of both is what strangers' pictures get.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from scipy.optimize import minimize

from pipelines.bundled import segmenter_folder
from pipelines.damage_gate import LEAST, STEP, counted, levelled, odds_of, vector_of
from pipelines.line_marks import lightness
from pipelines.segmentation import is_page, long_marks
from pipelines.segmenter import CLASSES, FITTED, SAID_ODDS, Judgement, Segmenter, SegmenterNetwork, tile_logits
from pipelines.training.blemishes import LOSS, Blemishes, Sample
from pipelines.training.segment import example, pictures

SIDE_PX = 384  # of a calibration picture
WHOLE = 0.5  # of them have no damage
TOLD_APART = 4000  # pixels of a picture that the calibration reads
PRESENT = 2e-3  # share of a picture that makes a class present
STIFF = 0.03  # weight of the penalty on the gate's coefficients, for inputs of deviation 1
OPENED = (1.0, 0.2, 0.15, 0.1, 0.07, 0.05, 0.03, 0.0)  # shares of the whole pictures that the gate may let pass
THRESHOLDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6)  # lower ones draw more than a person wants to erase
TOUCHED = 0.04  # of the whole pictures may be proposed a class: at twice as many, lines had to be surer to pay for it
WRONG = 1e-3  # … and of all their pixels; scratches stay far below, so four classes make a third of a per cent at most
WORTH_IT = 0.2  # mean F1 below which the network may not propose a class at all
CLOSED = 1.1  # more than any probability
BESIDE, NEAR = (np.ones((side, side), np.uint8) for side in (3, 5))  # 1 px: what is drawn too wide erases sound paint; 2 px


@dataclass(frozen=True)
class Judged:
    """One calibration picture that is no page: levels uint8 [5, S, S] of the network's logits, and the truth."""

    levels: np.ndarray
    sample: Sample

    def vector(self) -> np.ndarray:
        """What the gate sees of it, float64 [30]."""
        return vector_of(counted(self.levels))

    def present(self) -> np.ndarray:
        """Which classes of damage it has, bool [5]."""
        return self.sample.truth.mean((1, 2)) >= PRESENT

    def is_whole(self) -> bool:
        """Whether it has no damage of any class."""
        return not self.sample.truth.any()


def judged_pictures(network: SegmenterNetwork, data: Path, count: int, at_most: int | None, *, apart: bool) -> Iterator[Judged]:
    """Damage pictures, those that were kept apart or those learnt from, and let the network judge them; no pages."""
    known, bank, rng = pictures(data, at_most, apart=apart), Blemishes.drawn(77 + apart, 8), np.random.default_rng((21, apart))
    for _ in range(count):
        made = example(known, bank, rng, SIDE_PX, whole=WHOLE)
        if is_page(lightness(made.pixels)):
            continue  # it is answered before anybody asks the gate
        levels = np.zeros(made.truth.shape, np.uint8)
        for tile, logits in tile_logits(network, made.pixels):
            levels[(slice(None), *tile.slices())] = levelled(logits)
        yield Judged(levels, made)


def gate_weights(vectors: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Logistic regression per class; vectors [N, 30], present bool [N, 5] → [5, 31]."""
    mean, spread = vectors.mean(0), vectors.std(0) + 1e-6
    weights = np.array([_logistic((vectors - mean) / spread, has.astype(float)) for has in present.T])
    slopes = weights[:, :-1] / spread
    return np.concatenate([slopes, weights[:, -1:] - slopes @ mean[:, None]], 1)


def _logistic(vectors: np.ndarray, y: np.ndarray, stiff: float = STIFF) -> np.ndarray:
    """Weights of the inputs, and the constant, by penalised likelihood; [N, F] and [N] → [F + 1]."""
    x = np.concatenate([vectors, np.ones((len(vectors), 1))], 1)

    def cost(w: np.ndarray) -> tuple[float, np.ndarray]:
        z = x @ w
        p = 1 / (1 + np.exp(-np.clip(z, -30, 30)))
        penalty = stiff * np.append(w[:-1], 0)
        return float(np.mean(np.logaddexp(0, z) - y * z) + penalty @ w / 2), x.T @ (p - y) / len(y) + penalty

    return minimize(cost, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x


def line(found: list[Judged], odds: np.ndarray, index: int, rng: np.random.Generator) -> np.ndarray:
    """A class's line from logit and picture to log-odds, by likelihood; odds float64 [N, 5] → float64 [4]."""
    inputs, truth = [], []
    for one, g in zip(found, odds[:, index], strict=True):
        counts = np.flatnonzero(~one.sample.unsure[index])
        chosen = rng.choice(counts, min(len(counts), TOLD_APART), replace=False)
        logits = LEAST + STEP * one.levels[index].ravel()[chosen]
        inputs.append(np.stack([logits, np.full(len(logits), g), np.full(len(logits), min(g, 0.0))], 1))
        truth.append(one.sample.truth[index].ravel()[chosen])
    y = np.concatenate(truth).astype(float)
    return _logistic(np.concatenate(inputs), y, stiff=0.0) if y.sum() >= 50 else np.array([1.0, 0.0, 0.0, 0.0])


def shown(segmenter: Segmenter, judgement: Judgement, index: int) -> np.ndarray:
    """What would be proposed of a class, bool [S, S]."""
    marked = segmenter.marked(CLASSES[index], judgement)
    return marked if index == LOSS else long_marks(marked)


def decided(segmenter: Segmenter, found: list[Judged], odds: np.ndarray, index: int) -> tuple[float, float, dict]:
    """Threshold and least chance of a class with the best F1 that leave whole pictures alone, and what they reach.

    `f1` is averaged over the pictures that have the class; 0 where nothing is proposed.
    """
    whole = [i for i, one in enumerate(found) if one.is_whole()]
    there = [i for i, one in enumerate(found) if one.present()[index]]
    judgements = [Judgement(one.levels, 1 / (1 + np.exp(-g)), segmenter.table(g)) for one, g in zip(found, odds, strict=True)]
    chances = np.array([judgement.chances[index] for judgement in judgements])
    best = CLOSED, CLOSED, {"f1": 0.0, "found": 0.0, "whole_touched": 0.0, "whole_pixels": 0.0}
    for at in THRESHOLDS:
        open_to_all = _with(segmenter, index, at, 0.0)
        masks = {i: shown(open_to_all, judgements[i], index) for i in (*whole, *there)}
        wrong = np.array([masks[i].mean() for i in whole])
        scores = np.array([f1_of(masks[i], found[i].sample, index) for i in there])
        for opened in OPENED if whole else ():
            least = float(np.quantile(chances[whole], 1 - opened))
            kept, right = wrong * (chances[whole] > least), scores * (chances[there] > least)
            touched, pixels, f1 = float((kept > 0).mean()), float(kept.mean()), float(right.mean()) if there else 0.0
            if touched <= TOUCHED and pixels <= WRONG and f1 > best[2]["f1"]:
                told = {"f1": f1, "found": float((right > 0).mean()), "whole_touched": touched, "whole_pixels": pixels}
                best = at, least, told
    return best if best[2]["f1"] >= WORTH_IT else (CLOSED, CLOSED, best[2])


def heard(segmenter: Segmenter, found: list[Judged], odds: np.ndarray, index: int) -> tuple[float, float]:
    """Threshold of a class with the best mean F1 where a person says that it is there, and that F1."""
    there = [i for i, one in enumerate(found) if one.present()[index]]
    odds = odds.copy()
    odds[:, index] = np.maximum(odds[:, index], SAID_ODDS)
    chances, all_said = 1 / (1 + np.exp(-odds)), frozenset(CLASSES)
    judgements = {i: Judgement(found[i].levels, chances[i], segmenter.table(odds[i]), all_said) for i in there}
    best = CLOSED, 0.0
    for at in THRESHOLDS if there else ():
        said = replace(segmenter, thresholds_said=np.full(len(CLASSES), at))
        f1 = float(np.mean([f1_of(shown(said, judgements[i], index), found[i].sample, index) for i in there]))
        best = (at, f1) if f1 > best[1] else best
    return best if best[1] >= WORTH_IT else (CLOSED, best[1])


def f1_of(mask: np.ndarray, sample: Sample, index: int) -> float:
    """Harmonic mean of precision within 1 px and recall within 2 px, of a mask bool [S, S]."""
    truth = sample.truth[index]
    mask = mask & ~(sample.unsure[index] & ~truth)
    near_truth, near = cv2.dilate(truth.view(np.uint8), BESIDE) > 0, cv2.dilate(mask.view(np.uint8), NEAR) > 0
    precision, recall = (mask & near_truth).sum() / max(mask.sum(), 1), (truth & near).sum() / max(truth.sum(), 1)
    return float(2 * precision * recall / max(precision + recall, 1e-9))


def _with(segmenter: Segmenter, index: int, threshold: float, least: float) -> Segmenter:
    thresholds, open_from = segmenter.thresholds.copy(), segmenter.open_from.copy()
    thresholds[index], open_from[index] = threshold, least
    return replace(segmenter, thresholds=thresholds, open_from=open_from)


def fitted(
    network: SegmenterNetwork, vectors: np.ndarray, present: np.ndarray, apart: list[Judged]
) -> tuple[Segmenter, dict]:
    """All that is fitted, and what it reaches on the pictures kept apart, by class.

    Args:
        network: trained.
        vectors, present: float64 [N, 30] and bool [N, 5] of pictures that it learnt from.
        apart: pictures of artists and books that it never saw.
    """
    rng = np.random.default_rng(5)
    gate = gate_weights(vectors, present)
    odds = odds_of(gate, np.stack([one.vector() for one in apart]))
    lines = np.stack([line(apart, odds, index, rng) for index in range(len(CLASSES))])
    closed = np.full(len(CLASSES), CLOSED)
    segmenter = Segmenter(network, gate.round(4), lines.round(4), closed, np.zeros(len(CLASSES)), closed.copy())
    reached = {}
    for index, name in enumerate(CLASSES):
        at, least, told = decided(segmenter, apart, odds, index)
        segmenter = _with(segmenter, index, at, float(np.ceil(least * 1e4) / 1e4))  # upwards: what it shuts out stays out
        segmenter.thresholds_said[index], told["f1_said"] = heard(segmenter, apart, odds, index)
        reached[name] = {key: round(value, 4) for key, value in told.items()}
    return segmenter, reached


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
    apart = list(judged_pictures(network, options.data, count, run["works"], apart=True))
    known = judged_pictures(network, options.data, 2 * count, run["works"], apart=False)
    vectors, present = map(np.stack, zip(*((one.vector(), one.present()) for one in known), strict=True))
    segmenter, reached = fitted(network, vectors, present, apart)
    options.out.mkdir(parents=True, exist_ok=True)
    save_file({name: value.contiguous() for name, value in weights.items()}, options.out / "segmenter.safetensors")
    log = [json.loads(text) for text in (options.run / "log.jsonl").read_text().splitlines()]
    trained = {"steps": log[-1]["step"], "seconds": log[-1]["seconds"], "examples": log[-1]["step"] * run["size"]}
    whole = sum(one.is_whole() for one in apart)
    told = {"classes": CLASSES, "widths": run["widths"], "blocks": run["blocks"], "trained": trained}
    told |= {"calibrated": {"gate": len(vectors), "apart": len(apart), "whole": whole, **reached}}
    told |= {name: getattr(segmenter, name).tolist() for name in FITTED}
    (options.out / "config.json").write_text(json.dumps(told, indent=1))
    print(json.dumps(told["calibrated"], indent=1))


if __name__ == "__main__":
    main()
