"""From a picture or a drawing to a sealed metric scene: `scene.glb`, `scene.json`, the overlay of what was read, a page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from blender_addon.scenes.model import Author, SceneModel
from provenance.draft import Document, Draft, Picture
from provenance.home import Home
from studio.ancestry import Ancestor
from studio.drawings.reading import FacadeReading, PlanReading, Rectified, ScaleBar
from studio.errors import NoDrawingError, ScaleError
from studio.sources import Source, open_source
from studio.worn import known, worn_variant

KINDS = ("relief", "facade", "plan", "gallery")
RELIEF_SHARE = 0.03  # depth of a relief as a share of its width: coins and carvings; a rule, level 6


@dataclass(frozen=True)
class Asked:
    """How large the work is, as far as the user said."""

    width_m: float | None
    px_per_m: float | None
    read_scale_bar: bool

    def scale_of(self, width_px: int, bar: ScaleBar | None, name: str, fineness: float = 1.0) -> tuple[float, tuple[str, ...]]:
        """Pixels per metre and where they come from. Raises: ScaleError when nobody says, or the bar cannot be read.

        Args:
            width_px: of the picture that is measured. bar: read in it. name: of the file.
            fineness: pixels of the file in one pixel of that picture; a person speaks of the file's.
        """
        if self.px_per_m is not None:
            return self.px_per_m / fineness, ()
        if self.width_m is not None:
            return width_px / self.width_m, ()
        if not self.read_scale_bar:
            raise ScaleError(
                f"How large is {name}? Pass --width-m, --scale PX_PER_M, or --scale-bar to read the bar on the sheet."
            )
        if bar is None or bar.px_per_m is None:
            seen = (
                "no scale bar was found"
                if bar is None
                else f"a bar of {bar.length_px:.0f} px was found, but not what it measures"
            )
            raise ScaleError(f"{name}: {seen}. Pass --scale PX_PER_M (pixels of the bar ÷ metres that it stands for).")
        figures = f"{bar.length_px:.1f} px = {bar.value:g} m"
        return bar.px_per_m, (f"The scale was read from the sheet's bar: {figures}, {bar.px_per_m:.2f} px per metre.",)


def build_scene(
    picture: Path,
    out: Path,
    *,
    home: Home,
    kind: str = "relief",
    width_m: float | None = None,
    px_per_m: float | None = None,
    read_scale_bar: bool = False,
    height_m: float | None = None,
    variant: Path | None = None,
    rights: str | None = None,
    strict_rights: bool = False,
):
    """Build a scene of closed solids in metres and seal it.

    Args:
        picture: a work (relief, gallery) or a drawing (facade, plan).
        out: folder of the Release; must not exist yet, or be empty.
        kind: one of KINDS.
        width_m, px_per_m, read_scale_bar: one of the three says how large it is.
        height_m: of a plan's walls; a rule when left out.
        variant: a sealed variant of this drawing, which a façade then wears.

    Returns:
        provenance.release.Release
    Raises:
        AncestorError for a variant that was changed, or drawn after another sheet.
        ScaleError rather than a guess, when none of the three is given or the bar cannot be read.
    """
    from blender_addon.scenes.gltf import glb
    from provenance.release import check_folder, check_rights, release

    # 1. Open.
    check_folder(out)
    source = open_source(picture, rights=rights)
    check_rights(source.rights, strict_rights)
    asked = Asked(width_m, px_per_m, read_scale_bar)
    worn = None if variant is None else worn_variant(variant, [source], kind, home)

    # 2. Read the drawing, if it is one, and build.
    origin = origin_of(source, home)
    if kind == "facade":
        model, overlay, said = facade_scene(source, asked, worn)
    elif kind == "plan":
        model, overlay, said = plan_scene(source, asked, height_m)
    else:
        model, overlay, said = work_scene(source, asked, kind, origin)
    geometry = glb(model.check())

    # 3. Say what is what, and seal it.
    request = {
        "operation": "scene",
        "kind": kind,
        "source_sha256": source.sha256,
        "width_m": width_m,
        "px_per_m": px_per_m,
        "read_scale_bar": read_scale_bar,
        "height_m": height_m,
        "variant_sha256": None if worn is None else worn.source.sha256,
    }
    sources = (source.note("input"), *(() if worn is None else (worn.source.note("input"),)))
    draft = _draft(source, model, geometry, overlay, request, (*source.notes, *origin.notes, *said, *model.assumptions))
    draft = replace(draft, sources=sources)
    return release(draft, out, home, strict_rights=strict_rights)


@dataclass(frozen=True)
class Origin:
    """What is known of the picture that is to be built with: `level` and `author` of what it shows."""

    level: int = 1
    author: Author = "drawing"
    notes: tuple[str, ...] = ()


def origin_of(source: Source, home: Home) -> Origin:
    """Was a model's hand in it? Our own Records and the file's credential say."""
    from provenance.verify import verify

    verdict = verify(source.path, home)
    if not verdict.contains_ai:
        return Origin()
    share = "" if verdict.ai_share is None else f" in {verdict.ai_share:.1%} of its pixels"
    said = f"{source.name} holds AI{share}; the whole plate or relief that shows it stands at level 7, author AI."
    return Origin(7, "AI", (said,))


def work_scene(
    source: Source, asked: Asked, kind: str, origin: Origin
) -> tuple[SceneModel, np.ndarray | None, tuple[str, ...]]:
    """A relief of the picture, or the picture hung in a room."""
    from blender_addon.scenes.gallery import gallery
    from blender_addon.scenes.relief import relief
    from blender_addon.scenes.texture import Texture
    from studio.drawings.paper import flatten
    from studio.drawings.scale_bar import scale_bar
    from studio.speculate import eight_bit_rgb

    bar = scale_bar(flatten(eight_bit_rgb(source.pixels))) if asked.read_scale_bar else None
    scale, said = asked.scale_of(source.size[0], bar, source.name)
    width = source.size[0] / scale
    if kind == "relief":
        level, author = max(6, origin.level), "AI" if origin.author == "AI" else "rule"
        model = relief(
            source.pixels, width_m=width, depth_m=width * RELIEF_SHARE, level=level, author=author, source_sha256=source.sha256
        )
        rule = (
            f"The relief's depth, {width * RELIEF_SHARE * 1000:.1f} mm, is a rule (3 % of its width); heights follow the tones."
        )
        return model, None, (*said, rule)
    carried = source.pixels
    if source.media_type in ("image/png", "image/jpeg") and source.orientation == 1 and source.pixels.dtype == np.uint8:
        # the file's own bytes: a watermark or a credential in it stays what it is
        carried = Texture.from_bytes(source.path.read_bytes())
    return gallery(carried, width_m=width, level=origin.level, author=origin.author, source_sha256=source.sha256), None, said


def facade_scene(source: Source, asked: Asked, worn: Ancestor | None = None) -> tuple[SceneModel, np.ndarray, tuple[str, ...]]:
    """A façade extruded from an elevation; where it wears a variant, everything that faces the viewer shows it, at level 7."""
    from blender_addon.scenes.facade import Face, facade
    from blender_addon.scenes.openings import Opening
    from blender_addon.scenes.texture import Texture
    from studio.drawings.facade import read_facade
    from studio.drawings.overlay import overlay
    from studio.drawings.reading_json import fineness
    from studio.drawings.rectify import rectified
    from studio.drawings.scale_bar import scale_bar
    from studio.speculate import eight_bit_rgb

    sheet = rectified(eight_bit_rgb(source.pixels))
    reading: FacadeReading = read_facade(sheet)
    if reading.facade is None:
        raise NoDrawingError(f"No façade was found on {source.name}: give a sheet that shows one elevation, cropped to it.")
    bar = scale_bar(sheet.gray) if asked.read_scale_bar else None
    scale, said = asked.scale_of(reading.picture.shape[1], bar, source.name, fineness(sheet))
    openings = [
        Opening("door" if one.kind == "door" else "window", _floats(one.box), inferred=one.inferred) for one in reading.openings
    ]
    face = None
    if worn is not None and worn.frame is not None:
        # the file's own bytes: its watermark and its credential stay what they are
        face = Face(Texture.from_bytes(worn.source.path.read_bytes()), _floats(worn.frame), *known(worn))
        said = (*said, f"The façade wears {worn.source.name}; behind a leaf of 2 cm that shows it, everything is a rule.")
    model = facade(
        openings,
        wall_px=_floats(reading.facade),
        px_per_m=scale,
        roof_px=_roof(reading),
        by_rule=("cornice", "plinth") if worn is None else (),
        face=face,
        drawing=reading.picture,
        source_sha256=source.sha256,
    )
    return _on_sheet(model, sheet), overlay(reading.picture, reading), (*said, *reading.notes, *_turned(reading.angle))


def plan_scene(source: Source, asked: Asked, height_m: float | None) -> tuple[SceneModel, np.ndarray, tuple[str, ...]]:
    """Walls raised from a plan."""
    from blender_addon.scenes.plan import Gap, plan, polygons_from_mask
    from studio.drawings.overlay import overlay
    from studio.drawings.plan import read_plan
    from studio.drawings.reading_json import fineness
    from studio.drawings.rectify import rectified
    from studio.drawings.scale_bar import scale_bar
    from studio.speculate import eight_bit_rgb

    sheet = rectified(eight_bit_rgb(source.pixels))
    reading: PlanReading = read_plan(sheet)
    if not reading.walls.any():
        raise NoDrawingError(f"No walls were found on {source.name}: give a sheet that shows one ground plan.")
    bar = scale_bar(sheet.gray) if asked.read_scale_bar else None
    scale, said = asked.scale_of(reading.picture.shape[1], bar, source.name, fineness(sheet))
    model = plan(
        polygons_from_mask(reading.walls, scale),
        height_m=height_m,
        gaps=[Gap("window" if one.kind == "window" else "door", _floats(one.box)) for one in reading.openings],
        px_per_m=scale,
        drawing=reading.picture,
        source_sha256=source.sha256,
    )
    return _on_sheet(model, sheet), overlay(reading.picture, reading), (*said, *reading.notes, *_turned(reading.angle))


def _on_sheet(model: SceneModel, sheet: Rectified) -> SceneModel:
    """The same scene, its evidence in pixels of the sheet as it was scanned and not of the rectified picture."""

    def moved(solid):
        evidence = []
        for one in solid.evidence:
            if one.region is not None:
                x0, y0, x1, y1 = one.region
                corners = sheet.on_sheet(np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)]))
                one = replace(one, region=tuple(np.round([*corners.min(axis=0), *corners.max(axis=0)], 1).tolist()))
            evidence.append(one)
        return replace(solid, evidence=tuple(evidence))

    return replace(model, elements=tuple(map(moved, model.elements)), plates=tuple(map(moved, model.plates)))


def _roof(reading: FacadeReading) -> list[tuple[float, float]] | None:
    """The part of the silhouette above the eaves, if there is one worth building."""
    if reading.silhouette is None or reading.facade is None:
        return None
    eaves = reading.facade[1]
    above = [(float(x), float(min(y, eaves))) for x, y in reading.silhouette if y <= eaves + 1]
    high = eaves - min((y for _, y in above), default=eaves)
    return above if len(above) >= 3 and high > 0.04 * (reading.facade[3] - eaves) else None


def _floats(box: tuple[int, int, int, int]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = map(float, box)
    return x0, y0, x1, y1


def _turned(angle: float) -> tuple[str, ...]:
    return (f"The sheet was turned upright by {angle:.2f}°.",) if abs(angle) > 0.05 else ()


def _draft(
    source: Source, model: SceneModel, geometry: bytes, overlay: np.ndarray | None, request: dict, assumptions: tuple[str, ...]
) -> Draft:
    from studio.report.page import scene_page

    has_ai = any(solid.author == "AI" for solid in model.solids)
    files: list[Picture | Document] = [
        Document("scene.glb", "model/gltf-binary", "scene", contains_ai=has_ai, data=geometry),
        Document("scene.json", "application/json", "reading", contains_ai=False, data=model.to_json().encode()),
    ]
    if overlay is not None:
        files.append(Picture("reading.png", overlay, "overlay"))
    low, high = model.bounds
    draft = Draft(
        operation="scene",
        request=request,
        files=tuple(files),
        sources=(source.note("input"),),
        levels={level: model.levels().area.get(level, 0.0) for level in map(str, range(1, 8))},
        assumptions=tuple(dict.fromkeys(assumptions)),
        findings={"solids": len(model.solids), "size_m": [round(float(side), 4) for side in high - low]},
    )
    page = scene_page(draft, render=overlay, title=source.name)
    return replace(draft, files=(*files, Document("index.html", "text/html", "page", contains_ai=False, data=page.encode())))
