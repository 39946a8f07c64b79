"""What perfect readers would say of the sample house: readings made from the generator's truth, pixels of clean sheets."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import cv2
import numpy as np

from studio.drawings.reading import FacadeReading, LevelLine, PlanReading, ReadOpening, Rectified, SectionReading
from studio.drawings.views import View
from studio.samples.building import Building
from studio.samples.sheets import Sheet, elevation, plan, section


def upright(picture: np.ndarray) -> Rectified:
    """A sheet that lies straight as it is."""
    return Rectified(picture, cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), np.eye(3))


def _openings(sheet: Sheet) -> tuple[ReadOpening, ...]:
    return tuple(ReadOpening(box, kind, 0.9) for kind, box in sheet.openings)


@lru_cache(maxsize=8)
def plan_view(house: Building) -> View:
    """The plan, read without a mistake."""
    sheet = plan(house)
    thick = house.thick * sheet.px_per_m
    reading = PlanReading(sheet.image, sheet.walls, _openings(sheet), thick, "solid", 0.0, None, 0.9)
    return View("plan.png", "a" * 64, "plan", reading, upright(sheet.image), sheet.px_per_m, "given")


@lru_cache(maxsize=8)
def elevation_view(house: Building, side: str | None = None) -> View:
    """The elevation, read without a mistake."""
    sheet = elevation(house)
    x0, y0, x1, _ = sheet.facade
    lines = [LevelLine("eaves", float(y0), x0, x1, 0.9), LevelLine("ridge", float(sheet.silhouette[:, 1].min()), x0, x1, 0.9)]
    z = 0.0
    for high in house.heights[:-1]:
        z += high
        lines.append(LevelLine("string course", sheet.origin[1] - z * sheet.px_per_m, x0, x1, 0.9))
    reading = FacadeReading(
        sheet.image, _openings(sheet), sheet.facade, sheet.silhouette, round(sheet.origin[1]), 0.0, None, 0.9, (), tuple(lines)
    )
    return View("facade.png", "b" * 64, "elevation", reading, upright(sheet.image), sheet.px_per_m, "given", side)


@lru_cache(maxsize=8)
def section_view(house: Building) -> View:
    """The section, read without a mistake."""
    sheet = section(house)
    ox, oy = sheet.origin
    u, w = sheet.px_per_m, house.width
    floors = tuple(LevelLine("floor", y, ox, ox + w * u, 0.9) for y in sheet.floors[:-1])
    eaves, ridge = oy - house.height * u, oy - (house.height + house.roof_height) * u
    lines = (
        LevelLine("ground", oy, ox, ox + w * u, 0.9),
        LevelLine("eaves", eaves, ox, ox + w * u, 0.9),
        LevelLine("ridge", ridge, ox, ox + w * u, 0.9),
    )
    roof = tuple((ox + x * u, oy - z * u) for x, z in house.silhouette()[2:6])
    thick = house.thick * u
    reading = SectionReading(
        sheet.image, sheet.walls, False, floors, lines, (thick, thick), roof, (), round(oy), 0.0, None, 0.9
    )
    return View("section.png", "c" * 64, "section", reading, upright(sheet.image), u, "given")


def all_views(house: Building) -> list[View]:
    """Plan, elevation, section."""
    return [plan_view(house), elevation_view(house), section_view(house)]


def without_scale(view: View) -> View:
    """The same sheet with its bar cut off."""
    return replace(view, px_per_m=None, scale_said="")
