"""What stands behind each pixel: evidence level and author, as exact integers, through the camera that took the picture."""

from __future__ import annotations

from pathlib import Path

import bpy  # noqa: TID253 - only Blender's process imports this module
import numpy as np

from .compatibility import set_if_there, use_nodes, write_picture
from .lighting import darken, pixels
from .scenes.png import png

CODE = "anastylosis_code"


def mark(thing, levels: np.ndarray, by_ai: bool) -> None:
    """Write the code of each face into a new attribute of its mesh: level / 255 in red, 1 in green where a model made it.

    Args:
        thing: a mesh object.
        levels: int [faces], 0…7.
    """
    if thing.data.users > 1:
        thing.data = thing.data.copy()
    codes = np.zeros((len(levels), 4), np.float32)
    codes[:, 0], codes[:, 1], codes[:, 3] = levels / 255, by_ai, 1
    attribute = thing.data.attributes.new(CODE, "FLOAT_COLOR", "FACE")
    attribute.data.foreach_set("color", codes.ravel())


def face_levels(mesh, otherwise: int) -> np.ndarray:
    """Level of each face, int [faces]: the worst of its corners' `_LEVEL`, or `otherwise` for a mesh without them.

    The worst and not the mean: between a vertex of level 2 and one of level 7 lies nothing that is known at level 4.
    """
    count = len(mesh.polygons)
    attribute = mesh.attributes.get("_LEVEL")
    if attribute is None or attribute.domain != "POINT" or attribute.data_type not in ("FLOAT", "INT") or not count:
        return np.full(count, otherwise)
    values = np.empty(len(mesh.vertices), np.float32 if attribute.data_type == "FLOAT" else np.int32)
    attribute.data.foreach_get("value", values)
    corner = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corner)
    starts = np.empty(count, np.int32)
    mesh.polygons.foreach_get("loop_start", starts)
    return np.clip(np.maximum.reduceat(np.rint(values).astype(int)[corner], starts), 0, 7)


def evidence(scene, view_layer, out: Path) -> tuple[np.ndarray, np.ndarray]:
    """Render evidence.png (value = level, 0 = nothing) and ai.png (255 = a model made it) into `out`.

    Ends the use of the scene for pictures: lights go out and every material is overridden.
    Returns: levels uint8 [H, W] and ai bool [H, W].
    """
    darken(scene)
    view_layer.material_override = _code_material()
    cycles, render = scene.cycles, scene.render
    cycles.samples, cycles.use_adaptive_sampling, cycles.use_denoising, cycles.max_bounces = 1, False, False, 0
    # One ray through the middle of each pixel: nothing is averaged, so no number appears that no surface carries.
    cycles.pixel_filter_type, cycles.filter_width = "BLACKMAN_HARRIS", 0.01
    render.film_transparent, render.dither_intensity, render.use_motion_blur = False, 0.0, False
    view = scene.view_settings
    view.view_transform, view.look, view.exposure, view.gamma = "Raw", "None", 0.0, 1.0
    set_if_there(view, use_curve_mapping=False, use_white_balance=False)
    write_picture(render.image_settings, "PNG", "RGB", "8")
    codes = out / "codes.png"
    render.filepath = str(codes)
    bpy.ops.render.render(write_still=True)
    values = np.rint(pixels(codes) * 255).astype(np.uint8)
    codes.unlink()
    levels, ai = values[..., 0], values[..., 1] > 127
    (out / "evidence.png").write_bytes(png(levels))
    (out / "ai.png").write_bytes(png(ai * np.uint8(255)))
    return levels, ai


def _code_material():
    material = bpy.data.materials.new(CODE)
    use_nodes(material)
    tree = material.node_tree
    tree.nodes.clear()
    code, light, output = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("Attribute", "Emission", "OutputMaterial"))
    code.attribute_name = CODE  # a face without it reads as 0: nothing is known of it
    tree.links.new(code.outputs["Color"], light.inputs["Color"])
    tree.links.new(light.outputs[0], output.inputs["Surface"])
    return material
