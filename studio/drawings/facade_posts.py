"""Oriels: what is dark between posts is no window of its own; the bay is open from its first post to its last.

A row of posts stands before a dark room. Where most of it is swallowed by the dark, the networks see a window in the middle and
take the posts that still show at its sides for wall. Strokes that run from one lintel to one sill, side by side and as close to
one another as posts are, at both sides and equally far, belong to the same opening. A surround has fewer of them, and they do
not reach as far.

The numbers were set on a woodcut of the Queen's Mosque at Mirzapore, and leave seven other real elevations as they were read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from studio.drawings.facade_openings import AXIS, FORM, LEVEL
from studio.drawings.paper import runs
from studio.drawings.reading import Box, ReadOpening

DARK = 110.0  # of 255: the room behind the posts; glass and doors that are paler show what they are
INNER = 0.15  # of the opening's height at its head and foot, where shadows and sills hide how strokes run
CONTRAST = 70.0  # of 255, between a post and the gap beside it
GAP = 0.3  # of the dark's width: posts stand closer than that, or than half of it where they are few; wall is wider
STROKES = 2, 5  # at either side at least, and at both together: a surround of two lines has four
WIDER = 0.2, 1.2  # of the dark's width, at either side: surrounds are narrower, and a room is not darkest in a third of it
UNLIKE = 2.0  # times: the posts at one side reach so much farther than those at the other where they are not the same bay's
ACROSS = 0.75  # of the bay's width over which lintel and sill are drawn


def between_posts(openings: Sequence[ReadOpening], gray: np.ndarray, axis: float) -> list[ReadOpening]:
    """The openings, each dark one between posts widened to the outermost of them, and its mirror image with it.

    A front's two halves are drawn alike: where the posts of one bay are lost, those of the other say how wide it is.

    Args:
        openings: in the pixels of `gray`, uint8 [H, W], 255 = paper; axis: column of the front's middle.
    """
    bays = {k: _widened(one.box, gray) for k, one in enumerate(openings) if one.kind == "window"}
    wide = {k: bay for k, bay in bays.items() if bay is not None}
    for k in [k for k, bay in bays.items() if bay is None]:
        twins = [bay for j, bay in wide.items() if _are_twins(openings[k].box, openings[j].box, axis, gray.shape[1])]
        if twins:
            wide[k] = _as_wide(openings[k].box, twins[0])
    out = list(openings)
    for k, bay in wide.items():
        if not any(_meet(bay, other.box) for other in out if other is not out[k]):
            out[k] = replace(out[k], box=bay)
    return out


def _are_twins(a: Box, b: Box, axis: float, width: int) -> bool:
    """Whether two dark openings stand on one level as mirror images, and are of one size as far as posts let it be seen."""
    off = abs(a[0] + a[2] + b[0] + b[2] - 4 * axis) / 4
    beside = min(a[3], b[3]) - max(a[1], b[1])
    ratio = np.log((a[2] - a[0]) / (b[2] - b[0]))
    return bool(off < AXIS * width and beside > LEVEL * max(a[3] - a[1], b[3] - b[1]) and abs(ratio) < FORM)


def _as_wide(box: Box, bay: Box) -> Box:
    """A box about its own middle, as wide as a bay."""
    x0 = round((box[0] + box[2] - bay[2] + bay[0]) / 2)
    return x0, box[1], x0 + bay[2] - bay[0], box[3]


def _widened(box: Box, gray: np.ndarray) -> Box | None:
    """The bay around a dark opening; None where no posts stand at both of its sides."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    inset, reach = round(INNER * h), round(WIDER[1] * w)
    strip = gray[max(0, y0 + inset) : y1 - inset, max(0, x0 - reach) : x1 + reach].astype(np.float32)
    if w < 4 or strip.shape[0] < 4 or x0 < reach or x1 + reach > gray.shape[1]:
        return None
    profile = strip.mean(0)
    if profile[reach : reach + w].mean() > DARK:
        return None
    sides = _posts(profile[: reach + w // 4][::-1], w), _posts(profile[reach + w - w // 4 :], w)
    left, right = (far - w // 4 for far, _ in sides)
    strokes = [number for _, number in sides]
    if min(strokes) < STROKES[0] or sum(strokes) < STROKES[1] or min(left, right) < WIDER[0] * w:
        return None
    if max(left, right) > UNLIKE * min(left, right):
        return None
    bay = x0 - left, y0, x1 + right, y1
    return bay if _is_spanned(bay, gray) else None


def _posts(profile: np.ndarray, wide: int) -> tuple[int, int]:
    """How far posts reach from within the dark outwards, and how many of them stand in pale gaps' company.

    Args:
        profile: mean tone of columns, from within the dark outwards; wide: of the dark.
    """
    low, high = float(profile.min()), float(np.percentile(profile, 95))
    if high - low < CONTRAST:
        return 0, 0
    far = number = 0
    pale = list(runs(profile > (low + high) / 2))
    for k, (start, end) in enumerate(pale):
        after = pale[k + 1][0] if k + 1 < len(pale) else len(profile)
        if end - start > GAP * wide or end >= len(profile) or (number and after - end > GAP * wide):
            break
        far, number = after, number + 1
    return far, number


def _is_spanned(bay: Box, gray: np.ndarray) -> bool:
    """Whether a lintel at the bay's head and a sill at its foot are drawn over its whole width."""
    x0, y0, x1, y1 = bay
    slack = max(2, round(INNER * (y1 - y0)))
    for y in (y0, y1):
        rows = gray[max(0, y - slack) : y + slack + 1, x0:x1] < 127
        if not rows.size or rows.mean(1).max() < ACROSS:
            return False
    return True


def _meet(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])
