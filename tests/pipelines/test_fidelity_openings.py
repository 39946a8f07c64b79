"""A window that was moved, lost, changed or invented is named, whatever the lines say in the mean."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.errors import PixelsError
from pipelines.fidelity import FREE, RECONSTRUCTION, fidelity
from pipelines.fidelity_openings import Openings, find_openings
from pipelines.registration import registered

SIZE = (300, 420)  # rows, columns
WINDOWS = tuple((50.0 + 80 * i, 60.0 + 110 * j, 82.0 + 80 * i, 116.0 + 110 * j) for j in range(2) for i in range(4))


def drawn(windows=WINDOWS):
    """An elevation in ink: a wall, a string course, and windows with frames, bars and sills."""
    image = np.full((*SIZE, 3), 245, np.uint8)
    cv2.rectangle(image, (20, 30), (400, 280), (40, 40, 40), 2)
    cv2.line(image, (20, 150), (400, 150), (60, 60, 60), 1)
    for x0, y0, x1, y1 in (np.rint(window).astype(int) for window in windows):
        cv2.rectangle(image, (x0, y0), (x1, y1), (90, 90, 90), -1)
        cv2.rectangle(image, (x0, y0), (x1, y1), (20, 20, 20), 1)
        cv2.line(image, ((x0 + x1) // 2, y0), ((x0 + x1) // 2, y1), (230, 230, 230), 2)
        cv2.rectangle(image, (x0 - 5, y1 + 2), (x1 + 5, y1 + 7), (20, 20, 20), 1)
    return image


def painted(image):
    """The same as somebody would paint it: warm, soft, grainy, its tones turned into others."""
    grain = np.random.default_rng(3).normal(0, 4, image.shape)
    soft = cv2.GaussianBlur(image, (0, 0), 0.8).astype(float)
    return np.clip(30 + 0.75 * soft * (1.0, 0.92, 0.78) + grain, 0, 255).astype(np.uint8)


def moved(index, dx=0.0, dy=0.0):
    """The windows, one of them elsewhere."""
    return tuple(
        (x0 + dx, y0 + dy, x1 + dx, y1 + dy) if number == index else (x0, y0, x1, y1)
        for number, (x0, y0, x1, y1) in enumerate(WINDOWS)
    )


def test_what_was_kept_is_found_where_it_was_drawn_to_half_a_pixel():
    found = find_openings(drawn(), painted(drawn()), Openings(WINDOWS))
    assert found.holds and found.counts() == {"kept": 8, "moved": 0, "lost": 0, "invented": 0}
    assert max(one.off_px for one in found.openings) < 0.5


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 7), st.integers(5, 9), st.sampled_from([(1, 0), (-1, 0), (0, 1), (0, -1)]))
def test_a_moved_window_is_named_with_its_way_to_the_pixel(index, step, way):
    dx, dy = step * way[0], step * way[1]
    found = find_openings(drawn(), painted(drawn(moved(index, dx, dy))), Openings(WINDOWS))
    assert [one.fate for one in found.openings] == ["moved" if number == index else "kept" for number in range(8)]
    assert abs(found.openings[index].off_px - step) < 1
    assert not found.holds


@pytest.mark.parametrize("index", range(8))
def test_a_missing_window_is_lost_and_not_found_in_its_neighbour(index):
    found = find_openings(drawn(), painted(drawn(WINDOWS[:index] + WINDOWS[index + 1 :])), Openings(WINDOWS))
    assert [one.fate for one in found.openings] == ["lost" if number == index else "kept" for number in range(8)]


def test_a_window_that_nobody_drew_is_invented():
    fewer = tuple(window for window in WINDOWS if window != WINDOWS[5])
    found = find_openings(drawn(fewer), painted(drawn((*fewer, WINDOWS[5]))), Openings(fewer))
    assert found.counts() == {"kept": 7, "moved": 0, "lost": 0, "invented": 1}
    x0, y0, x1, y1 = found.invented[0]
    assert x0 < 146 < x1 and y0 < 198 < y1


def test_a_window_made_a_fifth_wider_was_changed():
    x0, y0, x1, y1 = WINDOWS[2]
    wider = tuple((x0 - 3.5, y0, x1 + 3.5, y1) if window == WINDOWS[2] else window for window in WINDOWS)
    found = find_openings(drawn(), painted(drawn(wider)), Openings(WINDOWS))
    assert [one.fate for one in found.openings].count("moved") == 1 and found.openings[2].fate == "moved"


def test_the_word_reconstruction_is_lost_with_a_window_that_the_lines_hardly_miss():
    shifted = painted(drawn(moved(3, 6)))
    lines, openings = fidelity(drawn(), shifted), fidelity(drawn(), shifted, Openings(WINDOWS))
    assert min(lines.f, openings.f) > 0.95
    assert openings.interpretation == FREE and openings.openings is not None
    assert fidelity(drawn(), painted(drawn()), Openings(WINDOWS)).interpretation == RECONSTRUCTION


def test_other_panes_within_a_window_are_no_lost_lines_but_a_lost_door_frame_is():
    """Bars are of the variant's materials; what surrounds an opening is the drawing's."""
    glazed, bare = drawn(), drawn()
    for x0, y0, x1, y1 in (tuple(map(round, window)) for window in WINDOWS):
        glazed[y0 + 14 : y0 + 20, x0 + 2 : x1 - 1] = 230  # a transom that nobody drew
        bare[y0 - 3 : y1 + 4, x0 - 3 : x1 + 4] = bare[0, 0]
    known, unknown = fidelity(drawn(), glazed, Openings(WINDOWS)), fidelity(drawn(), glazed)
    assert known.precision > 0.99 > unknown.precision
    assert fidelity(drawn(), bare, Openings(WINDOWS)).recall < known.recall - 0.05


def test_the_tolerance_is_the_callers_and_grows_with_the_picture():
    shifted = painted(drawn(moved(3, 3)))
    assert find_openings(drawn(), shifted, Openings(WINDOWS)).holds
    assert not find_openings(drawn(), shifted, Openings(WINDOWS, 2.0)).holds
    assert Openings(WINDOWS, 2.0).scaled(2).tolerance_px == 4.0


def test_blank_paper_keeps_nothing_and_another_size_is_refused():
    blank = np.full((*SIZE, 3), 240, np.uint8)
    assert {one.fate for one in find_openings(drawn(), blank, Openings(WINDOWS)).openings} == {"lost"}
    with pytest.raises(PixelsError, match="one frame"):
        find_openings(drawn(), blank[:-1], Openings(WINDOWS))


@settings(max_examples=10, deadline=None)
@given(st.floats(-8, 8), st.floats(-8, 8), st.floats(0.985, 1.015), st.floats(0.985, 1.015))
def test_a_drifted_variant_is_laid_back_to_half_a_pixel(dx, dy, wider, taller):
    height, width = SIZE
    drift = np.array([[wider, 0, dx + (1 - wider) * width / 2], [0, taller, dy + (1 - taller) * height / 2]])
    drifted = cv2.warpAffine(painted(drawn()), drift, (width, height), borderMode=cv2.BORDER_REPLICATE)
    _, move = registered(drawn(), drifted)
    corners = np.array([[-width / 2, -height / 2], [width / 2, height / 2]])
    off = corners * (move["stretch_x"] - wider, move["stretch_y"] - taller) + (move["shift_x"] - dx, move["shift_y"] - dy)
    assert np.abs(off).max() <= 0.5


def test_what_agrees_only_by_moving_far_stays_where_it_is():
    far = np.roll(painted(drawn()), 60, axis=1)
    laid, move = registered(drawn(), far)
    assert np.array_equal(laid, far) and move["shift_x"] == 0


def glazed(windows=WINDOWS):
    """A painted elevation whose windows have bars, surrounds and sills of their own: nothing inside them is as drawn."""
    image = np.full((*SIZE, 3), (188, 170, 140), np.uint8)
    for y in range(30, 280, 9):
        cv2.line(image, (20, y), (400, y), (176, 158, 128), 1)
    for x0, y0, x1, y1 in (np.rint(window).astype(int) for window in windows):
        cv2.rectangle(image, (x0 - 4, y0 - 4), (x1 + 4, y1 + 4), (214, 202, 178), -1)
        cv2.rectangle(image, (x0, y0), (x1, y1), (52, 62, 78), -1)
        for k in (1, 2):
            cv2.line(image, (x0 + k * (x1 - x0) // 3, y0), (x0 + k * (x1 - x0) // 3, y1), (225, 222, 214), 1)
        for k in (1, 2, 3):
            cv2.line(image, (x0, y0 + k * (y1 - y0) // 4), (x1, y0 + k * (y1 - y0) // 4), (225, 222, 214), 1)
    return cv2.GaussianBlur(image, (0, 0), 0.6)


def test_windows_with_other_bars_and_surrounds_are_kept_by_their_sides():
    assert find_openings(drawn(), glazed(), Openings(WINDOWS)).counts()["kept"] == 8


@pytest.mark.parametrize("index", [0, 3, 6])
def test_among_windows_of_another_make_the_moved_and_the_missing_are_named(index):
    found = find_openings(drawn(), glazed(moved(index, 8)), Openings(WINDOWS))
    assert [one.fate for one in found.openings] == ["moved" if number == index else "kept" for number in range(8)]
    assert abs(found.openings[index].off_px - 8) < 1.5
    found = find_openings(drawn(), glazed(WINDOWS[:index] + WINDOWS[index + 1 :]), Openings(WINDOWS))
    assert [one.fate for one in found.openings] == ["lost" if number == index else "kept" for number in range(8)]
