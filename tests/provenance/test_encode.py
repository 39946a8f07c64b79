import io
import struct
import time
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms

from provenance import encode, metadata
from provenance.credential_png import joined
from provenance.draft import Picture
from provenance.errors import DecodeError, EncodeError

RNG = np.random.default_rng(0)
ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
XMP = metadata.write(metadata.Statement(digital_source_type=metadata.SOURCE_TYPES + "algorithmicMedia"))
SHAPES = [(40, 33), (40, 33, 3), (40, 33, 4)]


def _picture(name, pixels, **more):
    return Picture(name, pixels, "variant", **more)


@pytest.mark.parametrize("shape", SHAPES, ids=["grey", "rgb", "rgba"])
@pytest.mark.parametrize(
    ("ending", "dtype"), [("png", "uint8"), ("png", "uint16"), ("tif", "uint8"), ("tif", "uint16"), ("webp", "uint8")]
)
def test_no_bit_is_lost(shape, ending, dtype):
    pixels = RNG.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    picture = _picture(f"a.{ending}", pixels, icc=ICC, dpi=(300, 150))
    data = encode.encode(picture, pixels, XMP)
    assert encode.holds(data, picture, pixels) is None
    found = encode.decode(data)
    if ending != "webp" or len(shape) == 3:
        assert found.dtype == pixels.dtype
        assert np.array_equal(found, pixels)
    assert metadata.read(data).digital_source_type.endswith("algorithmicMedia")


def test_16_bit_colour_png_is_16_bit_for_an_independent_reader():
    pixels = RNG.integers(0, 65535, (20, 30, 3), np.uint16)
    data = encode.encode(_picture("a.png", pixels), pixels, XMP)
    assert data[24] == 16  # bit depth in IHDR
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read[..., ::-1], pixels)


@pytest.mark.parametrize("ending", ["png", "tif", "jpg", "webp", "avif"])
def test_profile_resolution_and_xmp_are_where_other_programs_look(ending):
    pixels = RNG.integers(0, 255, (20, 30, 3), np.uint8)
    data = encode.encode(_picture(f"a.{ending}", pixels, icc=ICC, dpi=(300, 300)), pixels, XMP)
    with Image.open(io.BytesIO(data)) as image:
        assert image.info["icc_profile"] == ICC
        if ending in ("webp", "avif"):
            assert image.getexif()[282] == 300
        else:
            assert image.info["dpi"] == pytest.approx((300, 300), abs=0.01)
        xmp = image.getxmp()["xmpmeta"]["RDF"]["Description"]
        assert xmp["DigitalSourceType"].endswith("algorithmicMedia")


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_a_palette_keeps_indices_and_colours(ending):
    indices = RNG.integers(0, 7, (50, 41), np.uint8)
    palette = RNG.integers(0, 255, (7, 3), np.uint8)
    picture = _picture(f"a.{ending}", indices, palette=palette)
    data = encode.encode(picture, indices, XMP)
    assert encode.holds(data, picture, indices) is None
    assert np.array_equal(encode.decode(data), palette[indices])
    with Image.open(io.BytesIO(data)) as image:
        assert image.mode == "P"
        assert np.array_equal(np.asarray(image), indices)


def test_a_tiff_is_read_by_two_independent_readers():
    pixels = RNG.integers(0, 65535, (20, 30, 3), np.uint16)
    data = encode.encode(_picture("a.tif", pixels), pixels, XMP)
    assert np.array_equal(tifffile.imread(io.BytesIO(data)), pixels)
    assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)[..., ::-1], pixels)


@pytest.mark.parametrize("shape", SHAPES, ids=["grey", "rgb", "rgba"])
def test_an_avif_is_close_and_keeps_its_alpha(shape):
    smooth = cv2.resize(RNG.integers(0, 255, (8, 8, 4), np.uint8), (64, 48), interpolation=cv2.INTER_CUBIC)
    pixels = smooth[..., 0] if len(shape) == 2 else np.ascontiguousarray(smooth[..., : shape[2]])
    picture = _picture("a.avif", pixels, icc=ICC if len(shape) == 3 else None)
    data = encode.encode(picture, pixels, XMP)
    assert encode.holds(data, picture, pixels) is None
    found = encode.decode(data)
    expected = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    assert np.abs(found.astype(int) - expected).mean() < 2
    assert metadata.read(data).digital_source_type.endswith("algorithmicMedia")


def test_a_jpeg_is_close_and_its_colour_is_not_subsampled():
    pixels = cv2.resize(RNG.integers(0, 255, (8, 8, 3), np.uint8), (64, 64), interpolation=cv2.INTER_CUBIC)
    data = encode.encode(_picture("a.jpg", pixels), pixels, XMP)
    assert np.abs(encode.decode(data).astype(int) - pixels).mean() < 2
    with Image.open(io.BytesIO(data)) as image:
        assert {layer[1:3] for layer in image.layer} == {(1, 1)}


@pytest.mark.parametrize(
    ("name", "pixels", "more", "said"),
    [
        ("a.jpg", np.zeros((4, 4, 3), np.uint16), {}, "16 bits"),
        ("a.jpg", np.zeros((4, 4, 4), np.uint8), {}, "alpha"),
        ("a.webp", np.zeros((4, 4), np.uint16), {}, "16 bits"),
        ("a.avif", np.zeros((4, 4), np.uint16), {}, "16 bits"),
        ("a.webp", np.zeros((1, 16384), np.uint8), {}, "16383"),
        ("a.gif", np.zeros((4, 4), np.uint8), {}, ".png"),
        ("a.png", np.zeros((4, 4), np.float32), {}, "float32"),
        ("a.png", np.zeros((4, 4, 2), np.uint8), {}, "shape"),
        ("a.png", np.zeros((0, 4), np.uint8), {}, "no pixels"),
        ("a.png", np.full((4, 4), 3, np.uint8), {"palette": np.zeros((2, 3), np.uint8)}, "index 3"),
        ("a.jpg", np.zeros((4, 4), np.uint8), {"palette": np.zeros((2, 3), np.uint8)}, "palette"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_with_a_way_out(name, pixels, more, said):
    with pytest.raises(EncodeError, match=said):
        encode.encode(_picture(name, pixels, **more), pixels, XMP)


@pytest.mark.parametrize("shape", SHAPES, ids=["grey", "rgb", "rgba"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_a_tiff_with_lzw_is_read_exactly(shape, dtype):
    pixels = RNG.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)
    buffer = io.BytesIO()
    extra = ["unassalpha"] if shape[-1] == 4 else None
    kind = "minisblack" if len(shape) == 2 else "rgb"
    tifffile.imwrite(buffer, pixels, compression="lzw", predictor=True, photometric=kind, extrasamples=extra)
    assert np.array_equal(encode.decode(buffer.getvalue()), pixels)


@pytest.mark.parametrize(
    "data", [b"", b"text", b"\x89PNG\r\n\x1a\n", b"II*\0" + bytes(40), b"\xff\xd8\xff\xe0", b"RIFF\0\0\0\0WEBPVP8L"]
)
def test_bytes_that_are_no_picture_end_in_one_named_error(data):
    with pytest.raises(DecodeError):
        encode.decode(data)


def test_a_picture_of_absurd_size_is_refused_before_it_is_decoded():
    header = b"\x89PNG\r\n\x1a\n" + bytes.fromhex("0000000d49484452") + (2**30).to_bytes(4, "big") * 2 + b"\x10\x02\0\0\0"
    with pytest.raises(DecodeError, match="more than"):
        encode.decode(header + bytes(40))


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1)])
def test_the_smallest_pictures_survive(size):
    for ending in ("png", "tif", "webp", "jpg", "avif"):
        pixels = RNG.integers(0, 255, (*size, 3), np.uint8)
        picture = _picture(f"a.{ending}", pixels)
        assert encode.holds(encode.encode(picture, pixels, XMP), picture, pixels) is None


def test_a_few_bytes_that_claim_a_huge_picture_are_refused_before_any_memory_is_taken():
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    for depth, colour in ((8, 2), (16, 6)):
        head = struct.pack(">IIBBBBB", 12_000, 12_000, depth, colour, 0, 0, 0)
        body = zlib.compress(bytes(10_000))
        png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
        with pytest.raises(DecodeError, match="claim to hold 12000 × 12000"):
            encode.decode(png)
    tags = ((256, 4, 1, 12_000), (257, 4, 1, 12_000), (258, 3, 1, 16), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8),
            (277, 3, 1, 4), (279, 4, 1, 8))  # fmt: skip
    tiff = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *t) for t in tags)
    with pytest.raises(DecodeError, match="claim to hold"):
        encode.decode(tiff + bytes(4))


def test_a_blank_mask_of_a_large_scan_is_read():
    blank = cv2.imencode(".png", np.zeros((13_000, 13_000), np.uint8))[1].tobytes()
    assert encode.decode(blank).shape == (13_000, 13_000)


def test_what_stands_in_or_behind_a_png_that_no_decoder_knows_is_refused_at_once():
    pixels = RNG.integers(0, 65535, (9, 7, 3), np.uint16)
    data = encode.encode(_picture("a.png", pixels), pixels, XMP)
    behind = data + b"\xff\xff\xff\xff" * 20
    assert np.array_equal(encode.decode(behind), pixels)
    strange = data[:33] + struct.pack(">I4s", 393, b"PNG\r") + bytes(397) + data[33:]
    with pytest.raises(DecodeError, match="no decoder knows"):
        encode.decode(strange)


def test_a_scan_of_200_megapixels_is_read_back():
    pixels = np.zeros((8_000, 25_000), np.uint8)
    pixels[::9] = 200
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "png", compress_level=1)
    assert np.array_equal(encode.decode(buffer.getvalue()), pixels)


def test_a_bmp_from_a_screenshot_is_read():
    pixels, buffer = RNG.integers(0, 256, (20, 30, 3), np.uint8), io.BytesIO()
    Image.fromarray(pixels).save(buffer, "bmp")
    assert np.array_equal(encode.decode(buffer.getvalue()), pixels)


def test_a_chunk_that_claims_more_than_the_file_has_ends_at_once():
    png = bytearray(cv2.imencode(".png", RNG.integers(0, 2**16, (9, 7, 3), np.uint16))[1].tobytes())
    at = bytes(png).index(b"IDAT") - 4
    png[at : at + 4] = b"\x3f\xff\xff\xff"
    started = time.process_time()
    with pytest.raises(DecodeError):
        encode.decode(bytes(png))
    assert time.process_time() - started < 1


def test_a_png_is_written_in_few_chunks_so_that_signing_leaves_them_as_they_are():
    pixels = RNG.integers(0, 256, (700, 900, 3), np.uint8)
    data = encode.encode(_picture("a.png", pixels), pixels, XMP)
    assert data.count(b"IDAT") <= 3 and joined(data) is data
    assert np.array_equal(encode.decode(data), pixels)
