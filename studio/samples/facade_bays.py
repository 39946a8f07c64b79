"""What is built for a single opening: dormers, balconies with their hoods, steps before a raised door, a shop's boards."""

from __future__ import annotations

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
