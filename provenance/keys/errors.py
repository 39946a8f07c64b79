"""What can be wrong with keys and certificates: one class for each thing that a person can act on."""

from __future__ import annotations

from provenance.errors import KeyFileError, ProvenanceError


class KeyMakingError(ProvenanceError):
    """Keys could not be made, or would have replaced others without being asked to."""


class ChainError(ProvenanceError):
    """Root of what can be wrong with a chain of certificates."""


class ChainUnreadableError(ChainError):
    """A file of certificates or keys cannot be read as PEM, or holds none."""


class ChainOrderError(ChainError):
    """Certificates do not follow each other: the signing one first, each issued by the next."""


class CertificateUseError(ChainError):
    """A certificate may not sign content credentials: wrong key usage, extended key usage or kind of key."""


class CertificateTimeError(ChainError):
    """A certificate has ended, or has not begun yet."""


class KeyMismatchError(ChainError, KeyFileError):
    """A private key is not the one of its certificate."""


class RemoteSignerError(ProvenanceError):
    """A signer on another machine cannot be reached, refuses, or answers with something that is no signature."""
