"""A foot is a foot only where somebody says whose."""

import pytest

from studio.drawings.units import REGIONAL, UNITS, assumption, metres, named


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("M.", "m"),
        ("METRES", "m"),
        ("M ETRES", "m"),
        ("20 m", "m"),
        ("Scale of feet", "foot"),
        ("30 feet", "foot"),
        ("6 toises", "toise"),
        ("Pieds", "pied du roi"),
        ("METRFS", "m"),
        ("palmi romani", "palm"),
        ("braccia", "braccio"),
    ],
)
def test_a_unit_is_known_by_its_words(text, name):
    assert named(text) == name


@pytest.mark.parametrize("text", ["", "Atrium", "feet and metres", "10", "N", "Maison", "Palace"])
def test_other_words_are_no_units(text):
    assert named(text) is None


def test_the_toise_is_six_feet_of_the_king():
    assert metres("toise") == pytest.approx(6 * UNITS["pied du roi"].metres)
    assert metres("toise") == pytest.approx(1.94904, abs=1e-5)
    assert metres("pied du roi") == pytest.approx(0.32484, abs=1e-5)
    assert metres("foot") == 0.3048


@pytest.mark.parametrize("name", REGIONAL)
def test_a_regional_unit_has_no_length_of_its_own(name):
    assert metres(name) is None
    assert "none was assumed" in (assumption(name) or "")


def test_what_was_assumed_is_said():
    assert "0.3048 m" in (assumption("foot") or "")
    assert assumption("m") is None
    assert all(unit.source and unit.region for unit in UNITS.values())
