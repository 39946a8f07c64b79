"""The domes of a building: round heads of its outlines, and where they stand on the plan by a second outline or its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from blender_addon.scenes.building_design import DesignedDome, DesignedProfile, DrumWindow, FacadeFrame
from blender_addon.scenes.model import Evidence
from studio.drawings.domes import RoundHead, drawn_heights, round_heads
from studio.drawings.fuse import Fused
from studio.drawings.holes import Hole
from studio.drawings.reading import PlanReading
from studio.drawings.views import ACROSS, Placed

ALIKE = 0.25  # of the half width: two outlines of one dome differ by less, its buttresses and gutters included
BESIDE = 0.5  # of the half width: heads of two outlines along one axis nearer to each other are one dome
# Of the half width: from the middle of a dome to the columns below it. Parapets hide the foot of a dome, so it looks smaller.
RING, FEWEST, GAP_DEGREES = (0.8, 1.8), 6, 95.0
ROUND = 0.12  # of a ring's radius: its columns stand on corners of an octagon or a square with cut corners
PIER = 0.4  # of a column's diameter: a piece of wall that differs from it by less is a pier like it
TOWARDS = 0.35  # of the half width: how far beside the axis of the outline the middle of its ring may lie
CLEAR_M, DATUM_M = 0.3, 0.5  # between a roof and the windows above it; ground lines of two sheets further apart are said
FINE_M = 0.05  # cells of a profile under a dome
AROUND = 0.9  # of a drum's half width: windows nearer to its edge are seen too slantingly to be measured
STRAYS = 0.5  # of the half width: how far apart two sheets place the flank of one dome
COLLAR_M = 0.1  # of the outline beside a drum that is taken off with it


@dataclass(frozen=True, eq=False)
class _Seen:
    """A round head on one sheet: where its axis lies along x or y of the building, and along the sheet; metres."""

    at: float
    u: float
    head: RoundHead
    placed: Placed


def domes(fused: Fused, notes: list[str]) -> tuple[DesignedDome, ...]:
    """Domes that an outline shows, round by rule; where a second direction is not known, in the middle of the building."""
    every = {axis: [s for placed in _outlined(fused, axis) for s in _heads(placed, fused)] for axis in "xy"}
    seen = {axis: _distinct(heads) for axis, heads in every.items()}
    first, second = ("x", "y") if seen["x"] or not seen["y"] else ("y", "x")
    found: list[DesignedDome] = []
    left = list(seen[second])
    for one in seen[first]:
        partner = next((other for other in left if _alike(one.head, other.head)), None)
        if partner is not None:
            left.remove(partner)
        sheets = [other for other in every[first] if _is_beside(one, other)] + ([partner] if partner else [])
        found.append(_dome(one, partner, sheets, first, fused, notes))
    found = _in_line(found, second)
    for one in left:
        notes.append(
            f"{one.placed.view.name} shows a dome that no outline along the building's other axis shows: it was left out."
        )
    return tuple(found)


def _in_line(found: list[DesignedDome], axis: str) -> list[DesignedDome]:
    """Domes of which nothing says how far back they stand, in line with those like them of which something does."""
    k = "xy".index(axis)
    lines = [one for one in found if one.is_placed]
    moved = []
    for one in found:
        alike = [other.center[k] for other in lines if abs(other.radius - one.radius) < ALIKE * one.radius]
        if not one.is_placed and alike:
            back = float(np.median(alike))
            one = replace(one, center=(one.center[0], back) if k else (back, one.center[1]))
        moved.append(one)
    return moved


def levelled(profile: DesignedProfile, found: Sequence[DesignedDome]) -> DesignedProfile:
    """A profile without its domes, which are solids of their own: level at the foot of each, where nothing taller hides it.

    Along the other axis they stay: a building is as high as the lower of both profiles. One of a sheet that has the crown at
    another height, because its ground line is another one, is moved by as much.
    """
    points = np.array(profile.points, np.float64)
    sheet = next((each.source_sha256 for each in profile.evidence), "")
    moved = next((one.crown - one.crowns[sheet] for one in found if sheet in one.crowns), 0.0)
    points[:, 1] += moved
    for one in (each for each in found if each.axis == profile.axis):
        middle, reach = one.center["xy".index(profile.axis)], max(one.radius, one.drum) + COLLAR_M
        low, high = (_end(points, one, middle + way * reach, way) for way in (-1, 1))
        at = np.arange(max(low, points[0, 0]), min(high, points[-1, 0]), FINE_M)
        if len(at) < 2:
            continue
        z = np.interp(at, *points.T)
        hides = _at_an_end(z > one.crown)  # a taller part of the building hides a flank; a finial stands in the middle
        level = np.where(hides, z, np.minimum(z, one.foot))
        points = np.vstack([points[points[:, 0] < at[0]], np.column_stack([at, level]), points[points[:, 0] > at[-1]]])
    line = points.astype(np.float32).reshape(-1, 1, 2)
    points = cv2.approxPolyDP(line, FINE_M, closed=False).reshape(-1, 2).astype(np.float64)
    return replace(profile, points=tuple((float(s), float(z)) for s, z in points))


def _end(points: np.ndarray, one: DesignedDome, start: float, way: int) -> float:
    """Where a dome ends on a profile: two sheets place it a little differently, and nothing of it may stay beside it."""
    beside = start + way * np.arange(0, STRAYS * one.radius, FINE_M)
    z = np.interp(beside, *points.T)
    is_free = ~((one.foot < z) & (z <= one.crown))
    return float(beside[is_free.argmax() if is_free.any() else z.argmin()])


def _at_an_end(cells: np.ndarray) -> np.ndarray:
    """Which of the cells that are True belong to a run from the first or from the last one, bool [N]."""
    return np.logical_and.accumulate(cells) | np.logical_and.accumulate(cells[::-1])[::-1]


def _outlined(fused: Fused, axis: str) -> list[Placed]:
    """Elevations, then sections, whose outline runs along an axis."""
    fronts = [one for side, one in fused.elevations.items() if ACROSS[side] == axis and one.view.front.silhouette is not None]
    cuts = [one for one in fused.sections if ACROSS[one.side] == axis and one.view.cut.roof]
    return [*fronts, *cuts]


def _heads(placed: Placed, fused: Fused) -> list[_Seen]:
    view = placed.view
    points = np.asarray(view.front.silhouette if view.kind == "elevation" else view.cut.roof, np.float64)
    if len(points) < 3 or np.ptp(points[:, 0]) < 2:
        return []
    z, low = drawn_heights(points, view.reading.picture, placed.metres)
    length = fused.size["xy".index(ACROSS[placed.side])]
    found = []
    for head in round_heads(z):
        u = low + head.middle
        at = length - u if placed.side in ("north", "west") else u
        if 0 < at < length:
            found.append(_Seen(at, u, head, placed))
    return found


def _distinct(seen: Sequence[_Seen]) -> list[_Seen]:
    """One of several outlines that show a dome at the same place; the first speaks."""
    kept: list[_Seen] = []
    for one in seen:
        if not any(_is_beside(one, other) for other in kept):
            kept.append(one)
    return sorted(kept, key=lambda one: one.at)


def _is_beside(one: _Seen, other: _Seen) -> bool:
    return abs(one.at - other.at) <= BESIDE * (one.head.radius + other.head.radius) / 2


def _alike(one: RoundHead, other: RoundHead) -> bool:
    wide = abs(one.radius - other.radius) <= ALIKE * max(one.radius, other.radius)
    return wide and abs(one.crown - other.crown) <= ALIKE * max(one.crown, other.crown)


def _dome(
    one: _Seen, partner: _Seen | None, sheets: Sequence[_Seen], axis: str, fused: Fused, notes: list[str]
) -> DesignedDome:
    """A dome as wide as on the first sheet; how far back it stands by the second, by the plan's columns, or by rule."""
    head, name = one.head, one.placed.view.name
    across = fused.size["yx".index(axis)]
    at, is_known = one.at, True
    ring = _ring(one, axis, fused) if partner is None else None
    said = f"A dome {2 * head.radius:.2f} m wide, its crown at {head.crown:.2f} m, stands where "
    if partner is not None:
        aside = partner.at
        notes.append(f"{said}{name} and {partner.placed.view.name} show it from two sides; that it is round is a rule.")
    elif ring is not None:
        at, aside = ring
        notes.append(
            f"{said}{name} shows it, over a ring of columns of the plan; that it is round, and as deep as wide, is a rule."
        )
    else:
        aside, is_known = across / 2, False
        notes.append(
            f"{said}{name} shows it; no sheet says how far back: it was built as deep as wide, in line with others "
            "like it, else over the middle of the building."
        )
    center = (at, aside) if axis == "x" else (aside, at)
    evidence = tuple(_evidence(each) for each in sheets)
    windows = _windows(one, fused, notes)
    # what is seen of a drum is not hidden by a roof before it
    foot = min([head.foot, *(window.rise[0] - CLEAR_M for window in windows)])
    crowns: dict[str, float] = {}
    for each in sheets:
        crowns.setdefault(each.placed.view.sha256, each.head.crown)
        if abs(each.head.crown - head.crown) > DATUM_M:
            notes.append(
                f"{each.placed.view.name} shows the crown of this dome at {each.head.crown:.2f} m above its ground line and "
                f"{name} at {head.crown:.2f} m: its outline was moved by the difference."
            )
    return DesignedDome(
        center, head.radius, head.crown, head.spring, head.drum, foot, is_known, evidence, axis, crowns, windows
    )


def _windows(seen: _Seen, fused: Fused, notes: list[str]) -> tuple[DrumWindow, ...]:
    """Windows that an elevation shows in a drum, and by rule the like all around it at the same distances."""
    head, side = seen.head, seen.placed.side
    reach = max(head.drum, head.radius)
    if seen.placed.view.kind != "elevation":
        return ()
    found: list[tuple[Hole, tuple[float, float], float]] = []
    for hole in fused.holes:
        turn = (sum(hole.span) / 2 - seen.u) / reach
        if hole.side != side or hole.rise is None or abs(turn) >= AROUND:
            continue
        if max(fused.heights.eaves.z, head.foot - reach) < hole.rise[0] and hole.rise[1] < head.spring:
            found.append((hole, hole.rise, turn))
    if not found:
        return ()
    highest = max((rise for _, rise, _ in found), key=lambda rise: rise[1])  # what lies below is a row of the building
    found = [each for each in found if each[1][1] > sum(highest) / 2]
    frame = FacadeFrame(side, fused.size)
    turns = np.sort(np.arcsin([turn for _, _, turn in found]))
    low, high = np.median(np.array([rise for _, rise, _ in found]), axis=0)
    wide = float(np.median([hole.span[1] - hole.span[0] for hole, _, _ in found]))
    evidence = tuple(Evidence(s.placed.view.sha256, s.placed.view.region(s.box), s.note) for h, _, _ in found for s in h.seen)
    start = float(turns[np.abs(turns).argmin()])
    count = round(2 * np.pi / float(np.median(np.diff(turns)))) if len(turns) > 1 else 1
    notes.append(f"{len(found)} windows are drawn in the drum; {count} of them stand around it at their distance, by rule.")
    return tuple(
        DrumWindow(_looking(frame, start + 2 * np.pi * k / count), wide, (float(low), float(high)), found[0][0].head, evidence)
        for k in range(count)
    )


def _looking(frame: FacadeFrame, turn: float) -> float:
    """Which way something on a drum looks, radians from +x towards +y; `turn` from a façade's own direction along its u."""
    (ux, uy, _), (dx, dy, _) = frame.direction(1, 0), frame.direction(0, 1)
    return float(np.arctan2(np.sin(turn) * uy - np.cos(turn) * dy, np.sin(turn) * ux - np.cos(turn) * dx))


def _evidence(seen: _Seen) -> Evidence:
    head, placed = seen.head, seen.placed
    (x0, top), (x1, low) = placed.pixels(seen.u - head.radius, head.crown), placed.pixels(seen.u + head.radius, head.foot)
    note = f"round head of this {placed.view.kind}'s outline: a dome"
    return Evidence(placed.view.sha256, placed.view.region((x0, top, x1, low)), note)


def _ring(one: _Seen, axis: str, fused: Fused) -> tuple[float, float] | None:
    """Where along and across an axis the columns of the plan stand in a ring under a round head, metres; None where none do."""
    if fused.plan is None:
        return None
    plan, radius = fused.plan, one.head.radius
    places = np.array([plan.metres(*at) for at in _supports(plan.view.plan)], np.float64)
    if len(places) < FEWEST:
        return None
    if axis == "y":
        places = places[:, ::-1]
    best: tuple[float, float, float] | None = None
    for at in one.at + radius * np.linspace(-TOWARDS, TOWARDS, 15):
        for aside in np.arange(radius, fused.size["yx".index(axis)] - radius, 0.1):
            away = np.hypot(places[:, 0] - at, places[:, 1] - aside)
            near = places[(away > RING[0] * radius) & (away < RING[1] * radius)]
            if len(near) < FEWEST:
                continue
            far = np.hypot(near[:, 0] - at, near[:, 1] - aside)
            usual = float(np.median(far))
            on = near[np.abs(far - usual) < ROUND * usual]
            if len(on) < FEWEST:
                continue
            turns = np.sort(np.degrees(np.arctan2(on[:, 1] - aside, on[:, 0] - at)))
            if np.diff(np.r_[turns, turns[0] + 360]).max() > GAP_DEGREES:
                continue
            merit = float(np.std(far[np.abs(far - usual) < ROUND * usual]) / usual) - 0.02 * len(on)
            if best is None or merit < best[0]:
                best = (merit, float(at), float(aside))
    return None if best is None else best[1:]


def _supports(plan: PlanReading) -> list[tuple[float, float]]:
    """Middles of the columns of a plan, pixels, and of the piers like them that were read as walls."""
    found = [(float(one.center[0]), float(one.center[1])) for one in plan.columns]
    if not found:
        return []
    wide = 2 * float(np.median([one.radius for one in plan.columns]))
    count, _, stats, middles = cv2.connectedComponentsWithStats(plan.walls.astype(np.uint8), connectivity=8)
    for i in range(1, count):
        sides = stats[i, cv2.CC_STAT_WIDTH], stats[i, cv2.CC_STAT_HEIGHT]
        near = min(np.hypot(middles[i][0] - x, middles[i][1] - y) for x, y in found)
        if all(abs(side - wide) < PIER * wide for side in sides) and near > wide / 2:
            found.append((float(middles[i][0]), float(middles[i][1])))
    return found
