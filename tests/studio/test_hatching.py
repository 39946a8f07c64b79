"""Shadow strokes leave the ink; joints, mouldings, dentils and voussoirs stay in it."""

import cv2
import numpy as np

from studio.hatching import without_hatching, without_screen

BELOW_SILL = np.s_[104:112, 60:240]


def sheet(draw) -> np.ndarray:
    """Ink of a drawing, float32 [400, 600], made at four times the size so that thin strokes are soft as a pen's."""
    large = np.zeros((1600, 2400), np.uint8)
    draw(large)
    return cv2.resize(large, (600, 400), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def sill(ink: np.ndarray) -> None:
    cv2.line(ink, (200, 408), (1000, 408), 255, 6)
    for x in range(210, 1000, 11):
        cv2.line(ink, (x, 450), (x + 24, 414), 255, 4)


def test_hatching_under_a_sill_goes_and_the_sill_stays():
    before = sheet(sill)
    after = without_hatching(before)
    assert before[BELOW_SILL].std() > 0.12, "there were strokes"
    assert after[BELOW_SILL].std() < 0.25 * before[BELOW_SILL].std()
    assert np.allclose(after[100:103, 60:240], before[100:103, 60:240], atol=0.05)


def test_courses_joints_and_dentils_are_no_hatching():
    def wall(ink: np.ndarray) -> None:
        for row, y in enumerate(range(100, 1500, 40)):
            cv2.line(ink, (100, y), (2300, y), 255, 3)
            for x in range(100 + 60 * (row % 2), 2300, 120):
                cv2.line(ink, (x, y), (x, y + 40), 255, 3)
        for x in range(100, 2300, 28):
            cv2.rectangle(ink, (x, 40), (x + 14, 70), 255, 3)

    ink = sheet(wall)
    assert np.abs(without_hatching(ink) - ink).mean() < 0.01 * ink.mean()


def test_the_joints_of_an_arch_turn_and_are_no_hatching():
    def arch(ink: np.ndarray) -> None:
        for turn in np.linspace(0, np.pi, 60):
            way = np.array((np.cos(turn), -np.sin(turn)))
            inner, outer = (tuple(np.rint(np.array((1200, 900)) + r * way).astype(int).tolist()) for r in (400, 520))
            cv2.line(ink, inner, outer, 255, 8)

    ink = sheet(arch)
    assert np.abs(without_hatching(ink) - ink).mean() < 0.03 * ink.mean()


def test_a_line_that_crosses_the_strokes_is_kept():
    def crossed(ink: np.ndarray) -> None:
        for x in range(200, 1100, 11):
            cv2.line(ink, (x, 800), (x + 240, 440), 255, 4)
        cv2.line(ink, (200, 500), (1400, 740), 255, 8)

    ink = sheet(crossed)
    after = without_hatching(ink)
    on = np.array([after[round(125 + 0.2 * (x - 50)) - 1 : round(125 + 0.2 * (x - 50)) + 2, x].max() for x in range(90, 290)])
    assert (on > 0.5).mean() > 0.8
    assert after[130:190, 100:250].mean() < 0.5 * ink[130:190, 100:250].mean()


def test_the_dots_of_a_screen_go_and_lines_and_dashes_stay():
    def screened(ink: np.ndarray) -> None:
        for row, y in enumerate(range(200, 800, 16)):
            for x in range(200 + 8 * (row % 2), 1000, 16):
                cv2.circle(ink, (x, y), 4, 255, -1)
        cv2.rectangle(ink, (1100, 200), (1700, 800), 255, 6)
        for y in range(240, 800, 24):
            for x in range(1140, 1660, 48):
                cv2.line(ink, (x, y), (x + 30, y), 255, 6)

    ink = sheet(screened)
    after = without_screen(ink)
    assert after[52:198, 52:248].mean() < 0.1 * ink[52:198, 52:248].mean()
    assert np.array_equal(after[:, 270:], ink[:, 270:])
