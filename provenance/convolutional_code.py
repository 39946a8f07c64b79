"""The convolutional code under the watermark: rate 1/3, constraint length 7, decoded softly.

Its generators (133, 171, 165 octal) are those of maximal free distance for 64 states, so that a mark of which four parts in
ten are drowned can still be read.
"""

from __future__ import annotations

import numpy as np

CONSTRAINT = 7
GENERATORS = (0o133, 0o171, 0o165)
STATES = 1 << (CONSTRAINT - 1)

_REGISTER = np.arange(2 * STATES)  # previous state · 2 + new bit
_SIGNS = np.array([[1 - 2 * ((r & g).bit_count() & 1) for g in GENERATORS] for r in range(2 * STATES)], np.float64)


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


def decode(soft: np.ndarray, bits: int) -> int:
    """The likeliest word of `bits` bits behind `soft`, float [coded_length(bits)]; positive speaks for bit 0 (Viterbi 1967)."""
    steps = bits + CONSTRAINT - 1
    gains = soft.reshape(steps, len(GENERATORS)) @ _SIGNS.T  # [steps, registers]
    metric = np.full(STATES, -np.inf)
    metric[0] = 0.0
    came_from = np.zeros((steps, STATES), np.int64)
    for step in range(steps):
        # the two registers that lead to a new state differ in their oldest bit, so they lie STATES apart
        pair = (metric[_REGISTER >> 1] + gains[step]).reshape(2, STATES)
        came_from[step] = pair.argmax(0)
        metric = pair.max(0)
    state, word = 0, 0
    for step in reversed(range(steps)):
        if step < bits:
            word |= (state & 1) << (bits - 1 - step)
        state = (state | int(came_from[step, state]) * STATES) >> 1
    return word
