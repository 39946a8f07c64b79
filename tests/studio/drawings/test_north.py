"""North is read from a plan's north point in several hands, corrected by a person, and never guessed."""

import cv2
import numpy as np
import pytest

from studio.drawings.figures import can_read_words, words
from studio.drawings.north import NorthError, carried, given, north, sentence
from studio.drawings.reading import Rectified
from studio.samples.building import building
from studio.samples.north_point import MANNERS
from studio.samples.sheets import plan

HOUSE = building(2)


def read(manner, degrees):
    sheet = plan(HOUSE, "solid", 40.0, None if manner is None else (degrees, manner))
    gray = cv2.cvtColor(sheet.image, cv2.COLOR_RGB2GRAY)
    return north(gray, words(gray), sheet.walls)


def apart(a, b):
    return abs((a - b + 180) % 360 - 180)


@pytest.mark.parametrize(("manner", "degrees"), [(m, 35.0 + 67 * i) for i, m in enumerate(MANNERS)])
def test_every_hand_is_read_within_three_degrees(manner, degrees):
    if manner != "feathered" and not can_read_words():
        pytest.skip("the letter N is read with rapidocr")
    found = read(manner, degrees)
    assert found is not None and apart(found.degrees, degrees) < 3
    assert 0.5 <= found.confidence < 1
    assert found.source == ("arrow" if manner == "feathered" else "letter")


def test_a_plan_without_a_north_point_says_nothing():
    assert read(None, 0.0) is None


def test_what_a_person_says_of_a_turned_scan_holds_in_the_rectified_picture():
    turn = cv2.getRotationMatrix2D((150.0, 100.0), 5.0, 1.0)
    sheet = Rectified(np.zeros((200, 300, 3), np.uint8), np.zeros((200, 300), np.uint8), np.vstack([turn, [0, 0, 1]]))
    said = given(40.0, sheet)
    assert carried(said.degrees, sheet) == pytest.approx(40.0, abs=1e-6)
    assert said.degrees != pytest.approx(40.0) and said.confidence == 1.0
    with pytest.raises(NorthError, match="clockwise"):
        given(float("nan"), sheet)


def test_the_sentence_says_who_says_so():
    assert "as given" in sentence(12.0, 1.0, "person")
    assert "letter N" in sentence(12.0, 0.9, "letter") and "0.90" in sentence(12.0, 0.9, "letter")
    assert "without a letter" in sentence(12.0, 0.6, "arrow")
