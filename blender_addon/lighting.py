"""Light that suits any scene: sun and soft sky, ground to stand on, the model's own lamps, and a measured exposure."""

from __future__ import annotations

import math
from pathlib import Path

import bpy  # noqa: TID253 - only Blender's process imports this module
import numpy as np

from .compatibility import find_node, use_nodes, write_picture

SUN_WATTS_PER_M2 = 3.2
SUN_ANGLE = 0.04  # radians across: soft edges on shadows a few metres long
SKY_STRENGTH = 0.75
SKY_COLOUR = (0.80, 0.89, 1.0)
STAGE_GREY = 0.34
STAGE_RADII = 5.0  # of the ground, in radii of the subject
SKY_BESIDE_LAMPS = 0.12
BACKDROP_HORIZON, BACKDROP_ZENITH = 0.52, 0.36  # linear light as shown, whatever the exposure

MEDIAN_LUMINANCE = 0.36  # linear light that half of the subject's pixels stay below
HIGHLIGHT_LUMINANCE = 0.88  # where the 98th percentile may lie at most; display white 250 of 255 is 0.957
MEASURE_WIDTH_PX = 64
MEASURE_SAMPLES = 48
STOPS_LIMIT = 12.0
CLIPPED_LIMIT = 0.015


def sun(scene, azimuth_degrees: float) -> None:
    """A sun over the left shoulder of a viewer who looks from `azimuth_degrees`, so that reliefs and reveals read."""
    lamp = bpy.data.lights.new("sun", "SUN")
    lamp.energy, lamp.angle, lamp.color = SUN_WATTS_PER_M2, SUN_ANGLE, (1.0, 0.95, 0.88)
    thing = bpy.data.objects.new("sun", lamp)
    # Blender's sun shines along its own −z; 42° above the horizon, 38° to the left of the line of sight.
    thing.rotation_euler = (math.radians(90 - 42), 0, math.radians(azimuth_degrees - 38))
    scene.collection.objects.link(thing)


def lamps(collection, lights) -> None:
    """The model's own lights, in watts and metres, each turned towards its target."""
    import mathutils

    for light in lights:
        lamp = bpy.data.lights.new(light.id, light.kind.upper())
        lamp.energy, lamp.color = light.power, light.color
        if light.kind == "sun":
            lamp.angle = math.radians(light.size)
        elif light.kind == "area":
            lamp.shape, lamp.size = "DISK", light.size
        else:
            lamp.shadow_soft_size = light.size / 2
        thing = bpy.data.objects.new(light.id, lamp)
        position, target = mathutils.Vector(light.position), mathutils.Vector(light.target)
        if (target - position).length > 0:
            thing.rotation_euler = (target - position).to_track_quat("-Z", "Y").to_euler()
        thing.location = position
        thing.visible_camera = False  # the lamp's housing is an element; the light itself would be a burnt disc
        collection.objects.link(thing)


def sky(scene, strength: float = SKY_STRENGTH) -> None:
    """Light from everywhere, which fills the shadows of a sun or of lamps."""
    scene.world = _sky(strength)


def _sky(strength: float):
    """Light from everywhere, and for the camera's own rays a backdrop whose brightness `backdrop` can set by itself."""
    world = bpy.data.worlds.new("sky")
    use_nodes(world)
    tree = world.node_tree
    tree.nodes.clear()
    new = tree.nodes.new
    output, mix, path = new("ShaderNodeOutputWorld"), new("ShaderNodeMixShader"), new("ShaderNodeLightPath")
    light, seen = new("ShaderNodeBackground"), new("ShaderNodeBackground")
    where, split, ramp = new("ShaderNodeTexCoord"), new("ShaderNodeSeparateXYZ"), new("ShaderNodeValToRGB")
    light.inputs["Color"].default_value = (*SKY_COLOUR, 1)
    light.inputs["Strength"].default_value = strength
    seen.label = "backdrop"
    ramp.color_ramp.elements[0].color = (*[BACKDROP_HORIZON] * 3, 1)
    ramp.color_ramp.elements[1].color = (BACKDROP_ZENITH * 0.92, BACKDROP_ZENITH, BACKDROP_ZENITH * 1.1, 1)
    for source, target in (
        (where.outputs["Generated"], split.inputs[0]),
        (split.outputs["Z"], ramp.inputs[0]),
        (ramp.outputs["Color"], seen.inputs["Color"]),
        (path.outputs["Is Camera Ray"], mix.inputs[0]),
        (light.outputs[0], mix.inputs[1]),
        (seen.outputs[0], mix.inputs[2]),
        (mix.outputs[0], output.inputs["Surface"]),
    ):
        tree.links.new(source, target)
    return world


def ground(scene, lowest: float, centre: np.ndarray, radius: float):
    """Something to stand on, for scenes that bring no floor or ground of their own.

    A grey disc that fades into the backdrop, so that there are shadows and no horizon. A shadow catcher would do the same,
    but leaves a fringe of black dots along every edge once the picture is denoised.
    """
    mesh = bpy.data.meshes.new("stage")
    turns = np.linspace(0, 2 * np.pi, 64, endpoint=False)
    mesh.from_pydata([(float(np.cos(t)), float(np.sin(t)), 0.0) for t in turns], [], [tuple(range(64))])
    mesh.materials.append(_fading_grey())
    stage = bpy.data.objects.new("stage", mesh)
    stage.location = (float(centre[0]), float(centre[1]), lowest)
    stage.scale = (radius * STAGE_RADII, radius * STAGE_RADII, 1)
    scene.collection.objects.link(stage)
    return stage


def _fading_grey():
    material = bpy.data.materials.new("stage")
    use_nodes(material)
    tree = material.node_tree
    tree.nodes.clear()
    kinds = ("TexCoord", "VectorMath", "ValToRGB", "BsdfDiffuse", "BsdfTransparent", "MixShader", "OutputMaterial")
    where, length, ramp, grey, clear, mix, output = (tree.nodes.new(f"ShaderNode{kind}") for kind in kinds)
    length.operation = "LENGTH"
    grey.inputs["Color"].default_value = (STAGE_GREY, STAGE_GREY, STAGE_GREY, 1)
    ramp.color_ramp.interpolation = "EASE"
    near, far = ramp.color_ramp.elements  # 0: opaque; 1: the backdrop
    near.position, near.color, far.position, far.color = 1.6 / STAGE_RADII, (0, 0, 0, 1), 0.95, (1, 1, 1, 1)
    for source, target in (
        (where.outputs["Object"], length.inputs[0]),
        (length.outputs["Value"], ramp.inputs[0]),
        (ramp.outputs["Color"], mix.inputs[0]),
        (grey.outputs[0], mix.inputs[1]),
        (clear.outputs[0], mix.inputs[2]),
        (mix.outputs[0], output.inputs["Surface"]),
    ):
        tree.links.new(source, target)
    return material


def exposure(scene, out: Path, seed: int, stage=None) -> float:
    """How many stops brighter the picture has to be, measured on a small one, so that no scene comes out black or burnt.

    The median luminance of the subject goes to MEDIAN_LUMINANCE unless that would burn its highlights. The backdrop does not
    count: it is set to look the same at every exposure.
    """
    render, cycles = scene.render, scene.cycles
    keep = (render.resolution_x, render.resolution_y, cycles.samples, cycles.seed, cycles.use_denoising, render.filepath)
    scale = MEASURE_WIDTH_PX / max(keep[:2])
    render.resolution_x, render.resolution_y = (max(8, round(side * scale)) for side in keep[:2])
    cycles.samples, cycles.seed, cycles.use_denoising = MEASURE_SAMPLES, seed, False
    render.film_transparent = True
    if stage:
        stage.hide_render = True
    write_picture(render.image_settings, "OPEN_EXR", "RGBA", "32")
    measured = out / "exposure.exr"
    render.filepath = str(measured)
    bpy.ops.render.render(write_still=True)
    stops = stops_for(pixels(measured))
    measured.unlink()
    if stage:
        stage.hide_render = False
    render.film_transparent = False
    (render.resolution_x, render.resolution_y, cycles.samples, cycles.seed, cycles.use_denoising, render.filepath) = keep
    return stops


def stops_for(image: np.ndarray) -> float:
    """The exposure for a linear picture, float32 [H, W, 4], of which only pixels with alpha above one half count."""
    subject = image[image[..., 3] > 0.5][:, :3]
    if not len(subject):
        return 0.0
    luminance = subject @ np.array([0.2126, 0.7152, 0.0722])
    brightest = np.percentile(subject.max(axis=-1), 98)
    median = np.median(luminance)
    if brightest <= 0:
        return 0.0  # no light reached anything; more exposure would not help
    stops = math.log2(HIGHLIGHT_LUMINANCE / brightest)
    if median > 0:
        stops = min(stops, math.log2(MEDIAN_LUMINANCE / median))
    return float(np.clip(stops, -STOPS_LIMIT, STOPS_LIMIT))


def expose(scene, stops: float, stage=None) -> None:
    """Set the exposure, and backdrop and stage against it: around a dark subject they would burn, around a bright one sink."""
    scene.view_settings.exposure = stops
    for node in scene.world.node_tree.nodes:
        if node.label == "backdrop":
            node.inputs["Strength"].default_value = 2.0**-stops
    if stage:
        grey = min(STAGE_GREY * 2.0**-stops, 0.8)
        diffuse = find_node(stage.material_slots[0].material.node_tree, "BSDF_DIFFUSE")
        diffuse.inputs["Color"].default_value = (grey, grey, grey, 1)


def pixels(path: Path) -> np.ndarray:
    """A picture file as float32 [H, W, 4], row 0 on top, its numbers as they stand in the file."""
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    width, height = image.size
    flat = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(flat)
    bpy.data.images.remove(image)
    return flat.reshape(height, width, 4)[::-1]


def darken(scene) -> None:
    """No light from anywhere: what an evidence pass needs."""
    for thing in scene.objects:
        if thing.type == "LIGHT":
            thing.hide_render = True
    scene.world = bpy.data.worlds.new("dark")
    use_nodes(scene.world)
    background = find_node(scene.world.node_tree, "BACKGROUND")
    if background:
        background.inputs["Strength"].default_value = 0.0


def measure(picture: Path) -> dict:
    """{"mean": mean luminance 0…255, "clipped_share": share of pixels with a channel at 250 or above} of a picture."""
    image = pixels(picture)[..., :3] * 255
    mean = float((image @ np.array([0.2126, 0.7152, 0.0722])).mean())
    return {"mean": round(mean, 2), "clipped_share": round(float((image.max(axis=-1) >= 249.5).mean()), 5)}


def hold_back(scene, picture: Path, stops: float) -> float:
    """Write the picture again a little darker while more of it is burnt than CLIPPED_LIMIT; returns the exposure that it has.

    The small picture that the exposure was measured on averages its glints away; the large one shows them. The light was
    gathered already, so this is a matter of development and costs no samples.
    """
    for _ in range(6):
        if measure(picture)["clipped_share"] <= CLIPPED_LIMIT:
            break
        stops -= 0.25
        scene.view_settings.exposure = stops
        bpy.data.images["Render Result"].save_render(str(picture), scene=scene)
    return stops
