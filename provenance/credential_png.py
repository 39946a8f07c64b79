"""PNG files as the credential library reads them fast: it asks for every chunk apart, several times over.

OpenCV writes a chunk for each 8 KB, so four megapixels are seven hundred; joined into chunks of a megabyte they are signed
and read in half the time. The picture is the same bit for bit.
"""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHUNK_BYTES = 2**20
SMALL_BYTES = 2**16     # joining is worth while below this mean


def joined(png: bytes) -> bytes:
    """Return a PNG whose picture data stands in few chunks; anything else, and what has few already, comes back as it is."""
    try:
        parts = [(start, end) for kind, start, end in chunks(png) if kind == b"IDAT"]
    except (ValueError, struct.error):
        return png
    whole = bool(parts) and all(before[1] == after[0] for before, after in itertools.pairwise(parts))
    if not whole or len(parts) < 2 or (parts[-1][1] - parts[0][0]) / len(parts) >= SMALL_BYTES:
        return png
    view = memoryview(png)
    body = memoryview(b"".join(view[start + 8 : end - 4] for start, end in parts))
    out: list[bytes | memoryview] = [view[: parts[0][0]]]
    for at in range(0, len(body), CHUNK_BYTES):
        piece = body[at : at + CHUNK_BYTES]
        out += [struct.pack(">I", len(piece)), b"IDAT", piece, struct.pack(">I", zlib.crc32(piece, zlib.crc32(b"IDAT")))]
    return b"".join([*out, view[parts[-1][1] :]])


def without_pixels(png: bytes) -> bytes | None:
    """Return a PNG without its picture data, for who wants its metadata; None for no PNG and for one with a credential.

    A credential is bound to the whole file, so only a PNG without one may be cut down.
    """
    try:
        found = list(chunks(png))
    except (ValueError, struct.error):
        return None
    kinds = [kind for kind, _, _ in found]
    if b"caBX" in kinds or kinds[:1] != [b"IHDR"] or kinds[-1] != b"IEND" or found[-1][2] != len(png):
        return None
    return SIGNATURE + b"".join(png[start:end] for kind, start, end in found if kind != b"IDAT")


def chunks(png: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, start and end of each chunk. Raises: ValueError, struct.error for what is no whole PNG."""
    if not png.startswith(SIGNATURE):
        raise ValueError
    at = len(SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        end = at + 12 + length
        if end > len(png):
            raise ValueError
        yield png[at + 4 : at + 8], at, end
        at = end
