"""The façade in the manners of other hands and printing houses: washed, half-toned, coursed in brick, arched, bare.

A Manner says how walls, panes, heads and surrounds are drawn; MANNERS names those that tests and benchmarks use, and
`any_manner` draws one by lot. Heads are drawn inside the opening's box, so the box stays the truth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from studio.samples.building import Building, Opening
from studio.samples.facade_holes import Look, draw_hole
from studio.samples.pen import OVER, Pen

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Manner:
    """How one draughtsman draws.

    Attributes:
        wall: "plain", "courses", "brick", "rubble" or "stipple".
        wash: tone of the wall, 0 = paper … 255 = ink.
        panes: "blank", "flat" (one tone), "level", "upright" or "crossed" strokes.
        dark: tone of flat panes, 0…255.
        bars: upright and level glazing bars.
        head: "flat", "round", "low" (a segment) or "pointed".
        surround: "none", "line", "moulded" or "voussoirs".
        sill, hood, pilasters, quoins, courses: whether they are drawn.
        roof: "bare", "tiles", "strokes" or "wash".
        screened: washes are printed as half-tone dots.
        shadow: the reveal throws its shadow on leaves and panes, light from the upper left.
        look: how openings are drawn, where all the above about panes, heads and surrounds does not suffice.
        shade: distance of the slanting strokes that lie over the right half of the front as its shadow, 0 = none.
        weight: of the pen, 1 = that of the engraved manners.
    """

    wall: str = "plain"
    wash: int = 0
    panes: str = "flat"
    dark: int = 200
    bars: tuple[int, int] = (0, 0)
    head: str = "flat"
    surround: str = "line"
    sill: bool = True
    hood: bool = False
    pilasters: bool = False
    quoins: bool = False
    string: bool = True
    roof: str = "strokes"
    screened: bool = False
    shadow: bool = False
    look: Look | None = None
    shade: float = 0.0
    weight: float = 1.0


MANNERS = {
    "washed": Manner(wash=38, dark=150, bars=(1, 2), surround="moulded", hood=True, roof="wash", quoins=True),
    "halftoned": Manner(wash=60, dark=205, head="round", roof="tiles", screened=True, shadow=True),
    "brick": Manner(wall="brick", panes="blank", bars=(0, 1), head="round", surround="voussoirs", sill=False, string=False),
    "arched": Manner(panes="upright", head="pointed", surround="moulded", pilasters=True, roof="tiles"),
    "outline": Manner(panes="blank", bars=(1, 3), head="low", surround="line", roof="bare", pilasters=True, weight=0.7),
    "bare": Manner(dark=240, surround="none", sill=False, string=False, roof="tiles"),
    "traceried": Manner(wall="courses", roof="tiles", look=Look("pointed", "upright", "tracery", "label", step=0.14)),
    "rusticated": Manner(wall="courses", quoins=True, look=Look("flat", "blank", "cross", "blocks", keystone=True, step=0.2)),
    "aediculed": Manner(wash=45, roof="wash", look=Look("flat", "graded", "bars", "aedicule", 220, reveal=0.12, step=0.2)),
    "horseshoe": Manner(wall="rubble", roof="bare", look=Look("horseshoe", "grained", "lattice", "voussoirs")),
    "shaded": Manner(shade=5.0, pilasters=True, look=Look("round", "flat", "bars", "moulded", 235, sill=True)),
}


def any_manner(rng: np.random.Generator) -> Manner:
    """One manner of very many."""

    def lot(*values):
        return values[int(rng.integers(len(values)))]

    wall = lot("plain", "plain", "courses", "brick", "rubble", "stipple")
    panes = lot("blank", "flat", "level", "upright", "crossed")
    busy = wall in ("brick", "rubble", "courses")
    surround = lot("none", "line", "line", "moulded", "voussoirs")
    if panes == "blank" and surround == "none" and not busy:
        surround = "line"  # a blank pane in a blank wall without an outline is no opening at all
    wash = int(lot(0, 0, 0, 30, 60, 90)) if wall in ("plain", "stipple") else 0
    return Manner(
        wall=wall, wash=wash, panes=panes, dark=int(rng.integers(max(110, wash + 80), 250)),
        bars=lot((0, 0), (0, 1), (1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (3, 4)),
        head=lot("flat", "flat", "round", "round", "low", "pointed"), surround=surround,
        sill=rng.random() < 0.5, hood=rng.random() < 0.3, pilasters=rng.random() < 0.25, quoins=rng.random() < 0.25,
        string=rng.random() < 0.5, roof=lot("bare", "tiles", "strokes", "wash"), screened=wash > 0 and rng.random() < 0.6,
        shadow=rng.random() < 0.3,
        weight=float(rng.uniform(0.6, 1.3)),
    )  # fmt: skip


def draw_in_manner(pen: Pen, b: Building, manner: Manner) -> None:
    """Draw the south elevation of a house in one manner."""
    _roof(pen, b, manner)
    pen.rectangle(0, 0, b.width, b.height, 1.6 * manner.weight, fill=manner.wash)
    _wall(pen, b, manner)
    _members(pen, b, manner)
    rng = np.random.default_rng([b.seed, 12])
    for o in b.facade:
        if manner.look is None:
            _opening(pen, o, manner)
        else:
            leaves = replace(manner.look, glazing="leaves", sill=False)
            draw_hole(pen, o.box, leaves if o.kind == "door" else manner.look, rng, manner.wash)
    if manner.shade:
        half = [(b.width / 2, 0), (b.width, 0), (b.width, b.height), (b.width / 2 - 0.2, b.height)]
        pen.hatch(half, manner.shade, 0.8, 45)
    pen.line([(-2.2, 0), (b.width + 2.2, 0)], 2.2)
    if manner.screened:
        _screen(pen)


def head_points(o: Opening, head: str) -> Points:
    """Outline of a clear opening: up the left jamb, over the head, down the right one; the crown touches the box."""
    x0, z0, x1, z1 = o.box
    half, middle = (x1 - x0) / 2, (x0 + x1) / 2
    if head == "flat":
        return [(x0, z0), (x0, z1), (x1, z1), (x1, z0)]
    rise = min({"round": half, "low": 0.35 * half, "pointed": 1.5 * half}[head], 0.6 * (z1 - z0))
    t = np.linspace(0, np.pi, 33)
    if head == "pointed":  # two arcs that meet at the crown
        lift = rise * np.sqrt(np.maximum(0, 1 - np.linspace(-1, 1, 33) ** 2 * 0.25 - 0.75 * np.abs(np.linspace(-1, 1, 33))))
        arch = [(middle + half * u, z1 - rise + float(v)) for u, v in zip(np.linspace(-1, 1, 33), lift, strict=True)]
    else:
        arch = [(middle - half * np.cos(a), z1 - rise + rise * np.sin(a)) for a in t]
    return [(x0, z0), *arch, (x1, z0)]


# ---- walls and roofs
def _roof(pen: Pen, b: Building, m: Manner) -> None:
    outline = b.silhouette()[2:6]
    pen.fill(outline, 70 if m.roof == "wash" else 0)
    (x0, z0), (x1, z1), (x2, _), (x3, _) = outline
    if m.roof == "strokes":
        pen.hatch(outline, 6.0, 0.6, 0)
    if m.roof == "tiles":
        pen.hatch(outline, 11.0, 0.6, 0)
        for t in np.arange(0.02, 1, 0.42 / (x3 - x0)):
            pen.line([(x0 + t * (x3 - x0), z0), (x1 + t * (x2 - x1), z1)], 1.1)
    pen.line(outline, 1.5 * m.weight, True)
    for x in b.chimneys:
        pen.rectangle(x - 0.38, b.height + 0.6 * b.roof_height, x + 0.38, b.height + b.roof_height + 0.7, 1.1, fill=0)


def _wall(pen: Pen, b: Building, m: Manner) -> None:
    rng = np.random.default_rng([b.seed, 11])
    face = [(0, 0), (b.width, 0), (b.width, b.height), (0, b.height)]
    if m.wall == "courses":
        for k, z in enumerate(np.arange(0.4, b.height, 0.36)):
            pen.line([(0, z), (b.width, z)], 0.6 * m.weight)
            for x in np.arange(0.4 + 0.45 * (k % 2), b.width, 0.9):
                pen.line([(x, z), (x, min(z + 0.36, b.height))], 0.5 * m.weight)
    elif m.wall == "brick":  # dense level strokes with gaps, as burin and pen do it
        for z in np.arange(0.05, b.height, 0.11):
            x = -float(rng.uniform(0, 1))
            while x < b.width:
                long = float(rng.uniform(0.4, 2.0))
                pen.line([(max(x, 0), z), (min(x + long, b.width), z)], 0.9 * m.weight)
                x += long + float(rng.uniform(0.04, 0.3))
    elif m.wall == "rubble":
        for z in np.arange(0.1, b.height - 0.25, 0.26):
            for x in np.arange(0.1, b.width - 0.4, 0.42):
                dx, dz = rng.uniform(-0.05, 0.05, 2)
                w, h = rng.uniform(0.25, 0.36), rng.uniform(0.15, 0.22)
                pen.line([(x + dx, z + dz), (x + dx + w, z), (x + w, z + dz + h), (x, z + h)], 0.7 * m.weight, True)
    elif m.wall == "stipple":
        for x, z in rng.uniform((0, 0), (b.width, b.height), (int(14 * b.width * b.height), 2)):
            pen.line([(x, z), (x + 0.02, z)], 1.0)
    del face


def _members(pen: Pen, b: Building, m: Manner) -> None:
    """Cornice, string courses, pilasters, quoins, plinth."""
    w = m.weight
    floor = 0.0
    for high in b.heights[:-1]:
        floor += high
        if m.string:
            pen.rectangle(-0.05, floor - 0.18, b.width + 0.05, floor, 0.9 * w, fill=0)
    if m.pilasters:
        for i in range(b.bays + 1):
            x = b.thick + i * b.bay
            pen.rectangle(x - 0.2, 0.5, x + 0.2, b.height - 0.4, 1.0 * w, fill=m.wash // 2)
            pen.rectangle(x - 0.26, b.height - 0.7, x + 0.26, b.height - 0.4, 0.8 * w, fill=0)
            pen.rectangle(x - 0.26, 0.3, x + 0.26, 0.5, 0.8 * w, fill=0)
    if m.quoins:
        for k, z in enumerate(np.arange(0.3, b.height - 0.5, 0.4)):
            reach = 0.6 if k % 2 else 0.4
            pen.rectangle(0, z, reach, z + 0.4, 0.8 * w, fill=0)
            pen.rectangle(b.width - reach, z, b.width, z + 0.4, 0.8 * w, fill=0)
    pen.rectangle(-b.eaves / 2, b.height - 0.4, b.width + b.eaves / 2, b.height - 0.15, 1.0 * w, fill=0)
    pen.rectangle(-b.eaves, b.height - 0.15, b.width + b.eaves, b.height, 1.2 * w, fill=110 if m.wash else 0)


# ---- openings
def _opening(pen: Pen, o: Opening, m: Manner) -> None:
    head = m.head if o.kind != "shop" else "flat"
    outline = head_points(o, head)
    _surround(pen, o, head, m)
    x0, z0, x1, z1 = o.box
    if m.sill and o.kind == "window":
        pen.rectangle(x0 - 0.2, z0 - 0.16, x1 + 0.2, z0, 0.9 * m.weight, fill=0)
    if m.hood:
        pen.rectangle(x0 - 0.3, z1 + 0.2, x1 + 0.3, z1 + 0.34, 1.0 * m.weight, fill=0)
    pen.fill(outline, m.dark if m.panes == "flat" else 0)
    if m.panes in ("level", "crossed"):
        pen.hatch(outline, 3.0, 1.1, 0)
    if m.panes in ("upright", "crossed"):
        pen.hatch(outline, 3.2, 1.1, 90)
    if m.surround != "none" or m.panes not in ("flat",):
        pen.line(outline, 1.3 * m.weight, True)
    if o.kind == "door":
        _leaves(pen, o, m)
    elif o.kind == "shop":
        _shop(pen, o, m)
    else:
        _bars(pen, o, m)
    if m.shadow:
        reveal = min(0.16 * (x1 - x0), 0.22)
        crown = z1 if head == "flat" else z1 - 0.5 * (x1 - x0)
        pen.fill([(x0, z0), (x0, crown), (x0 + reveal, crown), (x0 + reveal, z0)], 215)
        if head == "flat":
            pen.fill([(x0, z1), (x1, z1), (x1, z1 - reveal), (x0, z1 - reveal)], 215)


def _surround(pen: Pen, o: Opening, head: str, m: Manner) -> None:
    x0, z0, x1, z1 = o.box
    steps = {"none": (), "line": (0.12,), "moulded": (0.24, 0.18, 0.08), "voussoirs": (0.34,)}[m.surround]
    for step in steps:
        wide = replace(o, box=(x0 - step, z0, x1 + step, z1 + step))
        points = head_points(wide, head)
        pen.fill(points, m.wash // 3)
        pen.line(points, 0.9 * m.weight, True)
    if m.surround == "voussoirs":  # joints that look at the middle of the arch
        outer = head_points(replace(o, box=(x0 - 0.34, z0, x1 + 0.34, z1 + 0.34)), head)
        inner = head_points(o, head)
        if len(outer) > 4:
            for p, q in zip(inner[1:-1:2], outer[1:-1:2], strict=True):
                pen.line([p, q], 0.8 * m.weight)
        else:
            for x in np.linspace(x0 - 0.3, x1 + 0.3, 9):
                pen.line([(x0 + (x - x0) * 0.9, z1), (x, z1 + 0.34)], 0.8 * m.weight)
        pen.fill([(x0 - 0.36, z0 - 0.02), (x0, z0 - 0.02), (x0, z0), (x0 - 0.36, z0)], m.wash)


def _bars(pen: Pen, o: Opening, m: Manner) -> None:
    x0, z0, x1, z1 = o.box
    dark = m.panes != "blank"
    for k in range(1, m.bars[0] + 1):
        x = x0 + (x1 - x0) * k / (m.bars[0] + 1)
        pen.rectangle(x - 0.03, z0 + 0.02, x + 0.03, z1 - 0.03, 0, fill=0) if dark else pen.line([(x, z0), (x, z1)], 0.8)
    for k in range(1, m.bars[1] + 1):
        z = z0 + (z1 - z0) * k / (m.bars[1] + 1.5)
        pen.rectangle(x0 + 0.02, z - 0.03, x1 - 0.02, z + 0.03, 0, fill=0) if dark else pen.line([(x0, z), (x1, z)], 0.8)


def _leaves(pen: Pen, o: Opening, m: Manner) -> None:
    x0, z0, x1, z1 = o.box
    middle, spring = (x0 + x1) / 2, z0 + 0.72 * (z1 - z0)
    pen.line([(middle, z0), (middle, spring)], 1.0 * m.weight)
    pen.line([(x0, spring), (x1, spring)], 1.0 * m.weight)
    for a, c in ((x0 + 0.1, middle - 0.08), (middle + 0.08, x1 - 0.1)):
        for low, high in ((0.08, 0.4), (0.48, 0.92)):
            pen.rectangle(a, z0 + low * (spring - z0), c, z0 + high * (spring - z0), 0.8 * m.weight)


def _shop(pen: Pen, o: Opening, m: Manner) -> None:
    """Boards below, a railing before the mezzanine, as in the fronts of Pompeii."""
    x0, z0, x1, z1 = o.box
    rail = z0 + 0.55 * (z1 - z0)
    pen.rectangle(x0 + 0.1, z0, x1, rail - 0.15, 0.8 * m.weight, fill=30)
    for x in np.arange(x0 + 0.25, x1, 0.22):
        pen.line([(x, z0), (x, rail - 0.2)], 0.5)
    pen.rectangle(x0, rail - 0.12, x1, rail, 0.9 * m.weight, fill=0)
    pen.rectangle(x0, rail, x1, rail + 0.5, 0.9 * m.weight, fill=0)
    for x in np.arange(x0, x1 - 0.3, 0.5):
        pen.line([(x, rail), (min(x + 0.5, x1), rail + 0.5)], 0.7)
        pen.line([(x, rail + 0.5), (min(x + 0.5, x1), rail)], 0.7)


def _screen(pen: Pen) -> None:
    """Washes become dots: a screen of 45°, about four pixels apart, as the process block prints them."""
    h, w = pen.tone.shape
    period = 4.2 * pen.unit * OVER
    y, x = np.mgrid[:h, :w].astype(np.float32)
    u, v = (x + y) * (2 * np.pi / (period * 1.414)), (x - y) * (2 * np.pi / (period * 1.414))
    threshold = 128 + 58 * (np.cos(u) + np.cos(v))
    washed = (pen.tone > 8) & (pen.tone < 246)
    pen.tone[washed] = np.where(pen.tone[washed] > threshold[washed], 255, 0)
