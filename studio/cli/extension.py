"""`anastylosis extension`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from studio.cli.outcome import Json, tell

app = typer.Typer(help="The extension for Blender 4.2 and later.", no_args_is_help=True)


@app.callback()
def options() -> None:
    """Extension for Blender 4.2 and later."""


@app.command()
def build(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the zip.", metavar="DIR")],
    json: Json = False,
) -> None:
    """Make the zip that Blender installs (Preferences → Get Extensions → Install from Disk).

    Example: anastylosis extension build -o dist
    """
    from blender_addon.package import build_extension

    path = build_extension(out)
    tell(json, {"zip": str(path), "bytes": path.stat().st_size}, [f"{path}  ({path.stat().st_size / 1e6:.1f} MB)"])
