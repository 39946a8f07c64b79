"""`anastylosis verify FILE --map OUT.png`: where a model had a hand, drawn onto the file at hand."""

import json

import cv2
import numpy as np
import pytest
from skimage import data
from typer.testing import CliRunner

from provenance import encode, metadata
from provenance.draft import Draft, Picture, SourceNote
from provenance.home import Home
from provenance.record import digest
from provenance.release import release
from provenance.verify import verify
from studio.cli import app
from studio.web.verify_tab import described

CUT = (slice(40, 470), slice(70, 600))


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Return the home, a restoration of 640 × 512 px with a round hole, and the folder with its scan."""
    folder = tmp_path_factory.mktemp("work")
    pixels = cv2.resize(data.astronaut(), (640, 512), interpolation=cv2.INTER_CUBIC)
    scan = folder / "scan.png"
    cv2.imwrite(str(scan), pixels[..., ::-1])
    ai = cv2.circle(np.zeros(pixels.shape[:2], np.uint8), (330, 250), 130, 1, -1).astype(bool)
    filled = np.where(ai[..., None], cv2.GaussianBlur(pixels, (0, 0), 2), pixels)
    source = SourceNote("parent", "scan.png", digest(scan.read_bytes()), "image/png", scan)
    home = Home(folder / "home")
    draft = Draft("restore", {"seed": 1}, (Picture("restored.png", filled, "restored", ai=ai),), (source,))
    release(draft, folder / "out", home)
    copy = encode.decode((folder / "out" / "restored.png").read_bytes())[CUT]
    cv2.imwrite(str(folder / "copy.jpg"), np.ascontiguousarray(copy[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 85])
    return home, ai, folder


def typed(home, *words):
    return CliRunner().invoke(app, ["verify", *map(str, words), "--home", str(home.folder)])


def orange(path):
    """Where a map is orange."""
    shown = encode.decode(path.read_bytes()).astype(int)
    return shown[..., 0] - shown[..., 2] > 60


def test_the_map_of_the_sealed_file_shows_the_sealed_mask(work, tmp_path):
    home, ai, folder = work
    run = typed(home, folder / "out" / "restored.png", "--map", tmp_path / "map.png")
    assert run.exit_code == 0 and "the mask that was sealed" in run.stdout
    assert np.array_equal(orange(tmp_path / "map.png"), ai)
    said = metadata.read(metadata.find((tmp_path / "map.png").read_bytes()))
    assert said.digital_source_type.endswith("compositeWithTrainedAlgorithmicMedia") and "restored.png" in said.description


def test_the_map_lies_on_a_cut_and_compressed_copy_where_the_model_acted(work, tmp_path):
    home, ai, folder = work
    run = typed(home, folder / "copy.jpg", "--map", tmp_path / "map.png", "--json")
    assert run.exit_code == 3
    told = json.loads(run.stdout)
    assert told["verdicts"][0]["match"] == "transformed" and "laid onto this copy" in told["map"]["said"]
    shown = orange(tmp_path / "map.png")
    assert (shown & ai[CUT]).sum() / (shown | ai[CUT]).sum() > 0.93


def test_the_untouched_source_is_never_painted_orange(work, tmp_path):
    home, _, folder = work
    run = typed(home, folder / "scan.png", "--map", tmp_path / "map.png")
    assert run.exit_code == 4 and "it is a source from which restored.png was made" in run.stdout
    assert "There is nothing to draw" in run.stdout and not (tmp_path / "map.png").exists()


def test_a_map_of_nothing_leaves_the_verdict_and_its_exit_code_alone(work, tmp_path):
    home, *_ = work
    cv2.imwrite(str(tmp_path / "other.png"), data.rocket())
    run = typed(home, tmp_path / "other.png", "--map", tmp_path / "map.png", "--json")
    assert run.exit_code == 4 and json.loads(run.stdout)["map"]["path"] is None
    assert not (tmp_path / "map.png").exists()


def test_a_map_overwrites_nothing_and_is_refused_before_any_work(work, tmp_path):
    home, _, folder = work
    (tmp_path / "mine.png").write_bytes(b"mine")
    for words in ((folder / "copy.jpg", "--map", tmp_path / "mine.png"), (folder / "out", "--map", tmp_path / "a.png")):
        assert typed(home, *words).exit_code == 1
    assert "ends in .png" in typed(home, folder / "copy.jpg", "--map", tmp_path / "map.tif").output
    assert (tmp_path / "mine.png").read_bytes() == b"mine" and len(list(tmp_path.iterdir())) == 1


def test_the_page_shows_the_map_with_its_caption_and_boxes_to_strangers(work, tmp_path):
    home, _, folder = work
    html = described(verify(folder / "copy.jpg", home), home)
    assert "orange where a model made it" in html and "the sealed mask laid onto this copy" in html and "<rect" not in html
    stranger = described(verify(folder / "out" / "restored.png", Home(tmp_path / "nobody")), Home(tmp_path / "nobody"))
    assert "<rect" in stranger
