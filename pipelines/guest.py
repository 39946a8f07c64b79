"""Models from elsewhere, behind the same door: the same Request in, the same Output back, the same exact composite."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

from pipelines.composite import check_mask, check_pixels, composite, floats
from pipelines.errors import UnsupportedModelError
from pipelines.fidelity import fidelity
from pipelines.fidelity_openings import Openings
from pipelines.hypotheses import spread
from pipelines.lines import extract_lines
from pipelines.prefill import harmonic_fill
from pipelines.registration import registered
from pipelines.request import RestorationRequest, SpeculationRequest
from pipelines.restoration import Progress, RestorationOutput, counter
from pipelines.speculation import Locked, SpeculationOutput, Start, check_locked, check_sheet, check_starts, reduced
from pipelines.tiles import Window

STEPS = 30
GRID_PX = 16  # sides that every latent grid and packing divides
LONGEST_PX = 1024  # larger crops are filled at this size
CONTEXT = 0.5  # of the hole's extent, added on each side


class GuestRestoration:
    """An inpainting pipeline of diffusers that answers a RestorationRequest.

    Args:
        pipeline: any pipeline whose call takes `image` and `mask_image`.
        model: its folder or hub id, for the reason.
    """

    def __init__(self, pipeline: Any, model: str):
        self.pipeline, self.model = pipeline, model
        self.pipeline.set_progress_bar_config(disable=True)

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
        """Fill the hole, once per hypothesis; arguments, Output and errors as in `RestorationPipeline`.

        The model sees a crop around the hole, which holds the harmonic prefill there, never the damaged pixels. Its answer
        has 8 bits; known pixels keep their own depth and bits. Texture is left to the model.

        Raises also:
            UnsupportedModelError: for a veil or a reference, which such models do not take.
        """
        # 1. Check.
        for name, guide in (("veil", veil), ("reference", reference)):
            if guide is not None:
                raise UnsupportedModelError(f"{self.model} takes no {name}: leave it out, or use the bundled model.")
        check_pixels(pixels)
        check_mask(mask, pixels.shape[:2])

        # 2. Crop around the hole, mirrored beyond the picture, and destroy what is under the mask.
        window = crop_around(mask, _own_size(self.pipeline))
        hole = window.cut(mask)  # bool [h, w]
        image = harmonic_fill(floats(window.cut(pixels)), hole)  # float32 [h, w, 3]
        width, height = _working_size(hole.shape)
        picture = _picture(image, (width, height))
        given: dict[str, Any] = {
            "prompt": request.prompt,
            "image": picture,
            "mask_image": Image.fromarray(hole.astype(np.uint8) * 255).resize((width, height), Image.Resampling.NEAREST),
            "height": height,
            "width": width,
            "strength": 1.0,
        }
        if "control_image" in inspect.signature(self.pipeline.__call__).parameters:
            contours = extract_lines(np.asarray(picture)) if lines is None else window.cut(lines)
            given["control_image"] = _line_picture(contours, (width, height))

        # 3. Ask, each time with a generator of its own; 4. composite at the source's depth.
        tick = counter(request.hypotheses * STEPS, on_progress)
        hypotheses = []
        for hypothesis in range(request.hypotheses):
            answer = ask(self.pipeline, given, request.seed, hypothesis, tick)  # float32 [height, width, 3]
            fill = cv2.resize(answer, hole.shape[::-1], interpolation=cv2.INTER_CUBIC)
            filled = pixels.copy()
            seen = window.clipped(*mask.shape)
            composite(filled[seen.slices()], mask[seen.slices()], fill[seen.within(window)])
            hypotheses.append(filled)

        # 5. Say where they disagree, and what the fill is made of.
        reason = f"filled by {type(self.pipeline).__name__} from {self.model}"
        if (height, width) != hole.shape:
            reason += f"; the crop of {hole.shape[1]}×{hole.shape[0]} was filled at {width}×{height}"
        if pixels.dtype == np.uint16:
            reason += "; the fill has the precision of 8 bits, known pixels keep 16"
        field = spread(hypotheses, mask) if len(hypotheses) > 1 else None
        return RestorationOutput(tuple(hypotheses), None, field, "model", reason)


class GuestSpeculation:
    """A ControlNet pipeline of diffusers that answers a SpeculationRequest.

    Args:
        pipeline: any pipeline that is led by a line image.
        model: its folder or hub id.
    """

    def __init__(self, pipeline: Any, model: str):
        self.pipeline, self.model = pipeline, model
        self.pipeline.set_progress_bar_config(disable=True)

    def __call__(
        self,
        request: SpeculationRequest,
        drawing: np.ndarray,
        *,
        reference: np.ndarray | None = None,
        openings: Openings | None = None,
        starts: Sequence[Start] | None = None,
        locked: Locked | None = None,
        on_progress: Progress | None = None,
    ) -> SpeculationOutput:
        """Paint variants; arguments, Output and errors as in `SpeculationPipeline`.

        The model is led by the lines of the variant's massing, or by the drawing's contours, white on black, and by the
        prompt; one that also takes a picture to begin with is given the massing. It takes no reference; one that is given is
        named as unused in the findings. What it paints is shifted and stretched by up to 3 % so that its lines lie over the
        drawing's, before fidelity is measured. No ink is laid over.
        """
        # 1. Check, and bring the sheet to working size.
        check_sheet("drawing", drawing)
        drawing, scale = reduced(drawing)
        check_starts(starts, request.variants, drawing.shape)
        check_locked(locked, drawing.shape)
        wanted = openings.scaled(scale) if openings is not None else None
        height, width = drawing.shape[:2]

        # 2. Lines at the size at which the model works.
        size = _working_size((height, width))
        takes = inspect.signature(self.pipeline.__call__).parameters
        control = "control_image" if "control_image" in takes else "image"
        contours = _line_picture(extract_lines(drawing), size)
        given: dict[str, Any] = {
            "prompt": request.prompt,
            control: contours,
            "width": size[0],
            "height": size[1],
            "strength": request.strength,
        }

        # 3. Ask, each time with a generator of its own; 4. measure.
        tick = counter(request.variants * STEPS, on_progress)
        variants, scores, moves = [], [], []
        for variant in range(request.variants):
            if starts:
                given[control] = _line_picture(starts[variant].lines, size)
                if control != "image" and "image" in takes:
                    given["image"] = _picture(starts[variant].picture.astype(np.float32) / 255, size)
            answer = ask(self.pipeline, given, request.seed, variant, tick)
            painted = cv2.resize(answer, (width, height), interpolation=cv2.INTER_CUBIC)
            laid, move = registered(drawing, np.rint(np.clip(painted, 0, 1) * 255).astype(np.uint8))
            laid = laid if locked is None else locked.put(laid)
            variants.append(laid)
            moves.append(move)
            scores.append(fidelity(drawing, laid, wanted))
        findings = {
            "painted_by": "model",
            "prefill": "massing" if starts else "none",
            "palette": "model" if reference is None else "model; the reference was not used",
            "ink_opacity": 0.0,
            "size": [width, height],
            "painted_at": list(size),
            "laid_over_the_drawing": moves,
        }
        return SpeculationOutput(tuple(variants), tuple(scores), (None,) * request.variants, findings)


def ask(pipeline: Any, given: dict[str, Any], seed: int, index: int, tick: Any) -> np.ndarray:
    """One answer, float32 [H, W, 3], 0…1, to the arguments that this pipeline knows among the given ones."""
    state = np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0]

    def on_step(_pipeline: Any, _step: int, _time: Any, tensors: dict) -> dict:
        tick()
        return tensors

    wanted = {
        **given,
        "num_inference_steps": STEPS,
        "generator": torch.Generator("cpu").manual_seed(int(state) & (2**63 - 1)),
        "output_type": "np",
        "callback_on_step_end": on_step,
    }
    takes = inspect.signature(pipeline.__call__).parameters
    images = pipeline(**{name: value for name, value in wanted.items() if name in takes}).images
    return np.nan_to_num(np.asarray(images[0], np.float32))


def crop_around(mask: np.ndarray, least_px: int) -> Window:
    """The window that a guest sees: the hole, half of its extent around it, at least the model's own size."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    spans = []
    for first, last, size in ((rows[0], rows[-1], mask.shape[0]), (columns[0], columns[-1], mask.shape[1])):
        first, extent = int(first), int(last) - int(first) + 1
        wanted = max(min(least_px, size), min(size, extent + 2 * max(32, round(CONTEXT * extent))))
        side = -(-wanted // GRID_PX) * GRID_PX
        start = first + extent // 2 - side // 2
        # stay on the picture where it is large enough; otherwise the rest is mirrored
        start = min(max(0, start), max(0, size - side))
        spans.append((start, start + side))
    return Window(spans[0][0], spans[0][1], spans[1][0], spans[1][1])


def _own_size(pipeline: Any) -> int:
    """The size at which the model was made, px; below it most models answer badly."""
    network = getattr(pipeline, "unet", None) or getattr(pipeline, "transformer", None)
    sample = getattr(getattr(network, "config", None), "sample_size", None)
    return int(sample * pipeline.vae_scale_factor) if isinstance(sample, int) and hasattr(pipeline, "vae_scale_factor") else 512


def _working_size(shape: tuple[int, ...]) -> tuple[int, int]:
    """Width and height, multiples of 16, the longer at most 1024."""
    scale = min(1.0, LONGEST_PX / max(shape[:2]))
    height, width = (max(1, round(side * scale / GRID_PX)) * GRID_PX for side in shape[:2])
    return width, height


def _picture(image: np.ndarray, size: tuple[int, int]) -> Image.Image:
    picture = Image.fromarray(np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8))
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS)


def _line_picture(lines: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """White contours on black, RGB, as ControlNets for canny edges and line art expect them."""
    picture = Image.fromarray(lines.astype(np.uint8) * 255)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.BOX).point(lambda value: 255 if value > 40 else 0)
    return picture.convert("RGB")
