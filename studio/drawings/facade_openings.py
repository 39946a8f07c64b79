"""Choosing the openings among thousands of boxes: a glance, four small networks, then the set: rows, and one box per place.

A glance at the whole drawing proposes boxes beside those of `facade_candidates` and has a word for each. Then the first network
judges each box by its numbers, the second looks at the best of them as pictures, the last two weigh what company they keep. The
glance's word only raises what those two think of a box, for it fails to see slits and blind niches of hands that it does not
know. But where it sees next to nothing at all, there is none; where only it is sure of an opening, there is a doubtful one.
The same holds where it is but half sure, and the front's other half has an opening in that place.
All were trained on synthetic sheets only (`facade_training.py`); their weights are `facade_openings.npz`. Where that file holds
several runs of training, what they say is averaged.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from studio.drawings.facade_candidates import HEADS, Candidates, Edges, candidates, edges_of
from studio.drawings.facade_company import company_features
from studio.drawings.facade_features import intersection, local_features
from studio.drawings.facade_fields import fields, pieces
from studio.drawings.facade_glance import Glance, glances, is_unseen, opinion, overlaps, proposals
from studio.drawings.facade_sight import sight, views
from studio.drawings.reading import Box

WEIGHTS = Path(__file__).with_name("facade_openings.npz")
LONG_PX = (1400, 2000)  # a drawing is read at this size: slits are 8 px wide then, and 2 cores read it in seconds
SHORT_LIST = 900  # boxes that the second network sees
IN_COMPANY = 400  # of these, the best: a front of 150 openings has that many rivals
SIZE = 0.11  # natural logarithm: two windows of a row differ by a tenth at most
LINE = 6.0  # pixels at reading size by which sills and lintels of a row leave their line
ALIKE = 0.4  # of likeness in tone, cell by cell, to two that were seen; a pier of faded brick has a third
TONE = 0.12  # darkness by which fading and hatching make equals differ
IN_ROW = 0.6  # what a box is worth that only its row speaks for
NESTED = 0.4  # of a blind arch's area: a door or a window in it is smaller; panes and leaves have mostly been told apart
SURE = 0.6  # of both, when one lies in the other
AXIS = 0.03  # of the drawing's width, by which a front's axis is off
LOSS = 0.1  # of a box's worth that its mirror image's form may be worth less; 0.04 at Mirzapore, where this was set
PIECE = 0.1  # of its worth is left to what is but a part of a roof or of a wall of courses
SMALLEST_PX, ALREADY = 4, 0.8  # of a proposal's sides; overlap (IoU) with a box from which that stands for it
GLANCE = 0.5  # of the way to what the glance thinks of a box, where that is more
ALONE = 2 / 3  # two to one, for an opening that only the glance sees
HALF_SURE = 0.4  # two to three, where the front's other half has an opening in the same place
HALVES = 0.5  # of the openings have an image on a front whose halves are alike; half of them at Mirzapore, some being missed
LEVEL, FORM = 0.75, 0.45  # of the taller's height, over which both stand beside one another; logarithm of their widths' ratio
LEAST = 0.3  # what the last network gives to a box that is an opening more often than not


@dataclass(frozen=True, eq=False)
class Seen:
    """The short list of one drawing, in its own pixels.

    Attributes:
        boxes: float64 [N, 4]; scores: float32 [N], 0…1, an opening from 0.5; heads: N names; pictures: float32 [N, GRID];
        glanced: float32 [N], 0…1, what the glance alone thinks of them.
    """

    boxes: np.ndarray
    scores: np.ndarray
    heads: tuple[str, ...]
    pictures: np.ndarray
    glanced: np.ndarray


def look(gray: np.ndarray) -> Seen:
    """The boxes of a drawing with their scores, the best first.

    Args:
        gray: uint8 [H, W], one elevation, 255 = paper; washes must have kept their tone.
    """
    factor = reading_scale(gray.shape)
    work = resized(gray, factor)
    edges = edges_of(work)
    seen = glances(work)
    found = with_proposals(candidates(work, edges), seen)
    if not len(found):
        nothing = np.zeros((0, 4))
        return Seen(nothing, np.zeros(0, np.float32), (), nothing, np.zeros(0, np.float32))
    numbers, head, pictures = local_features(work, edges, found)
    ranks, glanced = ranked(work, edges, found, numbers, pictures, opinion(seen, found.boxes))
    order = np.argsort(-ranks, kind="stable")
    order = order[(ranks[order] > 0) | (glanced[order] >= HALF_SURE)]
    heads = tuple(HEADS[k] for k in head[order])
    return Seen(found.boxes[order] / factor, ranks[order], heads, pictures[order], glanced[order])


def with_proposals(found: Candidates, seen: Sequence[Glance]) -> Candidates:
    """The boxes, and what a glance sees an opening in where none of them is."""
    more = np.rint(proposals(seen)).astype(np.int32)
    more = more[((more[:, 2:] - more[:, :2]) >= SMALLEST_PX).all(1)]
    if len(found) and len(more):
        more = more[overlaps(more.astype(np.float64), found.boxes.astype(np.float64)).max(1) < ALREADY]
    none = np.zeros(len(more), np.float32)
    return Candidates(*(np.concatenate(pair) for pair in ((found.boxes, more), (found.shape, none), (found.edges, none))))


def ranked(
    work: np.ndarray, edges: Edges, found: Candidates, numbers: np.ndarray, pictures: np.ndarray, said: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What every box of a drawing is worth: alone, as a picture, in company, and as one of a row; and to the glance alone.

    Args:
        work: uint8 [H, W]; edges: of it; found: its N boxes; numbers, pictures: as from `local_features`; said: of `opinion`.
    Returns: float32 [N], 0…1, twice.
    """
    twins = weights()
    glanced = agreed([score(layers, "glance", said) for layers in twins])
    first = with_glance(agreed([score(layers, "alone", numbers) for layers in twins]), glanced)
    short = short_list(found, first)
    near, far = views(work, edges, found.boxes[short])
    second = with_glance(agreed([sight(layers, near, far, numbers[short]) for layers in twins]), glanced[short])
    short, worth = in_company(twins, found, numbers, pictures, short, second, work.shape)
    is_none = pieces(found.boxes[short], work, edges, fields(work, edges)) | is_unseen(said[short])
    worth = np.where(is_none, PIECE * worth, worth)
    ranks = np.zeros(len(found), np.float32)
    ranks[short] = np.interp(worth, (0, LEAST, 1), (0, 0.5, 1))
    return np.where(is_unseen(said), PIECE, 1) * in_rows(found.boxes, ranks, pictures), glanced


def in_company(
    twins: Sequence[dict[str, np.ndarray]],
    found: Candidates,
    numbers: np.ndarray,
    pictures: np.ndarray,
    short: np.ndarray,
    scores: np.ndarray,
    shape: tuple[int, ...],
) -> tuple[np.ndarray, np.ndarray]:
    """The better boxes of a short list after each has been weighed among the others, twice over.

    Args:
        twins: as from `weights`; found: all N boxes; numbers, pictures: of them; short: int [M], indices; scores: [M], so far.
        shape: height and width of the drawing.
    Returns: indices of at most IN_COMPANY boxes and their scores, float32, 0…1.
    """
    best = np.sort(np.argsort(-scores, kind="stable")[:IN_COMPANY])
    short, scores = short[best], scores[best]
    for name in ("company", "again"):
        if f"{name}_w0" in twins[0]:  # while the last one is trained, it is not there yet
            known = company_features(found.boxes[short], scores, pictures[short], shape)
            every = np.hstack([numbers[short], known])
            scores = agreed([score(layers, name, every) for layers in twins])
    return short, scores


def chosen(seen: Seen) -> list[int]:
    """Indices into the short list: one box per opening, best first; a box within an opening is part of it."""
    return one_each(seen.boxes, seen.scores)


def balanced(seen: Seen, picked: list[int], width: int) -> list[int]:
    """The choice, with the form of its mirror image for a box of which hardly more is thought than of that form.

    A front's two halves are drawn alike: where one door's box ends at its arch and the other's at a frieze above, one errs.

    Args:
        picked: indices into the short list; width: of the drawing.
    """
    out = list(picked)
    for a, left in enumerate(picked):
        for b, right in enumerate(picked):
            if not _are_twins(seen.boxes[left], seen.boxes[right], width):
                continue
            here, there = _in_the_form_of(seen, left, right), _in_the_form_of(seen, right, left)
            less_here, less_there = (float(seen.scores[i] - seen.scores[k]) if k >= 0 else np.inf
                                     for i, k in ((left, here), (right, there)))  # fmt: skip
            if min(less_here, less_there) < LOSS:
                out[a], out[b] = (here, right) if less_here < less_there else (left, there)
    return out


def _are_twins(one: np.ndarray, other: np.ndarray, width: int) -> bool:
    """Whether two boxes stand on one line as mirror images about the middle of a drawing, and yet are of unlike height."""
    off = abs(one[0] + one[2] + other[0] + other[2] - 2 * width) / 4
    wide, tall = (np.array((one[k + 2] - one[k], other[k + 2] - other[k])) for k in (0, 1))
    is_level = abs(one[3] - other[3]) < 0.1 * tall.min()
    return bool(one[2] < other[0] and off < AXIS * width and is_level and wide.min() > 0.8 * wide.max()
                and 0.4 < tall.min() / tall.max() < 0.85)  # fmt: skip


def _in_the_form_of(seen: Seen, i: int, twin: int) -> int:
    """The best box in the place of i that has the form of its twin; −1 where none is an opening."""
    x0, y0, x1, y1 = seen.boxes[twin]
    moved = seen.boxes[i][0] + seen.boxes[i][2] - x0 - x1
    there = np.array([[x0 + moved / 2, y0, x1 + moved / 2, y1]])
    inter = intersection(there, seen.boxes)[0]
    overlap = inter / (_areas(there) + _areas(seen.boxes) - inter)
    fits = np.flatnonzero((overlap > 0.75) & (seen.scores >= 0.5))
    return int(fits[np.argmax(seen.scores[fits])]) if fits.size else -1


def one_each(boxes: np.ndarray, scores: np.ndarray) -> list[int]:
    """Indices of one box per opening, best first: what meets a better one is a part of it, or its surround.

    Only what lies wholly in a far larger one is an opening of its own: the door in a blind arch.

    Args:
        boxes: [N, 4]; scores: [N], an opening from 0.5.
    """
    kept: list[int] = []
    area = _areas(boxes)
    good = np.flatnonzero(scores >= 0.5)
    for i in good[np.argsort(-scores[good], kind="stable")]:
        if kept:
            inter = intersection(boxes[i : i + 1], boxes[kept])[0]
            least, most = np.minimum(area[i], area[kept]), np.maximum(area[i], area[kept])
            nested = (inter > 0.95 * least) & (least < NESTED * most) & (np.minimum(scores[i], scores[kept]) > SURE)
            if ((inter > 0.25 * least) & ~nested).any():
                continue
        kept.append(int(i))
    return kept


def in_rows(boxes: np.ndarray, scores: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """The scores, [N], with those boxes raised that stand in a row with openings of their size and look like them.

    Args:
        boxes: [N, 4], at reading size; scores: [N], an opening from 0.5; pictures: [N, GRID] as from `local_features`.
    """
    b = boxes.astype(np.float64)
    seeds = one_each(b, scores)
    if len(seeds) < 2:
        return scores
    free = np.flatnonzero((intersection(b, b[seeds]) == 0).all(1))
    out = scores.copy()
    size = np.log(np.stack([b[:, 2] - b[:, 0], b[:, 3] - b[:, 1]], 1))
    votes = np.zeros((len(seeds), len(free)))
    for k, i in enumerate(seeds):
        slack = max(LINE, 0.04 * (b[i, 3] - b[i, 1]))
        near = (np.abs(b[free, 1] - b[i, 1]) < slack) & (np.abs(b[free, 3] - b[i, 3]) < slack)
        near &= (np.abs(size[free] - size[i]) < SIZE).all(1)
        off = np.sqrt(((pictures[free] - pictures[i]) ** 2).mean(1))
        votes[k] = np.where(near, np.exp(-((off / TONE) ** 2)), 0)
    support = np.sort(votes, axis=0)[-2]  # one alone may be a panel, and would bring all its fellows
    raised = free[support > ALIKE]
    out[raised] = np.maximum(out[raised], IN_ROW + 0.3 * (support[support > ALIKE] - ALIKE))
    return out


def unopposed(seen: Seen, taken: Sequence[Box]) -> list[int]:
    """Indices of boxes that the glance is sure of, one each, where nothing has been taken for an opening."""
    others = np.array(taken, np.float64).reshape(-1, 4)
    is_free = (intersection(seen.boxes, others) == 0).all(1)
    return one_each(seen.boxes, np.where(is_free & (seen.glanced >= ALONE), seen.glanced, 0))


def mirrored(seen: Seen, taken: Sequence[Box], width: int) -> list[int]:
    """Indices of boxes in free places, one each, that the glance half believes in and whose mirror image is an opening.

    Where fewer than half of the openings have an image, the front's halves are not alike, and an image is chance.

    Args:
        taken: what has been found; width: of the drawing.
    """
    others = np.array(taken, np.float64).reshape(-1, 4)
    if not len(others) or _images(others, others, width).any(1).mean() < HALVES:
        return []
    is_free = (intersection(seen.boxes, others) == 0).all(1) & (seen.glanced >= HALF_SURE)
    is_twin = _images(seen.boxes, others, width).any(1)
    return one_each(seen.boxes, np.where(is_free & is_twin, 0.5 + 0.5 * seen.glanced, 0))


def _images(boxes: np.ndarray, others: np.ndarray, width: int) -> np.ndarray:
    """Whether boxes, [N, 4], are mirror images of others, [M, 4], about the middle of a drawing of this width; bool [N, M]."""
    off = np.abs(boxes[:, None, 0] + boxes[:, None, 2] + others[:, 0] + others[:, 2] - 2 * width) / 4
    tall, twin = boxes[:, 3] - boxes[:, 1], others[:, 3] - others[:, 1]
    beside = np.minimum(boxes[:, None, 3], others[:, 3]) - np.maximum(boxes[:, None, 1], others[:, 1])
    is_level = beside > LEVEL * np.maximum(tall[:, None], twin)
    ratio = np.log((boxes[:, 2] - boxes[:, 0])[:, None] / (others[:, 2] - others[:, 0]))
    return (off < AXIS * width) & is_level & (np.abs(ratio) < FORM)


def reading_scale(shape: tuple[int, ...]) -> float:
    """By how much a drawing of this height and width is enlarged for reading; never more than three times."""
    side = max(shape[:2])
    return float(np.clip(1.0, LONG_PX[0] / side, LONG_PX[1] / side)) if side > LONG_PX[0] / 3 else 3.0


def resized(gray: np.ndarray, factor: float) -> np.ndarray:
    """The drawing at its reading size."""
    if factor == 1.0:
        return gray
    return cv2.resize(gray, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC)


def short_list(found: Candidates, first: np.ndarray) -> np.ndarray:
    """Indices of the boxes that deserve a second look, best first: near doubles are left out."""
    order = np.argsort(-first, kind="stable")[: 12 * SHORT_LIST]
    boxes = found.boxes.astype(np.float64)
    area = _areas(boxes)
    kept: list[int] = []
    for i in order:
        if len(kept) == SHORT_LIST:
            break
        if kept:
            inter = intersection(boxes[i : i + 1], boxes[kept])[0]
            if (inter > 0.86 * (area[i] + area[kept] - inter)).any():
                continue
        kept.append(int(i))
    return np.array(kept, int)


def score(layers: dict[str, np.ndarray], name: str, numbers: np.ndarray) -> np.ndarray:
    """What the network `name` says of each row of numbers, float32 [N], 0…1."""
    x = (numbers - layers[f"{name}_mean"]) / layers[f"{name}_deviation"]
    x = np.clip(x, -6, 6)
    for k in range(3):
        x = x @ layers[f"{name}_w{k}"] + layers[f"{name}_b{k}"]
        if k < 2:
            x = np.maximum(x, 0)
    return (1 / (1 + np.exp(-np.clip(x[:, 0], -30, 30)))).astype(np.float32)


def agreed(said: list[np.ndarray]) -> np.ndarray:
    """What several networks say together of the same boxes, [N] each, 0…1: the mean of their logits."""
    x = [np.log(np.clip(one, 1e-6, 1 - 1e-6) / (1 - np.clip(one, 1e-6, 1 - 1e-6))) for one in said]
    return (1 / (1 + np.exp(-np.mean(x, axis=0)))).astype(np.float32)


def with_glance(scores: np.ndarray, glanced: np.ndarray) -> np.ndarray:
    """What is thought of boxes, [N], 0…1, once the glance has had its word, [N]: nearer to that by GLANCE where it is more."""
    a, b = (np.log(np.clip(one, 1e-6, 1 - 1e-6) / (1 - np.clip(one, 1e-6, 1 - 1e-6))) for one in (scores, glanced))
    return (1 / (1 + np.exp(-a - GLANCE * np.maximum(b - a, 0)))).astype(np.float32)


@lru_cache(maxsize=1)
def weights() -> tuple[dict[str, np.ndarray], ...]:
    """The networks' numbers, read once."""
    return stored_weights(WEIGHTS)


def stored_weights(path: Path) -> tuple[dict[str, np.ndarray], ...]:
    """The networks of a file, once for each beginning; every layer is stored with its twins' behind one another."""
    with np.load(path) as stored:
        layers = {name: stored[name].astype(np.float32) for name in stored.files}
    number = len(next(iter(layers.values())))
    return tuple({name: layer[k] for name, layer in layers.items()} for k in range(number))


def _areas(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
