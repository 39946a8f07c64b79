"""The check for closed solids agrees with trimesh's, and what scenes are built from always passes it."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import MultiPolygon
from shapely.geometry import Point, Polygon
from shapely.geometry import box as rectangle

from blender_addon.errors import DrawingError
from blender_addon.scenes.closed import complaint, face_areas, is_closed, volume
from blender_addon.scenes.solids import bar, box, joined, moulding, plate, prism, upright
from blender_addon.scenes.texture import Texture

from .conftest import corners


@given(st.lists(st.integers(0, 79), max_size=4), st.lists(st.integers(0, 79), max_size=2))
def test_our_check_agrees_with_trimesh(dropped, turned):
    sphere = trimesh.creation.icosphere(subdivisions=1)
    faces = np.array(sphere.faces)
    faces[turned] = faces[turned][:, ::-1]
    faces = np.delete(faces, dropped, axis=0)
    theirs = trimesh.Trimesh(sphere.vertices, faces, process=False, validate=False)
    assert is_closed(faces) == (theirs.is_watertight and theirs.is_winding_consistent)
    if is_closed(faces):  # the volume of an open mesh depends on the origin and means nothing
        assert volume(sphere.vertices, faces) == pytest.approx(float(theirs.volume), abs=1e-9)


def test_a_sphere_s_volume_and_surface_are_right_far_from_the_origin():
    sphere = trimesh.creation.icosphere(subdivisions=3)
    away = sphere.vertices + np.array((1e5, -1e5, 1e5))
    assert volume(away, sphere.faces) == pytest.approx(sphere.volume, rel=1e-6)
    assert face_areas(away, sphere.faces).sum() == pytest.approx(sphere.area, rel=1e-6)


def test_what_is_wrong_is_said():
    vertices, faces = box((0, 0, 0), (1, 1, 1))
    assert complaint(vertices, faces) == ""
    assert "no faces" in complaint(vertices, faces[:0])
    assert "do not exist" in complaint(vertices[:-1], faces)
    assert "finite" in complaint(vertices * np.nan, faces)
    assert "not closed" in complaint(vertices, np.concatenate([faces, faces]))
    assert "flat" in complaint(vertices * (1, 1, 0), faces)


ROOM = rectangle(0, 0, 4, 3).difference(rectangle(1, 1, 2, 2))


@pytest.mark.parametrize(
    ("geometry", "cubic_metres"),
    [
        (box((1, 2, 3), (2, 4, 6)), 6.0),
        (prism(ROOM, 2.0), 22.0),
        (upright(prism(ROOM, 2.0), 5.0), 22.0),
        (bar([(0, 0), (0.3, 0), (0.3, 0.2), (0, 0.2)], -1.0, 4.0), 0.3),
        (joined([box((0, 0, 0), (1, 1, 1)), box((3, 0, 0), (4, 1, 1))]), 2.0),
        (moulding(1.0, 2.0, [(0, 0), (0.1, 0), (0.1, 0.05), (0, 0.05)]), 0.05 * (1.2 * 2.2 - 2.0)),
    ],
)
def test_building_blocks_are_closed_and_of_the_right_volume(geometry, cubic_metres):
    assert complaint(*geometry) == ""
    assert volume(*geometry) == pytest.approx(cubic_metres)
    for how in (False, True):
        again = trimesh.Trimesh(*geometry, process=how)
        assert again.is_watertight and again.volume == pytest.approx(cubic_metres)


def test_pieces_that_meet_in_a_corner_are_parted_so_that_merging_vertices_opens_nothing():
    geometry = prism(MultiPolygon([rectangle(0, 0, 1, 1), rectangle(1, 1, 2, 2)]), 1.0)
    for how in (False, True):
        again = trimesh.Trimesh(*geometry, process=how)
        assert again.is_watertight and again.is_winding_consistent and again.volume == pytest.approx(2.0, rel=2e-3)


def test_a_stood_up_wall_faces_south_and_keeps_left_left():
    vertices, _ = upright(prism(Polygon([(0, 0), (4, 0), (4, 3)]), 0.5), 1.0)
    assert vertices.min(axis=0) == pytest.approx((0, 1, 0))
    assert vertices.max(axis=0) == pytest.approx((4, 1.5, 3))
    assert not np.any(np.all(np.isclose(vertices[:, [0, 2]], (0, 3)), axis=1))  # the triangle has no upper left corner


def test_arched_windows_whose_jambs_nearly_coincide_still_give_a_closed_wall():
    wall = rectangle(0, 0, 12, 6)
    for x in np.arange(0.7, 11, 1.3):
        arch = rectangle(x, 1, x + 0.8, 3).union(Point(x + 0.4, 3).buffer(0.4 + 1e-9, quad_segs=24))
        wall = wall.difference(arch)
    assert complaint(*prism(wall, 0.5)) == ""
    assert volume(*prism(wall, 0.5)) == pytest.approx(0.5 * wall.area, rel=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 18), st.integers(0, 8), st.integers(1, 4), st.integers(1, 4)), max_size=12))
def test_any_holes_leave_a_closed_wall(holes):
    """Holes on a grid meet at corners and share edges, the worst that drawings do."""
    wall = rectangle(0, 0, 20, 10)
    for x, y, w, h in holes:
        wall = wall.difference(rectangle(x, y, x + w, y + h))
    geometry = prism(wall, 0.5)
    assert complaint(*geometry) == ""
    assert volume(*geometry) == pytest.approx(0.5 * wall.area, rel=1e-2)
    assert trimesh.Trimesh(*geometry, process=True).is_volume


def test_an_outline_without_an_inside_is_refused():
    with pytest.raises(DrawingError):
        prism(rectangle(0, 0, 1, 1e-6), 1.0)
    with pytest.raises(DrawingError):
        box((0, 0, 0), (1, 0, 1))


def test_a_plate_is_closed_and_shows_its_picture_the_right_way_round():
    shown = plate("plate-a", Texture.from_pixels(corners()), center=(1, 2, 3), right=(0, -1, 0), up=(0, 0, 1), width_m=3.0,
                  height_m=2.0, level=1, author="drawing", thickness_m=0.01)  # fmt: skip
    assert complaint(shown.vertices, shown.faces) == ""
    assert volume(shown.vertices, shown.faces) == pytest.approx(0.06, rel=1e-4)
    # right × up = (−1, 0, 0): it looks west, and its upper left corner is in the north.
    assert np.allclose(shown.vertices[3], (1, 3.5, 4)) and np.allclose(shown.uv[3], (0, 1))
    a, b, c = shown.vertices[shown.faces[0]]
    assert np.allclose(np.cross(b - a, c - a) / 6, (-1, 0, 0))
