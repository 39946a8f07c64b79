"""What openings are to one another: halves and lights of one window are united; keystones, piers, corners, chimneys are none.

The networks see every box with its company, but each for itself. What can be said only of two or three together, once they are
chosen, is said here, of wall as it is built: a corner is wall, and so is what carries two arches or crowns a head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from studio.drawings.facade_levels import sides_of
from studio.drawings.reading import Box, ReadOpening

SAME_SIZE = 0.1  # natural logarithm: two windows of a row differ by a tenth at most
TOUCH = 0.06  # of a window's width: a mullion is no wider; wall between windows is
MULLION = 0.6  # of a light's width: lights of one window stand no farther apart; 0.43 at Thorpe Hall, where this was set
SPAN = 0.1  # of a window's width by which its jambs and those of the window above or below differ
JAMB = 0.1  # of a window's width: a light's glass ends so far within its jamb; what fills an arch of S. Irene's, 0.096
LEVEL = 0.05  # of a window's height by which heads and sills of two halves may differ
STONE, CROWN = 0.45, 0.06  # a keystone's width, of its opening's; how near it stands to the head, of the opening's height
STOUT = 1.6  # its height, of its width; a slit in a tympanum is more slender, as at Ukhaidir, where this was set
SURER = 0.15  # of confidence: so much more is thought of the openings beside a pier
PIER = 0.4  # of the box's width: what is left of a wall between it and its neighbours would carry nothing
CORNER = 0.08  # likewise, between an opening and the end of its wall


def among_others(openings: Sequence[ReadOpening], mass: np.ndarray) -> list[ReadOpening]:
    """The openings without keystones, piers, corners and chimneys, halves and lights of windows united.

    Args:
        openings: chosen, in the pixels of `mass`; mass: uint8 [H, W], the building as one filled shape.
    """
    found = [one for one in united(glazed(openings)) if not reaches_out(one.box, mass)]
    found = [one for one in found if not any(is_keystone(one, other) or is_light(one, other, found) for other in found)]
    return [one for one in found if not is_pier(one, found)]


def glazed(openings: Sequence[ReadOpening]) -> list[ReadOpening]:
    """The openings, with one window in the place of lights side by side that are together as wide as a window of their column.

    A mullioned front is drawn so, floor by floor. Where two columns show it, a light in another column of the row, though its
    fellows were missed, stands for its window as well; one alone may be a coincidence, and stays.
    """
    kept = list(openings)
    for row in _rows_of_lights(openings):
        columns = [(one, [it for it in row if _lies_under(it.box, one.box)]) for one in openings if one not in row]
        if len({_around(lights) for one, lights in columns if _fills(lights, one.box)}) < 2:
            continue
        head, foot = (round(float(np.median([one.box[side] for one in row]))) for side in (1, 3))
        for one, lights in columns:
            if lights and all(it in kept for it in lights):
                sure = max(it.confidence for it in lights)
                kept = [it for it in kept if it not in lights]
                kept.append(replace(lights[0], box=(one.box[0], head, one.box[2], foot), confidence=sure))
    return kept


def united(openings: Sequence[ReadOpening]) -> list[ReadOpening]:
    """The openings, with one in the place of two that touch and together are as large as two or more other windows."""
    kept = list(openings)
    for left in openings:
        for right in openings:
            if left not in kept or right not in kept or not _are_halves(left.box, right.box):
                continue
            a, b = left.box, right.box
            whole: Box = (a[0], min(a[1], b[1]), b[2], max(a[3], b[3]))
            if sum(_are_alike(whole, other.box) for other in openings) < 2:
                continue
            kept = [one for one in kept if one is not right and one is not left]
            kept.append(replace(left, box=whole, confidence=max(left.confidence, right.confidence)))
    return kept


def is_keystone(one: ReadOpening, other: ReadOpening) -> bool:
    """Whether a box stands in the middle of another one's head, and is far narrower."""
    (x0, y0, x1, y1), (a, b, c, d) = one.box, other.box
    wide, tall = c - a, d - b
    is_small = x1 - x0 < STONE * wide and y1 - y0 < min(STONE * tall, STOUT * (x1 - x0))
    is_on_head = abs(y1 - b) < max(3, CROWN * tall) or y0 < b < y1
    return is_small and is_on_head and abs(x0 + x1 - a - c) < 0.2 * wide


def is_light(one: ReadOpening, other: ReadOpening, openings: Sequence[ReadOpening] = ()) -> bool:
    """Whether a box lies in another one and is but a part of it: a leaf, a light, what fills an arch, or a strip at a bar.

    It shares three sides with the other one, or head and foot; or it stands on its sill at a jamb, for wall between a hole
    and the jamb of one around it would have a breadth; or it stands on its sill beside a twin, and tracery lies above both.
    Of a window around two others that are surer than it, this says nothing.

    Args:
        openings: all of them; twins are sought there.
    """
    a, b = np.array(one.box), np.array(other.box)
    if (a[2] - a[0]) * (a[3] - a[1]) >= (b[2] - b[0]) * (b[3] - b[1]):
        return False
    size = np.array([b[2] - b[0], b[3] - b[1]] * 2)
    slack = np.maximum(3.0, TOUCH * size)
    inside = (a[:2] >= b[:2] - slack[:2]).all() and (a[2:] <= b[2:] + slack[2:]).all()
    shared = np.abs(a - b) <= slack
    is_middle = shared[[1, 3]].all() and not shared.all()
    at_jamb = (np.abs(a - b) <= np.maximum(slack, JAMB * size))[[0, 2]].any()
    twins = [it for it in openings if _is_twin(one.box, it.box, other.box)]
    is_surer = all(other.confidence >= it.confidence for it in (one, *twins))
    stands = shared[3] and is_surer and (at_jamb or bool(twins))
    is_half = abs((a[2] - a[0]) / (b[2] - b[0]) - 0.5) < TOUCH
    is_leaf = is_half and shared[3] and shared[[0, 2]].sum() == 1  # under a fanlight it lacks the head
    return bool(inside and (shared.sum() == 3 or is_middle or is_leaf or stands))


def _is_twin(light: Box, it: Box, window: Box) -> bool:
    """Whether another box in the window is as large as the light, stands beside it, and no farther off than a mullion."""
    apart = max(it[0] - light[2], light[0] - it[2])
    slack = max(3.0, LEVEL * (light[3] - light[1]))
    is_level = max(abs(it[1] - light[1]), abs(it[3] - light[3])) <= slack
    is_inside = it[0] >= window[0] - 3 and it[2] <= window[2] + 3 and -slack <= apart <= MULLION * (light[2] - light[0])
    return it != light and is_inside and is_level and _are_alike(light, it, 2)


def is_pier(one: ReadOpening, openings: Sequence[ReadOpening]) -> bool:
    """Whether a box takes all the wall between two openings of which much more is thought, and is unlike both."""
    (x0, y0, x1, y1), wide = one.box, one.box[2] - one.box[0]
    left = right = False
    for other in openings:
        a, b, c, d = other.box
        beside = min(y1, d) - max(y0, b) > 0.5 * min(y1 - y0, d - b)
        if other is one or not beside or other.confidence < one.confidence + SURER:
            continue
        left |= -PIER * wide < x0 - c < PIER * wide
        right |= -PIER * wide < a - x1 < PIER * wide
    return left and right


def reaches_out(box: Box, mass: np.ndarray) -> bool:
    """Whether nothing of the wall is left between a box and the building's outline: corners, piers at its end, and chimneys."""
    x0, y0, x1, y1 = box
    above = mass[: max(1, y0), max(0, x0) : max(1, x1)] > 0
    if above.size and np.median(above.sum(0)) < CORNER * min(x1 - x0, y1 - y0):
        return True
    left, right = sides_of(mass[max(0, y0) : max(1, y1)])
    there = left >= 0
    if not there.any():
        return True
    least = CORNER * (x1 - x0)
    return bool(x0 < np.median(left[there]) + least or x1 > np.median(right[there]) + 1 - least)


def _rows_of_lights(openings: Sequence[ReadOpening]) -> list[list[ReadOpening]]:
    """Rows of four or more windows of one size, from left to right."""
    rows: list[list[ReadOpening]] = []
    for one in sorted((one for one in openings if one.kind == "window"), key=lambda one: one.box[0]):
        for row in rows:
            first = row[0].box
            slack = max(2, LEVEL * (first[3] - first[1]))
            if max(abs(one.box[k] - first[k]) for k in (1, 3)) <= slack and _are_alike(first, one.box, 2):
                row.append(one)
                break
        else:
            rows.append([one])
    return [row for row in rows if len(row) >= 4]


def _lies_under(light: Box, window: Box) -> bool:
    """Whether a light stands above or below a window and within its width, and is no more than half of that."""
    (a, b, c, d), (x0, y0, x1, y1) = light, window
    slack = max(3.0, SPAN * (x1 - x0))
    is_apart = d <= y0 or b >= y1
    return is_apart and a >= x0 - slack and c <= x1 + slack and c - a <= 0.5 * (x1 - x0)


def _fills(lights: list[ReadOpening], window: Box) -> bool:
    """Whether two or more lights, with mullions between them, reach from the one jamb of a window to the other."""
    if len(lights) < 2:
        return False
    x0, _, x1, _ = _around(lights)
    slack = max(3.0, SPAN * (window[2] - window[0]))
    gaps = [b.box[0] - a.box[2] for a, b in pairwise(lights)]
    wide = min(one.box[2] - one.box[0] for one in lights)
    return abs(window[0] - x0) <= slack and abs(window[2] - x1) <= slack and max(gaps) <= MULLION * wide


def _around(group: Sequence[ReadOpening]) -> Box:
    """The box around several openings."""
    sides = np.array([one.box for one in group])
    (x0, y0), (x1, y1) = sides[:, :2].min(0).tolist(), sides[:, 2:].max(0).tolist()
    return x0, y0, x1, y1


def _are_halves(a: Box, b: Box) -> bool:
    """Whether b touches a on its right, from the same sill to the same head."""
    wide, tall = b[2] - a[0], max(a[3] - a[1], b[3] - b[1])
    return (
        abs(b[0] - a[2]) <= max(3, TOUCH * wide)
        and max(abs(a[1] - b[1]), abs(a[3] - b[3])) <= max(3, LEVEL * tall)
        and min(a[2] - a[0], b[2] - b[0]) > 0.3 * wide
    )


def _are_alike(a: Box, b: Box, slack_px: int = 0) -> bool:
    """Whether two boxes are of one size; small ones may differ by as many pixels as they stray."""
    sizes = [np.array((box[2] - box[0], box[3] - box[1]), float) for box in (a, b)]
    ratio = np.abs(np.log(np.maximum(1, sizes[0]) / np.maximum(1, sizes[1])))
    return bool(((ratio < SAME_SIZE) | (np.abs(sizes[0] - sizes[1]) <= slack_px)).all())
