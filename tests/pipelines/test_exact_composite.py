import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.composite import check_mask, check_pixels, composite, floats
from pipelines.errors import MaskError, PixelsError
from pipelines.hypotheses import distance, spread


@st.composite
def pictures(draw):
    height, width = draw(st.integers(1, 23)), draw(st.integers(1, 23))
    channels, dtype = draw(st.sampled_from([(), (3,), (4,)])), draw(st.sampled_from([np.uint8, np.uint16]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    pixels = rng.integers(0, np.iinfo(dtype).max, (height, width, *channels), dtype, endpoint=True)
    return pixels, rng.random((height, width)) < draw(st.sampled_from([0.0, 0.3, 1.0])), rng


@given(pictures())
@settings(max_examples=150, deadline=None)
def test_untouched_pixels_are_bit_identical_and_alpha_is_never_touched(case):
    pixels, mask, rng = case
    filled = pixels.copy()
    composite(filled, mask, rng.uniform(-0.5, 1.5, (*mask.shape, 3)).astype(np.float32))
    assert np.array_equal(filled[~mask], pixels[~mask])
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        assert np.array_equal(filled[..., 3], pixels[..., 3])


@given(pictures())
@settings(max_examples=80, deadline=None)
def test_a_fill_that_equals_the_picture_changes_no_bit_at_any_depth(case):
    pixels, mask, _ = case
    filled = pixels.copy()
    composite(filled, mask, floats(pixels))
    assert np.array_equal(filled, pixels)


def test_a_16_bit_fill_keeps_16_bits():
    pixels, mask = np.zeros((1, 4096, 3), np.uint16), np.ones((1, 4096), bool)
    composite(pixels, mask, np.repeat(np.linspace(0, 0.1, 4096, dtype=np.float32)[None, :, None], 3, 2))
    assert len(np.unique(pixels)) == 4096


@pytest.mark.parametrize("shape", [(4, 4, 2), (0, 4), (4,), (4, 4, 3, 1)])
def test_an_array_that_is_no_picture_is_refused(shape):
    with pytest.raises(PixelsError):
        check_pixels(np.zeros(shape, np.uint8))
    with pytest.raises(PixelsError, match="float32"):
        check_pixels(np.zeros((4, 4, 3), np.float32))


def test_a_mask_of_another_size_is_refused_with_both_sizes():
    with pytest.raises(MaskError, match=r"512×400.*1024×800"):
        check_mask(np.ones((400, 512), bool), (800, 1024))


@pytest.mark.parametrize("mask", [np.zeros((3, 3), bool), np.ones((3, 3), bool), np.ones((3, 3), np.uint8)])
def test_a_mask_without_hole_or_without_known_pixels_is_refused(mask):
    with pytest.raises(MaskError):
        check_mask(mask, (3, 3))


@pytest.mark.parametrize("shape", [(600, 9), (600, 9, 3), (600, 9, 4)])
def test_spread_is_the_deviation_among_hypotheses_and_zero_outside_the_hole(shape):
    rng = np.random.default_rng(0)
    three = [rng.integers(0, 65535, shape, np.uint16) for _ in range(3)]
    mask = rng.random(shape[:2]) < 0.4
    field = spread(three, mask)
    colours = np.stack([t.reshape(600, 9, -1)[..., :3] for t in three]) / 65535.0
    assert np.allclose(field[mask], np.sqrt(colours.var(0).mean(-1))[mask], atol=1e-5)
    assert field.dtype == np.float32 and not field[~mask].any()
    assert distance(three[0], three[0], mask) == 0 < distance(three[0], three[1], mask)
