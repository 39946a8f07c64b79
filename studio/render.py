"""From a sealed scene to a sealed render with its evidence pass; Blender works in a process of its own."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from blender_addon.launch import Progress, find_blender
from blender_addon.launch import render as render_in_blender
from blender_addon.scenes.levels import palette
from provenance.draft import Document, Draft, Picture, SourceNote
from provenance.home import Home
from studio.errors import NoSceneError
from studio.report.evidence import level_legend


def render_scene(
    scene: Path,
    out: Path,
    *,
    home: Home,
    width: int = 960,
    height: int = 540,
    samples: int = 32,
    camera: str = "still",
    blend: bool = False,
    blender: Path | None = None,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
):
    """Render a scene with Cycles and seal the picture, its evidence pass, and what else was asked for.

    Args:
        scene: folder that holds `scene.json` and `scene.glb`, or its `scene.json`.
        out: folder of the Release; must not exist yet, or be empty.
        width, height: pixels. samples: per pixel. camera: "still", "turntable", "equirect" or "dome".
        blend: keep the .blend file.
        blender: an executable, or a Python that has bpy; found when left out.

    Returns:
        provenance.release.Release
    """
    from provenance.release import check_folder, release

    # 1. Find everything before minutes are spent.
    check_folder(out)
    description, geometry = scene_files(scene)
    said = json.loads(description.read_text(encoding="utf-8"))
    program = find_blender(blender)

    # 2. Render, in another process and in a temporary folder.
    asked = {"width": width, "height": height, "samples": samples, "seed": seed, "camera": camera}
    job = asked | {"glb": geometry, "scene": description, "blend": blend}
    done = render_in_blender(job, _told(on_progress), blender=program)
    try:
        # 3. Say what is what, and seal it.
        draft = _draft(said, asked, done, (description, geometry), str(said.get("name", "scene")))
        return release(draft, out, home)
    finally:
        shutil.rmtree(done["folder"], ignore_errors=True)


def scene_files(scene: Path) -> tuple[Path, Path]:
    """The scene.json and scene.glb of a scene. Raises: NoSceneError."""
    folder = scene if scene.is_dir() else scene.parent
    files = folder / "scene.json", folder / "scene.glb"
    for file in files:
        if not file.is_file():
            raise NoSceneError(f"{folder} holds no {file.name}: give the folder that 'anastylosis scene' made.")
    return files


def _told(on_progress: Callable[[int, int], None] | None) -> Callable[[Progress], None] | None:
    if on_progress is None:
        return None

    def tell(progress: Progress) -> None:
        if progress.stage in ("picture", "film") and progress.total:
            on_progress(progress.done, progress.total)

    return tell


def _draft(said: dict, asked: dict, done: dict, scene: tuple[Path, Path], name: str) -> Draft:
    picture, levels, ai = (_pixels(done[key]) for key in ("picture", "evidence", "ai"))
    is_ai = ai > 127
    files: list[Picture | Document] = [
        Picture("render.png", picture, "render", ai=is_ai if is_ai.any() else None),
        Picture("evidence.png", levels, "evidence", palette=palette(), legend=level_legend()),
    ]
    has_ai = any(one.get("author") == "AI" for one in (*said["elements"], *said["plates"]))
    if done["film"]:
        files.append(Document("film.mp4", "video/mp4", "film", contains_ai=has_ai, path=done["film"]))
    if done["blend"]:
        files.append(Document("scene.blend", "application/x-blender", "blend", contains_ai=has_ai, path=done["blend"]))
    notes = tuple(
        SourceNote("input", file.name, _digest(file), media, file)
        for file, media in zip(scene, ("application/json", "model/gltf-binary"), strict=True)
    )
    findings = {
        "ai_share_of_frame": done["ai_share"],
        "background_share": done["background_share"],
        "exposure_stops": done["exposure_stops"],
        "clipped_share": done["clipped_share"],
        "seconds": round(done["seconds"], 1),
    }
    request = {"operation": "render", **asked, "scene_sha256": notes[0].sha256, "geometry_sha256": notes[1].sha256}
    draft = Draft(
        operation="render",
        request=request | {"versions": {"blender": done["blender"]}},
        files=tuple(files),
        sources=notes,
        levels={level: float(done["levels"].get(level, 0.0)) for level in map(str, range(1, 8))},
        assumptions=tuple(said.get("assumptions", ())),
        findings=findings,
    )
    from dataclasses import replace

    from studio.report.page import scene_page

    page = scene_page(draft, render=picture, evidence=levels, title=name)
    return replace(draft, files=(*files, Document("index.html", "text/html", "page", contains_ai=False, data=page.encode())))


def _pixels(path: Path) -> np.ndarray:
    """Pixels of a PNG that Blender wrote: [H, W, 3] for the picture, [H, W] for the passes."""
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise NoSceneError(f"Blender left {path.name} unreadable: render again.")
    return cv2.cvtColor(pixels[..., :3], cv2.COLOR_BGR2RGB) if pixels.ndim == 3 else pixels


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
