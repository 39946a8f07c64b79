"""The second factor: small corners of a picture that a copy must share, in the same places, to be a copy at all.

A watermark can be lifted off one picture and laid on another, and sixty-four bits of a fingerprint can be met by chance.
Corners (ORB, Rublee et al. 2011) that line up under one perspective (RANSAC, Fischler and Bolles 1981) cannot, and they say
where in the work the copy was cut from.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

LONG_SIDE_PX = 640        # corners are sought at this size: eight octaves of 1.2 then reach from a quarter crop to the whole
CUTTING_PX = 320          # a quarter of a work is as large here as it was in the whole
LARGEST_ZOOM = 2.0        # enlarging a thumbnail further only blurs it
KEPT = 600                # per sealed picture, 24 KB
SOUGHT = 1000             # in a picture that is asked about
CELLS = 8                 # corners are spread over 8 × 8 cells, so that a crop keeps its share
RATIO = 0.85              # nearest to second nearest; looser than Lowe's 0.8, since RANSAC follows
FARTHEST_BITS = 72        # of 256; two views of one corner differ in fewer, two corners in about 128
LEAST_INLIERS = 12        # four pairs fix a perspective: eight more must agree with it, in places of their own
RANSAC_PX = 4.0           # at LONG_SIDE_PX
_DESCRIPTOR_BYTES = 32
_PAIRS = 2000             # RANSAC's draws


@dataclass(frozen=True, eq=False)
class Keypoints:
    """Corners of one picture.

    Attributes:
        points: float32 [N, 2], x and y in pixels of the picture itself.
        descriptors: uint8 [N, 32], 256 bits each.
        size: width and height of the picture, pixels.
    """

    points: np.ndarray
    descriptors: np.ndarray
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.points)


@dataclass(frozen=True, eq=False)
class Alignment:
    """How a copy lies on the work.

    Attributes:
        matrix: float64 [3, 3], takes (x, y, 1) in pixels of the copy to pixels of the work.
        inliers: corners that agree.
        matched: corners that looked alike before the places were compared.
        is_mirrored: True when the copy had to be flipped first; the matrix includes the flip.
    """

    matrix: np.ndarray
    inliers: int
    matched: int
    is_mirrored: bool

    def corners(self, size: tuple[int, int]) -> np.ndarray:
        """Return where the corners of the copy (width, height) lie in the work: float64 [4, 2], clockwise from top left."""
        width, height = size
        points = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float64)
        return cv2.perspectiveTransform(points[None], self.matrix)[0]

    def to_work(self) -> np.ndarray:
        """Return the inverse: float64 [3, 3], from pixels of the work to pixels of the copy."""
        return np.linalg.inv(self.matrix)


def keypoints(pixels: np.ndarray, most: int = KEPT, long_side_px: int = LONG_SIDE_PX) -> Keypoints:
    """Find the corners of a picture, spread over its surface.

    Args:
        pixels: uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]; alpha is left out.
        most: how many to return at most; a flat picture may have none.
        long_side_px: size at which they are sought; a cutting is more like the work at a smaller one.
    """
    height, width = pixels.shape[:2]
    grey, scale = _normalised(pixels, long_side_px)
    detector = cv2.ORB.create(nfeatures=4 * most, scaleFactor=1.2, nlevels=8, edgeThreshold=16, patchSize=31, fastThreshold=5)
    found = list(detector.detect(grey, None))
    found = _spread(found, grey.shape, most)
    found, descriptors = detector.compute(grey, found)
    if descriptors is None or not len(found):
        return Keypoints(np.zeros((0, 2), np.float32), np.zeros((0, _DESCRIPTOR_BYTES), np.uint8), (width, height))
    points = np.array([one.pt for one in found], np.float32)
    # pixel centres: the middle of the first small pixel is not the middle of the first large one
    points = (points + 0.5) / np.array(scale, np.float32) - 0.5
    return Keypoints(points, descriptors, (width, height))


def align(copy: Keypoints, work: Keypoints, *, is_mirrored: bool = False) -> Alignment | None:
    """Lay a copy on a work.

    Args:
        copy: corners of the picture that is asked about; of its mirror image when `is_mirrored`, since no descriptor is the
            same for both.
        work: corners of the sealed picture.
    Returns: None when too few corners agree under one perspective.
    """
    if min(len(copy), len(work)) < LEAST_INLIERS:
        return None
    pairs = cv2.BFMatcher(cv2.NORM_HAMMING).knnMatch(copy.descriptors, work.descriptors, k=2)
    good = [
        pair[0] for pair in pairs
        if pair[0].distance <= FARTHEST_BITS and (len(pair) < 2 or pair[0].distance <= RATIO * pair[1].distance)
    ]  # fmt: skip
    if len(good) < LEAST_INLIERS:
        return None
    source = np.array([copy.points[match.queryIdx] for match in good], np.float64)
    target = np.array([work.points[match.trainIdx] for match in good], np.float64)
    tolerance = RANSAC_PX * max(work.size) / LONG_SIDE_PX
    matrix, inliers = _fit(source, target, tolerance)
    if matrix is None or not _is_plausible(matrix, copy.size, work.size):
        return None
    count = min(_distinct(source[inliers], max(copy.size)), _distinct(target[inliers], max(work.size)))
    if count < LEAST_INLIERS:
        return None
    if is_mirrored:
        matrix = matrix @ np.array([[-1, 0, copy.size[0] - 1], [0, 1, 0], [0, 0, 1]], np.float64)
    return Alignment(matrix / matrix[2, 2], count, len(good), is_mirrored)


def flip(pixels: np.ndarray) -> np.ndarray:
    """Return a picture mirrored left to right."""
    return np.ascontiguousarray(pixels[:, ::-1])


def _normalised(pixels: np.ndarray, long_side_px: int) -> tuple[np.ndarray, tuple[float, float]]:
    """Return grey uint8 with a long side of `long_side_px`, and the factors (x, y) that led there."""
    height, width = pixels.shape[:2]
    zoom = min(long_side_px / max(height, width), LARGEST_ZOOM)
    size = max(1, round(width * zoom)), max(1, round(height * zoom))
    colour = np.ascontiguousarray(pixels[..., :3] if pixels.ndim == 3 else pixels)
    small = cv2.resize(colour, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC)
    if small.dtype == np.uint16:
        small = (small >> 8).astype(np.uint8)
    grey = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY) if small.ndim == 3 else small
    return grey, (size[0] / width, size[1] / height)


def _spread(found: list, shape: tuple[int, ...], most: int) -> list:
    """Keep the strongest of each cell first, then the second strongest of each, and so on."""
    ranked: dict[tuple[int, int], int] = {}
    order = []
    for number, one in enumerate(sorted(found, key=lambda point: -point.response)):
        cell = int(one.pt[0] * CELLS / shape[1]), int(one.pt[1] * CELLS / shape[0])
        ranked[cell] = ranked.get(cell, 0) + 1
        order.append((ranked[cell], number, one))
    return [one for _, _, one in sorted(order, key=lambda entry: entry[:2])[:most]]


def _fit(source: np.ndarray, target: np.ndarray, tolerance: float) -> tuple[np.ndarray | None, np.ndarray]:
    """Return the perspective, or the affine map where too few corners agree to tell the two apart."""
    cv2.setRNGSeed(0)   # the same copy gets the same answer
    affine, inliers = cv2.estimateAffine2D(source, target, method=cv2.RANSAC, ransacReprojThreshold=tolerance, maxIters=_PAIRS)
    if affine is None:
        return None, np.zeros(len(source), bool)
    matrix, chosen = np.vstack([affine, (0, 0, 1)]), inliers.ravel().astype(bool)
    perspective, inliers = cv2.findHomography(source, target, cv2.RANSAC, tolerance, maxIters=_PAIRS, confidence=0.999)
    # four more degrees of freedom must earn their keep
    if perspective is not None and inliers.sum() > 1.2 * chosen.sum() + 4:
        return perspective, inliers.ravel().astype(bool)
    return matrix, chosen


def _is_plausible(matrix: np.ndarray, copy: tuple[int, int], work: tuple[int, int]) -> bool:
    """Refuse what no camera and no scissors do: a folded, mirrored or needle-thin frame, one far larger than the work."""
    width, height = copy
    frame = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float64)
    depth = frame @ matrix[2, :2] + matrix[2, 2]
    if not np.all(np.isfinite(matrix)) or np.any(depth * depth[0] <= 0):
        return False
    quad = cv2.perspectiveTransform(frame[None], matrix)[0]
    edges = np.roll(quad, -1, axis=0) - quad
    turns = edges[:, 0] * np.roll(edges[:, 1], -1) - edges[:, 1] * np.roll(edges[:, 0], -1)
    if np.any(turns <= 0):
        return False
    lengths = np.linalg.norm(edges, axis=1)
    sides = np.array((width, height, width, height), np.float64)
    zooms = lengths / np.maximum(sides, 1)
    area = cv2.contourArea(quad.astype(np.float32))
    return bool(zooms.max() < 3 * zooms.min() and 0.002 < area / (work[0] * work[1]) < 25)


def _distinct(points: np.ndarray, long: int) -> int:
    """Count the places: the same corner found at five scales is one witness, not five."""
    cells = np.floor(points * (LONG_SIDE_PX / 4 / long)).astype(np.int64)
    return len(np.unique(cells, axis=0))
