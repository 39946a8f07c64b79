"""The bytes of a C2PA manifest store: cut out of a signed file, kept by its name, and handed out whole or its active part.

A store is a tree of JUMBF boxes (ISO/IEC 19566-5): length, kind, then for a superbox "jumb" a description box "jumd" with a
UUID and a label, then its children. Source: C2PA 2.2, 11.1 (boxes) and appendix A (where a file keeps them).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

from provenance import durable

STORE_TYPE = bytes.fromhex("6332706100110010800000aa00389b71")     # "c2pa"
_MANIFEST_TYPES = (
    bytes.fromhex("63326d6100110010800000aa00389b71"),             # "c2ma", a standard manifest
    bytes.fromhex("6332756d00110010800000aa00389b71"),             # "c2um", an update manifest
)
_NAME = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_JPEG = b"\xff\xd8\xff"
FOLDER = "manifests"
LIMIT_BYTES = 64 * 2**20


def store_in(data: bytes) -> bytes | None:
    """Return the manifest store inside a signed file or a sidecar, None when there is none in one piece."""
    if data.startswith(_JPEG):
        data = b"".join(_jpeg_pieces(data))
    at = data.find(b"jumd" + STORE_TYPE)
    while at >= 0:
        start = at - 12
        if start >= 0 and data[start + 4 : start + 8] == b"jumb":
            (length,) = struct.unpack_from(">I", data, start)
            if 36 <= length <= min(len(data) - start, LIMIT_BYTES):
                return data[start : start + length]
        at = data.find(b"jumd" + STORE_TYPE, at + 1)
    return None


def manifest_names(store: bytes) -> list[str]:
    """Return the labels of the manifests in a store, the active one last. Raises: ValueError when it is no store."""
    return [label for label, _ in _manifests(store)]


def active_only(store: bytes) -> bytes:
    """Return a store that holds the active manifest alone. Raises: ValueError when it is no store."""
    manifests = list(_manifests(store))
    if not manifests:
        raise ValueError("the store holds no manifest")
    description = next(_boxes(store, 8, len(store)))
    head = store[8 : 8 + len(description[1])]
    body = head + manifests[-1][1]
    return struct.pack(">I4s", 8 + len(body), b"jumb") + body


class Manifests:
    """The manifest stores of one installation's Releases, by the UUID in the active manifest's label."""

    def __init__(self, records_folder: Path):
        self.folder = records_folder / FOLDER

    def save(self, store: bytes, output_sha256: str) -> str:
        """Keep the store of an output; return its active manifest's label. Raises: OSError, ValueError when it is no store."""
        label = manifest_names(store)[-1]
        found = _NAME.search(label)
        if found is None:
            raise ValueError(f"the manifest is labelled {label[:80]!r}, without a UUID")
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / f"{found.group()}.c2pa"
        durable.replace(path, store, 0o600)     # it tells titles in the clear
        durable.replace(self.folder / f"{output_sha256}.label", label.encode("utf-8"), 0o600)
        return label

    def label_of(self, output_sha256: str) -> str | None:
        """Return the label of the active manifest of an output, None when none is kept here."""
        try:
            return (self.folder / f"{output_sha256}.label").read_text("utf-8") if _DIGEST.fullmatch(output_sha256) else None
        except (OSError, UnicodeDecodeError):
            return None

    def load(self, label: str) -> bytes | None:
        """Return the store whose active manifest has this label (or UUID), None when it is not kept here."""
        found = _NAME.search(label)
        try:
            return (self.folder / f"{found.group()}.c2pa").read_bytes() if found else None
        except OSError:
            return None

    def forget(self, output_sha256: str) -> None:
        """Take back what `save` kept; does not mind a store that is gone. Raises: OSError."""
        found = _NAME.search(self.label_of(output_sha256) or "")
        if found:
            durable.erase(self.folder / f"{found.group()}.c2pa")
            durable.erase(self.folder / f"{output_sha256}.label")

    def forget_naming(self, identity: str) -> None:
        """Erase every store in which a Record's id stands, and the labels that lead to it. Raises: OSError."""
        gone = [path for path in self.folder.glob("*.c2pa") if identity.encode() in path.read_bytes()]
        names = {path.stem for path in gone}
        for label in self.folder.glob("*.label") if names else ():
            found = _NAME.search(label.read_text("utf-8", "replace"))
            if found and found.group() in names:
                durable.erase(label)
        for path in gone:
            durable.erase(path)


def _manifests(store: bytes) -> Iterator[tuple[str, bytes]]:
    if store[4:8] != b"jumb" or struct.unpack_from(">I", store)[0] != len(store):
        raise ValueError("these bytes are no manifest store")
    for kind, box in _boxes(store, 8, len(store)):
        if kind == b"jumb" and box[12:16] == b"jumd" and box[16:32] in _MANIFEST_TYPES:
            (length,) = struct.unpack_from(">I", box, 8)
            label = box[33 : 8 + length].split(b"\0", 1)[0]      # after the UUID and one byte of flags
            yield label.decode("utf-8", "replace"), box


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield (kind, whole box) one after the other. Raises: ValueError when a length leads outside."""
    while start < end:
        if end - start < 8:
            raise ValueError("a box is cut off")
        length, kind = struct.unpack_from(">I4s", data, start)
        if length < 8 or start + length > end:
            raise ValueError("a box is longer than what holds it")
        yield kind, data[start : start + length]
        start += length


def _jpeg_pieces(data: bytes) -> Iterator[bytes]:
    """Yield the parts of the store in APP11 segments: 'JP', instance, number; the box's head is repeated in each."""
    at, is_first = 2, True
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        (length,) = struct.unpack_from(">H", data, at + 2)
        body = data[at + 4 : at + 2 + length]
        if data[at + 1] == 0xEB and body[:2] == b"JP" and len(body) > 16:
            yield body[8:] if is_first else body[16:]
            is_first = False
        at += 2 + max(length, 2)
