"""A whole folder, file by file, with each Release in it taken as one thing."""

from __future__ import annotations

import datetime
import os
import tempfile
from dataclasses import replace
from pathlib import Path

from provenance import record as records
from provenance.bundle import BundleError, is_bundle, unpack
from provenance.errors import ProvenanceError, RecordError, UnreadableFileError
from provenance.home import Home
from provenance.verdict import Verdict
from provenance.verify import verify

STAGING_MARK = ".unsealed-"


def walk(folder: Path, home: Home, at: datetime.datetime | None = None) -> list[Verdict]:
    """Return a Verdict for every file below `folder`, in the order of their names.

    A Record, its proof, its time stamp and its sidecars are checked with their Release: one Verdict, on record.json. A
    provenance home is not walked but audited: one Verdict, on its folder. Links to folders are not followed.
    A bundle is walked as the folder that was packed into it.
    Raises: UnreadableFileError when `folder` is none.
    """
    if is_bundle(folder):
        return _of_bundle(folder, home, at)
    if not folder.is_dir():
        raise UnreadableFileError(f"{folder} is not a folder: name one, or verify the file itself.")
    return _walked(folder, home, at, opens_bundles=True)


def _walked(folder: Path, home: Home, at: datetime.datetime | None, *, opens_bundles: bool) -> list[Verdict]:
    verdicts: list[Verdict] = []
    for place, folders, names in os.walk(folder):
        here = Path(place)
        if _is_home(here):
            folders.clear()
            verdicts.append(_home_verdict(here, home))
            continue
        folders.sort()
        for name in sorted(names):
            path = here / name
            is_opened = opens_bundles and is_bundle(path)
            verdicts += _of_bundle(path, home, at) if is_opened else _of_file(path, set(names), home, at)
    return verdicts


def _of_file(path: Path, names: set[str], home: Home, at: datetime.datetime | None) -> list[Verdict]:
    if path.name == records.NAME:
        return [_release_verdict(path, names, home, at)]
    if path.name in (records.PROOF_NAME, records.STAMP_NAME) and records.NAME in names:
        return []
    sidecars = (".c2pa", records.BLOCK_LIST_ENDING)
    if any(path.name.endswith(ending) and path.name.removesuffix(ending) in names for ending in sidecars):
        return []
    try:
        verdict = verify(path, home, at)
    except UnreadableFileError as error:
        return [Verdict(path, "unknown", (str(error),))]
    if any(STAGING_MARK in part for part in path.parts):
        note = "it lies in the folder of a release that was interrupted and never finished"
        verdict = replace(verdict, reasons=(*verdict.reasons, note))
    return [verdict]


def _of_bundle(path: Path, home: Home, at: datetime.datetime | None) -> list[Verdict]:
    """Return the Verdicts on what is in a bundle, as if it lay in a folder of the bundle's name; nothing stays unpacked."""
    with tempfile.TemporaryDirectory(prefix="anastylosis-bundle-") as place:
        folder = Path(place) / "release"
        try:
            unpack(path, folder)
        except BundleError as error:
            return [Verdict(path, "altered", (f"it holds a Record, but cannot be a bundle as it was packed: {error}",))]
        # a bundle in a bundle stays closed: one can be made that holds itself (Cox 2010)
        inside = _walked(folder, home, at, opens_bundles=False)
        return [replace(one, path=path / one.path.relative_to(folder)) for one in inside]


def _release_verdict(path: Path, names: set[str], home: Home, at: datetime.datetime | None) -> Verdict:
    """Check the Record itself, and that every file that it lists is there."""
    verdict = verify(path, home, at)
    try:
        record = records.parse(path.read_bytes())
    except (OSError, RecordError):
        return verdict
    listed = [output["name"] for output in record["outputs"]]
    listed += [o["credential"]["name"] for o in record["outputs"] if isinstance((o.get("credential") or {}).get("name"), str)]
    blocked = [o["name"] for o in record["outputs"] if (o.get("credential") or {}).get("blocks_sha256")]
    listed += [name + records.BLOCK_LIST_ENDING for name in blocked]
    listed += [records.PROOF_NAME] + ([records.STAMP_NAME] if records.stamped_by(record) else [])
    missing = [name for name in listed if name not in names]
    if missing:
        why = f"{', '.join(missing)} is missing from the Release"
        return replace(verdict, state="altered", reasons=(why, *verdict.reasons))
    return replace(verdict, reasons=(f"a Release of {len(record['outputs'])} files, none missing", *verdict.reasons))


def _is_home(folder: Path) -> bool:
    return Home(folder).has_log


def _home_verdict(folder: Path, home: Home) -> Verdict:
    what = "a provenance home (keys, log and Records), not verified file by file"
    if folder.resolve() != home.folder.resolve():
        return Verdict(folder, "unknown", (f"{what}; it is not the one of this machine",), contains_ai=False)
    from provenance.log.store import Log

    try:
        audit = Log.open(home.log, home.keys).audit()
    except ProvenanceError as error:
        return Verdict(folder, "altered", (what, str(error)), contains_ai=False)
    if audit.problems:
        return Verdict(folder, "altered", (what, *audit.problems), contains_ai=False)
    sound = f"every hash, the root and the signature of its log of {audit.size} leaves were computed again and hold"
    return Verdict(folder, "intact", (what, sound), contains_ai=False)
