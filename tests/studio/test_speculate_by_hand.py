"""Variants can start from openings that a person corrected, and everything downstream stands on these."""

import json

import cv2
import numpy as np
import pytest

from pipelines.fidelity_openings import Openings, find_openings
from provenance.home import Home
from studio.drawings.corrections import CorrectionError
from studio.drawings.facade_corrected import elevation_values, facade_values, laid_over
from studio.drawings.reading import Rectified
from studio.errors import AncestorError
from studio.massing import elevation_of as massing_of
from studio.samples.building import building
from studio.samples.sheets import elevation
from studio.sources import open_source
from studio.speculate import drawn_part, read_elevation, speculate

SIZE = (284, 290)  # of the sheet below


@pytest.fixture(scope="module")
def sheet():
    return elevation(building(5001), "solid", 14.0).image


@pytest.fixture(scope="module")
def read(sheet):
    reading, upright = read_elevation(sheet)
    return reading, upright, facade_values(reading, upright, SIZE)


@pytest.fixture(scope="module")
def drawing(sheet, tmp_path_factory):
    path = tmp_path_factory.mktemp("sheets") / "facade.png"
    cv2.imwrite(str(path), sheet[..., ::-1])
    return path


def sent(values, *changes, scale=None):
    """The JSON of the board after some changes: (number, None) takes one away, (number, box) moves it, (None, box) adds one."""
    ones = {k: {"was": k, "kind": one["kind"], "box": one["box"]} for k, one in enumerate(values["openings"])}
    for number, box in changes:
        if number is None:
            ones[len(ones) + 100] = {"was": None, "kind": "window", "box": box}
        elif box is None:
            del ones[number]
        else:
            ones[number] = {**ones[number], "box": box}
    return json.dumps({"openings": list(ones.values()), "scale": scale})


def beside(box, dx):
    return [box[0] + dx, box[1], box[2] + dx, box[3]]


def test_what_nobody_touched_is_drawn_exactly_as_it_was_read(sheet, read):
    plain, same = drawn_part(sheet), drawn_part(sheet, sent(read[2]))
    assert same.reading is not None and plain.reading is not None
    assert same.reading.openings == plain.reading.openings and same.notes == plain.notes
    assert np.array_equal(same.pixels, plain.pixels)


def test_a_moved_an_added_and_a_removed_opening_reach_the_massing_and_the_gate(sheet, read):
    first, second = (one["box"] for one in read[2]["openings"][:2])
    new = beside(second, round(0.5 * (second[0] - first[0])))
    changed = drawn_part(sheet, sent(read[2], (0, beside(first, 3)), (1, None), (None, new)))
    assert changed.reading is not None
    mine = [one for one in changed.reading.openings if one.by_person]
    assert sorted(one.box for one in mine) == sorted((tuple(beside(first, 3)), tuple(new)))
    assert len(changed.reading.openings) == len(read[0].openings)
    drawn, _ = massing_of(changed.reading, changed.box, changed.pixels.shape[1::-1])
    assert sum(one.by_person for one in drawn.openings) == 2
    wanted = changed.openings()
    assert wanted is not None and len(wanted.by_person) == 2
    assert any("author is a person" in note and "(added)" in note for note in changed.notes)
    assert any("taken away by a person" in note for note in changed.notes)


def test_two_points_decide_the_scale_of_the_massing(sheet, read):
    part = drawn_part(sheet, sent(read[2], scale=[10, 280, 150, 280, 10]))
    assert part.reading is not None and part.reading.scale is not None
    drawn, said = massing_of(part.reading, part.box, part.pixels.shape[1::-1])
    assert drawn.px_per_m == pytest.approx(14, rel=0.02)
    assert "a person set" in said[0]


def test_an_openings_place_survives_a_turned_sheet(read):
    reading, upright, _ = read
    turn = np.array([[0.999, -0.04, 5.0], [0.04, 0.999, -3.0], [1e-5, 0, 1.0]])
    turned = Rectified(upright.picture, upright.gray, turn)
    values = facade_values(reading, turned, SIZE)
    for one in values["openings"]:
        one["author"] = "person"  # so that each place goes there and back
    after = laid_over(values, reading, turned)
    for box, again in zip(sorted(o.box for o in reading.openings), sorted(o.box for o in after.openings), strict=True):
        assert np.abs(np.array(box) - again).max() <= 2


def test_a_persons_opening_is_looked_for_by_its_sides_and_never_by_lines_that_are_drawn_elsewhere():
    drawing = np.full((120, 200, 3), 255, np.uint8)
    variant = drawing.copy()
    cv2.rectangle(drawing, (60, 30), (100, 90), (0, 0, 0), 2)
    cv2.rectangle(variant, (80, 30), (120, 90), (40, 40, 40), -1)
    box = ((80.0, 30.0, 120.0, 90.0),)
    assert find_openings(drawing, variant, Openings(box, 3.0, frozenset({0}))).counts()["kept"] == 1
    assert find_openings(drawing, variant, Openings(box, 3.0)).counts()["kept"] == 0, "else the drawn lines pull it aside"


@pytest.mark.parametrize(
    "text", ["", "{}", '{"openings": [{"was": 99, "kind": "door", "box": [1, 1, 9, 9]}]}',
             '{"openings": [{"was": null, "kind": "hole", "box": [1, 1, 9, 9]}]}']
)  # fmt: skip
def test_bad_corrections_are_refused_before_any_model_is_painted_with(drawing, text, tmp_path, monkeypatch):
    monkeypatch.setattr("pipelines.speculation.SpeculationPipeline.__call__", None)
    with pytest.raises(CorrectionError):
        speculate(drawing, tmp_path / "out", home=Home(tmp_path / "home"), corrections=text)
    assert not (tmp_path / "out").exists()


def test_corrections_of_a_blank_sheet_are_refused(tmp_path):
    with pytest.raises(CorrectionError, match="No elevation was read"):
        drawn_part(np.full((200, 300, 3), 240, np.uint8), sent({"openings": []}, (None, [10, 10, 40, 40])))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"size": [10, 10]}, "of a sheet of"),
        ({"drawings": [{"kind": "plan", "box": [0, 0, 9, 9]}]}, "no elevation but plan"),
        ({"drawings": 3}, "does not say"),
        ({"openings": [{"drawing": 0}]}, "does not say"),
        ({"scale": {"px_per_m": -1, "source": "x"}}, "no sheet has"),
    ],
)
def test_a_reading_that_fits_no_elevation_of_the_sheet_is_refused(read, change, said):
    with pytest.raises(CorrectionError, match=said):
        elevation_values({**read[2], **change}, SIZE)


@pytest.mark.blender
def test_a_corrected_and_sealed_reading_is_where_variants_start(drawing, read, tmp_path):
    from provenance.release import release
    from studio.drawings.corrections import corrected, parsed
    from studio.drawings.reading_json import as_json
    from studio.read import Given, draft_from, read_sheet, request_of

    home, source = Home(tmp_path / "home"), open_source(drawing)
    sheet_read = read_sheet(source.pixels, source.name, None, "elevation")
    values = as_json(sheet_read, source.name)
    second = values["openings"][1]["box"]
    values = corrected(values, parsed(sent(values, (1, beside(second, 4)), (0, None)), SIZE, len(values["openings"])))
    release(draft_from(source, sheet_read, request_of(source, Given(), "elevation"), values), tmp_path / "reading", home)

    given = tmp_path / "reading" / "reading.json"
    speculate(drawing, tmp_path / "out", home=home, variants=1, strengths=[0.0], reading=given)
    record = json.loads((tmp_path / "out" / "record.json").read_text())
    assert record["request"]["reading_sha256"] in {one["sha256"] for one in record["sources"]}
    (moved,) = record["findings"]["by_person"]["openings"]
    assert moved["author"] == "person" and moved["was"]["box"] == second
    openings, frame = record["findings"]["fidelity"][0]["openings"], record["findings"]["frame"]
    assert sum(openings[fate] for fate in ("kept", "moved", "lost")) == len(values["openings"]), "the gate asks for these"
    place = [side - frame[k % 2] for k, side in enumerate(moved["box"])]
    assert not any(np.allclose(one["drawn"], place, atol=2) for one in openings["not_kept"]), "the massing stands on them"
    scene = json.loads((tmp_path / "out" / "scene.json").read_text())
    assert sum("set by a person" in json.dumps(one["evidence"]) for one in scene["elements"] if one["kind"] == "pane") == 1

    # one that was changed by hand, one of another sheet, and a file that is no reading
    changed = tmp_path / "changed" / "reading.json"
    changed.parent.mkdir()
    changed.write_text(given.read_text().replace('"kind": "window"', '"kind": "door"', 1))
    other = tmp_path / "other.png"
    cv2.imwrite(str(other), 255 - cv2.imread(str(drawing)))
    for sheet, path in ((drawing, changed), (other, given), (drawing, drawing)):
        with pytest.raises(AncestorError):
            speculate(sheet, tmp_path / "refused", home=home, reading=path)
    assert not (tmp_path / "refused").exists()
