"""Training of the two networks of `facade_openings.py` on sheets that `studio.samples` draws: seeds 0…99, nothing else.

python -m studio.drawings.facade_training facade_openings.npz     (a quarter of an hour on one core)
"""

from __future__ import annotations

import sys
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np

from studio.drawings.facade_candidates import candidates, edges_of
from studio.drawings.facade_features import company_features, intersection, local_features
from studio.drawings.facade_openings import reading_scale, resized, short_list
from studio.drawings.paper import flatten
from studio.samples.ageing import age
from studio.samples.building import Building, Opening, building
from studio.samples.facade_drawing import draw_facade
from studio.samples.facade_manners import any_manner, draw_in_manner
from studio.samples.pen import Pen

HIDDEN = (32, 16)
NOISE, DROP = 0.5, 0.1  # added to and taken from what the networks see: real sheets are never quite like drawn ones
ENGRAVED = ("solid", "hollow", "hatched")


# ---- sheets
def sheet(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A façade of any kind and in any state: gray uint8 [H, W] and the true boxes, float64 [N, 4]."""
    rng = np.random.default_rng([seed, 77])
    b = building(int(rng.integers(0, 100)))
    unit = float(np.exp(rng.uniform(np.log(20), np.log(75))))
    left, top, right, bottom = (round(unit * rng.uniform(0.6, 3)) for _ in range(4))
    pen = Pen(b.width, b.height + b.roof_height + 1.1, unit, (left, top, right, bottom))
    if rng.random() < 0.25:
        draw_facade(pen, b, ENGRAVED[int(rng.integers(3))])
    else:
        b = replace(b, facade=any_front(b, rng))
        draw_in_manner(pen, b, any_manner(rng))
        _besides(pen, b, rng)
    image = pen.sheet()
    if rng.random() < 0.75:
        image, _ = age(image, seed, float(rng.uniform(0.1, 1.0)), skewed=False)
    if rng.random() < 0.4:  # scans that were sharpened and bleached by their publishers
        image = np.clip((image.astype(np.float32) - 40) * rng.uniform(1.15, 1.6), 0, 255).astype(np.uint8)
    if rng.random() < 0.25:  # the blotches of a half-tone block
        blotch = cv2.GaussianBlur(rng.standard_normal(image.shape[:2], dtype=np.float32), (0, 0), float(rng.uniform(0.5, 2)))
        blotch *= float(rng.uniform(0.1, 0.45)) / blotch.std()
        image = np.clip(image + (255.0 - image) * blotch[..., None], 0, 255).astype(np.uint8)
    return flatten(image, 0.5), np.array([pen.box(o.box) for o in b.facade], np.float64)


def any_front(b: Building, rng: np.random.Generator) -> tuple[Opening, ...]:
    """Storeys of unlike openings: rows of windows, a shop front, an arcade, slits where they are needed."""
    openings, floor = [], 0.0
    for storey, high in enumerate(b.heights):
        way = str(rng.choice(["windows", "windows", "windows", "slits", "arcade"] + ["shops"] * (storey == 0)))
        wide, tall = rng.uniform(0.8, min(1.9, 0.7 * b.bay)), rng.uniform(0.3, 0.62) * high
        sill = rng.uniform(0.12, 0.9) * (high - tall - 0.5)
        door = int(rng.integers(b.bays)) if storey == 0 else -1
        for i in range(b.bays):
            x, foot = b.thick + (i + 0.5) * b.bay, floor + max(0.2, sill)
            if rng.random() < (0.06 if way == "windows" else 0.2):
                continue
            if i == door:
                w, h = rng.uniform(1.0, 1.7), rng.uniform(2.1, min(3.0, high - 0.7))
                openings.append(Opening("door", "S", (x - w / 2, 0.1, x + w / 2, 0.1 + h)))
            elif way == "windows":
                openings.append(Opening("window", "S", (x - wide / 2, foot, x + wide / 2, foot + tall)))
            elif way == "slits":
                w, h = rng.uniform(0.3, 0.8), rng.uniform(0.5, 1.1)
                x, foot = x + rng.uniform(-0.5, 0.5), floor + rng.uniform(0.8, high - 1.9)
                openings.append(Opening("window", "S", (x - w / 2, foot, x + w / 2, foot + h)))
            else:
                w = rng.uniform(0.55, 0.8) * b.bay
                h = min(high - 0.7, rng.uniform(1.2, 1.9) * w)
                openings.append(
                    Opening("shop" if way == "shops" else "arch", "S", (x - w / 2, floor + 0.02, x + w / 2, floor + h))
                )
        floor += high
    return tuple(openings)


def _besides(pen: Pen, b: Building, rng: np.random.Generator) -> None:
    """What else draughtsmen put there and what is no opening: panels, people, a balustrade, a dome, lettering, a scale."""
    taken = [o.box for o in b.facade]

    def free(x0, z0, x1, z1):
        return all(x1 < t[0] - 0.2 or x0 > t[2] + 0.2 or z1 < t[1] - 0.2 or z0 > t[3] + 0.2 for t in taken)

    for _ in range(int(rng.integers(0, 8))):
        w, h = rng.uniform(0.5, 1.6), rng.uniform(0.25, 0.7)
        x, z = rng.uniform(0.3, b.width - 2), rng.uniform(0.3, b.height - 1.2)
        if free(x, z, x + w, z + h):
            pen.rectangle(x, z, x + w, z + h, rng.uniform(0.5, 1.0))
    for _ in range(int(rng.integers(0, 3))):
        x = rng.uniform(0.5, b.width - 1)
        if free(x, 0, x + 0.4, 1.7):
            body = [(x + 0.1, 0), (x + 0.3, 0), (x + 0.4, 1.3), (x + 0.26, 1.7), (x + 0.14, 1.7), (x, 1.2)]
            pen.fill(body, int(rng.integers(90, 230)))
    if rng.random() < 0.3:
        for x in np.arange(0.1, b.width - 0.2, 0.3):
            pen.rectangle(x, b.height + 0.05, x + 0.14, b.height + 0.7, 0.7, fill=0)
        pen.rectangle(0, b.height + 0.7, b.width, b.height + 0.85, 1.0, fill=0)
    if rng.random() < 0.25:
        x, r = rng.uniform(3, b.width - 3), rng.uniform(1.5, 2.8)
        for k in np.linspace(-1, 1, 9):
            pen.line([(x + k * r * np.cos(t), b.height + r * np.sin(t)) for t in np.linspace(0, np.pi / 2, 12)], 0.8)
    w, h = pen.size
    for k in range(int(rng.integers(0, 4))):
        pen.text(
            "SOUTH FRONT OF A HOUSE"[: int(rng.integers(4, 22))],
            w * rng.uniform(0.3, 0.7),
            h * (0.03 + 0.9 * (k % 2)),
            0.5 * pen.px_per_m,
            0.1,
        )


# ---- learning
def examples(seeds: range) -> list[tuple]:
    """Numbers and aims of every box of every sheet; the aim rises from 0 at an IoU of 0.5 to 1 at 0.9."""
    out = []
    for seed in seeds:
        gray, truth = sheet(seed)
        factor = reading_scale(gray.shape)
        work = resized(gray, factor)
        edges = edges_of(work)
        found = candidates(work, edges)
        alone, _, pictures = local_features(work, edges, found)
        boxes = found.boxes.astype(np.float64)
        inter = intersection(boxes, truth * factor)
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        true = truth * factor
        overlap = (inter / (areas[:, None] + (true[:, 2] - true[:, 0]) * (true[:, 3] - true[:, 1]) - inter)).max(1)
        out.append((found, alone, pictures, overlap, np.clip((overlap - 0.5) / 0.4, 0, 1)))
    return out


def train(x: np.ndarray, y: np.ndarray, weight: np.ndarray, seed: int, epochs: int) -> dict[str, np.ndarray]:
    """Three layers fitted to aims 0…1 by Adam on the cross entropy (Kingma & Ba 2015)."""
    rng = np.random.default_rng(seed)
    mean, deviation = x.mean(0), x.std(0) + 1e-3
    x = np.clip((x - mean) / deviation, -6, 6).astype(np.float32)
    sizes = (x.shape[1], *HIDDEN, 1)
    p = [rng.standard_normal((a, b)).astype(np.float32) * np.sqrt(2 / a) for a, b in pairwise(sizes)]
    p += [np.zeros(b, np.float32) for b in sizes[1:]]
    m, v = [np.zeros_like(q) for q in p], [np.zeros_like(q) for q in p]
    step, batch = 0, 512
    for epoch in range(epochs):
        rate = 2e-3 * (1 - epoch / epochs)
        order = rng.permutation(len(x))
        for start in range(0, len(x) - batch + 1, batch):
            rows = order[start : start + batch]
            a0 = x[rows] + NOISE * rng.standard_normal((batch, x.shape[1]), dtype=np.float32)
            a0 *= rng.random(a0.shape, dtype=np.float32) > DROP
            a1 = np.maximum(a0 @ p[0] + p[3], 0)
            a2 = np.maximum(a1 @ p[1] + p[4], 0)
            out = 1 / (1 + np.exp(-np.clip(a2 @ p[2] + p[5], -30, 30)))
            d3 = (out - y[rows, None]) * weight[rows, None] / batch
            d2 = d3 @ p[2].T * (a2 > 0)
            d1 = d2 @ p[1].T * (a1 > 0)
            grads = [a0.T @ d1, a1.T @ d2, a2.T @ d3, d1.sum(0), d2.sum(0), d3.sum(0)]
            step += 1
            for k, g in enumerate(grads):
                g = g + 1e-5 * p[k]
                m[k] = 0.9 * m[k] + 0.1 * g
                v[k] = 0.999 * v[k] + 0.001 * g * g
                p[k] -= rate * (m[k] / (1 - 0.9**step)) / (np.sqrt(v[k] / (1 - 0.999**step)) + 1e-8)
    names = ("w0", "w1", "w2", "b0", "b1", "b2")
    return {"mean": mean, "deviation": deviation, **dict(zip(names, p, strict=True))}


def apply(layers: dict[str, np.ndarray], x: np.ndarray) -> np.ndarray:
    """As `facade_openings.score`, with layers at hand."""
    x = np.clip((x - layers["mean"]) / layers["deviation"], -6, 6)
    for k in range(3):
        x = x @ layers[f"w{k}"] + layers[f"b{k}"]
        x = np.maximum(x, 0) if k < 2 else 1 / (1 + np.exp(-np.clip(x, -30, 30)))
    return x[:, 0].astype(np.float32)


def both(sheets: list[tuple], seed: int = 0) -> dict[str, np.ndarray]:
    """The two networks, the second trained on what the first puts on its short list."""
    rng = np.random.default_rng(seed)
    xs, ys, ws = [], [], []
    for _, alone, _, overlap, aim in sheets:
        near = np.flatnonzero(overlap > 0.3)
        far = np.flatnonzero(overlap <= 0.3)
        far = rng.choice(far, min(len(far), 1500), replace=False)
        rows = np.concatenate([near, far])
        xs.append(alone[rows])
        ys.append(aim[rows])
        ws.append(np.where(aim[rows] > 0, 2.0, 1.0))
    first = train(np.concatenate(xs), np.concatenate(ys).astype(np.float32), np.concatenate(ws).astype(np.float32), seed, 8)
    xs, ys = [], []
    for found, alone, pictures, _, aim in sheets:
        scores = apply(first, alone)
        short = short_list(found, scores)
        if len(short):
            xs.append(np.hstack([alone[short], company_features(found.boxes[short], scores[short], pictures[short])]))
            ys.append(aim[short])
    x, y = np.concatenate(xs), np.concatenate(ys).astype(np.float32)
    second = train(x, y, np.ones(len(x), np.float32), seed, 16)
    return {
        f"{name}_{k}": v.astype(np.float32) for name, net in (("alone", first), ("company", second)) for k, v in net.items()
    }


def main() -> None:
    """Draw, learn, and write the file that is named on the command line."""
    cv2.setNumThreads(1)
    networks = both(examples(range(0, 240)))
    np.savez_compressed(sys.argv[1], **networks)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
