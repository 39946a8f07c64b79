"""Eight variants of a sheet: how far apart they are, how many keep to the drawing, and whether tiles leave a seam.

    python tests/benchmarks/variety.py [--seeds 3] [--side 512] [--seam-side 2048] > variety.json

Sheets are drawn by the project's generator from seed 5000 on and read as a stranger's would be. Eight variants are made twice:
`by_rule`, in the materials that are chosen when nobody names any, and `one_preset`, where only the hour and the stones differ.
Apart is the mean ΔE00 (CIE 2000) of all pairs of variants, over the building; `above_the_gate` counts those that
`pipelines.fidelity` calls a reconstruction, `openings_kept` those in which every drawn opening was found again. The seam
index is the mean gradient across the borders of tiles, divided by that in the eight columns or rows on either side of them;
1 is no seam.
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from skimage.color import deltaE_ciede2000, rgb2lab

sys.path.insert(0, str(Path(__file__).parents[2]))

from pipelines.grid import grid
from pipelines.hub import load_speculation
from pipelines.request import SpeculationRequest
from pipelines.speculation import Start
from studio.massing import elevation_of, engraved, hour_of, massings
from studio.samples.building import building
from studio.samples.sheets import STYLES, elevation
from studio.speculate import PRESETS, drawn_part

FIRST_SEED, VARIANTS, STRENGTH = 5000, 8, 0.6
RING_PX = 8


def apart(variants: list[np.ndarray], where: np.ndarray) -> float:
    """Mean ΔE00 of all pairs; uint8 [H, W, 3] each, over bool [H, W]."""
    colours = [rgb2lab(cv2.GaussianBlur(one, (0, 0), 1.0))[where] for one in variants]  # grain alone is no other design
    return float(np.mean([deltaE_ciede2000(one, other).mean() for one, other in combinations(colours, 2)]))


def seam(picture: np.ndarray, tile_px: int) -> float:
    """Seam index of a picture, uint8 [H, W, 3]."""
    light = picture.astype(np.float64).mean(-1)
    ratios = []
    for plane in (light, light.T):
        steps = np.abs(np.diff(plane, axis=1)).mean(0)  # steps[x]: between columns x and x + 1
        for border in range(tile_px, plane.shape[1] - RING_PX, tile_px):
            ring = np.r_[steps[border - 1 - RING_PX : border - 1], steps[border : border + RING_PX]]
            ratios.append(steps[border - 1] / ring.mean())
    return float(np.mean(ratios))


def started(part, size: tuple[int, int], presets: list[str], seed: int):
    """The drawing at working size, and a lit massing for each preset."""
    drawing = cv2.resize(part.pixels, size, interpolation=cv2.INTER_AREA)
    drawn, _ = elevation_of(part.reading, part.box, size, part.pixels)
    hours = [hour_of(draw, STRENGTH) for draw in range(len(presets))]
    built = [engraved(one, part.pixels) for one in massings(drawn, presets, hours, seed=seed)]
    return drawing, built


def varied(pipeline, part, side: int, presets: list[str]) -> dict:
    """Eight variants of a part of a sheet."""
    height, width = part.pixels.shape[:2]
    size = (round(width * side / max(height, width)), round(height * side / max(height, width)))
    drawing, built = started(part, size, presets, 0)
    starts = [Start(one.beauty, one.lines, one.classes, one.depth) for one in built]
    request = SpeculationRequest("0" * 64, grid(VARIANTS, strengths=[STRENGTH]))
    openings = part.openings()
    output = pipeline(request, drawing, starts=starts, openings=openings.scaled(size[0] / part.pixels.shape[1]))
    building_ = np.isin(built[0].classes, (1, 2, 3))
    fits = output.fidelity
    return {
        "apart": round(apart(list(output.variants), building_), 2),
        "above_the_gate": sum(one.interpretation == "reconstruction" for one in fits),
        "openings_kept": sum(one.openings.holds for one in fits),
        "line_f": [round(one.f, 3) for one in fits],
        "precision": [round(one.precision, 3) for one in fits],
        "worst_tile": [round(one.worst_tile, 3) for one in fits],
    }


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--seam-side", type=int, default=2048)
    options = parser.parse_args()
    pipeline = load_speculation("bundled")
    cases = []
    for seed in range(FIRST_SEED, FIRST_SEED + options.seeds):
        style = STYLES[seed % len(STYLES)]
        part = drawn_part(elevation(building(seed), style).image)
        by_rule = [PRESETS[number % len(PRESETS)] for number in range(VARIANTS)]
        found = {name: varied(pipeline, part, options.side, presets)
                 for name, presets in (("by_rule", by_rule), ("one_preset", [PRESETS[0]] * VARIANTS))}  # fmt: skip
        cases.append({"sheet": f"{seed} {style}"} | found)
        sys.stderr.write(json.dumps(cases[-1]) + "\n")
    report = {"side_px": options.side, "variants": VARIANTS, "strength": STRENGTH, "cases": cases}
    if options.seam_side:
        part = drawn_part(elevation(building(FIRST_SEED), "solid", 110).image)
        height, width = part.pixels.shape[:2]
        scale = options.seam_side / max(height, width)
        drawing, built = started(part, (round(width * scale), round(height * scale)), [PRESETS[0]], 0)
        starts = [Start(one.beauty, one.lines, one.classes, one.depth) for one in built]
        request = SpeculationRequest("0" * 64, grid(1, strengths=[STRENGTH]), tile_px=512)
        painted = pipeline(request, drawing, starts=starts).variants[0]
        report["seam"] = {"side_px": options.seam_side, "tile_px": 512, "index": round(seam(painted, 512), 4),
                          "of_the_massing": round(seam(built[0].beauty, 512), 4)}  # fmt: skip
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
