"""A scene as a .blend file and back, through Blender in a process of its own. Imports no bpy."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path

from .errors import BlenderNotFoundError, RenderFailedError, SceneFileError
from .launch import Blender, find_blender
from .scenes.gltf import glb
from .scenes.model import SceneModel

SCRIPT = Path(__file__).with_name("blend_process.py")
PATIENCE_SECONDS = 600.0


def save_blend(model: SceneModel, folder: Path, *, blender: str | Path | None = None) -> Path:
    """Write `scene.blend` into a temporary folder: one object for each solid with its level, author and evidence.

    Args:
        model: what to write; its geometry and pictures are packed into the file.
        folder: exists; belongs to the caller.
        blender: where to write it; found by `find_blender` when left out.
    Raises: BlenderNotFoundError; RenderFailedError when Blender ends without the file.
    """
    with tempfile.TemporaryDirectory(prefix="anastylosis-blend-") as scratch:
        for name, data in (("scene.json", model.to_json().encode()), ("scene.glb", glb(model))):
            with (Path(scratch) / name).open("wb") as file:
                file.write(data)
        target = folder.resolve() / "scene.blend"
        _run({"save": str(Path(scratch) / "scene.json"), "to": str(target)}, Path(scratch), blender)
    if not target.is_file():
        raise RenderFailedError("Blender ended without an error and without scene.blend: try again, or name another Blender.")
    return target


def read_blend(path: Path, *, blender: str | Path | None = None) -> SceneModel:
    """The model in a .blend file that `save_blend` wrote, or that an artist went on with.

    Geometry, levels, authors and evidence are those of the objects as they are now; what else scene.json says (assumptions,
    lights, contradictions) is kept in the file as it was.
    Raises: SceneFileError when the file holds no scene of ours; BlenderNotFoundError.
    """
    if not path.is_file():
        raise SceneFileError(f"There is no {path}.")
    with tempfile.TemporaryDirectory(prefix="anastylosis-blend-") as scratch:
        _run({"read": str(path.resolve()), "to": scratch}, Path(scratch), blender)
        try:
            text = (Path(scratch) / "scene.json").read_text(encoding="utf-8")
            return SceneModel.from_json(text, (Path(scratch) / "scene.glb").read_bytes())
        except OSError as error:
            raise SceneFileError(f"{path.name} holds no scene of ours: open the scene.json beside it instead.") from error


def _run(job: dict, scratch: Path, wish: str | Path | None) -> None:
    blender: Blender = find_blender(wish)
    environment = {**os.environ, "BLENDER_USER_RESOURCES": str(scratch / "resources"), "PYTHONDONTWRITEBYTECODE": "1"}
    environment.pop("PYTHONPATH", None)
    job_file = scratch / "job.json"
    with job_file.open("w", encoding="utf-8") as file:
        json.dump(job, file)
    try:
        done = subprocess.run(  # noqa: S603 - our own script, and a Blender that the user named or installed
            blender.command(SCRIPT, str(job_file)),
            capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment, cwd=scratch, timeout=PATIENCE_SECONDS,
            check=False,
        )  # fmt: skip
    except OSError as error:
        raise BlenderNotFoundError(f"{blender.executable} could not be started: {error}.") from error
    if done.returncode:
        last = [line for line in done.stderr.splitlines() if line.strip()][-1:] or ["it gave no reason"]
        raise RenderFailedError(f"Blender ({blender.executable}) could not do it: {last[0].strip()}")
