"""Bytes of strangers: what the fuzzers in tests/fuzz look for, replayed with seeded mutations."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz import log_notes, log_proofs, log_records, log_requests, log_tiles
from tests.fuzz.log_fuzzing import mutated

FUZZERS = {module.__name__.split(".")[-1]: module for module in (log_notes, log_proofs, log_records, log_requests, log_tiles)}


@pytest.mark.parametrize("name", FUZZERS)
def test_the_honest_bytes_pass(name):
    for seed in FUZZERS[name].SEEDS:
        FUZZERS[name].check(seed)


@pytest.mark.parametrize("name", FUZZERS)
@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_no_mutation_of_honest_bytes_is_believed_or_crashes(name, chance):
    FUZZERS[name].check(mutated(FUZZERS[name].SEEDS, chance))


@pytest.mark.parametrize("name", FUZZERS)
@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_no_bytes_at_all_crash(name, data):
    FUZZERS[name].check(data)
