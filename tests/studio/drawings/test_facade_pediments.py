"""A pediment is found where one is drawn, and only there."""

import pytest

from studio.drawings.facade_pediments import pediments_of
from studio.drawings.reading import FacadeReading, ReadOpening
from studio.samples.building import building
from studio.samples.sheets import Sheet, elevation


def read(sheet: Sheet, openings: tuple[ReadOpening, ...] = ()) -> FacadeReading:
    """The sheet as a faultless reader would have it."""
    assert sheet.facade is not None
    return FacadeReading(sheet.image, openings, sheet.facade, sheet.silhouette, sheet.facade[3], 0.0, None, 1.0)


@pytest.mark.parametrize("style", ["solid", "hollow", "hatched"])
@pytest.mark.parametrize("seed", [5001, 5004])
def test_a_drawn_pediment_is_found_where_it_stands(seed, style):
    house = building(seed)
    assert house.pediment is not None
    sheet = elevation(house, style)
    (found,) = pediments_of(read(sheet))
    left, right = (sheet.origin[0] + x * sheet.px_per_m for x in (house.pediment[0] - 0.3, house.pediment[1] + 0.3))
    assert found.left[0] == pytest.approx(left, abs=0.15 * sheet.px_per_m)
    assert found.right[0] == pytest.approx(right, abs=0.15 * sheet.px_per_m)
    assert found.apex[0] == pytest.approx((left + right) / 2, abs=3)
    assert 5 < found.band < 20, "its raking cornices are some 20 cm broad"


@pytest.mark.parametrize(("seed", "style"), [(5002, "hatched"), (5003, "solid"), (5000, "traceried"), (5006, "halftoned")])
def test_roofs_without_a_pediment_have_none(seed, style):
    assert building(seed).pediment is None and pediments_of(read(elevation(building(seed), style))) == ()


def test_the_crown_of_one_window_is_no_pediment():
    sheet = elevation(building(5001))
    (found,) = pediments_of(read(sheet))
    foot = round(found.left[1])
    below = ReadOpening((round(found.left[0]) + 20, foot + 10, round(found.right[0]) - 20, foot + 90), "window", 1.0)
    assert pediments_of(read(sheet, (below,))) == ()


def test_a_wall_without_anything_above_it_has_none():
    sheet = elevation(building(5001))
    reading = read(sheet)
    assert reading.facade is not None and reading.silhouette is not None
    flat = reading.silhouette.copy()
    flat[:, 1] = flat[:, 1].clip(reading.facade[1])
    assert pediments_of(FacadeReading(sheet.image, (), reading.facade, flat, reading.ground_y, 0.0, None, 1.0)) == ()
