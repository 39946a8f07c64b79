"""HaarPSI: how alike two pictures look to a person, by Haar wavelets; of whole pictures, or of a part.

Source: Reisenhofer, Bosse, Kutyniok, Wiegand 2018, A Haar wavelet-based perceptual similarity index for image quality
assessment, Signal Processing: Image Communication 61, 33–43. Checked against a transliteration of the authors' Python code, to
the twelfth digit, and against the package piq (its conversion to YIQ has more digits: colour scores differ in the fifth).
"""

from __future__ import annotations

import cv2
import numpy as np

C = 30.0  # keeps the similarity of two weak coefficients near 1; the authors' choice for values of 0…255
ALPHA = 4.2  # steepness of the logistic function; the authors' choice
YIQ = np.array([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])  # rows: Y, I, Q of R, G, B


def haarpsi(one: np.ndarray, other: np.ndarray, where: np.ndarray | None = None) -> float:
    """Similarity, 0…1; 1 for equal pictures; the order of the two does not matter.

    Args:
        one: uint8 or float [H, W] (grey version) or [H, W, 3] (colour version, sRGB), values 0…255.
        other: of the same shape.
        where: bool or float [H, W], 0…1: how much each place counts. None: everywhere alike, which is the published index.
            The wavelets see up to 8 px beyond a place, so what lies around a hole has its say, as it has for the eye.

    Returns:
        The index; 1.0 where neither picture has any structure to compare.

    Raises:
        ValueError: when the shapes differ.
    """
    if one.shape != other.shape or (where is not None and where.shape != one.shape[:2]):
        raise ValueError(f"pictures of {one.shape} and {other.shape} and a place of {getattr(where, 'shape', None)} do not fit")
    similarities, weights = local_similarities(one, other)
    if where is not None:
        weights = weights * _halved(where.astype(np.float64))
    if weights.sum() < 1e-9:
        return 1.0
    mean = float((weights / (1 + np.exp(-ALPHA * similarities))).sum() / weights.sum())
    return float((np.log(mean / (1 - mean)) / ALPHA) ** 2)


def local_similarities(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maps of likeness (0…1) and of weight (≥ 0), float64 [2, ⌈H/2⌉, ⌈W/2⌉]; [3, …] for colour: across, down, chroma."""
    channels = [_channels(image) for image in (one, other)]
    likeness, weight = [], []
    for is_down in (False, True):
        fine, coarse = [], []
        for luma, *_ in channels:
            bands = [np.abs(_haar(luma, scale, is_down)) for scale in (1, 2, 3)]
            fine.append(bands[:2])
            coarse.append(bands[2])
        likeness.append(np.mean([_alike(a, b) for a, b in zip(*fine, strict=True)], axis=0))
        weight.append(np.maximum(*coarse))
    if len(channels[0]) == 3:
        chroma = [[np.abs(_box(channel)) for channel in image[1:]] for image in channels]
        likeness.append(np.mean([_alike(a, b) for a, b in zip(*chroma, strict=True)], axis=0))
        weight.append((weight[0] + weight[1]) / 2)
    return np.stack(likeness), np.stack(weight)


def _channels(image: np.ndarray) -> list[np.ndarray]:
    values = image.astype(np.float64)
    return [_halved(values)] if values.ndim == 2 else [_halved(values @ row) for row in YIQ]


def _halved(values: np.ndarray) -> np.ndarray:
    """Mean of 2 × 2, every second one: the usual distance between a picture and its viewer."""
    return _box(values)[::2, ::2]


def _box(values: np.ndarray) -> np.ndarray:
    return _convolved(values, np.full((2, 2), 0.25))


def _haar(luma: np.ndarray, scale: int, is_down: bool) -> np.ndarray:
    side = 2**scale
    kernel = np.full((side, side), 2.0**-scale)
    kernel[: side // 2] *= -1
    return _convolved(luma, kernel if is_down else kernel.T)


def _convolved(values: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Convolution with zeros beyond the picture; an even kernel's middle is the later of the two, as in the authors' code."""
    side = kernel.shape[0]
    anchor = (side // 2 - 1, side // 2 - 1)
    return cv2.filter2D(values, cv2.CV_64F, kernel[::-1, ::-1].copy(), anchor=anchor, borderType=cv2.BORDER_CONSTANT)


def _alike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (2 * a * b + C) / (a * a + b * b + C)
