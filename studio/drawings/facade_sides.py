"""Where exactly an opening ends: each of a box's four sides is looked for again between its surround and its glazing bars.

The networks that choose a box are content with nine tenths of its area; its head may lie on a hood, its sill under a ledge.
Here every row near a side is asked what an opening's edge would show there: a line or an arch, jambs that end, bars and panes
on the one side of it only. A side is turned until it lies on top, so that one question serves all four.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from studio.drawings.facade_candidates import Edges, edges_of
from studio.drawings.facade_fellows import fellows
from studio.drawings.facade_openings import reading_scale, resized
from studio.drawings.reading import ReadOpening

WEIGHTS = Path(__file__).with_name("facade_sides.npz")
OUT, IN = 0.25, 0.3  # of the box's height: how far a head is looked for above and below its present place
LEAST_PX = 8  # likewise, at reading size: a slit's sill is as thick as a portal's
HEADS = (0.0, 1.0, 0.35, 1.732)  # rise over half a width: flat, round, low and pointed heads
ARCH = 0.05  # a lintel needs less proof than an arch
PASSES = 2  # each side is looked for between the others, which have moved
FELLOWS_SAY = 4.0  # logits that fellows weigh at most: a clear line of its own outweighs them
SLACK = 2  # pixels at reading size by which fellows stand out of line on a sheet that was made square
LEAST_LEFT = 3  # pixels: what is thinner is a line
USUAL = 60.0  # pixels
ACROSS = np.linspace(-0.93, 0.93, 31)  # from jamb to jamb, in half widths


Corners = Sequence[float] | np.ndarray  # x0, y0, x1, y1


@dataclass(frozen=True, eq=False)
class View:
    """A drawing turned so that the side in question lies on top: float32 [H, W] each.

    Attributes:
        dark: 0 = paper, 1 = black; level, upright: edges along and across the side.
    """

    dark: np.ndarray
    level: np.ndarray
    upright: np.ndarray


def views_of(work: np.ndarray, edges: Edges) -> tuple[View, ...]:
    """A drawing, uint8 [H, W], turned four times: left, top, right and bottom of a box come to lie on top."""
    dark = 1 - cv2.GaussianBlur(work, (0, 0), 0.8).astype(np.float32) / 255
    level, upright = edges.level.astype(np.float32), edges.upright.astype(np.float32)
    return (
        View(dark.T, upright.T, level.T),
        View(dark, level, upright),
        View(dark[:, ::-1].T, upright[:, ::-1].T, level[:, ::-1].T),
        View(dark[::-1], level[::-1], upright[::-1]),
    )


def turned(box: Corners, side: int, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    """A box, x0, y0, x1, y1, in the pixels of `views_of`[side]; shape: height and width of the drawing."""
    x0, y0, x1, y1 = box
    h, w = shape[:2]
    return ((y0, x0, y1, x1), (x0, y0, x1, y1), (y0, w - x1, y1, w - x0), (x0, h - y1, x1, h - y0))[side]


def shown(view: View, box: Corners, side: int) -> tuple[np.ndarray, np.ndarray]:
    """What every row near the head of a box shows.

    Args:
        box: turned as `view` is; side: 0…3, which one lies on top.
    Returns: int [R], rows; float32 [R, QUESTIONS].
    """
    x0, y0, x1, y1 = (round(v) for v in box)
    w, h = max(6, x1 - x0), max(6, y1 - y0)
    rows = np.arange(y0 - max(LEAST_PX, round(OUT * h)), y0 + max(LEAST_PX, round(IN * h)) + 1)
    beside = max(6, round(0.25 * w))
    depth = max(6, round(0.2 * h))  # of wall and of opening that is compared
    thin = max(3, round(0.06 * h))
    first = int(rows[0]) - depth - 3
    last = max(y1, int(rows[-1]) + depth + round(0.9 * w) + 3)
    dark, level, upright = (_cut(m, first, last, x0 - beside, x0 + w + beside) for m in (view.dark, view.level, view.upright))
    at = rows - first
    inner = slice(beside + 2, beside + w - 2)
    core = slice(beside + w // 4, beside + w - w // 4)
    middle = slice(y0 + round(0.35 * h) - first, max(y0 + round(0.35 * h) + 2, y0 + round(0.85 * h)) - first)

    near = np.pad(np.maximum(np.maximum(level[:-2], level[1:-1]), level[2:]), ((1, 1), (0, 0)))
    left, right = _near(upright, beside), _near(upright, beside + w - 1)
    both = (left + right) / 2
    drops = [_drop(rise) * w / 2 for rise in HEADS]
    drawn = np.maximum(near, upright)
    covers = [_along(drawn if k else near, drop, beside, w) for k, drop in enumerate(drops)]
    springs = [both if not k else np.roll(both, -round(min(rise * w / 2, 0.6 * h))) for k, rise in enumerate(HEADS)]
    firm = [float(np.max(c[at] * _strip(s, at, depth))) for c, s in zip(covers, springs, strict=True)]
    head = int(np.argmax(np.array(firm) - ARCH * (np.arange(len(HEADS)) > 0)))
    line, falls = covers[head], round(min(HEADS[head] * w / 2, 0.6 * h))
    jambs = [_strip(s, at + falls, depth) for s in (left, right)]
    over = [_strip(s, at + falls - 2 - depth, depth) for s in (left, right)]
    end, begin = np.full_like(at, at.max() + 4), np.full_like(at, at.min() - 4)
    columns = [
        line[at], covers[0][at], np.maximum.reduce(covers[1:])[at],
        np.minimum(*jambs), np.maximum(*jambs), np.minimum(*over), np.maximum(*over),
        near[at, : beside - 3].mean(1), near[at, beside + w + 3 :].mean(1),
        _most(line, at + 4, at + 4 + depth), _most(line, at - 4 - depth, at - 4),
        _most(line, at + 4, end), _most(line, begin, at - 4),
    ]  # fmt: skip
    curved, straight = _along(dark, drops[head], beside, w), dark[:, core].mean(1)
    flat_tone = dark[:, inner].mean(1)
    for tone, usual in ((curved, flat_tone), (straight, straight)):
        usual = float(usual[middle].mean())
        for deep in (thin, depth):
            within, without = _strip(tone, at + 2, deep), _strip(tone, at - 1 - deep, deep)
            columns += [np.abs(within - usual), np.abs(without - usual), within - without]
    for layer in (dark, upright):
        like = _likeness(layer[:, inner], middle)
        columns += [_strip(like, at + 2, depth), _strip(like, at - 1 - depth, depth)]
    strokes = level[:, inner].mean(1)
    columns += [np.abs(_strip(strokes, at + 3, depth) - strokes[middle].mean()),
                np.abs(_strip(strokes, at - 2 - depth, depth) - strokes[middle].mean())]  # fmt: skip
    off = 4 * (rows - y0) / h
    columns += [curved[at], np.abs(off), off]
    known = (head == 0, head == 2, np.log(h / USUAL), np.log(w / USUAL), side == 1, side == 3)
    numbers = np.hstack([np.stack(columns, 1), np.tile(known, (len(rows), 1))])
    return rows, np.nan_to_num(numbers).astype(np.float32)


def judged(layers: dict[str, np.ndarray], rows: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The rows of `shown`, and what each of them is worth to a small network: logits, float32 [R]."""
    x = np.clip((numbers - layers["mean"]) / layers["deviation"], -5, 5)
    x = np.maximum(x @ layers["w0"] + layers["b0"], 0)
    return rows, (x @ layers["w1"] + layers["b1"])[:, 0]


# ---- parts
def _cut(picture: np.ndarray, top: int, end: int, left: int, right: int) -> np.ndarray:
    """A part of a picture, its rim repeated where the part reaches beyond it."""
    h, w = picture.shape
    return picture[np.clip(np.arange(top, end), 0, h - 1)][:, np.clip(np.arange(left, right), 0, w - 1)]


def _near(upright: np.ndarray, x: int) -> np.ndarray:
    """Whether an upright edge runs within two pixels of a column, float32 [H]."""
    return upright[:, max(0, x - 2) : x + 3].max(1)


def _strip(values: np.ndarray, start: np.ndarray, deep: int) -> np.ndarray:
    """Means of `deep` rows from each start on; rows beyond the part are left out."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    a, b = np.clip(start, 0, len(values)), np.clip(start + deep, 0, len(values))
    return (total[b] - total[a]) / np.maximum(b - a, 1)


def _most(values: np.ndarray, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The greatest of the rows from each start to its end."""
    pairs = zip(np.maximum(starts, 0), np.maximum(ends, 0), strict=True)
    return np.array([values[a:b].max(initial=0) for a, b in pairs])


def _drop(rise: float) -> np.ndarray:
    """How far a head falls from its crown to ACROSS, in half widths."""
    if rise > 1.1:
        return 1.732 - np.sqrt(np.maximum(4 - (1 + np.abs(ACROSS)) ** 2, 0))
    return rise * (1 - np.sqrt(1 - ACROSS**2))


def _along(layer: np.ndarray, drop: np.ndarray, beside: int, w: int) -> np.ndarray:
    """Means along a head whose crown lies in each row, float64 [H]; `drop` in pixels."""
    y = np.arange(len(layer))[:, None] + np.rint(drop).astype(int)[None]
    x = np.rint(beside + w / 2 + ACROSS * w / 2).astype(int)
    return layer[np.clip(y, 0, len(layer) - 1), np.clip(x, 0, layer.shape[1] - 1)[None]].mean(1)


def _likeness(layer: np.ndarray, middle: slice) -> np.ndarray:
    """Correlation of every row with the usual row of the box's middle: bars and panes run on to its head and not beyond."""
    usual = layer[middle].mean(0)
    usual = usual - usual.mean()
    rows = layer - layer.mean(1, keepdims=True)
    return rows @ usual / (np.linalg.norm(rows, axis=1) * np.linalg.norm(usual) + 1e-2)


# ---- settling
def exact(openings: Sequence[ReadOpening], gray: np.ndarray) -> list[ReadOpening]:
    """The openings, windows that were seen with their sides where an opening's edge is most likely drawn.

    Doors keep theirs: what stands about them differs from door to door, and has no fellows that could speak.

    Args:
        openings: in the pixels of `gray`, uint8 [H, W], one elevation.
    """
    windows = [k for k, one in enumerate(openings) if one.kind == "window" and not one.inferred]
    if not windows:
        return list(openings)
    factor = reading_scale(gray.shape)
    work = resized(gray, factor)
    boxes = factor * np.array([openings[k].box for k in windows], float)
    found = list(openings)
    for k, sides in zip(windows, settled_sides(boxes, work, edges_of(work), weights()) / factor, strict=True):
        if sides[2] - sides[0] > LEAST_LEFT and sides[3] - sides[1] > LEAST_LEFT:
            x0, y0, x1, y1 = np.rint(sides).astype(int).tolist()
            found[k] = replace(found[k], box=(x0, y0, x1, y1))
    return found


@lru_cache(maxsize=1)
def weights() -> dict[str, np.ndarray]:
    """The network's numbers, read once."""
    with np.load(WEIGHTS) as stored:
        return {name: stored[name].astype(np.float32) for name in stored.files}


def settled_sides(boxes: np.ndarray, work: np.ndarray, edges: Edges, layers: dict[str, np.ndarray]) -> np.ndarray:
    """The boxes, each side where an opening's edge is most likely drawn, by its own showing and that of its fellows.

    Args:
        boxes: [N, 4], of windows; work: uint8 [H, W], the drawing at reading size; edges: of it; layers: as from `weights`.
    Returns: float64 [N, 4].
    """
    out = boxes.astype(np.float64)
    views = views_of(work, edges)
    for _ in range(PASSES):
        for side in (1, 3, 0, 2):
            heads = np.array([turned(box, side, work.shape) for box in out]).reshape(-1, 4)
            begun = [turned(box, side, work.shape) for box in boxes]
            said = [_within(first, *judged(layers, *shown(views[side], head, side)))
                    for first, head in zip(begun, heads, strict=True)]  # fmt: skip
            for k, row in enumerate(_together(heads, said)):
                out[k, side] = (row, row, work.shape[1] - row, work.shape[0] - row)[side]
    return out


def _within(first: Corners, rows: np.ndarray, worth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Only those rows that lie no farther from a box's head, as it was first, than a surround is deep."""
    tall = first[3] - first[1]
    near = (rows >= first[1] - max(LEAST_PX, OUT * tall)) & (rows <= first[1] + max(LEAST_PX, IN * tall))
    return (rows[near], worth[near]) if near.any() else (rows, worth)


def _together(heads: np.ndarray, said: list[tuple[np.ndarray, np.ndarray]]) -> list[int]:
    """The best row for each head, [N, 4] turned boxes, of rows and what each is worth; fellows are heard as well."""
    if not said:
        return []
    low, end = min(int(rows[0]) for rows, _ in said), max(int(rows[-1]) for rows, _ in said) + 1
    votes = np.full((len(said), end - low), -FELLOWS_SAY)
    for vote, (rows, worth) in zip(votes, said, strict=True):
        vote[rows - low] = np.maximum(worth - worth.max(), -FELLOWS_SAY)
    wide = np.ones((1, 2 * SLACK + 1), np.uint8)
    votes = cv2.dilate(votes, wide)
    best = []
    for k, (rows, worth) in enumerate(said):
        others = [int(j) for j in fellows(heads[:, [1, 3]], k) if j != k]
        heard = votes[others].sum(0)[rows - low] / (len(others) + 1)  # two agree less surely than five
        best.append(int(rows[int(np.argmax(worth + heard))]))
    return best
