"""No two solids share a cubic centimetre: what is known better keeps its place, and the other gives way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .building_walls import geometry, manifold
from .model import Element

SHARED_M3 = 1e-6  # a cubic centimetre; coordinates in float32 overlap by less
THIN_M = 2e-5  # bounds that overlap by less only touch: float32 counts in 8 µm at a hundred metres
# Who gives way to whom where levels are equal: what stands, then what lies on it, then what fills its openings.
ORDER = ("wall", "column", "floor", "stairs", "lintel", "chimney", "roof", "door", "pane", "frame", "steps")


def apart(elements: Sequence[Element]) -> list[Element]:
    """The same solids, each less what better known ones occupy; what loses more than it keeps is left away.

    Sheets overlap where readings contradict each other: a column within a wall, two openings in one place. AU_V needs
    solids that do not.
    """
    ranked = sorted(
        range(len(elements)), key=lambda i: (elements[i].author != "drawing", _rank(elements[i]), elements[i].level, i)
    )
    bounds = np.array([one.bounds for one in elements])
    kept: dict[int, Element] = {}
    solids: dict[int, object] = {}
    for i in ranked:
        one = elements[i]
        solid = None
        for j in kept:
            lap = np.minimum(bounds[i, 1], bounds[j, 1]) - np.maximum(bounds[i, 0], bounds[j, 0])
            if (lap < THIN_M).any():
                continue
            for k in (i, j):
                if k not in solids:
                    solids[k] = manifold(
                        (elements[k].vertices, elements[k].faces) if k == i else (kept[k].vertices, kept[k].faces)
                    )
            other = solids[j]
            if ((solid or solids[i]) ^ other).volume() > SHARED_M3:  # type: ignore[operator]
                solid = (solid or solids[i]) - other  # type: ignore[operator]
        if solid is None:
            kept[i] = one
            continue
        left = geometry(solid)
        if left is None or solid.volume() < 0.5 * solids[i].volume():  # type: ignore[attr-defined]
            continue
        kept[i] = replace(one, vertices=left[0], faces=left[1], uv=None, texture=None)
        solids[i] = manifold((kept[i].vertices, kept[i].faces))
    return [kept[i] for i in sorted(kept)]


def _rank(one: Element) -> int:
    return ORDER.index(one.kind) if one.kind in ORDER else len(ORDER)
