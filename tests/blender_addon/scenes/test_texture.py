"""Pictures enter a scene without loss, or not at all."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from blender_addon.errors import TextureError
from blender_addon.scenes.texture import Texture, eight_bits

sides = st.integers(1, 30)
shapes = st.one_of(st.tuples(sides, sides), st.tuples(sides, sides, st.sampled_from([3, 4])))


@settings(max_examples=60, deadline=None)
@given(hnp.arrays(np.uint8, shapes))
def test_a_png_of_ours_reads_back_bit_for_bit(pixels):
    texture = Texture.from_pixels(pixels)
    read = Image.open(io.BytesIO(texture.data))
    assert read.size == (texture.width, texture.height) == (pixels.shape[1], pixels.shape[0])
    assert np.array_equal(np.asarray(read), pixels)
    assert Texture.from_bytes(texture.data) == texture


def test_sixteen_bits_are_rounded_and_not_cut():
    assert eight_bits(np.array([[0, 128, 129, 65535]], np.uint16)).tolist() == [[0, 0, 1, 255]]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_file_is_taken_over_byte_for_byte(kind):
    stream = io.BytesIO()
    Image.fromarray(np.zeros((20, 31, 3), np.uint8)).save(stream, kind, **({"progressive": True} if kind == "JPEG" else {}))
    texture = Texture.from_bytes(stream.getvalue())
    assert (texture.data, texture.width, texture.height) == (stream.getvalue(), 31, 20)


def test_other_files_and_other_pixels_are_refused():
    for data in (b"", b"GIF89a" + bytes(40), b"\xff\xd8\xff\xe0\x00\x04\x00\x00"):
        with pytest.raises(TextureError):
            Texture.from_bytes(data)
    for shape in ((4, 4, 2), (0, 4, 3), (1, 20_000)):
        with pytest.raises(TextureError):
            Texture.from_pixels(np.zeros(shape, np.uint8))
    with pytest.raises(TextureError):
        Texture.from_pixels(np.zeros((4, 4)))


def test_filters_pay_on_a_smooth_picture():
    y, x = np.mgrid[0:200, 0:300]
    smooth = np.stack([x // 2 + y // 4, x // 3 + 40, y + 20], -1).astype(np.uint8)
    assert len(Texture.from_pixels(smooth).data) < smooth.size / 20
