"""Which model does the work: the bundled one, a folder in diffusers' layout, a single file, or one from the hub.

Only safetensors are loaded, only classes of diffusers and transformers, and never code that comes with a model. With
HF_HUB_OFFLINE=1 nothing is fetched: what is not in the local cache does not exist.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.bundled import bundled_digest, bundled_folder, drawing_digest, drawing_folder
from pipelines.errors import ModelNotFoundError, UnsupportedModelError
from pipelines.known_models import BUNDLED, ModelCard, available_models
from pipelines.memory import Memory
from pipelines.model_files import absent, check_folder, index_of, is_offline, is_single_file, loaded
from pipelines.pins import Pin, pinned_folder

if TYPE_CHECKING:  # importing torch and diffusers takes seconds, and the list of models needs neither
    from pipelines.guest import GuestRestoration
    from pipelines.guest_speculation import GuestSpeculation
    from pipelines.restoration import RestorationPipeline
    from pipelines.restorer import Restorer
    from pipelines.speculation import SpeculationPipeline

__all__ = ["BUNDLED", "ModelCard", "available_models", "load_restoration", "load_speculation"]

_TEXT_OR_NETWORK = ("transformer", "unet", "text_encoder", "text_encoder_2")  # what fewer bits save memory in


def load_restoration(
    model: str = BUNDLED, *, pins: Mapping[str, Pin] | None = None
) -> Restorer | RestorationPipeline | GuestRestoration:
    """What fills holes; called with a RestorationRequest, whatever the model.

    Args:
        model: "bundled"; a folder; or a hub id such as "owner/name".
        pins: what was fetched of repositories on the hub; those that stand there are checked, and loaded from that commit.

    Raises:
        WeightsMissingError, ModelNotFoundError, ModelChangedError, UnsafeModelError, UnsupportedModelError.
    """
    if model == BUNDLED:
        from pipelines.restorer import Restorer

        bundled_digest()  # says so when there are no weights
        return Restorer.of_folder(bundled_folder())
    from pipelines.restoration import RestorationPipeline

    place = _place(model, pins)
    name = index_of(place)["_class_name"]
    if name == "RestorationPipeline":
        return loaded(place, RestorationPipeline)
    import diffusers

    from pipelines.guest import GuestRestoration

    own_class = getattr(diffusers, name, None)
    if own_class is not None and "mask_image" in inspect.signature(own_class.__call__).parameters:
        pipeline = loaded(place, own_class)  # FLUX Fill and others are not in the automatic table
    else:
        pipeline = loaded(place, diffusers.AutoPipelineForInpainting)
    if "mask_image" not in inspect.signature(pipeline.__call__).parameters:
        raise UnsupportedModelError(f"{model} is a {name}, which takes no mask: name an inpainting model.")
    return GuestRestoration(pipeline, model)


def load_speculation(
    model: str = BUNDLED, *, pins: Mapping[str, Pin] | None = None, lora: Path | None = None, memory: Memory | None = None
) -> SpeculationPipeline | GuestSpeculation:
    """The pipeline that paints variants; called with a SpeculationRequest, whatever the model.

    Args:
        model: "bundled"; a pipeline with a ControlNet, of FLUX.2 or of Z-Image, as folder, single safetensors file or hub id;
            or "BASE+CONTROLNET", each of them one of the three.
        pins: as for `load_restoration`.
        lora: safetensors file of differences to add to a model from elsewhere.
        memory: how a model from elsewhere is made to fit.

    Raises:
        WeightsMissingError, ModelNotFoundError, ModelChangedError, UnsafeModelError, UnsupportedModelError,
        PackageMissingError.
    """
    from pipelines.speculation import SpeculationPipeline

    memory = memory or Memory()
    if model == BUNDLED:
        _refuse_for_our_own(model, lora, memory)
        drawing_digest()
        return loaded(str(drawing_folder()), SpeculationPipeline)
    from pipelines.lora import add_lora, check_lora

    if lora is not None:
        check_lora(lora)
    base, *others = (_place(part, pins) for part in model.split("+"))
    file, rest = (None, base) if not is_single_file(base) else _apart(base, pins)
    index = index_of(rest)
    if index["_class_name"] in ("RestorationPipeline", "SpeculationPipeline"):
        _refuse_for_our_own(model, lora, memory)
        return loaded(rest, SpeculationPipeline)
    from pipelines.guest_speculation import GuestSpeculation

    parts: dict[str, Any] = memory.loading()
    kind = _painter(model, index["_class_name"], others, parts)
    if file is not None:
        if memory.is_quantised:
            raise UnsupportedModelError(f"{file} is a single file, which is loaded as it is: {memory.mode} needs a folder.")
        from pipelines.single_file import opened

        pipeline = opened(file, rest, kind, **parts)
    else:
        pipeline = loaded(rest, kind, **parts, **memory.quantised([part for part in _TEXT_OR_NETWORK if _is_part(index, part)]))
    if lora is not None:
        add_lora(pipeline, lora)
    memory.place(pipeline)
    return GuestSpeculation(pipeline, model, memory)


def _painter(model: str, name: str, others: list[str], parts: dict[str, Any]) -> Any:
    """The class of pipeline that is led by lines or pictures; a ControlNet that was named joins the parts."""
    import diffusers

    if len(others) > 1:
        raise UnsupportedModelError(
            f'{model} names {len(others)} models beside the first: give one ControlNet, "BASE+CONTROLNET".'
        )
    if not others:
        if ("ControlNet" in name or name.startswith(("Flux2", "ZImage"))) and hasattr(diffusers, name):
            return getattr(diffusers, name)
        raise UnsupportedModelError(
            f'{model} is a {name}, which follows no lines: name a ControlNet pipeline, or "{model}+CONTROLNET" with the '
            "folder or hub id of a ControlNet that fits it."
        )
    control = parts["controlnet"] = _control(others[0], parts["dtype"])
    stem = name.removesuffix("Pipeline").removesuffix("Img2Img")
    wanted = f"{stem}{'ControlNetUnion' if 'Union' in type(control).__name__ else 'ControlNet'}Pipeline"
    kind = getattr(diffusers, wanted, None)
    if kind is None:
        raise UnsupportedModelError(f"{model}: there is no {wanted}, so a {name} cannot be led by a {type(control).__name__}.")
    needed = inspect.signature(kind.__init__).parameters["controlnet"].annotation
    if type(control).__name__ not in str(needed):
        raise UnsupportedModelError(f"{model}: a {type(control).__name__} does not fit a {name}; one of {needed} does.")
    return kind


def _control(place: str, dtype: Any) -> Any:
    from pipelines.single_file import control_class, opened_control

    folder = Path(place)
    if folder.is_dir() and not (folder / "config.json").is_file():
        found = sorted(folder.glob("*.safetensors"))
        place = str(found[0]) if len(found) == 1 else place  # published as one file
    if is_single_file(place):
        return opened_control(Path(place), dtype)
    check_folder(place, "config.json")
    if folder.is_dir():
        return loaded(place, control_class(folder / "config.json"), dtype=dtype)
    from huggingface_hub import hf_hub_download

    try:
        config = hf_hub_download(place, "config.json", local_files_only=is_offline())
    except OSError as error:
        raise ModelNotFoundError(absent(place)) from error
    return loaded(place, control_class(Path(config)), dtype=dtype)


def _apart(file: str, pins: Mapping[str, Pin] | None) -> tuple[Path, str]:
    """A single file, and the place of what it leaves out."""
    from pipelines.single_file import rest_of

    return Path(file), _place(rest_of(Path(file)), pins)


def _place(part: str, pins: Mapping[str, Pin] | None) -> str:
    """Folder of a pinned repository, after its files were checked; anything else as it was named."""
    if pins and part in pins and not Path(part).exists():
        return str(pinned_folder(part, pins[part]))
    return part


def _refuse_for_our_own(model: str, lora: Path | None, memory: Memory) -> None:
    if lora is not None:
        raise UnsupportedModelError(f"{model} takes no LoRA: leave --lora out, or name another model.")
    if memory.mode != "full":
        raise UnsupportedModelError(f"{model} needs less than 0.1 GB: leave --memory out, or name another model.")


def _is_part(index: dict[str, Any], part: str) -> bool:
    return isinstance(index.get(part), list | tuple) and index[part][0] is not None
