"""A pediment is a solid before its roof: as broad and high as drawn, recessed within; nothing runs through anything else."""

from itertools import combinations

import numpy as np
import pytest

from blender_addon.scenes.massing import Elevation, massing
from blender_addon.scenes.model import Element, SceneModel
from blender_addon.scenes.openings import Opening
from blender_addon.scenes.pediments import Pediment
from blender_addon.scenes.presets import preset

ROOFED = ((50, 270), (50, 80), (42, 80), (42, 30), (258, 30), (258, 80), (250, 80), (250, 270))
GABLED = ((50, 270), (50, 80), (42, 80), (150, 30), (258, 80), (250, 80), (250, 270))
MIDDLE = Pediment((100, 78), (150, 52), (200, 78), band=5, ledge=3)
WHOLE = Pediment((42, 80), (150, 30), (258, 80), band=6, ledge=4)


def built(outline, *pediments: Pediment, openings: tuple[Opening, ...] = ()) -> SceneModel:
    """A house of 10 m at 20 px per metre; its eaves lie 9.5 m above the ground."""
    windows = (Opening("window", (80, 100, 110, 150)), *openings)
    drawn = Elevation((300, 300), 20.0, (50, 80, 250, 270), outline, windows, pediments=pediments)
    return massing(drawn, preset("ashlar-slate-sash"))


def of_kind(model: SceneModel, kind: str) -> list[Element]:
    return [one for one in model.elements if one.kind == kind]


def common_m3(one: Element, other: Element) -> float:
    """What two solids share, cubic metres."""
    from manifold3d import Manifold, Mesh

    first, second = (Manifold(Mesh(np.asarray(e.vertices, np.float32), np.asarray(e.faces, np.uint32))) for e in (one, other))
    return (first ^ second).volume()


@pytest.mark.parametrize(("outline", "drawn"), [(ROOFED, MIDDLE), (GABLED, WHOLE)])
def test_no_solid_of_a_pediment_runs_through_another(outline, drawn):
    model = built(outline, drawn)
    large = [one for one in model.elements if one.kind in ("wall", "roof", "pediment", "cornice", "chimney")]
    assert {one.level for one in large} == {6}
    for one, other in combinations(large, 2):
        assert common_m3(one, other) < 2e-4, f"{one.id} and {other.id}"


def test_a_pediment_keeps_its_drawn_triangle_and_stands_before_a_recessed_tympanum():
    (cornices,) = of_kind(built(ROOFED, MIDDLE), "pediment")
    low, high = cornices.bounds
    assert np.allclose([low[0] * 20, 270 - high[2] * 20, high[0] * 20], (100, 52, 200), atol=0.5)
    assert high[1] <= 0 and low[1] < -0.2, "it stands out of the wall's face"
    (wall,) = of_kind(built(ROOFED, MIDDLE), "wall")
    assert wall.bounds[0, 1] == pytest.approx(0, abs=1e-4) and wall.bounds[1, 2] > 10.5, "the tympanum is the wall"
    inside = cornices.vertices[np.abs(cornices.vertices[:, 0] - 7.5) < 0.5]
    assert not ((inside[:, 2] > 9.85) & (inside[:, 2] < 10.4)).any(), "and nothing stands before its middle"
    assert cornices.evidence[0].region == MIDDLE.box


def test_the_roof_goes_on_behind_a_pediment_and_is_not_a_wall_for_a_window_in_it():
    oculus = Opening("window", (143, 62, 157, 72))
    model = built(ROOFED, MIDDLE, openings=(oculus,))
    assert "roof" in [one.id for one in of_kind(model, "roof")]
    assert len(of_kind(model, "pane")) == 2, "its window is cut into the tympanum"


def test_a_gable_with_raking_cornices_has_no_slope():
    assert not of_kind(built(GABLED, WHOLE), "roof") and len(of_kind(built(GABLED, WHOLE), "pediment")) == 1
    assert not of_kind(built(GABLED), "pediment"), "nobody read cornices there"


def test_a_triangle_without_an_inside_is_named_and_the_house_stands():
    model = built(ROOFED, Pediment((100, 78), (150, 77), (200, 78), band=5))
    assert not of_kind(model, "pediment") and any("pediment" in line for line in model.assumptions)
