"""How walls and roofs are laid: colours and heights of every piece in the plane of a drawing, in metres, by numpy alone.

Each bond takes the places of the pixels and gives `Laid`. Joints thinner than a pixel are drawn by the share of it that they
cover, so that a brick wall far off becomes an even tone and no moiré.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .presets import Roof, Wall

TABLE = 256  # pieces before their lot repeats


@dataclass(frozen=True, eq=False)
class Plane:
    """The plane of a drawing, sampled.

    Attributes:
        x, z: float32 [1, W] and [H, 1], metres, of the pixels' middles; z upwards. pixel_m: side of a pixel.
        rng: lots; one generator for a whole surface.
        lots: float32 [TABLE, TABLE], 0…1: what each piece draws.
    """

    x: np.ndarray
    z: np.ndarray
    pixel_m: float
    rng: np.random.Generator
    lots: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.z.shape[0], self.x.shape[1]

    def noise(self, across_m: float, along_m: float | None = None) -> np.ndarray:
        """Smooth noise of unit variance with structures of a size, wide and tall; float32 [H, W].

        Lots on a grid of half a structure, spread by bell curves: two matrix products, quick where structures are large.
        """
        height, width = self.shape
        spreads = []
        for count, size in ((height, along_m if along_m is not None else across_m), (width, across_m)):
            cell = max(1.0, size / self.pixel_m / 2)  # px
            nodes = np.arange(int(np.ceil(count / cell)) + 5) - 2
            far = (np.arange(count)[:, None] + 0.5) / cell - nodes[None, :]
            bell = np.exp(-1.4 * far**2)  # down to a quarter at the next lot: no grid is seen, and no structure is lost
            spreads.append((bell / np.sqrt((bell**2).sum(1, keepdims=True))).astype(np.float32))
        rows, columns = spreads
        lots = self.rng.standard_normal((rows.shape[1], columns.shape[1]), np.float32)
        return (rows @ lots) @ columns.T


@dataclass(frozen=True, eq=False)
class Laid:
    """What a bond gives: float32 [H, W, 3] of sRGB 0…1 and float32 [H, W] of metres."""

    colour: np.ndarray
    height: np.ndarray


def wall(plane: Plane, kind: Wall, frame: list[tuple[float, float, float, float]] | None = None) -> Laid:
    """A wall's face.

    Args:
        frame: for timber, its members: x0, z0, x1, z1 of upright and level ones, metres.
    """
    if kind.bond == "rubble":
        return _rubble(plane, kind)
    if kind.bond == "plain":
        return _plain(plane, kind)
    if kind.bond == "frame":
        return _timber(plane, kind, frame or [])
    return _coursed(plane, kind)


def roof(plane: Plane, kind: Roof) -> Laid:
    """A roof's face as it is seen from straight ahead: courses are foreshortened by the pitch."""
    rise = kind.course_m * np.sin(np.radians(kind.pitch))
    if kind.cover == "thatch":
        strands = plane.noise(0.03, 0.45)
        layers = np.abs((plane.z / rise) % 1.0 - 0.5) * 2 + 0.15 * plane.noise(0.3, 0.1)
        tone = 0.06 * strands + 0.03 * plane.noise(0.8, 0.4) + 0.05 * (layers - 0.5)
        colour = between(kind.colours, np.clip(0.5 + 0.35 * plane.noise(0.25, 0.6), 0, 1)) * (1 + tone)[..., None]
        return Laid(colour, kind.bump_m * (0.35 * strands + 0.4 * layers).astype(np.float32))
    row = np.floor(plane.z / rise).astype(int)
    share = (plane.z / rise - row).astype(np.float32)  # 0 at a course's lower edge
    offset = 0.5 * (row % 2) if kind.cover == "slates" else 0.0 * row
    along = plane.x / kind.piece_m + offset + 0.04 * lot(plane, row, row * 0)
    column = np.floor(along).astype(int)
    colour = _pieces(plane, kind.colours, row, column, 0.06)
    edge = cover(share * rise, 0.012, plane.pixel_m)  # the shadow under each course
    if kind.cover == "tiles":
        wave = np.abs(np.sin(np.pi * along)).astype(np.float32)
        height = kind.bump_m * (1.2 * wave + 0.4 * (1 - share))
        colour = colour * (0.78 + 0.22 * wave)[..., None]
    else:
        gap = cover(np.abs(along - np.round(along)) * kind.piece_m, 0.006, plane.pixel_m)
        height = kind.bump_m * (1 - share) + 0 * gap
        colour = colour * (1 - 0.35 * gap)[..., None]
    mottled = 1 + 0.05 * plane.noise(0.9) * kind.weathering
    return Laid(
        colour * (1 - 0.45 * edge)[..., None] * mottled[..., None], np.broadcast_to(height, plane.shape).astype(np.float32)
    )


def dressed(plane: Plane, kind: Wall) -> Laid:
    """Smooth stone or wood of bands, sills and surrounds: its own tone, faint tooling."""
    grain = plane.noise(0.02, 0.2) if kind.bond == "frame" else plane.noise(0.05)
    colour = even(kind.trim, plane.shape) * (1 + 0.025 * grain + 0.03 * plane.noise(0.8))[..., None]
    return Laid(colour, (0.0006 * grain).astype(np.float32))


def _coursed(plane: Plane, kind: Wall) -> Laid:
    """Courses of even height: ashlar with pieces of many lengths, brick in Flemish bond."""
    row = np.floor(plane.z / kind.course_m).astype(int)
    level = from_joint(plane.z / kind.course_m) * kind.course_m
    if kind.bond == "brick":
        header, pair = 0.5 * kind.piece_m[0], 1.5 * kind.piece_m[0]
        along = plane.x / pair + 0.5 * (row % 2)
        share = along - np.floor(along)
        limit = header / pair
        column = 2 * np.floor(along).astype(int) + (share > limit)
        upright = np.minimum(np.minimum(share, 1 - share), np.abs(share - limit)) * pair
    else:
        mean = sum(kind.piece_m) / 2
        along = plane.x / mean + lot(plane, row, row * 0)
        column = np.floor(along).astype(int)
        spread = (kind.piece_m[1] - kind.piece_m[0]) / mean / 2
        # each joint is moved from its even place by a lot of its own
        left, right = (column + side + spread * (lot(plane, row, column + side) - 0.5) for side in (0, 1))
        upright = np.minimum(np.abs(along - left), np.abs(along - right)) * mean
        column = np.where(along < left, column - 1, np.where(along > right, column + 1, column))
    joint = np.maximum(cover(level, kind.joint_m, plane.pixel_m), cover(upright, kind.joint_m, plane.pixel_m))
    colour = _pieces(plane, kind.colours, row, column, 0.05)
    colour = colour * (1 + 0.02 * plane.noise(0.03) + 0.025 * plane.noise(0.25))[..., None]
    colour = colour * (1 - joint[..., None]) + even(kind.joint, plane.shape) * joint[..., None]
    tilt = 0.3 * (lot(plane, row + 7, column + 3) - 0.5)
    height = kind.bump_m * (1 - joint) + kind.bump_m * tilt + 0.0008 * plane.noise(0.04)
    return Laid(colour, height.astype(np.float32))


def _rubble(plane: Plane, kind: Wall) -> Laid:
    """Stones as they came, roughly level: cells around points of a loose grid. Source: Worley 1996."""
    wide, tall = sum(kind.piece_m) / 2, kind.course_m
    u = plane.x / wide + 0 * plane.z + 0.10 * plane.noise(0.25)
    v = plane.z / tall + 0 * plane.x + 0.10 * plane.noise(0.25)
    first = np.full(plane.shape, 9.0, np.float32)
    second, row, column = first.copy(), np.zeros(plane.shape, int), np.zeros(plane.shape, int)
    base_u, base_v = np.floor(u).astype(int), np.floor(v).astype(int)
    for dv in (-1, 0, 1):
        for du in (-1, 0, 1):
            cu, cv = base_u + du, base_v + dv
            pu = cu + 0.5 + 0.7 * (lot(plane, cv, cu) - 0.5) + 0.5 * (cv % 2)
            pv = cv + 0.5 + 0.45 * (lot(plane, cv + 91, cu + 17) - 0.5)
            far = (((u - pu) * wide) ** 2 * 0.55 + ((v - pv) * tall) ** 2) ** 0.5 / tall
            nearer = far < first
            second = np.where(nearer, first, np.minimum(second, far))
            row, column = np.where(nearer, cv, row), np.where(nearer, cu, column)
            first = np.where(nearer, far, first)
    inside = (second - first) * tall / 2
    joint = cover(inside, kind.joint_m, plane.pixel_m)
    colour = (
        _pieces(plane, kind.colours, row, column, 0.06) * (1 + 0.05 * plane.noise(0.06) + 0.04 * plane.noise(0.4))[..., None]
    )
    colour = colour * (1 - joint[..., None]) + even(kind.joint, plane.shape) * joint[..., None]
    height = kind.bump_m * np.sqrt(np.clip(inside / (0.35 * tall), 0, 1)) + 0.003 * plane.noise(0.05)
    return Laid(colour, height.astype(np.float32))


def _plain(plane: Plane, kind: Wall) -> Laid:
    """Lime render: clouds of tone, the hand of the float, here and there a patch."""
    clouds, floated = plane.noise(1.6, 1.1), plane.noise(0.10, 0.05)
    patches = np.clip(plane.noise(0.9) - 1.3, 0, 0.6)
    colour = between(kind.colours, np.clip(0.5 + 0.4 * clouds, 0, 1))
    colour = colour * (1 + 0.018 * clouds + 0.012 * floated - 0.10 * patches)[..., None]
    return Laid(colour, (kind.bump_m * (0.35 * floated + 0.6 * plane.noise(0.5))).astype(np.float32))


def _timber(plane: Plane, kind: Wall, frame: list[tuple[float, float, float, float]]) -> Laid:
    """Oak members before limed panels."""
    panels = _plain(plane, kind)
    wood = np.zeros(plane.shape, np.float32)
    for x0, z0, x1, z1 in frame:
        across = np.clip(np.minimum(plane.x - x0, x1 - plane.x) / plane.pixel_m + 0.5, 0, 1)
        along = np.clip(np.minimum(plane.z - z0, z1 - plane.z) / plane.pixel_m + 0.5, 0, 1)
        wood = np.maximum(wood, across * along)
    grain = 0.09 * plane.noise(0.02, 0.3) + 0.07 * plane.noise(0.3, 0.02) + 0.05 * plane.noise(0.5)
    oak = even(kind.joint, plane.shape) * (1.05 + grain)[..., None]
    colour = panels.colour * (1 - wood[..., None]) + oak * wood[..., None]
    return Laid(colour, (0.3 * panels.height + kind.bump_m * wood).astype(np.float32))


def _pieces(plane: Plane, colours, row: np.ndarray, column: np.ndarray, spread: float) -> np.ndarray:
    """A colour for each piece by lot, and a little lighter or darker than its neighbours."""
    chosen = np.array(colours, np.float32)[(lot(plane, row, column) * len(colours)).astype(int) % len(colours)] / 255
    return chosen * (1 + spread * (2 * lot(plane, row + 31, column + 57) - 1))[..., None].astype(np.float32)


def lot(plane: Plane, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """A number 0…1 for each piece, float32: the same wherever one asks for it."""
    return plane.lots[row % TABLE, column % TABLE]


def cover(distance: np.ndarray, width: float, pixel: float) -> np.ndarray:
    """How much of a pixel a line of a width covers whose middle lies at a distance, 0…1."""
    return np.clip(((width + pixel) / 2 - distance) / pixel, 0, min(1.0, width / pixel)).astype(np.float32)


def from_joint(share: np.ndarray) -> np.ndarray:
    """Distance of places to the nearest whole number, 0…½."""
    return np.abs(share - np.round(share))


def between(colours, place: np.ndarray) -> np.ndarray:
    """Colours of a list at places 0…1, between neighbours linearly; float32 [H, W, 3], 0…1."""
    at = np.linspace(0, 1, len(colours))
    table = np.array(colours, np.float32) / 255
    return np.stack([np.interp(place, at, table[:, channel]) for channel in range(3)], -1).astype(np.float32)


def even(colour, shape: tuple[int, int]) -> np.ndarray:
    """One colour everywhere, float32 [H, W, 3], 0…1."""
    return np.broadcast_to(np.array(colour, np.float32) / 255, (*shape, 3))
