"""The erasable half of what is kept of a Record: names, prompts and their salts, one file a leaf, for its owner alone.

Erasing overwrites the file's bytes before it deletes the file. That destroys them on a plain disk; a file system that copies
on write or keeps a journal of data, a solid-state drive, a snapshot or a backup may hold an older copy that no program can
reach. Encrypt the disk where that matters.
"""

from __future__ import annotations

import contextlib
import json
import re
from pathlib import Path

from provenance import durable
from provenance.log.errors import ForgetError

_DIGEST = re.compile(r"[0-9a-f]{64}")
_LIMIT_BYTES = 32 * 2**20


class Openings:
    """The folder `openings` (0700) beside the kept Records; `<digest>.json` (0600) holds {place: {"salt", "value"}}."""

    def __init__(self, records_folder: Path):
        self.folder = records_folder / "openings"

    def save(self, digest: str, openings: dict[str, dict[str, str]]) -> None:
        """Keep the openings of one Record. Raises: OSError."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        data = json.dumps(openings, ensure_ascii=False, sort_keys=True).encode("utf-8", "surrogatepass")
        durable.replace(self._path(digest), data, 0o600)
        durable.wait_for_disk(self.folder)

    def load(self, digest: str) -> dict[str, dict[str, str]]:
        """What is still known of one Record; nothing when all was forgotten, or the file was damaged."""
        try:
            path = self._path(digest)
            if path.stat().st_size > _LIMIT_BYTES:
                return {}
            found = json.loads(path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) and all(isinstance(one, dict) for one in found.values()) else {}

    def forget(self, digest: str, text: str | None = None) -> list[str]:
        """Erase what is known of one Record, or only the fields in which `text` stands, whatever its case; return their places.

        Raises: ForgetError when the disk refuses.
        """
        known = self.load(digest)
        gone = [place for place, one in known.items() if text is None or _says(one, text)]
        if not gone and text is not None:
            return []
        try:
            self._erase(digest, {place: one for place, one in known.items() if place not in gone})
        except OSError as error:
            raise ForgetError(
                f"{self._path(digest)} could not be erased ({error.strerror}): what it says is still there. Get access, repeat."
            ) from error
        return gone

    def having(self, text: str) -> dict[str, list[str]]:
        """Digests of the Records in whose openings `text` stands, whatever its case, and the places."""
        found = {}
        with contextlib.suppress(FileNotFoundError):
            for path in sorted(self.folder.iterdir()):
                known = self.load(path.stem) if _DIGEST.fullmatch(path.stem) else {}
                places = [place for place, one in known.items() if _says(one, text)]
                if places:
                    found[path.stem] = places
        return found

    def _erase(self, digest: str, rest: dict[str, dict[str, str]]) -> None:
        path = self._path(digest)
        if not path.exists():
            return
        with path.open("r+b") as old:  # keeps hold of the old bytes' place on the disk while the name moves on
            if rest:
                self.save(digest, rest)
            durable.overwrite(old)
        if not rest:
            path.unlink()
        durable.wait_for_disk(self.folder)

    def _path(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise ForgetError(f"“{digest[:80]}” is not the digest of a Record.")
        return self.folder / f"{digest}.json"


def _says(opening: dict[str, str], text: str) -> bool:
    return text.casefold() in str(opening.get("value", "")).casefold()
