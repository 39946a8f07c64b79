"""A picture laid over one side of a house lands where it belongs, on what is seen from there, and on nothing else."""

from __future__ import annotations

import io
import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
import trimesh

from blender_addon.errors import DrawingError
from blender_addon.scenes.building import building
from blender_addon.scenes.building_design import (
    Design,
    DesignedBand,
    DesignedHole,
    DesignedRoof,
    DesignedStack,
    DesignedStorey,
    FacadeFrame,
)
from blender_addon.scenes.building_walls import hole_shape, manifold
from blender_addon.scenes.closed import complaint, volume
from blender_addon.scenes.coat import COAT_M, FLATTEST, Projection, coated
from blender_addon.scenes.gltf import glb
from blender_addon.scenes.model import SceneModel
from blender_addon.scenes.texture import Texture
from blender_addon.scenes.usd import read_usdz, usdz

W, D, T = 8.0, 6.0, 0.5
PX_PER_M = 25
LEFT, FOOT, WIDE, HIGH = -0.6, -0.4, 9.6, 8.8  # of the picture, metres
ROWS, COLUMNS = np.mgrid[0 : round(HIGH * PX_PER_M), 0 : round(WIDE * PX_PER_M)]
# every texel says where it is: column, row, and the rest of both
PIXELS = np.stack([COLUMNS % 256, ROWS % 256, COLUMNS // 256 * 16 + ROWS // 256], -1).astype(np.uint8)
OPENINGS = (
    DesignedHole("gate-0", "opening", "south", (5.2, 7.2), (0.0, 2.6), True, 0, box=(5.2, 0, 7.2, T)),
    DesignedHole("window-1", "window", "south", (1.2, 2.4), (0.9, 2.4), True, 0, "round", (1.2, 0, 2.4, T)),
    DesignedHole("window-2", "window", "north", (2.0, 3.2), (0.9, 2.4), True, 0, box=(4.8, D - T, 6.0, D)),
)


@pytest.fixture(scope="module")
def design() -> Design:
    """One storey with an open gate and a window, a string course, a gabled roof and a chimney."""
    ring = (((0, 0), (W, 0), (W, D), (0, D)), (((T, T), (W - T, T), (W - T, D - T), (T, D - T)),))
    roof = DesignedRoof("gabled", "x", 6.5, 0.0, 6, "rule", (), {"form": 6})
    bands, stacks = (DesignedBand("string course", "south", 3.3, (0, W)),), (DesignedStack("south", (1.0, 1.8), 7.6),)
    return Design(
        "house", (ring,), True, (W, D), T, (DesignedStorey(0, 4.0, 2, 2),), OPENINGS, bands=bands, roof=roof, stacks=stacks
    )


@pytest.fixture(scope="module")
def house(design) -> SceneModel:
    """It, in metres."""
    return building(design)


def _picture(side: str = "south", **how) -> Projection:
    levels = ((FOOT, 0.0), (FOOT + HIGH, 1.0))
    frame = FacadeFrame(side, (W, D))
    given = {"across": (LEFT, LEFT + WIDE), "heights": levels, "passages": ((hole_shape(OPENINGS[0]), 0.0),)} | how
    return Projection(Texture.from_pixels(PIXELS), "variant.png", "e" * 64, frame, **given)


@pytest.fixture(scope="module")
def worn(house) -> SceneModel:
    """The house with the picture on its south side."""
    return coated(house, _picture())


def _coats(model: SceneModel):
    return [one for one in model.elements if one.kind == "coat"]


def _texels(coat, frame) -> tuple[np.ndarray, np.ndarray]:
    """Middles of its triangles: their u and z, float [2, M], and the column and row that the texel there names, int [M, 2]."""
    middles = frame.local(coat.vertices)[:, [0, 2]][coat.faces].mean(axis=1)
    uv = coat.uv[coat.faces].mean(axis=1).astype(np.float64)
    x = np.clip(uv[:, 0] * COLUMNS.shape[1], 0, COLUMNS.shape[1] - 1).astype(int)
    y = np.clip((1 - uv[:, 1]) * COLUMNS.shape[0], 0, COLUMNS.shape[0] - 1).astype(int)
    red, green, blue = PIXELS[y, x].astype(int).T
    return middles.T, np.column_stack([red + blue // 16 * 256, green + blue % 16 * 256])


@pytest.mark.parametrize("side", ["south", "east"])
def test_every_texel_lands_where_the_picture_has_it(house, side):
    picture = _picture(side, passages=())
    for coat in _coats(coated(house, picture)):
        (u, z), named = _texels(coat, picture.frame)
        at = np.column_stack([(u - LEFT) * PX_PER_M, (FOOT + HIGH - z) * PX_PER_M])
        assert np.abs(at - (named + 0.5)).max() <= 1.0, coat.id


def test_where_a_level_was_moved_the_picture_moves_with_it(house):
    levels = ((FOOT, 0.0), (3.4, 0.4), (FOOT + HIGH, 1.0))
    picture = _picture(heights=levels)
    for coat in _coats(coated(house, picture)):
        (_, z), named = _texels(coat, picture.frame)
        share = np.interp(z, *np.array(levels).T)
        assert np.abs((1 - share) * COLUMNS.shape[0] - (named[:, 1] + 0.5)).max() <= 1.0, coat.id


def _hits(solids, starts: np.ndarray, way: np.ndarray):
    """Number of the first solid on each ray and how far it is; −1 where none is. Möller and Trumbore, all against all."""
    best, far = np.full(len(starts), -1), np.full(len(starts), np.inf)
    for number, solid in enumerate(solids):
        a, b, c = (solid.vertices[solid.faces[:, i]] for i in range(3))
        across = np.cross(way, c - a)
        across_dot = np.einsum("ij,ij->i", b - a, across)
        fit = np.abs(across_dot) > 1e-9
        a, b, c, across, scale = a[fit], b[fit], c[fit], across[fit], 1 / across_dot[fit]
        to = starts[:, None] - a
        p = np.einsum("rij,ij->ri", to, across) * scale
        turned = np.cross(to, b - a)
        q = np.einsum("k,rik->ri", way, turned) * scale
        t = np.einsum("ik,rik->ri", c - a, turned) * scale
        t = np.where((p >= 0) & (q >= 0) & (p + q <= 1) & (t > 1e-6), t, np.inf).min(axis=1, initial=np.inf)
        best, far = np.where(t < far, number, best), np.minimum(t, far)
    return best, far


def test_what_is_seen_wears_it_and_what_is_hidden_does_not(house, worn):
    rng = np.random.default_rng(3)
    starts = np.column_stack([rng.uniform(-0.5, W + 0.5, 600), np.full(600, -20.0), rng.uniform(0.05, 7.5, 600)])
    ahead = np.array([0.0, 1.0, 0.0])
    bare, bare_far = _hits(house.elements, starts, ahead)
    now, now_far = _hits(worn.elements, starts, ahead)
    through_the_gate = (np.abs(starts[:, 0] - 6.2) < 1.0) & (starts[:, 2] < 2.6)
    wears = 0
    for first, second, near, far, gate in zip(bare, now, now_far, bare_far, through_the_gate, strict=True):
        if first < 0:
            assert second < 0
        elif gate:
            assert worn.elements[second].kind != "coat"
        elif worn.elements[second].kind == "coat":
            wears += 1
            assert worn.elements[second].covers.id == house.elements[first].id
            assert 0 < far - near <= COAT_M / FLATTEST + 1e-4
    assert wears > 0.97 * ((bare >= 0) & ~through_the_gate).sum()


@pytest.mark.parametrize("way", [(1.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0)])
def test_from_other_sides_nothing_of_it_is_seen(worn, way):
    """Along the façade one sees the edges of the coats, 5 mm wide, and from behind nothing at all."""
    rng = np.random.default_rng(4)
    y = rng.uniform(0.03, D, 400)
    starts = np.column_stack([rng.uniform(0, W, 400), y, rng.uniform(0.05, 3.9, 400)])
    starts -= 30 * np.array(way)
    if way[1]:
        starts[:, 1] = D + 30
    first, _ = _hits(worn.elements, starts, np.array(way))
    assert all(worn.elements[one].kind != "coat" for one in first if one >= 0)
    # and from within the reveal of the window sideways: the jamb is the wall's own
    inside = np.array([[1.8, 0.1, 1.5]])
    jamb, _ = _hits(worn.elements, inside, np.array(way))
    assert jamb[0] < 0 or worn.elements[jamb[0]].kind != "coat"


def test_coats_are_closed_apart_and_at_level_seven_and_all_else_is_as_it_was(house, worn):
    assert worn.elements[: len(house.elements)] == house.elements
    scene = trimesh.load(io.BytesIO(glb(worn)), file_type="glb")
    for coat in _coats(worn):
        assert not complaint(coat.vertices, coat.faces)
        assert scene.geometry[coat.id].is_watertight and scene.geometry[coat.id].volume > 0
        assert (coat.level, coat.author, coat.aspects["material"]) == (7, "AI", 7)
        assert coat.evidence[0].source_sha256 == "e" * 64 and coat.evidence[0].region is not None
    solids = [(one.id, one.bounds, manifold((one.vertices, one.faces))) for one in worn.elements]
    for (a, first, one), (b, second, other) in itertools.combinations(solids, 2):
        if (first[0] < second[1]).all() and (second[0] < first[1]).all() and (a.startswith("coat") or b.startswith("coat")):
            assert (one ^ other).volume() < 1e-5, (a, b)


def test_the_scene_says_how_much_of_each_solid_is_worn_and_the_shares_count_only_what_is_seen(house, worn):
    said = {one["id"]: one for one in worn.worn}
    wall, roof = said["wall-0-south"], said["roof"]
    holes = sum(hole_shape(one).area for one in OPENINGS[:2])
    assert wall["worn_m2"] == pytest.approx(wall["seen_m2"], rel=2e-3) and wall["seen_m2"] < W * 4.0 - holes + 0.01
    assert roof["share"] > 0.95 and "wall-0-north" not in said and "ground" not in said and "wall-0-east" not in said
    covered = sum(one["worn_m2"] for one in worn.worn)
    before, after = house.levels().area, worn.levels().area
    total = sum(float(trimesh.Trimesh(one.vertices, one.faces, process=False).area) for one in house.elements)
    # the edges of the coats, 5 mm high, are surface that was not there before
    assert after["7"] == pytest.approx(covered / total, rel=0.05)
    assert after["2"] + after["6"] == pytest.approx(1 - after["7"]) and after["2"] < before["2"]
    coats = sum(volume(one.vertices, one.faces) for one in _coats(worn))
    assert coats == pytest.approx(covered * COAT_M, rel=0.02)
    assert worn.levels().volume["7"] == pytest.approx(coats / sum(volume(o.vertices, o.faces) for o in worn.elements))


def test_no_format_loses_a_coat(worn):
    back = SceneModel.from_json(worn.to_json(), glb(worn))
    other = read_usdz(usdz(worn))
    for model in (back, other):
        assert json.loads(model.to_json()) == json.loads(worn.to_json())
        for one, two in zip(worn.elements, model.elements, strict=True):
            assert np.array_equal(one.vertices, two.vertices) and np.array_equal(one.faces, two.faces)
            assert one.covers == two.covers and (one.uv is None) == (two.uv is None)
            assert one.uv is None or np.array_equal(one.uv, two.uv)


def test_beyond_the_outline_the_house_stays_bare(house):
    half = coated(house, _picture(outline=[(LEFT, FOOT), (3.0, FOOT), (3.0, 9.0), (LEFT, 9.0)]))
    for coat in _coats(half):
        assert coat.bounds[1, 0] <= 3.0 + 1e-6
    assert 0.3 < next(one for one in half.worn if one["id"] == "wall-0-south")["share"] < 0.5


def test_a_picture_beside_the_house_is_refused(house):
    with pytest.raises(DrawingError, match="lies beside the building"):
        coated(house, _picture(across=(20.0, 30.0)))


def test_the_side_that_wears_it_is_the_one_that_is_looked_at(house, worn):
    assert worn.focus == house.focus
    assert coated(house, _picture("east", passages=())).focus.facing == (1.0, 0.0, 0.0)
    low = replace(house, focus=replace(house.focus, facing=(-0.3, -0.5, 0.8)))
    assert coated(low, _picture("east", passages=())).focus == low.focus
