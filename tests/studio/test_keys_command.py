"""`anastylosis keys` and `verify --at`: what a person reads, and that --json is one object and nothing else."""

import json
import re

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from provenance.home import Home
from provenance.keys import signing
from studio.cli import keys, verify
from studio.cli.outcome import Commands
from tests.provenance.authority import HAS_OPENSSL, make_authority, served
from tests.provenance.test_keys_brought import brought

app = typer.Typer(cls=Commands, pretty_exceptions_enable=False)
app.add_typer(keys.app, name="keys")
app.command()(verify.verify)


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("ANASTYLOSIS_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return Home(tmp_path / "home")


def call(*arguments) -> tuple[int, str, str]:
    outcome = CliRunner().invoke(app, [str(one) for one in arguments])
    return outcome.exit_code, outcome.stdout, re.sub(r"\s+", " ", outcome.stderr)


def test_looking_at_keys_makes_none(home):
    code, out, _ = call("keys", "show")
    assert code == 0
    assert "No keys yet" in out
    assert not home.folder.exists()
    assert json.loads(call("keys", "show", "--json")[1])["signer"] is None


def test_made_keys_are_shown_with_chain_end_and_trust(home):
    code, out, _ = call("keys", "make", "--organisation", "Museum [North]")
    assert code == 0
    assert "Signs: Museum [North], Anastylosis" in out
    assert "known to this machine, not publicly trusted" in out
    assert "not time-stamped: when the certificate ends on 20" in out
    told = json.loads(call("keys", "show", "--json")[1])
    assert told["signer"]["self_made"] is True
    assert len(told["signer"]["chain"]) == 3
    code, _, err = call("keys", "make")
    assert code == 1
    assert "keys rotate" in err


def test_rotating_keeps_the_name_and_the_former_certificates(home):
    call("keys", "make", "--organisation", "City Museum")
    first = signing.describe(home.keys).name
    code, out, _ = call("keys", "rotate")
    assert code == 0
    assert "City Museum" in out
    assert "verify: 1" in out
    assert signing.describe(home.keys).name != first


def test_an_institution_s_chain_is_put_to_use_and_a_lax_key_file_refused(home, tmp_path):
    chain, key = brought()
    (tmp_path / "chain.pem").write_bytes(chain)
    (tmp_path / "key.pem").write_bytes(key)
    (tmp_path / "key.pem").chmod(0o644)
    code, _, err = call("keys", "use", "chain.pem", "key.pem")
    assert code == 1
    assert "chmod 600" in err
    (tmp_path / "key.pem").chmod(0o600)
    code, out, _ = call("keys", "use", "chain.pem", "key.pem")
    assert code == 0
    assert "issued by Museum, museum root" in out
    for wrong in ((), ("chain.pem",), ("chain.pem", "key.pem", "--remote", "https://x/"), ("nothing.pem", "key.pem")):
        assert call("keys", "use", *wrong)[0] == 1


@pytest.mark.skipif(not HAS_OPENSSL, reason="the openssl command is not installed")
def test_an_authority_is_named_tried_and_forgotten(home, tmp_path):
    authority = make_authority(tmp_path / "tsa")
    with served(authority.reply) as url:
        code, _, err = call("keys", "tsa", url)
        assert code == 1
        assert "--root ROOT.pem" in err
        code, out, _ = call("keys", "tsa", url, "--root", tmp_path / "tsa" / "root.pem")
        assert code == 0
        assert "time-stamped from now on by Museum, time" in out
    assert json.loads(call("keys", "show", "--json")[1])["tsa"] == url
    assert call("keys", "tsa", "none")[0] == 0
    assert json.loads(call("keys", "show", "--json")[1])["tsa"] is None


def test_a_date_is_judged_and_a_wrong_one_refused(home, tmp_path):
    cv2.imwrite("a.png", np.zeros((9, 9), np.uint8))
    code, out, _ = call("verify", "a.png", "--at", "2020-01-01")
    assert code == 4
    assert "Judged at 2020-01-01 23:59:59 UTC" in out
    assert "is unproven" in out
    assert json.loads(call("verify", "a.png", "--at", "2020-01-01", "--json")[1])["verdicts"][0]["existed"] is None
    code, _, err = call("verify", "a.png", "--at", "yesterday")
    assert code == 1
    assert "is no date" in err
