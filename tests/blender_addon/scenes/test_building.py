"""A building's solids are closed and apart, each knows its sheet, and no format loses what is said about them."""

from __future__ import annotations

import io
import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from blender_addon.errors import DrawingError, MeasureError, SceneFileError
from blender_addon.scenes.building import building
from blender_addon.scenes.building_design import (
    Design,
    DesignedBand,
    DesignedHole,
    DesignedRoof,
    DesignedStack,
    DesignedStorey,
    FacadeFrame,
    Flight,
    SheetPlane,
    Support,
)
from blender_addon.scenes.building_walls import geometry, manifold
from blender_addon.scenes.closed import volume
from blender_addon.scenes.gltf import glb
from blender_addon.scenes.levels import uncertainty
from blender_addon.scenes.model import Element, Evidence, SceneModel
from blender_addon.scenes.texture import Texture
from blender_addon.scenes.usd import read_usdz, usdz

W, D, T = 12.0, 9.0, 0.5
RING = (((0, 0), (W, 0), (W, D), (0, D)), (((T, T), (W - T, T), (W - T, D - T), (T, D - T)),))
PICTURE = Texture.from_pixels(np.full((30, 40, 3), 230, np.uint8))
TO_SHEET = np.array([[40.0, 0, 100], [0, -40.0, 500], [0, 0, 1]])


def _sheet(kind: str, side: str, digest: str) -> SheetPlane:
    return SheetPlane(f"{kind}.png", digest * 64, kind, side, TO_SHEET, PICTURE, (-1.0, 0.0, W + 1, D + 1))


@pytest.fixture(scope="module")
def design() -> Design:
    """Two storeys, a court wall, doors and windows with every kind of head, columns, stairs, a gabled roof, three sheets."""
    seen = (Evidence("b" * 64, (1, 2, 3, 4), "as drawn"),)
    holes = (
        DesignedHole("door-0", "door", "south", (5.4, 6.6), (0.15, 2.5), True, 0, box=(5.4, 0, 6.6, T), evidence=seen),
        DesignedHole("window-1", "window", "south", (1.5, 2.6), (0.9, 2.4), True, 0, "round", (1.5, 0, 2.6, T), seen),
        DesignedHole("window-2", "window", "south", (8.5, 9.6), (4.4, 6.2), True, 1, "pointed", None, seen),
        DesignedHole("window-3", "window", "north", (2.0, 3.0), (0.9, 2.1), False, 0, box=(9.0, D - T, 10.0, D), evidence=seen),
        DesignedHole("window-4", "window", "east", (2.0, 3.0), (4.4, 5.6), False, 1),
        DesignedHole("door-5", "door", "inside", (2.0, 2.9), (0.0, 2.1), False, 0, box=(2.0, 4.0, 2.9, 4.3), evidence=seen),
    )
    gapped = (((T, 4.0), (2.0, 4.0), (2.0, 4.3), (T, 4.3)), ()), (((2.9, 4.0), (4.0, 4.0), (4.0, 4.3), (2.9, 4.3)), ())
    roof = DesignedRoof("gabled", "x", 9.5, 0.0, 6, "rule", (Evidence(note="by rule"),), {"form": 6})
    return Design(
        "house", (RING, *gapped), True, (W, D), T, (DesignedStorey(0, 3.4, 2, 2), DesignedStorey(3.4, 6.8, 2, 2)), holes,
        (Support((8.0, 5.0), 0.2, "round"), Support((9.5, 5.0), 0.2, "square")), (Flight((1.0, 5.0, 2.2, 8.0), 9),),
        (DesignedBand("string course", "south", 3.4, (0, W)), DesignedBand("cornice", "south", 6.8, (0, W))), roof,
        _sheet("plan", "", "a"), {"south": _sheet("elevation", "south", "b")}, (_sheet("section", "east", "c"),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def model(design) -> SceneModel:
    """The building, with one disagreement of its sheets."""
    return replace(building(design), contradictions=({"element": "width", "gate": "asks"},))


def test_every_solid_is_closed_for_another_library_and_none_overlaps(model):
    import trimesh

    scene = trimesh.load(io.BytesIO(glb(model)), file_type="glb")
    for name, mesh in scene.geometry.items():
        assert mesh.is_watertight and mesh.is_winding_consistent and mesh.volume > 0, name
    solids = [(one.id, manifold((one.vertices, one.faces))) for one in model.solids]
    for (a, first), (b, second) in itertools.combinations(solids, 2):
        assert (first ^ second).volume() < 1e-5, (a, b)


def test_openings_are_cut_through_the_wall_as_large_as_they_were_drawn(model):
    south = next(one for one in model.elements if one.id == "wall-0-south")
    half = np.pi * 0.55**2 / 2
    corners = 2 * 0.02 * T * 3.4  # the strip of a façade is 2 cm deeper than its wall, and takes them from the side walls
    solid = W * T * 3.4 + corners - T * (1.2 * 2.35 + 1.1 * (1.5 - 0.55) + half)
    assert volume(south.vertices, south.faces) == pytest.approx(solid, rel=0.001)  # an arch has sixteen segments
    kinds = {one.kind for one in model.elements}
    assert {"wall", "lintel", "floor", "column", "stairs", "roof", "pane", "door", "steps", "ground", "cornice"} <= kinds


def test_what_a_sheet_draws_and_what_a_rule_adds_have_different_levels(model):
    by_id = {one.id: one for one in model.elements}
    assert (by_id["wall-0-south"].level, by_id["wall-0-south"].author) == (2, "drawing")
    # an elevation shows a surface: above the ground floor the wall's thickness is a rule
    assert by_id["wall-1-south"].level == 2 and by_id["wall-1-south-core"].level == 6
    assert by_id["wall-1-north"].level == 6 and by_id["wall-1-north"].author == "rule"
    assert by_id["over-window-3"].level == 6


def test_where_a_section_cuts_the_facade_its_upper_walls_are_drawn_whole(design):
    cut = building(replace(design, cuts=("south", "north")))
    south = next(one for one in cut.elements if one.id == "wall-1-south")
    assert south.level == 2 and south.bounds[1, 1] == pytest.approx(T, abs=0.03)


def test_a_region_leads_to_its_elements_and_back(model):
    document = json.loads(model.to_json())
    links = {(one["source_sha256"], tuple(one["region"])): one["elements"] for one in document["regions"]}
    assert "door-0" in links["b" * 64, (1, 2, 3, 4)]
    for one in document["elements"]:
        for evidence in one["evidence"]:
            if evidence["source_sha256"] and evidence["region"]:
                assert one["id"] in links[evidence["source_sha256"], tuple(evidence["region"])]
    wall = next(one for one in model.elements if one.id == "wall-0-west")
    # metres of the plan through its homography: x 0…0.5 m, y 0.5…8.5 m
    assert wall.evidence[0].region == pytest.approx((100, 160, 120, 480), abs=2)


def test_the_sheets_stand_in_their_planes_beside_the_building(model):
    plates = {one.id: one for one in model.plates}
    assert plates["plate-plan"].bounds[1, 2] == 0
    assert plates["plate-south"].bounds[0, 1] == pytest.approx(0) and plates["plate-south"].bounds[0, 0] > W
    assert plates["plate-section-0"].bounds[:, 0] == pytest.approx(W / 2, abs=0.03)
    assert not (plates["plate-section-0"].bounds[0, 1] < D and plates["plate-section-0"].bounds[1, 1] > 0)


@pytest.mark.parametrize("side", ["south", "north", "east", "west"])
def test_a_facades_frame_is_a_turn_and_its_left_is_seen_from_outside(side):
    frame = FacadeFrame(side, (W, D))
    corners = frame.world(np.array([(0.0, 0, 0), (frame.length, 0, 0), (0, 1, 0)]))
    right, inwards = corners[1] - corners[0], corners[2] - corners[0]
    assert np.cross(right, inwards)[2] > 0
    middle = np.array([W / 2, D / 2, 0])
    assert np.dot(middle - corners[:2].mean(axis=0), inwards) > 0
    assert frame.direction(1, 0) == pytest.approx(tuple(right / np.linalg.norm(right)))


def test_au_v_is_what_the_published_formula_gives_and_does_not_change_when_a_wall_is_cut_in_two(model):
    import trimesh

    sums = np.zeros(4)
    for one in model.elements:
        v = trimesh.Trimesh(one.vertices, one.faces, process=False).volume
        percent = (one.level - 0.5) / 7 * 100
        sums += (v, v * percent, v * one.relevance, v * one.relevance * percent)
    ours = uncertainty(model.elements)
    assert ours.by_volume == pytest.approx(sums[1] / sums[0], rel=1e-9)
    assert ours.by_volume_and_relevance == pytest.approx(sums[3] / sums[2], rel=1e-9)
    halves: list[Element] = []
    for one in model.elements:
        pair = manifold((one.vertices, one.faces)).split_by_plane((1, 0.4, 0.2), float(one.vertices[:, 0].mean()))
        parts = [p for p in map(geometry, pair) if p is not None]
        halves += [replace(one, id=f"{one.id}/{i}", vertices=v, faces=f) for i, (v, f) in enumerate(parts)]
    assert len(halves) > len(model.elements)
    assert uncertainty(halves).by_volume == pytest.approx(ours.by_volume, rel=1e-6)


def _same(a: SceneModel, b: SceneModel) -> None:
    assert a.to_json() == b.to_json()
    for x, y in zip(a.solids, b.solids, strict=True):
        assert np.array_equal(x.vertices, y.vertices) and np.array_equal(x.faces, y.faces), x.id
        assert (x.uv is None) == (y.uv is None) and (x.uv is None or np.array_equal(x.uv, y.uv)), x.id
        assert (x.texture and x.texture.data) == (y.texture and y.texture.data), x.id


def test_glb_and_usd_bring_everything_back(model):
    _same(model, SceneModel.from_json(model.to_json(), glb(model)))
    assert usdz(model) == usdz(model)
    _same(model, read_usdz(usdz(model)))


@pytest.mark.blender
def test_a_blend_file_brings_everything_back(model, tmp_path):
    from blender_addon.blend import read_blend, save_blend

    _same(model, read_blend(save_blend(model, tmp_path)))


def test_a_damaged_usd_is_refused(model):
    for data in (b"", usdz(model)[:400], b"PK\x03\x04" + bytes(100)):
        with pytest.raises(SceneFileError):
            read_usdz(data)


def test_usd_opens_in_the_reference_library_in_metres_and_upright(model, tmp_path):
    pytest.importorskip("pxr", reason="usd-core is not installed")
    from pxr import Usd, UsdGeom, UsdShade

    (tmp_path / "scene.usdz").write_bytes(usdz(model))
    stage = Usd.Stage.Open(str(tmp_path / "scene.usdz"))
    assert UsdGeom.GetStageUpAxis(stage) == "Z" and UsdGeom.GetStageMetersPerUnit(stage) == 1.0
    prims = {one.GetCustomDataByKey("id"): one for one in stage.Traverse() if one.IsA(UsdGeom.Mesh)}
    assert set(prims) == {one.id for one in model.solids}
    for solid in model.solids:
        prim = prims[solid.id]
        mesh = UsdGeom.Mesh(prim)
        assert np.array_equal(np.array(mesh.GetPointsAttr().Get()), solid.vertices.astype(np.float32))
        assert (prim.GetCustomDataByKey("level"), prim.GetCustomDataByKey("author")) == (solid.level, solid.author)
        assert [e["note"] for e in json.loads(prim.GetCustomDataByKey("evidence"))] == [e.note for e in solid.evidence]
        assert UsdShade.MaterialBindingAPI(prim).ComputeBoundMaterial()[0]
    for material in (one for one in stage.Traverse() if one.GetTypeName() == "Shader"):
        asset = material.GetAttribute("inputs:file")
        if asset and asset.Get():
            assert asset.Get().resolvedPath


def test_ifc_is_valid_in_metres_and_says_the_evidence(model, tmp_path):
    pytest.importorskip("ifcopenshell", reason="ifcopenshell is not installed (the extra 'ifc')")
    import ifcopenshell
    import ifcopenshell.util.unit
    import ifcopenshell.validate

    from blender_addon.scenes.ifc import evidence_of, ifc

    data = ifc(model)
    assert data == ifc(model)
    (tmp_path / "scene.ifc").write_bytes(data)
    logger = ifcopenshell.validate.json_logger()
    ifcopenshell.validate.validate(str(tmp_path / "scene.ifc"), logger)
    assert logger.statements == []
    assert ifcopenshell.util.unit.calculate_unit_scale(ifcopenshell.open(str(tmp_path / "scene.ifc"))) == 1.0
    said = evidence_of(data)
    assert set(said) == {one.id for one in model.elements}
    for one in model.elements:
        assert (said[one.id]["Level"], said[one.id]["Author"]) == (one.level, one.author)
        assert [e["note"] for e in said[one.id]["Evidence"]] == [e.note for e in one.evidence]


def test_walls_that_enclose_nothing_and_sizes_out_of_proportion_are_refused(design):
    with pytest.raises(DrawingError):
        building(replace(design, walls=((((0, 0), (1, 0)), ()),)))
    with pytest.raises(MeasureError):
        building(replace(design, size=(90000.0, 10.0)))


def test_a_band_ends_where_its_wall_ends(design):
    """A façade with a court in its middle: no cornice hangs over the gap."""
    left, right = ((0, 0), (4, 0), (4, 9), (0, 9)), ((8, 0), (12, 0), (12, 9), (8, 9))
    walls = tuple((ring, (tuple((x + (0.5 if x in (0, 8) else -0.5), y + (0.5 if y == 0 else -0.5)) for x, y in ring),))
                  for ring in (left, right))  # fmt: skip
    back = (((4, 8.5), (8, 8.5), (8, 9), (4, 9)), ())
    band = DesignedBand("cornice", "south", 3.4, (0.0, W))
    bare = replace(design, holes=(), columns=(), stairs=(), bands=(band,), roof=None)
    plain = replace(bare, walls=(*walls, back), storeys=design.storeys[:1])
    (cornice,) = [one for one in building(plain).elements if one.id.startswith("cornice")]
    middle = cornice.vertices[(cornice.vertices[:, 0] > 4.3) & (cornice.vertices[:, 0] < 7.7)]
    assert len(middle) == 0 and cornice.bounds[1, 0] - cornice.bounds[0, 0] > 11


def test_a_roof_covers_its_rectangle_and_a_chimney_stands_through_it(design):
    over = (2.0, 0.0, W, D)
    stack = DesignedStack("south", (6.0, 6.6), 10.4, (Evidence("b" * 64, (1, 2, 3, 4), "as drawn"),))
    model = building(replace(design, roof=replace(design.roof, over=over), stacks=(stack,)))
    named = {one.id: one for one in model.elements}
    assert named["roof"].bounds[0, 0] > 1.0 and named["roof"].bounds[1, 0] > W
    assert named["roof-beyond"].bounds[1, 0] <= 2.0 + 1e-6
    chimney = named["chimney-0"]
    assert chimney.kind == "chimney" and chimney.bounds[1, 2] == pytest.approx(10.4) and chimney.level == 6
    stack_solid, roof_solid = (manifold((named[one].vertices, named[one].faces)) for one in ("chimney-0", "roof"))
    assert (stack_solid ^ roof_solid).volume() < 1e-6


def test_north_goes_with_the_scene_and_into_ifc(design):
    model = building(replace(design, north=30.0))
    assert SceneModel.from_json(model.to_json(), glb(model)).north == 30.0
    ifcopenshell = pytest.importorskip("ifcopenshell")
    from blender_addon.scenes.ifc import ifc

    file = ifcopenshell.file.from_string(ifc(model).decode())
    (context,) = list(file.by_type("IfcGeometricRepresentationContext", include_subtypes=False))
    assert context.TrueNorth.DirectionRatios == pytest.approx((0.5, 0.8660254), abs=1e-6)
