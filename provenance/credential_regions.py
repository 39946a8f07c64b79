"""Where a model acted, as few outlines that enclose all of it: for people who open a credential, not for proof.

The exact mask stands in the Record as a digest. An outline is a convex polygon of at most eight corners on pixel edges.
"""

from __future__ import annotations

import numpy as np

from provenance.regions import MOST_BOXES, boxes

Polygon = tuple[tuple[int, int], ...]

# What all outlines together may add to a manifest, so that it stays below 8 KB; measured with c2pa-python 0.38.1:
# 110 bytes for a rectangle, 88 and 23 a corner for another polygon.
BUDGET_BYTES = 2_400
_RECTANGLE, _POLYGON, _CORNER = 110, 88, 23
_FIRST_BOXES = 96       # as many are then joined pair by pair, in some ten milliseconds


def outlines(ai: np.ndarray, budget_bytes: int = BUDGET_BYTES) -> list[Polygon]:
    """Enclose every True of `ai`, bool [H, W], in at most 32 polygons (x, y in pixels, clockwise), the largest first.

    The more there is to enclose, the coarser: near holes share an outline, and small ones are boxes.
    """
    most = min(MOST_BOXES, budget_bytes // _RECTANGLE)
    found = _merged(boxes(ai, _FIRST_BOXES), most)
    shapes = [_corners(*box) for box in found]
    left = budget_bytes - _RECTANGLE * len(shapes)
    octagons = [_octagon(ai, box) for box in found]
    saved = [box[2] * box[3] - area(octagon) for box, octagon in zip(found, octagons, strict=True)]
    for i in sorted(range(len(found)), key=lambda i: -saved[i]):
        more = cost(octagons[i]) - _RECTANGLE
        if saved[i] > 0 and more <= left:
            shapes[i], left = octagons[i], left - more
    return shapes


def cost(polygon: Polygon) -> int:
    """Bytes that an outline adds to a manifest."""
    return _RECTANGLE if is_rectangle(polygon) else _POLYGON + _CORNER * len(polygon)


def is_rectangle(polygon: Polygon) -> bool:
    """Return whether a polygon is an upright box."""
    return len(polygon) == 4 and len({x for x, _ in polygon}) == 2 and len({y for _, y in polygon}) == 2


def bounds(polygon: Polygon) -> tuple[int, int, int, int]:
    """Return the box (x, y, width, height) around a polygon."""
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def area(polygon: Polygon) -> float:
    """Return a polygon's area in pixels, by the shoelace formula."""
    following = (*polygon[1:], *polygon[:1])
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(polygon, following, strict=True))) / 2


def _merged(found: list[tuple[int, int, int, int]], most: int) -> list[tuple[int, int, int, int]]:
    """Join boxes until `most` are left, each time the two whose common box adds the least area."""
    edges = np.array([(x, y, x + width, y + height) for x, y, width, height in found], np.int64).reshape(-1, 4)
    while len(edges) > most:
        low = np.minimum(edges[:, None, :2], edges[None, :, :2])
        high = np.maximum(edges[:, None, 2:], edges[None, :, 2:])
        areas = np.prod(edges[:, 2:] - edges[:, :2], axis=1)
        added = np.prod(high - low, axis=2) - areas[:, None] - areas[None, :]
        np.fill_diagonal(added, np.iinfo(np.int64).max)
        i, j = np.unravel_index(int(added.argmin()), added.shape)
        edges[i] = (*low[i, j], *high[i, j])
        edges = np.delete(edges, j, axis=0)
    joined = [(int(x), int(y), int(u - x), int(v - y)) for x, y, u, v in edges]
    return sorted(joined, key=lambda box: (-box[2] * box[3], box[1], box[0]))


def _corners(x: int, y: int, width: int, height: int) -> Polygon:
    return ((x, y), (x + width, y), (x + width, y + height), (x, y + height))


def _octagon(ai: np.ndarray, box: tuple[int, int, int, int]) -> Polygon:
    """Cut the four corners of a box as far as the pixels in it allow: upright and diagonal edges only, so corners are whole."""
    x, y, width, height = box
    part = ai[y : y + height, x : x + width]
    rows = np.flatnonzero(part.any(axis=1))
    first = x + part[rows].argmax(axis=1)
    last = x + width - 1 - part[rows, ::-1].argmax(axis=1)
    top = y + rows
    # A pixel covers x…x+1, y…y+1: x + y over it runs to + 2, x − y from − 1 to + 1.
    low_sum, high_sum = int((first + top).min()), int((last + top).max()) + 2
    low_difference, high_difference = int((first - top).min()) - 1, int((last - top).max()) + 1
    left, right, above, below = x, x + width, y, y + height
    corners = (
        (low_sum - above, above), (high_difference + above, above), (right, right - high_difference), (right, high_sum - right),
        (high_sum - below, below), (low_difference + below, below), (left, left - low_difference), (left, low_sum - left),
    )  # fmt: skip
    kept = [corner for i, corner in enumerate(corners) if corner != corners[i - 1]]
    return tuple(kept)
