"""How openings are told from everything else: views of a box, the company it keeps, nests, and the sheets to learn from."""

import numpy as np
import pytest

from studio.drawings.facade_candidates import Edges, candidates, edges_of
from studio.drawings.facade_company import company_features
from studio.drawings.facade_features import intersection
from studio.drawings.facade_lessons import sheet
from studio.drawings.facade_openings import WEIGHTS, agreed, one_each, reading_scale, resized, weights
from studio.drawings.facade_sight import FAR, NEAR, sight, views

NOTHING = Edges(np.zeros((60, 90), np.uint8), np.zeros((60, 90), np.uint8))


def test_a_view_shows_the_box_in_its_middle_whatever_its_size():
    gray = np.full((60, 90), 255, np.uint8)
    gray[10:50, 20:34] = 0
    near, far = views(gray, NOTHING, np.array([[20, 10, 34, 50]]))
    for view, (cells, inner) in ((near, NEAR), (far, FAR)):
        margin = (cells - inner) // 2
        box = view[0, 0, margin : cells - margin, margin : cells - margin]
        assert (box == 255).all()
        assert view[0, 0].sum() == box.sum()


def test_a_view_beyond_the_drawing_shows_paper():
    near, far = views(np.zeros((60, 90), np.uint8), NOTHING, np.array([[0, 0, 90, 60]]))
    assert near[0, 0, 0].max() == far[0, 0, 0].max() == 0
    assert near[0, 0, 12, 12] == 255


def test_fractions_of_pixels_are_shared_out_among_the_cells():
    rng = np.random.default_rng(0)
    gray = rng.integers(0, 256, (60, 90)).astype(np.uint8)
    box = np.array([[31, 22, 44, 37]])
    near, _ = views(gray, NOTHING, box)
    inner = slice((NEAR[0] - NEAR[1]) // 2, (NEAR[0] + NEAR[1]) // 2)
    assert near[0, 0, inner, inner].mean() == pytest.approx((255 - gray[22:37, 31:44].astype(float)).mean(), abs=1)


def test_boxes_are_judged_alike_alone_and_in_a_crowd():
    rng = np.random.default_rng(1)
    near, far = (rng.integers(0, 256, (3, 3, n, n)).astype(np.uint8) for n in (NEAR[0], FAR[0]))
    numbers = rng.standard_normal((3, 43)).astype(np.float32)
    for layers in weights():
        every = sight(layers, near, far, numbers)
        assert sight(layers, near[1:2], far[1:2], numbers[1:2]) == pytest.approx(every[1:2], abs=1e-5)
        assert len(sight(layers, near[:0], far[:0], numbers[:0])) == 0


def test_the_weights_stay_small():
    assert len(weights()) <= 2
    for layers in weights():
        assert sum(layer.size for layer in layers.values()) < 50_000
    assert WEIGHTS.stat().st_size < 200_000


def test_twins_that_agree_say_the_same_together_and_twins_that_differ_meet_between():
    sure, unsure = np.array([0.9, 0.2], np.float32), np.array([0.5, 0.2], np.float32)
    assert agreed([sure, sure]) == pytest.approx(sure, abs=1e-5)
    both = agreed([sure, unsure])
    assert 0.5 < both[0] < 0.9
    assert both[1] == pytest.approx(0.2, abs=1e-5)


def test_a_fellow_of_the_row_and_one_across_the_axis_speak_for_a_box():
    boxes = np.array([[20, 40, 30, 60], [60, 40, 70, 60], [170, 40, 180, 60], [100, 5, 120, 15]], float)
    known = company_features(boxes, np.array([0.1, 0.9, 0.8, 0.9], np.float32), np.full((4, 108), 0.5, np.float32), (100, 200))
    best_in_row, mirrored = known[:, 1], known[:, 15]
    assert best_in_row[0] == pytest.approx(0.9, abs=0.01)
    assert mirrored[0] == pytest.approx(0.8, abs=0.01)
    assert mirrored[1] == 0
    assert best_in_row[3] == 0


def test_a_door_in_a_blind_arch_counts_beside_the_arch_but_a_pane_does_not_where_it_fills_the_window():
    boxes = np.array([[0, 0, 60, 100], [20, 50, 40, 100], [5, 5, 55, 100]], float)
    assert one_each(boxes, np.array([0.9, 0.8, 0.7], np.float32)) == [0, 1]
    assert one_each(boxes, np.array([0.9, 0.55, 0.7], np.float32)) == [0]  # an opening in another must be sure


@pytest.mark.parametrize("seed", [29990, 29991, 29995])
def test_sheets_to_learn_from_hold_their_openings(seed):
    gray, truth = sheet(seed)
    assert gray.ndim == 2
    assert len(truth)
    assert (truth[:, 2:] > truth[:, :2]).all()
    factor = reading_scale(gray.shape)
    work = resized(gray, factor)
    boxes = candidates(work, edges_of(work)).boxes.astype(float)
    true = truth * factor
    inter = intersection(true, boxes)
    area = lambda b: (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])  # noqa: E731
    overlap = inter / (area(true)[:, None] + area(boxes) - inter)
    assert (overlap.max(1) > 0.5).mean() > 0.8


@pytest.mark.parametrize(("right", "is_proposed"), [(160, True), (185, False)], ids=["together", "apart"])
def test_a_window_without_a_sill_is_proposed_where_both_jambs_end(right, is_proposed):
    gray = np.full((400, 700), 255, np.uint8)
    gray[50:53, 300:380] = 0
    gray[50:160, 300:303] = 0
    gray[50:right, 377:380] = 0
    found = candidates(gray, edges_of(gray))
    here = np.array([[300, 50, 380, 160]], float)
    inter = intersection(here, found.boxes.astype(float))[0] if len(found) else np.zeros(0)
    areas = (found.boxes[:, 2] - found.boxes[:, 0]) * (found.boxes[:, 3] - found.boxes[:, 1])
    assert bool((inter / (80 * 110 + areas - inter) > 0.85).any()) == is_proposed
