"""The learned segmenter: a small U-Net that tells for each pixel how probable each kind of damage is.

It starts from what classical filters see (`evidence.py`), and looks some 190 px around itself to tell a crack from a twig.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn

from pipelines.bundled import segmenter_digest, segmenter_folder
from pipelines.damage_gate import LEAST, STEP, counted, levelled, odds_of, vector_of
from pipelines.evidence import PLANES, evidence
from pipelines.tiles import Window, tiles
from pipelines.unet import PixelNorm

CLASSES = ("dark crack", "pale crack", "scratch", "loss", "veil")
WIDTHS = (32, 40, 56, 72)
BLOCKS = (1, 1, 2, 4)  # on the way down; the coarsest see how lines go on, and cost next to nothing
STRIDE = 16  # windows start on multiples of it
MARGIN_PX = 256  # more than the network's 206 px and the evidence's 48 together
TILE_PX = 1024
FITTED = ("gate", "lines", "thresholds", "open_from", "thresholds_said")  # of `config.json`, in the order of `Segmenter`
SAID_ODDS = 0.0  # log-odds of what a person sees, at least: what speaks against it in the picture counts below 0
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
class Judgement:
    """What the network thinks of a whole picture.

    Attributes:
        levels: uint8 [5, H, W], logits as `damage_gate.levelled` writes them.
        chances: float64 [5], of damage of each class anywhere in the picture.
        table: float32 [5, 256], the probability that each level stands for in this picture.
        said: classes of damage that a person sees in it.
    """

    levels: np.ndarray
    chances: np.ndarray
    table: np.ndarray
    said: frozenset[str] = frozenset()

    def probabilities(self) -> np.ndarray:
        """float32 [5, H, W] in the order of `CLASSES`, 0…1. Classes do not exclude each other."""
        return np.stack([line[plane] for line, plane in zip(self.table, self.levels, strict=True)])


@dataclass(frozen=True)
class Segmenter:
    """A network, and what makes its logits honest: a pixel's own, and what the whole picture shows.

    All but the weights was fitted on pictures that were neither trained nor tested on.

    Attributes:
        network: in evaluation mode, channels last.
        gate: float64 [5, 31]: weights of the judgement over the picture, see `damage_gate.py`.
        lines: float64 [5, 4]: log-odds of a pixel = its logit, the picture's log-odds g, min(g, 0) and 1 times these; Platt
            1999, with the picture beside the pixel.
        thresholds: float64 [5]: probability from which a pixel is proposed; above 1 for what was not learnt.
        open_from: float64 [5]: chance up to which nothing of a class is proposed.
        thresholds_said: float64 [5]: `thresholds` for what a person sees; whole pictures need no sparing there.
    """

    network: SegmenterNetwork
    gate: np.ndarray
    lines: np.ndarray
    thresholds: np.ndarray
    open_from: np.ndarray
    thresholds_said: np.ndarray

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
        fitted = (np.asarray(facts[name], np.float64) for name in FITTED)
        return cls(network.eval().to(memory_format=torch.channels_last), *fitted)

    def judge(self, pixels: np.ndarray, tile_px: int = TILE_PX, said: Collection[str] = ()) -> Judgement:
        """Look at a picture tile by tile, and then judge it as a whole.

        Args:
            pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4].
            tile_px: a multiple of 16; changes no byte.
            said: classes of damage that a person sees: nothing in the picture as a whole speaks against these.
        """
        levels = np.zeros((len(CLASSES), *pixels.shape[:2]), np.uint8)
        counts = np.zeros((len(CLASSES), 256), np.int64)
        for tile, logits in tile_logits(self.network, pixels, tile_px):
            part = levelled(logits)
            levels[(slice(None), *tile.slices())] = part
            counts += counted(part)
        odds = odds_of(self.gate, vector_of(counts))
        odds = np.where([name in said for name in CLASSES], np.maximum(odds, SAID_ODDS), odds)
        return Judgement(levels, 1 / (1 + np.exp(-odds)), self.table(odds), frozenset(said))

    def marked(self, name: str, judgement: Judgement) -> np.ndarray:
        """Where a class is probable enough to be proposed, bool [H, W]; nowhere when the whole picture speaks against it."""
        index = CLASSES.index(name)
        if name in judgement.said:
            least = self.thresholds_said[index]
        elif judgement.chances[index] > self.open_from[index]:
            least = self.thresholds[index]
        else:
            return np.zeros(judgement.levels.shape[1:], bool)
        return judgement.levels[index] >= np.searchsorted(judgement.table[index], least)

    def table(self, odds: np.ndarray) -> np.ndarray:
        """Probability of each level in a picture of these log-odds, float64 [5] → float32 [5, 256]."""
        own, shared, against, constant = self.lines.T[:, :, None]
        logits = LEAST + STEP * np.arange(256)
        there = own * logits + shared * odds[:, None] + against * np.minimum(odds, 0)[:, None] + constant
        return (1 / (1 + np.exp(-there))).astype(np.float32)


def tile_logits(
    network: SegmenterNetwork, pixels: np.ndarray, tile_px: int = TILE_PX
) -> Iterator[tuple[Window, np.ndarray]]:
    """Each tile of a picture, and the network's logits there, float32 [5, h, w]; arguments as in `Segmenter.judge`."""
    height, width = pixels.shape[:2]
    for tile in tiles(np.broadcast_to(True, (height, width)), tile_px):
        window = tile.grown(MARGIN_PX).on_grid(height, width, STRIDE)
        planes = torch.from_numpy(evidence(window.cut(pixels)))[None].contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            logits = network(planes)[0].numpy()
        yield tile, logits[(slice(None), *tile.within(window))]


def bundled_segmenter() -> Segmenter:
    """The segmenter that comes with the package. Raises: WeightsMissingError when it did not come."""
    segmenter_digest()
    return Segmenter.load(segmenter_folder())
