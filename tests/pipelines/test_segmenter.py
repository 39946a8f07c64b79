import json
import shutil

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pipelines.bundled import bundled_digest, segmenter_digest, segmenter_folder, weights_digest
from pipelines.damage_gate import SHARES, STEP, counted, levelled, odds_of, vector_of
from pipelines.errors import RequestError, WeightsMissingError
from pipelines.evidence import PLANES, RADIUS_PX, evidence
from pipelines.segmentation import SHORTEST_PX, long_marks, propose, propose_with
from pipelines.segmenter import CLASSES, MARGIN_PX, Segmenter, SegmenterNetwork, bundled_segmenter
from pipelines.statement import segmenter_statement

WIDTHS, BLOCKS = (8, 8, 12, 16), (1, 1, 1, 2)
SEEN = len(CLASSES) * len(SHARES)  # numbers that the gate sees


def picture(height=300, width=340, seed=0):
    """Soft forms and grain."""
    rng = np.random.default_rng(seed)
    small = rng.uniform(60, 200, (height // 30, width // 30, 3)).astype(np.float32)
    soft = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(soft + rng.normal(0, 4, (height, width, 1)), 0, 255).astype(np.uint8)


def facts_of(*, odds, leans):
    """What `config.json` says, with a gate whose log-odds are the same for every picture."""
    return {
        "widths": WIDTHS,
        "blocks": BLOCKS,
        "gate": [[0.0] * SEEN + [odds]] * 5,
        "lines": [[1.0, leans, 0.0, 0.0]] * 5,
        "thresholds": [0.5] * 4 + [1.1],
        "open_from": [0.3] * 5,
        "thresholds_said": [0.5] * 4 + [1.1],
    }


@pytest.fixture
def segmenter_of(tmp_path):
    """A small network that says the same everywhere: `says` is its logit."""

    def make(says=-6.0, noise=0.0, odds=0.0, leans=0.0):
        with torch.random.fork_rng():
            torch.random.default_generator.manual_seed(0)
            network = SegmenterNetwork(WIDTHS, BLOCKS)
        torch.nn.init.normal_(network.head.weight, std=noise, generator=torch.Generator().manual_seed(1))
        torch.nn.init.constant_(network.head.bias, says)
        save_file(network.state_dict(), tmp_path / "segmenter.safetensors")
        (tmp_path / "config.json").write_text(json.dumps(facts_of(odds=odds, leans=leans)))
        return Segmenter.load(tmp_path)

    return make


def test_tiles_change_no_byte_of_the_judgement(segmenter_of):
    segmenter, pixels = segmenter_of(says=0.0, noise=1.0), picture(443, 520)
    answer = segmenter.judge(pixels)
    assert answer.probabilities().std() > 0.02
    for tile_px in (64, 256):
        again = segmenter.judge(pixels, tile_px)
        assert np.array_equal(answer.levels, again.levels) and np.array_equal(answer.table, again.table)


def test_the_bundled_network_reaches_no_further_than_the_margin():
    network = bundled_segmenter().network
    planes = torch.zeros(1, PLANES, 704, 704)
    before = network(planes)
    planes[..., 352] = 3.0
    changed = torch.nonzero((network(planes) != before).any(1).any(1)[0])[:, 0]
    assert changed.min() > 352 - (MARGIN_PX - RADIUS_PX) and changed.max() < 352 + (MARGIN_PX - RADIUS_PX)


def test_the_evidence_of_a_window_is_that_of_the_picture():
    pixels, edge = picture(256, 288), 2 * RADIUS_PX
    part = evidence(pixels[64:, 32:])
    assert evidence(pixels).shape == (PLANES, 256, 288)
    assert np.array_equal(part[:, edge:, edge:], evidence(pixels)[:, 64 + edge :, 32 + edge :])


def test_the_evidence_of_a_faint_crack_is_that_of_a_deep_one():
    flat = picture(160, 160).astype(np.float32) * 0.5 + 60
    crack = np.zeros((160, 160, 1), np.float32)
    crack[20:140, 80:82] = -40
    deep = np.clip(flat + crack, 0, 255).astype(np.uint8)
    faint = np.clip((flat + crack) * 0.4 + 80, 0, 255).astype(np.uint8)
    line = evidence(deep)[6, 30:130, 80].mean(), evidence(faint)[6, 30:130, 80].mean()
    assert abs(line[0] - line[1]) < 0.35 * line[0]


def test_what_the_network_marks_is_proposed_only_where_the_gate_opens(segmenter_of):
    assert propose_with(segmenter_of(says=4.0), picture()).share == 1
    closed = propose_with(segmenter_of(says=4.0, odds=-2.0), picture())
    assert closed.nothing_found and closed.reason and not any(closed.kinds.values())


def test_what_a_person_sees_is_proposed_though_the_gate_is_shut_and_nothing_else_is(segmenter_of):
    segmenter = segmenter_of(noise=0.3, says=0.5, odds=-5.0, leans=1.0)
    assert propose_with(segmenter, picture()).nothing_found
    seen = propose_with(segmenter, picture(), ["losses"])
    assert seen.kinds["loss"] > 0.1 and sum(seen.kinds.values()) == seen.kinds["loss"]
    with pytest.raises(RequestError, match="rust cannot be looked for"):
        propose_with(segmenter, picture(), ["rust"])


def test_a_word_of_damage_never_hides_what_was_surer_without_it(segmenter_of):
    segmenter = segmenter_of(noise=0.3, says=-1.0, odds=3.0, leans=0.3)
    alone, said = (propose_with(segmenter, picture(), kinds).kinds["loss"] for kinds in ((), ["losses"]))
    assert 0 < alone == said


def test_the_surer_the_gate_the_more_is_proposed(segmenter_of):
    sure = [segmenter_of(noise=0.3, says=-1.0, odds=odds, leans=1.0) for odds in (-0.5, 0.5, 2.0)]
    shares = [float(one.marked("loss", one.judge(picture())).mean()) for one in sure]
    assert 0 < shares[0] < shares[1] < shares[2]


def test_short_marks_are_left_out():
    marks = np.zeros((60, 80), bool)
    marks[10, 5 : 5 + SHORTEST_PX // 2] = True
    marks[30, 5:60] = True
    assert np.array_equal(np.flatnonzero(long_marks(marks).any(1)), [30])


def test_what_lies_under_a_veil_is_no_hole(segmenter_of):
    segmenter = segmenter_of(says=-6.0)
    with torch.no_grad():
        segmenter.network.head.bias[-4:] = 6.0  # the four pixels of the last class
    assert propose_with(segmenter, picture()).nothing_found


def test_a_page_is_left_to_its_writing_whatever_the_network_says(segmenter_of):
    page = np.full((500, 400, 3), 235, np.uint8)
    for y in range(30, 480, 20):
        cv2.putText(page, "aeilm nor stuv aem lors", (15, y), cv2.FONT_HERSHEY_COMPLEX, 0.6, (30, 25, 20), 1, cv2.LINE_AA)
    proposal = propose_with(segmenter_of(says=6.0), page)
    assert proposal.nothing_found and "page" in proposal.reason
    assert propose_with(segmenter_of(says=6.0), page, ["dark-cracks"]).kinds["dark crack"] > 0


def test_the_gate_sees_the_quantiles_of_a_picture_whatever_its_tiles():
    logits = np.random.default_rng(0).normal(-3, 2, (5, 64, 96))
    levels = levelled(logits)
    both = counted(levels[:, :, :40]) + counted(levels[:, :, 40:])
    assert np.array_equal(both, counted(levels))
    quantiles = np.quantile(logits.reshape(5, -1), SHARES, axis=1).T
    assert np.abs(4 * vector_of(both).reshape(5, -1) - quantiles).max() < 2 * STEP
    gate = np.random.default_rng(1).normal(size=(5, SEEN + 1))
    assert np.allclose(odds_of(gate, vector_of(both)[None])[0], odds_of(gate, vector_of(both)))


def test_a_package_without_the_weights_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr("pipelines.bundled.segmenter_folder", lambda: tmp_path)
    with pytest.raises(WeightsMissingError, match="by hand"):
        propose(picture())


def test_the_segmenter_has_a_digest_of_its_own(tmp_path):
    assert segmenter_statement()["weights_sha256"] == segmenter_digest()
    shutil.copytree(segmenter_folder().parent, tmp_path / "model", ignore=shutil.ignore_patterns("segmenter"))
    assert weights_digest(tmp_path / "model") == bundled_digest() != segmenter_digest()
    parameters = sum(weight.numel() for weight in bundled_segmenter().network.parameters())
    assert parameters < 1_000_000 and (segmenter_folder() / "segmenter.safetensors").stat().st_size < 2_000_000
