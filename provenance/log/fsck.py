"""Examining a log on a disk, and repairing what the disk itself still proves: never more, and never by guessing.

What is proven: hashes and entries that lead to a root which the log's key has signed. What is not is told as lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from provenance.log.checkpoint import Checkpoint, open_checkpoint
from provenance.log.clocks import backward_clocks
from provenance.log.errors import CorruptLogError, LogError
from provenance.log.files import write_all_durably, write_durably
from provenance.log.folder import FolderSequencer
from provenance.log.proof import HEADER, Proof
from provenance.log.rebuilding import Rebuilt, rebuild
from provenance.log.store import Log
from provenance.log.tiles import WIDTH, NodeReader, full_root, leaf_hash, range_root, tile_at

REPAIRABLE, REPAIRED, LOST, NOTED = "repairable", "repaired", "lost", "noted"
EVIDENCE = "evidence"


@dataclass(frozen=True)
class Finding:
    """One fault: `state` is "repairable", "repaired", "lost" or "noted" (nothing to repair)."""

    state: str
    text: str


@dataclass
class Report:
    """What was found; `size` counts the leaves that are proven."""

    size: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing is left to repair and nothing is lost."""
        return not any(f.state in (REPAIRABLE, LOST) for f in self.findings)

    def add(self, state: str, text: str) -> None:
        """Add one finding."""
        self.findings.append(Finding(state, text))


@dataclass(frozen=True)
class _Head:
    path: Path
    signed: str
    checkpoint: Checkpoint


def fsck(log: Log, *, repair: bool = False, known: Iterable[bytes] = (), others: Sequence[Path] = ()) -> Report:
    """Examine the log; with `repair`, write what was proven and is missing or wrong.

    Args:
        known: entries from elsewhere, such as made again from the Records that are kept; used where a hash proves them.
        others: further checkpoints or proofs of this log, such as one that a witness or a colleague kept.
    Raises: LogWriteError while repairing. A damaged log is no error; its faults are in the report.
    """
    if not isinstance(log.sequencer, FolderSequencer):
        found = log.audit()
        return Report(found.size, [Finding(LOST, problem) for problem in found.problems])
    if repair:
        with log.sequencer.turn():
            return _examine(log, log.sequencer, True, known, others)
    return _examine(log, log.sequencer, False, known, others)


def _examine(log: Log, place: FolderSequencer, repair: bool, known: Iterable[bytes], others: Sequence[Path]) -> Report:
    report = Report()
    done = REPAIRED if repair else REPAIRABLE
    # 1. Every head that the key signed; two of them may contradict each other.
    own = place.folder / "checkpoint"
    kept = [p for p in (own, log.last_signed) if p is not None]
    older = sorted((place.folder / EVIDENCE).glob("*.checkpoint"))
    heads = [h for p in (*kept, *older, *others) if (h := _head(log, p, report, done if p in kept else NOTED))]
    _forks(place, heads, report, repair)
    # 2. The longest of them that the disk still proves.
    tree, head = None, None
    by_hash = {leaf_hash(e): e for e in known}
    for head in sorted(heads, key=lambda h: -h.checkpoint.size):
        tree = rebuild(place, head.checkpoint.size, head.checkpoint.root, by_hash)
        if tree is not None:
            break
    if tree is None or head is None:
        report.add(LOST, _nothing_fits(place, heads))
        return report
    report.size = tree.size
    longest = max(heads, key=lambda h: h.checkpoint.size)
    if longest.checkpoint.size > tree.size:
        report.add(
            LOST,
            f"Entries {tree.size} to {longest.checkpoint.size - 1} were signed for ({longest.path}) and are not here: "
            "an old copy was restored. Bring the newer one back; nothing else can make them again.",
        )
    # 3. Files, then the head, then what can be made from them.
    _files(place, tree, report, repair, done)
    if not any(h.path == own and h.checkpoint == head.checkpoint for h in heads):
        report.add(done, f"{own} is not the head that the tiles prove: it is put back from {head.path}.")
        if repair:
            write_durably(own, head.signed.encode())
    _copy_beside_the_key(log, heads, head, longest, report, repair, done)
    _rest(place, tree, report, repair, done)
    _growth(place, tree, heads, report)
    for text in backward_clocks(place, tree.size, head.signed):
        report.add(NOTED, text)
    return report


def _head(log: Log, path: Path, report: Report, state: str) -> _Head | None:
    """The signed head in a file; `state` is that of the finding when it holds none."""
    try:
        text = path.read_text(encoding="utf-8")
        signed = Proof.parse(text).signed_checkpoint if text.startswith(HEADER) else text
        return _Head(path, signed, open_checkpoint(signed, [log.verifier]))
    except FileNotFoundError:
        if state == NOTED:  # of the log's own two, what is missing is told further down
            report.add(NOTED, f"{path} is not there.")
    except (OSError, UnicodeDecodeError, LogError) as error:
        report.add(state, f"{path} is no checkpoint that this log's key signed: {error}")
    return None


def _forks(place: FolderSequencer, heads: list[_Head], report: Report, repair: bool) -> None:
    """Two heads of one size with different roots: the key signed two histories. Both are named, and kept."""
    seen: dict[int, _Head] = {}
    for head in heads:
        other = seen.setdefault(head.checkpoint.size, head)
        if other.checkpoint.root == head.checkpoint.root:
            continue
        report.add(
            LOST,
            f"The log was forked: {other.path} and {head.path} are both signed for {head.checkpoint.size} entries, with the "
            f"roots {other.checkpoint.root.hex()[:16]}… and {head.checkpoint.root.hex()[:16]}…. Two copies of the key were "
            f"used, or a backup was written to: find out which entries differ before anything else is logged. Both are "
            f"{'kept in' if repair else 'to be kept, --repair copies them to'} {place.folder / EVIDENCE}.",
        )
        if repair:
            for one in (other, head):
                _keep(place, one)


def _keep(place: FolderSequencer, head: _Head) -> None:
    name = f"{head.checkpoint.size}-{hashlib.sha256(head.signed.encode()).hexdigest()[:12]}.checkpoint"
    path = place.folder / EVIDENCE / name
    if not path.exists():
        write_durably(path, head.signed.encode())


def _nothing_fits(place: FolderSequencer, heads: list[_Head]) -> str:
    if not heads:
        return (
            f"No checkpoint is left that this log's key signed, neither in {place.folder} nor beside the key: what the tiles "
            "hold cannot be proven to be the log. Bring a checkpoint back, from a witness or from beside any Release "
            "(record.tlog-proof), and name it with --against."
        )
    sizes = ", ".join(str(h.checkpoint.size) for h in heads)
    return (
        f"What is left in {place.folder} does not lead to any root that was signed (for {sizes} entries): hashes are gone of "
        "which no second copy exists. Restore the folder from a copy; a Release's own proof still holds without it."
    )


def _files(place: FolderSequencer, tree: Rebuilt, report: Report, repair: bool, done: str) -> None:
    for path in tree.wrong:
        what = "damaged" if (place.folder / path).exists() else "missing"
        report.add(done, f"{place.folder / path} is {what}; what belongs there is proven by the signed root.")
    if tree.lost:
        report.add(
            LOST,
            f"The entries of {_spans(tree.lost)} are gone, and nothing that is kept here makes them again; their hashes and "
            "proofs still hold. Whoever has a Release of them can give its record.json.",
        )
    for path in tree.beyond_repair:
        report.add(LOST, f"{place.folder / path} is gone with the entries below it; only its root is left, in the tile above.")
    if repair and tree.wrong:
        write_all_durably({place.folder / path: data for path, data in tree.wrong.items()})


def _copy_beside_the_key(
    log: Log, heads: list[_Head], head: _Head, longest: _Head, report: Report, repair: bool, done: str
) -> None:
    path = log.last_signed
    if path is None or any(h.path == path and h.checkpoint.size >= head.checkpoint.size for h in heads):
        return
    if head.checkpoint.size == 0 and not path.exists():
        return
    report.add(done, f"{path} is behind the log or missing, so a restored backup would not be noticed: it is written again.")
    if repair:
        write_durably(path, (longest if longest.checkpoint.size > head.checkpoint.size else head).signed.encode())


def _rest(place: FolderSequencer, tree: Rebuilt, report: Report, repair: bool, done: str) -> None:
    leaves = [h for n in range(-(-tree.size // WIDTH)) for h in tree.tiles.get(tile_at(tree.size, 0, n), [bytes(32)] * WIDTH)]
    if not tree.beyond_repair and not place.index_fits(leaves):
        report.add(done, f"The index {place.index.path} does not fit the log: it is made again from the tiles.")
        if repair:
            place.rebuild_index(tree.size)
    leftovers = sorted(p for p in place.folder.rglob("*.tmp") if p.is_file())
    if leftovers:
        report.add(done, f"{len(leftovers)} files of writers that were stopped lie about, such as {leftovers[0]}.")
        if repair:
            for path in leftovers:
                path.unlink(missing_ok=True)


def _growth(place: FolderSequencer, tree: Rebuilt, heads: list[_Head], report: Report) -> None:
    """Shorter heads must be beginnings of the log."""
    node = _nodes(tree)
    for head in heads:
        if not 0 < head.checkpoint.size < tree.size:
            continue
        try:
            root = range_root(0, head.checkpoint.size, node)
        except CorruptLogError:
            continue
        if root != head.checkpoint.root:
            report.add(
                LOST,
                f"The log was forked: {head.path} is signed for {head.checkpoint.size} entries that are not the first "
                f"{head.checkpoint.size} of the log in {place.folder}. Keep both.",
            )


def _nodes(tree: Rebuilt) -> NodeReader:
    def node(height: int, index: int) -> bytes:
        level, inner = divmod(height, 8)
        number, first = divmod(index << inner, WIDTH)
        hashes = tree.tiles.get(tile_at(tree.size, level, number))
        if hashes is None:
            raise CorruptLogError("A tile is gone.")
        return full_root(hashes[first : first + (1 << inner)])

    return node


def _spans(numbers: list[int]) -> str:
    """Leaf 3, or leaves 3–9, 12."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and spans[-1][1] == number - 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    text = ", ".join(str(a) if a == b else f"{a}–{b}" for a, b in spans[:20])
    return f"leaf {text}" if len(numbers) == 1 else f"leaves {text}{' and more' if len(spans) > 20 else ''}"
