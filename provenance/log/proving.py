"""Paths through one signed tree, from tiles that were each checked against its root once."""

from __future__ import annotations

from collections import OrderedDict

from provenance.log.checkpoint import Checkpoint
from provenance.log.errors import CorruptLogError
from provenance.log.proof import consistency_path
from provenance.log.sequencer import TileSource
from provenance.log.tiles import WIDTH, edge_root, node_hash, row_length, tile_at

MOST_TILES = 512  # kept in memory, about 35 KB each


class Prover:
    """Everything that can be proved of the tree under one checkpoint.

    A tile is read once, hashed to its root, and compared with the tile above it, up to the signed root: after that its
    hashes are as good as signed, and a proof is a matter of looking them up.
    """

    def __init__(self, tiles: TileSource, checkpoint: Checkpoint):
        """Read and check the right edge. Raises CorruptLogError when it does not lead to the signed root."""
        self.checkpoint = checkpoint
        self._source, self._size = tiles, checkpoint.size
        self._known: OrderedDict[tuple[int, int], list[list[bytes]]] = OrderedDict()
        edge, level = [], 0
        while length := row_length(self._size, level):
            edge.append(tiles.hashes(tile_at(self._size, level, length // WIDTH)) if length % WIDTH else [])
            level += 1
        if edge_root(edge) != checkpoint.root:
            raise CorruptLogError(
                f"The tiles in {tiles.place} do not lead to the root that was signed for {checkpoint.size} entries: "
                "run “anastylosis log fsck”."
            )
        self._edge = {(n, row_length(self._size, n) // WIDTH): _pyramid(row) for n, row in enumerate(edge) if row}
        self._peaks = [self.node(h, (self._size >> h) - 1) for h in range(self._size.bit_length())[::-1] if self._size >> h & 1]
        # Right of a leaf's own peak all others are one hash: that of the tree over them.
        self._right: list[bytes] = self._peaks[-1:]
        for peak in self._peaks[-2::-1]:
            self._right.insert(0, node_hash(peak, self._right[0]))

    def node(self, height: int, index: int) -> bytes:
        """Root of the full subtree over leaves index·2^height … (index + 1)·2^height − 1. Raises CorruptLogError."""
        level, inner = divmod(height, 8)
        number, first = divmod(index << inner, WIDTH)
        return self._tile(level, number)[inner][first >> inner]

    def leaf(self, index: int) -> bytes:
        """The hash of leaf `index`."""
        return self.node(0, index)

    def inclusion(self, index: int) -> list[bytes]:
        """Siblings of leaf `index` (0 ≤ index < size), from leaf to root. Raises CorruptLogError."""
        # the leaf's peak is at the highest bit in which its index and the size differ
        height = (index ^ self._size).bit_length() - 1
        path: list[bytes] = []
        at, level = index, 0
        while len(path) < height:
            rows, inner = self._tile(level, at >> 8), at & 0xFF
            for row in rows[: min(8, height - len(path))]:
                path.append(row[inner ^ 1])
                inner >>= 1
            at, level = at >> 8, level + 1
        peak = (self._size >> height + 1).bit_count()
        if peak + 1 < len(self._right):
            path.append(self._right[peak + 1])
        return path + self._peaks[:peak][::-1]

    def consistency(self, old_size: int) -> list[bytes]:
        """Hashes that show that this tree continues its own first `old_size` leaves. Raises CorruptLogError."""
        return consistency_path(old_size, self._size, self.node) if 0 < old_size <= self._size else []

    def _tile(self, level: int, number: int) -> list[list[bytes]]:
        """The hashes of a tile at heights 0…8 above its own row, as far as they are full."""
        key = (level, number)
        found = self._edge.get(key) or self._known.get(key)
        if found is not None:
            return found
        rows = _pyramid(self._source.hashes(tile_at(self._size, level, number)))
        above = self._tile(level + 1, number >> 8)[0]
        if rows[8][0] != above[number & 0xFF]:
            tile = tile_at(self._size, level, number)
            raise CorruptLogError(
                f"{tile.path} in {self._source.place} does not fit the tile above it, so nothing was proved from it: "
                "run “anastylosis log fsck”."
            )
        self._known[key] = rows
        if len(self._known) > MOST_TILES:
            self._known.popitem(last=False)
        return rows


def _pyramid(row: list[bytes]) -> list[list[bytes]]:
    rows = [row]
    while len(rows[-1]) > 1:
        below = rows[-1]
        rows.append([node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)])
    return rows
