"""Damage drawn for the benchmark of the proposals: by other means than what the segmenter learns from.

Cracks grow here as fractures do: from a seed in two directions, until they meet a crack that was there before. Scratches are
Bézier curves, losses are stars of Fourier harmonics, tide lines are the rims of such stars.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipelines.training.corpus import decoded, rows

FAMILIES = ("dark cracks", "pale cracks", "scratches", "losses", "veil")
PAINTED = ("painting", "photograph")  # what is damaged here; the other kinds count among the clean
LOST = 0.35  # coverage from which a pixel is lost
TOUCHED = 0.08  # below it a pixel is whole; between the two it does not count
GROUNDS = ((235, 228, 210), (190, 170, 140), (120, 85, 60), (205, 205, 200), (150, 80, 60))
SEEN = 5  # levels of 255: a crack of the paint's own tone nobody can find
LARGEST_PX = 1024  # side of an enlarged work


@dataclass(frozen=True)
class Case:
    """A damaged held-out work.

    Attributes:
        name: of the shard's picture.  family: of the damage.  scale: how much the work was enlarged before.
        pixels: uint8 [H, W, 3].  truth: bool [H, W], lost.  unsure: bool [H, W], neither lost nor whole.
    """

    name: str
    family: str
    scale: int
    pixels: np.ndarray
    truth: np.ndarray
    unsure: np.ndarray


def held_out(folder: Path, kinds: tuple[str, ...] | None, at_most: int) -> Iterator[tuple[dict, np.ndarray]]:
    """Row and pixels of held-out works, of all kinds or of some, spread evenly over the index."""
    wanted = [row for row in rows(folder, "holdout") if row["kind"] != "damage" and (kinds is None or row["kind"] in kinds)]
    if at_most < len(wanted):
        wanted = [wanted[round(i)] for i in np.linspace(0, len(wanted) - 1, at_most)]
    return decoded(folder, wanted)


def cases_of(name: str, pixels: np.ndarray) -> Iterator[Case]:
    """One case of every family; every second one enlarged twice, as a scan with more pixels to the stroke."""
    for index, family in enumerate(FAMILIES):
        rng = np.random.default_rng((zlib.crc32(name.encode()), index))
        yield case(name, family, pixels, 1 + int(rng.integers(2)), rng)


def case(name: str, family: str, pixels: np.ndarray, scale: int, rng: np.random.Generator) -> Case:
    """Draw one family of damage on a work; half of the results are compressed."""
    image = enlarged(pixels, scale).astype(np.float32)
    side = image.shape[:2]
    if family == "veil":
        cover, seen = _tide(image, scale, rng)
    elif family == "losses":
        cover = _losses(side, scale, rng)
        seen = _grounded(image, cover, rng)
    elif family == "scratches":
        cover = _scratches(side, scale, rng)
        seen = image + (rng.choice([245.0, 20.0, 170.0]) - image) * (cover * rng.uniform(0.4, 1))[..., None]
    else:
        cover = _fractures(side, scale, rng)
        core = rng.uniform(8, 40) if family == "dark cracks" else rng.uniform(200, 250)
        seen = image + (core - image) * (cover * rng.uniform(0.3, 1))[..., None]
    pixels = np.clip(np.rint(seen), 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        coded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(75, 96))])[1]
        pixels = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    lost = (cover > LOST) & (np.abs(seen - image).max(-1) >= SEEN)
    return Case(name, family, scale, pixels, lost, (cover > TOUCHED) & ~lost)


def enlarged(pixels: np.ndarray, scale: int) -> np.ndarray:
    """A work, or the middle of it, `scale` times as large."""
    if scale == 1:
        return pixels
    part = LARGEST_PX // scale
    top, left = (max(0, (n - part) // 2) for n in pixels.shape[:2])
    middle = pixels[top : top + part, left : left + part]
    return cv2.resize(middle, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)


def _drawn(lines: list[tuple[np.ndarray, float]], side: tuple[int, int]) -> np.ndarray:
    """Polylines (points x y in px, width in px) → coverage, float32, drawn four times as fine."""
    fine = np.zeros((4 * side[0], 4 * side[1]), np.uint8)
    for points, width in lines:
        cv2.polylines(fine, [np.rint(points * 4).astype(np.int32)], False, 255, max(1, round(4 * width)))
    return cv2.resize(fine, side[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _fractures(side: tuple[int, int], scale: int, rng: np.random.Generator) -> np.ndarray:
    """A net: each crack runs until it meets an older one, and starts at right angles to nothing in particular."""
    spacing, width = rng.uniform(22, 60) * scale, rng.uniform(0.8, 2.2) * (1 + 0.5 * (scale - 1))
    taken = np.zeros(side, bool)
    lines = []
    for generation in range(int(1.6 * side[0] * side[1] / spacing**2)):
        start = rng.uniform(0, 1, 2) * (side[1] - 1, side[0] - 1)
        if taken[int(start[1]), int(start[0])]:
            continue
        angle, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.012)
        thick = width * np.clip(1.25 - 0.5 * generation * spacing**2 / (side[0] * side[1]), 0.6, 1.25)
        arms = []
        for way in (angle, angle + np.pi):
            points, place, heading = [start], start.copy(), way
            for step in range(int(6 * spacing / 2)):
                heading += bend + rng.normal(0, 0.09)
                place = place + 2 * np.array([np.cos(heading), np.sin(heading)])
                x, y = int(place[0]), int(place[1])
                if not (0 <= x < side[1] and 0 <= y < side[0]):
                    break
                points.append(place)
                if taken[y, x] and step > 2:
                    break
            arms.append(np.array(points))
        path = np.concatenate([arms[0][::-1], arms[1][1:]])
        lines.append((path, thick))
        x, y = path.astype(int).clip(0, (side[1] - 1, side[0] - 1)).T
        for off in ((0, 0), (1, 0), (0, 1), (1, 1)):
            taken[np.minimum(y + off[0], side[0] - 1), np.minimum(x + off[1], side[1] - 1)] = True
    return _drawn(lines, side)


def _scratches(side: tuple[int, int], scale: int, rng: np.random.Generator) -> np.ndarray:
    lines, along = [], np.linspace(0, 1, 60)[:, None]
    for _ in range(rng.integers(4, 10)):
        start, angle = rng.uniform(0, 1, 2) * side[::-1], rng.uniform(0, 2 * np.pi)
        end = start + np.array([np.cos(angle), np.sin(angle)]) * rng.uniform(0.2, 0.8) * max(side)
        knee = (start + end) / 2 + rng.normal(0, 0.06, 2) * np.linalg.norm(end - start)
        path = (1 - along) ** 2 * start + 2 * along * (1 - along) * knee + along**2 * end
        cut = np.sort(rng.integers(0, 60, 2)) if rng.random() < 0.4 else (0, 0)
        width = rng.uniform(0.8, 2.5) * (1 + 0.5 * (scale - 1))
        lines += [(part, width) for part in (path[: cut[0]], path[cut[1] :]) if len(part) > 1]
    return _drawn(lines, side)


def _star(centre: np.ndarray, radius: float, roughness: float, rng: np.random.Generator) -> np.ndarray:
    """Closed outline [120, 2] whose radius is a sum of harmonics."""
    turn = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    waves = sum(rng.normal(0, roughness / k) * np.cos(k * turn + rng.uniform(0, 2 * np.pi)) for k in range(2, 14))
    reach = radius * np.maximum(1 + waves, 0.25)
    return centre + np.stack([np.cos(turn), np.sin(turn)], 1) * reach[:, None]


def _filled(outlines: list[np.ndarray], side: tuple[int, int]) -> np.ndarray:
    fine = np.zeros((4 * side[0], 4 * side[1]), np.uint8)
    for outline in outlines:
        cv2.fillPoly(fine, [np.rint(outline * 4).astype(np.int32)], 255)
    return cv2.resize(fine, side[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _losses(side: tuple[int, int], scale: int, rng: np.random.Generator) -> np.ndarray:
    typical = rng.uniform(4, 16) * scale
    middles = rng.uniform(0, 1, (4, 2)) * side[::-1]  # flakes fall in clusters
    count = int(np.clip(0.03 * side[0] * side[1] / (3 * typical**2), 4, 80))
    places = middles[rng.integers(4, size=count)] + rng.normal(0, 0.18 * max(side), (count, 2))
    return _filled([_star(place, typical * rng.uniform(0.5, 1.5), 0.25, rng) for place in places], side)


def _grounded(image: np.ndarray, cover: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    ground = np.array(GROUNDS[rng.integers(len(GROUNDS))], np.float32) + rng.normal(0, 8, 3).astype(np.float32)
    grain = cv2.GaussianBlur(rng.standard_normal(cover.shape).astype(np.float32), (0, 0), 1.5) * rng.uniform(2, 16)
    out = image + (ground + grain[..., None] - image) * cover[..., None]
    soft = cv2.GaussianBlur(cover, (0, 0), 1.0)
    return out + rng.uniform(0, 60) * (np.roll(soft, 1, 0) - np.roll(soft, -1, 0))[..., None]  # light from above


def _tide(image: np.ndarray, scale: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A stain with a darker rim. → where it is, float32 [H, W], and the picture seen through it."""
    side = image.shape[:2]
    centre = rng.uniform(0.15, 0.85, 2) * side[::-1]
    inside = _filled([_star(centre, rng.uniform(0.18, 0.35) * min(side), 0.12, rng)], side)
    depth = cv2.distanceTransform((inside > 0.5).astype(np.uint8), cv2.DIST_L2, 5)
    density = inside * (rng.uniform(0.12, 0.25) + rng.uniform(0.2, 0.5) * np.exp(-depth / (rng.uniform(3, 8) * scale)))
    through = np.exp(-density[..., None] * np.array([0.5, 0.8, 1.2]))
    return inside, 255 * ((image / 255) ** 2.2 * through) ** (1 / 2.2)
