"""From an archival drawing to sealed variants that say how far they keep to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from provenance.draft import Document, Draft, Picture, SourceNote
from provenance.home import Home
from studio.sources import Source, open_source


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
    from pipelines.hub import load_speculation
    from pipelines.request import SpeculationRequest
    from pipelines.statement import statement

    pixels = eight_bit_rgb(sheet.pixels)
    pipeline, said = load_speculation(model), statement(model)
    request = SpeculationRequest(
        source_sha256=sheet.sha256,
        reference_sha256=palette.sha256 if palette else None,
        prompt=prompt,
        variants=variants,
        strength=strength,
        seed=seed,
        model=model,
        weights_sha256=said["weights_sha256"],
    )
    colours = eight_bit_rgb(palette.pixels) if palette else None
    output = pipeline(request, pixels, reference=colours, on_progress=on_progress)

    # 3. Say what is what, and seal it.
    inputs = (sheet.note("input"), *((palette.note("input"),) if palette else ()))
    draft = _draft(sheet, pixels, request, said, output, inputs)
    return release(draft, out, home, strict_rights=strict_rights)


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


def _draft(sheet: Source, pixels: np.ndarray, request, model: dict, output, inputs: tuple[SourceNote, ...]) -> Draft:
    from studio.report.page import variants_page

    # where the network added nothing, the flat colours come from the drawing's tones by rule, and no model made a pixel
    is_painted = output.findings.get("painted_by", "model") == "model"
    height, width = output.variants[0].shape[:2]
    everywhere = np.ones((height, width), bool)
    files: tuple[Picture | Document, ...] = tuple(
        Picture(f"variant-{number}.png", variant, "variant", ai=everywhere if is_painted else None)
        for number, variant in enumerate(output.variants, 1)
    )
    reduced = (f"{sheet.name} was worked on at {width}×{height} pixels.",) if (width, height) != sheet.size else ()
    draft = Draft(
        operation="speculate",
        request=request.canonical(),
        files=files,
        sources=inputs,
        model=model if is_painted else None,
        levels={"7": 1.0},  # what is added is conjecture, whatever its fidelity
        assumptions=(*sheet.notes, *reduced),
        findings={**output.findings, "fidelity": [asdict(one) for one in output.fidelity]},
    )
    page = variants_page(draft, fidelity=output.fidelity, drawing=pixels)
    return replace(draft, files=(*files, Document("index.html", "text/html", "page", contains_ai=False, data=page.encode())))
