"""The lines that run along an elevation: ground, string courses, cornices, eaves and ridge; not courses, tiles or chimneys."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.facade_levels import sides_of
from studio.drawings.paper import runs
from studio.drawings.reading import Box, LevelLine

LINE_SPAN = 0.25  # a level line runs along a quarter of the building at least: sills and lintels do not
PIECE = 0.15  # of the wall's width: sills and lintels of a row of windows are shorter, and do not add up to a line
BROKEN = 0.7  # of a line that passes behind trees and people, or fades, is seen
OVERHANG = 0.06  # of the wall's width by which eaves and cornices stand out at most
STEP = 0.065  # of the building's height: lines that come again at such a distance are courses of stone or rows of tiles
WIDEST = 0.99  # of the outline's width within a group of rows: less is the wavering of its edge
NEAR_EAVES = 0.06  # of the building's height: a cornice, from its lowest moulding to the gutter
CHAIN = 4  # such lines; three are a moulding
STROKE = 0.008  # of the building's height: 10 cm of a house; what is thicker is a band, no line
BAND = 0.05  # of the building's height: a string course is no higher, a cornice may be
TAPER = 0.015  # of the wall's width: a hipped roof is narrower by that 10 cm above its eaves
WAVER = 0.003  # likewise, by which an outline that runs straight up errs
CHIMNEY = 0.12  # of the wall's width: what is narrower and rises at once is a chimney, a finial or a figure


@dataclass(frozen=True)
class _Line:
    """Rows first to last of one line, its ends, the share of the body that it runs along, and where it would be the eaves."""

    first: int
    last: int
    eaves: int
    x0: int
    x1: int
    full: float


def level_lines(mask: np.ndarray, shape: np.ndarray, facade: Box, ground: int) -> tuple[LevelLine, ...]:
    """Ground, floors' string courses, cornices, eaves and ridge, from above to below; of eaves and ridge one each.

    Args:
        mask: uint8 [H, W], 255 = ink; shape: the building's outline, filled; facade: its wall; ground: row.
    """
    top = roof_top(shape, facade[2] - facade[0])
    drawn = [line for line in _drawn(mask, shape, facade, ground) if line.last <= ground - 0.02 * (ground - top)]
    kept = _without_courses(drawn, facade, top, ground - top)
    return _named(kept, facade, top, ground)


def roof_top(shape: np.ndarray, width: int) -> int:
    """The row of the ridge: the top of the outline, uint8 [H, W], without what stands upon it.

    A gable is narrow at its top as well, but rises slowly.
    """
    x, y, w, h = cv2.boundingRect(shape)
    filled = shape[y : y + h, x : x + w] > 0
    tall = np.where(filled.any(0), h - filled.argmax(0), 0).astype(np.float32)
    across = max(3, round(CHIMNEY * width)) | 1
    spread = cv2.copyMakeBorder(tall[None], 0, 0, across, across, cv2.BORDER_REPLICATE)
    broad = cv2.morphologyEx(spread, cv2.MORPH_OPEN, np.ones((1, across), np.uint8))[0, across:-across]
    over = tall - broad
    for first, last in runs(over > 0.003 * w):
        part = over[first:last]
        if np.median(part) > 0.6 * part.max():
            tall[first:last] = broad[first:last]
    return round(y + h - float(tall.max()))


def _drawn(mask: np.ndarray, shape: np.ndarray, facade: Box, ground: int) -> list[_Line]:
    """Every row or group of rows in which ink runs on."""
    y0, y1 = cv2.boundingRect(shape)[1], min(ground + 1, len(mask))
    left, right = sides_of(shape)
    width = max(1, facade[2] - facade[0])
    gap = max(3, width // 80)
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, gap | 1), np.uint8))
    long, parts = np.zeros(len(mask)), np.zeros(len(mask))
    for y in range(y0, y1):
        stretches = [b - a for a, b in runs(joined[y] > 0)]
        long[y] = max(stretches, default=0)
        parts[y] = sum(part for part in stretches if part > PIECE * width)
    body = np.where(left >= 0, right - left + 1, 1)
    rows = np.flatnonzero((long > LINE_SPAN * width) & ((long > 0.55 * body) | (parts > BROKEN * body)))
    near = max(3, round(0.012 * (y1 - y0)))
    lines = []
    for group in np.split(rows, np.flatnonzero(np.diff(rows) > near) + 1) if rows.size else ():
        best = int(group[long[group].argmax()])
        strong = group[long[group] > 0.85 * long[best]]
        tiles = (long[strong] < long[best] - TAPER * width) & (body[strong] < body[strong].max() - WAVER * width)
        strong = strong[strong >= strong[~tiles].min()]  # a roof that grows narrower above its edge is no part of that
        reach = round(OVERHANG * width)
        x0, x1 = _ends(joined, strong, max(0, left[best] - reach), right[best] + reach + 1, width)
        # rows of tiles above the eaves of a hipped roof may join them in one group; only where it is widest does the roof end
        widest = strong[body[strong] >= WIDEST * body[strong].max()]
        full = float(np.clip(long[best] / body[best], 0, 1))
        lines.append(_Line(int(strong.min()), int(strong.max()), int(widest.min()), x0, x1, full))
    return lines


def _ends(joined: np.ndarray, rows: np.ndarray, low: int, high: int, width: int) -> tuple[int, int]:
    """First and last column of a line that may be interrupted: as far as BROKEN of it is seen, or its longest stretch."""
    near = np.asarray(joined[max(0, rows.min() - 1) : rows.max() + 2, low:high].max(axis=0) > 0)
    parts = [(a, b) for a, b in runs(near) if b - a > 0.02 * width]
    if not parts:
        return low, high
    longest = max(range(len(parts)), key=lambda k: parts[k][1] - parts[k][0])
    first = last = longest
    seen = parts[longest][1] - parts[longest][0]
    while True:  # the nearer neighbour first
        options = []
        if first > 0:
            options.append((parts[first][0] - parts[first - 1][1], first - 1))
        if last < len(parts) - 1:
            options.append((parts[last + 1][0] - parts[last][1], last + 1))
        for _, k in sorted(options):
            a, b = min(parts[first][0], parts[k][0]), max(parts[last][1], parts[k][1])
            if seen + parts[k][1] - parts[k][0] > BROKEN * (b - a):
                seen += parts[k][1] - parts[k][0]
                first, last = min(first, k), max(last, k)
                break
        else:
            return low + parts[first][0], low + parts[last][1]


def _without_courses(lines: list[_Line], facade: Box, top: int, high: int) -> list[_Line]:
    """The lines but for those that come again at one small distance, now and then hidden; eaves and ridge stay."""
    ys = [(line.first + line.last) / 2 for line in lines]
    drop: set[int] = set()
    for i in range(len(ys)):
        for j in range(i + 1, len(ys)):
            step = ys[j] - ys[i]
            if step > STEP * high:
                break
            chain = [i, j]
            for k in range(j + 1, len(ys)):
                gap = (ys[k] - ys[chain[-1]]) / step
                if gap > 2.2:
                    break
                if min(abs(gap - 1), abs(gap - 2)) < 0.15:
                    chain.append(k)
            if len(chain) >= CHAIN:
                thick = [lines[k].last - lines[k].first for k in chain]
                # a band is no course
                drop.update(k for k, t in zip(chain, thick, strict=True) if t <= 2 * np.median(thick) + 2)
    slack = 0.015 * high

    def stays(line: _Line) -> bool:
        return line.first - slack < facade[1] < line.last + slack or abs(line.first - top) < slack

    return [line for k, line in enumerate(lines) if k not in drop or stays(line)]


def _eaves(lines: list[_Line], facade: Box, high: int) -> int:
    """Index of the line at the top of the wall, -1 where none is: of several the one that stands out furthest."""
    best = (-1.0, -1)
    for k, line in enumerate(lines):
        off = (
            0.0 if line.first <= facade[1] <= line.last else min(abs(line.first - facade[1]), abs(line.last - facade[1])) / high
        )
        if off < NEAR_EAVES:
            best = max(best, ((line.x1 - line.x0) / max(1, facade[2] - facade[0]) - off, k))
    return best[1]


def _named(lines: list[_Line], facade: Box, top: int, ground: int) -> tuple[LevelLine, ...]:
    high = ground - top
    eaves = _eaves(lines, facade, high)
    ridge = min(((abs(line.first - top), k) for k, line in enumerate(lines)), default=(high, -1))
    found = []
    for k, line in enumerate(lines):
        if k == eaves:
            name, y = "eaves", float(line.eaves)
        elif k == ridge[1] and ridge[0] < 0.03 * high and line.last < facade[1]:
            name, y = "ridge", float(line.first)
        elif line.first < facade[1] + 0.035 * high or line.last - line.first > BAND * high:
            name, y = "cornice", float(line.first)
        else:  # a band's upper edge is the floor
            is_band = line.last - line.first > STROKE * high
            name, y = "string course", float(line.first) if is_band else (line.first + line.last) / 2
        found.append(LevelLine(name, y, float(line.x0), float(line.x1), round(0.4 + 0.6 * line.full, 3)))
    names = {line.name for line in found}
    if "ridge" not in names and facade[1] - top > 0.06 * high:
        found.append(LevelLine("ridge", float(top), float(facade[0]), float(facade[2]), 0.5))
    if "eaves" not in names:
        found.append(LevelLine("eaves", float(facade[1]), float(facade[0]), float(facade[2]), 0.5))
    found.append(LevelLine("ground", float(ground), float(facade[0]), float(facade[2]), 0.9))
    return tuple(sorted(found, key=lambda line: line.y))
