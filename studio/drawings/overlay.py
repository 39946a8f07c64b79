"""A picture of what was read, laid over the sheet, so that a person can agree or object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from studio.drawings.paper import as_rgb
from studio.drawings.reading import FacadeReading, PlanReading, SectionReading

Colour = tuple[int, int, int]
# Okabe–Ito, safe for colour-blind eyes; shape tells the same: doors are crossed, inferred openings dashed, rooms tinted
WALL, OPENING, INFERRED, OUTLINE, BAR = (0, 114, 178), (213, 94, 0), (204, 121, 167), (0, 158, 115), (150, 0, 150)
COLUMN, ROOM, STAIRS, LEVEL, SHEET = (86, 180, 233), (0, 158, 115), (230, 159, 0), (0, 120, 60), (60, 60, 60)
PERSON = (200, 0, 60)
LEGEND: tuple[tuple[str, Colour, str], ...] = (
    ("wall", WALL, "filled"),
    ("opening, doors crossed", OPENING, "box"),
    ("opening completed by rule", INFERRED, "dashed"),
    ("corrected by a person", PERSON, "box"),
    ("column", COLUMN, "box"),
    ("room", ROOM, "tinted"),
    ("stairs", STAIRS, "box"),
    ("level", LEVEL, "line"),
    ("outline", OUTLINE, "line"),
    ("scale", BAR, "line"),
    ("drawing", SHEET, "dashed"),
)


def overlay(rgb: np.ndarray, reading: FacadeReading | PlanReading | SectionReading) -> np.ndarray:
    """Draw one drawing's reading over its picture.

    Args:
        rgb: the reading's own `picture`, or a picture of the same size.
    Returns: uint8 [H, W, 3].
    """
    image = as_rgb(rgb).copy()
    captions = _draw(image, reading)
    if reading.scale is not None:
        bar = reading.scale
        captions.append(_bar(image, bar.p0, bar.p1, bar.fields, bar.value, bar.unit))
    return _written(image, captions)


def sheet_overlay(rgb: np.ndarray, walls: np.ndarray, values: Mapping) -> np.ndarray:
    """Draw everything that was read from a sheet over the sheet as it was scanned, and a legend below it.

    Args:
        rgb: uint8 [H, W, 3], the sheet.
        walls: uint8 [H, W], 255 = wall: `walls.png`.
        values: what `reading.json` holds, in pixels of the sheet.
    Returns: uint8 [H + legend, W, 3].
    """
    image = as_rgb(rgb).copy()
    thin = _thin(image)
    captions: list[Caption] = []
    _walls(image, walls > 127, thin)
    for room in values["rooms"]:
        _room(image, room["outline"])
    for column in values["columns"]:
        _column(image, column["center"], column["radius"], column["shape"], thin)
    for flight in values["stairs"]:
        _box(image, flight["box"], STAIRS, 2 * thin)
    for line in values["lines"]:
        _level(image, line["p0"], line["p1"], thin)
        captions.append((tuple(line["p0"]), line["name"], LEVEL))
    for one in values["openings"]:
        colour = PERSON if one.get("author") == "person" else INFERRED if one["inferred"] else OPENING
        _opening(image, one["box"], one["kind"], one["inferred"], one.get("corners"), colour, thin)
    for drawing in values["drawings"]:
        if drawing.get("outline"):
            _outline(image, drawing["outline"], thin)
        if len(values["drawings"]) > 1:
            _dashed(image, drawing["box"], SHEET, thin)
        captions.append((tuple(drawing["box"][:2]), f"{drawing['kind']} {drawing['confidence']:.0%}", SHEET))
    for bar in values["scales"]:
        captions.append(_bar(image, bar["p0"], bar["p1"], bar["fields"], bar["value"], bar["unit"]))
    for one in (*values["dims"], values["scale"]):
        if "p0" in one:
            cv2.line(image, _at(one["p0"]), _at(one["p1"]), BAR, thin, cv2.LINE_AA)
    if (north := values.get("north")) and "p0" in north:
        cv2.arrowedLine(image, _at(north["p0"]), _at(north["p1"]), BAR, 2 * thin, cv2.LINE_AA, tipLength=0.2)
        captions.append((tuple(north["p1"]), f"north {north['degrees']:.0f}°", BAR))
    scale = values["scale"]
    said = f"{scale['px_per_m']:.2f} px per metre ({scale['source']})" if scale["px_per_m"] else "scale is not certain"
    return np.vstack([_written(image, captions), _legend(image.shape[1], _font_px(image), _used(values, walls), said)])


Caption = tuple[tuple[float, float], str, Colour]


def _thin(image: np.ndarray) -> int:
    return max(1, round(min(image.shape[:2]) / 450))


def _font_px(image: np.ndarray) -> int:
    """Letters of a seventieth of the sheet: they can still be read when the whole sheet fills a screen."""
    return max(12, round(max(image.shape[:2]) / 70))


def _draw(image: np.ndarray, reading: FacadeReading | PlanReading | SectionReading) -> list[Caption]:
    """Draw one reading; returns the captions, which are written last so that nothing covers them."""
    thin, captions = _thin(image), []
    if isinstance(reading, PlanReading | SectionReading):
        _walls(image, reading.walls, thin)
    if isinstance(reading, PlanReading):
        for room in reading.rooms:
            _room(image, room.outline)
        for column in reading.columns:
            _column(image, column.center, column.radius, column.shape, thin)
        for flight in reading.stairs:
            _box(image, flight.box, STAIRS, 2 * thin)
    elif isinstance(reading, FacadeReading):
        if reading.silhouette is not None:
            _outline(image, [*reading.silhouette, reading.silhouette[0]], thin)
        if reading.facade is not None:
            _box(image, reading.facade, WALL, thin)
        for box in reading.columns:
            _box(image, box, COLUMN, thin)
    elif reading.roof:
        _outline(image, reading.roof, thin)
    if not isinstance(reading, PlanReading):
        for line in (*reading.lines, *(reading.floors if isinstance(reading, SectionReading) else ())):
            _level(image, (line.x0, line.y), (line.x1, line.y), thin)
            captions.append(((line.x0, line.y), line.name, LEVEL))
    for one in reading.openings:
        _opening(image, one.box, one.kind, one.inferred, one.corners, INFERRED if one.inferred else OPENING, thin)
    return captions


def _walls(image: np.ndarray, walls: np.ndarray, thin: int) -> None:
    tint = np.asarray(WALL, np.float32)
    image[walls] = (0.45 * image[walls] + 0.55 * tint).astype(np.uint8)
    edges = cv2.findContours(walls.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)[0]
    cv2.drawContours(image, edges, -1, WALL, thin, cv2.LINE_AA)


def _room(image: np.ndarray, outline) -> None:
    inside = np.zeros(image.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.rint(np.asarray(outline, np.float64)).astype(np.int32)], 1)
    _tint(image, inside > 0)


def _tint(image: np.ndarray, where: np.ndarray) -> None:
    image[where] = (0.82 * image[where] + 0.18 * np.asarray(ROOM, np.float32)).astype(np.uint8)


def _column(image: np.ndarray, center, radius: float, shape: str, thin: int) -> None:
    (x, y), r = _at(center), max(2, round(radius))
    if shape == "round":
        cv2.circle(image, (x, y), r, COLUMN, 2 * thin, cv2.LINE_AA)
    else:
        _box(image, (x - r, y - r, x + r, y + r), COLUMN, 2 * thin)


def _outline(image: np.ndarray, points, thin: int) -> None:
    cv2.polylines(image, [np.rint(np.asarray(points)).astype(np.int32)], False, OUTLINE, 2 * thin, cv2.LINE_AA)


def _level(image: np.ndarray, p0, p1, thin: int) -> None:
    cv2.line(image, _at(p0), _at(p1), LEVEL, thin, cv2.LINE_AA)


def _opening(image: np.ndarray, box, kind: str, inferred: bool, corners, colour: Colour, thin: int) -> None:
    x0, y0, x1, y1 = (round(v) for v in box)
    if corners is not None:
        cv2.polylines(image, [np.rint(corners).astype(np.int32)], True, colour, 2 * thin, cv2.LINE_AA)
    elif inferred:
        _dashed(image, box, colour, 2 * thin)
    else:
        _box(image, box, colour, 2 * thin)
    if kind == "door":
        ends = [(x0, y0), (x1, y1), (x0, y1), (x1, y0)] if corners is None else [_at(corners[k]) for k in (0, 2, 1, 3)]
        cv2.line(image, ends[0], ends[1], colour, thin, cv2.LINE_AA)
        cv2.line(image, ends[2], ends[3], colour, thin, cv2.LINE_AA)


def _box(image: np.ndarray, box, colour: Colour, thick: int) -> None:
    x0, y0, x1, y1 = (round(v) for v in box)
    cv2.rectangle(image, (x0, y0), (x1, y1), colour, thick, cv2.LINE_AA)


def _dashed(image: np.ndarray, box, colour: Colour, thick: int) -> None:
    x0, y0, x1, y1 = box
    for a, b in (((x0, y0), (x1, y0)), ((x1, y0), (x1, y1)), ((x1, y1), (x0, y1)), ((x0, y1), (x0, y0))):
        steps = max(2, int(np.hypot(b[0] - a[0], b[1] - a[1]) / (6 + 3 * thick)))
        points = np.rint(np.linspace(a, b, 2 * steps)).astype(int)
        for p, q in zip(points[::2], points[1::2], strict=True):
            cv2.line(image, tuple(p.tolist()), tuple(q.tolist()), colour, thick)


def _bar(image: np.ndarray, p0, p1, fields: int, value: float | None, unit: str | None) -> Caption:
    """The bar with its fields, a little beside the printed one, and what it says."""
    thin = _thin(image)
    p0, p1 = np.array(p0, np.float64), np.array(p1, np.float64)
    length = float(np.hypot(*(p1 - p0)))
    along = (p1 - p0) / max(length, 1)
    beside = np.array([-along[1], along[0]])
    beside = beside if beside[1] > 0 or (beside[1] == 0 and beside[0] > 0) else -beside
    a, b = p0 + 6 * thin * beside, p1 + 6 * thin * beside
    cv2.line(image, _at(a), _at(b), BAR, 2 * thin, cv2.LINE_AA)
    for t in np.linspace(0, 1, min(fields, 200) + 1):
        middle = a + t * (b - a)
        cv2.line(image, _at(middle - 5 * thin * beside), _at(middle + 5 * thin * beside), BAR, thin, cv2.LINE_AA)
    words = f"{'?' if value is None else f'{value:g}'} {unit or 'of unknown unit'} = {length:.0f} px"
    return (max(a[0], b[0]) + 8 * thin, min(a[1], b[1])), words, BAR


def _at(point) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))


# ---- words
def _written(image: np.ndarray, captions: Sequence[Caption]) -> np.ndarray:
    """Captions on white plates, moved until they lie inside the picture and on no other caption."""
    if not captions:
        return image
    size = _font_px(image)
    face = ImageFont.load_default(size=size)
    plate = Image.fromarray(image)
    pen = ImageDraw.Draw(plate, "RGBA")
    taken: list[tuple[float, float, float, float]] = []
    for (x, y), text, colour in captions:
        left, top, right, bottom = pen.textbbox((0, 0), text, font=face)
        wide, high = right - left + size // 2, bottom - top + size // 3
        x = float(np.clip(x, 0, max(0, image.shape[1] - wide)))
        y = float(np.clip(y, 0, max(0, image.shape[0] - high)))
        for step in (0, 1, -1, 2, -2, 3, -3):
            moved = y + step * (high + 1)
            spot = (x, moved, x + wide, moved + high)
            if 0 <= moved <= image.shape[0] - high and not any(_overlap(spot, other) for other in taken):
                break
        else:
            continue  # no room without covering another caption: the line itself still stands there
        taken.append(spot)
        pen.rectangle(spot, fill=(255, 255, 255, 225))
        pen.text((spot[0] + size // 4 - left, spot[1] + size // 6 - top), text, font=face, fill=colour)
    return np.asarray(plate)


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _used(values: Mapping, walls: np.ndarray) -> set[str]:
    """The entries of the legend that occur."""
    used = {"drawing"} if len(values["drawings"]) > 1 else set()
    used |= {"wall"} if walls.any() else set()
    for one in values["openings"]:
        by_person = one.get("author") == "person"
        used.add("corrected by a person" if by_person else "opening completed by rule" if one["inferred"] else LEGEND[1][0])
    if values["scales"] or any("p0" in one for one in values["dims"]):
        used.add("scale")
    used |= {
        name
        for name, key in (("column", "columns"), ("room", "rooms"), ("stairs", "stairs"), ("level", "lines"))
        if values[key]
    }
    return used | ({"outline"} if any(one.get("outline") for one in values["drawings"]) else set())


def _legend(width: int, size: int, used: set[str], said: str) -> np.ndarray:
    """A white band: a sample and a name for each thing that was drawn, and the scale; wraps to the sheet's width."""
    face = ImageFont.load_default(size=size)
    measure = ImageDraw.Draw(Image.new("RGB", (4, 4)))
    entries = [entry for entry in LEGEND if entry[0] in used] + [(said, BAR, "words")]
    x, y, places = size, size // 2, []
    for name, colour, shape in entries:
        wide = measure.textlength(name, font=face) + (0 if shape == "words" else 2.6 * size) + 1.5 * size
        if x + wide > width and x > size:
            x, y = size, y + round(1.7 * size)
        places.append((x, y, name, colour, shape))
        x += round(wide)
    band = Image.new("RGB", (width, y + 2 * size), "white")
    pen = ImageDraw.Draw(band)
    pen.line([(0, 0), (width, 0)], fill=(160, 160, 160))
    for x, y, name, _, shape in places:
        at = x if shape == "words" else x + 2.6 * size
        pen.text((at, y), name, font=face, fill=(30, 30, 30))
    image = np.array(band)
    for x, y, _, colour, shape in places:
        box = (x, y + size // 8, x + 2 * size, y + size)
        middle = (y + y + round(1.1 * size)) // 2
        if shape == "filled":
            cv2.rectangle(image, box[:2], box[2:], colour, -1)
        elif shape == "box":
            _box(image, box, colour, max(1, size // 7))
        elif shape == "dashed":
            _dashed(image, box, colour, max(1, size // 9))
        elif shape == "tinted":
            part = np.zeros(image.shape[:2], bool)
            part[box[1] : box[3], box[0] : box[2]] = True
            _tint(image, part)
        elif shape == "line":
            cv2.line(image, (x, middle), (x + 2 * size, middle), colour, max(2, size // 6), cv2.LINE_AA)
    return image
