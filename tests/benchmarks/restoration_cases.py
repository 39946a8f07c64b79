"""What the restoration benchmark is run on: pictures with a hole, whose undamaged state is known.

Everything is decided by names: the same shards give the same crops and the same holes, on any machine and in any order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from pipelines.training.corpus import decoded, rows
from pipelines.training.damage import MASKS, hard

FAMILIES = tuple(MASKS)  # craquelure, scratches, small_losses, lacunae, large_loss
NARROW = ("craquelure", "scratches", "small_losses")
RIM = np.ones((3, 3), np.uint8)  # holes grow by one pixel: the antialiased rim of a crack leaks its colour


@dataclass(frozen=True)
class Case:
    """One hole to fill.

    Attributes:
        name: of the picture.  family: of the damage.
        truth: uint8 [H, W, 3], the undamaged picture.
        hole: bool [H, W], True where pixels are lost.
        damaged: uint8 [H, W, 3]: `truth` with one random colour all over the hole.
    """

    name: str
    family: str
    truth: np.ndarray
    hole: np.ndarray
    damaged: np.ndarray

    @classmethod
    def of(cls, name: str, family: str, truth: np.ndarray, hole: np.ndarray) -> Case:
        """Destroy what lies in the hole."""
        damaged = truth.copy()
        damaged[hole] = generator(name, family, "colour").integers(0, 256, 3)
        return cls(name, family, np.ascontiguousarray(truth), hole, damaged)

    def digest(self) -> str:
        """What a fill sees, as 24 hexadecimal digits: the key of a cached fill."""
        seen = hashlib.sha256(repr(self.damaged.shape).encode())
        seen.update(self.damaged.tobytes())
        seen.update(np.packbits(self.hole).tobytes())
        return seen.hexdigest()[:24]


def generator(*names: str) -> np.random.Generator:
    """A random stream of its own for these names."""
    return np.random.default_rng(int.from_bytes(hashlib.sha256("|".join(names).encode()).digest()[:8], "big"))


def held_out(data: Path, crop: int, pictures: int | None = None, families: tuple[str, ...] = FAMILIES) -> Iterator[Case]:
    """Every family of damage on one crop of each picture whose artist was never trained on.

    Args:
        data: folder of shards with index.csv.
        crop: side of the crops in px; a picture that is smaller is taken at its own size.
        pictures: so many only, spread over the index; None for all.
        families: names of `pipelines.training.damage.MASKS`.
    """
    wanted = [row for row in rows(data, "holdout") if row["kind"] != "damage"]
    if pictures is not None and pictures < len(wanted):
        wanted = [wanted[index] for index in np.linspace(0, len(wanted) - 1, pictures).round().astype(int)]
    for row, picture in decoded(data, wanted):
        place = generator(row["name"], "crop")
        height, width = (min(crop, side) for side in picture.shape[:2])
        y, x = (int(place.integers(0, side - part + 1)) for side, part in zip(picture.shape, (height, width), strict=False))
        truth = picture[y : y + height, x : x + width]
        for family in families:
            yield Case.of(row["name"], family, truth, drawn_hole(row["name"], family, truth.shape[:2]))


def drawn_hole(name: str, family: str, shape: tuple[int, int]) -> np.ndarray:
    """A hole of the family, bool [H, W]: every pixel that lost anything, grown by one; 0.1 to 60 % of the area."""
    rng = generator(name, family)
    while True:
        hole = cv2.dilate(hard(MASKS[family](shape, rng), 0.12).astype(np.uint8), RIM) > 0
        if 0.001 <= hole.mean() <= 0.6:
            return hole


def museum(samples: Path, crop: int, works: int | None = None) -> Iterator[Case]:
    """Every mask `masks/NAME_KIND.png` (255 = lost) with `paintings/NAME.*`, cut to where most is lost.

    Args:
        samples: a folder with these two folders.
        crop: side of the crops in px, so that the slow peers stay affordable.
        works: so many only.
    """
    pictures = {path.stem: path for path in sorted((samples / "paintings").iterdir()) if path.suffix != ".txt"}
    for name in list(pictures)[:works]:
        image = cv2.imread(str(pictures[name]), cv2.IMREAD_COLOR)
        for path in sorted((samples / "masks").glob(f"{name}_*.png")):
            hole = cv2.dilate((cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) > 127).astype(np.uint8), RIM) > 0
            if image is not None and hole.shape == image.shape[:2] and hole.any():
                y, x = most_lost(hole, crop)
                part = (slice(y, y + crop), slice(x, x + crop))
                truth = cv2.cvtColor(image[part], cv2.COLOR_BGR2RGB)
                yield Case.of(name, path.stem.removeprefix(f"{name}_"), truth, hole[part])


def most_lost(hole: np.ndarray, crop: int) -> tuple[int, int]:
    """Top and left of the square that holds most of the hole, but no more than half of it lost; steps of 32 px."""
    height, width = hole.shape
    sums = cv2.integral(hole.astype(np.uint8))
    best, place = -1.0, (0, 0)
    for y in range(0, max(1, height - crop + 1), 32):
        for x in range(0, max(1, width - crop + 1), 32):
            bottom, right = min(height, y + crop), min(width, x + crop)
            lost = float(sums[bottom, right] - sums[y, right] - sums[bottom, x] + sums[y, x]) / ((bottom - y) * (right - x))
            if best < lost <= 0.5:
                best, place = lost, (y, x)
    return place
