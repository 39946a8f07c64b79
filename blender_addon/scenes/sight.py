"""What somebody sees who looks straight at a façade from far away: the part of every plane face that nothing stands before.

Exact, by outlines and depths, and not by pixels: what is seen ends on the edge that hides the rest. A façade's frame is used
throughout: u along it, d away from the viewer, z; see `building_design.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .closed import cross
from .solids import PRECISION_M, Geometry, need_shapely, polygons

BEFORE_M = 1e-4  # what is nearer by less lies on the face; coordinates are rounded to a tenth of a millimetre
EDGE_ON = 1e-3  # cosine to the line of sight: a metre of such a face shows one millimetre
NORMALS, DEPTHS_M = 1e-3, 1e-3  # triangles that differ by less are one plane face


@dataclass(frozen=True, eq=False)
class Facet:
    """A plane face of a solid that is turned towards the viewer.

    Attributes:
        solid: its number.
        plane: a, b, c of d = a u + b z + c, metres.
        shape: shapely polygon or polygons in u and z, metres.
    """

    solid: int
    plane: np.ndarray
    shape: Any

    @property
    def facing(self) -> float:
        """Cosine between its normal and the line of sight, 0…1: a square metre of it is seen as so many."""
        return float(1 / np.sqrt(1 + self.plane[0] ** 2 + self.plane[1] ** 2))

    def depth(self, points: np.ndarray) -> np.ndarray:
        """The depth d, float64 [N], at places (u, z), float64 [N, 2]; metres."""
        return points @ self.plane[:2] + self.plane[2]


def facets(number: int, solid: Geometry) -> list[Facet]:
    """The plane faces of a solid that are turned towards the viewer.

    Args:
        number: that they carry.
        solid: vertices float64 [N, 3] in the façade's frame, faces int [M, 3], counter-clockwise seen from outside.
    """
    shapely = need_shapely()
    vertices, faces = solid
    corners = vertices[faces]
    across = cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    length = np.linalg.norm(across, axis=1)
    seen = -across[:, 1] > EDGE_ON * np.maximum(length, 1e-12)
    corners, normals = corners[seen], across[seen] / length[seen, None]
    if not len(corners):
        return []
    distance = np.einsum("ij,ij->i", normals, corners.mean(axis=1))
    keys = np.rint(np.column_stack([normals / NORMALS, distance / DEPTHS_M])).astype(np.int64)
    _, groups = np.unique(keys, axis=0, return_inverse=True)
    groups = groups.ravel()
    found = []
    for group in range(int(groups.max()) + 1):
        mine = groups == group
        triangles = shapely.polygons(corners[mine][:, :, [0, 2]])
        weights = length[seen][mine]
        normal = np.average(normals[mine], axis=0, weights=weights)
        middle = np.average(corners[mine].mean(axis=1), axis=0, weights=weights)
        a, b = -normal[0] / normal[1], -normal[2] / normal[1]
        shape = shapely.union_all(shapely.make_valid(triangles), grid_size=PRECISION_M / 10)
        if parts := polygons(shape):
            found.append(Facet(number, np.array([a, b, middle[1] - a * middle[0] - b * middle[2]]), _one(parts)))
    return found


def seen_parts(all_facets: Sequence[Facet]) -> list[Any]:
    """Of each facet, what no other one hides: a shapely shape in u and z, which may be empty; in the same order."""
    shapely = need_shapely()
    tree = shapely.STRtree([one.shape for one in all_facets])
    found = []
    for number, one in enumerate(all_facets):
        hidden = []
        for other in tree.query(one.shape, predicate="intersects").tolist():
            if other != number and (before := _before(all_facets[other], one)) is not None:
                hidden.append(before)
        found.append(one.shape.difference(shapely.union_all(hidden)) if hidden else one.shape)
    return found


def _before(near: Facet, far: Facet):
    """The part of a facet that lies before another one, or None; planes may cross between the ends of both."""
    from shapely.geometry import Polygon
    from shapely.geometry import box as rectangle

    low = np.maximum(near.shape.bounds[:2], far.shape.bounds[:2])
    high = np.minimum(near.shape.bounds[2:], far.shape.bounds[2:])
    frame = np.array([(low[0], low[1]), (high[0], low[1]), (high[0], high[1]), (low[0], high[1])])
    behind = far.depth(frame) - near.depth(frame)
    if (behind <= BEFORE_M).all():
        return None
    if (behind > BEFORE_M).all():
        return near.shape
    # the difference of two planes is one: where it passes BEFORE_M, one straight line parts the frame
    ring = []
    for i in range(4):
        j = (i + 1) % 4
        if behind[i] > BEFORE_M:
            ring.append(frame[i])
        if (behind[i] > BEFORE_M) != (behind[j] > BEFORE_M):
            share = (BEFORE_M - behind[i]) / (behind[j] - behind[i])
            ring.append(frame[i] + share * (frame[j] - frame[i]))
    half = Polygon(ring) if len(ring) > 2 else rectangle(0, 0, 0, 0)
    return near.shape.intersection(half.buffer(0))


def _one(parts: list):
    from shapely.geometry import MultiPolygon

    return parts[0] if len(parts) == 1 else MultiPolygon(parts)
