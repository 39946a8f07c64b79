"""Roofs as closed shells: hipped or gabled over a rectangle, with the gables that close them."""

from __future__ import annotations

import numpy as np

from .solids import Geometry

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
    from .solids import box

    return box((-overhang, -overhang, eaves), (size[0] + overhang, size[1] + overhang, eaves + height))


def _geometry(solid, axis: str) -> Geometry:
    mesh = solid.to_mesh()
    vertices = np.asarray(mesh.vert_properties, np.float64)[:, :3]
    faces = np.asarray(mesh.tri_verts, np.int64)
    if axis == "y":  # exchange x and y, and turn the faces, because that mirrors
        vertices, faces = vertices[:, [1, 0, 2]], faces[:, ::-1].copy()
    return vertices, faces
