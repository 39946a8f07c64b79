"""Operator: open a scene.json and the scene.glb beside it."""

import hashlib
from pathlib import Path

import bpy
from bpy.props import StringProperty

from ..build import build, read_scene
from ..errors import SceneError
from ..notes import note


class ANASTYLOSIS_OT_scene_from_release(bpy.types.Operator):
    """Open a façade, plan, room or relief that the studio released, with its levels and evidence."""

    bl_idname = "anastylosis.scene_from_release"
    bl_label = "Scene from Release"
    bl_description = "Open a façade, plan, room or relief that the studio released, with its levels and evidence"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    filepath: StringProperty(name="scene.json", subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: StringProperty(default="*.json", options={"HIDDEN"})

    def invoke(self, context, _event):
        """Ask for the file first."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context):
        """Build the scene in the active collection."""
        path = Path(bpy.path.abspath(self.filepath))
        if path.is_dir():
            path /= "scene.json"
        try:
            model = read_scene(path)
            things = build(model, context.collection)
        except SceneError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        digests = {
            one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in (path, path.with_suffix(".glb"))
        }
        note("scene from release", things, source=digests, assumptions=model.assumptions)
        self.report({"INFO"}, f"{model.name}: {len(things)} objects, in metres.")
        return {"FINISHED"}
