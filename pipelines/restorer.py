"""Restorer: fill the hole of a picture, once per hypothesis, and touch nothing else.

What it needs of diffusers is a scheduler, and that only for texture: importing diffusers takes longer than most fills.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from pipelines.composite import check_mask, check_pixels, composite, floats
from pipelines.errors import PixelsError, WeightsMissingError
from pipelines.grain import known_grain, matched
from pipelines.holdout import blocks, holdout_error, joined
from pipelines.hypotheses import spread, texture_of
from pipelines.prefill import COARSE, WINDOW_MARGIN_PX, Conditions, coarse_fill, conditions
from pipelines.request import RestorationRequest
from pipelines.sampling import STEPS, Plane, Told, flow, mean_mode, prefill_alone, thumbnail
from pipelines.tiles import HoleValues, Window
from pipelines.unet import PixelUNet
from pipelines.veil import LEAST_VEIL, divided

if TYPE_CHECKING:
    from diffusers import FlowMatchEulerDiscreteScheduler

LIVELIEST = 0.7  # the t from which texture 1 starts; from higher up, four steps leave blotches in wide holes
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class RestorationOutput:
    """What a restoration gives back.

    Attributes:
        hypotheses: pictures of the source's dtype and shape, bit-equal to it outside the mask. As many as were asked for,
            or one alone when `filled_by` is "prefill".
        error: float32 [H, W], 0…1: the absolute error that the network expects of its mean, zero outside the mask; None when
            `filled_by` is "prefill".
        spread: float32 [H, W], 0…0.5: standard deviation among the hypotheses, zero outside the mask; None when there is one.
        filled_by: "model", or "prefill" when the model was not better than the harmonic prefill on this picture.
        reason: what decided that, one or two sentences.
    """

    hypotheses: tuple[np.ndarray, ...]
    error: np.ndarray | None
    spread: np.ndarray | None
    filled_by: str
    reason: str


class Restorer:
    """Harmonic prefill plus the network's residual, tile by tile, for pictures of any size and depth.

    Args:
        network: a `PixelUNet`, or what answers as one does, in evaluation mode and channels last.
        scheduler: gives Euler steps of flow matching; called when texture is asked for.
    """

    def __init__(self, network: torch.nn.Module, scheduler: Callable[[], FlowMatchEulerDiscreteScheduler]):
        self.network, self._scheduler = network, scheduler

    @classmethod
    def of_folder(cls, folder: Path) -> Restorer:
        """Open a `RestorationPipeline` that was saved, with its weights in 32 bits, and without diffusers.

        Raises:
            WeightsMissingError: when a part is not there, or damaged.
        """
        try:
            facts = json.loads((folder / "network" / "config.json").read_text())
            network = PixelUNet(tuple(facts["widths"]), facts["blocks"], facts["time_channels"])
            weights = load_file(folder / "network" / "diffusion_pytorch_model.safetensors")
            network.load_state_dict({name.removeprefix("unet."): value.float() for name, value in weights.items()})
        except (OSError, KeyError, ValueError, RuntimeError, SafetensorError) as error:
            raise WeightsMissingError(
                f"The model in {folder} is damaged ({str(error)[:200]}): install the package again, or name another model."
            ) from error

        def scheduler() -> FlowMatchEulerDiscreteScheduler:
            from diffusers import FlowMatchEulerDiscreteScheduler as Steps

            return Steps.from_pretrained(folder / "scheduler", local_files_only=True)

        # channels last: see sampling._tensor
        return cls(network.eval().to(memory_format=torch.channels_last), scheduler)

    def __call__(
        self,
        request: RestorationRequest,
        pixels: np.ndarray,
        mask: np.ndarray,
        *,
        lines: np.ndarray | None = None,
        veil: np.ndarray | None = None,
        reference: np.ndarray | None = None,
        on_progress: Progress | None = None,
    ) -> RestorationOutput:
        """Fill the hole in `pixels`, once per hypothesis.

        Hypothesis 1 is what `texture` asks: at 0 the mean of what could have stood there, above 0 a sample with texture. At
        texture 0 the hypotheses 2, 3, … are samples at texture 0.35, since the mean exists only once. Each picture first
        tests the model on itself (`pipelines.holdout`); when it is not better than its own prefill there, the prefill alone
        is given back, and nothing is sampled. Lines that are given are followed all the same, and the reason says so.

        What stands outside the mask is believed: a mask must cover the antialiased rim of the damage, as the proposed masks
        do. (Growing every hole by a pixel was tried, and cost 1 to 2.6 dB on masks that fit.) Nothing under the mask can reach
        the answer. The answer does not depend on tile size or tile order; another number of threads may round a sum otherwise
        (measured once: 3 of 80,985 samples by 1/255 at texture 1, none at texture 0).

        Args:
            request: decides everything that is not a pixel; its model and prompt are not looked at here.
            pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]; any size. Grey is filled as three equal channels and
                takes their mean. Alpha stays untouched, inside the hole as well.
            mask: bool [H, W], True = hole.
            lines: bool [H, W], True on a line that the answer should follow (from a drawing, an X-ray, a copy); None when
                no line is known anywhere.
            veil: float32 [H, W, 3], ≥ 0: density of a translucent layer (`pipelines.veil`), to be divided out where it is at
                least 0.02; such pixels count as hole in what is promised above, but not in what is known. Not in `mask`.
            reference: uint8 [H, W, 3] of any size: a picture whose palette and handling to follow; None for none.
            on_progress: called with (done, total) after every tile, the total being known from the start; may raise to cancel.
                It stops short of the total when the prefill is kept.

        Returns:
            RestorationOutput.

        Raises:
            PixelsError: for a picture that is not of these kinds, or lines or a veil of another size.
            MaskError: when the mask does not fit, has no hole, or leaves no known pixel.
        """
        # 1. Check.
        check_pixels(pixels)
        if lines is not None and lines.shape != mask.shape:
            raise PixelsError(f"the line map's shape is {lines.shape} but the picture's is {mask.shape}: give the same size.")
        if veil is not None and veil.shape != (*mask.shape, 3):
            raise PixelsError(f"the veil's shape is {veil.shape} but the picture's is {mask.shape}: give the same size.")
        hole, changed = mask, mask if veil is None else mask | (veil.max(-1) > LEAST_VEIL)  # bool [H, W]
        check_mask(changed, pixels.shape[:2])

        # 2. Solve the harmonic prefill of the whole picture at 1/8 of its size.
        coarse = coarse_fill(pixels[..., None] if pixels.ndim == 2 else pixels[..., :3], hole)  # [H/8, W/8, 3]
        if veil is not None:
            coarse = divided(coarse, cv2.resize(veil, coarse.shape[1::-1], interpolation=cv2.INTER_AREA))

        # 3. Cut into tiles; only those that touch the hole are ever computed.
        style = None if reference is None else thumbnail(reference.astype(np.float32) / 255)  # [64, 64, 3]
        plane = Plane(
            changed,
            request.tile_px,
            lambda window: told_of(window, pixels, hole, coarse, lines, veil),
            style,
            line_guidance=request.line_guidance,
        )
        trial_blocks = blocks(hole)
        textures = [texture_of(hypothesis, LIVELIEST * request.texture) for hypothesis in range(request.hypotheses)]
        evaluations = 1 + STEPS * sum(texture > 0 for texture in textures)
        tick = counter(len(trial_blocks) + len(plane.tiles) * evaluations, on_progress)

        # 4. Let the model prove itself on known pixels of this picture.
        trials = []
        for block in trial_blocks:
            trials.append(holdout_error(self.network, pixels, hole, block, style))
            tick()
        trial = joined(trials)
        if trial.is_lost and lines is None:  # the prefill cannot follow a line, and a person asked for these
            filled = _composited(pixels, changed, plane.tiles, prefill_alone(plane, tick))
            return RestorationOutput((filled,), None, None, "prefill", _prefill_reason(trial.reason(), request.hypotheses))

        # 5. Mean mode: t = 1, x_t = prefill, no noise; two views per tile.
        mean, doubt = mean_mode(self.network, plane, tick)  # three values and one per pixel of the hole

        # 6. Flow mode, hypothesis by hypothesis: from the mean plus noise at t = τ in four steps; the noise is keyed on
        #    (seed, hypothesis, y, x), so no order changes anything. It makes up the grain that the mean, made crisper, lacks.
        # 7. Composite: the original's samples, bit for bit, outside the mask.
        hypotheses = []
        known, scheduler = (known_grain(pixels, changed), self._scheduler()) if any(textures) else (None, None)
        for hypothesis, texture in enumerate(textures):
            values = mean
            if known is not None and scheduler is not None and texture > 0:
                values = flow(
                    self.network,
                    scheduler,
                    plane,
                    mean,
                    texture=texture,
                    seed=request.seed,
                    hypothesis=hypothesis,
                    tick=tick,
                )
                values = matched(known, pixels, changed, request.tile_px, mean, values, texture / LIVELIEST)
            hypotheses.append(_composited(pixels, changed, plane.tiles, values))

        # 8. Say how far off the mean may be, and where the hypotheses disagree.
        error = np.zeros(mask.shape, np.float32)
        for tile in plane.tiles:
            error[tile.slices()] = np.clip(doubt.read(tile)[..., 0], 0, 1)
        apart = spread(hypotheses, changed) if len(hypotheses) > 1 else None
        reason = trial.reason() + ("; it was used for the lines that were given" if trial.is_lost else "")
        return RestorationOutput(tuple(hypotheses), error, apart, "model", reason)


def told_of(
    window: Window,
    pixels: np.ndarray,
    hole: np.ndarray,
    coarse: np.ndarray,
    lines: np.ndarray | None = None,
    veil: np.ndarray | None = None,
) -> Told:
    """What the network is told of a window of a picture; the same at a pixel whatever the window.

    Args:
        window: starts and ends on multiples of 16; may reach beyond the picture.
        pixels: uint8 or uint16 picture.
        hole: bool [H, W].
        coarse: `coarse_fill` of the picture.
        lines: bool [H, W] or None.
        veil: float32 [H, W, 3] or None.
    """
    wide = window.grown(WINDOW_MARGIN_PX)
    rows = np.clip(np.arange(wide.top // COARSE, wide.bottom // COARSE), 0, coarse.shape[0] - 1)
    columns = np.clip(np.arange(wide.left // COARSE, wide.right // COARSE), 0, coarse.shape[1] - 1)
    seen = floats(wide.cut(pixels))
    if veil is not None:
        seen = divided(seen, wide.cut(veil))
    known = conditions(seen, wide.cut(hole), coarse[rows][:, columns])
    inner = window.within(wide)
    lost = window.cut(hole)
    density = np.zeros(lost.shape, np.float32) if veil is None else window.cut(veil).mean(-1)
    shown = np.zeros(lost.shape, np.float32) if lines is None else window.cut(lines).astype(np.float32)
    return Told(
        Conditions(known.fill[inner], known.mean[inner], known.distance[inner]),
        lost,
        shown,
        np.full(lost.shape, lines is not None, np.float32),
        density,
    )


def counter(total: int, on_progress: Progress | None) -> Callable[[], None]:
    """A function that reports one more of `total` each time it is called."""
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, total)

    return tick


def _composited(pixels: np.ndarray, mask: np.ndarray, tiles: list[Window], values: HoleValues) -> np.ndarray:
    filled = pixels.copy()
    for tile in tiles:
        composite(filled[tile.slices()], mask[tile.slices()], values.read(tile))
    return filled


def _prefill_reason(reason: str, asked: int) -> str:
    if asked == 1:
        return f"{reason}; the prefill was kept"
    return f"{reason}; the prefill was kept, and it is one answer, so the {asked} hypotheses are one"
