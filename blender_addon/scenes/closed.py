"""Is a mesh a closed solid? A check of our own, because trimesh's takes half a minute for four million faces."""

from __future__ import annotations

import numpy as np


def is_closed(faces: np.ndarray) -> bool:
    """Whether every directed edge occurs once and its reverse occurs once: watertight, and wound one way everywhere.

    Args:
        faces: int [M, 3], vertex indices; vertices that coincide but have different indices do not join.
    """
    if len(faces) == 0:
        return False
    faces = np.ascontiguousarray(faces, np.int64)
    start, end = faces.ravel(), np.roll(faces, -1, axis=1).ravel()
    if np.any(start == end):
        return False
    count = int(faces.max()) + 1
    forward, backward = np.sort(start * count + end), np.sort(end * count + start)
    return bool(np.all(forward[1:] != forward[:-1]) and np.array_equal(forward, backward))


def volume(vertices: np.ndarray, faces: np.ndarray) -> float:
    """Signed volume in cubic metres; positive when the faces run counter-clockwise seen from outside.

    Measured from the middle of the bounds: far from the origin the products would eat the digits.
    """
    if len(faces) == 0:
        return 0.0
    middle = (vertices.min(axis=0) + vertices.max(axis=0)) / 2
    centred = vertices - middle
    a, b, c = (centred[faces[:, i]] for i in range(3))
    return float(np.einsum("ij,ij->", a, cross(b, c)) / 6)


def face_areas(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """float64 [M], square metres."""
    a, b, c = (vertices[faces[:, i]] for i in range(3))
    return np.linalg.norm(cross(b - a, c - a), axis=1) / 2


def cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Vector products, [M, 3]; several times as fast as numpy's on millions of rows."""
    (ax, ay, az), (bx, by, bz) = a.T, b.T
    return np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=1)


def complaint(vertices: np.ndarray, faces: np.ndarray) -> str:
    """What keeps the mesh from being a solid, as the end of a sentence; empty when it is one."""
    if len(faces) == 0:
        return "has no faces"
    if int(faces.max()) >= len(vertices) or int(faces.min()) < 0:
        return "names vertices that do not exist"
    if not np.isfinite(vertices).all():
        return "has vertices that are not finite numbers"
    if not is_closed(faces):
        return "is not closed"
    cubic_metres = volume(vertices, faces)
    if cubic_metres <= 0:
        return f"is turned inside out or flat (its volume is {cubic_metres:.3g} m³)"
    return ""
