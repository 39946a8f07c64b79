"""A grid of variants: every combination of what was asked for once, and again in other draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import log, prod

from pipelines.errors import RequestError

MOST_VARIANTS = 16  # of one Request: more take longer than anybody waits, and no sheet shows them
USUAL_VARIANTS = 4  # where nothing was named that could be combined
USUAL_STRENGTH = 0.6


@dataclass(frozen=True)
class Cell:
    """What decides one variant, beside the drawing, the seed and the model.

    Attributes:
        draw: 0, 1, …; with the seed it decides noise and light, so that cells of one draw differ by what was asked alone.
        preset: materials of the massing; None where the variant starts from the drawing's tones, or a rule chooses.
        reference_sha256: digest of the picture whose colours are taken, or None.
        prompt: words for models that take some; the bundled one does not.
        strength: 0…1; how far the model may leave what it starts from.
    """

    draw: int = 0
    preset: str | None = None
    reference_sha256: str | None = None
    prompt: str = ""
    strength: float = USUAL_STRENGTH


def grid(
    variants: int | None = None,
    *,
    presets: Sequence[str] = (),
    references_sha256: Sequence[str] = (),
    prompts: Sequence[str] = (),
    strengths: Sequence[float] = (),
) -> tuple[Cell, ...]:
    """Every combination of presets, references, prompts and strengths, the last changing first; then the next draw of each.

    Args:
        variants: how many in all, and at least every combination once; None: each once, or four draws where there is but one.
        presets, references_sha256, prompts, strengths: what to combine; a value that is named twice counts once.

    Raises:
        RequestError: more than 16 in all.
    """
    every = list(
        product(
            tuple(dict.fromkeys(presets)) or (None,),
            tuple(dict.fromkeys(references_sha256)) or (None,),
            tuple(dict.fromkeys(prompts)) or ("",),
            tuple(dict.fromkeys(float(one) for one in strengths)) or (USUAL_STRENGTH,),
        )
    )
    if variants is None:
        variants = len(every) if len(every) > 1 else USUAL_VARIANTS
    count = max(variants, len(every))
    if count > MOST_VARIANTS:
        asked = f"{len(every)} combinations" if len(every) > MOST_VARIANTS else f"{count} variants"
        raise RequestError(f"{asked} were asked for: {MOST_VARIANTS} are the most at once. Name fewer, or ask twice.")
    return tuple(Cell(number // len(every), *every[number % len(every)]) for number in range(count))


_AXES: tuple[tuple[str, Callable[[Cell], object]], ...] = (
    ("draws", lambda cell: cell.draw),
    ("materials", lambda cell: cell.preset),
    ("references", lambda cell: cell.reference_sha256),
    ("prompts", lambda cell: cell.prompt),
    ("strengths", lambda cell: cell.strength),
)


def laid_out(cells: Sequence[Cell]) -> tuple[int, list[str], list[str]]:
    """How a grid is laid out: the number of its columns, what changes across, and what changes down.

    The axes that change first go across, as many of them as bring the grid nearest to a square.
    """
    names, counts = list(axes(cells)), list(axes(cells).values())

    def off(first: int) -> float:
        columns = prod(counts[first:])
        return abs(log(columns**2 / len(cells)))

    first = min(range(len(names)), key=off, default=0)
    return prod(counts[first:]), names[first:], names[:first]


def axes(cells: Sequence[Cell]) -> dict[str, int]:
    """What varies in a grid, with the number of its values, outermost first.

    Its names are "draws", "materials", "references", "prompts" and "strengths". Materials that change
    with the draw, as those chosen by rule do, are no axis of their own.
    """
    found = {name: len({of(cell) for cell in cells}) for name, of in _AXES}
    if len({cell.preset for cell in cells if cell.draw == 0}) == 1:
        found.pop("materials")
    return {name: count for name, count in found.items() if count > 1}
