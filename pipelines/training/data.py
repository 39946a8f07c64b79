"""The batch of a given step: windows of pictures, damaged, with all that the network is told of them.

A batch depends on (seed, step, rank) alone, so a run that was killed goes on with the batch that it would have had.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import cv2
import numpy as np
import torch

from pipelines.prefill import conditions, given_fill
from pipelines.training.corpus import Work, pairs, works
from pipelines.training.damage import GROUNDS, apply_veil
from pipelines.training.drawing import drawn
from pipelines.training.masks import SHARES, Damage, mask_bank, veil_bank
from pipelines.veil import divided

LINES_SHARE = 0.25  # of the restorations see a line map; the rest must do without
REFERENCE_SHARE = 0.7  # see the whole picture, small, as the reference of style
ENLARGED = {1.0: 0.6, 1.5: 0.15, 2.0: 0.15, 3.0: 0.1}  # scans are far smoother per pixel than pictures of 512 px
DRAWING_SHARE = 0.05  # of the examples at their own size, where a plan does not say otherwise: drawn from lines (`drawing.py`)
SECOND_SHARE = 0.5  # of the examples have damage of a second family; a scratch alone leaves nearly all pixels idle
ROUGH_SHARE = 0.5  # of the masks are as people draw them
PAIRS_SHARE = 0.5  # of the examples drawn from lines, where there are pairs of drawing and render
VEIL_SHARE = 0.05  # of the examples also lie under a translucent layer


@dataclass(frozen=True)
class Material:
    """Everything that examples are made from."""

    pictures: list[Work]
    bank: dict[str, list[Damage]]
    veils: list[np.ndarray]
    drawings: float = DRAWING_SHARE  # 0…1, of the examples at their own size
    pairs: tuple[Work, ...] = ()  # pictures whose lines were drawn for them

    @classmethod
    def of_shards(
        cls,
        folder: Path,
        seed: int,
        per_family: int,
        at_most: int | None = None,
        drawings: float = DRAWING_SHARE,
        surfaces: bool = False,
        paired: Path | None = None,
    ) -> Material:
        """Decode the shards of a folder and draw the damage.

        Args:
            surfaces: leave out what is drawn in lines alone.
            paired: folder of pairs, from which half of the examples drawn from lines then come.
        """
        pictures, bank = works(folder, at_most=at_most, surfaces=surfaces), mask_bank(folder, seed, per_family)
        drawn_for = tuple(pairs(paired)) if paired else ()
        return cls(pictures, bank, veil_bank(seed, max(1, per_family // 3)), drawings, drawn_for)


@dataclass(frozen=True)
class Example:
    """One window; float32 [S, S, C] or [S, S], as `PixelUNet.forward` describes them."""

    image: np.ndarray
    prefill: np.ndarray
    mean: np.ndarray
    hole: np.ndarray
    distance: np.ndarray
    lines: np.ndarray
    lines_given: np.ndarray
    veil: np.ndarray
    reference: np.ndarray
    reference_given: np.ndarray


@dataclass(frozen=True)
class Batch:
    """Tensors of one step; [B, C, S, S], float32. `inputs` are the arguments of the network after x and t."""

    image: torch.Tensor
    inputs: tuple[torch.Tensor, ...]

    @property
    def prefill(self) -> torch.Tensor:
        """[B, 3, S, S]."""
        return self.inputs[0]

    @property
    def hole(self) -> torch.Tensor:
        """[B, 1, S, S]."""
        return self.inputs[2]

    @property
    def veil(self) -> torch.Tensor:
        """[B, 1, S, S]."""
        return self.inputs[6]

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return Batch(self.image.to(device), tuple(values.to(device) for values in self.inputs))


def batch(material: Material, *, seed: int, step: int, rank: int, size: int, side: int) -> Batch:
    """The batch of a step."""
    rng = np.random.default_rng((seed, 2, step, rank))
    examples = [_example(material, rng, side) for _ in range(size)]
    image, *inputs = (_tensor([getattr(one, field.name) for one in examples]) for field in fields(Example))
    return Batch(image, tuple(inputs))


def _example(material: Material, rng: np.random.Generator, side: int) -> Example:
    while True:
        is_pair = bool(material.pairs) and rng.random() < material.drawings * PAIRS_SHARE
        known = material.pairs if is_pair else material.pictures
        work = known[rng.integers(len(known))]
        height, width = work.pixels.shape[:2]
        scale = 1.0 if is_pair or material.drawings == 1 else float(rng.choice(list(ENLARGED), p=list(ENLARGED.values())))
        part = round(side / scale)
        if min(height, width) <= part:
            continue
        image, lines = _window(work, rng, part, side)
        reference = work.thumbnail.astype(np.float32) / 255
        given = np.asarray(rng.random() < REFERENCE_SHARE, np.float32)
        if is_pair or (scale == 1 and rng.random() < material.drawings):
            hole = np.ones((side, side), bool)
            image, flat, lines = drawn(image, lines, rng)
            told = given_fill(flat, hole, flat)
            rest = (lines, np.ones_like(lines), np.zeros_like(lines), reference, given)
            return Example(image, told.fill, told.mean, hole, told.distance, *rest)
        piece = _damage(material, rng, side)
        if rng.random() < SECOND_SHARE:
            piece = piece.joined(_damage(material, rng, side))
        hole, seen = damaged(image, piece, rng)
        if not 0.01 < hole.mean() < 0.6:
            continue
        veil = np.zeros((side, side), np.float32)
        if rng.random() < VEIL_SHARE:
            seen, veil = veiled(seen, _cut(material.veils[rng.integers(len(material.veils))], rng, side), rng)
        told = conditions(seen, hole)
        shown = np.float32(scale == 1 and rng.random() < LINES_SHARE)
        rest = (lines * shown, np.full_like(lines, shown), veil, reference, given)
        return Example(image, told.fill, told.mean, hole, told.distance, *rest)


def _window(work: Work, rng: np.random.Generator, part: int, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A square of `part` px, perhaps mirrored, enlarged to `side`; its lines, which are told at their own size only."""
    height, width = work.pixels.shape[:2]
    pixels, lines = work.window(int(rng.integers(height - part)), int(rng.integers(width - part)), part)
    if rng.random() < 0.5:
        pixels, lines = pixels[:, ::-1], lines[:, ::-1]
    image = np.ascontiguousarray(pixels, np.float32) / 255
    if part == side:
        return image, np.ascontiguousarray(lines, np.float32)
    image = np.clip(cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC), 0, 1)
    return image, np.zeros((side, side), np.float32)


def damaged(image: np.ndarray, piece: Damage, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The hole, bool [S, S], and the picture as it is seen: where a rough mask misses damage, the damage shows."""
    if rng.random() >= ROUGH_SHARE:
        return piece.exact, image
    names = list(GROUNDS)
    dark = np.array([0.1, 0.08, 0.06], np.float32)
    ground = dark if rng.random() < 0.4 else np.asarray(GROUNDS[names[rng.integers(len(names))]], np.float32)
    cover = piece.cover[..., None].astype(np.float32) / 255
    grain = rng.standard_normal(piece.cover.shape).astype(np.float32)[..., None] * 0.03
    return piece.rough, np.clip(image + cover * (ground + grain - image), 0, 1)


def veiled(image: np.ndarray, density: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Darken by a veil and divide it out again with an estimate that is soft and a little wrong. → picture, density told."""
    density = density.astype(np.float32)
    told = cv2.GaussianBlur(density, (0, 0), float(rng.uniform(0.7, 4.0))) * rng.uniform(0.8, 1.15)
    return divided(apply_veil(image, density), told), told.mean(-1)


def _damage(material: Material, rng: np.random.Generator, side: int) -> Damage:
    family = material.bank[str(rng.choice(list(SHARES), p=list(SHARES.values())))]
    piece, turns = family[rng.integers(len(family))], int(rng.integers(4))
    y, x = rng.integers(0, np.array(piece.exact.shape) - side + 1)
    parts = (piece.cover, piece.exact, piece.rough)
    return Damage(*(np.ascontiguousarray(np.rot90(part[y : y + side, x : x + side], turns)) for part in parts))


def _cut(plane: np.ndarray, rng: np.random.Generator, side: int) -> np.ndarray:
    y, x = rng.integers(0, np.array(plane.shape[:2]) - side + 1)
    return plane[y : y + side, x : x + side]


def _tensor(arrays: list[np.ndarray]) -> torch.Tensor:
    """[S, S, C] → [B, C, S, S]; [S, S] → [B, 1, S, S]; numbers → [B]."""
    stack = torch.from_numpy(np.stack(arrays).astype(np.float32))
    if stack.ndim == 1:
        return stack
    stack = stack.permute(0, 3, 1, 2) if stack.ndim == 4 else stack[:, None]
    return stack.contiguous(memory_format=torch.channels_last)
