"""The openings of a building: position by the plan where it shows them, height by the elevation, both kept as seen."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from studio.drawings.contradictions import Contradiction, compared, counted
from studio.drawings.matching import Match, Span
from studio.drawings.reading import Box, ReadOpening
from studio.drawings.storeys import READ_PX, Heights, rows
from studio.drawings.views import ACROSS, Placed, View, along, extent, fronted, plan_spans, side_of, standing

CUT_LOW_M, CUT_HIGH_M = 0.8, 1.8  # a plan is cut between these heights: what lies wholly above or below is not on it
THRESHOLD_M = 0.5  # nobody steps in through an arch that begins higher; a lower one is an archway
# A portal: how far above the ground its podium's steps may lead, its height by its width, and by that of other openings.
PODIUM_M, UPRIGHT, PORTAL = 2.5, 1.3, 1.5
WIDTH_GATE = 0.15  # frames and reveals make an opening narrower on one sheet; more than this is another opening


@dataclass(frozen=True, eq=False)
class Seen:
    """Where something was read: the placed view, the box in its picture, and what was read there."""

    placed: Placed
    box: Box
    note: str


@dataclass(frozen=True, eq=False)
class Hole:
    """An opening of the building.

    Attributes:
        kind: "door" or "window".
        side: the façade, or "inside".
        span: u from, to, metres along that façade; for "inside" along the wall (unused).
        rise: z from, to, metres; None where only a plan shows it.
        storey: 0 = ground floor.
        head: "flat", "round" or "pointed".
        seen: where it was read; empty for a rule.
        box: x0, y0, x1, y1 in metres of the gap in the plan, or None.
        inferred: completed by a reader on the grid of its neighbours, and not seen.
    """

    kind: str
    side: str
    span: tuple[float, float]
    rise: tuple[float, float] | None
    storey: int
    head: str = "flat"
    seen: tuple[Seen, ...] = ()
    box: tuple[float, float, float, float] | None = None
    inferred: bool = False


@dataclass
class Ledger:
    """Records and sentences while they are gathered; by side, the stretch that a partial elevation shows (pixels, `along`)."""

    records: list[Contradiction] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    shown: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, *records: Contradiction | None) -> None:
        """Keep the records that say something."""
        self.records += [one for one in records if one]


def at_cut(front: View) -> list[ReadOpening]:
    """Openings of an elevation that a plan of its ground floor should show, from left to right."""
    reading = front.front
    ground = reading.ground_y if reading.ground_y is not None else front.wall[3]
    own = own_openings(front)
    if front.px_per_m is None:  # without metres: what the lowest full row overlaps
        found = rows(own)
        lowest = next((row for row in found if len(row) > 1), found[0] if found else [])
        return sorted(lowest, key=lambda o: o.box[0])
    low, high = ground - CUT_LOW_M * front.px_per_m, ground - CUT_HIGH_M * front.px_per_m
    return sorted((o for o in own if o.box[1] < low and o.box[3] > high), key=lambda o: o.box[0])


def own_openings(front: View) -> list[ReadOpening]:
    """Openings of an elevation between the ends of its wall: what lies beside it is the neighbour's."""
    x0, _, x1, _ = front.wall
    return [one for one in front.front.openings if x0 <= (one.box[0] + one.box[2]) / 2 <= x1]


def inner_holes(plan: Placed | None) -> list[Hole]:
    """Openings between rooms."""
    if plan is None:
        return []
    reading = plan.view.plan
    inside, (filled, _) = extent(reading.walls), fronted(reading)
    found = []
    for one in standing(reading):
        if side_of(one, reading.walls, filled, inside) is None:
            box = _metres(plan, one.box)
            kind = "window" if one.kind == "window" else "door"
            seen = (Seen(plan, one.box, f"{kind} as drawn in the plan"),)
            found.append(Hole(kind, "inside", (box[0], box[2]), None, 0, seen=seen, box=box, inferred=one.inferred))
    return found


def side_holes(
    side: str, plan: Placed | None, front: Placed | None, fit: Match | None, size, found: Heights, ledger: Ledger,
    shown: tuple[float, float, float, float] | None = None,
) -> list[Hole]:
    """The openings of one façade: position by the plan where it shows them, height by the elevation.

    Args:
        shown: the part of the plan that partial elevations show, metres; what the plan opens beyond it lies on no façade.
    """  # fmt: skip
    gaps: list[tuple[Span, ReadOpening]] = []
    if plan is not None:
        gaps = plan_spans(plan.view.plan, side)
    beyond = {i for i, (_, gap) in enumerate(gaps) if plan is not None and shown and not _within(_metres(plan, gap.box), shown)}
    if front is None:
        return [_from_plan(plan, side, gap, span, i in beyond) for i, (span, gap) in enumerate(gaps) if plan is not None]
    low = at_cut(front.view) if fit is not None else []
    pairs = {id(low[j]): gaps[i] for i, j in fit.pairs if i not in beyond} if fit is not None else {}
    holes = []
    own = own_openings(front.view)
    for one in own:
        span = front.metres(one.box[0], 0)[0], front.metres(one.box[2], 0)[0]
        rise = (found.built(side, front.metres(0, one.box[3])[1]), found.built(side, front.metres(0, one.box[1])[1]))
        storey = found.storey_of(sum(rise) / 2)
        seen: tuple[Seen, ...] = (Seen(front, one.box, f"{one.kind} as drawn in the elevation"),)
        box = None
        if plan is not None and id(one) in pairs:
            gap_span, gap = pairs[id(one)]
            left, right = _along_metres(plan, side, gap_span)
            name = f"{one.kind} {low.index(one) + 1} of the ground floor, {side}"
            _compare_opening(name, plan, front, (left, right), span, gap, one, size, ledger)
            span, box = (left, right), _metres(plan, gap.box)
            seen = (*seen, Seen(plan, gap.box, f"{gap.kind} as drawn in the plan"))
        kind = "door" if _is_door(one, rise, pairs.get(id(one)), own) else "window"
        holes.append(Hole(kind, side, span, rise, storey, one.head, seen, box, one.inferred))
    if plan is not None and fit is not None:
        ledger.add(counted(
            f"openings of the ground floor, {side} façade",
            [(plan.view.name, len(gaps) - len(beyond)), (front.view.name, len(low))],
            used="every opening that either sheet shows", why="none is left away without a person's word",
            regions=_lonely(plan, front, fit, gaps, low),
        ))  # fmt: skip
        if len(gaps) == len(low) and fit.only_first and not beyond:
            ledger.add(_unmatched(plan, front, side, fit, gaps, low, size))
        holes += [_from_plan(plan, side, gaps[i][1], gaps[i][0]) for i in fit.only_first if i not in beyond]
        holes += [_from_plan(plan, side, gaps[i][1], gaps[i][0], True) for i in sorted(beyond)]
    return holes


def _within(box, shown: tuple[float, float, float, float]) -> bool:
    """Whether the middle of a box lies in a part of the plan; all in metres."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return shown[0] <= x <= shown[2] and shown[1] <= y <= shown[3]


def _is_door(one: ReadOpening, rise: tuple[float, float], gap: tuple[Span, ReadOpening] | None, own: list[ReadOpening]) -> bool:
    """Whether one goes in there: as read; an arch down to the ground; or where the plan has a door, a portal above steps.

    A portal is higher than a person and half as high again as what else stands in the front.
    """
    if one.kind in ("door", "shop") or (one.kind == "arch" and rise[0] < THRESHOLD_M):
        return True
    tall, wide = one.box[3] - one.box[1], one.box[2] - one.box[0]
    others = [other.box[3] - other.box[1] for other in own if other is not one]
    is_portal = rise[1] - rise[0] > CUT_HIGH_M and rise[0] < PODIUM_M and tall > UPRIGHT * wide
    is_alone = not others or tall > PORTAL * float(np.median(others))
    return gap is not None and gap[1].kind != "window" and is_portal and is_alone


def _unmatched(plan: Placed, front: Placed, side: str, fit: Match, gaps, low, size) -> Contradiction | None:
    """As many openings on both sheets, and yet one of them stands elsewhere."""
    u = sum(_along_metres(plan, side, gaps[fit.only_first[0]][0])) / 2
    other = low[fit.only_second[0]]
    v = front.metres((other.box[0] + other.box[2]) / 2, 0)[0]
    return compared(
        f"an opening of the ground floor, {side} façade, that stands elsewhere", "position",
        [(plan.view.name, u), (front.view.name, v)], used="both, as drawn", why="neither sheet can be preferred",
        tolerance_m=0.0, of_m=size["xy".index(ACROSS[side])], regions=_lonely(plan, front, fit, gaps, low),
    )  # fmt: skip


def _lonely(plan: Placed, front: Placed, fit: Match, gaps, low) -> list:
    found = [(plan.view.sha256, plan.view.region(gaps[i][1].box)) for i in fit.only_first]
    return found + [(front.view.sha256, front.view.region(low[j].box)) for j in fit.only_second]


def _compare_opening(name: str, plan: Placed, front: Placed, by_plan, by_front, gap, one, size, ledger: Ledger) -> None:
    """Position as a share of the façade's width, size as a share of the opening's own."""
    error = READ_PX * (1 / plan.px_per_m[0] + 1 / front.px_per_m[0])
    regions = [(plan.view.sha256, plan.view.region(gap.box)), (front.view.sha256, front.view.region(one.box))]
    middles = sum(by_plan) / 2, sum(by_front) / 2
    ledger.add(compared(
        f"position of {name}", "position", [(plan.view.name, middles[0]), (front.view.name, middles[1])],
        used=f"{middles[0]:.2f} m from the left corner", why="as the plan draws it", tolerance_m=2 * error,
        of_m=size["xy".index(ACROSS[front.side])], regions=regions,
    ))  # fmt: skip
    widths = by_plan[1] - by_plan[0], by_front[1] - by_front[0]
    if abs(widths[0] - widths[1]) > WIDTH_GATE * max(widths):
        ledger.add(compared(
            f"width of {name}", "size", [(plan.view.name, widths[0]), (front.view.name, widths[1])],
            used=f"{widths[0]:.2f} m", why="as the plan draws it", tolerance_m=2 * error, regions=regions,
        ))  # fmt: skip


def _from_plan(plan: Placed, side: str, gap: ReadOpening, span: Span, is_beyond: bool = False) -> Hole:
    """An opening that only the plan shows; beyond what elevations show it lies on no façade."""
    kind = "window" if gap.kind == "window" else "door"
    seen = (Seen(plan, gap.box, f"{kind} as drawn in the plan; its height is a rule"),)
    at, box = _along_metres(plan, side, span), _metres(plan, gap.box)
    return Hole(kind, "inside" if is_beyond else side, at, None, 0, "flat", seen, box, gap.inferred)


def _along_metres(plan: Placed, side: str, span: Span) -> tuple[float, float]:
    left = along(side, extent(plan.view.plan.walls))[0]
    return (span.low - left) / plan.px_per_m[0], (span.high - left) / plan.px_per_m[0]


def _metres(plan: Placed, box) -> tuple[float, float, float, float]:
    (x0, y1), (x1, y0) = plan.metres(box[0], box[1]), plan.metres(box[2], box[3])
    return x0, y0, x1, y1
