"""Proposing where a picture is damaged: a classical detector of thin and small marks, with no model behind it.

It sees marks that are darker or paler than what lies right beside them: cracks, scratches, small losses. What is painted has
about as many pale marks as dark ones, damage mostly has one sign; so the marks of the other sign are the control group, and
nothing is proposed unless one sign outnumbers it by far. What has one sign by nature, such as engraved lines, pen and script,
still looks cracked to it; stains, fading and large losses it does not see. A person accepts or rejects what it proposes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.composite import check_pixels
from pipelines.tiles import Window

WINDOW_PX = 1024
MARGIN_PX = 128  # a mark longer than this is judged by the part that a window sees
SIZES_PX = (9, 17)  # elements of the top-hats: thin marks, spots
FLOOR = 10.0  # levels of 255: the faintest mark, however calm its surroundings
SPOT_FLOOR = 28.0
ABOVE_CONTROL = 2.5  # times the mean response of the other sign around a mark
SHORTEST_PX = 14  # of a crack
WIDEST_PX = 9  # of a crack or a scratch: area ÷ length of a single line
SCRATCH_PX = 42  # shortest scratch
STRAIGHT = 0.035  # deviation from a straight line ÷ length, below which a mark is a scratch
SPOT_PX = (4, 13)  # sides of a small loss
CONTROL_SHARE = 0.05  # of what is proposed: how much the control group would have given at the same threshold
_FAMILIES = ("crack", "scratch", "small loss")
_LEAST_SHARE = (2e-3, 3e-4, 1e-4)  # of the picture, per family: less than this is nothing
_LEAST_MARKS = (3, 3, 12)  # a net of cracks hangs together and may be one mark


_MANY_MARKS = 20  # 1 ÷ CONTROL_SHARE
_LONE_SCORE = 120.0


@dataclass(frozen=True)
class Proposal:
    """Where damage may be; never to be applied without a person's consent.

    Attributes:
        mask: bool [H, W], True on supposed damage, grown by one pixel.
        share: share of the picture that is True, 0…1.
        kinds: share of the picture by kind, before growing: "dark crack", "pale crack", "dark scratch", "pale scratch",
            "dark small loss", "pale small loss".
        nothing_found: True when no damage is proposed; `mask` is then False everywhere.
    """

    mask: np.ndarray
    share: float
    kinds: dict[str, float]
    nothing_found: bool


@dataclass(frozen=True)
class _Marks:
    """The marks of one sign and family in one window: labels int32 [H, W]; score and core pixels per label."""

    labels: np.ndarray
    score: np.ndarray
    pixels: np.ndarray


def propose(pixels: np.ndarray) -> Proposal:
    """Propose a damage mask.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]; judged at 8 bits.

    Raises:
        PixelsError: for other arrays.

    Source: top-hat transforms (Meyer 1979), as good on synthetic cracks as vesselness filters at a thirtieth of their time;
    the control group after the knockoffs of Barber and Candès 2015.
    """
    check_pixels(pixels)
    height, width = pixels.shape[:2]
    # 1. Score the marks of both signs, window by window.
    scores: dict[tuple[str, str], list[np.ndarray]] = {}
    for core, window in _windows(height, width):
        for key, marks in _marks(pixels, core, window).items():
            scores.setdefault(key, []).append(np.stack([marks.score, marks.pixels], 1)[marks.pixels > 0])
    tables = {key: np.concatenate(parts) for key, parts in scores.items()}
    # 2. For each family and sign, the lowest score at which the other sign gives almost nothing.
    cuts = {}
    for index, family in enumerate(_FAMILIES):
        for sign, other in (("dark", "pale"), ("pale", "dark")):
            least = _LEAST_SHARE[index] * height * width
            cuts[sign, family] = _cut(tables[sign, family], tables[other, family], least, _LEAST_MARKS[index])
    # 3. Paint what passed.
    mask, kinds = np.zeros((height, width), bool), dict.fromkeys((f"{s} {f}" for f in _FAMILIES for s in ("dark", "pale")), 0.0)
    if any(cut is not None for cut in cuts.values()):
        for core, window in _windows(height, width):
            for (sign, family), marks in _marks(pixels, core, window).items():
                cut = cuts[sign, family]
                if cut is not None:
                    passed = (marks.score >= cut)[marks.labels][core.within(window)]
                    mask[core.slices()] |= passed
                    kinds[f"{sign} {family}"] += float(np.count_nonzero(passed)) / mask.size
        mask = cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
    return Proposal(mask, float(mask.mean()), kinds, not mask.any())


def _windows(height: int, width: int) -> Iterator[tuple[Window, Window]]:
    for y in range(0, height, WINDOW_PX):
        for x in range(0, width, WINDOW_PX):
            core = Window(y, y + WINDOW_PX, x, x + WINDOW_PX).clipped(height, width)
            yield core, core.grown(MARGIN_PX).clipped(height, width)


def _cut(marks: np.ndarray, control: np.ndarray, least_pixels: float, least_marks: int) -> float | None:
    """The score from which a sign's marks (score, pixels)[N, 2] are believed, or None when they never are."""
    if not len(marks):
        return None
    for cut in np.quantile(marks[:, 0], np.linspace(0, 0.995, 80)):
        kept = marks[marks[:, 0] >= cut]
        if len(kept) < least_marks or kept[:, 1].sum() < least_pixels:
            return None
        # a handful of marks has no control by mere luck, so they must stand far above whatever the other sign has
        is_clear = len(kept) >= _MANY_MARKS or cut >= max(_LONE_SCORE, 1.5 * control[:, 0].max(initial=0))
        if is_clear and control[control[:, 0] >= cut, 1].sum() <= CONTROL_SHARE * kept[:, 1].sum():
            return float(cut)
    return None


def _marks(pixels: np.ndarray, core: Window, window: Window) -> dict[tuple[str, str], _Marks]:
    """Marks of a window by sign and family; their pixels are counted inside the core only."""
    light = cv2.GaussianBlur(_lightness(pixels[window.slices()]), (0, 0), 0.7)
    inside = np.zeros(light.shape, bool)
    inside[core.within(window)] = True
    found = {}
    for size, floor, families in ((SIZES_PX[0], FLOOR, ("crack", "scratch")), (SIZES_PX[1], SPOT_FLOOR, ("small loss",))):
        dark, pale = _top_hat(light, size, cv2.MORPH_BLACKHAT), _top_hat(light, size, cv2.MORPH_TOPHAT)
        for sign, response, other in (("dark", dark, pale), ("pale", pale, dark)):
            control = cv2.blur(other, (49, 49), borderType=cv2.BORDER_REFLECT)
            needed = np.maximum(floor, ABOVE_CONTROL * control)
            marks = _hysteresis(response > needed, response > 0.6 * needed)
            shapes = _shapes(marks, response / np.maximum(control, 3), inside)
            for family in families:
                found[sign, family] = shapes[family]
    return found


def _lightness(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W] of a window."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        return np.ascontiguousarray(pixels)
    return cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2LAB)[..., 0]


def _top_hat(light: np.ndarray, size: int, operation: int) -> np.ndarray:
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return cv2.morphologyEx(light, operation, element, borderType=cv2.BORDER_REFLECT).astype(np.float32)


def _hysteresis(strong: np.ndarray, weak: np.ndarray) -> np.ndarray:
    """The weak marks that a strong one belongs to."""
    count, labels = cv2.connectedComponents(weak.astype(np.uint8), connectivity=8)
    kept = np.zeros(count, bool)
    kept[np.unique(labels[strong & weak])] = True
    kept[0] = False
    return kept[labels]


def _shapes(marks: np.ndarray, prominence: np.ndarray, inside: np.ndarray) -> dict[str, _Marks]:
    """Sort marks by shape; the score of a mark grows with its prominence and with the root of its area."""
    count, labels, facts, _ = cv2.connectedComponentsWithStats(marks.astype(np.uint8), connectivity=8)
    box, area = facts[:, 2:4].astype(float), facts[:, 4].astype(float)
    length = np.hypot(box[:, 0], box[:, 1])
    across, along = _axes(labels, area)
    long_enough = (along > SCRATCH_PX) & (area / along < WIDEST_PX)
    of = {
        "scratch": long_enough & (across / along < STRAIGHT),
        "small loss": (box.min(1) >= SPOT_PX[0]) & (box.max(1) <= SPOT_PX[1]) & (area > 0.5 * box.prod(1)),
    }
    of["crack"] = (length >= SHORTEST_PX) & ~of["scratch"]
    score = np.bincount(labels.ravel(), prominence.ravel(), count) / area * np.sqrt(area)
    pixels = np.bincount(labels[inside], minlength=count)
    found = {}
    for family, is_it in of.items():
        is_it[0] = False  # label 0 is the background
        found[family] = _Marks(labels, np.where(is_it, score, 0), np.where(is_it, pixels, 0))
    return found


def _axes(labels: np.ndarray, area: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spread across each mark (standard deviation) and length along (of a uniform line with that deviation), px."""
    y, x = np.nonzero(labels)
    which, count = labels[y, x], len(area)
    n = np.maximum(area, 1)
    my, mx = np.bincount(which, y, count) / n, np.bincount(which, x, count) / n
    yy = np.bincount(which, (y - my[which]) ** 2, count) / n
    xx = np.bincount(which, (x - mx[which]) ** 2, count) / n
    xy = np.bincount(which, (y - my[which]) * (x - mx[which]), count) / n
    middle, half = (yy + xx) / 2, np.sqrt(((yy - xx) / 2) ** 2 + xy**2)
    return np.sqrt(np.maximum(middle - half, 0)), np.sqrt(12 * (middle + half)) + 1
