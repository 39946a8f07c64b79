"""What was understood from a sheet. Coordinates are pixels of `picture`, the sheet turned upright, x to the right, y down.

`confidence` says how well the ink was read, 0…1; it says nothing about how good the sheet is as a source (that is a Level).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class ScaleBar:
    """A graphic scale.

    Attributes:
        x0, x1, y: its ends between two printed ticks, and its height on the sheet, in pixels.
        fields: number of equal parts between the ends.
        value: figure printed at the far end minus figure at the near end, or None when the figures could not be read.
        unit: "m" when a metre sign was read beside the figures, else None.
        confidence: 0…1.
        figures: what was read, from left to right; "?" where a figure stayed unread.
    """

    x0: float
    x1: float
    y: float
    fields: int
    value: float | None
    unit: str | None
    confidence: float
    figures: tuple[str, ...] = ()

    @property
    def length_px(self) -> float:
        """Distance of the ends in pixels."""
        return self.x1 - self.x0

    @property
    def px_per_m(self) -> float | None:
        """Pixels per metre; None unless both the figures and the metre sign were read."""
        return self.length_px / self.value if self.value and self.unit == "m" else None

    def px_per_m_if(self, metres: float) -> float:
        """Pixels per metre when a person says how long the whole bar is."""
        return self.length_px / metres


@dataclass(frozen=True)
class ReadOpening:
    """A door or window as read.

    Attributes:
        box: x0, y0, x1, y1 in pixels: the clear opening of an elevation, the gap in a plan's wall.
        kind: "door", "window" or "opening".
        confidence: 0…1.
        inferred: True when it was not seen but completed on the grid of its neighbours.
    """

    box: Box
    kind: str
    confidence: float
    inferred: bool = False


@dataclass(frozen=True)
class FacadeReading:
    """A façade.

    Attributes:
        picture: uint8 [H, W, 3], the sheet turned upright: use it as texture.
        openings: from top to bottom, left to right.
        facade: box of the wall from ground to eaves, or None.
        silhouette: float32 [N, 2], outline of the building above the ground, or None.
        ground_y: row of the ground line.
        angle: degrees by which the sheet was turned.
        scale: the scale bar, or None.
        confidence: 0…1.
        notes: what was assumed, one sentence each.
    """

    picture: np.ndarray
    openings: tuple[ReadOpening, ...]
    facade: Box | None
    silhouette: np.ndarray | None
    ground_y: int | None
    angle: float
    scale: ScaleBar | None
    confidence: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PlanReading:
    """A ground plan.

    Attributes:
        picture: uint8 [H, W, 3], the sheet turned upright.
        walls: bool [H, W], True in cut masonry, without openings.
        openings: gaps in straight walls.
        thickness_px: of the outer walls.
        style: "solid", "hollow" or "hatched".
        angle, scale, confidence, notes: as in FacadeReading.
    """

    picture: np.ndarray
    walls: np.ndarray
    openings: tuple[ReadOpening, ...]
    thickness_px: float
    style: str
    angle: float
    scale: ScaleBar | None
    confidence: float
    notes: tuple[str, ...] = field(default=())
