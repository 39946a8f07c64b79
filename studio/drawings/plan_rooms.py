"""Rooms and stairs of a plan: what lies between the walls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.plan_ink import PlanInk
from studio.drawings.reading import Box, ReadOpening, Room, Stairs

FINEST = 4.5  # pixels from tread to tread: closer lines are a ruling, of hatched masonry above all
FIELD = 4  # pieces of one pitch that lie together: three flights about a well are the most that stairs have


def rooms(walls: np.ndarray, gaps: Sequence[ReadOpening], thickness: float) -> tuple[Room, ...]:
    """Spaces enclosed by walls and openings, the largest first.

    Args:
        walls: uint8 [H, W] 0/255; gaps: openings in them; thickness: of the walls, pixels.
    """
    closed = np.pad(walls, 2)
    for gap in gaps:
        corners = gap.corners or _corners(gap.box)
        cv2.fillConvexPoly(closed, np.rint(np.asarray(corners) + 2).astype(np.int32), 255)
    closed = cv2.morphologyEx(closed, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(255 - closed, connectivity=4)
    found = []
    outside = labels[0, 0]
    for i in range(1, n):
        x, y, w, h, area = stats[i].tolist()
        if i == outside or area < 3 * thickness * thickness or min(w, h) < 1.2 * thickness:
            continue
        part = (labels[y : y + h, x : x + w] == i).astype(np.uint8)
        contours, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        outline = max(contours, key=cv2.contourArea)
        outline = cv2.approxPolyDP(outline, max(1.5, 0.12 * thickness), True).reshape(-1, 2) + np.array([x - 2, y - 2])
        if len(outline) >= 3:
            used = [g.confidence for g in gaps if _touches(g.box, (x - 2, y - 2, x + w, y + h), thickness)]
            sure = float(np.mean(used)) if used else 0.5  # a room without a door is doubtful
            found.append((area, Room(tuple((float(a), float(b)) for a, b in outline), sure)))
    return tuple(room for _, room in sorted(found, key=lambda item: -item[0]))


def _corners(box) -> list[tuple[int, int]]:
    x0, y0, x1, y1 = box
    return [(x0, y0), (x1 - 1, y0), (x1 - 1, y1 - 1), (x0, y1 - 1)]


def _touches(a, b, reach: float) -> bool:
    return a[0] < b[2] + reach and b[0] < a[2] + reach and a[1] < b[3] + reach and b[1] < a[3] + reach


def stairs(ink: PlanInk, walls: np.ndarray, thickness: float) -> tuple[Stairs, ...]:
    """Flights: four or more equal thin lines side by side at equal distances, beside a wall.

    Only straight flights along the sheet's axes are found; winders and spirals are not. The ruling of pools, beds and mats
    is told from treads by where it lies: away from walls, in one field broken into many pieces, or finer than any tread.
    """
    lines = cv2.subtract(ink.faint, cv2.dilate(walls, np.ones((3, 3), np.uint8)))
    found: list[Stairs] = []
    for is_upright in (True, False):
        view, stone = (np.ascontiguousarray(v if is_upright else v.T) for v in (lines, walls))
        flights = [one for one in _flights(view, thickness) if one.pitch > FINEST]
        for one in flights:
            if _is_beside(one.box, stone, 1.5 * thickness) and _pieces(one, flights, 2 * thickness) < FIELD:
                x0, y0, x1, y1 = one.box
                found.append(Stairs(one.box if is_upright else (y0, x0, y1, x1), one.treads, one.confidence))
    return tuple(found)


@dataclass(frozen=True)
class _Flight:
    """A flight whose treads run down the view."""

    box: Box
    treads: int
    pitch: float
    confidence: float


def _is_beside(box: Box, walls: np.ndarray, reach: float) -> bool:
    """Whether a wall stands within reach of a flight."""
    x0, y0, x1, y1 = (round(v) for v in (box[0] - reach, box[1] - reach, box[2] + reach, box[3] + reach))
    return bool(walls[max(0, y0) : y1, max(0, x0) : x1].any())


def _pieces(one: _Flight, flights: Sequence[_Flight], reach: float) -> int:
    """How many flights of one pitch lie together with this one, itself counted, each within reach of another."""
    field, rest = [one], [other for other in flights if other is not one and abs(other.pitch / one.pitch - 1) < 0.15]
    for member in field:
        near = [other for other in rest if _touches(member.box, other.box, reach)]
        field += near
        rest = [other for other in rest if other not in near]
    return len(field)


def _flights(lines: np.ndarray, thickness: float) -> list[_Flight]:
    """Flights whose treads run down the view."""
    least = max(7, round(1.1 * thickness)) | 1
    strokes = cv2.morphologyEx(lines, cv2.MORPH_OPEN, np.ones((least, 1), np.uint8))
    n, _, stats, _ = cv2.connectedComponentsWithStats(strokes)
    treads = [s for s in stats[1:n].tolist() if s[2] < 0.35 * s[3] + 3 and s[3] < 14 * thickness]
    treads.sort()
    found, used = [], set()
    for i, first in enumerate(treads):
        if i in used:
            continue
        row = [i]
        for j in range(i + 1, len(treads)):
            last, other = treads[row[-1]], treads[j]
            step = other[0] + other[2] / 2 - last[0] - last[2] / 2
            if step > 1.2 * first[3]:
                break
            same = abs(other[1] - first[1]) < 0.15 * first[3] + 3 and abs(other[3] - first[3]) < 0.25 * first[3] + 3
            if j not in used and same and step > 2:
                row.append(j)
        at = np.array([treads[k][0] + treads[k][2] / 2 for k in row])
        row_steps = np.diff(at)
        if len(row) < 4:
            continue
        usual = float(np.median(row_steps))
        regular = np.abs(row_steps - usual) < 0.25 * usual + 1
        run = _longest(regular)
        if run[1] - run[0] < 3 or usual > 0.8 * first[3]:
            continue
        chosen = [treads[k] for k in row[run[0] : run[1] + 1]]
        used |= set(row[run[0] : run[1] + 1])
        box = (min(s[0] for s in chosen), min(s[1] for s in chosen), max(s[0] + s[2] for s in chosen),
               max(s[1] + s[3] for s in chosen))  # fmt: skip
        spread = float(np.std(row_steps[run[0] : run[1]]) / usual)
        found.append(_Flight(box, len(chosen), usual, float(np.clip(1 - 2 * spread, 0.3, 0.95))))
    return found


def _longest(flags: np.ndarray) -> tuple[int, int]:
    """Start and end (exclusive) of the longest stretch of True."""
    best, start = (0, 0), 0
    for k, flag in enumerate([*flags.tolist(), False]):
        if not flag:
            if k - start > best[1] - best[0]:
                best = (start, k)
            start = k + 1
    return best
