"""What is drawn as often as openings and looks like them: columns, rusticated stones, flat arches with keystones, turrets.

Gaps between columns, stones with a bevel, keystones in shade and the sunk panels of turrets are upright boxes in rows, as
windows are; none is an opening. All of it is drawn before the openings, which so stay whole.
"""

from __future__ import annotations

import numpy as np

from studio.samples.pen import Pen

Box = tuple[float, float, float, float]


def columns(pen: Pen, places: list[float], foot: float, top: float, rng: np.random.Generator) -> None:
    """Columns with base, swelling shaft and capital, shaded on one side, that carry an architrave and a frieze.

    Args:
        places: their axes; foot, top: of the columns, metres; the entablature lies below `top`.
    """
    if not places:
        return
    high = top - foot
    beam = float(rng.uniform(0.1, 0.2)) * high
    gaps = np.diff(sorted(places))
    half = min(float(rng.uniform(0.04, 0.07)) * high, 0.3 * float(gaps.min()) if len(gaps) else np.inf)
    shade = str(rng.choice(["none", "side", "flutes", "both"]))
    tone = int(rng.choice([0, 0, 40, 90]))
    for x in places:
        _column(pen, x, half, (foot, top - beam), shade, tone)
    left, right = min(places) - 1.6 * half, max(places) + 1.6 * half
    pen.rectangle(left, top - beam, right, top, 1.0, fill=0)
    pen.line([(left, top - 0.6 * beam), (right, top - 0.6 * beam)], 0.8)
    if rng.random() < 0.4:  # triglyphs, and squares between them
        step = 1.1 * half
        for x in np.arange(left + 0.2 * step, right - 0.6 * step, 2 * step):
            pen.rectangle(float(x), top - 0.55 * beam, float(x) + 0.7 * step, top - 0.1 * beam, 0.7)
            for u in (0.23, 0.47):
                pen.line([(float(x) + u * step, top - 0.55 * beam), (float(x) + u * step, top - 0.1 * beam)], 0.7)


def _column(pen: Pen, x: float, half: float, ends: tuple[float, float], shade: str, tone: int) -> None:
    foot, top = ends
    base, head = foot + 0.9 * half, top - 1.3 * half
    t = np.linspace(0, 1, 9)
    reach = half * (1 - 0.16 * t**2)
    left = [(x - float(r), base + float(u) * (head - base)) for r, u in zip(reach, t, strict=True)]
    shaft = left + [(2 * x - a, z) for a, z in reversed(left)]
    pen.fill(shaft, tone)
    if shade in ("side", "both"):
        pen.hatch([(x + 0.2 * half, base), (x + half, base), (x + 0.85 * half, head), (x + 0.15 * half, head)], 2.6, 0.8, 90)
    if shade in ("flutes", "both"):
        for u in (-0.6, -0.2, 0.2, 0.6):
            pen.line([(x + u * half, base), (x + 0.84 * u * half, head)], 0.7)
    pen.line(shaft, 1.0, True)
    for low, high, wide in ((foot, foot + 0.5 * half, 1.5), (foot + 0.5 * half, base, 1.2), (head, head + 0.4 * half, 1.0),
                            (head + 0.4 * half, head + 0.9 * half, 1.25), (head + 0.9 * half, top, 1.5)):  # fmt: skip
        pen.rectangle(x - wide * half, low, x + wide * half, high, 0.8, fill=0)


def rusticated(pen: Pen, box: Box, rng: np.random.Generator) -> None:
    """Stones in bond, each with a bevel or a shaded joint: a storey, a corner or a pier of them."""
    x0, z0, x1, z1 = box
    rows = max(1, round((z1 - z0) / float(rng.uniform(0.3, 0.75))))
    high = (z1 - z0) / rows
    long = min(x1 - x0, high * float(rng.uniform(0.8, 2.6)))
    bevel = high * float(rng.uniform(0.08, 0.2))
    dress = str(rng.choice(["bevel", "shadow", "rough", "tone"]))
    for k in range(rows):
        low = z0 + k * high
        x = x0 - (0.5 * long if k % 2 and x1 - x0 > 1.5 * long else 0.0)
        while x < x1 - 0.02:
            a, c = max(x, x0), min(x + long, x1)
            if c - a > 2.5 * bevel:
                _stone(pen, (a, low, c, low + high), bevel, dress, rng)
            x += long


def _stone(pen: Pen, box: Box, bevel: float, dress: str, rng: np.random.Generator) -> None:
    a, low, c, top = box
    pen.rectangle(a, low, c, top, 0.8, fill=int(rng.integers(0, 150)) if dress == "tone" else 0)
    if dress == "bevel":
        pen.rectangle(a + bevel, low + bevel, c - bevel, top - bevel, 0.7)
        if rng.random() < 0.5:
            pen.line([(a, low), (a + bevel, low + bevel)], 0.7)
            pen.line([(c, low), (c - bevel, low + bevel)], 0.7)
    elif dress == "shadow":  # light from the upper left
        pen.fill([(a, low), (c, low), (c, low + bevel), (a, low + bevel)], 200)
        pen.fill([(c - bevel, low), (c, low), (c, top), (c - bevel, top)], 150)
    elif dress == "rough":
        for _ in range(int(rng.integers(3, 12))):
            x, z = rng.uniform(a + bevel, c - bevel), rng.uniform(low + bevel, top - bevel)
            pen.line([(x, z), (x + 0.5 * bevel, z + rng.uniform(-0.5, 0.5) * bevel)], 0.9)


def stones(pen: Pen, box: Box, step: float, weight: float) -> None:
    """A flat arch of wedges over an opening, a keystone that stands out of it, blocks long and short at the jambs."""
    x0, z0, x1, z1 = box
    m, w, high = (x0 + x1) / 2, x1 - x0, 1.6 * step + 0.12 * (x1 - x0)
    number = 2 * max(2, round(w / 0.5)) + 1
    feet, heads = np.linspace(x0, x1, number + 1), np.linspace(x0 - 0.6 * high, x1 + 0.6 * high, number + 1)
    for k in range(number):
        is_key = k == number // 2
        lift, drop = (0.35 * high, 0.12 * high) if is_key else (0.0, 0.0)
        a, c = float(feet[k]), float(feet[k + 1])
        wedge = [(a, z1 - drop), (float(heads[k]), z1 + high + lift), (float(heads[k + 1]), z1 + high + lift), (c, z1 - drop)]
        pen.fill(wedge, round(70 * step / 0.4) if is_key else 0)
        pen.line(wedge, weight, True)
    pen.line([(m - 0.5 * w - 0.6 * high, z1 + high), (m + 0.5 * w + 0.6 * high, z1 + high)], weight)
    block = max(0.28, 0.14 * w)
    for k, z in enumerate(np.arange(z0, z1 - 0.3 * block, block)):
        reach = step * (1.7 if k % 2 else 1.0)
        for a, c in ((x0 - reach, x0), (x1, x1 + reach)):
            pen.rectangle(a, float(z), c, min(float(z) + block, z1), 0.9 * weight, fill=0)


def turret(pen: Pen, box: Box, rng: np.random.Generator) -> None:
    """A slender tower of many stages: mouldings, sunk panels and blind niches of which none is open, and a cap on it."""
    x0, z0, x1, z1 = box
    wide, m = x1 - x0, (x0 + x1) / 2
    pen.rectangle(x0, z0, x1, z1, 1.0, fill=0)
    stages = max(2, round((z1 - z0) / (wide * float(rng.uniform(0.7, 1.4)))))
    high = (z1 - z0) / stages
    across, dark = int(rng.integers(1, 4)), int(rng.choice([0, 0, 60, 200]))
    for k in range(stages):
        low = z0 + k * high
        for u, reach in ((0.0, 0.14), (0.09, 0.08), (0.16, 0.04)):
            pen.rectangle(x0 - reach * wide, low + u * high, x1 + reach * wide, low + (u + 0.07) * high, 0.8, fill=0)
        if rng.random() < 0.3:
            pen.hatch([(x0, low + 0.3 * high), (x1, low + 0.3 * high), (x1, low + 0.9 * high), (x0, low + 0.9 * high)],
                      float(rng.uniform(2.5, 5)), 0.8, float(rng.choice([0, 90])))  # fmt: skip
            continue
        pitch = wide / across
        for i in range(across):
            a, c = x0 + (i + 0.22) * pitch, x0 + (i + 0.78) * pitch
            top, spring = low + 0.9 * high, low + 0.65 * high
            shape = [(a, low + 0.3 * high), (a, spring), ((a + c) / 2, top), (c, spring), (c, low + 0.3 * high)]
            pen.fill(shape, dark // (1 + k % 2))
            pen.line(shape, 0.9, True)
    pen.fill([(x0, z1), (m, min(z1 + wide, pen.size[1] / pen.px_per_m)), (x1, z1)], 0)
    pen.line([(x0 - 0.1 * wide, z1), (m, min(z1 + wide, pen.size[1] / pen.px_per_m)), (x1 + 0.1 * wide, z1)], 1.0, True)
