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
    reference: Annotated[Path | None, typer.Option(help="A picture whose palette the variants take.", metavar="IMAGE")] = None,
    preset: Annotated[
        str, typer.Option(help=f"Materials, one for each variant, with commas. {vocabulary()}", metavar="NAMES")
    ] = "",
    prompt: Annotated[str, typer.Option(help="For models that read text; the bundled one does not.")] = "",
    variants: Annotated[int, typer.Option(min=1, max=16)] = 4,
    strength: Annotated[float, typer.Option(min=0, max=1, help="How far a variant may leave what it starts from.")] = 0.6,
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

    Example: anastylosis speculate facade.png --reading reading/reading.json -o variants

    Example: anastylosis speculate facade.png --model black-forest-labs/FLUX.2-klein-4B --memory offload -o variants
    """
    from studio.cli.summary import summary, summary_lines
    from studio.speculate import speculate as draw_variants

    with progress("Drawing") as on_progress:
        release = draw_variants(
            drawing,
            out,
            reference=reference,
            prompt=prompt,
            presets=[name.strip() for name in preset.split(",") if name.strip()],
            variants=variants,
            strength=strength,
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
