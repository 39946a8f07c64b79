import hashlib

import numpy as np
import pytest
from diffusers import FlowMatchEulerDiscreteScheduler
from weave import house, weave

from pipelines.errors import PixelsError
from pipelines.fidelity import FREE, RECONSTRUCTION, fidelity
from pipelines.grid import grid
from pipelines.lines import extract_lines
from pipelines.network import RestorationNetwork
from pipelines.palette import OWN, coloured, palette_of, surroundings, tones, varied
from pipelines.request import SpeculationRequest
from pipelines.speculation import SpeculationPipeline, Start

DIGEST = hashlib.sha256(b"a drawing").hexdigest()


RED = "f" * 64


def ask(variants=2, tile_px=128, **axes):
    return SpeculationRequest(DIGEST, grid(variants, **axes), tile_px=tile_px)


@pytest.fixture(scope="module")
def painter(model_folder):
    return SpeculationPipeline.from_pretrained(model_folder, local_files_only=True, use_safetensors=True)


@pytest.fixture(scope="module")
def untaught():
    return SpeculationPipeline(RestorationNetwork((8, 16), 1, 16), FlowMatchEulerDiscreteScheduler())


def test_variants_differ_and_carry_their_fidelity(painter):
    output = painter(ask(), house(64, 96))
    one, other = output.variants
    assert one.shape == other.shape == (64, 96, 3) and one.dtype == np.uint8
    assert np.abs(one.astype(int) - other).mean() > 1
    assert len(output.fidelity) == 2 and all(0 <= f.f <= 1 for f in output.fidelity)
    assert output.findings["painted_by"] == "model"


def test_the_tile_size_changes_no_byte_of_a_variant(painter):
    small, large = (painter(ask(variants=1, tile_px=side), house(64, 96)).variants[0] for side in (64, 128))
    assert np.array_equal(small, large)


def test_a_model_that_has_learnt_nothing_still_shows_the_drawing_and_says_who_painted(untaught):
    drawing = house()
    output = untaught(ask(variants=1, strengths=[0.0]), drawing)
    assert output.findings["painted_by"] == "prefill" and output.findings["ink_opacity"] > 0
    variant = output.variants[0].astype(int)
    ink = tones(drawing) < 0.3
    assert variant[ink].mean() < 60 < variant[~ink].mean()
    assert fidelity(drawing, output.variants[0]).recall > 0.9


def test_fidelity_is_measured_before_the_ink_so_that_ink_earns_no_praise(untaught):
    drawing = house(480, 640)
    output = untaught(ask(variants=1, strengths=[0.0]), drawing)
    assert fidelity(drawing, output.variants[0]).f > output.fidelity[0].f


def test_a_reference_brings_its_colours(untaught):
    red = np.zeros((40, 60, 3), np.uint8)
    red[...] = np.linspace(30, 250, 60).astype(np.uint8)[None, :, None] * np.array([1, 0.2, 0.2])
    output = untaught(ask(variants=1, strengths=[0.0], references_sha256=[RED]), house(), references={RED: red})
    variant = output.variants[0].astype(int)
    assert output.findings["palette"] == "reference"
    assert (variant[..., 0] - variant[..., 2]).mean() > 40


def test_from_the_second_variant_on_the_palette_moves_with_the_strength():
    assert varied(OWN, 1.0, 3, 0) is OWN
    assert np.allclose(varied(OWN, 0.0, 3, 2).building, OWN.building)
    moved, other = varied(OWN, 1.0, 3, 1), varied(OWN, 1.0, 3, 2)
    assert np.abs(moved.building - OWN.building).max() > 1 and not np.allclose(moved.building, other.building)
    assert np.array_equal(moved.sky, varied(OWN, 1.0, 3, 1).sky)


def test_paper_tone_and_stains_are_divided_out():
    drawing = house().astype(float)
    light = np.linspace(0.65, 0.95, drawing.shape[1])
    aged = (drawing * light[None, :, None]).astype(np.uint8)
    clean, old = tones(house()), tones(aged)
    assert np.abs(clean - old).mean() < 0.02
    assert np.quantile(old, 0.5) > 0.97


def test_sky_is_around_the_building_and_never_inside_it():
    around, horizon = surroundings(tones(house()))
    assert around[2, 2] and around[20, 300] and not around[120, 160] and not around[190, 70]
    assert abs(horizon - 5 / 6) < 0.03


def test_a_blank_sheet_gives_a_plain_picture_and_no_praise(untaught):
    blank = np.full((64, 64, 3), 240, np.uint8)
    output = untaught(ask(variants=1, strengths=[0.0]), blank)
    assert output.fidelity[0].f == 0 and output.fidelity[0].interpretation == FREE
    assert np.isfinite(coloured(tones(blank), OWN)).all()


def test_a_one_coloured_reference_is_a_palette_too():
    palette = palette_of(np.full((3, 2, 3), 128, np.uint8))
    assert np.isfinite(coloured(tones(house(60, 80)), palette)).all()


def test_the_same_lines_are_a_reconstruction_and_a_moved_window_is_less_faithful():
    drawing = house(480, 640)
    tinted = np.clip(drawing * np.array([0.9, 0.85, 0.8]) + 8, 0, 255).astype(np.uint8)
    same = fidelity(drawing, tinted)
    assert same.interpretation == RECONSTRUCTION and same.f > 0.97
    moved = tinted.copy()
    window = tinted[175:230, 140:180].copy()
    moved[175:230, 140:180] = tinted[300, 20]
    moved[300:355, 200:240] = window
    less = fidelity(drawing, moved)
    assert less.f < same.f and less.worst_tile < 0.6 and less.interpretation == FREE


def test_sizes_and_kinds_are_checked(untaught):
    for wrong in (np.zeros((64, 64), np.uint8), np.zeros((64, 64, 3), np.uint16), np.zeros((4, 64, 3), np.uint8)):
        with pytest.raises(PixelsError, match="drawing"):
            untaught(ask(), wrong)
    with pytest.raises(PixelsError, match="reference"):
        untaught(ask(references_sha256=[RED]), house(), references={RED: np.zeros((64, 64), np.uint8)})
    with pytest.raises(PixelsError, match="not given"):
        untaught(ask(references_sha256=[RED]), house())
    with pytest.raises(PixelsError):
        fidelity(house(60, 80), house(60, 90))


def test_lines_of_a_weave_are_found():
    assert 0.01 < extract_lines(weave(100, 100)).mean() < 0.6


def lit(drawing, seed=0):
    """A start of the drawing's size: a pale wall with lines before a blue sky."""
    picture = np.full(drawing.shape, (140, 170, 220), np.uint8)
    classes = np.zeros(drawing.shape[:2], np.uint8)
    height, width = classes.shape
    wall = np.s_[height // 3 : 5 * height // 6, width // 5 : 4 * width // 5]
    picture[wall], classes[wall] = np.random.default_rng(seed).integers(150, 200, (*picture[wall].shape[:2], 1)), 1
    return Start(picture, extract_lines(drawing), classes)


def test_a_massing_is_where_a_variant_starts_and_the_model_acts_on_the_building_alone(painter):
    drawing = house(64, 96)
    starts = [lit(drawing, 1), lit(drawing, 2)]
    output = painter(ask(), drawing, starts=starts)
    assert output.findings["prefill"] == "massing" and output.findings["painted_by"] == "model"
    assert output.findings["ink_opacity"] == 0
    for variant, start, acted in zip(output.variants, starts, output.acted, strict=True):
        assert np.array_equal(variant[~acted], start.picture[~acted])
        assert np.array_equal(acted, start.classes == 1)
        assert not np.array_equal(variant[acted], start.picture[acted])


def test_strengths_over_one_massing_are_shares_of_one_answer(painter):
    drawing, start, done = house(64, 96), lit(house(64, 96)), []
    none, half, whole = (v.astype(float) for v in painter(
        ask(3, strengths=[0.0, 0.25, 0.5]), drawing, starts=[start] * 3, on_progress=lambda *said: done.append(said)
    ).variants)  # fmt: skip
    assert np.abs(half - (none + whole) / 2).max() <= 1, "0.25 leaves the massing half as far as 0.5"
    assert np.abs(whole - none).mean() > 0.5
    assert done[-1] == (1, 1), "asked of the network once"


def test_at_strength_0_a_variant_is_its_massing_and_no_model_painted(painter):
    drawing = house(64, 96)
    output = painter(ask(variants=1, strengths=[0.0]), drawing, starts=[lit(drawing)])
    assert output.findings["painted_by"] == "prefill" and not output.acted[0].any()
    assert np.array_equal(output.variants[0], lit(drawing).picture)


def test_a_massing_takes_the_references_palette_and_says_how_near_it_came(untaught):
    red = np.zeros((40, 60, 3), np.uint8)
    red[...] = np.linspace(30, 250, 60).astype(np.uint8)[None, :, None] * np.array([1, 0.2, 0.2])
    drawing = house(64, 96)
    request = ask(variants=1, strengths=[0.0], references_sha256=[RED])
    output = untaught(request, drawing, references={RED: red}, starts=[lit(drawing)])
    variant = output.variants[0].astype(int)
    assert (variant[..., 0] - variant[..., 2]).mean() > 40
    assert len(output.findings["palette_distance"]) == 1


def test_starts_of_another_size_or_number_are_refused(untaught):
    drawing = house(64, 96)
    for wrong in ([lit(drawing)], [lit(house(64, 80))] * 2):
        with pytest.raises(PixelsError, match="starts"):
            untaught(ask(), drawing, starts=wrong)
