"""Faces of walls to a fraction of a pixel: exact areas, straight faces, and nothing moved that was not measured."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.drawings.plan import read_plan
from studio.drawings.plan_edges import covered, fill, outlines
from studio.drawings.reading import PlanReading
from studio.drawings.reading_json import on_sheet_mask
from studio.drawings.rectify import rectified
from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.sheets import plan


def iou(a, b) -> float:
    return float((a & b).sum() / (a | b).sum())


def turned(box, degrees: float, about=(30.0, 30.0)) -> np.ndarray:
    """Corners of x0, y0, x1, y1 turned about a place, float [4, 2]."""
    x0, y0, x1, y1 = box
    a = np.deg2rad(degrees)
    corners = np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], float) - about
    return corners @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + about


def seen(walls: np.ndarray, picture: np.ndarray, style: str = "solid") -> PlanReading:
    return PlanReading(picture, walls, (), 10.0, style, 0.0, None, 0.9)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 45), st.floats(0, 1), st.floats(2, 30), st.floats(2, 20))
def test_a_filled_box_covers_of_every_pixel_what_lies_inside_it(degrees, off, wide, tall):
    ring = turned((30 - wide / 2, 30 - tall / 2, 30 + wide / 2, 30 + tall / 2), degrees) + off
    shares = fill([ring], (56, 56)) / 255
    fine = (np.arange(56 * 16) + 0.5) / 16 - 0.5
    x, y = np.meshgrid(fine, fine)
    inside = np.ones_like(x, bool)
    for (ax, ay), (bx, by) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        inside &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0
    assert np.abs(shares - inside.reshape(56, 16, 56, 16).mean((1, 3))).max() < 0.08  # 16 samples a side: an edge is 1/16 off
    assert shares.sum() == pytest.approx(wide * tall, rel=0.01)


def test_what_leaves_the_picture_is_cut_off_at_its_edges():
    shares = fill([np.array([(-9.0, -9.0), (90.0, -9.0), (90.0, 4.5), (-9.0, 4.5)])], (20, 10))
    assert (shares[:5] == 255).all() and (shares[5:] == 0).all()


def test_outlines_filled_are_the_mask_they_came_from_with_its_holes():
    mask = np.zeros((50, 60), bool)
    mask[10:40, 0:50] = True
    mask[20:30, 20:30] = False
    assert np.array_equal(fill(outlines(mask * np.uint8(255)), (60, 50)) > 127, mask)


def test_a_ruled_wall_on_grained_paper_is_found_to_a_tenth_of_a_pixel():
    truth = fill([turned((15.3, 40.2, 85.6, 52.7), 7.0, (50, 45))], (100, 90))
    paper = 205 + 6 * np.random.default_rng(3).standard_normal((90, 100))
    gray = cv2.GaussianBlur(paper - (paper - 60) * truth / 255, (0, 0), 0.8)
    picture = np.repeat(np.rint(gray).clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
    rough = gray < 120  # too dark a threshold: every face lies too far inside
    measured = covered(seen(rough, picture)) / 255
    area = truth.sum() / 255
    around = 2 * (70.3 + 12.5)
    assert abs(rough.sum() - area) / around > 0.1
    assert abs(measured.sum() - area) / around < 0.05
    assert np.abs(measured - truth / 255).sum() / around < 0.1


def test_walls_of_an_aged_sheet_agree_better_than_their_threshold():
    sheet = plan(building(61), "solid")
    aged, matrix = age(sheet.image, 61, 1.0)
    size = (aged.shape[1], aged.shape[0])
    truth = cv2.warpPerspective(sheet.covered, matrix, size, flags=cv2.INTER_LINEAR) > 127
    square = rectified(aged)
    reading = read_plan(square)
    by_threshold = iou(on_sheet_mask(reading.walls, square, size) > 0, truth)
    measured = iou(on_sheet_mask(covered(reading), square, size) > 0, truth)
    assert measured > 0.985
    assert measured > by_threshold


def test_a_round_tower_is_measured_along_its_arcs():
    a = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    circle = np.column_stack([np.cos(a), np.sin(a)])
    truth = fill([60.2 + 40 * circle, 60.2 + 28 * circle[::-1]], (120, 120))
    picture = np.repeat(cv2.GaussianBlur(255 - truth, (0, 0), 0.8)[..., None], 3, axis=2)
    by_threshold = np.abs((truth > 127) - truth / 255).sum()
    assert np.abs(covered(seen(truth > 127, picture)) / 255 - truth / 255).sum() < 0.5 * by_threshold


def test_outlined_walls_and_walls_without_contrast_stay_as_they_are():
    sheet = plan(building(62), "hollow")
    walls = sheet.walls
    assert np.array_equal(covered(seen(walls, sheet.image, "hollow")) > 127, walls)
    pale = np.full((*walls.shape, 3), 200, np.uint8)
    assert np.array_equal(covered(seen(walls, pale)) > 127, walls)
