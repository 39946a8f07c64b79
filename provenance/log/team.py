"""Which database a team's log lies in, as one line in the log's folder says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from provenance.log.errors import TeamLogError
from provenance.log.files import write_durably

if TYPE_CHECKING:
    from provenance.log.postgres import PostgresSequencer

NAME = "team"


def team_of(folder: Path) -> str | None:
    """The connection string of the team's log, or None where the log is this machine's own. Raises TeamLogError."""
    try:
        return (folder / NAME).read_text(encoding="utf-8").strip() or None
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise TeamLogError(f"{folder / NAME} cannot be read: it should hold one line, how to reach the database.") from error


def team_sequencer(folder: Path) -> PostgresSequencer | None:
    """What leads to the team's log, or None where the log is this machine's own. Raises TeamLogError."""
    connection = team_of(folder)
    if connection is None:
        return None
    from provenance.log.postgres import PostgresSequencer

    return PostgresSequencer(connection)


def join(folder: Path, connection: str) -> None:
    """Let this installation log into the team's database from now on.

    Raises: TeamLogError when it has a log of its own already, since one log is not poured into another, or when the database
        cannot be reached.
    """
    if (folder / "checkpoint").exists():
        raise TeamLogError(
            f"{folder} holds a log of this machine's own, whose proofs name it: move the folder away, and keep it, "
            "before joining a team."
        )
    from provenance.log.postgres import PostgresSequencer

    PostgresSequencer(connection).head()
    # it may name a password, though ~/.pgpass is the better place
    write_durably(folder / NAME, f"{connection}\n".encode(), mode=0o600)
