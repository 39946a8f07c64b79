"""Files that hold secrets: only their owner may read them, and no reader ever sees half of one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from provenance import durable
from provenance.errors import KeyFileError, KeyPermissionError


def secret(path: Path) -> bytes:
    """Return a secret file's bytes. Raises: KeyPermissionError when others may read it or its folder, KeyFileError."""
    try:
        refuse_lax(path.parent, 0o700)
        refuse_lax(path, 0o600)
        return path.read_bytes()
    except FileNotFoundError as error:
        raise KeyFileError(f"{path} is missing: put {path.parent} back from a backup.") from error
    except PermissionError as error:
        raise KeyPermissionError(f"{path} may not be read by this user: run `chmod 600 {path}` as its owner.") from error


def refuse_lax(path: Path, mode: int) -> None:
    """Raise KeyPermissionError when anybody but the owner may look into `path`, with the command that mends it."""
    found = path.stat().st_mode & 0o777
    if os.name == "posix" and found & 0o077:
        raise KeyPermissionError(
            f"{path} can be read by others (mode {found:04o}): run `chmod {mode:o} {path}`, then try again. "
            "If others use this machine, make new keys: `anastylosis keys rotate`."
        )


def public(path: Path) -> bytes:
    """Return a certificate file's bytes. Raises: KeyFileError."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read ({error.strerror}): put {path.parent} back from a backup.") from error


@contextlib.contextmanager
def lock(folder: Path) -> Iterator[None]:
    """Hold the key folder alone, so that two processes starting at once agree on one set of keys."""
    import fcntl

    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)     # the log may have made it first, and wider
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise KeyFileError(
            f"No keys can be made in {folder} ({error.strerror}): make it writable, or set ANASTYLOSIS_HOME to another folder."
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a whole file that no reader ever sees in part."""
    try:
        durable.replace(path, data, mode)
    except OSError as error:
        raise KeyFileError(f"{path} cannot be written ({error.strerror}): make room or make its folder writable.") from error
