"""Boxes that could be an opening: every place whose outline is a rectangle or an arch, however it is drawn.

Three nets are cast, because draughtsmen have three ways of showing a hole: a tone unlike the wall's (dark panes, or blank
ones in a hatched wall), a closed outline, and two jambs with a lintel over them. Most boxes are wrong; `facade_openings`
chooses among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.paper import runs

HEADS = ("flat", "round", "low", "pointed")
SMALLEST, WIDEST, TALLEST = (
    0.006,
    0.28,
    0.75,
)  # shares of the drawing's longer side: a slit of 15 cm in a front of 25 m … a portal
SLENDER, SQUAT = 7.0, 0.3  # height over width of a loophole and of a cellar window
MOST = 20_000  # jamb pairs of a rubble wall are without number; the best closed ones are kept
BRIDGE = 0.02  # of the longer side: a rail or the edge of a leaf that hides a piece of a jamb
LONG_JAMB = 0.14  # likewise: a shop's jamb is that long; a window's is shorter, and seen whole
MOST_BRIDGED = 6000
TOGETHER, LINTEL = 2, 0.9  # pixels by which jambs end together; share of a lintel that is drawn where no sill is
STEP = 3  # boxes that agree within this many pixels are one


@dataclass(frozen=True, eq=False)
class Candidates:
    """N boxes.

    Attributes:
        boxes: int32 [N, 4], x0, y0, x1, y1.
        shape: float32 [N], how well a region fills a head's outline (IoU), 0 where only edges were seen.
        edges: float32 [N], how far lintel and sill are drawn for a pair of jambs, 0 for regions.
    """

    boxes: np.ndarray
    shape: np.ndarray
    edges: np.ndarray

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, eq=False)
class Edges:
    """Where tone changes: uint8 [H, W] 0/1, `upright` across upright edges, `level` across level ones."""

    upright: np.ndarray
    level: np.ndarray


def candidates(gray: np.ndarray, edges: Edges) -> Candidates:
    """All boxes of a drawing, uint8 [H, W], 255 = paper, about 1,400 to 2,000 px on its longer side."""
    found = _regions(gray)
    found = _united(_unlike(found), 6)
    found = _unlike(found + _jamb_pairs(gray, edges))
    table = np.array(found, np.float64).reshape(-1, 6)
    return Candidates(table[:, :4].astype(np.int32), table[:, 4].astype(np.float32), table[:, 5].astype(np.float32))


def edges_of(gray: np.ndarray) -> Edges:
    """Edges of the drawing after a blur that lets paper grain and half-tone dots fade."""
    soft = cv2.GaussianBlur(gray, (0, 0), 1.2).astype(np.float32)
    gx, gy = np.abs(cv2.Sobel(soft, cv2.CV_32F, 1, 0) / 8), np.abs(cv2.Sobel(soft, cv2.CV_32F, 0, 1) / 8)
    least = 7.0  # a faded pen line of 1 px at full ageing still gives 9
    upright = ((gx > least) & (gx > 0.8 * gy)).astype(np.uint8)
    level = ((gy > least) & (gy > 0.8 * gx)).astype(np.uint8)
    return Edges(cv2.dilate(upright, np.ones((1, 3), np.uint8)), cv2.dilate(level, np.ones((3, 1), np.uint8)))


# ---- regions of one tone, and what an outline encloses
def _regions(gray: np.ndarray) -> list[tuple]:
    found: list[tuple] = []
    for sigma, steps in ((1.0, 7), (2.5, 10), (5.0, 10)):
        soft = cv2.GaussianBlur(gray, (0, 0), sigma)
        for threshold in np.linspace(max(float(np.percentile(soft, 1)) + 8, 25), 250, steps):
            _outlines((soft < threshold).astype(np.uint8), found)
    ink = (gray < 170).astype(np.uint8)
    for k in (3, 5, 7):  # open corners close at different distances
        _outlines(cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((k, k), np.uint8)), found)
    for k in (5, 9):  # courses that touch a frame are cut off
        _outlines(cv2.morphologyEx(1 - ink, cv2.MORPH_OPEN, np.ones((k, k), np.uint8)), found)
    return found


def _outlines(mask: np.ndarray, found: list[tuple]) -> None:
    side = max(mask.shape)
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for contour in contours:
        x, y, w, h = cv2.boundingRect(contour)
        if not (SMALLEST * side <= w <= WIDEST * side and SMALLEST * side <= h <= TALLEST * side and SQUAT < h / w < SLENDER):
            continue
        if cv2.contourArea(contour) < 0.5 * w * h:
            continue
        patch = np.zeros((h, w), np.uint8)
        cv2.drawContours(patch, [contour], -1, 1, -1, offset=(-x, -y))
        shape = max(likeness(patch).values())
        if shape > 0.8:
            found.append((x, y, x + w, y + h, shape, 0.0))


def likeness(patch: np.ndarray) -> dict[str, float]:
    """How well a filled shape, uint8 0/1 [h, w], fills each of HEADS: IoU."""
    h, w = patch.shape
    n = 24
    small = cv2.resize(patch.astype(np.float32), (n, n), interpolation=cv2.INTER_AREA) > 0.5
    across = np.abs((np.arange(n) + 0.5) / n * 2 - 1)[None]
    down = ((np.arange(n) + 0.5) / n * h / w)[:, None] * 2  # both in half widths
    below = {"flat": down >= 0, "round": down >= 1 - np.sqrt(1 - across**2), "low": down >= 0.4 * across**2,
             "pointed": down >= 1.732 - np.sqrt(np.maximum(4 - (1 + across) ** 2, 0))}  # fmt: skip
    return {head: float((small & ok).sum() / max(1, (small | ok).sum())) for head, ok in below.items()}


def _united(found: list[tuple], reach: float) -> list[tuple]:
    """Regions that share a side and stand closer than a glazing bar are joined, three times over: panes, lunette and light."""
    for _ in range(3):
        boxes = np.array([f[:4] for f in found], np.float64).reshape(-1, 4)
        grown = list(found)
        for axis in (0, 1):
            start, end, low, high = boxes[:, axis], boxes[:, axis + 2], boxes[:, 1 - axis], boxes[:, 3 - axis]
            for i in range(len(boxes)):
                slack = max(2.0, 0.06 * (high[i] - low[i]))
                beside = (np.abs(low - low[i]) < slack) & (np.abs(high - high[i]) < slack)
                for j in np.flatnonzero(beside & (start >= end[i] - 1) & (start < end[i] + reach)):
                    box = (*np.minimum(boxes[i, :2], boxes[j, :2]), *np.maximum(boxes[i, 2:], boxes[j, 2:]))
                    grown.append((*box, min(found[i][4], found[j][4]), 0.0))
        grown = _unlike(grown)
        if len(grown) == len(found) or len(grown) > 5000:  # a wall of tiles joins without end
            return grown
        found = grown
    return found


def _unlike(found: list[tuple]) -> list[tuple]:
    """One of those that agree within STEP pixels: the best shaped."""
    best: dict[tuple, tuple] = {}
    for f in found:
        key = tuple(round(v / STEP) for v in f[:4])
        if key not in best or best[key][4:] < f[4:]:
            best[key] = f
    return list(best.values())


# ---- jambs with a lintel
def _jamb_pairs(gray: np.ndarray, edges: Edges) -> list[tuple]:
    """Pairs of upright edges of about one height, closed above and below by level edges or by an arch."""
    h, w = gray.shape
    side = max(h, w)
    drawn = np.zeros((h, w + 1), np.int32)
    np.cumsum(edges.level, axis=1, out=drawn[:, 1:])
    bridge = np.ones((round(BRIDGE * side) | 1, 1), np.uint8)
    whole = cv2.morphologyEx(edges.upright, cv2.MORPH_CLOSE, bridge)
    found = _paired(_segments(edges.upright, max(10, round(0.009 * side))), drawn, side)[:MOST]
    return found + _paired(_segments(whole, round(LONG_JAMB * side)), drawn, side)[:MOST_BRIDGED]


def _paired(jambs: np.ndarray, drawn: np.ndarray, side: int) -> list[tuple]:
    """Boxes of jambs, [N, 3] as from `_segments`, the best closed first; drawn: level edges summed up along the rows."""
    jambs = jambs[np.argsort(jambs[:, 0], kind="stable")]
    found = []
    x, top, end = jambs.T if len(jambs) else (np.zeros(0),) * 3
    for i in range(len(jambs)):
        j = i + np.flatnonzero((x[i:] >= x[i] + SMALLEST * side) & (x[i:] <= x[i] + WIDEST * side))
        t, b, wide = np.maximum(top[j], top[i]), np.minimum(end[j], end[i]), x[j] - x[i]
        both = b - t
        long = np.maximum(end[j] - top[j], end[i] - top[i])
        short = np.minimum(end[j] - top[j], end[i] - top[i])
        fits = (both > 0.75 * short) & (both > 0.5 * long) & (both >= 0.4 * wide) & (both < SLENDER * wide)
        for q, y0, y1 in zip(j[fits], t[fits].astype(int), b[fits].astype(int), strict=True):
            box = _closed(drawn, int(x[i]), int(x[q]), y0, y1, abs(end[i] - end[q]) <= TOGETHER)
            if box is not None:
                found.append(box)
    return sorted(found, key=lambda f: -f[5])


def _closed(drawn: np.ndarray, x0: int, x1: int, y0: int, y1: int, together: bool) -> tuple | None:
    """The box of two jambs, its top and bottom moved to the best drawn rows near their ends.

    Args:
        together: whether the jambs end in one row: under a whole lintel, that is a foot without a sill.
    """
    slack = max(5, round(0.1 * (y1 - y0)))
    quarter = (y1 - y0) // 4
    a, b = x0 + 1, x1
    up = np.arange(max(0, y0 - slack), y0 + quarter + 1)
    down = np.arange(y1 - quarter, min(len(drawn), y1 + slack))
    if not up.size or not down.size:
        return None
    above, below = (drawn[up, b] - drawn[up, a]) / (b - a), (drawn[down, b] - drawn[down, a]) / (b - a)
    closed = float(min(above.max(), below.max()))
    if closed < 0.6:
        if not together or above.max() < LINTEL:
            return None
        return x0, int(up[above.argmax()]), x1 + 1, y1, 0.0, closed
    return x0, int(up[above.argmax()]), x1 + 1, int(down[below.argmax()]) + 1, 0.0, closed


def _segments(upright: np.ndarray, shortest: int) -> np.ndarray:
    """Upright edges as x, top, end, float64 [N, 3]; gaps of five pixels are bridged."""
    joined = cv2.morphologyEx(upright, cv2.MORPH_CLOSE, np.ones((5, 1), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((shortest, 1), np.uint8))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    found = []
    for i in range(1, n):
        x, y, w, h = stats[i, :4]
        if w <= 9:
            found.append((x + w / 2 - 0.5, y, y + h))
            continue
        block = labels[y : y + h, x : x + w] == i  # strokes that touch: column by column
        for k in range(0, w, 3):
            found += [(x + k + 1, y + a, y + b) for a, b in runs(block[:, k : k + 3].any(1)) if b - a >= shortest]
    return np.array(found, np.float64).reshape(-1, 3)
