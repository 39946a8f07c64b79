"""What a variant kept, moved, lost and invented, drawn over it so that a person can object to each line."""

from __future__ import annotations

import cv2
import numpy as np

from pipelines.fidelity import TOLERANCE_PX
from pipelines.fidelity_openings import Box, OpeningsFound
from pipelines.lines import extract_lines

# Okabe and Ito 2008: told apart by every kind of colour vision; each fate has a shape of its own besides.
COLOURS = {"kept": (0, 128, 96), "moved": (230, 159, 0), "lost": (213, 94, 0), "invented": (0, 114, 178)}
WORDS = {
    "kept": "kept: a thin box, grey lines",
    "moved": "moved or changed in size: dashed where it was drawn, full where it stands",
    "lost": "lost: a crossed box, red lines",
    "invented": "invented: a box with a plus, blue lines",
}
_PALE = 0.55  # of white over the variant, so that the marks stand out from it
_KEPT_LINE = (70, 70, 70)


def fidelity_map(drawing: np.ndarray, variant: np.ndarray, openings: OpeningsFound | None) -> np.ndarray:
    """Lines and openings over the paled variant.

    Args:
        drawing, variant: uint8 [H, W, 3] of one frame; the variant before ink was laid over it would show more.
        openings: what became of each; None draws the lines alone.

    Returns:
        uint8 [H, W, 3].
    """
    drawn, shown = extract_lines(drawing), extract_lines(variant)
    picture = np.rint(variant * (1 - _PALE) + 255 * _PALE).astype(np.uint8)
    near_shown, near_drawn = _near(shown), _near(drawn)
    picture[drawn & near_shown] = _KEPT_LINE
    picture[shown & ~near_drawn] = COLOURS["invented"]
    picture[drawn & ~near_shown] = COLOURS["lost"]
    if openings is not None:
        weight = max(1, round(max(picture.shape) / 500))
        for one in openings.openings:
            _mark(picture, one.fate, one.drawn, one.found, weight)
        for box in openings.invented:
            _mark(picture, "invented", box, None, weight)
    return picture


def _near(lines: np.ndarray) -> np.ndarray:
    if not lines.any():
        return np.zeros(lines.shape, bool)
    return cv2.distanceTransform((~lines).astype(np.uint8), cv2.DIST_L2, 5) <= TOLERANCE_PX


def _mark(picture: np.ndarray, fate: str, drawn: Box, found: Box | None, weight: int) -> None:
    colour = COLOURS[fate]
    (x0, y0), (x1, y1) = _corners(drawn)
    if fate == "kept":
        cv2.rectangle(picture, (x0, y0), (x1, y1), colour, weight)
    elif fate == "moved" and found is not None:
        _dashed(picture, (x0, y0), (x1, y1), colour, weight)
        there = _corners(found)
        cv2.rectangle(picture, *there, colour, 2 * weight)
        middles = [tuple((a + b) // 2 for a, b in zip(*corners, strict=True)) for corners in (((x0, y0), (x1, y1)), there)]
        cv2.arrowedLine(picture, middles[0], middles[1], colour, 2 * weight, cv2.LINE_AA, tipLength=0.4)
    elif fate == "lost":
        cv2.rectangle(picture, (x0, y0), (x1, y1), colour, 2 * weight)
        cv2.line(picture, (x0, y0), (x1, y1), colour, weight, cv2.LINE_AA)
        cv2.line(picture, (x0, y1), (x1, y0), colour, weight, cv2.LINE_AA)
    else:
        cv2.rectangle(picture, (x0, y0), (x1, y1), colour, 2 * weight)
        x, y, arm = (x0 + x1) // 2, (y0 + y1) // 2, max(2, min(x1 - x0, y1 - y0) // 4)
        cv2.line(picture, (x - arm, y), (x + arm, y), colour, 2 * weight)
        cv2.line(picture, (x, y - arm), (x, y + arm), colour, 2 * weight)


def _dashed(picture: np.ndarray, start: tuple[int, int], end: tuple[int, int], colour, weight: int) -> None:
    dash = 4 * weight
    (x0, y0), (x1, y1) = start, end
    for x in range(x0, x1, 2 * dash):
        for y in (y0, y1):
            cv2.line(picture, (x, y), (min(x + dash, x1), y), colour, weight)
    for y in range(y0, y1, 2 * dash):
        for x in (x0, x1):
            cv2.line(picture, (x, y), (x, min(y + dash, y1)), colour, weight)


def _corners(box: Box) -> tuple[tuple[int, int], tuple[int, int]]:
    return (round(box[0]), round(box[1])), (round(box[2]), round(box[3]))
