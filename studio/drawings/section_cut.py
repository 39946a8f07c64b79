"""What a section cuts: black, hatched or outlined masonry as in a plan, or white masonry between dark rooms."""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.paper import highest, runs
from studio.drawings.plan_ink import PlanInk, plan_ink
from studio.drawings.plan_masonry import masonry

DARK_ROOMS = 0.55  # share of a building that is toned where its rooms are shaded: engraved sections stay below 0.45
BLACK, SOLID = 60, 0.6  # shading is black in a third of its area at most, solid masonry in nine tenths (ten real sheets)
THINNEST, THICKEST = 0.003, 0.07  # of the sheet's longer side: a rafter of 8 cm … the spandrel of a vault in a front of 27 m

# Times the outer walls' thickness: what is outlined, blank and wider is a room between doors and windows or between roof posts;
# floors, foundations and the haunches of vaults are no wider. A field shorter than LONG times its width is no wall and no
# floor, and if it is wider than those, no pier's foot. Of the width: how near its ends outer walls begin; more than they take.
ROOM, STOCKY, LONG = 2.2, 1.2, 2.2
AT_END, MOST = 0.06, 0.3


def cut_masonry(picture: np.ndarray, gray: np.ndarray, tone: np.ndarray, mass: np.ndarray) -> tuple[np.ndarray, bool]:
    """Walls, floors and vaults that are cut.

    Args:
        picture: uint8 [H, W, 3]; gray: uint8 [H, W], 255 = paper; tone: with washes kept; mass: the building, filled.
    Returns: bool [H, W], and whether the cut is white.
    """
    inside = mass > 0
    soft = cv2.GaussianBlur(tone, (0, 0), 0.002 * max(tone.shape))  # wide enough to melt half-tone dots
    dark = soft[inside & (soft < 191)]
    if dark.size > DARK_ROOMS * inside.sum() and float((dark < BLACK).mean()) < SOLID:
        white = white_cut(tone, mass)
        if white.any():
            return white, True
    ink = plan_ink(gray, inside)
    found = masonry(ink, picture, gray, is_plan=False)
    if found is None:
        return np.zeros(gray.shape, bool), False
    body = (found.body > 0) & inside
    return (without_rooms(body, ink) if found.style == "hollow" else body), False


def without_rooms(body: np.ndarray, ink: PlanInk) -> np.ndarray:
    """Outlined masonry without the blank fields that are too wide for it, bool [H, W].

    A plan's rooms are larger than any wall; in a section the wall between a door and a window is a field as narrow and as long
    as a pier, and only its width beside the outer walls' tells it from one.

    Args:
        body: bool [H, W], fields between lines, the lines included.
    """
    columns = np.flatnonzero(body.any(0))
    if not columns.size:
        return body
    x0, x1 = int(columns[0]), int(columns[-1]) + 1
    wide, thick = x1 - x0, []
    fields = (body & (ink.faint == 0)).astype(np.uint8)
    for row in fields[:, x0:x1] > 0:  # between lines: where a room was taken for masonry, the wall's inner line still stands
        pieces = [(a, b) for a, b in runs(row) if b - a > 2]
        ends = [b - a for a, b in pieces[:1] if a < AT_END * wide] + [b - a for a, b in pieces[-1:] if b > (1 - AT_END) * wide]
        thick += [end for end in ends if end < MOST * wide]
    if not thick:
        return body
    n, labels, stats, _ = cv2.connectedComponentsWithStats(fields, connectivity=4)
    across = 2 * highest(cv2.distanceTransform(fields, cv2.DIST_L2, 5), labels, n)
    wall, is_short = float(np.median(thick)), stats[:, cv2.CC_STAT_AREA] < LONG * across**2
    is_room = (across > ROOM * wall) | ((across > STOCKY * wall) & is_short)
    is_room[0] = False
    half_a_line = np.ones((2 * round(0.5 * ink.pen) + 1,) * 2, np.uint8)
    return body & (cv2.dilate(is_room[labels].astype(np.uint8), half_a_line) == 0)


def white_cut(tone: np.ndarray, mass: np.ndarray) -> np.ndarray:
    """White masonry between dark rooms, bool [H, W]: paper without a stroke, long, of a wall's or a rafter's thickness.

    Fluted columns and tiles are white too, and full of lines; highlights on a far wall are tinted.
    """
    side = max(tone.shape)
    ink = ((cv2.GaussianBlur(tone, (0, 0), 0.8) < 200) * 255).astype(np.uint8)
    rooms = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (5, 5)))
    paper = cv2.bitwise_and(cv2.bitwise_not(rooms), cv2.erode(_whole(mass), np.ones((3, 3), np.uint8)))
    k = max(5, round(THINNEST * side)) | 1
    body = cv2.morphologyEx(paper, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k)))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(body)
    radius = cv2.distanceTransform(body, cv2.DIST_L2, 5)
    inscribed = highest(radius, labels, n)
    long = stats[:, 4] / np.maximum(2 * inscribed, 1)
    keep = (2 * inscribed < THICKEST * side) & (long > 4 * inscribed) & (long > 0.03 * side)
    keep[0] = False
    keep &= _is_clean(tone, labels, stats, keep, k)
    keep &= _beside_rooms(tone, labels, keep)
    if keep.any():  # a shaft's lit side is narrower than any wall
        wide, weight = inscribed[keep], stats[keep, 4]
        order = np.argsort(wide)
        usual = wide[order][np.searchsorted(np.cumsum(weight[order]), 0.5 * weight.sum())]
        keep &= ~((stats[:, 3] > 2.5 * stats[:, 2]) & (inscribed < 0.7 * usual))
    found = cv2.dilate(keep[labels].astype(np.uint8), np.ones((k, k), np.uint8)) & (cv2.dilate(paper, np.ones((3, 3))) > 0)
    return found > 0


def _whole(mass: np.ndarray) -> np.ndarray:
    """The building with its outer walls, whose outer line is often broken: filled between what stands above and below."""
    tall = np.flatnonzero((mass > 0).any(1))
    wide = max(3, round(0.03 * max(mass.shape))) | 1
    mass = cv2.morphologyEx(mass, cv2.MORPH_CLOSE, np.ones((1, wide), np.uint8))  # a parapet between two rooms
    k = max(3, round(0.3 * (tall.max() - tall.min()))) | 1
    padded = cv2.copyMakeBorder(mass, k, k, 0, 0, cv2.BORDER_CONSTANT, value=0)
    return cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((k, 1), np.uint8))[k:-k]


def _beside_rooms(tone: np.ndarray, labels: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Which pieces reach up beside or between dark rooms: paper under the floor does not, bool [n]."""
    side = max(tone.shape)
    k = max(5, round(0.008 * side)) | 1
    rooms = cv2.morphologyEx(
        (cv2.GaussianBlur(tone, (0, 0), 0.002 * side) < 170).astype(np.uint8), cv2.MORPH_OPEN, np.ones((k, k), np.uint8)
    )
    lowest = np.where(rooms.any(0), len(rooms) - 1 - rooms[::-1].argmax(0), 0)
    lowest = cv2.dilate(lowest.astype(np.float32)[None], np.ones((1, 2 * (side // 25) + 1)))[0]
    ys, xs = np.nonzero(keep[labels])
    beside = np.zeros(len(keep), bool)
    above = np.bincount(labels[ys, xs], weights=ys < lowest[xs], minlength=len(keep))
    total = np.bincount(labels[ys, xs], minlength=len(keep))
    beside[total > 0] = (above / np.maximum(total, 1))[total > 0] > 0.5
    return beside


def _is_clean(tone: np.ndarray, labels: np.ndarray, stats: np.ndarray, keep: np.ndarray, k: int) -> np.ndarray:
    """Which pieces of paper hold no strokes or dots when their small gaps are closed, bool [n]."""
    clean = np.zeros(len(stats), bool)
    dark = 1 - tone.astype(np.float32) / 255
    for i in np.flatnonzero(keep):
        x, y, w, h = stats[i, :4]
        piece = np.pad((labels[y : y + h, x : x + w] == i).astype(np.uint8), k)
        filled = cv2.morphologyEx(piece, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k)))[k:-k, k:-k]
        whole = filled.sum() / max(1, stats[i, 4])
        ink = float(dark[y : y + h, x : x + w][filled > 0].mean())
        clean[i] = ink < 0.08 and whole < 1.35
    return clean
