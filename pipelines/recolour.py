"""A picture in the colours of another: transport of its palette that keeps where light and shadow lie.

Everything here is arithmetic; no model is asked.
"""

from __future__ import annotations

import cv2
import numpy as np

QUANTILES = 256
LIGHT = 0.85  # how far lightness goes to the reference's; the rest keeps shadows from closing where a reference has few tones
STEEPEST, FLATTEST = 2.2, 0.4  # of the map of lightness: steeper shows grain, flatter loses a shadow
ROUNDS = 12  # of the sliced transport; it has settled by then
WORKING_PX = 320  # longer side at which colours are transported: hue needs no detail
SMOOTH_PX = 5.0  # at that size: a wall takes one hue and its stones keep theirs, instead of each stone another
SEED = 20260  # of the slices' directions
# A class whose colours fall into a pale and a strong half, as stone around the openings of a brick wall, takes two shifts.
APART = 10.0  # of CIELAB's chroma between the halves' means at least: a wall's stones differ by less among themselves
DIVIDED = 0.7  # of the variance of its chroma lies between the halves at least; of one normal spread it is 0.64
GRAIN = 0.002  # of the longer side: chroma is looked at without its grain, or the joints between bricks would be a half


def recoloured(picture: np.ndarray, classes: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """The picture in the reference's palette: lightness by a monotone map, hue by sliced transport, smooth within a class.

    Args:
        picture: float32 [H, W, 3], 0…1, sRGB.
        classes: uint8 [H, W], 0…127: wall, roof, opening … ; no colour bleeds from one into another, nor from a strong colour
            into the pale one beside it in the same class: what turns brick to ochre would turn its stone surrounds green.
        reference: uint8 [h, w, 3].
    Returns: float32 [H, W, 3], 0…1.

    Source: Pitié et al. 2007 (transport by rotated marginals), Rabin et al. 2011 (sliced transport, regularised).
    """
    lab = _lab(picture)
    classes = _halved(classes, lab)
    wanted = _lab(_small(reference, WORKING_PX).astype(np.float32) / 255).reshape(-1, 3)
    light = _monotone(lab[..., 0], wanted[:, 0])
    small = _small(np.dstack([light, lab[..., 1:]]).astype(np.float32), WORKING_PX)
    labels = cv2.resize(classes, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_NEAREST)
    moved = _sliced(small.reshape(-1, 3), wanted).reshape(small.shape)
    shift = _within(moved[..., 1:] - small[..., 1:], labels, SMOOTH_PX)
    size = (lab.shape[1], lab.shape[0])
    wide = np.zeros((*lab.shape[:2], 2), np.float32)
    for number in np.unique(classes):  # enlarged class by class, so that the sky's hue does not fringe the roof
        inside = (labels == number).astype(np.float32)
        weight = cv2.resize(cv2.GaussianBlur(inside, (0, 0), 1.0), size, interpolation=cv2.INTER_LINEAR)
        value = cv2.resize(cv2.GaussianBlur(shift * inside[..., None], (0, 0), 1.0), size, interpolation=cv2.INTER_LINEAR)
        here = classes == number
        wide[here] = (value / np.maximum(weight, 1e-3)[..., None])[here]
    shown = np.dstack([light, lab[..., 1:] + wide]).astype(np.float32)
    return np.clip(cv2.cvtColor(shown, cv2.COLOR_LAB2RGB), 0, 1)


def palette_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Mean ΔE00 of the sorted Lab quantiles of two pictures, uint8 [H, W, 3] of any sizes: 0 for the same palette."""
    at = (np.arange(QUANTILES) + 0.5) / QUANTILES
    rows = [np.quantile(_lab(_small(image, 512).astype(np.float32) / 255).reshape(-1, 3), at, axis=0) for image in (one, other)]
    return float(delta_e(rows[0], rows[1]).mean())


def delta_e(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """CIEDE2000 between rows of CIELAB [N, 3]. Source: Sharma, Wu and Dalal 2005."""
    (l1, a1, b1), (l2, a2, b2) = one.astype(np.float64).T, other.astype(np.float64).T
    mean = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2
    g = 1 + 0.5 * (1 - np.sqrt(mean**7 / (mean**7 + 25.0**7)))
    c1, c2 = np.hypot(a1 * g, b1), np.hypot(a2 * g, b2)
    h1, h2 = (np.degrees(np.arctan2(b, a * g)) % 360 for a, b in ((a1, b1), (a2, b2)))
    turn = (h2 - h1 + 180) % 360 - 180
    gray = c1 * c2 == 0
    turn = np.where(gray, 0, turn)
    dl, dc, dh = l2 - l1, c2 - c1, 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    lm, cm = (l1 + l2) / 2, (c1 + c2) / 2
    hm = np.where(gray, h1 + h2, (h1 + turn / 2) % 360)
    t = (1 - 0.17 * np.cos(np.radians(hm - 30)) + 0.24 * np.cos(np.radians(2 * hm)) + 0.32 * np.cos(np.radians(3 * hm + 6))
         - 0.20 * np.cos(np.radians(4 * hm - 63)))  # fmt: skip
    sl = 1 + 0.015 * (lm - 50) ** 2 / np.sqrt(20 + (lm - 50) ** 2)
    sc, sh = 1 + 0.045 * cm, 1 + 0.015 * cm * t
    rt = -2 * np.sqrt(cm**7 / (cm**7 + 25.0**7)) * np.sin(np.radians(60 * np.exp(-(((hm - 275) / 25) ** 2))))
    return np.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * (dc / sc) * (dh / sh))


def _monotone(light: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Lightness sent to the reference's quantile by quantile, its slope held within bounds so that forms stay modelled."""
    at = np.linspace(0.01, 0.99, 25)
    source, target = np.quantile(light, at), np.quantile(wanted, at)
    source = np.maximum.accumulate(source + np.arange(len(at)) * 1e-3)
    goal = (1 - LIGHT) * source + LIGHT * target
    steps = np.diff(source)
    slopes = np.clip(np.diff(goal) / steps, FLATTEST, STEEPEST)
    rising = np.concatenate([[0], np.cumsum(slopes * steps)])
    rising += float(np.median(goal - rising))  # the bounded map, as near to the wanted one as it comes
    first, last = FLATTEST + 0 * slopes[0], FLATTEST
    below, above = rising[0] - first * source[0], rising[-1] + last * (100 - source[-1])
    return np.clip(np.interp(light, [0, *source, 100], [below, *rising, above]), 1, 99).astype(np.float32)


def _sliced(points: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Points moved until each of their shadows on turned axes has the wanted distribution; float32 [N, 3]."""
    rng = np.random.Generator(np.random.Philox(SEED))
    moved = points.astype(np.float32).copy()
    ranks = (np.arange(len(points)) + 0.5) / len(points)
    for _ in range(ROUNDS):
        axes, _ = np.linalg.qr(rng.standard_normal((3, 3)))
        step = np.zeros_like(moved)
        for axis in axes.T.astype(np.float32):
            along, goal = moved @ axis, np.sort(wanted @ axis)
            order = np.argsort(along, kind="stable")
            reached = np.interp(ranks, (np.arange(len(goal)) + 0.5) / len(goal), goal).astype(np.float32)
            step[order] += (reached - along[order])[:, None] * axis
        moved += 0.7 * step
    return moved


def _within(field: np.ndarray, labels: np.ndarray, sigma: float) -> np.ndarray:
    """A field smoothed inside each class."""
    smooth = np.zeros_like(field)
    for number in np.unique(labels):
        inside = (labels == number).astype(np.float32)
        weight = cv2.GaussianBlur(inside, (0, 0), sigma)
        value = cv2.GaussianBlur(field * inside[..., None], (0, 0), sigma) / np.maximum(weight, 1e-3)[..., None]
        smooth[labels == number] = value[labels == number]
    return smooth


def _halved(classes: np.ndarray, lab: np.ndarray) -> np.ndarray:
    """Each class as twice its number, and the strongly coloured half of one that has two as one more; uint8 [H, W].

    Args:
        classes: uint8 [H, W], 0…127. lab: float32 [H, W, 3].
    Source: Otsu 1979 for the threshold.
    """
    chroma = cv2.GaussianBlur(np.hypot(lab[..., 1], lab[..., 2]), (0, 0), max(0.5, GRAIN * max(classes.shape)))
    halves = classes * np.uint8(2)
    for number in np.unique(classes):
        here = classes == number
        count, edges = np.histogram(chroma[here], 64)
        share, middle = count / count.sum(), (edges[1:] + edges[:-1]) / 2
        low, below = np.cumsum(share)[:-1], np.cumsum(share * middle)[:-1]
        mean = float((share * middle).sum())
        gap = (mean - below) / (1 - low) - below / low
        between = low * (1 - low) * gap**2
        best = int(between.argmax())
        if gap[best] > APART and between[best] > DIVIDED * float((share * (middle - mean) ** 2).sum()):
            halves[here & (chroma > edges[best + 1])] += 1
    return halves


def _small(image: np.ndarray, side: int) -> np.ndarray:
    height, width = image.shape[:2]
    scale = side / max(height, width)
    if scale >= 1:
        return image
    return cv2.resize(image, (max(1, round(width * scale)), max(1, round(height * scale))), interpolation=cv2.INTER_AREA)


def _lab(image: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.ascontiguousarray(image, np.float32), cv2.COLOR_RGB2LAB)
