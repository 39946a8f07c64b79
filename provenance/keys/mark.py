"""The key of the watermark: 32 bytes, one for an installation, made at first use."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from provenance.errors import KeyFileError
from provenance.keys.files import lock, secret, write_new

MARK = "mark.key"
MARK_BYTES = 32


def mark_key(folder: Path) -> bytes:
    """Return the 32 bytes that the watermark is keyed with, made on first use. Raises: KeyFileError, KeyPermissionError."""
    path = folder / MARK
    if not path.exists():
        with lock(folder):
            if not path.exists():
                write_new(path, secrets.token_bytes(MARK_BYTES), 0o600)
    return _mark(path)


def existing_mark_key(folder: Path) -> bytes | None:
    """Return the watermark's key, or None when this installation has never marked anything; makes nothing."""
    path = folder / MARK
    return _mark(path) if path.exists() else None


def mark_key_fingerprint(key: bytes) -> str:
    """Return 16 hexadecimal digits that name the watermark's key in a Record without giving it away."""
    return hashlib.sha256(b"anastylosis mark key\n" + key).hexdigest()[:16]


def _mark(path: Path) -> bytes:
    key = secret(path)
    if len(key) != MARK_BYTES:
        raise KeyFileError(f"{path} has {len(key)} bytes instead of {MARK_BYTES}: put the key back from a backup.")
    return key
