"""`anastylosis verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.arguments import HomeFolder, home_of
from studio.cli.outcome import Json, plain, tell


def verify(
    path: Annotated[Path, typer.Argument(help="Any file, a bundle, or a folder that is walked.", metavar="FILE|FOLDER")],
    at: Annotated[
        str | None,
        typer.Option(help="Judge at this date, such as 2041-11-20, with the time stamps at hand.", metavar="DATE"),
    ] = None,
    map_out: Annotated[
        Path | None,
        typer.Option("--map", help="Draw where a model acted onto the picture, also onto a copy of it.", metavar="OUT.png"),
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Say what is AI in FILE, who signed it, and whether the log knows it.

    With --at, a past date asks whether the file provably existed then, a coming one whether its signature will still hold.

    Exit codes: 0 intact, 1 altered, 3 a copy that was recovered, 4 unknown.

    Example: anastylosis verify restored/restored.png --at 2041-11-20

    Example: anastylosis verify found-on-the-web.jpg --map where.png
    """
    from provenance.timestamp_clock import parse_date
    from studio.verify import checked_map, drawn_map, exit_code, verdict_lines, verdicts

    date = parse_date(at) if at is not None else None
    if map_out is not None:
        checked_map(path, map_out)
    found = verdicts(path, home_of(home), date)
    values = {"verdicts": [verdict.to_json() for verdict in found], "exit_code": exit_code(found)}
    lines = verdict_lines(found, date)
    if map_out is not None:
        is_drawn, said = drawn_map(found[0], home_of(home), map_out)
        values["map"] = {"path": str(map_out) if is_drawn else None, "said": said}
        lines.append(f"    {plain(said)}")
    tell(json, values, lines)
    raise typer.Exit(exit_code(found))
