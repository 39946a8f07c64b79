"""`anastylosis doctor`."""

from __future__ import annotations

import typer

from studio.cli.arguments import HomeFolder, home_of
from studio.cli.outcome import Json, tell


def doctor(home: HomeFolder = None, json: Json = False) -> None:
    """Look at device, models, disk, Blender, keys and log, and name one fix per problem.

    Example: anastylosis doctor
    """
    from studio.doctor import examine

    found = examine(home_of(home))
    signs = {"good": "[green]✓[/]", "problem": "[red]✗[/]"}
    lines = [
        f"{signs['good' if f.is_good else 'problem']} {f.subject}: {f.text}" + (f"\n    → {f.fix}" if f.fix else "")
        for f in found
    ]
    tell(json, {"findings": [f.to_json() for f in found]}, lines)
    raise typer.Exit(0 if all(f.is_good for f in found) else 1)
