"""Train the restoration network.

    accelerate launch -m pipelines.training.train --data SHARDS --out RUN    # a whole run from nothing
    python -m pipelines.training.train --data SHARDS --out RUN --plan tiny   # the whole road in two minutes, and its proofs

How the shipped weights came about stands in EXPERIMENTS.md.

Run the same command again after a kill: it goes on from the last checkpoint with the batch that came next; Ctrl-C makes a
checkpoint of the last whole step. Without accelerate and diffusers it learns on one device (`devices.py`). The first part
of a run trains the mean mode alone (t = 1, no noise); then the flow joins, on the same weights; the head that tells the
doubt learns in the last part, from features that it cannot change.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn

from pipelines.noise import mixed
from pipelines.training.checkpoint import grown, resume, save, spent
from pipelines.training.data import DRAWING_SHARE, Batch, Material, batch
from pipelines.training.devices import devices
from pipelines.training.feed import feed
from pipelines.training.sheet import sample_sheet
from pipelines.unet import NOISE, RESIDUAL, PixelUNet
from pipelines.veil import LEAST_VEIL


@dataclass(frozen=True)
class Config:
    """A plan: everything that decides the weights."""

    widths: tuple[int, ...] = (32, 64, 128, 256)
    blocks: int = 2
    time_channels: int = 64
    crops: tuple[tuple[int, int], ...] = ((64, 16), (128, 4))  # side in px and examples per process, taken in turn
    images: int = 400_000  # seen in all, over all processes
    learning_rate: float = 1.2e-3  # 1.5e-3 without warm-up blew up within 50 steps
    warm_up: int = 150  # steps
    floor: float = 0.02  # of the learning rate, at the end of the cosine
    mean_only: float = 0.34  # of the images: first the mean mode alone
    flow_share: float = 0.3  # of the later images
    doubt_from: float = 0.75  # of the images: then the head that tells the doubt learns too
    average: float = 0.9995  # EMA of the weights
    masks: int = 24  # per family
    works: int | None = None  # None: all of the split
    drawings: float = DRAWING_SHARE  # of the examples are drawn from lines; at 1 only pictures with surfaces are seen
    seed: int = 0
    threads: int = 1  # of the CPU's arithmetic; beside a GPU: processes that make batches
    checkpoint_every: int = 300  # steps

    def examples(self, steps: int) -> int:
        """How many examples one process has seen after so many steps."""
        sizes = [size for _, size in self.crops]
        return steps // len(sizes) * sum(sizes) + sum(sizes[: steps % len(sizes)])

    def steps(self, processes: int = 1) -> int:
        """How many steps the plan takes."""
        return next(step for step in count() if self.examples(step) * processes >= self.images)


PLANS = {
    "cpu": Config(),
    "tiny": Config(
        widths=(8, 16, 24, 32),
        blocks=1,
        time_channels=16,
        crops=((64, 4), (96, 2)),
        images=240,
        masks=2,
        works=24,
        checkpoint_every=20,
    ),
    "drawing": Config(  # weights of their own for variants, begun with those of the restoration (--start)
        crops=((128, 4), (192, 2)),  # a window and its surround fit in
        images=30_000,
        learning_rate=6e-4,
        mean_only=0.2,
        flow_share=0.5,  # variants want a surface; restorations are mostly asked for the mean
        masks=1,
        drawings=1.0,
    ),
    "gpu": Config(
        widths=(48, 96, 192, 384),
        crops=((128, 64), (192, 32), (256, 16)),
        images=4_000_000,
        mean_only=0.2,
        masks=100,  # twice as many take a minute and a half longer to draw, on a machine that is paid by the minute
        threads=15,  # an example takes a core 2 to 25 ms, by its size
        checkpoint_every=3000,  # about a minute and a half
    ),
}


def loss_of(network: nn.Module, data: Batch, t: torch.Tensor, noise: torch.Tensor, doubts: bool):
    """Squared error in the hole. → loss of the picture, loss of the doubt, gain over the prefill in dB per example [B].

    In mean mode relative to the prefill's own error, so that easy pictures count, plus absolute, so that hard ones do; what
    lies under a veil counts as the hole does. In flow mode relative to what the best linear guess leaves at that t. The
    doubt is the scale of a Laplace distribution, by its likelihood.
    """
    prefill, hole = data.prefill, data.hole
    time_ = t.view(-1, 1, 1, 1)
    is_mean = (t == 1).float()
    path = (1 - time_) * (data.image - prefill) + time_ * NOISE * noise
    x = prefill + path * hole * (1 - is_mean.view(-1, 1, 1, 1))
    guess, doubt = network(x, t, *data.inputs)
    counts = torch.maximum(hole, (data.veil > LEAST_VEIL).float() * is_mean.view(-1, 1, 1, 1))
    area = counts.sum((1, 2, 3)) + 1
    off = guess - data.image
    error, start = ((values.square() * counts).sum((1, 2, 3)) / (3 * area) for values in (off, prefill - data.image))
    variance = ((1 - t) * RESIDUAL) ** 2 + (t * NOISE) ** 2
    left = (t * NOISE * RESIDUAL) ** 2 / variance
    of_mean = 0.5 * error / (start + 3e-4) + error / RESIDUAL**2
    of_flow = error / left.clamp(min=1e-4)
    loss = (of_mean * is_mean + of_flow * (1 - is_mean)).mean()
    gain = 10 * torch.log10((start + 1e-7) / (error.detach() + 1e-7))
    scale = doubt + 1e-3
    likelihood = off.detach().abs().mean(1, keepdim=True) / scale + scale.log()
    of_doubt = ((likelihood * counts).sum((1, 2, 3)) / area * is_mean).mean() if doubts else 0 * doubt.mean()
    return loss, of_doubt, gain


def moments(config: Config, step: int, seen: int, rank: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The t [B] and the noise [B, 3, S, S] of a step, from (seed, step, rank) alone."""
    rng = np.random.default_rng((config.seed, 3, step, rank))
    side, size = config.crops[step % len(config.crops)]
    t = np.ones(size, np.float32)
    if seen >= config.mean_only * config.images:
        is_flow = rng.random(size) < config.flow_share
        t[is_flow] = rng.uniform(0.05, 0.999, int(is_flow.sum()))
    noise = mixed(rng.standard_normal((size, side, side, 4), np.float32))
    return torch.from_numpy(t), torch.from_numpy(noise.transpose(0, 3, 1, 2).copy())


def learning_rate(config: Config, step: int, seen: int) -> float:
    """Warm-up, then a cosine over images seen."""
    fall = config.floor + (1 - config.floor) * 0.5 * (1 + np.cos(np.pi * min(1.0, seen / config.images)))
    return config.learning_rate * min(1.0, (step + 1) / config.warm_up) * float(fall)


def train(
    config: Config,
    material: Material,
    out: Path,
    start: Path | None = None,
    *,
    notes: dict | None = None,
    on_keep: Callable[[dict, dict], None] | None = None,
    on_step: Callable[[int, int], bool | None] | None = None,
) -> Path:
    """Run a plan to its end. → the file of averaged weights, `average.safetensors` in `out`.

    Args:
        config: the plan.
        material: the pictures and their damage.
        out: folder of the run; goes on from the checkpoint that it holds.
        start: safetensors weights to begin with, of the same widths or of fewer levels; None begins from nothing.
        notes: what else `config.json` should say of the run.
        on_keep: called with the line of the log and the averaged weights at every checkpoint.
        on_step: called with (steps done, steps in all) after every step; True ends a run of one process there.
    """
    # 1. Set up.
    torch.set_num_threads(config.threads)
    cv2.setNumThreads(1)
    accelerator = devices()
    rank, processes, device = accelerator.process_index, accelerator.num_processes, accelerator.device
    out.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(config.seed)
        network = PixelUNet(config.widths, config.blocks, config.time_channels)
    if start is not None:
        grown(network, start)
    network = network.to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=1e-3)
    average = {k: v.clone() for k, v in network.state_dict().items()}
    first = step = resume(out, network, average, optimizer)
    model, prepared = accelerator.prepare(network, optimizer)
    average = {k: v.to(device) for k, v in average.items()}
    if accelerator.is_main_process:
        run = asdict(config) | {"processes": processes, "pictures": len(material.pictures)} | (notes or {})
        (out / "config.json").write_text(json.dumps(run | {"started_from": start.name if start else None}, indent=1))

    def examples_of(step: int) -> Batch:
        side, size = config.crops[step % len(config.crops)]
        return batch(material, seed=config.seed, step=step, rank=rank, size=size, side=side)

    def keep(loss: torch.Tensor, doubt: torch.Tensor) -> None:
        save(out, step, network, average, optimizer)
        save_file({k: v.contiguous() for k, v in average.items()}, out / "average.safetensors")
        line = {
            "step": step,
            "images": config.examples(step) * processes,
            "seconds": round(time.time() - began, 1),
            "steps_this_run": step - first,
            "threads": config.threads,
            "loss": round(loss.item(), 4),
            "doubt": round(doubt.item(), 4),
            "gain_db": round(float(np.nanmean(torch.stack(list(gains)).cpu().numpy())), 4),
        }
        if on_keep is not None:
            on_keep(line, average)
        with (out / "log.jsonl").open("a") as log:
            log.write(json.dumps(line) + "\n")

    # 2. Learn.
    began, is_whole, last = time.time() - spent(out), True, config.steps(processes)
    gains: deque[torch.Tensor] = deque(maxlen=config.checkpoint_every)
    of_doubt = [p for name, p in network.named_parameters() if name.startswith("doubt.")]
    of_picture = [p for name, p in network.named_parameters() if not name.startswith("doubt.")]
    is_gpu = device.type == "cuda"
    try:
        for data_now in feed(examples_of, range(step, last), config.threads if is_gpu else 0, is_pinned=is_gpu):
            seen = config.examples(step) * processes
            data_now = data_now.to(device)
            t, noise = (v.to(device) for v in moments(config, step, seen, rank))
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(config, step, seen)
            with accelerator.autocast():
                loss, doubt, gain = loss_of(model, data_now, t, noise, seen >= config.doubt_from * config.images)
            prepared.zero_grad()
            accelerator.backward(loss + doubt)
            for part in (of_picture, of_doubt):  # apart, so that the doubt does not slow the picture
                accelerator.clip_grad_norm_(part, 1.0)
            is_whole = False
            prepared.step()
            step += 1
            stay = min(config.average, step / (step + 20))
            with torch.no_grad():
                for name, value in accelerator.unwrap_model(model).state_dict().items():
                    average[name].lerp_(value, 1 - stay)
            is_whole = True
            gains.append(torch.where(t == 1, gain, torch.nan).nanmean())  # a number only when asked for: no wait for the GPU
            # 3. Keep.
            is_end = bool(on_step(step, last) if on_step is not None else False) or step == last
            if accelerator.is_main_process and (step % config.checkpoint_every == 0 or is_end):
                keep(loss, doubt)
            if is_end:
                break
    except KeyboardInterrupt:
        if accelerator.is_main_process and is_whole and step > first:
            save(out, step, network, average, optimizer)
        raise
    accelerator.end_training()
    return out / "average.safetensors"


def main() -> None:
    """Parse the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of shards with index.csv")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run: checkpoint, averaged weights, log, sheet")
    parser.add_argument("--plan", choices=sorted(PLANS), default="cpu")
    parser.add_argument("--start", type=Path, help="weights to begin with, of the same widths or of fewer levels")
    parser.add_argument("--pairs", type=Path, help="folder of pairs of drawing and render (studio.samples.pairs), for drawings")
    parser.add_argument("--images", type=int, help="how many to see in all, instead of the plan's number")
    parser.add_argument("--mean-only", type=float, help="share of the images for the mean mode alone")
    parser.add_argument("--flow-share", type=float, help="share of the later images for the flow")
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--seed", type=int, help="another one for a run that goes on from earlier weights: other crops")
    parser.add_argument("--threads", type=int)
    options = parser.parse_args()
    names = ("images", "mean_only", "flow_share", "learning_rate", "seed", "threads")
    changes = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    config = replace(PLANS[options.plan], **changes)
    cv2.setNumThreads(1)
    surfaces = config.drawings == 1
    material = Material.of_shards(
        options.data, config.seed, config.masks, config.works, config.drawings, surfaces, options.pairs
    )
    notes = {"pairs": len(material.pairs)} if options.pairs else None

    def tell(line: dict, average: dict) -> None:
        sample_sheet(average, config, material, options.out / "sheet.png")
        print(json.dumps(line), flush=True)

    train(config, material, options.out, options.start, notes=notes, on_keep=tell)
    if options.plan == "tiny":
        from pipelines.training.gate import prove

        for sentence in prove(config, material, options.out):
            print(f"proved: {sentence}", flush=True)


if __name__ == "__main__":
    main()
