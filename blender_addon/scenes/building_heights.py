"""Walls under profiles: how high each rises where sheets show the building higher here and lower there, and what covers it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .building_design import Box, DesignedProfile
from .building_walls import geometry, manifold
from .solids import Geometry, box, polygons, prism, upright

BEYOND_M = 50.0  # the profile is drawn out far beyond the building on all sides: nothing ends where it ends
FOOT_M = -5.0  # below every floor and every step
EDGE_M = 0.02  # the faces of walls that stand at the edge of what is shown waver by so much and belong to it
COVER_M = 0.4  # by rule, of what covers a building that a section and an elevation show covered: a vault's shell, or a roof


def below(profiles: Sequence[DesignedProfile], size: tuple[float, float], within_m: float = 0.0) -> Any:
    """Everything that lies under all profiles, as Manifold has it; None without a profile.

    Args:
        profiles: of the building; size: its extent in x and y, metres.
        within_m: how far below and beside the profiles it stays.
    """
    found = None
    for one in profiles:
        whole = _under(one, size)
        aside = np.array((1.0, 0.0, 0.0) if one.axis == "x" else (0.0, 1.0, 0.0))
        moves = [aside * within_m, -aside * within_m, np.array((0.0, 0.0, -within_m))] if within_m else [np.zeros(3)]
        for move in moves:
            moved = whole.translate(tuple(float(v) for v in move))
            found = moved if found is None else found ^ moved
    return found


def _under(profile: DesignedProfile, size: tuple[float, float]) -> Any:
    from shapely.geometry import Polygon

    (first, z0), (last, z1) = profile.points[0], profile.points[-1]
    across = size[1] if profile.axis == "x" else size[0]
    line = [(first - BEYOND_M, z0), *profile.points, (last + BEYOND_M, z1)]
    outline = Polygon([(first - BEYOND_M, FOOT_M), *line, (last + BEYOND_M, FOOT_M)][::-1])
    vertices, faces = upright(prism(outline.buffer(0), across + 2 * BEYOND_M), -BEYOND_M)
    if profile.axis == "y":  # x and y change places, which turns the solid inside out: so do its faces
        vertices, faces = vertices[:, [1, 0, 2]], np.ascontiguousarray(faces[:, ::-1])
    return manifold((vertices, faces))


def low_beyond(shown: Box | None, size: tuple[float, float], high: float) -> Any:
    """Everything within what sheets show, and beyond it what lies below `high`; as Manifold has it, None where all is shown."""
    if shown is None:
        return None
    x0, y0, x1, y1 = (edge + way * EDGE_M for edge, way in zip(shown, (-1, -1, 1, 1), strict=True))
    within = box((x0, y0, FOOT_M), (x1, y1, 2 * BEYOND_M + max(size)))
    around = box((-BEYOND_M, -BEYOND_M, FOOT_M), (size[0] + BEYOND_M, size[1] + BEYOND_M, high))
    return manifold(within) + manifold(around)


def clipped(solid: Geometry | None, limit: Any) -> Geometry | None:
    """What of a solid lies under the limit (of `below`); None when nothing is left, the solid itself without a limit."""
    if solid is None or limit is None:
        return solid
    return geometry(manifold(solid) ^ limit)


def cover(profiles: Sequence[DesignedProfile], size: tuple[float, float], footprint: Any, eaves: float) -> Geometry | None:
    """A shell over the footprint (shapely), from the eaves up to all profiles; None where they stay below the eaves."""
    from shapely.ops import unary_union

    top = max(z for one in profiles for _, z in one.points) + 1.0
    if top - 1.0 < eaves + COVER_M:
        return None

    def above(shape: Any) -> Any:
        vertices, faces = prism(unary_union(polygons(shape)), top - eaves)
        return manifold((vertices + np.array((0.0, 0.0, eaves)), faces))

    outer = above(footprint) ^ below(profiles, size)
    room = footprint.buffer(-COVER_M, join_style="mitre")
    return geometry(outer - (above(room) ^ below(profiles, size, COVER_M)) if polygons(room) else outer)


def upper_walls(profiles: Sequence[DesignedProfile], size: tuple[float, float], footprint: Any, eaves: float) -> Any:
    """What of such a shell is wall: along the edge of the footprint, below what covers it; as Manifold has it, or None."""
    from shapely.ops import unary_union

    ring = footprint.difference(footprint.buffer(-COVER_M, join_style="mitre"))
    high = max(z for one in profiles for _, z in one.points) + 1.0 - eaves
    if not polygons(ring) or high < 1.0 + COVER_M:
        return None
    vertices, faces = prism(unary_union(polygons(ring)), high)
    return manifold((vertices + np.array((0.0, 0.0, eaves)), faces)) ^ below(profiles, size, COVER_M)
