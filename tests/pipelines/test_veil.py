import numpy as np
import pytest
from weave import weave

from pipelines.training.damage import apply_veil, blob, veil_stain
from pipelines.veil import divided, estimated, from_linear, to_linear


def off(one, other, region):
    return float(np.sqrt(np.mean((one - other)[region] ** 2)))


def test_the_transfer_curve_goes_there_and_back():
    values = np.linspace(0, 1, 1001, dtype=np.float32)
    assert np.abs(from_linear(to_linear(values)) - values).max() < 1e-4


def test_a_veil_of_known_density_is_divided_out_exactly():
    picture = weave(80, 80).astype(np.float32) / 255
    density = np.full((80, 80, 3), [0.2, 0.4, 0.7], np.float32)
    assert np.abs(divided(apply_veil(picture, density), density) - picture).max() < 1e-3


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_even_stain_is_estimated_from_the_step_at_its_edge(dtype):
    rng = np.random.default_rng(2)
    picture = 0.3 + 0.4 * np.random.default_rng(0).random((200, 200, 1)) * np.ones(3)
    region = blob((200, 200), rng, 100, 100, 60) > 0.5
    density = region[..., None] * np.array([0.15, 0.3, 0.6])
    stained = np.round(apply_veil(picture.astype(np.float32), density) * np.iinfo(dtype).max).astype(dtype)
    found = estimated(stained, region)
    inner = blob((200, 200), np.random.default_rng(2), 100, 100, 60) > 0.9
    assert np.abs(found[inner].mean(0) - [0.15, 0.3, 0.6]).max() < 0.05
    assert not found[~region].any() and (found >= 0).all()


@pytest.mark.parametrize("seed", [4, 5, 6, 7])
def test_a_stain_with_a_tide_line_comes_nearer_to_the_picture(seed):
    picture = 0.45 + 0.3 * (weave(200, 200).astype(np.float32) / 255 - 0.5)
    density = veil_stain((200, 200), np.random.default_rng(seed))
    region = density.max(-1) > 0.05
    stained = np.round(apply_veil(picture, density) * 255).astype(np.uint8)
    cleaned = divided(stained.astype(np.float32) / 255, estimated(stained, region))
    assert off(cleaned, picture, region) < 0.7 * off(stained / 255, picture, region)


def test_where_there_is_no_veil_little_is_divided_out():
    picture = (255 * (0.45 + 0.3 * (weave(200, 200).astype(np.float32) / 255 - 0.5))).astype(np.uint8)
    region = blob((200, 200), np.random.default_rng(2), 100, 100, 60) > 0.5
    assert estimated(picture, region)[region].mean() < 0.05


def test_a_veil_in_the_pipeline_changes_what_lies_under_it_and_nothing_else(pipeline, request_of):
    picture, hole = weave(96, 96), np.zeros((96, 96), bool)
    hole[10:14, 5:90] = True
    density = np.zeros((96, 96, 3), np.float32)
    density[40:80, 30:70] = [0.2, 0.3, 0.5]
    stained = np.round(apply_veil(picture.astype(np.float32) / 255, density) * 255).astype(np.uint8)
    veiled = density.any(-1)
    for texture in (0.0, 1.0):
        answer = pipeline(request_of(texture=texture), stained, hole, veil=density).hypotheses[0]
        assert np.array_equal(answer[~(hole | veiled)], stained[~(hole | veiled)])
        assert (answer != stained)[veiled].mean() > 0.5
    alone = pipeline(request_of(), stained, np.zeros_like(hole), veil=density).hypotheses[0]
    assert np.array_equal(alone[~veiled], stained[~veiled])
