"""The bank of holes that training draws from: every family of damage, its exact mask, and masks as people draw them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt

from pipelines.training import damage
from pipelines.training.corpus import decoded, rows
from pipelines.training.damage import fbm

MASK_SIDE = 320
SHARES = {
    "craquelure": 0.26,
    "scratches": 0.19,
    "small_losses": 0.23,
    "lacunae": 0.12,
    "large_loss": 0.05,
    "film": 0.04,
    "folds": 0.03,
    "tears": 0.03,
    "tide_lines": 0.02,
    "worm_holes": 0.03,
}
_RIM = np.ones((3, 3), np.uint8)


@dataclass(frozen=True)
class Damage:
    """One banked piece of damage, all [S, S].

    Attributes:
        cover: uint8, 0…255: how much of each pixel is gone.
        exact: bool: every pixel that lost anything, grown by 1 px, since the antialiased rim of a crack leaks its colour.
        rough: bool: the mask as a person or a detector would draw it; mostly too wide, here and there too narrow.
    """

    cover: np.ndarray
    exact: np.ndarray
    rough: np.ndarray

    def joined(self, other: Damage) -> Damage:
        """Both, one over the other."""
        return Damage(np.maximum(self.cover, other.cover), self.exact | other.exact, self.rough | other.rough)


def folds(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """One to three creases across the sheet, nearly straight, broken where the paper held. → coverage, float32."""
    h, w = shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    out, angle = np.zeros(shape, np.float32), rng.normal(0, 0.06) + rng.choice([0, np.pi / 2])
    for index in range(rng.integers(1, 4)):
        turned = angle + (np.pi / 2 if index == 2 else 0)  # folded twice, then across
        across = (x - rng.uniform(0.1, 0.9) * w) * np.cos(turned) + (y - rng.uniform(0.1, 0.9) * h) * np.sin(turned)
        wide = rng.uniform(1.2, 4.5) * np.clip(0.8 + 0.6 * fbm(shape, 50, rng, 3), 0, 2)
        out = np.maximum(out, np.clip(wide / 2 + 0.5 - np.abs(across + 1.2 * fbm(shape, 60, rng, 3)), 0, 1) * (wide > 0.5))
    return out


def tears(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """One or two tears from an edge inwards, wide at the edge, jagged, closed at their end. → coverage, float32."""
    h, w = shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    out = np.zeros(shape, np.float32)
    for _ in range(rng.integers(1, 3)):
        along, across = ((y, x), (x, y), (h - 1 - y, x), (w - 1 - x, y))[rng.integers(4)]
        length, mouth = rng.uniform(0.3, 0.9) * max(h, w), rng.uniform(2, 10)
        jag = 14 * fbm(shape, 120, rng, 3) + 2.5 * fbm(shape, 9, rng, 2) + rng.normal(0, 0.4) * along
        wide = mouth * np.clip(1 - along / length, 0, 1) ** 0.7
        out = np.maximum(out, np.clip(wide / 2 + 0.5 - np.abs(across - rng.uniform(0.15, 0.85) * w - jag), 0, 1) * (wide > 0.3))
    return out


def tide_lines(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """The opaque rim of an old water stain: a scalloped contour of uneven width. → coverage, float32."""
    h, w = shape
    inside = damage.blob(shape, rng, rng.uniform(0, 1) * h, rng.uniform(0, 1) * w, rng.uniform(0.2, 0.5) * min(h, w), 0.6) > 0.5
    signed = np.asarray(distance_transform_edt(inside)) - np.asarray(distance_transform_edt(~inside))
    wide = rng.uniform(1.5, 4.5) * np.clip(0.7 + 0.7 * fbm(shape, 40, rng, 3), 0, 2)
    return (np.clip(wide / 2 + 0.5 - np.abs(signed - 2), 0, 1) * (wide > 0.4)).astype(np.float32)


def worm_holes(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Flight holes of woodworm and bookworm, in clusters, with a few winding galleries. → coverage, float32."""
    h, w = shape
    fine = np.zeros((h * 4, w * 4), np.uint8)
    middle, spread = rng.uniform(0, 1, 2) * (w, h), rng.uniform(0.15, 0.5) * max(h, w)
    for _ in range(rng.integers(15, 70)):
        place, radius = middle + rng.normal(0, spread, 2), rng.uniform(1.0, 4.0)
        axes = (max(1, round(4 * radius)), max(1, round(4 * radius * rng.uniform(0.7, 1))))
        cv2.ellipse(fine, (int(4 * place[0]), int(4 * place[1])), axes, rng.uniform(0, 180), 0, 360, 255, -1)
    for _ in range(rng.integers(0, 4)):
        heading = rng.uniform(0, 6.28) + np.cumsum(rng.normal(0, 0.35, 60))
        path = middle + rng.normal(0, spread, 2) + np.cumsum(np.stack([np.cos(heading), np.sin(heading)], 1) * 2.5, 0)
        cv2.polylines(fine, [(4 * path).astype(np.int32)], False, 255, int(rng.integers(8, 20)))
    return cv2.resize(fine, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


FAMILIES = {**damage.MASKS, "folds": folds, "tears": tears, "tide_lines": tide_lines, "worm_holes": worm_holes}


def rough(cover: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A mask as it comes from a hand or a detector: its edge wanders, it is a pixel off, pieces are missing, specks are added.

    Too wide more often than too narrow, as conservators draw: a rim of damage that stays in the known pixels is copied into
    the fill by every method.

    Args:
        cover: float32 [H, W], 0…1.
        rng: decides everything.

    Returns:
        bool [H, W].
    """
    true = damage.hard(cover, 0.12)
    signed = np.asarray(distance_transform_edt(true)) - np.asarray(distance_transform_edt(~true))
    drawn = (signed > -(rng.normal(1.3, 0.9) + 0.9 * fbm(cover.shape, 30, rng, 3))).astype(np.uint8)
    count, labels = cv2.connectedComponents(drawn, connectivity=8)
    missing = rng.random(count) < 0.06
    missing[0] = True
    drawn = ~missing[labels]
    drawn |= fbm(cover.shape, 5, rng, 1) > 3.4
    shift = np.array([[1, 0, rng.integers(-1, 2)], [0, 1, rng.integers(-1, 2)]], np.float32)
    return cv2.warpAffine(drawn.astype(np.uint8), shift, cover.shape[::-1], flags=cv2.INTER_NEAREST) > 0


def exact(cover: np.ndarray) -> np.ndarray:
    """The mask that fits a coverage, float32 [S, S] → bool [S, S]."""
    return cv2.dilate(damage.hard(cover, 0.12).astype(np.uint8), _RIM) > 0


def piece(cover: np.ndarray, rng: np.random.Generator) -> Damage:
    """Bank a coverage, float32 [S, S]."""
    return Damage(np.rint(cover * 255).astype(np.uint8), exact(cover), rough(cover, rng))


def mask_bank(folder: Path | None, seed: int, per_family: int, side: int = MASK_SIDE) -> dict[str, list[Damage]]:
    """Damage of every family; synthesis is far too slow for the loop. Film damage comes from the scans in `folder`, if any."""
    rng = np.random.default_rng((seed, 1))
    bank = {name: [piece(draw((side, side), rng), rng) for _ in range(per_family)] for name, draw in FAMILIES.items()}
    scans = [row for row in rows(folder, "train") if row["kind"] == "damage"] if folder else []
    scanned = decoded(folder, scans) if folder else ()
    covers = ((pixels[:side, :side, 0] > 127).astype(np.float32) for _, pixels in scanned)
    bank["film"] = [piece(cover, rng) for cover in covers if cover.shape == (side, side) and 0.002 < cover.mean() < 0.5]
    if not bank["film"]:
        bank["film"] = bank["scratches"]
    return bank


def veil_bank(seed: int, per_kind: int, side: int = MASK_SIDE) -> list[np.ndarray]:
    """Optical densities of stains, foxing and yellowed varnish, float16 [side, side, 3], ≥ 0."""
    rng, shape = np.random.default_rng((seed, 4)), (side, side)
    varnish = np.array([0.15, 0.35, 0.9], np.float32)
    veils = []
    for _ in range(per_kind):
        even = rng.uniform(0.1, 0.6) * np.clip(1 + 0.35 * fbm(shape, 160, rng, 3), 0, 2)[..., None] * varnish
        veils += [damage.veil_stain(shape, rng), damage.veil_foxing(shape, rng), even]
    return [veil.astype(np.float16) for veil in veils]
