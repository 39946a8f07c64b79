"""Windows above one another share their jambs, those beside one another their heads and sills: a side that strays is set right.

A box may have taken a surround, a hood or an apron for the opening. Where most fellows agree on another place, and a line is
drawn there, the side goes there; where none is drawn, the window is another one and keeps its form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from studio.drawings.facade_candidates import Edges
from studio.drawings.reading import Box, ReadOpening

FELLOWS = 3  # windows of one column or row, itself included: two may both err
NEAR, ALIKE = 0.25, 0.6  # of its size: how far middles of fellows lie apart at most; ratio of the smaller to the larger
STRAYS = 0.35  # of its fellows' size: what lies farther off is no slip
LINE_PX = 2  # how far from the fellows' place its line may be drawn
DRAWN = 0.6  # of the side's length must be a line


def settled(openings: Sequence[ReadOpening], edges: Edges) -> list[ReadOpening]:
    """The openings, sides of windows set to where their fellows have them and the drawing has a line.

    Args:
        edges: of the same drawing, in the same pixels.
    """
    windows = [number for number, one in enumerate(openings) if one.kind == "window" and not one.inferred]
    boxes = np.array([openings[number].box for number in windows], float).reshape(-1, 4)
    found = list(openings)
    for row, number in enumerate(windows):
        box = list(openings[number].box)
        for axis in (0, 1):
            for side, place in _agreed(boxes, row, axis):
                if _is_drawn(edges, box, axis, place):
                    box[side] = place
        if tuple(box) != openings[number].box and box[2] > box[0] and box[3] > box[1]:
            found[number] = replace(openings[number], box=_box(box))
    return found


def fellows(spans: np.ndarray, row: int) -> np.ndarray:
    """Indices of the spans, [N, 2], first to last, of about the length and place of one of them, its own with them."""
    size, middle = spans[:, 1] - spans[:, 0], spans.mean(1)
    own = max(1.0, float(size[row]))
    is_near = np.abs(middle - middle[row]) < NEAR * own
    return np.flatnonzero(is_near & (np.minimum(size, own) > ALIKE * np.maximum(size, own)))


def _agreed(boxes: np.ndarray, row: int, axis: int) -> list[tuple[int, int]]:
    """(side, place) where the fellows of a window have it; axis 0 for jambs and a column, 1 for head and sill and a row."""
    size = boxes[:, axis + 2] - boxes[:, axis]
    alike = fellows(boxes[:, [axis, axis + 2]], row)
    if len(alike) < FELLOWS:
        return []
    found, usual = [], float(np.median(size[alike]))
    for side in (axis, axis + 2):
        place = round(float(np.median(boxes[alike, side])))
        if LINE_PX < abs(place - boxes[row, side]) <= STRAYS * usual:
            found.append((side, place))
    return found


def _is_drawn(edges: Edges, box: list[int], axis: int, place: int) -> bool:
    """Whether a line runs along a side of the box that were at `place`."""
    across = slice(max(0, place - LINE_PX), place + LINE_PX + 1)
    if axis == 0:
        strip = edges.upright[box[1] : box[3], across]
        return bool(strip.size) and float(strip.any(1).mean()) > DRAWN
    strip = edges.level[across, box[0] : box[2]]
    return bool(strip.size) and float(strip.any(0).mean()) > DRAWN


def _box(sides: list[int]) -> Box:
    return sides[0], sides[1], sides[2], sides[3]
