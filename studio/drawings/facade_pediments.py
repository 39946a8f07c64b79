"""Pediments over a façade: two raking lines that meet, a second pair within them, and a level foot at the eaves.

Only a triangle that is drawn twice, as the outer and the inner edge of raking cornices, is one; a hipped roof's arrises do not
meet, a plain gable has one line, and a dormer's foot lies above the eaves. What is in doubt is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np

from studio.drawings.reading import Box, FacadeReading

SIDE_PX = 1600  # longer side of the picture in which lines are sought; a pen of two pixels is left of any usual sheet
SLOPE = (0.14, 1.2)  # rise over half the width: 8° of a flat pediment to 50° of a steep gable
LEAST, MOST = 0.16, 1.12  # of the wall's width: a pediment's own; a window's aedicule is narrower
PIECE = 0.12  # of a raking side: a shorter stretch of line is a hatch or a tile
COVERED = 0.75  # of a raking side is drawn
INNER_COVERED = 0.55  # likewise of the inner edge, on which shadow may lie
ALIKE = 0.06  # by which the slopes of the two sides may differ, in rise over run
FOOT = 0.05  # of the building's height, by which the foot may lie above or below the eaves
PAST = 0.8  # of that: a line that goes on farther below the eaves belongs to a larger roof, whose eaves were misread
NEAR_PX = 2.5  # pixels off a straight line that a piece of it may lie, the pen's two edges included
BAND = (0.035, 0.34)  # breadth of a raking cornice, as a share of the triangle's height
INNER_ALIKE = 0.09  # by which the inner triangle may be flatter or steeper
PAPER = 0.25  # of a line's own darkness, by which it is lighter between the two edges of a cornice: else they are one stroke's
HEAD = 0.5  # of a pediment's height: an opening that begins so close below its foot, and half as wide at least, wears it
EAVES = 0.08  # of the wall's height: the most that its top is read too low, by a cornice that was taken for roof
AT_EAVES = 0.012  # of the building's height: a side that ends so near the eaves stands on them


@dataclass(frozen=True)
class ReadPediment:
    """A pediment as it was read; pixels of the reading's picture.

    Attributes:
        left, apex, right: outer corners.
        band: breadth of the raking cornices, square to them. ledge: height of the strip below the tympanum.
    """

    left: tuple[float, float]
    apex: tuple[float, float]
    right: tuple[float, float]
    band: float
    ledge: float


@dataclass(frozen=True)
class _Rake:
    """A straight line y = at + slope · x with the stretches of it that are drawn, in columns."""

    slope: float
    at: float
    pieces: tuple[tuple[float, float], ...]

    def y(self, x: float) -> float:
        return self.at + self.slope * x

    def covered(self, x0: float, x1: float) -> float:
        """Which share of the columns from x0 to x1 is drawn."""
        total, end = 0.0, x0
        for a, b in sorted(self.pieces):
            total += max(0.0, min(b, x1) - max(a, end, x0))
            end = max(end, b)
        return total / max(x1 - x0, 1e-6)


def eaves_of(reading: FacadeReading) -> float:
    """The row where the roof begins: the line that was read as the eaves, if it lies little above the wall that was seen."""
    _, top, _, bottom = reading.facade or (0, 0, 0, 0)
    lines = [line.y for line in reading.lines if line.name == "eaves" and 0 < top - line.y < EAVES * (bottom - top)]
    return min(lines, default=float(top))


def pediments_of(reading: FacadeReading) -> tuple[ReadPediment, ...]:
    """The pediments that stand on the eaves of a read façade, the broadest first; none where that is unsure."""
    if reading.facade is None or reading.silhouette is None:
        return ()
    x0, _, x1, _ = reading.facade
    eaves = eaves_of(reading)
    ground = reading.ground_y or reading.facade[3]
    top = float(reading.silhouette[:, 1].min())
    if eaves - top < 0.04 * (ground - top):
        return ()
    wide, reach = x1 - x0, FOOT * (ground - top)
    left, right = max(0, round(x0 - 0.1 * wide)), round(x1 + 0.1 * wide)
    low = round(eaves + reach)
    picture = reading.picture[max(0, round(top) - 4) : low, left:right]
    gray = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    scale = min(1.0, SIDE_PX / max(gray.shape))
    if scale < 1:
        gray = cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    corner = np.array((left, max(0, round(top) - 4)), float)
    found = _triangles(gray, wide * scale, (eaves - corner[1]) * scale, reach * scale)
    kept: list[ReadPediment] = []
    for one in sorted((_placed(one, scale, corner) for one in found), key=lambda p: p.left[0] - p.right[0]):
        is_free = all(one.left[0] > other.right[0] or one.right[0] < other.left[0] for other in kept)
        if is_free and not any(_wears(o.box, one) for o in reading.openings):
            kept.append(one)
    return tuple(kept)


def _wears(opening: Box, one: ReadPediment) -> bool:
    """Whether a triangle is the crown of a single opening below it."""
    x0, y0, x1, _ = opening
    foot, wide = one.left[1], one.right[0] - one.left[0]
    is_below = foot - 2 < y0 < foot + HEAD * (foot - one.apex[1])
    return is_below and abs((x0 + x1) / 2 - one.apex[0]) < 0.1 * wide and x1 - x0 > 0.5 * wide


def _triangles(gray: np.ndarray, wide: float, eaves: float, reach: float) -> list[ReadPediment]:
    """Triangles with raking cornices in a picture of what lies above the eaves.

    Args:
        wide: the wall's width. eaves: their row. reach: by which a foot may miss them.
    """
    pieces = _pieces(gray, PIECE * LEAST * wide / 2)
    rising, falling = (_rakes([p for p in pieces if (p[0] < 0) == up]) for up in (True, False))
    found = []
    for left, right in product(rising, falling):
        if abs(left.slope + right.slope) > ALIKE:
            continue
        x = (right.at - left.at) / (left.slope - right.slope)
        tip = (x, left.y(x))
        foot = _foot(left, right, tip, eaves, reach)
        if foot > min(eaves + PAST * reach, len(gray) - NEAR_PX):  # it goes on below the eaves
            continue
        half = (foot - tip[1]) / right.slope
        if not LEAST * wide < 2 * half < MOST * wide or foot - tip[1] < 0.3 * half * SLOPE[0]:
            continue
        ends = (x - half, x + half)
        if min(left.covered(ends[0], x), right.covered(x, ends[1])) < COVERED:
            continue
        band = _band(gray, left, right, rising, falling, tip, half, foot)
        if band is not None:
            found.append(ReadPediment((ends[0], foot), tip, (ends[1], foot), *band))
    return found


def _pieces(gray: np.ndarray, least: float) -> list[tuple[float, float, float, float]]:
    """Slanting stretches of line: slope, row at column 0, first and last column."""
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(gray)[0]
    out = []
    for x0, y0, x1, y1 in [] if found is None else found[:, 0].astype(float):
        if x0 > x1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        slope = (y1 - y0) / max(x1 - x0, 1e-6)
        if SLOPE[0] < abs(slope) < SLOPE[1] and np.hypot(x1 - x0, y1 - y0) > least:
            out.append((slope, y0 - slope * x0, x0, x1))
    return out


def _rakes(pieces: list[tuple[float, float, float, float]]) -> list[_Rake]:
    """Lines of pieces that continue one another, each from its longest piece on."""
    order, out = sorted(pieces, key=lambda p: p[2] - p[3]), []
    while order:
        slope, at = order[0][:2]
        same = [p for p in order if abs(p[0] - slope) < ALIKE
                and all(abs(p[1] + p[0] * x - at - slope * x) < NEAR_PX * np.hypot(1, slope) for x in p[2:])]  # fmt: skip
        out.append(_Rake(slope, at, tuple((p[2], p[3]) for p in same)))
        order = [p for p in order[1:] if p not in same]
    return out


def _foot(left: _Rake, right: _Rake, tip: tuple[float, float], eaves: float, reach: float) -> float:
    """The row where both sides end, near the eaves; the eaves themselves where they end on them, or farther off.

    Args:
        reach: as in `_triangles`.
    """
    ends = [left.y(min(a for a, _ in left.pieces)), right.y(max(b for _, b in right.pieces))]
    lowest = min(ends)
    if lowest > eaves + PAST * reach:
        return lowest
    return lowest if AT_EAVES / FOOT * reach < abs(lowest - eaves) <= reach and lowest > tip[1] else eaves


def _band(
    gray: np.ndarray, left: _Rake, right: _Rake, rising, falling, tip, half: float, foot: float
) -> tuple[float, float] | None:
    """Breadth of the raking cornices, and height of the strip under the tympanum, from the inner edge; None without one."""
    rise, best = foot - tip[1], None
    for inner, other in product(rising, falling):
        if abs(inner.slope + other.slope) > ALIKE or abs(inner.slope - left.slope) > INNER_ALIKE:
            continue
        x = (other.at - inner.at) / (inner.slope - other.slope)
        drop = inner.y(x) - tip[1]
        if not BAND[0] * rise < drop < BAND[1] * rise or abs(x - tip[0]) > 0.04 * half:
            continue
        ends = min(a for a, _ in inner.pieces), max(b for _, b in other.pieces)
        low = min(inner.y(ends[0]), other.y(ends[1]), foot)
        within = (foot - inner.y(x)) / abs(inner.slope) * 0.85
        if min(inner.covered(x - within, x), other.covered(x, x + within)) < INNER_COVERED:
            continue
        if not all(_is_band(gray, outer, within_it, x + side * within, x) for outer, within_it, side in
                   ((left, inner, -1), (right, other, 1))):  # fmt: skip
            continue
        if best is None or drop > best[2]:  # the innermost: mouldings lie between it and the outer edge
            across = drop / np.hypot(1, left.slope)
            best = (across, max(0.0, foot - low), drop)
    return None if best is None else (float(best[0]), float(best[1]))


def _is_band(gray: np.ndarray, outer: _Rake, inner: _Rake, start: float, end: float) -> bool:
    """Whether paper, and not ink, lies between the two edges of a cornice."""
    xs = np.linspace(start, end, 60)[6:-12]  # clear of the foot and of the apex, where all lines meet
    share = np.linspace(-0.25, 1.25, 31)[:, None]
    top, low = (np.array([line.y(x) for x in xs]) for line in (outer, inner))
    rows = np.clip(np.rint(top + share * (low - top)), 0, len(gray) - 1).astype(int)
    columns = np.clip(np.rint(xs), 0, gray.shape[1] - 1).astype(int)
    light = gray[rows, columns[None]].astype(np.float32).mean(1)
    lines, between = max(light[:12].min(), light[-12:].min()), light[8:-8].max()
    return bool(between - lines > PAPER * max(light.max() - light.min(), 1.0))


def _placed(one: ReadPediment, scale: float, corner: np.ndarray) -> ReadPediment:
    def out(point: tuple[float, float]) -> tuple[float, float]:
        x, y = (np.array(point) + 0.5) / scale - 0.5 + corner
        return float(x), float(y)

    return ReadPediment(out(one.left), out(one.apex), out(one.right), one.band / scale, one.ledge / scale)
