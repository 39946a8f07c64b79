"""Rooms from a ground plan: the drawn walls raised, with floor, parapets and lintels, standing on the plan itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import DrawingError, MeasureError, MissingPartError
from .levels import worst
from .model import Element, Evidence, Focus, Light, Plate, SceneModel
from .solids import PRECISION_M, box, joined, need_shapely, plate, polygons, prism, shifted
from .texture import Texture

RULE_HEIGHT_M, SILL_M, HEAD_M = 3.0, 0.9, 2.1
WALL, FLOOR, EARTH = (0.86, 0.83, 0.77), (0.60, 0.50, 0.40), (0.55, 0.53, 0.48)
FROM_THE_SOUTH_WEST = (-0.304, -0.652, 0.695)  # and from above, so that one looks into the rooms
Ring = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Walls:
    """The walls of a plan as outlines in metres: x east, y north, the origin at the south-west corner of all walls.

    Attributes:
        outlines: (outer ring, holes) for each piece of wall.
        sheet: x0, y0, x1, y1 in metres: where the whole sheet lies in the same frame.
    """

    outlines: tuple[tuple[Ring, tuple[Ring, ...]], ...]
    sheet: tuple[float, float, float, float]


@dataclass(frozen=True)
class Gap:
    """A door or window in a plan.

    Attributes:
        kind: "door" or "window".
        box: x0, y0, x1, y1 in the sheet's pixels, y down; as deep as the wall.
    """

    kind: str
    box: tuple[float, float, float, float]


def polygons_from_mask(mask: np.ndarray, px_per_m: float, *, tolerance_m: float = 0.02) -> Walls:
    """Outlines of the walls in a mask, straightened to `tolerance_m`; pieces under 100 cm² are specks and left out.

    Args:
        mask: bool [H, W], True where the plan shows wall.
        px_per_m: scale of the sheet.
    Raises: DrawingError when the mask holds no wall; MeasureError for a scale of zero; MissingPartError without OpenCV.
    """
    _check_scale(px_per_m)
    try:
        import cv2
    except ImportError as error:
        raise MissingPartError("Walls are traced with OpenCV, which is not here: give outlines in metres instead.") from error
    # Contours run through pixel centres and so lose half a pixel all round; of a finer grid half a pixel is little.
    fine = 4 if mask.size < 4_000_000 else 2
    grid = np.kron(np.pad(mask, 1).astype(np.uint8), np.ones((fine, fine), np.uint8))
    contours, tree = cv2.findContours(grid, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    rings = [_simplified(cv2, contour, fine, max(tolerance_m * px_per_m, 0.75)) for contour in contours]
    height = mask.shape[0]
    kept = [i for i, ring in enumerate(rings) if len(ring) > 2 and tree[0][i][3] < 0
            and cv2.contourArea(ring.astype(np.float32)) > 0.01 * px_per_m**2]  # fmt: skip
    if not kept:
        raise DrawingError("The mask of walls is empty, or holds only specks: nothing can be raised from it.")
    west = min(float(rings[i][:, 0].min()) for i in kept)
    south = max(float(rings[i][:, 1].max()) for i in kept)

    def metres(ring: np.ndarray) -> tuple[tuple[float, float], ...]:
        return tuple(((float(x) - west) / px_per_m, (south - float(y)) / px_per_m) for x, y in ring)

    outlines = tuple(
        (metres(rings[i]), tuple(metres(rings[j]) for j in range(len(rings)) if tree[0][j][3] == i and len(rings[j]) > 2))
        for i in kept
    )
    sheet = (-west / px_per_m, (south - height) / px_per_m, (mask.shape[1] - west) / px_per_m, south / px_per_m)
    return Walls(outlines, sheet)


def plan(
    walls: Walls | Sequence[tuple[Ring, Sequence[Ring]]],
    *,
    height_m: float | None = None,
    height_level: int | None = None,
    level: int = 2,
    gaps: Sequence[Gap] = (),
    px_per_m: float | None = None,
    drawing: np.ndarray | Texture | None = None,
    drawing_level: int = 1,
    source_sha256: str = "",
    name: str = "plan",
) -> SceneModel:
    """Raise the walls of a ground plan.

    A plan shows where walls stand and how thick they are, not how high. When somebody gives the height, the walls keep the
    plan's level in "form" (or `height_level`, where that is worse); when nobody does, it is a rule and so are the walls.

    Args:
        walls: from `polygons_from_mask`, or (outer ring, holes) in metres.
        height_m: clear height; 3 m by rule when left out.
        height_level: how the height is known: 2 when a section shows it; as `level` when only given.
        level: of the drawing, 2 for a design or survey drawing.
        gaps: doors and windows; a window gets a parapet of 0.9 m, both a lintel from 2.1 m up, by rule.
        px_per_m: scale of the sheet; needed for `gaps` and `drawing`.
        drawing: the whole sheet, laid under the walls at their own scale.
        drawing_level, source_sha256: of that sheet.
    Raises: MeasureError, DrawingError, MissingPartError without shapely.
    """
    shape, sheet = _shape(walls)
    tall = RULE_HEIGHT_M if height_m is None else height_m
    if not 0.3 <= tall <= 200:
        raise MeasureError(f"Walls {tall} m high cannot be built: give a height between 0.3 and 200 m.")
    if (gaps or drawing is not None) and (px_per_m is None or sheet is None):
        raise MeasureError("Openings and the sheet are placed by pixels: give px_per_m, and walls from polygons_from_mask.")
    _check_scale(1.0 if px_per_m is None else px_per_m)
    known = 6 if height_m is None else max(level, height_level or level)
    assumptions = [f"The walls are {tall:.2f} m high " + ("by rule; a plan does not show height." if height_m is None else
                                                           "as given; the plan does not show it.")]  # fmt: skip
    aspects = {"position": level, "form": level, "dimension": known}
    author = "rule" if height_m is None else "drawing"
    elements: list[Element] = []
    for number, part in enumerate(polygons(shape)):
        vertices, faces = prism(part, tall)
        where = (Evidence(source_sha256, _region(part.bounds, sheet, px_per_m), "outline as drawn in the plan"),)
        elements.append(Element(f"wall-{number:03}", "wall", vertices, faces, worst(aspects), author, where, aspects,
                                "plaster", WALL))  # fmt: skip
    fills = _filled(gaps, shape, sheet, px_per_m, tall, level, source_sha256)
    if fills:
        assumptions.append(f"Windows stand on parapets of {SILL_M} m, and walls go on above {HEAD_M} m, by rule.")
    # Where no sheet lies under the walls, a floor does; neither overlaps the other.
    plates = _sheet(drawing, drawing_level, sheet, source_sha256)
    under = 0.004 if plates else 0.0
    x0, y0, x1, y1 = shape.bounds
    gx0, gy0, gx1, gy1 = sheet if plates and sheet else shape.bounds
    floor, top = prism(_footprint(shape), 0.15), -under
    elements += fills
    elements.append(_ruled("floor", "floor", shifted(floor, (0, 0, top - 0.15)), "stone", FLOOR))
    margin = 0.12 * max(gx1 - gx0, gy1 - gy0)
    earth = box((gx0 - margin, gy0 - margin, top - 0.4), (gx1 + margin, gy1 + margin, top - 0.15))
    elements.append(_ruled("ground", "ground", earth, "earth", EARTH))
    centre = ((x0 + x1) / 2, (y0 + y1) / 2, tall / 3)
    across = max(x1 - x0, y1 - y0)
    focus = Focus(centre, (1.15 * (x1 - x0), 1.15 * (0.75 * (y1 - y0) + 0.66 * tall)), FROM_THE_SOUTH_WEST)
    sun = Light("sun", (centre[0] - across, centre[1] - 0.6 * across, 1.5 * across), centre, 3.2, 1.5, (1.0, 0.96, 0.9), "sun")
    return SceneModel(name, tuple(elements), plates, (sun,), focus, tuple(assumptions)).check()


def _shape(walls: Walls | Sequence[tuple[Ring, Sequence[Ring]]]):
    """One valid shapely shape of all walls, and the sheet's place when it is known."""
    shapely = need_shapely()
    from shapely.geometry import Polygon
    from shapely.ops import unary_union

    outlines, sheet = (walls.outlines, walls.sheet) if isinstance(walls, Walls) else (walls, None)
    pieces = [Polygon(outer, holes).buffer(0) for outer, holes in outlines if len(outer) > 2]
    # Rounded once, here: what is cut to fit the walls later then meets them exactly.
    shape = shapely.set_precision(unary_union(pieces), PRECISION_M)
    if not polygons(shape):
        raise DrawingError("The outlines of the walls enclose nothing: nothing can be raised from them.")
    x0, y0, x1, y1 = shape.bounds
    if max(x1 - x0, y1 - y0) > 5000 or max(x1 - x0, y1 - y0) < 0.2:
        raise MeasureError(f"The plan is {x1 - x0:.2f} m × {y1 - y0:.2f} m: check the scale of the sheet.")
    return shape, sheet


def _filled(gaps: Sequence[Gap], shape, sheet, px_per_m, tall: float, level: int, source_sha256: str) -> list[Element]:
    """Parapets and lintels in the gaps, cut to what the walls leave free."""
    from shapely.geometry import box as rectangle
    from shapely.ops import unary_union

    found, taken = [], shape
    for number, gap in enumerate(gaps):
        x0, y0 = sheet[0] + gap.box[0] / px_per_m, sheet[3] - gap.box[3] / px_per_m
        x1, y1 = sheet[0] + gap.box[2] / px_per_m, sheet[3] - gap.box[1] / px_per_m
        # A read box ends a pixel short of its jambs or beyond them: lengthen it into the walls, along which it grows least.
        along = [rectangle(x0 - 0.06, y0, x1 + 0.06, y1), rectangle(x0, y0 - 0.06, x1, y1 + 0.06)]
        free = polygons(min((one.difference(taken) for one in along), key=lambda one: one.area))
        spans = [(HEAD_M, tall)] if tall > HEAD_M + 0.05 else []
        if gap.kind == "window" and tall > SILL_M:
            spans.append((0.0, SILL_M))
        solids = []
        for low, high in spans if free else ():
            solids.append(shifted(prism(unary_union(free), high - low), (0, 0, low)))
        if solids:
            taken = unary_union([taken, *free])
            evidence = (Evidence(source_sha256, gap.box, f"{gap.kind} as drawn; parapet and lintel by rule"),)
            vertices, faces = joined(solids)
            found.append(Element(f"over-{number:03}", "lintel", vertices, faces, 6, "rule", evidence,
                                 {"position": level, "form": 6, "dimension": 6}, "plaster", WALL))  # fmt: skip
    return found


def _sheet(drawing, drawing_level: int, sheet, source_sha256: str) -> tuple[Plate, ...]:
    """The drawing, face up, its surface at z = 0 where the walls stand."""
    if drawing is None:
        return ()
    texture = drawing if isinstance(drawing, Texture) else Texture.from_pixels(drawing)
    x0, y0, x1, y1 = sheet
    evidence = (Evidence(source_sha256, None, "the sheet, at the building's scale"),)
    return (plate("plate-drawing", texture, center=((x0 + x1) / 2, (y0 + y1) / 2, 0.0), right=(1, 0, 0), up=(0, 1, 0),
                  width_m=x1 - x0, height_m=y1 - y0, level=drawing_level, author="drawing", kind="document",
                  evidence=evidence),)  # fmt: skip


def _footprint(shape):
    """The ground that the walls surround: their outermost outlines without any holes, doors bridged by up to 2 m."""
    from shapely.geometry import Polygon
    from shapely.ops import unary_union

    closed = shape.buffer(1.0, join_style="mitre").buffer(-1.0, join_style="mitre")
    outer = unary_union([Polygon(part.exterior) for part in polygons(closed.union(shape))])
    return polygons(outer)[0]


def _region(bounds, sheet, px_per_m) -> tuple[float, float, float, float] | None:
    """Metres back to the sheet's pixels."""
    if sheet is None or px_per_m is None:
        return None
    x0, y0, x1, y1 = bounds
    left, right = (x0 - sheet[0]) * px_per_m, (x1 - sheet[0]) * px_per_m
    return round(left, 1), round((sheet[3] - y1) * px_per_m, 1), round(right, 1), round((sheet[3] - y0) * px_per_m, 1)


def _simplified(cv2, contour: np.ndarray, fine: int, tolerance_px: float) -> np.ndarray:
    """float64 [N, 2], x and y in the mask's pixels (edges at whole numbers), with the border that was added taken off."""
    points = cv2.approxPolyDP(contour, tolerance_px * fine, True)[:, 0].astype(np.float64)
    return (points + 0.5) / fine - 1


def _ruled(name: str, kind: str, geometry, material: str, color) -> Element:
    vertices, faces = geometry
    return Element(name, kind, vertices, faces, 6, "rule", (Evidence(note="by rule"),), {"form": 6}, material, color)


def _check_scale(px_per_m: float) -> None:
    if not 0 < px_per_m < 1e5:
        raise MeasureError(f"The scale is said to be {px_per_m} px per metre; it must be above 0. Give the sheet's scale.")
