"""Buildings that no roof of one span covers: walls under profiles, a cover over them, open fronts, floors that nobody drew."""

from __future__ import annotations

import io
import itertools
from dataclasses import replace

import numpy as np
import pytest
from shapely.geometry import Point

from blender_addon.scenes.building import building
from blender_addon.scenes.building_design import Design, DesignedHole, DesignedProfile, DesignedStorey, SheetPlane
from blender_addon.scenes.building_walls import manifold, outlines
from blender_addon.scenes.gltf import glb
from blender_addon.scenes.model import Evidence

W, D, T = 20.0, 12.0, 0.5
SECTION = Evidence("c" * 64, (0.0, 0.0, 9.0, 9.0), "the section")
RISING = DesignedProfile("x", ((0.0, 3.0), (10.0, 3.0), (10.5, 6.0), (W, 6.0)), (SECTION,))


def _ring(x0: float, y0: float, x1: float, y1: float):
    return (x0, y0), (x1, y0), (x1, y1), (x0, y1)


WALLS = (
    (_ring(0, 0, W, D), (_ring(T, T, 5.0, D - T), _ring(5.5, T, W - T, D - T))),
)


def _house(**said) -> Design:
    return replace(Design("house", WALLS, True, (W, D), T, (DesignedStorey(0, 4.0, 2, 2),)), **said)


def _sound(model) -> None:
    import trimesh

    scene = trimesh.load(io.BytesIO(glb(model)), file_type="glb")
    assert all(mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0 for mesh in scene.geometry.values())
    solids = [manifold((one.vertices, one.faces)) for one in model.solids]
    assert all((a ^ b).volume() < 1e-5 for a, b in itertools.combinations(solids, 2))


def test_walls_are_low_where_the_section_is_low_and_say_that_this_is_a_rule():
    model = building(_house(profiles=(RISING,)))
    _sound(model)
    walls = {one.id: one for one in model.elements if one.kind == "wall"}
    assert walls["wall-0-west"].bounds[1, 2] == pytest.approx(3.0, abs=0.01)
    assert walls["wall-0-east"].bounds[1, 2] == pytest.approx(6.0, abs=0.01)
    south = walls["wall-0-south"].vertices
    assert south[south[:, 0] < 9.9, 2].max() == pytest.approx(3.0, abs=0.01)
    assert south[:, 2].max() == pytest.approx(6.0, abs=0.01)
    assert {(one.author, one.level) for one in walls.values()} == {("rule", 6)}
    assert all(SECTION in one.evidence for one in walls.values())


def test_a_facade_that_is_drawn_keeps_its_own_height_under_a_profile():
    front = SheetPlane("facade.png", "b" * 64, "elevation", "south", np.diag((40.0, -40.0, 1.0)))
    model = building(_house(profiles=(RISING,), fronts={"south": front}))
    tops = {one.id: float(one.bounds[1, 2]) for one in model.elements if one.kind == "wall"}
    assert tops["wall-0-south"] == pytest.approx(4.0) and tops["wall-0-east"] == pytest.approx(4.0)
    assert tops["wall-0-inside-00"] == pytest.approx(3.0, abs=0.01)


def test_what_section_and_elevation_show_covered_has_a_closed_cover_as_high_as_the_lower_of_both():
    across = DesignedProfile("y", ((0.0, 5.0), (4.0, 5.0), (6.0, 9.0), (8.0, 5.0), (D, 5.0)), (SECTION,))
    dome = DesignedProfile("x", ((0.0, 5.0), (8.0, 5.0), (10.0, 9.0), (12.0, 5.0), (W, 5.0)), (SECTION,))
    front = SheetPlane("facade.png", "b" * 64, "elevation", "south", np.diag((40.0, -40.0, 1.0)))
    model = building(_house(profiles=(dome, across), fronts={"south": front}))
    _sound(model)
    roof = next(one for one in model.elements if one.kind == "roof")
    assert (roof.author, roof.level) == ("rule", 6) and SECTION in roof.evidence
    upper = next(one for one in model.elements if one.id == "wall-upper")
    assert upper.bounds[0, 2] == pytest.approx(4.0) and roof.bounds[1, 2] == pytest.approx(9.0, abs=0.01)
    assert upper.kind == "wall" and roof.bounds[0, 2] == pytest.approx(upper.bounds[1, 2], abs=0.01)  # and covers it
    high = roof.vertices[roof.vertices[:, 2] > 5.01]
    assert np.all(np.abs(high[:, :2] - (10.0, 6.0)) < 2.01)  # a dome, and no vault along either axis


def _open_front(low: float, high: float):
    inside = (low, T), (T, T), (T, D - T), (W - T, D - T), (W - T, T), (high, T)
    return (((0, 0), (low, 0), *inside, (high, 0), (W, 0), (W, D), (0, D)), ()),


@pytest.mark.parametrize(("gap", "is_closed"), [(5.0, True), (14.0, False)])
def test_a_portal_leaves_the_house_closed_and_a_forecourt_does_not(gap, is_closed):
    lines = outlines(replace(_house(), walls=_open_front((W - gap) / 2, (W + gap) / 2)))
    assert lines.footprint.contains(Point(W / 2, D / 2)) is is_closed


def test_where_the_plan_leaves_a_portal_open_the_wall_above_it_stands_as_the_elevation_shows():
    door = DesignedHole("door-0", "opening", "south", (8.5, 11.5), (0.0, 3.0), True, 0)
    front = SheetPlane("facade.png", "b" * 64, "elevation", "south", np.diag((40.0, -40.0, 1.0)))
    model = building(replace(_house(), walls=_open_front(8, 12), holes=(door,), fronts={"south": front}))
    _sound(model)
    wall = next(one for one in model.elements if one.id == "wall-0-south")
    inside = [v for v in wall.vertices if 8.4 < v[0] < 11.6]
    assert min(v[2] for v in inside) == pytest.approx(0.0, abs=0.11) and any(abs(v[2] - 3.0) < 0.01 for v in inside)
    assert not any("left out" in note for note in model.assumptions)


def test_no_floor_lies_where_a_section_shows_none():
    storeys = (DesignedStorey(0, 3.0, 2, 2), DesignedStorey(3.0, 6.0, 6, 2, has_floor=False))
    assert [one.id for one in building(_house(storeys=storeys)).elements if one.kind == "floor"] == ["floor-0"]
    floors = [one.id for one in building(_house(storeys=(storeys[0], replace(storeys[1], has_floor=True)))).elements
              if one.kind == "floor"]  # fmt: skip
    assert floors == ["floor-0", "floor-1"]


def test_beyond_what_sheets_show_walls_are_low_and_open_and_the_front_is_shut_where_it_begins():
    storeys = (DesignedStorey(0, 3.0, 2, 2), DesignedStorey(3.0, 6.0, 2, 2))
    broken = (
        (_ring(0, 0, W, D), (_ring(T, T, 5.0, D - T), _ring(5.5, T, W - T, D - T), _ring(5.0, 5.0, 5.5, 8.0))),
    )  # a gap of three metres in the wall at which the house begins
    window = DesignedHole("window-1", "window", "west", (5.0, 6.0), (3.8, 5.2), True, 1)
    model = building(_house(walls=broken, storeys=storeys, shown=(5.0, 0.0, W, D), holes=(window,)))
    _sound(model)
    walls = np.vstack([one.vertices for one in model.solids if one.kind == "wall"])
    assert 2.7 < walls[walls[:, 0] < 4.5, 2].max() < 3.01
    west = next(one for one in model.solids if one.id == "wall-0-west")
    assert west.bounds[:, 0] == pytest.approx((5.0, 5.5), abs=0.05)
    assert manifold((west.vertices, west.faces)).volume() == pytest.approx((D - 2 * T) * T * 3.0, rel=0.05)
    pane = next(one for one in model.solids if one.id.startswith("window-1") and one.kind == "pane")
    assert 5.0 < pane.bounds[0, 0] < 5.5
    floor = next(one for one in model.solids if one.id == "floor-0")
    assert floor.bounds[0, 0] == pytest.approx(0.0, abs=0.01)


def test_small_pieces_of_wall_that_come_again_are_supports_and_one_alone_is_a_rim():
    piers = tuple((_ring(x, 4.0, x + 0.3, 4.2), ()) for x in (7.0, 9.0, 11.0, 13.0))
    lone = (_ring(9.0, 8.0, 10.6, 8.2), ())
    model = building(_house(walls=(*WALLS, *piers, lone)))
    inside = [one for one in model.elements if one.id.startswith("wall-0-inside")]
    small = {round(one.bounds[0, 0]): one.bounds[1, 2] for one in inside}
    assert all(small[x] > 3.0 for x in (7, 11, 13))
    assert [one.bounds[1, 2] for one in model.elements if one.id.startswith("edge")] == [pytest.approx(0.5)]
    assert any("4 small pieces of wall" in note for note in model.assumptions)
