"""Fronts of no one house: what is drawn as an opening is known as one, and heads stay within their boxes."""

from itertools import pairwise

import numpy as np
import pytest

from studio.samples.building import building
from studio.samples.facade_body import Body
from studio.samples.facade_fronts import _street, any_front
from studio.samples.facade_holes import FILLINGS, GLAZING, HEADS, SURROUNDS, Look, draw_hole, outline
from studio.samples.facade_manners import MANNERS
from studio.samples.facade_orders import columns, rusticated, turret
from studio.samples.facade_oriels import oriel_front
from studio.samples.pen import Pen
from studio.samples.sheets import elevation


@pytest.mark.parametrize("head", HEADS)
def test_a_head_touches_the_box_and_stays_in_it(head):
    points = np.array(outline((1, 2, 3, 6), head))
    assert points.min(0) == pytest.approx((1, 2), abs=0.02)
    assert points.max(0) == pytest.approx((3, 6), abs=0.02)


@pytest.mark.parametrize("name", [*FILLINGS, *GLAZING, *SURROUNDS])
def test_every_word_for_a_look_is_drawn(name):
    look = Look(**{field: name for field, words in (("filling", FILLINGS), ("glazing", GLAZING), ("surround", SURROUNDS))
                   if name in words})  # fmt: skip
    pen = Pen(4, 5, 40, (10, 10, 10, 10))
    draw_hole(pen, (1, 1, 2.2, 3.4), look, np.random.default_rng(0))
    assert (pen.tone > 0).any()


def test_a_keystone_and_wedges_leave_the_opening_to_itself():
    pen = Pen(4, 5, 40, (10, 10, 10, 10))
    draw_hole(pen, (1, 1, 2.2, 3.4), Look(filling="blank", surround="stones", outline=False), np.random.default_rng(0))
    x0, y0, x1, y1 = pen.box((1, 1, 2.2, 3.4))
    sheet = pen.sheet()
    assert (sheet[y0 + 3 : y1 - 3, x0 + 3 : x1 - 3] == 255).all()
    assert (sheet[y0 - 12 : y0, x0:x1] < 128).any()


def test_columns_stones_and_turrets_stay_between_their_ends():
    for seed in range(6):
        rng = np.random.default_rng(seed)
        for draw in (lambda pen: columns(pen, [1.5, 3.0], 1.0, 4.0, rng), lambda pen: rusticated(pen, (1, 1, 3, 4), rng),  # noqa: B023
                     lambda pen: turret(pen, (1.2, 1, 2.2, 3.5), rng)):  # noqa: B023  # fmt: skip
            pen = Pen(5, 6, 40, (10, 10, 10, 10))
            draw(pen)
            ys, xs = np.nonzero(pen.sheet()[..., 0] < 255)
            x0, y0, x1, y1 = pen.box((0.8, 1, 3.7, 4.6))
            assert x0 - 3 <= xs.min() and xs.max() <= x1 + 3 and y0 - 3 <= ys.min() and ys.max() <= y1 + 3


@pytest.mark.parametrize("draw", [any_front, oriel_front])
def test_the_same_seed_draws_the_same_front(draw):
    a, b = (draw(np.random.default_rng([7, 1])) for _ in range(2))
    assert a.openings == b.openings
    assert np.array_equal(a.image, b.image)


def test_a_street_has_shops_of_unlike_widths_and_lower_doors_on_one_ground():
    rng, body = np.random.default_rng(3), Body.by_lot(np.random.default_rng(1), 0, 30, 8)
    row = _street(rng, body, 0.1, 4.0, Look())
    wide, tall = (np.array([box[2 + k] - box[k] for box, _, _ in row]) for k in (0, 1))
    assert {box[1] for box, _, _ in row} == {0.1}
    assert len(np.unique(tall.round(2))) == 2
    assert len(np.unique(wide[tall == tall.max()].round(2))) == 2
    assert all(a[0][2] < b[0][0] for a, b in pairwise(row))


def test_openings_of_a_front_with_oriels_stay_on_the_sheet_and_mirror_one_another():
    unmatched = total = 0
    for seed in range(12):
        front = oriel_front(np.random.default_rng([seed, 1]))
        h, w = front.image.shape[:2]
        boxes = np.array(front.openings)
        assert (boxes >= 0).all() and (boxes[:, [0, 2]] <= w).all() and (boxes[:, [1, 3]] <= h).all()
        assert (boxes[:, 2:] - boxes[:, :2] >= 4).all()
        axis = np.median((boxes[:, 0] + boxes[:, 2]) / 2) if len(boxes) % 2 else (boxes[:, 0].min() + boxes[:, 2].max()) / 2
        mirrored = np.stack([2 * axis - boxes[:, 2], boxes[:, 1], 2 * axis - boxes[:, 0], boxes[:, 3]], 1)
        off = np.abs(mirrored[:, None] - boxes[None]).max(2).min(1)
        unmatched, total = unmatched + (off > 4).sum(), total + len(boxes)
    assert unmatched < 0.2 * total  # one in thirty is left out


def test_an_oriels_opening_is_darker_than_the_wall_beside_it():
    for seed in range(20):
        front = oriel_front(np.random.default_rng([seed, 2]))
        gray, (x0, y0, x1, y1) = front.image.mean(2), front.openings[0]
        assert gray[y0:y1, x0:x1].mean() < gray.mean() + 5


@pytest.mark.parametrize("draw", [any_front, oriel_front])
def test_openings_lie_on_the_sheet_and_meet_only_where_one_holds_the_other(draw):
    for seed in range(6):
        front = draw(np.random.default_rng([seed, 1]))
        h, w = front.image.shape[:2]
        for k, (x0, y0, x1, y1) in enumerate(front.openings):
            assert 0 <= x0 < x1 <= w
            assert 0 <= y0 < y1 <= h
            for a0, b0, a1, b1 in front.openings[:k]:
                apart = x1 <= a0 or a1 <= x0 or y1 <= b0 or b1 <= y0
                assert apart or (a0 <= x0 and x1 <= a1 and b0 <= y0 and y1 <= b1 + 1)


@pytest.mark.parametrize("manner", [name for name, m in MANNERS.items() if m.look])
def test_a_manner_of_its_own_look_keeps_the_houses_openings(manner):
    sheet = elevation(building(3), manner, 30)
    assert [kind for kind, _ in sheet.openings] == [o.kind for o in building(3).facade]
    assert (sheet.image < 128).any()
