"""How well the scale of sheets is read: relative error, how often it asks, and silent errors. Prints one JSON object.

Run: python tests/benchmarks/drawings_scale.py [--data FOLDER] [--seeds 5000-5009] [--ageing 1.0] [--without-words]

`--data` names a folder of sheets with truth/NAME.json as in the samples (keys `scales`, `dims`); without it only the
project's own drawn sheets are measured: plans, elevations and sections in three styles, aged, with the bar's truth carried
through the ageing. The peer is what a person gets without any reader: nothing, so every sheet asks.
Right: within 1 % of one of the truth's bars (or of its written sizes), or "none" where the truth has none. A silent error is
a scale more than 3 % off that was given as certain.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from studio.drawings import figures
from studio.drawings.dimensions import dimensions, ratio
from studio.drawings.plan import read_plan
from studio.drawings.reading_json import fineness
from studio.drawings.rectify import rectified
from studio.drawings.scale import Settled, settle
from studio.drawings.scale_bar import scales
from studio.errors import StudioError
from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.sheets import elevation, plan, section

VIEWS = {"plan": plan, "elevation": elevation, "section": section}


def read(rgb: np.ndarray, is_plan: bool) -> tuple[float | None, Settled, list]:
    """Pixels of the sheet per metre, or None when it asks; what was settled; the bars."""
    sheet = rectified(rgb)
    lettering = figures.words(sheet.gray)
    walls = None
    if is_plan and any(one for one in lettering):
        try:
            plan_read = read_plan(sheet)
            walls = plan_read.walls.copy()
            for opening in plan_read.openings:
                x0, y0, x1, y1 = opening.box
                walls[max(0, y0) : y1, max(0, x0) : x1] = True
        except StudioError:
            walls = None
    bars = scales(sheet, lettering)
    height, width = sheet.gray.shape
    settled = settle(bars, dimensions(sheet.gray, walls, lettering), size=(width, height), ratio=ratio(lettering))
    if settled.bar is not None and settled.bar.metres:
        p0, p1 = sheet.on_sheet(np.array([settled.bar.p0, settled.bar.p1]))
        return float(np.hypot(*(p1 - p0))) / settled.bar.metres, settled, list(bars)
    return settled.px_per_m and settled.px_per_m * fineness(sheet), settled, list(bars)


def judged(value: float | None, truths: list[float]) -> dict:
    """The relative error against the nearest truth, and whether it is right, asked or silently wrong."""
    if value is None:
        return {"px_per_m": None, "error": None, "verdict": "asks" if truths else "right: none"}
    if not truths:
        return {"px_per_m": round(value, 3), "error": None, "verdict": "silent error: there is none"}
    error = min(abs(value / truth - 1) for truth in truths)
    verdict = "right" if error <= 0.01 else "silent error" if error > 0.03 else "between 1 and 3 %"
    return {"px_per_m": round(value, 3), "error": round(error, 5), "verdict": verdict}


def real(folder: Path, with_plans: bool) -> list[dict]:
    """Every sheet of a folder that has a truth file."""
    rows = []
    for path in sorted((folder / "truth").glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        image = cv2.imread(str(folder / truth["file"]))
        if image is None:
            continue
        truths = [bar["px_per_m"] for bar in truth["scales"]]
        if not truths:
            for one in truth.get("dims", []):
                if "p0" in one and isinstance(one.get("metres"), float) and "text" in one:
                    truths.append(float(np.hypot(*np.subtract(one["p1"], one["p0"]))) / one["metres"])
        started = time.perf_counter()
        is_plan = with_plans and truth["drawings"][0]["kind"] == "plan"
        value, settled, bars = read(np.ascontiguousarray(image[..., ::-1]), is_plan)
        row = {"sheet": truth["file"], **judged(value, truths), "truth": truths, "source": settled.source}
        row["bars"] = [[bar.value, bar.unit, round(bar.confidence, 2)] for bar in bars]
        rows.append({**row, "finding": settled.finding, "seconds": round(time.perf_counter() - started, 1)})
        print(json.dumps(rows[-1], ensure_ascii=False), file=sys.stderr, flush=True)
    return rows


def drawn(seeds: range, ageing: float, with_plans: bool) -> list[dict]:
    """The project's own sheets: three views of each building, the style going round."""
    rows = []
    for seed in seeds:
        for k, (name, draw) in enumerate(VIEWS.items()):
            style = ("solid", "hollow", "hatched")[(seed + k) % 3]
            sheet = draw(building(seed), style)
            image, matrix = age(sheet.image, seed, ageing)
            bar = np.array([[[sheet.bar.x0, sheet.bar.y], [sheet.bar.x1, sheet.bar.y]]], np.float64)
            p0, p1 = cv2.perspectiveTransform(bar, matrix)[0]
            started = time.perf_counter()
            value, settled, _ = read(image, with_plans and name == "plan")
            row = {"sheet": f"{name} {seed} {style}", **judged(value, [float(np.hypot(*(p1 - p0))) / sheet.bar.metres])}
            rows.append({**row, "finding": settled.finding, "seconds": round(time.perf_counter() - started, 1)})
            print(json.dumps(rows[-1], ensure_ascii=False), file=sys.stderr, flush=True)
    return rows


def counted(rows: list[dict]) -> dict:
    """Shares over all rows."""
    verdicts = [row["verdict"] for row in rows]
    errors = [row["error"] for row in rows if row["error"] is not None]
    return {
        "sheets": len(rows),
        "right": sum(v.startswith("right") for v in verdicts),
        "asks": verdicts.count("asks"),
        "between_1_and_3_percent": sum(v.startswith("between") for v in verdicts),
        "silent_errors": sum(v.startswith("silent") for v in verdicts),
        "right_or_asks": round(sum(v.startswith("right") or v == "asks" for v in verdicts) / max(1, len(rows)), 4),
        "median_error": round(float(np.median(errors)), 5) if errors else None,
        "median_seconds": round(float(np.median([row["seconds"] for row in rows])), 1) if rows else None,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of real sheets with truth/")
    parser.add_argument("--seeds", default="5000-5009", help="first-last; 0-99 are for tuning; empty for none")
    parser.add_argument("--ageing", type=float, default=1.0)
    parser.add_argument("--without-plans", action="store_true", help="quicker: rooms' sizes are not held against walls")
    parser.add_argument("--without-words", action="store_true", help="as where rapidocr is not installed")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    if asked.without_words:
        figures.can_read_words = lambda: False
        sys.modules["studio.drawings.scale_labels"].can_read_words = lambda: False
        sys.modules["studio.drawings.scale_bar"].can_read_words = lambda: False
    answer: dict = {"reads_words": figures.can_read_words()}
    if asked.seeds:
        first, _, last = asked.seeds.partition("-")
        synthetic = drawn(range(int(first), int(last or first) + 1), asked.ageing, not asked.without_plans)
        answer |= {"synthetic": counted(synthetic), "synthetic_sheets": synthetic}
    if asked.data is not None:
        rows = real(asked.data, not asked.without_plans)
        answer |= {"real": counted(rows), "real_sheets": rows}
    print(json.dumps(answer, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
