"""The GLB: closed solids for every reader, evidence on every node, pictures byte for byte, no complaint from the validator."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import trimesh

from blender_addon.errors import SceneFileError
from blender_addon.scenes.gallery import gallery
from blender_addon.scenes.gltf import glb, read_glb
from blender_addon.scenes.model import Element, SceneModel
from blender_addon.scenes.relief import closed_sheet
from blender_addon.scenes.texture import Texture

from .conftest import SCENES, corners, overlaps, reloaded


@pytest.mark.parametrize("how", [{}, {"process": True}], ids=["as stored", "vertices merged"])
def test_every_solid_is_still_closed_when_another_program_has_read_it(scene, how):
    meshes = reloaded(glb(scene), **how)
    assert set(meshes) == {solid.id for solid in scene.solids}
    for name, mesh in meshes.items():
        assert mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0, name


def test_no_two_solids_share_space(scene):
    assert overlaps(scene) == []


def test_metres_stay_metres_and_z_becomes_y(scene):
    low, high = scene.bounds
    corners_of = np.concatenate([mesh.bounds for mesh in reloaded(glb(scene)).values()])
    found = np.stack([corners_of.min(axis=0), corners_of.max(axis=0)])
    assert np.allclose(found, [(low[0], low[2], -high[1]), (high[0], high[2], -low[1])], atol=1e-6)


def test_level_and_evidence_stand_on_every_node_and_vertex(scene):
    document, _ = parts(glb(scene))
    said = {node["name"]: node["extras"] for node in document["nodes"]}
    meshes = reloaded(glb(scene))
    for solid in scene.solids:
        extras = said[solid.id]
        for name in ("id", "kind", "level", "author"):
            assert extras[name] == getattr(solid, name)
        assert len(extras["evidence"]) == len(solid.evidence)
        levels = meshes[solid.id].vertex_attributes["_LEVEL"]
        assert levels.dtype == np.float32 and len(levels) == len(solid.vertices)
        assert int(levels.max()) == solid.level


def test_a_picture_stands_in_the_file_byte_for_byte():
    texture = Texture.from_pixels(np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8))
    data = glb(gallery(texture, width_m=1.0))
    assert texture.data in data
    assert read_glb(data)["plate-picture"].texture == texture


def test_one_picture_shown_twice_is_stored_once():
    texture = Texture.from_pixels(corners())
    document, _ = parts(glb(gallery(texture, width_m=1.0, label=texture)))
    assert len(document["images"]) == 1


@pytest.mark.parametrize("count", [65534, 65535, 65536])
def test_indices_widen_where_sixteen_bits_end(count):
    rim = 2 * (2 + 2000)
    rows = (count - rim - 1) // 2000
    sheet = closed_sheet(np.zeros((rows, 2000)), 1.0, 1.0, 0.1)
    spare = count - len(sheet[0])
    vertices = np.concatenate([sheet[0], np.tile(sheet[0][-1:], (max(spare, 0), 1))])
    model = SceneModel("many", (Element("sheet", "relief", vertices, sheet[1], 6, "rule"),))
    document, _ = parts(glb(model))
    kinds = {entry["componentType"] for entry in document["accessors"] if entry["type"] == "SCALAR"} - {5126}
    assert kinds == ({5123} if count < 65535 else {5125})
    assert SceneModel.from_json(model.to_json(), glb(model)).elements[0].faces.shape == sheet[1].shape


def test_colours_are_stored_as_linear_light():
    grey = gallery(corners(), width_m=1.0).elements[0]
    document, _ = parts(glb(SceneModel("one", (replace(grey, color=(0.5, 0.5, 0.5)),))))
    assert document["materials"][0]["pbrMetallicRoughness"]["baseColorFactor"][:3] == pytest.approx([0.214041] * 3, abs=1e-6)


def test_a_foreign_glb_is_refused():
    box = trimesh.Scene(trimesh.creation.box()).export(file_type="glb")
    assert isinstance(box, bytes)
    for data in (box, b"", b"glTF", b"\x89PNG" * 50):
        with pytest.raises(SceneFileError):
            read_glb(data)


def invented() -> SceneModel:
    """A tower and a plate whose author is a model, beside a wall that was drawn."""
    texture = Texture.from_pixels(corners())
    room = gallery(texture, width_m=1.0)
    (plate,) = [one for one in room.plates if one.kind == "work"]
    wall = next(one for one in room.elements if one.kind == "wall")
    tower = replace(wall, id="tower", vertices=wall.vertices + np.array((40, 0, 0)), author="AI", level=7)
    mixed = np.full(len(tower.vertices), 1, np.uint8)
    mixed[0] = 7
    relief = replace(tower, id="relief", vertices=wall.vertices + np.array((80, 0, 0)), vertex_levels=mixed)
    return replace(room, elements=(*room.elements, tower, relief), plates=(replace(plate, author="AI", level=7),))


def test_what_a_model_made_says_so_in_xmp_and_nothing_else_does():
    document, _ = parts(glb(invented()))
    packets = document["extensions"]["KHR_xmp_json_ld"]["packets"]
    kinds = {}
    for mesh in document["meshes"]:
        found = mesh.get("extensions", {}).get("KHR_xmp_json_ld")
        if found is not None:
            kinds[mesh["name"]] = packets[found["packet"]]["Iptc4xmpExt:DigitalSourceType"].rsplit("/", 1)[1]
    composite = "compositeWithTrainedAlgorithmicMedia"
    assert kinds == {"tower": "trainedAlgorithmicMedia", "relief": composite, "plate-picture": "trainedAlgorithmicMedia"}
    assert document["images"][0]["extensions"]["KHR_xmp_json_ld"]["packet"] < len(packets)
    assert "extensionsRequired" not in document
    drawn, _ = parts(glb(gallery(corners(), width_m=1.0)))
    assert "extensionsUsed" not in drawn and "extensions" not in drawn


def test_a_scene_with_xmp_is_read_back_as_it_was():
    model = invented()
    again = SceneModel.from_json(model.to_json(), glb(model))
    assert glb(again) == glb(model)
    assert set(reloaded(glb(model))) == {solid.id for solid in model.solids}


@pytest.mark.node
def test_the_validator_finds_nothing_to_complain_of(tmp_path):
    folder = validator_folder()
    names = []
    scenes = {**SCENES, "invented": invented}
    for number, make in enumerate(scenes.values()):
        (tmp_path / f"{number}.glb").write_bytes(glb(make()))
        names.append(f"{number}.glb")
    (tmp_path / "validate.cjs").write_text(VALIDATE)
    told = subprocess.run(
        ["node", "validate.cjs", str(folder / "node_modules" / "gltf-validator"), *names],
        cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    reports = json.loads(told.stdout)
    assert len(reports) == len(scenes)
    for name, issues in zip(scenes, reports, strict=True):
        counts = (issues["numErrors"], issues["numWarnings"], issues["numHints"])
        assert counts == (0, 0, 0), (name, issues["messages"])


VALIDATE = """
const validator = require(process.argv[2]), fs = require("fs");
(async () => {
  const reports = [];
  for (const name of process.argv.slice(3))
    reports.push((await validator.validateBytes(new Uint8Array(fs.readFileSync(name)))).issues);
  console.log(JSON.stringify(reports));
})();
"""


def validator_folder() -> Path:
    """The folder whose node_modules hold gltf-validator: $GLTF_VALIDATOR, or npm's own for this folder or for everybody."""
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    found = [Path(os.environ["GLTF_VALIDATOR"])] if os.environ.get("GLTF_VALIDATOR") else []
    for how in ([], ["-g"]):
        if shutil.which("npm"):
            told = subprocess.run(["npm", "root", *how], capture_output=True, text=True, timeout=60).stdout.strip()
            found += [Path(told).parent] if told else []
    for folder in found:
        if (folder / "node_modules" / "gltf-validator").is_dir():
            return folder
    pytest.skip("npm's gltf-validator is not installed; GLTF_VALIDATOR names the folder that holds its node_modules")


def parts(data: bytes) -> tuple[dict, bytes]:
    """The JSON and the binary part of a GLB."""
    length = struct.unpack_from("<I", data, 12)[0]
    return json.loads(data[20 : 20 + length]), data[28 + length :]
