"""How well plans are read: walls and openings on drawn sheets (clean and aged) and, with --data, on real ones with truth.

    python tests/benchmarks/drawings_plan.py --seeds 5000-5009
    python tests/benchmarks/drawings_plan.py --data FOLDER --seeds none [--peer CHECKOUT]

Rectification is part of the score: readings are mapped back to the sheet as `walls.png` is, truth through the ageing's own
homography, as shares of pixels, so that its faces are not rounded to the pixels of the clean sheet before it is turned. Otsu's
threshold with a 5 × 5 opening is measured in the same run; FloorplanToBlender3d (GPL) too where --peer names a checkout. Prints
one JSON object.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from studio.drawings.plan import read_plan
from studio.drawings.plan_edges import covered
from studio.drawings.reading import PlanReading, Rectified
from studio.drawings.reading_json import on_sheet_mask
from studio.drawings.rectify import rectified
from studio.read import read_sheet
from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.sheets import STYLES, plan
from studio.samples.villa import villa

MATCHED = 0.5  # intersection over union of an opening's boxes


def on_sheet(walls: np.ndarray, sheet: Rectified, size: tuple[int, int]) -> np.ndarray:
    """Walls of the rectified picture on the scanned sheet as walls.png shows them, bool [H, W]; size is width, height."""
    return on_sheet_mask(walls, sheet, size) > 0


def corners(box) -> np.ndarray:
    """The four corners of x0, y0, x1, y1."""
    x0, y0, x1, y1 = box
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def around(points: np.ndarray) -> list[float]:
    """x0, y0, x1, y1 of points [N, 2]."""
    return [*points.min(0).tolist(), *points.max(0).tolist()]


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Of two masks."""
    return float((a & b).sum() / max(1, (a | b).sum()))


def box_iou(a, b) -> float:
    """Of two boxes."""
    inner = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return inner / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - inner)


def matches(truth: list, read: list) -> int:
    """How many boxes find each other, the best pairs first."""
    pairs = sorted(((box_iou(t, r), i, j) for i, t in enumerate(truth) for j, r in enumerate(read)), reverse=True)
    left, right = set(), set()
    for share, i, j in pairs:
        if share >= MATCHED and i not in left and j not in right:
            left.add(i)
            right.add(j)
    return len(left)


def otsu(rgb: np.ndarray) -> np.ndarray:
    """What a threshold and an opening make of a sheet, bool [H, W]."""
    gray = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    dark = cv2.threshold(gray, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)[1]
    return cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8)) > 0


def peer_walls(rgb: np.ndarray, checkout: Path | None) -> np.ndarray | None:
    """FloorplanToBlender3d's own wall filter on the sheet, bool [H, W]; None without a checkout or where it fails."""
    if checkout is None:
        return None
    np.int0 = np.intp  # type: ignore[attr-defined]  # its code was written for NumPy 1
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    try:
        from FloorplanToBlenderLib import detect  # type: ignore[import-not-found]

        return detect.wall_filter(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)) > 0
    except Exception as problem:  # noqa: BLE001 - whatever it raises is its result
        print(f"peer: {problem!r}", file=sys.stderr)
        return None


def timed(rgb: np.ndarray) -> tuple[Rectified, PlanReading, float]:
    """Rectified, read, and the processor seconds that it took."""
    start = time.process_time()
    sheet = rectified(rgb)
    reading = read_plan(sheet)
    return sheet, reading, time.process_time() - start


def drawn(design, seeds: range, style: str, strength: float, peer: Path | None) -> dict:
    """Scores over seeds of one design, style and ageing."""
    walls, others, peers, found, truths, reads, seconds, failures = [], [], [], 0, 0, 0, [], []
    for seed in seeds:
        sheet = plan(design(seed), style)
        aged, matrix = age(sheet.image, seed, strength)
        size = (aged.shape[1], aged.shape[0])
        truth = cv2.warpPerspective(sheet.covered, matrix, size, flags=cv2.INTER_LINEAR) > 127  # type: ignore[arg-type]
        boxes = [around(cv2.perspectiveTransform(corners(box)[None], matrix)[0]) for _, box in sheet.openings]
        truths += len(boxes)
        others.append(iou(truth, otsu(aged)))
        if (theirs := peer_walls(aged, peer)) is not None:
            peers.append(iou(truth, theirs))
        try:
            square, reading, took = timed(aged)
        except Exception as problem:  # noqa: BLE001 - a sheet that cannot be read counts as nothing read
            failures.append(f"{seed}: {problem}")
            walls.append(0.0)
            continue
        seconds.append(took)
        walls.append(iou(truth, on_sheet(covered(reading), square, size)))
        read = [around(square.on_sheet(corners(o.box))) for o in reading.openings]
        found, reads = found + matches(boxes, read), reads + len(read)
    precision, recall = found / max(1, reads), found / max(1, truths)
    return {
        "wall_iou": round(float(np.mean(walls)), 3), "wall_iou_p10": round(float(np.percentile(walls, 10)), 3),
        "openings_precision": round(precision, 3), "openings_recall": round(recall, 3),
        "openings_f1": round(2 * precision * recall / max(1e-9, precision + recall), 3),
        "otsu_wall_iou": round(float(np.mean(others)), 3), "peer_wall_iou": round(float(np.mean(peers)), 3) if peers else None,
        "cpu_seconds": round(float(np.mean(seconds)), 2) if seconds else None, "failures": failures,
    }  # fmt: skip


def timed_sheet(rgb: np.ndarray, name: str) -> tuple[np.ndarray, float]:
    """What `read` calls masonry on a sheet of sections, bool [H, W], and the processor seconds that it took."""
    start = time.process_time()
    read = read_sheet(rgb, name)
    return on_sheet(read.covered, read.sheet, (rgb.shape[1], rgb.shape[0])), time.process_time() - start


def real(folder: Path, file: Path, peer: Path | None) -> dict:
    """Scores of one real sheet with hand-made truth; pixels within its uncertainty of a true face are not counted.

    A plan is read as a plan; of a sheet with sections it is the cut masonry that counts, and `read` must find the sections.
    """
    truth = json.loads(file.read_text())
    rgb = cv2.cvtColor(cv2.imread(str(folder / truth["file"])), cv2.COLOR_BGR2RGB)
    size = (rgb.shape[1], rgb.shape[0])
    walls = cv2.imread(str(file.parent / truth["walls"]["mask"]), cv2.IMREAD_GRAYSCALE) > 127
    counted = np.ones(walls.shape, bool)
    for x0, y0, x1, y1 in truth["walls"].get("ignore", []):
        counted[y0:y1, x0:x1] = False
    inside, outside = (cv2.distanceTransform(m.astype(np.uint8), cv2.DIST_L2, 5) for m in (walls, ~walls))
    clear = counted & (np.maximum(inside, outside) > truth["walls"]["uncertainty_px"])

    def scored(mask: np.ndarray | None) -> dict | None:
        if mask is None:
            return None
        return {
            "strict": round(iou(walls & counted, mask & counted), 3),
            "tolerant": round(iou(walls & clear, mask & clear), 3),
        }

    result: dict = {"otsu": scored(otsu(rgb)), "peer": scored(peer_walls(rgb, peer))}
    is_plan = truth["drawings"][0]["kind"] == "plan"
    try:
        if not is_plan:
            masonry, took = timed_sheet(rgb, file.stem)
            return {**result, "ours": scored(masonry), "style": "section", "cpu_seconds": round(took, 2)}
        square, reading, took = timed(rgb)
    except Exception as problem:  # noqa: BLE001 - a sheet that cannot be read counts as nothing read
        return {**result, "ours": {"strict": 0.0, "tolerant": 0.0}, "failure": str(problem)}
    result |= {"ours": scored(on_sheet(covered(reading), square, size)), "style": reading.style, "cpu_seconds": round(took, 2)}
    kinds = ("gap", "door", "window")
    boxes = [o["box"] for o in truth.get("openings", []) if o["kind"] in kinds]
    read = [around(square.on_sheet(corners(o.box))) for o in reading.openings]
    read = [b for b in read if counted[min(size[1] - 1, int((b[1] + b[3]) / 2)), min(size[0] - 1, int((b[0] + b[2]) / 2))]]
    found = matches(boxes, read)
    complete = boxes and all((truth.get("openings_complete") or {}).get(o["kind"]) for o in truth["openings"])
    result["openings"] = {"true": len(boxes), "found": found, "read": len(read)}
    if complete:
        result["openings"]["f1"] = round(2 * found / max(1, len(boxes) + len(read)), 3)
    return result


def main() -> None:
    """Print the scores."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of real sheets with a folder truth/ of NAME.json and NAME-walls.png")
    parser.add_argument("--seeds", default="5000-5009", help="A-B, or none")
    parser.add_argument("--peer", type=Path, help="a checkout of grebtsew/FloorplanToBlender3d")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    result: dict = {"drawn": {}, "real": {}}
    if asked.seeds != "none":
        first, last = (int(v) for v in asked.seeds.split("-"))
        seeds = range(first, last + 1)
        for design in (building, villa):
            for style in STYLES:
                for strength in (0.0, 0.5, 1.0) if design is building else (0.0, 1.0):
                    name = f"{design.__name__} {style} {strength:g}"
                    result["drawn"][name] = drawn(design, seeds, style, strength, asked.peer)
                    print(name, result["drawn"][name]["wall_iou"], file=sys.stderr)
    if asked.data is not None:
        for file in sorted((asked.data / "truth").glob("*.json")):
            if "walls" in json.loads(file.read_text()):
                result["real"][file.stem] = real(asked.data, file, asked.peer)
        ours = [r["ours"]["tolerant"] for r in result["real"].values()]
        result["real_median"] = round(float(np.median(ours)), 3) if ours else None
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
