"""The prefill: smooth, exact where pixels are known, and the same in every window."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.prefill import COARSE, WINDOW_MARGIN_PX, coarse_fill, harmonic_fill, window_fill


@settings(max_examples=25, deadline=None)
@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 999), share=st.floats(0, 0.95))
def test_known_pixels_are_kept(height, width, seed, share):
    rng = np.random.default_rng(seed)
    image, hole = rng.random((height, width, 3), np.float32), rng.random((height, width)) < share
    if hole.all():
        with pytest.raises(ValueError, match="nothing to continue"):
            harmonic_fill(image, hole)
        return
    filled = harmonic_fill(image, hole)
    assert np.array_equal(filled[~hole], image[~hole])
    assert filled.min() >= image[~hole].min() - 1e-4
    assert filled.max() <= image[~hole].max() + 1e-4


def test_a_ramp_is_continued_through_a_scratch():
    ramp = np.repeat(np.linspace(0, 1, 96, dtype=np.float32)[None, :, None], 64, 0).repeat(3, 2)
    hole = np.zeros((64, 96), bool)
    hole[:, 40:44] = True
    assert np.abs(harmonic_fill(ramp, hole) - ramp).max() < 0.02


def test_a_window_fills_like_the_whole_picture():
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 255, (320, 328, 3), np.uint8)
    hole = rng.random((320, 328)) < 0.1
    hole[100:190, 120:200] = True
    coarse = coarse_fill(pixels, hole)
    whole = window_fill(pixels.astype(np.float32) / 255, hole, coarse)
    y, x, height, width = 64, 80, 176, 168
    part = window_fill(
        pixels[y : y + height, x : x + width].astype(np.float32) / 255,
        hole[y : y + height, x : x + width],
        coarse[y // COARSE : (y + height) // COARSE, x // COARSE : (x + width) // COARSE],
    )
    m = WINDOW_MARGIN_PX
    assert np.array_equal(part[m:-m, m:-m], whole[y + m : y + height - m, x + m : x + width - m])
