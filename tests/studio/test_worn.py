"""A variant goes back onto the house that its sheet belongs to, or is refused by name and nothing is written."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from blender_addon.scenes.model import SceneModel
from provenance.draft import Draft, Picture
from provenance.home import Home
from provenance.release import release as seal
from provenance.verify import verify_folder
from studio.ancestry import ancestor_of
from studio.building import build_building
from studio.cli import app
from studio.drawings.designed import design
from studio.drawings.fuse import fuse
from studio.drawings.gather import Said, views_of
from studio.errors import AncestorError
from studio.samples.building import building
from studio.samples.sheets import elevation, plan
from studio.sources import open_source
from studio.speculate import drawn_part
from studio.worn import NoSideError, wearing

HOUSE = building(4)
SHEETS = {"plan.png": plan, "facade.png": elevation}
SAID = Said({"plan.png": "plan", "facade.png": "elevation"})


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with plan and elevation of one house, and a home."""
    folder = tmp_path_factory.mktemp("worn")
    for name, draw in SHEETS.items():
        cv2.imwrite(str(folder / name), draw(HOUSE).image[..., ::-1])
    return folder


def _variant(sheet: Path, out: Path, home: Home, frame, ai: bool = True) -> Path:
    """A picture sealed as a variant of a sheet: the sheet itself, its paper blue, its openings and all else as drawn."""
    x0, y0, x1, y1 = frame
    source = open_source(sheet)
    pixels = source.pixels[y0:y1, x0:x1].copy()
    pixels[..., 2] = 255
    made = Picture("variant-1.png", pixels, "variant", ai=np.ones(pixels.shape[:2], bool) if ai else None, may_mark=False)
    draft = Draft("speculate", {"operation": "speculate"}, (made,), (source.note("input"),), findings={"frame": list(frame)})
    return seal(draft, out, home).folder / "variant-1.png"


@pytest.fixture(scope="module")
def frame(place):
    """The part of the elevation that a variant shows."""
    return drawn_part(open_source(place / "facade.png").pixels).frame


@pytest.fixture(scope="module")
def variant(place, frame):
    return _variant(place / "facade.png", place / "variants", Home(place / "home"), frame)


@pytest.fixture(scope="module")
def house(place, variant):
    """The house that wears it, sealed."""
    sheets = [place / name for name in SHEETS]
    return build_building(sheets, place / "house", home=Home(place / "home"), said=SAID, exports=("usd",), variant=variant)


@pytest.fixture(scope="module")
def model(house) -> SceneModel:
    return SceneModel.from_json((house.folder / "scene.json").read_text(), (house.folder / "scene.glb").read_bytes())


def _coats(model: SceneModel):
    return [one for one in model.elements if one.kind == "coat"]


def test_everything_that_is_seen_of_the_front_wears_it_and_the_rest_is_as_before(house, model, variant):
    digest = open_source(variant).sha256
    coats = _coats(model)
    wearing = {next(one.kind for one in model.elements if one.id == coat.covers.id) for coat in coats}
    assert wearing >= {"wall", "pane", "frame", "door", "roof"}
    assert {(one.level, one.author, one.texture.sha256, one.evidence[0].source_sha256) for one in coats} == {
        (7, "AI", digest, digest)
    }
    assert not [one.id for one in model.elements if one.author == "AI" and one.kind != "coat"]
    said = {one["id"]: one for one in model.worn}
    assert said["wall-0-south"]["share"] > 0.98 and not [name for name in said if "north" in name or "inside" in name]
    findings = house.record["findings"]["worn"]
    assert findings["side"] == "south" and findings["share"] > 0.9 and findings["variant_sha256"] == digest
    assert [one["name"] for one in house.record["sources"]] == ["plan.png", "facade.png", "variant-1.png"]
    assert {one.state for one in verify_folder(house.folder, Home(house.folder.parent / "home"))} == {"intact"}


def test_the_picture_lies_on_the_house_where_the_sheet_has_it(model, frame):
    """At every corner of every coat: the texel's place on the sheet, and the place in metres by the sheet's true scale."""
    x0, y0, x1, y1 = frame
    sheet = elevation(HOUSE)
    for coat in _coats(model):
        shown = np.array([x0, y1]) + coat.uv * (x1 - x0, y0 - y1)
        stands = np.array(sheet.origin) + coat.vertices[:, [0, 2]] * (sheet.px_per_m, -sheet.px_per_m)
        # the reader's own error, of the plan's edges, the ground and the scale: 6 cm
        assert np.abs(shown - stands).max() <= 3.0, coat.id


@pytest.fixture(scope="module")
def front(place):
    """The house as its elevation alone shows it: what was fused, and the design."""
    views, _ = views_of([open_source(place / "facade.png")], Said({"facade.png": "elevation"}))
    fused = fuse(views)
    return fused, design(fused, "house")


def test_a_variant_that_no_model_painted_is_a_rule(front, place, frame):
    fused, designed = front
    home = Home(place / "home")
    bare = _variant(place / "facade.png", place / "unpainted", home, frame, ai=False)
    made, _ = wearing(designed, ancestor_of(bare, home), fused)
    assert {(one.level, one.author) for one in _coats(made)} == {(6, "rule")}


def test_a_house_without_the_side_of_the_variant_is_told_so(front, place, frame):
    fused, designed = front
    home = Home(place / "home")
    corner = _variant(place / "facade.png", place / "corner", home, (0, 0, 200, 100))
    of_the_plan = _variant(place / "plan.png", place / "of-the-plan", home, frame)
    for one in (corner, of_the_plan):
        with pytest.raises(NoSideError, match=r"no side .*\(south \(facade\.png\)"):
            wearing(designed, ancestor_of(one, home), fused)


def test_a_strange_or_changed_variant_is_refused_and_nothing_is_written(place, variant, tmp_path):
    home, sheets = Home(place / "home"), [place / name for name in SHEETS]
    cv2.imwrite(str(tmp_path / "other.png"), elevation(building(5)).image[..., ::-1])
    changed = cv2.imread(str(variant))
    changed[::7] = 0
    cv2.imwrite(str(tmp_path / "variant-1.png"), changed)
    for given, wears, words in (
        ([tmp_path / "other.png"], variant, "was not drawn after other.png"),
        (sheets, tmp_path / "variant-1.png", "bit for bit"),
        (sheets, place / "facade.png", "sealed"),
    ):
        with pytest.raises(AncestorError, match=words):
            build_building(given, tmp_path / "out", home=home, variant=wears)
        assert not (tmp_path / "out").exists()


def test_the_command_tells_a_strange_variant_in_one_sentence(place, variant, tmp_path):
    cv2.imwrite(str(tmp_path / "other.png"), elevation(building(5)).image[..., ::-1])
    said = CliRunner().invoke(app, [
        "scene", str(tmp_path / "other.png"), "--kind", "building", "--variant", str(variant), "-o", str(tmp_path / "out"),
        "--home", str(place / "home"),
    ])  # fmt: skip
    assert said.exit_code == 1 and "was not drawn after other.png" in " ".join(said.output.split())
    assert not (tmp_path / "out").exists()


def test_the_glb_with_coats_is_valid(house):
    modules = Path(os.environ.get("GLTF_VALIDATOR", "missing")) / "node_modules"
    if not (modules / "gltf-validator").is_dir() or shutil.which("node") is None:
        pytest.skip("the glTF validator is not installed ($GLTF_VALIDATOR)")
    script = (
        "const v=require(process.argv[1] + '/gltf-validator'), f=require('fs');"
        "v.validateBytes(new Uint8Array(f.readFileSync(process.argv[2]))).then(r=>console.log(JSON.stringify(r.issues)))"
    )
    done = subprocess.run(
        ["node", "-e", script, str(modules), str(house.folder / "scene.glb")], capture_output=True, text=True, check=True
    )
    issues = json.loads(done.stdout)
    assert issues["numErrors"] == 0, issues["messages"][:3]
