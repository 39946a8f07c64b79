"""Reading a log: everything that it says was verified first against its signed checkpoint. Needs no secret key."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from provenance.log.audit import Audit, audit
from provenance.log.checkpoint import Checkpoint, open_checkpoint
from provenance.log.errors import CheckpointError, CorruptLogError, NoLogError, NoteError, ProofError, SignatureError
from provenance.log.folder import FolderSequencer
from provenance.log.note import NoteVerifier
from provenance.log.proof import Proof
from provenance.log.proving import Prover
from provenance.log.sequencer import Sequencer
from provenance.log.tiles import EMPTY_ROOT, WIDTH, leaf_hash, tile_at


class LogReader:
    """A log and the key that its checkpoints are signed with.

    Example: `LogReader(FolderSequencer(folder), NoteVerifier.parse(key)).checkpoint().size`
    """

    def __init__(self, sequencer: Sequencer, verifier: NoteVerifier):
        self.sequencer, self.verifier = sequencer, verifier
        self._opened: tuple[str, Checkpoint] | None = None
        self._prover: Prover | None = None

    @property
    def place(self) -> str:
        """Where the log lies, as a message names it."""
        return self.sequencer.place

    def checkpoint(self) -> Checkpoint:
        """The log's head, its signature verified; that of the empty log when nothing was written yet.

        Raises: SignatureError, CorruptLogError.
        """
        signed = self.sequencer.head()
        return Checkpoint(self.verifier.name, 0, EMPTY_ROOT) if signed is None else self._open(signed)

    def checkpoint_text(self) -> str:
        """The log's head as a signed note. Raises NoLogError before the first, CorruptLogError."""
        signed = self.sequencer.head()
        if signed is None:
            raise NoLogError(f"There is no log in {self.place} yet: it begins with the first release.")
        return signed

    def find(self, entry: bytes) -> int | None:
        """Index of the first leaf that is `entry`, or None when it was never logged. Raises CorruptLogError."""
        leaf = leaf_hash(entry)
        return self.sequencer.find([leaf], self.checkpoint().size).get(leaf)

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """(index, entry) of every leaf in order. Raises CorruptLogError at the first that does not fit its hash."""
        size = self.checkpoint().size
        for number in range(-(-size // WIDTH)):
            tile = tile_at(size, 0, number)
            for i, (entry, h) in enumerate(zip(self.sequencer.entries(tile), self.sequencer.hashes(tile), strict=True)):
                if leaf_hash(entry) != h:
                    raise CorruptLogError(f"Entry {number * WIDTH + i} of the log in {self.place} does not fit its hash.")
                yield number * WIDTH + i, entry

    def proof(self, index: int) -> str:
        """The `.tlog-proof` text for leaf `index`; verifies offline with `verify_proof` and the log's verifier key.

        Raises: ProofError when there is no such leaf, CorruptLogError when the tiles do not lead to the signed root.
        """
        signed = self.checkpoint_text()
        prover = self.prover(signed)
        if not 0 <= index < prover.checkpoint.size:
            raise ProofError(f"The log in {self.place} has {prover.checkpoint.size} entries and none with the index {index}.")
        return Proof(index, tuple(prover.inclusion(index)), signed).text()

    def prover(self, signed: str | None = None) -> Prover:
        """What proves leaves and growth of the head, or of `signed`. Raises CorruptLogError, SignatureError."""
        checkpoint = self.checkpoint() if signed is None else self._open(signed)
        if self._prover is None or self._prover.checkpoint != checkpoint:
            self._prover = Prover(self.sequencer, checkpoint)
        return self._prover

    def audit(self) -> Audit:
        """Recompute every hash, the root and the signatures; never raises for what is wrong with the log, but lists it."""
        return audit(self)

    def refuse_older(self, checkpoint: Checkpoint) -> None:
        """Raise OldLogError when the log, at `checkpoint`, lacks what its key signed before; a mere reader knows of none."""

    def _open(self, signed: str, path: str | Path = "") -> Checkpoint:
        if self._opened is not None and self._opened[0] == signed:  # a signature costs as much as a hundred hashes
            return self._opened[1]
        where = path or f"{self.place}/checkpoint"
        try:
            checkpoint = open_checkpoint(signed, [self.verifier])
        except SignatureError as error:
            raise SignatureError(f"The log's checkpoint {where} does not hold against the log's key: {error}") from error
        except (NoteError, CheckpointError) as error:
            raise CorruptLogError(f"The log's checkpoint {where} is damaged, run “anastylosis log fsck”: {error}") from error
        self._opened = (signed, checkpoint)
        return checkpoint


def read_log(folder: Path, key: str) -> LogReader:
    """The log in a folder of static files, to be read with its verifier key alone; nothing is made in it. Raises NoteError."""
    return LogReader(FolderSequencer(folder), NoteVerifier.parse(key))
