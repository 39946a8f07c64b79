"""A sealed variant back on what it was drawn after: a façade wears it, or that side of a whole building."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from blender_addon.scenes.building_design import Design, FacadeFrame
from blender_addon.scenes.coat import Projection, coated
from blender_addon.scenes.model import Author, SceneModel
from provenance.home import Home
from studio.ancestry import Ancestor, ancestor_of
from studio.drawings.fuse import Fused
from studio.drawings.views import Placed
from studio.errors import AncestorError, DrawingError
from studio.sources import Source

WEARERS = ("facade", "building")
FILLED_M = 0.25  # panes and doors end 23 cm behind the wall's face; between their leaves one sees through the house
OF_THE_WALL = 0.5  # of a wall's width and height that a variant shows at least of the elevation that it was drawn after


class NoSideError(DrawingError):
    """The sheet that a variant was drawn after shows no side of the building that was made of the sheets."""


def worn_variant(path: Path, drawings: Sequence[Source], kind: str, home: Home) -> Ancestor:
    """The variant that a façade or a building is to wear.

    Raises: AncestorError unless it is a sealed variant, bit for bit, of one of these very drawings.
    """
    if kind not in WEARERS:
        raise AncestorError(
            f"A {kind} wears no variant: give the elevation that it was drawn after with --kind facade, "
            "or all sheets of the house with --kind building."
        )
    worn = ancestor_of(path, home)
    if worn.drawing_sha256 not in {one.sha256 for one in drawings} or worn.frame is None:
        names = " or ".join(one.name for one in drawings)
        raise AncestorError(f"{path.name} was not drawn after {names}, or its Record does not say which part it shows.")
    return worn


def known(worn: Ancestor) -> tuple[int, Author]:
    """Level and author of what a variant shows: a model's conjecture, or where no model touched it, what rules make."""
    return (7, "AI") if worn.by_model else (6, "rule")


def wearing(designed: Design, worn: Ancestor, fused: Fused) -> tuple[SceneModel, dict]:
    """The building that was designed, a variant on the side that its sheet shows, and what a Record says of it.

    Raises: NoSideError when none of the building's sides was read from that sheet.
    """
    from blender_addon.scenes.building import building
    from blender_addon.scenes.texture import Texture

    placed = _side(worn, fused)
    note = f"Windows of the {placed.side} side have frames and no bars by rule: {worn.source.name} shows its own."
    model = building(replace(designed, undivided=(placed.side,), assumptions=(*designed.assumptions, note)))
    frame = FacadeFrame(placed.side, designed.size)
    # the file's own bytes: its watermark and its credential stay what they are
    texture = Texture.from_bytes(worn.source.path.read_bytes())
    across, levels = _place(worn, placed, fused)
    level, author = known(worn)
    outline, passages = _outline(placed, fused), _passages(designed, frame)
    picture = Projection(texture, worn.source.name, worn.source.sha256, frame, across, levels, outline, passages, level, author)
    clothed = coated(model, picture)
    seen, covered = (sum(one[key] for one in clothed.worn) for key in ("seen_m2", "worn_m2"))
    said: dict[str, Any] = {
        "side": placed.side,
        "variant_sha256": worn.source.sha256,
        "seen_m2": round(seen, 3),
        "worn_m2": round(covered, 3),
        "share": round(covered / seen, 4),
        "solids": sum("coat" in one for one in clothed.worn),
        "texel_m": round((across[1] - across[0]) / texture.width, 5),
    }
    return clothed, said


def _side(worn: Ancestor, fused: Fused) -> Placed:
    """The elevation that the variant was drawn after, as it lies in the building's frame."""
    x0, y0, x1, y1 = worn.frame or (0, 0, 0, 0)
    for placed in fused.elevations.values():
        left, top, right, bottom = placed.view.wall
        wide, high = min(x1, right) - max(x0, left), min(y1, bottom) - max(y0, top)
        is_shown = wide > OF_THE_WALL * (right - left) and high > OF_THE_WALL * (bottom - top)
        if placed.view.sha256 == worn.drawing_sha256 and is_shown:
            return placed
    sides = ", ".join(f"{side} ({one.view.name})" for side, one in fused.elevations.items()) or "none"
    raise NoSideError(
        f"The building has no side that {worn.source.name} could be laid on: its sheet shows none of those that were read "
        f"from elevations ({sides}). Say what the sheet is with --as SHEET=elevation and which façade with --side SHEET=…"
    )


def _place(worn: Ancestor, placed: Placed, fused: Fused) -> tuple[tuple[float, float], tuple[tuple[float, float], ...]]:
    """Where the variant's edges lie along the façade, and its heights as built: where a section moved a level, it moves too."""
    x0, y0, x1, y1 = worn.frame or (0, 0, 0, 0)
    (left, high), (right, low) = placed.metres(x0, y0), placed.metres(x1, y1)
    moved = [z for z, _ in fused.heights.anchors.get(placed.side, ()) if low < z < high]
    by_z = {fused.heights.built(placed.side, z): (z - low) / (high - low) for z in (low, *moved, high)}
    levels = sorted(by_z.items())
    straight = np.interp([z for z, _ in levels], [levels[0][0], levels[-1][0]], [0.0, 1.0])
    bend = np.abs(straight - [share for _, share in levels]).max()
    return (left, right), tuple(levels) if bend > 0.5 / worn.source.size[1] else (levels[0], levels[-1])


def _outline(placed: Placed, fused: Fused) -> list[tuple[float, float]] | None:
    """The building's outline on the sheet, in metres as built: beyond it a variant shows the sky."""
    points = placed.view.front.silhouette
    if points is None:
        return None
    found = [placed.metres(float(x), float(y)) for x, y in points]
    return [(u, fused.heights.built(placed.side, z)) for u, z in found]


def _passages(designed: Design, frame: FacadeFrame) -> list[tuple[Any, float]]:
    """Every opening of that side, and how deep its filling reaches; where nothing fills it, where the wall's face stands."""
    from blender_addon.scenes.building_walls import face_at, hole_shape, local, outlines

    wall = local(outlines(designed).sides[frame.side], frame)
    found = []
    for hole in (one for one in designed.holes if one.side == frame.side):
        face = face_at(wall, sum(hole.span) / 2)
        if face is not None:
            deep = 0.0 if hole.kind == "opening" else FILLED_M
            found.append((hole_shape(hole), face[0] + deep))
    return found
