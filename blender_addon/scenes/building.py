"""A building from its drawings: walls storey by storey, openings cut, floors, columns, stairs, roof, and the sheets beside it.

What a sheet draws and what a rule adds are solids of their own, so that the levels of evidence and AU_V speak of both.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from .apart import apart
from .building_bands import bands
from .building_design import Design, DesignedHole, DesignedStorey, FacadeFrame
from .building_floors import columns, floors, ground, sheets, stairs
from .building_heights import COVER_M, below, clipped, cover, low_beyond, upper_walls
from .building_walls import (
    SKIN_M,
    Outlines,
    breaches,
    cut,
    cutter,
    face_at,
    geometry,
    hole_shape,
    local,
    manifold,
    outlines,
    without_slivers,
)
from .domes import domed
from .levels import worst
from .model import Author, Element, Evidence, Focus, Light, SceneModel
from .openings import filling, steps
from .plan import FROM_THE_SOUTH_WEST
from .roofs import chimney, flat, pitched
from .solids import PRECISION_M, Geometry, joined, polygons, prism, shifted

# What is a rule has the colour of what was drawn: a wall in two colours looks built so. The evidence pass tells them apart.
WALL, LEAD, TILE, BRICK = (0.82, 0.77, 0.68), (0.74, 0.72, 0.69), (0.47, 0.29, 0.23), (0.55, 0.36, 0.29)
# By rule, of a gap of which nothing is known but its width: a door's height, a window's sill, and what nobody passes through.
DOOR_M, SILL_M, PASSAGE_M = 2.1, 0.9, 0.7
REVEAL_M = 0.18  # by rule, how far panes and doors lie behind the wall's face
SLAB_M = 0.25  # by rule, of upper floors
DRAWN, RULE = 2, 6
EDGE_M = 0.5  # by rule: the rim of a basin, a well, a mill or a hearth
EDGED_M = 4.0  # no such thing is larger
ROW, ALIKE = 4, 0.4  # so many alike, by so much of their size, are pilasters or piers: basins and hearths come in ones and twos
PIER = 0.4  # of a column's diameter: a free piece of wall that differs from it by less is a pier
WIDEST_LINTEL_M = 6.0  # no beam by rule spans more: between walls further apart than a room, nothing lies over the gap


def building(design: Design) -> SceneModel:
    """Build it. Every solid is closed; none overlaps another.

    Raises: DrawingError, MeasureError, MissingPartError without shapely and manifold3d.
    """
    lines = outlines(design)
    build = _Builder(design, lines)
    for number, storey in enumerate(_storeys(design)):
        for side, wall in lines.sides.items():
            build.facade(FacadeFrame(side, design.size), wall, number, storey)
        build.askew(number, storey)
        build.breaches(number, storey)
    build.inside()
    plates = sheets(design)
    build.elements += floors(design, lines, SLAB_M)
    build.elements += columns(design, SLAB_M)
    build.elements += stairs(design, lines, SLAB_M)
    build.elements += bands(design, lines)
    build.roof()
    build.elements.append(ground(design, lines, plates))
    build.elements = apart(build.elements)
    w, d = design.size
    high = max(solid.bounds[1, 2] for solid in build.elements)
    focus = Focus((w / 2, 0.0, high / 2), (w * 1.06, high * 1.1))
    if design.roof is None:  # look from above into the rooms
        focus = Focus((w / 2, d / 2, high / 3), (1.15 * w, 1.15 * (0.75 * d + 0.66 * high)), FROM_THE_SOUTH_WEST)
    across = max(w, d, high)
    sun = Light("sun", (-0.7 * across, -across, 1.2 * across), focus.center, 3.2, 1.5, (1.0, 0.96, 0.9), "sun")
    notes = (*design.assumptions, *dict.fromkeys(build.assumptions))
    return SceneModel(design.name, tuple(build.elements), plates, (sun,), focus, notes, north=design.north).check()


def _storeys(design: Design) -> tuple[DesignedStorey, ...]:
    """The storeys; where no elevation says where the walls end, the highest reaches to the top of the profile."""
    if design.reach is None or design.fronts:
        return design.storeys
    last = design.storeys[-1]
    return (*design.storeys[:-1], replace(last, high=max(design.reach, last.low + 0.5)))


class _Builder:
    """Gathers the solids, and what had to be assumed for them."""

    def __init__(self, design: Design, lines: Outlines):
        self.design, self.lines = design, lines
        self.elements: list[Element] = []
        self.limit = below(design.profiles, design.size, COVER_M if design.is_covered else 0.0)
        self.low = low_beyond(design.shown, design.size, design.storeys[0].high)
        self.assumptions: list[str] = [
            f"Panes, bars, doors and steps are rules; panes lie {REVEAL_M:.2f} m behind the wall's face."
        ]

    def add(
        self, name: str, kind: str, solid: Geometry | None, aspects: dict[str, int], author: Author, evidence, **look
    ) -> None:
        """Keep a solid, if anything is left of it; a wall without a roof ends under the profile."""
        profiles = self.design.profiles
        if profiles and kind in ("wall", "lintel") and not self._is_front(name):
            solid = clipped(solid, self.limit)
            aspects, author = aspects | {"dimension": RULE}, "rule"
            evidence = (*evidence, *(e for one in profiles for e in one.evidence))
        if kind in ("wall", "lintel"):
            solid = clipped(solid, self.low)
        if solid is None:
            return
        look = {"material": "plaster", "color": WALL} | look
        vertices, faces = solid
        self.elements.append(Element(name, kind, vertices, faces, worst(aspects), author, tuple(evidence), aspects, **look))

    def _is_front(self, name: str) -> bool:
        """Whether a wall belongs to a façade: where any elevation is drawn, outer walls rise to its eaves."""
        return bool(self.design.fronts) and name.startswith("wall-") and "inside" not in name

    def _top(self) -> float:
        """How high walls inside rise, metres: to the floor above or below the roof, or as high as the profile goes."""
        design, storey = self.design, self.design.storeys[0]
        if design.reach is not None:
            return design.reach
        return storey.high - (SLAB_M if len(design.storeys) > 1 or design.roof else 0.0)

    def facade(self, frame: FacadeFrame, wall, number: int, storey: DesignedStorey) -> None:
        """One storey of one façade with what fills its openings."""
        if not polygons(wall):
            return
        place, wall, design, side = wall, local(wall, frame), self.design, frame.side
        known, rulings = [], []
        for hole in (h for h in design.holes if h.side == side):
            low, high = hole.rise
            if min(high, storey.high) - max(low, storey.low) < 0.02:
                continue
            face = face_at(wall, sum(hole.span) / 2)
            if face is None:
                self.assumptions.append(f"{hole.id} was left out: no wall stands there on the {side} side.")
                continue
            if hole.is_drawn or number > 0 or not design.is_drawn:
                known.append((hole, face, cutter(hole_shape(self._whole(hole, storey)), face)))
            else:  # only the plan shows it: cut it over the whole height, and let a rule fill above and below
                open_all = replace(hole, rise=(storey.low - 0.1, storey.high + 0.1), head="flat")
                rulings.append((hole, face, cutter(hole_shape(open_all), face)))
        drawn = [c for _, _, c in (*known, *rulings)]
        self._wall(frame, place, number, storey, drawn)
        for hole, face, _ in rulings:
            self._over(frame, wall, hole, face, storey)
        for hole, face, _ in (*known, *rulings):
            if number == hole.storey:
                self._fill(frame, hole, face)

    @staticmethod
    def _whole(hole: DesignedHole, storey: DesignedStorey) -> DesignedHole:
        """A hole that nearly reaches the floor is cut down to it: no film of wall stays there."""
        low, high = hole.rise
        return replace(hole, rise=(storey.low - 0.1, high)) if storey.low <= low < storey.low + 0.03 else hole

    def _wall(self, frame: FacadeFrame, place, number: int, storey: DesignedStorey, cutters: list[Geometry]) -> None:
        """As one solid where plan or section show its thickness; else the skin that the elevation shows, and a core by rule."""
        side, design, wall = frame.side, self.design, local(place, frame)
        front = design.fronts.get(side)
        by_plan = design.is_drawn and number == 0
        seen = [front.evidence(0, storey.low, frame.length, storey.high, "wall as drawn in the elevation")] if front else []
        if by_plan and design.plan:
            seen.insert(0, self._on_plan(place, "wall as drawn in the plan"))
        name = f"wall-{number}-{side}"
        if by_plan or (front and side in design.cuts):
            # an outer wall goes up to the eaves, wherever a floor meets it inside
            aspects = {"position": DRAWN, "form": DRAWN, "dimension": design.storeys[-1].top_level}
            author: Author = "drawing" if worst(aspects) < RULE else "rule"
            self._turned(frame, name, cut(wall, storey.low, storey.high, cutters), aspects, author, (*seen, *storey.evidence))
            return
        if front is None:
            note = "continues the wall below by rule" if number else "by rule; no sheet shows this wall"
            aspects = {"position": RULE, "form": RULE, "dimension": max(RULE, storey.level)}
            self._turned(
                frame, name, cut(wall, storey.low, storey.high, cutters), aspects, "rule", (Evidence(note=note),), WALL
            )
            return
        from shapely.affinity import translate

        behind = translate(wall, 0, SKIN_M)
        skin, core = wall.difference(behind), wall.intersection(behind)
        aspects = {"position": DRAWN, "form": DRAWN, "dimension": max(DRAWN, design.storeys[-1].top_level)}
        solid = cut(skin, storey.low, storey.high, cutters)
        self._turned(frame, name, solid, aspects, "drawing" if worst(aspects) < RULE else "rule", seen)
        aspects = {"position": DRAWN, "form": DRAWN, "dimension": RULE}
        note = Evidence(note=f"thickness of {design.thickness:.2f} m as on the ground floor, by rule")
        self._turned(frame, f"{name}-core", cut(core, storey.low, storey.high, cutters), aspects, "rule", (*seen, note), WALL)

    def _turned(self, frame: FacadeFrame, name: str, solid, aspects, author: Author, evidence, color=WALL) -> None:
        if solid is not None:
            self.add(name, "wall", (frame.world(solid[0]), solid[1]), aspects, author, evidence, color=color)

    def _over(self, frame: FacadeFrame, wall, hole: DesignedHole, face, storey: DesignedStorey) -> None:
        """Parapet and lintel of an opening that only the plan shows."""
        from shapely.geometry import box as rectangle

        gap = without_slivers(wall.intersection(rectangle(hole.span[0], face[0] - 0.1, hole.span[1], face[1] + 0.1)))
        self._spans(f"over-{hole.id}", hole, gap, storey.low, storey.high, frame)

    def _spans(self, name: str, hole: DesignedHole, gap, low: float, high: float, frame: FacadeFrame | None) -> None:
        parts = polygons(gap)
        if any(max(p.bounds[2] - p.bounds[0], p.bounds[3] - p.bounds[1]) > WIDEST_LINTEL_M for p in parts):
            self.assumptions.append(f"Nothing was built over gaps of the plan that are wider than {WIDEST_LINTEL_M:.0f} m.")
            return
        spans = [(low, hole.rise[0]), (hole.rise[1], high)]
        solids = []
        for foot, head in spans:
            if parts and head - foot > 0.02:
                from shapely.ops import unary_union

                solids.append(shifted(prism(unary_union(parts), head - foot), (0, 0, foot)))
        if not solids:
            return
        vertices, faces = joined(solids)
        if frame is not None:
            vertices = frame.world(vertices)
        aspects = {"position": DRAWN, "form": RULE, "dimension": RULE}
        self.add(name, "lintel", (vertices, faces), aspects, "rule", hole.evidence, color=WALL)

    def _fill(self, frame: FacadeFrame, hole: DesignedHole, face: tuple[float, float]) -> None:
        """Pane and bars, leaves and steps, turned to the façade."""
        if hole.kind == "opening":
            return
        reveal = min(REVEAL_M, 0.4 * (face[1] - face[0]))
        is_divided = frame.side not in self.design.undivided
        solids = filling(hole.id, hole.kind, hole_shape(hole), reveal, hole.evidence, is_divided)
        if hole.kind == "door" and hole.storey == 0:
            solids += steps(f"{hole.id}-steps", *hole.span, hole.rise[0], hole.evidence)
        for solid in solids:
            moved = solid.vertices + np.array((0.0, face[0], 0.0))
            self.elements.append(replace(solid, vertices=frame.world(moved)))

    def askew(self, number: int, storey: DesignedStorey) -> None:
        """Outer walls that run along no façade, curved ones too."""
        parts = polygons(self.lines.rest)
        by_plan = self.design.is_drawn and number == 0
        for index, part in enumerate(parts):
            level = DRAWN if by_plan else RULE
            aspects = {"position": level, "form": level, "dimension": max(level, self.design.storeys[-1].top_level)}
            note = "wall as drawn in the plan" if by_plan else "continues the wall below by rule"
            evidence = (self._on_plan(part, note),) if self.design.plan else (Evidence(note=note),)
            author: Author = "drawing" if worst(aspects) < RULE else "rule"
            solid = cut(part, storey.low, storey.high, [])
            self.add(f"wall-{number}-askew-{index:02}", "wall", solid, aspects, author, evidence)

    def breaches(self, number: int, storey: DesignedStorey) -> None:
        """Gaps of the outer walls that no sheet calls an opening: by rule a door, or a window where nobody passes."""
        parts = breaches(self.lines, self.design.thickness) if self.design.is_drawn else []
        for index, (part, wide) in enumerate(parts):
            spans = [(storey.low, storey.high)]
            if not number:
                spans = [(storey.low + DOOR_M, storey.high), *([(storey.low, storey.low + SILL_M)] if wide < PASSAGE_M else [])]
            solids = [solid for low, high in spans if (solid := cut(part, min(low, high), high, [])) is not None]
            aspects = {"position": DRAWN, "form": RULE, "dimension": RULE}
            evidence = (self._on_plan(part, "gap of the wall; how high it is is a rule"),)
            self.add(f"wall-{number}-gap-{index:02}", "wall", joined(solids) if solids else None, aspects, "rule", evidence)
        if parts and not number:
            self.assumptions.append(
                f"{len(parts)} gaps of the outer walls are no openings by any sheet: open up to {DOOR_M:.1f} m by rule, from "
                f"{SILL_M:.1f} m where they are narrower than {PASSAGE_M:.1f} m."
            )

    def inside(self) -> None:
        """Walls between the rooms of the ground floor, and what a rule puts over their openings."""
        storey, design = self.design.storeys[0], self.design
        top, edges = self._top(), 0
        rims = self._rims()
        for index, part in enumerate(polygons(self.lines.inner)):
            aspects = {"position": DRAWN, "form": DRAWN, "dimension": storey.level}
            evidence = (self._on_plan(part, "wall as drawn in the plan"), *storey.evidence)
            author: Author = "drawing" if worst(aspects) < RULE else "rule"
            if index in rims:
                edges += 1
                aspects, author = aspects | {"dimension": RULE}, "rule"
                solid = cut(part, storey.low, storey.low + EDGE_M, [])
                self.add(f"edge-{index:02}", "wall", solid, aspects, author, evidence)
                continue
            self.add(f"wall-0-inside-{index:02}", "wall", cut(part, storey.low, top, []), aspects, author, evidence)
        if edges:
            self.assumptions.append(
                f"{edges} thin or hollow shapes that stand free were taken for rims of basins or hearths, {EDGE_M} m high."
            )
        from shapely.geometry import box as rectangle
        from shapely.ops import unary_union

        taken = unary_union([self.lines.inner, self.lines.outer])
        for hole in (h for h in design.holes if h.side == "inside" and h.box):
            x0, y0, x1, y1 = hole.box or (0, 0, 0, 0)
            along = [rectangle(x0 - 0.06, y0, x1 + 0.06, y1), rectangle(x0, y0 - 0.06, x1, y1 + 0.06)]
            free = min((one.difference(taken) for one in along), key=lambda one: one.area)
            # corners are rounded apart from those of the wall beside them, and a leaf of both would lie in both
            near = taken.intersection(free.buffer(0.1)).buffer(2 * PRECISION_M, join_style="mitre")
            inside = without_slivers(free.intersection(self.lines.whole)).difference(near)
            self._spans(f"over-{hole.id}", hole, inside, storey.low, top, None)
            taken = unary_union([taken, inside])
        if len(design.storeys) > 1:
            self.assumptions.append("Walls between the rooms of upper storeys are not drawn, and were left away.")

    def _rims(self) -> set[int]:
        """Which of the walls inside are rims of basins or hearths: those stand alone; what comes again carries something."""
        parts = polygons(self.lines.inner)
        found = [index for index, part in enumerate(parts) if self._is_edge(part)]
        sizes = {index: np.sort([parts[index].bounds[2 + k] - parts[index].bounds[k] for k in (0, 1)]) for index in found}

        def comes_again(index: int) -> bool:
            alike = [np.all(np.abs(sizes[other] - sizes[index]) < ALIKE * sizes[index]) for other in found]
            return not parts[index].interiors and sum(map(bool, alike)) >= ROW

        again = [index for index in found if comes_again(index)]
        if again:
            self.assumptions.append(f"{len(again)} small pieces of wall that come again were taken for supports.")
        return set(found) - set(again)

    def _is_edge(self, part) -> bool:
        """Whether a piece of wall stands free of all others, small, and is a ring or thinner than half of an outer wall."""
        x0, y0, x1, y1 = part.bounds
        usual = float(np.median([2 * one.radius for one in self.design.columns])) if self.design.columns else 0.0
        if all(abs(side - usual) < PIER * usual for side in (x1 - x0, y1 - y0)):
            return False  # a pier like the columns
        if max(x1 - x0, y1 - y0) > EDGED_M or not (part.interiors or part.buffer(-self.design.thickness / 4).is_empty):
            return False
        others = [one for one in polygons(self.lines.full) if not one.intersects(part.centroid.buffer(0.01).union(part))]
        return len(others) == len(polygons(self.lines.full)) - 1 and all(one.distance(part) > 0.3 for one in others)

    def roof(self) -> None:
        """The roof, if one is built, a slab over what it leaves uncovered, and the chimneys through it."""
        design, form = self.design, self.design.roof
        eaves = design.storeys[-1].high
        if form is None and design.is_covered:
            aspects = {"position": RULE, "form": RULE, "dimension": DRAWN}
            evidence = tuple(e for one in design.profiles for e in one.evidence)
            shell = cover(design.profiles, design.size, self.lines.footprint, eaves)
            shell, solids = domed(shell, design.domes, design.profiles, eaves)
            self._covered(shell, eaves, aspects, evidence)
            self.elements += solids
        if form is None:
            return
        x0, y0, x1, y1 = over = form.over or (0.0, 0.0, *design.size)
        size, to = (x1 - x0, y1 - y0), (x0, y0, 0.0)
        if form.over is not None:
            from shapely.geometry import box as rectangle

            beyond = without_slivers(self.lines.footprint.difference(rectangle(*over)))
            slab = cut(beyond, eaves, eaves + SLAB_M, [])
            aspects = {"position": RULE, "form": RULE, "dimension": RULE}
            self.add("roof-beyond", "roof", slab, aspects, "rule", (Evidence(note="a flat slab by rule"),), color=LEAD)
        if form.kind == "flat":
            shell, gables = flat(size, eaves), []
        else:
            shell, gables = pitched(
                size, eaves, form.ridge, axis=form.axis, inset=form.inset, thickness=min(design.thickness, 0.8)
            )
        look = {"color": LEAD} if form.kind == "flat" else {"material": "tile", "color": TILE}
        self.add("roof", "roof", shifted(shell, to), dict(form.aspects), form.author, form.evidence, **look)
        for number, gable in enumerate(gables):
            aspects = {"position": RULE, "form": RULE, "dimension": RULE}
            note = Evidence(note="closes the roof by rule")
            self.add(f"gable-{number}", "wall", shifted(gable, to), aspects, "rule", (note,), color=WALL)
        for number, stack in enumerate(design.stacks):
            aspects = {"position": RULE, "form": RULE, "dimension": DRAWN}
            solid = chimney(stack, design.size, over, eaves)
            self.add(f"chimney-{number}", "chimney", solid, aspects, "rule", stack.evidence, material="brick", color=BRICK)

    def _covered(self, shell: Geometry | None, eaves: float, aspects: dict[str, int], evidence) -> None:
        """What covers the building, and the walls that rise from the eaves up to it."""
        walls = upper_walls(self.design.profiles, self.design.size, self.lines.footprint, eaves) if shell is not None else None
        if shell is not None and walls is not None:
            whole = manifold(shell)
            upper, shell = geometry(whole ^ walls), geometry(whole - walls)
            if upper is not None:
                self.elements.append(Element(
                    "wall-upper", "wall", *upper, worst(aspects), "rule", tuple(evidence), aspects, "plaster", WALL
                ))  # fmt: skip
        self.add("roof", "roof", shell, aspects, "rule", evidence, color=LEAD)

    def _on_plan(self, part, note: str) -> Evidence:
        plan = self.design.plan
        x0, y0, x1, y1 = part.bounds
        return plan.evidence(x0, y0, x1, y1, note) if plan else Evidence(note=note)
