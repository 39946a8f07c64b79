"""Finding the Record of a copy that lost its credential: by the watermark, then by the fingerprint."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.archive import Archive
from provenance.errors import DecodeError, ProvenanceError
from provenance.home import Home
from provenance.keys import existing_mark_key

if TYPE_CHECKING:
    import numpy as np

SAME_WORK_BITS = 10          # of 64; the nearest two different works among 370,000 pairs were 12 apart
FILE_LIMIT_BYTES = 2**30


@dataclass(frozen=True)
class Recovery:
    """What led where.

    Attributes:
        record, record_bytes: the Record, or None when a mark was read whose Record is not kept here.
        output: the file of the Record that this is a copy of.
        layer: "watermark" or "fingerprint".
        reasons: sentences, with the layer's score.
    """

    record: dict | None
    record_bytes: bytes | None
    output: dict | None
    layer: str | None
    reasons: tuple[str, ...]


def recover(path: Path, home: Home) -> Recovery:
    """Look at the pixels of a file. Never raises for what is in the file; `reasons` says which layers had no answer."""
    from provenance.encode import decode

    archive = Archive(home.records)
    try:
        if path.stat().st_size > FILE_LIMIT_BYTES:
            raise DecodeError("it is too large to be searched")
        pixels = decode(path.read_bytes())
    except DecodeError as error:
        return Recovery(None, None, None, None, (f"no pixels to search: {error}",))
    except OSError as error:
        return Recovery(None, None, None, None, (f"no pixels to search: {error.strerror}",))
    found, missed = _by_watermark(pixels, home, archive)
    if found is not None:
        return found
    return _by_fingerprint(pixels, archive, missed)


def _by_watermark(pixels: np.ndarray, home: Home, archive: Archive) -> tuple[Recovery | None, str]:
    try:
        key = existing_mark_key(home.keys)
    except ProvenanceError as error:
        return None, f"no watermark could be looked for: {error}"
    if key is None:
        return None, "no watermark could be looked for: this machine has never marked anything"
    from provenance.watermark import Watermark

    found = Watermark(key).detect(pixels, search=True)
    if found is None:
        return None, "no watermark of this machine"
    handle = f"{found.handle:012x}"
    said = f"its watermark {handle} (score {found.score:.1f}) was made by this machine"
    for digest in archive.leading("handle", handle):
        loaded = archive.load(digest)
        if loaded is not None:
            record_bytes, record = loaded
            output = next((o for o in record["outputs"] if (o.get("watermark") or {}).get("handle") == handle), None)
            if output is not None:
                said += f" and leads to {output['name']} of {record['made']}"
                return Recovery(record, record_bytes, output, "watermark", (said,)), ""
    return Recovery(None, None, None, "watermark", (f"{said}, but its Record is not kept here",)), ""


def _by_fingerprint(pixels: np.ndarray, archive: Archive, missed: str) -> Recovery:
    from provenance.fingerprint import distance, fingerprint
    from provenance.seal import is_flat

    known = archive.fingerprints()
    if not known or is_flat(pixels):
        return Recovery(None, None, None, None, (missed,))
    ours = fingerprint(pixels)
    bits, nearest = min((distance(ours, other), other) for other in known)
    if bits <= SAME_WORK_BITS:
        for digest in archive.leading("fingerprint", nearest):
            loaded = archive.load(digest)
            output = next((o for o in loaded[1]["outputs"] if o.get("fingerprint") == nearest), None) if loaded else None
            if loaded is not None and output is not None:
                said = f"it looks like {output['name']} of {loaded[1]['made']} (fingerprint, {bits} of 64 bits differ)"
                caution = "a fingerprint cannot tell a restoration from its source, or one hypothesis from another"
                return Recovery(loaded[1], loaded[0], output, "fingerprint", (said, caution, missed))
    return Recovery(None, None, None, None, (missed, "no fingerprint near it"))


def describe_source(path_digest: str, archive: Archive) -> str | None:
    """Return a sentence when a file is the very source of a Record, else None."""
    for digest in archive.leading("source", path_digest):
        loaded = archive.load(digest)
        if loaded is not None:
            names = ", ".join(output["name"] for output in loaded[1]["outputs"][:3])
            return f"it is a source from which {names} was made on {loaded[1]['made']}; nothing in it was changed by that"
    return None
