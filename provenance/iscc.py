"""ISCC Image-Code: the fingerprint that has a standard, so that catalogues elsewhere can compute and compare it.

Source: ISO 24138:2024 (ISCC), Content-Code Image, version 0; header and Base32 as there. C2PA's list of soft bindings calls it
`io.iscc.v0`. The three fields that lead to the 32 × 32 grey values (white behind alpha, empty borders cut off, smooth
resizing) are the standard's too; resizers differ by a grey level here and there, so two programs may differ in a bit or two.
"""

from __future__ import annotations

import base64
import binascii

import cv2
import numpy as np

ALGORITHM = "io.iscc.v0"   # name in c2pa-org/softbinding-algorithm-list
SIDE = 32
BITS = 64                  # the standard's default length; a longer code begins with the shorter one
# main type Content (2), subtype Image (1), version 0; the length nibble counts 32-bit units, less one
_HEADERS = {bits: bytes((0x21, bits // 32 - 1)) for bits in (64, 128, 192, 256)}
# DCT-II without normalisation, as the standard's reference computes it: an orthonormal one would weigh the first row less
_STEPS = np.arange(SIDE)
_COSINES = np.cos(np.pi * _STEPS[:16, None] * (2 * _STEPS[None, :] + 1) / (2 * SIDE))


def iscc_image_code(pixels: np.ndarray, bits: int = BITS) -> str:
    """Return `ISCC:…` of a picture.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4] (alpha last, not premultiplied), upright.
        bits: 64, 128, 192 or 256.
    """
    return encoded(digest(normalised(pixels), bits))


def normalised(pixels: np.ndarray) -> np.ndarray:
    """Return what the code is computed from: uint8 [32, 32] grey, white behind alpha, even borders cut off."""
    grey = _grey(pixels)
    grey = _without_borders(grey)
    # averaging first, so that a cubic step of more than two does not skip pixels
    if min(grey.shape) > 2 * SIDE:
        grey = cv2.resize(grey, (2 * SIDE, 2 * SIDE), interpolation=cv2.INTER_AREA)
    return np.clip(np.rint(cv2.resize(grey, (SIDE, SIDE), interpolation=cv2.INTER_AREA)), 0, 255).astype(np.uint8)


def digest(grey: np.ndarray, bits: int = BITS) -> bytes:
    """Return the code's body: the signs of four 8 × 8 blocks of slow cosines against each block's median.

    Args:
        grey: uint8 [32, 32], see `normalised`.
        bits: how many, in blocks of 64: top left, top right, bottom left, bottom right.
    """
    # rounded, so that a cosine that is nought on paper is nought here: an even picture would else get bits of noise
    cosines = np.round(_COSINES @ grey.astype(np.float64) @ _COSINES.T, 6)
    blocks = [cosines[y : y + 8, x : x + 8].ravel() for y, x in ((0, 0), (0, 8), (8, 0), (8, 8))]
    return np.packbits(np.concatenate([block > np.median(block) for block in blocks[: bits // 64]])).tobytes()


def encoded(body: bytes) -> str:
    """Return `ISCC:…` of a code's body. Raises: ValueError unless it has 8, 16, 24 or 32 bytes."""
    header = _HEADERS.get(8 * len(body))
    if header is None:
        raise ValueError(f"an Image-Code has 64, 128, 192 or 256 bits, not {8 * len(body)}")
    return "ISCC:" + base64.b32encode(header + body).decode("ascii").rstrip("=")


def body_of(code: str) -> bytes | None:
    """Return the body of an Image-Code, `ISCC:` and case do not matter; None for anything else."""
    text = code.strip().upper().removeprefix("ISCC:")
    try:
        data = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        return None
    return data[2:] if data[:2] == _HEADERS.get(8 * (len(data) - 2)) else None


def _grey(pixels: np.ndarray) -> np.ndarray:
    """float32 [H, W], 0…255."""
    scale = np.float32(255.0 / np.iinfo(pixels.dtype).max)
    if pixels.ndim == 2:
        return pixels.astype(np.float32) * scale
    colour = pixels[..., :3].astype(np.float32) * scale
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:].astype(np.float32) * (scale / np.float32(255))
        colour = colour * alpha + 255 * (1 - alpha)
    return colour @ np.array([0.299, 0.587, 0.114], np.float32)


def _without_borders(grey: np.ndarray) -> np.ndarray:
    """Cut off rows and columns at the edges that have the corner's grey; a picture of one grey stays whole."""
    differs = np.abs(grey - grey[0, 0]) > 0.5
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not len(rows):
        return grey
    return np.ascontiguousarray(grey[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
