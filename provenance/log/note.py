"""Signed notes after c2sp.org/signed-note, with Ed25519.

A text, an empty line, and signature lines of an em dash, the key's name, its key id and signature:

    This is an example message.

    — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from provenance.log.errors import NoteError, SignatureError

ED25519 = b"\x01"  # of logs
COSIGNATURE = b"\x04"  # of witnesses: Ed25519 over a time and the text, see `cosignature.py`
MOST_SIGNATURES = 64  # the specification asks for at least 16
LATEST = 2**63 - 1  # seconds; a cosignature's time must not exceed it


@dataclass(frozen=True)
class NoteVerifier:
    """A public key (32 bytes, RFC 8032), its name and its kind: ED25519 signs notes, COSIGNATURE checkpoints."""

    name: str
    public_key: bytes
    kind: bytes = ED25519

    @property
    def key_id(self) -> bytes:
        """First four bytes of SHA-256(name, newline, kind, key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + self.kind + self.public_key).digest()[:4]

    def text(self) -> str:
        """The verifier key as people pass it on: `name+hex(key id)+base64(kind, key)`."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self.kind + self.public_key).decode()}"

    @classmethod
    def parse(cls, text: str) -> NoteVerifier:
        """Read a verifier key. Raises NoteError when its parts do not fit each other."""
        try:
            name, _, encoded = text.strip().split("+", 2)  # base64 has plus signs of its own
            key = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise NoteError(f"“{text[:80]}” is not a verifier key: it should read name+key id+key.") from error
        verifier = cls(name, key[1:], key[:1])
        is_known = key[:1] in (ED25519, COSIGNATURE) and len(key) == 33
        if not is_known or not _is_name(name) or verifier.text() != text.strip():
            raise NoteError(f"“{text[:80]}” is not an Ed25519 verifier key: its name, key id and key do not fit each other.")
        return verifier

    def fits(self, text: str, signature: bytes) -> bool:
        """Whether `signature` (64 bytes, behind 8 of time in a cosignature) is this key's over `text`."""
        try:
            if self.kind == COSIGNATURE:
                return self.fits_bytes(cosigned(text, cosignature_time(signature)), signature[8:])
            return self.fits_bytes(text.encode(), signature)
        except ValueError:  # no cosignature, or a text that UTF-8 cannot carry
            return False

    def fits_bytes(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's over a message."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def cosigned(text: str, time: int) -> bytes:
    """What a witness signs: a header, its time in seconds since 1970, and the checkpoint's text."""
    return f"cosignature/v1\ntime {time}\n{text}".encode()


def cosignature_time(raw: bytes) -> int:
    """The time in a cosignature. Raises ValueError when it is none, or the time is out of range."""
    time = int.from_bytes(raw[:8], "big")
    if len(raw) != 72 or time > LATEST:
        raise ValueError("not a cosignature")
    return time


class NoteSigner:
    """A named Ed25519 key that signs notes."""

    def __init__(self, name: str, key: Ed25519PrivateKey):
        if not _is_name(name):
            raise NoteError(f"“{name}” cannot name a key: it must not be empty nor hold spaces or plus signs.")
        self.name, self._key = name, key
        self.verifier = NoteVerifier(name, key.public_key().public_bytes_raw())

    def sign_bytes(self, message: bytes) -> bytes:
        """64 bytes over a message that must not be mistakable for a checkpoint, such as a DSSE pre-authentication encoding."""
        return self._key.sign(message)

    def sign(self, text: str) -> str:
        """The signed note over `text`, which must end in a newline."""
        if not text.endswith("\n"):
            raise NoteError("A note's text must end in a newline.")
        return Note(text, (Signature(self.name, self.verifier.key_id, self._key.sign(text.encode())),)).signed_text()


@dataclass(frozen=True)
class Signature:
    """One signature line. `key_id` is 4 bytes, `raw` what follows it."""

    name: str
    key_id: bytes
    raw: bytes

    def line(self) -> str:
        """The line below the note, its newline included."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.raw).decode()}\n"

    @classmethod
    def parse(cls, line: str) -> Signature:
        """Read a line without its newline. Raises NoteError."""
        try:
            dash, name, encoded = line.split(" ")
            blob = base64.b64decode(encoded, validate=True)
        except (ValueError, binascii.Error) as error:
            raise NoteError(f"“{line[:80]}” is not a signature line.") from error
        if dash != "—" or not _is_name(name) or len(blob) < 5:
            raise NoteError(f"“{line[:80]}” is not a signature line.")
        return cls(name, blob[:4], blob[4:])


@dataclass(frozen=True)
class Note:
    """A text, its final newline included, and the signatures below it. Nothing is verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    def signed_text(self) -> str:
        """The note byte for byte as it is stored."""
        return f"{self.text}\n{''.join(s.line() for s in self.signatures)}"

    def with_signatures(self, more: Iterable[Signature]) -> Note:
        """The same note with further signatures below; a key that had signed already keeps only its last one."""
        latest = {(s.name, s.key_id): s for s in (*self.signatures, *more)}
        return Note(self.text, tuple(latest.values()))

    @classmethod
    def parse(cls, signed: str) -> Note:
        """Split a signed note. Raises NoteError for anything that would be written differently."""
        text, gap, below = signed.rpartition("\n\n")
        lines = below.removesuffix("\n").split("\n")
        if not gap or not 0 < len(lines) <= MOST_SIGNATURES or any(c < " " and c != "\n" for c in signed):
            raise NoteError("This is not a signed note: it has no text with signature lines below an empty line.")
        note = cls(text + "\n", tuple(Signature.parse(line) for line in lines))
        if note.signed_text() != signed:
            raise NoteError("This is not a signed note: it would be written differently.")
        return note

    def signers(self, verifiers: Iterable[NoteVerifier]) -> tuple[NoteVerifier, ...]:
        """Those of `verifiers` that signed this note, at least one.

        Signatures by unknown keys are ignored.
        Raises SignatureError when a known key's signature does not fit, or when no known key signed.
        """
        known = {(v.name, v.key_id): v for v in verifiers}
        found: dict[tuple[str, bytes], NoteVerifier] = {}
        for s in self.signatures:
            verifier = known.get((s.name, s.key_id))
            if verifier is None:
                continue
            if not verifier.fits(self.text, s.raw):
                raise SignatureError(f"The signature of {s.name} does not fit the note: one of the two was changed.")
            found[s.name, s.key_id] = verifier
        if not found:
            names = ", ".join(sorted({s.name for s in self.signatures}))
            raise SignatureError(f"The note is signed by {names}, and none of these is a key that we know.")
        return tuple(found.values())


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and name.isprintable() and not any(c.isspace() for c in name)
