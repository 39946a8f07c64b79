"""Records under a signature: DSSE v1 (Dead Simple Signing Envelope), Ed25519, canonical JSON of 64 KiB at most.

What is signed is the Record's public form, so an envelope can be handed to anybody: no name and no prompt is in it.
In `record.json` it stands detached, since the payload can be made again from the Record:

    "dsse": {"payloadType": "application/vnd.anastylosis.record+json", "signatures": [{"keyid": "…", "sig": "…"}]}
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from provenance.commitments import public_form
from provenance.errors import RecordError

if TYPE_CHECKING:
    from provenance.log.note import NoteSigner, NoteVerifier

PAYLOAD_TYPE = "application/vnd.anastylosis.record+json"
MOST_BYTES = 2**16
_ENVELOPE_BYTES = 2**17  # base64 makes a third more of the payload


def signed(record: dict, signer: NoteSigner) -> dict:
    """The Record with the log's key's signature over its public form."""
    signature = signer.sign_bytes(pre_authentication(PAYLOAD_TYPE, payload(record)))
    one = {"keyid": signer.verifier.text(), "sig": base64.b64encode(signature).decode()}
    return {**record, "dsse": {"payloadType": PAYLOAD_TYPE, "signatures": [one]}}


def fault(record: dict, keys: Iterable[str]) -> str | None:
    """What is wrong with a Record's signature; None when one of `keys` (verifier keys of logs) made it, or there is none."""
    envelope = record.get("dsse")
    if envelope is None:
        return None
    if not isinstance(envelope, dict) or envelope.get("payloadType") != PAYLOAD_TYPE:
        return "its signature cannot be read"
    known = _verifiers(keys)
    message = pre_authentication(PAYLOAD_TYPE, payload(record))
    if not any(_holds(one, message, known) for one in _signatures(envelope)):
        return "its signature does not hold: the Record is not what the log's key signed"
    return None


def envelope(record: dict) -> dict:
    """The whole DSSE envelope of a signed Record, to be handed out. Raises RecordError when it is not signed."""
    detached = record.get("dsse")
    if not isinstance(detached, dict):
        raise RecordError("it carries no signature")
    return {"payload": base64.b64encode(payload(record)).decode(), **detached}


def open_envelope(data: bytes, keys: Iterable[str]) -> dict:
    """The payload of an envelope from outside, once a known key's signature was verified. Raises RecordError."""
    if len(data) > _ENVELOPE_BYTES:
        raise RecordError(f"it has {len(data):,} bytes, more than an envelope of ours ever has")
    try:
        said = json.loads(data)
        body = base64.b64decode(said["payload"], validate=True)
        kind = said["payloadType"]
        signatures = _signatures(said)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RecordError("it is not a DSSE envelope") from error
    if kind != PAYLOAD_TYPE or len(body) > MOST_BYTES:
        raise RecordError(f"it is not an envelope of {PAYLOAD_TYPE} with {MOST_BYTES:,} bytes at most")
    known, message = _verifiers(keys), pre_authentication(kind, body)
    if not any(_holds(one, message, known) for one in signatures):
        raise RecordError("none of its signatures is by a known key and fits its payload")
    try:
        opened = json.loads(body)  # only now: what was not signed is not read
    except (ValueError, RecursionError) as error:
        raise RecordError("its payload is not JSON") from error
    if not isinstance(opened, dict):
        raise RecordError("its payload is not a Record")
    return opened


def payload(record: dict) -> bytes:
    """What is signed: the public form without the signature, in its one spelling.

    A film's Record is longer than 64 KiB: then its largest parts are replaced by their digests until it fits.
    """
    statement = {key: value for key, value in public_form(record).items() if key != "dsse"}
    body = _canonical(statement)
    for key in sorted(statement, key=lambda k: (-len(_canonical(statement[k])), k)):
        if len(body) <= MOST_BYTES:
            break
        statement[key] = {"sha256": hashlib.sha256(_canonical(statement[key])).hexdigest()}
        body = _canonical(statement)
    return body


def pre_authentication(kind: str, body: bytes) -> bytes:
    """PAE of DSSE v1: type and body behind their lengths, so that neither can be taken for the other."""
    name = kind.encode()
    return b"DSSEv1 %d %s %d %s" % (len(name), name, len(body), body)


def _canonical(value: Any) -> bytes:
    from provenance.record import canonical

    return canonical(value)


def _signatures(envelope: dict) -> list[dict]:
    found = envelope.get("signatures")
    return [one for one in found if isinstance(one, dict)][:64] if isinstance(found, list) else []


def _verifiers(keys: Iterable[str]) -> list[NoteVerifier]:
    from provenance.log.errors import NoteError
    from provenance.log.note import ED25519, NoteVerifier

    found = []
    for key in keys:
        try:
            found.append(NoteVerifier.parse(key))
        except NoteError:
            continue
    return [verifier for verifier in found if verifier.kind == ED25519]


def _holds(signature: dict, message: bytes, known: list[NoteVerifier]) -> bool:
    try:
        raw = base64.b64decode(signature["sig"], validate=True)
    except (ValueError, KeyError, TypeError):
        return False
    # the key id is a hint of the sender's and decides nothing
    return any(verifier.fits_bytes(message, raw) for verifier in known)
