"""What can go wrong in the diffusion pipelines: one root, one class for each thing that a person can act on."""


class PipelineError(Exception):
    """Root of every error that this package raises on purpose; its text says what happened, to which file, and what to do."""
