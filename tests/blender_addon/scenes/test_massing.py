"""A massing keeps to what was read, closes every solid, and says that its depths are rules."""

from dataclasses import replace

import numpy as np
import pytest

from blender_addon.errors import PresetError
from blender_addon.scenes.massing import REVEAL_M, Elevation, massing
from blender_addon.scenes.openings import Opening
from blender_addon.scenes.presets import ERAS, GLAZINGS, ROOFS, WALLS, preset, vocabulary
from blender_addon.scenes.skyline import CHIMNEY, _parted, _top
from blender_addon.scenes.surfaces import surface_of, surfaces

HEAD = tuple((210 - 20 * np.cos(t), 120 - 20 * np.sin(t)) for t in np.linspace(0, np.pi, 9))
ARCH = (*HEAD, (230, 150), (190, 150))
WINDOWS = (
    Opening("window", (80, 100, 110, 150)),
    Opening("window", (135, 100, 165, 150)),
    Opening("window", (190, 100, 230, 150), outline=ARCH),
    Opening("window", (80, 180, 110, 230)),
    Opening("door", (140, 190, 175, 268)),
    Opening("arch", (195, 200, 235, 270)),
)


def house(openings=WINDOWS, top=((90, 30), (210, 30)), chimney=True) -> Elevation:
    """A house of 10 m on a sheet of 300 × 300 px, 20 px per metre: two storeys, a hipped roof, a chimney."""
    stack = ((120, 30), (120, 10), (132, 10), (132, 30)) if chimney else ()
    outline = ((50, 270), (50, 85), (42, 80), top[0], *stack, top[1], (258, 80), (250, 85), (250, 270))
    return Elevation((300, 300), 20.0, (50, 80, 250, 270), outline, openings, strings=(165.0,), columns=())


def kinds(model) -> dict[str, list]:
    found: dict[str, list] = {}
    for one in model.elements:
        found.setdefault(one.kind, []).append(one)
    return found


@pytest.mark.parametrize("name", ["ashlar-slate-sash", "gothic", "tudor", "vernacular", "mediterranean"])
def test_every_solid_of_a_massing_is_closed_and_a_rule(name):
    model = massing(house(), preset(name), source_sha256="a" * 64)
    assert {one.level for one in model.elements} == {6} and {one.author for one in model.elements} == {"rule"}
    assert len(kinds(model)["pane"]) >= 4 and len(kinds(model)["hollow"]) == 1 and len(kinds(model)["door"]) == 1
    assert any("rule" in line for line in model.assumptions)
    regions = {one.evidence[0].region for one in kinds(model)["pane"] if one.evidence}
    assert WINDOWS[0].box in regions, "a pane remembers where it was read"


def test_openings_lie_where_they_were_drawn_and_behind_the_face():
    pane = next(one for one in massing(house(), preset("ashlar-slate-sash")).elements if one.kind == "pane")
    low, high = pane.bounds
    assert np.allclose([low[0] * 20, 270 - high[2] * 20, high[0] * 20, 270 - low[2] * 20], WINDOWS[0].box, atol=0.05)
    assert low[1] == pytest.approx(REVEAL_M, abs=1e-4)


def test_a_roof_leans_back_within_its_outline_and_a_gable_stands():
    hipped = kinds(massing(house(), preset("ashlar-slate-sash")))
    (roof,) = hipped["roof"]
    assert roof.bounds[1, 2] == pytest.approx((270 - 30) / 20, abs=0.01)
    top = roof.vertices[roof.vertices[:, 2] > roof.bounds[1, 2] - 0.01]
    assert top[:, 1].min() > 2.0 > 0.0 > roof.bounds[0, 1], "the ridge lies behind the eaves"
    pointed = kinds(massing(house(top=((148, 30), (152, 30)), chimney=False), preset("ashlar-slate-sash")))
    assert "roof" not in pointed and pointed["wall"][0].bounds[1, 2] == pytest.approx(12.0, abs=0.05)


def test_what_is_narrow_above_the_roof_is_a_chimney():
    assert len(kinds(massing(house(), preset("ashlar-slate-sash")))["chimney"]) == 1
    assert "chimney" not in kinds(massing(house(chimney=False), preset("ashlar-slate-sash")))
    assert CHIMNEY * (258 - 42) > 12


def test_an_opening_that_cannot_be_cut_is_named_and_the_house_stands():
    beside = Opening("window", (260, 100, 290, 150))
    over = Opening("window", (95, 120, 120, 160))
    model = massing(house((*WINDOWS, beside, over)), preset("ashlar-slate-sash"))
    assert sum("left out" in line for line in model.assumptions) == 2


def test_tracery_leaves_less_glass_free_than_a_casement_and_a_sash_has_more_lights():
    def frame(name):
        return next(one for one in massing(house(), preset(name)).elements if one.id == "opening-002-frame")

    shown = {glazing: frame(f"ashlar-slate-{glazing}") for glazing in GLAZINGS}
    assert len(shown["sash"].faces) > len(shown["casement"].faces)
    assert shown["tracery"].material == "stone"


def test_the_vocabulary_is_said_to_somebody_who_misses_it():
    for wrong in ("marble-slate-sash", "ashlar", "", "ashlar-slate-sash-x"):
        with pytest.raises(PresetError, match=r"ashlar.*thatch.*tracery.*gothic"):
            preset(wrong)
    assert {preset(name).name for name in ERAS} == set(ERAS.values())
    assert all(word in vocabulary() for words in (WALLS, ROOFS, GLAZINGS, ERAS) for word in words)


@pytest.mark.parametrize("wall", WALLS)
def test_surfaces_are_the_same_for_a_seed_and_carry_the_presets_own_colour(wall):
    drawn, chosen = house(), preset(f"{wall}-tile-sash")
    model = massing(drawn, chosen)
    first, again, other = (surfaces(drawn, model, chosen, side_px=150, seed=seed) for seed in (3, 3, 4))
    assert {surface_of(one.kind) for one in model.elements} <= set(first)
    for name, one in first.items():
        assert one.albedo.shape == (150, 150, 3) and np.isfinite(one.albedo).all() and one.albedo.min() >= 0
        assert np.array_equal(one.albedo, again[name].albedo)
    assert not np.array_equal(first["wall"].albedo, other["wall"].albedo)
    reddish = first["wall"].albedo.mean((0, 1))
    assert (reddish[0] > 1.6 * reddish[2]) or wall != "brick"
    assert first["glass"].albedo.mean() < 0.5 * first["wall"].albedo.mean(), "glass is dark"


def test_courses_are_metric():
    """An ashlar course rises 0.30 m: the joints' rows repeat at that distance."""
    drawn, chosen = house(()), preset("ashlar-slate-sash")
    wall = surfaces(drawn, massing(drawn, chosen), chosen, side_px=1200, seed=1)["wall"].height
    assert wall is not None
    rows = wall[340:1000].mean(1) - wall[340:1000].mean()
    lags = [float((rows[:-lag] * rows[lag:]).mean()) for lag in range(10, 40)]
    assert 10 + int(np.argmax(lags)) == pytest.approx(0.30 * 1200 / 15, abs=1)  # 15 m on 1200 px


def test_a_roof_that_was_read_without_its_wall_does_not_float():
    """Only the left third of the wall was legible; the rest of the roof stands on wall as well."""
    outline = ((40, 40), (260, 40), (260, 70), (40, 70))
    model = massing(Elevation((300, 300), 20.0, (50, 90, 110, 270), outline, ()), preset("ashlar-slate-sash"))
    (wall,) = kinds(model)["wall"]
    assert wall.bounds[1, 0] > 12.5 and wall.bounds[0, 2] < 0.01
    assert wall.bounds[1, 2] == pytest.approx(9.0, abs=0.1), "up to where the roof begins"
    (roof,) = kinds(model)["roof"]
    assert roof.bounds[0, 2] == pytest.approx(9.0, abs=0.1)


def test_behind_a_chimney_on_a_hip_the_roofs_edge_goes_on_straight():
    """Stacks that rise from the slopes, the pen's white between them and the ridge: no step of slates stays beside them."""
    from shapely.geometry import Polygon

    hip = [(0, 0), (3, 2.5), (3, 4), (3.9, 4), (3.92, 3.02), (6.1, 3.02), (6.12, 4), (7, 4), (7, 2.5), (10, 0)]
    stacks = [Polygon([(3, 3.03), (3, 4), (3.9, 4), (3.9, 3.03)]), Polygon([(6.12, 3.03), (6.12, 4), (7, 4), (7, 3.03)])]
    body, chimneys = _parted(Polygon(hip), stacks)
    assert body.bounds[3] == pytest.approx(3.02, abs=0.05) and len(chimneys) == 2
    for x in (3.2, 3.6, 6.4, 6.8):
        slope = 2.5 + (3.02 - 2.5) * ((x - 3) / 0.92 if x < 5 else (7 - x) / 0.88)
        assert _top(body, x) == pytest.approx(slope, abs=0.15)
    assert sum(one.area for one in chimneys) + body.area == pytest.approx(Polygon(hip).area, rel=0.02)


def test_a_stack_that_is_drawn_before_the_slope_stands_where_the_slope_meets_its_foot():
    chosen, bare = preset("ashlar-slate-sash"), house()
    behind = kinds(massing(bare, chosen))["chimney"][0]
    found = kinds(massing(replace(bare, stacks=((120, 10, 132, 55),)), chosen))
    (before,), (roof,) = found["chimney"], found["roof"]
    eaves, foot = (270 - 80) / 20, (270 - 55) / 20
    slope = roof.bounds[0, 1] + (foot - eaves) / np.tan(np.radians(chosen.roof.pitch))
    low = before.vertices[before.vertices[:, 2] < foot]
    assert low[:, 1].min() == pytest.approx(slope, abs=1e-3) and low[:, 2].min() > foot - 0.2
    assert before.bounds[1, 2] == pytest.approx(behind.bounds[1, 2], abs=1e-3) and before.bounds[1, 1] < behind.bounds[0, 1] + 1
    assert before.level == 6 and before.author == "rule"


@pytest.mark.parametrize("region", [(120, 10, 132, 28), (120, 10, 132, 90), (170, 10, 182, 55)])
def test_a_foot_that_is_on_no_slope_changes_nothing(region):
    """Above the roof, below the eaves, or under no chimney."""
    chosen = preset("ashlar-slate-sash")
    known, same = massing(house(), chosen), massing(replace(house(), stacks=(region,)), chosen)
    assert all(np.array_equal(a.vertices, b.vertices) for a, b in zip(known.elements, same.elements, strict=True))
