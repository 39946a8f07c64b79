"""Sections in the building's frame: along which axis each cuts, from which side it is seen, and how large it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath

import numpy as np

from studio.drawings.contradictions import compared
from studio.drawings.exact_rows import ground_row
from studio.drawings.holes import Ledger
from studio.drawings.reading import SectionReading
from studio.drawings.section_way import Way, lie, usual_line
from studio.drawings.storeys import READ_PX, wall_top
from studio.drawings.titles import way_of_file
from studio.drawings.views import ACROSS, Placed, View, section_edges

USUAL_STOREY_M = 4.0  # between a cottage's 2.4 m and a palace's 6 m
OF_A_PART = 0.5  # of the building's width: a section of less is one of a wing or a room
OBLONG = 1.3  # a building less long than this times its width has no length to speak of
PARTLY, AS_WIDE = 0.85, 0.15  # of its side: an elevation shows a part; and a section that differs by less is as wide
BACKWARDS = ("north", "west")  # façades that run against the axis along them
SEEN_FROM = {"x": ("south", "north"), "y": ("east", "west")}  # as it is drawn, and mirrored
ENDS = {"x": ("west", "east"), "y": ("south", "north")}


def extent_name(axis: str) -> str:
    """The building's extent along an axis, in words."""
    return "width from west to east" if axis == "x" else "depth from south to north"


def placed_section(
    view: View, size: tuple[float, float], plan: Placed | None, elevations: Mapping[str, Placed], ledger: Ledger
) -> Placed:
    """A section in the frame: along which axis it cuts, by what was said or by the better agreement."""
    reading = view.cut
    edges = section_edges(reading) or (0.0, float(reading.picture.shape[1]))
    wide = edges[1] - edges[0]
    ground = float(reading.picture.shape[0]) if (read := ground_row(view)) is None else read
    scale = view.px_per_m or _carried_height(reading, ground, elevations)
    if view.side:
        axis = ACROSS[view.side]
    elif (way := way_of_file(PurePath(view.name).stem)) and max(size) > OBLONG * min(size):
        axis = "x" if (size[0] > size[1]) == (way == "long") else "y"
        kind = "longitudinal" if way == "long" else "cross"
        ledger.notes.append(f"{view.name} is a {kind} section, as its file's name says.")
    elif scale is None:
        axis = _by_storeys(view, wide, ground, size, ledger)
    else:
        parts = {a: _part(a, wide / scale, size, elevations) for a in ("x", "y")}
        axis = min(("x", "y"), key=lambda a: abs(np.log(wide / (parts[a][1] - parts[a][0]) / (scale or 1.0))))
    low, high = (0.0, size["xy".index(axis)]) if view.px_per_m is None else _part(axis, wide / view.px_per_m, size, elevations)
    across, start = high - low, 0.0
    if scale is None:
        start, end = usual_line(plan, axis) if plan is not None else (0.0, across)
        scale = wide / (end - start)
    if view.px_per_m is None:
        ledger.notes.append(f"{view.name} has no scale of its own; {scale:.2f} px per metre were carried over.")
    if view.side is None:
        ledger.notes.append(f"{view.name} is taken to cut along the building's {extent_name(axis)}.")
    placed = Placed(view, view.side or SEEN_FROM[axis][0], (edges[0] - start * scale, ground), (scale, scale))
    whole = size["xy".index(axis)]
    if view.side is None:
        here = (across, size[1]) if axis == "x" else (size[0], across)
        beside = {side: _from(one, low, high, whole, 1) for side, one in elevations.items() if ACROSS[side] == axis}
        placed = _turned(placed, axis, edges, here, plan if across == whole else None, beside, ledger)
    if across != whole:
        placed = _from(placed, low, high, whole, -1)
        ledger.notes.append(
            f"{view.name} is laid over the {across:.2f} m of {whole:.2f} m that an elevation shows, because it is as wide."
        )
    if view.px_per_m is not None and wide / scale < OF_A_PART * across:
        ledger.notes.append(
            f"{view.name} cuts {wide / scale:.2f} m of {across:.2f} m: it shows a part of the building, "
            "and its width is not compared."
        )
    elif view.px_per_m is not None:
        ledger.add(compared(
            f"{extent_name(axis)}", "width", [("the building", across), (view.name, wide / scale)], used=f"{across:.2f} m",
            why="as the plan or the elevation draws it; a section may leave parts away", tolerance_m=4 * READ_PX / scale,
            regions=[(view.sha256, view.region((edges[0], 0.0, edges[1], ground)))],
        ))  # fmt: skip
    return placed


def _part(axis: str, wide: float, size: tuple[float, float], elevations: Mapping[str, Placed]) -> tuple[float, float]:
    """From where to where a section cuts, metres along an axis: all of it, or what an elevation shows where that is as wide.

    Args:
        wide: of the section, metres.
    """
    whole = size["xy".index(axis)]
    best = 0.0, whole
    for side, placed in elevations.items():
        if ACROSS[side] != axis:
            continue
        low, high = (placed.metres(x, 0)[0] for x in (placed.view.wall[0], placed.view.wall[2]))
        if side in BACKWARDS:
            low, high = whole - high, whole - low
        apart, now = (abs(float(np.log(wide / (b - a)))) for a, b in ((low, high), best))
        if high - low < PARTLY * whole and apart < min(now, AS_WIDE):
            best = low, high
    return best


def _from(placed: Placed, low: float, high: float, whole: float, way: int) -> Placed:
    """A view in the frame of a part of the building (`way` 1), or from that one back in the building's (-1)."""
    begins = whole - high if placed.side in BACKWARDS else low
    x, y = placed.origin
    return Placed(placed.view, placed.side, (x + way * begins * placed.px_per_m[0], y), placed.px_per_m)


def _by_storeys(view: View, wide: float, ground: float, size: tuple[float, float], ledger: Ledger) -> str:
    """Which way a section cuts whose scale nobody knows: so that its storeys come nearest to what people build."""
    reading = view.cut
    eaves = next((line.y for line in reading.lines if line.name == "eaves"), None)
    if eaves is None and (top := wall_top(reading)):
        eaves = top.y
    if eaves is None or ground <= eaves:
        return "y"
    storeys = 1 + sum(eaves < line.y < ground - 0.1 * (ground - eaves) for line in reading.floors)
    high = {axis: (ground - eaves) * size["xy".index(axis)] / wide / storeys for axis in ("x", "y")}
    axis = min(high, key=lambda a: abs(np.log(high[a] / USUAL_STOREY_M)))
    ledger.notes.append(
        f"Not certain: {view.name} has no scale, and was taken to cut along the building's {extent_name(axis)}, because its "
        f"storeys are {high[axis]:.1f} m high then; say --side or --scale for it."
    )
    return axis


def _carried_height(reading: SectionReading, ground: float, elevations: Mapping[str, Placed]) -> float | None:
    """Pixels per metre of a section by the height of the eaves that it shares with an elevation."""
    eaves = [line.y for line in reading.lines if line.name == "eaves"]
    if not eaves and (top := wall_top(reading)):
        eaves = [top.y]
    for placed in elevations.values():
        if eaves:
            high = placed.metres(0, placed.view.wall[1])[1]
            return (ground - eaves[0]) / high if high > 0 else None
    return None


def _turned(
    placed: Placed, axis: str, edges: tuple[float, float], size: tuple[float, float], plan: Placed | None,
    elevations: Mapping[str, Placed], ledger: Ledger,
) -> Placed:  # fmt: skip
    """Nobody said from which side a section is seen: laid over the other sheets both ways, and said which way it was taken."""
    way: Way = lie(placed, axis, edges, size, plan, elevations)
    ends, name = ENDS[axis], placed.view.name
    if way.by and way.is_mirrored:
        ledger.notes.append(
            f"{name} is seen from the {SEEN_FROM[axis][1]}, its left end in the {ends[1]}: laid so over {way.by} it agrees by "
            f"{way.mirrored:.2f}, the other way by {way.straight:.2f} (1 = wholly)."
        )
        placed = Placed(placed.view, SEEN_FROM[axis][1], placed.origin, placed.px_per_m)
    elif way.by:
        ledger.notes.append(
            f"{name} is seen from the {SEEN_FROM[axis][0]}, its left end in the {ends[0]}: laid so over {way.by} it agrees by "
            f"{way.straight:.2f}, mirrored by {way.mirrored:.2f} (1 = wholly)."
        )
    elif way.is_tried:
        ledger.notes.append(
            f"Not certain: {name} was laid over the building with its left end in the {ends[0]}; it agrees about as well the "
            f"other way ({way.straight:.2f} and {way.mirrored:.2f}). Say --side {name}={SEEN_FROM[axis][1]} to turn it."
        )
    return placed
