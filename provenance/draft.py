"""A finished result that has not been sealed: what `provenance.release.release` takes."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class SourceNote:
    """Where a Draft came from.

    Attributes:
        role: "parent" for the scan that was restored, "input" for a drawing, a reference, a mask or a scene.
        name: file name as the user knows it, without folders.
        sha256: digest of the file's bytes, 64 hexadecimal digits.
        media_type: such as "image/tiff".
        path: the file itself, for the ingredient of the credential; None when it is gone.
        rights: URI of a rights statement, or None when nobody stated one.
    """

    role: str
    name: str
    sha256: str
    media_type: str
    path: Path | None = None
    rights: str | None = None


@dataclass(frozen=True)
class Picture:
    """A raster that `release` marks, encodes and signs.

    Attributes:
        name: file name in the Release; its ending decides the format (.png, .tif, .jpg, .webp).
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]; written losslessly except for .jpg.
        ai: bool [H, W], True where a model made the pixel; None when no model touched the picture.
        role: "restored", "hypothesis", "variant", "render", "mask", "evidence", "uncertainty", "disagreement", "overlay",
            "fidelity", "contact", "massing".
        palette: uint8 [N, 3]; when given, `pixels` is uint8 [H, W] of indices into it.
        legend: (index, text) lines written into the picture's metadata beside a palette.
        icc: colour profile of the source, carried through unchanged.
        dpi: horizontal and vertical resolution of the source.
        may_mark: False keeps the watermark out (evidence, line art that must keep pure white).
        fixed: bool [H, W], True where not even the watermark may change a pixel, such as what is locked of an earlier variant;
            None for nowhere.
        prompt: words that a model was given for this picture; None where those of the request hold.
    """

    name: str
    pixels: np.ndarray
    role: str
    ai: np.ndarray | None = None
    palette: np.ndarray | None = None
    legend: tuple[tuple[int, str], ...] = ()
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None
    may_mark: bool = True
    fixed: np.ndarray | None = None
    prompt: str | None = None


@dataclass(frozen=True)
class Document:
    """A finished file that `release` takes over byte for byte: GLB, JSON, HTML, .blend, MP4.

    Attributes:
        name: file name in the Release.
        media_type: such as "model/gltf-binary".
        role: "scene", "page", "film", "blend", "reading", "report".
        contains_ai: True asks for a credential (embedded in MP4 and PDF, a `.c2pa` sidecar for what has no place for one).
        data: the bytes; or
        path: a file in a temporary folder, moved into the Release.
    """

    name: str
    media_type: str
    role: str
    contains_ai: bool
    data: bytes | None = None
    path: Path | None = None


@dataclass(frozen=True)
class Draft:
    """Everything that one Release will hold, in memory or in a temporary folder.

    Attributes:
        operation: "restore", "propose", "speculate", "read", "scene" or "render".
        request: the Request as plain JSON values; decides the pixels.
        files: what will stand in the Release, the main one first.
        sources: what it was made from.
        model: {"id", "weights_sha256", "licence"} or None when no model ran.
        levels: share (0…1) of the main picture or scene at each evidence level, keys "1" … "7".
        assumptions: what was assumed and not given, one sentence each; printed to the user and kept in the Record.
        findings: measured facts to keep, such as {"fidelity": [...], "filled_by": "model"}; JSON values.
    """

    operation: str
    request: dict
    files: tuple[Picture | Document, ...]
    sources: tuple[SourceNote, ...] = ()
    model: dict | None = None
    levels: dict[str, float] = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    findings: dict = field(default_factory=dict)
