"""The figures and words beside a line that may be a scale: found as groups of marks, read, and understood as numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.figures import can_read_words, lines_of, scores
from studio.drawings.scale_ticks import Strip
from studio.drawings.units import named

# what the recogniser takes a lone figure for, when it sees no word around it
LOOKALIKES = str.maketrans({"O": "0", "o": "0", "Q": "0", "D": "0", "○": "0", "I": "1", "l": "1", "|": "1", "i": "1", "!": "1"})
MOST_ROWS = 10  # rows of marks that are read on one sheet: reading costs a quarter of a second each
BUSY = 0.34  # share of ink beside a line: figures on paper take a tenth, shaded masonry half
NUMBER = re.compile(r"(\d{1,4})(?:[.,·](\d))?")


@dataclass(frozen=True)
class Group:
    """Marks that stand together: box u0, v0, u1, v1 in pixels of the strip, and the boxes of the marks."""

    box: tuple[float, float, float, float]
    marks: tuple[tuple[int, int, int, int], ...]

    @property
    def u(self) -> float:
        """Column of its middle."""
        return (self.box[0] + self.box[2]) / 2

    @property
    def v(self) -> float:
        """Row of its middle."""
        return (self.box[1] + self.box[3]) / 2


@dataclass(frozen=True, eq=False)
class Row:
    """Groups in one row on one side of a strip. `turned` counts quarter turns, counter-clockwise, until they can be read."""

    strip: Strip
    is_above: bool
    groups: tuple[Group, ...]
    height: float
    turned: int = 0

    @property
    def at_ticks(self) -> int:
        """How many groups stand at a tick, each tick counted once."""
        ticks = self.strip.ticks
        if not len(ticks):
            return 0
        nearest = [int(np.abs(ticks - g.u).argmin()) for g in self.groups]
        near = {k for k, g in zip(nearest, self.groups, strict=True) if abs(ticks[k] - g.u) < 0.8 * self.height + 2}
        return len(near)


@dataclass(frozen=True)
class Label:
    """A group as read: column, text, number (None for a word), how sure (0…1), and the group."""

    u: float
    text: str
    value: float | None
    confidence: float
    group: Group


def rows(found: Sequence[Strip]) -> list[Row]:
    """The rows of marks that are worth reading, the most promising first."""
    all_rows = []
    for strip in found:
        is_upright = abs(math.sin(strip.angle)) > 0.8
        for is_above in (True, False):
            if _ink_share(strip, is_above) > BUSY:
                continue
            marks = _marks(strip, is_above)
            all_rows += _rows_of(strip, is_above, marks, (0, 2) if is_upright else (0,))
            if is_upright and (groups := _grouped(marks, across=True)):
                height = float(np.median([g.box[2] - g.box[0] for g in groups]))
                all_rows.append(Row(strip, is_above, tuple(groups), height, 3))
    some = [row for row in all_rows if 2 <= len(row.groups) <= 45 and row.at_ticks >= 2]
    lone = [row for row in all_rows if len(row.groups) == 1 and row.at_ticks == 1]
    # a façade has a hundred rows of strokes that stand at lines as regularly as figures do, but none on empty paper
    some.sort(key=lambda row: -row.at_ticks / len(row.groups) * math.sqrt(row.at_ticks) * _freedom(row))
    ranked = sorted(((_digits(row), k) for k, row in enumerate(some[:60])), key=lambda one: (-one[0], one[1]))
    return [some[k] for likeness, k in ranked[:MOST_ROWS] if likeness > 0.15] + lone[:4]


def _ink_share(strip: Strip, is_above: bool) -> float:
    """How much of the band beside the line is ink."""
    a, b = int(strip.start), int(strip.end)
    rows_ = slice(0, int(strip.row - strip.thick / 2)) if is_above else slice(int(strip.row + strip.thick / 2) + 1, None)
    return float(strip.mask[rows_, a:b].mean() / 255)


def _digits(row: Row) -> float:
    """How many groups at ticks look like figures, all of one height; rows of strokes that could all be a 1 count little."""
    ticks, total, ones, sure = row.strip.ticks, 0, 0, 0.0
    for group in row.groups:
        if np.abs(ticks - group.u).min() > 0.8 * row.height + 2 or len(group.marks) > 4:
            continue
        text, score = _by_templates(row, group)
        total += 1
        sure += max(0.0, score - 0.35) if "?" not in text else 0.0
        ones += set(text) <= {"1"}
    if not total:
        return 0.0
    return 2 * sure * (1 - ones / total) * _freedom(row) * total / len(row.groups)


def _freedom(row: Row) -> float:
    """How empty the paper beside the line is, 0…1, squared: a scale stands on empty paper."""
    return max(0.0, 1 - _ink_share(row.strip, row.is_above) / BUSY) ** 2


def _marks(strip: Strip, is_above: bool, widest: float = 3.5) -> list[tuple[int, int, int, int]]:
    """Boxes u, v, w, h of the marks on one side of the line that could be figures: at most `widest` times as wide as high."""
    half = int(strip.thick / 2) + 1
    a, b = (0, int(strip.row) - half) if is_above else (int(strip.row) + half + 1, strip.mask.shape[0])
    if b - a < 8:
        return []
    band = strip.mask[a:b].copy()
    for u, up, down in zip(strip.ticks, strip.up, strip.down, strict=True):  # ticks that a figure may touch
        reach = int(up if is_above else down)
        if reach:
            left, right = max(0, int(u) - 2), int(u) + 4
            band[b - a - reach - half :, left:right] = 0 if is_above else band[b - a - reach - half :, left:right]
            if not is_above:
                band[: reach + half, left:right] = 0
    _, _, stats, _ = cv2.connectedComponentsWithStats(band)
    tallest = 0.85 * (b - a)
    return [
        (int(x), int(y) + a, int(w), int(h))
        for x, y, w, h, area in stats[1:]
        if max(w, h) >= 4 and 5 <= h <= tallest and w <= widest * h + 6 and area > 5
    ]


def _grouped(marks: list[tuple[int, int, int, int]], across: bool = False) -> list[Group]:
    """Marks that stand close beside each other; `across`: the lettering runs across the strip."""
    if across:
        marks = [(v, u, h, w) for u, v, w, h in marks]
    groups: list[list[tuple[int, int, int, int]]] = []
    for mark in sorted(marks):
        for group in reversed(groups[-6:]):
            last = max(group, key=lambda m: m[0] + m[2])
            tall = max(m[3] for m in group)
            gap = mark[0] - (last[0] + last[2])
            alike = abs(mark[1] + mark[3] / 2 - last[1] - last[3] / 2) < 0.4 * max(tall, mark[3])
            if alike and gap < 0.42 * max(tall, mark[3]) and 0.45 < mark[3] / tall < 2.2:
                group.append(mark)
                break
        else:
            groups.append([mark])
    found = []
    for group in groups:
        if across:
            group = [(v, u, h, w) for u, v, w, h in group]
        u0, v0 = min(m[0] for m in group), min(m[1] for m in group)
        u1, v1 = max(m[0] + m[2] for m in group), max(m[1] + m[3] for m in group)
        found.append(Group((u0, v0, u1, v1), tuple(group)))
    return found


def _rows_of(strip: Strip, is_above: bool, marks, turns: tuple[int, ...]) -> list[Row]:
    """Groups sorted into rows: alike in height and in level."""
    groups = _grouped(marks)
    taken: set[int] = set()
    found = []
    while len(taken) < len(groups):
        best: list[int] = []
        for i, a in enumerate(groups):
            if i in taken:
                continue
            tall = a.box[3] - a.box[1]
            alike = [
                j
                for j, b in enumerate(groups)
                if j not in taken and abs(b.v - a.v) < 0.5 * tall and 0.55 < (b.box[3] - b.box[1]) / tall < 1.8
            ]
            if len(alike) > len(best):
                best = alike
        taken.update(best)
        row = sorted((groups[j] for j in best), key=lambda g: g.u)
        height = float(np.median([g.box[3] - g.box[1] for g in row]))
        found += [Row(strip, is_above, tuple(row), height, turn) for turn in turns]
        if len(found) >= 4 * len(turns):
            break
    return found


def read(row: Row) -> list[Label]:
    """The row's groups as labels, from left to right of the strip."""
    crops = [np.ascontiguousarray(np.rot90(_cut(row.strip, g.box), row.turned)) for g in row.groups]
    texts = lines_of(crops) if can_read_words() else [_by_templates(row, g) for g in row.groups]
    return [
        Label(_middle(row, g, text), text, number(text), sure if number(text) is not None else 0.0, g)
        for g, (text, sure) in zip(row.groups, texts, strict=True)
    ]


def _middle(row: Row, group: Group, text: str) -> float:
    """Column of the figure's middle, a unit that is joined to it left out."""
    digits = len(text) - len(text.lstrip("0123456789O"))
    if row.turned or not digits or digits == len(text) or len(group.marks) <= digits:
        return group.u
    own = sorted(group.marks)[:digits]
    return (own[0][0] + own[-1][0] + own[-1][2]) / 2


def number(text: str) -> float | None:
    """The number that a label shows, or None: a unit may follow it, anything else may not."""
    text = text.strip().strip(".,·'`’:;-_~°*()[] ")
    match = NUMBER.match(text.translate(LOOKALIKES) if not NUMBER.match(text) else text.replace("O", "0").replace("o", "0"))
    if match is None:
        return None
    rest = text[match.end() :].strip()
    if rest and (named(rest) is None or any(c.isdigit() for c in rest)):
        return None
    if not any(c.isdigit() for c in text) and len(text) > 2:
        return None  # a word of letters that look like figures
    return float(f"{match.group(1)}.{match.group(2) or 0}")


def words_after(row: Row, group: Group) -> str:
    """The lettering that follows a figure in its row, read as one line: the unit, if there is one."""
    rightwards = row.turned != 2
    u = group.box[2] + 0.5 if rightwards else group.box[0] - 0.5
    strip, tall = row.strip, row.height
    level = float(np.median([g.v for g in row.groups]))
    marks = [m for m in _marks(strip, row.is_above, widest=14) if abs(m[1] + m[3] / 2 - level) < 0.9 * tall]
    edge, box = u, None
    for x, y, w, h in sorted(marks) if rightwards else sorted(marks, key=lambda m: -(m[0] + m[2])):
        gap = x - edge if rightwards else edge - (x + w)
        if gap < -0.2 * tall:
            continue
        if gap > (4.0 if box is None else 1.6) * tall:
            break
        edge = x + w if rightwards else x
        box = (x, y, x + w, y + h) if box is None else (min(box[0], x), min(box[1], y), max(box[2], x + w), max(box[3], y + h))
    if box is None:
        return ""
    crop = _cut(strip, box)
    if can_read_words():
        return lines_of([np.ascontiguousarray(np.rot90(crop, row.turned))])[0][0]
    first = scores(crop[:, : max(4, round(1.3 * crop.shape[0]))])
    digit = max(v for s, v in first.items() if s.isdigit())
    return "m" if max(first["m"], first["M"]) > max(0.42, digit + 0.15) else ""


def _cut(strip: Strip, box: tuple[float, float, float, float]) -> np.ndarray:
    """The strip's gray picture inside a box, one pixel wider, without the ink that belongs to the line."""
    u0, v0, u1, v1 = (int(v) for v in box)
    return strip.gray[max(0, v0 - 1) : v1 + 1, max(0, u0 - 1) : u1 + 1]


def _by_templates(row: Row, group: Group) -> tuple[str, float]:
    """The group's figures by comparison with printed digits; "?" for a mark like none."""
    text, worst = "", 1.0
    for u, v, w, h in (
        sorted(group.marks, reverse=row.turned == 2) if row.turned != 3 else sorted(group.marks, key=lambda m: -m[1])
    ):
        likeness = scores(np.rot90(row.strip.gray[v : v + h, u : u + w], row.turned))
        ranked = sorted(((score, sign) for sign, score in likeness.items() if sign.isdigit()), reverse=True)
        text += ranked[0][1] if ranked[0][0] > 0.55 and ranked[0][0] - ranked[1][0] > -0.02 else "?"
        worst = min(worst, ranked[0][0])
    return text, max(0.0, float(worst))
