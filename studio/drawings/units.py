"""Units of length that old sheets are drawn in: how long each is, where it was used, and who says so.

A name that meant different lengths in different towns has no length here until somebody names the town.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Unit:
    """A unit of length.

    Attributes:
        name: "m", "foot", "pied du roi" …
        metres: its length.
        region: where and when it was used.
        source: who says how long it is.
        is_assumed: a sheet that writes it may mean another length; what was taken is then printed.
    """

    name: str
    metres: float
    region: str
    source: str
    is_assumed: bool = False


SI = "Bureau international des poids et mesures, Le Système international d'unités"
YARD = "International yard and pound agreement, 1959; the imperial foot of 1824 is longer by 2 parts in a million"
METRE_LAW = "Law of 19 frimaire an VIII (10 December 1799): 1 metre = 443.296 lignes of the toise du Pérou"
UNITS: dict[str, Unit] = {
    unit.name: unit
    for unit in (
        Unit("m", 1.0, "everywhere, since 1795", SI),
        Unit("cm", 0.01, "everywhere, since 1795", SI),
        Unit("km", 1000.0, "everywhere, since 1795", SI),
        Unit("foot", 0.3048, "Britain, Ireland, the United States", YARD, True),
        Unit("inch", 0.0254, "Britain, Ireland, the United States", YARD, True),
        Unit("yard", 0.9144, "Britain, Ireland, the United States", YARD, True),
        Unit("pied du roi", 144 / 443.296, "France, until 1799 and in use until about 1840", METRE_LAW, True),
        Unit("toise", 864 / 443.296, "France, until 1799: six pieds du roi", METRE_LAW, True),
    )
}
# Lengths differ by town and century: 0.22…0.29 m for a palm, 0.52…0.69 m for a braccio, 0.28…0.33 m for a German foot.
REGIONAL = {
    "palm": ("palmi", "palmo", "palms", "palm", "palmos"),
    "braccio": ("braccia", "braccio", "bracci"),
    "canna": ("canne", "canna"),
    "German foot": ("fuss", "fuß", "schuh", "werkschuh"),
    "Klafter": ("klafter",),
    "vara": ("varas", "vara"),
    "Spanish foot": ("pies", "pie"),
    "Italian foot": ("piedi", "piede"),
    "Dutch foot": ("voet", "voeten"),
    "Roman foot": ("pedes", "pes"),
    "ell": ("ells", "ell", "ellen", "elle", "aln"),
    "rod": ("rods", "rod", "ruthen", "ruten", "roede"),
    "module": ("modules", "module", "moduli", "modulo"),
    "pace": ("paces", "passi", "pas"),
}
WORDS = {
    "m": ("m", "metre", "metres", "meter", "meters", "mètre", "mètres", "metri", "metro", "metros", "mtr", "mtrs", "mètr"),
    "cm": ("cm", "centimetres", "centimètres", "centimeter"),
    "km": ("km", "kilometres", "kilomètres"),
    "foot": ("ft", "feet", "foot", "englishfeet"),
    "inch": ("inches", "inch", "ins"),
    "yard": ("yards", "yard", "yds", "yd"),
    "pied du roi": ("pieds", "pied", "pieds-de-roi", "piedsduroi", "piedduroi", "pds"),
    "toise": ("toises", "toise", "tois"),
}
_BY_WORD = {word: name for table in (WORDS, REGIONAL) for name, words in table.items() for word in words}


def named(text: str) -> str | None:
    """The unit that a piece of lettering names, or None.

    Args:
        text: what was read, such as "METRES", "M.", "Scale of feet" or "20 m".
    Returns: a key of UNITS or REGIONAL. Two units in one line give None: which figures belong to which is not said.
    """
    words = [word for word in re.split(r"[^a-zà-ÿß]+", text.lower()) if word]
    found = {_BY_WORD[word] for word in (*words, "".join(words)) if word in _BY_WORD}
    if not found:  # a letter or two are often misread: a long word may differ from a unit's in one place
        long = [word for word in (*words, "".join(words)) if len(word) >= 5]
        found = {_BY_WORD[one] for word in long for one in _BY_WORD if len(one) >= 5 and _one_apart(word, one)}
    return found.pop() if len(found) == 1 else None


def metres(name: str | None) -> float | None:
    """Length of a unit in metres; None for an unknown or a regional one."""
    return UNITS[name].metres if name in UNITS else None


def assumption(name: str | None) -> str | None:
    """A sentence on what was taken for a unit's length, where another is thinkable; None for metres."""
    if name in UNITS and UNITS[name].is_assumed:
        unit = UNITS[name]
        return f"The {unit.name} was taken as {unit.metres:.4f} m ({unit.region})."
    if name in REGIONAL:
        return f"The sheet is drawn in {name} units, whose length differs from town to town: none was assumed."
    return None


def _one_apart(a: str, b: str) -> bool:
    """At most one letter replaced, added or lost."""
    if abs(len(a) - len(b)) > 1:
        return False
    if len(a) == len(b):
        return sum(x != y for x, y in zip(a, b, strict=True)) <= 1
    short, long = sorted((a, b), key=len)
    return any(long[:i] + long[i + 1 :] == short for i in range(len(long)))
