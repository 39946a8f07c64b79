"""A picture hangs at its true size, the right way round, in a room that has space to step back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blender_addon.errors import MeasureError
from blender_addon.scenes.gallery import gallery

from .conftest import corners, overlaps, shown_at


def plate_of(model, name="plate-picture"):
    return next(one for one in model.plates if one.id == name)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.02, 30), st.integers(4, 60), st.integers(4, 60), st.booleans())
def test_any_picture_hangs_at_its_true_size_in_a_room_that_holds_it(width, wide_px, tall_px, framed):
    model = gallery(np.zeros((tall_px, wide_px), np.uint8), width_m=width, framed=framed)
    low, high = plate_of(model).bounds
    tall = width * tall_px / wide_px
    assert high[0] - low[0] == pytest.approx(width, rel=1e-5)
    assert high[2] - low[2] == pytest.approx(tall, rel=1e-5)
    assert (low[2] + high[2]) / 2 == pytest.approx(max(1.55, tall / 2 + 0.35), rel=1e-5)
    room = {one.id: one for one in model.elements}
    assert low[2] > 0.1 and high[2] < room["ceiling-north"].bounds[0][2]
    assert room["wall-west"].bounds[1][0] < low[0] and high[0] < room["wall-east"].bounds[0][0]
    # From the far end a lens of 40° sees the whole picture, even in a 16:9 frame.
    away = model.focus.room_m
    assert 2 * away * np.tan(np.radians(20)) > max(width, 16 / 9 * tall)
    assert overlaps(model) == []


def test_the_picture_is_not_mirrored_and_faces_the_room():
    picture = corners()
    plate = plate_of(gallery(picture, width_m=3.0))
    assert tuple(shown_at(plate, (-1.5, -1, 9), picture)) == (255, 0, 0)
    assert tuple(shown_at(plate, (1.5, -1, 9), picture)) == (0, 255, 0)
    assert tuple(shown_at(plate, (-1.5, -1, -9), picture)) == (0, 0, 255)
    a, b, c = plate.vertices[plate.faces[0]]
    assert np.cross(b - a, c - a)[1] < 0


def test_the_room_is_rule_and_the_picture_keeps_what_is_known_of_it():
    model = gallery(corners(), width_m=1.0, level=7, author="AI", source_sha256="cd" * 32)
    assert {(one.level, one.author) for one in model.elements} == {(6, "rule")}
    plate = plate_of(model)
    assert (plate.level, plate.author, plate.evidence[0].source_sha256) == (7, "AI", "cd" * 32)
    assert model.levels().area["7"] > 0


def test_the_lamps_shine_on_the_picture_from_inside_the_room():
    model = gallery(corners(), width_m=2.0)
    low, high = model.bounds
    for light in model.lights:
        assert light.power > 0
        assert np.all(np.array(light.position) > low) and np.all(np.array(light.position) < high)
    aimed = [light for light in model.lights if light.id.startswith("picture-")]
    assert len(aimed) == 2 and all(light.target == (0.0, 0.0, 1.55) for light in aimed)


def test_a_label_hangs_to_the_right_of_the_frame():
    model = gallery(corners(), width_m=1.0, label=corners(42, 30))
    label, frame = plate_of(model, "plate-label"), next(one for one in model.elements if one.id == "frame")
    assert label.bounds[0][0] > frame.bounds[1][0]
    assert label.bounds[1][0] - label.bounds[0][0] == pytest.approx(0.21, abs=1e-5)


@pytest.mark.parametrize("wrong", [0, -1, 0.001, 80, float("nan"), float("inf")])
def test_an_impossible_width_is_refused(wrong):
    with pytest.raises(MeasureError, match="wide"):
        gallery(corners(), width_m=wrong)
