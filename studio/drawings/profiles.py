"""How high a building reaches along a section: the upper edge of what it cuts, for walls that no other sheet gives a height."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from blender_addon.scenes.building_design import DesignedDome, DesignedProfile
from blender_addon.scenes.building_heights import COVER_M
from blender_addon.scenes.model import Evidence
from studio.drawings.designed_domes import levelled
from studio.drawings.fuse import Fused
from studio.drawings.views import ACROSS, Placed, section_edges

LOWEST_M = 1.8  # a wall that carries a roof is higher than a person; what is cut below is a parapet, a bench or a basin's rim
SHARE = 0.4  # of the columns of a section: where fewer are cut above a person's height, the outline says more
WHOLE = 0.7  # of the building's length along it: a section of less is not one of the building
COVERED = 0.9  # of a section between its ends: a court or an impluvium leaves more than a tenth open
SPIRE = 0.15  # of a front's length: what is narrower on its outline is a spire or a turret, and not the body of a building
FINIAL_M = 0.8  # narrower than this, what stands on a roof is a chimney or a finial, and no wall reaches into it
SMOOTH_M, STRAIGHT_M = 0.5, 0.12  # tiles and lettering are left out; a drawn line wavers by a hand's breadth


def profiles(fused: Fused, notes: list[str], above: Sequence[DesignedDome] = ()) -> tuple[DesignedProfile, ...]:
    """Of the first section that shows the building along one of its axes, and of an elevation along the other one.

    The second is asked for only where the section is covered from end to end: over a court an outline says nothing. Empty
    without a plan, or where no section shows how high the building is. Domes (`above`) are taken off; what carries them is
    covered, and as high as the outlines of its elevations where it has no section.
    """
    if fused.plan is None and not above:
        return ()
    for placed in fused.sections:
        axis = ACROSS[placed.side]
        length = fused.size["xy".index(axis)]
        ends = section_edges(placed.view.cut)
        if ends is not None and (ends[1] - ends[0]) / placed.px_per_m[0] < WHOLE * length:
            continue  # of a wing or a room: what it shows holds for no other
        points = upper_edge(placed, length)
        if points is None:
            continue
        note = "reaches what the section shows at this distance, by rule"
        found = [_designed(placed, points, placed.view.cut.ground_y, fused, note)]
        notes.append(
            f"Walls rise to what {placed.view.name} shows at their distance along it ({points[:, 1].min():.2f} m to "
            f"{points[:, 1].max():.2f} m), by rule; it cuts the building in one line only."
        )
        front = next((one for side, one in fused.elevations.items() if ACROSS[side] != axis), None)
        if front is not None and _covered(placed, length):
            outline = front_edge(front, fused.size["xy".index(ACROSS[front.side])])
            if outline is not None:
                note = "reaches the outline of the elevation at this distance, by rule"
                found.append(_designed(front, outline, front.view.front.ground_y, fused, note))
                notes.append(
                    f"Above its walls the building is as high as both {placed.view.name} and {front.view.name} show it at each "
                    "place, by rule; its vaults are as wide as in both."
                )
        if len(found) > 1 or above:
            found = [_above(levelled(one, above), fused.heights.eaves.z + COVER_M) for one in found]
        return tuple(found)
    if above and (found := _outlines(fused, notes)):
        return tuple(_above(levelled(one, above), fused.heights.eaves.z + COVER_M) for one in found)
    notes.append(
        f"Every wall of the plan, inside and around courts too, rises to the eaves at {fused.heights.eaves.z:.2f} m by "
        "rule; no sheet says where each ends."
    )
    return ()


def _outlines(fused: Fused, notes: list[str]) -> list[DesignedProfile]:
    """Of an elevation along each axis, for a building whose domes stand on something and which no section shows."""
    found: list[DesignedProfile] = []
    for side, placed in fused.elevations.items():
        outline = front_edge(placed, fused.size["xy".index(ACROSS[side])])
        if outline is not None and all(one.axis != ACROSS[side] for one in found):
            note = "reaches the outline of the elevation at this distance, by rule"
            found.append(_designed(placed, outline, placed.view.front.ground_y, fused, note))
            notes.append(f"What carries the domes is as high as {placed.view.name} shows it at each place, by rule.")
    return found


def _designed(placed: Placed, points: np.ndarray, ground: float | None, fused: Fused, said: str) -> DesignedProfile:
    """A profile of a placed drawing (u, z) in the building's frame."""
    axis = ACROSS[placed.side]
    if placed.side in ("north", "west"):  # seen from there, u runs against the axis
        points = np.column_stack([fused.size["xy".index(axis)] - points[::-1, 0], points[::-1, 1]])
    height, width = placed.view.reading.picture.shape[:2]
    note = Evidence(placed.view.sha256, placed.view.region((0, 0, width, ground or height)), said)
    return DesignedProfile(axis, tuple((float(s), float(z)) for s, z in points), (note,))


def _above(profile: DesignedProfile, least: float) -> DesignedProfile:
    """A profile that falls nowhere below a height: what is covered everywhere is so beside an outline drawn too narrow, too."""
    return replace(profile, points=tuple((s, max(z, least)) for s, z in profile.points))


def _covered(placed: Placed, length: float) -> bool:
    """Whether a section cuts something overhead nearly everywhere between its ends."""
    over, _, _ = _overhead(placed, length)
    return bool(over.size) and float(over.any(axis=0).mean()) > COVERED


def _overhead(placed: Placed, length: float) -> tuple[np.ndarray, int, int]:
    """What is cut above a person's height, bool [h, w], and its first and last column."""
    x0, x1 = (round(placed.pixels(u, 0)[0]) for u in (0.0, length))
    x0, x1 = max(0, x0), min(placed.view.cut.walls.shape[1], x1)
    return placed.view.cut.walls[: max(0, round(placed.origin[1] - LOWEST_M * placed.px_per_m[1])), x0:x1], x0, x1


def front_edge(placed: Placed, length: float) -> np.ndarray | None:
    """float64 [N, 2]: u along an elevation and the height of its outline there, metres; None where none was read."""
    outline = placed.view.front.silhouette
    if outline is None or len(outline) < 3:
        return None
    points = np.array([placed.metres(*p) for p in np.asarray(outline, np.float64)])
    scale = 20.0  # cells per metre: finer than a line of a drawing of this size is drawn
    high = float(points[:, 1].max()) + 1.0
    canvas = np.zeros((round(high * scale) + 1, round(length * scale) + 1), np.uint8)
    cv2.fillPoly(canvas, [np.rint(np.column_stack([points[:, 0], high - points[:, 1]]) * scale).astype(np.int32)], 1)
    if not canvas.any():
        return None
    z = np.where(canvas.any(axis=0), high - canvas.argmax(axis=0) / scale, 0.0)
    return _straightened((np.arange(len(z)) + 0.5) / scale, _without_finials(z, scale, max(FINIAL_M, SPIRE * length)), length)


def upper_edge(placed: Placed, length: float) -> np.ndarray | None:
    """float64 [N, 2]: u along the section, rising from 0 to `length`, and the height of what is cut there, metres.

    Where nothing is cut overhead, over a court or an impluvium, the edge goes straight on to the next roof. None where the
    section shows nothing higher than a person.
    """
    (scale_u, scale_z), ground = placed.px_per_m, round(placed.origin[1])
    over, x0, x1 = _overhead(placed, length)
    if over.size == 0:
        return None
    cut = over.any(axis=0)
    top = np.where(cut, over.argmax(axis=0), np.nan).astype(np.float64)
    if cut.mean() < SHARE:
        outline = _outline(placed.view.cut.roof, x0, x1)
        if outline is None:
            return None
        top = outline
    known = np.flatnonzero(~np.isnan(top))
    z = _without_finials((ground - np.interp(np.arange(len(top)), known, top[known])) / scale_z, scale_u, FINIAL_M)
    if z.max() < LOWEST_M:
        return None
    return _straightened((np.arange(len(z)) + 0.5 + x0 - placed.origin[0]) / scale_u, z, length)


def _straightened(u: np.ndarray, z: np.ndarray, length: float) -> np.ndarray:
    """The corners of an edge from 0 to `length`, float64 [N, 2]."""
    line = np.column_stack([u, z]).astype(np.float32).reshape(-1, 1, 2)
    points = cv2.approxPolyDP(line, STRAIGHT_M, closed=False).reshape(-1, 2).astype(np.float64)
    points[0, 0], points[-1, 0] = min(points[0, 0], 0.0), max(points[-1, 0], length)
    return points


def _outline(roof, x0: int, x1: int) -> np.ndarray | None:
    """Row of the outline in every column from x0 to x1, or None."""
    if roof is None or len(roof) < 2:
        return None
    xs, ys = np.array(sorted(roof), np.float64).T
    return np.interp(np.arange(x0, x1), xs, ys)


def _without_finials(z: np.ndarray, scale: float, narrow_m: float) -> np.ndarray:
    """Heights without what is narrower than a chimney or a spire, and without the waves of tiles."""
    wide = max(3, round(narrow_m * scale)) | 1
    row = cv2.copyMakeBorder(z.astype(np.float32)[None], 0, 0, wide, wide, cv2.BORDER_REPLICATE)
    row = cv2.morphologyEx(row, cv2.MORPH_OPEN, np.ones((1, wide), np.uint8))[0, wide:-wide]
    reach = max(1, round(SMOOTH_M * scale / 2))
    padded = np.pad(row, reach, mode="edge")
    return np.median(np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1), axis=1).astype(np.float64)
