"""A picture as a low relief: brightness becomes height on a closed, printable solid that carries the picture's colours."""

from __future__ import annotations

import numpy as np

from ..errors import MeasureError
from .heights import heights, resampled, worst_in_cells
from .model import Author, Element, Evidence, Focus, Light, SceneModel
from .solids import Geometry, plate
from .texture import Texture, eight_bits

STONE = (196, 190, 178)


def relief(
    pixels: np.ndarray,
    *,
    width_m: float,
    depth_m: float,
    base_m: float | None = None,
    invert: bool = False,
    level: int = 6,
    author: Author = "rule",
    levels: np.ndarray | None = None,
    source_sha256: str = "",
    max_vertices: int = 250_000,
    beside: bool = False,
) -> SceneModel:
    """Build the relief; it stands on the ground, seen from the south, its left where the picture's left is.

    Args:
        pixels: uint8 or uint16 [H, W], [H, W, 3] or [H, W, 4], display-referred; alpha is left aside.
        width_m: exact width of the solid; its height follows from the picture's proportions.
        depth_m: height of the brightest point above the darkest.
        base_m: thickness of the slab behind the darkest point; as thick as `depth_m`, at least 2 mm, when left out.
        invert: dark becomes high.
        level, author: what the relief is known by; a height guessed from brightness is a rule, 6. Where a model filled in any
            part of the picture the author is "AI": a solid has one author, and `levels` does not change it.
        levels: uint8 [H, W], the level of each pixel of the picture; the worse of it and `level` stands at each vertex.
        source_sha256: digest of the picture's file.
        max_vertices: the picture is averaged down to a grid that keeps this.
        beside: a second solid, `plate-picture`, shows the picture itself to the right of the relief.
    Raises: MeasureError for sizes that are not positive; TextureError for other pixels.
    """
    base_m = max(depth_m, 0.002) if base_m is None else base_m
    if not (0 < width_m < 1e4 and 0 < depth_m < 1e3 and 0 < base_m < 1e3) or max_vertices < 64:
        raise MeasureError(f"A relief {width_m} m × {depth_m} m, on a slab of {base_m} m, with {max_vertices} vertices "
                           "cannot be built: give lengths above zero and at least 64 vertices.")  # fmt: skip
    picture = eight_bits(pixels)
    color = np.broadcast_to(picture[..., None], (*picture.shape, 3)) if picture.ndim == 2 else picture[..., :3]
    rows, cols = _grid(color.shape[0], color.shape[1], max_vertices)
    height_m = width_m * color.shape[0] / color.shape[1]
    seen = resampled(color, rows, cols)
    raised = heights((0.2126 * seen[..., 0] + 0.7152 * seen[..., 1] + 0.0722 * seen[..., 2]) / 255, invert=invert)
    vertices, faces = closed_sheet(raised * depth_m, width_m, height_m, base_m)
    painted = np.full((len(vertices), 3), STONE, np.uint8)
    painted[: rows * cols] = np.rint(seen).reshape(-1, 3)
    known = None
    if levels is not None:
        known = np.full(len(vertices), level, np.uint8)
        known[: rows * cols] = np.maximum(worst_in_cells(levels, rows, cols).ravel(), level)
    evidence = (Evidence(source_sha256, (0, 0, color.shape[1], color.shape[0]), "height from brightness, even light assumed"),)
    stone = Element(
        "relief", "relief", vertices, faces, level if known is None else int(known.max()), author, evidence,
        aspects={"position": 6, "form": level, "dimension": level}, material="stone", color=(1.0, 1.0, 1.0), roughness=0.75,
        smooth=True, vertex_colors=painted, vertex_levels=known,
    )  # fmt: skip
    plates = ()
    if beside:
        plates = (plate("plate-picture", Texture.from_pixels(picture), center=(width_m * 1.1, 0.0, height_m / 2),
                        right=(1, 0, 0), up=(0, 0, 1), width_m=width_m, height_m=height_m, level=1, author="drawing",
                        thickness_m=base_m, kind="document", evidence=evidence),)  # fmt: skip
    return SceneModel("relief", (stone,), plates, _raking(width_m, height_m), _focus(width_m, height_m, beside), (
        f"The heights ({depth_m:g} m from darkest to brightest) are a reading of brightness, not a measurement.",
        f"The slab behind is {base_m:g} m thick by rule.",
    )).check()  # fmt: skip


def closed_sheet(raised_m: np.ndarray, width_m: float, height_m: float, base_m: float) -> Geometry:
    """A height field as a closed solid, without a Python loop.

    Args:
        raised_m: float [R, C], metres in front of the plane y = 0; [0, 0] is the upper left seen from the south.
        width_m, height_m: exact extent of the grid; it is centred on x = 0 and stands on z = 0.
        base_m: the flat back lies at y = `base_m`.
    Returns: vertices [R·C + rim + 1, 3], the grid first, and faces; the back is a fan around one vertex in its middle.
    """
    rows, cols = raised_m.shape
    x, z = np.meshgrid(np.linspace(-width_m / 2, width_m / 2, cols), np.linspace(height_m, 0.0, rows))
    front = np.stack([x, -raised_m, z], -1).reshape(-1, 3)
    index = np.arange(rows * cols, dtype=np.int64).reshape(rows, cols)
    a, b, c, d = index[1:, :-1], index[1:, 1:], index[:-1, 1:], index[:-1, :-1]  # counter-clockwise from the south
    # The rim, counter-clockwise from the south, doubled at the back.
    rim = np.concatenate([index[-1, :-1], index[:0:-1, -1], index[0, :0:-1], index[:-1, 0]])
    behind = front[rim].copy()
    behind[:, 1] = base_m
    back = rows * cols + np.arange(len(rim))
    middle = np.full(len(rim), rows * cols + len(rim))
    faces = [(a, b, c), (a, c, d), (rim, back, np.roll(back, -1)), (rim, np.roll(back, -1), np.roll(rim, -1)),
             (middle, np.roll(back, -1), back)]  # fmt: skip
    vertices = np.concatenate([front, behind, [[0.0, base_m, height_m / 2]]])
    return vertices, np.concatenate([np.stack(corners, -1).reshape(-1, 3) for corners in faces])


def _grid(height_px: int, width_px: int, max_vertices: int) -> tuple[int, int]:
    """Rows and columns in the picture's proportions, never more than its pixels, whose vertices stay within the limit."""
    scale = min(1.0, (max_vertices / (height_px * width_px)) ** 0.5)
    while True:
        rows, cols = max(2, int(height_px * scale)), max(2, int(width_px * scale))
        if rows * cols + 2 * (rows + cols) <= max_vertices or (rows, cols) == (2, 2):
            return rows, cols
        scale *= 0.99


def _raking(width_m: float, height_m: float) -> tuple[Light, ...]:
    """Light that grazes from the upper left, as one photographs coins, and a weak one from the right to open the shadows."""
    size = max(width_m, height_m)
    top = (0.0, 0.0, height_m / 2)
    left, right = (-1.3 * size, -0.9 * size, height_m / 2 + 1.2 * size), (1.6 * size, -1.8 * size, height_m / 2 + 0.2 * size)
    return (
        Light("area", left, top, 38 * size**2, 0.5 * size, (1.0, 0.96, 0.9), "raking"),
        Light("area", right, top, 14 * size**2, 1.2 * size, (0.9, 0.95, 1.0), "fill"),
    )


def _focus(width_m: float, height_m: float, beside: bool) -> Focus:
    x = width_m * 0.55 if beside else 0.0
    return Focus((x, 0.0, height_m / 2), (width_m * (2.2 if beside else 1.1), height_m * 1.1))
