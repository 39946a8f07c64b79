"""The log in a folder of this machine: one writer by `flock`, the order of writes that survives a crash at any of them.

`tile/` and `checkpoint` are the static files of c2sp.org/tlog-tiles; `leaves.sqlite` is an index that can be made again.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from provenance.log.errors import CorruptLogError, LogError, LogWriteError
from provenance.log.files import TileFolder, make_folder, write_all_durably, write_durably
from provenance.log.index import LeafIndex
from provenance.log.tiles import WIDTH, Tile, tile_at


@contextlib.contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; waits for another writer, in this process or another, to finish. Raises LogWriteError."""
    try:
        make_folder(folder)
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise LogWriteError(f"{folder} cannot be written ({error.strerror}): nothing was added.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class FolderSequencer(TileFolder):
    """A `Sequencer` on a local disk. Nothing is made until the first turn."""

    def __init__(self, folder: Path):
        super().__init__(folder)
        self.index = LeafIndex(folder / "leaves.sqlite")

    def turn(self) -> contextlib.AbstractContextManager[None]:
        """Hold the only right to append; waits for other writers."""
        return only_writer(self.folder)

    def head(self) -> str | None:
        """The signed checkpoint as it stands, or None before the first. Raises CorruptLogError."""
        try:
            return (self.folder / "checkpoint").read_text(encoding="utf-8")
        except FileNotFoundError:
            if (self.folder / "tile").exists():
                raise CorruptLogError(
                    f"The log in {self.folder} has lost its file “checkpoint”: run “anastylosis log fsck”."
                ) from None
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise CorruptLogError(
                f"The log's checkpoint in {self.folder} cannot be read: run “anastylosis log fsck”."
            ) from error

    def keep(self, grown: dict[Tile, dict[str, bytes]], before: int) -> None:  # noqa: ARG002
        """Write new tiles and bundles. Full ones beyond the old size can only be a dead writer's, and are overwritten."""
        try:
            write_all_durably({self.folder / name: data for files in grown.values() for name, data in files.items()})
        except LogWriteError:
            self.remove(grown)  # gives a full disk its room back
            raise

    def commit(self, signed: str) -> None:
        """Replace the checkpoint, durably."""
        write_durably(self.folder / "checkpoint", signed.encode())

    def settle(self, grown: dict[Tile, dict[str, bytes]], first: int, hashes: list[bytes]) -> None:
        """Extend the index and delete the partial tiles that were outgrown."""
        with contextlib.suppress(OSError, sqlite3.Error, LogError):
            self._catch_up(first)
            self.index.add(first, hashes)
        with contextlib.suppress(OSError):
            for tile in grown:
                self.remove_narrower(tile)

    def find(self, hashes: Sequence[bytes], size: int) -> dict[bytes, int]:
        """The first leaf below `size` of each hash that is logged; each answer was compared with the tiles."""
        wanted = list(dict.fromkeys(hashes))
        known, found = 0, {}
        with contextlib.suppress(sqlite3.Error, OSError):
            known, found = min(len(self.index), size), self.index.find(wanted)
        found = {h: n for h, n in found.items() if n < size}
        tiles: dict[int, list[bytes]] = {}
        for h, number in found.items():
            tile = number // WIDTH
            if tile not in tiles:
                tiles[tile] = self.hashes(tile_at(size, 0, tile))
            if number >= known or tiles[tile][number % WIDTH] != h:
                known, found = 0, {}  # an index that lies is not believed elsewhere either
                break
        missing = set(wanted) - found.keys()
        if missing and known < size:
            for number, h in enumerate(self._leaf_hashes(known, size), known):
                if h in missing:
                    found[h] = number
                    missing.discard(h)
        return found

    def rebuild_index(self, size: int) -> None:
        """Write the index again from the tiles. Raises CorruptLogError, LogWriteError."""
        try:
            self.index.drop()
            self.index.add(0, self._leaf_hashes(0, size))
        except (sqlite3.Error, OSError) as error:
            raise LogWriteError(f"The index {self.index.path} cannot be written ({error}): make room or get access.") from error

    def index_fits(self, leaves: Sequence[bytes]) -> bool:
        """Whether the index says nothing that the leaf hashes do not; one that lags behind fits."""
        try:
            size, last = self.index.covers()
            expected: dict[bytes, int] = {}
            for number, h in enumerate(leaves[:size]):
                expected.setdefault(h, number)
            return size <= len(leaves) and (not size or leaves[size - 1] == last) and self.index.all() == expected
        except sqlite3.Error:
            return False

    def _catch_up(self, size: int) -> None:
        """Bring the index to `size` leaves: a writer died before it could, or it was deleted or damaged."""
        try:
            known, last = self.index.covers()
            fits = known <= size and (not known or next(iter(self._leaf_hashes(known - 1, size))) == last)
        except sqlite3.Error:
            known, fits = 0, False
        if not fits:
            self.rebuild_index(size)
        elif known < size:
            self.index.add(known, self._leaf_hashes(known, size))

    def _leaf_hashes(self, first: int, size: int) -> Iterable[bytes]:
        # always the tiles of the committed size: a narrower partial may be the leftover of a dead writer
        for number in range(first // WIDTH, -(-size // WIDTH)):
            hashes = self.hashes(tile_at(size, 0, number))
            yield from hashes[max(0, first - number * WIDTH) :]
