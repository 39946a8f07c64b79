"""Settling a sheet's scale: bars, written dimensions and room sizes must say the same, or a person is asked.

A written ratio (1:400) belongs to the page that was printed, not to the scan, and is never used. Doors, storeys and walls
have sizes that people need: they cannot measure a sheet, but they can show that a figure or a unit was misread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from studio.drawings.dimensions import Dimension
from studio.drawings.reading import Point, ScaleBar
from studio.drawings.scale_bar import AGREE, SURE
from studio.drawings.units import assumption

LEAST_ROOMS = 3  # sizes that must agree before rooms measure a sheet without a bar: one may be misread, two by chance alike
ROOMS_AGREE = 0.6  # share of the written sizes that must
OVERALL = 0.25  # of the sheet's longer side: a dimension line as long as this measures the building, not a detail
# Clear width of a door: 0.7–1.2 m in houses, up to 7 m at a city gate; below half a metre nobody passes.
DOOR_M = (0.45, 9.0)
STOREY_M = (1.7, 15.0)
ASK = "Pass --scale PX_PER_M, or --scale-points x0,y0,x1,y1=METRES with two points whose distance you know."


@dataclass(frozen=True)
class Settled:
    """What a sheet's scale is, or why nobody can say.

    Attributes:
        px_per_m: pixels of the rectified sheet per metre; None when it is not certain.
        source: "bar", "room sizes", "person" or "none".
        confidence: 0…1.
        finding: one sentence that begins "scale is not certain:", or None when it is.
        notes: what was assumed, what agrees with what, one sentence each.
        bar: the bar that was used, or None.
    """

    px_per_m: float | None
    source: str
    confidence: float
    finding: str | None = None
    notes: tuple[str, ...] = ()
    bar: ScaleBar | None = None


@dataclass(frozen=True)
class Statement:
    """One statement about the scale: what makes it, pixels per metre, how sure."""

    what: str
    px_per_m: float
    confidence: float


def settle(
    bars: Sequence[ScaleBar],
    dimensions: Sequence[Dimension] = (),
    *,
    doors_px: Sequence[float] = (),
    storeys_px: Sequence[float] = (),
    size: tuple[int, int] = (0, 0),
    ratio: int | None = None,
) -> Settled:
    """Hold everything that a sheet says about its scale against each other.

    Args:
        bars: `scale_bar.scales`.
        dimensions: `dimensions.dimensions`.
        doors_px, storeys_px: clear widths of doors, heights of storeys, in pixels of the rectified sheet.
        size: width and height of the rectified sheet.
        ratio: the ratio printed on it, if any: told, never used.
    """
    notes = [] if ratio is None else [f"The sheet says 1:{ratio}; that holds for the printed page, not for a scan's pixels."]
    sure = [bar for bar in bars if bar.px_per_m is not None and bar.confidence >= SURE]
    rooms = rooms_say(dimensions)
    if sure:
        said = _bar_statement(sure[0])
    elif rooms is not None:
        said = rooms
    else:
        return Settled(None, "none", 0.0, _nothing(bars, dimensions), tuple(notes))

    # everything else that measures the sheet must agree
    others = [_bar_statement(bar) for bar in sure[1:]]
    others += [rooms] if rooms is not None and sure else []
    others += _overall(dimensions, max(size))
    against = [other for other in others if not _agree(said.px_per_m, other.px_per_m)]
    if against:
        listed = "; ".join(_told(one) for one in (said, *against))
        return Settled(None, "none", 0.0, f"scale is not certain: statements disagree: {listed}. {ASK}", tuple(notes))
    if (odd := implausible(said.px_per_m, doors_px, storeys_px)) is not None:
        return Settled(None, "none", 0.0, f"scale is not certain: {_told(said)}, but then {odd}. {ASK}", tuple(notes))
    notes += [f"{one.what} agrees with it within {abs(one.px_per_m / said.px_per_m - 1):.1%}." for one in others]
    if sure and (text := assumption(sure[0].unit)) is not None:
        notes.append(text)
    elif not sure:
        notes.append("Room sizes in feet and inches were taken as British feet of 0.3048 m.")
    confidence = min(1.0, said.confidence + 0.05 * len(others))
    bar = sure[0] if sure else None
    return Settled(said.px_per_m, "bar" if sure else "room sizes", confidence, None, tuple(notes), bar)


def by_person(px_per_m: float, bars: Sequence[ScaleBar]) -> Settled:
    """The scale as a person gave it; bars that say otherwise are told."""
    notes = ["The scale was given, not read."]
    notes += [
        f"{_told(_bar_statement(bar))}; the given scale differs by {bar.px_per_m / px_per_m - 1:+.1%}."
        for bar in bars
        if bar.px_per_m is not None and bar.confidence >= SURE and not _agree(px_per_m, bar.px_per_m)
    ]
    return Settled(px_per_m, "person", 1.0, None, tuple(notes))


def between(p0: Point, p1: Point, metres: float) -> float:
    """Pixels per metre when two points lie so many metres apart."""
    return float(np.hypot(p1[0] - p0[0], p1[1] - p0[1])) / metres


def rooms_say(dimensions: Sequence[Dimension]) -> Statement | None:
    """What the written room sizes make of the scale, when enough of them agree."""
    measured = [one for one in dimensions if one.what.startswith("room") and one.px_per_m is not None]
    values = np.array([one.px_per_m for one in measured], np.float64)
    if len(values) < LEAST_ROOMS or not any(one.has_unit for one in measured):
        return None
    alike = [np.abs(values / v - 1) < AGREE for v in values]
    best = max(alike, key=lambda mask: int(mask.sum()))
    rooms = {one.text for one, is_in in zip(measured, best, strict=True) if is_in}
    if best.sum() < max(LEAST_ROOMS, ROOMS_AGREE * len(values)) or len(rooms) < 2:
        return None
    if not any(one.has_unit for one, is_in in zip(measured, best, strict=True) if is_in):
        return None
    inside = values[best]
    confidence = 0.6 + 0.3 * min(1.0, len(inside) / 8)
    return Statement(f"{len(inside)} written sizes of {len(rooms)} rooms", float(np.median(inside)), confidence)


def implausible(px_per_m: float, doors_px: Sequence[float], storeys_px: Sequence[float]) -> str | None:
    """What would be impossible at this scale, or None. Only what no building has: rules of thumb measure nothing."""
    for name, sizes, (least, most) in (("door", doors_px, DOOR_M), ("storey", storeys_px, STOREY_M)):
        if len(sizes) >= 2:
            middle = float(np.median(sizes)) / px_per_m
            if not least <= middle <= most:
                return f"the usual {name} would measure {middle:.2f} m"
    return None


def _overall(dimensions: Sequence[Dimension], side: int) -> list[Statement]:
    """Dimension lines that measure the whole drawing. One without a unit is taken for metres."""
    return [
        Statement(f"The dimension {one.text}", one.px_per_m, one.confidence)
        for one in dimensions
        if one.what == "dimension line" and one.px_per_m and one.px_per_m * one.metres > OVERALL * side and one.confidence > 0.8
    ]


def _bar_statement(bar: ScaleBar) -> Statement:
    return Statement(f"The bar of {bar.value:g} {bar.unit}", bar.px_per_m or 0.0, bar.confidence)


def _told(one: Statement) -> str:
    return f"{one.what} says {one.px_per_m:.2f} px per metre"


def _agree(a: float, b: float) -> bool:
    return abs(a / b - 1) <= AGREE


def _nothing(bars: Sequence[ScaleBar], dimensions: Sequence[Dimension]) -> str:
    """Why there is no scale."""
    if any(bar.px_per_m is not None for bar in bars):
        bar = next(bar for bar in bars if bar.px_per_m is not None)
        doubt = f"{_told(_bar_statement(bar))}, but its figures or its ticks do not all agree with each other"
    elif bars and bars[0].value is not None:
        unit = assumption(bars[0].unit) or "no unit was read beside it"
        doubt = f"a bar of {bars[0].length_px:.0f} px reads {bars[0].value:g}; {unit.rstrip('.')}"
    elif bars:
        doubt = f"a bar of {bars[0].length_px:.0f} px with {bars[0].fields} equal parts was found, but no figures were read"
    elif measured := [one.px_per_m for one in dimensions if one.px_per_m is not None]:
        said = ", ".join(f"{value:.2f}" for value in measured[:6])
        doubt = f"no bar was found, and too few written dimensions agree (they would give {said} px per metre)"
    elif dimensions:
        doubt = "no bar was found, and it was not seen from where to where the written dimensions reach"
    else:
        doubt = "no bar and no written dimension was found"
    return f"scale is not certain: {doubt}. {ASK}"
