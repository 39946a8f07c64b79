import json
from dataclasses import FrozenInstanceError

import pytest

from pipelines.errors import RequestError
from pipelines.grid import MOST_VARIANTS, Cell, axes, grid, laid_out
from pipelines.request import STRIDE, RestorationRequest, SpeculationRequest
from pipelines.unet import STRIDE as STRIDE_OF_THE_NETWORK

A, B = "a" * 64, "b" * 64
GRID = grid(presets=("tudor", "georgian"), references_sha256=(A, B), prompts=("stone",), strengths=(0.3, 1))


def test_all_complaints_about_a_request_come_at_once():
    with pytest.raises(RequestError) as caught:
        RestorationRequest("x", B, hypotheses=0, texture=1.5, seed=-1, tile_px=100, model="")
    for name in ("source_sha256", "hypotheses", "texture", "seed", "model"):
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [("tile_px", 252), ("tile_px", 32), ("hypotheses", True), ("texture", float("nan")), ("seed", 2**53)],
)
def test_a_request_refuses_values_that_mean_nothing(name, value):
    with pytest.raises(RequestError, match=name):
        RestorationRequest(A, B, **{name: value})


def test_a_request_cannot_be_changed():
    with pytest.raises(FrozenInstanceError):
        RestorationRequest(A, B).seed = 3


def test_equal_requests_have_equal_digests_and_others_do_not():
    one = RestorationRequest(A, B, texture=0)
    assert one.digest() == RestorationRequest(A, B, texture=0.0).digest()
    assert one.digest() != RestorationRequest(A, B, seed=1).digest()
    assert one.digest() != RestorationRequest(B, A).digest()


@pytest.mark.parametrize("request_", [RestorationRequest(A, B), SpeculationRequest(A), SpeculationRequest(A, GRID)])
def test_a_canonical_request_survives_json_and_names_the_versions(request_):
    canonical = request_.canonical()
    assert json.loads(json.dumps(canonical)) == canonical
    assert set(canonical["versions"]) >= {"torch", "diffusers", "anastylosis"}


def test_the_grid_of_a_request_is_the_stride_of_the_network():
    assert STRIDE == STRIDE_OF_THE_NETWORK


def test_a_grid_combines_everything_once_the_last_first_and_then_draws_again():
    assert len(GRID) == 8 and len(set(GRID)) == 8 and {cell.draw for cell in GRID} == {0}
    assert [cell.strength for cell in GRID[:3]] == [0.3, 1.0, 0.3]
    assert [cell.reference_sha256 for cell in GRID[:4]] == [A, A, B, B]
    assert axes(GRID) == {"materials": 2, "references": 2, "strengths": 2}
    again = grid(12, presets=("tudor", "georgian"), references_sha256=(A, B), prompts=("stone",), strengths=(0.3, 1))
    assert again[:8] == GRID
    assert [(cell.draw, cell.preset, cell.strength) for cell in again[8:]] == [(1, "tudor", s) for s in (0.3, 1.0, 0.3, 1.0)]


def test_no_combination_is_left_out_and_none_drawn_twice_alike():
    assert len(grid(2, strengths=(0, 0.5, 1))) == 3, "every combination once, however few were asked for"
    assert len(grid(strengths=(0.5, 0.5), presets=("tudor", "tudor"))) == 4, "one combination, four draws"
    assert [cell.draw for cell in grid(3)] == [0, 1, 2]
    assert axes(grid(1)) == {} and axes(grid(3)) == {"draws": 3}


def test_materials_chosen_by_rule_change_with_the_draw_and_are_no_axis():
    cells = [Cell(draw, preset) for draw, preset in enumerate(("tudor", "georgian"))]
    assert axes(cells) == {"draws": 2}


def test_a_grid_is_laid_out_near_a_square_with_the_first_to_change_across():
    assert laid_out(GRID) == (4, ["references", "strengths"], ["materials"])
    assert laid_out(grid(presets=("tudor", "georgian", "medieval"), strengths=(0, 1))) == (2, ["strengths"], ["materials"])
    assert laid_out(grid(strengths=(0, 0.5, 1))) == (3, ["strengths"], [])
    assert laid_out(grid(1))[1:] == ([], [])


@pytest.mark.parametrize("asked", [{"variants": 17}, {"strengths": [k / 20 for k in range(MOST_VARIANTS + 1)]}])
def test_a_grid_larger_than_anybody_waits_for_is_refused(asked):
    with pytest.raises(RequestError, match="16 are the most"):
        grid(**asked)


def test_each_complaint_about_a_grid_is_told_once():
    with pytest.raises(RequestError) as caught:
        SpeculationRequest(A, (Cell(strength=2.0, reference_sha256="x"), Cell(1, strength=2.0, reference_sha256="x")))
    assert str(caught.value).count("strength") == 1 and str(caught.value).count("reference_sha256") == 1


def test_words_of_all_cells_stand_together_in_the_canonical_request():
    cells = grid(prompts=("limestone", "flint"))
    assert SpeculationRequest(A, cells).canonical()["prompt"] == "limestone\nflint"
