"""Rooms and stairs of a plan: what lies between the walls."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from studio.drawings.plan_ink import PlanInk
from studio.drawings.reading import ReadOpening, Room, Stairs


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
    """Flights: four or more equal thin lines side by side at equal distances.

    Only straight flights along the sheet's axes are found; winders and spirals are not.
    """
    lines = cv2.subtract(ink.faint, cv2.dilate(walls, np.ones((3, 3), np.uint8)))
    found: list[Stairs] = []
    for is_upright in (True, False):
        view = lines if is_upright else lines.T
        found += [Stairs(box if is_upright else (box[1], box[0], box[3], box[2]), n, sure)
                  for box, n, sure in _flights(np.ascontiguousarray(view), thickness)]  # fmt: skip
    return tuple(found)


def _flights(lines: np.ndarray, thickness: float) -> list[tuple[tuple[int, int, int, int], int, float]]:
    """Flights whose treads run down the view: boxes, numbers of treads, confidences."""
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
        found.append((box, len(chosen), float(np.clip(1 - 2 * spread, 0.3, 0.95))))
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
