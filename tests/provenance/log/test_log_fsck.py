"""fsck: what the signed root proves is put back, what it does not is told, and nothing changes unasked."""

import json
import shutil
from pathlib import Path

import pytest

from provenance.log.errors import CorruptLogError, NoLogError, OldLogError
from provenance.log.fsck import fsck
from provenance.log.store import Log
from provenance.log.tiles import layout
from tests.provenance.log.killing import open_log

SIZE = 600


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    log = open_log(folder)
    log.extend([b"entry %d" % i for i in range(SIZE)])
    log.sequencer.index.close()
    return folder


@pytest.fixture
def folder(sound, tmp_path):
    shutil.copytree(sound, tmp_path / "home")
    return tmp_path / "home"


def existing(folder: Path) -> Log:
    return Log.existing(folder / "log", folder / "keys")


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and "leaves.sqlite" not in p.name and p.name != ".lock"
    }


def states(report):
    return [finding.state for finding in report.findings]


def test_a_sound_log_has_no_findings_and_is_not_touched(folder):
    before = content(folder)
    report = fsck(existing(folder), repair=True)
    assert (report.size, report.findings, report.is_sound) == (SIZE, [], True)
    assert content(folder) == before


PROVEN = {
    "a hash tile is missing": lambda log: (log / "tile/0/000").unlink(),
    "the partial tile is missing": lambda log: (log / "tile/0/002.p/88").unlink(),
    "the upper tile is missing": lambda log: (log / "tile/1/000.p/2").unlink(),
    "all hashes are missing": lambda log: [shutil.rmtree(log / "tile/0"), shutil.rmtree(log / "tile/1")],
    "a hash was flipped": lambda log: flip(log / "tile/0/001", 40),
    "a hash tile is cut off": lambda log: (log / "tile/0/000").write_bytes((log / "tile/0/000").read_bytes()[:-5]),
    "an upper hash was flipped": lambda log: flip(log / "tile/1/000.p/2", 33),
    "the checkpoint is missing": lambda log: (log / "checkpoint").unlink(),
    "the checkpoint is damaged": lambda log: (log / "checkpoint").write_bytes(b"\xff\x00"),
    "the copy beside the key is missing": lambda log: (log.parent / "keys/log.checkpoint").unlink(),
    "the index is damaged": lambda log: (log / "leaves.sqlite").write_bytes(b"nothing" * 999),
    "a stopped writer left a file": lambda log: (log / "tile/0/002.tmp").write_bytes(b"half"),
}


def flip(path: Path, at: int) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])


@pytest.mark.parametrize("fault", PROVEN)
def test_what_the_signed_root_proves_is_found_and_put_back(folder, fault):
    good = content(folder)
    PROVEN[fault](folder / "log")
    before = content(folder)
    report = fsck(existing(folder))
    assert report.size == SIZE and set(states(report)) == {"repairable"}, report.findings
    assert not report.is_sound
    assert content(folder) == before  # nothing was changed yet
    report = fsck(existing(folder), repair=True)
    assert report.is_sound and set(states(report)) == {"repaired"}
    assert content(folder) == good
    assert fsck(existing(folder)).findings == []
    log = open_log(folder)
    assert log.append(b"the log goes on").index == SIZE
    assert log.audit().problems == []


def test_every_tile_can_be_lost_and_put_back(folder):
    good = content(folder)
    for tile in layout(SIZE):
        (folder / "log" / tile.path).unlink()
        assert fsck(existing(folder), repair=True).is_sound
    assert content(folder) == good


def test_lost_entries_are_told_and_come_back_only_when_their_hash_proves_them(folder):
    good = content(folder)
    (folder / "log/tile/entries/001").unlink()
    report = fsck(existing(folder), repair=True)
    assert states(report) == ["lost"] and "leaves 256–511" in report.findings[0].text
    with pytest.raises(CorruptLogError):
        list(open_log(folder).entries())
    assert open_log(folder).proof(300)  # the hashes still prove
    some = [b"entry %d" % i for i in range(256, 512) if i != 400]
    report = fsck(existing(folder), repair=True, known=[*some, b"a forged entry 400"])
    assert "leaf 400" in report.findings[0].text and states(report) == ["lost"]
    assert fsck(existing(folder), repair=True, known=[*some, b"entry 400"]).is_sound
    assert content(folder) == good


def test_one_damaged_entry_is_told_alone(folder):
    path = folder / "log/tile/entries/000"
    flip(path, path.read_bytes().index(b"entry 77") + 6)
    report = fsck(existing(folder))
    assert states(report) == ["lost"] and "leaf 77 " in report.findings[0].text


def test_hashes_and_entries_of_a_tile_gone_leave_its_root(folder):
    (folder / "log/tile/entries/000").unlink()
    (folder / "log/tile/0/000").unlink()
    report = fsck(existing(folder), repair=True)
    assert report.size == SIZE and set(states(report)) == {"lost"}
    assert "leaves 0–255" in report.findings[0].text
    assert fsck(existing(folder), repair=True, known=[b"entry 0"]).size == SIZE


def test_a_log_of_which_nothing_fits_a_signed_root_is_told_as_lost(folder):
    (folder / "log/tile/entries/002.p/88").unlink()
    (folder / "log/tile/0/002.p/88").unlink()
    report = fsck(existing(folder), repair=True)
    assert report.size == 0 and "Restore the folder" in report.findings[-1].text
    (folder / "log/checkpoint").unlink()
    (folder / "keys/log.checkpoint").unlink()
    assert "No checkpoint is left" in fsck(existing(folder)).findings[-1].text


def test_a_restored_backup_says_which_entries_it_lacks(folder, tmp_path):
    shutil.copytree(folder / "log", tmp_path / "backup")
    log = open_log(folder)
    log.extend([b"more %d" % i for i in range(3)])
    log.sequencer.index.close()
    shutil.rmtree(folder / "log")
    (tmp_path / "backup").rename(folder / "log")
    report = fsck(existing(folder), repair=True)
    assert states(report) == ["lost"] and "600 to 602" in report.findings[0].text
    with pytest.raises(OldLogError):
        open_log(folder).append(b"x")  # and it is still refused


def test_an_older_checkpoint_over_newer_tiles_is_put_right(folder):
    old = (folder / "log/checkpoint").read_bytes()
    open_log(folder).append(b"one more")
    (folder / "log/checkpoint").write_bytes(old)
    report = fsck(existing(folder), repair=True)
    assert report.is_sound and report.size == SIZE + 1
    assert open_log(folder).find(b"one more") == SIZE


@pytest.mark.parametrize("more", [0, 2])
def test_two_signed_histories_are_named_and_both_kept(folder, tmp_path, more):
    shutil.copytree(folder, tmp_path / "fork")
    open_log(folder).append(b"here")
    fork = open_log(tmp_path / "fork")
    fork.append(b"there")
    other = tmp_path / "fork/log/checkpoint"
    proof = tmp_path / "stranger.tlog-proof"
    proof.write_text(fork.proof(600))
    open_log(folder).extend([b"further %d" % i for i in range(more)])
    for evidence in (other, proof):
        report = fsck(existing(folder), others=[evidence])
        assert states(report) == ["lost"] and str(evidence) in report.findings[0].text and "forked" in report.findings[0].text
    fsck(existing(folder), repair=True, others=[other])
    if not more:
        assert not fsck(existing(folder)).is_sound
        kept = sorted((folder / "log/evidence").glob("601-*.checkpoint"))
        assert {path.read_text() for path in kept} == {other.read_text(), (folder / "log/checkpoint").read_text()}


def test_a_checkpoint_of_another_key_is_told_and_changes_nothing(folder, tmp_path):
    stranger = open_log(tmp_path / "stranger")
    report = fsck(existing(folder), others=[Path(stranger.place) / "checkpoint", tmp_path / "nowhere"])
    assert states(report) == ["noted", "noted"] and report.is_sound


def test_clocks_that_run_backwards_are_told(tmp_path):
    log = open_log(tmp_path)
    times = ["2026-03-01T10:00:00Z", "2026-03-01T09:30:00Z", "2026-02-01T10:00:00Z", "not a time", "2999-01-01T00:00:00Z"]
    log.extend([json.dumps({"made": made}).encode() for made in times])
    texts = [finding.text for finding in fsck(log).findings]
    assert len(texts) == 2
    assert "Leaf 2 says 2026-02-01" in texts[0] and "backwards" in texts[0]
    assert "Leaf 4" in texts[1] and "ahead of this machine's clock" in texts[1]
    assert fsck(log).is_sound


def test_without_a_log_nothing_is_made(tmp_path):
    with pytest.raises(NoLogError):
        existing(tmp_path)
    assert list(tmp_path.iterdir()) == []
