"""Operator: say of the selected objects how well they are known and why, for the record of the next release."""

import bpy
from bpy.props import EnumProperty, StringProperty

from ..build import set_level
from ..notes import note
from ..scenes.levels import LEVELS

# Blender keeps no reference to the strings of an enumeration, so they must live as long as the module.
CHOICES = [(str(step.number), f"{step.number} {step.name}", step.gist) for step in LEVELS]


class ANASTYLOSIS_OT_publish_note(bpy.types.Operator):
    """Say how well the selected objects are known and why; it goes into the next release's record."""

    bl_idname = "anastylosis.publish_note"
    bl_label = "Note for the Record"
    bl_description = "Say how well the selected objects are known and why; it goes into the next release's record"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    level: EnumProperty(name="Level", items=CHOICES, default="7")
    text: StringProperty(name="Because", description="What it was made from, or why it is a guess")

    @classmethod
    def poll(cls, context):
        """A statement needs something that it is about."""
        if any(thing.type == "MESH" for thing in context.selected_objects):
            return True
        cls.poll_message_set("Select the mesh objects that the statement is about")
        return False

    def invoke(self, context, _event):
        """Ask for level and reason."""
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context):
        """Write level and author onto the objects, and the statement into the notes."""
        if not self.text.strip():
            self.report({"ERROR"}, "Say in one sentence what this is known from; nothing was noted.")
            return {"CANCELLED"}
        things = [thing for thing in context.selected_objects if thing.type == "MESH"]
        for thing in things:
            set_level(thing, int(self.level), author="person")
        note("statement", things, text=self.text.strip())
        return {"FINISHED"}
