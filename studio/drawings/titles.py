"""What the lettering of a sheet calls its drawings: plan, elevation or section, and which façade.

A title is the draughtsman's own word and outweighs what the ink looks like; it is believed when it is a line of its own that
begins or ends with the word, because running text and names of rooms speak of plans and fronts too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from studio.drawings.figures import Written
from studio.drawings.reading import Box, Drawing

SURE = 0.75  # of the recogniser; small capitals of a worn title come above it
LONGEST = 42  # letters of a title's line; a sentence is longer
APART = 0.25  # of a drawing's height: a title stands nearer to its drawing
TITLED = 0.97  # confidence of a kind that a title names
KINDS = {
    "plan": "PLAN(?!A|C|E|N|T)|GROUNDPLAN|FLOORPLAN|GRUNDRISS|PIANTA|PLANTA|PLATTEGROND",
    "elevation": "ELEVATION|FACADE|AUFRISS|ANSICHT|FASSADE|PROSPETTO|ALZADO|FACCIATA",
    "section": "SECTION|COUPE|SCHNITT|LANGSSCHNITT|QUERSCHNITT|SEZIONE|SPACCATO|SECCION|DOORSNEDE",
}
POINTS = {
    "south": "SOUTH|SUD|SUED|SUR|MEZZOGIORNO",
    "north": "NORTH|NORD|NORTE|SETTENTRIONE",
    "east": "EAST|OST|EST|ESTE|ORIENTALE",
    "west": "WEST|OUEST|OVEST|OESTE|OCCIDENTALE",
}
# Which way a section cuts: along the building or across it.
LONG = "LONG|LONGITUDINAL|LONGITUDINALE|LAENGS|LANGS|LANGSSCHNITT|LAENGSSCHNITT|LENGTHWISE"
CROSS = "CROSS|TRANSVERSE|TRANSVERSAL|TRANSVERSALE|TRASVERSALE|QUER|QUERSCHNITT"
FACING = "(ELEVATION|FACADE|FRONT|PROSPETTO|ALZADO)(TO|TOTHE)?"
FRONT = "(ERN)?(ELEVATION|FRONT|FACADE|SIDE|ANSICHT|FASSADE|SEITE)"
# Words that only a caption uses stand within a line too, after the name of the place; no place's name is longer.
CAPTION = "^.{0,16}(GROUNDPLANS?|FLOORPLANS?|GRUNDRISSE?)(OF|DE|DER|DES|VON)"
WHERE = "(ON|AT|TO|IN|ALONG|UPON)(THE)?"  # "three chapels on the east side" tells where something is, not what is drawn


@dataclass(frozen=True)
class Title:
    """One title: what it calls its drawing, the façade that it names or None, its words and where they stand."""

    kind: str
    side: str | None
    text: str
    box: tuple[float, float, float, float]


def titles(lettering: Sequence[Written]) -> tuple[Title, ...]:
    """The lines of a sheet that name a drawing.

    Args:
        lettering: `figures.words` of the sheet.
    """
    found = []
    for one in lettering:
        letters = _letters(one.text)
        if one.confidence >= SURE and re.search(CAPTION, letters):
            found.append(Title("plan", None, one.text, one.box))
            continue
        if one.confidence < SURE or not 4 <= len(letters) <= LONGEST:
            continue
        kinds = [kind for kind, words in KINDS.items() if re.search(f"^({words})|({words})S?$", letters)]
        side = side_named(one.text)
        front = f"({_any_point()}){FRONT}"
        names_front = re.search(front, letters) and not re.search(WHERE + front, letters)
        if not kinds and side and names_front:
            kinds = ["elevation"]
        if len(kinds) == 1:
            found.append(Title(kinds[0], side, one.text, one.box))
    return tuple(found)


def side_named(text: str) -> str | None:
    """The façade that a title or a file's name speaks of: "south", "north", "east" or "west"; None when none or several."""
    letters = _letters(text)
    if way := re.search(f"FROM({_any_point()})TO({_any_point()})", letters):
        ends = frozenset((_point(way[1]), _point(way[2])))
        return {frozenset(("west", "east")): "south", frozenset(("south", "north")): "east"}.get(ends)
    named = re.search(f"({_any_point()}){FRONT}", letters) or re.search(f"{FACING}(?P<point>{_any_point()})$", letters)
    return _point(named["point"] if "point" in named.groupdict() else named[1]) if named else None


def _point(word: str) -> str | None:
    return next((point for point, words in POINTS.items() if re.fullmatch(words, word)), None)


def side_of_file(stem: str) -> str | None:
    """The façade in a file's name, where a word of it is a point of the compass: irene-west, facade_south."""
    words = {word.upper() for word in re.split(r"[^A-Za-z]+", stem)}
    found = {point for point, names in POINTS.items() if words & set(names.split("|"))}
    return found.pop() if len(found) == 1 else None


def way_of_file(stem: str) -> str | None:
    """How a section runs, by a word of its file's name: "long" along the building, "cross" across it; None when none says."""
    words = {word.upper() for word in re.split(r"[^A-Za-z]+", stem)}
    found = {way for way, names in (("long", LONG), ("cross", CROSS)) if words & set(names.split("|"))}
    return found.pop() if len(found) == 1 else None


def titled(drawings: Sequence[Drawing], found: Sequence[Title]) -> tuple[tuple[Drawing, ...], dict[int, Title]]:
    """The drawings with the kinds that their titles name, and each one's title by its number.

    A sheet with one drawing gives it every title; of several each takes the nearest above or below itself.
    """
    taken: dict[int, Title] = {}
    if len(drawings) == 1 and found and len({one.kind for one in found}) == 1:
        taken[0] = next((one for one in found if one.side), found[0])
    elif len(drawings) > 1:
        for title in found:
            near = {k: _distance(title.box, d.box) / max(1, d.box[3] - d.box[1]) for k, d in enumerate(drawings)}
            k = min(near, key=lambda k: near[k])
            if near[k] < APART and k not in taken:
                taken[k] = title
    named = tuple(
        replace(d, kind=taken[k].kind, confidence=TITLED) if k in taken else d for k, d in enumerate(drawings)
    )  # fmt: skip
    return named, taken


def _distance(title: Box | tuple[float, ...], box: Box) -> float:
    """How far a title stands above or below a drawing; far when it stands beside it."""
    middle = (title[0] + title[2]) / 2
    if not box[0] <= middle <= box[2]:
        return float("inf")
    return max(0.0, box[1] - title[3], title[1] - box[3])


def _any_point() -> str:
    # the longest first, because EST is a part of WEST
    return "|".join(sorted("|".join(POINTS.values()).split("|"), key=len, reverse=True))


def _letters(text: str) -> str:
    """Capital letters alone, accents taken off: recognisers lose the spaces between spaced capitals."""
    plain = unicodedata.normalize("NFKD", text.upper().replace("Ü", "UE").replace("Ä", "A"))
    return "".join(c for c in plain if "A" <= c <= "Z")
