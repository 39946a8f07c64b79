"""What a run learns on: `accelerate` where it is installed, and one device without it."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import nn

from pipelines.errors import PipelineError


class AccelerateMissingError(PipelineError):
    """A run was started on several devices, and what joins them is not installed."""


class OneDevice:
    """One process on one device: what a training loop asks of an `accelerate.Accelerator`, and nothing more."""

    process_index, num_processes, is_main_process = 0, 1, True

    def __init__(self):
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")

    def prepare(self, network: nn.Module, optimizer: torch.optim.Optimizer) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Move both to the device; the moments of a resumed optimizer follow their parameters."""
        network.to(self.device)
        optimizer.load_state_dict(optimizer.state_dict())
        return network, optimizer

    def autocast(self) -> AbstractContextManager:
        """16-bit arithmetic on a GPU, 32-bit on a CPU."""
        return torch.autocast("cuda", torch.bfloat16, enabled=self.device.type == "cuda")

    def backward(self, loss: torch.Tensor) -> None:
        """Gradients of a loss."""
        loss.backward()

    def clip_grad_norm_(self, parameters: list[nn.Parameter], most: float) -> None:
        """Shorten the gradient of all parameters together to a norm of at most `most`."""
        torch.nn.utils.clip_grad_norm_(parameters, most)

    def unwrap_model(self, network: nn.Module) -> nn.Module:
        """The network itself."""
        return network

    def end_training(self) -> None:
        """Nothing is left to end."""


def devices() -> Any:
    """An Accelerator, or its stand-in on a machine without accelerate.

    Raises: AccelerateMissingError when several processes were started without it.
    """
    is_one_of_many = int(os.environ.get("WORLD_SIZE", "1")) > 1
    try:
        from accelerate import Accelerator
    except ImportError as error:
        if is_one_of_many:
            raise AccelerateMissingError(
                "This run was started as several processes, which accelerate joins, and accelerate is not installed: "
                "install it, or start one process."
            ) from error
        return OneDevice()
    return Accelerator(
        mixed_precision="bf16" if torch.cuda.is_available() else "no",  # on a CPU bf16 took 1.6 × as long
        cpu=is_one_of_many and not torch.accelerator.is_available(),  # unasked, each would learn alone
    )
