"""What stands in a wall's openings: panes behind their bars, door leaves, steps. All of it by rule, and marked so."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from .model import Element, Evidence
from .solids import Geometry, bar, joined, polygons, prism, upright

BAR_M = 0.055  # width of a window's frame and bars
RISE_M = 0.17  # of one step
HIGHEST_M = 2.2  # a door that lies higher opens on a balcony: people pass below it
GLASS, PAINT, TIMBER, STONE = (0.20, 0.25, 0.28), (0.88, 0.86, 0.80), (0.33, 0.24, 0.17), (0.66, 0.63, 0.58)


@dataclass(frozen=True)
class Opening:
    """An opening as it was read from an elevation.

    Attributes:
        kind: "window" or "door".
        box: x0, y0, x1, y1 in the sheet's pixels, y down.
        outline: its contour in the same pixels where it is no rectangle (an arch); else None.
        inferred: True when it was completed by rule (a grid's missing cell) and not read.
        by_person: True when a person set it.
    """

    kind: str
    box: tuple[float, float, float, float]
    outline: tuple[tuple[float, float], ...] | None = None
    inferred: bool = False
    by_person: bool = False


def filling(
    name: str, kind: str, shape, reveal_m: float, evidence: tuple[Evidence, ...], is_divided: bool = True
) -> list[Element]:
    """Pane and bars, or door leaves and their frame, for a shapely polygon in x and z, metres, behind a reveal.

    A window that is not divided has its frame alone, because a picture over it shows bars of its own. None of the solids
    overlaps another: bars end where the pane begins, `reveal_m` behind the wall's face at y = 0.
    """
    if kind == "door":
        return _door(name, shape, reveal_m, evidence)
    pane = upright(prism(shape, 0.02), reveal_m)
    parts = [_rule(name, "pane", pane, "glass", GLASS, evidence, roughness=0.15)]
    bars = _bars(shape, is_divided)
    if bars is not None:
        frame = upright(prism(bars, 0.05), reveal_m - 0.05)
        parts.append(_rule(f"{name}-bars", "frame", frame, "painted wood", PAINT, evidence, roughness=0.6))
    return parts


def steps(name: str, x0: float, x1: float, sill_m: float, evidence: tuple[Evidence, ...]) -> list[Element]:
    """Steps from the ground up to a door whose sill lies `sill_m` above it; none below 12 cm, and none up to a balcony."""
    if not 0.12 <= sill_m <= HIGHEST_M:
        return []
    count = int(np.ceil(sill_m / RISE_M))
    tread, rise = 0.3, sill_m / count
    profile = [(0.0, 0.0), (tread * count, 0.0)]
    for step in range(count, 0, -1):
        top = rise * (count - step + 1)
        profile += [(tread * step, top), (tread * (step - 1), top)]
    return [_rule(name, "steps", bar(profile, x0, x1), "stone", STONE, evidence)]


def _bars(shape, is_divided: bool):
    """A window's frame and, where it is divided, its bars as one shape; None for a slit.

    Two lights stand side by side above 60 cm, and there is one row for about 60 cm.
    """
    from shapely.geometry import box as rectangle
    from shapely.ops import unary_union

    inside = shape.buffer(-BAR_M, join_style="mitre")
    if inside.is_empty or inside.geom_type != "Polygon" or inside.area < 0.02:
        return None
    x0, z0, x1, z1 = shape.bounds
    columns = 2 if x1 - x0 > 0.6 and is_divided else 1
    rows = int(np.clip(round((z1 - z0) / 0.6), 1, 4)) if is_divided else 1
    half = BAR_M / 3
    uprights = [x0 + (x1 - x0) * i / columns for i in range(1, columns)]
    levels = [z0 + (z1 - z0) * i / rows for i in range(1, rows)]
    slats = [rectangle(x - half, z0, x + half, z1) for x in uprights] + [rectangle(x0, z - half, x1, z + half) for z in levels]
    return unary_union([shape.difference(inside), *(shape.intersection(slat) for slat in slats)])


def _door(name: str, shape, reveal_m: float, evidence: tuple[Evidence, ...]) -> list[Element]:
    """One leaf, or two above 1.4 m, each with raised panels."""
    from shapely.geometry import box as rectangle

    x0, z0, x1, z1 = shape.bounds
    count = 2 if x1 - x0 > 1.4 else 1
    edges = np.linspace(x0, x1, count + 1)
    solids: list[Geometry] = []
    for left, right in pairwise(edges.tolist()):
        gap = 0.006 if count == 2 else 0.0
        leaf = shape.intersection(rectangle(left + gap * (left > x0), z0, right - gap * (right < x1), z1))
        solids.append(upright(prism(leaf, 0.05), reveal_m))
        field = leaf.buffer(-0.14, join_style="mitre")
        if field.is_empty or z1 - z0 < 1.2:
            continue
        lock = z0 + 0.42 * (z1 - z0)
        for low, high in ((z0, lock - 0.05), (lock + 0.05, z1)):
            panel = field.intersection(rectangle(left, low, right, high))
            if polygons(panel):
                solids.append(upright(prism(panel, 0.02), reveal_m - 0.02))
    return [_rule(name, "door", joined(solids), "wood", TIMBER, evidence, roughness=0.6)]


def _rule(name: str, kind: str, geometry: Geometry, material: str, color, evidence, *, roughness: float = 0.9) -> Element:
    vertices, faces = geometry
    aspects = {"form": 6, "dimension": 6, "material": 6}
    return Element(name, kind, vertices, faces, 6, "rule", evidence, aspects, material, color, roughness)
