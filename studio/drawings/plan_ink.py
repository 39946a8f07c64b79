"""How dark a plan's ink is: darkness against paper, evened out where the ink has faded, and the pens that drew it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.paper import highest, without_border

NOISE = 0.16  # of full ink: paper grain, show-through and the smear of a scan stay below it


@dataclass(frozen=True, eq=False)
class PlanInk:
    """The ink of one plan.

    Attributes:
        dark: float32 [H, W], 0 = paper, 1 = ink of full strength at this place.
        mask: uint8 [H, W], 255 where `dark` passes one half: a stroke's exact faces when it is wider than the blur.
        faint: uint8 [H, W], 255 wherever there is ink at all, thin and faded strokes too.
        pen: width of the usual line, pixels.
    """

    dark: np.ndarray
    mask: np.ndarray
    faint: np.ndarray
    pen: float


def plan_ink(gray: np.ndarray, keep: np.ndarray) -> PlanInk:
    """Ink from a flattened sheet.

    Args:
        gray: uint8 [H, W], 255 = paper.
        keep: bool [H, W], False where nothing of the plan can stand (outside its box, borders, scale bars).
    """
    dark = (255 - gray.astype(np.float32)) / 255
    dark *= keep
    dark /= _strength(dark)
    np.clip(dark, 0, 1.2, out=dark)
    mask = ((dark > 0.5) * 255).astype(np.uint8)
    faint = _joined(dark)
    inside = without_border(np.where(faint > 0, 255, 0).astype(np.uint8)) > 0
    border = (faint > 0) & ~inside
    if border.any():
        wide = cv2.dilate(border.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        dark[wide] = mask[wide] = faint[wide] = 0
    return PlanInk(dark, mask, faint, _pen(dark))


def _strength(dark: np.ndarray) -> np.ndarray:
    """How dark full ink is at each place, float32 [H, W]: the darkest ink around, smoothly, never below 0.4 of the sheet's."""
    soft = cv2.GaussianBlur(dark, (0, 0), 0.8)
    step = max(2, round(max(dark.shape) / 300))
    h, w = dark.shape
    peaks = cv2.dilate(soft, np.ones((step, step), np.uint8))[step // 2 :: step, step // 2 :: step]
    full = float(np.percentile(peaks[peaks > NOISE], 90)) if (peaks > NOISE).any() else 1.0
    # Only ink that could be full counts: hatch strokes and stains are pale, yet say nothing of how the ink has faded.
    weight = np.where(peaks > 0.45 * full, peaks**4, 0).astype(np.float32)  # the darkest speak loudest
    span = 0.03 * max(peaks.shape)
    total = cv2.GaussianBlur(weight * peaks, (0, 0), span) + 1e-4 * full
    local = total / (cv2.GaussianBlur(weight, (0, 0), span) + 1e-4)
    local = cv2.resize(local.astype(np.float32), (w, h), interpolation=cv2.INTER_LINEAR)
    return np.clip(local, 0.4 * full, 1.0)


def _joined(dark: np.ndarray) -> np.ndarray:
    """Ink by hysteresis: everything above the noise that hangs together with something clearly inked."""
    # A stroke thinner than the blur never reaches full darkness: compare with the paper right beside it.
    beside = cv2.GaussianBlur(dark, (0, 0), 3.0)
    low = ((dark > NOISE) & (dark > 0.8 * beside)).astype(np.uint8)
    n, labels = cv2.connectedComponents(low)
    peak = highest(dark, labels, n)
    return ((peak > 0.3)[labels] * 255).astype(np.uint8)


def _pen(dark: np.ndarray) -> float:
    """Width of the usual line, pixels: the mean of short runs of ink along rows and columns, at half of each line's depth."""
    peak = cv2.dilate(dark, np.ones((5, 5), np.uint8))
    line = (dark > 0.5 * peak) & (dark > NOISE)
    runs = []
    for view in (line, line.T):
        step = np.diff(np.pad(view, ((0, 0), (1, 1))).astype(np.int8), axis=1)
        runs.append(np.nonzero(step.ravel() == -1)[0] - np.nonzero(step.ravel() == 1)[0])
    length = np.concatenate(runs)
    short = length[length <= max(8, 0.008 * min(dark.shape))]
    return float(np.clip(short.mean(), 1.2, 12)) if short.size else 2.0
