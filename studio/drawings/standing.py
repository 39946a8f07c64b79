"""Which way up a sheet was scanned: its lettering says so, and the sheet is turned until it can be read.

Lettering is read level; a line that was scanned lying down is found as a tall box, one that stands on its head as a line that
cannot be read. Only where such lines are found, the sheet is read again in other ways.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from studio.drawings.figures import Written, words
from studio.drawings.reading import Rectified
from studio.drawings.rectify import rectified

READ = 0.8  # of the recogniser: what it reads of lines that lie or stand on their heads stays below, but for a word or two
ENOUGH = 12  # letters, two or three words: a single one may stand beside an upright drawing in any way
AHEAD = 3  # times as many letters as read as it was scanned: real sheets have more than ten times as many the right way up
WAYS = {1: "a quarter turn against the clock", 2: "a half turn", 3: "a quarter turn with the clock"}


@dataclass(frozen=True, eq=False)
class Standing:
    """A rectified sheet that stands upright, what is written on it, and whether it may lie all the same."""

    sheet: Rectified
    lettering: tuple[Written, ...]
    is_doubtful: bool = False


def standing(rgb: np.ndarray) -> Standing:
    """The sheet square and turned until its lettering stands upright.

    Args:
        rgb: uint8 [H, W, 3].
    Returns: a Standing; `sheet.to_sheet` leads to the pixels of `rgb` as it was given, and `sheet.notes` say what was turned.
        Without lettering, or without rapidocr, a sheet stays as it is.
    """
    sheet = rectified(rgb)
    found = words(sheet.gray)
    level = _letters(found)
    ways = _ways_to_try(found) if level < 2 * ENOUGH else ()  # a title on its head still gives some letters
    read = {k: words(np.ascontiguousarray(np.rot90(sheet.gray, k))) for k in ways}
    if not read:
        return Standing(sheet, found)
    best = max(read, key=lambda k: _letters(read[k]))
    if _letters(read[best]) < max(ENOUGH, AHEAD * level):
        return Standing(sheet, found, is_doubtful=level == 0 and _letters(read[best]) >= ENOUGH // 2)
    turned = rectified(np.ascontiguousarray(np.rot90(rgb, best)))
    note = f"The sheet was given {WAYS[best]}: its lettering stands upright so."
    back = _turned_back(best, rgb.shape[1], rgb.shape[0])
    turned = replace(turned, to_sheet=back @ turned.to_sheet, notes=(note, *turned.notes))
    return Standing(turned, words(turned.gray))


def _ways_to_try(found: Sequence[Written]) -> tuple[int, ...]:
    """Quarter turns against the clock after which the lettering may stand upright; none when nothing speaks for any."""
    long = [one for one in found if len(_alphabetic(one.text)) > 2]
    tall = [one for one in long if one.height > 1.5 * (one.box[2] - one.box[0])]
    ways: tuple[int, ...] = (1, 3) if tall and 2 * len(tall) >= len(long) else ()
    unread = sum(one.confidence < READ for one in found if one not in tall)
    return ways if len(found) < 3 or 2 * unread < len(found) else (*ways, 2)


def _letters(found: Sequence[Written]) -> int:
    """How many letters of level lines are read for certain; short marks and figures are read into anything."""
    level = (one for one in found if one.confidence > READ and one.box[2] - one.box[0] > one.height)
    return sum(n for one in level if (n := len(_alphabetic(one.text))) > 2)


def _alphabetic(text: str) -> str:
    return "".join(c for c in text if c.isalpha())


def _turned_back(quarters: int, width: int, height: int) -> np.ndarray:
    """From pixels of `np.rot90(rgb, quarters)` to those of `rgb`, which is `width` × `height`; float64 [3, 3]."""
    return np.array(
        {
            1: [[0, -1, width - 1], [1, 0, 0], [0, 0, 1]],
            2: [[-1, 0, width - 1], [0, -1, height - 1], [0, 0, 1]],
            3: [[0, 1, 0], [-1, 0, height - 1], [0, 0, 1]],
        }[quarters],
        np.float64,
    )
