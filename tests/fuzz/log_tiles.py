"""Fuzzes tiles and bundles of a stranger's log, and the paths that readers ask for: python tests/fuzz/log_tiles.py"""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import contextlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.log.errors import CorruptLogError, LogError
from provenance.log.folder import FolderSequencer
from provenance.log.note import NoteSigner
from provenance.log.reader import LogReader
from provenance.log.serving import static_file
from provenance.log.store import Log
from provenance.log.tiles import layout, pack_entries, unpack_entries

SIZE = 260
FOLDER = Path(tempfile.mkdtemp(prefix="anastylosis-fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
SIGNER = NoteSigner("example.com/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))
ENTRIES = [b"%d" % i for i in range(SIZE)]
Log(FolderSequencer(FOLDER), SIGNER).extend(ENTRIES)
NAMES = sorted({t.path for t in layout(SIZE)} | {t.entries_path for t in layout(SIZE) if t.level == 0})
GOOD = {name: (FOLDER / name).read_bytes() for name in NAMES}
SEEDS = [bytes([n]) + GOOD[name] for n, name in enumerate(NAMES)] + [f"\xff/{name}".encode("latin-1") for name in NAMES]


def check(data: bytes) -> None:
    """Whatever a file of the log holds, what is read from it is what was signed, or a LogError; no path leads elsewhere."""
    if not data:
        return
    with contextlib.suppress(CorruptLogError):
        assert pack_entries(unpack_entries(data, "")) == data
    if data[0] == 0xFF:
        found = static_file(LogReader(FolderSequencer(FOLDER), SIGNER.verifier), data[1:].decode("latin-1"))
        assert found is None or data[1:].decode("latin-1") == "/checkpoint" or found[0] == GOOD.get(data[2:].decode(), found[0])
        return
    name = NAMES[data[0] % len(NAMES)]
    (FOLDER / name).write_bytes(data[1:])
    try:
        reader = LogReader(FolderSequencer(FOLDER), SIGNER.verifier)
        with contextlib.suppress(LogError):
            assert [entry for _, entry in reader.entries()] == ENTRIES
        with contextlib.suppress(LogError):
            reader.proof(data[0] % SIZE)
        is_changed = not data[1:].startswith(GOOD[name])
        assert reader.audit().problems or not is_changed
    finally:
        (FOLDER / name).write_bytes(GOOD[name])


if __name__ == "__main__":
    from tests.fuzz.log_fuzzing import fuzz

    fuzz(check, SEEDS)
