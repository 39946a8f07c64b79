"""Variants painted by models from elsewhere: the same Request in, the same Output back, whatever family the model is of."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image

from pipelines import guest
from pipelines.fidelity import fidelity
from pipelines.fidelity_openings import Openings
from pipelines.guest_pictures import depth_picture, line_picture, picture, working_size
from pipelines.lines import extract_lines
from pipelines.memory import Memory
from pipelines.registration import registered
from pipelines.request import Precision, SpeculationRequest
from pipelines.restorer import Progress, counter
from pipelines.speculation import (
    Locked,
    SpeculationOutput,
    Start,
    check_locked,
    check_sheet,
    check_starts,
    named_references,
    reduced,
)

# Of a ControlNet-Union for SDXL, as its authors number the conditions that it knows.
UNION_DEPTH, UNION_LINES = 1, 3
DISTILLED = {"Flux2Klein": (4, 1.0), "ZImage": (9, 0.0)}  # steps and guidance, as published with klein and with Z-Image-Turbo
LEAST_REFERENCE_PX = 64  # FLUX.2 refuses smaller ones
_NO_WORDS = " "  # Qwen-Image follows a prompt only against a negative one, and an empty one is none to it
_SPOKEN = {
    "lines": "the line drawing of a building",
    "depth": "how far each part of it is, near is white",
    "prefill": "a lit view of its volumes",
    "reference": "the picture whose colours and materials to take",
}


@dataclass(frozen=True)
class Shown:
    """What there is to show to a model, RGB at the size at which it works; None where nothing was given.

    Attributes:
        lines: white on black.
        depth: near is white.
        prefill: what to start from.
        reference: a picture whose colours are wanted, at its own size.
    """

    lines: Image.Image
    depth: Image.Image | None
    prefill: Image.Image | None
    reference: Image.Image | None


class GuestSpeculation:
    """A pipeline of diffusers that answers a SpeculationRequest.

    Args:
        pipeline: led by a line image (any ControlNet), by pictures to refer to (FLUX.2), or by a picture to start from.
        model: its folder, file or hub id.
        memory: puts a pipeline where it is to run; asked again for the sister pipeline that starts from a picture.
    """

    def __init__(self, pipeline: Any, model: str, memory: Memory | None = None):
        self.pipeline, self.model, self.memory = pipeline, model, memory or Memory()
        self.precision: Precision = self.memory.precision
        self.pipeline.set_progress_bar_config(disable=True)

    def __call__(
        self,
        request: SpeculationRequest,
        drawing: np.ndarray,
        *,
        references: Mapping[str, np.ndarray] | None = None,
        openings: Openings | None = None,
        starts: Sequence[Start] | None = None,
        locked: Locked | None = None,
        on_progress: Progress | None = None,
    ) -> SpeculationOutput:
        """Paint variants; arguments, Output and errors as in `SpeculationPipeline`.

        What is shown to the model depends on its family; the findings say what led it and what was not used. A ControlNet
        sees the massing's lines, or the drawing's where there is no massing; a ControlNet-Union the depths as well, FLUX.2
        everything as pictures to refer to. Where the family has a sister pipeline that starts from a picture, the massing is
        that start, left by the cell's strength. What the model paints is shifted and stretched by up to 3 % so that its
        lines lie over the drawing's, before fidelity is measured. No ink is laid over.
        """
        # 1. Check, and bring the sheet to working size.
        cells = request.cells
        check_sheet("drawing", drawing)
        liked = named_references(cells, references)
        drawing, scale = reduced(drawing)
        check_starts(starts, len(cells), drawing.shape)
        check_locked(locked, drawing.shape)
        wanted = openings.scaled(scale) if openings is not None else None
        height, width = drawing.shape[:2]

        # 2. What the model is shown, at the size at which it works, and how it is asked.
        size = working_size((height, width))
        views = [_shown(drawing, starts[k] if starts else None, liked.get(cell.reference_sha256 or ""), size)
                 for k, cell in enumerate(cells)]  # fmt: skip
        pipeline = self._starting(views[0])
        led_by = list(dict.fromkeys(name for view in views for name in led(pipeline, view)[1]))
        manner = [manners(pipeline, self.model, cell.strength) for cell in cells]

        # 3. Ask, each time with a generator of its own; 4. measure.
        tick = counter(sum(steps for _, steps in manner), on_progress)
        variants, scores, moves, asked = [], [], [], []
        for cell, view, (how, _) in zip(cells, views, manner, strict=True):
            shown, names = led(pipeline, view)
            asked.append(how | {"prompt": spoken(pipeline, cell.prompt, names)})
            given = shown | asked[-1] | {"width": size[0], "height": size[1]}
            answer = guest.ask(pipeline, given, request.seed, cell.draw, tick)
            painted = cv2.resize(answer, (width, height), interpolation=cv2.INTER_CUBIC)
            laid, move = registered(drawing, np.rint(np.clip(painted, 0, 1) * 255).astype(np.uint8))
            laid = laid if locked is None else locked.put(laid)
            variants.append(laid)
            moves.append(move)
            scores.append(fidelity(drawing, laid, wanted))
        unused = [name for name in _SPOKEN if any(getattr(one, name) is not None for one in views) and name not in led_by]
        palette = "reference" if "reference" in led_by else "model"
        palette += "; the reference was not used" if "reference" in unused else ""
        findings = {
            "painted_by": "model",
            "palette": palette,
            "led_by": led_by,
            "not_used": unused,
            "prefill": "massing" if starts else "none",
            "asked": asked,
            "ink_opacity": 0.0,
            "size": [width, height],
            "painted_at": list(size),
            "laid_over_the_drawing": moves,
        }
        return SpeculationOutput(tuple(variants), tuple(scores), (None,) * len(cells), findings)

    def _starting(self, shown: Shown) -> Any:
        """The pipeline itself, or where there is a picture to start from its sister that takes one, of the same weights."""
        import diffusers

        own = type(self.pipeline).__name__
        is_led = "controlnet" in self.pipeline.components or _refers(self.pipeline)
        if "Img2Img" in own or (is_led and shown.prefill is None) or _refers(self.pipeline):
            return self.pipeline
        sister = getattr(diffusers, own.replace("Pipeline", "Img2ImgPipeline"), None)
        if sister is None:
            return self.pipeline
        pipeline = sister(**self.pipeline.components)
        pipeline.set_progress_bar_config(disable=True)
        self.memory.place(pipeline)
        return pipeline


def _shown(drawing: np.ndarray, start: Start | None, reference: np.ndarray | None, size: tuple[int, int]) -> Shown:
    return Shown(
        line_picture(extract_lines(drawing) if start is None else start.lines, size),
        None if start is None or start.depth is None else depth_picture(start.depth, size),
        None if start is None else picture(start.picture, size),
        None if reference is None else picture(reference, _reference_size(reference)),
    )


def led(pipeline: Any, shown: Shown) -> tuple[dict[str, Any], list[str]]:
    """The arguments that lead a pipeline, and which of "lines", "depth", "prefill", "reference" they are made of."""
    takes = inspect.signature(pipeline.__call__).parameters
    if _refers(pipeline):
        pictures = {name: getattr(shown, name) for name in _SPOKEN}
        names = [name for name, one in pictures.items() if one is not None]
        return {"image": [pictures[name] for name in names]}, names
    given: dict[str, Any] = {}
    led_by: list[str] = []
    if "control_mode" in takes and "Union" in type(pipeline).__name__:
        modes = [(UNION_LINES, "lines", shown.lines), (UNION_DEPTH, "depth", shown.depth)]
        used = [(mode, name, one) for mode, name, one in modes if one is not None]
        given = {"control_image": [one for _, _, one in used], "control_mode": [mode for mode, _, _ in used]}
        led_by = [name for _, name, _ in used]
    elif "controlnet" in pipeline.components:
        given = {"control_image" if "control_image" in takes else "image": shown.lines}
        led_by = ["lines"]
    if "strength" in takes:
        # a model that follows nothing but its start gets the drawing's lines as one, where no view of the design is given
        given["image"] = shown.prefill or shown.lines
        led_by.append("prefill" if shown.prefill is not None else "lines")
    return given, led_by


def manners(pipeline: Any, model: str, strength: float) -> tuple[dict[str, Any], int]:
    """Steps, guidance and how far to leave the start, as the family wants them; and the number of steps that will be run."""
    takes, steps = inspect.signature(pipeline.__call__).parameters, guest.STEPS
    asked: dict[str, Any] = {}
    family = type(pipeline).__name__
    is_distilled = bool(pipeline.config.get("is_distilled")) or "turbo" in model.lower()
    for name, (few, guidance) in DISTILLED.items():
        if is_distilled and family.startswith(name):
            steps, asked = min(steps, few), {"guidance_scale": guidance}
    if {"true_cfg_scale", "negative_prompt"} <= set(takes):
        asked["negative_prompt"] = _NO_WORDS
    run = steps
    if "strength" in takes:
        run = max(1, math.ceil(steps * strength))
        asked["strength"] = run / steps  # whole steps, since families round differently; less than one would be an error
    return asked | {"num_inference_steps": steps}, run


def spoken(pipeline: Any, prompt: str, led_by: list[str]) -> str:
    """The words that a model is asked with: the person's own; to one that refers to pictures it is also said what each is."""
    if not _refers(pipeline):
        return prompt
    told = " ".join(f"Image {number} is {_SPOKEN[name]}." for number, name in enumerate(led_by, 1))
    return f"{told} Show this building as built, every line where the drawing has it. {prompt}".strip()


def _reference_size(reference: np.ndarray) -> tuple[int, int]:
    width, height = working_size(reference.shape)
    return max(width, LEAST_REFERENCE_PX), max(height, LEAST_REFERENCE_PX)


def _refers(pipeline: Any) -> bool:
    """FLUX.2 has no ControlNet: it is shown pictures and told what to make of them."""
    return type(pipeline).__name__.startswith("Flux2")
