"""Rights statements and community labels, carried through as given: never made, never changed, never dropped."""

from __future__ import annotations

import re
from dataclasses import dataclass

_KINDS = (
    # TK and BC Labels are a community's to give, Notices an institution's; this tool only repeats them
    (re.compile(r"localcontexts(?:hub)?\.org/.*(?:label|tk-|bc-)", re.IGNORECASE), "Local Contexts label"),
    (re.compile(r"localcontexts(?:hub)?\.org/", re.IGNORECASE), "Local Contexts notice"),
    (re.compile(r"^\s*(?:TK|BC)[ -][A-Za-z][\w -]*$"), "Local Contexts label"),
    (re.compile(r"rightsstatements\.org/", re.IGNORECASE), "rights statement"),
    (re.compile(r"creativecommons\.org/", re.IGNORECASE), "licence"),
)


@dataclass(frozen=True)
class Carried:
    """One statement about one Source.

    Attributes:
        statement: URI or words, exactly as stated.
        kind: "Local Contexts label", "Local Contexts notice", "rights statement", "licence" or "statement".
        source_sha256: digest of the Source that it was stated for.
        source_name: file name of that Source.
    """

    statement: str
    kind: str
    source_sha256: str
    source_name: str

    @property
    def is_uri(self) -> bool:
        """Whether the statement is an address, and can be linked."""
        return re.match(r"https?://\S+$", self.statement) is not None


def carried(record: dict) -> list[Carried]:
    """Return what the Record's Sources state: their "rights", and "labels" where a Source has a list of them."""
    found = []
    for source in record["sources"]:
        stated = [source.get("rights"), *(source.get("labels") or [])]
        for text in stated:
            if isinstance(text, str) and text.strip():
                kind = next((name for pattern, name in _KINDS if pattern.search(text)), "statement")
                found.append(Carried(text.strip(), kind, str(source.get("sha256", "")), str(source.get("name", ""))))
    return list(dict.fromkeys(found))
