"""Reading an elevation: where the building stands on the sheet, its outline, its levels, and its doors and windows."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from studio.drawings.facade_candidates import edges_of
from studio.drawings.facade_fellows import settled
from studio.drawings.facade_glance import overlaps
from studio.drawings.facade_grid import completed
from studio.drawings.facade_heads import headed
from studio.drawings.facade_levels import (
    columns_of,
    ground_of,
    outline_of,
    polygon_of,
    wall_box,
)
from studio.drawings.facade_lines import level_lines
from studio.drawings.facade_neighbours import among_others
from studio.drawings.facade_openings import ALONE, Seen, balanced, chosen, look, mirrored, unopposed
from studio.drawings.facade_posts import between_posts
from studio.drawings.facade_repeats import repeated
from studio.drawings.facade_shops import with_shops
from studio.drawings.facade_sides import exact
from studio.drawings.part import angle_of, part_of
from studio.drawings.reading import Box, FacadeReading, ReadOpening, Rectified, ScaleBar
from studio.drawings.scale_bar import scale_bar

DOOR_FOOT = 0.045  # of the building's height: a door stands on its steps, a window on its sill
SHAFT = 5.0  # times its width: the stoutest pilaster's height; windows of that form are slits, and dark
STOREY = 0.18  # of the building's height: no pilaster is lower than a quarter of a front of a dozen metres, without its roof
PALE = 10.0  # of 255, by which paper and shading differ from place to place
DOUBLE = 0.7  # overlap (IoU) of boxes that are one; a light and its window have 0.5 at most
MISREAD = 0.25  # of the openings: if so many lie under the ground line, a course or a step was taken for it


def read_facade(sheet: np.ndarray | Rectified, box: Box | None = None) -> FacadeReading:
    """Read one elevation from a sheet.

    Args:
        sheet: pixels, uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4], which are rectified first; or a Rectified.
        box: of the elevation where the sheet carries more than it; pixels of the rectified picture.
    Returns: a FacadeReading whose coordinates belong to its `picture`.
    Raises: NoDrawingError when no ink stands together that could be a building.
    """
    part = part_of(sheet, box)
    upright, gray, tone, mask, mass = part.sheet, part.gray, part.tone, part.ink, part.mass
    ground = ground_of(mask, mass)
    outline = outline_of(mass, ground)
    openings = openings_of(tone, mass, ground)
    facade = wall_box(outline, ground, [o.box for o in openings])
    outline[facade[1] : facade[3] + 1, facade[0] : facade[2] + 1] = 255  # pale shop fronts and pilasters are wall as well
    reading = FacadeReading(
        picture=upright.picture, openings=tuple(openings), facade=facade, silhouette=polygon_of(outline), ground_y=ground,
        angle=angle_of(upright), scale=_scale(upright) if box is None else None,
        confidence=float(np.mean([o.confidence for o in openings])) if openings else 0.2,
        notes=_notes(upright, openings), lines=level_lines(mask, outline, facade, ground),
        columns=columns_of(edges_of(gray), facade, [o.surround or o.box for o in openings]),
    )  # fmt: skip
    return moved(reading, *part.corner)


def openings_of(tone: np.ndarray, mass: np.ndarray, ground: int) -> list[ReadOpening]:
    """Doors and windows of one elevation, from above to below and from left to right; missing cells are completed."""
    x, y, w, h = cv2.boundingRect(mass)
    gray, body = tone[y : y + h, x : x + w], mass[y : y + h, x : x + w]
    high = ground - y
    seen = look(gray)
    picked = balanced(seen, chosen(seen), w)
    found = with_shops([_opening(seen, i, high) for i in picked], seen, edges_of(gray))
    found = repeated(found, gray)
    found += completed(seen, picked, (w, h), [one.box for one in found])
    found += [_alone(seen, i, high) for i in unopposed(seen, [one.box for one in found])]
    found += [_alone(seen, i, high) for i in mirrored(seen, [one.box for one in found], w)]
    found = [o for o in found if _on_the_building(o.box, body) and not is_pilaster(o, gray, high)]
    found = among_others(settled(exact(found, gray), edges_of(gray)), body)
    found = above_ground(distinct(found), high)
    found = [replace(o, box=(o.box[0] + x, o.box[1] + y, o.box[2] + x, o.box[3] + y)) for o in found]
    found = between_posts(headed(found, tone), tone, x + w / 2)
    return sorted(found, key=lambda o: (round(o.box[1] / max(1, 0.04 * high)), o.box[0]))


def distinct(openings: list[ReadOpening]) -> list[ReadOpening]:
    """Openings without their doubles: sides laid on drawn lines make one box of what were two; the surer stays."""
    surest = sorted(range(len(openings)), key=lambda i: -openings[i].confidence)
    boxes = np.array([one.box for one in openings], np.float64).reshape(-1, 4)
    same = overlaps(boxes, boxes) > DOUBLE
    kept: list[int] = []
    for i in surest:
        if not same[i, kept].any():
            kept.append(i)
    return [openings[i] for i in sorted(kept)]


def above_ground(openings: list[ReadOpening], ground: int) -> list[ReadOpening]:
    """The openings without what lies under the ground line: lettering, foundations, a floor within; all if that is much.

    Args:
        ground: row.
    """
    above = [one for one in openings if one.box[1] <= ground]
    return above if len(openings) - len(above) < MISREAD * len(openings) else openings


def moved(reading: FacadeReading, dx: int, dy: int) -> FacadeReading:
    """The reading of a part of a sheet in the whole sheet's pixels."""
    if not dx and not dy:
        return reading

    def box(b):
        return None if b is None else (b[0] + dx, b[1] + dy, b[2] + dx, b[3] + dy)

    return replace(
        reading,
        openings=tuple(replace(o, box=box(o.box), surround=box(o.surround)) for o in reading.openings),
        facade=box(reading.facade),
        silhouette=None if reading.silhouette is None else reading.silhouette + np.asarray((dx, dy), np.float32),
        ground_y=None if reading.ground_y is None else reading.ground_y + dy,
        lines=tuple(replace(li, y=li.y + dy, x0=li.x0 + dx, x1=li.x1 + dx) for li in reading.lines),
        columns=tuple(box(c) for c in reading.columns),
    )  # fmt: skip


def _opening(seen: Seen, i: int, height: int) -> ReadOpening:
    """One of the short list; height: of the building, which is the row of its ground as well."""
    x0, y0, x1, y1 = np.rint(seen.boxes[i]).astype(int).tolist()
    tall = (y1 - y0) / max(1, x1 - x0)
    stands = y1 > (1 - DOOR_FOOT) * height and y1 - y0 > 0.1 * height
    kind = "door" if stands and tall > 1.25 else "window"
    if stands and x1 - x0 > 0.16 * height and tall < 2.2:  # wider than two leaves: a shop, or an arch where its head is round
        kind = "shop" if seen.heads[i] == "flat" else "arch"
    head = {"low": "round"}.get(seen.heads[i], seen.heads[i])
    return ReadOpening((x0, y0, x1, y1), kind, round(float(seen.scores[i]), 3), head=head)


def _alone(seen: Seen, i: int, height: int) -> ReadOpening:
    """One that only the glance believes in; it is doubtful to whoever reads on."""
    return replace(_opening(seen, i, height), confidence=round(0.5 + 0.5 * (float(seen.glanced[i]) - ALONE), 3))


def _on_the_building(box: Box, mass: np.ndarray) -> bool:
    """Lettering and scales lie beside it: outside of its convex hull, for a pale wall leaves gaps in its mass."""
    hull = cv2.convexHull(cv2.findNonZero(mass))
    return cv2.pointPolygonTest(hull, ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), False) >= 0


def is_pilaster(one: ReadOpening, tone: np.ndarray, height: int) -> bool:
    """Slender, as high as a storey, and as pale as the wall beside it; a loophole is dark or short, a lancet has an arch."""
    x0, y0, x1, y1 = one.box
    wide, tall = max(1, x1 - x0), y1 - y0
    if one.head != "flat" or tall < SHAFT * wide or tall < STOREY * height:
        return False
    inner = tone[y0 + tall // 10 : y1 - tall // 10, x0 + wide // 4 : x1 - wide // 4]
    beside = [tone[y0:y1, max(0, x0 - wide) : max(1, x0 - wide // 4)], tone[y0:y1, x1 + wide // 4 : x1 + wide]]
    return bool(inner.size and inner.mean() > min(float(side.mean()) for side in beside if side.size) - PALE)


def _scale(sheet: Rectified) -> ScaleBar | None:
    return scale_bar(sheet.gray)


def _notes(sheet: Rectified, openings: list[ReadOpening]) -> tuple[str, ...]:
    notes = list(sheet.notes)
    inferred = sum(o.inferred for o in openings)
    if inferred:
        notes.append(f"{inferred} of {len(openings)} openings were not seen but completed on the grid of their neighbours.")
    return tuple(notes)
