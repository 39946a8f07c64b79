"""Drawing from lines: what is given must be flat, rightly coloured and honest about its lines; what is published must load."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from pipelines.bundled import drawing_folder, weights_digest
from pipelines.hub import load_speculation
from pipelines.lines import extract_lines
from pipelines.training.corpus import pairs, works
from pipelines.training.data import Material, batch
from pipelines.training.drawing import drawn, regions
from pipelines.training.publish import FiguresError
from pipelines.training.publish_drawing import publish
from pipelines.unet import PixelUNet


def patches(seed, side=96):
    """Coloured rectangles with grain, and their contours."""
    rng = np.random.default_rng(seed)
    image = np.full((side, side, 3), 0.6, np.float32)
    for _ in range(8):
        y, x = rng.integers(0, side - 20, 2)
        image[y : y + rng.integers(12, 40), x : x + rng.integers(12, 40)] = rng.uniform(0.1, 0.9, 3)
    image = np.clip(image + rng.normal(0, 0.04, image.shape), 0, 1).astype(np.float32)
    return image, extract_lines(np.rint(image * 255).astype(np.uint8)).astype(np.float32)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_what_is_given_has_the_pictures_colours_and_not_its_grain(seed):
    image, lines = patches(seed)
    picture, flat, told = drawn(image, lines, np.random.default_rng(seed))
    assert picture.shape == flat.shape == image.shape and told.shape == lines.shape
    assert flat.dtype == told.dtype == np.float32 and flat.min() >= 0 and flat.max() <= 1
    assert np.abs(flat.mean((0, 1)) - picture.mean((0, 1))).max() < 0.12
    steep = [np.abs(np.diff(one, axis=1)).mean() for one in (flat, picture)]
    assert steep[0] < 0.8 * steep[1]


def test_regions_between_lines_have_one_colour_each_and_lines_belong_to_their_neighbours():
    image, lines = np.zeros((64, 64, 3), np.float32), np.zeros((64, 64), bool)
    image[:, :32], image[:, 32:] = (0.2, 0.4, 0.6), (0.8, 0.5, 0.1)
    lines[:, 32] = True
    image += np.random.default_rng(0).normal(0, 0.02, image.shape).astype(np.float32)
    flat = regions(image, lines, shading=0.0)
    assert len(np.unique(flat.reshape(-1, 3).round(5), axis=0)) == 2
    assert np.allclose(flat[:, 10], (0.2, 0.4, 0.6), atol=0.03) and np.allclose(flat[:, 50], (0.8, 0.5, 0.1), atol=0.03)
    assert np.allclose(regions(image, np.ones_like(lines), 0.0), image.mean((0, 1)), atol=1e-5)


def test_half_of_the_examples_come_from_pairs_with_the_lines_that_were_drawn_for_them(shards, tmp_path):
    pictures = np.full((2, 96, 160, 3), (10, 200, 30), np.uint8)
    lines = np.zeros((2, 96, 160), bool)
    lines[:, :, ::8] = True  # no contour of a plain picture
    np.savez_compressed(tmp_path / "7.npz", pictures=pictures, lines=lines, hand=np.array(["solid"] * 2))
    assert [np.unpackbits(one.lines, axis=1)[:, :160].sum() for one in pairs(tmp_path)] == [96 * 20] * 2
    material = Material.of_shards(shards, 0, 1, drawings=1.0, surfaces=True, paired=tmp_path)
    made = batch(material, seed=3, step=0, rank=0, size=40, side=64)
    is_pair = (made.image - torch.tensor([10, 200, 30]).view(1, 3, 1, 1) / 255).abs().amax((1, 2, 3)) < 0.01
    assert 10 < int(is_pair.sum()) < 30
    assert all(one.any() for one in made.inputs[4][is_pair])
    assert bool((made.inputs[2] == 1).all())  # of both kinds everything is lost


def test_a_grey_picture_is_tinted_and_keeps_its_lightness():
    grey = np.repeat(patches(3)[0].mean(-1, keepdims=True), 3, 2)
    tinted = [drawn(grey, np.zeros(grey.shape[:2], np.float32), np.random.default_rng(seed))[0] for seed in range(8)]
    coloured = [one for one in tinted if np.ptp(one, axis=2).mean() > 0.02]
    assert len(coloured) >= 4
    assert all(np.corrcoef(one.mean(-1).ravel(), grey[..., 0].ravel())[0, 1] > 0.98 for one in coloured)


def test_a_plan_that_only_draws_hides_the_whole_window_and_tells_its_lines(shards):
    seen = Material.of_shards(shards, 0, 1, drawings=1.0, surfaces=True)
    data = batch(seen, seed=1, step=3, rank=0, size=6, side=64)
    assert (data.hole == 1).all() and (data.inputs[5] == 1).all()
    again = batch(seen, seed=1, step=3, rank=0, size=6, side=64)
    assert torch.equal(data.image, again.image) and all(map(torch.equal, data.inputs, again.inputs))
    assert len(works(shards, surfaces=True)) == 6


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    plan = {"widths": [8, 16], "blocks": 1, "time_channels": 16, "seed": 0, "threads": 1, "pictures": 6, "started_from": "w"}
    (folder / "config.json").write_text(json.dumps(plan))
    (folder / "log.jsonl").write_text(json.dumps({"step": 10, "images": 40, "seconds": 3600.0, "gain_db": 0.5}) + "\n")
    save_file(PixelUNet((8, 16), 1, 16).state_dict(), folder / "average.safetensors")
    return folder


def test_published_weights_load_and_their_card_says_what_was_measured(run, shards, tmp_path):
    out = tmp_path / "drawing"
    publish([run], shards, out, [])
    assert load_speculation(str(out)).network is not None
    digest = weights_digest(out)
    assert digest in (out / "README.md").read_text() and "Nothing has been measured" in (out / "README.md").read_text()
    one = {"psnr_gain_db": 0.5, "psnr_better": 3, "haarpsi_gain": 0.1, "haarpsi_better": 4}
    figures = {"weights_sha256": digest, "windows": 5, "side": 256, "weights": {"these": one}}
    (tmp_path / "figures.json").write_text(json.dumps(figures))
    publish([run], shards, out, [tmp_path / "figures.json"])
    assert "| these | +0.50 | 3 of 5 | +0.100 | 4 of 5 |" in (out / "README.md").read_text()
    (tmp_path / "figures.json").write_text(json.dumps(figures | {"weights_sha256": "0" * 64}))
    with pytest.raises(FiguresError):
        publish([run], shards, out, [tmp_path / "figures.json"])


def test_the_weights_for_variants_do_not_count_in_the_digest_of_the_restorations(tmp_path):
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "a.safetensors").write_bytes(b"one")
    before = weights_digest(tmp_path)
    (tmp_path / drawing_folder().name).mkdir()
    (tmp_path / drawing_folder().name / "b.safetensors").write_bytes(b"other")
    assert weights_digest(tmp_path) == before
