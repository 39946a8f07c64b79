"""Plan, elevation and section become one frame; where they disagree a person hears of it, and nothing is averaged."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from house_readings import all_views, elevation_view, plan_view, section_view, without_scale

from studio.drawings.contradictions import compared, counted
from studio.drawings.fuse import DifferentBuildingsError, NothingToFuseError, SliverError, fuse
from studio.drawings.matching import Span, aligned, matched
from studio.errors import ScaleError
from studio.samples.building import building

HOUSE = building(0)


def _stretched(house, x: float, z: float = 1.0):
    facade = tuple(replace(o, box=(o.box[0] * x, o.box[1] * z, o.box[2] * x, o.box[3] * z)) for o in house.facade)
    return replace(house, width=house.width * x, heights=tuple(h * z for h in house.heights), facade=facade, pediment=None)


def _asks(fused) -> list[str]:
    return [one.element for one in fused.contradictions if one.gate == "asks"]


@pytest.mark.parametrize("seed", [0, 1, 2, 4])
def test_sheets_of_one_house_agree_and_give_its_size(seed):
    house = building(seed)
    fused = fuse(all_views(house))
    assert fused.contradictions == ()
    assert fused.size == pytest.approx((house.width, house.depth), abs=0.03)
    assert [s.high.z for s in fused.heights.storeys] == pytest.approx(np.cumsum(house.heights), abs=0.02)
    assert fused.heights.ridge.z == pytest.approx(house.height + house.roof_height, abs=0.02)
    south = sorted(h.span for h in fused.holes if h.side == "south" and h.storey == 0)
    truth = sorted((o.box[0], o.box[2]) for o in house.openings if o.side == "S")
    assert np.array(south) == pytest.approx(np.array(truth), abs=0.03)


def test_every_opening_is_where_both_sheets_show_it_and_knows_both_regions():
    fused = fuse(all_views(HOUSE))
    ground = [h for h in fused.holes if h.side == "south" and h.storey == 0]
    assert len(ground) == HOUSE.bays
    assert all({s.placed.view.kind for s in h.seen} == {"plan", "elevation"} for h in ground)
    for hole, (kind, x0, z0, x1, z1) in zip(
        sorted((h for h in fused.holes if h.side == "south"), key=lambda h: (h.storey, h.span)),
        sorted(((o.kind, *o.box) for o in HOUSE.facade), key=lambda o: (fused.heights.storey_of((o[2] + o[4]) / 2), o[1])),
        strict=True,
    ):
        assert hole.kind == kind
        assert (*hole.span, *hole.rise) == pytest.approx((x0, x1, z0, z1), abs=0.03)


@pytest.mark.parametrize(("missing", "whole"), [((1, 2), 0), ((0, 2), 1), ((0, 1), 2)])
def test_one_scale_is_carried_over_to_the_others_and_said(missing, whole):
    views = [without_scale(v) if i in missing else v for i, v in enumerate(all_views(HOUSE))]
    fused = fuse(views)
    assert fused.size == pytest.approx((HOUSE.width, HOUSE.depth), rel=0.01)
    assert fused.heights.eaves.z == pytest.approx(HOUSE.height, rel=0.01)
    said = " ".join(fused.assumptions)
    assert "carried over" in said or whole == 0


def test_without_any_scale_it_asks():
    with pytest.raises(ScaleError, match=r"--scale plan\.png="):
        fuse([without_scale(v) for v in all_views(HOUSE)])


@pytest.mark.parametrize("share", [1.04, 1.07, 1.1, 0.93])
def test_a_stretched_elevation_is_found_and_the_plan_is_built(share):
    fused = fuse([plan_view(HOUSE), elevation_view(_stretched(HOUSE, share)), section_view(HOUSE)])
    assert "width of the south façade" in _asks(fused)
    assert fused.size[0] == pytest.approx(HOUSE.width, abs=0.03)
    record = next(c for c in fused.contradictions if c.element == "width of the south façade")
    assert record.difference == pytest.approx(abs(share - 1), abs=0.005)
    assert record.values == pytest.approx((HOUSE.width, HOUSE.width * share), abs=0.03)


def test_a_storey_drawn_higher_on_one_sheet_is_named():
    heights = list(HOUSE.heights)
    heights[1] *= 1.06
    fused = fuse([plan_view(HOUSE), elevation_view(HOUSE), section_view(replace(HOUSE, heights=tuple(heights)))])
    assert _asks(fused) == ["height of storey 1"]
    # the section's storey is built, and the elevation's windows move with it
    assert fused.heights.storeys[1].high.z == pytest.approx(sum(heights[:2]), abs=0.03)


def test_a_moved_window_is_named_and_stays_where_the_plan_has_it():
    facade = list(HOUSE.facade)
    by = 0.04 * HOUSE.width
    facade[1] = replace(facade[1], box=(facade[1].box[0] + by, facade[1].box[1], facade[1].box[2] + by, facade[1].box[3]))
    fused = fuse([plan_view(HOUSE), elevation_view(replace(HOUSE, facade=tuple(facade))), section_view(HOUSE)])
    assert _asks(fused) == ["position of window 2 of the ground floor, south"]


@pytest.mark.parametrize("lost", [0, 2])
def test_an_opening_that_one_sheet_lacks_asks_and_is_still_built(lost):
    facade = HOUSE.facade[:lost] + HOUSE.facade[lost + 1 :]
    fused = fuse([plan_view(HOUSE), elevation_view(replace(HOUSE, facade=facade)), section_view(HOUSE)])
    assert _asks(fused) == ["openings of the ground floor, south façade"]
    assert sum(h.side == "south" and h.storey == 0 for h in fused.holes) == HOUSE.bays


@pytest.mark.parametrize("other", [1, 2, 4, 10])
def test_sheets_of_different_buildings_are_refused_by_name(other):
    with pytest.raises(DifferentBuildingsError, match=r"plan\.png and facade\.png do not show the same building"):
        fuse([plan_view(HOUSE), elevation_view(building(other))])


def test_a_facade_taken_for_the_wrong_side_is_refused_with_a_hint():
    with pytest.raises(DifferentBuildingsError, match="width from west to east"):
        fuse([plan_view(HOUSE), elevation_view(HOUSE, side="west")])


def test_a_strip_of_a_facade_is_refused_by_name():
    view = elevation_view(HOUSE)
    x0, y0, _, y1 = view.wall
    strip = replace(view, reading=replace(view.front, facade=(x0, y0, x0 + (y1 - y0) // 8, y1)))
    with pytest.raises(SliverError, match="only a strip"):
        fuse([plan_view(HOUSE), strip])
    part = replace(view, px_per_m=None, reading=replace(view.front, facade=(x0, (y0 + y1) // 2, x0 + 150, y1)))
    with pytest.raises(SliverError, match="--scale"):
        fuse([plan_view(HOUSE), part])


def test_a_strip_is_left_aside_and_said_where_plan_and_section_build_without_it():
    view = elevation_view(HOUSE)
    x0, y0, _, y1 = view.wall
    strip = replace(view, reading=replace(view.front, facade=(x0, y0, x0 + (y1 - y0) // 8, y1)))
    fused = fuse([plan_view(HOUSE), strip, section_view(HOUSE)])
    assert not fused.elevations
    assert any(note.startswith("Left aside: facade.png") for note in fused.assumptions)


def test_an_elevation_of_another_side_finds_it_when_nobody_said_which():
    """The plan lies turned on its sheet: what its elevation shows is its east."""
    plan = plan_view(HOUSE)
    turned = np.rot90(plan.plan.walls).copy()
    wide = plan.plan.walls.shape[1]
    openings = tuple(
        replace(o, box=(o.box[1], wide - o.box[2], o.box[3], wide - o.box[0])) for o in plan.plan.openings
    )
    picture = np.rot90(plan.plan.picture).copy()
    lying = replace(plan, reading=replace(plan.plan, walls=turned, openings=openings, picture=picture))
    fused = fuse([lying, elevation_view(HOUSE)])
    assert list(fused.elevations) == ["east"]
    assert any("taken for the east" in note for note in fused.assumptions)
    assert not any("taken for the south" in note for note in fused.assumptions)


def test_a_section_of_a_part_is_not_compared_in_width():
    view = section_view(HOUSE)
    whole = view.cut.walls
    columns = np.flatnonzero(whole.any(axis=0))
    x0 = columns[0]
    part = np.zeros_like(whole)
    part[:, x0 : x0 + 140] = whole[:, x0 : x0 + 140]
    part[:, x0 + 120 : x0 + 140] = part[:, x0 : x0 + 20]
    fused = fuse([plan_view(HOUSE), elevation_view(HOUSE), replace(view, reading=replace(view.cut, walls=part))])
    assert any("shows a part of the building" in note for note in fused.assumptions)
    assert not any("width from" in one or "depth from" in one for one in _asks(fused))


def test_nothing_to_fuse_is_said():
    with pytest.raises(NothingToFuseError, match="--as"):
        fuse([section_view(HOUSE)])


def test_small_differences_are_silent_larger_ones_listed_and_asked():
    def said(value):
        return compared(
            "width", "width", [("a", 10.0), ("b", value)], used="10 m", why="as drawn", tolerance_m=0.02
        )  # fmt: skip

    assert said(10.09) is None
    assert said(10.2).gate == "listed"
    assert said(10.4).gate == "asks"
    assert counted("doors", [("a", 2), ("b", 2)], used="2", why="") is None
    assert "2, b 3" in counted("doors", [("a", 2), ("b", 3)], used="both", why="nothing is left away").sentence


def test_openings_are_matched_in_order_with_gaps_and_a_robust_scale():
    first = [Span(2.0 * i, 2.0 * i + 1) for i in range(7)]
    second = [Span((s.low + 3) * 40, (s.high + 3) * 40) for s in first if s.low != 6.0]
    second[1] = Span(second[1].low + 14, second[1].high + 14)
    found = matched(first, second, ((-1, 14), (80, 680)), scale=None)
    assert found.only_first == (3,) and found.only_second == ()
    assert found.scale == pytest.approx(1 / 40, rel=0.004)
    assert found.shift == pytest.approx(-3, abs=0.06)
    assert aligned([], second, 1, 0).only_second == tuple(range(6))


def test_a_section_without_any_scale_cuts_so_that_its_storeys_are_as_people_build():
    """A narrow section of a long house: along the length its storeys would be halls."""
    view = plan_view(HOUSE)
    walls = np.repeat(view.plan.walls, 4, axis=0)  # four times as deep
    deep = replace(view, reading=replace(view.plan, walls=walls, openings=(), picture=np.zeros((*walls.shape, 3), np.uint8)))
    fused = fuse([deep, without_scale(section_view(HOUSE))])
    assert fused.sections[0].side == "south"  # across the width, which it shows
    assert fused.heights.eaves.z == pytest.approx(HOUSE.height, rel=0.03)
    assert any("Not certain" in note and "section.png" in note for note in fused.assumptions)
