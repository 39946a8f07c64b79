"""What a log needs of the place where it lies: one turn at a time, a head, tiles and entries.

`folder.py` gives it on a disk, which is the default; `postgres.py` in a database that a team shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from provenance.log.tiles import Tile


class TileSource(Protocol):
    """Where tiles and the entries under them can be read."""

    @property
    def place(self) -> str:
        """Where that is, as a message names it."""
        ...

    def hashes(self, tile: Tile) -> list[bytes]:
        """The tile's hashes. Raises CorruptLogError when some are missing."""
        ...

    def entries(self, tile: Tile) -> list[bytes]:
        """The entries below a tile of level 0. Raises CorruptLogError when some are missing."""
        ...


class Sequencer(TileSource, Protocol):
    """Decides which entry comes next, for every writer of one log."""

    def turn(self) -> AbstractContextManager[None]:
        """Hold the only right to append; waits for other writers. What was kept but not committed is undone at its end."""
        ...

    def head(self) -> str | None:
        """The signed checkpoint as it stands, or None before the first. Raises CorruptLogError."""
        ...

    def find(self, hashes: Sequence[bytes], size: int) -> dict[bytes, int]:
        """The first leaf below `size` of each hash that is logged."""
        ...

    def keep(self, grown: dict[Tile, dict[str, bytes]], before: int) -> None:
        """Store the tiles of a log that grew from `before` leaves. Raises LogWriteError, leaving everything as it was."""
        ...

    def commit(self, signed: str) -> None:
        """Replace the head: this makes everything kept in this turn real, and durable. Raises LogWriteError."""
        ...

    def settle(self, grown: dict[Tile, dict[str, bytes]], first: int, hashes: list[bytes]) -> None:
        """After the commit, do what can be done again at any time; never raises."""
        ...
