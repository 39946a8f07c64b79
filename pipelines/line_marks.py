"""Lines that lie in a picture, dark or pale: where they run, and whether they hang together as a net of cracks does.

A line answers along two arms that leave a pixel in opposite directions, and answers more than its surroundings do: spots,
edges and even texture do not. The lines of the other sign, measured half a hand's breadth around, say how deep a mark must be
there: brushwork has ridges beside its furrows, a crack has nothing of the kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from skimage.morphology import skeletonize

HAT_PX = 7  # element of the top-hats: what is wider is no crack
ARM_PX = 9  # shorter arms answer to grains, longer ones miss the bends of a net
DIRECTIONS = 16
CONTROL_PX = 129  # square in which the other sign is measured: a passage of brushwork, not the picture
ABOVE_CONTROL = 3.0  # times the root mean square of the other sign's response; 3 deviations
FLOOR = 3.5  # levels of 255, however calm the surroundings: above the noise of a JPEG
WEAK = 0.5  # of what is needed: enough for a pixel that hangs on a strong one
SHORTEST_PX = 16  # of a mark: about two arms
CELL_PX = 30  # smallest area that counts as a cell of the net; smaller ones are gaps between two pixels
CORE = 0.4  # of the deepest pixel within two: what belongs to the crack, not to its slope
TEXTURE_PX = 97  # square in which texture is measured
ABOVE_TEXTURE = 3.0  # times the other sign's mean response; a tenth of the right pixels go, two fifths of the wrong
SCRATCH_PX = 42  # shortest scratch
STRAIGHT = 0.035  # spread across ÷ length, below which a mark is straight
WIDEST_PX = 9  # of a scratch: area ÷ length
SKEW = np.radians(1.5)  # of a scratch, at least, against the sides of the picture
BIGGEST = 5  # so many components of a window are compared with the rest


@dataclass(frozen=True)
class Net:
    """What the lines of one sign look like; sums, so that windows can be added.

    Attributes:
        area: px looked at.  length: px of centre lines.  other: px of centre lines of the other sign.
        cells: closed cells.  mass: px of lines.  connected: px in the largest components of each window.
    """

    area: float = 0
    length: float = 0
    other: float = 0
    cells: float = 0
    mass: float = 0
    connected: float = 0

    def __add__(self, more: Net) -> Net:
        return Net(*(getattr(self, name) + getattr(more, name) for name in self.__dataclass_fields__))

    def is_cracked(self) -> bool:
        """Whether these lines are damage rather than something drawn.

        Either they hang together in cells and outnumber the other sign; or hardly a line has the other sign, as on a photograph
        or a calm panel with a few long cracks. Dense lines that do not hang together are strokes of a brush. The figures were
        chosen on 164 training pictures of 512 px, whole and with synthetic cracks; one whole picture in eight still passes.
        """
        if self.length < 0.01 * self.area:  # one px in a hundred: less than that is a few marks of anything
            return False
        one_sided, cells = self.length / max(self.other, 1), 1000 * self.cells / self.length
        whole = self.connected / max(self.mass, 1)
        net = one_sided >= 1.8 and cells >= 3.2 and whole >= 0.7
        lone = one_sided >= 5.2 and cells >= 1.7 and whole >= 0.3 and self.length < 0.12 * self.area
        return net or lone


def lightness(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W] of pixels uint8 or uint16 [H, W], [H, W, 3] or [H, W, 4]; L* in 255 levels, or the grey value."""
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    if pixels.ndim == 2:
        return np.ascontiguousarray(pixels)
    return cv2.cvtColor(np.ascontiguousarray(pixels[..., :3]), cv2.COLOR_RGB2LAB)[..., 0]


def top_hats(light: np.ndarray, size: int = HAT_PX) -> tuple[np.ndarray, np.ndarray]:
    """How much darker, and how much paler, each pixel is than what lies beside it; uint8 [H, W] each."""
    element = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    dark = cv2.morphologyEx(light, cv2.MORPH_BLACKHAT, element, borderType=cv2.BORDER_REFLECT)
    return dark, cv2.morphologyEx(light, cv2.MORPH_TOPHAT, element, borderType=cv2.BORDER_REFLECT)


def lines_of(light: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The dark and the pale lines of a window, bool [H, W] each."""
    dark, pale = (along(hat) for hat in top_hats(cv2.GaussianBlur(light, (0, 0), 0.7)))
    near = np.ones((9, 9), np.uint8)
    # the lit rim of a crack and the paint between two cracks are no lines of the other sign: the deeper one wins
    dark_alone = np.where(dark >= 0.8 * cv2.dilate(pale, near), dark, 0)
    pale_alone = np.where(pale >= 0.8 * cv2.dilate(dark, near), pale, 0)
    return _marks(dark, pale_alone), _marks(pale, dark_alone)


def narrowed(marks: np.ndarray, light: np.ndarray, sign: str) -> np.ndarray:
    """What of the marks of one sign to show to a person, bool [H, W].

    A net is recognised by its faint lines, too; shown is what the eye sees: lines that surpass the texture near by, and of them
    the pixels that are themselves darker (or paler) than what lies beside them.
    """
    hats = top_hats(cv2.GaussianBlur(light, (0, 0), 0.7))
    hat, other = hats if sign == "dark" else hats[::-1]
    texture = cv2.blur(np.maximum(along(other), 0), (TEXTURE_PX, TEXTURE_PX), borderType=cv2.BORDER_REFLECT)
    seen = cv2.dilate((along(hat) > ABOVE_TEXTURE * texture).view(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return marks & seen & (hat >= np.maximum(2, CORE * cv2.dilate(hat, np.ones((5, 5), np.uint8))))


def net_of(marks: np.ndarray, other: np.ndarray) -> Net:
    """Measure the lines of one sign in a window, given those of the other."""
    centre, other_centre = (float(np.count_nonzero(skeletonize(lines))) for lines in (marks, other))
    gaps = cv2.connectedComponentsWithStats((~marks).view(np.uint8), connectivity=4)[2][1:, cv2.CC_STAT_AREA]
    sizes = np.sort(cv2.connectedComponentsWithStats(marks.view(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA])
    cells = max(float(np.count_nonzero(gaps > CELL_PX)) - 1, 0.0)  # one is what lies around the net
    connected = float(sizes[-BIGGEST:].sum())
    return Net(marks.size, centre, other_centre, cells, float(sizes.sum()), connected)


def along(hat: np.ndarray) -> np.ndarray:
    """Response of a line through each pixel: its weaker arm, less the mean over all directions; float32 [H, W]."""
    height, width = hat.shape
    wide = cv2.copyMakeBorder(hat, *(ARM_PX,) * 4, cv2.BORDER_REFLECT).astype(np.uint16)
    arms = []
    for angle in 2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS:
        arm = np.zeros(hat.shape, np.uint16)
        for step in range(ARM_PX):
            y, x = ARM_PX + round(step * np.sin(angle)), ARM_PX + round(step * np.cos(angle))
            arm += wide[y : y + height, x : x + width]
        arms.append(arm)
    best, total = np.zeros(hat.shape, np.uint16), np.zeros(hat.shape, np.uint16)
    for index, arm in enumerate(arms):
        total += arm
        back = index + DIRECTIONS // 2  # a line may bend by one direction
        opposite = np.maximum(arms[back % DIRECTIONS], arms[(back - 1) % DIRECTIONS])
        np.maximum(opposite, arms[(back + 1) % DIRECTIONS], out=opposite)
        np.maximum(best, np.minimum(arm, opposite), out=best)
    return (best - total.astype(np.float32) / DIRECTIONS) / ARM_PX


def _marks(response: np.ndarray, control: np.ndarray) -> np.ndarray:
    spread = cv2.blur(control * control, (CONTROL_PX, CONTROL_PX), borderType=cv2.BORDER_REFLECT)
    needed = np.maximum(FLOOR, ABOVE_CONTROL * np.sqrt(np.maximum(spread, 0)))
    weak = response > np.maximum(WEAK * needed, 2)
    count, labels, facts, _ = cv2.connectedComponentsWithStats(weak.view(np.uint8), connectivity=8)
    strong = np.zeros(count, bool)
    strong[labels[(response > needed) & weak]] = True
    strong &= np.hypot(facts[:, cv2.CC_STAT_WIDTH], facts[:, cv2.CC_STAT_HEIGHT]) >= SHORTEST_PX
    strong[0] = False  # the background
    return strong[labels]


def straight_marks(marks: np.ndarray) -> tuple[np.ndarray, int]:
    """The marks of a window that are long and straight, bool [H, W], and how many there are.

    Lines that run with the picture's sides are left out: frames, margins, joints of planks.
    """
    count, labels, facts, _ = cv2.connectedComponentsWithStats(marks.view(np.uint8), connectivity=8)
    y, x = np.nonzero(labels)
    which, n = labels[y, x], np.maximum(facts[:, cv2.CC_STAT_AREA], 1)
    my, mx = np.bincount(which, y, count) / n, np.bincount(which, x, count) / n
    yy = np.bincount(which, (y - my[which]) ** 2, count) / n
    xx = np.bincount(which, (x - mx[which]) ** 2, count) / n
    xy = np.bincount(which, (y - my[which]) * (x - mx[which]), count) / n
    middle, half = (yy + xx) / 2, np.sqrt(((yy - xx) / 2) ** 2 + xy**2)
    along, across = np.sqrt(12 * (middle + half)) + 1, np.sqrt(np.maximum(middle - half, 0))  # length of a uniform line; spread
    turned = np.abs(np.arctan2(2 * xy, xx - yy)) / 2  # 0 = level, π/2 = upright
    skewed = np.minimum(turned, np.pi / 2 - turned) > SKEW
    kept = (along > SCRATCH_PX) & (across < STRAIGHT * along) & (n < WIDEST_PX * along) & skewed
    kept[0] = False
    return kept[labels], int(kept.sum())
