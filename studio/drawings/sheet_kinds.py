"""Whether a drawing is a plan, an elevation, a section, a detail or a view, told by its ink, and how sure that is.

The thresholds are those of what the project's own sheets show in every manner and at every age, held against the real
samples; a kind told with less than UNSURE is given as uncertain, and a title outweighs it (`titles.py`).
"""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.paper import runs

UNSURE = 0.6  # a kind told with less confidence is given as uncertain
DOUBTFUL = 0.55  # where two kinds look alike
LEANING = 0.55  # of the long strokes: own views have 0.6 to 0.9, plans, elevations and sections up to 0.5


def kind_of(mask: np.ndarray, tone: np.ndarray, sheet: tuple[int, ...]) -> tuple[str, float]:
    """Kind of one drawing and how sure that is.

    A plan is bare inside its walls and has no ground; an elevation or a section stands on a line and is filled; a section
    has cut masonry, black at its sides or white between dark rooms; a view has few level and upright strokes.

    Args:
        mask: uint8 [h, w], 255 = ink; tone: uint8 [h, w], washes kept; sheet: height and width of the whole sheet.
    """
    f = facts(mask, tone)
    kind, sure = _told(f, mask.size < 0.12 * sheet[0] * sheet[1])
    if f["leaning"] > LEANING and kind != "perspective":
        if f["stands"] < 0.2:  # no line to stand on, and next to no level line of any length: edges that run to the distance
            return "perspective", 0.75
        sure = min(sure, DOUBTFUL)
    return kind, sure


def _told(f: dict[str, float], is_small: bool) -> tuple[str, float]:
    """Kind and confidence by the facts, as if nothing were a view from a corner."""
    if f["square"] < 0.2 or (f["square"] < 0.24 and f["stands"] > 0.6 and f["toned"] > 0.5):
        return "perspective", DOUBTFUL
    # the inner faces of two cut walls run up beside empty rooms; pilasters do too, and stand before a wall full of drawing
    is_cut = f["inner"] > 0.88 and f["bare"] > 0.54
    if f["toned"] > 0.45:
        dark = f["dark_rooms"] > 0.6 and f["rows"] <= 0.2
        return ("section", 0.7) if is_cut or dark or (f["white"] > 0.03 and f["strokes"] > 0.5) else ("elevation", 0.7)
    if f["ground"] > 0.04:  # a line that runs on beyond both sides: what stands on it is no plan
        if is_cut:
            return "section", 0.8
        return "elevation", DOUBTFUL if f["strokes"] > 0.42 or f["filled"] < 0.295 else 0.8
    if f["cut"] > 0.45 and f["strokes"] < 0.42 and f["foot"] < 0.75:
        return ("section", 0.6) if f["up"] > 0 else ("plan", DOUBTFUL)
    if f["strokes"] > 0.42:
        return "plan", 0.9
    body = f["filled"] + 0.6 * f["up"] + 0.25 * f["rows"] - 0.5 * f["strokes"]  # a plan is bare inside and as full above
    if body > 0.68:
        return "elevation", round(float(np.clip(0.5 + body - 0.68, 0.5, 0.9)), 2)
    if is_small:
        return "detail", 0.4
    return "plan", round(float(np.clip(0.5 + 0.68 - body, 0.5, 0.9)), 2)


def facts(mask: np.ndarray, tone: np.ndarray) -> dict[str, float]:
    """What is measured of a drawing, each a share; `mask` and `tone` as in `kind_of`."""
    h, w = mask.shape
    side = max(h, w)
    soft = cv2.GaussianBlur(tone, (0, 0), 6)
    k = max(5, round(0.022 * side)) | 1
    closed = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((k, k), np.uint8)) > 0
    solid = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((7, 7), np.uint8)) > 0
    gray = cv2.GaussianBlur(255 - mask, (0, 0), 1.5).astype(np.float32)
    gx, gy = cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1)
    strong = np.hypot(gx, gy) > 60
    lean = np.degrees(np.arctan2(gy, gx)) % 90
    inside = closed
    fine = cv2.GaussianBlur(tone, (0, 0), max(1.0, 0.002 * side))
    white = (fine > 235) & cv2.erode(inside.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(bool)
    k2 = max(3, round(0.005 * side)) | 1
    bands = cv2.morphologyEx(white.astype(np.uint8), cv2.MORPH_OPEN, np.ones((k2, k2), np.uint8))
    return {
        "toned": float(((soft > 60) & (soft < 215)).mean()),
        "thick": float(solid.sum() / max(1, (mask > 0).sum())),
        "filled": float(closed.mean()),
        "stands": _stands(mask),
        "rows": _window_rows(mask),
        "square": float(((np.minimum(lean, 90 - lean) < 6) & strong).sum() / max(1, strong.sum())),
        "dark_rooms": float((fine[inside] < 191).mean()) if inside.any() else 0.0,
        "white": float(bands[inside].mean()) if inside.any() else 0.0,
        "cut": _cut_sides(solid, h, w),
        "up": float(closed[-max(1, h // 5) :].mean() - closed[: max(1, h // 5)].mean()),
        "foot": _foot(mask),
        "strokes": _strokes(mask),
        "ground": _ground_ends(mask),
        "leaning": _leaning(mask),
        **_inside(mask),
    }


def _leaning(mask: np.ndarray) -> float:
    """Share of the long strokes nearer to level than 40° that are not level: nearly all edges of a view from a corner."""
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(cv2.GaussianBlur(255 - mask, (0, 0), 0.8))[0]
    if found is None:
        return 0.0
    across, down = (found.reshape(-1, 4)[:, 2:] - found.reshape(-1, 4)[:, :2]).T
    length = np.hypot(across, down)
    angle = np.abs((np.degrees(np.arctan2(down, across)) + 90) % 180 - 90)
    level = (length > 0.04 * max(mask.shape)) & (angle < 40)
    return float(length[level & (angle > 2.5)].sum() / max(1.0, length[level].sum()))


def _inside(mask: np.ndarray) -> dict[str, float]:
    """How unbroken the strokes are that run up a little inside both ends of the building, and how bare it is between them."""
    h = len(mask)
    columns = np.flatnonzero((mask[round(0.3 * h) : round(0.85 * h)] > 0).mean(0) > 0.03)
    if columns.size < 20:
        return {"inner": 0.0, "bare": 0.0}
    body = mask[:, columns.min() : columns.max() + 1]
    wide = body.shape[1]
    least, reach = max(2, round(0.008 * wide)), max(5, round(0.07 * wide))  # beyond the outer stroke, within a wall's thickness
    unbroken = (body[round(0.4 * h) : round(0.88 * h)] > 0).mean(0)
    k = max(5, round(0.03 * wide))
    closed = cv2.morphologyEx(body, cv2.MORPH_CLOSE, np.ones((k, k), np.uint8)) > 0
    bare = 1 - closed[round(0.35 * h) : round(0.9 * h), reach:-reach].mean() if wide > 2 * reach + 4 else 0.0
    return {"inner": float(min(unbroken[least:reach].max(), unbroken[::-1][least:reach].max())), "bare": float(bare)}


def _foot(mask: np.ndarray) -> float:
    """Share of the columns that end in one row, or nearly: a building's foot."""
    h, w = mask.shape
    some = (mask > 0).any(0)
    low = np.where(some, h - 1 - (mask[::-1] > 0).argmax(0), 0)
    return float(np.bincount(low // max(2, h // 50)).max() / w)


def _strokes(mask: np.ndarray) -> float:
    """Share of the ink in long, thick, level or upright bands, as walls of a plan are; dark panes are broader."""
    side = max(mask.shape)
    broad = max(9, round(0.04 * side))
    solid = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
    solid = cv2.subtract(
        solid, cv2.dilate(cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones((broad, broad), np.uint8)), np.ones((3, 3)))
    )
    long = max(20, round(0.035 * side))
    bands = [cv2.morphologyEx(solid, cv2.MORPH_OPEN, np.ones(k, np.uint8)) > 0 for k in ((long, 5), (5, long))]
    return float(sum(b.sum() for b in bands) / max(1, (mask > 0).sum()))


def _ground_ends(mask: np.ndarray) -> float:
    """By what share of the width the lowest long line runs on beyond the building, on the shorter side."""
    h, w = mask.shape
    rows = (mask > 0).any(1)
    if not rows.any():
        return 0.0
    above = mask[round(0.35 * h) : round(0.85 * h)] > 0
    columns = np.flatnonzero(above.mean(0) > 0.03)
    joined = cv2.morphologyEx(mask[round(0.8 * h) :], cv2.MORPH_CLOSE, np.ones((3, max(3, w // 100) | 1), np.uint8))
    best = 0.0
    for row in joined:
        a, b = max(runs(row > 0), key=lambda r: r[1] - r[0], default=(0, 0))
        if columns.size and b - a > 0.05 * w:
            ends = np.flatnonzero(row)
            best = max(best, min(columns.min() - ends.min(), ends.max() - columns.max()) / w)
    return float(best)


def _stands(mask: np.ndarray) -> float:
    """How far the lowest long line spans the drawing, 0…1; a building stands on its whole width."""
    h, w = mask.shape
    joined = cv2.morphologyEx(mask[round(0.85 * h) :], cv2.MORPH_CLOSE, np.ones((1, max(3, w // 100) | 1), np.uint8))
    return max((max((b - a for a, b in runs(row > 0)), default=0) for row in joined), default=0) / w


def _window_rows(mask: np.ndarray) -> float:
    """Share of the height in which a level line spans more than half of the width: courses, cornices, eaves."""
    w = mask.shape[1]
    level = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(9, w // 12)), np.uint8))
    rows = (level > 0).mean(1) > 0.5
    return min(1.0, sum(1 for _ in runs(rows)) / 8)


def _cut_sides(solid: np.ndarray, h: int, w: int) -> float:
    """Share of the storeys' height at which both ends of the drawing are thick black: walls cut through."""
    part = solid[h // 3 : round(0.95 * h)]
    reach = max(4, round(0.08 * w))
    left, right = part[:, :reach].any(1), part[:, -reach:].any(1)
    return float((left & right).mean())
