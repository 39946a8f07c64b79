"""A chimney that is drawn before the slope is built there, down to its drawn foot; one behind the ridge stays behind it."""

from dataclasses import replace

import numpy as np
import pytest

from blender_addon.scenes.massing import Elevation, chimneys
from studio.massing import elevation_of, engraved, hour_of, massings
from studio.samples.building import building
from studio.samples.sheets import elevation
from studio.speculate import drawn_part
from studio.stacks import drawn_stacks

OUTLINE = ((20, 220), (20, 100), (30, 40), (90, 40), (90, 20), (110, 20), (110, 40), (270, 40), (280, 100), (280, 220))
HOUSE = Elevation((300, 240), 16.0, (20, 100, 280, 220), OUTLINE, ())
FOOT = 65
PX_PER_M = 20


def lines(foot: int = FOOT) -> np.ndarray:
    """A roof's level courses, and a stack's front before them."""
    drawn = np.zeros((240, 300), np.float32)
    drawn[40:100:7] = 0.9
    drawn[20:foot, 90:111] = 0.0
    drawn[20:foot, [90, 110]] = 0.9
    drawn[[20, foot - 1], 90:111] = 0.9
    return drawn


@pytest.fixture(scope="module")
def part():
    """A sheet of the manner that draws stacks down over the roof, and the generator's building."""
    made = building(5001)
    return drawn_part(elevation(made, "outline", PX_PER_M).image), made


def test_the_foot_of_each_stack_is_found_where_it_was_drawn(part):
    sheet, made = part
    size = sheet.pixels.shape[1::-1]
    without, _ = elevation_of(sheet.reading, sheet.box, size)
    drawn, _ = elevation_of(sheet.reading, sheet.box, size, sheet.pixels)
    assert replace(drawn, stacks=()) == without and len(drawn.stacks) == len(made.chimneys)
    tall = (0.4 * made.roof_height + 0.7) * PX_PER_M  # from the foot to the top, as that manner draws it
    assert all(box[3] - box[1] == pytest.approx(tall, abs=3) for box in drawn.stacks), (drawn.stacks, tall)


def test_a_front_is_told_by_its_sides_and_its_lower_edge():
    ((x0, top, x1, edge),) = chimneys(HOUSE)
    assert np.allclose((x0, top, x1, edge), (90, 20, 110, 40), atol=0.5)
    assert drawn_stacks(HOUSE, lines()) == ((x0, top, x1, FOOT),)
    assert drawn_stacks(replace(HOUSE, outline=OUTLINE[:3] + OUTLINE[7:]), lines()) == ()


WHY = ("ends at the ridge", "courses alone", "tiles run upright", "no lower edge", "goes on to the eaves")


@pytest.mark.parametrize("why", WHY)
def test_where_no_foot_is_drawn_none_is_found(why):
    drawn = lines({"ends at the ridge": 41, "goes on to the eaves": 99}.get(why, FOOT))
    if why == "courses alone":
        drawn = np.zeros_like(drawn)
        drawn[40:100:7] = 0.9
    if why == "tiles run upright":
        drawn[40:100, ::10] = 0.9
    if why == "no lower edge":
        drawn[FOOT - 4 :] = 0.0
        drawn[FOOT - 4 : FOOT, [90, 110]] = 0.9
    assert drawn_stacks(HOUSE, drawn) == (), why


@pytest.mark.blender
def test_in_the_picture_a_chimney_reaches_down_to_its_foot_and_is_no_slate(part):
    sheet, _ = part
    size = sheet.pixels.shape[1::-1]
    drawn, _ = elevation_of(sheet.reading, sheet.box, size, sheet.pixels)
    one = engraved(massings(drawn, ["georgian"], [hour_of(0, 0)])[0], sheet.pixels)
    numbers = [number for number, solid in enumerate(one.model.elements, 1) if solid.kind == "chimney"]
    stacks = np.isin(one.ids, numbers)
    for x0, top, x1, foot in drawn.stacks:
        inside = np.s_[round(top) + 2 : round(foot) - 2, round(x0) + 2 : round(x1) - 2]
        assert stacks[inside].all() and (one.classes[inside] == 1).all(), "the whole front is seen"
        rows = np.nonzero(stacks[:, round((x0 + x1) / 2)])[0]
        assert abs(int(rows.max()) + 1 - foot) <= 1, "and the slope meets it where its foot was drawn"
