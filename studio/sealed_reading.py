"""A sealed reading of an elevation, corrected in the page or not, from which a speculation takes its openings."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from provenance.draft import SourceNote
from provenance.home import Home
from provenance.verify import verify
from studio.drawings.facade_corrected import elevation_values
from studio.drawings.reading import Box
from studio.errors import AncestorError, MissingFileError
from studio.sources import Source

LARGEST_BYTES = 20_000_000  # a reading of a large plan with all its rooms has a twentieth of that


@dataclass(frozen=True, eq=False)
class SealedReading:
    """A reading.json of a Release.

    Attributes:
        path, sha256: its file.
        values: of its elevation, as `facade_corrected.facade_values` makes them.
        box: of the elevation where the sheet carries more than it, pixels of the scanned sheet; else None.
    """

    path: Path
    sha256: str
    values: dict
    box: Box | None

    def note(self) -> SourceNote:
        """What a Draft keeps of it."""
        return SourceNote("input", self.path.name, self.sha256, "application/json", self.path)


def sealed_reading(path: Path, drawing: Source, home: Home) -> SealedReading:
    """Open the reading of a drawing.

    Args:
        path: the reading.json in its Release, `record.json` beside it, or one whose Record this machine's archive holds.
        drawing: the sheet that it should have been read from.
        home: whose keys and Records are asked.

    Raises:
        AncestorError: when it was changed since it was sealed, is no reading, or was read from another sheet.
        CorrectionError: when it holds no elevation.
    """
    if not path.is_file():
        raise MissingFileError(f"There is no {path}: give the reading.json of a reading.")
    if path.stat().st_size > LARGEST_BYTES:
        raise AncestorError(f"{path.name} has {path.stat().st_size} bytes and is no reading: give the reading.json of one.")
    verdict = verify(path, home)
    if verdict.state != "intact" or verdict.record is None:
        raise AncestorError(
            f"{path.name} is {verdict.state} ({verdict.reasons[0]}): only a reading that is bit for bit as it was sealed is "
            "taken. Correct it in the page's tab Read, and seal it there."
        )
    record = verdict.record
    files = {output["sha256"]: output["name"] for output in record["outputs"] if output["role"] == "reading"}
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    if record["operation"] != "read" or digest not in files or not record["sources"]:
        raise AncestorError(f"{path.name} is no reading: give the reading.json that 'anastylosis read' or the page sealed.")
    if record["sources"][0]["sha256"] != drawing.sha256:
        raise AncestorError(f"{path.name} was not read from {drawing.name}: give the sheet that it belongs to.")
    try:
        values, box = elevation_values(json.loads(data), drawing.size)
    except (ValueError, RecursionError) as error:
        raise AncestorError(f"{path.name} holds no JSON: give the reading.json of a reading.") from error
    return SealedReading(path, digest, values, box)
