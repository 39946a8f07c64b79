"""How well is damage proposed, with the learned segmenter and without it? Prints one JSON object.

    python tests/benchmarks/segmentation.py --data SHARDS [--works 40] [--clean 80] [--samples FOLDER]

SHARDS is what the segmenter is trained on (`pipelines/training/corpus.py`); used are works marked `holdout`, whose artists
were never trained on: WORKS paintings and photographs with five families of damage each (`segmentation_cases.py`), and CLEAN
works of all kinds as they are. SAMPLES holds really cracked pictures, `craquelure_NAME.jpg` and
`craquelure_NAME_skeleton.png`, and others without truth, of which the share that is proposed is told.

Three are compared: `classical` (filters alone), `learned` (the network's probabilities at the shipped thresholds, no gate) and
`shipped` (what `propose` answers). F1 counts a pixel as right within 2 px; per picture, then averaged; 0 if nothing was found.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from segmentation_cases import FAMILIES, PAINTED, Case, cases_of, held_out

from pipelines.bundled import segmenter_digest, segmenter_folder
from pipelines.segmentation import propose_classically, propose_with
from pipelines.segmenter import CLASSES, TILE_PX, Segmenter
from pipelines.tiles import Window

TOLERANCE_PX = 2
BINS = 15
ASKED = 0.05  # probability from which a pixel enters the second calibration figure: the others are all right to be sure of
SCORES = ("f1", "precision", "recall")
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

    def probabilities(self, pixels: np.ndarray, tile_px: int = TILE_PX) -> Iterator[tuple[Window, np.ndarray]]:
        """As the segmenter's."""
        last = self.__dict__.setdefault("last", {})
        if last.get("pixels") is not pixels:
            last |= {"pixels": pixels, "tiles": list(super().probabilities(pixels, tile_px))}
        return iter(last["tiles"])


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


def planes(segmenter: Segmenter, pixels: np.ndarray) -> np.ndarray:
    """Probabilities of a whole picture, float32 [5, H, W]."""
    whole = np.zeros((len(CLASSES), *pixels.shape[:2]), np.float32)
    for tile, part in segmenter.probabilities(pixels):
        whole[(slice(None), *tile.slices())] = part
    return whole


def learned(segmenter: Segmenter, probabilities: np.ndarray) -> np.ndarray:
    """The network's word alone: every class but the veil above its threshold, bool [H, W]."""
    over = probabilities > segmenter.thresholds[:, None, None]
    return over[: CLASSES.index("veil")].any(0)


def damaged(segmenter: Segmenter, data: Path, works: int) -> dict:
    """F1 and calibration on held-out works with drawn damage."""
    scores, calibrations = defaultdict(list), [(Calibration(), Calibration()) for _ in CLASSES]
    seconds = defaultdict(float)
    for count, (row, pixels) in enumerate(held_out(data, PAINTED, works)):
        for case in cases_of(row["name"], pixels):
            answers = answered(segmenter, case, seconds)
            probabilities = answers.pop("probabilities")
            for who, found in answers.items():
                scores[case.family, who].append(score(found, case.truth, case.unsure))
            _calibrate(calibrations, probabilities, case)
        print(count, row["name"], file=sys.stderr)
    table = {
        family: {
            who: {name: round(float(np.mean([one[name] for one in scores[family, who]])), 3) for name in SCORES}
            for who in ("classical", "learned", "shipped")
            if scores[family, who]
        }
        for family in FAMILIES
    }
    errors = {
        name: {"all": round(whole.error(), 4), "from_0.05": round(asked.error(), 4)}
        for name, (whole, asked) in zip(CLASSES, calibrations, strict=True)
    }
    took = {who: round(value, 1) for who, value in seconds.items()}
    return {"works": works, "families": table, "calibration_error": errors, "seconds": took}


def answered(segmenter: Segmenter, case: Case, seconds: dict[str, float]) -> dict[str, np.ndarray]:
    """What each proposes for a case, bool [H, W], and the probabilities."""
    start = time.perf_counter()
    probabilities = planes(segmenter, case.pixels)
    seconds["network"] += time.perf_counter() - start
    if case.family == "veil":  # no filter and no mask for it: what lies under a veil is no hole
        return {"learned": probabilities[-1] > segmenter.thresholds[-1], "probabilities": probabilities}
    answers = {"learned": learned(segmenter, probabilities), "probabilities": probabilities}
    start = time.perf_counter()
    answers["classical"] = propose_classically(case.pixels).mask
    seconds["classical"] += time.perf_counter() - start
    answers["shipped"] = propose_with(segmenter, case.pixels).mask
    return answers


def _calibrate(calibrations: list[tuple[Calibration, Calibration]], probabilities: np.ndarray, case: Case) -> None:
    for name, plane, (whole, asked) in zip(CLASSES, probabilities, calibrations, strict=True):
        counts = ~case.unsure[::3, ::3]
        there = case.truth if CLASS_OF[case.family] == name else np.zeros_like(case.truth)
        said, truth = plane[::3, ::3][counts], there[::3, ::3][counts]
        whole.add(said, truth)
        asked.add(said[said >= ASKED], truth[said >= ASKED])


def clean(segmenter: Segmenter, data: Path, at_most: int) -> dict:
    """How much of whole works is proposed, by kind of work."""
    shares: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row, pixels in held_out(data, None, at_most):
        answers = {"learned": learned(segmenter, planes(segmenter, pixels))}
        answers |= {"classical": propose_classically(pixels).mask, "shipped": propose_with(segmenter, pixels).mask}
        for who, mask in answers.items():
            for kind in (row["kind"], "all"):
                shares[who][kind].append(float(mask.mean()))
    return {who: {kind: _flagged(found) for kind, found in kinds.items()} for who, kinds in shares.items()}


def _flagged(shares: list[float]) -> dict:
    flagged = float(np.mean(np.array(shares) > 0))
    return {"works": len(shares), "pixels": round(float(np.mean(shares)), 5), "works_flagged": round(flagged, 4)}


def real(segmenter: Segmenter, folder: Path) -> dict:
    """Really damaged works: recall of the published skeletons within 2 px, and the share proposed."""
    found = {}
    for path in sorted(folder.iterdir()):
        bgr = cv2.imread(str(path)) if not path.stem.endswith(("_skeleton", "restored")) else None
        if bgr is None:
            continue
        pixels = np.ascontiguousarray(bgr[..., ::-1])
        shipped = propose_with(segmenter, pixels)
        answers = {
            "classical": propose_classically(pixels).mask,
            "learned": learned(segmenter, planes(segmenter, pixels)),
            "shipped": shipped.mask,
        }
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
    if options.data and options.works:
        result["damaged"] = damaged(segmenter, options.data, options.works)
    if options.data and options.clean:
        result["clean"] = clean(segmenter, options.data, options.clean)
    if options.samples:
        result["real"] = real(segmenter, options.samples)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
