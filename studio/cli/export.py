"""`anastylosis export`: a Record in another field's words; `bundle` and `unbundle`: a Release in one file."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from studio.cli.arguments import HomeFolder, home_of
from studio.cli.outcome import Json, plain, tell


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


def bundle(
    release: Annotated[Path, typer.Argument(help="Folder of a release.", metavar="RELEASE")],
    out: Annotated[Path, typer.Option("-o", "--out", help="New ZIP file.", metavar="FILE.zip")],
    json: Json = False,
) -> None:
    """Pack a release into one ZIP, to be sent; `anastylosis verify FILE.zip` reads it as it is.

    The same release always gives the same bytes. What the Record does not list stays behind.

    Example: anastylosis bundle house -o house.zip
    """
    from provenance.bundle import pack

    names = pack(release, out)
    size = out.stat().st_size
    tell(json, {"path": str(out), "files": names, "bytes": size}, [f"Packed {len(names)} files into {plain(str(out))}"])


def unbundle(
    path: Annotated[Path, typer.Argument(help="A bundle, from here or from a stranger.", metavar="FILE.zip")],
    out: Annotated[Path, typer.Option("-o", "--out", help="New folder.", metavar="DIR")],
    json: Json = False,
) -> None:
    """Unpack a bundle into a new folder: all of it or nothing, and plain files only.

    Example: anastylosis unbundle house.zip -o house
    """
    from provenance.bundle import unpack

    names = unpack(path, out)
    said = f"Unpacked {len(names)} files into {plain(str(out))}: run “anastylosis verify” on it to know what they are."
    tell(json, {"path": str(out), "files": names}, [said])
