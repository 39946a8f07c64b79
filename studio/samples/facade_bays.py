"""What is built for one opening: dormers, balconies, hoods, portals, steps, boards and galleries of shops, screens, piers."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from studio.samples.pen import Pen

Box = tuple[float, float, float, float]


def dormer(pen: Pen, box: Box, weight: float) -> None:
    """Cheeks and a gable around a window that stands in a roof; paper over the tiles."""
    x0, z0, x1, z1 = box
    w = x1 - x0
    cheek, rise = 0.18 * w, 0.35 * w
    walls = [(x0 - cheek, z0 - 0.1), (x0 - cheek, z1 + cheek), (x1 + cheek, z1 + cheek), (x1 + cheek, z0 - 0.1)]
    gable = [(x0 - 1.8 * cheek, z1 + cheek), ((x0 + x1) / 2, z1 + cheek + rise), (x1 + 1.8 * cheek, z1 + cheek)]
    for points in (walls, gable):
        pen.fill(points, 0)
        pen.line(points, weight, True)


def mullions(pen: Pen, box: Box, spring: float, parts: tuple[int, int], weight: float) -> None:
    """Lights that each have an outline of their own, stone mullions and a transom left between them.

    Args:
        spring: height over which no light rises; parts: lights beside one another, and rows of them.
    """
    x0, z0, x1, _ = box
    across, down = max(2, parts[0]), min(max(1, parts[1] - 1), 3)
    wide, high = (x1 - x0) / across, (spring - z0) / down
    gap = min(0.12 * wide, 0.1)
    for i in range(across):
        for k in range(down):
            a, low = x0 + i * wide + gap, z0 + k * high + gap
            pen.rectangle(a, low, a + wide - 2 * gap, low + high - 2 * gap, 0.9 * weight)


def pierced(pen: Pen, box: Box, crown: float, rng: np.random.Generator) -> None:
    """A screen of stone or wood: holes in rows, upright slats, or a net of bars, in a frame.

    Args:
        crown: height over which the screen does not rise.
        rng: says which, how fine, and whether the holes or the bars are black.
    """
    x0, z0, x1, _ = box
    w, h = x1 - x0, crown - z0
    frame = float(rng.choice([0.0, 0.06, 0.1])) * min(w, h)
    x0, z0, x1, crown = x0 + frame, z0 + frame, x1 - frame, crown - frame
    is_dark = rng.random() < 0.6
    corners = [(x0, z0), (x1, z0), (x1, crown), (x0, crown)]
    pen.fill(corners, 255 if is_dark else 0)
    hole = 0 if is_dark else 255
    kind = str(rng.choice(["holes", "slats", "net"]))
    if kind == "slats":  # thick and thin by turns, as a graver leaves them
        number = int(rng.integers(5, 15))
        pitch = (x1 - x0) / number
        for k in range(number):
            a, foot = x0 + k * pitch, z0 + float(rng.uniform(0, 0.06)) * h
            b = a + float(rng.uniform(0.25, 0.65)) * pitch
            pen.fill([(a, foot), (b, foot), (b, crown), (a, crown)], hole)
    elif kind == "net":
        for degrees in (0, 90) if rng.random() < 0.5 else (45, 135):
            pen.hatch(corners, float(rng.uniform(5, 9)), float(rng.uniform(1.5, 3.0)), degrees)
    else:
        across = int(rng.integers(4, 9))
        pitch = (x1 - x0) / across
        sides = int(rng.choice([4, 6, 12]))
        turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
        for row, z in enumerate(np.arange(z0 + 0.5 * pitch, crown - 0.3 * pitch, pitch)):
            for k in range(across - row % 2):
                x = x0 + (k + 0.5 + 0.5 * (row % 2)) * pitch
                pen.fill([(x + 0.36 * pitch * float(np.cos(t)), z + 0.36 * pitch * float(np.sin(t))) for t in turn], hole)
    pen.line(corners, 0.9, True)


def oriel(pen: Pen, box: Box, step: float, weight: float) -> None:
    """A spreading hood with a crest over the opening, a parapet of little posts below, tapering to the wall on brackets."""
    x0, z0, x1, z1 = box
    w, h = x1 - x0, z1 - z0
    low, high = z1 + 0.3 * step, z1 + 0.3 * step + 0.42 * h
    hood = [(x0 - 1.6 * step, low), (x0 + 0.1 * w, high), (x1 - 0.1 * w, high), (x1 + 1.6 * step, low)]
    pen.fill(hood, 0)
    pen.hatch(hood, 6.0, 1.6, 0)
    pen.line(hood, weight, True)
    teeth = max(4, round(w / 0.16))
    xs = np.linspace(x0 + 0.1 * w, x1 - 0.1 * w, 2 * teeth + 1)
    pen.line([(float(x), high + (0.12 * h if k % 2 else 0.03 * h)) for k, x in enumerate(xs)], 1.3 * weight)
    deep, foot = 0.2 * h, 0.45 * h
    pen.rectangle(x0 - step, z0 - deep, x1 + step, z0, weight, fill=0)
    for x in np.linspace(x0 - 0.8 * step, x1 + 0.8 * step, 10):
        pen.line([(float(x), z0 - 0.9 * deep), (float(x), z0 - 0.1 * deep)], 1.4 * weight)
    pen.line([(x0 - step, z0 - deep), (x0 - 0.2 * step, z0 - deep - foot), (x1 + 0.2 * step, z0 - deep - foot),
              (x1 + step, z0 - deep)], weight)  # fmt: skip
    for x in np.linspace(x0, x1 - 0.14 * w, 4):
        pen.rectangle(float(x), z0 - deep - foot, float(x) + 0.12 * w, z0 - deep - 0.3 * foot, 0.9 * weight, fill=0)
    for a in (x0 - step, x1 + 0.4 * step):
        pen.rectangle(a, z0, a + 0.6 * step, z1, 0.8 * weight, fill=0)


def piers(pen: Pen, box: Box, wide: float, high: float, weight: float) -> None:
    """A door's two piers with sunk panels, an entablature upon them; neither panels nor piers are openings.

    Args:
        wide, high: of a pier, metres.
    """
    x0, z0, x1, _ = box
    for a in (x0 - wide - 0.06, x1 + 0.06):
        pen.rectangle(a, z0, a + wide, z0 + high, weight, fill=0)
        pen.rectangle(a + 0.2 * wide, z0 + 0.12 * high, a + 0.8 * wide, z0 + 0.86 * high, weight)
        pen.rectangle(a + 0.26 * wide, z0 + 0.14 * high, a + 0.74 * wide, z0 + 0.84 * high, 0.7 * weight)
        for z in (z0, z0 + 0.94 * high):
            pen.rectangle(a - 0.08 * wide, z, a + 1.08 * wide, z + 0.06 * high, 0.8 * weight, fill=0)
    pen.rectangle(x0 - wide - 0.12, z0 + high, x1 + wide + 0.12, z0 + high + 0.3, weight, fill=0)
    pen.line([(x0 - wide - 0.12, z0 + high + 0.1), (x1 + wide + 0.12, z0 + high + 0.1)], 0.7 * weight)


def balcony(pen: Pen, box: Box, step: float, weight: float) -> None:
    """A hood of hatched slates over the opening, posts at its sides, a floor on corbels beneath it."""
    x0, z0, x1, z1 = box
    w, h, post = x1 - x0, z1 - z0, 0.6 * step
    low, high = z1 + 0.4 * step, z1 + 0.4 * step + 0.3 * h
    hood = [(x0 - 2 * step, low), (x0 + 0.12 * w, high), (x1 - 0.12 * w, high), (x1 + 2 * step, low)]
    pen.fill(hood, 0)
    pen.hatch(hood, 4.0, 0.8, 0)
    pen.line(hood, weight, True)
    for a in (x0 - post, x1):
        pen.rectangle(a, z0, a + post, low, 0.8 * weight, fill=0)
    deep = 0.1 * h + 0.08
    pen.rectangle(x0 - 1.5 * step, z0 - deep, x1 + 1.5 * step, z0, weight, fill=0)
    for x in np.linspace(x0, x1 - 0.16 * w, 4):
        pen.rectangle(x, z0 - deep - 0.16 * h, x + 0.14 * w, z0 - deep, 0.8 * weight, fill=0)


def steps(pen: Pen, box: Box, ground: float) -> None:
    """Three or more steps from the ground up to a door, each wider than the one above."""
    x0, z0, x1, _ = box
    number = max(1, round((z0 - ground) / 0.17))
    high = (z0 - ground) / number
    for k in range(number, 0, -1):  # the lowest first
        reach = 0.12 + 0.28 * (k - 1)
        pen.rectangle(x0 - reach, z0 - k * high, x1 + reach, z0 - (k - 1) * high, 0.8, fill=0)


def boards(pen: Pen, box: Box, spring: float, rng: np.random.Generator) -> None:
    """Pale shutters of upright boards that leave a dark strip, a latticed rail across them, as shops have it.

    Args:
        spring: height over which the boards do not rise.
        rng: says how much is open.
    """
    x0, z0, x1, _ = box
    w, h = x1 - x0, spring - z0
    a = x0 + float(rng.choice([0.0, 0.08, 0.15])) * w
    c = x1 - float(rng.choice([0.0, 0.0, 0.12, 0.3])) * w
    top = spring - float(rng.uniform(0.0, 0.18)) * h
    low = z0 + (float(rng.uniform(0.3, 0.5)) * h if rng.random() < 0.3 else 0.0)
    pen.rectangle(a, low, c, top, 0.7, fill=int(rng.integers(0, 50)))
    pen.hatch([(a, low), (c, low), (c, top), (a, top)], float(rng.uniform(5, 12)), float(rng.uniform(0.5, 0.9)), 90)
    if rng.random() < 0.6:
        foot = z0 + float(rng.uniform(0.45, 0.7)) * h
        high = foot + float(rng.uniform(0.1, 0.2)) * h
        pen.fill([(a, foot), (x1, foot), (x1, high), (a, high)], int(rng.choice([0, 0, 200])))
        pen.rectangle(a, foot - 0.06 * h, x1, foot, 0.8, fill=0)
        pen.rectangle(a, foot, x1, high, 0.9)
        for x in np.arange(a, x1 - 0.1 * w, 0.2 * w):
            end = min(x + 0.2 * w, x1)
            for p, q in ((foot, high), (high, foot)):
                pen.line([(x, p), (end, q)], 1.0)


def gallery(pen: Pen, box: Box, spring: float, rng: np.random.Generator) -> None:
    """A shop with a floor in it: boards or cloth above and below, a white beam and a railing of crosses between posts.

    The jamb's and the lintel's shadow stay black, light from the upper left; one shop stands open to this side, one to that.

    Args:
        spring: height over which nothing of it rises.
        rng: says how much is open.
    """
    x0, z0, x1, _ = box
    w, h = x1 - x0, spring - z0
    pen.fill([(x0, z0), (x1, z0), (x1, spring), (x0, spring)], int(rng.integers(170, 256)))
    a, top = x0 + float(rng.uniform(0.06, 0.16)) * w, spring - float(rng.uniform(0.05, 0.14)) * h
    floor = z0 + float(rng.uniform(0.45, 0.66)) * h
    rail = floor + float(rng.uniform(0.14, 0.24)) * h
    pale = int(rng.integers(0, 70))
    for low, high in ((rail, top), (z0, floor)):
        c = x1 if rng.random() < 0.6 else x0 + float(rng.uniform(0.5, 0.8)) * w
        if rng.random() < 0.8:
            pen.rectangle(a, low, c, high, 0.7, fill=pale)
            pen.hatch([(a, low), (c, low), (c, high), (a, high)], float(rng.uniform(6, 14)), 0.6, 90)
    pen.rectangle(a - 0.05 * w, floor - 0.07 * h, x1, floor, 0.8, fill=0)
    if rng.random() < 0.5:
        pen.fill([(a, floor), (x1, floor), (x1, rail), (a, rail)], pale)
    number = max(2, round((x1 - a) / (rail - floor)))
    xs = np.linspace(a, x1, number + 1)
    for p, q in pairwise(xs):
        for dark, thick in ((255, 3.4), (0, 1.8)):  # pale bars with an edge
            _bar(pen, (p, floor), (q, rail), thick, dark)
            _bar(pen, (p, rail), (q, floor), thick, dark)
            _bar(pen, (p, floor), (p, rail), thick, dark)
    pen.rectangle(a - 0.05 * w, rail, x1, rail + 0.035 * h, 0.8, fill=0)


def _bar(pen: Pen, a: tuple[float, float], c: tuple[float, float], weight: float, tone: int) -> None:
    """A bar of one tone from one point to another, as thick as a stroke of that weight."""
    (x, z), (u, v) = a, c
    long = max(1e-6, float(np.hypot(u - x, v - z)))
    dx, dz = 0.01 * weight * (v - z) / long, 0.01 * weight * (u - x) / long
    pen.fill([(x - dx, z + dz), (u - dx, v + dz), (u + dx, v - dz), (x + dx, z - dz)], tone)


def portal(pen: Pen, box: Box, step: float, weight: float) -> None:
    """Two pilasters with capitals at an opening's jambs, and a straight cornice that stands out over them."""
    x0, z0, x1, z1 = box
    s = max(step, 0.14)
    for a in (x0 - s, x1):
        pen.rectangle(a, z0, a + s, z1, 0.9 * weight, fill=0)
        pen.rectangle(a - 0.2 * s, z1 - 0.9 * s, a + 1.2 * s, z1, 0.9 * weight, fill=0)
        for x in np.linspace(a - 0.1 * s, a + 1.1 * s, 5):
            pen.line([(float(x), z1 - 0.8 * s), (float(x) + 0.1 * s, z1 - 0.1 * s)], 0.9 * weight)
    reach, low = 1.3 * s, z1
    for k in range(3):
        pen.rectangle(x0 - reach, low, x1 + reach, low + 0.4 * s, 0.9 * weight, fill=(0, 190, 0)[k])
        low, reach = low + 0.4 * s, reach + 0.3 * s


def crest(pen: Pen, box: Box, step: float, weight: float) -> None:
    """A frame with a little hat of two steps and a bow on it, standing on two corbels; of a niche or a small window."""
    x0, z0, x1, z1 = box
    m, w = (x0 + x1) / 2, x1 - x0
    pen.rectangle(x0 - step, z0, x1 + step, z1 + 0.5 * step, weight, fill=0)
    low = z1 + 0.5 * step
    for half, high in ((0.62 * w, 0.12 * w), (0.44 * w, 0.14 * w), (0.28 * w, 0.12 * w)):
        pen.rectangle(m - half, low, m + half, low + high, weight, fill=0)
        low += high
    for x in (x0 - 0.5 * step, x1 + 0.5 * step):
        pen.fill([(x - 0.1 * w, z0), (x + 0.1 * w, z0), (x, z0 - 0.16 * w)], 255)
