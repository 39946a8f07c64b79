"""The sample sheet of a training run: the same six windows at every checkpoint, so that progress can be seen."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch

from pipelines.noise import mixed
from pipelines.training.data import Material, batch
from pipelines.unet import NOISE, PixelUNet

WINDOWS, SIDE, STEPS = 6, 160, 4


def sample_sheet(weights: dict, config, material: Material, path: Path) -> None:
    """Write the sheet as a PNG."""
    path.write_bytes(cv2.imencode(".png", sheet(weights, config, material)[0][..., ::-1])[1].tobytes())


def sheet(weights: dict, config, material: Material) -> tuple[np.ndarray, np.ndarray]:
    """Rows of: hole shown, prefill, mean mode, flow with 4 steps from t = 0.7, doubt (white = 0.2), truth.

    Returns:
        The sheet, uint8 [H, W, 3], RGB; and where the network made it, bool [H, W].
    """
    network = PixelUNet(config.widths, config.blocks, config.time_channels)
    network.load_state_dict({k: v.cpu() for k, v in weights.items()})
    data = batch(material, seed=config.seed, step=2**31, rank=0, size=WINDOWS, side=SIDE)
    prefill, hole = data.prefill, data.hole
    with torch.no_grad():
        mean, doubt = network(prefill, torch.ones(WINDOWS), *data.inputs)
        noise = mixed(np.random.default_rng(config.seed).standard_normal((WINDOWS, SIDE, SIDE, 4), np.float32))
        noise = torch.from_numpy(noise.transpose(0, 3, 1, 2).copy())
        x, times = prefill + (0.3 * (mean - prefill) + 0.7 * NOISE * noise) * hole, np.linspace(0.7, 0, STEPS + 1)
        for t, after in pairwise(times):
            clean, _ = network(x, torch.full((WINDOWS,), float(t)), *data.inputs)
            x = x + (after - t) * (x - clean) / t * hole
    damaged = torch.where(hole > 0, torch.tensor([0.8, 0.1, 0.6]).view(1, 3, 1, 1), data.image)
    columns = [damaged, prefill, mean, x, (5 * doubt * hole).expand(-1, 3, -1, -1), data.image]
    rows = [torch.cat([column[i] for column in columns], 2) for i in range(WINDOWS)]
    pixels = np.rint(torch.cat(rows, 1).clamp(0, 1).permute(1, 2, 0).numpy() * 255).astype(np.uint8)
    made = np.zeros(pixels.shape[:2], bool)
    made[:, 2 * SIDE : 4 * SIDE] = True
    return pixels, made
