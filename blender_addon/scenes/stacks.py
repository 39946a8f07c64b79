"""Chimneys of an elevation: behind the ridge, or on the front slope, where the drawing shows a foot on it."""

from __future__ import annotations

from .skyline import rectangle, size, strip
from .solids import Geometry, box, joined, polygons, prism, upright

SHAFT_M = 0.12  # a chimney's drawn face stands so far before the ridge
BODY_M = 0.6  # what carries it: one flue and its walls
INTO_M = 0.1  # how far a front goes on below its foot: into the slope, which hides it
CAP_M, CAP_SHARE = 0.18, 0.25  # height of a cap, and at most that share of what stands out
CAP_OUT_M, CAP_BESIDE_M = 0.05, 0.02  # how far a cap stands out, to the front and back and to the sides
HALVES = 0.02  # metres above and below the middle of a stack: its width is measured there, below any cap that was drawn


def sides(shape) -> tuple[float, float]:
    """Left and right side of a stack at half its height, x in metres."""
    _, z0, _, z1 = shape.bounds
    middle = shape.intersection(strip(shape, (z0 + z1) / 2 - HALVES, (z0 + z1) / 2 + HALVES))
    x0, _, x1, _ = (shape if middle.is_empty else middle).bounds
    return x0, x1


def at_ridge(shape, ridge_y_m: float) -> Geometry:
    """A chimney whose drawn part stands just before the ridge; what carries it goes down behind the slope.

    Args:
        shape: what is drawn of it above the roof, a shapely polygon in x and z.
        ridge_y_m: how far behind the wall the ridge is.
    """
    x0, z0, x1, z1 = shape.bounds
    cap = _cap(shape)
    shaft = shape.intersection(strip(shape, z0 - 1, z1 - cap))
    return joined(
        [*(upright(prism(one, SHAFT_M - 1e-3), ridge_y_m - SHAFT_M) for one in polygons(shaft)),
         box((x0 + 0.03, ridge_y_m, z0 - 0.5), (x1 - 0.03, ridge_y_m + BODY_M, z1 - cap)),
         _capping(shape, z1 - cap + 1e-3, ridge_y_m - SHAFT_M, ridge_y_m + BODY_M)]
    )  # fmt: skip


def on_slope(shape, foot_m: float, front_y_m: float) -> Geometry:
    """A chimney on the front slope: its front is whole down to where it meets the tiles.

    Args:
        shape: what is drawn of it above the roof. foot_m: height at which it meets the slope, lower than that.
        front_y_m: where the slope's face is at that height.
    """
    _, z0, _, z1 = shape.bounds
    x0, x1 = sides(shape)
    cap = _cap(shape)
    front = shape.union(rectangle(x0, foot_m - INTO_M, x1, (z0 + z1) / 2))
    shaft = front.intersection(strip(front, foot_m - 1, z1 - cap))
    deep = SHAFT_M + BODY_M
    # the cap lies on the shaft: it overhangs, so they share no corner, and a slit between them would show the roof behind
    return joined(
        [*(upright(prism(one, deep), front_y_m) for one in polygons(shaft)),
         _capping(shape, z1 - cap, front_y_m, front_y_m + deep)]
    )  # fmt: skip


def _cap(shape) -> float:
    """Height of its cap, metres."""
    return min(CAP_M, CAP_SHARE * size(shape)[1])


def _capping(shape, low_z: float, front: float, back: float) -> Geometry:
    """A slab over a stack, from a height to its top, between two depths."""
    x0, _, x1, z1 = shape.bounds
    low = (x0 - CAP_BESIDE_M, front - CAP_OUT_M, low_z)
    return box(low, (x1 + CAP_BESIDE_M, back + CAP_OUT_M, z1))
