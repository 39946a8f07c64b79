"""What can go wrong in scenes and Blender: one root, one class for each thing that a person can act on."""


class SceneError(Exception):
    """Root of every error that this package raises on purpose; its text says what happened, to which file, and what to do."""


class MeasureError(SceneError):
    """A length, a scale or a size is missing, zero, negative or out of all proportion."""


class DrawingError(SceneError):
    """What was read from the drawing cannot stand as a solid: no outline, an opening outside the wall."""


class OpenSolidError(SceneError):
    """A solid is not closed, or is turned inside out, so that its volume means nothing."""


class PresetError(SceneError):
    """A preset of materials was named that is not in the vocabulary."""


class TextureError(SceneError):
    """A picture cannot be carried by the scene: kind of pixels, encoding or size."""


class SceneFileError(SceneError):
    """A scene.json or scene.glb is not one of ours, is damaged, or the two do not belong together."""


class MissingPartError(SceneError):
    """A Python package that this step needs is not there (Blender's own Python has no shapely)."""


class BlenderNotFoundError(SceneError):
    """No Blender, and no Python with bpy, was found."""


class BlenderTooOldError(SceneError):
    """The Blender that was found lacks something that is needed."""


class RenderJobError(SceneError):
    """A render was described wrongly: size, samples, camera or files."""


class RenderFailedError(SceneError):
    """Blender started, and ended without the pictures that were asked for."""


class RenderCancelledError(SceneError):
    """The render was stopped from outside; nothing of it is left."""


class PackagingError(SceneError):
    """The extension cannot be built: no trimesh wheel, a changed one, or Blender refuses the zip."""
