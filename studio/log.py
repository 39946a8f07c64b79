"""The log of an installation, as a person reads it."""

from __future__ import annotations

import json

from provenance.home import Home
from provenance.log.store import Log


def open_log(home: Home) -> Log:
    """The log of this installation; made when there is none yet."""
    return Log.open(home.log, home.keys)


def leaves(log: Log) -> list[dict]:
    """Index, time, operation and Record digest of every leaf, oldest first."""
    found = []
    for index, entry in log.entries():
        said = json.loads(entry)
        found.append({"index": index, **{key: said.get(key, "") for key in ("made", "operation", "record")}})
    return found
