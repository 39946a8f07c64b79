"""Where a model acted, in boxes that a person can read."""

from __future__ import annotations

import numpy as np

MOST_BOXES = 32


def boxes(ai: np.ndarray, most: int = MOST_BOXES) -> list[tuple[int, int, int, int]]:
    """Cover every True of `ai`, bool [H, W], by at most `most` boxes (x, y, width, height) in pixels, the largest first.

    Near holes are joined into one box, coarser and coarser, until few enough are left; the exact mask stands in the
    Record as a digest.
    """
    import cv2

    block = 1
    cells = ai.astype(np.uint8)
    while True:
        _, labels, stats, _ = cv2.connectedComponentsWithStats(cells, connectivity=8)
        if len(stats) - 1 <= most:
            break
        block *= 2
        cells = _reduce(cells)
    found = [_tight(ai, labels == i, stats[i], block) for i in range(1, len(stats))]
    return sorted(found, key=lambda box: (-box[2] * box[3], box[1], box[0]))


def _reduce(cells: np.ndarray) -> np.ndarray:
    """Halve a mask; a cell is set when one of its four was."""
    height, width = cells.shape
    padded = np.pad(cells, ((0, height % 2), (0, width % 2)))
    return padded.reshape(padded.shape[0] // 2, 2, padded.shape[1] // 2, 2).max(axis=(1, 3))


def _tight(ai: np.ndarray, component: np.ndarray, stat: np.ndarray, block: int) -> tuple[int, int, int, int]:
    """Shrink a component of blocks to the pixels that are really set in it."""
    x, y, width, height = (int(value) for value in stat[:4])
    inside = component[y : y + height, x : x + width]
    part = ai[y * block : (y + height) * block, x * block : (x + width) * block]
    part = part & inside.repeat(block, 0).repeat(block, 1)[: part.shape[0], : part.shape[1]]
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    return (
        x * block + int(columns[0]),
        y * block + int(rows[0]),
        int(columns[-1] - columns[0]) + 1,
        int(rows[-1] - rows[0]) + 1,
    )
