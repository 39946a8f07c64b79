"""Thin double-line walls of small furnished plans are read, and stairs, tubs, tiles and letters are not taken for them."""

import cv2
import numpy as np
import pytest

from studio.drawings.plan import read_plan
from studio.drawings.plan_bands import bands
from studio.drawings.plan_ink import plan_ink
from studio.drawings.plan_masonry import THIN
from studio.drawings.rectify import rectified
from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.furniture import PX_PER_M, cottage
from studio.samples.sheets import plan


@pytest.mark.parametrize("seed", [1, 3])
def test_thin_walls_are_read_amid_furniture(seed):
    sheet = plan(cottage(seed), "hollow", PX_PER_M, furnished=True)
    aged, matrix = age(sheet.image, seed, 0.25)
    size = (aged.shape[1], aged.shape[0])
    truth = cv2.warpPerspective(sheet.covered, matrix, size) > 127
    square = rectified(aged)
    reading = read_plan(square)
    walls = cv2.warpPerspective(reading.walls.astype(np.uint8) * 255, square.to_sheet, size) > 127
    assert reading.style == "hollow"
    assert (walls & truth).sum() / (walls | truth).sum() > 0.78


@pytest.mark.parametrize("style", ["hollow", "hatched"])
def test_thick_walls_and_hatching_make_no_bands(style):
    image = plan(building(1), style).image
    ink = plan_ink(rectified(image).gray, np.ones(image.shape[:2], bool))
    found = bands(ink)
    assert found is None or found.length < THIN * sum(np.ptp(np.flatnonzero(ink.faint.any(axis))) for axis in (0, 1))


def test_an_empty_sheet_has_no_bands():
    assert bands(plan_ink(np.full((200, 200), 255, np.uint8), np.ones((200, 200), bool))) is None
