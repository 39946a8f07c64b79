"""A plan whose walls are printed as half-tone dots is read, and says that it was."""

import numpy as np
import pytest

from studio.drawings.paper import flatten
from studio.drawings.plan import read_plan
from studio.drawings.plan_screen import screen_pitch
from studio.drawings.reading import Rectified
from studio.samples.ageing import halftoned
from studio.samples.building import building
from studio.samples.sheets import plan


def test_the_distance_of_the_dots_is_found_and_ink_has_none():
    sheet = plan(building(1), "washed", 40.0)
    assert screen_pitch(flatten(halftoned(sheet.image, 5.0))) == pytest.approx(5.0, rel=0.06)
    assert screen_pitch(flatten(halftoned(sheet.image, 7.0))) == pytest.approx(7.0, rel=0.06)
    for style in ("solid", "hatched", "washed"):
        assert screen_pitch(flatten(plan(building(1), style, 40.0).image)) is None


def test_walls_and_openings_of_a_half_toned_plan_are_read():
    sheet = plan(building(1), "washed", 40.0)
    image = halftoned(sheet.image, 5.0)
    read = read_plan(Rectified(image, flatten(image), np.eye(3)))
    assert (read.walls & sheet.walls).sum() / (read.walls | sheet.walls).sum() > 0.8
    assert len(read.openings) >= 0.8 * len(sheet.openings)
    assert any("half-tone dots" in note for note in read.notes)
    assert read.confidence < 0.8
