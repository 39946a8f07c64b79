"""From what the sheets say together to a design in metres that can be built; what no sheet shows is a rule, and says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from blender_addon.scenes.building_design import (
    Design,
    DesignedBand,
    DesignedHole,
    DesignedStorey,
    Flight,
    SheetPlane,
    Support,
)
from blender_addon.scenes.model import Evidence
from blender_addon.scenes.plan import polygons_from_mask
from blender_addon.scenes.texture import Texture
from studio.drawings.designed_domes import domes
from studio.drawings.designed_roof import level_evidence, roof, stacks
from studio.drawings.fuse import Fused
from studio.drawings.holes import Hole
from studio.drawings.profiles import profiles
from studio.drawings.storeys import ROW
from studio.drawings.views import ACROSS, SIDES, Placed

THICK_M = 0.5  # by rule, where neither plan nor section shows a wall cut
THINNEST_M = 0.2  # less than a brick laid across: a partition or a line was measured, and no outer wall
SILL_M, HEAD_M, DOOR_M = 0.9, 2.1, 2.1
SLENDER = 2.5  # times its width: no door is higher, though another one of its front is
PORTAL_M = 4.0  # by rule, the highest door: a cart passes below it
LEAST_HEAD_M = 0.1  # of wall above an opening
SHOP_M = 2.6  # an opening as wide as this has no leaves: a shop, an arcade, a gateway
LARGEST_TEXTURE_PX = 2048
OPPOSITE = {"south": "north", "north": "south", "east": "west", "west": "east"}


def design(fused: Fused, name: str) -> Design:
    """What `blender_addon.scenes.building.building` takes."""
    notes = list(fused.assumptions)
    walls, is_drawn, thickness = _walls(fused, notes)
    storeys = tuple(
        DesignedStorey(
            s.low.z, s.high.z, 2 if s.is_drawn else 6, 2 if s.high.by else 6, level_evidence(s.low, s.high), s.low.name != ROW,
        )
        for s in fused.heights.storeys
    )
    plan = _sheet(fused.plan) if fused.plan else None
    above = domes(fused, notes)
    covering = None if above else roof(fused, notes)
    rising = profiles(fused, notes, above) if covering is None else ()
    columns, stairs = _symbols(fused)
    if fused.shown is not None:
        notes.append(
            f"No sheet shows how high the plan is built beyond x {fused.shown[0]:.2f} to {fused.shown[2]:.2f} m, y "
            f"{fused.shown[1]:.2f} to {fused.shown[3]:.2f} m, or what covers it: walls there end at the first storey "
            f"({storeys[0].high:.2f} m) and stand open above by rule. Façades stand where what is shown begins, closed but for "
            "the openings of elevations."
        )
    if (north := _north(fused)) is not None:
        notes.append(f"True north lies {north:.0f}° clockwise from the building's +y; its sides keep the names of the sheet's.")
    return Design(
        name, walls, is_drawn, fused.size, thickness, storeys, tuple(_holes(fused, notes)), columns, stairs,
        _bands(fused), covering, plan,
        {side: _sheet(placed) for side, placed in fused.elevations.items()}, tuple(_sheet(one) for one in fused.sections),
        _cut_sides(fused), tuple(notes), stacks(fused, covering, notes), _north(fused),
        profiles=rising, domes=above if rising else (), shown=fused.shown,
    )  # fmt: skip


def _north(fused: Fused) -> float | None:
    """North in the building's frame, degrees clockwise from +y: the plan lies upright in it."""
    north = fused.plan.view.north if fused.plan else None
    return None if north is None else round(north.degrees, 2)


def _walls(fused: Fused, notes: list[str]):
    """Outlines of the ground floor in metres, whether they are drawn, and how thick the outer walls are."""
    if fused.plan is not None:
        scale = fused.plan.px_per_m[0]
        # a line of a hand-drawn plan wavers by two pixels: straighten as much, and at least two centimetres
        found = polygons_from_mask(fused.plan.view.plan.walls, scale, tolerance_m=max(0.02, 2.0 / scale))
        west, south = -found.sheet[0] * scale, found.sheet[3] * scale
        dx, dy = (west - fused.plan.origin[0]) / scale, (fused.plan.origin[1] - south) / scale

        def moved(ring):
            return tuple((x + dx, y + dy) for x, y in ring)

        thick = fused.plan.view.plan.thickness_px / scale
        return tuple((moved(o), tuple(map(moved, h))) for o, h in found.outlines), True, float(np.clip(thick, 0.1, 3.0))
    cut = [t / s.px_per_m[0] for s in fused.sections for t in s.view.cut.thickness_px if t / s.px_per_m[0] > THINNEST_M]
    thick = float(np.median(cut)) if cut else THICK_M
    w, d = fused.size
    ring = ((0.0, 0.0), (w, 0.0), (w, d), (0.0, d))
    t = min(thick, 0.3 * min(w, d))
    notes.append(f"There is no plan: four walls {t:.2f} m thick stand around the extent, {'as cut' if cut else 'by rule'}.")
    return ((ring, (((t, t), (w - t, t), (w - t, d - t), (t, d - t)),)),), False, t


def _cut_sides(fused: Fused) -> tuple[str, ...]:
    """Sides whose wall a section cuts, and so shows how thick it is in every storey."""
    found: list[str] = []
    for one in fused.sections:
        if min(one.view.cut.thickness_px) > 0:
            found += ["west", "east"] if ACROSS[one.side] == "x" else ["south", "north"]
    return tuple(found)


def _holes(fused: Fused, notes: list[str]) -> list[DesignedHole]:
    """Openings as read, those that only a plan shows with heights by rule, and those of façades that no sheet shows."""
    found = []
    columns, eaves = _symbols(fused)[0], fused.heights.eaves.z
    for number, hole in enumerate(fused.holes):
        if hole.rise is None and hole.box and _between_columns(hole.box, columns):
            continue
        rise, is_drawn = hole.rise, hole.rise is not None
        kind = "opening" if hole.kind == "door" and hole.span[1] - hole.span[0] > SHOP_M else hole.kind
        if rise is None:
            rise = _ruled_rise(fused, hole)
        rise = max(rise[0], 0.0), rise[1]  # a door's box may reach below the ground line that was read
        if rise[0] < eaves - LEAST_HEAD_M < rise[1]:
            rise = rise[0], eaves - LEAST_HEAD_M  # the wall ends there: an opening through its top would hang in the air
        if rise[1] - rise[0] < 0.3:
            continue
        found.append(DesignedHole(
            f"{kind}-{number:03}", kind, hole.side, hole.span, rise, is_drawn, hole.storey, hole.head, hole.box, _evidence(hole)
        ))  # fmt: skip
    ruled = sum(not one.is_drawn for one in found)
    if ruled:
        notes.append(f"{ruled} openings of the plan are on no elevation: their sills and heads are rules.")
    return found + _hidden(fused, found, notes)


def _between_columns(box: tuple[float, float, float, float], columns: Sequence[Support]) -> bool:
    """Whether a gap of the plan ends at a column: the space beside a column is no door."""
    x0, y0, x1, y1 = box
    for one in columns:
        reach = one.radius + 0.25
        if x0 - reach < one.center[0] < x1 + reach and y0 - reach < one.center[1] < y1 + reach:
            return True
    return False


def _evidence(hole: Hole) -> tuple[Evidence, ...]:
    said = "; completed on the grid of its neighbours, not seen" if hole.inferred else ""
    return tuple(Evidence(s.placed.view.sha256, s.placed.view.region(s.box), s.note + said) for s in hole.seen)


def _ruled_rise(fused: Fused, hole: Hole) -> tuple[float, float]:
    """As high as the drawn openings of the same kind and storey; else a sill of 0.9 m and a head of 2.1 m.

    A door wider than a leaf is twice as high as wide, as portals and gateways are drawn; it leaves a third of the storey.
    """
    storey = fused.heights.storeys[min(hole.storey, len(fused.heights.storeys) - 1)]
    top = storey.high.z - 0.3
    same = [h.rise for h in fused.holes if h.rise and h.storey == hole.storey and h.kind == hole.kind]
    if hole.side != "inside" and same:
        low, high = np.median(np.array(same), axis=0)
        if hole.kind == "door" and all(h.side != hole.side for h in fused.holes if h.rise and h.kind == "door"):
            low, high = 0.0, high - low  # steps lead up to another side's portal, and no podium lies here
        most = max(DOOR_M, SLENDER * (hole.span[1] - hole.span[0])) if hole.kind == "door" else high - low
        return float(low), min(float(high), float(low + most), top)
    if hole.kind == "door":
        wide = hole.span[1] - hole.span[0]
        if hole.side == "inside" and hole.box:
            wide = max(hole.box[2] - hole.box[0], hole.box[3] - hole.box[1])
        high = max(DOOR_M, min(2 * wide, PORTAL_M, (storey.high.z - storey.low.z) * 2 / 3))
        return storey.low.z, min(storey.low.z + high, top)
    return min(storey.low.z + SILL_M, top - 0.3), min(storey.low.z + HEAD_M, top)


def _hidden(fused: Fused, known: Sequence[DesignedHole], notes: list[str]) -> list[DesignedHole]:
    """Windows of façades that no elevation shows: above those of the plan, or mirrored from the opposite side."""
    found: list[DesignedHole] = []
    for side in (s for s in SIDES if s not in fused.elevations):
        below = [h for h in known if h.side == side and h.storey == 0]
        other = fused.elevations.get(OPPOSITE[side])
        if fused.plan is None and other is not None and not below:
            length = fused.size["xy".index(ACROSS[side])]
            for hole in (h for h in known if h.side == other.side and h.kind == "window"):
                span = (length - hole.span[1], length - hole.span[0])
                found.append(replace(hole, id=f"{hole.id}-{side}", side=side, span=span, is_drawn=False, evidence=(_RULE,)))
            notes.append(f"The {side} façade is not drawn: the windows of the {other.side} side are mirrored there by rule.")
            continue
        for storey in fused.heights.storeys[1:]:
            drawn = [h.rise for h in fused.holes if h.rise and h.storey == storey.number and h.kind == "window"]
            low, high = np.median(np.array(drawn), axis=0) if drawn else (storey.low.z + SILL_M, storey.low.z + HEAD_M)
            high = min(float(high), storey.high.z - 0.3)
            wide = float(np.median([h.span[1] - h.span[0] for h in below if h.kind == "window"] or [1.0]))
            for hole in below if high - low > 0.4 else ():
                middle, half = sum(hole.span) / 2, min(wide, hole.span[1] - hole.span[0]) / 2
                found.append(replace(
                    hole, id=f"window-{storey.number}-{hole.id}", kind="window", span=(middle - half, middle + half),
                    rise=(float(low), high), storey=storey.number, box=None, evidence=(_RULE,), head="flat", is_drawn=False,
                ))  # fmt: skip
    upper = sorted({h.side for h in found if h.storey > 0 and fused.plan is not None})
    if upper:
        notes.append(f"Upper windows of the {', '.join(upper)} side stand above those of the ground floor by rule.")
    return found


_RULE = Evidence(note="by rule; no sheet shows this opening")


def _bands(fused: Fused) -> tuple[DesignedBand, ...]:
    """String courses and cornices that the elevations show, where they run along a good part of the wall."""
    found: list[DesignedBand] = []
    for side, placed in fused.elevations.items():
        view, length = placed.view, fused.size["xy".index(ACROSS[side])]
        taken: list[float] = []
        for line in sorted(view.front.lines, key=lambda one: -one.confidence):
            if line.name not in ("string course", "cornice"):
                continue
            (u0, z), (u1, _) = placed.metres(line.x0, line.y), placed.metres(line.x1, line.y)
            if line.confidence > 0.9:  # it runs along the whole wall; its ends are read on one row, which may be blank
                u0, u1 = 0.0, length
            top = min(fused.heights.built(side, z), fused.heights.eaves.z)
            # two lines of one moulding are one band
            if u1 - u0 < 0.3 * length or top < 1.0 or any(abs(top - other) < 0.6 for other in taken):
                continue
            taken.append(top)
            region = view.region((line.x0, line.y - 4, line.x1, line.y + 4))
            note = Evidence(view.sha256, region, f"{line.name} at {top:.2f} m as drawn in the elevation")
            found.append(DesignedBand(line.name, side, top, (u0, u1), (note,)))
    return tuple(found)


def _symbols(fused: Fused) -> tuple[tuple[Support, ...], tuple[Flight, ...]]:
    """Columns and stairs of the plan in metres."""
    if fused.plan is None:
        return (), ()
    plan, scale = fused.plan, fused.plan.px_per_m[0]
    view = plan.view
    columns = []
    for one in view.plan.columns:
        (x, y), r = one.center, one.radius
        note = Evidence(view.sha256, view.region((x - r, y - r, x + r, y + r)), f"{one.shape} support as drawn in the plan")
        columns.append(Support(plan.metres(x, y), r / scale, one.shape, (note,)))
    stairs = []
    for flight in view.plan.stairs:
        (x0, y1), (x1, y0) = plan.metres(*flight.box[:2]), plan.metres(*flight.box[2:])
        note = Evidence(view.sha256, view.region(flight.box), f"stairs of {flight.treads} treads as drawn in the plan")
        stairs.append(Flight((x0, y0, x1, y1), flight.treads, (note,)))
    return tuple(columns), tuple(stairs)


def _sheet(placed: Placed) -> SheetPlane:
    """A drawing as it stands in the scene: cut at its ground line, shrunk where it is larger than a screen can show."""
    import cv2

    view = placed.view
    picture = view.rectified.picture
    height, width = picture.shape[:2]
    x0, y0, x1, y1 = view.box or (0, 0, width, height)
    margin = round(0.02 * max(x1 - x0, y1 - y0))
    x0, y0, x1, y1 = max(0, x0 - margin), max(0, y0 - margin), min(width, x1 + margin), min(height, y1 + margin)
    if view.kind != "plan":
        y1 = int(np.clip(round(placed.origin[1]), y0 + 2, y1))
    part = picture[y0:y1, x0:x1]
    shrink = LARGEST_TEXTURE_PX / max(part.shape[:2])
    if shrink < 1:
        part = cv2.resize(part, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    (u0, v1), (u1, v0) = placed.metres(x0, y0), placed.metres(x1, y1)
    texture = Texture.from_pixels(np.ascontiguousarray(part))
    side = "" if view.kind == "plan" else placed.side
    return SheetPlane(view.name, view.sha256, view.kind, side, placed.to_sheet, texture, (u0, v0, u1, v1))
