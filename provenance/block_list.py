"""A list of hashes that stands for a file too large to be signed whole: the credential library would hold all of it in memory.

`NAME.blocks.json` names the SHA-256 of each block of 4 MiB, in order; the sidecar `NAME.c2pa` signs that list instead of the
file. Who changes one byte of the file must change its block's hash, and with it the list, and the signature breaks. The list
also says which block was changed, and a reader who fetched a part can check that part.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

from provenance.errors import ProvenanceError
from provenance.record import BLOCK_LIST_ENDING, canonical

SCHEMA = "anastylosis.blocks/1"
BLOCK_BYTES = 4 * 2**20
MOST_BLOCKS = 2**20                # 4 TiB
LIMIT_BYTES = 80 * MOST_BLOCKS


class BlockListError(ProvenanceError):
    """A list of blocks cannot be read, or is none."""


def beside(path: Path) -> Path:
    """Return where the list of a file lies."""
    return path.with_name(path.name + BLOCK_LIST_ENDING)


def block_list(path: Path) -> bytes:
    """Return the list of a file as canonical JSON; reads it once, a block at a time. Raises: OSError, BlockListError."""
    hashes, whole, size = [], hashlib.sha256(), 0
    for block in _blocks(path):
        hashes.append(hashlib.sha256(block).hexdigest())
        whole.update(block)
        size += len(block)
    if len(hashes) > MOST_BLOCKS:
        raise BlockListError(f"{path} has more than {MOST_BLOCKS:,} blocks: split it.")
    return canonical({
        "schema": SCHEMA, "name": path.name, "bytes": size, "sha256": whole.hexdigest(), "block_bytes": BLOCK_BYTES,
        "blocks": hashes,
    })  # fmt: skip


def differing_blocks(path: Path, listed: bytes) -> list[int]:
    """Return the numbers, from 0, of the blocks that are not as listed; missing and additional ones count.

    Args:
        path: the file at hand.
        listed: bytes of NAME.blocks.json; whether they are the signed ones is for the sidecar to say.
    Raises: OSError; BlockListError when `listed` is no list of blocks.
    """
    hashes = _read(listed)
    differing, count = [], 0
    for number, block in enumerate(_blocks(path)):
        count = number + 1
        if number >= len(hashes) or hashlib.sha256(block).hexdigest() != hashes[number]:
            differing.append(number)
            if number >= len(hashes):
                break       # it only grew: one number says so, however long the tail is
    return differing + list(range(count, len(hashes)))


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            yield block


def _read(listed: bytes) -> list[str]:
    try:
        if len(listed) > LIMIT_BYTES:
            raise ValueError("too long")
        found = json.loads(listed)
        is_ours = found["schema"] == SCHEMA and found["block_bytes"] == BLOCK_BYTES
        hashes = [str(one) for one in found["blocks"]] if is_ours else []
        fits = is_ours and -(-int(found["bytes"]) // BLOCK_BYTES) == len(hashes) <= MOST_BLOCKS
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
        raise BlockListError(f"this is no list of blocks ({type(error).__name__})") from error
    if not fits:
        raise BlockListError("this is no list of blocks that can be read here")
    return hashes
