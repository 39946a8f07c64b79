"""A glance over a front: its convolutions, its proposals, its word for a box, and the answers that it learns from."""

import cv2
import numpy as np
import pytest

from studio.drawings.facade_candidates import Candidates
from studio.drawings.facade_glance import (
    ASKED,
    LONG_PX,
    OPINION,
    Glance,
    _convolved,
    agreement,
    glances,
    is_unseen,
    opinion,
    overlaps,
    proposals,
)
from studio.drawings.facade_glance_lessons import SIDE, pieces
from studio.drawings.facade_glance_training import CELLS, asked, folded, network, put_in
from studio.drawings.facade_openings import GLANCE, Seen, mirrored, unopposed, with_glance, with_proposals

TRUE = np.array([[40.0, 40, 72, 96], [120, 40, 152, 96]])


def seen(boxes=TRUE, size=(200, 200), cell=4.0):
    """A glance that is sure of every cell in the boxes, and of where their sides are."""
    h, w = (round(n / cell) for n in size)
    y, x = (np.mgrid[:h, :w] + 0.5) * cell
    inside, told = np.zeros((h, w), np.float32), np.zeros((h, w, 4), np.float32)
    for box in boxes:
        within = (x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])
        inside[within], told[within] = 0.9, box
    return Glance(inside, told, np.full((h, w), 0.9, np.float32), (cell, cell))


def with_cells_of(*cells):
    return [seen(cell=cell) for cell in cells]


@pytest.mark.parametrize(("stride", "apart", "side"), [(1, 1, 3), (2, 1, 3), (1, 2, 3), (1, 4, 3), (1, 1, 1)])
def test_a_convolution_is_what_torch_makes_of_it(stride, apart, side):
    import torch

    rng = np.random.default_rng(0)
    x, kernel, bias = (rng.standard_normal(s).astype(np.float32) for s in ((3, 12, 16), (5, 3, side, side), (5,)))
    true = torch.nn.functional.conv2d(
        *(torch.from_numpy(v) for v in (x[None], kernel, bias)), stride, apart * (side // 2), apart
    )
    assert _convolved(x, kernel, bias, stride, apart) == pytest.approx(true[0].numpy(), abs=1e-4)


def test_what_torch_has_learnt_is_what_numpy_sees():
    import torch

    from studio.drawings.facade_glance import _network

    net = network().eval()
    ink = np.random.default_rng(1).random((64, 96), np.float32)
    with torch.no_grad():
        true = net(torch.from_numpy(ink)[None, None])[0].numpy()
    said = _network({name: v.astype(np.float32) for name, v in folded(net).items()}, ink)
    assert said == pytest.approx(true, abs=0.02)


def test_a_network_that_goes_on_begins_with_what_is_stored():
    import torch

    from studio.drawings.facade_glance import _network, weights

    net = network()
    put_in(weights(), net)
    ink = np.random.default_rng(1).random((64, 96), np.float32)
    with torch.no_grad():
        said = net(torch.from_numpy(ink)[None, None])[0].numpy()
    assert said == pytest.approx(_network(weights(), ink), abs=1e-3)
    again = folded(net)
    assert all(np.array_equal(again[name], layer.astype(np.float16)) for name, layer in weights().items())


def test_fronts_with_oriels_are_taught_only_where_they_are_asked_for():
    plain, same, with_oriel = (next(pieces(300_000, share))[0] for share in (0.0, 0.0, 1.0))
    assert np.array_equal(plain, same)
    assert not np.array_equal(plain, with_oriel)


def test_cells_that_tell_of_one_box_propose_it_once():
    found = proposals(with_cells_of(4.0, 2.0))
    assert len(found) == 2
    assert overlaps(found, TRUE).max(1) == pytest.approx(1, abs=0.01)


def test_a_box_that_the_glance_tells_of_is_worth_more_than_its_neighbours():
    boxes = np.array([TRUE[0], TRUE[0] + (16, 0, 16, 0), (75, 40, 117, 96), (40, 40, 152, 96)])
    said = opinion(with_cells_of(4.0, 2.0), boxes)
    assert said.shape == (4, OPINION)
    for vote in (4, 4 + ASKED):
        assert said[0, vote] > 0.8
        assert (said[1:, vote] < 0.6 * said[0, vote]).all()
    assert said[0, 9] < 0.01 < said[3, 4]


def test_an_overlap_is_that_of_the_boxes():
    assert agreement(np.array([0, 0, 4, 4]), np.array([2, 0, 6, 4])) == pytest.approx(1 / 3)
    assert overlaps(TRUE, TRUE) == pytest.approx(np.eye(2))


def test_a_proposal_is_left_out_where_a_box_stands_for_it():
    boxes = np.array([[40, 41, 72, 96]], np.int32)
    found = with_proposals(Candidates(boxes, np.ones(1, np.float32), np.ones(1, np.float32)), [seen()])
    assert len(found) == 2
    assert found.boxes[0].tolist() == boxes[0].tolist()
    assert found.boxes[1] == pytest.approx(TRUE[1], abs=1)
    assert len(with_proposals(found, [seen(np.zeros((0, 4)))])) == 2


def test_nothing_is_likely_on_blank_paper_and_drawn_windows_are_seen():
    gray = np.full((300, 420), 255, np.uint8)
    assert max(float(one.inside.max()) for one in glances(gray)) < 0.5
    cv2.rectangle(gray, (20, 40), (400, 280), 0, 2)
    true = np.array([[60 + 80 * k, 90, 95 + 80 * k, 150] for k in range(4)], float)
    for x0, y0, x1, y1 in true.astype(int):
        cv2.rectangle(gray, (int(x0), int(y0)), (int(x1), int(y1)), 40, -1)
    looked = glances(gray)
    assert len(looked) == len(LONG_PX)
    assert (overlaps(true, proposals(looked)).max(1) > 0.7).all()


def test_a_glance_raises_a_box_and_never_lowers_it():
    scores, word = np.array([0.2, 0.2, 0.9]), np.array([0.9, 0.01, 0.3])
    raised = with_glance(scores, word)
    assert raised[1:] == pytest.approx(scores[1:], abs=1e-6)
    assert 0.2 < raised[0] <= 0.9 if GLANCE <= 1 else raised[0] > 0.2


def test_only_what_the_glance_is_sure_of_is_taken_where_nothing_else_was():
    boxes = np.array([(0, 0, 10, 20), (1, 0, 11, 20), (30, 0, 40, 20), (60, 0, 70, 20), (90, 0, 100, 20)], float)
    word = np.array([0.8, 0.9, 0.9, 0.6, 0.7], np.float32)
    looked = Seen(boxes, np.zeros(5, np.float32), ("flat",) * 5, np.zeros((5, 1)), word)
    assert unopposed(looked, [(35, 5, 45, 25)]) == [1, 4]
    assert unopposed(looked, []) == [1, 2, 4]


def test_where_the_glance_only_half_believes_its_mirror_image_decides():
    boxes = np.array([(20, 50, 40, 90), (60, 50, 80, 90), (100, 50, 120, 90), (20, 120, 40, 160)], float)
    looked = Seen(boxes, np.zeros(4, np.float32), ("flat",) * 4, np.zeros((4, 1)), np.array([0.5, 0.5, 0.3, 0.5], np.float32))
    portal = (180, 20, 220, 100)
    assert mirrored(looked, [portal, (362, 52, 380, 91)], 400) == [0]  # two have no image, one is not believed
    assert mirrored(looked, [portal, (362, 52, 380, 91), (30, 60, 50, 80), (340, 60, 380, 80)], 400) == []  # taken
    assert mirrored(looked, [portal, (330, 52, 380, 91)], 400) == []  # of another form
    assert mirrored(looked, [portal, (362, 52, 380, 91), (282, 20, 300, 40)], 400) == []  # halves that are not alike
    assert mirrored(looked, [], 400) == []


def test_where_the_glance_sees_nothing_there_is_no_opening():
    boxes = np.array([TRUE[0], (75, 40, 117, 96), (60, 40, 72, 96)])
    assert is_unseen(opinion(with_cells_of(4.0, 2.0), boxes)).tolist() == [False, True, False]
    assert not is_unseen(opinion([seen(), seen(TRUE[:0])], boxes[:1])).any()


def test_the_right_answer_tells_the_smallest_opening_of_each_cell():
    boxes = np.array([[40, 40, 200, 240], [100, 160, 120, 240], [301, 10, 303, 30]], np.float32)
    inside, away, counts = asked(boxes)
    assert inside.shape == (CELLS, CELLS)
    row, column = 200 // 4, 110 // 4
    x, y = column * 4 + 2, row * 4 + 2
    assert away[row, column].tolist() == [x - 100, y - 160, 120 - x, 240 - y]
    assert inside[:, 301 // 4].any()  # a slit between two middles of cells is one cell wide
    assert counts[row, column] > counts[100 // 4, 60 // 4]
    assert not asked(np.zeros((0, 4), np.float32))[0].any()


def test_the_same_seed_draws_the_same_pieces_with_their_openings_in_them():
    first, second = (list(pieces(300_001)) for _ in range(2))
    assert first
    for (gray, boxes), (again, _) in zip(first, second, strict=True):
        assert gray.shape == (SIDE, SIDE)
        assert np.array_equal(gray, again)
        assert ((boxes[:, 2:] > 0) & (boxes[:, :2] < SIDE)).all()
