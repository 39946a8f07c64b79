"""One hash over all pixels that no model touched, made so that anybody can check it without us.

A third party with the released file, the mask and the Record proves with `fault` that the file's untouched pixels are those
that were sealed, and with the source instead of the file that they are the source's: both have the one root in the Record. Who
may not see the whole picture is shown one tile and its `opening`, and proves with `opens` that it belongs under that root.

Leaf of the tile at (x, y): SHA-256 of six little-endian uint32 (x, y, width, height, channels, bytes per sample), the tile's
mask as bits row by row with the high bit first, and its untouched samples row by row, little-endian. Tiles of 64 × 64 px go row
by row; nodes are those of RFC 6962: SHA-256(01 ‖ left ‖ right). No leaf can pass for a node, since x is a multiple of 64.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

import numpy as np

from provenance.log.tiles import node_hash, split

TILE_PX = 64
SCHEME = "anastylosis.untouched/1"
MOST_TILES = 2**32


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


@dataclass(frozen=True)
class Opening:
    """What proves that one tile belongs under a root.

    Attributes:
        x, y: top left corner of the tile, pixels.
        index, tiles: place of the tile in the row-by-row order, and how many there are.
        siblings: hashes from the leaf to the root, 64 hexadecimal digits each.
    """

    x: int
    y: int
    index: int
    tiles: int
    siblings: tuple[str, ...]


def opening(pixels: np.ndarray, ai: np.ndarray, x: int, y: int) -> Opening:
    """Return the opening of the tile that holds the pixel (x, y). Raises: ValueError when there is no such pixel."""
    height, width = ai.shape
    if not (0 <= x < width and 0 <= y < height):
        raise ValueError(f"the picture has {width} × {height} pixels, and none at {x}, {y}")
    column, row = x // TILE_PX, y // TILE_PX
    index = row * -(-width // TILE_PX) + column
    digests = [digest for _, digest in _tiles(pixels, ai)]
    path = tuple(sibling.hex() for sibling in _path(index, digests))
    return Opening(column * TILE_PX, row * TILE_PX, index, len(digests), path)


def opens(found: Opening, tile: np.ndarray, mask: np.ndarray, root: str) -> bool:
    """Return whether a tile belongs under a root: all that a third party needs is here and in the Record.

    Args:
        found: as `opening` gave it; its numbers are not believed but checked by the hash.
        tile: the tile's pixels, at most 64 × 64, uint8 or uint16; what lies under the mask does not matter.
        mask: bool, the same height and width, True where a model made the pixel.
        root: 64 hexadecimal digits, from the Record's "untouched".
    """
    if not 0 <= found.index < found.tiles or found.tiles > MOST_TILES or tile.shape[:2] != mask.shape:
        return False
    try:
        digest = _climb(_leaf(found.x, found.y, tile, mask), found.index, found.tiles, list(found.siblings))
    except (ValueError, struct.error):
        return False
    return digest.hex() == root


def fault(output: dict, pixels: np.ndarray, ai: np.ndarray) -> str | None:
    """Return what contradicts an output's "untouched" in a Record, None when it is proven.

    Give the pixels of the released file to prove that nothing outside the mask was changed since; give those of the source to
    prove that nothing outside the mask was changed by the restoration.

    Args:
        output: one of the Record's outputs.
        pixels: of the released file or of its source, uint8 or uint16, at native depth.
        ai: bool [H, W], True where a model made the pixel.
    """
    stated, note = output.get("untouched"), output.get("ai") or {}
    if not isinstance(stated, dict) or stated.get("scheme") != SCHEME or stated.get("tile_px") != TILE_PX:
        return "the Record says nothing of untouched pixels in a way that is known here"
    if ai.shape != pixels.shape[:2]:
        return f"the mask is {ai.shape[1]} × {ai.shape[0]}, the picture {pixels.shape[1]} × {pixels.shape[0]}"
    if mask_digest(ai) != note.get("mask_sha256"):
        return "the mask is not the one whose digest stands in the Record"
    if untouched(pixels, ai).root != stated.get("root"):
        return "a pixel outside the mask differs: the tree over all untouched tiles has another root"
    return None


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
    height, width = ai.shape
    for y in range(0, height, TILE_PX):
        for x in range(0, width, TILE_PX):
            here = np.s_[y : y + TILE_PX, x : x + TILE_PX]
            yield (x, y), _leaf(x, y, pixels[here], ai[here])


def _leaf(x: int, y: int, tile: np.ndarray, mask: np.ndarray) -> bytes:
    channels = 1 if tile.ndim == 2 else tile.shape[2]
    header = struct.pack("<6I", x, y, mask.shape[1], mask.shape[0], channels, tile.dtype.itemsize)
    kept = tile.astype(tile.dtype.newbyteorder("<"), copy=False)[~mask]
    return hashlib.sha256(header + np.packbits(mask).tobytes() + kept.tobytes()).digest()


def _root(digests: list[bytes]) -> bytes:
    if len(digests) == 1:
        return digests[0]
    middle = split(len(digests))
    return node_hash(_root(digests[:middle]), _root(digests[middle:]))


def _path(index: int, digests: list[bytes]) -> list[bytes]:
    """Return the siblings from the leaf to the root. Source: RFC 6962, 2.1.1."""
    if len(digests) == 1:
        return []
    middle = split(len(digests))
    if index < middle:
        return [*_path(index, digests[:middle]), _root(digests[middle:])]
    return [*_path(index - middle, digests[middle:]), _root(digests[:middle])]


def _climb(leaf: bytes, index: int, count: int, siblings: list[str]) -> bytes:
    """Return the root that a leaf and its siblings lead to. Raises: ValueError when their number does not fit."""
    if count == 1:
        if siblings:
            raise ValueError("too many hashes")
        return leaf
    if not siblings:
        raise ValueError("too few hashes")
    middle, last = split(count), bytes.fromhex(siblings[-1])
    if index < middle:
        return node_hash(_climb(leaf, index, middle, siblings[:-1]), last)
    return node_hash(last, _climb(leaf, index - middle, count - middle, siblings[:-1]))
