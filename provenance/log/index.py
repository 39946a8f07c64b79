"""From leaf hash to leaf: a small database that can be made again from the tiles at any time."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path

_ASK_AT_ONCE = 500  # variables in one statement; SQLite's own limit was 999 for long


class LeafIndex:
    """The file `leaves.sqlite`. Only the log's writer changes it; what it says is a hint, to be checked against the tiles.

    Every method but `drop` may raise `sqlite3.Error` when the file is damaged, or its folder may not be written.
    """

    def __init__(self, path: Path):
        self.path = path
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def __len__(self) -> int:
        """How many leaves it covers."""
        return self.covers()[0]

    def covers(self) -> tuple[int, bytes]:
        """How many leaves it covers, and the hash of the last of them."""
        if not self.path.exists():
            return 0, b""
        with self._lock:
            return self._open().execute("SELECT size, last FROM progress").fetchone()

    def find(self, hashes: Sequence[bytes]) -> dict[bytes, int]:
        """The first leaf of each hash that is known."""
        if not self.path.exists():
            return {}
        found: dict[bytes, int] = {}
        with self._lock:
            for at in range(0, len(hashes), _ASK_AT_ONCE):
                part = hashes[at : at + _ASK_AT_ONCE]
                marks = ",".join("?" * len(part))
                found.update(self._open().execute(f"SELECT hash, number FROM leaf WHERE hash IN ({marks})", part))  # noqa: S608
        return found

    def all(self) -> dict[bytes, int]:
        """Everything that it holds."""
        if not self.path.exists():
            return {}
        with self._lock:
            return dict(self._open().execute("SELECT hash, number FROM leaf"))

    def add(self, first: int, hashes: Iterable[bytes]) -> None:
        """Add the leaves from `first` on, in one transaction; of equal hashes the earlier leaf stays."""
        with self._lock, self._open() as connection:
            rows = [(h, number) for number, h in enumerate(hashes, first)]
            if rows:
                connection.executemany("INSERT OR IGNORE INTO leaf VALUES (?, ?)", rows)
                connection.execute("UPDATE progress SET size = ?, last = ?", (first + len(rows), rows[-1][0]))

    def drop(self) -> None:
        """Delete the file."""
        with self._lock:
            self.close()
            for suffix in ("", "-wal", "-shm", "-journal"):
                self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(self.path, timeout=30, check_same_thread=False)
            # never fsynced at an append: after a power cut it may lack the last leaves, and then they are read from the tiles
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            with connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS leaf (hash BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID"
                )
                connection.execute("CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY, size INTEGER, last BLOB)")
                connection.execute("INSERT OR IGNORE INTO progress VALUES (1, 0, x'')")
            self._connection = connection
        return self._connection
