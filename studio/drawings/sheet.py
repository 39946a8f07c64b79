"""Which drawings a sheet carries: their boxes, and whether each is a plan, an elevation, a section, a detail or a view.

What is no drawing is refused by name: a photograph or painting, a blank sheet, a page of text.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.facade_levels import tinted
from studio.drawings.paper import flatten, ink, runs, without_border
from studio.drawings.reading import Box, Drawing, Rectified
from studio.drawings.sheet_kinds import DOUBTFUL, kind_of
from studio.errors import NoDrawingError

WORK_PX = 1200  # kinds are told at this size: pens are 1 to 4 px wide then
LEAST = 0.035  # of the sheet's area: what is smaller beside a drawing is a detail, a title or a scale
RIM = 0.055  # of the longer side: ruled borders stand at a thirtieth to a twentieth from the edge, drawings further in
CROWDED = 0.4  # of a sheet bare: drawings have more, but for sections with dark rooms; nine photographs in ten have less
REACH = 0.016  # parts of one drawing stand closer than this share of the sheet's longer side


class PhotographError(NoDrawingError):
    """The picture is a photograph or a painting: tones everywhere, no paper."""


class BlankSheetError(NoDrawingError):
    """The sheet carries next to no ink."""


class TextPageError(NoDrawingError):
    """The sheet carries lines of text and no drawing."""


def split(sheet: Rectified) -> tuple[Drawing, ...]:
    """The drawings of a sheet, the largest first; boxes in pixels of `sheet.picture`.

    Raises: PhotographError, BlankSheetError or TextPageError, which are NoDrawingErrors, when there is no drawing.
    """
    factor = min(1.0, WORK_PX / max(sheet.gray.shape))
    gray = cv2.resize(sheet.gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA) if factor < 1 else sheet.gray
    small = cv2.resize(sheet.picture, gray.shape[::-1], interpolation=cv2.INTER_AREA)
    bare = _bare_paper(small)
    mask = _without_rim(without_border(ink(gray)))
    if (mask > 0).mean() < 0.0015:
        raise BlankSheetError("There is next to no ink on the sheet: give a scan of a drawing.")
    tone = flatten(small, 0.5)
    boxes = _bodies(mask, tone)
    if not boxes:
        if _is_text(mask):
            raise TextPageError("The sheet carries lines of text and no drawing: give the page with the drawing.")
        raise NoDrawingError("No drawing was found on the sheet: no ink stands together over a twentieth of it.")
    found = []
    for box in boxes:
        x0, y0, x1, y1 = box
        kind, sure = kind_of(mask[y0:y1, x0:x1], tone[y0:y1, x0:x1], mask.shape)
        sure = min(sure, DOUBTFUL) if bare < CROWDED else sure
        found.append((kind, box, sure))
    drawings = []
    for kind, box, sure in found:
        drawings += _with_cut_ends(kind, box, sure, mask, tone)
    return tuple(Drawing(kind, _scaled(box, 1 / factor, sheet.gray.shape), sure) for kind, box, sure in drawings)


def _scaled(box: Box, factor: float, shape: tuple[int, ...]) -> Box:
    x0, y0, x1, y1 = (round(v * factor) for v in box)
    return max(0, x0), max(0, y0), min(shape[1], x1), min(shape[0], y1)


# ---- refusals
def _bare_paper(rgb: np.ndarray) -> float:
    """Share of the picture that is as light as the paper about it.

    A drawing has one paper: most of a sheet is of one tone, and hardly any of it is strongly coloured in many hues.

    Raises: PhotographError when there is no such paper.
    """
    small = cv2.resize(rgb, (256, max(8, round(256 * rgb.shape[0] / rgb.shape[1]))), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(small.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light = lab[..., 0]
    paper = float(np.percentile(light, 92))
    local = cv2.dilate(cv2.GaussianBlur(light, (0, 0), 1.0), np.ones((25, 25)))  # paper within a tenth of the sheet
    bare = float((light > local - 8).mean())
    level = float((cv2.dilate(light, np.ones((41, 41))) > 0.72 * paper).mean())
    colour = float((np.hypot(lab[..., 1] - np.median(lab[..., 1]), lab[..., 2] - np.median(lab[..., 2])) > 22).mean())
    if colour > 0.22 or level < 0.86 or bare < 0.10 or paper < 45:
        raise PhotographError("The picture is a photograph or a painting, not a drawing on paper: its tones cover everything.")
    return bare


def _is_text(mask: np.ndarray) -> bool:
    """Many small marks of one height in rows."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask)
    tall = stats[1:, 3]
    tall = tall[(tall > 3) & (stats[1:, 4] > 6)]
    if tall.size < 40:
        return False
    usual = float(np.median(tall))
    return float(((tall > 0.5 * usual) & (tall < 2.2 * usual)).mean()) > 0.8 and usual < 0.04 * max(mask.shape)


# ---- bodies of ink
@dataclass(frozen=True)
class Body:
    """A group of ink: its box, how much of its box it fills when gaps are closed, its longest connected stroke."""

    box: Box
    fills: float
    longest: int


def _bodies(mask: np.ndarray, tone: np.ndarray) -> list[Box]:
    """Boxes of the drawings, the largest first."""
    h, w = mask.shape
    side = max(h, w)
    washes = _without_creases(tinted(tone))
    joined = _without_rim(without_border(cv2.bitwise_or(mask, washes)))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    large = np.maximum(stats[:, 2], stats[:, 3]) > 0.035 * side  # letters and figures are smaller
    flat = (stats[:, 3] < 0.012 * side) & (stats[:, 2] > 8 * stats[:, 3])
    at_rim = (stats[:, 0] == 0) | (stats[:, 1] == 0) | (stats[:, 0] + stats[:, 2] == w) | (stats[:, 1] + stats[:, 3] == h)
    large &= ~(at_rim & ((stats[:, 2] < 0.02 * w) | (stats[:, 3] < 0.03 * h)))  # edges of the scan
    large[0] = False
    core = np.where((large & ~flat)[labels], 255, 0).astype(np.uint8)
    k = max(3, round(REACH * side)) | 1
    closed = cv2.morphologyEx(core, cv2.MORPH_CLOSE, np.ones((k, k), np.uint8))
    _, _, boxes, _ = cv2.connectedComponentsWithStats(closed)
    bodies = []
    for i in range(1, len(boxes)):
        x, y, bw, bh = boxes[i, :4]
        if bw * bh < 0.004 * h * w:
            continue
        bodies.append(Body((int(x), int(y), int(x + bw), int(y + bh)), float(boxes[i, 4] / (bw * bh)), int(max(bw, bh))))
    parts = [p for b in bodies for p in _cut_apart(core, b.box)]
    parts = _united(parts, side)
    parts = [p for p in parts if _area(p) > LEAST * h * w and min(p[2] - p[0], p[3] - p[1]) > 0.06 * side]
    grown = [_grown(p, stats, large | flat, side) for p in parts]
    return sorted(_united(grown, side), key=lambda b: -_area(b))  # strokes that both start with made them overlap


def _without_creases(washes: np.ndarray) -> np.ndarray:
    """Washes without the shadows of folds: streaks up or across the sheet that are narrower than any wash is long."""
    h, w = washes.shape
    broad = max(5, round(0.03 * max(h, w)))
    narrow = cv2.subtract(washes, cv2.morphologyEx(washes, cv2.MORPH_OPEN, np.ones((broad, broad), np.uint8)))
    creases = np.zeros_like(washes)
    for way in ((round(0.12 * h), 1), (1, round(0.12 * w))):
        streak = cv2.morphologyEx(narrow, cv2.MORPH_OPEN, np.ones(way, np.uint8))
        spread = (1, broad) if way[1] == 1 else (broad, 1)  # a fold leans a little
        creases |= cv2.dilate(streak, np.ones(spread, np.uint8)) & narrow
    return cv2.subtract(washes, creases)


def _without_rim(mask: np.ndarray) -> np.ndarray:
    """Ink without what is left of a worn border: thin strokes in the sheet's rim, along its edge.

    A long level stroke at the foot may be the ground of a drawing that was cut close; it goes only where the border is left
    on another side too.
    """
    h, w = mask.shape
    rim = round(RIM * max(h, w))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    inside = np.zeros(n, bool)
    inside[np.unique(labels[rim : h - rim, rim : w - rim])] = True
    x, y, wide, high, area = stats.T
    thin = ~inside & ((np.minimum(wide, high) < 0.012 * max(h, w)) | (area < 0.1 * wide * high))
    beside = thin & (high > wide) & ((x < rim) | (x + wide > w - rim))
    above = thin & (wide >= high) & (y < rim) & (wide > 0.05 * w)
    below = thin & (wide >= high) & (y + high > h - rim)
    long = high > 0.03 * h
    is_bordered = above.any() or (beside & long).any()
    drop = (beside & long) | above | (below & (is_bordered | (wide < 0.25 * w)))
    return np.where(drop[labels], 0, mask).astype(np.uint8)


def _cut_apart(core: np.ndarray, box: Box) -> list[Box]:
    """Two drawings that nearly touch are parted where a row is almost bare between two wide bodies."""
    x0, y0, x1, y1 = box
    part = core[y0:y1, x0:x1] > 0
    h, w = part.shape
    if h < 1.1 * w:
        return [box]
    share = part.mean(1)
    middle = slice(round(0.3 * h), round(0.7 * h))
    row = middle.start + int(share[middle].argmin())
    if share[row] > 0.02:
        return [box]
    span = [np.flatnonzero(p.any(0)) for p in (part[:row], part[row + 1 :])]
    wide = [s.max() - s.min() if s.size else 0 for s in span]
    if min(wide) < 0.75 * w:
        return [box]
    return [(x0, y0, x1, y0 + row), (x0, y0 + row + 1, x1, y1)]


def _united(parts: list[Box], side: int) -> list[Box]:
    """Boxes that overlap are one drawing; so is a low strip over or under a wide one."""
    parts = list(parts)
    changed = True
    while changed:
        changed = False
        for i, a in enumerate(parts):
            for j, b in enumerate(parts):
                if i == j:
                    continue
                small, great = sorted((a, b), key=_area)
                inter = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
                strip = (small[3] - small[1]) < 0.3 * (great[3] - great[1]) and (small[2] - small[0]) > 0.6 * (
                    great[2] - great[0]
                )
                gap = max(small[1] - great[3], great[1] - small[3], small[0] - great[2], great[0] - small[2])
                if inter > 0.25 * _area(small) or (strip and 0 <= gap < 0.05 * side):
                    parts = [p for k, p in enumerate(parts) if k not in (i, j)]
                    parts.append((min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])))
                    changed = True
                    break
            if changed:
                break
    return parts


def _grown(box: Box, stats: np.ndarray, large: np.ndarray, side: int) -> Box:
    """The box with the strokes that start in it: ground lines, finials; not the crease of a fold, which runs out below."""
    x0, y0, x1, y1 = box
    for x, y, w, h in stats[large, :4]:
        crease = w < 0.02 * side and h > 4 * w and y + h > y1 + 0.02 * side
        if crease or not (x < x1 and x + w > x0 and y < y1 and y + h > y0):
            continue
        if w < 1.25 * (x1 - x0) and h < 1.25 * (y1 - y0):
            x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x + w), max(y1, y + h)
    return int(x0), int(y0), int(x1), int(y1)


def _area(b: Box) -> int:
    return (b[2] - b[0]) * (b[3] - b[1])


def _with_cut_ends(kind: str, box: Box, sure: float, mask: np.ndarray, tone: np.ndarray) -> list[tuple[str, Box, float]]:
    """An elevation between two rooms that are cut: the black masonry at its ends is a section on either side."""
    x0, y0, x1, y1 = box
    if kind in ("detail", "perspective"):
        return [(kind, box, sure)]
    w, h = x1 - x0, y1 - y0
    k = max(7, round(0.012 * max(mask.shape))) | 1
    black = cv2.morphologyEx((tone[y0:y1, x0:x1] < 90).astype(np.uint8), cv2.MORPH_OPEN, np.ones((k, k), np.uint8))
    n, _, stats, _ = cv2.connectedComponentsWithStats(black)
    ends = []
    for side in (0, 1):
        near = [i for i in range(1, n) if stats[i, 4] > 0.002 * w * h
                and (stats[i, 0] + stats[i, 2] < 0.25 * w if side == 0 else stats[i, 0] > 0.75 * w)]  # fmt: skip
        if not near:
            return [(kind, box, sure)]
        a, b = min(stats[i, 0] for i in near), max(stats[i, 0] + stats[i, 2] for i in near)
        t, e = min(stats[i, 1] for i in near), max(stats[i, 1] + stats[i, 3] for i in near)
        if b - a < 0.06 * w or e - t > 0.75 * h:
            return [(kind, box, sure)]
        ends.append((int(a) + x0, int(t) + y0, int(b) + x0, int(e) + y0))
    middle = black[:, round(0.3 * w) : round(0.7 * w)]
    if middle.mean() > 0.004:
        return [(kind, box, sure)]
    inner = [_inner_pier(black, end, box, side) for side, end in enumerate(ends)]
    return [("elevation", (inner[0], y0, inner[1], y1), sure), ("section", ends[0], 0.6), ("section", ends[1], 0.6)]


def _inner_pier(black: np.ndarray, end: Box, box: Box, side: int) -> int:
    """Where the elevation begins: the outer face of the black pier that stands next to it."""
    part = black[end[1] - box[1] : end[3] - box[1], end[0] - box[0] : end[2] - box[0]]
    piers = runs(part.mean(0) > 0.6)
    if not piers:
        return end[0] if side == 0 else end[2]
    return end[0] + (piers[-1][0] if side == 0 else piers[0][1])
