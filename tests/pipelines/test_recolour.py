"""A massing takes a reference's palette and keeps its light."""

import numpy as np
import pytest

from pipelines.recolour import delta_e, palette_distance, recoloured


@pytest.fixture
def lit():
    """Sky, a wall with a lit and a shaded half, dark windows: float32 [80, 120, 3] and classes."""
    rng = np.random.default_rng(2)
    picture, classes = np.zeros((80, 120, 3), np.float32), np.zeros((80, 120), np.uint8)
    picture[:], picture[30:] = (0.5, 0.65, 0.9), (0.8, 0.7, 0.5)
    picture[30:, 60:] *= 0.55
    classes[30:] = 1
    for x in (15, 40, 75, 100):
        picture[45:65, x : x + 12], classes[45:65, x : x + 12] = (0.12, 0.13, 0.15), 3
    return np.clip(picture + rng.normal(0, 0.02, picture.shape), 0, 1).astype(np.float32), classes


@pytest.fixture
def golden():
    rng = np.random.default_rng(5)
    base = np.linspace(0.05, 1, 100)[:, None, None] * np.array([0.95, 0.75, 0.35])
    return np.rint(np.clip(base + rng.normal(0, 0.04, (100, 90, 3)), 0, 1) * 255).astype(np.uint8)


def bytes_of(picture):
    return np.rint(picture * 255).astype(np.uint8)


def test_the_palette_comes_near_and_shadow_stays_shadow(lit, golden):
    picture, classes = lit
    after = recoloured(picture, classes, golden)
    assert palette_distance(bytes_of(after), golden) < min(9, 0.6 * palette_distance(bytes_of(picture), golden))
    tone = after.mean(-1)
    lit_wall, shaded = tone[30:, :60][classes[30:, :60] == 1], tone[30:, 60:][classes[30:, 60:] == 1]
    windows = tone[classes == 3]
    assert lit_wall.mean() > shaded.mean() + 0.03 > windows.mean()
    order = np.corrcoef(picture.mean(-1).ravel(), tone.ravel())[0, 1]
    assert order > 0.9, "light falls where it fell"


def test_stone_around_the_openings_of_a_brick_wall_does_not_turn_green(golden):
    """Brick goes far towards ochre, and its pale surrounds are of the same class: they must not be taken along."""
    from pipelines.recolour import _lab

    rng = np.random.default_rng(4)
    picture, classes = np.full((160, 240, 3), (0.62, 0.33, 0.26), np.float32), np.ones((160, 240), np.uint8)
    stone = np.zeros((160, 240), bool)
    for x in range(20, 220, 50):
        stone[50:120, x - 6 : x + 30] = True
        classes[56:114, x : x + 24] = 3
    stone &= classes == 1
    picture[stone], picture[classes == 3] = (0.80, 0.76, 0.66), (0.15, 0.17, 0.2)
    picture = np.clip(picture + rng.normal(0, 0.02, picture.shape), 0, 1).astype(np.float32)
    after = _lab(recoloured(picture, classes, golden))
    # a* below 0 is green; taken along with the brick, the stone stands at −9
    assert np.median(after[stone][:, 1]) > -2


def test_a_reference_of_one_tone_leaves_forms_visible(lit):
    picture, classes = lit
    after = recoloured(picture, classes, np.full((20, 20, 3), 120, np.uint8))
    assert np.isfinite(after).all() and after.mean(-1).std() > 0.03


def test_the_same_palette_is_no_distance_away_whatever_its_places(golden):
    mixed = np.random.default_rng(1).permutation(golden.reshape(-1, 3)).reshape(golden.shape)
    assert palette_distance(golden, mixed) < 0.05
    assert palette_distance(golden, 255 - golden) > 15


def test_delta_e_agrees_with_scikit_image():
    from skimage.color import deltaE_ciede2000

    rng = np.random.default_rng(3)
    one, other = (np.column_stack([rng.uniform(0, 100, 500), rng.uniform(-90, 90, (500, 2))]) for _ in range(2))
    one[:3, 1:], other[0] = 0, one[0]
    assert np.allclose(delta_e(one, other), deltaE_ciede2000(one, other), atol=1e-6)
