"""One opening of an elevation in any dress: its head, what is seen in it, what parts the light, what stands around it.

A Look says how the openings of a row are drawn; `any_look` draws one by lot, `draw_hole` puts it into its box. Everything
within the box belongs to the opening, everything around it does not, so the box stays the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from studio.samples.facade_bays import balcony, boards, crest, dormer, gallery, mullions, oriel, pierced, portal
from studio.samples.facade_orders import stones
from studio.samples.pen import Pen

Points = list[tuple[float, float]]
Box = tuple[float, float, float, float]

HEADS = ("flat", "round", "low", "pointed", "basket", "horseshoe", "ogee", "trefoil", "oval")
FILLINGS = ("blank", "flat", "level", "upright", "slanted", "crossed", "ragged", "grained", "graded", "halved", "swelling")
GLAZING = ("none", "bars", "cross", "lattice", "tracery", "lights", "leaves", "louvres", "grille", "lintel", "curtain",
           "railing", "boards", "mullions", "pierced", "gallery")  # fmt: skip
SURROUNDS = ("none", "line", "moulded", "ring", "voussoirs", "blocks", "eared", "aedicule", "relieving", "label", "balcony",
             "dormer", "oriel", "portal", "crest", "stones")  # fmt: skip


@dataclass(frozen=True)
class Look:
    """How the openings of one row are drawn.

    Attributes:
        head: one of HEADS; filling: of FILLINGS; glazing: of GLAZING; surround: of SURROUNDS.
        dark: tone of flat fillings, 0 = paper … 255 = ink.
        parts: upright and level divisions of the glazing.
        step: breadth of the surround, metres.
        spacing, stroke: of hatched fillings, pixels at 50 px/m.
        sill, keystone, shutters, outline: whether they are drawn.
        reveal: share of the width that the jamb's shadow takes, 0 = none; shadow: its tone, 0 = a line shows where it ends.
        weight: of the pen.
    """

    head: str = "flat"
    filling: str = "flat"
    glazing: str = "none"
    surround: str = "line"
    dark: int = 200
    parts: tuple[int, int] = (2, 3)
    step: float = 0.15
    spacing: float = 3.0
    stroke: float = 1.1
    sill: bool = False
    keystone: bool = False
    shutters: bool = False
    outline: bool = True
    reveal: float = 0.0
    shadow: int = 225
    weight: float = 1.0


def any_look(rng: np.random.Generator, bare: bool, wash: int = 0) -> Look:
    """One look of very many.

    Args:
        bare: the wall around is blank paper or an even wash, so that a blank opening needs an outline to be one.
        wash: tone of that wall; a flat filling is darker than it.
    """
    head = str(rng.choice(HEADS, p=(0.34, 0.24, 0.08, 0.11, 0.04, 0.05, 0.04, 0.04, 0.06)))
    filling = str(rng.choice(FILLINGS, p=(0.24, 0.21, 0.09, 0.09, 0.05, 0.07, 0.06, 0.06, 0.05, 0.04, 0.04)))
    surround = str(rng.choice(SURROUNDS, p=_SURROUNDED))
    outline = bool(rng.random() < 0.85 or filling == "blank")
    blank = filling == "blank" and bare
    return Look(
        head=head, filling=filling, glazing=str(rng.choice(GLAZING, p=_GLAZED[1 if blank else 0])), surround=surround,
        dark=int(rng.integers(max(90, min(wash + 70, 225)), 256)), parts=(int(rng.integers(1, 5)), int(rng.integers(1, 6))),
        step=float(rng.uniform(0.07, 0.4)), spacing=float(rng.uniform(2.1, 4.6)), stroke=float(rng.uniform(0.8, 1.6)),
        sill=bool(rng.random() < 0.4), keystone=bool(rng.random() < 0.15), shutters=bool(rng.random() < 0.07), outline=outline,
        reveal=float(rng.choice([0, 0, rng.uniform(0.06, 0.22)])), weight=float(rng.uniform(0.6, 1.7)),
        shadow=225 if rng.random() < 0.6 else 0,
    )  # fmt: skip


_SURROUNDED = (0.15, 0.12, 0.12, 0.07, 0.08, 0.05, 0.05, 0.07, 0.07, 0.04, 0.03, 0, 0.06, 0.02, 0.03, 0.04)
_GLAZED = (
    (0.28, 0.17, 0.06, 0.05, 0.06, 0.06, 0.06, 0.04, 0.04, 0.05, 0.03, 0.02, 0.01, 0.03, 0.04, 0),
    (0.23, 0.18, 0.07, 0.05, 0.07, 0.06, 0.08, 0.03, 0.04, 0.05, 0.02, 0.01, 0.01, 0.06, 0.04, 0),
)


# ---- outlines
def outline(box: Box, head: str) -> Points:
    """Of a clear opening, from the foot of the left jamb over the head to that of the right one; the crown touches the box."""
    x0, z0, x1, z1 = box
    half, middle, tall = (x1 - x0) / 2, (x0 + x1) / 2, z1 - z0
    if head == "flat":
        return [(x0, z0), (x0, z1), (x1, z1), (x1, z0)]
    t = np.linspace(-1, 1, 41)
    if head == "oval":
        a = np.linspace(0, 2 * np.pi, 49)
        return [(middle + half * float(np.cos(v)), (z0 + z1) / 2 + tall / 2 * float(np.sin(v))) for v in a]
    rise = min({"round": half, "low": 0.35 * half, "pointed": 1.55 * half, "basket": 0.7 * half, "horseshoe": 1.35 * half,
                "ogee": 1.5 * half, "trefoil": 1.1 * half}[head], 0.7 * tall)  # fmt: skip
    if head == "horseshoe":
        a = np.linspace(np.pi * 1.17, -np.pi * 0.17, 41)
        up = (np.sin(a) - np.sin(a).min()) / (1 - np.sin(a).min())
        neck = half * 0.86
        arch = [(middle + half * float(np.cos(v)), z1 - rise + rise * float(u)) for v, u in zip(a, up, strict=True)]
        return [(middle - neck, z0), (middle - neck, z1 - rise), *arch, (middle + neck, z1 - rise), (middle + neck, z0)]
    bow = {"round": np.sqrt(np.maximum(0, 1 - t**2)), "low": 1 - t**2, "basket": np.maximum(0, 1 - np.abs(t) ** 3) ** 0.5,
           "pointed": np.sqrt(np.maximum(0, 4 - (1 + np.abs(t)) ** 2)) / 1.732,
           "ogee": 0.62 * np.sqrt(np.maximum(0, 1 - t**2)) + 0.38 * np.maximum(0, 1 - np.abs(t)) ** 2,
           "trefoil": np.maximum(0.9 * np.sqrt(np.maximum(0, 1 - (t / 0.62) ** 2)) + 0.1 * (np.abs(t) < 0.62),
                                 0.55 * np.sqrt(np.maximum(0, 1 - ((np.abs(t) - 0.6) / 0.4) ** 2)))}[head]  # fmt: skip
    bow = bow / bow.max()
    return [(x0, z0), *[(middle + half * float(u), z1 - rise + rise * float(v)) for u, v in zip(t, bow, strict=True)], (x1, z0)]


def grown(box: Box, step: float, foot: float = 0.0) -> Box:
    """The box with a margin at its sides and above, and `foot` below."""
    return box[0] - step, box[1] - foot, box[2] + step, box[3] + step


# ---- one opening
def draw_hole(pen: Pen, box: Box, look: Look, rng: np.random.Generator, wall: int = 0) -> None:
    """Draw one opening with its surround; `wall` is the tone that the surround is laid on, 0…255."""
    _surround(pen, box, look, wall)
    shape = outline(box, look.head)
    pen.fill(shape, 0)
    _filling(pen, box, shape, look, rng)
    if look.reveal:
        _reveal(pen, box, look)
    _glazing(pen, box, shape, look, rng)
    if look.outline:
        pen.line(shape, 1.2 * look.weight, look.head == "oval" or rng.random() < 0.8)


def _filling(pen: Pen, box: Box, shape: Points, look: Look, rng: np.random.Generator) -> None:
    x0, z0, x1, z1 = box
    if look.filling == "flat":
        pen.fill(shape, look.dark)
    elif look.filling in ("level", "upright", "slanted", "crossed"):
        for degrees in {"level": (0,), "upright": (90,), "slanted": (45,), "crossed": (0, 90)}[look.filling]:
            pen.hatch(shape, look.spacing, look.stroke, degrees)
    elif look.filling == "ragged":  # strokes hang from the head and end where the draughtsman lifted his pen
        for x in np.arange(x0 + 0.03, x1 - 0.02, 0.02 * look.spacing):
            top = _crown(box, look.head, x)
            pen.line([(x, top), (x, top - rng.uniform(0.5, 1.0) * (top - z0))], look.stroke)
    elif look.filling == "swelling":  # strokes grow thicker towards the middle, where a hole is deepest
        for x in np.arange(x0 + 0.02, x1, 0.02 * look.spacing):
            thick = look.stroke * (0.6 + 1.2 * (1 - abs(2 * (x - x0) / (x1 - x0) - 1)))
            pen.line([(x, z0), (x, _crown(box, look.head, float(x)))], thick)
    elif look.filling == "grained":  # ink rubbed or printed with flaws
        pen.fill(shape, 255)
        _specks(pen, shape, rng)
    elif look.filling == "graded":
        for k in range(8):
            a = z0 + (z1 - z0) * k / 8
            pen.fill(_cut(shape, a), int(look.dark * (0.3 + 0.7 * k / 7)))
    elif look.filling == "halved":  # the lower part is closed, or light falls in
        pen.fill(shape, int(rng.integers(20, 90)))
        cut = z0 + rng.uniform(0.3, 0.7) * (z1 - z0)
        pen.fill(_cut(shape, cut), look.dark)


def _cut(shape: Points, level: float) -> Points:
    """What of a shape lies above a level."""
    return [(x, max(z, level)) for x, z in shape]


def _specks(pen: Pen, shape: Points, rng: np.random.Generator) -> None:
    """Paper shows through a black filling."""
    xs, zs = [p[0] for p in shape], [p[1] for p in shape]
    for _ in range(int(30 * (max(xs) - min(xs)) * (max(zs) - min(zs))) + 6):
        x, z = rng.uniform(min(xs), max(xs)), min(zs) + rng.random() ** 2 * (max(zs) - min(zs))
        s = rng.uniform(0.01, 0.04)
        if z + s < _crown_of(shape, x):
            pen.fill([(x, z), (x + s, z), (x + s, z + s), (x, z + s)], 0)


def _crown_of(shape: Points, x: float) -> float:
    return max((z for px, z in shape if abs(px - x) < 0.12), default=min(p[1] for p in shape))


def _crown(box: Box, head: str, x: float) -> float:
    """Height of an opening's outline above x."""
    x0, z0, x1, z1 = box
    if head == "flat":
        return z1
    u = abs(2 * (x - x0) / (x1 - x0) - 1)
    if head == "oval":
        return (z0 + z1) / 2 + (z1 - z0) / 2 * float(np.sqrt(max(0.0, 1 - u * u)))
    rise = min((x1 - x0) * 0.5, 0.7 * (z1 - z0))
    return z1 - rise + rise * float(np.sqrt(max(0.0, 1 - u * u))) * 0.96


def _reveal(pen: Pen, box: Box, look: Look) -> None:
    """The jamb's and the lintel's shadow, light from the upper left."""
    x0, z0, x1, z1 = box
    r = look.reveal * (x1 - x0)
    if not look.shadow:
        pen.line(outline((x0 + r, z0, x1, z1 - r), look.head), 0.8 * look.weight)
        return
    crown = z1 if look.head == "flat" else z1 - 0.5 * (x1 - x0)
    if crown > z0:
        pen.fill([(x0, z0), (x0, crown), (x0 + r, crown), (x0 + r, z0)], look.shadow)
    if look.head == "flat":
        pen.fill([(x0, z1), (x1, z1), (x1, z1 - r), (x0, z1 - r)], look.shadow)


def _glazing(pen: Pen, box: Box, shape: Points, look: Look, rng: np.random.Generator) -> None:
    x0, z0, x1, z1 = box
    w, h = x1 - x0, z1 - z0
    pale = look.filling not in ("blank",)  # bars stand out light on dark
    spring = z1 - (0 if look.head == "flat" else min(0.5 * w, 0.6 * h))
    across, down = look.parts

    def bar(a: tuple[float, float], c: tuple[float, float]) -> None:
        pen.line([a, c], 2.6 if pale else 0.8)
        if pale:
            _pale(pen, a, c)

    if look.glazing in ("bars", "cross", "lights"):
        if look.glazing == "cross":
            across, down = 2, 2
        if look.glazing == "lights":
            down = 1
        for k in range(1, across):
            x = x0 + w * k / across
            bar((x, z0), (x, _crown(box, look.head, x)))
        for k in range(1, down):
            z = z0 + (0.62 if look.glazing == "cross" else k / down) * h
            if z < spring:
                bar((x0, z), (x1, z))
    elif look.glazing == "lattice":
        gap = max(0.14, w / 7)
        pen.hatch(shape, gap * 50, 0.7, 45)
        pen.hatch(shape, gap * 50, 0.7, 135)
    elif look.glazing == "tracery" and look.head != "oval":
        n = 2 if w < 1.6 else int(rng.integers(2, 4))
        for k in range(n):
            light = (x0 + w * (k + 0.08) / n, z0 + 0.03 * h, x0 + w * (k + 0.92) / n, z0 + 0.66 * h)
            pen.line(outline(light, "pointed" if look.head != "round" else "round"), 1.0)
        r = 0.17 * w
        pen.line(outline((x0 + w / 2 - r, z0 + 0.7 * h, x0 + w / 2 + r, z0 + 0.7 * h + 2 * r), "oval"), 1.0)
    elif look.glazing == "leaves":
        _leaves(pen, box, spring, look)
    elif look.glazing == "louvres":
        pen.hatch(shape, 5.0, 1.0, 0)
        pen.line([(x0 + w / 2, z0), (x0 + w / 2, spring)], 1.2)
    elif look.glazing == "grille":
        for x in np.arange(x0 + w / 7, x1 - 0.02, w / 7):
            bar((x, z0), (x, _crown(box, look.head, float(x))))
    elif look.glazing == "lintel":
        z = spring if look.head != "flat" else z1 - 0.25 * h
        pen.line([(x0, z), (x1, z)], 1.1 * look.weight)
    elif look.glazing == "curtain":
        for side in (-1, 1):
            edge, fold = (x0, x0 + 0.45 * w) if side < 0 else (x1, x1 - 0.45 * w)
            pen.fill([(edge, spring), (fold, spring), (edge + (fold - edge) * 0.3, z0), (edge, z0)], 25)
            pen.line([(fold, spring), (edge + (fold - edge) * 0.3, z0)], 0.9)
    elif look.glazing == "boards":
        boards(pen, box, spring, rng)
    elif look.glazing == "mullions":
        mullions(pen, box, spring, look.parts, look.weight)
    elif look.glazing == "pierced":
        pierced(pen, box, spring, rng)
    elif look.glazing == "gallery":
        gallery(pen, box, spring, rng)
    elif look.glazing == "railing":
        rail = z0 + rng.uniform(0.25, 0.55) * h
        pen.rectangle(x0 + 0.02, z0 + 0.02, x1 - 0.02, rail - 0.1 * h, 0.7, fill=int(rng.integers(0, 60)))
        pen.rectangle(x0, rail, x1, rail + 0.14 * h, 1.0, fill=0)
        for x in np.arange(x0, x1 - 0.2 * w, 0.2 * w):
            pen.line([(x, rail), (x + 0.2 * w, rail + 0.14 * h)], 0.8)
            pen.line([(x, rail + 0.14 * h), (x + 0.2 * w, rail)], 0.8)


def _pale(pen: Pen, a: tuple[float, float], c: tuple[float, float]) -> None:
    """A bar of bare paper between two points."""
    half = 0.025
    if abs(a[0] - c[0]) < abs(a[1] - c[1]):
        pen.fill([(a[0] - half, a[1]), (a[0] + half, a[1]), (c[0] + half, c[1]), (c[0] - half, c[1])], 0)
    else:
        pen.fill([(a[0], a[1] - half), (a[0], a[1] + half), (c[0], c[1] + half), (c[0], c[1] - half)], 0)


def _leaves(pen: Pen, box: Box, spring: float, look: Look) -> None:
    """A door's or a shutter's two panelled leaves, a light above them."""
    x0, z0, x1, z1 = box
    top = spring if look.head != "flat" else z0 + 0.8 * (z1 - z0)
    middle = (x0 + x1) / 2
    pen.line([(middle, z0), (middle, top)], 1.1)
    pen.line([(x0, top), (x1, top)], 1.1)
    rows = max(1, look.parts[1] - 1)
    for a, c in ((x0, middle), (middle, x1)):
        for k in range(rows):
            low, high = z0 + (top - z0) * (k + 0.12) / rows, z0 + (top - z0) * (k + 0.88) / rows
            pen.rectangle(a + 0.14 * (c - a), low, c - 0.14 * (c - a), high, 0.8)


# ---- what stands around it
def _surround(pen: Pen, box: Box, look: Look, wall: int) -> None:
    x0, z0, x1, z1 = box
    w, s, head = x1 - x0, min(look.step, 0.35 * (x1 - x0) + 0.03), look.head
    foot = s if head == "oval" else 0.0
    kind = look.surround
    steps = {"line": (s,), "moulded": (s, 0.66 * s, 0.3 * s), "ring": (1.3 * s, 0.65 * s)}.get(kind, ())
    for step in steps:
        points = outline(grown(box, step, foot and step), head)
        pen.fill(points, wall // 3)
        pen.line(points, 0.9 * look.weight, head == "oval")
    if kind in ("ring", "voussoirs"):
        reach = 1.3 * s if kind == "ring" else max(s, 0.2)
        outer, inner = outline(grown(box, reach, foot and reach), head), outline(box, head)
        if kind == "voussoirs":
            pen.fill(outer, wall // 3)
            pen.line(outer, 0.8 * look.weight, head == "oval")
        _joints(pen, inner, outer, look)
    if kind == "blocks":
        for k, z in enumerate(np.arange(z0, z1 - 0.1, 0.3)):
            reach = s * (1.5 if k % 2 else 0.9)
            for a, c in ((x0 - reach, x0), (x1, x1 + reach)):
                pen.rectangle(a, z, c, min(z + 0.3, z1), 0.9 * look.weight, fill=wall // 3)
    if kind == "eared":
        points = [(x0 - s, z0), (x0 - s, z1 - 0.3 * w), (x0 - 1.6 * s, z1 - 0.3 * w), (x0 - 1.6 * s, z1 + s),
                  (x1 + 1.6 * s, z1 + s), (x1 + 1.6 * s, z1 - 0.3 * w), (x1 + s, z1 - 0.3 * w), (x1 + s, z0)]  # fmt: skip
        pen.fill(points, wall // 3)
        pen.line(points, 0.9 * look.weight)
    if kind == "dormer":
        dormer(pen, box, look.weight)
    built = {"balcony": balcony, "oriel": oriel, "portal": portal, "crest": crest, "stones": stones}.get(kind)
    if built is not None:
        built(pen, box, s, look.weight)
    if kind == "aedicule":
        _aedicule(pen, box, s, look)
    if kind == "relieving":  # a ring of bricks that spans the opening at a distance, as rubble walls have it
        arch = (x0 - 0.6 * s - 0.1, z1 - 0.3 * w, x1 + 0.6 * s + 0.1, z1 + 0.35 * w + s)
        inner, outer = outline(arch, "round")[1:-1], outline(grown(arch, 0.25), "round")[1:-1]
        _joints(pen, inner, outer, look)
    if kind == "label":
        pen.line([(x0 - s, z1 - 0.2 * w), (x0 - s, z1 + s), (x1 + s, z1 + s), (x1 + s, z1 - 0.2 * w)], 1.3 * look.weight)
    if look.keystone and head != "oval":
        m = (x0 + x1) / 2
        key = [(m - 0.08 * w, z1), (m - 0.12 * w, z1 + 0.3), (m + 0.12 * w, z1 + 0.3), (m + 0.08 * w, z1)]
        pen.fill(key, 0)
        pen.line(key, 0.9, True)
    if look.sill:
        pen.rectangle(x0 - 0.14, z0 - 0.14, x1 + 0.14, z0, 0.9 * look.weight, fill=0)
    if look.shutters and head in ("flat", "low"):
        for a, c in ((x0 - 0.5 * w, x0), (x1, x1 + 0.5 * w)):
            pen.rectangle(a, z0, c, z1, 0.9, fill=0)
            pen.hatch([(a + 0.05, z0), (c - 0.05, z0), (c - 0.05, z1), (a + 0.05, z1)], 4.5, 0.8, 0)


def _joints(pen: Pen, inner: Points, outer: Points, look: Look) -> None:
    if len(inner) > 4:
        for p, q in zip(inner[1:-1:2], outer[1:-1:2], strict=False):
            pen.line([p, q], 0.9 * look.weight)
    else:
        (x0, z0), (x1, _) = inner[1], inner[2]
        for u in np.linspace(0, 1, 9):
            pen.line([(x0 + u * (x1 - x0), z0), (outer[1][0] + u * (outer[2][0] - outer[1][0]), outer[1][1])], 0.8)


def _aedicule(pen: Pen, box: Box, s: float, look: Look) -> None:
    """Two columns or pilasters that carry an entablature, and a gable or a bow upon it."""
    x0, z0, x1, z1 = box
    s = max(s, 0.16)
    for a, c in ((x0 - 1.3 * s, x0 - 0.2 * s), (x1 + 0.2 * s, x1 + 1.3 * s)):
        pen.rectangle(a, z0, c, z1, 0.9 * look.weight, fill=0)
        pen.rectangle(a - 0.04, z1 - 0.12, c + 0.04, z1, 0.8, fill=0)
    pen.rectangle(x0 - 1.5 * s, z1, x1 + 1.5 * s, z1 + s, 1.0 * look.weight, fill=0)
    rise = 0.28 * (x1 - x0 + 3 * s)
    if look.keystone:
        pen.line(outline((x0 - 1.5 * s, z1 + s, x1 + 1.5 * s, z1 + s + rise), "low"), 1.0, True)
    else:
        pen.line([(x0 - 1.6 * s, z1 + s), ((x0 + x1) / 2, z1 + s + rise), (x1 + 1.6 * s, z1 + s)], 1.1, True)
