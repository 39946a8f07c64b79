"""Any file in, Verdict out. Starts light: decoders, OpenCV and the credential library are loaded only when needed."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from provenance import record as records
from provenance.archive import Archive
from provenance.errors import RecordError, UnreadableFileError
from provenance.home import Home
from provenance.keys import anchors
from provenance.standing import Standing, standing
from provenance.verdict import Verdict

if TYPE_CHECKING:
    from provenance.credential_reading import Credential

__all__ = ["Verdict", "verify", "verify_folder"]

SIDECAR_LIMIT_BYTES = 64 * 2**20


def verify_folder(path: Path, home: Home) -> list[Verdict]:
    """Verify every file below a folder; see `provenance.walk`."""
    from provenance.walk import walk

    return walk(Path(path), home)


def verify(path: Path, home: Home) -> Verdict:
    """Say what is known of a file of any kind.

    Args:
        path: the file; hostile content ends in a Verdict, never in an error.
        home: whose keys, log and Records are asked; an empty one makes every signer a stranger. Nothing is made in it.
    Raises: UnreadableFileError when there is no such file or it may not be read.
    """
    path = Path(path)
    case = _Case(path, home, *_read(path))
    if case.size == 0:
        return Verdict(path, "unknown", ("the file is empty",))
    if path.name in (records.NAME, records.PROOF_NAME) and (path.parent / records.NAME).is_file():
        return _verify_record(case)
    credential, sidecar_digest = _credential(path, home)
    # 1. Bit for bit a file of a Record?
    for found in case.records_with_digest():
        verdict = _sealed(case, found, credential, sidecar_digest)
        if verdict is not None:
            return verdict
    # 2. Sealed once, and changed?
    verdict = _changed(case, credential)
    if verdict is not None:
        return verdict
    # 3. A copy without its credential?
    return _without_record(case, credential)


@dataclass(frozen=True)
class _Found:
    """A Record, and where it came from: `folder` when it lies beside the file."""

    data: bytes
    record: dict
    folder: Path | None


@dataclass(frozen=True)
class _Case:
    path: Path
    home: Home
    size: int
    digest: str

    @property
    def archive(self) -> Archive:
        return Archive(self.home.records)

    @cached_property
    def beside(self) -> _Found | None:
        """The Record in the file's own folder, if it can be read."""
        path = self.path.parent / records.NAME
        try:
            data = path.read_bytes() if path.stat().st_size <= records.LIMIT_BYTES else b""
            return _Found(data, records.parse(data), self.path.parent)
        except (OSError, RecordError):
            return None

    def records_with_digest(self) -> Iterator[_Found]:
        """Yield the Records that list this file's digest: the one beside it, then the archive's."""
        near = self.beside
        if near is not None and records.output_with(near.record, self.digest) is not None:
            yield near
        yield from self._archived("output", self.digest)

    def record_with_id(self, identity: object) -> _Found | None:
        """Return the Record that a credential names."""
        near = self.beside
        if near is not None and near.record["id"] == identity:
            return near
        return next(self._archived("id", identity), None) if isinstance(identity, str) else None

    def _archived(self, way: str, key: str) -> Iterator[_Found]:
        for digest in self.archive.leading(way, key):
            loaded = self.archive.load(digest)
            if loaded is not None:
                yield _Found(*loaded, None)

    def is_known_otherwise(self, found: _Found) -> bool:
        """Return whether this machine keeps a Record of the same id with other bytes: the one at hand was edited."""
        return any(digest != records.digest(found.data) for digest in self.archive.leading("id", found.record["id"]))

    def standing(self, found: _Found) -> Standing:
        """Return where a Record stands in a log."""
        return standing(found.data, found.record, self.home, found.folder)


def _read(path: Path) -> tuple[int, str]:
    try:
        if path.exists() and not path.is_file():
            raise OSError(errno.EINVAL, "it is a folder" if path.is_dir() else "it is not a file")   # a pipe would never end
        with path.open("rb") as file:
            return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        why = error.strerror or str(error)
        raise UnreadableFileError(f"{path} cannot be verified: {why}. Name a file that you may read.") from error


def _credential(path: Path, home: Home) -> tuple[Credential | None, str | None]:
    """Return what the file's own credential says, else its sidecar's, and the sidecar's digest."""
    from provenance.credential_reading import read_credential

    found = read_credential(path, anchors(home.keys))
    beside = path.with_name(f"{path.name}.c2pa")
    if found is not None or not beside.is_file() or beside.stat().st_size > SIDECAR_LIMIT_BYTES:
        return found, None
    sidecar = beside.read_bytes()
    return read_credential(path, anchors(home.keys), sidecar), records.digest(sidecar)


def _sealed(case: _Case, found: _Found, credential: Credential | None, sidecar_digest: str | None) -> Verdict | None:
    """Decide on a file whose digest stands in a Record; None when that Record proves nothing and the next is to be asked."""
    output = records.output_with(found.record, case.digest)
    place = case.standing(found)
    if output is None or place.leaf is None:
        return None
    if place.is_withdrawn:
        return _verdict(case, "unknown", (place.reason,), found, place, output, credential, "digest")
    expected = output.get("credential") or {}
    is_sidecar_itself = output["sha256"] != case.digest
    reasons = [f"its bytes are those of {output['name']}, sealed {found.record['made']}", place.reason]
    if not place.is_ours and (credential is None or credential.state != "Valid"):
        # Anybody can write a Record and a log of their own: without a signature on the file they vouch for nothing.
        return None
    if expected and not is_sidecar_itself:
        if sidecar_digest is not None and sidecar_digest != expected.get("sha256"):
            why = "its sidecar is not the one that was sealed"
            return _verdict(case, "altered", (why,), found, place, output, credential, "digest")
        if credential is None:
            if expected.get("kind") == "sidecar":
                reasons.append(f"{expected.get('name')} is not beside it")
        elif credential.state not in ("Trusted", "Valid"):
            if set(credential.failures) != {"signingCredential.expired"}:
                why = f"its credential does not hold ({', '.join(credential.failures)})"
                return _verdict(case, "altered", (why,), found, place, output, credential, "digest")
            reasons.append("its certificate has expired since")
    if credential is not None:
        reasons += credential.broken_sources
    if (output.get("untouched") or {}).get("equals_source") is True:
        reasons.append("every pixel outside the AI regions is the source's")
    return _verdict(case, "intact", tuple(reasons), found, place, output, credential, "digest")


def _changed(case: _Case, credential: Credential | None) -> Verdict | None:
    """Decide on a file that was sealed and is not any more what it was; None when nothing says that it was."""
    near = case.beside
    if near is not None:
        listed = records.output_with(near.record, case.digest) or records.output_named(near.record, case.path.name)
        if listed is not None:
            place = case.standing(near)
            if listed["name"] == case.path.name and listed["sha256"] != case.digest:
                why = f"its bytes are not those that {records.NAME} beside it lists"
            elif place.is_ours or case.is_known_otherwise(near) or (credential is not None and credential.state == "Trusted"):
                why = f"{records.NAME} beside it lists it, but {place.reason}"
            else:
                why = f"{records.NAME} beside it lists it, but {place.reason}"
                return _verdict(case, "unknown", (why,), near, place, listed, credential, "digest")
            also = () if credential is None or credential.state == "Trusted" else _of_credential(credential)
            return _verdict(case, "altered", (why, *also), near, place, listed, credential, "name")
    if credential is None:
        return None
    found = case.record_with_id((credential.release or {}).get("id")) if credential.is_ours else None
    if credential.state in ("Invalid", "Damaged"):
        why = f"its credential does not hold ({', '.join(credential.failures) or 'changed'})"
    elif found is not None:
        why = "its signature holds, but its bytes are not those of its Record: something outside the signed part was changed"
    else:
        return None
    if found is None:
        return Verdict(
            case.path, "altered", (why,), _signer(credential), contains_ai=credential.contains_ai, regions=credential.regions
        )
    output = records.output_named(found.record, case.path.name)
    return _verdict(case, "altered", (why,), found, case.standing(found), output, credential, "credential")


def _without_record(case: _Case, credential: Credential | None) -> Verdict:
    """Decide on a file that no Record lists: look at its pixels, then say what it claims of itself."""
    from provenance.recover import describe_source, recover

    reasons = list(_of_credential(credential))
    source = describe_source(case.digest, case.archive)
    if source is not None:
        return Verdict(case.path, "unknown", (source, *reasons), _signer(credential), contains_ai=_said(credential))
    recovery = recover(case.path, case.home)
    if recovery.record is not None and recovery.record_bytes is not None:
        found = _Found(recovery.record_bytes, recovery.record, None)
        place = case.standing(found)
        if place.leaf is not None and not place.is_withdrawn:
            everything = (*recovery.reasons, place.reason, *reasons)
            verdict = _verdict(case, "recovered", everything, found, place, recovery.output, credential, recovery.layer)
            if recovery.layer == "watermark":
                return verdict
            # It may as well be a copy of the untouched source.
            return replace(verdict, ai_share=None, contains_ai=None, regions=())
        reasons.append(f"a Record was found by its {recovery.layer}, but {place.reason}")
    reasons += recovery.reasons
    reasons += _metadata_claims(case.path)
    if credential is None:
        reasons.insert(0, "no credential and no Record was found")
    is_marked = recovery.layer == "watermark"
    return Verdict(
        case.path,
        "unknown",
        tuple(reasons),
        _signer(credential),
        contains_ai=True if is_marked else _said(credential),
        regions=credential.regions if credential else (),
    )


def _verify_record(case: _Case) -> Verdict:
    """Decide on record.json, or on the proof beside it, themselves."""
    path = case.path.parent / records.NAME
    found = case.beside
    if found is None:
        return Verdict(case.path, "altered", (f"{path.name} cannot be read as a Record: it was edited or cut off",))
    place = case.standing(found)
    if place.leaf is not None:
        state = "unknown" if place.is_withdrawn or not place.is_ours else "intact"
        return Verdict(case.path, state, (place.reason,), _log_name(found, place), found.record, place.leaf, contains_ai=False)
    has_proof = (path.parent / records.PROOF_NAME).is_file()
    state = "altered" if has_proof or case.is_known_otherwise(found) else "unknown"
    return Verdict(case.path, state, (place.reason,), record=found.record, contains_ai=False)


def _verdict(
    case: _Case,
    state: str,
    reasons: tuple[str, ...],
    found: _Found,
    place: Standing,
    output: dict | None,
    credential: Credential | None,
    found_by: str | None,
) -> Verdict:
    ai = (output or {}).get("ai") or {}
    regions = tuple(tuple(box) for box in ai.get("regions") or [])
    contains_ai = output["contains_ai"] if output is not None else _said(credential)
    share = ai.get("share")
    if output is not None and not output["contains_ai"]:
        share = 0.0 if output["media_type"].startswith("image/") else None
    signer = _signer(credential) or _log_name(found, place)
    return Verdict(case.path, state, reasons, signer, found.record, place.leaf, share, contains_ai, regions, found_by)


def _signer(credential: Credential | None) -> str:
    if credential is None or not credential.issuer:
        return ""
    known = {"Trusted": "known to this machine, not publicly trusted", "Valid": "not known to this machine"}
    return f"{credential.issuer} ({known.get(credential.state, 'the signature does not hold')})"


def _log_name(found: _Found, place: Standing) -> str:
    if place.leaf is None:
        return ""
    known = "known to this machine, not publicly trusted" if place.is_ours else "not known to this machine"
    return f"log {found.record['log'].get('origin')} ({known})"


def _of_credential(credential: Credential | None) -> tuple[str, ...]:
    if credential is None:
        return ()
    if credential.state == "Trusted":
        return ("signed by this machine, but its Record is not kept here", *credential.broken_sources)
    if credential.state == "Valid":
        stranger = f"unchanged since it was signed by {credential.issuer}, whom this machine does not know"
        return (stranger, *credential.broken_sources)
    return (f"its credential does not hold ({', '.join(credential.failures) or 'changed'})", *credential.broken_sources)


def _said(credential: Credential | None) -> bool | None:
    return credential.contains_ai if credential is not None else None


def _metadata_claims(path: Path) -> list[str]:
    """Return what the XMP says about AI: worth telling, proof of nothing."""
    from provenance.metadata import SOURCE_TYPES, find, read

    with path.open("rb") as file:
        packet = find(file.read(64 * 2**20))
    statement = read(packet) if packet is not None else None
    if statement is None or not statement.digital_source_type:
        return []
    kind = statement.digital_source_type.removeprefix(SOURCE_TYPES)
    return [f"its metadata says “{kind[:80]}”, which nothing proves"]
