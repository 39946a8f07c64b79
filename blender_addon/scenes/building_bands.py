"""String courses and cornices along a façade: their height as drawn, their profile by rule."""

from __future__ import annotations

import numpy as np

from .building_design import Design, DesignedBand, FacadeFrame
from .building_walls import Outlines, face_at, local
from .model import Element, Evidence
from .solids import bar, joined, polygons

STONE = (0.78, 0.74, 0.66)
# how far they stand out and how high they are, by rule: a course of one stone, a cornice of two
PROFILES = {"string course": (0.06, 0.16), "cornice": (0.28, 0.32)}


def bands(design: Design, lines: Outlines) -> list[Element]:
    """One solid for each course or cornice that was read, in front of its façade, with a gap where an opening is."""
    from shapely.geometry import box as rectangle

    found = []
    for number, band in enumerate(design.bands):
        frame, wall = FacadeFrame(band.side, design.size), lines.sides.get(band.side)
        if wall is None or not polygons(wall):
            continue
        face = face_at(local(wall, frame), frame.length / 2) or face_at(local(wall, frame), 0.1 * frame.length)
        if face is None:
            continue
        out, high = PROFILES[band.kind]
        u0, u1 = max(band.span[0], 0.0), min(band.span[1], frame.length)
        if u1 - u0 < 0.5:
            continue
        shape = rectangle(u0, band.top - high, u1, band.top)
        for hole in (h for h in design.holes if h.side == band.side):
            if hole.rise[0] < band.top and hole.rise[1] > band.top - high:
                shape = shape.difference(rectangle(hole.span[0] - 0.02, band.top - 2, hole.span[1] + 0.02, band.top + 2))
        solids = [bar(_profile(band, out, high), *part.bounds[::2]) for part in polygons(shape)]
        if not solids:
            continue
        vertices, faces = joined(solids)
        vertices = frame.world(vertices + np.array((0.0, face[0], 0.0)))
        aspects = {"position": 2, "form": 6, "dimension": 6}
        evidence = (*band.evidence, Evidence(note=f"stands out {out:.2f} m and is {high:.2f} m high by rule"))
        name = f"{band.kind.replace(' ', '-')}-{number}"
        found.append(Element(name, "cornice", vertices, faces, 6, "rule", evidence, aspects, "stone", STONE))
    return found


def _profile(band: DesignedBand, out: float, high: float) -> list[tuple[float, float]]:
    low, top = band.top - high, band.top
    if band.kind == "string course":
        return [(0.0, low), (out, low), (out, top), (0.0, top)]
    middle = (low + top) / 2
    return [(0.0, low), (0.5 * out, low), (0.5 * out, middle), (out, middle), (out, top), (0.0, top)]
