"""What company a box keeps: its equals in row and column, its mirror image, the boxes around and within it.

Openings come in sets. A window that is surely seen speaks for every box that looks like it, most of all in its row, in its
column, or across the building's axis.
"""

from __future__ import annotations

import numpy as np

from studio.drawings.facade_features import GRID, intersection

COMPANY = 22  # numbers per box
AXIS = 0.02  # of the drawing's width by which its middle may be off the building's axis


def company_features(boxes: np.ndarray, score: np.ndarray, pictures: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """What stands around each of a few hundred boxes.

    Args:
        boxes: [N, 4]; score: [N], 0…1, of each box so far; pictures: [N, GRID] as from `local_features`.
        shape: height and width of the drawing.
    Returns: float32 [N, COMPANY].
    """
    b = boxes.astype(np.float64)
    w, h = b[:, 2] - b[:, 0], b[:, 3] - b[:, 1]
    like = _likeness(pictures)
    sized = (np.abs(np.log(w[:, None] / w)) < 0.12) & (np.abs(np.log(h[:, None] / h)) < 0.12)
    apart = intersection(b, b) == 0
    slack = np.maximum(4, 0.08 * np.minimum(h[:, None], h))
    in_row = apart & sized & (np.abs(b[:, None, 1] - b[:, 1]) < slack) & (np.abs(b[:, None, 3] - b[:, 3]) < slack)
    slack = np.maximum(4, 0.10 * np.minimum(w[:, None], w))
    in_column = apart & (np.abs(np.log(w[:, None] / w)) < 0.15) & (
        np.abs(b[:, None, 0] + b[:, None, 2] - b[:, 0] - b[:, 2]) < 2 * slack)  # fmt: skip
    weight = score[None] * np.clip(like, 0, 1)
    area = w * h
    inter = intersection(b, b)
    within = (inter > 0.9 * area[None]) & (area[None] < 0.92 * area[:, None])  # j lies in i
    size = area[None] / area[:, None]
    none = np.zeros_like(weight)
    best_in = np.where(within & (size > 0.3), score[None], none).max(1, initial=0)
    best_small = np.where(within & (size <= 0.3), score[None], none).max(1, initial=0)
    around = within.T
    best_out = np.where(around & (size < 3.3), score[None], none).max(1, initial=0)
    best_far = np.where(around & (size >= 3.3), score[None], none).max(1, initial=0)
    crossing = (inter > 0.05 * np.minimum(area[None], area[:, None])) & ~within & ~around
    overlap = inter / (area[None] + area[:, None] - inter)
    columns = [
        score, np.where(in_row, weight, 0).max(1, initial=0), np.where(in_row, weight, 0).sum(1),
        np.where(in_column, weight, 0).max(1, initial=0), np.where(sized & apart, weight, 0).sum(1),
        best_in, best_small, best_out, best_far,
        np.where(within & (size > 0.3), 1.0, 0).sum(1), np.where(around & (size < 3.3), 1.0, 0).sum(1),
        np.where(crossing & (overlap < 0.6), score[None], none).max(1, initial=0),
        score - np.where(overlap > 0.6, score[None], none).max(1),
        _second(np.where(in_row, weight, 0)), _second(np.where(sized & apart, weight, 0)),
        _mirrored(b, score, pictures, shape[1]),
        np.log1p(np.where(apart & _level(b, h, 3), score[None], 0).sum(1)),
        np.log1p(np.where(apart & _level(b, h, 1), score[None], 0).sum(1)),
        (score[None] > score[:, None]).mean(1),
        *_between(b, score),
    ]  # fmt: skip
    columns[2], columns[4] = np.log1p(columns[2]), np.log1p(columns[4])
    columns[9], columns[10] = np.log1p(columns[9]), np.log1p(columns[10])
    return np.stack(columns, 1).astype(np.float32)


def _second(table: np.ndarray) -> np.ndarray:
    """The second greatest of each row; 0 where there is none."""
    return np.partition(table, -2, axis=1)[:, -2] if table.shape[1] > 1 else np.zeros(len(table))


def _level(b: np.ndarray, h: np.ndarray, side: int) -> np.ndarray:
    """Whether two boxes share their head (1) or their foot (3) and are of about one height, bool [N, N]."""
    slack = np.maximum(4, 0.06 * np.minimum(h[:, None], h))
    return (np.abs(b[:, None, side] - b[:, side]) < slack) & (np.abs(np.log(h[:, None] / h)) < 0.7)


def _between(b: np.ndarray, score: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What is thought of the boxes whose jambs are this one's: both sides, the better side; and how much wider those are.

    Between two arches stands a pier, and looks like a blank opening; each of the three has the others' jambs.
    """
    w, h = b[:, 2] - b[:, 0], b[:, 3] - b[:, 1]
    level = np.minimum(b[:, None, 3], b[:, 3]) - np.maximum(b[:, None, 1], b[:, 1]) > 0.5 * np.minimum(h[:, None], h)
    slack = np.maximum(3.0, 0.1 * w)[:, None]
    right = np.where(level & (np.abs(b[:, None, 2] - b[None, :, 0]) < slack), score[None], 0)
    left = np.where(level & (np.abs(b[:, None, 0] - b[None, :, 2]) < slack), score[None], 0)
    wider = np.log(np.maximum(w[right.argmax(1)], w[left.argmax(1)]) / w)
    both, either = np.minimum(left.max(1), right.max(1)), np.maximum(left.max(1), right.max(1))
    return both, either, np.where(either > 0, wider, 0.0)


def _mirrored(b: np.ndarray, score: np.ndarray, pictures: np.ndarray, width: int) -> np.ndarray:
    """What is thought of the box that stands where a mirror in the middle of the drawing would show this one."""
    other = b.copy()
    other[:, [0, 2]] = width - b[:, [2, 0]]
    slack = np.maximum(AXIS * width, 3.0)
    near = (np.abs(other[:, None] - b[None])[:, :, [1, 3]] < np.maximum(4, 0.1 * (b[:, 3] - b[:, 1]))[:, None, None]).all(2)
    near &= np.abs(other[:, None, 0] + other[:, None, 2] - b[None, :, 0] - b[None, :, 2]) < 2 * slack
    near &= np.abs(np.log((b[:, 2] - b[:, 0])[:, None] / (b[:, 2] - b[:, 0]))) < 0.15
    near &= intersection(b, b) == 0
    flipped = pictures.reshape(-1, *GRID)[:, :, ::-1].reshape(len(pictures), -1)
    alike = np.maximum(_likeness(pictures), _likeness(pictures, flipped))  # shadows fall to one side
    return np.where(near, score[None] * alike, 0).max(1, initial=0)


def _likeness(pictures: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """How alike small pictures are, [N, N]: 1 = the same tone everywhere."""
    a = pictures.reshape(len(pictures), -1)
    b = a if others is None else others
    distance = np.sqrt(np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T, 0) / a.shape[1])
    return np.exp(-((distance / 0.12) ** 2))  # a tenth of the tone is what fading and hatching differ by
