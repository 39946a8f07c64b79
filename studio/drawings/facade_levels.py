"""An elevation as a body: its mass on the sheet, its ground, its outline, its wall, its columns."""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.facade_candidates import Edges
from studio.drawings.paper import runs
from studio.drawings.reading import Box
from studio.errors import NoDrawingError

EARTH = 0.05  # of the drawing's height: hatched earth and steps lie under a ground line no deeper; below a course stands wall
BEYOND = 1.15  # times the longest course: a ground line is longer, since it shows the ground beside the house
THICK = 0.02  # likewise: a ground line is no thicker; hatched earth is
DORMERS = 8  # one opening in so many may stand in the roof


# ---- the building on the sheet
def mass_of(mask: np.ndarray) -> np.ndarray:
    """The building as one filled shape, uint8 [H, W] 0/255: ink that stands close together, the largest such group.

    Args:
        mask: uint8 [H, W], 255 = ink or tone.
    Raises: NoDrawingError when nothing covers a hundredth of the sheet.
    """
    reach = max(5, round(0.018 * max(mask.shape))) | 1
    pad = 2 * reach
    closed = cv2.copyMakeBorder(mask, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(closed, cv2.MORPH_CLOSE, np.ones((reach, reach), np.uint8))[pad:-pad, pad:-pad]
    contours, _ = cv2.findContours(np.ascontiguousarray(closed), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=None)
    if largest is None or cv2.contourArea(largest) < 0.01 * mask.size:
        raise NoDrawingError("No building was found on the sheet: no ink stands together over more than a hundredth of it.")
    mass = np.zeros_like(mask)
    cv2.drawContours(mass, [largest], -1, 255, -1)
    return mass


def tinted(tone: np.ndarray) -> np.ndarray:
    """Areas darker than paper, as 255: washes and half-tones; not the browned rim of the sheet."""
    h, w = tone.shape
    dark = cv2.morphologyEx(((tone < 218) * 255).astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(dark)
    margin = 0.03 * min(h, w)
    left, top, right, bottom = stats[:, 0], stats[:, 1], stats[:, 0] + stats[:, 2], stats[:, 1] + stats[:, 3]
    keep = (left > margin / 4) & (top > margin / 4) & (right < w - margin / 4) & (bottom < h - margin / 4)
    keep &= ~((stats[:, 2] > 0.82 * w) & (stats[:, 3] > 0.82 * h) & (stats[:, 4] < 0.06 * stats[:, 2] * stats[:, 3]))
    keep[0] = False
    return np.where(keep[labels], 255, 0).astype(np.uint8)


def ground_of(mask: np.ndarray, mass: np.ndarray) -> int:
    """Row of the ground line, its middle where it is thick: the lowest that is about as long as the building is wide."""
    x, y, w, h = cv2.boundingRect(mass)
    joined = cv2.morphologyEx(mask[y : y + h, x : x + w], cv2.MORPH_CLOSE, np.ones((1, max(3, w // 60) | 1), np.uint8))
    longest = np.array([max((b - a for a, b in runs(row > 0)), default=0) for row in joined])
    rows = np.flatnonzero((longest > 0.6 * w) & (np.arange(h) > 0.45 * h))
    wide = np.flatnonzero((mass[y : y + h, x : x + w] > 0).sum(1) > 0.6 * w)
    foot = int(wide.max()) if wide.size else h - 1
    lines = runs(longest > 0.6 * w)
    if not rows.size or (rows.max() <= foot - EARTH * h and not _runs_beyond(longest, lines)):
        return y + foot
    first, last = lines[-1]
    return y + ((first + last - 1) // 2 if last - first < THICK * h else int(rows.max()))


def _runs_beyond(longest: np.ndarray, lines: list[tuple[int, int]]) -> bool:
    """Whether the lowest line runs beyond the walls, as grounds do and courses do not: what is below it is frame or scale bar.

    Args:
        longest: int [H], the longest stroke of each row; lines: its rows of long ones, from above to below.
    """
    lengths = [int(longest[first:last].max()) for first, last in lines]
    return len(lengths) > 2 and lengths[-1] > BEYOND * max(lengths[:-1])


def outline_of(mass: np.ndarray, ground: int) -> np.ndarray:
    """The building above its ground line as a filled shape, 255 on 0. Raises NoDrawingError when none is left."""
    shape = mass.copy()
    shape[ground + 1 :] = 0
    _, _, w, _ = cv2.boundingRect(shape)
    k = max(3, round(0.014 * w)) | 1
    shape = cv2.morphologyEx(shape, cv2.MORPH_OPEN, np.ones((k, k), np.uint8))  # ground line's ends, railings, stray strokes
    contours, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=None)
    if largest is None:
        raise NoDrawingError("No building was found above the ground line of the sheet.")
    filled = np.zeros_like(mass)
    cv2.drawContours(filled, [largest], -1, 255, -1)
    return _walled(filled, ground)


def _walled(shape: np.ndarray, ground: int) -> np.ndarray:
    """The outline with those places filled that have it above them and on both sides: pale wall under a drawn roof."""
    some = shape > 0
    above = np.maximum.accumulate(some, axis=0)
    left = np.maximum.accumulate(some, axis=1)
    right = np.maximum.accumulate(some[:, ::-1], axis=1)[:, ::-1]
    some |= above & left & right
    some[ground + 1 :] = False
    return np.where(some, 255, 0).astype(np.uint8)


def polygon_of(shape: np.ndarray) -> np.ndarray:
    """The outer edge of a filled shape, float32 [N, 2], true to a few pixels."""
    contours, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea)
    polygon = cv2.approxPolyDP(largest, 0.0018 * cv2.arcLength(largest, True), True)
    return polygon.reshape(-1, 2).astype(np.float32)


def wall_box(shape: np.ndarray, ground: int, openings: list[Box] | None = None) -> Box:
    """The wall: as wide as the lower storey, up to the row where the eaves stand out, or to the top where none do.

    Args:
        shape: uint8 [H, W], the building's outline, filled; ground: row.
        openings: of the building; a row that has many of them above it is no eaves, for roofs have few.
    """
    y0, y1 = cv2.boundingRect(shape)[1], ground
    left, right = sides_of(shape[y0 : y1 + 1])
    low = slice(len(left) // 2, None)
    x0, x1 = float(np.median(left[low])), float(np.median(right[low]))
    wide = right - left
    over = wide - (x1 - x0)
    heads = sorted(b[1] for b in openings or ())
    end = heads[len(heads) // DORMERS] - y0 if heads else len(over)  # the eaves lie above all heads but those of dormers
    end = max(1, min(end, round(0.93 * len(over))))  # the plinth stands out as well
    if not (wide[:end] > 0.96 * (x1 - x0)).any():  # a portal that rises above the eaves of its wings
        end = round(0.93 * len(over))
    overhang = max(float(over[: min(end, len(left) * 2 // 3)].max(initial=0)), 0.012 * (x1 - x0))
    out = np.flatnonzero(over[:end] > 0.6 * overhang)
    full = np.flatnonzero(wide[:end] > 0.96 * (x1 - x0))
    top = y0 + (int(out.max()) if out.size and overhang > 0.015 * (x1 - x0) else int(full.min()) if full.size else 0)
    return round(x0), int(top), round(x1), int(ground)


def sides_of(shape: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last column of a shape in every row, int [H]; −1 in empty rows."""
    filled = shape > 0
    some = filled.any(1)
    left = np.where(some, filled.argmax(1), -1)
    right = np.where(some, filled.shape[1] - 1 - filled[:, ::-1].argmax(1), -1)
    return left, right


# ---- columns
def columns_of(edges: Edges, facade: Box, openings: list[Box]) -> tuple[Box, ...]:
    """Columns and pilasters: slender pairs of upright edges that come again at the same height; never alone.

    Args:
        edges: of the whole sheet; facade: the wall; openings: boxes that are none.
    """
    x0, y0, x1, y1 = facade
    wide, high = x1 - x0, y1 - y0
    part = edges.upright[max(0, y0) : y1, max(0, x0) : x1]
    if not part.size:
        return ()
    shortest = max(12, round(0.18 * high))
    joined = cv2.morphologyEx(part, cv2.MORPH_CLOSE, np.ones((7, 1), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((shortest, 1), np.uint8))
    _, _, stats, centres = cv2.connectedComponentsWithStats(joined)
    lines = [
        (centres[i, 0] + x0, stats[i, 1] + y0, stats[i, 1] + stats[i, 3] + y0) for i in range(1, len(stats)) if stats[i, 2] < 10
    ]
    lines.sort()
    pairs: list[Box] = []
    for i, (a, top, end) in enumerate(lines):
        for b, t, e in lines[i + 1 :]:
            if b - a > 0.07 * wide:
                break
            tall = min(end, e) - max(top, t)
            if 4.5 * (b - a) < tall < 16 * (b - a) and b - a > 0.008 * wide and tall > 0.8 * max(end - top, e - t):
                pairs.append((round(a), int(max(top, t)), round(b), int(min(end, e))))
    kept: list[Box] = []
    for p in sorted(pairs, key=lambda q: -(q[2] - q[0])):
        wide_p = p[2] - p[0]
        level = [q for q in pairs if abs(q[1] - p[1]) < 0.03 * high and abs(q[3] - p[3]) < 0.03 * high]
        alike = [q for q in level if abs(q[2] - q[0] - wide_p) < 0.25 * wide_p and abs(q[0] - p[0]) > 2 * wide_p]
        apart = all(p[2] <= q[0] or p[0] >= q[2] or p[3] <= q[1] or p[1] >= q[3] for q in (*kept, *openings))
        if alike and apart:
            kept.append(p)
    return tuple(sorted(kept))
