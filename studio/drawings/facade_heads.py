"""How openings end at the top: flat, round or pointed, by the outline that the sheet's edges follow best, row by row.

The reader of openings looks at a small picture and finds boxes; an arch within its box is told apart here, at the sheet's own
size. An outline counts where the tone changes square to it: the courses of a wall run level, and say little of an arch's flank.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from studio.drawings.reading import ReadOpening

WIDE_PX, AROUND = 48, 0.35  # the width to which an opening is brought, and how much is seen around it, in widths
LEAST_PX = 9  # an opening narrower than that shows no head
DOWN = 0.9  # widths of the jambs that are followed
RISES = {"flat": 0.0, "round": 1.0, "low": 0.35, "pointed": 1.55}  # of half the width
SAMPLES = 56  # along an outline
BLUR = 1.2  # pixels at that size: a trembling pen remains within it
STRONG, FAINT = 0.9, 0.03  # the quantile of the edges that is a whole edge, and the least that is one
SHIFTS, SCALES = (-5.0, -2.5, 0.0, 2.5, 5.0), (0.86, 0.93, 1.0, 1.06)  # by which a box may be out, pixels of 48 and shares
SURE, SURE_FLAT = 0.06, 0.03  # by which an arch, and a lintel, must be better drawn than the head that was read
FELLOWS = 0.65  # weight of its row in an opening's own outline: boxes stray one by one, heads of a row are alike
EMPTY, INKED, INSET = 0.02, 200, 0.15  # of its core's pixels, darker than that; the core is so far from the jambs, of the width
ROW, LIKE = 0.3, 0.25  # of their height and of their width: openings that differ by less are one row


def headed(openings: Sequence[ReadOpening], tone: np.ndarray) -> list[ReadOpening]:
    """The same openings with their heads looked at again; a wide one that stands on the ground is an arch where it is round.

    An arch, and no door, is also what shows no leaves, what holds an opening of its own, and what stands in a row of arches.

    Args:
        tone: uint8 [H, W], the sheet, 255 = paper.
    """
    seen = [_scores(tone, one.box) for one in openings]
    out = []
    for one, own in zip(openings, seen, strict=True):
        if own is None:
            out.append(one)
            continue
        row = [other for it, other in zip(openings, seen, strict=True) if other is not None and _are_alike(it, one)]
        mean = own * (1 - FELLOWS) + np.median(row, axis=0) * FELLOWS
        head = _head(dict(zip(RISES, mean.tolist(), strict=True)), one.head)
        kind = {"shop": "arch", "arch": "shop"}.get(one.kind) if (head == "flat") != (one.head == "flat") else None
        if one.kind == "door" and head != "flat" and (is_empty(tone, one.box) or any(_holds(one, it) for it in openings)):
            kind = "arch"
        out.append(replace(one, head=head, kind=kind or one.kind))
    return [replace(one, kind="arch") if _is_of_arcade(one, out) else one for one in out]


def _is_of_arcade(one: ReadOpening, openings: Sequence[ReadOpening]) -> bool:
    """Whether an arched box that was taken for a door has two arches of its size in its row, and more of them than doors."""
    if one.kind != "door" or one.head == "flat":
        return False
    kinds = [it.kind for it in openings if it is not one and _are_alike(it, one)]
    return kinds.count("arch") >= max(2, kinds.count("door") + 1)


def is_empty(tone: np.ndarray, box: Sequence[int]) -> bool:
    """Whether nothing is drawn below the springing of a round-headed box, where leaves and shadows would show.

    Args:
        tone: uint8 [H, W], 255 = paper.
    """
    x0, y0, x1, y1 = box
    inset = round(INSET * (x1 - x0))
    core = tone[y0 + (x1 - x0) // 2 : y1 - inset, x0 + inset : x1 - inset]
    return bool(core.size and (core < INKED).mean() < EMPTY)


def _holds(one: ReadOpening, other: ReadOpening) -> bool:
    """Whether another opening lies in this one."""
    (a, b, c, d), (x0, y0, x1, y1) = one.box, other.box
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    return other is not one and a < x < c and b < y < d and x1 - x0 < c - a and y1 - y0 < d - b


def _head(drawn: dict[str, float], known: str) -> str:
    """The head whose outline is drawn best; the reader's own where none is better by enough.

    A low arch differs little from a lintel within what boxes stray: it keeps a round head that was read, and makes none.
    """
    if known == "round":
        drawn = drawn | {"round": max(drawn["round"], drawn["low"])}
    best = max(("flat", "round", "pointed"), key=drawn.__getitem__)
    return best if drawn[best] > drawn[known] + (SURE_FLAT if best == "flat" else SURE) else known


def _are_alike(one: ReadOpening, other: ReadOpening) -> bool:
    """Whether two openings stand in one row and are of one width."""
    wide, tall = other.box[2] - other.box[0], other.box[3] - other.box[1]
    return abs(one.box[1] - other.box[1]) < ROW * tall and abs(one.box[2] - one.box[0] - wide) < LIKE * wide


def _outline(rise: float) -> np.ndarray:
    """Points and normals of an outline around x = 0 from its crown down, float64 [4, SAMPLES]: x, y, and the normal's x, y."""
    half = WIDE_PX / 2
    across = np.linspace(-1, 1, 81)
    bow = np.zeros(81) if rise == 0 else 1 - np.sqrt(1 - across**2)
    if rise > 1:
        bow = 1 - np.sqrt(np.maximum(4 - (1 + np.abs(across)) ** 2, 0)) / np.sqrt(3)
    points = np.array([(-half, DOWN * WIDE_PX), *zip(half * across, half * rise * bow, strict=True), (half, DOWN * WIDE_PX)])
    way = np.r_[0, np.cumsum(np.hypot(*np.diff(points, axis=0).T))]

    def at(share: np.ndarray) -> np.ndarray:
        return np.array([np.interp(share * way[-1], way, column) for column in points.T])

    place = np.linspace(0.01, 0.99, SAMPLES)
    along = at(place + 0.003) - at(place - 0.003)
    along /= np.hypot(*along)
    return np.vstack([at(place), -along[1], along[0]])


OUTLINES = np.stack([_outline(rise) for rise in RISES.values()])  # float64 [heads, 4, SAMPLES]


def _scores(tone: np.ndarray, box: Sequence[float]) -> np.ndarray | None:
    """How well each head's outline is drawn at a box, float64 [heads], 0…1; None where it is too small to tell."""
    x0, y0, x1, y1 = (float(v) for v in box)
    wide = x1 - x0
    if wide < LEAST_PX or y1 - y0 < 0.6 * wide:
        return None
    factor, margin = WIDE_PX / wide, AROUND * wide
    size = (round((1 + 2 * AROUND) * WIDE_PX), round((1 + 2 * AROUND) * WIDE_PX))
    left, top = max(0, int(x0 - 2 * margin)), max(0, int(y0 - 2 * margin))
    part = tone[top : int(y0 + 2 * wide) + 2, left : int(x1 + 2 * margin) + 2]
    if factor < 0.7:
        part = cv2.GaussianBlur(part, (0, 0), 0.5 / factor)
    move = np.array([[factor, 0, (left + margin - x0) * factor], [0, factor, (top + margin - y0) * factor]])
    near = cv2.warpAffine(part, move, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    near = cv2.GaussianBlur(near / 255, (0, 0), BLUR)
    steps = np.stack([cv2.Sobel(near, cv2.CV_32F, 1, 0, scale=1 / 8), cv2.Sobel(near, cv2.CV_32F, 0, 1, scale=1 / 8)])
    steps /= max(FAINT, float(np.quantile(np.hypot(*steps), STRONG)))
    dx, dy, scale = (v.reshape(-1, 1) for v in np.meshgrid(SHIFTS, SHIFTS, SCALES))
    out = np.zeros(len(OUTLINES))
    for k, (x, y, nx, ny) in enumerate(OUTLINES):
        across = []
        for off in (-1, 0, 1):
            column = np.rint((0.5 + AROUND) * WIDE_PX + dx + scale * x + off * nx).astype(int).clip(0, size[0] - 1)
            row = np.rint(AROUND * WIDE_PX + dy + scale * y + off * ny).astype(int).clip(0, size[1] - 1)
            across.append((steps[0, row, column] * nx + steps[1, row, column] * ny).clip(-1, 1))
        found = np.stack(across)  # [3, shifts, SAMPLES]; a step from wall to opening has one sign all round, a pen line has two
        out[k] = ((np.abs(found).max(0).mean(-1) + np.abs(found.mean(-1)).max(0)) / 2).max()
    return out
