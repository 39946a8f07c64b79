"""Killing real writers of a log at random moments, and asking afterwards what is left of what they acknowledged."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from provenance.log.fsck import fsck
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


def open_log(folder: Path) -> Log:
    return Log.open(folder / "log", folder / "keys")


def kill_writers(folder: Path, kills: int, seed: int = 20) -> dict[int, bytes]:
    """Start a writer and kill it with SIGKILL after a random moment, `kills` times. Returns what it acknowledged, by index."""
    chance = random.Random(seed)
    acknowledged: dict[int, bytes] = {}
    for round_ in range(kills):
        writer = subprocess.Popen(
            [sys.executable, "-c", APPENDER, str(folder), f"round {round_}"], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        lines = [writer.stdout.readline()]
        time.sleep(chance.random() * 0.2)
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
        writer.wait()
        for line in lines:
            if line.endswith("\n"):  # else it died while it told
                index, entry = line.rstrip("\n").split(" ", 1)
                acknowledged[int(index)] = entry.encode()
    return acknowledged


def losses(folder: Path, acknowledged: dict[int, bytes]) -> dict[str, int]:
    """How many acknowledged entries are gone or elsewhere, and how many faults the log has beyond what repairs itself."""
    log = open_log(folder)
    entries = dict(log.entries())
    lost = sum(entries.get(index) != entry for index, entry in acknowledged.items())
    unproven = sum(f.state == "lost" for f in fsck(log).findings)
    log.append(b"the log goes on")
    return {"lost": lost, "unproven": unproven, "problems_after_the_next_append": len(log.audit().problems)}
