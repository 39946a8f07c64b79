"""The Record of a release in the words of another field."""

from __future__ import annotations

import json
from pathlib import Path

from provenance import record as records
from provenance.archive import Archive
from provenance.errors import RecordError
from provenance.home import Home
from provenance.vocabularies.exported import Exported, ExportError, exported
from studio.errors import MissingFileError

SCENE_LIMIT_BYTES = 64 * 2**20


def export(path: Path, kind: str, home: Home, *, ending: str = "") -> Exported:
    """Tell the Record that `path` leads to.

    Args:
        path: a release's folder, its record.json, or any file of it; a file that was taken out of its release is looked up in
            this installation's Records by its digest.
        kind: "prov", "crmdig", "em" or "label".
        home: whose Records are asked.
        ending: of the file that it is for, such as ".html"; see `provenance.vocabularies.exported`.
    Raises: MissingFileError, RecordError, ExportError.
    """
    if not path.exists():
        raise MissingFileError(f"There is no {path}: give a release, or a file of one.")
    folder = path if path.is_dir() else path.parent
    record, is_beside = _record(path, folder, home)
    return exported(record, kind, _scene(folder) if is_beside else None, ending)


def _record(path: Path, folder: Path, home: Home) -> tuple[dict, bool]:
    """The Record, and whether it lies in `folder`."""
    near = folder / records.NAME
    digest = "" if path.is_dir() else records.digest(path.read_bytes())
    if near.is_file():
        try:
            found = records.parse(near.read_bytes())
        except RecordError as error:
            raise RecordError(f"{near} cannot be read: {error}. Run “anastylosis verify” on the release.") from error
        if path.is_dir() or path.name in (records.NAME, records.PROOF_NAME) or records.output_with(found, digest):
            return found, True
    archive = Archive(home.records)
    for name in archive.leading("output", digest) if digest else ():
        loaded = archive.load(name)
        if loaded is not None:
            return loaded[1], False
    raise ExportError(f"No Record lies beside {path}, and none of this installation lists it: give the release's folder.")


def _scene(folder: Path) -> dict | None:
    path = folder / "scene.json"
    if not path.is_file() or path.stat().st_size > SCENE_LIMIT_BYTES:
        return None
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ExportError(f"{path} cannot be read: it was edited or cut off.") from error
    return found if isinstance(found, dict) else None
