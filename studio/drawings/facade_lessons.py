"""The sheets that `facade_training` learns from: façades of any kind and in any state, drawn by `studio.samples` alone.

Seed by seed: two in three are fronts of no one house (`facade_fronts`), the others houses in the manners of `facade_manners`;
then the sheet ages, is bleached, screened, copied in two tones, or stored too small, as scans are.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from studio.drawings.facade_levels import mass_of, tinted
from studio.drawings.paper import flatten, ink
from studio.errors import NoDrawingError
from studio.samples.ageing import age, halftoned
from studio.samples.building import Building, Opening, building
from studio.samples.facade_drawing import draw_facade
from studio.samples.facade_fronts import Front, any_front
from studio.samples.facade_manners import any_manner, draw_in_manner
from studio.samples.facade_oriels import oriel_front
from studio.samples.pen import Pen
from studio.samples.sheets import elevation

ENGRAVED = ("solid", "hollow", "hatched")
BLACK = 0.32  # of a sheet in two tones: what is blacker has lost its drawing


def sheet(seed: int, with_oriels: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """A façade as its reader meets it: gray uint8 [H, W], 255 = paper, and the true boxes, float64 [N, 4].

    Args:
        with_oriels: share of sheets that are fronts with oriels; the networks that judge boxes have learnt from none.
    """
    rng = np.random.default_rng([seed, 77])
    is_oriel = with_oriels > 0 and np.random.default_rng([seed, 78]).random() < with_oriels
    image, boxes = _listed(oriel_front(rng)) if is_oriel else _drawn(rng)
    image, boxes = _stored(_kept(image, rng, seed), boxes, rng)
    tone = flatten(image, 0.5)
    x0, y0, x1, y1 = _part(image, tone) if rng.random() < 0.8 else (0, 0, tone.shape[1], tone.shape[0])
    boxes = boxes - (x0, y0, x0, y0)
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    return tone[y0:y1, x0:x1], boxes[((middle > 0) & (middle < (x1 - x0, y1 - y0))).all(1)]


def _drawn(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A clean sheet of any front."""
    way = rng.random()
    if way < 0.64:
        return _listed(any_front(rng))
    b = building(int(rng.integers(0, 900)))
    if way < 0.74:
        drawn = elevation(b, ENGRAVED[int(rng.integers(3))], float(rng.uniform(30, 60)))
        return drawn.image, np.array([box for _, box in drawn.openings], np.float64)
    unit = float(np.exp(rng.uniform(np.log(20), np.log(75))))
    left, top, right, bottom = (round(unit * rng.uniform(0.6, 3)) for _ in range(4))
    pen = Pen(b.width, b.height + b.roof_height + 1.1, unit, (left, top, right, bottom))
    if way < 0.80:
        draw_facade(pen, b, ENGRAVED[int(rng.integers(3))])
    else:
        b = b if rng.random() < 0.3 else replace(b, facade=any_storeys(b, rng))
        draw_in_manner(pen, b, any_manner(rng))
        _besides(pen, b, rng)
    return pen.sheet(), np.array([pen.box(o.box) for o in b.facade], np.float64)


def _listed(front: Front) -> tuple[np.ndarray, np.ndarray]:
    return front.image, np.array(front.openings, np.float64).reshape(-1, 4)


# ---- what happens to a sheet
def _kept(image: np.ndarray, rng: np.random.Generator, seed: int) -> np.ndarray:
    """The sheet after its years and its printing."""
    if rng.random() < 0.12:
        image = halftoned(image, float(rng.uniform(3.5, 6)))
    if rng.random() < 0.6:
        image, _ = age(image, seed, float(rng.uniform(0.1, 1.0)), skewed=False)
    if rng.random() < 0.4:  # scans that were sharpened and bleached by their publishers
        image = np.clip((image.astype(np.float32) - 40) * rng.uniform(1.15, 1.6), 0, 255).astype(np.uint8)
    if rng.random() < 0.2:  # the blotches of a half-tone block
        blotch = cv2.GaussianBlur(rng.standard_normal(image.shape[:2], dtype=np.float32), (0, 0), float(rng.uniform(0.5, 2)))
        blotch *= float(rng.uniform(0.1, 0.45)) / blotch.std()
        image = np.clip(image + (255.0 - image) * blotch[..., None], 0, 255).astype(np.uint8)
    return image


def _stored(image: np.ndarray, boxes: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The sheet as a file: in two tones as line blocks are, thick or thin; too small; or squeezed."""
    if rng.random() < 0.2:
        k = float(rng.uniform(0.4, 0.9))
        image = cv2.resize(image, None, fx=k, fy=k, interpolation=cv2.INTER_AREA)
        boxes = boxes * k
    if rng.random() < 0.3:
        gray = cv2.GaussianBlur(image.max(2), (0, 0), float(rng.uniform(0.4, 1.6))).astype(np.float32)
        gray += float(rng.uniform(0, 12)) * rng.standard_normal(gray.shape, dtype=np.float32)
        two = np.where(gray < rng.uniform(110, 225), 0, 255).astype(np.uint8)
        if (two == 0).mean() < BLACK:
            image = np.repeat(cv2.GaussianBlur(two, (0, 0), float(rng.uniform(0.3, 0.8)))[..., None], 3, 2)
    if rng.random() < 0.3:
        _, coded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 90))])
        image = cv2.imdecode(coded, cv2.IMREAD_COLOR)
    return image, boxes


def _part(image: np.ndarray, tone: np.ndarray) -> tuple[int, int, int, int]:
    """Where the building stands, as `facade.openings_of` cuts it out."""
    try:
        mass = mass_of(np.maximum(ink(flatten(image)), tinted(tone)))
    except NoDrawingError:
        return 0, 0, tone.shape[1], tone.shape[0]
    x, y, w, h = cv2.boundingRect(mass)
    return x, y, x + w, y + h


# ---- houses whose openings are moved about
def any_storeys(b: Building, rng: np.random.Generator) -> tuple[Opening, ...]:
    """Storeys of unlike openings: rows of windows, a shop front, an arcade, slits where they are needed."""
    openings, floor = [], 0.0
    for storey, high in enumerate(b.heights):
        way = str(rng.choice(["windows", "windows", "windows", "slits", "arcade"] + ["shops"] * (storey == 0)))
        wide, tall = rng.uniform(0.8, min(1.9, 0.7 * b.bay)), rng.uniform(0.3, 0.62) * high
        sill = rng.uniform(0.12, 0.9) * (high - tall - 0.5)
        door = int(rng.integers(b.bays)) if storey == 0 else -1
        for i in range(b.bays):
            x, foot = b.thick + (i + 0.5) * b.bay, floor + max(0.2, sill)
            if rng.random() < (0.06 if way == "windows" else 0.2):
                continue
            if i == door:
                w, h = rng.uniform(1.0, 1.7), rng.uniform(2.1, min(3.0, high - 0.7))
                openings.append(Opening("door", "S", (x - w / 2, 0.1, x + w / 2, 0.1 + h)))
            elif way == "windows":
                openings.append(Opening("window", "S", (x - wide / 2, foot, x + wide / 2, foot + tall)))
            elif way == "slits":
                w, h = rng.uniform(0.3, 0.8), rng.uniform(0.5, 1.1)
                x, foot = x + rng.uniform(-0.5, 0.5), floor + rng.uniform(0.8, high - 1.9)
                openings.append(Opening("window", "S", (x - w / 2, foot, x + w / 2, foot + h)))
            else:
                w = rng.uniform(0.55, 0.8) * b.bay
                h = min(high - 0.7, rng.uniform(1.2, 1.9) * w)
                openings.append(
                    Opening("shop" if way == "shops" else "arch", "S", (x - w / 2, floor + 0.02, x + w / 2, floor + h))
                )
        floor += high
    return tuple(openings)


def _besides(pen: Pen, b: Building, rng: np.random.Generator) -> None:
    """What else draughtsmen put there and what is no opening: panels, people, a balustrade, a dome, lettering, a scale."""
    taken = [o.box for o in b.facade]

    def free(x0, z0, x1, z1):
        return all(x1 < t[0] - 0.2 or x0 > t[2] + 0.2 or z1 < t[1] - 0.2 or z0 > t[3] + 0.2 for t in taken)

    for _ in range(int(rng.integers(0, 8))):
        w, h = rng.uniform(0.5, 1.6), rng.uniform(0.25, 0.7)
        x, z = rng.uniform(0.3, b.width - 2), rng.uniform(0.3, b.height - 1.2)
        if free(x, z, x + w, z + h):
            pen.rectangle(x, z, x + w, z + h, rng.uniform(0.5, 1.0))
    for _ in range(int(rng.integers(0, 3))):
        x = rng.uniform(0.5, b.width - 1)
        if free(x, 0, x + 0.4, 1.7):
            body = [(x + 0.1, 0), (x + 0.3, 0), (x + 0.4, 1.3), (x + 0.26, 1.7), (x + 0.14, 1.7), (x, 1.2)]
            pen.fill(body, int(rng.integers(90, 230)))
    if rng.random() < 0.3:
        for x in np.arange(0.1, b.width - 0.2, 0.3):
            pen.rectangle(x, b.height + 0.05, x + 0.14, b.height + 0.7, 0.7, fill=0)
        pen.rectangle(0, b.height + 0.7, b.width, b.height + 0.85, 1.0, fill=0)
    if rng.random() < 0.25:
        x, r = rng.uniform(3, b.width - 3), rng.uniform(1.5, 2.8)
        for k in np.linspace(-1, 1, 9):
            pen.line([(x + k * r * np.cos(t), b.height + r * np.sin(t)) for t in np.linspace(0, np.pi / 2, 12)], 0.8)
    w, h = pen.size
    for k in range(int(rng.integers(0, 4))):
        pen.text(
            "SOUTH FRONT OF A HOUSE"[: int(rng.integers(4, 22))],
            w * rng.uniform(0.3, 0.7),
            h * (0.03 + 0.9 * (k % 2)),
            0.5 * pen.px_per_m,
            0.1,
        )
