"""What a massing is built of, in an architect's words: walls, roofs and glazing, and the eras that joined them.

The whole vocabulary stands here, frozen: colours in sRGB (0…255), sizes in metres, everything else 0…1. The sizes are those
of the trade: a brick course rises 75 mm with its joint, an ashlar course 300 mm, slates show 200 mm of themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import PresetError

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Wall:
    """A way to build a wall.

    Attributes:
        bond: how its pieces are laid: "courses", "brick", "rubble", "plain" or "frame".
        colours: of its pieces, from which each draws its own. joint: of what lies between them.
        trim: of sills, bands, cornices and surrounds.
        course_m: height of a course. piece_m: shortest and longest piece. joint_m: width of a joint.
        roughness: 0…1. bump_m: how far a piece stands before its joint. weathering: 0…1, how much rain and years show.
    """

    bond: str
    colours: tuple[Colour, ...]
    joint: Colour
    trim: Colour
    course_m: float
    piece_m: tuple[float, float]
    joint_m: float
    roughness: float
    bump_m: float
    weathering: float


@dataclass(frozen=True)
class Roof:
    """A roof's cover.

    Attributes:
        cover: "slates", "tiles" or "thatch".
        colours: as in `Wall`. course_m: what is seen of a course, along the slope. piece_m: width of a piece.
        roughness, bump_m, weathering: as in `Wall`. pitch: degrees.
    """

    cover: str
    colours: tuple[Colour, ...]
    course_m: float
    piece_m: float
    roughness: float
    bump_m: float
    weathering: float
    pitch: float


@dataclass(frozen=True)
class Glazing:
    """What fills a window.

    Attributes:
        pattern: "sash", "casement" or "tracery".
        light_m: width and height of one light (tracery: distance of its mullions). bar_m, frame_m: width of bar and frame.
        frame, door: colours. glass: colours at the foot and at the head of a window, where the sky lies in it.
    """

    pattern: str
    light_m: tuple[float, float]
    bar_m: float
    frame_m: float
    frame: Colour
    glass: tuple[Colour, Colour]
    door: Colour


WALLS = {
    "ashlar": Wall("courses", ((206, 192, 163), (198, 183, 153), (212, 200, 174), (190, 176, 148)), (150, 137, 112),
                   (216, 204, 180), 0.30, (0.45, 0.95), 0.008, 0.85, 0.006, 0.5),
    "rubble": Wall("rubble", ((168, 155, 132), (146, 136, 119), (182, 168, 141), (132, 124, 112), (160, 142, 116)),
                   (186, 176, 154), (200, 189, 166), 0.20, (0.18, 0.45), 0.022, 0.95, 0.025, 0.7),
    "brick": Wall("brick", ((152, 84, 62), (138, 72, 55), (164, 96, 70), (124, 66, 53), (145, 92, 74)), (188, 174, 154),
                  (214, 203, 181), 0.075, (0.225, 0.225), 0.010, 0.9, 0.006, 0.4),
    "render": Wall("plain", ((222, 207, 176), (216, 199, 166)), (205, 190, 160), (205, 196, 178), 0.6, (1.0, 2.0), 0.0, 0.9,
                   0.003, 0.6),
    "timber": Wall("frame", ((228, 219, 198), (221, 211, 189)), (70, 54, 42), (78, 60, 46), 1.2, (0.9, 1.3), 0.18, 0.9, 0.03,
                   0.5),
}  # fmt: skip
ROOFS = {
    "slate": Roof("slates", ((84, 90, 102), (72, 79, 92), (96, 101, 110), (78, 80, 88), (88, 92, 96)), 0.20, 0.28, 0.6, 0.010,
                  0.4, 40.0),
    "tile": Roof("tiles", ((166, 92, 62), (150, 80, 55), (178, 106, 74), (136, 76, 56), (160, 100, 76)), 0.17, 0.22, 0.85, 0.02,
                 0.6, 38.0),
    "thatch": Roof("thatch", ((150, 124, 84), (136, 112, 78), (162, 138, 98)), 0.9, 0.03, 1.0, 0.03, 0.6, 48.0),
}  # fmt: skip
GLAZINGS = {
    "sash": Glazing("sash", (0.36, 0.50), 0.026, 0.07, (232, 228, 216), ((38, 44, 52), (112, 130, 148)), (52, 66, 62)),
    "casement": Glazing("casement", (0.55, 0.62), 0.045, 0.075, (104, 84, 64), ((36, 40, 44), (104, 120, 134)), (92, 68, 48)),
    "tracery": Glazing("tracery", (0.60, 0.60), 0.13, 0.12, (206, 194, 170), ((34, 38, 46), (86, 100, 118)), (84, 62, 44)),
}
ERAS = {
    "georgian": "brick-slate-sash",
    "classical": "ashlar-slate-sash",
    "mediterranean": "render-tile-casement",
    "gothic": "ashlar-slate-tracery",
    "tudor": "timber-tile-casement",
    "vernacular": "rubble-thatch-casement",
}


@dataclass(frozen=True)
class Preset:
    """One choice of each.

    Attributes:
        name: "WALL-ROOF-GLAZING", the words that are also the keys of WALLS, ROOFS and GLAZINGS.
    """

    name: str
    wall: Wall
    roof: Roof
    glazing: Glazing


def preset(name: str) -> Preset:
    """The preset of three words, or of an era. Raises: PresetError, which lists the words that are known."""
    words = ERAS.get(name, name).split("-")
    if len(words) != 3 or words[0] not in WALLS or words[1] not in ROOFS or words[2] not in GLAZINGS:
        raise PresetError(f"{name!r} is no preset. {vocabulary()}")
    return Preset("-".join(words), WALLS[words[0]], ROOFS[words[1]], GLAZINGS[words[2]])


def vocabulary() -> str:
    """The words that a preset is made of, one sentence for people."""
    parts = (f"{name} ({', '.join(words)})" for name, words in (("WALL", WALLS), ("ROOF", ROOFS), ("GLAZING", GLAZINGS)))
    eras = "; ".join(f"{era} = {', '.join(name.split('-'))}" for era, name in ERAS.items())
    return f"A preset is WALL-ROOF-GLAZING of {', '.join(parts)}, or an era: {eras}."
