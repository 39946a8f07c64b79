"""Thin outlined masonry: long bands of paper between two lines, nearly all of one width, with rooms on both sides.

Small plans of pattern books show walls three to five pixels thick. Their lines break and their cells leak, while furniture,
stairs and letters are closed cells too; what tells walls is that one width prevails, in long runs that meet.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.paper import highest
from studio.drawings.plan_ink import NOISE, PlanInk

FINE = 6  # pixels per line of the enlarged sheet: the paper within a thin wall may be narrower than its lines
LARGEST = 6_000_000  # pixels of the enlarged sheet: thin walls stand on small scans
FULL = 0.8  # of full ink: within black there is no line to be told from its neighbour
WIDEST = 3.5  # lines' widths between two lines: a wider wall's cell is closed and read as such
LONG = 5  # widths that a band is long before it tells how thick walls are: treads and letters are shorter
FAIR = 0.15  # of the longest runs of one width: what other widths must reach to be walls as well
FREE = 1.5  # widths of paper beyond a wall's lines; between the treads of a stair there is but one
FLIGHT = 9  # widths of a wall that few stairs are as wide as: beside treads a wall is free on one side, as the last tread is
PANE = 0.7  # of the widest wall: glazing divides a wall into halves or thirds
PIECE = 0.8  # of a wall's width: between the strokes of a hatching each row of paper is shorter
MOSTLY = 0.5  # of a cell that is band: the rest is its corners, stubs and bends
MASS = 2.5  # widths that what hangs together is long, the shortest pier between two doors
LETTER = 8  # widths of a wall: capitals of rooms' names are lower and narrower
WITHIN = 0.75  # of a body of ink that lies along its bands; more of a letter stands out, nothing of a pier does


@dataclass(frozen=True, eq=False)
class Bands:
    """Thin walls: uint8 [H, W] 0/255, faces on the middle of their lines, and the length of the long ones, pixels."""

    body: np.ndarray
    length: float


def bands(ink: PlanInk) -> Bands | None:
    """Walls as bands of one width between two lines, level and upright; None when there is no long band."""
    h, w = ink.dark.shape
    k = int(np.clip(round(FINE / ink.pen), 1, max(1.0, np.sqrt(LARGEST / (h * w)))))
    line, pen = _lines(ink, k)
    gaps = (_gaps(line), np.ascontiguousarray(_gaps(np.ascontiguousarray(line.T)).transpose(0, 2, 1)))
    spans = _prevailing(gaps, pen)
    if not spans:
        return None
    widest, half = spans[-1], 2 * (pen // 2) + 1
    thick = widest[1] + pen
    run, long = np.zeros(line.shape, np.float32), 0.0
    both = [np.zeros_like(line), np.zeros_like(line)]
    for span in spans:
        for axis, gap in enumerate(gaps):
            found = _between(gap, axis, *span, pen, span == widest)
            middle = 0.5 * sum(span)
            long += np.count_nonzero(cv2.morphologyEx(found, cv2.MORPH_OPEN, _along(axis, 4 * (span[1] + pen)))) / middle
            short = cv2.morphologyEx(found, cv2.MORPH_OPEN, _along(axis, (span[1] + pen) // 2))
            run = np.maximum(run, short / np.float32(middle))
            both[axis] |= cv2.dilate(short, _along(1 - axis, half))
    # Walls that end at a wall cut it into pieces, and a corner belongs to neither of its walls.
    joined = [cv2.morphologyEx(m, cv2.MORPH_CLOSE, _along(axis, round(1.5 * thick))) for axis, m in enumerate(both)]
    ends = [cv2.dilate(m, _along(axis, 2 * thick + 1)) for axis, m in enumerate(joined)]
    body = _with_their_cells(joined[0] | joined[1] | (ends[0] & ends[1]), line, widest[1], half)
    body = _without_letters(body, line, thick, half)
    n, labels = cv2.connectedComponents(body)
    kept = np.bincount(labels.ravel(), weights=run.ravel(), minlength=n) > MASS * (spans[0][1] + pen)
    kept[0] = False
    small = cv2.resize(kept[labels].astype(np.uint8) * 255, (w, h), interpolation=cv2.INTER_AREA)
    return Bands(((small > 127) * 255).astype(np.uint8), long / k)


def _lines(ink: PlanInk, k: int) -> tuple[np.ndarray, int]:
    """Lines of the sheet enlarged k times, uint8 0/1, and their width there."""
    h, w = ink.dark.shape
    dark = cv2.resize(ink.dark, (w * k, h * k), interpolation=cv2.INTER_CUBIC)
    pen = max(2, round(ink.pen * k))
    # Between two lines that are blurred into each other there is a valley, though no paper.
    near = np.ones((2 * pen + 1,) * 2, np.uint8)
    middle = 0.5 * (cv2.dilate(dark, near) + cv2.erode(dark, near))
    line = ((dark > np.minimum(middle, FULL)) & (dark > NOISE)).astype(np.uint8)
    return cv2.morphologyEx(line, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)), pen


def _prevailing(gaps: tuple[np.ndarray, np.ndarray], pen: int) -> list[tuple[int, int]]:
    """The widths of paper within walls as (least, greatest), the thinnest walls first; inner walls are often thinner."""
    widths = range(max(3, pen // 2), round(WIDEST * pen) + 1)
    length = np.zeros(len(widths) + 2)  # nothing on both sides
    for i, g in enumerate(widths):
        for axis, gap in enumerate(gaps):
            free = _between(gap, axis, g - 1, g + 1, pen, False)
            length[i + 1] += np.count_nonzero(cv2.morphologyEx(free, cv2.MORPH_OPEN, _along(axis, LONG * (g + pen)))) / g
    step = np.diff((length > FAIR * max(1.0, length.max())).astype(np.int8))
    return [(widths[a], widths[b - 1] + 1) for a, b in zip(np.flatnonzero(step == 1), np.flatnonzero(step == -1), strict=True)]


def _between(gaps: np.ndarray, axis: int, low: int, high: int, pen: int, one_sided: bool) -> np.ndarray:
    """Paper of such a width between two lines, in pieces longer than hatching leaves, with room beyond; uint8 0/1.

    Args:
        gaps: `_gaps` across the band; axis: 0 for level bands, 1 for upright ones.
        one_sided: also long ones with room on one side only, unless they are as narrow as panes.
    """
    gap, *beyond = gaps
    band = ((gap >= low) & (gap <= high)).astype(np.uint8)
    band = cv2.morphologyEx(band, cv2.MORPH_CLOSE, _along(axis, 3))  # a pixel's roughness of a line
    band = cv2.morphologyEx(band, cv2.MORPH_OPEN, _along(axis, round(PIECE * (high + pen))))
    above, below = (other > FREE * high + 1 for other in beyond)
    crossed = _along(axis, 2 * pen + 1)  # treads, jambs and other walls' lines end at a wall
    free = cv2.morphologyEx(band & above & below, cv2.MORPH_CLOSE, crossed)
    if not one_sided:
        return free
    beside = cv2.morphologyEx(band & (gap > PANE * high) & (above | below), cv2.MORPH_CLOSE, crossed)
    return free | cv2.morphologyEx(beside, cv2.MORPH_OPEN, _along(axis, FLIGHT * (high + pen)))


def _along(axis: int, n: int) -> np.ndarray:
    return np.ones((1, n) if axis == 0 else (n, 1), np.uint8)


def _gaps(line: np.ndarray) -> np.ndarray:
    """How high each pixel's column of paper is, and those beyond the lines above and below, int16 [3, H, W]; 0 on lines.

    What is open towards the edge of the sheet is higher than any wall is thick.
    """
    h, w = line.shape
    row = np.arange(h, dtype=np.int16)[:, None]
    far = np.int16(h)

    def last(where: np.ndarray) -> np.ndarray:
        return np.maximum.accumulate(np.where(where, row, np.int16(-1)), axis=0)

    ink, paper = last(line > 0), last(line == 0)
    ink_below = h - 1 - last(line[::-1] > 0)[::-1]
    paper_below = h - 1 - last(line[::-1] == 0)[::-1]
    gap = np.where(line > 0, 0, np.where((ink < 0) | (ink_below >= h), far, ink_below - ink - 1)).astype(np.int16)
    column = np.arange(w)[None]
    around = []
    for to_line, to_paper in ((ink, paper), (ink_below, paper_below)):
        at = to_paper[to_line.clip(0, h - 1), column]
        around.append(np.where((to_line < 0) | (to_line >= h) | (at < 0) | (at >= h), far, gap[at.clip(0, h - 1), column]))
    return np.stack([gap, *around])


def _with_their_cells(body: np.ndarray, line: np.ndarray, high: int, half: int) -> np.ndarray:
    """With the corners, stubs and bends of walls: what else lies in a cell of paper that is mostly band and nowhere wider."""
    n, cells = cv2.connectedComponents(1 - line, connectivity=4)
    inscribed = highest(cv2.distanceTransform(1 - line, cv2.DIST_L2, 5), cells, n)
    share = np.bincount(cells.ravel(), weights=body.ravel(), minlength=n) / np.bincount(cells.ravel(), minlength=n).clip(1)
    # Where walls cross, the circle within them is as wide as their crossing's diagonal.
    chosen = (share > MOSTLY) & (2 * inscribed < np.sqrt(2) * high + 2)
    chosen[0] = False
    return body | cv2.dilate(chosen[cells].astype(np.uint8), np.ones((half, half), np.uint8))


def _without_letters(body: np.ndarray, line: np.ndarray, thick: int, half: int) -> np.ndarray:
    """Without what lies between the strokes of letters: small bodies of ink of which much stands out of the bands."""
    n, inks, facts, _ = cv2.connectedComponentsWithStats(line, connectivity=8)
    along = cv2.dilate(body, np.ones((half + 2, half + 2), np.uint8))
    inside = np.bincount(inks.ravel(), weights=along.ravel(), minlength=n) / facts[:, cv2.CC_STAT_AREA].clip(1)
    letter = (np.maximum(facts[:, 2], facts[:, 3]) < LETTER * thick) & (inside < WITHIN)
    letter[0] = False
    count, parts = cv2.connectedComponents(body)
    drawn = np.bincount(parts.ravel(), weights=line.ravel(), minlength=count)
    written = np.bincount(parts.ravel(), weights=letter[inks].ravel(), minlength=count)
    wall = written <= 0.5 * drawn
    wall[0] = False
    return wall[parts].astype(np.uint8)
