"""How faithful is a variant to its drawing's lines, and what may it therefore be called?"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.errors import PixelsError
from pipelines.fidelity_openings import Openings, OpeningsFound, find_openings
from pipelines.lines import extract_lines

TOLERANCE_PX = 3.0  # lines this close count as the same
TILES = 8  # the sheet is also judged in 8 × 8 tiles
LEAST_TILE_LINES = 40  # line pixels below which a tile says nothing
FARTHEST_PX = 50.0  # longer ways count as this in the chamfer distance

# Measured on 40 pairs of an elevation and its faithful or perturbed rendering (3 styles, half of them aged sheets; simulated
# renderings, no diffusion output): faithful ones had F 0.996 in the median and 0.973 at the 10th percentile. A moved window
# still had 0.968–0.974, so F alone does not see it; precision (AUC 0.93 for 0.30 m) and the worst tile (0.85) see more, and
# an added storey fell in the worst tile alone (AUC 1.0). All four must hold, and where the drawing's openings are known every
# one of them must be found again (`fidelity_openings.py`): lines alone do not see a window that moved by a foot.
LEAST_F, LEAST_RECALL, LEAST_PRECISION, LEAST_WORST_TILE = 0.90, 0.85, 0.90, 0.60
RECONSTRUCTION, FREE = "reconstruction", "free interpretation"


@dataclass(frozen=True)
class Fidelity:
    """How well the lines of a variant and of its drawing agree.

    Attributes:
        f: harmonic mean of recall and precision, 0…1.
        recall: share of the drawing's lines that the variant has within 3 px; all four outside of known openings.
        precision: share of the variant's lines that the drawing explains within 3 px.
        worst_tile: the lowest recall or precision in any of 8 × 8 tiles that has lines.
        chamfer: mean distance between the lines, both ways, in px; distances above 50 count as 50.
        interpretation: "reconstruction" only when F ≥ 0.90, recall ≥ 0.85, precision ≥ 0.90 and worst tile ≥ 0.60, and all
            openings hold; otherwise "free interpretation". Either way, what it adds to the drawing is conjecture.
        openings: what became of each opening of the drawing; None when none were known.
    """

    f: float
    recall: float
    precision: float
    worst_tile: float
    chamfer: float
    interpretation: str
    openings: OpeningsFound | None = None


def fidelity(drawing: np.ndarray, variant: np.ndarray, openings: Openings | None = None) -> Fidelity:
    """Compare the lines of two pictures of the same frame, and the openings one by one.

    Lines within a known opening are not counted: bars, panes and leaves are of the variant's materials, and the opening itself
    is looked for on its own.

    Args:
        drawing, variant: uint8 [H, W, 3], the same size.
        openings: those of the drawing; None, or one without boxes, when none are known.

    Raises:
        PixelsError: when the sizes differ.

    A drawing or variant without any line agrees with nothing: F is 0 and the word is "free interpretation".
    """
    if drawing.shape[:2] != variant.shape[:2]:
        sizes = [f"{pixels.shape[1]}×{pixels.shape[0]}" for pixels in (variant, drawing)]
        raise PixelsError(f"the variant is {sizes[0]} but the drawing is {sizes[1]}: compare pictures of one size.")
    drawn, shown = extract_lines(drawing), extract_lines(variant)
    if not drawn.any() or not shown.any():
        return Fidelity(0.0, 0.0, 0.0, 0.0, FARTHEST_PX, FREE)
    found = find_openings(drawing, variant, openings) if openings is not None and openings.boxes else None
    to_drawn, to_shown = _distance(drawn), _distance(shown)
    if found is not None:
        outside = _outside(drawn.shape, openings)
        drawn, shown = drawn & outside, shown & outside
    if not drawn.any() or not shown.any():
        return Fidelity(0.0, 0.0, 0.0, 0.0, FARTHEST_PX, FREE, found)
    recall, precision = _near(to_shown[drawn]), _near(to_drawn[shown])
    f = 2 * recall * precision / max(recall + precision, 1e-9)
    worst = _worst_tile(drawn, shown, to_drawn, to_shown)
    chamfer = float(np.minimum(to_shown[drawn], FARTHEST_PX).mean() + np.minimum(to_drawn[shown], FARTHEST_PX).mean()) / 2
    holds = f >= LEAST_F and recall >= LEAST_RECALL and precision >= LEAST_PRECISION and worst >= LEAST_WORST_TILE
    holds = holds and (found is None or found.holds)
    return Fidelity(f, recall, precision, worst, chamfer, RECONSTRUCTION if holds else FREE, found)


def _outside(shape: tuple[int, ...], openings: Openings | None) -> np.ndarray:
    """Where lines count, bool [H, W]: not within an opening, but along its sides."""
    outside, rim = np.ones(shape, bool), int(TOLERANCE_PX) + 1
    for x0, y0, x1, y1 in openings.boxes if openings is not None else ():
        outside[max(0, round(y0) + rim) : max(0, round(y1) - rim), max(0, round(x0) + rim) : max(0, round(x1) - rim)] = False
    return outside


def _worst_tile(drawn: np.ndarray, shown: np.ndarray, to_drawn: np.ndarray, to_shown: np.ndarray) -> float:
    worst = 1.0
    for rows in np.array_split(np.arange(drawn.shape[0]), TILES):
        for columns in np.array_split(np.arange(drawn.shape[1]), TILES):
            box = np.ix_(rows, columns)
            for lines, distance in ((drawn[box], to_shown[box]), (shown[box], to_drawn[box])):
                if lines.sum() > LEAST_TILE_LINES:
                    worst = min(worst, _near(distance[lines]))
    return worst


def _distance(lines: np.ndarray) -> np.ndarray:
    return cv2.distanceTransform((~lines).astype(np.uint8), cv2.DIST_L2, 5)


def _near(distances: np.ndarray) -> float:
    return float((distances <= TOLERANCE_PX).mean())
