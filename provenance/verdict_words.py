"""How a Verdict is worded: who signed, which log, what a file claims of itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.credential_reading import Credential
    from provenance.standing import Standing

_SELF_MADE = re.compile(r"Anastylosis [0-9a-f]{8} leaf$")


def signer_words(credential: Credential | None) -> str:
    """Who signed, and whether this machine knows the key; "" when nobody did."""
    if credential is None or not credential.issuer:
        return ""
    is_self_made = _SELF_MADE.search(credential.issuer) is not None
    known = {
        "Trusted": "known to this machine" + (", not publicly trusted" if is_self_made else ""),
        "Valid": "not known to this machine",
        "Expired": "its certificate has ended, and no time stamp shows that it signed before",
    }
    return f"{credential.issuer} ({known.get(credential.state, 'the signature does not hold')})"


def log_words(record: dict, place: Standing) -> str:
    """Which log vouches for a Record; "" when none does."""
    if place.leaf is None:
        return ""
    known = "known to this machine, not publicly trusted" if place.is_ours else "not known to this machine"
    return f"log {record['log'].get('origin')} ({known})"


def credential_words(credential: Credential | None) -> tuple[str, ...]:
    """What a credential tells of a file that no Record lists."""
    if credential is None:
        return ()
    if credential.state == "Trusted":
        return ("signed by this machine, but its Record is not kept here", *credential.broken_sources)
    if credential.state == "Valid":
        stranger = f"unchanged since it was signed by {credential.issuer}, whom this machine does not know"
        return (stranger, *credential.broken_sources)
    if credential.state == "Expired":
        ended = f"unchanged since it was signed by {credential.issuer}, whose certificate has ended"
        return (ended, *credential.broken_sources)
    return (f"its credential does not hold ({', '.join(credential.failures) or 'changed'})", *credential.broken_sources)


def said_of_ai(credential: Credential | None) -> bool | None:
    """Whether a credential says that a model had a hand in it."""
    return credential.contains_ai if credential is not None else None


def metadata_words(path: Path) -> list[str]:
    """Return what the XMP says about AI: worth telling, proof of nothing."""
    from provenance.metadata import SOURCE_TYPES, find, read

    with path.open("rb") as file:
        packet = find(file.read(64 * 2**20))
    statement = read(packet) if packet is not None else None
    if statement is None or not statement.digital_source_type:
        return []
    kind = statement.digital_source_type.removeprefix(SOURCE_TYPES)
    return [f"its metadata says “{kind[:80]}”, which nothing proves"]
