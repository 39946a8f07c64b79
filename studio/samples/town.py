"""A small walled town: gabled houses that rise to a church, a wall with merlons and towers, a gate."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np

from studio.samples.staffage import DARK, shape, tint

WALL, WALL_SHADE = (214, 196, 158), (134, 116, 96)
ROOFS = ((150, 86, 64), (134, 78, 62), (104, 108, 118), (160, 104, 76))


def town(canvas, detail, place, width: float, rng, meadow) -> None:
    """A walled town on a knoll: houses rising to a church, a wall with towers and a gate in front of them."""
    x0, y0 = place[0] - width / 2, float(place[1])
    x0 = float(np.clip(x0, 0.03 * canvas.shape[1], 0.97 * canvas.shape[1] - width))
    u = width / 100  # the town is drawn on a field 100 units wide
    below = canvas.copy()
    rise = [(x0 - 14 * u, y0 + 8 * u), *[(x0 + t * u, y0 - 7 * u * np.sin(np.pi * t / 100) + 6 * u) for t in range(-8, 112, 4)]]
    shape(
        canvas, [*rise, (x0 + 118 * u, y0 + 9 * u), (x0 + 84 * u, y0 + 13 * u), (x0 + 20 * u, y0 + 12 * u)], tint(meadow, 0.72)
    )
    shape(canvas, [(x - 6 * u, y + 1.5 * u) for x, y in rise[:-8]] + [(x0 + 40 * u, y0 + 11 * u)], tint(meadow, 0.9))
    for row in range(5):  # far houses first: they stand higher
        base = y0 - (26 - 6 * row) * u
        spread = 20 + 7 * row
        at = 50 - spread + rng.uniform(0, 4)
        while at < 50 + spread:
            wide = rng.uniform(6, 10)
            lift = 5 * np.cos((at - 50) / spread * 1.4)
            house(canvas, x0 + at * u, base - lift * u, wide * u, rng.uniform(6, 9.5) * u, rng)
            at += wide * rng.uniform(0.75, 1.15)
        if row == 1:
            church(canvas, x0 + rng.uniform(40, 52) * u, base - 3 * u, u, rng)
    wall(canvas, x0, y0, u, rng)
    drawn = (canvas != below).any(2, keepdims=True)  # air between the town and the eye
    air = np.asarray((186, 190, 184), np.float32)
    canvas[:] = np.where(drawn, np.rint(canvas + (air - canvas) * 0.16), canvas).astype(np.uint8)
    pad = 6 * u
    top, left = int(max(0, y0 - 74 * u)), int(max(0, x0 - pad))
    detail[top : int(y0 + pad), left : int(x0 + 100 * u + pad)] = 1.0


def house(canvas, x: float, base: float, wide: float, high: float, rng) -> None:
    """A gabled house in three faces: front in the light, side in shade, roof."""
    warm = rng.uniform(0.9, 1.12)
    deep, roof = 0.5 * wide, 0.62 * wide
    front, colour = 0.62 * wide, ROOFS[rng.integers(len(ROOFS))]
    shape(
        canvas,
        [(x, base), (x + front, base), (x + front, base - high), (x + front / 2, base - high - roof), (x, base - high)],
        tint(WALL, warm),
    )
    shape(
        canvas,
        [(x + front, base), (x + front + deep, base), (x + front + deep, base - high), (x + front, base - high)],
        tint(WALL_SHADE, warm),
    )
    ridge = (x + front / 2, base - high - roof)
    shape(
        canvas,
        [(x + front, base - high + 0.5), ridge, (ridge[0] + deep, ridge[1]), (x + front + deep, base - high + 0.5)],
        tint(colour, rng.uniform(0.85, 1.15)),
    )
    cv2.line(
        canvas, *(tuple(int(c * 16) for c in p) for p in ((x - 0.4, base - high), ridge)), tint(colour, 0.62), 1, cv2.LINE_AA, 4
    )
    for k in range(2):
        wx, wy = x + front * (0.24 + 0.38 * k), base - high * 0.72
        shape(canvas, [(wx, wy), (wx + 0.13 * wide, wy), (wx + 0.13 * wide, wy + 0.2 * high), (wx, wy + 0.2 * high)], DARK)


def church(canvas, x: float, base: float, u: float, rng) -> None:
    """Nave, tower and spire."""
    tower, high, spire = 7 * u, rng.uniform(24, 29) * u, rng.uniform(17, 23) * u
    nave = [(x + tower, base), (x + tower + 22 * u, base), (x + tower + 22 * u, base - 12 * u), (x + tower, base - 12 * u)]
    shape(canvas, nave, tint(WALL_SHADE, 1.12))
    shape(
        canvas,
        [
            (x + tower, base - 12 * u),
            (x + tower + 3 * u, base - 20 * u),
            (x + tower + 20 * u, base - 20 * u),
            (x + tower + 23 * u, base - 12 * u),
        ],
        ROOFS[2],
    )
    for k in range(4):
        wx = x + tower + (3 + 5 * k) * u
        shape(
            canvas,
            [
                (wx, base - 2.5 * u),
                (wx + 1.6 * u, base - 2.5 * u),
                (wx + 1.6 * u, base - 8 * u),
                (wx + 0.8 * u, base - 9.6 * u),
                (wx, base - 8 * u),
            ],
            DARK,
        )
    shape(canvas, [(x, base), (x + 0.55 * tower, base), (x + 0.55 * tower, base - high), (x, base - high)], tint(WALL, 1.08))
    shape(
        canvas,
        [(x + 0.55 * tower, base), (x + tower, base), (x + tower, base - high), (x + 0.55 * tower, base - high)],
        WALL_SHADE,
    )
    tip = (x + 0.52 * tower, base - high - spire)
    shape(canvas, [(x - 0.6 * u, base - high), (x + 0.55 * tower, base - high), tip], tint(ROOFS[2], 1.3))
    shape(canvas, [(x + 0.55 * tower, base - high), (x + tower + 0.6 * u, base - high), tip], tint(ROOFS[2], 0.7))
    for k in range(2):
        wy = base - high + (3 + 8 * k) * u
        shape(canvas, [(x + 1.3 * u, wy), (x + 2.7 * u, wy), (x + 2.7 * u, wy + 4 * u), (x + 1.3 * u, wy + 4 * u)], DARK)
    cv2.line(
        canvas, (int(tip[0] * 16), int(tip[1] * 16)), (int(tip[0] * 16), int((tip[1] - 4 * u) * 16)), DARK, 1, cv2.LINE_AA, 4
    )


def wall(canvas, x0: float, y0: float, u: float, rng) -> None:
    """Curtain wall with merlons, round towers and a gate."""
    high, segments = 9 * u, 14
    line = [(x0 + (2 + 96 * k / segments) * u, y0 + 5.5 * u * np.sin(np.pi * k / segments)) for k in range(segments + 1)]
    for k, ((ax, ay), (bx, by)) in enumerate(pairwise(line)):
        tone = tint(WALL, 1.02 - 0.36 * k / segments)
        shape(canvas, [(ax, ay), (bx, by), (bx, by - high), (ax, ay - high)], tone)
        for m in range(4):
            mx, my = ax + (bx - ax) * (m + 0.1) / 4, ay + (by - ay) * m / 4 - high
            shape(canvas, [(mx, my), (mx + 0.9 * u, my), (mx + 0.9 * u, my - 1.5 * u), (mx, my - 1.5 * u)], tone)
        shape(
            canvas,
            [(ax, ay - high + 1.1 * u), (bx, by - high + 1.1 * u), (bx, by - high + 1.6 * u), (ax, ay - high + 1.6 * u)],
            tint(tone, 0.72),
        )
    gate = int(rng.integers(5, 9))
    for k in (0, 3, gate, 11, segments):
        x, y = line[k]
        wide, tall, roofed = (4.2, 15 + 2 * (k == gate), k in (0, gate, segments))
        for s in range(6):  # a round tower, in six strips from light to shade
            a, b = x + (-wide + 2 * wide * s / 6) * u, x + (-wide + 2 * wide * (s + 1) / 6) * u
            shape(
                canvas, [(a, y + u), (b + 0.3, y + u), (b + 0.3, y - tall * u), (a, y - tall * u)], tint(WALL, 1.1 - 0.11 * s)
            )
        if roofed:
            tip = (x, y - (tall + 10) * u)
            shape(
                canvas,
                [(x - (wide + 0.8) * u, y - tall * u), (x + 0.6 * u, y - (tall - 0.9) * u), tip],
                tint(ROOFS[k % 4], 1.18),
            )
            shape(
                canvas,
                [(x + 0.6 * u, y - (tall - 0.9) * u), (x + (wide + 0.8) * u, y - tall * u), tip],
                tint(ROOFS[k % 4], 0.72),
            )
        if k == gate:
            arch = [(x + 2 * u * np.cos(a), y - 4 * u - 2 * u * np.sin(a)) for a in np.linspace(0, np.pi, 9)]
            shape(canvas, [(x + 2 * u, y + 1.2 * u), *arch, (x - 2 * u, y + 1.2 * u)], (36, 30, 28))
        else:
            shape(
                canvas,
                [(x - 0.4 * u, y - 9 * u), (x + 0.4 * u, y - 9 * u), (x + 0.4 * u, y - 6 * u), (x - 0.4 * u, y - 6 * u)],
                DARK,
            )
