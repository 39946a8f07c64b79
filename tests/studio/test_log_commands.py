"""`anastylosis log …` as a person types it."""

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from provenance import encode
from provenance.draft import Draft, Picture
from provenance.home import Home
from provenance.log.store import Log
from provenance.manifest_store import store_in
from provenance.release import release
from studio.cli import app

NAME = "Anna Rossi"


@pytest.fixture
def home(tmp_path):
    return Home(tmp_path / "home")


@pytest.fixture
def sealed(home, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    picture = Picture("variant.png", pixels, "variant", ai=np.ones((64, 64), bool))
    return release(Draft("speculate", {"operation": "speculate", "prompt": f"for {NAME}"}, (picture,)), tmp_path / "out", home)


def typed(home, *words):
    return CliRunner().invoke(app, ["log", *words, *([] if words[0] == "envelope" else ["--home", str(home.folder)])])


def told(home, *words):
    run = typed(home, *words, "--json")
    assert run.exit_code == 0, run.output
    return json.loads(run.stdout)


def test_show_tells_what_was_done_and_when(home, sealed):
    (leaf,) = told(home, "show")["leaves"]
    assert (leaf["index"], leaf["operation"], leaf["made"]) == (0, "speculate", sealed.record["made"])
    assert sealed.record["made"] in typed(home, "show").stdout


def test_fsck_repairs_only_when_told_and_says_so_in_its_exit_code(home, sealed):
    assert told(home, "fsck") == {"size": 1, "sound": True, "findings": []}
    entries = home.log / "tile/entries/000.p/1"
    good = entries.read_bytes()
    entries.unlink()
    run = typed(home, "fsck")
    assert run.exit_code == 1 and "--repair" in run.stdout and not entries.exists()
    assert typed(home, "fsck", "--repair").exit_code == 0
    assert entries.read_bytes() == good  # made again from the Record that is kept


def test_fsck_without_a_log_says_so_and_makes_none(home):
    run = typed(home, "fsck")
    assert run.exit_code == 1 and "There is no log yet" in run.output
    assert not home.folder.exists()


@pytest.mark.parametrize("words", [["0"], ["--name", "anna ROSSI"]])
def test_forget_erases_after_asking_and_the_proof_holds(home, sealed, words):
    place = home.records / "openings"
    assert any(NAME in path.read_text() for path in place.iterdir())
    refused = CliRunner().invoke(app, ["log", "forget", *words, "--home", str(home.folder)], input="n\n")
    assert refused.exit_code == 1 and any(NAME in path.read_text() for path in place.iterdir())
    found = told(home, "forget", *words, "--yes")["forgotten"]
    assert found[0]["leaf"] == 0 and "/request/prompt" in found[0]["fields"]
    assert not any(NAME.encode() in path.read_bytes() for path in home.records.rglob("*") if path.is_file())
    assert told(home, "audit")["problems"] == []
    again = typed(home, "forget", *words, "--yes")
    assert again.exit_code == 1 and "nothing to forget" in again.output
    assert CliRunner().invoke(app, ["verify", str(sealed.folder), "--home", str(home.folder)]).exit_code == 0


def test_forget_what_was_never_there_is_named(home, sealed):
    assert "no Release at leaf 7" in typed(home, "forget", "7", "--yes").output
    assert typed(home, "forget", "--yes").exit_code == 2


def test_an_envelope_is_printed_without_names(home, sealed):
    run = typed(home, "envelope", str(sealed.folder / "record.json"))
    assert run.exit_code == 0 and json.loads(run.stdout)["payloadType"].startswith("application/vnd.anastylosis")
    assert NAME not in run.stdout
    assert "gives no envelope" in typed(home, "envelope", str(sealed.folder / "variant.png")).output


def started(*words):
    """A server as a person starts it, and the address that it tells."""
    process = subprocess.Popen(
        [sys.executable, "-c", "from studio.cli import main; main()", "log", *words, "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    return process, line.split()[1].rstrip(",").rsplit("/", 1)[0], line


def test_a_witness_and_a_log_talk_over_http_and_the_checkpoint_carries_its_word(home, sealed, tmp_path):
    key = (home.keys / "log.vkey").read_text().strip()
    witness, address, line = started("witness", str(tmp_path / "witness"), "--name", "witness.example/w", "--log", key)
    server, here, _ = started("serve", "--home", str(home.folder))
    try:
        policy = tmp_path / "policy.txt"
        policy.write_text(f"log {key}\nwitness w {line.split()[-1]} {address}\nquorum w\n")
        note = told(home, "checkpoint", "--policy", str(policy))["note"]
        assert "— witness.example/w " in note
        with urllib.request.urlopen(f"{here}/checkpoint", timeout=10) as answer:
            assert answer.read().decode() == note
        assert CliRunner().invoke(app, ["log", "check", str(sealed.folder), "--policy", str(policy)]).exit_code == 1
        newer = typed(home, "proof", "0").stdout
        assert "— witness.example/w " in newer
        (sealed.folder / "record.tlog-proof").write_text(newer)
        run = CliRunner().invoke(app, ["log", "check", str(sealed.folder), "--policy", str(policy), "--json"])
        assert run.exit_code == 0 and "witness.example/w" in json.loads(run.stdout)["signers"]
        assert CliRunner().invoke(app, ["verify", str(sealed.folder), "--home", str(home.folder)]).exit_code == 0
        witness.send_signal(signal.SIGTERM)
        assert witness.wait(timeout=20) == 0
        Log.open(home.log, home.keys).append(b'{"schema":"x"}')
        run = typed(home, "checkpoint", "--policy", str(policy))
        assert run.exit_code == 1 and "lacks witnesses" in run.output
    finally:
        for process in (witness, server):
            process.kill()
            process.wait()


def test_a_program_asks_for_the_credential_of_a_stripped_picture(home, sealed, tmp_path):
    server, _, line = started("resolve", "--home", str(home.folder))
    address, token = line.split()[1].removesuffix("/matches/byContent,"), line.split()[-1]

    def ask(path, data=None, key=token):
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "image/png"}
        with urllib.request.urlopen(urllib.request.Request(address + path, data, headers), timeout=20) as answer:
            return answer.read()

    try:
        assert json.loads(ask("/services/supportedAlgorithms"))["watermarks"]
        with pytest.raises(urllib.error.HTTPError, match=r"40[13]"):
            ask("/services/supportedAlgorithms", key="guessed")
        stripped = encode.decode((sealed.folder / "variant.png").read_bytes())
        copy = cv2.imencode(".png", stripped[..., ::-1])[1].tobytes()
        (match,) = json.loads(ask("/matches/byContent", copy))["matches"]
        store = ask(f"/manifests/{match['manifestId']}")
        assert store == store_in((sealed.folder / "variant.png").read_bytes())
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=20) == 0
    finally:
        server.kill()
        server.wait()


def test_publish_gives_a_web_server_its_files(home, sealed, tmp_path):
    assert told(home, "publish", str(tmp_path / "www"))["size"] == 1
    assert (tmp_path / "www" / "checkpoint").read_text() == (home.log / "checkpoint").read_text()


def test_joining_a_team_that_cannot_be_reached_is_named(home, tmp_path):
    run = typed(home, "join", "host=127.0.0.1 port=9 dbname=log connect_timeout=2")
    assert run.exit_code == 1 and ("cannot be reached" in run.output or "psycopg" in run.output)
    assert not (home.log / "team").exists()
