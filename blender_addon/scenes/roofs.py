"""Roofs as closed shells: hipped or gabled over a rectangle, with the gables that close them, and the chimneys through them."""

from __future__ import annotations

import numpy as np

from .building_design import Box, DesignedStack, FacadeFrame
from .solids import Geometry, box

EAVES_M = 0.4  # by rule, how far a roof stands out


def pitched(
    size: tuple[float, float],
    eaves: float,
    ridge: float,
    *,
    axis: str,
    inset: float,
    thickness: float,
    overhang: float = EAVES_M,
) -> tuple[Geometry, list[Geometry]]:
    """A roof over the rectangle from the origin to `size`.

    Args:
        size: width (x) and depth (y), metres.
        eaves, ridge: heights, metres.
        axis: along which the ridge runs.
        inset: distance from the wall's end to the ridge's end, metres; 0 gives gables.
        thickness: of the walls below, metres; the roof rests on the middle of them.
    Returns: the roof's shell, and the gables (none for a hipped roof).
    """
    import manifold3d

    length, depth = size if axis == "x" else size[::-1]
    slope = (ridge - eaves) / (depth / 2 + overhang)
    ends = overhang if inset > 0 else 0.15  # verges stand out less than eaves
    base = [(x, y, eaves) for x in (-ends, length + ends) for y in (-overhang, depth + overhang)]
    first = min(inset, length / 2 - 0.01) if inset > 0 else -ends
    top = [(first, depth / 2, ridge), (length - first, depth / 2, ridge)]
    outer = manifold3d.Manifold.hull_points(np.array(base + top, np.float64))
    drop = slope * (overhang + thickness / 2)
    hollow = outer.translate((0, 0, -drop))
    if inset <= 0:
        hollow = hollow.scale(((length + 2 * ends + 2) / (length + 2 * ends), 1, 1)).translate((-1.0, 0, 0))
    shell = outer - hollow
    gables = []
    if inset <= 0:
        above = outer ^ hollow
        for x in (0.0, length - thickness):
            slab = manifold3d.Manifold.cube((thickness, depth, ridge - eaves + 1)).translate((x, 0, eaves))
            gables.append(_geometry((above ^ slab), axis))
    return _geometry(shell, axis), gables


def flat(size: tuple[float, float], eaves: float, *, overhang: float = 0.15, height: float = 0.25) -> Geometry:
    """A slab that covers the walls."""
    return box((-overhang, -overhang, eaves), (size[0] + overhang, size[1] + overhang, eaves + height))


def chimney(stack: DesignedStack, size: tuple[float, float], over: Box, eaves: float) -> Geometry:
    """A square stack from the eaves up through the roof, `over` which it stands in the middle, by rule.

    Args:
        stack: what an elevation shows of it; size: of the building's extent, metres.
    """
    frame, (u0, u1) = FacadeFrame(stack.side, size), stack.span
    x0, y0, x1, y1 = over
    near, far = {"south": (y0, y1), "north": (size[1] - y1, size[1] - y0), "west": (x0, x1),
                 "east": (size[0] - x1, size[0] - x0)}[stack.side]  # fmt: skip
    d, half = (near + far) / 2, (u1 - u0) / 2
    vertices, faces = box((u0, d - half, eaves), (u1, d + half, stack.top))
    return frame.world(vertices), faces


def _geometry(solid, axis: str) -> Geometry:
    mesh = solid.to_mesh()
    vertices = np.asarray(mesh.vert_properties, np.float64)[:, :3]
    faces = np.asarray(mesh.tri_verts, np.int64)
    if axis == "y":  # exchange x and y, and turn the faces, because that mirrors
        vertices, faces = vertices[:, [1, 0, 2]], faces[:, ::-1].copy()
    return vertices, faces
