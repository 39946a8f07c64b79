"""A log as a folder of static files after c2sp.org/tlog-tiles, for any web server to give out.

    checkpoint                       text/plain; to be fetched anew each time
    tile/<L>/<N>[.p/<W>]             256 or W hashes of level L, application/octet-stream; never changes
    tile/entries/<N>[.p/<W>]         256 or W entries, each behind its length in 16 bits; never changes

A log on a disk has these files in its own folder too, beside others that are nobody's business.
"""

from __future__ import annotations

from pathlib import Path

from provenance.log.checkpoint import open_checkpoint
from provenance.log.errors import CorruptLogError
from provenance.log.files import TileFolder, write_all_durably, write_durably
from provenance.log.reader import LogReader
from provenance.log.tiles import layout, pack_entries

_AT_ONCE = 64  # files under one fsync of their folders


def publish(log: LogReader, folder: Path) -> tuple[int, int]:
    """Bring `folder` up to the head of `log`; return its size and how many files were new. The checkpoint comes last.

    Raises: LogWriteError; CorruptLogError when the folder holds something that the log did not publish, or is ahead of it.
    """
    signed = log.checkpoint_text()
    prover = log.prover(signed)
    size = prover.checkpoint.size
    head = folder / "checkpoint"
    if head.exists():
        old = open_checkpoint(head.read_text("utf-8"), [log.verifier])
        if old.size > size:
            raise CorruptLogError(f"{folder} was published with {old.size} entries, and the log has {size}: an old copy of it.")
    written, waiting = 0, {}
    tiles = layout(size)
    for tile in tiles:
        path = folder / tile.path
        files = {path: b"".join(log.sequencer.hashes(tile))} if not path.exists() else {}
        bundle = folder / tile.entries_path
        if tile.level == 0 and not bundle.exists():
            files[bundle] = pack_entries(log.sequencer.entries(tile))
        waiting |= files
        written += len(files)
        if len(waiting) >= _AT_ONCE or tile is tiles[-1]:
            write_all_durably(waiting)
            waiting = {}
    write_durably(head, signed.encode())
    for tile in tiles:
        TileFolder(folder).remove_narrower(tile)
    return size, written
