"""Walls of small, blurred and toned plans are as exact as the sheet allows."""

import cv2
import numpy as np
import pytest

from studio.drawings.plan import read_plan
from studio.drawings.plan_edges import covered
from studio.drawings.plan_ink import plan_ink
from studio.drawings.plan_masonry import masonry, solid
from studio.drawings.reading_json import on_sheet_mask
from studio.drawings.rectify import rectified
from studio.samples.building import building
from studio.samples.sheets import plan


def read_share(style: str, px_per_m: float, blur: float) -> float:
    """Intersection over union of what is read of a blurred print."""
    sheet = plan(building(5072), style, px_per_m)
    image = cv2.GaussianBlur(sheet.image, (0, 0), blur)
    square = rectified(image)
    walls = on_sheet_mask(covered(read_plan(square)), square, image.shape[1::-1]) > 0
    truth = sheet.covered > 127
    return (walls & truth).sum() / (walls | truth).sum()


def test_inner_walls_of_a_small_plan_are_not_lost():
    assert read_share("solid", 22.0, 0.5) > 0.96
    assert read_share("hollow", 22.0, 0.5) > 0.96


def test_on_a_small_sheet_a_wash_is_told_with_doubt():
    image = cv2.GaussianBlur(plan(building(5072), "hatched", 30.0).image, (0, 0), 1.0)
    reading = read_plan(rectified(image))
    assert reading.confidence <= 0.5 and any("small" in note for note in reading.notes)


def test_hatching_blurred_to_a_tone_ends_on_its_outlines():
    assert read_share("hatched", 30.0, 1.0) > 0.94


@pytest.mark.parametrize("px_per_m", [30.0, 40.0])
def test_a_wash_ends_on_the_middle_of_the_lines_about_it(px_per_m):
    assert read_share("washed", px_per_m, 0.5) > 0.92


def test_a_hatching_that_ran_together_in_places_is_one_masonry():
    """Ink fills the strokes' paper in blots all over the walls, as in a worn and blurred print."""
    sheet = plan(building(5072), "hatched", 60.0)
    noise = np.random.default_rng(5072).standard_normal(sheet.image.shape[:2]).astype(np.float32)
    blots = cv2.GaussianBlur(noise, (0, 0), 5) > 0
    image = np.where((blots & (sheet.covered > 127))[..., None], np.minimum(sheet.image, 60), sheet.image).astype(np.uint8)
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    ink = plan_ink(gray, np.ones(gray.shape, bool))
    truth, found = sheet.covered > 127, masonry(ink, image, gray)
    assert (solid(ink) > 0).sum() < 0.7 * truth.sum()
    assert found.style == "hatched" and ((found.body > 0) & truth).sum() / truth.sum() > 0.95
