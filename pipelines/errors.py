"""What can go wrong in the diffusion pipelines: one root, one class for each thing that a person can act on."""


class PipelineError(Exception):
    """Root of every error that this package raises on purpose; its text says what happened, to which file, and what to do."""


class RequestError(PipelineError):
    """A Request asks for something impossible; the text lists every complaint at once."""


class PixelsError(PipelineError):
    """An array is not a picture that the pipelines can take: its depth, channels or size."""


class MaskError(PipelineError):
    """A mask does not fit its picture, has no hole, or leaves no known pixel."""


class WeightsMissingError(PipelineError):
    """The bundled weights are not in this installation."""


class ModelNotFoundError(PipelineError):
    """A model was named that is neither a folder nor something the hub (or its local cache, when offline) has."""


class UnsafeModelError(PipelineError):
    """A model comes as pickle or wants to run code of its own; only safetensors of known classes are loaded."""


class UnsupportedModelError(PipelineError):
    """A model loads, but is of a kind that cannot do what was asked."""


class PackageMissingError(PipelineError):
    """Something was asked for that needs a package which is not installed; the text says which."""


class ModelChangedError(PipelineError):
    """A file of a model is no longer the one that was fetched and pinned."""
