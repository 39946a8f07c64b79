"""Levels of an elevation: one eaves, one ridge, string courses from end to end; no courses of stone, tiles or chimneys."""

import numpy as np
import pytest

from studio.drawings.facade_levels import ground_of, outline_of, wall_box
from studio.drawings.facade_lines import level_lines, roof_top
from studio.drawings.part import part_of
from studio.drawings.rectify import rectified
from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.sheets import elevation


@pytest.fixture(scope="module", params=["solid", "hatched", "washed", "halftoned"])
def read(request):
    sheet = elevation(building(4000), request.param)
    part = part_of(sheet.image)
    ground = ground_of(part.ink, part.mass)
    outline = outline_of(part.mass, ground)
    facade = wall_box(outline, ground)
    return sheet, facade, level_lines(part.ink, outline, facade, ground)


def test_there_is_one_eaves_where_the_roof_begins(read):
    sheet, facade, lines = read
    eaves = [line.y for line in lines if line.name == "eaves"]
    assert eaves == [pytest.approx(sheet.facade[1], abs=0.01 * (facade[3] - facade[1]))]


def test_the_ridge_is_the_roofs_and_not_the_chimneys(read):
    sheet, facade, lines = read
    ridge = [line.y for line in lines if line.name == "ridge"]
    assert ridge == [pytest.approx(sheet.silhouette[:, 1].min(), abs=0.02 * (facade[3] - facade[1]))]


def test_rows_of_tiles_are_no_cornices(read):
    _, facade, lines = read
    assert sum(line.y < facade[1] - 0.05 * (facade[3] - facade[1]) for line in lines) == 1  # the ridge


def test_a_string_course_runs_from_end_to_end_although_a_tree_stands_before_it():
    mask, shape = np.zeros((400, 600), np.uint8), np.zeros((400, 600), np.uint8)
    shape[50:381, 100:501] = 255
    for y in (50, 200, 380):
        mask[y : y + 2, 95:506] = 255
    mask[195:210, 300:360] = 0
    course = next(li for li in level_lines(mask, shape, (100, 50, 500, 380), 380) if li.name == "string course")
    assert (course.x0, course.x1) == (pytest.approx(95, abs=4), pytest.approx(506, abs=4))


def test_lines_that_come_again_and_again_are_courses():
    mask, shape = np.zeros((400, 600), np.uint8), np.zeros((400, 600), np.uint8)
    shape[50:381, 100:501] = 255
    for y in (50, *range(70, 370, 18)):
        mask[y, 100:501] = 255
    mask[196:204, 98:503] = 255
    names = [line.name for line in level_lines(mask, shape, (100, 50, 500, 380), 380)]
    assert names == ["eaves", "string course", "ground"]


def test_a_gable_is_a_roof_and_a_chimney_is_not():
    shape = np.zeros((300, 400), np.uint8)
    shape[150:, 50:350] = 255
    for y in range(100, 150):
        half = 3 * (y - 100)
        shape[y, 200 - half : 200 + half] = 255
    assert roof_top(shape, 300) == pytest.approx(100, abs=3)
    shape[60:150, 280:300] = 255
    assert roof_top(shape, 300) == pytest.approx(100, abs=3)


def test_eaves_do_not_lie_below_the_windows_they_shelter():
    shape = np.zeros((400, 600), np.uint8)
    shape[50:381, 100:501] = 255
    shape[250:260, 80:521] = 255  # a gallery that stands out further than the eaves
    windows = [(x, y, x + 30, y + 50) for y in (100, 200) for x in (150, 250, 350)]
    assert wall_box(shape, 380, windows)[1] == pytest.approx(50, abs=2)
    assert wall_box(shape, 380)[1] > 240


@pytest.mark.parametrize("style", ["solid", "hollow", "hatched"])
def test_tiles_that_touch_the_gutter_are_not_taken_for_the_eaves_of_a_hipped_roof(style):
    house = building(7)
    sheet = elevation(house, style)
    assert house.roof == "hipped"
    assert sheet.facade is not None
    part = part_of(sheet.image)
    ground = ground_of(part.ink, part.mass)
    outline = outline_of(part.mass, ground)
    lines = level_lines(part.ink, outline, wall_box(outline, ground), ground)
    tenth = 0.1 * sheet.px_per_m
    assert [li.y for li in lines if li.name == "eaves"] == [pytest.approx(sheet.facade[1], abs=tenth)]
    assert ground == pytest.approx(sheet.facade[3], abs=tenth / 2)
    floors = [sheet.facade[3] - z * sheet.px_per_m for z in np.cumsum(house.heights)[:-1]]
    courses = [li.y for li in lines if li.name == "string course"]
    for floor in floors:
        assert min(abs(y - floor) for y in courses) < tenth / 2


def test_pale_wall_under_a_drawn_roof_belongs_to_the_building_and_the_gap_between_two_towers_does_not():
    mass = np.zeros((300, 400), np.uint8)
    mass[60:120, 50:350] = 255  # the roof
    mass[120:281, 50:80] = 255  # what is drawn of the walls
    mass[120:281, 320:350] = 255
    mass[20:60, 60:120] = 255  # two towers
    mass[20:60, 280:340] = 255
    shape = outline_of(mass, 280)
    assert shape[200, 200] == 255
    assert shape[40, 200] == 0


def test_a_course_of_the_wall_far_above_its_foot_is_no_ground():
    mask = np.zeros((400, 600), np.uint8)
    mass = np.zeros((400, 600), np.uint8)
    mass[50:391, 100:501] = 255
    mask[350, 90:510] = 255
    assert ground_of(mask, mass) == 390


def test_the_eaves_of_wings_are_found_although_a_portal_rises_above_them():
    shape = np.zeros((300, 600), np.uint8)
    shape[150:, 50:550] = 255
    shape[40:150, 220:380] = 255
    box = wall_box(shape, 299, [(240, 100, 360, 298)])
    assert box[1] == pytest.approx(150, abs=2)


def test_a_ground_line_that_runs_into_the_frame_is_the_ground_and_the_scale_bar_below_it_no_wall():
    upright = rectified(age(elevation(building(5001), "rusticated", 37.0).image, 5)[0])
    part = part_of(upright)
    share = ground_of(part.ink, part.mass) / len(upright.picture)
    assert 0.8 < share < 0.87, "the ground lies at 0.84 of the sheet, its scale bar from 0.92 on"
