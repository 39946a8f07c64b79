"""Treads are told from the ruling of pools and beds."""

import cv2
import numpy as np
import pytest

from studio.drawings.plan import read_plan


@pytest.fixture
def court() -> np.ndarray:
    """A walled court, 20 px to the wall, with nothing in it."""
    page = np.full((900, 1200, 3), 255, np.uint8)
    cv2.rectangle(page, (100, 100), (1100, 800), (20, 20, 20), 20)
    cv2.line(page, (600, 100), (600, 500), (20, 20, 20), 20)
    return page


def ruled(page: np.ndarray, box, pitch: int) -> None:
    x0, y0, x1, y1 = box
    cv2.rectangle(page, (x0, y0), (x1, y1), (20, 20, 20), 2)
    for y in range(y0 + pitch, y1, pitch):
        cv2.line(page, (x0, y), (x1, y), (20, 20, 20), 2)


def test_treads_beside_a_wall_are_a_flight(court):
    ruled(court, (616, 120, 676, 320), 14)
    (flight,) = read_plan(court).stairs
    assert flight.treads >= 12 and abs(flight.box[0] - 616) < 6


def test_a_ruled_pool_in_the_middle_of_a_court_is_none(court):
    ruled(court, (300, 350, 400, 450), 9)
    assert read_plan(court).stairs == ()


def test_a_ruled_bed_that_letters_break_into_pieces_is_none(court):
    for x in (620, 700, 780, 860, 940):
        ruled(court, (x, 140, x + 60, 220), 9)
    assert read_plan(court).stairs == ()
