"""Written dimensions: what a piece of lettering measures in metres, and how long that is on the sheet.

Room sizes such as 13'6" × 18'0" are held against the room's own free width and depth; a figure on a dimension line against
the line's ends. A ratio such as 1:400 belongs to the page that was printed and says nothing of a scan's pixels.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from studio.drawings.figures import Written, lines_of
from studio.drawings.paper import runs
from studio.drawings.reading import Point
from studio.drawings.units import metres, named

FEET = r"(\d{1,3})\s*(?:['’′`´‘°.,:ʹ]|ft\.?|feet)\s*(?:-?\s*(\d{1,2})\s*(?:[\"”″“'’′`°º]{0,2}|in\.?))?"
FEET_ONLY = re.compile(rf"^{FEET}$")
BY = r"\s*[x×X*✕хk]\s*"
ROOM_FEET = re.compile(rf"^{FEET}{BY}{FEET}$")
ROOM_METRES = re.compile(rf"^(\d{{1,2}}[.,]\d{{1,2}})\s*m?{BY}(\d{{1,2}}[.,]\d{{1,2}})\s*m?\.?$")
METRES = re.compile(r"^(\d{1,3}[.,]\d{1,2})\s*(m\.?|mètres|metres|M\.?)?$")
RATIO = re.compile(r"\b1\s*[:∶]\s*(\d{2,4})\b")
SIDES = ("width", "depth")
USUAL = 0.35  # share of the lines through a room that must end at the same two walls
LIKE = 0.035  # of the proportions, written and drawn: beyond it the room is no rectangle, or a figure was misread
FOOT, INCH = metres("foot") or 0.3048, metres("inch") or 0.0254


@dataclass(frozen=True)
class Dimension:
    """A written length and where it holds on the sheet.

    Attributes:
        what: "room width", "room depth" or "dimension line".
        text: as it was read.
        metres: what it says.
        p0, p1: the ends on the sheet, in pixels; None when they were not found.
        confidence: 0…1.
        has_unit: False when the figure stands without a unit and metres is one of two possibilities.
    """

    what: str
    text: str
    metres: float
    p0: Point | None
    p1: Point | None
    confidence: float
    has_unit: bool = True

    @property
    def px_per_m(self) -> float | None:
        """Pixels per metre; None while its ends are not known."""
        if self.p0 is None or self.p1 is None:
            return None
        return float(np.hypot(self.p1[0] - self.p0[0], self.p1[1] - self.p0[1])) / self.metres


def room_size(text: str) -> tuple[float, float] | None:
    """Width and depth in metres that a room's lettering gives, or None.

    Feet and inches as `13'6" × 18'0"`, metres as `4,20 × 3,10`. A dot or a comma may stand for the foot's stroke when the
    second number is below twelve inches on both sides, since a scan drops strokes.
    """
    text = text.strip().replace(" ", "").strip(".,")
    if match := ROOM_FEET.match(text):
        (a, b), (c, d) = _feet(match.group(1), match.group(2)), _feet(match.group(3), match.group(4))
        is_metric = re.search(r"[.,]\d{2}", text) and not re.search(r"['’′`´‘°ʹ]", text)
        if is_metric or b >= 12 or d >= 12 or not (2 <= a <= 99 and 2 <= c <= 99):
            return _metric_room(text)
        return a * FOOT + b * INCH, c * FOOT + d * INCH
    return _metric_room(text)


def length(text: str) -> tuple[float, bool] | None:
    """Metres that a lone dimension gives, and whether its unit is written; None when it is no dimension."""
    text = text.strip()
    if match := METRES.match(text):
        return float(match.group(1).replace(",", ".")), match.group(2) is not None
    has_stroke = re.search(r"['’′`´‘ʹ]|ft|feet", text) is not None
    if has_stroke and (match := FEET_ONLY.match(text.replace(" ", ""))):
        feet, inches = _feet(match.group(1), match.group(2))
        return (feet * FOOT + inches * INCH, True) if inches < 12 else None
    if (match := re.match(r"^(\d{1,3}(?:[.,]\d{1,2})?)\s*(\D+)$", text)) and (unit := metres(named(match.group(2)))):
        return float(match.group(1).replace(",", ".")) * unit, True
    return None


def ratio(lettering: Sequence[Written]) -> int | None:
    """The ratio printed on the sheet (400 for 1:400), to be told and never used: the scan's pixels are not the page's."""
    for word in lettering:
        if match := RATIO.search(word.text):
            return int(match.group(1))
    return None


def dimensions(gray: np.ndarray, walls: np.ndarray | None, lettering: Sequence[Written]) -> tuple[Dimension, ...]:
    """All written dimensions of a sheet, with their ends where those were found.

    Args:
        gray: uint8 [H, W], flattened, 255 = paper.
        walls: bool [H, W], True in cut masonry, of the plan on the sheet; None when there is none.
        lettering: `figures.words` of the sheet.
    """
    found: list[Dimension] = []
    for word in lettering:
        if sizes := _sizes(gray, word):
            found += _room(walls, word, sizes)
        elif (one := length(word.text)) is not None and 0.3 <= one[0] <= 500:
            ends = _line_of(gray, word)
            found.append(Dimension("dimension line", word.text, one[0], *(ends or (None, None)), word.confidence, one[1]))
    return tuple(found)


def _sizes(gray: np.ndarray, word: Written) -> list[tuple[float, float]]:
    """What a room's lettering may say: as it was read in the sheet, and as it is read once more, enlarged."""
    if not re.search(r"\d.*[x×X*✕].*\d", word.text):
        return []
    x0, y0, x1, y1 = (round(v) for v in word.box)
    crop = gray[max(0, y0) : y1, max(0, x0) : x1]
    again = lines_of([crop])[0][0] if crop.size and min(crop.shape) > 5 else ""
    return list(dict.fromkeys(size for text in (word.text, again) if (size := room_size(text)) is not None))


def _room(walls: np.ndarray | None, word: Written, sizes: list[tuple[float, float]]) -> list[Dimension]:
    """The two sizes of a room, held against its free width and depth: whichever reading and way round agree best."""
    is_marked = re.search(r"['’′`´‘°ʹm]|ft|feet", word.text) is not None
    if walls is None or not walls.any():
        pairs = zip(SIDES, sizes[0], strict=True)
        return [Dimension(f"room {side}", word.text, m, None, None, word.confidence, is_marked) for side, m in pairs]
    x, y = word.center
    wide = _free(walls, x, y, word.height, level=True)
    deep = _free(walls, x, y, word.height, level=False)
    if wide is None or deep is None:
        return []
    proportion = (wide[1] - wide[0]) / (deep[1] - deep[0])
    both = [pair for size in sizes for pair in (size, size[::-1])]
    width, depth = min(both, key=lambda pair: abs(np.log(proportion / pair[0] * pair[1])))
    if abs(np.log(proportion / width * depth)) > LIKE:
        return []
    return [
        Dimension("room width", word.text, width, (wide[0], y), (wide[1], y), word.confidence, is_marked),
        Dimension("room depth", word.text, depth, (x, deep[0]), (x, deep[1]), word.confidence, is_marked),
    ]


def _free(walls: np.ndarray, x: float, y: float, letter: float, level: bool) -> tuple[float, float] | None:
    """From wall to wall through a point: the most usual run among neighbouring lines, so that a door does not lengthen it."""
    h, w = walls.shape
    reach = max(3, round(6 * letter))
    seen = []
    for offset in range(-reach, reach + 1, max(1, reach // 24)):
        at = round(y if level else x) + offset
        if not 0 <= at < (h if level else w):
            continue
        row = walls[at] if level else walls[:, at]
        here = round(x if level else y)
        seen += [(a, b) for a, b in runs(~row) if a <= here < b and a > 0 and b < len(row)]
    if len(seen) < 5:
        return None
    ends = np.array(seen, np.float64)
    alike = np.all(np.abs(ends[:, None] - ends[None]) <= 2.5, axis=2)
    best = alike[int(alike.sum(1).argmax())]
    if best.sum() < USUAL * len(seen):
        return None
    a, b = ends[best].mean(0)
    return float(a), float(b)


def _line_of(gray: np.ndarray, word: Written) -> tuple[Point, Point] | None:
    """Ends of the level dimension line that a figure stands over, or in a gap of: where ticks or arrows cross it."""
    dark = gray < 170
    x, y = word.center
    h, w = dark.shape
    best: tuple[float, float, int] | None = None
    for row in range(max(0, round(y - 1.2 * word.height)), min(h, round(y + 2.4 * word.height))):
        line = dark[row].copy()
        if abs(row - y) < 0.6 * word.height:  # a figure that interrupts its line
            line[round(word.box[0]) - 3 : round(word.box[2]) + 3] = True
        for a, b in runs(_bridged(line)):
            if a < x < b and (best is None or b - a > best[1] - best[0]):
                best = (float(a), float(b), row)
    if best is None or best[1] - best[0] < 2.5 * (word.box[2] - word.box[0]):
        return None
    left, right, row = best
    ticks = [u for u in range(round(left), min(w, round(right))) if _crosses(dark, u, row, word.height)]
    if not ticks or ticks[0] - left > 0.06 * (right - left) or right - ticks[-1] > 0.06 * (right - left):
        return None
    middle = [float(np.mean([u for u in ticks if abs(u - end) < 4])) for end in (ticks[0], ticks[-1])]
    return (middle[0], float(row)), (middle[1], float(row))


def _bridged(line: np.ndarray) -> np.ndarray:
    """A row of ink with breaks of up to four pixels closed: faded lines are dotted."""
    closed = line.copy()
    for a, b in runs(~line):
        if b - a <= 4 and a > 0 and b < len(line):
            closed[a:b] = True
    return closed


def _crosses(dark: np.ndarray, u: int, row: int, letter: float) -> bool:
    """Does a tick cross the line here? Ink on both sides of it, to at least a fifth of a letter's height."""
    reach = max(3, round(0.2 * letter))
    if row < reach or row + reach >= dark.shape[0]:
        return False
    return bool(dark[row - reach : row, u].all() and dark[row + 1 : row + reach + 1, u].all())


def _feet(feet: str, inches: str | None) -> tuple[int, int]:
    return int(feet), int(inches or 0)


def _metric_room(text: str) -> tuple[float, float] | None:
    match = ROOM_METRES.match(text)
    if match is None:
        return None
    a, b = (float(one.replace(",", ".")) for one in match.groups())
    return (a, b) if 0.5 <= a <= 60 and 0.5 <= b <= 60 else None
