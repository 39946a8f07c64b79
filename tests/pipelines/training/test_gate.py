"""The gate before a long run: it proves the road, and it stops where the road is broken."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file

from pipelines.training import gate, train

SHORT = replace(train.PLANS["tiny"], images=12, checkpoint_every=4, masks=1, works=6, crops=((64, 2),))


@pytest.fixture(scope="module")
def run(material, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    train.train(SHORT, material, folder)
    return folder


def test_the_tiny_plan_proves_the_whole_road(run, material):
    proved = list(gate.prove(SHORT, material, run))
    assert len(proved) == 6
    for word in ("prefill", "loss", "batch", "saved and loaded", "MB", "tiles"):
        assert any(word in sentence for sentence in proved), word


def test_a_run_that_did_not_reach_its_end_is_told(run, material):
    with pytest.raises(gate.GateError, match="stopped at step 6 instead of 12"):
        gate.next_batch_is_the_same(replace(SHORT, images=24), material, run)


def test_weights_that_changed_on_their_way_are_told(run, material, tmp_path):
    weights = load_file(run / "average.safetensors")
    weights["head.bias"] += 0.01
    save_file(weights, tmp_path / "average.safetensors")
    (tmp_path / "checkpoint.safetensors").symlink_to(run / "checkpoint.safetensors")
    with pytest.raises(gate.GateError, match="answer otherwise"):
        gate.weights_survive(SHORT, material, tmp_path)


def test_a_network_that_cannot_learn_is_told(material, monkeypatch):
    def stuck(network, data, *_args, **_options):
        loss = 0 * network.head.weight.sum() + 1
        return loss, loss, torch.zeros(len(data.image))

    monkeypatch.setattr(gate, "loss_of", stuck)
    with pytest.raises(gate.GateError, match="went from"):
        gate.loss_falls(SHORT, material)


def test_the_command_ends_with_the_proofs(shards, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(train.PLANS, "tiny", SHORT)
    monkeypatch.setattr(gate, "prove", lambda *_: iter(["nothing yet"]))
    monkeypatch.setattr("sys.argv", ["train", "--data", str(shards), "--out", str(tmp_path / "run"), "--plan", "tiny"])
    train.main()
    printed = capsys.readouterr().out.splitlines()
    assert json.loads(printed[0])["step"] == 4
    assert printed[-1] == "proved: nothing yet"
    assert (tmp_path / "run" / "sheet.png").stat().st_size > 1000
