"""How well an element is known: the seven levels, their colours and hatches, and the average uncertainty of a model.

Source: the CoVHer scale (University of Bologna), doi 10.3390/heritage7080209, and the formulas of its Blender tool.
A high uncertainty is no low worth: the averages stand beside the documentation and the coloured view, never in their place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ..errors import OpenSolidError, SceneError
from .closed import complaint, volume


@dataclass(frozen=True)
class Level:
    """One step of the scale.

    Attributes:
        number: 1 (the thing itself) … 7 (conjecture); 0 is the abstention, which no average counts.
        name: two or three words for a legend.
        hex: display colour (sRGB) as the published tool shows it on screen.
        safe_hex: the same step in a palette that also reads without telling red from green.
        hatch: "plain", "dots", "horizontal", "vertical", "rising", "falling" or "crossed"; so that colour never stands alone.
        gist: what the level means, one sentence.
    """

    number: int
    name: str
    hex: str
    safe_hex: str
    hatch: str
    gist: str

    @property
    def uncertainty_percent(self) -> float:
        """Middle of the level's band: (number − ½) / 7 · 100."""
        return (self.number - 0.5) / 7 * 100

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Display colour, 0…255."""
        return _rgb(self.hex)

    @property
    def linear_rgb(self) -> tuple[float, float, float]:
        """The colour as Blender and glTF take it: linear light, 0…1."""
        red, green, blue = linear_from_srgb(np.array(self.rgb) / 255)
        return float(red), float(green), float(blue)


# The published tool hands its colours to Blender as linear light; orange (1, ⅓, 0) is therefore seen as #FF9C00, not #FF5500.
LEVELS: tuple[Level, ...] = (
    Level(1, "the thing itself", "#FFFFFF", "#FDF5D0", "plain", "Recorded from the thing itself, in enough detail."),
    Level(2, "direct source", "#0000FF", "#F4D35E", "dots", "Read from a design or survey drawing, in enough detail."),
    Level(3, "its author, detailed", "#00FFFF", "#B5C267", "horizontal", "From other work of its author, in enough detail."),
    Level(4, "other author, detailed", "#00FF00", "#6FA68B", "vertical", "From work of other authors, in enough detail."),
    Level(5, "its author, coarse", "#FFFF00", "#3F7F93", "rising", "From other work of its author, short of the detail."),
    Level(6, "other author or rule", "#FF9C00", "#2F5587", "falling", "From work of others or a rule, short of the detail."),
    Level(7, "conjecture", "#FF0000", "#2B1B4D", "crossed", "Conjecture: no source; this is where a model invents."),
)
ABSTENTION = Level(0, "not assessed", "#000000", "#000000", "plain", "Nobody has said how well this is known.")
ASPECTS = ("position", "form", "dimension", "material")


def level(number: int) -> Level:
    """The Level with this number, 0…7. Raises: SceneError for any other number."""
    if number not in range(8):
        raise SceneError(f"An evidence level is a number from 1 to 7 (0 = not assessed); {number!r} is none.")
    return ABSTENTION if number == 0 else LEVELS[number - 1]


def worst(aspects: dict[str, int]) -> int:
    """The Level of an element whose aspects are known differently well: the worst of them; an aspect at 0 is not assessed."""
    return max(aspects.values(), default=0)


def palette(safe: bool = False) -> np.ndarray:
    """uint8 [8, 3]: row n is the display colour of level n, row 0 black for nothing; `safe` picks the other palette."""
    return np.array([_rgb(step.safe_hex if safe else step.hex) for step in (ABSTENTION, *LEVELS)], np.uint8)


def level_image(levels: np.ndarray, *, safe: bool = False, pitch_px: int = 0) -> np.ndarray:
    """Colour a map of levels.

    Args:
        levels: uint8 [H, W], 0…7.
        safe: use the palette that needs no telling of red from green.
        pitch_px: distance of the hatch lines; 0 leaves the hatches away.
    Returns: uint8 [H, W, 3], sRGB.
    Raises: SceneError when a value is above 7.
    """
    if levels.size and int(levels.max()) > 7:
        raise SceneError(f"A map of levels holds the value {int(levels.max())}; the scale ends at 7.")
    image = palette(safe)[levels]
    if pitch_px > 1:
        lines = np.zeros(levels.shape, bool)
        for step in LEVELS:
            lines |= (levels == step.number) & hatch(step, levels.shape, pitch_px)
        light = image @ np.array([0.299, 0.587, 0.114]) > 110
        image = np.where((lines & light)[..., None], 0, np.where(lines[..., None], 255, image)).astype(np.uint8)
    return image


def hatch(step: Level, shape: tuple[int, ...], pitch_px: int) -> np.ndarray:
    """Mask, bool [H, W]: True on the lines of this level's hatch, which repeats every `pitch_px` pixels."""
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
    rising, falling = (x + y) % pitch_px == 0, (x - y) % pitch_px == 0
    return {
        "plain": np.zeros(shape, bool),
        "dots": (x % pitch_px == 0) & (y % pitch_px == 0),
        "horizontal": y % pitch_px == 0,
        "vertical": x % pitch_px == 0,
        "rising": rising,
        "falling": falling,
        "crossed": rising | falling,
    }[step.hatch]


@dataclass(frozen=True)
class Uncertainty:
    """Average uncertainty of a model in percent, 0…100; None when nothing was assessed.

    Attributes:
        by_volume: AU_V = Σ V U / Σ V.
        by_volume_and_relevance: AU_VR = Σ V U R / Σ V R.
        volume_m3: the volume that was counted; abstained solids are left out.
    """

    by_volume: float | None
    by_volume_and_relevance: float | None
    volume_m3: float


def uncertainty(solids: Iterable) -> Uncertainty:
    """AU_V and AU_VR over solids that do not overlap.

    Args:
        solids: things with `id`, `vertices` [N, 3] in metres, `faces` [M, 3], `level` 0…7 and `relevance` above 0.
    Raises: OpenSolidError when a solid is open or inside out: its signed volume would corrupt the average without a sign.
    """
    weight = weighted = relevance = relevance_weighted = 0.0
    for solid in solids:
        if reason := complaint(solid.vertices, solid.faces):
            raise OpenSolidError(f"{solid.id} {reason}, so the average uncertainty was not computed: close the solid first.")
        if solid.level == 0:
            continue
        cubic_metres, percent = volume(solid.vertices, solid.faces), level(solid.level).uncertainty_percent
        weight, weighted = weight + cubic_metres, weighted + cubic_metres * percent
        relevance += cubic_metres * solid.relevance
        relevance_weighted += cubic_metres * solid.relevance * percent
    if weight == 0:
        return Uncertainty(None, None, 0.0)
    return Uncertainty(weighted / weight, relevance_weighted / relevance, weight)


def linear_from_srgb(values: np.ndarray) -> np.ndarray:
    """Display-referred 0…1 to linear light 0…1. Source: IEC 61966-2-1."""
    values = np.asarray(values, np.float64)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def srgb_from_linear(values: np.ndarray) -> np.ndarray:
    """Linear light 0…1 to display-referred 0…1. Source: IEC 61966-2-1."""
    values = np.asarray(values, np.float64)
    return np.where(values <= 0.0031308, values * 12.92, 1.055 * np.maximum(values, 0) ** (1 / 2.4) - 0.055)


def _rgb(text: str) -> tuple[int, int, int]:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)
