"""Operator: a picture file becomes a low relief."""

import hashlib
from pathlib import Path

import bpy
from bpy.props import BoolProperty, FloatProperty, StringProperty

from ..build import build, picture_pixels
from ..errors import SceneError
from ..notes import note
from ..preferences import preferences
from ..scenes.relief import relief


class ANASTYLOSIS_OT_relief_from_picture(bpy.types.Operator):
    """Read a picture's brightness as height and build it as a closed solid, in metres."""

    bl_idname = "anastylosis.relief_from_picture"
    bl_label = "Relief from Picture"
    bl_description = "Read a picture's brightness as height and build it as a closed solid, in metres"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    filepath: StringProperty(name="Picture", subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_image: BoolProperty(default=True, options={"HIDDEN"})
    width_m: FloatProperty(name="Width", default=1.0, min=0.001, soft_max=10, max=9999, unit="LENGTH", subtype="DISTANCE")
    depth_m: FloatProperty(name="Depth", default=0.02, min=0.0001, soft_max=0.5, max=999, unit="LENGTH", subtype="DISTANCE")
    invert: BoolProperty(name="Dark Is High", default=False)

    def invoke(self, context, _event):
        """Ask for the picture first."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        """Build the relief in the active collection."""
        path = Path(bpy.path.abspath(self.filepath))
        try:
            pixels = picture_pixels(path)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            model = relief(
                pixels,
                width_m=self.width_m,
                depth_m=self.depth_m,
                invert=self.invert,
                source_sha256=digest,
                max_vertices=preferences(context).max_vertices,
            )
            things = build(model, context.collection)
        except SceneError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        note("relief from picture", things, source={"name": path.name, "sha256": digest}, assumptions=model.assumptions)
        self.report({"INFO"}, f"{model.assumptions[0]} It counts as level 6, a rule.")
        return {"FINISHED"}
