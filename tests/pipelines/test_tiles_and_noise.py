import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.noise import noise
from pipelines.tiles import HoleValues, Window, mirrored, tight, tiles

PLACE, SIDE = st.integers(0, 300), st.integers(1, 90)


@given(PLACE, PLACE, SIDE, SIDE, st.integers(0, 2**53 - 1), st.integers(0, 15))
@settings(max_examples=25, deadline=None)
def test_any_window_of_the_noise_is_cut_from_one_field(top, left, height, width, seed, hypothesis):
    wide = noise(seed, hypothesis, max(0, top - 13), max(0, left - 70), height + 100, width + 100)
    y, x = top - max(0, top - 13), left - max(0, left - 70)
    assert np.array_equal(noise(seed, hypothesis, top, left, height, width), wide[y : y + height, x : x + width])


def test_noise_is_standard_normal_and_differs_between_hypotheses_seeds_and_blocks():
    field = noise(7, 0, 0, 0, 256, 256)
    assert abs(field.mean()) < 0.01 and abs(field.std() - 1) < 0.01
    for seed, hypothesis, top, left in ((7, 1, 0, 0), (8, 0, 0, 0), (7, 0, 256, 0), (7, 0, 0, 64)):
        other = noise(seed, hypothesis, top, left, 256, 256)
        assert abs(np.corrcoef(field.ravel(), other.ravel())[0, 1]) < 0.01


@given(st.integers(1, 9), st.integers(-40, 40), st.integers(1, 60))
def test_beyond_an_edge_a_picture_is_mirrored(size, start, count):
    want = np.pad(np.arange(size), 200, mode="symmetric")[200 + start : 200 + start + count]
    assert np.array_equal(mirrored(start, start + count, size), want)


@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 2**32), st.sampled_from([8, 16, 64]))
@settings(max_examples=60, deadline=None)
def test_tiles_cover_every_pixel_of_the_hole_once(height, width, seed, side):
    hole = np.random.default_rng(seed).random((height, width)) < 0.03
    seen = np.zeros(hole.shape, int)
    for tile in tiles(hole, side):
        seen[tile.slices()] += 1
        around = tight(tile, hole)
        assert around.top % 32 == around.left % 32 == around.bottom % 32 == around.right % 32 == 0
        clipped = tile.common(around)
        assert hole[clipped.slices()].sum() == hole[tile.slices()].sum() > 0
    assert (seen[hole] == 1).all() and seen.max(initial=0) <= 1


@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 2**32), st.sampled_from([8, 24]))
@settings(max_examples=60, deadline=None)
def test_values_of_the_hole_come_back_from_any_window(height, width, seed, side):
    rng = np.random.default_rng(seed)
    hole, whole = rng.random((height, width)) < 0.3, rng.random((height, width, 3)).astype(np.float32)
    kept = HoleValues(hole, side)
    for tile in tiles(hole, side):
        around = tight(tile, hole).grown(8)
        kept.write(tile, around, around.cut(whole))
    window = Window(-5, height + 9, -3, width + 20)
    assert np.array_equal(kept.read(window), window.cut(whole * hole[..., None]))
