"""Fronts of no one house: wings, towers, storeys and rows of openings put together by lot, with all that is no opening.

front = any_front(rng); front.image, front.openings. Readers of elevations are trained on these: whatever a row of openings
looks like, its fellows look alike, and panels, courses, roofs, battlements and people do not count.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from studio.samples.facade_bays import piers, steps
from studio.samples.facade_body import Body, battlements, blocks, cornice, piers_between, roof, staffage, texture, trimmings
from studio.samples.facade_holes import Box, Look, any_look, draw_hole
from studio.samples.facade_orders import columns, rusticated, turret
from studio.samples.pen import Pen


@dataclass(frozen=True)
class Front:
    """A drawn front.

    Attributes:
        image: uint8 [H, W, 3], ink on white.
        openings: boxes of the clear openings, pixels; one may lie in another (a door in a blind arch).
    """

    image: np.ndarray
    openings: tuple[tuple[int, int, int, int], ...]


def any_front(rng: np.random.Generator) -> Front:
    """One front of very many, 20 to 75 pixels to the metre."""
    unit = float(np.exp(rng.uniform(np.log(20), np.log(70))))
    bodies = _bodies(rng)
    width, top = max(b.x1 for b in bodies), max(b.z1 + b.rise for b in bodies) + 1.0
    unit = min(unit, 2200 / width, 1800 / top)
    margins = [round(unit * rng.uniform(0.4, 3)) for _ in range(4)]
    pen = Pen(width, top, unit, (margins[0], margins[1], margins[2], margins[3]))
    looks = _pool(rng, bodies)
    found: list[Box] = []
    holes = [[*_rows(rng, b, looks), *_in_the_roof(rng, b, looks)] for b in bodies]
    for b in bodies:  # what is behind is drawn first
        roof(pen, b, rng)
        pen.rectangle(b.x0, 0, b.x1, b.z1, b.weight, fill=b.wash)
        texture(pen, b, rng)
    for b, rows in zip(bodies, holes, strict=True):
        trimmings(pen, b, rng, [h[0] for h in rows])
        _orders(pen, b, [h[0] for h in rows], rng)
        cornice(pen, b, rng)
        battlements(pen, b, rng)
        for box, look, inner in rows:
            if look.glazing == "leaves" and 0.2 < box[1] - b.foot < 1.4:
                steps(pen, box, b.foot)
            _porch(pen, box, [h[0] for h in rows], b, rng)
            draw_hole(pen, box, look, rng, b.wash)
            found.append(box)
            if inner is not None:
                draw_hole(pen, inner[0], inner[1], rng, b.wash)
                found.append(inner[0])
    _shade(pen, bodies, rng)
    blocks(pen, bodies, rng, found)
    staffage(pen, bodies, rng, found)
    pen.line([(-min(2, margins[0] / unit), 0), (width + min(2, margins[2] / unit), 0)], float(rng.uniform(0.8, 3)))
    _worn(pen, rng)
    return Front(pen.sheet(), tuple(pen.box(b) for b in found))


def _orders(pen: Pen, b: Body, holes: list[Box], rng: np.random.Generator) -> None:
    """Before one front in three: columns between its openings, stones with a bevel, or turrets at its corners."""
    wide, way = b.x1 - b.x0, rng.random()
    if way < 0.12 and b.z1 - b.foot > 3:
        top = b.z1 - 0.3 if rng.random() < 0.6 else b.foot + float(rng.uniform(0.4, 0.8)) * (b.z1 - b.foot)
        places = [x for x in piers_between(b, holes, 0.05 * (top - b.foot)) if all(x < h[0] or x > h[2] for h in holes)]
        columns(pen, places, b.foot + float(rng.choice([0, 0.3, 0.9])), top, rng)
    elif way < 0.22:
        if rng.random() < 0.5:  # the ground storey
            rusticated(pen, (b.x0, b.foot, b.x1, b.foot + float(rng.uniform(0.25, 1.0)) * (b.z1 - b.foot)), rng)
        else:
            half = float(rng.uniform(0.2, 0.45))
            for x in (b.x0 + half, *piers_between(b, holes, half), b.x1 - half):
                if all(x + half < h[0] - 0.1 or x - half > h[2] + 0.1 for h in holes):
                    rusticated(pen, (x - half, b.foot, x + half, b.z1 - 0.4), rng)
    elif way < 0.30 and wide > 4:
        across = float(rng.uniform(0.05, 0.1)) * wide
        top = float(rng.uniform(0.8, 1.05)) * (b.z1 + 0.9)
        for x in (b.x0 - 0.3 * across, b.x1 - 0.7 * across):
            if all(x + across < h[0] - 0.1 or x > h[2] + 0.1 for h in holes):
                turret(pen, (max(0.05, x), b.foot, x + across, top), rng)


def _porch(pen: Pen, box: Box, holes: list[Box], b: Body, rng: np.random.Generator) -> None:
    """Piers with panels beside one in four of what stands on the ground, where there is room for them."""
    x0, z0, x1, z1 = box
    if z0 - b.foot > 0.5 or z1 - z0 < 1.6 or rng.random() > 0.25:
        return
    wide, high = float(rng.uniform(0.25, 0.5)) * (x1 - x0), float(rng.uniform(0.75, 1.05)) * (z1 - z0)
    around = (x0 - wide - 0.3, z0, x1 + wide + 0.3, max(z1, z0 + high + 0.3))
    if around[0] > b.x0 and around[2] < b.x1 and around[3] < b.z1 and not any(_touch(around, h) for h in holes if h != box):
        piers(pen, box, wide, high, b.weight)


# ---- masses
def _bodies(rng: np.random.Generator) -> list[Body]:
    """The masses of a building, those behind first: one, a centre with wings, a hall with a tower, or a row of houses."""
    plan = str(rng.choice(["one", "wings", "tower", "row", "basilica"], p=(0.38, 0.27, 0.12, 0.11, 0.12)))

    def body(x0: float, wide: float, high: float, like: Body | None = None) -> Body:
        fresh = Body.by_lot(rng, x0, x0 + wide, high)
        return fresh if like is None else replace(like, x0=x0, x1=x0 + wide, z1=high)

    high = float(rng.uniform(4, 17))
    wide = float(rng.uniform(0.7, 2.6) * high + 3)
    if plan == "one":
        return [body(0, wide, high)]
    first = body(0, wide, high)
    if plan == "wings":
        side = float(rng.uniform(0.25, 0.8) if rng.random() < 0.7 else rng.uniform(0.07, 0.25)) * wide
        low = float(rng.uniform(0.5, 1.15)) * high
        left = body(0, side, low, first if rng.random() < 0.6 else None)
        return [left, replace(left, x0=side + wide, x1=2 * side + wide), replace(first, x0=side, x1=side + wide)]
    if plan == "tower":
        side = float(rng.uniform(0.2, 0.4)) * wide
        tower = body(wide, side, float(rng.uniform(1.3, 2.2)) * high, first if rng.random() < 0.6 else None)
        return [first, tower]
    if plan == "row":
        out, x = [first], wide
        for _ in range(int(rng.integers(1, 3))):
            part = float(rng.uniform(0.4, 1.0)) * wide
            out.append(body(x, part, float(rng.uniform(0.7, 1.3)) * high))
            x += part
        return out
    upper = body(0.22 * wide, 0.56 * wide, float(rng.uniform(1.3, 1.9)) * high, first if rng.random() < 0.7 else None)
    return [replace(upper, foot=high + first.rise, z1=high + first.rise + upper.z1 - high), first]


def _pool(rng: np.random.Generator, bodies: list[Body]) -> list[Look]:
    """The few looks of one draughtsman: the second is often the first with one thing changed."""
    bare = all(b.wall in ("plain", "wash") for b in bodies)
    wash = max(b.wash for b in bodies)
    first = any_look(rng, bare, wash)
    out = [first]
    for _ in range(int(rng.integers(1, 4))):
        other = any_look(rng, bare, wash)
        out.append(replace(other, filling=first.filling, dark=first.dark, outline=first.outline, weight=first.weight,
                           reveal=first.reveal) if rng.random() < 0.6 else other)  # fmt: skip
    return out


# ---- rows of openings
Row = list[tuple[Box, Look, tuple[Box, Look] | None]]
WAYS = ("windows", "pairs", "triple", "arcade", "slits", "shops", "niches", "oculi", "lonely", "none", "drum", "street")


def _rows(rng: np.random.Generator, b: Body, looks: list[Look]) -> Row:
    """All openings of a body, storey by storey; no two meet but a door in its arch."""
    out: Row = []
    width = b.x1 - b.x0
    if width < 2.2:  # a strip of wall between its neighbours
        return out
    bay = float(rng.uniform(1.5, 4.2))
    bays = int(np.clip(round(width / bay), 1, 11))
    level = b.foot
    if level < 0.1 and b.z1 > 4.5 and rng.random() < 0.3:
        cellar = _cellar(rng, b, bays, looks)
        out += cellar
        level = max((r[0][3] for r in cellar), default=level) + 0.2
    while b.z1 - level > 2.0:
        high = float(min(rng.uniform(2.6, 5.5), b.z1 - level))
        if b.z1 - level - high < 2.0:
            high = b.z1 - level
        low = level < 1.4
        weights = np.array((0.34, 0.07, 0.06, 0.10, 0.07, 0.09 * low, 0.08, 0.03 * (not low), 0.08, 0.06, 0.07, 0.16 * low))
        way = str(rng.choice(WAYS, p=weights / weights.sum()))
        if rng.random() < 0.3:
            bays = int(np.clip(round(width / float(rng.uniform(1.5, 4.2))), 1, 11))
        out += _row(rng, b, way, bays, level + (0.1 if low else 0.3), high - 0.6, looks, low)
        level += high
    return [r for k, r in enumerate(out) if not any(_touch(r[0], q[0]) for q in out[:k])]


def _row(rng, b: Body, way: str, bays: int, foot: float, high: float, looks: list[Look], low: bool) -> Row:
    look = looks[int(rng.integers(len(looks)))]
    width = b.x1 - b.x0
    if way == "drum":
        return _drum(rng, b, bays, foot + float(rng.uniform(0.1, 0.4)) * high, 0.5 * high, look)
    if way == "street":
        return _street(rng, b, foot, high, look)
    edge = float(rng.uniform(0.1, 0.8))
    centres = b.x0 + edge + (np.arange(bays) + 0.5) * (width - 2 * edge) / bays
    bay = (width - 2 * edge) / bays
    tall = float(rng.uniform(0.35, 0.9)) * high
    wide = float(np.clip(tall / rng.uniform(1.0, 2.6), 0.35, min(2.4, 0.72 * bay)))
    if look.glazing == "mullions":  # as many lights as find room; such windows are as wide as high
        wide = float(np.clip(tall * rng.uniform(0.6, 1.5), 0.6, max(0.6, 0.78 * bay)))
        look = replace(look, parts=(int(np.clip(round(wide / rng.uniform(0.35, 0.6)), 2, 6)), look.parts[1]))
    sill = foot + float(rng.uniform(0.1, 0.95)) * (high - tall)
    slim = float(rng.uniform(0.9, 1.3))
    out: Row = []
    arches = _arches(rng, way, bay, high, look, looks)
    door = int(rng.integers(bays)) if rng.random() < 0.5 else bays // 2
    if not (low and rng.random() < 0.75):
        door = -1

    def add(x: float, z: float, w: float, h: float, dress: Look, inner=None) -> None:
        s = float(rng.normal(0, 0.004)) * w if w > 0.5 else 0.0
        out.append(((x - w / 2 + s, z, x + w / 2 + s, z + h), dress, inner))

    for i, x in enumerate(centres):
        x = float(x)
        if i == door and way not in ("arcade", "shops"):
            w, h = float(rng.uniform(0.9, min(2.6, 0.8 * bay) if bay > 1.2 else 0.95)), float(rng.uniform(0.6, 0.98)) * high
            dress = replace(look, glazing=str(rng.choice(["leaves", "none", "leaves", "lintel", "curtain"])), sill=False,
                            head="flat" if look.head == "oval" else look.head, shutters=False)  # fmt: skip
            add(x, foot + float(rng.choice([0, 0, 0.15, 0.4])), w, h, dress)
        elif way == "none" or rng.random() < 0.05:
            continue
        elif way == "windows":
            dress = replace(look, glazing="none", filling="blank", outline=True) if rng.random() < 0.04 else look  # walled up
            add(x, sill, wide, min(tall, 1.5 * wide) if look.head == "oval" else tall, dress)
        elif way == "pairs":
            w = min(wide, 0.36 * bay)
            gap = w / 2 + float(rng.uniform(0.08, 0.3))
            dress = replace(look, step=min(look.step, 0.08), shutters=False, surround=_slim(look.surround))
            add(x - gap, sill, w, tall, dress)
            add(x + gap, sill, w, tall, dress)
        elif way == "triple":
            w = min(wide, 0.26 * bay)
            dress = replace(look, step=0.07, shutters=False, surround=_slim(look.surround))
            add(x, sill, 1.25 * w, tall, replace(dress, head="round" if rng.random() < 0.7 else look.head))
            for side in (-1, 1):
                add(x + side * (1.3 * w + 0.15), sill, 0.7 * w, 0.8 * tall, replace(dress, head="flat"))
        elif way == "slits":
            w, h = float(rng.uniform(0.15, 0.5)), float(rng.uniform(0.4, 1.3))
            dress = replace(look, filling="flat" if rng.random() < 0.6 else look.filling, glazing="none", shutters=False)
            add(x + float(rng.uniform(-0.3, 0.3)) * bay, foot + float(rng.uniform(0.2, max(0.3, high - h))), w, h, dress)
        elif way == "oculi":
            w = min(wide, 1.3)
            add(x, sill, w, w * slim, replace(look, head="oval", sill=False, shutters=False))
        elif way == "lonely":
            if rng.random() < 0.4:
                add(x + float(rng.uniform(-0.4, 0.4)), sill + float(rng.uniform(-0.2, 0.2)), wide, tall, look)
        else:
            out += arches(x, foot)
    return [r for r in out if r[0][3] < foot + high + 0.25 and r[0][0] > b.x0 + 0.05 and r[0][2] < b.x1 - 0.05]


def _drum(rng, b: Body, bays: int, foot: float, high: float, look: Look) -> Row:
    """A row around a curved wall: the farther from its middle, the narrower and the closer together."""
    m, radius = (b.x0 + b.x1) / 2, 0.5 * (b.x1 - b.x0) / 1.04
    n = int(np.clip(bays + 2, 3, 9))
    angles = np.radians(np.linspace(-72, 72, n))
    wide = float(rng.uniform(0.35, 0.7)) * radius * float(np.radians(144) / (n - 1))
    tall = float(min(rng.uniform(1.2, 2.4) * wide, 0.9 * high))
    dress = replace(look, step=min(look.step, 0.1 * wide), shutters=False, sill=False, surround=_slim(look.surround))
    if rng.random() < 0.6:  # the thickness of the wall is seen at one jamb
        dress = replace(dress, filling="blank", glazing="none", outline=True, reveal=float(rng.uniform(0.08, 0.25)), shadow=0)
    places = [(m + radius * float(np.sin(t)), 0.5 * wide * float(np.cos(t))) for t in angles]
    return [((x - half, foot, x + half, foot + tall), dress, None) for x, half in places if half > 0.12]


def _street(rng, b: Body, foot: float, high: float, look: Look) -> Row:
    """Shops of two widths under one lintel, and doors in their portals between them, as a street of an old town has them."""
    tall = float(rng.uniform(0.55, 0.98)) * high
    head = "flat" if rng.random() < 0.8 else "low"
    within = str(rng.choice(["gallery", "gallery", "gallery", "boards", "curtain", "railing", "none"]))
    shop = replace(look, head=head, glazing=within, filling="flat" if rng.random() < 0.7 else look.filling, sill=False,
                   shutters=False, surround=_slim(look.surround), step=0.08)  # fmt: skip
    door = replace(shop, surround=str(rng.choice(["portal", "portal", "moulded", "line"])), step=float(rng.uniform(0.1, 0.25)),
                   glazing=str(rng.choice(["leaves", "none", "none", "lights", "bars"])), reveal=float(rng.choice([0, 0.1])),
                   head="flat")  # fmt: skip
    widths = float(rng.uniform(0.5, 0.95)) * tall, float(rng.uniform(0.8, 1.25)) * tall
    out: Row = []
    x = b.x0 + float(rng.uniform(0.3, 1.2))
    while x < b.x1:
        is_door = rng.random() < 0.35
        w = float(rng.uniform(0.35, 0.5)) * tall if is_door else widths[int(rng.random() < 0.4)]
        h = float(rng.uniform(0.7, 0.92)) * tall if is_door else tall
        dress = door if is_door else shop if rng.random() < 0.8 else replace(shop, glazing="none")
        out.append(((x, foot, x + w, foot + h), dress, None))
        x += w + float(rng.uniform(0.5, 1.4)) * (1.0 + 0.4 * is_door)
    return [r for r in out if r[0][2] < b.x1 - 0.1 and r[0][3] < b.z1 - 0.3]


def _cellar(rng, b: Body, bays: int, looks: list[Look]) -> Row:
    """Low windows close to the ground, wider than high."""
    width = b.x1 - b.x0
    tall = float(rng.uniform(0.25, 0.7))
    wide = float(min(tall / rng.uniform(0.35, 1.0), 0.6 * width / bays))
    foot = float(rng.uniform(0.05, 0.35))
    if wide < tall * 0.35:
        return []
    look = looks[int(rng.integers(len(looks)))]
    look = replace(look, head="flat" if rng.random() < 0.7 else "low", sill=False, shutters=False, step=0.08,
                   surround=_slim(look.surround), parts=(int(rng.integers(2, 6)), 1),
                   glazing=str(rng.choice(["none", "bars", "cross", "grille", "mullions", "mullions", "pierced"])))  # fmt: skip
    door = bays // 2 if rng.random() < 0.6 else -1
    places = [b.x0 + (i + 0.5) * width / bays for i in range(bays) if i != door]
    return [((x - wide / 2, foot, x + wide / 2, foot + tall), look, None) for x in places]


def _in_the_roof(rng, b: Body, looks: list[Look]) -> Row:
    """Dormers, or a window in a gable."""
    look = looks[int(rng.integers(len(looks)))]
    look = replace(look, shutters=False, sill=False, glazing=look.glazing if look.glazing in ("bars", "cross") else "none")
    width, m = b.x1 - b.x0, (b.x0 + b.x1) / 2
    if b.roof == "pediment" and b.rise > 1.8 and rng.random() < 0.4:
        w = min(float(rng.uniform(0.12, 0.3)) * b.rise, 1.4)
        foot, tall = b.z1 + 0.22 * b.rise, min(float(rng.uniform(0.9, 1.6)) * w, 0.4 * b.rise)
        return [((m - w / 2, foot, m + w / 2, foot + tall), replace(look, surround=_slim(look.surround), step=0.08), None)]
    if b.roof not in ("hipped", "gabled") or b.rise < 1.8 or rng.random() > 0.3:
        return []
    w = float(rng.uniform(0.5, 1.1))
    tall = float(min(rng.uniform(0.8, 1.6) * w, 0.55 * b.rise))
    foot = b.z1 + float(rng.uniform(0.06, 0.22)) * b.rise
    n = int(np.clip(round(0.5 * width / rng.uniform(1.8, 4)), 1, 6))
    dress = replace(look, surround="dormer", head=look.head if look.head in ("flat", "round", "low") else "flat")
    places = [b.x0 + 0.25 * width + (i + 0.5) * 0.5 * width / n for i in range(n)]
    return [((x - w / 2, foot, x + w / 2, foot + tall), dress, None) for x in places]


def _slim(surround: str) -> str:
    return surround if surround in ("none", "line") else "line"


def _arches(rng, way: str, bay: float, high: float, look: Look, looks: list[Look]) -> Callable[[float, float], Row]:
    """What fills the bays of an arcade, of shop fronts or of blind arches: given its middle and its foot, one bay of it."""
    w = float(np.clip(rng.uniform(0.6, 0.88) * bay, 0.5, 4.5))
    h = float(min(high, rng.uniform(1.1, 2.3) * w))
    arch = str(rng.choice(["round", "round", "round", "pointed", "basket", "horseshoe", "ogee", "flat"]))
    plain = replace(look, head=arch, sill=False, shutters=False, glazing="none", step=min(look.step, 0.16 * (bay - w) + 0.05))
    if way == "shops":
        within = ["railing", "leaves", "none", "bars", "curtain", "boards", "boards", "boards"]
        head, reveal = ("flat" if rng.random() < 0.7 else "low"), float(rng.choice([0, 0.1]))
        shop = replace(plain, head=head, reveal=reveal, glazing=str(rng.choice(within)))

        def shop_at(x: float, foot: float) -> Row:
            dress = replace(shop, glazing=str(rng.choice(within))) if rng.random() < 0.3 else shop
            return [((x - w / 2, foot, x + w / 2, foot + h), dress, None)]

        return shop_at
    if way == "arcade" and rng.random() < 0.75:
        return lambda x, foot: [((x - w / 2, foot, x + w / 2, foot + h), plain, None)]
    filling = "blank" if rng.random() < 0.6 else str(rng.choice(["level", "slanted", "graded"]))
    blind = replace(plain, filling=filling, outline=True, dark=90, stroke=0.7, spacing=5.0)
    inside = looks[int(rng.integers(len(looks)))]
    inside = replace(inside, outline=True, sill=False, shutters=False, surround=_slim(inside.surround), step=0.06)
    iw = float(rng.uniform(0.15, 0.55)) * w
    ih = float(min(rng.uniform(1.0, 2.2) * iw, 0.55 * h))
    lift = 0.0 if rng.random() < 0.4 else float(rng.uniform(0.1, 0.6)) * (h - ih)
    share = float(rng.choice([0, 0.2, 0.9, 1]))

    def bay_at(x: float, foot: float) -> Row:
        box = (x - w / 2, foot, x + w / 2, foot + h)
        if rng.random() > share:
            return [(box, blind, None)]
        return [(box, blind, ((x - iw / 2, foot + lift, x + iw / 2, foot + lift + ih), inside))]

    return bay_at


def _touch(a: Box, b: Box) -> bool:
    gap = 0.12
    return min(a[2], b[2]) > max(a[0], b[0]) - gap and min(a[3], b[3]) > max(a[1], b[1]) - gap


# ---- the sheet
def _shade(pen: Pen, bodies: list[Body], rng: np.random.Generator) -> None:
    """The shadow of one mass on another, hatched over walls and openings alike, and a wash over a whole front."""
    if rng.random() < 0.2:
        b = bodies[int(rng.integers(len(bodies)))]
        cut = b.x0 + float(rng.uniform(0.2, 1.0)) * (b.x1 - b.x0)
        pen.hatch(
            [(b.x0, 0), (cut, 0), (cut - 0.2, b.z1), (b.x0, b.z1)],
            float(rng.uniform(3, 6)),
            0.7,
            float(rng.choice([45, 60, 0, 90])),
        )
    if rng.random() < 0.12:
        ink = pen.tone.astype(np.float32)
        y = np.linspace(0, 1, len(ink), dtype=np.float32)[:, None]
        pen.tone[:] = np.maximum(ink, float(rng.uniform(20, 70)) * y).astype(np.uint8)


def _worn(pen: Pen, rng: np.random.Generator) -> None:
    """A pen that skips and a plate that is worn: ink fails in spots."""
    if rng.random() < 0.35:
        h, w = pen.tone.shape
        k = int(rng.integers(2, 8))
        grain = cv2.resize(
            rng.random((h // (3 * k) + 1, w // (3 * k) + 1), dtype=np.float32), (w, h), interpolation=cv2.INTER_LINEAR
        )
        pen.tone[grain < float(rng.uniform(0.05, 0.2))] = 0
