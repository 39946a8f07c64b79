"""The log of an installation, as a person reads, checks, publishes and prunes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provenance import dsse
from provenance import record as records
from provenance.archive import Archive
from provenance.errors import RecordError
from provenance.home import Home
from provenance.log.errors import ForgetError, PolicyError, WitnessError
from provenance.log.fsck import Report, fsck
from provenance.log.policy import Policy
from provenance.log.proof import ProofResult, verify_proof
from provenance.log.store import Log


def open_log(home: Home) -> Log:
    """The log of this installation; made when there is none yet."""
    return Log.open(home.log, home.keys)


def leaves(log: Log) -> list[dict]:
    """Index, time, operation and Record digest of every leaf, oldest first; `withdrawn` says which Record a leaf takes back."""
    found = []
    for index, entry in log.entries():
        said = json.loads(entry)
        leaf = {"index": index, **{key: said.get(key, "") for key in ("made", "operation", "record")}}
        if "withdrawn" in said:
            leaf |= {"operation": "withdrawn", "record": said["withdrawn"]}
        found.append(leaf)
    return found


def examine(home: Home, *, repair: bool, others: list[Path]) -> Report:
    """Examine the log; the Records that are kept can give entries back that the log's own files lost."""
    return fsck(Log.existing(home.log, home.keys), repair=repair, known=_entries_of(Archive(home.records)), others=others)


def _entries_of(archive: Archive) -> Iterator[bytes]:
    for digest in archive.digests():
        loaded = archive.load(digest)
        if loaded is not None:
            yield records.leaf_entry(*loaded)
            yield records.withdrawn_entry(loaded[0])


@dataclass(frozen=True)
class Forgotten:
    """What is to be erased, or was: the leaf, its Record's digest, and the places of the fields."""

    leaf: int | None
    digest: str
    places: tuple[str, ...]


def to_forget(home: Home, leaf: int | None, text: str | None) -> list[Forgotten]:
    """What `forget` would erase; nothing is changed. Raises: ForgetError when there is nothing."""
    archive, log = Archive(home.records), Log.existing(home.log, home.keys)
    numbers = {one["record"]: one["index"] for one in reversed(leaves(log)) if one["operation"] != "withdrawn"}
    if leaf is not None:
        digest = next((digest for digest, number in numbers.items() if number == leaf), None)
        if digest is None:
            raise ForgetError(f"The log has no Release at leaf {leaf}: “anastylosis log show” lists them.")
        found = {digest: list(archive.openings.load(digest))}
        if text is not None:
            found = {digest: archive.openings.having(text).get(digest, [])}
    else:
        found = archive.openings.having(text or "")
    plan = [Forgotten(numbers.get(digest), digest, tuple(places)) for digest, places in found.items() if places]
    if not plan:
        what = f"“{text}” stands in nothing" if text is not None else f"Nothing of leaf {leaf} is left"
        raise ForgetError(f"{what} that is kept in {archive.openings.folder}: there is nothing to forget.")
    return plan


def forget(home: Home, plan: list[Forgotten], text: str | None) -> None:
    """Erase the salts and values of a plan. Raises: ForgetError."""
    archive = Archive(home.records)
    for one in plan:
        archive.forget(one.digest, text)


def cosigned(log: Log, policy: Policy) -> tuple[int, list[str]]:
    """Ask the witnesses of a policy for their signatures on the log's head; return how many gave one, and others' reasons.

    Raises: PolicyError when the policy is not met all the same; LogWriteError.
    """
    from provenance.log.witness_client import ask

    size, found, troubles = log.checkpoint().size, [], []
    for name, url in policy.urls.items():
        try:
            found.append(ask(log, url, policy.witnesses[name]))
        except WitnessError as error:
            troubles.append(str(error))
    if found and not log.cosign(found, size):
        raise WitnessError("The log has grown while its witnesses were asked: ask them again.")
    policy.check(log.checkpoint_text())
    return len(found), troubles


def checked(folder: Path, policy: Policy) -> ProofResult:
    """What the proof in a Release's folder says of its Record, under a policy; asks neither this machine's log nor a network.

    Raises: RecordError when the folder holds no Record or no proof.
    """
    try:
        data = (folder / records.NAME).read_bytes()
        entry = records.leaf_entry(data, records.parse(data))
        text = (folder / records.PROOF_NAME).read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError, RecordError) as error:
        raise RecordError(f"{folder} cannot be checked: {error}. Name the folder of a Release.") from error
    return verify_proof(text, entry, policy=policy)


def policy_of(path: Path) -> Policy:
    """The policy in a file. Raises: PolicyError."""
    try:
        return Policy.parse(path.read_bytes().decode("utf-8", errors="surrogateescape"))
    except OSError as error:
        raise PolicyError(f"{path} cannot be read ({error.strerror}): name a policy of logs and witnesses.") from error


def envelope_of(path: Path) -> dict:
    """The DSSE envelope of the Record in a file. Raises: RecordError."""
    try:
        return dsse.envelope(records.parse(path.read_bytes()))
    except (OSError, RecordError) as error:
        raise RecordError(f"{path} gives no envelope: {error}. Name the record.json of a Release.") from error
