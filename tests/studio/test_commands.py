"""The commands: what a person gets for a good call, and which sentence for a bad one."""

import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from studio.cli import app
from studio.samples.painting import panel as sample_panel


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder with a small painting, its mask, and a home of its own."""
    monkeypatch.setenv("ANASTYLOSIS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    image = cv2.resize(rng.integers(40, 220, (8, 10, 3), np.uint8), (200, 160), interpolation=cv2.INTER_CUBIC)
    mask = np.zeros((160, 200), np.uint8)
    cv2.line(mask, (20, 30), (170, 120), 255, 3)
    cv2.imwrite("panel.png", image)
    cv2.imwrite("mask.png", mask)
    return tmp_path


def call(*arguments) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    outcome = CliRunner().invoke(app, [str(one) for one in arguments])
    return outcome.exit_code, outcome.stdout, outcome.stderr


def test_a_restoration_leaves_everything_that_was_promised(desk):
    code, out, _ = call("restore", "panel.png", "--mask", "mask.png", "--hypotheses", "2", "-o", "restored", "--json")
    assert code == 0
    names = {path.name for path in (desk / "restored").iterdir()}
    said = json.loads(out)
    assert {file["name"] for file in said["files"]} <= names
    assert {"restored.png", "mask.png", "evidence.png", "record.json", "index.html"} <= names
    assert said["record"]["findings"]["filled_by"] == "prefill" or {"hypothesis-1.png", "uncertainty.png"} <= names
    before, after = cv2.imread("panel.png"), cv2.imread("restored/restored.png")
    hole = cv2.imread("mask.png", cv2.IMREAD_GRAYSCALE) > 127
    assert np.array_equal(before[~hole], after[~hole])
    assert call("verify", "restored")[0] == 0


def test_the_same_request_gives_the_same_pixels(desk):
    ask = ("restore", "panel.png", "--mask", "mask.png", "--texture", "0.6", "--seed", "4")
    assert call(*ask, "-o", "first")[0] == call(*ask, "-o", "second")[0] == 0
    assert np.array_equal(cv2.imread("first/restored.png"), cv2.imread("second/restored.png"))


def test_json_is_the_only_thing_on_stdout_also_when_it_fails(desk):
    code, out, _ = call("restore", "nothing.png", "-o", "restored", "--json")
    assert code == 1
    assert set(json.loads(out)) == {"error", "message"}


def _truncate(path):
    path.write_bytes(path.read_bytes()[:700])


def _bomb(path):
    import struct
    import zlib

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 999)) + chunk(b"IEND", b"")
    )


def _cmyk(path):
    from PIL import Image

    Image.new("CMYK", (60, 50), (10, 20, 30, 40)).save(path, "JPEG")


BAD_PICTURES = {
    "a truncated PNG": (_truncate, "panel.png"),
    "60,000 × 60,000 pixels": (_bomb, "60000×60000"),
    "CMYK": (_cmyk, "CMYK"),
    "a text file named .png": (lambda path: path.write_text("no picture at all"), "panel.png"),
    "an empty file": (lambda path: path.write_bytes(b""), "panel.png"),
}


@pytest.mark.parametrize("kind", BAD_PICTURES)
def test_a_bad_picture_is_refused_by_name_and_leaves_nothing(desk, kind):
    spoil, word = BAD_PICTURES[kind]
    spoil(desk / "panel.png")
    began = time.monotonic()
    code, out, err = call("restore", "panel.png", "--mask", "mask.png", "-o", "restored")
    assert code == 1
    assert not out
    assert word.replace(",", "") in err.replace(",", "").replace("\n", " ")
    assert "Traceback" not in err
    assert not (desk / "restored").exists()
    assert not [path for path in desk.iterdir() if path.name.startswith(".")]
    assert time.monotonic() - began < 10


BAD_MASKS = {
    "another size": (np.zeros((10, 20), np.uint8) + 255, "--fit-mask"),
    "empty": (np.zeros((160, 200), np.uint8), "white"),
    "full": (np.full((160, 200), 255, np.uint8), "all of its"),
}


@pytest.mark.parametrize("kind", BAD_MASKS)
def test_a_bad_mask_is_refused_and_leaves_nothing(desk, kind):
    pixels, word = BAD_MASKS[kind]
    cv2.imwrite("mask.png", pixels)
    code, _, err = call("restore", "panel.png", "--mask", "mask.png", "-o", "restored")
    assert code == 1
    assert word in err
    assert not (desk / "restored").exists()


def test_a_folder_that_is_in_use_is_refused_before_anything_runs(desk):
    (desk / "restored").mkdir()
    (desk / "restored" / "letter.txt").write_text("mine")
    code, _, err = call("restore", "panel.png", "--mask", "mask.png", "-o", "restored")
    assert code == 1
    assert "restored" in err
    assert [path.name for path in (desk / "restored").iterdir()] == ["letter.txt"]


def test_a_place_that_cannot_be_written_is_named(desk):
    code, _, err = call("restore", "panel.png", "--mask", "mask.png", "-o", "/proc/restored")
    assert code == 1
    assert "/proc" in err


def test_rights_that_forbid_it_stop_before_any_model_runs(desk):
    code, _, err = call(
        "restore", "panel.png", "--mask", "mask.png", "--rights", "http://rightsstatements.org/vocab/InC/1.0/", "-o", "r"
    )
    assert code == 1
    assert "InC" in err or "copyright" in err.lower()
    code, _, err = call("restore", "panel.png", "--mask", "mask.png", "--strict-rights", "-o", "r")
    assert code == 1
    assert "--rights" in err


def test_ctrl_c_in_the_middle_leaves_nothing_half_written(desk):
    rng = np.random.default_rng(2)
    # on noise the prefill would be kept, and all be over before anybody presses Ctrl-C
    cv2.imwrite("large.png", cv2.resize(sample_panel(3).painting[..., ::-1], (2400, 1800), interpolation=cv2.INTER_CUBIC))
    cv2.imwrite("holes.png", (cv2.resize(rng.random((180, 240), np.float32), (2400, 1800)) > 0.8).astype(np.uint8) * 255)
    command = [sys.executable, "-m", "studio.cli.run", "restore", "large.png", "--mask", "holes.png", "-o", "restored"]
    command += ["--hypotheses", "8"]
    # a shell starts its background jobs deaf to Ctrl-C, and a child inherits that
    hears = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=hears, env=dict(os.environ))
    time.sleep(6)
    assert child.poll() is None, "it was over before it could be stopped"
    began = time.monotonic()
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 130
    assert "nothing was left" in err
    assert time.monotonic() - began < 6  # two seconds on a quiet machine
    assert not (desk / "restored").exists()
    assert not [path for path in desk.iterdir() if path.name.startswith(".")]


def test_two_commands_on_one_log_both_succeed(desk):
    command = [sys.executable, "-m", "studio.cli.run", "restore", "panel.png", "--mask", "mask.png", "--json", "-o"]
    children = [subprocess.Popen([*command, f"r{n}"], stdout=subprocess.PIPE, text=True) for n in range(2)]
    leaves = sorted(json.loads(child.communicate(timeout=120)[0])["leaf"] for child in children)
    assert leaves == [0, 1]
    code, out, _ = call("log", "audit", "--json")
    assert code == 0
    assert json.loads(out) == {"size": 2, "problems": []}


def test_every_command_shows_an_example():
    code, out, _ = call("--help")
    assert code == 0
    for name in ("demo", "restore", "speculate", "scene", "render", "verify", "models", "serve", "doctor"):
        assert name in out
        assert "Example:" in call(name, "--help")[1]
    for name in ("show", "checkpoint", "audit"):
        assert "Example:" in call("log", name, "--help")[1]
    assert "Example:" in call("extension", "build", "--help")[1]
