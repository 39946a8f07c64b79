"""What can go wrong in scenes and Blender: one root, one class for each thing that a person can act on."""


class SceneError(Exception):
    """Root of every error that this package raises on purpose; its text says what happened, to which file, and what to do."""
