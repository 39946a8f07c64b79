"""The scale of seven levels and the average uncertainty, which no cut and no open mesh may change."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blender_addon.errors import OpenSolidError, SceneError
from blender_addon.scenes.levels import (
    ABSTENTION,
    LEVELS,
    hatch,
    level,
    level_image,
    linear_from_srgb,
    palette,
    srgb_from_linear,
    uncertainty,
    worst,
)
from blender_addon.scenes.model import Element
from blender_addon.scenes.solids import box


def block(name, low, high, known, relevance=1.0):
    return Element(name, "wall", *box(low, high), known, "drawing", relevance=relevance)


def test_the_percentages_are_those_of_the_published_scale():
    assert [round(one.uncertainty_percent, 3) for one in LEVELS] == [7.143, 21.429, 35.714, 50.0, 64.286, 78.571, 92.857]


def test_the_averages_are_those_of_the_published_formulas():
    solids = [block("a", (0, 0, 0), (1, 1, 1), 1), block("b", (2, 0, 0), (5, 1, 1), 7, relevance=2.0)]
    found = uncertainty(solids)
    assert found.by_volume == pytest.approx((7.142857 + 3 * 92.857143) / 4)
    assert found.by_volume_and_relevance == pytest.approx((7.142857 + 3 * 2 * 92.857143) / (1 + 3 * 2))
    assert found.volume_m3 == pytest.approx(4)


def test_what_nobody_assessed_is_left_out_of_the_average():
    known, unknown = block("a", (0, 0, 0), (1, 1, 1), 3), block("b", (2, 0, 0), (9, 9, 9), 0)
    assert uncertainty([known, unknown]).by_volume == pytest.approx(35.714, abs=1e-3)
    assert uncertainty([unknown]).by_volume is None


sizes, shares, numbers = st.floats(0.01, 50), st.floats(0.05, 0.95), st.integers(1, 7)


@settings(deadline=None)
@given(sizes, sizes, sizes, shares, st.integers(0, 2), numbers, numbers, st.floats(-1000, 1000))
def test_cutting_a_solid_in_two_changes_no_average(x, y, z, share, axis, known, other, far):
    low, high = np.array((far, -far, 0.0)), np.array((far + x, -far + y, z))
    low, high = low.astype(np.float32).astype(float), high.astype(np.float32).astype(float)
    cut = float(np.float32(low[axis] + share * (high[axis] - low[axis])))
    if not low[axis] < cut < high[axis] or not np.all(low < high):
        return
    middle_high, middle_low = high.copy(), low.copy()
    middle_high[axis] = middle_low[axis] = cut
    neighbour = block("n", (0, 0, -7), (3, 2, -1), other, 1.5)
    whole = uncertainty([block("a", low, high, known), neighbour])
    halves = uncertainty([block("a", low, middle_high, known), block("b", middle_low, high, known), neighbour])
    assert halves.by_volume == pytest.approx(whole.by_volume, rel=1e-6)
    assert halves.by_volume_and_relevance == pytest.approx(whole.by_volume_and_relevance, rel=1e-6)


def test_an_open_or_inverted_solid_is_refused_and_named():
    vertices, faces = box((0, 0, 0), (1, 1, 1))
    with pytest.raises(OpenSolidError, match="gable is not closed"):
        uncertainty([Element("gable", "wall", vertices, faces[1:], 2, "drawing")])
    with pytest.raises(OpenSolidError, match="gable is turned inside out"):
        uncertainty([Element("gable", "wall", vertices, faces[:, ::-1], 2, "drawing")])


def test_orange_is_the_colour_that_the_published_tool_shows_on_screen():
    assert level(6).hex == "#FF9C00"
    assert level(6).linear_rgb == pytest.approx((1.0, 1 / 3, 0.0), abs=2e-3)


def test_every_level_has_a_colour_a_hatch_and_words_of_its_own():
    for field in ("hex", "safe_hex", "hatch", "name", "gist"):
        assert len({getattr(one, field) for one in LEVELS}) == 7, field
    patterns = [hatch(one, (12, 12), 6).tobytes() for one in LEVELS]
    assert len(set(patterns)) == 7


def test_the_safe_palette_reads_in_grey():
    """Neighbouring levels differ in lightness by more than the eye confuses, whatever the hue."""
    light = linear_from_srgb(palette(safe=True)[1:] / 255) @ (0.2126, 0.7152, 0.0722)
    lightness = 116 * np.cbrt(light) - 16
    assert all(a - b > 6 for a, b in itertools.pairwise(lightness))


def test_a_map_of_levels_is_coloured_and_hatched():
    levels = np.repeat(np.arange(8, dtype=np.uint8), 8)[None].repeat(8, axis=0)
    assert (level_image(levels)[0, ::8] == palette()).all()
    hatched = level_image(levels, pitch_px=4)
    assert (hatched[:, 8:16] == 255).all()  # level 1 stays plain
    assert (hatched[:, 56:] != level_image(levels)[:, 56:]).any()
    with pytest.raises(SceneError, match="9"):
        level_image(np.full((2, 2), 9, np.uint8))


def test_no_other_number_is_a_level():
    assert level(0) is ABSTENTION
    for number in (-1, 8, 2.5):
        with pytest.raises(SceneError):
            level(number)


def test_an_element_is_only_as_well_known_as_its_worst_aspect():
    assert worst({"position": 2, "form": 2, "dimension": 6}) == 6
    assert worst({}) == 0


def test_display_and_linear_light_are_each_other_s_inverse():
    values = np.linspace(0, 1, 256)
    assert np.abs(srgb_from_linear(linear_from_srgb(values)) - values).max() < 1e-9
