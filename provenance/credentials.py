"""Content Credentials (C2PA): signing files of every kind. Only a time stamp ever asks the network."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.credential_manifest import Claim, manifest
from provenance.credential_png import joined, without_pixels
from provenance.errors import CredentialError, ProvenanceError
from provenance.keys.chain import SIGNING_USES, algorithm
from provenance.keys.signing import SigningKeys
from provenance.media_types import is_too_large, sniff
from provenance.timestamp_errors import (
    TimeStampMismatchError,
    TimeStampRefusedError,
    TimeStampUnreachableError,
)

if TYPE_CHECKING:
    from provenance.draft import SourceNote

__all__ = ["ANY_BYTES", "SIGNERS", "Claim", "Signatory", "credential_context", "trial"]

ANY_BYTES = "application/octet-stream"
# Names of the two lists of roots: the library lets a root of either vouch for a signer, and says which list it was.
SIGNERS, TIME_STAMPS = "urn:anastylosis:signers", "urn:anastylosis:time-stamps"
# What the library says when a time stamp goes wrong; a test pins the words to this version.
_STAMP_FAULTS = (
    ("time stamp does not match data", TimeStampMismatchError, "stamped other bytes than it was given"),
    ("nonce mismatch", TimeStampMismatchError, "answered another request than ours (its nonce differs)"),
    ("http resolver", TimeStampUnreachableError, "could not be reached, or did not answer in time"),
    ("error sending request", TimeStampUnreachableError, "could not be reached, or did not answer in time"),
    ("decode error", TimeStampRefusedError, "answered with something that is no time stamp"),
    ("could not generate a trusted time stamp", TimeStampRefusedError, "gave no time stamp that holds"),
    ("time stamp", TimeStampRefusedError, "gave no time stamp that holds"),
)


class Signatory:
    """Signs with one installation's key, or lets a remote signer do it; make one for a Release and use it for all its files."""

    def __init__(self, keys: SigningKeys, tsa_url: str | None = None):
        """Args: keys, what signs; tsa_url, an RFC 3161 authority that stamps each signature, or None."""
        import c2pa

        self._tsa_url = tsa_url
        self._remote_fault: ProvenanceError | None = None
        try:
            name = algorithm(keys.chain()[0].public_key())
            self._context = credential_context(keys.root_pem.decode("ascii"))
            if keys.key_pem is None:
                self._signer = self._remote_signer(keys, name)
            else:
                stamps = tsa_url.encode() if tsa_url else None
                info = c2pa.C2paSignerInfo(name.encode(), keys.chain_pem, keys.key_pem, stamps)
                self._signer = c2pa.Signer.from_info(info)
        except (c2pa.C2paError, UnicodeDecodeError) as error:
            raise CredentialError(f"The signing key cannot be used ({error}): restore it from a backup.") from error

    def _remote_signer(self, keys: SigningKeys, name: str) -> Any:
        import c2pa

        from provenance.keys import remote

        url, public_key = str(keys.remote_url), keys.chain()[0].public_key()

        def sign(data: bytes) -> bytes:
            try:
                return remote.sign(url, data, name, public_key)
            except ProvenanceError as error:
                self._remote_fault = error      # the library would only say that a callback failed
                raise

        kind = {"es256": "ES256", "es384": "ES384", "es512": "ES512", "ps256": "PS256", "ed25519": "ED25519"}[name]
        chain = keys.chain_pem.decode("ascii")
        return c2pa.Signer.from_callback(sign, c2pa.C2paSigningAlg[kind], chain, self._tsa_url)

    def embed(self, data: bytes, media_type: str, claim: Claim) -> bytes:
        """Return the file with the credential inside. Raises: CredentialError, TimeStampError, RemoteSignerError."""
        signed = io.BytesIO()
        self._sign(media_type, io.BytesIO(joined(data)), signed, claim, is_embedded=True)
        return signed.getvalue()

    def sidecar(self, path: Path, claim: Claim) -> bytes:
        """Return the credential of a file of any kind, to lie beside it as NAME.c2pa. Raises: as `embed`."""
        with path.open("rb") as file:
            return self._sign(ANY_BYTES, file, _Sink(), claim, is_embedded=False)

    def _sign(self, media_type: str, source, out, claim: Claim, *, is_embedded: bool) -> bytes:
        import c2pa

        parent = next((note for note in claim.sources if note.role == "parent" and note.path is not None), None)
        # EDIT without a parent would silently make the output its own parent.
        is_edit = claim.is_restoration and parent is not None
        try:
            with c2pa.Builder(manifest(claim, is_edit), context=self._context) as builder:
                if is_edit:
                    builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
                else:
                    builder.set_intent(c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.EMPTY)
                for note in claim.sources:
                    if note.path is not None:
                        _add_ingredient(builder, note, "parentOf" if is_edit and note is parent else "inputTo")
                if not is_embedded:
                    builder.set_no_embed()
                return builder.sign(self._signer, media_type, source, out)
        except c2pa.C2paError as error:
            raise self._named(claim.title, str(error)) from error

    def _named(self, title: str, text: str) -> ProvenanceError:
        """Return the error of ours that a text of the library stands for."""
        fault, self._remote_fault = self._remote_fault, None
        if fault is not None:
            return type(fault)(f"{title} could not be signed: {fault}")
        if self._tsa_url is not None:
            for words, kind, said in _STAMP_FAULTS:
                if words in text:
                    return kind(f"{title} got no time stamp: the authority at {self._tsa_url} {said}.")
        return CredentialError(f"{title} could not be signed: {text}.")


def credential_context(anchors: str | None, tsa_roots: str = "", *, checks_own: bool = True) -> Any:
    """Return settings under which signatures below `anchors` (PEM) are Trusted, and under which reading asks no network.

    Args:
        anchors: roots of signers, or None, and every signer is a stranger.
        tsa_roots: roots of time-stamping authorities, PEM; what leads to one outlives its certificate.
        checks_own: whether a signature is validated while it is made; False for a caller who reads it back anyway.
    """
    import c2pa

    lists = [
        {"trust_anchors": pem, "trust_kind": kind, "trust_uri": uri}
        for pem, kind, uri in ((anchors, "manifest", SIGNERS), (tsa_roots, "tsa", TIME_STAMPS))
        if pem and pem.strip()
    ]
    uses = "".join(f"{oid}\n" for oid in SIGNING_USES)
    return c2pa.Context.from_dict(
        {
            "builder": {"thumbnail": {"enabled": False}},
            "trust": {"anchors": lists, "trust_config": uses} if lists else {"trust_config": uses},
            "verify": {"remote_manifest_fetch": False, "verify_after_sign": checks_own},
        }
    )


def trial(keys: SigningKeys) -> str:
    """Sign a picture of one pixel and return the state in which it reads back: "Trusted" when all is well.

    Raises: CredentialError, RemoteSignerError when there is no signature at all.
    """
    import struct
    import zlib

    import c2pa

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixel = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    kind = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
    claim = Claim("trial.png", False, kind, "2026-01-01T00:00:00Z", "0", "A trial of new keys.", {"id": "trial"})
    signed = Signatory(keys).embed(pixel, "image/png", claim)
    try:
        context = credential_context(keys.root_pem.decode("ascii"))
        with c2pa.Reader("image/png", io.BytesIO(signed), context=context) as reader:
            return str(reader.get_validation_state())
    except c2pa.C2paError as error:
        return f"unreadable ({error})"


def _add_ingredient(builder: Any, note: SourceNote, relationship: str) -> None:
    """Add a source with what it carries of its own; one that the SDK cannot parse still counts, as plain bytes."""
    import c2pa

    entry = {"title": note.name, "relationship": relationship}
    with note.path.open("rb") as file:  # type: ignore[union-attr]
        media_type = sniff(file.read(32)) or ANY_BYTES
        file.seek(0)
        # Of a picture without a credential the library keeps no more than its metadata.
        is_png = media_type == "image/png" and not is_too_large(note.path.stat().st_size)  # type: ignore[union-attr]
        bare = without_pixels(file.read()) if is_png else None
        file.seek(0)
        try:
            builder.add_ingredient(entry, media_type, file if bare is None else io.BytesIO(bare))
        except c2pa.C2paError:
            file.seek(0)
            builder.add_ingredient(entry, ANY_BYTES, file)


class _Sink(io.RawIOBase):
    """Takes the copy of the file that the SDK insists on writing, and keeps nothing but the position."""

    def __init__(self):
        super().__init__()
        self._at = self._end = 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # noqa: ARG002
        return 0

    def write(self, data) -> int:
        self._at += len(data)
        self._end = max(self._end, self._at)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._end)[whence]
        return self._at

    def tell(self) -> int:
        return self._at
