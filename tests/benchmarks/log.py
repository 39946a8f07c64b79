"""Speed and safety of the log beside pymerkle's, as one JSON object.

    python tests/benchmarks/log.py --kills 200

Rates are given per second of wall time and, in "cpu", per second of this process's own time: on a machine that is shared the
first measures the neighbours as well. `--go FOLDER` names golang.org/x/mod (Debian: golang-golang-x-mod-dev) for a reader by
other hands: it opens the checkpoint, fetches tiles over HTTP and checks proofs of every entry.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from provenance.log.fsck import fsck
from provenance.log.proof import verify_proof
from provenance.log.serving import log_server
from provenance.log.store import Log
from tests.provenance.log.killing import kill_writers, losses

ENTRY_BYTES = 500
BATCHES = (1, 16, 256, 1024, 4096)
PROOFS = 2000
GO_READER = Path(__file__).with_name("log_reader.go")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--kills", type=int, default=12, help="how often a writer is killed")
    arguments.add_argument("--entries", type=int, default=50_000, help="size of the log that is audited and proved from")
    arguments.add_argument("--folder", type=Path, help="where to write, such as another disk")
    arguments.add_argument("--go", type=Path, help="source folder of golang.org/x/mod, for a reader by other hands")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="anastylosis-", dir=given.folder) as name:
        folder = Path(name)
        log = Log.open(folder / "speed" / "log", folder / "speed" / "keys")
        result = {"entry_bytes": ENTRY_BYTES, "load": round(os.getloadavg()[0], 1), **speed(log, given.entries)}
        result["pymerkle"] = pymerkle_speed(given.entries)
        if given.go is not None:
            result["go_sumdb_reader"] = go_reader(log, given.go, folder)
        result["kills"] = crashes(folder / "kills", given.kills)
    print(json.dumps(result, indent=2))


def timed(work: Callable[[], object], count: int) -> dict[str, float]:
    """Work of `count` items, in items per second."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return {
        "per_s": round(count / max(time.perf_counter() - wall, 1e-9)),
        "cpu_per_s": round(count / max(time.process_time() - cpu, 1e-9)),
    }


def best(measured: list[dict[str, float]]) -> dict[str, float]:
    return {key: max(one[key] for one in measured) for key in measured[0]}


def entries(label: str, count: int) -> list[bytes]:
    return [f"{label} {i} ".encode().ljust(ENTRY_BYTES, b".") for i in range(count)]


def speed(log: Log, size: int) -> dict:
    appends = {}
    for batch in BATCHES:
        rounds = [entries(f"{batch}.{n}", batch) for n in range(60 if batch == 1 else 12)]
        if batch == 1:
            appends["1"] = timed(lambda r=rounds: [log.extend(one) for one in r], len(rounds))
        else:
            appends[str(batch)] = best([timed(lambda one=one: log.extend(one), batch) for one in rounds])
    while (left := size - log.checkpoint().size) > 0:
        log.extend(entries(f"fill {left}", min(left, 10_000)))
    again = entries("4096.0", 4096)
    before = log.checkpoint().size
    offered = timed(lambda: [log.extend(again) for _ in range(10)], 10 * len(again))
    prover, chance = log.prover(), random.Random(1)
    every = range(log.checkpoint().size)
    some = [chance.randrange(len(every)) for _ in range(PROOFS)]
    in_order = timed(lambda: [prover.inclusion(i) for i in every], len(every))
    cold = timed(lambda: [prover.inclusion(i) for i in some], len(some))
    texts = timed(lambda: [log.proof(i) for i in some], len(some))
    proof, entry = log.proof(7), dict(zip(range(8), (e for _, e in log.entries()), strict=False))[7]
    checks = timed(lambda: [verify_proof(proof, entry, [log.verifier]) for _ in range(300)], 300)
    return {
        "size": len(every),
        "durable_appends_by_batch": appends,
        "offered_again_ten_times": {**offered, "new_leaves": log.checkpoint().size - before},
        "inclusion_path_us": microseconds(in_order),
        "inclusion_path_at_random_us": microseconds(cold),
        "proof_text_us": microseconds(texts),
        "verify_proof_us": microseconds(checks),
        "audit_entries": timed(lambda: sound(log.audit().problems), len(every)),
        "fsck_entries": timed(lambda: sound(fsck(log).findings), len(every)),
    }


def microseconds(rates: dict[str, float]) -> dict[str, float]:
    return {"wall": round(1e6 / rates["per_s"], 1), "cpu": round(1e6 / rates["cpu_per_s"], 1)}


def sound(faults: list) -> None:
    if faults:
        raise SystemExit(f"the log is damaged: {faults[:3]}")


def pymerkle_speed(size: int) -> dict:
    """The same work for pymerkle: in memory, which loses all at a crash, and in SQLite."""
    try:
        from pymerkle import InmemoryTree, SqliteTree
    except ImportError:
        return {"skipped": "pip install pymerkle"}
    tree, some = InmemoryTree(algorithm="sha256"), entries("peer", size)
    in_memory = timed(lambda: [tree.append_entry(e) for e in some], size)
    chance = random.Random(1)
    indices = [1 + chance.randrange(size) for _ in range(200)]
    proofs = timed(lambda: [tree.prove_inclusion(i, size) for i in indices], len(indices))
    with tempfile.TemporaryDirectory() as name, SqliteTree(str(Path(name) / "tree.db"), algorithm="sha256") as stored:
        singles = timed(lambda: [stored.append_entry(e) for e in some[:60]], 60)
        bulk = timed(lambda: stored.append_entries(some[60 : 60 + 4096], 4096), 4096)
    mine = Log.open(Path(tempfile.mkdtemp()) / "log", Path(tempfile.mkdtemp()) / "keys")
    mine.extend(some[:5000])
    peer = InmemoryTree(algorithm="sha256")
    for entry in some[:5000]:
        peer.append_entry(entry)
    same = peer.get_root() == mine.checkpoint().root
    shutil.rmtree(Path(mine.place).parent)
    return {
        "same_root_at_5000": same,
        "appends_in_memory": in_memory,
        "appends_in_sqlite_by_batch": {"1": singles, "4096": bulk},
        "inclusion_path_us": microseconds(proofs),
    }


def crashes(folder: Path, kills: int) -> dict:
    acknowledged = kill_writers(folder, kills)
    return {"kills": kills, "acknowledged": len(acknowledged), **losses(folder, acknowledged)}


def go_reader(log: Log, source: Path, folder: Path) -> dict:
    """Let the sum database's own code of the Go project read our log over HTTP, and check a proof of every entry."""
    go = shutil.which("go")
    if go is None or not GO_READER.exists():
        return {"skipped": "needs go on the PATH"}
    module = folder / "reader"
    shutil.copytree(source, module / "mod")
    shutil.copy(GO_READER, module / "main.go")
    (module / "go.mod").write_text(
        "module reader\n\ngo 1.19\n\nrequire golang.org/x/mod v0.7.0\n\nreplace golang.org/x/mod => ./mod\n"
    )
    if not (module / "mod" / "go.mod").exists():
        (module / "mod" / "go.mod").write_text("module golang.org/x/mod\n\ngo 1.17\n")
    offline = {"GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local", "GOCACHE": str(folder / "cache")}
    environment = {**os.environ, **offline}
    built = subprocess.run([go, "build", "-o", "reader", "."], cwd=module, env=environment, capture_output=True, text=True)
    if built.returncode:
        return {"skipped": built.stderr[-300:]}
    server = log_server(log)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    run = subprocess.run([module / "reader", server.address, log.verifier.text()], capture_output=True, text=True)
    server.shutdown()
    server.server_close()
    return json.loads(run.stdout) if run.returncode == 0 else {"failed": (run.stdout + run.stderr)[-400:]}


if __name__ == "__main__":
    main()
