"""From sheets to one sealed building: read each drawing, fuse them, build, and say where they disagree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from blender_addon.scenes.model import SceneModel
from provenance.draft import Document, Draft, Picture, SourceNote
from provenance.home import Home
from studio.drawings.contradictions import Contradiction, loud
from studio.drawings.gather import Said, views_of
from studio.drawings.views import View
from studio.errors import DrawingError
from studio.sources import open_source
from studio.worn import wearing, worn_variant

EXPORTS = ("usd", "ifc", "blend")


class ContradictionError(DrawingError):
    """The sheets disagree by more than 3 %, and the person asked not to go on then."""


def build_building(
    sheets: Sequence[Path],
    out: Path,
    *,
    home: Home,
    said: Said | None = None,
    height_m: float | None = None,
    exports: Sequence[str] = (),
    strict: bool = False,
    rights: str | None = None,
    strict_rights: bool = False,
    blender: Path | None = None,
    variant: Path | None = None,
):
    """Build one building from a plan, elevations and sections, and seal it.

    Args:
        sheets: pictures of the drawings, one or more.
        out: folder of the Release; must not exist yet, or be empty.
        said: kinds, scales and façades that a person knows; the rest is read.
        height_m: of the walls, where no sheet shows it.
        exports: any of EXPORTS, beside scene.glb and scene.json.
        strict: refuse when sheets disagree by more than 3 %.
        blender: for the .blend; found when left out.
        variant: a sealed variant of one of the sheets, which that side of the building then wears.
    Returns: provenance.release.Release
    Raises: DrawingError and its subclasses: no drawing, no scale, different buildings, contradictions when `strict`, no side
        that the variant belongs to. AncestorError for a variant that was changed, or drawn after none of the sheets.
    """
    from blender_addon.scenes.building import building
    from provenance.release import check_folder, check_rights, release
    from studio.drawings.designed import design
    from studio.drawings.fuse import fuse

    # 1. Open.
    check_folder(out)
    sources = [open_source(path, rights=rights) for path in sheets]
    for source in sources:
        check_rights(source.rights, strict_rights)
    worn = None if variant is None else worn_variant(variant, sources, "building", home)

    # 2. Read, bring together, build.
    said = said or Said()
    views, notes = views_of(sources, said)
    fused = fuse(views, height_m=height_m)
    asking = loud(fused.contradictions)
    if strict and asking:
        raise ContradictionError(f"The sheets disagree, and --strict was given, so nothing was built. {' '.join(asking)}")
    designed = design(fused, sources[0].path.stem)
    designed = replace(designed, assumptions=(*notes, *designed.assumptions))
    inputs, findings = [source.note("input") for source in sources], {}
    if worn is None:
        model = building(designed)
    else:
        model, findings["worn"] = wearing(designed, worn, fused)
        inputs.append(worn.source.note("input"))
    model = replace(model, contradictions=tuple(one.to_json() for one in fused.contradictions))

    # 3. Say what is what, and seal it.
    request = {
        "operation": "scene",
        "kind": "building",
        "sources_sha256": [source.sha256 for source in sources],
        "kinds": dict(said.kinds),
        "scales": dict(said.scales),
        "sides": dict(said.sides),
        "height_m": height_m,
        **({} if said.north is None else {"north": said.north}),
        "exports": list(exports),
        **({} if worn is None else {"variant_sha256": worn.source.sha256}),
    }
    with Exported(model, exports, blender) as files:
        draft = _draft(inputs, views, model, fused.contradictions, request, files)
        draft = replace(draft, findings={**draft.findings, **findings})
        return release(draft, out, home, strict_rights=strict_rights)


class Exported:
    """The other formats of a scene as Documents; what Blender wrote lies in a temporary folder until it is sealed."""

    def __init__(self, model: SceneModel, exports: Sequence[str], blender: Path | None):
        self.model, self.exports, self.blender = model, exports, blender
        self.folder = None

    def __enter__(self) -> tuple[Document, ...]:
        """Write them."""
        has_ai = any(solid.author == "AI" for solid in self.model.solids)
        found = []
        for name in dict.fromkeys(self.exports):
            if name == "usd":
                from blender_addon.scenes.usd import usdz

                found.append(Document("scene.usdz", "model/vnd.usdz+zip", "scene", has_ai, data=usdz(self.model)))
            elif name == "ifc":
                from blender_addon.scenes.ifc import ifc

                found.append(Document("scene.ifc", "application/x-step", "scene", has_ai, data=ifc(self.model)))
            elif name == "blend":
                import tempfile

                from blender_addon.blend import save_blend

                self.folder = tempfile.TemporaryDirectory(prefix="anastylosis-blend-")
                path = save_blend(self.model, Path(self.folder.name), blender=self.blender)
                found.append(Document("scene.blend", "application/x-blender", "blend", has_ai, path=path))
        return tuple(found)

    def __exit__(self, *_) -> None:
        """Take the temporary folder away."""
        if self.folder is not None:
            self.folder.cleanup()


def _draft(
    inputs: Sequence[SourceNote],
    views: Sequence[View],
    model: SceneModel,
    contradictions: Sequence[Contradiction],
    request: dict,
    exported: Sequence[Document],
) -> Draft:
    from blender_addon.scenes.gltf import glb
    from studio.report.page import scene_page

    has_ai = any(solid.author == "AI" for solid in model.solids)
    overlays = _overlays(views)
    files: list[Picture | Document] = [
        Document("scene.glb", "model/gltf-binary", "scene", contains_ai=has_ai, data=glb(model)),
        Document("scene.json", "application/json", "reading", contains_ai=False, data=model.to_json().encode()),
        *exported,
        *overlays,
    ]
    asking = loud(contradictions)
    low, high = _building_bounds(model)
    findings: dict = {
        "solids": len(model.solids),
        "size_m": [round(float(side), 4) for side in high - low],
        "contradictions": [one.to_json() for one in contradictions],
    }
    if model.north is not None:
        findings["north"] = model.north
    if asking:
        count = "one place" if len(asking) == 1 else f"{len(asking)} places"
        findings["reason"] = f"The sheets disagree in {count} by more than 3 %; a person has to decide. " + " ".join(asking)
    listed = [one.sentence for one in contradictions if one.gate == "listed"]
    draft = Draft(
        operation="scene",
        request=request,
        files=tuple(files),
        sources=tuple(inputs),
        levels={level: model.levels().area.get(level, 0.0) for level in map(str, range(1, 8))},
        assumptions=tuple(dict.fromkeys((*(f"The sheets disagree. {one}" for one in (*asking, *listed)), *model.assumptions))),
        findings=findings,
    )
    page = scene_page(draft, render=overlays[0].pixels if overlays else None, title=model.name)
    return replace(draft, files=(*files, Document("index.html", "text/html", "page", contains_ai=False, data=page.encode())))


def _building_bounds(model: SceneModel) -> np.ndarray:
    """float64 [2, 3]: the building alone, without ground and sheets, metres."""
    bounds = np.stack([one.bounds for one in model.elements if one.kind != "ground"])
    return np.stack([bounds[:, 0].min(axis=0), bounds[:, 1].max(axis=0)])


def _overlays(views: Sequence[View]) -> list[Picture]:
    """What was read, drawn over each sheet."""
    from studio.drawings.overlay import overlay
    from studio.drawings.reading import SectionReading

    found = []
    for number, view in enumerate(views):
        if not isinstance(view.reading, SectionReading):
            name = f"reading-{number + 1}-{view.kind}.png"
            found.append(Picture(name, overlay(view.reading.picture, view.reading), "overlay"))
    return found
