"""Runs inside Blender: `python extension_in_blender.py ZIP FOLDER`. Does with the extension what an artist does, prints JSON.

FOLDER holds picture.png and scene.json with scene.glb; BLENDER_USER_RESOURCES must be a temporary folder.
"""

import json
import os
import sys
from pathlib import Path

talk = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import bpy  # noqa: E402, I001 - after the pipe is safe, and first, because it is bpy that brings addon_utils
import addon_utils  # noqa: E402

ZIP, FOLDER = sys.argv[-2], Path(sys.argv[-1])
MODULE = "bl_ext.user_default.anastylosis"
report = {}


def kinds():
    return sorted(name for name in dir(bpy.types) if "anastylosis" in name.lower())


def traces():
    """Everything that an add-on could leave behind in Blender."""
    handlers = 0
    for name in dir(bpy.app.handlers):
        value = getattr(bpy.app.handlers, name)
        if isinstance(value, list):
            handlers += len(value)
    properties = [
        (kind.__name__, name)
        for kind in (bpy.types.Scene, bpy.types.Object, bpy.types.WindowManager, bpy.types.Material)
        for name in [one.identifier for one in kind.bl_rna.properties]
    ]
    menu = len(bpy.types.TOPBAR_MT_file_import._dyn_ui_initialize())
    return {"classes": kinds(), "handlers": handlers, "properties": properties, "menu": menu}


def fingerprint():
    """Every value of every material and UV map of the person's own object, and the slots that hold them."""
    thing = bpy.data.objects["mine"]
    lines = [[slot.name for slot in thing.material_slots], [m.name for m in thing.modifiers]]
    for material in bpy.data.materials:
        if not material.name.startswith("mine"):
            continue
        for node in material.node_tree.nodes:
            for socket in node.inputs:
                if hasattr(socket, "default_value"):
                    value = socket.default_value
                    lines.append([node.bl_idname, socket.identifier, list(value) if hasattr(value, "__len__") else repr(value)])
        lines.append([material.name, list(material.diffuse_color), material.users, sorted(material.keys())])
    for layer in thing.data.uv_layers:
        lines.append([layer.name, layer.active, [list(one.uv) for one in layer.data]])
    lines.append([polygon.material_index for polygon in thing.data.polygons])
    lines.append(sorted(a.name for a in thing.data.attributes))
    return json.dumps(lines)


def mine():
    """A cube that the artist made and painted; the extension knows nothing of it."""
    bpy.ops.mesh.primitive_cube_add()
    thing = bpy.context.object
    thing.name = "mine"
    for name in ("mine", "mine too"):
        material = bpy.data.materials.new(name)
        material.diffuse_color = (0.1, 0.7, 0.3, 1)
        if material.node_tree is None:  # before 5.0
            material.use_nodes = True
        thing.data.materials.append(material)
    thing.data.polygons[2].material_index = 1
    thing.data.uv_layers.new(name="second")


def error_of(operator, **properties):
    try:
        operator(**properties)
    except RuntimeError as error:
        return str(error)
    return ""


def colours_of(thing):
    """Which materials the evaluated mesh really wears."""
    mesh = thing.evaluated_get(bpy.context.evaluated_depsgraph_get()).data
    worn = {polygon.material_index for polygon in mesh.polygons}
    return sorted({mesh.materials[index].name for index in worn if index < len(mesh.materials) and mesh.materials[index]})


class Layout:
    """Writes down what a panel draws; there is no window here to draw into."""

    def __init__(self, drawn):
        self.drawn = drawn

    def column(self, **_):
        return Layout(self.drawn)

    row = column

    def operator(self, name, **settings):
        self.drawn.append(settings.get("text") or name)

    def label(self, text):
        self.drawn.append(text)


def drawn(panel):
    lines = []
    getattr(bpy.types, panel).draw(type("Panel", (), {"layout": Layout(lines)}), bpy.context)
    return lines


def mixed():
    """Two squares that share an edge; one of them has a corner that is known at level 7 only."""
    mesh = bpy.data.meshes.new("mixed")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0), (2, 0, 0), (2, 1, 0)], [], [(0, 1, 2, 3), (1, 4, 5, 2)])
    mesh.attributes.new("_LEVEL", "FLOAT", "POINT").data.foreach_set("value", [2, 2, 2, 2, 7, 2])
    thing = bpy.data.objects.new("mixed", mesh)
    thing["level"] = 7
    bpy.context.collection.objects.link(thing)


bpy.ops.wm.read_factory_settings(use_empty=True)
addon_utils.enable("bl_pkg", default_set=False)
before = traces()
bpy.ops.extensions.package_install_files(filepath=ZIP, repo="user_default", enable_on_install=True)
report["enabled"] = MODULE in {addon.module for addon in bpy.context.preferences.addons}
report["classes"] = kinds()

import trimesh  # noqa: E402 - from the wheel that was just installed

report["trimesh"] = [trimesh.__version__, trimesh.__file__]

ops = bpy.ops.anastylosis
report["poll"] = [ops.evidence_overlay.poll(), ops.publish_note.poll()]
mine()
untouched = fingerprint()

# A relief, and undo.
bpy.ops.ed.undo_push(message="before")
report["relief"] = list(ops.relief_from_picture(filepath=str(FOLDER / "picture.png"), width_m=0.8, depth_m=0.03))
stone = bpy.data.objects["relief"]
report["relief_size"] = list(stone.dimensions)
report["relief_says"] = {key: stone[key] for key in ("id", "kind", "level", "author")}
report["relief_attribute"] = sorted({one.value for one in stone.data.attributes["_LEVEL"].data})
bpy.ops.ed.undo_push(message="relief")
bpy.ops.ed.undo()
report["after_undo"] = ["relief" in bpy.data.objects, "mine" in bpy.data.objects, fingerprint() == untouched]

# What cannot be built says so.
report["no_picture"] = error_of(ops.relief_from_picture, filepath=str(FOLDER / "nothing.png"))
report["no_scene"] = error_of(ops.scene_from_release, filepath=str(FOLDER / "picture.png"))
report["after_errors"] = len(bpy.data.images)

# A released scene.
ops.relief_from_picture(filepath=str(FOLDER / "picture.png"), width_m=0.8, depth_m=0.03)
report["scene"] = list(ops.scene_from_release(filepath=str(FOLDER)))
report["scene_objects"] = {
    thing["id"]: [thing["level"], thing["author"], [round(x, 4) for x in thing.dimensions]]
    for thing in bpy.data.objects
    if "id" in thing
}
report["textures"] = [image.packed_file.size for image in bpy.data.images if image.packed_file]
report["lamps"] = sorted(thing.type for thing in bpy.data.objects if thing.type == "LIGHT")

# Evidence on and off.
mixed()
report["panels"] = {"hidden": drawn("ANASTYLOSIS_PT_evidence"), "build": drawn("ANASTYLOSIS_PT_build")}
materials, groups = sorted(m.name for m in bpy.data.materials), len(bpy.data.node_groups)
ops.evidence_overlay()
report["shown"] = {thing.name: colours_of(thing) for thing in bpy.data.objects if thing.type == "MESH"}
report["panels"]["shown"] = drawn("ANASTYLOSIS_PT_evidence")
ops.evidence_overlay()
as_before = materials == sorted(m.name for m in bpy.data.materials), groups == len(bpy.data.node_groups)
report["hidden"] = [fingerprint() == untouched, *as_before]
report["worn_after"] = colours_of(bpy.data.objects["mine"])

# A statement for the record.
for thing in bpy.data.objects:
    thing.select_set(thing.name == "mine")
report["empty_note"] = error_of(ops.publish_note, text=" ")
report["note"] = list(ops.publish_note(level="5", text="copied from the same hand's chapel"))
report["panels"]["notes"] = drawn("ANASTYLOSIS_PT_provenance")
report["notes"] = bpy.data.texts["anastylosis-provenance"].as_string()

# Out and back into a GLB: nothing that was said is lost.
addon_utils.enable("io_scene_gltf2", default_set=False)
bpy.ops.export_scene.gltf(filepath=str(FOLDER / "again.glb"), export_extras=True, export_attributes=True)

foreign = {"torch", "studio", "pipelines", "provenance", "diffusers"}
report["foreign_modules"] = sorted(name for name in sys.modules if name.split(".")[0] in foreign)
addon_utils.disable(MODULE, default_set=True)
after = traces()
report["left_behind"] = {key: [one for one in after[key] if one not in before[key]] for key in ("classes", "properties")}
report["left_behind"] |= {key: after[key] - before[key] for key in ("handlers", "menu")}
report["blender"] = bpy.app.version_string
talk.write(json.dumps(report))
talk.flush()
os._exit(0)
