import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.regions import boxes
from provenance.untouched import differing_tiles, mask_digest, untouched

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("shape", [(130, 200), (64, 64, 3), (65, 1, 4), (1, 1)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_source_and_restoration_have_the_same_root_whatever_stands_in_the_hole(shape, dtype):
    source = RNG.integers(0, np.iinfo(dtype).max, shape, dtype)
    ai = RNG.random(shape[:2]) < 0.4
    restored = source.copy()
    restored[ai] = RNG.integers(0, np.iinfo(dtype).max, restored[ai].shape, dtype)
    assert untouched(source, ai) == untouched(restored, ai)
    assert differing_tiles(source, restored, ai) == []


def test_one_changed_pixel_is_found_and_named_by_its_tile():
    source = RNG.integers(0, 255, (200, 300, 3), np.uint8)
    ai = np.zeros((200, 300), bool)
    ai[10:20, 10:20] = True
    changed = source.copy()
    changed[130, 299, 2] ^= 1
    assert untouched(source, ai).root != untouched(changed, ai).root
    assert differing_tiles(source, changed, ai) == [(256, 128)]


def test_another_mask_or_another_depth_gives_another_root():
    source = RNG.integers(0, 255, (70, 70), np.uint8)
    ai = np.zeros((70, 70), bool)
    other = ai.copy()
    other[0, 0] = True
    roots = {untouched(source, ai).root, untouched(source, other).root, untouched(source.astype(np.uint16), ai).root}
    assert len(roots) == 3
    assert mask_digest(ai) != mask_digest(other)
    assert mask_digest(np.zeros((2, 8), bool)) != mask_digest(np.zeros((8, 2), bool))


def test_tiles_and_pixels_are_counted():
    found = untouched(np.zeros((129, 65), np.uint8), np.eye(129, 65, dtype=bool))
    assert (found.tiles, found.pixels) == (3 * 2, 129 * 65 - 65)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 90), st.integers(1, 90), st.floats(0, 0.6), st.integers(1, 32))
def test_boxes_cover_every_pixel_and_are_never_too_many(seed, height, width, share, most):
    ai = np.random.default_rng(seed).random((height, width)) < share
    covered = np.zeros_like(ai)
    found = boxes(ai, most)
    for x, y, w, h in found:
        assert 0 <= x < x + w <= width
        assert 0 <= y < y + h <= height
        covered[y : y + h, x : x + w] = True
    assert len(found) <= most
    assert not (ai & ~covered).any()


def test_a_single_hole_has_its_exact_box():
    ai = np.zeros((50, 60), bool)
    ai[7:20, 11:40] = True
    assert boxes(ai) == [(11, 7, 29, 13)]
    assert boxes(np.zeros((5, 5), bool)) == []
