"""Reading Content Credentials: what a file's own credential says, and how far it can be believed."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from provenance import block_list
from provenance.credential_manifest import GENERATOR, MARK_ALGORITHM, RELEASE_LABEL
from provenance.credential_regions import Polygon, bounds
from provenance.credentials import ANY_BYTES, SIGNERS, credential_context
from provenance.media_types import is_too_large, sniff

# Tail of the UUIDs of C2PA's boxes: what is left of a credential that can no longer be parsed.
_BOX_TAIL = bytes.fromhex("00110010800000aa00389b71")
_BOXES = tuple(b"jumd" + kind + _BOX_TAIL for kind in (b"c2pa", b"c2ma", b"c2as", b"c2cl"))
_AI_TYPES = ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "compositeSynthetic")
# GLB, .blend (plain, zstd) and ZIP hold whole pictures, and a signed picture in them keeps its own credential.
_CARRIERS = (b"glTF", b"BLENDER", b"\x28\xb5\x2f\xfd", b"PK\x03\x04")
_SCAN_LIMIT_BYTES = 512 * 2**20
_FAR = 2**31       # no picture reaches as far
_EXPIRED, _STRANGE = "signingCredential.expired", "signingCredential.untrusted"


@dataclass(frozen=True)
class SignedWhen:
    """What a credential shows of time.

    Attributes:
        begins, ends: when the signing certificate is valid; None when not told.
        stamped: when an authority stamped the signature; None without a stamp that fits it.
        authority: who stamped it.
        is_trusted: whether that authority leads to a root that is believed here.
        serial: of the signing certificate, decimal; "" when not told.
    """

    begins: datetime.datetime | None = None
    ends: datetime.datetime | None = None
    stamped: datetime.datetime | None = None
    authority: str = ""
    is_trusted: bool = False
    serial: str = ""


@dataclass(frozen=True)
class Credential:
    """What a credential says.

    Attributes:
        state: "Trusted" (unchanged, a key of this machine), "Valid" (unchanged, a stranger's key), "Expired" (unchanged, but
            the certificate has ended and no time stamp shows that it signed before), "Invalid" (something was changed) or
            "Damaged" (it is there and cannot be parsed).
        issuer: organisation and name in the signing certificate.
        failures: codes of C2PA, such as "assertion.dataHash.mismatch".
        broken_sources: one sentence for each ingredient that was not intact when the file was signed.
        is_ours: True when it carries our own assertion.
        release: content of our own assertion, {} for strangers.
        handle: the watermark that it names, or None.
        regions: boxes (x, y, width, height) in pixels.
        contains_ai: True when an action names an AI source type, None when none names any.
        when: certificate's days and time stamp.
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
    when: SignedWhen = field(default_factory=SignedWhen)


def read_credential(
    path: Path, anchors: str | None, sidecar: bytes | None = None, tsa_roots: str = ""
) -> Credential | None:
    """Return the credential inside a file or in its sidecar, or None when there is none.

    Args:
        path: file to read; hostile content ends in a state, not in an error.
        anchors: root certificates, PEM, whose signatures count as Trusted.
        sidecar: bytes of NAME.c2pa, or None to look inside the file.
        tsa_roots: root certificates of time-stamping authorities, PEM.
    """
    with path.open("rb") as file:
        media_type = sniff(file.read(32))
        if sidecar is None and media_type is None:
            return _remains(path)
        import c2pa

        file.seek(0)
        try:
            kind = media_type if sidecar is None else ANY_BYTES
            context = credential_context(anchors, tsa_roots)
            with c2pa.Reader(kind, file, manifest_data=sidecar, context=context) as reader:
                return _told(json.loads(reader.json()), reader.get_validation_state(), json.loads(reader.crjson()))
        except (c2pa.C2paError, ValueError) as error:
            text = str(error)
    if sidecar is not None:
        return Credential("Damaged", failures=(text,))
    return _remains(path, None if text.startswith(("ManifestNotFound", "NotSupported")) else text)


def read_sidecar(path: Path, sidecar: bytes, anchors: str | None, tsa_roots: str = "") -> Credential | None:
    """Return what NAME.c2pa says of a file: of its bytes, or of the list of its blocks that lies beside it.

    Returns: Credential, "Invalid" when a block is not as listed; None for a file too large to be judged without its list.
    """
    listed, is_large = block_list.beside(path), is_too_large(path.stat().st_size)
    if listed.is_file() and listed.stat().st_size <= block_list.LIMIT_BYTES:
        found = read_credential(listed, anchors, sidecar, tsa_roots)
        # a list that somebody laid beside a file whose sidecar signs the file itself says nothing
        if found is not None and (is_large or found.state not in ("Invalid", "Damaged")):
            try:
                differing = block_list.differing_blocks(path, listed.read_bytes())
            except block_list.BlockListError as error:
                return replace(found, state="Invalid", failures=(*found.failures, str(error)))
            if not differing:
                return found
            places = ", ".join(str(number + 1) for number in differing[:8]) + (", …" if len(differing) > 8 else "")
            why = f"block {places} of {block_list.BLOCK_BYTES // 2**20} MiB differs from the signed list"
            return replace(found, state="Invalid", failures=(*found.failures, why))
    return None if is_large else read_credential(path, anchors, sidecar, tsa_roots)


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


def _told(store: dict, state: str | None, detailed: dict) -> Credential:
    manifests = store.get("manifests") or {}
    active = manifests.get(store.get("active_manifest")) or {}
    validation = store.get("validation_results") or {}
    results = validation.get("activeManifest") or {}
    failures = tuple(dict.fromkeys(str(entry.get("code")) for entry in results.get("failure") or []))
    if state == "Trusted" and validation.get("trustListUri") != SIGNERS:
        state = "Valid"     # a root of time-stamping authorities vouches for time, not for signers
    if state not in ("Trusted", "Valid"):
        state = "Expired" if _EXPIRED in failures and not set(failures) - {_EXPIRED, _STRANGE} else "Invalid"
    signature = active.get("signature_info") or {}
    actions = list(_actions(active))
    kinds = [str(action.get("digitalSourceType", "")).rsplit("/", 1)[-1] for action in actions]
    release = next((data for label, data in _assertions(active) if label == RELEASE_LABEL and isinstance(data, dict)), None)
    generator = (active.get("claim_generator_info") or [{}])[0]
    return Credential(
        state=state,
        issuer=", ".join(str(signature[key]) for key in ("issuer", "common_name") if signature.get(key)),
        failures=tuple(code for code in failures if state == "Invalid" or code != _STRANGE),
        broken_sources=tuple(_broken(manifests)),
        is_ours=release is not None and generator.get("name") == GENERATOR,
        release=release or {},
        handle=_handle(active),
        regions=tuple(_regions(actions)),
        contains_ai=any(kind in _AI_TYPES for kind in kinds) if any(kinds) else None,
        when=replace(
            _when(detailed, store.get("active_manifest"), results), serial=str(signature.get("cert_serial_number") or "")
        ),
    )


def _when(detailed: dict, label: Any, results: dict) -> SignedWhen:
    found = next((one for one in detailed.get("manifests") or [] if isinstance(one, dict) and one.get("label") == label), {})
    signature = found.get("signature") or {}
    valid = (signature.get("certificateInfo") or {}).get("validity") or {}
    stamp = signature.get("timeStampInfo") or {}
    subject = (stamp.get("certificateInfo") or {}).get("subject") or {}
    codes = [str(entry.get("code")) for entry in results.get("success") or []]
    fits = "timeStamp.validated" in codes
    return SignedWhen(
        begins=_moment(valid.get("notBefore")),
        ends=_moment(valid.get("notAfter")),
        stamped=_moment(stamp.get("timestamp")) if fits else None,
        authority=", ".join(str(subject[key]) for key in ("O", "CN") if subject.get(key)),
        is_trusted=fits and "timeStamp.trusted" in codes,
    )


def _moment(text: Any) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromisoformat(str(text)).astimezone(datetime.UTC)
    except (ValueError, OverflowError):
        return None


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
    """Yield the boxes around all regions in pixels, rectangles and polygons alike."""
    for action in actions:
        for change in action.get("changes") or []:
            for region in change.get("region") or []:
                shape = region.get("shape") or {}
                corners = _polygon(shape) if shape.get("unit") == "pixel" else ()
                if corners:
                    yield bounds(corners)


def _polygon(shape: dict) -> Polygon:
    """Return a shape's corners; () when it is none that is known, or holds no numbers."""
    origin = shape.get("origin") or {}
    if shape.get("type") == "rectangle":
        x, y, width, height = map(_number, (origin.get("x"), origin.get("y"), shape.get("width"), shape.get("height")))
        if x is None or y is None or width is None or height is None:
            return ()
        return ((x, y), (x + width, y + height))
    vertices = shape.get("vertices") if shape.get("type") == "polygon" else []
    found = []
    for vertex in vertices or []:
        x, y = (_number(vertex.get(axis)) for axis in "xy") if isinstance(vertex, dict) else (None, None)
        if x is None or y is None:
            return ()
        found.append((x, y))
    return tuple(found)


def _number(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and abs(value) < _FAR else None


def _broken(manifests: dict) -> Iterator[str]:
    """Walk the ingredients of all generations: a parent broken before the child was signed does not make the child Invalid."""
    for manifest in manifests.values():
        for ingredient in (manifest or {}).get("ingredients") or []:
            results = (ingredient.get("validation_results") or {}).get("activeManifest") or {}
            codes = [str(entry.get("code")) for entry in results.get("failure") or []]
            codes += [str(entry.get("code")) for entry in ingredient.get("validation_status") or []]
            # A parent signed by a stranger is not broken.
            codes = [code for code in dict.fromkeys(codes) if code != _STRANGE]
            if codes:
                name = ingredient.get("title") or "without a name"
                yield f"its source {name} was already altered when it was used ({', '.join(codes)})"
