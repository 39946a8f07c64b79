"""A test that every picture brings along: the hole, moved onto known pixels, where the answer can be checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import nn

from pipelines.composite import floats
from pipelines.prefill import conditions
from pipelines.sampling import Told, predict
from pipelines.tiles import Window, tiles

BLOCK_PX = 128
MARGIN_PX = 64  # enough to judge by; the network's whole reach would cost four times as much
MOST_BLOCKS = 3
LEAST_PIXELS = 64  # fewer decide nothing
_SHIFTS = ((16, 24), (-24, 16), (24, -16), (-16, -24), (40, 56), (-56, 40), (56, -40), (-40, -56))  # rows, columns


@dataclass(frozen=True)
class Trial:
    """What the test found.

    Attributes:
        pixels: how many known pixels were tried.
        model_error, prefill_error: mean squared error there, of the mean mode and of the harmonic prefill; 0…1 units.
    """

    pixels: int
    model_error: float
    prefill_error: float

    @property
    def is_lost(self) -> bool:
        """True when there was enough to decide and the model was not better."""
        return self.pixels >= LEAST_PIXELS and self.model_error >= self.prefill_error

    def reason(self) -> str:
        """One sentence for the Record."""
        if self.pixels < LEAST_PIXELS:
            return f"only {self.pixels} known pixels could be tried, too few to compare the model with its prefill"
        if self.prefill_error == 0:
            return f"on {self.pixels} known pixels the prefill was exact and the model could not be better"
        gain = 10 * np.log10(self.prefill_error / max(self.model_error, 1e-12))
        what = "better" if self.model_error < self.prefill_error else "not better"
        return f"on {self.pixels} known pixels around the hole the model was {what} than its prefill ({gain:+.2f} dB)"


def blocks(hole: np.ndarray) -> list[Window]:
    """The few blocks of a fixed grid where the test is made: those with much hole and much that is known beside it."""
    found = tiles(hole, BLOCK_PX)
    counts = [int(hole[block.slices()].sum()) for block in found]
    balance = [min(count, hole[block.slices()].size - count) for count, block in zip(counts, found, strict=True)]
    order = sorted(range(len(found)), key=lambda index: (-balance[index], index))
    return [found[index] for index in order[:MOST_BLOCKS]]


def holdout_error(
    network: nn.Module, pixels: np.ndarray, hole: np.ndarray, block: Window, reference: np.ndarray | None
) -> Trial:
    """Compare mean mode and prefill on one block.

    The test hole is the picture's own hole moved by a fixed shift, without what is lost anyway. It is solved within its
    window, so neither the tile size nor anything under the picture's hole can change the outcome.

    Args:
        network: in evaluation mode.
        pixels: uint8 or uint16 picture.
        hole: bool [H, W], already grown.
        block: one of `blocks`.
        reference: float32 [64, 64, 3] or None, as in `pipelines.sampling.Plane`.
    """
    height, width = hole.shape
    middle = Window(block.top, block.top + BLOCK_PX, block.left, block.left + BLOCK_PX)  # whole, also at the picture's edge
    window = middle.grown(MARGIN_PX)
    lost = window.cut(hole)
    here = np.zeros(lost.shape, bool)
    here[block.clipped(height, width).within(window)] = True
    moved = _moved(lost, here & ~lost)
    if not moved.any() or (lost | moved).all():
        return Trial(0, 0.0, 0.0)
    image = floats(window.cut(pixels))
    told = conditions(image, lost | moved)
    none = np.zeros(lost.shape, np.float32)
    # one view: the second would double what the test costs and hardly ever change its outcome
    clean, _ = predict(network, Told(told, lost | moved, none, none, none), told.fill, 1.0, reference)
    model, prefill = ((answer[moved] - image[moved]) ** 2 for answer in (np.clip(clean, 0, 1), told.fill))
    return Trial(int(moved.sum()), float(model.mean(dtype=np.float64)), float(prefill.mean(dtype=np.float64)))


def joined(trials: list[Trial]) -> Trial:
    """All blocks as one test; each pixel counts the same."""
    pixels = sum(trial.pixels for trial in trials)
    model = sum(trial.pixels * trial.model_error for trial in trials)
    prefill = sum(trial.pixels * trial.prefill_error for trial in trials)
    return Trial(pixels, model / max(pixels, 1), prefill / max(pixels, 1))


def _moved(lost: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """The hole moved onto allowed pixels, by the first shift that finds at least half as many as the best one."""
    candidates = []
    for rows, columns in _SHIFTS:
        moved = np.zeros_like(lost)
        height, width = lost.shape
        target = np.s_[max(0, rows) : height + min(0, rows), max(0, columns) : width + min(0, columns)]
        origin = np.s_[max(0, -rows) : height + min(0, -rows), max(0, -columns) : width + min(0, -columns)]
        moved[target] = lost[origin]
        candidates.append(moved & allowed)
    most = max(int(candidate.sum()) for candidate in candidates)
    return next(candidate for candidate in candidates if 2 * int(candidate.sum()) >= most)
