"""Going through a whole log: every entry, every hash, the root, the signatures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provenance.log.errors import LogError
from provenance.log.folder import FolderSequencer
from provenance.log.tiles import WIDTH, Tile, edge_root, full_root, leaf_hash, row_length, tile_at

if TYPE_CHECKING:
    from provenance.log.reader import LogReader


@dataclass(frozen=True)
class Audit:
    """What was found: `size` leaves under a signed checkpoint, and one sentence for each problem; none means sound."""

    size: int
    problems: list[str] = field(default_factory=list)


def audit(log: LogReader) -> Audit:
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
        problems.append(f"The entries in {log.place} do not give the root that its checkpoint of size {size} was signed for.")
    try:
        log.refuse_older(checkpoint)
    except LogError as error:
        problems.append(str(error))
    if isinstance(log.sequencer, FolderSequencer) and not log.sequencer.index_fits(leaves):
        problems.append(f"The index {log.sequencer.index.path} does not fit the log: run “anastylosis log fsck --repair”.")
    return Audit(checkpoint.size, problems)


def _leaves(log: LogReader, size: int, problems: list[str]) -> list[bytes]:
    """Leaf hashes from the entries themselves; zeros stand for what cannot be read."""
    leaves: list[bytes] = []
    for number in range(-(-size // WIDTH)):
        tile = tile_at(size, 0, number)
        try:
            found = [leaf_hash(e) for e in log.sequencer.entries(tile)]
        except LogError as error:
            problems.append(str(error))
            found = [bytes(32)] * tile.width
        _compare_tile(log, tile, found, problems)
        leaves += found
    return leaves


def _compare(log: LogReader, size: int, level: int, row: list[bytes], problems: list[str]) -> None:
    for number in range(-(-row_length(size, level) // WIDTH)):
        _compare_tile(log, tile_at(size, level, number), row[number * WIDTH : (number + 1) * WIDTH], problems)


def _compare_tile(log: LogReader, tile: Tile, expected: list[bytes], problems: list[str]) -> None:
    try:
        stored = log.sequencer.hashes(tile)
    except LogError as error:
        problems.append(str(error))
        return
    wrong = [tile.index * WIDTH + i for i, (a, b) in enumerate(zip(stored, expected, strict=True)) if a != b]
    if wrong:
        below = "the entries" if tile.level == 0 else "the tiles"
        problems.append(f"{tile.path} of {log.place} does not fit {below} below it at {len(wrong)} places, first {wrong[0]}.")
