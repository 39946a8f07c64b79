import json
from dataclasses import FrozenInstanceError

import pytest

from pipelines.errors import RequestError
from pipelines.request import STRIDE, RestorationRequest, SpeculationRequest
from pipelines.unet import STRIDE as STRIDE_OF_THE_NETWORK

A, B = "a" * 64, "b" * 64


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


@pytest.mark.parametrize("request_", [RestorationRequest(A, B), SpeculationRequest(A), SpeculationRequest(A, B, "stone")])
def test_a_canonical_request_survives_json_and_names_the_versions(request_):
    canonical = request_.canonical()
    assert json.loads(json.dumps(canonical)) == canonical
    assert set(canonical["versions"]) >= {"torch", "diffusers", "anastylosis"}


def test_the_grid_of_a_request_is_the_stride_of_the_network():
    assert STRIDE == STRIDE_OF_THE_NETWORK
