"""Three sheets go in, one sealed building comes out; where the sheets disagree a person reads it, or is refused if asked so."""

import io
import json
from dataclasses import replace

import cv2
import pytest
import trimesh
from typer.testing import CliRunner

from provenance.home import Home
from provenance.verify import verify_folder
from studio.building import ContradictionError, build_building
from studio.cli import app
from studio.drawings.gather import Said, UnknownSheetError
from studio.errors import DrawingError
from studio.samples.building import building
from studio.samples.sheets import elevation, plan, section

HOUSE = building(4)
KINDS = {"plan.png": "plan", "facade.png": "elevation", "section.png": "section"}


@pytest.fixture(scope="module")
def sheets(tmp_path_factory):
    """Plan, elevation and section of one house; the elevation's upper storey is drawn 8 % too high."""
    folder = tmp_path_factory.mktemp("sheets")
    low, high = HOUSE.heights
    facade = tuple(
        o
        if o.box[1] < low
        else replace(o, box=(o.box[0], low + (o.box[1] - low) * 1.08, o.box[2], low + (o.box[3] - low) * 1.08))
        for o in HOUSE.facade
    )
    other = replace(HOUSE, heights=(low, high * 1.08), facade=facade)
    for name, sheet in (("plan", plan(HOUSE)), ("facade", elevation(other)), ("section", section(HOUSE))):
        cv2.imwrite(str(folder / f"{name}.png"), cv2.cvtColor(sheet.image, cv2.COLOR_RGB2BGR))
    return [folder / name for name in KINDS]


@pytest.fixture(scope="module")
def release(sheets, tmp_path_factory):
    """The building of those sheets, sealed."""
    place = tmp_path_factory.mktemp("house")
    return build_building(sheets, place / "house", home=Home(place / "home"), said=Said(KINDS), exports=("usd",)), place


def test_the_building_has_the_size_of_its_sheets_and_every_solid_is_closed(release):
    made, place = release
    said = json.loads((made.folder / "scene.json").read_text())
    walls = [one for one in said["elements"] if one["id"].startswith("wall-0")]
    wide = max(one["bounds"][1][0] for one in walls) - min(one["bounds"][0][0] for one in walls)
    assert wide == pytest.approx(HOUSE.width, rel=0.01)
    top = max(one["bounds"][1][2] for one in said["elements"] if one["id"].startswith("wall-1"))
    assert top == pytest.approx(HOUSE.height, rel=0.02)  # the section's, not the elevation's
    scene = trimesh.load(io.BytesIO((made.folder / "scene.glb").read_bytes()), file_type="glb")
    assert all(mesh.is_watertight and mesh.volume > 0 for mesh in scene.geometry.values())
    assert {verdict.state for verdict in verify_folder(made.folder, Home(place / "home"))} == {"intact"}


def test_a_disagreement_is_loud_in_the_record_the_scene_and_on_the_page(release):
    made, _ = release
    findings = made.record["findings"]
    assert "a person has to decide" in findings["reason"]
    assert any("height of" in one["element"] for one in findings["contradictions"])
    assert json.loads((made.folder / "scene.json").read_text())["contradictions"] == findings["contradictions"]
    assert "The sheets disagree" in (made.folder / "index.html").read_text()


def test_a_window_knows_its_regions_on_the_sheets_and_the_region_knows_the_window(release):
    made, _ = release
    said = json.loads((made.folder / "scene.json").read_text())
    panes = [one for one in said["elements"] if one["kind"] == "pane" and one["bounds"][0][1] < 0.4]
    assert len(panes) == sum(o.kind == "window" for o in HOUSE.facade)
    links = {(one["source_sha256"], tuple(one["region"])): one["elements"] for one in said["regions"]}
    for pane in panes:
        for evidence in pane["evidence"]:
            assert pane["id"] in links[evidence["source_sha256"], tuple(evidence["region"])]


def test_strict_refuses_sheets_that_disagree(sheets, tmp_path):
    with pytest.raises(ContradictionError, match="Height of"):
        build_building(sheets, tmp_path / "house", home=Home(tmp_path / "home"), said=Said(KINDS), strict=True)
    assert not (tmp_path / "house").exists()


def test_what_was_said_of_a_sheet_that_is_not_there_is_refused():
    with pytest.raises(UnknownSheetError, match=r"roof\.png is none of the sheets"):
        Said(scales={"roof.png": 40.0}).check(["plan.png"])
    with pytest.raises(DrawingError, match="choose one of"):
        Said(kinds={"plan": "map"}).check(["plan.png"])
    assert Said(scales={"plan": 40.0}).of({"plan": 40.0}, "plan.png") == 40.0


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--kind", "building", "--scale", "40"], "say for which sheet"),
        (["--kind", "building", "--scale", "plan.png=wide"], "a number of pixels per metre"),
        (["--kind", "plan"], "--kind building"),
    ],
)
def test_the_command_says_what_it_needs(arguments, word, sheets, tmp_path):
    said = CliRunner().invoke(app, ["scene", *map(str, sheets), *arguments, "-o", str(tmp_path / "out")])
    assert said.exit_code == 2 and word in " ".join(said.output.split()).replace("│ ", "")
