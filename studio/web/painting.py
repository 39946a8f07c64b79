"""Masks that are painted in the browser: on a small copy, and brought back to the full size of the master.

The browser paints on a copy of at most `PROXY_PX`. A mask that was proposed or uploaded exists at full size; only what the
person changed on the copy is changed in it, so that a hair crack does not become as wide as a pixel of the copy.
"""

from __future__ import annotations

import cv2
import numpy as np

from studio.report.preview import fitted, preview

PROXY_PX = 2048


def proxy(pixels: np.ndarray, icc: bytes | None = None) -> np.ndarray:
    """The copy to paint on: uint8 [h, w, 3], longest side at most `PROXY_PX`, from native pixels of any kind."""
    small = preview(pixels, PROXY_PX, icc)
    return cv2.cvtColor(small, cv2.COLOR_GRAY2RGB) if small.ndim == 2 else small


def shrunk_mask(mask: np.ndarray, max_px: int = PROXY_PX) -> np.ndarray:
    """A mask at the size of the copy, bool [h, w]; a copy's pixel is hole as soon as a sixteenth of it is."""
    width, height = fitted(mask.shape[1], mask.shape[0], max_px)
    return cv2.resize(mask.astype(np.uint8) * 255, (width, height), interpolation=cv2.INTER_AREA) >= 16


def full_size(mask: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """A mask of the copy at the size of the master, bool [H, W]: each pixel asks the pixel of the copy that it lies in."""
    if mask.shape == shape:
        return mask
    rows = (np.arange(shape[0]) * mask.shape[0]) // shape[0]
    columns = (np.arange(shape[1]) * mask.shape[1]) // shape[1]
    return mask[rows[:, None], columns]


def corrected(given: np.ndarray | None, painted: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The full-size mask after painting and erasing on the copy.

    Args:
        given: the full-size mask whose small version was laid under the brush, bool [H, W]; None when there was none.
        painted: what is painted on the copy now, bool [h, w].
        shape: (H, W) of the master.

    Returns:
        bool [H, W]: `given` itself where the copy is as it was; filled where paint was added; empty where it was erased.
    """
    if given is None:
        return full_size(painted, shape)
    shown = shrunk_mask(given, max(painted.shape))
    added, erased = full_size(painted & ~shown, shape), full_size(shown & ~painted, shape)
    return (given | added) & ~erased


def as_png(mask: np.ndarray) -> bytes:
    """The bytes of a mask file: 8-bit grey PNG, 255 = hole."""
    return cv2.imencode(".png", mask.astype(np.uint8) * 255)[1].tobytes()
