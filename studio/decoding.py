"""From bytes to samples: one reader for each format, each at the file's own depth.

Pillow opens 16-bit RGB as 8-bit without a word, so 16-bit PNG goes to libpng (imagecodecs) and every TIFF to tifffile
(LZW to libtiff).
Pillow's format classes are called by name: no other decoder can be reached by a file that lies about itself, and
Pillow's own pixel limit (a module global that only warns below twice its value) is replaced by ours.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field

import cv2
import numpy as np

from studio.errors import (
    DamagedPictureError,
    NotAPictureError,
    SourceError,
    TooManyPixelsError,
    TruncatedPictureError,
    UnsupportedColourError,
)
from studio.rights import rights_in_xmp

# What decoders raise on hostile or broken bytes; imagecodecs' own errors are RuntimeErrors, zlib's and struct's are their own.
COMPLAINTS = (
    OSError, ValueError, RuntimeError, SyntaxError, struct.error, KeyError, IndexError, TypeError, AttributeError,
    OverflowError, ZeroDivisionError, EOFError, AssertionError,
)  # fmt: skip
EXIF_WORDS = {0x010E: "title", 0x013B: "artist", 0x0131: "software", 0x0132: "date", 0x8298: "copyright"}
KNOWN_OTHERS = {
    b"%PDF": "a PDF", b"GIF8": "a GIF", b"BM": "a BMP", b"8BPS": "a Photoshop document", b"PK\x03\x04": "a zip archive",
    b"\x00\x00\x00\x0cjP  ": "a JPEG 2000", b"v/1\x01": "an OpenEXR picture", b"<svg": "an SVG", b"<?xml": "an XML file",
}  # fmt: skip


@dataclass(frozen=True)
class Decoded:
    """What a file held: `pixels` as stored (not yet upright), uint8 or uint16, and what stands beside them."""

    pixels: np.ndarray
    icc: bytes | None = None
    dpi: tuple[float, float] | None = None
    orientation: int = 1
    metadata: dict[str, str] = field(default_factory=dict)
    xmp: bytes | None = None
    rights: str | None = None
    pages: int = 1
    notes: tuple[str, ...] = ()


def sniff(data: bytes, name: str) -> str:
    """The media type of the bytes; NotAPictureError names what they look like instead."""
    head = data[:32]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "image/tiff"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp" and head[8:12] in (b"avif", b"avis"):
        return "image/avif"
    if head.startswith(b"\x89PNG") or (len(data) < 8 and b"\x89PNG\r\n\x1a\n".startswith(data)):
        raise TruncatedPictureError(f"{name} breaks off inside its first line ({len(data)} bytes): copy it again.")
    what = next((word for magic, word in KNOWN_OTHERS.items() if data.lstrip()[: len(magic)] == magic), None)
    if what is None:
        is_text = b"\0" not in data[:4096] and all(b >= 9 for b in data[:4096])
        what = "text" if is_text else "of a kind that is not known here"
    raise NotAPictureError(
        f"{name} is not a picture that can be opened: its bytes are {what}. Give PNG, JPEG, TIFF, WebP or AVIF."
    )


def decode(data: bytes, media_type: str, name: str, max_pixels: int) -> Decoded:
    """Read the header, refuse what is too large or of the wrong colour, then decode.

    Raises: TooManyPixelsError, TruncatedPictureError, DamagedPictureError, UnsupportedColourError.
    """
    reader = {"image/png": _png, "image/tiff": _tiff, "image/webp": _webp}.get(media_type, _pillow)
    try:
        return reader(data, media_type, name, max_pixels)
    except SourceError:
        raise
    except MemoryError as error:
        raise TooManyPixelsError(f"{name} does not fit into this computer's memory: crop it first.") from error
    except COMPLAINTS as error:
        if any(word in str(error).lower() for word in ("truncated", "premature", "unexpected end", "end of data")):
            raise TruncatedPictureError(_broken_off(name, len(data))) from error
        why = str(error)[:120] or type(error).__name__
        raise DamagedPictureError(f"{name} begins like {media_type} but cannot be decoded ({why}): export it again.") from error


def _png(data: bytes, media_type: str, name: str, max_pixels: int) -> Decoded:
    if len(data) < 33:
        raise TruncatedPictureError(_broken_off(name, len(data)))
    width, height, depth = struct.unpack(">IIB", data[16:25])
    _limit(width, height, name, max_pixels)
    late = _png_chunks_after_pixels(data, name)
    if depth != 16:
        return _pillow(data, media_type, name, max_pixels)
    import imagecodecs
    from PIL.PngImagePlugin import PngImageFile

    pixels = imagecodecs.png_decode(data)
    with PngImageFile(io.BytesIO(data)) as picture:
        if late:
            picture.load()  # XMP or EXIF behind the pixels: Pillow meets them only on its way through
        return _described(picture, np.asarray(pixels), name)


def _png_chunks_after_pixels(data: bytes, name: str) -> bool:
    """Walk the chunks to the end: True when text or EXIF follows the pixels. A missing end is a truncated file."""
    at, seen_pixels, late = 8, False, False
    while at + 12 <= len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        seen_pixels |= kind == b"IDAT"
        late |= seen_pixels and kind in (b"iTXt", b"tEXt", b"zTXt", b"eXIf")
        at += 12 + length
        if kind == b"IEND" and at <= len(data):
            return late
    raise TruncatedPictureError(_broken_off(name, len(data)))


def _webp(data: bytes, media_type: str, name: str, max_pixels: int) -> Decoded:
    if struct.unpack("<I", data[4:8])[0] + 8 > len(data) or len(data) < 30:
        raise TruncatedPictureError(_broken_off(name, len(data)))
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    elif kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))
    _limit(width, height, name, max_pixels)
    return _pillow(data, media_type, name, max_pixels)


def _pillow(data: bytes, media_type: str, name: str, max_pixels: int) -> Decoded:
    """8-bit files. The class opens the header; nothing is decoded before the limits have been looked at."""
    from PIL import AvifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

    kinds = {
        "image/png": PngImagePlugin.PngImageFile,
        "image/jpeg": JpegImagePlugin.JpegImageFile,
        "image/webp": WebPImagePlugin.WebPImageFile,
        "image/avif": AvifImagePlugin.AvifImageFile,
    }
    with kinds[media_type](io.BytesIO(data)) as picture:
        _limit(picture.width, picture.height, name, max_pixels)
        mode = picture.mode
        if mode in ("CMYK", "LAB", "YCbCr", "I", "F", "HSV"):
            raise UnsupportedColourError(_colour_text(name, mode))
        picture.load()
        if "transparency" in picture.info and mode in ("1", "L", "RGB", "P"):
            picture_rgb = picture.convert("RGBA")
        elif mode in ("1", "P", "LA", "PA", "La", "RGBa"):
            picture_rgb = picture.convert({"1": "L", "P": "RGB"}.get(mode, "RGBA"))
        elif mode in ("L", "RGB", "RGBA"):
            picture_rgb = picture
        else:
            raise UnsupportedColourError(_colour_text(name, mode))
        return _described(picture, np.asarray(picture_rgb), name)


def _described(picture, pixels: np.ndarray, name: str) -> Decoded:
    """Put what Pillow knows about the file beside the samples."""
    if pixels.ndim == 3 and pixels.shape[2] == 2:  # grey with alpha
        pixels = np.concatenate([np.repeat(pixels[..., :1], 3, axis=2), pixels[..., 1:]], axis=2)
    notes = []
    try:
        exif = picture.getexif()
        words = {word: str(exif[tag]).strip("\0 ") for tag, word in EXIF_WORDS.items() if exif.get(tag)}
        orientation = exif.get(0x0112, 1)
    except COMPLAINTS:
        words, orientation = {}, 1
        notes.append(f"{name}: its EXIF block is broken and was left out; the picture was taken as upright.")
    xmp = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")
    xmp = xmp.encode() if isinstance(xmp, str) else xmp
    stated = {k.lower(): str(v) for k, v in picture.info.items() if isinstance(k, str) and k.lower() in ("rights", "copyright")}
    return Decoded(
        pixels=pixels,
        icc=picture.info.get("icc_profile") or None,
        dpi=_resolution(picture.info.get("dpi")),
        orientation=orientation if orientation in range(1, 9) else 1,
        metadata=words,
        xmp=xmp or None,
        rights=rights_in_xmp(xmp) or stated.get("rights") or stated.get("copyright") or words.get("copyright") or None,
        pages=getattr(picture, "n_frames", 1),
        notes=tuple(notes),
    )


def _tiff(data: bytes, media_type: str, name: str, max_pixels: int) -> Decoded:  # noqa: ARG001 — one signature for all readers
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        pages = len(file.pages)
        page = file.pages[0].aspage()
        _limit(page.imagewidth, page.imagelength, name, max_pixels)
        _tiff_colour(page, name)
        ends = [o + n for o, n in zip(page.dataoffsets, page.databytecounts, strict=False)]
        if not ends or max(ends) > len(data):
            raise TruncatedPictureError(_broken_off(name, len(data)))
        is_lzw = page.compression == tifffile.COMPRESSION.LZW
        samples = _lzw(data, page, name) if is_lzw else page.asarray(maxworkers=1)
        pixels, notes = _tiff_pixels(page, samples, name)
        words = {word: str(page.tags[tag].value).strip("\0 ") for tag, word in EXIF_WORDS.items() if tag in page.tags}
        tag = {number: page.tags[number].value for number in (274, 282, 283, 296, 700, 34675) if number in page.tags}
    xmp = bytes(tag[700]) if 700 in tag and not isinstance(tag[700], str) else tag[700].encode() if 700 in tag else None
    orientation = int(tag.get(274, 1))
    return Decoded(
        pixels=pixels,
        icc=bytes(tag[34675]) if 34675 in tag else None,
        dpi=_tiff_resolution(tag),
        orientation=orientation if orientation in range(1, 9) else 1,
        metadata={k: v for k, v in words.items() if v},
        xmp=xmp,
        rights=rights_in_xmp(xmp) or words.get("copyright") or None,
        pages=pages,
        notes=notes,
    )


def _lzw(data: bytes, page, name: str) -> np.ndarray:
    """Decode the first page with libtiff: a damaged LZW stream ends the whole process in imagecodecs 2026.1.

    8 bits through Pillow, since OpenCV multiplies colour with alpha there; 16 bits through OpenCV, since Pillow cuts them to 8.
    """
    kind = page.photometric.name if page.photometric is not None else "MINISBLACK"
    is_apart = page.planarconfig == 2 and page.samplesperpixel > 1
    from PIL import TiffImagePlugin

    if page.bitspersample == 8 and kind in ("MINISBLACK", "RGB", "PALETTE") and not is_apart:
        with TiffImagePlugin.TiffImageFile(io.BytesIO(data)) as image:
            return np.asarray(image)
    if page.bitspersample != 16 or kind not in ("MINISBLACK", "RGB") or is_apart:
        raise UnsupportedColourError(
            f"{name} is {page.bitspersample}-bit {kind} compressed by LZW, which is not opened: "
            f"save it with Deflate or uncompressed."
        )
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype != np.uint16:
        raise DamagedPictureError(f"{name} has damaged LZW data and cannot be read: export it again.")
    if found.ndim == 2:
        return found
    return cv2.cvtColor(found, cv2.COLOR_BGR2RGB if found.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)


def _tiff_colour(page, name: str) -> None:
    """Refuse what could only be opened by deciding something about its colour."""
    kind = page.photometric.name if page.photometric is not None else "MINISBLACK"
    if kind not in ("MINISBLACK", "MINISWHITE", "RGB", "PALETTE", "YCBCR", "MASK"):
        raise UnsupportedColourError(_colour_text(name, "CMYK" if kind == "SEPARATED" else kind))
    if kind == "YCBCR" and page.compression not in (6, 7):  # a JPEG decoder gives RGB; other codecs leave YCbCr as it is
        raise UnsupportedColourError(_colour_text(name, "YCbCr"))
    if page.dtype is None or page.dtype.kind not in "ub" or page.bitspersample not in (1, 2, 4, 8, 16):
        raise UnsupportedColourError(_colour_text(name, f"{page.bitspersample}-bit {page.dtype}"))
    if page.samplesperpixel > 4:
        raise UnsupportedColourError(_colour_text(name, f"{page.samplesperpixel} channels"))


def _tiff_pixels(page, samples: np.ndarray, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    kind, bits, notes = page.photometric.name if page.photometric is not None else "MINISBLACK", page.bitspersample, []
    if page.planarconfig == 2 and samples.ndim == 3 and page.samplesperpixel > 1:
        samples = np.moveaxis(samples, 0, -1)
    samples = samples.reshape(page.imagelength, page.imagewidth, -1)
    if kind == "PALETTE":
        table = (np.asarray(page.colormap) >> 8).astype(np.uint8)  # the palette is 16 bit by the letter, 8 bit in practice
        return np.ascontiguousarray(table[:, samples[..., 0]].transpose(1, 2, 0)), ()
    if samples.dtype == bool or bits < 8:
        samples = (samples.astype(np.uint16) * (255 // (2**bits - 1))).astype(np.uint8)
    if kind == "MINISWHITE":
        samples = np.iinfo(samples.dtype).max - samples
        notes.append(f"{name} is stored with white as 0; it was turned round.")
    if samples.shape[2] == 2:
        samples = np.concatenate([np.repeat(samples[..., :1], 3, axis=2), samples[..., 1:]], axis=2)
    if samples.shape[2] == 4 and page.extrasamples and page.extrasamples[0] == 1:
        notes.append(f"{name} has premultiplied alpha: its colours were left as they are.")
    return samples[..., 0] if samples.shape[2] == 1 else samples, tuple(notes)


def _tiff_resolution(tag: dict) -> tuple[float, float] | None:
    unit = {2: 1.0, 3: 2.54}.get(int(tag.get(296, 2)))
    if unit is None or 282 not in tag or 283 not in tag:
        return None
    (a, b), (c, d) = tag[282], tag[283]
    return _resolution((a / b * unit, c / d * unit)) if b and d else None


def _resolution(dpi) -> tuple[float, float] | None:
    """A resolution that somebody meant: writers leave 0 or 1 where they know none."""
    if not dpi or len(dpi) != 2:
        return None
    x, y = float(dpi[0]), float(dpi[1])
    return (x, y) if 2 < x < 1e5 and 2 < y < 1e5 else None


def _limit(width: int, height: int, name: str, max_pixels: int) -> None:
    if width <= 0 or height <= 0:
        raise DamagedPictureError(f"{name} says that it is {width}×{height} pixels: export it again.")
    if width * height > max_pixels:
        raise TooManyPixelsError(
            f"{name} is {width}×{height} = {width * height / 1e6:,.0f} megapixels and the limit is {max_pixels / 1e6:,.0f}: "
            f"crop it, or raise the limit. Nothing was decoded."
        )


def _colour_text(name: str, kind: str | None) -> str:
    todo = (
        "convert it to RGB with its ICC profile in your image editor"
        if kind in ("CMYK", "LAB", "CIELAB", "ICCLAB", "YCbCr", "HSV")
        else "save it as 8-bit or 16-bit grey or RGB"
    )
    return f"{name} is {kind}, which is not opened because converting it changes its colours: {todo}, and keep the original."


def _broken_off(name: str, size: int) -> str:
    return f"{name} breaks off before its picture ends ({size:,} bytes): copy or download it again from where it came."
