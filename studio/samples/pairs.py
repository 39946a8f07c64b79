"""Pairs to train variants on: a front that nobody built, drawn in some hand, and the same view lit, of some material.

    python -m studio.samples.pairs PAIRS --houses 120        (three quarters of an hour on two cores; needs Blender)

Each house is a file, `SEED.npz`: its pictures, the lines that are told of each, and what was drawn and built. One that stands
there already is passed over, so a run that was stopped goes on. Seeds are 30000 and on; tests, benchmarks and the training
of the readers never draw those.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from blender_addon.elevation_job import Hour
from blender_addon.scenes.presets import GLAZINGS, ROOFS, WALLS
from pipelines.lines import extract_lines
from studio.massing import elevation_of, engraved, massings
from studio.samples.ageing import age
from studio.samples.building import building
from studio.samples.facade_manners import MANNERS
from studio.samples.sheets import STYLES, elevation
from studio.speculate import drawn_part

FIRST = 30_000  # seed
LOOKS = 3  # pictures of a house: Blender's start and the reading are paid once
SIDES_PX = (448, 800)  # longest side of a picture, by lot: variants are asked for at 512 px and more
AGED = 0.4  # of the drawings
OF_SOLIDS = 0.5  # of the line maps come from the solids, as at work; the others from the drawing


@dataclass(frozen=True, eq=False)
class Pair:
    """One view.

    Attributes:
        picture: uint8 [H, W, 3], the lit massing. lines: bool [H, W], what is told of it.
        hand: style or manner of the drawing. preset: what it was built of. told: "solids" or "drawing".
    """

    picture: np.ndarray
    lines: np.ndarray
    hand: str
    preset: str
    told: str


def pairs_of(seed: int) -> Iterator[Pair]:
    """The views of one house; none where its drawing could not be read."""
    rng = np.random.default_rng([seed, 41])
    hands = [*STYLES, *MANNERS]
    hand = hands[rng.integers(len(hands))]
    part = drawn_part(elevation(building(seed), hand).image)
    if part.reading is None or part.reading.facade is None:
        return
    height, width = part.pixels.shape[:2]
    scale = min(1.0, float(rng.uniform(*SIDES_PX)) / max(height, width))
    size = (round(width * scale), round(height * scale))
    drawing = cv2.resize(part.pixels, size, interpolation=cv2.INTER_AREA)
    drawn, _ = elevation_of(part.reading, part.box, size, drawing)
    names = ["-".join(str(rng.choice(list(words))) for words in (WALLS, ROOFS, GLAZINGS)) for _ in range(LOOKS)]
    for one in massings(drawn, names, [any_hour(rng) for _ in names], seed=seed):
        built, told = engraved(one, drawing), "solids" if rng.random() < OF_SOLIDS else "drawing"
        seen = drawing
        if rng.random() < AGED:
            seen = age(drawing, int(rng.integers(1 << 30)), float(rng.uniform(0.2, 0.9)), skewed=False)[0]
        yield Pair(built.beauty, built.lines if told == "solids" else extract_lines(seen), hand, one.preset, told)


def any_hour(rng: np.random.Generator) -> Hour:
    """A light by lot, from the upper left or the upper right, low and warm to high and pale, or veiled."""
    across, down = float(rng.uniform(0.4, 1.5)) * (1 if rng.random() < 0.7 else -1), float(rng.uniform(-1.6, -0.5))
    height = -down / math.hypot(across, 1.0, down)  # 0…1: of the sun over the horizon
    veil = float(rng.uniform(0, 1)) ** 2
    warm = (1.0, 0.80 + 0.18 * height, 0.55 + 0.42 * height)
    return Hour((across, 1.0, down), 4.6 - 2.2 * veil, 0.32 + 0.3 * veil, warm, (0.70 + 0.16 * veil, 0.83, 1.0))


def main() -> None:
    """Parse the command line and draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, metavar="PAIRS")
    parser.add_argument("--houses", type=int, default=120)
    parser.add_argument("--first", type=int, default=FIRST, help="seed of the first house")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    cv2.setNumThreads(1)
    for seed in range(options.first, options.first + options.houses):
        path = options.out / f"{seed}.npz"
        found = [] if path.exists() else list(pairs_of(seed))
        if found:
            hand, preset, told = (np.array([getattr(one, name) for one in found]) for name in ("hand", "preset", "told"))
            pictures, lines = (np.stack([getattr(one, name) for one in found]) for name in ("picture", "lines"))
            np.savez_compressed(path, pictures=pictures, lines=lines, hand=hand, preset=preset, told=told)


if __name__ == "__main__":
    main()
