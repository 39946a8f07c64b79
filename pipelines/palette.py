"""Colours for a drawing: its tones without the paper, and the palette that they are mapped to.

Everything here is arithmetic on the drawing and, when there is one, on the reference; no model is asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

PAPER = 0.06  # of the longer side: paper varies slower than this, drawing faster
SMOOTHING = 0.015  # of the longer side: hatching closer than this becomes a tone
DETAIL = 0.003  # of the longer side: the scale at which the smoothing sees an edge
BARE = 0.95  # tones above it are bare paper
SMALL = 0.1  # of the largest thing on the sheet: what is smaller and apart is no building
GAP = 0.004  # of the longer side: openings in an outline narrower than twice this do not let the sky in
_QUANTILES = 33

# Tone 0…1 → CIELAB of a building without a reference: slate in the shadows, warm limestone in the light.
_STONE = np.array([[22, 2, -6], [38, 1, -6], [54, 3, 4], [70, 5, 16], [82, 4, 18], [89, 2, 13]], np.float32)
_SKY = np.array([[68, -5, -24], [80, -4, -15], [90, 0, -3]], np.float32)  # zenith … horizon
_GROUND = np.array([[58, 2, 14], [46, 1, 12]], np.float32)  # at the building's foot … at the lower edge


@dataclass(frozen=True)
class Palette:
    """Where colours come from; rows of CIELAB, L 0…100.

    Attributes:
        building: float32 [N, 3], from the darkest tone to the lightest.
        sky: float32 [N, 3], from the upper edge to the horizon.
        ground: float32 [N, 3], from the horizon to the lower edge.
    """

    building: np.ndarray
    sky: np.ndarray
    ground: np.ndarray


OWN = Palette(_STONE, _SKY, _GROUND)


def palette_of(reference: np.ndarray) -> Palette:
    """The palette of a picture, by quantiles of its lightness.

    The tones of a drawing are one-dimensional, so the optimal transport onto the reference's lightness is the monotone one
    (quantile to quantile); each quantile brings the mean hue that the reference has at that lightness. The reference's
    upper fifth gives the sky, its lowest tenth the ground.

    Args:
        reference: uint8 [H, W, 3], sRGB.

    Source: monotone transport in one dimension, as in Reinhard et al. 2001 and Pitié et al. 2007, without their rotations.
    """
    side = max(reference.shape[:2])
    if side > 512:
        size = (max(1, reference.shape[1] * 512 // side), max(1, reference.shape[0] * 512 // side))
        reference = cv2.resize(reference, size, interpolation=cv2.INTER_AREA)
    lab = _to_lab(reference.astype(np.float32) / 255)
    height = lab.shape[0]
    sky = lab[: max(1, height // 5)]
    ground = lab[-max(1, height // 10) :]
    return Palette(_by_lightness(lab.reshape(-1, 3)), _bands(sky, 3), _bands(ground, 2))


def varied(palette: Palette, strength: float, seed: int, variant: int) -> Palette:
    """Another hour and another quarry: the palette of variant 0, 1, …; the first is the palette itself.

    Args:
        palette: to start from.
        strength: 0 (no change) … 1 (shifts of about 9 in a and b, 7 in L).
        seed, variant: decide the shifts.
    """
    if variant == 0:
        return palette
    rng = np.random.Generator(np.random.Philox(key=[seed, variant], counter=[0, 1, 0, 0]))  # apart from the noise's blocks
    shifts = np.clip(rng.standard_normal((3, 3)), -1.6, 1.6) * np.array([7, 6, 9]) * strength
    parts = (palette.building, palette.sky, palette.ground)
    moved = [part + shift.astype(np.float32) for part, shift in zip(parts, shifts, strict=True)]
    return Palette(*(np.clip(part, (4, -60, -60), (97, 60, 60)).astype(np.float32) for part in moved))


def tones(drawing: np.ndarray) -> np.ndarray:
    """Ink on white paper: the drawing with its paper divided out.

    Args:
        drawing: uint8 [H, W, 3].

    Returns:
        float32 [H, W], 0 (ink) … 1 (bare paper), whatever the paper's colour, stains and light.
    """
    light = cv2.cvtColor(drawing, cv2.COLOR_RGB2GRAY).astype(np.float32) / 255
    height, width = light.shape
    small = cv2.resize(light, (min(width, 256), min(height, 256)), interpolation=cv2.INTER_AREA)
    reach = 2 * max(1, round(PAPER * max(small.shape) / 2)) + 1
    # the lightest tone nearby is the paper's, but one speck must not be: blur first, and again what the dilation left blocky
    paper = cv2.dilate(cv2.GaussianBlur(small, (0, 0), 1.0), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach)))
    paper = cv2.GaussianBlur(paper, (0, 0), reach / 2, borderType=cv2.BORDER_REPLICATE)
    # wide black (a poché wall, an opening) is ink however far it reaches: the paper is never darker than half the lightest
    least = 0.5 * float(np.quantile(light, 0.98))
    paper = np.maximum(cv2.resize(paper, (width, height), interpolation=cv2.INTER_LINEAR), least)
    return np.clip(light / np.maximum(paper, 1e-3), 0, 1)


def flattened(tone: np.ndarray) -> np.ndarray:
    """Tones smoothed at 1.5 % of the sheet, so that hatching becomes tone, but not across edges.

    Args:
        tone: float32 [H, W], 0…1.

    Returns:
        float32 [H, W], 0…1.

    Source: He et al. 2010 (guided filter).
    """
    side = max(tone.shape)
    guide = cv2.GaussianBlur(tone, (0, 0), max(0.8, DETAIL * side))
    box = (2 * max(1, round(SMOOTHING * side)) + 1,) * 2
    mean_guide, mean_tone = cv2.blur(guide, box), cv2.blur(tone, box)
    slope = (cv2.blur(guide * tone, box) - mean_guide * mean_tone) / (cv2.blur(guide * guide, box) - mean_guide**2 + 0.01)
    offset = mean_tone - slope * mean_guide
    return np.clip(cv2.blur(slope, box) * guide + cv2.blur(offset, box), 0, 1)


def coloured(tone: np.ndarray, palette: Palette) -> np.ndarray:
    """The flattened tones in the colours of a palette: the prefill of a speculation.

    What is around the building (`surroundings`) is taken for sky, and for ground below its foot; the rest is building.

    Args:
        tone: float32 [H, W], 0…1, from `tones`.
        palette: `OWN` or `palette_of` a reference.

    Returns:
        float32 [H, W, 3], 0…1, sRGB.
    """
    height, width = tone.shape
    flat = flattened(tone)
    building = _ramp(palette.building, _equalised(flat))
    share = np.repeat(np.linspace(0, 1, height, dtype=np.float32)[:, None], width, 1)
    around, horizon = surroundings(tone)
    above = _ramp(palette.sky, np.clip(share / max(horizon, 1e-3), 0, 1))
    below = _ramp(palette.ground, np.clip((share - horizon) / max(1 - horizon, 1e-3), 0, 1))
    soft = max(0.8, 0.0015 * max(tone.shape))
    outside = cv2.GaussianBlur(around.astype(np.float32), (0, 0), soft)[..., None]
    is_below = cv2.GaussianBlur((share > horizon).astype(np.float32), (0, 0), soft)[..., None]
    lab = building * (1 - outside) + (above * (1 - is_below) + below * is_below) * outside
    return np.clip(cv2.cvtColor(np.ascontiguousarray(lab, np.float32), cv2.COLOR_LAB2RGB), 0, 1)


def surroundings(tone: np.ndarray) -> tuple[np.ndarray, float]:
    """Where the bare paper around the building is, bool [H, W], and the height of the horizon, 0 (top) … 1.

    Paper that reaches the sheet's edge is around; so are lettering, scale bars and whatever else stands apart and is small.
    Under the silhouette and above the horizon all is building: an elevation does not float, and a gap in its outline lets
    no sky in.
    """
    height, gap = tone.shape[0], max(1, round(GAP * max(tone.shape)))
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * gap + 1, 2 * gap + 1))
    bare = cv2.GaussianBlur(tone, (0, 0), max(0.8, gap / 2)) > BARE
    free = cv2.erode(bare.astype(np.uint8), element)
    count, labels = cv2.connectedComponents(free, connectivity=4)
    edge = np.unique(np.concatenate([labels[0], labels[:, 0], labels[:, -1], labels[-1]]))
    outside = np.isin(np.arange(count), edge[edge > 0])[labels]
    near = cv2.dilate(outside.astype(np.uint8), element)
    # the outline's own softness must not leave a fringe of paper around the building
    fringe = (cv2.dilate(near, element) > 0) & (tone > BARE)
    drawn = ((near == 0) & ~fringe).astype(np.uint8)
    count, labels, facts, _ = cv2.connectedComponentsWithStats(drawn, connectivity=8)
    if count == 1:
        return np.ones(tone.shape, bool), 0.75
    areas = facts[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    building = (areas >= SMALL * areas.max())[labels]
    foot = int(np.flatnonzero(building.any(1))[-1]) + 1
    building[:foot] = np.maximum.accumulate(building[:foot], 0)
    return ~building, foot / height


def inked(fill: np.ndarray, tone: np.ndarray, opacity: float) -> np.ndarray:
    """The drawing's own ink laid over a fill, as ink over wash.

    Args:
        fill: float32 [H, W, 3], 0…1.
        tone: float32 [H, W], 0…1, from `tones`.
        opacity: 0…1 of the ink.
    """
    return np.clip(fill * (1 - np.float32(opacity) * (1 - tone))[..., None], 0, 1)


def _equalised(flat: np.ndarray) -> np.ndarray:
    """Stretch to the range that is used, 2nd to 98th percentile, so that a pencil sheet has shadows as well."""
    low, high = (float(v) for v in np.quantile(flat, (0.02, 0.98)))
    return np.clip((flat - low) / max(high - low, 0.05), 0, 1) if high > low else np.ones_like(flat)


def _by_lightness(lab: np.ndarray) -> np.ndarray:
    ranked = lab[np.argsort(lab[:, 0], kind="stable")]
    return np.stack([part.mean(0) for part in np.array_split(ranked, min(_QUANTILES, len(ranked)))]).astype(np.float32)


def _bands(lab: np.ndarray, count: int) -> np.ndarray:
    parts = [part for part in np.array_split(lab, count) if len(part)]
    return np.stack([np.median(part.reshape(-1, 3), 0) for part in parts]).astype(np.float32)


def _ramp(colours: np.ndarray, position: np.ndarray) -> np.ndarray:
    """Colours [N, 3] at positions 0…1 [H, W], between neighbours linearly → [H, W, 3]."""
    at = np.linspace(0, 1, len(colours))
    return np.stack([np.interp(position, at, colours[:, channel]) for channel in range(3)], -1).astype(np.float32)


def _to_lab(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.ascontiguousarray(image, np.float32), cv2.COLOR_RGB2LAB)
