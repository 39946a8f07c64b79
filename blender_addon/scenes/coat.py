"""A picture laid over one side of a building, as seen straight on: a thin coat on everything that can be seen from there.

Each coat is a closed solid of its own before the solid that it covers, so that solids stay closed, their own levels stay
theirs, and the picture's level and author belong to exactly what shows the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import DrawingError
from .building_design import Box, FacadeFrame
from .levels import worst
from .model import Author, Element, Evidence, Focus, SceneModel
from .shares import Covering
from .sight import Facet, facets, seen_parts
from .solids import joined, need_shapely, polygons, prism
from .texture import Texture

# Thick enough that the depth buffer of a browser (24 bits, 10 cm to 1 km) tells it from the wall at 40 m; less than a texel.
COAT_M = 0.005
FLATTEST = 0.17  # cosine, ten degrees: a face seen flatter would draw each texel out to more than six
APART_M = 2e-4  # between two facets of one coat: solids that share an edge are not closed once somebody merges vertices
SLIVER_M = 0.002  # what is narrower than two of these shows no texel
NEVER = ("ground", "coat")


@dataclass(frozen=True, eq=False)
class Projection:
    """A picture before a façade.

    Attributes:
        texture: the picture; name, source_sha256: of its file.
        frame: the façade.
        across: u of its left and of its right edge, metres.
        heights: (z in metres, share 0…1 of the picture's height from below), both rising: straight between them.
        outline: (u, z) around what it shows of the building; None when it shows nothing else.
        passages: (shapely shape in u and z, depth d) of openings: what is seen through them, further back, is not this side.
        level, author: of what it shows.
    """

    texture: Texture
    name: str
    source_sha256: str
    frame: FacadeFrame
    across: tuple[float, float]
    heights: tuple[tuple[float, float], ...]
    outline: Sequence[tuple[float, float]] | None = None
    passages: Sequence[tuple[Any, float]] = ()
    level: int = 7
    author: Author = "AI"

    def uv(self, points: np.ndarray) -> np.ndarray:
        """float64 [N, 2], 0…1, u right and v up, of places (u, z) of the façade, float64 [N, 2]."""
        z, share = np.array(self.heights).T
        left, right = self.across
        return np.column_stack([(points[:, 0] - left) / (right - left), np.interp(points[:, 1], z, share)])

    def region(self, low: np.ndarray, high: np.ndarray) -> Box:
        """x0, y0, x1, y1 in the picture's own pixels, y down, between two places (u, z)."""
        (u0, v0), (u1, v1) = np.clip(self.uv(np.stack([low, high])), 0, 1)
        w, h = self.texture.width, self.texture.height
        x0, y0, x1, y1 = np.round([u0 * w, (1 - v1) * h, u1 * w, (1 - v0) * h], 1).tolist()
        return x0, y0, x1, y1

    def shown(self):
        """What it shows of the building, as a shapely shape, cut along its heights; in pieces within which it is affine."""
        from shapely.geometry import Polygon
        from shapely.geometry import box as rectangle

        (left, right), z = self.across, [height for height, _ in self.heights]
        whole = rectangle(left, z[0], right, z[-1])
        if self.outline is not None:
            whole = whole.intersection(Polygon(self.outline).buffer(0))
        return [whole.intersection(rectangle(left, low, right, high)) for low, high in pairwise(z)]


def coated(model: SceneModel, picture: Projection) -> SceneModel:
    """The same scene with the picture on everything that is seen of it from that side.

    `worn` says of each solid that can be seen from there how many square metres of it are seen, how many of them wear the
    picture, and under which coat; the rest lies beside what the picture shows. Whatever is not named there is not seen, or
    flatter to the line of sight than ten degrees, and stays as it was.
    Raises: DrawingError when the picture shows nothing of the building; MissingPartError without shapely.
    """
    need_shapely()
    frame, solids = picture.frame, model.elements
    found = [one for i, solid in enumerate(solids) for one in facets(i, (frame.local(solid.vertices), solid.faces))]
    closed = [Facet(-1, np.array([0.0, 0.0, depth]), shape) for shape, depth in picture.passages]
    views: dict[int, list[tuple[Facet, Any]]] = {}
    for one, part in zip(found, seen_parts([*found, *closed]), strict=False):
        if part.area > SLIVER_M**2 and one.facing >= FLATTEST:
            views.setdefault(one.solid, []).append((one, part))
    pieces = picture.shown()
    coats, said = [], []
    for i, seen in views.items():
        if solids[i].kind in NEVER:
            continue
        coat, told = _coat(solids[i], seen, pieces, picture)
        said.append(told)
        coats += [] if coat is None else [coat]
    if not coats:
        raise DrawingError(f"{picture.name} shows nothing of the {frame.side} side: it lies beside the building.")
    hidden = sum(solid.kind not in NEVER for solid in solids) - len(said)
    area, covered = sum(one["seen_m2"] for one in said), sum(one["worn_m2"] for one in said)
    note = (
        f"{picture.name} is laid straight over what is seen of the {frame.side} side, a coat of {COAT_M * 1000:.0f} mm: "
        f"{covered:.1f} of {area:.1f} m², on {len(coats)} solids. {hidden} solids are not seen from there; they, and every "
        "face that is not, keep their own material and level."
    )
    out, ahead = frame.direction(0.0, -1.0), np.array(model.focus.facing)
    focus = model.focus
    # what is looked at from another side is looked at from this one now; what is seen from above stays so
    if abs(ahead[2]) < 0.5 and np.dot(ahead, out) < 0.9:
        low, high = _standing(model)
        wide = float(np.abs(np.cross(out, (0, 0, 1))) @ (high - low))
        middle = (low + high) / 2
        focus = Focus((middle[0], middle[1], middle[2]), (wide * 1.06, float(high[2] - low[2]) * 1.1), out)
    elements, notes = (*solids, *coats), (*model.assumptions, note)
    return replace(model, elements=elements, worn=tuple(said), assumptions=notes, focus=focus).check()


def _coat(solid: Element, seen: list[tuple[Facet, Any]], pieces: list, picture: Projection) -> tuple[Element | None, dict]:
    """The coat of one solid, if anything of it wears the picture, and what is said about it; areas on the surface itself."""
    parts, area = [], 0.0
    for facet, view in seen:
        area += view.area / facet.facing
        for piece in pieces:
            shape = view.intersection(piece)
            if len(seen) * len(pieces) > 1:
                shape = shape.buffer(-APART_M / 2, join_style="mitre")
            shape = shape.buffer(-SLIVER_M, join_style="mitre").buffer(SLIVER_M, join_style="mitre").intersection(shape)
            if polygons(shape):
                parts.append((facet, shape))
    geometry = [_before(facet, shape, picture.frame) for facet, shape in parts]
    covered = sum(one.area / facet.facing for facet, shape in parts for one in polygons(shape))
    told = {"id": solid.id, "side": picture.frame.side, "picture_sha256": picture.source_sha256, "seen_m2": round(area, 4),
            "worn_m2": round(covered, 4), "share": round(covered / area, 4)}  # fmt: skip
    if not geometry:
        return None, told
    vertices, faces = joined(geometry)
    places = picture.frame.local(vertices)[:, [0, 2]]
    region = picture.region(places.min(axis=0), places.max(axis=0))
    note = f"what {picture.name} shows of {solid.id}, projected along the normal of the {picture.frame.side} side"
    aspects = {**solid.aspects, "material": picture.level}
    coat = Element(
        f"coat-{picture.frame.side}-{solid.id}", "coat", vertices, faces, max(picture.level, worst(aspects)), picture.author,
        (Evidence(picture.source_sha256, region, note),), aspects, "coat", (1.0, 1.0, 1.0), solid.roughness,
        relevance=solid.relevance, texture=picture.texture, uv=picture.uv(places), covers=Covering(solid.id, covered),
    )  # fmt: skip
    return coat, told | {"coat": coat.id}


def _before(facet: Facet, shape, frame: FacadeFrame):
    """A slab on a facet: its outline runs along the line of sight, so that neighbours never overlap."""
    vertices, faces = prism(shape, 1.0)
    depth = facet.depth(vertices[:, :2]) - vertices[:, 2] * COAT_M / facet.facing
    return frame.world(np.column_stack([vertices[:, 0], depth, vertices[:, 1]])), faces


def _standing(model: SceneModel) -> tuple[np.ndarray, np.ndarray]:
    bounds = np.stack([one.bounds for one in model.elements if one.kind != "ground"])
    return bounds[:, 0].min(axis=0), bounds[:, 1].max(axis=0)
