"""Save one scene as .blend, or read one back. Runs in Blender's process, once per process, as `render.py` does."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGE = "anastylosis_scene"
TEXT = "anastylosis-scene"  # the text block of the file that holds scene.json


def main() -> None:
    """Take the job from the command line, and leave without Blender's teardown, which is slow and can crash."""
    arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
    job = json.loads(Path(arguments[0]).read_text(encoding="utf-8"))
    code = 0
    try:
        package = _package()
        if "save" in job:
            _save(job, package)
        else:
            _read(job, package)
    except Exception as error:  # noqa: BLE001 - the border of the process: the parent reads the reason from stderr
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _package():
    """The importer of the modules beside this file; see `render._start` for why they get a name of their own."""
    sys.path[:] = [entry for entry in sys.path if not entry or Path(entry).resolve() != HERE]
    spec = importlib.util.spec_from_file_location(PACKAGE, HERE / "__init__.py", submodule_search_locations=[str(HERE)])
    sys.modules[PACKAGE] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[PACKAGE])
    return lambda name: importlib.import_module(f"{PACKAGE}.{name}")


def _save(job: dict, package) -> None:
    import bpy

    package("compatibility").empty_file()
    build = package("build")
    path = Path(job["save"])
    model = build.read_scene(path)
    build.build(model, bpy.context.scene.collection)
    kept = bpy.data.texts.new(TEXT)
    kept.use_fake_user = True
    kept.write(path.read_text(encoding="utf-8"))
    bpy.context.scene.unit_settings.system = "METRIC"
    bpy.ops.wm.save_as_mainfile(filepath=job["to"], compress=True, check_existing=False)


def _read(job: dict, package) -> None:
    import bpy

    bpy.ops.wm.open_mainfile(filepath=job["read"], load_ui=False)
    if TEXT not in bpy.data.texts:
        return  # the parent sees that nothing was written
    model = _model(json.loads(bpy.data.texts[TEXT].as_string()), package)
    for name, data in (("scene.json", model.to_json().encode()), ("scene.glb", package("scenes.gltf").glb(model))):
        with (Path(job["to"]) / name).open("wb") as file:
            file.write(data)


def _model(document: dict, package):
    """The scene as its objects are now; objects without an id of ours are not part of it, and what was deleted is gone."""
    import bpy

    things = {thing["id"]: thing for thing in bpy.context.scene.objects if thing.type == "MESH" and "id" in thing}
    meshes = {}
    for group in ("elements", "plates"):
        document[group] = [one for one in document[group] if one["id"] in things]
        for one in document[group]:
            thing = things[one["id"]]
            one["level"], one["author"] = int(thing["level"]), str(thing["author"])
            one["aspects"] = {name: int(number) for name, number in dict(thing.get("aspects", {})).items()}
            one["evidence"] = [{**e, "region": e["region"] or []} for e in json.loads(thing["evidence"])]
            meshes[one["id"]] = _mesh(thing, one, package)
    return package("scenes.model").SceneModel.from_json(json.dumps(document), geometry=meshes)


def _mesh(thing, one: dict, package):
    """Vertices in metres of the world, triangles, picture coordinates, colours, levels and the packed picture of an object."""
    import numpy as np

    mesh = thing.data
    mesh.calc_loop_triangles()
    vertices = np.empty(len(mesh.vertices) * 3, np.float32)
    mesh.vertices.foreach_get("co", vertices)
    world = np.array(thing.matrix_world, np.float64)
    moved = vertices.reshape(-1, 3).astype(np.float64) @ world[:3, :3].T + world[:3, 3]
    faces = np.empty(len(mesh.loop_triangles) * 3, np.int32)
    mesh.loop_triangles.foreach_get("vertices", faces)
    corners = np.empty(len(mesh.loops), np.int32)
    mesh.loops.foreach_get("vertex_index", corners)
    uv = colours = levels = texture = None
    if mesh.uv_layers and one["texture"]:
        flat = np.empty(len(corners) * 2, np.float32)
        mesh.uv_layers[0].data.foreach_get("uv", flat)
        uv = np.zeros((len(moved), 2), np.float32)
        uv[corners] = flat.reshape(-1, 2)
        nodes = (node for slot in thing.material_slots if slot.material for node in slot.material.node_tree.nodes)
        image = next((node.image for node in nodes if node.type == "TEX_IMAGE" and node.image), None)
        if image is not None and image.packed_file:
            texture = package("scenes.texture").Texture.from_bytes(bytes(image.packed_file.data))
    if "Color" in mesh.color_attributes:
        flat = np.empty(len(moved) * 4, np.float32)
        mesh.color_attributes["Color"].data.foreach_get("color", flat)
        shown = package("scenes.levels").srgb_from_linear(flat.reshape(-1, 4)[:, :3])
        colours = np.rint(np.clip(shown, 0, 1) * 255).astype(np.uint8)
    if "_LEVEL" in mesh.attributes:
        flat = np.empty(len(moved), np.float32)
        mesh.attributes["_LEVEL"].data.foreach_get("value", flat)
        levels = None if np.all(flat == one["level"]) else np.rint(flat).astype(np.uint8)
    return package("scenes.gltf").Mesh(moved, faces.reshape(-1, 3).astype(np.int64), uv, colours, levels, texture)


if __name__ == "__main__":
    main()
