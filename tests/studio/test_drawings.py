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
from studio.samples.building import building
from studio.samples.sheets import elevation, plan, section


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
