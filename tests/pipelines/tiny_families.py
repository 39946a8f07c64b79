"""Real pipelines of each family at toy size: random weights, byte-level tokenizers, built and saved in seconds."""

import torch
from diffusers import (
    AutoencoderKL,
    AutoencoderKLFlux2,
    AutoencoderKLQwenImage,
    ControlNetUnionModel,
    DDIMScheduler,
    FlowMatchEulerDiscreteScheduler,
    Flux2KleinPipeline,
    Flux2Transformer2DModel,
    QwenImageControlNetModel,
    QwenImagePipeline,
    QwenImageTransformer2DModel,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
    ZImageControlNetModel,
    ZImagePipeline,
    ZImageTransformer2DModel,
)
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Tokenizer,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3Model,
)

LETTERS = sorted(ByteLevel.alphabet())
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
TEMPLATE = "{% for one in messages %}<|im_start|>{{ one['role'] }}\n{{ one['content'] }}<|im_end|>\n{% endfor %}"


def taught(control):
    """A ControlNet that has an effect: fresh ones end in layers of zeros."""
    for weights in control.parameters():
        if not weights.any():
            torch.nn.init.normal_(weights, std=0.3)
    return control


def qwen_tokenizer():
    """One token a byte."""
    vocab = {word: index for index, word in enumerate([*LETTERS, *SPECIAL])}
    tokenizer = Qwen2Tokenizer(vocab=vocab, merges=[], chat_template=TEMPLATE, model_max_length=2048)
    return tokenizer, len(vocab)


def qwen3(kind, layers):
    tokenizer, size = qwen_tokenizer()
    config = Qwen3Config(
        hidden_size=16, intermediate_size=16, num_hidden_layers=layers, num_attention_heads=2, num_key_value_heads=2,
        head_dim=8, vocab_size=size, max_position_embeddings=2048,
    )  # fmt: skip
    return {"text_encoder": kind(config).eval(), "tokenizer": tokenizer}


def plain_vae(channels):
    return AutoencoderKL(
        down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, block_out_channels=(32, 64),
        latent_channels=channels, sample_size=32, scaling_factor=0.36, shift_factor=0.1,
    )  # fmt: skip


def sdxl(root):
    """`sdxl` and `sdxl-union`."""
    words = [*LETTERS, *(letter + "</w>" for letter in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    tokenizer = CLIPTokenizer(vocab={word: at for at, word in enumerate(words)}, merges=[], model_max_length=77)
    clip = {
        "vocab_size": len(words), "intermediate_size": 37, "num_hidden_layers": 2, "num_attention_heads": 4,
        "bos_token_id": len(words) - 2, "eos_token_id": len(words) - 1, "pad_token_id": 1,
    }  # fmt: skip
    shape = {
        "block_out_channels": (32, 64), "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
        "attention_head_dim": (2, 4),
        "use_linear_projection": True, "addition_embed_type": "text_time", "addition_time_embed_dim": 8,
        "transformer_layers_per_block": (1, 1), "projection_class_embeddings_input_dim": 96, "cross_attention_dim": 80,
    }  # fmt: skip
    unet = UNet2DConditionModel(layers_per_block=1, sample_size=32, up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), **shape)
    StableDiffusionXLPipeline(
        vae=plain_vae(4), unet=unet, scheduler=DDIMScheduler(steps_offset=1), tokenizer=tokenizer, tokenizer_2=tokenizer,
        text_encoder=CLIPTextModel(CLIPTextConfig(hidden_size=32, projection_dim=32, **clip)),
        text_encoder_2=CLIPTextModelWithProjection(CLIPTextConfig(hidden_size=48, projection_dim=48, **clip)),
    ).save_pretrained(root / "sdxl")  # fmt: skip
    taught(ControlNetUnionModel(
        conditioning_embedding_out_channels=(16, 32), layers_per_block=1, num_control_type=6, num_trans_channel=32,
        num_trans_head=4, num_proj_channel=32, **shape,
    )).save_pretrained(root / "sdxl-union")  # fmt: skip


def qwen_image(root):
    """`qwen` and `qwen-control`."""
    tokenizer, size = qwen_tokenizer()
    text = {
        "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 2,
        "vocab_size": size, "rope_parameters": {"mrope_section": [1, 1, 2], "rope_type": "default", "rope_theta": 1e6},
        "max_position_embeddings": 2048,
    }  # fmt: skip
    vision = {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "num_heads": 2, "out_hidden_size": 16}
    shape = {
        "patch_size": 2, "in_channels": 16, "out_channels": 4, "attention_head_dim": 16, "num_attention_heads": 2,
        "joint_attention_dim": 16, "axes_dims_rope": (8, 4, 4),
    }  # fmt: skip
    QwenImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), tokenizer=tokenizer,
        vae=AutoencoderKLQwenImage(
            base_dim=16, z_dim=4, dim_mult=[1, 2], num_res_blocks=1, temperal_downsample=[False],
            latents_mean=[0.0] * 4, latents_std=[1.0] * 4,
        ),
        text_encoder=Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=vision)).eval(),
        transformer=QwenImageTransformer2DModel(num_layers=1, **shape),
    ).save_pretrained(root / "qwen")  # fmt: skip
    taught(QwenImageControlNetModel(num_layers=1, **shape)).save_pretrained(root / "qwen-control")


def flux2(root):
    """`klein`."""
    Flux2KleinPipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), is_distilled=True, **qwen3(Qwen3ForCausalLM, 27),
        vae=AutoencoderKLFlux2(
            down_block_types=("DownEncoderBlock2D",) * 2, up_block_types=("UpDecoderBlock2D",) * 2, block_out_channels=(8, 8),
            latent_channels=2, norm_num_groups=2, layers_per_block=1, sample_size=32,
        ),
        transformer=Flux2Transformer2DModel(
            patch_size=1, in_channels=8, num_layers=1, num_single_layers=1, attention_head_dim=16, num_attention_heads=2,
            joint_attention_dim=48, axes_dims_rope=(4, 4, 4, 4), guidance_embeds=False,
        ),
    ).save_pretrained(root / "klein")  # fmt: skip


def z_image(root):
    """`z-image-turbo` and `z-image-control`."""
    shape = {
        "all_patch_size": (2,), "all_f_patch_size": (1,), "dim": 32, "n_refiner_layers": 1, "n_heads": 2,
        "n_kv_heads": 2,
    }  # fmt: skip
    ZImagePipeline(
        scheduler=FlowMatchEulerDiscreteScheduler(), vae=plain_vae(16), **qwen3(Qwen3Model, 2),
        transformer=ZImageTransformer2DModel(
            in_channels=16, n_layers=2, cap_feat_dim=16, axes_dims=[8, 4, 4], axes_lens=[2048, 64, 64], **shape
        ),
    ).save_pretrained(root / "z-image-turbo")  # fmt: skip
    taught(
        ZImageControlNetModel(
            control_layers_places=[0],
            control_refiner_layers_places=[0],
            control_in_dim=16,
            add_control_noise_refiner="control_noise_refiner",
            **shape,
        )
    ).save_pretrained(root / "z-image-control")


def build(root):
    """Every family, saved under its name in `root`; returns {name: folder}."""
    with torch.random.fork_rng():
        torch.random.default_generator.manual_seed(0)
        for make in (sdxl, qwen_image, flux2, z_image):
            make(root)
    return {path.name: str(path) for path in root.iterdir()}
