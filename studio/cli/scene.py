"""`anastylosis scene`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from studio.cli.arguments import HomeFolder, Out, Rights, StrictRights, Tsa, TsaOptional, home_of
from studio.cli.outcome import Json, tell


class Kind(StrEnum):
    """What the input is turned into."""

    relief = "relief"
    facade = "facade"
    plan = "plan"
    gallery = "gallery"


def scene(
    picture: Annotated[Path, typer.Argument(help="A picture, an elevation or a plan.", metavar="INPUT")],
    out: Out,
    kind: Annotated[
        Kind, typer.Option(help="relief: a solid from tones; facade, plan: from a drawing; gallery: hung in a room.")
    ] = Kind.relief,
    width_m: Annotated[float | None, typer.Option("--width-m", min=0.001, help="Width of the whole picture in metres.")] = None,
    scale: Annotated[float | None, typer.Option("--scale", min=0.01, help="Pixels per metre.", metavar="PX_PER_M")] = None,
    scale_bar: Annotated[bool, typer.Option("--scale-bar", help="Read the scale bar of the sheet.")] = False,
    height_m: Annotated[
        float | None, typer.Option("--height-m", min=0.1, help="Wall height of a plan; 3 m is assumed when left out.")
    ] = None,
    rights: Rights = None,
    strict_rights: StrictRights = False,
    tsa: Tsa = None,
    tsa_optional: TsaOptional = False,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Turn a picture or a drawing into a metric scene of closed solids, each with its evidence level.

    Example: anastylosis scene facade.png --kind facade --scale 47 -o house
    """
    from studio.cli.summary import summary, summary_lines
    from studio.scene import build_scene

    release = build_scene(
        picture,
        out,
        kind=kind.value,
        width_m=width_m,
        px_per_m=scale,
        read_scale_bar=scale_bar,
        height_m=height_m,
        rights=rights,
        strict_rights=strict_rights,
        home=home_of(home, tsa, tsa_optional),
    )
    tell(json, summary(release), summary_lines(release))
