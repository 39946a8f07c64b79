"""From a damaged picture to a sealed restoration: the whole road, once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection
from pathlib import Path

import numpy as np

from pipelines.request import LINE_GUIDANCE
from provenance.draft import Document, Draft, Picture, SourceNote
from provenance.home import Home
from studio.errors import MaskAndDamageError, NothingDamagedError
from studio.guides import Guides, changed_by, empty_mask
from studio.sources import Mask, Source, open_mask, open_source

Progress = Callable[[int, int], None]


def restore(
    picture: Path,
    out: Path,
    *,
    home: Home,
    mask: Path | None = None,
    fit_mask: bool = False,
    propose: bool | None = None,
    damage: Collection[str] = (),
    lines: Path | None = None,
    veil: Path | None = None,
    reference: Path | None = None,
    hypotheses: int = 1,
    texture: float = 0.0,
    line_guidance: float = LINE_GUIDANCE,
    model: str = "bundled",
    seed: int = 0,
    rights: str | None = None,
    strict_rights: bool = False,
    on_progress: Progress | None = None,
):
    """Fill the holes of a picture and seal what comes of it.

    Args:
        picture: the scan; opened at its own depth.
        out: folder of the Release; must not exist yet, or be empty.
        mask: white = lost.
        propose: whether a damage detector makes the mask, which the Record says. None: where neither mask nor veil is given,
            or damage is named; with a veil alone nothing counts as lost.
        damage: what a person sees in the picture, keys of `pipelines.segmentation.CLASSES_OF`: only that is looked for.
        lines: a sketch that the fill shall follow; veil: white = a translucent layer, which is divided out; reference: a
            picture whose palette and handling to follow.
        hypotheses: how many answers, 1…16.
        texture: 0 (safest) … 1 (liveliest).
        line_guidance: 1 … 3, how far to go towards the sketch's lines.
        on_progress: called with (done, total) after every tile; what it raises stops the work and leaves nothing behind.

    Returns:
        provenance.release.Release
    Raises:
        StudioError, PipelineError or ProvenanceError, before anything stands in `out`.
    """
    from provenance.release import check_folder, check_rights, release

    # 1. Open, and refuse what may not be done before any model runs.
    if mask is not None and damage:
        raise MaskAndDamageError("A mask says where damage is, so none is looked for: leave --mask or --damage out.")
    check_folder(out)
    source = open_source(picture, rights=rights)
    check_rights(source.rights, strict_rights)
    guides = Guides.opened(source, lines=lines, veil=veil, reference=reference)
    if mask is not None:
        hole = given_mask(mask, source, fit_mask)
    else:
        is_proposed = bool(damage) or guides.veil is None if propose is None else propose
        hole = proposed_mask(source, damage) if is_proposed else empty_mask(source)

    # 2. Ask, and let the pipeline answer. Torch is loaded here and not before, so that a wrong call fails at once.
    from pipelines.hub import load_restoration
    from pipelines.request import RestorationRequest
    from pipelines.statement import statement
    from studio.models import pins_for

    pins = pins_for(model, home)
    pipeline, said = load_restoration(model, pins=pins), statement(model, pins=pins)
    request = RestorationRequest(
        source_sha256=source.sha256,
        mask_sha256=hole.sha256,
        lines_sha256=guides.digest_of(guides.lines),
        veil_sha256=guides.digest_of(guides.veil),
        reference_sha256=guides.digest_of(guides.reference),
        hypotheses=hypotheses,
        texture=texture,
        line_guidance=line_guidance,
        seed=seed,
        model=model,
        weights_sha256=said["weights_sha256"],
    )
    output = pipeline(request, source.pixels, hole.pixels, **guides.arguments(source), on_progress=on_progress)

    # 3. Say what is what, and seal it.
    draft = restoration_draft(source, hole, request, said, output, guides)
    return release(draft, out, home, strict_rights=strict_rights)


def propose_mask(
    picture: Path,
    out: Path,
    *,
    home: Home,
    damage: Collection[str] = (),
    rights: str | None = None,
    strict_rights: bool = False,
):
    """Seal the mask that the damage detector proposes, and fill nothing: to be corrected and passed back."""
    from provenance.release import check_folder, check_rights, release

    check_folder(out)
    source = open_source(picture, rights=rights)
    check_rights(source.rights, strict_rights)
    hole = proposed_mask(source, damage)
    draft = Draft(
        operation="propose",
        request={"operation": "propose", "source_sha256": source.sha256, "damage": sorted(damage)},
        files=(Picture("mask.png", hole.pixels.astype(np.uint8) * 255, role="mask"),),
        sources=(source.note(),),
        assumptions=(*source.notes, *hole.notes),
    )
    return release(draft, out, home, strict_rights=strict_rights)


def given_mask(path: Path, source: Source, fit: bool) -> Mask:
    """The mask that a person made."""
    return open_mask(path, source, fit=fit)


def proposed_mask(source: Source, damage: Collection[str] = ()) -> Mask:
    """The mask that the damage detector proposes. Raises: NothingDamagedError when it finds nothing.

    Args:
        source: the picture.
        damage: as in `restore`.
    """
    from pipelines.segmentation import propose
    from pipelines.statement import segmenter_statement

    proposal = propose(source.pixels, damage)
    if proposal.nothing_found:
        say = "" if damage else "Say what you see, as in --damage dark-cracks, or draw"
        raise NothingDamagedError(
            f"No damage was found in {source.name}, so nothing was filled. "
            f"{say or 'Draw'} a mask of your own (white = lost) and pass --mask."
        )
    kinds = ", ".join(f"{kind} {share:.2%}" for kind, share in proposal.kinds.items() if share > 0)
    weights = segmenter_statement()["weights_sha256"]
    seen = f" It looked for {', '.join(sorted(damage))} because a person saw them there." if damage else ""
    said = (
        f"The mask was proposed by the damage detector ({kinds} of the picture), not drawn by a person: "
        f"look at mask.png, correct it, and pass it back with --mask.{seen}",
        f"The detector's network has the weights sha256 {weights}.",
    )
    digest = hashlib.sha256(np.packbits(proposal.mask).tobytes()).hexdigest()
    return Mask(source.path, "mask.png", digest, "image/png", proposal.mask, float(proposal.mask.mean()), said)


def restoration_draft(source: Source, hole: Mask, request, model: dict, output, guides: Guides | None = None) -> Draft:
    """Put the pipeline's Output, its evidence and its page together as a Draft."""
    guides = guides or Guides()
    changed = changed_by(hole, guides.veil)
    from studio.report.evidence import evidence_map, level_shares, uncertainty_picture
    from studio.report.page import restoration_page

    ending = ".tif" if source.media_type == "image/tiff" else ".png"
    look = {"icc": source.icc, "dpi": source.dpi}
    evidence = evidence_map(changed, output.filled_by)
    # a classical fill is no model's work, and must not be marked as such
    ai = changed if output.filled_by == "model" else None
    files: list[Picture | Document] = [Picture(f"restored{ending}", output.hypotheses[0], "restored", ai=ai, **look)]
    if len(output.hypotheses) > 1:
        for number, pixels in enumerate(output.hypotheses, 1):
            files.append(Picture(f"hypothesis-{number}{ending}", pixels, "hypothesis", ai=changed, **look))
        files.append(Picture("disagreement.png", uncertainty_picture(output.spread), "disagreement"))
    if output.error is not None:
        files.append(Picture("uncertainty.png", uncertainty_picture(output.error), "uncertainty"))
    files.append(Picture("mask.png", hole.pixels.astype(np.uint8) * 255, "mask"))
    if guides.veil is not None:
        files.append(Picture("veil.png", guides.veil.pixels.astype(np.uint8) * 255, "mask"))
    files.append(Picture("evidence.png", evidence.indices, "evidence", palette=evidence.palette, legend=evidence.legend))
    facts = Draft(
        operation="restore",
        request=request.canonical(),
        files=tuple(files),
        sources=(source.note(), *_mask_note(hole, source), *guides.sources()),
        model=model if output.filled_by == "model" else None,
        levels=level_shares(evidence.indices),
        assumptions=(*source.notes, *hole.notes, *guides.notes()),
        findings={"filled_by": output.filled_by, "reason": output.reason, "hole_share": round(hole.share, 6)},
    )
    page = restoration_page(facts, before=source.pixels, evidence=evidence, spread=output.spread, error=output.error)
    return _with_page(facts, page)


def _mask_note(hole: Mask, source: Source) -> tuple[SourceNote, ...]:
    return () if hole.path == source.path else (hole.note(),)


def _with_page(draft: Draft, page: str) -> Draft:
    from dataclasses import replace

    document = Document("index.html", "text/html", "page", contains_ai=False, data=page.encode())
    return replace(draft, files=(*draft.files, document))
