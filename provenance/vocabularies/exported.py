"""One Record in the words of another field: which vocabularies there are, and how each is spelled."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from provenance.errors import ProvenanceError

KINDS = {    # name: (ending, media type)
    "prov": (".prov.json", "application/json"),
    "crmdig": (".jsonld", "application/ld+json"),
    "em": (".graphml", "application/graphml+xml"),
    "label": (".txt", "text/plain"),
}


class ExportError(ProvenanceError):
    """A Record cannot be told in the words that were asked for, or not be written where it was wanted."""


@dataclass(frozen=True)
class Exported:
    """A Record in another vocabulary: `text`, UTF-8, of a `media_type`."""

    text: str
    media_type: str

    def deliver(self, path: Path) -> None:
        """Write the text. Raises: ExportError, also when the file exists: nothing of the user's is overwritten."""
        try:
            with path.open("x", encoding="utf-8", newline="\n") as file:
                file.write(self.text)
        except FileExistsError as error:
            raise ExportError(f"{path} exists already: choose another name. Nothing was changed.") from error
        except OSError as error:
            raise ExportError(f"{path} cannot be written ({error.strerror}): choose another place.") from error


def exported(record: dict, kind: str, scene: dict | None = None, ending: str = "") -> Exported:
    """Tell a Record in another vocabulary.

    Args:
        record: as `provenance.record.parse` gives it.
        kind: a key of KINDS.
        scene: content of scene.json, or None; adds the elements to "prov", "crmdig" and "em".
        ending: of the file that it is for; a label is HTML for ".html", the sign alone for ".svg", else plain text.
    Raises: ExportError for another kind, or when there is no sign to draw because no model took part.
    """
    if kind not in KINDS:
        raise ExportError(f"“{kind}” is not known: choose one of {', '.join(KINDS)}.")
    try:
        return _told(record, kind, scene, ending.lower())
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        # a Record's frame was checked when it was parsed, and a scene was not: either may come from a stranger
        raise ExportError(f"The Record or its scene.json is not one of ours ({type(error).__name__}: {error}).") from error


def _told(record: dict, kind: str, scene: dict | None, ending: str) -> Exported:
    media_type = KINDS[kind][1]
    if kind == "prov":
        from provenance.vocabularies.prov import prov_json

        return Exported(json.dumps(prov_json(record, scene), ensure_ascii=False, indent=1) + "\n", media_type)
    if kind == "crmdig":
        from provenance.vocabularies.crmdig import crmdig_json_ld

        return Exported(json.dumps(crmdig_json_ld(record, scene), ensure_ascii=False, indent=1) + "\n", media_type)
    if kind == "em":
        from provenance.vocabularies.extended_matrix import extended_matrix

        return Exported(extended_matrix(record, scene), media_type)
    from provenance.vocabularies.ai_icon import ai_icon, icon_kind
    from provenance.vocabularies.wall_text import wall_page, wall_text

    if ending in (".html", ".htm"):
        return Exported(wall_page(record), "text/html")
    if ending == ".svg":
        sign = icon_kind(record)
        if sign is None:
            raise ExportError("No model took part, so there is no sign to draw: leave it out.")
        return Exported(ai_icon(sign) + "\n", "image/svg+xml")
    return Exported(wall_text(record), media_type)
