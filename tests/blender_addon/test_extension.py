"""The extension in Blender, through Blender's own machinery: installed from the zip, used as an artist would, removed."""

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from blender_addon.errors import PackagingError
from blender_addon.launch import find_blender
from blender_addon.package import build_extension
from blender_addon.scenes.gallery import gallery
from blender_addon.scenes.gltf import glb, read_glb
from blender_addon.scenes.texture import Texture

pytestmark = pytest.mark.blender
SCRIPT = Path(__file__).with_name("extension_in_blender.py")
PICTURE_PX = np.zeros((40, 60, 3), np.uint8)
PICTURE_PX[:, :30, 0], PICTURE_PX[:, 30:, 2], PICTURE_PX[:10, :, 1] = 220, 220, 150


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release")
    (folder / "picture.png").write_bytes(Texture.from_pixels(PICTURE_PX).data)
    model = gallery(PICTURE_PX, width_m=0.6, level=7, author="AI")
    (folder / "scene.json").write_text(model.to_json())
    (folder / "scene.glb").write_bytes(glb(model))
    return folder


@pytest.fixture(scope="module")
def report(folder, tmp_path_factory):
    try:
        extension = build_extension(tmp_path_factory.mktemp("extension"))
    except PackagingError as error:
        pytest.skip(f"needs the trimesh wheel: {error}")
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(tmp_path_factory.mktemp("resources"))}
    environment.pop("PYTHONPATH", None)
    command = find_blender().command(SCRIPT, str(extension), str(folder))
    answer = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr[-3000:]
    return json.loads(answer.stdout)


def test_it_installs_with_its_wheel_and_shows_its_operators_and_panels(report):
    assert report["enabled"] and report["trimesh"][0]
    assert {name.split("_")[1] for name in report["classes"]} == {"OT", "PT"} and len(report["classes"]) == 7


def test_buttons_that_would_do_nothing_are_greyed_out(report):
    assert report["poll"] == [False, False]


def test_a_picture_becomes_a_relief_of_the_stated_size(report):
    assert report["relief"] == ["FINISHED"]
    width, depth, height = report["relief_size"]
    assert width == pytest.approx(0.8, abs=1e-6) and height == pytest.approx(0.8 * 40 / 60, abs=1e-6)
    assert depth == pytest.approx(0.06, abs=1e-6)
    assert report["relief_says"] == {"id": "relief", "kind": "relief", "level": 6, "author": "rule"}
    assert report["relief_attribute"] == [6.0]


def test_undo_takes_the_relief_away_and_nothing_else(report):
    assert report["after_undo"] == [False, True, True]


def test_what_cannot_be_opened_says_so_and_leaves_no_picture_behind(report):
    assert "nothing.png" in report["no_picture"] and "picture.glb" in report["no_scene"]
    assert report["after_errors"] == 0


def test_a_released_scene_comes_in_with_ids_levels_authors_and_measures(report):
    assert report["scene"] == ["FINISHED"]
    model = gallery(PICTURE_PX, width_m=0.6, level=7, author="AI")
    for solid in model.solids:
        level, author, size = report["scene_objects"][solid.id]
        assert (level, author) == (solid.level, solid.author)
        assert size == pytest.approx(np.ptp(solid.vertices, axis=0), abs=2e-4)
    assert len(report["lamps"]) == len(model.lights) + 2, "the relief brought two"


def test_the_pictures_bytes_are_packed_as_they_were_released(report, folder):
    released = read_glb((folder / "scene.glb").read_bytes()).values()
    assert report["textures"] == [len(mesh.texture.data) for mesh in released if mesh.texture]


def test_the_overlay_shows_each_level_in_its_colour(report):
    assert report["shown"]["plate-picture"] == ["Anastylosis Evidence 7 conjecture"]
    assert all(name.startswith("Anastylosis Evidence 6") for name in report["shown"]["floor"])
    assert report["shown"]["mine"] == ["Anastylosis Evidence 0 not assessed"]


def test_between_two_levels_the_overlay_shows_the_worse_and_never_a_mean(report):
    assert [name.split()[2] for name in report["shown"]["mixed"]] == ["2", "7"]


def test_the_panels_count_what_stands_at_each_level_and_what_waits(report):
    hidden, shown = report["panels"]["hidden"], report["panels"]["shown"]
    assert (hidden[0], shown[0]) == ("Show Levels", "Hide Levels")
    assert hidden[hidden.index("7  conjecture") + 1] == "2"
    assert report["panels"]["notes"][1].startswith("3 notes wait")
    assert len(report["panels"]["build"]) == 2


def test_the_overlay_leaves_materials_and_uv_maps_as_they_were(report):
    assert report["hidden"] == [True, True, True] and report["worn_after"] == ["mine", "mine too"]


def test_what_was_made_offline_waits_in_the_file_for_the_next_release(report):
    lines = [json.loads(line) for line in report["notes"].splitlines()]
    assert [line["what"] for line in lines] == ["relief from picture", "scene from release", "statement"]
    assert len(lines[0]["source"]["sha256"]) == 64
    assert lines[2]["objects"] == [{"id": "mine", "level": 5, "author": "person"}] and "chapel" in lines[2]["text"]
    assert "one sentence" in report["empty_note"] and report["note"] == ["FINISHED"]


def test_ids_levels_and_level_attributes_leave_blender_again(report, folder):
    data = (folder / "again.glb").read_bytes()
    document = json.loads(data[20 : 20 + int.from_bytes(data[12:16], "little")])
    extras = {node["extras"]["id"]: node["extras"] for node in document["nodes"] if "id" in node.get("extras", {})}
    assert extras["plate-picture"]["level"] == 7 and extras["plate-picture"]["author"] == "AI"
    assert set(report["scene_objects"]) <= set(extras)
    assert all("_LEVEL" in mesh["primitives"][0]["attributes"] for mesh in document["meshes"])


def test_no_model_and_no_studio_is_loaded_into_blender(report):
    assert report["foreign_modules"] == []


def test_switching_it_off_leaves_no_trace(report):
    assert report["left_behind"] == {"classes": [], "handlers": 0, "properties": [], "menu": 0}
