"""RestorationPipeline: the Restorer in diffusers' clothes, so that it saves and loads like any diffusers pipeline."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler

from pipelines.network import RestorationNetwork
from pipelines.request import RestorationRequest
from pipelines.restorer import RestorationOutput, Restorer


class RestorationPipeline(DiffusionPipeline):
    """See `pipelines.restorer.Restorer` for what goes in and what comes out.

    Load it with its own class, `RestorationPipeline.from_pretrained(folder, use_safetensors=True)`; the generic
    `DiffusionPipeline` looks for the class inside diffusers only.

    Args:
        network: the restoration network.
        scheduler: Euler steps of flow matching.
    """

    model_cpu_offload_seq = "network"

    def __init__(self, network: RestorationNetwork, scheduler: FlowMatchEulerDiscreteScheduler):
        super().__init__()
        # channels last: see sampling._tensor
        self.register_modules(network=network.eval().to(memory_format=torch.channels_last), scheduler=scheduler)

    def __call__(self, request: RestorationRequest, pixels: np.ndarray, mask: np.ndarray, **given: Any) -> RestorationOutput:
        """Fill the hole in `pixels`, once per hypothesis; arguments and errors as of `Restorer.__call__`."""
        return Restorer(self.network, lambda: self.scheduler)(request, pixels, mask, **given)
