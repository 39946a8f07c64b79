"""A window's box ends where the opening ends: below its hood, within its surround, above its sill."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from studio.drawings.facade_candidates import edges_of
from studio.drawings.facade_grid import whole
from studio.drawings.facade_sides import exact, turned, views_of
from studio.drawings.reading import ReadOpening
from studio.samples.building import building
from studio.samples.sheets import elevation

SIDES = ("left", "head", "right", "sill")


@pytest.fixture(scope="module", params=["hatched", "hollow", "rusticated"])
def drawn(request):
    """A sheet as its reader sees it, uint8 [H, W], and its windows where they truly are."""
    sheet = elevation(building(12), request.param)
    windows = [ReadOpening(whole(box), "window", 0.9) for kind, box in sheet.openings if kind == "window"]
    return cv2.cvtColor(sheet.image, cv2.COLOR_RGB2GRAY), windows


@pytest.mark.parametrize("side", range(4))
def test_a_side_that_took_in_the_surround_comes_back_to_the_opening(drawn, side):
    gray, windows = drawn
    out = (-1, -1, 1, 1)[side] * 10  # a surround and its hood at this size
    wide = [replace(one, box=tuple(v + out * (k == side) for k, v in enumerate(one.box))) for one in windows]
    off = [abs(read.box[side] - true.box[side]) for read, true in zip(exact(wide, gray), windows, strict=True)]
    assert np.median(off) <= 2, SIDES[side]
    assert np.percentile(off, 90) <= 4, SIDES[side]


def test_a_box_that_is_right_stays(drawn):
    gray, windows = drawn
    off = [np.abs(np.subtract(read.box, true.box)).max() for read, true in zip(exact(windows, gray), windows, strict=True)]
    assert np.median(off) <= 2


def test_doors_and_completed_cells_are_not_touched(drawn):
    gray, windows = drawn
    others = [replace(windows[0], kind="door"), replace(windows[1], inferred=True)]
    assert exact(others, gray) == others
    assert exact([], gray) == []


def test_every_side_is_turned_to_the_top():
    gray = np.full((60, 80), 255, np.uint8)
    gray[20:50, 10:40] = 0
    for side, view in enumerate(views_of(gray, edges_of(gray))):
        x0, y0, x1, y1 = (round(v) for v in turned((10, 20, 40, 50), side, gray.shape))
        inner = view.dark[y0:y1, x0:x1]
        assert inner.shape == (30, 30)
        assert inner.mean() > 0.9
        assert view.dark[:y0].sum() < 0.1 * view.dark.sum()  # nothing but blur stands over it
