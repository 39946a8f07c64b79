"""An elevation's openings and scale as a person left them, laid over what was read of it.

A person corrects in the pixels of the scanned sheet; a FacadeReading lives in those of the rectified one. What nobody touched
stays the very opening that was read, so that rounding moves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from studio.drawings.corrections import CorrectionError, corrected, parsed
from studio.drawings.reading import Box, FacadeReading, ReadOpening, Rectified, ScaleBar
from studio.drawings.reading_json import fineness, opening_json

UNREAD = 0.2  # confidence of an elevation on which no opening is left, as in `facade.read_facade`
ROW = 0.04  # of the wall's height: openings within it stand in one row


def facade_values(reading: FacadeReading, sheet: Rectified, size: tuple[int, int]) -> dict:
    """What there is to correct in an elevation that has its sheet to itself, as reading.json has it.

    Args:
        reading: in pixels of `sheet.picture`.
        size: width and height of the sheet as it was scanned, in whose pixels the values are.
    """
    px_per_m = reading.scale.px_per_m if reading.scale is not None else None
    return {
        "size": list(size),
        "drawings": [{"kind": "elevation", "box": [0, 0, *size]}],
        "openings": [opening_json(sheet, one, 0) for one in reading.openings],
        "rejected": [],
        "scale": {"px_per_m": px_per_m and round(px_per_m * fineness(sheet), 4), "source": "bar" if px_per_m else "none"},
        "notes": [],
        "author": "drawing",
    }


def by_corrections(reading: FacadeReading, sheet: Rectified, size: tuple[int, int], text: str) -> dict:
    """The values with what the person's page sent in them. Raises: CorrectionError."""
    values = facade_values(reading, sheet, size)
    return corrected(values, parsed(text, size, len(values["openings"])))


def laid_over(values: dict, reading: FacadeReading, sheet: Rectified) -> FacadeReading:
    """The reading with the openings and the scale of `values`; its confidence is that of the openings it now has.

    Args:
        values: "openings" and "scale" as reading.json has them, checked, in pixels of the scanned sheet.
        reading: in pixels of `sheet.picture`.
    """
    known = {(one.kind, tuple(opening_json(sheet, one, 0)["box"])): one for one in reading.openings}
    openings = []
    for one in values["openings"]:
        same = known.get((one["kind"], tuple(one["box"])))
        openings.append(_opening(one, sheet) if same is None or one["author"] == "person" else same)
    if tuple(openings) != reading.openings:  # what nobody touched stays in the order in which it was read
        tall = reading.facade[3] - reading.facade[1] if reading.facade is not None else reading.picture.shape[0]
        openings.sort(key=lambda one: (round(one.box[1] / max(1.0, ROW * tall)), one.box[0]))
    sure = float(np.mean([one.confidence for one in openings])) if openings else UNREAD
    return replace(reading, openings=tuple(openings), confidence=sure, scale=_scale(values["scale"], reading, sheet))


def said_of(values: dict) -> tuple[str, ...]:
    """What a person's hand did, one sentence each, places in pixels of the scanned sheet; nothing where none touched it."""
    mine = [one for one in values["openings"] if one["author"] == "person"]
    said = []
    if mine:
        places = ", ".join(f"{one['kind']} {_place(one['box'])}{_before(one)}" for one in mine)
        said.append(f"Openings whose author is a person: {places}.")
    if values["rejected"]:
        places = ", ".join(f"{one['kind']} {_place(one['box'])}" for one in values["rejected"])
        said.append(f"Read as openings and taken away by a person: {places}.")
    scale = values["scale"]
    if scale["source"] == "person":
        said.append(f"The scale is a person's: {scale['px_per_m']:.2f} px of the sheet per metre.")
    return tuple(said)


def by_person(values: dict) -> dict:
    """What a Record keeps of a person's corrections; empty where nothing was corrected.

    Returns: "openings", the person's, each with what had been read; "rejected", those taken away; "scale", if it is a person's.
    """
    found = {
        "openings": [one for one in values["openings"] if one["author"] == "person"],
        "rejected": values["rejected"],
        "scale": values["scale"] if values["scale"]["source"] == "person" else None,
    }
    return {key: value for key, value in found.items() if value}


def elevation_values(values: object, size: tuple[int, int]) -> tuple[dict, Box | None]:
    """The elevation of a reading.json, every value checked; and its box where the sheet carries more than it.

    Args:
        values: what the file holds.
        size: width and height of the sheet that it should belong to.
    Returns: values as `facade_values` makes them, and a box in pixels of the scanned sheet or None.
    Raises: CorrectionError when it is no reading of such a sheet, or holds no elevation.
    """
    try:
        return _elevation_values(values, size)
    except (TypeError, KeyError, ValueError, AttributeError, IndexError) as error:
        raise CorrectionError("The reading does not say what a reading says: take the reading.json of its Release.") from error


def _elevation_values(values, size: tuple[int, int]) -> tuple[dict, Box | None]:
    if list(values["size"]) != list(size):
        raise CorrectionError(f"The reading is of a sheet of {values['size']} pixels, and this one has {list(size)}.")
    drawings = values["drawings"]
    elevations = [k for k, one in enumerate(drawings) if one["kind"] == "elevation"]
    if not elevations:
        kinds = ", ".join(sorted({str(one["kind"]) for one in drawings})) or "nothing"
        raise CorrectionError(f"The reading holds no elevation but {kinds}: variants are drawn after an elevation.")
    chosen = max(elevations, key=lambda k: _area(drawings[k]["box"]))
    openings = [_checked(one, size) for one in values["openings"] if one["drawing"] == chosen]
    rejected = [_checked(one, size) for one in values.get("rejected", []) if one["drawing"] == chosen]
    scale = values["scale"]
    px_per_m = None if scale["px_per_m"] is None else float(scale["px_per_m"])
    if px_per_m is not None and not 0 < px_per_m < 1e6:
        raise CorrectionError(f"The reading's scale is {px_per_m} px per metre, which no sheet has.")
    kept = {"px_per_m": px_per_m, "source": "person" if scale["source"] == "person" else str(scale["source"])[:40]}
    box = _checked({**drawings[chosen], "kind": "opening"}, size)["box"] if len(drawings) > 1 else None
    whole = {"size": list(size), "openings": openings, "rejected": rejected, "scale": kept, "notes": []}
    return whole, None if box is None else (box[0], box[1], box[2], box[3])


def on_picture(box: Box, sheet: Rectified) -> Box:
    """A box of the scanned sheet as an upright box of the rectified picture, within it."""
    x0, y0, x1, y1 = box
    corners = sheet.from_sheet(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64))
    xs, ys = np.sort(corners[:, 0]), np.sort(corners[:, 1])  # the mean of two corners on each side, as `reading_json` has it
    height, width = sheet.gray.shape
    sides = (xs[:2].mean(), ys[:2].mean(), xs[2:].mean(), ys[2:].mean())
    x0, y0, x1, y1 = (round(float(np.clip(v, 0, most))) for v, most in zip(sides, (width, height) * 2, strict=True))
    return x0, y0, x1, y1


def _opening(one: dict, sheet: Rectified) -> ReadOpening:
    box = on_picture(tuple(one["box"]), sheet)
    return ReadOpening(
        box, one["kind"], one["confidence"], one["inferred"], one.get("head", "flat"), by_person=one["author"] == "person"
    )


def _scale(scale: dict, reading: FacadeReading, sheet: Rectified) -> ScaleBar | None:
    """The scale of the values; the bar itself where it says no more than that."""
    is_persons = scale["source"] == "person"
    if not scale["px_per_m"] or (reading.scale is not None and reading.scale.px_per_m and not is_persons):
        return reading.scale
    metre = scale["px_per_m"] / fineness(sheet)
    return ScaleBar((0.0, 0.0), (metre, 0.0), 1, 1.0, "m", 1.0, by_person=is_persons)


def _checked(one: dict, size: tuple[int, int]) -> dict:
    """An opening of a reading.json, with nothing in it that is not understood here. Raises what is wrong with it."""
    sent = json.dumps({"openings": [{"was": None, "kind": one["kind"], "box": one["box"]}]})
    ((_, kind, box),) = parsed(sent, size, 0).openings
    found = {
        "kind": kind,
        "box": [round(side) for side in box],
        "confidence": float(np.clip(float(one["confidence"]), 0, 1)),
        "inferred": bool(one.get("inferred", False)),
        "head": one["head"] if one.get("head") in ("round", "pointed") else "flat",
        "drawing": 0,
        "author": one["author"] if one.get("author") in ("person", "rule") else "drawing",
    }
    if isinstance(one.get("was"), dict):
        found["was"] = {key: _checked(one["was"] | {"author": "drawing"}, size)[key] for key in ("kind", "box", "confidence")}
    return found


def _area(box: Sequence[float]) -> float:
    return float((box[2] - box[0]) * (box[3] - box[1]))


def _place(box: Sequence[float]) -> str:
    return f"{box[0]}…{box[2]}, {box[1]}…{box[3]} px"


def _before(one: dict) -> str:
    was = one.get("was")
    if was is None:
        return " (added)"
    return f" (was {was['kind']} {_place(was['box'])})" if was["box"] != one["box"] else f" (was {was['kind']})"
