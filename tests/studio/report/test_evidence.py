"""What the evidence map claims, pixel by pixel."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from blender_addon.scenes.levels import LEVELS
from studio.report.evidence import FULL_SPREAD, evidence_map, level_shares, uncertainty_picture, wider_than


def hole(height=60, width=80):
    mask = np.zeros((height, width), bool)
    mask[10:40, 30] = mask[10:40, 31] = True
    return mask


def test_the_scan_is_level_one_and_whatever_a_model_made_is_level_seven():
    mask = hole()
    evidence = evidence_map(mask, "model")
    assert np.array_equal(evidence.indices == 7, mask)
    assert np.array_equal(evidence.indices == 1, ~mask)


def test_a_crack_that_was_bridged_without_a_model_claims_level_six():
    mask = hole()
    assert np.array_equal(evidence_map(mask, "prefill").indices == 6, mask)


def test_a_wide_loss_is_conjecture_even_without_a_model_up_to_its_very_edge():
    mask = np.zeros((60, 80), bool)
    mask[15:45, 20:60] = True
    assert np.array_equal(evidence_map(mask, "prefill").indices == 7, mask)


def test_a_crack_that_runs_into_a_wide_loss_is_still_a_crack_farther_away():
    mask = np.zeros((80, 120), bool)
    mask[20:60, 10:40] = True
    mask[39:41, 40:110] = True
    indices = evidence_map(mask, "prefill").indices
    assert indices[40, 100] == 6
    assert indices[20, 10] == indices[59, 39] == 7


def test_a_hole_at_the_border_is_as_wide_as_it_may_be_outside():
    mask = np.zeros((40, 40), bool)
    mask[:3, 5:35] = True
    assert (evidence_map(mask, "prefill").indices[mask] == 7).all()


@settings(max_examples=40, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 24), st.integers(1, 24))), st.integers(1, 6))
def test_what_is_wider_lies_inside_the_mask_and_a_larger_measure_finds_no_more(mask, width):
    wide = wider_than(mask, width)
    assert not (wide & ~mask).any()
    assert wide.any() >= wider_than(mask, width + 2).any()


@settings(max_examples=40, deadline=None)
@given(arrays(bool, st.tuples(st.integers(1, 24), st.integers(1, 24))), st.sampled_from(["model", "prefill"]))
def test_every_pixel_has_a_level_and_the_shares_make_a_whole(mask, filled_by):
    evidence = evidence_map(mask, filled_by)
    shares = level_shares(evidence.indices)
    assert set(np.unique(evidence.indices)) <= {1, 6, 7}
    assert list(shares) == [str(level) for level in range(1, 8)]
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["1"] == pytest.approx((~mask).mean())


def test_colours_and_legend_are_those_of_the_scale():
    evidence = evidence_map(hole())
    assert evidence.palette.shape == (8, 3)
    for level in LEVELS:
        assert bytes(evidence.palette[level.number]).hex() == level.hex.lstrip("#").lower()
    assert [number for number, _ in evidence.legend] == list(range(1, 8))


def test_a_mask_of_another_kind_is_refused():
    with pytest.raises(ValueError, match="bool"):
        evidence_map(hole().astype(np.uint8))
    with pytest.raises(ValueError, match="filled_by"):
        evidence_map(hole(), "magic")


def test_the_uncertainty_picture_keeps_one_scale_for_all_works():
    spread = np.array([[0, FULL_SPREAD / 2, FULL_SPREAD, 0.5, np.nan]], np.float32)
    assert uncertainty_picture(spread).tolist() == [[0, 128, 255, 255, 0]]
