"""What of an outline stands above the eaves: the slope of a roof, a gable, and chimneys; shapely polygons in x and z."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from .solids import polygons

SLIT_M = 0.1  # between a chimney and the ridge: half of what is no gap but a pen's white
SLIVER_M = 0.03  # half of what a slanting pen leaves along a chimney
BESIDE_M = 0.08  # beside a chimney the roof's edge is looked for
CHIMNEY = 0.12  # of the roof's width: what rises above it and is narrower is a chimney
GABLE = 0.56  # of its box: a shape above the eaves that fills less of it is a gable or a tower and no slope
WIDE = 0.12  # of the outline's width: a part of it that overhangs farther than this stands on wall


@dataclass(frozen=True)
class Skyline:
    """What stands above the eaves.

    Attributes:
        body: the roof or gable, a shapely polygon; None where nothing of weight rises there.
        chimneys: what is narrow and stands upon it.
        is_gable: whether the body is a wall and no slope.
    """

    body: Any
    chimneys: tuple = ()
    is_gable: bool = False


def skyline(outline, eaves_m: float, holes: Sequence[tuple[float, float]]) -> Skyline:
    """Part what rises above the eaves.

    Args:
        outline: of the whole building. holes: middles of its openings, x and z; what holds one is a wall.
    """
    above = outline.intersection(strip(outline, eaves_m, 1e4))
    parts = polygons(above)
    if not parts or parts[0].bounds[3] - eaves_m < 0.04 * eaves_m:
        return Skyline(None)
    above = polygons(parts[0].buffer(SLIT_M, join_style="mitre").buffer(-SLIT_M, join_style="mitre"))[0]
    x0, z0, x1, _ = above.bounds
    reach = CHIMNEY * (x1 - x0) / 2
    body = polygons(above.buffer(-reach, join_style="mitre").buffer(reach, join_style="mitre").intersection(above))
    if not body:
        return Skyline(above)
    ridge, chimneys = body[0].bounds[3], []
    for one in polygons(above.difference(body[0].buffer(0.02))):
        wide, tall = size(one)
        if wide > 0.2 and tall > 0.5 * wide and one.bounds[3] > ridge - 0.05:
            chimneys.append(one)
    body, chimneys = _parted(above, chimneys)
    holds = any(body.intersects(rectangle(x, z, x + 0.01, z + 0.01)) for x, z in holes)
    filled = body.area / max(1e-6, (x1 - x0) * (body.bounds[3] - z0))
    return Skyline(body, tuple(chimneys), filled < GABLE or holds)


def grounded(outline):
    """An outline and what lies under its wide parts down to the ground: an elevation does not float. Eaves are no wide part."""
    from shapely.ops import unary_union

    x0, _, x1, _ = outline.bounds
    edges = [pair for part in polygons(outline) for pair in pairwise(part.exterior.coords)]
    swept = [rectangle(min(a[0], b[0]), 0, max(a[0], b[0]), min(a[1], b[1]))
             for a, b in edges if abs(a[0] - b[0]) > 1e-3 and min(a[1], b[1]) > 0.02]  # fmt: skip
    missing = polygons(unary_union(swept).difference(outline))
    whole = outline.union(unary_union([part for part in missing if size(part)[0] > WIDE * (x1 - x0)]))
    return whole.buffer(0.02, join_style="mitre").buffer(-0.02, join_style="mitre")


def _parted(above, stacks: list) -> tuple:
    """Roof and chimneys of an outline above the eaves: the roof's edge goes on straight behind each stack.

    Args:
        stacks: what stands out of the roof; how far down each is drawn before a slope, its neighbours tell.
    """
    from shapely.geometry import Polygon
    from shapely.ops import unary_union

    chimneys, low = [], above.bounds[1]
    for one in stacks:
        x0, _, x1, z1 = one.bounds
        heights = [_top(above, x0 - BESIDE_M), _top(above, x1 + BESIDE_M)]
        known = [z for z in heights if z is not None] or [low]
        left, right = (known[0] if z is None else z for z in heights)
        left, right = min(left, z1), min(right, z1)
        over = Polygon([(x0, left), (x1, right), (x1, z1 + 1), (x0, z1 + 1)])
        chimneys += polygons(above.intersection(over))[:1]
    rest = above.difference(unary_union(chimneys)).buffer(-SLIVER_M, join_style="mitre").buffer(SLIVER_M, join_style="mitre")
    return max(polygons(rest), key=lambda part: part.area), chimneys


def _top(shape, x: float) -> float | None:
    """How high a shape reaches at x; None beside it."""
    from shapely.geometry import LineString

    z0, z1 = shape.bounds[1], shape.bounds[3]
    along = shape.intersection(LineString([(x, z0 - 1), (x, z1 + 1)]))
    return None if along.is_empty else float(along.bounds[3])


def rectangle(x0: float, z0: float, x1: float, z1: float):
    """An upright rectangle."""
    from shapely.geometry import box as upright_box

    return upright_box(x0, z0, x1, z1)


def strip(shape, low: float, top: float):
    """The strip of a shape's width between two heights."""
    x0, _, x1, _ = shape.bounds if not shape.is_empty else (0, 0, 1, 1)
    return rectangle(x0 - 1, low, x1 + 1, top)


def size(shape) -> tuple[float, float]:
    """Width and height of a shape's bounds."""
    x0, z0, x1, z1 = shape.bounds
    return x1 - x0, z1 - z0
