"""The body of a front: walls in every texture, roofs, cornices, battlements, and all the furniture that is no opening."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studio.samples.facade_holes import Box, outline
from studio.samples.pen import Pen

WALLS = ("plain", "wash", "courses", "brick", "rubble", "stipple", "banded", "patches", "blocks", "ashlar")
ROOFS = ("flat", "hipped", "gabled", "dome", "pediment", "lean")


@dataclass(frozen=True)
class Body:
    """One mass of a building.

    Attributes:
        x0, x1, z1: its sides and its eaves, foot: where it stands free, rise: of its roof; metres.
        wall: one of WALLS; wash: its tone, 0 = paper … 255 = ink.
        roof: one of ROOFS; tiles: how that is drawn.
        weight: of the outline's pen.
    """

    x0: float
    x1: float
    z1: float
    wall: str
    wash: int
    roof: str
    tiles: str
    rise: float
    weight: float
    foot: float = 0.0

    @classmethod
    def by_lot(cls, rng: np.random.Generator, x0: float, x1: float, z1: float) -> Body:
        """A mass of given size and any dress."""
        wall = str(rng.choice(WALLS, p=(0.25, 0.15, 0.09, 0.1, 0.07, 0.06, 0.06, 0.11, 0.06, 0.05)))
        roof = str(rng.choice(ROOFS, p=(0.25, 0.26, 0.14, 0.12, 0.13, 0.10)))
        wash = int(rng.integers(20, 110)) if wall == "wash" else int(rng.choice([0, 0, 0, 40]))
        rise = 0.0 if roof == "flat" else float(rng.uniform(0.12, 0.42)) * (x1 - x0)
        tiles = str(rng.choice(["bare", "rows", "pantiles", "strokes", "wash", "ribs"]))
        return cls(x0, x1, z1, wall, wash, roof, tiles, min(rise, 7.0), float(rng.uniform(0.7, 2.0)))


# ---- walls
def texture(pen: Pen, b: Body, rng: np.random.Generator) -> None:
    """Courses, bricks, rubble, dots or bands over the wall; or patches of them, as measured surveys give samples."""
    if b.wall == "patches":
        for _ in range(int(rng.integers(2, 9))):
            w, h = float(rng.uniform(0.8, 0.5 * (b.x1 - b.x0) + 0.9)), float(rng.uniform(0.5, 3))
            x, z = float(rng.uniform(b.x0, max(b.x0 + 0.1, b.x1 - w))), float(rng.uniform(0, max(0.1, b.z1 - h)))
            _laid(
                pen,
                str(rng.choice(["brick", "rubble", "courses", "stipple", "strokes"])),
                (x, z, min(x + w, b.x1), min(z + h, b.z1)),
                rng,
            )
    elif b.wall not in ("plain", "wash"):
        _laid(pen, b.wall, (b.x0, b.foot, b.x1, b.z1), rng)


def _laid(pen: Pen, wall: str, box: Box, rng: np.random.Generator) -> None:
    x0, z0, x1, z1 = box
    weight = float(rng.uniform(0.5, 1.0))
    if wall in ("courses", "blocks"):
        high, long = float(rng.uniform(0.25, 0.6)), float(rng.uniform(0.6, 1.3))
        for k, z in enumerate(np.arange(z0 + high, z1, high)):
            pen.line([(x0, z), (x1, z)], weight * (2 if wall == "blocks" else 1))
            for x in np.arange(x0 + long * (0.4 + 0.5 * (k % 2)), x1, long):
                pen.line([(x, z - high), (x, z)], weight)
    elif wall == "ashlar":  # every block of another tone
        high, long = float(rng.uniform(0.3, 0.7)), float(rng.uniform(0.7, 1.6))
        for z in np.arange(z0, z1, high):
            x, top = x0 - float(rng.uniform(0, long)), min(z + high, z1)
            while x < x1:
                a, c = max(x, x0), min(x + long * float(rng.uniform(0.7, 1.3)), x1)
                pen.fill([(a, z), (c, z), (c, top), (a, top)], int(rng.integers(30, 170)))
                pen.line([(c, z), (c, top)], weight)
                x = c if c < x1 else x1
            pen.line([(x0, top), (x1, top)], weight)
    elif wall == "brick":
        step = float(rng.uniform(0.09, 0.16))
        for z in np.arange(z0 + 0.05, z1, step):
            x = x0 - float(rng.uniform(0, 1))
            while x < x1:
                long = float(rng.uniform(0.3, 1.6))
                a, c = max(x, x0), min(x + long, x1)
                if a < c:
                    pen.line([(a, z), (c, z)], 1.1 * weight)
                x += long + float(rng.uniform(0.04, 0.3))
    elif wall == "rubble":
        w0, h0 = float(rng.uniform(0.3, 0.6)), float(rng.uniform(0.2, 0.36))
        for z in np.arange(z0 + 0.05, z1 - h0, h0):
            for x in np.arange(x0 + 0.05, x1 - w0, w0):
                dx, dz = rng.uniform(-0.1, 0.1, 2) * w0
                w, h = rng.uniform(0.6, 0.86) * w0, rng.uniform(0.6, 0.85) * h0
                pen.line([(x + dx, z + dz), (x + dx + w, z), (x + w, z + dz + h), (x, z + h)], weight, True)
    elif wall == "stipple":
        n = int(min(6000, rng.uniform(5, 22) * (x1 - x0) * (z1 - z0)))
        for x, z in rng.uniform((x0, z0), (x1, z1), (n, 2)):
            pen.line([(x, z), (x + 0.02, z)], 1.0)
    elif wall == "banded":
        high = float(rng.uniform(0.3, 0.8))
        tone = int(rng.integers(30, 120))
        for z in np.arange(z0, z1, 2 * high):
            top = min(z + high, z1)
            if tone > 70:
                pen.hatch([(x0, z), (x1, z), (x1, top), (x0, top)], 4.0, 0.7, 0)
            else:
                pen.fill([(x0, z), (x1, z), (x1, top), (x0, top)], tone)
    elif wall == "strokes":
        pen.hatch(
            [(x0, z0), (x1, z0), (x1, z1), (x0, z1)], float(rng.uniform(3, 7)), weight, float(rng.choice([0, 45, 90, 60]))
        )


# ---- above
def roof(pen: Pen, b: Body, rng: np.random.Generator) -> None:
    """Roof, dome or gable, its tiles, its chimneys."""
    z, top, wide = b.z1, b.z1 + b.rise, b.x1 - b.x0
    e = min(0.4, 0.05 * wide)
    m = (b.x0 + b.x1) / 2
    inset = {"hipped": 0.25 * wide, "lean": 0.12 * wide, "gabled": 0.0}.get(b.roof, 0.0)
    if b.roof == "flat":
        return
    if b.roof == "dome":
        shape = outline((b.x0 + 0.05 * wide, z, b.x1 - 0.05 * wide, top), "basket")
    elif b.roof == "pediment":
        shape = [(b.x0 - e, z), (m, top), (b.x1 + e, z)]
    else:
        shape = [(b.x0 - e, z), (b.x0 + inset, top), (b.x1 - inset, top), (b.x1 + e, z)]
    pen.fill(shape, int(rng.integers(40, 130)) if b.tiles == "wash" else 0)
    if b.roof == "dome" or b.tiles == "ribs":
        for u in np.linspace(-1, 1, int(rng.integers(7, 25))):
            foot = (m + u * wide / 2, z)
            if b.roof in ("dome", "pediment"):
                pen.line([foot, (m + u * wide / 4, z + 0.8 * b.rise), (m, top)], 0.7)
            else:
                pen.line([foot, (m + u * (wide / 2 - inset), top)], 0.7)
    elif b.tiles in ("rows", "pantiles"):
        pen.hatch(shape, float(rng.uniform(6, 13)), 0.7, 0)
        if b.tiles == "pantiles":
            pen.hatch(shape, float(rng.uniform(5, 20)), float(rng.uniform(0.7, 2.2)), 90)
    elif b.tiles == "strokes":
        pen.hatch(shape, float(rng.uniform(2.5, 7)), 0.7, float(rng.choice([0, 90, 60])))
    pen.line(shape, b.weight, True)
    if b.roof == "pediment":
        pen.line(
            [(b.x0 + 0.1 * wide, z + 0.08 * b.rise), (m, top - 0.15 * b.rise), (b.x1 - 0.1 * wide, z + 0.08 * b.rise)],
            0.9,
            True,
        )
    if b.roof in ("hipped", "gabled") and rng.random() < 0.65:
        for u in rng.uniform(0.1, 0.9, int(rng.integers(1, 5))):
            _chimney(pen, b.x0 + float(u) * wide, top, b, rng)


def _chimney(pen: Pen, x: float, ridge: float, b: Body, rng: np.random.Generator) -> None:
    """A stack that stands on the slope and rises over the ridge: bare, washed or hatched, with a cap, or a side in shade."""
    w, foot = float(rng.uniform(0.25, 0.6)), ridge - float(rng.uniform(0.1, 0.6)) * b.rise
    top = min(ridge + float(rng.uniform(0.2, 0.95)), pen.size[1] / pen.px_per_m)
    pen.rectangle(x - w, foot, x + w, top, b.weight, fill=int(rng.choice([0, 0, 90, 160])))
    dress = rng.random()
    if dress < 0.3:
        pen.rectangle(x - 1.15 * w, top - 0.12 * (top - foot), x + 1.15 * w, top, 0.9, fill=0)
    elif dress < 0.55:
        corners = [(x, foot), (x + w, foot), (x + w, top), (x, top)]
        pen.hatch(corners, 3.5, 0.8, float(rng.choice([0, 90, 45])))


def cornice(pen: Pen, b: Body, rng: np.random.Generator) -> None:
    """Mouldings under the eaves, dentils or brackets among them, and string courses below."""
    reach = float(rng.uniform(0, 0.4))
    z = b.z1
    for _ in range(int(rng.integers(1, 4))):
        low = z - float(rng.uniform(0.06, 0.22))
        pen.rectangle(b.x0 - reach, low, b.x1 + reach, z, 0.9, fill=int(rng.choice([0, 0, 0, 80])))
        z, reach = low, reach * 0.7
    if rng.random() < 0.35:
        step = float(rng.uniform(0.2, 0.6))
        for x in np.arange(b.x0 + 0.1, b.x1 - 0.5 * step, step):
            pen.rectangle(x, z - 0.5 * step, x + 0.45 * step, z, 0.7, fill=int(rng.choice([0, 0, 150])))


def battlements(pen: Pen, b: Body, rng: np.random.Generator) -> None:
    """Merlons, or a balustrade, upon a flat roof."""
    if b.roof != "flat" or rng.random() < 0.4:
        return
    step = float(rng.uniform(0.3, 1.4))
    high = float(min(0.85, rng.uniform(0.6, 1.4) * step))
    way = str(rng.choice(["merlons", "steps", "balusters"]))
    for x in np.arange(b.x0, b.x1 - 0.5 * step, step):
        if way == "balusters":
            pen.line(outline((x, b.z1, x + 0.4 * step, b.z1 + high), "oval"), 0.8)
        else:
            pen.rectangle(x, b.z1, x + 0.6 * step, b.z1 + 0.7 * high, 0.9, fill=0)
            if way == "steps":
                pen.rectangle(x + 0.15 * step, b.z1 + 0.7 * high, x + 0.45 * step, b.z1 + high, 0.9, fill=0)
    if way == "balusters":
        pen.rectangle(b.x0, b.z1 + high, b.x1, b.z1 + high + 0.12, 1.0, fill=0)


# ---- what is no opening
def trimmings(pen: Pen, b: Body, rng: np.random.Generator, holes: list[Box]) -> None:
    """Quoins, pilasters, buttresses, string courses, plinth, panels and friezes, all of them clear of the openings."""

    def free(x0: float, z0: float, x1: float, z1: float) -> bool:
        return all(x1 < h[0] - 0.1 or x0 > h[2] + 0.1 or z1 < h[1] - 0.1 or z0 > h[3] + 0.1 for h in holes)

    if rng.random() < 0.2:
        high = float(rng.uniform(0.25, 0.5))
        for k, z in enumerate(np.arange(b.foot + 0.2, b.z1 - high, high)):
            reach = 0.55 if k % 2 else 0.35
            pen.rectangle(b.x0, z, b.x0 + reach, z + high, 0.9, fill=0)
            pen.rectangle(b.x1 - reach, z, b.x1, z + high, 0.9, fill=0)
    for z in rng.uniform(b.foot + 0.5, max(b.foot + 0.6, b.z1 - 0.5), int(rng.integers(0, 5))):
        w = float(rng.uniform(0.0, 0.25))
        if free(b.x0, z, b.x1, z + w) or rng.random() < 0.25:
            pen.rectangle(b.x0, z, b.x1, z + w, 0.9, fill=0) if w > 0.05 else pen.line([(b.x0, z), (b.x1, z)], 0.9)
    if rng.random() < 0.35:
        half, z = float(rng.uniform(0.1, 0.35)), float(rng.uniform(0, 0.4))
        fluted, round_ = rng.random() < 0.3, rng.random() < 0.3
        pedestal = float(rng.uniform(0.5, 1.4)) if rng.random() < 0.35 else 0.0
        places = np.linspace(b.x0 + 0.3 + half, b.x1 - 0.3 - half, int(rng.integers(2, 9)))
        for x in places if rng.random() < 0.4 else piers_between(b, holes, half):
            if not free(x - half, z, x + half, b.z1 - 0.4):
                continue
            pen.rectangle(x - half, b.foot + z, x + half, b.z1 - 0.4, 1.0, fill=b.wash // 2)
            pen.rectangle(x - 1.3 * half, b.z1 - 0.7, x + 1.3 * half, b.z1 - 0.4, 0.9, fill=0)
            pen.rectangle(x - 1.2 * half, b.foot + z, x + 1.2 * half, b.foot + z + 0.25, 0.9, fill=0)
            if pedestal:
                pen.rectangle(x - 1.5 * half, b.foot, x + 1.5 * half, b.foot + z + pedestal, 1.0, fill=0)
                pen.rectangle(x - 1.1 * half, b.foot + 0.1, x + 1.1 * half, b.foot + z + pedestal - 0.12, 0.8)
            if fluted:
                pen.hatch(
                    [(x - half, z + 0.3), (x + half, z + 0.3), (x + half, b.z1 - 0.7), (x - half, b.z1 - 0.7)], 5, 0.6, 90
                )
            if round_:
                pen.hatch([(x, z + 0.3), (x + half, z + 0.3), (x + half, b.z1 - 0.7), (x, b.z1 - 0.7)], 3, 0.7, 90)
    if rng.random() < 0.35:
        pen.rectangle(b.x0 - 0.06, 0, b.x1 + 0.06, float(rng.uniform(0.1, 0.6)), 1.0, fill=0)
    if rng.random() < 0.2:  # a panel below each window, as wide as it is
        deep = float(rng.uniform(0.3, 0.8))
        for x0, z0, x1, _ in holes:
            if free(x0, z0 - deep - 0.25, x1, z0 - 0.25) and z0 - deep - 0.25 > b.foot:
                pen.rectangle(x0, z0 - deep - 0.25, x1, z0 - 0.25, 0.9)
    for _ in range(int(rng.integers(0, 7))):  # panels and tablets
        w, h = float(rng.uniform(0.4, 2.0)), float(rng.uniform(0.2, 1.3))
        x, z = (
            float(rng.uniform(b.x0, max(b.x0 + 0.1, b.x1 - w))),
            float(rng.uniform(b.foot + 0.2, max(b.foot + 0.3, b.z1 - h))),
        )
        if free(x, z, x + w, z + h):
            pen.rectangle(x, z, x + w, z + h, float(rng.uniform(0.5, 1.1)))
            if rng.random() < 0.4:
                pen.rectangle(x + 0.08, z + 0.08, x + w - 0.08, z + h - 0.08, 0.7)
    if rng.random() < 0.12:  # a frieze of little arches or of ornament
        step, z = float(rng.uniform(0.25, 0.5)), b.z1 - float(rng.uniform(0.9, 1.4))
        if free(b.x0, z, b.x1, z + 1.3 * step):
            for x in np.arange(b.x0 + 0.05, b.x1 - step, step):
                pen.line(outline((x, z, x + 0.75 * step, z + 1.2 * step), str(rng.choice(["round", "oval", "pointed"]))), 0.8)


def piers_between(b: Body, holes: list[Box], half: float) -> list[float]:
    """Where a pilaster of a given half width finds room from the ground to the eaves: between openings and at the corners."""
    sides = sorted([(h[0], h[2]) for h in holes] + [(b.x1, b.x1)])
    found, end = [], b.x0
    for x0, x1 in sides:
        if x0 - end > 2 * half + 0.25:
            found += [(end + x0) / 2] if x0 - end < 8 * half else [end + 2 * half, x0 - 2 * half]
        end = max(end, x1)
    return found


def blocks(pen: Pen, bodies: list[Body], rng: np.random.Generator, holes: list[Box]) -> None:
    """Masonry that is cut at the sides, black or hatched, drainpipes, and steps at the foot."""
    width = max(b.x1 for b in bodies)
    if rng.random() < 0.1:
        for x0, x1 in ((-0.7, 0.0), (width, width + 0.7)):
            high = float(rng.uniform(2, 5))
            pen.rectangle(x0, 0, x1, high, 1.2, fill=255 if rng.random() < 0.6 else 0)
    if rng.random() < 0.12:
        x = float(rng.uniform(0.3, width - 0.3))
        if all(not h[0] - 0.2 < x < h[2] + 0.2 for h in holes):
            pen.rectangle(x - 0.05, 0, x + 0.05, bodies[-1].z1, 0.7, fill=0)


def staffage(pen: Pen, bodies: list[Body], rng: np.random.Generator, holes: list[Box]) -> None:
    """People, trees and lettering before the front; they stand clear of the openings."""
    width = max(b.x1 for b in bodies)
    for _ in range(int(rng.integers(0, 3))):
        x, high = float(rng.uniform(0, width)), float(rng.uniform(1.4, 2.4))
        if all(x + 0.5 < h[0] or x > h[2] for h in holes):
            body = [(x + 0.1, 0), (x + 0.3, 0), (x + 0.42, 0.75 * high), (x + 0.26, high), (x + 0.14, high), (x, 0.7 * high)]
            pen.fill(body, int(rng.integers(90, 255)))
    for _ in range(int(rng.integers(0, 4))):
        w, h = pen.size
        words = "SOUTH FRONT OF THE HALL SEEN FROM THE COURT"[int(rng.integers(0, 12)) :][: int(rng.integers(4, 22))]
        pen.text(
            words,
            w * float(rng.uniform(0.2, 0.8)),
            h * float(rng.choice([0.03, 0.5, 0.96])),
            float(rng.uniform(0.2, 0.6)) * pen.px_per_m,
            0.1,
        )
