"""What was asked: everything that decides the pixels, frozen, checked and written in one canonical way."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Literal, get_args

from pipelines.errors import RequestError
from pipelines.grid import MOST_VARIANTS, Cell, grid

STRIDE = 16  # equal to pipelines.unet.STRIDE, which cannot be imported without torch; a test compares them
MOST_HYPOTHESES = 16
MOST_SEED = 2**53 - 1  # the largest integer that every JSON reader keeps
TILES_PX = (64, 1024)
LINE_GUIDANCE = 1.5  # contours of training pictures came out a fifth to a third more often than at 1, HaarPSI not lower
Precision = Literal["32bit", "16bit", "8bit", "4bit"]  # of a guest's weights; fewer bits change pixels
_DIGEST = re.compile(r"[0-9a-f]{64}")
_DECIDING = ("anastylosis", "torch", "diffusers", "numpy")  # distributions whose versions can change a pixel


@dataclass(frozen=True)
class RestorationRequest:
    """Fill the hole of one picture.

    Attributes:
        source_sha256: digest of the picture's file, 64 hexadecimal digits.
        mask_sha256: digest of the mask's file or pixels.
        lines_sha256, veil_sha256, reference_sha256: digests of the line map, the veil and the reference, or None.
        hypotheses: how many answers, 1…16.
        texture: 0…1; 0 is the mean of what could have been there, 1 the most texture.
        line_guidance: 1…3, how far to go towards the lines: 1 as the network learnt it, 2 twice as far from what it would have
            answered without them. Decides nothing when there are no lines.
        seed: 0…2⁵³ − 1.
        model: "bundled", a folder, or a hub id.
        weights_sha256: digest of the weights, or "" when it is not known yet.
        tile_px: side of the tiles, a multiple of 16 from 64 to 1024; changes time and memory, never a pixel of the bundled
            model's answer.
        prompt: words for models that take some; the bundled one does not.

    Raises:
        RequestError: with every complaint at once.
    """

    source_sha256: str
    mask_sha256: str
    hypotheses: int = 1
    texture: float = 0.0
    line_guidance: float = LINE_GUIDANCE
    seed: int = 0
    model: str = "bundled"
    weights_sha256: str = ""
    tile_px: int = 512
    prompt: str = ""
    lines_sha256: str | None = None
    veil_sha256: str | None = None
    reference_sha256: str | None = None

    def __post_init__(self) -> None:
        _refuse(
            [
                *_digest("source_sha256", self.source_sha256),
                *_digest("mask_sha256", self.mask_sha256),
                *_digest_or_none("lines_sha256", self.lines_sha256),
                *_digest_or_none("veil_sha256", self.veil_sha256),
                *_digest_or_none("reference_sha256", self.reference_sha256),
                *_whole("hypotheses", self.hypotheses, 1, MOST_HYPOTHESES),
                *_number("texture", self.texture, 0, 1),
                *_number("line_guidance", self.line_guidance, 1, 3),
                *_words("prompt", self.prompt),
                *_common(self),
            ]
        )

    def canonical(self) -> dict:
        """Plain JSON values that decide the result, versions included."""
        numbers = {"texture": float(self.texture), "line_guidance": float(self.line_guidance)}
        return {"operation": "restore", **asdict(self), **numbers, "versions": _versions()}

    def digest(self) -> str:
        """SHA-256 of the canonical JSON, 64 hexadecimal digits."""
        return _digest_of(self.canonical())


@dataclass(frozen=True)
class SpeculationRequest:
    """Draw variants of what a sheet proposes.

    Attributes:
        source_sha256: digest of the drawing's file.
        cells: what decides each variant, 1…16 of them; `pipelines.grid.grid` combines what was asked for.
        ancestor_sha256, locked_sha256: digests of an earlier variant and of the mask of what stays of it, or None.
        corrections: the drawing's openings as a person left them, JSON values; reading_sha256: digest of a sealed reading that
            they come from. None where the drawing alone was read.
        seed, model, weights_sha256, tile_px: as in `RestorationRequest`.
        lora_sha256: digest of the LoRA's file that was added to the model, or None.
        precision: bits of a weight, "32bit", "16bit", "8bit" or "4bit".

    Raises:
        RequestError: with every complaint at once.
    """

    source_sha256: str
    cells: tuple[Cell, ...] = grid()
    seed: int = 0
    model: str = "bundled"
    weights_sha256: str = ""
    tile_px: int = 1024  # the whole sheet is computed, so the fewer margins the better
    ancestor_sha256: str | None = None
    locked_sha256: str | None = None
    lora_sha256: str | None = None
    precision: Precision = "32bit"
    corrections: dict | None = None
    reading_sha256: str | None = None

    def __post_init__(self) -> None:
        _refuse(
            [
                *_digest("source_sha256", self.source_sha256),
                *_cells(self.cells),
                *_digest_or_none("ancestor_sha256", self.ancestor_sha256),
                *_digest_or_none("locked_sha256", self.locked_sha256),
                *_digest_or_none("lora_sha256", self.lora_sha256),
                *_digest_or_none("reading_sha256", self.reading_sha256),
                *_one_of("precision", self.precision, get_args(Precision)),
                *_common(self),
            ]
        )

    def canonical(self) -> dict:
        """Plain JSON values that decide the result, versions included."""
        cells = [asdict(cell) | {"strength": float(cell.strength)} for cell in self.cells]
        prompts = dict.fromkeys(cell.prompt for cell in self.cells if cell.prompt)
        said = asdict(self) | {"cells": cells, "variants": len(cells), "prompt": "\n".join(prompts)}
        return {"operation": "speculate", **said, "versions": _versions()}

    def digest(self) -> str:
        """SHA-256 of the canonical JSON, 64 hexadecimal digits."""
        return _digest_of(self.canonical())


def _common(request: RestorationRequest | SpeculationRequest) -> list[str]:
    complaints = _whole("seed", request.seed, 0, MOST_SEED) + _whole("tile_px", request.tile_px, *TILES_PX)
    if not complaints and request.tile_px % STRIDE:
        complaints.append(f"tile_px is {request.tile_px}: give a multiple of {STRIDE}")
    if not isinstance(request.model, str) or not request.model:
        complaints.append('model is empty: give "bundled", a folder, or a hub id')
    if request.weights_sha256 != "":
        complaints += _digest("weights_sha256", request.weights_sha256)
    return complaints


def _cells(cells: tuple[Cell, ...]) -> list[str]:
    """What is wrong with a grid, each complaint once."""
    complaints = _whole("variants", len(cells), 1, MOST_VARIANTS)
    for cell in cells:
        complaints += _whole("draw", cell.draw, 0, MOST_VARIANTS - 1)
        complaints += _digest_or_none("reference_sha256", cell.reference_sha256)
        complaints += _words("prompt", cell.prompt)
        complaints += _number("strength", cell.strength, 0, 1)
    return list(dict.fromkeys(complaints))


def _words(name: str, value: object) -> list[str]:
    return [] if isinstance(value, str) and len(value) <= 2000 else [f"{name} must be a text of at most 2000 characters"]


def _digest(name: str, value: object) -> list[str]:
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return []
    return [f"{name} must be 64 hexadecimal digits in lower case, not {value!r:.80}"]


def _digest_or_none(name: str, value: object) -> list[str]:
    return [] if value is None else _digest(name, value)


def _whole(name: str, value: object, least: int, most: int) -> list[str]:
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return []
    return [f"{name} must be a whole number from {least} to {most}, not {value!r:.80}"]


def _one_of(name: str, value: object, allowed: tuple[str, ...]) -> list[str]:
    return [] if value in allowed else [f"{name} must be one of {', '.join(allowed)}, not {value!r:.80}"]


def _number(name: str, value: object, least: int, most: int) -> list[str]:
    if isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most:
        return []
    return [f"{name} must be a number from {least} to {most}, not {value!r:.80}"]


def _refuse(complaints: list[str]) -> None:
    if complaints:
        raise RequestError("; ".join(complaints))


def _versions() -> dict[str, str]:
    return {name: version(name) for name in _DECIDING}


def _digest_of(values: dict) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
