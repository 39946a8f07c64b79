import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from provenance import record as records
from provenance.draft import Draft
from provenance.errors import RecordError

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
    max_leaves=12,
)


def _record(draft, outputs=()):
    outputs = list(outputs) or [records.Output("a.png", "image/png", "mask", "0" * 64, False)]
    return records.build(draft, outputs, identity="x", made="2026-01-01T00:00:00Z", log_origin="o", log_key="k")


@settings(max_examples=80, deadline=None)
@given(JSON)
def test_canonical_json_has_one_spelling_and_comes_back(value):
    data = records.canonical(value)
    assert json.loads(data) == value
    assert records.canonical(json.loads(data)) == data


def test_the_order_of_keys_does_not_matter():
    assert records.canonical({"b": 1, "a": {"d": 2, "c": 3}}) == b'{"a":{"c":3,"d":2},"b":1}'


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), {1: 2}, {"a": [{None: 1}]}, b"x", np.float32(1), "\ud800", object()]
)
def test_what_json_cannot_carry_exactly_is_refused(value):
    with pytest.raises(RecordError):
        records.canonical({"request": value})


def test_a_record_survives_being_written_and_read():
    record = _record(Draft("restore", {"seed": 1}, (), assumptions=("a",), levels={"1": 0.5}))
    assert records.parse(records.canonical(record)) == record


def test_an_edited_record_is_refused():
    data = records.canonical(_record(Draft("restore", {"seed": 1}, ())))
    for edited in (
        data + b"\n",
        data.replace(b":", b": "),
        data[:-1],
        b"[]",
        b"",
        b"\xff",
        b"[" * 100_000,
        data.replace(b'"id":"x"', b'"id":3'),
    ):
        with pytest.raises(RecordError):
            records.parse(edited)


def test_a_leaf_fits_into_the_log_however_many_files_there_are():
    many = [records.Output(f"{i}.png", "image/png", "film", f"{i:064x}", True) for i in range(5000)]
    for outputs in (many[:1], many[:900], many[:901], many):
        record = _record(Draft("render", {}, ()), outputs)
        data = records.canonical(record)
        entry = records.leaf_entry(data, record)
        assert len(entry) <= 65_535
        assert json.loads(entry)["record"] == records.digest(data)
        changed = dataclasses.replace(outputs[-1], sha256="f" * 64)
        other = _record(Draft("render", {}, ()), [*outputs[:-1], changed])
        assert records.leaf_entry(data, other) != entry


def test_the_record_names_the_software_that_took_part():
    software = _record(Draft("restore", {}, ()))["software"]
    assert {"python", "numpy", "c2pa-python", "anastylosis"} <= set(software)
