"""Losses: islands with a sharp rim in which the ground of a picture shows.

Paint falls off wherever it likes, and what comes to light is the same everywhere: gesso, bole, plaster, bare canvas or wood. So
a ground is a colour of earth, chalk or cloth that stands in many flat islands, sharply bounded all round, in surroundings that
differ from island to island. What a painter put down in one colour mostly stands in one kind of surroundings.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import binary_fill_holes, gaussian_filter

STANDS_OUT = 15.0  # ΔE from the median around (some 124 px): less is shading
CALM = 9.0  # summed deviation of L*, a*, b* over 3 × 3 px: more is an edge
SAME = 12.0  # ΔE from a ground: stains and grain of one material
RIM = 20.0  # ΔE from the ground that pixels beside an island have …
ALL_ROUND = 0.8  # … on so much of its rim
FLAT = 7.0  # deviation of L* inside an island
SMALLEST_PX, WIDEST_PX = 25, 160  # area; longer side
COLOURS = 10  # candidates
_EDGES = [np.arange(0, 101, 5), np.arange(-75, 76, 5), np.arange(-75, 76, 5)]
_SHIFT = np.array([0, 128, 128], np.float32)


@dataclass(frozen=True)
class Ground:
    """A colour that losses show: L* a* b*, float32 [3]."""

    colour: np.ndarray


@dataclass(frozen=True)
class _Islands:
    """Islands of one colour: labels int32 [H, W]; per island its label, area, outside colour, inside colour, solidity."""

    labels: np.ndarray
    facts: np.ndarray

    def shown(self) -> np.ndarray:
        """Where they lie, bool [H, W]."""
        kept = np.zeros(int(self.labels.max()) + 1, bool)
        kept[self.facts[:, 0].astype(int)] = True
        return kept[self.labels]


def grounds_of(pixels: np.ndarray, cracked: bool) -> tuple[Ground, ...]:
    """The grounds that show in a picture; empty when no colour behaves like one.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4], a few megapixels at most.
        cracked: whether a net of cracks was found: an old surface has losses more likely, so fewer islands will do.
    """
    lab = _lab(pixels)
    if min(lab.shape[:2]) < 32:
        return ()
    around = _around(lab)
    area = lab.shape[0] * lab.shape[1] / 1e6
    found = []
    for colour in _candidates(lab, around):
        facts = _islands(lab, _distance(lab, colour)).facts
        needed = max(6, (15 if cracked else 80) * area)
        if len(facts) < needed:
            continue
        outside, inside, solidity = facts[:, 2:5], facts[:, 5:8], np.median(facts[:, 8])
        varied, alike = np.linalg.norm(outside.std(0)), np.linalg.norm(inside.std(0))
        # flakes are lumps; what lies between strokes is branched
        if solidity >= 0.88 and varied >= (14 if cracked else 11) and alike <= (6 if cracked else 4.3):
            found.append(Ground(colour))
    return tuple(found)


def islands_of(pixels: np.ndarray, grounds: tuple[Ground, ...]) -> np.ndarray:
    """The losses of a window, bool [H, W], given the picture's grounds."""
    lab = _lab(pixels)
    distances = [_distance(lab, ground.colour) for ground in grounds]
    nearest = np.minimum.reduce(distances)
    lost = np.zeros(lab.shape[:2], bool)
    for distance in distances:
        lost |= _islands(lab, distance).shown()
    lost |= _islands(lab, nearest, RIM - 2).shown()  # one loss may show two grounds, which were each other's surroundings
    near = cv2.dilate(lost.view(np.uint8), np.ones((5, 5), np.uint8)) > 0
    lost |= near & (nearest < RIM)  # the soft rim of an island is lost as well
    return np.asarray(binary_fill_holes(lost))  # what a loss encloses is a deeper loss


def _lab(pixels: np.ndarray) -> np.ndarray:
    """float32 [H, W, 3], L* 0…100, slightly smoothed."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, 2)
    rgb = np.ascontiguousarray(pixels[..., :3]).astype(np.float32) / 255
    return cv2.GaussianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), (0, 0), 0.6)


def _around(lab: np.ndarray) -> np.ndarray:
    """Median colour of some 124 px around each pixel, from a quarter of the size."""
    height, width = lab.shape[:2]
    small = cv2.resize(lab, (width // 4, height // 4), interpolation=cv2.INTER_AREA)
    levels = np.clip(small + _SHIFT, 0, 255).astype(np.uint8)
    median = np.dstack([cv2.medianBlur(np.ascontiguousarray(levels[..., c]), 31) for c in range(3)])
    return cv2.resize(median.astype(np.float32) - _SHIFT, (width, height))


def _candidates(lab: np.ndarray, around: np.ndarray) -> list[np.ndarray]:
    """The commonest colours among calm pixels that stand out, as far as a ground may have them."""
    mean = cv2.blur(lab, (3, 3))
    uneven = np.sqrt(np.maximum(cv2.blur(lab * lab, (3, 3)) - mean * mean, 0)).sum(-1)
    stands_out = mean[(np.linalg.norm(lab - around, axis=-1) > STANDS_OUT) & (uneven < CALM)]
    counts, edges = np.histogramdd(stands_out, bins=_EDGES)
    counts = gaussian_filter(counts, 1.0)
    centres = np.stack(np.meshgrid(*[(e[:-1] + e[1:]) / 2 for e in edges], indexing="ij"), -1)
    found = []
    for _ in range(COLOURS):
        place = np.unravel_index(counts.argmax(), counts.shape)
        if counts[place] <= 2:
            break
        members = stands_out[np.linalg.norm(stands_out - centres[place], axis=1) < 10]
        if len(members) > 20:
            colour = members.mean(0)
            light, red, yellow = colour
            # chalk, lime, earth, wood and cloth run from white over yellow to red; none is black, green, blue or vivid
            if light >= 28 and red > -4 and yellow > -4 and np.hypot(red, yellow) < 42:
                found.append(colour.astype(np.float32))
        counts[np.linalg.norm(centres - centres[place], axis=-1) < 14] = 0
    return found


def _distance(lab: np.ndarray, colour: np.ndarray) -> np.ndarray:
    return np.linalg.norm(lab - colour, axis=-1)


def _islands(lab: np.ndarray, distance: np.ndarray, rim_from: float = RIM) -> _Islands:
    """Flat islands with a sharp rim all round, given the ΔE of each pixel from a ground."""
    there = cv2.morphologyEx((distance < SAME).view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(there, connectivity=8)
    sized = (boxes[:, cv2.CC_STAT_AREA] >= SMALLEST_PX) & (boxes[:, 2:4].max(1) <= WIDEST_PX)
    sized[0] = False
    rows = []
    for index in np.flatnonzero(sized):
        x, y, width, height, area = (int(value) for value in boxes[index])
        place = np.s_[max(0, y - 6) : y + height + 6, max(0, x - 6) : x + width + 6]
        island = (labels[place] == index).astype(np.uint8)
        # two pixels away the paint must have its own colour: depicted forms are softer, or blend on one side
        rim = (cv2.dilate(island, np.ones((11, 11), np.uint8)) - cv2.dilate(island, np.ones((5, 5), np.uint8))) > 0
        if np.count_nonzero(rim) < 10 or np.mean(distance[place][rim] > rim_from) < ALL_ROUND:
            continue
        core = cv2.erode(island, np.ones((3, 3), np.uint8)) > 0
        inside = lab[place][core if np.count_nonzero(core) > 5 else island > 0]
        if inside[:, 0].std() > FLAT:
            continue
        outline = max(cv2.findContours(island, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)[0], key=len)
        solidity = cv2.contourArea(outline) / max(1.0, cv2.contourArea(cv2.convexHull(outline)))
        rows.append([index, area, *np.median(lab[place][rim], 0), *np.median(inside, 0), solidity])
    return _Islands(labels, np.array(rows, float).reshape(-1, 9))
