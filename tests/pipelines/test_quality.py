"""Figures of quality: what would be broken when a benchmark praised the wrong fill."""

import numpy as np
import pytest

from pipelines.haarpsi import ALPHA, C, haarpsi, local_similarities
from pipelines.quality import around, gradient_share, psnr, quality, ssim


def picture(height=96, width=128):
    """Waves of three lengths, in three colours: made by a formula, so that golden values need no file."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    waves = [np.sin(x / a) + np.cos(y / b) + np.sin((x + y) / c) for a, b, c in ((3, 5, 9), (4, 7, 11), (13, 6, 2.5))]
    return np.rint(np.clip(127 + 40 * np.stack(waves, -1), 0, 255)).astype(np.uint8)


def worsened(image, by):
    """A fixed pattern of no wavelength in particular, `by` levels strong."""
    y, x = np.mgrid[: image.shape[0], : image.shape[1]]
    pattern = ((x * 7919 + y * 104729 + x * y * 31) % 255) / 127 - 1
    pattern = pattern if image.ndim == 2 else np.stack([pattern, np.roll(pattern, 5, 0), np.roll(pattern, 9, 1)], -1)
    return np.rint(np.clip(image + by * pattern, 0, 255)).astype(np.uint8)


def blurred(image, by):
    import cv2

    return cv2.GaussianBlur(image, (0, 0), by)


@pytest.mark.parametrize("image", [picture(), picture()[..., 0], picture(95, 127), picture(95, 127)[..., 1]], ids=str)
def test_a_picture_is_entirely_like_itself(image):
    assert haarpsi(image, image) == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("grey", [False, True])
def test_likeness_does_not_depend_on_the_order(grey):
    one, other = picture(), worsened(picture(), 30)
    one, other = (one[..., 0], other[..., 0]) if grey else (one, other)
    assert haarpsi(one, other) == pytest.approx(haarpsi(other, one), abs=1e-12)
    assert 0 < haarpsi(one, other) < 1


@pytest.mark.parametrize(("worse", "amounts"), [(worsened, (2, 5, 10, 20, 40, 80)), (blurred, (0.5, 1, 2, 4, 8))])
def test_more_noise_and_more_blur_are_less_alike(worse, amounts):
    scores = [haarpsi(picture(), worse(picture(), amount)) for amount in amounts]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


def test_the_constants_are_the_published_ones():
    assert (C, ALPHA) == (30.0, 4.2)


# By a transliteration of the authors' Python code (github.com/rgcda/haarpsi, haarPsi.py of January 2018, `haar_psi_numpy`).
PUBLISHED_CODE = {
    "colour noise 12": 0.961988917,
    "colour noise 45": 0.753424549,
    "colour blur 1.5": 0.966732672,
    "grey noise 12": 0.952965821,
    "grey noise 45": 0.723649609,
    "grey blur 1.5": 0.977630594,
    "odd noise 12": 0.966758416,
    "odd noise 45": 0.772957613,
    "odd blur 1.5": 0.974981776,
}


@pytest.mark.parametrize(("name", "expected"), PUBLISHED_CODE.items())
def test_scores_agree_with_the_authors_code(name, expected):
    kind, way, amount = name.split(" ")
    image = picture(97, 131) if kind == "odd" else picture()
    image = image[..., 0] if kind == "grey" else image
    other = (worsened if way == "noise" else blurred)(image, float(amount))
    assert haarpsi(image, other) == pytest.approx(expected, abs=1e-6)


def test_one_coefficient_by_hand():
    # a step edge of 100 levels against a flat picture: at scale 1 the response is 2^-1 × 2 × 100 = 100, against 0
    one, other = np.zeros((32, 32)), np.zeros((32, 32))
    one[:, 16:] = 100
    likeness, weight = local_similarities(one, other)
    assert likeness[0].min() == pytest.approx((30 / (100**2 + 30) + 30 / (200**2 + 30)) / 2)
    assert weight[0].max() == pytest.approx(400)  # 2^-3 × 8 × 4 × 100


def test_only_the_place_that_was_asked_about_counts():
    image = picture()
    other, here, elsewhere = image.copy(), np.zeros(image.shape[:2], bool), np.zeros(image.shape[:2], bool)
    other[20:50, 20:50] = 127
    here[20:50, 20:50], elsewhere[20:50, 90:120] = True, True
    assert haarpsi(image, other, elsewhere) == pytest.approx(1, abs=1e-9)
    assert haarpsi(image, other, here) < haarpsi(image, other)


def test_nothing_to_compare_is_no_difference():
    flat, middle = np.full((64, 64, 3), 90, np.uint8), np.zeros((64, 64), bool)
    middle[24:40, 24:40] = True  # the index sees the border of the picture as an edge, as the authors' code does
    assert haarpsi(flat, flat, middle) == 1.0


def test_pictures_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="do not fit"):
        haarpsi(picture(), picture()[:-1])


def test_known_pixels_count_for_nothing():
    truth, hole = picture(), np.zeros((96, 128), bool)
    hole[40:56, 50:80] = True
    filled = truth.copy()
    filled[hole] = 127
    elsewhere = filled.copy()
    elsewhere[0:10, 0:10] = 0
    assert psnr(truth, filled, hole) == psnr(truth, elsewhere, hole)
    assert ssim(truth, filled, hole) == pytest.approx(ssim(truth, elsewhere, hole))
    assert gradient_share(truth, filled, hole) == gradient_share(truth, elsewhere, hole)


def test_psnr_of_a_known_difference():
    truth, hole = np.full((16, 16, 3), 100, np.uint8), np.ones((16, 16), bool)
    assert psnr(truth, truth + np.uint8(5), hole) == pytest.approx(10 * np.log10(255**2 / 25))
    assert psnr(truth, truth, hole) == 100


def test_a_flat_fill_has_no_texture_and_the_truth_all_of_it():
    truth, hole = picture(), np.zeros((96, 128), bool)
    hole[30:70, 30:90] = True
    flat = truth.copy()
    flat[hole] = 127
    assert gradient_share(truth, truth, hole) == 1
    inside = np.zeros_like(hole)
    inside[31:69, 31:89] = True  # at the rim the step to the known pixels counts
    assert gradient_share(truth, flat, inside) == 0
    assert np.isnan(gradient_share(np.full_like(truth, 127), truth, hole))


def test_noise_beats_blur_in_texture_and_loses_in_psnr():
    truth, hole = picture(), np.zeros((96, 128), bool)
    hole[20:80, 20:100] = True
    soft, rough = (np.where(hole[..., None], other, truth) for other in (blurred(truth, 2.5), worsened(truth, 70)))
    blur, noise = quality(truth, soft, hole), quality(truth, rough, hole)
    assert blur.psnr > noise.psnr
    assert blur.gradient_energy < 1 < noise.gradient_energy


def test_the_seam_around_a_hole_is_looked_at_too():
    hole = np.zeros((21, 21), bool)
    hole[10, 10] = True
    assert around(hole)[10].tolist() == [False] * 6 + [True] * 9 + [False] * 6
    assert not around(np.zeros((5, 5), bool)).any()


def test_an_empty_hole_is_refused():
    with pytest.raises(ValueError, match="empty"):
        quality(picture(), picture(), np.zeros((96, 128), bool))
