"""Reading what is written on a sheet.

`words` and `lines_of` read lettering with rapidocr, when it is installed; its wheel carries its weights and nothing is
fetched. `scores` is no reader of text: it compares a mark with pictures of the ten digits and the metre sign in several
typefaces, and is only believed when a whole row of figures agrees with a row of ticks (`scale_bar.py`).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

SIDE = (20, 28)  # width and height of the frame in which marks are compared
SIGNS = "0123456789mM"
HERSHEY = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)


LETTER_PX = 48  # the height that the recogniser was trained at
MARGIN = 0.25  # of a line's height: paper that the recogniser wants around the letters


@dataclass(frozen=True)
class Written:
    """A piece of lettering: what it says, how sure that is (0…1), and its box x0, y0, x1, y1 in pixels."""

    text: str
    confidence: float
    box: tuple[float, float, float, float]

    @property
    def center(self) -> tuple[float, float]:
        """Its middle."""
        return (self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2

    @property
    def height(self) -> float:
        """Of its box, in pixels."""
        return self.box[3] - self.box[1]


def can_read_words() -> bool:
    """Is rapidocr there?"""
    return all(importlib.util.find_spec(name) is not None for name in ("rapidocr", "onnxruntime"))


def words(gray: np.ndarray) -> tuple[Written, ...]:
    """All lettering of a sheet, from above to below; nothing when rapidocr is not installed.

    Args:
        gray: uint8 [H, W], 255 = paper.
    """
    if not can_read_words() or min(gray.shape) < 24:
        return ()
    small = min(1.0, 2000 / max(gray.shape))  # beyond that the detector shrinks the sheet itself
    sheet = cv2.resize(gray, None, fx=small, fy=small, interpolation=cv2.INTER_AREA) if small < 1 else gray
    read = _reader()(cv2.cvtColor(sheet, cv2.COLOR_GRAY2BGR), use_det=True, use_cls=False, use_rec=True)
    if getattr(read, "boxes", None) is None or not read.txts:
        return ()
    found = []
    for corners, text, score in zip(read.boxes, read.txts, read.scores, strict=True):
        (x0, y0), (x1, y1) = np.min(corners, axis=0) / small, np.max(corners, axis=0) / small
        found.append(Written(text.strip(), float(score), (float(x0), float(y0), float(x1), float(y1))))
    return tuple(sorted(found, key=lambda one: (one.box[1], one.box[0])))


def lines_of(crops: Sequence[np.ndarray]) -> list[tuple[str, float]]:
    """What each crop says, a single line each, and how sure that is (0…1); ("", 0) for all when rapidocr is not installed.

    Args:
        crops: uint8 [h, w], ink dark, cut to the ink.
    """
    if not crops or not can_read_words():
        return [("", 0.0)] * len(crops)
    from rapidocr.ch_ppocr_rec.typings import TextRecInput

    reader = _reader()
    recogniser = reader.text_rec or reader._load_rec_model()
    recogniser.rec_image_shape, recogniser.rec_batch_num = [3, LETTER_PX, 2 * LETTER_PX], 16  # it pads each line to this width
    read = recogniser(TextRecInput(img=[_line(crop) for crop in crops], return_word_box=False))
    return [(str(text).strip(), float(score)) for text, score in zip(read.txts, read.scores, strict=True)]


def _line(crop: np.ndarray) -> np.ndarray:
    """One line of lettering on paper, at the recogniser's height."""
    pad = max(2, round(MARGIN * crop.shape[0]))
    framed = cv2.copyMakeBorder(crop, pad, pad, 2 * pad, 2 * pad, cv2.BORDER_CONSTANT, value=255)
    ratio = LETTER_PX / framed.shape[0]
    how = cv2.INTER_AREA if ratio < 1 else cv2.INTER_CUBIC
    return cv2.cvtColor(cv2.resize(framed, None, fx=ratio, fy=ratio, interpolation=how), cv2.COLOR_GRAY2BGR)


@lru_cache(maxsize=1)
def _reader():
    """Return rapidocr with one thread: the same sheet gives the same words on every machine."""
    from rapidocr import RapidOCR

    threads = "EngineConfig.onnxruntime."
    return RapidOCR(
        params={
            "Global.log_level": "critical",
            threads + "intra_op_num_threads": 1,
            threads + "inter_op_num_threads": 1,
        }
    )


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
