"""Proofs that an entry stands in the log: RFC 6962 paths, and the offline text of c2sp.org/tlog-proof.

The index, the siblings from leaf to root, and the checkpoint as the log signed it:

    c2sp.org/tlog-proof@v1
    index 2
    gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=

    anastylosis.local/5f0c2a91
    3
    sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

    — anastylosis.local/5f0c2a91 hI2DJw…
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provenance.log.checkpoint import Checkpoint, open_checkpoint
from provenance.log.errors import LogError, ProofError
from provenance.log.note import Note, NoteVerifier
from provenance.log.tiles import NodeReader, leaf_hash, node_hash, range_root, split

if TYPE_CHECKING:
    from provenance.log.policy import Policy

HEADER = "c2sp.org/tlog-proof@v1"
LONGEST_PATH = 64


@dataclass(frozen=True)
class ProofResult:
    """What a proof says. `valid` alone decides; `reason` is a sentence; the rest is None or empty unless valid."""

    valid: bool
    reason: str
    index: int | None = None
    checkpoint: Checkpoint | None = None
    signers: tuple[str, ...] = ()


def verify_proof(
    text: str, entry: bytes, verifier_keys: Iterable[str | NoteVerifier] = (), policy: Policy | None = None
) -> ProofResult:
    """Whether `text` proves that `entry` stands in a log signed by one of `verifier_keys`. Needs no network and no log.

    Args:
        text: a `.tlog-proof` file.
        entry: the logged bytes.
        verifier_keys: keys that are trusted, as `NoteVerifier` or as text (name+key id+key); witnesses may be among them.
        policy: logs, and how many of which witnesses must have cosigned; its keys count as trusted too.
    Returns: a ProofResult; a malformed or wrong proof is not an error but a result that is not valid.
    Raises: NoteError when a verifier key itself is malformed.
    """
    keys = [k if isinstance(k, NoteVerifier) else NoteVerifier.parse(k) for k in verifier_keys]
    try:
        proof = Proof.parse(text)
        if policy is not None:
            policy.check(proof.signed_checkpoint)
            keys += [*policy.logs, *policy.witnesses.values()]
        checkpoint = open_checkpoint(proof.signed_checkpoint, keys)
        signers = tuple(v.name for v in Note.parse(proof.signed_checkpoint).signers(keys))
    except LogError as error:
        return ProofResult(False, str(error))
    if inclusion_root(leaf_hash(entry), proof.index, checkpoint.size, proof.path) != checkpoint.root:
        return ProofResult(False, f"The proof does not lead from this entry to the root that {checkpoint.origin} signed.")
    reason = f"The entry is number {proof.index} of the {checkpoint.size} that {checkpoint.origin} signed, counted from 0."
    return ProofResult(True, reason, proof.index, checkpoint, signers)


@dataclass(frozen=True)
class Proof:
    """An inclusion proof: `path` are the siblings (32 bytes each) from leaf to root."""

    index: int
    path: tuple[bytes, ...]
    signed_checkpoint: str
    extra: bytes | None = None

    def text(self) -> str:
        """The `.tlog-proof` file."""
        extra = [] if self.extra is None else [f"extra {base64.b64encode(self.extra).decode()}"]
        path = [base64.b64encode(h).decode() for h in self.path]
        return "\n".join([HEADER, *extra, f"index {self.index}", *path, "", self.signed_checkpoint])

    @classmethod
    def parse(cls, text: str) -> Proof:
        """Read a `.tlog-proof` file. Raises ProofError for anything that would be written differently."""
        head, _, checkpoint = text.partition("\n\n")
        lines = head.split("\n")
        try:
            extra = base64.b64decode(lines.pop(1)[6:], validate=True) if lines[1].startswith("extra ") else None
            path = tuple(base64.b64decode(line, validate=True) for line in lines[2:])
            proof = cls(int(lines[1].removeprefix("index ")[:20]), path, checkpoint, extra)
        except (ValueError, IndexError) as error:
            raise ProofError("This is not a log proof: a line of it cannot be read.") from error
        if proof.text() != text or proof.index < 0 or len(path) > LONGEST_PATH or any(len(h) != 32 for h in path):
            raise ProofError("This is not a log proof: it would be written differently.")
        return proof


# Making paths: RFC 6962, section 2.1.


def inclusion_path(index: int, size: int, node: NodeReader) -> list[bytes]:
    """Siblings of leaf `index` in a tree of `size` leaves, from leaf to root; 0 ≤ index < size."""
    path, first, end = [], 0, size
    while end - first > 1:
        middle = first + split(end - first)
        if index < middle:
            path.append(range_root(middle, end, node))
            end = middle
        else:
            path.append(range_root(first, middle, node))
            first = middle
    return path[::-1]


def consistency_path(old_size: int, size: int, node: NodeReader) -> list[bytes]:
    """Hashes that show that the tree of `size` leaves continues that of `old_size`; 0 < old_size ≤ size."""
    path, first, end, is_whole = [], 0, size, True
    while old_size != end - first:
        middle = first + split(end - first)
        if old_size <= middle - first:
            path.append(range_root(middle, end, node))
            end = middle
        else:
            path.append(range_root(first, middle, node))
            old_size, first, is_whole = old_size - (middle - first), middle, False
    if not is_whole:
        path.append(range_root(first, end, node))
    return path[::-1]


# Following paths: RFC 9162, sections 2.1.3.2 and 2.1.4.2.


def inclusion_root(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that `path` leads to from a leaf's hash, or None when it has the wrong length or holds no hashes."""
    if not 0 <= index < size or any(len(h) != 32 for h in (leaf, *path)):
        return None
    fn, sn, root = index, size - 1, leaf
    for sibling in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            root = node_hash(sibling, root)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            root = node_hash(root, sibling)
        fn, sn = fn >> 1, sn >> 1
    return root if sn == 0 else None


def is_consistent(old_size: int, size: int, old_root: bytes, root: bytes, path: Sequence[bytes]) -> bool:
    """Whether `path` shows that the tree (size, root) continues the tree (old_size, old_root)."""
    if old_size == size and size > 0:
        return not path and old_root == root
    if not 0 < old_size < size or not path or any(len(h) != 32 for h in path):
        return False
    # a full old tree is its own first hash
    hashes = [old_root, *path] if old_size & (old_size - 1) == 0 else list(path)
    fn, sn = old_size - 1, size - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = hashes[0]
    for h in hashes[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(h, fr), node_hash(h, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, h)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == root
