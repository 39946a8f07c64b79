"""Operator: show every object in the colour of its level, and back."""

import bpy

from ..notes import carriers
from ..overlay import hide, is_shown, show
from ..preferences import preferences


class ANASTYLOSIS_OT_evidence_overlay(bpy.types.Operator):
    """Colour everything by how well it is known; your materials and UV maps are not touched."""

    bl_idname = "anastylosis.evidence_overlay"
    bl_label = "Evidence Overlay"
    bl_description = "Colour everything by how well it is known; your materials and UV maps are not touched"
    bl_options = {"REGISTER", "UNDO"}  # noqa: RUF012 - Blender wants a set

    @classmethod
    def poll(cls, context):
        """There has to be something that carries a level, or an overlay to take away."""
        if is_shown(context.scene) or carriers(context.scene):
            return True
        cls.poll_message_set("Nothing in this scene carries an evidence level yet")
        return False

    def execute(self, context):
        """Toggle."""
        if is_shown(context.scene):
            hide(context.scene)
        else:
            show(context.scene, safe=preferences(context).safe_palette)
        return {"FINISHED"}
