"""Where a level lies to a part of a pixel: the middle of the stroke that draws it, or the face of masonry that begins there.

A reader finds the row of a line. Of a storey that is drawn 250 pixels high, one pixel at either end is almost a per cent, and
contradictions are told from 1 % on. Here the picture is asked again, column by column, because paper waves.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from studio.drawings.paper import runs
from studio.drawings.reading import LevelLine
from studio.drawings.views import View

REACH = 6  # pixels above and below the row that was read: readers err by two or three, and a stroke is as many thick
PALE = 40  # of 255 between paper and ink: what differs less is the paper's own grain
ENOUGH = 0.3  # of the columns in which the line is seen; of fewer, the median is of other things that stand there
FACE = 9  # pixels: what is dark for longer is masonry that begins, and no stroke
BESIDE = 0.12  # of a section's width on either side: there its ground line runs on alone
DRAWN = ("string course", "floor", "cornice", "eaves")  # levels that are strokes or faces; a ridge is an outline's top


def exact(view: View) -> View:
    """The view with its level lines where the picture has them; plans and blank pictures stay as they are."""
    if view.kind == "plan":
        return view
    gray = view.rectified.gray

    def there(line: LevelLine) -> LevelLine:
        return replace(line, y=exact_row(gray, line.x0, line.x1, line.y)) if line.name in DRAWN else line

    lines = tuple(there(line) for line in view.reading.lines)  # type: ignore[union-attr]
    if view.kind == "elevation":
        return replace(view, reading=replace(view.front, lines=lines))
    return replace(view, reading=replace(view.cut, lines=lines, floors=tuple(there(line) for line in view.cut.floors)))


def ground_row(view: View) -> float | None:
    """The row of the ground of an elevation or a section; None where none was read.

    Of a section it is the face of its lowest floor where that lies at the ground: a face is drawn half a pen above the masonry
    that it ends, and heights are taken from face to face.
    """
    gray = view.rectified.gray
    if view.kind == "elevation":
        ground, (x0, _, x1, _) = view.front.ground_y, view.wall
        return None if ground is None else exact_row(gray, x0, x1, ground)
    reading = view.cut
    if reading.ground_y is None:
        return None
    near = [line for line in reading.floors if abs(line.y - reading.ground_y) <= REACH / 2]
    if near:
        return exact_row(gray, near[0].x0, near[0].x1, near[0].y)
    columns = np.flatnonzero(reading.walls.any(axis=0))
    if not columns.size:
        return float(reading.ground_y)
    x0, x1 = float(columns[0]), float(columns[-1])
    reach = BESIDE * (x1 - x0)
    beside = [exact_row(gray, a, b, reading.ground_y) for a, b in ((x0 - reach, x0 - 3), (x1 + 3, x1 + reach))]
    return float(np.mean(beside))


def exact_row(gray: np.ndarray, x0: float, x1: float, y: float) -> float:
    """The row of a level line near `y`, or `y` itself where no stroke and no face runs there.

    Args:
        gray: uint8 [H, W], 255 = paper.
        x0, x1: from where to where the line runs, pixels. y: row that was read.
    """
    first, last = round(y) - REACH, round(y) + REACH + 1
    left, right = max(0, round(x0)), min(gray.shape[1], round(x1))
    if first < 0 or last > len(gray) or right - left < 8:
        return float(y)
    # along the line grain and pen are evened out; across it nothing is, for there the row is measured
    dark = 255.0 - cv2.blur(gray[first:last, left:right].astype(np.float32), (9, 1))[:, 4::8]
    found = [row for column in dark.T if (row := _in_column(column)) is not None]
    return first + float(np.median(found)) if len(found) >= ENOUGH * dark.shape[1] else float(y)


def _in_column(dark: np.ndarray) -> float | None:
    """The middle of the stroke nearest to a window's middle, or where masonry begins; None where neither is.

    Args:
        dark: float32 [2 · REACH + 1], 0 = paper.
    """
    low, high = float(dark.min()), float(dark.max())
    if high - low < PALE:
        return None
    half = (low + high) / 2
    first, last = min(runs(dark > half), key=lambda run: abs((run[0] + run[1] - 1) / 2 - REACH))
    if first == 0:
        return None  # it comes from above: no level begins here
    if last == len(dark) or last - first > FACE:
        return first - 1 + float((half - dark[first - 1]) / (dark[first] - dark[first - 1]))
    weight = dark[first - 1 : last + 1] - low
    return float(np.arange(first - 1, last + 1) @ weight / weight.sum())
