"""Training of the small network of `facade_sides.py` on the sheets that `facade_lessons` draws, and on nothing else.

python -m studio.drawings.facade_sides_training facade_sides.npz        (a quarter of an hour on one core; needs torch)

Every lesson is read as far as its boxes; a head, sill or jamb of each that overlaps a true opening is one question, and which
of its rows is the true one the answer. A sixth of the sheets is kept back: there, of sides of chosen boxes, those over 3 px
off at reading size fell from 38 to 18 in a hundred (heads), 22 to 6 (sills) and 24 to 11 (jambs). A linear judgement of these
numbers left 30, 8 and 11; a hidden layer of 32 was hardly better than one of 16.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from studio.drawings.facade_candidates import edges_of
from studio.drawings.facade_openings import one_each, ranked
from studio.drawings.facade_sides import shown, turned, views_of
from studio.drawings.facade_training import FIRST, Lesson, lessons

HIDDEN = 24
BATCH = 64  # sides, of about one length
RATE, DECAY = 5e-3, 1e-3
NOISE = 0.2  # added to what the network sees
BLUNT = 1.2  # pixels by which the answer is not sharper than the pen
MOST = 40  # boxes of a sheet; a front of 150 windows teaches no more
ROUGH = 2  # boxes for each opening that were not chosen, IoU LEAST…ENOUGH
LEAST, ENOUGH = 0.6, 0.95
WORSE, SLIP = 0.6, 1.0  # share of the other sides that have been set right already, and by how many pixels they then err
FAR = 1.0  # pixels: what lies no nearer to a row is out of reach


@dataclass(frozen=True, eq=False)
class Question:
    """One side of a box: numbers float32 [R, K] of its rows, and how far each is from the answer, [R], pixels."""

    numbers: np.ndarray
    off: np.ndarray

    @property
    def aim(self) -> np.ndarray:
        """Shares, [R], that add up to one."""
        share = np.exp(-((self.off / BLUNT) ** 2))
        return share / share.sum()


def questions(lesson: Lesson, seed: int) -> Iterator[Question]:
    """The sides of a lesson's boxes that have an answer in their reach."""
    rng = np.random.default_rng([seed, 5])
    edges = edges_of(lesson.work)
    views = views_of(lesson.work, edges)
    for box, true in _boxes(lesson, rng):
        for side in range(4):
            begun = box.copy()
            if rng.random() < 0.5:
                right = rng.random(4) < WORSE
                right[side] = False
                begun = np.where(right, np.rint(true + SLIP * rng.standard_normal(4)), begun)
            rows, numbers = shown(views[side], turned(begun, side, lesson.work.shape), side)
            off = turned(true, side, lesson.work.shape)[1] - rows
            if np.abs(off).min() <= FAR:
                yield Question(numbers, off)


def _boxes(lesson: Lesson, rng: np.random.Generator) -> list[tuple[np.ndarray, np.ndarray]]:
    """Boxes as the networks choose them, and rougher ones, each with its true one."""
    found = lesson.found
    boxes = found.boxes.astype(np.float64)
    numbers, pictures = lesson.numbers.astype(np.float32), lesson.pictures.astype(np.float32)
    worth, _ = ranked(lesson.work, edges_of(lesson.work), found, numbers, pictures, lesson.said.astype(np.float32))
    chosen = [k for k in one_each(boxes, worth) if lesson.overlap[k] > 0.5]
    rough = np.flatnonzero((worth > 0.1) & (lesson.overlap > LEAST) & (lesson.overlap < ENOUGH))
    taken: dict[int, int] = {}
    for k in rng.permutation(rough):
        place = int(lesson.nearest[k])
        if taken.get(place, 0) < ROUGH:
            taken[place] = taken.get(place, 0) + 1
            chosen.append(int(k))
    chosen = [chosen[k] for k in rng.permutation(len(chosen))[:MOST]]
    return [(boxes[k], lesson.truth[lesson.nearest[k]]) for k in chosen]


def fitted(asked: list[Question], epochs: int) -> dict[str, np.ndarray]:
    """The network, fitted to the questions by AdamW on the cross entropy of their rows (Loshchilov & Hutter 2019)."""
    import torch
    from torch import nn

    torch.set_num_threads(1)
    chance = torch.Generator()
    chance.manual_seed(0)
    every = np.concatenate([one.numbers for one in asked])
    mean, deviation = every.mean(0), every.std(0) + 1e-3
    net = nn.Sequential(nn.Linear(every.shape[1], HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 1))
    for p in net.parameters():  # He et al. 2015
        p.data = torch.randn(p.shape, generator=chance) * (np.sqrt(2 / p.shape[1]) if p.ndim > 1 else 0.0)
    optimiser = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    rng = np.random.default_rng(0)
    ordered = sorted(asked, key=lambda one: len(one.off))
    batches = [ordered[k : k + BATCH] for k in range(0, len(ordered), BATCH)]
    for epoch in range(epochs):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - epoch / epochs)
        for k in rng.permutation(len(batches)):
            batch = batches[k]
            rows = max(len(one.off) for one in batch)
            x = np.zeros((len(batch), rows, len(mean)), np.float32)
            aim, shut = np.zeros((len(batch), rows), np.float32), np.full((len(batch), rows), -1e9, np.float32)
            for place, one in enumerate(batch):
                many = len(one.off)
                x[place, :many] = np.clip((one.numbers - mean) / deviation, -5, 5)
                aim[place, :many], shut[place, :many] = one.aim, 0
            seen = torch.from_numpy(x)
            said = net(seen + NOISE * torch.randn(seen.shape, generator=chance))[..., 0] + torch.from_numpy(shut)
            loss = -(torch.from_numpy(aim) * torch.log_softmax(said, 1)).sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    first, last = net[0], net[2]
    return {"mean": mean, "deviation": deviation, "w0": first.weight.detach().numpy().T, "b0": first.bias.detach().numpy(),
            "w1": last.weight.detach().numpy().T, "b1": last.bias.detach().numpy()}  # fmt: skip


def store(layers: dict[str, np.ndarray], path: Path) -> None:
    """Write networks as an .npz of float16, packed as tightly as zip can."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        for name, layer in layers.items():
            buffer = io.BytesIO()
            np.save(buffer, layer.astype(np.float16))
            file.writestr(f"{name}.npy", buffer.getvalue())


def main() -> None:
    """Draw, learn, and write the file that is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--sheets", type=int, default=312)
    parser.add_argument("--epochs", type=int, default=24)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    kept = (seed for seed in range(FIRST, FIRST + args.sheets) if (seed - FIRST) % 6)
    asked = [one for seed, lesson in enumerate(lessons(kept)) for one in questions(lesson, seed)]
    store(fitted(asked, args.epochs), args.out)


if __name__ == "__main__":
    main()
