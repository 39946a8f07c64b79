"""A person reads sheets at the command line, and what comes out is sealed, in the sheet's own pixels, and honest."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from provenance.home import Home
from provenance.verify import verify_folder
from studio.cli import app
from studio.drawings.reading_json import as_json, on_sheet_mask
from studio.drawings.rectify import rectified
from studio.errors import NoDrawingError, ScaleError
from studio.read import Given, read_sheet, read_sheets, two_points
from studio.samples.building import building
from studio.samples.sheets import plan
from tests.test_door import ROOT, WATCH

KEYS = [
    "file",
    "size",
    "drawings",
    "scale",
    "scales",
    "walls",
    "openings",
    "lines",
    "dims",
    "north",
    "columns",
    "rooms",
    "stairs",
]


def written(folder, name, image):
    path = folder / name
    path.write_bytes(cv2.imencode(".png", image[..., ::-1] if image.ndim == 3 else image)[1].tobytes())
    return path


def image_of(path):
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    folder = tmp_path_factory.mktemp("house")
    drawn = plan(building(0), px_per_m=36.0)
    path = written(folder, "plan.png", drawn.image)
    (release,) = read_sheets([path], folder / "out", home=Home(folder / "home"), kind="plan")
    return drawn, path, release, json.loads((release.folder / "reading.json").read_text())


def test_the_reading_has_the_keys_of_a_truth_file_and_a_confidence_for_everything(house):
    _, _, _, values = house
    assert list(values)[: len(KEYS)] == KEYS
    for key in ("drawings", "scales", "openings", "lines", "columns", "rooms", "stairs"):
        assert all(0 <= one["confidence"] <= 1 for one in values[key]), key


def test_everything_is_in_the_sheets_own_pixels(house):
    drawn, _, release, values = house
    height, width = drawn.image.shape[:2]
    assert values["size"] == [width, height]
    walls = image_of(release.folder / "walls.png")
    assert walls.shape[:2] == (height, width)
    assert set(np.unique(walls)) == {0, 255}
    both, either = ((walls > 0) & drawn.walls).sum(), ((walls > 0) | drawn.walls).sum()
    assert both / either > 0.9
    assert image_of(release.folder / "overlay.png").shape[1] == width
    truth = [box for *_, box in drawn.openings]
    read = [one["box"] for one in values["openings"]]
    middle = [((b[0] + b[2]) / 2, (b[1] + b[3]) / 2) for b in read]
    hits = sum(any(np.hypot((t[0] + t[2]) / 2 - x, (t[1] + t[3]) / 2 - y) < 8 for x, y in middle) for t in truth)
    assert hits >= 0.8 * len(truth)


def test_the_scale_is_the_bars(house):
    drawn, _, _, values = house
    assert values["scale"]["px_per_m"] == pytest.approx(drawn.px_per_m, rel=0.01)
    assert values["scale"]["source"] == "bar"
    assert values["scale"]["finding"] is None


def test_the_release_verifies_and_holds_no_ai(house):
    _, path, release, _ = house
    home = Home(path.parent / "home")
    assert {verdict.state for verdict in verify_folder(release.folder, home)} == {"intact"}
    assert not any(output["contains_ai"] for output in release.record["outputs"])
    assert release.record["operation"] == "read"
    assert "fetch" not in (release.folder / "index.html").read_text()


def small_facade():
    image = np.full((240, 320, 3), 244, np.uint8)
    cv2.rectangle(image, (40, 60), (280, 200), (30, 30, 30), 2)
    for x in (70, 140, 210):
        cv2.rectangle(image, (x, 90), (x + 30, 150), (30, 30, 30), 2)
    return image


def test_several_sheets_get_a_folder_each_and_the_same_sheet_gives_the_same_reading(tmp_path):
    (tmp_path / "other").mkdir()
    paths = [written(folder, "house.png", small_facade()) for folder in (tmp_path, tmp_path / "other")]
    releases = read_sheets(paths, tmp_path / "out", home=Home(tmp_path / "home"), kind="elevation")
    assert [release.folder.name for release in releases] == ["house", "house-2"]
    assert all((release.folder / "index.html").is_file() for release in releases)
    first, second = (release.folder for release in releases)
    assert (first / "reading.json").read_bytes() == (second / "reading.json").read_bytes()
    assert (image_of(first / "overlay.png") == image_of(second / "overlay.png")).all()


def test_two_points_set_the_scale_and_the_bar_is_not_forgotten(house, tmp_path):
    drawn, path, _, _ = house
    given = Given(points=two_points("10,10,310,410=10"))
    (release,) = read_sheets([path], tmp_path / "out", home=Home(tmp_path / "home"), kind="plan", given=given)
    values = json.loads((release.folder / "reading.json").read_text())
    assert (values["scale"]["px_per_m"], values["scale"]["source"]) == (pytest.approx(50), "person")
    assert values["scales"][0]["px_per_m"] == pytest.approx(drawn.px_per_m, rel=0.01)
    assert any("differs by" in note for note in values["notes"])


@pytest.mark.parametrize("text", ["", "1,2,3=4", "a,b,c,d=1", "1,1,1,1=5", "0,0,9,9=0", "0,0,nan,9=2", "0,0,9,9=-3"])
def test_points_that_measure_nothing_are_refused(text):
    with pytest.raises(ScaleError):
        two_points(text)


@pytest.mark.parametrize(
    "image",
    [
        np.full((500, 700, 3), 250, np.uint8),
        cv2.resize(np.random.default_rng(3).integers(0, 255, (9, 12, 3), np.uint8), (700, 500), interpolation=cv2.INTER_CUBIC),
    ],
    ids=["blank", "photograph"],
)
def test_what_is_no_drawing_is_refused_by_name_and_nothing_is_left(image, tmp_path):
    path = written(tmp_path, "thing.png", image)
    with pytest.raises(NoDrawingError, match=r"thing\.png"):
        read_sheets([path], tmp_path / "out", home=Home(tmp_path / "home"))
    assert not (tmp_path / "out").exists()


def test_a_photograph_that_is_said_to_be_an_elevation_is_flagged_or_refused():
    rough = np.random.default_rng(3).integers(0, 255, (9, 12, 3), np.uint8)
    picture = cv2.resize(rough, (500, 360), interpolation=cv2.INTER_CUBIC)
    try:
        read = read_sheet(picture, "view.png", None, "elevation")
    except NoDrawingError as error:
        assert "view.png" in str(error) and "photograph" in str(error)
    else:
        assert any("photograph" in note and "because that was said" in note for note in read.notes)


def test_a_person_says_where_north_is_and_the_reading_keeps_it(house):
    drawn = house[0]
    read = read_sheet(drawn.image, "plan.png", Given(north=30.0), "plan")
    north = as_json(read, "plan.png")["north"]
    assert north == {"degrees": 30.0, "confidence": 1.0, "source": "person", "author": "person"}
    assert any("North lies 30°" in note for note in read.notes)


def test_a_sheet_without_a_scale_is_read_and_asks(house, tmp_path):
    drawn, _, _, _ = house
    bare = drawn.image.copy()
    y = round(drawn.bar.y)
    bare[y - 45 :] = 255
    path = written(tmp_path, "bare.png", bare)
    home = ["--home", str(tmp_path / "home"), "--tsa", "none"]
    run = CliRunner().invoke(app, ["read", str(path), "-o", str(tmp_path / "out"), "--kind", "plan", "--json", *home])
    assert run.exit_code == 0, run.output
    assert "scale is not certain" in run.stderr
    assert "--scale-points" in run.stderr
    record = json.loads(run.stdout)["record"]
    assert record["findings"]["scale"]["px_per_m"] is None
    assert (tmp_path / "out" / "reading.json").is_file()


def test_scale_and_points_together_are_wrong_usage(tmp_path):
    arguments = ["read", "x.png", "-o", str(tmp_path / "o"), "--scale", "40", "--scale-points", "0,0,9,9=1"]
    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_an_outline_comes_back_where_it_was():
    image = np.full((400, 600, 3), 255, np.uint8)
    sheet = rectified(image)
    mask = np.zeros(sheet.gray.shape, bool)
    mask[100:200, 150:300] = True
    mask[140:160, 200:250] = False
    back = on_sheet_mask(mask, sheet, (600, 400)) > 0
    factor = 400 / mask.shape[0]
    assert back.sum() == pytest.approx(mask.sum() * factor**2, rel=0.02)


def test_every_file_went_through_the_door(tmp_path):
    log = tmp_path / "written.txt"
    desk = tmp_path / "desk"
    desk.mkdir()
    written(desk, "sheet.png", small_facade())
    command = [sys.executable, "-c", WATCH, str(desk), str(log), "read", "sheet.png", "--kind", "elevation", "-o", "out"]
    environment = {"PATH": os.environ["PATH"], "ANASTYLOSIS_HOME": str(tmp_path / "home"), "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        command, cwd=desk, env={**environment, "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr[-1500:]
    assert not [line for line in log.read_text().splitlines() if ".unsealed-" not in line]
    record = json.loads((desk / "out" / "record.json").read_text())
    allowed = {output["name"] for output in record["outputs"]} | {"record.json", "record.tlog-proof"}
    assert {one.name for one in Path(desk / "out").iterdir()} <= allowed
