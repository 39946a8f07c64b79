"""Fuzzes `.tlog-proof` files and paths: python tests/fuzz/log_proofs.py -max_total_time=180"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import contextlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.log.checkpoint import Checkpoint
from provenance.log.errors import LogError
from provenance.log.note import NoteSigner
from provenance.log.proof import Proof, inclusion_path, inclusion_root, is_consistent, verify_proof
from provenance.log.tiles import full_root, leaf_hash, range_root

ENTRIES = [b"entry %d" % i for i in range(8)]
SIZE = 7
LOG = NoteSigner("example.com/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def _node(height: int, index: int) -> bytes:
    return full_root([leaf_hash(e) for e in ENTRIES[index << height : (index + 1) << height]])


ROOT = range_root(0, SIZE, _node)
SIGNED = LOG.sign(Checkpoint(LOG.name, SIZE, ROOT).text())
PROOFS = [Proof(i, tuple(inclusion_path(i, SIZE, _node)), SIGNED) for i in range(SIZE)]
SEEDS = [
    *(p.text().encode() for p in PROOFS),
    dataclasses.replace(PROOFS[3], extra=b"beside").text().encode(),
    b"".join(PROOFS[5].path),
]


def check(data: bytes) -> None:
    """Nothing but a LogError may come out, what is read is written back the same, and a false proof never holds."""
    text = data.decode("utf-8", errors="surrogateescape")
    with contextlib.suppress(LogError):
        assert Proof.parse(text).text() == text
    for index, entry in enumerate(ENTRIES):
        result = verify_proof(text, entry, [LOG.verifier])
        assert not result.valid or (result.index == index and index < SIZE)
    hashes = [data[i : i + 32] for i in range(1, len(data), 32)]
    index, size = (data[0] >> 4, data[0] & 15) if data else (0, 0)
    if inclusion_root(leaf_hash(b"never logged"), index, size, hashes) == ROOT:
        raise AssertionError("a path leads from what was never logged to the root")
    is_consistent(index, size, ROOT, ROOT, hashes)


if __name__ == "__main__":
    from tests.fuzz.log_fuzzing import fuzz

    fuzz(check, SEEDS)
