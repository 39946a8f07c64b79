"""Several drawings become one building: one frame, one scale, openings matched, disagreements kept.

`fuse(views)` returns what all sheets together say, in metres; nothing in it is averaged: of two values one is used and the
other stands in `contradictions`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from studio.drawings.contradictions import ASKS, Contradiction, compared
from studio.drawings.exact_rows import exact, ground_row
from studio.drawings.holes import Hole, Ledger, at_cut, inner_holes, side_holes
from studio.drawings.matching import Match, Span, aligned, matched
from studio.drawings.partial_fronts import APART, POOR, as_a_person_says, matched_at, of_parts
from studio.drawings.placed_sections import extent_name, placed_section
from studio.drawings.storeys import READ_PX, Heights, heights
from studio.drawings.views import (
    ACROSS,
    GAP_SURE,
    SIDES,
    Placed,
    Region,
    View,
    along,
    elevation_span,
    extent,
    front_ends,
    plan_spans,
    section_edges,
)
from studio.errors import DrawingError, ScaleError

SLIVER = 6.0  # a façade read taller than this many times its width is a part of one: towers are drawn to four or five
# Of the drawing's width; a wall narrower than this is no measure for a sheet without a scale: half of what the narrowest of
# our own houses takes of its whole sheet, margins and ground line counted (0.58).
PART = 0.3
SLICE = 0.1  # of the building's other extent: a section narrower than this is a side room beside a court, or a wall


class DifferentBuildingsError(DrawingError):
    """A plan and an elevation that cannot show the same building."""


class SliverError(DrawingError):
    """An elevation of which only a narrow strip was found: heights scaled by its width would be invented."""


class NothingToFuseError(DrawingError):
    """No sheet holds a plan or an elevation that a building could be made from."""


@dataclass(frozen=True, eq=False)
class Fused:
    """What the sheets say together.

    Attributes:
        plan: or None. elevations: one for each side that is drawn. sections: placed; `side` is from where they are seen.
        size: width (x) and depth (y) of the building's extent, metres.
        holes: openings that were read.
        heights: storeys, eaves, ridge.
        contradictions, assumptions: what disagreed; what was assumed, one sentence each.
        shown: x0, y0, x1, y1 of the part of the plan that partial elevations show, metres; None where they show all of it.
    """

    plan: Placed | None
    elevations: dict[str, Placed]
    sections: tuple[Placed, ...]
    size: tuple[float, float]
    holes: tuple[Hole, ...]
    heights: Heights
    contradictions: tuple[Contradiction, ...]
    assumptions: tuple[str, ...]
    shown: Region | None = None


def fuse(views: Sequence[View], *, height_m: float | None = None) -> Fused:
    """Bring plan, elevations and sections of one building into its frame.

    Args:
        views: drawings that were read; the first plan and one elevation per side are used.
        height_m: of the walls, where no sheet shows it.
    Raises: NothingToFuseError; SliverError; ScaleError when no sheet has a scale; DifferentBuildingsError.
    """
    views = [exact(v) for v in views]
    plans = [v for v in views if v.kind == "plan"]
    drawn = [v for v in views if v.kind == "elevation" and v.front.facade]
    cuts = [v for v in views if v.kind == "section"]
    if not plans and not drawn:
        raise NothingToFuseError("No plan and no elevation was found on the sheets: name them with --as SHEET=plan.")
    ledger = Ledger([], [f"{v.name}: a second plan was not used." for v in plans[1:]])
    drawn = [v for v in drawn if _whole_front(v, ledger if plans and cuts else None)]
    fronts = _sides(drawn, ledger)
    plan, fits = _plan_and_fits(plans[0] if plans else None, fronts, cuts, ledger)
    elevations = {side: _elevation(view, side, plan, fits.get(side)) for side, view in fronts.items()}
    size = _size(plan, elevations, cuts, ledger)
    sections = tuple(placed_section(view, size, plan, elevations, ledger) for view in cuts)
    found = heights(list(elevations.values()), sections, height_m)
    holes, shown = inner_holes(plan), _shown(plan, ledger)
    for side in SIDES:
        holes += side_holes(side, plan, elevations.get(side), fits.get(side), size, found, ledger, shown)
    return Fused(
        plan, elevations, sections, size, tuple(holes), found,
        (*ledger.records, *found.contradictions), (*ledger.notes, *found.assumptions), shown,
    )  # fmt: skip


def _shown(plan: Placed | None, ledger: Ledger) -> Region | None:
    """What of the plan lies within the stretches that partial elevations show, metres; None where none is partial."""
    if plan is None or not ledger.shown:
        return None
    x0, y0, x1, y1 = extent(plan.view.plan.walls)
    for side, (low, high) in ledger.shown.items():
        first, last = (low, high) if side in ("south", "west") else (-high, -low)  # `along` counts these two backwards
        if ACROSS[side] == "x":
            x0, x1 = max(x0, first), min(x1, last)
        else:
            y0, y1 = max(y0, first), min(y1, last)
    (left, low), (right, high) = plan.metres(x0, y1), plan.metres(x1, y0)
    return left, low, right, high


def _whole_front(view: View, ledger: Ledger | None) -> bool:
    """Whether the wall that was read is a façade; with a ledger, when plan and section build without it, it is left aside.

    Raises: SliverError when it is none, and nothing else says how high the building is.
    """
    x0, y0, x1, y1 = view.wall
    wide, high = x1 - x0, y1 - y0
    drawn = view.box[2] - view.box[0] if view.box else view.reading.picture.shape[1]
    if high > SLIVER * max(wide, 1) or (view.px_per_m is None and wide < PART * drawn):
        said = (
            f"{view.name}: of the façade only a strip {wide} px wide and {high} px high was found on {drawn} px of drawing; "
            f"heights by its width would be invented. Crop the sheet to the elevation, or give its scale "
            f"(--scale {view.name}=PX_PER_M)."
        )
        if ledger is None:
            raise SliverError(said)
        ledger.notes.append(f"Left aside: {said}")
        return False
    return True


def _sides(drawn: Sequence[View], ledger: Ledger) -> dict[str, View]:
    """Which façade each elevation shows: as said, else the south first."""
    fronts: dict[str, View] = {}
    for view in sorted(drawn, key=lambda v: v.side is None):
        side = view.side or next((s for s in SIDES if s not in fronts), None)
        if side is None or side in fronts:
            ledger.notes.append(f"{view.name} was not used: the {view.side or 'last free'} side is shown by another elevation.")
            continue
        if view.side is None:
            ledger.notes.append(f"{view.name} is taken for the {side} façade; say --side {view.name}=… if it shows another.")
        fronts[side] = view
    return fronts


def _plan_and_fits(
    view: View | None, fronts: dict[str, View], cuts: Sequence[View], ledger: Ledger
) -> tuple[Placed | None, dict[str, Match]]:
    """The plan in the frame, and how each elevation lies on it; a missing scale is carried over by the shared width."""
    if view is None:
        return None, {}
    inside = extent(view.plan.walls)
    fits: dict[str, Match] = {}
    scale, said = view.px_per_m, ""
    for side, front in list(fronts.items()):
        try:
            fits[side] = _fit(view, inside, side, front, ledger)
        except DifferentBuildingsError:
            if (found := _elsewhere(view, inside, front, fronts)) is None:
                if (part := as_a_person_says(view, inside, side, fronts, ledger)) is None:
                    raise
                fits[side] = part
                continue
            del fronts[side]
            ledger.notes[:] = [note for note in ledger.notes if not note.startswith(f"{front.name} is taken for the {side}")]
            side = found
            fronts[side] = front
            fits[side] = _fit(view, inside, side, front, ledger)
            ledger.notes.append(
                f"{front.name} does not fit the south of {view.name} and is taken for the {side} façade, where width and "
                f"openings agree; say --side {front.name}=… if it shows another."
            )
    if view.px_per_m is None and (found := of_parts(view, inside, fronts, fits, ledger)) is not None:
        scale, said = found
    for side, front in fronts.items():
        if len(fits[side].pairs) < 2 and None in (view.px_per_m, front.px_per_m) and not (said and front.px_per_m):
            ledger.notes.append(
                f"Not certain: the scale of {front.name} against {view.name} rests on the ends of the {side} wall alone, "
                f"because {len(fits[side].pairs)} of their openings match."
            )
    first = next(((side, front) for side, front in fronts.items() if front.px_per_m is not None), None)
    if scale is None and first is not None:
        side, front = first
        scale, said = fits[side].scale * (front.px_per_m or 1.0), f"{front.name} by the width of the {side} façade"
    if scale is not None and view.px_per_m is None:
        fits |= _with_own_scale(view, inside, scale, fronts, fits, ledger)
    if scale is None:
        for cut in cuts:
            if (edges := section_edges(cut.cut)) and cut.px_per_m:
                axis = ACROSS[cut.side or "south"]
                across = inside[2] - inside[0] if axis == "x" else inside[3] - inside[1]
                scale, said = (
                    across / (edges[1] - edges[0]) * cut.px_per_m,
                    f"{cut.name} by the building's {extent_name(axis)}",
                )
                break
    if scale is None:
        names = ", ".join(one.name for one in (view, *fronts.values(), *cuts))
        raise ScaleError(f"No scale could be read from {names}: pass --scale {view.name}=PX_PER_M for one of them.")
    if said:
        ledger.notes.append(f"{view.name} has no scale of its own; {scale:.2f} px per metre were carried over from {said}.")
    return Placed(view, "plan", (inside[0], inside[3]), (scale, scale)), fits


def _with_own_scale(view: View, inside, scale: float, fronts, fits: dict[str, Match], ledger: Ledger) -> dict[str, Match]:
    """Elevations whose own scale is another than the one that was carried over to the plan: they keep theirs.

    Where no opening says how they lie, their middle stands over the middle of the plan.
    """
    found: dict[str, Match] = {}
    for side, front in fronts.items():
        if front.px_per_m is None:
            continue
        known, ends = scale / front.px_per_m, along(side, inside)
        drawn = float(front.wall[0]), float(front.wall[2])
        apart = abs(fits[side].scale / known - 1)
        if apart <= APART:
            continue
        fit = matched_at(view, side, front, known, ends, drawn)
        found[side] = fit
        ledger.add(compared(
            f"width of the {side} façade", "width",
            [(view.name, (ends[1] - ends[0]) / scale), (front.name, (drawn[1] - drawn[0]) / front.px_per_m)],
            used=f"the plan at {scale:.2f} px per metre, the elevation at its own scale",
            why="the plan has no scale of its own, and the one carried over from another elevation does not fit this one",
            tolerance_m=0.0, regions=[(view.sha256, view.region(inside)), (front.sha256, front.region(front.wall))],
        ))  # fmt: skip
    return found


def _elsewhere(view: View, inside, front: View, fronts: dict[str, View]) -> str | None:
    """The side of the plan that an elevation shows whose side nobody said, or None.

    Asked for is more than of a side that was said: the width must agree, and half of at least three openings must match.
    """
    if front.side is not None or view.px_per_m is None or front.px_per_m is None:
        return None
    best, found = 0.0, None
    for side in (s for s in SIDES if s not in fronts):
        first, second = plan_spans(view.plan, side), at_cut(front)
        ends = along(side, inside)
        wide, drawn = (ends[1] - ends[0]) / view.px_per_m, (front.wall[2] - front.wall[0]) / front.px_per_m
        if abs(wide - drawn) > APART * max(wide, drawn) or len(second) < 3:
            continue
        try:
            share = _fit(view, inside, side, front, Ledger()).share
        except DifferentBuildingsError:
            continue
        if len(first) and share >= 0.5 and share > best:
            best, found = share, side
    return found


def _fit(view: View, inside, side: str, front: View, ledger: Ledger) -> Match:
    """Match the openings of a façade with the gaps of the plan. Raises: DifferentBuildingsError."""
    first = [span for span, _ in plan_spans(view.plan, side)]
    second = [elevation_span(one) for one in at_cut(front)]
    facade = front.wall
    edges = along(side, inside), (float(facade[0]), float(facade[2]))
    known = view.px_per_m / front.px_per_m if view.px_per_m and front.px_per_m else None
    fit = matched(first, second, edges, scale=known)
    if known is None:
        if (own := front_ends(view.plan, side, inside)) is not None:
            other = matched(first, second, (own, edges[1]), scale=None)
            if other.share > 0 and (other.share, -other.cost) > (fit.share, -fit.cost):
                fit = other
                ledger.notes.append(
                    f"{front.name} is as wide as the {side} front alone, where openings match better; the plan reaches further "
                    "beside it behind."
                )
        sure = sum(span.confidence > GAP_SURE for span in first)  # gaps of a front may be recesses: they refuse nothing
        if min(sure, len(second)) >= 4 and fit.share < 0.34:
            raise DifferentBuildingsError(_not_one(view, front, side, f"only {len(fit.pairs)} openings match"))
        return fit
    wide_first, wide_second = (edges[0][1] - edges[0][0]), (edges[1][1] - edges[1][0]) * known
    own = front_ends(view.plan, side, inside)
    if own is not None and _is_own(own[1] - own[0], wide_first, wide_second, fit, known):
        ledger.notes.append(
            f"{front.name} is as wide as the {side} front alone, and its openings lie there; a porch or a wing reaches further."
        )
        wide_first = own[1] - own[0]
    apart = abs(wide_first - wide_second) / max(wide_first, wide_second)
    if apart > APART and (fit.share < 0.5 or _as_said(first, second, fit, known) > POOR):
        other = _fitting_side(inside, side, wide_second)
        said = f"their widths differ by {apart:.0%} and {len(fit.pairs)} of {max(len(first), len(second))} openings match"
        raise DifferentBuildingsError(_not_one(view, front, side, said) + other)
    scale = view.px_per_m or 1.0
    # Outer ends: a plan shows the wall, an elevation its plinth and cornice too, so this is compared after the openings.
    ledger.add(compared(
        f"width of the {side} façade", "width", [(view.name, wide_first / scale), (front.name, wide_second / scale)],
        used=f"{wide_first / scale:.2f} m", why="as the plan draws it; it cuts the walls themselves",
        tolerance_m=2 * READ_PX * (1 + known) / scale,
        regions=[(view.sha256, view.region(inside)), (front.sha256, front.region(facade))],
    ))  # fmt: skip
    if len(fit.pairs) >= 3:
        # by the fitted line, so that one opening that moved is not taken for a façade that was stretched
        plan_m = (first[fit.pairs[-1][0]].middle - first[fit.pairs[0][0]].middle) / scale
        front_m = plan_m * known / fit.scale
        ledger.add(compared(
            f"first to last opening of the {side} façade", "width", [(view.name, plan_m), (front.name, front_m)],
            used=f"{plan_m:.2f} m", why="as the plan draws it", tolerance_m=2 * READ_PX * (1 + known) / scale,
            of_m=max(plan_m, 0.5 * wide_first / scale),
        ))  # fmt: skip
    return fit


def _is_own(own: float, whole: float, drawn: float, fit: Match, known: float) -> bool:
    """Whether an elevation shows the front alone and not what a plan has beside it; its openings have to say the same."""
    is_front = abs(own - drawn) <= ASKS * drawn < abs(whole - drawn)
    return is_front and len(fit.pairs) > 1 and abs(fit.scale / known - 1) < ASKS / 2


def _as_said(first: Sequence[Span], second: Sequence[Span], fit: Match, scale: float) -> float:
    """Cost per opening when both scales are believed: the same openings elsewhere on a wider wall are another building's."""
    if not fit.pairs:
        return 1.0
    shift = float(np.median([first[i].middle - scale * second[j].middle for i, j in fit.pairs]))
    return aligned(first, second, scale, shift).cost


def _not_one(view: View, front: View, side: str, said: str) -> str:
    return (
        f"{view.name} and {front.name} do not show the same building: {said} on the {side} façade. "
        f"Give sheets of one building, or say what it is (--as {front.name}=…), which façade (--side {front.name}=…) "
        "and the scales (--scale SHEET=PX_PER_M)."
    )


def _fitting_side(inside, side: str, wide: float) -> str:
    """Where the width would fit, said as a hint and never taken."""
    across = {"x": inside[2] - inside[0], "y": inside[3] - inside[1]}
    other = "y" if ACROSS[side] == "x" else "x"
    near = abs(across[other] / wide - 1)
    return f" Its width is within {near:.0%} of the building's {extent_name(other)}." if near < APART else ""


def _elevation(view: View, side: str, plan: Placed | None, fit: Match | None) -> Placed:
    """An elevation in the frame of its façade."""
    ground = float(view.wall[3]) if (read := ground_row(view)) is None else read
    if plan is None or fit is None:
        if view.px_per_m is None:
            raise ScaleError(f"No scale could be read from {view.name}: pass --scale {view.name}=PX_PER_M.")
        return Placed(view, side, (float(view.wall[0]), ground), (view.px_per_m, view.px_per_m))
    left = along(side, extent(plan.view.plan.walls))[0]
    across = plan.px_per_m[0] / fit.scale
    return Placed(view, side, ((left - fit.shift) / fit.scale, ground), (across, view.px_per_m or across))


def _size(plan: Placed | None, elevations: dict[str, Placed], cuts: Sequence[View], ledger: Ledger) -> tuple[float, float]:
    """Width and depth, metres: of the plan, else of elevations and sections, else by rule."""
    if plan is not None:
        x0, y0, x1, y1 = extent(plan.view.plan.walls)
        return (x1 - x0) / plan.px_per_m[0], (y1 - y0) / plan.px_per_m[1]
    size: dict[str, float] = {}
    for side, placed in elevations.items():
        size.setdefault(ACROSS[side], (placed.view.wall[2] - placed.view.wall[0]) / placed.px_per_m[0])
    for cut in cuts:
        if (edges := section_edges(cut.cut)) and cut.px_per_m:
            axis = ACROSS[cut.side] if cut.side else next((a for a in ("y", "x") if a not in size), "y")
            wide = (edges[1] - edges[0]) / cut.px_per_m
            if wide > SLICE * max(size.values(), default=0.0):
                size.setdefault(axis, wide)
    for axis, other in (("x", "y"), ("y", "x")):
        if axis not in size:
            size[axis] = 0.7 * size[other]  # a house is somewhat wider than deep; nothing better is known
            ledger.notes.append(f"The {extent_name(axis)} is {size[axis]:.2f} m by rule; no plan and no section shows it.")
    return size["x"], size["y"]
