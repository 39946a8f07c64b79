"""`anastylosis read`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from studio.cli.arguments import HomeFolder, Out, Rights, StrictRights, Tsa, TsaOptional, home_of
from studio.cli.outcome import Json, note, tell


class Kind(StrEnum):
    """What the whole sheet shows."""

    plan = "plan"
    elevation = "elevation"
    section = "section"


def read(
    sheets: Annotated[list[Path], typer.Argument(help="Scans of drawings.", metavar="SHEET…")],
    out: Out,
    scale: Annotated[
        float | None, typer.Option("--scale", min=0.01, help="Pixels of the scan per metre.", metavar="PX_PER_M")
    ] = None,
    scale_points: Annotated[
        str | None,
        typer.Option("--scale-points", help="Two points on the scan and their distance.", metavar="X0,Y0,X1,Y1=METRES"),
    ] = None,
    north: Annotated[
        float | None,
        typer.Option("--north", min=-360, max=360, help="Where north is, clockwise from the sheet's top.", metavar="DEGREES"),
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="What the whole sheet shows; found out when left out.")] = None,
    rights: Rights = None,
    strict_rights: StrictRights = False,
    tsa: Tsa = None,
    tsa_optional: TsaOptional = False,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Read plans, elevations and sections: walls, openings, levels and the scale, each with a confidence.

    The scale is never guessed: where bar, figures and written dimensions do not agree, it is asked for.

    Example: anastylosis read plan.jpg -o reading
    """
    from studio.cli.summary import summary, summary_lines
    from studio.read import Given, read_sheets, two_points

    if scale is not None and scale_points is not None:
        raise typer.BadParameter("give --scale or --scale-points, not both", param_hint="--scale-points")
    points = None if scale_points is None else two_points(scale_points)
    releases = read_sheets(
        sheets,
        out,
        given=Given(scale, points, north),
        kind=None if kind is None else kind.value,
        rights=rights,
        strict_rights=strict_rights,
        home=home_of(home, tsa, tsa_optional),
    )
    for release in releases:
        finding = release.record.get("findings", {}).get("scale", {}).get("finding")
        if finding:
            note(f"{release.record['sources'][0]['name']}: {finding}")
    values = [summary(release) for release in releases]
    lines = [line for release in releases for line in summary_lines(release)]
    tell(json, values[0] if len(values) == 1 else {"releases": values}, lines)
