"""Written sizes are understood as they were meant, and measured from wall to wall."""

import cv2
import numpy as np
import pytest

from studio.drawings.dimensions import dimensions, length, ratio, room_size
from studio.drawings.figures import Written
from studio.drawings.scale import rooms_say


@pytest.mark.parametrize(
    ("text", "feet"),
    [
        ("14'6\" × 12'", (14.5, 12)),
        ("13'6\" x 18'0\"", (13.5, 18)),
        ("13' 6'' X 16' 6''", (13.5, 16.5)),
        ("9’6”x8’0”", (9.5, 8)),
    ],
)
def test_feet_and_inches_of_a_room_are_read(text, feet):
    assert room_size(text) == pytest.approx([0.3048 * one for one in feet])


def test_metres_of_a_room_are_read():
    assert room_size("4,20 × 3,10") == pytest.approx((4.2, 3.1))


@pytest.mark.parametrize("text", ["Parlor", "96×80", "13'15\" x 4'", "1:400", "", "A x B"])
def test_what_is_no_room_size_is_left_alone(text):
    assert room_size(text) is None


def test_a_lone_dimension_says_whether_its_unit_is_written():
    assert length("18.49") == (18.49, False)
    assert length("27 m") == (27.0, True)
    assert length("14'6\"") == pytest.approx((4.4196, True))
    assert length("7 toises") == pytest.approx((13.643, True), abs=1e-3)
    assert length("24") is None


def test_a_printed_ratio_is_told_and_measures_nothing():
    assert ratio([Written("Scale 1:400", 0.9, (0, 0, 9, 9))]) == 400
    assert length("1:400") is None


def rooms(px_per_foot=10.0):
    """Two rooms of 12 × 15 and 18 × 15 feet, a door between them and one to the outside."""
    walls = np.zeros((230, 400), bool)
    f = round(px_per_foot)
    walls[20:40, 20 : 80 + 30 * f] = walls[40 + 15 * f : 60 + 15 * f, 20 : 80 + 30 * f] = True
    for x in (20, 40 + 12 * f, 60 + 30 * f):
        walls[20 : 60 + 15 * f, x : x + 20] = True
    walls[80:110, 40 + 12 * f : 60 + 12 * f] = False
    return walls


def test_rooms_give_the_scale_when_their_sizes_agree():
    walls = rooms()
    lettering = [
        Written("12'0\" x 15'0\"", 0.9, (70, 125, 130, 135)),
        Written("15'0\" x 18'0\"", 0.9, (210, 125, 270, 135)),
    ]
    found = dimensions(np.full(walls.shape, 255, np.uint8), walls, lettering)
    said = rooms_say(found)
    assert said is not None
    assert said.px_per_m == pytest.approx(10 / 0.3048, rel=0.01)


def test_one_misread_size_does_not_move_the_scale():
    walls = rooms()
    lettering = [
        Written("12'0\" x 15'0\"", 0.9, (70, 125, 130, 135)),
        Written("15'0\" x 13'0\"", 0.9, (210, 125, 270, 135)),
    ]
    found = dimensions(np.full(walls.shape, 255, np.uint8), walls, lettering)
    assert len(found) == 2  # of the second room neither size fits
    assert rooms_say(found) is None


def test_a_dimension_line_is_measured_between_its_ticks():
    gray = np.full((120, 600), 255, np.uint8)
    cv2.line(gray, (50, 80), (550, 80), 0, 1)
    for x in (50, 550):
        cv2.line(gray, (x, 70), (x, 90), 0, 1)
    (one,) = dimensions(gray, None, [Written("12.50", 0.99, (280, 58, 320, 72))])
    assert (one.what, one.has_unit) == ("dimension line", False)
    assert one.px_per_m == pytest.approx(40, rel=0.01)
