"""The Image-Code of ISO 24138: the same bits as the standard's reference, and near for copies."""

import cv2
import numpy as np
import pytest
from skimage import data

from provenance.fingerprint import fingerprint, iscc_of
from provenance.iscc import body_of, digest, encoded, iscc_image_code, normalised

RAMP = (np.arange(1024).reshape(32, 32) ** 2 % 251).astype(np.uint8)
# computed by iscc-core 1.5.0, the standard's reference implementation
VECTORS = [
    (np.zeros((32, 32), np.uint8), 64, "ISCC:EEAQAAAAAAAAAAAA"),
    (np.full((32, 32), 255, np.uint8), 64, "ISCC:EEAYAAAAAAAAAAAA"),
    (np.full((32, 32), 255, np.uint8), 256, "ISCC:EEDYAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    (RAMP, 64, "ISCC:EEA7LCYVVI2ZYKUN"),
    (RAMP, 256, "ISCC:EED7LCYVVI2ZYKUNPNPQYCBOLDTOS3XPG2GD5AZRQLG4D6ZARLSUVGY"),
]


@pytest.mark.parametrize(("grey", "bits", "code"), VECTORS)
def test_the_code_is_that_of_the_reference(grey, bits, code):
    assert encoded(digest(grey, bits)) == code


def test_the_reference_agrees_on_two_hundred_pictures():
    reference = pytest.importorskip("iscc_core")
    rng = np.random.default_rng(0)
    for number in range(200):
        slope = np.add.outer(np.arange(32) * rng.normal(0, 4), np.arange(32) * rng.normal(0, 4))
        grey = np.clip(slope + 128 + rng.normal(0, 9, (32, 32)), 0, 255).astype(np.uint8)
        bits = (64, 128, 192, 256)[number % 4]
        assert encoded(digest(grey, bits)) == reference.gen_image_code_v0(grey.ravel().tolist(), bits=bits)["iscc"]


def test_a_longer_code_begins_with_the_shorter():
    grey = normalised(data.coffee())
    assert digest(grey, 256)[:8] == digest(grey, 64)
    assert body_of(iscc_image_code(data.coffee(), 256)) == digest(grey, 256)


def test_the_fingerprint_is_the_code_in_other_letters():
    pixels = data.astronaut()
    assert iscc_of(fingerprint(pixels)) == iscc_image_code(pixels)
    assert body_of(iscc_image_code(pixels)).hex() == fingerprint(pixels)
    assert body_of(iscc_image_code(pixels).lower().removeprefix("iscc:")) is not None


def test_white_margins_and_transparency_change_nothing():
    pixels = data.coffee()
    framed = cv2.copyMakeBorder(pixels, 40, 40, 70, 70, cv2.BORDER_CONSTANT, value=(255, 255, 255))
    assert iscc_image_code(framed) == iscc_image_code(pixels)
    clear = np.dstack([framed, np.full(framed.shape[:2], 255, np.uint8)])
    clear[:40] = 0
    clear[-40:] = 0
    clear[:, :70] = 0
    clear[:, -70:] = 0
    assert iscc_image_code(clear) == iscc_image_code(pixels)


@pytest.mark.parametrize("text", ["", "ISCC:", "ISCC:KACYPXW445FTYNJ3", "EEA7LCYVVI2ZYKU", "ISCC:EEA7LCYVVI2ZYKUN!", "€" * 9])
def test_what_is_no_image_code_is_none(text):
    assert body_of(text) is None


def test_a_body_of_an_odd_length_is_refused():
    with pytest.raises(ValueError, match="not 24"):
        encoded(b"abc")
