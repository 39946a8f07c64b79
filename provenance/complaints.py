"""Everything that keeps a Draft from being sealed, said at once and before any work."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePath

import numpy as np

from provenance import record as records
from provenance.draft import Document, Draft, Picture
from provenance.encode import misfit

_RESERVED = (records.NAME, records.PROOF_NAME, records.STAMP_NAME)
_ROLES = ("parent", "input")


def complaints(draft: Draft) -> list[str]:
    """Return one sentence for each fault of a Draft; none when it can be sealed."""
    found = [] if draft.files else ["It holds no file."]
    names = Counter(file.name.casefold() for file in draft.files)
    for file in draft.files:
        found += _of_name(file.name)
        if names[file.name.casefold()] > 1:
            found.append(f"{file.name} stands in it twice.")
        found += _of_picture(file) if isinstance(file, Picture) else _of_document(file)
    for note in draft.sources:
        if note.role not in _ROLES:
            found.append(f"The source {note.name} has the role “{note.role}” instead of parent or input.")
        if not re.fullmatch("[0-9a-f]{64}", note.sha256):
            found.append(f"The source {note.name} has no SHA-256 of 64 small hexadecimal digits.")
    for level, share in draft.levels.items():
        if level not in tuple("1234567") or not 0 <= share <= 1:
            found.append(f"Level “{level}” with a share of {share} is not a level 1 … 7 with a share 0 … 1.")
    return list(dict.fromkeys(found))


def _of_name(name: str) -> list[str]:
    is_plain = name == PurePath(name).name and "\\" not in name and not name.startswith(".") and name.isprintable()
    if not is_plain or len(name.encode()) > 200:
        return [f"“{name}” is not a plain file name."]
    if name in _RESERVED or name.endswith((".c2pa", records.BLOCK_LIST_ENDING)):
        return [f"{name} is a name that sealing itself uses."]
    return []


def _of_picture(picture: Picture) -> list[str]:
    try:
        found = misfit(picture, picture.pixels)
    except Exception as error:  # noqa: BLE001  whatever is wrong with the pixels is one complaint among others
        return [str(error)]
    faults = [found] if found else []
    for what, plane in (("AI mask", picture.ai), ("fixed mask", picture.fixed)):
        if plane is not None and (plane.dtype != np.bool_ or plane.shape != picture.pixels.shape[:2]):
            found, wanted = f"{plane.dtype} {plane.shape}", f"bool {picture.pixels.shape[:2]}"
            faults.append(f"The {what} of {picture.name} is {found}, not {wanted}.")
    return faults


def _of_document(document: Document) -> list[str]:
    if (document.data is None) == (document.path is None):
        return [f"{document.name} needs either bytes or a file, and one of the two only."]
    if document.path is not None and not document.path.is_file():
        return [f"{document.name} should come from {document.path}, which is not there."]
    return []
