"""Turning a scanned sheet upright and square, and dividing its paper out.

Evidence is sought in this order: a ruled frame, whose four lines were square when they were drawn; then the long straight
lines of the drawing itself. A frame may correct everything, even the curl of a page; lines alone correct a turn, and a
convergence only when nearly all of them agree. Where the evidence is weak nothing is done: real walls lean.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from studio.drawings.blemishes import blemishes
from studio.drawings.frame import Frame, ruled_frame
from studio.drawings.paper import as_rgb, flatten, ink
from studio.drawings.reading import Rectified

LARGEST_PX = 8000  # an A1 at 240 dpi: its finest pen is two pixels wide, and a gigabyte of memory is enough
ESTIMATE_PX = 1600  # estimates are made on a copy whose longer side is this long: fine enough for a tenth of a degree
NOTHING_TO_DO = 0.0012  # corners that lie within this share of the longer side are square enough: a pen's width on most sheets
FINE_PX, FINER = 2400, 1.5  # a warped mask of thin walls loses half a pixel on each face unless it is a little finer


@dataclass(frozen=True, eq=False)
class Uncurled(Rectified):
    """A sheet whose page was curled as well: `on_sheet` follows the curl, `to_sheet` alone is its best plane.

    Attributes:
        bows: float64 [4, 4], polynomials in 0…1 along the frame's top, bottom, left and right: how far each stands off its
            chord, in pixels of `picture`.
        rectangle: x0, y0, x1, y1 of the frame in `picture`.
    """

    bows: np.ndarray = field(default_factory=lambda: np.zeros((4, 4)))
    rectangle: tuple[float, float, float, float] = (0.0, 0.0, 1.0, 1.0)

    def on_sheet(self, points: np.ndarray) -> np.ndarray:
        """Points [N, 2] of `picture` as points of the scanned sheet, float64 [N, 2]."""
        points = np.asarray(points, np.float64).reshape(-1, 2)
        return super().on_sheet(points + bent(points, self.bows, self.rectangle))


def rectified(rgb: np.ndarray) -> Rectified:
    """The sheet upright and square.

    Args:
        rgb: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4].
    Returns: a Rectified. A sheet larger than LARGEST_PX is read on a reduced copy.
        Where nothing had to be done its picture is the sheet itself, pixel for pixel; where a small sheet
        was warped, the picture is up to 1.5 times finer than the sheet, so that nothing is lost.
    """
    rgb = as_rgb(rgb)
    if max(rgb.shape[:2]) > LARGEST_PX:
        return _of_a_large_sheet(rgb)
    reduced, factor = _reduced(rgb)
    mask = ink(flatten(reduced))
    frame = ruled_frame(mask)
    sheet = _by_lines(rgb, flatten(reduced)) if frame is None else _by_frame(rgb, frame, factor)
    removed, notes = blemishes(sheet.picture, sheet.gray)
    if removed is None:
        return sheet
    gray = sheet.gray.copy()
    gray[removed] = 255
    return replace(sheet, gray=gray, removed=removed, notes=(*sheet.notes, *notes))


def _of_a_large_sheet(rgb: np.ndarray) -> Rectified:
    """Read on a reduced copy; `to_sheet` leads to the pixels of the sheet itself."""
    k = LARGEST_PX / max(rgb.shape[:2])
    size = round(rgb.shape[1] * k), round(rgb.shape[0] * k)
    sheet = rectified(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA))
    fx, fy = rgb.shape[1] / size[0], rgb.shape[0] / size[1]
    whole = np.array([[fx, 0, fx / 2 - 0.5], [0, fy, fy / 2 - 0.5], [0, 0, 1]])
    note = f"The sheet of {rgb.shape[1]} × {rgb.shape[0]} px was read on a copy of {size[0]} × {size[1]} px."
    return replace(sheet, to_sheet=whole @ sheet.to_sheet, notes=(*sheet.notes, note))


def _reduced(rgb: np.ndarray) -> tuple[np.ndarray, float]:
    """A copy for estimates and how many pixels of the sheet one of its pixels is."""
    factor = max(1.0, max(rgb.shape[:2]) / ESTIMATE_PX)
    if factor == 1.0:
        return rgb, 1.0
    size = (round(rgb.shape[1] / factor), round(rgb.shape[0] / factor))
    return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), rgb.shape[1] / size[0]


# ---- by the ruled frame
def _by_frame(rgb: np.ndarray, frame: Frame, factor: float) -> Rectified:
    """The frame's four corners become a rectangle of its mean sides about its own middle."""
    corners = (frame.corners + 0.5) * factor - 0.5
    wide = (np.hypot(*(corners[1] - corners[0])) + np.hypot(*(corners[2] - corners[3]))) / 2
    high = (np.hypot(*(corners[3] - corners[0])) + np.hypot(*(corners[2] - corners[1]))) / 2
    cx, cy = corners.mean(0)
    square = np.array([[cx - wide / 2, cy - high / 2], [cx + wide / 2, cy - high / 2],
                       [cx + wide / 2, cy + high / 2], [cx - wide / 2, cy + high / 2]])  # fmt: skip
    off = float(np.abs(square - corners).max())
    bows = frame.bows * factor
    curl = float(np.abs([np.polyval(b, np.linspace(0, 1, 33)) for b in bows]).max())
    limit = max(1.2, NOTHING_TO_DO * max(rgb.shape[:2]))
    if off < limit and curl < limit:
        return _as_it_is(rgb)
    matrix = cv2.getPerspectiveTransform(square.astype(np.float32), corners.astype(np.float32)).astype(np.float64)
    angle = float(np.degrees(np.arctan2(*(corners[1] - corners[0])[::-1])))
    note = f"The sheet was made square by its ruled frame: turned by {angle:.2f}°, its corners moved by up to {off:.0f} px."
    if curl < limit:
        return _warped(rgb, matrix, note)
    scale = _finer(rgb)
    rectangle = tuple((np.array([*square[0], *square[2]]) + 0.5) * scale - 0.5)
    plane = _warped(rgb, matrix, note)
    sheet = Uncurled(plane.picture, plane.gray, plane.to_sheet, bows=bows * scale, rectangle=rectangle)
    picture = _remapped(rgb, sheet)
    note += f" The page's curl of {curl:.1f} px was taken out along the frame."
    return replace(sheet, picture=picture, gray=flatten(picture), notes=(note,))


def bent(points: np.ndarray, bows: np.ndarray, rectangle: tuple[float, float, float, float]) -> np.ndarray:
    """How far a curled page moves points [N, 2], in pixels: the frame's bows blended from side to side (a Coons patch)."""
    x0, y0, x1, y1 = rectangle
    u, v = (points[:, 0] - x0) / (x1 - x0), (points[:, 1] - y0) / (y1 - y0)
    along, down = np.clip(u, -0.05, 1.05), np.clip(v, -0.05, 1.05)
    top, bottom, left, right = bows
    dy = (1 - down) * np.polyval(top, along) + down * np.polyval(bottom, along)
    dx = (1 - along) * np.polyval(left, down) + along * np.polyval(right, down)
    return np.column_stack([dx, dy])


def _remapped(rgb: np.ndarray, sheet: Uncurled) -> np.ndarray:
    """The picture of a curled sheet, strip by strip, so that a large sheet needs no map of its own size."""
    h, w = sheet.picture.shape[:2]
    out = np.empty_like(sheet.picture)
    for y in range(0, h, 256):
        yy, xx = np.mgrid[y : min(h, y + 256), :w]
        source = sheet.on_sheet(np.column_stack([xx.ravel(), yy.ravel()])).astype(np.float32)
        source = source.reshape(*xx.shape, 2)
        cv2.remap(rgb, source[..., 0], source[..., 1], cv2.INTER_CUBIC, out[y : y + 256], cv2.BORDER_REPLICATE)
    return out


# ---- by the lines of the drawing
def _by_lines(rgb: np.ndarray, gray: np.ndarray) -> Rectified:
    """Turned by the angle in which level and upright lines agree; made parallel where nearly all of them converge."""
    h, w = gray.shape
    level, upright = _segments(gray)
    fit = _agreed(level, upright, (w, h))
    if fit is None:
        return _as_it_is(rgb)
    turn, level_fan, upright_fan = fit
    # A point (u, v), from the middle in units of the longer side, of the square sheet stands on the scan at
    # R(turn) · (u, v) / (1 + p·u + q·v): p makes level lines fan out, q upright ones (Hartley and Zisserman 2004, §2.7).
    unit, middle = max(rgb.shape[:2]), np.array([(rgb.shape[1] - 1) / 2, (rgb.shape[0] - 1) / 2])
    rotation = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1.0]])
    fans = np.array([[1, 0, 0], [0, 1, 0], [-level_fan, -upright_fan, 1.0]])
    frame = np.array([[unit, 0, middle[0]], [0, unit, middle[1]], [0, 0, 1.0]])
    matrix = frame @ rotation @ fans @ np.linalg.inv(frame)
    degrees = np.degrees(turn)
    if level_fan or upright_fan:
        lean = np.degrees(max(abs(level_fan), abs(upright_fan)))
        note = f"The sheet was turned by {degrees:.2f}° and its lines, which converged by {lean:.1f}°, were made parallel."
    else:
        note = f"The sheet was turned by {degrees:.2f}° so that its long lines lie level; perspective was not corrected."
    return _warped(rgb, matrix / matrix[2, 2], note)


def _segments(gray: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Long straight edges within 10° of level and of upright.

    Returns: two float64 [N, 4] of x, y (middle, in units of the longer side from the sheet's middle), slope and length.
    """
    h, w = gray.shape
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(gray)[0]
    if found is None:
        return np.zeros((0, 4)), np.zeros((0, 4))
    a, b = found[:, 0, :2].astype(np.float64), found[:, 0, 2:].astype(np.float64)
    d, middle, unit = b - a, (a + b) / 2, max(h, w)
    length = np.hypot(*d.T)
    keep = length > min(h, w) / 22
    d, middle, length = d[keep], (middle[keep] - (w / 2, h / 2)) / unit, length[keep] / unit
    level, upright = np.abs(d[:, 1]) < 0.18 * np.abs(d[:, 0]), np.abs(d[:, 0]) < 0.18 * np.abs(d[:, 1])
    return (
        np.column_stack([middle[level], d[level, 1] / d[level, 0], length[level]]),
        np.column_stack([middle[upright], d[upright, 0] / d[upright, 1], length[upright]]),
    )


def _agreed(level: np.ndarray, upright: np.ndarray, size: tuple[int, int]) -> tuple[float, float, float] | None:
    """Turn in radians and the two fans, or None when the lines do not agree well enough.

    A scan turns level and upright lines alike; a building that leans does not. So both families must hold a common angle, or
    one of them nearly everything.
    """
    if len(level) + len(upright) < 4:
        return None
    slopes = np.concatenate([level[:, 2], -upright[:, 2]])
    weights = np.concatenate([level[:, 3], upright[:, 3]])
    near = 0.006  # a third of a degree
    order = np.argsort(slopes)
    s, c = slopes[order], np.concatenate([[0], np.cumsum(weights[order])])
    mass = c[np.searchsorted(s, s + near, side="right")] - c[np.searchsorted(s, s - near)]
    mass *= np.where(np.abs(s) < 0.045, 1.0, 0.4)  # a scan leans little; a building on an old street may lean a lot
    turn = float(s[mass.argmax()])
    inside = np.abs(slopes - turn) < near
    turn = float(np.average(slopes[inside], weights=weights[inside]))
    both = [family[np.abs(sign * family[:, 2] - turn) < near, 3].sum() / max(family[:, 3].sum(), 1e-9)
            for family, sign in ((level, 1), (upright, -1))]  # fmt: skip
    share = weights[inside].sum() / weights.sum()
    fans = _fans(level, upright, size)
    if fans is not None and fans[3] > max(0.75, share + 0.2):
        return fans[:3]
    if min(both) < 0.35 and share < 0.7:
        return None
    return None if abs(np.degrees(turn)) < 0.12 else (turn, 0.0, 0.0)  # turning by less blurs the sheet and gains nothing


def _fans(level: np.ndarray, upright: np.ndarray, size: tuple[int, int]) -> tuple[float, float, float, float] | None:
    """Turn, level fan, upright fan and the share of line length that they explain; None when lines do not span the sheet.

    To first order a level line at height y has slope turn + p·y, an upright one at x slope −turn + q·x.
    """
    spread = [np.ptp(family[:, k]) if len(family) > 5 else 0.0 for family, k in ((level, 1), (upright, 0))]
    if min(spread[0] / (size[1] / max(size)), spread[1] / (size[0] / max(size))) < 0.5:
        return None
    rows = np.vstack([np.column_stack([np.ones(len(level)), level[:, 1], np.zeros(len(level))]),
                      np.column_stack([-np.ones(len(upright)), np.zeros(len(upright)), upright[:, 0]])])  # fmt: skip
    slopes, weights = np.concatenate([level[:, 2], upright[:, 2]]), np.concatenate([level[:, 3], upright[:, 3]])
    fit, trust = np.zeros(3), weights.copy()
    for width in (0.06, 0.03, 0.015, 0.008, 0.006, 0.006):  # reweighted least squares, the net drawn tighter each time
        fit = np.linalg.lstsq(rows * np.sqrt(trust)[:, None], slopes * np.sqrt(trust), rcond=None)[0]
        trust = weights / (1 + ((slopes - rows @ fit) / width) ** 2) ** 2
    share = float(weights[np.abs(slopes - rows @ fit) < 0.006].sum() / weights.sum())
    turn, level_fan, upright_fan = (float(v) for v in fit)
    if max(abs(level_fan), abs(upright_fan)) < 0.008 or max(abs(level_fan), abs(upright_fan)) > 0.35:
        return None  # half a degree over the whole sheet is nothing; twenty is no sheet that lay before a lens
    return turn, level_fan, upright_fan, share


# ---- warping
def _as_it_is(rgb: np.ndarray) -> Rectified:
    return Rectified(rgb, flatten(rgb), np.eye(3))


def _finer(rgb: np.ndarray) -> float:
    return float(np.clip(FINE_PX / max(rgb.shape[:2]), 1.0, FINER))


def _warped(rgb: np.ndarray, matrix: np.ndarray, note: str) -> Rectified:
    """Rectified by a matrix from square pixels to pixels of the sheet, in one resampling."""
    scale = _finer(rgb)
    half = (scale - 1) / 2
    to_sheet = matrix @ np.linalg.inv(np.array([[scale, 0, half], [0, scale, half], [0, 0, 1.0]]))
    size = (round(rgb.shape[1] * scale), round(rgb.shape[0] * scale))
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    picture = cv2.warpPerspective(rgb, to_sheet, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return Rectified(picture, flatten(picture), to_sheet / to_sheet[2, 2], None, (note,))
