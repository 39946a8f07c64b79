"""Does the gate see what a variant changed? Prints one JSON object.

    python tests/benchmarks/fidelity.py [--buildings 16] [--seed 5000] [--model bundled] [--keep FOLDER]

For each building the drawing of the design is compared with variants that the model painted after drawings of the same
building (faithful), and of the building with one window moved by 0.15 m or 0.30 m, one removed, or a storey added. The score of
a change is how far the farthest opening is off (a lost one counts as 9 m, an invented one as 8 m); beside it the scores that
compare lines alone: F, precision and worst tile. AUC is the chance that a changed variant scores worse than a faithful one.
Every building comes in one of three styles of drawing; the longer side is 512 px.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from pipelines.fidelity import Fidelity, fidelity
from pipelines.fidelity_openings import Openings
from pipelines.grid import grid
from pipelines.hub import load_speculation
from pipelines.request import SpeculationRequest
from studio.samples.building import Building, building
from studio.samples.sheets import STYLES, Sheet, elevation

SIDE_PX, PX_PER_M, AIR = 512, 50.0, 0.06
LOST_M, INVENTED_M, TOLERANCE_M = 9.0, 8.0, 0.05
CHANGES = ("moved 0.15 m", "moved 0.30 m", "removed", "extra storey")


def changed(b: Building, change: str, rng: np.random.Generator) -> Building:
    """The same building with one thing changed."""
    facade = list(b.facade)
    index = int(rng.choice([number for number, one in enumerate(facade) if one.kind == "window"]))
    if change == "removed":
        facade.pop(index)
    elif change.startswith("moved"):
        step = float(change.split()[1]) * int(rng.choice([-1, 1]))
        dx, dz = (step, 0.0) if rng.random() < 0.7 else (0.0, step)
        x0, z0, x1, z1 = facade[index].box
        facade[index] = replace(facade[index], box=(x0 + dx, z0 + dz, x1 + dx, z1 + dz))
    elif change == "extra storey":
        high, top = b.heights[-1], b.height
        windows = [one for one in facade if one.kind == "window" and one.box[1] > top - high]
        windows = windows or [one for one in facade if one.kind == "window"]
        up = [replace(one, box=(one.box[0], one.box[1] + high, one.box[2], one.box[3] + high)) for one in windows]
        return replace(b, heights=(*b.heights, high), facade=(*facade, *up))
    return replace(b, facade=tuple(facade))


class Frame:
    """The part of a building's sheet that is compared: the building with some air, brought to SIDE_PX."""

    def __init__(self, sheet: Sheet, headroom_m: float):
        if sheet.silhouette is None:
            raise SystemExit("this sheet shows no elevation")
        (left, top), (right, bottom) = sheet.silhouette.min(0), sheet.silhouette.max(0)
        air = AIR * max(right - left, bottom - top)
        self.ground = float(sheet.origin[1])
        self.left, self.width = round(float(left - air)), round(float(right - left + 2 * air))
        self.above, self.below = round(float(bottom - top + air + headroom_m * PX_PER_M)), round(float(air / 3))
        self.scale = SIDE_PX / max(self.width, self.above + self.below)

    def cut(self, sheet: Sheet) -> np.ndarray:
        """The frame of a sheet; its ground stays where it is, whatever stands on it."""
        ground = round(float(sheet.origin[1]))
        padded = np.pad(sheet.image, ((self.above, self.below), (0, 0), (0, 0)), mode="edge")
        part = padded[ground : ground + self.above + self.below, self.left : self.left + self.width]
        return cv2.resize(part, None, fx=self.scale, fy=self.scale, interpolation=cv2.INTER_AREA)

    def openings(self, sheet: Sheet) -> Openings:
        """The true openings in pixels of the frame."""
        top = round(self.ground) - self.above
        boxes = ((x0 - self.left, y0 - top, x1 - self.left, y1 - top) for _, (x0, y0, x1, y1) in sheet.openings)
        return Openings(tuple(boxes), TOLERANCE_M * PX_PER_M).scaled(self.scale)


def score_m(found: Fidelity, px_per_m: float) -> float:
    """How far the farthest opening is off, metres."""
    if found.openings is None:
        return LOST_M
    offs = [min(one.off_px / px_per_m, LOST_M) for one in found.openings.openings]
    return max([*offs, INVENTED_M if found.openings.invented else 0.0])


def auc(faithful: list[float], changed_: list[float]) -> float:
    """The chance that a changed one scores higher than a faithful one; ties count half."""
    pairs = [(one > other) + 0.5 * (one == other) for other in faithful for one in changed_]
    return round(float(np.mean(pairs)), 4)


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--buildings", type=int, default=16)
    parser.add_argument("--seed", type=int, default=5000, help="of the first building")
    parser.add_argument("--model", default="bundled")
    parser.add_argument("--keep", type=Path, help="folder for the painted variants")
    options = parser.parse_args()
    torch.set_num_threads(1)
    pipeline, request = load_speculation(options.model), SpeculationRequest("0" * 64, grid(1), model=options.model)
    scores: dict[str, dict[str, list[float]]] = {}
    words: dict[str, list[str]] = {}
    for seed in range(options.seed, options.seed + options.buildings):
        b, style = building(seed), STYLES[seed % len(STYLES)]
        sheet = elevation(b, style, PX_PER_M)
        frame = Frame(sheet, headroom_m=0.0)
        drawing, openings = frame.cut(sheet), frame.openings(sheet)
        for change in ("faithful", *CHANGES):
            other = elevation(changed(b, change, np.random.default_rng([seed, 7])), style, PX_PER_M)
            painted = pipeline(request, frame.cut(other)).variants[0]
            if options.keep is not None:
                options.keep.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(options.keep / f"{seed}-{change.replace(' ', '-')}.png"), painted[..., ::-1])
            found = fidelity(drawing, painted, openings)
            here = scores.setdefault(change, {"openings": [], "f": [], "precision": [], "worst_tile": []})
            here["openings"].append(score_m(found, PX_PER_M * frame.scale))
            for name in ("f", "precision", "worst_tile"):
                here[name].append(-getattr(found, name))
            words.setdefault(change, []).append(found.interpretation)
    faithful = scores["faithful"]
    report = {
        "buildings": options.buildings,
        "model": options.model,
        "faithful": {
            "off_m_median": round(float(np.median(faithful["openings"])), 4),
            "off_m_most": round(max(faithful["openings"]), 4),
            "called_reconstruction": words["faithful"].count("reconstruction"),
        },
        "auc": {change: {name: auc(faithful[name], scores[change][name]) for name in faithful} for change in CHANGES},
        "changed_called_reconstruction": {change: words[change].count("reconstruction") for change in CHANGES},
        "target_auc": dict(zip(CHANGES, (0.98, 0.995, 0.995, 1.0), strict=True)),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
