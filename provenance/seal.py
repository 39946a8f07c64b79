"""One file of a Draft becomes one finished file in the staging folder: mark, encode, XMP, sign, read back."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import hmac
import importlib.metadata
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from provenance import block_list, durable, encode, keys, metadata
from provenance import record as records
from provenance.credential_reading import read_credential, read_sidecar
from provenance.credential_regions import outlines
from provenance.credentials import Claim, Signatory
from provenance.draft import Document, Draft, Picture
from provenance.errors import ProvenanceError, ReadBackError, ReleaseError, ReleaseFolderError
from provenance.fingerprint import iscc_of
from provenance.home import Home
from provenance.iscc import ALGORITHM as ISCC
from provenance.keys.chain import check_time
from provenance.keys.revocation import check_not_revoked
from provenance.media_types import LOSSY, credential_kind, is_too_large
from provenance.regions import boxes
from provenance.timestamp_clock import now
from provenance.timestamp_errors import TimeStampError
from provenance.timestamp_release import Stamping
from provenance.untouched import SCHEME, TILE_PX, differing_tiles, mask_digest, untouched

MARK_SCHEME = "anastylosis.watermark/2"
FLAT_GREY_LEVELS = 2.0      # standard deviation below which a fingerprint says nothing
_DESCRIPTIONS = {
    "restore": "Holes in the source were filled; every pixel outside the regions is the source's.",
    "speculate": "A speculative design drawn by a model after the sources; it was never built.",
    "scene": "A scene in metres with pictures or surfaces that a model made.",
    "render": "A view of a scene with pictures or surfaces that a model made.",
    "train": "Windows of pictures filled by a newly trained model.",
}


@contextlib.contextmanager
def step(what: str, after: str = "Nothing was released.") -> Iterator[None]:
    """Say at which step sealing stopped, and what was left as it was; errors keep their class.

    Args:
        what: "encoding panel.png".
        after: what is true after a failure at this step.
    """
    try:
        yield
    except ProvenanceError as error:
        raise type(error)(f"Stopped while {what}: {error} {after}") from error
    except OSError as error:
        raise ReleaseFolderError(f"Stopped while {what}: {_what_to_do(error)} {after}") from error
    except Exception as error:
        raise ReleaseError(f"Stopped while {what}: {type(error).__name__}: {error}. {after}") from error


def _what_to_do(error: OSError) -> str:
    place = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{place}; make room or choose a folder on another disk."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"the folder may not be written{place}; choose another one or ask for access."
    return f"{error.strerror or error}{place}; check the folder and try again."


def version() -> str:
    """Return the version of this software, "0" when it is not installed."""
    try:
        return importlib.metadata.version("anastylosis")
    except importlib.metadata.PackageNotFoundError:
        return "0"


@dataclass(frozen=True)
class Sealer:
    """Seals the files of one Draft into `staging`.

    Attributes:
        identity: UUID of the Record; made: RFC 3339.
        stamping: who stamps the signatures, if anybody.
    """

    draft: Draft
    home: Home
    staging: Path
    identity: str
    made: str
    stamping: Stamping
    _signatories: dict[str | None, Signatory] = field(default_factory=dict)

    @cached_property
    def _signing_keys(self) -> keys.SigningKeys:
        found = keys.signing_keys(self.home.keys)
        check_not_revoked(self.home.keys, found)
        for certificate in (*found.chain(), found.root()):
            check_time(certificate, now())
        return found

    def signing(self) -> dict:
        """Return what the Record says of the certificate, if anything was signed, and of time stamps."""
        return self.stamping.note(self._signing_keys if self._signatories else None)

    def _signed(self, sign: Callable[[Signatory], bytes]) -> bytes:
        """Sign, with a time stamp when there is an authority; without when it fails and that is allowed."""
        try:
            return sign(self._signatory())
        except TimeStampError as error:
            self.stamping.give_up(error)
            return sign(self._signatory())

    def _signatory(self) -> Signatory:
        url = self.stamping.url
        if url not in self._signatories:
            self._signatories[url] = Signatory(self._signing_keys, url)
        return self._signatories[url]

    @cached_property
    def _mark_key(self) -> bytes:
        return keys.mark_key(self.home.keys)

    @cached_property
    def _source(self) -> np.ndarray | None:
        """Pixels of the parent source, or None when they cannot be read here."""
        parent = next((note for note in self.draft.sources if note.role == "parent" and note.path is not None), None)
        try:
            return encode.decode(parent.path.read_bytes()) if parent and parent.path else None
        except (OSError, ProvenanceError):
            return None

    def seal(self, file: Picture | Document) -> records.Output:
        """Finish one file and return what the Record will say of it. Raises: ProvenanceError naming the step."""
        return self._picture(file) if isinstance(file, Picture) else self._document(file)

    def _picture(self, picture: Picture) -> records.Output:
        ai = picture.ai if picture.ai is not None and picture.ai.any() else None
        kind = encode.media_type(picture.name)
        with step(f"marking {picture.name}"):
            pixels, mark = self._marked(picture, ai)
        with step(f"encoding {picture.name}"):
            source_type = metadata.source_type(self.draft.operation, picture.role, ai is not None)
            data = encode.encode(picture, pixels, metadata.write(self._statement(picture, source_type, ai is not None)))
            if kind in LOSSY and mark is not None and "handle" in mark:
                mark = self._still_readable(data, mark)
        note = None if ai is None else {
            "share": round(float(ai.mean()), 6),
            "regions": [list(box) for box in boxes(ai)],
            "mask_sha256": mask_digest(ai),
        }  # fmt: skip
        path, credential = self.staging / picture.name, None
        with step(f"describing {picture.name}"):
            kept, code = self._untouched(picture, pixels, ai), _fingerprint(picture, pixels)
        with step(f"signing {picture.name}"):
            if note is None or ai is None:
                durable.write(path, data)
            else:
                claim = self._claim(picture.name, source_type, note, mark, kept, ai, code)
                credential = self._sign(path, data, kind, not is_too_large(len(data)), claim)
        with step(f"reading back {picture.name}"):
            written = path.read_bytes()
            wrong = encode.holds(written, picture, pixels)
            if wrong:
                raise ReadBackError(f"{picture.name}: {wrong}.")
            self._check_credential(path, credential)
        with step(f"describing {picture.name}"):
            return records.Output(
                name=picture.name,
                media_type=kind,
                role=picture.role,
                sha256=records.digest(written),
                contains_ai=ai is not None,
                digital_source_type=source_type,
                ai=note,
                watermark=mark,
                fingerprint=code,
                credential=credential,
                untouched=kept,
            )

    def _document(self, document: Document) -> records.Output:
        path, credential = self.staging / document.name, None
        with step(f"writing {document.name}"):
            if document.data is not None:
                durable.write(path, document.data)
            elif document.path is not None:
                shutil.copyfile(document.path, path)
                durable.wait_for_disk(path)    # no line of the log may be older than what it speaks of
        kind = credential_kind(document.media_type, path.stat().st_size) if document.contains_ai else None
        with step(f"signing {document.name}"):
            if kind is not None:
                role = "scene" if document.role == "blend" else document.role
                claim = self._claim(document.name, metadata.source_type(self.draft.operation, role, True))
                if kind == "embedded":
                    credential = self._sign(path, path.read_bytes(), document.media_type, True, claim)
                else:
                    credential = self._sidecar(path, claim)
        with step(f"reading back {document.name}"):
            self._check_credential(path, credential)
            sha256 = _file_digest(path)
            if credential is None or credential["kind"] == "sidecar":
                given = records.digest(document.data) if document.data is not None else _file_digest(document.path)  # type: ignore[arg-type]
                if sha256 != given:
                    raise ReadBackError(f"{document.name} is not what was given.")
        return records.Output(
            document.name, document.media_type, document.role, sha256, document.contains_ai, credential=credential
        )

    def _marked(self, picture: Picture, ai: np.ndarray | None) -> tuple[np.ndarray, dict | None]:
        """Return the pixels to write and what the Record says of their watermark."""
        if ai is None:
            return picture.pixels, None
        if not picture.may_mark or picture.palette is not None:
            return picture.pixels, {"reason": "kept out, so that its pure colours stay what they are"}
        from provenance.watermark import Watermark

        seed = records.canonical(self.draft.request) + b"\n" + picture.name.encode()
        handle = int.from_bytes(hmac.digest(self._mark_key, seed, "sha256")[:6], "big")
        free = ai if picture.fixed is None else ai & ~picture.fixed
        marked = Watermark(self._mark_key).embed(picture.pixels, handle, free)
        if marked.handle is None:
            return marked.pixels, {"reason": marked.reason or "the region carries none"}
        outside = ~free
        if not np.array_equal(marked.pixels[outside], picture.pixels[outside]):
            raise ReadBackError(f"the watermark changed pixels of {picture.name} that no model made, or that are fixed.")
        fingerprint = keys.mark_key_fingerprint(self._mark_key)
        return marked.pixels, {"scheme": MARK_SCHEME, "handle": f"{marked.handle:012x}", "key": fingerprint}

    def _still_readable(self, data: bytes, mark: dict) -> dict:
        """JPEG and AVIF change pixels after marking: name the handle only when it can still be read."""
        from provenance.watermark import Watermark

        found = Watermark(self._mark_key).detect(encode.decode(data), search=False)
        if found is not None and f"{found.handle:012x}" == mark["handle"]:
            return mark
        return {"reason": "not readable any more after lossy compression"}

    def _statement(self, picture: Picture, source_type: str, contains_ai: bool) -> metadata.Statement:
        model = self.draft.model or {}
        prompt = self.draft.request.get("prompt") if picture.prompt is None else picture.prompt
        return metadata.Statement(
            digital_source_type=source_type,
            ai_system=str(model.get("id") or "") if contains_ai else "",
            ai_system_version=str(model.get("weights_sha256") or "") if contains_ai else "",
            prompt=prompt if contains_ai and isinstance(prompt, str) else "",
            creator_tool=f"Anastylosis {version()}",
            rights=next((note.rights for note in self.draft.sources if note.rights), ""),
            identifier=f"urn:uuid:{self.identity}",
            description="\n".join(f"{index} {text}" for index, text in picture.legend),
        )

    def _claim(
        self,
        name: str,
        source_type: str,
        note: dict | None = None,
        mark: dict | None = None,
        kept: dict | None = None,
        ai: np.ndarray | None = None,
        code: str | None = None,
    ) -> Claim:
        release: dict = {"id": self.identity, "request_sha256": records.digest(records.canonical(self.draft.request))}
        release["sources"] = [{"role": s.role, "name": s.name, "sha256": s.sha256} for s in self.draft.sources]
        if note is not None:
            release |= {"ai_share": note["share"], "mask_sha256": note["mask_sha256"]}
        if self.draft.levels:
            release["levels"] = self.draft.levels
        if kept is not None:
            release["untouched"] = {key: kept[key] for key in ("scheme", "tile_px", "root")}
        if self.draft.model is not None:
            model = self.draft.model
            release["model"] = {key: str(model[key]) for key in ("id", "weights_sha256") if model.get(key)}
        return Claim(
            title=name,
            is_restoration=self.draft.operation == "restore",
            digital_source_type=source_type,
            when=self.made,
            version=version(),
            description=_DESCRIPTIONS.get(self.draft.operation, "Made with the help of a model."),
            release=release,
            regions=outlines(ai) if ai is not None else [],
            handle=(mark or {}).get("handle"),
            soft_bindings=() if code is None else ((ISCC, iscc_of(code)),),
            sources=self.draft.sources,
        )

    def _sign(self, path: Path, data: bytes, media_type: str, is_embedded: bool, claim: Claim) -> dict:
        if is_embedded:
            durable.write(path, self._signed(lambda signatory: signatory.embed(data, media_type, claim)))
            return {"kind": "embedded"}
        durable.write(path, data)
        return self._sidecar(path, claim)

    def _sidecar(self, path: Path, claim: Claim) -> dict:
        """Sign a file beside it; one that is too large for the signer by the list of its blocks."""
        signs, said = path, {}
        if is_too_large(path.stat().st_size):
            signs, listed = block_list.beside(path), block_list.block_list(path)
            durable.write(signs, listed)
            said["blocks_sha256"] = records.digest(listed)
        manifest = self._signed(lambda signatory: signatory.sidecar(signs, claim))
        beside = path.with_name(f"{path.name}.c2pa")
        durable.write(beside, manifest)
        return {"kind": "sidecar", "name": beside.name, "sha256": records.digest(manifest), **said}

    def _check_credential(self, path: Path, credential: dict | None) -> None:
        if credential is None:
            return
        known = keys.anchors(self.home.keys), self.stamping.roots_pem
        if credential["kind"] == "sidecar":
            found = read_sidecar(path, (self.staging / credential["name"]).read_bytes(), *known)
        else:
            found = read_credential(path, known[0], tsa_roots=known[1])
        if found is None or found.state != "Trusted" or (found.release or {}).get("id") != self.identity:
            state = "none" if found is None else f"{found.state} {', '.join(found.failures)}".strip()
            raise ReadBackError(f"the credential of {path.name} reads back as {state} instead of Trusted.")
        if found.when.is_trusted and found.when.stamped is not None:
            credential["stamped"] = f"{found.when.stamped:%Y-%m-%dT%H:%M:%SZ}"
        elif self.stamping.authority is not None:
            raise ReadBackError(f"the time stamp in the credential of {path.name} leads to no root that is trusted here.")

    def _untouched(self, picture: Picture, pixels: np.ndarray, ai: np.ndarray | None) -> dict | None:
        is_exact = picture.palette is None and encode.media_type(picture.name) not in LOSSY
        if self.draft.operation != "restore" or ai is None or not is_exact:
            return None
        found, source = untouched(pixels, ai), self._source
        is_comparable = source is not None and source.shape == pixels.shape and source.dtype == pixels.dtype
        return {
            "scheme": SCHEME,
            "tile_px": TILE_PX,
            "tiles": found.tiles,
            "pixels": found.pixels,
            "root": found.root,
            "equals_source": not differing_tiles(source, pixels, ai) if is_comparable and source is not None else None,
        }


def _fingerprint(picture: Picture, pixels: np.ndarray) -> str | None:
    if picture.palette is not None or picture.role in ("mask", "evidence", "uncertainty", "disagreement") or is_flat(pixels):
        return None
    from provenance.fingerprint import fingerprint

    return fingerprint(pixels)


def is_flat(pixels: np.ndarray) -> bool:
    """Return whether a picture has so little in it that its fingerprint would be chance."""
    scale = 255.0 / np.iinfo(pixels.dtype).max
    return float(np.std(pixels[..., :3] if pixels.ndim == 3 else pixels)) * scale < FLAT_GREY_LEVELS


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
