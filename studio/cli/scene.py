"""`anastylosis scene`."""

from __future__ import annotations

from collections.abc import Sequence
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
    building = "building"


class Export(StrEnum):
    """What is written beside scene.glb."""

    usd = "usd"
    ifc = "ifc"
    blend = "blend"


def scene(
    pictures: Annotated[
        list[Path], typer.Argument(help="A picture or drawing; several sheets of a building.", metavar="INPUT…")
    ],
    out: Out,
    kind: Annotated[
        Kind,
        typer.Option(
            help="relief: a solid from tones; facade, plan: from one drawing; gallery: hung in a room; "
            "building: from plan, elevations and sections together."
        ),
    ] = Kind.relief,
    width_m: Annotated[float | None, typer.Option("--width-m", min=0.001, help="Width of the whole picture in metres.")] = None,
    scale: Annotated[
        list[str] | None,
        typer.Option("--scale", help="Pixels per metre; of one sheet of several: plan.jpg=40.", metavar="[SHEET=]PX_PER_M"),
    ] = None,
    scale_bar: Annotated[
        bool, typer.Option("--scale-bar", help="Read the scale bar of the sheet (a building always does).")
    ] = False,
    height_m: Annotated[
        float | None, typer.Option("--height-m", min=0.1, help="Wall height where no sheet shows it; 3 m when left out.")
    ] = None,
    variant: Annotated[
        Path | None,
        typer.Option(
            "--variant",
            help="A sealed variant of this drawing, for the façade or that side of the building to wear.",
            metavar="IMAGE",
        ),
    ] = None,
    as_kind: Annotated[
        list[str] | None, typer.Option("--as", help="What a sheet is: plan, elevation or section.", metavar="SHEET=KIND")
    ] = None,
    side: Annotated[
        list[str] | None,
        typer.Option(
            "--side", help="Façade of an elevation, or from where a section is seen.", metavar="SHEET=south|north|east|west"
        ),
    ] = None,
    north: Annotated[
        float | None,
        typer.Option("--north", min=-360, max=360, help="Where north is, clockwise from the plan's top.", metavar="DEGREES"),
    ] = None,
    export: Annotated[list[Export] | None, typer.Option("--export", help="Also write usd, ifc or blend (a building).")] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse when sheets of a building disagree by more than 3 %.")
    ] = False,
    rights: Rights = None,
    strict_rights: StrictRights = False,
    tsa: Tsa = None,
    tsa_optional: TsaOptional = False,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Turn a picture or drawings into a metric scene of closed solids, each with its evidence level.

    Example: anastylosis scene facade.png --kind facade --scale 47 -o house
    Example: anastylosis scene facade.png --kind facade --scale-bar --variant variants/variant-1.png -o worn
    Example: anastylosis scene plan.jpg facade.jpg section.jpg --kind building -o house
    Example: anastylosis scene plan.png facade.png section.png --kind building --variant variants/variant-1.png -o house
    """
    from studio.cli.summary import summary, summary_lines

    place = home_of(home, tsa, tsa_optional)
    if kind is Kind.building:
        from studio.building import build_building
        from studio.drawings.gather import Said

        if width_m is not None:
            raise typer.BadParameter("--width-m speaks of one picture; say --scale SHEET=PX_PER_M for each sheet.")
        scales = {name: _number(value) for name, value in _pairs(scale, "--scale", pictures).items()}
        said = Said(_pairs(as_kind, "--as", pictures), scales, _pairs(side, "--side", pictures), north)
        release = build_building(
            pictures,
            out,
            said=said,
            height_m=height_m,
            exports=[one.value for one in export or ()],
            strict=strict,
            variant=variant,
            rights=rights,
            strict_rights=strict_rights,
            home=place,
        )
    else:
        from studio.scene import build_scene

        if len(pictures) > 1 or as_kind or side or export or strict or north is not None:
            raise typer.BadParameter("several sheets, --as, --side, --north, --export and --strict need --kind building.")
        release = build_scene(
            pictures[0],
            out,
            kind=kind.value,
            width_m=width_m,
            px_per_m=_number(scale[-1].rpartition("=")[2]) if scale else None,
            read_scale_bar=scale_bar,
            height_m=height_m,
            variant=variant,
            rights=rights,
            strict_rights=strict_rights,
            home=place,
        )
    tell(json, summary(release), summary_lines(release))


def _pairs(values: Sequence[str] | None, option: str, sheets: Sequence[Path]) -> dict[str, str]:
    """SHEET=VALUE each; a value without a sheet speaks of the only one."""
    found = {}
    for text in values or ():
        name, equals, value = text.rpartition("=")
        if not equals and len(sheets) > 1:
            raise typer.BadParameter(f"{option} {text}: say for which sheet, as in {option} {sheets[0].name}={text}.")
        found[name or sheets[0].name] = value
    return found


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise typer.BadParameter(f"--scale {text}: a number of pixels per metre is needed.") from None
    if not value >= 0.01:
        raise typer.BadParameter(f"--scale {text}: it must be at least 0.01 pixels per metre.")
    return value
