"""Small pictures for pages: shrunk, brought to 8-bit sRGB and packed into the page itself as data URIs."""

from __future__ import annotations

import base64
import io

import cv2
import numpy as np

MAX_PX = 1200
MAX_BYTES = 300_000
_JPEG_QUALITIES = (93, 88, 82, 75, 66, 55)


def preview(pixels: np.ndarray, max_px: int = MAX_PX, icc: bytes | None = None) -> np.ndarray:
    """Shrink a picture for a page.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4].
        max_px: longest side of what is returned.
        icc: colour profile of `pixels`; a preview carries none, so its values are turned into sRGB.

    Returns:
        uint8 [h, w] or [h, w, 3]; transparency is laid over white.
    """
    width, height = fitted(pixels.shape[1], pixels.shape[0], max_px)
    small = pixels
    if (height, width) != pixels.shape[:2]:
        small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    if small.dtype == np.uint16:
        small = ((small.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    if small.ndim == 3 and small.shape[2] == 4:
        cover = small[..., 3:].astype(np.float32) / 255
        small = np.round(small[..., :3] * cover + 255 * (1 - cover)).astype(np.uint8)
    return _to_srgb(small, icc) if icc else small


def fitted(width: int, height: int, max_px: int) -> tuple[int, int]:
    """Width and height scaled down, never up, until the longer side is at most `max_px`; each at least 1."""
    longest = max(width, height)
    if longest <= max_px:
        return width, height
    return max(1, round(width * max_px / longest)), max(1, round(height * max_px / longest))


def data_uri(image: np.ndarray, max_bytes: int = MAX_BYTES) -> str:
    """Pack a uint8 image [H, W], [H, W, 3] or [H, W, 4] into a data URI.

    PNG when that stays within `max_bytes`; else JPEG, coarser and at last smaller until it does. Transparency is always
    kept as PNG, whatever its size.
    """
    encoded = _png(image)
    if len(encoded) <= max_bytes or (image.ndim == 3 and image.shape[2] == 4):
        return "data:image/png;base64," + base64.b64encode(encoded).decode()
    while True:
        for quality in _JPEG_QUALITIES:
            encoded = cv2.imencode(".jpg", _bgr(image), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
            if len(encoded) <= max_bytes or max(image.shape[:2]) <= 64:
                return "data:image/jpeg;base64," + base64.b64encode(encoded).decode()
        smaller = fitted(image.shape[1], image.shape[0], max(image.shape[:2]) * 3 // 4)
        image = cv2.resize(image, smaller, interpolation=cv2.INTER_AREA)


def _png(image: np.ndarray) -> bytes:
    # level 9 takes up to a minute for a noisy photograph, and saves next to nothing
    return cv2.imencode(".png", _bgr(image), [cv2.IMWRITE_PNG_COMPRESSION, 3])[1].tobytes()


def _bgr(image: np.ndarray) -> np.ndarray:
    if image.ndim == 2:
        return image
    return cv2.cvtColor(image, cv2.COLOR_RGBA2BGRA if image.shape[2] == 4 else cv2.COLOR_RGB2BGR)


def _to_srgb(image: np.ndarray, icc: bytes) -> np.ndarray:
    from PIL import Image, ImageCms

    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc))
        turned = ImageCms.profileToProfile(Image.fromarray(image), profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image  # a profile that cannot be read, or one for other channels: the plain values are shown
    return np.asarray(turned) if turned is not None else image
