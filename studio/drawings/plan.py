"""Reading a ground plan: cut masonry in one of three manners, and the openings in it."""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.paper import as_rgb, ink, pen_width, upright_sheet, without_border
from studio.drawings.reading import PlanReading, ReadOpening
from studio.drawings.scale_bar import scale_bar
from studio.errors import NoDrawingError


def read_plan(pixels: np.ndarray) -> PlanReading:
    """Read one plan from a sheet.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4].
    Returns: a PlanReading whose coordinates belong to its `picture`.
    Raises: NoDrawingError when no walls are found.
    """
    picture, gray, angle = upright_sheet(as_rgb(pixels))
    scale = scale_bar(gray)
    mask = without_border(ink(gray))
    if scale is not None:
        _wipe_bar(mask, scale)
    body, style = _masonry(mask)
    thickness = max(_thickness(body), 4.0)
    walls = _of_the_building(body, thickness)
    if not walls.any():
        raise NoDrawingError(
            "No walls were found on the sheet: there is no ink thicker than a pen, no hatching, no double line."
        )
    openings = _gaps(walls, mask, thickness)
    notes = []
    if angle:
        notes.append(f"The sheet was turned by {angle:.2f}° so that its long lines lie level; perspective was not corrected.")
    if scale is None or scale.px_per_m is None:
        notes.append("The scale was not read from the sheet.")
    confidence = {"solid": 0.95, "hollow": 0.8, "hatched": 0.75}[style]
    return PlanReading(picture, walls > 0, tuple(openings), thickness, style, angle, scale, confidence, tuple(notes))


def _wipe_bar(mask: np.ndarray, scale) -> None:
    """Take the scale bar out of the ink, so that it is no wall."""
    half = max(6, round(0.35 * scale.length_px / max(1, scale.fields)))
    y, x0, x1 = round(scale.y), max(0, round(scale.x0) - half), round(scale.x1) + half
    half = min(half, round(0.02 * mask.shape[0]) + 4)
    mask[max(0, y - half) : y + half + 1, x0:x1] = 0


# ---- masonry
def _masonry(mask: np.ndarray) -> tuple[np.ndarray, str]:
    """Solid wall mask, uint8, from ink; and the manner in which it was drawn."""
    distance = cv2.distanceTransform(mask, cv2.DIST_L2, 5)
    thick = distance > max(3.5, 0.004 * min(mask.shape))
    if thick.sum() > 0.0004 * mask.size:  # some ink is thicker than any pen
        r = max(3, int(2 * np.percentile(distance[thick], 60) * 0.38)) | 1
        return cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((r, r), np.uint8)), "solid"
    # The direction of the strokes decides before anything is closed: closed thin double lines look just like hatching.
    if _oblique(mask) > 0.10:
        body = _hatched(mask)
        if body is not None:
            return body, "hatched"
    return _hollow(mask), "hollow"


def _oblique(mask: np.ndarray) -> float:
    """Share of edge energy that runs neither along nor across the sheet."""
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 0.8)
    gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    strength, angle = np.hypot(gx, gy), np.degrees(np.arctan2(gy, gx)) % 90
    return float(strength[(angle > 25) & (angle < 65)].sum() / max(strength.sum(), 1e-6))


def _hatched(mask: np.ndarray) -> np.ndarray | None:
    """Bodies of oblique strokes: where local edges lean at 25…65°, closed until the gaps between strokes are filled."""
    for k in (5, 7, 9, 11):
        closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((k, k), np.uint8))
        body = cv2.morphologyEx(closed, cv2.MORPH_OPEN, np.ones((2 * k - 3, 2 * k - 3), np.uint8))
        if (body > 0).mean() > 0.012 and 0.12 < (mask[body > 0] > 0).mean() < 0.85:
            # Opening with a square has eaten wall ends thinner than it: grow back into what was closed.
            grown = cv2.bitwise_and(cv2.dilate(body, np.ones((k, k), np.uint8)), closed)
            return cv2.morphologyEx(grown, cv2.MORPH_OPEN, np.ones((k, k), np.uint8))
    return None


def _hollow(mask: np.ndarray) -> np.ndarray:
    """Walls as pairs of lines: closed cells that are narrow and long, grown to the outer edge of the pen that drew them."""
    pen = pen_width(mask)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(255 - mask, connectivity=4)
    distance = cv2.distanceTransform(255 - mask, cv2.DIST_L2, 5)
    inscribed = np.zeros(n)
    np.maximum.at(inscribed, labels.ravel(), distance.ravel())
    h, w = mask.shape
    limit = 0.045 * min(h, w)  # walls are at most about an eleventh of the sheet
    inside = (stats[:, 0] > 0) & (stats[:, 1] > 0) & (stats[:, 0] + stats[:, 2] < w) & (stats[:, 1] + stats[:, 3] < h)
    is_cell = inside & (inscribed > 0.9 * pen) & (inscribed < limit) & (stats[:, 4] > 6 * pen * pen)
    # Letters have eyes and stairs have treads: a wall's cell is longer than it is thick.
    is_cell &= np.maximum(stats[:, 2], stats[:, 3]) > 2.2 * inscribed
    cells = np.flatnonzero(is_cell[1:]) + 1
    glazing = _panes(cells, stats, pen)
    fill = np.isin(labels, [i for i in cells if i not in glazing]).astype(np.uint8) * 255
    k = 2 * round(pen / 2) + 1  # a wall's face is the middle of the line that draws it
    return cv2.bitwise_and(cv2.dilate(fill, np.ones((k, k), np.uint8)), cv2.bitwise_or(fill, mask))


def _panes(cells, stats, pen: float) -> set[int]:
    """Twin slender cells side by side with one pen line between them: a window's glazing, not a wall."""
    twins: set[int] = set()
    tolerance = 2 * pen + 2
    for i in cells:
        x, y, w, h = stats[i][:4]
        for j in cells:
            u, v, p, q = stats[j][:4]
            if i >= j or abs(w - p) >= tolerance or abs(h - q) >= tolerance:
                continue
            stacked = w > h and abs(x - u) < tolerance and abs(y - v) < h + 2.5 * pen + 2
            beside = h >= w and abs(y - v) < tolerance and abs(x - u) < w + 2.5 * pen + 2
            if stacked or beside:
                twins |= {int(i), int(j)}
    return twins


def _thickness(body: np.ndarray) -> float:
    distance = cv2.distanceTransform(body, cv2.DIST_L2, 5)
    ridge = distance[(distance > 2) & (distance == cv2.dilate(distance, np.ones((3, 3))))]
    return float(2 * np.percentile(ridge, 70)) if ridge.size else 0.0


def _of_the_building(body: np.ndarray, thickness: float) -> np.ndarray:
    """Drop specks, then everything that lies far from the largest cluster: titles, bars and details are thick ink as well."""
    n, labels, stats, _ = cv2.connectedComponentsWithStats(body)
    long = np.maximum(stats[:, 2], stats[:, 3]) >= 1.1 * thickness
    big = stats[:, 4] >= 0.35 * thickness * thickness
    keep = np.where((long & big & (np.arange(n) > 0))[labels], 255, 0).astype(np.uint8)
    near = cv2.dilate(keep, np.ones((int(4.5 * thickness) | 1,) * 2, np.uint8))
    n, labels, _, _ = cv2.connectedComponentsWithStats(near)
    if n > 2:
        ink_in = np.bincount(labels.ravel(), weights=(keep > 0).ravel())
        ink_in[0] = 0
        keep[labels != ink_in.argmax()] = 0
    return keep


# ---- openings
def _gaps(walls: np.ndarray, mask: np.ndarray, thickness: float) -> list[ReadOpening]:
    """Stretches where a straight wall stops and starts again in line, with jambs as thick as the wall."""
    found: list[ReadOpening] = []
    for axis in (0, 1):
        w = np.ascontiguousarray(walls if axis == 0 else walls.T)
        drawn = mask if axis == 0 else mask.T
        # Inner walls are about half as thick as outer ones; short reaches first, or a narrow room would pass for a gap.
        for t, reach in ((t, r * thickness) for r in (1.7, 2.4, 3.3, 4.6) for t in (thickness, 0.5 * thickness)):
            for x, y, gw, gh, score in _gaps_along(w, t, reach):
                box = (x, y, x + gw, y + gh) if axis == 0 else (y, x, y + gh, x + gw)
                if all(_overlap_share(box, o.box) < 0.3 for o in found):
                    lines = (drawn[y + 1 : y + gh - 1, x + 2 : x + gw - 2] > 0).mean(1) > 0.6
                    kind = "window" if np.count_nonzero(np.diff(lines.astype(int)) == 1) + int(lines[:1].any()) >= 1 else "door"
                    found.append(ReadOpening(tuple(int(v) for v in box), kind, score))  # type: ignore[arg-type]
    return found


def _gaps_along(w: np.ndarray, t: float, longest: float) -> list[tuple[int, int, int, int, float]]:
    """Gaps in level walls of thickness t, up to the longest: x, y, width, height, confidence."""
    long = cv2.morphologyEx(w, cv2.MORPH_OPEN, np.ones((1, max(5, int(0.6 * t) | 1)), np.uint8))
    reach = int(longest) | 1
    closed = cv2.morphologyEx(cv2.copyMakeBorder(long, 0, 0, reach, reach, cv2.BORDER_CONSTANT), cv2.MORPH_CLOSE,
                              np.ones((1, reach), np.uint8))[:, reach:-reach]  # fmt: skip
    gap = cv2.bitwise_and(closed, cv2.bitwise_not(w))
    gap = cv2.morphologyEx(gap, cv2.MORPH_OPEN, np.ones((3, max(5, int(0.5 * t) | 1)), np.uint8))  # odd: an even kernel shifts
    _, _, stats, _ = cv2.connectedComponentsWithStats(gap)
    found = []
    for x, y, gw, gh, area in stats[1:].tolist():
        if not (0.55 * t < gh < 1.7 * t and gw > 0.8 * gh and area > 0.7 * gw * gh):
            continue
        pad = max(3, int(0.25 * t))
        jambs = [
            part.mean() / 255 if part.size else 0
            for part in (w[y : y + gh, max(0, x - pad) : x], w[y : y + gh, x + gw : x + gw + pad])
        ]
        if min(jambs) < 0.7:
            continue
        sides = [
            part.mean() if part.size else 0 for part in (w[max(0, y - 3) : y, x : x + gw], w[y + gh : y + gh + 3, x : x + gw])
        ]
        if max(sides) > 100:
            continue  # the corner of a room or a niche, not a passage
        found.append((x, y, gw, gh, float(min(jambs))))
    return found


def _overlap_share(a, b) -> float:
    inner = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return inner / max(1, min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1])))
