"""`anastylosis export`: one Record, four vocabularies, from a folder, a file of it, or a file far from it."""

import json
import shutil

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from provenance.draft import Document, Draft, Picture, SourceNote
from provenance.home import Home
from provenance.release import release
from provenance.vocabularies.ai_icon import GENERATED, MODIFIED, ai_icon, icon_kind
from provenance.vocabularies.exported import KINDS, ExportError, exported
from provenance.vocabularies.wall_text import disclosure, wall_page
from studio.cli import app as anastylosis
from studio.cli.export import export as command
from studio.export import export

EVIDENCE = [{"source_sha256": "a" * 64, "region": [1, 2, 3, 4], "note": "poché"}]
WALL = {"id": "wall", "kind": "wall", "level": 2, "author": "drawing", "aspects": {}, "evidence": EVIDENCE}
SCENE = {"elements": [WALL], "plates": []}


@pytest.fixture
def house(tmp_path):
    """Return a home and a Release with a picture that a model made, and a scene.json."""
    home = Home(tmp_path / "home")
    pixels = np.random.default_rng(0).integers(0, 255, (40, 50, 3), np.uint8)
    files = (
        Picture("variant.png", pixels, "variant", ai=np.ones((40, 50), bool)),
        Document("scene.json", "application/json", "reading", False, data=json.dumps(SCENE).encode()),
    )
    source = SourceNote("input", "plan.tif", "a" * 64, "image/tiff", None, "http://rightsstatements.org/vocab/NoC-US/1.0/")
    sealed = release(Draft("speculate", {"operation": "speculate"}, files, (source,)), tmp_path / "house", home)
    return home, sealed


def test_a_release_is_told_in_each_vocabulary_and_the_scene_is_in_it(house):
    home, sealed = house
    for kind in ("prov", "crmdig", "em"):
        found = export(sealed.folder, kind, home)
        assert "wall" in found.text and "poché" in found.text, kind
    assert "AI-modified" in export(sealed.folder / "variant.png", "label", home).text


def test_a_file_far_from_its_record_is_looked_up_and_has_no_scene(house, tmp_path):
    home, sealed = house
    (tmp_path / "far").mkdir()
    copy = shutil.copy(sealed.folder / "variant.png", tmp_path / "far" / "x.png")
    found = export(tmp_path / "far" / "x.png", "prov", home)
    assert sealed.record["id"] in found.text and "poché" not in found.text
    with pytest.raises(ExportError, match="No Record lies beside"):
        export(tmp_path / "far" / "x.png", "prov", Home(tmp_path / "nobody"))
    assert copy


def test_a_damaged_scene_is_a_named_error(house):
    home, sealed = house
    (sealed.folder / "scene.json").write_text('{"elements": [7]}')
    with pytest.raises(ExportError, match=r"scene\.json is not one of ours"):
        export(sealed.folder, "em", home)
    (sealed.folder / "scene.json").write_text("{")
    with pytest.raises(ExportError, match="cannot be read"):
        export(sealed.folder, "em", home)


def test_the_command_writes_a_new_file_or_prints(house, tmp_path):
    home, sealed = house
    app = typer.Typer()
    app.command()(command)
    run = CliRunner().invoke

    def ask(*more):
        return run(app, [str(sealed.folder), "--home", str(home.folder), *more])

    out = tmp_path / "house.graphml"
    assert ask("--as", "em", "-o", str(out)).exit_code == 0
    assert out.read_text("utf-8").startswith("<?xml")
    assert isinstance(ask("--as", "em", "-o", str(out)).exception, ExportError)
    assert json.loads(ask("--as", "prov").stdout)["prefix"]["record"] == "urn:uuid:"
    told = json.loads(ask("--as", "label", "--json").stdout)
    assert (told["kind"], told["media_type"]) == ("label", "text/plain")
    for name, start in (("label.html", "<!doctype html>"), ("label.svg", "<svg")):
        assert ask("--as", "label", "-o", str(tmp_path / name)).exit_code == 0
        assert (tmp_path / name).read_text("utf-8").startswith(start)


def test_a_release_is_sent_in_one_file_and_read_by_whoever_has_the_home(house, tmp_path):
    home, sealed = house
    type_ = CliRunner().invoke
    run = type_(anastylosis, ["bundle", str(sealed.folder), "-o", str(tmp_path / "house.zip"), "--json"])
    assert run.exit_code == 0 and "variant.png" in json.loads(run.stdout)["files"]
    run = type_(anastylosis, ["verify", str(tmp_path / "house.zip"), "--home", str(home.folder), "--json"])
    told = {verdict["path"]: verdict["state"] for verdict in json.loads(run.stdout)["verdicts"]}
    assert run.exit_code == 0 and told[str(tmp_path / "house.zip" / "variant.png")] == "intact"
    assert type_(anastylosis, ["unbundle", str(tmp_path / "house.zip"), "-o", str(tmp_path / "there")]).exit_code == 0
    assert (tmp_path / "there" / "variant.png").read_bytes() == (sealed.folder / "variant.png").read_bytes()
    assert type_(anastylosis, ["unbundle", str(tmp_path / "house.zip"), "-o", str(tmp_path / "there")]).exit_code == 1
    assert type_(anastylosis, ["bundle", str(tmp_path), "-o", str(tmp_path / "x.zip")]).exit_code == 1


def test_the_sign_says_generated_or_modified_and_the_law_is_named(house):
    _, sealed = house
    record = sealed.record
    assert icon_kind(record) == GENERATED
    assert "article 50" in disclosure(record)
    part = record | {"operation": "restore"}
    assert icon_kind(part) == MODIFIED
    none = record | {"outputs": [output | {"contains_ai": False} for output in record["outputs"]]}
    assert icon_kind(none) is None and disclosure(none) == "" and "<svg" not in wall_page(none)
    with pytest.raises(ExportError, match="no sign"):
        exported(none, "label", None, ".svg")
    for kind in (GENERATED, MODIFIED):
        assert f'aria-label="{kind}"' in ai_icon(kind)


def test_a_page_escapes_what_strangers_wrote(house):
    record = json.loads(json.dumps(house[1].record))
    record["sources"][0]["rights"] = 'https://example.org/"><script>alert(1)</script>'
    assert "<script" not in wall_page(record)
    record["sources"][0]["rights"] = "javascript:alert(1)"
    assert "href" not in wall_page(record)


def test_an_unknown_vocabulary_is_refused_with_those_that_exist(house):
    with pytest.raises(ExportError, match="prov, crmdig, em, label"):
        exported(house[1].record, "rdf")
    assert list(KINDS) == ["prov", "crmdig", "em", "label"]
