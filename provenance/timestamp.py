"""Time stamps after RFC 3161: an authority signs a digest and its clock, and anybody can check that offline for ever."""

from __future__ import annotations

import datetime
import hashlib
import http.client
import urllib.error
import urllib.request
import warnings
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from provenance.timestamp_errors import (
    TimeStampError,
    TimeStampMismatchError,
    TimeStampRefusedError,
    TimeStampUnreachableError,
    TimeStampUntrustedError,
)

ANSWER_LIMIT_BYTES = 2**17      # real ones have 1 to 8 KB
TIMEOUT_S = 10.0
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


@dataclass(frozen=True)
class Stamp:
    """What a verified time stamp says.

    Attributes:
        time: when the digest existed, UTC.
        authority: organisation and name in the authority's certificate.
        root: name of the trusted root that it leads to.
    """

    time: datetime.datetime
    authority: str
    root: str


def check_url(url: str) -> str:
    """Return `url`. Raises: TimeStampUnreachableError when it is no http(s) URL; the answers are signed, so http will do."""
    try:
        parts = urlsplit(url)
        is_fine = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_fine = False
    if not is_fine or not url.isprintable():
        raise TimeStampUnreachableError(f"{url} is no place for a time-stamping authority: give an http:// or https:// URL.")
    return url


def fetch(url: str, data: bytes, timeout_s: float = TIMEOUT_S) -> bytes:
    """Ask the authority at `url` to stamp `data`; return its response (DER, TimeStampResp) once it answers this very request.

    The message imprint and the nonce were compared; whose signature it is must still be asked with `verify`.
    Raises: TimeStampUnreachableError, TimeStampRefusedError, TimeStampMismatchError.
    """
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    query = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).build()
    raw = certificates_sorted(_post(url, query.as_bytes(), timeout_s))
    opened = _open(raw, f"The time-stamping authority at {url}")
    if opened.imprint != hashlib.sha256(data).digest():
        raise TimeStampMismatchError(f"The time-stamping authority at {url} stamped other bytes than those given: use another.")
    if opened.nonce != query.nonce:
        raise TimeStampMismatchError(
            f"The time-stamping authority at {url} answered another request than ours (its nonce differs): somebody replays "
            "old time stamps, or it is broken. Use another."
        )
    return raw


def verify(response: bytes, data: bytes, roots_pem: str) -> Stamp:
    """Return what a response says once its signature, usage, imprint of `data` and chain to one of `roots_pem` hold.

    The authority's certificates count as valid when they were so at the stamped time, whatever the date is now.
    Raises: TimeStampRefusedError, TimeStampMismatchError, TimeStampUntrustedError.
    """
    from cryptography import x509

    what = "The time stamp"
    opened = _open(response, what)
    digest = opened.digest(data)
    if digest is None or opened.imprint != digest:
        raise TimeStampMismatchError(f"{what} is for other bytes: either the file or the stamp was changed or exchanged.")
    try:
        roots = x509.load_pem_x509_certificates(roots_pem.encode()) if roots_pem.strip() else []
    except ValueError as error:
        raise TimeStampUntrustedError("The roots of time-stamping authorities in this home cannot be read as PEM.") from error
    for root in roots:
        if opened.leads_to(root, digest):
            return Stamp(opened.time, opened.signer, _name(root))
    raise TimeStampUntrustedError(
        f"{what} is signed by “{opened.signer}”, and that leads to none of the {len(roots)} roots trusted for time stamps "
        "here, or its signature does not hold: name its root with `anastylosis keys tsa URL --root ROOT.pem`."
    )


def claimed_signer(response: bytes) -> tuple[str, str]:
    """Return who a response says that it is from, and the distinguished name of its issuer; nothing is verified."""
    opened = _open(response, "The time stamp")
    return opened.signer, opened.top_issuer.rfc4514_string()


def claimed_top(response: bytes) -> Any:
    """Return the x509 name of the root that a response says that it leads to; nothing is verified."""
    return _open(response, "The time stamp").top_issuer


_HASHES = {
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}


@dataclass(frozen=True)
class _Opened:
    """A response, everything in it decoded once and nothing of it verified."""

    decoded: Any
    hash_oid: str
    imprint: bytes
    nonce: int | None
    time: datetime.datetime
    signer: str
    top_issuer: Any

    def digest(self, data: bytes) -> bytes | None:
        """Return the digest of `data` as the stamp takes it, None for an algorithm that is not accepted."""
        return _HASHES[self.hash_oid](data).digest() if self.hash_oid in _HASHES else None

    def leads_to(self, root: Any, digest: bytes) -> bool:
        """Return whether signature, usage, imprint and chain to `root` hold, the certificates valid at the stamped time."""
        from rfc3161_client import VerifierBuilder

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return VerifierBuilder().add_root_certificate(root).build().verify(self.decoded, digest)
        except Exception:  # noqa: BLE001  hostile certificates raise anything, and all of it means no
            return False


def _open(raw: bytes, what: str) -> _Opened:
    """Decode a response. Raises: TimeStampRefusedError when it is none or grants nothing, TimeStampUntrustedError."""
    from cryptography import x509
    from rfc3161_client import decode_timestamp_response

    ordered = certificates_sorted(raw)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")     # of a deprecated serial number; the signature decides
            decoded = decode_timestamp_response(ordered)
            if decoded.status != 0:
                said = "; ".join(decoded.status_string or [])[:200]
                raise TimeStampRefusedError(f"{what} grants no stamp (status {decoded.status}{': ' + said if said else ''}).")
            if bytes(decoded.as_bytes()) != ordered:
                raise TimeStampRefusedError(f"{what} would be written differently: it was changed.")
            info = decoded.tst_info
            certificates = [x509.load_der_x509_certificate(one) for one in decoded.signed_data.certificates]
            signer = _signer(list(decoded.signed_data.signer_infos), certificates)
            return _Opened(
                decoded,
                info.message_imprint.hash_algorithm.dotted_string,
                bytes(info.message_imprint.message),
                info.nonce,
                info.gen_time.astimezone(datetime.UTC).replace(microsecond=0),
                _name(signer),
                _top(signer, certificates).issuer,
            )
    except TimeStampError:
        raise
    except Exception as error:  # decoders raise anything on hostile bytes, and only when a field is looked at
        raise TimeStampRefusedError(f"{what} cannot be read as RFC 3161 asks.") from error


def _signer(signers: list[Any], certificates: list[Any]) -> Any:
    found = [c for s in signers for c in certificates if (c.issuer, c.serial_number) == (s.issuer, s.serial_number)]
    if len(signers) != 1 or not found:
        raise TimeStampUntrustedError("The time stamp does not hold the certificate of the one authority that signed it.")
    return found[0]


def _top(signer: Any, certificates: list[Any]) -> Any:
    """Follow the issuers by name as far as the response has them."""
    top = signer
    for _ in certificates:
        above = next((one for one in certificates if one.subject == top.issuer), None)
        if above is None or above == top:
            break
        top = above
    return top


def certificates_sorted(response: bytes) -> bytes:
    """Return a response with its certificates in the order that DER asks of a set (X.690, 11.6).

    OpenSSL, and with it many an authority, writes the signer's first. The order is not signed, and the strict decoder here
    would refuse it. Whatever cannot be walked through comes back as it is, for the decoder to refuse.
    """
    try:
        _, token = _inside(response, 0, len(response), 2)           # PKIStatusInfo, TimeStampToken
        _, content = _inside(response, *token, 2)                   # pkcs7-signedData, [0]
        (signed,) = _inside(response, *content, 1)
        fields = _inside(response, *signed)
        certificates = next((start, end) for start, end in fields[3:] if response[start] == 0xA0)
        parts = [response[start:end] for start, end in _inside(response, *certificates)]
    except (IndexError, ValueError, StopIteration):
        return response
    end = certificates[1]
    start = end - sum(map(len, parts))
    return response[:start] + b"".join(sorted(parts)) + response[end:]


def _inside(data: bytes, start: int, end: int, count: int | None = None) -> list[tuple[int, int]]:
    """Return where the elements within the DER element at `start` begin and end. Raises: ValueError, IndexError."""
    at, stop = _body(data, start)
    found = []
    while at < stop and stop <= end:
        after = _body(data, at)[1]
        found.append((at, after))
        at = after
    if at != stop or (count is not None and len(found) != count):
        raise ValueError
    return found


def _body(data: bytes, start: int) -> tuple[int, int]:
    length, at = data[start + 1], start + 2
    if length & 0x80:
        width = length & 0x7F
        length, at = int.from_bytes(data[at : at + width], "big"), at + width
    return at, at + length


def _name(certificate: Any) -> str:
    from provenance.keys.certificates import name_of

    return name_of(certificate.subject)


def _post(url: str, body: bytes, timeout_s: float) -> bytes:
    headers = {"Content-Type": _QUERY, "Accept": _REPLY}
    request = urllib.request.Request(check_url(url), data=body, headers=headers)   # noqa: S310  the scheme was checked
    what = f"The time-stamping authority at {url}"
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as answer:         # noqa: S310
            raw = answer.read(ANSWER_LIMIT_BYTES + 1)
    except urllib.error.HTTPError as error:
        with error:
            raise TimeStampRefusedError(f"{what} refused with HTTP {error.code}: check the URL.") from error
    except TimeoutError as error:
        why = f"within {timeout_s:g} seconds: try later or use another."
        raise TimeStampUnreachableError(f"{what} did not answer {why}") from error
    except (OSError, http.client.HTTPException) as error:
        why = getattr(error, "reason", None) or error
        if isinstance(why, TimeoutError):
            why = f"no answer within {timeout_s:g} seconds"
        raise TimeStampUnreachableError(f"{what} cannot be reached ({why}): try later or use another.") from error
    if len(raw) > ANSWER_LIMIT_BYTES:
        raise TimeStampError(f"{what} answered with far too much: use another.")
    return raw
