"""What shows when a file existed, and what follows for a given day: time stamps count, dates that somebody wrote do not."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from provenance import record as records
from provenance.home import Home
from provenance.timestamp_clock import TOLERANCE, in_words, now

if TYPE_CHECKING:
    from provenance.credential_reading import Credential
    from provenance.timestamp import Stamp

STAMP_LIMIT_BYTES = 2**17


@dataclass(frozen=True)
class RecordStamp:
    """The time stamp of a Record: `stamp` when it holds, else `trouble` when one is there that does not."""

    stamp: Stamp | None = None
    trouble: str = ""


@dataclass(frozen=True)
class Judgement:
    """What time does to a verdict.

    Attributes:
        at: the day that was asked about, or the time now.
        existed: whether the bytes existed at `at`; None when that is unproven.
        holds: False when the signature cannot be relied on at `at`.
        stamped, authority: the earliest time stamp that is believed here.
        ends: end of the signing certificate; None for what carries no signature.
        reasons: sentences, the deciding one first.
    """

    at: datetime.datetime
    existed: bool | None
    holds: bool
    stamped: datetime.datetime | None
    authority: str
    ends: datetime.datetime | None
    reasons: tuple[str, ...]


def stamp_copy(home: Home, record_bytes: bytes) -> Path:
    """Return where this installation keeps its copy of a Record's time stamp."""
    return home.records / f"{records.identity(record_bytes)}.tsr"


def record_stamp(record_bytes: bytes, home: Home, folder: Path | None) -> RecordStamp:
    """Return the time stamp of a Record: the one beside it, else this installation's copy.

    It stamps the public form, so that it holds also when names were forgotten: the digest in it is the one in the log's leaf.

    Args:
        folder: where `record.tsr` may lie; None when the Record came from this installation's archive.
    """
    kept = _bytes(stamp_copy(home, record_bytes))
    beside = _bytes(folder / records.STAMP_NAME) if folder is not None else None
    if beside is not None and kept is not None and beside != kept:
        return RecordStamp(None, f"{records.STAMP_NAME} is not the one that was sealed")
    response = beside if beside is not None else kept
    if response is None:
        return RecordStamp()
    from provenance.timestamp import verify
    from provenance.timestamp_authority import roots
    from provenance.timestamp_errors import TimeStampError

    try:
        return RecordStamp(verify(response, records.public_bytes(record_bytes), roots(home)))
    except TimeStampError as error:
        return RecordStamp(None, f"{records.STAMP_NAME} does not hold: {error}")


def judge(
    at: datetime.datetime | None,
    credential: Credential | None,
    stamp: Stamp | None,
    made: str | None = None,
    ends: str | None = None,
) -> Judgement:
    """Say what the evidence is worth at a date.

    Args:
        at: the date; None for now.
        credential: what the file's credential says, when it carries one.
        stamp: the verified time stamp of the Record that lists the file's digest.
        made: when the Record says that it was made.
        ends: when the Record says that the certificate ends, should the credential not tell.
    """
    today = now()
    day = at or today
    when = credential.when if credential is not None else None
    found = [(stamp.time, stamp.authority)] if stamp is not None else []
    if when is not None and when.stamped is not None and when.is_trusted:
        found.append((when.stamped, when.authority))
    stamped, authority = min(found) if found else (None, "")
    end = (when.ends if when is not None else None) or _moment(ends)
    reasons, holds = [], True
    if stamped is not None:
        reasons.append(f"time-stamped on {in_words(stamped)} by {authority}")
    elif when is not None and when.stamped is not None:
        reasons.append(f"its time stamp is by {when.authority or 'an authority'}, whom this machine does not know")
    if end is not None and day > end:
        if stamped is not None and stamped <= end:
            reasons.append(f"its certificate ended on {in_words(end)}, after the time stamp, which keeps the signature valid")
        else:
            holds = False
            reasons.insert(
                0,
                f"its certificate ended on {in_words(end)}, and no time stamp shows that it was signed before: "
                f"on {in_words(day)} the signature proves nothing",
            )
    if when is not None and when.begins is not None and today + TOLERANCE < when.begins:
        holds = False
        reasons.insert(0, f"this machine's clock says {in_words(today)}, before its certificate begins: set the clock")
    existed: bool | None = True     # it is in our hands today
    if at is not None and day < today:
        existed = True if stamped is not None and stamped <= day else None
        if existed:
            reasons.insert(0, f"it existed on {in_words(day)}, as its time stamp shows")
        else:
            holds = False
            later = "it has no time stamp that is believed here"
            if stamped is not None:
                later = f"its earliest time stamp is of {in_words(stamped)}"
            reasons.insert(0, f"that it existed on {in_words(day)} is unproven: {later}")
    for moment, what in ((stamped, "its time stamp"), (_moment(made), "its Record")):
        if moment is not None and moment > today + TOLERANCE:
            reasons.append(f"{what} is of {in_words(moment)}, and this machine's clock says {in_words(today)}: set the clock")
            break
    return Judgement(day, existed, holds, stamped, authority, end, tuple(reasons))


@dataclass(frozen=True)
class Doubt:
    """What follows from a key that was marked as compromised: `is_affected` when no time stamp is older than the mark."""

    is_affected: bool
    reason: str


def compromise(keys: Path, credential: Credential | None, record: dict | None, judgement: Judgement) -> Doubt | None:
    """Say what it means for a file that its signing key was marked as compromised; None when it was not.

    Args:
        keys: folder of this installation's keys.
        credential: what the file's credential says; record: the Record that lists it, when a signature is relied on.
    """
    serial = credential.when.serial if credential is not None and credential.state in ("Trusted", "Valid", "Expired") else None
    fingerprint = records.certificate_fingerprint(record) if record is not None else None
    if not serial and not fingerprint:
        return None
    from provenance.errors import ProvenanceError
    from provenance.keys.revocation import revocation_of

    try:
        found = revocation_of(keys, fingerprint=fingerprint, serial=serial)
    except ProvenanceError as error:
        return Doubt(True, str(error))
    if found is None:
        return None
    since = f"its key “{found.name}” was marked as compromised since {in_words(found.since)}"
    if judgement.stamped is not None and judgement.stamped < found.since:
        return Doubt(False, f"{since}; its time stamp of {in_words(judgement.stamped)} is earlier, so it is not affected")
    return Doubt(True, f"{since}, and no time stamp shows that it was signed before")


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.stat().st_size <= STAMP_LIMIT_BYTES else b""
    except OSError:
        return None


def _moment(text: object) -> datetime.datetime | None:
    try:
        found = datetime.datetime.fromisoformat(str(text))
        return found.astimezone(datetime.UTC) if found.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
