"""A picture of what was read, laid over the sheet, so that a person can agree or object."""

from __future__ import annotations

import cv2
import numpy as np

from studio.drawings.paper import as_rgb
from studio.drawings.reading import FacadeReading, PlanReading, ScaleBar

WALL, OPENING, INFERRED, OUTLINE, BAR = (0, 114, 178), (213, 94, 0), (204, 121, 167), (0, 158, 115), (150, 0, 150)  # Okabe–Ito


def overlay(rgb: np.ndarray, reading: FacadeReading | PlanReading) -> np.ndarray:
    """Draw a reading over its picture.

    Args:
        rgb: the reading's own `picture`, or a picture of the same size.
    Returns: uint8 [H, W, 3]. Walls blue, openings orange (doors crossed), inferred ones pink and dashed, the outline green,
        the scale bar violet with the metres that were read.
    """
    image = as_rgb(rgb).copy()
    thin = max(1, round(min(image.shape[:2]) / 450))
    if isinstance(reading, PlanReading):
        tint = np.asarray(WALL, np.float32)
        image[reading.walls] = (0.45 * image[reading.walls] + 0.55 * tint).astype(np.uint8)
        edges = cv2.findContours(reading.walls.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)[0]
        cv2.drawContours(image, edges, -1, WALL, thin, cv2.LINE_AA)
    else:
        if reading.silhouette is not None:
            cv2.polylines(image, [np.rint(reading.silhouette).astype(np.int32)], True, OUTLINE, 2 * thin, cv2.LINE_AA)
        if reading.facade is not None:
            x0, y0, x1, y1 = reading.facade
            cv2.rectangle(image, (x0, y0), (x1, y1), WALL, thin, cv2.LINE_AA)
    for opening in reading.openings:
        x0, y0, x1, y1 = opening.box
        colour = INFERRED if opening.inferred else OPENING
        if opening.inferred:
            _dashed(image, opening.box, colour, thin)
        else:
            cv2.rectangle(image, (x0, y0), (x1, y1), colour, 2 * thin, cv2.LINE_AA)
        if opening.kind == "door":
            cv2.line(image, (x0, y0), (x1, y1), colour, thin, cv2.LINE_AA)
            cv2.line(image, (x0, y1), (x1, y0), colour, thin, cv2.LINE_AA)
    if reading.scale is not None:
        _bar(image, reading.scale, thin)
    return image


def _dashed(image: np.ndarray, box, colour, thin: int) -> None:
    x0, y0, x1, y1 = box
    for a, b in (((x0, y0), (x1, y0)), ((x1, y0), (x1, y1)), ((x1, y1), (x0, y1)), ((x0, y1), (x0, y0))):
        steps = max(2, int(np.hypot(b[0] - a[0], b[1] - a[1]) / 8))
        points = np.rint(np.linspace(a, b, 2 * steps)).astype(int)
        for p, q in zip(points[::2], points[1::2], strict=True):
            cv2.line(image, tuple(p.tolist()), tuple(q.tolist()), colour, 2 * thin)


def _bar(image: np.ndarray, scale: ScaleBar, thin: int) -> None:
    y, x0, x1 = round(scale.y) + 6 * thin, round(scale.x0), round(scale.x1)
    cv2.line(image, (x0, y), (x1, y), BAR, 2 * thin, cv2.LINE_AA)
    for x in np.linspace(x0, x1, scale.fields + 1):
        cv2.line(image, (round(x), y - 5 * thin), (round(x), y + 5 * thin), BAR, thin, cv2.LINE_AA)
    value = "?" if scale.value is None else f"{scale.value:g}"
    words = f"{value} {scale.unit or '?'} = {scale.length_px:.0f} px"
    cv2.putText(image, words, (x1 + 8, y + 4), cv2.FONT_HERSHEY_SIMPLEX, 0.45 * thin, BAR, thin, cv2.LINE_AA)
