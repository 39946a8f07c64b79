"""Heights: the levels of an elevation laid against those of a section, and the storeys that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np

from studio.drawings.contradictions import Contradiction, compared, counted
from studio.drawings.facade_lines import CHIMNEY
from studio.drawings.paper import runs
from studio.drawings.reading import Box, FacadeReading, LevelLine, ReadOpening, SectionReading
from studio.drawings.views import Placed, section_edges

READ_PX = 1.5  # error of one edge that a reader found, pixels
STOREY_M = 3.0  # by rule, when no sheet shows a height
LOWEST_M = 2.0  # nobody stands upright between a floor and eaves that are closer: a ceiling, a cornice, an attic's boards
SILL_M, LINTEL_M = 0.9, 0.35  # a floor lies this far below the sills above it, and this far above the heads below it
OVERHANG = 0.012  # of the wall's width: a roof stands out by more, ink and plaster by less
FLUE = 0.015  # of the wall's width: the smallest stack, a flue of 25 cm in a front of 16 m; finials and cracks are thinner
COVER_M = 0.2  # an elevation shows the tiles of the ridge, a section its timbers: a rafter's 12 cm, battens and tiles 8 cm
ROW = "row of windows"  # name of a level between two of them, where a section shows that no floor lies there
AT_RIDGE = 0.1  # of a roof's height: a line nearer to its top is no eaves
PLINTH = 0.25  # of a building's height: outer walls are higher
# Of a height: sheets of one building drawn wrongly differ by less; eaves further apart are those of an aisle and of a nave.
OTHER_LEVEL = 0.2
CUT = "as the section cuts it; the elevation only sees it"
OTHERWISE = "as the elevation shows it; so far apart, the section cuts another part of the building"
NEAR = 0.14  # a string course nearer than this share of a storey to a floor marks that floor


@dataclass(frozen=True, eq=False)
class Height:
    """A level above the ground: z in metres, where it was read; `by` is None for a rule."""

    name: str
    z: float
    by: Placed | None = None
    region: Box | None = None


@dataclass(frozen=True, eq=False)
class Storey:
    """From floor to floor: `low` and `high`; the lowest begins at the ground, the highest ends at the eaves."""

    number: int
    low: Height
    high: Height

    @property
    def is_drawn(self) -> bool:
        """Whether both its levels were read and not set by rule."""
        return self.low.by is not None and self.high.by is not None


@dataclass(frozen=True, eq=False)
class Heights:
    """What all sheets together say of heights.

    Attributes:
        storeys: from below; at least one.
        eaves: top of the walls. ridge: of the roof, or None.
        anchors: (z on the elevation by its own scale, z as built), rising, by the side that the elevation shows.
        contradictions, assumptions: what disagreed, and what was set by rule.
    """

    storeys: tuple[Storey, ...]
    eaves: Height
    ridge: Height | None
    anchors: dict[str, tuple[tuple[float, float], ...]]
    contradictions: tuple[Contradiction, ...]
    assumptions: tuple[str, ...]

    def built(self, side: str, z: float) -> float:
        """A height of an elevation as it is built: where the section moved a level, everything between moves with it."""
        points = self.anchors.get(side, ())
        if len(points) < 2:
            return z
        given, target = np.array(points).T
        if z > given[-1]:
            return float(target[-1] + z - given[-1])
        return float(np.interp(z, given, target)) if z >= given[0] else float(target[0] + z - given[0])

    def storey_of(self, z: float) -> int:
        """Number of the storey in which a height lies; the highest for what lies above."""
        return max((s.number for s in self.storeys if z >= s.low.z), default=0)


def heights(elevations: Sequence[Placed], sections: Sequence[Placed], height_m: float | None) -> Heights:
    """Lay the levels of all sheets against each other; a section decides, because it cuts what an elevation only sees."""
    found: list[Contradiction] = []
    notes: list[str] = []
    section = sections[0] if sections else None
    cut = section_levels(section) if section else []
    anchors: dict[str, tuple[tuple[float, float], ...]] = {}
    seen: dict[str, list[Height]] = {}
    apart: list[Placed] = []
    for one in elevations:
        seen[one.side] = elevation_levels(one)
        pairs = paired(seen[one.side], cut)
        if not _same_eaves(pairs):
            apart.append(one)
            found += _height_records(pairs, OTHERWISE)
            continue
        anchors[one.side] = _anchors(pairs)
        found += _height_records(pairs)
    main = next(iter(seen.values()), [])
    floors = [h for h in cut if h.name == "floor"]
    if elevations and not floors:
        floors, said = _floors_by_rows(elevations[0], main)
        notes += said
        if section and floors:
            floors = [replace(one, name=ROW) for one in floors]
            notes.append(f"{section.view.name} cuts no floor: the storeys are those of the windows outside, and none is built.")
    elif elevations:
        found += _row_count(elevations[0], section, floors)
    levels = cut or main
    if apart and len(apart) == len(elevations) and any(h.name == "eaves" for h in main):
        levels = main
        notes.append(
            f"The walls end at the eaves of {apart[0].view.name}: the section ends so far from them that it must cut another "
            "part of the building."
        )
    eaves = next((h for h in levels if h.name == "eaves"), None) or next((h for h in main if h.name == "eaves"), None)
    if eaves is None:
        tall = height_m or STOREY_M
        eaves = Height("eaves", (floors[-1].z if floors else 0.0) + tall)
        notes.append(f"The walls are {tall:.2f} m high {'as given' if height_m else 'by rule'}; no sheet shows their height.")
    ridge = next((h for h in levels if h.name == "ridge"), None) or next((h for h in main if h.name == "ridge"), None)
    if ridge is not None and ridge.z < eaves.z + 0.3:
        ridge = None
    bounds = [Height("ground", 0.0, eaves.by), *(f for f in floors if 1.5 < f.z < eaves.z - LOWEST_M), eaves]
    storeys = tuple(Storey(i, low, high) for i, (low, high) in enumerate(pairwise(bounds)))
    return Heights(storeys, eaves, ridge, anchors, tuple(found), tuple(notes))


def elevation_levels(placed: Placed) -> list[Height]:
    """Ground, string courses, eaves and ridge of an elevation, rising, by its own scale."""
    reading = placed.view.front
    found = [Height("ground", 0.0, placed)]
    x0, x1 = (reading.facade[0], reading.facade[2]) if reading.facade else (0, reading.picture.shape[1])
    for line in reading.lines:
        if line.name in ("string course", "floor"):
            found.append(Height("course", placed.metres(0, line.y)[1], placed, _row(line.x0, line.x1, line.y)))
    eaves = eaves_row(reading)
    if eaves is not None:
        found.append(Height("eaves", placed.metres(0, eaves)[1], placed, _row(x0, x1, eaves)))
    ridge = ridge_row(reading)
    if ridge is not None and eaves is not None and placed.metres(0, ridge)[1] > found[-1].z + 0.3:
        found.append(Height("ridge", placed.metres(0, ridge)[1], placed, _row(x0, x1, ridge)))
    return sorted(found, key=lambda h: h.z)


def eaves_row(reading: FacadeReading) -> float | None:
    """Row of an elevation where its roof begins, pixels; None where neither a line nor a wall was read.

    A line is believed when it runs along the whole wall. One that is shorter and lies above it is a course of tiles on a
    hipped roof; then the eaves are where the outline stands out furthest, else the top of the wall.
    """
    line = next((one for one in reading.lines if one.name == "eaves"), None)
    if reading.facade is None:
        return line.y if line else None
    x0, top, x1, bottom = reading.facade
    reach = OVERHANG * (x1 - x0)
    ridge = ridge_row(reading)
    if line and line.y < top - reach and ridge is not None and line.y < ridge + AT_RIDGE * (top - ridge):
        line = None  # a gabled roof seen from its side ends above in a line as long as its eaves
    if line and (line.y >= top - reach or (line.x0 <= x0 + reach and line.x1 >= x1 - reach)):
        return line.y
    outline = np.empty((0, 2)) if reading.silhouette is None else np.asarray(reading.silhouette, np.float64)
    upper = outline[outline[:, 1] < (top + bottom) / 2]
    tips = []
    for out in (x0 - upper[:, 0], upper[:, 0] - x1) if len(upper) else ():
        if out.max() > reach:
            tips.append(upper[out > out.max() - 0.25 * reach, 1])  # the edge of a roof, from its upper to its lower corner
    if not tips:
        return float(top)
    verge = np.inf if ridge is None else 0.5 * (top - ridge)  # so tall an edge is a gabled roof's verge: eaves lie at its foot
    return float(np.mean([tip.max() if np.ptp(tip) > verge else (tip.min() + tip.max()) / 2 for tip in tips]))


def ridge_row(reading: FacadeReading) -> float | None:
    """Row of an elevation where its roof ends, pixels; chimneys do not count. None where no outline was read.

    A chimney is narrow and rises at once; a gable is narrow at its top as well, but rises slowly.
    """
    if reading.silhouette is None or len(reading.silhouette) < 3 or reading.facade is None:
        return next((one.y for one in reading.lines if one.name == "ridge"), None)
    tall, over, (_, y0) = _outline_heights(reading.silhouette, reading.facade[2] - reading.facade[0])
    for first, last in _stacks(over):
        tall[first:last] -= over[first:last]
    return float(y0 - tall.max())


def chimneys(reading: FacadeReading) -> list[tuple[float, float, float, float]]:
    """What stands narrow and upright on the roof of an elevation: x0, x1, rows of its top and of its foot, pixels."""
    if reading.silhouette is None or len(reading.silhouette) < 3 or reading.facade is None:
        return []
    wall = reading.facade[2] - reading.facade[0]
    tall, over, (x0, y0) = _outline_heights(reading.silhouette, wall)
    found = []
    for first, last in _stacks(over):
        top, foot = float(tall[first:last].max()), float((tall - over)[first:last].min())
        if FLUE * wall < last - first < CHIMNEY * wall and top - foot > last - first:
            found.append((float(x0 + first), float(x0 + last), y0 - top, y0 - foot))
    return found


def _outline_heights(silhouette: np.ndarray, wall: int) -> tuple[np.ndarray, np.ndarray, tuple[int, int]]:
    """Height of an elevation's outline in each column, how much of it is narrow; column of the first, row of the foot."""
    outline = np.rint(np.asarray(silhouette, np.float64)).astype(np.int32)
    at = outline.min(axis=0)
    wide, high = outline.max(axis=0) - at + 1
    filled = np.zeros((high, wide), np.uint8)
    cv2.fillPoly(filled, [outline - at], 1)
    tall = (high - filled.argmax(axis=0)).astype(np.float32)
    across = max(3, round(CHIMNEY * wall)) | 1
    # at its ends an outline falls to the ground, and counts as narrow nowhere
    spread = cv2.copyMakeBorder(tall[None], 0, 0, across, across, cv2.BORDER_REPLICATE)
    broad = cv2.morphologyEx(spread, cv2.MORPH_OPEN, np.ones((1, across), np.uint8))[0, across:-across]
    return tall, tall - broad, (int(at[0]), int(at[1] + high))


def _stacks(over: np.ndarray) -> list[tuple[int, int]]:
    """Columns in which something narrow rises at once; a gable is narrow at its top too, but rises slowly."""
    found = []
    for first, last in runs(over > 0.003 * len(over)):
        part = over[first:last]
        if np.median(part) > 0.6 * part.max():
            found.append((int(first), int(last)))
    return found


def section_levels(placed: Placed) -> list[Height]:
    """Ground, floors, eaves and ridge of a section, rising, by its own scale."""
    reading = placed.view.cut
    found = [Height("ground", 0.0, placed)]
    width = reading.picture.shape[1]
    named = {line.name: line for line in reading.lines}
    if "eaves" not in named and (cut := wall_top(reading)):
        named["eaves"] = cut
    top = placed.metres(0, named["eaves"].y)[1] if "eaves" in named else np.inf
    for line in reading.floors:
        z = placed.metres(0, line.y)[1]
        if 1.5 < z < top - LOWEST_M:
            found.append(Height("floor", z, placed, _row(line.x0, line.x1, line.y)))
    for name in ("eaves", "ridge"):
        if name in named:
            line = named[name]
            found.append(Height(name, placed.metres(0, line.y)[1], placed, _row(line.x0, line.x1, line.y)))
    if "ridge" not in named and reading.roof and "eaves" in named:
        y = min(point[1] for point in reading.roof)
        found.append(Height("ridge", placed.metres(0, y)[1], placed, _row(0, width, y)))
    return sorted(found, key=lambda h: h.z)


def wall_top(reading: SectionReading) -> LevelLine | None:
    """Where the lower of the two outer walls ends, for a section on which no eaves were read."""
    edges = section_edges(reading)
    if edges is None or reading.ground_y is None:
        return None
    highest = min((y for _, y in reading.roof), default=0.0) if reading.roof else 0.0
    tops = []
    for edge, inwards, thick in ((edges[0], 1, reading.thickness_px[0]), (edges[1], -1, reading.thickness_px[1])):
        band = sorted((edge + 0.2 * inwards * max(thick, 4), edge + 0.8 * inwards * max(thick, 4)))
        column = reading.walls[: reading.ground_y, max(0, round(band[0])) : max(1, round(band[1]) + 1)]
        rows = column.mean(axis=1) > 0.5
        first = int(rows.argmax())
        # it stands on the ground, and is more than a plinth or the foot of a wall whose upper part was not read
        if rows[-round(0.05 * len(rows)) - 1 :].any() and reading.ground_y - first > PLINTH * (reading.ground_y - highest):
            tops.append(first)
    if not tops:
        return None
    return LevelLine("eaves", float(max(tops)), edges[0], edges[1], 0.5)


def paired(seen: Sequence[Height], cut: Sequence[Height]) -> list[tuple[Height, Height]]:
    """Levels that are the same on both sheets: eaves, ridge, and string courses that mark a floor; rising."""
    pairs = [(a, b) for name in ("ground", "eaves", "ridge") for a in seen if a.name == name for b in cut if b.name == name]
    courses, floors = [h for h in seen if h.name == "course"], [h for h in cut if h.name == "floor"]
    eaves = next(((a.z, b.z) for a, b in pairs if a.name == "eaves"), (1.0, 1.0))
    below = 0.0
    for floor in floors:
        storey = max(floor.z - below, 2.0)
        # a building drawn too tall as a whole has all its courses too high: compare as shares of the eaves as well
        near = min(courses, key=lambda h: min(abs(h.z - floor.z), abs(h.z * eaves[1] / eaves[0] - floor.z)), default=None)
        if near and min(abs(near.z - floor.z), abs(near.z * eaves[1] / eaves[0] - floor.z)) < NEAR * storey:
            pairs.append((near, floor))
            courses = [h for h in courses if h.z > near.z]
        below = floor.z
    return sorted(pairs, key=lambda pair: pair[0].z)


def _anchors(pairs: Sequence[tuple[Height, Height]]) -> tuple[tuple[float, float], ...]:
    kept: list[tuple[float, float]] = []
    for a, b in pairs:
        if not kept or (a.z > kept[-1][0] + 0.05 and b.z > kept[-1][1] + 0.05):
            kept.append((a.z, b.z))
    return tuple(kept)


def _same_eaves(pairs: Sequence[tuple[Height, Height]]) -> bool:
    """Whether what both sheets have for eaves can be one level, drawn wrongly on one of them."""
    return all(abs(a.z - b.z) <= OTHER_LEVEL * max(a.z, b.z) for a, b in pairs if a.name == "eaves")


def _height_records(pairs: Sequence[tuple[Height, Height]], why: str = CUT) -> list[Contradiction]:
    """Storey heights, wall height and roof height of both sheets, each as a share of itself."""
    found = []
    names = {"course": "floor", "eaves": "eaves", "ridge": "ridge"}
    walls = [pair for pair in pairs if pair[0].name != "ridge"]
    steps = [(f"height of storey {i}", low, high) for i, (low, high) in enumerate(pairwise(walls))]
    by_name = {a.name: (a, b) for a, b in pairs}
    if "eaves" in by_name and len(walls) > 2:
        steps.append(("height of the walls", by_name["ground"], by_name["eaves"]))
    if "ridge" in by_name and "eaves" in by_name:
        steps.append(("height of the roof", by_name["eaves"], by_name["ridge"]))
    for element, (a0, b0), (a1, b1) in steps:
        a, b = a1.by, b1.by
        if a is None or b is None:
            continue
        error = READ_PX * (1 / a.px_per_m[1] + 1 / b.px_per_m[1]) + (COVER_M if a1.name == "ridge" else 0.0)
        regions = [(p.view.sha256, p.view.region(h.region)) for p, h in ((a, a1), (b, b1)) if h.region]
        if element == "height of storey 0" and len(walls) == 2:
            element = "height of the walls"
        found.append(compared(
            element, "height", [(b.view.name, b1.z - b0.z), (a.view.name, a1.z - a0.z)],
            used=f"{(b1.z - b0.z if why == CUT else a1.z - a0.z):.2f} m up to the {names.get(a1.name, a1.name)}",
            why=why, tolerance_m=error, regions=regions,
        ))  # fmt: skip
    return [one for one in found if one]


def rows(openings: Sequence[ReadOpening]) -> list[list[ReadOpening]]:
    """Openings of an elevation in rows, the lowest first; a row is what overlaps by half in height."""
    found: list[list[ReadOpening]] = []
    for one in sorted(openings, key=lambda o: -(o.box[1] + o.box[3]) / 2):
        middle = (one.box[1] + one.box[3]) / 2
        for row in found:
            if np.median([o.box[1] for o in row]) <= middle <= np.median([o.box[3] for o in row]):
                row.append(one)
                break
        else:
            found.append([one])
    return found


def _floors_by_rows(placed: Placed, seen: Sequence[Height]) -> tuple[list[Height], list[str]]:
    """Where no section shows floors: at a string course between two rows of windows, or below the upper sills by rule."""
    reading = placed.view.front
    found: list[Height] = []
    notes = []
    full = [row for row in rows(reading.openings) if len(row) > 1] or rows(reading.openings)[:1]
    for below, above in pairwise(full):
        head = placed.metres(0, float(np.median([o.box[1] for o in below])))[1]
        sill = placed.metres(0, float(np.median([o.box[3] for o in above])))[1]
        if sill - head < 0.25:
            continue
        course = next((h for h in seen if h.name == "course" and head < h.z <= sill), None)
        low = max(head + min(LINTEL_M, (sill - head) / 2), sill - SILL_M)
        if found and (course.z if course else low) - found[-1].z < 2.0:
            continue
        found.append(Height("floor", course.z, placed, course.region) if course else Height("floor", low))
        how = "at the string course" if course else f"{sill - low:.2f} m below the sills by rule"
        notes.append(f"Floor {len(found)} lies at {found[-1].z:.2f} m, {how}; no section shows it.")
    return found, notes


def _row_count(placed: Placed, section: Placed | None, floors: Sequence[Height]) -> list[Contradiction]:
    """Rows of windows against storeys; a row of a single opening is a dormer or a niche and is not counted."""
    reading = placed.view.front
    seen = [row for row in rows(reading.openings) if len(row) > 1]
    if section is None or not seen or not floors:
        return []
    record = counted(
        "storeys (rows of windows against floors)", [(section.view.name, len(floors) + 1), (placed.view.name, len(seen))],
        used=f"{len(floors) + 1} storeys", why="as the section cuts them",
    )  # fmt: skip
    return [record] if record else []


def _row(x0: float, x1: float, y: float) -> Box:
    """A region around a line: a level is read from a strip of the sheet, four pixels on either side."""
    return round(x0), round(y) - 4, round(x1), round(y) + 4
