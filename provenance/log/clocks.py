"""Times that run backwards: no fault of the log, which orders without any clock, but of one that people will rely on."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import datetime

from provenance.log.errors import CorruptLogError
from provenance.log.note import Note, cosignature_time
from provenance.log.sequencer import TileSource
from provenance.log.tiles import WIDTH, tile_at

TOLERANCE_SECONDS = 3600  # sealing a film may take as long between the time in its Record and its leaf


def backward_clocks(source: TileSource, size: int, signed: str) -> list[str]:
    """One sentence for each time that lies before an earlier leaf's, or ahead of this machine's clock.

    Args:
        signed: the head, whose cosignatures carry times of their own.
    """
    said, latest, latest_leaf = [], 0.0, -1
    for index, made in _times(source, size):
        if made < latest - TOLERANCE_SECONDS:
            said.append(
                f"Leaf {index} says {_written(made)}, leaf {latest_leaf} before it {_written(latest)}: a clock ran backwards."
            )
        if made > latest:
            latest, latest_leaf = made, index
    if latest > time.time() + TOLERANCE_SECONDS:
        said.append(
            f"Leaf {latest_leaf} says {_written(latest)}, which lies ahead of this machine's clock: one of the two is wrong."
        )
    for signature in Note.parse(signed).signatures:
        try:
            seen = cosignature_time(signature.raw)
        except ValueError:
            continue
        if seen < latest - TOLERANCE_SECONDS:
            said.append(
                f"{signature.name} cosigned at {_written(seen)}, before leaf {latest_leaf} says that it was made "
                f"({_written(latest)}): one of the two clocks is wrong."
            )
    return said


def _times(source: TileSource, size: int) -> Iterator[tuple[int, float]]:
    """(index, seconds since 1970) of each entry that says when it was made."""
    for number in range(-(-size // WIDTH)):
        try:
            entries = source.entries(tile_at(size, 0, number))
        except CorruptLogError:
            continue
        for index, entry in enumerate(entries, number * WIDTH):
            try:
                yield index, datetime.fromisoformat(json.loads(entry)["made"]).timestamp()
            except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
                continue


def _written(seconds: float) -> str:
    # a hostile time may be beyond what a calendar has
    return time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(seconds)) if 0 <= seconds < 2**37 else f"{seconds:.0f} s"
