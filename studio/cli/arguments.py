"""Options that several commands share, each worded once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Out = Annotated[
    Path, typer.Option("-o", "--out", help="Folder for the release; it must not exist yet, or be empty.", metavar="DIR")
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The same seed gives the same pixels.")]
Model = Annotated[
    str, typer.Option(help="'bundled', a folder in diffusers format, or a hub id; see 'anastylosis models'.", metavar="ID")
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


def home_of(folder: Path | None):
    """The Home that a command works with."""
    from provenance.home import Home

    return Home(folder.expanduser()) if folder is not None else Home.default()
