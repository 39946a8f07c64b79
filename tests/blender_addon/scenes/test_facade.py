"""A façade stands where it was drawn, shows what was read and what is rule, and survives a bad reading."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blender_addon.errors import DrawingError, MeasureError
from blender_addon.scenes.closed import volume
from blender_addon.scenes.facade import LEAF_M, Face, facade
from blender_addon.scenes.openings import Opening
from blender_addon.scenes.texture import Texture

from .conftest import HOUSE, OPENINGS, corners, overlaps, shown_at

PLAIN = HOUSE | {"by_rule": ()}


def named(model) -> dict:
    return {solid.id: solid for solid in model.solids}


def test_the_wall_has_the_size_that_was_drawn_and_the_volume_of_its_holes_is_missing():
    found = named(facade(OPENINGS[:1], depth_m=0.5, **PLAIN))
    leaf, core = found["wall"], found["wall-core"]
    assert leaf.bounds == pytest.approx(np.array([(0, 0, 0), (7, LEAF_M, 6.5)]), abs=1e-4)
    assert core.bounds == pytest.approx(np.array([(0, LEAF_M, 0), (7, 0.5, 6.5)]), abs=1e-4)
    whole = (7 * 6.5 - 1.0 * 2.0) * 0.5
    assert volume(leaf.vertices, leaf.faces) + volume(core.vertices, core.faces) == pytest.approx(whole, rel=1e-4)


def test_what_is_drawn_is_level_two_and_what_is_rule_is_six():
    found = named(facade(OPENINGS, **HOUSE))
    assert (found["wall"].level, found["wall"].author) == (2, "drawing")
    for name in ("wall-core", "opening-000", "opening-000-bars", "opening-002", "cornice", "plinth", "ground"):
        assert (found[name].level, found[name].author) == (6, "rule"), name


def test_a_thickness_read_from_a_plan_makes_the_wall_one_solid_at_the_drawing_s_level():
    found = named(facade(OPENINGS, depth_m=0.6, depth_level=2, **PLAIN))
    assert "wall-core" not in found
    assert (found["wall"].level, found["wall"].bounds[1][1]) == (2, pytest.approx(0.6))


def test_openings_lie_where_they_were_read_and_point_to_it():
    found = named(facade(OPENINGS, **PLAIN))
    pane, door = found["opening-000"], found["opening-002"]
    assert pane.bounds[:, [0, 2]] == pytest.approx(np.array([(1.0, 3.5), (2.0, 5.5)]), abs=1e-3)
    assert pane.bounds[0][1] == pytest.approx(0.18)
    assert pane.evidence[0].region == (60, 40, 80, 80) and pane.evidence[0].source_sha256 == "ab" * 32
    assert door.kind == "door" and door.bounds[0][2] == 0
    assert "completed by rule" in found["opening-003"].evidence[0].note


def test_a_door_above_the_ground_gets_steps_and_one_on_it_none():
    raised = named(facade([Opening("door", (85, 80, 115, 140))], **PLAIN))
    steps = raised["opening-000-steps"]
    assert steps.bounds[:, 2] == pytest.approx((0, 0.5), abs=1e-3)
    assert steps.bounds[1][1] == pytest.approx(0, abs=1e-6)
    assert "opening-000-steps" not in named(facade([Opening("door", (85, 80, 115, 150))], **PLAIN))


def test_a_picture_over_the_wall_is_not_mirrored_and_marks_everything_it_covers():
    picture = corners()
    found = named(facade(OPENINGS, face=Face(Texture.from_pixels(picture)), **PLAIN))
    wall = found["wall"]
    seen = {(0, 0, 6.5): (255, 0, 0), (7, 0, 6.5): (0, 255, 0), (0, 0, 0): (0, 0, 255), (7, 0, 0): (255, 255, 255)}
    for corner, colour in seen.items():
        assert tuple(shown_at(wall, corner, picture)) == colour
    assert (wall.level, wall.author, wall.aspects["form"], wall.aspects["material"]) == (7, "AI", 2, 7)
    assert (found["opening-000"].level, found["opening-000"].author) == (7, "AI")
    assert (found["wall-core"].level, found["wall-core"].author) == (6, "rule")


def test_the_sheet_stands_beside_the_building_at_the_building_s_scale():
    picture = corners(220, 170)
    sheet = named(facade(OPENINGS, drawing=picture, **PLAIN))["plate-drawing"]
    low, high = sheet.bounds
    assert high - low == pytest.approx((11, 0.02, 8.5), abs=1e-5)
    assert low[0] > 7 and low[2] == 0
    assert tuple(shown_at(sheet, (low[0], 0, high[2]), picture)) == (255, 0, 0)


def test_a_silhouette_gives_the_wall_its_gable():
    gable = [(40, 150), (180, 150), (180, 60), (110, 20), (40, 60)]
    wall = named(facade((), silhouette_px=gable, **PLAIN))["wall"]
    top = wall.vertices[wall.vertices[:, 2] > 6.4]
    assert np.allclose(top[:, 0], 3.5)


@pytest.mark.parametrize(
    "misread",
    [
        Opening("window", (300, 40, 320, 80)),  # beside the wall
        Opening("window", (62, 42, 82, 82)),  # the first one again
        Opening("window", (100, 40, 101, 41)),  # a speck
        Opening("door", (85, 160, 115, 200)),  # below the ground
    ],
)
def test_an_opening_that_cannot_be_is_left_out_and_said(misread):
    model = facade([*OPENINGS, misread], **PLAIN)
    assert len([one for one in model.elements if one.kind in ("pane", "door")]) == len(OPENINGS)
    assert any("was left out" in line and str(misread.box[0]) in line for line in model.assumptions)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["window", "door"]), st.integers(30, 185), st.integers(10, 150), st.integers(1, 60),
                          st.integers(1, 70)), max_size=7))  # fmt: skip
def test_any_reading_gives_closed_solids_that_do_not_overlap(read):
    openings = [Opening(kind, (x, y, x + w, y + h)) for kind, x, y, w, h in read]
    assert overlaps(facade(openings, **HOUSE)) == []


@pytest.mark.parametrize("wrong", [{"px_per_m": 0}, {"px_per_m": 1e9}, {"px_per_m": 0.01}, {"reveal_m": 0.6}, {"depth_m": -1}])
def test_impossible_measures_are_refused(wrong):
    with pytest.raises(MeasureError):
        facade(OPENINGS, **HOUSE | wrong)


def test_an_outline_that_encloses_nothing_is_refused():
    with pytest.raises(DrawingError):
        facade((), silhouette_px=[(40, 150), (180, 150)], **PLAIN)


def test_a_roof_stands_above_the_wall_and_one_inside_it_is_left_out_and_said():
    built = named(facade((), roof_px=[(30, 20), (190, 20), (110, -20)], **PLAIN))
    assert built["roof"].bounds[:, 2] == pytest.approx((6.5, 8.5)) and built["roof"].level == 2
    without = facade((), roof_px=[(60, 60), (80, 60), (70, 40)], **PLAIN)
    assert "roof" not in named(without) and any("roof" in line for line in without.assumptions)
