"""Making certificates: a root, an issuing authority and a leaf in the profile that C2PA readers accept most widely."""

from __future__ import annotations

import datetime
import re
import secrets
from dataclasses import dataclass

from provenance.keys.errors import KeyMakingError

ORGANISATION = "Anastylosis, local installation"
YEAR = datetime.timedelta(days=365)
_KEY_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
_SELF_MADE = re.compile(r"Anastylosis [0-9a-f]{8} root")
_LONGEST_NAME = 64      # ub-organization-name, RFC 5280 appendix A


@dataclass(frozen=True)
class Lifetimes:
    """How long each certificate lasts; without a time stamp a signature falls with its certificate, hence so long."""

    root: datetime.timedelta = 30 * YEAR
    issuing: datetime.timedelta = 25 * YEAR
    leaf: datetime.timedelta = 15 * YEAR


@dataclass(frozen=True)
class MadeKeys:
    """PEM of a new key and its certificates: `key_pem` PKCS#8, `chain_pem` leaf then issuer, `root_pem` the anchor."""

    key_pem: bytes
    chain_pem: bytes
    root_pem: bytes


def make_certificates(organisation: str = ORGANISATION, lifetimes: Lifetimes | None = None) -> MadeKeys:
    """Make root, issuing authority and leaf, valid from an hour ago.

    The private keys of the root and of the issuing authority exist only while this runs, so nobody can issue another
    certificate in this installation's name. The leaf's profile: ES256, EKU emailProtection, critical KU digitalSignature,
    AKI and SKI, an organisation in the subject.

    Args:
        organisation: 1 to 64 characters, what readers show as the signer.
    Raises: KeyMakingError when the name does not fit.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    organisation = organisation.strip()
    if not 0 < len(organisation) <= _LONGEST_NAME or not organisation.isprintable():
        raise KeyMakingError(f"“{organisation[:80]}” cannot name an organisation: give 1 to {_LONGEST_NAME} letters.")
    lasts = lifetimes or Lifetimes()
    identity = secrets.token_hex(4)
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)

    def certificate(role: str, key, issuer_name, issuer_key, constraints, usage: tuple[str, ...]):
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation),
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
            .not_valid_after(now + getattr(lasts, role))
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
    return MadeKeys(
        leaf_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        leaf.public_bytes(pem) + issuing.public_bytes(pem),
        root.public_bytes(pem),
    )


def is_self_made(root) -> bool:
    """Return whether an x509 root was made here by `make_certificates`, so that nobody but this machine vouches for it."""
    from cryptography.x509.oid import NameOID

    names = root.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return bool(names) and _SELF_MADE.fullmatch(str(names[0].value)) is not None and root.subject == root.issuer


def name_of(subject) -> str:
    """Return organisation and common name of an x509 name, for people."""
    from cryptography.x509.oid import NameOID

    parts = [subject.get_attributes_for_oid(oid) for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)]
    return ", ".join(str(part[0].value) for part in parts if part) or subject.rfc4514_string() or "without a name"
