"""What the network is trained on: public-domain pictures in memory, banked masks, and the batch of a given step.

Shards are tar files of WebP pictures with an `index.csv` beside them (columns: shard, name, kind, split, source_repository,
licence_or_pd_reason, century, region_group, …). A batch depends on (seed, step, rank) alone, so a run that was killed goes
on with the batch that it would have had.
"""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from pipelines.lines import extract_lines
from pipelines.prefill import Conditions, conditions, given_fill
from pipelines.training import damage

MASK_SIDE = 320
SHARES = {"craquelure": 0.30, "scratches": 0.22, "small_losses": 0.28, "lacunae": 0.15, "film": 0.05}
LINES_SHARE = 0.25  # of the restorations see a line map; the rest must do without
ENLARGED = {1.0: 0.5, 1.5: 0.2, 2.0: 0.2, 3.0: 0.1}  # scans are far smoother per pixel than pictures of 512 px
DRAWING_SHARE = 0.2  # of the examples at their own size: the whole picture is lost, its soft tones and its lines are given


@dataclass(frozen=True)
class Work:
    """One training picture: uint8 [H, W, 3] and its lines, packed bits of bool [H, W]."""

    pixels: np.ndarray
    lines: np.ndarray

    def window(self, y: int, x: int, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Pixels [side, side, 3] and lines [side, side] of a square."""
        lines = np.unpackbits(self.lines[y : y + side], axis=1)[:, x : x + side]
        return self.pixels[y : y + side, x : x + side], lines.astype(bool)


@dataclass(frozen=True)
class Batch:
    """Tensors of one step; [B, C, S, S], float32. `inputs` are the arguments of the network after x and t."""

    image: torch.Tensor
    inputs: tuple[torch.Tensor, ...]


def rows(folder: Path, split: str) -> list[dict[str, str]]:
    """Index rows of a split, in the order of the file."""
    with (folder / "index.csv").open(newline="", encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if row["split"] == split]


def decoded(folder: Path, wanted: list[dict[str, str]]) -> Iterator[tuple[dict[str, str], np.ndarray]]:
    """(row, uint8 [H, W, 3]) of the wanted rows, shard by shard."""
    by_member = {(row["shard"], row["name"]): row for row in wanted}
    for shard in sorted({row["shard"] for row in wanted}):
        with tarfile.open(folder / shard) as archive:
            for member in archive:
                row, stream = by_member.get((shard, member.name)), archive.extractfile(member)
                if row is not None and stream is not None:
                    yield row, np.asarray(Image.open(io.BytesIO(stream.read())).convert("RGB"))


def works(folder: Path, split: str = "train", at_most: int | None = None) -> list[Work]:
    """Decode the pictures of a split once, with their line maps."""
    wanted = [row for row in rows(folder, split) if row["kind"] != "damage"]
    if at_most is not None:
        wanted = wanted[:: max(1, len(wanted) // at_most)][:at_most]
    found = decoded(folder, wanted)
    return [Work(pixels, np.packbits(extract_lines(pixels), axis=1)) for _, pixels in found]


def mask_bank(folder: Path, seed: int, per_family: int, side: int = MASK_SIDE) -> dict[str, list[np.ndarray]]:
    """Holes of every family, bool [side, side]; synthesis is far too slow for the loop."""
    rng = np.random.default_rng((seed, 1))
    families = ("craquelure", "scratches", "small_losses", "lacunae")
    bank = {name: [damage.hard(damage.MASKS[name]((side, side), rng), 0.12) for _ in range(per_family)] for name in families}
    scans = [row for row in rows(folder, "train") if row["kind"] == "damage"]
    masks = (pixels[..., 0] > 127 for _, pixels in decoded(folder, scans))
    bank["film"] = [mask for mask in masks if min(mask.shape) >= side and 0.002 < mask.mean() < 0.5]
    if not bank["film"]:
        bank["film"] = bank["scratches"]
    return bank


def batch(
    pictures: list[Work],
    bank: dict[str, list[np.ndarray]],
    *,
    seed: int,
    step: int,
    rank: int,
    size: int,
    side: int,
) -> Batch:
    """The batch of a step."""
    rng = np.random.default_rng((seed, 2, step, rank))
    examples = [_example(pictures, bank, rng, side) for _ in range(size)]
    images, conditions_, holes, lines, given = zip(*examples, strict=True)
    inputs = (
        _tensor([c.fill for c in conditions_]),
        _tensor([c.mean for c in conditions_]),
        _tensor(holes),
        _tensor([c.distance for c in conditions_]),
        _tensor(lines),
        _tensor(given),
    )
    return Batch(_tensor(images), inputs)


def _example(pictures, bank, rng, side) -> tuple[np.ndarray, Conditions, np.ndarray, np.ndarray, np.ndarray]:
    while True:
        work = pictures[rng.integers(len(pictures))]
        height, width = work.pixels.shape[:2]
        scale = float(rng.choice(list(ENLARGED), p=list(ENLARGED.values())))
        part = round(side / scale)
        if min(height, width) <= part:
            continue
        pixels, lines = work.window(int(rng.integers(height - part)), int(rng.integers(width - part)), part)
        if rng.random() < 0.5:
            pixels, lines = pixels[:, ::-1], lines[:, ::-1]
        image = np.ascontiguousarray(pixels, np.float32) / 255
        lines = np.ascontiguousarray(lines, np.float32)
        if scale > 1:
            image = np.clip(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC), 0, 1)
            lines = np.zeros((side, side), np.float32)  # enlarged lines would be thicker than any that are given
        elif rng.random() < DRAWING_SHARE:
            hole = np.ones((side, side), bool)
            soft = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(2.0, 8.0)), borderType=cv2.BORDER_REFLECT)
            return image, given_fill(soft, hole, soft), hole, lines, np.ones_like(lines)
        hole = _hole(bank, rng, side)
        if not 0.01 < hole.mean() < 0.6:
            continue
        shown = float(scale == 1 and rng.random() < LINES_SHARE)
        return image, conditions(image, hole), hole, lines * shown, np.full_like(lines, shown)


def _hole(bank, rng, side) -> np.ndarray:
    family = bank[str(rng.choice(list(SHARES), p=list(SHARES.values())))]
    mask = family[rng.integers(len(family))]
    y, x = rng.integers(mask.shape[0] - side + 1), rng.integers(mask.shape[1] - side + 1)
    hole = np.rot90(mask[y : y + side, x : x + side], rng.integers(4)).astype(np.uint8)
    # a crack's antialiased rim leaks its colour, so every hole is grown by a pixel, here as in the pipeline
    return cv2.dilate(np.ascontiguousarray(hole), np.ones((3, 3), np.uint8)) > 0


def _tensor(arrays) -> torch.Tensor:
    stack = np.stack(arrays).astype(np.float32)
    stack = stack.transpose(0, 3, 1, 2) if stack.ndim == 4 else stack[:, None]
    return torch.from_numpy(np.ascontiguousarray(stack)).contiguous(memory_format=torch.channels_last)
