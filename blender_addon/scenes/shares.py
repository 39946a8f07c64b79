"""How much of a scene stands at each level: by the surface that can be seen, and by volume."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .closed import face_areas, volume


@dataclass(frozen=True)
class Covering:
    """What a coat lies on.

    Attributes:
        id: of the solid below it.
        area_m2: of that solid's surface that it hides; its own back is as large.
    """

    id: str
    area_m2: float


@dataclass(frozen=True)
class Shares:
    """Share 0…1 of each level, keys "1" … "7" (and "0" where something was not assessed); each dictionary sums to 1."""

    area: dict[str, float]
    volume: dict[str, float]


def shares(elements: Sequence, works: Sequence) -> Shares:
    """Of elements and exhibited works by visible surface, of elements by volume.

    Where a coat lies on a solid, neither its back nor what it hides there can be seen: both are left out.

    Args:
        elements, works: things with `id`, `vertices`, `faces`, `level`, `vertex_levels` and `covers`.
    """
    area: dict[str, float] = {}
    for solid in (*elements, *works):
        areas = face_areas(solid.vertices, solid.faces)
        if solid.vertex_levels is None:
            _add(area, solid.level, float(areas.sum()))
        else:
            by_level = np.bincount(solid.vertex_levels[solid.faces].max(axis=1), areas)
            for number in np.flatnonzero(by_level):
                _add(area, int(number), float(by_level[number]))
    levels = {solid.id: solid.level for solid in elements}
    for coat in (one for one in elements if one.covers is not None):
        for level in (coat.level, levels.get(coat.covers.id)):
            if level is not None:  # a coat whose solid was deleted in Blender hides nothing
                _add(area, level, -coat.covers.area_m2)
    cubic: dict[str, float] = {}
    for solid in elements:
        _add(cubic, solid.level, volume(solid.vertices, solid.faces))
    return Shares(_of_all(area), _of_all(cubic))


def _add(sums: dict[str, float], level: int, value: float) -> None:
    sums[str(level)] = sums.get(str(level), 0.0) + value


def _of_all(sums: dict[str, float]) -> dict[str, float]:
    total = sum(sums.values())
    return {number: sums[number] / total for number in sorted(sums)} if total > 0 else {}
