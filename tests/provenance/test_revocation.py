"""A key that somebody else may have proves nothing from that day on, unless a time stamp is older."""

import dataclasses
import datetime
import json

import pytest
from typer.testing import CliRunner

from provenance import keys, timestamp_authority
from provenance.errors import ReleaseError
from provenance.keys.revocation import KeyRevokedError, revocation_of, revocations, revoke
from provenance.keys.signing import SigningKeys, describe
from provenance.release import release
from provenance.verify import verify, verify_folder
from studio.cli import app
from tests.provenance.authority import HAS_OPENSSL, make_authority, served

YEAR = datetime.timedelta(days=365)
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)


def typed(home, *words):
    return CliRunner().invoke(app, ["keys", *words, "--home", str(home.folder)])


def test_what_a_compromised_key_signed_is_unknown_and_new_keys_sign_on(restoration, home, tmp_path):
    sealed = release(restoration, tmp_path / "out", home)
    run = typed(home, "revoke", "--since", "2026-01-01", "--json")
    told = json.loads(run.stdout)
    assert run.exit_code == 0 and told["new_keys"] is True and told["unaffected"] == []
    assert [one[2] for one in told["affected"]] == [sealed.record["id"]]
    found = {verdict.path.name: verdict for verdict in verify_folder(sealed.folder, home)}
    for name in ("restored.png", "scene.glb", "record.json"):
        assert found[name].state == "unknown", name
        assert any("marked as compromised since 2026-01-01" in reason for reason in found[name].reasons)
    assert found["mask.png"].state == "intact"      # nobody signed it: the log vouches for it
    later = release(restoration, tmp_path / "later", home)
    assert {verdict.state for verdict in verify_folder(later.folder, home)} == {"intact"}


def test_a_copy_that_left_its_record_behind_is_doubted_by_its_credential(restoration, home, tmp_path):
    sealed = release(restoration, tmp_path / "out", home)
    revoke(home.keys, NOW - YEAR)
    for path in home.records.glob("*.json"):
        path.unlink()
    (sealed.folder / "record.json").unlink()
    verdict = verify(sealed.folder / "restored.png", home)
    assert verdict.state == "unknown"


@pytest.mark.skipif(not HAS_OPENSSL, reason="the openssl command is not installed")
def test_a_time_stamp_from_before_keeps_a_release_intact(restoration, home, tmp_path):
    authority = make_authority(tmp_path / "tsa")
    with served(authority.reply) as url:
        timestamp_authority.configure(home, url, authority.root_pem)
        stamped = release(restoration, tmp_path / "stamped", home)
        plain = release(restoration, tmp_path / "plain", dataclasses.replace(home, tsa="none"))
    since = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    run = typed(home, "revoke", "--since", since.isoformat(), "--json")
    told = json.loads(run.stdout)
    assert [one[2] for one in told["unaffected"]] == [stamped.record["id"]]
    assert [one[2] for one in told["affected"]] == [plain.record["id"]]
    verdict = verify(stamped.folder / "restored.png", home)
    assert verdict.state == "intact" and any("so it is not affected" in reason for reason in verdict.reasons)
    assert verify(plain.folder / "restored.png", home).state == "unknown"
    # from before the stamp: then the stamp helps no more
    revoke(home.keys, NOW - YEAR, stamped.record["signing"]["certificate"]["fingerprint"])
    assert verify(stamped.folder / "restored.png", home).state == "unknown"


def test_the_earliest_date_counts_and_a_former_key_is_named_by_its_digits(home):
    first = keys.signing_keys(home.keys)
    assert typed(home, "rotate").exit_code == 0
    run = typed(home, "revoke", "--since", "2026-02-03", "--key", first.fingerprint)
    assert run.exit_code == 0 and "Marked as compromised since 2026-02-03 00:00:00 UTC" in run.stdout
    assert "New keys" not in run.stdout
    revoke(home.keys, NOW, first.fingerprint)
    (only,) = revocations(home.keys)
    assert f"{only.since:%Y-%m-%d}" == "2026-02-03"
    run = typed(home, "revoke", "--since", "2026-02-03", "--key", "0" * 16)
    assert run.exit_code == 1 and first.fingerprint in run.output
    assert typed(home, "revoke", "--since", "last week").exit_code == 1


def test_a_key_of_somebody_elses_making_signs_nothing_until_another_is_brought(restoration, home, tmp_path, monkeypatch):
    keys.signing_keys(home.keys)
    monkeypatch.setattr("provenance.keys.revocation.is_self_made", lambda _root: False)
    _, is_replaced = revoke(home.keys, NOW - YEAR)
    assert not is_replaced
    with pytest.raises((KeyRevokedError, ReleaseError), match="keys use"):
        release(restoration, tmp_path / "out", home)
    assert not (tmp_path / "out").exists()


def test_a_list_that_cannot_be_read_makes_nothing_intact(restoration, home, tmp_path):
    sealed = release(restoration, tmp_path / "out", home)
    (home.keys / "revoked.json").write_text("[{]")
    verdict = verify(sealed.folder / "restored.png", home)
    assert verdict.state == "unknown" and "put it back from a backup" in verdict.reasons[0]


def test_nothing_is_marked_where_there_is_no_key(home):
    with pytest.raises(KeyRevokedError, match="no signing key yet"):
        revoke(home.keys, NOW)
    assert describe(home.keys) is None and not home.folder.exists()
    assert revocation_of(home.keys, fingerprint=SigningKeys(None, b"", b"").fingerprint) is None
