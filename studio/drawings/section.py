"""Reading a section: what is cut, how high the floors lie, how thick the walls are, how the roof rises."""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.facade_lines import roof_top
from studio.drawings.facade_openings import chosen, look
from studio.drawings.paper import runs
from studio.drawings.part import angle_of, part_of
from studio.drawings.reading import Box, LevelLine, ReadOpening, Rectified, SectionReading
from studio.drawings.section_cut import cut_masonry

FLOOR_SPAN = 0.35  # a floor is cut over a third of the building at least; lintels and landings are shorter
THICK = 3.0  # of the usual floor's thickness: vaults and stoves thicken one floor, not threefold
STOREY_ENDS, AT_THE_END = 0.2, 0.06  # of a storey's height beside its floors, and of its width beside its outer walls
UNWALLED = 0.3  # of a storey's rows with a wall at its ends: fewer carry nothing, and all but as many are a storey
FOOT = 0.3  # of the building's width: lettering below it, or a cellar, covers less of its rows
NECK = 0.02  # of the building's width: a lantern's or a belfry's shaft is wider, a fold's shadow and a stain's edge are not
SURE = 0.6  # openings behind a cut are read only when they are plain: furniture and panelling look like windows


def read_section(sheet: np.ndarray | Rectified, box: Box | None = None) -> SectionReading:
    """Read one section from a sheet.

    Args:
        sheet: pixels, which are rectified first, or a Rectified.
        box: of the section where the sheet carries more than it; pixels of the rectified picture.
    Returns: a SectionReading whose coordinates belong to its `picture`.
    Raises: NoDrawingError when no ink stands together that could be a building.
    """
    part = part_of(sheet, box)
    upright, gray, tone, mask, mass = part.sheet, part.gray, part.tone, part.ink, part.mass
    x0, y0 = part.corner
    cut, is_inverted = cut_masonry(part.picture, gray, tone, mass)
    span = _span(cut, mass)
    ground = _ground(mask, mass, [], span)
    for beside in (cut[ground - 2 :, : span[0]], cut[ground - 2 :, span[2] :]):
        beside[:] = False
    floors = _carried(_floors(cut, gray, span), cut)
    if is_inverted:
        cut[ground + 1 :] = False  # bare paper under the floor is no masonry
    mass = _of_one_piece(mass, span)
    roof = _roof(mass, floors, span)
    lines = _lines(roof, floors, ground, span, roof_top(mass, span[2] - span[0]))
    openings = [] if cut.mean() > 0.5 else _openings(tone, mass, cut)
    walls = np.zeros(upright.gray.shape, bool)
    walls[y0 : y0 + cut.shape[0], x0 : x0 + cut.shape[1]] = cut

    def there(line: LevelLine) -> LevelLine:
        return LevelLine(line.name, line.y + y0, line.x0 + x0, line.x1 + x0, line.confidence)

    notes = list(upright.notes)
    if is_inverted:
        notes.append("The cut is left white and the rooms are dark: white bands were read as masonry.")
    if not cut.any():
        notes.append("No cut masonry was found.")
    return SectionReading(
        picture=upright.picture, walls=walls, is_inverted=is_inverted,
        floors=tuple(there(f) for f in floors), lines=tuple(there(li) for li in lines),
        thickness_px=_thickness(cut, span), roof=None if roof is None else tuple((x + x0, y + y0) for x, y in roof),
        openings=tuple(openings if not (x0 or y0) else [_moved(o, x0, y0) for o in openings]),
        ground_y=ground + y0, angle=angle_of(upright), scale=None,
        confidence=round(float(np.mean([f.confidence for f in floors])), 3) if floors else 0.2, notes=tuple(notes),
    )  # fmt: skip


def _span(cut: np.ndarray, mass: np.ndarray) -> Box:
    """The building: the box of what is cut, or of the mass where nothing is; earth hatched beside its foot is left out."""
    body = cut if cut.any() else mass > 0
    ys = np.flatnonzero(body.any(1))
    y0, y1 = int(ys.min()), int(ys.max()) + 1
    xs = np.flatnonzero(body[y0 : y0 + max(1, round(0.75 * (y1 - y0)))].any(0))
    return int(xs.min()), y0, int(xs.max()) + 1, y1


# ---- floors
def _floors(cut: np.ndarray, gray: np.ndarray, span: Box) -> list[LevelLine]:
    """Top faces of level bands of masonry, from below to above."""
    x0, y0, x1, y1 = span
    wide = x1 - x0
    part = cut[y0:y1, x0:x1].astype(np.uint8)
    joined = cv2.morphologyEx(part, cv2.MORPH_CLOSE, np.ones((1, max(3, wide // 40) | 1), np.uint8))
    spans = [max(runs(row > 0), key=lambda r: r[1] - r[0], default=(0, 0)) for row in joined]
    long = np.array([b - a for a, b in spans])
    found = []
    bands = [(a, b) for a, b in runs(long > FLOOR_SPAN * wide) if b - a >= 2]
    usual = round(float(np.median([b - a for a, b in bands]))) if bands else 0
    for a, b in bands:
        if len(bands) > 2 and b - a > THICK * usual:  # a roof drawn closed counts as cut: only its ceiling is a floor
            a = b - usual
        full = long[a:b].max()
        top = a + int(np.flatnonzero(long[a:b] > 0.8 * full)[0])
        left, right = spans[top]
        y = _top_face(part, top, left, right)
        ink_in = 255 - gray[y0 + top : y0 + a + round(0.7 * (b - a)) + 1, x0 + left : x0 + right].astype(np.float32).mean(1)
        heavy = top + int((ink_in >= 0.85 * ink_in.max()).argmax()) if ink_in.size else top
        if heavy - top > 3:  # a skirting was hatched together with the floor: the face is the heavier line
            y = float(heavy)
        found.append(LevelLine("floor", y + y0, float(left + x0), float(right + x0), round(0.4 + 0.6 * full / wide, 3)))
    return found[::-1]


def _carried(floors: list[LevelLine], cut: np.ndarray) -> list[LevelLine]:
    """The floors, from below to above, without a ridge beam: a band to which no wall rises, though one does to those below."""

    def walled(below: LevelLine, above: LevelLine) -> float:
        rows = cut[round(above.y + STOREY_ENDS * (below.y - above.y)) : round(below.y - STOREY_ENDS * (below.y - above.y))]
        reach = max(2, round(AT_THE_END * (below.x1 - below.x0)))
        ends = [rows[:, max(0, round(x) - reach) : round(x) + reach] for x in (below.x0, below.x1)]
        return float(np.mean([end.any(1).mean() if end.size else 0.0 for end in ends]))

    while len(floors) > 2 and walled(floors[-2], floors[-1]) < UNWALLED < 1 - UNWALLED < walled(floors[-3], floors[-2]):
        floors = floors[:-1]
    return floors


def _top_face(part: np.ndarray, top: int, left: int, right: int) -> float:
    """Row of the upper face, to a part of a pixel: the median over the columns of where masonry begins."""
    low, high = max(0, top - 6), min(len(part), top + 7)
    block = part[low:high, left:right] > 0
    begins = block.any(0)
    if not begins.any():
        return float(top)
    return low + float(np.median(block[:, begins].argmax(0)))


def _ground(mask: np.ndarray, mass: np.ndarray, floors: list[LevelLine], span: Box) -> int:
    """The line that runs on beyond the walls; else the lowest floor; else the foot of the building."""
    x0, y0, x1, y1 = span
    h, w = mask.shape
    joined = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((1, max(3, (x1 - x0) // 80) | 1), np.uint8))
    # where little of the walls was read as cut, the building goes on below and beside what was
    below = np.flatnonzero((mass[:, x0:x1] > 0).mean(1) > FOOT)
    tall = np.flatnonzero((mass > 0).mean(0) > FOOT * (mass > 0).mean(0).max())
    beyond = min(x0, int(tall[0])), max(x1, int(tall[-1]) + 1)
    foot = max(y1, int(below.max(initial=0)))
    low = y0 + round(0.65 * (foot - y0))
    outside = np.zeros(h)
    reach = round(0.15 * (x1 - x0))
    for a, b in ((max(0, beyond[0] - reach), beyond[0] - 2), (beyond[1] + 2, min(w, beyond[1] + reach))):
        if b - a > 4:
            outside += (joined[:, a:b] > 0).mean(1)
    if outside[low:].max(initial=0) > 0.4:  # on either side; lettering below a section covers less of its row
        return low + int(outside[low:].argmax())
    if floors:
        return round(floors[0].y)
    return int(np.flatnonzero((mass > 0).any(1)).max())


# ---- roof and walls
def _of_one_piece(mass: np.ndarray, span: Box) -> np.ndarray:
    """The mass without what hangs on it by a thread: a fold or a stain that runs up from the roof to the sheet's title."""
    k = max(3, round(NECK * (span[2] - span[0]))) | 1
    broad = cv2.morphologyEx(mass, cv2.MORPH_OPEN, np.ones((k, k), np.uint8))
    n, labels, stats, _ = cv2.connectedComponentsWithStats(broad)
    if n < 3:
        return mass
    top, foot = stats[:, cv2.CC_STAT_TOP], stats[:, cv2.CC_STAT_TOP] + stats[:, cv2.CC_STAT_HEIGHT]
    above = foot <= top[1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())]
    above[0] = False
    if not above.any():
        return mass
    parted = np.where(cv2.dilate(above[labels].astype(np.uint8), np.ones((k, k), np.uint8)) > 0, 0, mass).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(parted)
    return ((labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())) * 255).astype(np.uint8)


def _roof(mass: np.ndarray, floors: list[LevelLine], span: Box) -> list[tuple[float, float]] | None:
    """The upper edge of the building above its last floor, left to right; chimneys and finials are taken off."""
    x0, y0, x1, y1 = span
    k = max(5, round(0.06 * (x1 - x0))) | 1
    body = cv2.morphologyEx(mass, cv2.MORPH_OPEN, np.ones((3, k), np.uint8)) > 0
    columns = np.flatnonzero(body.any(0))
    if columns.size < 0.3 * (x1 - x0):
        return None
    top = body.argmax(0)[columns].astype(np.float32)
    edge = np.column_stack([columns, top]).astype(np.float32).reshape(-1, 1, 2)
    line = cv2.approxPolyDP(edge, 0.008 * max(x1 - x0, y1 - y0), False).reshape(-1, 2)
    del floors
    return [(float(x), float(y)) for x, y in line] if len(line) > 1 else None


def _lines(roof, floors: list[LevelLine], ground: int, span: Box, ridge: int) -> list[LevelLine]:
    """Ground, eaves and ridge; the ridge is no higher than `ridge`, for a chimney of a small house is as wide as a gable."""
    x0, y0, x1, _ = span
    lines = [LevelLine("ground", float(ground), float(x0), float(x1), 0.8)]
    if floors and len(floors) > 1:
        lines.append(LevelLine("eaves", floors[-1].y, floors[-1].x0, floors[-1].x1, 0.6))
    top = min((y for _, y in roof), default=float(y0)) if roof else float(y0)
    lines.append(LevelLine("ridge", max(top, float(ridge)), float(x0), float(x1), 0.6))
    return sorted(lines, key=lambda line: line.y)


def _thickness(cut: np.ndarray, span: Box) -> tuple[float, float]:
    """Usual width of the first and of the last piece of masonry in each row of the building, pixels."""
    x0, y0, x1, y1 = span
    left, right = [], []
    for y in range(y0, y1, 2):
        pieces = [(a, b) for a, b in runs(cut[y, x0:x1]) if b - a > 2]
        if not pieces or pieces[0][1] - pieces[0][0] > 0.3 * (x1 - x0):
            continue  # a floor
        if pieces[0][0] < 0.06 * (x1 - x0):
            left.append(pieces[0][1] - pieces[0][0])
        if pieces[-1][1] > 0.94 * (x1 - x0):
            right.append(pieces[-1][1] - pieces[-1][0])
    return tuple(float(np.median(v)) if v else 0.0 for v in (left, right))  # type: ignore[return-value]


# ---- the wall behind the cut
def _openings(tone: np.ndarray, mass: np.ndarray, cut: np.ndarray) -> list[ReadOpening]:
    ys, xs = np.nonzero(mass)
    left, top = int(xs.min()), int(ys.min())
    seen = look(tone[top : ys.max() + 1, left : xs.max() + 1])
    found = []
    for i in chosen(seen):
        x0, y0, x1, y1 = np.rint(seen.boxes[i]).astype(int).tolist()
        box = (x0 + left, y0 + top, x1 + left, y1 + top)
        if seen.scores[i] > SURE and cut[box[1] : box[3], box[0] : box[2]].mean() < 0.1:
            kind = "door" if (y1 - y0) > 1.6 * (x1 - x0) else "window"
            head = {"low": "round"}.get(seen.heads[i], seen.heads[i])
            found.append(ReadOpening(box, kind, round(float(seen.scores[i]), 3), head=head))
    return sorted(found, key=lambda o: (o.box[1], o.box[0]))


def _moved(o: ReadOpening, dx: int, dy: int) -> ReadOpening:
    x0, y0, x1, y1 = o.box
    return ReadOpening((x0 + dx, y0 + dy, x1 + dx, y1 + dy), o.kind, o.confidence, head=o.head)
