"""What is kept beside the Record so that a stripped copy finds home: what the pictures look like, and their credentials.

Gathered from the finished files in the staging folder, kept when the Record is, forgotten when the Release is withdrawn.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from provenance import encode
from provenance import record as records
from provenance.draft import Draft, Picture
from provenance.likeness import Likeness, Likenesses, likeness
from provenance.manifest_store import Manifests, store_in


@dataclass(frozen=True)
class Keepsakes:
    """Attributes: likenesses of the pictures and manifest stores of the signed files, each by the output's digest."""

    likenesses: dict[str, Likeness]
    stores: dict[str, bytes]

    @classmethod
    def gather(cls, draft: Draft, outputs: list[records.Output], staging: Path) -> Keepsakes:
        """Describe the finished files of a Draft. Raises: OSError."""
        likenesses, stores = {}, {}
        for file, output in zip(draft.files, outputs, strict=True):
            path = staging / output.name
            if isinstance(file, Picture) and file.ai is not None and output.fingerprint:
                likenesses[output.sha256] = likeness(encode.decode(path.read_bytes()), np.asarray(file.ai))
            if output.credential is not None:
                signed = staging / str(output.credential["name"]) if output.credential["kind"] == "sidecar" else path
                store = store_in(signed.read_bytes())
                if store is not None:
                    stores[output.sha256] = store
        return cls(likenesses, stores)

    def save(self, records_folder: Path) -> None:
        """Keep them. Raises: OSError, ValueError."""
        for sha256, found in self.likenesses.items():
            Likenesses(records_folder).save(sha256, found)
        for sha256, store in self.stores.items():
            Manifests(records_folder).save(store, sha256)

    def forget(self, records_folder: Path) -> None:
        """Take back what `save` kept; never raises."""
        with contextlib.suppress(OSError):
            for sha256 in self.likenesses:
                Likenesses(records_folder).forget(sha256)
            for sha256 in self.stores:
                Manifests(records_folder).forget(sha256)
