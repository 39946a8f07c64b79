"""Judging a chain of certificates that somebody brings: may it sign content credentials, and does its key fit?

The rules are those under which the credential library calls a signature Trusted, tried one by one: an extended key usage
of SIGNING_USES and none that mixes in time stamps, OCSP or everything; key usage digitalSignature; an authority key
identifier; no authority as leaf; leaf first.
"""

from __future__ import annotations

import datetime
import itertools
from typing import Any

from provenance.keys.certificates import name_of
from provenance.keys.errors import (
    CertificateTimeError,
    CertificateUseError,
    ChainOrderError,
    ChainUnreadableError,
    KeyMismatchError,
)

LONGEST_CHAIN = 8
# Extended key usages that may sign. Every reader takes the first; the others are for readers of C2PA's own trust list.
SIGNING_USES = {
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.36": "documentSigning",
    "1.3.6.1.4.1.62558.2.1": "C2PA claim signing",
}
RSA_LEAST_BITS = 2048
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}


def load_chain(pem: bytes, what: str) -> list[Any]:
    """Return the x509 certificates in PEM, in their order. Raises: ChainUnreadableError naming `what`."""
    from cryptography import x509

    try:
        found = x509.load_pem_x509_certificates(pem)
        for one in found:  # names, dates, extensions and keys are parsed only when they are asked for
            _ = one.subject, one.issuer, one.not_valid_before_utc, one.not_valid_after_utc, one.extensions
    except (ValueError, TypeError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise ChainUnreadableError(f"{what} holds no certificates that can be read: give PEM, the leaf first.") from error
    if len(found) > LONGEST_CHAIN:
        raise ChainUnreadableError(f"{what} holds {len(found)} certificates: give one chain of at most {LONGEST_CHAIN}.")
    return found


def load_key(pem: bytes, what: str) -> Any:
    """Return the private key in PEM. Raises: ChainUnreadableError, also when it is behind a passphrase."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        return load_pem_private_key(pem, None)
    except TypeError as error:
        raise ChainUnreadableError(
            f"{what} is behind a passphrase: write it without one (openssl pkcs8 -topk8 -nocrypt), into a file that only you "
            "can read, or let it stay where it is and use a remote signer (keys use --remote URL)."
        ) from error
    except ValueError as error:
        raise ChainUnreadableError(f"{what} holds no private key that can be read: give PEM, PKCS#8.") from error


def algorithm(public_key: Any) -> str:
    """Return how a key signs in C2PA: "es256", "es384", "es512", "ps256" or "ed25519". Raises: CertificateUseError."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(public_key, ec.EllipticCurvePublicKey) and public_key.curve.name in _CURVES:
        return _CURVES[public_key.curve.name]
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        return "ed25519"
    if isinstance(public_key, rsa.RSAPublicKey) and public_key.key_size >= RSA_LEAST_BITS:
        return "ps256"
    raise CertificateUseError(
        "The certificate's key is of a kind that content credentials do not take: ask for one with an elliptic curve "
        f"(P-256, P-384, P-521), Ed25519, or RSA of at least {RSA_LEAST_BITS} bits."
    )


def check_chain(chain: list[Any], root: Any, now: datetime.datetime) -> None:
    """Check that `chain`, leaf first, leads to `root`, may sign, and is valid at `now`.

    Raises: ChainOrderError, CertificateUseError, CertificateTimeError.
    """
    _check_order([*chain, root])
    _check_use(chain[0])
    algorithm(_public_key(chain[0]))
    for certificate in (*chain, root):
        check_time(certificate, now)


def _public_key(certificate: Any) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        name = name_of(certificate.subject)
        raise CertificateUseError(f"The key of “{name}” cannot be read ({error}): ask for it to be issued again.") from error


def check_time(certificate: Any, now: datetime.datetime) -> None:
    """Raise CertificateTimeError when a certificate is not valid at `now`."""
    name, end, begin = name_of(certificate.subject), certificate.not_valid_after_utc, certificate.not_valid_before_utc
    if now > end:
        raise CertificateTimeError(f"The certificate “{name}” ended on {end:%Y-%m-%d %H:%M} UTC: make or ask for a new one.")
    if now < begin:
        raise CertificateTimeError(
            f"The certificate “{name}” begins on {begin:%Y-%m-%d %H:%M} UTC and this machine's clock says "
            f"{now:%Y-%m-%d %H:%M} UTC: set the clock."
        )


def check_pair(key: Any, leaf: Any, what: str) -> None:
    """Raise KeyMismatchError when a private key is not the certificate's."""
    if key.public_key() != leaf.public_key():
        raise KeyMismatchError(
            f"{what}: the key is not the certificate's (“{name_of(leaf.subject)}”): give the key that was certified."
        )


def _check_order(certificates: list[Any]) -> None:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    if certificates[0].subject == certificates[0].issuer:
        raise ChainOrderError(
            f"The first certificate, “{name_of(certificates[0].subject)}”, is self-signed: put the signing certificate first "
            "and the root last."
        )
    for lower, upper in itertools.pairwise(certificates):
        if lower == upper:
            continue
        try:
            lower.verify_directly_issued_by(upper)
        except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm) as error:
            raise ChainOrderError(
                f"“{name_of(lower.subject)}” was not issued by the certificate after it, “{name_of(upper.subject)}”: put the "
                "signing certificate first, each followed by its issuer."
            ) from error


def _check_use(leaf: Any) -> None:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID as Usage

    name = name_of(leaf.subject)

    def extension(kind: Any) -> Any:
        try:
            return leaf.extensions.get_extension_for_class(kind).value
        except x509.ExtensionNotFound:
            return None
        except ValueError as error:
            raise CertificateUseError(f"The extensions of “{name}” cannot be read: ask for it to be issued again.") from error

    constraints, usage, extended = (extension(k) for k in (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage))
    if constraints is not None and constraints.ca:
        raise CertificateUseError(f"“{name}” is the certificate of an authority: sign with one that an authority issued.")
    if usage is None or not usage.digital_signature:
        raise CertificateUseError(f"“{name}” may not sign (key usage digitalSignature is missing): ask for one that may.")
    uses = {use.dotted_string for use in extended or []}
    if not uses & set(SIGNING_USES) or Usage.ANY_EXTENDED_KEY_USAGE in extended:
        said = ", ".join(getattr(use, "_name", use.dotted_string) for use in extended or []) or "none"
        wanted = " or ".join(f"{text} ({oid})" for oid, text in SIGNING_USES.items())
        raise CertificateUseError(
            f"“{name}” is for {said}, and readers of content credentials ask for the extended key usage {wanted}: "
            "ask the authority for that."
        )
    if Usage.TIME_STAMPING in extended or Usage.OCSP_SIGNING in extended:
        raise CertificateUseError(f"“{name}” is also for time stamps or OCSP, which readers refuse: ask for one that is not.")
    if extension(x509.AuthorityKeyIdentifier) is None:
        raise CertificateUseError(f"“{name}” does not name its issuer's key (authority key identifier): ask for one that does.")
