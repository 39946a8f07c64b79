"""From a mark, a fingerprint or a picture to the credentials that were made for it: C2PA's soft-binding resolution.

Source: C2PA Soft Binding Resolution API 1.1.0 (OpenAPI, C2PA 2.2 and 2.3). `studio/web/resolution.py` serves it.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from provenance import encode
from provenance.archive import Archive
from provenance.credential_manifest import MARK_ALGORITHM
from provenance.errors import ProvenanceError
from provenance.fingerprint import SAME_WORK, distance
from provenance.home import Home
from provenance.iscc import ALGORITHM as ISCC_ALGORITHM
from provenance.iscc import body_of
from provenance.manifest_store import Manifests, active_only
from provenance.recover import recover_pixels

ALGORITHMS = (MARK_ALGORITHM, ISCC_ALGORITHM)
_HANDLE = re.compile(r"[0-9a-f]{12}")


class QueryError(ProvenanceError):
    """A question to the resolver cannot be understood; its text says why."""


class NotAPictureError(QueryError):
    """What was sent to be looked at is no picture that can be read."""


@dataclass(frozen=True)
class Match:
    """A credential that was found: its manifest's label, and 0…100 how sure that is."""

    manifest_id: str
    score: int


@dataclass(frozen=True)
class Resolver:
    """Answers from the Records, likenesses and credentials of one installation."""

    home: Home

    def by_binding(self, algorithm: str, value: str) -> list[Match]:
        """Return the credentials whose soft binding has this value, the surest first.

        Args:
            algorithm: one of ALGORITHMS.
            value: base64, as the API asks, of the value that stands in the credential: 12 hexadecimal digits of a watermark
                (or their 6 bytes), or `ISCC:…`.
        Raises: QueryError.
        """
        try:
            found = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise QueryError("The value is not base64.") from error
        if algorithm == MARK_ALGORITHM:
            handle = found.hex() if len(found) == 6 else found.decode("ascii", "replace").lower()
            if not _HANDLE.fullmatch(handle):
                raise QueryError("A watermark of this algorithm has 12 hexadecimal digits.")
            return self._of_way("handle", handle, 100)
        if algorithm == ISCC_ALGORITHM:
            body = body_of(found.decode("ascii", "replace"))
            if body is None:
                raise QueryError("The value is no ISCC Image-Code.")
            return self._near(body[:8].hex())
        raise QueryError(f"“{algorithm[:80]}” is not known here: ask for {' or '.join(ALGORITHMS)}.")

    def by_content(self, data: bytes, algorithm: str | None = None) -> list[Match]:
        """Return the credentials of the picture that `data` is a copy of.

        Args:
            data: a file's bytes.
            algorithm: look only for this soft binding; None asks all layers, corners included.
        Raises: QueryError; NotAPictureError when the bytes are no picture.
        """
        if algorithm is not None and algorithm not in ALGORITHMS:
            raise QueryError(f"“{algorithm[:80]}” is not known here: ask for {' or '.join(ALGORITHMS)}.")
        try:
            pixels = encode.decode(data)
        except ProvenanceError as error:
            raise NotAPictureError(f"This is no picture that can be looked at: {error}.") from error
        if algorithm == ISCC_ALGORITHM:
            from provenance.fingerprint import fingerprint

            return self._near(fingerprint(pixels))
        found = recover_pixels(pixels, self.home)
        if found.output is None or (algorithm == MARK_ALGORITHM and found.layer != "watermark"):
            return []
        label = Manifests(self.home.records).label_of(found.output["sha256"])
        score = {"exact": 100, "re-encoded": 95, "transformed": 90}.get(str(found.match), 60)
        return [Match(label, score)] if label else []

    def manifest(self, manifest_id: str, *, active: bool = False) -> bytes | None:
        """Return a manifest store, or its active manifest alone; None when it is not kept here."""
        store = Manifests(self.home.records).load(manifest_id)
        return active_only(store) if store is not None and active else store

    def _near(self, code: str) -> list[Match]:
        archive, found = Archive(self.home.records), []
        for bits, other in sorted((distance(code, other), other) for other in archive.fingerprints()):
            if bits > SAME_WORK:
                break
            found += self._of_way("fingerprint", other, round(100 * (1 - bits / 64)))
        return found

    def _of_way(self, way: str, key: str, score: int) -> list[Match]:
        archive, manifests, found = Archive(self.home.records), Manifests(self.home.records), []
        for digest in archive.leading(way, key):
            loaded = archive.load(digest)
            for output in loaded[1]["outputs"] if loaded else ():
                mine = (output.get("watermark") or {}).get("handle") if way == "handle" else output.get("fingerprint")
                label = manifests.label_of(output["sha256"]) if mine == key else None
                if label is not None:
                    found.append(Match(label, score))
        return list(dict.fromkeys(found))
