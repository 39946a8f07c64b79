"""Cosignatures after c2sp.org/tlog-cosignature (Ed25519): a witness says that it saw a log grow, and when.

    — witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIU…

The bytes behind the key id are the time, 8 bytes big-endian, and the signature over `cosignature/v1`, that time and the
checkpoint's text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.log.note import COSIGNATURE, Note, NoteVerifier, Signature, cosignature_time, cosigned


class Cosigner:
    """A witness's key and name. It must not be a log's key: what a witness signs does not name the witness."""

    def __init__(self, name: str, key: Ed25519PrivateKey):
        self.verifier = NoteVerifier(name, key.public_key().public_bytes_raw(), COSIGNATURE)
        self._key = key

    def cosign(self, text: str, time: int) -> Signature:
        """Sign a checkpoint's text as seen at `time`, in seconds since 1970."""
        raw = time.to_bytes(8, "big") + self._key.sign(cosigned(text, time))
        return Signature(self.verifier.name, self.verifier.key_id, raw)


@dataclass(frozen=True)
class Cosignature:
    """Who saw a checkpoint, and when, in seconds since 1970; its signature was verified."""

    witness: NoteVerifier
    time: int


def cosignatures(signed: str, witnesses: Iterable[NoteVerifier]) -> list[Cosignature]:
    """Those of `witnesses` that cosigned a checkpoint.

    Raises: NoteError; SignatureError when a known witness's signature does not fit.
    """
    note = Note.parse(signed)
    known = {(w.name, w.key_id): w for w in witnesses if w.kind == COSIGNATURE}
    here = [known[s.name, s.key_id] for s in note.signatures if (s.name, s.key_id) in known]
    if not here:
        return []
    note.signers(here)  # raises for one that does not fit
    times = {(s.name, s.key_id): cosignature_time(s.raw) for s in note.signatures if (s.name, s.key_id) in known}
    return [Cosignature(known[key], time) for key, time in times.items()]
