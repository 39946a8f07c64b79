import numpy as np

from studio.drawings.figures import Written
from studio.drawings.plan_lettering import without_lettering
from studio.drawings.reading import Column, PlanReading, ReadOpening


def reading():
    walls = np.zeros((200, 300), bool)
    walls[20:180, 20:30] = True  # a wall
    walls[20:30, 100:112] = walls[20:30, 118:130] = True  # two letters of a title
    openings = (ReadOpening((112, 20, 118, 30), "door", 0.9), ReadOpening((20, 80, 30, 100), "door", 0.9))
    columns = (Column((121, 25), 5, "round", 0.8), Column((200, 150), 5, "round", 0.8))
    return PlanReading(np.zeros((200, 300, 3), np.uint8), walls, openings, 10, "solid", 0, None, 0.9, (), columns)


def test_a_title_is_neither_wall_nor_door_nor_column():
    read = without_lettering(reading(), [Written("PLAN", 0.95, (98, 19, 132, 31))])
    assert not read.walls[20:30, 100:130].any() and read.walls[20:180, 20:30].all()
    assert [one.box for one in read.openings] == [(20, 80, 30, 100)] and [one.center for one in read.columns] == [(200, 150)]


def test_a_name_written_over_a_wall_takes_nothing_from_it():
    assert without_lettering(reading(), [Written("Chapel", 0.95, (10, 60, 60, 80))]).walls[20:180, 20:30].all()


def test_a_doubtful_word_or_a_single_letter_decides_nothing():
    for word in (Written("IIO", 0.3, (98, 19, 132, 31)), Written("I", 0.99, (98, 19, 132, 31))):
        assert without_lettering(reading(), [word]).walls[20:30, 100:112].all()


def test_the_swatches_of_a_legend_are_no_walls():
    walls = np.zeros((400, 600), bool)
    walls[150:390, 20:40] = walls[370:390, 20:580] = True  # the building
    walls[20:36, 30:60] = walls[50:66, 30:60] = walls[80:96, 30:60] = True  # three swatches
    walls[200:216, 300:330] = True  # a pier of the same size, with no words beside it
    words = [Written(f"century {k}", 0.9, (70.0, 20.0 + 30 * k, 200.0, 36.0 + 30 * k)) for k in range(3)]
    reading = PlanReading(np.full((400, 600, 3), 255, np.uint8), walls, (), 20.0, "solid", 0.0, None, 0.9)
    kept = without_lettering(reading, words).walls
    assert not kept[:100].any()
    assert kept[205, 310] and kept[380, 300] and kept[200, 30]
