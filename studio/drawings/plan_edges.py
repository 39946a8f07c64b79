"""Where the faces of black walls lie, to a fraction of a pixel: lines through what the ink itself shows along them.

A threshold puts a face on the nearest pixel and follows every speck of paper; a wall of twenty pixels loses a fiftieth of its
area by that. The face of a wall that was ruled is a line, that of an apse a row of shallow arcs, and hundreds of grey values
say where they run.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from studio.drawings.reading import PlanReading

SHORTEST = 8.0  # pixels of a face that can be fitted: below, its two corners are all that the blur leaves of it
BENT = 1.2  # pixels by which a straight face may stray from its chord, the roughness of a thresholded edge
REACH = 4.0  # pixels across a face: twice what a scan's blur spreads it, on both sides
STEP = 0.25  # of a profile, pixels
EVEN = 31  # pixels along a face over which ink and paper are taken to be even: shorter than a stain, longer than its grain
CONTRAST = 25  # grey values between ink and paper; a paler face is not measured
MOVED = 1.5  # pixels that a face may move: what is further is something else, and the threshold's face stays
BOW = 0.3  # pixels between the middle of a curved face and its chord: less is the grain of paper along a straight one
UNEVEN = 0.45  # pixels, median distance of a ragged face from its line: there the threshold's face stays
CORNER = 4.0  # pixels between a threshold's corner and where two faces meet


@dataclass(frozen=True, eq=False)
class Face:
    """A measured face of a wall.

    Attributes:
        middle: of the chord that it was looked for along, x and y, pixels; along, across: directions of the chord, length one.
        half: half the chord's length, pixels.
        terms: offset across the chord at its middle, slope, and bend (0 for a straight face): pixels, 1, 1/pixels.
    """

    middle: np.ndarray
    along: np.ndarray
    across: np.ndarray
    half: float
    terms: np.ndarray

    def abreast(self, place: np.ndarray) -> np.ndarray:
        """The point of the face abreast of a place."""
        return self.at(float((place - self.middle) @ self.along))

    def at(self, t: float) -> np.ndarray:
        """The point of the face t pixels along the chord from its middle."""
        return self.middle + t * self.along + self.across * float(self.terms @ (1.0, t, t * t))

    def way(self, place: np.ndarray) -> np.ndarray:
        """Its direction abreast of a place, length one."""
        t = float((place - self.middle) @ self.along)
        step = self.along + self.across * (self.terms[1] + 2 * self.terms[2] * t)
        return step / np.hypot(*step)

    def between(self) -> list[np.ndarray]:
        """Points between its ends that a bent face needs."""
        if not self.terms[2]:
            return []
        return [self.at(t) for t in np.linspace(-self.half, self.half, max(3, round(self.half / 2)))[1:-1]]


def covered(reading: PlanReading) -> np.ndarray:
    """How much of each pixel of a plan's picture is wall.

    A face lies where grey is halfway between ink and the paper beside it, in the picture before anything was evened out: only
    there does a symmetrical blur leave it in place.

    Returns: uint8 [H, W], 0…255; pixels along faces of black walls that could be measured say their share, all others as
        `reading.walls` does. Outlined and hatched walls have a pen's line for a face, whose middle the reading has already.
    """
    walls = reading.walls
    if reading.style != "solid":
        return walls * np.uint8(255)
    inside, gray = walls.astype(np.uint8), cv2.cvtColor(reading.picture, cv2.COLOR_RGB2GRAY)
    kept = np.zeros_like(inside)
    rings = []
    for contour in cv2.findContours(inside, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]:
        ring, unfitted = _ring(contour, gray)
        rings.append(ring)
        for a, b in unfitted:
            cv2.line(kept, a, b, 1, 5)
    filled = fill(rings, walls.shape[::-1])
    near = cv2.dilate(inside, np.ones((5, 5), np.uint8)) != cv2.erode(inside, np.ones((5, 5), np.uint8))
    return np.where(near & (kept == 0), filled, inside * np.uint8(255)).astype(np.uint8)


def outlines(covered: np.ndarray) -> list[np.ndarray]:
    """Closed outlines of what is more than half covered, float [N, 2] each, x and y.

    Args:
        covered: uint8 [H, W], 0…255; outlines run between the middles of pixels as the shares on both sides say.
    """
    from skimage.measure import find_contours  # takes a third of a second to import; only what is written needs it

    ring = np.pad(covered, 1)  # what touches the edge is closed along it
    return [contour[:, ::-1] - 1 for contour in find_contours(ring, 127.5)]


def fill(rings: list[np.ndarray], size: tuple[int, int]) -> np.ndarray:
    """How much of each pixel lies inside rings, uint8 [H, W] 0…255, exact but for rounding.

    Every side is cut where it passes from pixel to pixel; a piece covers what lies on its right-hand side up to the next one
    (the area that FreeType's smooth rasteriser accumulates).

    Args:
        rings: float [N, 2] each, x and y, whole numbers at the middles of pixels; holes run the other way round.
        size: width and height.
    """
    width, height = size
    within = np.zeros((height, width + 2), np.float32)
    rings = [ring + 0.5 for ring in rings if len(ring) > 2]
    if rings:
        starts, ends = _pieces(np.concatenate(rings), np.concatenate([np.roll(ring, -1, axis=0) for ring in rings]))
        middle, tall = (starts + ends) / 2, ends[:, 1] - starts[:, 1]
        x, row = np.clip(middle[:, 0], 0, width), np.floor(middle[:, 1]).astype(int)
        seen = (row >= 0) & (row < height)
        column = np.floor(x).astype(int)
        for step, share in ((0, column + 1 - x), (1, x - column)):
            np.add.at(within, (row[seen], column[seen] + step), (tall * share)[seen].astype(np.float32))
    return np.rint(np.clip(np.abs(np.cumsum(within, axis=1)[:, :width]), 0, 1) * 255).astype(np.uint8)


def _pieces(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sides from a to b, float [N, 2] each, cut wherever they pass a whole number in x or in y: starts and ends, [M, 2]."""
    side, where = [np.arange(len(a))] * 2, [np.zeros(len(a)), np.ones(len(a))]
    for axis in (0, 1):
        low, high = np.minimum(a, b)[:, axis], np.maximum(a, b)[:, axis]
        first = np.floor(low) + 1
        count = np.maximum(np.ceil(high) - first, 0).astype(int)
        owner = np.repeat(np.arange(len(a)), count)
        passed = first[owner] + np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
        side.append(owner)
        where.append((passed - a[owner, axis]) / (b - a)[owner, axis])
    owner, share = np.concatenate(side), np.concatenate(where)
    order = np.lexsort((share, owner))
    owner, share = owner[order], share[order]
    points = a[owner] + (b - a)[owner] * share[:, None]
    whole = owner[1:] == owner[:-1]
    return points[:-1][whole], points[1:][whole]


def _ring(contour: np.ndarray, gray: np.ndarray) -> tuple[np.ndarray, list[tuple[tuple[int, int], tuple[int, int]]]]:
    """An outline with its faces laid where the ink ends, and the sides that could not be measured."""
    corners = cv2.approxPolyDP(contour, BENT, True)[:, 0].astype(float)
    if len(corners) < 3:
        return contour[:, 0].astype(float), [(tuple(p), tuple(p)) for p in contour[:, 0].tolist()]
    ends = np.roll(corners, -1, axis=0)
    faces = [_face(gray, a, b) for a, b in zip(corners, ends, strict=True)]
    ring: list[np.ndarray] = []
    unmeasured = []
    for k, (a, b) in enumerate(zip(corners, ends, strict=True)):
        face = faces[k]
        ring += _corner(faces[k - 1], face, a)
        if face is not None:
            ring += face.between()
        elif np.hypot(*(b - a)) >= SHORTEST:
            unmeasured.append((tuple(a.astype(int).tolist()), tuple(b.astype(int).tolist())))
    return np.asarray(ring), unmeasured


def _corner(before: Face | None, after: Face | None, corner: np.ndarray) -> list[np.ndarray]:
    """Where two faces meet; where they hardly turn, both their ends."""
    if before is None or after is None:
        face = before or after
        return [corner if face is None else face.abreast(corner)]
    first, second = before.abreast(corner), after.abreast(corner)
    turn = np.column_stack([before.way(corner), -after.way(corner)])
    if abs(np.linalg.det(turn)) > 0.3:  # sine of the angle between them: below 17° the meeting point is ill defined
        met = first + before.way(corner) * np.linalg.solve(turn, second - first)[0]
        if np.hypot(*(met - corner)) < CORNER:
            return [met]
    return [first, second]


def _face(gray: np.ndarray, a: np.ndarray, b: np.ndarray) -> Face | None:
    """The face between two corners; None where it is too short, too pale or ragged."""
    length = float(np.hypot(*(b - a)))
    if length < SHORTEST:
        return None
    along = (b - a) / length
    across = np.array([-along[1], along[0]])
    rim = min(3.0, 0.2 * length)  # near its corners the blur of the other face counts
    t = np.arange(rim, length - rim + 1e-6) - length / 2
    steps = np.arange(-REACH, REACH + STEP / 2, STEP)
    middle = (a + b) / 2
    places = (middle + t[:, None] * along)[:, None] + steps[None, :, None] * across
    seen = cv2.remap(gray, places[..., 0].astype(np.float32), places[..., 1].astype(np.float32), cv2.INTER_LINEAR,
                     borderMode=cv2.BORDER_REPLICATE).astype(np.float64)  # fmt: skip
    offset = _offsets(seen)
    if offset is None:
        return None
    terms, ragged = _fitted(t, offset, 1)
    bent, bent_ragged = _fitted(t, offset, 2)
    if abs(bent[2]) * (length / 2) ** 2 > BOW and bent_ragged < 0.8 * ragged:
        terms, ragged = bent, bent_ragged
    if abs(terms[0]) > MOVED + 0.5 or ragged > UNEVEN:  # outlines run through pixels' middles, faces half a pixel further
        return None
    return Face(middle, along, across, length / 2, terms)


def _offsets(seen: np.ndarray) -> np.ndarray | None:
    """Where ink ends in profiles [N, M] across a face, pixels from the profile's middle; None without contrast.

    The area below a profile says it without looking for a crossing, and evens out grain (Lyvers et al. 1989).
    """
    end = max(1, round(1.0 / STEP))
    left, right = (_evened(side.mean(1)) for side in (seen[:, : end + 1], seen[:, -end - 1 :]))
    if np.median(np.abs(right - left)) < CONTRAST:
        return None
    span = np.where(np.abs(right - left) < 1, 1.0, right - left)
    share = np.clip((seen - left[:, None]) / span[:, None], 0, 1)
    after = (share[:, 1:-1].sum(1) + 0.5 * (share[:, 0] + share[:, -1])) * STEP  # pixels that belong to the right-hand side
    return REACH - after


def _evened(values: np.ndarray) -> np.ndarray:
    wide = min(EVEN, len(values) | 1)
    return np.convolve(np.pad(values, wide // 2, mode="edge"), np.ones(wide) / wide, "valid")[: len(values)]


def _fitted(t: np.ndarray, offset: np.ndarray, degree: int) -> tuple[np.ndarray, float]:
    """A face through offsets, lines that end at it left aside: three terms, and how ragged it is, pixels (median)."""
    powers, weight = t[:, None] ** np.arange(degree + 1), np.ones_like(t)
    terms, ragged = np.zeros(degree + 1), 0.0
    for _ in range(5):
        terms = np.linalg.lstsq(powers * weight[:, None], offset * weight, rcond=None)[0]
        left = np.abs(offset - powers @ terms)
        ragged = float(np.median(left))
        weight = np.sqrt(np.minimum(1.0, 1.5 * max(0.15, 1.48 * ragged) / np.maximum(left, 1e-6)))  # Huber 1964
    return np.pad(terms, (0, 2 - degree)), ragged
