"""The training pictures in memory: public-domain shards, decoded once.

Shards are tar files of WebP pictures with an `index.csv` beside them (columns: shard, name, kind, split, source_repository,
licence_or_pd_reason, century, region_group, …).
"""

from __future__ import annotations

import csv
import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from pipelines.lines import extract_lines

SURFACES = ("architecture", "painting", "photograph")  # kinds; a subkind "line" has none
THUMBNAIL_PX = 64  # equal to pipelines.unet.REFERENCE_PX; a test compares them


@dataclass(frozen=True)
class Work:
    """One training picture: uint8 [H, W, 3]; its lines, packed bits of bool [H, W]; itself as uint8 [64, 64, 3]."""

    pixels: np.ndarray
    lines: np.ndarray
    thumbnail: np.ndarray

    @classmethod
    def of(cls, pixels: np.ndarray, lines: np.ndarray | None = None) -> Work:
        """Prepare a picture, uint8 [H, W, 3]; its lines, bool [H, W], are its own contours where none are given."""
        small = cv2.resize(pixels, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
        return cls(pixels, np.packbits(extract_lines(pixels) if lines is None else lines, axis=1), small)

    def window(self, y: int, x: int, side: int) -> tuple[np.ndarray, np.ndarray]:
        """Pixels [side, side, 3] and lines [side, side] of a square."""
        lines = np.unpackbits(self.lines[y : y + side], axis=1)[:, x : x + side]
        return self.pixels[y : y + side, x : x + side], lines.astype(bool)


def rows(folder: Path, split: str) -> list[dict[str, str]]:
    """Index rows of a split, in the order of the file."""
    with (folder / "index.csv").open(newline="", encoding="utf-8") as lines:
        return [row for row in csv.DictReader(lines) if row["split"] == split]


def decoded(folder: Path, wanted: list[dict[str, str]]) -> Iterator[tuple[dict[str, str], np.ndarray]]:
    """(row, uint8 [H, W, 3]) of the wanted rows, shard by shard."""
    by_member = {(row["shard"], row["name"]): row for row in wanted}
    for shard in sorted({row["shard"] for row in wanted}):
        with tarfile.open(folder / shard) as archive:
            for member in archive:
                row, stream = by_member.get((shard, member.name)), archive.extractfile(member)
                if row is not None and stream is not None:
                    yield row, np.asarray(Image.open(io.BytesIO(stream.read())).convert("RGB"))


def works(folder: Path, split: str = "train", at_most: int | None = None, *, surfaces: bool = False) -> list[Work]:
    """Decode the pictures of a split once, with their line maps.

    Args:
        folder: of the shards.
        split: of the index.
        at_most: so many, spread over the index; None for all.
        surfaces: only paintings, photographs, watercolours and tone engravings, in which surfaces have a look.
    """
    wanted = [row for row in rows(folder, split) if row["kind"] != "damage"]
    if surfaces:
        wanted = [row for row in wanted if row["kind"] in SURFACES and row.get("subkind") != "line"]
    if at_most is not None:
        wanted = wanted[:: max(1, len(wanted) // at_most)][:at_most]
    return [Work.of(pixels) for _, pixels in decoded(folder, wanted)]


def pairs(folder: Path) -> list[Work]:
    """Pictures with lines of another origin, from every `NAME.npz` of a folder.

    Each holds `pictures`, uint8 [N, H, W, 3], and `lines`, bool [N, H, W]; `studio.samples.pairs` draws such.
    """
    found: list[Work] = []
    for path in sorted(folder.glob("*.npz")):
        with np.load(path, allow_pickle=False) as held:
            found += [Work.of(picture, lines) for picture, lines in zip(held["pictures"], held["lines"], strict=True)]
    return found
