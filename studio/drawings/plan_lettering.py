"""Titles, legends and names of rooms are no walls: what was read as lettering is taken out of a plan's reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from studio.drawings.figures import Written
from studio.drawings.reading import Box, PlanReading

SURE = 0.6  # of the recogniser; below it hatching passes for letters
LETTERS = 3  # a wall's end may be read as I or O, and two of them as a short word
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


def _grown(one: Written) -> Box:
    x0, y0, x1, y1 = one.box
    more = AROUND * one.height
    return round(x0 - more), round(y0 - more), round(x1 + more), round(y1 + more)
