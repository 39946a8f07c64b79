"""What a training run keeps: checkpoints that survive a kill, and weights of an earlier network to begin with."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn


def save(folder: Path, step: int, network: nn.Module, average: dict, optimizer: torch.optim.Optimizer) -> None:
    """Write a checkpoint; the rename at the end makes it count."""
    parts = {f"live.{k}": v for k, v in network.state_dict().items()} | {f"average.{k}": v for k, v in average.items()}
    for index, parameter in enumerate(optimizer.param_groups[0]["params"]):
        state = optimizer.state.get(parameter)
        if state:
            parts |= {f"first.{index}": state["exp_avg"], f"second.{index}": state["exp_avg_sq"]}
    temporary = folder / "checkpoint.tmp"
    save_file({k: v.contiguous() for k, v in parts.items()}, temporary, metadata={"step": str(step)})
    temporary.replace(folder / "checkpoint.safetensors")


def resume(folder: Path, network: nn.Module, average: dict, optimizer: torch.optim.Optimizer) -> int:
    """Load the last checkpoint, if there is one. → the step that comes next."""
    path = folder / "checkpoint.safetensors"
    if not path.exists():
        return 0
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    step, parts = int(header["__metadata__"]["step"]), load_file(path)
    network.load_state_dict({k.removeprefix("live."): v for k, v in parts.items() if k.startswith("live.")})
    average.update({k.removeprefix("average."): v for k, v in parts.items() if k.startswith("average.")})
    for index, parameter in enumerate(optimizer.param_groups[0]["params"]):
        if f"first.{index}" in parts:
            first, second = (parts[f"{name}.{index}"].to(parameter.device) for name in ("first", "second"))
            optimizer.state[parameter] = {"step": torch.tensor(float(step)), "exp_avg": first, "exp_avg_sq": second}
    return step


def spent(folder: Path) -> float:
    """Seconds that earlier starts of a run took, by its log."""
    log = folder / "log.jsonl"
    lines = log.read_text().splitlines() if log.exists() else []
    return json.loads(lines[-1])["seconds"] if lines else 0.0


def grown(network: nn.Module, weights: Path) -> None:
    """Begin with the weights of a network that has the same widths, or fewer levels or inputs.

    What is new starts without effect: the network answers as the smaller one did, and learns from there. New inputs come
    last and get zeros; a new join passes the skip and ignores what comes from below (Chen et al. 2016, Net2Net).

    Args:
        network: a fresh `PixelUNet`; changed in place.
        weights: safetensors with its names, perhaps under `unet.`.

    Raises:
        ValueError: a tensor does not fit, so the widths are others.
    """
    old = {name.removeprefix("unet."): value for name, value in load_file(weights).items()}
    new = network.state_dict()
    for name, value in new.items():
        if name not in old:
            if name.startswith("join.") and name.endswith("weight"):
                value.zero_()
                half = value.shape[1] // 2
                value[:, half:, 0, 0] = torch.eye(half)
            elif name.startswith("join."):
                value.zero_()
        elif old[name].shape == value.shape:
            value.copy_(old[name])
        elif name == "stem.weight" and old[name].shape[0] == value.shape[0] and old[name].shape[1] < value.shape[1]:
            value.zero_()
            value[:, : old[name].shape[1]] = old[name]
        else:
            raise ValueError(f"{weights}: {name} is {tuple(old[name].shape)} but this plan needs {tuple(value.shape)}")
    network.load_state_dict(new)
