"""The tree of a damaged log, put together from every copy of a hash that the disk still holds.

A leaf's hash is there twice (in its tile, and as its entry), a full tile's root twice (in the tile above, and as its own
hashes). What was put together counts only when it leads to a root that the log's key has signed.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from provenance.log.errors import CorruptLogError
from provenance.log.files import TileFolder
from provenance.log.tiles import WIDTH, Tile, edge_root, full_root, leaf_hash, pack_entries, row_length, tile_at

_MOST_DOUBTS = 8  # tiles whose two copies differ and nothing above decides: 256 combinations are tried


_Level = dict[Tile, list[bytes] | None]


@dataclass
class Rebuilt:
    """A tree of `size` leaves that leads to a signed root.

    Attributes:
        tiles: each tile's proven hashes; missing where only the root of the tile could be proven.
        entries: bundles that the disk holds whole and right.
        lost: leaves whose entry is nowhere, by tile number.
        wrong: files that are missing or differ, and what is to be in them.
        beyond_repair: files of which not even the hashes are left.
    """

    size: int
    tiles: dict[Tile, list[bytes]] = field(default_factory=dict)
    lost: list[int] = field(default_factory=list)
    wrong: dict[str, bytes] = field(default_factory=dict)
    beyond_repair: list[str] = field(default_factory=list)


def rebuild(folder: TileFolder, size: int, root: bytes, known: Mapping[bytes, bytes]) -> Rebuilt | None:
    """Put together the tree of `size` leaves; None when nothing that is left leads to `root`.

    Args:
        known: leaf hash → entry, from elsewhere; used only where the hash is proven and the log's own copy is gone.
    """
    levels = [_read_level(folder, size, level) for level in range(_height(size))]
    bundles = [_bundle(folder, tile) for tile in (levels[0] if levels else {})]
    choices = _choices(levels, bundles)
    doubtful = [n for n, options in enumerate(choices) if len(options) > 1][:_MOST_DOUBTS]
    for picks in itertools.product(*(range(len(choices[n])) for n in doubtful)):
        picked = dict(zip(doubtful, picks, strict=True))
        rows = [options[picked.get(n, 0)] for n, options in enumerate(choices)]
        tree = _tree(levels, rows, size)
        if tree is not None and edge_root([row[len(row) // WIDTH * WIDTH :] for row in tree]) == root:
            return _compared(folder, size, tree, rows, bundles, known)
    return None


def _height(size: int) -> int:
    return sum(1 for level in range(8) if row_length(size, level))


def _read_level(folder: TileFolder, size: int, level: int) -> dict[Tile, list[bytes] | None]:
    found: dict[Tile, list[bytes] | None] = {}
    for number in range(-(-row_length(size, level) // WIDTH)):
        tile = tile_at(size, level, number)
        found[tile] = _or_none(lambda tile=tile: folder.hashes(tile))
    return found


def _bundle(folder: TileFolder, tile: Tile) -> list[bytes] | None:
    return _or_none(lambda: folder.entries(tile))


def _or_none(read: Callable[[], list[bytes]]) -> list[bytes] | None:
    try:
        return read()
    except CorruptLogError:
        return None


def _above(levels: list[_Level]) -> list[bytes | None]:
    """The roots of the tiles of level 0, as the tiles above hold them."""
    tiles = levels[1].values() if len(levels) > 1 else []
    return [h for hashes in tiles for h in (hashes or [None] * WIDTH)]


def _choices(levels: list[_Level], bundles: list[list[bytes] | None]) -> list[list[list[bytes] | None]]:
    """What the hashes of each tile of level 0 can be, the likeliest first; [None] where nothing is left."""
    above, found = _above(levels), []
    stored_tiles = list(levels[0].items()) if levels else []
    for number, ((tile, stored), entries) in enumerate(zip(stored_tiles, bundles, strict=True)):
        options = [[leaf_hash(e) for e in entries]] if entries is not None else []
        if stored is not None and stored not in options:
            options.append(stored)
        parent = above[number] if tile.width == WIDTH and number < len(above) else None
        fitting = [o for o in options if parent is not None and full_root(o) == parent]
        # with no parent to ask, and entries that agree with nothing, both stay possible
        found.append(fitting or [*options, None] if parent is not None else fitting or options or [None])
    return found


def _tree(levels: list[_Level], rows: list[list[bytes] | None], size: int) -> list[list[bytes]] | None:
    """Every level's row of hashes, or None when a hash of one is nowhere; level 0 has zeros where only a root is left."""
    if not levels:
        return []
    above = _above(levels)
    leaves: list[bytes] = []
    row: list[bytes] = []
    for number, hashes in enumerate(rows):
        width = min(WIDTH, size - number * WIDTH)
        if hashes is not None:
            leaves += hashes
            root = full_root(hashes) if width == WIDTH else None
        else:
            leaves += [bytes(32)] * width
            root = above[number] if width == WIDTH and number < len(above) else None
            if root is None:
                return None
        if root is not None:
            row.append(root)
    tree = [leaves]
    while row:
        tree.append(row)
        row = [full_root(row[i : i + WIDTH]) for i in range(0, len(row) // WIDTH * WIDTH, WIDTH)]
    return tree


def _compared(folder: TileFolder, size: int, tree: list, rows: list, bundles: list, known: Mapping[bytes, bytes]) -> Rebuilt:
    """What the disk holds against what was proven."""
    result = Rebuilt(size)
    for level, row in enumerate(tree):
        for number in range(-(-len(row) // WIDTH)):
            tile = tile_at(size, level, number)
            if level == 0 and rows[number] is None:
                result.beyond_repair.append(tile.path)
                result.lost += range(number * WIDTH, number * WIDTH + tile.width)
                continue
            hashes = row[number * WIDTH : (number + 1) * WIDTH]
            result.tiles[tile] = hashes
            if _exact(folder, tile.path) != b"".join(hashes):
                result.wrong[tile.path] = b"".join(hashes)
            if level == 0:
                _compare_bundle(folder, tile, hashes, bundles[number], known, result)
    return result


def _compare_bundle(
    folder: TileFolder,
    tile: Tile,
    hashes: list[bytes],
    entries: list[bytes] | None,
    known: Mapping[bytes, bytes],
    result: Rebuilt,
) -> None:
    # what is left of a damaged bundle, entry by entry, and what is known from elsewhere
    left = {leaf_hash(e): e for e in [*(entries or ()), *_salvaged(folder, tile)]}
    found = [left.get(h, known.get(h)) for h in hashes]
    if None in found:
        result.lost += [tile.index * WIDTH + i for i, entry in enumerate(found) if entry is None]
        return
    data = pack_entries([entry for entry in found if entry is not None])
    if _exact(folder, tile.entries_path) != data:
        result.wrong[tile.entries_path] = data


def _salvaged(folder: TileFolder, tile: Tile) -> list[bytes]:
    """Entries from the undamaged beginning of a bundle, and from partial bundles that it outgrew."""
    entries: list[bytes] = []
    exact = folder.folder / tile.entries_path
    full = exact if tile.width == WIDTH else exact.parent.with_suffix("")
    candidates = [exact, full, *full.with_name(f"{full.name}.p").glob("*")]
    for path in candidates:
        data, at = _bytes(path) or b"", 0
        while at + 2 <= len(data):
            end = at + 2 + int.from_bytes(data[at : at + 2], "big")
            if end > len(data):
                break
            entries.append(data[at + 2 : end])
            at = end
    return entries


def _exact(folder: TileFolder, path: str) -> bytes | None:
    return _bytes(folder.folder / path)


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
