"""Putting a fill into its picture: the hole's samples change, every other sample keeps its bits."""

from __future__ import annotations

import numpy as np

from pipelines.errors import MaskError, PixelsError


def check_pixels(pixels: np.ndarray) -> None:
    """Refuse what is not a picture.

    Raises:
        PixelsError: unless uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4], and not empty.
    """
    if pixels.dtype not in (np.uint8, np.uint16):
        raise PixelsError(f"the picture's samples are {pixels.dtype}: give 8 or 16 bits per sample (uint8 or uint16).")
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (3, 4)):
        raise PixelsError(f"the picture's shape is {pixels.shape}: give grey [H, W], RGB [H, W, 3] or RGBA [H, W, 4].")
    if pixels.size == 0:
        raise PixelsError(f"the picture's shape is {pixels.shape}: it has no pixels.")


def check_mask(mask: np.ndarray, size: tuple[int, int]) -> None:
    """Refuse a mask that does not fit, has no hole, or leaves nothing.

    Raises:
        MaskError: with both sizes in the text.
    """
    height, width = size
    if mask.dtype != bool:
        raise MaskError(f"the mask's samples are {mask.dtype}: give bool, True where pixels are lost.")
    if mask.shape != (height, width):
        got = "×".join(str(side) for side in mask.shape[1::-1])
        raise MaskError(f"the mask is {got} but the picture is {width}×{height}: give a mask of the same size.")
    if not mask.any():
        raise MaskError("the mask has no hole: there is nothing to fill.")
    if mask.all():
        raise MaskError("the mask covers the whole picture: nothing known is left to continue.")


def composite(pixels: np.ndarray, mask: np.ndarray, fill: np.ndarray) -> None:
    """Write a fill into the hole of `pixels`, in place, at the depth of `pixels`.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]. Grey takes the mean of the three channels; alpha keeps its
            bits inside the hole as well.
        mask: bool [H, W].
        fill: float32 [H, W, 3], 0…1; values beyond are cut off. Rounded to the nearest sample, so 16 bits stay 16 bits.
    """
    if pixels.ndim == 2:
        pixels[mask] = _samples(fill[mask].mean(-1), pixels.dtype)
    else:
        pixels[mask, :3] = _samples(fill[mask], pixels.dtype)


def _samples(values: np.ndarray, dtype: np.dtype) -> np.ndarray:
    most = np.iinfo(dtype).max
    return np.rint(np.clip(values, 0, 1) * np.float32(most)).astype(dtype)


def floats(pixels: np.ndarray) -> np.ndarray:
    """The colours of a window as float32 [H, W, 3], 0…1; grey becomes three equal channels, alpha is left out."""
    colours = np.repeat(pixels[..., None], 3, 2) if pixels.ndim == 2 else pixels[..., :3]
    return colours.astype(np.float32) / np.float32(np.iinfo(pixels.dtype).max)
