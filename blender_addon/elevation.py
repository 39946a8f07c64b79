"""An elevation photographed straight on, in Blender's process: the drawing's own frame, the draughtsman's sun, exact passes.

Every look is a scene with its surfaces and its sun. For each one: `light-K.npy`, float32 [H, W, 4], linear light with the
share of a pixel that the building covers; for each scene: `passes-K.npy`, float32 [H, W, 5]: number of the solid (0 = sky),
metres behind the wall's face, and the normal in the world. One ray through the middle of a pixel, so nothing is averaged in
the passes.
"""

from __future__ import annotations

import math
from pathlib import Path

import bpy  # noqa: TID253 - only Blender's process imports this module
import numpy as np

from .compatibility import find_node, set_if_there, use_nodes, write_picture
from .lighting import pixels

CODE = "anastylosis_solid"
FURTHEST_M = 500.0  # in front of the wall: where the eye stands, and what depth is counted from in the file
SUN_ANGLE = 0.009  # radians across, as the real one: an elevation's shadows have edges
BOUNCES = 2  # light from the ground under the cornice


def photograph(job, pipe, done) -> None:
    """Take every look of a job, one scene after the other.

    Args:
        job: width, height, samples, threads, out; `frame` [x, z, width, height] in metres; `looks`, each with "glb", "scene" (a
            list of {"id", "surface", "smooth"}), "surfaces" {name: {"albedo", "height" (paths of .npy), "roughness",
            "specular"}}, "sun" {"towards", "strength", "colour"}, "sky" {"strength", "colour"}.
        pipe: for progress.
        done: called with what was made.
    """
    out = Path(job.out)
    scene = bpy.context.scene
    _settings(scene, job)
    _camera(scene, job)
    files, passes, shown = [], [], None
    for number, look in enumerate(job.looks):
        pipe.stage("picture", number, len(job.looks))
        things = _import(look, job) if shown != look["glb"] else _dress(look, job)
        _light(scene, look)
        _shoot(scene, out / "light.exr", job.samples, True)
        _keep(out, f"light-{number}", pixels(out / "light.exr"))
        if shown != look["glb"]:
            _keep(out, f"passes-{number}", _passes(scene, things, out, look))
            passes.append(f"passes-{number}.npy")
            _dress(look, job)
        else:
            passes.append(passes[-1])
        shown = look["glb"]
        files.append(f"light-{number}.npy")
    done(files={}, lights=files, passes=passes, blender=bpy.app.version_string)


def _settings(scene, job) -> None:
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = job.width, job.height, 100
    render.threads_mode, render.threads = ("FIXED", job.threads) if job.threads else ("AUTO", render.threads)
    render.use_persistent_data = False  # scenes come and go
    render.film_transparent = True
    for name in dir(render):
        if name.startswith("use_stamp"):
            setattr(render, name, False)
    cycles.device, cycles.seed, cycles.use_adaptive_sampling = "CPU", 0, False
    set_if_there(cycles, denoiser="OPENIMAGEDENOISE", denoising_input_passes="RGB_ALBEDO_NORMAL", denoising_prefilter="FAST")
    cycles.max_bounces, cycles.diffuse_bounces, cycles.glossy_bounces = BOUNCES, BOUNCES, 1
    cycles.caustics_reflective = cycles.caustics_refractive = False
    cycles.sample_clamp_indirect = 4.0
    scene.view_settings.view_transform, scene.view_settings.look = "Standard", "None"
    write_picture(render.image_settings, "OPEN_EXR", "RGBA", "32")


def _camera(scene, job) -> None:
    """Parallel rays along +y; the longer side of the frame spans the picture, so a pixel is a pixel of the drawing."""
    x, z, width, height = job.frame
    camera = bpy.data.cameras.new("elevation")
    camera.type, camera.sensor_fit, camera.ortho_scale = "ORTHO", "AUTO", max(width, height)
    camera.clip_start, camera.clip_end = 0.1, 2 * FURTHEST_M
    thing = bpy.data.objects.new("elevation", camera)
    thing.location, thing.rotation_euler = (x, -FURTHEST_M, z), (math.pi / 2, 0, 0)
    scene.collection.objects.link(thing)
    scene.camera = thing


def _import(look: dict, job) -> dict:
    """The solids of a look's GLB by id, dressed; those of the look before it go."""
    for thing in [one for one in bpy.context.scene.objects if one.type in ("MESH", "EMPTY")]:
        bpy.data.objects.remove(thing, do_unlink=True)
    bpy.ops.import_scene.gltf(filepath=look["glb"])
    for thing in bpy.context.scene.objects:
        if thing.type == "LIGHT":
            thing.hide_render = True
    bpy.context.view_layer.update()
    return _dress(look, job)


def _dress(look: dict, job) -> dict:
    materials = {name: _surface(name, said, job) for name, said in look["surfaces"].items()}
    things = {thing.get("id") or thing.name: thing for thing in bpy.context.scene.objects if thing.type == "MESH"}
    for said in look["scene"]:
        mesh = things[said["id"]].data
        mesh.materials.clear()
        mesh.materials.append(materials[said["surface"]])
    return things


def _surface(name: str, said: dict, job):
    """A material whose colour and relief lie in the plane of the drawing: position in, picture out."""
    material = bpy.data.materials.new(name)
    use_nodes(material)
    tree = material.node_tree
    shader = find_node(tree, "BSDF_PRINCIPLED")
    shader.inputs["Roughness"].default_value = said["roughness"]
    set_if_there(shader.inputs.get("Specular IOR Level") or object(), default_value=said["specular"])
    x, z, width, height = job.frame
    where, place, turned = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("NewGeometry", "SeparateXYZ", "CombineXYZ"))
    tree.links.new(where.outputs["Position"], place.inputs[0])
    for number, (axis, low, size) in enumerate((("X", x - width / 2, width), ("Z", z - height / 2, height))):
        share = tree.nodes.new("ShaderNodeMath")
        share.operation = "MULTIPLY_ADD"
        share.inputs[1].default_value, share.inputs[2].default_value = 1 / size, -low / size
        tree.links.new(place.outputs[axis], share.inputs[0])
        tree.links.new(share.outputs[0], turned.inputs[number])
    colour = _picture(tree, f"{name}-albedo", said["albedo"])
    tree.links.new(turned.outputs[0], colour.inputs[0])
    tree.links.new(colour.outputs["Color"], shader.inputs["Base Color"])
    if said["height"]:
        relief, bump = _picture(tree, f"{name}-height", said["height"]), tree.nodes.new("ShaderNodeBump")
        tree.links.new(turned.outputs[0], relief.inputs[0])
        bump.inputs["Strength"].default_value, bump.inputs["Distance"].default_value = 1.0, 1.0
        tree.links.new(relief.outputs["Color"], bump.inputs["Height"])
        tree.links.new(bump.outputs[0], shader.inputs["Normal"])
    return material


def _picture(tree, name: str, path: str):
    values = np.load(path, allow_pickle=False).astype(np.float32)
    height, width = values.shape[:2]
    image = bpy.data.images.new(name, width, height, float_buffer=True, is_data=True)
    rgba = np.ones((height, width, 4), np.float32)
    rgba[..., :3] = values.reshape(height, width, -1)
    image.pixels.foreach_set(np.ascontiguousarray(rgba[::-1]).ravel())
    node = tree.nodes.new("ShaderNodeTexImage")
    node.image, node.interpolation, node.extension = image, "Linear", "EXTEND"
    return node


def _light(scene, look: dict) -> None:
    import mathutils

    for thing in [one for one in scene.objects if one.type == "LIGHT"]:
        bpy.data.objects.remove(thing, do_unlink=True)
    sun = look["sun"]
    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy, lamp.color, lamp.angle = sun["strength"], sun["colour"], SUN_ANGLE
    thing = bpy.data.objects.new("sun", lamp)
    thing.rotation_euler = mathutils.Vector(sun["towards"]).to_track_quat("-Z", "Y").to_euler()
    scene.collection.objects.link(thing)
    world = bpy.data.worlds.new("sky")
    use_nodes(world)
    background = find_node(world.node_tree, "BACKGROUND")
    background.inputs["Color"].default_value = (*look["sky"]["colour"], 1)
    background.inputs["Strength"].default_value = look["sky"]["strength"]
    scene.world = world


def _shoot(scene, path: Path, samples: int, is_picture: bool) -> None:
    cycles = scene.cycles
    cycles.samples, cycles.use_denoising = samples, is_picture
    cycles.pixel_filter_type = "BLACKMAN_HARRIS"
    cycles.filter_width = 1.5 if is_picture else 0.01
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def _passes(scene, things: dict, out: Path, look: dict) -> np.ndarray:
    """float32 [H, W, 5] through the same camera: every material speaks its number, its depth or its normal."""
    order = {said["id"]: number for number, said in enumerate(look["scene"], 1)}
    order |= {name: len(order) + number for number, name in enumerate(sorted(set(things) - set(order)), 1)}
    layer = bpy.context.view_layer
    bounces, scene.cycles.max_bounces = scene.cycles.max_bounces, 0
    found = []
    for kind in ("solid", "normal"):
        material = _speaking(kind)
        for name, thing in things.items():
            thing[CODE] = float(order[name])
        layer.material_override = material
        _shoot(scene, out / "pass.exr", 1, False)
        found.append(pixels(out / "pass.exr"))
    layer.material_override = None
    scene.cycles.max_bounces = bounces
    solid, normal = found
    is_there = solid[..., 3:] > 0.5
    depth = np.where(is_there, solid[..., 1:2] - FURTHEST_M, 0.0)
    facing = np.where(is_there, normal[..., :3] * 2 - 1, 0.0)
    return np.concatenate([np.where(is_there, solid[..., :1], 0.0), depth, facing], -1).astype(np.float32)


def _speaking(kind: str):
    """Emission of (number of the solid, y + FURTHEST_M, 0), or of the normal brought to 0…1."""
    material = bpy.data.materials.new(f"pass-{kind}")
    use_nodes(material)
    tree = material.node_tree
    tree.nodes.clear()
    where, light, output = (tree.nodes.new(f"ShaderNode{name}") for name in ("NewGeometry", "Emission", "OutputMaterial"))
    tree.links.new(light.outputs[0], output.inputs["Surface"])
    if kind == "normal":
        scaled = tree.nodes.new("ShaderNodeVectorMath")
        scaled.operation = "MULTIPLY_ADD"
        scaled.inputs[1].default_value = scaled.inputs[2].default_value = (0.5, 0.5, 0.5)
        tree.links.new(where.outputs["True Normal"], scaled.inputs[0])
        tree.links.new(scaled.outputs[0], light.inputs["Color"])
        return material
    split, joined, moved, number = (
        tree.nodes.new(f"ShaderNode{name}") for name in ("SeparateXYZ", "CombineColor", "Math", "Attribute")
    )
    number.attribute_type, number.attribute_name = "OBJECT", CODE
    moved.operation, moved.inputs[1].default_value = "ADD", FURTHEST_M
    tree.links.new(where.outputs["Position"], split.inputs[0])
    tree.links.new(split.outputs["Y"], moved.inputs[0])
    tree.links.new(number.outputs["Fac"], joined.inputs[0])
    tree.links.new(moved.outputs[0], joined.inputs[1])
    tree.links.new(joined.outputs[0], light.inputs["Color"])
    return material


def _keep(out: Path, name: str, values: np.ndarray) -> None:
    """Write an array into Blender's temporary folder."""
    with (out / f"{name}.npy").open("wb") as file:
        np.lib.format.write_array(file, np.ascontiguousarray(values, np.float32), allow_pickle=False)
