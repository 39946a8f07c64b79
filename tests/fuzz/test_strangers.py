"""A few hundred damaged copies of each seed end in a named error or in a reading, never in a traceback."""

import contextlib
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from strangers import TARGETS

MUTANTS = 60


def _mutants(seed: bytes, rng: np.random.Generator):
    for _ in range(MUTANTS):
        data = bytearray(seed)
        for _ in range(int(rng.integers(1, 5))):
            at, way = int(rng.integers(0, max(len(data), 1))), int(rng.integers(0, 4))
            if way == 0 and data:
                data[at] ^= 1 << int(rng.integers(0, 8))
            elif way == 1:
                del data[at : at + int(rng.integers(1, 9))]
            elif way == 2:
                data[at:at] = bytes(rng.integers(0, 256, int(rng.integers(1, 9)), np.uint8))
            else:
                data[at : at + 4] = bytes(rng.choice([0, 255], 4).astype(np.uint8))
        yield bytes(data)


@pytest.mark.parametrize("name", TARGETS)
def test_damaged_bytes_end_in_a_named_error(name):
    target, rng = TARGETS[name], np.random.default_rng(7)
    for seed in target.seeds():
        target.read(seed)
        for mutant in _mutants(seed, rng):
            with contextlib.suppress(*target.errors):
                target.read(mutant)
