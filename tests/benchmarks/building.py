"""Three sheets of a house that is known to the millimetre become a building: what is found, closed, linked and how fast.

    python tests/benchmarks/building.py --seeds 5000-5009            # perfect readings: measures fusing and building alone
    python tests/benchmarks/building.py --seeds 5000-5009 --read     # the readers read aged sheets: measures the whole road
    python tests/benchmarks/building.py --sheets plan.jpg facade.jpg # own sheets: times, contradictions, checks of the solids
    python tests/benchmarks/building.py --speed 5001                 # three sheets of 2,000 px: seconds of each step

Contradictions of 3.3 to 10 % are drawn into one sheet at a time (a tenth above the gate of 3 %, because a drawn line has a
width). Found: a record that asks names the element. False alarm: a record that asks where nothing was changed. Prints one JSON
object. $GLTF_VALIDATOR names a folder whose node_modules hold gltf-validator; ifcopenshell and trimesh are the other peers.
"""

from __future__ import annotations

import argparse
import io
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Container, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "studio" / "drawings")]

from house_readings import elevation_view, plan_view, section_view  # noqa: E402

from blender_addon.scenes.building import building as build  # noqa: E402
from blender_addon.scenes.building_walls import geometry, manifold  # noqa: E402
from blender_addon.scenes.gltf import glb  # noqa: E402
from blender_addon.scenes.levels import level, uncertainty  # noqa: E402
from blender_addon.scenes.model import SceneModel  # noqa: E402
from studio.drawings.designed import design  # noqa: E402
from studio.drawings.fuse import Fused, fuse  # noqa: E402
from studio.drawings.views import View  # noqa: E402
from studio.errors import DrawingError  # noqa: E402
from studio.samples.building import Building, Opening  # noqa: E402
from studio.samples.building import building as house_of  # noqa: E402
from studio.samples.sheets import Sheet, elevation, plan, section  # noqa: E402

STYLES = ("solid", "hollow", "hatched")


# ---- injected contradictions
def injected(house: Building, r: np.random.Generator) -> Iterator[tuple[str, dict[str, Building], str]]:
    """Name, the house as each sheet draws it, and a word of the record that has to ask."""
    by = float(r.uniform(0.033, 0.10)) * (1 if r.random() < 0.6 else -1)
    yield "elevation stretched across", {"elevation": _wider(house, 1 + by)}, "façade"
    yield "elevation stretched upwards", {"elevation": _taller(house, [1 + by] * len(house.heights))}, "height"
    yield "section stretched upwards", {"section": _taller(house, [1 - by] * len(house.heights))}, "height"
    yield "section stretched across", {"section": _wider(house, 1 + by)}, " to "  # whichever way it is then taken to cut
    at = int(r.integers(len(house.heights)))
    yield "one storey changed", {"section": _taller(house, [1 + by * (i == at) for i in range(len(house.heights))])}, "height"
    ground = [o for o in house.facade if o.box[3] < house.heights[0]]
    one = ground[int(r.integers(len(ground)))]
    room = 0.45 * (house.bay - (one.box[2] - one.box[0]))  # it must stay between its neighbours
    shift = min(max(abs(by) * house.width, 0.033 * house.width), max(room, 0.033 * house.width)) * np.sign(by)
    moved = replace(one, box=(one.box[0] + shift, one.box[1], one.box[2] + shift, one.box[3]))
    yield "an opening moved", {"elevation": _with(house, one, moved)}, "of the ground floor, south"
    yield "an opening taken away", {"elevation": _with(house, one, None)}, "openings of the ground floor"
    half = (one.box[2] - one.box[0]) / 2
    middle = house.thick + house.bay  # between the first two windows
    extra = Opening("window", "S", (middle - half * 0.7, one.box[1], middle + half * 0.7, one.box[3]))
    yield "an opening added", {"elevation": replace(house, facade=(*house.facade, extra))}, "openings of the ground floor"


def _wider(house: Building, by: float) -> Building:
    facade = tuple(replace(o, box=(o.box[0] * by, o.box[1], o.box[2] * by, o.box[3])) for o in house.facade)
    return replace(house, width=house.width * by, thick=house.thick * by, facade=facade, pediment=None, chimneys=())


def _taller(house: Building, by: list[float]) -> Building:
    old = np.concatenate([[0], np.cumsum(house.heights)])
    new = np.concatenate([[0], np.cumsum(np.array(house.heights) * by)])
    facade = tuple(
        replace(o, box=(o.box[0], float(np.interp(o.box[1], old, new)), o.box[2], float(np.interp(o.box[3], old, new))))
        for o in house.facade
    )
    return replace(house, heights=tuple(float(h * b) for h, b in zip(house.heights, by, strict=True)), facade=facade)


def _with(house: Building, old: Opening, new: Opening | None) -> Building:
    kept = [new if one is old else one for one in house.facade]
    return replace(house, facade=tuple(one for one in kept if one is not None))


# ---- readings
def perfect(houses: dict[str, Building], seed: int) -> list[View]:
    """What readers without a fault would say."""
    del seed
    return [plan_view(houses["plan"]), elevation_view(houses["elevation"]), section_view(houses["section"])]


def aged(houses: dict[str, Building], seed: int, kinds: Container[str] = ("plan", "elevation", "section")) -> list[View]:
    """What the readers say of aged sheets; scales are read from the bars, rectification is part of it."""
    from studio.read import read_sheet
    from studio.samples.ageing import age

    views = []
    for number, (kind, draw) in enumerate((("plan", plan), ("elevation", elevation), ("section", section))):
        if kind not in kinds:
            continue
        picture = age(draw(houses[kind], STYLES[seed % 3]).image, seed * 3 + number)[0]
        read = read_sheet(picture, f"{kind}.png", None, kind)
        views.append(View(f"{kind}.png", f"{number:x}" * 64, kind, read.parts[0][1], read.sheet, read.settled.px_per_m))
    return views


# ---- checks of one model
def solids(model: SceneModel) -> dict:
    """Closed, positive, apart; by trimesh and Manifold and not by our own checks."""
    import trimesh

    scene = trimesh.load(io.BytesIO(glb(model)), file_type="glb")
    is_open = [n for n, m in scene.geometry.items() if not (m.is_watertight and m.is_winding_consistent and m.volume > 0)]
    made = [(one.id, one.bounds, manifold((one.vertices, one.faces))) for one in model.solids]
    lapping = []
    for (a, low, first), (b, high, second) in itertools.combinations(made, 2):
        if np.all(np.minimum(low[1], high[1]) - np.maximum(low[0], high[0]) > 2e-4) and (first ^ second).volume() > 1e-5:
            lapping.append([a, b])
    return {"solids": len(made), "open": is_open, "overlapping": lapping}


def uncertainties(model: SceneModel) -> dict:
    """AU_V and AU_VR by trimesh's volumes and the published formula; and after a cut through every wall."""
    import trimesh

    sums = np.zeros(4)
    for one in model.elements:
        volume = trimesh.Trimesh(one.vertices, one.faces, process=False).volume
        percent = (one.level - 0.5) / 7 * 100
        sums += (volume, volume * percent, volume * one.relevance, volume * one.relevance * percent)
    ours = uncertainty(model.elements)
    by_hand = sums[1] / sums[0], sums[3] / sums[2]
    halves = []
    for one in model.elements:
        parts = manifold((one.vertices, one.faces)).split_by_plane((1, 0.3, 0.2), float(one.vertices[:, 0].mean()))
        cut = [g for g in map(geometry, parts) if g is not None] if one.kind == "wall" else []
        if len(cut) == 2:
            halves += [replace(one, id=f"{one.id}-{i}", vertices=v, faces=f) for i, (v, f) in enumerate(cut)]
        else:
            halves.append(one)
    split = uncertainty(halves)
    assert level(7).uncertainty_percent == (7 - 0.5) / 7 * 100
    return {
        "au_v": ours.by_volume,
        "au_vr": ours.by_volume_and_relevance,
        "au_v_off": abs(ours.by_volume / by_hand[0] - 1),
        "au_vr_off": abs(ours.by_volume_and_relevance / by_hand[1] - 1),
        "au_v_off_when_split": abs(split.by_volume / ours.by_volume - 1),
        "split_into": len(halves) - len(model.elements),
    }


def links(model: SceneModel, house: Building, views: list[View], truth: Callable[[np.ndarray, int], np.ndarray]) -> list[float]:
    """IoU of each region with where the element's true place lies on that sheet, pixels of the sheet as it was scanned.

    True places: openings by the generator's list, walls and floors by their bounds in metres.
    """
    sheets: dict[str, tuple[int, Sheet]] = {}
    for number, (view, draw) in enumerate(zip(views, (plan, elevation, section), strict=True)):
        sheets[view.sha256] = number, draw(house)
    found = []
    for one in model.elements:
        for evidence in one.evidence:
            if not evidence.region or evidence.source_sha256 not in sheets or " at " in evidence.note:
                continue  # levels are lines, and no region says how thick a line is
            number, sheet = sheets[evidence.source_sha256]
            box = _true_box(one, sheet)
            if box is not None:
                found.append(_iou(_bounds(truth(box, number)), np.array(evidence.region)))
    return found


def _true_box(one, sheet: Sheet) -> np.ndarray | None:
    (x0, y0, z0), (x1, y1, z1) = one.bounds
    (ox, oy), s = sheet.origin, sheet.px_per_m
    across = (y0, y1) if sheet.kind == "plan" else (z0, z1)
    box = np.array([(ox + x0 * s, oy - across[1] * s), (ox + x1 * s, oy - across[0] * s)])
    if one.kind in ("pane", "door", "frame", "lintel", "steps"):
        middle = box.mean(axis=0)
        boxes = np.array([b for _, b in sheet.openings], float).reshape(-1, 2, 2)
        if not len(boxes):
            return None
        box = boxes[np.argmin(np.linalg.norm(boxes.mean(axis=1) - middle, axis=1))]
    (x0, y0), (x1, y1) = box
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])


def _bounds(points: np.ndarray) -> np.ndarray:
    return np.array([*points.min(axis=0), *points.max(axis=0)])


def _iou(a: np.ndarray, b: np.ndarray) -> float:
    low, high = np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:])
    shared = float(np.prod(np.maximum(high - low, 0)))
    return shared / (float(np.prod(a[2:] - a[:2])) + float(np.prod(b[2:] - b[:2])) - shared)


def validated(model: SceneModel) -> dict:
    """Issues of the glTF validator and statements of ifcopenshell.validate; None where a peer is not installed."""
    folder, issues, statements = os.environ.get("GLTF_VALIDATOR"), None, None
    with tempfile.TemporaryDirectory() as scratch:
        if folder:
            (Path(scratch) / "scene.glb").write_bytes(glb(model))
            program = (
                "const v=require(process.argv[1] + '/node_modules/gltf-validator'), f=require('fs');"
                "v.validateBytes(new Uint8Array(f.readFileSync(process.argv[2])))"
                ".then(r => console.log(JSON.stringify(r.issues)))"
            )
            command = ["node", "-e", program, folder, f"{scratch}/scene.glb"]
            said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            issues = {k: said[k] for k in ("numErrors", "numWarnings", "numInfos", "numHints")}
        try:
            import ifcopenshell.validate

            from blender_addon.scenes.ifc import ifc

            (Path(scratch) / "scene.ifc").write_bytes(ifc(model))
            logger = ifcopenshell.validate.json_logger()
            ifcopenshell.validate.validate(f"{scratch}/scene.ifc", logger)
            statements = len(logger.statements)
        except ImportError:
            pass
    return {"gltf": issues, "ifc_statements": statements}


# ---- the whole
def one_house(seed: int, read: Callable, report: dict) -> None:
    """Measure one seed and add to the report."""
    house, r = house_of(seed), np.random.default_rng(seed)
    same = {"plan": house, "elevation": house, "section": house}
    start = time.perf_counter()
    views = read(same, seed)
    fused = fuse(views)
    model = build(design(fused, f"house {seed}"))
    report["seconds"].append(round(time.perf_counter() - start, 2))
    alarms = _asking(fused)
    report["false_alarms"].append(len(alarms))
    report["false_alarms_say"] += alarms[:3]
    report["checks"].append(solids(model) | uncertainties(model) | validated(model))
    report["links"] += links(model, house, views, _place(read, views, same, seed))
    report["size_off"].append(max(abs(fused.size[0] / house.width - 1), abs(fused.size[1] / house.depth - 1)))
    for name, changed, word in injected(house, r):
        cell = report["found"].setdefault(name, [0, 0])
        cell[1] += 1
        try:
            asks = _asking(fuse(_again(read, views, same | changed, changed, seed)))
        except DrawingError as error:
            asks = [f"{type(error).__name__} {word}"]
        if any(word in one for one in asks):
            cell[0] += 1
        else:
            report["missed"].append({"seed": seed, "what": name, "asked": asks[:3]})


def _again(read: Callable, views: list[View], houses: dict[str, Building], changed: dict, seed: int) -> list[View]:
    """Read anew only the sheet that was changed."""
    if read is perfect:
        return perfect(houses, seed)
    fresh = {view.kind: view for view in aged(houses, seed, changed)}
    return [fresh.get(view.kind, view) for view in views]


def _place(read: Callable, views: list[View], houses: dict[str, Building], seed: int):
    """From pixels of the clean sheet to pixels of the scanned one."""
    if read is perfect:
        return lambda points, _: points
    from studio.samples.ageing import age

    maps = []
    for number, (view, draw) in enumerate(zip(views, (plan, elevation, section), strict=True)):
        maps.append(age(draw(houses[view.kind], STYLES[seed % 3]).image, seed * 3 + number)[1])

    def placed(points: np.ndarray, number: int) -> np.ndarray:
        x, y, w = np.asarray(maps[number]) @ np.column_stack([points, np.ones(len(points))]).T
        return np.column_stack([x / w, y / w])

    return placed


def _asking(fused: Fused) -> list[str]:
    return [one.element for one in fused.contradictions if one.gate == "asks"]


def own_sheets(paths: list[Path]) -> dict:
    """Somebody's own sheets: how long, what disagrees, whether the solids hold."""
    from studio.drawings.gather import Said, views_of
    from studio.sources import open_source

    start = time.perf_counter()
    views, _ = views_of([open_source(path) for path in paths], Said())
    fused = fuse(views)
    model = build(design(fused, paths[0].stem))
    data = glb(model)
    return {
        "seconds": round(time.perf_counter() - start, 2),
        "bytes": len(data),
        "size_m": fused.size,
        "contradictions": [one.sentence for one in fused.contradictions],
        "assumptions": list(model.assumptions),
        **solids(model),
        **uncertainties(model),
        **validated(model),
    }


def speed(seed: int) -> dict:
    """Seconds from three aged sheets, 2,000 px along their longer side, to the GLB: of the clock, and of one processor."""
    from studio.read import read_sheet
    from studio.samples.ageing import age

    house, views = house_of(seed), []
    steps: dict[str, list[float]] = {}

    def timed(name: str, step: Callable):
        clock, cpu = time.perf_counter(), time.process_time()
        result = step()
        steps[name] = [round(time.perf_counter() - clock, 1), round(time.process_time() - cpu, 1)]
        return result

    for number, (kind, draw) in enumerate((("plan", plan), ("elevation", elevation), ("section", section))):
        first = draw(house, STYLES[seed % 3])
        sheet = draw(house, STYLES[seed % 3], first.px_per_m * 2000 / max(first.image.shape))
        picture = age(sheet.image, seed * 3 + number)[0]
        read = timed(f"read the {kind}", lambda picture=picture, kind=kind: read_sheet(picture, f"{kind}.png"))
        drawing, part = read.parts[0]
        views.append(View(f"{kind}.png", f"{number:x}" * 64, drawing.kind, part, read.sheet, read.settled.px_per_m))
    model = timed("fuse and build", lambda: build(design(fuse(views), f"house {seed}")))
    data = timed("write the GLB", lambda: glb(model))
    clock, cpu = (round(sum(column), 1) for column in zip(*steps.values(), strict=True))
    return {"seconds": clock, "processor_seconds": cpu, "steps": steps, "bytes": len(data), "kinds": [v.kind for v in views]}


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0-9", help="of the generator: 0-9 or 3,4,7")
    parser.add_argument("--read", action="store_true", help="read aged sheets instead of taking perfect readings")
    parser.add_argument("--sheets", nargs="+", type=Path, help="own drawings of one building")
    parser.add_argument("--speed", type=int, help="seed of one house whose road from three sheets to the GLB is timed")
    chosen = parser.parse_args()
    if chosen.speed is not None:
        print(json.dumps(speed(chosen.speed), indent=1))
        return
    if chosen.sheets:
        print(json.dumps(own_sheets(chosen.sheets), ensure_ascii=False, indent=1))
        return
    low, _, high = chosen.seeds.partition("-")
    seeds = range(int(low), int(high) + 1) if high else [int(s) for s in chosen.seeds.split(",")]
    report: dict = {"found": {}, "missed": [], "false_alarms": [], "false_alarms_say": [], "checks": [], "links": [],
                    "size_off": [], "seconds": [], "refused": []}  # fmt: skip
    for seed in seeds:
        try:
            one_house(seed, aged if chosen.read else perfect, report)
        except DrawingError as error:
            report["refused"].append(f"{seed}: {type(error).__name__}: {error}")
    cells = report["found"].values()
    shares = report.pop("links")
    checks = report.pop("checks")
    summary = {
        "readings": "aged sheets, read" if chosen.read else "perfect",
        "seeds": [min(seeds), max(seeds)],
        "contradictions_found": sum(c[0] for c in cells) / max(sum(c[1] for c in cells), 1),
        "false_alarms_worst": max(report["false_alarms"], default=None),
        "links_correct": float(np.mean(np.array(shares) >= 0.5)) if shares else None,
        "links_counted": len(shares),
        "open_solids": sum(len(c["open"]) for c in checks),
        "overlapping": sum(len(c["overlapping"]) for c in checks),
        "solids": sum(c["solids"] for c in checks),
        "au_v_off_worst": max((c["au_v_off"] for c in checks), default=None),
        "au_vr_off_worst": max((c["au_vr_off"] for c in checks), default=None),
        "au_v_off_when_split_worst": max((c["au_v_off_when_split"] for c in checks), default=None),
        "gltf_issues": [c["gltf"] for c in checks if c["gltf"] and any(c["gltf"].values())],
        "ifc_statements": sum(c["ifc_statements"] or 0 for c in checks),
    }
    print(json.dumps(summary | report, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    main()
