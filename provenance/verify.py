"""Any file in, Verdict out. Starts light: decoders, OpenCV and the credential library are loaded only when needed."""

from __future__ import annotations

import datetime
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
from provenance.standing import Standing, proof_fault, standing
from provenance.timestamp_evidence import RecordStamp, compromise, judge, record_stamp
from provenance.verdict import Verdict
from provenance.verdict_words import credential_words, log_words, metadata_words, said_of_ai, signer_words

if TYPE_CHECKING:
    from provenance.credential_reading import Credential

__all__ = ["Verdict", "verify", "verify_folder"]

SIDECAR_LIMIT_BYTES = 64 * 2**20


def verify_folder(path: Path, home: Home, at: datetime.datetime | None = None) -> list[Verdict]:
    """Verify every file below a folder or in a bundle; see `provenance.walk`."""
    from provenance.walk import walk

    return walk(Path(path), home, at)


def verify(path: Path, home: Home, at: datetime.datetime | None = None) -> Verdict:
    """Say what is known of a file of any kind.

    Args:
        path: the file; hostile content ends in a Verdict, never in an error.
        home: whose keys, log and Records are asked; an empty one makes every signer a stranger. Nothing is made in it.
        at: judge at this date (UTC) instead of now, with the time stamps at hand: a past date asks whether the file existed
            then, a coming one whether its signature will still hold.
    Raises: UnreadableFileError when there is no such file or it may not be read.
    """
    path = Path(path)
    case = _Case(path, home, *_read(path), at)
    if case.size == 0:
        return _dated(case, Verdict(path, "unknown", ("the file is empty",)), None, None)
    if path.name in (records.NAME, records.PROOF_NAME, records.STAMP_NAME) and (path.parent / records.NAME).is_file():
        return _verify_record(case)
    credential, sidecar_digest = _credential(path, home)
    # 1. Bit for bit a file of a Record?
    for found in case.records_with_digest():
        verdict = _sealed(case, found, credential, sidecar_digest)
        if verdict is not None:
            return _exchanged(case, found, verdict)
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
    at: datetime.datetime | None = None

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
        return any(digest != records.identity(found.data) for digest in self.archive.leading("id", found.record["id"]))

    def stamp(self, found: _Found) -> RecordStamp:
        """Return the time stamp of a Record."""
        return record_stamp(found.data, self.home, found.folder)

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
    from provenance.credential_reading import read_credential, read_sidecar
    from provenance.media_types import is_too_large
    from provenance.timestamp_authority import roots

    known = {"anchors": anchors(home.keys), "tsa_roots": roots(home)}
    # a list of blocks is what its file's sidecar signs
    beside = path.with_name(f"{path.name.removesuffix(records.BLOCK_LIST_ENDING)}.c2pa")
    has_sidecar = beside.is_file() and beside.stat().st_size <= SIDECAR_LIMIT_BYTES
    # the library would hold all of a large TIFF in memory to look for what lies beside it
    found = None if has_sidecar and is_too_large(path.stat().st_size) else read_credential(path, **known)
    if found is not None or not has_sidecar:
        return found, None
    sidecar = beside.read_bytes()
    return read_sidecar(path, sidecar, **known), records.digest(sidecar)


def _sealed(case: _Case, found: _Found, credential: Credential | None, sidecar_digest: str | None) -> Verdict | None:
    """Decide on a file whose digest stands in a Record; None when that Record proves nothing and the next is to be asked."""
    output = records.output_with(found.record, case.digest)
    place = case.standing(found)
    if output is None or place.leaf is None:
        return None
    if place.is_withdrawn:
        return _verdict(case, "unknown", (place.reason,), found, place, output, credential, "digest")
    fault = records.signature_fault(found.record)
    if fault is not None:
        return _verdict(case, "altered", (f"of its Record, {fault}",), found, place, output, credential, "digest")
    expected = output.get("credential") or {}
    is_sidecar_itself = output["sha256"] != case.digest
    reasons = [f"its bytes are those of {output['name']}, sealed {found.record['made']}", place.reason]
    if not place.is_ours and (credential is None or credential.state != "Valid"):
        # Anybody can write a Record and a log of their own: without a signature on the file they vouch for nothing.
        return None
    if expected and not is_sidecar_itself:
        if sidecar_digest is not None and sidecar_digest != expected.get("sha256"):
            why = f"its sidecar {case.path.name}.c2pa is not the one that was sealed"
            return _verdict(case, "altered", (why,), found, place, output, credential, "digest")
        if credential is None:
            if expected.get("kind") == "sidecar":
                missing = expected.get("name") if sidecar_digest is None else f"{output['name']}{records.BLOCK_LIST_ENDING}"
                reasons.append(f"{missing} is not beside it")
        elif credential.state not in ("Trusted", "Valid", "Expired"):
            why = f"its credential does not hold ({', '.join(credential.failures)})"
            return _verdict(case, "altered", (why,), found, place, output, credential, "digest")
    if credential is not None:
        reasons += credential.broken_sources
    if (output.get("untouched") or {}).get("equals_source") is True:
        reasons.append("every pixel outside the AI regions is the source's")
    return _verdict(case, "intact", tuple(reasons), found, place, output, credential, "digest")


def _exchanged(case: _Case, found: _Found, verdict: Verdict) -> Verdict:
    """Tell a sealed file that took the place of another: the Record beside it lists other bytes under its name."""
    listed = records.output_named(case.beside.record, case.path.name) if case.beside is not None else None
    if verdict.state != "intact" or found is case.beside or listed is None or listed["sha256"] == case.digest:
        return verdict
    why = f"{records.NAME} beside it lists other bytes under this name: one sealed file was put in the place of another"
    return replace(verdict, state="altered", reasons=(why, *verdict.reasons))


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
            also = () if credential is None or credential.state == "Trusted" else credential_words(credential)
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
        signer, ai, regions = signer_words(credential), credential.contains_ai, credential.regions
        verdict = Verdict(case.path, "altered", (why,), signer, contains_ai=ai, regions=regions)
        return _dated(case, verdict, credential, None)
    output = records.output_named(found.record, case.path.name)
    return _verdict(case, "altered", (why,), found, case.standing(found), output, credential, "credential")


def _without_record(case: _Case, credential: Credential | None) -> Verdict:
    """Decide on a file that no Record lists: look at its pixels, then say what it claims of itself."""
    from provenance.recover import describe_source, recover

    reasons = list(credential_words(credential))
    source = describe_source(case.digest, case.archive)
    if source is not None:
        signer, ai = signer_words(credential), said_of_ai(credential)
        verdict = Verdict(case.path, "unknown", (source, *reasons), signer, contains_ai=ai)
        return _dated(case, verdict, credential, None)
    recovery = recover(case.path, case.home)
    if recovery.record is not None and recovery.record_bytes is not None:
        found = _Found(recovery.record_bytes, recovery.record, None)
        place = case.standing(found)
        if place.leaf is not None and not place.is_withdrawn:
            everything = (*recovery.reasons, place.reason, *reasons)
            verdict = _verdict(case, "recovered", everything, found, place, recovery.output, credential, recovery.layer)
            verdict = replace(verdict, match=recovery.match, recovery=recovery)
            if recovery.layer == "watermark":
                return verdict
            # It may as well be a copy of the untouched source.
            return replace(verdict, ai_share=None, contains_ai=None, regions=())
        reasons.append(f"a Record was found by its {recovery.layer}, but {place.reason}")
    reasons += recovery.reasons
    reasons += metadata_words(case.path)
    if credential is None:
        reasons.insert(0, "no credential and no Record was found")
    is_marked = recovery.layer == "watermark"
    verdict = Verdict(
        case.path,
        "unknown",
        tuple(reasons),
        signer_words(credential),
        contains_ai=True if is_marked else said_of_ai(credential),
        regions=credential.regions if credential else (),
        match=recovery.match,
        recovery=recovery,
    )
    return _dated(case, verdict, credential, None)


def _verify_record(case: _Case) -> Verdict:
    """Decide on record.json, or on the proof or the time stamp beside it, themselves."""
    path = case.path.parent / records.NAME
    found = case.beside
    if found is None:
        return Verdict(case.path, "altered", (f"{path.name} cannot be read as a Record: it was edited or cut off",))
    place = case.standing(found)
    if place.leaf is not None:
        state = "unknown" if place.is_withdrawn or not place.is_ours else "intact"
        fault = proof_fault(found.data, found.record, case.home, path.parent) or case.stamp(found).trouble
        fault = fault or records.signature_fault(found.record)
        reasons = (place.reason,)
        if fault and place.is_ours:
            state, reasons = "altered", (fault, place.reason)
        signer = log_words(found.record, place)
        verdict = Verdict(case.path, state, reasons, signer, found.record, place.leaf, contains_ai=False)
    else:
        has_proof = (path.parent / records.PROOF_NAME).is_file()
        state = "altered" if has_proof or case.is_known_otherwise(found) else "unknown"
        verdict = Verdict(case.path, state, (place.reason,), record=found.record, contains_ai=False)
    return _dated(case, verdict, None, found)


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
    contains_ai = output["contains_ai"] if output is not None else said_of_ai(credential)
    share = ai.get("share")
    if output is not None and not output["contains_ai"]:
        share = 0.0 if output["media_type"].startswith("image/") else None
    signer = signer_words(credential) or log_words(found.record, place)
    verdict = Verdict(case.path, state, reasons, signer, found.record, place.leaf, share, contains_ai, regions, found_by)
    if state == "recovered":    # by its pixels: no signature is relied on
        return _dated(case, verdict, None, found, is_signed=False)
    return _dated(case, verdict, credential, found, is_signed=bool((output or {}).get("credential")))


def _dated(
    case: _Case, verdict: Verdict, credential: Credential | None, found: _Found | None, *, is_signed: bool = True
) -> Verdict:
    """Add what time does to a verdict: what was intact or recovered becomes unknown where the signature holds no longer."""
    stamp = case.stamp(found) if found is not None else RecordStamp()
    is_whole = verdict.state in ("intact", "recovered")
    ends = records.certificate_ends(found.record) if found is not None and is_signed else None
    judgement = judge(case.at, credential, stamp.stamp if is_whole else None, found.record["made"] if found else None, ends)
    reasons, state = list(verdict.reasons), verdict.state
    doubt = compromise(case.home.keys, credential, found.record if found is not None and is_signed else None, judgement)
    if doubt is not None and is_whole:
        reasons.insert(0 if doubt.is_affected else len(reasons), doubt.reason)
        state = "unknown" if doubt.is_affected else state
    if is_whole and not judgement.holds:
        state, reasons = "unknown", [*judgement.reasons, *reasons]
    elif is_whole or case.at is not None or (credential is not None and credential.when.stamped is not None):
        reasons += judgement.reasons
    if is_whole and stamp.trouble:
        reasons.append(stamp.trouble)
    return replace(
        verdict,
        state=state,
        reasons=tuple(reasons),
        at=_text(case.at),
        existed=judgement.existed if is_whole or case.at is not None else None,
        stamped=_text(judgement.stamped),
        stamped_by=judgement.authority,
        certificate_ends=_text(judgement.ends),
    )


def _text(moment: datetime.datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
