"""The extension for Blender, and `scenes`, which needs no Blender.

Without Blender enter through `scenes.model.SceneModel` and `launch.render`; bpy is imported by `register` and not before.
"""


def register():
    """Show the operators, panels and preferences in Blender."""
    import bpy

    from . import operators

    for one in operators.classes():
        bpy.utils.register_class(one)
    bpy.types.TOPBAR_MT_file_import.append(operators.draw_import)


def unregister():
    """Leave nothing behind: the reverse of `register`. What was built stays in the file, as plain Blender data."""
    import bpy

    from . import operators

    bpy.types.TOPBAR_MT_file_import.remove(operators.draw_import)
    for one in reversed(operators.classes()):
        bpy.utils.unregister_class(one)
