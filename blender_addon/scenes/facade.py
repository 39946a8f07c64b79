"""A façade from an elevation: the drawn wall with recessed openings, and behind its face what only a rule can supply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import DrawingError, MeasureError
from .levels import worst
from .model import Author, Element, Evidence, Focus, Light, Plate, SceneModel
from .openings import Opening, filling, steps
from .solids import bar, box, joined, need_shapely, plate, polygons, prism, upright
from .texture import Texture

# An elevation knows a surface and no thickness: its face is a leaf of this depth at the drawing's level, the rest is a rule.
LEAF_M = 0.02
WALL, RULED = (0.82, 0.77, 0.68), (0.70, 0.68, 0.64)
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Face:
    """A picture that is laid over the drawn wall and everything in it.

    Attributes:
        texture: the picture.
        region: x0, y0, x1, y1 in the sheet's pixels that it covers; the wall's own box when None.
        level, author: of what it shows; a model's picture is (7, "AI").
    """

    texture: Texture
    region: Box | None = None
    level: int = 7
    author: Author = "AI"


def facade(
    openings: Sequence[Opening],
    *,
    wall_px: Box,
    px_per_m: float,
    silhouette_px: Sequence[tuple[float, float]] | None = None,
    roof_px: Sequence[tuple[float, float]] | None = None,
    cornice_px: Box | None = None,
    plinth_px: Box | None = None,
    by_rule: Sequence[str] = (),
    depth_m: float | None = None,
    depth_level: int = 6,
    reveal_m: float = 0.18,
    level: int = 2,
    face: Face | None = None,
    drawing: np.ndarray | Texture | None = None,
    drawing_level: int = 1,
    source_sha256: str = "",
    name: str = "facade",
) -> SceneModel:
    """Build a façade that faces south; x = 0 and z = 0 are the lower left corner of `wall_px`, the wall's face is y = 0.

    Args:
        openings: windows and doors in the sheet's pixels.
        wall_px: the wall's box, its lower edge on the ground.
        px_per_m: scale of the sheet.
        silhouette_px: the wall's outline with its gables, when it is no rectangle.
        roof_px: outline of the roof as drawn, above the wall.
        cornice_px, plinth_px: as read; they stand out by rule.
        by_rule: any of "cornice", "plinth": add it although nothing was read, at level 6.
        depth_m, depth_level: the wall's thickness and how it is known; half a metre by rule when left out.
        reveal_m: how far panes and doors lie behind the face, by rule.
        level: of the drawing, 2 for a design or survey drawing.
        face: a picture over the wall, such as a coloured variant.
        drawing: the whole sheet, shown at the building's own scale to the right of the façade.
        drawing_level: of that sheet.
        source_sha256: digest of the sheet's file.
    Raises: MeasureError for an impossible scale or size; DrawingError when no wall is left; MissingPartError without shapely.
    """
    need_shapely()
    build = _Builder(wall_px, px_per_m, level, depth_level, source_sha256, face)
    thick = 0.5 if depth_m is None else depth_m
    if not (LEAF_M < thick < 20 and 0.05 < reveal_m < thick - LEAF_M):
        raise MeasureError(f"A wall {thick} m thick with reveals of {reveal_m} m cannot be built.")
    if depth_m is None:
        build.assumptions.append("The wall is 0.50 m thick by rule; an elevation does not show thickness.")
    build.assumptions.append(f"Windows and doors, their bars and leaves lie {reveal_m:.2f} m behind the wall's face by rule.")
    wall = build.outline(silhouette_px) if silhouette_px is not None else build.rectangle(wall_px)
    holes = build.holes(openings, wall)
    whole = wall
    for number, (opening, shape) in enumerate(holes):
        # A hole that reaches the ground is cut a little below it, so that no film of wall is left there.
        wall = wall.difference(shape if shape.bounds[1] > 0.01 else shape.union(_down(shape)))
        build.fill(f"opening-{number:03}", opening, shape, reveal_m)
    build.drawn("wall", "wall", wall, thick, wall_px)
    if roof_px is not None:
        roof = build.outline(roof_px).difference(whole)
        if polygons(roof):
            build.drawn("roof", "roof", roof, thick, None, color=(0.47, 0.29, 0.23))
        else:
            build.assumptions.append("The roof's outline lies within the wall's, so no roof was built.")
    build.band("cornice", cornice_px, "cornice" in by_rule and silhouette_px is None, 0.22)
    build.band("plinth", plinth_px, "plinth" in by_rule, 0.06)
    plates, right = build.sheet(drawing, drawing_level)
    build.ground(right, thick)
    size = build.width_m, build.height_m
    if roof_px is not None:
        size = size[0], max(size[1], max(build.point(*corner)[1] for corner in roof_px))
    focus = Focus((size[0] / 2, 0.0, size[1] / 2), (size[0] * 1.06, size[1] * 1.06))
    sun = Light("sun", (-0.7 * size[0], -size[0], 1.2 * size[0]), focus.center, 3.2, 1.5, (1.0, 0.96, 0.9), "sun")
    return SceneModel(name, tuple(build.elements), plates, (sun,), focus, tuple(build.assumptions)).check()


class _Builder:
    """Turns pixels of one sheet into metres, and gathers the solids and what had to be assumed for them."""

    def __init__(self, wall_px: Box, px_per_m: float, level: int, depth_level: int, source_sha256: str, face: Face | None):
        if not 0 < px_per_m < 1e5:
            raise MeasureError(f"The scale is said to be {px_per_m} px per metre; it must be above 0. Give the sheet's scale.")
        self.x0, _, _, self.ground_px = wall_px
        self.px_per_m, self.level, self.depth_level = px_per_m, level, depth_level
        self.width_m, self.height_m = (wall_px[2] - wall_px[0]) / px_per_m, (wall_px[3] - wall_px[1]) / px_per_m
        if not (0.5 <= self.width_m <= 2000 and 0.5 <= self.height_m <= 1000):
            raise MeasureError(f"At {px_per_m:g} px per metre the wall is {self.width_m:.2f} m × {self.height_m:.2f} m: "
                               "check the scale of the sheet.")  # fmt: skip
        self.source_sha256, self.wall_px, self.face = source_sha256, wall_px, face
        self.elements: list[Element] = []
        self.assumptions: list[str] = []

    def point(self, x_px: float, y_px: float) -> tuple[float, float]:
        """Metres: x along the wall, z above the ground."""
        return (x_px - self.x0) / self.px_per_m, (self.ground_px - y_px) / self.px_per_m

    def rectangle(self, box_px: Box):
        """A shapely polygon in x and z."""
        from shapely.geometry import box as rectangle

        (x0, z1), (x1, z0) = self.point(*box_px[:2]), self.point(*box_px[2:])
        return rectangle(x0, z0, x1, z1)

    def outline(self, points_px: Sequence[tuple[float, float]]):
        """The largest valid polygon inside a contour that a reader found."""
        from shapely.geometry import Polygon

        found = polygons(Polygon([self.point(*point) for point in points_px]).buffer(0)) if len(points_px) > 2 else []
        if not found:
            raise DrawingError(f"An outline of {len(points_px)} points encloses nothing: read the sheet again or leave it out.")
        return found[0]

    def holes(self, openings: Sequence[Opening], wall) -> list[tuple[Opening, Any]]:
        """The openings that can be cut, with their shapes; what cannot be is named among the assumptions."""
        kept: list[tuple[Opening, Any]] = []
        margin = wall.buffer(-0.03, join_style="mitre").union(wall.intersection(_strip(wall)))
        for opening in openings:
            shape = self.outline(opening.outline) if opening.outline else self.rectangle(opening.box)
            at = f"The {opening.kind} at {tuple(round(value) for value in opening.box)} px"
            if opening.kind == "door" and 0 < shape.bounds[1] < 0.1:
                shape = shape.union(_down(shape, shape.bounds[1])).intersection(wall)
            inside = polygons(shape.intersection(margin))
            if not inside or inside[0].area < 0.5 * shape.area or min(_size(inside[0])) < 0.1:
                self.assumptions.append(f"{at} was left out: it does not lie in the wall, or is smaller than 10 cm.")
                continue
            free = inside[0]
            for _, other in kept:
                free = free.difference(other.buffer(0.02, join_style="mitre"))
            left = polygons(free)
            if not left or left[0].area < 0.8 * inside[0].area:
                self.assumptions.append(f"{at} was left out: it lies over another opening.")
                continue
            kept.append((opening, left[0]))
        return kept

    def fill(self, name: str, opening: Opening, shape, reveal_m: float) -> None:
        """Pane, bars, leaves and steps; under a picture the opening is only a recess that carries its part of it."""
        read = "completed by rule, not read" if opening.inferred else "read from the sheet; what fills it is a rule"
        evidence = (Evidence(self.source_sha256, opening.box, read),)
        if self.face is None:
            self.elements += filling(name, opening.kind, shape, reveal_m, evidence)
        else:
            vertices, faces = upright(prism(shape, 0.02), reveal_m)
            blank = Element(name, "pane" if opening.kind == "window" else "door", vertices, faces, 6, "rule", evidence)
            self.elements.append(self.covered(blank))
        x0, z0, x1, _ = shape.bounds
        others = [one.bounds[:, 0] for one in self.elements if one.kind == "steps"]
        if opening.kind == "door" and not any(x0 < right and left < x1 for left, right in others):
            self.elements += steps(f"{name}-steps", x0, x1, z0, evidence)

    def drawn(self, name: str, kind: str, shape, thick: float, region: Box | None, *, color=WALL) -> None:
        """A leaf as the sheet shows it, and behind it the thickness; one solid where both are known equally well."""
        if not polygons(shape):
            raise DrawingError(f"Nothing is left of the {name}: its openings take all of it, or its outline is empty.")
        is_one = self.depth_level == self.level and self.face is None
        leaf_m = thick if is_one else LEAF_M
        vertices, faces = upright(prism(shape, leaf_m))
        aspects = {"position": self.level, "form": self.level, "dimension": self.level}
        evidence = (Evidence(self.source_sha256, region, f"outline of the {name} as drawn"),)
        self.elements.append(self.covered(
            Element(name, kind, vertices, faces, worst(aspects), "drawing", evidence, aspects, "plaster", color)
        ))  # fmt: skip
        if not is_one:
            vertices, faces = upright(prism(shape, thick - leaf_m), leaf_m)
            aspects = {"position": self.level, "form": self.level, "dimension": self.depth_level}
            note = (Evidence(self.source_sha256, region, f"thickness of the {name}: {thick:.2f} m"),)
            author = "rule" if self.depth_level > 5 else "drawing"
            self.elements.append(
                Element(f"{name}-core", kind, vertices, faces, worst(aspects), author, note, aspects, "stone", RULED)
            )

    def covered(self, solid: Element) -> Element:
        """The solid under the picture, if there is one: projected straight from the south."""
        if self.face is None:
            return solid
        region = self.face.region or self.wall_px
        (x0, z1), (x1, z0) = self.point(*region[:2]), self.point(*region[2:])
        uv = (solid.vertices[:, [0, 2]] - (x0, z0)) / (x1 - x0, z1 - z0)
        aspects = solid.aspects | {"material": self.face.level}
        return replace(solid, uv=np.clip(uv, 0, 1), texture=self.face.texture, aspects=aspects, color=(1.0, 1.0, 1.0),
                       level=max(solid.level, self.face.level), author=self.face.author)  # fmt: skip

    def band(self, name: str, box_px: Box | None, ruled: bool, out_m: float) -> None:
        """A horizontal band before the wall, as read or, where `ruled`, added by rule."""
        if box_px is None and not ruled:
            return
        high = float(np.clip(0.04 * self.height_m, 0.15, 0.45))
        x0, x1 = (-out_m, self.width_m + out_m) if name == "cornice" else (0.0, self.width_m)
        z0, z1 = (self.height_m - high, self.height_m) if name == "cornice" else (0.0, high)
        if box_px is not None:
            (x0, z1), (x1, z0) = self.point(*box_px[:2]), self.point(*box_px[2:])
        from shapely.geometry import box as rectangle

        # A plinth stops at the doors; a band that crosses a window was read wrongly, and stops there too.
        shape = rectangle(x0, z0, x1, z1)
        for low, top in (one.bounds for one in self.elements if one.kind in ("pane", "door", "steps")):
            if low[2] < z1 and z0 < top[2]:
                shape = shape.difference(rectangle(low[0] - 0.01, z0 - 1, top[0] + 0.01, z1 + 1))
        solids = []
        for left, foot, right, head in (part.bounds for part in polygons(shape)):
            middle = (foot + head) / 2
            profile = [(0.0, foot), (out_m, foot), (out_m, head), (0.0, head)]
            if name == "cornice":
                profile[1:3] = [(0.55 * out_m, foot), (0.55 * out_m, middle), (out_m, middle), (out_m, head)]
            solids.append(bar(profile, left, right))
        if solids:
            vertices, faces = joined(solids)
            aspects = {"form": 6, "dimension": 6} if box_px is None else {"position": self.level, "form": 6, "dimension": 6}
            note = "added by rule" if box_px is None else "place as drawn, profile by rule"
            self.elements.append(Element(name, name, vertices, faces, 6, "rule", (Evidence(self.source_sha256, box_px, note),),
                                         aspects, "stone", RULED))  # fmt: skip
            self.assumptions.append(f"The {name} is {note}.")

    def sheet(self, drawing: np.ndarray | Texture | None, drawing_level: int) -> tuple[tuple[Plate, ...], float]:
        """The drawing at the building's scale, to the right; and how far right the ground must reach."""
        if drawing is None:
            return (), self.width_m
        texture = drawing if isinstance(drawing, Texture) else Texture.from_pixels(drawing)
        wide, tall = texture.width / self.px_per_m, texture.height / self.px_per_m
        middle = (self.width_m + 0.12 * self.width_m + 0.5 + wide / 2, 0.0, tall / 2)
        evidence = (Evidence(self.source_sha256, (0, 0, texture.width, texture.height), "the sheet, at the building's scale"),)
        shown = plate("plate-drawing", texture, center=middle, right=(1, 0, 0), up=(0, 0, 1), width_m=wide, height_m=tall,
                      level=drawing_level, author="drawing", thickness_m=0.02, kind="document", evidence=evidence)  # fmt: skip
        return (shown,), middle[0] + wide / 2

    def ground(self, right: float, thick: float) -> None:
        """A slab to stand on."""
        margin = max(2.0, 0.15 * self.width_m)
        vertices, faces = box((-margin, -max(4.0, 0.6 * self.height_m), -0.2), (right + margin, thick + margin, 0.0))
        self.elements.append(Element("ground", "ground", vertices, faces, 6, "rule", (Evidence(note="a level slab by rule"),),
                                     {"form": 6}, "earth", (0.55, 0.53, 0.48)))  # fmt: skip


def _size(shape) -> tuple[float, float]:
    x0, z0, x1, z1 = shape.bounds
    return x1 - x0, z1 - z0


def _strip(wall):
    """The lowest 5 cm of a wall, where a door may reach the ground."""
    from shapely.geometry import box as rectangle

    x0, z0, x1, _ = wall.bounds
    return rectangle(x0 + 0.03, z0, x1 - 0.03, z0 + 0.05)


def _down(shape, by_m: float = 0.1):
    """A box from the foot of a shape downwards."""
    from shapely.geometry import box as rectangle

    x0, z0, x1, _ = shape.bounds
    return rectangle(x0, z0 - by_m, x1, z0 + 1e-3)
