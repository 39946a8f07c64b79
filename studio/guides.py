"""What a person may give beside picture and mask: a sketch of lines to follow, a veil to divide out, a picture to resemble."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from provenance.draft import SourceNote
from studio.errors import MaskSizeError, NoLinesError
from studio.sources import Mask, Source, open_mask, open_source

MOST_INK = 0.25  # of a sketch's pixels; above it the file is a picture and no sketch


@dataclass(frozen=True)
class Guides:
    """Everything beside picture and mask that decides a fill.

    Attributes:
        lines: the sketch's lines, one pixel wide, as a Mask; None when there is none.
        veil: where a translucent layer lies; None when there is none.
        reference: the picture whose palette and handling to follow; None for none.
    """

    lines: Mask | None = None
    veil: Mask | None = None
    reference: Source | None = None

    @classmethod
    def opened(cls, source: Source, *, lines: Path | None, veil: Path | None, reference: Path | None) -> Guides:
        """Open the files that were given.

        Raises:
            SourceError: a file that is no picture, has another size than `source`, or holds no line or no veil.
        """
        return cls(
            None if lines is None else open_lines(lines, source),
            None if veil is None else open_veil(veil, source),
            None if reference is None else open_source(reference),
        )

    @staticmethod
    def digest_of(given: Mask | Source | None) -> str | None:
        """SHA-256 of a file that was given, as a RestorationRequest has it."""
        return None if given is None else given.sha256

    def notes(self) -> tuple[str, ...]:
        """How the files were understood, one sentence each."""
        given = (self.lines, self.veil, self.reference)
        return tuple(note for one in given if one is not None for note in one.notes)

    def sources(self) -> tuple[SourceNote, ...]:
        """What a Draft keeps of them."""
        masks = tuple(given.note() for given in (self.lines, self.veil) if given is not None)
        return masks if self.reference is None else (*masks, self.reference.note("input"))

    def arguments(self, source: Source) -> dict[str, np.ndarray]:
        """The keyword arguments of the pipeline; the veil's density is estimated from the picture."""
        from pipelines.veil import estimated

        found: dict[str, np.ndarray] = {}
        if self.lines is not None:
            found["lines"] = self.lines.pixels
        if self.veil is not None:
            found["veil"] = estimated(source.pixels, self.veil.pixels)
        if self.reference is not None:
            found["reference"] = _colours8(self.reference.pixels)
        return found


def open_lines(path: Path, source: Source) -> Mask:
    """A sketch, dark on light or light on dark or painted on a transparent layer, as lines one pixel wide.

    Args:
        path: a picture of the same size as `source`.
        source: the picture that it belongs to.

    Raises:
        MaskSizeError: another size. NoLinesError: nothing is drawn, or so much that it is no sketch.
    """
    sketch = open_source(path)
    if sketch.size != source.size:
        raise MaskSizeError(
            f"{sketch.name} is {sketch.size[0]}×{sketch.size[1]} but {source.name} is {source.size[0]}×{source.size[1]}: "
            f"draw the lines on a layer of the same size."
        )
    full = np.iinfo(sketch.pixels.dtype).max
    if sketch.pixels.ndim == 3 and sketch.pixels.shape[2] == 4 and sketch.pixels[..., 3].min() < full:
        ink, said = sketch.pixels[..., 3] > full / 2, "what is painted on the transparent layer was taken as line"
    else:
        grey = cv2.cvtColor(_colours8(sketch.pixels), cv2.COLOR_RGB2GRAY)
        is_light = np.median(grey) > 127
        ink = grey < 128 if is_light else grey >= 128
        said = f"{'dark' if is_light else 'light'} strokes were taken as line"
    if not ink.any():
        raise NoLinesError(f"{sketch.name} holds no line: draw dark strokes on white, or paint on a transparent layer.")
    if ink.mean() > MOST_INK:
        raise NoLinesError(
            f"{ink.mean():.0%} of {sketch.name} would count as line, so it is a picture and no sketch: "
            f"draw the contours as strokes on white."
        )
    from skimage.morphology import skeletonize

    lines = np.asarray(skeletonize(ink))
    notes = (*sketch.notes, f"{sketch.name}: {said}, and thinned to one pixel.")
    return Mask(path, sketch.name, sketch.sha256, sketch.media_type, lines, float(lines.mean()), notes)


def open_veil(path: Path, source: Source) -> Mask:
    """Where a stain, foxing or yellowed varnish lies: white = veiled. Raises as `open_mask` does."""
    veil = open_mask(path, source)
    notes = tuple(note.replace("hole", "veil") for note in veil.notes)
    return replace(veil, notes=notes)


def changed_by(mask: Mask, veil: Mask | None) -> np.ndarray:
    """Everything that may change: the mask and the veil, bool [H, W]."""
    return mask.pixels if veil is None else mask.pixels | veil.pixels


def empty_mask(source: Source) -> Mask:
    """No hole at all, for pictures that lie under a veil and have lost nothing."""
    pixels = np.zeros(source.pixels.shape[:2], bool)
    digest = hashlib.sha256(np.packbits(pixels).tobytes()).hexdigest()
    return Mask(
        source.path, "mask.png", digest, "image/png", pixels, 0.0, ("No mask was given: only the veil is divided out.",)
    )


def _colours8(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] of any picture that can be opened."""
    eight = pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
    return np.repeat(eight[..., None], 3, 2) if eight.ndim == 2 else np.ascontiguousarray(eight[..., :3])
