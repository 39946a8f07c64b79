"""Tiny diffusers models with random weights, built, saved and loaded here without a network."""

import hashlib
import json

import numpy as np
import pytest
import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    StableDiffusionControlNetPipeline,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    UNet2DConditionModel,
)
from tokenizers.pre_tokenizers import ByteLevel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer
from weave import cracks, house, weave

from pipelines import guest, hub
from pipelines.bundled import bundled_digest, bundled_folder, is_bundled, weights_digest
from pipelines.errors import ModelNotFoundError, PipelineError, UnsafeModelError, UnsupportedModelError, WeightsMissingError
from pipelines.grid import grid
from pipelines.guest import GuestRestoration, crop_around
from pipelines.guest_speculation import GuestSpeculation
from pipelines.hub import available_models, load_restoration, load_speculation
from pipelines.request import SpeculationRequest
from pipelines.restoration import RestorationPipeline
from pipelines.restorer import Restorer
from pipelines.speculation import SpeculationPipeline

DIGEST = hashlib.sha256(b"a drawing").hexdigest()


def parts(channels=4):
    """Components of a Stable Diffusion of under two million parameters."""
    letters = sorted(ByteLevel.alphabet())
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={word: index for index, word in enumerate(words)}, merges=[], model_max_length=77)
    blocks = {"block_out_channels": (32, 64), "layers_per_block": 1, "cross_attention_dim": 32, "attention_head_dim": 8}
    down = {"down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D")}
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(0)
        return {
            "vae": AutoencoderKL(
                block_out_channels=(32, 64),
                latent_channels=4,
                down_block_types=("DownEncoderBlock2D",) * 2,
                up_block_types=("UpDecoderBlock2D",) * 2,
            ),
            "unet": UNet2DConditionModel(
                sample_size=32, in_channels=channels, up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **down, **blocks
            ),
            "text_encoder": CLIPTextModel(
                CLIPTextConfig(
                    vocab_size=len(words), hidden_size=32, intermediate_size=37, num_hidden_layers=2, num_attention_heads=4,
                    bos_token_id=len(words) - 2, eos_token_id=len(words) - 1, pad_token_id=1,
                )
            ),
            "tokenizer": tokenizer,
            "scheduler": DDIMScheduler(clip_sample=False, set_alpha_to_one=False, steps_offset=1),
            "safety_checker": None,
            "feature_extractor": None,
        }, ControlNetModel(conditioning_embedding_out_channels=(16, 32), **down, **blocks)  # fmt: skip


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Saved: a 9-channel inpainting model, a text model, a ControlNet, and the two joined."""
    root = tmp_path_factory.mktemp("models")
    options = {"requires_safety_checker": False}
    StableDiffusionInpaintPipeline(**parts(9)[0], **options).save_pretrained(root / "inpaint")
    plain, control = parts()
    StableDiffusionPipeline(**plain, **options).save_pretrained(root / "plain")
    control.save_pretrained(root / "control")
    StableDiffusionControlNetPipeline(**plain, controlnet=control, **options).save_pretrained(root / "joined")
    return {path.name: str(path) for path in root.iterdir()}


@pytest.fixture(autouse=True)
def few_steps(monkeypatch):
    monkeypatch.setattr(guest, "STEPS", 2)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_guest_fills_the_hole_alone_and_keeps_every_known_bit(folders, request_of, dtype):
    pixels, mask = weave(90, 110, dtype), np.zeros((90, 110), bool)
    mask[20:40, 30:50] = True
    seen = []
    model = load_restoration(folders["inpaint"])
    assert isinstance(model, GuestRestoration)
    output = model(request_of(hypotheses=2, model=folders["inpaint"]), pixels, mask, on_progress=lambda *at: seen.append(at))
    for answer in output.hypotheses:
        assert answer.dtype == dtype and np.array_equal(answer[~mask], pixels[~mask]) and (answer != pixels)[mask].any()
    assert output.filled_by == "model" and output.spread[mask].any() and not output.spread[~mask].any()
    assert ("8 bits" in output.reason) == (dtype == np.uint16)
    assert seen == [(done, 4) for done in (1, 2, 3, 4)]


def test_a_guest_refuses_a_veil_and_a_reference_that_it_would_ignore(folders, request_of):
    pixels, mask = weave(64, 64), cracks(64, 64, 1, 2)
    model = load_restoration(folders["inpaint"])
    for given in ({"veil": np.zeros((64, 64, 3), np.float32)}, {"reference": pixels}):
        with pytest.raises(UnsupportedModelError, match=next(iter(given))):
            model(request_of(), pixels, mask, **given)


def test_a_guest_never_sees_what_is_under_the_mask_and_repeats_itself(folders, request_of):
    pixels, mask = weave(64, 64), cracks(64, 64, 1, 2)
    hidden = np.where(mask[..., None], 7, pixels).astype(np.uint8)
    model = load_restoration(folders["inpaint"])
    one, other = (model(request_of(), picture, mask).hypotheses[0] for picture in (pixels, hidden))
    assert np.array_equal(one[mask], other[mask])


def test_a_text_model_inpaints_as_well_and_grey_and_alpha_are_kept(folders, request_of):
    model = load_restoration(folders["plain"])
    mask = cracks(40, 30, 1, 2)
    for channels in ((), (4,)):
        pixels = np.random.default_rng(0).integers(0, 255, (40, 30, *channels), np.uint8)
        answer = model(request_of(), pixels, mask).hypotheses[0]
        assert answer.shape == pixels.shape and np.array_equal(answer[~mask], pixels[~mask])
        assert channels == () or np.array_equal(answer[..., 3], pixels[..., 3])


@pytest.mark.parametrize("name", ["joined", "plain+control"])
def test_a_guest_paints_variants_led_by_the_lines(folders, name):
    model = "+".join(folders[part] for part in name.split("+"))
    painter = load_speculation(model)
    assert isinstance(painter, GuestSpeculation)
    output = painter(SpeculationRequest(DIGEST, grid(2, prompts=["limestone"]), model=model), house(70, 100))
    one, other = output.variants
    assert one.shape == (70, 100, 3) and one.dtype == np.uint8 and not np.array_equal(one, other)
    assert len(output.fidelity) == 2 and output.findings["painted_by"] == "model"


def test_the_crop_holds_the_hole_and_some_of_what_is_around_it():
    mask = np.zeros((900, 1200), bool)
    mask[400:420, 1100:1190] = True
    crop = crop_around(mask, 64)
    assert crop.top <= 368 and crop.bottom >= 452 and crop.left <= 1055 and crop.right <= 1200
    assert (crop.bottom - crop.top) % 16 == (crop.right - crop.left) % 16 == 0
    small = crop_around(np.eye(5, dtype=bool), 64)
    assert small.top == small.left == 0 and small.bottom == 16


def test_our_own_pipeline_is_recognised_in_any_folder(model_folder):
    assert isinstance(load_restoration(str(model_folder)), RestorationPipeline)
    assert isinstance(load_speculation(str(model_folder)), SpeculationPipeline)


def test_half_precision_weights_are_computed_at_full_precision(pipeline, tmp_path, request_of):
    pixels, mask = weave(64, 64), cracks(64, 64, 1, 2)
    half = RestorationPipeline.from_pretrained(pipeline.config._name_or_path, dtype=torch.float16)
    half.save_pretrained(tmp_path / "half")
    model = load_restoration(str(tmp_path / "half"))
    assert next(model.network.parameters()).dtype == torch.float32
    assert model(request_of(), pixels, mask).filled_by == "model"


@pytest.mark.parametrize("name", ["model.ckpt", "model.pt", "model.bin"])
def test_a_pickle_is_refused(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x80\x04.")
    with pytest.raises(UnsafeModelError, match="pickle"):
        load_restoration(str(tmp_path / name))
    (tmp_path / "model_index.json").write_text(json.dumps({"_class_name": "StableDiffusionInpaintPipeline"}))
    with pytest.raises(UnsafeModelError, match="only pickles"):
        load_restoration(str(tmp_path))


def test_a_part_without_safetensors_is_refused(folders, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folders["inpaint"], copy)
    next((copy / "vae").glob("*.safetensors")).rename(copy / "vae" / "diffusion_pytorch_model.bin")
    with pytest.raises(PipelineError) as caught:
        load_restoration(str(copy))
    assert isinstance(caught.value, UnsafeModelError)


@pytest.mark.parametrize("index", [{"_class_name": ["evil", "Pipeline"]}, {"_class_name": "X", "vae": ["os", "system"]}])
def test_code_that_comes_with_a_model_is_never_run(tmp_path, index):
    (tmp_path / "weights.safetensors").write_bytes(b"")
    (tmp_path / "model_index.json").write_text(json.dumps(index))
    with pytest.raises(UnsafeModelError):
        load_restoration(str(tmp_path))


def test_what_is_not_there_or_cannot_do_it_is_said_plainly(folders, tmp_path):
    with pytest.raises(ModelNotFoundError, match="HF_HUB_OFFLINE"):
        load_restoration("nobody/nothing-of-this-name")
    with pytest.raises(ModelNotFoundError, match="neither"):
        load_restoration("no such thing")
    with pytest.raises(UnsupportedModelError, match="follows no lines"):
        load_speculation(folders["plain"])
    with pytest.raises(UnsupportedModelError, match=r"model_index\.json"):
        load_restoration(str(tmp_path))
    (tmp_path / "model_index.json").write_text("[]")
    with pytest.raises(UnsupportedModelError, match="JSON object"):
        load_restoration(str(tmp_path))


def test_cards_name_licences_and_say_what_is_present():
    cards = available_models()
    assert cards[0].id == hub.BUNDLED and cards[0].is_present == is_bundled()
    assert len({card.id for card in cards}) == len(cards)
    assert all(card.licence and card.memory and card.kind in {"restoration", "speculation", "both"} for card in cards)


def test_the_digest_of_the_weights_follows_their_bytes(model_folder, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(model_folder, copy)
    assert weights_digest(copy) == weights_digest(model_folder)
    path = next(copy.rglob("*.safetensors"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert weights_digest(copy) != weights_digest(model_folder)


def test_the_bundled_model_loads_or_its_absence_is_said():
    if is_bundled():
        assert len(bundled_digest()) == 64
        assert isinstance(load_restoration(), Restorer)
        assert FlowMatchEulerDiscreteScheduler.from_pretrained(bundled_folder() / "scheduler") is not None
    else:
        with pytest.raises(WeightsMissingError):
            load_restoration()
