"""Where a roof begins and ends on an elevation: tiles are no eaves, chimneys are no ridge, and a gable keeps its top."""

from __future__ import annotations

import numpy as np

from studio.drawings.reading import FacadeReading, LevelLine
from studio.drawings.storeys import chimneys, eaves_row, ridge_row

WALL = (200, 520, 1400, 1300)
HIPPED = [(200, 1300), (200, 530), (180, 514), (180, 488), (560, 262), (1040, 262), (1420, 488), (1420, 514), (1400, 530)]


def _front(outline, *lines: LevelLine) -> FacadeReading:
    blank = np.zeros((1400, 1600, 3), np.uint8)
    return FacadeReading(blank, (), WALL, np.array([*outline, (1400, 1300)], np.float32), 1300, 0.0, None, 1.0, lines=lines)


def test_a_course_of_tiles_is_not_taken_for_the_eaves():
    tiles = LevelLine("eaves", 450.0, 245.0, 1355.0, 1.0)
    assert eaves_row(_front(HIPPED, tiles)) == 501.0


def test_a_line_along_the_whole_wall_is_the_eaves():
    assert eaves_row(_front(HIPPED, LevelLine("eaves", 450.0, 190.0, 1410.0, 1.0))) == 450.0


def test_the_ridge_of_a_gabled_roof_is_not_taken_for_its_eaves():
    gabled = [(200, 1300), (200, 530), (150, 514), (150, 260), (1450, 260), (1450, 514), (1400, 530)]
    row = eaves_row(_front(gabled, LevelLine("eaves", 261.0, 150.0, 1450.0, 1.0)))
    assert row is not None and 500 < row < 535


def test_chimneys_do_not_raise_the_ridge():
    at = HIPPED.index((560, 262))
    with_stack = [*HIPPED[:at], (430, 340), (430, 200), (490, 200), (490, 304), *HIPPED[at:]]
    row = ridge_row(_front(with_stack))
    assert row is not None and abs(row - 262) <= 1


def test_a_chimney_is_found_where_it_stands_and_a_gable_is_none():
    at = HIPPED.index((560, 262))
    with_stack = [*HIPPED[:at], (430, 340), (430, 200), (490, 200), (490, 304), *HIPPED[at:]]
    ((x0, x1, top, foot),) = chimneys(_front(with_stack))
    assert abs(x0 - 430) <= 1 and abs(x1 - 491) <= 1 and abs(top - 200) <= 1
    assert top + 100 < foot < 350
    assert chimneys(_front(HIPPED)) == []
    assert chimneys(_front([(200, 1300), (200, 520), (800, 150), (1400, 520)])) == []


def test_a_gable_keeps_its_top():
    gable = [(200, 1300), (200, 520), (180, 520), (800, 200), (1420, 520), (1400, 520)]
    row = ridge_row(_front(gable))
    assert row is not None and abs(row - 200) <= 1
