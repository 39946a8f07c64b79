"""An eight-second certificate: what is left of a signature when its certificate has ended, with a time stamp and without."""

import dataclasses
import datetime
import shutil
import time

import cv2
import numpy as np
import pytest

from provenance import timestamp_authority
from provenance.credential_reading import read_credential
from provenance.draft import Document, Draft, Picture
from provenance.home import Home
from provenance.keys import anchors, signing
from provenance.keys.certificates import Lifetimes
from provenance.keys.errors import CertificateTimeError
from provenance.release import release
from provenance.timestamp_clock import parse_date
from provenance.verify import verify, verify_folder
from tests.provenance.authority import HAS_OPENSSL, make_authority, served

pytestmark = pytest.mark.skipif(not HAS_OPENSSL, reason="the openssl command is not installed")
DAY = datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class Ended:
    """Two Releases of one home, signed with a certificate that has ended since."""

    home: Home
    stamped: object
    bare: object
    draft: Draft


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    place = tmp_path_factory.mktemp("ended")
    home, authority = Home(place / "home"), make_authority(place / "tsa")
    rng = np.random.default_rng(0)
    pixels = cv2.resize(rng.integers(0, 255, (6, 8, 3), np.uint8), (96, 64), interpolation=cv2.INTER_CUBIC)
    draft = Draft(
        "speculate",
        {"seed": 1},
        (
            Picture("variant.png", pixels, "variant", ai=np.ones(pixels.shape[:2], bool)),
            Document("scene.glb", "model/gltf-binary", "scene", True, data=b"glTF" + bytes(90)),
            Document("notes.txt", "text/plain", "report", False, data=b"notes"),
        ),
    )
    with served(authority.reply) as url:
        timestamp_authority.configure(home, url, authority.root_pem)
        signing.make(home.keys, "Museum", lifetimes=Lifetimes(leaf=datetime.timedelta(seconds=8)))
        stamped = release(draft, place / "stamped", home)
        bare = release(draft, place / "bare", dataclasses.replace(home, tsa="none"))
    ends = signing.describe(home.keys).ends
    before = {folder.name: verify(folder / "variant.png", home) for folder in (stamped.folder, bare.folder)}
    assert {verdict.state for verdict in before.values()} == {"intact"}
    time.sleep(max(0.0, (ends - datetime.datetime.now(datetime.UTC)).total_seconds() + 1.2))
    return Ended(home, stamped, bare, draft)


@pytest.mark.parametrize("name", ["variant.png", "scene.glb"])
def test_after_its_certificate_s_end_a_file_verifies_with_a_time_stamp_and_not_without(ended, name):
    with_stamp, without = (verify(one.folder / name, ended.home) for one in (ended.stamped, ended.bare))
    assert (with_stamp.state, with_stamp.stamped_by) == ("intact", "Museum, time")
    assert any("keeps the signature valid" in reason for reason in with_stamp.reasons)
    assert (without.state, without.exit_code, without.stamped) == ("unknown", 4, None)
    assert "its certificate ended on" in without.reasons[0]
    assert with_stamp.certificate_ends == without.certificate_ends == ended.bare.record["signing"]["certificate"]["ends"]


def test_a_file_of_the_same_release_that_carries_no_signature_does_not_fall_with_the_certificate(ended):
    assert verify(ended.bare.folder / "notes.txt", ended.home).state == "intact"


def test_the_stamp_beside_the_record_alone_keeps_a_signature_valid(ended, tmp_path):
    # a reader that knows no authority's root but ours reads the credential as ended; the Record's stamp still counts
    home = Home(tmp_path / "home")
    shutil.copytree(ended.home.folder, home.folder)
    path = ended.stamped.folder / "variant.png"
    assert read_credential(path, anchors(home.keys)).state == "Expired"
    assert verify(path, home).state == "intact"
    (home.keys / "tsa-roots.pem").unlink()
    verdict = verify(path, home)
    assert verdict.state == "unknown"
    assert any("whom this machine does not know" in reason for reason in verdict.reasons)


def test_a_stamp_found_in_the_archive_counts_for_a_file_that_was_carried_away(ended, tmp_path):
    copy = tmp_path / "elsewhere.png"
    shutil.copy(ended.stamped.folder / "variant.png", copy)
    assert verify(copy, ended.home).state == "intact"
    (ended.home.records / "x.tsr").write_bytes(b"stray")  # nothing stumbles over strays
    assert verify(copy, ended.home).state == "intact"


@pytest.mark.parametrize("at", [0, 0.3, 0.6, 0.99])
def test_a_change_is_told_apart_from_an_ended_certificate(ended, tmp_path, at):
    data = (ended.bare.folder / "variant.png").read_bytes()
    path = tmp_path / "variant.png"
    i = int(at * len(data))
    path.write_bytes(data[:i] + bytes([data[i] ^ 4]) + data[i + 1 :])
    verdict = verify(path, ended.home)
    assert verdict.state in ("altered", "unknown")
    assert "ended" not in verdict.reasons[0]
    first = data.index(b"Museum")
    path.write_bytes(data[:first] + b"Mvseum" + data[first + 6 :])
    assert verify(path, ended.home).state == "altered"


def test_a_past_date_asks_for_a_time_stamp_from_before(ended):
    path = ended.stamped.folder / "variant.png"
    stamped = parse_date(verify(path, ended.home).stamped)
    then = verify(path, ended.home, stamped)
    assert (then.state, then.existed) == ("intact", True)
    assert "it existed on" in then.reasons[-3] + then.reasons[-2] + then.reasons[-1]
    earlier = verify(path, ended.home, stamped - DAY)
    assert (earlier.state, earlier.existed, earlier.exit_code) == ("unknown", None, 4)
    assert "is unproven: its earliest time stamp is of" in earlier.reasons[0]
    bare = verify(ended.bare.folder / "variant.png", ended.home, stamped)
    assert (bare.state, bare.existed) == ("unknown", None)
    assert "is unproven: it has no time stamp" in bare.reasons[0]
    assert verify(ended.bare.folder / "notes.txt", ended.home, stamped).state == "unknown"


def test_a_coming_date_asks_whether_the_signature_will_hold(ended, tmp_path):
    home = Home(tmp_path / "home")
    sealed = release(ended.draft, tmp_path / "out", home)
    ends = parse_date(sealed.record["signing"]["certificate"]["ends"])
    path = sealed.folder / "variant.png"
    assert verify(path, home, ends - DAY).state == "intact"
    later = verify(path, home, ends + DAY)
    assert (later.state, later.existed) == ("unknown", True)
    assert "no time stamp shows that it was signed before" in later.reasons[0]
    assert verify(ended.stamped.folder / "variant.png", ended.home, ends + DAY).state == "intact"


def test_a_folder_is_judged_at_a_date_as_well(ended):
    ends = parse_date(ended.stamped.record["signing"]["certificate"]["ends"])
    states = {
        verdict.path.name: verdict.state for verdict in verify_folder(ended.stamped.folder, ended.home, ends + 9999 * DAY)
    }
    assert set(states.values()) == {"intact"}
    states = {verdict.path.name: verdict.state for verdict in verify_folder(ended.bare.folder, ended.home, ends + 9999 * DAY)}
    assert states["variant.png"] == "unknown"


def test_nothing_is_signed_with_an_ended_certificate_and_new_keys_leave_the_old_files_verifiable(ended, tmp_path):
    home = Home(tmp_path / "home")
    shutil.copytree(ended.home.folder, home.folder)
    home = dataclasses.replace(home, tsa="none")
    with pytest.raises(CertificateTimeError, match=r"ended on.*Nothing was released"):
        release(ended.draft, tmp_path / "out", home)
    signing.make(home.keys, "Museum", replace=True)
    again = release(ended.draft, tmp_path / "out", home)
    assert verify(again.folder / "variant.png", home).state == "intact"
    assert verify(ended.stamped.folder / "variant.png", home).state == "intact"


def test_a_clock_that_runs_backwards_is_named_in_the_verdict(ended, monkeypatch):
    from provenance import timestamp_evidence

    monkeypatch.setattr(timestamp_evidence, "now", lambda: datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
    verdict = verify(ended.stamped.folder / "variant.png", ended.home)
    assert verdict.state == "unknown"
    assert "this machine's clock says 2020-01-01" in verdict.reasons[0]
    assert "set the clock" in verdict.reasons[0]
