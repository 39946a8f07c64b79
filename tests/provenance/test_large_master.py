"""A master that is too large for the credential library is signed, and found altered, by its blocks."""

import json

import numpy as np
import pytest

from provenance import block_list, media_types
from provenance.bundle import pack
from provenance.draft import Document, Draft, Picture
from provenance.errors import DraftError
from provenance.home import Home
from provenance.release import release
from provenance.verify import verify, verify_folder

BLOCK = 4096


@pytest.fixture
def sealed(home, tmp_path, painted, monkeypatch):
    """Return the folder of a Release whose TIFF and GLB are above the limit, which is 30 KB here instead of 512 MB."""
    monkeypatch.setattr(media_types, "EMBED_LIMIT_BYTES", 30_000)
    monkeypatch.setattr(block_list, "BLOCK_BYTES", BLOCK)
    pixels, ai = painted(200, 300).astype(np.uint16) * 257, np.zeros((200, 300), bool)
    ai[50:150, 50:200] = True
    files = (
        Picture("master.tif", pixels, "restored", ai=ai),
        Picture("small.png", pixels[:40, :40], "restored", ai=ai[:40, :40] | True),
        Document("scene.glb", "model/gltf-binary", "scene", True, data=b"glTF" + bytes(range(256)) * 200),
    )
    return release(Draft("restore", {"seed": 1}, files), tmp_path / "out", home).folder


def test_a_large_master_has_a_sidecar_that_signs_its_blocks_and_is_intact(sealed, home):
    assert {path.name for path in sealed.iterdir()} >= {"master.tif.c2pa", "master.tif.blocks.json", "scene.glb.blocks.json"}
    assert not (sealed / "small.png.c2pa").exists()
    verdict = verify(sealed / "master.tif", home)
    assert verdict.state == "intact" and "known to this machine" in verdict.signer
    assert {one.state for one in verify_folder(sealed, home)} == {"intact"}
    for name in ("master.tif.blocks.json", "master.tif.c2pa"):
        assert verify(sealed / name, home).state == "intact", name
    listed = json.loads((sealed / "master.tif.blocks.json").read_bytes())
    assert len(listed["blocks"]) == -(-(sealed / "master.tif").stat().st_size // BLOCK)


def test_a_changed_block_is_named_also_far_from_its_record(sealed, tmp_path):
    path = sealed / "master.tif"
    data = bytearray(path.read_bytes())
    data[3 * BLOCK + 5] ^= 1
    path.write_bytes(data)
    for name in ("record.json", "record.tlog-proof"):
        (sealed / name).unlink()
    verdict = verify(path, Home(tmp_path / "nobody"))
    assert verdict.state == "altered" and "block 4 of" in verdict.reasons[0]


def test_a_list_that_was_rewritten_to_fit_a_forgery_breaks_the_signature(sealed, home):
    path = sealed / "master.tif"
    path.write_bytes(path.read_bytes() + b"forged")
    block_list.beside(path).write_bytes(block_list.block_list(path))
    verdict = verify(path, home)
    assert verdict.state == "altered"
    (sealed / "record.json").unlink()
    assert verify(path, home).state == "altered"
    assert verify(path, Home(path.parent / "nobody")).state == "altered"


def test_without_its_list_the_record_still_vouches_and_says_what_is_missing(sealed, home):
    block_list.beside(sealed / "master.tif").unlink()
    verdict = verify(sealed / "master.tif", home)
    assert verdict.state == "intact" and any("master.tif.blocks.json is not beside it" in one for one in verdict.reasons)
    release_ = {one.path.name: one for one in verify_folder(sealed, home)}["record.json"]
    assert release_.state == "altered" and "master.tif.blocks.json is missing" in release_.reasons[0]


def test_a_list_laid_beside_a_file_that_is_signed_whole_changes_nothing(restoration, home, tmp_path):
    folder = release(restoration, tmp_path / "other", home).folder
    block_list.beside(folder / "scene.glb").write_bytes(block_list.block_list(folder / "scene.glb"))
    assert verify(folder / "scene.glb", home).state == "intact"


def test_a_bundle_carries_the_list_and_nobody_may_take_its_name(sealed, home, tmp_path):
    assert "master.tif.blocks.json" in pack(sealed, tmp_path / "a.zip")
    assert {one.state for one in verify_folder(tmp_path / "a.zip", home)} == {"intact"}
    taken = Document("a.glb.blocks.json", "application/json", "report", False, data=b"{}")
    with pytest.raises(DraftError, match="name that sealing itself uses"):
        release(Draft("restore", {}, (taken,)), tmp_path / "taken", home)
