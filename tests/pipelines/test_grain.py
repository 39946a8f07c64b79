"""Texture goes by the surroundings: none in a smooth ground, as much as they have elsewhere, whatever the tiles."""

import numpy as np
import pytest

from pipelines.grain import FAINTEST, NARROW, OUTLINE, STEP_PX, WIDE, Energy, known_grain, matched
from pipelines.tiles import HoleValues, Window, tiles

SIDE = 160


def kept(hole, tile_px, values):
    """Values of a whole picture as those of its hole."""
    found = HoleValues(hole, tile_px)
    for tile in tiles(hole, tile_px):
        found.write(tile, Window(0, hole.shape[0], 0, hole.shape[1]), values)
    return found


def grainy(seed, loudness):
    noise = np.random.default_rng(seed).standard_normal((SIDE, SIDE, 1)).astype(np.float32)
    return np.repeat(np.float32(0.5) + np.float32(loudness) * noise, 3, 2)


@pytest.fixture
def hole():
    where = np.zeros((SIDE, SIDE), bool)
    where[40:61, 30:70] = where[90:131, 88:120] = True
    return where


def brought(picture, hole, mean, textured, tile_px=64):
    pixels = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    fills = (kept(hole, tile_px, fill) for fill in (mean, textured))
    answer = matched(known_grain(pixels, hole), pixels, hole, tile_px, *fills, 1.0)
    return answer.read(Window(0, SIDE, 0, SIDE))


def steps(picture, where):
    both = where[:, :-STEP_PX] & where[:, STEP_PX:]
    return float(np.square(picture[:, STEP_PX:, 0] - picture[:, :-STEP_PX, 0])[both].mean())


def test_on_a_smooth_ground_hardly_any_texture_is_left_but_enough_to_differ(hole):
    smooth, textured = np.full((SIDE, SIDE, 3), 0.5, np.float32), grainy(1, 0.05)
    answer = brought(smooth, hole, smooth, textured)
    assert np.allclose(answer[hole] - smooth[hole], FAINTEST * (textured - smooth)[hole], atol=1e-6)


@pytest.mark.parametrize("loudness", [0.01, 0.045])
def test_too_faint_and_too_loud_a_texture_come_to_the_grain_around_them(hole, loudness):
    around, flat = grainy(2, 0.02), np.full((SIDE, SIDE, 3), 0.5, np.float32)
    answer = brought(around, hole, flat, flat + grainy(3, loudness) - 0.5)
    assert 0.9 * NARROW < steps(answer, hole) / steps(around, ~hole) < 1.1 * WIDE


def test_the_middle_of_a_wide_loss_gets_more_grain_than_a_crack():
    around, flat = grainy(10, 0.02), np.full((SIDE, SIDE, 3), 0.5, np.float32)
    shares = []
    for width in (5, 100):
        where = np.zeros((SIDE, SIDE), bool)
        where[80 - width // 2 : 80 + width // 2 + 1, 30:130] = True
        answer = brought(around, where, flat, flat + grainy(11, 0.02) - 0.5)
        where[:, :60] = where[:, 100:] = False
        shares.append(steps(answer, where) / steps(around, ~where))
    assert shares[0] == pytest.approx(NARROW, rel=0.25) and shares[1] > 1.15 * shares[0]


def test_what_the_mean_has_already_is_not_added_again(hole):
    around = grainy(4, 0.02)
    answer = brought(around, hole, around, around + 0.1 * (grainy(5, 1.0) - 0.5))
    assert np.abs(answer - around)[hole].std() < 0.1 * FAINTEST * 1.01


def test_strokes_of_which_the_mean_is_half_sure_are_taken_further_before_grain_is_added(hole):
    strokes = np.zeros((SIDE, SIDE, 3), np.float32)
    strokes[:, ::6] = strokes[:, 1::6] = strokes[:, 2::6] = 0.06
    around, timid = 0.4 + strokes, 0.415 + 0.5 * strokes
    answer = brought(around, hole, timid, timid + grainy(15, 0.03) - 0.5)
    inner = np.s_[96:125, 94:114]
    sure = (answer - timid)[inner] * np.sign(strokes - 0.03)[inner]
    assert sure.mean() > 0.006 and np.abs(answer - around)[inner].mean() < np.abs(timid - around)[inner].mean()


def test_two_halves_of_a_picture_keep_their_own_grain(hole):
    around = grainy(6, 0.03)
    around[:, :84] = 0.5
    flat = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    answer = brought(around, hole, flat, flat + grainy(7, 0.03) - 0.5)
    left, right = hole.copy(), hole.copy()
    left[:, 50:], right[:, :96] = False, False
    assert steps(answer, left) < 0.25 * steps(answer, right)


def test_a_grey_picture_gets_no_coloured_grain_and_a_coloured_one_does(hole):
    flat = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    coloured = flat + 0.02 * np.random.default_rng(12).standard_normal((SIDE, SIDE, 3)).astype(np.float32)
    textured = flat + 0.02 * np.random.default_rng(13).standard_normal((SIDE, SIDE, 3)).astype(np.float32)

    def colour(picture):
        return float((picture - picture.mean(-1, keepdims=True))[hole].std())

    assert colour(brought(grainy(14, 0.02), hole, flat, textured)) < 0.05 * colour(textured)
    assert colour(brought(coloured, hole, flat, textured)) > 0.5 * colour(textured)


def test_outlines_are_no_grain(hole):
    picture = np.full((SIDE, SIDE, 3), 0.2, np.float32)
    picture[:, ::40] = 0.9
    pixels = np.rint(picture * 255).astype(np.uint8)
    assert known_grain(pixels, hole).grey.around()[5, 5] < OUTLINE**2 * 2 * STEP_PX / 40


def test_no_bit_depends_on_the_tiles(hole):
    around, flat = grainy(8, 0.03), grainy(9, 0.004)
    textured = grainy(10, 0.05)
    one, other = (brought(around, hole, flat, textured, side) for side in (64, 160))
    assert np.array_equal(one, other)


def test_energies_of_parts_add_up_to_that_of_the_whole(hole):
    picture, whole, parts = grainy(11, 0.1), Energy.none((SIDE, SIDE)), Energy.none((SIDE, SIDE))
    everything = Window(0, SIDE, 0, SIDE)
    whole.add(everything, picture, hole)
    for tile in tiles(np.ones_like(hole), 32):
        seen = Window(tile.top, tile.bottom + STEP_PX, tile.left, tile.right + STEP_PX).clipped(SIDE, SIDE)
        parts.add(tile, picture[seen.slices()], hole[seen.slices()])
    assert np.array_equal(whole.total, parts.total) and np.array_equal(whole.count, parts.count)
