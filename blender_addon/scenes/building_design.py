"""What a building is made from: outlines, storeys, openings and roof in metres, each with what it was read from.

Frame: x east, y north, z up; the origin is the south-west outer corner of the ground floor. A façade has a frame of its own:
u along it from its left end as seen from outside, d inwards from the building's extent, z.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from .model import Author, Evidence
from .texture import Texture

SIDES = ("south", "north", "east", "west")
Ring = Sequence[tuple[float, float]]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class SheetPlane:
    """A drawing in the building's frame.

    Attributes:
        name: file name. source_sha256: digest of the sheet's file.
        kind: "plan", "elevation" or "section".
        side: façade that it shows, or the side from which a section is seen; "" for a plan.
        to_sheet: float64 [3, 3], homography from metres of its plane (x, y of a plan; u, z else) to pixels of the sheet.
        texture: the part of the sheet that stands in the scene, or None.
        at: u0, v0, u1, v1 in metres: where that part lies in the plane.
    """

    name: str
    source_sha256: str
    kind: str
    side: str
    to_sheet: np.ndarray
    texture: Texture | None = None
    at: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)

    def evidence(self, u0: float, v0: float, u1: float, v1: float, note: str) -> Evidence:
        """What lies between two corners of the plane, as a region of the sheet in its own pixels."""
        corners = np.array([(u0, v0, 1), (u1, v0, 1), (u1, v1, 1), (u0, v1, 1)], np.float64) @ self.to_sheet.T
        points = corners[:, :2] / corners[:, 2:]
        low, high = points.min(axis=0).round(1).tolist(), points.max(axis=0).round(1).tolist()
        return Evidence(self.source_sha256, (low[0], low[1], high[0], high[1]), note)


@dataclass(frozen=True, eq=False)
class DesignedHole:
    """An opening.

    Attributes:
        id: part of the names of its solids.
        kind: "door", "window" or "opening" (which nothing fills).
        side: a façade, or "inside".
        span: u from, to, metres; unused inside.
        rise: z from, to, metres.
        is_drawn: whether `rise` was read from a sheet; a rule otherwise.
        head: "flat", "round" or "pointed".
        box: x0, y0, x1, y1 of the gap in the plan, metres; None where the plan has none.
        evidence: where it was read.
    """

    id: str
    kind: str
    side: str
    span: tuple[float, float]
    rise: tuple[float, float]
    is_drawn: bool
    storey: int
    head: str = "flat"
    box: tuple[float, float, float, float] | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, eq=False)
class DesignedStorey:
    """From floor to floor, metres.

    Attributes:
        level, top_level: how well both are known, and how well the upper: 2 drawn, 6 by rule.
        evidence: where both were read.
        has_floor: whether one lies at its foot; not where a section that would cut it shows none.
    """

    low: float
    high: float
    level: int
    top_level: int
    evidence: tuple[Evidence, ...] = ()
    has_floor: bool = True


@dataclass(frozen=True, eq=False)
class DesignedRoof:
    """A roof over the building's extent, or over a rectangle of it.

    Attributes:
        kind: "hipped", "gabled" or "flat".
        axis: "x" or "y", along which the ridge runs.
        ridge: height of the ridge above the ground, metres.
        inset: how far each end of the ridge lies inside the eaves, metres; 0 for a gabled roof.
        level, author, evidence, aspects: as in Element.
        over: x0, y0, x1, y1 in metres of what it covers; the whole extent when None.
    """

    kind: str
    axis: str
    ridge: float
    inset: float
    level: int
    author: Author
    evidence: tuple[Evidence, ...] = ()
    aspects: dict[str, int] = field(default_factory=dict)
    over: Box | None = None


@dataclass(frozen=True, eq=False)
class DesignedProfile:
    """How high a building reaches along one axis, where no roof of one span covers its walls.

    Attributes:
        axis: "x" or "y".
        points: (distance along that axis, height), metres, the first rising.
        evidence: where it was read.
    """

    axis: str
    points: tuple[tuple[float, float], ...]
    evidence: tuple[Evidence, ...] = ()

    def at(self, x: float, y: float) -> float:
        """Its height at a place of the plan, metres."""
        distances, heights = zip(*self.points, strict=True)
        return float(np.interp(x if self.axis == "x" else y, distances, heights))


@dataclass(frozen=True, eq=False)
class DrumWindow:
    """A window of a drum: which way it looks (radians from +x towards +y), width and z from, to in metres, head, evidence."""

    turn: float
    width: float
    rise: tuple[float, float]
    head: str = "flat"
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, eq=False)
class DesignedDome:
    """A dome on its drum, metres.

    Attributes:
        center: on the plan. radius, crown, spring: half its width at the springing; heights.
        drum: half the width of the drum. foot: height down to which it is seen.
        is_placed: whether sheets show where it stands along both axes; by rule otherwise.
        axis: along which the outline runs that shows it first.
        crowns: its height on each sheet that shows it, by the sheet's digest.
        evidence: where it was read. windows: of the drum.
    """

    center: tuple[float, float]
    radius: float
    crown: float
    spring: float
    drum: float
    foot: float
    is_placed: bool = True
    evidence: tuple[Evidence, ...] = ()
    axis: str = "x"
    crowns: dict[str, float] = field(default_factory=dict)
    windows: tuple[DrumWindow, ...] = ()


@dataclass(frozen=True, eq=False)
class DesignedStack:
    """A chimney: the façade that shows it, from where to where along it, height of its top; metres; evidence."""

    side: str
    span: tuple[float, float]
    top: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, eq=False)
class DesignedBand:
    """A string course or a cornice: kind, façade, height of its top, from where to where along the façade, evidence."""

    kind: str
    side: str
    top: float
    span: tuple[float, float]
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, eq=False)
class Support:
    """A column: middle, radius (of the inscribed circle), "round" or "square", evidence; metres."""

    center: tuple[float, float]
    radius: float
    shape: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, eq=False)
class Flight:
    """Stairs: box x0, y0, x1, y1 in metres, number of treads, evidence."""

    box: tuple[float, float, float, float]
    treads: int
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, eq=False)
class Design:
    """Everything that `building` needs.

    Attributes:
        walls: (outer ring, holes) of each piece of wall of the ground floor, metres, without openings.
        is_drawn: whether `walls` come from a plan; by rule otherwise.
        size: extent in x and y, metres.
        thickness: of the outer walls, metres.
        plan, fronts, sections: the sheets.
        bands: string courses and cornices.
        roof: None where none is built. stacks: chimneys through it.
        north: true north, degrees clockwise from +y; None when no sheet says it.
        undivided: sides whose windows get no bars by rule, because a picture that is to lie over them shows its own.
        profiles: how high walls without a roof rise, to the lower of both; to the top of the highest storey without any. Two of
            them, along x and along y, are those of a building that is covered everywhere.
        domes: above what covers the building; a building with domes is covered everywhere.
        cuts: sides whose outer walls a section cuts, so that their thickness is drawn in every storey.
        shown: the part of the plan that sheets show above its ground; beyond it walls end at the first storey, and nothing
            covers them. None where they show all of it.
    """

    name: str
    walls: tuple[tuple[Ring, tuple[Ring, ...]], ...]
    is_drawn: bool
    size: tuple[float, float]
    thickness: float
    storeys: tuple[DesignedStorey, ...]
    holes: tuple[DesignedHole, ...] = ()
    columns: tuple[Support, ...] = ()
    stairs: tuple[Flight, ...] = ()
    bands: tuple[DesignedBand, ...] = ()
    roof: DesignedRoof | None = None
    plan: SheetPlane | None = None
    fronts: dict[str, SheetPlane] = field(default_factory=dict)
    sections: tuple[SheetPlane, ...] = ()
    cuts: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    stacks: tuple[DesignedStack, ...] = ()
    north: float | None = None
    undivided: tuple[str, ...] = ()
    profiles: tuple[DesignedProfile, ...] = ()
    domes: tuple[DesignedDome, ...] = ()
    shown: Box | None = None

    @property
    def is_covered(self) -> bool:
        """Whether a shell up to the profiles covers all of the building."""
        return len(self.profiles) > 1 or bool(self.profiles and self.domes)

    def is_beyond(self, x: float, y: float) -> bool:
        """Whether a place of the plan lies beyond what its sheets show, metres."""
        return self.shown is not None and not (self.shown[0] <= x <= self.shown[2] and self.shown[1] <= y <= self.shown[3])

    @property
    def reach(self) -> float | None:
        """The highest point under all profiles, metres; None without any."""
        return min((max(z for _, z in one.points) for one in self.profiles), default=None)


@dataclass(frozen=True)
class FacadeFrame:
    """The frame of one façade: u along it, d inwards. It is the building's frame turned, never mirrored."""

    side: str
    size: tuple[float, float]

    @property
    def length(self) -> float:
        """Of the façade, metres."""
        return self.size[0] if self.side in ("south", "north") else self.size[1]

    @property
    def matrix(self) -> tuple[float, float, float, float, float, float]:
        """a, b, d, e, x, y of shapely's affine_transform from (x, y) to (u, d)."""
        w, h = self.size
        return {
            "south": (1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
            "north": (-1.0, 0.0, 0.0, -1.0, w, h),
            "east": (0.0, 1.0, -1.0, 0.0, 0.0, w),
            "west": (0.0, -1.0, 1.0, 0.0, h, 0.0),
        }[self.side]

    def world(self, vertices: np.ndarray) -> np.ndarray:
        """float64 [N, 3] from (u, d, z) to (x, y, z)."""
        a, b, d, e, x, y = self.matrix
        turned = (vertices[:, :2] - (x, y)) @ np.array([[a, b], [d, e]])
        return np.column_stack([turned, vertices[:, 2]])

    def local(self, vertices: np.ndarray) -> np.ndarray:
        """float64 [N, 3] from (x, y, z) to (u, d, z)."""
        a, b, d, e, x, y = self.matrix
        return np.column_stack([vertices[:, :2] @ np.array([[a, d], [b, e]]) + (x, y), vertices[:, 2]])

    def direction(self, u: float, d: float) -> tuple[float, float, float]:
        """A direction of the façade's frame in the building's."""
        a, b, m, n, _, _ = self.matrix
        return a * u + m * d, b * u + n * d, 0.0
