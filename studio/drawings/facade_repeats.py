"""Windows that repeat: where the drawing looks, in a row of windows, as it does at two of them, one was missed.

No box was proposed there, or none was believed; but a draughtsman who draws a window eight times draws it eight times alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import cv2
import numpy as np

from studio.drawings.facade_grid import meet, whole
from studio.drawings.reading import Box, ReadOpening

AROUND = 0.15  # of a window's size: its surround is compared as well, for blank panes are like any wall
ASTRAY = 0.06  # of a window's height by which windows of a row leave their line
SIZE = 0.1  # natural logarithm: two windows of a row differ by a tenth at most
SOFT = 1.5  # pixels of blur: two strokes of one pattern never lie quite alike
ALIKE = 0.7  # correlation with two fellows: missed windows of drawn sheets have 0.84 and more, bare walls of S. Irene 0.58
ALONE, AXIS = 0.8, 0.03  # correlation with a single window, at its mirror image; of the width, by which a front's axis is off
AS_FELLOWS = 0.75  # of what fellows have among one another
SURE = 0.85  # of confidence: what is doubtful once is not sought again
PART, LESS = 0.1, 0.7  # how far, of a window's size, a part of it may reach out; of its area, what is no more than a part
HEARD = 4  # fellows of a row: more tell nothing new


def repeated(openings: Sequence[ReadOpening], gray: np.ndarray) -> list[ReadOpening]:
    """The openings and those that were missed in their rows; a part of a window gives way to the whole.

    Args:
        openings: in the pixels of `gray`, uint8 [H, W].
    """
    soft = cv2.GaussianBlur(gray, (0, 0), SOFT)
    kept = list(openings)
    sure = sorted((one for one in openings if one.confidence > SURE), key=lambda one: -one.confidence)
    for row in rows_of(np.array([one.box for one in sure], float).reshape(-1, 4)):
        for like, there in _likenesses(soft, row):
            box = whole(there)
            rivals = [one for one in kept if meet(one.box, box)]
            if all(_is_part(one.box, box) for one in rivals):
                kept = [one for one in kept if one not in rivals]
                kept.append(ReadOpening(box, "window", round(like, 3)))
    return kept


def _is_part(a: Box, b: Box) -> bool:
    """Whether a lies in b, within a few pixels, and is far smaller."""
    wide, tall = b[2] - b[0], b[3] - b[1]
    inside = min(a[0] - b[0], b[2] - a[2]) > -PART * wide and min(a[1] - b[1], b[3] - a[3]) > -PART * tall
    return inside and (a[2] - a[0]) * (a[3] - a[1]) < LESS * wide * tall


def rows_of(boxes: np.ndarray) -> list[np.ndarray]:
    """Openings of one size on one line, [M, 4] each."""
    left = list(range(len(boxes)))
    found = []
    while left:
        first = boxes[left[0]]
        tall = first[3] - first[1]
        alike = [k for k in left if _is_of_row(boxes[k], first, tall)]
        left = [k for k in left if k not in alike]
        found.append(boxes[alike])
    return found


def _is_of_row(box: np.ndarray, first: np.ndarray, tall: float) -> bool:
    sizes = np.log(np.maximum(1, box[2:] - box[:2]) / np.maximum(1, first[2:] - first[:2]))
    return bool(abs(box[3] - first[3]) < ASTRAY * tall + 2 and (np.abs(sizes) < SIZE).all())


def _likenesses(gray: np.ndarray, row: np.ndarray) -> list[tuple[float, tuple]]:
    """Places of a row where the drawing is like two of its windows, and how alike, 0…1; the most alike first."""
    wide, tall = np.median(row[:, 2:] - row[:, :2], axis=0)
    patches = [p for p in (_patch(gray, box, wide, tall) for box in row) if p is not None][:HEARD]
    slack = round((AROUND + ASTRAY) * tall)
    top, end = max(0, round(np.median(row[:, 1])) - slack), round(np.median(row[:, 3])) + slack
    strip = gray[top:end]
    if not patches or strip.shape[0] < patches[0].shape[0] or strip.shape[1] < patches[0].shape[1]:
        return []
    if len(patches) > 1:
        usual = float(np.median([_correlation(a, b)[0, 0] for a, b in combinations(patches, 2)]))
        least = max(ALIKE, AS_FELLOWS * usual)
        like = np.sort(np.array([_correlation(strip, patch) for patch in patches]), 0)[-2]  # two fellows say so
    else:
        least, like = ALONE, _mirrored(_correlation(strip, patches[0]), row[0], gray.shape[1])
    dx, dy = round(AROUND * wide), top + round(AROUND * tall)
    found = []
    while like.max() >= least:
        y, x = (int(v) for v in np.unravel_index(int(like.argmax()), like.shape))
        found.append((float(like[y, x]), (x + dx, y + dy, x + dx + wide, y + dy + tall)))
        like[:, max(0, x - round(wide)) : x + round(wide) + 1] = -1
    return found


def _mirrored(like: np.ndarray, box: np.ndarray, width: int) -> np.ndarray:
    """A map of correlations, nothing left of it but where the mirror image of a box would stand."""
    wide = box[2] - box[0]
    x = width - box[2] - round(AROUND * wide)
    near = np.abs(np.arange(like.shape[1]) - x) < AXIS * width
    return np.where(near[None], like, -1)


def _patch(gray: np.ndarray, box: np.ndarray, wide: float, tall: float) -> np.ndarray | None:
    """A window and what is around it, of the row's size; None where that leaves the drawing."""
    x0, y0 = round(box[0]) - round(AROUND * wide), round(box[1]) - round(AROUND * tall)
    x1, y1 = x0 + round((1 + 2 * AROUND) * wide), y0 + round((1 + 2 * AROUND) * tall)
    if x0 < 0 or y0 < 0 or x1 > gray.shape[1] or y1 > gray.shape[0] or x1 - x0 < 4 or y1 - y0 < 4:
        return None
    return gray[y0:y1, x0:x1]


def _correlation(place: np.ndarray, patch: np.ndarray) -> np.ndarray:
    """Correlation of a patch with every place where it fits, float32."""
    return np.nan_to_num(cv2.matchTemplate(place, patch, cv2.TM_CCOEFF_NORMED), posinf=0.0, neginf=0.0)
