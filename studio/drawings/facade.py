"""Reading an elevation: where the building stands on the sheet, its outline, and its doors and windows."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.paper import as_rgb, flatten, ink, runs, upright_sheet, without_border
from studio.drawings.reading import Box, FacadeReading, ReadOpening
from studio.drawings.scale_bar import scale_bar
from studio.errors import NoDrawingError


def read_facade(pixels: np.ndarray) -> FacadeReading:
    """Read one elevation from a sheet.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4].
    Returns: a FacadeReading whose coordinates belong to its `picture`.
    Raises: NoDrawingError when no ink stands together that could be a building.
    """
    picture, gray, angle = upright_sheet(as_rgb(pixels))
    scale = scale_bar(gray)
    mask = without_border(ink(gray))
    tone = flatten(picture, 0.5)  # so wide a window leaves tinted walls their tone
    mass = _mass(cv2.bitwise_or(mask, _tinted(tone)))
    ground = _ground(mask, mass)
    outline = _outline(mass, ground)
    facade = _wall_box(outline, ground)
    outline[facade[1] : facade[3] + 1, facade[0] : facade[2] + 1] = 255  # pale shop fronts and pilasters are wall as well
    silhouette = _polygon(outline)
    openings, notes = _openings(tone, mask, facade), []
    if angle:
        notes.append(f"The sheet was turned by {angle:.2f}° so that its long lines lie level; perspective was not corrected.")
    inferred = sum(o.inferred for o in openings)
    if inferred:
        notes.append(f"{inferred} of {len(openings)} openings were not seen but completed on the grid of their neighbours.")
    if scale is None or scale.px_per_m is None:
        notes.append("The scale was not read from the sheet.")
    confidence = float(np.mean([o.confidence for o in openings])) if openings else 0.2
    return FacadeReading(picture, tuple(openings), facade, silhouette, ground, angle, scale, confidence, tuple(notes))


# ---- the building on the sheet
def _mass(mask: np.ndarray) -> np.ndarray:
    """The building as one filled shape, uint8: ink that stands close together, the largest such group."""
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


def _tinted(tone: np.ndarray) -> np.ndarray:
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


def _ground(mask: np.ndarray, mass: np.ndarray) -> int:
    """Row of the ground line: the lowest row that carries a line about as long as the building is wide."""
    x, y, w, h = cv2.boundingRect(mass)
    joined = cv2.morphologyEx(mask[y : y + h, x : x + w], cv2.MORPH_CLOSE, np.ones((1, max(3, w // 60) | 1), np.uint8))
    longest = np.array([max((b - a for a, b in runs(row > 0)), default=0) for row in joined])
    rows = np.flatnonzero((longest > 0.6 * w) & (np.arange(h) > 0.45 * h))
    wide = np.flatnonzero((mass[y : y + h, x : x + w] > 0).sum(1) > 0.6 * w)
    foot = int(wide.max()) if wide.size else h - 1
    return y + (int(rows.max()) if rows.size and rows.max() > foot - 0.1 * h else foot)


def _outline(mass: np.ndarray, ground: int) -> np.ndarray:
    """The building above its ground line as a filled shape, 255 on 0."""
    shape = mass.copy()
    shape[ground + 1 :] = 0
    _, _, w, _ = cv2.boundingRect(shape)
    k = max(3, round(0.014 * w)) | 1
    shape = cv2.morphologyEx(
        shape, cv2.MORPH_OPEN, np.ones((k, k), np.uint8)
    )  # the ground line's ends, railings, stray strokes
    contours, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=None)
    if largest is None:
        raise NoDrawingError("No building was found above the ground line of the sheet.")
    filled = np.zeros_like(mass)
    cv2.drawContours(filled, [largest], -1, 255, -1)
    return filled


def _polygon(shape: np.ndarray) -> np.ndarray:
    """The outer edge of a filled shape, float32 [N, 2], true to a few pixels."""
    contours, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea)
    polygon = cv2.approxPolyDP(largest, 0.0018 * cv2.arcLength(largest, True), True)
    return polygon.reshape(-1, 2).astype(np.float32)


def _wall_box(shape: np.ndarray, ground: int) -> Box:
    """The wall: as wide as the lower storey, up to the row where the eaves stand out, or to the top where none do."""
    y0, y1 = cv2.boundingRect(shape)[1], ground
    left = np.array([row.argmax() if row.any() else -1 for row in shape[y0 : y1 + 1] > 0])
    right = np.array([len(row) - 1 - row[::-1].argmax() if row.any() else -1 for row in shape[y0 : y1 + 1] > 0])
    low = slice(len(left) // 2, None)
    x0, x1 = float(np.median(left[low])), float(np.median(right[low]))
    wide = right - left
    over = wide - (x1 - x0)
    overhang = max(float(over[: len(left) * 2 // 3].max(initial=0)), 0.012 * (x1 - x0))
    out = np.flatnonzero(over[: round(0.93 * len(over))] > 0.6 * overhang)  # the plinth stands out as well
    top = y0 + (int(out.max()) if out.size and overhang > 0.015 * (x1 - x0) else _narrowing(wide, x1 - x0))
    return round(x0), int(top), round(x1), int(ground)


def _narrowing(wide: np.ndarray, wall: float) -> int:
    """The highest row that is still as wide as the wall."""
    full = np.flatnonzero(wide > 0.96 * wall)
    return int(full.min()) if full.size else 0


# ---- doors and windows
@dataclass(frozen=True)
class Loop:
    """A closed, nearly rectangular outline: its box, its area and how far it fills the box."""

    box: Box
    area: float
    fills: float

    @property
    def width(self) -> int:
        """In pixels."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """In pixels."""
        return self.box[3] - self.box[1]


def _openings(gray: np.ndarray, mask: np.ndarray, facade: Box) -> list[ReadOpening]:
    """Nests of rectangles, each nest one opening; dark panes count as rectangles; then the grid is completed."""
    x0, y0, x1, y1 = facade
    if x1 - x0 < 20 or y1 - y0 < 20:
        return []
    wall_gray, wall_ink = gray[y0 : y1 + 1, x0 : x1 + 1], mask[y0 : y1 + 1, x0 : x1 + 1]
    loops = [*_loops(wall_ink), *_dark_panes(wall_gray)]
    found = []
    for nest in _nests(loops):
        chosen = _clear_opening(nest, wall_gray)
        at_edge = chosen is not None and min(chosen.box[0], x1 - x0 - chosen.box[2]) < 0.01 * (x1 - x0)
        if chosen is not None and not at_edge:
            found.append((chosen, _contrast(wall_gray, chosen.box)))
    found = _alike(found)
    boxes = [(loop.box, confidence, False) for loop, confidence in found]
    boxes += [(box, 0.3, True) for box in _completed([loop.box for loop, _ in found], wall_gray)]
    ground = y1 - y0
    openings = []
    for (a, b, c, d), confidence, inferred in sorted(boxes, key=lambda item: (round(item[0][1] / 12), item[0][0])):
        kind = "door" if ground - d < 0.10 * (d - b) + 0.02 * ground else "window"
        openings.append(ReadOpening((a + x0, b + y0, c + x0, d + y0), kind, confidence, inferred))
    return openings


def _loops(mask: np.ndarray) -> list[Loop]:
    """Closed outlines in the ink, with courses and mouldings that run along the wall taken out."""
    h, w = mask.shape
    level = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(9, w // 6)), np.uint8))
    found = []
    for k in (1, 3, 5):  # open corners close at different distances, and near neighbours must not grow together
        closed = cv2.morphologyEx(cv2.subtract(mask, level), cv2.MORPH_CLOSE, np.ones((k, k), np.uint8))
        contours, _ = cv2.findContours(closed, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)
        found += [loop for c in contours if (loop := _as_loop(c, w, h)) is not None]
    return found


def _dark_panes(gray: np.ndarray) -> list[Loop]:
    """Places that stay dark when the strokes of a hatching are blurred together."""
    h, w = gray.shape
    blurred = cv2.GaussianBlur(gray, (0, 0), max(1.5, 0.004 * w))
    threshold, _ = cv2.threshold(blurred, 0, 255, cv2.THRESH_OTSU)
    found = []
    for factor in (0.6, 0.7, 0.77, 0.85, 0.92, 1.0):
        dark = ((blurred < factor * threshold) * 255).astype(np.uint8)
        k = max(3, round(0.010 * w)) | 1
        dark = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, np.ones((k, k), np.uint8))  # over glazing bars
        dark = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((k, k), np.uint8))
        contours, _ = cv2.findContours(dark, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        found += [loop for c in contours if (loop := _as_loop(c, w, h)) is not None]
    return found


def _as_loop(contour: np.ndarray, w: int, h: int) -> Loop | None:
    x, y, bw, bh = cv2.boundingRect(contour)
    if not (0.015 * w < bw < 0.3 * w and 0.03 * h < bh < 0.95 * h and 0.85 < bh / bw < 5):
        return None
    area = float(cv2.contourArea(cv2.convexHull(contour)))
    fills = area / (bw * bh)
    return Loop((x, y, x + bw, y + bh), area, fills) if fills > 0.84 else None


def _nests(loops: list[Loop]) -> list[list[Loop]]:
    """Loops that lie in one another, the largest first in each nest."""
    nests: list[list[Loop]] = []
    for loop in sorted(loops, key=lambda p: -p.width * p.height):
        for nest in nests:
            if _overlap(loop.box, nest[0].box) > 0.6 * loop.width * loop.height:
                nest.append(loop)
                break
        else:
            nests.append([loop])
    return nests


def _clear_opening(nest: list[Loop], gray: np.ndarray) -> Loop | None:
    """The rectangle of a nest that is the hole itself: the darkest against its frame, of a third of its size or more."""
    outer = nest[0].width * nest[0].height
    inner = [p for p in nest if p.width * p.height > 0.33 * outer]
    if max(p.height / p.width for p in inner) < 1.05 and _contrast(gray, nest[0].box) < 0.4:
        return None  # quoins and panels are wider than high
    darkest = max(inner, key=lambda p: _contrast(gray, p.box))
    return darkest if _contrast(gray, darkest.box) > 0.3 else min(inner, key=lambda p: p.area)


def _contrast(gray: np.ndarray, box: Box) -> float:
    """How much darker the box is than a rim around it, 0…1."""
    x0, y0, x1, y1 = box
    rim = max(3, round(0.12 * (x1 - x0)))
    inside = gray[y0:y1, x0:x1].astype(np.float32)
    around = gray[max(0, y0 - rim) : y1 + rim, max(0, x0 - rim) : x1 + rim].astype(np.float32)
    if not inside.size or around.size == inside.size:
        return 0.0
    outside = (around.sum() - inside.sum()) / (around.size - inside.size)
    return float(np.clip((outside - inside.mean()) / 200, 0, 1))


def _alike(found: list[tuple[Loop, float]]) -> list[tuple[Loop, float]]:
    """Keep what is sized like an opening: within a factor of the median width; quoins and panels fall out."""
    if len(found) < 3:
        return [(p, 0.5 + 0.5 * c) for p, c in found]
    weight = np.array([p.area * (0.2 + c) for p, c in found])
    order = np.argsort([p.width for p, _ in found])
    total = np.cumsum(weight[order])
    median = found[order[np.searchsorted(total, total[-1] / 2)]][0].width
    kept = [(p, c) for p, c in found if 0.5 * median < p.width < 2.4 * median]
    tall = float(np.median([p.height for p, _ in kept]))
    dark = float(np.median([c for _, c in kept]))
    kept = [(p, c) for p, c in kept if p.height > 0.4 * tall and (c > 0.25 * dark or p.height > 0.8 * tall)]
    return [(p, float(np.clip(0.6 + 0.4 * min(1.0, c / (dark + 1e-6)), 0, 1))) for p, c in kept]


def _completed(boxes: list[Box], gray: np.ndarray) -> list[Box]:
    """Cells of the grid that the openings form, where none was seen but the picture is as lively as in its neighbours."""
    if len(boxes) < 4:
        return []
    b = np.array(boxes, float)
    wide = float(np.median(b[:, 2] - b[:, 0]))
    cx, cy = (b[:, 0] + b[:, 2]) / 2, (b[:, 1] + b[:, 3]) / 2
    lively = np.median([gray[int(y0) : int(y1), int(x0) : int(x1)].std() for x0, y0, x1, y1 in b])
    dark = np.median([gray[int(y0) : int(y1), int(x0) : int(x1)].mean() for x0, y0, x1, y1 in b])
    added: list[Box] = []
    for y in _clusters(cy, 0.5 * wide):
        row = b[np.abs(cy - y) < 0.5 * wide]
        if len(row) < 2:
            continue
        w, h = np.median(row[:, 2] - row[:, 0]), np.median(row[:, 3] - row[:, 1])
        for x in _clusters(cx, 0.5 * wide):
            box = (round(x - w / 2), round(y - h / 2), round(x + w / 2), round(y + h / 2))
            cell = gray[max(0, box[1]) : box[3], max(0, box[0]) : box[2]]
            free = not any(_overlap(box, other) > 0 for other in (*boxes, *added))
            if free and cell.size and cell.std() > 0.7 * lively and abs(cell.mean() - dark) < 45:
                added.append(box)
    return added


def _clusters(values: np.ndarray, gap: float) -> list[float]:
    ordered = np.sort(values)
    return [float(part.mean()) for part in np.split(ordered, np.flatnonzero(np.diff(ordered) > gap) + 1)]


def _overlap(a: Box, b: Box) -> float:
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
