"""The log in its folder: what is logged can be found and proved, and what was damaged is refused by name."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance.log.errors import (
    CorruptLogError,
    EntryError,
    LogError,
    LogKeyError,
    OldLogError,
    ProofError,
    SignatureError,
)
from provenance.log.proof import verify_proof
from provenance.log.store import Log
from provenance.log.tiles import EMPTY_ROOT, layout, leaf_hash


def open_log(folder: Path) -> Log:
    return Log.open(folder / "log", folder / "keys")


def filled(folder: Path, count: int) -> Log:
    log = open_log(folder)
    log.extend([b"entry %d" % i for i in range(count)])
    return log


def test_an_empty_log_is_signed_sound_and_finds_nothing(tmp_path):
    log = open_log(tmp_path)
    assert (log.checkpoint().size, log.checkpoint().root) == (0, EMPTY_ROOT)
    assert log.find(b"anything") is None
    assert list(log.entries()) == []
    assert log.audit().problems == []
    assert log.extend([]) == []
    with pytest.raises(ProofError, match="0 entries"):
        log.proof(0)


def test_the_origin_names_the_key_and_the_key_file_is_ours_alone(tmp_path):
    log = open_log(tmp_path)
    assert log.checkpoint().origin == log.signer.name
    assert log.signer.name.startswith("anastylosis.local/") and len(log.signer.name) == len("anastylosis.local/") + 8
    assert stat.S_IMODE((tmp_path / "keys" / "log.key").stat().st_mode) == 0o600
    assert open_log(tmp_path).signer.verifier == log.signer.verifier
    assert (tmp_path / "keys" / "log.vkey").read_text() == log.signer.verifier.text() + "\n"


def test_what_is_appended_is_found_listed_and_proved(tmp_path):
    log = open_log(tmp_path)
    leaves = [log.append(b"entry %d" % i) for i in range(20)]
    assert [leaf.index for leaf in leaves] == list(range(20))
    assert list(log.entries()) == [(i, b"entry %d" % i) for i in range(20)]
    again = open_log(tmp_path)
    for leaf in leaves:
        entry = b"entry %d" % leaf.index
        assert leaf.hash == leaf_hash(entry)
        assert again.find(entry) == leaf.index
        assert verify_proof(again.proof(leaf.index), entry, [log.signer.verifier.text()]).valid
    assert again.find(b"entry 20") is None
    assert again.audit().problems == []


@settings(max_examples=12, deadline=None)
@given(st.lists(st.lists(st.binary(max_size=40), max_size=300), max_size=5))
def test_any_batches_give_the_same_log_as_one(tmp_path_factory, batches):
    one, many = open_log(tmp_path_factory.mktemp("one")), open_log(tmp_path_factory.mktemp("many"))
    everything = list(dict.fromkeys(entry for batch in batches for entry in batch))
    one.extend(everything)
    for batch in batches:
        many.extend(batch)
    assert many.checkpoint().root == one.checkpoint().root
    assert [e for _, e in many.entries()] == everything
    assert many.audit().problems == []


@pytest.mark.parametrize("size", [1, 255, 256, 257, 511, 512, 600])
def test_the_folder_holds_the_tiles_of_its_size_and_no_others(tmp_path, size):
    log = filled(tmp_path, size - 1)
    log.append(b"last")
    tiles = layout(size)
    expected = {t.path for t in tiles} | {t.entries_path for t in tiles if t.level == 0} | {"checkpoint", ".lock"}
    here = {str(p.relative_to(tmp_path / "log")) for p in (tmp_path / "log").rglob("*") if p.is_file()}
    assert {name for name in here if not name.startswith("leaves.sqlite")} == expected


def test_the_longest_entry_fits_and_a_longer_one_is_refused_untouched(tmp_path):
    log = filled(tmp_path, 2)
    longest = os.urandom(65_535)
    assert log.append(longest).index == 2
    with pytest.raises(EntryError, match="65,536"):
        log.append(longest + b"!")
    assert log.append(b"").index == 3
    assert [e for _, e in log.entries()] == [b"entry 0", b"entry 1", longest, b""]


def test_a_deleted_or_lying_index_costs_nothing_but_time(tmp_path):
    log = filled(tmp_path, 300)
    index = log.sequencer.index
    index.drop()
    assert (log.find(b"entry 7"), log.find(b"entry 299"), log.find(b"no")) == (7, 299, None)
    log.append(b"next")
    assert index.covers() == (301, leaf_hash(b"next"))
    with index._open() as connection:
        connection.execute("UPDATE leaf SET number = 0 WHERE number = 9")  # says that entry 9 stands at 0
    assert log.find(b"entry 9") == 9
    assert any("fsck --repair" in problem for problem in log.audit().problems)
    index.close()
    index.path.write_bytes(b"no database at all" * 100)
    assert log.find(b"entry 9") == 9
    log.append(b"after the damage")
    assert log.audit().problems == []
    assert index.find([leaf_hash(b"entry 9")]) == {leaf_hash(b"entry 9"): 9}


def test_partial_tiles_of_a_dead_writer_are_overwritten(tmp_path):
    log = filled(tmp_path, 255)
    for wide in ("tile/0/000", "tile/entries/000", "tile/0/001.p/4", "tile/entries/001.p/4", "tile/1/000.p/1"):
        (Path(log.place) / wide).parent.mkdir(parents=True, exist_ok=True)
        (Path(log.place) / wide).write_bytes(b"left over")
    assert log.find(b"entry 254") == 254
    log.extend([b"one", b"two"])
    assert log.audit() == type(log.audit())(257, [])


DAMAGES = {
    "a flipped bit in the last hash tile": ("tile/0/001.p/44", lambda b: bytes([b[0] ^ 1]) + b[1:]),
    "a hash tile cut off": ("tile/0/001.p/44", lambda b: b[:-1]),
    "a flipped bit in the last entries": ("tile/entries/001.p/44", lambda b: b[:5] + bytes([b[5] ^ 1]) + b[6:]),
    "a cut-off bundle": ("tile/entries/001.p/44", lambda b: b[:-3]),
    "a changed upper tile": ("tile/1/000.p/1", lambda b: b[::-1]),
    "an emptied checkpoint": ("checkpoint", lambda b: b[:0]),
    "a checkpoint that is not text": ("checkpoint", lambda b: b"\xff" + b),
    "a checkpoint of another size": ("checkpoint", lambda b: b.replace(b"\n300\n", b"\n299\n")),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_log_is_refused_untouched_and_the_audit_says_so(tmp_path, name):
    log = filled(tmp_path, 300)
    path, damage = DAMAGES[name]
    (Path(log.place) / path).write_bytes(damage((Path(log.place) / path).read_bytes()))
    before = {p: p.read_bytes() for p in Path(log.place).rglob("*") if p.is_file()}
    with pytest.raises((CorruptLogError, SignatureError)):
        log.append(b"more")
    assert {p: p.read_bytes() for p in Path(log.place).rglob("*") if p.is_file()} == before
    assert log.audit().problems


@pytest.mark.parametrize("path", ["tile/0/000", "tile/entries/000", "tile/0/001.p/44", "tile/1/000.p/1", "checkpoint"])
def test_a_missing_file_is_named(tmp_path, path):
    log = filled(tmp_path, 300)
    (Path(log.place) / path).unlink()
    problems = log.audit().problems if path != "checkpoint" else []
    if path == "checkpoint":
        with pytest.raises(CorruptLogError, match="checkpoint"):
            log.append(b"more")
    else:
        assert any(path in problem for problem in problems)


def test_every_flipped_byte_of_an_old_bundle_is_found(tmp_path):
    log = filled(tmp_path, 258)
    bundle = Path(log.place) / "tile/entries/000"
    data = bundle.read_bytes()
    for at in range(0, len(data), 397):
        bundle.write_bytes(data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :])
        assert log.audit().problems
        with pytest.raises(CorruptLogError):
            list(log.entries())
    bundle.write_bytes(data)
    assert log.audit().problems == []


def test_a_proof_is_not_written_from_damaged_tiles(tmp_path):
    log = filled(tmp_path, 300)
    tile = Path(log.place) / "tile/0/000"
    tile.write_bytes(bytes(32) + tile.read_bytes()[32:])
    with pytest.raises(CorruptLogError, match="tile/0/000"):
        log.proof(1)


def test_a_restored_backup_of_the_log_is_refused(tmp_path):
    log = filled(tmp_path, 3)
    shutil.copytree(Path(log.place), tmp_path / "backup")
    log.append(b"after the backup")
    shutil.rmtree(Path(log.place))
    (tmp_path / "backup").rename(Path(log.place))
    with pytest.raises(OldLogError, match=r"has 3 entries but .* was signed for 4"):
        open_log(tmp_path).append(b"more")
    assert any("old copy" in problem for problem in log.audit().problems)


def test_a_log_whose_folder_was_deleted_is_not_begun_anew(tmp_path):
    log = filled(tmp_path, 3)
    shutil.rmtree(Path(log.place))
    with pytest.raises(OldLogError):
        open_log(tmp_path)


def test_a_log_that_took_another_turn_is_refused(tmp_path):
    log = filled(tmp_path, 3)
    shutil.copytree(tmp_path, tmp_path / "fork")
    log.append(b"here")
    fork = open_log(tmp_path / "fork")
    fork.extend([b"there", b"and further"])
    shutil.copy(tmp_path / "keys" / "log.checkpoint", tmp_path / "fork" / "keys" / "log.checkpoint")
    with pytest.raises(OldLogError, match="other entries"):
        fork.append(b"more")


def test_a_log_ahead_of_its_key_is_accepted(tmp_path):
    """A writer that dies between the log's checkpoint and the copy beside the key leaves a sound log."""
    log = filled(tmp_path, 3)
    copy = (tmp_path / "keys" / "log.checkpoint").read_bytes()
    log.append(b"entry 3")
    (tmp_path / "keys" / "log.checkpoint").write_bytes(copy)
    assert open_log(tmp_path).append(b"entry 4").index == 4


def test_a_log_of_another_key_is_refused(tmp_path):
    log = filled(tmp_path, 3)
    shutil.rmtree(tmp_path / "keys")
    with pytest.raises(SignatureError, match="checkpoint"):
        open_log(tmp_path).append(b"more")
    assert log.checkpoint().size == 3


def test_a_key_that_is_no_key_or_open_to_others_is_named(tmp_path):
    open_log(tmp_path)
    key = tmp_path / "keys" / "log.key"
    key.chmod(0o644)
    with pytest.raises(LogKeyError, match="chmod 600"):
        open_log(tmp_path)
    key.chmod(0o600)
    key.write_text("nothing")
    with pytest.raises(LogKeyError, match="not a private key"):
        open_log(tmp_path)


WRITER = """
import sys
from pathlib import Path
from provenance.log.store import Log
log = Log.open(Path(sys.argv[1]) / "log", Path(sys.argv[1]) / "keys")
for i in range(int(sys.argv[3])):
    print(log.append(f"{sys.argv[2]} {i}".encode()).index, flush=True)
"""


def test_two_processes_that_append_at_once_both_succeed(tmp_path):
    """They even race for the making of the key."""
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), name, "60"], stdout=subprocess.PIPE, text=True)
        for name in ("left", "right")
    ]
    indices = [[int(line) for line in writer.communicate(timeout=60)[0].split()] for writer in writers]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert sorted(indices[0] + indices[1]) == list(range(120))
    log = open_log(tmp_path)
    assert log.audit() == type(log.audit())(120, [])
    for name, found in zip(("left", "right"), indices, strict=True):
        assert [log.find(f"{name} {i}".encode()) for i in range(60)] == found


def test_every_error_of_the_log_has_one_root():
    assert all(issubclass(e, LogError) for e in (CorruptLogError, EntryError, LogKeyError, OldLogError, SignatureError))
