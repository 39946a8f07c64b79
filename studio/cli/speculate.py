"""`anastylosis speculate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from blender_addon.scenes.presets import vocabulary
from studio.cli.arguments import HomeFolder, Out, Rights, Seed, StrictRights, Tsa, TsaOptional, home_of
from studio.cli.outcome import Json, progress, tell


def speculate(
    drawing: Annotated[Path, typer.Argument(help="An archival drawing: elevation or view.", metavar="DRAWING")],
    out: Out,
    reference: Annotated[
        list[Path] | None, typer.Option(help="A picture whose palette the variants take; may be repeated.", metavar="IMAGE")
    ] = None,
    preset: Annotated[
        str, typer.Option(help=f"Materials, with commas; left out, chosen by rule. {vocabulary()}", metavar="NAMES")
    ] = "",
    prompt: Annotated[
        list[str] | None, typer.Option(help="For models that read text; the bundled one does not. May be repeated.")
    ] = None,
    strength: Annotated[
        list[float] | None,
        typer.Option(min=0, max=1, help="How far a variant may leave what it starts from; may be repeated.  [default: 0.6]"),
    ] = None,
    variants: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=16,
            help="How many in all. Every combination of the above is drawn once, then again in another light; left out, "
            "once each, or four where there is but one.",
        ),
    ] = None,
    model: Annotated[
        str,
        typer.Option(
            help="'bundled', a folder, a .safetensors file or a fetched hub id, also 'BASE+CONTROLNET'; see 'models'.",
            metavar="ID",
        ),
    ] = "bundled",
    lora: Annotated[
        Path | None, typer.Option(help="A LoRA to add to a model from elsewhere.", metavar="FILE.safetensors")
    ] = None,
    memory: Annotated[
        str,
        typer.Option(
            help="How a large model fits: full; offload, a part at a time; sequential, a layer at a time; 8bit; 4bit.",
            metavar="MODE",
        ),
    ] = "full",
    seed: Seed = 0,
    ancestor: Annotated[
        Path | None, typer.Option("--from", help="A sealed variant of this drawing: part of it stays.", metavar="VARIANT")
    ] = None,
    lock: Annotated[
        Path | None, typer.Option(help="What stays of it, bit for bit: white in a mask of its size.", metavar="MASK")
    ] = None,
    reading: Annotated[
        Path | None,
        typer.Option(help="A sealed reading of DRAWING, such as one corrected in the page.", metavar="READING"),
    ] = None,
    rights: Rights = None,
    strict_rights: StrictRights = False,
    tsa: Tsa = None,
    tsa_optional: TsaOptional = False,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Draw variants of a design that was never built, and say how far each keeps to DRAWING.

    Example: anastylosis speculate facade.png --reference street.jpg --preset ashlar-slate-sash,tudor --variants 4 -o variants

    Example: anastylosis speculate facade.png --reference dawn.jpg --reference dusk.jpg --strength 0.3 --strength 1 -o grid

    Example: anastylosis speculate facade.png --reading reading/reading.json -o variants

    Example: anastylosis speculate facade.png --model black-forest-labs/FLUX.2-klein-4B --memory offload -o variants
    """
    from studio.cli.summary import summary, summary_lines
    from studio.speculate import speculate as draw_variants

    with progress("Drawing") as on_progress:
        release = draw_variants(
            drawing,
            out,
            references=reference or (),
            prompts=prompt or (),
            presets=[name.strip() for name in preset.split(",") if name.strip()],
            strengths=strength or (),
            variants=variants,
            model=model,
            lora=lora,
            memory=memory,
            seed=seed,
            ancestor=ancestor,
            lock=lock,
            reading=reading,
            rights=rights,
            strict_rights=strict_rights,
            home=home_of(home, tsa, tsa_optional),
            on_progress=on_progress,
        )
    tell(json, summary(release), summary_lines(release))
