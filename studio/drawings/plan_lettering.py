"""Titles, legends with their swatches, and names of rooms are no walls: what was read as lettering is taken out of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from studio.drawings.figures import Written
from studio.drawings.reading import Box, PlanReading

SURE = 0.6  # of the recogniser; below it hatching passes for letters
LETTERS = 3  # a wall's end may be read as I or O, and two of them as a short word
LEGEND = 6  # letters of the words beside a swatch; a room's name beside a pier is one letter, or two
AROUND = 0.3  # of a line's height: strokes that stand out of the recogniser's box
INSIDE = 0.6  # of a piece of wall within lettering: then it is a letter, and no wall with a name beside it


def without_lettering(reading: PlanReading, lettering: Sequence[Written]) -> PlanReading:
    """The reading without the walls, openings, columns and stairs that are letters.

    Args:
        reading: of a plan on the same sheet.
        lettering: `figures.words` of the sheet.
    """
    boxes = [_grown(one) for one in lettering if one.confidence >= SURE and sum(c.isalnum() for c in one.text) >= LETTERS]
    if not boxes:
        return reading
    height, width = reading.walls.shape[:2]
    written = np.zeros((height, width), np.uint8)
    for x0, y0, x1, y1 in boxes:
        written[max(0, y0) : y1, max(0, x0) : x1] = 1
    count, labels, facts, _ = cv2.connectedComponentsWithStats(reading.walls.astype(np.uint8), connectivity=8)
    inside = np.bincount(labels[written > 0], minlength=count)
    is_letter = inside >= INSIDE * facts[:, cv2.CC_STAT_AREA]
    is_letter[0] = False
    swatches = _swatches(facts, lettering)
    for k in swatches:
        x, y, w, h = facts[k, :4]
        written[y : y + h, x : x + w] = 1
        is_letter[k] = True
    if not is_letter.any() and not reading.columns and not reading.openings:
        return reading

    def is_drawn(x: float, y: float) -> bool:
        return not written[min(max(int(y), 0), height - 1), min(max(int(x), 0), width - 1)]

    def middle(box: Box) -> tuple[float, float]:
        return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2

    return replace(
        reading,
        walls=reading.walls & ~is_letter[labels],
        openings=tuple(one for one in reading.openings if is_drawn(*middle(one.box))),
        columns=tuple(one for one in reading.columns if is_drawn(*one.center)),
        stairs=tuple(one for one in reading.stairs if is_drawn(*middle(one.box))),
    )


def _swatches(facts: np.ndarray, lettering: Sequence[Written]) -> list[int]:
    """Numbers of the filled boxes of a legend: two or more of one size below each other, each with words right beside it.

    Args:
        facts: int [n, 5], statistics of connected components; the first is the background.
    """
    words = [one for one in lettering if one.confidence >= SURE and sum(c.isalpha() for c in one.text) >= LEGEND]
    found = []
    for k in range(1, len(facts)):
        x, y, w, h, area = facts[k].tolist()
        if area < 0.7 * w * h or not h <= 1.3 * w <= 6 * h:
            continue
        if any(0 <= one.box[0] - x - w < 2.5 * w and abs(one.center[1] - y - h / 2) < 0.8 * h for one in words):
            found.append(k)
    return [k for k in found if any(_is_alike(facts[k], facts[other]) for other in found if other != k)]


def _is_alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two boxes have one size and stand below each other."""
    near = abs(int(a[0]) - int(b[0])) < 0.3 * a[2]
    return near and abs(int(a[2]) - int(b[2])) < 0.25 * a[2] and abs(int(a[3]) - int(b[3])) < 0.35 * a[3]


def _grown(one: Written) -> Box:
    x0, y0, x1, y1 = one.box
    more = AROUND * one.height
    return round(x0 - more), round(y0 - more), round(x1 + more), round(y1 + more)
