"""Training on a person's own pictures: cut so that they fit in memory, damaged as all others are, measured on some kept apart.

Nothing here opens or writes a picture: arrays go in, and weights and figures come out.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file

from pipelines.errors import UnsupportedModelError
from pipelines.prefill import conditions
from pipelines.quality import psnr
from pipelines.training.corpus import THUMBNAIL_PX, Work
from pipelines.training.data import Material
from pipelines.training.masks import FAMILIES, MASK_SIDE, exact, mask_bank, veil_bank
from pipelines.training.train import PLANS, Config, train
from pipelines.unet import STRIDE, PixelUNet

LEAST_PX = 128  # a window of 128 px enlarged 1.5 times must fit into every picture
PIECE_PX = 1024
LEAST_PIECE_PX = 256
MEMORY_PX = 400_000_000  # of all pieces together: 1.3 GB with their line maps
MOST_PIECES = 24  # of one picture, so that one large scan does not speak for the collection
FINE_RATE = 3e-4  # a quarter of the rate from nothing
TRIED = ("craquelure", "scratches", "small_losses", "lacunae")
TRIED_PX = 256  # side of the windows that figures are taken on
TRIED_MASKS = 4  # per family
TRIED_PIECES = 3  # per picture; its figure is their mean


def pieces(pixels: np.ndarray, seed: tuple[int, ...], share_px: int) -> list[np.ndarray]:
    """Cut a picture, at its own size and at half of it, and keep what fits.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4], both sides at least 128 px; alpha is left out.
        seed: decides which pieces are kept.
        share_px: how many pixels this picture may keep; one piece is kept in any case.

    Returns:
        uint8 [h, w, 3], at most 1024 px on a side, 1 to 24 of them; cut evenly, so that no strip is left over.
    """
    colour = pixels[..., None].repeat(3, -1) if pixels.ndim == 2 else pixels[..., :3]
    if colour.dtype == np.uint16:
        colour = ((colour.astype(np.uint32) + 128) // 257).astype(np.uint8)
    side = int(np.clip(np.sqrt(share_px), LEAST_PIECE_PX, PIECE_PX))
    sizes = [colour]
    if min(colour.shape[:2]) >= 2 * LEAST_PIECE_PX:  # smaller ones lose more than they show
        half = (colour.shape[1] // 2, colour.shape[0] // 2)
        sizes.append(cv2.resize(np.ascontiguousarray(colour), half, interpolation=cv2.INTER_AREA))
    places = [(image, rows, columns) for image in sizes for rows, columns in _grid(image.shape[:2], side)]
    kept, used = [], 0
    for index in np.random.default_rng(seed).permutation(len(places))[:MOST_PIECES]:
        image, rows, columns = places[index]
        part = image[rows, columns]
        if kept and used + part.shape[0] * part.shape[1] > share_px:
            break
        used += part.shape[0] * part.shape[1]
        kept.append(part.copy())  # a view would keep the whole scan in memory
    return kept


def _grid(shape: tuple[int, int], side: int) -> list[tuple[slice, slice]]:
    edges = [np.linspace(0, length, -(-length // side) + 1).astype(int).tolist() for length in shape]
    return [(slice(*rows), slice(*columns)) for rows in pairwise(edges[0]) for columns in pairwise(edges[1])]


def material(pictures: list[np.ndarray], seed: int, per_family: int) -> Material:
    """What examples are made from, for uint8 [H, W, 3] pictures of any size from 128 px: same damage, no scans of film."""
    return Material(
        [Work.of(pixels) for pixels in pictures], mask_bank(None, seed, per_family), veil_bank(seed, max(1, per_family // 3))
    )


def with_pictures(given: Material, pictures: list[np.ndarray]) -> Material:
    """The same damage for other pictures, uint8 [H, W, 3]."""
    return replace(given, pictures=[Work.of(pixels) for pixels in pictures])


def start_weights(folder: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    """The network in a model folder of diffusers' layout: its shape (widths, blocks, time_channels) and its weights.

    Raises: UnsupportedModelError when the folder holds another kind of model, or none.
    """
    try:
        config = json.loads((folder / "network" / "config.json").read_text(encoding="utf-8"))
        shape = {name: config[name] for name in ("widths", "blocks", "time_channels")}
        weights: dict[str, torch.Tensor] = {}
        for path in sorted((folder / "network").glob("*.safetensors")):
            weights |= load_file(path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnsupportedModelError(_no_model(folder)) from error
    if config.get("_class_name") != "RestorationNetwork" or not weights:
        raise UnsupportedModelError(_no_model(folder))
    shape["widths"] = tuple(shape["widths"])
    return shape, {name.removeprefix("unet."): value.float() for name, value in weights.items()}


def _no_model(folder: Path) -> str:
    return (
        f"{folder} holds no restoration network of this software (network/config.json and safetensors): "
        "name a folder that 'anastylosis train' made, or start from 'bundled' or 'nothing'."
    )


def plan_of(name: str, steps: int, *, seed: int, threads: int, shape: dict | None) -> Config:
    """A plan of so many steps: from nothing as the plan says, or on from weights of a given shape.

    Trained weights know both modes and their doubt: all three go on from the first step, at a quarter of the rate.
    """
    plan = replace(PLANS[name], seed=seed, threads=threads, works=None, checkpoint_every=max(10, min(100, steps // 10)))
    plan = replace(plan, images=plan.examples(steps), warm_up=max(1, min(plan.warm_up, steps // 5)))
    if shape is None:
        return plan
    return replace(plan, **shape, learning_rate=FINE_RATE, mean_only=0.0, doubt_from=0.0)


def begin_with(weights: dict[str, torch.Tensor], folder: Path) -> Path:
    """Keep a copy of the weights that a run begins with, so that it goes on from the same ones after an update."""
    path = folder / "start.safetensors"
    save_file({name: value.contiguous() for name, value in weights.items()}, path)
    return path


def seconds_per_step(
    config: Config, given: Material, start: Path | None, on_progress: Callable[[int, int], None] = lambda _done, _total: None
) -> float:
    """How long a step takes here: every size of crop three times, the first of which only warms up. Nothing of it is kept."""
    kinds, moments = len(config.crops), []

    def on_step(done: int, total: int) -> None:
        moments.append(time.monotonic())
        on_progress(done, total)

    trial = replace(config, images=config.examples(3 * kinds), checkpoint_every=10**6)
    with tempfile.TemporaryDirectory() as folder:
        train(trial, given, Path(folder), start, on_step=on_step)
    return (moments[-1] - moments[kinds - 1]) / (2 * kinds)


def network_of(config: Config, weights: dict[str, torch.Tensor]) -> PixelUNet:
    """The network of a plan with given weights, ready to be asked."""
    network = PixelUNet(config.widths, config.blocks, config.time_channels)
    network.load_state_dict(weights)
    return network.eval().to(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Figures:
    """What was measured on pictures kept apart: PSNR inside the hole, dB, of the mean mode.

    Attributes:
        by_family: for each family of damage, for each name ("prefill" and those of the networks), one value per picture.
        digests: of the pictures' files, in the same order.
    """

    by_family: dict[str, dict[str, list[float]]]
    digests: tuple[str, ...]

    def mean(self, family: str, name: str) -> float:
        """Mean over pictures, dB."""
        return float(np.mean(self.by_family[family][name]))

    def gains(self, name: str, against: str) -> np.ndarray:
        """Gain of one over the other per picture, dB, mean over the families; [pictures]."""
        return np.mean([np.subtract(values[name], values[against]) for values in self.by_family.values()], axis=0)

    def to_json(self) -> dict:
        """Mean per family and name, dB, and how many pictures there were."""
        return {
            family: {name: round(self.mean(family, name), 3) for name in values} for family, values in self.by_family.items()
        } | {"pictures": len(self.digests)}


def measure(
    networks: dict[str, PixelUNet],
    pictures: dict[str, list[np.ndarray]],
    seed: int,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Figures:
    """Fill holes whose content is known, with each network and with the prefill alone.

    The holes fit their damage and depend on (seed, digest, family) alone, so all fill the same ones. The style is read from
    the window with its hole filled harmonically: nothing of the hole reaches the network.

    Args:
        networks: by name.
        pictures: pieces, uint8 [h, w, 3], by digest of the file.
        seed: of the holes; other holes than those that were trained with.
        on_progress: called with (done, total).
    """
    bank = _tried_bank(seed)
    found: dict[str, dict[str, list[float]]] = {family: {name: [] for name in ("prefill", *networks)} for family in TRIED}
    for done, (digest, parts) in enumerate(pictures.items()):
        for family, values in found.items():
            rng = np.random.default_rng((seed, TRIED.index(family), int(digest[:12], 16)))
            tried = [_tried(part, bank[family], rng) for part in parts[:TRIED_PIECES]]
            fills = [_fills(networks, truth, hole) for truth, hole in tried]
            for name, per_picture in values.items():
                per_picture.append(
                    float(np.mean([psnr(truth, fill[name], hole) for (truth, hole), fill in zip(tried, fills, strict=True)]))
                )
        on_progress(done + 1, len(pictures))
    return Figures(found, tuple(pictures))


def _tried_bank(seed: int) -> dict[str, list[np.ndarray]]:
    rng = np.random.default_rng((seed, 5))  # 1 … 4 are taken by what training draws
    shape = (MASK_SIDE, MASK_SIDE)
    return {family: [exact(FAMILIES[family](shape, rng)) for _ in range(TRIED_MASKS)] for family in TRIED}


def _tried(pixels: np.ndarray, bank: list[np.ndarray], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A window, uint8 [S, T, 3], and a hole in it, bool [S, T]; S and T are multiples of the network's stride."""
    height, width = (min(TRIED_PX, length // STRIDE * STRIDE) for length in pixels.shape[:2])
    for _ in range(50):
        y, x = (int(rng.integers(a - b + 1)) for a, b in zip(pixels.shape[:2], (height, width), strict=True))
        mask = np.rot90(bank[rng.integers(len(bank))], int(rng.integers(4)))
        top, left = rng.integers(MASK_SIDE - height + 1), rng.integers(MASK_SIDE - width + 1)
        hole = np.ascontiguousarray(mask[top : top + height, left : left + width])
        window = np.ascontiguousarray(pixels[y : y + height, x : x + width])
        if 0.005 < hole.mean() < 0.6:
            return window, hole
    hole = np.zeros((height, width), bool)
    hole[height // 3 : height // 2, width // 3 : width // 2] = True
    return window, hole


def _fills(networks: dict[str, PixelUNet], truth: np.ndarray, hole: np.ndarray) -> dict[str, np.ndarray]:
    """The fill of the prefill and of each network's mean mode, uint8 [S, T, 3]."""
    told = conditions(truth.astype(np.float32) / 255, hole)
    small = cv2.resize(told.fill, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    none = np.zeros(hole.shape, np.float32)
    prefill, *inputs = (_tensor(one) for one in (told.fill, told.mean, hole, told.distance, none, none, none, small))
    fills = {"prefill": told.fill}
    for name, network in networks.items():
        with torch.no_grad():
            clean, _ = network(prefill, torch.ones(1), prefill, *inputs, torch.ones(1))
        fills[name] = clean[0].permute(1, 2, 0).numpy()
    return {name: np.rint(np.clip(fill, 0, 1) * 255).astype(np.uint8) for name, fill in fills.items()}


def _tensor(values: np.ndarray) -> torch.Tensor:
    values = np.ascontiguousarray(values, np.float32)
    return torch.from_numpy(values if values.ndim == 3 else values[..., None]).permute(2, 0, 1)[None]


def save_model(config: Config, weights: dict[str, torch.Tensor], folder: Path) -> None:
    """Write network and scheduler in diffusers' layout, 16-bit as the bundled weights are, in files of less than 15 MB."""
    from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler

    from pipelines.network import RestorationNetwork
    from pipelines.restoration import RestorationPipeline

    network = RestorationNetwork(widths=config.widths, blocks=config.blocks, time_channels=config.time_channels)
    network.unet.load_state_dict(weights)
    pipeline = RestorationPipeline(network=network.half(), scheduler=FlowMatchEulerDiscreteScheduler())
    pipeline.save_pretrained(folder, safe_serialization=True, max_shard_size="14MB")
