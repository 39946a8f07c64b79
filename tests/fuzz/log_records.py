"""Fuzzes DSSE envelopes and Records with salts: python tests/fuzz/log_records.py -max_total_time=180"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance import dsse
from provenance import record as records
from provenance.commitments import forgotten_fields, openings, public_form
from provenance.draft import Draft
from provenance.errors import RecordError
from provenance.log.note import NoteSigner

LOG = NoteSigner("example.com/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))
_NAMES = {"identity": "x", "made": "2026-01-01T00:00:00Z", "log_origin": LOG.name, "log_key": LOG.verifier.text()}
RECORD = records.sealed(
    records.build(Draft("restore", {"prompt": "a"}, ()), [records.Output("a.png", "image/png", "r", "0" * 64, True)], **_NAMES),
    LOG,
)
ENVELOPE = json.dumps(dsse.envelope(RECORD)).encode()
SEEDS = [records.canonical(RECORD), ENVELOPE, records.canonical(public_form(RECORD))]


def check(data: bytes) -> None:
    """Nothing but a RecordError may come out, and the one thing that was signed is the one thing that opens."""
    try:
        opened = dsse.open_envelope(data, [LOG.verifier.text()])
        assert opened == json.loads(dsse.payload(RECORD))
    except RecordError:
        pass
    assert len(records.identity(data)) == 64
    try:
        record = records.parse(data)
    except RecordError:
        return
    openings(record)
    forgotten_fields(record)
    if (
        records.signature_fault(record) is None
        and record.get("dsse") is not None
        and record["log"]["key"] == LOG.verifier.text()
    ):
        assert dsse.payload(record) == dsse.payload(RECORD)


if __name__ == "__main__":
    from tests.fuzz.log_fuzzing import fuzz

    fuzz(check, SEEDS)
