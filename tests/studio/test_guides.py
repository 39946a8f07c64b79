"""Sketches, veils and references that a person gives beside picture and mask."""

import cv2
import numpy as np
import pytest

from studio.errors import EmptyMaskError, MaskSizeError, NoLinesError
from studio.guides import Guides, changed_by, empty_mask, open_lines
from studio.sources import open_source


def written(path, pixels):
    path.write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
    return path


@pytest.fixture
def source(tmp_path):
    return open_source(written(tmp_path / "panel.png", np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8)))


def strokes(background, ink):
    sketch = np.full((60, 80, 3), background, np.uint8)
    cv2.line(sketch, (5, 5), (70, 50), (ink, ink, ink), 5)
    return sketch


@pytest.mark.parametrize(("background", "ink"), [(255, 0), (0, 255), (235, 60)])
def test_a_sketch_is_read_whichever_way_it_is_drawn_and_thinned(tmp_path, source, background, ink):
    lines = open_lines(written(tmp_path / "sketch.png", strokes(background, ink)), source)
    assert 60 < lines.pixels.sum() < 120 and lines.pixels[27, 37:39].any()
    assert "stroke" in lines.notes[-1]


def test_a_layer_painted_on_nothing_is_a_sketch_too(tmp_path, source):
    layer = np.zeros((60, 80, 4), np.uint8)
    cv2.line(layer, (5, 30), (70, 30), (0, 0, 255, 255), 3)
    lines = open_lines(written(tmp_path / "layer.png", layer), source)
    assert lines.pixels[30, 10:60].all() and lines.pixels.sum() < 80


def test_what_is_no_sketch_is_refused_in_plain_words(tmp_path, source):
    with pytest.raises(MaskSizeError, match="40×30"):
        open_lines(written(tmp_path / "small.png", np.zeros((30, 40), np.uint8)), source)
    with pytest.raises(NoLinesError, match="holds no line"):
        open_lines(written(tmp_path / "white.png", np.full((60, 80), 255, np.uint8)), source)
    halves = np.full((60, 80), 255, np.uint8)
    halves[:29] = 0
    with pytest.raises(NoLinesError, match="no sketch"):
        open_lines(written(tmp_path / "halves.png", halves), source)


def test_guides_decide_the_request_and_reach_the_pipeline(tmp_path, source):
    veil = np.zeros((60, 80), np.uint8)
    veil[20:40, 20:60] = 255
    paths = {
        "lines": written(tmp_path / "sketch.png", strokes(255, 0)),
        "veil": written(tmp_path / "veil.png", veil),
        "reference": written(tmp_path / "other.png", np.zeros((9, 9), np.uint8)),
    }
    guides, none = Guides.opened(source, **paths), Guides.opened(source, lines=None, veil=None, reference=None)
    assert len(guides.digest_of(guides.veil)) == 64 and none.digest_of(none.veil) is None
    given = guides.arguments(source)
    assert given["lines"].dtype == bool and given["veil"].shape == (60, 80, 3) and given["reference"].shape == (9, 9, 3)
    assert none.arguments(source) == {} and none.sources() == ()
    assert [note.name for note in guides.sources()] == ["sketch.png", "veil.png", "other.png"]
    assert np.array_equal(changed_by(empty_mask(source), guides.veil), veil > 0)


def test_an_empty_veil_is_refused(tmp_path, source):
    with pytest.raises(EmptyMaskError):
        Guides.opened(source, lines=None, veil=written(tmp_path / "none.png", np.zeros((60, 80), np.uint8)), reference=None)
