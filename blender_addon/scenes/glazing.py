"""What stands in a massing's openings: sashes, casements or tracery before dark panes, and panelled doors."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from .model import Element, Evidence
from .presets import Glazing
from .solids import Geometry, joined, polygons, prism, upright

PANE_M, FRAME_M = 0.02, 0.06  # how deep panes and frames are
GAP_M = 0.006  # between the leaves of a door
PASSAGE_M, DARK = 0.48, (52, 47, 42)  # an open arch is seen as deep as the wall is thick


def panes(
    name: str, shape, reveal_m: float, glazing: Glazing, evidence: tuple[Evidence, ...], thinnest_m: float
) -> list[Element]:
    """A pane behind its frame and bars, for a shapely polygon in x and z, metres.

    Args:
        reveal_m: how far the pane lies behind the wall's face.
        thinnest_m: no bar is made thinner: it would vanish in the picture.
    """
    pane = upright(prism(shape, PANE_M), reveal_m)
    solids = [_solid(name, "pane", pane, "glass", glazing.glass[0], evidence, 0.12)]
    pattern = {"sash": _sash, "casement": _casement, "tracery": _tracery}[glazing.pattern]
    bars = pattern(shape, glazing, max(glazing.bar_m, thinnest_m), max(glazing.frame_m, thinnest_m))
    if polygons(bars):
        frame = upright(prism(bars, FRAME_M), reveal_m - FRAME_M)
        material = "stone" if glazing.pattern == "tracery" else "painted wood"
        solids.append(_solid(f"{name}-frame", "frame", frame, material, glazing.frame, evidence, 0.6))
    return solids


def leaves(name: str, shape, reveal_m: float, glazing: Glazing, evidence: tuple[Evidence, ...]) -> list[Element]:
    """The panelled leaves of a door: two where it is wider than 1.3 m, under a fanlight where it is taller than 2.6 m."""
    x0, z0, x1, z1 = shape.bounds
    solids: list[Element] = []
    if z1 - z0 > 2.6 and x1 - x0 > 0.7:
        rail = z0 + max(2.1, 0.72 * (z1 - z0))
        light = polygons(shape.intersection(_rectangle(x0, rail, x1, z1 + 1)))
        if light:
            solids += panes(f"{name}-light", light[0], reveal_m, glazing, evidence, 0.04)
            z1 = rail
    count = 2 if x1 - x0 > 1.3 else 1
    parts: list[Geometry] = []
    for left, right in pairwise(np.linspace(x0, x1, count + 1).tolist()):
        leaf = shape.intersection(_rectangle(left + GAP_M * (left > x0), z0, right - GAP_M * (right < x1), z1))
        leaf = polygons(leaf)
        if not leaf:
            continue
        field = leaf[0].buffer(-0.13 * min(1.0, right - left), join_style="mitre")
        lock = z0 + 0.42 * (z1 - z0)
        fields = [field.intersection(_rectangle(left, a, right, b)) for a, b in ((z0, lock - 0.06), (lock + 0.06, z1))]
        sunk = leaf[0]
        for one in fields:
            sunk = sunk.difference(one)
        parts.append(upright(prism(leaf[0], 0.03), reveal_m + 0.03))
        if polygons(sunk) and sunk.area < leaf[0].area:
            parts.append(upright(prism(sunk, 0.029), reveal_m))
    if parts:
        solids.append(_solid(name, "door", joined(parts), "wood", glazing.door, evidence, 0.55))
    return solids


def hollow(name: str, shape, evidence: tuple[Evidence, ...]) -> list[Element]:
    """The dark of a passage behind an open arch."""
    back = upright(prism(shape, PANE_M), PASSAGE_M)
    return [_solid(name, "hollow", back, "stone", DARK, evidence, 0.95)]


def _sash(shape, glazing: Glazing, bar_m: float, frame_m: float):
    """Two sashes, the upper one before the lower: a meeting rail, and a grid of even lights."""
    x0, z0, x1, z1 = shape.bounds
    columns, rows = _lights(x1 - x0, glazing.light_m[0], 4), _lights(z1 - z0, glazing.light_m[1], 6)
    rows += rows % 2  # as many lights above the meeting rail as below
    slats = _grid(shape, columns, rows, bar_m)
    middle = (z0 + z1) / 2
    slats.append(_rectangle(x0, middle - 0.8 * bar_m, x1, middle + 0.8 * bar_m))
    return _framed(shape, slats, frame_m)


def _casement(shape, glazing: Glazing, bar_m: float, frame_m: float):
    """Leaves side by side on stout posts, a transom two thirds up where they are tall."""
    x0, z0, x1, z1 = shape.bounds
    columns = _lights(x1 - x0, glazing.light_m[0], 4)
    slats = _grid(shape, columns, 1, bar_m * 1.4)
    if z1 - z0 > 1.3:
        transom = z0 + 0.68 * (z1 - z0)
        slats.append(_rectangle(x0, transom - 0.7 * bar_m, x1, transom + 0.7 * bar_m))
        slats.append(_rectangle(x0, (z0 + transom - bar_m) / 2, x1, (z0 + transom + bar_m) / 2))
    return _framed(shape, slats, frame_m)


def _tracery(shape, glazing: Glazing, bar_m: float, frame_m: float):
    """Mullions that part into pointed lights, and a round one in the head: what is not glass is stone."""
    from shapely.geometry import Point
    from shapely.ops import unary_union

    inside = shape.buffer(-frame_m, join_style="mitre")
    if inside.is_empty or inside.geom_type != "Polygon":
        return shape.difference(inside)
    x0, z0, x1, z1 = inside.bounds
    count = _lights(x1 - x0, glazing.light_m[0], 4)
    count = max(count, 2) if x1 - x0 > 4 * bar_m else 1
    wide = (x1 - x0 - (count - 1) * bar_m) / count
    spring = z1 - 0.62 * (x1 - x0) - (0.0 if count > 1 else -0.4 * wide)
    spring = max(spring, z0 + 0.35 * (z1 - z0))
    glass = []
    for number in range(count):
        left = x0 + number * (wide + bar_m)
        glass.append(_rectangle(left, z0, left + wide, spring).union(_pointed(left, left + wide, spring)))
    top = spring + wide
    radius = min(0.30 * (x1 - x0), (z1 - top) / 2)
    if count > 1 and radius > 1.2 * bar_m:
        glass.append(Point((x0 + x1) / 2, top + radius * 0.9).buffer(radius * 0.85))
    return shape.difference(unary_union(glass).intersection(inside))


def _pointed(x0: float, x1: float, spring: float):
    """The head of an equilateral pointed arch."""
    from shapely.geometry import Point

    wide = x1 - x0
    arch = Point(x0, spring).buffer(wide, quad_segs=12).intersection(Point(x1, spring).buffer(wide, quad_segs=12))
    return arch.intersection(_rectangle(x0, spring - 1e-3, x1, spring + wide))


def _lights(length_m: float, light_m: float, most: int) -> int:
    return int(np.clip(math.floor(length_m / light_m + 0.5), 1, most))


def _grid(shape, columns: int, rows: int, bar_m: float) -> list:
    x0, z0, x1, z1 = shape.bounds
    half = bar_m / 2
    uprights = [x0 + (x1 - x0) * i / columns for i in range(1, columns)]
    levels = [z0 + (z1 - z0) * i / rows for i in range(1, rows)]
    return [_rectangle(x - half, z0, x + half, z1) for x in uprights] + [_rectangle(x0, z - half, x1, z + half) for z in levels]


def _framed(shape, slats: list, frame_m: float):
    from shapely.ops import unary_union

    inside = shape.buffer(-frame_m, join_style="mitre")
    return unary_union([shape.difference(inside), *(shape.intersection(slat) for slat in slats)])


def _rectangle(x0: float, z0: float, x1: float, z1: float):
    from shapely.geometry import box as rectangle

    return rectangle(x0, z0, x1, z1)


def _solid(name: str, kind: str, geometry: Geometry, material: str, color, evidence, roughness: float) -> Element:
    vertices, faces = geometry
    aspects = {"form": 6, "dimension": 6, "material": 6}
    red, green, blue = (value / 255 for value in color)
    return Element(name, kind, vertices, faces, 6, "rule", evidence, aspects, material, (red, green, blue), roughness)
