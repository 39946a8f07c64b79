"""The three sheets of one house, as an engraver would have drawn them, with the truth beside each.

sheet = elevation(building(0)); sheet.image, sheet.openings, sheet.px_per_m
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from studio.samples.building import Building
from studio.samples.facade_drawing import draw_facade
from studio.samples.furniture import furnish
from studio.samples.north_point import draw_north
from studio.samples.pen import Pen
from studio.samples.plan_drawing import draw_opening, poche, rooms_of, wall_mask
from studio.samples.section_drawing import draw_section

STYLES = ("solid", "hollow", "hatched")


@dataclass(frozen=True)
class Bar:
    """A scale bar: its ends in pixels, its length in metres, into how many equal fields it is divided."""

    x0: float
    x1: float
    y: float
    metres: int
    fields: int


@dataclass(frozen=True)
class Sheet:
    """A drawing and its truth; pixels of the clean sheet, x to the right, y down.

    Attributes:
        kind: "plan", "elevation" or "section".
        image: uint8 [H, W, 3].
        openings: (kind, (x0, y0, x1, y1)) of each clear opening.
        walls: bool [H, W], True in cut masonry without openings (plan and section).
        covered: uint8 [H, W], 0…255, how much of each pixel that is: the truth of a sheet that is then turned or scaled, whose
            faces would else be rounded to the pixels of the clean one.
        facade: box of the wall without roof; silhouette: polygon [N, 2] with the roof (elevation).
        floors: y of every floor line (section).
        origin: pixel of the frame's origin (x = 0, z = 0 or y = 0).
    """

    kind: str
    image: np.ndarray
    px_per_m: float
    bar: Bar
    openings: tuple[tuple[str, tuple[int, int, int, int]], ...] = ()
    walls: np.ndarray | None = None
    covered: np.ndarray | None = None
    facade: tuple[int, int, int, int] | None = None
    silhouette: np.ndarray | None = None
    floors: tuple[float, ...] = ()
    origin: tuple[float, float] = (0.0, 0.0)


def elevation(b: Building, style: str = "solid", px_per_m: float = 50.0) -> Sheet:
    """South façade; "solid" has shaded openings, "hollow" outlines only, "hatched" a coursed wall as well; MANNERS."""
    top = b.height + b.roof_height + 1.1
    pen = _pen(b.width, top, px_per_m)
    draw_facade(pen, b, style)
    bar = _furniture(pen, b, "SOUTH ELEVATION")
    return Sheet(
        kind="elevation", image=pen.sheet(), px_per_m=px_per_m, bar=bar,
        openings=tuple((o.kind, pen.box(o.box)) for o in b.facade),
        facade=pen.box((0, 0, b.width, b.height)),
        silhouette=np.asarray([pen.at(*p) for p in b.silhouette()], np.float32), origin=pen.at(0, 0),
    )  # fmt: skip


def plan(
    b: Building, style: str = "solid", px_per_m: float = 50.0, north: tuple[float, str] | None = None, furnished: bool = False
) -> Sheet:
    """Ground floor; walls solid black, outlined ("hollow") or hatched; `north` in degrees from the top, and its manner.

    `furnished` as in a pattern book: with what stands in its rooms, a porch, and lines that do not grow finer with the scale.
    """
    pen = _pen(b.width, b.depth + 1.3, px_per_m)
    if furnished:
        pen.unit = 0.75  # 1.4 pixels per outline, as small plans are printed
    mask = wall_mask(pen, b)
    poche(pen, mask, style)
    for o in b.openings:
        draw_opening(pen, o)
    if furnished:
        furnish(pen, b)
    rooms = [((x0 + x1) / 2, (y0 + y1) / 2) for x0, y0, x1, y1 in rooms_of(b)]
    for letter, (x, y) in zip("" if furnished else "ABCDEFGHIJKLMNOP", rooms, strict=False):
        is_free = all(np.hypot(x - c[0], y - c[1]) > 0.9 for c in b.columns)
        pen.text(letter, *pen.at(x, y if is_free else y + 1.1), 0.42 * px_per_m)
    for k in range(3):  # steps before the door
        door = next(o for o in b.openings if o.side == "S" and o.kind == "door").box
        pen.rectangle(door[0] - 0.3 - 0.12 * k, -0.32 * (k + 1), door[2] + 0.3 + 0.12 * k, -0.05, 0.7)
    _dimension(pen, b.width, b.depth + 0.75)
    bar = _furniture(pen, b, "PLAN OF THE GROUND FLOOR")
    if north is not None:
        w, h = pen.size
        draw_north(pen, w - 1.75 * px_per_m, h - 1.95 * px_per_m, 1.3 * px_per_m, *north)
    small = cv2.resize(mask, pen.size, interpolation=cv2.INTER_AREA)
    boxes = tuple((o.kind, pen.box(o.box)) for o in b.openings)
    return Sheet("plan", pen.sheet(), px_per_m, bar, boxes, small > 127, small, origin=pen.at(0, 0))


def section(b: Building, style: str = "solid", px_per_m: float = 50.0) -> Sheet:
    """Cut from west to east: side walls and floors, the roof's timbers, doors and windows beyond; SECTION_STYLES."""
    pen = _pen(b.width, b.height + b.roof_height + 1.1, px_per_m)
    mask, floors = draw_section(pen, b, style)
    bar = _furniture(pen, b, "SECTION FROM WEST TO EAST")
    small = cv2.resize(mask, pen.size, interpolation=cv2.INTER_AREA)
    lines = tuple(pen.at(0, level)[1] for level in floors)
    return Sheet("section", pen.sheet(), px_per_m, bar, walls=small > 127, covered=small, floors=lines, origin=pen.at(0, 0))


def _pen(width: float, height: float, px_per_m: float) -> Pen:
    side, top, bottom = round(2.9 * px_per_m), round(2.5 * px_per_m), round(3.4 * px_per_m)
    return Pen(width, height, px_per_m, (side, top, side, bottom))


def _furniture(pen: Pen, b: Building, title: str) -> Bar:
    """Border, title, the house's name and the scale bar."""
    w, h = pen.size
    u = pen.px_per_m
    for inset, weight in ((0.42 * u, 2.0), (0.54 * u, 0.7)):
        x0, z0, x1, z1 = (inset - pen.left) / u, (pen.base - h + inset) / u, (w - inset - pen.left) / u, (pen.base - inset) / u
        pen.rectangle(x0, z0, x1, z1, weight)
    pen.text(b.name, w / 2, 1.12 * u, 0.44 * u, 0.22)
    pen.text(title, w / 2, 1.72 * u, 0.25 * u, 0.30)
    half, y = 2.2 * u, 2.06 * u
    swelled = [(w / 2 - half, y), (w / 2, y - 0.035 * u), (w / 2 + half, y), (w / 2, y + 0.035 * u)]
    pen.fill([((x - pen.left) / u, (pen.base - y) / u) for x, y in swelled])
    return _scale_bar(pen, 5 if b.width < 12 else 10)


def _scale_bar(pen: Pen, metres: int) -> Bar:
    """Chequers of one metre in two rows, ticks and digits, in the middle below the drawing."""
    u, (w, h) = pen.px_per_m, pen.size
    x0, y = round(w / 2 - metres * u / 2), round(h - 1.35 * u)
    left, z, thick = (x0 - pen.left) / u, (pen.base - y) / u, 0.13
    pen.rectangle(left, z - thick, left + metres, z, 0.9)
    for k in range(metres):
        if k % 2 == 0:
            pen.rectangle(left + k, z - thick, left + k + 1, z, 0.6, fill=255)
        pen.line([(left + k, z), (left + k, z + 0.12)], 0.8)
    pen.line([(left + metres, z), (left + metres, z + 0.12)], 0.8)
    step = 1 if metres <= 5 else 5
    for k in range(0, metres + 1, step):
        pen.text(str(k), x0 + k * u, y - 0.36 * u, 0.34 * u, bold=0.02)
    pen.text("METRES", x0 + (metres + 0.45) * u, y - 0.32 * u, 0.27 * u, 0.28, "lm", bold=0.04)
    return Bar(x0, x0 + metres * u, y + thick * u / 2, metres, metres)


def _dimension(pen: Pen, width: float, z: float) -> None:
    """The overall width between two ticks, its figure above the line."""
    pen.line([(0, z), (width, z)], 0.7)
    for x in (0.0, width):
        pen.line([(x, z - 0.22), (x, z + 0.16)], 0.7)
        pen.line([(x - 0.10, z - 0.10), (x + 0.10, z + 0.10)], 1.3)
    x, y = pen.at(width / 2, z)
    pen.text(f"{width:.2f}", x, y - 0.24 * pen.px_per_m, 0.30 * pen.px_per_m, 0.05)
