"""A picture as the scene carries it: encoded once, then never touched again, so that marks and digests in it stay true."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

import numpy as np

from ..errors import TextureError
from .png import SIGNATURE, png

LARGEST_SIDE_PX = 16384


@dataclass(frozen=True)
class Texture:
    """An encoded PNG or JPEG.

    Attributes:
        data: the file's bytes; they stand in the GLB exactly so.
        media_type: "image/png" or "image/jpeg".
        width, height: pixels.
    """

    data: bytes
    media_type: str
    width: int
    height: int

    @property
    def sha256(self) -> str:
        """Digest of `data`, 64 hexadecimal digits."""
        return hashlib.sha256(self.data).hexdigest()

    @classmethod
    def from_pixels(cls, pixels: np.ndarray) -> Texture:
        """Encode uint8 or uint16 [H, W], [H, W, 3] or [H, W, 4] as PNG; sixteen bits become eight.

        Raises: TextureError for other pixels or a side above 16,384 px.
        """
        height, width = _size(pixels)
        return cls(png(eight_bits(pixels)), "image/png", width, height)

    @classmethod
    def from_bytes(cls, data: bytes) -> Texture:
        """Take a PNG or JPEG file as it is. Raises: TextureError for anything else."""
        if data[:8] == SIGNATURE and len(data) >= 24:
            width, height = struct.unpack(">II", data[16:24])
            return cls(data, "image/png", width, height)
        if data[:3] == b"\xff\xd8\xff":
            width, height = _jpeg_size(data)
            return cls(data, "image/jpeg", width, height)
        raise TextureError("A texture must be a PNG or JPEG file; this is neither. Convert the picture first.")


def eight_bits(pixels: np.ndarray) -> np.ndarray:
    """uint8 of the same shape; uint16 is rounded. Raises: TextureError for other kinds of pixels."""
    _size(pixels)
    if pixels.dtype == np.uint16:
        return ((pixels.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
    return pixels


def _size(pixels: np.ndarray) -> tuple[int, int]:
    fits = pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))
    if not fits or pixels.dtype not in (np.uint8, np.uint16) or 0 in pixels.shape:
        raise TextureError(f"A picture of {pixels.dtype} {list(pixels.shape)} cannot be a texture: "
                           "8 or 16 bits, one, three or four channels are needed.")  # fmt: skip
    if max(pixels.shape[:2]) > LARGEST_SIDE_PX:
        raise TextureError(f"The picture is {pixels.shape[1]}×{pixels.shape[0]} px; a texture's side may have "
                           f"{LARGEST_SIDE_PX} px: scale it down first.")  # fmt: skip
    return pixels.shape[0], pixels.shape[1]


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Walk the segments to the frame header. Source: ITU-T T.81, annex B."""
    at = 2
    while at + 9 < len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + max(length, 2)
    raise TextureError("The JPEG has no frame header: it is cut off or damaged.")
