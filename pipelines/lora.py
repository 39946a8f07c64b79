"""A LoRA: a small file of differences that teaches a model from elsewhere one style or subject."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipelines.errors import ModelNotFoundError, PackageMissingError, UnsafeModelError, UnsupportedModelError
from pipelines.model_files import quiet

_NAME = "chosen"


def check_lora(path: Path) -> None:
    """Refuse what is no LoRA before a large model is loaded for it.

    Raises:
        ModelNotFoundError, UnsafeModelError, UnsupportedModelError, PackageMissingError.
    """
    if not path.is_file():
        raise ModelNotFoundError(f"{path} is no file: give the LoRA's .safetensors file.")
    if path.suffix != ".safetensors":
        raise UnsafeModelError(f"{path} is not a .safetensors file: only safetensors are loaded.")
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            names = list(file.keys())
    except (SafetensorError, OSError) as error:
        raise UnsupportedModelError(f"{path} is not a safetensors file, or is damaged: {error}") from error
    if not any("lora" in name.lower() for name in names):
        raise UnsupportedModelError(f"{path} holds no LoRA: none of its {len(names)} tensors is called one.")
    if find_spec("peft") is None:
        raise PackageMissingError("A LoRA needs peft, which is not installed: pip install peft, or leave --lora out.")


def add_lora(pipeline: Any, path: Path) -> None:
    """Add a LoRA's differences to a loaded pipeline, at their full strength.

    Raises:
        UnsupportedModelError: when the pipeline takes none, or the file fits none of its layers.
    """
    kind = type(pipeline).__name__
    if not hasattr(pipeline, "load_lora_weights"):
        raise UnsupportedModelError(f"{kind} takes no LoRA: leave --lora out, or name another model.")
    try:
        with quiet():
            pipeline.load_lora_weights(str(path.parent), weight_name=path.name, adapter_name=_NAME, use_safetensors=True)
    except (ValueError, KeyError, IndexError, RuntimeError, TypeError, OSError) as error:
        raise UnsupportedModelError(f"{path} does not fit {kind}: {str(error)[:300]}") from error
    if not pipeline.get_list_adapters():
        raise UnsupportedModelError(f"{path} does not fit {kind}: it was made for none of its layers.")
