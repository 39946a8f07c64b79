"""Running the network over a picture of any size: the mean mode in one evaluation, the flow in four steps.

The flow goes step by step over all tiles, not tile by tile through all steps: what a step reads beyond its tile is then what
the step before it wrote there, and a pixel's answer does not depend on the tiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from pipelines.noise import noise
from pipelines.prefill import Conditions
from pipelines.tiles import HoleValues, Window, tight, tiles
from pipelines.unet import NOISE, RADIUS_PX, REFERENCE_PX, STRIDE

if TYPE_CHECKING:  # importing it takes longer than most fills, and the mean mode needs it not
    from diffusers import FlowMatchEulerDiscreteScheduler

STEPS = 4  # Euler steps of the flow
# More guidance 32 px from the edge of a hole and beyond, where the network is timid: on 30 training crops at guidance 1.5, the
# lines that appear in large losses are 0.39, 0.55 and 0.61 for 0, 1 and 1.5, in lacunae 0.76, 0.80, 0.81; more costs likeness.
DEEPER = 1.25
FULLY_DEEPER = 1.5  # guidance from which that is added in full; at 1 the network is left as it is
_KEPT_PIXELS = 6_000_000  # of windows whose conditions stay in memory between steps: about 50 bytes each


@dataclass(frozen=True)
class Told:
    """What the network is told of one window.

    Attributes:
        conditions: prefill, local mean, distance.
        hole: bool [H, W].
        lines: float32 [H, W], 1 on a line.
        lines_given: float32 [H, W], 1 where `lines` may be believed.
        veil: float32 [H, W], density of what was divided out of the known pixels; 0 where nothing was.
    """

    conditions: Conditions
    hole: np.ndarray
    lines: np.ndarray
    lines_given: np.ndarray
    veil: np.ndarray

    def turned(self) -> Told:
        """The same by half a turn."""
        half = np.s_[::-1, ::-1]
        conditions = Conditions(*(getattr(self.conditions, field.name)[half] for field in fields(Conditions)))
        return Told(conditions, *(getattr(self, field.name)[half] for field in fields(Told)[1:]))

    def without_lines(self) -> Told:
        """The same, with nothing known of lines anywhere."""
        none = np.zeros_like(self.lines)
        return replace(self, lines=none, lines_given=none)


class Plane:
    """A picture as the network meets it: its hole, its tiles, and what is told of each window.

    Args:
        hole: bool [H, W]: where the network may act, veils included.
        tile_px: side of the tiles.
        told: gives what is told of a window, which may reach up to 15 px beyond the picture.
        reference: float32 [64, 64, 3], 0…1: the picture whose palette and handling to follow, reduced; None for none.
        line_guidance: as in `RestorationRequest`.
    """

    def __init__(
        self,
        hole: np.ndarray,
        tile_px: int,
        told: Callable[[Window], Told],
        reference: np.ndarray | None,
        line_guidance: float = 1.0,
    ):
        self.hole, self.tile_px, self.told = hole, tile_px, told
        self.reference, self.line_guidance = reference, line_guidance
        self.tiles = tiles(hole, tile_px)
        self._kept: dict[Window, Told] = {}

    def windows(self) -> Iterator[tuple[Window, Window, Told]]:
        """Each tile, the window that computes it, and what is told of that window."""
        height, width = self.hole.shape
        for tile in self.tiles:
            window = tight(tile, self.hole).grown(RADIUS_PX).on_grid(height, width, STRIDE)
            told = self._kept.get(window) or self.told(window)
            if len(self.tiles) * told.hole.size <= _KEPT_PIXELS:
                self._kept[window] = told
            yield tile, window, told


def prefill_alone(plane: Plane, tick: Callable[[], None]) -> HoleValues:
    """The prefill itself, for pictures on which the network is of no use; `tick` as in `mean_mode`."""
    answer = HoleValues(plane.hole, plane.tile_px)
    for tile, window, told in plane.windows():
        answer.write(tile, window, told.conditions.fill)
        tick()
    return answer


def mean_mode(network: nn.Module, plane: Plane, tick: Callable[[], None]) -> tuple[HoleValues, HoleValues]:
    """The mean of what could stand in the hole: x_t = prefill at t = 1, no noise.

    Beside it the error that the network expects of it, one channel. Each tile is looked at twice, upright and turned by half
    a turn, and the answers are averaged: what the network would do only because a stroke runs this way cancels.

    Args:
        network: in evaluation mode.
        plane: the picture.
        tick: called after each tile; may raise to cancel.
    """
    answer, doubt = HoleValues(plane.hole, plane.tile_px), HoleValues(plane.hole, plane.tile_px, channels=1)
    for tile, window, told in plane.windows():
        clean, error = _mean_of_two(network, told, plane)
        answer.write(tile, window, clean)
        doubt.write(tile, window, error)
        tick()
    return answer, doubt


def flow(
    network: nn.Module,
    scheduler: FlowMatchEulerDiscreteScheduler,
    plane: Plane,
    mean: HoleValues,
    *,
    texture: float,
    seed: int,
    hypothesis: int,
    tick: Callable[[], None],
) -> HoleValues:
    """One sample with texture, by Euler steps along the straight path of flow matching, from t = τ to 0.

    With τ the texture and S the spread of the noise, it starts at x_τ = prefill + (1 − τ)(mean − prefill) + τ·S·n; at each
    step v = (x_t − x̂)/t, where x̂ is the network's answer. Outside the hole x_t stays the prefill, as in training; what
    lies under a veil keeps the mean, since nothing of it has to be invented.

    Source: Lipman et al. 2023; the start from a partly noised estimate: Meng et al. 2022 (SDEdit).
    """
    sigmas = np.linspace(texture, 0, STEPS + 1)[:-1]
    state = mean
    for step, t in enumerate(sigmas):
        after = HoleValues(plane.hole, plane.tile_px)
        for tile, window, told in plane.windows():
            prefill, hole = told.conditions.fill, told.hole[..., None]
            inside = state.read(window)
            if step == 0:
                random = window.seen(plane.hole.shape, lambda w: noise(seed, hypothesis, *w.place()))
                inside = prefill + np.float32(1 - texture) * (inside - prefill) + np.float32(texture * NOISE) * random
            x = np.where(hole, inside, prefill)
            velocity = (x - _led(network, told, x, float(t), plane)[0]) / np.float32(t)
            # the scheduler counts its own steps, but each step here is taken once per tile
            scheduler.set_timesteps(sigmas=sigmas.tolist())
            scheduler.set_begin_index(step)
            x = scheduler.step(torch.from_numpy(velocity), scheduler.timesteps[step], torch.from_numpy(x), return_dict=False)[0]
            after.write(tile, window, np.where(hole, x.numpy(), mean.read(window)))
            tick()
        state = after
    return state


def _mean_of_two(network: nn.Module, told: Told, plane: Plane) -> tuple[np.ndarray, np.ndarray]:
    """The mean mode of a window, float32 [H, W, 3], averaged over two views of it, and its expected error [H, W, 1]."""
    upright = _led(network, told, told.conditions.fill, 1.0, plane)
    turned = told.turned()
    other = _led(network, turned, turned.conditions.fill, 1.0, plane)
    clean, error = ((one + two[::-1, ::-1]) / 2 for one, two in zip(upright, other, strict=True))
    return clean, error


def _led(network: nn.Module, told: Told, x: np.ndarray, t: float, plane: Plane) -> tuple[np.ndarray, np.ndarray]:
    """As `predict`; where lines are given, further towards them than the network goes, which hedges on what they part.

    Source: classifier-free guidance (Ho and Salimans 2022), here the more of it the deeper in the hole.
    """
    clean, error = predict(network, told, x, t, plane.reference)
    if plane.line_guidance == 1 or not told.lines_given.any():
        return clean, error
    bare, _ = predict(network, told.without_lines(), x, t, plane.reference)
    return bare + guidance_at(told.conditions.distance, plane.line_guidance)[..., None] * (clean - bare), error


def guidance_at(distance: np.ndarray, guidance: float) -> np.ndarray:
    """How far towards the lines, float32 [H, W], 1 = as far as the network goes by itself.

    Args:
        distance: float32 [H, W], 0…1, to the edge of the hole (`Conditions`).
        guidance: 1 … 3, as it was asked for; at the edge it is just that.
    """
    deeper = DEEPER * min(1.0, (guidance - 1) / (FULLY_DEEPER - 1))
    return np.float32(guidance) + np.float32(deeper) * distance


def predict(
    network: nn.Module, told: Told, x: np.ndarray, t: float, reference: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The network's clean picture x̂, float32 [H, W, 3], from x of the same shape at time t; its expected error [H, W, 1]."""
    conditions = told.conditions
    inputs = (conditions.fill, conditions.mean, told.hole, conditions.distance, told.lines, told.lines_given, told.veil)
    shown = np.zeros((REFERENCE_PX, REFERENCE_PX, 3), np.float32) if reference is None else reference
    device = next(network.parameters()).device
    one = torch.ones(1, dtype=torch.float32, device=device)
    tensors = (_tensor(values).to(device) for values in (*inputs, shown))
    with torch.no_grad():
        answers = network(_tensor(x).to(device), t * one, *tensors, one * (reference is not None))
    clean, error = (np.ascontiguousarray(answer[0].permute(1, 2, 0).float().cpu().numpy()) for answer in answers)
    return clean, error


def thumbnail(picture: np.ndarray) -> np.ndarray:
    """A picture as the network's reference: float32 [H, W, 3], 0…1, any size → float32 [64, 64, 3]."""
    return cv2.resize(picture, (REFERENCE_PX, REFERENCE_PX), interpolation=cv2.INTER_AREA).astype(np.float32)


def _tensor(values: np.ndarray) -> Tensor:
    """[H, W, 3] or [H, W] → float32 [1, C, H, W], channels last in memory.

    That layout is not only quicker on a CPU: in the other one oneDNN's float32 sums depend on the window's shape.
    """
    values = np.ascontiguousarray(values, np.float32)
    return torch.from_numpy(values if values.ndim == 3 else values[..., None]).permute(2, 0, 1)[None]
