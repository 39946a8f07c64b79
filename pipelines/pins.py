"""A model from the hub, held to what was fetched: one commit, and the SHA-256 of each of its files. Imports no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.errors import ModelChangedError, ModelNotFoundError


@dataclass(frozen=True)
class Pin:
    """What was fetched of a repository, once.

    Attributes:
        revision: its commit.
        licence: as its page named it then.
        files: SHA-256 by path in the repository, of every file that was fetched.
    """

    revision: str
    licence: str
    files: Mapping[str, str]

    def digest(self) -> str:
        """One SHA-256 for all weights, over their paths and digests in the order of the paths."""
        lines = [f"{self.files[path]}  {path}\n" for path in sorted(self.files) if path.endswith(".safetensors")]
        return hashlib.sha256("".join(lines).encode()).hexdigest()


def pinned_folder(repository: str, pin: Pin) -> Path:
    """Folder of the pinned commit in the local cache, after every file of it was read and found unchanged.

    Raises:
        ModelNotFoundError: when it is not in the cache any more.
        ModelChangedError: naming the first file that differs.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    again = f"fetch it again with: anastylosis models get {repository} --revision {pin.revision}"
    try:
        folder = Path(snapshot_download(repository, revision=pin.revision, local_files_only=True))
    except (LocalEntryNotFoundError, OSError, ValueError) as error:
        raise ModelNotFoundError(f"{repository} is not in the local cache any more: {again}") from error
    for name, wanted in sorted(pin.files.items()):
        path = folder / name
        if not path.is_file():
            raise ModelNotFoundError(f"{name} of {repository} is not in the local cache any more: {again}")
        if file_sha256(path) != wanted:
            raise ModelChangedError(
                f"{name} of {repository} is not the file that was fetched and pinned, so nothing was loaded. Delete {path}, "
                f"then {again}"
            )
    return folder


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
