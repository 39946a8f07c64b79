"""What stands between the walls and below them: floors, columns, stairs, the ground, and the drawings at their planes."""

from __future__ import annotations

import numpy as np

from .building_design import Design, FacadeFrame, SheetPlane
from .building_walls import Outlines, cut, geometry, manifold, without_slivers
from .levels import worst
from .model import Element, Evidence, Plate
from .solids import bar, box, plate, polygons, prism, shifted
from .texture import Texture

FLOOR, STONE, EARTH = (0.60, 0.50, 0.40), (0.72, 0.69, 0.63), (0.55, 0.53, 0.48)
SHEET_M = 0.004  # thickness of a sheet that lies on the ground
BASE_M, GROUND_M = 0.15, 0.25  # of the lowest floor and of the ground around it, by rule
BEAM_M = 0.4  # by rule, between a column and the roof that it carries
RISE_M = 0.17  # of one step, by rule


def floors(design: Design, lines: Outlines, slab_m: float) -> list[Element]:
    """The ground floor's slab, one floor below each upper storey, and a ceiling under a roof."""
    from shapely.geometry import box as rectangle
    from shapely.ops import unary_union

    top = -SHEET_M if design.plan and design.plan.texture else 0.0
    found = [_floor("floor-0", shifted(_prism(lines.whole, BASE_M), (0, 0, top - BASE_M)), 6, (Evidence(note="by rule"),))]
    inside = without_slivers(lines.footprint.difference(lines.outer))
    wells = [rectangle(*flight.box) for flight in design.stairs] if len(design.storeys) > 1 else []
    for number, storey in enumerate(design.storeys[1:], 1):
        shape = inside
        if not storey.has_floor:
            continue
        if number == 1 and wells:
            shape = shape.difference(unary_union(wells))
        solid = cut(shape, storey.low - slab_m, storey.low, [])
        if solid is not None:
            found.append(_floor(f"floor-{number}", solid, storey.level, storey.evidence or (Evidence(note="by rule"),)))
    if design.roof is not None:
        high = max(storey.high for storey in design.storeys)
        solid = cut(inside, high - slab_m, high, [])
        if solid is not None:
            found.append(_floor("floor-attic", solid, 6, (Evidence(note="a ceiling below the roof by rule"),)))
    return found


def _floor(name: str, solid, height_level: int, evidence) -> Element:
    """A floor's height may be drawn; its thickness and what it is made of are rules."""
    vertices, faces = solid
    aspects = {"position": height_level, "form": 6, "dimension": 6}
    return Element(name, "floor", vertices, faces, 6, "rule", tuple(evidence), aspects, "stone", FLOOR)


def columns(design: Design, slab_m: float) -> list[Element]:
    """Free supports from the ground floor to whatever lies above them, without base and capital."""
    storey = design.storeys[0]
    top = storey.high - (slab_m if len(design.storeys) > 1 or design.roof else 0.0)
    found = []
    for number, one in enumerate(design.columns):
        (x, y), r = one.center, one.radius
        count, turn = (24, 0.0) if one.shape == "round" else (4, np.pi / 4)
        reach = r if count == 24 else r * np.sqrt(2)
        angles = turn + np.linspace(0, 2 * np.pi, count, endpoint=False)
        from shapely.geometry import Polygon

        shape = Polygon(np.column_stack([x + reach * np.cos(angles), y + reach * np.sin(angles)]))
        # Classical columns are at most ten diameters high; below an upper floor or a roof they reach what they carry.
        stands_free = (len(design.storeys) == 1 or design.profiles) and design.roof is None
        under = min((profile.at(x, y) - BEAM_M for profile in design.profiles), default=top)
        if design.is_beyond(x, y):
            under = min(under, storey.high)
        high = max(under - storey.low, 1.0)
        if stands_free:
            high = min(high, 20 * r)
        vertices, faces = shifted(prism(shape, high), (0, 0, storey.low))
        aspects = {"position": 2, "form": 2, "dimension": 6}
        evidence = (*one.evidence, Evidence(note="height by rule, base and capital left away"))
        found.append(Element(f"column-{number:03}", "column", vertices, faces, worst(aspects), "rule", evidence, aspects,
                             "stone", STONE, smooth=False))  # fmt: skip
    return found


def stairs(design: Design, lines: Outlines, slab_m: float) -> list[Element]:
    """Solid flights: treads as drawn, which way they rise and how high by rule."""
    storey, found = design.storeys[0], []
    taken = [lines.inner.buffer(0.01), lines.outer.buffer(0.01)]
    for number, flight in enumerate(design.stairs):
        x0, y0, x1, y1 = flight.box
        along_x = x1 - x0 >= y1 - y0
        treads = max(flight.treads, 1)
        limit = storey.high - storey.low if len(design.storeys) > 1 else storey.high - storey.low - slab_m
        rise = min(RISE_M, limit / treads)
        run = ((x1 - x0) if along_x else (y1 - y0)) / treads
        profile = [(0.0, 0.0), (run * treads, 0.0)]
        for step in range(treads, 0, -1):
            profile += [(run * step, rise * (treads - step + 1)), (run * (step - 1), rise * (treads - step + 1))]
        profile = [(-out, z) for out, z in profile]  # rises southwards or westwards; `bar` runs out towards −y
        vertices, faces = bar(profile, 0.0, (y1 - y0) if along_x else (x1 - x0))
        if along_x:  # lay its run along x
            vertices = np.column_stack([vertices[:, 1], (y1 - y0) - vertices[:, 0], vertices[:, 2]])
        solid = manifold(shifted((vertices, faces), (x0, y0, storey.low)))
        for shape in taken:
            for part in polygons(shape):
                solid = solid - manifold(shifted(prism(part, 50), (0, 0, storey.low - 1)))
        left = geometry(solid)
        if left is None or left[0][:, 2].max() - storey.low < 0.05:
            continue
        aspects = {"position": 2, "form": 6, "dimension": 6}
        evidence = (*flight.evidence, Evidence(note=f"{treads} treads of {rise:.2f} m; which way they rise is a rule"))
        found.append(Element(f"stairs-{number}", "stairs", *left, 6, "rule", evidence, aspects, "stone", STONE))
    return found


def sheets(design: Design) -> tuple[Plate, ...]:
    """The drawings at the building's scale: the plan below the walls, the others upright in their planes, beside it.

    An elevation stands in the plane of its façade and a section in its cut's, moved sideways until they clear the building;
    both stand on the ground at their own ground line, so that heights can be compared by eye.
    """
    found = []
    plan = design.plan
    if plan is not None and plan.texture is not None:
        x0, y0, x1, y1 = plan.at
        found.append(_plate("plate-plan", plan, ((x0 + x1) / 2, (y0 + y1) / 2, 0.0), (1, 0, 0), (0, 1, 0), SHEET_M))
    for side, sheet in design.fronts.items():
        if sheet.texture is not None:
            found.append(_upright(f"plate-{side}", sheet, FacadeFrame(side, design.size), 0.0, design))
    for number, sheet in enumerate(design.sections):
        if sheet.texture is not None:
            frame = FacadeFrame(sheet.side, design.size)
            across = design.size[1] if sheet.side in ("south", "north") else design.size[0]
            found.append(_upright(f"plate-section-{number}", sheet, frame, across / 2, design))
    return tuple(found)


def _upright(name: str, sheet: SheetPlane, frame: FacadeFrame, depth: float, design: Design) -> Plate:
    u0, v0, u1, v1 = sheet.at
    px0, px1 = (design.plan.at[0], design.plan.at[2]) if design.plan and design.plan.texture else (0.0, design.size[0])
    py0, py1 = (design.plan.at[1], design.plan.at[3]) if design.plan and design.plan.texture else (0.0, design.size[1])
    w, d = design.size
    beyond = {"south": px1 - w, "north": -px0, "east": py1 - d, "west": -py0}[frame.side]  # how far the plan's sheet reaches
    shift = frame.length + max(beyond, 0.0) + 0.06 * max(w, d) + 0.3 - u0
    if sheet.kind == "section":  # to the other hand, so that it hides no elevation
        near = {"south": -px0, "north": px1 - w, "east": -py0, "west": py1 - d}[frame.side]
        shift = -(max(near, 0.0) + 0.06 * max(w, d) + 0.3) - u1
    middle = np.array([[(u0 + u1) / 2 + shift, depth, max((v0 + v1) / 2, (v1 - v0) / 2)]])
    x, y, z = frame.world(middle)[0]
    return _plate(name, sheet, (float(x), float(y), float(z)), frame.direction(1, 0), (0, 0, 1), 0.02)


def _plate(name: str, sheet: SheetPlane, center, right, up, thickness_m: float) -> Plate:
    u0, v0, u1, v1 = sheet.at
    evidence = (sheet.evidence(u0, v0, u1, v1, f"the {sheet.kind}, at the building's scale"),)
    texture = sheet.texture or Texture.from_pixels(np.full((2, 2, 3), 255, np.uint8))
    return plate(name, texture, center=center, right=right, up=up, width_m=u1 - u0, height_m=v1 - v0, level=1,
                 author="drawing", thickness_m=thickness_m, kind="document", evidence=evidence)  # fmt: skip


def ground(design: Design, lines: Outlines, plates: tuple[Plate, ...]) -> Element:
    """The ground around the lowest floor, as wide as the building and its sheets."""
    top = -SHEET_M if design.plan and design.plan.texture else 0.0
    low = np.array([(0.0, 0.0), *(one.bounds[0, :2] for one in plates)]).min(axis=0)
    high = np.array([design.size, *(one.bounds[1, :2] for one in plates)]).max(axis=0)
    margin = max(2.0, 0.15 * max(design.size))
    whole = manifold(box((*(low - margin), top - GROUND_M), (*(high + margin), top)))
    for part in polygons(lines.whole):
        whole = whole - manifold(shifted(prism(part, BASE_M + 1), (0, 0, top - BASE_M)))
    solid = geometry(whole) or box((*(low - margin), top - GROUND_M), (*(high + margin), top - BASE_M))
    evidence = (Evidence(note="level ground by rule"),)
    # The site is no part of the building: the least relevance that the scale's own tool knows keeps it out of AU_VR.
    return Element("ground", "ground", *solid, 6, "rule", evidence, {"form": 6}, "earth", EARTH, relevance=0.01)


def _prism(shape, height_m: float):
    from shapely.ops import unary_union

    return prism(unary_union(polygons(shape)), height_m)
