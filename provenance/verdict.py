"""What `verify` says of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
            "record": self.record,
        }
