"""The north point of a plan: an arrow or a star beside the letter N, or an arrow through a circle.

Where the letter stands at one end of the symbol, it says which end is north; an arrow without a letter is believed only when it
runs through a circle and one of its ends is a head. What is not found is not guessed: a plan's top is no north.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.figures import Written, lines_of
from studio.drawings.paper import ink
from studio.drawings.reading import Box, Point, Rectified
from studio.errors import DrawingError

WORK_PX = 1600  # of the sheet's longer side: letters of a north point are at least ten pixels high then
SMALLEST, LARGEST = 0.022, 0.22  # of the sheet's longer side: symbols; bars and borders are longer
LETTER = (0.006, 0.05)  # of the sheet's longer side: heights of the letter
WORDS = {"N", "NORD", "NORTH", "NORTE", "NOORD", "MAGNETICNORTH", "TRUENORTH", "MN", "TN"}
SURE = 0.6  # of the recogniser, for one letter alone
DISC = 0.13  # of the symbol's length: a circle holds a disc of this radius; a shaft and its head do not
RING = 0.75  # of a circle's way round on which there is ink, and none within: the arrow's own strokes cross it
HEAD = 0.035  # of the length: a head widens by more from its tip than a shaft with feathers does


class NorthError(DrawingError):
    """A direction of north that is none."""


@dataclass(frozen=True)
class North:
    """Where north is.

    Attributes:
        degrees: clockwise from the top of the picture (or sheet) that it belongs to, 0 … 360.
        confidence: 0…1.
        tail, tip: ends of the symbol in pixels; None where a person said it.
        source: "letter", "arrow" or "person".
    """

    degrees: float
    confidence: float
    tail: Point | None = None
    tip: Point | None = None
    source: str = "letter"


@dataclass(frozen=True, eq=False)
class Symbol:
    """A candidate: its longest chord, length, whether it holds a circle, its ink [N, 2] and its box."""

    ends: tuple[np.ndarray, np.ndarray]
    length: float
    is_round: bool
    points: np.ndarray
    box: Box


def carried(degrees: float, sheet: Rectified) -> float:
    """A direction of the rectified picture as one of the sheet as it was scanned: degrees clockwise from its top."""
    height, width = sheet.gray.shape
    middle, angle = np.array([width / 2, height / 2]), np.deg2rad(degrees)
    ends = sheet.on_sheet(np.array([middle, middle + 50 * np.array([np.sin(angle), -np.cos(angle)])]))
    return bearing(*map(tuple, ends))


def given(degrees: float, sheet: Rectified) -> North:
    """What a person said of the scanned sheet, in the rectified picture. Raises: NorthError."""
    if not np.isfinite(degrees) or abs(degrees) > 360:
        raise NorthError(f"North at {degrees}°: give degrees clockwise from the top of the sheet, 0 to 360.")
    return North(float((degrees - carried(0.0, sheet)) % 360), 1.0, source="person")


def sentence(degrees: float, confidence: float, source: str) -> str:
    """For a person: where north lies on the sheet and who says so."""
    who = {"person": "as given", "letter": f"by the letter N beside its arrow or star (confidence {confidence:.2f})"}
    said = who.get(source, f"by an arrow through a circle, without a letter (confidence {confidence:.2f})")
    return f"North lies {degrees:.0f}° clockwise from the top of the sheet, {said}."


def bearing(tail: Point, tip: Point) -> float:
    """Degrees clockwise from the top of the picture, 0 … 360."""
    return float(np.degrees(np.arctan2(tip[0] - tail[0], tail[1] - tip[1])) % 360)


def north(gray: np.ndarray, lettering: Sequence[Written], walls: np.ndarray) -> North | None:
    """The north point of a sheet, or None.

    Args:
        gray: uint8 [H, W], 255 = paper. lettering: `figures.words` of the sheet.
        walls: bool [H, W] of its plans; what stands within their hull is no north point.
    """
    k = min(1.0, WORK_PX / max(gray.shape))
    size = round(gray.shape[1] * k), round(gray.shape[0] * k)
    small = cv2.resize(gray, size, interpolation=cv2.INTER_AREA) if k < 1 else gray
    mask = cv2.subtract(ink(small), _built(cv2.resize(walls.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)))
    side = max(mask.shape)
    marks = _marks(mask, side)
    found = [one for one in (_told(s, marks, small, lettering, k, side) for s in _symbols(mask, side)) if one]
    if not found:
        return None
    best = max(found, key=lambda one: one.confidence)
    if any(one.confidence > best.confidence - 0.05 and _apart(one.degrees, best.degrees) > 10 for one in found):
        return None  # two symbols that disagree: neither is believed
    tail, tip = (((p[0] + 0.5) / k - 0.5, (p[1] + 0.5) / k - 0.5) for p in (best.tail, best.tip) if p is not None)
    return North(best.degrees, best.confidence, tail, tip, best.source)


def _apart(a: float, b: float) -> float:
    return abs((a - b + 180) % 360 - 180)


def _built(walls: np.ndarray) -> np.ndarray:
    """What lies within the hull of the building, uint8 0/255: columns in circles and lettered piers stand there."""
    inside = np.zeros_like(walls)
    outlines = cv2.findContours(walls, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    if outlines:
        cv2.fillConvexPoly(inside, cv2.convexHull(np.concatenate(outlines)), 255)
    return inside


def _symbols(mask: np.ndarray, side: int) -> list[Symbol]:
    """Compact groups of ink of the size of a north point."""
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    found = []
    for i in range(1, n):
        x, y, w, h, area = stats[i].tolist()
        if not SMALLEST * side < max(w, h) < LARGEST * side or area < 12:
            continue
        part = (labels[y : y + h, x : x + w] == i).astype(np.uint8)
        ys, xs = np.nonzero(part)
        points = np.column_stack([xs + x, ys + y]).astype(np.float64)
        outline = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0]
        hull = cv2.convexHull(np.concatenate(outline)).reshape(-1, 2).astype(np.float64) + np.array((x, y))
        apart = np.linalg.norm(hull[:, None] - hull[None], axis=2)
        a, b = np.unravel_index(apart.argmax(), apart.shape)
        solid = cv2.copyMakeBorder(cv2.drawContours(np.zeros_like(part), outline, -1, 1, cv2.FILLED), 1, 1, 1, 1, 0)
        distance = cv2.distanceTransform(solid, cv2.DIST_L2, 5)[1:-1, 1:-1]
        is_round = float(distance.max()) > DISC * apart[a, b] and _is_ring(part, distance)
        found.append(Symbol((hull[a], hull[b]), float(apart[a, b]), is_round, points, (x, y, x + w, y + h)))
    return found


def _is_ring(part: np.ndarray, distance: np.ndarray) -> bool:
    """Whether the largest disc within a symbol's outline is a drawn circle: ink all round it and little inside."""
    radius = float(distance.max())
    y, x = np.unravel_index(distance.argmax(), distance.shape)
    ys, xs = np.mgrid[: part.shape[0], : part.shape[1]]
    away, angle = np.hypot(xs - x, ys - y) / radius, np.arctan2(ys - y, xs - x)
    round_it = (away > 0.75) & (away < 1.15) & (part > 0)
    sectors = np.unique(np.floor((angle[round_it] + np.pi) / (2 * np.pi) * 36).astype(int) % 36)
    return len(sectors) > RING * 36 and float((part[away < 0.65] > 0).mean()) < 0.6


def _marks(mask: np.ndarray, side: int) -> list[Box]:
    """Boxes of what may be a letter."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    low, high = LETTER[0] * side, LETTER[1] * side
    return [
        (x, y, x + w, y + h) for x, y, w, h, _ in stats[1:].tolist()
        if low < max(w, h) < high and min(w, h) > 0.35 * max(w, h) and min(w, h) > 5
    ]  # fmt: skip


def _told(
    symbol: Symbol, marks: Sequence[Box], gray: np.ndarray, lettering: Sequence[Written], k: float, side: int
) -> North | None:  # fmt: skip
    """What one symbol says of north, in pixels of the reduced sheet; None when it says nothing."""
    a, b = symbol.ends
    middle, along = (a + b) / 2, (b - a) / symbol.length
    if not _has_shaft(symbol, middle, along):
        return None
    letter, sure = _letter(symbol, middle, along, marks, gray, lettering, k)
    head = _head(symbol, a, along)
    if letter is None:
        if not symbol.is_round or head == 0 or symbol.length < 2 * SMALLEST * side or _is_lettering(symbol, lettering, k):
            return None
        tail, tip = (a, b) if head > 0 else (b, a)
        return _north(symbol, tail, tip, 0.6, "arrow")
    sign = 1.0 if (letter - middle) @ along > 0 else -1.0
    tail, tip = (a, b) if sign > 0 else (b, a)
    agrees = 0.06 if head * sign > 0 else -0.1 if head * sign < 0 else 0.0
    return _north(symbol, tail, tip, float(np.clip(0.55 + 0.35 * sure + agrees, 0.3, 0.97)), "letter")


def _is_lettering(symbol: Symbol, lettering: Sequence[Written], k: float) -> bool:
    """Whether a symbol stands within a line of lettering."""
    x, y = (symbol.box[0] + symbol.box[2]) / 2 / k, (symbol.box[1] + symbol.box[3]) / 2 / k
    return any(b.box[0] < x < b.box[2] and b.box[1] < y < b.box[3] and len(b.text) > 1 for b in lettering)


def _north(symbol: Symbol, tail: np.ndarray, tip: np.ndarray, sure: float, source: str) -> North:
    """By the middle line of the ink along the chord: the chord itself may begin at a barb."""
    along = (tip - tail) / symbol.length
    across = np.array([-along[1], along[0]])
    run, off = (symbol.points - tail) @ along, (symbol.points - tail) @ across
    near = np.abs(off) < 0.08 * symbol.length
    if np.count_nonzero(near) > 20:
        slope, shift = np.polyfit(run[near], off[near], 1)
        tail, tip = tail + shift * across, tail + symbol.length * along + (shift + slope * symbol.length) * across
    degrees = bearing((tail[0], tail[1]), (tip[0], tip[1]))
    return North(degrees, round(sure, 2), (float(tail[0]), float(tail[1])), (float(tip[0]), float(tip[1])), source)


def _has_shaft(symbol: Symbol, middle: np.ndarray, along: np.ndarray) -> bool:
    """Whether ink runs along most of the chord: letters and plants have a chord too, but no ink on it."""
    off = np.abs((symbol.points - middle) @ np.array([-along[1], along[0]]))
    run = (symbol.points - middle) @ along
    bins = np.floor((run[off < 0.03 * symbol.length + 1.5] / symbol.length + 0.5) * 30).astype(int)
    return len(np.unique(np.clip(bins, 0, 29))) > 24


def _head(symbol: Symbol, start: np.ndarray, along: np.ndarray) -> int:
    """+1 when the far end of the chord is an arrow's head, −1 when the near one is, 0 when neither or both."""
    run = (symbol.points - start) @ along / symbol.length
    off = np.abs((symbol.points - start) @ np.array([-along[1], along[0]])) / symbol.length

    def shape(at: np.ndarray) -> tuple[float, float]:
        tip, behind = off[at < 0.03], off[(at > 0.03) & (at < 0.2)]
        return (float(tip.max()), float(behind.max() - tip.max())) if tip.size and behind.size else (0.0, 0.0)

    (near, near_grows), (far, far_grows) = shape(run), shape(1 - run)
    # a head is pointed and widens behind its tip; feathers, a bar or a ring are as wide at their very end
    lead = (far_grows - far) - (near_grows - near)
    if abs(lead) < HEAD or max(near_grows, far_grows) < 0.3 * HEAD:
        return 0
    return 1 if lead > 0 else -1


def _letter(
    symbol: Symbol, middle: np.ndarray, along: np.ndarray, marks: Sequence[Box], gray: np.ndarray,
    lettering: Sequence[Written], k: float,
) -> tuple[np.ndarray | None, float]:  # fmt: skip
    """Where the letter N stands that belongs to a symbol, and how sure it is; (None, 0) without one."""

    def belongs(at: np.ndarray, height: float) -> bool:
        run, off = (at - middle) @ along / symbol.length, abs((at - middle) @ np.array([-along[1], along[0]]))
        reach = 0.5 + (1.6 * height) / symbol.length
        return bool(0.3 < abs(run) < reach and off < max(0.2 * symbol.length, 0.8 * height) and height < 0.8 * symbol.length)

    for one in lettering:
        if one.confidence >= SURE and "".join(c for c in one.text.upper() if c.isalpha()) in WORDS:
            at = np.array(one.center) * k
            if belongs(at, one.height * k):
                return at, one.confidence
    near = [m for m in marks if m != symbol.box and belongs(np.array([(m[0] + m[2]) / 2, (m[1] + m[3]) / 2]), m[3] - m[1])]
    near = [m for m in near if _stands_alone(m, marks)]
    turn = bearing((0.0, 0.0), (float(along[0]), float(along[1])))
    crops = [c for m in near for c in _upright(gray, m, turn)]
    best, sure = None, 0.0
    for number, (text, score) in enumerate(lines_of(crops)):
        if text.upper().strip(" .·'`-") == "N" and score > max(sure, SURE):
            m = near[number // 2]
            best, sure = np.array([(m[0] + m[2]) / 2, (m[1] + m[3]) / 2]), score
    return best, sure


def _stands_alone(mark: Box, marks: Sequence[Box]) -> bool:
    """Whether no other letter stands beside a mark, as in a word."""
    x0, y0, x1, y1 = mark
    high = max(y1 - y0, x1 - x0)
    for other in marks:
        gap = max(other[0] - x1, x0 - other[2]), max(other[1] - y1, y0 - other[3])
        size = max(other[2] - other[0], other[3] - other[1])
        if other != mark and max(gap) < 0.6 * high and min(gap) < 0 and 0.5 < size / high < 2.0:
            return False
    return True


def _upright(gray: np.ndarray, box: Box, turn: float) -> tuple[np.ndarray, np.ndarray]:
    """A mark as it stands, and turned with the symbol: N reads the same upside down, and lies as Z on its side."""
    x0, y0, x1, y1 = box
    pad = max(3, round(0.5 * max(x1 - x0, y1 - y0)))
    wide = cv2.copyMakeBorder(gray, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=255)
    part = wide[y0 : y1 + 2 * pad, x0 : x1 + 2 * pad]
    h, w = part.shape
    matrix = cv2.getRotationMatrix2D((w / 2, h / 2), turn, 1)
    turned = cv2.warpAffine(part, matrix, (w, h), flags=cv2.INTER_CUBIC, borderValue=255)
    inner = turned[pad // 2 : h - pad // 2, pad // 2 : w - pad // 2]
    return gray[max(0, y0 - 1) : y1 + 1, max(0, x0 - 1) : x1 + 1], np.ascontiguousarray(inner)
