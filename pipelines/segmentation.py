"""Proposing where a picture is damaged: a first mask for a person to correct.

Two look at it. Filters see nets of cracks, dark or pale (`line_marks.py`), long scratches, and losses that show a common ground
(`islands.py`). A small network (`segmenter.py`) starts from what they see and tells damage from what is drawn. Whether the
picture is damaged at all, and how, is decided for the whole of it (`damage_gate.py`); only then is a pixel proposed. Without
the network's weights the filters decide alone: cracks mostly have one sign and hang together. A written, printed or engraved
page consists of lines, so nothing is proposed there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np

from pipelines.bundled import has_segmenter
from pipelines.composite import check_pixels
from pipelines.damage_gate import LINES, SIGNS, Evidence
from pipelines.islands import Ground, grounds_of, islands_of
from pipelines.line_marks import HAT_PX, Net, lightness, lines_of, narrowed, net_of, straight_marks, top_hats
from pipelines.tiles import Window

if TYPE_CHECKING:
    from pipelines.segmenter import Segmenter

WINDOW_PX = 1024
MARGIN_PX = 160  # the widest loss, and more than a mark needs to be judged
SCRATCHES = 3  # fewer straight marks may be anything
ONE_SIGN = 5.0  # times the straight marks of the other sign; edges of frames and rigging have both
MOSTLY = 0.5  # of the lines of their sign: where lines abound, some are straight
PAGE = "It looks like a page of writing, print or line drawing, where lines are no cracks."
NOTHING = "Neither a net of cracks nor scratches nor losses with a common ground stand out."
POSSIBLE = 0.07  # what filters see as a crack needs so much of the network's belief in a line of any kind
_LINE_BIT = 7  # of the marks: possible as above; the bits below stand for the network's classes


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


def propose(pixels: np.ndarray) -> Proposal:
    """Propose a damage mask.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]; judged at 8 bits.

    Raises:
        PixelsError: for other arrays.
    """
    if not has_segmenter():
        return propose_classically(pixels)
    from pipelines.segmenter import bundled_segmenter  # torch is loaded here and not before

    return propose_with(bundled_segmenter(), pixels)


def propose_with(segmenter: Segmenter, pixels: np.ndarray) -> Proposal:
    """Propose as `propose` does, with this network."""
    check_pixels(pixels)
    if is_page(lightness(_reduced(pixels))):
        return _proposal(pixels, iter(()), PAGE)
    seen, grounds = looked(pixels)
    marks = _learned(segmenter, pixels, seen)
    chances = seen.chances(segmenter.gate)
    damage = damage_of(seen)
    allowed = dict(zip(segmenter.classes, (chances >= segmenter.open_from).tolist(), strict=True))
    kept = {sign: kind for sign, kind in damage.items() if not segmenter.is_vetoed(f"{sign} {kind}", chances)}
    grounds = () if segmenter.is_vetoed("loss", chances) else grounds

    def found() -> Iterator[tuple[Window, Window, dict[str, np.ndarray]]]:
        for core, window in _windows(*pixels.shape[:2]) if kept or grounds or any(allowed.values()) else ():
            seen_here = _found(pixels[window.slices()], kept, grounds)
            yield core, window, _joined(seen_here, marks[window.slices()], pixels[window.slices()], allowed, segmenter.classes)

    return _proposal(pixels, found(), NOTHING)


def propose_classically(pixels: np.ndarray) -> Proposal:
    """Propose by filters alone.

    Source: top-hat transforms (Meyer 1979), as good on synthetic cracks as vesselness filters at a thirtieth of their time;
    the other sign as control group after the knockoffs of Barber and Candès 2015.
    """
    check_pixels(pixels)
    if is_page(lightness(_reduced(pixels))):  # strokes and the paper between them are islands of one colour, too
        return _proposal(pixels, iter(()), PAGE)
    seen, grounds = looked(pixels)
    damage = damage_of(seen)
    windows = _windows(*pixels.shape[:2]) if damage or grounds else ()
    found = ((core, window, _found(pixels[window.slices()], damage, grounds)) for core, window in windows)
    return _proposal(pixels, found, NOTHING)


def looked(pixels: np.ndarray) -> tuple[Evidence, tuple[Ground, ...]]:
    """What the filters see of a whole picture, and the grounds that show in it."""
    seen = _look(pixels)
    grounds = grounds_of(_reduced(pixels), cracked="crack" in damage_of(seen).values())
    seen.grounds = len(grounds)
    return seen, grounds


def damage_of(seen: Evidence) -> dict[str, str]:
    """The signs whose lines are damage by the filters alone, and which: "crack" or "scratch"."""
    found = {}
    for sign, other in (SIGNS, SIGNS[::-1]):
        count, pixels = seen.straight[sign]
        if seen.nets[sign].is_cracked():
            found[sign] = "crack"
            continue
        most = max(MOSTLY * seen.nets[sign].mass, ONE_SIGN * seen.straight[other][1])
        if count >= SCRATCHES and pixels > most:
            found[sign] = "scratch"
    return found


def _proposal(pixels: np.ndarray, found: Iterator[tuple[Window, Window, dict[str, np.ndarray]]], nothing: str) -> Proposal:
    """Add up windows: core, window, and damage by kind in it, bool [h, w]."""
    kinds = {f"{sign} {kind}": 0.0 for kind in ("crack", "scratch") for sign in SIGNS} | {"loss": 0.0}
    mask = np.zeros(pixels.shape[:2], bool)
    for core, window, by_kind in found:
        for kind, there in by_kind.items():
            inside = there[core.within(window)]
            mask[core.slices()] |= inside
            kinds[kind] += float(np.count_nonzero(inside)) / mask.size
    if not mask.any():
        return Proposal(mask, 0.0, kinds, True, nothing)
    mask = cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
    return Proposal(mask, float(mask.mean()), kinds, False)


def _learned(segmenter: Segmenter, pixels: np.ndarray, seen: Evidence) -> np.ndarray:
    """What the network marks, a bit per class, uint8 [H, W]; `seen` is told how sure it is."""
    marks = np.zeros(pixels.shape[:2], np.uint8)
    for tile, chances in segmenter.probabilities(pixels):
        seen.add(chances)
        place = marks[tile.slices()]
        for index, (plane, at) in enumerate(zip(chances, segmenter.thresholds, strict=True)):
            place |= (plane > at).astype(np.uint8) << index
        place |= (chances[:LINES].max(0) > POSSIBLE).astype(np.uint8) << _LINE_BIT
    return marks


def _joined(
    seen: dict[str, np.ndarray], marks: np.ndarray, pixels: np.ndarray, allowed: dict[str, bool], classes: tuple[str, ...]
) -> dict[str, np.ndarray]:
    """What filters and network found in a window, by kind.

    A line of the filters counts where the network thinks of one. Losses whose ground the filters know are theirs: they find
    them whole and to the pixel, and the network says where others are.
    """
    possible = (marks >> _LINE_BIT).astype(bool)
    found = {kind: there if kind == "loss" else there & possible for kind, there in seen.items()}
    for index, name in enumerate(classes):
        there = (marks >> index & 1).astype(bool)
        if not allowed[name] or name == "veil" or not there.any() or (name == "loss" and "loss" in found):
            continue
        if name == "scratch":  # its middle has the sign; at its rims either may be greater
            dark, pale = (cv2.dilate(hat, np.ones((5, 5))) for hat in top_hats(lightness(pixels), HAT_PX + 2))
            parts = {"dark scratch": there & (dark > pale), "pale scratch": there & (dark <= pale)}
        else:
            parts = {name: there}
        for kind, part in parts.items():
            found[kind] = found[kind] | part if kind in found else part
    return found


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


def _look(pixels: np.ndarray) -> Evidence:
    seen = Evidence(nets={sign: Net() for sign in SIGNS}, straight={sign: [0, 0] for sign in SIGNS})
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
