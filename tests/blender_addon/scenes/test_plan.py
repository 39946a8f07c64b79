"""A plan's walls stand where they were drawn; their height says whether it was known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blender_addon.errors import DrawingError, MeasureError
from blender_addon.scenes.closed import volume
from blender_addon.scenes.plan import Walls, plan, polygons_from_mask

from .conftest import GAPS, overlaps, shown_at, wall_mask

PX = 20.0


def walls_of(model):
    return [one for one in model.elements if one.kind == "wall"]


def test_walls_have_the_area_of_the_mask_and_the_height_that_was_given():
    mask = wall_mask()
    model = plan(polygons_from_mask(mask, PX), height_m=3.2)
    cubic = sum(volume(one.vertices, one.faces) for one in walls_of(model))
    assert cubic == pytest.approx(mask.sum() / PX**2 * 3.2, rel=0.02)
    assert {round(float(one.bounds[1][2]), 5) for one in walls_of(model)} == {3.2}


def test_the_origin_is_the_south_west_corner_and_north_is_up_on_the_sheet():
    walls = polygons_from_mask(wall_mask(), PX)
    points = np.array([point for outer, _ in walls.outlines for point in outer])
    assert points.min(axis=0) == pytest.approx((0, 0), abs=0.02)
    assert points.max(axis=0) == pytest.approx((10, 7), abs=0.03)
    assert walls.sheet == pytest.approx((-1, -1, 11, 8), abs=0.02)


def test_a_height_by_rule_makes_the_walls_a_rule_and_a_given_one_leaves_them_the_plan_s():
    walls = polygons_from_mask(wall_mask(), PX)
    assert {(one.level, one.author) for one in walls_of(plan(walls))} == {(6, "rule")}
    assert {(one.level, one.author) for one in walls_of(plan(walls, height_m=3))} == {(2, "drawing")}
    assert {one.level for one in walls_of(plan(walls, height_m=3, height_level=4))} == {4}
    assert walls_of(plan(walls))[0].aspects == {"position": 2, "form": 2, "dimension": 6}
    assert "by rule" in plan(walls).assumptions[0] and "as given" in plan(walls, height_m=3).assumptions[0]


def test_windows_get_parapets_and_doors_get_lintels_that_close_the_gap():
    model = plan(polygons_from_mask(wall_mask(), PX), height_m=3.0, gaps=GAPS, px_per_m=PX)
    over = {one.evidence[0].region: one for one in model.elements if one.kind == "lintel"}
    door, window = over[GAPS[0].box], over[GAPS[1].box]
    assert door.bounds[:, 2] == pytest.approx((2.1, 3.0)) and window.bounds[:, 2] == pytest.approx((0, 3.0))
    assert volume(door.vertices, door.faces) == pytest.approx(1.0 * 0.5 * 0.9, rel=0.05)
    assert volume(window.vertices, window.faces) == pytest.approx(1.5 * 0.5 * (0.9 + 0.9), rel=0.05)
    assert overlaps(model) == []


def test_the_sheet_lies_under_the_walls_the_right_way_round_and_in_place():
    mask = wall_mask()
    mask[20:60, 20:60] = True  # a solid corner in the north-west, so that a mirrored sheet would show
    sheet = np.where(mask[..., None], 0, 255).astype(np.uint8).repeat(3, axis=2)
    sheet[:90, :120] = sheet[:90, :120] // 2 + (60, 0, 0)
    model = plan(polygons_from_mask(mask, PX), height_m=3.0, px_per_m=PX, drawing=sheet)
    (shown,) = model.plates
    low, high = shown.bounds
    assert high[2] == pytest.approx(0) and min(float(one.bounds[0][2]) for one in walls_of(model)) == 0
    assert high[:2] - low[:2] == pytest.approx((12, 9), abs=0.03)
    assert shown_at(shown, (low[0], high[1], 0), sheet)[0] > shown_at(shown, (low[0], high[1], 0), sheet)[1]
    assert low[:2] == pytest.approx((-1, -1), abs=0.02)


def test_walls_can_come_as_outlines_in_metres():
    square = ((0, 0), (4, 0), (4, 3), (0, 3))
    model = plan([(square, [((0.5, 0.5), (3.5, 0.5), (3.5, 2.5), (0.5, 2.5))])], height_m=2.5)
    (wall,) = walls_of(model)
    assert volume(wall.vertices, wall.faces) == pytest.approx((12 - 6) * 2.5, rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(3, 14), st.integers(3, 14), st.sampled_from([2.0, 7.3, 40.0]))
def test_any_mask_gives_closed_solids_or_a_clear_refusal(seed, rows, cols, scale):
    """Blots that touch at corners, holes that touch the edge: whatever a bad scan leaves."""
    mask = np.random.default_rng(seed).random((rows, cols)) > 0.5
    mask = np.kron(mask, np.ones((5, 5), bool))
    try:
        assert overlaps(plan(polygons_from_mask(mask, scale))) == []
    except (DrawingError, MeasureError):
        assert mask.sum() / scale**2 < 1.5


def test_an_empty_mask_and_an_impossible_scale_are_refused():
    with pytest.raises(DrawingError, match="empty"):
        polygons_from_mask(np.zeros((20, 20), bool), PX)
    for scale in (0.0, -1.0, float("nan")):
        with pytest.raises(MeasureError, match="scale"):
            polygons_from_mask(wall_mask(), scale)
    walls = polygons_from_mask(wall_mask(), PX)
    with pytest.raises(MeasureError, match="high"):
        plan(walls, height_m=-3)
    with pytest.raises(MeasureError, match="px_per_m"):
        plan(walls, gaps=GAPS)
    with pytest.raises(MeasureError, match="check the scale"):
        plan(Walls((((((0, 0), (9e4, 0), (9e4, 9e4)), ())),), (0, 0, 1, 1)))
