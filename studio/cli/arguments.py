"""Options that several commands share, each worded once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[
    Path, typer.Option("-o", "--out", help="Folder for the release; it must not exist yet, or be empty.", metavar="DIR")
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same pixels.")]
Model = Annotated[
    str, typer.Option(help="'bundled', a folder in diffusers format, or a fetched hub id; see 'models'.", metavar="ID")
]
Rights = Annotated[
    str | None,
    typer.Option(help="Rights statement of the work, such as http://rightsstatements.org/vocab/NoC-US/1.0/.", metavar="URI"),
]
StrictRights = Annotated[bool, typer.Option("--strict-rights", help="Refuse a work whose rights nobody has stated.")]
HomeFolder = Annotated[
    Path | None,
    typer.Option("--home", help="Folder of keys, log and records; the user's own when left out.", envvar="ANASTYLOSIS_HOME"),
]

Tsa = Annotated[
    str | None,
    typer.Option(help="Time-stamping authority for this run; 'none' for no stamp; see 'keys tsa'.", metavar="URL"),
]
TsaOptional = Annotated[
    bool, typer.Option("--tsa-optional", help="Release without a stamp, and say so, when the authority gives none.")
]


def home_of(folder: Path | None, tsa: str | None = None, is_tsa_optional: bool = False):
    """The Home that a command works with, and whom it asks for time stamps."""
    from provenance.home import Home

    home = Home(folder.expanduser()) if folder is not None else Home.default()
    return replace(home, tsa=tsa, is_tsa_optional=is_tsa_optional)
