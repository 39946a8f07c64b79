"""Models that come as one safetensors file: a whole checkpoint, a ControlNet, or the network that draws alone.

What a file leaves out (text encoder, decoder, configuration) comes from the folder in which it lies, where that is a model in
diffusers' layout; otherwise from the repository in which its family was published.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.errors import ModelNotFoundError, UnsupportedModelError
from pipelines.model_files import absent, index_of, is_offline, opening, read_json

_WHOLE = ("first_stage_model.", "cond_stage_model.", "conditioner.")  # the decoder or the text encoders lie in it too
_CONTROL = ("control_", "controlnet_", "control_model.")
# By the name of one tensor: where the rest of the model was published.
_PUBLISHED = {
    "layers.0.adaLN_modulation.0.weight": "Tongyi-MAI/Z-Image-Turbo",
    "single_stream_modulation.lin.weight": "black-forest-labs/FLUX.2-klein-4B",
    "single_stream_modulation.linear.weight": "black-forest-labs/FLUX.2-klein-4B",
    "transformer_blocks.0.attn.add_q_proj.weight": "Qwen/Qwen-Image",
}


def tensor_names(path: Path) -> list[str]:
    """Names of the tensors in a safetensors file. Raises: UnsupportedModelError when it is none."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np") as file:
            return list(file.keys())
    except (SafetensorError, OSError) as error:
        raise UnsupportedModelError(f"{path} is not a safetensors file, or is damaged: {error}") from error


def rest_of(path: Path) -> str:
    """Folder or hub id of what the file leaves out. Raises: UnsupportedModelError when nothing tells."""
    names = tensor_names(path)
    if any(name.startswith(_CONTROL) for name in names):
        raise UnsupportedModelError(f'{path} is a ControlNet, which draws nothing alone: name "BASE+{path}".')
    if (path.parent / "model_index.json").is_file():
        return str(path.parent)
    if _is_whole(names):
        return "stabilityai/stable-diffusion-xl-base-1.0" if _is_xl(names) else "stable-diffusion-v1-5/stable-diffusion-v1-5"
    for name, repository in _PUBLISHED.items():
        if {name, f"model.diffusion_model.{name}"} & set(names):
            return repository
    raise UnsupportedModelError(
        f"{path} is of no family that is known here: put it into a folder in diffusers' layout (model_index.json, text "
        "encoder, decoder), and name it there."
    )


def opened(path: Path, rest: str, pipeline: Any, **parts: Any) -> Any:
    """The pipeline whose drawing network lies in the file, and whose other parts lie in `rest`.

    Args:
        rest: folder or hub id in diffusers' layout.
        pipeline: class of diffusers.
        parts: components that are loaded already, such as a ControlNet, and "dtype".

    Raises:
        UnsupportedModelError: for a family that cannot be opened from a file, or a file that does not fit.
        ModelNotFoundError: when the rest is not here.
    """
    if _is_whole(tensor_names(path)):
        if not hasattr(pipeline, "from_single_file"):
            raise UnsupportedModelError(f"{pipeline.__name__} cannot be opened from the single file {path}: give a folder.")
        _check_there(path, rest)
        return _single(path, pipeline, config=rest, **parts)
    index = index_of(rest)
    part = "transformer" if "transformer" in index else "unet"
    network = _network(path, rest, part, index[part][1], parts.get("dtype"))
    return opening(rest, pipeline, "from_pretrained", rest, use_safetensors=True, **parts, **{part: network})


def opened_control(path: Path, dtype: Any) -> Any:
    """The ControlNet in a file: by the `config.json` beside it, or as the family's own published layout tells."""
    import diffusers

    config = path.parent / "config.json"
    if config.is_file():
        kind = control_class(config)
        return _filled(path, kind.from_config(read_json(config)), dtype)
    names = tensor_names(path)
    if any(name.startswith("control_all_x_embedder") for name in names):
        try:
            return _single(path, diffusers.ZImageControlNetModel, dtype=dtype, local_files_only=is_offline())
        except ModelNotFoundError as error:
            raise ModelNotFoundError(
                f"{path} leaves out its settings: put its config.json beside it, or go online once."
            ) from error
    if any(name.startswith(_CONTROL) for name in names):
        return _single(path, diffusers.ControlNetModel, dtype=dtype)
    raise UnsupportedModelError(
        f"{path} does not say which ControlNet it is: put its config.json beside it, or give its folder."
    )


def control_class(config: Path) -> Any:
    """The ControlNet class that a `config.json` names. Raises: UnsupportedModelError when it names no such class."""
    import diffusers

    stated = read_json(config)
    name = stated.get("_class_name")
    if name == "ControlNetModel" and "num_control_type" in stated:
        name = "ControlNetUnionModel"  # published before diffusers had that class
    if not isinstance(name, str) or "ControlNet" not in name or not hasattr(diffusers, name):
        raise UnsupportedModelError(f"{config.parent} is a {name}, not a ControlNet that diffusers knows: name one.")
    return getattr(diffusers, name)


def _network(path: Path, rest: str, part: str, name: str, dtype: Any) -> Any:
    import diffusers

    kind = getattr(diffusers, name, None)
    if kind is None:
        raise UnsupportedModelError(f"{path} belongs to a {name}, which diffusers does not have.")
    names = set(tensor_names(path))
    config = Path(rest) / part / "config.json"
    if config.is_file():
        import accelerate

        # saved by diffusers itself, under its own names: no family's converter is needed
        with accelerate.init_empty_weights():
            own = set(kind.from_config(read_json(config)).state_dict())
        if own == names:
            return _filled(path, kind.from_config(read_json(config)), dtype)
    if not hasattr(kind, "from_single_file"):
        raise UnsupportedModelError(
            f"A {name} cannot be opened from the single file {path}: give a folder in diffusers' layout."
        )
    return _single(path, kind, config=rest, subfolder=part, dtype=dtype)


def _filled(path: Path, network: Any, dtype: Any) -> Any:
    from safetensors.torch import load_file

    try:
        network.load_state_dict(load_file(path))
    except RuntimeError as error:
        raise UnsupportedModelError(f"{path} does not fit its configuration: {str(error)[:300]}") from error
    return network.to(dtype).eval()


def _single(path: Path, loader: Any, **options: Any) -> Any:
    try:
        return opening(str(path), loader, "from_single_file", str(path), **options)
    except (AttributeError, IndexError, AssertionError) as error:  # a converter met a layout that it was not written for
        raise UnsupportedModelError(f"{path} cannot be opened as {loader.__name__}: {error!r:.200}") from error


def _check_there(path: Path, rest: str) -> None:
    try:
        index_of(rest)
    except ModelNotFoundError as error:
        raise ModelNotFoundError(f"{path} leaves out its configuration, which lies in {rest}: {absent(rest)}") from error


def _is_whole(names: list[str]) -> bool:
    return any(name.startswith(_WHOLE) for name in names)


def _is_xl(names: list[str]) -> bool:
    return any(name.startswith("conditioner.embedders.1.") for name in names)
