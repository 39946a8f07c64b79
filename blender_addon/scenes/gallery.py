"""A room made to the measure of one picture, which hangs in it at its true size. Needs numpy alone, so Blender can build it."""

from __future__ import annotations

import numpy as np

from ..errors import MeasureError
from .model import Author, Element, Evidence, Focus, Light, Plate, SceneModel
from .solids import box, joined, moulding, plate, shifted
from .texture import Texture

CENTRE_M = 1.55  # the middle of a picture at the height of the eye, museum custom
WALL_M = 0.2
PLASTER, OAK, GILT, IRON = (0.86, 0.85, 0.82), (0.55, 0.42, 0.30), (0.62, 0.49, 0.26), (0.12, 0.12, 0.13)
RULE = (Evidence(note="room made to the picture's measure by rule; it stands for no room that existed"),)


def gallery(
    pixels: np.ndarray | Texture,
    *,
    width_m: float,
    level: int = 1,
    author: Author = "drawing",
    source_sha256: str = "",
    framed: bool = True,
    label: np.ndarray | Texture | None = None,
    name: str = "gallery",
) -> SceneModel:
    """Hang a picture at its true size, its middle at 1.55 m, in a closed room with floor, skirting, bench and picture lights.

    Args:
        pixels: uint8 or uint16 [H, W] or [H, W, 3|4], or a Texture that is already encoded (and marked).
        width_m: true width of the picture; its height follows from its proportions.
        level, author: of what the picture shows: (1, "drawing") for an untouched original, (7, "AI") for a model's work.
        source_sha256: digest of the picture's file.
        framed: a gilt frame around the picture.
        label: the words for the wall, hung to the right of the picture, 21 cm wide.
    Raises: MeasureError when the width is not between 1 cm and 50 m.
    """
    if not 0.01 <= width_m <= 50:
        raise MeasureError(f"The picture is said to be {width_m} m wide; a room can be built for 0.01 to 50 m.")
    texture = pixels if isinstance(pixels, Texture) else Texture.from_pixels(pixels)
    height_m = width_m * texture.height / texture.width
    room = Room.around(width_m, height_m)
    band = min(max(0.035, 0.05 * max(width_m, height_m)), 0.12) if framed else 0.0
    center = (0.0, -0.02, room.centre_m)
    evidence = (Evidence(source_sha256, (0, 0, texture.width, texture.height), "the whole picture at its true size"),)
    picture = plate("plate-picture", texture, center=center, right=(1, 0, 0), up=(0, 0, 1), width_m=width_m, height_m=height_m,
                    level=level, author=author, thickness_m=0.02, evidence=evidence, material="canvas")  # fmt: skip
    plates: tuple[Plate, ...] = (picture,)
    if label is not None:
        words = label if isinstance(label, Texture) else Texture.from_pixels(label)
        tall = 0.21 * words.height / words.width
        plates += (plate("plate-label", words, center=(width_m / 2 + band + 0.35, -0.005, max(1.45, 0.3 + tall / 2)),
                         right=(1, 0, 0), up=(0, 0, 1), width_m=0.21, height_m=tall, level=1, author="person", kind="label",
                         thickness_m=0.005, evidence=(Evidence(note="the label itself"),)),)  # fmt: skip
    elements = [*_shell(room), *_skirting(room), _bench(room), *_lamps(room, width_m)]
    if framed:
        elements.append(_frame(width_m, height_m, band, room.centre_m))
    return SceneModel(
        name, tuple(elements), plates, _lights(room, width_m, height_m),
        Focus(center, (1.3 * (width_m + 2 * band), 1.3 * (height_m + 2 * band)), room_m=room.depth_m - 0.4),
        (f"The picture hangs {width_m:.3f} m × {height_m:.3f} m, its middle {room.centre_m:.2f} m above the floor.",
         "The room, its frame and its furniture are rules (level 6); they record no place."),
    ).check()  # fmt: skip


class Room:
    """Inner measures in metres: x from −width/2 to width/2, y from −depth to 0 (the picture's wall), z from 0 to height."""

    def __init__(self, width_m: float, depth_m: float, height_m: float, centre_m: float):
        self.width_m, self.depth_m, self.height_m, self.centre_m = width_m, depth_m, height_m, centre_m

    @classmethod
    def around(cls, width_m: float, height_m: float) -> Room:
        """Wide enough to breathe, deep enough to step back until the whole picture fits a 16:9 view of 40°."""
        centre = max(CENTRE_M, height_m / 2 + 0.35)
        away = 1.4 * max(width_m, 16 / 9 * height_m) / (2 * np.tan(np.radians(20)))
        return cls(max(5.0, 1.9 * width_m + 2.0), max(5.0, away + 1.2), max(3.2, centre + height_m / 2 + 1.0), centre)


def _shell(room: Room) -> list[Element]:
    """Floor, four walls, and a ceiling around a lit lay-light, none overlapping another."""
    w, d, h, t = room.width_m / 2, room.depth_m, room.height_m, WALL_M
    light_w, light_d = 0.5 * w, 0.3 * d  # half sizes of the lay-light
    back, front = -d / 2 - light_d, -d / 2 + light_d
    walls = {
        "wall-north": ((-w - t, 0, 0), (w + t, t, h)),
        "wall-south": ((-w - t, -d - t, 0), (w + t, -d, h)),
        "wall-west": ((-w - t, -d, 0), (-w, 0, h)),
        "wall-east": ((w, -d, 0), (w + t, 0, h)),
    }
    ceiling = {
        "ceiling-south": ((-w - t, -d - t, h), (w + t, back, h + t)),
        "ceiling-north": ((-w - t, front, h), (w + t, t, h + t)),
        "ceiling-west": ((-w - t, back, h), (-light_w, front, h + t)),
        "ceiling-east": ((light_w, back, h), (w + t, front, h + t)),
    }
    return [
        _part("floor", "floor", box((-w - t, -d - t, -t), (w + t, t, 0)), "wood", OAK, 0.55),
        *(_part(key, "wall", box(*corners), "plaster", PLASTER) for key, corners in walls.items()),
        *(_part(key, "ceiling", box(*corners), "plaster", (0.9, 0.9, 0.89)) for key, corners in ceiling.items()),
        _part("lay-light", "lamp", box((-light_w, back, h + 0.1), (light_w, front, h + t)), "glass", (0.97, 0.97, 0.95), 0.4),
    ]


def _skirting(room: Room) -> list[Element]:
    w, d, high, thick = room.width_m / 2, room.depth_m, 0.10, 0.015
    bars = {
        "skirting-north": ((-w, -thick, 0), (w, 0, high)),
        "skirting-south": ((-w, -d, 0), (w, -d + thick, high)),
        "skirting-west": ((-w, -d + thick, 0), (-w + thick, -thick, high)),
        "skirting-east": ((w - thick, -d + thick, 0), (w, -thick, high)),
    }
    return [_part(key, "skirting", box(*corners), "wood", (0.80, 0.79, 0.76), 0.6) for key, corners in bars.items()]


def _bench(room: Room) -> Element:
    """Under the line of sight, where a visitor sits to look."""
    y = -0.62 * room.depth_m
    seat = box((-0.75, y - 0.2, 0.38), (0.75, y + 0.2, 0.44))
    legs = [box((x - 0.04, y - 0.16, 0.0), (x + 0.04, y + 0.16, 0.38)) for x in (-0.55, 0.55)]
    return _part("bench", "furniture", joined([seat, *legs]), "wood", (0.30, 0.22, 0.16), 0.5)


def _frame(width_m: float, height_m: float, band: float, centre_m: float) -> Element:
    """A moulding that rises outwards, touches the wall, and leaves a finger of air behind the canvas."""
    profile = [(0, 0), (band, 0), (band, 0.045), (0.8 * band, 0.055), (0.55 * band, 0.042), (0.25 * band, 0.034), (0, 0.026)]
    around = shifted(moulding(width_m, height_m, profile), (0.0, 0.0, centre_m))
    return _part("frame", "frame", around, "gilt wood", GILT, 0.45, 0.35)


def _lamps(room: Room, width_m: float) -> list[Element]:
    """The bodies of two picture lights on the ceiling; what shines are the Lights just below them."""
    y = _lamp_distance(room)
    return [
        _part(f"lamp-{side}", "lamp-body", box((x - 0.05, y - 0.05, room.height_m - 0.16), (x + 0.05, y + 0.05, room.height_m)),
              "iron", IRON, 0.5)
        for side, x in _lamp_places(width_m)
    ]  # fmt: skip


def _lights(room: Room, width_m: float, height_m: float) -> tuple[Light, ...]:
    """Two picture lights at 30° from the wall, and daylight through the lay-light."""
    y, z = _lamp_distance(room), room.height_m - 0.18
    target = (0.0, 0.0, room.centre_m)
    throw = (y * y + (z - room.centre_m) ** 2) ** 0.5
    across = 0.25 + 0.125 * max(width_m, height_m)
    spots = tuple(
        Light("area", (x, y, z), target, 11.0 * throw**2, across, (1.0, 0.94, 0.86), f"picture-{side}")
        for side, x in _lamp_places(width_m)
    )
    middle = -room.depth_m / 2
    sky = Light("area", (0.0, middle, room.height_m + 0.08), (0.0, middle, 0.0), 2.2 * room.width_m * room.depth_m,
                min(0.5 * room.width_m, 0.6 * room.depth_m), (0.92, 0.96, 1.0), "daylight")  # fmt: skip
    return (*spots, sky)


def _lamp_distance(room: Room) -> float:
    return -min((room.height_m - room.centre_m) * 0.75, room.depth_m * 0.45)


def _lamp_places(width_m: float) -> tuple[tuple[str, float], tuple[str, float]]:
    return ("left", -0.3 * width_m - 0.1), ("right", 0.3 * width_m + 0.1)


def _part(name: str, kind: str, geometry, material: str, color, roughness: float = 0.9, metallic: float = 0.0) -> Element:
    vertices, faces = geometry
    return Element(name, kind, vertices, faces, 6, "rule", RULE, {"form": 6}, material, color, roughness, metallic)
