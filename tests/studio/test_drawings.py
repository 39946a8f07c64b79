"""What is on the sheet is read where it stands, and what is not there is not made up."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from studio.drawings.facade import read_facade
from studio.drawings.overlay import overlay
from studio.drawings.paper import as_rgb, flatten, ink, runs, skew, turned, without_border
from studio.drawings.plan import read_plan
from studio.drawings.scale_bar import scale_bar
from studio.errors import NoDrawingError
from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.sheets import elevation, plan, section


def centre(box):
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def found(truth, read, within):
    return sum(any(np.hypot(*np.subtract(centre(t), centre(r))) < within for r in read) for t in truth)


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.fixture(scope="module")
def facade():
    sheet = elevation(building(0), "solid")
    return sheet, read_facade(sheet.image)


@pytest.fixture(scope="module")
def ground_plan():
    sheet = plan(building(0), "solid")
    return sheet, read_plan(sheet.image)


# ---- scale
@pytest.mark.parametrize("px_per_m", [38.0, 50.0, 72.0])
def test_the_bar_tells_pixels_per_metre(px_per_m):
    sheet = section(building(1), px_per_m=px_per_m)
    bar = scale_bar(flatten(sheet.image))
    assert bar is not None
    assert (bar.value, bar.unit, bar.fields) == (sheet.bar.metres, "m", sheet.bar.fields)
    assert bar.px_per_m == pytest.approx(px_per_m, rel=0.005)
    assert bar.confidence > 0.7


def test_a_bar_without_figures_has_no_value():
    sheet = plan(building(0))
    blank = sheet.image.copy()
    y = round(sheet.bar.y)
    blank[y - 45 : y - 11] = 255
    bar = scale_bar(flatten(blank))
    assert bar is not None
    assert (bar.value, bar.px_per_m) == (None, None)
    assert bar.px_per_m_if(sheet.bar.metres) == pytest.approx(sheet.px_per_m, rel=0.005)


def test_a_bar_without_a_metre_sign_is_not_taken_for_metres():
    sheet = plan(building(0))
    feet = sheet.image.copy()
    feet[round(sheet.bar.y) - 40 : round(sheet.bar.y) - 2, round(sheet.bar.x1) + 14 : -40] = 255
    bar = scale_bar(flatten(feet))
    assert bar is not None
    assert (bar.value, bar.unit, bar.px_per_m) == (10, None, None)


def test_figures_that_do_not_fit_the_ticks_are_not_believed():
    sheet = plan(building(0))
    wrong = sheet.image.copy()
    y, x0 = round(sheet.bar.y), round(sheet.bar.x0)
    wrong[y - 40 : y - 11] = 255
    for k, word in ((0, "7"), (5, "3"), (10, "4")):
        cv2.putText(wrong, word, (x0 + 50 * k - 5, y - 16), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (30, 30, 30), 2, cv2.LINE_AA)
    bar = scale_bar(flatten(wrong))
    assert bar is None or bar.value is None


def test_a_ruler_with_ticks_is_a_scale_as_well():
    page = np.full((300, 700, 3), 255, np.uint8)
    cv2.line(page, (80, 240), (620, 240), (20, 20, 20), 2)
    for k in range(6):
        cv2.line(page, (100 + 100 * k, 226), (100 + 100 * k, 240), (20, 20, 20), 2)
        cv2.putText(
            page, str(2 * k), (92 + 100 * k - 6 * (k == 5), 216), cv2.FONT_HERSHEY_COMPLEX, 0.7, (20, 20, 20), 2, cv2.LINE_AA
        )
    cv2.putText(page, "m", (640, 216), cv2.FONT_HERSHEY_COMPLEX, 0.7, (20, 20, 20), 2, cv2.LINE_AA)
    bar = scale_bar(flatten(page))
    assert bar is not None
    assert bar.px_per_m == pytest.approx(50, rel=0.01)


def test_a_page_without_a_bar_has_no_scale():
    page = np.full((300, 400), 255, np.uint8)
    cv2.rectangle(page, (50, 50), (350, 200), 0, 3)
    assert scale_bar(page) is None


# ---- façade
def test_every_opening_of_the_facade_is_found_where_it_is(facade):
    sheet, reading = facade
    truth = [box for _, box in sheet.openings]
    within = 0.01 * (sheet.facade[2] - sheet.facade[0])
    assert found(truth, [o.box for o in reading.openings], within) == len(truth)
    assert len(reading.openings) == len(truth)
    assert [o.kind for o in reading.openings].count("door") == 1
    assert reading.scale.px_per_m == pytest.approx(sheet.px_per_m, rel=0.005)


def test_the_wall_and_the_silhouette_are_where_they_are(facade):
    sheet, reading = facade
    width = sheet.facade[2] - sheet.facade[0]
    assert np.abs(np.subtract(reading.facade, sheet.facade)).max() < 0.02 * width
    drawn, read = (np.zeros(sheet.image.shape[:2], np.uint8) for _ in range(2))
    cv2.fillPoly(drawn, [np.rint(sheet.silhouette).astype(np.int32)], 1)
    cv2.fillPoly(read, [np.rint(reading.silhouette).astype(np.int32)], 1)
    assert iou(drawn > 0, read > 0) > 0.95


@pytest.mark.parametrize(("seed", "style"), [(2, "hatched"), (4, "hollow")])
def test_openings_are_found_in_the_other_manners_too(seed, style):
    sheet = elevation(building(seed), style)
    reading = read_facade(sheet.image)
    truth = [box for _, box in sheet.openings]
    assert found(truth, [o.box for o in reading.openings], 0.015 * sheet.image.shape[1]) == len(truth)


def test_an_aged_facade_is_turned_upright_and_still_read():
    sheet = elevation(building(0), "solid")
    aged, _ = age(turned(sheet.image, -1.2), 0, 0.5, skewed=False)
    reading = read_facade(aged)
    assert reading.angle == pytest.approx(1.2, abs=0.2)
    assert found([box for _, box in sheet.openings], [o.box for o in reading.openings], 12) >= 14
    assert any("turned" in note for note in reading.notes)


def test_an_empty_sheet_holds_no_building_and_no_walls():
    with pytest.raises(NoDrawingError, match="No building"):
        read_facade(np.full((200, 300, 3), 240, np.uint8))
    with pytest.raises(NoDrawingError, match="No walls"):
        read_plan(np.full((200, 300, 3), 240, np.uint8))


# ---- plan
def test_solid_walls_are_read_to_the_pixel(ground_plan):
    sheet, reading = ground_plan
    assert reading.style == "solid"
    assert iou(reading.walls, sheet.walls) > 0.97
    assert reading.thickness_px == pytest.approx(building(0).thick * sheet.px_per_m, rel=0.2)


def test_every_gap_in_the_walls_is_an_opening(ground_plan):
    sheet, reading = ground_plan
    truth = [box for _, box in sheet.openings]
    assert found(truth, [o.box for o in reading.openings], 6) == len(truth)
    assert len(reading.openings) <= len(truth) + 1


@pytest.mark.parametrize(("style", "least"), [("hollow", 0.8), ("hatched", 0.8)])
def test_outlined_and_hatched_walls_are_read(style, least):
    sheet = plan(building(2), style)
    reading = read_plan(sheet.image)
    assert reading.style == style
    assert iou(reading.walls, sheet.walls) > least
    truth = [box for _, box in sheet.openings]
    assert found(truth, [o.box for o in reading.openings], 8) >= len(truth) - 1


def test_stains_and_folds_are_no_walls():
    sheet = plan(building(1), "solid")
    aged, _ = age(sheet.image, 1, 0.8, skewed=False)
    assert iou(read_plan(aged).walls, sheet.walls) > 0.9


# ---- paper and pictures of readings
def test_sixteen_bits_grey_and_alpha_become_a_sheet():
    grey = np.full((4, 5), 65535, np.uint16)
    assert as_rgb(grey).shape == (4, 5, 3)
    clear = np.zeros((4, 5, 4), np.uint8)
    assert as_rgb(clear).min() == 255


def test_a_border_is_taken_away_and_the_drawing_stays():
    page = np.full((200, 300), 255, np.uint8)
    cv2.rectangle(page, (8, 8), (291, 191), 0, 2)
    cv2.rectangle(page, (100, 60), (200, 140), 0, 3)
    kept = without_border(ink(page))
    assert kept[8:12].max() == 0
    assert kept[60, 150] == 255


def test_skew_is_measured():
    page = np.full((300, 400), 255, np.uint8)
    for y in range(60, 240, 30):
        cv2.line(page, (40, y), (360, y), 0, 2)
    assert skew(ink(turned(page, 2.0))) == pytest.approx(-2.0, abs=0.15)
    assert runs(np.array([0, 1, 1, 0, 1], bool)) == [(1, 3), (4, 5)]


def test_the_overlay_shows_what_was_read(facade, ground_plan):
    for _, reading in (facade, ground_plan):
        shown = overlay(reading.picture, reading)
        assert shown.dtype == np.uint8
        assert shown.shape == reading.picture.shape
        assert (shown != reading.picture).any()


# ---- real sheets
SAMPLES = os.environ.get("ANASTYLOSIS_SAMPLES", "")
real = pytest.mark.skipif(not (Path(SAMPLES) / "drawings" / "faun_plan.jpg").is_file(), reason="ANASTYLOSIS_SAMPLES is not set")


def real_sheet(name):
    return cv2.cvtColor(cv2.imread(str(Path(SAMPLES) / "drawings" / name)), cv2.COLOR_BGR2RGB)


@real
def test_the_bars_of_the_house_of_the_faun_are_read():
    for name, px_per_m in (("faun_facade.jpg", 47.01), ("faun_plan.jpg", 16.525)):
        bar = scale_bar(flatten(real_sheet(name)))
        assert bar is not None
        assert bar.px_per_m == pytest.approx(px_per_m, rel=0.01)


@real
def test_the_walls_of_the_house_of_the_faun_are_read():
    truth = cv2.imread(str(Path(SAMPLES) / "drawings" / "truth" / "faun_plan-walls.png"), cv2.IMREAD_GRAYSCALE) > 127
    assert iou(read_plan(real_sheet("faun_plan.jpg")).walls, truth) > 0.9
