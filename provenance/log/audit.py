"""Going through a whole log: every entry, every hash, the root, the signatures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provenance.log.errors import LogError
from provenance.log.tiles import WIDTH, Tile, edge_root, full_root, leaf_hash, row_length, tile_at

if TYPE_CHECKING:
    from provenance.log.store import Log


@dataclass(frozen=True)
class Audit:
    """What was found: `size` leaves under a signed checkpoint, and one sentence for each problem; none means sound."""

    size: int
    problems: list[str] = field(default_factory=list)


def audit(log: Log) -> Audit:
    """Recompute everything in `log`. Raises nothing for a damaged log; its faults are in the answer."""
    try:
        checkpoint = log.checkpoint()
    except LogError as error:
        return Audit(0, [str(error)])
    problems: list[str] = []
    row = _leaves(log, checkpoint.size, problems)
    leaves, roots, level = row, [], 0
    while row:
        if level:  # level 0 was compared with the entries
            _compare(log, checkpoint.size, level, row, problems)
        roots.append(row[len(row) // WIDTH * WIDTH :])
        level, row = level + 1, [full_root(row[i : i + WIDTH]) for i in range(0, len(row) // WIDTH * WIDTH, WIDTH)]
    if edge_root(roots) != checkpoint.root:
        size = checkpoint.size
        problems.append(f"The entries in {log.folder} do not give the root that its checkpoint of size {size} was signed for.")
    try:
        log.refuse_older(checkpoint)
    except LogError as error:
        problems.append(str(error))
    if not _index_fits(log, leaves):
        problems.append(f"The index {log.index.path} does not fit the log: rebuild it; nothing else is touched by this.")
    return Audit(checkpoint.size, problems)


def _leaves(log: Log, size: int, problems: list[str]) -> list[bytes]:
    """Leaf hashes from the entries themselves; zeros stand for what cannot be read."""
    leaves: list[bytes] = []
    for number in range(-(-size // WIDTH)):
        tile = tile_at(size, 0, number)
        try:
            found = [leaf_hash(e) for e in log.tiles.entries(tile)]
        except LogError as error:
            problems.append(str(error))
            found = [bytes(32)] * tile.width
        _compare_tile(log, tile, found, problems)
        leaves += found
    return leaves


def _compare(log: Log, size: int, level: int, row: list[bytes], problems: list[str]) -> None:
    for number in range(-(-row_length(size, level) // WIDTH)):
        _compare_tile(log, tile_at(size, level, number), row[number * WIDTH : (number + 1) * WIDTH], problems)


def _compare_tile(log: Log, tile: Tile, expected: list[bytes], problems: list[str]) -> None:
    try:
        stored = log.tiles.hashes(tile)
    except LogError as error:
        problems.append(str(error))
        return
    wrong = [tile.index * WIDTH + i for i, (a, b) in enumerate(zip(stored, expected, strict=True)) if a != b]
    if wrong:
        below = "the entries" if tile.level == 0 else "the tiles"
        problems.append(f"{tile.path} of {log.folder} does not fit {below} below it at {len(wrong)} places, first {wrong[0]}.")


def _index_fits(log: Log, leaves: list[bytes]) -> bool:
    count = min(len(log.index), len(leaves))
    if not count:
        return True
    with log.index.path.open("rb") as file:
        return file.read(32 * count) == b"".join(leaves[:count])
