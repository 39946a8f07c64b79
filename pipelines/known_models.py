"""Models that people are shown by name: what each is for, its licence, where that licence does not reach. Imports no torch."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.bundled import bundled_folder, is_bundled

BUNDLED = "bundled"
WHEN = "as published when this list was made"  # licences change, and nobody here is a lawyer
_NO_BORDER = "the licence leaves no territory out"
_UNKNOWN = "read the licence for territories that it leaves out: some leave out the European Union"


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
        territory: where the licence does not reach.
    """

    id: str
    title: str
    licence: str
    licence_note: str
    kind: str
    memory: str
    where: str
    is_present: bool
    territory: str = _UNKNOWN


_PERMISSIVE = f"{WHEN}: permissive, also for commercial use"
_RAIL = f"{WHEN}: open, with uses that it forbids; read them before publishing"
# Permissive licences first.
_KNOWN = (
    ("black-forest-labs/FLUX.2-klein-4B", "FLUX.2 [klein] 4B, shown the lines as a picture", "Apache-2.0",
     f"{_PERMISSIVE}; its larger sister of 9B is not", "speculation", "about 16 GB of weights at 16 bits", _NO_BORDER),
    ("Tongyi-MAI/Z-Image-Turbo", "Z-Image Turbo, from a lit view or the lines; add +CONTROLNET.safetensors to be led by lines",
     "Apache-2.0", _PERMISSIVE, "speculation", "about 21 GB of weights at 16 bits", _NO_BORDER),
    ("Qwen/Qwen-Image+InstantX/Qwen-Image-ControlNet-Union", "Qwen-Image led by lines", "Apache-2.0", _PERMISSIVE,
     "speculation", "about 61 GB of weights at 16 bits", _NO_BORDER),
    ("stabilityai/stable-diffusion-xl-base-1.0+xinsir/controlnet-union-sdxl-1.0", "Stable Diffusion XL led by lines and depth",
     "CreativeML OpenRAIL++-M (SDXL) and Apache-2.0 (ControlNet)", _RAIL, "speculation",
     "about 17 GB of weights at 32 bits", _NO_BORDER),
    ("stable-diffusion-v1-5/stable-diffusion-v1-5+lllyasviel/control_v11p_sd15_lineart", "Stable Diffusion 1.5 led by line art",
     "CreativeML OpenRAIL-M", _RAIL, "speculation", "about 6 GB of weights at 32 bits", _NO_BORDER),
    ("stable-diffusion-v1-5/stable-diffusion-inpainting", "Stable Diffusion 1.5 inpainting", "CreativeML OpenRAIL-M", _RAIL,
     "restoration", "about 4 GB of weights at 32 bits", _NO_BORDER),
    ("diffusers/stable-diffusion-xl-1.0-inpainting-0.1", "Stable Diffusion XL inpainting", "CreativeML OpenRAIL++-M", _RAIL,
     "restoration", "about 14 GB of weights at 32 bits", _NO_BORDER),
    ("black-forest-labs/FLUX.1-Fill-dev", "FLUX.1 Fill [dev]", "FLUX.1 [dev] Non-Commercial",
     f"{WHEN}: not for commercial use; asks for consent on its page", "restoration", "about 34 GB of weights at 16 bits",
     _UNKNOWN),
)  # fmt: skip
_PARTS = {
    "stabilityai/stable-diffusion-xl-base-1.0": "CreativeML OpenRAIL++-M",
    "xinsir/controlnet-union-sdxl-1.0": "Apache-2.0",
}
_EVERYWHERE = {"apache-2.0", "mit", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-4.0"}  # as the hub writes them
# A licence whose published text leaves territories out: by a word of its name.
_BORDERS = {
    "hunyuan": "the licence leaves out the European Union, the United Kingdom and South Korea",
    "tencent": "the licence may leave out the European Union, the United Kingdom and South Korea",
}


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
        _NO_BORDER,
    )
    cards = [
        ModelCard(*known[:6], f"https://huggingface.co/{known[0].split('+')[0]}", _is_cached(known[0]), known[6])
        for known in _KNOWN
    ]
    return [bundled, *cards]


def known_licence(repository: str) -> tuple[str, str] | None:
    """Licence and note of one repository of the list, or None when it does not stand there."""
    if repository in _PARTS:
        return _PARTS[repository], _PERMISSIVE if _PARTS[repository].startswith("Apache") else _RAIL
    for model, _, licence, note, *_ in _KNOWN:
        if repository in model.split("+"):
            return licence, note
    return None


def territory(repository: str, licence: str) -> str:
    """Where a repository's licence does not reach, as far as the list or the licence's name tells."""
    for word, said in _BORDERS.items():
        if word in f"{repository} {licence}".lower():
            return f"{WHEN}: {said}"
    for known in _KNOWN:
        if repository in known[0].split("+"):
            return f"{WHEN}: {known[6]}"
    return _NO_BORDER if licence.lower() in _EVERYWHERE else _UNKNOWN


def _is_cached(model: str) -> bool:
    from huggingface_hub import try_to_load_from_cache

    base, *others = model.split("+")
    needed = [(base, "model_index.json"), *((other, "config.json") for other in others)]
    return all(isinstance(try_to_load_from_cache(repository, name), str) for repository, name in needed)
