"""Asking witnesses to cosign a log's head, over HTTP. Only a command that names a witness ever calls this."""

from __future__ import annotations

import http.client
import urllib.parse

from provenance.log.errors import WitnessError
from provenance.log.note import Note, NoteVerifier, Signature
from provenance.log.reader import LogReader
from provenance.log.witness import signature_lines
from provenance.log.witness_request import Request

SECONDS = 15.0
LONGEST_ANSWER = 2**16  # bytes
_TRIES = 3  # another process of the log may have asked between two of ours


def ask(log: LogReader, url: str, witness: NoteVerifier) -> Signature:
    """The cosignature of one witness over the head of `log`, verified.

    Args:
        url: the witness's submission prefix, http or https.
    Raises: WitnessError with the witness's reason, or when what it sent does not hold; CorruptLogError, NoLogError.
    """
    signed = log.checkpoint_text()
    prover = log.prover(signed)
    note, old_size = Note.parse(signed), prover.checkpoint.size  # guess that it saw the same head before, or say 0
    for _ in range(_TRIES):
        if old_size > prover.checkpoint.size:
            raise WitnessError(
                f"The witness {witness.name} has seen this log with {old_size} entries, but it has {prover.checkpoint.size}: "
                "an old copy was restored, or somebody else signs with its key."
            )
        status, text = _post(url, Request(old_size, tuple(prover.consistency(old_size)), note).body())
        if status == 200:
            return _verified(text, note, witness)
        if status != 409:
            raise WitnessError(f"The witness at {url} refused (HTTP {status}): {text.strip()[:300] or 'no reason given'}")
        said = text.strip()
        if not (said.isascii() and said.isdigit() and len(said) < 20):
            raise WitnessError(f"The witness at {url} answered 409 without a size: {text.strip()[:80]}")
        if int(said) == old_size:
            raise WitnessError(
                f"The witness {witness.name} has seen another log of {old_size} entries under this name: the log was forked. "
                "Keep its checkpoint, and run “anastylosis log fsck”."
            )
        old_size = int(said)
    raise WitnessError(f"The witness at {url} named another size each time: others ask it for the same log; try again.")


def _verified(text: str, note: Note, witness: NoteVerifier) -> Signature:
    for signature in signature_lines(text):
        if (signature.name, signature.key_id) == (witness.name, witness.key_id) and witness.fits(note.text, signature.raw):
            return signature
    raise WitnessError(f"What the witness answered is no cosignature of {witness.name} over this checkpoint: check its key.")


def _post(url: str, body: bytes) -> tuple[int, str]:
    parts = urllib.parse.urlsplit(url)
    kinds = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    if parts.scheme not in kinds or not parts.hostname:
        raise WitnessError(f"“{url[:200]}” is no address of a witness: it should begin with https:// or http://.")
    connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=SECONDS)
    try:
        connection.request("POST", f"{parts.path.rstrip('/')}/add-checkpoint", body)
        answer = connection.getresponse()
        data = answer.read(LONGEST_ANSWER + 1)
    except (OSError, http.client.HTTPException) as error:
        raise WitnessError(f"The witness at {url} cannot be reached ({error}): is it running?") from error
    finally:
        connection.close()
    if len(data) > LONGEST_ANSWER:
        raise WitnessError(f"The witness at {url} answered with more than {LONGEST_ANSWER:,} bytes, which nobody needs.")
    return answer.status, data.decode("utf-8", errors="replace")
