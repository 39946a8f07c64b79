"""Arched openings are arched, flat ones flat, whatever the wall around them."""

import cv2
import numpy as np
import pytest

from studio.drawings.facade_heads import headed
from studio.drawings.reading import ReadOpening
from studio.samples.building import building
from studio.samples.sheets import elevation


def windows(seed: int, style: str, head: str, astray_px: int = 0) -> tuple[np.ndarray, list[ReadOpening]]:
    """A sheet in grey, and its windows as a reader gave them: each box a little astray, all heads alike."""
    sheet, rng = elevation(building(seed), style), np.random.default_rng(seed)
    boxes = [box for kind, box in sheet.openings if kind == "window"]
    found = []
    for box in boxes:
        x0, y0, x1, y1 = (v + int(rng.integers(-astray_px, astray_px + 1)) for v in box)
        found.append(ReadOpening((x0, y0, x1, y1), "window", 1.0, head=head))
    return cv2.cvtColor(sheet.image, cv2.COLOR_RGB2GRAY), found


HEADS = {"brick": "round", "halftoned": "round", "arched": "pointed", "bare": "flat", "solid": "flat", "hollow": "flat"}


@pytest.mark.parametrize(("style", "head"), HEADS.items())
def test_heads_are_seen_although_boxes_are_a_little_out(style, head):
    tone, found = windows(5003, style, "flat", astray_px=3)
    seen = [one.head for one in headed(found, tone)]
    assert seen.count(head) >= 0.9 * len(seen), seen


def test_a_head_that_was_read_right_stays_and_nothing_else_changes():
    tone, found = windows(5003, "brick", "round")
    assert headed(found, tone) == found


def test_a_wide_opening_on_the_ground_is_an_arch_when_its_head_is_round():
    tone = np.full((200, 200), 255, np.uint8)
    cv2.ellipse(tone, (100, 100), (50, 50), 0, 180, 360, 0, 2)
    cv2.line(tone, (50, 100), (50, 180), 0, 2)
    cv2.line(tone, (150, 100), (150, 180), 0, 2)
    (one,) = headed([ReadOpening((50, 50, 150, 180), "shop", 1.0)], tone)
    assert (one.head, one.kind) == ("round", "arch")


def test_an_arch_without_leaves_and_one_that_holds_an_opening_are_no_doors():
    def arched(*strokes):
        tone = np.full((200, 200), 255, np.uint8)
        cv2.ellipse(tone, (100, 100), (50, 50), 0, 180, 360, 0, 2)
        for x0, y0, x1, y1 in ((50, 100, 50, 180), (150, 100, 150, 180), *strokes):
            cv2.line(tone, (x0, y0), (x1, y1), 0, 2)
        return tone

    door = ReadOpening((50, 50, 150, 180), "door", 1.0, head="round")
    leaves = ((100, 100, 100, 180), (60, 110, 60, 170), (90, 110, 90, 170), (110, 110, 110, 170), (140, 110, 140, 170))
    assert headed([door], arched())[0].kind == "arch"
    assert headed([door], arched(*leaves))[0].kind == "door"
    window = ReadOpening((85, 110, 115, 150), "window", 1.0)
    assert [one.kind for one in headed([door, window], arched(*leaves))] == ["arch", "window"]


def test_a_bay_of_an_arcade_that_was_taken_for_a_door_is_an_arch():
    tone, row = np.full((200, 500), 255, np.uint8), []
    for x in (20, 140, 260, 380):
        cv2.ellipse(tone, (x + 40, 90), (40, 40), 0, 180, 360, 0, 2)
        for x0, y0, x1, y1 in ((x, 90, x, 180), (x + 80, 90, x + 80, 180), (x, 120, x + 80, 120), (x + 40, 120, x + 40, 180)):
            cv2.line(tone, (x0, y0), (x1, y1), 0, 2)
        row.append(ReadOpening((x, 50, x + 80, 180), "arch" if len(row) else "door", 1.0, head="round"))
    assert [one.kind for one in headed(row, tone)] == ["arch"] * 4
    assert headed(row[:2], tone)[0].kind == "door"  # one arch beside it says nothing


def test_what_is_too_small_to_tell_stays_as_it_was_read():
    tone = np.full((40, 40), 255, np.uint8)
    small = ReadOpening((10, 10, 16, 30), "window", 1.0, head="pointed")
    assert headed([small], tone) == [small]
