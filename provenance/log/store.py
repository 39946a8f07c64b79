"""Writing a log: append, find, prove."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.log.checkpoint import Checkpoint
from provenance.log.edge import Edge
from provenance.log.errors import CorruptLogError, LogWriteError, OldLogError
from provenance.log.files import write_durably
from provenance.log.folder import FolderSequencer, only_writer
from provenance.log.keys import LAST_SIGNED, existing_signer, open_signer
from provenance.log.note import Note, NoteSigner, Signature
from provenance.log.reader import LogReader
from provenance.log.sequencer import Sequencer
from provenance.log.team import team_sequencer
from provenance.log.tiles import EMPTY_ROOT, WIDTH, NodeReader, check_entry, full_root, leaf_hash, range_root, tile_at


@dataclass(frozen=True)
class Leaf:
    """Where an entry stands: `index` counts from 0, `hash` is 32 bytes; `is_new` is False when it had stood there before."""

    index: int
    hash: bytes
    is_new: bool = True


class Log(LogReader):
    """An append-only log of tiles, written by one writer at a time and read by any number.

    Example: `Log.open(home.log, home.keys).append(b"…").index`

    The checkpoint alone makes an append real: it is replaced last, after everything else is durable. A writer that dies
    before leaves files that the next one overwrites.
    """

    def __init__(self, sequencer: Sequencer, signer: NoteSigner, last_signed: Path | None = None):
        """Nothing is read or written yet.

        Args:
            sequencer: where the log lies and who may write next.
            signer: its name is the log's origin.
            last_signed: a file elsewhere that keeps the last checkpoint signed, so that a restored backup is noticed.
        """
        super().__init__(sequencer, signer.verifier)
        self.signer, self._last_signed = signer, last_signed

    @classmethod
    def open(cls, folder: Path, keys_folder: Path) -> Log:
        """The log of this installation; makes its key and an empty, signed log at first use.

        A file `team` in `folder` names a database, and then the log is the one there.
        Raises: LogKeyError, LogWriteError, OldLogError, CorruptLogError, TeamLogError.
        """
        with only_writer(folder):
            signer = open_signer(keys_folder)
        log = cls(team_sequencer(folder) or FolderSequencer(folder), signer, keys_folder / LAST_SIGNED)
        if log.sequencer.head() is None:
            with log.sequencer.turn():
                log._begin()
        return log

    @classmethod
    def existing(cls, folder: Path, keys_folder: Path) -> Log:
        """The log of this installation as it is, even a broken one; nothing is made or changed.

        Raises: NoLogError, LogKeyError, TeamLogError.
        """
        signer = existing_signer(keys_folder)
        return cls(team_sequencer(folder) or FolderSequencer(folder), signer, keys_folder / LAST_SIGNED)

    @property
    def last_signed(self) -> Path | None:
        """The file that keeps the last checkpoint signed."""
        return self._last_signed

    # Writing.

    def append(self, entry: bytes) -> Leaf:
        """Log one entry of at most 65,535 bytes; it is durable and signed when this returns.

        Raises: EntryError, CorruptLogError, OldLogError, SignatureError, LogWriteError. After any of these but LogWriteError
        the log is as it was; after LogWriteError it is whole, and `find` tells whether the entry got in.
        """
        return self.extend([entry])[0]

    def extend(self, entries: Sequence[bytes]) -> list[Leaf]:
        """Log several entries under one checkpoint: all of them or none. Raises as `append` does.

        An entry that stands in the log already, or earlier among `entries`, is not logged again: its leaf is the one it has.
        """
        hashes = [leaf_hash(check_entry(entry)) for entry in entries]
        with self.sequencer.turn():
            self._begin()
            # 1. Know where we stand: the signed checkpoint must fit the edge that we are about to build on.
            before = self.checkpoint()
            edge = Edge.load(self.sequencer, before.size)
            if edge.root() != before.root:
                raise CorruptLogError(
                    f"The tiles in {self.place} do not lead to the root that was signed; nothing was added: "
                    "run “anastylosis log fsck”."
                )
            self.refuse_older(before)
            # 2. Grow the tree in memory, by what it does not hold yet.
            known = self.sequencer.find(hashes, before.size) if hashes else {}
            new: dict[bytes, int] = {}
            for h, entry in zip(hashes, entries, strict=True):
                if h not in known and h not in new:
                    new[h] = edge.size
                    edge.push(entry, h)
            if new:
                # 3. Tiles and bundles, durable.
                grown = {**edge.finished, **edge.partial()}
                self.sequencer.keep(grown, before.size)
                # 4. The checkpoint makes it real.
                self._commit(Checkpoint(self.signer.name, edge.size, edge.root()), grown)
                # 5. What can be made again: a fault here must not deny that the entries are in.
                self.sequencer.settle(grown, before.size, list(new))
        fresh = set(new)
        leaves = []
        for h in hashes:
            leaves.append(Leaf(known[h] if h in known else new[h], h, h in fresh))
            fresh.discard(h)
        return leaves

    def cosign(self, signatures: Sequence[Signature], size: int) -> bool:
        """Add witnesses' signatures to the checkpoint of `size` leaves; False when the log has grown on meanwhile.

        They are not verified here. Raises: LogWriteError, CorruptLogError, SignatureError.
        """
        with self.sequencer.turn():
            if self.checkpoint().size != size:
                return False
            self.sequencer.commit(Note.parse(self.checkpoint_text()).with_signatures(signatures).signed_text())
        return True

    def _begin(self) -> None:
        """Sign the empty log where there is none yet."""
        if self.sequencer.head() is not None:
            return
        empty = Checkpoint(self.signer.name, 0, EMPTY_ROOT)
        self.refuse_older(empty)
        self._commit(empty, {})

    def _commit(self, checkpoint: Checkpoint, grown: dict) -> None:
        signed = self.signer.sign(checkpoint.text())
        try:
            self.sequencer.commit(signed)
        except LogWriteError:
            # unless only the last fsync went wrong, the tiles belong to nothing
            if isinstance(self.sequencer, FolderSequencer) and self.sequencer.head() != signed:
                self.sequencer.remove(grown)
            raise
        self._opened = (signed, checkpoint)
        if self._last_signed is not None:
            # after the log's own, or a crash between the two would make a sound log look old; the entries are in, so a
            # full disk here must not deny it: the older copy still guards what it was signed for
            with contextlib.suppress(LogWriteError):
                write_durably(self._last_signed, signed.encode())

    def refuse_older(self, checkpoint: Checkpoint) -> None:
        """Raise OldLogError when the log, at `checkpoint`, lacks what this key signed last."""
        if self._last_signed is None or not self._last_signed.exists():
            return
        last = self._open(self._last_signed.read_text(encoding="utf-8", errors="replace"), self._last_signed)
        if last.size > checkpoint.size:
            raise OldLogError(
                f"The log in {self.place} has {checkpoint.size} entries but {self._last_signed} was signed for {last.size}: "
                "an old copy was restored. Bring the newer one back; nothing was added."
            )
        if last == checkpoint:
            return
        same = checkpoint.root
        if last.size < checkpoint.size:
            same = range_root(0, last.size, self._node_of(checkpoint.size))
        if same != last.root:
            raise OldLogError(
                f"The log in {self.place} has other entries than those that {self._last_signed} was signed for: "
                "bring the right one back; nothing was added."
            )

    def _node_of(self, size: int) -> NodeReader:
        """Reader of full subtrees (height, index) in a log of `size` leaves, straight from the tiles."""

        def node(height: int, index: int) -> bytes:
            level, inner = divmod(height, 8)
            number, first = divmod(index << inner, WIDTH)
            return full_root(self.sequencer.hashes(tile_at(size, level, number))[first : first + (1 << inner)])

        return node
