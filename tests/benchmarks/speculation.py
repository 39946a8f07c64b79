"""Variants from a lit massing, beside the road that starts from the drawing's flattened tones: time, lines, palette.

    python tests/benchmarks/speculation.py --seeds 4 --side 512 [--data FOLDER] [--reference PICTURE] > speculation.json

Sheets are drawn by the project's generator from seed 5000 on, in manners of other hands, and read as a stranger's would be;
`--data` adds real elevations from a folder (those that `--only` names, or every picture in it). Both roads get the same
drawing, reference, strength, seed and model; the peer is the former road. Lines are F at 3 px against the drawing, before any
ink is laid over; the palette is the mean ΔE00 of sorted Lab quantiles to the reference. Times are seconds per stage: on the
wall, and of processors (`cpu`, Blender's included), which other work on the machine does not lengthen.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from pipelines.fidelity import fidelity
from pipelines.grid import grid
from pipelines.hub import load_speculation
from pipelines.recolour import palette_distance
from pipelines.request import SpeculationRequest
from pipelines.speculation import Start
from studio.drawings.reading import FacadeReading
from studio.massing import elevation_of, engraved, hour_of, massings
from studio.samples.building import building
from studio.samples.facade_manners import MANNERS
from studio.samples.painting import panel
from studio.samples.sheets import elevation
from studio.speculate import PRESETS, drawn_part

FIRST_SEED = 5000
STRENGTH = 0.6
REFERENCE = "1" * 64  # stands for its digest


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--variants", type=int, default=4)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--reference", type=Path)
    given = parser.parse_args()
    reference = _opened(given.reference) if given.reference else panel(FIRST_SEED).painting
    pipeline = load_speculation("bundled")
    sheets = [_own(FIRST_SEED + number) for number in range(given.seeds)]
    if given.data:
        named = given.only or sorted(path.name for path in given.data.iterdir() if path.suffix in (".png", ".jpg"))
        sheets += [(name, _opened(given.data / name)) for name in named]
    cases = []
    for name, sheet in sheets:
        cases.append(_case(name, sheet, reference, pipeline, given.side, given.variants))
        sys.stderr.write(json.dumps(cases[-1]) + "\n")
    built = [case for case in cases if "massing" in case]
    sys.stdout.write(json.dumps({
        "side_px": given.side, "variants": given.variants, "strength": STRENGTH, "sheets": len(cases), "built": len(built),
        "mean": {road: _mean([case[road] for case in built]) for road in ("massing", "tones")}, "cases": cases,
    }, indent=1) + "\n")  # fmt: skip


def _own(seed: int) -> tuple[str, np.ndarray]:
    manner = list(MANNERS)[seed % len(MANNERS)]
    return f"{seed} {manner}", elevation(building(seed), manner).image


def _opened(path: Path) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def _case(name: str, sheet: np.ndarray, reference: np.ndarray, pipeline, side: int, variants: int) -> dict:
    start = _now()
    part = drawn_part(sheet)
    read = _since(start)
    height, width = part.pixels.shape[:2]
    size = (round(width * side / max(height, width)), round(height * side / max(height, width)))
    drawing = cv2.resize(part.pixels, size, interpolation=cv2.INTER_AREA)
    case: dict = {"sheet": name, "size": list(size), "read_s": read}
    request = SpeculationRequest("0" * 64, grid(variants, references_sha256=[REFERENCE], strengths=[STRENGTH]))
    if isinstance(part.reading, FacadeReading) and part.reading.facade is not None:
        case["confidence"] = round(part.reading.confidence, 2)
        presets = [PRESETS[number % len(PRESETS)] for number in range(variants)]
        start = _now()
        drawn, _ = elevation_of(part.reading, part.box, size, part.pixels)
        lit = massings(drawn, presets, [hour_of(draw, STRENGTH) for draw in range(variants)])
        bare = [fidelity(drawing, one.beauty).f for one in lit]
        built = [engraved(one, part.pixels) for one in lit]
        photographed = _since(start)
        starts = [Start(one.beauty, one.lines, one.classes) for one in built]
        case["massing"] = _road(pipeline, request, drawing, reference, starts) | {
            "massing_s": photographed,
            "line_f_of_the_bare_massing": round(float(np.mean(bare)), 3),
        }
        case["massing"]["all_s"] = _sum(read, photographed, case["massing"]["paint_s"])
    case["tones"] = _road(pipeline, request, drawing, reference, None)
    case["tones"]["all_s"] = _sum(read, case["tones"]["paint_s"])
    return case


def _road(pipeline, request, drawing: np.ndarray, reference: np.ndarray, starts: list[Start] | None) -> dict:
    start = _now()
    output = pipeline(request, drawing, references={REFERENCE: reference}, starts=starts)
    return {
        "paint_s": _since(start),
        "line_f": round(float(np.mean([one.f for one in output.fidelity])), 3),
        "line_precision": round(float(np.mean([one.precision for one in output.fidelity])), 3),
        "palette_distance": round(float(np.mean([palette_distance(one, reference) for one in output.variants])), 2),
        "painted_by": output.findings["painted_by"],
    }


def _now() -> tuple[float, float]:
    spent = os.times()
    return time.monotonic(), spent.user + spent.system + spent.children_user + spent.children_system


def _since(start: tuple[float, float]) -> dict[str, float]:
    return {name: round(now - then, 1) for name, now, then in zip(("wall", "cpu"), _now(), start, strict=True)}


def _sum(*spent: dict[str, float]) -> dict[str, float]:
    return {name: round(sum(one[name] for one in spent), 1) for name in ("wall", "cpu")}


def _mean(roads: list[dict]) -> dict:
    found: dict = {}
    for key in sorted({key for road in roads for key in road}):
        values = [road[key] for road in roads]
        if isinstance(values[0], dict):
            found[key] = {name: round(float(np.mean([value[name] for value in values])), 1) for name in values[0]}
        elif isinstance(values[0], float):
            found[key] = round(float(np.mean(values)), 3)
    return found


if __name__ == "__main__":
    main()
