"""Reading graphic scales: figures and ticks that grow evenly together, the unit beside them, two units on one bar.

Nothing is guessed: without figures that agree with the ticks `value` stays None, without a unit beside them `unit` does.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

import cv2
import numpy as np

from studio.drawings.figures import Written, can_read_words, words
from studio.drawings.reading import Rectified, ScaleBar
from studio.drawings.scale_labels import Label, Row, read, rows, words_after
from studio.drawings.scale_ticks import Strip, strips
from studio.drawings.units import named

LONGEST = 5000  # pixels of a sheet's longer side; finer scans are reduced, which moves a bar's end by a tenth of a pixel
LEAST_FIGURES = 3  # two figures always agree with some pair of ticks
EVEN = 0.01  # root mean square of the ticks' stray, as a share of the bar, that a carefully drawn bar keeps
SURE = 0.5  # of a bar's confidence: below it figures were misread, ticks are uneven, or the bar was cut and joined again
AGREE = 0.03  # two statements about one sheet's scale that differ by more contradict each other
MOST = 0.65  # share of the figures that must agree; a bar that was cut and joined again has two sequences, and is not trusted
UNEVEN = 0.025  # beyond this the figures and the ticks agree by chance; between the two a bar is read and not trusted


@dataclass(frozen=True)
class Fit:
    """Figures and ticks that agree: column = start + slope · figure, in pixels of the strip.

    `ticks` are the columns and figures of the ticks that were found, `stray` the root mean square of what they stray,
    `agreeing` the labels that fit, `share` how many of all figures that they are.
    """

    start: float
    slope: float
    ticks: tuple[tuple[float, float], ...]
    stray: float
    agreeing: tuple[Label, ...]
    share: float


def scales(sheet: Rectified, lettering: Sequence[Written] | None = None) -> tuple[ScaleBar, ...]:
    """The graphic scales of a sheet, the best read first. Two units on one bar are two scales.

    Args:
        sheet: its `gray` is read.
        lettering: what `figures.words` read of it; read here when left out.
    """
    return scales_of(sheet.gray, lettering)


def scale_bar(gray: np.ndarray) -> ScaleBar | None:
    """The best read scale of an upright sheet, or None. Its unit is left out when it is not sure or another bar contradicts it.

    Args:
        gray: uint8 [H, W], flattened (`paper.flatten`), 255 = paper.
    """
    found = scales_of(gray, ())
    if not found or found[0].px_per_m is None:
        return found[0] if found else None
    said = [bar.px_per_m for bar in found if bar.px_per_m is not None and bar.confidence >= SURE]
    is_certain = said and found[0].confidence >= SURE and all(abs(one / said[0] - 1) <= AGREE for one in said)
    return found[0] if is_certain else replace(found[0], unit=None)


def scales_of(gray: np.ndarray, lettering: Sequence[Written] | None = None) -> tuple[ScaleBar, ...]:
    """As `scales`, of a flattened sheet: uint8 [H, W], 255 = paper."""
    factor = max(1.0, max(gray.shape) / LONGEST)
    if factor > 1:
        gray = cv2.resize(gray, None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA)
    bars, bare = _bars(_Sheet(gray, hashlib.sha256(gray.tobytes() + repr(gray.shape).encode()).digest()))
    if any(bar.unit is None for bar in bars):
        nearby = words(gray) if lettering is None else [_smaller(word, factor) for word in lettering]
        bars = [_with_unit(bar, bars, nearby) for bar in bars]
    sure = [bar for bar in bars if bar.unit is not None or bar.confidence >= 0.3]
    return tuple(_larger(bar, factor) for bar in sorted(sure or bare, key=_rank, reverse=True))


@dataclass(frozen=True)
class _Sheet:
    """A sheet that is the same as another when its pixels are."""

    gray: np.ndarray = field(compare=False, repr=False)
    digest: bytes


@lru_cache(maxsize=1)  # the reader of a drawing asks for its bar, and then the sheet as a whole does
def _bars(sheet: _Sheet) -> tuple[list[ScaleBar], list[ScaleBar]]:
    """The bars whose figures were read, and when there is none the rows of ticks without."""
    found = strips(sheet.gray)
    seen: list[tuple[ScaleBar, np.ndarray]] = []
    for row in rows(found):
        labels = read(row)
        if len(row.groups) == 1:
            fit, bar = None, _by_counting(row, labels)
        else:
            fit = _fit(row, labels)
            bar = _bar(row, labels, fit) if fit is not None else None
        if bar is not None:
            agreeing = labels if fit is None else fit.agreeing
            seen.append((bar, np.array([row.strip.on_sheet(label.u, label.group.v) for label in agreeing])))
    bars = _apart(seen)
    return bars, _unread(found, sheet.gray.shape[1])


def _smaller(word: Written, factor: float) -> Written:
    x0, y0, x1, y1 = (v / factor for v in word.box)
    return replace(word, box=(x0, y0, x1, y1))


def _larger(bar: ScaleBar, factor: float) -> ScaleBar:
    if factor == 1:
        return bar
    p0, p1 = ((x * factor, y * factor) for x, y in (bar.p0, bar.p1))
    return replace(bar, p0=p0, p1=p1, uncertainty_px=bar.uncertainty_px * factor)


def _apart(seen: list[tuple[ScaleBar, np.ndarray]]) -> list[ScaleBar]:
    """Each bar once: a figure belongs to one line, and a line may have been found in both masks."""
    kept: list[tuple[ScaleBar, np.ndarray]] = []
    for bar, places in sorted(seen, key=lambda one: _rank(one[0]), reverse=True):
        shared = [
            other
            for other, taken in kept
            if _repeats(bar, other) or (np.linalg.norm(places[:, None] - taken[None], axis=2).min(1) < 6).sum() >= 2
        ]
        if not shared:
            kept.append((bar, places))
    return [bar for bar, _ in kept]


def _rank(bar: ScaleBar) -> tuple:
    return bar.px_per_m is not None, bar.value is not None, round(bar.confidence, 3), bar.length_px


# ---- figures and ticks
def _fit(row: Row, labels: Sequence[Label]) -> Fit | None:
    """The even scale that most figures agree with, or None."""
    figures = [label for label in labels if label.value is not None]
    if len(figures) < LEAST_FIGURES - 1:
        return None
    ranked: list[tuple[float, float, float, float, list[Label]]] = []
    for a, b in itertools.combinations(figures[:40], 2):
        if a.value == b.value or a.value is None or b.value is None:
            continue
        slope = (b.u - a.u) / (b.value - a.value)
        if abs(slope) * max(abs(a.value), abs(b.value), 1) < 3 * row.height or abs(b.u - a.u) < 2 * row.height:
            continue
        start = a.u - slope * a.value
        fits = _agreeing(figures, start, slope, min(0.75 * row.height + 2, 0.3 * abs(slope) * _step(figures)))
        reach = max(label.u for label in fits) - min(label.u for label in fits)
        ranked.append((_weight(fits, figures, start, slope), reach, start, slope, fits))
    if not ranked:
        return None
    weight, _, start, slope, fits = max(ranked, key=lambda one: one[:2])  # the longer scale before its divided part
    values = sorted({label.value for label in fits if label.value is not None})
    if len(values) < LEAST_FIGURES or weight < 2:
        return None
    at = _ticks_of(row.strip, fits, slope, row.height)
    if len(at) < 2 or len({v for _, v in at}) < 2:
        return None
    columns, worth = np.array(at).T
    slope, start = (float(v) for v in np.polyfit(worth, columns, 1))
    stray = float(np.sqrt(np.mean((columns - start - slope * worth) ** 2)))
    inside = [label for label in figures if (label.u - start) / slope > -0.3 * values[0 if values[0] > 0 else 1]]
    return Fit(start, slope, tuple(at), stray, tuple(fits), len(fits) / max(len(inside), len(fits)))


def _step(figures: Sequence[Label]) -> float:
    """The smallest difference of two figures."""
    values = sorted({label.value for label in figures if label.value is not None})
    return float(min(np.diff(values))) if len(values) > 1 else 1.0


def _agreeing(figures: Sequence[Label], start: float, slope: float, within: float) -> list[Label]:
    """The figures that stand where they should, one for each value."""
    best: dict[float, Label] = {}
    for label in figures:
        if label.value is None:
            continue
        off = abs(start + slope * label.value - label.u)
        if off <= within:
            other = best.get(label.value)
            if other is None or off < abs(start + slope * label.value - other.u):
                best[label.value] = label
    return list(best.values())


def _weight(fits: Sequence[Label], figures: Sequence[Label], start: float, slope: float) -> float:
    """Agreeing figures minus half of those that do not; left of zero a unit is divided, often with figures of its own."""
    against = [label for label in figures if label not in fits and (label.u - start) * slope > 0]
    distinct = len({label.text for label in fits})
    return distinct - 0.5 * len(against) if distinct >= 2 else 0.0


def _ticks_of(strip: Strip, fits: Sequence[Label], slope: float, height: float) -> list[tuple[float, float]]:
    """(column, figure) of each agreeing figure's tick; and the tick of zero, if there is one where it should be.

    Figures often stand a little to one side of their ticks, all of them to the same.
    """
    if not len(strip.ticks):
        return []
    rise = np.maximum(strip.up, strip.down)
    tall = float(np.percentile(rise, 75))
    near = min(0.9 * height + 3, 0.3 * abs(slope) * _step(fits))
    u = np.array([label.u for label in fits])
    nearest = strip.ticks[np.abs(strip.ticks[None] - u[:, None]).argmin(1)]
    beside = [o for o in nearest - u if abs(o) <= near]
    shift = float(np.median(beside)) if beside else 0.0
    at = []
    for value, aim in [(label.value or 0.0, label.u + shift) for label in fits]:
        off = np.abs(strip.ticks - aim)
        cost = off + 0.35 * near * (rise < 0.6 * tall)  # a long tick wins over a short one a little nearer
        k = int(cost.argmin())
        if off[k] <= near:
            at.append((float(strip.ticks[k]), float(value)))
    if len(at) >= 2 and 0.0 not in [v for _, v in at]:
        columns, worth = np.array(at).T
        per, zero = np.polyfit(worth, columns, 1)
        off = np.abs(strip.ticks - zero)
        if off.min() <= max(3.0, 0.35 * near) and len({v for _, v in at}) > 1 and per * slope > 0:
            at.append((float(strip.ticks[off.argmin()]), 0.0))
    return at


def _bar(row: Row, labels: Sequence[Label], fit: Fit) -> ScaleBar | None:
    """The scale that a fit stands for, with its unit when that is written in the row."""
    worth = [v for _, v in fit.ticks]
    low, high = min(worth), max(worth)
    ends = [row.strip.on_sheet(fit.start + fit.slope * v, row.strip.row) for v in (low, high)]
    length = abs(fit.slope) * (high - low)
    if fit.stray > UNEVEN * length + 1 or high <= low:
        return None
    figures = sorted(fit.agreeing, key=lambda label: label.value or 0)
    count = min(1.0, len({label.value for label in fit.agreeing}) / 5)
    sure = float(np.mean([label.confidence for label in fit.agreeing]))
    confidence = (0.4 + 0.6 * count) * fit.share * min(1.0, 0.5 + sure / 2) * (1 - min(0.5, 20 * fit.stray / length))
    is_whole = high >= max(label.value or 0 for label in fit.agreeing)  # hand-drawn bars stray most at their far end
    if fit.stray > EVEN * length + 1 or fit.share < MOST or not is_whole:
        confidence *= 0.5
    return ScaleBar(
        ends[0],
        ends[1],
        _fields(row.strip, fit, low, high),
        high - low,
        _unit_in_row(row, labels, fit),
        float(np.clip(confidence, 0, 1)),
        tuple(label.text for label in figures),
        fit.stray,
    )


def _fields(strip: Strip, fit: Fit, low: float, high: float) -> int:
    """Into how many equal parts ticks divide the bar: the finest division that nine tenths of its ticks show."""
    for part in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100):
        count = round((high - low) / part)
        if abs(fit.slope * part) < 5 or count < 1 or abs(count * part - (high - low)) > 1e-6:
            continue
        places = fit.start + fit.slope * (low + part * np.arange(count + 1))
        off = np.abs(strip.ticks[None] - places[:, None]).min(1)
        if (off < max(2.5, 0.1 * abs(fit.slope * part))).mean() >= 0.9:
            return count
    return max(1, round((high - low) / _step(fit.agreeing)))


def _unit_in_row(row: Row, labels: Sequence[Label], fit: Fit) -> str | None:
    """The unit written after the figures, glued to the last of them, or standing among them."""
    first, *_, last = sorted(fit.agreeing, key=lambda label: -label.u if row.turned == 2 else label.u)
    for text in (last.text.lstrip("0123456789.,: "), words_after(row, last.group)):
        if (unit := named(text)) is not None and unit not in ("cm", "inch"):
            return unit
    if not can_read_words():
        return None
    low, high = sorted((first.u, last.u))
    beyond = [label.text for label in labels if not low <= label.u <= high]
    found = {unit for text in beyond if (unit := named(text)) is not None and unit not in ("cm", "inch")}
    return found.pop() if len(found) == 1 else None


def _by_counting(row: Row, labels: Sequence[Label]) -> ScaleBar | None:
    """A bar with one figure, at its end: believed when it has just as many equal fields, and its unit stands beside it."""
    strip, label = row.strip, labels[0]
    unit = named(label.text.lstrip("0123456789.,: ")) or named(words_after(row, label.group))
    if label.value is None or label.value < 3 or unit is None:
        return None
    rise = np.maximum(strip.up, strip.down)
    ticks = strip.ticks[(rise >= 0.6 * rise.max()) | (rise == 0)]
    if len(ticks) != label.value + 1 or min(abs(label.u - ticks[0]), abs(label.u - ticks[-1])) > row.height:
        return None
    index = np.arange(len(ticks))
    slope, start = np.polyfit(index, ticks, 1)
    stray = float(np.sqrt(np.mean((ticks - start - slope * index) ** 2)))
    if stray > EVEN * (ticks[-1] - ticks[0]) + 1:
        return None
    p0, p1 = strip.on_sheet(start, strip.row), strip.on_sheet(start + slope * index[-1], strip.row)
    if abs(label.u - ticks[0]) < abs(label.u - ticks[-1]):
        p0, p1 = p1, p0
    return ScaleBar(p0, p1, len(index) - 1, label.value, unit, 0.6, (label.text,), stray)


# ---- what stands beside a bar
def _with_unit(bar: ScaleBar, bars: Sequence[ScaleBar], lettering: Sequence[Written]) -> ScaleBar:
    """The bar with the unit that stands near it on the sheet, when it has none and the sheet names only one there.

    Where two scales share a line, the second may take the unit that is left, if both then say the same of the sheet.
    """
    if bar.unit is not None or bar.value is None:
        return bar
    p0, p1 = np.array(bar.p0), np.array(bar.p1)
    along = (p1 - p0) / bar.length_px
    found = set()
    for word in lettering:
        off = np.array(word.center) - p0
        t, across = float(off @ along) / bar.length_px, abs(float(off[0] * along[1] - off[1] * along[0]))
        if -0.5 < t < 1.6 and across < 4 * word.height + 0.02 * bar.length_px:
            found |= {unit for part in word.text.split() if (unit := named(part)) is not None}
    found -= {"cm", "inch"}
    others = [other for other in bars if other is not bar and other.px_per_m is not None]
    if others:
        found -= {other.unit for other in others}
    if len(found) != 1 or len([one for one in bars if one.unit is None]) > 1:
        return bar
    named_bar = replace(bar, unit=found.pop(), confidence=0.9 * bar.confidence)
    if any(named_bar.px_per_m is None or abs(named_bar.px_per_m / (o.px_per_m or 1) - 1) > AGREE for o in others):
        return bar
    return named_bar


def _repeats(bar: ScaleBar, other: ScaleBar) -> bool:
    """Was the same bar read again from another line, the next strip or the other mask?"""
    if bar.value is None or other.value is None:
        return False
    same_place = np.linalg.norm(np.subtract(bar.p0, other.p0)) < 0.06 * bar.length_px + 12
    per_unit = bar.length_px / bar.value / (other.length_px / other.value)
    return bool(same_place and abs(per_unit - 1) < 0.03)


def _unread(found: Sequence[Strip], width: int) -> list[ScaleBar]:
    """The most regular row of ticks that stands free of the drawing: a bar whose figures nobody could read."""
    best: ScaleBar | None = None
    for strip in found:
        outside = [strip.mask[: int(strip.row - strip.thick)], strip.mask[int(strip.row + strip.thick) :]]
        if min(float(side.mean()) for side in outside) > 0.06 * 255 or max(float(side.mean()) for side in outside) > 0.2 * 255:
            continue
        rise = np.maximum(strip.up, strip.down)
        ticks = strip.ticks[(rise >= 0.5 * np.percentile(rise, 80)) | (rise == 0)]
        longest = _longest_even(ticks)
        length = longest[-1] - longest[0] if len(longest) else 0.0
        if len(longest) < 6 or length < 0.12 * width or length < 0.6 * (strip.end - strip.start):
            continue
        if best is None or len(longest) > best.fields + 1:
            ends = strip.on_sheet(longest[0], strip.row), strip.on_sheet(longest[-1], strip.row)
            best = ScaleBar(ends[0], ends[1], len(longest) - 1, None, None, 0.3)
    return [best] if best is not None else []


def _longest_even(ticks: np.ndarray) -> np.ndarray:
    """The longest sequence of ticks at equal distances, a smaller subdivision passed over."""
    best = np.empty(0)
    for i, j in itertools.combinations(range(min(len(ticks), 40)), 2):
        step = ticks[j] - ticks[i]
        if step < 8:
            continue
        chain = [ticks[i], ticks[j]]
        while True:
            off = np.abs(ticks - chain[-1] - step)
            k = int(off.argmin())
            if off[k] > 0.05 * step + 1:
                break
            chain.append(ticks[k])
            step = (chain[-1] - chain[0]) / (len(chain) - 1)
        if len(chain) > len(best):
            best = np.array(chain)
    return best
