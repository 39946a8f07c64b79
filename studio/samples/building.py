"""A small town house that was never built, known to the millimetre: the truth behind the sample drawings.

Frame: metres, x east, y north, z up; the origin is the south-west outer corner at ground level; the façade looks south.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Box = tuple[float, float, float, float]
Outline = tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Opening:
    """A door or a window.

    Attributes:
        kind: "door" or "window".
        side: "S", "N", "E", "W", "I" (inside) or "A" (an arch inside, without a leaf).
        box: in a plan x0, y0, x1, y1; in an elevation x0, z0, x1, z1; metres.
        quad: in a plan, the four corners of an opening in an oblique or curved wall: outer jamb to jamb, then inner; its box is
            then their bounding box.
    """

    kind: str
    side: str
    box: Box
    quad: Outline | None = None


@dataclass(frozen=True)
class Building:
    """One house.

    Attributes:
        width, depth: outer sizes; thick, inner: outer and inner wall; metres.
        heights: of the storeys, ground floor first, floor to floor.
        roof: "hipped" or "gabled"; roof_height in metres; eaves: overhang in metres.
        pediment: (x0, x1) of a triangular gable over the middle bays, or None.
        chimneys: x of each chimney's middle.
        walls: solid rectangles of the ground floor, x0, y0, x1, y1.
        openings: of the ground floor in plan; façade: of the south elevation.
        outlines: walls of the ground floor that are no rectangles, as polygons.
        columns: of the ground floor, x, y, radius (half the side of a square one), "round" or "square".
    """

    seed: int
    name: str
    width: float
    depth: float
    thick: float
    inner: float
    bays: int
    bay: float
    heights: tuple[float, ...]
    roof: str
    roof_height: float
    eaves: float
    pediment: tuple[float, float] | None
    chimneys: tuple[float, ...]
    walls: tuple[Box, ...]
    openings: tuple[Opening, ...]
    facade: tuple[Opening, ...]
    outlines: tuple[Outline, ...] = ()
    columns: tuple[tuple[float, float, float, str], ...] = ()

    @property
    def height(self) -> float:
        """Height of the eaves above the ground, metres."""
        return sum(self.heights)

    def silhouette(self) -> list[tuple[float, float]]:
        """Outline of the south elevation above the ground, (x, z) in metres, without chimneys and pediment."""
        w, e, top = self.width, self.eaves, self.height + self.roof_height
        inset = 0.5 * self.depth if self.roof == "hipped" else 0.0
        inset = min(inset, 0.38 * w)
        return [(0, 0), (0, self.height - 0.35), (-e, self.height), (inset - (0 if inset else e), top),
                (w - inset + (0 if inset else e), top), (w + e, self.height), (w, self.height - 0.35), (w, 0)]  # fmt: skip


NAMES = ("HOUSE FOR A BOTANIST", "TOLL HOUSE AT THE BRIDGE", "READING ROOM FOR A SMALL TOWN", "HOUSE OF THE CLOCKMAKER",
         "SCHOOL BY THE CANAL", "LODGE FOR A GARDENER")  # fmt: skip


def building(seed: int, walls_m: tuple[float, float] | None = None) -> Building:
    """House number `seed`: a masonry house on a grid of bays, with a spine wall, cross walls, doors and windows.

    Args:
        walls_m: thickness of its outer and inner walls where they are not masonry's.
    """
    r = np.random.default_rng([seed, 3])
    bays, storeys = int(r.choice([3, 5, 5, 7])), int(r.choice([1, 2, 2, 3]))
    bay, thick, inner = (
        round(float(r.uniform(2.4, 3.1)), 2),
        round(float(r.uniform(0.42, 0.66)), 2),
        round(float(r.uniform(0.18, 0.32)), 2),
    )
    thick, inner = walls_m or (thick, inner)
    width, depth = bays * bay + 2 * thick, round(float(r.uniform(8.0, 11.5)), 2)
    window, door = round(float(r.uniform(0.95, 1.25)), 2), round(float(r.uniform(1.2, 1.5)), 2)
    heights = (round(float(r.uniform(3.6, 4.3)), 2), *(round(float(r.uniform(3.0, 3.6)), 2) for _ in range(storeys - 1)))
    middle = bays // 2
    walls, openings = _plan(r, bays, bay, thick, inner, width, depth, window, door, middle)
    pediment = (thick + (middle - 0.5) * bay, thick + (middle + 1.5) * bay) if bays >= 5 and r.random() < 0.6 else None
    return Building(
        seed=seed, name=NAMES[seed % len(NAMES)], width=width, depth=depth, thick=thick, inner=inner, bays=bays, bay=bay,
        heights=heights, roof="hipped" if r.random() < 0.6 else "gabled", roof_height=round(0.32 * depth, 2), eaves=0.45,
        pediment=pediment, chimneys=(thick + 0.9 * bay, width - thick - 0.9 * bay),
        walls=tuple(walls), openings=tuple(openings),
        facade=tuple(_facade(heights, bays, bay, thick, window, door, middle)),
    )  # fmt: skip


def _plan(r, bays, bay, thick, inner, width, depth, window, door, middle) -> tuple[list[Box], list[Opening]]:
    walls: list[Box] = [
        (0, 0, width, thick),
        (0, depth - thick, width, depth),
        (0, 0, thick, depth),
        (width - thick, 0, width, depth),
    ]
    openings = []
    for i in range(bays):
        x = thick + (i + 0.5) * bay
        for side, y in (("S", 0.0), ("N", depth - thick)):
            kind = "door" if side == "S" and i == middle else "window"
            half = (door if kind == "door" else window) / 2
            openings.append(Opening(kind, side, (x - half, y, x + half, y + thick)))
    spine = round(float(r.uniform(0.44, 0.58)) * depth, 2)
    walls.append((thick, spine, width - thick, spine + inner))
    passage = thick + (middle + 0.5) * bay
    openings.append(Opening("door", "I", (passage - 0.5, spine, passage + 0.5, spine + inner)))
    for i in range(1, bays):
        for y0, y1 in ((thick, spine), (spine + inner, depth - thick)):
            beside_hall = i in (middle, middle + 1) and y0 == thick
            if not beside_hall and r.random() > 0.34:
                continue
            x = thick + i * bay - inner / 2
            walls.append((x, y0, x + inner, y1))
            if beside_hall or r.random() < 0.75:
                m = (y0 + y1) / 2
                openings.append(Opening("door", "I", (x, m - 0.45, x + inner, m + 0.45)))
    return walls, openings


def _facade(heights, bays, bay, thick, window, door, middle) -> list[Opening]:
    openings, floor = [], 0.0
    for storey, high in enumerate(heights):
        sill, tall = 0.26 * high, min(0.52 * high, 2.0)
        for i in range(bays):
            x = thick + (i + 0.5) * bay
            if storey == 0 and i == middle:
                openings.append(Opening("door", "S", (x - door / 2, 0.15, x + door / 2, 0.15 + min(2.6, high - 0.9))))
            else:
                openings.append(Opening("window", "S", (x - window / 2, floor + sill, x + window / 2, floor + sill + tall)))
        floor += high
    return openings
