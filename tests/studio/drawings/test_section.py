"""A section tells how high the floors lie and how thick the walls are, whether the cut is black or white."""

import numpy as np
import pytest

from studio.drawings import section as section_module
from studio.drawings.rectify import rectified
from studio.drawings.section import read_section
from studio.drawings.section_cut import cut_masonry
from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.sheets import section


@pytest.fixture(autouse=True)
def without_openings(monkeypatch):
    """What hangs on the wall behind the cut is another matter, and slow."""
    monkeypatch.setattr(section_module, "_openings", lambda *_: [])


@pytest.mark.parametrize(("style", "share"), [("solid", 0.01), ("hollow", 0.01), ("hatched", 0.02)])
def test_every_floor_is_found_within_a_share_of_the_height(style, share):
    # A skirting closes together with hatched masonry: its line may pass for the floor's.
    house = building(2)
    sheet = section(house, style)
    reading = read_section(sheet.image)
    for y in sheet.floors:
        assert min(abs(f.y - y) for f in reading.floors) < share * house.height * sheet.px_per_m
    assert [f.y for f in reading.floors] == sorted((f.y for f in reading.floors), reverse=True)


def test_walls_are_as_thick_as_they_are():
    house = building(2)
    sheet = section(house, "solid")
    reading = read_section(sheet.image)
    assert reading.thickness_px == pytest.approx((house.thick * sheet.px_per_m,) * 2, rel=0.1)
    assert (reading.walls & sheet.walls).sum() / (reading.walls | sheet.walls).sum() > 0.85
    assert not reading.is_inverted


def test_a_vault_in_solid_black_is_not_taken_for_a_dark_room():
    gray = np.full((240, 220), 255, np.uint8)
    gray[20:220, 10:210] = 0
    gray[80:220, 80:200] = 255  # a passage
    gray[60:72, 14:74] = 255  # a slit, as thick as a wall, between black masses
    mass = np.zeros_like(gray)
    mass[20:220, 10:78] = 255  # of the passage nothing is drawn, so it does not count
    cut, is_white = cut_masonry(np.repeat(gray[..., None], 3, 2), gray, gray, mass)
    assert not is_white
    inside = (mass > 0) & (gray == 0)
    assert cut[inside].mean() > 0.9 and not cut[64:68, 24:64].any()


def test_a_white_cut_between_dark_rooms_is_read_as_masonry():
    sheet = section(building(2), "inverted")
    assert sheet.walls is not None
    reading = read_section(sheet.image)
    assert reading.is_inverted
    assert any("white" in note for note in reading.notes)
    above = np.arange(sheet.walls.shape[0])[:, None] < reading.ground_y
    assert (reading.walls & sheet.walls & above).sum() / (sheet.walls & above).sum() > 0.6


def test_the_ground_is_the_line_beyond_the_walls():
    sheet = section(building(1), "solid")
    assert read_section(sheet.image).ground_y == pytest.approx(sheet.floors[0], abs=6)


def test_a_roof_drawn_closed_is_no_floor_of_its_own_thickness():
    house = building(7)
    sheet = section(house, "hollow")
    picture, matrix = age(sheet.image, 23)
    upright = rectified(picture)
    back = np.linalg.inv(upright.to_sheet) @ matrix
    reading = read_section(upright)
    true = [(back @ (sheet.image.shape[1] / 2, y, 1))[1] for y in sheet.floors]
    for y in true[1:]:
        assert min(abs(floor.y - y) for floor in reading.floors) < 0.02 * (true[0] - true[-1])


def test_a_ridge_beam_under_closed_gables_is_no_floor_and_the_eaves_stay_below_it():
    house = building(5002)  # cut lengthways: its roof stands over the walls as a second, hollow house
    sheet = section(house, "hollow")
    reading = read_section(age(sheet.image, 15008)[0])
    assert len(reading.floors) == len(house.heights) + 1
    eaves, ridge = (next(line.y for line in reading.lines if line.name == name) for name in ("eaves", "ridge"))
    assert reading.ground_y is not None
    assert (eaves - ridge) / (reading.ground_y - eaves) == pytest.approx(house.roof_height / house.height, rel=0.1)


def test_a_fold_that_runs_up_to_the_title_carries_no_roof():
    mass = np.zeros((600, 800), np.uint8)
    mass[250:560, 100:700] = 255  # the house
    mass[60:110, 300:500] = 255  # the title
    mass[20:26, 200:600] = 255  # the sheet's frame
    mass[20:250, 396:404] = 255  # the shadow of a fold
    kept = section_module._of_one_piece(mass, (100, 250, 700, 560))
    assert not kept[:111, :390].any()
    assert not kept[:111, 410:].any()
    assert (kept[250:] == mass[250:]).all()


def test_a_lantern_on_the_roof_stays_on_it():
    mass = np.zeros((600, 800), np.uint8)
    mass[250:560, 100:700] = 255
    mass[120:250, 370:430] = 255
    mass[80:120, 350:450] = 255
    assert (section_module._of_one_piece(mass, (100, 250, 700, 560)) == mass).all()


def test_the_wall_between_a_door_and_a_window_is_no_masonry_though_it_is_outlined():
    from studio.drawings.plan_ink import plan_ink
    from studio.drawings.section_cut import without_rooms

    gray = np.full((500, 700), 255, np.uint8)

    def outlined(x0, y0, x1, y1):
        gray[y0:y1, x0 : x0 + 3] = gray[y0:y1, x1 - 3 : x1] = 20
        gray[y0 : y0 + 3, x0:x1] = gray[y1 - 3 : y1, x0:x1] = 20

    outlined(100, 100, 600, 400)  # the outer faces, and two storeys within
    outlined(130, 130, 570, 250)
    outlined(130, 270, 570, 400)
    inside = np.zeros(gray.shape, bool)
    inside[100:400, 100:600] = True
    body = inside.copy()
    body[270:400, 130:570] = False  # the lower room was found, the upper one was taken for masonry
    cut = without_rooms(body, plan_ink(gray, inside))
    assert not cut[140:240, 140:560].any()
    assert cut[110:390, 105:125].all()
    assert cut[255:265, 140:560].all()
