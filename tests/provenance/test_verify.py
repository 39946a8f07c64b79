import dataclasses
import json
import os
import shutil
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from PIL import Image

from provenance import encode, keys, metadata
from provenance.credentials import Claim, Signatory
from provenance.draft import Document, Picture
from provenance.errors import UnreadableFileError
from provenance.home import Home
from provenance.log.store import Log
from provenance.release import release
from provenance.verify import verify, verify_folder

FILES = (
    "restored.png",
    "mask.png",
    "evidence.png",
    "index.html",
    "scene.glb",
    "scene.glb.c2pa",
    "record.json",
    "record.tlog-proof",
)


@pytest.fixture
def sealed(restoration, home, tmp_path):
    return release(restoration, tmp_path / "out", home)


@pytest.fixture
def marked(variant, home, tmp_path):
    sealed = release(variant, tmp_path / "variants", home)
    assert sealed.files[0].handle
    return sealed


# --- intact ----------------------------------------------------------------------------------------------------------


def test_every_file_of_a_release_is_intact(sealed, home):
    for name in FILES:
        verdict = verify(sealed.folder / name, home)
        assert (verdict.state, verdict.exit_code, verdict.leaf) == ("intact", 0, 0), (name, verdict.reasons)


@pytest.mark.parametrize("name", ["restored.png", "mask.png", "scene.glb", "index.html"])
def test_a_file_is_intact_wherever_it_lies_and_whatever_it_is_called(sealed, home, tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    copy = tmp_path / "elsewhere" / "renamed.bin"
    shutil.copy(sealed.folder / name, copy)
    verdict = verify(copy, home)
    assert verdict.state == "intact"
    assert verdict.record == sealed.record


def test_share_and_regions_are_told(sealed, home):
    verdict = verify(sealed.folder / "restored.png", home)
    assert verdict.ai_share == pytest.approx(1500 / (96 * 128), abs=1e-6)
    assert verdict.regions == ((40, 30, 50, 30),)
    assert verdict.contains_ai is True
    assert "known to this machine, not publicly trusted" in verdict.signer
    assert any("every pixel outside the AI regions is the source's" in reason for reason in verdict.reasons)
    assert verify(sealed.folder / "mask.png", home).contains_ai is False
    assert verify(sealed.folder / "mask.png", home).ai_share == 0


def test_a_verdict_is_plain_json(sealed, home):
    told = json.loads(json.dumps(verify(sealed.folder / "restored.png", home).to_json()))
    assert (told["state"], told["exit_code"], told["regions"]) == ("intact", 0, [[40, 30, 50, 30]])


def test_a_scene_without_its_sidecar_is_intact_and_that_is_said(sealed, home, tmp_path):
    copy = tmp_path / "scene.glb"
    shutil.copy(sealed.folder / "scene.glb", copy)
    verdict = verify(copy, home)
    assert verdict.state == "intact"
    assert "scene.glb.c2pa is not beside it" in verdict.reasons


def test_the_proof_alone_is_enough_when_the_log_was_lost(sealed, home):
    shutil.rmtree(home.log)
    shutil.rmtree(home.records)
    verdict = verify(sealed.folder / "restored.png", home)
    assert verdict.state == "intact"
    assert any("the proof beside it" in reason for reason in verdict.reasons)


def test_a_stranger_with_an_empty_home_sees_whose_it_is_and_that_nothing_vouches_for_them(sealed, tmp_path):
    stranger = Home(tmp_path / "stranger")
    verdict = verify(sealed.folder / "restored.png", stranger)
    assert verdict.state == "intact"
    assert "not known to this machine" in verdict.signer
    assert any("does not know" in reason for reason in verdict.reasons)
    assert verify(sealed.folder / "mask.png", stranger).state == "unknown"
    assert not stranger.folder.exists()


def test_a_broken_parent_is_told(restoration, sealed, home, tmp_path, note):
    broken = bytearray((sealed.folder / "restored.png").read_bytes())
    broken[-60] ^= 1
    parent = tmp_path / "broken.png"
    parent.write_bytes(broken)
    again = release(dataclasses.replace(restoration, sources=(note(parent),)), tmp_path / "again", home)
    verdict = verify(again.folder / "restored.png", home)
    assert verdict.state == "intact"
    assert any("broken.png was already altered" in reason for reason in verdict.reasons)


# --- altered ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["in the release", "elsewhere"])
def test_a_flip_of_every_fiftieth_byte_is_found(sealed, home, tmp_path, place):
    data = (sealed.folder / "restored.png").read_bytes()
    path = sealed.folder / "restored.png" if place == "in the release" else tmp_path / "copy.png"
    states = {}
    for at in range(0, len(data), 50 if place == "in the release" else 170):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        states[at] = verify(path, home).state
    assert {at: state for at, state in states.items() if state != "altered"} == {}


def test_a_flip_of_any_byte_of_the_manifest_is_found_even_in_its_padding(sealed, home, tmp_path):
    data = (sealed.folder / "restored.png").read_bytes()
    first = data.index(b"caBX")
    length = int.from_bytes(data[first - 4 : first], "big")
    path = tmp_path / "copy.png"
    for at in range(first - 4, first + length + 8, 23):
        path.write_bytes(data[:at] + bytes([data[at] ^ 0x80]) + data[at + 1 :])
        assert verify(path, home).state == "altered", at


@pytest.mark.parametrize("cut", [1, 100, 2000, 5000])
def test_a_truncated_picture_is_altered(sealed, home, tmp_path, cut):
    path = tmp_path / "copy.png"
    path.write_bytes((sealed.folder / "restored.png").read_bytes()[:-cut])
    assert verify(path, home).state == "altered"


@pytest.mark.parametrize("name", ["mask.png", "index.html", "scene.glb", "scene.glb.c2pa", "record.json", "record.tlog-proof"])
def test_a_flip_in_any_other_file_of_the_release_is_found(sealed, home, name):
    path = sealed.folder / name
    data = path.read_bytes()
    for at in range(0, len(data), max(1, len(data) // 9)):
        path.write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        states = {verdict.path.name: verdict.state for verdict in verify_folder(sealed.folder, home)}
        if name == "record.tlog-proof":  # told with the Record; the log itself still vouches for the files
            assert states.pop("record.json") == "altered", at
            assert set(states.values()) == {"intact"}
        elif name == "scene.glb.c2pa":
            assert states["scene.glb"] == "altered"
        else:
            assert states[name] == "altered", at
    path.write_bytes(data)
    assert {verdict.state for verdict in verify_folder(sealed.folder, home)} == {"intact"}


def test_a_record_rewritten_to_fit_a_changed_file_is_found(sealed, home):
    mask, record = sealed.folder / "mask.png", sealed.folder / "record.json"
    changed = mask.read_bytes() + b"x"
    from provenance.record import canonical, digest

    forged = json.loads(record.read_bytes())
    forged["outputs"][1]["sha256"] = digest(changed)
    mask.write_bytes(changed)
    record.write_bytes(canonical(forged))
    assert verify(mask, home).state == "altered"
    assert verify(record, home).state == "altered"
    assert verify(sealed.folder / "restored.png", home).state == "intact"


def test_a_missing_file_is_told_with_the_release(sealed, home):
    (sealed.folder / "mask.png").unlink()
    (sealed.folder / "scene.glb.c2pa").unlink()
    told = {verdict.path.name: verdict for verdict in verify_folder(sealed.folder, home)}
    assert told["record.json"].state == "altered"
    assert "mask.png, scene.glb.c2pa is missing" in told["record.json"].reasons[0]


def test_another_files_sidecar_does_not_pass(sealed, home, restoration, tmp_path):
    document = Document("scene.glb", "model/gltf-binary", "scene", True, data=b"glTF other")
    other = release(dataclasses.replace(restoration, files=(document,)), tmp_path / "other", home)
    shutil.copy(other.folder / "scene.glb.c2pa", sealed.folder / "scene.glb.c2pa")
    assert verify(sealed.folder / "scene.glb", home).state == "altered"


# --- recovered -------------------------------------------------------------------------------------------------------


def test_a_stripped_and_recompressed_variant_is_recovered_by_its_watermark(marked, home, tmp_path):
    path = tmp_path / "shared.jpg"
    with Image.open(marked.folder / "variant-1.png") as image:
        image.save(path, quality=75)
    verdict = verify(path, home)
    assert (verdict.state, verdict.exit_code, verdict.found_by) == ("recovered", 3, "watermark")
    assert marked.files[0].handle in verdict.reasons[0]
    assert (verdict.contains_ai, verdict.ai_share, verdict.leaf) == (True, 1.0, marked.leaf)


def test_a_copy_without_a_watermark_is_recovered_by_its_fingerprint_and_no_more_is_claimed(variant, home, tmp_path):
    picture = dataclasses.replace(variant.files[0], may_mark=False)
    sealed = release(dataclasses.replace(variant, files=(picture,)), tmp_path / "plain", home)
    path = tmp_path / "small.jpg"
    with Image.open(sealed.folder / "variant-1.png") as image:
        image.resize((320, 256)).save(path, quality=80)
    verdict = verify(path, home)
    assert (verdict.state, verdict.found_by, verdict.contains_ai) == ("recovered", "fingerprint", None)
    assert any("of 64 bits differ" in reason for reason in verdict.reasons)


def test_a_mark_whose_record_is_lost_still_says_that_a_model_made_it(marked, home, tmp_path):
    path = tmp_path / "shared.jpg"
    with Image.open(marked.folder / "variant-1.png") as image:
        image.save(path, quality=90)
    shutil.rmtree(home.records)
    verdict = verify(path, home)
    assert (verdict.state, verdict.contains_ai) == ("unknown", True)
    assert any(marked.files[0].handle in reason for reason in verdict.reasons)


# --- unknown ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("sealed")
def test_the_source_itself_is_unknown_and_named_as_the_source(home, scan):
    verdict = verify(scan[0], home)
    assert verdict.state == "unknown"
    assert "restored.png" in verdict.reasons[0]
    assert verdict.contains_ai is None


def test_a_stranger_s_credential_is_named_and_proves_nothing_here(home, tmp_path, scan):
    stranger = Signatory(keys.signing_keys(tmp_path / "stranger"))
    kind = metadata.SOURCE_TYPES + "trainedAlgorithmicMedia"
    claim = Claim("a.png", False, kind, "2026-01-01T00:00:00Z", "1", "d", {"id": "x"})
    path = tmp_path / "a.png"
    path.write_bytes(stranger.embed(scan[0].read_bytes(), "image/png", claim))
    verdict = verify(path, home)
    assert (verdict.state, verdict.exit_code, verdict.contains_ai) == ("unknown", 4, True)
    assert "not known to this machine" in verdict.signer
    assert any("unchanged since it was signed" in reason for reason in verdict.reasons)


def test_what_metadata_claims_is_told_and_not_believed(home, tmp_path):
    pixels = np.zeros((8, 8, 3), np.uint8)
    statement = metadata.Statement(digital_source_type=metadata.SOURCE_TYPES + "trainedAlgorithmicMedia")
    path = tmp_path / "a.png"
    path.write_bytes(encode.encode(Picture("a.png", pixels, "variant"), pixels, metadata.write(statement)))
    verdict = verify(path, home)
    assert (verdict.state, verdict.contains_ai) == ("unknown", None)
    assert "its metadata says “trainedAlgorithmicMedia”, which nothing proves" in verdict.reasons


HOSTILE = {
    "empty": b"",
    "text": "ein Text über Rom\n".encode(),
    "cut png": cv2.imencode(".png", np.zeros((50, 50), np.uint8))[1].tobytes()[:60],
    "png bomb": bytes.fromhex("89504e470d0a1a0a0000000d494844527fffffff7fffffff0802") + bytes(40),
    "tiff loop": b"II*\0\x08\0\0\0" + b"\x01\0" + b"\0\x01\4\0\1\0\0\0\xff\xff\xff\x7f" + b"\x08\0\0\0",
    "json": b'{"schema":"anastylosis.record/1","outputs":[{"name":1}]}',
    "deep json": b"[" * 200_000,
    "pdf": b"%PDF-1.7\n%%EOF",
    "mp4": b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\xff\xff\xff\xffmdat",
    "webp": b"RIFF\xff\xff\xff\xffWEBPVP8X" + bytes(20),
    "jumbf": b"jumdc2ma" + bytes.fromhex("00110010800000aa00389b71") + b"\xff" * 50,
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("name", ["a.png", "record.json", "record.tlog-proof", "a.c2pa"])
def test_hostile_files_end_in_a_verdict(home, tmp_path, data, name):
    (tmp_path / name).write_bytes(data)
    verdict = verify(tmp_path / name, home)
    assert verdict.state in ("unknown", "altered")
    assert verdict.reasons
    assert verify_folder(tmp_path, home)


@pytest.mark.parametrize("field", ["outputs", "sources", "log", "id", "made"])
@pytest.mark.parametrize("value", [None, 1, "x", [], {}, [{}], [[]], [{"name": "restored.png", "sha256": 3}]], ids=str)
def test_a_hostile_record_beside_a_file_ends_in_a_verdict(sealed, home, field, value):
    from provenance.record import canonical

    forged = {**sealed.record, field: value}
    (sealed.folder / "record.json").write_bytes(canonical(forged))
    for name in ("restored.png", "record.json"):
        assert verify(sealed.folder / name, home).state in ("intact", "altered", "unknown")


def test_a_missing_file_or_a_folder_is_an_error_with_a_name(home, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "none.png", tmp_path, tmp_path / "pipe"):
        with pytest.raises(UnreadableFileError, match="cannot be verified"):
            verify(path, home)
    with pytest.raises(UnreadableFileError, match="not a folder"):
        verify_folder(tmp_path / "none", home)
    assert [verdict.state for verdict in verify_folder(tmp_path, home)] == ["unknown"]


# --- folders ---------------------------------------------------------------------------------------------------------


def test_a_folder_is_walked_and_each_release_taken_as_one(restoration, home, tmp_path):
    root = tmp_path / "all"
    for name in ("a", "b/c"):
        release(restoration, root / name, home)
    (root / "notes.txt").write_text("mine")
    told = {str(verdict.path.relative_to(root)): verdict.state for verdict in verify_folder(root, home)}
    assert told.pop("notes.txt") == "unknown"
    assert set(told.values()) == {"intact"}
    assert sorted(told) == sorted(
        f"{folder}/{name}" for folder in ("a", "b/c") for name in FILES if not name.endswith((".c2pa", ".tlog-proof"))
    )


@pytest.mark.usefixtures("sealed")
def test_a_home_in_the_folder_is_one_line_and_its_log_is_audited(home, tmp_path):
    told = [verdict for verdict in verify_folder(tmp_path, home) if verdict.path == home.folder]
    assert [verdict.state for verdict in told] == ["intact"]
    assert not [verdict for verdict in verify_folder(tmp_path, home) if home.folder in verdict.path.parents]
    entries = next((home.log / "tile" / "entries").rglob("1"))
    data = bytearray(entries.read_bytes())
    data[-5] ^= 1
    entries.write_bytes(data)
    assert next(verdict for verdict in verify_folder(tmp_path, home) if verdict.path == home.folder).state == "altered"


@pytest.mark.usefixtures("sealed")
def test_what_an_interrupted_release_left_behind_is_told(home, tmp_path):
    left = tmp_path / ".new.unsealed-abcd"
    left.mkdir()
    (left / "half.png").write_bytes(b"\x89PNG")
    told = next(verdict for verdict in verify_folder(tmp_path, home) if verdict.path.name == "half.png")
    assert any("interrupted" in reason for reason in told.reasons)


def test_a_withdrawn_release_does_not_pass(sealed, home):
    from provenance.record import withdrawn_entry

    Log.open(home.log, home.keys).append(withdrawn_entry((sealed.folder / "record.json").read_bytes()))
    verdict = verify(sealed.folder / "restored.png", home)
    assert verdict.state == "unknown"
    assert "withdrawn" in verdict.reasons[0]


# --- lightness -------------------------------------------------------------------------------------------------------


def test_verify_starts_light():
    program = (
        "import sys, time; t = time.perf_counter(); import provenance.verify; t = time.perf_counter() - t;"
        "print(t, sorted({'torch', 'cv2', 'c2pa', 'numpy', 'PIL', 'cryptography', 'scipy', 'tifffile'} & set(sys.modules)))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout for _ in range(3)
    ]
    assert all(run.rstrip().endswith("[]") for run in runs)
    assert min(float(run.split()[0]) for run in runs) < 0.2


def test_a_text_file_is_answered_at_once(home, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("text")
    started = time.process_time()
    assert verify(path, home).exit_code == 4
    assert time.process_time() - started < 1


def test_a_picture_signed_in_memory_only_is_known_by_its_signer(home, tmp_path, scan):
    signatory = Signatory(keys.signing_keys(home.keys))
    claim = Claim(
        "a.png", False, metadata.SOURCE_TYPES + "compositeSynthetic", "2026-01-01T00:00:00Z", "1", "d", {"id": "none"}
    )
    path = tmp_path / "a.png"
    path.write_bytes(signatory.embed(scan[0].read_bytes(), "image/png", claim))
    verdict = verify(path, home)
    assert verdict.state == "unknown"
    assert "its Record is not kept here" in verdict.reasons[0]
