"""The scale is read from the bar, or it is asked for; it is never made up."""

import cv2
import numpy as np
import pytest

from studio.drawings.dimensions import Dimension
from studio.drawings.figures import can_read_words
from studio.drawings.reading import ScaleBar
from studio.drawings.scale import between, by_person, settle
from studio.drawings.scale_bar import scales_of
from studio.drawings.scale_labels import number

words_only = pytest.mark.skipif(not can_read_words(), reason="rapidocr is not installed")
INK = 25


def page(width=900, height=420):
    return np.full((height, width), 255, np.uint8)


def text(gray, word, x, y, size=0.6, thick=2):
    (wide, _), _ = cv2.getTextSize(word, cv2.FONT_HERSHEY_COMPLEX, size, thick)
    cv2.putText(gray, word, (round(x - wide / 2), round(y)), cv2.FONT_HERSHEY_COMPLEX, size, INK, thick, cv2.LINE_AA)


def ruler(gray, ticks, labels, y=330, up=True, unit="METRES", unit_x=None):
    """A line with ticks at the columns given, and labels {column: word} above or below it."""
    cv2.line(gray, (round(min(ticks)), y), (round(max(ticks)), y), INK, 2)
    for x in ticks:
        cv2.line(gray, (round(x), y - 12 if up else y), (round(x), y if up else y + 12), INK, 2)
    for x, word in labels.items():
        text(gray, word, x, y - 20 if up else y + 32)
    if unit:
        text(gray, unit, unit_x or max(ticks) + 70, y - 20 if up else y + 32)
    return gray


def even(first=100, step=50, count=11):
    return [first + step * k for k in range(count)]


# ---- bars
def test_a_ruler_is_read():
    gray = ruler(page(), even(), {100: "0", 200: "2", 300: "4", 400: "6", 500: "8", 600: "10"}, unit="m", unit_x=640)
    bar = scales_of(gray, ())[0]
    assert bar.px_per_m == pytest.approx(50, rel=0.005)
    assert bar.figures[0] == "0"


@words_only
def test_a_bar_that_reads_from_right_to_left_is_read():
    labels = {100 + 100 * k: str(10 - 2 * k) for k in range(6)}
    bar = scales_of(ruler(page(), even(), labels), ())[0]
    assert bar.px_per_m == pytest.approx(50, rel=0.005)
    assert bar.p0[0] > bar.p1[0]


@words_only
def test_the_divided_part_left_of_zero_is_not_counted():
    ticks = [*even(200, 80, 6), *[200 - 16 * k for k in range(1, 6)]]
    labels = {120: "5", 200: "0", 280: "5", 360: "10", 440: "15", 520: "20", 600: "25"}
    bar = scales_of(ruler(page(), ticks, labels), ())[0]
    assert bar.px_per_m == pytest.approx(16, rel=0.005)
    assert bar.value == 25


@words_only
def test_two_units_on_one_bar_are_two_scales():
    gray = page()
    ruler(gray, even(100, 50, 11), {100 + 100 * k: str(2 * k) for k in range(6)}, up=False)
    feet = [100 + 50 * 0.3048 * 5 * k for k in range(7)]
    ruler(gray, feet, {x: str(5 * k) for k, x in enumerate(feet)}, unit="FEET", unit_x=690)
    found = {bar.unit: bar for bar in scales_of(gray, ())}
    assert found["m"].px_per_m == pytest.approx(50, rel=0.01)
    assert found["foot"].px_per_m == pytest.approx(50, rel=0.01)
    assert settle(list(found.values())).px_per_m == pytest.approx(50, rel=0.01)


@words_only
@pytest.mark.parametrize("degrees", [4.0, -90.0, 90.0, 30.0])
def test_a_bar_may_lean_or_stand(degrees):
    gray = ruler(page(900, 900), even(200), {200 + 100 * k: str(2 * k) for k in range(6)}, y=450, unit_x=780)
    turn = cv2.getRotationMatrix2D((450, 450), degrees, 1)
    leaning = cv2.warpAffine(gray, turn, (900, 900), flags=cv2.INTER_CUBIC, borderValue=255)
    bar = scales_of(leaning, ())[0]
    assert bar.px_per_m == pytest.approx(50, rel=0.01)


@words_only
def test_an_unevenly_drawn_bar_is_fitted_as_a_whole():
    ticks = [100, 156, 204, 255, 301, 350, 403, 449, 501, 550, 600]
    labels = {ticks[k]: str(k) for k in range(0, 11, 2)}
    bar = scales_of(ruler(page(), ticks, labels), ())[0]
    assert bar.px_per_m == pytest.approx(50, rel=0.01)
    assert bar.uncertainty_px > 0.5


@words_only
def test_a_bar_that_was_cut_and_joined_is_not_trusted():
    ticks = [*[100 + 40 * k for k in range(6)], *[340 + 40 * k for k in range(6)]]
    figures = [0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13]
    bars = scales_of(ruler(page(), ticks, {x: str(v) for x, v in zip(ticks, figures, strict=True)}, unit_x=640), ())
    assert settle(bars).px_per_m is None


def test_figures_without_a_unit_give_no_metres():
    gray = ruler(page(), even(), {100 + 100 * k: str(2 * k) for k in range(6)}, unit="")
    bars = scales_of(gray, ())
    settled = settle(bars)
    assert settled.px_per_m is None
    assert settled.finding is not None
    assert settled.finding.startswith("scale is not certain:")
    assert "--scale" in settled.finding


def test_ticks_without_figures_are_told_and_not_used():
    bars = scales_of(ruler(page(), even(), {}, unit=""), ())
    assert [bar.value for bar in bars] == [None]
    assert settle(bars).px_per_m is None


@words_only
def test_a_unit_that_every_town_had_is_not_guessed():
    bars = scales_of(ruler(page(), even(), {100 + 100 * k: str(10 * k) for k in range(6)}, unit="PALMI"), ())
    assert bars[0].unit == "palm"
    assert bars[0].px_per_m is None
    assert "town to town" in (settle(bars).finding or "")


def test_a_row_of_windows_is_no_scale():
    gray = page()
    for k in range(7):
        cv2.rectangle(gray, (80 + 100 * k, 120), (130 + 100 * k, 220), INK, 2)
    cv2.rectangle(gray, (50, 80), (830, 320), INK, 3)
    assert settle(scales_of(gray, ())).px_per_m is None


@pytest.mark.parametrize(
    ("word", "value"),
    [("10", 10), ("1O", 10), ("20m", 20), ("l", 1), ("2.5", 2.5), ("METRES", None), ("", None), ("6102x", None)],
)
def test_a_label_is_a_number_or_it_is_none(word, value):
    assert number(word) == value


# ---- agreement
def bar(px_per_unit, value=10.0, unit="m", confidence=0.9):
    return ScaleBar((100, 300), (100 + px_per_unit * value, 300), 10, value, unit, confidence)


def rooms(px_per_m):
    sides = (4.1, 5.0, 3.2, 6.0)
    return [Dimension("room width", f"{k // 2}", m, (0, 0), (px_per_m * m, 0), 0.9) for k, m in enumerate(sides)]


def test_bars_that_disagree_are_listed_and_nothing_is_used():
    settled = settle([bar(50), bar(44, 5)])
    assert settled.px_per_m is None
    assert "50.00" in (settled.finding or "")
    assert "44.00" in (settled.finding or "")


def test_rooms_that_contradict_the_bar_are_heard():
    assert settle([bar(50)], rooms(50.5)).px_per_m == pytest.approx(50)
    assert settle([bar(50)], rooms(54)).px_per_m is None


def test_an_overall_dimension_that_contradicts_the_bar_is_heard():
    line = Dimension("dimension line", "12.00", 12.0, (0, 0), (660, 0), 0.95, False)
    assert settle([bar(50)], [line], size=(900, 600)).px_per_m is None
    assert settle([bar(55)], [line], size=(900, 600)).px_per_m == pytest.approx(55)


def test_doors_that_nobody_could_pass_make_a_scale_doubtful():
    assert settle([bar(50)], doors_px=[45, 50, 55]).px_per_m == pytest.approx(50)
    assert settle([bar(500)], doors_px=[45, 50, 55]).px_per_m is None


def test_rooms_alone_may_give_the_scale():
    settled = settle([], rooms(40))
    assert (settled.source, settled.px_per_m) == ("room sizes", pytest.approx(40))
    assert settle([], rooms(40)[:2]).px_per_m is None


def test_a_printed_ratio_is_told_and_never_used():
    settled = settle([], ratio=400)
    assert settled.px_per_m is None
    assert any("1:400" in note for note in settled.notes)


def test_what_a_person_says_stands_above_the_bar_and_the_difference_is_told():
    settled = by_person(40.0, [bar(50)])
    assert (settled.px_per_m, settled.source) == (40.0, "person")
    assert any("+25" in note for note in settled.notes)
    assert between((0, 0), (30, 40), 10) == 5


def test_a_bar_below_a_front_of_a_hundred_strokes_at_lines_is_looked_at():
    from studio.drawings.scale_labels import rows
    from studio.drawings.scale_ticks import Strip

    ticks = np.arange(60.0, 660.0, 100.0)

    def strip(words, block):
        gray = page(720, 91)
        for x, word in zip(ticks, words, strict=False):
            text(gray, word, x, 35, 0.6)
        cv2.line(gray, (60, 45), (560, 45), INK, 2)
        if block:
            gray[:44, 420:] = INK  # masonry beside the line
        mask = np.where(gray < 128, 255, 0).astype(np.uint8)
        return Strip(gray, mask, (0.0, 0.0), 0.0, 45.0, 2.0, 60.0, 560.0, ticks, np.zeros(6), np.zeros(6))

    front = [strip(["8"] * 4, block=True) for _ in range(100)]  # they stand at their lines better than a bar's figures do
    bar = strip(["0", "", "5", "", "10"], block=False)
    assert any(row.strip is bar for row in rows([*front, bar]))
