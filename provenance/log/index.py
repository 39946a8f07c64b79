"""An index from leaf hash to leaf: all leaf hashes in order, in one file that can be made again from the tiles at any time."""

from __future__ import annotations

import contextlib
import mmap
import os
from collections.abc import Iterable
from pathlib import Path

HASH = 32


class LeafIndex:
    """The file `leaves`. Only the log's writer changes it; a reader takes what it finds there as a hint and checks it."""

    def __init__(self, path: Path):
        self.path = path

    def __len__(self) -> int:
        with contextlib.suppress(FileNotFoundError):
            return self.path.stat().st_size // HASH
        return 0

    def find(self, leaf: bytes) -> int | None:
        """First leaf with this hash, or None."""
        if len(self) == 0:
            return None
        with self.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as hashes:
            at = hashes.find(leaf)
            while at >= 0 and at % HASH:  # a match across two hashes is none
                at = hashes.find(leaf, at + 1)
        return None if at < 0 else at // HASH

    def last(self) -> bytes:
        """The last hash, or nothing."""
        count = len(self)
        if not count:
            return b""
        with self.path.open("rb") as file:
            file.seek((count - 1) * HASH)
            return file.read(HASH)

    def write(self, first: int, hashes: Iterable[bytes]) -> None:
        """Cut the index to `first` leaves and add `hashes`; on the disk when this returns."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        with os.fdopen(descriptor, "r+b") as file:
            file.truncate(first * HASH)
            file.seek(first * HASH)
            for h in hashes:
                file.write(h)
            file.flush()
            os.fsync(file.fileno())
