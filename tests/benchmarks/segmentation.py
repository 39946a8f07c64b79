"""How well is damage proposed, and how much of whole pictures? Prints one JSON object.

    python tests/benchmarks/segmentation.py --data SHARDS [--works 40] [--clean 80] [--samples FOLDER]

SHARDS is what the segmenter is trained on (`pipelines/training/corpus.py`); used are works marked `holdout`, whose artists
were never trained on: WORKS paintings and photographs with five families of damage each (`segmentation_cases.py`), and CLEAN
works of all kinds as they are. SAMPLES holds really cracked pictures, `craquelure_NAME.jpg` and
`craquelure_NAME_skeleton.png`, and others without truth, of which the share that is proposed is told.

Four are compared: `top_hat` (top-hats of L*, Meyer 1979, as good on cracks as vesselness filters), `network` (where its
probabilities pass the shipped thresholds, even if the gate stays shut), `shipped` (what `propose` answers) and `said` (what it
answers when a person says which kind of damage there is). The top-hat is told, too, and on damaged works its threshold is the
best one for each picture: an upper bound. F1 counts a pixel as right within 2 px; per picture, then averaged; 0 if nothing was
found.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Collection
from pathlib import Path

import cv2
import numpy as np
import torch
from segmentation_cases import FAMILIES, PAINTED, Case, cases_of, held_out

from pipelines.bundled import segmenter_digest, segmenter_folder
from pipelines.line_marks import lightness, top_hats
from pipelines.segmentation import propose_with
from pipelines.segmenter import CLASSES, TILE_PX, Judgement, Segmenter

TOLERANCE_PX = 2
BINS = 15
ASKED = 0.05  # probability from which a pixel enters the second calibration figure: the others are all right to be sure of
SCORES = ("f1", "precision", "recall")
HAT_LEVELS = range(4, 64, 2)  # thresholds of the top-hat, levels of 255
USUAL_HAT = 14.0  # what the best thresholds mostly are, when none was looked for in this run
WHO = ("top_hat", "network", "shipped", "said")
SAID = {"dark cracks": "dark-cracks", "pale cracks": "pale-cracks", "scratches": "scratches", "losses": "losses"}
CLASS_OF = {"dark cracks": "dark crack", "pale cracks": "pale crack", "scratches": "scratch", "losses": "loss", "veil": "veil"}


def score(found: np.ndarray, truth: np.ndarray, unsure: np.ndarray) -> dict[str, float]:
    """Precision, recall and F1 within the tolerance; bool [H, W] each."""
    around = np.ones((2 * TOLERANCE_PX + 1,) * 2, np.uint8)
    found = found & ~(unsure & ~truth)
    near_truth, near_found = (cv2.dilate(mask.view(np.uint8), around) > 0 for mask in (truth, found))
    precision = float((found & near_truth).sum() / found.sum()) if found.any() else 0.0
    recall = float((truth & near_found).sum() / truth.sum()) if truth.any() else 0.0
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return {"precision": precision, "recall": recall, "f1": f1}


class Remembering(Segmenter):
    """The bundled segmenter, which judges a picture once when it is asked twice in a row."""

    def judge(self, pixels: np.ndarray, tile_px: int = TILE_PX, said: Collection[str] = ()) -> Judgement:
        """As the segmenter's."""
        if said:
            return super().judge(pixels, tile_px, said)
        last = self.__dict__.setdefault("last", {})
        if last.get("pixels") is not pixels:
            last |= {"pixels": pixels, "judgement": super().judge(pixels, tile_px)}
        return last["judgement"]


class Calibration:
    """Expected calibration error (Naeini et al. 2015) of one class, from sums over bins."""

    def __init__(self):
        self.count, self.said, self.true = np.zeros(BINS), np.zeros(BINS), np.zeros(BINS)

    def add(self, probability: np.ndarray, truth: np.ndarray) -> None:
        """float32 [N] and bool [N]."""
        which = np.minimum((probability * BINS).astype(int), BINS - 1)
        for total, values in ((self.count, None), (self.said, probability), (self.true, truth)):
            total += np.bincount(which, values, BINS)

    def error(self) -> float:
        """Mean distance between what was said and what was true, weighted by how often it was said."""
        return float(np.abs(self.said - self.true).sum() / max(self.count.sum(), 1))


def hat_of(family: str, pixels: np.ndarray) -> np.ndarray:
    """Response of the top-hat that fits a family, uint8 [H, W]."""
    dark, pale = top_hats(cv2.GaussianBlur(lightness(pixels), (0, 0), 0.7))
    return {"dark cracks": dark, "pale cracks": pale}.get(family, np.maximum(dark, pale))


def best_hat(case: Case) -> tuple[dict[str, float], int]:
    """The scores at the threshold of best F1, and that threshold."""
    hat = hat_of(case.family, case.pixels)
    scores = {level: score(hat > level, case.truth, case.unsure) for level in HAT_LEVELS}
    best = max(scores, key=lambda level: scores[level]["f1"])
    return scores[best], best


def network_alone(segmenter: Segmenter, probabilities: np.ndarray) -> np.ndarray:
    """The network's word alone: every class but the veil above its threshold, bool [H, W]."""
    over = probabilities > segmenter.thresholds[:, None, None]
    return np.asarray(over[: CLASSES.index("veil")].any(0))


def damaged(segmenter: Segmenter, data: Path, works: int) -> dict:
    """F1 and calibration on held-out works with drawn damage."""
    scores, calibrations = defaultdict(list), [(Calibration(), Calibration()) for _ in CLASSES]
    seconds, hats = defaultdict(float), []
    for count, (row, pixels) in enumerate(held_out(data, PAINTED, works)):
        for case in cases_of(row["name"], pixels):
            answers = answered(segmenter, case, seconds)
            _calibrate(calibrations, segmenter.judge(case.pixels).probabilities(), case)
            for who, found in answers.items():
                scores[case.family, who].append(score(found, case.truth, case.unsure))
            if case.family.endswith(("cracks", "scratches")):
                told, level = best_hat(case)
                scores[case.family, "top_hat"].append(told)
                hats.append(level)
        print(count, row["name"], file=sys.stderr)
    table = {
        family: {
            who: {name: round(float(np.mean([one[name] for one in scores[family, who]])), 3) for name in SCORES}
            for who in WHO
            if scores[family, who]
        }
        for family in FAMILIES
    }
    errors = {
        name: {"all": round(whole.error(), 4), "from_0.05": round(asked.error(), 4)}
        for name, (whole, asked) in zip(CLASSES, calibrations, strict=True)
    }
    took = {who: round(value, 1) for who, value in seconds.items()}
    told = {"works": works, "families": table, "calibration_error": errors, "seconds": took}
    return told | {"top_hat_level": float(np.median(hats))}


def answered(segmenter: Segmenter, case: Case, seconds: dict[str, float]) -> dict[str, np.ndarray]:
    """What each proposes for a case, bool [H, W]."""
    start = time.perf_counter()
    judgement = segmenter.judge(case.pixels)
    seconds["network"] += time.perf_counter() - start
    probabilities = judgement.probabilities()
    if case.family == "veil":  # no mask for it: what lies under a veil is no hole
        return {"network": probabilities[-1] > segmenter.thresholds[-1]}
    start = time.perf_counter()
    shipped = propose_with(segmenter, case.pixels).mask
    seconds["proposal"] += time.perf_counter() - start
    said = propose_with(segmenter, case.pixels, [SAID[case.family]]).mask
    return {"network": network_alone(segmenter, probabilities), "shipped": shipped, "said": said}


def _calibrate(calibrations: list[tuple[Calibration, Calibration]], probabilities: np.ndarray, case: Case) -> None:
    for name, plane, (whole, asked) in zip(CLASSES, probabilities, calibrations, strict=True):
        counts = ~case.unsure[::3, ::3]
        there = case.truth if CLASS_OF[case.family] == name else np.zeros_like(case.truth)
        said, truth = plane[::3, ::3][counts], there[::3, ::3][counts]
        whole.add(said, truth)
        asked.add(said[said >= ASKED], truth[said >= ASKED])


def clean(segmenter: Segmenter, data: Path, at_most: int, hat_level: float) -> dict:
    """How much of whole works is proposed, by kind of work."""
    shares: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row, pixels in held_out(data, None, at_most):
        answers = {"network": network_alone(segmenter, segmenter.judge(pixels).probabilities())}
        answers |= {"top_hat": hat_of("", pixels) > hat_level, "shipped": propose_with(segmenter, pixels).mask}
        for who, mask in answers.items():
            for kind in (row["kind"], "all"):
                shares[who][kind].append(float(mask.mean()))
        if answers["shipped"].any():
            print("not left alone:", row["name"], row["kind"], round(float(answers["shipped"].mean()), 4), file=sys.stderr)
    return {who: {kind: _flagged(found) for kind, found in kinds.items()} for who, kinds in shares.items()}


def _flagged(shares: list[float]) -> dict:
    flagged = float(np.mean(np.array(shares) > 0))
    return {"works": len(shares), "pixels": round(float(np.mean(shares)), 5), "works_flagged": round(flagged, 4)}


def real(segmenter: Segmenter, folder: Path, hat_level: float) -> dict:
    """Really damaged works: recall of the published skeletons within 2 px, and the share proposed."""
    found = {}
    for path in sorted(folder.iterdir()):
        bgr = cv2.imread(str(path)) if not path.stem.endswith(("_skeleton", "restored")) else None
        if bgr is None:
            continue
        pixels = np.ascontiguousarray(bgr[..., ::-1])
        shipped = propose_with(segmenter, pixels)
        answers = {
            "top_hat": hat_of("", pixels) > hat_level,
            "network": network_alone(segmenter, segmenter.judge(pixels).probabilities()),
            "shipped": shipped.mask,
        }
        if "craquelure" in path.stem:  # a person would say so
            answers["said"] = propose_with(segmenter, pixels, ["dark-cracks"]).mask
        told: dict = {who: {"share": round(float(mask.mean()), 4)} for who, mask in answers.items()}
        told["kinds"] = {kind: round(share, 4) for kind, share in shipped.kinds.items() if share}
        skeleton = path.with_name(f"{path.stem}_skeleton.png")
        if skeleton.exists():
            truth = cv2.imread(str(skeleton), cv2.IMREAD_GRAYSCALE) > 127
            for who, mask in answers.items():
                told[who] |= _along(truth, mask)
        found[path.name] = told
    return found


def _along(skeleton: np.ndarray, mask: np.ndarray) -> dict[str, float]:
    """How much of a skeleton has a proposed pixel within 2 px, and how much of a proposal lies within 5 px of it."""
    near = cv2.dilate(mask.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    crack = cv2.dilate(skeleton.view(np.uint8), np.ones((11, 11), np.uint8)) > 0  # half of the widest crack, and 2 px
    precision = float(crack[mask].mean()) if mask.any() else 0.0
    return {"recall": round(float(near[skeleton].mean()), 3), "precision": round(precision, 3)}


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of shards with index.csv")
    parser.add_argument("--works", type=int, default=40)
    parser.add_argument("--clean", type=int, default=80)
    parser.add_argument("--samples", type=Path, help="folder of really damaged works")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    segmenter = Remembering.load(segmenter_folder())
    result: dict = {"weights_sha256": segmenter_digest()}
    hat_level = USUAL_HAT
    if options.data and options.works:
        result["damaged"] = damaged(segmenter, options.data, options.works)
        hat_level = result["damaged"]["top_hat_level"]
    if options.data and options.clean:
        result["clean"] = clean(segmenter, options.data, options.clean, hat_level)
    if options.samples:
        result["real"] = real(segmenter, options.samples, hat_level)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
