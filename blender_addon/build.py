"""SceneModel to Blender objects, by data API: one mesh object for each solid, with its id, level, author and evidence on it."""

from __future__ import annotations

import json
from pathlib import Path

import bpy
import numpy as np

from .compatibility import find_node, use_nodes
from .errors import SceneFileError, TextureError
from .lighting import lamps
from .scenes.levels import linear_from_srgb
from .scenes.model import Element, SceneModel

MOST_PIXELS = 400_000_000


def read_scene(path: Path) -> SceneModel:
    """The model in a scene.json and the .glb of the same name beside it. Raises: SceneFileError naming the file."""
    try:
        return SceneModel.from_json(path.read_text(encoding="utf-8"), path.with_suffix(".glb").read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise SceneFileError(f"{path.name} and {path.stem}.glb must lie in one folder and be readable: {error}.") from error


def picture_pixels(path: Path) -> np.ndarray:
    """uint8 or uint16 [H, W, 4], row 0 on top, of a picture that Blender can open; display-referred as in the file.

    Raises: TextureError when it cannot be opened or has more than MOST_PIXELS pixels.
    """
    if not path.is_file():
        raise TextureError(f"There is no picture at {path}.")
    try:
        image = bpy.data.images.load(str(path), check_existing=False)
    except RuntimeError as error:
        raise TextureError(f"{path.name} cannot be opened as a picture: {error}") from error
    try:
        image.colorspace_settings.name = "Non-Color"
        image.alpha_mode = "CHANNEL_PACKED"
        width, height = image.size
        if not 0 < width * height <= MOST_PIXELS:
            raise TextureError(f"{path.name} is {width}×{height} px: a picture with 1 to {MOST_PIXELS:,} pixels is needed.")
        flat = np.empty(width * height * 4, np.float32)
        image.pixels.foreach_get(flat)
        depth, highest = (np.uint16, 65535) if image.is_float else (np.uint8, 255)
    finally:
        bpy.data.images.remove(image)
    return np.rint(np.clip(flat, 0, 1) * highest).astype(depth).reshape(height, width, 4)[::-1]


def build(model: SceneModel, collection) -> list:
    """Build every solid and lamp in a new collection below `collection`; returns the mesh objects, metres, z up."""
    home = bpy.data.collections.new(model.name)
    collection.children.link(home)
    things, materials = [], {}
    for solid in model.solids:
        thing = bpy.data.objects.new(solid.id, _mesh(solid))
        thing.data.materials.append(_material(solid, materials))
        # Names are cut and numbered by Blender; the id is kept where nothing changes it, and goes into a GLB's extras.
        thing["id"], thing["kind"] = solid.id, solid.kind
        thing["evidence"] = json.dumps([vars(one) for one in solid.evidence], ensure_ascii=False)
        if solid.aspects:
            thing["aspects"] = solid.aspects
        home.objects.link(thing)
        set_level(thing, solid.level, solid.author, solid.vertex_levels)
        things.append(thing)
    lamps(home, model.lights)
    return things


def set_level(thing, level: int, author: str, vertex_levels: np.ndarray | None = None) -> None:
    """Say how well it is known: properties `level` and `author`, and the vertex attribute `_LEVEL` (one, or uint8 [N])."""
    thing["level"], thing["author"] = int(level), author
    attributes = thing.data.attributes
    if "_LEVEL" in attributes:
        attributes.remove(attributes["_LEVEL"])
    values = np.full(len(thing.data.vertices), level) if vertex_levels is None else vertex_levels
    attributes.new("_LEVEL", "FLOAT", "POINT").data.foreach_set("value", np.ascontiguousarray(values, np.float32))


def _mesh(solid: Element):
    mesh = bpy.data.meshes.new(solid.id)
    vertices, faces = np.ascontiguousarray(solid.vertices, np.float32), np.ascontiguousarray(solid.faces, np.int32)
    mesh.vertices.add(len(vertices))
    mesh.vertices.foreach_set("co", vertices.ravel())
    mesh.loops.add(faces.size)
    mesh.loops.foreach_set("vertex_index", faces.ravel())
    mesh.polygons.add(len(faces))
    mesh.polygons.foreach_set("loop_start", np.arange(0, faces.size, 3, dtype=np.int32))
    mesh.polygons.foreach_set("use_smooth", np.full(len(faces), solid.smooth))
    if solid.uv is not None:
        corners = np.ascontiguousarray(solid.uv, np.float32)[faces.ravel()]
        mesh.uv_layers.new(name="UVMap").data.foreach_set("uv", corners.ravel())
    if solid.vertex_colors is not None:
        colours = np.ones((len(vertices), 4), np.float32)
        colours[:, :3] = linear_from_srgb(solid.vertex_colors / 255)
        mesh.color_attributes.new("Color", "FLOAT_COLOR", "POINT").data.foreach_set("color", colours.ravel())
    mesh.update(calc_edges=True)
    mesh.validate()
    return mesh


def _material(solid: Element, known: dict):
    """One material for all solids of a model that look the same."""
    texture = solid.texture
    painted = solid.vertex_colors is not None
    key = (solid.material, solid.color, solid.roughness, solid.metallic, texture and texture.sha256, painted)
    if key in known:
        return known[key]
    material = known[key] = bpy.data.materials.new(solid.material)
    use_nodes(material)
    tree = material.node_tree
    surface = find_node(tree, "BSDF_PRINCIPLED")
    colour = (*(float(value) for value in linear_from_srgb(np.array(solid.color))), 1.0)
    material.diffuse_color = colour
    surface.inputs["Base Color"].default_value = colour
    surface.inputs["Roughness"].default_value, surface.inputs["Metallic"].default_value = solid.roughness, solid.metallic
    if texture is not None:
        picture = tree.nodes.new("ShaderNodeTexImage")
        if texture.sha256 not in known:  # one picture on many solids stands in the file once
            known[texture.sha256] = _image(solid.id, texture)
        picture.image, picture.interpolation, picture.extension = known[texture.sha256], "Cubic", "EXTEND"
        tree.links.new(picture.outputs["Color"], surface.inputs["Base Color"])
    elif painted:
        paint = tree.nodes.new("ShaderNodeVertexColor")
        paint.layer_name = "Color"
        tree.links.new(paint.outputs["Color"], surface.inputs["Base Color"])
    return material


def _image(name: str, texture):
    """The texture's own bytes, packed: they are marked and digested, and nothing may encode them anew."""
    image = bpy.data.images.new(name, 8, 8)
    image.pack(data=texture.data, data_len=len(texture.data))
    image.source = "FILE"
    image.colorspace_settings.name = "sRGB"
    return image
