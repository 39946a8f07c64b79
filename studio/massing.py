"""From a read elevation to a lit massing: the picture that a speculation starts from, and the passes that go with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from blender_addon.elevation_job import CONVENTIONAL, Hour, Look, Shot, photograph
from blender_addon.scenes.massing import Elevation, massing
from blender_addon.scenes.model import SceneModel
from blender_addon.scenes.openings import Opening
from blender_addon.scenes.pediments import Pediment
from blender_addon.scenes.presets import preset
from blender_addon.scenes.surfaces import surface_of, surfaces
from studio.drawings.facade_pediments import eaves_of, pediments_of
from studio.drawings.reading import Box, FacadeReading, ReadOpening
from studio.hatching import without_hatching, without_screen
from studio.stacks import drawn_stacks

SURFACE_PX = 1536  # longest side of what a surface is painted at: twice the picture's, as far as that is seen
SAMPLES, LEAST_SAMPLES = 16, 8  # of a picture of 512² px, and of large ones: the sun is sharp, the sky even, the rest denoised
WINDOW_M, DOOR_M, STOREY_M = 1.7, 2.3, 3.6  # usual heights, for sheets without a scale
LIKELY_WINDOW_M = (0.4, 6.0)  # a scale that makes the usual window smaller or larger was read wrongly
UNGLAZED = ("arch", "opening", "gap", "niche")  # kinds with neither leaves nor panes; all but the arch are only a person's
DOOR_SHAPE = 1.15  # height over width above which a wide opening is given leaves and no shop window
WHITE = 0.82  # linear: where the lightest fiftieth of the building is developed to
FULL_INK = 0.6  # what the strong lines of a sheet are brought to
GROOVE, DARK_GROOVE = 1.2, 0.9  # how dark a line of full ink becomes: as a joint is in stone, or between boards
LIP, DARK_LIP = 0.35, 2.5  # how much lighter its lip is, for a groove as dark as that: on dark leaves nothing else is seen
FOOT_PX = 7  # a thick pen's line of the ground reaches three pixels below the wall
EDGE = 0.8  # weight of a drawn line along an edge of the solids: at 0.5 slates were lost in a blue sky
TILED, LEAST_COURSE = 0.01, 0.04  # of the longer side, over which drawn courses are lighter or darker; ink that is a line there
COURSE, MOST_COURSE = 0.75, 3.0  # how much darker the strong lines of a roof become, and how much paler ink is brought to that
COURSES = (-0.65, 0.45)  # what is darkest and lightest: slates, and no snow
CLASSES = ("sky", "wall", "roof", "opening", "ground")  # of pixels, as their numbers
STEP_M, TURN = 0.012, 0.35  # a line is where depth jumps by more, or the surface turns by more (1 − cosine)
SKY = ((0.15, 0.28, 0.56), (0.62, 0.73, 0.86))  # linear, at the upper edge and at the ground: pale stacks stand out there


@dataclass(frozen=True, eq=False)
class Massing:
    """A lit massing of one drawing, pixel by pixel on the drawing.

    Attributes:
        beauty: uint8 [H, W, 3], sRGB.
        lines: bool [H, W], True where depth, direction or solid change.
        depth: float32 [H, W], metres behind the wall's face. normals: float32 [H, W, 3], world.
        ids: uint16 [H, W], 1 + index in the model's elements, 0 = sky.
        classes: uint8 [H, W], indices of CLASSES.
        model: the solids. preset: its name. hour: where the sun stood.
    """

    beauty: np.ndarray
    lines: np.ndarray
    depth: np.ndarray
    normals: np.ndarray
    ids: np.ndarray
    classes: np.ndarray
    model: SceneModel
    preset: str
    hour: Hour

    def digests(self) -> dict[str, str]:
        """SHA-256 of each pass's values, for the Record."""
        passes = {"beauty": self.beauty, "lines": self.lines, "depth": self.depth, "normals": self.normals, "ids": self.ids}
        return {name: hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest() for name, values in passes.items()}


def elevation_of(
    reading: FacadeReading, box: Box, size_px: tuple[int, int], drawing: np.ndarray | None = None
) -> tuple[Elevation, tuple[str, ...]]:
    """What was read, in pixels of a part of the sheet brought to another size; and where its scale is from.

    Args:
        reading: with a silhouette and a façade.
        box: the part, pixels of the reading's picture.
        size_px: width and height that the part was brought to.
        drawing: uint8 [h, w, 3], the part itself: with it, chimneys drawn before the slope are told from those behind it.
    """
    if reading.facade is None or reading.silhouette is None:
        raise ValueError("a massing needs a wall and an outline")
    x0, y0, x1, y1 = box
    across, down = size_px[0] / (x1 - x0), size_px[1] / (y1 - y0)

    def point(of: Sequence[float]) -> tuple[float, float]:
        return (float(of[0]) - x0) * across, (float(of[1]) - y0) * down

    def moved(of: Sequence[float]) -> tuple[float, float, float, float]:
        return (*point(of[:2]), *point(of[2:]))

    scale, said = _scale(reading)
    wall = moved((reading.facade[0], eaves_of(reading), reading.facade[2], reading.ground_y or reading.facade[3]))
    openings = [
        Opening(_kind(one), moved(one.box), _head(moved(one.box), one), one.inferred, one.by_person) for one in reading.openings
    ]
    strings = tuple((line.y - y0) * down for line in reading.lines if line.name == "string course")
    outline = tuple(point(one) for one in reading.silhouette)
    columns = tuple(moved(one) for one in reading.columns)
    pediments = tuple(
        Pediment(point(one.left), point(one.apex), point(one.right), one.band * across, one.ledge * down)
        for one in pediments_of(reading)
    )
    drawn = Elevation(size_px, scale * across, wall, outline, tuple(openings), strings, columns, pediments)
    if drawing is not None:
        drawn = replace(drawn, stacks=drawn_stacks(drawn, _fine(_ink(drawing, (size_px[1], size_px[0])))))
    return drawn, said


def massings(
    drawn: Elevation,
    presets: Sequence[str],
    hours: Sequence[Hour],
    *,
    source_sha256: str = "",
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Massing]:
    """Build and photograph a massing for each preset in its light; those that are alike are built once.

    Args:
        presets, hours: one of each for a massing.
    """
    looks: list[Look] = []
    known: dict[str, Look] = {}
    for name, hour in zip(presets, hours, strict=True):
        if name not in known:
            chosen = preset(name)
            model = massing(drawn, chosen, source_sha256=source_sha256)
            side = min(2 * max(drawn.size_px), SURFACE_PX)
            known[name] = Look(model, surfaces(drawn, model, chosen, side_px=side, seed=seed))
        looks.append(replace(known[name], hour=hour))
    order = sorted(range(len(looks)), key=lambda number: presets.index(presets[number]))
    tell = None if on_progress is None else lambda progress: on_progress(progress.done, progress.total or len(looks))
    area = drawn.size_px[0] * drawn.size_px[1] / 512**2
    samples = int(np.clip(round(SAMPLES / max(area, 1.0) ** 0.5), LEAST_SAMPLES, SAMPLES))
    shots = photograph([looks[number] for number in order], drawn.size_px, samples=samples, on_progress=tell)
    found: list[Massing | None] = [None] * len(looks)
    for number, shot in zip(order, shots, strict=True):
        look = looks[number]
        found[number] = _developed(shot, look.model, preset(presets[number]).name, look.hour, drawn)
    return [one for one in found if one is not None]


def engraved(massing: Massing, drawing: np.ndarray) -> Massing:
    """The same with the drawing's own fine lines cut into walls and roofs, lit as grooves: ornament that no reading knows.

    Args:
        drawing: uint8 [h, w, 3], the same frame, at the sheet's own size where it is known: hatching is told from lines there.
    """
    ink = _ink(drawing, massing.ids.shape)
    fine = _fine(ink)
    leaves = np.isin(massing.ids, [number for number, one in enumerate(massing.model.elements, 1) if one.kind == "door"])
    roof = massing.classes == 2
    # the drawn line of the ground is the shade at the foot of a wall, half of it on the ground
    beside = cv2.dilate((massing.classes == 1).astype(np.uint8), np.ones((FOOT_PX, FOOT_PX), np.uint8)) > 0
    foot = (massing.classes == 4) & beside
    solid = ((massing.classes == 1) | roof | leaves | foot).astype(np.uint8)
    built = cv2.dilate(massing.lines.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(np.float32)
    # light draws most edges of the solids itself; where it does not, a pen line keeps them apart
    where = cv2.GaussianBlur(solid * (1 - (1 - EDGE) * built), (0, 0), 0.8)
    where = where * solid
    groove = np.clip(np.where(leaves, DARK_GROOVE, GROOVE) * fine * where * ~roof, 0, 0.8).astype(np.float32)
    # the lip away from the sun; on dark leaves it is all that can be seen
    lit = np.where(leaves, DARK_LIP, LIP).astype(np.float32) * np.roll(groove, (1, 1), (0, 1)) * solid * ~roof
    factor = (1 - groove + lit * (1 - groove)) * _courses(ink, roof)
    lines = massing.lines | ((fine > 0.25) & (where > 0.5))
    return replace(massing, beauty=np.rint(np.clip(massing.beauty * factor[..., None], 0, 255)).astype(np.uint8), lines=lines)


def _ink(drawing: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """The drawing's ink without its shadows' strokes, float32 [H, W], 0…1.

    Args:
        drawing: uint8 [h, w, 3]. shape: H and W, to which it is brought.
    """
    from pipelines.palette import tones

    ink = without_hatching(without_screen((1 - tones(drawing)).astype(np.float32)))
    return ink if ink.shape == shape else cv2.resize(ink, shape[::-1], interpolation=cv2.INTER_AREA)


def _fine(ink: np.ndarray) -> np.ndarray:
    """Its lines alone, 0…1, as strong on a pale sheet as on a black one."""
    fine = np.clip(ink - cv2.GaussianBlur(ink, (0, 0), max(2.0, 0.006 * max(ink.shape))), 0, 1)  # a wash is a tone, no groove
    strong = float(np.quantile(fine[fine > 0.1], 0.9)) if (fine > 0.1).any() else 1.0
    return np.clip(fine * FULL_INK / max(strong, 0.2), 0, 1)  # a thin pen on a reduced sheet is grey, and no weaker for it


def _courses(ink: np.ndarray, roof: np.ndarray) -> np.ndarray:
    """How much lighter or darker a roof is where its courses are drawn, float32 [H, W], 1 = as it was.

    Rows of tiles four pixels apart run into bands, light and dark by turns: those are followed as tones, for a groove with its
    lip would be lost in them.

    Args:
        roof: bool [H, W].
    """
    covered = roof.astype(np.float32)
    reach = max(3.0, TILED * max(ink.shape))
    around = cv2.GaussianBlur(ink * covered, (0, 0), reach) / np.maximum(cv2.GaussianBlur(covered, (0, 0), reach), 0.05)
    drawn = (around - ink) * covered
    lines = -drawn[drawn < -LEAST_COURSE]
    strong = float(np.quantile(lines, 0.9)) if lines.size else 1.0
    return 1 + np.clip(drawn * min(COURSE / strong, MOST_COURSE), *COURSES)


def lines_of(ids: np.ndarray, depth: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Lines of a massing: bool [H, W], True on the nearer side where a solid ends, a step lies or a surface turns.

    Args:
        ids: uint16 [H, W]. depth: float32 [H, W]. normals: float32 [H, W, 3].
    """
    lines = np.zeros(ids.shape, bool)
    for axis in (0, 1):
        here, there = (np.s_[:-1], np.s_[1:]) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        step = np.abs(depth[here] - depth[there]) > STEP_M
        turned = (normals[here] * normals[there]).sum(-1) < 1 - TURN
        border = (ids[here] != ids[there]) & (step | turned | (ids[here] == 0) | (ids[there] == 0))
        edge = border | turned
        nearer = depth[here] <= depth[there]
        lines[here] |= edge & nearer
        lines[there] |= edge & ~nearer
    return lines


def hour_of(draw: int, strength: float) -> Hour:
    """The draughtsman's light for the first draw, other hours for those after it: always from the upper left."""
    if draw == 0 or strength == 0:
        return Hour()
    morning = Hour((1.35, 1.0, -0.8), 4.4, 0.34, (1.0, 0.86, 0.68), (0.70, 0.82, 1.0))
    noon = Hour((0.55, 1.0, -1.35), 4.6, 0.42, (1.0, 0.97, 0.92), (0.70, 0.83, 1.0))
    veiled = Hour(CONVENTIONAL, 2.4, 0.62, (1.0, 0.97, 0.93), (0.86, 0.92, 1.0))
    return (morning, noon, veiled)[(draw - 1) % 3]


def _scale(reading: FacadeReading) -> tuple[float, tuple[str, ...]]:
    """Pixels per metre of the reading's picture: of the bar, or by the usual size of windows, doors or storeys."""
    tall = sorted(o.box[3] - o.box[1] for o in reading.openings if o.kind == "window")
    window = tall[len(tall) // 2] if tall else None
    read = reading.scale.px_per_m if reading.scale else None
    by_person = reading.scale is not None and reading.scale.by_person
    if read and (window is None or LIKELY_WINDOW_M[0] < window / read < LIKELY_WINDOW_M[1]):
        whose = "the scale that a person set" if by_person else "the sheet's scale bar"
        return read, (f"Courses and depths follow {whose}, {read:.2f} px per metre.",)
    if window:
        unlikely = f" By the scale that a person set it would be {window / read:.2g} m." if read and by_person else ""
        return window / WINDOW_M, (f"Courses and depths follow a rule: the usual window is {WINDOW_M} m high.{unlikely}",)
    doors = [o.box[3] - o.box[1] for o in reading.openings if o.kind == "door"]
    if doors:
        return max(doors) / DOOR_M, (f"Courses and depths follow a rule: a door is {DOOR_M} m high.",)
    _, y0, _, y1 = reading.facade or (0, 0, 1, 1)
    return (y1 - y0) / (2 * STOREY_M), (f"Courses and depths follow a rule: the wall is two storeys of {STOREY_M} m.",)


def _kind(one: ReadOpening) -> str:
    """What fills it: leaves, nothing but shade, or panes."""
    wide, tall = one.box[2] - one.box[0], one.box[3] - one.box[1]
    if one.kind == "shop":
        return "door" if tall > DOOR_SHAPE * wide else "shop"
    if one.kind in UNGLAZED:
        return "arch"
    return "door" if one.kind == "door" else "window"


def _head(box: Sequence[float], one: ReadOpening) -> tuple[tuple[float, float], ...] | None:
    """The outline of an arched opening in its box; None for a straight head."""
    x0, y0, x1, y1 = box
    wide, tall, middle = x1 - x0, y1 - y0, (x0 + x1) / 2
    if one.head == "flat" or wide <= 0 or tall <= 0:
        return None
    if one.head == "pointed":
        rise = min(0.866 * wide, 0.6 * tall)
        turns = np.linspace(0, np.pi / 3, 9)
        left = [(x1 - wide * np.cos(t), y0 + rise - rise * np.sin(t) / np.sin(np.pi / 3)) for t in turns]
        right = [(2 * middle - x, y) for x, y in left[::-1]]
        head = [*left, *right[1:]]
    else:
        rise = min(wide / 2, 0.6 * tall)
        head = [(middle - wide / 2 * np.cos(t), y0 + rise - rise * np.sin(t)) for t in np.linspace(0, np.pi, 17)]
    return tuple((float(x), float(y)) for x, y in [*head, (x1, y1), (x0, y1)])


def _developed(shot: Shot, model: SceneModel, name: str, hour: Hour, drawn: Elevation) -> Massing:
    """The light of a shot as a picture: exposed on the building, before a sky that pales towards the ground."""
    kinds = {"wall": 1, "trim": 1, "chimney": 1, "roof": 2, "glass": 3, "hollow": 3, "frame": 3, "door": 3, "ground": 4}
    table = np.array([0, *(kinds[surface_of(one.kind)] for one in model.elements)], np.uint8)
    classes = table[np.minimum(shot.ids, len(table) - 1)]
    building = (classes == 1) | (classes == 2)
    light = shot.light[..., :3]
    brightest = float(np.quantile(light[building].max(-1), 0.98)) if building.any() else 1.0
    light = light * (WHITE / max(brightest, 1e-3))
    height = light.shape[0]
    fall = np.clip(np.arange(height) / max(1.0, drawn.ground), 0, 1)[:, None, None] ** 1.3
    sky = (np.array(SKY[0]) * (1 - fall) + np.array(SKY[1]) * fall).astype(np.float32)
    light = light + sky * (1 - np.clip(shot.light[..., 3:], 0, 1))
    return Massing(_srgb(light), lines_of(shot.ids, shot.depth, shot.normals), shot.depth, shot.normals, shot.ids, classes,
                   model, name, hour)  # fmt: skip


def _srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light as uint8 sRGB; what is lighter than white bends softly into it."""
    soft = np.where(linear > 0.8, 0.8 + 0.2 * np.tanh((linear - 0.8) / 0.2), linear)
    shown = np.where(soft <= 0.0031308, 12.92 * soft, 1.055 * np.clip(soft, 1e-6, None) ** (1 / 2.4) - 0.055)
    return np.rint(np.clip(shown, 0, 1) * 255).astype(np.uint8)
