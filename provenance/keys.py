"""The secrets of one installation: a signing key with its certificates, and the key of the watermark.

The private keys of the root and of the issuing authority exist only while the certificates are made and are never
written, so nobody can issue another certificate in this installation's name.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import KeyFileError, KeyPermissionError

SIGNING = "signing"            # folder of key.pem, chain.pem, root.pem
MARK = "mark.key"
MARK_BYTES = 32
YEARS = {"root": 30, "issuing": 25, "leaf": 15}   # without a time stamp a signature falls with its certificate
_KEY_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
ORGANISATION = "Anastylosis, local installation"


@dataclass(frozen=True)
class SigningKeys:
    """What a signature needs.

    Attributes:
        key_pem: private key, EC P-256, PKCS#8.
        chain_pem: leaf first, then the issuing authority; the root is left out (root first would be refused).
        root_pem: the anchor that makes a reader say Trusted.
    """

    key_pem: bytes
    chain_pem: bytes
    root_pem: bytes


def signing_keys(folder: Path) -> SigningKeys:
    """Return the signing keys in `folder`, made on first use.

    Raises: KeyPermissionError when others may read the key; KeyFileError when a file of the three is missing.
    """
    place = folder / SIGNING
    if not place.exists():
        with _lock(folder):
            if not place.exists():
                _write_signing_keys(folder, place)
    return SigningKeys(_secret(place / "key.pem"), _public(place / "chain.pem"), _public(place / "root.pem"))


def anchors(folder: Path) -> str | None:
    """Return the root certificate as PEM without touching any secret, or None when this installation has no keys yet."""
    try:
        return (folder / SIGNING / "root.pem").read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return None


def mark_key(folder: Path) -> bytes:
    """Return the 32 bytes that the watermark is keyed with, made on first use. Raises as `signing_keys`."""
    path = folder / MARK
    if not path.exists():
        with _lock(folder):
            if not path.exists():
                _write_new(path, secrets.token_bytes(MARK_BYTES), 0o600)
    return _mark(path)


def existing_mark_key(folder: Path) -> bytes | None:
    """Return the watermark's key, or None when this installation has never marked anything; makes nothing."""
    path = folder / MARK
    return _mark(path) if path.exists() else None


def mark_key_fingerprint(key: bytes) -> str:
    """Return 16 hexadecimal digits that name the watermark's key in a Record without giving it away."""
    return hashlib.sha256(b"anastylosis mark key\n" + key).hexdigest()[:16]


def check_keys(folder: Path) -> str:
    """Say in one sentence what keys there are; makes none.

    Raises: KeyPermissionError or KeyFileError when a key is there that cannot be used.
    """
    said = []
    if (folder / SIGNING).exists():
        from cryptography import x509
        from cryptography.hazmat.primitives.serialization import load_pem_private_key

        keys = signing_keys(folder)
        try:
            leaf = x509.load_pem_x509_certificate(keys.chain_pem)
            if load_pem_private_key(keys.key_pem, None).public_key() != leaf.public_key():
                raise KeyFileError(f"{folder / SIGNING}: the key is not the certificate's: put the folder back from a backup.")
        except ValueError as error:
            raise KeyFileError(f"{folder / SIGNING} holds something that is no key or certificate: put it back.") from error
        said.append(f"signing key valid until {leaf.not_valid_after_utc:%Y-%m-%d}, known to this machine only")
    key = existing_mark_key(folder)
    if key is not None:
        said.append(f"watermark key {mark_key_fingerprint(key)}")
    return "; ".join(said) or "none yet; they are made at the first release"


def _mark(path: Path) -> bytes:
    key = _secret(path)
    if len(key) != MARK_BYTES:
        raise KeyFileError(f"{path} has {len(key)} bytes instead of {MARK_BYTES}: put the key back from a backup.")
    return key


def _secret(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode & 0o777
        if os.name == "posix" and mode & 0o077:
            raise KeyPermissionError(f"{path} can be read by others (mode {mode:04o}): run `chmod 600 {path}`, then try again.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise KeyFileError(f"{path} is missing: put {path.parent} back from a backup.") from error
    except PermissionError as error:
        raise KeyPermissionError(f"{path} may not be read by this user: run `chmod 600 {path}` as its owner.") from error


def _public(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise KeyFileError(f"{path} cannot be read ({error.strerror}): put {path.parent} back from a backup.") from error


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the key folder alone, so that two processes starting at once agree on one set of keys."""
    import fcntl

    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
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


def _write_new(path: Path, data: bytes, mode: int) -> None:
    """Write a whole file that no reader ever sees in part."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise KeyFileError(f"{path} cannot be written ({error.strerror}): make room or make its folder writable.") from error


def _write_signing_keys(folder: Path, place: Path) -> None:
    """Write the three files into a folder of their own and let one rename make them real."""
    keys = _make_signing_keys()
    temporary = Path(tempfile.mkdtemp(prefix=".signing-", dir=folder))
    try:
        _write_new(temporary / "key.pem", keys.key_pem, 0o600)
        _write_new(temporary / "chain.pem", keys.chain_pem, 0o644)
        _write_new(temporary / "root.pem", keys.root_pem, 0o644)
        temporary.rename(place)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _make_signing_keys() -> SigningKeys:
    """Make root, issuing authority and leaf.

    The leaf's profile is the one with the widest acceptance in C2PA readers: ES256, EKU emailProtection, critical KU
    digitalSignature, AKI and SKI, an organisation in the subject.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    identity = secrets.token_hex(4)
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)

    def certificate(role: str, key, issuer_name, issuer_key, constraints, usage: tuple[str, ...]):
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, ORGANISATION),
                x509.NameAttribute(NameOID.COMMON_NAME, f"Anastylosis {identity} {role}"),
            ]
        )
        flags = {name: name in usage for name in _KEY_USAGES}
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer_name or subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))   # clocks of two machines differ a little
            .not_valid_after(now + datetime.timedelta(days=365 * YEARS[role]))
            .add_extension(constraints, critical=True)
            .add_extension(x509.KeyUsage(**flags), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        )
        if role == "leaf":
            builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        return builder.sign(issuer_key, hashes.SHA256())

    root_key, issuing_key, leaf_key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(3))
    authority = ("key_cert_sign", "crl_sign")
    root = certificate("root", root_key, None, root_key, x509.BasicConstraints(ca=True, path_length=1), authority)
    issuing = certificate("issuing", issuing_key, root.subject, root_key, x509.BasicConstraints(True, 0), authority)
    leaf = certificate(
        "leaf", leaf_key, issuing.subject, issuing_key, x509.BasicConstraints(False, None), ("digital_signature",)
    )
    pem = serialization.Encoding.PEM
    return SigningKeys(
        leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        leaf.public_bytes(pem) + issuing.public_bytes(pem),
        root.public_bytes(pem),
    )
