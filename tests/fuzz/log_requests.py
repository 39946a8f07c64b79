"""Fuzzes what a witness is sent, and policies: python tests/fuzz/log_requests.py -max_total_time=180"""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import contextlib

from provenance.log.errors import LogError
from provenance.log.policy import Policy
from provenance.log.witness import Witness
from provenance.log.witness_request import Request
from tests.fuzz.log_notes import COSIGNED, WITNESS
from tests.fuzz.log_proofs import LOG, SIGNED

FOLDER = Path(tempfile.mkdtemp(prefix="anastylosis-fuzz-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
OURS = Witness.open(FOLDER, "example.com/w", clock=lambda: 1_700_000_000)
OURS.know(LOG.verifier)
SEEDS = [
    f"old 0\n\n{SIGNED}".encode(),
    f"old 7\n\n{SIGNED}".encode(),
    f"old 3\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\n{COSIGNED}".encode(),
    f"log {LOG.verifier.text()}\nwitness a {WITNESS.verifier.text()} https://a.example\ngroup g 1 a\nquorum g\n".encode(),
]


def check(data: bytes) -> None:
    """A witness answers everything, cosigns only what the log signed, and forgets nothing; a policy is read or refused."""
    with contextlib.suppress(LogError):
        assert Request.parse(data).body() == data
    before = OURS.head(LOG.name)
    answer = OURS.add_checkpoint(data)
    assert answer.status in (200, 400, 403, 404, 409, 422)
    after = OURS.head(LOG.name)
    assert before is None or (after is not None and after.size >= before.size)
    assert after is None or after.text() + "\n" == SIGNED[: len(after.text()) + 1] or after.size == 70_000
    with contextlib.suppress(LogError):
        Policy.parse(data.decode("utf-8", errors="surrogateescape"))


if __name__ == "__main__":
    from tests.fuzz.log_fuzzing import fuzz

    fuzz(check, SEEDS)
