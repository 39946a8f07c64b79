"""Proposing where a picture is damaged: a first mask for a person to correct, made without any model.

It sees nets of cracks, dark or pale (`line_marks.py`), long scratches, and losses that show a common ground (`islands.py`).
Whether the lines of a picture are cracks at all is decided for the whole picture: cracks mostly have one sign and hang
together; how deep a line must be is decided by its neighbourhood. A written, printed or engraved page consists of lines, so
nothing is proposed there. Stains, tide lines, fading and losses without a rim it does not see.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np

from pipelines.composite import check_pixels
from pipelines.islands import Ground, grounds_of, islands_of
from pipelines.line_marks import Net, lightness, lines_of, narrowed, net_of, straight_marks, top_hats
from pipelines.tiles import Window

WINDOW_PX = 1024
MARGIN_PX = 160  # the widest loss, and more than a mark needs to be judged
SIGNS = ("dark", "pale")
SCRATCHES = 3  # fewer straight marks may be anything
ONE_SIGN = 5.0  # times the straight marks of the other sign; edges of frames and rigging have both
MOSTLY = 0.5  # of the lines of their sign: where lines abound, some are straight
PAGE = "It looks like a page of writing, print or line drawing, where lines are no cracks."
NOTHING = "Neither a net of cracks nor scratches nor losses with a common ground stand out."


@dataclass(frozen=True)
class Proposal:
    """Where damage may be; never to be applied without a person's consent.

    Attributes:
        mask: bool [H, W], True on supposed damage, grown by one pixel.
        share: share of the picture that is True, 0…1.
        kinds: share of the picture by kind, before growing: "dark crack", "pale crack", "dark scratch", "pale scratch", "loss".
        nothing_found: True when no damage is proposed; `mask` is then False everywhere.
        reason: why nothing was found; "" when something was.
    """

    mask: np.ndarray
    share: float
    kinds: dict[str, float]
    nothing_found: bool
    reason: str = ""


@dataclass
class _Seen:
    """What the first look at all windows adds up to, per sign."""

    nets: dict[str, Net]
    straight: dict[str, list[int]]  # count, pixels

    def damage(self) -> dict[str, str]:
        """The signs whose lines are damage, and which: "crack" or "scratch"."""
        found = {}
        for sign, other in (SIGNS, SIGNS[::-1]):
            count, pixels = self.straight[sign]
            if self.nets[sign].is_cracked():
                found[sign] = "crack"
                continue
            most = max(MOSTLY * self.nets[sign].mass, ONE_SIGN * self.straight[other][1])
            if count >= SCRATCHES and pixels > most:
                found[sign] = "scratch"
        return found


def propose(pixels: np.ndarray) -> Proposal:
    """Propose a damage mask.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]; judged at 8 bits.

    Raises:
        PixelsError: for other arrays.

    Source: top-hat transforms (Meyer 1979), as good on synthetic cracks as vesselness filters at a thirtieth of their time;
    the other sign as control group after the knockoffs of Barber and Candès 2015.
    """
    check_pixels(pixels)
    height, width = pixels.shape[:2]
    kinds = {f"{sign} {kind}": 0.0 for kind in ("crack", "scratch") for sign in SIGNS} | {"loss": 0.0}
    mask = np.zeros((height, width), bool)
    if is_page(lightness(_reduced(pixels))):  # strokes and the paper between them are islands of one colour, too
        return Proposal(mask, 0.0, kinds, True, PAGE)
    damage = _look(pixels).damage()
    grounds = grounds_of(_reduced(pixels), cracked="crack" in damage.values())
    for core, window in _windows(height, width) if damage or grounds else ():
        for kind, found in _found(pixels[window.slices()], damage, grounds).items():
            inside = found[core.within(window)]
            mask[core.slices()] |= inside
            kinds[kind] += float(np.count_nonzero(inside)) / mask.size
    if not mask.any():
        return Proposal(mask, 0.0, kinds, True, NOTHING)
    mask = cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
    return Proposal(mask, float(mask.mean()), kinds, False)


def is_page(light: np.ndarray) -> bool:
    """Whether a picture, uint8 [H, W], is ink on paper: script, print, engraving, line drawing.

    Paper has nearly one tone over much of the page (its background is what remains when strokes are closed); strokes are deep,
    and they cut the paper so finely that it, too, stands out between them, which craquelure does not do.
    """
    light = cv2.GaussianBlur(light, (0, 0), 0.7)
    dark, pale = top_hats(light)
    usual, deepest, palest = np.percentile(dark, 95), np.percentile(dark, 99), np.percentile(pale, 99)
    height, width = light.shape
    half = cv2.resize(light, (max(1, width // 2), max(1, height // 2)), interpolation=cv2.INTER_AREA)
    paper = cv2.morphologyEx(half, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8), borderType=cv2.BORDER_REFLECT)
    tones = np.bincount(paper.ravel(), minlength=256) / paper.size
    one_tone = np.convolve(tones, np.ones(33), "same").max()  # share of the page within 16 levels of its tone
    inked = deepest >= 70 and palest >= 45 and np.median(paper) >= 165
    even = (one_tone >= 0.5 and usual >= 35) or (one_tone >= 0.4 and usual >= 45)  # the less paper, the more ink it takes
    # small script is less deep, but the paper between letters stands out half as much as they do; between cracks it hardly does
    written = one_tone >= 0.65 and usual >= 23 and palest >= 0.5 * deepest
    hatched = usual >= 70 and palest >= 70  # ink and paper all over, as in an engraving without blank paper
    return bool((inked and even) or written or hatched or (one_tone >= 0.9 and deepest >= 70))


def _reduced(pixels: np.ndarray) -> np.ndarray:
    """At most some 4 megapixels of the picture, every n-th row and column: bounded memory, strokes keep their contrast."""
    step = max(1, int(np.ceil(np.sqrt(pixels.shape[0] * pixels.shape[1] / 4e6))))
    return pixels[::step, ::step]


def _windows(height: int, width: int) -> Iterator[tuple[Window, Window]]:
    # even windows: a narrow one at the end would weigh its strip of the picture twice
    rows, columns = (np.linspace(0, n, max(1, round(n / WINDOW_PX)) + 1).astype(int).tolist() for n in (height, width))
    for top, bottom in pairwise(rows):
        for left, right in pairwise(columns):
            core = Window(top, bottom, left, right)
            yield core, core.grown(MARGIN_PX).clipped(height, width)


def _look(pixels: np.ndarray) -> _Seen:
    seen = _Seen({sign: Net() for sign in SIGNS}, {sign: [0, 0] for sign in SIGNS})
    for _, window in _windows(*pixels.shape[:2]):  # margins are counted twice: everything is a ratio
        marks = dict(zip(SIGNS, lines_of(lightness(pixels[window.slices()])), strict=True))
        for sign, other in (SIGNS, SIGNS[::-1]):
            seen.nets[sign] += net_of(marks[sign], marks[other])
            straight, count = straight_marks(marks[sign])
            seen.straight[sign][0] += count
            seen.straight[sign][1] += int(np.count_nonzero(straight))
    return seen


def _found(pixels: np.ndarray, damage: dict[str, str], grounds: tuple[Ground, ...]) -> dict[str, np.ndarray]:
    """Damage in a window by kind, bool [H, W]."""
    found = {}
    if damage:
        light = lightness(pixels)
        for sign, marks in zip(SIGNS, lines_of(light), strict=True):
            if damage.get(sign) == "crack":
                found[f"{sign} crack"] = narrowed(marks, light, sign)
            elif damage.get(sign) == "scratch":
                found[f"{sign} scratch"] = straight_marks(marks)[0]
    if grounds:
        found["loss"] = islands_of(pixels, grounds)
    return found
