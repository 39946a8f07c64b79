"""A massing from a read elevation: what a drawing shows in one plane, set back and brought forward by rules.

Frame: x to the right, z up, the wall's face at y = 0 and nearer things before it (y < 0), metres; x = 0 is the left edge of the
drawing and z = 0 its ground line, so that a straight camera gives the drawing back pixel by pixel. Every depth here is a rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import DrawingError, MeasureError
from .glazing import hollow, leaves, panes
from .model import Element, Evidence, Focus, SceneModel
from .openings import Opening, steps
from .pediments import Pediment, Raised
from .presets import Preset
from .skyline import grounded, rectangle, size, skyline, strip
from .solids import Geometry, bar, box, joined, need_shapely, polygons, prism, upright
from .stacks import INTO_M, at_ridge, on_slope, sides

Box = tuple[float, float, float, float]

WALL_M = 0.5  # thickness
REVEAL_M = 0.20  # a brick's length: how far panes lie behind the face
SURROUND_M, SURROUND_OUT_M = 0.15, 0.045  # an architrave of a hand's breadth, standing out by a finger's length
SILL_M, SILL_OUT_M, SILL_BESIDE_M = 0.10, 0.11, 0.06
STRING_M, STRING_OUT_M = 0.16, 0.09
CORNICE_SHARE, CORNICE_M, CORNICE_OUT = 0.045, (0.22, 0.6), 0.9  # of the wall's height, within; out: of its own height
LEAST_CORNICE_M = 0.14  # a gutter's board
PLINTH_SHARE, PLINTH_M, PLINTH_OUT_M = 0.06, (0.25, 0.7), 0.06
COLUMN_OUT = 0.45  # of a column's width: a little less than half of it stands before the wall
ROOF_M, ROOF_OUT_M = 0.14, 0.30
BESIDE_PEDIMENT_M, LEFT_OF_GABLE = 0.1, 0.15  # slivers beside a pediment, and the share of a roof that is still one behind it
GROUND_SLOPE = 0.10  # the ground falls towards the eye, so that a strip of it is seen
GROUND_BESIDE_M = 4.0


@dataclass(frozen=True)
class Elevation:
    """What was read of an elevation; pixels of the picture that the massing is to fall on, y down.

    Attributes:
        size_px: width and height of that picture.
        px_per_m: its scale.
        wall: box from the ground to the eaves.
        outline: of the whole building above the ground.
        openings: windows and doors, arched ones with their outline.
        strings: rows of string courses. columns: boxes of columns and pilasters.
        pediments: triangles over the façade, before its roof or instead of it.
        stacks: boxes of chimneys that stand on the front slope, down to where they meet it.
    """

    size_px: tuple[int, int]
    px_per_m: float
    wall: Box
    outline: tuple[tuple[float, float], ...]
    openings: tuple[Opening, ...]
    strings: tuple[float, ...] = ()
    columns: tuple[Box, ...] = ()
    pediments: tuple[Pediment, ...] = ()
    stacks: tuple[Box, ...] = ()

    @property
    def ground(self) -> float:
        """Row of the ground line."""
        return self.wall[3]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Metres x, z of a point in pixels."""
        return x / self.px_per_m, (self.ground - y) / self.px_per_m

    def rectangle(self, of: Box):
        """A shapely rectangle in x and z, metres."""
        from shapely.geometry import box as rectangle

        (x0, z1), (x1, z0) = self.at(*of[:2]), self.at(*of[2:])
        return rectangle(x0, z0, x1, z1)

    def shape(self, points: Sequence[tuple[float, float]]):
        """The valid part of an outline, metres; may be empty."""
        from shapely.geometry import Polygon

        return Polygon([self.at(*point) for point in points]).buffer(0) if len(points) > 2 else Polygon()

    def focus(self) -> Focus:
        """The drawing's own frame: what the camera "elevation" shows."""
        (x0, z1), (x1, z0) = self.at(0, 0), self.at(*self.size_px)
        return Focus(((x0 + x1) / 2, 0.0, (z0 + z1) / 2), (x1 - x0, z1 - z0))


def massing(drawn: Elevation, preset: Preset, *, source_sha256: str = "", name: str = "massing") -> SceneModel:
    """Closed solids for everything that was read, with depths, profiles, fillings and roof by rule: level 6.

    Raises: MeasureError for an impossible scale; DrawingError when no wall is left; MissingPartError without shapely.
    """
    build = _Builder(drawn, preset, source_sha256)
    build.wall_and_openings()
    build.roof()
    build.bands()
    build.pediments()
    build.columns()
    build.ground()
    said = (
        f"Built of {preset.name} by rule; every depth is a rule: reveals {REVEAL_M:.2f} m, surrounds {SURROUND_OUT_M:.3f} m, "
        f"a roof of {preset.roof.pitch:.0f}°.",
        *build.left_out,
    )
    return SceneModel(name, tuple(build.elements), (), (), drawn.focus(), said).check()


def chimneys(drawn: Elevation) -> tuple[Box, ...]:
    """What is seen of the chimneys above a sloping roof: boxes in pixels, down to the roof's edge. A gable has none.

    Raises: MeasureError for an impossible scale; MissingPartError without shapely.
    """
    parted = _Parted(drawn)
    if parted.above is None or parted.is_gable:
        return ()
    boxes = [(*sides(one), *one.bounds[1::2]) for one in parted.chimneys]
    scale, ground = drawn.px_per_m, drawn.ground
    return tuple((x0 * scale, ground - z1 * scale, x1 * scale, ground - z0 * scale) for x0, x1, z0, z1 in boxes)


class _Parted:
    """An elevation in metres, and what stands above its eaves: pediments, the roof or gable behind them, chimneys."""

    def __init__(self, drawn: Elevation):
        need_shapely()
        if not 0 < drawn.px_per_m < 1e5:
            raise MeasureError(f"The scale is {drawn.px_per_m} px per metre; it must be above 0.")
        self.drawn = drawn
        self.left_out: list[str] = []
        self.x0, self.high = drawn.at(drawn.wall[0], drawn.wall[1])
        self.x1 = drawn.at(*drawn.wall[2:])[0]
        self.outline = grounded(drawn.shape(drawn.outline).union(drawn.rectangle(drawn.wall)))
        self.raised: list[tuple[Pediment, Raised]] = []
        for one in drawn.pediments:
            try:
                self.raised.append((one, Raised(one, drawn.at, drawn.px_per_m, self.high)))
            except DrawingError as error:
                self.left_out.append(str(error))
        skies = skyline(self.outline, self.high, self._holes())
        self.above, self.chimneys, self.is_gable = skies.body, skies.chimneys, skies.is_gable
        self.ridge = self.high if self.above is None else self.above.bounds[3]
        for _, one in self.raised:  # a pediment stands before the roof, or is the gable
            self.above = self._without(one)

    def _holes(self) -> list[tuple[float, float]]:
        """Middles of the openings, but for those in a pediment: that is a wall, whatever the roof behind it is."""
        middles = [self.drawn.at((o.box[0] + o.box[2]) / 2, (o.box[1] + o.box[3]) / 2) for o in self.drawn.openings]
        inside = [one.triangle() for _, one in self.raised]
        return [(x, z) for x, z in middles if not any(one.intersects(rectangle(x, z, x + 0.01, z + 0.01)) for one in inside)]

    def _without(self, one: Raised):
        """What stands above the eaves beside a pediment; None where that was the gable itself."""
        from shapely.ops import unary_union

        if self.above is None:
            return None
        rest = self.above.difference(one.whole())
        parts = polygons(rest.buffer(-BESIDE_PEDIMENT_M, join_style="mitre").buffer(BESIDE_PEDIMENT_M, join_style="mitre"))
        parts = [part.intersection(rest) for part in parts]
        return unary_union(parts) if sum(part.area for part in parts) > LEFT_OF_GABLE * self.above.area else None


class _Builder(_Parted):
    """Gathers the solids of one massing."""

    def __init__(self, drawn: Elevation, preset: Preset, source_sha256: str):
        super().__init__(drawn)
        self.preset, self.sha = preset, source_sha256
        self.elements: list[Element] = []
        self.clear: list = []  # shapes of the openings, for bands to stop at

    def add(self, name: str, kind: str, geometry: Geometry, note: str, region: Box | None = None, material: str = "stone"):
        """One solid by rule."""
        vertices, faces = geometry
        aspects = {"position": 6 if region is None else 2, "form": 6, "dimension": 6, "material": 6}
        color = {"roof": self.preset.roof.colours[0], "ground": (150, 142, 118)}.get(kind, self.preset.wall.trim)
        if kind == "wall":
            color = self.preset.wall.colours[0]
        self.elements.append(
            Element(name, kind, vertices, faces, 6, "rule", (Evidence(self.sha, region, note),), aspects, material,
                    tuple(value / 255 for value in color))  # type: ignore[arg-type] - three stay three
        )  # fmt: skip

    def wall_and_openings(self) -> None:
        """The wall with its holes, and what stands in and around each hole."""
        wall = self.outline.intersection(strip(self.outline, -1e-3, self.high)).union(self.drawn.rectangle(self.drawn.wall))
        if self.is_gable and self.above is not None:
            wall = wall.union(self.above)
        for _, one in self.raised:
            inside = one.triangle(0.3 * one.breadth).union(rectangle(one.x0, self.high - 0.01, one.x1, one.foot + 0.01))
            wall = wall.union(inside.intersection(rectangle(self.x0, 0, self.x1, 1e4)))
        wall = wall.buffer(0.02, join_style="mitre").buffer(-0.02, join_style="mitre")
        whole, kept = wall, []
        for opening in sorted(self.drawn.openings, key=lambda one: not one.by_person):  # where two overlap, a person's stays
            shape = self.drawn.shape(opening.outline) if opening.outline else self.drawn.rectangle(opening.box)
            if self.standing(opening):  # to the floor, or a film of wall would be left at its foot
                x0, z0, x1, _ = shape.bounds
                if z0 < 0.12:
                    shape = shape.union(rectangle(x0, -0.05, x1, z0 + 0.01))
            inside = polygons(shape.intersection(whole))
            is_free = inside and all(not inside[0].buffer(0.03).intersects(other) for other in self.clear)
            if not is_free or inside[0].area < 0.6 * shape.area or min(size(inside[0])) < 0.12:
                where = tuple(round(value) for value in opening.box)
                why = "not in the wall, too small, or over another"
                self.left_out.append(f"The {opening.kind} at {where} px was left out: {why}.")
                continue
            self.clear.append(inside[0])
            kept.append((opening, inside[0]))
            wall = wall.difference(inside[0].union(_down(inside[0])) if inside[0].bounds[1] <= 0.0 else inside[0])
        if not polygons(wall):
            raise DrawingError("Nothing is left of the wall: its openings take all of it.")
        self.whole = whole
        self.add("wall", "wall", upright(prism(wall, WALL_M)), "outline as drawn, thickness by rule", self.drawn.wall)
        for number, (opening, shape) in enumerate(kept):
            self.fill(f"opening-{number:03}", opening, shape)

    def standing(self, opening: Opening) -> bool:
        """Whether it may reach the ground, as doors, shops and arches do."""
        return opening.kind != "window"

    def fill(self, name: str, opening: Opening, shape) -> None:
        """Panes or leaves, a surround, a sill, steps."""
        read = "completed by rule, not read" if opening.inferred else "read from the sheet; what fills it is a rule"
        if opening.by_person:
            read = "set by a person; what fills it is a rule"
        evidence = (Evidence(self.sha, opening.box, read),)
        thinnest = 1.3 / self.drawn.px_per_m  # a bar thinner than this would vanish between two pixels
        if opening.kind == "arch":
            self.elements += hollow(name, shape, evidence)
        elif opening.kind == "door":
            self.elements += leaves(name, shape, REVEAL_M, self.preset.glazing, evidence)
        else:
            self.elements += panes(name, shape, REVEAL_M, self.preset.glazing, evidence, thinnest)
        ring = shape.buffer(SURROUND_M, join_style="mitre", mitre_limit=2.0).difference(shape)
        foot = shape.bounds[1]
        ring = ring.intersection(strip(ring, foot, 1e4)).intersection(self.whole)
        for other in self.clear:
            ring = ring.difference(other.buffer(0.04, join_style="mitre")) if other is not shape else ring
        if polygons(ring) and self.preset.wall.bond != "frame":
            solid = upright(prism(ring, SURROUND_OUT_M + 0.02), -SURROUND_OUT_M)
            self.add(f"{name}-surround", "surround", solid, "surround by rule", opening.box)
        x0, z0, x1, _ = shape.bounds
        if opening.kind == "window" and z0 > SILL_M:
            low = (x0 - SURROUND_M - SILL_BESIDE_M, -SILL_OUT_M, z0 - SILL_M)
            sill = box(low, (x1 + SURROUND_M + SILL_BESIDE_M, 0.05, z0 - 1e-3))
            self.add(f"{name}-sill", "sill", sill, "sill by rule", opening.box)
        if opening.kind == "door" and not any(one.kind == "steps" and _meets(one, x0, x1) for one in self.elements):
            self.elements += [replace(one, kind="steps") for one in steps(f"{name}-steps", x0 - 0.15, x1 + 0.15, z0, evidence)]

    def roof(self) -> None:
        """A slope that leans back within the drawn outline, and chimneys before it or behind its ridge."""
        if self.above is not None and not self.is_gable:
            vertices, faces = upright(prism(self.above, ROOF_M), -ROOF_OUT_M)
            vertices = vertices.copy()
            vertices[:, 1] += self.behind(vertices[:, 2])
            self.add("roof", "roof", (vertices, faces), "outline as drawn, slope by rule")
        for number, shape in enumerate(self.chimneys):
            foot = self.foot(shape)
            if foot is None:
                solid, note = at_ridge(shape, self.behind(self.ridge)), "a narrow part above the roof, taken for a chimney"
            else:
                solid, note = on_slope(shape, foot, self.behind(foot) - ROOF_OUT_M), "front as drawn, to its foot on the slope"
            self.add(f"chimney-{number}", "chimney", solid, note)

    def behind(self, z: Any) -> Any:
        """How far the slope has gone back at a height or at several (float or array), metres."""
        return (z - self.high) / math.tan(math.radians(self.preset.roof.pitch))

    def foot(self, shape) -> float | None:
        """The height at which a chimney was seen to meet the slope before it; None for one that ends at the roof's edge."""
        if self.above is None or self.is_gable:
            return None
        x0, x1 = sides(shape)
        for region in self.drawn.stacks:
            middle, z = self.drawn.at((region[0] + region[2]) / 2, region[3])
            on_roof = self.above.intersects(rectangle(middle, z, middle + 0.01, z + 0.01))
            if x0 < middle < x1 and self.high + INTO_M < z < shape.bounds[1] and on_roof:
                return z
        return None

    def bands(self) -> None:
        """Cornice under the eaves, string courses where they were read, a plinth at the foot."""
        high = float(np.clip(CORNICE_SHARE * self.high, *CORNICE_M))
        heads = [shape.bounds[3] for shape in self.clear if self.high - high < shape.bounds[3] <= self.high]
        high = max(LEAST_CORNICE_M, self.high - max(heads)) if heads else high  # it runs through above the windows' heads
        x0, _, x1, _ = self.whole.intersection(strip(self.whole, self.high - high, self.high)).bounds
        out = self.cornice_out = CORNICE_OUT * high
        profile = [(0, 0), (0.35, 0), (0.45, 0.35), (0.75, 0.45), (1.0, 0.7), (1.0, 1.0), (0, 1.0)]
        top = self.high - 0.01
        cornice = bar([(a * out, top - high + b * high) for a, b in profile], x0, x1)
        self.add("cornice", "cornice", cornice, "cornice by rule")
        # A course runs the whole length of a wall, however little of it was legible.
        levels = sorted(self.drawn.at(0.0, y)[1] for y in self.drawn.strings)
        taken: list[float] = []
        for z in levels:
            if 1.0 < z < self.high - high - 2 * STRING_M and all(abs(z - other) > 3 * STRING_M for other in taken):
                taken.append(z)
                low = z - STRING_M / 2
                shape = [(0, 0), (0.6, 0.15), (1, 0.5), (1, 1), (0, 1)]
                profile = [(p * STRING_OUT_M, low + q * STRING_M) for p, q in shape]
                self.band(f"string-{len(taken)}", profile, self.x0, self.x1, "height as drawn, profile by rule", kind="string")
        foot = float(np.clip(PLINTH_SHARE * self.high, *PLINTH_M))
        foot = next((z for z in levels if PLINTH_M[0] < z < 1.0), foot)
        sills = [shape.bounds[1] for shape in self.clear if shape.bounds[1] > 0.15]
        foot = min(foot, *(0.8 * sill for sill in sills)) if sills else foot
        if foot > 0.12:
            profile = [(0, 0), (PLINTH_OUT_M, 0), (PLINTH_OUT_M, foot - 0.05), (0, foot)]
            self.band("plinth", profile, self.x0, self.x1, "plinth by rule")

    def pediments(self) -> None:
        """Raking cornices as far out as the cornice below them, before a tympanum that is the wall."""
        for number, (drawn, one) in enumerate(self.raised):
            note = "triangle as drawn, profile and depth by rule"
            self.add(f"pediment-{number}", "pediment", one.cornices(self.cornice_out), note, drawn.box)
            back = self.behind(one.tip[1]) - ROOF_OUT_M
            if self.above is not None and not self.is_gable and back > WALL_M:  # a roof of its own, back to the slope
                behind = upright(prism(one.triangle(0.3 * one.breadth), back - WALL_M), WALL_M)
                self.add(f"pediment-{number}-roof", "roof", behind, "reaches back to the slope by rule", drawn.box)

    def band(self, name: str, profile: list[tuple[float, float]], x0: float, x1: float, note: str, kind: str = "") -> None:
        """A profile along the wall that stops at the openings it would cross."""
        low, top = min(z for _, z in profile), max(z for _, z in profile)
        shape = rectangle(x0, low, x1, top)
        for opening in self.clear:
            a, c, b, d = opening.bounds
            if c < top and low < d:
                shape = shape.difference(rectangle(a - SURROUND_M, low - 1, b + SURROUND_M, top + 1))
        pieces = [bar(profile, part.bounds[0], part.bounds[2]) for part in polygons(shape) if size(part)[0] > 0.05]
        if pieces:
            self.add(name, kind or name, joined(pieces), note)

    def columns(self) -> None:
        """Half columns before the wall, with base and capital; what lies against an opening was read wrongly."""
        for number, region in enumerate(self.drawn.columns):
            (x0, z1), (x1, z0) = self.drawn.at(*region[:2]), self.drawn.at(*region[2:])
            wide, z0, z1 = x1 - x0, max(z0, 0.0), min(z1, self.high - 0.05)
            near = any(x0 - 0.3 * wide < s.bounds[2] and s.bounds[0] < x1 + 0.3 * wide and z0 < s.bounds[3] and s.bounds[1] < z1
                       for s in self.clear)  # fmt: skip
            if near or z1 - z0 < 3 * wide or wide < 0.1:
                continue
            middle, radius = (x0 + x1) / 2, 0.42 * wide
            turns = np.linspace(0, math.pi, 13)
            ring = [(middle - radius * math.cos(t), -2 * COLUMN_OUT * radius * math.sin(t) - 0.01) for t in turns]
            from shapely.geometry import Polygon

            shaft = prism(Polygon([*ring, (middle + radius, 0.02), (middle - radius, 0.02)]), z1 - z0 - 0.9 * wide)
            shaft = (shaft[0] + (0, 0, z0 + 0.4 * wide), shaft[1])
            out = -2 * COLUMN_OUT * radius - 0.04
            ends = [box((x0, out, z0), (x1, 0.02, z0 + 0.4 * wide - 1e-3)),
                    box((x0, out, z1 - 0.5 * wide + 1e-3), (x1, 0.02, z1))]  # fmt: skip
            self.add(f"column-{number:02}", "column", joined([shaft, *ends]), "place as drawn, form by rule", region)

    def ground(self) -> None:
        """A forecourt that falls towards the eye."""
        width, height = self.drawn.size_px
        seen = max(0.2, (height - self.drawn.ground) / self.drawn.px_per_m) + 1.0
        far = seen / GROUND_SLOPE
        profile = [(-3.0, 0.0), (0.0, 0.0), (far, -seen), (far, -seen - 0.3), (-3.0, -seen - 0.3)]
        right = width / self.drawn.px_per_m + GROUND_BESIDE_M
        geometry = bar(profile, -GROUND_BESIDE_M, right)
        self.add("ground", "ground", geometry, "ground by rule", material="earth")


def _down(shape):
    x0, z0, x1, _ = shape.bounds
    return rectangle(x0, z0 - 0.1, x1, z0 + 1e-3)


def _meets(solid: Element, x0: float, x1: float) -> bool:
    return bool(solid.bounds[0, 0] < x1 and x0 < solid.bounds[1, 0])
