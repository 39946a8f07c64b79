"""Damaged pictures for the segmenter, each with its truth: what lies where, and where nobody could tell.

Wider than the holes that the restoration network learns from: cracks from a hair to 6 px and from barely seen to black, with
pale rims, in nets, in parallel, alone; scratches straight, bent, broken; grounds of many colours; blurred, noisy and
compressed afterwards, as scans are. Many pictures stay whole, and what is drawn in them is no damage.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter

from pipelines.training import damage
from pipelines.training.damage import GROUNDS, apply_veil, fbm

LABELLED = 0.35  # coverage from which a pixel counts as lost
SEEN = 0.025  # least change, 0…1, that anyone could see: 6 levels …
DROWNED = 0.8  # … and of the deviation within 9 px, below which it drowns in what is drawn there
VEILED, HARDLY = 0.06, 0.02  # optical density that counts as a veil; below the second there is none
WHOLE_SHARE = 0.4  # of the pictures have no damage
DRAWN_SHARE = 0.1  # of the pictures are no pictures: forms and grain, as calm as plaster or as loud as a stretched scan
DARK, PALE, SCRATCH, LOSS, VEIL = range(5)


@dataclass(frozen=True)
class Blemishes:
    """Banked shapes: coverage uint8 [S, S] by family; densities of veils float16 [S, S, 3]; textures float32 [S, S]."""

    cracks: list[np.ndarray]
    scratches: list[np.ndarray]
    losses: list[np.ndarray]
    veils: list[np.ndarray]
    textures: list[np.ndarray]

    @classmethod
    def drawn(cls, seed: int, count: int, side: int = 576) -> Blemishes:
        """Draw a bank; `count` is the number of pieces of each family, a second or less each."""
        rng, shape = np.random.default_rng((seed, 11)), (side, side)
        cracks = [_net(shape, rng) for _ in range(2 * count)]
        cracks += [walks(shape, rng, **_wandering(rng, side)) for _ in range(2 * count)]
        scratches = [_straight(shape, rng) for _ in range(count)]
        scratches += [damage.scratches(shape, rng) for _ in range(count // 2 + 1)]
        losses = [damage.small_losses(shape, rng) for _ in range(count // 2 + 1)]
        losses += [damage.lacunae(shape, rng, area=rng.uniform(0.01, 0.1)) for _ in range(count // 2 + 1)]
        losses += [_lumps(shape, rng) for _ in range(count)]
        veils = [make(shape, rng) for make in (damage.veil_stain, damage.veil_foxing) for _ in range(count // 2 + 1)]
        scales = (4, 12, 40, 120)
        textures = [fbm(shape, scale, rng, octaves) for scale in scales for octaves in (1, 4)]
        levels = [[_levels(cover) for cover in family] for family in (cracks, scratches, losses)]
        return cls(levels[0], levels[1], levels[2], [veil.astype(np.float16) for veil in veils], textures)


def _levels(cover: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(cover, 0, 1) * 255).astype(np.uint8)


def _net(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    cell = float(np.exp(rng.uniform(np.log(14), np.log(170))))
    width = float(np.clip(np.exp(rng.uniform(np.log(0.6), np.log(5))), 0.6, cell / 9))
    kind = str(rng.choice(["age", "drying", "garland"], p=[0.72, 0.12, 0.16]))
    return np.asarray(damage.craquelure(shape, rng, cell, width, kind))


def _wandering(rng: np.random.Generator, side: int) -> dict:
    """How a set of walks goes: parallel as in a panel, a few alone as in a photograph, or crossing all over."""
    kind = rng.integers(3)
    heading, width = rng.uniform(0, np.pi), float(np.exp(rng.uniform(np.log(0.7), np.log(4.5))))
    if kind == 0:
        return {"count": rng.integers(15, 90), "length": side / 4, "turn": 0.06, "width": width, "heading": heading}
    if kind == 1:
        return {"count": rng.integers(3, 12), "length": side / 1.5, "turn": rng.uniform(0.02, 0.25), "width": width}
    return {"count": rng.integers(25, 80), "length": side / 3, "turn": rng.uniform(0.1, 0.35), "width": width}


def walks(shape, rng, count, length, turn, width, heading=None) -> np.ndarray:
    """Lines that wander and taper, drawn four times as large. `turn` is in radians per 4 px. → coverage, float32 [H, W]."""
    h, w = shape
    fine = np.zeros((4 * h, 4 * w), np.uint8)
    for _ in range(int(count)):
        steps = max(4, int(rng.uniform(0.3, 1.4) * length / 4))
        start = rng.uniform(0, 2 * np.pi) if heading is None else heading + rng.normal(0, 0.08) + np.pi * rng.integers(2)
        way = start + (np.cumsum(rng.normal(0, turn, steps)) if heading is None else rng.normal(0, 3 * turn, steps))
        path = rng.uniform(0, 1, 2) * (w, h) + np.cumsum(np.stack([np.cos(way), np.sin(way)], 1) * 4, 0)
        thick = max(1, round(4 * width * rng.uniform(0.6, 1.3)))
        tapered = int(steps * rng.uniform(0.6, 1))
        points = (path * 4).astype(np.int32)
        cv2.polylines(fine, [points[:tapered]], False, 255, thick)
        cv2.polylines(fine, [points[tapered - 1 :]], False, 255, max(1, thick // 2))
        if rng.random() < 0.4:  # a branch
            at, off = int(rng.integers(steps)), rng.choice([-1, 1]) * rng.uniform(0.5, 1.3)
            branch = path[at] + np.cumsum(np.stack([np.cos(way + off), np.sin(way + off)], 1) * 4, 0)[: steps // 2]
            cv2.polylines(fine, [(branch * 4).astype(np.int32)], False, 255, max(1, thick * 2 // 3))
    return cv2.resize(fine, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _straight(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Straight or evenly bent scratches, whole or in dashes, alone or a few side by side."""
    h, w = shape
    fine, common = np.zeros((4 * h, 4 * w), np.uint8), rng.uniform(0, np.pi)
    for _ in range(rng.integers(3, 14)):
        angle = common + rng.normal(0, 0.1) if rng.random() < 0.5 else rng.uniform(0, np.pi)
        length, bend = rng.uniform(0.1, 0.9) * h, rng.normal(0, 0.25) * (rng.random() < 0.5)
        along = np.linspace(0, 1, 48)
        way = angle + bend * along
        path = rng.uniform(0, 1, 2) * (w, h) + np.cumsum(np.stack([np.cos(way), np.sin(way)], 1), 0) * length / 48
        thick = max(1, round(4 * np.exp(rng.uniform(np.log(0.7), np.log(3.5)))))
        kept = np.convolve(rng.standard_normal(48), np.ones(5) / 2.2, "same") > (-1 if rng.random() < 0.5 else -9)
        points = (path * 4).astype(np.int32)
        for index in np.flatnonzero(kept[:-1]):
            cv2.line(fine, points[index].tolist(), points[index + 1].tolist(), 255, thick)
    return cv2.resize(fine, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def _lumps(shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Ragged flakes of one size class, scattered."""
    h, w = shape
    fine, typical = np.zeros((4 * h, 4 * w), np.uint8), float(np.exp(rng.uniform(np.log(2.5), np.log(28))))
    for _ in range(int(np.clip(rng.uniform(0.01, 0.06) * h * w / (3 * typical**2), 3, 400))):
        centre, radius = rng.uniform(0, 1, 2) * (w, h), typical * rng.uniform(0.5, 1.6)
        turns = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(7, 16)))
        outline = centre + np.stack([np.cos(turns), np.sin(turns)], 1) * radius * rng.uniform(0.7, 1.3, (len(turns), 1))
        cv2.fillPoly(fine, [(outline * 4).astype(np.int32)], 255)
    return cv2.resize(fine, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


@dataclass(frozen=True)
class Sample:
    """A picture, uint8 [H, W, 3]; truth, bool [5, H, W] in the order of `CLASSES`; unsure, bool [5, H, W]."""

    pixels: np.ndarray
    truth: np.ndarray
    unsure: np.ndarray


def sample(picture: np.ndarray, bank: Blemishes, rng: np.random.Generator, *, is_line: bool, whole: float) -> Sample:
    """Damage a picture, or leave it whole.

    Args:
        picture: float32 [H, W, 3], 0…1, sides up to the bank's.
        bank: the shapes.
        rng: decides everything.
        is_line: a print, a drawing or a page: damaged half as often, because there lines are the picture.
        whole: probability that nothing is damaged.
    """
    side = picture.shape[:2]
    truth, unsure = np.zeros((5, *side), bool), np.zeros((5, *side), bool)
    if rng.random() < DRAWN_SHARE:
        picture = _drawn(side, bank, rng)
    image = _toned(picture, rng)
    if rng.random() >= (whole + 1) / 2 if is_line else rng.random() >= whole:
        kinds = rng.random(4) < (0.5, 0.45, 0.35, 0.22)
        if kinds[1]:  # paint falls before it cracks
            cover = _piece(bank.losses, side, rng)
            seen = _lost(image, cover, bank, rng)
            image = _noted(image, seen, cover, LOSS, truth, unsure)
        if kinds[0] or not kinds.any():
            for _ in range(1 + (rng.random() < 0.15)):
                cover = _piece(bank.cracks, side, rng)
                seen, kind = _cracked(image, cover, bank, rng)
                image = _noted(image, seen, cover, kind, truth, unsure)
        if kinds[2]:
            cover = _piece(bank.scratches, side, rng)
            tone = _colour(rng) if rng.random() < 0.5 else np.full(3, rng.choice([rng.uniform(0.8, 1), rng.uniform(0, 0.15)]))
            seen = image + (tone - image) * (cover * rng.uniform(0.25, 1))[..., None]
            image = _noted(image, seen.astype(np.float32), cover, SCRATCH, truth, unsure)
        if kinds[3]:
            density = _cut(bank.veils, side, rng).astype(np.float32) * rng.uniform(0.6, 1.6)
            image = np.asarray(apply_veil(image, density), np.float32)
            truth[VEIL], unsure[VEIL] = density.mean(-1) > VEILED, (density.mean(-1) > HARDLY) & (density.mean(-1) <= VEILED)
    return Sample(_scanned(image, rng), truth, unsure)


def _noted(image, seen, cover, kind: int, truth, unsure) -> np.ndarray:
    """Note what changed and return the changed picture; a dark crack where the paint is darker still is no dark crack."""
    change = seen.mean(-1) - image.mean(-1)
    grey = np.ascontiguousarray(image.mean(-1))
    mean = cv2.blur(grey, (9, 9))
    busy = np.sqrt(np.maximum(cv2.blur(grey * grey, (9, 9)) - mean * mean, 0))
    strong = np.abs(seen - image).max(-1) >= np.maximum(SEEN, DROWNED * busy)
    strong &= {DARK: change < 0, PALE: change > 0}.get(kind, strong)
    lost, touched = (cover > LABELLED) & strong, cover > 0.08
    truth &= ~lost  # what lies above hides what lies below, except a veil, which comes last
    truth[kind] |= lost
    unsure |= (touched & ~lost)[None]
    unsure &= ~truth
    return np.clip(seen, 0, 1).astype(np.float32)


def _cut(planes: list[np.ndarray], side: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    plane = planes[rng.integers(len(planes))]
    y, x = (int(rng.integers(0, n - s + 1)) for n, s in zip(plane.shape, side, strict=False))
    return plane[y : y + side[0], x : x + side[1]]


def _piece(family: list[np.ndarray], side: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """A piece of the bank, turned and perhaps drawn together or apart by two fifths; float32 [H, W]."""
    for _ in range(4):  # an empty corner teaches nothing
        whole = np.rot90(family[rng.integers(len(family))], int(rng.integers(4)))
        scale = rng.uniform(0.7, 1.5)
        part = [min(n, round(s / scale)) for n, s in zip(whole.shape, side, strict=True)]
        y, x = (int(rng.integers(0, n - s + 1)) for n, s in zip(whole.shape, part, strict=True))
        cover = np.ascontiguousarray(whole[y : y + part[0], x : x + part[1]])
        if cover.mean() > 1:
            break
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(cover, side[::-1], interpolation=method).astype(np.float32) / 255


def _colour(rng: np.random.Generator) -> np.ndarray:
    """A ground or what lies under it: earths and chalks, jittered; lead white, grey mortar, dark glue."""
    known = [*GROUNDS.values(), (0.93, 0.92, 0.88), (0.62, 0.6, 0.57), (0.2, 0.15, 0.1), (0.7, 0.6, 0.42)]
    return np.clip(np.array(known[rng.integers(len(known))]) + rng.normal(0, 0.05) + rng.normal(0, 0.025, 3), 0.02, 0.98)


def _lost(image, cover, bank: Blemishes, rng: np.random.Generator) -> np.ndarray:
    """Ground with its texture, perhaps a second one deeper, a weave, and a lit or shaded rim."""
    side = cover.shape
    ground = np.broadcast_to(_colour(rng).astype(np.float32), image.shape)
    if rng.random() < 0.25:
        deeper = _cut(bank.textures, side, rng)[..., None] > rng.uniform(0.3, 1.5)
        ground = np.where(deeper, _colour(rng).astype(np.float32), ground)
    grain = 1 + rng.uniform(0, 0.08) * _cut(bank.textures, side, rng)
    grain = grain + rng.uniform(0, 0.04) * _cut(bank.textures[:2], side, rng)
    if rng.random() < 0.2:
        y, x = np.mgrid[: side[0], : side[1]]
        pitch = rng.uniform(4, 12)
        grain = grain * (1 + 0.09 * np.sin(x * 2 * np.pi / pitch) * np.sin(y * 2 * np.pi / (pitch * rng.uniform(0.9, 1.1))))
    out = image * (1 - cover[..., None]) + ground * np.asarray(grain)[..., None] * cover[..., None]
    gy, gx = np.gradient(gaussian_filter(1 - cover, rng.uniform(0.6, 1.5)))
    light = rng.uniform(0, 2 * np.pi)
    depth = rng.uniform(0, 1.0) * (rng.random() < 0.7)
    return (out * (1 + depth * (gx * np.cos(light) + gy * np.sin(light)))[..., None]).astype(np.float32)


def _cracked(image, cover, bank: Blemishes, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """A core that is darker or paler by a tenth to all of the way, unevenly; perhaps a rim or lit flank. → picture, class."""
    strength = np.exp(rng.uniform(np.log(0.12), np.log(1.0))) if rng.random() < 0.5 else rng.uniform(0.6, 1)
    uneven = np.clip(1 + rng.uniform(0, 0.4) * _cut(bank.textures[2:], cover.shape, rng), 0.1, 1.6)
    ink = np.clip(strength * uneven * cover, 0, 1)[..., None]
    is_dark = rng.random() < (0.25 if image.mean() < 0.25 else 0.75 if image.mean() > 0.65 else 0.55)  # what would show
    core = rng.uniform(0, 0.18) + rng.normal(0, 0.015, 3) if is_dark else rng.uniform(0.68, 1) + rng.normal(0, 0.03, 3)
    out = image + (core - image) * ink
    if is_dark and rng.random() < 0.35:
        rim = np.clip(gaussian_filter(cover, rng.uniform(1, 2)) * 1.5 - cover, 0, 1)[..., None]
        out = out + (1 - out) * rim * rng.uniform(0.05, 0.35)
    if rng.random() < 0.35:
        slope = np.asarray(np.gradient(gaussian_filter(1 - cover, 1.2))).sum(0)[..., None]
        out = out * (1 + rng.uniform(0.1, 0.5) * slope)
    return out.astype(np.float32), DARK if is_dark else PALE


def _drawn(side: tuple[int, int], bank: Blemishes, rng: np.random.Generator) -> np.ndarray:
    """No picture: flat forms with grain."""
    out = np.full((*side, 3), rng.uniform(0.2, 0.95), np.float32)
    for _ in range(rng.integers(0, 40)):
        centre, axes = [int(v) for v in rng.integers(0, side[0], 2)], [int(v) for v in rng.integers(5, max(6, side[0] // 4), 2)]
        colour = rng.uniform(0.15, 0.9, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(0.15, 0.9))
        cv2.ellipse(out, centre, axes, float(rng.uniform(0, 180)), 0, 360, colour.tolist(), -1)
    out = cv2.GaussianBlur(out, (0, 0), float(rng.uniform(0.5, 3)))
    grain = gaussian_filter(rng.standard_normal(side).astype(np.float32), rng.uniform(0.5, 2.5, 2))
    out = out + (grain / (grain.std() + 1e-6) * rng.uniform(0, 0.09))[..., None]
    return np.clip(out + 0.05 * rng.random() * _cut(bank.textures, side, rng)[..., None], 0, 1)


def _toned(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Grey at times, paler, darker or stretched at others."""
    if rng.random() < 0.2:
        image = np.repeat(image.mean(-1, keepdims=True), 3, 2)
    if rng.random() < 0.4:
        image = np.clip(image, 0, 1) ** float(np.exp(rng.normal(0, 0.3)))
    if rng.random() < 0.2:
        low, high = rng.uniform(-0.3, 0.35), rng.uniform(0.65, 1.5)
        image = np.clip((image - low) / (high - low), 0, 1)
    return np.ascontiguousarray(image, np.float32)


def _scanned(image: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Softened, with noise, compressed; each at times. → uint8 [H, W, 3]."""
    if rng.random() < 0.4:
        image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 1.2)))
    if rng.random() < 0.4:
        image = image + rng.standard_normal((*image.shape[:2], 1)).astype(np.float32) * rng.uniform(0.002, 0.02)
    if rng.random() < 0.1:
        low, high = rng.uniform(0, 0.3), rng.uniform(0.6, 0.95)  # a scan whose levels were stretched
        image = (image - low) / (high - low)
    pixels = np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
    if rng.random() < 0.5:
        coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(45, 96))])[1]
        pixels = np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])
    return pixels
