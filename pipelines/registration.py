"""A variant laid back over its drawing: models that draw freely shift and stretch what they were led by."""

from __future__ import annotations

import cv2
import numpy as np

from pipelines.fidelity_openings import soft_lines
from pipelines.lines import extract_lines

MOST_SHIFT = 0.03  # of the longer side; what is off by more was drawn anew, and moving it would hide that
MOST_STRETCH = 0.03
ROUNDS, ENOUGH = 100, 1e-7  # a coarser end (60, 1e-5) left up to 0.6 px in the corners of drifted sheets
COARSE_SOFTNESS_PX = 6.0  # lines this far apart still attract each other in the first round


def registered(drawing: np.ndarray, variant: np.ndarray) -> tuple[np.ndarray, dict[str, float]]:
    """Shift and stretch a variant so that its lines lie over the drawing's.

    Args:
        drawing, variant: uint8 [H, W, 3] of one size.

    Returns:
        The variant, moved, uint8 [H, W, 3]; and what was done: "shift_x", "shift_y" in px at the middle, "stretch_x",
        "stretch_y" as factors. All zero and one when the lines do not agree, or agree only by more than MOST_SHIFT or
        MOST_STRETCH: then the variant is returned as it is.

    Source: Evangelidis and Psarakis 2008 (ECC), with an affine motion of which only shift and stretch are kept.
    """
    nothing = {"shift_x": 0.0, "shift_y": 0.0, "stretch_x": 1.0, "stretch_y": 1.0}
    drawn, shown = extract_lines(drawing), extract_lines(variant)
    if not drawn.any() or not shown.any():
        return variant, nothing
    motion = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, ROUNDS, ENOUGH)
    try:
        for planes in (
            [cv2.GaussianBlur(soft_lines(lines), (0, 0), COARSE_SOFTNESS_PX) for lines in (drawn, shown)],
            [soft_lines(drawn), soft_lines(shown)],
            [_edges(drawing), _edges(variant)],
        ):
            _, motion = cv2.findTransformECC(*planes, motion, cv2.MOTION_AFFINE, stop, None, 5)
            motion[0, 1] = motion[1, 0] = 0
    except cv2.error:  # the lines have nothing in common, or the search ran away
        return variant, nothing
    height, width = drawn.shape
    stretch = float(motion[0, 0]), float(motion[1, 1])
    shift = motion[0, 2] + (stretch[0] - 1) * width / 2, motion[1, 2] + (stretch[1] - 1) * height / 2
    too_far = max(abs(float(part)) for part in shift) > MOST_SHIFT * max(height, width)
    if too_far or max(abs(part - 1) for part in stretch) > MOST_STRETCH:
        return variant, nothing
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    moved = cv2.warpAffine(variant, motion, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    found = {"shift_x": shift[0], "shift_y": shift[1], "stretch_x": stretch[0], "stretch_y": stretch[1]}
    return moved, {name: round(float(value), 4) for name, value in found.items()}


def _edges(image: np.ndarray) -> np.ndarray:
    """How steep a picture is, float32 [H, W], 0…1: lines are whole pixels, slopes tell where between them an edge lies."""
    grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1.5)
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1))
    return slope / (slope + np.float32(np.median(slope[slope > 1e-3])) if (slope > 1e-3).any() else slope + 1)
