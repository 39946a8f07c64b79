"""Reading Content Credentials: what a file's own credential says, and how far it can be believed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenance.credentials import ANY_BYTES, GENERATOR, MARK_ALGORITHM, RELEASE_LABEL, credential_context
from provenance.media_types import sniff

# Tail of the UUIDs of C2PA's boxes: what is left of a credential that can no longer be parsed.
_BOX_TAIL = bytes.fromhex("00110010800000aa00389b71")
_BOXES = tuple(b"jumd" + kind + _BOX_TAIL for kind in (b"c2pa", b"c2ma", b"c2as", b"c2cl"))
_AI_TYPES = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic")
# GLB, .blend (plain, zstd) and ZIP hold whole pictures, and a signed picture in them keeps its own credential.
_CARRIERS = (b"glTF", b"BLENDER", b"\x28\xb5\x2f\xfd", b"PK\x03\x04")
_SCAN_LIMIT_BYTES = 512 * 2**20


@dataclass(frozen=True)
class Credential:
    """What a credential says.

    Attributes:
        state: "Trusted" (unchanged, a key of this machine), "Valid" (unchanged, a stranger's key), "Invalid" (something
            was changed) or "Damaged" (it is there and cannot be parsed).
        issuer: organisation and name in the signing certificate.
        failures: codes of C2PA, such as "assertion.dataHash.mismatch".
        broken_sources: one sentence for each ingredient that was not intact when the file was signed.
        is_ours: True when it carries our own assertion.
        release: content of our own assertion, {} for strangers.
        handle: the watermark that it names, or None.
        regions: boxes (x, y, width, height) in pixels.
        contains_ai: True when an action names an AI source type, None when none names any.
    """

    state: str
    issuer: str = ""
    failures: tuple[str, ...] = ()
    broken_sources: tuple[str, ...] = ()
    is_ours: bool = False
    release: dict | None = None
    handle: str | None = None
    regions: tuple[tuple[int, int, int, int], ...] = ()
    contains_ai: bool | None = None


def read_credential(path: Path, anchors: str | None, sidecar: bytes | None = None) -> Credential | None:
    """Return the credential inside a file or in its sidecar, or None when there is none.

    Args:
        path: file to read; hostile content ends in a state, not in an error.
        anchors: root certificates, PEM, whose signatures count as Trusted.
        sidecar: bytes of NAME.c2pa, or None to look inside the file.
    """
    with path.open("rb") as file:
        media_type = sniff(file.read(32))
        if sidecar is None and media_type is None:
            return _remains(path)
        import c2pa

        file.seek(0)
        try:
            kind = media_type if sidecar is None else ANY_BYTES
            with c2pa.Reader(kind, file, manifest_data=sidecar, context=credential_context(anchors)) as reader:
                return _told(json.loads(reader.json()), reader.get_validation_state())
        except (c2pa.C2paError, ValueError) as error:
            text = str(error)
    if sidecar is not None:
        return Credential("Damaged", failures=(text,))
    return _remains(path, None if text.startswith(("ManifestNotFound", "NotSupported")) else text)


def _remains(path: Path, why: str | None = None) -> Credential | None:
    """Return a Damaged credential when pieces of one lie in the file, else None: it is then merely unsigned."""
    if path.stat().st_size > _SCAN_LIMIT_BYTES:
        return None
    data = path.read_bytes()
    if data.startswith(_CARRIERS):
        return None
    if any(box in data for box in _BOXES):
        return Credential("Damaged", failures=(why or "its box can no longer be found by its name",))
    return None


def _told(store: dict, state: str | None) -> Credential:
    manifests = store.get("manifests") or {}
    active = manifests.get(store.get("active_manifest")) or {}
    results = (store.get("validation_results") or {}).get("activeManifest") or {}
    failures = tuple(dict.fromkeys(str(entry.get("code")) for entry in results.get("failure") or []))
    signature = active.get("signature_info") or {}
    actions = list(_actions(active))
    kinds = [str(action.get("digitalSourceType", "")).rsplit("/", 1)[-1] for action in actions]
    release = next((data for label, data in _assertions(active) if label == RELEASE_LABEL and isinstance(data, dict)), None)
    generator = (active.get("claim_generator_info") or [{}])[0]
    return Credential(
        state=state if state in ("Trusted", "Valid") else "Invalid",
        issuer=", ".join(str(signature[key]) for key in ("issuer", "common_name") if signature.get(key)),
        failures=tuple(code for code in failures if state == "Invalid" or code != "signingCredential.untrusted"),
        broken_sources=tuple(_broken(manifests)),
        is_ours=release is not None and generator.get("name") == GENERATOR,
        release=release or {},
        handle=_handle(active),
        regions=tuple(_regions(actions)),
        contains_ai=any(kind in _AI_TYPES for kind in kinds) if any(kinds) else None,
    )


def _assertions(manifest: dict) -> Iterator[tuple[str, Any]]:
    for assertion in manifest.get("assertions") or []:
        if isinstance(assertion, dict):
            yield str(assertion.get("label")), assertion.get("data")


def _actions(manifest: dict) -> Iterator[dict]:
    for label, data in _assertions(manifest):
        if label.startswith("c2pa.actions") and isinstance(data, dict):
            yield from (action for action in data.get("actions") or [] if isinstance(action, dict))


def _handle(manifest: dict) -> str | None:
    for label, data in _assertions(manifest):
        if label.startswith("c2pa.soft-binding") and isinstance(data, dict) and data.get("alg") == MARK_ALGORITHM:
            blocks = data.get("blocks") or [{}]
            value = blocks[0].get("value") if isinstance(blocks[0], dict) else None
            return value if isinstance(value, str) else None
    return None


def _regions(actions: list[dict]) -> Iterator[tuple[int, int, int, int]]:
    for action in actions:
        for change in action.get("changes") or []:
            for region in change.get("region") or []:
                shape = region.get("shape") or {}
                if shape.get("type") == "rectangle" and shape.get("unit") == "pixel":
                    origin = shape.get("origin") or {}
                    values = (origin.get("x"), origin.get("y"), shape.get("width"), shape.get("height"))
                    if all(isinstance(value, int | float) for value in values):
                        yield tuple(int(value) for value in values)  # type: ignore[misc,arg-type]


def _broken(manifests: dict) -> Iterator[str]:
    """Walk the ingredients of all generations: a parent broken before the child was signed does not make the child Invalid."""
    for manifest in manifests.values():
        for ingredient in (manifest or {}).get("ingredients") or []:
            results = (ingredient.get("validation_results") or {}).get("activeManifest") or {}
            codes = [str(entry.get("code")) for entry in results.get("failure") or []]
            codes += [str(entry.get("code")) for entry in ingredient.get("validation_status") or []]
            # A parent signed by a stranger is not broken.
            codes = [code for code in dict.fromkeys(codes) if code != "signingCredential.untrusted"]
            if codes:
                name = ingredient.get("title") or "without a name"
                yield f"its source {name} was already altered when it was used ({', '.join(codes)})"
