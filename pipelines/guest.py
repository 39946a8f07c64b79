"""Models from elsewhere, behind the same door: the same Request in, the same Output back, the same exact composite."""

from __future__ import annotations

import inspect
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image

from pipelines.composite import check_mask, check_pixels, composite, floats
from pipelines.errors import UnsupportedModelError
from pipelines.guest_pictures import GRID_PX, line_picture, picture, working_size
from pipelines.hypotheses import spread
from pipelines.lines import extract_lines
from pipelines.prefill import harmonic_fill
from pipelines.request import RestorationRequest
from pipelines.restorer import Progress, RestorationOutput, counter
from pipelines.tiles import Window

STEPS = 30
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
        width, height = working_size(hole.shape)
        shown = picture(image, (width, height))
        given: dict[str, Any] = {
            "prompt": request.prompt,
            "image": shown,
            "mask_image": Image.fromarray(hole.astype(np.uint8) * 255).resize((width, height), Image.Resampling.NEAREST),
            "height": height,
            "width": width,
            "strength": 1.0,
        }
        if "control_image" in inspect.signature(self.pipeline.__call__).parameters:
            contours = extract_lines(np.asarray(shown)) if lines is None else window.cut(lines)
            given["control_image"] = line_picture(contours, (width, height))

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


def ask(pipeline: Any, given: dict[str, Any], seed: int, index: int, tick: Any) -> np.ndarray:
    """One answer, float32 [H, W, 3], 0…1, to the arguments that this pipeline knows among the given ones.

    Raises:
        UnsupportedModelError: when the pipeline refuses what it is given, or does not fit into memory.
    """
    state = np.random.SeedSequence([seed, index]).generate_state(1, np.uint64)[0]

    def on_step(_pipeline: Any, _step: int, _time: Any, tensors: dict) -> dict:
        tick()
        return tensors

    wanted = {
        "num_inference_steps": STEPS,
        **given,
        "generator": torch.Generator("cpu").manual_seed(int(state) & (2**63 - 1)),
        "output_type": "np",
        "callback_on_step_end": on_step,
    }
    takes = inspect.signature(pipeline.__call__).parameters
    kind = type(pipeline).__name__
    try:
        images = pipeline(**{name: value for name, value in wanted.items() if name in takes}).images
    except torch.OutOfMemoryError as error:
        raise UnsupportedModelError(
            f"{kind} does not fit into the accelerator's memory: try --memory offload, then sequential, 8bit or 4bit."
        ) from error
    except ValueError as error:
        raise UnsupportedModelError(f"{kind} refuses what it was given: {str(error)[:300]}") from error
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
