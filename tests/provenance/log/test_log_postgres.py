"""A team's log in PostgreSQL: many writers, one order, nothing twice, and any reader of tiles can read it."""

import random
import shutil
import signal
import subprocess
import sys
import time

import pytest

from provenance.log.errors import CorruptLogError, OldLogError, SignatureError, TeamLogError
from provenance.log.note import NoteVerifier
from provenance.log.postgres import PostgresSequencer
from provenance.log.proof import verify_proof
from provenance.log.publishing import publish
from provenance.log.reader import read_log
from provenance.log.store import Log
from provenance.log.team import join
from tests.provenance.log.database import start

pytestmark = pytest.mark.postgres

WRITER = """
import sys
from pathlib import Path
from provenance.log.store import Log
log = Log.open(Path(sys.argv[1]) / "log", Path(sys.argv[1]) / "keys")
name, count, batch = sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for first in range(0, count, batch):
    # every fifth entry is one that all writers offer
    entries = [f"everybody {i}" if i % 5 == 0 else f"{name} {i}" for i in range(first, min(first + batch, count))]
    for leaf, entry in zip(log.extend([e.encode() for e in entries]), entries):
        sys.stdout.write(f"{leaf.index} {entry}\\n")
    sys.stdout.flush()
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    process, connection = start(tmp_path_factory.mktemp("server"))
    yield connection
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)


@pytest.fixture
def database(server):
    import psycopg

    with psycopg.connect(server, autocommit=True) as line:
        line.execute("DROP SCHEMA IF EXISTS anastylosis_log CASCADE")
    return server


def machine(folder, database, keys=None):
    """The folder of one machine of the team."""
    folder.mkdir(parents=True, exist_ok=True)
    join(folder / "log", database)
    if keys is not None:
        shutil.copytree(keys, folder / "keys")
    return folder


def open_log(folder) -> Log:
    return Log.open(folder / "log", folder / "keys")


def test_four_processes_append_a_thousand_entries_at_once_all_there_once_and_no_fork(tmp_path, database):
    first = machine(tmp_path / "first", database)
    log = open_log(first)
    log.append(b"begin")
    writers = []
    for name in ("a", "b", "c", "d"):
        here = machine(tmp_path / name, database, first / "keys")
        command = [sys.executable, "-c", WRITER, str(here), name, "1000", "25"]
        writers.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
    told = [writer.communicate(timeout=240)[0].splitlines() for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4
    places = {}
    for line in (line for lines in told for line in lines):
        index, entry = line.split(" ", 1)
        assert places.setdefault(entry, int(index)) == int(index), entry  # everybody's entries got one leaf each
    assert len(places) == 4 * 800 + 200
    entries = [entry.decode() for _, entry in log.entries()]
    assert len(entries) == len(set(entries)) == 3401
    assert all(entries[index] == entry for entry, index in places.items())
    assert log.audit() == type(log.audit())(3401, [])


def test_a_teams_log_equals_one_on_a_disk_and_is_published_as_static_files(tmp_path, database):
    team = open_log(machine(tmp_path / "team", database))
    shutil.copytree(tmp_path / "team" / "keys", tmp_path / "alone" / "keys")
    (tmp_path / "alone" / "keys" / "log.checkpoint").unlink()
    alone = open_log(tmp_path / "alone")
    done = 0
    for count in (1, 254, 1, 1, 300, 70):
        entries = [b"entry %d" % i for i in range(done, done + count)]
        assert team.extend(entries) == alone.extend(entries)
        done += count
        assert team.checkpoint() == alone.checkpoint()
    assert publish(team, tmp_path / "static")[0] == done
    assert publish(team, tmp_path / "static") == (done, 0)
    for path in (tmp_path / "static").rglob("*"):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "alone" / "log" / path.relative_to(tmp_path / "static")).read_bytes()
    reader = read_log(tmp_path / "static", team.verifier.text())
    assert reader.audit().problems == []
    assert verify_proof(reader.proof(256), b"entry 256", [NoteVerifier.parse(team.verifier.text())]).valid


def test_killing_writers_of_a_team_loses_nothing_acknowledged(tmp_path, database):
    here = machine(tmp_path / "team", database)
    log = open_log(here)
    log.append(b"begin")
    chance, told = random.Random(3), {}
    for round_ in range(6):
        command = [sys.executable, "-c", WRITER, str(here), f"round {round_}", "100000", "7"]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        lines = [writer.stdout.readline()]
        time.sleep(chance.random() * 0.05)
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
        writer.wait()
        told.update(line.rstrip("\n").split(" ", 1) for line in lines if line.endswith("\n"))
    entries = dict(log.entries())
    assert len(told) >= 6 * 5
    assert all(entries[int(index)].decode() == entry for index, entry in told.items())
    assert log.audit().problems == []


def test_an_append_that_fails_before_its_commit_leaves_the_database_as_it_was(tmp_path, database, monkeypatch):
    log = open_log(machine(tmp_path / "team", database))
    log.extend([b"entry %d" % i for i in range(255)])

    def broken(_self, _signed):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(PostgresSequencer, "commit", broken)
        with pytest.raises(KeyboardInterrupt):
            log.extend([b"one", b"two"])
    assert log.checkpoint().size == 255
    assert log.find(b"one") is None
    assert log.append(b"two").index == 255
    assert log.audit().problems == []


def test_rows_that_somebody_changed_are_found(tmp_path, database):
    import psycopg

    log = open_log(machine(tmp_path / "team", database))
    log.extend([b"entry %d" % i for i in range(300)])
    with psycopg.connect(database, autocommit=True) as line:
        line.execute("UPDATE anastylosis_log.leaf SET entry = 'forged' WHERE position = 7")
    assert any("first 7" in problem for problem in log.audit().problems)
    with psycopg.connect(database, autocommit=True) as line:
        line.execute("DELETE FROM anastylosis_log.leaf WHERE position = 299")
    with pytest.raises(CorruptLogError, match="43 of the 44 rows"):
        log.append(b"more")


def test_a_restored_database_or_another_key_is_refused(tmp_path, database):
    import psycopg

    here = machine(tmp_path / "team", database)
    log = open_log(here)
    log.append(b"one")
    head = log.checkpoint_text()
    log.append(b"two")
    with psycopg.connect(database, autocommit=True) as line:
        line.execute("UPDATE anastylosis_log.head SET note = %s", (head,))
        line.execute("DELETE FROM anastylosis_log.leaf WHERE position = 1")
    with pytest.raises(OldLogError, match="has 1 entries but"):
        open_log(here).append(b"three")
    with pytest.raises(SignatureError):
        open_log(machine(tmp_path / "stranger", database)).append(b"x")


def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path, database):
    secret = "host=127.0.0.1 port=9 user=studio password=secret dbname=log"
    with pytest.raises(TeamLogError):
        join(tmp_path / "team" / "log", secret)
    here = machine(tmp_path / "team", database)
    (here / "log" / "team").write_text(secret)
    with pytest.raises(TeamLogError, match="the database log on 127") as told:
        open_log(here)
    assert "secret" not in str(told.value)
    assert (here / "log" / "team").stat().st_mode & 0o077 == 0


def test_a_machine_with_a_log_of_its_own_does_not_join(tmp_path):
    log = open_log(tmp_path)
    with pytest.raises(TeamLogError, match="log of this machine's own"):
        join(tmp_path / "log", "host=db")
    assert log.checkpoint().size == 0
