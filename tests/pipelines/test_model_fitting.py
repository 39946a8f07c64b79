"""What is added to a model from elsewhere, and how it is made to fit."""

import hashlib
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tiny_families import build
from weave import house

from pipelines import guest, memory
from pipelines.errors import (
    ModelNotFoundError,
    PackageMissingError,
    RequestError,
    UnsafeModelError,
    UnsupportedModelError,
)
from pipelines.grid import grid
from pipelines.hub import load_speculation
from pipelines.memory import Memory
from pipelines.request import SpeculationRequest
from pipelines.statement import statement

DIGEST = hashlib.sha256(b"a drawing").hexdigest()
needs_peft = pytest.mark.skipif(find_spec("peft") is None, reason="peft is not installed")
needs_torchao = pytest.mark.skipif(find_spec("torchao") is None, reason="torchao is not installed")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    return build(tmp_path_factory.mktemp("families"))


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(guest, "STEPS", 2)


def asked(**more):
    return SpeculationRequest(DIGEST, grid(1, prompts=["limestone"]), model="x", **more)


@pytest.fixture
def lora(tmp_path):
    """Differences of rank 2 for one layer of the tiny FLUX.2."""
    rng = torch.Generator().manual_seed(1)
    layer = "transformer.transformer_blocks.0.attn.to_q"
    path = tmp_path / "style.safetensors"
    save_file(
        {
            f"{layer}.lora_A.weight": torch.randn(2, 32, generator=rng),
            f"{layer}.lora_B.weight": torch.randn(32, 2, generator=rng),
        },
        path,
    )
    return path


@needs_peft
def test_a_lora_changes_the_variant_and_stands_in_request_and_record(folders, lora):
    drawing = house(64, 96)
    plain, styled = load_speculation(folders["klein"]), load_speculation(folders["klein"], lora=lora)
    one, other = (painter(asked(), drawing).variants[0] for painter in (plain, styled))
    assert not np.array_equal(one, other)
    said = statement(folders["klein"], lora=lora, precision="32bit")
    assert said["lora"] == "style.safetensors" and said["lora_sha256"] == hashlib.sha256(lora.read_bytes()).hexdigest()
    assert said["id"] == "klein" and len(said["weights_sha256"]) == 64
    assert asked(lora_sha256=said["lora_sha256"]).digest() != asked().digest()


@needs_peft
def test_a_lora_that_fits_no_layer_is_refused(folders, tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"transformer.no.such.layer.lora_A.weight": torch.zeros(2, 7)}, path)
    with pytest.raises(UnsupportedModelError, match="does not fit"):
        load_speculation(folders["klein"], lora=path)


def test_what_is_no_lora_is_refused_before_a_model_is_loaded(tmp_path):
    with pytest.raises(ModelNotFoundError, match="no file"):
        load_speculation("nobody/nothing", lora=tmp_path / "none.safetensors")
    (tmp_path / "style.pt").write_bytes(b"\x80\x04.")
    with pytest.raises(UnsafeModelError, match="only safetensors"):
        load_speculation("nobody/nothing", lora=tmp_path / "style.pt")
    save_file({"weight": torch.zeros(1)}, tmp_path / "plain.safetensors")
    with pytest.raises(UnsupportedModelError, match="no LoRA"):
        load_speculation("nobody/nothing", lora=tmp_path / "plain.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"0123456789")
    with pytest.raises(UnsupportedModelError, match="damaged"):
        load_speculation("nobody/nothing", lora=tmp_path / "broken.safetensors")


def test_a_lora_without_peft_says_what_to_install(lora, monkeypatch):
    monkeypatch.setattr("pipelines.lora.find_spec", lambda _name: None)
    with pytest.raises(PackageMissingError, match="pip install peft"):
        load_speculation("nobody/nothing", lora=lora)


@pytest.mark.parametrize("mode", ["offload", "sequential"])
def test_offloading_changes_no_pixel_and_says_so_without_an_accelerator(folders, mode):
    if memory.accelerator() is not None:
        pytest.skip("there is an accelerator here")
    drawing = house(64, 96)
    plain, fitted = load_speculation(folders["klein"]), load_speculation(folders["klein"], memory=Memory(mode))
    one, other = (painter(asked(), drawing).variants[0] for painter in (plain, fitted))
    assert np.array_equal(one, other) and fitted.precision == "32bit"
    assert "changes nothing" in Memory(mode).notes[0] and Memory("full").notes == ()


@needs_torchao
def test_eight_bits_a_weight_paint_and_stand_in_the_request(folders):
    drawing = house(64, 96)
    plain, rounded = load_speculation(folders["klein"]), load_speculation(folders["klein"], memory=Memory("8bit"))
    one, other = (painter(asked(precision=painter.precision), drawing).variants[0] for painter in (plain, rounded))
    assert rounded.precision == "8bit" and one.shape == other.shape and not np.array_equal(one, other)
    assert asked(precision="8bit").digest() != asked().digest()


@pytest.mark.parametrize(("mode", "package"), [("8bit", "torchao"), ("4bit", "bitsandbytes")])
def test_fewer_bits_without_the_package_say_what_to_install(monkeypatch, mode, package):
    monkeypatch.setattr(memory, "find_spec", lambda _name: None)
    monkeypatch.setattr(memory, "accelerator", lambda: "cuda")
    with pytest.raises(PackageMissingError, match=f"pip install {package}"):
        Memory(mode)


def test_four_bits_without_an_accelerator_are_refused_with_what_to_take_instead(monkeypatch):
    monkeypatch.setattr(memory, "accelerator", lambda: None)
    with pytest.raises(UnsupportedModelError, match="8bit"):
        Memory("4bit")


def test_an_unknown_mode_or_precision_is_refused():
    with pytest.raises(UnsupportedModelError, match="full, offload"):
        Memory("tiny")
    with pytest.raises(RequestError, match="precision"):
        asked(precision="7bit")


def test_our_own_model_takes_neither(model_folder, lora):
    with pytest.raises((UnsupportedModelError, PackageMissingError), match="LoRA"):
        load_speculation(str(model_folder), lora=lora)
    with pytest.raises(UnsupportedModelError, match="--memory"):
        load_speculation(str(model_folder), memory=Memory("offload"))


def test_the_digest_of_two_parts_follows_each_of_them(folders):
    both = f"{folders['sdxl']}+{folders['sdxl-union']}"
    said = statement(both)
    assert said["id"] == "sdxl+sdxl-union" and len(said["weights_sha256"]) == 64
    assert said["weights_sha256"] != statement(f"{folders['sdxl']}+{folders['qwen-control']}")["weights_sha256"]
    file = next(Path(folders["klein"], "transformer").glob("*.safetensors"))
    assert statement(str(file))["weights_sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert statement("owner/name")["weights_sha256"] == ""
