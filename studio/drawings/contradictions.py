"""Where two sheets of one building disagree: said in metres and per cent, with what was built and why; never averaged.

The gates are shares of the measure itself: up to 1 % is what paper, engraving and scan do to one drawing (silent), up to 3 %
is listed, more asks a person. What lies within the reading's own error is silent whatever share of a small measure it is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

LISTED, ASKS = 0.01, 0.03
GATES = ("listed", "asks")
Region = tuple[str, tuple[float, float, float, float]]


@dataclass(frozen=True)
class Contradiction:
    """One disagreement.

    Attributes:
        element: what is meant, in words: "width of the south façade", "window 3 of storey 1, south".
        quantity: "width", "height", "position", "size", "count", "scale" or "form".
        sheets: the file names, in the order of `values`.
        values: metres; counts when `quantity` is "count"; NaN never.
        difference_m: largest less smallest value, metres (or openings).
        difference: the same as a share of the measure that it belongs to, 0…
        used: which value was built, in words.
        why: the reason, one clause.
        gate: "listed" or "asks".
        regions: (digest of the sheet, box in its own pixels) of what was compared.
    """

    element: str
    quantity: str
    sheets: tuple[str, ...]
    values: tuple[float, ...]
    difference_m: float
    difference: float
    used: str
    why: str
    gate: str
    regions: tuple[Region, ...] = ()

    @property
    def sentence(self) -> str:
        """For a person: who says what, how far apart they are, what was built."""
        unit = "" if self.quantity == "count" else " m"
        digits = ".0f" if self.quantity == "count" else ".2f"
        said = ", ".join(f"{sheet} {value:{digits}}{unit}" for sheet, value in zip(self.sheets, self.values, strict=True))
        apart = f"{self.difference_m:{digits}}{unit}, {self.difference:.1%}"
        return f"{self.element[0].upper()}{self.element[1:]}: {said} (apart by {apart}). Built: {self.used}, {self.why}."

    def to_json(self) -> dict:
        """Plain JSON values for the Record and for scene.json."""
        return json.loads(json.dumps(asdict(self) | {"sentence": self.sentence}))  # lists, where Python has tuples


def compared(
    element: str,
    quantity: str,
    said: Sequence[tuple[str, float]],
    *,
    used: str,
    why: str,
    tolerance_m: float,
    of_m: float | None = None,
    regions: Sequence[Region] = (),
) -> Contradiction | None:
    """A record of what two or more sheets say of one length, or None when they agree.

    Args:
        said: (sheet, metres) each.
        tolerance_m: the error of both readings together; differences below it are silent.
        of_m: the measure of which the difference is a share; the first sheet's value when left out. Then the gate is that of
            the smallest value's share, for nobody knows yet which sheet is right.
    """
    values = [value for _, value in said]
    apart = max(values) - min(values)
    share = apart / max(abs(values[0]) if of_m is None else of_m, 1e-9)
    most = apart / max(min(map(abs, values)) if of_m is None else of_m, 1e-9)
    if apart <= tolerance_m or most <= LISTED:
        return None
    gate = "asks" if most > ASKS else "listed"
    return Contradiction(
        element, quantity, tuple(name for name, _ in said), tuple(values), apart, share, used, why, gate, tuple(regions)
    )


def counted(
    element: str, said: Sequence[tuple[str, int]], *, used: str, why: str, regions: Sequence[Region] = ()
) -> Contradiction | None:
    """A record of differing counts, which always asks; None when they are equal."""
    values = [count for _, count in said]
    apart = max(values) - min(values)
    if not apart:
        return None
    share = apart / max(*values, 1)
    names = tuple(name for name, _ in said)
    return Contradiction(
        element, "count", names, tuple(map(float, values)), float(apart), share, used, why, "asks", tuple(regions)
    )


def loud(found: Sequence[Contradiction]) -> list[str]:
    """Sentences for the person who has to decide, the largest disagreement first; empty when nothing asks."""
    asking = sorted((one for one in found if one.gate == "asks"), key=lambda one: -one.difference)
    return [one.sentence for one in asking]
