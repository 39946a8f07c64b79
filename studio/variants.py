"""The Draft of a speculation: variants and what goes with them, each with what is known of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from textwrap import shorten
from typing import TYPE_CHECKING

import cv2
import numpy as np

from pipelines.grid import Cell, laid_out
from provenance.draft import Document, Draft, Picture, SourceNote
from studio.massing import Massing
from studio.sources import Source

if TYPE_CHECKING:
    from studio.speculate import Part

MOST_WORDS = 160  # characters of a prompt on the contact sheet; the Record has all of it


def variants_draft(
    sheet: Source,
    part: Part,
    request,
    model: dict,
    output,
    inputs: tuple[SourceNote, ...],
    built: list[Massing],
) -> Draft:
    """Everything that a speculation leaves, not yet sealed: variants, their maps, the contact sheet, the passes, the page.

    Args:
        sheet: the drawing.
        part: what of it was drawn after.
        request, model: the SpeculationRequest, and what a Record says of the model.
        output: the pipeline's SpeculationOutput.
        inputs: every file that was given.
        built: the massing of each variant; empty where there is none.
    """
    from studio.drawings.facade_corrected import by_person
    from studio.report.page import variants_page

    hand = {} if part.corrected is None else by_person(part.corrected)
    # where the network added nothing, the picture comes from the drawing by rule, and no model made a pixel
    is_painted = output.findings.get("painted_by", "model") == "model"
    height, width = output.variants[0].shape[:2]
    everywhere = np.ones((height, width), bool)
    acted = [None if not is_painted else everywhere if one is None else one for one in output.acted]
    variants: tuple[Picture, ...] = tuple(
        Picture(f"variant-{number}.png", variant, "variant", ai=where, prompt=cell.prompt)
        for number, (cell, variant, where) in enumerate(zip(request.cells, output.variants, acted, strict=True), 1)
    )
    palettes = {one.sha256: one.name for one in inputs}
    sheet_of_all = _contact(request, part, output, acted, palettes)
    maps = _maps(part, output, acted)
    files: tuple[Picture | Document, ...] = (*variants, sheet_of_all, *maps, *_passes(built, acted))
    reduced = (f"{sheet.name} was worked on at {width}×{height} pixels.",) if (height, width) != part.pixels.shape[:2] else ()
    draft = Draft(
        operation="speculate",
        request=request.canonical(),
        files=files,
        sources=inputs,
        model=model if is_painted else None,
        levels=_levels(built, acted),
        assumptions=(*sheet.notes, *part.notes, *reduced),
        findings={
            **output.findings,
            "frame": part.frame,
            **({"by_person": hand} if hand else {}),
            "fidelity": [_measured(one) for one in output.fidelity],
            **_said(built),
        },
    )
    names = [". ".join(asked(cell, palettes)) for cell in request.cells]
    page = variants_page(draft, fidelity=output.fidelity, drawing=part.pixels, names=names)
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


def _levels(built: list[Massing], acted: list[np.ndarray | None]) -> dict[str, float]:
    """Share of the variants' pixels that a model changed (7) and that only rules made (6); tones in colours are all 7."""
    if not built:
        return {"7": 1.0}
    share = float(np.mean([0.0 if one is None else float(one.mean()) for one in acted]))
    return {"6": 1 - share, "7": share}


def _maps(part: Part, output, acted: list[np.ndarray | None]) -> tuple[Picture, ...]:
    """What each variant kept, moved, lost and invented, over the variant itself."""
    from studio.report.fidelity_map import fidelity_map

    height, width = output.variants[0].shape[:2]
    drawing = part.pixels
    if drawing.shape[:2] != (height, width):
        drawing = cv2.resize(drawing, (width, height), interpolation=cv2.INTER_AREA)
    shown = [fidelity_map(drawing, one, fit.openings) for one, fit in zip(output.variants, output.fidelity, strict=True)]
    return tuple(
        Picture(f"fidelity-{number}.png", one, "fidelity", ai=where, may_mark=False)
        for number, (one, where) in enumerate(zip(shown, acted, strict=True), 1)
    )


def _passes(built: list[Massing], acted: list[np.ndarray | None]) -> tuple[Picture | Document, ...]:
    """What the variants started from, made without AI: the lit massings, the passes of the first, and its solids."""
    if not built:
        return ()
    from blender_addon.scenes.gltf import glb
    from blender_addon.scenes.levels import palette
    from studio.report.evidence import level_legend

    first = built[0]
    is_model = np.any([np.zeros(first.ids.shape, bool) if one is None else one for one in acted], axis=0)
    levels = np.where(is_model, 7, 6).astype(np.uint8)
    known = first.ids > 0
    near, far = (float(v) for v in np.quantile(first.depth[known], (0.01, 0.99))) if known.any() else (0.0, 1.0)
    depth = np.where(known, 1 - np.clip((first.depth - near) / max(far - near, 1e-3), 0, 1), 0)
    return (
        *(Picture(f"massing-{number}.png", one.beauty, "massing") for number, one in enumerate(_distinct(built), 1)),
        Picture("lines.png", 255 - first.lines * np.uint8(255), "massing"),
        Picture("depth.png", np.rint(depth * 65535).astype(np.uint16), "massing"),
        Picture("normals.png", np.rint((first.normals + 1) * 127.5).astype(np.uint8), "massing"),
        Picture("ids.png", first.ids, "massing"),
        Picture("evidence.png", levels, "evidence", palette=palette(), legend=level_legend()),
        Document("scene.glb", "model/gltf-binary", "scene", contains_ai=False, data=glb(first.model)),
        Document("scene.json", "application/json", "reading", contains_ai=False, data=first.model.to_json().encode()),
    )


def _said(built: list[Massing]) -> dict:
    """Preset, light and digests of each massing, and the number of the one that each variant started from, for the Record."""
    distinct = _distinct(built)
    said = [{"preset": one.preset, "sun_towards": list(one.hour.towards), "sha256": one.digests()} for one in distinct]
    numbers = {id(one): number for number, one in enumerate(distinct, 1)}
    return {"massings": said, "massing_of": [numbers[id(one)] for one in built]} if said else {}


def _distinct(built: list[Massing]) -> list[Massing]:
    """Each massing once, in the order of the first variant that starts from it."""
    return list({id(one): one for one in built}.values())


def asked(cell: Cell, palettes: dict[str, str]) -> tuple[str, ...]:
    """What one variant was asked for, beside draw and strength: materials, whose colours, in which words.

    Args:
        palettes: names of the files, by digest.
    """
    said = [cell.preset.replace("-", ", ") if cell.preset else "tones of the drawing"]
    said += [f"colours of {palettes.get(cell.reference_sha256, 'a picture')}"] if cell.reference_sha256 else []
    said += [f"“{shorten(cell.prompt, MOST_WORDS, placeholder=' …')}”"] if cell.prompt else []
    return tuple(said)


def _contact(request, part: Part, output, acted: list[np.ndarray | None], palettes: dict[str, str]) -> Picture:
    from studio.report.contact import Shown, contact_sheet

    # a grid is laid out as one: what changes first across, the rest down
    columns, across, down = laid_out(request.cells)
    is_grid = len(across) + len(down) > 1 or across[:1] not in ([], ["draws"])
    lines = ["as it was read, without lettering"] if part.reading else []
    lines += [f"Across: {', then '.join(across)}"] if is_grid else []
    lines += [f"Down: {', then '.join(down)}"] if down else []
    shown = [Shown(part.pixels, "The drawing", tuple(lines))]
    for number, (cell, variant, fit) in enumerate(zip(request.cells, output.variants, output.fidelity, strict=True)):
        how = f"seed {request.seed}·{cell.draw} · strength {cell.strength:g}"
        said = (*asked(cell, palettes), how, f"F {fit.f:.2f} · {fit.interpretation}")
        shown.append(Shown(variant, f"Variant {number + 1}", said, acted[number]))
    sheet = contact_sheet(shown, columns if is_grid else None)
    return Picture("contact.png", sheet.pixels, "contact", ai=sheet.acted if sheet.acted.any() else None)
