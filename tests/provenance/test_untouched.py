import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.encode import decode
from provenance.regions import boxes
from provenance.release import release
from provenance.untouched import Opening, differing_tiles, fault, mask_digest, opening, opens, untouched

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


def test_a_third_party_proves_both_roots_from_file_mask_and_record(restoration, scan, home, tmp_path):
    source, pixels, _ = scan
    release(restoration, tmp_path / "out", home)
    # nothing but what was handed over: the file, the mask beside it, the Record, and the source for who has it
    output = json.loads((tmp_path / "out" / "record.json").read_bytes())["outputs"][0]
    file = decode((tmp_path / "out" / output["name"]).read_bytes())
    mask = decode((tmp_path / "out" / "mask.png").read_bytes()) > 127
    assert fault(output, file, mask) is None
    assert fault(output, decode(source.read_bytes()), mask) is None
    assert not np.array_equal(file, pixels)
    changed = file.copy()
    changed[0, 0, 0] ^= 1
    assert "outside the mask" in fault(output, changed, mask)
    assert "not the one" in fault(output, file, np.zeros_like(mask))
    assert "the mask is" in fault(output, file, mask[:-1])
    assert "says nothing" in fault(output | {"untouched": None}, file, mask)


@pytest.mark.parametrize("shape", [(64, 64), (130, 200, 3), (65, 1), (200, 321, 4)])
def test_one_tile_is_proven_without_the_others(shape):
    pixels = RNG.integers(0, 65535, shape, np.uint16)
    ai = RNG.random(shape[:2]) < 0.3
    root = untouched(pixels, ai).root
    for y in range(0, shape[0], 64):
        for x in range(0, shape[1], 64):
            found = opening(pixels, ai, x, y)
            here = np.s_[y : y + 64, x : x + 64]
            tile, mask = pixels[here].copy(), ai[here]
            assert opens(found, tile, mask, root)
            tile[mask] = 0
            assert opens(found, tile, mask, root), "what a model made is not part of the proof"
            if not mask.all():
                where = tuple(np.argwhere(~mask)[0])
                tile[where] ^= 1
                assert not opens(found, tile, mask, root)


def test_an_opening_that_lies_opens_nothing():
    pixels, ai = RNG.integers(0, 255, (200, 200), np.uint8), np.zeros((200, 200), bool)
    root, found = untouched(pixels, ai).root, opening(pixels, ai, 70, 130)
    tile, mask = pixels[128:192, 64:128], ai[128:192, 64:128]
    assert (found.x, found.y, found.index) == (64, 128, 9)
    assert opens(found, tile, mask, root)
    lies = [
        {"x": 0}, {"y": 64}, {"index": 8}, {"tiles": 17}, {"index": -1}, {"tiles": 2**40}, {"siblings": ()},
        {"siblings": (*found.siblings, found.siblings[0])}, {"siblings": ("zz", *found.siblings[1:])},
    ]  # fmt: skip
    assert not any(opens(dataclasses.replace(found, **lie), tile, mask, root) for lie in lies)
    assert not opens(Opening(0, 0, 0, 1, ()), tile, mask[:1], root)
    with pytest.raises(ValueError, match="none at"):
        opening(pixels, ai, 200, 0)


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
