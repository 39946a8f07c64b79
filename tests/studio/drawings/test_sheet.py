"""A sheet is taken apart into its drawings, and what is no drawing is refused by name."""

import cv2
import numpy as np
import pytest

from studio.drawings.paper import flatten
from studio.drawings.reading import Rectified
from studio.drawings.rectify import rectified
from studio.drawings.sheet import BlankSheetError, PhotographError, TextPageError, split
from studio.drawings.sheet_kinds import UNSURE
from studio.errors import NoDrawingError
from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.pen import Pen
from studio.samples.sheets import elevation, plan, section


def as_sheet(image):
    return Rectified(image, flatten(image), np.eye(3))


@pytest.mark.parametrize(("drawing", "kind"), [(plan, "plan"), (elevation, "elevation"), (section, "section")])
def test_the_kind_of_a_drawing_is_told(drawing, kind):
    found = split(as_sheet(drawing(building(2), "solid").image))
    assert [d.kind for d in found] == [kind]
    assert 0 < found[0].confidence <= 1


@pytest.mark.parametrize(("drawing", "kind"), [(elevation, "elevation"), (section, "section")])
def test_neither_fold_nor_worn_border_makes_a_plan_of_it(drawing, kind):
    """At full age a crease runs through the sheet, and the border is left in pieces."""
    aged = age(drawing(building(101), "solid", 34.0).image, 101, 1.0)[0]
    assert split(rectified(aged))[0].kind == kind


def test_a_house_seen_from_a_corner_is_a_view():
    front = elevation(building(2), "solid", 34.0).image[80:-90, 40:-40]
    h, w = front.shape[:2]
    whole = np.float32([[0, 0], [w, 0], [w, h], [0, h]])
    page = np.full((h + 160, w + 160, 3), 255, np.uint8)
    for face in ([[0, 0.22], [0.42, 0], [0.42, 1], [0, 0.8]], [[0.42, 0], [1, 0.26], [1, 0.78], [0.42, 1]]):
        matrix = cv2.getPerspectiveTransform(whole, np.float32(face) * np.float32((w, h)) + np.float32((80, 80)))
        seen = cv2.warpPerspective(front, matrix, page.shape[1::-1], borderValue=(255, 255, 255))
        page = np.minimum(page, seen)
    found = split(as_sheet(page))[0]
    assert found.kind == "perspective" or found.confidence < UNSURE


def test_an_elevation_above_a_plan_are_two_drawings():
    upper, lower = elevation(building(2), "solid").image, plan(building(2), "solid").image
    cut = 70  # without their ruled borders
    upper, lower = upper[110:-150, cut:-cut], lower[110:-150, cut:-cut]
    page = np.full((upper.shape[0] + lower.shape[0] + 160, max(upper.shape[1], lower.shape[1]) + 80, 3), 255, np.uint8)
    page[40 : 40 + upper.shape[0], 40 : 40 + upper.shape[1]] = upper
    page[100 + upper.shape[0] : 100 + upper.shape[0] + lower.shape[0], 40 : 40 + lower.shape[1]] = lower
    found = sorted(split(as_sheet(page)), key=lambda d: d.box[1])
    assert [d.kind for d in found] == ["elevation", "plan"]
    assert found[0].box[3] < found[1].box[1]


def test_a_blank_sheet_is_refused():
    with pytest.raises(BlankSheetError, match="no ink"):
        split(as_sheet(np.full((600, 800, 3), 240, np.uint8)))


def test_a_page_of_text_is_refused():
    page = Pen(16, 22, 50, (0, 0, 0, 0))
    for k in range(36):
        page.text("A house in the country for a botanist, with its garden", 400, 90 + 26 * k, 18)
    with pytest.raises(TextPageError, match="text"):
        split(as_sheet(page.sheet()))


def test_a_view_without_paper_is_refused():
    with pytest.raises(PhotographError, match="photograph"):
        split(as_sheet(_view()))
    assert issubclass(PhotographError, NoDrawingError)


def test_a_photograph_of_a_front_is_told_with_doubt():
    """A wall of rough stone under a pale sky: level and square as a drawing, but its tones cover it."""
    drawn = elevation(building(2), "solid", 34.0).image.astype(np.float32)
    stone = cv2.GaussianBlur(np.random.default_rng(4).standard_normal(drawn.shape[:2], dtype=np.float32), (0, 0), 1.5)
    photograph = np.clip(drawn * (0.72 + 0.28 * stone[..., None] / stone.std() * 0.6), 0, 255).astype(np.uint8)
    sure, unsure = (split(as_sheet(image))[0] for image in (drawn.astype(np.uint8), photograph))
    assert sure.confidence >= UNSURE > unsure.confidence


def _view():
    """Sky, hills and a dark foreground, softly lit: no paper anywhere."""
    rng = np.random.default_rng(3)
    y, x = np.mgrid[:480, :640].astype(np.float32)
    noise = cv2.GaussianBlur(rng.standard_normal((480, 640), dtype=np.float32), (0, 0), 9) * 14
    sky = np.stack([120 + y / 5, 150 + y / 6, 210 - y / 8], -1)
    land = np.stack([70 + noise * 30, 90 + noise * 25, 40 + noise * 12], -1)
    return np.clip(np.where((y > 240 + 40 * np.sin(x / 90))[..., None], land, sky + noise[..., None] * 8), 0, 255).astype(
        np.uint8
    )
