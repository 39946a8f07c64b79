"""The hash tree of RFC 6962 cut into tiles after c2sp.org/tlog-tiles.

A tile holds up to 256 hashes, side by side: at level 0 those of leaves, at level L the roots of full tiles of level L − 1.
Entries lie in bundles of 256, in the same order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from provenance.log.errors import CorruptLogError, EntryError

WIDTH = 256
LONGEST_ENTRY = 65_535  # bytes; the length before an entry has 16 bits
EMPTY_ROOT = hashlib.sha256(b"").digest()

NodeReader = Callable[[int, int], bytes]
"""(height, index) → root of the full subtree over leaves index·2^height … (index + 1)·2^height − 1."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(00, entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(01, left, right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def full_root(hashes: Sequence[bytes]) -> bytes:
    """Root over 2^k hashes that lie side by side."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def edge_root(rows: Sequence[Sequence[bytes]]) -> bytes:
    """Root of the whole tree from the hashes of the partial tile of each level, level 0 first."""
    roots = []  # of the full subtrees that the tree falls into, largest first
    for row in reversed(rows):
        at = 0
        while at < len(row):
            count = 1 << (len(row) - at).bit_length() - 1
            roots.append(full_root(row[at : at + count]))
            at += count
    if not roots:
        return EMPTY_ROOT
    root = roots.pop()
    while roots:
        root = node_hash(roots.pop(), root)
    return root


def split(count: int) -> int:
    """Largest power of two below `count` (≥ 2): where RFC 6962 divides a tree in two."""
    return 1 << (count - 1).bit_length() - 1


def range_root(first: int, end: int, node: NodeReader) -> bytes:
    """Root of the tree over leaves first … end − 1, where `first` is aligned as RFC 6962 divides."""
    count = end - first
    if count == 0:
        return EMPTY_ROOT
    if count & (count - 1) == 0:
        height = count.bit_length() - 1
        return node(height, first >> height)
    middle = first + split(count)
    return node_hash(range_root(first, middle, node), range_root(middle, end, node))


@dataclass(frozen=True)
class Tile:
    """One tile: `width` is 1…256, below 256 for the partial one at the right edge."""

    level: int
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Path of the tile's hashes, such as tile/0/x001/x234/067 or tile/1/000.p/17."""
        return f"tile/{self.level}/{number_path(self.index)}{self._partial()}"

    @property
    def entries_path(self) -> str:
        """Path of the entries under a tile of level 0."""
        return f"tile/entries/{number_path(self.index)}{self._partial()}"

    def _partial(self) -> str:
        return "" if self.width == WIDTH else f".p/{self.width}"


def number_path(index: int) -> str:
    """Groups of three digits, all but the last with an x: 1234067 → x001/x234/067."""
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    return "/".join([*(f"x{g}" for g in groups[:-1]), groups[-1]])


def row_length(size: int, level: int) -> int:
    """How many hashes stand at a tile level in a log of `size` leaves."""
    return size >> 8 * level


def tile_at(size: int, level: int, index: int) -> Tile:
    """Tile `index` of `level` as a log of `size` leaves has it."""
    return Tile(level, index, min(WIDTH, row_length(size, level) - index * WIDTH))


def layout(size: int) -> list[Tile]:
    """Every tile of a log of `size` leaves; never an empty one."""
    tiles, level = [], 0
    while length := row_length(size, level):
        tiles += [tile_at(size, level, i) for i in range(-(-length // WIDTH))]
        level += 1
    return tiles


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """Bytes of an entry bundle: each entry behind its length in 16 bits, big-endian."""
    return b"".join(len(e).to_bytes(2, "big") + e for e in entries)


def unpack_entries(data: bytes, path: str) -> list[bytes]:
    """Entries of a bundle. Raises CorruptLogError, naming `path`, when the last one is cut off."""
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            raise CorruptLogError(f"The log's file {path} is cut off in its entry {len(entries)}: run “anastylosis log fsck”.")
        entries.append(data[at + 2 : end])
        at = end
    return entries


def check_entry(entry: bytes) -> bytes:
    """The entry itself. Raises EntryError when it is too long to be logged."""
    if len(entry) > LONGEST_ENTRY:
        raise EntryError(f"An entry has {len(entry):,} bytes, and the log takes {LONGEST_ENTRY:,}: log its digest instead.")
    return entry
