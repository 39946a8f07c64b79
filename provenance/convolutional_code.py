"""The convolutional code under the watermark: rate 1/4, constraint length 9, decoded softly into a short list of words.

Its generators (463, 535, 733, 745 octal; free distance 24) are those of Larsen 1973. A list instead of the one likeliest word
is worth half a decibel: the keyed check in the word says which of them was written (Seshadri and Sundberg 1994).
"""

from __future__ import annotations

import numpy as np

CONSTRAINT = 9
GENERATORS = (0o463, 0o535, 0o733, 0o745)
STATES = 1 << (CONSTRAINT - 1)

_SIGNS = np.array([[1 - 2 * ((r & g).bit_count() & 1) for g in GENERATORS] for r in range(2 * STATES)], np.float64)
# register = previous state · 2 + new bit; the two that lead to one state differ in their oldest bit and lie STATES apart
_PREVIOUS = (np.arange(2 * STATES) >> 1).reshape(2, STATES)


def coded_length(bits: int) -> int:
    """How many coded bits carry a message of `bits` bits, its tail included."""
    return (bits + CONSTRAINT - 1) * len(GENERATORS)


def encode(word: int, bits: int) -> np.ndarray:
    """Coded bits of the `bits` lowest bits of `word`, highest first, as float64 +1 (bit 0) and −1 (bit 1)."""
    register, coded = 0, []
    for i in range(bits + CONSTRAINT - 1):
        bit = word >> (bits - 1 - i) & 1 if i < bits else 0  # zeros bring the register back to its first state
        register = (register << 1 | bit) & (2 * STATES - 1)
        coded.append(_SIGNS[register])
    return np.concatenate(coded)


def decode(soft: np.ndarray, bits: int, count: int = 1) -> list[int]:
    """The `count` likeliest words of `bits` bits behind `soft`, likeliest first (parallel list Viterbi).

    Args:
        soft: float [coded_length(bits)]; positive speaks for bit 0.
        bits: length of the word.
        count: how many paths each state keeps, ≥ 1.
    """
    steps = bits + CONSTRAINT - 1
    gains = (soft.reshape(steps, len(GENERATORS)) @ _SIGNS.T).reshape(steps, 2, STATES, 1)
    metric = np.full((STATES, count), -np.inf)
    metric[0, 0] = 0.0
    came_from = np.zeros((steps, STATES, count), np.int16)
    for step in range(steps):
        # [STATES, 2 · count]: all paths that lead to a state
        paths = (metric[_PREVIOUS] + gains[step]).transpose(1, 0, 2).reshape(STATES, 2 * count)
        best = np.argsort(-paths, axis=1, kind="stable")[:, :count] if count > 1 else paths.argmax(1)[:, None]
        came_from[step] = best
        metric = np.take_along_axis(paths, best, 1)
    return [_traced(came_from, rank, bits) for rank in range(count) if np.isfinite(metric[0, rank])]


def _traced(came_from: np.ndarray, rank: int, bits: int) -> int:
    state, word, count = 0, 0, came_from.shape[2]
    for step in reversed(range(len(came_from))):
        if step < bits:
            word |= (state & 1) << (bits - 1 - step)
        oldest, rank = divmod(int(came_from[step, state, rank]), count)
        state = (state | oldest * STATES) >> 1
    return word
