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
STEP_M = 0.25  # a façade is felt at this distance; a band ends where its wall does, to half of it
EVEN_M = 0.08  # faces nearer to each other than half a brick are one
DEEP_M = 3.0  # what lies further behind the façade is another wall, seen past a court or a lower wing
SHORT_M = 0.5  # shorter pieces are no band


def bands(design: Design, lines: Outlines) -> list[Element]:
    """One solid for each course or cornice that was read, in front of its façade, with a gap where an opening is."""
    from shapely.geometry import box as rectangle

    found = []
    for number, band in enumerate(design.bands):
        frame, wall = FacadeFrame(band.side, design.size), lines.sides.get(band.side)
        if wall is None or not polygons(wall):
            continue
        out, high = PROFILES[band.kind]
        solids = []
        for u0, u1, face in _faces(local(wall, frame), max(band.span[0], 0.0), min(band.span[1], frame.length)):
            shape = rectangle(u0, band.top - high, u1, band.top)
            for hole in (h for h in design.holes if h.side == band.side):
                if hole.rise[0] < band.top and hole.rise[1] > band.top - high:
                    shape = shape.difference(rectangle(hole.span[0] - 0.02, band.top - 2, hole.span[1] + 0.02, band.top + 2))
            for part in polygons(shape):
                vertices, faces = bar(_profile(band, out, high), *part.bounds[::2])
                solids.append((vertices + np.array((0.0, face, 0.0)), faces))
        if not solids:
            continue
        vertices, faces = joined(solids)
        vertices = frame.world(vertices)
        aspects = {"position": 2, "form": 6, "dimension": 6}
        evidence = (*band.evidence, Evidence(note=f"stands out {out:.2f} m and is {high:.2f} m high by rule"))
        name = f"{band.kind.replace(' ', '-')}-{number}"
        found.append(Element(name, "cornice", vertices, faces, 6, "rule", evidence, aspects, "stone", STONE))
    return found


def _faces(wall, u0: float, u1: float) -> list[tuple[float, float, float]]:
    """Where a façade's wall stands in one plane: from, to and how far its face lies inside the extent, metres."""
    if u1 - u0 < SHORT_M:
        return []
    places = np.linspace(u0, u1, max(2, round((u1 - u0) / STEP_M)) + 1)
    half = (places[1] - places[0]) / 2
    # felt just inside the ends: on the corner itself a line may miss the wall
    met = [face_at(wall, float(np.clip(u, u0 + 0.02, u1 - 0.02))) for u in places]
    found: list[list[float]] = []
    for u, face in zip(places, met, strict=True):
        if face is None or face[0] > DEEP_M:
            continue
        if found and u - found[-1][1] < 3 * half and abs(face[0] - found[-1][2]) < EVEN_M:
            found[-1][1] = float(u)
        else:
            found.append([float(u), float(u), face[0]])
    pieces = [(max(u0, a - half), min(u1, b + half), face) for a, b, face in found]
    return [(a, b, face) for a, b, face in pieces if b - a >= SHORT_M]


def _profile(band: DesignedBand, out: float, high: float) -> list[tuple[float, float]]:
    low, top = band.top - high, band.top
    if band.kind == "string course":
        return [(0.0, low), (out, low), (out, top), (0.0, top)]
    middle = (low + top) / 2
    return [(0.0, low), (0.5 * out, low), (0.5 * out, middle), (out, middle), (out, top), (0.0, top)]
