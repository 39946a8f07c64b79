"""How well elevations, sections and sheets are read: prints JSON.

python tests/benchmarks/drawings_facade.py --seeds 5000-5009                 synthetic, every manner at ageing 0, 0.5 and 1
python tests/benchmarks/drawings_facade.py --data FOLDER                     real sheets with truth/NAME.json beside them

Rectification is part of the score: readings go back through `Rectified.on_sheet`, the truth through the ageing's own
homography. An opening counts as found when its box overlaps a true one by an IoU of 0.5. On real sheets boxes in `ignore`
never count, and a box of a kind that `openings_complete` does not vouch for is no false alarm; `strict` counts it as one.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment

from studio.drawings.facade import read_facade
from studio.drawings.rectify import rectified
from studio.drawings.section import read_section
from studio.drawings.sheet import split
from studio.errors import DrawingError
from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.facade_manners import MANNERS
from studio.samples.sheets import STYLES, elevation, section

AGEING = (0.0, 0.5, 1.0)


def iou(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """IoU of boxes [N, 4] with boxes [M, 4], [N, M]."""
    p, q = np.asarray(a, float).reshape(-1, 4), np.asarray(b, float).reshape(-1, 4)
    wide = np.minimum(p[:, None, 2], q[:, 2]) - np.maximum(p[:, None, 0], q[:, 0])
    tall = np.minimum(p[:, None, 3], q[:, 3]) - np.maximum(p[:, None, 1], q[:, 1])
    inter = np.maximum(wide, 0) * np.maximum(tall, 0)
    area = lambda box: (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])  # noqa: E731
    return inter / np.maximum(area(p)[:, None] + area(q) - inter, 1e-9)


def matches(truth, read, least: float = 0.5) -> list[tuple[int, int]]:
    """One to one, the greatest sum of overlaps first."""
    if not len(truth) or not len(read):
        return []
    table = iou(truth, read)
    table[table < least] = 0
    return [(i, j) for i, j in zip(*linear_sum_assignment(-table), strict=True) if table[i, j] >= least]


def bounding(sheet, box) -> list[float]:
    """A box of the rectified picture as the box of its corners on the sheet."""
    x0, y0, x1, y1 = box
    p = sheet.on_sheet(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], float))
    return [*p.min(0).tolist(), *p.max(0).tolist()]


def moved(box, matrix) -> list[float]:
    """A box of the clean sheet as the box of its corners on the aged one."""
    x0, y0, x1, y1 = box
    p = cv2.perspectiveTransform(np.array([[[x0, y0], [x1, y0], [x1, y1], [x0, y1]]], np.float64), matrix)[0]
    return [*p.min(0).tolist(), *p.max(0).tolist()]


def middle(box) -> np.ndarray:
    """Of a box."""
    return np.array([box[0] + box[2], box[1] + box[3]]) / 2


def f1(found: int, truth: int, read: int) -> float:
    """Of recall and precision."""
    return round(2 * found / max(1, truth + read), 4)


def synthetic_facades(seeds: range, styles) -> list[dict]:
    """One line for each manner and state."""
    cells = []
    for style in styles:
        for strength in AGEING:
            found = truths = reads = 0
            errors, seconds, worst, kinds = [], [], 0, 0
            for seed in seeds:
                drawn = elevation(building(seed), style)
                image, matrix = (drawn.image, np.eye(3)) if not strength else age(drawn.image, seed, strength)
                start = time.process_time()
                sheet = rectified(image)
                reading = read_facade(sheet)
                seconds.append(time.process_time() - start)
                truth = [moved(box, matrix) for _, box in drawn.openings]
                read = [bounding(sheet, o.box) for o in reading.openings]
                pairs = matches(truth, read)
                assert drawn.facade is not None
                wide = drawn.facade[2] - drawn.facade[0]
                errors += [float(np.hypot(*(middle(truth[i]) - middle(read[j])))) / wide for i, j in pairs]
                kinds += sum(drawn.openings[i][0] == reading.openings[j].kind for i, j in pairs)
                found, truths, reads = found + len(pairs), truths + len(truth), reads + len(read)
                worst = max(worst, len(truth) + len(read) - 2 * len(pairs))
            cells.append({"style": style, "ageing": strength, "f1": f1(found, truths, reads), "truth": truths, "read": reads,
                          "found": found, "kind_right": round(kinds / max(1, found), 3),
                          "centre_error_percent": {"median": round(100 * float(np.median(errors)), 3),
                                                   "p95": round(100 * float(np.percentile(errors, 95)), 3)},
                          "seconds": round(float(np.mean(seconds)), 2)})  # fmt: skip
            print(json.dumps(cells[-1]), flush=True)
    return cells


def synthetic_sections(seeds: range) -> list[dict]:
    """Floors, walls and thickness of sections in every manner."""
    cells = []
    for style in STYLES:
        for strength in AGEING:
            off, missing, extra, overlap, thick = [], 0, 0, [], []
            for seed in seeds:
                house = building(seed)
                drawn = section(house, style)
                image, matrix = (drawn.image, np.eye(3)) if not strength else age(drawn.image, seed, strength)
                sheet = rectified(image)
                reading = read_section(sheet)
                middle, high = drawn.image.shape[1] / 2, house.height * drawn.px_per_m
                truth = [cv2.perspectiveTransform(np.array([[[middle, y]]]), matrix)[0, 0, 1] for y in drawn.floors]
                read = [sheet.on_sheet(np.array([[(f.x0 + f.x1) / 2, f.y]]))[0, 1] for f in reading.floors]
                near = [min((abs(t - r) for r in read), default=np.inf) / high for t in truth]
                off += [n for n in near if n < 0.03]
                missing += sum(n > 0.01 for n in near)
                extra += max(0, len(read) - len(truth))
                back = np.linalg.inv(sheet.to_sheet) @ matrix
                assert drawn.walls is not None
                walls = cv2.warpPerspective(drawn.walls.astype(np.uint8), back, reading.walls.shape[::-1]) > 0
                overlap.append((walls & reading.walls).sum() / max(1, (walls | reading.walls).sum()))
                scale = float(np.sqrt(abs(np.linalg.det(back[:2, :2]))))
                thick += [abs(t / scale / drawn.px_per_m - house.thick) / house.thick for t in reading.thickness_px]
            cells.append({"style": style, "ageing": strength, "floors_over_1_percent": missing, "floors_extra": extra,
                          "floor_error_percent": round(100 * float(np.max(off, initial=0)), 3),
                          "wall_iou": round(float(np.mean(overlap)), 3),
                          "thickness_error": round(float(np.median(thick)), 3)})  # fmt: skip
            print(json.dumps(cells[-1]), flush=True)
    return cells


# ---- real sheets
def real(folder: Path) -> list[dict]:
    """One line for each sheet with truth."""
    lines = []
    for path in sorted((folder / "truth").glob("*.json")):
        truth = json.loads(path.read_text("utf-8"))
        image = cv2.cvtColor(cv2.imread(str(folder / truth["file"])), cv2.COLOR_BGR2RGB)
        start = time.process_time()
        sheet = rectified(image)
        line: dict = {"sheet": truth["file"], **_splitting(sheet, truth)}
        kinds = {d["kind"] for d in truth["drawings"]}
        if "elevation" in kinds:
            line |= _elevation(sheet, truth)
        if "section" in kinds:
            line |= _section(sheet, truth, folder)
        line["seconds"] = round(time.process_time() - start, 1)
        print(json.dumps(line), flush=True)
        lines.append(line)
    return lines


def _splitting(sheet, truth: dict) -> dict:
    try:
        drawings = split(sheet)
    except DrawingError as error:
        return {"drawings": type(error).__name__}
    boxes = [bounding(sheet, d.box) for d in drawings]
    told = []
    for d in truth["drawings"]:
        table = iou([d["box"]], boxes)[0]
        j = int(table.argmax())
        told.append({"kind": d["kind"], "read": drawings[j].kind,
                     "box_off_px": round(float(np.abs(np.subtract(boxes[j], d["box"])).max()), 1)})  # fmt: skip
    return {"drawings": told, "read_count": len(drawings)}


def _elevation(sheet, truth: dict) -> dict:
    box = None
    if len(truth["drawings"]) > 1:
        elevations = [d for d in split(sheet) if d.kind == "elevation"]
        box = max(elevations, key=lambda d: (d.box[2] - d.box[0]) * (d.box[3] - d.box[1])).box if elevations else None
    reading = read_facade(sheet, box)
    ignore = [tuple(b) for b in truth["ignore"]]

    def outside(b) -> bool:
        x, y = (b[0] + b[2]) / 2, (b[1] + b[3]) / 2
        return not any(i[0] <= x <= i[2] and i[1] <= y <= i[3] for i in ignore)

    true = [o for o in truth["openings"] if outside(o["box"])]
    read = [(o, b) for o in reading.openings if outside(b := bounding(sheet, o.box))]
    pairs = matches([o["box"] for o in true], [b for _, b in read])
    hit = {j for _, j in pairs}
    complete = truth["openings_complete"]
    strict = len([j for j in range(len(read)) if j not in hit])
    alarms = len([j for j in range(len(read)) if j not in hit and complete.get(read[j][0].kind, False)])
    levels = [sheet.on_sheet(np.array([[(li.x0 + li.x1) / 2, li.y]]))[0, 1] for li in reading.lines]
    lines = [min((abs(y - t["y"]) for y in levels), default=99) for t in truth["lines"]]
    return {"f1": f1(len(pairs), len(true), len(pairs) + alarms), "f1_strict": f1(len(pairs), len(true), len(pairs) + strict),
            "truth": len(true), "found": len(pairs), "false": alarms, "false_strict": strict,
            "kind_right": sum(true[i]["kind"] == read[j][0].kind for i, j in pairs),
            "lines_within_6": f"{sum(v <= 6 for v in lines)} of {len(lines)}", "lines_read": len(reading.lines)}  # fmt: skip


def _section(sheet, truth: dict, folder: Path) -> dict:
    mask = folder / "truth" / truth["walls"]["mask"] if "walls" in truth else None
    boxes = [d.box for d in split(sheet) if d.kind == "section"] if len(truth["drawings"]) > 1 else [None]
    readings = [read_section(sheet, box) for box in boxes]
    line: dict = {"is_inverted": [r.is_inverted for r in readings]}
    tops = [sheet.on_sheet(np.array([[(f.x0 + f.x1) / 2, f.y]]))[0, 1] for r in readings for f in (*r.floors, *r.lines)]
    levels = [min((abs(y - t["y"]) for y in tops), default=99) for t in truth["lines"]]
    line["levels_within_6"] = f"{sum(v <= 6 for v in levels)} of {len(levels)}"
    if mask is None or not readings:
        return line
    true = cv2.imread(str(mask), cv2.IMREAD_GRAYSCALE) > 127
    read = np.zeros(sheet.gray.shape, np.uint8)
    for r in readings:
        read |= r.walls.astype(np.uint8)
    read = cv2.warpPerspective(read, sheet.to_sheet, true.shape[::-1], flags=cv2.INTER_NEAREST) > 0
    reach = round(truth["walls"]["uncertainty_px"])
    kernel = np.ones((2 * reach + 1,) * 2, np.uint8)
    counts = np.ones(true.shape, bool)
    for x0, y0, x1, y1 in truth["walls"]["ignore"]:
        counts[y0:y1, x0:x1] = False
    unsure = (cv2.dilate(true.astype(np.uint8), kernel) > 0) & ~(cv2.erode(true.astype(np.uint8), kernel) > 0) & (true != read)
    line["wall_iou"] = round(float((true & read & counts).sum() / ((true | read) & counts).sum()), 3)
    counts &= ~unsure
    line["wall_iou_tolerant"] = round(float((true & read & counts).sum() / ((true | read) & counts).sum()), 3)
    return line


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with real sheets and truth/")
    parser.add_argument("--seeds", help="first and last seed, such as 5000-5009")
    parser.add_argument("--styles", nargs="*", default=[*STYLES, *MANNERS])
    parser.add_argument("--no-sections", action="store_true", help="of synthetic sheets elevations only")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    out: dict = {}
    if args.seeds:
        first, last = (int(v) for v in args.seeds.split("-"))
        seeds = range(first, last + 1)
        out["facades"] = synthetic_facades(seeds, args.styles)
        if not args.no_sections:
            out["sections"] = synthetic_sections(seeds)
    if args.data:
        out["real"] = real(args.data)
    print(json.dumps(out, indent=1))


if __name__ == "__main__":
    main()
