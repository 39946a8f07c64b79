"""Completing the grid that openings form: a cell where none was seen, marked as inferred."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from studio.drawings.facade_openings import Seen
from studio.drawings.reading import Box, ReadOpening

LEAST_SEEN = 0.12  # a cell in which the networks saw next to nothing is bare wall
ROW = 3  # neighbours in the row: fewer are no grid


def completed(seen: Seen, picked: list[int], size: tuple[int, int], found: Sequence[Box] = ()) -> list[ReadOpening]:
    """Cells of the grid that the chosen openings form, where something weak was seen in the right place.

    Args:
        seen: the short list; picked: indices of the openings in it; size: width and height of the drawing.
        found: openings that were found in another way.
    """
    boxes = seen.boxes[picked] if picked else np.zeros((0, 4))
    if len(boxes) < 4:
        return []
    wide, tall = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    middle, foot = (boxes[:, 0] + boxes[:, 2]) / 2, boxes[:, 3]
    added: list[ReadOpening] = []
    taken: list = [tuple(b) for b in boxes] + list(found)
    for y in _clusters(foot, 0.25 * float(np.median(tall))):
        row = np.flatnonzero(np.abs(foot - y) < 0.25 * np.median(tall))
        if len(row) < ROW:
            continue
        w, h = float(np.median(wide[row])), float(np.median(tall[row]))
        if np.abs(wide[row] / w - 1).max() > 0.25:
            continue
        for x in _clusters(middle, 0.5 * w):
            box = (x - w / 2, y - h, x + w / 2, y)
            if any(meet(box, other) for other in taken) or box[0] < 0 or box[2] > size[0]:
                continue
            weak = _seen_there(seen, box)
            if weak > LEAST_SEEN:
                taken.append(box)
                added.append(ReadOpening(whole(box), "window", round(0.3 + 0.4 * weak, 3), inferred=True))
    return added


def meet(a, b) -> bool:
    """Whether two boxes have an area in common."""
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def whole(box) -> Box:
    """A box in whole pixels."""
    return round(box[0]), round(box[1]), round(box[2]), round(box[3])


def _seen_there(seen: Seen, box) -> float:
    """The best score of a box that covers the cell well."""
    b = seen.boxes
    wide = np.maximum(0, np.minimum(b[:, 2], box[2]) - np.maximum(b[:, 0], box[0]))
    inter = wide * np.maximum(0, np.minimum(b[:, 3], box[3]) - np.maximum(b[:, 1], box[1]))
    union = (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) + (box[2] - box[0]) * (box[3] - box[1]) - inter
    return float(np.where(inter > 0.5 * union, seen.scores, 0).max(initial=0))


def _clusters(values: np.ndarray, gap: float) -> list[float]:
    ordered = np.sort(values)
    return [float(np.median(part)) for part in np.split(ordered, np.flatnonzero(np.diff(ordered) > gap) + 1)]
