"""Which kind a drawing is taken for: the confusion of plans, elevations, sections and views, and how often it says "unsure".

Run: python tests/benchmarks/drawings_kinds.py [--seeds 5000-5019] [--ageing 0,0.5,1] [--data FOLDER]

Small sheets (34 pixels per metre) in every manner of the generator, aged and rectified as a scan would be; views are the same
house in perspective. `--data` adds real sheets with truth/NAME.json (key `drawings`). A silent error is a wrong kind that was
not given as unsure; a refusal is named. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import cv2
import numpy as np

from studio.drawings.rectify import rectified
from studio.drawings.sheet import split
from studio.drawings.sheet_kinds import UNSURE
from studio.errors import StudioError
from studio.samples.ageing import age, halftoned
from studio.samples.building import building
from studio.samples.facade_manners import MANNERS
from studio.samples.section_drawing import SECTION_STYLES
from studio.samples.sheets import elevation, plan, section

PX_PER_M = 34.0
STYLES = {
    "plan": ("solid", "hollow", "hatched", "washed", "screened"),
    "elevation": ("solid", "hollow", "hatched", *MANNERS),
    "section": SECTION_STYLES,
    "perspective": ("solid", "hatched"),
}


def drawn(kind: str, style: str, seed: int) -> np.ndarray:
    """A sheet, uint8 [H, W, 3]."""
    house = building(seed)
    if kind == "perspective":
        return view(elevation(house, style, PX_PER_M).image)
    if style == "screened":
        return halftoned(plan(house, "washed", PX_PER_M).image, 4.0)
    return {"plan": plan, "elevation": elevation, "section": section}[kind](house, style, PX_PER_M).image


def view(front: np.ndarray) -> np.ndarray:
    """The house from a corner: its front and a side of the same drawing, each in the perspective of its own vanishing point."""
    h, w = front.shape[:2]
    m = round(1.1 * PX_PER_M)
    inner = front[round(2.3 * PX_PER_M) : h - round(2.6 * PX_PER_M), m : w - m]
    ih, iw = inner.shape[:2]
    corners = np.asarray([[0, 0], [iw, 0], [iw, ih], [0, ih]], np.float32)
    near = [0.42 * iw, -0.02 * ih, 1.0 * ih]
    left = np.asarray([[0, 0.22 * ih], [near[0], near[1]], [near[0], near[2]], [0, 0.80 * ih]], np.float32)
    right = np.asarray([[near[0], near[1]], [iw, 0.26 * ih], [iw, 0.78 * ih], [near[0], near[2]]], np.float32)
    page = np.full_like(front, 255)
    for face in (left, right):
        matrix = cv2.getPerspectiveTransform(corners, face + np.float32((m, 2.3 * PX_PER_M)))
        page = np.minimum(page, cv2.warpPerspective(inner, matrix, (w, h), borderValue=(255, 255, 255)))
    return page


def told(image: np.ndarray) -> tuple[str, float]:
    """Kind of the largest drawing and its confidence; the name of the refusal and 0."""
    try:
        found = split(rectified(image))[0]
    except StudioError as error:
        return type(error).__name__, 0.0
    return found.kind, found.confidence


def measured(seeds: range, ageing: list[float]) -> list[dict]:
    """One row for each sheet."""
    rows = []
    for kind, styles in STYLES.items():
        for style in styles:
            for strength in ageing:
                for seed in seeds:
                    image = age(drawn(kind, style, seed), seed, strength)[0]
                    said, sure = told(image)
                    rows.append({"kind": kind, "style": style, "ageing": strength, "seed": seed, "said": said, "sure": sure})
    return rows


def real(folder: Path) -> list[dict]:
    """Each drawing of each real sheet: what was said of the box that covers most of it."""
    rows = []
    for path in sorted((folder / "truth").glob("*.json")):
        truth = json.loads(path.read_text(encoding="utf-8"))
        image = cv2.imread(str(folder / truth["file"]))
        if image is None:
            continue
        sheet = rectified(np.ascontiguousarray(image[..., ::-1]))
        try:
            found = split(sheet)
        except StudioError as error:
            rows += [row(truth["file"], one, type(error).__name__, 0.0) for one in truth["drawings"]]
            continue
        for one in truth["drawings"]:
            best = max(found, key=lambda d, one=one: overlap(d.box, one["box"]))
            rows.append(row(truth["file"], one, best.kind, best.confidence))
    return rows


def row(file: str, one: dict, said: str, sure: float) -> dict:
    """As of a drawn sheet."""
    return {"kind": one["kind"], "style": file, "ageing": 1.0, "seed": 0, "said": said, "sure": sure}


def overlap(a, b) -> float:
    """Shared area over the area of both."""
    shared = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def counted(rows: list[dict]) -> dict:
    """Confusion, shares, and where the silent errors are."""
    kinds = dict.fromkeys(r["kind"] for r in rows)
    silent = [r for r in rows if r["said"] != r["kind"] and r["sure"] >= UNSURE]
    return {
        "sheets": len(rows),
        "right": sum(r["said"] == r["kind"] for r in rows),
        "unsure": sum(r["sure"] < UNSURE for r in rows),
        "unsure_though_right": sum(r["sure"] < UNSURE and r["said"] == r["kind"] for r in rows),
        "silent_errors": len(silent),
        "confusion": {
            k: dict(Counter(r["said"] for r in rows if r["kind"] == k)) for k in kinds
        },
        "silent": dict(Counter(f"{r['kind']} {r['style']} at {r['ageing']} said {r['said']}" for r in silent)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="5000-5019", help="first-last; empty for none")
    parser.add_argument("--ageing", default="0,0.5,1")
    parser.add_argument("--data", type=Path, help="folder of real sheets with truth/")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    started, answer = time.perf_counter(), {}
    if asked.seeds:
        first, _, last = asked.seeds.partition("-")
        rows = measured(range(int(first), int(last or first) + 1), [float(v) for v in asked.ageing.split(",")])
        answer["drawn"] = counted(rows)
    if asked.data:
        rows = real(asked.data)
        answer["real"] = counted(rows) | {"sheets_say": {f"{r['style']} {r['kind']}": [r["said"], r["sure"]] for r in rows}}
    print(json.dumps(answer | {"seconds": round(time.perf_counter() - started)}, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
