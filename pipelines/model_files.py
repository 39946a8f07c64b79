"""What lies in a model's folder, and how it is opened: safetensors only, known classes only, nothing fetched when offline."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipelines.errors import ModelNotFoundError, UnsafeModelError, UnsupportedModelError

HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_PICKLES = {".ckpt", ".pt", ".pth", ".bin", ".pkl"}
_LIBRARIES = {"diffusers", "transformers", "pipelines.network"}


def is_single_file(part: str) -> bool:
    """Whether a part of a model's name is one safetensors file."""
    return part.endswith(".safetensors") and Path(part).is_file()


def index_of(model: str) -> dict[str, Any]:
    """Read `model_index.json`, and refuse what it should not ask for; "_class_name" is a text.

    Raises:
        ModelNotFoundError, UnsafeModelError, UnsupportedModelError.
    """
    check_folder(model, "model_index.json")
    import diffusers

    try:
        index = dict(diffusers.DiffusionPipeline.load_config(model, local_files_only=is_offline()))
    except (OSError, ValueError) as error:
        raise ModelNotFoundError(absent(model)) from error
    parts = {key: value for key, value in index.items() if isinstance(value, list) and len(value) == 2}
    for part, (library, name) in parts.items():
        known = library is None or library in _LIBRARIES or hasattr(diffusers.pipelines, str(library))
        if not known:
            raise UnsafeModelError(
                f"{model} wants {library}.{name} for its {part}: only classes of diffusers and transformers are loaded."
            )
    if not isinstance(index.get("_class_name"), str):
        raise UnsafeModelError(f"{model} wants a pipeline class of its own: code that comes with a model is never run.")
    return index


def check_folder(model: str, index: str) -> None:
    """Complain early and plainly about what is not a folder in diffusers' layout, or not a hub id."""
    path = Path(model)
    if path.is_file():
        if path.suffix in _PICKLES:
            raise UnsafeModelError(f"{model} is a pickle, which can run any code when opened: give a folder of safetensors.")
        raise UnsupportedModelError(f"{model} is a single file: give a folder in diffusers' layout, with {index} in it.")
    if path.is_dir():
        if not (path / index).is_file():
            raise UnsupportedModelError(f"{model} has no {index}: give a folder in diffusers' layout.")
        read_json(path / index)
        if not any(path.rglob("*.safetensors")):
            kind = "only pickles" if any(file.suffix in _PICKLES for file in path.rglob("*")) else "no weights"
            raise UnsafeModelError(f"{model} holds {kind}: only safetensors are loaded.")
    elif not HUB_ID.fullmatch(model):
        raise ModelNotFoundError(f"{model} is neither a folder nor a hub id: give one of the two, or leave the model out.")


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file. Raises: UnsupportedModelError when it is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise UnsupportedModelError(f"{path} is not a JSON object: the model was not saved by diffusers, or is damaged.")
    return found


def loaded(model: str, loader: Any, **parts: Any) -> Any:
    """`loader.from_pretrained(model)`, with the errors of this package.

    Args:
        parts: components and options; "dtype" is 32 bits unless it stands there, whatever the file holds.
    """
    return opening(model, loader, "from_pretrained", model, use_safetensors=True, **parts)


def opening(model: str, loader: Any, how: str, *what: str, **parts: Any) -> Any:
    """Call one of the library's ways to open weights, quietly, offline where it must be, and name what goes wrong."""
    import torch

    is_local = is_offline() or Path(what[0]).exists()
    options = {"local_files_only": is_local, "dtype": torch.float32, **parts}
    try:
        with quiet():
            return getattr(loader, how)(*what, **options)
    except OSError as error:
        if "safetensors" in str(error):
            raise UnsafeModelError(f"{model} has a part without safetensors: pickles are never loaded.") from error
        raise ModelNotFoundError(absent(model)) from error
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UnsupportedModelError(f"{model} cannot be loaded as {loader.__name__}: {str(error)[:300]}") from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' progress bars away: what stands on stderr is for the caller to decide."""
    from diffusers.utils import logging as of_diffusers
    from transformers.utils import logging as of_transformers

    were_on = [library for library in (of_diffusers, of_transformers) if library.is_progress_bar_enabled()]
    for library in were_on:
        library.disable_progress_bar()
    try:
        yield
    finally:
        for library in were_on:
            library.enable_progress_bar()


def absent(model: str) -> str:
    """What to say of a model that is not here."""
    if is_offline():
        return f"{model} is not in the local cache, and HF_HUB_OFFLINE forbids to fetch it: unset it, or name a folder."
    return f"{model} was not found on the hub, or asks for consent there: look at https://huggingface.co/{model}."


def is_offline() -> bool:
    """Whether the person forbade the hub."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}
