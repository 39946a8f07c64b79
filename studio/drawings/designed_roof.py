"""The roof of a building: its form where a sheet shows it, the rectangle that it covers, and the chimneys through it."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from blender_addon.scenes.building_design import Box, DesignedRoof, DesignedStack
from blender_addon.scenes.model import Evidence
from studio.drawings.fuse import Fused
from studio.drawings.storeys import Height, chimneys, eaves_row, ridge_row
from studio.drawings.views import ACROSS, Placed, closed, extent

WIDEST_ROOF_M = 20.0  # no timber roof of one span is wider; a court or several roofs are more likely
WHOLE = 0.97  # of the extent: a rectangle whose corners are not quite square
MAIN = 0.85  # of the ground that is built over: a body with an apse or a bay, and no L, T or U
COURT = 8  # free columns: two rows of four or more stand around a court or in a nave, and no simple roof lies over either
GRID = 200  # cells across the building in which the largest rectangle is looked for


def level_evidence(*heights: Height) -> tuple[Evidence, ...]:
    """The strips of the sheets from which heights were read."""
    return tuple(
        Evidence(h.by.view.sha256, h.by.view.region(h.region), f"{h.name} at {h.z:.2f} m")
        for h in heights if h.by is not None and h.region
    )  # fmt: skip


def roof(fused: Fused, notes: list[str]) -> DesignedRoof | None:
    """The roof over the building's main rectangle, else None: its plan is no such, or too wide, or holds a court."""
    over, why = _covered(fused)
    if over is None:
        notes.append(f"No roof was built: {why}, and its sheets do not say how it is covered.")
        return None
    whole = over == (0.0, 0.0, *fused.size)
    if not whole:
        notes.append("The roof lies over the largest rectangle of the plan; what stands out beyond it has a flat slab by rule.")
    size = over[2] - over[0], over[3] - over[1]
    return replace(_form(fused, size, notes), over=None if whole else over)


def _form(fused: Fused, size: tuple[float, float], notes: list[str]) -> DesignedRoof:
    """The roof's form from the silhouette of an elevation or of a section, else by rule."""
    eaves, ridge = fused.heights.eaves.z, fused.heights.ridge
    shown = next(((p, f) for p in (*fused.elevations.values(), *fused.sections) if (f := _outline(p)) is not None), None)
    long_axis = "x" if size[0] >= size[1] else "y"
    if shown is None or ridge is None or ridge.z - eaves < 0.4:
        if ridge is None and fused.elevations:
            notes.append("The roof is a flat slab by rule: no sheet shows anything above the eaves.")
            aspects = {"position": 6, "form": 6, "dimension": 6}
            return DesignedRoof("flat", long_axis, eaves, 0.0, 6, "rule", (_FLAT,), aspects)
        high = eaves + 0.29 * min(size)  # 30 degrees
        notes.append("The roof is hipped at 30° by rule; no sheet shows it.")
        aspects = {"position": 6, "form": 6, "dimension": 6}
        return DesignedRoof("hipped", long_axis, high, min(size) / 2, 6, "rule", (Evidence(note="a roof by rule"),), aspects)
    placed, (inset_left, inset_right, length) = shown
    across = ACROSS[placed.side]
    inset = (inset_left + inset_right) / 2
    evidence = level_evidence(fused.heights.eaves, ridge)
    other = "y" if across == "x" else "x"
    if inset > 0.4 * length:  # a triangle: a gable is seen, or a roof with four slopes and no ridge to speak of
        kind, axis, inset = "gabled", other, 0.0
        notes.append(f"{placed.view.name} shows a gable: the ridge runs along the other axis.")
    elif inset > 0.06 * length:
        kind, axis = "hipped", across
    else:
        kind, axis, inset = "gabled", across, 0.0
    notes.append(f"The roof is {kind} as {placed.view.name} shows it; its slope across the ridge is a rule.")
    aspects = {"position": 2, "form": 6, "dimension": 2}
    return DesignedRoof(kind, axis, ridge.z, inset, 6, "rule", evidence, aspects)


_FLAT = Evidence(note="a flat roof by rule")


def _covered(fused: Fused) -> tuple[Box | None, str]:
    """The rectangle that a roof of one span covers, in metres, or None and why."""
    over = left, low, right, high = fused.shown or (0.0, 0.0, *fused.size)
    if fused.plan is not None:
        ground = _ground(fused.plan)
        (h, w), (width, depth) = ground.shape, fused.size
        first, top = round(left / width * w), round((1 - high / depth) * h)  # beyond what is shown nothing is covered
        ground = ground[top : round((1 - low / depth) * h), first : round(right / width * w)]
        if float(ground.mean()) < WHOLE:
            x0, y0, x1, y1 = largest_rectangle(ground)
            if (x1 - x0) * (y1 - y0) < MAIN * ground.sum():
                return None, "the plan is no rectangle"
            x0, x1, y0, y1 = x0 + first, x1 + first, y0 + top, y1 + top
            over = x0 * width / w, depth - y1 * depth / h, x1 * width / w, depth - y0 * depth / h
        columns = len(fused.plan.view.plan.columns)
        if columns >= COURT:
            return None, f"{columns} columns stand free in it, around a court or in a nave"
    deep = min(over[2] - over[0], over[3] - over[1])
    return (None, f"the building is {deep:.0f} m deep") if deep > WIDEST_ROOF_M else (over, "")


def _ground(plan: Placed) -> np.ndarray:
    """The ground within the outer walls of a plan, bool, one cell each GRID-th of the longer side; north is up."""
    walls = closed(plan.view.plan)
    contours = cv2.findContours(walls.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)[0]
    whole = np.zeros(walls.shape, np.uint8)
    cv2.drawContours(whole, contours, -1, 255, cv2.FILLED)
    x0, y0, x1, y1 = (round(v) for v in extent(plan.view.plan.walls))
    part = whole[y0:y1, x0:x1]
    k = GRID / max(part.shape)
    small = cv2.resize(part, (max(2, round(k * part.shape[1])), max(2, round(k * part.shape[0]))), interpolation=cv2.INTER_AREA)
    return small > 127


def largest_rectangle(ground: np.ndarray) -> tuple[int, int, int, int]:
    """x0, y0, x1, y1 of the largest upright rectangle of True cells (rows as histograms, one stack each)."""
    best, found = 0, (0, 0, 0, 0)
    high = np.zeros(ground.shape[1] + 1, int)
    for y, row in enumerate(ground):
        high[:-1] = np.where(row, high[:-1] + 1, 0)
        stack: list[int] = []
        for x, h in enumerate(high):
            while stack and high[stack[-1]] >= h:
                tall = int(high[stack.pop()])
                left = stack[-1] + 1 if stack else 0
                if tall * (x - left) > best:
                    best, found = tall * (x - left), (left, y + 1 - tall, x, y + 1)
            stack.append(x)
    return found


def stacks(fused: Fused, covering: DesignedRoof | None, notes: list[str]) -> tuple[DesignedStack, ...]:
    """Chimneys that rise above the roof of an elevation: across and up as drawn, along the line of sight by rule."""
    found = []
    for side, placed in fused.elevations.items():
        length = fused.size["xy".index(ACROSS[side])]
        for x0, x1, top, foot in chimneys(placed.view.front):
            (u0, z1), (u1, z0) = placed.metres(x0, top), placed.metres(x1, foot)
            z0, z1 = fused.heights.built(side, z0), fused.heights.built(side, z1)
            if covering is None or not (0 <= u0 < u1 <= length) or z1 - z0 < 0.3 or z1 < fused.heights.eaves.z + 0.3:
                continue
            region = placed.view.region((x0, top, x1, foot))
            note = Evidence(placed.view.sha256, region, f"chimney up to {z1:.2f} m as drawn in the elevation")
            found.append(DesignedStack(side, (u0, u1), z1, (note,)))
    if found:
        notes.append(f"{len(found)} chimneys stand where the elevation has them; how far back and how deep is a rule.")
    return tuple(found)


def _outline(placed: Placed) -> tuple[float, float, float] | None:
    """How far the roof's outline recedes on the left and on the right between its foot and its top, and its length; metres.

    Measured near a tenth and nine tenths of its height: eaves and chimneys stand out at the ends.
    """
    reading = placed.view.reading
    points = getattr(reading, "silhouette", None)
    if points is None:
        points = getattr(reading, "roof", None)
    levels = {line.name: line.y for line in placed.view.front.lines}
    foot = eaves_row(placed.view.front) if placed.view.kind == "elevation" else levels.get("eaves")
    if points is None or len(points) < 3 or foot is None:
        return None
    outline = np.array([placed.metres(*p) for p in np.asarray(points, np.float64)])
    low = placed.metres(0, foot)[1]
    top = ridge_row(placed.view.front) if placed.view.kind == "elevation" else levels.get("ridge")
    high = placed.metres(0, top)[1] if top is not None else float(outline[:, 1].max())
    if high - low < 0.4:
        return None
    scale = 400 / max(np.ptp(outline[:, 0]), np.ptp(outline[:, 1]))
    at = outline.min(axis=0)
    canvas = np.zeros((420, 420), np.uint8)
    cv2.fillPoly(canvas, [np.rint((outline - at) * scale).astype(np.int32)], 1)
    ends = []
    for share in (0.12, 0.88):
        row = np.flatnonzero(canvas[min(419, round((low + share * (high - low) - at[1]) * scale))])
        if not len(row):
            return None
        ends.append((row[0] / scale, row[-1] / scale))
    (a0, a1), (b0, b1) = ends
    grow = 1 / 0.76  # between the two rows lie 76 % of the height
    return max(0.0, (b0 - a0) * grow), max(0.0, (a1 - b1) * grow), a1 - a0
