"""An elevation that shows a part of its side: two sides agree on it, and a person's scale is believed before an extent."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from house_readings import elevation_view, plan_view, section_view, without_scale

from blender_addon.scenes.building import building as build
from studio.drawings.designed import design
from studio.drawings.fuse import DifferentBuildingsError, fuse
from studio.drawings.partial_fronts import stretches
from studio.drawings.reading import ReadOpening
from studio.drawings.views import View, extent
from studio.samples.building import Building, building

HOUSE = building(0)
COURT = 1.2  # of the house's width: walls around a court west of it


def _with_court(view: View) -> View:
    """The plan of the house, without openings, and the walls of a court as deep as the house to the west of it."""
    walls = view.plan.walls.copy()
    for one in view.plan.openings:
        x0, y0, x1, y1 = one.box
        walls[y0:y1, x0:x1] = True
    x0, y0, x1, y1 = (int(v) for v in extent(walls))
    more, thick = round(COURT * (x1 - x0)), round(view.plan.thickness_px)
    walls = np.pad(walls, ((0, 0), (more, 0)))
    walls[y0 : y0 + thick, x0 : x0 + more] = walls[y1 - thick : y1, x0 : x0 + more] = True
    walls[y0:y1, x0 : x0 + thick] = True
    picture = np.zeros((*walls.shape, 3), np.uint8)
    return replace(view, reading=replace(view.plan, walls=walls, openings=(), picture=picture))


def _west(house: Building = HOUSE) -> View:
    """An elevation of the west: as wide as the house is deep, without openings."""
    view = elevation_view(house)
    x0, y0, _, y1 = view.wall
    facade = (x0, y0, x0 + round(house.depth * (view.px_per_m or 0)), y1)
    return replace(view, name="west.png", sha256="d" * 64, side="west", reading=replace(view.front, facade=facade, openings=()))


def _south() -> View:
    return replace(elevation_view(HOUSE), side="south")


def test_a_house_without_its_court_gives_the_plan_its_scale():
    plan = _with_court(plan_view(HOUSE))
    fused = fuse([without_scale(plan), _south(), _west(), section_view(HOUSE)])
    assert fused.plan is not None
    assert fused.plan.px_per_m[0] == pytest.approx(plan.px_per_m, rel=0.02)
    assert fused.size == pytest.approx(((1 + COURT) * HOUSE.width, HOUSE.depth), rel=0.02)
    assert any("facade.png is taken to show a part of the south side" in note for note in fused.assumptions)
    assert any(one.element == "width of the south façade" and one.gate == "asks" for one in fused.contradictions)
    assert not any("a person said" in one.sentence for one in fused.contradictions)  # nobody did
    windows = [hole.span for hole in fused.holes if hole.side == "south"]
    assert min(low for low, _ in windows) > COURT * HOUSE.width  # none in the court's wall


def test_where_openings_say_the_scale_the_other_side_shows_what_fits_it():
    """A court behind the house: the south is sure of its windows, and the west ends at the house's north wall."""
    plan = plan_view(HOUSE)
    x0, y0, x1, _ = (int(v) for v in extent(plan.plan.walls))
    more, thick = round(HOUSE.depth * (plan.px_per_m or 0)), round(plan.plan.thickness_px)
    walls = np.pad(plan.plan.walls, ((more, 0), (0, 0)))
    walls[y0 : y0 + more, x0 : x0 + thick] = walls[y0 : y0 + more, x1 - thick : x1] = True
    walls[y0 : y0 + thick, x0:x1] = True
    moved = tuple(replace(o, box=(o.box[0], o.box[1] + more, o.box[2], o.box[3] + more)) for o in plan.plan.openings)
    picture = np.zeros((*walls.shape, 3), np.uint8)
    deep = replace(plan, px_per_m=None, reading=replace(plan.plan, walls=walls, openings=moved, picture=picture))
    fused = fuse([deep, _south(), _west()])
    assert fused.plan is not None
    assert fused.plan.px_per_m[0] == pytest.approx(plan.px_per_m, rel=0.02)
    west = fused.elevations["west"]
    assert west.metres(west.view.wall[0], 0)[0] == pytest.approx(HOUSE.depth, abs=0.05 * HOUSE.depth)


def test_a_section_of_the_house_is_laid_over_what_the_elevation_shows():
    plan, section = _with_court(plan_view(HOUSE)), replace(section_view(HOUSE), side="south")
    fused = fuse([without_scale(plan), _south(), _west(), section])
    left = np.flatnonzero(section.cut.walls.any(axis=0))[0]
    assert fused.sections[0].metres(float(left), 0)[0] == pytest.approx(COURT * HOUSE.width, abs=0.03 * HOUSE.width)
    assert not any(one.quantity == "width" and "section.png" in one.sheets for one in fused.contradictions)


def test_a_scale_that_a_person_said_is_believed_before_an_extent_and_the_difference_asks():
    plan = _with_court(plan_view(HOUSE))
    said = replace(plan, px_per_m=0.93 * (plan.px_per_m or 0), scale_said="person")
    fused = fuse([said, _south(), _west()])
    assert fused.plan is not None
    assert fused.plan.px_per_m[0] == pytest.approx(said.px_per_m)
    asks = {one.element for one in fused.contradictions if one.gate == "asks"}
    assert "width of what is shown of the south façade" in asks
    assert any("a person said" in one.sentence for one in fused.contradictions)


def test_a_scale_that_was_read_does_not_make_a_wider_plan_the_same_building():
    plan = _with_court(plan_view(HOUSE))
    with pytest.raises(DifferentBuildingsError, match="do not show the same building"):
        fuse([plan, _south(), _west()])


@pytest.mark.parametrize("other", [1, 2, 4, 10])
def test_with_a_persons_scale_other_buildings_are_still_refused(other):
    plan = replace(plan_view(HOUSE), scale_said="person")
    with pytest.raises(DifferentBuildingsError, match="do not show the same building"):
        fuse([plan, elevation_view(building(other))])
    with pytest.raises(DifferentBuildingsError, match="do not show the same building"):
        fuse([plan, replace(elevation_view(building(other)), side="south"), _west(building(other))])


def test_sides_without_walls_that_run_across_are_only_shown_whole():
    view = plan_view(HOUSE)
    x0, y0, x1, y1 = (int(v) for v in extent(view.plan.walls))
    walls = np.zeros_like(view.plan.walls)
    walls[y0:y1, x0:x1] = True
    reading = replace(view.plan, walls=walls, openings=())
    assert {(one.low, one.high) for one in stretches(reading, "south", extent(walls))} == {(float(x0), float(x1))}


def test_a_court_that_no_elevation_shows_stands_open_and_low_before_the_house():
    west = replace(_west(), reading=replace(_west().front, openings=(_west_window(),)))
    fused = fuse([without_scale(_with_court(plan_view(HOUSE))), _south(), west])
    edge = COURT * HOUSE.width
    assert fused.shown is not None
    assert fused.shown == pytest.approx((edge, 0, (1 + COURT) * HOUSE.width, HOUSE.depth), abs=0.02 * HOUSE.width)
    designed = design(fused, "house with a court")
    model = build(designed)
    first = designed.storeys[0].high
    court = np.vstack([one.vertices for one in model.solids if one.kind == "wall"])
    assert first - 0.3 < court[court[:, 0] < 1.0, 2].max() < first + 0.01
    everything = np.vstack([one.vertices for one in model.elements])
    assert everything[everything[:, 0] < edge - 1.0, 2].max() < first + 0.01
    roof = next(one for one in model.solids if one.id == "roof")
    assert roof.bounds[0, 0] > edge - 1.0  # its eaves stand out
    window = next(one for one in model.solids if one.kind == "pane" and "west" not in one.id and one.bounds[1, 0] < edge + 1)
    assert window.bounds[0, 0] > edge - 0.1  # in the wall of the house, not in that of the court
    assert any("No sheet shows how high the plan is built beyond" in note for note in model.assumptions)


def _west_window() -> ReadOpening:
    """In the upper part of the west front, in its middle."""
    x0, y0, x1, _ = _west().wall
    middle, scale = (x0 + x1) / 2, elevation_view(HOUSE).px_per_m or 0
    box = round(middle - 0.5 * scale), round(y0 + 0.8 * scale), round(middle + 0.5 * scale), round(y0 + 2.2 * scale)
    return ReadOpening(box, "window", 0.9)
