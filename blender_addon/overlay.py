"""Levels as colours, laid over the scene by a modifier that touches neither materials nor UV maps and can be taken away."""

from __future__ import annotations

import bpy  # noqa: TID253 - only Blender's process imports this module

from .compatibility import input_identifier, mesh_sockets, use_nodes
from .scenes.levels import ABSTENTION, LEVELS, linear_from_srgb, palette

NAME = "Anastylosis Evidence"


def is_shown(scene) -> bool:
    """Whether any object of the scene wears the overlay."""
    return any(NAME in thing.modifiers for thing in scene.objects)


def show(scene, safe: bool = False) -> None:
    """Give every mesh object of the scene that may be changed the modifier; `safe` takes the palette without red and green."""
    group = _set_material_by_level(safe)
    key = input_identifier(group, "Level")
    for thing in scene.objects:
        if thing.type == "MESH" and thing.library is None and NAME not in thing.modifiers:
            modifier = thing.modifiers.new(NAME, "NODES")
            modifier.node_group = group
            modifier[key] = int(thing.get("level", 0))


def hide(scene) -> None:
    """Take the modifier, its node group and its materials away again."""
    for thing in scene.objects:
        if NAME in thing.modifiers:
            thing.modifiers.remove(thing.modifiers[NAME])
    for group in [one for one in bpy.data.node_groups if one.name.startswith(NAME) and not one.users]:
        bpy.data.node_groups.remove(group)
    for material in [one for one in bpy.data.materials if one.name.startswith(NAME) and not one.users]:
        bpy.data.materials.remove(material)


def _set_material_by_level(safe: bool):
    """Nodes that give each face the flat colour of its worst corner.

    From level 7 down to 0 each step claims the faces whose corners are all at that level or better; what stands at the end
    is the smallest such level, which is the worst corner. A mesh without `_LEVEL` is coloured by its object's level.
    """
    group = bpy.data.node_groups.new(NAME, "GeometryNodeTree")
    group.is_modifier = True
    mesh_sockets(group, ("Geometry", "INPUT", "NodeSocketGeometry"), ("Level", "INPUT", "NodeSocketInt"),
                 ("Geometry", "OUTPUT", "NodeSocketGeometry"))  # fmt: skip
    new, join = group.nodes.new, group.links.new
    source, target = new("NodeGroupInput"), new("NodeGroupOutput")
    attribute, choice = new("GeometryNodeInputNamedAttribute"), new("GeometryNodeSwitch")
    attribute.data_type, attribute.inputs["Name"].default_value = "FLOAT", "_LEVEL"
    choice.input_type = "FLOAT"
    join(attribute.outputs["Exists"], choice.inputs["Switch"])
    join(source.outputs["Level"], choice.inputs["False"])
    join(attribute.outputs["Attribute"], choice.inputs["True"])
    geometry = source.outputs["Geometry"]
    for step in (*reversed(LEVELS), ABSTENTION):
        compare, corners, paint = new("FunctionNodeCompare"), new("GeometryNodeFieldOnDomain"), new("GeometryNodeSetMaterial")
        compare.data_type, compare.operation = "FLOAT", "LESS_THAN"
        join(choice.outputs["Output"], compare.inputs["A"])
        compare.inputs["B"].default_value = step.number + 0.5
        # Compared at the corners, and only then carried to the face: true where all corners agree, never an average of levels.
        corners.data_type, corners.domain = "BOOLEAN", "POINT"
        join(compare.outputs["Result"], corners.inputs["Value"])
        join(geometry, paint.inputs["Geometry"])
        join(corners.outputs["Value"], paint.inputs["Selection"])
        paint.inputs["Material"].default_value = _flat(step, safe)
        geometry = paint.outputs["Geometry"]
    join(geometry, target.inputs["Geometry"])
    return group


def _flat(step, safe: bool):
    """A material of one even colour, in every engine and in solid shading."""
    material = bpy.data.materials.new(f"{NAME} {step.number} {step.name}")
    colour = (*(float(value) for value in linear_from_srgb(palette(safe)[step.number] / 255)), 1.0)
    material.diffuse_color = colour
    use_nodes(material)
    tree = material.node_tree
    tree.nodes.clear()
    light, output = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeOutputMaterial")
    light.inputs["Color"].default_value = colour
    tree.links.new(light.outputs[0], output.inputs["Surface"])
    return material
