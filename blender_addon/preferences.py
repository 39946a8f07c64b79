"""What a person may set once for all scenes."""

import bpy
from bpy.props import BoolProperty, IntProperty


class ANASTYLOSIS_AP_preferences(bpy.types.AddonPreferences):
    """Shown under Edit > Preferences > Add-ons."""

    bl_idname = __package__

    safe_palette: BoolProperty(
        name="Colour-blind Safe Levels",
        description="Show levels in a palette that needs no telling of red from green",
        default=False,
    )
    max_vertices: IntProperty(
        name="Vertices of a Relief",
        description="A picture is averaged down to a grid of at most so many points",
        default=250_000,
        min=64,
        max=8_000_000,
    )

    def draw(self, _context):
        """Both settings, one below the other."""
        self.layout.prop(self, "safe_palette")
        self.layout.prop(self, "max_vertices")


def preferences(context) -> ANASTYLOSIS_AP_preferences:
    """The settings of this installation."""
    return context.preferences.addons[__package__].preferences
