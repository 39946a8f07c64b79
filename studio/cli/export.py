"""`anastylosis export`."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from studio.cli.arguments import HomeFolder, home_of
from studio.cli.outcome import Json, tell


class Vocabulary(StrEnum):
    """What a Record can be told in."""

    prov = "prov"
    crmdig = "crmdig"
    em = "em"
    label = "label"


def export(
    path: Annotated[Path, typer.Argument(help="A release, or any file of one.", metavar="RELEASE|FILE")],
    kind: Annotated[
        Vocabulary,
        typer.Option("--as", help="W3C PROV-JSON, CIDOC CRMdig JSON-LD, Extended Matrix GraphML, or the label for the wall."),
    ],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="New file; a label is a page as .html, the AI sign alone as .svg.", metavar="FILE"),
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Tell the Record of a release in the words of another field.

    Example: anastylosis export house --as em -o house.graphml
    """
    from studio.export import export as export_record

    found = export_record(path, kind.value, home_of(home), ending=out.suffix if out else "")
    if out is not None:
        found.deliver(out)
        tell(json, {"path": str(out), "kind": kind.value, "media_type": found.media_type}, [f"Written to {out}"])
    elif json:
        tell(True, {"kind": kind.value, "media_type": found.media_type, "text": found.text}, [])
    else:
        sys.stdout.write(found.text)
