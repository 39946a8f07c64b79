"""A writer that is killed, or whose disk is full, loses nothing that it acknowledged, and leaves a log that goes on."""

import errno
import os
import resource
import signal
from pathlib import Path

import pytest

from provenance.log.errors import LogWriteError
from provenance.log.store import Log
from tests.provenance.log.killing import kill_writers, losses, open_log

KILLS = 12


def test_killing_the_writer_at_random_loses_nothing_acknowledged(tmp_path):
    acknowledged = kill_writers(tmp_path, KILLS)
    assert len(acknowledged) >= KILLS
    assert losses(tmp_path, acknowledged) == {"lost": 0, "unproven": 0, "problems_after_the_next_append": 0}


def test_killing_the_writer_at_each_file_operation_leaves_the_old_log_or_the_new_one(tmp_path):
    """255 entries and three more: tiles of two levels, a full one and partial ones, are under way when the writer dies."""
    log = open_log(tmp_path)
    log.extend([b"entry %d" % i for i in range(255)])
    size, operation = 255, 0
    died = True
    while died:
        operation += 1
        died = _append_and_die_at(tmp_path, operation, [b"try %d, %d" % (operation, i) for i in range(3)])
        log = open_log(tmp_path)
        now = log.checkpoint().size
        assert now in (size, size + 3), operation
        assert log.audit().problems == [], operation
        assert log.find(b"entry 254") == 254
        assert (log.find(b"try %d, 2" % operation) is not None) == (now == size + 3)
        size = now
    assert operation > 20
    log.append(b"the log goes on")
    assert log.audit().problems == []


def _append_and_die_at(folder: Path, operation: int, entries: list[bytes]) -> bool:
    """Append in a forked process that kills itself before its n-th file operation. Returns whether it died."""
    child = os.fork()
    if child == 0:
        count = 0

        def dying(function):
            def wrapped(*args, **kwargs):
                nonlocal count
                count += 1
                if count == operation:
                    os.kill(os.getpid(), signal.SIGKILL)
                return function(*args, **kwargs)

            return wrapped

        for owner, name in OPERATIONS:
            setattr(owner, name, dying(getattr(owner, name)))
        open_log(folder).extend(entries)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


OPERATIONS = [(os, "write"), (os, "fsync"), (Path, "replace"), (Path, "unlink"), (Path, "mkdir"), (os, "unlink")]
FILLING = [(os, "open"), (os, "write"), (os, "fsync"), (Path, "replace"), (Path, "mkdir")]


def test_a_disk_that_is_full_at_any_call_is_named_and_leaves_the_log_as_before(tmp_path, monkeypatch):
    log = open_log(tmp_path)
    log.extend([b"entry %d" % i for i in range(254)])
    failing, refused = 0, True
    while refused:
        failing += 1
        before, size = _files(log), log.checkpoint().size
        with monkeypatch.context() as patch:
            calls = _fail_at(patch, failing)
            try:
                log.extend([b"try %d, %d" % (failing, i) for i in range(3)])
                refused = len(calls) >= failing  # a copy beside the key that cannot be written denies nothing
            except LogWriteError as error:
                assert "No space left" in str(error)
        assert log.audit().problems == [], failing
        if log.checkpoint().size == size:
            assert _files(log) == before, failing
        else:
            # the checkpoint was in its place already: the entries are in, whatever was said
            assert log.find(b"try %d, 2" % failing) == size + 2
    assert failing > 25
    log.append(b"later")
    assert log.find(b"later") == log.checkpoint().size - 1
    assert log.audit().problems == []


def _fail_at(patch, failing: int) -> list[int]:
    calls: list[int] = []

    def full(function):
        def wrapped(*args, **kwargs):
            calls.append(1)
            if len(calls) == failing:
                raise OSError(errno.ENOSPC, "No space left on device")
            return function(*args, **kwargs)

        return wrapped

    for owner, name in FILLING:
        patch.setattr(owner, name, full(getattr(owner, name)))
    return calls


def _files(log: Log) -> dict[str, bytes]:
    """What counts: the index is made again at any time, and the lock is empty."""
    folder = Path(log.place)
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and not p.name.startswith(("leaves.sqlite", ".lock"))
    }


def test_a_disk_with_room_for_half_a_file_leaves_the_log_as_before(tmp_path):
    """The kernel itself refuses: a write that ends in the middle of a file, then none at all."""
    child = os.fork()
    if child == 0:
        log = open_log(tmp_path)
        log.extend([b"entry %d" % i for i in range(20)])
        before = _files(log)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))
        try:
            log.extend([os.urandom(500) for _ in range(100)])
        except LogWriteError as error:
            is_named = "File too large" in str(error)
            os._exit(0 if is_named and _files(log) == before and log.checkpoint().size == 20 else 3)
        os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    log = open_log(tmp_path)
    log.extend([os.urandom(500) for _ in range(100)])
    assert log.checkpoint().size == 120
    assert log.audit().problems == []


@pytest.mark.parametrize("times", [1, 5])
def test_the_same_entry_offered_ten_times_is_one_leaf(tmp_path, times):
    log = open_log(tmp_path)
    log.extend([b"first", b"other"])
    for _ in range(10 // (2 * times)):
        leaves = log.extend([b"entry", b"first"] * times)
        assert {(leaf.index) for leaf in leaves} == {2, 0}
    assert [leaf.is_new for leaf in open_log(tmp_path).extend([b"entry", b"new", b"new"])] == [False, True, False]
    assert [e for _, e in log.entries()] == [b"first", b"other", b"entry", b"new"]
