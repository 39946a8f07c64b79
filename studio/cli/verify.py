"""`anastylosis verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.arguments import HomeFolder, home_of
from studio.cli.outcome import Json, tell


def verify(
    path: Annotated[Path, typer.Argument(help="Any file, or a folder that is walked.", metavar="FILE|FOLDER")],
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Say what is AI in FILE, who signed it, and whether the log knows it.

    Exit codes: 0 intact, 1 altered, 3 a copy that was recovered, 4 unknown.

    Example: anastylosis verify restored/restored.png
    """
    from studio.verify import exit_code, verdict_lines, verdicts

    found = verdicts(path, home_of(home))
    tell(json, {"verdicts": [verdict.to_json() for verdict in found], "exit_code": exit_code(found)}, verdict_lines(found))
    raise typer.Exit(exit_code(found))
