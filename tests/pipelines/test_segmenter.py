import json
import shutil

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from pipelines.bundled import bundled_digest, has_segmenter, segmenter_digest, segmenter_folder, weights_digest
from pipelines.damage_gate import Evidence
from pipelines.evidence import PLANES, RADIUS_PX, evidence
from pipelines.segmentation import looked, propose, propose_classically, propose_with
from pipelines.segmenter import CLASSES, Segmenter, SegmenterNetwork, bundled_segmenter
from pipelines.statement import segmenter_statement

WIDTHS = (8, 8, 12, 16)


def picture(height=300, width=340, seed=0):
    """Soft forms and grain."""
    rng = np.random.default_rng(seed)
    small = rng.uniform(60, 200, (height // 30, width // 30, 3)).astype(np.float32)
    soft = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(soft + rng.normal(0, 4, (height, width, 1)), 0, 255).astype(np.uint8)


def cracked(pixels, tone=15, seed=1):
    """A net of wandering lines. → pixels, bool [H, W]."""
    rng, lost = np.random.default_rng(seed), np.zeros(pixels.shape[:2], np.uint8)
    for _ in range(25):
        way = np.cumsum(rng.normal(0, 0.25, 60)) + rng.uniform(0, 2 * np.pi)
        path = rng.uniform(0, pixels.shape[0], 2) + np.cumsum(np.stack([np.cos(way), np.sin(way)], 1) * 4, 0)
        cv2.polylines(lost, [path.astype(np.int32)], False, 1, 2)
    return np.where(lost[..., None] > 0, np.uint8(tone), pixels), lost > 0


def facts_of(vectors, *, opens, vetoes):
    """What `config.json` says, with a gate whose chance is one half for every picture."""
    return {
        "widths": WIDTHS,
        "slope": [1.0] * 5,
        "shift": [0.0] * 5,
        "thresholds": [0.5] * 5,
        "gate": [[0.0] * (vectors + 1)] * 5,
        "open_from": [0.4 if opens else 0.6] * 5,
        "vetoed_below": [0.6 if vetoes else 0.4] * 5,
    }


@pytest.fixture
def segmenter_of(tmp_path):
    """A small network that says the same everywhere: `says` is its logit."""

    def make(says=-6.0, noise=0.0, **gate):
        with torch.random.fork_rng():
            torch.random.default_generator.manual_seed(0)
            network = SegmenterNetwork(WIDTHS)
        torch.nn.init.normal_(network.head.weight, std=noise, generator=torch.Generator().manual_seed(1))
        torch.nn.init.constant_(network.head.bias, says)
        save_file(network.state_dict(), tmp_path / "segmenter.safetensors")
        seen = looked(picture(64, 64))[0]
        facts = facts_of(seen.vectors().shape[1], **({"opens": True, "vetoes": False} | gate))
        (tmp_path / "config.json").write_text(json.dumps(facts))
        return Segmenter.load(tmp_path)

    return make


def whole(segmenter, pixels, tile_px):
    planes = np.zeros((len(CLASSES), *pixels.shape[:2]), np.float32)
    for tile, part in segmenter.probabilities(pixels, tile_px):
        planes[(slice(None), *tile.slices())] = part
    return planes


def test_tiles_change_no_byte_of_the_probabilities(segmenter_of):
    segmenter, pixels = segmenter_of(says=0.0, noise=1.0), picture(443, 520)
    answer = whole(segmenter, pixels, 1024)
    assert answer.std() > 0.02
    for tile_px in (64, 256):
        assert np.array_equal(answer, whole(segmenter, pixels, tile_px))


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
    assert propose_with(segmenter_of(says=4.0, opens=True), picture()).share == 1
    closed = propose_with(segmenter_of(says=4.0, opens=False), picture())
    assert closed.nothing_found and closed.reason and not any(closed.kinds.values())


def test_what_lies_under_a_veil_is_no_hole(segmenter_of):
    segmenter = segmenter_of(says=-6.0)
    with torch.no_grad():
        segmenter.network.head.bias[-4:] = 6.0  # the four pixels of the last class
    assert propose_with(segmenter, picture()).nothing_found


def test_the_filters_are_believed_where_the_network_thinks_of_a_line_and_vetoed_where_the_gate_is_sure(segmenter_of):
    pixels, lost = cracked(picture(512, 512))
    alone = propose_classically(pixels)
    thinks = propose_with(segmenter_of(says=-1.5, opens=False), pixels)  # too weak to propose, strong enough to agree
    assert (alone.mask & lost).sum() > 0.6 * lost.sum()
    assert np.array_equal(thinks.mask, alone.mask)
    assert propose_with(segmenter_of(says=-9.0), pixels).nothing_found
    assert propose_with(segmenter_of(says=-1.5, vetoes=True, opens=False), pixels).nothing_found


def test_a_page_is_left_to_its_writing_whatever_the_network_says(segmenter_of):
    page = np.full((500, 400, 3), 235, np.uint8)
    for y in range(30, 480, 20):
        cv2.putText(page, "aeilm nor stuv aem lors", (15, y), cv2.FONT_HERSHEY_COMPLEX, 0.6, (30, 25, 20), 1, cv2.LINE_AA)
    proposal = propose_with(segmenter_of(says=6.0), page)
    assert proposal.nothing_found and "page" in proposal.reason


def test_evidence_adds_up_over_tiles():
    planes = np.random.default_rng(0).random((5, 64, 96), np.float32)
    planes[:, :, 40:56] = 0  # nothing hangs together across the cut
    one, two = Evidence(), Evidence()
    one.add(planes)
    two.add(planes[:, :, :48])
    two.add(planes[:, :, 48:])
    assert all(np.allclose(getattr(one, name), getattr(two, name)) for name in ("area", "sure", "maybe", "belief", "long"))


def test_without_weights_the_filters_propose_alone(monkeypatch):
    monkeypatch.setattr("pipelines.segmentation.has_segmenter", lambda: False)
    pixels, _ = cracked(picture(512, 512))
    assert np.array_equal(propose(pixels).mask, propose_classically(pixels).mask)


def test_the_segmenter_has_a_digest_of_its_own(tmp_path):
    assert segmenter_statement()["weights_sha256"] == segmenter_digest()
    if not has_segmenter():
        assert segmenter_digest() == ""
        return
    shutil.copytree(segmenter_folder().parent, tmp_path / "model", ignore=shutil.ignore_patterns("segmenter"))
    assert weights_digest(tmp_path / "model") == bundled_digest() != segmenter_digest()
    parameters = sum(weight.numel() for weight in bundled_segmenter().network.parameters())
    assert parameters < 1_000_000 and (segmenter_folder() / "segmenter.safetensors").stat().st_size < 1_000_000
