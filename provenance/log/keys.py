"""The log's key: one Ed25519 key for an installation, made at first use."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from provenance.durable import wait_for_disk
from provenance.log.errors import LogKeyError, NoLogError
from provenance.log.files import make_folder, write_durably
from provenance.log.note import NoteSigner

KEY, PUBLIC, LAST_SIGNED = "log.key", "log.vkey", "log.checkpoint"


def open_signer(folder: Path) -> NoteSigner:
    """The signer in `folder`, made when there is none; its name is the log's origin.

    Writes `log.key` (PKCS#8, mode 0600) and `log.vkey`, the verifier key to hand out. To be called by one process at a time.
    Raises: LogKeyError, LogWriteError.
    """
    signer = _named(open_key(folder / KEY))
    public = folder / PUBLIC
    if not public.exists():
        write_durably(public, f"{signer.verifier.text()}\n".encode())
    return signer


def existing_signer(folder: Path) -> NoteSigner:
    """The signer in `folder`; nothing is made. Raises: NoLogError when there is none, LogKeyError."""
    if not (folder / KEY).exists():
        raise NoLogError(f"There is no log yet: {folder} holds no {KEY}. It is made at the first release.")
    return _named(_read(folder / KEY))


def open_key(path: Path) -> Ed25519PrivateKey:
    """The Ed25519 key in a file (PKCS#8, mode 0600), made when there is none; by one process at a time.

    Raises: LogKeyError, LogWriteError.
    """
    if not path.exists():
        if not path.parent.exists():
            make_folder(path.parent.parent)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            wait_for_disk(path.parent.parent)
        path.with_name(f"{path.name}.tmp").unlink(missing_ok=True)  # a leftover would lend the key its own mode
        key = Ed25519PrivateKey.generate()
        write_durably(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), mode=0o600)
    return _read(path)


def _named(key: Ed25519PrivateKey) -> NoteSigner:
    digest = hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()
    return NoteSigner(f"anastylosis.local/{digest[:8]}", key)


def _read(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise LogKeyError(f"The log's key {path} cannot be read ({error.strerror}): it must belong to you.") from error
    except (ValueError, TypeError) as error:
        raise LogKeyError(f"{path} is not a private key in PEM: restore it from a copy, the log needs it.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise LogKeyError(f"{path} is not an Ed25519 key: restore the log's own key from a copy.")
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise LogKeyError(f"{path} can be read by others: run chmod 600 on it, and consider the key known to them.")
    return key
