"""Drawing a plan: cut masonry in one of several manners, and what stands in its openings."""

from __future__ import annotations

import cv2
import numpy as np

from studio.samples.building import Box, Building, Opening
from studio.samples.pen import OVER, Pen


def wall_mask(pen: Pen, b: Building) -> np.ndarray:
    """Cut masonry, uint8 0/255 on the supersampled sheet: walls first, then openings cleared through their whole depth."""
    mask = np.zeros_like(pen.tone)
    for box in b.walls:
        _box(pen, mask, box, 255, 0.0)
    for outline in b.outlines:
        cv2.fillPoly(mask, [_points(pen, outline)], 255)
    for o in b.openings:
        if o.quad is None:
            _box(pen, mask, o.box, 0, 0.02)
        else:
            cv2.fillPoly(mask, [_points(pen, _deeper(o.quad))], 0)
    for x, y, radius, shape in b.columns:
        if shape == "round":
            cv2.circle(mask, tuple(_points(pen, [(x, y)])[0].tolist()), round(radius * pen.px_per_m * OVER), 255, -1)
        else:
            _box(pen, mask, (x - radius, y - radius, x + radius, y + radius), 255, 0.0)
    return mask


def _points(pen: Pen, points) -> np.ndarray:
    return np.rint([[v * OVER for v in pen.at(*p)] for p in points]).astype(np.int32)


def _box(pen: Pen, mask: np.ndarray, box: Box, value: int, grow: float) -> None:
    """A rectangle, grown by metres across its length so that nothing of the wall is left standing."""
    x0, y0, x1, y1 = box
    gx, gy = (0.0, grow) if x1 - x0 >= y1 - y0 else (grow, 0.0)
    left, bottom = pen.at(x0 - gx, y0 - gy)
    right, top = pen.at(x1 + gx, y1 + gy)
    mask[round(top * OVER) : round(bottom * OVER), round(left * OVER) : round(right * OVER)] = value


def _deeper(quad) -> list[tuple[float, float]]:
    """The opening's corners moved a tenth of its depth out of the wall on both sides: a curved wall bulges beyond its chord."""
    a, b, c, d = (np.asarray(p) for p in quad)
    return [tuple(a + 0.15 * (a - d)), tuple(b + 0.15 * (b - c)), tuple(c + 0.05 * (c - b)), tuple(d + 0.05 * (d - a))]


def poche(pen: Pen, mask: np.ndarray, style: str) -> None:
    """Cut masonry in one of the manners: "solid", "hollow", "hatched", or "washed" (an even grey within an outline)."""
    if style == "solid":
        np.maximum(pen.tone, mask, out=pen.tone)
        return
    pen.tone[mask > 0] = 0
    if style == "hatched":
        pen.hatch_mask(mask, 5.0, 0.8, 45)
    if style == "washed":
        pen.tone[mask > 0] = 105
    contours = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]
    cv2.drawContours(pen.tone, contours, -1, 255, max(1, round(1.9 * pen.unit * OVER)), cv2.LINE_AA)


def draw_opening(pen: Pen, o: Opening) -> None:
    """Three lines across a window; a leaf and its swing at an inner door; a sill at the front door; nothing in an arch."""
    if o.quad is not None:
        a, b, c, d = (np.asarray(p) for p in o.quad)
        for f in (0.06, 0.5, 0.94):
            pen.line([tuple(a + f * (d - a)), tuple(b + f * (c - b))], 0.8)
        return
    x0, y0, x1, y1 = o.box
    level = x1 - x0 >= y1 - y0
    if o.kind == "window":
        for f in (0.06, 0.5, 0.94):
            m = y0 + f * (y1 - y0)
            pen.line([(x0, m), (x1, m)], 0.8)
    elif o.side == "S":
        pen.line([(x0, y0), (x1, y0)], 0.8)
    elif o.side == "I":
        leaf = x1 - x0 if level else y1 - y0
        hinge = (x0, y1) if level else (x1, y0)
        arc = [(hinge[0] + leaf * np.cos(a), hinge[1] + leaf * np.sin(a)) for a in np.linspace(0, np.pi / 2, 16)]
        pen.line(arc, 0.6)
        pen.line([hinge, arc[-1] if level else arc[0]], 1.0)


def rooms_of(b: Building) -> list[Box]:
    """Rectangles between the spine and the cross walls, from the front left to the back right."""
    spine = b.walls[4]
    rooms = []
    for y0, y1 in ((b.thick, spine[1]), (spine[3], b.depth - b.thick)):
        cuts = sorted((x0, x1) for x0, wy0, x1, _ in b.walls[5:] if abs(wy0 - y0) < 1e-6)
        edges = [b.thick, *(v for cut in cuts for v in cut), b.width - b.thick]
        rooms += [(left, y0, right, y1) for left, right in zip(edges[::2], edges[1::2], strict=True)]
    return rooms
