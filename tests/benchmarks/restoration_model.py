"""The bundled model as the benchmark asks it: through the same pipeline and the same requests as `anastylosis restore`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from restoration_cases import Case

from pipelines.bundled import bundled_folder, weights_digest
from pipelines.hub import load_restoration
from pipelines.prefill import coarse_fill
from pipelines.request import STRIDE, RestorationRequest
from pipelines.restorer import told_of
from pipelines.tiles import Window

MODES = {"model_mean": 0.0, "model_flow": 1.0}  # name in the tables → texture


@dataclass(frozen=True)
class Filled:
    """What the pipeline gave: uint8 [H, W, 3]; expected error, float32 [H, W] or None; who filled it; process seconds."""

    pixels: np.ndarray
    error: np.ndarray | None
    filled_by: str
    seconds: float


class Model:
    """A pipeline and the digest of its weights.

    Args:
        model: "bundled" or a folder in diffusers' layout.
    """

    def __init__(self, model: str = "bundled"):
        self.name = model
        self.digest = weights_digest(bundled_folder() if model == "bundled" else Path(model))
        self.pipeline = load_restoration(model)

    def request(self, texture: float, **changes) -> RestorationRequest:
        """A request for one hypothesis."""
        return RestorationRequest("0" * 64, "0" * 64, **{"texture": texture, "weights_sha256": self.digest, **changes})

    def fill(self, case: Case, texture: float, lines: np.ndarray | None = None) -> Filled:
        """Fill the hole; known pixels must come back bit for bit."""
        began = time.process_time()
        output = self.pipeline(self.request(texture), case.damaged.copy(), case.hole, lines=lines)
        seconds = time.process_time() - began
        pixels = output.hypotheses[0]
        if not np.array_equal(pixels[~case.hole], case.truth[~case.hole]):
            raise SystemExit(f"{case.name} {case.family}: known pixels changed")
        return Filled(pixels, output.error, output.filled_by, seconds)

    def prefill(self, case: Case) -> np.ndarray:
        """What the network starts from in this pipeline, uint8 [H, W, 3]."""
        height, width = case.hole.shape
        coarse = coarse_fill(case.damaged, case.hole)
        window = Window(0, -(-height // STRIDE) * STRIDE, 0, -(-width // STRIDE) * STRIDE)
        fill = told_of(window, case.damaged, case.hole, coarse).conditions.fill[:height, :width]
        return np.where(case.hole[..., None], np.rint(np.clip(fill, 0, 1) * 255).astype(np.uint8), case.truth)
