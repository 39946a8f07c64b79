"""Time stamps: what a sound authority gives, what a bad one is called, and that nothing is released in between."""

import dataclasses
import datetime
import json
import os
import subprocess

import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from provenance import record as records
from provenance import timestamp, timestamp_authority, timestamp_clock
from provenance.archive import Archive
from provenance.credential_reading import read_credential
from provenance.home import Home
from provenance.keys import anchors
from provenance.release import release
from provenance.timestamp_errors import (
    ClockError,
    DateError,
    TimeStampError,
    TimeStampMismatchError,
    TimeStampRefusedError,
    TimeStampUnreachableError,
    TimeStampUntrustedError,
)
from provenance.verify import verify, verify_folder
from tests.provenance.authority import HAS_OPENSSL, make_authority, other_imprint, other_nonce, served

pytestmark = pytest.mark.skipif(not HAS_OPENSSL, reason="the openssl command is not installed")


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return make_authority(tmp_path_factory.mktemp("authority") / "tsa")


@pytest.fixture
def url(sound):
    with served(sound.reply) as place:
        yield place


@pytest.fixture
def stamped_home(home, sound, url):
    timestamp_authority.configure(home, url, sound.root_pem)
    return home


def _one_file(draft):
    return dataclasses.replace(draft, files=draft.files[:1])


# --- the stamp itself ------------------------------------------------------------------------------------------------


def test_a_stamp_verifies_offline_and_openssl_agrees(sound, url, tmp_path):
    response = timestamp.fetch(url, b"the Record")
    stamp = timestamp.verify(response, b"the Record", sound.root_pem.decode())
    assert abs(stamp.time - datetime.datetime.now(datetime.UTC)) < datetime.timedelta(minutes=1)
    assert (stamp.authority, stamp.root) == ("Museum, time", "Museum, time root")
    (tmp_path / "record.json").write_bytes(b"the Record")
    (tmp_path / "record.tsr").write_bytes(response)
    said = subprocess.run(
        ["openssl", "ts", "-verify", "-data", "record.json", "-in", "record.tsr", "-CAfile", sound.folder / "root.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert "Verification: OK" in said.stdout, said.stderr


def test_a_stamp_for_other_bytes_or_below_another_root_does_not_hold(sound, url, tmp_path):
    response = timestamp.fetch(url, b"the Record")
    with pytest.raises(TimeStampMismatchError, match="other bytes"):
        timestamp.verify(response, b"another", sound.root_pem.decode())
    other = make_authority(tmp_path / "other")
    for roots in ("", other.root_pem.decode()):
        with pytest.raises(TimeStampUntrustedError, match="keys tsa URL --root"):
            timestamp.verify(response, b"the Record", roots)


def test_a_flip_of_any_byte_of_a_stamp_is_noticed_or_changes_nothing_that_it_says(sound, url):
    response = timestamp.fetch(url, b"the Record")
    said, noticed = timestamp.verify(response, b"the Record", sound.root_pem.decode()), 0
    for at in range(0, len(response), 5):
        flipped = response[:at] + bytes([response[at] ^ 0x20]) + response[at + 1 :]
        try:
            assert timestamp.verify(flipped, b"the Record", sound.root_pem.decode()) == said
        except TimeStampError:
            noticed += 1
    assert noticed > len(response) / 5 / 2  # the rest is a copy of the root, which nobody needs


def test_an_authority_s_own_order_of_certificates_is_put_right(sound):
    from rfc3161_client import TimestampRequestBuilder, decode_timestamp_response

    raw = sound.reply(TimestampRequestBuilder().data(b"x").build().as_bytes())
    ordered = timestamp.certificates_sorted(raw)
    assert sorted(ordered) == sorted(raw)
    assert decode_timestamp_response(ordered).status == 0
    for spoiled in (b"", b"0", raw[:40], raw[:700], b"\x30\x84\xff\xff\xff\xff" + raw, bytes(99)):
        assert timestamp.certificates_sorted(spoiled) == spoiled


def test_a_certificate_that_is_not_for_time_stamps_does_not_pass(tmp_path, sound, url):
    # openssl refuses to sign with one, so the root of a signer takes the authority's part
    response = timestamp.fetch(url, b"x")
    mail = make_authority(tmp_path / "mail", uses=(ExtendedKeyUsageOID.EMAIL_PROTECTION,))
    with pytest.raises(TimeStampUntrustedError):
        timestamp.verify(response, b"x", mail.root_pem.decode())
    with pytest.raises(subprocess.CalledProcessError):
        mail.reply(b"")


# What it does to a query (None: it is down), how it answers, what that is called.
BAD = {
    "down": (None, {}, TimeStampUnreachableError, "cannot be reached"),
    "stamps something else": (other_imprint, {}, TimeStampMismatchError, "other bytes"),
    "replays": (other_nonce, {}, TimeStampMismatchError, "nonce"),
    "answers junk": (b"<html>no</html>", {}, TimeStampRefusedError, "RFC 3161"),
    "answers nothing": (b"", {}, TimeStampRefusedError, "RFC 3161"),
    "rejects": (bytes.fromhex("30053003020102"), {}, TimeStampRefusedError, "status 2"),
    "is closed": (b"", {"status": 503}, TimeStampRefusedError, "HTTP 503"),
    "answers far too much": (bytes(2**18), {}, TimeStampError, "far too much"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_authority_is_named_and_nothing_is_released(restoration, home, sound, tmp_path, kind):
    behaviour, options, error, words = BAD[kind]
    (home.keys).mkdir(parents=True, mode=0o700)
    (home.keys / "tsa-roots.pem").write_bytes(sound.root_pem)

    def answer(query):
        return behaviour if isinstance(behaviour, bytes) else sound.reply(behaviour(query))

    with served(answer, **options) as place:
        if behaviour is None:
            place = "http://127.0.0.1:9/tsa"
        with pytest.raises(error, match=words) as told:
            release(restoration, tmp_path / "out", Home(home.folder, tsa=place))
    assert "asking for a time stamp" in str(told.value)
    assert "--tsa-optional" in str(told.value)
    assert not (tmp_path / "out").exists()
    assert not home.log.exists()


def test_a_slow_authority_is_not_waited_for(sound):
    with served(sound.reply, delay_s=1.5) as place, pytest.raises(TimeStampUnreachableError, match=r"within 0\.3 seconds"):
        timestamp.fetch(place, b"x", timeout_s=0.3)


@pytest.mark.parametrize("twist", [other_imprint, other_nonce, None], ids=["imprint", "nonce", "junk"])
def test_an_authority_that_begins_to_lie_while_files_are_signed_stops_the_release(restoration, home, sound, tmp_path, twist):
    asked = []

    def answer(query):
        asked.append(query)
        if len(asked) < 3:
            return sound.reply(query)
        return sound.reply(twist(query)) if twist is not None else b"junk"

    with served(answer) as place:
        timestamp_authority.configure(home, place, sound.root_pem)
        with pytest.raises(TimeStampError, match=r"signing restored\.png.*no time stamp"):
            release(restoration, tmp_path / "out", home)
        assert not (tmp_path / "out").exists()
        assert not home.log.exists()
        asked.clear()
        kept = release(restoration, tmp_path / "out", dataclasses.replace(home, is_tsa_optional=True))
    reason = kept.record["signing"]["time_stamp"]["reason"]
    assert "asked for and not to be had" in reason
    assert not (kept.folder / "record.tsr").exists()
    assert verify(kept.folder / "restored.png", home).state == "intact"


def test_without_an_authority_the_record_says_what_will_happen_and_when(restoration, home, tmp_path):
    sealed = release(_one_file(restoration), tmp_path / "out", home)
    signing = sealed.record["signing"]
    year = datetime.datetime.now(datetime.UTC).year + 14
    assert signing["certificate"]["ends"][:3] == str(year)[:3]
    assert signing["certificate"]["ends"][:10] in signing["outlook"]
    assert "not time-stamped" in signing["outlook"]
    assert signing["time_stamp"] == {"reason": "no time-stamping authority was named"}


# --- a stamped Release -----------------------------------------------------------------------------------------------


def test_a_stamped_release_has_a_stamp_in_each_signature_and_one_beside_the_record(restoration, stamped_home, url, tmp_path):
    sealed = release(restoration, tmp_path / "out", stamped_home)
    assert sealed.record["signing"]["time_stamp"] == {"tsa": url, "authority": "Museum, time"}
    assert "stay verifiable" in sealed.record["signing"]["outlook"]
    for output in sealed.record["outputs"]:
        if output["credential"] is not None:
            assert output["credential"]["stamped"].startswith("20")
    assert {verdict.state for verdict in verify_folder(sealed.folder, stamped_home)} == {"intact"}
    verdict = verify(sealed.folder / "restored.png", stamped_home)
    assert verdict.stamped_by == "Museum, time"
    assert any("time-stamped on" in reason for reason in verdict.reasons)


def test_a_stamped_credential_stays_below_twenty_kilobytes(restoration, stamped_home, tmp_path):
    plain = release(_one_file(restoration), tmp_path / "plain", dataclasses.replace(stamped_home, tsa="none"))
    sealed = release(_one_file(restoration), tmp_path / "out", stamped_home)
    sizes = [(one.folder / "restored.png").stat().st_size for one in (plain, sealed)]
    assert 0 < sizes[1] - sizes[0] < 12 * 1024
    assert not (plain.folder / "record.tsr").exists()


def test_a_missing_changed_or_exchanged_stamp_is_told(restoration, stamped_home, tmp_path):
    sealed = release(restoration, tmp_path / "out", stamped_home)
    other = release(restoration, tmp_path / "other", stamped_home)
    path = sealed.folder / "record.tsr"
    data = path.read_bytes()
    for spoiled in (data[:-1], data[:99] + b"\0" + data[100:], b"", (other.folder / "record.tsr").read_bytes()):
        path.write_bytes(spoiled)
        told = {verdict.path.name: verdict for verdict in verify_folder(sealed.folder, stamped_home)}
        assert told["record.json"].state == "altered"
        assert "record.tsr" in told["record.json"].reasons[1] + told["record.json"].reasons[0]
        assert told["restored.png"].state == "intact"
        assert verify(path, stamped_home).state in ("altered", "unknown")
    path.unlink()
    told = {verdict.path.name: verdict for verdict in verify_folder(sealed.folder, stamped_home)}
    assert "record.tsr is missing" in told["record.json"].reasons[0]


def test_a_stamp_outlives_the_names_that_were_forgotten(restoration, stamped_home, sound, tmp_path):
    named = dataclasses.replace(restoration, request={"operation": "restore", "prompt": "for Anna Rossi"})
    sealed = release(named, tmp_path / "out", stamped_home)
    digest = records.identity(records.canonical(sealed.record))
    assert Archive(stamped_home.records).forget(digest)
    far = tmp_path / "far.html"
    far.write_bytes((sealed.folder / "index.html").read_bytes())    # unsigned: only the Record's stamp can date it
    verdict = verify(far, stamped_home)
    assert verdict.state == "intact" and verdict.stamped_by == "Museum, time"
    assert "commitment:" in verdict.record["request"]["prompt"]
    # by other hands: the stamp is of the digest in the log's leaf
    stamp, root = sealed.folder / "record.tsr", sound.folder / "root.pem"
    asked = ["openssl", "ts", "-verify", "-digest", digest, "-in", stamp, "-CAfile", root]
    assert subprocess.run(asked, capture_output=True, check=False).returncode == 0


def test_a_root_of_time_stamps_vouches_for_no_signer(restoration, home, sound, tmp_path):
    sealed = release(_one_file(restoration), tmp_path / "out", home)
    root = anchors(home.keys)
    assert read_credential(sealed.folder / "restored.png", None, tsa_roots=root).state == "Valid"
    assert read_credential(sealed.folder / "restored.png", root, tsa_roots=sound.root_pem.decode()).state == "Trusted"


# --- which authority -------------------------------------------------------------------------------------------------


def test_an_authority_is_stored_only_after_a_trial_stamp_that_leads_to_a_trusted_root(home, sound, url, tmp_path):
    with pytest.raises(TimeStampUntrustedError, match=r"signs as “Museum, time”.*--root ROOT\.pem.*Nothing was stored"):
        timestamp_authority.configure(home, url)
    assert not home.folder.exists()
    stranger = make_authority(tmp_path / "stranger")
    with pytest.raises(TimeStampUntrustedError, match="given"):
        timestamp_authority.configure(home, url, stranger.root_pem)
    stamp = timestamp_authority.configure(home, url, sound.root_pem)
    assert stamp.authority == "Museum, time"
    assert timestamp_authority.authority(home).url == url
    assert json.loads((home.folder / "settings.json").read_bytes()) == {"tsa": {"url": url}}
    timestamp_authority.configure(home, url)  # the root is known by now
    timestamp_authority.configure(home, None)
    assert timestamp_authority.authority(home) is None
    assert timestamp_authority.roots(home) == sound.root_pem.decode()  # earlier stamps lead to it


def test_a_root_that_the_operating_system_trusts_need_not_be_given(home, sound, url, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(sound.folder / "root.pem"))
    timestamp_authority.configure(home, url)
    assert timestamp_authority.roots(home) == sound.root_pem.decode()


def test_one_run_can_name_another_authority_or_none(home, stamped_home):
    assert timestamp_authority.authority(dataclasses.replace(home, tsa="none")) is None
    assert timestamp_authority.authority(dataclasses.replace(home, tsa="http://other/")).url == "http://other/"
    for wrong in ("file:///etc/passwd", "tsa", "http://", "ftp://a/"):
        with pytest.raises(TimeStampUnreachableError, match="no place"):
            timestamp_authority.authority(dataclasses.replace(home, tsa=wrong))


# --- clocks ----------------------------------------------------------------------------------------------------------


def test_a_clock_that_runs_behind_the_log_stops_the_release(restoration, home, tmp_path):
    release(_one_file(restoration), tmp_path / "first", home)
    tomorrow = datetime.datetime.now(datetime.UTC).timestamp() + 86_400
    os.utime(home.keys / "log.checkpoint", (tomorrow, tomorrow))
    with pytest.raises(ClockError, match=r"runs behind.*Nothing was released"):
        release(_one_file(restoration), tmp_path / "out", home)
    assert not (tmp_path / "out").exists()


def test_a_clock_that_disagrees_with_the_authority_stops_the_release(restoration, stamped_home, tmp_path, monkeypatch):
    wrong = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=400)
    monkeypatch.setattr(timestamp_clock, "now", lambda: wrong.replace(microsecond=0))
    with pytest.raises(ClockError, match="behind the time-stamping authority Museum, time"):
        release(_one_file(restoration), tmp_path / "out", stamped_home)
    assert not (tmp_path / "out").exists()


def test_dates_are_read_strictly_and_a_day_means_its_end():
    assert timestamp_clock.parse_date("2041-11-20") == datetime.datetime(2041, 11, 20, 23, 59, 59, tzinfo=datetime.UTC)
    assert timestamp_clock.parse_date("2041-11-20T12:00:00+02:00").hour == 10
    for wrong in ("", "tomorrow", "2041-13-01", "20.11.2041", "0001-01-01T00:00:00+23:00"):
        with pytest.raises(DateError, match="is no date"):
            timestamp_clock.parse_date(wrong)
