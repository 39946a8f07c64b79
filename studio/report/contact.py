"""A contact sheet: the drawing and all its variants in one picture, each with what has to be known of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

CELL_PX = (420, 640)  # least and most width of a picture on the sheet
GAP_PX, EDGE_PX, LEADING = 28, 36, 1.32
TEXT_SHARE, LEAST_TEXT_PX = 0.036, 15  # of a cell's width
PAPER, INK, FAINT = (250, 248, 243), (34, 32, 30), (104, 100, 94)


@dataclass(frozen=True, eq=False)
class Shown:
    """One picture of the sheet.

    Attributes:
        pixels: uint8 [H, W, 3].
        title: one line in ink. lines: what is said below it, each wrapped where it is too long.
        acted: bool [H, W], where a model made the pixel; None where none did.
    """

    pixels: np.ndarray
    title: str
    lines: tuple[str, ...] = ()
    acted: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class ContactSheet:
    """The sheet, uint8 [H, W, 3], and where a model acted on it, bool [H, W]; boxes x0, y0, x1, y1 of each caption's words."""

    pixels: np.ndarray
    acted: np.ndarray
    captions: tuple[tuple[int, int, int, int], ...]


def contact_sheet(cells: Sequence[Shown], columns: int | None = None) -> ContactSheet:
    """Lay cells out row by row, in as many columns as keep the sheet near a square.

    Every caption is wrapped to the width of its picture and the row made as high as its longest one, so none is cut.

    Args:
        columns: of a grid; its first cell then stands above it in a row of its own.
    """
    alone = 0 if columns is None else 1
    columns = columns or math.ceil(math.sqrt(len(cells)))
    wide = int(np.clip(max(cell.pixels.shape[1] for cell in cells), *CELL_PX))
    size = max(LEAST_TEXT_PX, round(TEXT_SHARE * wide))
    bold, plain = ImageFont.load_default(size=size + 2), ImageFont.load_default(size=size)
    texts = [[(line, bold) for line in wrapped(cell.title, bold, wide)]
             + [(part, plain) for line in cell.lines for part in wrapped(line, plain, wide)] for cell in cells]  # fmt: skip
    step = math.ceil(LEADING * (size + 2))
    pictures = [_fitted(cell, wide) for cell in cells]
    rows = [range(alone)] if alone else []
    rows += [range(first, min(first + columns, len(cells))) for first in range(alone, len(cells), columns)]
    tall = [max(pictures[k][0].shape[0] for k in row) for row in rows]
    below = [step * max(len(texts[k]) for k in row) + GAP_PX // 2 for row in rows]
    height = 2 * EDGE_PX + sum(tall) + sum(below) + GAP_PX * (len(rows) - 1)
    width = 2 * EDGE_PX + columns * wide + GAP_PX * (columns - 1)
    sheet = Image.new("RGB", (width, height), PAPER)
    draw, acted, captions, y = ImageDraw.Draw(sheet), np.zeros((height, width), bool), [], EDGE_PX
    for row, high, space in zip(rows, tall, below, strict=True):
        for place, k in enumerate(row):
            picture, mask = pictures[k]
            x, top = EDGE_PX + place * (wide + GAP_PX), y + high - picture.shape[0]  # pictures stand on one line
            sheet.paste(Image.fromarray(picture), (x, top))
            acted[top : y + high, x : x + wide] = mask
            for number, (line, font) in enumerate(texts[k]):
                at = (x, y + high + GAP_PX // 3 + number * step)
                draw.text(at, line, fill=INK if font is bold else FAINT, font=font)
                captions.append(tuple(round(side) for side in draw.textbbox(at, line, font=font)))
        y += high + space + GAP_PX
    return ContactSheet(np.asarray(sheet).copy(), acted, tuple(captions))


def wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    """Lines of a text that are no wider than `width` pixels; a word that is longer by itself is broken."""
    lines, line = [], ""
    for word in text.split():
        while font.getlength(word) > width:
            cut = next(k for k in range(len(word), 0, -1) if k == 1 or font.getlength(word[:k]) <= width)
            if line:
                lines.append(line)
                line = ""
            lines.append(word[:cut])
            word = word[cut:]
            if not word:
                break
        longer = f"{line} {word}".strip()
        if line and font.getlength(longer) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines


def _fitted(cell: Shown, wide: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture at the cell's width, and where a model acted on it."""
    height, width = cell.pixels.shape[:2]
    size = (wide, max(1, round(height * wide / width)))
    way = cv2.INTER_AREA if wide < width else cv2.INTER_CUBIC
    picture = cell.pixels if size == (width, height) else cv2.resize(cell.pixels, size, interpolation=way)
    if cell.acted is None:
        return picture, np.zeros(picture.shape[:2], bool)
    return picture, cv2.resize(cell.acted.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
