"""A small picture whose corners differ, the four kinds of scene made from it, and what must hold for any of them."""

from __future__ import annotations

import io
import itertools

import manifold3d
import numpy as np
import pytest
import trimesh

from blender_addon.scenes.facade import Face, facade
from blender_addon.scenes.gallery import gallery
from blender_addon.scenes.openings import Opening
from blender_addon.scenes.plan import Gap, plan, polygons_from_mask
from blender_addon.scenes.relief import relief
from blender_addon.scenes.texture import Texture


def corners(width: int = 48, height: int = 32) -> np.ndarray:
    """Red upper left, green upper right, blue lower left, white lower right."""
    picture = np.zeros((height, width, 3), np.uint8)
    picture[: height // 2, : width // 2] = (255, 0, 0)
    picture[: height // 2, width // 2 :] = (0, 255, 0)
    picture[height // 2 :, : width // 2] = (0, 0, 255)
    picture[height // 2 :, width // 2 :] = (255, 255, 255)
    return picture


ARCH = ((120, 80), (140, 80), (140, 50), (135, 42), (130, 40), (125, 42), (120, 50))
OPENINGS = (
    Opening("window", (60, 40, 80, 80)),
    Opening("window", (120, 40, 140, 80), outline=ARCH),
    Opening("door", (85, 90, 115, 150)),
    Opening("window", (150, 95, 158, 120), inferred=True),
)
HOUSE = {"wall_px": (40, 20, 180, 150), "px_per_m": 20.0, "by_rule": ("cornice", "plinth"), "source_sha256": "ab" * 32}


def wall_mask() -> np.ndarray:
    """Outer walls and one inner wall at 20 px per metre: 10 m × 7 m outside, walls of half a metre, a door and a window."""
    mask = np.zeros((180, 240), bool)
    mask[20:160, 20:220] = True
    mask[30:150, 30:110] = mask[30:150, 120:210] = False
    mask[150:160, 60:80] = False  # door
    mask[20:30, 150:180] = False  # window
    return mask


GAPS = (Gap("door", (60, 150, 80, 160)), Gap("window", (150, 20, 180, 30)))


def _raised(**how):
    return plan(polygons_from_mask(wall_mask(), 20.0), px_per_m=20.0, gaps=GAPS, **how)


SCENES = {
    "relief": lambda: relief(corners(), width_m=1.2, depth_m=0.03, beside=True),
    "restored relief": lambda: relief(corners(), width_m=1.2, depth_m=0.03, levels=np.eye(32, 48, dtype=np.uint8) * 7),
    "façade": lambda: facade(OPENINGS, drawing=corners(220, 170), **HOUSE),
    "façade under a picture": lambda: facade(OPENINGS, face=Face(Texture.from_pixels(corners())), **HOUSE),
    "gabled façade": lambda: facade(
        OPENINGS, silhouette_px=[(40, 150), (180, 150), (180, 20), (110, 0), (40, 20)],
        roof_px=[(30, 20), (190, 20), (110, -20)],
        depth_m=0.6, depth_level=2, cornice_px=(35, 15, 185, 20), **HOUSE | {"by_rule": ()},
    ),
    "plan": lambda: _raised(height_m=3.2, drawing=np.full((180, 240, 3), 250, np.uint8)),
    "plan without a sheet": lambda: _raised(),
    "gallery": lambda: gallery(corners(), width_m=1.4, label=corners(21, 15)),
    "gallery of a miniature": lambda: gallery(corners(8, 12), width_m=0.05, framed=False),
    "gallery of a banner": lambda: gallery(corners(90, 10), width_m=12.0, level=7, author="AI"),
}


@pytest.fixture(params=list(SCENES))
def scene(request):
    """One scene of each kind."""
    return SCENES[request.param]()


def reloaded(data: bytes, **how) -> dict[str, trimesh.Trimesh]:
    """The meshes of a GLB as trimesh reads them."""
    return dict(trimesh.load(io.BytesIO(data), file_type="glb", **how).geometry)


def overlaps(model) -> list[str]:
    """Pairs of solids that share more than a hundredth of a litre."""
    solids = [
        (one, manifold3d.Manifold(manifold3d.Mesh(one.vertices.astype(np.float32), one.faces.astype(np.uint32))))
        for one in model.solids
    ]
    return [
        f"{a.id} and {b.id}"
        for (a, inside_a), (b, inside_b) in itertools.combinations(solids, 2)
        if np.all(a.bounds[0] < b.bounds[1]) and np.all(b.bounds[0] < a.bounds[1]) and (inside_a ^ inside_b).volume() > 1e-5
    ]


def shown_at(solid, point, picture: np.ndarray) -> np.ndarray:
    """The texel of `picture` that a textured solid shows at its vertex nearest to `point`."""
    nearest = np.linalg.norm(solid.vertices - np.array(point), axis=1).argmin()
    u, v = np.clip(solid.uv[nearest], 0, 1 - 1e-6)
    return picture[int((1 - v) * picture.shape[0] - 1e-6), int(u * picture.shape[1])]
