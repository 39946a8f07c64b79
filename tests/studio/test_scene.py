"""From a sheet to a sealed scene: metric, closed, and never by a guess."""

import io
import json

import cv2
import pytest
import trimesh

from provenance.home import Home
from provenance.verify import verify_folder
from studio.errors import NoDrawingError, ScaleError
from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.sheets import elevation, plan
from studio.scene import build_scene


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    """An aged elevation and a plan of one small building, and the building."""
    folder, house = tmp_path_factory.mktemp("sheets"), building(11)
    for name, draw in (("facade", elevation), ("plan", plan)):
        cv2.imwrite(str(folder / f"{name}.png"), cv2.cvtColor(age(draw(house).image, 11)[0], cv2.COLOR_RGB2BGR))
    cv2.imwrite(str(folder / "blank.png"), age(elevation(house).image * 0 + 255, 3)[0])
    return folder, house


def _solids(folder) -> dict[str, trimesh.Trimesh]:
    scene = trimesh.load(io.BytesIO((folder / "scene.glb").read_bytes()), file_type="glb")
    return {name: scene.geometry[scene.graph[name][1]] for name in scene.graph.nodes_geometry}


@pytest.mark.parametrize("kind", ["facade", "plan"])
def test_a_sheet_becomes_a_building_of_its_true_width(sheets, tmp_path, kind):
    folder, house = sheets
    release = build_scene(folder / f"{kind}.png", tmp_path / kind, home=Home(tmp_path / "home"), kind=kind, read_scale_bar=True)
    said = json.loads((release.folder / "scene.json").read_text())
    walls = [one for one in said["elements"] if one["kind"] == "wall"]
    width = max(one["bounds"][1][0] for one in walls) - min(one["bounds"][0][0] for one in walls)
    assert width == pytest.approx(house.width, rel=0.02)
    solids = _solids(release.folder)
    assert len(solids) == release.record["findings"]["solids"]
    for name, mesh in solids.items():
        assert mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0, name
    assert {verdict.state for verdict in verify_folder(release.folder, Home(tmp_path / "home"))} == {"intact"}


def test_without_a_scale_it_asks(sheets, tmp_path):
    folder, _ = sheets
    with pytest.raises(ScaleError, match="--scale"):
        build_scene(folder / "facade.png", tmp_path / "out", home=Home(tmp_path / "home"), kind="facade")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("kind", ["facade", "plan"])
def test_a_blank_sheet_is_refused(sheets, tmp_path, kind):
    from studio.errors import DrawingError

    folder, _ = sheets
    assert issubclass(NoDrawingError, DrawingError)
    with pytest.raises(DrawingError):
        build_scene(folder / "blank.png", tmp_path / "out", home=Home(tmp_path / "home"), kind=kind, px_per_m=50)
    assert not (tmp_path / "out").exists()


def test_a_picture_with_ai_in_it_carries_that_into_the_room(tmp_path):
    import numpy as np

    from provenance.draft import Draft, Picture
    from provenance.release import release

    home, rng = Home(tmp_path / "home"), np.random.default_rng(0)
    pixels = cv2.resize(rng.integers(0, 255, (9, 9, 3), np.uint8), (120, 90), interpolation=cv2.INTER_CUBIC)
    ai = np.zeros((90, 120), bool)
    ai[20:30, 20:50] = True
    made = release(
        Draft("restore", {"operation": "restore"}, (Picture("restored.png", pixels, "restored", ai=ai),)), tmp_path / "r", home
    )
    room = build_scene(made.folder / "restored.png", tmp_path / "room", home=home, kind="gallery", width_m=0.5)
    said = json.loads((room.folder / "scene.json").read_text())
    assert {(plate["level"], plate["author"]) for plate in said["plates"] if plate["kind"] == "work"} == {(7, "AI")}
    assert next(file for file in room.files if file.name == "scene.glb").credential == "sidecar"
    assert {verdict.state for verdict in verify_folder(room.folder, home)} == {"intact"}
