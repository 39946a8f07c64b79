"""Proposing where a picture is damaged: a first mask for a person to correct.

A small network (`segmenter.py`) starts from what classical filters see and tells damage from what is drawn. Whether the picture
is damaged at all, and how, is judged for the whole of it (`damage_gate.py`): the surer that judgement, the more pixels are
proposed, and where it doubts, none. A written, printed or engraved page consists of lines, so nothing is proposed there. What
a person sees in a picture settles both questions, for that kind of damage and no other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from pipelines.composite import check_pixels
from pipelines.errors import RequestError
from pipelines.line_marks import HAT_PX, lightness, top_hats

if TYPE_CHECKING:
    from pipelines.segmenter import Judgement, Segmenter

SHORTEST_PX = 16  # diagonal of a mark: shorter lines are hairs of a brush more often than cracks
CLASSES_OF = {"dark-cracks": "dark crack", "pale-cracks": "pale crack", "scratches": "scratch", "losses": "loss"}
KINDS = ("dark crack", "pale crack", "dark scratch", "pale scratch", "loss")
PAGE = "It looks like a page of writing, print or line drawing, where lines are no cracks."
NOTHING = "Neither cracks nor scratches nor losses stand out."


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


def propose(pixels: np.ndarray, said: Collection[str] = ()) -> Proposal:
    """Propose a damage mask with the bundled segmenter.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]; judged at 8 bits.
        said: keys of `CLASSES_OF`: what a person sees in the picture. Only that is looked for then, and the question whether
            it is there at all is settled: a page may have cracks, too. Empty: everything is looked for and doubted.

    Raises:
        PixelsError: for other arrays.
        RequestError: for a kind of damage that is not known.
        WeightsMissingError: the package came without the segmenter's weights.
    """
    from pipelines.segmenter import bundled_segmenter  # torch is loaded here and not before

    return propose_with(bundled_segmenter(), pixels, said)


def propose_with(segmenter: Segmenter, pixels: np.ndarray, said: Collection[str] = ()) -> Proposal:
    """Propose as `propose` does, with this network."""
    check_pixels(pixels)
    if unknown := sorted(set(said) - set(CLASSES_OF)):
        raise RequestError(f"{', '.join(unknown)} cannot be looked for: name {', '.join(CLASSES_OF)}.")
    kinds: dict[str, float] = dict.fromkeys(KINDS, 0.0)
    mask = np.zeros(pixels.shape[:2], bool)
    if not said and is_page(lightness(_reduced(pixels))):
        return Proposal(mask, 0.0, kinds, True, PAGE)
    wanted = [CLASSES_OF[one] for one in CLASSES_OF if one in said or not said]
    judgement = segmenter.judge(pixels, said=wanted if said else ())
    for kind, there in _found(segmenter, judgement, pixels, wanted):
        mask |= there
        kinds[kind] = float(there.mean())
    if not mask.any():
        return Proposal(mask, 0.0, kinds, True, NOTHING)
    mask = cv2.dilate(mask.view(np.uint8), np.ones((3, 3), np.uint8)).view(bool)
    return Proposal(mask, float(mask.mean()), kinds, False)


def _found(
    segmenter: Segmenter, judgement: Judgement, pixels: np.ndarray, wanted: Collection[str]
) -> Iterator[tuple[str, np.ndarray]]:
    """Kinds of damage that are proposed, of the classes wanted, and where, bool [H, W]; veils are no holes."""
    marked = {name: segmenter.marked(name, judgement) for name in wanted}
    scratched = long_marks(marked.pop("scratch")) if "scratch" in wanted else None
    for name, where in marked.items():
        yield name, where if name == "loss" else long_marks(where)
    if scratched is not None and scratched.any():  # the middle of a scratch has its sign; at its rims either may be greater
        dark, pale = (cv2.dilate(hat, np.ones((5, 5))) for hat in top_hats(lightness(pixels), HAT_PX + 2))
        yield "dark scratch", scratched & (dark > pale)
        yield "pale scratch", scratched & (dark <= pale)


def long_marks(marks: np.ndarray) -> np.ndarray:
    """Those of the marks of a picture that reach far enough, bool [H, W]."""
    _, labels, facts, _ = cv2.connectedComponentsWithStats(marks.view(np.uint8), connectivity=8)
    kept = np.hypot(facts[:, cv2.CC_STAT_WIDTH], facts[:, cv2.CC_STAT_HEIGHT]) >= SHORTEST_PX
    kept[0] = False  # the background
    return kept[labels]


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

