"""Reading printed figures beside a scale bar: each mark is compared with pictures of the ten digits in several typefaces.

This is no reader of text. It knows 0…9 and the metre sign, and it is only believed when a whole row of figures agrees
with a row of ticks (`scale_bar.py`).
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = (20, 28)  # width and height of the frame in which marks are compared
SIGNS = "0123456789mM"
HERSHEY = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)


def scores(mark: np.ndarray) -> dict[str, float]:
    """How much a mark looks like each sign, −1…1.

    Args:
        mark: uint8 [h, w], the gray picture of one mark cut to its box, ink dark.
    Source: normalised correlation with templates, after scaling both to one height.
    """
    sample, ratio = _framed(255 - mark)
    signs, templates, ratios = _templates()
    likeness = templates @ sample
    likeness = likeness - 0.35 * np.abs(np.log(ratio / ratios))  # a 1 is slender whatever fills its frame
    best: dict[str, float] = {}
    for sign, score in zip(signs, likeness, strict=True):
        best[sign] = max(best.get(sign, -1.0), float(score))
    return best


@lru_cache(maxsize=1)
def _templates() -> tuple[list[str], np.ndarray, np.ndarray]:
    signs, pictures, ratios = [], [], []
    for sign in SIGNS:
        for drawn in (*_printed(sign), *_hershey(sign)):
            for shear in (0.0, 0.22):
                picture, ratio = _framed(_sheared(drawn, shear))
                signs.append(sign)
                pictures.append(picture)
                ratios.append(ratio)
    return signs, np.stack(pictures), np.array(ratios)


def _printed(sign: str) -> list[np.ndarray]:
    face = ImageFont.load_default(size=48)
    plate = Image.new("L", (90, 90), 0)
    ImageDraw.Draw(plate).text((15, 12), sign, 255, face)
    thin = np.asarray(plate)
    return [thin, cv2.dilate(thin, np.ones((4, 4), np.uint8))]


def _hershey(sign: str) -> list[np.ndarray]:
    drawn = []
    for face in HERSHEY:
        for italic in (0, cv2.FONT_ITALIC) if face != cv2.FONT_HERSHEY_SIMPLEX else (0,):
            plate = np.zeros((90, 110), np.uint8)
            cv2.putText(plate, sign, (22, 66), face | italic, 1.8, 255, 3, cv2.LINE_AA)
            drawn.append(plate)
    return drawn


def _sheared(picture: np.ndarray, shear: float) -> np.ndarray:
    h, w = picture.shape
    matrix = np.asarray([[1, -shear, shear * h / 2], [0, 1, 0]], np.float32)
    return cv2.warpAffine(picture, matrix, (w, h)) if shear else picture


def _framed(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """Ink cut to its box, put into the common frame, blurred, mean 0 and length 1; and its width over its height."""
    ys, xs = np.nonzero(picture > 0.4 * max(1, picture.max()))
    if not ys.size:
        return np.zeros(SIDE[0] * SIDE[1], np.float32), 1.0
    cut = picture[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1].astype(np.float32)
    ratio = cut.shape[1] / cut.shape[0]
    width = int(np.clip(round(SIDE[1] * ratio), 4, SIDE[0]))
    frame = np.zeros((SIDE[1], SIDE[0]), np.float32)
    left = (SIDE[0] - width) // 2
    frame[:, left : left + width] = cv2.resize(cut, (width, SIDE[1]), interpolation=cv2.INTER_AREA)
    frame = cv2.GaussianBlur(frame, (0, 0), 1.3)
    frame -= frame.mean()
    return (frame / (np.linalg.norm(frame) + 1e-6)).ravel(), ratio
