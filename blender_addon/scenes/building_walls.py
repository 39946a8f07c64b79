"""The walls of a building: outlines of the plan sorted by façade, raised storey by storey, openings cut through them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..errors import DrawingError, MeasureError
from .building_design import SIDES, Design, DesignedHole, FacadeFrame
from .solids import PRECISION_M, Geometry, need_shapely, polygons, prism, shifted, upright

SKIN_M = 0.02  # what an elevation shows of a wall whose thickness no sheet shows
BEYOND_M = 0.4  # cutters are longer than the wall on both faces
# Gaps of the outermost walls that are bridged: a door's at once; a portal's, and a broken or open front's, where they are less
# than a seventh of the edge of what they close: a forecourt between two wings is open along a fifth and more.
GAPS_M, MOUTH = (2.0, 6.0, 12.0), 1 / 7
BREACH_M = 0.3  # a narrower gap is a crack of the drawing
SPLINTER_M = 0.2  # what is left beside a wall and is thinner than a brick is long belongs to that wall
LEAN_DEGREES = 25.0  # a wall that runs further askew belongs to no façade


@dataclass(frozen=True)
class Outlines:
    """The walls of the ground floor as shapely shapes in metres.

    Attributes:
        walls: as drawn, without openings. full: with the openings filled.
        footprint: everything that the outer walls surround, of what is shown. whole: with what lies beyond it.
        sides: the filled outer wall of each façade. rest: outer walls that run askew. inner: what stands inside, unfilled.
    """

    walls: Any
    full: Any
    footprint: Any
    sides: dict[str, Any]
    rest: Any
    inner: Any
    whole: Any

    @property
    def outer(self):
        """All outer walls, filled."""
        from shapely.ops import unary_union

        return unary_union([*self.sides.values(), self.rest])


def outlines(design: Design) -> Outlines:
    """Sort the walls of the plan by façade. Raises: DrawingError, MeasureError, MissingPartError without shapely."""
    shapely = need_shapely()
    from shapely.geometry import Polygon
    from shapely.geometry import box as rectangle
    from shapely.ops import unary_union

    pieces = [Polygon(outer, holes).buffer(0) for outer, holes in design.walls if len(outer) > 2]
    drawn = shapely.set_precision(unary_union(pieces), PRECISION_M)
    if not polygons(drawn):
        raise DrawingError("The outlines of the walls enclose nothing: nothing can be raised from them.")
    if not 1.0 <= max(design.size) <= 5000:
        raise MeasureError(f"The building is {design.size[0]:.2f} m × {design.size[1]:.2f} m: check the scale of the sheets.")
    free = [_column_shape(one).buffer(0.05) for one in design.columns]
    walls = unary_union([p for p in polygons(drawn) if not any(p.intersection(c).area > 0.5 * p.area for c in free)])
    walls = walls.difference(unary_union(free)) if free else walls
    gaps = [_gap(hole, walls) for hole in design.holes if hole.box]
    full = unary_union([walls, *(g for g in gaps if g is not None)])
    full = unary_union([full, *(g for hole in design.holes if (g := _portal(hole, full, design)) is not None)])
    full = shapely.set_precision(full.buffer(0.02, join_style="mitre").buffer(-0.02, join_style="mitre"), PRECISION_M)
    footprint = whole = _footprint(full)
    if design.shown is not None:  # façades are those of what is shown; what lies beyond stands before them
        footprint = without_slivers(whole.intersection(rectangle(*design.shown)))
        full = shapely.set_precision(_shut(full, footprint, whole, design.thickness), PRECISION_M)
    sides, taken = {}, []
    for side in SIDES:
        strips = _strips(footprint, full, FacadeFrame(side, design.size), design.thickness)
        if design.shown is not None:
            strips = [strip.intersection(rectangle(*design.shown)) for strip in strips]
        shape = full.intersection(unary_union(strips)).difference(unary_union(taken)) if strips else Polygon()
        sides[side] = without_slivers(shape)
        taken += strips
    ring = footprint.difference(footprint.buffer(-1.2 * design.thickness, join_style="mitre"))
    left = full.difference(unary_union(taken)) if taken else full
    # cross walls begin within the ring too, but do not reach the outside
    rest = unary_union([p for p in polygons(without_slivers(left.intersection(ring))) if p.distance(footprint.boundary) < 0.03])
    rest = _with_neighbours(sides, rest)
    outer = unary_union([*sides.values(), rest])
    inner = _with_neighbours(sides, without_slivers(walls.difference(outer)))
    return Outlines(walls, full, footprint, sides, rest, inner, whole)


def _shut(full, footprint, whole, thickness: float):
    """The walls, closed where what is shown begins: a plan leaves gaps there that the elevation shows as wall."""
    edge = footprint.boundary.difference(whole.boundary.buffer(0.05))
    strip = edge.buffer(1.2 * thickness, cap_style="flat").intersection(footprint)
    return full.union(_closed(full.intersection(strip), 0.5 * GAPS_M[1]).intersection(strip))


def _with_neighbours(sides: dict[str, Any], shape):
    """What is left of a shape when its splinters have been given to the façades that they touch."""
    from shapely.ops import unary_union

    kept = []
    for part in polygons(shape):
        if not part.buffer(-SPLINTER_M / 2).is_empty:
            kept.append(part)
            continue
        side = min(sides, key=lambda one: sides[one].distance(part) if polygons(sides[one]) else np.inf)
        if polygons(sides[side]) and sides[side].distance(part) < PRECISION_M:
            sides[side] = without_slivers(unary_union([sides[side], part]))
        else:
            kept.append(part)
    return unary_union(kept)


def without_slivers(shape):
    """The shape without what is thinner than a centimetre: leaves that rounding leaves between two outlines."""
    shapely = need_shapely()
    from shapely.ops import unary_union

    flat = unary_union(polygons(shape))  # where outlines only touch, an overlay leaves lines as well
    opened = flat.buffer(-0.005, join_style="mitre").buffer(0.005, join_style="mitre")
    return unary_union(polygons(shapely.intersection(opened, flat, grid_size=PRECISION_M)))


def _gap(hole: DesignedHole, walls):
    """What fills a gap: its box, lengthened into the jambs along the wall in which it grows least."""
    from shapely.geometry import box as rectangle

    if hole.box is None:
        return None
    x0, y0, x1, y1 = hole.box
    along = [rectangle(x0 - 0.06, y0, x1 + 0.06, y1), rectangle(x0, y0 - 0.06, x1, y1 + 0.06)]
    if hole.side in ("south", "north"):
        return along[0]
    if hole.side in ("east", "west"):
        return along[1]
    return min(along, key=lambda one: one.difference(walls).area)


def _portal(hole: DesignedHole, full, design: Design):
    """What fills the gap in which an opening of an elevation stands, between the wall to its left and to its right; or None.

    Plans leave the widest openings of a front open and draw no jambs; the elevation shows the wall above them.
    """
    from shapely.affinity import affine_transform
    from shapely.geometry import box as rectangle

    if hole.box or not hole.is_drawn or hole.side not in SIDES or hole.storey > 0:
        return None
    frame = FacadeFrame(hole.side, design.size)
    shown = full if design.shown is None else full.intersection(rectangle(*design.shown))
    front, middle = local(shown, frame), sum(hole.span) / 2
    deep = design.size[1] if hole.side in ("south", "north") else design.size[0]
    near = 0.25 * deep + (0.0 if design.shown is None or front.is_empty else front.bounds[1])
    if face_at(front.intersection(rectangle(0, -1, frame.length, near)), middle) is not None:
        return None
    ends = []
    for step in (-0.1, 0.1):
        places = middle + step * np.arange(1, round(0.5 * GAPS_M[1] / 0.1))
        met = ((float(u), face) for u in places if (face := face_at(front, float(u))) and face[0] < near)
        if (end := next(met, None)) is None:
            return None
        ends.append(end)
    (u0, (a0, a1)), (u1, (b0, b1)) = ends
    low, high = max(a0, b0), min(a1, b1, max(a0, b0) + 1.2 * design.thickness)
    if high - low < 0.5 * design.thickness:
        return None
    a, b, d, e, x, y = frame.matrix
    inverse = [a, d, b, e, -(a * x + d * y), -(b * x + e * y)]
    return affine_transform(rectangle(u0 - 0.06, low, u1 + 0.06, high), inverse)


def _column_shape(one):
    from shapely.geometry import Point
    from shapely.geometry import box as rectangle

    (x, y), r = one.center, one.radius
    return Point(x, y).buffer(r, quad_segs=6) if one.shape == "round" else rectangle(x - r, y - r, x + r, y + r)


def _footprint(full):
    """The ground that the walls surround; gaps of up to 2 m between their outermost outlines are bridged.

    Wider ones, of a portal, a shop or a wall that the sheet leaves off, are bridged where what they close is a room: walls
    stand along nearly all of its edge.
    """
    from shapely.ops import unary_union

    found, near = _surrounded(full, 0.5 * GAPS_M[0]), _closed(full, 0.5 * GAPS_M[0]).buffer(0.1)
    for gap in GAPS_M[1:]:
        won = polygons(_surrounded(full, 0.5 * gap).difference(found))
        rooms = [part for part in won if part.exterior.difference(near).length < MOUTH * part.exterior.length]
        if rooms:
            found = _surrounded(unary_union([found, *(part.buffer(0.01) for part in rooms if part.area > 1.0)]), 0.0)
    return found


def breaches(lines: Outlines, thickness: float) -> list[tuple[Any, float]]:
    """Gaps through the outer walls narrower than a door's that no sheet calls an opening: shape and width, metres."""
    shut = _closed(lines.full, 0.5 * GAPS_M[0]).difference(lines.full.buffer(0.005, join_style="mitre"))
    inside = lines.footprint.buffer(-1.2 * thickness, join_style="mitre")
    rooms, found = lines.footprint.difference(lines.full).difference(shut), []
    for part in polygons(without_slivers(shut.intersection(lines.footprint.difference(inside)))):
        wide = part.buffer(0.02).intersection(lines.footprint.boundary).length
        if wide > BREACH_M and part.buffer(0.1).intersection(rooms).area > 0.1 * BREACH_M:
            found.append((part, wide))
    return found


def _closed(full, reach: float):
    """The walls with every gap between them that is narrower than twice `reach` filled."""
    return full.buffer(reach, join_style="mitre").buffer(-reach, join_style="mitre").union(full)


def _surrounded(full, reach: float):
    """What the outermost outlines of the closed walls enclose, without specks."""
    from shapely.geometry import Polygon
    from shapely.ops import unary_union

    parts = polygons(unary_union([Polygon(part.exterior) for part in polygons(_closed(full, reach) if reach else full)]))
    return unary_union([part for part in parts if part.area > 0.01 * parts[0].area])


def _strips(footprint, full, frame: FacadeFrame, thickness: float) -> list:
    """A strip as deep as the wall along every edge of the footprint that faces this side."""
    from shapely.affinity import affine_transform
    from shapely.geometry import Polygon

    found = []
    a, b, d, e, x, y = frame.matrix
    for part in polygons(footprint.simplify(0.1)):
        ring = np.array(affine_transform(part, [a, b, d, e, x, y]).exterior.coords)
        if Polygon(ring).exterior.is_ccw is False:
            ring = ring[::-1]
        for start, end in pairwise(ring):
            way = end - start
            length = float(np.hypot(*way))
            # counter-clockwise, the outside lies to the right; this side's outside is −d, so its edges run along +u
            if length < 0.6 or np.degrees(np.arctan2(abs(way[1]), way[0])) > LEAN_DEGREES:
                continue
            inwards = np.array([-way[1], way[0]]) / length
            deep = _depth(local(full, frame), start, way, inwards, thickness)
            low, high = start - 0.3 * inwards, start + deep * inwards
            strip = Polygon([low, low + way, high + way, high])
            inverse = [a, d, b, e, -(a * x + d * y), -(b * x + e * y)]
            found.append(affine_transform(strip, inverse))
    return found


def _depth(full, start, way, inwards, thickness: float) -> float:
    """How deep the wall is along one edge: the median of what a line meets, so that cross walls and niches have no say."""
    from shapely.geometry import LineString

    met = []
    for share in np.linspace(0.04, 0.96, 24):
        foot = start + share * way - 0.2 * inwards
        crossed = full.intersection(LineString([foot, foot + (3 * thickness + 0.3) * inwards]))
        parts = [p for p in getattr(crossed, "geoms", [crossed]) if p.geom_type == "LineString" and p.length > 0.05]
        if parts:
            nearest = min(parts, key=lambda part: part.distance(_point(foot)))
            met.append(max(float(np.hypot(*(np.array(corner) - foot))) for corner in nearest.coords) - 0.2)
    # 2 cm more, so that an uneven inner face leaves no skin behind
    return (float(np.median(met)) if met else thickness) + 0.02


def _point(at):
    from shapely.geometry import Point

    return Point(*at)


def hole_shape(hole: DesignedHole):
    """A shapely polygon in u and z; arches have sixteen segments."""
    from shapely.geometry import Polygon

    (u0, u1), (z0, z1) = hole.span, hole.rise
    half, middle = (u1 - u0) / 2, (u0 + u1) / 2
    if hole.head == "round" and z1 - half > z0 + 0.1:
        arc = np.linspace(0, np.pi, 17)
        top = [(middle + half * np.cos(t), z1 - half + half * np.sin(t)) for t in arc]
    elif hole.head == "pointed" and z1 - 1.73 * half > z0 + 0.1:
        # two arcs, each struck from the foot of the other: an equilateral arch
        arc = np.linspace(0, np.pi / 3, 9)
        right = [(u0 + 2 * half * np.cos(t), z1 - 1.732 * half + 2 * half * np.sin(t)) for t in arc]
        top = right + [(2 * middle - u, z) for u, z in right[-2::-1]]
    else:
        top = [(u1, z1), (u0, z1)]
    return Polygon([(u0, z0), (u1, z0), *top])


def local(shape, frame: FacadeFrame):
    """A shape of the plan in the frame of a façade."""
    from shapely.affinity import affine_transform

    return affine_transform(shape, list(frame.matrix))


def face_at(wall, u: float) -> tuple[float, float] | None:
    """Where the outermost wall begins and ends (d) at one place of a façade, in its frame; None where there is none."""
    from shapely.geometry import LineString

    if wall.is_empty:
        return None
    _, low, _, high = wall.bounds
    crossed = wall.intersection(LineString([(u, low - 1), (u, high + 1)]))
    parts = [part for part in getattr(crossed, "geoms", [crossed]) if part.geom_type == "LineString" and part.length > 0.02]
    if not parts:
        return None
    first = min(parts, key=lambda part: part.bounds[1])
    return first.bounds[1], first.bounds[3]


def cut(wall, low: float, high: float, cutters: list[Geometry]) -> Geometry | None:
    """A wall (shapely, u and d) raised from `low` to `high`, less the cutters; None when nothing is left."""
    parts = polygons(wall)
    if not parts or high - low < 0.01:
        return None
    from shapely.ops import unary_union

    solid = manifold(shifted(prism(unary_union(parts), high - low), (0, 0, low)))
    for cutter in cutters:
        solid = solid - manifold(cutter)
    return geometry(solid)


def cutter(shape, face: tuple[float, float]) -> Geometry:
    """A hole's shape (u, z) drawn through a wall from before its outer face to behind its inner one."""
    return upright(prism(shape, face[1] - face[0] + 2 * BEYOND_M), face[0] - BEYOND_M)


def manifold(solid: Geometry):
    """The solid as Manifold takes it, in double precision."""
    import manifold3d

    vertices, faces = solid
    return manifold3d.Manifold(manifold3d.Mesh64(np.ascontiguousarray(vertices), np.ascontiguousarray(faces, np.uint64)))


def geometry(solid) -> Geometry | None:
    """Vertices and faces of a Manifold; None when it holds less than a cubic centimetre."""
    if solid.is_empty() or solid.volume() < 1e-6:
        return None
    mesh = solid.to_mesh64()
    return np.asarray(mesh.vert_properties, np.float64)[:, :3].copy(), np.asarray(mesh.tri_verts, np.int64).copy()
