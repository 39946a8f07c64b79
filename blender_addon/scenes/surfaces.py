"""The surfaces of a massing: what each kind of solid shows, laid in the plane of the drawing and weathered by its ledges."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from . import masonry
from .glazing import DARK
from .levels import linear_from_srgb
from .masonry import TABLE, Laid, Plane
from .massing import SURROUND_M, Elevation
from .model import Element, SceneModel
from .presets import Preset

OF_KIND = {
    "wall": "wall", "roof": "roof", "pane": "glass", "frame": "frame", "door": "door", "ground": "ground", "chimney": "chimney",
    "hollow": "hollow",
}  # fmt: skip
GRAVEL, GRASS = (152, 140, 117), (112, 117, 79)
CONTACT_M = 0.10  # how far down the falling ground the foot of a house darkens it, as it is seen
STREAK_M, DAMP_M = 1.1, 0.45  # how far rain carries dirt below a ledge, and damp rises
QUOIN_M = (0.55, 0.32, 0.30)  # long and short face, height
POST_M, STUD_M = 0.18, 1.15  # of a timber frame: width of its members, distance of its studs


@dataclass(frozen=True, eq=False)
class Surface:
    """What Blender is given of a material.

    Attributes:
        albedo: float32 [H, W, 3], linear, over the whole frame of the drawing.
        height: float32 [H, W], metres, or None where it is smooth.
        roughness, specular: 0…1.
    """

    albedo: np.ndarray
    height: np.ndarray | None
    roughness: float
    specular: float = 0.3


def surface_of(kind: str) -> str:
    """The surface that a kind of element shows."""
    return OF_KIND.get(kind, "trim")


def surfaces(drawn: Elevation, model: SceneModel, preset: Preset, *, side_px: int, seed: int) -> dict[str, Surface]:
    """Surfaces by name for a massing.

    Args:
        drawn, model: the reading and what was built of it.
        side_px: of the longer side of their pictures; twice the photograph's shows what it can show.
        seed: decides every lot.
    """
    plane = _plane(drawn, side_px, seed)
    by_kind: dict[str, list[Element]] = {}
    for one in model.elements:
        by_kind.setdefault(one.kind, []).append(one)
    wall, trim = masonry.wall(plane, preset.wall, _frame(drawn, by_kind)), masonry.dressed(plane, preset.wall)
    if preset.wall.bond in ("brick", "rubble", "plain"):
        wall = _quoined(plane, wall, trim, drawn)
    trim = _jointed(plane, trim, drawn)
    dirt = _dirt(plane, by_kind) * preset.wall.weathering
    tinted = np.array((0.62, 0.60, 0.56), np.float32)
    wall = Laid(wall.colour * (1 - dirt[..., None] * (1 - tinted)), wall.height)
    trim = Laid(trim.colour * (1 - 0.6 * dirt[..., None] * (1 - tinted)), trim.height)
    stack = masonry.wall(plane, preset.wall) if preset.wall.bond != "frame" else trim
    painted = np.float32(0.02) * plane.noise(0.05) + 1
    glazing = preset.glazing
    return {
        "wall": _surface(wall, preset.wall.roughness),
        "trim": _surface(trim, preset.wall.roughness),
        "chimney": _surface(Laid(stack.colour * np.float32(0.9), stack.height), 0.95),
        "roof": _surface(masonry.roof(plane, preset.roof), preset.roof.roughness),
        "glass": Surface(_linear(_glass(plane, by_kind.get("pane", []), glazing.glass)), None, 0.15, 0.5),
        "hollow": Surface(_linear(masonry.even(DARK, plane.shape) * (1 + 0.1 * plane.noise(0.4))[..., None]), None, 0.95),
        "frame": Surface(_linear(masonry.even(glazing.frame, plane.shape) * painted[..., None]), None, 0.5),
        "door": Surface(
            _linear(masonry.even(glazing.door, plane.shape) * (1 + 0.08 * plane.noise(0.03, 0.5))[..., None]), None, 0.5
        ),
        "ground": _surface(_ground(plane), 1.0),
    }


def _plane(drawn: Elevation, side_px: int, seed: int) -> Plane:
    width, height = drawn.size_px
    pixel = max(width, height) / drawn.px_per_m / side_px
    columns, rows = (max(8, round(side / drawn.px_per_m / pixel)) for side in (width, height))
    x = ((np.arange(columns) + 0.5) * width / drawn.px_per_m / columns)[None, :]
    z = (drawn.ground / drawn.px_per_m - (np.arange(rows) + 0.5) * height / drawn.px_per_m / rows)[:, None]
    rng = np.random.Generator(np.random.Philox(key=[seed, 6]))
    return Plane(x.astype(np.float32), z.astype(np.float32), pixel, rng, rng.random((TABLE, TABLE), np.float32))


def _surface(laid: Laid, roughness: float) -> Surface:
    return Surface(_linear(laid.colour), laid.height, roughness)


def _linear(colour: np.ndarray) -> np.ndarray:
    return linear_from_srgb(np.clip(colour, 0.01, 0.95)).astype(np.float32)


def _inside(plane: Plane, x0: float, z0: float, x1: float, z1: float) -> np.ndarray:
    """How much of each pixel lies in a rectangle, 0…1."""
    across = np.clip(np.minimum(plane.x - x0, x1 - plane.x) / plane.pixel_m + 0.5, 0, 1)
    return across * np.clip(np.minimum(plane.z - z0, z1 - plane.z) / plane.pixel_m + 0.5, 0, 1)


def _dirt(plane: Plane, by_kind: dict[str, list[Element]]) -> np.ndarray:
    """Where rain and ground have left their marks, 0…1: streaks under ledges, damp at the foot, clouds everywhere."""
    streaks = np.clip(0.55 + 0.35 * plane.noise(0.07, 2.5), 0, 1.4)
    dirt = np.clip(0.10 + 0.10 * plane.noise(2.2), 0, 1) + 0.5 * np.exp(-np.maximum(plane.z, 0) / DAMP_M)
    for kind, strength, reach in (("sill", 0.75, STREAK_M), ("cornice", 0.5, STREAK_M), ("string", 0.35, 0.6 * STREAK_M)):
        for one in by_kind.get(kind, []):
            (x0, _, z0), (x1, _, _) = one.bounds
            below = z0 - plane.z
            fall = np.where(below >= 0, np.exp(-np.maximum(below, 0) / reach), 0)
            across = np.clip(np.minimum(plane.x - x0, x1 - plane.x) / 0.08 + 0.5, 0, 1)
            dirt = dirt + strength * fall * across * streaks
    return np.clip(dirt, 0, 1).astype(np.float32)


def _quoined(plane: Plane, wall: Laid, trim: Laid, drawn: Elevation) -> Laid:
    """Dressed stones at both corners, long and short by turns."""
    long, short, tall = QUOIN_M
    (x0, top), (x1, _) = drawn.at(*drawn.wall[:2]), drawn.at(*drawn.wall[2:])
    row = np.floor(plane.z / tall).astype(int)
    wide = np.where(row % 2 == 0, long, short)
    near = np.minimum(np.maximum(plane.x - x0, 0), np.maximum(x1 - plane.x, 0))
    stone = np.clip((wide - near) / plane.pixel_m + 0.5, 0, 1) * (plane.z < top)
    level = masonry.cover(masonry.from_joint(plane.z / tall) * tall, 0.012, plane.pixel_m)
    side = masonry.cover(np.abs(near - wide), 0.012, plane.pixel_m)
    joint = np.maximum(level * stone, side)[..., None]
    lighter = 1 + 0.06 * (masonry.lot(plane, row, (near > 1e9).astype(int)) - 0.5)
    colour = wall.colour * (1 - stone[..., None]) + trim.colour * lighter[..., None] * stone[..., None]
    return Laid(colour * (1 - 0.35 * joint), wall.height * (1 - stone) + (wall.height.max() + 0.008) * stone)


def _jointed(plane: Plane, trim: Laid, drawn: Elevation) -> Laid:
    """Voussoirs: the joints of surrounds run to the middle of an arch, or fan out over a straight head."""
    joint = np.zeros(plane.shape, np.float32)
    for opening in drawn.openings:
        x0, z1 = drawn.at(*opening.box[:2])
        x1, z0 = drawn.at(*opening.box[2:])
        middle, wide = (x0 + x1) / 2, x1 - x0
        centre = z1 - wide / 2 if opening.outline else z1 - 1.6 * wide
        dx, dz = plane.x - middle, plane.z - centre
        far = np.hypot(dx, dz)
        pitch = 0.26 / max(0.2, wide / 2 if opening.outline else 1.6 * wide)  # voussoirs a quarter of a metre wide
        angle = np.arctan2(dx, dz)
        line = masonry.cover(masonry.from_joint(angle / pitch + 0.5) * pitch * far, 0.010, plane.pixel_m)
        low = centre if opening.outline else z1
        over = _inside(plane, x0 - SURROUND_M, low, x1 + SURROUND_M, z1 + 2 * SURROUND_M)
        beside = _inside(plane, x0 - SURROUND_M, z0, x0, low) + _inside(plane, x1, z0, x1 + SURROUND_M, low)
        level = masonry.cover(masonry.from_joint((plane.z - low) / 0.34) * 0.34, 0.010, plane.pixel_m)
        joint = np.maximum(joint, np.maximum(line * over, level * np.clip(beside, 0, 1)))
    return Laid(trim.colour * (1 - 0.4 * joint[..., None]), trim.height - 0.004 * joint)


def _frame(drawn: Elevation, by_kind: dict[str, list[Element]]) -> list[tuple[float, float, float, float]]:
    """The members of a timber frame: sole, plate and rails, posts beside openings, studs between them."""
    (x0, top), (x1, _) = drawn.at(*drawn.wall[:2]), drawn.at(*drawn.wall[2:])
    holes = [one.bounds for kind in ("pane", "door") for one in by_kind.get(kind, [])]
    rows = sorted({round(float(b[0, 2]), 1) for b in holes if b[0, 2] > 1.8})
    rails = [0.0, *[row - 0.75 for row in rows], top - POST_M]
    rails = [z for number, z in enumerate(rails) if number == 0 or z - rails[number - 1] > 1.2 or z == rails[-1]]
    members = [(x0, z, x1, z + POST_M) for z in rails]
    for low, high in pairwise(rails):
        row = [b for b in holes if low < (b[0, 2] + b[1, 2]) / 2 < high]
        posts = [x0, x1 - POST_M] + [x for b in row for x in (float(b[0, 0]) - POST_M, float(b[1, 0]))]
        for b in row:
            left, right = float(b[0, 0]), float(b[1, 0])
            heights = (float(b[0, 2]) - 0.75 * POST_M, float(b[1, 2]))
            members += [(left - POST_M, z, right + POST_M, z + 0.75 * POST_M) for z in heights]
        for x in np.arange(x0 + STUD_M, x1 - STUD_M / 2, STUD_M).tolist():
            if all(abs(x - post) > 0.55 for post in posts) and not any(b[0, 0] < x + POST_M and x < b[1, 0] for b in row):
                posts.append(x)
        members += [(x, low, x + POST_M, high) for x in posts]
    return members


def _glass(plane: Plane, panes: list[Element], colours) -> np.ndarray:
    """Dark panes in which the sky lies: lighter towards the head, each light a little out of true."""
    place = np.full(plane.shape, 0.35, np.float32)
    for one in panes:
        (x0, _, z0), (x1, _, z1) = one.bounds
        inside = (plane.x >= x0 - 0.05) & (plane.x <= x1 + 0.05) & (plane.z >= z0 - 0.05) & (plane.z <= z1 + 0.05)
        rise = np.clip((plane.z - z0) / max(0.1, z1 - z0), 0, 1) ** 1.5
        place = np.where(
            inside, 0.75 * rise + 0.12 * (x1 - plane.x) / max(0.1, x1 - x0) + 0.25 * (plane.rng.random() - 0.5), place
        )
    light = masonry.lot(plane, np.floor(plane.z / 0.5).astype(int), np.floor(plane.x / 0.4).astype(int)) - 0.5
    clouds = 0.10 * plane.noise(0.6, 0.25)
    return masonry.between(colours, np.clip(place + 0.22 * light + clouds, 0, 1))


def _ground(plane: Plane) -> Laid:
    """Gravel before the house and grass before the gravel, foreshortened as the ground is."""
    deep = max(0.3, -float(plane.z.min()))
    grass = np.clip((-plane.z / deep - 0.45) * 6 + 0.35 * plane.noise(0.8, 0.08), 0, 1)[..., None]
    grain = plane.noise(0.08, 0.02)
    gravel = masonry.even(GRAVEL, plane.shape) * (1 + 0.05 * grain + 0.04 * plane.noise(1.5, 0.15))[..., None]
    blades = masonry.even(GRASS, plane.shape) * (1 + 0.12 * plane.noise(0.06, 0.06) + 0.08 * plane.noise(0.9, 0.1))[..., None]
    contact = 1 - 0.45 * np.exp(-np.maximum(-plane.z, 0) / CONTACT_M)[..., None]
    return Laid((gravel * (1 - grass) + blades * grass) * contact, (0.006 * grain).astype(np.float32))
