"""Opening a picture as it came in: pixels at their own depth, colour profile, resolution, metadata and rights.

What the bytes are decides how they are read, never the ending of the file's name. Sizes are read from the header and
refused before anything is decoded. What had to be assumed stands in `notes`, to be printed and kept in the Record.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from provenance.draft import SourceNote
from studio.decoding import decode, sniff
from studio.errors import (
    EmptyFileError,
    EmptyMaskError,
    FullMaskError,
    MaskError,
    MaskSizeError,
    MissingFileError,
    NotAFileError,
    SourceError,
    TooManyBytesError,
    UnreadableFileError,
)

MAX_PIXELS = 200_000_000
MAX_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Source:
    """A work or a drawing as it came in.

    Attributes:
        path: the file; name: its name without folders.
        sha256: digest of the file's bytes, 64 hexadecimal digits.
        media_type: from the bytes: image/png, image/jpeg, image/tiff, image/webp or image/avif.
        pixels: uint8 or uint16; [H, W] grey, [H, W, 3] RGB or [H, W, 4] RGB with alpha; upright.
        icc: colour profile, byte for byte, or None.
        dpi: horizontal and vertical resolution of the upright picture, or None.
        orientation: EXIF orientation as stored, 1…8; it has been applied to `pixels` once.
        metadata: "title", "artist", "software", "date", "copyright" where the file has them.
        xmp: the XMP packet, byte for byte, or None.
        rights: the rights statement, from the caller or from the file; None when nobody stated one.
        pages: how many pictures the file holds; `pixels` is the first.
        notes: what was assumed while opening, one sentence each.
    """

    path: Path
    name: str
    sha256: str
    media_type: str
    pixels: np.ndarray
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None
    orientation: int = 1
    metadata: dict[str, str] = field(default_factory=dict)
    xmp: bytes | None = None
    rights: str | None = None
    pages: int = 1
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the upright picture, in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def note(self, role: str = "parent") -> SourceNote:
        """What a Draft keeps of this Source."""
        return SourceNote(role, self.name, self.sha256, self.media_type, self.path, self.rights)


@dataclass(frozen=True)
class Mask:
    """Where a model may act.

    Attributes:
        path, name, sha256, media_type: the file, as in Source.
        pixels: bool [H, W], True = hole.
        share: part of the picture that is hole, 0…1.
        notes: how the file was understood, one sentence each; the first says the polarity.
    """

    path: Path
    name: str
    sha256: str
    media_type: str
    pixels: np.ndarray
    share: float
    notes: tuple[str, ...] = ()

    def note(self) -> SourceNote:
        """What a Draft keeps of this Mask."""
        return SourceNote("input", self.name, self.sha256, self.media_type, self.path)


def open_source(
    path: Path | str, *, rights: str | None = None, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES
) -> Source:
    """Open a scan or a photograph without losing a bit of it.

    Args:
        path: PNG, JPEG, TIFF, WebP or AVIF, whatever its ending.
        rights: URI or wording of a rights statement; it stands above the one in the file.
        max_pixels: refuse more than this many pixels, before decoding.
        max_bytes: refuse a larger file, before reading it.
    Raises: a SourceError that names the file, the sizes and what to do.
    """
    path = Path(path)
    data = _read(path, max_bytes)
    media_type = sniff(data, path.name)
    decoded = decode(data, media_type, path.name, max_pixels)
    notes = list(decoded.notes)
    pixels, dpi = decoded.pixels, decoded.dpi
    if decoded.orientation != 1:
        pixels = upright(pixels, decoded.orientation)
        if dpi and decoded.orientation >= 5:
            dpi = (dpi[1], dpi[0])
        notes.append(f"{path.name}: its EXIF orientation {decoded.orientation} was applied once; the pixels are upright now.")
    if decoded.pages > 1:
        notes.append(f"{path.name} holds {decoded.pages} pictures: the first one was taken.")
    stated = rights or decoded.rights
    if stated and not rights:
        notes.append(f"{path.name}: the rights statement “{stated}” was read from the file.")
    return Source(
        path=path,
        name=path.name,
        sha256=hashlib.sha256(data).hexdigest(),
        media_type=media_type,
        pixels=np.ascontiguousarray(pixels),
        icc=decoded.icc,
        dpi=dpi,
        orientation=decoded.orientation,
        metadata=decoded.metadata,
        xmp=decoded.xmp,
        rights=stated,
        pages=decoded.pages,
        notes=tuple(notes),
    )


def open_mask(path: Path | str, size: Source | tuple[int, int], fit: bool = False) -> Mask:
    """Open a mask: 255 (white) is hole, 0 (black) is kept.

    Args:
        path: 1-bit, grey, RGB(A), palette or 16-bit picture.
        size: the Source that the mask belongs to, or (width, height) in pixels.
        fit: resize a mask of another size instead of refusing it.
    Raises: MaskSizeError, EmptyMaskError, FullMaskError, or a SourceError of `open_source`.
    """
    wanted = size.size if isinstance(size, Source) else (int(size[0]), int(size[1]))
    picture = size.name if isinstance(size, Source) else "the picture"
    source = open_source(path)
    name = source.name
    grey, notes = _grey(source)
    if source.size != wanted:
        if not fit:
            raise MaskSizeError(_size_text(name, source.size, picture, wanted, size))
        grey = cv2.resize(grey, wanted, interpolation=cv2.INTER_LINEAR)
        notes.append(f"{name} was resized from {_x(source.size)} to {_x(wanted)} to fit {picture}.")
        if abs(source.size[0] * wanted[1] / (source.size[1] * wanted[0]) - 1) > 0.01:
            notes.append(f"{name} had other proportions than {picture} and was stretched.")
    hole = grey > 0.5
    between = float(((grey > 0.02) & (grey < 0.98)).mean())
    if between > 0 and source.size == wanted:
        notes.append(f"{name} has greys between black and white in {_percent(between)} of its pixels: above half is hole.")
    share = float(hole.mean())
    if not hole.any():
        raise EmptyMaskError(
            f"{name} marks no hole: no pixel of its {_x(source.size)} is brighter than half (brightest: {grey.max():.0%}). "
            f"Paint what is lost white (255) on black."
        )
    if hole.all():
        raise FullMaskError(
            f"{name} marks all of its {_x(source.size)} pixels as lost, so nothing would be left to restore from. "
            f"Paint only what is lost white (255), and what is kept black."
        )
    if share > 0.9:
        notes.append(f"{name} marks {_percent(share)} of {picture} as lost: if white was meant as “keep”, invert the mask.")
    notes.insert(0, f"{name}: white was taken as hole ({_percent(share)} of the pixels).")
    return Mask(source.path, name, source.sha256, source.media_type, hole, share, tuple(notes))


def upright(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """The picture turned as EXIF orientation 1…8 asks (Exif 3.0, tag 0112): [H, W, …] → [H, W, …] or [W, H, …]."""
    turned = pixels.swapaxes(0, 1) if orientation >= 5 else pixels
    flip_rows = orientation in (3, 4, 7, 8)
    flip_columns = orientation in (2, 3, 6, 7)
    return turned[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]


def _read(path: Path, max_bytes: int) -> bytes:
    try:
        if path.is_dir():
            raise NotAFileError(f"{path} is a folder: give one picture in it.")
        if not path.exists():
            raise MissingFileError(f"{path} does not exist: check the name and the folder.")
        if not path.is_file():
            raise NotAFileError(f"{path} is not a regular file: give a picture on disk.")
        size = path.stat().st_size
        if size > max_bytes:
            raise TooManyBytesError(
                f"{path.name} has {size / 1e6:,.0f} MB and the limit is {max_bytes / 1e6:,.0f} MB: "
                f"crop it, save it with lossless compression, or raise the limit. It was not read."
            )
        data = path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise UnreadableFileError(f"{path} cannot be read ({error}): check its permissions.") from error
    if not data:
        raise EmptyFileError(f"{path.name} is empty (0 bytes): copy or export it again.")
    return data


def _grey(source: Source) -> tuple[np.ndarray, list[str]]:
    """The mask as float32 [H, W], 0…1, and how it was understood."""
    pixels, name, notes = source.pixels, source.name, list(source.notes)
    full = float(np.iinfo(pixels.dtype).max)
    if pixels.ndim == 2:
        grey = pixels
    else:
        colour = pixels[..., :3]
        grey = colour.max(axis=2)
        if (colour.min(axis=2) != grey).any():
            notes.append(f"{name} is coloured: the brightest of red, green and blue was taken as its value.")
        if pixels.shape[2] == 4 and pixels[..., 3].min() < full:
            if grey.min() == grey.max():  # a layer painted in one colour: its shape is in the alpha channel
                grey = pixels[..., 3]
                notes.append(f"{name} is one colour with transparency: what is painted was taken as hole.")
            else:
                grey = (grey * (pixels[..., 3] / full)).astype(pixels.dtype)
                notes.append(f"{name} has transparency: transparent pixels were taken as kept.")
    if grey.max() == 1 and full > 1:
        notes.append(f"{name} holds the values 0 and 1 only: 1 was taken as white.")
        full = 1.0
    return grey.astype(np.float32) / full, notes


def _size_text(name: str, have: tuple[int, int], picture: str, wanted: tuple[int, int], source) -> str:
    text = f"{name} is {_x(have)} but {picture} is {_x(wanted)}: give a mask of the same size, or pass --fit-mask to resize it."
    if isinstance(source, Source) and source.orientation >= 5 and have == wanted[::-1]:
        text += f" {picture} was turned upright (EXIF orientation {source.orientation}); turn the mask in the same way."
    return text


def _x(size: tuple[int, int]) -> str:
    return f"{size[0]}×{size[1]}"


def _percent(share: float) -> str:
    return f"{share:.1%}" if share >= 0.001 else "less than 0.1%"


__all__ = ["MAX_BYTES", "MAX_PIXELS", "Mask", "MaskError", "Source", "SourceError", "open_mask", "open_source", "upright"]
