"""The Record: one canonical JSON that says what was made, from what, with what, and how it can be recognised."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from provenance import dsse
from provenance.commitments import check_salts, public_form, with_salts
from provenance.errors import RecordError

if TYPE_CHECKING:
    from provenance.draft import Draft
    from provenance.log.note import NoteSigner

SCHEMA = "anastylosis.record/1"
LEAF_SCHEMA = "anastylosis.leaf/2"
NAME = "record.json"
PROOF_NAME = "record.tlog-proof"
STAMP_NAME = "record.tsr"
BLOCK_LIST_ENDING = ".blocks.json"     # see block_list.py
LIMIT_BYTES = 32 * 2**20
LEAF_DIGESTS = 900       # 64 digits each; a leaf of the log holds 65,535 bytes
_SOFTWARE = ("anastylosis", "c2pa-python", "numpy", "opencv-python-headless", "pillow", "tifffile", "torch", "diffusers", "bpy")


@dataclass(frozen=True)
class Output:
    """One file of a Release as the Record tells it.

    Attributes:
        name, media_type, role: as in the Draft.
        sha256: digest of the finished file, credential included.
        contains_ai: whether a model made any of it.
        digital_source_type: URI of IPTC's vocabulary; None for Documents.
        ai: {"share", "regions" [[x, y, width, height] px], "mask_sha256"} or None.
        watermark: {"scheme", "handle", "key"} or {"reason"}; None when no model touched the picture.
        fingerprint: 16 hexadecimal digits, or None; in the Record also as "iscc", `ISCC:…` (ISO 24138).
        credential: {"kind": "embedded"} or {"kind": "sidecar", "name", "sha256"}, or None; with "stamped" (RFC 3339) when an
            authority stamped the signature, with "blocks_sha256" when the sidecar signs NAME.blocks.json, the file's blocks.
        untouched: {"scheme", "tile_px", "tiles", "pixels", "root", "equals_source"} for restorations, or None.
    """

    name: str
    media_type: str
    role: str
    sha256: str
    contains_ai: bool
    digital_source_type: str | None = None
    ai: dict | None = None
    watermark: dict | None = None
    fingerprint: str | None = None
    credential: dict | None = None
    untouched: dict | None = None


def canonical(value: Any) -> bytes:
    """Return `value` as JSON that has only one spelling: keys sorted, no spaces, UTF-8, no NaN.

    Raises: RecordError for anything that JSON cannot carry exactly.
    """
    try:
        _check_keys(value, "")
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise RecordError(f"a value cannot be written as JSON: {error}") from error


def digest(data: bytes) -> str:
    """Return the SHA-256 as 64 hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def identity(data: bytes) -> str:
    """Return the digest by which a Record is known: that of its public form, which forgetting does not change."""
    return digest(public_bytes(data))


def public_bytes(data: bytes) -> bytes:
    """Return a Record's public form, which log and time stamp commit to; what is no Record comes back as it is."""
    try:
        record = json.loads(data)
        is_salted = isinstance(record, dict) and "salts" in record
        return canonical(public_form(record)) if is_salted else data
    except (ValueError, RecursionError, RecordError):
        return data


def sealed(record: dict, signer: NoteSigner) -> dict:
    """Return a Record with a salt for each personal field, signed by the log's key; see `commitments.py` and `dsse.py`."""
    return dsse.signed(with_salts(record), signer)


def signature_fault(record: dict) -> str | None:
    """Return what is wrong with a Record's signature by the log that it names; None when it holds, or there is none."""
    key = record["log"].get("key")
    return dsse.fault(record, [key] if isinstance(key, str) else [])


def build(
    draft: Draft,
    outputs: list[Output],
    *,
    identity: str,
    made: str,
    log_origin: str,
    log_key: str,
    signing: dict | None = None,
) -> dict:
    """Return the Record of a Draft whose files are finished.

    Args:
        identity: UUID, which the credentials name too.
        made: RFC 3339, UTC.
        log_origin, log_key: name and verifier key of the log that its leaf goes to.
        signing: {"certificate", "time_stamp", "outlook"}: what will be left of the signatures when the certificate ends.
    """
    return {
        "schema": SCHEMA,
        "id": identity,
        "made": made,
        "operation": draft.operation,
        "request": draft.request,
        "request_sha256": digest(canonical(draft.request)),
        "model": draft.model,
        "sources": [
            {"role": note.role, "name": note.name, "sha256": note.sha256, "media_type": note.media_type, "rights": note.rights}
            for note in draft.sources
        ],
        "outputs": [asdict(output) | {"iscc": _iscc(output.fingerprint)} for output in outputs],
        "levels": draft.levels,
        "assumptions": list(draft.assumptions),
        "findings": draft.findings,
        "software": software(),
        "machine": {"system": platform.system(), "architecture": platform.machine()},
        "signing": signing,
        "log": {"origin": log_origin, "key": log_key},
    }


def _iscc(fingerprint: str | None) -> str | None:
    from provenance.fingerprint import iscc_of  # here, since it loads OpenCV, which reading a Record does not need

    return iscc_of(fingerprint) if fingerprint else None


def software() -> dict[str, str]:
    """Return the versions of what took part, as far as it is installed; imports none of it."""
    versions = {"python": platform.python_version()}
    for name in _SOFTWARE:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def parse(data: bytes) -> dict:
    """Return a Record from its bytes. Raises: RecordError when they are not a Record, or not spelled canonically."""
    if len(data) > LIMIT_BYTES:
        raise RecordError(f"it has {len(data):,} bytes, more than a Record ever has")
    try:
        record = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise RecordError("it is not JSON") from error
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        raise RecordError(f"it is not a Record of the schema {SCHEMA}")
    outputs, sources = record.get("outputs"), record.get("sources")
    if not isinstance(outputs, list) or not all(_is_output(output) for output in outputs):
        raise RecordError("its outputs cannot be read")
    if not isinstance(sources, list) or not all(isinstance(source, dict) for source in sources):
        raise RecordError("its sources cannot be read")
    texts = [record.get(key) for key in ("id", "made", "operation")]
    if not all(isinstance(text, str) for text in texts) or not isinstance(record.get("log"), dict):
        raise RecordError("it has no id, time or operation, or names no log")
    check_salts(record)
    if canonical(record) != data:
        raise RecordError("it is not spelled canonically, so it was edited")
    return record


def leaf_entry(record_bytes: bytes, record: dict) -> bytes:
    """Return what goes into the log for a Release: what was done and when, the Record's identity, and each file's digest."""
    outputs = [output["sha256"] for output in record["outputs"]]
    said = {"made": record["made"], "operation": record["operation"]}
    leaf: dict = {"schema": LEAF_SCHEMA, "record": identity(record_bytes), **said}
    if len(outputs) <= LEAF_DIGESTS:
        leaf["outputs"] = outputs
    else:  # a film's frames: the Record holds them one by one
        leaf["outputs_sha256"] = digest(canonical(outputs))
    return canonical(leaf)


def withdrawn_entry(record_bytes: bytes) -> bytes:
    """Return what goes into the log when a sealed Release could not be moved to where it was wanted."""
    return canonical({"schema": LEAF_SCHEMA, "withdrawn": identity(record_bytes)})


def stamped_by(record: dict) -> str | None:
    """Return the URL of the authority that stamped a Record, as it says itself; None when there was none."""
    note = (_part(record, "signing")).get("time_stamp")
    url = note.get("tsa") if isinstance(note, dict) else None
    return url if isinstance(url, str) else None


def certificate_fingerprint(record: dict) -> str | None:
    """Return 16 hexadecimal digits that name the certificate which signed the files; None when none did."""
    found = _part(_part(record, "signing"), "certificate").get("fingerprint")
    return found if isinstance(found, str) else None


def certificate_ends(record: dict) -> str | None:
    """Return when the certificate that signed the files ends, as the Record says; None when it does not say."""
    ends = _part(_part(record, "signing"), "certificate").get("ends")
    return ends if isinstance(ends, str) else None


def _part(value: dict, key: str) -> dict:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def output_with(record: dict, sha256: str) -> dict | None:
    """Return the output of a Record that has this digest, its sidecar's or its list of blocks' included."""
    for output in record["outputs"]:
        credential = output.get("credential") or {}
        if sha256 in (output["sha256"], credential.get("sha256"), credential.get("blocks_sha256")):
            return output
    return None


def output_named(record: dict, name: str) -> dict | None:
    """Return the output of a Record that has this file name."""
    return next((output for output in record["outputs"] if output["name"] == name), None)


def _is_output(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(key), str) for key in ("name", "sha256", "media_type", "role"))
        and isinstance(value.get("contains_ai"), bool)
        and all(isinstance(value.get(key) or {}, dict) for key in ("ai", "watermark", "credential", "untouched"))
        and isinstance(value.get("fingerprint") or "", str)
        and (value.get("ai") is None or _is_ai_note(value["ai"]))
    )


def _is_ai_note(value: dict) -> bool:
    regions = value.get("regions")
    return (
        isinstance(value.get("share"), int | float)
        and isinstance(regions, list)
        and all(isinstance(box, list) and len(box) == 4 and all(type(edge) is int for edge in box) for box in regions)
    )


def _check_keys(value: Any, place: str) -> None:
    """Refuse keys that are not text, which `json` would silently rename."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise RecordError(f"the key {key!r} at “{place or 'the top'}” is not text")
            _check_keys(inner, f"{place}.{key}".lstrip("."))
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_keys(inner, place)
