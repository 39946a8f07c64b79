"""What `verify` says of a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from provenance.recover import Recovery

EXIT_CODES = {"intact": 0, "altered": 1, "recovered": 3, "unknown": 4}


@dataclass(frozen=True)
class Verdict:
    """What is known of one file, and why.

    Attributes:
        path: the file.
        state: "intact" (bit for bit what was sealed), "altered" (it was sealed, and something was changed), "recovered"
            (a copy without credential, whose Record was found), "unknown" (nothing here leads to a Record).
        reasons: sentences, the deciding one first.
        signer: who signed, and whether this machine knows the key; "" when nobody did.
        record: the Record, or None.
        leaf: index of the Record in the log; None when that could not be shown.
        ai_share: 0…1 of the picture's pixels that a model made; None when not known.
        contains_ai: None when not known.
        regions: boxes (x, y, width, height) in pixels of the sealed picture, the largest first.
        found_by: "digest", "credential", "name", "watermark" or "fingerprint": what led to the Record; None without one.
        at: the date that was asked about, RFC 3339; None for now.
        existed: whether the sealed bytes existed at that date; None when that is unproven, or nothing is known of them.
        stamped: the earliest time stamp that is believed here, RFC 3339, and by whom (`stamped_by`).
        certificate_ends: when the signing certificate ends, RFC 3339.
        match: of a copy whose Record was found: "exact", "re-encoded", "transformed" (cropped, turned, scaled), "differs" (a
            possible transplant of the mark), "unchecked"; None otherwise.
        recovery: what the pixels of a copy led to, for whoever draws the map of it; None when they were not looked at.
    """

    path: Path
    state: str
    reasons: tuple[str, ...]
    signer: str = ""
    record: dict | None = None
    leaf: int | None = None
    ai_share: float | None = None
    contains_ai: bool | None = None
    regions: tuple[tuple[int, int, int, int], ...] = ()
    found_by: str | None = None
    at: str | None = None
    existed: bool | None = None
    stamped: str | None = None
    stamped_by: str = ""
    certificate_ends: str | None = None
    match: str | None = None
    recovery: Recovery | None = field(default=None, repr=False, compare=False)

    @property
    def exit_code(self) -> int:
        """0 intact, 1 altered, 3 recovered, 4 unknown."""
        return EXIT_CODES[self.state]

    def to_json(self) -> dict:
        """Return plain JSON values."""
        return {
            "path": str(self.path),
            "state": self.state,
            "exit_code": self.exit_code,
            "reasons": list(self.reasons),
            "signer": self.signer,
            "leaf": self.leaf,
            "ai_share": self.ai_share,
            "contains_ai": self.contains_ai,
            "regions": [list(box) for box in self.regions],
            "found_by": self.found_by,
            "at": self.at,
            "existed": self.existed,
            "stamped": self.stamped,
            "stamped_by": self.stamped_by,
            "certificate_ends": self.certificate_ends,
            "match": self.match,
            "record": self.record,
        }
