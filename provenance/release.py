"""The door: a Draft goes in, a Release comes out; there is no other way for anything that a model had a hand in."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provenance import durable
from provenance import record as records
from provenance.archive import Archive
from provenance.complaints import complaints
from provenance.draft import Draft
from provenance.errors import DraftError, ProvenanceError, ReleaseFolderError, SourceChangedError
from provenance.home import Home
from provenance.keepsakes import Keepsakes
from provenance.log.store import Log
from provenance.rights import check_rights
from provenance.seal import Sealer, step
from provenance.timestamp_clock import check_clock
from provenance.timestamp_evidence import stamp_copy
from provenance.timestamp_release import Stamping

__all__ = ["Release", "ReleasedFile", "check_folder", "check_rights", "release"]


@dataclass(frozen=True)
class ReleasedFile:
    """One file of a Release.

    Attributes:
        credential: "embedded", "sidecar" or None.
        handle: 12 hexadecimal digits of its watermark; None when it has none, and then `handle_reason` says why if AI is in it.
    """

    name: str
    sha256: str
    media_type: str
    credential: str | None
    handle: str | None
    handle_reason: str | None


@dataclass(frozen=True)
class Release:
    """A sealed result: `record` is the content of record.json in `folder`, `leaf` its index in the log."""

    folder: Path
    files: tuple[ReleasedFile, ...]
    record: dict
    leaf: int


def release(draft: Draft, folder: Path, home: Home, *, strict_rights: bool = False) -> Release:
    """Seal a Draft and put it into `folder`: all of it, or nothing.

    Args:
        draft: what to seal.
        folder: must not exist yet, or be empty.
        home: whose keys, log and Records are used; made on first use.
        strict_rights: refuse also Sources whose rights are unknown or conditional.
    Raises: RightsError, DraftError, SourceChangedError, ReleaseFolderError and every other ProvenanceError; its text says at
        which step it stopped. Before the log's line, folder and log are as they were; after it, a second leaf says “withdrawn”.
    """
    # 1. Refuse before any work.
    folder = Path(folder).absolute()
    _check_sources(draft, strict_rights)
    faults = complaints(draft)
    if faults:
        raise DraftError("The draft cannot be sealed. " + " ".join(faults) + " Nothing was released.")
    check_folder(folder)
    made = f"{check_clock(home):%Y-%m-%dT%H:%M:%SZ}"
    with step("asking for a time stamp"):
        stamping = Stamping.prepare(home)
    identity = str(uuid.uuid4())
    with _staging(folder) as staging:
        # 2. Each file: mark, encode, XMP, sign, read back.
        sealer = Sealer(draft, home, staging, identity, made, stamping)
        outputs = [sealer.seal(file) for file in draft.files]
        with step("describing the finished files"):
            keepsakes = Keepsakes.gather(draft, outputs, staging)
        # 3. The Record.
        with step("opening the log"):
            log = Log.open(home.log, home.keys)
        with step(f"writing {records.NAME}"):
            record_bytes = _stamped_record(draft, outputs, sealer, log, staging)
            record = records.parse(record_bytes)    # what is returned is what can be read, tuples as lists
        # 4. The log; after this line a failure is logged as well.
        with step("appending to the log"):
            leaf = _append(log, record_bytes, record)
        _move(staging, folder, home, log, leaf, record_bytes, record, keepsakes)
    return Release(folder, tuple(_released(output) for output in outputs), record, leaf)


def _stamped_record(draft: Draft, outputs: list[records.Output], sealer: Sealer, log: Log, staging: Path) -> bytes:
    """Write the Record and, when there is an authority, the time stamp of its public form beside it; return the bytes."""
    names = {"log_origin": log.signer.name, "log_key": log.signer.verifier.text()}
    while True:
        asked = sealer.stamping.authority
        record = records.build(draft, outputs, identity=sealer.identity, made=sealer.made, **names, signing=sealer.signing())
        record_bytes = records.canonical(records.sealed(record, log.signer))
        response = sealer.stamping.of_record(records.public_bytes(record_bytes))
        if sealer.stamping.authority is asked:
            break       # else it was given up just now, and the Record must say so
    durable.write(staging / records.NAME, record_bytes)
    if response is not None:
        durable.write(staging / records.STAMP_NAME, response)
    return record_bytes


def _check_sources(draft: Draft, strict_rights: bool) -> None:
    work = next((note for note in draft.sources if note.role == "parent"), draft.sources[0] if draft.sources else None)
    for note in draft.sources:
        # A mask of the user's own states no rights: only the work itself must under `strict_rights`.
        check_rights(note.rights, strict_rights and (note is work or note.rights is not None))
        if note.path is None:
            continue
        try:
            with note.path.open("rb") as file:
                found = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise SourceChangedError(
                f"{note.path} can no longer be read ({error.strerror}): open it again. Nothing was released."
            ) from error
        if found != note.sha256:
            raise SourceChangedError(f"{note.path} was changed since it was opened: open it again. Nothing was released.")


def check_folder(folder: Path) -> None:
    """Refuse a folder that already holds something; nothing is made. Raises: ReleaseFolderError."""
    folder = Path(folder)
    try:
        if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
            raise ReleaseFolderError(f"{folder} already holds something: choose a new or an empty folder. Nothing was touched.")
    except OSError as error:
        raise ReleaseFolderError(f"{folder} cannot be looked into ({error.strerror}): choose another folder.") from error


@contextlib.contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Give a hidden folder beside `folder`, on the same disk; it and folders made for it are gone afterwards if all fails."""
    missing = [parent for parent in folder.parents if not parent.exists()]
    staging = None
    try:
        with step(f"making a folder beside {folder}"):
            folder.parent.mkdir(parents=True, exist_ok=True)
            staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}.unsealed-", dir=folder.parent))
        yield staging
    except BaseException:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
        for parent in missing:     # the innermost first; one that somebody else uses stays
            with contextlib.suppress(OSError):
                parent.rmdir()
        raise


def _append(log: Log, record_bytes: bytes, record: dict) -> int:
    """Log a Release. When the log stops after it took the entry, take that back, as nothing will be moved."""
    entry = records.leaf_entry(record_bytes, record)
    try:
        return log.append(entry).index
    except BaseException:
        with contextlib.suppress(ProvenanceError, OSError):
            if log.find(entry) is not None:
                log.append(records.withdrawn_entry(record_bytes))
        raise


def _move(
    staging: Path, folder: Path, home: Home, log: Log, leaf: int, record_bytes: bytes, record: dict, keepsakes: Keepsakes
) -> None:
    """Put the proof beside the Record, keep a copy of the Record, and let one rename make the Release."""
    archive = Archive(home.records)
    after = f"It stands in the log as leaf {leaf}, and a further leaf says that it was withdrawn."
    try:
        with step(f"writing {records.PROOF_NAME}", after):
            durable.write(staging / records.PROOF_NAME, log.proof(leaf).encode())
        with step("keeping the Record", after):
            archive.save(record_bytes, record)
            keepsakes.save(home.records)
            if (staging / records.STAMP_NAME).is_file():
                durable.write(stamp_copy(home, record_bytes), (staging / records.STAMP_NAME).read_bytes())
        with step(f"moving the files to {folder}", after):
            staging.chmod(0o777 & ~_umask())
            durable.wait_for_disk(staging)
            staging.rename(folder)
    except BaseException:
        if staging.exists():       # else the rename was done, and whatever came after it changes nothing
            archive.take_back(records.identity(record_bytes), record)
            keepsakes.forget(home.records)
            stamp_copy(home, record_bytes).unlink(missing_ok=True)
            with step(f"withdrawing leaf {leaf}", f"It stands in the log as leaf {leaf}."):
                log.append(records.withdrawn_entry(record_bytes))
            raise
    with contextlib.suppress(OSError):
        durable.wait_for_disk(folder.parent)


def _released(output: records.Output) -> ReleasedFile:
    mark = output.watermark or {}
    credential = (output.credential or {}).get("kind")
    return ReleasedFile(output.name, output.sha256, output.media_type, credential, mark.get("handle"), mark.get("reason"))


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
