"""What must hold before a long run is worth its hours; proved on the tiny plan, on a CPU, in a minute or two.

The large plans differ from the tiny one in sizes only, so what is proved here holds for their road as well.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import torch
from safetensors.torch import load_file

from pipelines.errors import PipelineError
from pipelines.training.checkpoint import resume
from pipelines.training.data import Batch, Material, batch
from pipelines.training.feed import feed
from pipelines.training.train import PLANS, Config, loss_of
from pipelines.unet import PixelUNet

MOST_BYTES = 15_000_000  # of one file of a model folder
STEPS = 60  # on one batch, over and over
TILES_PX = (96, 160)  # neither divides the other
TRIED = (200, 304)  # rows and columns of the picture that is cut into these tiles


class GateError(PipelineError):
    """Something that every run relies on does not hold; the text says what was found."""


def prove(config: Config, material: Material, run: Path) -> Iterator[str]:
    """Try what every run relies on, and give one sentence for each thing that holds.

    Args:
        config: the plan that was run.
        material: what it learnt from.
        run: its folder, with checkpoint and averaged weights.

    Raises: GateError at the first thing that does not hold.
    """
    yield untrained_is_prefill(config, material)
    yield loss_falls(config, material)
    yield next_batch_is_the_same(config, material, run)
    yield weights_survive(config, material, run)
    try:
        import diffusers  # noqa: F401
    except ImportError:
        yield "nothing of the model folder and the tiles: diffusers is not installed here"
        return
    yield files_are_small(config, run)
    yield tiles_change_nothing(config, run)


def untrained_is_prefill(config: Config, material: Material) -> str:
    """The first answer of a network is the prefill, bit for bit."""
    data, network = _batch(config, material, 0), _fresh(config)
    with torch.no_grad():
        guess, _ = network(data.prefill, torch.ones(len(data.image)), *data.inputs)
    _must(torch.equal(guess, data.prefill), "an untrained network does not answer with the prefill, bit for bit")
    return "an untrained network answers with the prefill, bit for bit"


def loss_falls(config: Config, material: Material) -> str:
    """Steps on one and the same batch make the loss smaller: gradients reach the weights and point the right way."""
    data, network = _batch(config, material, 0), _fresh(config).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3)
    t, none, losses = torch.ones(len(data.image)), torch.zeros_like(data.image), []
    for _ in range(STEPS):
        loss, doubt, _ = loss_of(network, data, t, none, doubts=True)
        optimizer.zero_grad()
        (loss + doubt).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        losses.append((loss.item(), doubt.item()))
    for what, (first, last) in zip(("loss", "loss of the doubt"), zip(losses[0], losses[-1], strict=True), strict=True):
        _must(last < first - 0.05 * abs(first), f"in {STEPS} steps on one batch the {what} went from {first:.4f} to {last:.4f}")
    (loss, doubt), (loss_after, doubt_after) = losses[0], losses[-1]
    return (
        f"{STEPS} steps on one batch take the loss from {loss:.3f} to {loss_after:.3f} "
        f"and the doubt's from {doubt:.3f} to {doubt_after:.3f}"
    )


def next_batch_is_the_same(config: Config, material: Material, run: Path) -> str:
    """A resumed run goes on with the batch that came next, whether this process makes it or one of its workers."""
    network = _fresh(config)
    optimizer, average = torch.optim.AdamW(network.parameters()), {}
    step = resume(run, network, average, optimizer)
    _must(step == config.steps(), f"the run stopped at step {step} instead of {config.steps()}")
    _must(len(optimizer.state) == len(list(network.parameters())), "the checkpoint lacks moments of the optimizer")
    here = _batch(config, material, step)
    (there,) = feed(lambda one: _batch(config, material, one), range(step, step + 1), workers=1)
    same = zip((here.image, *here.inputs), (there.image, *there.inputs), strict=True)
    _must(all(torch.equal(*pair) for pair in same), f"a worker's batch of step {step} differs from the one made here")
    return f"a resumed run goes on at step {step}, with the same batch from this process and from a worker"


def weights_survive(config: Config, material: Material, run: Path) -> str:
    """Averaged weights answer as the checkpoint's do, after they were saved and loaded."""
    average: dict = {}
    resume(run, _fresh(config), average, torch.optim.AdamW(_fresh(config).parameters()))
    data, answers = _batch(config, material, 1), []
    for weights in (average, load_file(run / "average.safetensors")):
        network = _fresh(config)
        network.load_state_dict(weights)
        with torch.no_grad():
            answers.append(network(data.prefill, torch.ones(len(data.image)), *data.inputs))
    same = all(torch.equal(*pair) for pair in zip(*answers, strict=True))
    _must(same, "the saved averaged weights answer otherwise than those in the checkpoint")
    _must(not torch.equal(answers[0][0], data.prefill), "after training the network still answers with the prefill")
    return "weights that were saved and loaded give the same answer, and no longer the prefill"


def files_are_small(config: Config, run: Path) -> str:
    """A model folder of the largest plan has no large file, and what was saved there answers as it did before."""
    from pipelines.hub import load_restoration
    from pipelines.restoration import RestorationPipeline
    from pipelines.training.own import save_model

    largest = max(PLANS.values(), key=lambda plan: sum(plan.widths))
    sizes = []
    with tempfile.TemporaryDirectory() as folder:
        for plan, weights in ((largest, _fresh(largest).state_dict()), (config, load_file(run / "average.safetensors"))):
            target = Path(folder) / str(len(sizes))
            save_model(plan, weights, target)
            pipeline = load_restoration(str(target))
            _must(isinstance(pipeline, RestorationPipeline), f"a model folder loads as {type(pipeline).__name__}")
            loaded = cast(RestorationPipeline, pipeline).network.unet.state_dict()
            lost = [name for name, value in weights.items() if not torch.equal(value.half().float(), loaded[name].float())]
            _must(not lost, f"{lost[:3]} changed between saving and loading a model folder")
            sizes.append(max(path.stat().st_size for path in target.rglob("*") if path.is_file()))
    _must(max(sizes) <= MOST_BYTES, f"a file of the model folder has {max(sizes):,} bytes, more than {MOST_BYTES:,}")
    return f"a model folder loads as it was saved; its largest file has {max(sizes) / 1e6:.1f} MB, also for the largest plan"


def tiles_change_nothing(config: Config, run: Path) -> str:
    """The pipeline's answers, mean and flow, are the same bytes for two sizes of tiles."""
    from diffusers.schedulers.scheduling_flow_match_euler_discrete import FlowMatchEulerDiscreteScheduler

    from pipelines.network import RestorationNetwork
    from pipelines.prefill import coarse_fill
    from pipelines.restorer import told_of
    from pipelines.sampling import Plane, flow, mean_mode, thumbnail
    from pipelines.tiles import Window

    network = RestorationNetwork(widths=config.widths, blocks=config.blocks, time_channels=config.time_channels)
    network.unet.load_state_dict(load_file(run / "average.safetensors"))
    network.eval().to(memory_format=torch.channels_last)
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (*TRIED, 3), np.uint8)
    hole = np.zeros(TRIED, bool)
    hole[30:150, 40:250:3] = True
    coarse, whole, answers = coarse_fill(pixels, hole), Window(0, TRIED[0], 0, TRIED[1]), []
    for tile_px in TILES_PX:
        plane = Plane(hole, tile_px, lambda window: told_of(window, pixels, hole, coarse), thumbnail(coarse))
        mean, _ = mean_mode(network, plane, lambda: None)
        lively = flow(
            network,
            FlowMatchEulerDiscreteScheduler(),
            plane,
            mean,
            texture=0.5,
            seed=1,
            hypothesis=0,
            tick=lambda: None,
        )
        answers.append([values.read(whole) for values in (mean, lively)])
    same = all(np.array_equal(*pair) for pair in zip(*answers, strict=True))
    _must(same, f"tiles of {TILES_PX[0]} and of {TILES_PX[1]} px give other bytes")
    return f"tiles of {TILES_PX[0]} and of {TILES_PX[1]} px give the same bytes, in the mean and in the flow"


def _fresh(config: Config) -> PixelUNet:
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(config.seed)
        return PixelUNet(config.widths, config.blocks, config.time_channels)


def _batch(config: Config, material: Material, step: int) -> Batch:
    side, size = config.crops[step % len(config.crops)]
    return batch(material, seed=config.seed, step=step, rank=0, size=size, side=side)


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise GateError(f"{otherwise}: a long run would be wasted.")
