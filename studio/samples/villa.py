"""A house that is no box: an apse with a curved wall, a canted bay, columns, and a door right in the corner of a room."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from studio.samples.building import Box, Building, Opening, Outline, building


def villa(seed: int) -> Building:
    """House number `seed` with an apse to the west, a canted bay to the east, columns, and a door in a corner."""
    house = building(seed)
    r = np.random.default_rng([seed, 7])
    apse, apse_openings = _apse(house, r)
    bay, bay_openings = _bay(house, r)
    doors = [_into_the_corner(o, house) if k == 0 else o for k, o in enumerate(o for o in house.openings if _is_cross_door(o))]
    others = [o for o in house.openings if not _is_cross_door(o)]
    spine = house.walls[4]
    rows = int(r.integers(2, 5))
    y = (spine[3] + house.depth - house.thick) / 2
    shape, radius = str(r.choice(["round", "square"])), round(float(r.uniform(0.16, 0.28)), 2)
    cuts = [(x0, x1) for x0, y0, x1, _ in house.walls[5:] if abs(y0 - spine[3]) < 1e-6]
    places = np.linspace(house.thick, house.width - house.thick, rows + 2)[1:-1]
    free = [float(x) for x in places if all(x < x0 - 0.8 or x > x1 + 0.8 for x0, x1 in cuts)]
    return replace(
        house, outlines=(*apse, *bay), columns=tuple((x, y, radius, shape) for x in free),
        openings=(*others, *doors, *apse_openings, *bay_openings),
    )  # fmt: skip


def _is_cross_door(o: Opening) -> bool:
    return o.side == "I" and o.box[2] - o.box[0] < o.box[3] - o.box[1]


def _into_the_corner(o: Opening, house: Building) -> Opening:
    """The door moved along its wall until it touches the spine."""
    x0, y0, x1, y1 = o.box
    spine, high = house.walls[4], y1 - y0
    return replace(o, box=(x0, spine[1] - high, x1, spine[1]) if y1 < spine[3] else (x0, spine[3], x1, spine[3] + high))


def _apse(house: Building, r) -> tuple[list[Outline], list[Opening]]:
    """Half a ring before the west wall, a window in its middle, an arch into the house."""
    t, radius = house.thick, round(float(r.uniform(1.4, 1.75)), 2)
    y = house.walls[4][1] / 2 + 0.1
    angles = np.linspace(np.pi / 2, 3 * np.pi / 2, 49)
    outer = [(radius * np.cos(a), y + radius * np.sin(a)) for a in angles]
    inner = [((radius - t) * np.cos(a), y + (radius - t) * np.sin(a)) for a in angles[::-1]]
    half = 0.45 / radius
    quad = tuple(_polar(y, rho, np.pi + sign * half) for rho, sign in
                 ((radius, -1), (radius, 1), (radius - t, 1), (radius - t, -1)))  # fmt: skip
    wide = min(0.55, 0.7 * (radius - t))
    arch = Opening("door", "A", (0.0, y - wide, t, y + wide))
    return [tuple(outer + inner)], [Opening("window", "W", _around(quad), quad), arch]


def _polar(y: float, rho: float, angle: float) -> tuple[float, float]:
    return float(rho * np.cos(angle)), float(y + rho * np.sin(angle))


def _bay(house: Building, r) -> tuple[list[Outline], list[Opening]]:
    """Three walls before the east wall, two of them oblique, each with a window; the wall behind them is opened."""
    t, out = house.thick, round(float(r.uniform(1.1, 1.5)), 2)
    y = house.walls[4][1] / 2 + 0.1
    long = 1.75
    corners = [(house.width, y - long), (house.width + out, y - long + 0.9 * out * 0.7),
               (house.width + out, y + long - 0.9 * out * 0.7), (house.width, y + long)]  # fmt: skip
    walls, openings = [], []
    for a, b in pairwise(corners):
        a_, b_ = np.asarray(a), np.asarray(b)
        along = (b_ - a_) / np.hypot(*(b_ - a_))
        inward = np.array([-along[1], along[0]]) * t
        length = float(np.hypot(*(b_ - a_)))
        # Each wall runs on into its neighbours, so that no notch is left at the outer corners.
        walls.append(_outline(a_, b_, b_ + inward + 0.25 * t * along, a_ + inward - 0.25 * t * along))
        half = min(0.45, 0.24 * length)
        middle = (a_ + b_) / 2
        left, right = middle - half * along, middle + half * along
        quad = _outline(left, right, right + inward, left + inward)
        openings.append(Opening("window", "E", _around(quad), quad))
    arch = Opening("door", "A", (house.width - t, y - 0.75, house.width, y + 0.75))
    return walls, [*openings, arch]


def _outline(*points: np.ndarray) -> Outline:
    return tuple((float(x), float(y)) for x, y in points)


def _around(quad) -> Box:
    xs, ys = [p[0] for p in quad], [p[1] for p in quad]
    return min(xs), min(ys), max(xs), max(ys)
