"""A sheet is made square by what was square when it was drawn, and left alone where nothing says how it lay."""

import cv2
import numpy as np
import pytest

from studio.drawings.paper import turned
from studio.drawings.rectify import Uncurled, rectified
from studio.samples.ageing import age, curled
from studio.samples.building import building
from studio.samples.sheets import plan


def strayed(clean_points, matrix, sheet) -> float:
    """How far points lie from a similar copy of the clean drawing: root mean square, clean pixels."""
    scanned = cv2.perspectiveTransform(clean_points[None], matrix)[0]
    read = cv2.perspectiveTransform(scanned[None], np.linalg.inv(sheet.to_sheet))[0]
    a, b = (p @ (1, 1j) for p in (clean_points - clean_points.mean(0), read - read.mean(0)))
    factor = (a.conj() @ b) / (a.conj() @ a)
    return float(np.sqrt((np.abs(b - factor * a) ** 2).mean()) / abs(factor))


def grid(image):
    h, w = image.shape[:2]
    return np.array([(x, y) for x in np.linspace(0.15, 0.85, 5) * w for y in np.linspace(0.15, 0.85, 5) * h])


def test_a_clean_sheet_comes_back_pixel_for_pixel():
    image = plan(building(0), "solid").image
    sheet = rectified(image)
    assert sheet.picture is image
    assert np.array_equal(sheet.to_sheet, np.eye(3))
    assert sheet.notes == ()


def test_a_very_large_sheet_is_read_on_a_copy_and_knows_its_own_pixels(monkeypatch):
    image = plan(building(0), "solid").image
    monkeypatch.setattr("studio.drawings.rectify.LARGEST_PX", max(image.shape) // 2)
    sheet = rectified(image)
    assert max(sheet.gray.shape) <= max(image.shape) // 2 + 1
    assert any("was read on a copy" in note for note in sheet.notes)
    h, w = sheet.gray.shape
    corners = sheet.on_sheet(np.array([(-0.5, -0.5), (w - 0.5, h - 0.5)]))
    assert np.allclose(corners, [(-0.5, -0.5), (image.shape[1] - 0.5, image.shape[0] - 0.5)], atol=1e-6)


@pytest.mark.parametrize("seed", [0, 1, 3])
def test_skew_and_perspective_are_taken_out_by_the_ruled_frame(seed):
    image = plan(building(seed), "solid").image
    aged, matrix = age(image, seed, 1.0)
    sheet = rectified(aged)
    assert any("frame" in note for note in sheet.notes)
    assert strayed(grid(image), matrix, sheet) < 1.2
    assert strayed(grid(image), matrix, sheet) < strayed(grid(image), matrix, rectified(image))


def test_a_sheet_without_a_frame_is_turned_by_its_lines():
    image = plan(building(0), "solid").image
    inset = round(0.75 * 50)
    bare = np.full_like(image, 255)
    bare[inset:-inset, inset:-inset] = image[inset:-inset, inset:-inset]
    sheet = rectified(turned(bare, -1.5))
    x, y = sheet.to_sheet[:2, 0]
    assert np.degrees(np.arctan2(y, x)) == pytest.approx(1.5, abs=0.1)


def test_a_building_that_leans_is_not_straightened():
    page = np.full((900, 700, 3), 255, np.uint8)
    outline = np.array([[120, 100], [520, 118], [600, 800], [175, 790]])
    cv2.polylines(page, [outline], True, (20, 20, 20), 14, cv2.LINE_AA)
    cv2.line(page, (140, 420), (560, 452), (20, 20, 20), 10, cv2.LINE_AA)
    cv2.line(page, (330, 110), (300, 790), (20, 20, 20), 10, cv2.LINE_AA)
    sheet = rectified(page)
    assert np.array_equal(sheet.to_sheet, np.eye(3))


def test_the_curl_of_a_page_is_followed_back_to_the_sheet():
    image = plan(building(1), "hollow").image
    bent, down = curled(image, 2)
    sheet = rectified(bent)
    assert isinstance(sheet, Uncurled)
    # A place of the picture, taken back to the sheet, is moved as far as the page was.
    h, w = image.shape[:2]
    places = np.array([(0.5 * w, 0.2 * h), (0.3 * w, 0.5 * h), (0.6 * w, 0.8 * h)])
    scale = sheet.picture.shape[1] / w
    back = sheet.on_sheet((places + 0.5) * scale - 0.5)
    expected = places + [(0, down[round(y), round(x)]) for x, y in places]
    middle = back.mean(0) - expected.mean(0)  # the frame's own middle moves with the curl
    assert np.abs(back - expected - middle).max() < 1.5


def test_points_of_a_rectified_sheet_find_their_way_back():
    image = plan(building(0), "solid").image
    sheet = rectified(age(image, 0, 1.0)[0])
    corner = np.array([[300.0, 200.0]])
    there = cv2.perspectiveTransform(corner[None], np.linalg.inv(sheet.to_sheet))[0]
    assert sheet.on_sheet(there) == pytest.approx(corner, abs=1e-6)


def test_a_stamp_is_taken_out_of_the_ink_and_said_so():
    image = plan(building(0), "solid").image.copy()
    cv2.circle(image, (300, 500), 40, (60, 60, 190), 4, cv2.LINE_AA)
    cv2.putText(image, "BIBL", (272, 507), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (60, 60, 190), 2, cv2.LINE_AA)
    sheet = rectified(image)
    assert sheet.removed is not None
    assert sheet.removed[460:541, 260:341].sum() > 200
    assert sheet.gray[sheet.removed].min() == 255
    assert any("stamp" in note for note in sheet.notes)
    assert sheet.picture is image


def test_sixteen_bits_are_taken_as_well():
    sheet = rectified(np.full((120, 160), 65535, np.uint16))
    assert sheet.picture.shape == (120, 160, 3)
    assert sheet.gray.dtype == np.uint8
