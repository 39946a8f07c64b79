"""A picture comes in as it is, or is refused with a sentence that says what to do."""

import contextlib
import io
import struct
import time
import tracemalloc
import zlib

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from studio import errors
from studio.sources import Source, open_mask, open_source, upright

RNG = np.random.default_rng(3)
RGB8 = RNG.integers(0, 256, (24, 40, 3), dtype=np.uint8)
RGB16 = RNG.integers(0, 65536, (24, 40, 3), dtype=np.uint16)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:rights><rdf:Alt><rdf:li xml:lang="x-default">'
    b"http://rightsstatements.org/vocab/NoC-OKLR/1.0/</rdf:li></rdf:Alt></dc:rights></rdf:Description></rdf:RDF></x:xmpmeta>"
)


def write(path, data):
    path.write_bytes(data)
    return path


def saved(pixels, kind, mode=None, **options):
    out = io.BytesIO()
    (Image.fromarray(pixels) if mode is None else Image.fromarray(pixels).convert(mode)).save(out, kind, **options)
    return out.getvalue()


def png_header(width, height, depth=8, colour=2):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("shape", [(24, 40), (24, 40, 3), (24, 40, 4)])
def test_a_16_bit_png_stays_16_bit(tmp_path, shape):
    pixels = RNG.integers(0, 65536, shape, dtype=np.uint16)
    source = open_source(write(tmp_path / "a.png", imagecodecs.png_encode(pixels)))
    assert source.pixels.dtype == np.uint16
    assert np.array_equal(source.pixels, pixels)


@pytest.mark.parametrize(
    "options", [{}, {"compression": "zlib"}, {"tile": (16, 16)}, {"planarconfig": "separate"}, {"byteorder": ">"}]
)
def test_a_16_bit_tiff_stays_16_bit_however_it_is_stored(tmp_path, options):
    pixels = np.ascontiguousarray(np.moveaxis(RGB16, -1, 0)) if "planarconfig" in options else RGB16
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", **options)
    source = open_source(tmp_path / "a.tif")
    assert source.pixels.dtype == np.uint16
    assert np.array_equal(source.pixels, RGB16)


@pytest.mark.parametrize("shape", [(24, 40), (24, 40, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_and_alpha_tiffs_keep_their_channels(tmp_path, shape, dtype):
    pixels = RNG.integers(0, np.iinfo(dtype).max, shape, dtype=dtype)
    extra = {"photometric": "rgb", "extrasamples": ["unassalpha"]} if len(shape) == 3 else {}
    tifffile.imwrite(tmp_path / "a.tif", pixels, **extra)
    assert np.array_equal(open_source(tmp_path / "a.tif").pixels, pixels)


@pytest.mark.parametrize(
    ("mode", "shape"),
    [("1", (24, 40)), ("L", (24, 40)), ("LA", (24, 40, 4)), ("P", (24, 40, 3)), ("RGB", (24, 40, 3)), ("RGBA", (24, 40, 4))],
)
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_every_usual_mode_opens(tmp_path, mode, shape, kind):
    source = open_source(write(tmp_path / "a.bin", saved(RGB8, kind, mode)))
    assert source.pixels.shape == shape
    assert np.array_equal(source.pixels[..., :3] if len(shape) == 3 else source.pixels, np.asarray(
        Image.fromarray(RGB8).convert(mode).convert("RGB" if len(shape) == 3 else "L")))  # fmt: skip


def test_the_bytes_decide_the_media_type_and_not_the_ending(tmp_path):
    source = open_source(write(tmp_path / "really_a_jpeg.png", saved(RGB8, "JPEG")))
    assert source.media_type == "image/jpeg"


@pytest.mark.parametrize("kind", ["WEBP", "AVIF"])
def test_lossless_web_formats_open(tmp_path, kind):
    source = open_source(
        write(tmp_path / "a", saved(RGB8, kind, **({"lossless": True} if kind == "WEBP" else {"quality": 90})))
    )
    assert source.media_type == f"image/{kind.lower()}"
    assert source.size == (40, 24)
    assert kind == "AVIF" or np.array_equal(source.pixels, RGB8)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_profile_resolution_and_xmp_come_along_byte_for_byte(tmp_path, kind):
    extra = {"tiffinfo": {700: XMP}} if kind == "TIFF" else {"xmp": XMP} if kind != "PNG" else {}
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        extra["pnginfo"] = PngInfo()
        extra["pnginfo"].add_itxt("XML:com.adobe.xmp", XMP.decode())
    source = open_source(write(tmp_path / "a", saved(RGB8, kind, icc_profile=PROFILE, dpi=(300, 300), **extra)))
    assert source.icc == PROFILE
    assert source.xmp == XMP
    assert kind == "WEBP" or source.dpi == pytest.approx((300, 300), rel=1e-3)
    assert source.rights == "http://rightsstatements.org/vocab/NoC-OKLR/1.0/"
    assert any("rights" in note for note in source.notes)


def test_rights_given_by_the_caller_stand_above_those_in_the_file(tmp_path):
    path = write(tmp_path / "a.jpg", saved(RGB8, "JPEG", xmp=XMP))
    assert open_source(path, rights="http://rightsstatements.org/vocab/InC/1.0/").rights.endswith("InC/1.0/")


def test_hostile_xmp_gives_no_rights_and_no_harm(tmp_path):
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
    assert open_source(write(tmp_path / "a.jpg", saved(RGB8, "JPEG", xmp=bomb))).rights is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_exactly_once(tmp_path, orientation):
    stored = RGB8.copy()
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = Image.fromarray(stored)
    picture.getexif()[0x0112] = orientation
    from PIL import ImageOps

    for name, data in [
        ("a.png", saved(stored, "PNG", exif=exif)),
        ("a.tif", saved(stored, "TIFF", tiffinfo={274: orientation})),
    ]:
        source = open_source(write(tmp_path / name, data))
        assert np.array_equal(source.pixels, np.asarray(ImageOps.exif_transpose(picture)))
        assert source.orientation == orientation
        assert any("orientation" in note for note in source.notes) == (orientation != 1)
    assert upright(upright(stored, 6), 8).tolist() == stored.tolist()


def test_orientation_is_applied_to_16_bit_too(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGB16, photometric="rgb", extratags=[(274, "H", 1, 6, True)])
    assert np.array_equal(open_source(tmp_path / "a.tif").pixels, np.rot90(RGB16, -1))


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk_is_refused_with_what_to_do(tmp_path, kind):
    with pytest.raises(errors.UnsupportedColourError, match=r"CMYK.*convert it to RGB"):
        open_source(write(tmp_path / "a", saved(RGB8, kind, "CMYK")))


def test_floating_point_samples_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGB8.astype(np.float32), photometric="rgb")
    with pytest.raises(errors.UnsupportedColourError, match="16-bit grey or RGB"):
        open_source(tmp_path / "a.tif")


def test_a_multi_page_tiff_gives_its_first_page_and_says_so(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.stack([RGB8, 255 - RGB8]), photometric="rgb")
    source = open_source(tmp_path / "a.tif")
    assert source.pages == 2
    assert np.array_equal(source.pixels, RGB8)
    assert any("2 pictures" in note for note in source.notes)


def test_a_picture_bomb_is_refused_at_once_and_without_memory(tmp_path):
    bombs = {"a.png": png_header(60000, 60000), "b.png": png_header(60000, 60000, 16)}
    for name, data in bombs.items():
        path = write(tmp_path / name, data)
        tracemalloc.start()
        start = time.perf_counter()
        with pytest.raises(errors.TooManyPixelsError, match="60000×60000"):
            open_source(path)
        assert time.perf_counter() - start < 1
        assert tracemalloc.get_traced_memory()[1] < 20e6
        tracemalloc.stop()


def test_a_bomb_in_any_other_header_is_refused_too(tmp_path):
    jpeg = bytearray(saved(RGB8, "JPEG"))
    at = jpeg.index(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = struct.pack(">HH", 60000, 60000)
    webp = bytearray(saved(RGB8, "WEBP", lossless=True))
    webp[21:25] = (0x3FFF | 0x3FFF << 14).to_bytes(4, "little")
    tiff = bytearray(saved(RGB8, "TIFF"))
    with tifffile.TiffFile(io.BytesIO(bytes(tiff))) as file:
        for tag in (256, 257):
            offset = file.pages[0].tags[tag].valueoffset
            tiff[offset : offset + 2] = struct.pack("<H", 60000)
    for name, data in {"a.jpg": jpeg, "a.webp": webp, "a.tif": tiff}.items():
        with pytest.raises(errors.TooManyPixelsError):
            open_source(write(tmp_path / name, bytes(data)))


def test_the_pixel_limit_can_be_set(tmp_path):
    path = write(tmp_path / "a.png", saved(RGB8, "PNG"))
    with pytest.raises(errors.TooManyPixelsError, match="40×24"):
        open_source(path, max_pixels=100)
    with pytest.raises(errors.TooManyBytesError, match="not read"):
        open_source(path, max_bytes=100)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_picture_is_called_truncated(tmp_path, kind, share):
    big = RNG.integers(0, 256, (200, 200, 3), dtype=np.uint8)
    data = saved(big, kind, **({"lossless": True} if kind == "WEBP" else {}))
    with pytest.raises(errors.TruncatedPictureError if kind != "TIFF" else errors.SourceError, match=r"a\.bin"):
        open_source(write(tmp_path / "a.bin", data[: int(len(data) * share)]))


def test_a_truncated_tiff_is_called_truncated(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", RGB16, photometric="rgb")
    data = (tmp_path / "a.tif").read_bytes()
    with pytest.raises(errors.TruncatedPictureError):
        open_source(write(tmp_path / "b.tif", data[:-100]))


@pytest.mark.parametrize(
    ("data", "word"),
    [(b"not a picture\n", "text"), (b"%PDF-1.7", "a PDF"), (b"<svg/>", "an SVG"), (bytes(range(1, 99)) + b"\0", "not known")],
)
def test_a_file_that_only_calls_itself_png_is_refused(tmp_path, data, word):
    with pytest.raises(errors.NotAPictureError, match=word):
        open_source(write(tmp_path / "letter.png", data))


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(errors.MissingFileError, match=r"nothing\.png does not exist"):
        open_source(tmp_path / "nothing.png")
    with pytest.raises(errors.NotAFileError, match="is a folder"):
        open_source(tmp_path)
    with pytest.raises(errors.EmptyFileError, match="0 bytes"):
        open_source(write(tmp_path / "empty.png", b""))
    with pytest.raises(errors.SourceError):
        open_source("nul\0.png")


def test_no_damaged_byte_escapes_as_a_traceback(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    samples = [saved(RGB8, kind, exif=exif, icc_profile=PROFILE) for kind in ("PNG", "JPEG", "TIFF", "WEBP")]
    samples.append(imagecodecs.png_encode(RGB16))
    for data in samples:
        for _ in range(60):
            broken = bytearray(data)
            for at in RNG.integers(8, len(data), 4):
                broken[at] = RNG.integers(0, 256)
            try:
                open_source(write(tmp_path / "x", bytes(broken)), max_pixels=1_000_000)
            except errors.SourceError as error:
                assert "x" in str(error)


# ---- masks
@pytest.fixture
def panel(tmp_path) -> Source:
    return open_source(write(tmp_path / "panel.tif", saved(RGB8, "TIFF")))


HOLE = np.zeros((24, 40), bool)
HOLE[4:10, 5:20] = True


@pytest.mark.parametrize("kind", ["1", "L", "P", "RGB", "RGBA", "16", "01"])
def test_white_is_hole_in_every_kind_of_mask(tmp_path, panel, kind):
    grey = HOLE.astype(np.uint8) * 255
    data = {
        "16": lambda: imagecodecs.png_encode(HOLE.astype(np.uint16) * 65535),
        "01": lambda: saved(HOLE.astype(np.uint8), "PNG"),
    }
    path = write(tmp_path / "mask.png", data.get(kind, lambda: saved(grey, "PNG", kind))())
    mask = open_mask(path, panel)
    assert mask.pixels.dtype == bool
    assert np.array_equal(mask.pixels, HOLE)
    assert "white was taken as hole" in mask.notes[0]


def test_a_painted_layer_with_transparency_is_a_mask(tmp_path, panel):
    layer = np.zeros((24, 40, 4), np.uint8)
    layer[HOLE] = (0, 0, 0, 255)
    mask = open_mask(write(tmp_path / "layer.png", saved(layer, "PNG")), panel)
    assert np.array_equal(mask.pixels, HOLE)
    assert any("transparency" in note for note in mask.notes)


def test_greys_are_cut_at_half_and_this_is_said(tmp_path, panel):
    grey = HOLE.astype(np.uint8) * 255
    grey[0, :3] = (100, 127, 200)
    mask = open_mask(write(tmp_path / "m.png", saved(grey, "PNG")), panel)
    assert mask.pixels[0, :3].tolist() == [False, False, True]
    assert any("above half is hole" in note for note in mask.notes)


def test_a_mask_of_another_size_is_refused_with_both_sizes(tmp_path, panel):
    path = write(tmp_path / "mask.png", saved(np.kron(HOLE, np.ones((2, 2))).astype(np.uint8) * 255, "PNG"))
    with pytest.raises(errors.MaskSizeError) as caught:
        open_mask(path, panel)
    assert str(caught.value) == (
        "mask.png is 80×48 but panel.tif is 40×24: give a mask of the same size, or pass --fit-mask to resize it."
    )
    fitted = open_mask(path, panel, fit=True)
    assert np.array_equal(fitted.pixels, HOLE)
    assert any("resized from 80×48 to 40×24" in note for note in fitted.notes)


def test_empty_and_full_masks_are_refused(tmp_path, panel):
    with pytest.raises(errors.EmptyMaskError, match="marks no hole"):
        open_mask(write(tmp_path / "m.png", saved(np.zeros((24, 40), np.uint8), "PNG")), panel)
    with pytest.raises(errors.FullMaskError, match="nothing would be left"):
        open_mask(write(tmp_path / "m.png", saved(np.full((24, 40), 255, np.uint8), "PNG")), (40, 24))


def test_a_mask_that_looks_inverted_is_pointed_out(tmp_path, panel):
    almost = np.full((24, 40), 255, np.uint8)
    almost[0, :5] = 0
    mask = open_mask(write(tmp_path / "m.png", saved(almost, "PNG")), panel)
    assert any("invert" in note for note in mask.notes)


@pytest.mark.parametrize(("dtype", "channels"), [(np.uint8, ()), (np.uint8, (3,)), (np.uint8, (4,)), (np.uint16, (3,))])
def test_an_lzw_tiff_keeps_every_sample_and_a_damaged_one_is_refused(tmp_path, dtype, channels):
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (40, 50, *channels)).astype(dtype)
    path = tmp_path / "lzw.tif"
    alpha = {"extrasamples": ["unassalpha"]} if channels == (4,) else {}
    tifffile.imwrite(path, pixels, compression="lzw", photometric="rgb" if channels else "minisblack", **alpha)
    assert np.array_equal(open_source(path).pixels, pixels)
    data = bytearray(path.read_bytes())
    for at in range(300, len(data) - 300, 97):
        data[at] ^= 0x5A
    path.write_bytes(data)
    with contextlib.suppress(errors.SourceError):
        open_source(path)


def test_an_lzw_tiff_of_another_kind_is_refused_with_the_way_out(tmp_path):
    path = tmp_path / "white.tif"
    tifffile.imwrite(path, np.zeros((20, 20), np.uint8), compression="lzw", photometric="miniswhite")
    with pytest.raises(errors.UnsupportedColourError, match="Deflate"):
        open_source(path)
