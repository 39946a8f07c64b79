"""Own pictures as training material: cut to fit, and measured without a glance into the hole."""

import numpy as np
import pytest
import torch

from pipelines.training import own
from pipelines.training.data import batch
from pipelines.training.own import (
    LEAST_PX,
    MOST_PIECES,
    PIECE_PX,
    TRIED,
    _fills,
    material,
    measure,
    network_of,
    pieces,
    plan_of,
    seconds_per_step,
    with_pictures,
)
from pipelines.unet import PixelUNet

MUCH = 10**9


def noisy(height: int, width: int, channels: int = 3, dtype=np.uint8) -> np.ndarray:
    shape = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype)


def test_a_large_scan_is_cut_whole_at_its_size_and_at_half_of_it():
    cut = pieces(noisy(1500, 2100), (0,), MUCH)
    assert all(max(piece.shape[:2]) <= PIECE_PX and piece.dtype == np.uint8 for piece in cut)
    full, half = 1500 * 2100, 750 * 1050
    assert sum(piece.shape[0] * piece.shape[1] for piece in cut) == full + half
    assert min(min(piece.shape[:2]) for piece in cut) > 500  # no strips


def test_one_scan_does_not_speak_for_all_and_memory_has_an_end():
    assert len(pieces(noisy(6000, 6000, 1).repeat(3, -1), (0,), MUCH)) == MOST_PIECES
    small = pieces(noisy(1500, 2100), (0,), 300 * 300)
    assert sum(piece.shape[0] * piece.shape[1] for piece in small) <= 300 * 300
    assert len(pieces(noisy(400, 400), (0,), 1)) == 1


def test_16_bit_grey_and_transparent_pictures_become_8_bit_rgb():
    grey = noisy(200, 150, 0, np.uint16)
    (piece,) = pieces(grey, (0,), MUCH)
    assert piece.shape == (200, 150, 3)
    assert np.array_equal(piece[..., 0], np.rint(grey / 257.0).astype(np.uint8))
    (piece,) = pieces(noisy(130, 140, 4), (0,), MUCH)
    assert np.array_equal(piece, noisy(130, 140, 4)[..., :3])


def test_pieces_depend_on_the_seed_alone():
    first, same, other = (pieces(noisy(3000, 3000), (seed,), 2_000_000) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, same, strict=True))
    assert not all(a.shape == b.shape and np.array_equal(a, b) for a, b in zip(first, other, strict=False))


def test_the_smallest_pictures_give_batches_of_every_plan():
    given = material([noisy(LEAST_PX, LEAST_PX), noisy(LEAST_PX, 300)], 0, 1)
    for side in (64, 128, 256):
        assert batch(given, seed=0, step=0, rank=0, size=2, side=side).image.shape == (2, 3, side, side)


@pytest.fixture(scope="module")
def trial():
    plan = plan_of("tiny", 4, seed=0, threads=1, shape=None)
    return plan, {"a" * 64: [noisy(300, 280)], "b" * 64: [noisy(140, 500), noisy(256, 256)]}


def test_figures_say_nothing_of_an_untrained_network_but_the_prefill(trial, monkeypatch):
    monkeypatch.setattr(own, "TRIED_MASKS", 1)
    plan, pictures = trial
    network = network_of(plan, PixelUNet(plan.widths, plan.blocks, plan.time_channels).state_dict())
    found, again = (measure({"after": network}, pictures, seed=3) for _ in range(2))
    assert found == again and tuple(found.by_family) == TRIED and found.digests == tuple(pictures)
    for values in found.by_family.values():
        assert values["after"] == values["prefill"] and len(values["after"]) == 2
    assert not found.gains("after", "prefill").any()


def test_what_was_in_the_hole_does_not_reach_the_fill(trial):
    plan, _ = trial
    weights = PixelUNet(plan.widths, plan.blocks, plan.time_channels).state_dict()
    network = network_of(plan, {name: value + 0.02 * torch.randn_like(value) for name, value in weights.items()})
    hole = np.zeros((96, 96), bool)
    hole[30:50, 20:70] = True
    truth = noisy(96, 96)
    other = np.where(hole[..., None], 255 - truth, truth)
    first, second = (_fills({"after": network}, image, hole) for image in (truth, other))
    assert all(np.array_equal(first[name][hole], second[name][hole]) for name in first)
    assert not np.array_equal(first["after"][hole], first["prefill"][hole])


def test_a_plan_from_trained_weights_keeps_their_shape_and_all_that_they_know():
    shape = {"widths": (8, 16), "blocks": 1, "time_channels": 16}
    on, fresh = (plan_of("cpu", 50, seed=1, threads=2, shape=one) for one in (shape, None))
    assert on.widths == (8, 16) and on.steps() == fresh.steps() == 50
    assert on.mean_only == on.doubt_from == 0 and on.learning_rate < fresh.learning_rate
    assert plan_of("cpu", 1, seed=0, threads=1, shape=None).steps() == 1


def test_timing_a_machine_leaves_nothing_behind(trial, tmp_path, monkeypatch):
    plan, _ = trial
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    given = with_pictures(material([], 0, 1), [noisy(200, 200)])
    assert 0 < seconds_per_step(plan, given, None) < 60
    assert not list(tmp_path.iterdir())
