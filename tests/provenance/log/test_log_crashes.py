"""A writer that is killed loses nothing that it acknowledged, and leaves a log that goes on."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from provenance.log.store import Log

APPENDER = """
import sys
from pathlib import Path
from provenance.log.store import Log
log = Log.open(Path(sys.argv[1]) / "log", Path(sys.argv[1]) / "keys")
i = 0
while True:
    batch = [f"{sys.argv[2]} {i + k}".encode() for k in range(1 + 37 * i % 90)]
    leaves = log.extend(batch)
    i += len(batch)
    for leaf, entry in zip(leaves, batch):
        sys.stdout.write(f"{leaf.index} {entry.decode()}\\n")
    sys.stdout.flush()
"""
KILLS = 15


def open_log(folder: Path) -> Log:
    return Log.open(folder / "log", folder / "keys")


def test_killing_the_writer_at_random_loses_nothing_acknowledged(tmp_path):
    chance = random.Random(20)
    acknowledged = {}
    for round_ in range(KILLS):
        writer = subprocess.Popen(
            [sys.executable, "-c", APPENDER, str(tmp_path), f"round {round_}"], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        lines = [writer.stdout.readline()]
        time.sleep(chance.random() * 0.05)
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
        writer.wait()
        for line in lines:
            if line.endswith("\n"):
                index, entry = line.rstrip("\n").split(" ", 1)
                acknowledged[int(index)] = entry.encode()
    log = open_log(tmp_path)
    audit = log.audit()
    # the index may be behind: it is made again at the next append
    assert [p for p in audit.problems if "index" not in p] == []
    entries = dict(log.entries())
    assert len(acknowledged) >= KILLS
    assert {i: entries[i] for i in acknowledged} == acknowledged
    log.append(b"the log goes on")
    assert log.audit().problems == []


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
        assert [p for p in log.audit().problems if "index" not in p] == [], operation
        assert log.find(b"entry 254") == 254
        assert (log.find(b"try %d, 2" % operation) is not None) == (now == size + 3)
        size = now
    assert operation > 12
    log.append(b"the log goes on")
    assert log.audit().problems == []


def _append_and_die_at(folder: Path, operation: int, entries: list[bytes]) -> bool:
    """Append in a forked process that kills itself before its n-th fsync, rename or unlink. Returns whether it died."""
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

        os.fsync, Path.replace, Path.unlink, os.unlink = map(dying, (os.fsync, Path.replace, Path.unlink, os.unlink))
        open_log(folder).extend(entries)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)
