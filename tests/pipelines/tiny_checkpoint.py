"""A tiny Stable Diffusion XL written as one file, under the names that its authors' own checkpoints have."""

import re

import torch
from safetensors.torch import save_file

_RESNET = {
    "norm1": "in_layers.0", "conv1": "in_layers.2", "time_emb_proj": "emb_layers.1", "norm2": "out_layers.0",
    "conv2": "out_layers.3", "conv_shortcut": "skip_connection",
}  # fmt: skip
_UNET = {
    "conv_in": "input_blocks.0.0", "conv_norm_out": "out.0", "conv_out": "out.2", "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2", "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2", "down_blocks.0.resnets.0": "input_blocks.1.0",
    "down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op", "down_blocks.1.resnets.0": "input_blocks.3.0",
    "down_blocks.1.attentions.0": "input_blocks.3.1", "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1", "mid_block.resnets.1": "middle_block.2",
    "up_blocks.0.resnets.0": "output_blocks.0.0", "up_blocks.0.attentions.0": "output_blocks.0.1",
    "up_blocks.0.resnets.1": "output_blocks.1.0", "up_blocks.0.attentions.1": "output_blocks.1.1",
    "up_blocks.0.upsamplers.0.conv": "output_blocks.1.2.conv", "up_blocks.1.resnets.0": "output_blocks.2.0",
    "up_blocks.1.resnets.1": "output_blocks.3.0",
}  # fmt: skip
_VAE = [
    (r"(en|de)coder\.mid_block\.resnets\.(\d)", lambda m: f"{m[1]}coder.mid.block_{int(m[2]) + 1}"),
    (r"(en|de)coder\.mid_block\.attentions\.0", lambda m: f"{m[1]}coder.mid.attn_1"),
    (r"encoder\.down_blocks\.(\d)\.resnets\.(\d)", lambda m: f"encoder.down.{m[1]}.block.{m[2]}"),
    (r"encoder\.down_blocks\.(\d)\.downsamplers\.0", lambda m: f"encoder.down.{m[1]}.downsample"),
    (r"decoder\.up_blocks\.(\d)\.resnets\.(\d)", lambda m: f"decoder.up.{1 - int(m[1])}.block.{m[2]}"),
    (r"decoder\.up_blocks\.(\d)\.upsamplers\.0", lambda m: f"decoder.up.{1 - int(m[1])}.upsample"),
    (r"conv_norm_out", lambda _: "norm_out"), (r"conv_shortcut", lambda _: "nin_shortcut"),
    (r"group_norm", lambda _: "norm"), (r"to_out\.0", lambda _: "proj_out"),
    (r"to_([qkv])\.", lambda m: f"{m[1]}."),
]  # fmt: skip
_CLIP = {
    "layer_norm1": "ln_1", "layer_norm2": "ln_2", "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj",
    "self_attn.out_proj": "attn.out_proj",
}  # fmt: skip


def unet_name(name):
    place = max((one for one in _UNET if name.startswith(f"{one}.")), key=len)
    rest = name.removeprefix(f"{place}.")
    if "resnets" in place:
        part, _, kind = rest.partition(".")
        rest = f"{_RESNET[part]}.{kind}"
    return f"model.diffusion_model.{_UNET[place]}.{rest}"


def vae_name(name):
    for pattern, written in _VAE:
        name = re.sub(pattern, written, name)
    return f"first_stage_model.{name}"


def second_text(state):
    """The second text encoder, whose authors keep query, key and value in one matrix."""
    prefix, written = "conditioner.embedders.1.model.", {}
    state = {name.removeprefix("text_model."): value for name, value in state.items()}
    layers = {int(name.split(".")[2]) for name in state if name.startswith("encoder.layers.")}
    for layer in layers:
        for kind in ("weight", "bias"):
            joined = [state.pop(f"encoder.layers.{layer}.self_attn.{one}_proj.{kind}") for one in "qkv"]
            written[f"{prefix}transformer.resblocks.{layer}.attn.in_proj_{kind}"] = torch.cat(joined)
    for name, value in state.items():
        if name.startswith("encoder.layers."):
            new = name.replace("encoder.layers", "transformer.resblocks")
            for ours, theirs in _CLIP.items():
                new = new.replace(ours, theirs)
            written[prefix + new] = value
    written |= {
        f"{prefix}positional_embedding": state["embeddings.position_embedding.weight"],
        f"{prefix}token_embedding.weight": state["embeddings.token_embedding.weight"],
        f"{prefix}ln_final.weight": state["final_layer_norm.weight"],
        f"{prefix}ln_final.bias": state["final_layer_norm.bias"],
        f"{prefix}text_projection": state["text_projection.weight"].T,
    }
    return written


def write(pipeline, path):
    """All networks of a tiny SDXL pipeline, in one file."""
    tensors = {unet_name(name): value for name, value in pipeline.unet.state_dict().items()}
    for name, value in pipeline.vae.state_dict().items():
        is_attention = "attentions" in name and name.endswith("weight") and value.ndim == 2
        tensors[vae_name(name)] = value[..., None, None] if is_attention else value
    first = {f"text_model.{name.removeprefix('text_model.')}": one for name, one in pipeline.text_encoder.state_dict().items()}
    tensors |= {f"conditioner.embedders.0.transformer.{name}": value for name, value in first.items()}
    tensors |= second_text(pipeline.text_encoder_2.state_dict())
    save_file({name: value.contiguous() for name, value in tensors.items()}, path)
