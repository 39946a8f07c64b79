"""This installation's copies of all Records, and the ways that lead to one: a digest, a handle, a fingerprint, an id.

- `<digest>.json`: the Record in its public form, which can be published and never changes; the digest is this form's
- `openings/<digest>.json`: its names, prompts and salts, which can be forgotten; see `openings.py`
- `by-output/<sha256>/<digest>`, `by-handle/<12 hex>/<digest>`, `by-fingerprint/<16 hex>/<digest>`,
  `by-source/<sha256>/<digest>`, `by-id/<uuid>/<digest>`: empty files; the name is the whole message, so that two
  processes never write the same file.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from provenance import durable
from provenance import record as records
from provenance.commitments import opened, openings, public_form
from provenance.errors import RecordError
from provenance.log.errors import ForgetError
from provenance.manifest_store import Manifests
from provenance.openings import Openings

_DIGEST = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[0-9a-f-]{1,64}")


class Archive:
    """The folder of Records of one installation; made when the first is saved."""

    def __init__(self, folder: Path):
        self.folder = folder

    def save(self, data: bytes, record: dict) -> str:
        """Keep a Record and everything that leads to it; return its digest. Raises: OSError."""
        digest = records.identity(data)
        self.folder.mkdir(parents=True, exist_ok=True)
        if "salts" in record:
            self.openings.save(digest, openings(record))
            data = records.canonical(public_form(record))
        durable.replace(self.folder / f"{digest}.json", data)
        for mark in _marks(record):
            place = self.folder / mark
            place.mkdir(parents=True, exist_ok=True)
            (place / digest).touch()
        return digest

    @property
    def openings(self) -> Openings:
        """The erasable half."""
        return Openings(self.folder)

    def forget(self, digest: str, text: str | None = None) -> list[str]:
        """Erase names and prompts of a Record, all or those in which `text` stands; return the places of the fields.

        Manifest stores that lead to it tell titles and digests of the request in the clear, and likenesses what the pictures
        look like, so they go too: a copy that lost its credential is then found by its watermark and its fingerprint only.
        Raises: ForgetError.
        """
        loaded = self.load(digest)
        gone = self.openings.forget(digest, text)
        if not gone or loaded is None:
            return gone
        from provenance.likeness import Likenesses  # loads OpenCV, which verifying a text does not need

        try:
            for output in loaded[1]["outputs"]:
                Likenesses(self.folder).forget(output["sha256"])
                Manifests(self.folder).forget(output["sha256"])
            # the credential of a later work, which holds this one's as its source's
            Manifests(self.folder).forget_naming(loaded[1]["id"])
        except OSError as error:
            raise ForgetError(
                f"{error.filename or self.folder} could not be erased ({error.strerror}): get access, then repeat."
            ) from error
        return gone

    def take_back(self, digest: str, record: dict) -> None:
        """Take back what `save` kept, when its Release was withdrawn; never raises."""
        with contextlib.suppress(OSError, ForgetError):
            self.openings.forget(digest)
        with contextlib.suppress(OSError):
            (self.folder / f"{digest}.json").unlink(missing_ok=True)
        for mark in _marks(record):
            with contextlib.suppress(OSError):
                (self.folder / mark / digest).unlink(missing_ok=True)
                (self.folder / mark).rmdir()

    def load(self, digest: str) -> tuple[bytes, dict] | None:
        """Return a Record's bytes and content, or None when it is not kept here or its copy was changed.

        What was forgotten of it reads `commitment:<digest>`.
        """
        if not _DIGEST.fullmatch(digest):
            return None
        try:
            data = (self.folder / f"{digest}.json").read_bytes()
            if records.digest(data) != digest:
                return None
            record = records.parse(data)
            if "dsse" in record:  # salted and signed together: bring back what is still known
                data = records.canonical(opened(record, self.openings.load(digest)))
                record = records.parse(data)
            return data, record
        except (OSError, RecordError):
            return None

    def digests(self) -> list[str]:
        """Return the digests of all Records that are kept."""
        try:
            return sorted(path.stem for path in self.folder.glob("*.json") if _DIGEST.fullmatch(path.stem))
        except OSError:
            return []

    def leading(self, way: str, key: str) -> list[str]:
        """Return the digests of the Records that `way` ("output", "handle", "source", "id") leads to, the newest first."""
        if not _KEY.fullmatch(key):
            return []
        place = self.folder / f"by-{way}" / key
        try:
            return sorted(
                (path.name for path in place.iterdir() if _DIGEST.fullmatch(path.name)),
                key=lambda name: (-(place / name).stat().st_mtime_ns, name),
            )
        except OSError:
            return []

    def fingerprints(self) -> list[str]:
        """Return every fingerprint that leads to a Record."""
        try:
            return [path.name for path in (self.folder / "by-fingerprint").iterdir() if re.fullmatch("[0-9a-f]{16}", path.name)]
        except OSError:
            return []


def _marks(record: dict) -> list[str]:
    """Return the folders below the archive's in which a Record leaves its digest."""
    marks = [f"by-id/{record['id']}"]
    for output in record["outputs"]:
        marks.append(f"by-output/{output['sha256']}")
        if (output.get("watermark") or {}).get("handle"):
            marks.append(f"by-handle/{output['watermark']['handle']}")
        if output.get("fingerprint") and output["contains_ai"]:
            marks.append(f"by-fingerprint/{output['fingerprint']}")
        credential = output.get("credential") or {}
        marks += [f"by-output/{credential[key]}" for key in ("sha256", "blocks_sha256") if credential.get(key)]
    marks += [f"by-source/{source['sha256']}" for source in record["sources"]]
    return list(dict.fromkeys(marks))
