"""Which stretch of its side an elevation shows: a church is drawn without its atrium, and a plan's outbuildings belong to none.

An elevation alone fits any stretch of a plan. Two of different sides have to say the same scale, and that leaves few.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from studio.drawings.contradictions import compared
from studio.drawings.holes import Ledger, at_cut
from studio.drawings.matching import Match, aligned, matched
from studio.drawings.paper import runs
from studio.drawings.reading import PlanReading
from studio.drawings.storeys import READ_PX
from studio.drawings.views import (
    ACROSS,
    GAP_SURE,
    Region,
    View,
    along,
    closed,
    elevation_span,
    front_ends,
    plan_spans,
)

APART = 0.15  # widths that differ by more, with openings that do not match, are of two buildings
# Of the plan's extent across: less masonry in one line is no wall from which a part of the building could begin. A wall of the
# nave takes a third of a plan with an atrium. Looked at for this: the plan of St. Irene.
CROSS = 0.3
SHOWN = 0.3  # of a side: what shows less of it is a detail
POOR = 0.15  # cost of a match per opening (in widths of one) above which the order agrees by chance
AGREE = 0.05  # two sheets of one building, engraved and scanned apart, say one scale within this; half of what refuses is more
MOST_CUTS = 2  # ends of façades that lie inside the plan: with more, some stretches always agree
SURE_PAIRS, SURE_SHARE = 3, 0.5  # openings that say a scale by themselves


@dataclass(frozen=True)
class Stretch:
    """A part of one side of a plan.

    Attributes:
        low, high: its ends along the façade, pixels, as `along` counts them.
        cuts: how many of its ends lie inside the plan, 0…2.
    """

    low: float
    high: float
    cuts: int

    @property
    def length(self) -> float:
        """From end to end, pixels."""
        return self.high - self.low


@dataclass(frozen=True)
class Shared:
    """What elevations of different sides say together.

    Attributes:
        scale: pixels of the plan per metre, by the longest of them.
        by: the name of that one's sheet.
        shown: the stretch that each shows, by side.
        other: another scale on which they would agree with no more cuts, or None.
    """

    scale: float
    by: str
    shown: dict[str, Stretch]
    other: float | None


def is_sure(fit: Match) -> bool:
    """Whether the openings say how an elevation lies, whatever its ends are."""
    return len(fit.pairs) >= SURE_PAIRS and fit.share >= SURE_SHARE


def stretches(reading: PlanReading, side: str, inside: Region) -> list[Stretch]:
    """The whole side, the front alone, and what lies between their ends and walls that run across; the fewest cuts first.

    Args:
        inside: `extent` of the plan.
    """
    whole = along(side, inside)
    outer = [whole] if (own := front_ends(reading, side, inside)) is None else [whole, own]
    x0, y0, x1, y1 = (round(v) for v in inside)
    built = closed(reading)[y0:y1, x0:x1].mean(axis=0 if ACROSS[side] == "x" else 1)
    across = [
        along(side, (x0 + a, y0, x0 + b, y1) if ACROSS[side] == "x" else (x0, y0 + a, x1, y0 + b))
        for a, b in runs(built > CROSS)
    ]
    found = [Stretch(*ends, 0) for ends in outer]
    found += [Stretch(low, high, 1) for low, _ in outer for _, high in across]
    found += [Stretch(low, high, 1) for low, _ in across for _, high in outer]
    found += [Stretch(low, high, 2) for low, _ in across for _, high in across]
    least = SHOWN * (whole[1] - whole[0])
    return sorted((one for one in dict.fromkeys(found) if one.length >= least), key=lambda one: one.cuts)


def shared(view: View, inside: Region, fronts: Mapping[str, View], fits: Mapping[str, Match]) -> Shared | None:
    """The scale of a plan on which elevations along both of its axes agree, and what of each side they show.

    Where the openings of one say a scale, that one is asked; the fewest ends inside the plan win, then the best agreement.

    Args:
        view: the plan. inside: its `extent`. fronts: elevations by side; those without a scale are not asked.
        fits: how some of them lie on the whole plan.
    Returns: None when only one axis is shown or none agree within AGREE.
    """
    asked = {side: front for side, front in fronts.items() if front.px_per_m is not None}
    if len({ACROSS[side] for side in asked}) < 2:
        return None
    metres = {side: (front.wall[2] - front.wall[0]) / (front.px_per_m or 1.0) for side, front in asked.items()}
    offers: dict[str, list[tuple[float, Stretch]]] = {}
    for side, front in asked.items():
        if (fit := fits.get(side)) is not None and is_sure(fit):
            low, high = (fit.scale * x + fit.shift for x in (front.wall[0], front.wall[2]))
            offers[side] = [(fit.scale * (front.px_per_m or 1.0), Stretch(low, high, 0))]
        else:
            offers[side] = [(one.length / metres[side], one) for one in stretches(view.plan, side, inside)]
    longest = max(metres, key=lambda side: metres[side])
    found: list[tuple[int, float, float, dict[str, Stretch]]] = []
    for scale, first in offers[longest]:
        shown, worst = {longest: first}, 0.0
        for side in (s for s in asked if s != longest):
            near = [(one.cuts, abs(float(np.log(said / scale))), one) for said, one in offers[side]]
            near = [one for one in near if one[1] <= AGREE]
            if not near:
                break
            _, off, shown[side] = min(near, key=lambda one: one[:2])
            worst = max(worst, off)
        cuts = sum(one.cuts for one in shown.values())
        if len(shown) == len(asked) and cuts <= MOST_CUTS:
            found.append((cuts, worst, scale, shown))
    if not found:
        return None
    found.sort(key=lambda one: one[:2])
    cuts, _, scale, shown = found[0]
    other = next((s for c, _, s, _ in found[1:] if c <= cuts and abs(float(np.log(s / scale))) > AGREE), None)
    return Shared(scale, asked[longest].name, shown, other)


def of_parts(
    view: View, inside: Region, fronts: Mapping[str, View], fits: dict[str, Match], ledger: Ledger
) -> tuple[float, str] | None:
    """The scale of a plan, and who says it, where elevations contradict each other by their whole sides and agree by parts.

    `fits` then say how these parts lie. None when they do not contradict each other, or agree on nothing.
    """
    scales = [fits[side].scale * front.px_per_m for side, front in fronts.items() if front.px_per_m is not None]
    if len(scales) < 2 or max(scales) - min(scales) <= APART * max(scales):
        return None
    found = shared(view, inside, fronts, fits)
    if found is None:
        return None
    for side, part in found.shown.items():
        if not is_sure(fits[side]):
            why = f"the scale on which the elevations agree, {found.scale:.2f} px per metre, is believed before a width"
            fits[side] = _of_part(view, inside, side, fronts[side], part, found.scale, why, ledger)
    other = f"; they would agree on {found.other:.2f}, too" if found.other else ""
    ledger.notes.append(
        f"Not certain: by the whole sides of {view.name} its elevations say {min(scales):.1f} to {max(scales):.1f} px per "
        f"metre, and agree on {found.scale:.2f} if they show what ends at walls that run across{other}. Say --scale "
        f"{view.name}=PX_PER_M if it is another."
    )
    return found.scale, f"{found.by} by the part that it shows"


def as_a_person_says(view: View, inside: Region, side: str, fronts: Mapping[str, View], ledger: Ledger) -> Match | None:
    """How an elevation lies that shows a part of its side, where a person said the plan's scale: believed before an extent.

    None when nobody said it, the façade is wider than the side, no elevation along the other axis agrees (the windows of one
    regular house fit a part of another's), or openings there contradict.
    """
    front, scale = fronts[side], view.px_per_m
    if view.scale_said != "person" or scale is None or front.px_per_m is None:
        return None
    length, (low, high) = (front.wall[2] - front.wall[0]) / front.px_per_m * scale, along(side, inside)
    if length > high - low:
        return None
    agreed = shared(view, inside, fronts, {})
    if agreed is None or abs(agreed.scale - scale) > APART * max(agreed.scale, scale):
        return None
    part = agreed.shown[side]
    if not _may_be_same(view, side, front, part, scale / front.px_per_m):
        return None
    why = "a scale that a person said is believed before a width"
    return _of_part(view, inside, side, front, part, scale, why, ledger)


def _may_be_same(view: View, side: str, front: View, part: Stretch, known: float) -> bool:
    """Whether the openings of a façade are those that the plan has on a part of its side, or too few to say."""
    first = [s for s, _ in plan_spans(view.plan, side) if s.confidence > GAP_SURE and part.low <= s.middle <= part.high]
    second = [elevation_span(one) for one in at_cut(front)]
    if min(len(first), len(second)) < SURE_PAIRS:
        return True
    middle = (part.low + part.high - known * (front.wall[0] + front.wall[2])) / 2
    ends = part.low - known * front.wall[0], middle, part.high - known * front.wall[2]
    best = min((aligned(first, second, known, shift) for shift in ends), key=lambda fit: fit.cost)
    return is_sure(best) and best.cost <= POOR


def _of_part(
    view: View, inside: Region, side: str, front: View, part: Stretch, scale: float, why: str, ledger: Ledger
) -> Match:
    """How a façade lies on a part of its side, the scales being known; what they say of its width is compared.

    Args:
        why: the scale is believed and the width is not, for whoever reads of a difference.
    """
    known, own = scale / (front.px_per_m or 1.0), front.px_per_m or 1.0
    drawn = float(front.wall[0]), float(front.wall[2])
    fit = matched_at(view, side, front, known, (part.low, part.high), drawn)
    low, high = along(side, inside)
    if part.cuts:
        ledger.shown[side] = part.low, part.high
        ledger.notes.append(
            f"{front.name} is taken to show a part of the {side} side, {part.length / scale:.2f} m of "
            f"{(high - low) / scale:.2f} m between walls that run across."
        )
    built = f"the plan at {scale:.2f} px per metre, the elevation at its own scale"
    regions = [(view.sha256, view.region(inside)), (front.sha256, front.region(front.wall))]
    wide, off = (drawn[1] - drawn[0]) / own, 2 * READ_PX * (1 + known) / scale
    if part.cuts:  # that only a part is shown is a guess, and another building's façade would look the same
        ledger.add(compared(
            f"width of the {side} façade", "width", [(view.name, (high - low) / scale), (front.name, wide)], used=built,
            why="the elevation is taken to show a part of its side", tolerance_m=off, regions=regions,
        ))  # fmt: skip
    ledger.add(compared(
        f"width of what is shown of the {side} façade", "width", [(view.name, part.length / scale), (front.name, wide)],
        used=built, why=why, tolerance_m=off, regions=regions,
    ))  # fmt: skip
    return fit


def matched_at(
    view: View, side: str, front: View, known: float, ends: tuple[float, float], drawn: tuple[float, float]
) -> Match:
    """A façade at its own scale; in the middle of its side of the plan when no opening says where."""
    first = [span for span, _ in plan_spans(view.plan, side)]
    second = [elevation_span(one) for one in at_cut(front)]
    fit = matched(first, second, (ends, drawn), scale=known)
    if len(fit.pairs) > 1:
        return fit
    return aligned(first, second, known, (sum(ends) - known * sum(drawn)) / 2)
