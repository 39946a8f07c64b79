"""A pediment: a tympanum in the wall's plane behind raking cornices, before the roof; triangle as drawn, depths by rule.

Across the face the solids lie side by side, so that none overlaps another: the roof is cut out along the triangle, the wall
rises into it, and the cornices stand before that wall.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import DrawingError
from .skyline import rectangle
from .solids import Geometry, joined, polygons, prism, upright

# A raking cornice from its outer edge inwards: share of its breadth, share of its whole depth (cyma, corona, bed mould).
STEPS = ((0.30, 1.0), (0.32, 0.78), (0.38, 0.42))
LEDGE_OUT = 0.55  # of the cornice's depth: the strip on the horizontal cornice, whose own nose stands farther out below it
LEAST_M, MOST_M, SHARE = 0.10, 0.9, 0.4  # a raking cornice's breadth, and of the triangle's inner height at most
GAP_M = 1e-3  # between solids side by side


@dataclass(frozen=True)
class Pediment:
    """A triangle over a façade as it was drawn; pixels of the same picture as the elevation, y down.

    Attributes:
        left, apex, right: its outer corners.
        band: breadth of the raking cornices, square to them. ledge: height of the strip between the foot and the tympanum.
    """

    left: tuple[float, float]
    apex: tuple[float, float]
    right: tuple[float, float]
    band: float
    ledge: float = 0.0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Its bounds in pixels."""
        return self.left[0], self.apex[1], self.right[0], max(self.left[1], self.right[1])


class Raised:
    """A pediment in metres, standing on the eaves."""

    def __init__(self, drawn: Pediment, at, px_per_m: float, eaves_m: float):
        """`at` takes pixels to x and z in metres. Raises: DrawingError for a triangle without an inside."""
        (x0, z0), (x1, z1) = at(*drawn.left), at(*drawn.right)
        self.tip = at(*drawn.apex)
        self.foot = max(eaves_m, (z0 + z1) / 2)
        rise, half = self.tip[1] - self.foot, (x1 - x0) / 2
        if rise < 2 * LEAST_M or half < 2 * LEAST_M or not x0 < self.tip[0] < x1:
            raise DrawingError(f"The pediment at {tuple(round(v) for v in drawn.box)} px has no inside.")
        self.x0, self.x1, self.eaves = x0, x1, eaves_m
        inner = rise * half / (rise**2 + half**2) ** 0.5  # how deep the triangle is, square to its sides
        self.breadth = min(max(drawn.band / px_per_m, LEAST_M), MOST_M, SHARE * inner)
        self.ledge = min(drawn.ledge / px_per_m, 0.5 * self.breadth + 0.3 * rise) if drawn.ledge else 0.0

    def triangle(self, inset_m: float = 0.0):
        """Its outline with the raking sides moved inwards, and down to the eaves where its foot is drawn above them."""
        from shapely.geometry import Polygon

        (x, z), slopes = self.tip, []
        for end in (self.x0, self.x1):
            wide, tall = abs(x - end), z - self.foot
            slopes.append((inset_m * (wide**2 + tall**2) ** 0.5 / tall, tall / wide))
        left, right = self.x0 + slopes[0][0], self.x1 - slopes[1][0]
        # where the two moved sides meet
        (_, rising), (_, falling) = slopes
        middle = (rising * left + falling * right) / (rising + falling)
        return Polygon([(left, self.foot), (middle, self.foot + rising * (middle - left)), (right, self.foot)])

    def whole(self):
        """All that it takes up in the drawing, for the roof to be cut out along."""
        return self.triangle().union(rectangle(self.x0, self.eaves, self.x1, self.foot + GAP_M))

    def cornices(self, out_m: float) -> Geometry:
        """Raking cornices in three steps, the outermost nearest, and the strip at their foot; they stand out from y = 0.

        Args:
            out_m: how far the outermost step stands out.
        """
        parts: list[Geometry] = []
        above, at = rectangle(self.x0 - 1, self.foot, self.x1 + 1, self.tip[1] + 1), 0.0
        for share, deep in STEPS:
            end = at + share * self.breadth
            strip = self.triangle(at).difference(self.triangle(end)).intersection(above)
            parts.append(upright(prism(strip.buffer(-GAP_M / 2, join_style="mitre"), deep * out_m - GAP_M), -deep * out_m))
            at = end
        within = self.triangle(at + GAP_M)
        ledge = within.intersection(rectangle(self.x0, self.foot, self.x1, self.foot + self.ledge))
        if self.ledge > 0.02 and polygons(ledge):
            parts.append(upright(prism(ledge, LEDGE_OUT * out_m - GAP_M), -LEDGE_OUT * out_m))
        return joined(parts)
