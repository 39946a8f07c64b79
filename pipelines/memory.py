"""How a large model fits: all of it on the accelerator, part by part, layer by layer, or with fewer bits a weight."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, get_args

from pipelines.errors import PackageMissingError, UnsupportedModelError
from pipelines.request import Precision

MODES = ("full", "offload", "sequential", "8bit", "4bit")
_UNCHANGED = (
    'There is no accelerator here, so "{mode}" changes nothing: the whole model lies in the main memory. '
    "Fewer bits a weight (8bit) would save some."
)


@dataclass(frozen=True)
class Memory:
    """One of `MODES`: "full", "offload" (a part at a time), "sequential" (a layer at a time), "8bit", "4bit".

    Raises:
        UnsupportedModelError: for another word, and for "4bit" without an accelerator.
        PackageMissingError: for fewer bits without the package that makes them.
    """

    mode: str = "full"

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise UnsupportedModelError(f"{self.mode} is no way to save memory: give one of {', '.join(MODES)}.")
        if self.is_quantised:
            self._backend()

    @property
    def is_quantised(self) -> bool:
        """Whether weights are rounded, which changes pixels."""
        return self.mode in ("8bit", "4bit")

    @property
    def precision(self) -> Precision:
        """What decides pixels about it, for the Request: offloading moves weights and changes none."""
        if self.mode in get_args(Precision):
            return self.mode  # pyright: ignore[reportReturnType]
        return "16bit" if accelerator() else "32bit"

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know who asked for it."""
        is_idle = self.mode in ("offload", "sequential") and accelerator() is None
        return (_UNCHANGED.format(mode=self.mode),) if is_idle else ()

    def loading(self) -> dict[str, Any]:
        """Arguments for `from_pretrained`.

        The published weights of today's large models have 16 bits, which accelerators compute with; a CPU gets 32, because
        most compute 16 no quicker, and round.
        """
        import torch

        return {"dtype": torch.bfloat16 if accelerator() else torch.float32}

    def quantised(self, parts: list[str]) -> dict[str, Any]:
        """Arguments for a pipeline's `from_pretrained` that round the weights of these parts; none where none are rounded.

        Normalisations, embeddings and the decoder keep their bits: they are small, and rounding shows in them first.
        """
        if not self.is_quantised:
            return {}
        import diffusers

        mapping = {part: self._config("transformers" if part.startswith("text_encoder") else "diffusers") for part in parts}
        return {"quantization_config": diffusers.PipelineQuantizationConfig(quant_mapping=mapping)}

    def place(self, pipeline: Any) -> None:
        """Put a pipeline where it is to run."""
        device = accelerator()
        if device is None:
            return
        if self.mode == "sequential":
            pipeline.enable_sequential_cpu_offload(device=device)
        elif self.mode == "offload":
            pipeline.enable_model_cpu_offload(device=device)
        else:
            pipeline.to(device)

    def _backend(self) -> str:
        """The package that rounds: torchao at 8 bits wherever it is installed, bitsandbytes on accelerators only."""
        has_accelerator = accelerator() is not None
        if self.mode == "4bit" and not has_accelerator:
            raise UnsupportedModelError(
                "4bit needs an accelerator, and there is none here: 8bit is the least that a CPU can do."
            )
        if self.mode == "8bit" and find_spec("torchao") is not None:
            return "torchao"
        if has_accelerator and find_spec("bitsandbytes") is not None:
            return "bitsandbytes"
        needed = "torchao" if self.mode == "8bit" else "bitsandbytes"
        raise PackageMissingError(
            f"{self.mode} needs {needed}, which is not installed: pip install {needed}, or leave --memory out."
        )

    def _config(self, library: str) -> Any:
        import diffusers
        import transformers

        place = transformers if library == "transformers" else diffusers
        if self._backend() == "torchao":
            from torchao.quantization import Int8WeightOnlyConfig

            return place.TorchAoConfig(Int8WeightOnlyConfig())
        if self.mode == "8bit":
            return place.BitsAndBytesConfig(load_in_8bit=True)
        return place.BitsAndBytesConfig(load_in_4bit=True, bnb_4bit_quant_type="nf4")


def accelerator() -> str | None:
    """The kind of accelerator that is here, such as "cuda", or None."""
    import torch

    found = torch.accelerator.current_accelerator(check_available=True)
    return None if found is None else found.type
