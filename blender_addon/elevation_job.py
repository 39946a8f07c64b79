"""Let Blender photograph massings straight on: arrays in, arrays out. Imports no bpy."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from .errors import RenderFailedError
from .launch import Blender, Progress, find_blender, run_job
from .scenes.gltf import glb
from .scenes.model import SceneModel
from .scenes.surfaces import Surface, surface_of

# The draughtsman's sun: over the left shoulder along the diagonal of a cube: a thing throws a shadow as wide as it stands out.
CONVENTIONAL = (1.0, 1.0, -1.0)


@dataclass(frozen=True)
class Hour:
    """The light of a look.

    Attributes:
        towards: where the sun's rays go, any length.
        sun, sky: strength; W/m² and Blender's background strength. sun_colour, sky_colour: linear.
    """

    towards: tuple[float, float, float] = CONVENTIONAL
    sun: float = 4.2
    sky: float = 0.38
    sun_colour: tuple[float, float, float] = (1.0, 0.94, 0.84)
    sky_colour: tuple[float, float, float] = (0.72, 0.84, 1.0)


@dataclass(frozen=True, eq=False)
class Look:
    """One picture to take: a massing, its surfaces by name, and its light."""

    model: SceneModel
    surfaces: dict[str, Surface]
    hour: Hour = field(default_factory=Hour)


@dataclass(frozen=True, eq=False)
class Shot:
    """What Blender saw.

    Attributes:
        light: float32 [H, W, 4], linear; alpha is the share that solids cover, colours are multiplied by it.
        ids: uint16 [H, W], 1 + index in the model's elements; 0 = sky.
        depth: float32 [H, W], metres behind the wall's face; 0 in the sky.
        normals: float32 [H, W, 3], unit, in the world (x right, y away, z up); 0 in the sky.
        blender: version.
    """

    light: np.ndarray
    ids: np.ndarray
    depth: np.ndarray
    normals: np.ndarray
    blender: str


def photograph(
    looks: Sequence[Look],
    size_px: tuple[int, int],
    *,
    samples: int = 16,
    threads: int = 0,
    blender: Blender | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> list[Shot]:
    """Photograph each look within its model's focus; a pixel of the picture is a pixel of the drawing.

    Args:
        looks: whose models share one focus; consecutive ones that share a model share its passes as well.
        size_px: width and height.
        threads: 0 for as many as the machine has.
    Raises: BlenderNotFoundError, RenderFailedError; what `on_progress` raises passes through when Blender has ended.
    """
    blender = blender or find_blender()
    width, height = size_px
    with tempfile.TemporaryDirectory(prefix="anastylosis-elevation-", ignore_cleanup_errors=True) as scratch:
        folder, focus = Path(scratch), looks[0].model.focus
        out = folder / "out"
        out.mkdir()
        job = {
            "camera": "elevation", "width": width, "height": height, "samples": samples, "threads": threads, "out": str(out),
            "frame": [focus.center[0], focus.center[2], *focus.size_m], "looks": _written(looks, folder),
        }  # fmt: skip
        done = run_job(job, blender, on_progress)
        try:
            shots = [
                _shot(out, light, passes, done["blender"]) for light, passes in zip(done["lights"], done["passes"], strict=True)
            ]
        except (OSError, ValueError, KeyError) as error:
            raise RenderFailedError(f"Blender left no readable elevation ({error}): try again.") from error
    return shots


def _written(looks: Sequence[Look], folder: Path) -> list[dict]:
    """Each look as the job says it, its geometry and surfaces written beside it once."""
    known: dict[int, str] = {}

    def array(values: np.ndarray | None) -> str:
        if values is None:
            return ""
        if id(values) not in known:
            path = folder / f"array-{len(known)}.npy"
            with path.open("wb") as file:
                np.lib.format.write_array(file, np.ascontiguousarray(values, np.float32), allow_pickle=False)
            known[id(values)] = str(path)
        return known[id(values)]

    said = []
    for look in looks:
        if id(look.model) not in known:
            path = folder / f"scene-{len(known)}.glb"
            with path.open("wb") as file:
                file.write(glb(look.model))
            known[id(look.model)] = str(path)
        hour = look.hour
        said.append({
            "glb": known[id(look.model)],
            "scene": [{"id": one.id, "surface": surface_of(one.kind)} for one in look.model.elements],
            "surfaces": {
                name: {"albedo": array(one.albedo), "height": array(one.height), "roughness": one.roughness,
                       "specular": one.specular}
                for name, one in look.surfaces.items()
            },
            "sun": {"towards": hour.towards, "strength": hour.sun, "colour": hour.sun_colour},
            "sky": {"strength": hour.sky, "colour": hour.sky_colour},
        })  # fmt: skip
    return said


def _shot(out: Path, light: str, passes: str, blender: str) -> Shot:
    seen = np.load(out / passes, allow_pickle=False)
    ids = np.rint(seen[..., 0]).astype(np.uint16)
    return Shot(np.load(out / light, allow_pickle=False), ids, seen[..., 1], seen[..., 2:5], blender)
