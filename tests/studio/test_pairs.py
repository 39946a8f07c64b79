"""Pairs to train on: the picture and its lines must show one and the same house."""

import cv2
import numpy as np
import pytest

from studio.samples import pairs
from studio.samples.pairs import any_hour, pairs_of


def test_every_light_comes_from_above_and_in_front():
    found = [any_hour(np.random.default_rng(seed)) for seed in range(200)]
    assert all(one.towards[1] > 0 > one.towards[2] for one in found)
    assert any(one.towards[0] > 0 for one in found) and any(one.towards[0] < 0 for one in found)
    assert all(0 < value <= 1 for one in found for value in (*one.sun_colour, *one.sky_colour))


@pytest.mark.blender
def test_a_pair_is_one_view_and_comes_again_from_its_seed(monkeypatch):
    monkeypatch.setattr(pairs, "LOOKS", 1)
    monkeypatch.setattr(pairs, "SIDES_PX", (240, 260))
    one, again = (next(pairs_of(30_000)) for _ in range(2))
    assert one.picture.shape[:2] == one.lines.shape and one.picture.dtype == np.uint8 and one.lines.any()
    assert one.preset == again.preset and np.array_equal(one.lines, again.lines)
    assert np.abs(one.picture.astype(int) - again.picture).max() <= 1
    light = cv2.GaussianBlur(one.picture.astype(np.float32).mean(-1), (0, 0), 1.5)
    steep = np.hypot(*np.gradient(light))
    assert steep[one.lines].mean() > 1.5 * steep[~one.lines].mean()  # lines stand where the picture changes
