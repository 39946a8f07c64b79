"""Where a model acted, drawn onto a file as it was found: sealed, re-encoded, cut, turned or seen at an angle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from provenance import encode, metadata
from provenance import record as records
from provenance.archive import Archive
from provenance.draft import Picture
from provenance.errors import ProvenanceError
from provenance.home import Home
from provenance.likeness import Likenesses
from provenance.recover import CAUTION, FILE_LIMIT_BYTES, Recovery, describe_source, recover_pixels
from provenance.untouched import mask_digest

# orange over grey is told apart by everybody; the outline stays visible on orange paper
_COLOUR = np.array((255, 120, 0), np.float32)
_SHARE = 0.55


class NoMapError(ProvenanceError):
    """Nothing is known that could be drawn onto a file; its text says why."""


@dataclass(frozen=True, eq=False)
class AiMap:
    """Where a model acted in a picture at hand.

    Attributes:
        ai: bool [H, W] of the picture at hand.
        pixels: the picture itself, uint8 or uint16.
        output: the sealed file of the Record that it is, or is a copy of.
        match: as in `provenance.recover.Recovery`; "exact" for the sealed file itself.
        is_exact: True when the mask is the sealed one, pixel for pixel (its digest stands in the Record), and was not warped.
        is_certain: False when only looks led to the Record: they cannot tell a restoration from its untouched source.
    """

    ai: np.ndarray
    pixels: np.ndarray
    output: dict
    match: str
    is_exact: bool
    is_certain: bool = True

    @property
    def share(self) -> float:
        """0…1 of the pixels at hand that a model made."""
        return float(self.ai.mean())

    @property
    def caption(self) -> str:
        """What is shown, and what it is worth, in one or two sentences without a full stop at the end."""
        how = "the mask that was sealed" if self.is_exact else "the sealed mask laid onto this copy"
        said = f"orange: where a model made pixels of {self.output['name']} ({how}; {self.share:.1%} of the pixels here)"
        said = said.replace("%", " %")
        return said if self.is_certain else f"{said}. Found by its looks alone: {CAUTION}"

    def picture(self) -> np.ndarray:
        """Return uint8 [H, W, 3]: the picture in grey, what a model made in orange with a black and white outline."""
        colour = self.pixels if self.pixels.dtype == np.uint8 else (self.pixels >> 8).astype(np.uint8)
        grey = colour if colour.ndim == 2 else cv2.cvtColor(np.ascontiguousarray(colour[..., :3]), cv2.COLOR_RGB2GRAY)
        drawn = np.repeat(grey[..., None], 3, axis=2).astype(np.float32)
        drawn[self.ai] = (1 - _SHARE) * drawn[self.ai] + _SHARE * _COLOUR
        drawn = np.rint(drawn).astype(np.uint8)
        # beside the region, not on it: a crack of three pixels stays orange
        ai, width = self.ai.astype(np.uint8), max(1, round(max(grey.shape) / 800))
        around = [cv2.dilate(ai, np.ones((2 * n * width + 1,) * 2, np.uint8)).astype(bool) & ~self.ai for n in (1, 2)]
        drawn[around[1]], drawn[around[0]] = 255, 0
        return drawn

    def deliver(self, path: Path) -> None:
        """Write `picture` as a new PNG that says in XMP what it is. Raises: NoMapError when it cannot be written."""
        check_place(path)
        said = metadata.Statement(metadata.SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia", description=self.caption)
        pixels = self.picture()
        data = encode.encode(Picture("map.png", pixels, "overlay"), pixels, metadata.write(said))
        try:
            with path.open("xb") as file:
                file.write(data)
        except OSError as error:
            why = error.strerror or error
            raise NoMapError(f"The map could not be written to {path} ({why}): choose another place.") from error


def check_place(path: Path) -> None:
    """Refuse a place for a map before any work. Raises: NoMapError for what exists, and for another ending than .png."""
    if path.suffix.lower() != ".png":
        raise NoMapError(f"{path} cannot be the map: give it a name that ends in .png. Nothing was written.")
    if path.exists():
        raise NoMapError(f"{path} exists already: choose another name for the map. Nothing was changed.")


def ai_map(path: Path, home: Home, recovery: Recovery | None = None) -> AiMap:
    """Find the sealed picture that a file is, or is a copy of, and lay its mask on the file.

    Args:
        recovery: what `provenance.recover.recover` found for this file, when that was asked already.
    Raises: NoMapError when the file is no picture, is the untouched source of one, nothing leads from it to a Record, or what
        leads there is too plain to be laid on one another.
    """
    try:
        data = path.read_bytes() if path.stat().st_size <= FILE_LIMIT_BYTES else b""
        pixels = encode.decode(data)
    except (OSError, ProvenanceError) as error:
        raise NoMapError(f"{path} has no pixels to draw on ({error}).") from error
    archive, likenesses, sha256 = Archive(home.records), Likenesses(home.records), records.digest(data)
    for digest in archive.leading("output", sha256):
        loaded = archive.load(digest)
        output = records.output_with(loaded[1], sha256) if loaded else None
        known = likenesses.load(output["sha256"]) if output else None
        if output is not None and known is not None and known.ai.shape == pixels.shape[:2]:
            return AiMap(known.ai, pixels, output, "exact", _is_sealed(known.ai, output))
    source = describe_source(sha256, archive)
    if source is not None:
        raise NoMapError(f"There is nothing to draw onto {path}: {source}.")
    found = recovery or recover_pixels(pixels, home)
    if found.output is None:
        raise NoMapError(f"No map can be drawn onto {path}: {'; '.join(found.reasons)}.")
    known = likenesses.load(found.output["sha256"])
    if known is None:
        raise NoMapError(f"{path} is a copy of {found.output['name']}, whose mask is not kept on this machine.")
    if found.match == "exact":
        return AiMap(known.ai, pixels, found.output, "exact", _is_sealed(known.ai, found.output))
    size = pixels.shape[1::-1]
    if found.alignment is not None:
        warped = cv2.warpPerspective(known.ai.astype(np.uint8) * 255, found.alignment.to_work(), size, flags=cv2.INTER_LINEAR)
    elif found.match == "re-encoded":
        warped = cv2.resize(known.ai.astype(np.uint8) * 255, size, interpolation=cv2.INTER_LINEAR)
    else:
        raise NoMapError(f"{path} is a copy of {found.output['name']}, but too plain to tell which part of it.")
    return AiMap(warped >= 128, pixels, found.output, str(found.match), False, found.layer == "watermark")


def _is_sealed(ai: np.ndarray, output: dict) -> bool:
    return mask_digest(ai) == (output.get("ai") or {}).get("mask_sha256")
