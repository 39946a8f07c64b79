"""Training: what would be broken when a run cannot be resumed, repeated or split over processes."""

import csv
import io
import json
import tarfile
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from pipelines.training.data import batch, mask_bank, works
from pipelines.training.train import PLANS, train
from pipelines.unet import RESIDUAL, PixelUNet

SHORT = replace(PLANS["tiny"], images=48, checkpoint_every=4, masks=1, works=6, side=48)


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    """Six small pictures and a mask in the shards' own format."""
    folder, rng, rows = tmp_path_factory.mktemp("shards"), np.random.default_rng(5), []
    with tarfile.open(folder / "painting-000.tar", "w") as archive:
        for number in range(7):
            kind = "damage" if number == 6 else "painting"
            small = rng.integers(0, 255, (9, 12, 3), np.uint8) if kind == "painting" else np.zeros((9, 12, 3), np.uint8)
            picture = Image.fromarray(small).resize((420, 340), Image.Resampling.BICUBIC)
            if kind == "damage":
                picture.paste((255, 255, 255), (40, 60, 400, 64))
            data = io.BytesIO()
            picture.save(data, "WEBP", lossless=True)
            member = tarfile.TarInfo(f"{number}.webp")
            member.size = data.tell()
            data.seek(0)
            archive.addfile(member, data)
            rows.append({"shard": "painting-000.tar", "name": member.name, "kind": kind, "split": "train"})
    with (folder / "index.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, ["shard", "name", "kind", "split"])
        table.writeheader()
        table.writerows(rows)
    return folder


def test_an_untrained_network_is_the_prefill():
    network, (b, s) = PixelUNet((8, 16), 1, 16), (2, 16)
    pictures = [torch.rand(b, 3, s, s) for _ in range(2)]
    planes = [torch.rand(b, 1, s, s) for _ in range(4)]
    guess = network(pictures[0], torch.ones(b), *pictures, *planes)
    assert torch.equal(guess, pictures[0])


def test_without_a_network_the_flow_is_the_best_linear_guess():
    network, t = PixelUNet((8, 16), 1, 16), 0.4
    prefill, planes = torch.rand(1, 3, 16, 16), [torch.rand(1, 1, 16, 16) for _ in range(4)]
    x = prefill + 0.3
    guess = network(x, torch.tensor([t]), prefill, prefill, *planes)
    known, noise = (1 - t) * RESIDUAL, t * 1.2 * RESIDUAL
    assert torch.allclose(guess - prefill, 0.3 * known * RESIDUAL / (known**2 + noise**2) * torch.ones(1, 3, 16, 16), atol=1e-5)


def test_a_killed_run_goes_on_as_if_nothing_had_happened(shards, tmp_path):
    whole = load_file(train(SHORT, shards, tmp_path / "whole"))

    class Killed(Exception):
        pass

    def kill(*_):
        raise Killed

    import pipelines.training.train as script

    saved, script.sample_sheet = script.sample_sheet, kill
    try:
        with pytest.raises(Killed):
            train(SHORT, shards, tmp_path / "cut")
    finally:
        script.sample_sheet = saved
    resumed = load_file(train(SHORT, shards, tmp_path / "cut"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    lines = [json.loads(line) for line in (tmp_path / "cut" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [8, 12]
    assert (tmp_path / "cut" / "sheet.png").stat().st_size > 1000


def test_a_batch_depends_on_seed_step_and_rank_alone(shards):
    pictures, bank = works(shards), mask_bank(shards, 0, 1)
    ask = {"size": 2, "side": 48, "seed": 3, "step": 9}
    same, again, other = (batch(pictures, bank, rank=rank, **ask) for rank in (0, 0, 1))
    assert torch.equal(same.image, again.image)
    assert all(torch.equal(a, b) for a, b in zip(same.inputs, again.inputs, strict=True))
    assert not torch.equal(same.image, other.image)


def test_nothing_of_the_hole_reaches_the_network(shards):
    from pipelines.prefill import conditions

    rng = np.random.default_rng(0)
    image, hole = rng.random((48, 64, 3), np.float32), rng.random((48, 64)) < 0.2
    other = np.where(hole[..., None], rng.random((48, 64, 3), np.float32), image)
    first, second = conditions(image, hole), conditions(other, hole)
    assert np.array_equal(first.fill, second.fill)
    assert np.array_equal(first.mean, second.mean)
