"""Which of a drawing's openings does a variant keep, move, lose or invent? Each is looked for again, one by one.

Lines agree in the mean even where a window stands half a metre off, so the openings are read again: the lines in and around
each drawn opening are looked for in the variant, near where they were drawn; where the variant draws windows of its own, with
other bars and other surrounds, the four sides alone are looked for (`fidelity_sides.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipelines.errors import PixelsError
from pipelines.fidelity_sides import THERE, Sides, sides_of
from pipelines.lines import extract_lines

SOFTNESS_PX = 1.5  # of a line, for the comparison: half of the 3 px within which lines agree
MARGIN = 0.3  # of an opening's shorter side, around it: its frame, and enough wall to tell it from a copy of itself
REACH = 0.75  # of an opening's size, how far it is looked for; never as far as half the way to the next one
# Correlation of its lines below which an opening was not drawn alike, and its sides alone decide: on 64 variants painted over
# the drawing's tones the lost had at most 0.36, the kept 0.65 and more; over massings wrong places reached 0.58.
SEEN = 0.62
OFF = 0.01  # of the drawing's width: further off it was moved
STRETCHES = tuple(0.8 + 0.025 * step for step in range(17))  # of a side, when it is looked for in another size
SURELY_STRETCHED = 0.03  # of correlation, that another size must gain before it is believed
SIZE_OFF = 0.05  # of a side, or 3 px, the greater: more than that it was changed
LEAST_CONTRAST = 0.05  # of a patch's variance: below it the correlation is that of rounding errors
LEAST_SIDE_PX = 6  # smaller openings cannot be told from ornament
COPY = 0.6  # correlation with a drawn opening from which something that was not drawn is one more of its kind

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Openings:
    """The openings of a drawing.

    Attributes:
        boxes: x0, y0, x1, y1 in pixels of the drawing.
        tolerance_px: how far a centre may be off and count as kept; None for 1 % of the drawing's width.
        by_person: indices of boxes that a person set where the drawing may show something else: of these the sides alone are
            looked for, never the lines that are drawn there.
    """

    boxes: tuple[Box, ...]
    tolerance_px: float | None = None
    by_person: frozenset[int] = frozenset()

    def scaled(self, scale: float) -> Openings:
        """The same on a drawing that was enlarged by `scale`."""
        boxes = tuple((scale * x0, scale * y0, scale * x1, scale * y1) for x0, y0, x1, y1 in self.boxes)
        return Openings(boxes, None if self.tolerance_px is None else scale * self.tolerance_px, self.by_person)


@dataclass(frozen=True)
class OpeningFound:
    """What became of one opening.

    Attributes:
        drawn: x0, y0, x1, y1 in pixels of the drawing.
        found: the same in the variant; None when it is lost.
        likeness: −1…1, correlation of the lines where it was found; where they are not alike, how much of its sides is there.
        fate: "kept", "moved" (or changed in size) or "lost".
    """

    drawn: Box
    found: Box | None
    likeness: float
    fate: str

    @property
    def off_px(self) -> float:
        """How far its centre moved; infinite when it is lost."""
        if self.found is None:
            return float("inf")
        (a, b), (c, d) = _centre(self.drawn), _centre(self.found)
        return float(np.hypot(a - c, b - d))


@dataclass(frozen=True)
class OpeningsFound:
    """All of them: `openings` in the order of the drawing, `invented` boxes that were not drawn."""

    openings: tuple[OpeningFound, ...]
    invented: tuple[Box, ...]

    @property
    def holds(self) -> bool:
        """True when every opening is kept and none is invented."""
        return not self.invented and all(one.fate == "kept" for one in self.openings)

    def counts(self) -> dict[str, int]:
        """How many are kept, moved, lost and invented."""
        fates = [one.fate for one in self.openings]
        return {name: fates.count(name) for name in ("kept", "moved", "lost")} | {"invented": len(self.invented)}


def find_openings(drawing: np.ndarray, variant: np.ndarray, openings: Openings) -> OpeningsFound:
    """Look for the drawing's openings in a variant of it.

    Args:
        drawing, variant: uint8 [H, W, 3] of the same frame.
        openings: those of the drawing.

    Raises:
        PixelsError: when the sizes differ.
    """
    if drawing.shape[:2] != variant.shape[:2]:
        raise PixelsError(f"the variant's shape is {variant.shape} but the drawing's is {drawing.shape}: compare one frame.")
    drawn, shown = soft_lines(extract_lines(drawing)), soft_lines(extract_lines(variant))
    large = [k for k, box in enumerate(openings.boxes) if min(box[2] - box[0], box[3] - box[1]) >= LEAST_SIDE_PX]
    wanted = [openings.boxes[k] for k in large]
    tolerance_px = OFF * drawing.shape[1] if openings.tolerance_px is None else openings.tolerance_px
    reaches = [_reach(box, wanted) for box in wanted]
    sides = sides_of(variant, wanted, reaches, tolerance_px)
    found = tuple(
        (None if k in openings.by_person else _alike(drawn, shown, box, reach, tolerance_px)) or _by_sides(box, here)
        for k, box, reach, here in zip(large, wanted, reaches, sides, strict=True)
    )
    return OpeningsFound(found, _invented(drawn, shown, found))


def soft_lines(lines: np.ndarray) -> np.ndarray:
    """Bool [H, W] → float32 [H, W], 1 on a line and falling off beside it, so that lines a pixel apart still agree."""
    if not lines.any():
        return np.zeros(lines.shape, np.float32)
    distance = cv2.distanceTransform((~lines).astype(np.uint8), cv2.DIST_L2, 5)
    return np.exp(-0.5 * (distance / SOFTNESS_PX) ** 2).astype(np.float32)


def _reach(box: Box, others: Sequence[Box]) -> tuple[int, int]:
    """How far to look, x and y: a façade repeats itself, and the neighbour would be a perfect match."""
    (x, y), reach = _centre(box), [REACH * (box[2] - box[0]), REACH * (box[3] - box[1])]
    for other in others:
        dx, dy = (abs(a - b) for a, b in zip(_centre(other), (x, y), strict=True))
        if other is not box and dx >= dy:
            reach[0] = min(reach[0], 0.5 * dx)
        elif other is not box:
            reach[1] = min(reach[1], 0.5 * dy)
    return max(4, round(reach[0])), max(4, round(reach[1]))


def _by_sides(box: Box, sides: Sides) -> OpeningFound:
    """What its sides say of an opening that is not drawn alike; its likeness is how much of them is there."""
    if sides.there < THERE:
        return OpeningFound(box, None, sides.there, "lost")
    return OpeningFound(box, sides.box, sides.there, "kept" if sides.is_kept else "moved")


def _alike(
    drawn: np.ndarray, shown: np.ndarray, box: Box, reach: tuple[int, int], tolerance_px: float
) -> OpeningFound | None:
    """Where the lines in and around an opening are found again; None when nothing nearby is drawn alike."""
    patch, place = _patch(drawn, box)
    if patch.std() < 1e-3:  # nothing is drawn there, so nothing can be looked for
        return None
    (rx, ry), (x, y) = reach, place
    padded = np.pad(shown, ((ry, ry), (rx, rx)))
    area = padded[y : y + patch.shape[0] + 2 * ry, x : x + patch.shape[1] + 2 * rx]
    likeness = _likeness(area, patch)
    row, column = divmod(int(likeness.argmax()), likeness.shape[1])
    best = float(likeness[row, column])
    if best < SEEN:
        return None
    dx, dy = column - rx + _between(likeness[row], column), row - ry + _between(likeness[:, column], row)
    (x, y), (wide, tall) = _centre(box), _grown(area, patch, best)
    half = wide * (box[2] - box[0]) / 2, tall * (box[3] - box[1]) / 2
    there = (x + dx - half[0], y + dy - half[1], x + dx + half[0], y + dy + half[1])
    is_kept = float(np.hypot(dx, dy)) <= tolerance_px and _same_size(box, there)
    return OpeningFound(box, there, best, "kept" if is_kept else "moved")


def _grown(area: np.ndarray, patch: np.ndarray, best: float) -> tuple[float, float]:
    """How much wider and taller it was found than drawn: the stretch of all its lines that fits best; 1 as drawn."""
    stretch = [1.0, 1.0]
    for axis in (0, 1):
        likenesses = []
        for factor in STRETCHES:
            size = [patch.shape[1], patch.shape[0]]
            size[axis] = max(4, round(size[axis] * factor))
            other = patch if factor == 1 else cv2.resize(patch, size, interpolation=cv2.INTER_LINEAR)
            fits = other.shape[0] <= area.shape[0] and other.shape[1] <= area.shape[1]
            likenesses.append(float(_likeness(area, other).max()) if fits else -1.0)
        at = int(np.argmax(likenesses))
        if likenesses[at] > best + SURELY_STRETCHED:
            stretch[axis] = STRETCHES[at] + _between(np.asarray(likenesses), at) * (STRETCHES[1] - STRETCHES[0])
    return stretch[0], stretch[1]


def _invented(drawn: np.ndarray, shown: np.ndarray, found: tuple[OpeningFound, ...]) -> tuple[Box, ...]:
    """Copies of drawn openings that stand where nothing like them was drawn."""
    seen = [one for one in found if one.found is not None]
    taken = [one.drawn for one in found] + [one.found for one in seen if one.found is not None]
    invented: list[Box] = []
    for one in _kinds(seen):
        patch, _ = _patch(shown, one.found or one.drawn)
        if patch.shape[0] >= shown.shape[0] or patch.shape[1] >= shown.shape[1] or patch.std() < 1e-3:
            continue
        likeness = _likeness(shown, patch)
        before = _likeness(drawn, patch)
        peaks = (likeness >= COPY) & (likeness == cv2.dilate(likeness, np.ones((patch.shape[0] | 1, patch.shape[1] | 1))))
        for y, x in np.argwhere(peaks & (before < SEEN)):
            box = (float(x), float(y), float(x + patch.shape[1]), float(y + patch.shape[0]))
            if not any(_overlaps(box, other) for other in (*taken, *invented)):
                invented.append(box)
    return tuple(invented)


def _kinds(found: list[OpeningFound]) -> list[OpeningFound]:
    """One of each size: openings of one size look alike."""
    kinds: dict[tuple[int, int], OpeningFound] = {}
    for one in sorted(found, key=lambda one: -one.likeness):
        size = (round((one.drawn[2] - one.drawn[0]) / 6), round((one.drawn[3] - one.drawn[1]) / 6))
        kinds.setdefault(size, one)
    return list(kinds.values())


def _patch(plane: np.ndarray, box: Box) -> tuple[np.ndarray, tuple[int, int]]:
    """The lines in and around a box, and the patch's left upper corner, x, y."""
    margin = max(4.0, MARGIN * min(box[2] - box[0], box[3] - box[1]))
    x0, y0 = max(0, round(box[0] - margin)), max(0, round(box[1] - margin))
    x1, y1 = min(plane.shape[1], round(box[2] + margin)), min(plane.shape[0], round(box[3] + margin))
    return np.ascontiguousarray(plane[y0:y1, x0:x1]), (x0, y0)


def _likeness(area: np.ndarray, patch: np.ndarray) -> np.ndarray:
    """Correlation of a patch with every place of an area, −1…1; 0 where the area is all but empty and nothing correlates."""
    likeness = cv2.matchTemplate(area, patch, cv2.TM_CCOEFF_NORMED)
    height, width = patch.shape
    sums, squares = cv2.integral2(area)
    parts = [
        plane[height:, width:] - plane[:-height, width:] - plane[height:, :-width] + plane[:-height, :-width]
        for plane in (sums, squares)
    ]
    variance = parts[1] / patch.size - (parts[0] / patch.size) ** 2
    return np.where(variance > LEAST_CONTRAST * float(patch.var()), np.nan_to_num(likeness), 0)


def _between(values: np.ndarray, best: int) -> float:
    """Where between samples the peak lies, −0.5…0.5: the vertex of a parabola through three of them."""
    if not 0 < best < len(values) - 1:
        return 0.0
    low, top, high = (float(v) for v in values[best - 1 : best + 2])
    bend = low - 2 * top + high
    return float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5)) if bend < -1e-9 else 0.0


def _same_size(a: Box, b: Box) -> bool:
    sides = [(box[2] - box[0], box[3] - box[1]) for box in (a, b)]
    return all(abs(one - other) <= max(3.0, SIZE_OFF * one) for one, other in zip(*sides, strict=True))


def _overlaps(a: Box, b: Box) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _centre(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
