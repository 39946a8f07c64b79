"""From an archival drawing to sealed variants that say how far they keep to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from pipelines.fidelity_openings import Openings
from provenance.draft import Document, Draft, Picture, SourceNote
from provenance.home import Home
from studio.sources import Source, open_source

TOLERANCE_M = 0.05  # how far a door or window may be off and count as kept, where the sheet's scale was read
SURE = 0.5  # of a façade's reading, below which its outline decides nothing
MARGIN = 0.06  # of the building's longer side: air around it


def speculate(
    drawing: Path,
    out: Path,
    *,
    home: Home,
    reference: Path | None = None,
    prompt: str = "",
    variants: int = 4,
    strength: float = 0.6,
    model: str = "bundled",
    lora: Path | None = None,
    memory: str = "full",
    seed: int = 0,
    rights: str | None = None,
    strict_rights: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
):
    """Draw variants of what a sheet proposes, measure each against its lines, and seal them.

    Args:
        drawing: elevation or view.
        out: folder of the Release; must not exist yet, or be empty.
        reference: a picture whose palette the variants take.
        variants: how many, 1…16, each with a seed of its own.
        strength: 0…1, how far a variant may leave the drawing's flattened tones.
        model: "bundled", a folder, a safetensors file, a hub id that was fetched, or "BASE+CONTROLNET" of these.
        lora: safetensors file of differences to add to a model from elsewhere.
        memory: how a model from elsewhere is made to fit: "full", "offload", "sequential", "8bit" or "4bit".

    Returns:
        provenance.release.Release
    """
    from provenance.release import check_folder, check_rights, release

    # 1. Open, and refuse what may not be done before any model runs.
    check_folder(out)
    sheet = open_source(drawing, rights=rights)
    check_rights(sheet.rights, strict_rights)
    palette = open_source(reference) if reference else None
    if palette is not None:
        check_rights(palette.rights, strict_rights)

    # 2. Ask, and let the pipeline answer. Torch is loaded here and not before, so that a wrong call fails at once.
    from pipelines.guest_speculation import GuestSpeculation
    from pipelines.hub import load_speculation
    from pipelines.memory import Memory
    from pipelines.request import Precision, SpeculationRequest
    from pipelines.statement import statement
    from studio.models import pins_for

    pins, fitted = pins_for(model, home), Memory(memory)
    part = drawn_part(eight_bit_rgb(sheet.pixels))
    pixels = part.pixels
    pipeline = load_speculation(model, pins=pins, lora=lora, memory=fitted)
    precision: Precision = fitted.precision if isinstance(pipeline, GuestSpeculation) else "32bit"
    said = statement(model, pins=pins, lora=lora, precision=precision)
    request = SpeculationRequest(
        source_sha256=sheet.sha256,
        reference_sha256=palette.sha256 if palette else None,
        prompt=prompt,
        variants=variants,
        strength=strength,
        seed=seed,
        model=model,
        weights_sha256=said["weights_sha256"],
        lora_sha256=said.get("lora_sha256"),
        precision=precision,
    )
    colours = eight_bit_rgb(palette.pixels) if palette else None
    output = pipeline(request, pixels, reference=colours, openings=part.openings, on_progress=on_progress)

    # 3. Say what is what, and seal it.
    inputs = (sheet.note("input"), *((palette.note("input"),) if palette else ()))
    draft = _draft(sheet, request, said, output, inputs, part, fitted.notes)
    return release(draft, out, home, strict_rights=strict_rights)


@dataclass(frozen=True, eq=False)
class DrawnPart:
    """What variants are drawn after.

    Attributes:
        pixels: uint8 [h, w, 3], upright.
        frame: x0, y0, x1, y1 of it on the rectified sheet; None where no elevation was read and it is the sheet as it came.
        openings: those that were read, in pixels of `pixels`; None when there are none.
        notes: what was done, one sentence each.
    """

    pixels: np.ndarray
    frame: tuple[int, int, int, int] | None = None
    openings: Openings | None = None
    notes: tuple[str, ...] = ()


def drawn_part(sheet: np.ndarray) -> DrawnPart:
    """The building without the sheet's title, frame and scale bar, where one elevation can be read; else the whole sheet.

    Args:
        sheet: uint8 [H, W, 3].
    """
    from studio.drawings.facade import read_facade
    from studio.errors import DrawingError

    try:
        reading = read_facade(sheet)
    except DrawingError:
        return DrawnPart(sheet)
    if reading.silhouette is None or reading.confidence < SURE:
        return DrawnPart(sheet)
    height, width = reading.picture.shape[:2]
    (left, top), (right, bottom) = reading.silhouette.min(0), reading.silhouette.max(0)
    margin = MARGIN * max(right - left, bottom - top)
    x0, y0 = max(0, round(float(left - margin))), max(0, round(float(top - margin)))
    x1, y1 = min(width, round(float(right + margin))), min(height, round(float(bottom + margin / 3)))
    alone = _alone(reading.picture, reading.silhouette, round(float(bottom)))
    where = f"columns {x0}…{x1}, rows {y0}…{y1} of the sheet turned by {reading.angle:.2f}°"
    said = f"Drawn after the building alone, without lettering and frame: {where}."
    boxes = tuple((one.box[0] - x0, one.box[1] - y0, one.box[2] - x0, one.box[3] - y0) for one in reading.openings)
    scale = reading.scale.px_per_m if reading.scale is not None else None
    openings = Openings(boxes, None if scale is None else TOLERANCE_M * scale) if boxes else None
    return DrawnPart(np.ascontiguousarray(alone[y0:y1, x0:x1]), (x0, y0, x1, y1), openings, (said,))


def _alone(picture: np.ndarray, silhouette: np.ndarray, ground: int) -> np.ndarray:
    """The sheet with blank paper wherever the building and the ground are not."""
    import cv2

    inside = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.rint(silhouette).astype(np.int32)], 1)
    reach = 2 * round(0.01 * max(picture.shape[:2])) + 1  # a cornice's profile may stand out of the read outline
    inside = cv2.dilate(inside, np.ones((reach, reach), np.uint8))
    inside[ground - 2 :] = 1
    ring = cv2.dilate(inside, np.ones((4 * reach + 1, 4 * reach + 1), np.uint8)) > inside
    paper = np.median(picture[ring], axis=0) if ring.any() else np.full(3, 255)
    return np.where(inside[..., None] > 0, picture, paper.astype(np.uint8))


def eight_bit_rgb(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] of a picture of any kind; transparent parts become white paper."""
    if pixels.dtype == np.uint16:
        pixels = np.rint(pixels / np.float32(257)).astype(np.uint8)
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], 3, 2)
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:].astype(np.float32) / 255
        return np.rint(pixels[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return pixels


def _draft(
    sheet: Source,
    request,
    model: dict,
    output,
    inputs: tuple[SourceNote, ...],
    part: DrawnPart,
    notes: tuple[str, ...],
) -> Draft:
    from studio.report.page import variants_page

    # where the network added nothing, the flat colours come from the drawing's tones by rule, and no model made a pixel
    is_painted = output.findings.get("painted_by", "model") == "model"
    pixels, (height, width) = part.pixels, output.variants[0].shape[:2]
    everywhere = np.ones((height, width), bool)
    files: tuple[Picture | Document, ...] = tuple(
        Picture(f"variant-{number}.png", variant, "variant", ai=everywhere if is_painted else None)
        for number, variant in enumerate(output.variants, 1)
    )
    reduced = (f"{sheet.name} was worked on at {width}×{height} pixels.",) if (height, width) != pixels.shape[:2] else ()
    draft = Draft(
        operation="speculate",
        request=request.canonical(),
        files=files,
        sources=inputs,
        model=model if is_painted else None,
        levels={"7": 1.0},  # what is added is conjecture, whatever its fidelity
        assumptions=(*sheet.notes, *part.notes, *notes, *reduced),
        findings={**output.findings, "frame": part.frame, "fidelity": [_measured(one) for one in output.fidelity]},
    )
    page = variants_page(draft, fidelity=output.fidelity, drawing=pixels)
    return replace(draft, files=(*files, Document("index.html", "text/html", "page", contains_ai=False, data=page.encode())))


def _measured(one) -> dict:
    """A Fidelity as JSON: of the openings how many had which fate, and where those stand that were not kept."""
    plain = asdict(one)
    if one.openings is not None:
        not_kept = [
            {"fate": found.fate, "drawn": _rounded(found.drawn), "found": found.found and _rounded(found.found)}
            for found in one.openings.openings
            if found.fate != "kept"
        ]
        plain["openings"] = {**one.openings.counts(), "not_kept": not_kept, "at": [_rounded(b) for b in one.openings.invented]}
    return plain


def _rounded(box: Sequence[float]) -> list[float]:
    return [round(side, 1) for side in box]
