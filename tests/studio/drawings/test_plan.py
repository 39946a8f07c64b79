"""Walls, openings, columns and rooms of a plan are read where they are drawn, and what is no wall is not taken for one."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from studio.drawings.plan import read_plan
from studio.drawings.reading import Rectified
from studio.drawings.rectify import rectified
from studio.errors import NoDrawingError
from studio.samples.ageing import age, curled, halftoned, show_through
from studio.samples.building import building
from studio.samples.sheets import plan
from studio.samples.villa import villa


def iou(a, b):
    return (a & b).sum() / (a | b).sum()


def centre(box):
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def found(truth, read, within):
    return sum(any(np.hypot(*np.subtract(centre(t), centre(r))) < within for r in read) for t in truth)


def on_sheet(mask, sheet: Rectified, size):
    return cv2.warpPerspective(mask.astype(np.uint8) * 255, sheet.to_sheet, size, flags=cv2.INTER_LINEAR) > 127


def as_scanned(pixels) -> Rectified:
    """Rectified once, so that the scale is not read again for every test."""
    return rectified(pixels)


@pytest.fixture(scope="module")
def ground_plan():
    sheet = plan(building(0), "solid")
    return sheet, read_plan(as_scanned(sheet.image))


def test_solid_walls_are_read_to_the_pixel(ground_plan):
    sheet, reading = ground_plan
    assert reading.style == "solid"
    assert iou(reading.walls, sheet.walls) > 0.985
    assert reading.thickness_px == pytest.approx(building(0).thick * sheet.px_per_m, rel=0.2)


def test_every_gap_in_the_walls_is_an_opening(ground_plan):
    sheet, reading = ground_plan
    truth = [box for _, box in sheet.openings]
    assert found(truth, [o.box for o in reading.openings], 6) == len(truth)
    assert len(reading.openings) <= len(truth) + 1


def test_windows_are_told_from_doors(ground_plan):
    sheet, reading = ground_plan
    for kind, box in sheet.openings:
        read = min(reading.openings, key=lambda o: np.hypot(*np.subtract(centre(o.box), centre(box))))
        assert read.kind == kind


def test_rooms_lie_between_the_walls(ground_plan):
    sheet, reading = ground_plan
    assert len(reading.rooms) == 7  # seven letters stand on this plan
    for room in reading.rooms:
        middle = np.mean(room.outline, axis=0).round().astype(int)
        assert not sheet.walls[middle[1], middle[0]]


@pytest.mark.parametrize("style", ["hollow", "hatched"])
def test_outlined_and_hatched_walls_are_read(style):
    sheet = plan(building(2), style)
    reading = read_plan(as_scanned(sheet.image))
    assert reading.style == style
    assert iou(reading.walls, sheet.walls) > 0.94
    truth = [box for _, box in sheet.openings]
    assert found(truth, [o.box for o in reading.openings], 8) >= len(truth) - 1


@pytest.mark.parametrize(("style", "least"), [("solid", 0.95), ("hollow", 0.93), ("hatched", 0.9)])
def test_a_badly_kept_sheet_is_read_as_well(style, least):
    """Stains, fold, faded ink, skew: mapped back to the sheet as it was scanned, the walls are where they are."""
    sheet = plan(building(1), style)
    aged, matrix = age(sheet.image, 1, 1.0)
    size = (aged.shape[1], aged.shape[0])
    square = rectified(aged)
    truth = cv2.warpPerspective(sheet.walls.astype(np.uint8) * 255, matrix, size, flags=cv2.INTER_LINEAR) > 127
    assert iou(on_sheet(read_plan(square).walls, square, size), truth) > least


def test_curved_and_oblique_walls_and_columns_are_read():
    sheet = plan(villa(3), "solid")
    reading = read_plan(as_scanned(sheet.image))
    assert iou(reading.walls, sheet.walls) > 0.96
    assert len(reading.columns) == len(villa(3).columns)
    truth = [box for _, box in sheet.openings]
    assert found(truth, [o.box for o in reading.openings], 10) >= len(truth) - 3  # of four in curved and oblique walls


def test_a_box_keeps_the_rest_of_the_sheet_out():
    sheet = plan(building(0), "solid")
    two = np.vstack([sheet.image, sheet.image])
    height = sheet.image.shape[0]
    reading = read_plan(as_scanned(two), (0, height, two.shape[1], 2 * height))
    assert not reading.walls[:height].any()
    assert iou(reading.walls[height:], sheet.walls) > 0.97


def test_a_drawing_on_the_back_is_no_wall():
    sheet = plan(building(0), "solid")
    seen = show_through(sheet.image, plan(building(0), "hatched").image[::-1])
    assert iou(read_plan(as_scanned(seen)).walls, sheet.walls) > 0.96


def test_washed_walls_are_read():
    sheet = plan(building(0), "washed")
    reading = read_plan(as_scanned(sheet.image))
    assert iou(reading.walls, sheet.walls) > 0.85
    assert any("washed" in note for note in reading.notes)


def test_a_screen_keeps_tones_and_knows_only_ink_and_paper():
    grey = np.full((200, 200, 3), 128, np.uint8)
    dots = halftoned(grey, 6.0)
    assert dots.mean() == pytest.approx(140, abs=15)
    assert ((dots < 60) | (dots > 230)).mean() > 0.6


def test_a_curled_page_is_laid_flat():
    sheet = plan(building(0), "solid")
    bent, down = curled(sheet.image, 1)
    assert np.abs(down).max() > 3
    square = rectified(bent)
    scale = square.picture.shape[1] / bent.shape[1]
    straight = cv2.resize(sheet.walls.astype(np.uint8) * 255, square.picture.shape[1::-1]) > 127
    assert scale > 1
    assert iou(read_plan(square).walls, straight) > 0.9


def test_a_blank_sheet_has_no_walls():
    with pytest.raises(NoDrawingError, match="No walls"):
        read_plan(np.full((200, 300, 3), 240, np.uint8))


@pytest.mark.parametrize("seed", [61, 62])
def test_windows_of_an_apse_and_of_a_canted_bay_are_found(seed):
    sheet = plan(villa(seed), "solid")
    reading = read_plan(as_scanned(sheet.image))
    assert len([one for one in reading.openings if one.corners is not None]) >= 3  # the apse's, and two sides of the bay
    boxes = [box for kind, box in sheet.openings if kind == "window"]
    assert found(boxes, [one.box for one in reading.openings], 8) == len(boxes)


def test_a_step_under_columns_makes_no_windows():
    hall = np.full((420, 640, 3), 255, np.uint8)
    cv2.rectangle(hall, (60, 60), (580, 360), (30, 30, 30), 22)
    for k in range(4):
        cv2.circle(hall, (230 + 60 * k, 210), 10, (30, 30, 30), -1)
    cv2.line(hall, (230, 210), (410, 210), (30, 30, 30), 1)
    reading = read_plan(as_scanned(hall))
    assert len(reading.columns) == 4
    assert not reading.openings


def test_walls_as_thick_as_rooms_are_not_believed():
    """A block that is black but for its court: its rooms were filled, not its walls."""
    sheet = np.full((500, 700, 3), 255, np.uint8)
    cv2.rectangle(sheet, (100, 60), (600, 440), (30, 30, 30), -1)
    cv2.rectangle(sheet, (220, 130), (480, 370), (255, 255, 255), -1)
    reading = read_plan(as_scanned(sheet))
    assert reading.confidence < 0.5
    assert any("thick as rooms" in note for note in reading.notes)


def test_steps_before_a_hatched_wall_are_no_part_of_it():
    sheet = plan(building(5066), "hatched")
    aged, matrix = age(sheet.image, 5066 * 3)
    square = rectified(aged)
    walls = on_sheet(read_plan(square).walls, square, aged.shape[1::-1])
    truth = cv2.warpPerspective(sheet.covered, matrix, aged.shape[1::-1], flags=cv2.INTER_LINEAR) > 127
    below = np.flatnonzero(walls.any(1)).max() - np.flatnonzero(truth.any(1)).max()
    assert below <= 5  # the sill's line, which touches the wall; the ends of the steps reach twenty pixels further


# ---- real sheets
SAMPLES = Path(os.environ.get("ANASTYLOSIS_SAMPLES", "")) / "drawings"
real = pytest.mark.skipif(not (SAMPLES / "faun_plan.jpg").is_file(), reason="ANASTYLOSIS_SAMPLES is not set")


@real
@pytest.mark.parametrize(("name", "least"), [("faun_plan", 0.95), ("kharaneh-plan", 0.9), ("mirzapore-plan", 0.85)])
def test_the_walls_of_real_plans_are_read(name, least):
    truth = json.loads((SAMPLES / "truth" / f"{name}.json").read_text())
    walls = cv2.imread(str(SAMPLES / "truth" / truth["walls"]["mask"]), cv2.IMREAD_GRAYSCALE) > 127
    rgb = cv2.cvtColor(cv2.imread(str(SAMPLES / truth["file"])), cv2.COLOR_BGR2RGB)
    square = rectified(rgb)
    read = on_sheet(read_plan(square).walls, square, walls.shape[::-1])
    counted = np.ones(walls.shape, bool)
    for x0, y0, x1, y1 in truth["walls"].get("ignore", []):
        counted[y0:y1, x0:x1] = False
    assert iou(read & counted, walls & counted) > least - 0.05  # the truth itself is sure to a pixel or two
