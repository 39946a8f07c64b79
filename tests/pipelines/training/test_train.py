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
from safetensors.torch import load_file, save_file

from pipelines.training.checkpoint import grown
from pipelines.training.corpus import THUMBNAIL_PX
from pipelines.training.data import Material, batch
from pipelines.training.masks import FAMILIES, SHARES, rough
from pipelines.training.train import PLANS, train
from pipelines.unet import REFERENCE_PX, RESIDUAL, PixelUNet

SHORT = replace(PLANS["tiny"], images=48, checkpoint_every=4, masks=1, works=6, crops=((48, 4),))


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
    material = Material.of_shards(shards, 0, 1)
    ask = {"size": 2, "side": 48, "seed": 3, "step": 9}
    same, again, other = (batch(material, rank=rank, **ask) for rank in (0, 0, 1))
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
    assert 0 <= first.min() and first.max() <= 1 and 0.0005 < (first > 0.12).mean() < 0.7


def test_a_rough_mask_covers_most_damage_and_is_not_the_exact_one():
    cover = FAMILIES["scratches"]((200, 200), np.random.default_rng(0))
    drawn, true = rough(cover, np.random.default_rng(1)), cover > 0.12
    assert (drawn & true).sum() > 0.6 * true.sum() and not np.array_equal(drawn, true)


def test_the_shares_of_the_families_add_up_and_the_thumbnail_fits_the_network():
    assert sum(SHARES.values()) == pytest.approx(1) and set(FAMILIES) | {"film"} == set(SHARES)
    assert THUMBNAIL_PX == REFERENCE_PX
