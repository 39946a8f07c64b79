"""Lines that may carry a scale: each is cut out as a level strip, with the ticks that cross it or the fields it is made of."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.paper import ink, runs
from studio.drawings.reading import Point

SHORTEST = 0.07  # of the sheet's longer side: a bar that is shorter measures nothing well
REACH = 0.035  # of the sheet's longer side: how far from a bar its figures stand
MAX_LINES = 160  # the longest ones; a sheet of courses or hatching has thousands


@dataclass(frozen=True, eq=False)
class Strip:
    """A band of the sheet around one line, turned so that the line lies level.

    Attributes:
        gray: uint8 [h, w], 255 = paper; mask: uint8 [h, w], 255 = ink.
        origin: where its top left pixel lies on the sheet; angle: of its rows, in radians, clockwise from the x axis.
        row: middle of the line; thick: how thick it is, in pixels.
        start, end: columns at which the line begins and ends.
        ticks: columns of ticks and of field edges, from left to right; up, down: how far each rises and hangs, in pixels.
    """

    gray: np.ndarray
    mask: np.ndarray
    origin: Point
    angle: float
    row: float
    thick: float
    start: float
    end: float
    ticks: np.ndarray
    up: np.ndarray
    down: np.ndarray

    def on_sheet(self, u: float, v: float) -> Point:
        """A pixel of the strip as a point of the sheet."""
        c, s = math.cos(self.angle), math.sin(self.angle)
        return self.origin[0] + u * c - v * s, self.origin[1] + u * s + v * c


def strips(gray: np.ndarray) -> list[Strip]:
    """Bands around all lines, level, upright or leaning, that at least two ticks or field edges divide.

    Args:
        gray: uint8 [H, W], flattened, 255 = paper.
    """
    found: list[Strip] = []
    for mask in (ink(gray), faint_ink(gray)):
        lines = [*_level(mask), *((tuple(p[::-1]), tuple(q[::-1])) for p, q in _level(np.ascontiguousarray(mask.T)))]
        lines += _leaning(mask)
        for p, q in sorted(lines, key=lambda line: -math.dist(*line))[:MAX_LINES]:
            if any(_same(strip, p, q) for strip in found):
                continue
            strip = _strip(gray, mask, p, q)
            if strip is not None and len(strip.ticks) >= 2:
                found.append(strip)
    return found


def faint_ink(gray: np.ndarray) -> np.ndarray:
    """Ink that is darker than its own neighbourhood, 255 on 0: finds pale lines, and lines on a tinted field."""
    soft = cv2.GaussianBlur(gray, (0, 0), 0.8)
    block = max(15, round(0.02 * max(gray.shape)) | 1)
    return cv2.adaptiveThreshold(soft, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, 14)


def _level(mask: np.ndarray) -> list[tuple[Point, Point]]:
    """Nearly level lines: their ends. A line three pixels thick may lean by three degrees."""
    side = max(mask.shape)
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, 7), np.uint8))
    run = max(24, side // 60)
    long = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    long = cv2.dilate(long, np.ones((3, 9), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(long)
    lines = []
    for i, (x, y, w, h, _) in enumerate(stats[1:], 1):
        if w < SHORTEST * side or h > 0.05 * w + 0.012 * side:
            continue
        own = (labels[y : y + h, x : x + w] == i) & (joined[y : y + h, x : x + w] > 0)
        vs, us = np.nonzero(own)
        if len(us) < run:
            continue
        slope, level = np.polyfit(us, vs, 1)
        if abs(slope) < 0.06:
            lines.append(((x + us.min(), y + level + slope * us.min()), (x + us.max(), y + level + slope * us.max())))
    return [((float(a), float(b)), (float(c), float(d))) for (a, b), (c, d) in lines]


def _leaning(mask: np.ndarray) -> list[tuple[Point, Point]]:
    """Lines that lean by more than three degrees and stand free of the others."""
    side = max(mask.shape)
    small = min(1.0, 1000 / side)
    thin = cv2.resize(mask, None, fx=small, fy=small, interpolation=cv2.INTER_AREA)
    least = round(2 * SHORTEST * side * small)
    lines = cv2.HoughLinesP((thin > 90).astype(np.uint8) * 255, 1, np.pi / 720, 60, minLineLength=least, maxLineGap=4)
    kept: list[tuple[Point, Point]] = []
    for x0, y0, x1, y1 in [] if lines is None else lines.reshape(-1, 4) / small:
        lean = math.degrees(math.atan2(abs(y1 - y0), abs(x1 - x0)))
        if 3 < lean < 87 and not any(_beside(p, q, (x0, y0), (x1, y1)) for p, q in kept):
            kept.append(((float(x0), float(y0)), (float(x1), float(y1))))
        if len(kept) >= 40:
            break
    return kept


def _beside(p: Point, q: Point, a: Point, b: Point) -> bool:
    """Is a–b the same stroke as p–q?"""
    return all(_distance(p, q, end) < 6 for end in (a, b))


def _distance(p: Point, q: Point, end: Point) -> float:
    dx, dy = q[0] - p[0], q[1] - p[1]
    return abs(dx * (end[1] - p[1]) - dy * (end[0] - p[0])) / (math.hypot(dx, dy) + 1e-9)


def _same(strip: Strip, p: Point, q: Point) -> bool:
    """Does p–q run along a line that was taken already, within its ends?"""
    a, b = strip.on_sheet(strip.start, strip.row), strip.on_sheet(strip.end, strip.row)
    if any(_distance(a, b, end) > strip.thick + 3 for end in (p, q)):
        return False
    along = [((e[0] - a[0]) * (b[0] - a[0]) + (e[1] - a[1]) * (b[1] - a[1])) / math.dist(a, b) ** 2 for e in (p, q)]
    return min(along) > -0.05 and max(along) < 1.05


def _strip(gray: np.ndarray, mask: np.ndarray, p: Point, q: Point) -> Strip | None:
    if p[0] > q[0] or (abs(q[0] - p[0]) < 0.05 * abs(q[1] - p[1]) and p[1] > q[1]):
        p, q = q, p
    side, long = max(gray.shape), math.dist(p, q)
    reach = int(np.clip(REACH * side, 45, 130))
    margin = int(0.18 * long + 3 * reach)
    angle = math.atan2(q[1] - p[1], q[0] - p[0])
    c, s = math.cos(angle), math.sin(angle)
    origin = (p[0] - margin * c + reach * s, p[1] - margin * s - reach * c)
    matrix = np.array([[c, -s, origin[0]], [s, c, origin[1]]], np.float64)
    size = (int(long) + 2 * margin, 2 * reach + 1)
    how = cv2.WARP_INVERSE_MAP | (cv2.INTER_LINEAR if abs(math.sin(2 * angle)) > 1e-3 else cv2.INTER_NEAREST)
    flat = cv2.warpAffine(gray, matrix, size, flags=how, borderMode=cv2.BORDER_CONSTANT, borderValue=255)
    dark = (cv2.warpAffine(mask, matrix, size, flags=how, borderMode=cv2.BORDER_CONSTANT, borderValue=0) > 127) * np.uint8(255)
    band = dark[:, margin : margin + int(long)] > 0
    rows = band[max(0, reach - 8) : reach + 9].mean(1)
    core = np.flatnonzero(rows > 0.6 * rows.max())
    if rows.max() < 0.5:
        return None
    row0, row1 = max(0, reach - 8) + int(core.min()), max(0, reach - 8) + int(core.max())
    ticks, up, down = _ticks(dark, row0, row1, margin, margin + int(long))
    fields = _field_edges(band[row0 : row1 + 1]) + margin if row1 - row0 >= 3 else np.empty(0)
    for u in fields:
        if not len(ticks) or np.abs(ticks - u).min() > 3:
            ticks, up, down = np.append(ticks, u), np.append(up, 0.0), np.append(down, 0.0)
    order = np.argsort(ticks)
    return Strip(
        flat,
        dark,
        origin,
        angle,
        (row0 + row1) / 2,
        row1 - row0 + 1.0,
        margin,
        margin + long,
        ticks[order],
        up[order],
        down[order],
    )


def _ticks(dark: np.ndarray, row0: int, row1: int, start: int, end: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns where ink leaves the line, and how far; the ends of the line count as ticks where nothing rises there."""
    a, b = max(0, start - 6), min(dark.shape[1], end + 7)
    least = max(2, round(0.5 * (row1 - row0 + 1)))
    above, below = _leaving(dark[:, a:b] > 0, (row0 + row1) // 2)
    widest = max(7, round(0.02 * (end - start)))
    found: list[tuple[float, float, float]] = []
    for x0, x1 in runs((above >= least) | (below >= least)):
        if x1 - x0 <= widest:
            tall = np.maximum(above[x0:x1], below[x0:x1])
            middle = float(np.average(np.arange(x0, x1), weights=tall**2)) + a
            found.append((middle, float(above[x0:x1].max()), float(below[x0:x1].max())))
    for u in (start, end):
        if not any(abs(u - one[0]) < 5 for one in found):
            found.append((float(u), 0.0, 0.0))
    columns = np.array(found, np.float64).reshape(-1, 3)
    return columns[:, 0], columns[:, 1], columns[:, 2]


def _leaving(dark: np.ndarray, row: int) -> tuple[np.ndarray, np.ndarray]:
    """How far unbroken ink goes above and below the line in each column, measured from the line's own wavering edge."""
    h, columns = dark.shape[0], np.arange(dark.shape[1])
    near = sorted(range(-3, 4), key=abs)
    at = np.full(len(columns), row)
    for step in reversed(near):  # the nearest ink wins
        at = np.where(dark[np.clip(row + step, 0, h - 1), columns], np.clip(row + step, 0, h - 1), at)
    rows = np.arange(h)[:, None]
    top = np.where(~dark & (rows < at), rows + 1, 0).max(0)
    bottom = np.where(~dark & (rows > at), rows, h).min(0) - 1
    on_line = dark[at, columns]
    edge_top, edge_bottom = _rolling_median(np.where(on_line, top, at)), _rolling_median(np.where(on_line, bottom, at))
    return np.where(on_line, np.maximum(0, edge_top - top), 0), np.where(on_line, np.maximum(0, bottom - edge_bottom), 0)


def _rolling_median(values: np.ndarray) -> np.ndarray:
    """Median over the 61 columns around each: wider than a group of close ticks, shorter than a line's wavering."""
    padded = np.pad(values.astype(np.float32), 30, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, 61), axis=1)


def _field_edges(band: np.ndarray) -> np.ndarray:
    """Columns where a bar of several rows turns from dark to light or back, if it is made of such fields."""
    full = band.mean(0) > 0.75
    stretches = [r for r in runs(full) if r[1] - r[0] >= 5]
    if len(stretches) < 2:
        return np.empty(0)
    return np.array([v for r in stretches for v in (r[0], r[1])], np.float64)
