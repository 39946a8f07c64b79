"""A variant keeps its ancestry, its openings are looked for again, and the façade that it belongs to can wear it."""

import json

import cv2
import numpy as np
import pytest

from pipelines.errors import RequestError
from provenance.home import Home
from studio.ancestry import ancestor_of
from studio.errors import AncestorError, MaskSizeError, NoDrawingError
from studio.samples.building import building
from studio.samples.sheets import elevation
from studio.scene import build_scene
from studio.speculate import speculate


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return Home(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def drawing(tmp_path_factory):
    path = tmp_path_factory.mktemp("sheets") / "facade.png"
    cv2.imwrite(str(path), elevation(building(5001), "solid", 40.0).image[..., ::-1])
    return path


@pytest.fixture(scope="module")
def variants(drawing, place, tmp_path_factory):
    out = tmp_path_factory.mktemp("variants")
    speculate(drawing, out, home=place, variants=1, strengths=[0.3])
    return out


def test_the_record_says_what_became_of_each_opening_and_which_part_of_the_sheet_is_shown(variants):
    findings = json.loads((variants / "record.json").read_text())["findings"]
    openings = findings["fidelity"][0]["openings"]
    assert openings["kept"] == 15 and openings["lost"] == openings["moved"] == openings["invented"] == 0
    x0, y0, x1, y1 = findings["frame"]
    assert [x1 - x0, y1 - y0] == findings["size"]


def test_a_facade_wears_its_variant_and_says_that_a_model_made_it(variants, drawing, place, tmp_path):
    build_scene(drawing, tmp_path / "worn", home=place, kind="facade", read_scale_bar=True, variant=variants / "variant-1.png")
    scene = json.loads((tmp_path / "worn" / "scene.json").read_text())
    by_ai = [one for one in scene["elements"] if one["author"] == "AI"]
    assert {one["kind"] for one in by_ai} >= {"wall", "pane", "door"} and {one["level"] for one in by_ai} == {7}
    digest = ancestor_of(variants / "variant-1.png", place).source.sha256
    assert {one["texture"]["sha256"] for one in by_ai} == {digest}
    assert any(one["author"] == "rule" for one in scene["elements"])
    sources = json.loads((tmp_path / "worn" / "record.json").read_text())["sources"]
    assert [one["name"] for one in sources] == ["facade.png", "variant-1.png"]


def test_a_grid_is_drawn_sealed_and_laid_out_as_one(drawing, place, tmp_path):
    for name, colour in (("dawn", (230, 160, 120)), ("dusk", (70, 80, 130))):
        ramp = np.linspace(0.2, 1, 64)[:, None, None] * np.array(colour)
        cv2.imwrite(str(tmp_path / f"{name}.png"), np.repeat(ramp, 64, 1).astype(np.uint8)[..., ::-1])
    liked = [tmp_path / "dawn.png", tmp_path / "dusk.png"]
    speculate(drawing, tmp_path / "out", home=place, references=liked, presets=["tudor"], strengths=[0.2, 0.9])
    record = json.loads((tmp_path / "out" / "record.json").read_text())
    cells = record["request"]["cells"]
    names = {one["sha256"]: one["name"] for one in record["sources"]}
    drawn = [(names[cell["reference_sha256"]], cell["strength"], cell["draw"]) for cell in cells]
    assert drawn == [("dawn.png", 0.2, 0), ("dawn.png", 0.9, 0), ("dusk.png", 0.2, 0), ("dusk.png", 0.9, 0)]
    assert record["findings"]["massing_of"] == [1, 1, 1, 1], "one light and one house for all of them"
    assert [p.name for p in sorted((tmp_path / "out").glob("massing-*.png"))] == ["massing-1.png"]
    one, _, other, _ = (cv2.imread(str(tmp_path / "out" / f"variant-{k}.png")).astype(int) for k in (1, 2, 3, 4))
    assert (one - other)[..., 2].mean() > 20, "dawn is redder"
    sheet, width = cv2.imread(str(tmp_path / "out" / "contact.png")), one.shape[1]
    assert sheet.shape[1] == 72 + 2 * min(max(width, 420), 640) + 28, "strengths across, references down"


def test_a_blank_sheet_is_refused_and_nothing_is_left(place, tmp_path):
    cv2.imwrite(str(tmp_path / "blank.png"), np.full((300, 400, 3), 245, np.uint8))
    with pytest.raises(NoDrawingError, match="shows no line"):
        speculate(tmp_path / "blank.png", tmp_path / "out", home=place, variants=1)
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_drawn_at_once_is_refused_before_anything_is_read(drawing, place, tmp_path):
    with pytest.raises(RequestError, match="16 are the most"):
        speculate(tmp_path / "none.png", tmp_path / "out", home=place, strengths=[k / 20 for k in range(18)])
    with pytest.raises(RequestError, match="reads none"):
        speculate(drawing, tmp_path / "out", home=place, prompts=["flint", "brick"])
    assert not (tmp_path / "out").exists()


def test_another_drawings_variant_and_a_plan_that_should_wear_one_are_refused(variants, place, tmp_path):
    other = tmp_path / "other.png"
    cv2.imwrite(str(other), elevation(building(5002), "solid", 26.0).image)
    for kind, said in (("facade", "not drawn after other.png"), ("plan", "wears no variant")):
        with pytest.raises(AncestorError, match=said):
            build_scene(other, tmp_path / kind, home=place, kind=kind, px_per_m=26.0, variant=variants / "variant-1.png")
        assert not (tmp_path / kind).exists()


def test_a_variant_that_was_changed_or_is_none_is_no_ancestor(variants, drawing, place, tmp_path):
    changed = cv2.imread(str(variants / "variant-1.png"))
    changed[::7] = 0
    cv2.imwrite(str(tmp_path / "variant-1.png"), changed)
    for path in (tmp_path / "variant-1.png", drawing):
        with pytest.raises(AncestorError):
            ancestor_of(path, place)


def test_what_is_locked_stays_bit_for_bit_and_the_lineage_is_told(variants, drawing, place, tmp_path):
    before = cv2.imread(str(variants / "variant-1.png"))
    mask = np.zeros(before.shape[:2], np.uint8)
    mask[: len(mask) // 2] = 255
    cv2.imwrite(str(tmp_path / "lock.png"), mask)
    given = {"ancestor": variants / "variant-1.png", "lock": tmp_path / "lock.png"}
    speculate(drawing, tmp_path / "out", home=place, variants=1, presets=["brick-slate-sash"], seed=5, **given)
    after = cv2.imread(str(tmp_path / "out" / "variant-1.png"))
    # the mark may be written into what was drawn now, never into what was locked
    assert np.array_equal(after[mask > 0], before[mask > 0])
    assert np.abs(after[mask == 0].astype(int) - before[mask == 0]).mean() > 5
    record = json.loads((tmp_path / "out" / "record.json").read_text())
    assert record["findings"]["lineage"] == [record["request"]["ancestor_sha256"]]
    assert ancestor_of(tmp_path / "out" / "variant-1.png", place).lineage[0] == record["request"]["ancestor_sha256"]


def test_a_lock_without_a_variant_and_a_mask_of_another_size_are_refused(variants, drawing, place, tmp_path):
    cv2.imwrite(str(tmp_path / "small.png"), np.eye(20, dtype=np.uint8) * 255)
    with pytest.raises(AncestorError, match="belong together"):
        speculate(drawing, tmp_path / "out", home=place, lock=tmp_path / "small.png")
    with pytest.raises(MaskSizeError):
        speculate(drawing, tmp_path / "out", home=place, ancestor=variants / "variant-1.png", lock=tmp_path / "small.png")
    assert not (tmp_path / "out").exists()
