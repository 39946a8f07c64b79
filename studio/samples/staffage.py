"""What grows and walks in the valley: groves, and the foreground with its tall tree and its traveller."""

from __future__ import annotations

import cv2
import numpy as np

from pipelines.training.damage import fbm

DARK = (58, 48, 42)


def shape(canvas: np.ndarray, points, colour) -> None:
    """Fill a polygon with smooth edges; points in pixels with fractions, colour 0…255."""
    cv2.fillPoly(
        canvas,
        [np.asarray(np.rint(np.asarray(points, np.float64) * 16), np.int32)],
        tuple(float(c) for c in colour),
        cv2.LINE_AA,
        4,
    )


def tint(colour, factor: float) -> tuple[float, float, float]:
    """The colour, lighter or darker."""
    r, g, b = (float(min(255, max(0, c * factor))) for c in colour)
    return r, g, b


def grove(canvas, plane, water, rng, leaf, horizon: int) -> None:
    """Trees of the valley, far ones first, in drifts and along the river, each with light, body and cast shadow."""
    h, w = canvas.shape[:2]
    z, _ = plane
    drift = fbm((h, w), 130, rng, 3)
    shore = cv2.dilate((water > 0.5).astype(np.uint8), np.ones((5, 15), np.uint8)) * 0.8
    trees = []
    for _ in range(2400):
        y = horizon + (0.055 + 0.36 * rng.random() ** 1.5) * h
        x = rng.uniform(0, w)
        iy, ix = min(h - 1, int(y)), int(x)
        if water[iy, ix] < 0.05 and drift[iy, ix] + shore[iy, ix] > rng.normal(1.05, 0.4):
            trees.append((y, x))
    for y, x in sorted(trees):
        iy, ix = min(h - 1, int(y)), int(x)
        distance = float(z[iy, ix])
        size = 0.046 * h / distance * rng.uniform(0.6, 1.5)
        air = float(np.clip((distance - 1.5) / 7, 0, 1))
        body = np.asarray(leaf, np.float32) * 255 * (1 - air) * 0.74 + np.asarray((112, 138, 148), np.float32) * air * 0.86
        _tree(canvas, x, y, size, body * rng.uniform(0.88, 1.1), rng, air)


def _tree(canvas, x: float, y: float, size: float, colour, rng, air: float) -> None:
    """One tree of the middle distance: shadow on the grass, a dark mass, lit tufts on the left."""
    under = canvas[min(canvas.shape[0] - 1, int(y)), min(canvas.shape[1] - 1, int(x))].astype(np.float32)
    _ellipse(canvas, x + 0.45 * size, y, 0.75 * size, 0.14 * size, under * (0.62 + 0.3 * air))
    tall = rng.uniform(1.0, 1.6)
    if size > 7:
        shape(
            canvas, [(x - 0.05 * size, y), (x + 0.05 * size, y), (x + 0.03 * size, y - size), (x - 0.03 * size, y - size)], DARK
        )
    count = int(np.clip(size * 3, 6, 150))
    for k in range(count):
        t = k / (count - 1)
        a, r = rng.uniform(0, 6.28), np.sqrt(rng.random()) * 0.42 * size
        px, py = x + r * np.cos(a) - 0.10 * t * size, y - 0.72 * size * tall + r * tall * np.sin(a) * 0.9 - 0.10 * t * size
        towards_sun = -(0.6 * np.cos(a) + 0.8 * np.sin(a)) * r / (0.42 * size)
        light = 0.52 + 0.14 * rng.standard_normal() * t + t * (0.62 + 0.85 * towards_sun)
        reach = (0.20 - 0.155 * t**0.5) * size
        _ellipse(canvas, px, py, reach, 0.8 * reach, np.asarray(colour, np.float32) * max(0.45, light), rng.uniform(-30, 30))


def _ellipse(canvas, x, y, rx, ry, colour, degrees: float = 0.0) -> None:
    centre, axes = (int(x * 16), int(y * 16)), (max(8, int(rx * 16)), max(6, int(ry * 16)))
    cv2.ellipse(canvas, centre, axes, degrees, 0, 360, tint(colour, 1), -1, cv2.LINE_AA, 4)


# ---- the foreground
def foreground(canvas, detail, rng, leaf, side: float) -> np.ndarray:
    """A dark bank along the lower edge with stones, grasses, flowers, a tall tree and a traveller; returns its cover, 0…1.

    `side` is where the tree stands, 0 at the left edge and 1 at the right.
    """
    h, w = canvas.shape[:2]
    x = np.arange(w, dtype=np.float32) / w
    edge = h * (0.885 - 0.115 * np.exp(-(((x - side) / 0.24) ** 2)) - 0.02 * np.sin(x * 7 + rng.uniform(0, 6)))
    edge = edge + 4 * fbm((8, w), 60, rng, 5)[4]
    rows = np.arange(h, dtype=np.float32)[:, None]
    cover = np.clip(rows - edge + 0.5, 0, 1)
    depth = np.clip((rows - edge) / (0.16 * h), 0, 1)[..., None]
    grain = fbm((h, w), 44, rng, 5)[..., None]
    soil = np.asarray((118, 92, 52), np.float32) * (1 - depth) + np.asarray((56, 42, 30), np.float32) * depth
    green = np.asarray((84, 86, 36), np.float32) * (1 - depth) + np.asarray((40, 44, 24), np.float32) * depth
    bank = (soil + (green - soil) * np.clip(0.5 + 0.8 * fbm((h, w), 120, rng, 3), 0, 1)[..., None]) * (1 + 0.16 * grain)
    np.maximum(detail, 0.45 * cover, out=detail)
    canvas[:] = np.clip(canvas + (bank - canvas) * cover[..., None], 0, 255).astype(np.uint8)
    _path(canvas, edge, rng, side)
    for _ in range(16):
        sx = rng.uniform(0, w)
        _stone(canvas, sx, edge[int(sx)] + rng.uniform(0.01, 0.10) * h, rng.uniform(5, 19), rng)
    _grasses(canvas, edge, rng, leaf)
    _tall_tree(canvas, detail, side * w, float(edge[int(side * w)]) + 0.035 * h, 0.56 * h, rng, leaf)
    walker = (0.5 + 0.16 * np.sign(0.5 - side) * rng.uniform(0.4, 1.2)) * w
    traveller(canvas, detail, walker, float(edge[int(walker)]) + 0.022 * h, 0.062 * h, rng)
    return cover


def _path(canvas, edge, rng, side: float) -> None:
    h, w = canvas.shape[:2]
    t = np.linspace(0, 1, 24)
    middle = w * (0.5 + (0.5 - side) * (0.35 - 0.55 * t) + 0.05 * np.sin(5 * t + rng.uniform(0, 6)))
    y = edge[np.clip(middle, 0, w - 1).astype(int)].min() + 2 + t * (h - edge.min())
    half = 6 + 34 * t**1.3
    shape(canvas, [*zip(middle - half, y, strict=True), *zip((middle + half)[::-1], y[::-1], strict=True)], (150, 122, 78))
    shape(
        canvas,
        [*zip(middle - 0.5 * half, y, strict=True), *zip((middle + 0.75 * half)[::-1], y[::-1], strict=True)],
        (170, 142, 94),
    )


def _stone(canvas, x: float, y: float, size: float, rng) -> None:
    angles = np.sort(rng.uniform(0, 6.28, 9))
    rim = np.stack(
        [x + size * np.cos(angles) * rng.uniform(0.8, 1.1, 9), y + 0.55 * size * np.sin(angles) * rng.uniform(0.8, 1.1, 9)], 1
    )
    _ellipse(canvas, x + 0.35 * size, y + 0.3 * size, 1.15 * size, 0.4 * size, (38, 30, 24))
    shape(canvas, rim, (106, 98, 86))
    shape(canvas, (rim - (x, y)) * (0.72, 0.66) + (x - 0.17 * size, y - 0.14 * size), (152, 143, 124))
    shape(canvas, (rim - (x, y)) * (0.38, 0.30) + (x - 0.28 * size, y - 0.25 * size), (186, 176, 152))


def _grasses(canvas, edge, rng, leaf) -> None:
    h, w = canvas.shape[:2]
    tone = np.asarray(leaf, np.float32) * 255
    for _ in range(2300):
        x = rng.uniform(0, w)
        y = edge[int(x)] + rng.random() ** 1.4 * (h - edge[int(x)])
        size = rng.uniform(6, 15) * (0.6 + 0.9 * (y - edge[int(x)]) / (0.15 * h))
        lean = rng.normal(0.15, 0.35) * size
        points = np.asarray([(x, y), (x + 0.3 * lean, y - 0.55 * size), (x + lean, y - size)], np.float32)
        colour = tint(tone, rng.uniform(0.55, 1.55))
        cv2.polylines(canvas, [np.asarray(points * 16, np.int32)], False, colour, 1, cv2.LINE_AA, 4)
        if rng.random() < 0.055:
            bloom = ((226, 206, 148), (196, 78, 58), (228, 228, 216), (120, 128, 176))[rng.integers(4)]
            _ellipse(canvas, x + lean, y - size, 2.1, 1.8, bloom)


def _tall_tree(canvas, detail, x: float, y: float, size: float, rng, leaf) -> None:
    """The slender tree that leads the eye up: a branching trunk, then foliage from dark to light."""
    tips: list[tuple[float, float]] = []

    def branch(ax: float, ay: float, angle: float, length: float, thick: float, depth: int) -> None:
        bend = rng.normal(0, 0.10)
        for _ in range(4):
            bx, by = ax + length / 4 * np.sin(angle), ay - length / 4 * np.cos(angle)
            n = (np.cos(angle) * thick / 2, np.sin(angle) * thick / 2)
            shape(
                canvas,
                [
                    (ax - n[0], ay - n[1]),
                    (ax + n[0], ay + n[1]),
                    (bx + n[0] * 0.9, by + n[1] * 0.9),
                    (bx - n[0] * 0.9, by - n[1] * 0.9),
                ],
                (52, 40, 30),
            )
            shape(
                canvas,
                [
                    (ax - n[0], ay - n[1]),
                    (ax - 0.3 * n[0], ay - 0.3 * n[1]),
                    (bx - 0.3 * n[0], by - 0.3 * n[1]),
                    (bx - n[0] * 0.9, by - n[1] * 0.9),
                ],
                (138, 114, 84),
            )
            if detail.shape > (int(by), int(bx)) and 0 <= int(by) < detail.shape[0] and 0 <= int(bx) < detail.shape[1]:
                cv2.line(detail, (int(ax), int(ay)), (int(bx), int(by)), 0.85, int(thick) + 3)
            ax, ay, angle, thick = bx, by, angle + bend * 0.5, thick * 0.94
        tips.append((ax, ay))
        if depth:
            for spread in (-1, 1) if depth % 2 else (-1, 0, 1):
                lean = angle * 0.55 + spread * rng.uniform(0.28, 0.55)
                branch(ax, ay, lean, length * rng.uniform(0.50, 0.72), thick * 0.66, depth - 1)

    shape(
        canvas,
        [
            (x - 0.034 * size, y + 4),
            (x + 0.036 * size, y + 4),
            (x + 0.014 * size, y - 0.07 * size),
            (x - 0.014 * size, y - 0.07 * size),
        ],
        (52, 40, 30),
    )
    branch(x, y, rng.normal(0, 0.04), 0.42 * size, 0.030 * size, 5)
    foliage = np.asarray(leaf, np.float32) * 255
    crown = np.array([tip for tip in tips if tip[1] < y - 0.52 * size] or tips)
    for stage, (count, low, high) in enumerate(((5200, 0.34, 0.58), (4200, 0.66, 1.0), (2600, 1.05, 1.5))):
        for _ in range(count):
            cx, cy = crown[rng.integers(len(crown))]
            dx, dy = rng.normal(0, 0.022 * size), rng.normal(0, 0.017 * size)
            px, py = cx + dx - stage * 0.008 * size, cy + dy - stage * 0.009 * size
            light = rng.uniform(low, high) * (1 + 0.12 * (stage > 0) * np.clip(-(dx + dy) / (0.03 * size), -1, 1))
            _ellipse(canvas, px, py, rng.uniform(1.6, 3.6), rng.uniform(1.0, 2.0), foliage * light, rng.uniform(0, 180))
    spread = cv2.GaussianBlur(_dots(detail.shape, crown), (0, 0), 0.04 * size)
    np.maximum(detail, 0.55 * np.clip(spread / (spread.max() + 1e-9) * 4, 0, 1), out=detail)


def _dots(size, points) -> np.ndarray:
    dots = np.zeros(size, np.float32)
    for x, y in points:
        if 0 <= y < size[0] and 0 <= x < size[1]:
            dots[int(y), int(x)] = 1
    return dots


def traveller(canvas, detail, x: float, y: float, size: float, rng) -> None:
    """A pilgrim in a red cloak with hat and staff, walking towards the town."""
    u = size / 10
    cloak = ((176, 46, 34), (44, 74, 120), (168, 120, 40))[rng.integers(3)]
    _ellipse(canvas, x + 2.6 * u, y + 0.1 * u, 3.4 * u, 0.6 * u, (44, 34, 26))
    for dx in (-0.7, 0.7):
        shape(
            canvas,
            [
                (x + dx * u - 0.35 * u, y),
                (x + dx * u + 0.4 * u, y),
                (x + 0.5 * dx * u + 0.4 * u, y - 3 * u),
                (x + 0.5 * dx * u - 0.4 * u, y - 3 * u),
            ],
            (50, 40, 36),
        )
    shape(
        canvas,
        [(x - 1.9 * u, y - 2.2 * u), (x + 1.8 * u, y - 2.0 * u), (x + 1.0 * u, y - 7.4 * u), (x - 0.9 * u, y - 7.4 * u)],
        cloak,
    )
    shape(
        canvas,
        [(x + 0.3 * u, y - 2.1 * u), (x + 1.8 * u, y - 2.0 * u), (x + 1.0 * u, y - 7.4 * u), (x + 0.3 * u, y - 7.4 * u)],
        tint(cloak, 0.6),
    )
    shape(
        canvas,
        [(x - 1.7 * u, y - 2.4 * u), (x - 1.2 * u, y - 2.4 * u), (x - 0.5 * u, y - 7.2 * u), (x - 0.9 * u, y - 7.3 * u)],
        tint(cloak, 1.4),
    )
    _ellipse(canvas, x, y - 8.1 * u, 0.85 * u, 0.95 * u, (214, 168, 132))
    _ellipse(canvas, x, y - 8.75 * u, 1.75 * u, 0.42 * u, (72, 56, 40))
    _ellipse(canvas, x, y - 9.1 * u, 0.9 * u, 0.62 * u, (88, 68, 48))
    staff = [(int((x - 2.4 * u) * 16), int((y + 0.2 * u) * 16)), (int((x - 1.9 * u) * 16), int((y - 8 * u) * 16))]
    cv2.line(canvas, *staff, (96, 70, 44), max(1, int(0.35 * u)), cv2.LINE_AA, 4)
    detail[int(y - 11 * u) : int(y + u), int(x - 4 * u) : int(x + 4 * u)] = 1.0
