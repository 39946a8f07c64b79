"""The network as plain torch: a small pixel-space U-Net that predicts the clean picture as prefill plus residual."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RESIDUAL = 0.12  # R: spread of (picture − prefill) in narrow holes, in 0…1 units; local scales were tried and were worse
NOISE = 1.2 * RESIDUAL  # S: spread of the noise that the flow starts from, a little wider than what it must become
CONTRAST = 0.25  # spread of (prefill − local mean)
STRIDE = 16  # a window must start on a multiple of it
RADIUS_PX = 192  # a pixel's answer depends on nothing farther away than this
REFERENCE_PX = 64  # side of the picture that the style is read from
_INPUTS = 3 + 3 + 5  # noisy residual, local contrast; hole, distance, lines, lines given, veil


class PixelNorm(nn.Module):
    """RMS over channels, pixel by pixel. Statistics over space would make a tile differ from the whole picture."""

    def __init__(self, channels: int):
        super().__init__()
        self.gain = nn.Parameter(torch.ones(channels))

    def forward(self, x: Tensor) -> Tensor:
        """[B, C, H, W] → the same, of unit mean square at each pixel, times a gain per channel."""
        scale = torch.rsqrt(x.float().square().mean(1, keepdim=True) + 1e-6)
        return x * scale.to(x.dtype) * self.gain[:, None, None]


class Block(nn.Module):
    """Norm, time as scale and shift, two 3 × 3 convolutions, added to the input; the identity at the start of training."""

    def __init__(self, channels: int, time_channels: int):
        super().__init__()
        self.norm = PixelNorm(channels)
        self.time = nn.Linear(time_channels, 2 * channels)
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        for layer in (self.time, self.second):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor, moment: Tensor) -> Tensor:
        """Apply to x [B, C, H, W] at the moment [B, T]."""
        scale, shift = self.time(moment)[:, :, None, None].chunk(2, 1)
        return x + self.second(F.silu(self.first(self.norm(x) * (1 + scale) + shift)))


class StyleEncoder(nn.Module):
    """A picture's palette and handling as one vector: convolutions on a thumbnail, averaged over its area."""

    def __init__(self, channels: int):
        super().__init__()
        widths = (3, 16, 32, channels)
        self.layers = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairwise(widths))
        self.vector = nn.Linear(channels, channels)
        nn.init.zeros_(self.vector.weight)
        nn.init.zeros_(self.vector.bias)

    def forward(self, reference: Tensor) -> Tensor:
        """[B, 3, 64, 64], 0…1 → [B, C]; zero at the start of training."""
        x = (reference - 0.5) / CONTRAST
        for layer in self.layers:
            x = F.silu(layer(x))
        return self.vector(x.mean((2, 3)))


class PixelUNet(nn.Module):
    """x̂ = prefill + c_skip·(x_t − prefill) + c_out·U-Net(…), on a 2 × pixel-unshuffled picture.

    With d = picture − prefill ~ N(0, R²) and x_t − prefill = (1 − t)·d + t·S·n, the best linear guess of d is
    c_skip·(x_t − prefill) and what it leaves has the spread c_out (Karras et al. 2022, for the straight path of Lipman et
    al. 2023). At t = 1 and without noise (x_t = prefill) this is prefill + R·U-Net: the *mean mode*, one evaluation.
    """

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 256), blocks: int = 2, time_channels: int = 64):
        super().__init__()
        pairs = list(pairwise(widths))
        self.time_channels = time_channels
        self.moment = nn.Sequential(nn.Linear(time_channels, time_channels), nn.SiLU(), nn.Linear(time_channels, time_channels))
        self.style = StyleEncoder(time_channels)
        self.stem = nn.Conv2d(_INPUTS * 4, widths[0], 3, padding=1)
        self.down = nn.ModuleList(nn.ModuleList(Block(c, time_channels) for _ in range(blocks)) for c in widths)
        self.halve = nn.ModuleList(nn.Conv2d(a, b, 2, stride=2) for a, b in pairs)
        self.enlarge = nn.ModuleList(nn.Conv2d(b, a * 4, 1) for a, b in pairs)
        self.join = nn.ModuleList(nn.Conv2d(2 * a, a, 1) for a, _ in pairs)
        self.up = nn.ModuleList(nn.ModuleList(Block(a, time_channels) for _ in range(blocks)) for a, _ in pairs)
        self.norm, self.head = PixelNorm(widths[0]), nn.Conv2d(widths[0], 3 * 4, 3, padding=1)
        # reads the trunk's features without teaching them: the picture does not become worse for knowing its doubt
        wide = widths[0]
        self.doubt = nn.Sequential(nn.Conv2d(wide, wide, 3, padding=1), nn.SiLU(), nn.Conv2d(wide, 4, 3, padding=1))
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        prefill: Tensor,
        mean: Tensor,
        hole: Tensor,
        distance: Tensor,
        lines: Tensor,
        lines_given: Tensor,
        veil: Tensor,
        reference: Tensor,
        reference_given: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Predict the clean picture, and how far off it may be.

        Args:
            x: float32 [B, 3, H, W], 0…1 plus noise: the picture at time t; the prefill itself in mean mode.
            t: float32 [B], 0 (clean) … 1.
            prefill: float32 [B, 3, H, W]: known pixels, the harmonic prefill in the hole, the divided-out picture under a veil.
            mean: float32 [B, 3, H, W]: local mean of the known pixels.
            hole: float32 [B, 1, H, W]: 1 in the hole.
            distance: float32 [B, 1, H, W], 0…1: to the edge of the hole.
            lines: float32 [B, 1, H, W]: 1 on a line; 0 everywhere when there is no line map.
            lines_given: float32 [B, 1, H, W]: 1 where the line map may be believed, also where it has no line.

            veil: float32 [B, 1, H, W], ≥ 0: optical density of a translucent layer that was divided out of `prefill`.
            reference: float32 [B, 3, 64, 64], 0…1: a picture whose palette and handling to follow.
            reference_given: float32 [B]: 1 where `reference` counts, 0 where there is none.

        Returns:
            The picture, float32 [B, 3, H, W], and the expected absolute error, float32 [B, 1, H, W], in 0…1 units.
            H and W must be multiples of 16.
        """
        time = t.view(-1, 1, 1, 1).float()
        variance = ((1 - time) * RESIDUAL) ** 2 + (time * NOISE) ** 2
        skip, spread = (1 - time) * RESIDUAL**2 / variance, time * NOISE * RESIDUAL / variance.sqrt()
        noisy = x - prefill
        inputs = [noisy / variance.sqrt(), (prefill - mean) / CONTRAST, hole, distance, lines, lines_given, veil]
        moment = self.moment(_waves(t, self.time_channels)) + reference_given[:, None] * self.style(reference)
        features = self._features(torch.cat(inputs, 1), moment)
        residual = F.pixel_shuffle(self.head(features), 2)
        error = RESIDUAL * F.softplus(F.pixel_shuffle(self.doubt(features.detach()), 2).float() - 1)
        return prefill + skip * noisy + spread * residual.float(), error

    def _features(self, inputs: Tensor, moment: Tensor) -> Tensor:
        x, skips = self.stem(F.pixel_unshuffle(inputs, 2)), []
        for level, blocks in enumerate(self.down):
            for block in blocks:
                x = block(x, moment)
            if level < len(self.halve):
                skips.append(x)
                x = self.halve[level](x)
        for level in reversed(range(len(self.halve))):
            x = self.join[level](torch.cat([F.pixel_shuffle(self.enlarge[level](x), 2), skips[level]], 1))
            for block in self.up[level]:
                x = block(x, moment)
        return F.silu(self.norm(x))


def _waves(t: Tensor, channels: int) -> Tensor:
    """Sinusoidal embedding of t in 0…1, [B] → [B, channels]; periods from 2π/1000 to 2π."""
    frequencies = torch.exp(torch.linspace(0, math.log(1000.0), channels // 2, device=t.device))
    angles = t.float()[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], 1)
