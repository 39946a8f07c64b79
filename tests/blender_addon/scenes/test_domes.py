"""Domes as solids: closed, round, apart from the roof that carries them, open below, and their level said."""

from __future__ import annotations

import itertools
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("manifold3d")
sys.path.insert(0, str(Path(__file__).parent))
from test_building_heights import _house

from blender_addon.scenes.building import building
from blender_addon.scenes.building_design import DesignedDome, DesignedProfile, DrumWindow
from blender_addon.scenes.building_walls import manifold
from blender_addon.scenes.model import Evidence
from blender_addon.scenes.solids import box

SEEN = Evidence("d" * 64, (0, 0, 9, 9), "round head of this elevation's outline: a dome")
FLAT = DesignedProfile("x", ((0.0, 5.0), (20.0, 5.0)), (SEEN,))
DOME = DesignedDome((10.0, 6.0), 3.0, 10.0, 7.5, 3.4, 5.0, True, (SEEN,))


@pytest.fixture(scope="module")
def model():
    return building(_house(profiles=(FLAT,), domes=(DOME,)))


def _solid(model, name: str):
    return next(one for one in model.elements if one.id == name)


def test_a_dome_is_as_wide_and_high_as_drawn_and_round(model):
    dome, drum = _solid(model, "dome-0"), _solid(model, "drum-0")
    above = dome.vertices[dome.vertices[:, 2] > 7.49]
    (x0, y0), (x1, y1) = above[:, :2].min(axis=0), above[:, :2].max(axis=0)
    assert (x1 - x0, y1 - y0) == (pytest.approx(6.0, abs=0.02), pytest.approx(6.0, abs=0.02))
    assert dome.bounds[1, 2] == pytest.approx(10.0, abs=0.01)
    assert drum.bounds[1, 0] - drum.bounds[0, 0] == pytest.approx(6.8, abs=0.02)
    assert drum.bounds[1, 2] == pytest.approx(dome.bounds[0, 2])  # the dome's eaves lie on the drum
    assert np.hypot(*(above[:, :2] - DOME.center).T).max() == pytest.approx(3.0, abs=0.01)


def test_the_windows_of_a_drum_look_outwards_and_are_glazed():
    windows = tuple(DrumWindow(turn, 0.8, (6.0, 7.0), "round", (SEEN,)) for turn in (-np.pi / 2, 0.0))
    made = building(_house(profiles=(FLAT,), domes=(replace(DOME, windows=windows),)))
    made.check()
    panes = [one for one in made.elements if one.id.startswith("drum-0-pane")]
    middles = [one.vertices.mean(axis=0)[:2] - DOME.center for one in panes]
    assert middles[0] == pytest.approx((0.0, -3.2), abs=0.1) and middles[1] == pytest.approx((3.2, 0.0), abs=0.1)
    whole, cut = (_solid(one, "drum-0") for one in (building(_house(profiles=(FLAT,), domes=(DOME,))), made))
    assert manifold((cut.vertices, cut.faces)).volume() < manifold((whole.vertices, whole.faces)).volume() - 0.5


def test_no_two_solids_of_a_domed_building_overlap_and_each_is_closed(model):
    model.check()
    for a, b in itertools.combinations([one for one in model.elements if one.kind in ("roof", "wall")], 2):
        if np.all(np.minimum(a.bounds[1], b.bounds[1]) - np.maximum(a.bounds[0], b.bounds[0]) > 1e-4):
            assert (manifold((a.vertices, a.faces)) ^ manifold((b.vertices, b.faces))).volume() < 1e-5, (a.id, b.id)


def test_below_a_dome_the_roof_is_open(model):
    roof = _solid(model, "roof")
    column = manifold(box((9.5, 5.5, 0.1), (10.5, 6.5, 9.0)))
    assert (manifold((roof.vertices, roof.faces)) ^ column).volume() < 1e-6


def test_a_dome_says_that_it_is_round_by_rule_and_where_it_was_seen(model):
    for name in ("dome-0", "drum-0"):
        one = _solid(model, name)
        assert (one.author, one.level, one.aspects["form"], one.aspects["dimension"]) == ("rule", 6, 6, 2)
        assert SEEN in one.evidence and any("by rule" in e.note for e in one.evidence)
    unknown = building(_house(profiles=(FLAT,), domes=(replace(DOME, is_placed=False),)))
    assert _solid(unknown, "dome-0").aspects["position"] == 6


def test_two_domes_that_meet_share_no_room():
    near = replace(DOME, center=(14.0, 6.0))
    made = building(_house(profiles=(FLAT,), domes=(DOME, near)))
    made.check()
    a, b = (_solid(made, name) for name in ("drum-0", "drum-1"))
    assert (manifold((a.vertices, a.faces)) ^ manifold((b.vertices, b.faces))).volume() < 1e-5


def test_a_gap_that_no_sheet_calls_an_opening_is_no_slit_up_to_the_eaves():
    t, w, d = 0.5, 20.0, 12.0
    inside = (9.0, t), (t, t), (t, d - t), (w - t, d - t), (w - t, t), (9.6, t)
    ring = ((0, 0), (9.0, 0), *inside, (9.6, 0), (w, 0), (w, d), (0, d))
    made = building(replace(_house(), walls=((ring, ()),)))
    made.check()
    (gap,) = (one for one in made.elements if "gap" in one.id and one.id.startswith("wall-0"))
    assert gap.bounds[1, 2] == pytest.approx(4.0, abs=0.3) and gap.author == "rule"
