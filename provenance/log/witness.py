"""A witness after c2sp.org/tlog-witness: it remembers the last head of each log, and cosigns only what continues it.

Its folder holds `witness.key` (0600), `witness.vkey`, and for each log that it knows `logs/<id>/` with `vkey`, the `head` it
cosigned last, and `evidence/`: signed heads that contradict it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from provenance.log.checkpoint import Checkpoint, open_checkpoint
from provenance.log.cosignature import Cosigner, cosignatures
from provenance.log.errors import CorruptLogError, LogError, NoteError, SignatureError, WitnessError
from provenance.log.files import write_durably
from provenance.log.folder import only_writer
from provenance.log.keys import open_key
from provenance.log.note import ED25519, Note, NoteVerifier, Signature
from provenance.log.proof import is_consistent
from provenance.log.witness_request import Request

SIZE = "text/x.tlog.size"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Answer:
    """What goes back over HTTP."""

    status: int
    body: str
    content_type: str = TEXT


class Witness:
    """One witness; several threads and processes may share its folder.

    Example: `Witness.open(folder, "witness.example.org/archive").add_checkpoint(body)`
    """

    def __init__(self, folder: Path, signer: Cosigner, clock: Callable[[], float] = time.time):
        self.folder, self.signer, self._clock = folder, signer, clock

    @classmethod
    def open(cls, folder: Path, name: str | None = None, clock: Callable[[], float] = time.time) -> Witness:
        """The witness in `folder`, made at first use, when it needs a `name`.

        Raises: LogKeyError, LogWriteError, WitnessError when its name is missing or another.
        """
        with only_writer(folder):
            known = folder / "witness.vkey"
            named = NoteVerifier.parse(known.read_text("utf-8")).name if known.exists() else None
            if (named or name) is None or (named and name and named != name):
                called = named or "nothing yet"
                raise WitnessError(f"The witness in {folder} is called {called}: name it so, or choose another folder.")
            signer = Cosigner(str(named or name), open_key(folder / "witness.key"))
            if named is None:
                write_durably(known, f"{signer.verifier.text()}\n".encode())
        return cls(folder, signer, clock)

    def know(self, log: NoteVerifier) -> None:
        """Witness this log from now on. Raises: WitnessError when its name is known with another key."""
        if log.kind != ED25519:
            raise WitnessError(f"{log.name} is a witness's key: name a log's.")
        with only_writer(self.folder):
            path = self._place(log.name) / "vkey"
            if path.exists() and path.read_text("utf-8").strip() != log.text():
                raise WitnessError(f"{log.name} is known with another key, in {path}: one of the two is not that log's.")
            write_durably(path, f"{log.text()}\n".encode())

    def head(self, origin: str) -> Checkpoint | None:
        """The last head that was cosigned for a log. Raises CorruptLogError when it was changed since."""
        found = self._cosigned(origin)
        return None if found is None else found[0]

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request, as the specification's section of that name says."""
        try:
            request = Request.parse(body)
            origin = Checkpoint.parse(request.note.text).origin
        except LogError as error:
            return Answer(400, f"{error}\n")
        log = self._known(origin)
        if log is None:
            return Answer(404, f"This witness does not know the log {origin}.\n")
        try:
            checkpoint = open_checkpoint(request.note.signed_text(), [log])
        except LogError as error:
            return Answer(403, f"{error}\n")
        if request.old_size > checkpoint.size:
            return Answer(400, "The old size is larger than the checkpoint's.\n")
        try:
            with only_writer(self.folder):  # to look and to write are one step, or two requests could roll back leaves
                return self._advance(request, checkpoint, log)
        except LogError as error:
            return Answer(500, f"{error}\n")

    def _advance(self, request: Request, checkpoint: Checkpoint, log: NoteVerifier) -> Answer:
        found = self._cosigned(checkpoint.origin)
        size, root, last_time = (0, None, 0) if found is None else (found[0].size, found[0].root, found[1])
        if root is not None and checkpoint.size == size and checkpoint.root != root:
            self._keep_evidence(request, log)
            return Answer(409, f"{size}\n", SIZE)
        if request.old_size != size:
            return Answer(409, f"{size}\n", SIZE)
        if size in (0, checkpoint.size):
            continues = not request.path
        else:
            continues = is_consistent(size, checkpoint.size, root or b"", checkpoint.root, request.path)
        if not continues:
            self._keep_evidence(request, log)
            return Answer(422, "The consistency proof does not lead from the last head to this one.\n")
        now = int(self._clock())
        if now < last_time:
            return Answer(503, f"This witness's clock runs behind the time {last_time} that it signed last: set it right.\n")
        ours = self.signer.cosign(request.note.text, now)
        own = [s for s in request.note.signatures if (s.name, s.key_id) == (log.name, log.key_id)]
        kept = Note(request.note.text, (*own[:1], ours)).signed_text()
        write_durably(self._place(checkpoint.origin) / "head", kept.encode())
        return Answer(200, ours.line())

    def _cosigned(self, origin: str) -> tuple[Checkpoint, int] | None:
        """The last head and its time; both must still be what this witness and the log signed."""
        path = self._place(origin) / "head"
        if not path.exists():
            return None
        log = self._known(origin)
        try:
            signed = path.read_text("utf-8")
            checkpoint = open_checkpoint(signed, [log] if log else [])
            seen = cosignatures(signed, [self.signer.verifier])
            if len(seen) != 1:
                raise SignatureError("its own cosignature is missing.")
        except (LogError, OSError, UnicodeDecodeError) as error:
            raise CorruptLogError(
                f"{path} is not what this witness wrote, so it signs nothing more for {origin}: {error} Bring the file back."
            ) from error
        return checkpoint, seen[0].time

    def _known(self, origin: str) -> NoteVerifier | None:
        try:
            return NoteVerifier.parse((self._place(origin) / "vkey").read_text("utf-8"))
        except (OSError, NoteError, UnicodeDecodeError):
            return None

    def _keep_evidence(self, request: Request, log: NoteVerifier) -> None:
        """A head that a log signed and that contradicts another is proof against the log: keep both."""
        place = self._place(log.name)
        write_durably(place / "evidence" / f"{_digest(request.note.text)}.note", request.note.signed_text().encode())
        head = place / "head"
        if head.exists():
            other = head.read_bytes()
            write_durably(place / "evidence" / f"{_digest(Note.parse(other.decode()).text)}.note", other)

    def _place(self, origin: str) -> Path:
        return self.folder / "logs" / _digest(origin)


def signature_lines(text: str) -> list[Signature]:
    """The signatures in a witness's answer. Raises NoteError."""
    return [Signature.parse(line) for line in text.removesuffix("\n").split("\n")]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
