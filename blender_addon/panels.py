"""The sidebar tab "Anastylosis" of the 3D view: build, evidence, provenance."""

import bpy

from .notes import carriers, notes
from .overlay import is_shown
from .scenes.levels import LEVELS


class _Tab:
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Anastylosis"


class ANASTYLOSIS_PT_build(_Tab, bpy.types.Panel):
    """What can be built here."""

    bl_idname = "ANASTYLOSIS_PT_build"
    bl_label = "Build"

    def draw(self, _context):
        """One button for each thing."""
        column = self.layout.column()
        column.operator("anastylosis.relief_from_picture", icon="IMAGE_DATA")
        column.operator("anastylosis.scene_from_release", icon="IMPORT")


class ANASTYLOSIS_PT_evidence(_Tab, bpy.types.Panel):
    """How well the scene is known."""

    bl_idname = "ANASTYLOSIS_PT_evidence"
    bl_label = "Evidence"

    def draw(self, context):
        """The toggle, and a line for each level with the number of objects at it."""
        shown = is_shown(context.scene)
        text = "Hide Levels" if shown else "Show Levels"
        self.layout.operator("anastylosis.evidence_overlay", text=text, icon="HIDE_OFF" if shown else "HIDE_ON", depress=shown)
        numbers = [int(thing["level"]) for thing in carriers(context.scene)]
        column = self.layout.column(align=True)
        for step in LEVELS:
            row = column.row()
            row.active = step.number in numbers
            row.label(text=f"{step.number}  {step.name}")
            row.label(text=str(numbers.count(step.number)))


class ANASTYLOSIS_PT_provenance(_Tab, bpy.types.Panel):
    """What the next release will have to say."""

    bl_idname = "ANASTYLOSIS_PT_provenance"
    bl_label = "Provenance"

    def draw(self, _context):
        """The button for a statement, and what waits to be sealed."""
        self.layout.operator("anastylosis.publish_note", icon="TEXT")
        waiting = notes()
        self.layout.label(text=f"{len(waiting)} notes wait for the next release")
        for line in waiting[-3:]:
            self.layout.label(text=f"{line['what']}: {', '.join(one['id'] for one in line['objects'][:3])}")
