"""Railings, boards and wickets are no openings beside the shop that they belong to; a front's two halves have one form."""

import numpy as np

from studio.drawings.facade_candidates import Edges
from studio.drawings.facade_openings import Seen, balanced
from studio.drawings.facade_shops import with_shops
from studio.drawings.reading import ReadOpening

SHOP = ReadOpening((200, 60, 260, 200), "shop", 0.7)
BOX = (50, 62, 140, 200)  # another shop, wider, of which nothing was thought
PARTS = [ReadOpening((60, 90, 76, 106), "window", 0.7), ReadOpening((80, 90, 96, 106), "window", 0.8),
         ReadOpening((115, 130, 138, 198), "door", 0.8)]  # fmt: skip


def seen(boxes, scores) -> Seen:
    none = np.zeros(len(boxes), np.float32)
    return Seen(np.array(boxes, float), np.array(scores, np.float32), ("flat",) * len(boxes), none[:, None], none)


def edges(*jambs: int) -> Edges:
    upright = np.zeros((240, 400), np.uint8)
    for x in jambs:
        upright[60:200, x] = 1
    return Edges(upright, np.zeros_like(upright))


def test_what_is_drawn_in_a_shop_is_taken_together_where_a_fellow_has_its_lintel_and_threshold():
    narrow = (50, 62, 100, 200)  # holds but two of the parts
    read = with_shops([SHOP, *PARTS], seen([narrow, BOX], [0.3, 0.01]), edges(50, 99, 139))
    assert [(one.kind, one.box) for one in read] == [("shop", SHOP.box), ("shop", BOX)]
    assert read[1].confidence == 0.7


def test_no_shop_is_made_without_jambs_a_fellow_or_parts():
    whole = seen([BOX], [0.01])
    for openings, lines in (
        ([SHOP, *PARTS], edges(50)),  # one jamb
        ([*PARTS], edges(50, 139)),  # no fellow
        ([SHOP, PARTS[0]], edges(50, 139)),  # a window alone
        ([SHOP, *PARTS, ReadOpening((130, 90, 160, 120), "window", 0.6)], edges(50, 139)),  # one lies astride
    ):
        assert with_shops(openings, whole, lines) == openings


def test_an_arch_on_the_ground_with_a_slit_above_it_stays_two_openings():
    arch, slit = ReadOpening((52, 100, 138, 200), "shop", 0.9), ReadOpening((90, 70, 98, 90), "window", 0.8)
    assert with_shops([SHOP, arch, slit], seen([BOX], [0.01]), edges(50, 139)) == [SHOP, arch, slit]


def test_a_door_takes_the_form_of_its_mirror_image_where_hardly_less_is_thought_of_that():
    boxes = [(50, 100, 90, 200), (310, 40, 350, 200), (310, 100, 350, 200)]
    assert balanced(seen(boxes, [0.75, 0.70, 0.66]), [0, 1], 400) == [0, 2]
    assert balanced(seen(boxes, [0.75, 0.90, 0.66]), [0, 1], 400) == [0, 1]  # surely another door
    assert balanced(seen(boxes, [0.75, 0.70, 0.66]), [0, 1], 440) == [0, 1]  # no mirror image: the axis lies elsewhere
