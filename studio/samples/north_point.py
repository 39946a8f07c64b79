"""The north point in several hands: a plain arrow, one with half a head, one feathered through a circle, a star, a needle."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from studio.samples.pen import Pen

MANNERS = ("arrow", "half", "feathered", "star", "needle")


def draw_north(pen: Pen, x_px: float, y_px: float, length_px: float, degrees: float, manner: str = "arrow") -> None:
    """Draw it around a place of the finished sheet.

    Args:
        degrees: of north, clockwise from the sheet's top.
        manner: one of MANNERS; "feathered" has a circle and no letter, as plans of Pompeii do.
    """
    u, half = pen.px_per_m, length_px / 2
    angle = np.deg2rad(degrees)
    up, right = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
    middle = np.array([(x_px - pen.left) / u, (pen.base - y_px) / u])

    def at(along: float, across: float = 0.0) -> tuple[float, float]:
        """A place of the symbol, in halves of its length."""
        x, z = middle + (along * up + across * right) * half / u
        return float(x), float(z)

    drawn[manner](pen, at)
    if manner != "feathered":
        size = 0.32 * length_px
        x, y = pen.at(*at(1 + 1.15 * size / length_px * 1.2))
        pen.text("N", x, y, size, bold=0.03)


def _arrow(pen: Pen, at: Callable) -> None:
    pen.line([at(-1), at(0.7)], 1.1)
    pen.fill([at(1), at(0.55, -0.16), at(0.65), at(0.55, 0.16)])


def _half(pen: Pen, at: Callable) -> None:
    pen.line([at(-1), at(1)], 1.2)
    pen.fill([at(1), at(0.45, -0.2), at(0.45)])
    pen.line([at(-0.1, -0.35), at(-0.1, 0.35)], 0.9)


def _feathered(pen: Pen, at: Callable) -> None:
    pen.line([at(-1), at(0.85)], 1.1)
    pen.fill([at(1), at(0.72, -0.12), at(0.78), at(0.72, 0.12)])
    pen.line([at(0.45 * np.sin(t), 0.45 * np.cos(t)) for t in np.linspace(0, 2 * np.pi, 40)], 1.1, True)
    pen.line([at(0, -0.7), at(0, 0.7)], 0.9)
    for k in range(5):
        pen.line([at(-0.98 + 0.07 * k), at(-1.04 + 0.07 * k, -0.13)], 0.9)
        pen.line([at(-0.98 + 0.07 * k), at(-1.04 + 0.07 * k, 0.13)], 0.9)


def _star(pen: Pen, at: Callable) -> None:
    for turn, reach in ((0, 1.0), (1, 0.6), (2, 0.85), (3, 0.6)):
        def point(along: float, across: float, turn: int = turn) -> tuple[float, float]:
            a, b = ((along, across), (-across, along), (-along, -across), (across, -along))[turn]
            return at(a, b)

        pen.fill([point(reach, 0), point(0.15, 0.15), point(0, 0)])
        pen.line([point(reach, 0), point(0.15, -0.15), point(0, 0)], 0.9, True)


def _needle(pen: Pen, at: Callable) -> None:
    pen.fill([at(1), at(0, -0.16), at(0, 0.16)])
    pen.line([at(-1), at(0, -0.16), at(0, 0.16)], 0.9, True)
    pen.line([at(0.4 * np.sin(t), 0.4 * np.cos(t)) for t in np.linspace(0, 2 * np.pi, 40)], 0.9, True)


drawn = {"arrow": _arrow, "half": _half, "feathered": _feathered, "star": _star, "needle": _needle}
