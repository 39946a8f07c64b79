"""Fetching a model: its licence before the first use, its files held to their digests. Over real HTTP, from this machine."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "pipelines"))
sys.path.insert(0, str(Path(__file__).parent))
import tiny_families
from hub_server import COMMIT, Hub

ROOT = Path(__file__).parents[2]
ID = "owner/tiny-klein"


@pytest.fixture(scope="module")
def hub(tmp_path_factory):
    """Two repositories: one in diffusers' layout, with what must not be fetched beside it; one of pickles alone."""
    root = tmp_path_factory.mktemp("hub")
    tiny_families.flux2(root)
    tiny_families.qwen_image(root)
    klein = root / "klein"
    (klein / "transformer" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04.")
    (klein / "transformer" / "diffusion_pytorch_model.fp16.safetensors").write_bytes(b"\0")
    (klein / "whole-model.safetensors").write_bytes(b"\0")
    (klein / "pipeline.py").write_text("raise SystemExit")
    (klein / "README.md").write_text("---\nlicense: apache-2.0\n---\n")
    (root / "pickles").mkdir()
    (root / "pickles" / "model.bin").write_bytes(b"\x80\x04.")
    served = {ID: klein, "owner/pickles": root / "pickles", "owner/no-licence": root / "qwen-control"}
    with Hub(served, {ID: "apache-2.0"}) as one:
        yield one


@pytest.fixture
def desk(tmp_path):
    sheet = np.full((96, 96, 3), 244, np.uint8)
    cv2.rectangle(sheet, (12, 20), (84, 84), (30, 30, 30), 2)
    cv2.rectangle(sheet, (36, 40), (60, 70), (30, 30, 30), -1)
    cv2.imwrite(str(tmp_path / "sheet.png"), sheet)
    return tmp_path


def environment(desk, hub, **more):
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(desk),
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "ANASTYLOSIS_HOME": str(desk / "home"),
        "HF_HOME": str(desk / "cache"),
        "HF_ENDPOINT": hub.url,
        "OMP_NUM_THREADS": "1",
        **more,
    }


def call(desk, hub, *arguments, stdin=subprocess.DEVNULL, **more):
    """Exit code, stdout and stderr of the command in a process of its own: the library reads its settings once."""
    command = [sys.executable, "-m", "studio.cli.run", *map(str, arguments)]
    run = subprocess.run(
        command, cwd=desk, env=environment(desk, hub, **more), stdin=stdin, capture_output=True, text=True, timeout=300
    )
    return run.returncode, run.stdout, run.stderr


def test_a_model_is_shown_fetched_pinned_used_and_refused_once_a_file_has_changed(desk, hub):
    # before anybody has seen the licence it cannot be used
    code, _, err = call(desk, hub, "speculate", "sheet.png", "--model", ID, "-o", "early")
    assert code == 1 and f"anastylosis models get {ID}" in err and not (desk / "early").exists()

    # shown, and not fetched without consent
    hub.asked.clear()
    code, _, err = call(desk, hub, "models", "get", ID)
    assert code == 1 and "licence: apache-2.0" in err and "territor" in err and "--accept-licence" in err
    assert not any("/resolve/" in one for one in hub.asked) and not (desk / "home" / "models.json").exists()

    # fetched: what is loaded here, and nothing else
    code, out, err = call(desk, hub, "models", "get", ID, "--accept-licence", "--json")
    assert code == 0, err
    fetched = json.loads(out)["fetched"][0]
    assert fetched["revision"] == COMMIT and fetched["licence"] == "apache-2.0"
    names = set(fetched["files"])
    assert {"model_index.json", "transformer/diffusion_pytorch_model.safetensors", "tokenizer/tokenizer.json"} <= names
    assert not names & {"pipeline.py", "whole-model.safetensors"} and not any("fp16" in one or ".bin" in one for one in names)
    pins = json.loads((desk / "home" / "models.json").read_text())["models"]
    assert pins[ID]["files"] == fetched["files"]
    code, out, _ = call(desk, hub, "models", "--json", HF_HUB_OFFLINE="1")
    assert code == 0 and json.loads(out)["pinned"][ID]["revision"] == COMMIT

    # used, without the network, and named in the Record with commit and digest
    code, _, err = call(
        desk, hub, "speculate", "sheet.png", "--model", ID, "--variants", "1", "-o", "variants", HF_HUB_OFFLINE="1"
    )
    assert code == 0, err
    record = json.loads((desk / "variants" / "record.json").read_text())
    assert record["model"]["revision"] == COMMIT and record["model"]["weights_sha256"] == fetched["weights_sha256"]
    assert record["model"]["licence"] == "apache-2.0" and record["request"]["weights_sha256"] == fetched["weights_sha256"]

    # a changed file is refused by name
    weights = next((desk / "cache").rglob("transformer/diffusion_pytorch_model.safetensors")).resolve()
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.chmod(0o644)
    weights.write_bytes(data)
    code, _, err = call(desk, hub, "speculate", "sheet.png", "--model", ID, "-o", "again", HF_HUB_OFFLINE="1")
    assert code == 1 and "transformer/diffusion_pytorch_model.safetensors" in err and not (desk / "again").exists()


def test_on_a_terminal_a_person_is_asked(desk, hub):
    ours, theirs = pty.openpty()
    try:
        os.write(ours, b"n\n")
        code, _, err = call(desk, hub, "models", "get", "owner/no-licence", stdin=theirs)
        assert code == 1 and "Do you agree" in err and "names none" in err and "Nothing was fetched" in err
        os.write(ours, b"y\n")
        code, _, err = call(desk, hub, "models", "get", "owner/no-licence", stdin=theirs)
        assert code == 0, err
    finally:
        os.close(ours)
        os.close(theirs)


def test_what_cannot_be_fetched_says_why(desk, hub):
    code, _, err = call(desk, hub, "models", "get", ID, "--accept-licence", HF_HUB_OFFLINE="1")
    assert code == 1 and "HF_HUB_OFFLINE" in err
    code, _, err = call(desk, hub, "models", "get", "owner/nothing", "--accept-licence")
    assert code == 1 and "not found on the hub" in err
    code, _, err = call(desk, hub, "models", "get", "owner/pickles", "--accept-licence")
    assert code == 1 and "no safetensors" in err
    code, _, err = call(desk, hub, "models", "get", ID, "--accept-licence", HF_ENDPOINT="http://127.0.0.1:9")
    assert code == 1 and "cannot be reached" in err
    assert "Traceback" not in err
