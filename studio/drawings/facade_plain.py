"""Openings that need no network: a dark hole in a bare wall, and blank ones, all alike, in a wall full of strokes.

Real sheets show these two far more plainly than any synthetic one does, so they are taken by rule. A wall full of strokes
is a field: courses, tiles, hatching that cover far more than one opening. What is a piece of such a field is no opening,
and what is spared out of it is one.
"""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.facade_candidates import SLENDER, SQUAT, WIDEST, Candidates, Edges
from studio.drawings.facade_features import Sums, company_features, intersection

MOST = 400  # boxes compared with one another
DARK, BLANK = 0.35, 0.75  # scores from which a box counts; a blank box in a rubble wall may be a stone, so it must prove more

COURSES = 0.012  # of the longer side: two courses of brick or tiles in a front of a dozen metres
DENSE = 0.33  # share of edges: strokes no further apart than six times their own width
FIELD = 0.01  # of the drawing's area: far more than one opening
BESIDE = 2.5  # widths: beyond a window and its surround the wall goes on
SAME = (0.1, 0.15, 0.15)  # darkness, upright and level edges: hatched by one hand, and faded alike


def fields(gray: np.ndarray, edges: Edges) -> list[np.ndarray]:
    """The fields of level and of upright strokes of a drawing, uint8 [H, W], 255 = paper: bool [H, W] each."""
    k = round(COURSES * max(gray.shape)) | 1
    found = []
    for strokes in (edges.level, edges.upright):
        dense = (cv2.blur(strokes.astype(np.float32), (k, k)) > DENSE).astype(np.uint8)
        dense = cv2.morphologyEx(dense, cv2.MORPH_OPEN, np.ones((k, k), np.uint8))
        _, labels, stats, _ = cv2.connectedComponentsWithStats(dense)
        for i in range(1, len(stats)):
            if stats[i, 4] > FIELD * gray.size:
                found.append(labels == i)
    return found


def pieces(boxes: np.ndarray, gray: np.ndarray, edges: Edges, found: list[np.ndarray]) -> np.ndarray:
    """Which boxes, [N, 4], are but a part of a field, bool [N]: covered by it, and like it in tone and in strokes."""
    x0, y0, x1, y1 = boxes.astype(np.float64).T
    wide = x1 - x0
    inner = (x0, y0, x1, y1)
    outer = (x0 - BESIDE * wide, y0, x1 + BESIDE * wide, y1)  # a field goes on along its courses
    looks = [1 - gray.astype(np.float32) / 255, edges.upright.astype(np.float32), edges.level.astype(np.float32)]
    within_all = [Sums(look).mean(*inner) for look in looks]
    out = np.zeros(len(boxes), bool)
    for mask in found:
        strokes = Sums(mask)
        within, area = strokes.total(*inner)
        beside = strokes.total(*outer)[0] - within
        same = (within > 0.65 * area) & (beside > 0.5 * area) & _goes_on(strokes, boxes)
        for look, inside, most in zip(looks, within_all, SAME, strict=True):
            sums = Sums(np.where(mask, look, 0))
            there = (sums.total(*outer)[0] - sums.total(*inner)[0]) / np.maximum(beside, 1)
            same &= np.abs(inside - there) < most
        out |= same
    return out


def _goes_on(strokes: Sums, boxes: np.ndarray) -> np.ndarray:
    """Whether a field goes on right and left of a box, or above and below: windows of a row meet only along a course."""
    x0, y0, x1, y1 = boxes.astype(np.float64).T
    off = 0.5 * COURSES * max(strokes.shape)  # so far a field seems to reach beyond its last stroke
    aside, along = off + 0.2 * (x1 - x0), off + 0.2 * (y1 - y0)
    left, right = strokes.mean(x0 - aside, y0, x0 - off, y1), strokes.mean(x1 + off, y0, x1 + aside, y1)
    above, below = strokes.mean(x0, y0 - along, x1, y0 - off), strokes.mean(x0, y1 + off, x1, y1 + along)
    return np.maximum(np.minimum(left, right), np.minimum(above, below)) > 0.6


def spared(found: Candidates, alone: np.ndarray, wall: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """One box for every hole that is spared out of a field, three or more of a width, and what else lies in those holes.

    A hole often holds a surround as well: the innermost box that stands upright in its middle is the opening.

    Returns: indices of the openings, and of the boxes that must give way to them.
    """
    boxes = found.boxes.astype(np.float64)
    wide, tall = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    closed = alone[:, 7:9].min(1) * np.maximum(alone[:, 9], 0.5) * alone[:, 5:7].max(1)
    picked, rest = [], []
    for hole in _alike([h for field in wall for h in _holes(field)]):
        w, h = hole[2] - hole[0], hole[3] - hole[1]
        inter = intersection(boxes, np.array([hole], np.float64))[:, 0]
        slack = np.maximum(6, 0.08 * h)
        centred = np.abs(boxes[:, 0] + boxes[:, 2] - hole[0] - hole[2]) < 0.16 * w
        stands = np.abs(boxes[:, 3] - hole[3]) < slack
        fits = centred & stands & (wide > 0.5 * w) & (tall > 0.6 * h) & (wide < 1.15 * w) & (tall < 1.15 * h) & (closed > 0.5)
        if not fits.any():
            continue
        inside = np.flatnonzero(fits)
        best = inside[np.argmin((wide / w - 0.6 * closed)[inside])]
        picked.append(int(best))
        rest.append(np.flatnonzero((inter > 0.25 * np.minimum(wide * tall, w * h)) & (wide * tall < 4 * w * h)))
    if not picked:
        return np.zeros(0, int), np.zeros(0, int)
    return np.unique(picked), np.setdiff1d(np.concatenate(rest), picked)


def _holes(mask: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Boxes of the holes of a field that are upright and about as full as an arch."""
    side = max(mask.shape)
    contours, tree = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    out = []
    parents = np.reshape(tree, (-1, 4))[:, 3] if len(contours) else []
    for contour, parent in zip(contours, parents, strict=True):
        x, y, w, h = cv2.boundingRect(contour)
        fits = 0.016 * side < w < WIDEST * side and h > 0.02 * side and SQUAT < h / w < SLENDER
        if parent >= 0 and fits and cv2.contourArea(contour) > 0.6 * w * h:
            out.append((x, y, x + w, y + h))
    return out


def _alike(holes: list[tuple[int, int, int, int]]) -> list[tuple[int, int, int, int]]:
    """Those of which there are three of about one width: a lone hole in a wall is a panel or a missing stone."""
    wide = np.array([h[2] - h[0] for h in holes], np.float64)
    return [h for h, w in zip(holes, wide, strict=True) if (np.abs(wide / w - 1) < 0.25).sum() >= 3]


def plain_openings(found: Candidates, alone: np.ndarray, pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Indices of such boxes, the surest first, and their scores, 0.5…1.

    Args:
        found: N boxes; alone: float32 [N, LOCAL] and pictures: [N, GRID] as from `local_features`.
    """
    dark, blank = _dark_holes(alone), _blank_holes(alone)
    best = np.maximum(dark, blank)
    boxes = found.boxes.astype(np.float64)
    order = np.flatnonzero(best > 0.3)
    order = order[np.argsort(-best[order], kind="stable")][: 3 * MOST]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    for i in order:
        if kept:
            inter = intersection(boxes[i : i + 1], boxes[kept])[0]
            if (inter > 0.8 * (area[i] + area[kept] - inter)).any():
                continue
        kept.append(int(i))
        if len(kept) == MOST:
            break
    if not kept:
        return np.zeros(0, int), np.zeros(0)
    index = np.array(kept)
    company = company_features(boxes[index], best[index].astype(np.float32), pictures[index])
    in_row, in_column, alike = np.expm1(company[:, 2]), company[:, 3], np.expm1(company[:, 4])
    many = _ramp(alike, 0.8, 2.0) * np.maximum(_ramp(in_row, 0.5, 1.0), _ramp(in_column, 0.4, 0.8))
    as_dark = dark[index] * (0.6 + 0.4 * _ramp(alike, 0, 1))
    as_blank = blank[index] * many
    score = np.maximum(np.where(as_dark > DARK, as_dark, 0), np.where(as_blank > BLANK, as_blank, 0))
    good = np.flatnonzero(score > 0)
    good = good[np.argsort(-score[good], kind="stable")]
    return index[good], 0.5 + 0.5 * score[good]


def _dark_holes(alone: np.ndarray) -> np.ndarray:
    """Darker than an even, bright wall on all four sides, and nothing drawn right above or below."""
    least, inside, around, uneven = alone[:, 23], alone[:, 25], alone[:, 26], alone[:, 29]
    return (_ramp(alone[:, 3], 0.82, 0.92) * _ramp(least, 0.15, 0.35) * _ramp(-around, -0.25, -0.15)
            * _ramp(-uneven, -0.25, -0.15) * _ramp(inside, 0.35, 0.55)
            * _ramp(-np.maximum(alone[:, 38], alone[:, 39]), -0.2, -0.1))  # fmt: skip


def _blank_holes(alone: np.ndarray) -> np.ndarray:
    """Free of ink in a wall that is covered with it; wider and taller than stones."""
    least, inside, around = alone[:, 23], alone[:, 25], alone[:, 26]
    large = (np.exp(alone[:, 0]) > 0.016) & (np.exp(alone[:, 1]) > 0.02)
    covered = _ramp(alone[:, 32] + alone[:, 33], 1.10, 1.22)  # edges both ways all around: bricks, rubble, not two mullions
    tone = _ramp(-inside, -0.10, -0.05) * _ramp(around, 0.12, 0.2) * _ramp(-least, -0.04, 0.02)
    return _ramp(alone[:, 3], 0.82, 0.92) * tone * covered * large


def _ramp(value: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.clip((value - low) / (high - low), 0, 1)
