"""Closed solids to build scenes from: box, prism, moulding, and the plate that carries a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from ..errors import DrawingError, MissingPartError
from .model import Evidence, Plate, Vector
from .texture import Texture

PRECISION_M = 1e-4
Geometry = tuple[np.ndarray, np.ndarray]
BOX_FACES = np.array(
    [[0, 2, 1], [0, 3, 2], [4, 5, 6], [4, 6, 7], [0, 1, 5], [0, 5, 4],
     [1, 2, 6], [1, 6, 5], [2, 3, 7], [2, 7, 6], [3, 0, 4], [3, 4, 7]]
)  # fmt: skip


def box(low: Sequence[float], high: Sequence[float]) -> Geometry:
    """A box between two corners, metres. Returns vertices [8, 3] (four below, four above), faces [12, 3]."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    if not (x0 < x1 and y0 < y1 and z0 < z1):
        raise DrawingError(f"A box from {tuple(low)} to {tuple(high)} m has no inside.")
    ring = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    return np.array([(x, y, z0) for x, y in ring] + [(x, y, z1) for x, y in ring], np.float64), BOX_FACES.copy()


def prism(shape, height_m: float) -> Geometry:
    """A shapely polygon, or several that do not overlap, in x and y, raised from z = 0 to `height_m` above it.

    Vertices are rounded to a tenth of a millimetre first: jambs that nearly coincide otherwise give open meshes.
    Raises: DrawingError when nothing is left of the shape.
    """
    shapely = need_shapely()
    parts = polygons(shapely.set_precision(shape, PRECISION_M))
    corners = [corner for part in parts for ring in (part.exterior, *part.interiors) for corner in ring.coords[:-1]]
    if len(set(corners)) < len(corners):
        # Two rings that meet in a corner would share an edge of four faces once somebody merges vertices: part them.
        apart = shapely.MultiPolygon(parts).buffer(-2 * PRECISION_M, join_style="mitre")
        parts = polygons(shapely.set_precision(apart, PRECISION_M / 10))
    if not parts:
        raise DrawingError(f"Nothing is left of an outline of {shape.area:.2g} m² when it is rounded to {PRECISION_M} m.")
    return joined(_raised(part, height_m) for part in parts)


def _raised(polygon, height_m: float) -> Geometry:
    from manifold3d import triangulate
    from shapely.geometry.polygon import orient

    polygon = orient(polygon)
    rings = [np.array(ring.coords)[:-1, :2] for ring in (polygon.exterior, *polygon.interiors)]
    # Manifold's triangulation uses every vertex and every edge of the rings; earcut drops some, and the sides then gape.
    triangles = np.asarray(triangulate(rings), np.int64)
    flat = np.concatenate(rings)
    n, start = len(flat), np.arange(len(flat))
    first = np.cumsum([0, *(len(ring) for ring in rings[:-1])])
    end = np.concatenate([np.roll(np.arange(len(ring)), -1) + at for ring, at in zip(rings, first, strict=True)])
    sides = np.concatenate([np.stack([start, end, end + n], -1), np.stack([start, end + n, start + n], -1)])
    lower = np.column_stack([flat, np.zeros(n)])
    upper = np.column_stack([flat, np.full(n, height_m)])
    return np.concatenate([lower, upper]), np.concatenate([triangles[:, ::-1], triangles + n, sides])


def upright(geometry: Geometry, front_y_m: float = 0.0) -> Geometry:
    """Stand up a prism that lies in x and y: its y becomes z, base faces south at y = `front_y_m`, height runs north."""
    vertices, faces = geometry
    stood = np.column_stack([vertices[:, 0], vertices[:, 2] + front_y_m, vertices[:, 1]])
    return stood, faces[:, ::-1].copy()


def bar(profile: Sequence[tuple[float, float]], x0: float, x1: float) -> Geometry:
    """A profile of (out towards −y, z) in metres, drawn along x from `x0` to `x1`: a cornice, a plinth, a flight of steps."""
    from shapely.geometry import Polygon

    vertices, faces = prism(Polygon(profile), x1 - x0)
    return np.column_stack([vertices[:, 2] + x0, -vertices[:, 0], vertices[:, 1]]), faces[:, ::-1].copy()


def joined(parts: Iterable[Geometry]) -> Geometry:
    """Several solids as one that is in several pieces."""
    vertices, faces, count = [], [], 0
    for part_vertices, part_faces in parts:
        vertices.append(part_vertices)
        faces.append(part_faces + count)
        count += len(part_vertices)
    return np.concatenate(vertices), np.concatenate(faces)


def moulding(width_m: float, height_m: float, profile: Sequence[tuple[float, float]]) -> Geometry:
    """A mitred frame around a rectangle that stands centred on the origin in x and z.

    Args:
        width_m, height_m: the opening.
        profile: (outwards from the opening, towards the viewer at −y) in metres; a closed outline, the end joined to the start.
    """
    outline = np.array(profile, np.float64)
    nxt = np.roll(outline, -1, axis=0)
    if np.sum(outline[:, 0] * nxt[:, 1] - nxt[:, 0] * outline[:, 1]) > 0:
        outline = outline[::-1]
    k, corners = len(outline), [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    vertices = np.concatenate(
        [np.column_stack([sx * (width_m / 2 + outline[:, 0]), -outline[:, 1], sz * (height_m / 2 + outline[:, 0])])
         for sx, sz in corners]
    )  # fmt: skip
    i = np.arange(k)
    faces = []
    for corner in range(4):
        here, there = corner * k, (corner + 1) % 4 * k
        a, b, c, d = here + i, here + (i + 1) % k, there + (i + 1) % k, there + i
        faces += [np.stack([a, b, c], -1), np.stack([a, c, d], -1)]
    return vertices, np.concatenate(faces)


def plate(
    name: str,
    texture: Texture,
    *,
    center: Vector,
    right: Vector,
    up: Vector,
    width_m: float,
    height_m: float,
    level: int,
    author,
    thickness_m: float = 0.004,
    kind: str = "work",
    evidence: tuple[Evidence, ...] = (),
    material: str = "paper",
) -> Plate:
    """A picture on the front of a closed thin box; its front lies in the plane through `center`, its body behind.

    `right` and `up` are the picture's own axes (unit vectors); it is seen from the side of right × up. A second ring of
    vertices just behind the front holds a single texel, so that sides and back take the colour of the sheet's corner
    instead of a mirrored picture, while every vertex is shared and the box stays closed on reload.
    """
    x, y = np.array(right, np.float64), np.array(up, np.float64)
    outwards = np.cross(x, y)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * (width_m / 2, height_m / 2)
    front = np.array(center) + corners @ np.stack([x, y])
    rings = [front - outwards * depth for depth in (0.0, min(2e-4, thickness_m / 4), thickness_m)]
    texel = (0.5 / texture.width, 0.5 / texture.height)
    uv = np.array([(0, 0), (1, 0), (1, 1), (0, 1)] + [texel] * 8, np.float32)
    sides = [
        face
        for ring in (0, 4)
        for i in range(4)
        for face in ([ring + i, ring + 4 + i, ring + 4 + (i + 1) % 4], [ring + i, ring + 4 + (i + 1) % 4, ring + (i + 1) % 4])
    ]
    faces = np.array([[0, 1, 2], [0, 2, 3], *sides, [8, 10, 9], [8, 11, 10]])
    return Plate(name, kind, np.concatenate(rings), faces, level, author, evidence, material=material, color=(1.0, 1.0, 1.0),
                 texture=texture, uv=uv)  # fmt: skip


def polygons(shape) -> list:
    """The polygons in whatever shapely returned, largest first, slivers under a square centimetre left out."""
    parts = [part for part in getattr(shape, "geoms", [shape]) if part.geom_type == "Polygon" and part.area > 1e-4]
    return sorted(parts, key=lambda part: -part.area)


def shifted(geometry: Geometry, by: Sequence[float]) -> Geometry:
    """The same solid, moved by metres."""
    return geometry[0] + np.array(by, np.float64), geometry[1]


def need_shapely():
    """The module shapely. Raises: MissingPartError, in words for a person, where it or manifold3d is not installed."""
    try:
        import manifold3d  # noqa: F401 - asked for here, so that its absence is told in the same words
        import shapely
    except ImportError as error:
        raise MissingPartError(
            "Outlines are cut with shapely and manifold3d, which are not here (Blender's own Python has none): "
            "build this scene with the anastylosis command and open its scene.json."
        ) from error
    return shapely
