"""What reads strangers' bytes, each with seeds and the errors that it may raise; `fuzz.py` and a short test feed it mutants."""

from __future__ import annotations

import functools
import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from blender_addon.errors import SceneFileError
from blender_addon.scenes.gltf import glb, read_glb
from blender_addon.scenes.model import Element, SceneModel
from provenance import block_list, encode, iscc, keys, likeness, manifest_store, metadata, timestamp
from provenance.bundle import BundleError, unpack
from provenance.credential_reading import read_credential
from provenance.credentials import Claim, Signatory
from provenance.errors import DecodeError
from provenance.keys.errors import ChainError
from provenance.keys.signing import brought
from provenance.timestamp_errors import TimeStampError
from provenance.vocabularies.exported import KINDS, ExportError, exported
from tests.provenance.authority import HAS_OPENSSL, make_authority

_IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None


@dataclass(frozen=True)
class Target:
    """A reader: `read` takes bytes, may raise `errors` and nothing else."""

    read: Callable[[bytes], object]
    errors: tuple[type[Exception], ...]
    seeds: Callable[[], list[bytes]]


def _pictures() -> list[bytes]:
    pixels = np.random.default_rng(0).integers(0, 255, (9, 7, 3), np.uint8)
    found = [cv2.imencode(ending, pixels)[1].tobytes() for ending in (".png", ".jpg", ".tif", ".webp")]
    return [*found, cv2.imencode(".png", pixels.astype(np.uint16) * 257)[1].tobytes()]


def _zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("record.json", b"{}" * 40)
        bundle.writestr("a.png", bytes(99))
    return buffer.getvalue()


def _unpack(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, target = Path(folder) / "a.zip", Path(folder) / "inside" / "there"
        path.write_bytes(data)
        target.parent.mkdir()
        try:
            unpack(path, target)
        finally:
            expected = (path, target.parent, target)
            strays = [one for one in Path(folder).rglob("*") if one not in expected and one.parent != target]
            assert not strays, f"written outside: {strays}"


def _likeness() -> bytes:
    pixels = np.random.default_rng(1).integers(0, 255, (60, 60), np.uint8)
    return likeness.packed(likeness.likeness(cv2.GaussianBlur(pixels, (0, 0), 1), pixels > 200))


def _store() -> bytes:
    def box(kind: bytes, body: bytes) -> bytes:
        return (8 + len(body)).to_bytes(4, "big") + kind + body

    def described(kind: bytes, label: bytes) -> bytes:
        return box(b"jumd", kind + b"\x03" + label + b"\0")

    manifest = bytes.fromhex("63326d6100110010800000aa00389b71")
    inner = box(b"jumb", described(manifest, b"urn:c2pa:0b8c1f6e-0000-4000-8000-000000000000") + box(b"cbor", b"\xa0"))
    return box(b"jumb", described(manifest_store.STORE_TYPE, b"c2pa") + inner)


def _read_store(data: bytes) -> None:
    store = manifest_store.store_in(data)
    if store is not None:
        manifest_store.manifest_names(store)
        manifest_store.active_only(store)


def _signed_picture() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        made = keys.signing_keys(Path(folder) / "keys")
    claim = Claim(
        "a.png", False, metadata.SOURCE_TYPES + "trainedAlgorithmicMedia", "2026-01-01T00:00:00Z", "0", "A.", {"id": "a"}
    )
    kinds = ("image/png", "image/jpeg", "image/tiff", "image/webp")
    return [Signatory(made).embed(data, kind, claim) for data, kind in zip(_pictures(), kinds, strict=False)]


def _read_credential(data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=_IN_MEMORY, suffix=".png") as file:
        file.write(data)
        file.flush()
        read_credential(Path(file.name), None)
        read_credential(Path(__file__), None, data)


@functools.cache
def _stamp() -> tuple[bytes, str]:
    """Return an authority's answer and its root; without openssl an answer that cannot be read, and no root."""
    if not HAS_OPENSSL:
        return bytes.fromhex("3003020100"), ""
    from rfc3161_client import TimestampRequestBuilder

    with tempfile.TemporaryDirectory() as folder:
        authority = make_authority(Path(folder) / "tsa")
        query = TimestampRequestBuilder().data(b"x").build().as_bytes()
        return authority.reply(query), authority.root_pem.decode()


def _read_stamp(data: bytes) -> None:
    if HAS_OPENSSL:
        timestamp.verify(data, b"x", _stamp()[1])


def _chain() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        made = keys.signing_keys(Path(folder) / "keys")
    return made.chain_pem + made.root_pem


RECORD = {
    "id": "0b8c1f6e-0000-4000-8000-000000000000", "made": "2026-01-01T00:00:00Z", "operation": "scene", "levels": {"2": 1.0},
    "request": {}, "model": None, "assumptions": [], "log": {},
    "sources": [{"role": "input", "name": "plan.tif", "sha256": "a" * 64, "rights": None}],
    "outputs": [
        {"name": "scene.glb", "role": "scene", "sha256": "b" * 64, "media_type": "model/gltf-binary", "contains_ai": True}
    ],
}  # fmt: skip


def _scene() -> bytes:
    return SceneModel("house", (_box(),)).to_json().encode()


def _box() -> Element:
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
    faces = [(0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1), (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4),
             (1, 5, 7), (1, 7, 3)]  # fmt: skip
    return Element("wall", "wall", corners, np.array(faces), 2, "drawing")


def _export(data: bytes) -> None:
    try:
        scene = json.loads(data)
    except (ValueError, RecursionError):
        return
    for kind in KINDS:
        try:
            exported(RECORD, kind, scene if isinstance(scene, dict) else None)
        except ExportError:
            continue


TARGETS = {
    "picture": Target(encode.decode, (DecodeError,), _pictures),
    "bundle": Target(_unpack, (BundleError,), lambda: [_zip()]),
    "likeness": Target(likeness.unpacked, (), lambda: [_likeness()]),
    "manifest store": Target(_read_store, (ValueError,), lambda: [_store(), b"\xff\xd8\xff\xeb\0\x20JP" + bytes(40)]),
    "image code": Target(lambda data: iscc.body_of(data.decode("latin-1")), (), lambda: [b"ISCC:EEA7LCYVVI2ZYKUN"]),
    "block list": Target(block_list._read, (block_list.BlockListError,), lambda: [block_list.block_list(Path(__file__))]),
    "scene.json in all vocabularies": Target(_export, (), lambda: [_scene()]),
    "XMP": Target(metadata.read, (), lambda: [metadata.write(metadata.Statement("a", "b", prompt="<&>", description="c"))]),
    "credential": Target(_read_credential, (), _signed_picture),
    "time stamp": Target(_read_stamp, (TimeStampError,), lambda: [_stamp()[0]]),
    "certificate chain": Target(lambda data: brought(data, None), (ChainError,), lambda: [_chain()]),
    "glb": Target(read_glb, (SceneFileError,), lambda: [glb(SceneModel("house", (_box(),)))]),
}
