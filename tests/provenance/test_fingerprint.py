"""The fingerprint: copies of a work share it, other works do not."""

import cv2
import numpy as np
import pytest
from skimage import data

from provenance.fingerprint import SAME_WORK, distance, fingerprint

ASTRONAUT = data.astronaut()


def test_a_fingerprint_has_sixteen_hexadecimal_digits():
    code = fingerprint(ASTRONAUT)
    assert len(code) == 16
    assert f"{int(code, 16):016x}" == code


@pytest.mark.parametrize(
    "copy",
    [
        cv2.resize(ASTRONAUT, (211, 211), interpolation=cv2.INTER_AREA),
        cv2.imdecode(cv2.imencode(".jpg", ASTRONAUT, [cv2.IMWRITE_JPEG_QUALITY, 40])[1], cv2.IMREAD_COLOR),
        cv2.cvtColor(ASTRONAUT, cv2.COLOR_RGB2GRAY),
        (ASTRONAUT * 0.7).astype(np.uint8),
        ASTRONAUT.astype(np.uint16) * 257,
        np.dstack([ASTRONAUT, np.full((512, 512), 9, np.uint8)]),
        ASTRONAUT[6:506, 6:506],
    ],
    ids=["smaller", "JPEG 40", "grey", "darker", "16 bits", "with alpha", "95 % of the area"],
)
def test_a_copy_is_the_same_work(copy):
    assert distance(fingerprint(copy), fingerprint(ASTRONAUT)) <= SAME_WORK


def test_other_works_are_far_away():
    codes = [fingerprint(p) for p in (ASTRONAUT, data.coffee(), data.chelsea(), data.camera(), data.coins())]
    assert all(distance(a, b) > SAME_WORK for i, a in enumerate(codes) for b in codes[:i])


def test_the_distance_counts_bits():
    assert distance("0" * 16, "f" * 16) == 64
    assert distance("0000000000000001", "0000000000000003") == 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 500, 3), (500, 1, 4), (31, 33)])
def test_even_the_smallest_picture_has_a_fingerprint(shape):
    assert len(fingerprint(np.zeros(shape, np.uint8))) == 16
