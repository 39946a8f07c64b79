"""The three sheets of one house, as an engraver would have drawn them, with the truth beside each.

sheet = elevation(building(0)); sheet.image, sheet.openings, sheet.px_per_m
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from studio.samples.building import Building
from studio.samples.facade_drawing import draw_facade
from studio.samples.pen import OVER, Pen

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
    facade: tuple[int, int, int, int] | None = None
    silhouette: np.ndarray | None = None
    floors: tuple[float, ...] = ()
    origin: tuple[float, float] = (0.0, 0.0)


def elevation(b: Building, style: str = "solid", px_per_m: float = 50.0) -> Sheet:
    """South façade; "solid" has shaded openings, "hollow" outlines only, "hatched" a coursed wall as well."""
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


def plan(b: Building, style: str = "solid", px_per_m: float = 50.0) -> Sheet:
    """Ground floor; walls solid black, outlined ("hollow") or hatched."""
    pen = _pen(b.width, b.depth + 1.3, px_per_m)
    mask = _wall_mask(pen, b)
    _poche(pen, mask, style)
    for o in b.openings:
        _plan_opening(pen, o, b)
    rooms = [((x0 + x1) / 2, (y0 + y1) / 2) for x0, y0, x1, y1 in _rooms(b)]
    for letter, (x, y) in zip("ABCDEFGHIJKLMNOP", rooms, strict=False):
        pen.text(letter, *pen.at(x, y), 0.42 * px_per_m)
    for k in range(3):  # steps before the door
        door = next(o for o in b.openings if o.side == "S" and o.kind == "door").box
        pen.rectangle(door[0] - 0.3 - 0.12 * k, -0.32 * (k + 1), door[2] + 0.3 + 0.12 * k, -0.05, 0.7)
    _dimension(pen, b.width, b.depth + 0.75)
    bar = _furniture(pen, b, "PLAN OF THE GROUND FLOOR")
    small = cv2.resize(mask, pen.size, interpolation=cv2.INTER_AREA) > 127
    boxes = tuple((o.kind, pen.box(o.box)) for o in b.openings)
    return Sheet("plan", pen.sheet(), px_per_m, bar, boxes, small, origin=pen.at(0, 0))


def section(b: Building, style: str = "solid", px_per_m: float = 50.0) -> Sheet:
    """Cut from west to east: side walls and floors, the roof's timbers, doors and windows beyond the cut."""
    pen = _pen(b.width, b.height + b.roof_height + 1.1, px_per_m)
    mask = np.zeros_like(pen.tone)
    solid = [(0, -0.9, b.thick, b.height), (b.width - b.thick, -0.9, b.width, b.height)]
    floors, z = [0.0], 0.0
    for high in b.heights:
        z += high
        floors.append(z)
        solid.append((0, z - 0.3, b.width, z))
    solid.append((0, -0.22, b.width, 0))
    for box in solid:
        x0, y1, x1, y0 = (v * OVER for v in (*pen.at(box[0], box[1]), *pen.at(box[2], box[3])))
        mask[round(y0) : round(y1), round(x0) : round(x1)] = 255
    for level, high in zip(floors[:-1], b.heights, strict=True):
        _room_beyond(pen, b, level, high)
    roof = b.silhouette()[2:6]
    for x in b.chimneys:
        pen.rectangle(x - 0.38, b.height, x + 0.38, b.height + b.roof_height + 0.75, 1.1, fill=0)
    pen.fill(roof, 0)
    pen.line([*roof, (roof[-1][0], b.height - 0.12), (roof[0][0], b.height - 0.12)], 2.2, True)
    pen.line([(x, z - 0.22) for x, z in roof], 1.0)
    for k in range(1, 2 * b.bays):  # rafters and posts
        x = b.width * k / (2 * b.bays)
        pen.line([(x, b.height), (x, b.height + _roof_at(b, x) - 0.25)], 0.8)
    pen.line([(0.4, b.height + 0.45 * b.roof_height), (b.width - 0.4, b.height + 0.45 * b.roof_height)], 0.9)
    _poche(pen, mask, style)
    pen.line([(-2.0, 0), (0, 0)], 1.6)
    pen.line([(b.width, 0), (b.width + 2.0, 0)], 1.6)
    for x in (-2.0, b.width):
        pen.hatch([(x, 0), (x + 2, 0), (x + 2, -0.45), (x, -0.45)], 6, 0.7, 45)
    bar = _furniture(pen, b, "SECTION FROM WEST TO EAST")
    small = cv2.resize(mask, pen.size, interpolation=cv2.INTER_AREA) > 127
    lines = tuple(pen.at(0, level)[1] for level in floors)
    return Sheet("section", pen.sheet(), px_per_m, bar, walls=small, floors=lines, origin=pen.at(0, 0))


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


def _wall_mask(pen: Pen, b: Building) -> np.ndarray:
    """Cut masonry, uint8 0/255 on the supersampled sheet: walls first, then openings cleared through their whole depth."""
    mask = np.zeros_like(pen.tone)
    for boxes, value, grow in ((b.walls, 255, 0.0), ([o.box for o in b.openings], 0, 0.02)):
        for x0, y0, x1, y1 in boxes:
            gx, gy = (0.0, grow) if x1 - x0 >= y1 - y0 else (grow, 0.0)
            left, bottom = pen.at(x0 - gx, y0 - gy)
            right, top = pen.at(x1 + gx, y1 + gy)
            mask[round(top * OVER) : round(bottom * OVER), round(left * OVER) : round(right * OVER)] = value
    return mask


def _poche(pen: Pen, mask: np.ndarray, style: str) -> None:
    """Cut masonry in one of the three manners."""
    if style == "solid":
        np.maximum(pen.tone, mask, out=pen.tone)
        return
    pen.tone[mask > 0] = 0
    if style == "hatched":
        pen.hatch_mask(mask, 5.0, 0.8, 45)
    contours = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]
    cv2.drawContours(pen.tone, contours, -1, 255, max(1, round(1.9 * pen.unit * OVER)), cv2.LINE_AA)


def _plan_opening(pen: Pen, o, b: Building) -> None:
    """Three lines across a window; a leaf and its swing at an inner door; a sill at the front door."""
    x0, y0, x1, y1 = o.box
    level = x1 - x0 >= y1 - y0
    if o.kind == "window":
        for f in (0.06, 0.5, 0.94):
            m = y0 + f * (y1 - y0)
            pen.line([(x0, m), (x1, m)], 0.8)
    elif o.side == "S":
        pen.line([(x0, y0), (x1, y0)], 0.8)
    else:
        leaf = x1 - x0 if level else y1 - y0
        hinge = (x0, y1) if level else (x1, y0)
        arc = [(hinge[0] + leaf * np.cos(a), hinge[1] + leaf * np.sin(a)) for a in np.linspace(0, np.pi / 2, 16)]
        pen.line(arc, 0.6)
        pen.line([hinge, arc[-1] if level else arc[0]], 1.0)
    del b


def _rooms(b: Building) -> list[tuple[float, float, float, float]]:
    """Rectangles between the spine and the cross walls, from the front left to the back right."""
    spine = b.walls[4]
    rooms = []
    for y0, y1 in ((b.thick, spine[1]), (spine[3], b.depth - b.thick)):
        cuts = sorted((x0, x1) for x0, wy0, x1, _ in b.walls[5:] if abs(wy0 - y0) < 1e-6)
        edges = [b.thick, *(v for cut in cuts for v in cut), b.width - b.thick]
        rooms += [(left, y0, right, y1) for left, right in zip(edges[::2], edges[1::2], strict=True)]
    return rooms


def _room_beyond(pen: Pen, b: Building, level: float, high: float) -> None:
    """What one sees behind the cut: cornice, dado, a door with its panels, windows."""
    top = level + high - 0.3
    pen.line([(b.thick, top - 0.16), (b.width - b.thick, top - 0.16)], 0.7)
    pen.line([(b.thick, level + 0.14), (b.width - b.thick, level + 0.14)], 0.7)
    for i in range(b.bays):
        x = b.thick + (i + 0.5) * b.bay
        if i % 2 == 0:
            pen.rectangle(x - 0.5, level, x + 0.5, level + 2.1, 1.0)
            for z0, z1 in ((0.2, 0.95), (1.1, 1.95)):
                pen.rectangle(x - 0.36, level + z0, x - 0.05, level + z1, 0.6)
                pen.rectangle(x + 0.05, level + z0, x + 0.36, level + z1, 0.6)
        else:
            pen.rectangle(x - 0.55, level + 0.85, x + 0.55, level + min(2.4, high - 0.7), 0.9)
            pen.hatch([(x - 0.5, level + 0.9), (x + 0.5, level + 0.9), (x + 0.5, level + min(2.35, high - 0.75)),
                       (x - 0.5, level + min(2.35, high - 0.75))], 4, 0.6, 0)  # fmt: skip


def _roof_at(b: Building, x: float) -> float:
    """Height of the roof's outline above the eaves at x, metres."""
    corners = b.silhouette()[2:6]
    return float(np.interp(x, [p[0] for p in corners], [p[1] - b.height for p in corners]))
