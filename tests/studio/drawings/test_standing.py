"""A sheet that was scanned lying down is read as if it had been scanned upright, in pixels of its own scan."""

import numpy as np
import pytest

from studio.drawings.figures import can_read_words
from studio.drawings.standing import standing
from studio.read import read_sheet
from studio.samples.building import building
from studio.samples.sheets import elevation

pytestmark = pytest.mark.skipif(not can_read_words(), reason="rapidocr is not installed")


@pytest.fixture(scope="module")
def upright() -> np.ndarray:
    return lettered(elevation(building(5071), "hatched", 28.0).image)


def lettered(sheet: np.ndarray) -> np.ndarray:
    """The sheet with a title under the drawing."""
    from PIL import Image, ImageDraw, ImageFont

    page = Image.fromarray(np.pad(sheet, ((0, 70), (0, 0), (0, 0)), constant_values=255))
    font = ImageFont.load_default(26)
    ImageDraw.Draw(page).text((60, sheet.shape[0] + 20), "SOUTH ELEVATION of the Guildhall", (20, 20, 20), font)
    return np.asarray(page)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_it_stands_upright_however_it_was_scanned(upright, quarters):
    found = standing(np.ascontiguousarray(np.rot90(upright, quarters)))
    assert found.sheet.gray.shape[1] > found.sheet.gray.shape[0]
    assert any("SOUTH" in one.text.upper() for one in found.lettering)
    assert len(found.sheet.notes) == (quarters > 0)


def test_what_was_read_lies_where_it_lies_on_the_scan(upright):
    read = {k: read_sheet(np.ascontiguousarray(np.rot90(upright, k)), "sheet.png") for k in (0, 1)}
    straight, lying = (one.parts[0][1].openings for one in read.values())
    assert len(straight) == len(lying) > 3
    height = upright.shape[1]
    for a, b in zip(sorted(o.box for o in straight), sorted(o.box for o in lying), strict=True):
        (x0, y0), (x1, y1) = read[1].sheet.on_sheet(np.array([b[:2], b[2:]], float))
        assert (x0, x1) == pytest.approx((a[1], a[3]), abs=3)
        assert (height - 1 - y0, height - 1 - y1) == pytest.approx((a[0], a[2]), abs=3)


def test_a_sheet_without_lettering_stays_as_it_is():
    bare = elevation(building(5071), "solid", 30.0).image
    assert np.array_equal(standing(bare).sheet.to_sheet, np.eye(3))
