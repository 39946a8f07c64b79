"""Which model does the work: the bundled one, a folder in diffusers' layout, or one from the hub.

Only safetensors are loaded, only classes of diffusers and transformers, and never code that comes with a model. With
HF_HUB_OFFLINE=1 nothing is fetched: what is not in the local cache does not exist.
"""

from __future__ import annotations

import inspect
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.bundled import bundled_digest, bundled_folder, drawing_digest, drawing_folder, is_bundled
from pipelines.errors import ModelNotFoundError, UnsafeModelError, UnsupportedModelError

if TYPE_CHECKING:  # importing torch and diffusers takes seconds, and the list of models needs neither
    from pipelines.guest import GuestRestoration, GuestSpeculation
    from pipelines.restoration import RestorationPipeline
    from pipelines.speculation import SpeculationPipeline

BUNDLED = "bundled"
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[\w.-]+")
_PICKLES = {".ckpt", ".pt", ".pth", ".bin", ".pkl"}
_LIBRARIES = {"diffusers", "transformers", "pipelines.network"}


@dataclass(frozen=True)
class ModelCard:
    """One model that may be named in a Request.

    Attributes:
        id: what stands in the Request's `model`; "BASE+CONTROLNET" for two folders or hub ids that work together.
        title: for people.
        licence: its name.
        licence_note: what to look at before publishing with it.
        kind: "restoration", "speculation" or "both".
        memory: what its weights need.
        where: folder, or address on the hub.
        is_present: True when it can be loaded now without the network.
    """

    id: str
    title: str
    licence: str
    licence_note: str
    kind: str
    memory: str
    where: str
    is_present: bool


# Licences as published with the models when this list was made; they change, and nobody here is a lawyer.
_NOTE = "read the licence on the model's page before publishing: it was not verified here"
_KNOWN = (
    ("stable-diffusion-v1-5/stable-diffusion-inpainting", "Stable Diffusion 1.5 inpainting", "CreativeML OpenRAIL-M", _NOTE,
     "restoration", "about 4 GB of weights at 32 bits"),
    ("diffusers/stable-diffusion-xl-1.0-inpainting-0.1", "Stable Diffusion XL inpainting", "CreativeML OpenRAIL++-M", _NOTE,
     "restoration", "about 14 GB of weights at 32 bits"),
    ("black-forest-labs/FLUX.1-Fill-dev", "FLUX.1 Fill [dev]", "FLUX.1 [dev] Non-Commercial",
     "not for commercial use; asks for consent on its page", "restoration", "about 34 GB of weights at 16 bits"),
    ("stable-diffusion-v1-5/stable-diffusion-v1-5+lllyasviel/control_v11p_sd15_lineart", "Stable Diffusion 1.5 led by line art",
     "CreativeML OpenRAIL-M", _NOTE, "speculation", "about 6 GB of weights at 32 bits"),
)  # fmt: skip


def available_models() -> list[ModelCard]:
    """The bundled model, and a few from the hub that are known to fit; any other may be named as well."""
    bundled = ModelCard(
        BUNDLED,
        "Anastylosis",
        "see the model card beside the weights",
        "made for this software from public-domain pictures",
        "both",
        "less than 0.1 GB of weights",
        str(bundled_folder()),
        is_bundled(),
    )
    cards = [ModelCard(*known, f"https://huggingface.co/{known[0].split('+')[0]}", _is_cached(known[0])) for known in _KNOWN]
    return [bundled, *cards]


def load_restoration(model: str = BUNDLED) -> RestorationPipeline | GuestRestoration:
    """The pipeline that fills holes; called with a RestorationRequest, whatever the model.

    Args:
        model: "bundled"; a folder; or a hub id such as "owner/name".

    Raises:
        WeightsMissingError, ModelNotFoundError, UnsafeModelError, UnsupportedModelError.
    """
    from pipelines.restoration import RestorationPipeline

    if model == BUNDLED:
        bundled_digest()  # says so when there are no weights
        return _loaded(str(bundled_folder()), RestorationPipeline)
    name = _class_name(model)
    if name == "RestorationPipeline":
        return _loaded(model, RestorationPipeline)
    import diffusers

    from pipelines.guest import GuestRestoration

    own_class = getattr(diffusers, name, None)
    if own_class is not None and "mask_image" in inspect.signature(own_class.__call__).parameters:
        pipeline = _loaded(model, own_class)  # FLUX Fill and others are not in the automatic table
    else:
        pipeline = _loaded(model, diffusers.AutoPipelineForInpainting)
    if "mask_image" not in inspect.signature(pipeline.__call__).parameters:
        raise UnsupportedModelError(f"{model} is a {name}, which takes no mask: name an inpainting model.")
    return GuestRestoration(pipeline, model)


def load_speculation(model: str = BUNDLED) -> SpeculationPipeline | GuestSpeculation:
    """The pipeline that paints variants; called with a SpeculationRequest, whatever the model.

    Args:
        model: "bundled"; a ControlNet pipeline as folder or hub id; or "BASE+CONTROLNET".

    Raises:
        WeightsMissingError, ModelNotFoundError, UnsafeModelError, UnsupportedModelError.
    """
    from pipelines.speculation import SpeculationPipeline

    if model == BUNDLED:
        drawing_digest()
        return _loaded(str(drawing_folder()), SpeculationPipeline)
    base, _, control = model.partition("+")
    name = _class_name(base)
    if name in ("RestorationPipeline", "SpeculationPipeline"):
        return _loaded(base, SpeculationPipeline)
    import diffusers

    from pipelines.guest import GuestSpeculation

    if control:
        _check_folder(control, "config.json")
        controlnet = _loaded(control, diffusers.ControlNetModel)
        pipeline = _loaded(base, diffusers.AutoPipelineForText2Image, controlnet=controlnet)
    elif "ControlNet" in name and hasattr(diffusers, name):
        pipeline = _loaded(base, getattr(diffusers, name))
    else:
        raise UnsupportedModelError(
            f'{model} is a {name}, which follows no lines: name a ControlNet pipeline, or "{model}+CONTROLNET" with the '
            "folder or hub id of a ControlNet that fits it."
        )
    return GuestSpeculation(pipeline, model)


def _class_name(model: str) -> str:
    """Read `model_index.json`, and refuse what it should not ask for."""
    _check_folder(model, "model_index.json")
    import diffusers

    try:
        index = diffusers.DiffusionPipeline.load_config(model, local_files_only=_is_offline())
    except (OSError, ValueError) as error:
        raise ModelNotFoundError(_absent(model)) from error
    parts = {key: value for key, value in index.items() if isinstance(value, list) and len(value) == 2}
    for part, (library, name) in parts.items():
        known = library is None or library in _LIBRARIES or hasattr(diffusers.pipelines, str(library))
        if not known:
            raise UnsafeModelError(
                f"{model} wants {library}.{name} for its {part}: only classes of diffusers and transformers are loaded."
            )
    name = index.get("_class_name")
    if not isinstance(name, str):
        raise UnsafeModelError(f"{model} wants a pipeline class of its own: code that comes with a model is never run.")
    return name


def _check_folder(model: str, index: str) -> None:
    """Complain early and plainly about what is not a folder in diffusers' layout, or not a hub id."""
    path = Path(model)
    if path.is_file():
        if path.suffix in _PICKLES:
            raise UnsafeModelError(f"{model} is a pickle, which can run any code when opened: give a folder of safetensors.")
        raise UnsupportedModelError(f"{model} is a single file: give a folder in diffusers' layout, with {index} in it.")
    if path.is_dir():
        if not (path / index).is_file():
            raise UnsupportedModelError(f"{model} has no {index}: give a folder in diffusers' layout.")
        _check_json(path / index)
        if not any(path.rglob("*.safetensors")):
            kind = "only pickles" if any(file.suffix in _PICKLES for file in path.rglob("*")) else "no weights"
            raise UnsafeModelError(f"{model} holds {kind}: only safetensors are loaded.")
    elif not _HUB_ID.fullmatch(model):
        raise ModelNotFoundError(f"{model} is neither a folder nor a hub id: give one of the two, or leave the model out.")


def _check_json(path: Path) -> None:
    try:
        is_object = isinstance(json.loads(path.read_text(encoding="utf-8")), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise UnsupportedModelError(f"{path} is not a JSON object: the model was not saved by diffusers, or is damaged.")


def _loaded(model: str, loader: Any, **parts: Any) -> Any:
    import torch

    is_local = _is_offline() or Path(model).is_dir()
    try:
        # 32 bits whatever the file holds: half precision is not quicker on most CPUs, and rounds
        with _quiet():
            return loader.from_pretrained(model, use_safetensors=True, local_files_only=is_local, dtype=torch.float32, **parts)
    except OSError as error:
        if "safetensors" in str(error):
            raise UnsafeModelError(f"{model} has a part without safetensors: pickles are never loaded.") from error
        raise ModelNotFoundError(_absent(model)) from error
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise UnsupportedModelError(f"{model} cannot be loaded as {loader.__name__}: {str(error)[:300]}") from error


@contextmanager
def _quiet() -> Iterator[None]:
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


def _absent(model: str) -> str:
    if _is_offline():
        return f"{model} is not in the local cache, and HF_HUB_OFFLINE forbids to fetch it: unset it, or name a folder."
    return f"{model} was not found on the hub, or asks for consent there: look at https://huggingface.co/{model}."


def _is_offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def _is_cached(model: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    base, _, control = model.partition("+")
    needed = [(base, "model_index.json")] + ([(control, "config.json")] if control else [])
    return all(isinstance(try_to_load_from_cache(repository, name), str) for repository, name in needed)
