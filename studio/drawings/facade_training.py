"""Training of the networks of `facade_openings.py` on sheets that `facade_lessons` draws, and on nothing else.

python -m studio.drawings.facade_training facade_openings.npz        (half an hour on one core; needs torch)

Seeds are 20000 and on; tests and benchmarks never draw those. Every network is trained TWINS times from different beginnings,
and what the twins say is averaged.

The weights before these came from fewer kinds of lessons, without screens, mullions, oriels, piers and ashlar of many tones.
These went on from them: --sheets 214 --epochs 8 --begin BEFORE. On eight real elevations, whose misses said which
kinds were lacking, F1 was 0.75 in the mean, 0.76 with the rules that came with them, and is 0.79 with both (a palace court, a
brick flank and a house of Pompeii gained; a woodcut of a mosque lost, 0.46 to 0.36); on sheets drawn here, fully aged, all
are found. Streets of shops with galleries, portals, hoods and oriels between posts came to the lessons later. What was gone
on to from these weights with --sheets 280 --epochs 8 --begin THESE had 0.79 in the mean where these had 0.80 (S. Irene's south
side and Thorpe Hall gained; Ukhaidir, Epidius and the Faun lost), and no more where old and new sight were mixed half and
half; so these stayed. Networks of company trained on 153 of those sheets differ by up to 0.14 on a real sheet: so much is
chance. When `facade_glance` came, its word raising the scores by half of the way, they had 0.90 as they were, and 0.84 after
they had learnt from 310 sheets with its word in them (they then trusted it where hands were strange); so they stayed again,
and only `glanced` was added to the file, learnt from 310 sheets.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from studio.drawings.facade_candidates import Candidates, candidates, edges_of
from studio.drawings.facade_company import company_features
from studio.drawings.facade_features import LOCAL, intersection, local_features
from studio.drawings.facade_glance import glances, opinion
from studio.drawings.facade_lessons import sheet
from studio.drawings.facade_openings import (
    agreed,
    in_company,
    reading_scale,
    resized,
    score,
    short_list,
    stored_weights,
    with_glance,
    with_proposals,
)
from studio.drawings.facade_sight import CHANNELS, FAR, NEAR, sight, views

FIRST = 20_000  # seed
TWINS = 2  # networks of each kind, from different beginnings: what one of them imagines the other seldom does
HIDDEN = (32, 16)
SHEET_DOUBT, BOX_DOUBT = 0.5, 0.3  # logits by which a hand never seen makes the sight err, over a sheet and box by box
NOISE, DROP = 0.5, 0.1  # added to and taken from what the networks see: real sheets are never quite like drawn ones
WIDTHS = (12, 24, 24)  # channels of the towers
JUDGE = 40  # numbers between the towers and the judgement
MIRRORED = ((7, 8), (11, 12), (13, 14), (15, 16), (17, 18), (19, 20))  # numbers of a box's left and right
VOTES = [4, 13]  # of what a glance says, how far it tells of this box, at the smaller and the greater size
SHOWN, NEARLY = 200, 120  # wrong and nearly right boxes of a sheet that the sight is trained on


@dataclass(frozen=True, eq=False)
class Lesson:
    """One sheet with its N boxes.

    Attributes:
        work: uint8 [H, W], at reading size; found: the boxes; numbers, pictures: as from `local_features`, float16.
        said: as from `opinion`, float16.
        overlap: float32 [N], IoU with the nearest true box; nearest: int [N], which of those that is.
        truth: float64 [M, 4], the true boxes.
    """

    work: np.ndarray
    found: Candidates
    numbers: np.ndarray
    pictures: np.ndarray
    said: np.ndarray
    overlap: np.ndarray
    nearest: np.ndarray
    truth: np.ndarray

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
        seen = glances(work)
        found = with_proposals(candidates(work, edges), seen)
        if not len(found) or not len(truth):
            continue
        numbers, _, pictures = local_features(work, edges, found)
        boxes, true = found.boxes.astype(np.float64), truth * factor
        inter = intersection(boxes, true)
        areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        overlap = (inter / (areas[:, None] + (true[:, 2] - true[:, 0]) * (true[:, 3] - true[:, 1]) - inter))
        known = numbers.astype(np.float16), pictures.astype(np.float16), opinion(seen, boxes).astype(np.float16)
        yield Lesson(work, found, *known, overlap.max(1).astype(np.float32), overlap.argmax(1), true)


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


def alone(sheets: list[Lesson], seed: int) -> dict[str, np.ndarray]:
    """The first network: every box by its numbers."""
    rng = np.random.default_rng([seed, 1])
    xs, ys = [], []
    for le in sheets:
        near, far = np.flatnonzero(le.overlap > 0.3), np.flatnonzero(le.overlap <= 0.3)
        near = rng.choice(near, min(len(near), 1000), replace=False)
        rows = np.concatenate([near, rng.choice(far, min(len(far), 1000), replace=False)])
        xs.append(le.numbers[rows].astype(np.float32))
        ys.append(le.aim[rows])
    y = np.concatenate(ys)
    return train(np.concatenate(xs).astype(np.float32), y, np.where(y > 0, 2.0, 1.0).astype(np.float32), seed, 8)


def glanced(sheets: list[Lesson], seed: int) -> dict[str, np.ndarray]:
    """The network that weighs what a glance says of a box; wrong boxes that the glance believes in teach the most."""
    rng = np.random.default_rng([seed, 11])
    xs, ys = [], []
    for le in sheets:
        near, far = np.flatnonzero(le.overlap > 0.3), np.flatnonzero(le.overlap <= 0.3)
        believed = le.said[far][:, VOTES].astype(np.float32).max(1)
        near = rng.choice(near, min(len(near), 1000), replace=False)
        rows = np.concatenate([near, far[np.argsort(-believed)[:400]], rng.choice(far, min(len(far), 600), replace=False)])
        xs.append(le.said[rows].astype(np.float32))
        ys.append(le.aim[rows])
    y = np.concatenate(ys)
    return train(np.concatenate(xs), y, np.ones(len(y), np.float32), seed, 12)


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


def see(
    parts: tuple[np.ndarray, ...], seed: int, epochs: int, begin: dict[str, np.ndarray] | None = None
) -> dict[str, np.ndarray]:
    """The convolutional network of `facade_sight`, fitted with torch.

    Args:
        parts: as from `shown`; epochs: how often all of them are seen.
        begin: a network to go on from; it keeps its scale of numbers, and steps are as small as at the end of its training.
    """
    import torch
    from torch import nn

    torch.set_num_threads(1)
    near, far, numbers, aim = parts
    mean, deviation = numbers.mean(0), numbers.std(0) + 1e-3
    if begin:
        mean, deviation = begin["sight_mean"], begin["sight_deviation"]

    def tower() -> nn.Sequential:
        parts: list[nn.Module] = []
        for a, b in pairwise((CHANNELS, *WIDTHS)):
            parts += [nn.Conv2d(a, b, 3, 2, 1), nn.ReLU()]
        return nn.Sequential(*parts, nn.Flatten())

    flat = WIDTHS[-1] * ((NEAR[0] // 8) ** 2 + (FAR[0] // 8) ** 2)
    towers = nn.ModuleList([tower(), tower()])
    judge = nn.Sequential(nn.Linear(flat + LOCAL, JUDGE), nn.ReLU(), nn.Linear(JUDGE, 1))
    params = [*towers.parameters(), *judge.parameters()]
    rng = np.random.default_rng([seed, 2])
    for p in params:  # He et al. 2015
        spread = np.sqrt(2 / p[0].numel()) if p.ndim > 1 else 0.0
        p.data = torch.from_numpy((spread * rng.standard_normal(tuple(p.shape))).astype(np.float32))
    if begin:
        _put_in(begin, towers, judge)
    steps, batch = epochs * (len(aim) // 256), 256
    optimiser = torch.optim.AdamW(params, 2e-3, weight_decay=1e-3)
    plan = torch.optim.lr_scheduler.OneCycleLR(optimiser, 1e-3 if begin else 3e-3, total_steps=steps + 1, pct_start=0.1)
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
    for (name, k), layer in _layers(towers, judge):
        weight = layer.weight.detach().numpy()
        out |= {f"{name}_w{k}": weight.T.copy() if name == "sight" else weight, f"{name}_b{k}": layer.bias.detach().numpy()}
    return out


def _layers(towers, judge) -> Iterator[tuple[tuple[str, int], Any]]:
    """Every layer of the network that looks, with the name and number that it is stored under."""
    for name, module in (("near", towers[0]), ("far", towers[1]), ("sight", judge)):
        kept = [m for m in module if hasattr(m, "weight")]
        yield from (((name, k), layer) for k, layer in enumerate(kept))


def _put_in(begin: dict[str, np.ndarray], towers, judge) -> None:
    """Set every layer to what is stored in `begin`."""
    import torch

    for (name, k), layer in _layers(towers, judge):
        weight = begin[f"{name}_w{k}"]
        layer.weight.data = torch.from_numpy(np.ascontiguousarray(weight.T if name == "sight" else weight))
        layer.bias.data = torch.from_numpy(begin[f"{name}_b{k}"].copy())


# ---- all of them
def networks(
    sheets: list[Lesson], epochs: int, begin: list[dict[str, np.ndarray]] | None = None
) -> list[dict[str, np.ndarray]]:
    """TWINS of each network; all are trained on what those before them leave over, as the twins see it together.

    Args:
        begin: networks that look, to go on from; in turn, one for each twin.
    """
    twins = [_named("alone", alone(sheets, seed)) | _named("glance", glanced(sheets, seed)) for seed in range(TWINS)]
    shorts = [_short(twins, le) for le in sheets]
    parts = [shown(le, short, np.random.default_rng([k, 4])) for k, (le, short) in enumerate(zip(sheets, shorts, strict=True))]
    every = tuple(np.concatenate(part) for part in zip(*parts, strict=True))
    for seed, layers in enumerate(twins):
        layers |= see(every, seed, epochs, begin[seed % len(begin)] if begin else None)
    seen = [_seen(twins, le, short) for le, short in zip(sheets, shorts, strict=True)]
    for name in ("company", "again"):
        rows = [_weighed(twins, *part) for part in zip(sheets, shorts, seen, strict=True)]
        learnt = [_named(name, company(rows, seed)) for seed in range(TWINS)]
        for layers, more in zip(twins, learnt, strict=True):
            layers |= more
    return twins


def _named(name: str, layers: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {f"{name}_{k}": v.astype(np.float32) for k, v in layers.items()}


def _short(twins: list[dict[str, np.ndarray]], le: Lesson) -> np.ndarray:
    """The boxes of a sheet that deserve a second look."""
    first = agreed([score(layers, "alone", le.numbers.astype(np.float32)) for layers in twins])
    return short_list(le.found, with_glance(first, _glanced(twins, le)))


def _glanced(twins: list[dict[str, np.ndarray]], le: Lesson) -> np.ndarray:
    """What a glance is worth to the twins, box by box."""
    return agreed([score(layers, "glance", le.said.astype(np.float32)) for layers in twins])


def _seen(twins: list[dict[str, np.ndarray]], le: Lesson, short: np.ndarray) -> np.ndarray:
    """What the networks that look say of a short list, and the glance with them."""
    near, far = views(le.work, edges_of(le.work), le.found.boxes[short])
    looked = agreed([sight(layers, near, far, le.numbers[short].astype(np.float32)) for layers in twins])
    return with_glance(looked, _glanced(twins, le)[short])


def _weighed(twins: list[dict[str, np.ndarray]], le: Lesson, short: np.ndarray, seen: np.ndarray) -> Weighed:
    """The short list as the networks that are there see it."""
    numbers, pictures = le.numbers.astype(np.float32), le.pictures.astype(np.float32)
    return le, *in_company(twins, le.found, numbers, pictures, short, seen, le.work.shape)


def main() -> None:
    """Draw, learn, and write the file that is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--sheets", type=int, default=312)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--begin", help="weights of an earlier run; the networks that look go on from there")
    args = parser.parse_args()
    cv2.setNumThreads(1)
    begin = list(stored_weights(Path(args.begin))) if args.begin else None
    learnt = networks(list(lessons(range(FIRST, FIRST + args.sheets))), args.epochs, begin)
    together = {name: np.stack([layers[name] for layers in learnt]) for name in learnt[0]}
    np.savez_compressed(args.out, **{k: v.astype(np.float16) for k, v in together.items()})  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
