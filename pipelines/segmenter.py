"""The learned segmenter: a small U-Net that tells for each pixel how probable each kind of damage is.

It starts from what classical filters see (`evidence.py`), and looks some 190 px around itself to tell a crack from a twig.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from pipelines.bundled import segmenter_folder
from pipelines.evidence import PLANES, evidence
from pipelines.tiles import Window, tiles
from pipelines.unet import PixelNorm

CLASSES = ("dark crack", "pale crack", "scratch", "loss", "veil")
WIDTHS = (32, 40, 56, 72)
BLOCKS = (1, 1, 2, 4)  # on the way down; the coarsest see how lines go on, and cost next to nothing
STRIDE = 16  # windows start on multiples of it
MARGIN_PX = 272  # more than the network's 209 px and the evidence's 48 together
TILE_PX = 1024
RARE = -4.0  # logit that every class begins with: damage is rare


class Block(nn.Module):
    """Norm and two 3 × 3 convolutions, added to the input; the identity at the start of training."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm = PixelNorm(channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] → the same."""
        return x + self.second(F.silu(self.first(self.norm(x))))


class SegmenterNetwork(nn.Module):
    """Evidence → logits, on a 2 × pixel-unshuffled picture; no statistic over space, so tiles agree with the whole."""

    def __init__(self, widths: tuple[int, ...] = WIDTHS, blocks: tuple[int, ...] = BLOCKS, planes: int = PLANES):
        super().__init__()
        pairs = list(pairwise(widths))
        self.stem = nn.Conv2d(4 * planes, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.Sequential(*(Block(c) for _ in range(n))) for c, n in zip(widths, blocks, strict=True))
        self.halve = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairs)
        self.enlarge = nn.ModuleList(nn.Conv2d(b, a * 4, 1) for a, b in pairs)
        self.join = nn.ModuleList(nn.Conv2d(2 * a, a, 1) for a, _ in pairs)
        self.up = nn.ModuleList(Block(a) for a, _ in pairs)
        self.norm, self.head = PixelNorm(widths[0]), nn.Conv2d(widths[0], 4 * len(CLASSES), 3, padding=1)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.constant_(self.head.bias, RARE)

    def forward(self, planes: Tensor) -> Tensor:
        """[B, 16, H, W], H and W multiples of 16 → logits [B, 5, H, W]."""
        x, skips = self.stem(F.pixel_unshuffle(planes, 2)), []
        for level, blocks in enumerate(self.down):
            x = blocks(x)
            if level < len(self.halve):
                skips.append(x)
                x = self.halve[level](x)
        for level in reversed(range(len(self.halve))):
            x = self.up[level](self.join[level](torch.cat([F.pixel_shuffle(self.enlarge[level](x), 2), skips[level]], 1)))
        return F.pixel_shuffle(self.head(F.silu(self.norm(x))), 2)


@dataclass(frozen=True)
class Segmenter:
    """A network, what makes its logits honest, and what decides over the whole picture.

    All but the weights was fitted on pictures that were neither trained nor tested on.

    Attributes:
        network: in evaluation mode, channels last.
        slope, shift: float32 [5]: logit → slope · logit + shift (Platt 1999).
        thresholds: float32 [5]: probability from which a pixel is proposed.
        gate: float64 [5, 11]: weights of the judgement over the picture, see `damage_gate.py`.
        open_from: float64 [5]: chance of a class from which the network may propose it.
        vetoed_below: float64 [5]: chance below which the filters may not, either.
    """

    network: SegmenterNetwork
    slope: np.ndarray
    shift: np.ndarray
    thresholds: np.ndarray
    gate: np.ndarray
    open_from: np.ndarray
    vetoed_below: np.ndarray

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of all arrays."""
        return CLASSES

    @classmethod
    def load(cls, folder: Path) -> Segmenter:
        """Read `config.json` and `segmenter.safetensors`."""
        facts = json.loads((folder / "config.json").read_text())
        network = SegmenterNetwork(tuple(facts["widths"]), tuple(facts["blocks"]))
        network.load_state_dict({name: value.float() for name, value in load_file(folder / "segmenter.safetensors").items()})
        pixel = (np.asarray(facts[name], np.float32) for name in ("slope", "shift", "thresholds"))
        picture = (np.asarray(facts[name], np.float64) for name in ("gate", "open_from", "vetoed_below"))
        return cls(network.eval().to(memory_format=torch.channels_last), *pixel, *picture)

    def is_vetoed(self, kind: str, chances: np.ndarray) -> bool:
        """Whether the filters may not propose a kind, given the chance of each class, [5]."""
        index = CLASSES.index(kind if kind in CLASSES else kind.split()[-1])
        return bool(chances[index] < self.vetoed_below[index])

    def probabilities(self, pixels: np.ndarray, tile_px: int = TILE_PX) -> Iterator[tuple[Window, np.ndarray]]:
        """Tile by tile, the probability of each class.

        Args:
            pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4].
            tile_px: a multiple of 16; changes no byte.

        Yields:
            The tile, and float32 [5, h, w] in the order of `CLASSES`, 0…1. Classes do not exclude each other.
        """
        height, width = pixels.shape[:2]
        for tile in tiles(np.broadcast_to(True, (height, width)), tile_px):
            window = tile.grown(MARGIN_PX).on_grid(height, width, STRIDE)
            planes = torch.from_numpy(evidence(window.cut(pixels)))[None].contiguous(memory_format=torch.channels_last)
            with torch.inference_mode():
                logits = self.network(planes)[0].numpy()
            rows, columns = tile.within(window)
            logits = logits[:, rows, columns] * self.slope[:, None, None] + self.shift[:, None, None]
            yield tile, 1 / (1 + np.exp(-logits))


def bundled_segmenter() -> Segmenter:
    """The segmenter that comes with the package."""
    return Segmenter.load(segmenter_folder())
