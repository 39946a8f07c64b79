"""Content Credentials (C2PA): writing ours, reading anybody's. Nothing here ever asks the network."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from provenance.errors import CredentialError
from provenance.keys import SigningKeys
from provenance.media_types import sniff

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provenance.draft import SourceNote

GENERATOR = "Anastylosis"
RELEASE_LABEL = "org.anastylosis.release"
MARK_ALGORITHM = "org.anastylosis.watermark.1"
ANY_BYTES = "application/octet-stream"
_MINING = ("data_mining", "ai_training", "ai_inference", "ai_generative_training")


@dataclass(frozen=True)
class Claim:
    """What a credential will say.

    Attributes:
        title: file name in the Release.
        is_restoration: True makes the parent source the parent (EDIT), False makes something new (CREATE).
        digital_source_type: URI of IPTC's vocabulary.
        when: RFC 3339.
        version: of this software.
        description: one sentence for people.
        release: "id", "request_sha256", "ai_share", "mask_sha256" and more under our own label; JSON values.
        regions: boxes (x, y, width, height) in pixels, at most 32.
        handle: 12 hexadecimal digits of the watermark, or None.
        sources: with paths where the files are at hand.
    """

    title: str
    is_restoration: bool
    digital_source_type: str
    when: str
    version: str
    description: str
    release: dict
    regions: Sequence[tuple[int, int, int, int]] = ()
    handle: str | None = None
    sources: tuple[SourceNote, ...] = ()


class Signatory:
    """Signs with one installation's key; make one for a Release and use it for all its files."""

    def __init__(self, keys: SigningKeys):
        import c2pa

        try:
            self._context = credential_context(keys.root_pem.decode("ascii"))
            self._signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(b"es256", keys.chain_pem, keys.key_pem, None))
        except (c2pa.C2paError, UnicodeDecodeError) as error:
            raise CredentialError(f"The signing key cannot be used ({error}): restore it from a backup.") from error

    def embed(self, data: bytes, media_type: str, claim: Claim) -> bytes:
        """Return the file with the credential inside. Raises: CredentialError."""
        signed = io.BytesIO()
        self._sign(media_type, io.BytesIO(data), signed, claim, is_embedded=True)
        return signed.getvalue()

    def sidecar(self, path: Path, claim: Claim) -> bytes:
        """Return the credential of a file of any kind, to lie beside it as NAME.c2pa. Raises: CredentialError."""
        with path.open("rb") as file:
            return self._sign(ANY_BYTES, file, _Sink(), claim, is_embedded=False)

    def _sign(self, media_type: str, source, out, claim: Claim, *, is_embedded: bool) -> bytes:
        import c2pa

        parent = next((note for note in claim.sources if note.role == "parent" and note.path is not None), None)
        # EDIT without a parent would silently make the output its own parent.
        is_edit = claim.is_restoration and parent is not None
        try:
            with c2pa.Builder(_manifest(claim, is_edit), context=self._context) as builder:
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
            raise CredentialError(f"{claim.title} could not be signed: {error}.") from error


def _add_ingredient(builder: Any, note: SourceNote, relationship: str) -> None:
    """Add a source with what it carries of its own; one that the SDK cannot parse still counts, as plain bytes."""
    import c2pa

    entry = {"title": note.name, "relationship": relationship}
    with note.path.open("rb") as file:  # type: ignore[union-attr]
        media_type = sniff(file.read(32)) or ANY_BYTES
        file.seek(0)
        try:
            builder.add_ingredient(entry, media_type, file)
        except c2pa.C2paError:
            file.seek(0)
            builder.add_ingredient(entry, ANY_BYTES, file)


def _manifest(claim: Claim, is_edit: bool) -> dict:
    action: dict = {
        "action": "c2pa.edited" if is_edit else "c2pa.created",
        "digitalSourceType": claim.digital_source_type,
        "softwareAgent": {"name": GENERATOR, "version": claim.version},
        "when": claim.when,
        "description": claim.description,
    }
    if claim.regions:
        # No `role`: this SDK decodes none of its nine names.
        action["changes"] = [
            {"region": [_rectangle(box)], "identifier": f"region-{i + 1}", "description": "made by a model"}
            for i, box in enumerate(claim.regions)
        ]
    actions = [action]
    assertions: list[dict] = [{"label": "c2pa.actions.v2", "data": {"actions": actions}}]
    if claim.handle is not None:
        actions.append({"action": "c2pa.watermarked.bound", "when": claim.when, "softwareAgent": action["softwareAgent"]})
        binding = {"alg": MARK_ALGORITHM, "blocks": [{"scope": {}, "value": claim.handle}]}
        assertions.append({"label": "c2pa.soft-binding", "data": binding})
    entries = {f"cawg.{name}": {"use": "notAllowed"} for name in _MINING}
    assertions.append({"label": "cawg.training-mining", "data": {"entries": entries}})
    assertions.append({"label": RELEASE_LABEL, "data": claim.release})
    return {
        "claim_generator_info": [{"name": GENERATOR, "version": claim.version}],
        "title": claim.title,
        "assertions": assertions,
    }


def _rectangle(box: tuple[int, int, int, int]) -> dict:
    x, y, width, height = box
    shape = {"type": "rectangle", "unit": "pixel", "origin": {"x": x, "y": y}, "width": width, "height": height}
    return {"type": "spatial", "shape": shape}


def credential_context(anchors: str | None) -> Any:
    """Return settings under which signatures below `anchors` (PEM) are Trusted, and under which nothing asks the network."""
    import c2pa

    # With no anchor every signer is a stranger; an empty string would be refused.
    trust = {"user_anchors": anchors} if anchors else {}
    return c2pa.Context.from_dict(
        {"builder": {"thumbnail": {"enabled": False}}, "trust": trust, "verify": {"remote_manifest_fetch": False}}
    )


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
