"""Where one installation keeps what proves its work: keys, log and Records."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """One installation's keys, log and Records; nothing is created until something needs it.

    Attributes:
        folder: contains `keys/` (0700), `log/` and `records/`. Back it up as one: a log restored without
            its keys, or an older log beside newer keys, is refused. `training/` in it holds unfinished runs, safe to delete.
        tsa: URL of the time-stamping authority to ask in this run, "none" for no time stamp, None for the stored one.
        is_tsa_optional: True releases without a time stamp, and says so in the Record, when the authority gives none.
    """

    folder: Path
    tsa: str | None = None
    is_tsa_optional: bool = False

    @property
    def keys(self) -> Path:
        """Folder of the signing key, the watermark's key and the log's key."""
        return self.folder / "keys"

    @property
    def log(self) -> Path:
        """Folder of the append-only log, or of the one line that says which team's it is."""
        return self.folder / "log"

    @property
    def records(self) -> Path:
        """Folder of the copies of all Records and what leads to them; what can be forgotten lies in its `openings/`."""
        return self.folder / "records"

    @property
    def has_log(self) -> bool:
        """Whether a log was begun here, or a team's was joined; looking makes none."""
        return any((self.log / name).is_file() for name in ("checkpoint", "team")) and (self.keys / "log.key").is_file()

    @classmethod
    def default(cls) -> Home:
        """Return the home that `$ANASTYLOSIS_HOME` names, or the one in the user's data folder."""
        named = os.environ.get("ANASTYLOSIS_HOME")
        if named:
            return cls(Path(named).expanduser())
        import platformdirs

        return cls(platformdirs.user_data_path("anastylosis"))
