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
    assert (eaves - ridge) / (reading.ground_y - eaves) == pytest.approx(house.roof_height / house.height, rel=0.1)
