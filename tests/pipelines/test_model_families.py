"""Each family of models that a variant may come from: tiny real pipelines, saved, loaded by name and asked."""

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_checkpoint
import torch
from diffusers import (
    QwenImageControlNetPipeline,
    StableDiffusionXLControlNetUnionPipeline,
    ZImageControlNetPipeline,
)
from safetensors.torch import save_file
from tiny_families import build
from weave import house

from pipelines import guest
from pipelines.errors import ModelNotFoundError, PixelsError, UnsupportedModelError
from pipelines.grid import grid
from pipelines.hub import load_speculation
from pipelines.request import SpeculationRequest
from pipelines.speculation import Locked, Start

DIGEST = hashlib.sha256(b"a drawing").hexdigest()
FAMILIES = {
    "sdxl": ("sdxl", "sdxl-union"),
    "qwen": ("qwen", "qwen-control"),
    "klein": ("klein",),
    "z-image": ("z-image-turbo", "z-image-control"),
    "z-image alone": ("z-image-turbo",),
}
LED_BY = {  # given nothing; given lines, depth and a lit view
    "sdxl": (["lines"], ["lines", "depth", "prefill"], []),
    "qwen": (["lines"], ["lines"], ["prefill", "depth"]),
    "klein": (["lines"], ["lines", "depth", "prefill"], []),
    "z-image": (["lines"], ["lines"], ["prefill", "depth"]),
    "z-image alone": (["lines"], ["prefill"], ["lines", "depth"]),
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return build(tmp_path_factory.mktemp("families"))


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(guest, "STEPS", 2)


@pytest.fixture(scope="module")
def painters(folders):
    return {name: load_speculation("+".join(folders[part] for part in parts)) for name, parts in FAMILIES.items()}


def asked(seed=0, variants=2, prompts=("limestone",), strengths=(), references=()):
    cells = grid(variants, prompts=prompts, strengths=strengths, references_sha256=references)
    return SpeculationRequest(DIGEST, cells, seed=seed, model="x")


def start(drawing):
    """A massing of a drawing: a view, lines, classes and depths."""
    rows = np.linspace(4, 9, drawing.shape[0], dtype=np.float32)
    depth = np.repeat(rows[:, None], drawing.shape[1], 1)
    depth[:9] = np.inf  # the sky
    return Start(255 - drawing, drawing.min(2) < 90, np.ones(drawing.shape[:2], np.uint8), depth)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_paints_two_variants_that_its_seed_decides(painters, name):
    drawing, painter = house(64, 96), painters[name]
    seen = []
    output = painter(asked(), drawing, on_progress=lambda *at: seen.append(at))
    one, other = output.variants
    assert one.shape == (64, 96, 3) and one.dtype == np.uint8 and not np.array_equal(one, other)
    assert len(output.fidelity) == 2 and output.findings["painted_by"] == "model"
    assert output.findings["led_by"] == LED_BY[name][0] and output.findings["not_used"] == []
    assert seen[-1][0] == seen[-1][1] == len(seen)
    again, elsewhere = painter(asked(variants=1), drawing), painter(asked(seed=1, variants=1), drawing)
    assert np.array_equal(again.variants[0], one) and not np.array_equal(elsewhere.variants[0], one)


@pytest.mark.parametrize("name", FAMILIES)
def test_lines_depth_and_a_lit_view_lead_where_a_family_takes_them_and_are_named_where_not(painters, name):
    drawing, painter = house(64, 96), painters[name]
    near = asked(variants=1, strengths=[0.5])
    plain = painter(near, drawing)
    output = painter(near, drawing, starts=[start(drawing)])
    assert output.findings["led_by"] == LED_BY[name][1] and sorted(output.findings["not_used"]) == sorted(LED_BY[name][2])
    assert not np.array_equal(output.variants[0], plain.variants[0])
    again = painter(near, drawing)  # the sister pipeline left nothing behind
    assert np.array_equal(again.variants[0], plain.variants[0])


@pytest.mark.parametrize("name", ["sdxl", "klein"])
def test_view_lines_and_depth_each_change_the_variant(painters, name):
    drawing, painter = house(64, 96), painters[name]
    near, whole = asked(variants=1, strengths=[0.5]), start(drawing)
    others = ({"picture": drawing}, {"lines": ~whole.lines}, {"depth": whole.depth[::-1].copy()})
    starts = [whole, *(replace(whole, **change) for change in others)]
    assert len({painter(near, drawing, starts=[one]).variants[0].tobytes() for one in starts}) == 4


def test_each_variant_has_a_start_of_its_own_and_what_is_locked_stays(painters):
    drawing, whole = house(64, 96), start(house(64, 96))
    locked = Locked(np.zeros((64, 96), bool), np.full((64, 96, 3), 77, np.uint8))
    locked.where[:20] = True
    starts = [whole, replace(whole, picture=drawing)]
    one, other = painters["sdxl"](asked(strengths=[0.5]), drawing, starts=starts, locked=locked).variants
    assert not np.array_equal(one, other) and (one[:20] == 77).all() and (other[:20] == 77).all()


def test_strength_says_how_far_the_lit_view_is_left(painters):
    drawing = house(64, 96)
    starts = [start(drawing)]
    near, far = (painters["sdxl"](asked(variants=1, strengths=[one]), drawing, starts=starts) for one in (0.0, 1.0))
    assert near.findings["asked"][0]["strength"] == 0.5  # one step of two, never none
    assert far.findings["asked"][0]["strength"] == 1.0 and not np.array_equal(near.variants[0], far.variants[0])


def test_each_cell_of_a_grid_has_its_own_words_reference_and_strength(painters):
    drawing = house(64, 96)
    plain = {"a" * 64: (200, 40, 30), "b" * 64: (9, 9, 99)}
    colours = {name: np.full((48, 48, 3), colour, np.uint8) for name, colour in plain.items()}
    request = asked(variants=4, prompts=["brick", "flint"], references=list(colours))
    output = painters["klein"](request, drawing, references=colours)
    words = [one["prompt"].split()[-1] for one in output.findings["asked"]]
    assert words == ["brick", "flint", "brick", "flint"]
    assert len({one.tobytes() for one in output.variants}) == 4
    output = painters["sdxl"](asked(variants=2, strengths=[0.0, 1.0]), drawing, starts=[start(drawing)] * 2)
    assert [one["strength"] for one in output.findings["asked"]] == [0.5, 1.0]


def test_a_reference_is_shown_to_a_model_that_refers_to_pictures(painters):
    drawing, colours = house(64, 96), np.full((48, 48, 3), (180, 120, 60), np.uint8)
    output = painters["klein"](asked(variants=1, references=[DIGEST]), drawing, references={DIGEST: colours})
    assert output.findings["palette"] == "reference" and "Image 2" in output.findings["asked"][0]["prompt"]
    output = painters["qwen"](asked(variants=1, references=[DIGEST]), drawing, references={DIGEST: colours})
    assert "not used" in output.findings["palette"] and output.findings["not_used"] == ["reference"]


def test_a_start_of_another_size_is_refused(painters):
    small = replace(start(house(64, 96)), depth=np.ones((64, 95), np.float32))
    with pytest.raises(PixelsError, match="start"):
        painters["sdxl"](asked(variants=1), house(64, 96), starts=[small])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sdxl", StableDiffusionXLControlNetUnionPipeline),
        ("qwen", QwenImageControlNetPipeline),
        ("z-image", ZImageControlNetPipeline),
    ],
)
def test_a_folder_that_holds_both_paints_the_same_as_the_two_apart(painters, folders, tmp_path, name, kind):
    pipeline = painters[name].pipeline
    assert type(pipeline) is kind
    shutil.copytree(folders[FAMILIES[name][0]], tmp_path / "joined-turbo")
    shutil.copytree(folders[FAMILIES[name][1]], tmp_path / "joined-turbo" / "controlnet")
    pipeline.save_config(tmp_path / "joined-turbo")
    painter = load_speculation(str(tmp_path / "joined-turbo"))
    drawing = house(64, 96)
    assert type(painter.pipeline) is kind
    one, other = (each(asked(variants=1), drawing).variants[0] for each in (painter, painters[name]))
    assert np.array_equal(one, other)


def test_a_controlnet_of_another_family_is_refused_by_name(folders):
    with pytest.raises(UnsupportedModelError, match="QwenImageControlNetModel"):
        load_speculation(f"{folders['sdxl']}+{folders['qwen-control']}")
    with pytest.raises(UnsupportedModelError, match="ControlNet"):
        load_speculation(f"{folders['klein']}+{folders['sdxl-union']}")
    with pytest.raises(UnsupportedModelError, match="one ControlNet"):
        load_speculation(f"{folders['sdxl']}+{folders['sdxl-union']}+{folders['sdxl-union']}")


def test_a_single_file_paints_the_same_as_the_folder_that_it_came_from(painters, folders, tmp_path):
    copy = tmp_path / "turbo"
    shutil.copytree(folders["z-image-turbo"], copy)
    file = copy / "z-image.safetensors"
    next((copy / "transformer").glob("*.safetensors")).rename(file)
    weights = next(Path(folders["z-image-control"]).glob("*.safetensors"))
    drawing = house(64, 96)
    painter = load_speculation(f"{file}+{weights}")
    one, other = (each(asked(variants=1), drawing).variants[0] for each in (painter, painters["z-image"]))
    assert np.array_equal(one, other)


def test_a_controlnet_union_is_known_by_its_settings_where_its_class_is_named_as_before(folders, tmp_path):
    shutil.copytree(folders["sdxl-union"], tmp_path / "union")
    config = json.loads((tmp_path / "union" / "config.json").read_text())
    (tmp_path / "union" / "config.json").write_text(json.dumps(config | {"_class_name": "ControlNetModel"}))
    painter = load_speculation(f"{folders['sdxl']}+{tmp_path / 'union'}")
    assert type(painter.pipeline) is StableDiffusionXLControlNetUnionPipeline


def test_a_checkpoint_as_its_authors_write_it_paints_the_same_as_the_folder(painters, folders, tmp_path):
    # beside it lie the settings that it leaves out, and no weights
    shutil.copytree(folders["sdxl"], tmp_path / "sdxl", ignore=shutil.ignore_patterns("*.safetensors"))
    file = tmp_path / "sdxl" / "checkpoint.safetensors"
    tiny_checkpoint.write(painters["sdxl"].pipeline, file)
    drawing = house(64, 96)
    painter = load_speculation(f"{file}+{folders['sdxl-union']}")
    one, other = (each(asked(variants=1), drawing).variants[0] for each in (painter, painters["sdxl"]))
    assert np.array_equal(one, other)


def test_a_single_file_that_cannot_be_opened_says_what_is_missing(folders, tmp_path):
    alone = tmp_path / "z.safetensors"
    shutil.copy(next((Path(folders["z-image-turbo"]) / "transformer").glob("*.safetensors")), alone)
    with pytest.raises(ModelNotFoundError, match="Tongyi-MAI/Z-Image-Turbo"):
        load_speculation(str(alone))
    save_file({"control_model.time_embed.0.weight": torch.zeros(1)}, tmp_path / "c.safetensors")
    with pytest.raises(UnsupportedModelError, match="draws nothing alone"):
        load_speculation(str(tmp_path / "c.safetensors"))
    shutil.copy(next(Path(folders["z-image-control"]).glob("*.safetensors")), tmp_path / "zc.safetensors")
    with pytest.raises(ModelNotFoundError, match=r"config\.json"):
        load_speculation(f"{folders['z-image-turbo']}+{tmp_path / 'zc.safetensors'}")
    save_file({"something.weight": torch.zeros(1)}, tmp_path / "s.safetensors")
    with pytest.raises(UnsupportedModelError, match="no family"):
        load_speculation(str(tmp_path / "s.safetensors"))
    (tmp_path / "d.safetensors").write_bytes(b"no such thing")
    with pytest.raises(UnsupportedModelError, match="damaged"):
        load_speculation(str(tmp_path / "d.safetensors"))
