import re

import pytest

from provenance.vocabularies.label import LEVEL_NAMES, MOST_WORDS, wall_label


def _record(operation, outputs, levels=None, sources=1):
    return {"operation": operation, "outputs": outputs, "levels": levels or {}, "sources": [{"role": "input"}] * sources}


def _output(role, share=None, contains_ai=True):
    return {"role": role, "contains_ai": contains_ai, "ai": None if share is None else {"share": share}}


AI = [
    _record("restore", [_output("restored", 0.37)]),
    _record("restore", [_output("restored", 0.0004), *[_output("hypothesis", 0.0004)] * 5, _output("mask", contains_ai=False)]),
    _record("speculate", [_output("variant", 1.0)] * 4),
    _record("speculate", [_output("variant", 1.0)], sources=0),
    _record("scene", [_output("scene")], {"1": 0.1, "2": 0.5, "6": 0.3, "7": 0.1}, 3),
    _record("render", [_output("render", 0.5)], {"7": 1.0}),
    _record("render", [_output("render", 0.5)]),
]
PLAIN = [
    _record("restore", [_output("restored", contains_ai=False)]),
    _record("scene", [_output("scene", contains_ai=False)], {"2": 1.0}),
    _record("propose", [_output("mask", contains_ai=False)]),
]


@pytest.mark.parametrize("record", AI + PLAIN)
def test_a_label_has_at_most_sixty_words_and_short_sentences(record):
    text = wall_label(record)
    words = re.findall(r"[\w-]+", text)
    assert 0 < len(words) <= MOST_WORDS
    assert len(words) / len(re.findall(r"[.?!](?:\s|$)", text)) <= 18
    assert sum(map(len, words)) / len(words) < 5.5


@pytest.mark.parametrize("record", AI)
def test_a_label_says_ai_modified_when_a_model_took_part(record):
    assert "AI-modified" in wall_label(record)


@pytest.mark.parametrize("record", PLAIN)
def test_a_label_never_says_ai_modified_when_no_model_took_part(record):
    assert "AI-modified" not in wall_label(record)


def test_a_label_tells_the_share_and_that_others_are_possible():
    assert "37 %" in wall_label(AI[0])
    assert "others are possible" in wall_label(AI[0])
    assert "less than 1 %" in wall_label(AI[1])
    assert "one guess out of 5" in wall_label(AI[1])


def test_there_is_a_name_for_each_of_the_seven_levels():
    assert list(LEVEL_NAMES) == list(range(1, 8))
