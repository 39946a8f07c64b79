"""How each of the log's fuzzers is started, and how a test replays it without a fuzzer."""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path


def fuzz(check: Callable[[bytes], None], seeds: Sequence[bytes]) -> None:
    """Run `check` under atheris (libFuzzer) with the process's arguments, such as -max_total_time=180."""
    import atheris

    corpus = Path(tempfile.mkdtemp(prefix="anastylosis-fuzz-"))
    for number, seed in enumerate(seeds):
        (corpus / str(number)).write_bytes(seed)
    atheris.instrument_all()
    atheris.Setup([*sys.argv, str(corpus)], check)
    atheris.Fuzz()


def mutated(seeds: Sequence[bytes], data: random.Random) -> bytes:
    """One of the seeds, cut, spliced, repeated or with bytes changed: what a fuzzer tries first."""
    text = bytearray(data.choice(seeds))
    for _ in range(data.randrange(1, 5)):
        at, length = data.randrange(len(text) + 1), data.randrange(1, 40)
        kind = data.randrange(5)
        if kind == 0:
            del text[at : at + length]
        elif kind == 1:
            text[at:at] = bytes(data.choice(b"\n +/=A0\xe2\x80\x94\xff\x00-_") for _ in range(data.randrange(1, 4)))
        elif kind == 2 and at < len(text):
            text[at] ^= 1 << data.randrange(8)
        elif kind == 3:
            text[at:at] = text[at : at + length]
        else:
            other = data.choice(seeds)
            text[at : at + length] = other[at : at + length]
    return bytes(text)
