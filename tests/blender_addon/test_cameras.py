"""Framing is exact: whatever is to be seen lies inside the picture, and as large as the margin allows."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blender_addon.cameras import LENSES_MM, MARGIN, Subject, View, axes, dome, frame, orbit, project, tangents
from blender_addon.scenes.model import Element, Focus, SceneModel
from blender_addon.scenes.solids import box

metres = st.floats(-50, 50, allow_nan=False)
clouds = st.lists(st.tuples(metres, metres, metres), min_size=2, max_size=12).map(lambda rows: np.array(rows, np.float64))
views = st.builds(View, st.floats(-180, 180), st.floats(-10, 80))
sizes = st.tuples(st.integers(64, 4000), st.integers(64, 4000))


@settings(max_examples=150, deadline=None)
@given(clouds, views, sizes, st.sampled_from(LENSES_MM))
def test_nothing_of_the_subject_is_cut(points, view, size, lens):
    half = tangents(lens, *size)
    pose = frame(points, view, half)
    assert ((points - pose.position) @ pose.forward > 0).all()
    where = project(points, pose, half)
    assert where.min() >= MARGIN - 1e-6 and where.max() <= 1 - MARGIN + 1e-6


@settings(max_examples=60, deadline=None)
@given(views, sizes, st.sampled_from(LENSES_MM))
def test_the_subject_fills_the_picture_as_far_as_the_margin_allows(view, size, lens):
    points = np.array([[x, y, z] for x in (-3, 3) for y in (0, 1) for z in (0, 4)], np.float64)
    half = tangents(lens, *size)
    where = project(points, frame(points, view, half), half)
    touching = min(where[:, axis].min() - MARGIN for axis in (0, 1)), max(where[:, axis].max() - 1 + MARGIN for axis in (0, 1))
    assert touching[0] < 1e-6 and touching[1] > -1e-6


@settings(max_examples=60, deadline=None)
@given(views)
def test_a_pose_is_a_right_handed_frame(view):
    right, up, forward = axes(view)
    assert np.allclose(np.cross(right, up), -forward) and np.allclose(np.linalg.norm([right, up, forward], axis=1), 1)


def test_a_turn_comes_back_to_where_it_began_and_a_swing_stays_before_the_wall():
    round_trip = [view.azimuth for view in orbit(View(-30, 10), 12)]
    assert round_trip[0] == -30 and np.allclose(np.diff(round_trip), 30)
    assert max(abs(view.azimuth) for view in orbit(View(0, 0, swing=28), 24)) <= 28


def _model(focus):
    vertices, faces = box((0, 0, 0), (6, 1, 4))
    return SceneModel("wall", (Element("wall", "wall", vertices, faces, 2, "drawing"),), focus=focus)


def test_a_front_out_of_doors_is_seen_from_a_quarter_and_from_above():
    subject = Subject.of(_model(Focus((3, 0, 2), (6, 4))), np.array([[0.0, 0, 0], [6, 1, 4]]))
    assert subject.view.azimuth == -30 and subject.view.elevation > 0 and subject.lowest == 0


def test_a_picture_in_a_room_is_seen_as_it_hangs():
    subject = Subject.of(_model(Focus((3, 0, 2), (2, 1), (0, -1, 0), 4.0)), np.array([[0.0, 0, 0], [6, 1, 4]]))
    assert (subject.view.azimuth, subject.view.elevation) == (0, 0)
    assert np.allclose(subject.points.max(axis=0) - subject.points.min(axis=0), (2, 0, 1))


@pytest.mark.parametrize("height", [0.2, 2.0, 9.0])
def test_a_dome_leans_until_the_subject_lies_inside_the_disc(height):
    points = np.array([[-1.0, 4, height], [1, 4, height]])
    pose = dome(np.array([0.0, 0, 1.6]), points)
    towards = points - pose.position
    angles = np.degrees(np.arccos(towards @ pose.forward / np.linalg.norm(towards, axis=1)))
    assert angles.max() < 88
    assert (towards @ pose.up < 0).all(), "the front lies at the bottom of the disc"
