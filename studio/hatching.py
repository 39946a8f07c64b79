"""A tone is no line: slanting strokes side by side, and the dots of a printed screen, are taken out of a drawing's ink."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

RUN, LEAST_RUN = 0.012, 9  # of the longer side, and pixels: a level or upright stroke that long is a joint or a moulding
NEAR, LEAST_NEAR = 0.003, 2.5  # of the longer side, and pixels: over which the direction of strokes is judged
ROW, LEAST_ROW = 0.025, 21  # likewise, along which strokes are counted
APART, MOST_APART_PX = 0.0045, 5.0  # of the longer side, and pixels: along the level; joints of voussoirs lie farther apart
SLANT = 0.35  # |sin 2α| of the strokes' direction: 10° from upright or level, where joints may run
ALIKE = 0.4  # coherence, 0 = every direction, 1 = one: foliage and lettering go every way
STEADY = 0.93  # likewise, over a whole row: the joints of an arch turn with it
FAINT = 0.06  # ink of a stroke over what lies beside it
RIM_PX = 2  # ends of strokes reach so far beyond
DOT, LEAST_DOT = 0.004, 5  # of the longer side, and pixels: the largest dot of a screen
DARK, ROUND = 0.3, 2.0  # ink of a dot, and how much longer than broad it may be: dashes are bricks
GRID, SCREEN = 6, 7.0  # windows of so many dots' size, and the dots in one: a lone dot is a nail or a letter's
TREMBLE_PX = 1.2  # within which the two edges of one rough stroke are one
SMALL_PX = 1600  # longer side of a sheet whose strokes may lie less than three pixels apart, and are looked at enlarged
OWN_PX, OWN_ALIKE = 1.2, 0.6  # how near the direction of a single line is judged, and how sure it must be
TURN = 0.45  # radians by which a line must run otherwise than the hatching around it, to be none of its strokes
LINE, LEAST_LINE, PEN_PX = 0.015, 14, 3  # of the longer side, and pixels: the least of such a line, and how broad it is kept
BESIDE, LEAST_BESIDE, BARE = 0.008, 7, 0.5  # likewise how far beside a line is looked, and the share hatched at a border


@dataclass(frozen=True, eq=False)
class _Directions:
    """Which way a picture's edges run, float32 [H, W] each.

    Attributes:
        level, slant: cosine and sine of twice the angle, times `along`.
        along, whole: strength of the edges that run one way, and of all.
    """

    level: np.ndarray
    slant: np.ndarray
    along: np.ndarray
    whole: np.ndarray

    @classmethod
    def of(cls, gx: np.ndarray, gy: np.ndarray, near: float) -> _Directions:
        """From the picture's gradient, over `near` pixels."""
        xx, yy, xy = (cv2.GaussianBlur(product, (0, 0), near) for product in (gx * gx, gy * gy, gx * gy))
        return cls(xx - yy, 2 * xy, np.hypot(xx - yy, 2 * xy), xx + yy)

    def is_slanting(self, alike: float) -> np.ndarray:
        """Where one slanting direction prevails, bool [H, W]."""
        return (np.abs(self.slant) > SLANT * self.along) & (self.along > alike * self.whole)

    def is_straight(self, alike: float) -> np.ndarray:
        """Where it is the upright or the level one."""
        return (np.abs(self.slant) <= SLANT * self.along) & (self.along > alike * self.whole)


def without_hatching(ink: np.ndarray) -> np.ndarray:
    """Ink less the slanting hatching in it; level and upright lines stay, and those that cross or border its strokes.

    Args:
        ink: float32 [H, W], 0 = paper … 1; best at the sheet's own size, where strokes are apart.
    """
    side = max(ink.shape)
    run = max(LEAST_RUN, round(RUN * side)) | 1
    straight = np.maximum(*(cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones(shape, np.uint8)) for shape in ((1, run), (run, 1))))
    rest = ink - straight
    hatched, angle = _hatching(rest)
    if not hatched.any():
        return ink
    return ink - rest * (hatched & ~_lines(ink, hatched, angle))


def without_screen(ink: np.ndarray) -> np.ndarray:
    """Ink less the dots of a half-tone screen or of stippling, where they stand apart on paper; as `without_hatching`."""
    most = max(LEAST_DOT, round(DOT * max(ink.shape)))
    _, number, found, _ = cv2.connectedComponentsWithStats((ink > DARK).astype(np.uint8), connectivity=4)
    wide, tall = found[:, cv2.CC_STAT_WIDTH], found[:, cv2.CC_STAT_HEIGHT]
    is_dot = (np.maximum(wide, tall) <= most) & (np.maximum(wide, tall) <= ROUND * np.minimum(wide, tall))
    is_dot[0] = False
    middles = np.zeros_like(ink)
    middles[(found[:, cv2.CC_STAT_TOP] + tall // 2)[is_dot], (found[:, cv2.CC_STAT_LEFT] + wide // 2)[is_dot]] = 1
    crowd = cv2.boxFilter(middles, -1, (GRID * most | 1, GRID * most | 1), normalize=False)
    dots = is_dot[number]
    screen = cv2.dilate((dots & (crowd > SCREEN)).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return np.where(screen & ((number == 0) | dots), np.float32(0), ink)


def _hatching(strokes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where slanting strokes lie side by side, bool [H, W]; and how they run, radians from the level, float32 [H, W].

    Args:
        strokes: float32 [H, W], ink without long level and upright lines.
    """
    size, factor = strokes.shape[::-1], 2 if max(strokes.shape) <= SMALL_PX else 1
    fine = cv2.resize(strokes, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC)
    side = max(fine.shape)
    near, row = max(LEAST_NEAR * factor, NEAR * side), max(LEAST_ROW * factor, round(ROW * side)) | 1
    soft = cv2.GaussianBlur(fine, (0, 0), 0.6)
    soft = soft - cv2.blur(soft, (row // 2 | 1, 1))  # the level edges of a strip of hatching are no strokes
    gx, gy = cv2.Sobel(soft, cv2.CV_32F, 1, 0), cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    around, own = _Directions.of(gx, gy, near), _Directions.of(gx, gy, OWN_PX * factor)
    even = cv2.GaussianBlur(soft, (0, 0), TREMBLE_PX)
    peak = (even >= np.roll(even, 1, 1)) & (even > np.roll(even, -1, 1)) & (even > FAINT)
    crossed = cv2.boxFilter(peak.astype(np.float32), -1, (row, 1), normalize=False)
    found = around.is_slanting(ALIKE) & (crossed * min(APART * side, MOST_APART_PX * factor) >= row)
    level, slant, along = (cv2.GaussianBlur(v * found, (0, 0), row / 2) for v in (around.level, around.slant, around.along))
    found = (found & (np.hypot(level, slant) > STEADY * along)).astype(np.uint8)
    found = cv2.dilate(found, np.ones((3, row), np.uint8)) & around.is_slanting(ALIKE)  # to its ends, where few are crossed
    found = cv2.dilate(found, np.ones((2 * RIM_PX * factor + 1, 2 * RIM_PX * factor + 1), np.uint8))
    found[own.is_straight(OWN_ALIKE)] = 0  # dentils and short joints beside it
    found = cv2.morphologyEx(found, cv2.MORPH_CLOSE, np.ones((4 * factor + 1, 1), np.uint8))
    angle = np.arctan2(around.slant, around.level) / 2 + np.float32(np.pi / 2)
    return (
        cv2.resize(found, size, interpolation=cv2.INTER_NEAREST) > 0,
        cv2.resize(angle, size, interpolation=cv2.INTER_NEAREST),
    )


def _lines(ink: np.ndarray, hatched: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Slanting lines that run otherwise than the strokes around them, or have strokes on one side only, bool [H, W].

    Args:
        angle: float32 [H, W], radians, of the strokes.
    """
    side = max(ink.shape)
    least, beside = max(LEAST_LINE, LINE * side), max(LEAST_BESIDE, BESIDE * side)
    kept = np.zeros(ink.shape, np.uint8)
    gray = np.rint(255 * (1 - np.clip(ink, 0, 1))).astype(np.uint8)
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(gray)[0]

    def at(picture: np.ndarray, points: np.ndarray) -> np.ndarray:
        x, y = np.rint(points).astype(int).T
        return picture[y.clip(0, ink.shape[0] - 1), x.clip(0, ink.shape[1] - 1)]

    for x0, y0, x1, y1 in [] if found is None else found[:, 0].tolist():
        long, way = np.hypot(x1 - x0, y1 - y0), np.arctan2(y1 - y0, x1 - x0)
        if long < least or abs(np.sin(2 * way)) < SLANT:
            continue
        points = np.linspace((x0, y0), (x1, y1), 12)
        off = (way - float(np.median(at(angle, points)))) % np.pi
        normal = beside * np.array((-np.sin(way), np.cos(way)))
        one_sided = min(at(hatched, points + normal).mean(), at(hatched, points - normal).mean()) < BARE
        if min(off, np.pi - off) > TURN or (long > 2 * least and one_sided):
            cv2.line(kept, (round(x0), round(y0)), (round(x1), round(y1)), 1, PEN_PX)
    return kept > 0
