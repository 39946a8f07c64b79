"""Fronts with oriels: walls of heavy string courses, bays on brackets, traceried little windows, buttresses full of carving.

front = oriel_front(rng); front.image, front.openings. So woodcuts of mosques, palaces and merchants' houses are drawn: in
heavy black, small, and so that an oriel's posts stand pale before the dark of its room. What is open between hood and parapet
counts, from post to post; brackets, balusters, carving on buttresses, domes and dark friezes under eaves do not.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from studio.samples.facade_bays import pierced
from studio.samples.facade_fronts import Front
from studio.samples.facade_holes import Box, outline
from studio.samples.pen import Pen

KINDS = ("oriel", "arch", "niche", "window")
EDGE = 0.8  # metres beside the wings, for cornices and hoods
PRINTED_PX = 1100  # a block's width, by which strokes are as thick as a graver leaves them, however large the house


def oriel_front(rng: np.random.Generator) -> Front:
    """One front of very many, 18 to 60 pixels to the metre; its two halves are drawn alike."""
    unit = float(np.exp(rng.uniform(np.log(18), np.log(60))))
    kinds = [str(k) for k in rng.choice(KINDS, int(rng.integers(1, 5)), p=(0.42, 0.2, 0.26, 0.12))]
    if "oriel" not in kinds and rng.random() < 0.7:
        kinds[0] = "oriel"
    bay = float(rng.uniform(2.4, 4.0))
    wing, middle = bay * len(kinds) + float(rng.uniform(0.2, 2.0)), float(rng.uniform(4.5, 10)) * (rng.random() < 0.75)
    side = float(rng.uniform(1.0, 2.4)) if middle and rng.random() < 0.7 else 0.0
    low = float(rng.uniform(4.5, 8.5))
    high = low * float(rng.uniform(1.0, 1.7)) if middle else low
    width = 2 * (wing + side) + middle + 2 * EDGE
    line = float(rng.uniform(0.7, 2.3)) * 50 * width / PRINTED_PX
    margins = [round(unit * rng.uniform(0.3, 2)) for _ in range(4)]
    pen = Pen(width, 1.5 * high + 2.5, unit, (margins[0], margins[1], margins[2], margins[3]))
    wings = (EDGE, EDGE + wing), (width - EDGE - wing, width - EDGE)
    _masses(pen, wings, (low, high), side, line, rng)
    found: list[Box] = []
    looks = {kind: _look(kind, bay, low, line, rng) for kind in KINDS}
    if rng.random() < 0.45:
        for x0, x1 in ((EDGE + 0.3 * wing, EDGE + wing), (width - EDGE - wing, width - EDGE - 0.3 * wing)):
            _eaves(pen, (x0, 0.78 * low, x1, 0.94 * low), line, rng)
    for k, kind in enumerate(kinds):
        x = EDGE + (wing - bay * len(kinds)) / 2 + (k + 0.5) * bay
        found += [looks[kind](pen, at) for at in (x, width - x) if rng.random() < 0.97]
    if middle:
        wide = float(rng.uniform(0.25, 0.5)) * middle
        found.append(_look("arch", wide / 0.55, high, line, rng)(pen, width / 2))
    if side:
        carving = np.random.default_rng(int(rng.integers(1 << 30)))
        for x in (wings[0][1], wings[1][0] - side):
            _buttress(pen, (x, 0, x + side, high * float(rng.uniform(1.0, 1.15))), line, carving)
    pen.line([(0, 0), (width, 0)], 2 * line)
    return _pulled(pen.sheet(), np.array([pen.box(b) for b in found], np.float64).reshape(-1, 4), rng)


# ---- walls and what is no opening
def _masses(
    pen: Pen,
    wings: tuple[tuple[float, float], tuple[float, float]],
    heights: tuple[float, float],
    side: float,
    line: float,
    rng: np.random.Generator,
) -> None:
    """Domes, and before them the walls of two wings and of what stands between them.

    Args:
        wings: from where to where each reaches; heights: of the wings and of the middle; side: a buttress's breadth.
    """
    (first, inner), (outer, last) = wings
    (low, high), wing, width = heights, inner - first, first + last
    has_middle = outer - inner > 0.1
    for x0, x1 in wings:
        _dome(pen, (x0 + x1) / 2 + float(rng.uniform(-1, 1)), low, float(rng.uniform(0.2, 0.4)) * wing, line, rng)
    if has_middle:
        _dome(pen, width / 2, high, float(rng.uniform(0.25, 0.5)) * (outer - inner - 2 * side), line, rng)
    levels = sorted(float(z) for z in rng.uniform(0.15, 0.9, int(rng.integers(1, 5))) * low)
    _wall(pen, (first, 0, last, low), levels, line, rng)
    if has_middle:
        box = inner + 0.3 * side, 0, outer - 0.3 * side, high
        _wall(pen, box, [*levels, low, 0.5 * (low + high)], line, rng)


def _wall(pen: Pen, box: Box, levels: list[float], line: float, rng: np.random.Generator) -> None:
    """A blank wall with its string courses, a plinth, a cornice, and teeth upon it."""
    x0, z0, x1, z1 = box
    pen.rectangle(x0, z0, x1, z1, line, fill=0)
    for z in levels:
        if z < z1 - 0.3:
            pen.line([(x0, z), (x1, z)], line)
            pen.line([(x0, z + 0.14), (x1, z + 0.14)], 0.8 * line)
    for k in range(int(rng.integers(1, 5))):
        reach = 0.3 - 0.07 * k
        pen.rectangle(x0 - reach, z1 - 0.16 * (k + 1), x1 + reach, z1 - 0.16 * k, line, fill=int(rng.choice([0, 0, 0, 160])))
    for k in range(int(rng.integers(0, 3))):
        pen.rectangle(x0 - 0.2 * (2 - k), 0.18 * k, x1 + 0.2 * (2 - k), 0.18 * (k + 1), line, fill=0)
    if rng.random() < 0.7:
        xs = np.arange(x0 - 0.2, x1 + 0.2, float(rng.uniform(0.12, 0.4)))
        high = float(rng.uniform(0.15, 0.5))
        pen.line([(float(x), z1 + (high if k % 2 else 0.03)) for k, x in enumerate(xs)], 1.2 * line)


def _dome(pen: Pen, x: float, z: float, radius: float, line: float, rng: np.random.Generator) -> None:
    """A dome hatched along its courses, a smaller one or a knob before it."""
    for r in (radius, radius * float(rng.uniform(0.3, 0.55)))[: int(rng.integers(1, 3))]:
        t = np.linspace(0, np.pi, 25)
        rise = float(rng.uniform(0.7, 1.0))
        shape = [(x + r * float(np.cos(v)), z + rise * r * float(np.sin(v))) for v in t]
        pen.fill(shape, 0)
        pen.hatch(shape, float(rng.uniform(3, 7)), line * float(rng.uniform(0.6, 1.6)), 0)
        pen.line(shape, 1.2 * line)
        pen.fill([(x - 0.3, z + rise * r), (x + 0.3, z + rise * r), (x, z + rise * r + 0.35)], 255)


def _eaves(pen: Pen, box: Box, line: float, rng: np.random.Generator) -> None:
    """A hood along a wall, and the dark frieze between posts that lies in its shadow."""
    x0, z0, x1, z1 = box
    m = z0 + 0.5 * (z1 - z0)
    pen.rectangle(x0, z0, x1, m, line, fill=int(rng.integers(120, 256)))
    for x in np.linspace(x0, x1, int(rng.integers(2, 6))):
        pen.rectangle(float(x) - 0.06, z0, float(x) + 0.06, m, 0.8 * line, fill=0)
    hood = [(x0 - 0.5, m), (x0, z1), (x1, z1), (x1 + 0.5, m)]
    pen.fill(hood, 0)
    pen.hatch(hood, float(rng.uniform(8, 20)), line * float(rng.uniform(1, 2.5)), 90)
    pen.line(hood, line, True)


def _buttress(pen: Pen, box: Box, line: float, rng: np.random.Generator) -> None:
    """A tower of mouldings and carved panels: niches, dark spots and rows of teeth, of which none is open."""
    x0, z0, x1, z1 = box
    m, z = (x0 + x1) / 2, z0
    while z < z1 - 0.1:
        high = float(rng.uniform(0.12, 1.1))
        half = (x1 - x0) / 2 * float(rng.uniform(0.8, 1.25)) * (1.0 + 0.4 * max(0.0, 0.15 - z / z1))
        pen.rectangle(m - half, z, m + half, min(z + high, z1), line, fill=0)
        number = int(rng.integers(1, 4)) if high > 0.5 else int(rng.integers(4, 12))
        for k in range(number):
            a, c = (m - half + 2 * half * (k + u) / number for u in (0.25, 0.75))
            form = "ogee" if high > 0.5 and rng.random() < 0.5 else "flat"
            head = outline((a, z + 0.15 * high, c, min(z + 0.85 * high, z1)), form)
            if rng.random() < 0.55:
                pen.fill(head, int(rng.integers(60, 256)))
            pen.line(head, 0.8 * line, True)
        z += high


# ---- openings
def _look(kind: str, bay: float, low: float, line: float, rng: np.random.Generator) -> Callable[[Pen, float], Box]:
    """How all openings of one kind are drawn on a front; what comes back draws one about an axis and returns its box."""
    seed = int(rng.integers(1 << 30))
    foot = float(rng.uniform(0.25, 0.4)) * low
    wide, tall = bay * float(rng.uniform(0.35, 0.62)), low * float(rng.uniform(0.16, 0.3))
    if kind == "arch":
        foot, wide, tall = 0.1, bay * float(rng.uniform(0.45, 0.65)), low * float(rng.uniform(0.45, 0.72))
    if kind in ("niche", "window"):
        wide, tall = bay * float(rng.uniform(0.18, 0.4)), low * float(rng.uniform(0.12, 0.25))
    draw = {"oriel": _oriel, "arch": _arch, "niche": _niche, "window": _niche}[kind]

    def one(pen: Pen, x: float) -> Box:
        box = x - wide / 2, foot, x + wide / 2, foot + tall
        draw(pen, box, line, np.random.default_rng(seed))
        return box

    return one


def _oriel(pen: Pen, box: Box, line: float, rng: np.random.Generator) -> None:
    """A bay that stands out on brackets: hood and crest, posts before a dark room, a parapet of balusters."""
    x0, z0, x1, z1 = box
    w, h = x1 - x0, z1 - z0
    out, post = float(rng.uniform(0.02, 0.25)) * w, float(rng.uniform(0.03, 0.14)) * w
    pen.rectangle(x0 - post, z0, x1 + post, z1, line, fill=0)
    _posts(pen, box, line, rng)
    low, high = z1 + float(rng.uniform(0, 0.12)) * h, z1 + float(rng.uniform(0.3, 0.7)) * h
    if rng.random() < 0.85:
        pen.rectangle(x0 - post, z1, x1 + post, low, line, fill=int(rng.choice([0, 0, 220])))
        inset = float(rng.uniform(0, 0.2)) * w
        hood = [(x0 - post - out, low), (x0 + inset, high), (x1 - inset, high), (x1 + post + out, low)]
        pen.fill(hood, 0)
        if rng.random() < 0.8:
            pen.hatch(hood, float(rng.uniform(4, 9)), line * float(rng.uniform(0.7, 1.5)), float(rng.choice([0, 0, 90])))
        pen.line(hood, 1.2 * line, True)
        xs = np.linspace(x0 + inset, x1 - inset, 2 * int(rng.integers(3, 10)) + 1)
        pen.line([(float(x), high + (0.15 * h if k % 2 else 0.02 * h)) for k, x in enumerate(xs)], 1.3 * line)
    deep = float(rng.uniform(0.1, 0.3)) * h
    pen.rectangle(x0 - post, z0 - deep, x1 + post, z0, line, fill=0)
    for x in np.linspace(x0 - post, x1 + post, int(rng.integers(8, 22))):
        pen.line([(float(x), z0 - 0.9 * deep), (float(x), z0 - 0.15 * deep)], line * float(rng.uniform(0.7, 1.3)))
    foot, top = max(0.1, z0 - deep - float(rng.uniform(0.3, 1.0)) * h), z0 - deep
    for k in range(int(rng.integers(0, 3))):
        pen.rectangle(x0 - post + 0.05 * k * w, top - 0.12, x1 + post - 0.05 * k * w, top, line, fill=0)
        top -= 0.12
    if top > foot + 0.1:
        number = int(rng.integers(2, 6))
        for k in range(number):
            a = x0 + (k + 0.1) * w / number
            pen.rectangle(a, foot, a + 0.5 * w / number, top, line, fill=int(rng.choice([0, 90, 255])))


def _posts(pen: Pen, box: Box, line: float, rng: np.random.Generator) -> None:
    """What is seen between hood and parapet: slats that the dark of the room swallows in its middle, a screen, or a hole."""
    x0, z0, x1, z1 = box
    w, h = x1 - x0, z1 - z0
    corners = [(x0, z0), (x1, z0), (x1, z1), (x0, z1)]
    way = rng.random()
    if way < 0.6:
        number, heart, reach = int(rng.integers(6, 15)), float(rng.uniform(0.35, 0.65)), float(rng.uniform(0.12, 0.5))
        least, most = float(rng.uniform(0.12, 0.4)), float(rng.uniform(0.6, 1.0))
        for k in range(number):
            u = (k + 0.5) / number
            dark = least + (most - least) * float(np.exp(-(((u - heart) / reach) ** 2)))
            a, foot = x0 + w * (u - 0.5 * dark / number), z0 + float(rng.uniform(0, 0.06)) * h
            c = x0 + w * (u + 0.5 * dark / number)
            pen.fill([(a, foot), (c, foot), (c, z1), (a, z1)], 255)
    elif way < 0.75:  # a hole between two or more pale posts at each side
        share = float(rng.uniform(0.15, 0.35))
        pen.fill([(x0 + share * w, z0), (x1 - share * w, z0), (x1 - share * w, z1), (x0 + share * w, z1)], 255)
        for side in (x0, x1 - share * w):
            for k in range(int(rng.integers(1, 5))):
                pen.rectangle(side + 0.2 * k * share * w, z0, side + (0.2 * k + 0.15) * share * w, z1, line, fill=0)
    elif way < 0.85:
        pierced(pen, box, z1, rng)
    else:
        pen.fill(corners, int(rng.integers(150, 256)))
    if rng.random() < 0.5:  # the hood's shadow
        drop = float(rng.uniform(0.04, 0.2)) * h
        pen.fill([(x0, z1 - drop), (x1, z1 - drop), (x1, z1), (x0, z1)], 255)
    pen.line(corners, line * float(rng.uniform(0.5, 1.3)), True)


def _niche(pen: Pen, box: Box, line: float, rng: np.random.Generator) -> None:
    """A little window, its jambs deep in shadow or blank, and in them a tracery that is no more than bars and blots."""
    x0, z0, x1, z1 = box
    w, h = x1 - x0, z1 - z0
    pen.rectangle(x0, z0, x1, z1, line * float(rng.uniform(0.6, 1.5)), fill=0)
    inset = float(rng.uniform(0, 0.2)) * w
    if rng.random() < 0.5:
        for a in (x0, x1 - inset):
            pen.fill([(a, z0), (a + inset, z0), (a + inset, z1), (a, z1)], int(rng.choice([120, 255])))
    pane = x0 + inset, z0 + float(rng.uniform(0, 0.12)) * h, x1 - inset, z1 - float(rng.uniform(0, 0.12)) * h
    shape = outline(pane, str(rng.choice(["flat", "round", "pointed", "ogee", "low"])))
    is_dark = rng.random() < 0.3
    pen.fill(shape, 255 if is_dark else 0)
    pen.line(shape, line, True)
    a, b, c, d = pane
    for _ in range(int(rng.integers(2, 9))):  # bars, bent as a small block leaves them
        u, v = rng.uniform(0.05, 0.95, 2)
        lean = float(rng.normal(0, 0.06))
        ends = ((a, b + u * (d - b)), (c, b + (u + lean) * (d - b))) if rng.random() < 0.5 else (
            (a + v * (c - a), b), (a + (v + lean) * (c - a), b + 0.8 * (d - b)))  # fmt: skip
        pen.line(ends, line * float(rng.uniform(0.6, 1.6)))
    for _ in range(int(rng.integers(0, 14))):
        u, v, r = float(rng.uniform(0.1, 0.9)), float(rng.uniform(0.05, 0.8)), float(rng.uniform(0.03, 0.12)) * w
        x, z = a + u * (c - a), b + v * (d - b)
        pen.fill([(x - r, z - r), (x + r, z - r), (x + r, z + r), (x - r, z + r)], 0 if is_dark else 255)
    m, s = (x0 + x1) / 2, float(rng.uniform(0.05, 0.3)) * w
    if rng.random() < 0.7:
        for k in range(int(rng.integers(1, 4))):
            half = (0.62 - 0.17 * k) * w
            pen.rectangle(m - half, z1 + 0.16 * k * w, m + half, z1 + 0.16 * (k + 1) * w, line, fill=0)
    if rng.random() < 0.6:
        pen.rectangle(x0 - s, z0 - 0.14, x1 + s, z0, line, fill=0)
        for x in (x0, x1):
            pen.fill([(x - 0.12 * w, z0 - 0.1), (x + 0.12 * w, z0 - 0.1), (x, z0 - 0.3)], 255)


def _arch(pen: Pen, box: Box, line: float, rng: np.random.Generator) -> None:
    """A deep arch in a frame with a round boss in each spandrel; strokes in its dark run down."""
    x0, z0, x1, z1 = box
    w = x1 - x0
    s = float(rng.uniform(0.02, 0.14)) * w
    pen.rectangle(x0 - s, z0, x1 + s, z1 + 1.5 * s + 0.1 * w, line, fill=0)
    for x in (x0 + 0.1 * w, x1 - 0.1 * w):
        if rng.random() < 0.8:
            pen.line(outline((x - 0.06 * w, z1 - 0.04 * w, x + 0.06 * w, z1 + 0.08 * w), "oval"), 2 * line, True)
    shape = outline(box, str(rng.choice(["pointed", "round", "ogee", "low"])))
    pen.fill(shape, int(rng.choice([0, 0, 200, 255])))
    pen.hatch(shape, float(rng.uniform(3, 6)), line * float(rng.uniform(0.7, 1.6)), 90, float(rng.uniform(0, 0.7)))
    pen.line(shape, line * float(rng.uniform(0.8, 2.2)), True)


# ---- the block
def _pulled(image: np.ndarray, boxes: np.ndarray, rng: np.random.Generator) -> Front:
    """The sheet as a worn block prints it, most often: lines that wander, run together and break, at few pixels."""
    if rng.random() < 0.7:
        k = float(np.clip(rng.uniform(650, 1400) / max(image.shape[:2]), 0.25, 1.0))
        image = cv2.resize(image, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        boxes = boxes * k
        h, w = image.shape[:2]
        drift = [cv2.GaussianBlur(rng.standard_normal((h, w), dtype=np.float32), (0, 0), 4.0) for _ in range(2)]
        dx, dy = (d / d.std() * float(rng.uniform(0.1, 0.9)) for d in drift)
        y, x = np.mgrid[:h, :w].astype(np.float32)
        image = cv2.remap(image, x + dx, y + dy, cv2.INTER_LINEAR, borderValue=(255, 255, 255))
        gray = cv2.GaussianBlur(image.max(2), (0, 0), float(rng.uniform(0.4, 1.0))).astype(np.float32)
        gray += float(rng.uniform(3, 14)) * cv2.GaussianBlur(rng.standard_normal((h, w), dtype=np.float32), (0, 0), 1.0) * 3.0
        cut = float(rng.uniform(140, 225))
        gray = np.clip((gray - cut) * float(rng.uniform(2, 8)) + 127, 0, 255)
        image = np.repeat(np.rint(gray).astype(np.uint8)[..., None], 3, 2)
    a, b, c, d = np.rint(boxes).astype(int).T
    return Front(image, tuple((int(p), int(q), int(r), int(s)) for p, q, r, s in zip(a, b, c, d, strict=True)))
