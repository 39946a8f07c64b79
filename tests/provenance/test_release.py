import builtins
import dataclasses
import hashlib
import json
import stat

import cv2
import numpy as np
import pytest

from provenance import encode
from provenance import record as records
from provenance.draft import Document, Draft, Picture
from provenance.errors import (
    DraftError,
    ProvenanceError,
    ReleaseFolderError,
    RightsError,
    SourceChangedError,
)
from provenance.log.proof import verify_proof
from provenance.log.store import Log
from provenance.release import check_rights, release
from provenance.untouched import untouched
from provenance.verify import verify


def _left(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def _log_size(home):
    return Log.open(home.log, home.keys).checkpoint().size


def test_a_release_holds_the_drafts_files_the_record_the_proof_and_the_sidecars(restoration, home, tmp_path):
    sealed = release(restoration, tmp_path / "out", home)
    assert _left(tmp_path / "out") == sorted(
        [
            "restored.png",
            "mask.png",
            "evidence.png",
            "index.html",
            "scene.glb",
            "scene.glb.c2pa",
            "record.json",
            "record.tlog-proof",
        ]
    )
    assert [file.credential for file in sealed.files] == ["embedded", None, None, None, "sidecar"]
    for file in sealed.files:
        assert hashlib.sha256((tmp_path / "out" / file.name).read_bytes()).hexdigest() == file.sha256
    assert json.loads((tmp_path / "out" / "record.json").read_bytes()) == sealed.record
    assert (sealed.leaf, sealed.folder) == (0, tmp_path / "out")
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) & 0o700 == 0o700
    assert [name for name in _left(tmp_path) if name.startswith(".")] == []


def test_pixels_that_no_model_made_are_bit_identical_and_the_record_proves_it(restoration, home, tmp_path, scan):
    sealed = release(restoration, tmp_path / "out", home)
    _, source, hole = scan
    written = encode.decode((tmp_path / "out" / "restored.png").read_bytes())
    assert np.array_equal(written[~hole], source[~hole])
    told = sealed.record["outputs"][0]
    assert told["untouched"]["root"] == untouched(source, hole).root
    assert told["untouched"]["equals_source"] is True
    assert told["ai"]["share"] == pytest.approx(hole.mean(), abs=1e-6)
    assert told["ai"]["regions"] == [[40, 30, 50, 30]]


def test_a_restoration_that_touched_more_than_it_says_is_recorded_as_such(restoration, home, tmp_path):
    first = restoration.files[0]
    pixels = first.pixels.copy()
    pixels[0, 0, 0] ^= 1
    draft = dataclasses.replace(restoration, files=(dataclasses.replace(first, pixels=pixels),))
    sealed = release(draft, tmp_path / "out", home)
    assert sealed.record["outputs"][0]["untouched"]["equals_source"] is False


def test_the_record_tells_how_everything_was_made(restoration, home, tmp_path):
    record = release(restoration, tmp_path / "out", home).record
    assert record["request"] == restoration.request
    assert record["model"]["id"] == "bundled"
    assert record["levels"] == {"1": 0.88, "7": 0.12}
    assert record["assumptions"] == ["White in the mask was taken as lost."]
    assert record["findings"] == {"filled_by": "model"}
    assert record["sources"][0]["rights"].endswith("NoC-US/1.0/")
    assert record["log"]["origin"].startswith("anastylosis.local/")
    assert record["software"]["c2pa-python"] == "0.38.1"
    assert "reason" in record["outputs"][0]["watermark"]  # a hole of 50 × 30 pixels carries none
    assert [output["contains_ai"] for output in record["outputs"]] == [True, False, False, False, True]


def test_the_proof_beside_the_record_verifies_offline(restoration, home, tmp_path):
    sealed = release(restoration, tmp_path / "out", home)
    data = (tmp_path / "out" / "record.json").read_bytes()
    proof = (tmp_path / "out" / "record.tlog-proof").read_text()
    entry = records.leaf_entry(data, sealed.record)
    assert verify_proof(proof, entry, [(home.keys / "log.vkey").read_text()]).valid
    assert list(Log.open(home.log, home.keys).entries()) == [(0, entry)]


def test_a_variant_carries_a_handle_that_the_same_request_gives_again(variant, home, tmp_path):
    first, second = (release(variant, tmp_path / name, home) for name in ("a", "b"))
    assert first.files[0].handle is not None
    assert len(first.files[0].handle) == 12
    assert first.files[0].handle == second.files[0].handle
    other = dataclasses.replace(variant, request={**variant.request, "seed": 2})
    assert release(other, tmp_path / "c", home).files[0].handle != first.files[0].handle
    assert first.record["outputs"][0]["watermark"]["key"] == second.record["outputs"][0]["watermark"]["key"]
    assert [first.leaf, second.leaf] == [0, 1]


def test_line_art_is_kept_pure_and_the_record_says_why(variant, home, tmp_path):
    draft = dataclasses.replace(variant, files=(dataclasses.replace(variant.files[0], may_mark=False),))
    sealed = release(draft, tmp_path / "out", home)
    assert sealed.files[0].handle is None
    assert "pure colours" in sealed.files[0].handle_reason
    assert np.array_equal(encode.decode((tmp_path / "out" / "variant-1.png").read_bytes()), variant.files[0].pixels)


@pytest.mark.parametrize("ending", ["png", "tif", "jpg", "webp"])
def test_every_format_can_be_released(restoration, home, tmp_path, ending):
    picture = dataclasses.replace(restoration.files[0], name=f"restored.{ending}")
    sealed = release(dataclasses.replace(restoration, files=(picture,)), tmp_path / "out", home)
    assert sealed.files[0].credential == "embedded"


def test_sixteen_bits_stay_sixteen_bits(restoration, home, tmp_path):
    first = restoration.files[0]
    for ending in ("png", "tif"):
        deep = dataclasses.replace(first, name=f"deep.{ending}", pixels=first.pixels.astype(np.uint16) * 257 + 1)
        release(dataclasses.replace(restoration, files=(deep,)), tmp_path / ending, home)
        assert np.array_equal(encode.decode((tmp_path / ending / deep.name).read_bytes()), deep.pixels)


# --- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rights",
    [
        "http://rightsstatements.org/vocab/InC/1.0/",
        "https://rightsstatements.org/page/InC-OW-EU/1.0/?language=en",
        "https://creativecommons.org/licenses/by-nd/4.0/",
        "https://creativecommons.org/licenses/by-nc-nd/4.0/",
        "CC BY-ND 4.0",
        "No AI training or use",
        "no-derivatives",
        "© Museum, all rights reserved",
    ],
)
def test_statements_that_forbid_are_refused(rights):
    with pytest.raises(RightsError, match="holder"):
        check_rights(rights, strict=False)


@pytest.mark.parametrize(
    "rights",
    [
        "http://rightsstatements.org/vocab/NoC-US/1.0/",
        "https://creativecommons.org/publicdomain/mark/1.0/",
        "https://creativecommons.org/licenses/by-sa/4.0/",
        "https://creativecommons.org/licenses/by-nc/4.0/",
        "CC0",
        "Public domain",
    ],
)
def test_clear_statements_pass_even_strictly(rights):
    check_rights(rights, strict=True)


@pytest.mark.parametrize(
    "rights",
    [
        None,
        "",
        "ask me",
        "http://rightsstatements.org/vocab/UND/1.0/",
        "http://rightsstatements.org/vocab/NoC-CR/1.0/",
        "http://rightsstatements.org/vocab/InC-EDU/1.0/",
    ],
)
def test_unknown_and_conditional_statements_pass_unless_strict(rights):
    check_rights(rights, strict=False)
    with pytest.raises(RightsError, match="--rights"):
        check_rights(rights, strict=True)


def test_a_work_in_copyright_is_refused_at_the_door_too(restoration, home, tmp_path):
    source = dataclasses.replace(restoration.sources[0], rights="http://rightsstatements.org/vocab/InC/1.0/")
    with pytest.raises(RightsError):
        release(dataclasses.replace(restoration, sources=(source,)), tmp_path / "out", home)
    assert not home.folder.exists()


def test_strictness_asks_for_the_works_rights_and_not_for_the_masks(note, restoration, home, tmp_path):
    mask = note(restoration.sources[0].path, "input", rights=None)
    release(dataclasses.replace(restoration, sources=(*restoration.sources, mask)), tmp_path / "a", home, strict_rights=True)
    drawn = dataclasses.replace(restoration, operation="speculate", sources=(mask,))
    with pytest.raises(RightsError):
        release(drawn, tmp_path / "b", home, strict_rights=True)


def test_a_folder_that_holds_something_is_left_alone(restoration, home, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(ReleaseFolderError, match="empty folder"):
        release(restoration, tmp_path / "out", home)
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ReleaseFolderError):
        release(restoration, tmp_path / "file", home)
    with pytest.raises(ReleaseFolderError):
        release(restoration, tmp_path / "file" / "below", home)
    assert _left(tmp_path / "out") == ["mine.txt"]


def test_an_empty_folder_and_missing_parents_are_fine(restoration, home, tmp_path):
    (tmp_path / "out").mkdir()
    release(restoration, tmp_path / "out", home)
    release(restoration, tmp_path / "a" / "b" / "c", home)
    assert (tmp_path / "a" / "b" / "c" / "record.json").exists()


def test_all_faults_of_a_draft_are_told_at_once(home, tmp_path):
    pixels = np.zeros((4, 4), np.uint8)
    files = (
        Picture("../a.png", pixels, "mask"),
        Picture("record.json", pixels, "mask"),
        Picture("b.gif", pixels, "mask"),
        Picture("c.png", pixels, "restored", ai=np.ones((3, 3), bool)),
        Picture("C.png", pixels, "mask"),
        Document("d.glb", "model/gltf-binary", "scene", True),
        Document("e.glb.c2pa", "x/y", "scene", True, data=b"x"),
    )
    with pytest.raises(DraftError) as told:
        release(Draft("restore", {}, files, levels={"8": 2.0}), tmp_path / "out", home)
    for part in ("../a.png", "record.json", "b.gif", "(3, 3)", "twice", "d.glb", "e.glb.c2pa", "Level “8”"):
        assert part in str(told.value)
    assert not (tmp_path / "out").exists()
    with pytest.raises(DraftError, match="no file"):
        release(Draft("restore", {}, ()), tmp_path / "out", home)


def test_a_source_that_changed_meanwhile_is_noticed(restoration, home, tmp_path, scan):
    scan[0].write_bytes(scan[0].read_bytes() + b"x")
    with pytest.raises(SourceChangedError, match=r"panel\.png was changed"):
        release(restoration, tmp_path / "out", home)
    scan[0].unlink()
    with pytest.raises(SourceChangedError, match="no longer"):
        release(restoration, tmp_path / "out", home)


def test_a_source_that_is_gone_from_the_start_is_named_by_its_digest(restoration, home, tmp_path):
    source = dataclasses.replace(restoration.sources[0], path=None)
    sealed = release(dataclasses.replace(restoration, sources=(source,)), tmp_path / "out", home)
    assert sealed.record["outputs"][0]["untouched"]["equals_source"] is None


def test_a_request_that_json_cannot_carry_is_refused(restoration, home, tmp_path):
    for request in ({"x": float("nan")}, {"x": np.float32(1)}):
        with pytest.raises(ProvenanceError, match=r"restored\.png|record\.json"):
            release(dataclasses.replace(restoration, request=request), tmp_path / "out", home)
    assert "out" not in _left(tmp_path)


def test_a_film_is_signed_inside_and_a_page_with_ai_is_listed_only(variant, home, tmp_path):
    path = tmp_path / "film.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 5, (64, 48))
    for shade in range(5):
        writer.write(np.full((48, 64, 3), 40 * shade, np.uint8))
    writer.release()
    files = (
        Document("film.mp4", "video/mp4", "film", True, path=path),
        Document("p.html", "text/html", "page", True, data=b"<p>"),
    )
    sealed = release(dataclasses.replace(variant, operation="render", files=files), tmp_path / "out", home)
    assert [file.credential for file in sealed.files] == ["embedded", None]
    assert [output["contains_ai"] for output in sealed.record["outputs"]] == [True, True]
    assert path.exists()
    assert verify(sealed.folder / "film.mp4", home).state == "intact"
    film = cv2.VideoCapture(str(sealed.folder / "film.mp4"))
    assert film.read()[0]


def test_nothing_is_written_outside_the_folder_and_the_home(restoration, home, tmp_path, monkeypatch):
    opened = []
    honest = builtins.open

    def listening(file, mode="r", *more, **named):
        opened.append((str(file), mode))
        return honest(file, mode, *more, **named)

    monkeypatch.setattr(builtins, "open", listening)
    release(restoration, tmp_path / "out", home)
    for name, mode in opened:
        if set(mode) & set("wax+"):
            assert name.startswith(str(tmp_path))


def test_a_mark_stays_out_of_what_is_fixed(home, tmp_path):
    pixels = np.random.default_rng(0).integers(60, 200, (500, 500, 3), np.uint8)
    pixels = cv2.GaussianBlur(pixels, (0, 0), 2)
    everywhere, fixed = np.ones((500, 500), bool), np.zeros((500, 500), bool)
    fixed[:, :150] = True
    picture = Picture("variant.png", pixels, "variant", ai=everywhere, fixed=fixed)
    asked = {"operation": "speculate"}
    draft = Draft("speculate", asked, files=(picture,), sources=(), model={"id": "m"}, levels={"7": 1.0})
    sealed = release(draft, tmp_path / "out", home)
    written = encode.decode((tmp_path / "out" / "variant.png").read_bytes())
    assert np.array_equal(written[fixed], pixels[fixed])
    assert sealed.record["outputs"][0]["watermark"].get("handle") and not np.array_equal(written, pixels)
    with pytest.raises(DraftError, match="fixed"):
        release(dataclasses.replace(draft, files=(dataclasses.replace(picture, fixed=fixed[1:]),)), tmp_path / "other", home)
