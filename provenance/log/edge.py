"""The right edge of the tree: all that a writer must know to append."""

from __future__ import annotations

from provenance.log.errors import CorruptLogError
from provenance.log.sequencer import TileSource
from provenance.log.tiles import (
    WIDTH,
    Tile,
    edge_root,
    full_root,
    leaf_hash,
    pack_entries,
    row_length,
    tile_at,
)


class Edge:
    """The partial tile of every level and the partial bundle, grown entry by entry.

    `finished` collects the files (path → bytes) of tiles that became full since the edge was loaded.
    """

    def __init__(self, size: int, rows: list[list[bytes]], entries: list[bytes]):
        self.size, self._rows, self._entries = size, rows, entries
        self._loaded_size = size
        self.finished: dict[Tile, dict[str, bytes]] = {}

    @classmethod
    def load(cls, tiles: TileSource, size: int) -> Edge:
        """Read the edge of a log of `size` leaves: at most 255 hashes a level, and the entries under the last tile.

        Raises: CorruptLogError when files are missing, cut off, or the last entries do not fit their hashes.
        """
        rows, level = [], 0
        while length := row_length(size, level):
            rows.append(tiles.hashes(tile_at(size, level, length // WIDTH)) if length % WIDTH else [])
            level += 1
        last = size // WIDTH
        entries = tiles.entries(tile_at(size, 0, last)) if size % WIDTH else []
        if [leaf_hash(e) for e in entries] != (rows[0] if rows else []):
            path = tile_at(size, 0, last).entries_path
            raise CorruptLogError(f"{path} in {tiles.place} does not fit the hashes of its entries: one was changed.")
        return cls(size, rows, entries)

    def push(self, entry: bytes, leaf: bytes | None = None) -> bytes:
        """Add one entry, whose leaf hash may be known already; returns that hash."""
        leaf = leaf or leaf_hash(entry)
        self._entries.append(entry)
        self._add(0, leaf)
        self.size += 1
        return leaf

    def _add(self, level: int, value: bytes) -> None:
        if level == len(self._rows):
            self._rows.append([])
        row = self._rows[level]
        row.append(value)
        if len(row) == WIDTH:
            tile = Tile(level, row_length(self.size + 1, level) // WIDTH - 1)
            self.finished[tile] = self._files(tile)
            self._rows[level] = []
            self._add(level + 1, full_root(row))

    def _files(self, tile: Tile) -> dict[str, bytes]:
        files = {tile.path: b"".join(self._rows[tile.level])}
        if tile.level == 0:
            files[tile.entries_path] = pack_entries(self._entries)
            self._entries = []
        return files

    def partial(self) -> dict[Tile, dict[str, bytes]]:
        """Files of the partial tiles that changed since the edge was loaded."""
        before = self._loaded_size
        levels = [n for n, row in enumerate(self._rows) if row and row_length(before, n) != row_length(self.size, n)]
        files = {}
        for level in levels:
            tile = tile_at(self.size, level, row_length(self.size, level) // WIDTH)
            files[tile] = {tile.path: b"".join(self._rows[level])}
            if level == 0:
                files[tile][tile.entries_path] = pack_entries(self._entries)
        return files

    def root(self) -> bytes:
        """Root of the whole tree, from the edge alone."""
        return edge_root(self._rows)
