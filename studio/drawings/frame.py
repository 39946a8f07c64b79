"""The ruled frame of a sheet: four straight lines around everything, which were square when they were drawn."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

SIDES = ("top", "bottom", "left", "right")


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame found in the ink.

    Attributes:
        corners: float64 [4, 2], top left, top right, bottom right, bottom left, pixels.
        bows: float64 [4, 4], cubic polynomials in 0…1 along the top, bottom, left and right: distance from the chord in pixels
            (down or to the right); zero for straight lines.
    """

    corners: np.ndarray
    bows: np.ndarray


def ruled_frame(mask: np.ndarray) -> Frame | None:
    """The outermost ruled frame in ink (uint8 [H, W], 255 = ink), or None when four lines do not close around the drawing."""
    lines = {}
    for side in SIDES:
        view = mask if side in ("top", "bottom") else mask.T
        line = _side(view if side in ("top", "left") else view[::-1], view.shape)
        if line is None:
            return None
        lines[side] = line if side in ("top", "left") else (lambda f, n: lambda t: n - 1 - f(t))(line, view.shape[0])
    h, w = mask.shape
    meeting = (("top", "left", 0, 0), ("top", "right", w, 0), ("bottom", "right", w, h), ("bottom", "left", 0, h))
    corners = np.array([_corner(lines[a], lines[b], x, y) for a, b, x, y in meeting])
    if not _is_frame(corners, mask):
        return None
    return Frame(corners, _bows(corners, lines))


def _side(view: np.ndarray, size: tuple[int, int]):
    """The outermost line near the first rows of a view, as a function column → row; None when there is none.

    The line is traced in 60 stretches by the strip's darkest row near a straight guess, then fitted by a cubic.
    """
    h, w = size
    depth = round(0.22 * h)  # a frame stands in the outer fifth
    band = (view[:depth] > 0).astype(np.float32)
    guess = _straight(band)
    if guess is None:
        return None
    slope, offset = guess
    reach = max(4, round(0.004 * w))
    xs, ys = [], []
    for x0 in np.linspace(0, w, 61)[:-1].astype(int):
        x1 = x0 + max(4, w // 60)
        y = offset + slope * (x0 + x1) / 2
        top = round(y) - reach
        if top < 0 or top + 2 * reach + 1 > depth:
            continue
        strip = band[top : top + 2 * reach + 1, x0:x1].mean(1)
        peak = int(strip.argmax())
        if strip[peak] > 0.5:
            near = slice(max(0, peak - 2), peak + 3)
            ys.append(top + float(np.average(np.arange(len(strip))[near], weights=strip[near])))
            xs.append((x0 + x1 - 1) / 2)
    if len(xs) < 33:  # seen along more than half of the sheet
        return None
    xs, ys = np.array(xs), np.array(ys)
    t, trust = xs / w * 2 - 1, np.ones(len(xs))
    fit = np.polyfit(t, ys, 1)
    for degree in (1, 1, 3, 3, 3):  # a straight line first, so that a stray tick cannot bend the curve
        fit = np.polyfit(t, ys, degree, w=trust)
        trust = 1 / (1 + ((ys - np.polyval(fit, t)) / 0.6) ** 2)
    if np.median(np.abs(ys - np.polyval(fit, t))) > 0.8:
        return None
    straight = np.polyfit(t, ys, 1, w=trust)
    if np.abs(np.polyval(fit, t) - np.polyval(straight, t)).max() < 1.0:
        fit = straight
    return lambda at: np.polyval(fit, np.asarray(at) / w * 2 - 1)


def _straight(band: np.ndarray) -> tuple[float, float] | None:
    """Slope and offset of the outermost line that ink follows over more than half the width: shear, then row sums."""
    depth, w = band.shape
    soft = cv2.dilate(band, np.ones((3, 1), np.uint8))  # a line may bend by a pixel
    best: tuple[float, float, float] | None = None
    for slope in np.linspace(-0.05, 0.05, 81):
        shear = np.array([[1, 0, 0], [-slope, 1, slope * w / 2]], np.float32)
        level = cv2.warpAffine(soft, shear, (w, depth), flags=cv2.INTER_NEAREST).mean(1)
        rows = np.flatnonzero(level > 0.55)
        if not rows.size:
            continue
        first = rows[0]
        row = first + int(level[first : first + 6].argmax())
        share = float(level[row])
        # The outermost of two rules wins unless the inner one is much better seen; the right slope sees it best.
        merit = share - 0.5 * row / depth
        if best is None or merit > best[0]:
            best = (merit, slope, row - slope * w / 2)
    return None if best is None else (best[1], best[2])


def _corner(level, upright, x: float, y: float) -> tuple[float, float]:
    """Where a level and an upright line meet; three rounds of substitution are enough for lines so nearly square."""
    for _ in range(6):
        y = float(level(x))
        x = float(upright(y))
    return x, y


def _is_frame(corners: np.ndarray, mask: np.ndarray) -> bool:
    """Whether the four lines end in one another, are nearly square, and hold nearly all ink."""
    h, w = mask.shape
    sides = np.roll(corners, -1, 0) - corners
    length = np.hypot(*sides.T)
    if min(length[0], length[2]) < 0.6 * w or min(length[1], length[3]) < 0.6 * h:
        return False
    if abs(length[0] / length[2] - 1) > 0.08 or abs(length[1] / length[3] - 1) > 0.08:
        return False
    unit = sides / length[:, None]
    if max(abs(float(unit[i] @ unit[(i + 1) % 4])) for i in range(4)) > 0.06:
        return False
    inside = np.zeros_like(mask)
    cv2.fillConvexPoly(inside, np.rint(corners).astype(np.int32), 255)
    inside = cv2.dilate(inside, np.ones((7, 7), np.uint8))
    rim = round(0.01 * min(h, w))
    outside = (mask[rim:-rim, rim:-rim] > 0) & (inside[rim:-rim, rim:-rim] == 0)
    if outside.sum() > 0.06 * max(1, (mask > 0).sum()):
        return False
    return all(_closes(mask, corners[i], -unit[i - 1], unit[i]) for i in range(4))


def _closes(mask: np.ndarray, corner: np.ndarray, back: np.ndarray, ahead: np.ndarray) -> bool:
    """Whether ink leaves the corner along both sides and does not run on beyond it (a grid of walls does run on)."""
    h, w = mask.shape
    steps = np.arange(3, max(12, 0.02 * min(h, w)))

    def share(direction: np.ndarray) -> float:
        hit = 0
        for s in steps:
            x, y = np.rint(corner + s * direction).astype(int)
            hit += bool(mask[max(0, y - 2) : y + 3, max(0, x - 2) : x + 3].any())
        return hit / len(steps)

    return share(back) > 0.5 and share(ahead) > 0.5 and share(-back) < 0.6 and share(-ahead) < 0.6


def _bows(corners: np.ndarray, lines: dict) -> np.ndarray:
    """Each side's distance from its chord as a cubic in 0…1."""
    t = np.linspace(0, 1, 41)
    bows = np.zeros((4, 4))
    for k, (side, a, b, axis) in enumerate((("top", 0, 1, 1), ("bottom", 3, 2, 1), ("left", 0, 3, 0), ("right", 1, 2, 0))):
        chord = corners[a] + t[:, None] * (corners[b] - corners[a])
        off = lines[side](chord[:, 1 - axis]) - chord[:, axis]
        bows[k] = np.polyfit(t, off, 3) if np.abs(off).max() > 0.5 else 0.0
    return bows
