"""Small houses as pattern books show them: walls of boards, thin on the sheet, and all that is drawn in their rooms."""

from __future__ import annotations

import numpy as np

from studio.samples.building import Box, Building, building
from studio.samples.pen import Pen
from studio.samples.plan_drawing import rooms_of

PX_PER_M = 28.0  # walls of four to six pixels, as where two plans stand on a scan of 800
NAMES = ("Kitchen", "Dining Rm", "Parlor", "Chamber", "Bed Rm", "Hall", "Library", "Bath")


def cottage(seed: int) -> Building:
    """House number `seed` with walls of studs and boards, 18 to 22 cm outside and 13 to 17 cm inside."""
    r = np.random.default_rng([seed, 11])
    return building(seed, (round(float(r.uniform(0.18, 0.22)), 2), round(float(r.uniform(0.13, 0.17)), 2)))


def furnish(pen: Pen, b: Building) -> None:
    """Stairs, tubs, ranges, beds, chimney breasts and names in the rooms of a plan, and a porch of single lines."""
    r = np.random.default_rng([b.seed, 13])
    pieces = [_stair, _tub, _range, _bed, _chimney]
    for k, i in enumerate(r.permutation(len(rooms_of(b)))):
        room = rooms_of(b)[int(i)]
        pieces[k % len(pieces)](pen, room)
        name = NAMES[int(r.integers(len(NAMES)))]
        x, y = pen.at((room[0] + room[2]) / 2, (room[1] + room[3]) / 2)
        pen.text(name, x, y, 0.5 * pen.px_per_m, 0.05)
        pen.text(f"{r.integers(9, 17)}x{r.integers(9, 17)}", x, y + 0.55 * pen.px_per_m, 0.32 * pen.px_per_m)
    porch = (0.15 * b.width, -1.6, 0.85 * b.width, 0.0)
    pen.rectangle(*porch, 0.8)
    for x in (porch[0], porch[2] - 0.35):
        pen.rectangle(x, porch[1], x + 0.35, porch[1] + 0.35, 0.8)


def _stair(pen: Pen, room: Box) -> None:
    """A flight along the back wall: treads closer than a wall is long, and as far apart as some walls are thick."""
    x0, _, x1, y1 = room
    end = min(x1, x0 + 12 * 0.26)
    pen.line([(x0, y1 - 0.95), (end, y1 - 0.95)], 0.9)
    for x in np.arange(x0 + 0.26, end + 0.01, 0.26):
        pen.line([(x, y1 - 0.95), (x, y1)], 0.8)


def _tub(pen: Pen, room: Box) -> None:
    x, y = room[0], room[1]
    pen.rectangle(x, y, x + 1.75, y + 0.8, 0.9)
    around = np.linspace(-np.pi / 2, np.pi / 2, 9)
    head = [(x + 1.35 + 0.27 * float(np.cos(a)), y + 0.4 + 0.27 * float(np.sin(a))) for a in around]
    pen.line([(x + 0.15, y + 0.13), *head, (x + 0.15, y + 0.67)], 0.9, True)
    pen.rectangle(x, y + 1.2, x + 0.45, y + 1.75, 0.9)


def _range(pen: Pen, room: Box) -> None:
    x, y = room[0], room[3]
    pen.rectangle(x, y - 0.6, x + 1.9, y, 0.9)
    pen.line([(x + 0.75, y - 0.6), (x + 0.75, y)], 0.9)
    for k in range(2):
        pen.rectangle(x + 0.9 + 0.45 * k, y - 0.45, x + 1.2 + 0.45 * k, y - 0.15, 0.9)


def _bed(pen: Pen, room: Box) -> None:
    x, y = room[2], room[1]
    pen.rectangle(x - 2.0, y + 0.25, x, y + 1.65, 0.9)
    pen.rectangle(x - 1.3, y + 1.9, x, y + 2.35, 0.9)


def _chimney(pen: Pen, room: Box) -> None:
    """A breast on the left wall with its flues, and a hearth of tiles before it."""
    x, y = room[0], (room[1] + room[3]) / 2 + 0.6
    pen.rectangle(x, y, x + 0.5, y + 1.5, 1.0)
    for z in (y + 0.12, y + 1.12):
        pen.rectangle(x + 0.12, z, x + 0.38, z + 0.26, 0.8)
    for k in range(5):
        pen.line([(x + 0.5 + 0.15 * k, y), (x + 0.5 + 0.15 * k, y + 1.5)], 0.5)
    for k in range(11):
        pen.line([(x + 0.5, y + 0.15 * k), (x + 1.1, y + 0.15 * k)], 0.5)
