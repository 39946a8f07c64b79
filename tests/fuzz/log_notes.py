"""Fuzzes notes, verifier keys, checkpoints and cosignatures: python tests/fuzz/log_notes.py -max_total_time=180"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.log.checkpoint import Checkpoint, open_checkpoint
from provenance.log.cosignature import Cosigner, cosignatures
from provenance.log.errors import LogError
from provenance.log.note import Note, NoteSigner, NoteVerifier

LOG = NoteSigner("example.com/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))
WITNESS = Cosigner("example.com/witness", Ed25519PrivateKey.from_private_bytes(bytes([1]) * 32))
TEXT = Checkpoint(LOG.name, 70_000, bytes(range(32))).text()
SIGNED = LOG.sign(TEXT)
COSIGNED = Note.parse(SIGNED).with_signatures([WITNESS.cosign(TEXT, 1_700_000_000)]).signed_text()
SEEDS = [SIGNED.encode(), COSIGNED.encode(), TEXT.encode(), LOG.verifier.text().encode(), WITNESS.verifier.text().encode()]


def check(data: bytes) -> None:
    """Nothing but a LogError may come out, what is read is written back the same, and nobody can sign for the log."""
    text = data.decode("utf-8", errors="surrogateescape")
    for parse, write in ((Note.parse, Note.signed_text), (Checkpoint.parse, Checkpoint.text)):
        try:
            found = parse(text)
        except LogError:
            continue
        assert write(found) == text
    try:
        key = NoteVerifier.parse(text)
        assert key.text() == text.strip()
    except LogError:
        pass
    try:
        checkpoint = open_checkpoint(text, [LOG.verifier, WITNESS.verifier])
        assert checkpoint.text() == TEXT  # the only one that was ever signed
        for seen in cosignatures(text, [WITNESS.verifier]):
            assert seen.time == 1_700_000_000
    except LogError:
        pass


if __name__ == "__main__":
    from tests.fuzz.log_fuzzing import fuzz

    fuzz(check, SEEDS)
