"""A relief is as wide as it is said to be, bright stands high, grain stays flat, and left stays left."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import coins

from blender_addon.errors import MeasureError, TextureError
from blender_addon.scenes.closed import complaint
from blender_addon.scenes.heights import heights, resampled, worst_in_cells
from blender_addon.scenes.relief import relief

from .conftest import corners


def height_at(stone, x: float, z: float) -> float:
    """Metres in front of the slab at the front's vertex nearest to a place; −1 … 1 across, 0 … 1 up."""
    low, high = stone.bounds
    front = stone.vertices[stone.vertices[:, 1] <= 0]
    place = (low[0] + (x + 1) / 2 * (high[0] - low[0]), low[2] + z * (high[2] - low[2]))
    return float(-front[np.linalg.norm(front[:, [0, 2]] - place, axis=1).argmin(), 1])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.floats(0.01, 100), st.floats(0.001, 1), st.integers(64, 3000))
def test_any_picture_becomes_a_closed_solid_of_exactly_the_width_that_was_asked_for(rows, cols, width, depth, limit):
    picture = np.random.default_rng(rows * 41 + cols).integers(0, 255, (rows, cols), np.uint8)
    (stone,) = relief(picture, width_m=width, depth_m=depth, max_vertices=limit).elements
    assert complaint(stone.vertices, stone.faces) == ""
    assert stone.bounds[1][0] - stone.bounds[0][0] == pytest.approx(width, rel=1e-6)
    assert stone.bounds[1][2] == pytest.approx(width * rows / cols, rel=1e-6)
    assert stone.bounds[0][1] >= -depth * (1 + 1e-6)
    assert len(stone.vertices) <= max(limit, 13)


def test_a_metre_is_a_metre_to_the_micrometre():
    (stone,) = relief(coins(), width_m=1.2, depth_m=0.02).elements
    assert abs(stone.bounds[1][0] - stone.bounds[0][0] - 1.2) < 1e-6


def test_bright_stands_high_and_left_stays_left():
    picture = np.full((60, 80), 60, np.uint8)
    picture[10:20, 8:24] = 220  # a bright patch, upper left
    (stone,) = relief(picture, width_m=2.0, depth_m=0.1).elements
    patch = height_at(stone, -0.6, 0.75)
    assert patch > 0.08
    assert max(height_at(stone, 0.6, 0.75), height_at(stone, -0.6, 0.25), height_at(stone, 0.6, 0.25)) < 0.5 * patch
    (turned,) = relief(picture, width_m=2.0, depth_m=0.1, invert=True).elements
    assert height_at(turned, -0.6, 0.75) < height_at(turned, 0.6, 0.25)


def test_the_front_carries_the_picture_s_own_colours():
    (stone,) = relief(corners(), width_m=1.0, depth_m=0.05).elements
    low, high = stone.bounds
    for x, z, colour in ((low[0], high[2], (255, 0, 0)), (high[0], high[2], (0, 255, 0)), (low[0], low[2], (0, 0, 255))):
        distance = np.linalg.norm(stone.vertices[:, [0, 2]] - (x, z), axis=1) + (stone.vertices[:, 1] > 0.01)
        assert tuple(stone.vertex_colors[distance.argmin()]) == colour


def test_grain_of_paper_and_uneven_light_do_not_become_spikes():
    y, x = np.mgrid[0:120, 0:160] / 120
    random = np.random.default_rng(3)
    step = np.where((x - 0.66) ** 2 + (y - 0.5) ** 2 < 0.09, 0.75, 0.35)
    seen = step + 0.15 * x - 0.1 * y + random.normal(0, 0.02, step.shape)
    found = heights(seen)
    ground, coin = found[step < 0.5], found[step > 0.5]
    assert np.median(coin) - np.median(ground) > 0.7
    inside = np.abs(np.diff(found, axis=1))[:, :][(step[:, 1:] == step[:, :-1])]
    assert np.percentile(inside, 95) < 0.02


def test_the_coins_of_pompeii_stand_above_their_ground():
    (stone,) = relief(coins(), width_m=1.2, depth_m=0.02, max_vertices=40_000).elements
    assert len(stone.vertices) <= 40_000
    rim = height_at(stone, 0.77, 0.92)  # within the large coin in the upper right corner
    ground = np.median([height_at(stone, x, z) for x in (-0.99, 0.0) for z in (0.75, 0.5)])
    assert rim > ground + 0.005


def test_an_even_picture_becomes_a_flat_slab():
    (stone,) = relief(np.full((20, 30, 3), 128, np.uint8), width_m=1.0, depth_m=0.1, base_m=0.02).elements
    assert stone.bounds[0][1] == 0
    assert stone.bounds[1][1] == pytest.approx(0.02)


def test_what_a_model_filled_in_is_conjecture_in_the_relief_too():
    levels = np.ones((32, 48), np.uint8)
    levels[3, 5] = 7  # a single pixel, which averaging would lose
    (stone,) = relief(corners(), width_m=1.0, depth_m=0.02, levels=levels, max_vertices=200).elements
    assert stone.level == 7
    assert sorted(set(stone.vertex_levels.tolist())) == [6, 7]


def test_sixteen_bits_one_channel_and_alpha_are_all_welcome():
    eight = corners()
    sixteen = eight.astype(np.uint16) * 257
    alpha = np.dstack([eight, np.zeros(eight.shape[:2], np.uint8)])
    heights_of = [relief(one, width_m=1.0, depth_m=0.02).elements[0].vertices for one in (eight, sixteen, alpha)]
    assert np.array_equal(heights_of[0], heights_of[1]) and np.array_equal(heights_of[0], heights_of[2])
    relief(eight[..., 0], width_m=1.0, depth_m=0.02)


IMPOSSIBLE = [{"width_m": 0}, {"depth_m": -1}, {"base_m": 0}, {"width_m": float("nan")}, {"max_vertices": 3}]


@pytest.mark.parametrize("wrong", IMPOSSIBLE)
def test_impossible_measures_are_refused(wrong):
    with pytest.raises(MeasureError):
        relief(corners(), **{"width_m": 1.0, "depth_m": 0.02} | wrong)


def test_pixels_of_other_kinds_are_refused():
    for wrong in (corners().astype(np.float32), corners()[..., :2], np.zeros((0, 4), np.uint8)):
        with pytest.raises(TextureError):
            relief(wrong, width_m=1.0, depth_m=0.02)


def test_averaging_keeps_the_mean_and_the_worst():
    image = np.random.default_rng(1).random((37, 53))
    assert resampled(image, 10, 17).mean() == pytest.approx(image.mean())
    assert np.array_equal(resampled(image, 37, 53), image)
    levels = np.zeros((37, 53), np.uint8)
    levels[36, 52] = 7
    assert worst_in_cells(levels, 10, 17)[9, 16] == 7
