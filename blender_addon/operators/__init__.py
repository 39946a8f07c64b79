"""One operator per file; this one only lists them, in the order in which Blender has to learn of them."""


def classes() -> tuple[type, ...]:
    """Every class that Blender registers. bpy is imported here and not before."""
    from ..panels import ANASTYLOSIS_PT_build, ANASTYLOSIS_PT_evidence, ANASTYLOSIS_PT_provenance
    from ..preferences import ANASTYLOSIS_AP_preferences
    from .evidence_overlay import ANASTYLOSIS_OT_evidence_overlay
    from .publish_note import ANASTYLOSIS_OT_publish_note
    from .relief_from_picture import ANASTYLOSIS_OT_relief_from_picture
    from .scene_from_release import ANASTYLOSIS_OT_scene_from_release

    return (
        ANASTYLOSIS_AP_preferences,
        ANASTYLOSIS_OT_relief_from_picture,
        ANASTYLOSIS_OT_scene_from_release,
        ANASTYLOSIS_OT_evidence_overlay,
        ANASTYLOSIS_OT_publish_note,
        ANASTYLOSIS_PT_build,
        ANASTYLOSIS_PT_evidence,
        ANASTYLOSIS_PT_provenance,
    )


def draw_import(menu, _context):
    """The entry in File > Import."""
    menu.layout.operator("anastylosis.scene_from_release", text="Anastylosis Scene (scene.json)")
