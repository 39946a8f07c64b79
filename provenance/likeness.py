"""What each sealed picture looks like, kept beside the Records: its corners, its exact pixels' digest and where a model acted.

- `likenesses/<sha256 of the output>`: one file for each picture with AI in it, some 25 KB and the packed mask.

None of it leaves the machine, and a Release is complete without it: it only lets `recover` find a copy again, tell a transplant
from a copy, and draw the AI map onto what was found.
"""

from __future__ import annotations

import hashlib
import json
import re
import struct
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from provenance import durable
from provenance.keypoints import FARTHEST_BITS, Keypoints, keypoints

FOLDER = "likenesses"
_MAGIC = b"anastylosis.likeness/1\n"
_NAME = re.compile(r"[0-9a-f]{64}")
_LIMIT_BYTES = 64 * 2**20
_LARGEST_MASK_PX = 300_000_000
TABLES = 6             # of 16 bits each; ten found no more copies among 1,541 pictures, and cost twice the time
LIKELY = 16            # how many pictures are worth laying a copy on; with 8 one crop of half the area in sixty was missed
CROWD = 400            # a key that more corners share says nothing (ruled paper, sky)


@dataclass(frozen=True, eq=False)
class Likeness:
    """What one sealed picture looks like.

    Attributes:
        keypoints: its corners.
        pixels_sha256: see `pixel_digest`.
        ai: bool [H, W], True where a model made the pixel.
    """

    keypoints: Keypoints
    pixels_sha256: str
    ai: np.ndarray


def likeness(pixels: np.ndarray, ai: np.ndarray) -> Likeness:
    """Describe a sealed picture: `pixels` as they stand in the file, uint8 or uint16; `ai` bool [H, W]."""
    return Likeness(keypoints(pixels), pixel_digest(pixels), ai)


def pixel_digest(pixels: np.ndarray) -> str:
    """Return the SHA-256 of shape, depth and little-endian samples: what a lossless copy keeps, whatever its file is like."""
    shape = struct.pack("<4I", *pixels.shape[:2], 1 if pixels.ndim == 2 else pixels.shape[2], pixels.dtype.itemsize)
    samples = np.ascontiguousarray(pixels.astype(pixels.dtype.newbyteorder("<"), copy=False))
    return hashlib.sha256(shape + samples.tobytes()).hexdigest()


def packed(found: Likeness) -> bytes:
    """Return a Likeness as bytes."""
    points, mask = found.keypoints, zlib.compress(np.packbits(found.ai).tobytes(), 6)
    head = {"size": points.size, "corners": len(points), "pixels_sha256": found.pixels_sha256, "mask": found.ai.shape}
    line = json.dumps(head, sort_keys=True).encode() + b"\n"
    return b"".join((_MAGIC, line, points.points.astype("<f4").tobytes(), points.descriptors.tobytes(), mask))


def unpacked(data: bytes, *, with_mask: bool = True) -> Likeness | None:
    """Return a Likeness from its bytes, None for anything else. Without the mask its `ai` is empty."""
    try:
        if not data.startswith(_MAGIC):
            return None
        line, rest = data[len(_MAGIC) :].split(b"\n", 1)
        head = json.loads(line)
        count, (width, height), shape = int(head["corners"]), map(int, head["size"]), tuple(map(int, head["mask"]))
        if count < 0 or len(shape) != 2 or min(shape) < 0 or shape[0] * shape[1] > _LARGEST_MASK_PX:
            return None
        points = np.frombuffer(rest, "<f4", 2 * count).reshape(-1, 2).astype(np.float32)
        descriptors = np.frombuffer(rest, np.uint8, 32 * count, 8 * count).reshape(-1, 32)
        if not np.all(np.isfinite(points)):
            return None
        ai = _mask(rest[40 * count :], shape) if with_mask else np.zeros((0, 0), bool)
        return Likeness(Keypoints(points, descriptors, (width, height)), str(head["pixels_sha256"]), ai)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, zlib.error, RecursionError):
        return None


def _mask(data: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """Inflate a mask; a bomb ends at the size that its head states."""
    wanted = (shape[0] * shape[1] + 7) // 8
    bits = zlib.decompressobj().decompress(data, max(wanted, 1))
    if len(bits) < wanted:
        raise ValueError("the mask is cut off")
    return np.unpackbits(np.frombuffer(bits, np.uint8), count=shape[0] * shape[1]).astype(bool).reshape(shape)


class Likenesses:
    """The folder of likenesses of one installation; made when the first is saved."""

    def __init__(self, records_folder: Path):
        self.folder = records_folder / FOLDER

    def save(self, output_sha256: str, found: Likeness) -> None:
        """Keep what an output looks like. Raises: OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        durable.replace(self.folder / output_sha256, packed(found), 0o600)

    def load(self, output_sha256: str, *, with_mask: bool = True) -> Likeness | None:
        """Return what an output looks like, None when that was not kept or its file was changed beyond reading."""
        if not _NAME.fullmatch(output_sha256):
            return None
        path = self.folder / output_sha256
        try:
            return unpacked(path.read_bytes(), with_mask=with_mask) if path.stat().st_size <= _LIMIT_BYTES else None
        except OSError:
            return None

    def forget(self, output_sha256: str) -> None:
        """Take back what `save` kept. Raises: OSError."""
        if _NAME.fullmatch(output_sha256):
            durable.erase(self.folder / output_sha256)

    def all(self) -> Iterator[tuple[str, Likeness]]:
        """Yield (digest of the output, Likeness without its mask) of each."""
        try:
            names = sorted(path.name for path in self.folder.iterdir() if _NAME.fullmatch(path.name))
        except OSError:
            return
        for name in names:
            found = self.load(name, with_mask=False)
            if found is not None:
                yield name, found


class Corners:
    """Corners of many pictures, laid out so that those like a given one are found without comparing all.

    Locality-sensitive hashing for Hamming distance (Indyk and Motwani 1998): each table sorts the corners by 16 of 256 bits.
    """

    def __init__(self, known: Iterable[tuple[str, Keypoints]]):
        self.names: list[str] = []
        parts, owners = [], []
        for name, points in known:
            parts.append(points.descriptors)
            owners.append(np.full(len(points), len(self.names), np.int32))
            self.names.append(name)
        self._descriptors = np.concatenate(parts) if parts else np.zeros((0, 32), np.uint8)
        self._owners = np.concatenate(owners) if owners else np.zeros(0, np.int32)
        self._tables = []
        for table in range(TABLES):
            keys = _keys(self._descriptors, table)
            order = np.argsort(keys, kind="stable")     # of 16 bits: a radix sort
            self._tables.append((np.searchsorted(keys[order], np.arange(2**16 + 1)), order))

    def like(self, copy: Keypoints, most: int = LIKELY) -> list[tuple[str, float]]:
        """Return (name, weight of the corners that look alike) of the pictures that share most with a copy, the best first."""
        if not len(copy) or not len(self._owners):
            return []
        queries, candidates = [], []
        for table, (starts, order) in enumerate(self._tables):
            wanted = _keys(copy.descriptors, table).astype(np.int64)
            start, end = starts[wanted], starts[wanted + 1]
            counts = np.where(end - start <= CROWD, end - start, 0)
            owner = np.repeat(np.arange(len(wanted)), counts)
            offsets = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
            queries.append(owner)
            candidates.append(order[np.repeat(start, counts) + offsets])
        query, candidate = np.concatenate(queries), np.concatenate(candidates)
        differing = np.zeros(len(query), np.uint16)
        for byte in range(self._descriptors.shape[1]):
            differing += _POPCOUNT[copy.descriptors[query, byte] ^ self._descriptors[candidate, byte]]
        near = differing <= FARTHEST_BITS
        # one corner of the copy votes once for a picture, however many of its corners it resembles
        pairs = np.unique(query[near].astype(np.int64) * len(self.names) + self._owners[candidate[near]])
        voters, votes = np.divmod(pairs, len(self.names))
        # and the more pictures it resembles, the less it says for any of them
        weights = 1 / np.bincount(voters, minlength=len(copy))[voters]
        counted = np.bincount(votes, weights, minlength=len(self.names))
        best = np.argsort(-counted, kind="stable")[:most]
        return [(self.names[i], float(counted[i])) for i in best if counted[i] > 0]


def _keys(descriptors: np.ndarray, table: int) -> np.ndarray:
    """Return uint16 [N]: two of the 32 bytes, far apart since neighbours in ORB's pattern were chosen together."""
    return descriptors[:, table].astype(np.uint16) << 8 | descriptors[:, table + 16]


_POPCOUNT = np.array([value.bit_count() for value in range(256)], np.uint8)
