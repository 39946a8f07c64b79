"""Copies without a credential find their Record again, say how they differ, and a lifted mark deceives nobody."""

import dataclasses
import json

import cv2
import numpy as np
import pytest
from skimage import data

from provenance.ai_map import NoMapError, ai_map
from provenance.draft import Draft, Picture
from provenance.keypoints import SOUGHT, align, flip, keypoints
from provenance.keys import mark_key
from provenance.likeness import Corners, Likenesses, packed, pixel_digest, unpacked
from provenance.manifest_store import Manifests
from provenance.recover import recover
from provenance.release import release
from provenance.verify import verify
from provenance.watermark import Watermark

HOLE = (slice(60, 250), slice(200, 420))  # large enough to carry a mark in a picture of 512 px


def _draft(name, pixels, ai, **more):
    return Draft(
        "restore", {"operation": "restore", "seed": 1, "prompt": ""}, (Picture(name, pixels, "restored", ai=ai, **more),)
    )


@pytest.fixture(scope="module")
def works(tmp_path_factory):
    """Return a home with three restorations in it, and the pixels of each as they stand in the files."""
    from provenance.home import Home

    folder = tmp_path_factory.mktemp("works")
    home, sealed = Home(folder / "home"), {}
    for name, pixels in (("astronaut", data.astronaut()), ("coffee", data.coffee()), ("chelsea", data.chelsea())):
        pixels = cv2.resize(pixels, (640, 512), interpolation=cv2.INTER_CUBIC)
        ai = np.zeros(pixels.shape[:2], bool)
        ai[HOLE if name != "chelsea" else ...] = True
        done = release(_draft(f"{name}.png", pixels, ai), folder / name, home)
        sealed[name] = (done, cv2.imread(str(folder / name / f"{name}.png"))[..., ::-1])
    return home, sealed


def _written(folder, pixels, ending=".png", quality=80):
    path = folder / f"copy{ending}"
    done, found = cv2.imencode(ending, pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality] if ending == ".jpg" else [])
    assert done
    path.write_bytes(found.tobytes())
    return path


def _turned(pixels, degrees):
    height, width = pixels.shape[:2]
    return cv2.warpAffine(
        pixels, cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1), (width, height), borderValue=(255,) * 3
    )


COPIES = {
    "a file around the same pixels": (lambda p: p, ".png", "exact"),
    "JPEG": (lambda p: p, ".jpg", "re-encoded"),
    "half the size": (lambda p: cv2.resize(p, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), ".jpg", "re-encoded"),
    "half the area": (lambda p: p[90:452, 100:552], ".jpg", "transformed"),
    "turned by 20°": (lambda p: _turned(p, 20), ".jpg", "transformed"),
    "mirrored": (lambda p: p[:, ::-1], ".jpg", "transformed"),
}


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_leads_to_its_record_and_says_how_it_differs(works, tmp_path, copy):
    home, sealed = works
    change, ending, match = COPIES[copy]
    release_, pixels = sealed["astronaut"]
    found = recover(_written(tmp_path, np.ascontiguousarray(change(pixels)), ending), home)
    assert found.record == release_.record
    assert found.output["name"] == "astronaut.png"
    assert found.match == match, found.reasons


def test_a_copy_without_mark_is_found_by_its_fingerprint_and_a_cutting_by_its_corners(works, tmp_path):
    home, sealed = works
    bare = dataclasses.replace(home, folder=tmp_path / "home")
    bare.folder.mkdir()
    (bare.folder / "records").symlink_to(home.records)  # the same Records, but no key that could read a mark
    pixels = sealed["coffee"][1]
    whole = recover(_written(tmp_path, pixels, ".jpg"), bare)
    assert (whole.layer, whole.match, whole.output["name"]) == ("fingerprint", "re-encoded", "coffee.png")
    part = recover(_written(tmp_path, pixels[60:420, 80:500], ".jpg"), bare)
    assert (part.layer, part.match, part.output["name"]) == ("corners", "transformed", "coffee.png")
    assert any("% of the picture" in reason for reason in part.reasons)


def test_a_mark_lifted_onto_another_picture_is_called_a_transplant_and_proves_nothing(works, tmp_path):
    home, sealed = works
    handle = int(sealed["chelsea"][0].files[0].handle, 16)
    victim = cv2.resize(data.rocket(), (640, 512), interpolation=cv2.INTER_CUBIC)
    forged = Watermark(mark_key(home.keys)).embed(victim, handle, None)
    assert forged.handle == handle
    path = _written(tmp_path, forged.pixels)
    found = recover(path, home)
    assert (found.match, found.record, found.output, found.suspected["name"]) == ("differs", None, None, "chelsea.png")
    assert any("transplanted" in reason for reason in found.reasons)
    verdict = verify(path, home)
    assert verdict.state == "unknown"
    assert verdict.contains_ai is not True
    with pytest.raises(NoMapError, match="transplanted"):
        ai_map(path, home)


def test_a_transplant_onto_another_sealed_work_leads_to_that_work(works, tmp_path):
    home, sealed = works
    handle = int(sealed["chelsea"][0].files[0].handle, 16)
    plain = cv2.resize(data.coffee(), (640, 512), interpolation=cv2.INTER_CUBIC)
    forged = Watermark(mark_key(home.keys)).embed(plain, handle, None)
    found = recover(_written(tmp_path, forged.pixels), home)
    assert (found.output["name"], found.suspected["name"]) == ("coffee.png", "chelsea.png")


def test_a_strange_picture_is_unknown_to_every_layer(works, tmp_path):
    home, _ = works
    found = recover(_written(tmp_path, cv2.resize(data.rocket(), (200, 130)), ".jpg"), home)
    assert (found.record, found.match) == (None, None)
    assert len(found.reasons) == 3


@pytest.mark.parametrize("copy", ["half the size", "half the area", "turned by 20°", "mirrored"])
def test_the_ai_map_lies_where_the_model_acted_in_the_copy(works, tmp_path, copy):
    home, sealed = works
    change, ending, _ = COPIES[copy]
    pixels = sealed["astronaut"][1]
    truth = np.zeros((*pixels.shape[:2], 3), np.uint8)
    truth[HOLE] = 255
    expected = change(truth)[..., 0] > 127
    if copy == "turned by 20°":  # what was turned in from outside is white, and no model made it
        expected &= change(np.full_like(truth, 9))[..., 0] < 127
    found = ai_map(_written(tmp_path, np.ascontiguousarray(change(pixels)), ending), home)
    union = (found.ai | expected).sum()
    assert (found.ai & expected).sum() / union > 0.97
    assert not found.is_exact


def test_the_map_of_the_sealed_file_is_the_mask_whose_digest_stands_in_the_record(works, tmp_path):
    home, sealed = works
    done, _ = sealed["astronaut"]
    found = ai_map(done.folder / "astronaut.png", home)
    assert (found.match, found.is_exact) == ("exact", True)
    assert found.share == pytest.approx(done.record["outputs"][0]["ai"]["share"], abs=1e-6)
    found.deliver(tmp_path / "map.png")
    drawn = cv2.imread(str(tmp_path / "map.png"))
    assert drawn.shape == (512, 640, 3)
    inside, outside = drawn[150, 300].astype(int), drawn[400, 100].astype(int)
    assert inside[2] - inside[0] > 60  # orange
    assert np.ptp(outside) == 0  # grey


def test_a_file_that_leads_nowhere_gets_no_map(works, tmp_path):
    text = tmp_path / "a.txt"
    text.write_text("no picture")
    with pytest.raises(NoMapError, match="no pixels"):
        ai_map(text, works[0])
    with pytest.raises(NoMapError, match="No map can be drawn"):
        ai_map(_written(tmp_path, cv2.resize(data.rocket(), (200, 130))), works[0])


def test_a_picture_too_plain_for_corners_is_not_accused(home, tmp_path, painted):
    plain = cv2.GaussianBlur(painted(512, 640, seed=5), (0, 0), 25)
    everywhere = np.ones(plain.shape[:2], bool)
    done = release(_draft("plain.png", plain, everywhere), tmp_path / "out", home)
    copy = cv2.imread(str(done.folder / "plain.png"))[..., ::-1]
    found = recover(_written(tmp_path, copy, ".jpg", 90), home)
    assert found.match != "differs", found.reasons


def test_a_withdrawn_release_leaves_no_likeness_and_no_credential(home, tmp_path, variant, monkeypatch):
    from pathlib import Path

    out = tmp_path / "out"
    real = Path.rename

    def fails(self, target):
        if Path(target) == out:
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "rename", fails)
    with pytest.raises(Exception, match="full"):
        release(variant, out, home)
    assert list(Likenesses(home.records).all()) == []
    assert list(Manifests(home.records).folder.iterdir()) == []


def test_a_likeness_survives_its_file_and_a_damaged_one_is_none():
    pixels = data.astronaut()
    ai = np.zeros((512, 512), bool)
    ai[3:77, 500:] = True
    from provenance.likeness import likeness

    found = likeness(pixels, ai)
    stored = packed(found)
    again = unpacked(stored)
    assert np.array_equal(again.ai, ai)
    assert np.array_equal(again.keypoints.descriptors, found.keypoints.descriptors)
    assert np.allclose(again.keypoints.points, found.keypoints.points)
    assert unpacked(stored, with_mask=False).ai.size == 0
    head = stored.index(b"\n", 30)
    for cut in (0, 10, 40, head, len(stored) // 2):
        assert unpacked(stored[:cut]) is None
    assert unpacked(stored.replace(b'"corners": 6', b'"corners": 9', 1)) is None
    bomb = stored.replace(b'"mask": [512, 512]', b'"mask": [99999, 99999]')
    assert unpacked(bomb) is None


def test_pixels_have_one_digest_whatever_the_byte_order():
    pixels = np.arange(60, dtype=np.uint16).reshape(4, 5, 3)
    assert pixel_digest(pixels) == pixel_digest(pixels.astype(">u2"))
    assert pixel_digest(pixels) != pixel_digest(pixels.reshape(5, 4, 3))
    assert pixel_digest(pixels.astype(np.uint8)) != pixel_digest(pixels)


def test_the_index_of_corners_puts_the_right_picture_first():
    pictures = {name: getattr(data, name)() for name in ("astronaut", "coffee", "chelsea", "rocket", "camera", "coins")}
    known = {name: keypoints(pixels) for name, pixels in pictures.items()}
    index = Corners(known.items())
    for name, pixels in pictures.items():
        height, width = pixels.shape[:2]
        cut = pixels[height // 5 :, : width * 4 // 5]
        copy = keypoints(cut, SOUGHT)
        assert index.like(copy)[0][0] == name
        found = align(copy, known[name])
        assert np.allclose(found.corners((cut.shape[1], cut.shape[0]))[0], (0, height // 5), atol=3)
        others = [other for other in pictures if other != name]
        assert all(align(copy, known[other]) is None for other in others)
        mirrored = align(keypoints(flip(flip(cut)), SOUGHT), known[name], is_mirrored=True)
        assert mirrored is not None and mirrored.matrix[0, 0] < 0
    assert Corners([]).like(known["coins"]) == []
    assert json.dumps(index.like(keypoints(np.zeros((40, 40), np.uint8)))) == "[]"
