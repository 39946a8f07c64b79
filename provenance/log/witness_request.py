"""The body of `add-checkpoint`, c2sp.org/tlog-witness: old size, consistency proof, empty line, signed checkpoint.

    old 20852014
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=

    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/behind-the-sofa Az3grl…

It comes from strangers: its length is limited, and it must be spelled the one way.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from provenance.log.errors import NoteError
from provenance.log.note import Note

MOST_HASHES = 63
LONGEST = 2**16  # bytes; 63 hashes and 64 signatures need 12,000


@dataclass(frozen=True)
class Request:
    """A checkpoint for a witness: `path` shows that it continues the tree of `old_size` leaves."""

    old_size: int
    path: tuple[bytes, ...]
    note: Note

    def body(self) -> bytes:
        """The bytes to send."""
        lines = [f"old {self.old_size}", *(base64.b64encode(h).decode() for h in self.path), "", self.note.signed_text()]
        return "\n".join(lines).encode()

    @classmethod
    def parse(cls, body: bytes) -> Request:
        """Read a body. Raises NoteError for anything that would be written differently."""
        if len(body) > LONGEST:
            raise NoteError(f"A request of {len(body):,} bytes is refused: {LONGEST:,} are the most.")
        try:
            head, _, signed = body.decode("utf-8").partition("\n\n")
            old, *hashes = head.split("\n")
            path = tuple(base64.b64decode(line, validate=True) for line in hashes)
            request = cls(int(old.removeprefix("old ")[:20]), path, Note.parse(signed))
        except ValueError as error:
            raise NoteError("This is no request of a log: it should read “old SIZE”, hashes, and a checkpoint.") from error
        if request.body() != body or request.old_size < 0 or len(path) > MOST_HASHES or any(len(h) != 32 for h in path):
            raise NoteError("This is no request of a log: it would be written differently.")
        return request
