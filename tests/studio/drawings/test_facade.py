"""An elevation is read where it stands: openings of every manner, levels, outline, and what is completed is called so."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from studio.drawings.facade import above_ground, distinct, is_pilaster, moved, read_facade
from studio.drawings.facade_candidates import likeness
from studio.drawings.facade_grid import completed
from studio.drawings.facade_openings import Seen, in_rows, one_each
from studio.drawings.paper import turned
from studio.drawings.reading import ReadOpening
from studio.drawings.rectify import rectified
from studio.errors import NoDrawingError
from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.sheets import elevation


def centre(box):
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def found(truth, read, within):
    return sum(any(np.hypot(*np.subtract(centre(t), centre(r))) < within for r in read) for t in truth)


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


@pytest.fixture(scope="module")
def facade():
    sheet = elevation(building(0), "solid")
    return sheet, read_facade(sheet.image)


def test_every_opening_of_the_facade_is_found_where_it_is(facade):
    sheet, reading = facade
    truth = [box for _, box in sheet.openings]
    within = 0.01 * (sheet.facade[2] - sheet.facade[0])
    assert found(truth, [o.box for o in reading.openings], within) == len(truth)
    assert len(reading.openings) == len(truth)
    assert [o.kind for o in reading.openings].count("door") == 1
    assert reading.scale.px_per_m == pytest.approx(sheet.px_per_m, rel=0.005)


def test_the_wall_and_the_silhouette_are_where_they_are(facade):
    sheet, reading = facade
    width = sheet.facade[2] - sheet.facade[0]
    assert np.abs(np.subtract(reading.facade, sheet.facade)).max() < 0.02 * width
    drawn, read = (np.zeros(sheet.image.shape[:2], np.uint8) for _ in range(2))
    cv2.fillPoly(drawn, [np.rint(sheet.silhouette).astype(np.int32)], 1)
    cv2.fillPoly(read, [np.rint(reading.silhouette).astype(np.int32)], 1)
    assert iou(drawn > 0, read > 0) > 0.95


def test_the_ground_and_the_eaves_are_among_the_levels(facade):
    sheet, reading = facade
    lines = {line.name: line.y for line in reading.lines}
    assert lines["ground"] == pytest.approx(sheet.facade[3], abs=6)
    assert lines["eaves"] == pytest.approx(sheet.facade[1], abs=0.03 * (sheet.facade[3] - sheet.facade[1]))
    assert [line.y for line in reading.lines] == sorted(line.y for line in reading.lines)


def test_courses_of_brick_neither_hide_windows_nor_pass_for_them():
    sheet = elevation(building(23), "brick")
    reading = read_facade(sheet.image)
    truth = [box for _, box in sheet.openings]
    assert found(truth, [o.box for o in reading.openings], 0.02 * sheet.image.shape[1]) == len(truth)
    assert len(reading.openings) == len(truth)


def test_a_weak_window_is_believed_where_two_of_its_row_look_like_it():
    boxes = np.array([[x, 100, x + 20, 140] for x in (50, 100, 150)] + [[200, 130, 220, 170]], float)
    scores = np.array([0.9, 0.8, 0.1, 0.1], np.float32)
    pictures = np.full((4, 108), 0.5, np.float32)
    assert (in_rows(boxes, scores, pictures) >= 0.5).tolist() == [True, True, True, False]
    pictures[2] = 0.0  # a blank panel is no window, wherever it stands
    assert (in_rows(boxes, scores, pictures) >= 0.5).tolist() == [True, True, False, False]


def test_of_boxes_upon_one_another_the_best_is_kept():
    boxes = np.array([[0, 0, 40, 80], [5, 5, 35, 80], [60, 0, 100, 80]], float)
    assert one_each(boxes, np.array([0.7, 0.9, 0.6], np.float32)) == [1, 2]


@pytest.mark.parametrize(("seed", "style"), [(2, "hatched"), (4, "hollow"), (4, "washed"), (4, "bare"), (4, "halftoned")])
def test_openings_are_found_in_the_other_manners_too(seed, style):
    sheet = elevation(building(seed), style)
    reading = read_facade(sheet.image)
    truth = [box for _, box in sheet.openings]
    assert found(truth, [o.box for o in reading.openings], 0.015 * sheet.image.shape[1]) == len(truth)


def test_an_aged_facade_is_turned_upright_and_still_read():
    sheet = elevation(building(0), "solid")
    aged, _ = age(turned(sheet.image, -1.2), 0, 0.5, skewed=False)
    upright = rectified(aged)
    read = [upright.on_sheet(np.array(o.box, float).reshape(2, 2)) for o in read_facade(upright).openings]
    back = cv2.getRotationMatrix2D((aged.shape[1] / 2, aged.shape[0] / 2), -1.2, 1)
    truth = [cv2.transform(np.array([np.array(box, float).reshape(2, 2)]), back)[0] for _, box in sheet.openings]
    assert found([t.ravel() for t in truth], [r.ravel() for r in read], 12) >= 14
    reading = read_facade(aged)
    assert reading.angle == pytest.approx(1.2, abs=0.2)
    assert any("turned" in note for note in reading.notes)


def test_an_empty_sheet_holds_no_building():
    with pytest.raises(NoDrawingError, match="No building"):
        read_facade(np.full((200, 300, 3), 240, np.uint8))


def test_heads_are_told_by_their_outline():
    page = np.zeros((120, 60), np.uint8)
    assert max(likeness(page + 1).items(), key=lambda i: i[1])[0] == "flat"
    cv2.circle(page, (30, 30), 30, 1, -1)
    page[30:] = 1
    shape = likeness(page)
    assert max(shape, key=lambda head: shape[head]) == "round"


def test_a_cell_of_the_grid_is_completed_and_called_inferred():
    boxes = np.array([[x, y, x + 20, y + 40] for y in (100, 200) for x in (50, 100, 150, 200)], float)
    scores = np.full(8, 0.9, np.float32)
    scores[7] = 0.3  # seen weakly: not chosen, and yet something stands there
    seen = Seen(boxes, scores, ("flat",) * 8, np.zeros((8, 108), np.float32), np.zeros(8, np.float32))
    added = completed(seen, list(range(7)), (300, 300))
    assert [o.box for o in added] == [(200, 200, 220, 240)]
    assert added[0].inferred
    scores[7] = 0.0
    assert not completed(seen, list(range(7)), (300, 300))


def test_a_reading_of_a_part_belongs_to_the_whole_sheet(facade):
    _, reading = facade
    there = moved(reading, 10, 20)
    first, then = reading.openings[0], there.openings[0]
    assert isinstance(then, ReadOpening)
    assert then.box == tuple(np.add(first.box, (10, 20, 10, 20)))
    assert there.ground_y == reading.ground_y + 20


def test_a_slender_pale_strip_is_a_pilaster_and_a_dark_one_a_slit():
    tone = np.full((300, 400), 240, np.uint8)
    strip = ReadOpening((100, 100, 116, 220), "window", 0.9)
    assert is_pilaster(strip, tone, 250)
    assert not is_pilaster(replace(strip, head="pointed"), tone, 250)  # a lancet
    tone[100:220, 100:116] = 40
    assert not is_pilaster(strip, tone, 250)


def test_what_lies_under_the_ground_counts_only_where_the_ground_was_misread():
    row = [ReadOpening((60 * k, 100, 60 * k + 40, 180), "window", 0.9) for k in range(6)]
    cellar = ReadOpening((100, 230, 140, 310), "window", 0.9)
    assert above_ground([*row, cellar], 200) == row
    assert above_ground([*row, cellar], 90) == [*row, cellar]


def test_two_boxes_that_became_one_are_one_opening():
    lights = [ReadOpening((10, 10, 40, 80), "window", 0.7), ReadOpening((42, 10, 72, 80), "window", 0.6)]
    doubles = [ReadOpening((197, 349, 282, 442), "window", 0.82), ReadOpening((197, 353, 282, 442), "window", 0.94)]
    assert distinct([*lights, *doubles]) == [*lights, doubles[1]]
    assert distinct([]) == []
