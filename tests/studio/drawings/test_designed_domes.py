"""Domes in outlines, where they stand, which way a section is seen, and what else of a set a historian would see at once."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from house_readings import upright

from blender_addon.scenes.building_design import DesignedDome, DesignedProfile
from studio.drawings.designed import design
from studio.drawings.designed_domes import levelled
from studio.drawings.domes import CELLS, drawn_heights, round_heads
from studio.drawings.fuse import fuse
from studio.drawings.holes import own_openings
from studio.drawings.reading import Column, FacadeReading, LevelLine, PlanReading, ReadOpening, SectionReading
from studio.drawings.views import View, extent, section_edges

PX = 10.0
W, D, EAVES = 40.0, 24.0, 8.0
GROUND, LEFT = 320, 60


def _bump(u: np.ndarray, middle: float, radius: float, spring: float, crown: float, drum: float = 0.0) -> np.ndarray:
    """Heights of a dome on a drum that stands on a flat roof at EAVES."""
    away, rise = np.abs(u - middle), crown - spring
    sphere = (radius**2 + rise**2) / (2 * rise)
    dome = crown - sphere + np.sqrt(np.clip(sphere**2 - away**2, 0, None))
    return np.where(away < radius, np.maximum(dome, spring), np.where(away < drum, spring, EAVES))


def _outline(bumps, length: float = W) -> tuple[np.ndarray, np.ndarray]:
    """Heights cell by cell of a flat roof with domes, and the outline in pixels of a sheet."""
    u = (np.arange(round(length * CELLS)) + 0.5) / CELLS
    z = np.maximum.reduce([np.full(len(u), EAVES), *(_bump(u, *one) for one in bumps)])
    points = np.column_stack([LEFT + u * PX, GROUND - z * PX])
    return z, np.vstack([[LEFT, GROUND], points, [LEFT + length * PX, GROUND]])


def _drawn(points: np.ndarray, length: float) -> np.ndarray:
    import cv2

    picture = np.full((360, round(length * PX) + 2 * LEFT, 3), 255, np.uint8)
    cv2.polylines(picture, [np.rint(points).astype(np.int32)], True, (0, 0, 0), 2)
    return picture


def _elevation(bumps, side: str, length: float, name: str) -> View:
    _, points = _outline(bumps, length)
    picture = _drawn(points, length)
    wall = (LEFT, GROUND - round(EAVES * PX), LEFT + round(length * PX), GROUND)
    lines = (LevelLine("eaves", float(wall[1]), wall[0], wall[2], 0.9),)
    windows = tuple(ReadOpening((LEFT + x, GROUND - 30, LEFT + x + 12, GROUND - 10), "window", 0.9) for x in (40, 150))
    reading = FacadeReading(picture, windows, wall, points, GROUND, 0.0, None, 0.9, (), lines)
    return View(name, name[0] * 64, "elevation", reading, upright(picture), PX, "given", side)


def _plan(columns=()) -> View:
    walls = np.zeros((round(D * PX) + 80, round(W * PX) + 80), bool)
    walls[40:-40, 40:-40] = True
    walls[50:-50, 50:-50] = False
    picture = np.where(walls, 0, 255).astype(np.uint8)[..., None].repeat(3, -1)
    found = tuple(Column((40 + x * PX, 40 + (D - y) * PX), 4.0, "round", 0.9) for x, y in columns)
    reading = PlanReading(picture, walls, (), 10.0, "solid", 0.0, None, 0.9, columns=found)
    return View("plan.png", "a" * 64, "plan", reading, upright(picture), PX, "given")


def test_a_dome_on_its_drum_is_found_where_it_stands():
    (head,) = round_heads(_outline([(26.0, 6.0, 14.0, 18.0, 7.0)])[0])
    assert (head.middle, head.radius) == (pytest.approx(26.0, abs=0.2), pytest.approx(6.0, abs=0.5))
    assert (head.crown, head.foot) == (pytest.approx(18.0, abs=0.2), pytest.approx(8.0, abs=0.3))
    assert head.spring == pytest.approx(14.0, abs=0.6) and head.drum == pytest.approx(7.0, abs=0.3)


def test_a_gable_a_hipped_roof_and_a_tower_are_no_domes():
    u = (np.arange(round(W * CELLS)) + 0.5) / CELLS
    gable = np.maximum(EAVES, 20 - np.abs(u - 20) * 0.9)
    hipped = np.clip(26 - np.abs(u - 20), EAVES, 14)
    tower = np.where(np.abs(u - 20) < 3, 20.0, EAVES)
    assert [round_heads(z) for z in (gable, hipped, tower)] == [[], [], []]


def test_a_dome_beside_a_taller_part_is_measured_by_its_free_flank():
    z, _ = _outline([(14.0, 5.0, 8.0, 11.0)])
    u = (np.arange(len(z)) + 0.5) / CELLS
    (head,) = round_heads(np.where((u > 17.5) & (u < 30), 15.0, z))
    assert head.middle == pytest.approx(14.0, abs=0.3) and head.radius == pytest.approx(5.0, abs=0.6)


def test_a_finial_does_not_raise_the_crown():
    z, _ = _outline([(20.0, 6.0, 10.0, 15.0)])
    u = (np.arange(len(z)) + 0.5) / CELLS
    (head,) = round_heads(np.where(np.abs(u - 20) < 0.5, 19.0, z))
    assert head.crown == pytest.approx(15.0, abs=0.3)


def test_a_straightened_outline_is_measured_as_it_is_drawn():
    _, points = _outline([(20.0, 6.0, 10.0, 15.0)])
    coarse = points[[0, 1, *np.flatnonzero(np.abs(points[:, 0] - LEFT - 200) < 61)[::40], -2, -1]]
    z, low = drawn_heights(coarse, _drawn(points, W), lambda x, y: ((x - LEFT) / PX, (GROUND - y) / PX))
    (head,) = round_heads(z)
    assert low + head.middle == pytest.approx(20.0, abs=0.3) and head.crown == pytest.approx(15.0, abs=0.3)


def test_two_elevations_place_one_dome_and_the_roof_below_it_is_level():
    south = _elevation([(28.0, 5.0, 12.0, 16.0, 5.5)], "south", W, "south.png")
    west = _elevation([(10.0, 5.0, 12.0, 16.0, 5.5)], "west", D, "west.png")
    made = design(fuse([_plan(), south, west]), "church")
    (dome,) = made.domes
    assert dome.center == (pytest.approx(28.0, abs=0.5), pytest.approx(D - 10.0, abs=0.5)) and dome.is_placed
    assert {e.source_sha256 for e in dome.evidence} == {"s" * 64, "w" * 64}
    lower = [p for p in made.profiles if p.axis == "x"]
    assert lower and all(z < 9.5 for profile in lower for _, z in profile.points)
    assert any("from two sides" in note for note in made.assumptions)


def test_windows_drawn_in_a_drum_go_around_it_at_their_distance():
    south = _elevation([(20.0, 6.0, 15.0, 19.0, 6.2)], "south", W, "south.png")
    seen = [20 + 6.2 * np.sin(np.radians(t)) for t in (-36, 0, 36)]
    places = [LEFT + round(u * PX) for u in seen]
    high = tuple(ReadOpening((x - 4, GROUND - 130, x + 4, GROUND - 110), "window", 0.9, head="round") for x in places)
    front = replace(south, reading=replace(south.front, openings=(*south.front.openings, *high)))
    (dome,) = design(fuse([_plan(), front]), "church").domes
    assert len(dome.windows) == 10 and dome.windows[0].rise == (pytest.approx(11.0), pytest.approx(13.0))
    assert dome.windows[0].turn == pytest.approx(-np.pi / 2, abs=0.05)  # it looks to the south


def test_one_elevation_and_a_ring_of_columns_place_a_dome_and_the_next_one_stands_in_line():
    turns = np.radians(22.5 + 45 * np.arange(8))
    ring = [(10.0 + 5.5 * np.cos(t), 15.0 + 5.5 * np.sin(t)) for t in turns]
    front = _elevation([(10.0, 4.0, 8.0, 11.0), (28.0, 4.0, 8.0, 11.0)], "south", W, "south.png")
    over, other = design(fuse([_plan(ring), front]), "mosque").domes
    assert over.center == (pytest.approx(10.0, abs=0.4), pytest.approx(15.0, abs=0.3)) and over.is_placed
    assert other.center[1] == pytest.approx(over.center[1]) and not other.is_placed


def test_a_dome_of_which_only_one_side_is_drawn_says_so():
    made = design(fuse([_plan(), _elevation([(20.0, 5.0, 10.0, 14.0)], "south", W, "south.png")]), "tomb")
    (dome,) = made.domes
    assert dome.center[1] == pytest.approx(D / 2) and not dome.is_placed
    assert any("no sheet says how far back" in note for note in made.assumptions)


def test_nothing_of_a_dome_stays_in_the_outline_that_it_was_taken_from():
    points = ((0.0, 8.0), (13.9, 8.0), (14.0, 14.0), (20.0, 19.0), (26.0, 14.0), (26.1, 8.0), (40.0, 8.0))
    profile = DesignedProfile("x", points)
    left = levelled(profile, [DesignedDome((19.4, 12.0), 5.5, 18.5, 14.0, 5.6, 8.0)])
    assert max(z for _, z in left.points) == pytest.approx(8.0, abs=0.1)


def _section(cuts, bumps=()) -> View:
    """A section along x that cuts walls at `cuts`, metres from its left end, with a low roof over them."""
    _, points = _outline(bumps)
    cut = np.zeros((360, round(W * PX) + 2 * LEFT), bool)
    for at in (0.0, *cuts, W - 1.0):
        cut[GROUND - 80 : GROUND, LEFT + round(at * PX) : LEFT + round(at * PX) + 10] = True
    cut[GROUND - 85 : GROUND - 80, LEFT : LEFT + round(W * PX)] = True
    roof = tuple((float(x), float(y)) for x, y in points[1:-1:20])
    picture = _drawn(points, W)
    reading = SectionReading(picture, cut, False, (), (), (10.0, 10.0), roof, (), GROUND, 0.0, None, 0.9)
    return View("section.png", "c" * 64, "section", reading, upright(picture), PX, "given")


def _rooms(view: View, cuts) -> View:
    walls = view.plan.walls.copy()
    for at in cuts:
        walls[40:-40, 40 + round(at * PX) : 50 + round(at * PX)] = True
    return replace(view, reading=replace(view.plan, walls=walls))


@pytest.mark.parametrize(("cuts", "side"), [((6.0, 11.0, 25.0), "south"), ((14.0, 28.0, 33.0), "north")])
def test_a_section_that_is_drawn_the_other_way_round_is_turned_by_the_plans_walls(cuts, side):
    fused = fuse([_rooms(_plan(), (6.0, 11.0, 25.0)), _section(cuts)])
    assert fused.sections[0].side == side
    assert any(f"seen from the {side}" in note and "plan.png" in note for note in fused.assumptions)


def test_a_section_that_fits_both_ways_is_taken_as_drawn_and_said_to_be_uncertain():
    fused = fuse([_rooms(_plan(), (12.0, 27.0)), _section((12.0, 27.0))])
    assert fused.sections[0].side == "south"
    assert any(note.startswith("Not certain") and "other way" in note for note in fused.assumptions)


def test_a_section_is_turned_by_the_outline_of_an_elevation():
    front = _elevation([(28.0, 5.0, 12.0, 16.0, 5.5)], "south", W, "south.png")
    fused = fuse([_plan(), front, _section((), [(12.0, 5.0, 12.0, 16.0, 5.5)])])
    assert fused.sections[0].side == "north"


def test_the_cheeks_of_steps_are_no_part_of_a_plans_extent_and_an_apse_is():
    walls = _plan().plan.walls.copy()
    whole = extent(walls)
    steps = walls.copy()
    steps[-40:-26, 180:190] = steps[-40:-26, 240:250] = True
    assert extent(steps)[3] > whole[3]  # so deep before so small a house, it may be a porch
    deep = np.zeros((700, steps.shape[1]), bool)
    deep[: len(walls)] = walls
    deep[len(walls) - 40 : -100, 40:50] = deep[len(walls) - 40 : -100, -50:-40] = deep[-110:-100, 40:-40] = True
    bare = extent(deep)
    deep[-100:-82, 180:190] = deep[-100:-82, 240:250] = True
    assert extent(deep) == bare
    askew = walls.copy()
    askew[-52:-40] = np.arange(askew.shape[1])[None] < 40 + 33 * (12 - np.arange(12))[:, None]
    askew[:, :40] = askew[:, -40:] = False
    assert extent(askew) == extent(walls)
    apse = walls.copy()
    for y in range(40):
        half = round(np.sqrt(60**2 - (y * 1.5) ** 2))
        apse[-40 + y, 240 - half : 240 + half] = True
    assert extent(apse)[3] > whole[3] + 30


def test_a_lean_to_whose_wall_is_not_cut_belongs_to_the_section():
    view = _section((12.0,))
    cut = view.cut.walls.copy()
    cut[:, LEFT : LEFT + 100] = False
    cut[GROUND - 85 : GROUND - 60, LEFT : LEFT + 60] = True
    edges = section_edges(replace(view.cut, walls=cut))
    assert edges is not None and edges[0] == pytest.approx(LEFT, abs=2)


def test_openings_beside_a_facade_are_the_neighbours():
    view = _elevation([], "south", W, "south.png")
    shop = ReadOpening((LEFT + round(W * PX) + 5, GROUND - 40, LEFT + round(W * PX) + 40, GROUND), "door", 0.9)
    both = replace(view, reading=replace(view.front, openings=(*view.front.openings, shop)))
    assert own_openings(both) == list(view.front.openings)


@pytest.mark.parametrize(("gap", "kind"), [("door", "door"), ("window", "window")])
def test_a_portal_above_steps_is_a_door_where_the_plan_has_one(gap, kind):
    portal = ReadOpening((LEFT + 200, GROUND - 65, LEFT + 220, GROUND - 15), "window", 0.9)
    view = _elevation([], "south", W, "south.png")
    front = replace(view, reading=replace(view.front, openings=(*view.front.openings, portal)))
    plan = _plan()
    gaps = tuple(ReadOpening((40 + x, round(D * PX) + 30, 40 + x + wide, round(D * PX) + 40), what, 0.9)
                 for x, wide, what in ((40, 12, "window"), (150, 12, "window"), (200, 20, gap)))  # fmt: skip
    walls = plan.plan.walls.copy()
    for one in gaps:
        walls[one.box[1] : one.box[3], one.box[0] : one.box[2]] = False
    fused = fuse([replace(plan, reading=replace(plan.plan, walls=walls, openings=gaps)), front])
    found = [h for h in fused.holes if h.side == "south" and h.rise and h.rise[1] > 6]
    assert [one.kind for one in found] == [kind]


def test_an_elevation_keeps_its_own_scale_beside_one_that_gave_the_plan_another():
    south = _elevation([], "south", W * 0.6, "south.png")
    west = _elevation([], "west", D, "west.png")
    fused = fuse([replace(_plan(), px_per_m=None), south, west])
    assert fused.elevations["west"].px_per_m[0] == pytest.approx(PX)
    assert any("width of the west façade" in one.element and one.gate == "asks" for one in fused.contradictions)
