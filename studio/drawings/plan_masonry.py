"""Cut masonry in a plan: black, hatched or otherwise toned, and outlined; several manners may stand on one sheet."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.paper import highest
from studio.drawings.plan_bands import bands
from studio.drawings.plan_faces import opened
from studio.drawings.plan_hatching import hatched, on_the_line
from studio.drawings.plan_hollow import hollow
from studio.drawings.plan_ink import PlanInk
from studio.drawings.plan_tone import tone, washed

WASHED = "The walls are washed or screened, not black."
BANDS = "The walls are two lines close together, told from furniture by their width; oblique and curved ones may be missing."
LEAST = 0.006  # of the drawing's square: black that covers less is columns, swatches and the fields of a scale bar
SAME = 0.45  # of what is hatched is black too: one manner, worn or blurred; two manners share up to 0.37 where they meet
# Length of thin walls, of the plan's width plus height: 1.2 and more in small plans of houses; where walls are thick or hatched
# 1.15 at most, of inner walls, sills and benches.
THIN = 1.1
# Cells that lie in no band are furniture: of real house plans at most 0.37 of them do, of outlined plans on small sheets 0.5 to
# 0.8; where 0.2 do, as in large plans with thin inner walls, cells run 1.2 times as far as bands, in house plans two thirds.
CELLS, FURTHER = 0.45, 1.4
TONED, IN_BANDS = 0.9, 0.2  # a wash as long as walls are, of which bands hold less: 0.12 to 0.18 hatched, 0.22 or more of lines
ENCLOSED = 1.3  # what outlines enclose over what is toned: 2 and more in outlined plans, 0.7 at most in washed and hatched ones
HELD, BEYOND = 0.8, 1.25  # of hatched pieces a tone holds so much and reaches so much further: 1.4 and more where they are worn
WHOLE = 1.0  # reach of hatching or cells that are the walls themselves: beside thin walls both reach 0.9 at most
STRUCK = 0.35  # of thin walls that may seem hatched, by tiles, treads and letters beside them
MINOR = 0.35  # a manner that covers less than a third of the main one means something else: blocked doors, hearths, later work
LONG = {"hatched": 0.9, "solid": 1.2}  # reach of the other manner: stripes of panes and letters reach 1.0
BLACK = 0.85  # of full ink: black walls are darker in the middle, at any age
LINED = 0.05  # of full ink that lines about a wash are darker than the wash; a wash without lines is paler at its rim


@dataclass(frozen=True, eq=False)
class Masonry:
    """Cut masonry: bool-like uint8 [H, W] 0/255, the main manner, and wall thickness in pixels (usual, thinnest)."""

    body: np.ndarray
    style: str
    thickness: float
    thinnest: float
    notes: tuple[str, ...] = ()


def masonry(
    ink: PlanInk, picture: np.ndarray, gray: np.ndarray, is_screened: bool = False, is_plan: bool = True
) -> Masonry | None:
    """Walls of a plan as drawn, before what is no part of the building is dropped; None when there are none.

    Black is looked for first, then thin double lines, hatching, washes, cells between lines: each is more easily mistaken than
    the one before it.

    Args:
        ink: of the plan; picture, gray: of the rectified sheet.
        is_plan: False for a section, whose floors and beams are thin bands and cells as well.
        is_screened: printed in dots that were melted into tones; lines are too soft then to lay faces on.
    """
    span = _span(ink.faint)
    black, striped = solid(ink), hatched(ink)
    black_length, striped_length = _reach(black, span), _reach(striped, span)
    much = np.count_nonzero(striped) > 3 * np.count_nonzero(black)
    if np.count_nonzero(black) > LEAST * span * span / 4 and not (much and striped_length > black_length):
        main, body, other, other_length = "solid", black, striped, striped_length
    elif is_plan and (thin := thin_walls(ink, striped, picture, gray)) is not None:
        return _measured(thin, "hollow", (BANDS,))
    elif striped_length > 0.6:
        main, body, other, other_length = "hatched", striped, black, black_length
        wash = washed(ink, tone(picture, gray, ink))  # strokes so fine or blurred that they are a tone in most places
        if _covers(wash, striped, span):
            return _measured(_together(_outlined(wash, ink) | striped, ink), "hatched")
    else:
        body, outlined = washed(ink, tone(picture, gray, ink)), hollow(ink)
        # Pens about thin walls run together into a tone that thick outlined walls lack; of a wash no cell is left.
        is_hollow = is_plan and outlined is not None and np.count_nonzero(outlined) > ENCLOSED * np.count_nonzero(body)
        if _reach(body, span) > 0.9 and not is_hollow:
            return _measured(body if is_screened else _outlined(body, ink), "solid", (WASHED,))
        return None if outlined is None else _measured(outlined, "hollow")
    if np.count_nonzero(black & striped) > SAME * max(1, np.count_nonzero(striped)):  # strokes that run together here and there
        return _measured(_together(black | striped, ink), "hatched")
    # a title's letters, a bar; a wash nearly black, whose lines dots of a screen would have eaten
    if main == "solid" and (black_length < 0.6 or (_is_toned(black, ink) and not is_screened)):
        wash = washed(ink, tone(picture, gray, ink))
        inside = cv2.erode(wash, np.ones((2 * round(ink.pen) + 3,) * 2, np.uint8)) > 0
        is_even = inside.any() and gray[inside].std() < 20
        if _reach(wash, span) > 0.9 and (is_even or _holds(wash, black)):
            return _measured(wash if is_screened else _outlined(wash, ink), "solid", (WASHED,))
    extra = np.count_nonzero(cv2.subtract(other, cv2.dilate(body, np.ones((3, 3), np.uint8))))
    share = extra / max(np.count_nonzero(body), 1)
    notes = []
    if share > MINOR and other_length > LONG[main]:
        body = cv2.bitwise_or(body, other)
        notes.append("Walls are drawn in two manners, black and hatched; both were taken for walls.")
    elif main == "solid" and share > 0.02:
        notes.append("Some hatched places were taken for blocked openings or later work, not for walls.")
    return _measured(body, main, tuple(notes))


def _covers(more: np.ndarray, less: np.ndarray, span: float) -> bool:
    """Whether one reading of walls holds nearly all of another and a good deal besides."""
    return _holds(more, less) and _reach(more, span) > BEYOND * _reach(less, span)


def _holds(more: np.ndarray, less: np.ndarray) -> bool:
    about = cv2.dilate(more, np.ones((7, 7), np.uint8))  # blurred faces stand a little further out
    return bool(np.count_nonzero(about & less) > HELD * np.count_nonzero(less))


def _is_toned(body: np.ndarray, ink: PlanInk) -> bool:
    """Whether a body is paler than black in its middle."""
    inner = cv2.erode(body, np.ones((2 * round(ink.pen) + 3,) * 2, np.uint8)) > 0
    return bool(inner.any() and np.median(ink.dark[inner]) < BLACK)


def _outlined(body: np.ndarray, ink: PlanInk) -> np.ndarray:
    """A toned body whose faces were drawn as lines ends on their middle; one without lines stays as it is."""
    reach = 2 * round(0.5 * ink.pen) + 1
    inner = cv2.erode(body, np.ones((2 * reach + 1,) * 2, np.uint8)) > 0
    face = (cv2.dilate(body, np.ones((reach, reach), np.uint8)) > 0) & (cv2.erode(body, np.ones((reach, reach), np.uint8)) == 0)
    if not inner.any():
        return body
    pale = np.percentile(ink.dark[inner], 25)
    line = float(np.median(cv2.dilate(ink.dark, np.ones((reach, reach), np.uint8))[face]))
    return on_the_line(body, ink) if line > pale + LINED else body


def thin_walls(ink: PlanInk, striped: np.ndarray, picture: np.ndarray, gray: np.ndarray) -> np.ndarray | None:
    """Walls of two lines close together, uint8 [H, W] 0/255, where the plan has little else; None where it has.

    Args:
        striped: what was read as hatched: outlines of hatched walls are two lines too, full of strokes or tone between them.
        picture, gray: of the rectified sheet.
    """
    span, cells = _span(ink.faint), hollow(ink)
    if _reach(striped, span) > WHOLE or (cells is not None and _reach(cells, span) > WHOLE):
        return None
    thin = bands(ink)
    if thin is None or thin.length < THIN * span or _share(thin.body, striped) > STRUCK:
        return None
    # Walls whose outlines are whole are read as closed cells, and better; else cells are furniture, and bands no part of them.
    if cells is not None and (thin.length < FURTHER * span * _reach(cells, span) or _share(cells, thin.body) > CELLS):
        return None
    wash = washed(ink, tone(picture, gray, ink))  # blurred lines are a tone too, but not most of it
    return None if _reach(wash, span) > TONED and _share(wash, thin.body) < IN_BANDS else thin.body


def _share(body: np.ndarray, other: np.ndarray) -> float:
    return np.count_nonzero(body & other) / max(1, np.count_nonzero(body))


def _together(pieces: np.ndarray, ink: PlanInk) -> np.ndarray:
    """Walls of a hatching that was read in pieces: gaps as wide as two strokes are closed, and what they enclose is filled."""
    k = 2 * round(ink.pen) + 1
    closed = cv2.morphologyEx(pieces, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (k, k)))
    distance = cv2.distanceTransform(closed, cv2.DIST_L2, 5)
    usual = 2 * float(np.percentile(distance[distance > 1.5], 70)) if (distance > 1.5).any() else float(k)
    return opened(_filled(closed, 2 * usual), ink.pen + 1)


def _span(mask: np.ndarray) -> float:
    ys, xs = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(np.ptp(ys) + np.ptp(xs)) if ys.size and xs.size else 1.0


def _reach(body: np.ndarray, span: float) -> float:
    """Length of the walls laid end to end, in units of the drawing's width plus height."""
    n, labels, stats, _ = cv2.connectedComponentsWithStats(body)
    distance = cv2.distanceTransform(body, cv2.DIST_L2, 5)
    inscribed = highest(distance, labels, n)
    long = np.maximum(stats[:, 2], stats[:, 3]) > 5 * inscribed
    length = stats[:, 4] / np.maximum(2 * inscribed, 1)
    long[0] = False
    return float(length[long].sum() / span)


def _measured(body: np.ndarray, style: str, notes: tuple[str, ...] = ()) -> Masonry | None:
    if not body.any():
        return None
    distance = cv2.distanceTransform(body, cv2.DIST_L2, 5)
    ridge = np.sort(2 * distance[(distance > 1.5) & (distance >= cv2.dilate(distance, np.ones((3, 3))))])
    if not ridge.size:
        return None
    # A ridge pixel counts by its width, so that the frayed ends of thick walls do not pass for thin ones.
    below = np.cumsum(ridge) / ridge.sum()
    usual, thinnest = (float(ridge[min(np.searchsorted(below, q), len(ridge) - 1)]) for q in (0.6, 0.06))
    return Masonry(body, style, max(4.0, usual), max(2.5, thinnest), notes)


# ---- black
def solid(ink: PlanInk) -> np.ndarray:
    """Ink wider than any pen of the sheet, its faces where darkness passes one half."""
    mask = ink.mask
    width = _gap(mask, ink.pen)
    if width is None:
        return np.zeros_like(mask)
    return opened(_filled(mask, width), width)


def _filled(mask: np.ndarray, width: float) -> np.ndarray:
    """Ink without pinholes: specks of paper smaller than half a wall, with ink all around them, are worn print."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(255 - mask, connectivity=4)
    speck = (stats[:, 4] < 0.25 * width * width) & (np.maximum(stats[:, 2], stats[:, 3]) < 0.7 * width)
    speck[0] = False
    # Where specks stand as densely as ink does the field is a screen or a hatching, and they are its paper.
    dense = cv2.boxFilter((speck[labels]).astype(np.float32), -1, (2 * int(width) + 1,) * 2) > 0.3
    return np.where(speck[labels] & ~dense, 255, mask).astype(np.uint8)


def _gap(mask: np.ndarray, pen: float) -> float | None:
    """The width that parts pens from walls, pixels: how much ink is lost from width to width (granulometry, Matheron 1975)."""
    first = int(np.ceil(1.8 * pen + 1.5))
    widths = np.unique(np.round(first * 1.16 ** np.arange(24)).astype(int))
    widths = widths[widths < 0.2 * min(mask.shape)]
    left = [np.count_nonzero(cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((k, k), np.uint8))) for k in widths]
    if not left or left[0] < 0.12 * np.count_nonzero(mask):
        return None
    lost = -np.diff(np.array([*left, 0], np.int64))
    # The thinnest walls are the first hump that holds a fair share; what is thinner is heavy pens and letters.
    hump = int((np.convolve(lost, np.ones(3), "same") > 0.06 * left[0]).argmax())
    peak = min(hump + int(lost[hump : hump + 3].argmax()), len(widths) - 1)
    valley = int(lost[: peak + 1].argmin())
    return float(np.clip(widths[valley], first, max(first, 0.62 * widths[peak])))
