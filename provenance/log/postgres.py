"""One log for a team: PostgreSQL decides which entry comes next, for any number of machines.

Everything lies in the database: the signed head, each entry, and the hash of each full tile; tiles are cut from these when
they are read. One transaction holds an advisory lock, adds the rows and replaces the head, so the database's own durability
is the log's: there is no moment at which half of an append can be seen. A hash can stand there once only.

Needs the extra `anastylosis[team]` (psycopg 3). All machines share one log key: copy `log.key` to each of them.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from provenance.log.errors import CorruptLogError, LogWriteError, TeamLogError
from provenance.log.tiles import WIDTH, Tile, row_length, unpack_entries

if TYPE_CHECKING:
    import psycopg

SCHEMA = "anastylosis_log"
_LOCK = 0x616E6173746C6F67  # "anastlog": the key of the advisory lock, the same for every writer
_TABLES = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
CREATE TABLE IF NOT EXISTS {SCHEMA}.head (one boolean PRIMARY KEY CHECK (one), note text NOT NULL);
CREATE TABLE IF NOT EXISTS {SCHEMA}.leaf (position bigint PRIMARY KEY, hash bytea NOT NULL UNIQUE, entry bytea NOT NULL);
CREATE TABLE IF NOT EXISTS {SCHEMA}.node (
    level int NOT NULL, position bigint NOT NULL, hash bytea NOT NULL, PRIMARY KEY (level, position));
"""


class PostgresSequencer:
    """A `Sequencer` in a database; each process and thread may have one of its own, or share it.

    Every method raises TeamLogError when the database cannot be reached.
    """

    def __init__(self, connection: str):
        """Nothing is connected yet; `connection` is libpq's: a URL or keywords, better without the password (~/.pgpass)."""
        self._target = connection
        self._lock = threading.RLock()
        self._connection: psycopg.Connection | None = None
        self._in_turn = False

    @property
    def place(self) -> str:
        """The database, as a message names it: no password in it."""
        from psycopg.conninfo import conninfo_to_dict

        with contextlib.suppress(Exception):
            said = conninfo_to_dict(self._target)
            return f"the database {said.get('dbname', '')} on {said.get('host', 'this machine')}"
        return "the team's database"

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the only right to append; waits for other writers. What was not committed is undone at its end."""
        with self._lock, self._asking():
            connection = self._open()
            with connection.cursor() as cursor:
                # each statement must see what was committed while this one waited for the lock
                cursor.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
                self._in_turn = True
                try:
                    cursor.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                    yield
                finally:
                    was, self._in_turn = self._in_turn, False
                    if was:
                        with contextlib.suppress(self._error()):
                            cursor.execute("ROLLBACK")

    def head(self) -> str | None:
        """The signed checkpoint as it stands, or None before the first."""
        rows = self._rows(f"SELECT note FROM {SCHEMA}.head")  # noqa: S608
        return rows[0][0] if rows else None

    def hashes(self, tile: Tile) -> list[bytes]:
        """The tile's hashes. Raises CorruptLogError when some are missing."""
        first = tile.index * WIDTH
        if tile.level == 0:
            query = f"SELECT hash FROM {SCHEMA}.leaf WHERE position >= %s AND position < %s ORDER BY position"  # noqa: S608
            rows = self._rows(query, (first, first + tile.width))
        else:
            query = (
                f"SELECT hash FROM {SCHEMA}.node "  # noqa: S608
                "WHERE level = %s AND position >= %s AND position < %s ORDER BY position"
            )
            rows = self._rows(query, (tile.level, first, first + tile.width))
        return self._whole(tile, rows)

    def entries(self, tile: Tile) -> list[bytes]:
        """The entries below a tile of level 0. Raises CorruptLogError when some are missing."""
        first = tile.index * WIDTH
        query = f"SELECT entry FROM {SCHEMA}.leaf WHERE position >= %s AND position < %s ORDER BY position"  # noqa: S608
        return self._whole(tile, self._rows(query, (first, first + tile.width)))

    def find(self, hashes: Sequence[bytes], size: int) -> dict[bytes, int]:
        """The first leaf below `size` of each hash that is logged."""
        query = f"SELECT hash, position FROM {SCHEMA}.leaf WHERE hash = ANY(%s) AND position < %s"  # noqa: S608
        return {bytes(h): position for h, position in self._rows(query, (list(hashes), size))}

    def keep(self, grown: dict[Tile, dict[str, bytes]], before: int) -> None:
        """Add the rows of the new leaves, and of the tiles that became full. Raises LogWriteError."""
        leaves: list[tuple[int, bytes, bytes]] = []
        nodes: list[tuple[int, int, bytes]] = []
        for tile, files in grown.items():
            data = files[tile.path]
            hashes = [data[i : i + 32] for i in range(0, len(data), 32)]
            at = tile.index * WIDTH
            known = row_length(before, tile.level)
            if tile.level == 0:
                entries = unpack_entries(files[tile.entries_path], tile.entries_path)
                rows = enumerate(zip(hashes, entries, strict=True), at)
                leaves += [(n, h, entry) for n, (h, entry) in rows if n >= known]
            else:
                nodes += [(tile.level, n, h) for n, h in enumerate(hashes, at) if n >= known]
        with self._asking(), self._open().cursor() as cursor:
            with cursor.copy(f"COPY {SCHEMA}.leaf (position, hash, entry) FROM STDIN (FORMAT BINARY)") as copy:
                copy.set_types(["int8", "bytea", "bytea"])
                for leaf in sorted(leaves):
                    copy.write_row(leaf)
            if nodes:
                cursor.executemany(f"INSERT INTO {SCHEMA}.node VALUES (%s, %s, %s)", nodes)  # noqa: S608

    def commit(self, signed: str) -> None:
        """Replace the head and commit: with it everything kept in this turn is real. Raises LogWriteError."""
        query = f"INSERT INTO {SCHEMA}.head VALUES (true, %s) ON CONFLICT (one) DO UPDATE SET note = excluded.note"  # noqa: S608
        with self._asking(), self._open().cursor() as cursor:
            cursor.execute(query, (signed,))
            cursor.execute("COMMIT")
            self._in_turn = False

    def settle(self, grown: dict[Tile, dict[str, bytes]], first: int, hashes: list[bytes]) -> None:
        """Nothing is left to do."""

    def close(self) -> None:
        """Leave the database."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None

    def _rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple]:
        with self._lock, self._asking(), self._open().cursor() as cursor:
            return cursor.execute(query, values).fetchall()  # type: ignore[arg-type]

    def _whole(self, tile: Tile, rows: list[tuple]) -> list[bytes]:
        if len(rows) != tile.width:
            raise CorruptLogError(
                f"The log in {self.place} has {len(rows)} of the {tile.width} rows of {tile.path}: restore the database."
            )
        return [bytes(row[0]) for row in rows]

    def _open(self) -> psycopg.Connection:
        if self._connection is not None and (self._in_turn or not self._connection.closed):
            return self._connection
        import psycopg

        # autocommit: transactions are begun and ended by `turn` and `commit` alone
        connection = psycopg.connect(self._target, autocommit=True, connect_timeout=15)
        with connection.cursor() as cursor:
            # a server may be set not to wait for its disk; an acknowledged entry must be on it
            cursor.execute("SET synchronous_commit = on")
            if cursor.execute("SELECT to_regclass(%s)", (f"{SCHEMA}.node",)).fetchone() == (None,):
                cursor.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))  # two machines may come first at once
                cursor.execute(_TABLES)
                cursor.execute("SELECT pg_advisory_unlock(%s)", (_LOCK,))
        self._connection = connection
        return connection

    @contextlib.contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn what the database says into our errors."""
        error = self._error()
        try:
            yield
        except error as said:
            import psycopg

            text = str(said).strip().split("\n")[0]
            if isinstance(said, psycopg.OperationalError) and not isinstance(
                said, psycopg.errors.DiskFull | psycopg.errors.InsufficientResources
            ):
                raise TeamLogError(f"The log in {self.place} cannot be reached ({text}): is the server running?") from said
            raise LogWriteError(f"The log in {self.place} cannot be written ({text}): nothing was added.") from said

    def _error(self) -> type[Exception]:
        try:
            import psycopg
        except ImportError as missing:
            raise TeamLogError("A team's log needs psycopg: pip install 'anastylosis[team]'.") from missing
        return psycopg.Error
