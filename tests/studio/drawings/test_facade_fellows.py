"""A window's side goes where its fellows have it, but only where the drawing has a line there."""

from dataclasses import replace

import numpy as np
import pytest

from studio.drawings.facade_candidates import Edges
from studio.drawings.facade_fellows import settled
from studio.drawings.reading import ReadOpening

GRID = [(50 + 90 * i, 40 + 110 * j, 90 + 90 * i, 110 + 110 * j) for j in range(3) for i in range(4)]


def sheet(boxes=GRID):
    """Edges of a drawing that has these boxes, and the openings as they are."""
    upright, level = np.zeros((400, 440), np.uint8), np.zeros((400, 440), np.uint8)
    for x0, y0, x1, y1 in boxes:
        upright[y0:y1, [x0, x1]] = 1
        level[[y0, y1], x0:x1] = 1
    return [ReadOpening(box, "window", 0.9) for box in boxes], Edges(upright, level)


@pytest.mark.parametrize("side", range(4))
@pytest.mark.parametrize("slip", [-12, 9])
def test_a_side_that_strays_is_set_right(side, slip):
    openings, edges = sheet()
    box = list(GRID[5])
    box[side] += slip
    read = [replace(one, box=tuple(box)) if number == 5 else one for number, one in enumerate(openings)]
    assert settled(read, edges) == openings


def test_a_window_that_is_drawn_wider_than_its_fellows_stays_so():
    wider = (GRID[5][0] - 8, GRID[5][1], GRID[5][2] + 8, GRID[5][3])
    openings, edges = sheet([wider if box == GRID[5] else box for box in GRID])
    assert settled(openings, edges) == openings


def test_doors_completed_cells_and_lonely_windows_are_not_touched():
    openings, edges = sheet()
    off = replace(openings[5], box=(GRID[5][0] - 9, *GRID[5][1:]))
    for other in (replace(off, kind="door"), replace(off, inferred=True)):
        read = [other if number == 5 else one for number, one in enumerate(openings)]
        assert settled(read, edges)[5] == other
    assert settled([off], edges) == [off] and settled([], edges) == []
