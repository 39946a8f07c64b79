"""What a person changed in a reading: openings moved, added, renamed or taken away, and the scale from two points.

A correction is text that a browser sent: it is checked as strictly as any stranger's file.
"""

from __future__ import annotations

import copy
import json
import math
from dataclasses import dataclass

from studio.errors import DrawingError

KINDS = ("door", "window", "opening", "arch", "niche", "shop", "gap")
MOST = 5000  # openings on one sheet; more is no correction
LONGEST = 2_000_000  # characters


class CorrectionError(DrawingError):
    """A correction did not arrive whole, or says something impossible."""


@dataclass(frozen=True)
class Corrections:
    """All openings as they stand after a person's work, and the scale if the person set it.

    Attributes:
        openings: (index in the reading or None for a new one, kind, box in pixels of the sheet).
        points: x0, y0, x1, y1 on the sheet and their distance in metres; None when the scale was left as it is.
    """

    openings: tuple[tuple[int | None, str, tuple[float, float, float, float]], ...]
    points: tuple[float, float, float, float, float] | None = None

    def as_json(self) -> dict:
        """The same as `parsed` takes it, and nothing beside it."""
        openings = [{"was": was, "kind": kind, "box": list(box)} for was, kind, box in self.openings]
        return {"openings": openings, "scale": None if self.points is None else list(self.points)}


def parsed(text: str, size: tuple[int, int], known: int) -> Corrections:
    """What the browser sent.

    Args:
        text: {"openings": [{"was": 3 or null, "kind": "door", "box": [x0, y0, x1, y1]}, …],
            "scale": [x0, y0, x1, y1, metres] or null}.
        size: width and height of the sheet; known: how many openings the reading has.
    Raises: CorrectionError.
    """
    again = CorrectionError("The corrections did not arrive whole: read the sheet again and correct it once more.")
    if len(text) > LONGEST:
        raise again
    try:
        values = json.loads(text)
        ones = values["openings"]
        if not isinstance(ones, list) or len(ones) > MOST:
            raise again
        openings = tuple((_index(one.get("was"), known), str(one["kind"]), _box(one["box"], size)) for one in ones)
        scale = values.get("scale")
        points = None if scale is None else tuple(float(v) for v in scale)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise again from error
    if any(kind not in KINDS for _, kind, _ in openings):
        raise CorrectionError(f"An opening has a kind that is not known: choose one of {', '.join(KINDS)}.")
    if points is None:
        return Corrections(openings)
    if len(points) != 5 or not all(math.isfinite(v) for v in points):
        raise again
    x0, y0, x1, y1, metres = points
    if metres <= 0 or math.hypot(x1 - x0, y1 - y0) < 2:
        raise CorrectionError("The two points measure nothing: they must lie apart, and their distance must be above 0 m.")
    return Corrections(openings, (x0, y0, x1, y1, metres))


def corrected(values: dict, corrections: Corrections) -> dict:
    """The reading's values with the corrections in them, a new dict; what a person touched says so.

    An untouched opening stays as it was read. A moved or renamed one keeps under "was" what had been read; those that were
    taken away stand in "rejected".
    """
    changed = copy.deepcopy(values)
    read = changed["openings"]
    openings, kept = [], set()
    for was, kind, box in corrections.openings:
        whole = [round(v) for v in box]
        if was is None:
            new = {"kind": kind, "box": whole, "confidence": 1.0, "inferred": False, "head": "flat"}
            openings.append({**new, "drawing": _drawing_at(changed, whole), "author": "person"})
            continue
        kept.add(was)
        before = read[was]
        if before["kind"] == kind and before["box"] == whole:
            openings.append(before)
            continue
        after = {**before, "kind": kind, "box": whole, "confidence": 1.0, "inferred": False, "author": "person"}
        if before["box"] != whole:
            for key in ("corners", "surround"):  # they belong to the place that was left
                after.pop(key, None)
        after["was"] = {"kind": before["kind"], "box": before["box"], "confidence": before["confidence"]}
        openings.append(after)
    rejected = [one for k, one in enumerate(read) if k not in kept]
    touched = sum(one["author"] == "person" for one in openings)
    changed["openings"] = openings
    changed["rejected"] = rejected
    said = [f"A person corrected {touched} openings and took {len(rejected)} away."] if touched or rejected else []
    if corrections.points is not None:
        x0, y0, x1, y1, metres = corrections.points
        scale = math.hypot(x1 - x0, y1 - y0) / metres
        changed["scale"] = {
            "px_per_m": round(scale, 4),
            "source": "person",
            "confidence": 1.0,
            "finding": None,
            "p0": [round(x0, 2), round(y0, 2)],
            "p1": [round(x1, 2), round(y1, 2)],
            "metres": metres,
        }
        said.append(f"A person set the scale: two points {metres:g} m apart, {scale:.2f} px per metre.")
        changed["notes"] = [note for note in changed["notes"] if not note.startswith("scale is not certain")]
    if said:
        changed["author"] = "person"
    changed["notes"] = [*changed["notes"], *said]
    return changed


def _index(was: object, known: int) -> int | None:
    if was is None:
        return None
    if not isinstance(was, int) or isinstance(was, bool) or not 0 <= was < known:
        raise ValueError(was)
    return was


def _box(box: object, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """A box inside the sheet, its corners in order."""
    if not isinstance(box, list) or len(box) != 4:
        raise ValueError(box)
    xs, ys = sorted(float(v) for v in box[::2]), sorted(float(v) for v in box[1::2])
    if not all(math.isfinite(v) for v in (*xs, *ys)):
        raise ValueError(box)
    x0, x1 = (min(max(v, 0.0), float(size[0])) for v in xs)
    y0, y1 = (min(max(v, 0.0), float(size[1])) for v in ys)
    if x1 - x0 < 1 or y1 - y0 < 1:
        raise ValueError(box)
    return x0, y0, x1, y1


def _drawing_at(values: dict, box: list[int]) -> int:
    """Index of the drawing that a new opening lies in; 0 when it lies in none."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    for k, drawing in enumerate(values["drawings"]):
        x0, y0, x1, y1 = drawing["box"]
        if x0 <= x <= x1 and y0 <= y <= y1:
            return k
    return 0
