"""The sample works are the same every time, and the truth beside them is true."""

import cv2
import numpy as np
import pytest

from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.coins import coins
from studio.samples.painting import panel
from studio.samples.sheets import STYLES, elevation, plan, section


@pytest.fixture(scope="module")
def small_panel():
    return panel(0, 180, 220)


def test_the_same_seed_paints_the_same_panel(small_panel):
    again = panel(0, 180, 220)
    assert np.array_equal(again.painting, small_panel.painting)
    assert np.array_equal(again.damaged, small_panel.damaged)
    assert not np.array_equal(panel(1, 180, 220).painting, small_panel.painting)


def test_damage_stays_inside_its_mask(small_panel):
    kept = ~small_panel.mask
    assert small_panel.mask.dtype == bool
    assert 0.01 < small_panel.mask.mean() < 0.6
    assert np.array_equal(small_panel.damaged[kept], small_panel.painting[kept])
    assert (small_panel.damaged != small_panel.painting).any(-1)[small_panel.mask].mean() > 0.5


def test_the_panel_has_a_gilded_frame_and_a_sky(small_panel):
    frame, sky = small_panel.painting[:4].mean((0, 1)), small_panel.painting[20:50, 60:120].mean((0, 1))
    assert frame[0] > frame[2] * 1.5
    assert sky[2] > sky[0]


@pytest.mark.parametrize("seed", range(6))
def test_a_house_stands_as_it_was_written_down(seed):
    house = building(seed)
    assert house == building(seed)
    for opening in house.facade:
        x0, z0, x1, z1 = opening.box
        assert 0 < x0 < x1 < house.width
        assert 0 < z0 < z1 < house.height - 0.3
    for opening in house.openings:
        middle = ((opening.box[0] + opening.box[2]) / 2, (opening.box[1] + opening.box[3]) / 2)
        assert any(x0 <= middle[0] <= x1 and y0 <= middle[1] <= y1 for x0, y0, x1, y1 in house.walls)
    assert sum(o.kind == "door" for o in house.facade) == 1


@pytest.mark.parametrize("style", STYLES)
def test_the_truth_of_a_plan_lies_under_its_ink(style):
    house = building(1)
    sheet = plan(house, style, 30.0)
    dark = sheet.image.mean(2) < 128
    assert sheet.walls.shape == dark.shape
    if style == "solid":
        assert dark[sheet.walls].mean() > 0.97
    x0, y0, x1, y1 = next(box for kind, box in sheet.openings if kind == "door")
    assert not sheet.walls[(y0 + y1) // 2, (x0 + x1) // 2]
    ys, xs = np.nonzero(sheet.walls)
    assert xs.max() - xs.min() + 1 == pytest.approx(house.width * 30, abs=2)
    assert ys.max() - ys.min() + 1 == pytest.approx(house.depth * 30, abs=2)


def test_the_scale_bar_is_as_long_as_it_says():
    sheet = elevation(building(0), px_per_m=40.0)
    assert sheet.bar.x1 - sheet.bar.x0 == pytest.approx(sheet.bar.metres * sheet.px_per_m)
    row = sheet.image[round(sheet.bar.y), :, 0] < 128
    assert row[round(sheet.bar.x0) + 6 : round(sheet.bar.x0 + sheet.px_per_m) - 6].all()
    assert not row[round(sheet.bar.x0 + sheet.px_per_m) + 6 : round(sheet.bar.x0 + 2 * sheet.px_per_m) - 6].any()


def test_panes_are_dark_and_the_silhouette_surrounds_the_wall():
    sheet = elevation(building(2), px_per_m=40.0)
    gray = sheet.image.mean(2)
    for kind, (x0, y0, x1, y1) in sheet.openings:
        if kind == "window":
            assert gray[y0:y1, x0:x1].mean() < 185
    x0, y0, x1, y1 = sheet.facade
    assert cv2.pointPolygonTest(sheet.silhouette, ((x0 + x1) / 2, (y0 + y1) / 2), False) > 0


def test_the_floors_of_a_section_are_drawn_where_they_are():
    house = building(0)
    sheet = section(house, "solid", 40.0)
    assert len(sheet.floors) == len(house.heights) + 1
    x = sheet.image.shape[1] // 2
    for y in sheet.floors[1:]:
        assert sheet.image[round(y) + 4, x, 0] < 128


def test_ageing_moves_pixels_by_the_matrix_that_it_returns():
    clean = np.full((300, 400, 3), 255, np.uint8)
    cv2.circle(clean, (100, 120), 6, (30, 25, 20), -1)
    aged, matrix = age(clean, 3)
    place = matrix @ (100, 120, 1)
    x, y = place[:2] / place[2]
    ys, xs = np.nonzero(aged.mean(2) < 90)
    assert xs.mean() == pytest.approx(x, abs=1)
    assert ys.mean() == pytest.approx(y, abs=1)
    assert np.array_equal(age(clean, 3)[0], aged)


def test_the_coins_come_without_network():
    assert coins().shape == (303, 384)
    assert coins().dtype == np.uint8
