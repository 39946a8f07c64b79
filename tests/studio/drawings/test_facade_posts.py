"""Oriels: posts beside a dark belong to its opening; surrounds, wall and pale windows leave it as it is."""

import numpy as np
import pytest

from studio.drawings.facade_posts import between_posts
from studio.drawings.reading import ReadOpening

HEAD, FOOT = 60, 110
DARK = (100, HEAD, 132, FOOT)  # x0, y0, x1, y1
LEFT, RIGHT = (76, 82, 88, 94), (135, 141, 147, 153)  # where strokes begin; each is three pixels wide


def sheet(left=LEFT, right=RIGHT, shift=0, lintel=True):
    """A wall with one dark, strokes beside it from its head to its foot, and a lintel and a sill over all of them."""
    gray = np.full((200, 600), 250, np.uint8)
    for x in (*left, *right):
        gray[HEAD:FOOT, shift + x : shift + x + 3] = 10
    gray[HEAD:FOOT, shift + DARK[0] : shift + DARK[2]] = 20
    if lintel:
        for y in (HEAD - 2, FOOT - 1):
            gray[y : y + 3, shift + left[0] : shift + right[-1] + 3] = 10
    return gray


def box_of(box, shift=0):
    return ReadOpening((box[0] + shift, box[1], box[2] + shift, box[3]), "window", 0.6)


def test_an_oriel_reaches_from_its_first_post_to_its_last():
    (found,) = between_posts([box_of(DARK)], sheet(), 300)
    assert found.box == pytest.approx((LEFT[0], HEAD, RIGHT[-1] + 3, FOOT), abs=1)


@pytest.mark.parametrize("gray", [
    sheet(left=LEFT[-1:], right=RIGHT[:1]),  # a surround's line
    sheet(left=LEFT[-2:], right=RIGHT[:2]),  # two of them
    sheet(right=(141,)),  # posts at one side only
    sheet(lintel=False),
    sheet(left=(40, 60, 80), right=(150, 170, 190)),  # mullions of other windows, far apart
    np.maximum(sheet(), 150),  # a pale window
])  # fmt: skip
def test_what_has_no_posts_at_both_sides_stays_as_wide_as_it_is(gray):
    assert between_posts([box_of(DARK)], gray, 300)[0].box == DARK


def test_a_bay_whose_posts_are_lost_is_as_wide_as_its_mirror_image():
    gray = np.minimum(sheet(), sheet(left=LEFT[-1:], right=RIGHT[:1], shift=368))
    one, twin = between_posts([box_of(DARK), box_of(DARK, 368)], gray, 300)
    assert twin.box[2] - twin.box[0] == one.box[2] - one.box[0] > 70
    assert twin.box[0] + twin.box[2] == pytest.approx(600 - (one.box[0] + one.box[2] - 600), abs=3)
    stays = between_posts([box_of(DARK), box_of(DARK, 368)], gray, 400)[1]
    assert stays.box == box_of(DARK, 368).box  # the axis is elsewhere


def test_a_bay_does_not_grow_over_its_neighbour_nor_a_door():
    beside = box_of((60, HEAD, 80, FOOT))
    assert between_posts([box_of(DARK), beside], sheet(), 300)[0].box == DARK
    door = ReadOpening(DARK, "door", 0.6)
    assert between_posts([door], sheet(), 300) == [door]
