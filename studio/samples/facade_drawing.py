"""The façade as an engraving: coursed stone, quoins, mouldings, shaded panes, a tiled roof; light from the upper left."""

from __future__ import annotations

import numpy as np

from studio.samples.building import Building, Opening
from studio.samples.facade_manners import MANNERS, draw_in_manner
from studio.samples.pen import Pen


def draw_facade(pen: Pen, b: Building, style: str) -> None:
    """Draw the south elevation; styles as in `sheets.elevation`, or one of `facade_manners.MANNERS`."""
    if style in MANNERS:
        draw_in_manner(pen, b, MANNERS[style])
        return
    shaded = style != "hollow"
    for x in b.chimneys:
        _chimney(pen, b, x, shaded)
    _roof(pen, b, shaded)
    pen.rectangle(0, 0, b.width, b.height, 1.9, fill=0)
    if style == "hatched":
        _courses(pen, b)
    _quoins(pen, b)
    _plinth(pen, b, shaded)
    floor = 0.0
    for high in b.heights[:-1]:
        floor += high
        pen.rectangle(-0.06, floor - 0.16, b.width + 0.06, floor, 0.9, fill=0)
        if shaded:
            pen.hatch([(0, floor - 0.16), (b.width, floor - 0.16), (b.width, floor - 0.26), (0, floor - 0.26)], 2.6, 0.8, 60)
    _cornice(pen, b, shaded)
    if b.pediment:
        _pediment(pen, b, b.pediment, shaded)
    for o in b.facade:
        (_door if o.kind == "door" else _window)(pen, o, style)
    _ground(pen, b)


def _roof(pen: Pen, b: Building, shaded: bool) -> None:
    outline = b.silhouette()[2:6]
    pen.fill(outline, 0)
    (x0, z0), (x1, z1), (x2, _), (x3, _) = outline
    rows = int((z1 - z0) / 0.2)
    for k in range(1, rows):
        t = k / rows
        a, c, z = x0 + (x1 - x0) * t, x3 + (x2 - x3) * t, z0 + (z1 - z0) * t
        pen.line([(a, z), (c, z)], 0.55)
        if shaded and k % 2 == 0:
            above = (z0 + (k + 1) * (z1 - z0) / rows - z0) / (z1 - z0)
            for x in np.arange(x0 + (x1 - x0) * above + 0.1, x3 + (x2 - x3) * above - 0.25, 0.3):
                pen.line([(x + 0.15 * (k % 4 == 0), z), (x + 0.15 * (k % 4 == 0), z + (z1 - z0) / rows)], 0.5)
    if shaded and b.roof == "hipped":
        pen.hatch([(x3, z0), (x2, z1), (x2 - 0.45 * (x3 - x2), z1), (x3 - 0.75 * (x3 - x2), z0)], 3.4, 0.7, 118)
    pen.line(outline, 1.9, True)
    pen.rectangle(x1 - 0.05, z1, x2 + 0.05, z1 + 0.10, 0.9, fill=0)


def _chimney(pen: Pen, b: Building, x: float, shaded: bool) -> None:
    top = b.height + b.roof_height + 0.75
    pen.rectangle(x - 0.38, b.height + 0.4, x + 0.38, top, 1.4, fill=0)
    pen.rectangle(x - 0.46, top - 0.16, x + 0.46, top, 1.1, fill=0)
    if shaded:
        pen.hatch([(x + 0.02, b.height), (x + 0.38, b.height), (x + 0.38, top - 0.16), (x + 0.02, top - 0.16)], 2.8, 0.8, 80)


def _courses(pen: Pen, b: Building) -> None:
    """Ashlar: level joints every 0.32 m, upright joints in turn."""
    for k, z in enumerate(np.arange(0.62, b.height - 0.35, 0.32)):
        pen.line([(0, z), (b.width, z)], 0.45)
        for x in np.arange(0.55 + 0.42 * (k % 2), b.width, 0.84):
            pen.line([(x, z), (x, min(z + 0.32, b.height))], 0.4)


def _quoins(pen: Pen, b: Building) -> None:
    for k, z in enumerate(np.arange(0.55, b.height - 0.55, 0.34)):
        reach = 0.56 if k % 2 else 0.36
        pen.rectangle(0, z, reach, z + 0.34, 0.8, fill=0)
        pen.rectangle(b.width - reach, z, b.width, z + 0.34, 0.8, fill=0)
        pen.hatch([(b.width - reach, z), (b.width, z), (b.width, z + 0.06), (b.width - reach, z + 0.06)], 2.2, 0.6, 0)


def _plinth(pen: Pen, b: Building, shaded: bool) -> None:
    pen.rectangle(-0.08, 0, b.width + 0.08, 0.55, 1.1, fill=0)
    pen.line([(-0.08, 0.47), (b.width + 0.08, 0.47)], 0.7)
    if shaded:
        pen.hatch([(-0.08, 0), (b.width + 0.08, 0), (b.width + 0.08, 0.45), (-0.08, 0.45)], 5.5, 0.55, 0)


def _cornice(pen: Pen, b: Building, shaded: bool) -> None:
    z, e = b.height, b.eaves
    if shaded:  # its shadow on the wall
        pen.hatch([(0, z - 0.35), (b.width, z - 0.35), (b.width, z - 0.72), (0.25, z - 0.72)], 3.0, 0.85, 55, 0.4)
    for reach, low, high in ((0.12, 0.35, 0.22), (0.26, 0.22, 0.12), (e, 0.12, 0.0)):
        pen.rectangle(-reach, z - low, b.width + reach, z - high, 1.0, fill=0)
    for x in np.arange(0.1, b.width - 0.05, 0.34):
        pen.rectangle(x, z - 0.33, x + 0.15, z - 0.22, 0.6, fill=0)


def _pediment(pen: Pen, b: Building, bays: tuple[float, float], shaded: bool) -> None:
    x0, x1 = bays
    tip = b.height + min(0.62 * b.roof_height, 0.26 * (x1 - x0))
    middle = (x0 + x1) / 2
    pen.fill([(x0 - 0.3, b.height), (x1 + 0.3, b.height), (middle, tip + 0.12)], 0)
    pen.line([(x0 - 0.3, b.height), (x1 + 0.3, b.height), (middle, tip + 0.12)], 1.6, True)
    inner = [(x0 + 0.15, b.height + 0.12), (x1 - 0.15, b.height + 0.12), (middle, tip - 0.14)]
    pen.line(inner, 0.9, True)
    if shaded:
        pen.hatch(
            [(x0 + 0.15, b.height + 0.12), (middle, tip - 0.14), (middle, tip - 0.34), (x0 + 0.7, b.height + 0.12)],
            3.0,
            0.7,
            55,
        )
    circle = [
        (middle + 0.3 * np.cos(a), b.height + 0.12 + 0.4 * (tip - b.height) + 0.3 * np.sin(a)) for a in np.linspace(0, 6.28, 40)
    ]
    pen.line(circle, 1.2, True)


def _window(pen: Pen, o: Opening, style: str) -> None:
    """Surround, sill and hood; six panes, dark but for their bars."""
    x0, z0, x1, z1 = o.box
    pen.rectangle(x0 - 0.17, z0 - 0.02, x1 + 0.17, z1 + 0.17, 1.2, fill=0)
    pen.rectangle(x0 - 0.26, z1 + 0.17, x1 + 0.26, z1 + 0.28, 1.0, fill=0)
    pen.rectangle(x0 - 0.24, z0 - 0.16, x1 + 0.24, z0 - 0.02, 1.0, fill=0)
    if style != "hollow":
        pen.hatch([(x0 - 0.24, z0 - 0.17), (x1 + 0.24, z0 - 0.17), (x1 + 0.3, z0 - 0.27), (x0 - 0.14, z0 - 0.27)], 2.4, 0.8, 60)
    pen.rectangle(x0, z0, x1, z1, 1.4, fill=0)
    if style != "hollow":
        _dark(pen, x0, z0, x1, z1)
    bar = 0.055
    for x in (x0 + (x1 - x0) / 2,):
        _glazing_bar(pen, x - bar / 2, z0, x + bar / 2, z1, style)
    for k in (1, 2):
        z = z0 + (z1 - z0) * k / 3
        _glazing_bar(pen, x0, z - bar / 2, x1, z + bar / 2, style)


def _glazing_bar(pen: Pen, x0: float, z0: float, x1: float, z1: float, style: str) -> None:
    if style == "hollow":
        pen.line(
            [((x0 + x1) / 2, z0), ((x0 + x1) / 2, z1)] if z1 - z0 > x1 - x0 else [(x0, (z0 + z1) / 2), (x1, (z0 + z1) / 2)], 0.7
        )
    else:
        pen.rectangle(x0, z0, x1, z1, 0, fill=0)


def _dark(pen: Pen, x0: float, z0: float, x1: float, z1: float) -> None:
    """The dark of a room behind glass: level strokes, crossed where the reveal throws its shadow."""
    pen.hatch([(x0, z0), (x1, z0), (x1, z1), (x0, z1)], 2.1, 1.1, 0, 0.25)
    pen.hatch([(x0, z0), (x0 + 0.35 * (x1 - x0), z0), (x0 + 0.22 * (x1 - x0), z1), (x0, z1)], 2.4, 0.9, 62)
    pen.hatch([(x0, z1 - 0.22), (x1, z1 - 0.22), (x1, z1), (x0, z1)], 2.2, 1.0, 90)


def _door(pen: Pen, o: Opening, style: str) -> None:
    """Steps, pilasters, entablature, and a panelled double leaf with a light above."""
    x0, z0, x1, z1 = o.box
    pen.rectangle(x0 - 0.55, 0, x1 + 0.55, 0.15, 1.1, fill=0)
    for side in (-1, 1):
        a, c = (x0 - 0.30, x0) if side < 0 else (x1, x1 + 0.30)
        pen.rectangle(a, 0.15, c, z1 + 0.02, 1.2, fill=0)
        pen.rectangle(a - 0.04, 0.15, c + 0.04, 0.40, 0.8, fill=0)
        for x in np.linspace(a + 0.08, c - 0.08, 3):
            pen.line([(x, 0.46), (x, z1 - 0.22)], 0.5)
        pen.rectangle(a - 0.04, z1 - 0.14, c + 0.04, z1 + 0.02, 0.8, fill=0)
    pen.rectangle(x0 - 0.36, z1 + 0.02, x1 + 0.36, z1 + 0.26, 1.1, fill=0)
    pen.rectangle(x0 - 0.48, z1 + 0.26, x1 + 0.48, z1 + 0.38, 1.2, fill=0)
    if style != "hollow":
        pen.hatch(
            [(x0 - 0.36, z1 + 0.18), (x1 + 0.36, z1 + 0.18), (x1 + 0.36, z1 + 0.26), (x0 - 0.36, z1 + 0.26)], 2.2, 0.7, 60
        )
    pen.rectangle(x0, z0, x1, z1, 1.5, fill=0)
    light = z1 - 0.42
    if style != "hollow":
        pen.hatch([(x0, z0), (x1, z0), (x1, light), (x0, light)], 2.3, 1.0, 90, 0.2)
        _dark(pen, x0, light, x1, z1)
    middle = (x0 + x1) / 2
    pen.line([(middle, z0), (middle, light)], 1.2)
    pen.line([(x0, light), (x1, light)], 1.3)
    for a, c in ((x0 + 0.08, middle - 0.07), (middle + 0.07, x1 - 0.08)):
        for low, high in ((0.08, 0.34), (0.40, 0.92)):
            pen.rectangle(a, z0 + low * (light - z0), c, z0 + high * (light - z0), 0.9)


def _ground(pen: Pen, b: Building) -> None:
    pen.line([(-2.2, 0), (b.width + 2.2, 0)], 2.6)
    rng = np.random.default_rng(b.seed)
    for _ in range(70):
        x, z, long = rng.uniform(-2.2, b.width + 1.5), -rng.uniform(0.10, 0.34), rng.uniform(0.15, 0.7)
        pen.line([(x, z), (x + long, z)], 0.55)
