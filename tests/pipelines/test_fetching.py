"""Which files of a repository are fetched, and what is said of its licence."""

from pipelines.fetching import needed
from pipelines.known_models import available_models, known_licence, territory


def test_of_a_repository_in_parts_nothing_comes_twice_and_no_pickle():
    names = [
        "model_index.json", "LICENSE.md", "sd_xl_base_1.0.safetensors", "sd_xl_base_1.0_0.9vae.safetensors",
        "unet/config.json", "unet/diffusion_pytorch_model.safetensors", "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.bin", "unet/model.onnx", "text_encoder/model.fp16.safetensors",
        "text_encoder/model.safetensors", "text_encoder/flax_model.msgpack", "tokenizer/merges.txt", "tokenizer/vocab.json",
        "openvino/unet.safetensors", "pipeline.py", "../outside.json", "/etc/outside.json", ".gitattributes",
    ]  # fmt: skip
    assert needed(names) == [
        "model_index.json", "LICENSE.md", "unet/config.json", "unet/diffusion_pytorch_model.safetensors",
        "text_encoder/model.safetensors", "tokenizer/merges.txt", "tokenizer/vocab.json",
    ]  # fmt: skip


def test_of_a_controlnet_the_one_that_is_loaded_is_fetched_and_a_lone_file_whatever_its_name():
    union = ["config.json", "diffusion_pytorch_model.safetensors", "diffusion_pytorch_model_promax.safetensors"]
    assert needed(union) == union[:2]
    shards = [
        "config.json",
        "diffusion_pytorch_model-00001-of-00002.safetensors",
        "diffusion_pytorch_model.safetensors.index.json",
    ]
    assert needed(shards) == shards
    assert needed(["Z-Image-Control.safetensors", "README.md"]) == ["Z-Image-Control.safetensors", "README.md"]
    assert needed(["model.fp16.safetensors"]) == ["model.fp16.safetensors"]


def test_permissive_licences_come_first_and_borders_are_told():
    guests = [card for card in available_models()[1:] if card.kind == "speculation"]
    is_permissive = [card.licence == "Apache-2.0" for card in guests]
    assert is_permissive == sorted(is_permissive, reverse=True) and sum(is_permissive) >= 3
    assert all(card.territory and "when this list was made" in card.licence_note for card in guests)
    assert known_licence("xinsir/controlnet-union-sdxl-1.0")[0] == "Apache-2.0"
    assert "no territory" in territory("owner/name", "apache-2.0")
    assert "European Union" in territory("tencent/HunyuanImage-2.1", "other")
    assert "European Union" in territory("owner/name", "a licence of its own")
