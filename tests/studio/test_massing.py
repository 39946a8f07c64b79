"""From a reading to the picture that a speculation starts from."""

from dataclasses import replace

import numpy as np
import pytest

from blender_addon.errors import BlenderNotFoundError
from blender_addon.scenes.presets import ERAS
from pipelines.grid import grid
from studio.drawings.reading import ReadOpening
from studio.massing import CLASSES, _courses, elevation_of, engraved, hour_of, lines_of, massings
from studio.samples.building import building
from studio.samples.sheets import elevation
from studio.speculate import _alone, _built, drawn_part


@pytest.fixture(scope="module")
def part():
    return drawn_part(elevation(building(5001), "washed", 20).image)


def test_what_was_read_is_moved_to_the_working_size_with_its_scale(part):
    height, width = part.pixels.shape[:2]
    drawn, said = elevation_of(part.reading, part.box, (width, height))
    half, _ = elevation_of(part.reading, part.box, (width // 2, height // 2))
    assert len(drawn.openings) == len(part.reading.openings)
    assert half.px_per_m == pytest.approx(drawn.px_per_m / 2, rel=0.02)
    assert np.allclose(np.array(half.wall) * 2, drawn.wall, atol=2)
    assert said and ("scale bar" in said[0] or "rule" in said[0])


def test_without_a_likely_scale_the_usual_window_decides(part):
    bar = replace(part.reading, scale=None)
    drawn, said = elevation_of(bar, part.box, part.pixels.shape[1::-1])
    tall = sorted(o.box[3] - o.box[1] for o in drawn.openings if o.kind == "window")
    assert tall[len(tall) // 2] / drawn.px_per_m == pytest.approx(1.7, rel=0.05) and "rule" in said[0]


@pytest.mark.parametrize("head", ["round", "pointed"])
def test_an_arched_head_stays_in_its_box(part, head):
    arched = replace(part.reading, openings=(ReadOpening((100, 100, 140, 180), "window", 0.9, head=head),))
    drawn, _ = elevation_of(arched, part.box, part.pixels.shape[1::-1])
    outline, (x0, y0, x1, y1) = np.array(drawn.openings[0].outline), drawn.openings[0].box
    assert outline[:, 0].min() == pytest.approx(x0) and outline[:, 0].max() == pytest.approx(x1)
    assert outline[:, 1].min() == pytest.approx(y0) and outline[:, 1].max() == pytest.approx(y1)


def test_lines_lie_where_depth_or_direction_change_and_nowhere_else():
    ids, depth, normals = np.ones((20, 30), np.uint16), np.zeros((20, 30), np.float32), np.zeros((20, 30, 3), np.float32)
    normals[..., 1] = -1
    ids[:, 15:], depth[:, 15:] = 2, 0.2
    lines = lines_of(ids, depth, normals)
    assert lines[:, 14].all() and lines.sum() == 20, "on the nearer side of the step, one pixel wide"
    depth[:] = 0
    assert not lines_of(ids, depth, normals).any(), "two flush solids show no line"


def test_the_first_variant_has_the_draughtsmans_sun_and_all_stand_at_the_left():
    found = [hour_of(draw, 0.6) for draw in range(5)]
    assert found[0].towards == (1.0, 1.0, -1.0) and len(set(found)) > 2
    assert all(one.towards[0] > 0 > one.towards[2] for one in found)
    assert {hour_of(draw, 0.0) for draw in range(3)} == {found[0]}, "at strength 0 no hour changes"


@pytest.mark.blender
def test_a_massing_is_lit_and_falls_on_its_drawing(part):
    size = part.pixels.shape[1::-1]
    drawn, _ = elevation_of(part.reading, part.box, size)
    (one,) = massings(drawn, [ERAS["georgian"]], [hour_of(0, 0.6)])
    assert one.beauty.shape == part.pixels.shape and one.lines.shape == one.ids.shape == part.pixels.shape[:2]
    assert {CLASSES[number] for number in np.unique(one.classes)} == set(CLASSES)
    mean = {name: one.beauty[one.classes == number].mean(0) for number, name in enumerate(CLASSES)}
    assert mean["opening"].mean() < mean["wall"].mean(), "windows are dark"
    assert mean["wall"][0] > mean["wall"][2] and mean["sky"][2] > mean["sky"][0], "warm brick before a blue sky"
    assert (one.beauty.max(-1) >= 250).mean() < 0.02 and 60 < one.beauty.mean() < 200
    cut = engraved(one, part.pixels)
    assert np.array_equal(cut.beauty[one.classes == 0], one.beauty[one.classes == 0]), "no line is cut into the sky"
    assert one.digests() != cut.digests() and set(one.digests()) == {"beauty", "lines", "depth", "normals", "ids"}


def test_a_sheet_without_a_building_is_drawn_as_a_whole():
    blank = np.full((200, 300, 3), 240, np.uint8)
    whole = drawn_part(blank)
    assert whole.reading is None and np.array_equal(whole.pixels, blank)


def test_without_a_blender_the_tones_are_where_variants_start_and_the_record_says_why(part, monkeypatch):
    def none():
        raise BlenderNotFoundError("No Blender was found.")

    monkeypatch.setattr("blender_addon.elevation_job.find_blender", none)
    same, cells, built = _built(part, grid(2, presets=["tudor"]), 0, "a" * 64, None)
    assert [cell.preset for cell in cells] == [None, None], "materials of nothing"
    assert built == [] and np.array_equal(same.pixels, part.pixels)
    assert "No Blender was found." in same.notes[-1] and "tones" in same.notes[-1]


def test_a_blank_wall_under_a_drawn_roof_is_not_cut_out_of_the_sheet():
    sheet = np.full((120, 200, 3), 250, np.uint8)
    sheet[60:100, 90:110] = 30
    roof = np.array([(20, 20), (180, 20), (180, 40), (20, 40)], np.float32)
    assert (_alone(sheet, roof, 110)[60:100, 90:110] == 30).all()


def test_drawn_courses_are_followed_as_tones_and_a_bare_roof_stays_as_it_is():
    """Rows of tiles four pixels apart, in pale ink: dark where they are drawn, lighter between, and only on the roof."""
    ink, roof = np.zeros((120, 200), np.float32), np.zeros((120, 200), bool)
    roof[10:90] = True
    ink[10:90:4] = 0.25
    factor = _courses(ink, roof)
    assert factor[30:70:4].max() < 0.7 and factor[32:70:4].min() > 1.05
    assert (factor[~roof] == 1).all()
    assert np.array_equal(_courses(np.zeros_like(ink), roof), np.ones_like(ink))
