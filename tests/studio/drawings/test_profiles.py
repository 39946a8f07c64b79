"""What a section says of heights along it, what a plan leaves open in its front, and heights that two sheets cannot share."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from house_readings import elevation_view, plan_view, section_view, upright

from blender_addon.scenes.building_design import DesignedProfile
from studio.drawings.designed import design
from studio.drawings.fuse import fuse
from studio.drawings.profiles import _above, front_edge, upper_edge
from studio.drawings.reading import FacadeReading, PlanReading, ReadOpening, SectionReading
from studio.drawings.titles import way_of_file
from studio.drawings.views import SIDES, Placed, View, front_ends, fronted, plan_spans, standing
from studio.samples.building import building

PX = 20.0
BLANK = np.full((240, 440, 3), 255, np.uint8)


def _section(cut: np.ndarray, roof=None) -> Placed:
    reading = SectionReading(BLANK, cut, False, (), (), (10.0, 10.0), roof, (), 220, 0.0, None, 0.9)
    return Placed(View("section.png", "c" * 64, "section", reading, upright(BLANK), PX), "south", (20.0, 220.0), (PX, PX))


def _atrium() -> np.ndarray:
    """Two roofs that fall towards a court: 8 m at the outer walls, 5 m at the court's edges, nothing cut over it; a finial."""
    cut = np.zeros(BLANK.shape[:2], bool)
    for x in range(20, 420):
        u = (x - 20) / PX
        if u < 7 or u > 13:
            z = 8 - 3 * min(u, 20 - u) / 7
            cut[round(220 - z * PX) : round(220 - z * PX) + 6, x] = True
    cut[60:220, 20:30] = cut[60:220, 410:420] = True
    cut[10:60, 22:28] = True
    return cut


def test_the_upper_edge_follows_the_roofs_and_goes_straight_over_the_court():
    edge = upper_edge(_section(_atrium()), 20.0)
    assert edge is not None
    at = np.interp([3.5, 7.2, 10.0, 16.5, 19.0], *edge.T)
    assert at == pytest.approx([6.5, 5.0, 5.0, 6.5, 7.57], abs=0.2)
    assert edge[:, 1].max() < 8.3  # the finial is no wall
    assert (edge[0, 0], edge[-1, 0]) == (0.0, 20.0)


def test_a_section_that_cuts_nothing_overhead_says_nothing():
    assert upper_edge(_section(np.zeros(BLANK.shape[:2], bool)), 20.0) is None


def test_a_cover_hangs_nowhere_below_the_eaves_beside_an_outline_that_was_read_too_narrow():
    outline = DesignedProfile("y", ((0.0, 0.0), (4.0, 0.0), (4.1, 15.0), (20.0, 22.0)))
    assert _above(outline, 13.5).points == ((0.0, 13.5), (4.0, 13.5), (4.1, 15.0), (20.0, 22.0))


def test_the_outline_of_an_elevation_keeps_a_dome_and_loses_a_spire():
    turn = np.linspace(np.pi, 0, 25)
    dome = [(220 + 80 * np.cos(t), 120 - 80 * np.sin(t)) for t in turn]
    outline = [(20, 220), (20, 120), *dome[:12], (218, 40), (218, 10), (222, 10), (222, 40), *dome[13:], (420, 120), (420, 220)]
    reading = FacadeReading(BLANK, (), (20, 120, 420, 220), np.array(outline, np.float32), 220, 0.0, None, 0.9)
    view = View("facade.png", "b" * 64, "elevation", reading, upright(BLANK), PX)
    edge = front_edge(Placed(view, "west", (20.0, 220.0), (PX, PX)), 20.0)
    assert edge is not None
    assert np.interp([2.0, 10.0, 18.0], *edge.T) == pytest.approx([5.0, 8.7, 5.0], abs=0.1)  # a spire's foot is flat


# ---- fronts of plans
def _plan(openings=(), *, wing: bool = False) -> PlanReading:
    """A house of 300 × 200 px with walls of 10 px, a portal of 40 px in its south wall and a door behind it."""
    walls = np.zeros((260, 440), bool)
    walls[20:220, 40:340] = True
    walls[30:210, 50:330] = False
    walls[150:160, 50:330] = True
    walls[150:160, 170:200] = False
    walls[210:220, 160:200] = False
    if wing:
        walls[20:60, 340:420] = True
    return PlanReading(BLANK, walls, tuple(openings), 10.0, "solid", 0.0, None, 0.9)


def test_a_portal_without_jambs_is_an_opening_of_the_front_and_what_lies_behind_it_is_none():
    door = ReadOpening((170, 150, 200, 160), "door", 0.9)
    reading = _plan([door])
    found = plan_spans(reading, "south")
    assert [(span.low, span.high, one.kind) for span, one in found] == [(160.0, 200.0, "gap")]
    assert all(not plan_spans(reading, side) for side in SIDES if side != "south")
    filled, gaps = fronted(reading)
    assert filled[215, 165:195].all() and len(gaps["south"]) == 1


def test_the_space_between_two_columns_is_no_opening_of_the_building():
    reading = _plan([between := ReadOpening((110, 90, 130, 100), "door", 0.9)])
    reading.walls[90:100, 100:110] = reading.walls[90:100, 130:140] = True
    assert between not in standing(reading)


def test_a_front_is_measured_without_the_wing_that_stands_out_behind_it():
    inside = (40.0, 20.0, 420.0, 220.0)
    assert front_ends(_plan(wing=True), "south", inside) == (40.0, 340.0)
    assert front_ends(_plan(), "south", (40.0, 20.0, 340.0, 220.0)) is None


# ---- heights
def test_eaves_too_far_apart_are_two_levels_and_the_elevation_keeps_its_own():
    house = building(0)
    tall = replace(house, heights=tuple(1.6 * h for h in house.heights))
    fused = fuse([plan_view(house), elevation_view(house), section_view(tall)])
    assert fused.heights.eaves.z == pytest.approx(house.height, abs=0.05)
    assert any(one.element == "height of the walls" and one.gate == "asks" for one in fused.contradictions)
    south = sorted(h.rise[1] for h in fused.holes if h.side == "south" and h.rise)
    assert south == pytest.approx(sorted(o.box[3] for o in house.facade), abs=0.05)


def test_a_wide_door_that_no_elevation_shows_is_higher_than_a_leaf_and_never_the_whole_wall():
    house = building(0)
    view = plan_view(house)
    ways = [one for one in view.plan.openings if one.kind == "door"]
    x0, y0, x1, y1 = ways[0].box
    scale = view.px_per_m or 1.0
    wide = replace(ways[0], box=(x0, y0, x0 + round(1.8 * scale), y1)) if x1 - x0 > y1 - y0 else replace(
        ways[0], box=(x0, y0, x1, y0 + round(1.8 * scale)))  # fmt: skip
    reading = replace(view.plan, openings=tuple(wide if one is ways[0] else one for one in view.plan.openings))
    built = design(fuse([replace(view, reading=reading)], height_m=6.0), "house")
    rises = {round(max(h.box[2] - h.box[0], h.box[3] - h.box[1]), 1): h.rise for h in built.holes if h.box and h.kind == "door"}
    assert rises[1.8][1] - rises[1.8][0] == pytest.approx(3.6, abs=0.1)
    assert all(high - low <= 4.0 for low, high in rises.values())


@pytest.mark.parametrize(("stem", "way"), [("house_section_long", "long"), ("Querschnitt-A", "cross"), ("section", None)])
def test_a_files_name_tells_a_longitudinal_from_a_cross_section(stem, way):
    assert way_of_file(stem) == way
