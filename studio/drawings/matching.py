"""Which openings of two drawings are the same: matched in order along the façade, with gaps, and the map between the sheets.

The order of openings is what survives every mistake of scale: dynamic programming keeps it (Needleman and Wunsch 1970), and
a line fitted robustly to the matched jambs (reweighted least squares, Beaton and Tukey 1974) says how one sheet lies on the
other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Costs in widths of a typical opening. Leaving both out costs as much as a match whose middles lie one width apart:
# a window moved further than its own width is another window.
GAP, WIDTH_WEIGHT, KIND_COST = 0.55, 0.4, 0.1


@dataclass(frozen=True)
class Span:
    """An opening along a façade: from, to (any unit), kind, confidence 0…1."""

    low: float
    high: float
    kind: str = "window"
    confidence: float = 1.0

    @property
    def middle(self) -> float:
        """Half-way between the jambs."""
        return (self.low + self.high) / 2

    @property
    def width(self) -> float:
        """Distance of the jambs."""
        return self.high - self.low


@dataclass(frozen=True)
class Match:
    """How the second drawing lies on the first: first = scale · second + shift.

    Attributes:
        pairs: indices (first, second) of the same opening, in order.
        only_first, only_second: openings without a partner.
        scale, shift: of the fitted line.
        cost: per opening, 0 = all lie on each other, about 0.55 = none does.
    """

    pairs: tuple[tuple[int, int], ...]
    only_first: tuple[int, ...]
    only_second: tuple[int, ...]
    scale: float
    shift: float
    cost: float

    @property
    def share(self) -> float:
        """Share of the openings that found a partner, 0…1; 1 when there was none to find."""
        total = 2 * len(self.pairs) + len(self.only_first) + len(self.only_second)
        return 2 * len(self.pairs) / total if total else 1.0


def aligned(first: Sequence[Span], second: Sequence[Span], scale: float, shift: float) -> Match:
    """Match in order by dynamic programming with gaps, the map between both being given."""
    moved = [Span(scale * s.low + shift, scale * s.high + shift, s.kind, s.confidence) for s in second]
    n, m = len(first), len(moved)
    unit = float(np.median([s.width for s in (*first, *moved)])) if n + m else 1.0
    unit = max(unit, 1e-9)
    best = np.zeros((n + 1, m + 1))
    best[:, 0], best[0, :] = GAP * np.arange(n + 1), GAP * np.arange(m + 1)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            best[i, j] = min(
                best[i - 1, j - 1] + _cost(first[i - 1], moved[j - 1], unit), best[i - 1, j] + GAP, best[i, j - 1] + GAP
            )
    pairs, i, j = [], n, m
    while i and j:
        if np.isclose(best[i, j], best[i - 1, j - 1] + _cost(first[i - 1], moved[j - 1], unit)):
            i, j = i - 1, j - 1
            pairs.append((i, j))
        elif np.isclose(best[i, j], best[i - 1, j] + GAP):
            i -= 1
        else:
            j -= 1
    pairs.reverse()
    left, right = {i for i, _ in pairs}, {j for _, j in pairs}
    return Match(
        tuple(pairs), tuple(i for i in range(n) if i not in left), tuple(j for j in range(m) if j not in right),
        scale, shift, float(best[n, m]) / max(n + m, 1),
    )  # fmt: skip


def _cost(a: Span, b: Span, unit: float) -> float:
    return abs(a.middle - b.middle) / unit + WIDTH_WEIGHT * abs(a.width - b.width) / unit + KIND_COST * (a.kind != b.kind)


def matched(
    first: Sequence[Span],
    second: Sequence[Span],
    edges: tuple[tuple[float, float], tuple[float, float]],
    *,
    scale: float | None,
    freedom: float = 0.12,
) -> Match:
    """Find the map and the pairs together.

    Args:
        first, second: openings in the units of their sheets, in order.
        edges: outer ends of the wall on the first and on the second sheet.
        scale: units of the first per unit of the second where both scales are known; None where one is carried over.
        freedom: how far from a known scale the drawings may be, as a share; two buildings differ by more.
    """
    (a0, a1), (b0, b1) = edges
    by_edges = (a1 - a0) / max(b1 - b0, 1e-9)
    scales = [by_edges] if scale is None else [scale]
    if scale is not None and abs(by_edges / scale - 1) <= freedom:
        scales.append(by_edges)
    if scale is None:  # eaves that stand out, or a wing that one sheet leaves away: the edges are not quite the same
        scales += [by_edges * f for f in (0.92, 1.08)]
    best = aligned(first, second, scales[0], a0 - scales[0] * b0)
    for s in scales:
        for shift in (a0 - s * b0, a1 - s * b1, (a0 + a1 - s * (b0 + b1)) / 2):
            found = aligned(first, second, s, shift)
            for _ in range(4):
                line = fitted(first, second, found.pairs, edges, (found.scale, found.shift))
                if scale is not None and abs(line[0] / scale - 1) > freedom:
                    break
                again = aligned(first, second, *line)
                if again.cost >= found.cost - 1e-6:
                    break
                found = again
            if found.cost < best.cost - 1e-6:
                best = found
    line = fitted(first, second, best.pairs, edges, (best.scale, best.shift))
    if scale is not None and abs(line[0] / scale - 1) > freedom:
        line = best.scale, best.shift
    return Match(best.pairs, best.only_first, best.only_second, *line, best.cost)


def fitted(
    first: Sequence[Span],
    second: Sequence[Span],
    pairs: Sequence[tuple[int, int]],
    edges: tuple[tuple[float, float], tuple[float, float]],
    start: tuple[float, float],
) -> tuple[float, float]:
    """Scale and shift by robust least squares over the matched jambs, weighted by how well they were read.

    With fewer than two pairs nothing can be fitted and the outer ends of the wall decide.
    """
    (a0, a1), (b0, b1) = edges
    if len(pairs) < 2:
        if not pairs:
            return start
        (i, j), scale = pairs[0], start[0]
        return scale, first[i].middle - scale * second[j].middle
    target = np.array([v for i, _ in pairs for v in (first[i].low, first[i].high)])
    given = np.array([v for _, j in pairs for v in (second[j].low, second[j].high)])
    trust = np.array([min(first[i].confidence, second[j].confidence) for i, j in pairs for _ in (0, 1)])
    if len(pairs) < 4:  # two windows side by side say little of the scale: the wall's ends help, half as loud
        target, given = np.append(target, (a0, a1)), np.append(given, (b0, b1))
        trust = np.append(trust, (0.5, 0.5))
    trust = np.maximum(trust, 0.05)
    scale, shift = _theil_sen(target, given, start)
    for _ in range(30):
        off = np.abs(target - scale * given - shift)
        # Tukey's biweight gives no voice to what lies beyond 4.685 σ, a window that was moved; σ from the median deviation,
        # with a floor that keeps perfect data from dividing by nothing
        corner = max(4.685 * 1.4826 * float(np.median(off)), 5e-4 * max(abs(a1 - a0), 1e-9))
        weight = trust * np.clip(1 - (off / corner) ** 2, 0, None) ** 2
        total = weight.sum()
        if total < 1e-9:
            break
        mean_t, mean_g = float(weight @ target / total), float(weight @ given / total)
        spread = float(weight @ (given - mean_g) ** 2)
        if spread < 1e-9 * total:
            break
        scale = float(weight @ ((given - mean_g) * (target - mean_t))) / spread
        shift = mean_t - scale * mean_g
    return scale, shift


def _theil_sen(target: np.ndarray, given: np.ndarray, start: tuple[float, float]) -> tuple[float, float]:
    """The median of all slopes between two jambs: up to 29 % of them may be anywhere (Sen 1968)."""
    i, j = np.triu_indices(len(given), 1)
    run = given[j] - given[i]
    far = np.abs(run) > 0.2 * max(float(np.ptp(given)), 1e-9)  # near jambs say nothing of the scale
    if not far.any():
        return start
    scale = float(np.median((target[j] - target[i])[far] / run[far]))
    return scale, float(np.median(target - scale * given))
