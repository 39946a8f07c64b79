"""Bytes and names that have reached the disk: what was said to be kept is still there after the power went."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import BinaryIO


def wait_for_disk(path: Path) -> None:
    """Return once a file's bytes, or the names in a folder, are on the disk. Raises: OSError.

    A rename is durable only when its folder is: POSIX promises nothing else (fsync(2)).
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write(path: Path, data: bytes) -> None:
    """Write a file that nobody reads yet, and return once its bytes are on the disk. Raises: OSError."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def replace(path: Path, data: bytes, mode: int = 0o666) -> None:
    """Put `data` at `path` whole or not at all, for those whom `mode` (less the umask) names; its folder is not waited for.

    No reader ever sees half of it, and a crash leaves what was there before. Raises: OSError.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def erase(path: Path) -> None:
    """Overwrite a file and delete it, if it is there; what an earlier disk block or a backup holds is out of reach.

    Raises: OSError.
    """
    try:
        with path.open("r+b") as file:
            overwrite(file)
        path.unlink()
    except FileNotFoundError:
        return
    wait_for_disk(path.parent)


def overwrite(file: BinaryIO) -> None:
    """Overwrite an open file's bytes in their place on the disk, then cut it to nothing. Raises: OSError."""
    size = os.fstat(file.fileno()).st_size
    for fill in (secrets.token_bytes(size), bytes(size)):
        file.seek(0)
        file.write(fill)
        file.flush()
        os.fsync(file.fileno())
    file.truncate(0)
    os.fsync(file.fileno())
