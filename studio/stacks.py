"""Where a drawn chimney meets the slope before it: its two sides go on below the ridge, down to a foot."""

from __future__ import annotations

import numpy as np

from blender_addon.scenes.massing import Box, Elevation, chimneys

STACK = 2.4  # how far a drawn chimney may go on below the ridge, in heights of what is seen above it
TILED_SIDES = 0.7  # of a stack's sides: where two columns beside it are drawn so far down, they are tiles
SIDE_INK, SIDE_GAP_PX = 0.25, 3  # ink of a drawn stack's sides, and how far it may be broken; courses lie farther apart
FOOT_LINE = 0.6  # of the width at the foot that is a line: generated stacks have 1.0, and 0.0 where courses passed for sides


def drawn_stacks(drawn: Elevation, fine: np.ndarray) -> tuple[Box, ...]:
    """Fronts of the chimneys that are drawn down to a foot on the slope, pixels; those that end at the ridge are left out.

    Args:
        drawn: the elevation. fine: float32 [H, W], 0…1, the drawing's lines at the elevation's size.
    """
    found = []
    for x0, top, x1, edge in chimneys(drawn):
        start, lowest = round(edge) + 1, round(edge + STACK * (edge - top))
        left, right = round(x0), round(x1)
        wide = right - left + 1
        reach = max(2, wide // 4)
        foot = sides_end(fine, start, lowest, (left, right), reach)
        # where tiles run upright as well, any two of their lines would do for sides
        beside = [sides_end(fine, start, lowest, (left + by, right + by), reach) for by in (-2 * wide, 2 * wide)]
        is_stack = foot - start > SIDE_GAP_PX and max(beside) < start + TILED_SIDES * (foot - start)
        # lines that go on and on are a verge or a wall's edge, and show no foot
        if is_stack and foot < lowest and _is_foot(fine, foot, (left, right)):
            found.append((x0, top, x1, float(foot)))
    return tuple(found)


def sides_end(fine: np.ndarray, start: int, lowest: int, sides: tuple[int, int], reach: int) -> int:
    """The row above which lines go down at both columns, or near them, from a row on."""
    drawn = [fine[:, max(0, x - reach) : max(0, x + reach + 1)] for x in sides]
    if not all(strip.size for strip in drawn):
        return start
    both = np.min([strip.max(1) for strip in drawn], 0) > SIDE_INK
    last = start
    while last < min(lowest, len(both)) and both[last : last + SIDE_GAP_PX].any():
        last += 1
    return last


def _is_foot(fine: np.ndarray, foot: int, sides: tuple[int, int]) -> bool:
    """Whether a line closes a front between its sides, at a row or just above it."""
    across = fine[max(0, foot - SIDE_GAP_PX - 1) : foot + 1, sides[0] + 1 : sides[1]]
    return across.size > 0 and float((across.max(0) > SIDE_INK).mean()) >= FOOT_LINE
