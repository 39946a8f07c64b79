"""Train the damage segmenter, calibrate it, and fit the gate that decides whether a picture is damaged at all.

    python -m pipelines.training.segment --data SHARDS --out RUN                # some two hours on one core
    python -m pipelines.training.segment --data SHARDS --out RUN --plan tiny    # the whole road in less than a minute

Run the same command again after a kill: it goes on from the last checkpoint, with the batch that came next. Every twelfth
artist or book of the training split is kept apart to calibrate with; the held-out split is never opened.
"""

from __future__ import annotations

import argparse
import json
import time
import zlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file

from pipelines.evidence import evidence
from pipelines.segmenter import BLOCKS, CLASSES, WIDTHS, SegmenterNetwork
from pipelines.training.blemishes import WHOLE_SHARE, Blemishes, Sample, sample
from pipelines.training.checkpoint import resume, save, spent
from pipelines.training.corpus import decoded, rows

APART = 12  # one artist or book in so many is for calibration
SCALES = {0.5: 0.12, 0.7: 0.13, 1.0: 0.3, 1.4: 0.15, 2.0: 0.18, 3.0: 0.12}  # scans are far smoother per pixel than the shards
PASSED_OVER = {"architecture": 0.7, "print-drawing": 0.5, "manuscript": 0.3}  # most people bring paintings and photographs
DICE = 0.25  # of the loss: thin cracks are one pixel in fifty


@dataclass(frozen=True)
class Plan:
    """Everything that decides the weights."""

    widths: tuple[int, ...] = WIDTHS
    blocks: tuple[int, ...] = BLOCKS
    steps: int = 40_000
    size: int = 3  # examples of a step
    side: int = 192  # px
    learning_rate: float = 2e-3
    warm_up: int = 100
    average: float = 0.999  # EMA of the weights
    pieces: int = 40  # of each family of damage
    works: int | None = None  # None: all
    seed: int = 0
    checkpoint_every: int = 500
    calibrated_on: int = 700  # pictures, and twice as many for the gate


PLANS = {
    "cpu": Plan(),
    "tiny": Plan(
        widths=(8, 8, 16, 16),
        blocks=(1, 1, 1, 1),
        steps=24,
        size=2,
        side=96,
        pieces=2,
        works=24,
        checkpoint_every=12,
        calibrated_on=12,
    ),
}


@dataclass(frozen=True)
class Picture:
    """A picture, uint8 [H, W, 3]; whether lines are what it consists of; how often it is passed over."""

    pixels: np.ndarray
    is_line: bool
    passed_over: float


def pictures(folder: Path, at_most: int | None, *, apart: bool) -> list[Picture]:
    """The pictures to learn from, or (apart) those of other artists and books to calibrate with."""
    wanted = [row for row in rows(folder, "train") if row["kind"] != "damage" and _is_apart(row) == apart]
    if at_most is not None:
        wanted = wanted[:: max(1, len(wanted) // at_most)][:at_most]
    return [Picture(pixels, is_line(row), PASSED_OVER.get(row["kind"], 0.0)) for row, pixels in decoded(folder, wanted)]


def _is_apart(row: dict[str, str]) -> bool:
    return zlib.crc32((row.get("artist_key") or row.get("source_repository") or row["name"]).encode()) % APART == 0


def is_line(row: dict[str, str]) -> bool:
    """Whether a row of the index is a print, a drawing or a page."""
    drawn = row["kind"] == "architecture" and row.get("subkind") in ("line", "photograph or tone engraving")
    return drawn or row["kind"] in ("print-drawing", "manuscript")


def example(known: list[Picture], bank: Blemishes, rng: np.random.Generator, side: int, whole: float = WHOLE_SHARE) -> Sample:
    """One window of a picture, at some scale, damaged or whole."""
    while True:
        chosen = known[rng.integers(len(known))]
        if rng.random() < chosen.passed_over:
            continue
        scale = float(rng.choice(list(SCALES), p=list(SCALES.values())))
        part = round(side / scale)
        height, width = chosen.pixels.shape[:2]
        if min(height, width) < part:
            if scale >= 1 and side > 300:
                continue
            part = min(height, width)
        y, x = rng.integers(0, height - part + 1), rng.integers(0, width - part + 1)
        window = chosen.pixels[y : y + part, x : x + part].astype(np.float32) / 255
        method = cv2.INTER_AREA if part > side else cv2.INTER_CUBIC
        window = np.clip(cv2.resize(window, (side, side), interpolation=method), 0, 1)
        if rng.random() < 0.5:
            window = window[:, ::-1]
        return sample(np.ascontiguousarray(window), bank, rng, is_line=chosen.is_line, whole=whole)


def loss_of(logits: torch.Tensor, truth: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Cross-entropy, and soft Dice (Milletari et al. 2016) of the classes that occur; all float32 [B, 5, H, W]."""
    entropy = F.binary_cross_entropy_with_logits(logits, truth, reduction="none") * counts
    entropy = entropy.sum((0, 2, 3)) / counts.sum((0, 2, 3))
    guess = logits.sigmoid() * counts
    found, there = (guess * truth).sum((0, 2, 3)), (truth * counts).sum((0, 2, 3))
    dice = 1 - (2 * found + 1) / (guess.sum((0, 2, 3)) + there + 1)
    return entropy.sum() + DICE * (dice * (there > 50)).sum()


def batch(known: list[Picture], bank: Blemishes, plan: Plan, step: int) -> tuple[torch.Tensor, ...]:
    """Evidence [B, 16, S, S], truth and what counts [B, 5, S, S] of a step; depends on (seed, step) alone."""
    rng = np.random.default_rng((plan.seed, 12, step))
    made = [example(known, bank, rng, plan.side) for _ in range(plan.size)]
    planes = torch.from_numpy(np.stack([evidence(one.pixels) for one in made]))
    truth = torch.from_numpy(np.stack([one.truth for one in made]).astype(np.float32))
    counts = torch.from_numpy(1 - np.stack([one.unsure for one in made]).astype(np.float32))
    return planes.contiguous(memory_format=torch.channels_last), truth, counts


def train(plan: Plan, known: list[Picture], bank: Blemishes, out: Path, start: Path | None = None) -> Path:
    """Run a plan to its end, from the weights of a network with as many blocks or fewer. → the file of averaged weights."""
    out.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(plan.seed)
        network = SegmenterNetwork(plan.widths, plan.blocks).to(memory_format=torch.channels_last)
    if start is not None:
        _begin(network, start)
    optimizer = torch.optim.AdamW(network.parameters(), lr=plan.learning_rate, betas=(0.9, 0.98), weight_decay=1e-3)
    average = {name: value.clone() for name, value in network.state_dict().items()}
    first = resume(out, network, average, optimizer)
    began, losses = time.time() - spent(out), []
    for step in range(first, plan.steps):
        fall = 0.02 + 0.98 * 0.5 * (1 + np.cos(np.pi * step / plan.steps))
        for group in optimizer.param_groups:
            group["lr"] = plan.learning_rate * min(1.0, (step + 1) / plan.warm_up) * float(fall)
        planes, truth, counts = batch(known, bank, plan, step)
        with torch.autocast("cpu", torch.bfloat16):  # two thirds of the time; the loss in 32 bits
            logits = network(planes)
        loss = loss_of(logits.float(), truth, counts)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        stay = min(plan.average, (step + 1) / (step + 20))
        with torch.no_grad():
            for name, value in network.state_dict().items():
                average[name].lerp_(value, 1 - stay)
        losses.append(loss.item())
        if (step + 1) % plan.checkpoint_every == 0 or step + 1 == plan.steps:
            save(out, step + 1, network, average, optimizer)
            save_file({name: value.contiguous() for name, value in average.items()}, out / "average.safetensors")
            line = {"step": step + 1, "seconds": round(time.time() - began, 1), "loss": round(float(np.mean(losses)), 4)}
            losses.clear()
            print(json.dumps(line), flush=True)
            with (out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
    return out / "average.safetensors"


def _begin(network: SegmenterNetwork, weights: Path) -> None:
    """Load weights; blocks that they lack begin as the identity, so the answer is the same."""
    known = {name: value.float() for name, value in load_file(weights).items()}
    strange = set(known) - set(network.state_dict())
    if strange:
        raise ValueError(f"{weights} has {sorted(strange)[:3]}, which this network lacks: take weights of the same widths.")
    network.load_state_dict(network.state_dict() | known)


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of shards with index.csv")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run: checkpoint, averaged weights, log")
    parser.add_argument("--plan", choices=sorted(PLANS), default="cpu")
    parser.add_argument("--start", type=Path, help="weights to begin with: those of a run, or the bundled ones")
    parser.add_argument("--seed", type=int, help="instead of the plan's: other damage on other windows")
    parser.add_argument("--steps", type=int, help="instead of the plan's number")
    options = parser.parse_args()
    plan = PLANS[options.plan]
    plan = replace(plan, steps=options.steps or plan.steps, seed=plan.seed if options.seed is None else options.seed)
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "config.json").write_text(json.dumps(asdict(plan) | {"classes": CLASSES}, indent=1))
    known, bank = pictures(options.data, plan.works, apart=False), Blemishes.drawn(plan.seed, plan.pieces)
    train(plan, known, bank, options.out, options.start)


if __name__ == "__main__":
    main()
