"""A signer on another machine: this one sends what is to be signed, and never sees the private key.

The protocol, small enough for twenty lines in front of a hardware module:

- `GET URL` answers 200 with `application/pem-certificate-chain`: the signing certificate first, the root last if wanted.
- `POST URL` with `application/octet-stream` (the bytes to sign, at most 1 MiB) and the header `Signature-Algorithm`
  (`es256`, `es384`, `es512`, `ps256` or `ed25519`, as its certificate's key asks) answers 200 with the signature alone:
  ECDSA as r‖s or DER, RSA-PSS with the hash's length as salt, Ed25519 as 64 bytes.

Each request carries `Authorization: Bearer …` when the environment variable ANASTYLOSIS_SIGNER_TOKEN is set. The URL is
https, or http on this very machine. Redirects are not followed.
"""

from __future__ import annotations

import http.client
import os
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from provenance.keys.errors import RemoteSignerError

TOKEN = "ANASTYLOSIS_SIGNER_TOKEN"   # noqa: S105  the name of a variable
TIMEOUT_S = 20.0                      # a hardware module may ask a person to touch it
ANSWER_LIMIT_BYTES = 2**17
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HASHES = {"es256": "SHA256", "es384": "SHA384", "es512": "SHA512", "ps256": "SHA256"}


def check_url(url: str) -> str:
    """Return `url`. Raises: RemoteSignerError unless it is https, or http on this machine."""
    try:
        parts = urlsplit(url)
        is_fine = bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        )
    except ValueError:
        is_fine = False
    if not is_fine:
        raise RemoteSignerError(f"{url} is no place for a signer: give an https:// URL (http:// only for this very machine).")
    return url


def fetch_chain(url: str) -> bytes:
    """Return the PEM chain that a remote signer signs with. Raises: RemoteSignerError."""
    return _ask(url, None, {"Accept": "application/pem-certificate-chain"})


def sign(url: str, data: bytes, algorithm: str, public_key: Any) -> bytes:
    """Return the remote signer's signature over `data`, ECDSA as r‖s; it was verified with the certificate's key.

    Raises: RemoteSignerError.
    """
    headers = {"Content-Type": "application/octet-stream", "Signature-Algorithm": algorithm}
    signature = _ask(url, data, headers)
    return checked(url, signature, data, algorithm, public_key)


def checked(url: str, signature: bytes, data: bytes, algorithm: str, public_key: Any) -> bytes:
    """Return a signature as C2PA wants it (ECDSA: r‖s) once it was found to fit. Raises: RemoteSignerError."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    try:
        if algorithm == "ed25519":
            public_key.verify(signature, data)
            return signature
        digest = getattr(hashes, _HASHES[algorithm])()
        if algorithm == "ps256":
            public_key.verify(signature, data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
            return signature
        width = (public_key.curve.key_size + 7) // 8
        if len(signature) == 2 * width:
            r, s = int.from_bytes(signature[:width], "big"), int.from_bytes(signature[width:], "big")
        else:
            r, s = decode_dss_signature(signature)
        public_key.verify(encode_dss_signature(r, s), data, ec.ECDSA(digest))
        return r.to_bytes(width, "big") + s.to_bytes(width, "big")
    except (InvalidSignature, ValueError, OverflowError) as error:
        raise RemoteSignerError(
            f"The signer at {url} answered with {len(signature)} bytes that are no signature of its certificate's key: "
            "it signs with another key or another algorithm; fetch its certificates again with `anastylosis keys use --remote`."
        ) from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        return None


def _ask(url: str, body: bytes | None, headers: dict[str, str]) -> bytes:
    token = os.environ.get(TOKEN)
    if token:
        headers = {**headers, "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(check_url(url), data=body, headers=headers)   # noqa: S310  the scheme was checked
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as answer:
            data = answer.read(ANSWER_LIMIT_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            hint = f" Set {TOKEN} to its token." if error.code in (401, 403) else ""
            raise RemoteSignerError(f"The signer at {url} refused with HTTP {error.code}.{hint}") from error
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "reason", None) or error
        raise RemoteSignerError(f"The signer at {url} cannot be reached ({why}): start it, or check the URL.") from error
    if not data or len(data) > ANSWER_LIMIT_BYTES:
        raise RemoteSignerError(f"The signer at {url} answered with {'nothing' if not data else 'far too much'}.")
    return data
