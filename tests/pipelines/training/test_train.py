"""Training: what would be broken when a run cannot be resumed, repeated or split over processes."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import pipelines.training.feed as feeding
from pipelines.training.checkpoint import grown
from pipelines.training.corpus import THUMBNAIL_PX
from pipelines.training.data import batch
from pipelines.training.devices import AccelerateMissingError, OneDevice, devices
from pipelines.training.masks import FAMILIES, SHARES, rough
from pipelines.training.sheet import SIDE, sheet
from pipelines.training.train import PLANS, train
from pipelines.unet import REFERENCE_PX, RESIDUAL, PixelUNet

ROOT = Path(__file__).parents[3]
SHORT = replace(PLANS["tiny"], images=48, checkpoint_every=4, masks=1, works=6, crops=((48, 4),))


def planes_of(b, s):
    """Hole, distance, lines, lines given, veil; reference, reference given."""
    planes = [torch.rand(b, 1, s, s) for _ in range(5)]
    return [*planes, torch.rand(b, 3, REFERENCE_PX, REFERENCE_PX), torch.ones(b)]


def test_an_untrained_network_is_the_prefill():
    network, (b, s) = PixelUNet((8, 16), 1, 16), (2, 16)
    pictures = [torch.rand(b, 3, s, s) for _ in range(2)]
    guess, doubt = network(pictures[0], torch.ones(b), *pictures, *planes_of(b, s))
    assert torch.equal(guess, pictures[0]) and (doubt > 0).all()


def test_without_a_network_the_flow_is_the_best_linear_guess():
    network, t = PixelUNet((8, 16), 1, 16), 0.4
    prefill = torch.rand(1, 3, 16, 16)
    x = prefill + 0.3
    guess, _ = network(x, torch.tensor([t]), prefill, prefill, *planes_of(1, 16))
    known, noise = (1 - t) * RESIDUAL, t * 1.2 * RESIDUAL
    assert torch.allclose(guess - prefill, 0.3 * known * RESIDUAL / (known**2 + noise**2) * torch.ones(1, 3, 16, 16), atol=1e-5)


def test_a_killed_run_goes_on_as_if_nothing_had_happened(material, tmp_path):
    whole = load_file(train(SHORT, material, tmp_path / "whole"))

    class Killed(Exception):
        pass

    def kill(*_):
        raise Killed

    with pytest.raises(Killed):
        train(SHORT, material, tmp_path / "cut", on_keep=kill)
    resumed = load_file(train(SHORT, material, tmp_path / "cut"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    lines = [json.loads(line) for line in (tmp_path / "cut" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [8, 12]


def test_ctrl_c_loses_no_whole_step(material, tmp_path):
    whole = load_file(train(SHORT, material, tmp_path / "whole"))

    def stop(done, _total):
        if done == 7:  # between two checkpoints
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(SHORT, material, tmp_path / "cut", on_step=stop)
    steps = []
    resumed = load_file(train(SHORT, material, tmp_path / "cut", on_step=lambda done, total: steps.append((done, total))))
    assert steps[0] == (8, 12)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_run_that_is_over_can_be_asked_again(material, tmp_path):
    first, steps = load_file(train(SHORT, material, tmp_path / "run")), []
    again = load_file(train(SHORT, material, tmp_path / "run", on_step=lambda *of: steps.append(of)))
    assert not steps
    assert all(torch.equal(first[name], again[name]) for name in first)


def test_a_run_may_end_before_its_plan(material, tmp_path):
    train(SHORT, material, tmp_path / "run", on_step=lambda done, _total: done == 5)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 5]
    assert (tmp_path / "run" / "average.safetensors").exists()


def test_the_sample_sheet_says_which_part_a_network_made(material):
    network = PixelUNet(SHORT.widths, SHORT.blocks, SHORT.time_channels)
    pixels, made = sheet(network.state_dict(), SHORT, material)
    assert pixels.shape[:2] == made.shape
    assert made[:, 2 * SIDE : 4 * SIDE].all() and made.sum() == 2 * SIDE * made.shape[0]


def test_a_batch_depends_on_seed_step_and_rank_alone(material):
    ask = {"size": 2, "side": 48, "seed": 3, "step": 9}
    same, again, other = (batch(material, rank=rank, **ask) for rank in (0, 0, 1))
    assert same_batch(same, again)
    assert not torch.equal(same.image, other.image)


def same_batch(one, other) -> bool:
    """True when all tensors are equal, in values and in layout."""
    pairs = list(zip((one.image, *one.inputs), (other.image, *other.inputs), strict=True))
    return all(torch.equal(a, b) and a.stride() == b.stride() for a, b in pairs)


@pytest.mark.parametrize("is_roomy", [True, False], ids=["shared memory", "a pipe"])
def test_workers_make_the_same_batches_in_the_same_order(material, is_roomy, monkeypatch):
    if not is_roomy:
        monkeypatch.setattr(feeding, "_SHARED", Path("/nowhere"))

    def make(step):
        return batch(material, seed=1, step=step, rank=0, size=2, side=(48, 64)[step % 2])

    expected = [make(step) for step in range(3, 9)]
    for workers in (0, 2):
        found = list(feeding.feed(make, range(3, 9), workers))
        assert len(found) == len(expected)
        assert all(same_batch(*pair) for pair in zip(expected, found, strict=True)), workers
    assert not list(feeding.feed(make, range(9, 9), 2))


def test_an_error_in_a_worker_reaches_the_run():
    def make(step):
        raise ValueError(f"step {step} has no pictures")

    for workers in (0, 1):
        with pytest.raises(ValueError, match="no pictures"):
            list(feeding.feed(make, range(2), workers))


def test_without_accelerate_one_device_learns_the_same(material, tmp_path, monkeypatch):
    with_accelerate = load_file(train(SHORT, material, tmp_path / "with"))
    monkeypatch.setitem(sys.modules, "accelerate", None)
    assert isinstance(devices(), OneDevice)
    without = load_file(train(SHORT, material, tmp_path / "without"))
    assert all(torch.equal(with_accelerate[name], without[name]) for name in without)


def test_training_needs_torch_and_no_diffusers():
    program = "import sys, pipelines.training.train, pipelines.training.gate; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True, timeout=120)
    assert not set(run.stdout.split()) & {"diffusers", "transformers", "accelerate", "huggingface_hub", "skimage"}


def test_several_processes_without_accelerate_are_refused(monkeypatch):
    monkeypatch.setitem(sys.modules, "accelerate", None)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(AccelerateMissingError, match="accelerate"):
        devices()


def test_two_processes_learn_the_same_weights_from_different_batches(shards, tmp_path):
    script = tmp_path / "two.py"
    script.write_text(f"""
import hashlib, json, os
from dataclasses import replace
from pathlib import Path
import pipelines.training.train as script
from pipelines.training.data import Material
made, batches = [], []
network, batch = script.PixelUNet, script.batch
script.PixelUNet = lambda *shape: made.append(network(*shape)) or made[-1]
script.batch = lambda *given, **asked: batches.append(batch(*given, **asked)) or batches[-1]
plan = replace(script.PLANS["tiny"], images=48, checkpoint_every=4, masks=1, works=6, crops=((48, 4),))
steps = []
script.train(plan, Material.of_shards(Path({str(shards)!r}), 0, 1), Path({str(tmp_path / "run")!r}),
             on_step=lambda *of: steps.append(of))
def digest(tensors):
    return hashlib.sha256(b"".join(one.detach().contiguous().numpy().tobytes() for one in tensors)).hexdigest()
said = {{"steps": steps, "weights": digest(made[0].state_dict().values()), "batches": [digest([b.image]) for b in batches]}}
Path({str(tmp_path)!r}, os.environ["RANK"] + ".json").write_text(json.dumps(said))
""")
    # what `accelerate launch` starts on several GPUs; on one machine without any it starts a single process
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(script)]
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    run = subprocess.run(launch, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=240)
    assert run.returncode == 0, run.stderr[-2000:]
    first, second = (json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(2))
    assert first["steps"] == second["steps"] == [[step, 6] for step in range(1, 7)]  # half as many for each
    assert first["weights"] == second["weights"]
    assert not set(first["batches"]) & set(second["batches"])
    assert json.loads((tmp_path / "run" / "config.json").read_text())["processes"] == 2


def test_nothing_of_the_hole_reaches_the_network():
    from pipelines.prefill import conditions

    rng = np.random.default_rng(0)
    image, hole = rng.random((48, 64, 3), np.float32), rng.random((48, 64)) < 0.2
    other = np.where(hole[..., None], rng.random((48, 64, 3), np.float32), image)
    first, second = conditions(image, hole), conditions(other, hole)
    assert np.array_equal(first.fill, second.fill)
    assert np.array_equal(first.mean, second.mean)


def test_a_network_that_grew_a_level_answers_as_before(tmp_path):
    small, large = PixelUNet((8, 16), 1, 16), PixelUNet((8, 16, 24), 1, 16)
    with torch.no_grad():
        for parameter in small.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    save_file(small.state_dict(), tmp_path / "small.safetensors")
    grown(large, tmp_path / "small.safetensors")
    picture, rest = torch.rand(1, 3, 32, 32), planes_of(1, 32)
    answers = [network(picture, torch.tensor([0.5]), picture, picture, *rest)[0] for network in (small, large)]
    assert torch.allclose(*answers, atol=1e-6)
    with pytest.raises(ValueError, match="needs"):
        grown(PixelUNet((16, 24), 1, 16), tmp_path / "small.safetensors")


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_of_damage_is_seeded_and_neither_empty_nor_everything(family):
    first, again = (FAMILIES[family]((160, 160), np.random.default_rng(3)) for _ in range(2))
    assert np.array_equal(first, again) and first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= 1 and 0.0005 < (first > 0.12).mean() < 0.7


def test_a_rough_mask_covers_most_damage_and_is_not_the_exact_one():
    cover = FAMILIES["scratches"]((200, 200), np.random.default_rng(0))
    drawn, true = rough(cover, np.random.default_rng(1)), cover > 0.12
    assert (drawn & true).sum() > 0.6 * true.sum() and not np.array_equal(drawn, true)


def test_the_shares_of_the_families_add_up_and_the_thumbnail_fits_the_network():
    assert sum(SHARES.values()) == pytest.approx(1) and set(FAMILIES) | {"film"} == set(SHARES)
    assert THUMBNAIL_PX == REFERENCE_PX
