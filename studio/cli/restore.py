"""`anastylosis restore`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from pipelines.request import LINE_GUIDANCE
from studio.cli.arguments import HomeFolder, Model, Out, Rights, Seed, StrictRights, Tsa, TsaOptional, home_of
from studio.cli.outcome import Json, progress, tell


class Damage(StrEnum):
    """What a person may see in a picture (`pipelines.segmentation.CLASSES_OF`)."""

    dark_cracks = "dark-cracks"
    pale_cracks = "pale-cracks"
    scratches = "scratches"
    losses = "losses"


def restore(
    picture: Annotated[Path, typer.Argument(help="Scan or photograph: PNG, JPEG, TIFF or WebP, 8 or 16 bit.", metavar="IMAGE")],
    out: Out,
    mask: Annotated[Path | None, typer.Option(help="Same size; white = lost. Proposed when left out.", metavar="MASK")] = None,
    fit_mask: Annotated[bool, typer.Option("--fit-mask", help="Resize a mask of another size.")] = False,
    propose: Annotated[
        bool, typer.Option("--propose", help="Write the proposed mask and stop before anything is filled.")
    ] = False,
    damage: Annotated[
        list[Damage] | None,
        typer.Option(help="What you see in the picture, may be repeated: only that is looked for, and found sooner."),
    ] = None,
    lines: Annotated[
        Path | None, typer.Option(help="A sketch of the same size: contours that the fill shall follow.", metavar="SKETCH")
    ] = None,
    veil: Annotated[
        Path | None, typer.Option(help="White = stain or varnish, divided out and not filled.", metavar="MASK")
    ] = None,
    reference: Annotated[Path | None, typer.Option(help="A picture whose palette and handling to follow.")] = None,
    hypotheses: Annotated[int, typer.Option(min=1, max=16, help="How many answers to offer.")] = 1,
    texture: Annotated[float, typer.Option(min=0, max=1, help="0 = the safest fill, 1 = the liveliest.")] = 0.0,
    line_guidance: Annotated[
        float, typer.Option(min=1, max=3, help="How far to go towards the sketch: 1 = cautiously, 2 = so that it shows.")
    ] = LINE_GUIDANCE,
    model: Model = "bundled",
    seed: Seed = 0,
    rights: Rights = None,
    strict_rights: StrictRights = False,
    tsa: Tsa = None,
    tsa_optional: TsaOptional = False,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Fill what is lost in IMAGE and seal the result.

    Example: anastylosis restore panel.tif --mask losses.png --hypotheses 3 -o restored
    """
    from studio.restore import propose_mask
    from studio.restore import restore as restore_picture

    with progress("Filling") as on_progress:
        if propose:
            release = propose_mask(
                picture,
                out,
                damage=damage or (),
                rights=rights,
                strict_rights=strict_rights,
                home=home_of(home, tsa, tsa_optional),
            )
        else:
            release = restore_picture(
                picture,
                out,
                mask=mask,
                fit_mask=fit_mask,
                damage=damage or (),
                lines=lines,
                veil=veil,
                reference=reference,
                hypotheses=hypotheses,
                texture=texture,
                line_guidance=line_guidance,
                model=model,
                seed=seed,
                rights=rights,
                strict_rights=strict_rights,
                home=home_of(home, tsa, tsa_optional),
                on_progress=on_progress,
            )
    from studio.cli.summary import summary, summary_lines

    tell(json, summary(release), summary_lines(release))
