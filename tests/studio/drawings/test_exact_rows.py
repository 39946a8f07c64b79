"""A level lies where its stroke or its masonry is drawn, to a part of a pixel, whatever row a reader took."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from house_readings import elevation_view, section_view

from studio.drawings.exact_rows import exact, exact_row, ground_row
from studio.samples.building import building


def stroke(row: float, thick: float = 2.4, wide: int = 300) -> np.ndarray:
    """A level pen stroke whose middle is `row`, as a scanner averages it; uint8 [60, wide]."""
    edges = np.arange(60)
    covered = np.clip(np.minimum(edges + 0.5, row + thick / 2) - np.maximum(edges - 0.5, row - thick / 2), 0, 1)
    return np.repeat(np.rint(255 - 220 * covered).astype(np.uint8)[:, None], wide, axis=1)


@pytest.mark.parametrize("row", [30.0, 30.3, 29.6, 31.5])
@pytest.mark.parametrize("read", [28.0, 30.0, 33.0])
def test_the_middle_of_a_stroke_is_found_from_a_row_beside_it(row, read):
    assert exact_row(stroke(row), 10, 290, read) == pytest.approx(row, abs=0.1)


def test_the_face_of_masonry_is_found_where_it_begins():
    gray = np.full((60, 300), 255, np.uint8)
    gray[31:] = 20
    gray[30] = 190  # a quarter of this row is covered: the face lies at 30.25 of the rows' edges, 30.26 between their middles
    assert exact_row(gray, 0, 300, 29) == pytest.approx(30.4, abs=0.3)


def test_a_wavering_line_counts_in_the_middle_of_its_wavering():
    gray = np.concatenate([stroke(30 + 1.5 * np.sin(k / 3), wide=10) for k in range(60)], axis=1)
    assert exact_row(gray, 0, 600, 31) == pytest.approx(30, abs=0.3)


def test_where_nothing_is_drawn_the_row_stays_as_it_was_read():
    assert exact_row(np.full((60, 300), 255, np.uint8), 0, 300, 30.25) == 30.25
    beside = stroke(30)
    beside[:, 60:] = 255  # a fifth of the line is no line
    assert exact_row(beside, 0, 300, 31.0) == 31.0
    assert exact_row(stroke(3), 0, 300, 2.0) == 2.0  # too near the sheet's edge to be looked at


def test_masonry_that_comes_from_above_begins_no_level():
    gray = np.full((60, 300), 255, np.uint8)
    gray[:30] = 20
    assert exact_row(gray, 0, 300, 28) == 28


@pytest.mark.parametrize("view_of", [elevation_view, section_view])
def test_rows_that_were_read_two_pixels_off_come_back(view_of):
    house = building(5040)
    view = view_of(house)
    reading = view.cut if view.kind == "section" else view.front
    off = tuple(replace(line, y=line.y + 2) if line.name != "ridge" else line for line in reading.lines)
    found = exact(replace(view, reading=replace(reading, lines=off)))
    seen = found.cut if view.kind == "section" else found.front
    for line, true in zip(seen.lines, reading.lines, strict=True):
        if line.name in ("string course", "eaves"):
            assert line.y == pytest.approx(true.y, abs=1.2), line.name
    ground = ground_row(view)
    assert ground is not None
    assert ground == pytest.approx(reading.ground_y, abs=1.5)


def test_a_storey_that_differs_by_a_little_more_than_the_gate_asks():
    from studio.drawings.contradictions import compared

    said = [("section.png", 4.123), ("elevation.png", 4.0)]  # 2.98 % of one, 3.08 % of the other
    for pair in (said, said[::-1]):
        record = compared("height of storey 0", "height", pair, used="", why="", tolerance_m=0.04)
        assert record is not None
        assert record.gate == "asks"
    less = compared("height of storey 0", "height", [("section.png", 4.11), said[1]], used="", why="", tolerance_m=0.04)
    assert less is not None
    assert less.gate == "listed"
