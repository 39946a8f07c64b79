"""Training of the networks of `facade_openings.py` on sheets that `facade_lessons` draws, and on nothing else.

python -m studio.drawings.facade_training facade_openings.npz        (half an hour on one core; needs torch)

Seeds are 20000 and on; tests and benchmarks never draw those. The weights that are shipped were learnt from these sheets before
`facade_candidates` bridged hidden jambs: a run of today meets some boxes more.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from studio.drawings.facade_candidates import Candidates, candidates, edges_of
from studio.drawings.facade_company import company_features
from studio.drawings.facade_features import LOCAL, intersection, local_features
from studio.drawings.facade_lessons import sheet
from studio.drawings.facade_openings import in_company, reading_scale, resized, score, short_list
from studio.drawings.facade_sight import CHANNELS, FAR, NEAR, sight, views

FIRST = 20_000  # seed
HIDDEN = (32, 16)
SHEET_DOUBT, BOX_DOUBT = 0.5, 0.3  # logits by which a hand never seen makes the sight err, over a sheet and box by box
NOISE, DROP = 0.5, 0.1  # added to and taken from what the networks see: real sheets are never quite like drawn ones
WIDTHS = (12, 24, 24)  # channels of the towers
JUDGE = 40  # numbers between the towers and the judgement
MIRRORED = ((7, 8), (11, 12), (13, 14), (15, 16), (17, 18), (19, 20))  # numbers of a box's left and right
SHOWN, NEARLY = 200, 120  # wrong and nearly right boxes of a sheet that the sight is trained on


@dataclass(frozen=True, eq=False)
class Lesson:
    """One sheet with its N boxes.

    Attributes:
        work: uint8 [H, W], at reading size; found: the boxes; numbers, pictures: as from `local_features`, float16.
        overlap: float32 [N], IoU with the nearest true box.
    """

    work: np.ndarray
    found: Candidates
    numbers: np.ndarray
    pictures: np.ndarray
    overlap: np.ndarray

    @property
    def aim(self) -> np.ndarray:
        """What a network should say of each box: from 0 at an IoU of 0.5 to 1 at 0.9."""
        return np.clip((self.overlap - 0.5) / 0.4, 0, 1).astype(np.float32)


def lessons(seeds: Iterable[int]) -> Iterator[Lesson]:
    """Sheets that hold openings, read as far as the networks."""
    for seed in seeds:
        gray, truth = sheet(seed)
        factor = reading_scale(gray.shape)
        work = resized(gray, factor)
        edges = edges_of(work)
        found = candidates(work, edges)
        if not len(found) or not len(truth):
            continue
        numbers, _, pictures = local_features(work, edges, found)
        boxes, true = found.boxes.astype(np.float64), truth * factor
        inter = intersection(boxes, true)
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        overlap = (inter / (areas[:, None] + (true[:, 2] - true[:, 0]) * (true[:, 3] - true[:, 1]) - inter)).max(1)
        yield Lesson(work, found, numbers.astype(np.float16), pictures.astype(np.float16), overlap.astype(np.float32))


Weighed = tuple[Lesson, np.ndarray, np.ndarray]  # a sheet, its short list, and what is thought of that


# ---- the networks of numbers
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


def alone(sheets: list[Lesson], rng: np.random.Generator) -> dict[str, np.ndarray]:
    """The first network: every box by its numbers."""
    xs, ys = [], []
    for le in sheets:
        near, far = np.flatnonzero(le.overlap > 0.3), np.flatnonzero(le.overlap <= 0.3)
        near = rng.choice(near, min(len(near), 1000), replace=False)
        rows = np.concatenate([near, rng.choice(far, min(len(far), 1000), replace=False)])
        xs.append(le.numbers[rows].astype(np.float32))
        ys.append(le.aim[rows])
    y = np.concatenate(ys)
    return train(np.concatenate(xs).astype(np.float32), y, np.where(y > 0, 2.0, 1.0).astype(np.float32), 0, 8)


def company(rows: list[Weighed], seed: int) -> dict[str, np.ndarray]:
    """A network of boxes among their equals; what was thought of them is doubted, as it is on sheets of unknown hands."""
    rng = np.random.default_rng([seed, 3])
    xs, ys = [], []
    for le, short, scores in rows:
        doubted = _doubted(scores, rng)
        known = company_features(le.found.boxes[short], doubted, le.pictures[short].astype(np.float32), le.work.shape)
        xs.append(np.hstack([le.numbers[short].astype(np.float32), known]))
        ys.append(le.aim[short])
    y = np.concatenate(ys)
    return train(np.concatenate(xs).astype(np.float32), y, np.ones(len(y), np.float32), seed, 12)


def _doubted(scores: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The scores, 0…1, of a network that trusts this sheet less or more, and errs box by box."""
    x = np.log(np.clip(scores, 1e-4, 1 - 1e-4) / (1 - np.clip(scores, 1e-4, 1 - 1e-4)))
    x = x * rng.uniform(0.6, 1.0) + SHEET_DOUBT * rng.standard_normal() + BOX_DOUBT * rng.standard_normal(len(x))
    return (1 / (1 + np.exp(-x))).astype(np.float32)


# ---- the network that looks
def shown(le: Lesson, short: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """What the sight learns from one sheet: near view, far view, numbers and aims of its better boxes."""
    near = np.flatnonzero(le.overlap > 0.3)
    near = rng.choice(near, min(len(near), NEARLY), replace=False)
    wrong = short[le.overlap[short] <= 0.3]
    wrong = np.concatenate([wrong[: SHOWN // 2], rng.permutation(wrong[SHOWN // 2 :])[: SHOWN // 2]])
    rows = np.unique(np.concatenate([near, wrong, short[le.overlap[short] > 0.6]]))
    return *views(le.work, edges_of(le.work), le.found.boxes[rows]), le.numbers[rows].astype(np.float32), le.aim[rows]


def see(near: np.ndarray, far: np.ndarray, numbers: np.ndarray, aim: np.ndarray, epochs: int) -> dict[str, np.ndarray]:
    """The convolutional network of `facade_sight`, fitted with torch; rows as from `shown`."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    mean, deviation = numbers.mean(0), numbers.std(0) + 1e-3

    def tower() -> nn.Sequential:
        parts: list[nn.Module] = []
        for a, b in pairwise((CHANNELS, *WIDTHS)):
            parts += [nn.Conv2d(a, b, 3, 2, 1), nn.ReLU()]
        return nn.Sequential(*parts, nn.Flatten())

    flat = WIDTHS[-1] * ((NEAR[0] // 8) ** 2 + (FAR[0] // 8) ** 2)
    towers = nn.ModuleList([tower(), tower()])
    judge = nn.Sequential(nn.Linear(flat + LOCAL, JUDGE), nn.ReLU(), nn.Linear(JUDGE, 1))
    params = [*towers.parameters(), *judge.parameters()]
    rng = np.random.default_rng(0)
    for p in params:  # He et al. 2015
        spread = np.sqrt(2 / p[0].numel()) if p.ndim > 1 else 0.0
        p.data = torch.from_numpy((spread * rng.standard_normal(tuple(p.shape))).astype(np.float32))
    steps, batch = epochs * (len(aim) // 256), 256
    optimiser = torch.optim.AdamW(params, 2e-3, weight_decay=1e-3)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps + 1, pct_start=0.1)
    swapped = np.arange(LOCAL)
    for a, b in MIRRORED:
        swapped[[a, b]] = b, a
    for _ in range(epochs):
        order = rng.permutation(len(aim))
        for start in range(0, len(order) - batch + 1, batch):
            rows = order[start : start + batch]
            pictures = [torch.from_numpy(v[rows].astype(np.float32) / 255) for v in (near, far)]
            known = np.clip((numbers[rows] - mean) / deviation, -6, 6)
            if rng.random() < 0.5:
                pictures, known = [v.flip(3) for v in pictures], known[:, swapped]
            gain = torch.from_numpy(rng.uniform(0.6, 1.3, (batch, CHANNELS, 1, 1)).astype(np.float32))  # ink fades
            pictures = [(v * gain).clamp(0, 1) for v in pictures]
            known = known + 0.3 * rng.standard_normal(known.shape)
            x = torch.cat([towers[0](pictures[0]), towers[1](pictures[1]), torch.from_numpy(known.astype(np.float32))], 1)
            x = x * torch.from_numpy((rng.random(x.shape) > DROP).astype(np.float32) / (1 - DROP))
            loss = nn.functional.binary_cross_entropy_with_logits(judge(x)[:, 0], torch.from_numpy(aim[rows]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            plan.step()
    out = {"sight_mean": mean, "sight_deviation": deviation}
    for name, module in zip(("near", "far"), towers, strict=True):
        for k, layer in enumerate(m for m in module.modules() if isinstance(m, nn.Conv2d)):
            out |= {f"{name}_w{k}": layer.weight.detach().numpy(), f"{name}_b{k}": layer.bias.detach().numpy()}
    for k, layer in enumerate(m for m in judge if isinstance(m, nn.Linear)):
        out |= {f"sight_w{k}": layer.weight.detach().numpy().T.copy(), f"sight_b{k}": layer.bias.detach().numpy()}
    return out


# ---- all of them
def networks(sheets: list[Lesson], epochs: int) -> dict[str, np.ndarray]:
    """Each network is trained on what those before it leave over."""
    rng = np.random.default_rng(0)
    layers = _named("alone", alone(sheets, rng))
    shorts = [short_list(le.found, score(layers, "alone", le.numbers.astype(np.float32))) for le in sheets]
    parts = [shown(le, short, rng) for le, short in zip(sheets, shorts, strict=True)]
    near, far, numbers, aim = (np.concatenate(part) for part in zip(*parts, strict=True))
    layers |= see(near, far, numbers, aim, epochs)
    sheets, shorts = sheets[::2], shorts[::2]  # these two have few numbers to learn
    seen = [_seen(layers, le, short) for le, short in zip(sheets, shorts, strict=True)]
    for seed, name in enumerate(("company", "again")):
        rows = [_weighed(layers, *part) for part in zip(sheets, shorts, seen, strict=True)]
        layers |= _named(name, company(rows, seed))
    return layers


def _named(name: str, layers: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{name}_{k}": v.astype(np.float32) for k, v in layers.items()}


def _seen(layers: dict[str, np.ndarray], le: Lesson, short: np.ndarray) -> np.ndarray:
    """What the network that looks says of a short list."""
    return sight(layers, *views(le.work, edges_of(le.work), le.found.boxes[short]), le.numbers[short].astype(np.float32))


def _weighed(layers: dict[str, np.ndarray], le: Lesson, short: np.ndarray, seen: np.ndarray) -> Weighed:
    """The short list as the networks that are there see it."""
    numbers, pictures = le.numbers.astype(np.float32), le.pictures.astype(np.float32)
    return le, *in_company(layers, le.found, numbers, pictures, short, seen, le.work.shape)


def main() -> None:
    """Draw, learn, and write the file that is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--sheets", type=int, default=312)
    parser.add_argument("--epochs", type=int, default=6)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    learnt = networks(list(lessons(range(FIRST, FIRST + args.sheets))), args.epochs)
    np.savez_compressed(args.out, **{k: v.astype(np.float16) for k, v in learnt.items()})  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
