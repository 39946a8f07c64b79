"""Pixels to files and back, with nothing lost on the way except in a JPEG."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import PurePath

import numpy as np

from provenance.credential_png import chunks, joined
from provenance.draft import Picture
from provenance.errors import DecodeError, EncodeError
from provenance.media_types import ENDINGS, LOSSY, sniff

MAX_PIXELS = 300_000_000       # a decoded 16-bit RGB picture of this size takes 1.8 GB
BOMB_BYTES = 256 * 2**20       # decoded; a picture below this is read however dense it is
MOST_DENSE = 1_100             # decoded to file; deflate reaches 1,032, so that a blank mask of any size is read
JPEG_QUALITY = 95
AVIF_QUALITY = 95              # of 100; full colour resolution; 43.1 to 45.4 dB on three photographs
WEBP_LONGEST_SIDE = 16_383
AVIF_LONGEST_SIDE = 65_535
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
METRES_PER_INCH = 0.0254


def media_type(name: str) -> str:
    """Return the media type that a picture's name asks for. Raises: EncodeError for an ending that is not written."""
    ending = PurePath(name).suffix.lower()
    if ending not in ENDINGS:
        raise EncodeError(f"{name} cannot be written: give the picture a name in {', '.join(sorted(ENDINGS))}.")
    return ENDINGS[ending]


def encode(picture: Picture, pixels: np.ndarray, xmp: bytes) -> bytes:
    """Return the bytes of a file that holds `pixels` in the format that `picture.name` asks for.

    Args:
        picture: name, palette, ICC profile and resolution; its own pixels are not read, since the mark comes between.
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4] (alpha last, not premultiplied); indices with a palette.
        xmp: whole packet, written inside.
    Raises: EncodeError when the format has no room for the depth, the alpha or the size.
    """
    complaint = misfit(picture, pixels)
    if complaint:
        raise EncodeError(complaint)
    kind = media_type(picture.name)
    if kind == "image/png":
        return _png(picture, pixels, xmp)
    if kind == "image/tiff":
        return _tiff(picture, pixels, xmp)
    return _pillow(picture, pixels, xmp, kind)


def decode(data: bytes) -> np.ndarray:
    """Return the first picture in `data` at its native depth: [H, W], [H, W, 3] or [H, W, 4], uint8 or uint16.

    Palettes are resolved to colours. Raises: DecodeError, also for hostile bytes and for more than MAX_PIXELS.
    """
    try:
        kind = sniff(data[:32])
        if kind == "image/tiff":
            return _decode_tiff(data)
        return _decode_png16(data) if _is_png16(data) else _decode_pillow(data)
    except DecodeError:
        raise
    except Exception as error:  # decoders raise anything on hostile bytes
        raise DecodeError(f"not a picture that can be read ({type(error).__name__})") from error


def holds(data: bytes, picture: Picture, pixels: np.ndarray) -> str | None:
    """Return what is wrong with an encoded file, or None when it holds exactly what was to be written.

    JPEG and AVIF must only have the right shape; everything else must give back every bit, the palette and the ICC profile.
    """
    kind = media_type(picture.name)
    if picture.palette is not None:
        found, palette = _decode_indices(data)
        if not np.array_equal(found, pixels) or not np.array_equal(palette[: len(picture.palette)], picture.palette):
            return "the indices or the palette read back differ"
    else:
        found, expected = decode(data), pixels
        if kind in ("image/webp", "image/avif") and pixels.ndim == 2:
            expected = np.repeat(pixels[..., None], 3, axis=2)   # WebP has no grey, and Pillow reads none from AVIF
        if found.shape != expected.shape or found.dtype != expected.dtype:
            return f"{found.dtype} {found.shape} was read back instead of {expected.dtype} {expected.shape}"
        if kind not in LOSSY and not np.array_equal(found, expected):
            return "the pixels read back differ"
    if picture.icc is not None and _icc(data) != picture.icc:
        return "the colour profile read back differs"
    return None


def misfit(picture: Picture, pixels: np.ndarray) -> str | None:
    """Return why `pixels` do not fit the format that the name asks for, or None when they do."""
    kind = media_type(picture.name)
    eight = pixels.dtype == np.uint8
    if pixels.dtype not in (np.uint8, np.uint16) or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))):
        return f"{picture.name} has {pixels.dtype} pixels of shape {pixels.shape}: give 8 or 16 bits, grey, RGB or RGBA."
    if pixels.size == 0:
        return f"{picture.name} has no pixels."
    if picture.palette is not None:
        palette = picture.palette
        if not (eight and pixels.ndim == 2 and palette.ndim == 2 and palette.shape[1] == 3 and 1 <= len(palette) <= 256):
            return f"{picture.name} has a palette: give 8-bit indices [H, W] and 1 to 256 colours [N, 3]."
        if int(pixels.max()) >= len(palette):
            return f"{picture.name} uses index {int(pixels.max())} but its palette has {len(palette)} colours."
        if kind not in ("image/png", "image/tiff"):
            return f"{picture.name} has a palette: name it .png or .tif."
    if kind in ("image/jpeg", "image/webp", "image/avif") and not eight:
        return f"{picture.name} has 16 bits, for which its format has no room: name it .tif or .png."
    if kind == "image/jpeg" and pixels.ndim == 3 and pixels.shape[2] == 4:
        return f"{picture.name} has an alpha channel, for which JPEG has no room: name it .tif or .png."
    if kind == "image/webp" and max(pixels.shape[:2]) > WEBP_LONGEST_SIDE:
        return f"{picture.name} is longer than {WEBP_LONGEST_SIDE} pixels, for which WebP has no room: name it .tif or .png."
    if kind == "image/avif" and max(pixels.shape[:2]) > AVIF_LONGEST_SIDE:
        return f"{picture.name} is longer than {AVIF_LONGEST_SIDE} pixels, for which AVIF has no room: name it .tif or .png."
    return None


# --- writing ---------------------------------------------------------------------------------------------------------


def _png(picture: Picture, pixels: np.ndarray, xmp: bytes) -> bytes:
    """Encode with OpenCV, since Pillow cuts 16-bit colour to 8, and put the metadata chunks in ourselves."""
    if picture.palette is not None:
        from PIL import Image

        image = Image.frombytes("P", (pixels.shape[1], pixels.shape[0]), np.ascontiguousarray(pixels).tobytes())
        image.putpalette(picture.palette.astype(np.uint8).tobytes())
        buffer = io.BytesIO()
        image.save(buffer, "png", bits=8)
        data = buffer.getvalue()
    else:
        import cv2

        flip = {2: None, 3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}[pixels.ndim if pixels.ndim == 2 else pixels.shape[2]]
        ordered = np.ascontiguousarray(pixels) if flip is None else cv2.cvtColor(pixels, flip)
        done, encoded = cv2.imencode(".png", ordered, [cv2.IMWRITE_PNG_COMPRESSION, 4])
        if not done:
            raise EncodeError(f"{picture.name} could not be encoded as PNG.")
        data = joined(encoded.tobytes())   # here, so that signing need not: the signed file is the same byte for byte
    chunks = b""
    if picture.icc is not None:
        chunks += _chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(picture.icc))
    if picture.dpi is not None:
        x, y = (round(value / METRES_PER_INCH) for value in picture.dpi)
        chunks += _chunk(b"pHYs", struct.pack(">IIB", x, y, 1))
    chunks += _chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)
    after_header = len(PNG_SIGNATURE) + 25
    return data[:after_header] + chunks + data[after_header:]


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _tiff(picture: Picture, pixels: np.ndarray, xmp: bytes) -> bytes:
    import tifffile

    options: dict = {"photometric": "minisblack" if pixels.ndim == 2 else "rgb", "predictor": True}
    if pixels.ndim == 3 and pixels.shape[2] == 4:
        options["extrasamples"] = ["unassalpha"]
    if picture.palette is not None:
        colormap = np.zeros((3, 256), np.uint16)
        colormap[:, : len(picture.palette)] = picture.palette.T.astype(np.uint16) * 257
        options = {"photometric": "palette", "colormap": colormap}
    if picture.dpi is not None:
        options |= {"resolution": picture.dpi, "resolutionunit": "INCH"}
    buffer = io.BytesIO()
    tifffile.imwrite(
        buffer,
        pixels,
        compression="zlib",
        iccprofile=picture.icc,
        software="Anastylosis",
        metadata=None,
        extratags=[(700, 1, len(xmp), xmp, True)],
        **options,
    )
    return buffer.getvalue()


def _pillow(picture: Picture, pixels: np.ndarray, xmp: bytes, kind: str) -> bytes:
    from PIL import Image

    options: dict = {"xmp": xmp}
    if picture.icc is not None:
        options["icc_profile"] = picture.icc
    if kind == "image/jpeg":
        options |= {"quality": JPEG_QUALITY, "subsampling": 0, "optimize": True}
        if picture.dpi is not None:
            options["dpi"] = picture.dpi
    elif kind == "image/avif":
        # one thread: the same pixels then give the same file on every machine
        options |= {"quality": AVIF_QUALITY, "subsampling": "4:4:4", "speed": 6, "max_threads": 1}
    else:
        options |= {"lossless": True, "exact": True, "quality": 60}   # here quality is effort, not loss
    if kind != "image/jpeg" and picture.dpi is not None:
        exif = Image.Exif()
        exif[282], exif[283], exif[296] = picture.dpi[0], picture.dpi[1], 2
        options["exif"] = exif
    buffer = io.BytesIO()
    try:
        Image.fromarray(np.ascontiguousarray(pixels)).save(buffer, kind.removeprefix("image/"), **options)
    except (OSError, ValueError) as error:
        raise EncodeError(f"{picture.name} could not be encoded ({error}).") from error
    return buffer.getvalue()


# --- reading ---------------------------------------------------------------------------------------------------------


def _is_png16(data: bytes) -> bool:
    """Tell a PNG of 16 bits: the byte after width and height in IHDR."""
    return data.startswith(PNG_SIGNATURE) and data[24:25] == b"\x10"


def _check_size(width: int, height: int, pixel_bytes: float, file_bytes: int) -> None:
    """Refuse what is too large, and what a few bytes only claim to hold: a picture of one colour in WebP, for instance."""
    if width * height > MAX_PIXELS:
        raise DecodeError(f"{width} × {height} pixels are more than the {MAX_PIXELS:,} that are read")
    size = width * height * pixel_bytes
    if size > BOMB_BYTES and size > MOST_DENSE * file_bytes:
        raise DecodeError(f"{file_bytes:,} bytes claim to hold {width} × {height} pixels")


def _decode_png16(data: bytes) -> np.ndarray:
    import cv2

    width, height = struct.unpack(">II", data[16:24])
    _check_size(width, height, 2 * {0: 1, 2: 3, 4: 2}.get(data[25], 4), len(data))
    found = cv2.imdecode(np.frombuffer(data, np.uint8, _png_end(data)), cv2.IMREAD_UNCHANGED)
    if found is None:
        raise DecodeError("the PNG is damaged")
    if found.ndim == 2:
        return found
    return cv2.cvtColor(found, cv2.COLOR_BGR2RGB if found.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)


def _png_end(data: bytes) -> int:
    """Where a PNG's last chunk ends. Raises: DecodeError for one that is cut off or holds what no decoder may read over.

    A chunk that claims to be longer than the file, one of an unknown critical kind, or what stands behind the end cost OpenCV
    a minute and 4 GB (tests/fuzz).
    """
    for kind, _, end in chunks(data):
        if kind == b"IEND":
            return end
        if kind[:1].isupper() and kind not in (b"IHDR", b"PLTE", b"IDAT"):
            raise DecodeError("the PNG holds a part that no decoder knows")
    raise DecodeError("the PNG is cut off")


def _decode_tiff(data: bytes) -> np.ndarray:
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        samples = int(page.samplesperpixel) * int(page.bitspersample) // 8                   # type: ignore[union-attr,arg-type]
        _check_size(int(page.imagewidth), int(page.imagelength), max(samples, 1), len(data))  # type: ignore[union-attr]
        if int(page.nbytes) > 8 * MAX_PIXELS:                      # type: ignore[union-attr]
            raise DecodeError("the TIFF is larger than what is read")
        if page.compression == tifffile.COMPRESSION.LZW:           # type: ignore[union-attr]
            return _decode_tiff_lzw(data, int(page.bitspersample)) # type: ignore[union-attr,arg-type]
        found = page.asarray()
        if page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None:  # type: ignore[union-attr]
            found = (page.colormap.T >> 8).astype(np.uint8)[found]                          # type: ignore[union-attr]
    if found.dtype not in (np.uint8, np.uint16) or not (found.ndim == 2 or (found.ndim == 3 and found.shape[2] in (3, 4))):
        raise DecodeError(f"the TIFF holds {found.dtype} of shape {found.shape}, not 8 or 16 bits of grey, RGB or RGBA")
    return found


def _decode_tiff_lzw(data: bytes, bits: int) -> np.ndarray:
    """Decode with libtiff: a damaged LZW stream ends the whole process in imagecodecs 2026.1.14 (found by tests/fuzz)."""
    if bits == 8:
        return _decode_pillow(data)     # OpenCV would multiply an 8-bit colour with its alpha, and Pillow cut 16 bits to 8
    import cv2

    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if found is None or found.dtype not in (np.uint8, np.uint16):
        raise DecodeError("the TIFF is damaged, or holds neither 8 nor 16 bits")
    if found.ndim == 2:
        return found
    return cv2.cvtColor(found, cv2.COLOR_BGR2RGB if found.shape[2] == 3 else cv2.COLOR_BGRA2RGBA)


def _opened(data: bytes):
    """Open a file with Pillow's class for what its first bytes show. Nothing is decoded yet.

    `Image.open` refuses above 179 megapixels whatever `_check_size` allows; it is left what nobody writes here, such as BMP.
    """
    from PIL import AvifImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

    classes = {
        "image/png": PngImagePlugin.PngImageFile,
        "image/jpeg": JpegImagePlugin.JpegImageFile,
        "image/webp": WebPImagePlugin.WebPImageFile,
        "image/avif": AvifImagePlugin.AvifImageFile,
        "image/tiff": TiffImagePlugin.TiffImageFile,
        "image/gif": GifImagePlugin.GifImageFile,
    }
    kind = sniff(data[:32])
    return classes[kind](io.BytesIO(data)) if kind in classes else Image.open(io.BytesIO(data))


def _decode_pillow(data: bytes) -> np.ndarray:
    with _opened(data) as image:
        width, height = image.size
        _check_size(width, height, len(image.getbands()) if image.mode != "1" else 1 / 8, len(data))
        if image.mode.startswith("I;16"):
            return np.asarray(image).astype(np.uint16)
        if image.mode == "L":
            return np.asarray(image)
        has_alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
        return np.asarray(image.convert("RGBA" if has_alpha else "RGB"))


def _decode_indices(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Return indices uint8 [H, W] and palette uint8 [N, 3] of a picture with a palette, as written by `encode`."""
    if sniff(data[:32]) == "image/tiff":
        import tifffile

        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page = file.pages[0]
            return page.asarray(), (page.colormap.T >> 8).astype(np.uint8)  # type: ignore[union-attr]
    with _opened(data) as image:
        palette = np.frombuffer(bytes(image.getpalette() or []), np.uint8).reshape(-1, 3)
        return np.asarray(image), palette


def _icc(data: bytes) -> bytes | None:
    if sniff(data[:32]) == "image/tiff":
        import tifffile

        with tifffile.TiffFile(io.BytesIO(data)) as file:
            return file.pages[0].iccprofile  # type: ignore[union-attr]
    with _opened(data) as image:
        return image.info.get("icc_profile")
