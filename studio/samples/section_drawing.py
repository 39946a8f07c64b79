"""The section as an engraving or as a printed restoration: cut walls and floors, the roof's timbers, the rooms beyond."""

from __future__ import annotations

import numpy as np

from studio.samples.building import Building
from studio.samples.pen import OVER, Pen
from studio.samples.plan_drawing import poche

SECTION_STYLES = ("solid", "hollow", "hatched", "inverted")
ROOMS = 165  # tone of a dark room behind a white cut, 0 = paper … 255 = ink


def draw_section(pen: Pen, b: Building, style: str) -> tuple[np.ndarray, tuple[float, ...]]:
    """Draw the house cut from west to east.

    Args:
        style: one of SECTION_STYLES; "inverted" leaves the cut white and washes the rooms, as books about Pompeii do.
    Returns: the cut masonry, uint8 0/255 on the supersampled sheet, and the height of every floor in metres.
    """
    mask, floors = _cut(pen, b)
    dark = style == "inverted"
    for level, high in zip(floors[:-1], b.heights, strict=True):
        if dark:
            pen.rectangle(b.thick, level, b.width - b.thick, level + high, 0, fill=ROOMS)
        else:
            _room_beyond(pen, b, level, high)
    _roof(pen, b, ROOMS if dark else 0)
    poche(pen, mask, "hollow" if dark else style)
    pen.line([(-2.0, 0), (0, 0)], 1.6)
    pen.line([(b.width, 0), (b.width + 2.0, 0)], 1.6)
    if not dark:
        for x in (-2.0, b.width):
            pen.hatch([(x, 0), (x + 2, 0), (x + 2, -0.45), (x, -0.45)], 6, 0.7, 45)
    return mask, floors


def _cut(pen: Pen, b: Building) -> tuple[np.ndarray, tuple[float, ...]]:
    mask = np.zeros_like(pen.tone)
    solid = [(0, -0.9, b.thick, b.height), (b.width - b.thick, -0.9, b.width, b.height)]
    floors, z = [0.0], 0.0
    for high in b.heights:
        z += high
        floors.append(z)
        solid.append((0, z - 0.3, b.width, z))
    solid.append((0, -0.22, b.width, 0))
    for box in solid:
        x0, y1, x1, y0 = (v * OVER for v in (*pen.at(box[0], box[1]), *pen.at(box[2], box[3])))
        mask[round(y0) : round(y1), round(x0) : round(x1)] = 255
    return mask, tuple(floors)


def _roof(pen: Pen, b: Building, tone: int) -> None:
    roof = b.silhouette()[2:6]
    for x in b.chimneys:
        pen.rectangle(x - 0.38, b.height, x + 0.38, b.height + b.roof_height + 0.75, 1.1, fill=0)
    pen.fill(roof, tone)
    pen.line([*roof, (roof[-1][0], b.height - 0.12), (roof[0][0], b.height - 0.12)], 2.2, True)
    pen.line([(x, z - 0.22) for x, z in roof], 1.0)
    for k in range(1, 2 * b.bays):  # rafters and posts
        x = b.width * k / (2 * b.bays)
        pen.line([(x, b.height), (x, b.height + _roof_at(b, x) - 0.25)], 0.8)
    pen.line([(0.4, b.height + 0.45 * b.roof_height), (b.width - 0.4, b.height + 0.45 * b.roof_height)], 0.9)


def _room_beyond(pen: Pen, b: Building, level: float, high: float) -> None:
    """What one sees behind the cut: cornice, dado, a door with its panels, windows."""
    top = level + high - 0.3
    pen.line([(b.thick, top - 0.16), (b.width - b.thick, top - 0.16)], 0.7)
    pen.line([(b.thick, level + 0.14), (b.width - b.thick, level + 0.14)], 0.7)
    for i in range(b.bays):
        x = b.thick + (i + 0.5) * b.bay
        if i % 2 == 0:
            pen.rectangle(x - 0.5, level, x + 0.5, level + 2.1, 1.0)
            for z0, z1 in ((0.2, 0.95), (1.1, 1.95)):
                pen.rectangle(x - 0.36, level + z0, x - 0.05, level + z1, 0.6)
                pen.rectangle(x + 0.05, level + z0, x + 0.36, level + z1, 0.6)
        else:
            pen.rectangle(x - 0.55, level + 0.85, x + 0.55, level + min(2.4, high - 0.7), 0.9)
            pen.hatch([(x - 0.5, level + 0.9), (x + 0.5, level + 0.9), (x + 0.5, level + min(2.35, high - 0.75)),
                       (x - 0.5, level + min(2.35, high - 0.75))], 4, 0.6, 0)  # fmt: skip


def _roof_at(b: Building, x: float) -> float:
    """Height of the roof's outline above the eaves at x, metres."""
    corners = b.silhouette()[2:6]
    return float(np.interp(x, [p[0] for p in corners], [p[1] - b.height for p in corners]))
