"""One hash over all pixels that no model touched, made so that anybody with the source can make it again."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

import numpy as np

from provenance.log.tiles import node_hash, split

TILE_PX = 64
SCHEME = "anastylosis.untouched/1"


@dataclass(frozen=True)
class Untouched:
    """What the untouched pixels of one picture amount to.

    Attributes:
        root: 64 hexadecimal digits, RFC 6962 tree over the tiles' digests, row by row.
        tiles: number of tiles.
        pixels: number of untouched pixels.
    """

    root: str
    tiles: int
    pixels: int


def untouched(pixels: np.ndarray, ai: np.ndarray) -> Untouched:
    """Return the tree root over `pixels` where `ai` is False.

    The source and its restoration give the same root exactly when no untouched pixel differs.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4].
        ai: bool [H, W], True where a model made the pixel.
    """
    digests = [digest for _, digest in _tiles(pixels, ai)]
    return Untouched(_root(digests).hex(), len(digests), int(ai.size - np.count_nonzero(ai)))


def differing_tiles(source: np.ndarray, pixels: np.ndarray, ai: np.ndarray) -> list[tuple[int, int]]:
    """Return (x, y) in pixels of each tile in which an untouched pixel of `pixels` is not the source's."""
    if source.shape != pixels.shape or source.dtype != pixels.dtype:
        raise ValueError(f"source {source.dtype} {source.shape} and picture {pixels.dtype} {pixels.shape} cannot be compared")
    pairs = zip(_tiles(source, ai), _tiles(pixels, ai), strict=True)
    return [place for (place, a), (_, b) in pairs if a != b]


def mask_digest(ai: np.ndarray) -> str:
    """Return the SHA-256 of a mask: height, width as little-endian uint32, then its bits row by row, high bit first."""
    return hashlib.sha256(struct.pack("<II", *ai.shape) + np.packbits(ai).tobytes()).hexdigest()


def _tiles(pixels: np.ndarray, ai: np.ndarray):
    """Yield ((x, y), digest) of each tile: geometry, the tile's mask, then its untouched samples, little-endian."""
    samples = pixels.astype(pixels.dtype.newbyteorder("<"), copy=False)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    height, width = ai.shape
    for y in range(0, height, TILE_PX):
        for x in range(0, width, TILE_PX):
            mask = ai[y : y + TILE_PX, x : x + TILE_PX]
            header = struct.pack("<6I", x, y, mask.shape[1], mask.shape[0], channels, pixels.dtype.itemsize)
            kept = samples[y : y + TILE_PX, x : x + TILE_PX][~mask]
            yield (x, y), hashlib.sha256(header + np.packbits(mask).tobytes() + kept.tobytes()).digest()


def _root(digests: list[bytes]) -> bytes:
    if len(digests) == 1:
        return digests[0]
    middle = split(len(digests))
    return node_hash(_root(digests[:middle]), _root(digests[middle:]))
