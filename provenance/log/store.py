"""The log itself: append, find, prove. Everything that it says was verified first against its signed checkpoint."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from provenance.log.audit import Audit, audit
from provenance.log.checkpoint import Checkpoint, open_checkpoint
from provenance.log.edge import Edge
from provenance.log.errors import CheckpointError, CorruptLogError, NoteError, OldLogError, ProofError, SignatureError
from provenance.log.files import TileFolder, only_writer, write_durably
from provenance.log.index import LeafIndex
from provenance.log.keys import LAST_SIGNED, open_signer
from provenance.log.note import NoteSigner
from provenance.log.proof import Proof, inclusion_path, inclusion_root
from provenance.log.tiles import EMPTY_ROOT, WIDTH, NodeReader, check_entry, full_root, leaf_hash, range_root, tile_at


@dataclass(frozen=True)
class Leaf:
    """Where an entry stands: `index` counts from 0, `hash` is 32 bytes."""

    index: int
    hash: bytes


class Log:
    """An append-only log in a folder of tiles, written by one process at a time and read by any number.

    Example: `Log.open(home.log, home.keys).append(b"…").index`

    The checkpoint alone makes an append real: it is replaced last, after every other file is on the disk. A writer that dies
    before leaves files that the next one overwrites.
    """

    def __init__(self, folder: Path, signer: NoteSigner, last_signed: Path | None = None):
        """Open the log in `folder`, which may be empty or missing; nothing is read or written yet.

        Args:
            folder: holds `checkpoint`, `tile/`, `leaves` (an index) and `.lock`.
            signer: its name is the log's origin.
            last_signed: a file outside `folder` that keeps the last checkpoint signed, so that a restored backup is noticed.
        """
        self.folder, self.signer = folder, signer
        self._last_signed = last_signed
        self.tiles, self.index = TileFolder(folder), LeafIndex(folder / "leaves")

    @classmethod
    def open(cls, folder: Path, keys_folder: Path) -> Log:
        """The log of this installation; makes its key and an empty, signed log at first use.

        Raises: LogKeyError, LogWriteError, OldLogError, CorruptLogError.
        """
        with only_writer(folder):
            log = cls(folder, open_signer(keys_folder), keys_folder / LAST_SIGNED)
            log._begin()
        return log

    # Writing.

    def append(self, entry: bytes) -> Leaf:
        """Log one entry of at most 65,535 bytes; it is on the disk and signed when this returns.

        Raises: EntryError, CorruptLogError, OldLogError, SignatureError, LogWriteError. After any of these but LogWriteError
        the log is as it was; after LogWriteError it is whole, and `find` tells whether the entry got in.
        """
        return self.extend([entry])[0]

    def extend(self, entries: Sequence[bytes]) -> list[Leaf]:
        """Log several entries under one checkpoint: all of them or none. Raises as `append` does."""
        for entry in entries:
            check_entry(entry)
        with only_writer(self.folder):
            self._begin()
            # 1. Know where we stand: the signed checkpoint must fit the edge that we are about to build on.
            before = self.checkpoint()
            edge = Edge.load(self.tiles, before.size)
            if edge.root() != before.root:
                raise CorruptLogError(f"The tiles in {self.folder} do not lead to the root that was signed; nothing was added.")
            self.refuse_older(before)
            if not entries:
                return []
            # 2. Grow the tree in memory.
            leaves = [Leaf(edge.size, edge.push(entry)) for entry in entries]
            # 3. Tiles and bundles on the disk. Full ones beyond the old size can only be a dead writer's: overwrite them.
            grown = {**edge.finished, **edge.partial()}
            for files in grown.values():
                for path, data in files.items():
                    write_durably(self.folder / path, data)
            # 4. The checkpoint makes it real.
            self._commit(Checkpoint(self.signer.name, edge.size, edge.root()))
            # 5. What can be made again, and what is no longer needed: a fault here must not deny that the entry is in.
            with contextlib.suppress(OSError):
                self._extend_index(before.size, [leaf.hash for leaf in leaves])
                for tile in grown:
                    self.tiles.remove_narrower(tile)
        return leaves

    def rebuild_index(self) -> None:
        """Write the index of leaf hashes again from the tiles."""
        with only_writer(self.folder):
            self.index.write(0, self._leaf_hashes(0, self.checkpoint().size))

    def _begin(self) -> None:
        """Sign the empty log where there is none yet."""
        if (self.folder / "checkpoint").exists():
            return
        if (self.folder / "tile").exists():
            raise CorruptLogError(f"The log in {self.folder} has lost its file “checkpoint”: restore it from a copy.")
        empty = Checkpoint(self.signer.name, 0, EMPTY_ROOT)
        self.refuse_older(empty)
        self._commit(empty)

    def _commit(self, checkpoint: Checkpoint) -> None:
        signed = self.signer.sign(checkpoint.text()).encode()
        write_durably(self.folder / "checkpoint", signed)
        if self._last_signed is not None:
            # after the log's own, or a crash between the two would make a sound log look old
            write_durably(self._last_signed, signed)

    def _extend_index(self, first: int, hashes: list[bytes]) -> None:
        size = first + len(hashes)
        if len(self.index) == first and (first == 0 or self.index.last() == next(self._leaf_hashes(first - 1, size))):
            self.index.write(first, hashes)
        else:  # a writer died between checkpoint and index, or the index was deleted
            self.index.write(0, self._leaf_hashes(0, size))

    # Reading.

    def checkpoint(self) -> Checkpoint:
        """The log's head, its signature verified. Raises SignatureError, CorruptLogError."""
        return self._open(self.checkpoint_text(), self.folder / "checkpoint")

    def checkpoint_text(self) -> str:
        """The log's head as a signed note; that of the empty log when nothing was written yet."""
        try:
            return (self.folder / "checkpoint").read_text(encoding="utf-8")
        except FileNotFoundError:
            return self.signer.sign(Checkpoint(self.signer.name, 0, EMPTY_ROOT).text())
        except (OSError, UnicodeDecodeError) as error:
            raise CorruptLogError(f"The log's checkpoint in {self.folder} cannot be read: restore it from a copy.") from error

    def find(self, entry: bytes) -> int | None:
        """Index of the first leaf that is `entry`, or None when it was never logged."""
        size, leaf = self.checkpoint().size, leaf_hash(entry)
        known = min(len(self.index), size)
        hint = self.index.find(leaf)
        if hint is not None and hint < known and next(self._leaf_hashes(hint, size)) == leaf:
            return hint
        first = known if hint is None else 0  # an index that lies is not believed elsewhere either
        return next((first + i for i, h in enumerate(self._leaf_hashes(first, size)) if h == leaf), None)

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """(index, entry) of every leaf in order. Raises CorruptLogError at the first that does not fit its hash."""
        size = self.checkpoint().size
        for number in range(-(-size // WIDTH)):
            tile = tile_at(size, 0, number)
            for i, (entry, h) in enumerate(zip(self.tiles.entries(tile), self.tiles.hashes(tile), strict=True)):
                if leaf_hash(entry) != h:
                    raise CorruptLogError(f"Entry {number * WIDTH + i} of the log in {self.folder} does not fit its hash.")
                yield number * WIDTH + i, entry

    def proof(self, index: int) -> str:
        """The `.tlog-proof` text for leaf `index`; verifies offline with `verify_proof` and the log's verifier key.

        Raises: ProofError when there is no such leaf, CorruptLogError when the tiles do not lead to the signed root.
        """
        signed = self.checkpoint_text()
        checkpoint = self._open(signed, self.folder / "checkpoint")
        if not 0 <= index < checkpoint.size:
            raise ProofError(f"The log in {self.folder} has {checkpoint.size} entries and none with the index {index}.")
        path = inclusion_path(index, checkpoint.size, self._node_of(checkpoint.size))
        leaf = next(self._leaf_hashes(index, checkpoint.size))
        if inclusion_root(leaf, index, checkpoint.size, path) != checkpoint.root:
            raise CorruptLogError(f"The tiles in {self.folder} do not lead from entry {index} to the root of its checkpoint.")
        return Proof(index, tuple(path), signed).text()

    def audit(self) -> Audit:
        """Recompute every hash, the root and the signatures; never raises for what is wrong with the log, but lists it."""
        return audit(self)

    def _open(self, signed: str, path: Path) -> Checkpoint:
        try:
            return open_checkpoint(signed, [self.signer.verifier])
        except SignatureError as error:
            raise SignatureError(f"The log's checkpoint {path} does not hold against the log's key: {error}") from error
        except (NoteError, CheckpointError) as error:
            raise CorruptLogError(f"The log's checkpoint {path} is damaged, restore it from a copy: {error}") from error

    def refuse_older(self, checkpoint: Checkpoint) -> None:
        """Raise OldLogError when the log, at `checkpoint`, lacks what this key signed last."""
        if self._last_signed is None or not self._last_signed.exists():
            return
        last = self._open(self._last_signed.read_text(encoding="utf-8", errors="replace"), self._last_signed)
        if last.size > checkpoint.size:
            raise OldLogError(
                f"The log in {self.folder} has {checkpoint.size} entries but {self._last_signed} was signed for {last.size}: "
                "an old copy was restored. Bring the newer one back; nothing was added."
            )
        same = checkpoint.root if last.size == checkpoint.size else range_root(0, last.size, self._node_of(checkpoint.size))
        if same != last.root:
            raise OldLogError(
                f"The log in {self.folder} has other entries than those that {self._last_signed} was signed for: "
                "bring the right folder back; nothing was added."
            )

    def _node_of(self, size: int) -> NodeReader:
        """Reader of full subtrees (height, index) in a log of `size` leaves."""

        def node(height: int, index: int) -> bytes:
            level, inner = divmod(height, 8)
            number, first = divmod(index << inner, WIDTH)
            return full_root(self.tiles.hashes(tile_at(size, level, number))[first : first + (1 << inner)])

        return node

    def _leaf_hashes(self, first: int, size: int) -> Iterator[bytes]:
        # always the tiles of the committed size: a narrower partial may be the leftover of a dead writer
        for number in range(first // WIDTH, -(-size // WIDTH)):
            hashes = self.tiles.hashes(tile_at(size, 0, number))
            yield from hashes[max(0, first - number * WIDTH) :]
