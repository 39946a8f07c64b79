"""Finding a graphic scale and reading what it says: chequers or ticks, then the figures above or below them.

Nothing is guessed: without figures that agree with the ticks `value` stays None, without a metre sign `unit` does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from studio.drawings.figures import scores
from studio.drawings.paper import ink, runs
from studio.drawings.reading import ScaleBar

STEPS = (0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100)  # what one field of a bar may be worth


@dataclass(frozen=True)
class Comb:
    """Equally spaced divisions: x of each, the rows that the bar covers, and how regular they are (0…1)."""

    ticks: tuple[float, ...]
    top: int
    bottom: int
    regular: float

    @property
    def step(self) -> float:
        """Distance of two divisions in pixels."""
        return (self.ticks[-1] - self.ticks[0]) / (len(self.ticks) - 1)


def scale_bar(gray: np.ndarray) -> ScaleBar | None:
    """The scale bar of an upright sheet, or None.

    Args:
        gray: uint8 [H, W], flattened (`paper.flatten`), 255 = paper.
    """
    mask = ink(gray)
    best: ScaleBar | None = None
    for comb in (*_chequers(mask), *_rulers(mask)):
        bar = _labelled(gray, mask, comb)
        is_plain = not bar.figures and (bar.fields < 5 or bar.length_px < 0.12 * gray.shape[1])  # any row of windows looks so
        if not is_plain and (best is None or _rank(bar) > _rank(best)):
            best = bar
    return best


def _rank(bar: ScaleBar) -> tuple:
    return bar.px_per_m is not None, bar.value is not None, bar.confidence, bar.length_px


# ---- finding
def _chequers(mask: np.ndarray) -> list[Comb]:
    """Rows of equal dark stretches, each as long as the gap that follows it."""
    found: dict[tuple, list[tuple[list[tuple[int, int]], int]]] = {}
    for y in range(mask.shape[0]):
        row = [r for r in runs(mask[y] > 0) if r[1] - r[0] > 8]
        for i, first in enumerate(row[:-1]):
            wide, chain = first[1] - first[0], [first]
            for r in row[i + 1 :]:
                equal = abs((r[1] - r[0]) - wide) < 0.08 * wide + 2
                if equal and abs((r[0] - chain[-1][1]) - wide) < 0.08 * wide + 2:
                    chain.append(r)
            if len(chain) >= 2:
                found.setdefault((round(chain[0][0] / 8), len(chain)), []).append((chain, y))
    combs = []
    for (_, n), rows in sorted(found.items(), key=lambda item: -item[0][1] * len(item[1]))[:40]:
        rows = _one_block(rows)
        ys = [y for _, y in rows]
        if not 3 <= len(rows) <= 0.04 * mask.shape[0] + 8:
            continue
        edges = np.median(np.array([[v for r in chain for v in r] for chain, _ in rows]), axis=0)
        step, start = np.polyfit(np.arange(2 * n), edges, 1)
        ticks = [start + step * k for k in range(2 * n)]
        middle = round(float(np.median(ys)))
        for side in (-1, 1):  # a white field at either end shows only by its outline
            x = ticks[0] - step if side < 0 else ticks[-1] + step
            if _line_at(mask, x, middle):
                ticks = [x, *ticks] if side < 0 else [*ticks, x]
        spread = float(np.abs(edges - (start + step * np.arange(2 * n))).max() / step)
        combs.append(Comb(tuple(ticks), min(ys), max(ys), max(0.0, 1 - 4 * spread)))
    return combs


def _one_block(rows: list) -> list:
    """The longest sequence of neighbouring rows."""
    cuts = [i for i in range(1, len(rows)) if rows[i][1] - rows[i - 1][1] > 2]
    blocks = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    return max(blocks, key=len)


def _line_at(mask: np.ndarray, x: float, y: int) -> bool:
    """A short upright line at x, with paper on its outer side, in the rows around y."""
    a, b = round(x) - 3, round(x) + 4
    if a < 0 or b > mask.shape[1] or y < 2 or y + 2 > mask.shape[0]:
        return False
    patch = mask[y - 1 : y + 2, a:b] > 0
    return bool(patch.any(1).all() and 0 < patch.mean() < 0.75)


def _rulers(mask: np.ndarray) -> list[Comb]:
    """Level lines from which short ticks rise or hang at equal distances; smaller subdivisions are passed over."""
    h, w = mask.shape
    long = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((1, max(40, w // 12)), np.uint8))
    long = cv2.dilate(long, np.ones((3, 9), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(long)
    combs = []
    for x, y, bw, bh, _ in stats[1:]:
        if bw < 0.1 * w or bh > 0.03 * h + 8:
            continue
        for up in (True, False):
            comb = _ticks(mask, x, y, bw, bh, up)
            if comb is not None:
                combs.append(comb)
    return sorted(combs, key=lambda c: -c.regular * len(c.ticks))[:6]


def _ticks(mask: np.ndarray, x: int, y: int, bw: int, bh: int, up: bool) -> Comb | None:
    reach = max(8, round(0.03 * mask.shape[0]) + 6)
    if (up and y < reach) or (not up and y + bh + reach > mask.shape[0]):
        return None
    band = mask[y - reach : y, x : x + bw][::-1] if up else mask[y + bh : y + bh + reach, x : x + bw]
    filled = np.cumprod(band > 0, axis=0).sum(0)  # unbroken ink, measured from the line
    if filled.max() < 4 or (filled > 2).mean() > 0.35:
        return None
    tall = filled >= max(4, 0.7 * np.sort(filled)[-4])
    middles = np.array([(a + b - 1) / 2 for a, b in runs(tall) if b - a <= max(6, 0.012 * mask.shape[1])])
    if len(middles) < 4:
        return None
    gap = np.diff(middles)
    step = float(np.median(gap))
    index = np.round((middles - middles[np.argmax(np.abs(gap - step) < 0.06 * step + 1.5)]) / step)
    slope, start = np.polyfit(index, middles, 1)
    fits = np.abs(middles - (start + slope * index)) < 0.06 * slope + 1
    if fits.sum() < 4 or slope < 8 or fits.sum() < 0.6 * (index[fits].max() - index[fits].min() + 1):
        return None
    slope, start = np.polyfit(index[fits], middles[fits], 1)
    first, last = int(index[fits].min()), int(index[fits].max())
    ticks = tuple(float(x + start + slope * k) for k in range(first, last + 1))
    if ticks[-1] - ticks[0] < 0.5 * bw:
        return None
    top, bottom = (y - int(filled[tall].max()), y + bh) if up else (y, y + bh + int(filled[tall].max()))
    return Comb(ticks, top, bottom, float(fits.mean()))


# ---- reading
@dataclass(frozen=True)
class Label:
    """One figure: its middle and its height in pixels, and for each mark how much it looks like each sign."""

    x: float
    y: float
    height: int
    marks: tuple[dict[str, float], ...]

    def fit(self, figure: str) -> float:
        """How well this label could be `figure`: its worst mark's score minus what the best other digit scores, −1…1."""
        if len(figure) != len(self.marks) or not figure.isdigit():
            return -1.0
        margins = []
        for sign, marks in zip(figure, self.marks, strict=True):
            if marks[sign] < 0.55:
                return -1.0
            margins.append(marks[sign] - max(v for s, v in marks.items() if s != sign and s.isdigit()))
        return min(margins)

    def text(self) -> str:
        """The most likely figure; "?" for a mark like none."""
        best = [max((v, s) for s, v in m.items() if s.isdigit()) for m in self.marks]
        return "".join(s if v > 0.55 else "?" for v, s in best)


def _labelled(gray: np.ndarray, mask: np.ndarray, comb: Comb) -> ScaleBar:
    bar = ScaleBar(
        comb.ticks[0], comb.ticks[-1], (comb.top + comb.bottom) / 2, len(comb.ticks) - 1, None, None, 0.3 * comb.regular
    )
    for above in (True, False):
        labels = _labels(gray, mask, comb, above)
        at_ticks = _one_row([(k, label) for label in labels if (k := _nearest(comb, label.x)) is not None])
        figures = tuple(label.text() for _, label in at_ticks)
        worth, agreement = _worth(at_ticks)
        if worth is None:
            if figures and not bar.figures:
                bar = replace(bar, figures=figures)
            continue
        zero, per_field = worth
        ticks = comb.ticks[zero:]  # divisions left of zero subdivide one unit and do not count
        value = per_field * (len(ticks) - 1)
        unit = "m" if _metre_sign(labels, at_ticks[-1][1]) else None
        confidence = float(np.clip(comb.regular * (0.5 + 0.5 * agreement), 0, 1))
        return ScaleBar(ticks[0], ticks[-1], bar.y, len(ticks) - 1, value, unit, confidence, figures)
    return bar


def _labels(gray: np.ndarray, mask: np.ndarray, comb: Comb, above: bool) -> list[Label]:
    """Marks of one height in the band beside the bar, joined where they stand close together."""
    reach = int(np.clip(1.1 * comb.step, 36, 0.11 * mask.shape[0] + 20))
    dip = round(0.4 * (comb.bottom - comb.top))  # figures often stand between the ticks
    y0, y1 = (
        (max(0, comb.top - reach), comb.top + dip)
        if above
        else (comb.bottom + 1 - dip, min(mask.shape[0], comb.bottom + reach))
    )
    x0, x1 = max(0, int(comb.ticks[0] - 0.8 * comb.step - 10)), min(mask.shape[1], int(comb.ticks[-1] + 1.6 * comb.step + 70))
    if y1 - y0 < 6:
        return []
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask[y0:y1, x0:x1])
    marks = [
        (*s[:4].tolist(), i)
        for i, s in enumerate(stats)
        if i and 6 <= s[3] <= 0.6 * reach + 8 and s[2] < 2.2 * s[3] and s[4] > 6
    ]
    marks = [m for m in marks if m[1] > 0 and m[1] + m[3] < y1 - y0]  # ticks hang on the bar, titles reach out of the band
    groups: list[list] = []
    for m in sorted(marks):
        for group in groups:
            last = group[-1]
            close = m[0] - (last[0] + last[2]) < 0.45 * max(m[3], last[3])
            alike = abs(m[3] - last[3]) < 0.25 * last[3] and abs(m[1] + m[3] / 2 - last[1] - last[3] / 2) < 0.25 * last[3]
            if close and alike:
                group.append(m)
                break
        else:
            groups.append([m])
    found = []
    for group in groups:
        read = tuple(scores(_mark(gray[y0:y1, x0:x1], labels, m)) for m in group)
        left, right = group[0][0], group[-1][0] + group[-1][2]
        middle = y0 + float(np.mean([m[1] + m[3] / 2 for m in group]))
        found.append(Label(x0 + (left + right) / 2, middle, max(m[3] for m in group), read))
    return found


def _mark(gray: np.ndarray, labels: np.ndarray, mark) -> np.ndarray:
    """The gray picture of one mark alone: its neighbours are painted over with paper."""
    x, y, w, h, i = mark
    view, owner = gray[y : y + h, x : x + w], labels[y : y + h, x : x + w]
    return np.where((owner == i) | (owner == 0), view, 255).astype(np.uint8)


def _one_row(at_ticks: list[tuple[int, Label]]) -> list[tuple[int, Label]]:
    """The labels that stand in one row with most others, one for each tick (the tallest)."""
    rows = [
        [(k, b) for k, b in at_ticks if abs(b.y - a.y) < 0.45 * a.height and 0.7 < b.height / a.height < 1.4]
        for _, a in at_ticks
    ]
    row = max(rows, key=lambda r: (len({k for k, _ in r}), sum(b.height for _, b in r)), default=[])
    tallest: dict[int, Label] = {}
    for k, label in row:
        if k not in tallest or label.height > tallest[k].height:
            tallest[k] = label
    return sorted(tallest.items())


def _nearest(comb: Comb, x: float) -> int | None:
    k = round((x - comb.ticks[0]) / comb.step)
    return k if 0 <= k < len(comb.ticks) and abs(comb.ticks[0] + k * comb.step - x) < 0.34 * comb.step else None


def _worth(at_ticks: list[tuple[int, Label]]) -> tuple[tuple[int, float] | None, float]:
    """Index of the zero and the worth of one field, by the reading that most labels agree with; None unless it stands alone."""
    if len(at_ticks) < 2:
        return None, 0.0
    ranked = []
    for zero in {k for k, _ in at_ticks}:
        for step in STEPS:
            fits = [label.fit(_figure((k - zero) * step)) for k, label in at_ticks if k >= zero]
            sure = sum(f > -0.02 for f in fits)
            ranked.append((sure / len(at_ticks), sure, float(np.mean([max(f, -0.2) for f in fits])), zero, step))
    ranked.sort(reverse=True)
    (share, sure, mean, zero, step), second = ranked[0], ranked[1]
    if sure < 2 or share < 0.6 or (sure == 2 and mean < 0.05) or share - second[0] < 0.15:
        return None, share
    return (zero, step), share


def _figure(value: float) -> str:
    return str(round(value)) if abs(value - round(value)) < 1e-9 else ""  # fractions are not read


def _metre_sign(labels: list[Label], last: Label) -> bool:
    """An m or M right of the last figure."""
    for label in labels:
        if 0 < label.x - last.x < 9 * last.height and label is not last:
            first = label.marks[0]
            digit = max(v for s, v in first.items() if s.isdigit())
            if max(first["m"], first["M"]) > max(0.42, digit + 0.15):
                return True
    return False
