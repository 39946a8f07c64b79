"""Checkpoints after c2sp.org/tlog-checkpoint.

Origin, size and root hash, one a line; the note around it carries the signatures:

    anastylosis.local/5f0c2a91
    4
    sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from dataclasses import dataclass

from provenance.log.errors import CheckpointError
from provenance.log.note import ED25519, Note, NoteVerifier


@dataclass(frozen=True)
class Checkpoint:
    """A tree head: `origin` names the log, `size` counts its leaves, `root` is 32 bytes; we write no extension lines."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The note's text, without signatures."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint's text. Raises CheckpointError for anything that would be written differently."""
        try:
            origin, size, root, *extensions = text.removesuffix("\n").split("\n")
            checkpoint = cls(origin, int(size[:20]), base64.b64decode(root, validate=True), tuple(extensions))
        except ValueError as error:
            raise CheckpointError("This is not a checkpoint: it should have an origin, a size and a root hash.") from error
        if checkpoint.text() != text or len(checkpoint.root) != 32 or checkpoint.size < 0 or not origin or "" in extensions:
            raise CheckpointError("This is not a checkpoint: it would be written differently.")
        return checkpoint


def open_checkpoint(signed: str, verifiers: Iterable[NoteVerifier]) -> Checkpoint:
    """The checkpoint of a signed note, once a known key's signature over it was verified.

    Raises: NoteError, SignatureError, CheckpointError.
    """
    note = Note.parse(signed)
    signers = note.signers(verifiers)
    checkpoint = Checkpoint.parse(note.text)
    if not any(v.name == checkpoint.origin and v.kind == ED25519 for v in signers):
        # a witness alone cannot speak for the log: the log's own key carries the log's name
        raise CheckpointError(f"The checkpoint of {checkpoint.origin} is not signed by a key of that name.")
    return checkpoint
