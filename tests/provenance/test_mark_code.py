"""The code and the keyed tile under the mark: what they carry, and what they never let through."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance import convolutional_code
from provenance.lattice import TILE, WORD_BITS, Lattice
from provenance.mark_blocks import Blocks, Window

KEY, HANDLE = b"a key for these tests only, 32 B", 0x0F1E2D3C4B5A


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**WORD_BITS - 1), st.integers(0, 2**32 - 1))
def test_the_code_reads_through_noise_as_loud_as_itself(word, seed):
    coded = convolutional_code.encode(word, WORD_BITS)
    assert len(coded) == convolutional_code.coded_length(WORD_BITS) == 336
    assert convolutional_code.decode(coded, WORD_BITS) == [word]
    noisy = coded + np.random.default_rng(seed).normal(0, 1.0, len(coded))
    assert convolutional_code.decode(noisy, WORD_BITS) == [word]


def test_the_second_likeliest_word_is_on_the_list_and_none_twice():
    rng, saved = np.random.default_rng(7), 0
    for _ in range(40):
        word = int(rng.integers(2**62))
        noisy = convolutional_code.encode(word, WORD_BITS) + rng.normal(0, 1.5, 336)
        words = convolutional_code.decode(noisy, WORD_BITS, 4)
        assert len(set(words)) == 4
        assert words[0] == convolutional_code.decode(noisy, WORD_BITS)[0]
        saved += word in words[1:]
    assert saved > 0


@pytest.mark.parametrize("handle", [0, 1, 2**47, 2**48 - 1])
def test_every_handle_goes_round_in_its_tile(handle):
    lattice = Lattice(KEY)
    tile = lattice.tiles(lattice.values(handle))
    assert tile.shape == (TILE, TILE)
    assert tile.std() == pytest.approx(1, abs=1e-3)
    whole = Window(0.0, 0, 4, 0, 4)
    assert Blocks.of(lattice, np.tile(tile, (2, 2))).read(whole) == handle
    moved = Blocks.of(lattice, np.roll(np.tile(tile, (2, 2)), (17, 40), (0, 1)))
    assert moved.read(whole) is None
    scores, shifts = moved.best_shifts(np.zeros((1, 2, 2)))
    assert scores[0] > 6 and shifts[0] == pytest.approx([17, 40], abs=0.3)
    assert moved.moved(shifts[0], np.zeros((2, 2))).read(whole) == handle


def test_two_handles_that_differ_in_one_bit_have_nothing_in_common():
    lattice = Lattice(KEY)
    for bit in range(48):
        alike = (lattice.coded(HANDLE) == lattice.coded(HANDLE ^ 1 << bit)).mean()
        assert 0.35 < alike < 0.65


def test_what_detect_may_read_by_chance_is_below_one_in_a_million():
    from provenance.watermark import FALSE_READINGS

    assert FALSE_READINGS < 1e-6


def test_a_handle_whose_check_fails_is_never_reported():
    """A lattice fed with noise decodes to something each time; the keyed check must hold it back."""
    lattice, rng = Lattice(KEY), np.random.default_rng(3)
    count = len(lattice.points)
    for _ in range(300):
        assert lattice.read(rng.normal(size=count) + 1j * rng.normal(size=count)) is None
