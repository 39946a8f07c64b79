"""Domes on drums as solids of revolution: width and heights as drawn, round by rule, open to what lies below them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .building_design import DesignedDome, DesignedHole, DesignedProfile, DrumWindow
from .building_heights import COVER_M
from .building_walls import geometry, hole_shape, manifold
from .levels import worst
from .model import Element, Evidence
from .openings import GLASS
from .solids import Geometry, prism, upright

LEAD, WALL = (0.56, 0.58, 0.60), (0.82, 0.77, 0.68)
SHELL, THINNEST_M, THICKEST_M = 0.08, 0.2, 1.0  # by rule, of the radius: Byzantine and Mughal shells are a twelfth thick
SIDES = 64  # a dome of 16 m is then round to 1 cm
ARCS = 20  # rings from the springing to the crown
LEAST_M = 0.05  # a lower drum is none
SKIRT = 0.35  # by rule, of what a drum is wider than its dome: how far a dome's eaves fall over it
PANE_M, GLASS_M = 0.18, 0.02  # by rule, how far panes lie behind the drum's face, and how thick they are


def domed(
    shell: Geometry | None, found: Sequence[DesignedDome], profiles: Sequence[DesignedProfile], eaves: float
) -> tuple[Geometry | None, list[Element]]:
    """What covers a building, opened below its domes, and the drums and domes upon it.

    Args:
        shell: what covers the building up to its profiles; None where they stay below the eaves.
        found, profiles: of the design. eaves: height of the eaves, metres.
    """
    covered = None if shell is None else manifold(shell)
    solids: list[Element] = []
    taken: Any = None
    for number, one in enumerate(found):
        base = _base(one, profiles, eaves)
        drum, dome, well = _solids(one, base)
        if drum is not None:
            drum, panes = _glazed(drum, one, base)
            solids += [_pane(f"drum-{number}-pane-{k:02}", pane, window) for k, (pane, window) in enumerate(panes)]
        parts = [("drum", "wall", drum, WALL, "plaster"), ("dome", "roof", dome, LEAD, "lead")]
        for name, kind, solid, color, material in parts:
            if solid is None:
                continue
            if covered is not None:
                solid = solid - covered
            if taken is not None:  # two domes that meet share the ground between them
                solid = solid - taken
            taken = solid if taken is None else taken + solid
            if (left := geometry(solid)) is not None:
                solids.append(_element(f"{name}-{number}", kind, left, one, color, material))
        if covered is not None:
            covered = covered - well
    return (None if covered is None else geometry(covered)), solids


def _base(one: DesignedDome, profiles: Sequence[DesignedProfile], eaves: float) -> float:
    """How far down a drum reaches: into what covers the building at the lowest place around it."""
    turns = np.linspace(0, 2 * np.pi, SIDES, endpoint=False)
    (x, y), reach = one.center, max(one.drum, one.radius)
    around = [(x + reach * np.cos(t), y + reach * np.sin(t)) for t in turns]
    low = min((min(profile.at(*place) for profile in profiles) for place in around), default=one.foot)
    return min(one.spring, max(min(low, one.foot) - COVER_M, eaves))


def _solids(one: DesignedDome, base: float) -> tuple[Any, Any, Any]:
    """Drum (or None), dome, and the space below them, as Manifold has them."""
    thick = float(np.clip(SHELL * one.radius, THINNEST_M, THICKEST_M))
    outer = _arc(one.radius, one.spring, one.crown)
    inner = _arc(one.radius - thick, one.spring, one.crown - thick)
    inside, wide = min(one.drum, one.radius) - thick, max(one.drum, one.radius)
    top = max(one.spring - SKIRT * (wide - one.radius), base)  # the eaves of a dome run out over a wider drum
    skirt = [(wide, top)] if wide > one.radius and top < one.spring else []
    end = [(inside, one.spring), (inside, top)] if skirt else []
    dome = _turned([*skirt, *outer, *inner[::-1], *end], one)
    drum = _turned([(inside, base), (wide, base), (wide, top), (inside, top)], one) if top - base > LEAST_M else None
    low = base - 3 * COVER_M
    return drum, dome, _turned([(0.0, low), (inside, low), (inside, top), (0.0, top)], one)


def _glazed(drum: Any, one: DesignedDome, base: float) -> tuple[Any, list[tuple[Geometry, DrumWindow]]]:
    """A drum with its windows cut through, and a pane in each; those that what covers the building would hide are left out."""
    panes = []
    wide, (x, y) = max(one.drum, one.radius), one.center
    for window in one.windows:
        if window.rise[0] < base + COVER_M or window.width > wide:
            continue
        half = window.width / 2
        hole = DesignedHole("window", "window", "south", (-half, half), window.rise, True, 0, window.head)
        # a hole of the south side, drawn from the axis outwards, is turned to where the window looks
        solid = upright(prism(hole_shape(hole), wide + 1.0), -wide - 1.0)
        cut = manifold(solid).rotate((0.0, 0.0, float(np.degrees(window.turn)) + 90.0)).translate((x, y, 0.0))
        shell = _turned([(wide - PANE_M - GLASS_M, base), (wide - PANE_M, base), (wide - PANE_M, one.spring),
                         (wide - PANE_M - GLASS_M, one.spring)], one)  # fmt: skip
        if (pane := geometry((cut ^ shell) ^ drum)) is not None:
            panes.append((pane, window))
        drum = drum - cut
    return drum, panes


def _pane(name: str, solid: Geometry, window: DrumWindow) -> Element:
    aspects = {"position": 6, "form": 6, "dimension": 6}
    note = Evidence(note="pane by rule")
    vertices, faces = solid
    return Element(name, "pane", vertices, faces, 6, "rule", (*window.evidence, note), aspects, "glass", GLASS, roughness=0.15)


def _arc(radius: float, spring: float, crown: float) -> list[tuple[float, float]]:
    """Distance from the axis and height, from the springing to the crown: of a circle, or of an ellipse where steeper."""
    rise = crown - spring
    if rise >= radius:
        turns = np.linspace(0, np.pi / 2, ARCS + 1)
        points = [(radius * np.cos(t), spring + rise * np.sin(t)) for t in turns]
    else:
        sphere = (radius**2 + rise**2) / (2 * rise)
        turns = np.linspace(np.arcsin((sphere - rise) / sphere), np.pi / 2, ARCS + 1)
        points = [(sphere * np.cos(t), crown - sphere + sphere * np.sin(t)) for t in turns]
    return [(float(r), float(z)) for r, z in points[:-1]] + [(0.0, crown)]


def _turned(outline: Sequence[tuple[float, float]], one: DesignedDome) -> Any:
    """A closed outline (distance from the axis, height) turned around the dome's axis."""
    import manifold3d

    section = manifold3d.CrossSection([np.array(outline, np.float64)], manifold3d.FillRule.NonZero)
    return section.revolve(SIDES).translate((*one.center, 0.0))


def _element(name: str, kind: str, solid: Geometry, one: DesignedDome, color, material: str) -> Element:
    aspects = {"position": 2 if one.is_placed else 6, "form": 6, "dimension": 2}
    note = Evidence(note="round, as deep as wide, and its thickness by rule")
    vertices, faces = solid
    return Element(name, kind, vertices, faces, worst(aspects), "rule", (*one.evidence, note), aspects, material, color)
