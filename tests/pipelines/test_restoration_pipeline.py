import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from weave import cracks, weave

from pipelines.composite import floats
from pipelines.errors import MaskError, PixelsError, WeightsMissingError
from pipelines.hypotheses import distance
from pipelines.network import RestorationNetwork
from pipelines.prefill import conditions, harmonic_fill
from pipelines.restoration import RestorationPipeline
from pipelines.restorer import Restorer
from pipelines.sampling import DEEPER, guidance_at


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one.hypotheses, other.hypotheses, strict=True))


def error(answer, truth, mask):
    return float(np.sqrt(np.mean((answer.astype(float) - truth)[mask] ** 2)))


def test_the_saved_model_names_its_class_and_loads_offline(model_folder, pipeline):
    index = json.loads((model_folder / "model_index.json").read_text())
    assert index["network"] == ["pipelines.network", "RestorationNetwork"]
    assert isinstance(pipeline.network, RestorationNetwork) and not pipeline.network.training
    assert next(pipeline.network.parameters()).dtype == torch.float32
    assert not list(model_folder.rglob("*.bin"))


def test_the_tile_size_changes_no_byte_in_mean_or_flow(pipeline, request_of):
    pixels, mask = weave(500, 600, np.uint16), np.zeros((500, 600), bool)
    mask[180:280, 200:330] = cracks(100, 130, 3, 4)  # across the borders of tiles
    mask[230:290, 240:300] = mask[490:, 590:] = True
    outputs = [pipeline(request_of(tile_px=side, hypotheses=2, seed=5), pixels, mask) for side in (128, 256, 512)]
    assert outputs[0].filled_by == "model" and outputs[0].spread.max() > 0
    assert same(outputs[0], outputs[1]) and same(outputs[0], outputs[2])


def test_the_number_of_threads_changes_no_byte(pipeline, request_of):
    pixels, mask = weave(60, 60, np.uint16), cracks(60, 60, 3, 3)
    outputs = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            outputs.append(pipeline(request_of(tile_px=64), pixels, mask))
        finally:
            torch.set_num_threads(1)
    assert same(*outputs)


def test_nothing_under_the_mask_can_reach_the_answer(pipeline, request_of):
    pixels, mask = weave(70, 90), cracks(70, 90, 4, 3)
    hidden = pixels.copy()
    hidden[mask] = np.random.default_rng(0).integers(0, 255, (int(mask.sum()), 3))
    one, other = (pipeline(request_of(hypotheses=2, tile_px=64), p, mask) for p in (pixels, hidden))
    for a, b in zip(one.hypotheses, other.hypotheses, strict=True):
        assert np.array_equal(a[mask], b[mask])
    assert one.reason == other.reason and np.array_equal(one.spread, other.spread)


@given(
    st.integers(1, 40), st.integers(1, 40), st.sampled_from([(), (3,), (4,)]), st.sampled_from([np.uint8, np.uint16]),
    st.integers(0, 2**32), st.sampled_from([0.0, 0.6]),
)  # fmt: skip
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_pictures_of_any_size_mode_and_depth_keep_every_known_bit(
    pipeline, request_of, height, width, channels, dtype, seed, texture
):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, np.iinfo(dtype).max, (height, width, *channels), dtype)
    mask = rng.random((height, width)) < rng.uniform(0.02, 0.9)
    mask.flat[0] = True
    if mask.all():
        with pytest.raises(MaskError):
            pipeline(request_of(), pixels, mask)
        return
    before = pixels.copy()
    for answer in pipeline(request_of(texture=texture, hypotheses=2, tile_px=64), pixels, mask).hypotheses:
        assert answer.dtype == dtype and answer.shape == pixels.shape
        assert np.array_equal(answer[~mask], pixels[~mask])
        if channels == (4,):
            assert np.array_equal(answer[..., 3], pixels[..., 3])
    assert np.array_equal(pixels, before)


def test_the_mean_is_closer_to_the_truth_than_the_prefill_and_texture_moves_away_from_it(pipeline, request_of):
    truth, mask = weave(128, 128), cracks(128, 128, 8, 5)
    damaged = np.where(mask[..., None], 0, truth).astype(np.uint8)
    prefill = 255 * harmonic_fill(damaged.astype(np.float32) / 255, mask)
    mean = pipeline(request_of(), damaged, mask).hypotheses[0]
    flow = pipeline(request_of(texture=1.0), damaged, mask).hypotheses[0]
    assert error(mean, truth, mask) < 0.5 * error(prefill, truth, mask)
    assert error(mean, truth, mask) < error(flow, truth, mask) < error(prefill, truth, mask)


def test_hypotheses_differ_and_the_first_is_the_mean(pipeline, request_of):
    pixels, mask = weave(80, 80), cracks(80, 80, 2, 3)
    alone = pipeline(request_of(tile_px=64), pixels, mask)
    three = pipeline(request_of(tile_px=64, hypotheses=3), pixels, mask)
    assert alone.spread is None and np.array_equal(alone.hypotheses[0], three.hypotheses[0])
    pairs = [(a, b) for i, a in enumerate(three.hypotheses) for b in three.hypotheses[i + 1 :]]
    assert all(distance(a, b, mask) > 0.01 for a, b in pairs)
    assert not three.spread[~mask].any() and three.spread[mask].mean() > 0.01


def test_the_same_request_gives_the_same_pixels_and_another_seed_others(pipeline, request_of):
    pixels, mask = weave(96, 96), cracks(96, 96, 2, 4)
    one, again = (pipeline(request_of(texture=0.5, seed=1), pixels, mask) for _ in range(2))
    other = pipeline(request_of(texture=0.5, seed=2), pixels, mask)
    assert same(one, again) and not same(one, other)


def test_a_grey_picture_is_filled_as_its_three_equal_channels(pipeline, request_of):
    grey, mask = weave(96, 96, np.uint16)[..., 1] // 3 + 20000, cracks(96, 96, 2, 4)  # far from black and white
    answer = pipeline(request_of(), grey, mask).hypotheses[0]
    colour = pipeline(request_of(), np.repeat(grey[..., None], 3, 2), mask).hypotheses[0]
    assert np.abs(answer - colour.mean(-1))[mask].max() <= 1


def test_a_model_that_has_learnt_nothing_is_replaced_by_its_prefill_and_says_so(request_of):
    untaught = RestorationPipeline(RestorationNetwork((8, 16), 1, 16), FlowMatchEulerDiscreteScheduler())
    pixels, mask = weave(150, 150), cracks(150, 150, 2, 5)
    output = untaught(request_of(hypotheses=3, texture=0.8), pixels, mask)
    assert output.filled_by == "prefill" and "prefill" in output.reason and "3 hypotheses are one" in output.reason
    assert len(output.hypotheses) == 1 and output.spread is None
    assert np.array_equal(output.hypotheses[0][~mask], pixels[~mask])
    assert error(output.hypotheses[0], pixels, mask) < 60


def test_the_road_without_diffusers_gives_the_same_bytes(model_folder, pipeline, request_of):
    pixels, mask = weave(96, 110), cracks(96, 110, 2, 4)
    asked = request_of(texture=0.6, hypotheses=2)
    assert same(pipeline(asked, pixels, mask), Restorer.of_folder(model_folder)(asked, pixels, mask))


def test_a_fill_without_texture_never_imports_diffusers(model_folder):
    program = (
        "import sys, pathlib, numpy as np\n"
        "from pipelines.request import RestorationRequest\n"
        "from pipelines.restorer import Restorer\n"
        "mask = np.zeros((64, 64), bool); mask[20:24, 10:50] = True\n"
        "picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)\n"
        "asked = RestorationRequest('0' * 64, '0' * 64, weights_sha256='0' * 64)\n"
        "Restorer.of_folder(pathlib.Path(sys.argv[1]))(asked, picture, mask)\n"
        "sys.exit('diffusers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(model_folder)], check=False).returncode == 0


def test_a_damaged_model_is_named(tmp_path, model_folder):
    shutil.copytree(model_folder, tmp_path / "model")
    weights = tmp_path / "model" / "network" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    with pytest.raises(WeightsMissingError, match="install the package again"):
        Restorer.of_folder(tmp_path / "model")


def test_lines_can_be_given_and_change_the_answer(pipeline, request_of):
    pixels, mask = weave(96, 96), cracks(96, 96, 2, 4)
    with_lines = pipeline(request_of(), pixels, mask, lines=np.eye(96, dtype=bool))
    assert with_lines.hypotheses[0].shape == pixels.shape
    with pytest.raises(PixelsError, match="line map"):
        pipeline(request_of(), pixels, mask, lines=np.eye(95, dtype=bool))


def test_guidance_goes_on_from_the_answer_without_lines_through_the_one_with_them_and_further_in_the_depth(
    pipeline, request_of
):
    pixels, mask, lines = weave(96, 96, np.uint16), cracks(96, 96, 2, 4), np.eye(96, dtype=bool)
    bare = pipeline(request_of(), pixels, mask)
    once, twice = (pipeline(request_of(line_guidance=g), pixels, mask, lines=lines) for g in (1, 2))
    bare, once, twice = (output.hypotheses[0][mask].astype(float) for output in (bare, once, twice))
    far = guidance_at(conditions(floats(pixels), mask).distance, 2)[mask][:, None]
    assert 2 < far.min() < far.max() < 2 + DEEPER
    inside = (np.minimum(np.minimum(bare, once), twice) > 0) & (np.maximum(np.maximum(bare, once), twice) < 65535)
    assert inside.mean() > 0.5 and np.abs(once - bare)[inside].max() > 20
    assert np.abs(twice - (bare + far * (once - bare)))[inside].max() <= 4  # roundings


def test_the_tile_size_changes_no_byte_of_a_guided_answer(pipeline, request_of):
    pixels, mask = weave(200, 260, np.uint16), cracks(200, 260, 3, 4)
    lines = np.zeros(mask.shape, bool)
    lines[40:160, 128] = True
    outputs = [pipeline(request_of(tile_px=side, texture=0.5), pixels, mask, lines=lines) for side in (64, 512)]
    assert same(*outputs)


def test_lines_are_followed_where_the_prefill_would_be_kept(request_of):
    untaught = RestorationPipeline(RestorationNetwork((8, 16), 1, 16), FlowMatchEulerDiscreteScheduler())
    pixels, mask = weave(150, 150), cracks(150, 150, 2, 5)
    output = untaught(request_of(), pixels, mask, lines=np.eye(150, dtype=bool))
    assert output.filled_by == "model" and "lines that were given" in output.reason and "not better" in output.reason


def test_progress_counts_to_its_total_and_can_cancel(pipeline, request_of):
    pixels, mask = weave(120, 120), cracks(120, 120, 2, 3)
    seen = []
    pipeline(request_of(tile_px=64, hypotheses=2), pixels, mask, on_progress=lambda done, total: seen.append((done, total)))
    assert [done for done, _ in seen] == list(range(1, seen[-1][1] + 1)) and len({total for _, total in seen}) == 1

    class Stopped(Exception):
        pass

    def stop(done, _total):
        if done == 2:
            raise Stopped

    with pytest.raises(Stopped):
        pipeline(request_of(tile_px=64), pixels, mask, on_progress=stop)
