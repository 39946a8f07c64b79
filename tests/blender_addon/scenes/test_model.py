"""scene.json and scene.glb together give the model back, and nothing that is damaged gets through."""

from __future__ import annotations

import contextlib
import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blender_addon.errors import OpenSolidError, SceneError, SceneFileError
from blender_addon.scenes.gallery import gallery
from blender_addon.scenes.gltf import glb
from blender_addon.scenes.model import Element, SceneModel
from blender_addon.scenes.solids import box

from .conftest import corners

ROOM = gallery(corners(), width_m=1.0)
ROOM_JSON, ROOM_GLB = ROOM.to_json(), glb(ROOM)


def test_a_round_trip_goes_round(scene):
    text, data = scene.to_json(), glb(scene)
    again = SceneModel.from_json(text, data)
    assert again.to_json() == text
    assert glb(again) == data
    for before, after in zip(scene.solids, again.solids, strict=True):
        for name in ("vertices", "faces", "uv", "vertex_colors", "vertex_levels"):
            assert np.array_equal(getattr(before, name), getattr(after, name)), (before.id, name)
        assert before.texture == after.texture
    assert (again.lights, again.focus, again.assumptions) == (scene.lights, scene.focus, scene.assumptions)


def test_the_json_alone_still_says_what_stands_where_and_how_well_it_is_known():
    bare = SceneModel.from_json(ROOM_JSON)
    assert [one.id for one in bare.solids] == [one.id for one in ROOM.solids]
    assert [one.level for one in bare.solids] == [one.level for one in ROOM.solids]
    assert all(len(one.faces) == 0 for one in bare.solids)


def test_the_same_model_gives_the_same_bytes():
    again = gallery(corners(), width_m=1.0)
    assert (again.to_json(), glb(again)) == (ROOM_JSON, ROOM_GLB)


def test_every_solid_says_who_made_it_and_how_well_it_is_known(scene):
    for solid in scene.solids:
        assert 1 <= solid.level <= 7 and solid.evidence, solid.id
        assert max(solid.aspects.values(), default=solid.level) <= solid.level or solid.kind == "relief", solid.id


def test_shares_of_levels_add_up_to_one(scene):
    shares = scene.levels()
    assert sum(shares.area.values()) == pytest.approx(1)
    assert sum(shares.volume.values()) == pytest.approx(1)


def test_a_drawing_shown_as_evidence_does_not_count_as_knowledge():
    with_label = gallery(corners(), width_m=1.0, label=corners())
    assert with_label.levels() == ROOM.levels()


def test_an_open_solid_is_never_written():
    cut = replace(ROOM.elements[0], faces=ROOM.elements[0].faces[:-1])
    with pytest.raises(OpenSolidError, match="floor is not closed"):
        glb(replace(ROOM, elements=(cut, *ROOM.elements[1:])))


def test_two_solids_of_one_name_are_refused():
    one = Element("wall", "wall", *box((0, 0, 0), (1, 1, 1)), 2, "drawing")
    with pytest.raises(SceneError, match="wall"):
        SceneModel("twins", (one, one))


NONSENSE = [{"level": 8}, {"author": "nobody"}, {"aspects": {"taste": 3}}, {"id": ""}, {"uv": np.zeros((3, 2))}]


@pytest.mark.parametrize("wrong", NONSENSE)
def test_an_element_that_says_nonsense_is_refused(wrong):
    vertices, faces = box((0, 0, 0), (1, 1, 1))
    with pytest.raises(SceneError):
        Element(**{"id": "a", "kind": "wall", "vertices": vertices, "faces": faces, "level": 2, "author": "rule"} | wrong)


def test_files_of_two_different_scenes_are_refused():
    other = glb(gallery(corners(), width_m=1.0, framed=False))
    with pytest.raises(SceneFileError, match="frame"):
        SceneModel.from_json(ROOM_JSON, other)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_scene_is_refused_in_our_own_words(data):
    document = json.loads(ROOM_JSON)
    at: list | dict = document
    while True:
        key = data.draw(st.sampled_from(list(at) if isinstance(at, dict) else list(range(len(at)))))
        if not isinstance(at[key], list | dict) or not at[key] or data.draw(st.booleans()):
            break
        at = at[key]
    at[key] = data.draw(st.sampled_from([None, "x", -1, [], {}, 1e400, [[[]]]]))
    with contextlib.suppress(SceneError):
        SceneModel.from_json(json.dumps(document), ROOM_GLB)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(ROOM_GLB) - 1), st.integers(0, 255), st.booleans())
def test_a_damaged_glb_is_refused_in_our_own_words(place, value, cut):
    place %= 6000 if not cut else len(ROOM_GLB)
    broken = ROOM_GLB[:place] if cut else ROOM_GLB[:place] + bytes([value]) + ROOM_GLB[place + 1 :]
    try:
        SceneModel.from_json(ROOM_JSON, broken)
    except SceneError:
        return
    assert not cut


def test_moving_a_scene_moves_everything_in_it():
    moved = ROOM.moved((10.0, -2.0, 1.0))
    assert np.allclose(moved.bounds - ROOM.bounds, (10, -2, 1), atol=1e-5)
    assert np.allclose(np.array(moved.focus.center) - ROOM.focus.center, (10, -2, 1))
