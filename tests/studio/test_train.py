"""Training on one's own pictures: what an institution would say is broken."""

import csv
import io
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from pipelines.errors import UnsupportedModelError
from pipelines.training import own
from pipelines.training.own import Figures
from pipelines.training.train import PLANS
from provenance.errors import ReleaseFolderError
from provenance.home import Home
from provenance.log.store import Log
from studio.cli import app
from studio.collection import TooFewPicturesError, kept_apart, open_collection
from studio.errors import MissingFileError
from studio.model_card import judged
from studio.train import Wish, train

TINY = ("--plan", "tiny", "--start", "nothing")


def picture(seed: int, width: int = 200, height: int = 160) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return cv2.resize(rng.integers(20, 235, (8, 10, 3), np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="session")
def scans(tmp_path_factory):
    """Ten pictures in two folders, one of them 16-bit, and what is usually found beside pictures."""
    folder = tmp_path_factory.mktemp("desk") / "scans"
    (folder / "box 2").mkdir(parents=True)
    for number in range(10):
        cv2.imwrite(str(folder / ("box 2" if number > 6 else ".") / f"scan{number}.png"), picture(number))
    cv2.imwrite(str(folder / "scan3.png"), picture(3).astype(np.uint16) * 257)
    (folder / "notes.txt").write_text("not a picture")
    (folder / "torn.png").write_bytes((folder / "scan1.png").read_bytes()[:900])
    cv2.imwrite(str(folder / "stamp.png"), picture(11, 90, 70))
    (folder / "again.png").write_bytes((folder / "scan2.png").read_bytes())
    return folder


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ANASTYLOSIS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return Home(tmp_path / "home")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """One mask of each kind is enough to try the road."""
    monkeypatch.setitem(PLANS, "tiny", replace(PLANS["tiny"], masks=1, crops=((64, 2),)))
    monkeypatch.setattr(own, "TRIED_MASKS", 1)


@pytest.fixture
def offline(monkeypatch):
    """No socket of this process may reach anybody."""

    def refuse(*_):
        raise AssertionError("something tried to reach the network")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def call(*arguments) -> tuple[int, str, str]:
    outcome = CliRunner().invoke(app, [str(one) for one in arguments])
    return outcome.exit_code, outcome.stdout, outcome.stderr


def test_pictures_go_in_and_a_model_comes_out_that_restore_takes_and_nothing_leaves_the_house(scans, home, tmp_path, offline):
    code, out, err = call("train", scans, *TINY, "--steps", 4, "--holdout", 0.3, "-o", "own", "--json")
    assert code == 0, err
    said, folder = json.loads(out), tmp_path / "own"
    assert said["steps"] == 4 and said["trained_on"] == 7 and said["held_out"] == 3
    assert {one["name"] for one in said["left_out"]} == {"scans/torn.png", "scans/stamp.png", "scans/scan2.png"}
    assert set(said["figures"]) == {"craquelure", "scratches", "small_losses", "lacunae", "pictures"}
    assert said["judgement"] in (folder / "README.md").read_text().replace("\n", " ")

    # every picture is listed by name, on one side, and no file tells where the pictures lie
    rows = list(csv.DictReader(io.StringIO((folder / "images.csv").read_text())))
    assert [row["split"] for row in rows].count("held out") == 3 and len(rows) == 10
    assert {row["name"] for row in rows} >= {"scans/scan3.png", "scans/box 2/scan8.png"}
    for path in folder.rglob("*"):
        assert path.is_dir() or str(scans.parent).encode() not in path.read_bytes(), path
        assert path.is_dir() or path.stat().st_size < 15_000_000

    # sealed, with a leaf that names the weights
    assert call("verify", folder)[0] == 0
    sealed = json.loads((folder / "network" / "record.json").read_text())["outputs"]
    weights = next(one for one in sealed if one["name"].endswith(".safetensors"))
    entries = [entry.decode() for _, entry in Log.open(home.log, home.keys).entries()]
    assert any(weights["sha256"] in entry for entry in entries)
    assert json.loads((folder / "record.json").read_text())["model"]["weights_sha256"] == said["weights_sha256"]
    assert not list((home.folder / "training").iterdir())

    # and it fills holes
    mask = np.zeros((160, 200), np.uint8)
    cv2.line(mask, (20, 30), (170, 120), 255, 3)
    cv2.imwrite("mask.png", mask)
    code, out, err = call("restore", scans / "scan4.png", "--mask", "mask.png", "--model", folder, "-o", "restored", "--json")
    assert code == 0, err
    assert json.loads(out)["record"]["request"]["weights_sha256"] == said["weights_sha256"]


def test_an_interrupted_run_goes_on_and_gives_the_weights_it_would_have_given(scans, home, tmp_path):
    wish, seen = Wish(start="nothing", steps=14, plan="tiny", held_out=0.0), []

    @contextmanager
    def until_12(title):
        def tick(done, total):
            seen.append((title, done))
            if title == "Training" and done == 12:
                raise KeyboardInterrupt

        yield tick

    whole = train([scans], tmp_path / "whole", wish, home=home)
    with pytest.raises(KeyboardInterrupt):
        train([scans], tmp_path / "cut", wish, home=home, phase=until_12)
    assert not (tmp_path / "cut").exists()
    seen.clear()

    @contextmanager
    def watched(title):
        yield lambda done, _total: seen.append((title, done))

    again = train([scans], tmp_path / "cut", wish, home=home, phase=watched)
    assert next(done for title, done in seen if title == "Training") == 13
    assert again.weights_sha256 == whole.weights_sha256
    assert "nothing can be said" in again.judgement.text and again.figures is None


def test_training_goes_on_from_a_model_made_here_and_is_over_in_time(scans, home, tmp_path):
    first = train([scans], tmp_path / "first", Wish(start="nothing", steps=2, plan="tiny", held_out=0.0), home=home)
    began = time.monotonic()
    timed = Wish(start=str(tmp_path / "first"), minutes=0.05, plan="tiny", held_out=0.2)
    second = train([scans], tmp_path / "second", timed, home=home)
    assert time.monotonic() - began < 60 and second.steps > 2
    assert second.weights_sha256 != first.weights_sha256
    assert set(second.figures.by_family["craquelure"]) == {"prefill", "before", "after"}
    card = (tmp_path / "second" / "README.md").read_text()
    assert first.weights_sha256 in card and "weights before" in card
    assert [path for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def seconds_of_work(pid: int) -> float:
    """What a process has worked so far, by the system's own count."""
    return int(Path(f"/proc/{pid}/stat").read_text().split()[13]) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's own count of work")
def test_ctrl_c_stops_at_once_and_keeps_the_checkpoint(scans, home, tmp_path):
    command = [sys.executable, "-m", "studio.cli.run", "train", str(scans), *TINY, "--steps", "5000", "-o", "own"]
    hears = lambda: signal.signal(signal.SIGINT, signal.default_int_handler)  # noqa: E731
    environment = dict(os.environ) | {"PYTHONPATH": os.pathsep.join(sys.path)}
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=hears, env=environment)
    until = time.monotonic() + 120
    while not list(home.folder.glob("training/*/log.jsonl")):
        assert child.poll() is None and time.monotonic() < until, child.communicate()[1]
        time.sleep(0.1)
    before = seconds_of_work(child.pid)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - children - before < 2  # on a busy machine it waits longer
    assert child.returncode == 130
    assert "goes on where it was stopped" in err and "Traceback" not in err
    assert list(home.folder.glob("training/*/checkpoint.safetensors"))
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_too_few_pictures_are_refused_with_the_reasons(scans, home, tmp_path):
    code, _, err = call("train", scans / "box 2", scans / "torn.png", *TINY, "-o", "own")
    assert code == 1
    assert "3 pictures" in err and "at least 8" in err and "torn.png" in err
    assert not (tmp_path / "own").exists()


def test_pictures_whose_rights_forbid_it_are_not_trained_on(scans, tmp_path):
    from PIL import Image

    exif = Image.Exif()
    exif[0x8298] = "All rights reserved"
    Image.fromarray(picture(50)).save(tmp_path / "reserved.jpg", exif=exif)
    found = open_collection([scans, tmp_path / "reserved.jpg"])
    assert "reserved.jpg" in {name for name, _ in found.left_out}
    assert {entry.name for entry in (*found.trained, *found.held_out)}.isdisjoint({"reserved.jpg"})
    found = open_collection([scans, tmp_path / "reserved.jpg"], rights="permission granted by the holder")
    assert "reserved.jpg" in {entry.name for entry in (*found.trained, *found.held_out)}
    with pytest.raises(TooFewPicturesError, match="rights"):
        open_collection([scans], strict_rights=True)
    with pytest.raises(TooFewPicturesError, match="copyright"):
        open_collection([scans], rights="http://rightsstatements.org/vocab/InC/1.0/")


def test_a_path_that_is_not_there_and_a_folder_in_use_are_refused_at_once(scans, home, tmp_path):
    with pytest.raises(MissingFileError, match="nowhere"):
        open_collection([tmp_path / "nowhere"])
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "letter.txt").write_text("mine")
    with pytest.raises(ReleaseFolderError):
        train([scans], tmp_path / "own", Wish(), home=home)
    with pytest.raises(UnsupportedModelError, match="holds no restoration network"):
        train([scans], tmp_path / "new", Wish(start=str(scans), steps=1), home=home)
    assert not (tmp_path / "new").exists()


def test_steps_and_minutes_at_once_are_wrong_usage(scans, home):
    assert call("train", scans, "--steps", 4, "--minutes", 1, "-o", "own")[0] == 2
    assert "Example:" in call("train", "--help")[1]


def test_a_copy_of_a_trained_picture_is_never_measured_on(scans, tmp_path):
    for number in range(10):  # each scan again, larger and compressed
        copy = cv2.resize(cv2.imread(str(next(scans.rglob(f"scan{number}.png")))), (400, 320), interpolation=cv2.INTER_CUBIC)
        cv2.imwrite(str(tmp_path / f"copy{number}.jpg"), copy)
    found = open_collection([scans, tmp_path], held_out=0.3, seed=2)
    sides = {entry.name: split for split in ("trained", "held_out") for entry in getattr(found, split)}
    pairs = [(sides.get(f"scans/scan{n}.png"), sides[f"{tmp_path.name}/copy{n}.jpg"]) for n in (0, 1, 4, 5, 6)]
    assert all(one == other for one, other in pairs)
    assert found.held_out and found.trained


def test_the_same_seed_keeps_the_same_pictures_apart_and_another_one_others():
    marks = {f"{number:064x}": f"{number * 0x9E3779B97F4A7C15 % 2**64:016x}" for number in range(40)}
    assert kept_apart(marks, 0.1, 1) == kept_apart(dict(reversed(marks.items())), 0.1, 1)
    assert kept_apart(marks, 0.1, 1) != kept_apart(marks, 0.1, 2)
    assert len(kept_apart(marks, 0.1, 1)) == 4 and not kept_apart(marks, 0.0, 1)
    assert len(kept_apart(marks, 0.001, 1)) == 1
    assert not kept_apart(dict.fromkeys(marks, "0" * 16), 0.1, 1)  # all copies of one: nothing can be kept apart


def figures(before: list[float], after: list[float], prefill: float = 20.0) -> Figures:
    one = {"prefill": [prefill] * len(after), "before": before, "after": after}
    return Figures({"craquelure": one, "lacunae": one}, tuple(map(str, range(len(after)))))


def test_weights_that_are_no_better_are_called_so():
    worse = judged(figures([24, 25, 26, 27], [23.8, 24.9, 25.7, 26.9]), "bundled")
    assert worse.is_better is False and "NOT better" in worse.text
    luck = judged(figures([24, 25, 26, 27], [25.0, 24.3, 26.9, 26.3]), "bundled")
    assert luck.is_better is None and "NOT shown to be better" in luck.text
    better = judged(figures([24, 25, 26, 27], [24.3, 25.2, 26.4, 27.3]), "bundled")
    assert better.is_better is True and "+0.30 dB" in better.text and "4 pictures" in better.text
    assert judged(figures([24.0], [24.3]), "bundled").is_better is None
    assert judged(figures([18, 18, 18], [19.0, 19.1, 19.2]), "bundled").is_better is False  # the prefill alone is better
    assert judged(None, "bundled").is_better is None
