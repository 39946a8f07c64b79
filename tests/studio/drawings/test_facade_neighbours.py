"""Keystones, piers, lights and corners are no openings; two halves of a window are one."""

from dataclasses import replace

import numpy as np
import pytest

from studio.drawings.facade_neighbours import among_others
from studio.drawings.facade_repeats import repeated
from studio.drawings.reading import ReadOpening

WALL = np.full((300, 500), 255, np.uint8)
ROW = [ReadOpening((60 + 110 * k, 100, 100 + 110 * k, 180), "window", 0.9) for k in range(4)]


@pytest.mark.parametrize(
    "box",
    [(74, 82, 86, 99), (102, 100, 168, 185), (80, 100, 100, 180), (73, 100, 87, 180), (60, 118, 80, 180), (0, 100, 50, 180),
     (230, 1, 260, 60)],
    ids=["keystone", "pier", "light", "middle", "leaf", "corner", "chimney"],
)
def test_what_is_wall_or_a_part_is_no_opening(box):
    assert among_others([*ROW, ReadOpening(box, "window", 0.65)], WALL) == ROW


@pytest.mark.parametrize("boxes", [[(62, 130, 78, 180), (82, 130, 98, 180)], [(81, 130, 97, 181)],
                                   [(65, 130, 73, 180), (76, 130, 84, 180), (87, 130, 95, 180)]],
                         ids=["two", "one", "three"])  # fmt: skip
def test_lights_under_tracery_are_no_windows_beside_their_window(boxes):
    lights = [ReadOpening(box, "window", 0.7) for box in boxes]
    assert among_others([*ROW, *lights], WALL) == ROW


def test_a_pair_of_windows_stays_although_a_box_was_laid_around_both():
    pair = [ReadOpening(box, "window", 0.95) for box in ((61, 130, 76, 180), (84, 130, 99, 180))]
    assert [one for one in among_others([*ROW, *pair], WALL) if one in pair] == pair


def test_a_door_in_the_middle_of_a_blind_arch_stays_and_windows_above_its_foot():
    arch = ReadOpening((40, 60, 140, 200), "arch", 0.9)
    door = ReadOpening((72, 130, 108, 200), "door", 0.8)
    assert among_others([arch, door], WALL) == [arch, door]
    pair = [ReadOpening((x, 100, x + 24, 150), "window", 0.8) for x in (58, 98)]
    assert among_others([arch, *pair], WALL) == [arch, *pair]


def test_what_fills_an_arch_from_jamb_to_jamb_is_no_opening_in_it():
    arch = ReadOpening((40, 60, 140, 200), "arch", 0.9)
    wall = ReadOpening((48, 120, 133, 200), "window", 0.7)
    assert among_others([arch, wall], WALL) == [arch]


@pytest.mark.parametrize(
    "box",
    [(74, 40, 86, 60), (76, 66, 84, 98), (115, 110, 155, 170), (440, 210, 480, 290)],
    ids=["oculus", "slit", "niche", "low"],
)
def test_small_openings_over_and_between_larger_ones_stay(box):
    other = ReadOpening(box, "window", 0.85)
    assert other in among_others([*ROW, other], WALL)


def test_two_halves_as_large_as_their_fellows_are_one_window():
    halves = [ReadOpening((60, 100, 79, 181), "window", 0.6), ReadOpening((80, 100, 100, 180), "window", 0.7)]
    read = among_others([*halves, *ROW[1:]], WALL)
    assert sorted(one.box for one in read)[0] == (60, 100, 100, 181)
    assert len(read) == 4
    assert len(among_others([*halves, *ROW[3:]], WALL)) == 3  # with one fellow nobody can tell a pair from a window


def test_lights_that_fill_the_width_of_the_windows_above_are_one_window_each():
    lights = [
        ReadOpening((x + 14 * k, 230, x + 14 * k + 11, 244), "window", 0.7) for x in (61, 171, 281, 391) for k in range(3)
    ]
    below = [(60 + 110 * k, 230, 100 + 110 * k, 244) for k in range(4)]
    for seen in (lights, [*lights[:6], *lights[7:11]]):  # one missed in the third column, and one in the last
        read = among_others([*ROW, *seen], WALL)
        assert sorted(one.box for one in read if one not in ROW) == below
    assert len(among_others([*ROW, *lights[:3], lights[3]], WALL)) == 8  # in one column it may be a coincidence
    slits = [replace(one, box=(one.box[0], 230, one.box[0] + 5, 244)) for one in lights]
    assert len(among_others([*ROW, *slits], WALL)) == 16  # too far apart for mullions


def test_a_window_that_was_missed_is_found_where_the_drawing_repeats_itself():
    gray = np.full((300, 500), 255, np.uint8)
    for one in ROW:
        x0, y0, x1, y1 = one.box
        gray[y0:y1, x0:x1] = 120
        gray[y0:y1, (x0 + x1) // 2 - 2 : (x0 + x1) // 2 + 2] = 255
    above = [replace(one, box=tuple(np.subtract(one.box, (0, 95, 0, 95)).tolist())) for one in ROW]
    seen = [ROW[0], ROW[1], ROW[3], *above]
    assert [one.box for one in repeated(seen, gray)[7:]] == [ROW[2].box]
    leaf = replace(ROW[2], box=(280, 100, 299, 180))
    assert [one.box for one in repeated([leaf, *seen], gray)] == [one.box for one in [*seen, ROW[2]]]
    doubtful = [replace(one, confidence=0.7) for one in seen]
    assert repeated(doubtful, gray) == doubtful  # what is doubtful once is not sought again
    gray[95:185, 275:325] = 255
    assert repeated(seen, gray) == seen


def test_one_window_speaks_for_its_mirror_image_and_for_no_other():
    gray = np.full((300, 500), 255, np.uint8)
    for x in (60, 230):
        gray[100:180, x : x + 40] = 120
    assert repeated([ROW[0]], gray) == [ROW[0]]
    gray[100:180, 400:440] = 120
    assert [one.box for one in repeated([ROW[0]], gray)] == [ROW[0].box, (400, 100, 440, 180)]
