"""A release that fails at any line leaves folder and log as they were, or says that it was withdrawn."""

import dataclasses
import errno
import json
import multiprocessing
import os
import pathlib
import signal

import pytest

from provenance import encode, seal
from provenance import record as records
from provenance.archive import Archive
from provenance.credentials import Signatory
from provenance.errors import (
    ReadBackError,
    ReleaseError,
    ReleaseFolderError,
)
from provenance.log.store import Log
from provenance.release import release


def _left(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def _log_size(home):
    return Log.open(home.log, home.keys).checkpoint().size


FULL, INTERRUPTED = OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()
STEPS = {
    "marking": (seal.Sealer, "_marked"),
    "encoding": (encode, "encode"),
    "signing restored.png": (Signatory, "embed"),
    "signing scene.glb": (Signatory, "sidecar"),
    "reading back": (encode, "holds"),
    "describing": (seal, "untouched"),
    "opening the log": (Log, "open"),
    "writing record.json": (records, "build"),
    "appending": (Log, "append"),
}


@pytest.mark.parametrize("what", list(STEPS))
@pytest.mark.parametrize("failure", [RuntimeError("broken"), FULL, INTERRUPTED], ids=lambda e: type(e).__name__)
def test_a_failure_before_the_log_leaves_folder_and_log_as_they_were(restoration, home, tmp_path, monkeypatch, what, failure):
    release(restoration, tmp_path / "earlier", home)
    before = _left(tmp_path), _log_size(home), _left(home.records)

    def fail(*_arguments, **_named):
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(*STEPS[what], fail)
        with pytest.raises(KeyboardInterrupt if isinstance(failure, KeyboardInterrupt) else ReleaseError) as told:
            release(restoration, tmp_path / "deep" / "out", home)
    if not isinstance(failure, KeyboardInterrupt):
        assert what in str(told.value)
        assert "Nothing was released" in str(told.value)
        if isinstance(failure, OSError):
            assert isinstance(told.value, ReleaseFolderError)
            assert "disk is full" in str(told.value)
    assert before == (_left(tmp_path), _log_size(home), _left(home.records))
    release(restoration, tmp_path / "deep" / "out", home)


@pytest.mark.parametrize(
    ("what", "place", "name"),
    [
        ("record.tlog-proof", Log, "proof"),
        ("keeping the Record", Archive, "save"),
        ("moving the files", pathlib.Path, "rename"),
    ],
    ids=["proof", "archive", "move"],
)
@pytest.mark.parametrize("failure", [FULL, INTERRUPTED], ids=lambda e: type(e).__name__)
def test_a_failure_after_the_log_is_logged_as_withdrawn(restoration, home, tmp_path, monkeypatch, what, place, name, failure):
    release(restoration, tmp_path / "earlier", home)

    def fail(*_arguments, **_named):
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(place, name, fail)
        with pytest.raises(KeyboardInterrupt if isinstance(failure, KeyboardInterrupt) else ReleaseFolderError) as told:
            release(restoration, tmp_path / "out", home)
    if isinstance(failure, OSError):
        assert what in str(told.value)
        assert "withdrawn" in str(told.value)
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".out*"))
    entries = [json.loads(entry) for _, entry in Log.open(home.log, home.keys).entries()]
    assert len(entries) == 3
    assert entries[2]["withdrawn"] == entries[1]["record"]
    assert len([name for name in _left(home.records) if name.endswith(".json")]) == 1


def test_a_file_that_reads_back_differently_is_never_released(restoration, home, tmp_path, monkeypatch):
    honest = Signatory.embed

    def spoil(self, data, media_type, claim):
        signed = bytearray(honest(self, data, media_type, claim))
        signed[-40] ^= 1
        return bytes(signed)

    monkeypatch.setattr(Signatory, "embed", spoil)
    with pytest.raises(ReleaseError, match=r"reading back restored\.png"):
        release(restoration, tmp_path / "out", home)
    assert not (tmp_path / "out").exists()


def test_a_watermark_that_leaves_its_region_is_never_released(variant, home, tmp_path, monkeypatch):
    from provenance import watermark

    half = variant.files[0].ai.copy()
    half[:200] = False
    draft = dataclasses.replace(variant, files=(dataclasses.replace(variant.files[0], ai=half),))

    def careless(_self, pixels, handle, _mask):
        return watermark.Marked(pixels ^ 1, handle, None)

    monkeypatch.setattr(watermark.Watermark, "embed", careless)
    with pytest.raises(ReadBackError, match="no model made"):
        release(draft, tmp_path / "out", home)


def test_a_folder_that_may_not_be_written_says_what_to_do(restoration, home, tmp_path, monkeypatch):
    def fail(*_arguments, **_named):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    monkeypatch.setattr("tempfile.mkdtemp", fail)
    with pytest.raises(ReleaseFolderError, match="may not be written"):
        release(restoration, tmp_path / "a" / "b", home)
    assert not (tmp_path / "a").exists()


def test_whoever_takes_the_folder_first_keeps_it(restoration, home, tmp_path, monkeypatch):
    honest = Archive.save

    def somebody_comes_first(self, data, record):
        (tmp_path / "out").mkdir()
        (tmp_path / "out" / "theirs.txt").write_text("theirs")
        return honest(self, data, record)

    monkeypatch.setattr(Archive, "save", somebody_comes_first)
    with pytest.raises(ReleaseFolderError, match="withdrawn"):
        release(restoration, tmp_path / "out", home)
    assert _left(tmp_path / "out") == ["theirs.txt"]


def _seal(draft, folder, home, queue):
    queue.put(release(draft, folder, home).leaf)


def test_two_processes_can_release_at_once_into_a_new_home(restoration, home, tmp_path):
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    jobs = [context.Process(target=_seal, args=(restoration, tmp_path / f"out-{i}", home, queue)) for i in range(2)]
    for job in jobs:
        job.start()
    leaves = sorted(queue.get(timeout=60) for _ in jobs)
    for job in jobs:
        job.join()
    assert leaves == [0, 1]
    assert Log.open(home.log, home.keys).audit().problems == []


def _die(draft, folder, home):
    def die(*_arguments):
        os.kill(os.getpid(), signal.SIGKILL)

    Archive.save = die
    release(draft, folder, home)


def test_a_process_killed_after_the_log_leaves_the_folder_empty_and_the_log_sound(restoration, home, tmp_path):
    job = multiprocessing.get_context("spawn").Process(target=_die, args=(restoration, tmp_path / "out", home))
    job.start()
    job.join(60)
    assert job.exitcode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    assert Log.open(home.log, home.keys).audit().problems == []
    assert release(restoration, tmp_path / "out", home).leaf == 1
