"""Whether a Record stands in a log, and in whose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from provenance import record as records
from provenance.errors import ProvenanceError
from provenance.home import Home

PROOF_LIMIT_BYTES = 2**16


@dataclass(frozen=True)
class Standing:
    """Where a Record stands.

    Attributes:
        leaf: its index, or None when nothing shows one.
        is_ours: True when this installation's own log key vouches for it.
        is_withdrawn: True when a later leaf says that the Release was never delivered.
        reason: one sentence.
    """

    leaf: int | None
    is_ours: bool
    is_withdrawn: bool
    reason: str


def standing(record_bytes: bytes, record: dict, home: Home, folder: Path | None) -> Standing:
    """Look for a Record in this installation's log, then in the proof beside it.

    Args:
        folder: where `record.tlog-proof` may lie; None when the Record came from this installation's archive.
    """
    entry = records.leaf_entry(record_bytes, record)
    leaf, is_withdrawn, trouble = _in_our_log(entry, records.withdrawn_entry(record_bytes), home)
    if is_withdrawn:
        return Standing(leaf, True, True, f"leaf {leaf} was withdrawn: the Release never reached its folder")
    if leaf is not None:
        return Standing(leaf, True, False, f"its Record is leaf {leaf} of this machine's log")
    proof = _proof(folder) if folder is not None else None
    if proof is None:
        return Standing(None, False, False, trouble or "its Record does not stand in this machine's log")
    from provenance.log.errors import LogError
    from provenance.log.proof import verify_proof

    key = record["log"].get("key")
    ours = _our_key(home)
    for candidate, is_ours in ((ours, True), (key if isinstance(key, str) else None, False)):
        if candidate is None:
            continue
        try:
            result = verify_proof(proof, entry, [candidate])
        except LogError:
            continue
        if result.valid:
            strange = f"the log {record['log'].get('origin')}, which this machine does not know"
            whose = "this machine's log" if is_ours else strange
            return Standing(result.index, is_ours, False, f"the proof beside it shows leaf {result.index} of {whose}")
    return Standing(None, False, False, f"{records.PROOF_NAME} does not lead from this Record to a signed log")


def proof_fault(record_bytes: bytes, record: dict, home: Home, folder: Path) -> str | None:
    """Return what is wrong with the proof beside a Record of this installation's; None without one, or when it holds."""
    key = _our_key(home)
    if key is None or not (folder / records.PROOF_NAME).is_file():
        return None
    from provenance.log.errors import LogError
    from provenance.log.proof import verify_proof

    try:
        proof = _proof(folder)
        result = verify_proof(proof, records.leaf_entry(record_bytes, record), [key]) if proof is not None else None
    except LogError:
        result = None
    if result is not None and result.valid:
        return None
    return f"{records.PROOF_NAME} does not lead from this Record to the signed log"


def _in_our_log(entry: bytes, withdrawn: bytes, home: Home) -> tuple[int | None, bool, str | None]:
    """Return (leaf, is withdrawn, why it could not be read); makes no log where there is none."""
    if not home.has_log:
        return None, False, None
    from provenance.log.store import Log

    try:
        log = Log.open(home.log, home.keys)
        leaf = log.find(entry)
        return leaf, leaf is not None and log.find(withdrawn) is not None, None
    except (ProvenanceError, OSError) as error:
        return None, False, f"the log of this machine cannot be read: {error}"


def _our_key(home: Home) -> str | None:
    try:
        return (home.keys / "log.vkey").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return None


def _proof(folder: Path) -> str | None:
    path = folder / records.PROOF_NAME
    try:
        # bytes, or a newline that was changed would be read as another
        return path.read_bytes().decode("utf-8") if path.stat().st_size <= PROOF_LIMIT_BYTES else None
    except (OSError, UnicodeDecodeError):
        return None
