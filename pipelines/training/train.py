"""Train the restoration network.

    accelerate launch -m pipelines.training.train --data SHARDS --out RUN    # a whole run from nothing
    python -m pipelines.training.train --data SHARDS --out RUN --plan tiny   # the whole road in two minutes

How the shipped weights came about stands in EXPERIMENTS.md.

Run the same command again after a kill: it goes on from the last checkpoint with the batch that came next. The first part
of a run trains the mean mode alone (t = 1, no noise); then the flow joins, on the same weights.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file
from torch import nn

from pipelines.noise import mixed
from pipelines.training.data import Batch, batch, mask_bank, works
from pipelines.training.sheet import sample_sheet
from pipelines.unet import NOISE, RESIDUAL, PixelUNet


@dataclass(frozen=True)
class Config:
    """A plan: everything that decides the weights."""

    widths: tuple[int, ...] = (32, 64, 128)
    blocks: int = 2
    time_channels: int = 64
    side: int = 64  # px; crops wider than the receptive field teach little more per second on a CPU
    batch_size: int = 16  # per process
    images: int = 230_000  # seen in all, over all processes
    learning_rate: float = 1.2e-3  # 1.5e-3 without warm-up blew up within 50 steps
    warm_up: int = 150  # steps
    floor: float = 0.02  # of the learning rate, at the end of the cosine
    mean_only: float = 0.34  # of the images: first the mean mode alone
    flow_share: float = 0.5  # of the later images
    average: float = 0.999  # EMA of the weights
    masks: int = 24  # per family
    works: int | None = None  # None: all of the split
    seed: int = 0
    threads: int = 1
    checkpoint_every: int = 300  # steps


PLANS = {
    "cpu": Config(),
    "tiny": Config(
        widths=(8, 16, 24), blocks=1, time_channels=16, batch_size=4, images=240, masks=2, works=24, checkpoint_every=20
    ),
}


def loss_of(network: nn.Module, data: Batch, t: torch.Tensor, noise: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Squared error in the hole. → mean loss, gain over the prefill in dB per example [B].

    In mean mode relative to the prefill's own error, so that easy pictures count, plus absolute, so that hard ones do; in
    flow mode relative to what the best linear guess leaves at that t.
    """
    prefill, hole = data.inputs[0], data.inputs[2]
    time_ = t.view(-1, 1, 1, 1)
    is_mean = (t == 1).float()
    path = (1 - time_) * (data.image - prefill) + time_ * NOISE * noise
    x = prefill + path * hole * (1 - is_mean.view(-1, 1, 1, 1))
    guess = network(x, t, *data.inputs)
    area = 3 * hole.sum((1, 2, 3)) + 1
    error, start = (((a - data.image) ** 2 * hole).sum((1, 2, 3)) / area for a in (guess, prefill))
    variance = ((1 - t) * RESIDUAL) ** 2 + (t * NOISE) ** 2
    left = (t * NOISE * RESIDUAL) ** 2 / variance
    of_mean = 0.5 * error / (start + 3e-4) + error / RESIDUAL**2
    of_flow = error / left.clamp(min=1e-4)
    loss = (of_mean * is_mean + of_flow * (1 - is_mean)).mean()
    return loss, 10 * torch.log10((start + 1e-7) / (error.detach() + 1e-7))


def moments(config: Config, step: int, seen: int, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The t [B] and the noise [B, 3, S, S] of a step, from (seed, step, rank) alone."""
    rng = np.random.default_rng((config.seed, 3, step, rank))
    t = np.ones(config.batch_size, np.float32)
    if seen >= config.mean_only * config.images:
        is_flow = rng.random(config.batch_size) < config.flow_share
        t[is_flow] = rng.uniform(0.05, 0.999, int(is_flow.sum()))
    noise = mixed(rng.standard_normal((config.batch_size, config.side, config.side, 4), np.float32))
    return torch.from_numpy(t), torch.from_numpy(noise.transpose(0, 3, 1, 2).copy())


def learning_rate(config: Config, step: int, seen: int) -> float:
    """Warm-up, then a cosine over images seen."""
    fall = config.floor + (1 - config.floor) * 0.5 * (1 + np.cos(np.pi * min(1.0, seen / config.images)))
    return config.learning_rate * min(1.0, (step + 1) / config.warm_up) * float(fall)


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


def train(config: Config, data: Path, out: Path) -> Path:
    """Run a plan to its end. → the file of averaged weights, `average.safetensors` in `out`."""
    # 1. Set up.
    accelerator = Accelerator(mixed_precision="bf16")
    rank, processes = accelerator.process_index, accelerator.num_processes
    torch.set_num_threads(config.threads)
    cv2.setNumThreads(1)
    out.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(config.seed)
        network = PixelUNet(config.widths, config.blocks, config.time_channels).to(memory_format=torch.channels_last)
    pictures, bank = works(data, at_most=config.works), mask_bank(data, config.seed, config.masks)
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=1e-3)
    average = {k: v.clone() for k, v in network.state_dict().items()}
    step = resume(out, network, average, optimizer)
    model, prepared = accelerator.prepare(network, optimizer)
    average = {k: v.to(accelerator.device) for k, v in average.items()}
    if accelerator.is_main_process:
        run = asdict(config) | {"processes": processes, "pictures": len(pictures)}
        (out / "config.json").write_text(json.dumps(run, indent=1))
    # 2. Learn.
    began, per_step, gains = time.time() - spent(out), config.batch_size * processes, []
    first = step
    while (seen := step * per_step) < config.images:
        example = batch(pictures, bank, seed=config.seed, step=step, rank=rank, size=config.batch_size, side=config.side)
        t, noise = (v.to(accelerator.device) for v in moments(config, step, seen, rank))
        example = Batch(example.image.to(accelerator.device), tuple(v.to(accelerator.device) for v in example.inputs))
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(config, step, seen)
        with accelerator.autocast():
            loss, gain = loss_of(model, example, t, noise)
        prepared.zero_grad()
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(model.parameters(), 1.0)
        prepared.step()
        step += 1
        keep = min(config.average, step / (step + 20))
        with torch.no_grad():
            for name, value in accelerator.unwrap_model(model).state_dict().items():
                average[name].lerp_(value, 1 - keep)
        gains.append(float(gain[t == 1].mean()) if bool((t == 1).any()) else float("nan"))
        # 3. Keep.
        if accelerator.is_main_process and (step % config.checkpoint_every == 0 or step * per_step >= config.images):
            save(out, step, network, average, optimizer)
            save_file({k: v.contiguous() for k, v in average.items()}, out / "average.safetensors")
            sample_sheet(average, config, pictures, bank, out / "sheet.png")
            line = {
                "step": step,
                "images": step * per_step,
                "seconds": round(time.time() - began, 1),
                "steps_this_run": step - first,
                "loss": round(loss.item(), 4),
                "gain_db": round(float(np.nanmean(gains[-config.checkpoint_every :])), 4),
            }
            with (out / "log.jsonl").open("a") as log:
                log.write(json.dumps(line) + "\n")
            print(json.dumps(line), flush=True)
    accelerator.end_training()
    return out / "average.safetensors"


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of shards with index.csv")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run: checkpoint, averaged weights, log, sheet")
    parser.add_argument("--plan", choices=sorted(PLANS), default="cpu")
    parser.add_argument("--images", type=int, help="how many to see in all, instead of the plan's number")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    changes = {k: v for k, v in (("images", options.images), ("threads", options.threads)) if v is not None}
    train(replace(PLANS[options.plan], **changes), options.data, options.out)


if __name__ == "__main__":
    main()
